//! What was proclaimed against the sheets: the proclamation's own arithmetic, and what follows if both were right.
//!
//! Nothing here is probable. If the sheets are genuine, and all but `k` stations are in the proclaimed figures, then all but
//! `k` sheets are, and even the least favourable choice of them holds so many votes for a candidate. A proclaimed figure
//! below that, or one above what the proclaimed total leaves room for, cannot be right together with the sheets. What a
//! stated coverage is a share of is often not said: then it is read both ways, and for every candidate the weaker of the
//! two bounds is the headline, which holds under either.

mod difference;
mod identities;
mod places;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use testigo_count::entry::OfficialEntry;
use testigo_count::geography::UnitIndex;
use testigo_count::officials::OfficialView;
use testigo_count::{Count, DocumentHash, EntryIndex, LocalText};

use crate::calendar::days_after;
use crate::number::difference;
use crate::official::Bulletin;
use crate::official::bounds::{self, Headline, Known, Meaning, Reading, Unknown};
use crate::outlook::hundredths;
use crate::settings::Settings;
use crate::sheets::Sheets;

pub use self::difference::ShareDifference;
use self::identities::identities;
pub use self::identities::{Identity, Rule};
pub use self::places::{DifferentStation, PlaceComparison, StationsCompared};
use self::places::{Placed, below, placed};

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
        let known = Known { stations: self.stations, registered: self.register };
        let (readings, unknown) =
            self.sheets.map_or_else(Default::default, |sheets| bounds::readings(sheets, &Bulletin::of(figures), known));
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
            headline: bounds::headline(&readings),
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
