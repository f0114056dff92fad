//! One bulletin for one place: from fields as they were written to an entry of the ledger.

use std::collections::BTreeMap;
use std::str::FromStr;

use super::json::{Node, Value};
use super::{Notes, OfficialDefaults, fault};
use crate::definition::Contest;
use crate::entry::{Coverage, CoverageOf, Moment, OfficialEntry, PercentOf, Percentages, Place, StatedShare};
use crate::fold::Count;
use crate::identifier::{BulletinId, CandidateId, Code, ContestId, DocumentHash, LevelId, OtherId, UnitCode};
use crate::source::SourceError;

/// The name of all other candidates together.
pub(super) const REST: &str = "others_together";

/// Whole numbers, each with its names in files.
const NUMBERS: [(&[&str], Slot); 7] = [
    (&["registered"], |entry| &mut entry.registered),
    (&["registered_counted", "registered_in_counted_actas"], |entry| &mut entry.registered_counted),
    (&["stations"], |entry| &mut entry.stations),
    (&["stations_counted"], |entry| &mut entry.stations_counted),
    (&["cast", "voters_counted"], |entry| &mut entry.cast),
    (&["valid"], |entry| &mut entry.valid),
    (&[REST], |entry| &mut entry.rest),
];
type Slot = fn(&mut OfficialEntry) -> &mut Option<u64>;

/// Percentages, with what they are shares of.
const PERCENTAGES: [(&str, Option<PercentOf>); 3] = [
    ("stated_pct", None),
    ("stated_pct_of_valid", Some(PercentOf::Valid)),
    ("stated_pct_of_cast", Some(PercentOf::Cast)),
];

/// Fields that name what is meant, not how much.
const SIMPLE: [&str; 14] = [
    "number",
    "bulletin",
    "announced",
    "source",
    "contest",
    "level",
    "unit",
    "station",
    "coverage",
    "coverage_of",
    "turnout_pct",
    "url",
    "sources",
    "votes",
];

/// Whether a column or field has a meaning of its own, apart from candidates and kinds of ballots.
pub(super) fn is_described(name: &str) -> bool {
    SIMPLE.contains(&name)
        || NUMBERS.iter().any(|(names, _)| names.contains(&name))
        || PERCENTAGES.iter().any(|(known, _)| *known == name)
}

/// A bulletin that is being read.
pub(super) struct Reading<'a> {
    file: &'a str,
    path: &'a str,
    count: &'a Count,
    notes: &'a mut Notes,
    faults: Vec<SourceError>,
}

impl<'a> Reading<'a> {
    pub fn new(file: &'a str, path: &'a str, count: &'a Count, notes: &'a mut Notes) -> Self {
        Self { file, path, count, notes, faults: Vec::new() }
    }

    pub fn into_faults(self) -> Vec<SourceError> {
        self.faults
    }

    fn wrong(&mut self, line: usize, field: &str, message: impl AsRef<str>) {
        let path = if self.path.is_empty() { field.to_owned() } else { format!("{}.{field}", self.path) };
        self.faults.push(fault(self.file, line, path.trim_end_matches('.'), message.as_ref()));
    }

    /// The entry; what is wrong is collected, and then it must not be used.
    pub fn bulletin(
        &mut self,
        node: &Node,
        inherited: &[(String, Node)],
        defaults: &OfficialDefaults,
        document: DocumentHash,
    ) -> Option<OfficialEntry> {
        let Value::Object(fields) = &node.value else {
            self.wrong(node.line, "", "a bulletin is an object: { \"number\": 1, \"votes\": { ... } }");
            return None;
        };
        let field = |name: &str| {
            let own = fields.iter().find(|(known, _)| known == name);
            own.or_else(|| inherited.iter().find(|(known, _)| known == name)).map(|(_, node)| node)
        };
        let contest = match field("contest") {
            Some(node) => self.parsed::<ContestId>(node, "contest")?,
            None => match &defaults.contest {
                Some(contest) => contest.clone(),
                None => self.count.definition().contests.first()?.id.clone(),
            },
        };
        let definition = self.count.definition();
        let Some((_, contest)) = definition.contest(&contest) else {
            let known: Vec<&str> = definition.contests.iter().map(|contest| contest.id.as_str()).collect();
            let message = format!("there is no contest `{contest}`; this election has {}", known.join(", "));
            self.wrong(node.line, "contest", message);
            return None;
        };
        let bulletin = match (field("bulletin").or_else(|| field("number")), &defaults.bulletin) {
            (Some(node), _) => self.parsed::<BulletinId>(node, "number")?,
            (None, Some(given)) => {
                given.parse().map_err(|error| self.wrong(node.line, "number", format!("{error}"))).ok()?
            }
            (None, None) => {
                self.wrong(
                    node.line,
                    "number",
                    "the bulletin's number is missing; write \"number\": 1, or give --bulletin",
                );
                return None;
            }
        };
        let source = match field("source") {
            Some(node) => self.parsed::<Code>(node, "source")?,
            None => defaults.source.clone(),
        };
        let mut entry = OfficialEntry::new(contest.id.clone(), bulletin, source, document);
        entry.announced = match (field("announced"), &defaults.announced) {
            (Some(node), _) => self.announced(node),
            (None, Some(given)) => self.moment(node.line, given),
            (None, None) => None,
        };
        entry.place = self.place(&field);
        if let Some(node) = field("coverage") {
            entry.coverage = self.coverage(node, field("coverage_of"));
        }
        if let Some(node) = field("turnout_pct").filter(|node| node.value != Value::Null) {
            entry.turnout = self.share(node, "turnout_pct");
        }
        for (names, slot) in NUMBERS {
            for name in names {
                if let Some(node) = field(name).filter(|node| node.value != Value::Null) {
                    *slot(&mut entry) = self.whole(node, name);
                }
            }
        }
        self.votes(&mut entry, field("votes"), contest);
        self.percentages(&mut entry, fields, contest);
        self.others(&mut entry, fields, contest);
        self.urls(&mut entry, &field);
        for (name, node) in fields {
            let is_kind = contest.others.iter().any(|other| other.id.as_str() == name);
            if !is_described(name) && !is_kind && name != "other" {
                self.notes.left_alone(name, node.line);
            }
        }
        if !entry.states_something() && self.faults.is_empty() {
            self.wrong(node.line, "votes", "this bulletin states no figure");
        }
        Some(entry)
    }

    fn parsed<T: FromStr<Err = crate::identifier::IdentifierError>>(&mut self, node: &Node, field: &str) -> Option<T> {
        let text = match &node.value {
            Value::Text(text) | Value::Number(text) => text.trim(),
            _ => {
                self.wrong(node.line, field, "a short text is expected");
                return None;
            }
        };
        text.parse().map_err(|error| self.wrong(node.line, field, format!("{error}"))).ok()
    }

    /// The date at the beginning; whatever follows stays in the document.
    fn announced(&mut self, node: &Node) -> Option<Moment> {
        match &node.value {
            Value::Null => None,
            Value::Text(text) => self.moment(node.line, text),
            _ => {
                self.wrong(
                    node.line,
                    "announced",
                    "write the day as \"YYYY-MM-DD\", or with the time \"YYYY-MM-DDTHH:MM\"",
                );
                None
            }
        }
    }

    fn moment(&mut self, line: usize, text: &str) -> Option<Moment> {
        let text = text.trim();
        let with_time = text.get(..16).and_then(|text| Moment::new(text).ok());
        let found = with_time.or_else(|| text.get(..10).and_then(|text| Moment::new(text).ok()));
        if let Some(found) = &found
            && found.as_str() != text
        {
            self.notes
                .say(format!("line {line}: of `announced`, {found} is kept; the rest stays in the stored document"));
        }
        if found.is_none() {
            self.wrong(line, "announced", "a date YYYY-MM-DD, or YYYY-MM-DDTHH:MM, is expected at the beginning");
        }
        found
    }

    /// A level with a code, `LEVEL/CODE`, a code that only one level has, or a station.
    fn place<'n>(&mut self, field: &impl Fn(&str) -> Option<&'n Node>) -> Option<Place> {
        let levels = &self.count.pack().levels;
        let (unit, station) = (field("unit"), field("station"));
        if let Some(node) = station.filter(|node| node.value != Value::Null) {
            let code = self.parsed::<UnitCode>(node, "station")?;
            return Some(Place { code, level: self.count.pack().station_level().id.clone() });
        }
        let Some(node) = unit.filter(|node| node.value != Value::Null) else {
            // Else the figures of a unit whose code has another name would stand for the whole.
            if let Some(level) = field("level").filter(|node| node.value != Value::Null) {
                self.wrong(level.line, "level", "a level is named, and no `unit` of it; leave both out for the whole");
            }
            return None;
        };
        let (Value::Text(written) | Value::Number(written)) = &node.value else {
            self.wrong(node.line, "unit", "a unit's official code, or LEVEL/CODE, is expected");
            return None;
        };
        let (level, code) = match (written.split_once('/'), field("level")) {
            (Some((level, code)), _) => (Some(level.trim().to_owned()), code.trim()),
            (None, Some(node)) => (Some(self.parsed::<LevelId>(node, "level")?.to_string()), written.trim()),
            (None, None) => (None, written.trim()),
        };
        let code: UnitCode = code.parse().map_err(|error| self.wrong(node.line, "unit", format!("{error}"))).ok()?;
        let found: Vec<&LevelId> = match &level {
            Some(level) => levels.iter().map(|one| &one.id).filter(|one| one.as_str() == level).collect(),
            None => {
                let units = self.count.pack().unit_levels().iter().enumerate();
                let with_unit = units.filter(|(at, _)| self.count.geography().find_unit(*at, code.as_str()).is_some());
                with_unit.map(|(_, one)| &one.id).collect()
            }
        };
        match found.as_slice() {
            [level] => Some(Place { code, level: (*level).clone() }),
            [] => {
                let names: Vec<&str> = levels.iter().map(|level| level.id.as_str()).collect();
                let message = match level {
                    Some(level) => format!("there is no level `{level}`; this election has {}", names.join(", ")),
                    None => format!(
                        "no unit has the code `{code}`; write LEVEL/CODE, the level being one of {}",
                        names.join(", ")
                    ),
                };
                self.wrong(node.line, "unit", message);
                None
            }
            several => {
                let names: Vec<&str> = several.iter().map(|level| level.as_str()).collect();
                self.wrong(
                    node.line,
                    "unit",
                    format!("`{code}` is a unit on several levels ({}); write LEVEL/CODE", names.join(", ")),
                );
                None
            }
        }
    }

    /// A share, or a text with one percentage in it.
    fn coverage(&mut self, node: &Node, of: Option<&Node>) -> Option<Coverage> {
        let of = match of.map(|node| (node.line, &node.value)) {
            None | Some((_, Value::Null)) => None,
            Some((_, Value::Text(text))) if text == "stations" => Some(CoverageOf::Stations),
            Some((_, Value::Text(text))) if text == "registered" => Some(CoverageOf::Registered),
            Some((_, Value::Text(text))) if text.is_empty() => None,
            Some((line, _)) => {
                self.wrong(
                    line,
                    "coverage_of",
                    "write \"stations\" or \"registered\", or leave it out where nobody said",
                );
                None
            }
        };
        let share = match &node.value {
            Value::Null => return None,
            Value::Text(text) if parse_share(text).is_none() => {
                let before: Vec<&str> = text.match_indices('%').map(|(at, _)| text[..at].trim_end()).collect();
                let numbers: Vec<StatedShare> = before.iter().filter_map(|text| trailing_share(text)).collect();
                match numbers.as_slice() {
                    [share] => {
                        let meaning = if of.is_none() {
                            "; of what is not stated in `coverage_of`, so both readings are compared"
                        } else {
                            ""
                        };
                        self.notes.say(format!(
                            "line {}: of the text in `coverage`, the percentage is kept{meaning}",
                            node.line
                        ));
                        *share
                    }
                    _ => {
                        self.wrong(
                            node.line,
                            "coverage",
                            "one percentage is expected, for example 96.87 or \"96.87 %\"",
                        );
                        return None;
                    }
                }
            }
            _ => self.share(node, "coverage")?,
        };
        Some(Coverage { decimals: share.decimals, hundredths: share.hundredths, of })
    }

    fn share(&mut self, node: &Node, field: &str) -> Option<StatedShare> {
        let share = match &node.value {
            Value::Text(text) | Value::Number(text) => parse_share(text),
            _ => None,
        };
        if share.is_none() {
            self.wrong(node.line, field, "a percentage with at most 2 decimals is expected, for example 51.95");
        }
        share
    }

    fn whole(&mut self, node: &Node, field: &str) -> Option<u64> {
        let number = match &node.value {
            Value::Text(text) | Value::Number(text) => {
                let text = text.trim();
                let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                text.parse().ok().filter(|number: &u64| digits && *number < 1 << 53)
            }
            _ => None,
        };
        if number.is_none() {
            self.wrong(node.line, field, "a whole number in digits is expected, without points, commas or spaces");
        }
        number
    }

    fn votes(&mut self, entry: &mut OfficialEntry, node: Option<&Node>, contest: &Contest) {
        let Some(node) = node.filter(|node| node.value != Value::Null) else { return };
        let Value::Object(votes) = &node.value else {
            self.wrong(node.line, "votes", "votes by candidate are expected: { \"A\": 1234, \"B\": 987 }");
            return;
        };
        for (name, node) in votes.iter().filter(|(_, node)| node.value != Value::Null) {
            let field = format!("votes.{name}");
            if name == REST {
                entry.rest = self.whole(node, &field);
            } else if let Some(candidate) = self.candidate(contest, name, node.line, &field)
                && let Some(number) = self.whole(node, &field)
            {
                entry.votes.insert(candidate, number);
            }
        }
    }

    fn candidate(&mut self, contest: &Contest, name: &str, line: usize, field: &str) -> Option<CandidateId> {
        let found = contest.candidates.iter().find(|one| one.id.as_str() == name).map(|one| one.id.clone());
        if found.is_none() {
            let known: Vec<&str> = contest.candidates.iter().map(|one| one.id.as_str()).collect();
            let known = known.join(", ");
            self.wrong(
                line,
                field,
                format!("the contest has no candidate `{name}`; it has {known}, and `{REST}` for all others"),
            );
        }
        found
    }

    fn percentages(&mut self, entry: &mut OfficialEntry, fields: &[(String, Node)], contest: &Contest) {
        for (name, of) in PERCENTAGES {
            let Some((_, node)) = fields.iter().find(|(known, node)| known == name && node.value != Value::Null) else {
                continue;
            };
            let Value::Object(shares) = &node.value else {
                self.wrong(node.line, name, "percentages by candidate are expected: { \"A\": 51.2, \"B\": 44.2 }");
                continue;
            };
            if entry.percent.is_some() {
                self.wrong(
                    node.line,
                    name,
                    "percentages are there already, with another base; one of them per bulletin",
                );
                continue;
            }
            let mut percent = Percentages { decimals: 0, each: BTreeMap::new(), of, rest: None };
            for (candidate, node) in shares.iter().filter(|(_, node)| node.value != Value::Null) {
                let field = format!("{name}.{candidate}");
                let Some(share) = self.share(node, &field) else { continue };
                percent.decimals = percent.decimals.max(share.decimals);
                if candidate == REST {
                    percent.rest = Some(share.hundredths);
                } else if let Some(candidate) = self.candidate(contest, candidate, node.line, &field) {
                    percent.each.insert(candidate, share.hundredths);
                }
            }
            if !percent.each.is_empty() || percent.rest.is_some() {
                entry.percent = Some(percent);
            }
        }
    }

    /// Kinds of ballots for no candidate, in `other` or beside everything else.
    fn others(&mut self, entry: &mut OfficialEntry, fields: &[(String, Node)], contest: &Contest) {
        let nested = fields.iter().find(|(name, _)| name == "other").map(|(_, node)| node);
        let nested = match nested.map(|node| (node.line, &node.value)) {
            None | Some((_, Value::Null)) => &[][..],
            Some((_, Value::Object(kinds))) => kinds.as_slice(),
            Some((line, _)) => {
                self.wrong(line, "other", "ballots for no candidate by their kind are expected: { \"null\": 123 }");
                &[]
            }
        };
        let kinds: Vec<&OtherId> = contest.others.iter().map(|other| &other.id).collect();
        for (name, node) in nested {
            if !kinds.iter().any(|kind| kind.as_str() == name) {
                let known: Vec<&str> = kinds.iter().map(|kind| kind.as_str()).collect();
                self.wrong(node.line, &format!("other.{name}"), format!("the contest knows {}", known.join(", ")));
            }
        }
        for kind in kinds {
            let named = fields.iter().chain(nested).find(|(name, _)| name == kind.as_str());
            if let Some((name, node)) = named.filter(|(_, node)| node.value != Value::Null)
                && let Some(number) = self.whole(node, name)
            {
                entry.other.insert(kind.clone(), number);
            }
        }
    }

    /// Addresses are kept as hashes: in `url`, and in `sources` as texts or as `{ "url": ... }`.
    fn urls<'n>(&mut self, entry: &mut OfficialEntry, field: &impl Fn(&str) -> Option<&'n Node>) {
        let mut addresses: Vec<&str> = Vec::new();
        let listed = match field("sources").map(|node| &node.value) {
            Some(Value::List(list)) => list.as_slice(),
            _ => &[],
        };
        for node in field("url").into_iter().chain(listed) {
            match &node.value {
                Value::Text(url) => addresses.push(url),
                Value::Object(fields) => {
                    if let Some((_, Node { value: Value::Text(url), .. })) =
                        fields.iter().find(|(name, _)| name == "url")
                    {
                        addresses.push(url);
                    }
                }
                _ => {}
            }
        }
        let mut hashes: Vec<DocumentHash> = addresses
            .into_iter()
            .filter(|url| !url.trim().is_empty())
            .map(|url| DocumentHash::of(url.trim().as_bytes()))
            .collect();
        hashes.sort_unstable();
        hashes.dedup();
        if hashes.len() > OfficialEntry::MOST_URLS {
            let most = OfficialEntry::MOST_URLS;
            self.notes.say(format!("of {} addresses of one bulletin, {most} are kept by their hash", hashes.len()));
            hashes.truncate(most);
        }
        entry.urls = hashes;
    }
}

/// `51.20`, `51,2 %`, `59`: with the decimals as written.
fn parse_share(text: &str) -> Option<StatedShare> {
    let text = text.trim();
    let text = text.strip_suffix('%').unwrap_or(text).trim_end();
    let (whole, part) = text.split_once(['.', ',']).unwrap_or((text, ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let has_point = whole.len() < text.len();
    if whole.is_empty()
        || whole.len() > 4
        || part.len() > 2
        || (has_point && part.is_empty())
        || !digits(whole)
        || !digits(part)
    {
        return None;
    }
    let decimals = u8::try_from(part.len()).ok()?;
    let hundredths: u32 = format!("{whole}{part:0<2}").parse().ok()?;
    Some(StatedShare { decimals, hundredths })
}

/// The number at the end of a text.
fn trailing_share(text: &str) -> Option<StatedShare> {
    let start = text
        .rfind(|one: char| !(one.is_ascii_digit() || one == '.' || one == ','))
        .map_or(0, |at| at + text[at..].chars().next().map_or(1, char::len_utf8));
    parse_share(&text[start..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentages_keep_the_decimals_they_were_written_with() {
        for (text, expected) in [
            ("51.20", Some((2, 5_120))),
            ("51,2 %", Some((1, 5_120))),
            ("59", Some((0, 5_900))),
            ("0.16", Some((2, 16))),
            ("100%", Some((0, 10_000))),
            ("51.947", None),
            ("51.", None),
            (".5", None),
            ("-3", None),
            ("1e2", None),
            ("", None),
        ] {
            let share = expected.map(|(decimals, hundredths)| StatedShare { decimals, hundredths });
            assert_eq!(parse_share(text), share, "{text}");
        }
        assert_eq!(trailing_share("\"80"), Some(StatedShare { decimals: 0, hundredths: 8_000 }));
        assert_eq!(trailing_share("some é 96.87"), Some(StatedShare { decimals: 2, hundredths: 9_687 }));
        assert_eq!(trailing_share("nothing"), None);
    }
}
