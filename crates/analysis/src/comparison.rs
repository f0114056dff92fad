//! What was proclaimed against the sheets: the proclamation's own arithmetic, and what follows if both were right.
//!
//! Nothing here is probable. If the sheets are genuine, and all but `k` stations are in the proclaimed figures, then all but
//! `k` sheets are, and even the least favourable choice of them holds so many votes for a candidate. A proclaimed figure
//! below that, or one above what the proclaimed total leaves room for, cannot be right together with the sheets. What a
//! stated coverage is a share of is often not said: then it is read both ways, and for every candidate the weaker of the
//! two bounds is the headline, which holds under either.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use testigo_count::entry::{CoverageOf, OfficialEntry, PercentOf, Place};
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::officials::OfficialView;
use testigo_count::{Count, DocumentHash, EntryIndex, LocalText};

use crate::calendar::days_after;
use crate::number::difference;
use crate::official::Stated;
use crate::official::bounds::{Ordered, most_within, stations_range};
use crate::outlook::hundredths;
use crate::settings::Settings;
use crate::sheets::{Sheet, Sheets};

/// All that was proclaimed for one contest in one unit, compared.
#[derive(Debug, Clone, Serialize)]
pub struct Comparison {
    /// The contest's id.
    pub contest: String,
    /// Candidates' ids in the order of the election file.
    pub candidates: Vec<String>,
    /// Candidates, most votes on the sheets first.
    pub ranking: Vec<usize>,
    /// Sheets that count, with a number in every place.
    pub sheets: u64,
    /// Stations there are, where known.
    pub stations: Option<u64>,
    /// Votes for candidates on these sheets.
    pub valid: u64,
    /// Ballots on these sheets.
    pub cast: u64,
    /// Voters of these sheets, as far as known.
    pub registered: u64,
    /// Bulletins for this very unit that nothing has superseded, oldest first.
    pub bulletins: Vec<BulletinComparison>,
    /// Figures that were changed later, oldest first.
    pub changed: Vec<Changed>,
    /// Units below with figures of their own.
    pub units: Vec<PlaceComparison>,
    /// Stations below with figures of their own.
    pub single_stations: StationsCompared,
    /// When the results of every station were due.
    pub deadline: Option<Deadline>,
}

/// A deadline for the results of every station. How many days ago it was, the viewer works out.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Deadline {
    /// The last day, `YYYY-MM-DD`.
    pub due: String,
    /// Which law says so.
    pub law: LocalText,
}

/// Figures that were changed.
#[derive(Debug, Clone, Serialize)]
pub struct Changed {
    /// The earlier entry.
    pub entry: EntryIndex,
    /// The one that took its place.
    pub by: EntryIndex,
    /// The bulletin.
    pub bulletin: String,
    /// Votes by candidate before and after, where they changed.
    pub votes: BTreeMap<String, [Option<u64>; 2]>,
}

/// One bulletin against the sheets.
#[derive(Debug, Clone, Serialize)]
pub struct BulletinComparison {
    /// Its entry.
    pub entry: EntryIndex,
    /// The stored document.
    pub document: DocumentHash,
    /// What it states.
    pub figures: OfficialEntry,
    /// Whether its figures agree with each other.
    pub identities: Vec<Identity>,
    /// For every candidate.
    pub lines: Vec<Line>,
    /// Votes of all candidates that it does not name, against those of the same candidates on the sheets.
    pub rest: Option<[u64; 2]>,
    /// The bounds under every meaning that its coverage can have.
    pub readings: Vec<Reading>,
    /// What holds under each of them: for every candidate the weakest bounds.
    pub headline: Vec<Headline>,
    /// Why a meaning could not be worked out.
    pub unknown: Vec<Unknown>,
}

/// Two numbers of a bulletin that should agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Which rule.
    pub rule: Rule,
    /// As stated: votes, or hundredths of a percent.
    pub stated: u64,
    /// As it follows from the bulletin's other figures, in the same unit.
    pub computed: u64,
    /// How many figures agree and how many there are, for rules about several.
    pub of: Option<[u64; 2]>,
    /// Whether they agree.
    pub holds: bool,
}

/// Rules within a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The candidates' votes add up to the valid votes.
    SumIsValid,
    /// Valid votes and other ballots add up to those cast.
    ValidAndOthersAreCast,
    /// Each stated percentage is the candidate's share, rounded.
    Percentages,
    /// The stated percentages add up to 100, but for rounding.
    PercentagesSum,
    /// Every number of votes is the total times its stated percentage, rounded to a whole vote.
    VotesArePercentages,
    /// The turnout is ballots cast out of all registered voters.
    TurnoutOfAll,
    /// The turnout is ballots cast out of the registered voters of the stations counted.
    TurnoutOfCounted,
    /// The coverage is the share of registered voters.
    CoverageOfVoters,
    /// The coverage is the share of stations.
    CoverageOfStations,
    /// There are no more ballots than registered voters.
    CastWithinRegistered,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SumIsValid,
        Self::ValidAndOthersAreCast,
        Self::Percentages,
        Self::PercentagesSum,
        Self::VotesArePercentages,
        Self::TurnoutOfAll,
        Self::TurnoutOfCounted,
        Self::CoverageOfVoters,
        Self::CoverageOfStations,
        Self::CastWithinRegistered,
    ];

    /// The word in JSON and in language files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SumIsValid => "sum-is-valid",
            Self::ValidAndOthersAreCast => "valid-and-others-are-cast",
            Self::Percentages => "percentages",
            Self::PercentagesSum => "percentages-sum",
            Self::VotesArePercentages => "votes-are-percentages",
            Self::TurnoutOfAll => "turnout-of-all",
            Self::TurnoutOfCounted => "turnout-of-counted",
            Self::CoverageOfVoters => "coverage-of-voters",
            Self::CoverageOfStations => "coverage-of-stations",
            Self::CastWithinRegistered => "cast-within-registered",
        }
    }

    /// Whether it tells which of several bases a figure has, so that not holding is no contradiction.
    #[must_use]
    pub fn tells_a_base(self) -> bool {
        matches!(self, Self::TurnoutOfAll | Self::TurnoutOfCounted | Self::CoverageOfVoters | Self::CoverageOfStations)
    }

    /// Whether the numbers are hundredths of a percent.
    #[must_use]
    pub fn is_share(self) -> bool {
        self.tells_a_base() || matches!(self, Self::Percentages | Self::PercentagesSum)
    }
}

/// One candidate's figures.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Line {
    /// A position in the election file.
    pub candidate: usize,
    /// Votes on the sheets.
    pub on_sheets: u64,
    /// Share of the valid votes on the sheets, in hundredths of a percent.
    pub share_on_sheets: u64,
    /// Votes as proclaimed.
    pub proclaimed: Option<u64>,
    /// Proclaimed less sheets.
    pub difference: Option<i64>,
    /// Share as proclaimed, in hundredths of a percent: as stated, else worked out from the votes.
    pub share_proclaimed: Option<u64>,
}

/// What a stated coverage is taken to mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// A share of the stations.
    Stations,
    /// A share of the registered voters.
    Registered,
    /// Nothing is stated; the figures are taken to cover every station.
    Complete,
}

impl Meaning {
    /// The word in JSON and in language files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Stations => "stations",
            Self::Registered => "registered",
            Self::Complete => "complete",
        }
    }
}

/// Where the total comes from that a coverage is a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum TotalFrom {
    /// The bulletin itself.
    Bulletin,
    /// The election file or another bulletin, whichever is larger.
    Elsewhere,
}

/// The bounds of all candidates under one meaning of the coverage.
#[derive(Debug, Clone, Serialize)]
pub struct Reading {
    /// The meaning.
    pub meaning: Meaning,
    /// Stations, or registered voters, there are.
    pub total: u64,
    /// Where that number comes from.
    pub total_from: TotalFrom,
    /// So many of them can be outside the proclaimed figures at most.
    pub outside: u64,
    /// For every candidate that the bulletin names.
    pub bounds: Vec<Bounds>,
}

/// What the proclaimed figures must hold for a candidate if all sheets are genuine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Bounds {
    /// A position in the election file.
    pub candidate: usize,
    /// At least so many votes.
    pub at_least: u64,
    /// At most so many, where a total was proclaimed.
    pub at_most: Option<u64>,
    /// As proclaimed.
    pub proclaimed: u64,
    /// So many votes are missing at least; 0 where none need be.
    pub missing: u64,
    /// So many are too many at least; 0 where none need be.
    pub too_many: u64,
}

/// What holds for a candidate under every meaning.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Headline {
    /// A position in the election file.
    pub candidate: usize,
    /// So many votes are missing at least.
    pub missing: u64,
    /// The meaning under which it is so few.
    pub missing_under: Meaning,
    /// So many are too many at least.
    pub too_many: u64,
    /// The meaning under which it is so few.
    pub too_many_under: Meaning,
}

/// Why something could not be worked out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Unknown {
    /// No coverage is stated.
    Coverage,
    /// How many stations there are is not known.
    Stations,
    /// How many registered voters there are is not known.
    Registered,
    /// Of some sheets the registered voters are not known.
    VotersOfSheets,
    /// The bulletin gives no votes of single candidates.
    Votes,
}

impl Unknown {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Coverage, Self::Stations, Self::Registered, Self::VotersOfSheets, Self::Votes];

    /// The word in JSON and in language files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Coverage => "coverage",
            Self::Stations => "stations",
            Self::Registered => "registered",
            Self::VotersOfSheets => "voters-of-sheets",
            Self::Votes => "votes",
        }
    }
}

/// A unit below with its own figures.
#[derive(Debug, Clone, Serialize)]
pub struct PlaceComparison {
    /// The entry.
    pub entry: EntryIndex,
    /// The bulletin.
    pub bulletin: String,
    /// The level's id.
    pub level: String,
    /// The official code.
    pub code: String,
    /// The unit, where the register has it.
    #[serde(skip)]
    pub unit: Option<UnitIndex>,
    /// Stations of it that count, and those that the register names.
    pub counted: [u64; 2],
    /// Votes by candidate on the sheets.
    pub on_sheets: Vec<u64>,
    /// As proclaimed.
    pub proclaimed: Vec<Option<u64>>,
}

/// Single stations for which figures were proclaimed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StationsCompared {
    /// With figures.
    pub published: u64,
    /// Whose sheet counts and says the same.
    pub equal: u64,
    /// Whose sheet does not count, or that the register does not have.
    pub without_sheet: u64,
    /// Whose sheet says something else, the largest difference first.
    pub different: Vec<DifferentStation>,
}

/// A station whose proclaimed figures are not those of its sheet.
#[derive(Debug, Clone, Serialize)]
pub struct DifferentStation {
    /// The official code.
    pub station: String,
    /// Its place in the register.
    #[serde(skip)]
    pub index: Option<StationIndex>,
    /// The entry.
    pub entry: EntryIndex,
    /// Votes by candidate on the sheet.
    pub on_sheet: Vec<u64>,
    /// As proclaimed.
    pub proclaimed: Vec<Option<u64>>,
    /// Votes by which they differ, all candidates together.
    pub votes: u64,
}

enum Placed {
    Unit(UnitIndex),
    Station(Option<StationIndex>),
    Nowhere,
}

fn placed(count: &Count, place: Option<&Place>) -> Placed {
    let Some(place) = place else { return Placed::Unit(UnitIndex::WHOLE) };
    if count.pack().station_level().id == place.level {
        return Placed::Station(count.geography().find_station(place.code.as_str()));
    }
    let level = count.pack().unit_levels().iter().position(|level| level.id == place.level);
    let unit = level.and_then(|level| count.geography().find_unit(level, place.code.as_str()));
    unit.map_or(Placed::Nowhere, Placed::Unit)
}

/// The units for which something was proclaimed in a contest; the whole is among them if anything was, anywhere.
#[must_use]
pub fn proclaimed_units(count: &Count, contest: usize) -> BTreeSet<UnitIndex> {
    let id = &count.definition().contests[contest].id;
    let mut units = BTreeSet::new();
    for view in count.officials().filter(|view| view.entry.contest == *id) {
        units.insert(UnitIndex::WHOLE);
        if let Placed::Unit(unit) = placed(count, view.entry.place.as_ref()) {
            units.insert(unit);
        }
    }
    units
}

/// Compares what was proclaimed for a unit, and below it, with the sheets.
#[must_use]
pub fn compare(count: &Count, contest: usize, unit: UnitIndex) -> Comparison {
    let definition = &count.definition().contests[contest];
    let sheets = sheets_of(count, contest, unit);
    let sums = sheets.as_ref().map(Sheets::sums).unwrap_or_default();
    let votes = if sums.votes.is_empty() { vec![0; definition.candidates.len()] } else { sums.votes.clone() };
    let mut ranking: Vec<usize> = (0..votes.len()).collect();
    ranking.sort_by_key(|at| std::cmp::Reverse(votes[*at]));
    let mut officials: Vec<OfficialView<'_>> =
        count.officials().filter(|view| view.entry.contest == definition.id).collect();
    // A sort that keeps the order of the ledger where a date is missing or the same.
    officials.sort_by(|one, other| one.entry.announced.cmp(&other.entry.announced));
    let here =
        |view: &&OfficialView<'_>| matches!(placed(count, view.entry.place.as_ref()), Placed::Unit(at) if at == unit);
    let declared = count.definition().declared.registered.filter(|_| unit == UnitIndex::WHOLE);
    let register = officials.iter().filter(here).filter_map(|view| view.entry.registered).chain(declared).max();
    let stations = stations_known(count, contest, unit);
    let context = Context { sheets: sheets.as_ref(), votes: &votes, stations, register };
    let bulletins = officials
        .iter()
        .filter(here)
        .filter(|view| view.superseded_by.is_none())
        .map(|view| {
            context.bulletin(view, &definition.candidates.iter().map(|one| one.id.to_string()).collect::<Vec<_>>())
        })
        .collect();
    let changed = officials.iter().filter(here).filter_map(|view| changed(count, view)).collect();
    let (units, single_stations) = below(count, contest, unit, &officials);
    Comparison {
        contest: definition.id.to_string(),
        candidates: definition.candidates.iter().map(|one| one.id.to_string()).collect(),
        ranking,
        sheets: sums.sheets,
        stations,
        valid: sums.valid,
        cast: sums.cast(),
        registered: sums.registered,
        bulletins,
        changed,
        units,
        single_stations,
        deadline: deadline(count),
    }
}

/// When the results of every station were due, by the pack.
#[must_use]
pub fn deadline(count: &Count) -> Option<Deadline> {
    let publication = count.pack().publication.as_ref()?;
    let due = days_after(&count.definition().date, i64::from(publication.hours.div_ceil(24)))?;
    Some(Deadline { due, law: publication.law.clone() })
}

/// The sheets of a unit; `None` while nothing counts there.
fn sheets_of(count: &Count, contest: usize, unit: UnitIndex) -> Option<Sheets> {
    let mut sheets = Sheets::of(count, contest, &Settings::of(count)).ok()?;
    if let Some(level) = count.geography().unit_level(unit) {
        let code = count.geography().unit_code(unit);
        let group = sheets.levels.get(level)?.iter().position(|group| group.code == code)?;
        sheets.rows.retain(|row| row.units.get(level).copied().flatten() == Some(group));
        sheets.rank();
    }
    (!sheets.is_empty()).then_some(sheets)
}

/// How many stations a unit has, where that is known from more than the results themselves.
fn stations_known(count: &Count, contest: usize, unit: UnitIndex) -> Option<u64> {
    let declared = count.definition().declared.stations.is_some();
    let known = count.expected(contest, unit).known.map(u64::from);
    known.filter(|_| !count.register_from_results() || (declared && unit == UnitIndex::WHOLE))
}

struct Context<'a> {
    sheets: Option<&'a Sheets>,
    votes: &'a [u64],
    stations: Option<u64>,
    register: Option<u64>,
}

impl Context<'_> {
    fn bulletin(&self, view: &OfficialView<'_>, candidates: &[String]) -> BulletinComparison {
        let figures = view.entry;
        let (readings, unknown) = self.readings(figures, candidates);
        BulletinComparison {
            entry: view.index,
            document: figures.document,
            figures: figures.clone(),
            identities: identities(figures),
            lines: self.lines(figures, candidates),
            rest: figures.rest.map(|rest| {
                let unnamed = candidates.iter().zip(self.votes).filter(|(id, _)| votes_of(figures, id).is_none());
                [rest, unnamed.map(|(_, votes)| votes).sum()]
            }),
            headline: headline(&readings),
            readings,
            unknown,
        }
    }

    fn lines(&self, figures: &OfficialEntry, candidates: &[String]) -> Vec<Line> {
        let valid: u64 = self.votes.iter().sum();
        let proclaimed_valid = total_valid(figures);
        candidates
            .iter()
            .enumerate()
            .map(|(candidate, id)| {
                let on_sheets = self.votes[candidate];
                let proclaimed = votes_of(figures, id);
                let stated = figures
                    .percent
                    .as_ref()
                    .and_then(|percent| percent.each.iter().find(|(one, _)| one.as_str() == id))
                    .map(|(_, share)| u64::from(*share));
                let computed =
                    proclaimed.zip(proclaimed_valid).map(|(votes, all)| hundredths(votes.into(), all.into()));
                Line {
                    candidate,
                    on_sheets,
                    share_on_sheets: hundredths(on_sheets.into(), valid.into()),
                    proclaimed,
                    difference: proclaimed.map(|proclaimed| difference(proclaimed, on_sheets)),
                    share_proclaimed: stated.or(computed),
                }
            })
            .collect()
    }

    fn readings(&self, figures: &OfficialEntry, candidates: &[String]) -> (Vec<Reading>, Vec<Unknown>) {
        let (mut readings, mut unknown) = (Vec::new(), Vec::new());
        let Some(sheets) = self.sheets else { return (readings, unknown) };
        if figures.votes.is_empty() {
            return (readings, vec![Unknown::Votes]);
        }
        let coverage =
            figures.coverage.map(|stated| Stated { hundredths: stated.hundredths, decimals: stated.decimals });
        let may_mean = |of| figures.coverage.is_some_and(|stated| stated.of.is_none_or(|stated| stated == of));
        let counted = figures.stations.zip(figures.stations_counted);
        if let Some((all, counted)) = counted {
            let outside = all.saturating_sub(counted);
            readings.push(reading(sheets, figures, candidates, Meaning::Stations, all, TotalFrom::Bulletin, outside));
        } else if let Some(stated) = coverage.filter(|_| may_mean(CoverageOf::Stations)) {
            match figures.stations.max(self.stations) {
                Some(all) => {
                    let outside = all.saturating_sub(stations_range(stated, all).0);
                    let from = if figures.stations.is_some_and(|own| own == all) {
                        TotalFrom::Bulletin
                    } else {
                        TotalFrom::Elsewhere
                    };
                    readings.push(reading(sheets, figures, candidates, Meaning::Stations, all, from, outside));
                }
                None => unknown.push(Unknown::Stations),
            }
        }
        let voters = match (figures.registered, figures.registered_counted) {
            (Some(all), Some(counted)) => Some((all, TotalFrom::Bulletin, all.saturating_sub(counted))),
            _ => coverage.filter(|_| may_mean(CoverageOf::Registered)).and_then(|stated| {
                let from = if figures.registered.is_some() { TotalFrom::Bulletin } else { TotalFrom::Elsewhere };
                let all = figures.registered.or(self.register);
                if all.is_none() {
                    unknown.push(Unknown::Registered);
                }
                all.map(|all| (all, from, all.saturating_sub(stations_range(stated, all).0)))
            }),
        };
        match voters {
            Some(_) if !sheets.all_registered() => unknown.push(Unknown::VotersOfSheets),
            Some((all, from, outside)) => {
                readings.push(reading(sheets, figures, candidates, Meaning::Registered, all, from, outside));
            }
            None => {}
        }
        if coverage.is_none() && counted.is_none() && voters.is_none() {
            unknown.push(Unknown::Coverage);
            let all = sheets.len() as u64;
            readings.push(reading(sheets, figures, candidates, Meaning::Complete, all, TotalFrom::Elsewhere, 0));
        }
        (readings, unknown)
    }
}

fn votes_of(figures: &OfficialEntry, id: &str) -> Option<u64> {
    figures.votes.iter().find(|(one, _)| one.as_str() == id).map(|(_, votes)| *votes)
}

/// Votes for candidates: as stated, or the sum where every candidate is in it.
fn total_valid(figures: &OfficialEntry) -> Option<u64> {
    figures.valid.or_else(|| figures.rest.map(|rest| sum_of(figures).saturating_add(rest)))
}

fn sum_of(figures: &OfficialEntry) -> u64 {
    figures.votes.values().fold(0, |sum, votes| sum.saturating_add(*votes))
}

/// The bounds of all candidates that a bulletin names, when so much can be outside.
fn reading(
    sheets: &Sheets,
    figures: &OfficialEntry,
    candidates: &[String],
    meaning: Meaning,
    total: u64,
    total_from: TotalFrom,
    outside: u64,
) -> Reading {
    // Where ballots cast were proclaimed they are the room there is; else valid votes are, compared with valid votes.
    let (room, by_cast) = match (figures.cast, total_valid(figures)) {
        (Some(cast), _) => (Some(cast), true),
        (None, valid) => (valid, false),
    };
    let ballots = |row: &Sheet| if by_cast { row.cast() } else { row.valid };
    let all_ballots: u64 = sheets.rows.iter().map(ballots).sum();
    let dropped = |value: &dyn Fn(&Sheet) -> u64| match meaning {
        Meaning::Registered => most_within(sheets, outside, value),
        Meaning::Stations | Meaning::Complete => {
            Ordered::of(sheets, value).largest(usize::try_from(outside).unwrap_or(usize::MAX))
        }
    };
    let bounds = candidates
        .iter()
        .enumerate()
        .filter_map(|(candidate, id)| {
            let proclaimed = votes_of(figures, id)?;
            let own: u64 = sheets.rows.iter().map(|row| row.votes[candidate]).sum();
            let at_least = own.saturating_sub(dropped(&|row| row.votes[candidate]));
            let others = all_ballots - own;
            let others_inside = others.saturating_sub(dropped(&|row| ballots(row) - row.votes[candidate]));
            let at_most = room.map(|room| room.saturating_sub(others_inside));
            Some(Bounds {
                candidate,
                at_least,
                at_most,
                proclaimed,
                missing: at_least.saturating_sub(proclaimed),
                too_many: at_most.map_or(0, |most| proclaimed.saturating_sub(most)),
            })
        })
        .collect();
    Reading { meaning, total, total_from, outside, bounds }
}

/// For every candidate the weakest bounds.
fn headline(readings: &[Reading]) -> Vec<Headline> {
    let Some(first) = readings.first() else { return Vec::new() };
    let of = |candidate: usize| {
        readings.iter().filter_map(move |reading| {
            Some((reading.meaning, reading.bounds.iter().find(|bounds| bounds.candidate == candidate)?))
        })
    };
    let each = first.bounds.iter().filter_map(|bounds| {
        let candidate = bounds.candidate;
        let (missing_under, missing) = of(candidate).min_by_key(|(_, bounds)| bounds.missing)?;
        let (too_many_under, too_many) = of(candidate).min_by_key(|(_, bounds)| bounds.too_many)?;
        Some(Headline {
            candidate,
            missing: missing.missing,
            missing_under,
            too_many: too_many.too_many,
            too_many_under,
        })
    });
    each.collect()
}

impl BulletinComparison {
    /// The candidate of whose votes most are missing, under every meaning.
    #[must_use]
    pub fn most_missing(&self) -> Option<&Headline> {
        self.headline.iter().filter(|one| one.missing > 0).max_by_key(|one| one.missing)
    }

    /// The candidate of whose votes most are too many, under every meaning.
    #[must_use]
    pub fn most_too_many(&self) -> Option<&Headline> {
        self.headline.iter().filter(|one| one.too_many > 0).max_by_key(|one| one.too_many)
    }

    /// Whether both cannot be right, whatever the coverage means. A bulletin that states no coverage is only compared as if
    /// it were complete, and that settles nothing.
    #[must_use]
    pub fn both_cannot_be_right(&self) -> bool {
        let assumed = self.readings.iter().all(|reading| reading.meaning == Meaning::Complete);
        !assumed && (self.most_missing().is_some() || self.most_too_many().is_some())
    }

    /// Candidates by proclaimed votes or shares, most first.
    #[must_use]
    pub fn ranking(&self) -> Vec<usize> {
        let mut named: Vec<(u64, usize)> = self
            .lines
            .iter()
            .filter_map(|line| Some((line.proclaimed.or(line.share_proclaimed)?, line.candidate)))
            .collect();
        named.sort_by_key(|(votes, _)| std::cmp::Reverse(*votes));
        named.into_iter().map(|(_, candidate)| candidate).collect()
    }
}

/// The bulletin's own arithmetic.
fn identities(figures: &OfficialEntry) -> Vec<Identity> {
    let mut found = Vec::new();
    let mut add = |rule, stated: u64, computed: u64| {
        found.push(Identity { rule, stated, computed, of: None, holds: stated == computed });
    };
    let sum = sum_of(figures).saturating_add(figures.rest.unwrap_or(0));
    if let Some(valid) = figures.valid.filter(|_| !figures.votes.is_empty()) {
        add(Rule::SumIsValid, valid, sum);
    }
    let valid = total_valid(figures);
    if let Some((cast, valid)) = figures.cast.zip(figures.valid)
        && !figures.other.is_empty()
    {
        add(
            Rule::ValidAndOthersAreCast,
            cast,
            figures.other.values().fold(valid, |sum, more| sum.saturating_add(*more)),
        );
    }
    if let Some((stated, cast)) = figures.turnout.zip(figures.cast) {
        for (rule, base) in
            [(Rule::TurnoutOfAll, figures.registered), (Rule::TurnoutOfCounted, figures.registered_counted)]
        {
            if let Some(base) = base.filter(|base| *base > 0) {
                add(rule, stated.hundredths.into(), rounded(cast, base, stated.decimals));
            }
        }
    }
    if let Some(stated) = figures.coverage {
        for (rule, part, whole) in [
            (Rule::CoverageOfVoters, figures.registered_counted, figures.registered),
            (Rule::CoverageOfStations, figures.stations_counted, figures.stations),
        ] {
            if let Some((part, whole)) = part.zip(whole).filter(|(_, whole)| *whole > 0) {
                add(rule, stated.hundredths.into(), rounded(part, whole, stated.decimals));
            }
        }
    }
    if let Some((cast, registered)) = figures.cast.zip(figures.registered_counted.or(figures.registered)) {
        let holds = cast <= registered;
        found.push(Identity { rule: Rule::CastWithinRegistered, stated: cast, computed: registered, of: None, holds });
    }
    found.extend(of_percentages(figures, valid));
    found
}

fn of_percentages(figures: &OfficialEntry, valid: Option<u64>) -> Vec<Identity> {
    let mut found = Vec::new();
    let Some(percent) = &figures.percent else { return found };
    let base = match percent.of {
        Some(PercentOf::Cast) => figures.cast,
        Some(PercentOf::Valid) | None => valid,
    };
    // Each stated share with its number of votes.
    let pairs: Vec<(u64, u64)> = percent
        .each
        .iter()
        .filter_map(|(id, share)| Some((u64::from(*share), *figures.votes.get(id)?)))
        .chain(percent.rest.map(u64::from).zip(figures.rest))
        .collect();
    if let Some(base) = base.filter(|base| *base > 0 && !pairs.is_empty()) {
        let agree = pairs.iter().filter(|(share, votes)| rounded(*votes, base, percent.decimals) == *share).count();
        let (agree, all) = (agree as u64, pairs.len() as u64);
        found.push(Identity {
            rule: Rule::Percentages,
            stated: all,
            computed: agree,
            of: Some([agree, all]),
            holds: agree == all,
        });
        // A grid that is finer than a few votes says nothing.
        let step = base
            / if percent.decimals == 2 {
                10_000
            } else if percent.decimals == 1 {
                1_000
            } else {
                100
            };
        let on_grid = pairs.iter().filter(|(share, votes)| product(base, *share) == *votes).count() as u64;
        if step >= 100 && all >= 2 && on_grid == all {
            found.push(Identity {
                rule: Rule::VotesArePercentages,
                stated: all,
                computed: on_grid,
                of: Some([on_grid, all]),
                holds: true,
            });
        }
    }
    let names_all =
        figures.rest.is_some() || percent.rest.is_some() || figures.valid.is_some_and(|valid| valid == sum_of(figures));
    if names_all && percent.of != Some(PercentOf::Cast) {
        let sum: u64 = percent.each.values().chain(&percent.rest).map(|share| u64::from(*share)).sum();
        let shares = percent.each.len() as u64 + u64::from(percent.rest.is_some());
        let half_step = match percent.decimals {
            0 => 50,
            1 => 5,
            _ => 1,
        };
        let holds = sum.abs_diff(10_000) <= shares * half_step;
        found.push(Identity { rule: Rule::PercentagesSum, stated: sum, computed: 10_000, of: None, holds });
    }
    found
}

/// A share in hundredths of a percent, rounded half up to so many decimals.
fn rounded(part: u64, whole: u64, decimals: u8) -> u64 {
    let step: u128 = match decimals {
        0 => 100,
        1 => 10,
        _ => 1,
    };
    let (part, whole) = (u128::from(part), u128::from(whole));
    let steps = (part * 20_000 + whole * step).checked_div(whole * step * 2).unwrap_or(0);
    u64::try_from(steps * step).unwrap_or(u64::MAX)
}

/// A share of a total, rounded half up to whole votes.
fn product(total: u64, share: u64) -> u64 {
    u64::try_from((u128::from(total) * u128::from(share) * 2 + 10_000) / 20_000).unwrap_or(u64::MAX)
}

fn changed(count: &Count, view: &OfficialView<'_>) -> Option<Changed> {
    let by = view.superseded_by?;
    let later = count.officials().find(|one| one.index == by)?;
    let mut votes = BTreeMap::new();
    for id in view.entry.votes.keys().chain(later.entry.votes.keys()) {
        let pair = [view.entry.votes.get(id).copied(), later.entry.votes.get(id).copied()];
        if pair[0] != pair[1] {
            votes.insert(id.to_string(), pair);
        }
    }
    Some(Changed { entry: view.index, by, bulletin: view.entry.bulletin.to_string(), votes })
}

/// Figures of units and stations below a unit; of each place the last bulletin.
fn below(
    count: &Count,
    contest: usize,
    unit: UnitIndex,
    officials: &[OfficialView<'_>],
) -> (Vec<PlaceComparison>, StationsCompared) {
    let geography = count.geography();
    let inside = |start: UnitIndex| geography.ancestors(start).any(|above| above == unit);
    let mut last: BTreeMap<&Place, &OfficialView<'_>> = BTreeMap::new();
    for view in officials.iter().filter(|view| view.superseded_by.is_none()) {
        if let Some(place) = &view.entry.place {
            last.insert(place, view);
        }
    }
    let (mut units, mut stations) = (Vec::new(), StationsCompared::default());
    for (place, view) in last {
        let proclaimed = |candidates: &[testigo_count::Candidate]| -> Vec<Option<u64>> {
            candidates.iter().map(|one| view.entry.votes.get(&one.id).copied()).collect()
        };
        let proclaimed = proclaimed(&count.definition().contests[contest].candidates);
        match placed(count, Some(place)) {
            Placed::Unit(at) if at != unit && inside(at) => {
                let totals = count.unit_totals(contest, at);
                units.push(PlaceComparison {
                    entry: view.index,
                    bulletin: view.entry.bulletin.to_string(),
                    level: place.level.to_string(),
                    code: place.code.to_string(),
                    unit: Some(at),
                    counted: [u64::from(totals.counted), u64::from(totals.listed)],
                    on_sheets: count.unit_votes(contest, at).0.to_vec(),
                    proclaimed,
                });
            }
            Placed::Nowhere if unit == UnitIndex::WHOLE => units.push(PlaceComparison {
                entry: view.index,
                bulletin: view.entry.bulletin.to_string(),
                level: place.level.to_string(),
                code: place.code.to_string(),
                unit: None,
                counted: [0, 0],
                on_sheets: vec![0; proclaimed.len()],
                proclaimed,
            }),
            Placed::Station(station) => {
                let parent = station.and_then(|station| geography.station_unit(station));
                if unit != UnitIndex::WHOLE && !parent.is_some_and(inside) {
                    continue;
                }
                stations.published += 1;
                let counted = station.filter(|station| count.counted_reading(contest, *station).is_some());
                let Some(index) = counted else {
                    stations.without_sheet += 1;
                    continue;
                };
                let on_sheet = count.station_votes(contest, index).0;
                let pairs = on_sheet.iter().zip(&proclaimed);
                let votes: u64 = pairs.filter_map(|(sheet, said)| said.map(|said| said.abs_diff(*sheet))).sum();
                if votes == 0 {
                    stations.equal += 1;
                } else {
                    let station = place.code.to_string();
                    stations.different.push(DifferentStation {
                        station,
                        index: Some(index),
                        entry: view.index,
                        on_sheet,
                        proclaimed,
                        votes,
                    });
                }
            }
            Placed::Unit(_) | Placed::Nowhere => {}
        }
    }
    stations.different.sort_by_key(|one| std::cmp::Reverse(one.votes));
    (units, stations)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_half_up_to_the_stated_decimals() {
        for (part, whole, decimals, expected) in [
            (5_150_092, 10_058_774, 1, 5_120),
            (6_408_844, 12_335_884, 2, 5_195),
            (1, 8, 0, 1_300),
            (1, 8, 1, 1_250),
            (1, 200, 0, 100),
        ] {
            assert_eq!(rounded(part, whole, decimals), expected, "{part} of {whole}");
        }
        assert_eq!(product(10_058_774, 5_120), 5_150_092);
    }
}
