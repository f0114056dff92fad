//! The count as an election report of NIST SP 1500-100 version 2, in JSON and in XML.
//!
//! Votes stand by station, and only where they count. Ballots for nobody stand as `BallotCounts` of the type `other`,
//! named `<contest>/<kind>`: the format has no place for them inside a contest. What is not counted is missing; the
//! `CountStatus` of each station says why. `GeneratedDate` is the last time in the ledger, so that the same ledger
//! gives the same report.

use std::fmt::Write;
use std::sync::Arc;

use serde_json::{Value, json};
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::rule::StationState;
use testigo_count::source::LocalText;

use crate::language::civil_date;
use crate::view::View;

/// Stations that are written at a time.
const BLOCK: usize = 500;

/// JSON or XML.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// JSON.
    Json,
    /// XML.
    Xml,
}

const NAMESPACE: &str = "http://itl.nist.gov/ns/voting/1500-100/v2";

/// The report, piece by piece.
pub struct Report {
    view: Arc<View>,
    form: Form,
    step: Option<Step>,
    /// Whether something stands in the list that is open.
    begun: bool,
}

/// What comes next: lists from a position on, in the order in which both forms may have them.
#[derive(Clone, Copy)]
enum Step {
    Head,
    Units(usize),
    Stations(usize),
    Election,
    Ballots(usize, usize, usize),
    Candidates,
    Contest(usize),
    Votes(usize, usize, usize),
    Tail,
}

impl Report {
    /// A report of a view.
    #[must_use]
    pub fn new(view: &Arc<View>, form: Form) -> Self {
        Self { view: Arc::clone(view), form, step: Some(Step::Head), begun: false }
    }

    /// The next piece and the step after it.
    fn piece(&mut self, step: Step) -> (String, Option<Step>) {
        match self.form {
            Form::Json => self.json(step),
            Form::Xml => self.xml(step),
        }
    }

    fn stations(&self, from: usize) -> (Vec<StationIndex>, Option<usize>) {
        let all = self.view.places.stations();
        let end = all.len().min(from + BLOCK);
        (all.get(from..end).unwrap_or_default().to_vec(), (end < all.len()).then_some(end))
    }

    /// Kinds of ballots for nobody after one, over all contests.
    fn next_other(&self, contest: usize, other: usize) -> Option<(usize, usize)> {
        let contests = &self.view.count.definition().contests;
        if contests.get(contest).is_some_and(|one| other + 1 < one.others.len()) {
            return Some((contest, other + 1));
        }
        (contest + 1..contests.len()).find(|at| !contests[*at].others.is_empty()).map(|at| (at, 0))
    }

    fn first_other(&self) -> Option<(usize, usize)> {
        self.view.count.definition().contests.iter().position(|one| !one.others.is_empty()).map(|at| (at, 0))
    }

    fn unit_id(unit: UnitIndex) -> String {
        format!("unit-{}", unit.position())
    }

    fn station_id(&self, station: StationIndex) -> String {
        format!("station-{}", self.view.count.geography().station_id(station))
    }

    fn moment(&self) -> String {
        let last = self.view.count.intakes().map(|(_, intake)| intake.time).max();
        match last {
            Some(seconds) => {
                format!("{}T{:02}:{:02}:00Z", civil_date(seconds), seconds / 3_600 % 24, seconds / 60 % 60)
            }
            None => format!("{}T00:00:00Z", self.view.count.definition().date),
        }
    }

    fn status(&self) -> &'static str {
        let complete = (0..self.view.count.definition().contests.len()).all(|contest| {
            let counted = self.view.count.unit_totals(contest, UnitIndex::WHOLE).counted;
            self.view.count.expected(contest, UnitIndex::WHOLE).known == Some(counted)
        });
        if complete { "unofficial-complete" } else { "unofficial-partial" }
    }

    fn unit_type(&self, unit: UnitIndex) -> (&'static str, Option<String>) {
        match self.view.count.geography().unit_level(unit) {
            None => ("country", None),
            Some(level) => ("other", self.view.count.pack().levels.get(level).map(|level| level.id.to_string())),
        }
    }

    fn unit_name(&self, unit: UnitIndex) -> LocalText {
        match unit {
            UnitIndex::WHOLE => self.view.count.definition().place.clone(),
            unit => LocalText::Same(self.view.count.geography().unit_name(unit).to_owned()),
        }
    }

    fn below(&self, unit: UnitIndex) -> Vec<String> {
        let places = &self.view.places;
        let units = places.child_units(unit).iter().map(|unit| Self::unit_id(*unit));
        units.chain(places.child_stations(unit).iter().map(|station| self.station_id(*station))).collect()
    }

    fn state(&self, station: StationIndex) -> &'static str {
        match self.view.count.status(0, station).state {
            StationState::Counted => "completed",
            StationState::Awaited => "not-processed",
            StationState::NotInstalled => "unknown",
            _ => "in-process",
        }
    }

    /// The votes of a candidate, or the ballots of a kind, where the station counts and has a number.
    fn number(&self, contest: usize, station: StationIndex, candidate: Option<usize>, other: usize) -> Option<u32> {
        let reading = self.view.count.counted_reading(contest, station)?;
        match candidate {
            Some(candidate) => reading.candidate(candidate).value(),
            None => reading.other(other).value(),
        }
    }

    fn languages(&self) -> impl Iterator<Item = &str> {
        self.view.count.pack().languages.iter().map(String::as_str)
    }

    // JSON.

    fn text(&self, text: &LocalText) -> Value {
        let texts: Vec<Value> = self
            .languages()
            .map(|code| json!({ "@type": "ElectionResults.LanguageString", "Language": code, "Content": text.in_language(code) }))
            .collect();
        json!({ "@type": "ElectionResults.InternationalizedText", "Text": texts })
    }

    fn list(&mut self, items: impl Iterator<Item = Value>) -> String {
        let mut list = String::new();
        for item in items {
            if std::mem::replace(&mut self.begun, true) {
                list.push(',');
            }
            list.push('\n');
            let _ = write!(list, "{item}");
        }
        list
    }

    fn identifier(value: &str) -> Value {
        json!([{ "@type": "ElectionResults.ExternalIdentifier", "Type": "national-level", "Value": value }])
    }

    fn json(&mut self, step: Step) -> (String, Option<Step>) {
        let view = Arc::clone(&self.view);
        let (count, geography) = (&view.count, view.count.geography());
        let definition = count.definition();
        match step {
            Step::Head => {
                let head = json!({
                    "@type": "ElectionResults.ElectionReport",
                    "Format": "precinct-level",
                    "GeneratedDate": self.moment(),
                    "Issuer": view.head.origin,
                    "IssuerAbbreviation": definition.id,
                    "Notes": notes(&view),
                    "SequenceStart": 1,
                    "SequenceEnd": 1,
                    "Status": self.status(),
                    "VendorApplicationId": vendor(),
                })
                .to_string();
                (format!("{},\n\"GpUnit\":[", head.strip_suffix('}').unwrap_or(&head)), Some(Step::Units(0)))
            }
            Step::Units(from) => {
                let units = view.places.units();
                let end = units.len().min(from + BLOCK);
                let items: Vec<Value> = units[from..end]
                    .iter()
                    .map(|unit| {
                        let (kind, other) = self.unit_type(*unit);
                        let mut item = json!({
                            "@type": "ElectionResults.ReportingUnit",
                            "@id": Self::unit_id(*unit),
                            "Type": kind,
                            "Name": self.text(&self.unit_name(*unit)),
                            "ComposingGpUnitIds": self.below(*unit),
                        });
                        if let Some(other) = other {
                            item["OtherType"] = other.into();
                            item["ExternalIdentifier"] = Self::identifier(geography.unit_code(*unit));
                        }
                        item
                    })
                    .collect();
                let next = if end < units.len() { Step::Units(end) } else { Step::Stations(0) };
                (self.list(items.into_iter()), Some(next))
            }
            Step::Stations(from) => {
                let (stations, next) = self.stations(from);
                let items: Vec<Value> = stations
                    .into_iter()
                    .map(|station| {
                        let mut item = json!({
                            "@type": "ElectionResults.ReportingUnit",
                            "@id": self.station_id(station),
                            "Type": "precinct",
                            "ExternalIdentifier": Self::identifier(geography.station_id(station)),
                            "CountStatus": [{ "@type": "ElectionResults.CountStatus", "Status": self.state(station), "Type": "total" }],
                        });
                        if let Some(registered) = geography.registered(station) {
                            item["VotersRegistered"] = registered.into();
                        }
                        item
                    })
                    .collect();
                (self.list(items.into_iter()), Some(next.map_or(Step::Election, Step::Stations)))
            }
            Step::Election => {
                self.begun = false;
                let head = json!({
                    "@type": "ElectionResults.Election",
                    "ElectionScopeId": Self::unit_id(UnitIndex::WHOLE),
                    "StartDate": definition.date,
                    "EndDate": definition.date,
                    "Name": self.text(&definition.title),
                    "Type": "other",
                    "OtherType": definition.id,
                    "ExternalIdentifier": Self::identifier(&definition.id),
                })
                .to_string();
                let head = head.strip_suffix('}').unwrap_or(&head).to_owned();
                let next =
                    self.first_other().map_or(Step::Candidates, |(contest, other)| Step::Ballots(contest, other, 0));
                (format!("],\n\"Election\":[{head},\n\"BallotCounts\":["), Some(next))
            }
            Step::Ballots(contest, other, from) => {
                let (stations, next) = self.stations(from);
                let kind = other_type(&view, contest, other);
                let items: Vec<Value> = stations
                    .into_iter()
                    .filter_map(|station| Some((station, self.number(contest, station, None, other)?)))
                    .map(|(station, ballots)| {
                        json!({
                            "@type": "ElectionResults.BallotCounts", "GpUnitId": self.station_id(station),
                            "Type": "other", "OtherType": kind, "BallotsCast": ballots,
                        })
                    })
                    .collect();
                let next = match (next, self.next_other(contest, other)) {
                    (Some(from), _) => Step::Ballots(contest, other, from),
                    (None, Some((contest, other))) => Step::Ballots(contest, other, 0),
                    (None, None) => Step::Candidates,
                };
                (self.list(items.into_iter()), Some(next))
            }
            Step::Candidates => {
                self.begun = false;
                let items: Vec<Value> = candidates(&view)
                    .map(|(id, name, own)| {
                        json!({
                            "@type": "ElectionResults.Candidate", "@id": id, "BallotName": self.text(name),
                            "ExternalIdentifier": Self::identifier(own),
                        })
                    })
                    .collect();
                let list = self.list(items.into_iter());
                (format!("],\n\"Candidate\":[{list}],\n\"Contest\":["), Some(Step::Contest(0)))
            }
            Step::Contest(at) => {
                let contest = &definition.contests[at];
                let head = json!({
                    "@type": "ElectionResults.CandidateContest",
                    "@id": format!("contest-{}", contest.id),
                    "ElectionDistrictId": Self::unit_id(UnitIndex::WHOLE),
                    "Name": contest.title.in_language(view.language_code(0)),
                    "BallotTitle": self.text(&contest.title),
                    "VotesAllowed": 1,
                    "ExternalIdentifier": Self::identifier(contest.id.as_str()),
                })
                .to_string();
                let gap = if at > 0 { "," } else { "" };
                let head = head.strip_suffix('}').unwrap_or(&head);
                (format!("{gap}\n{head},\"ContestSelection\":["), Some(Step::Votes(at, 0, 0)))
            }
            Step::Votes(at, candidate, from) => {
                let contest = &definition.contests[at];
                let mut piece = String::new();
                if from == 0 {
                    self.begun = false;
                    let id = candidate_id(&view, at, candidate);
                    let head = json!({
                        "@type": "ElectionResults.CandidateSelection", "@id": format!("selection-{id}"), "CandidateIds": [id],
                    })
                    .to_string();
                    let gap = if candidate > 0 { "," } else { "" };
                    let _ = write!(piece, "{gap}\n{},\"VoteCounts\":[", head.strip_suffix('}').unwrap_or(&head));
                }
                let (stations, next) = self.stations(from);
                let items: Vec<Value> = stations
                    .into_iter()
                    .filter_map(|station| Some((station, self.number(at, station, Some(candidate), 0)?)))
                    .map(|(station, votes)| {
                        json!({
                            "@type": "ElectionResults.VoteCounts", "GpUnitId": self.station_id(station),
                            "Type": "total", "Count": votes,
                        })
                    })
                    .collect();
                piece.push_str(&self.list(items.into_iter()));
                let next = match next {
                    Some(from) => Step::Votes(at, candidate, from),
                    None => {
                        piece.push_str("]}");
                        if candidate + 1 < contest.candidates.len() {
                            Step::Votes(at, candidate + 1, 0)
                        } else {
                            piece.push_str("]}");
                            if at + 1 < definition.contests.len() { Step::Contest(at + 1) } else { Step::Tail }
                        }
                    }
                };
                (piece, Some(next))
            }
            Step::Tail => ("]}]}\n".to_owned(), None),
        }
    }

    // XML. Elements stand in the order of the schema, which is another than that of the JSON form.

    fn xml_text(&self, name: &str, text: &LocalText) -> String {
        let texts: String = self
            .languages()
            .map(|code| format!("<Text Language=\"{}\">{}</Text>", escaped(code), escaped(text.in_language(code))))
            .collect();
        format!("<{name}>{texts}</{name}>")
    }

    fn xml(&mut self, step: Step) -> (String, Option<Step>) {
        let view = Arc::clone(&self.view);
        let (count, geography) = (&view.count, view.count.geography());
        let definition = count.definition();
        let identifier = |value: &str| {
            format!(
                "<ExternalIdentifier><Type>national-level</Type><Value>{}</Value></ExternalIdentifier>",
                escaped(value)
            )
        };
        let mut piece = String::new();
        let next = match step {
            Step::Head => {
                let _ = write!(
                    piece,
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<ElectionReport xmlns=\"{NAMESPACE}\" xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\">\n<Election>\n"
                );
                self.first_other().map_or(Step::Candidates, |(contest, other)| Step::Ballots(contest, other, 0))
            }
            Step::Ballots(contest, other, from) => {
                let (stations, next) = self.stations(from);
                let kind = escaped(&other_type(&view, contest, other));
                for station in stations {
                    if let Some(ballots) = self.number(contest, station, None, other) {
                        let id = self.station_id(station);
                        let _ = writeln!(
                            piece,
                            "<BallotCounts><GpUnitId>{id}</GpUnitId><Type>other</Type><OtherType>{kind}</OtherType><BallotsCast>{ballots}</BallotsCast></BallotCounts>"
                        );
                    }
                }
                match (next, self.next_other(contest, other)) {
                    (Some(from), _) => Step::Ballots(contest, other, from),
                    (None, Some((contest, other))) => Step::Ballots(contest, other, 0),
                    (None, None) => Step::Candidates,
                }
            }
            Step::Candidates => {
                for (id, name, own) in candidates(&view) {
                    let _ = writeln!(
                        piece,
                        "<Candidate ObjectId=\"{id}\">{}{}</Candidate>",
                        self.xml_text("BallotName", name),
                        identifier(own)
                    );
                }
                Step::Contest(0)
            }
            Step::Contest(at) => {
                let contest = &definition.contests[at];
                let _ = writeln!(
                    piece,
                    "<Contest ObjectId=\"contest-{}\" xsi:type=\"CandidateContest\">{}",
                    contest.id,
                    self.xml_text("BallotTitle", &contest.title)
                );
                Step::Votes(at, 0, 0)
            }
            Step::Votes(at, candidate, from) => {
                let contest = &definition.contests[at];
                let id = candidate_id(&view, at, candidate);
                if from == 0 {
                    let _ = writeln!(
                        piece,
                        "<ContestSelection ObjectId=\"selection-{id}\" xsi:type=\"CandidateSelection\">"
                    );
                }
                let (stations, next) = self.stations(from);
                for station in stations {
                    if let Some(votes) = self.number(at, station, Some(candidate), 0) {
                        let id = self.station_id(station);
                        let _ = writeln!(
                            piece,
                            "<VoteCounts><GpUnitId>{id}</GpUnitId><Type>total</Type><Count>{votes}</Count></VoteCounts>"
                        );
                    }
                }
                match next {
                    Some(from) => Step::Votes(at, candidate, from),
                    None => {
                        let _ = writeln!(piece, "<CandidateIds>{id}</CandidateIds></ContestSelection>");
                        if candidate + 1 < contest.candidates.len() {
                            Step::Votes(at, candidate + 1, 0)
                        } else {
                            let _ = writeln!(
                                piece,
                                "<ElectionDistrictId>{}</ElectionDistrictId>{}<Name>{}</Name><VotesAllowed>1</VotesAllowed></Contest>",
                                Self::unit_id(UnitIndex::WHOLE),
                                identifier(contest.id.as_str()),
                                escaped(contest.title.in_language(view.language_code(0)))
                            );
                            if at + 1 < definition.contests.len() { Step::Contest(at + 1) } else { Step::Election }
                        }
                    }
                }
            }
            Step::Election => {
                let _ = writeln!(
                    piece,
                    "<ElectionScopeId>{}</ElectionScopeId>{}{}<StartDate>{}</StartDate><EndDate>{}</EndDate><Type>other</Type><OtherType>{}</OtherType>\n</Election>\n<Format>precinct-level</Format><GeneratedDate>{}</GeneratedDate>",
                    Self::unit_id(UnitIndex::WHOLE),
                    identifier(&definition.id),
                    self.xml_text("Name", &definition.title),
                    definition.date,
                    definition.date,
                    escaped(&definition.id),
                    self.moment()
                );
                Step::Units(0)
            }
            Step::Units(from) => {
                let units = view.places.units();
                let end = units.len().min(from + BLOCK);
                for unit in &units[from..end] {
                    let _ = write!(piece, "<GpUnit ObjectId=\"{}\" xsi:type=\"ReportingUnit\">", Self::unit_id(*unit));
                    let below = self.below(*unit);
                    if !below.is_empty() {
                        let _ = write!(piece, "<ComposingGpUnitIds>{}</ComposingGpUnitIds>", below.join(" "));
                    }
                    let (kind, other) = self.unit_type(*unit);
                    if other.is_some() {
                        piece.push_str(&identifier(geography.unit_code(*unit)));
                    }
                    piece.push_str(&self.xml_text("Name", &self.unit_name(*unit)));
                    let _ = write!(piece, "<Type>{kind}</Type>");
                    if let Some(other) = other {
                        let _ = write!(piece, "<OtherType>{}</OtherType>", escaped(&other));
                    }
                    piece.push_str("</GpUnit>\n");
                }
                if end < units.len() { Step::Units(end) } else { Step::Stations(0) }
            }
            Step::Stations(from) => {
                let (stations, next) = self.stations(from);
                for station in stations {
                    let _ = write!(
                        piece,
                        "<GpUnit ObjectId=\"{}\" xsi:type=\"ReportingUnit\">{}<CountStatus><Status>{}</Status><Type>total</Type></CountStatus><Type>precinct</Type>",
                        self.station_id(station),
                        identifier(geography.station_id(station)),
                        self.state(station)
                    );
                    if let Some(registered) = geography.registered(station) {
                        let _ = write!(piece, "<VotersRegistered>{registered}</VotersRegistered>");
                    }
                    piece.push_str("</GpUnit>\n");
                }
                next.map_or(Step::Tail, Step::Stations)
            }
            Step::Tail => {
                let _ = writeln!(
                    piece,
                    "<Issuer>{}</Issuer><IssuerAbbreviation>{}</IssuerAbbreviation><Notes>{}</Notes><SequenceStart>1</SequenceStart><SequenceEnd>1</SequenceEnd><Status>{}</Status><VendorApplicationId>{}</VendorApplicationId>\n</ElectionReport>",
                    escaped(&view.head.origin),
                    escaped(&definition.id),
                    escaped(&notes(&view)),
                    self.status(),
                    vendor()
                );
                return (piece, None);
            }
        };
        (piece, Some(next))
    }
}

impl Iterator for Report {
    type Item = Vec<u8>;

    fn next(&mut self) -> Option<Vec<u8>> {
        let step = self.step.take()?;
        let (piece, next) = self.piece(step);
        self.step = next;
        Some(piece.into_bytes())
    }
}

fn vendor() -> String {
    format!("testigo {}", env!("CARGO_PKG_VERSION"))
}

fn notes(view: &View) -> String {
    format!("Counted from a ledger of {} entries with the root {}.", view.head.size, view.head.root)
}

fn other_type(view: &View, contest: usize, other: usize) -> String {
    let contest = view.contest(contest);
    format!("{}/{}", contest.id, contest.others[other].id)
}

fn candidate_id(view: &View, contest: usize, candidate: usize) -> String {
    let contest = view.contest(contest);
    format!("candidate-{}-{}", contest.id, contest.candidates[candidate].id)
}

/// Identifier in the report, name, and own identifier of every candidate.
fn candidates(view: &View) -> impl Iterator<Item = (String, &LocalText, &str)> {
    let contests = view.count.definition().contests.iter().enumerate();
    contests.flat_map(move |(at, contest)| {
        contest
            .candidates
            .iter()
            .enumerate()
            .map(move |(candidate, one)| (candidate_id(view, at, candidate), &one.name, one.id.as_str()))
    })
}

/// A text as it stands in XML; control characters, which XML does not know, are left out.
pub fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            control if control.is_control() => {}
            other => escaped.push(other),
        }
    }
    escaped
}
