//! The result of one contest in one unit, as the command line, the API and the pages give it.

use serde::Serialize;

use crate::fold::Count;
use crate::geography::{Children, StationIndex, UnitIndex};
use crate::rule::StationState;

/// One contest's result in one unit. Plain integers; field names are part of the public interface.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Tally {
    /// The election's id.
    pub election: String,
    /// The contest's id.
    pub contest: String,
    /// Which unit.
    pub unit: TallyUnit,
    /// Which state of the ledger the numbers follow from; left out where a file must not change with every entry.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<TallyLedger>,
    /// Stations by state.
    pub stations: TallyStations,
    /// Registered voters.
    pub registered: TallyRegistered,
    /// Captured sheets, of the whole ledger.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sheets: Option<TallySheets>,
    /// Votes for all candidates.
    pub valid: u64,
    /// Null ballots, where the contest knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub null: Option<u64>,
    /// Blank ballots, where the contest knows them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blank: Option<u64>,
    /// Every kind of ballots for no candidate.
    pub others: Vec<TallyVotes>,
    /// In the order of the election file.
    pub candidates: Vec<TallyVotes>,
    /// Units or stations directly below, by code.
    pub children: Vec<TallyChild>,
}

/// A unit's name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TallyUnit {
    /// The level's id; empty for the whole.
    pub level: String,
    /// The official code; empty for the whole.
    pub code: String,
    /// The name in the pack's first language.
    pub name: String,
}

/// A state of the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TallyLedger {
    /// Entries.
    pub size: u64,
    /// Merkle root, hexadecimal.
    pub root: String,
}

/// Stations by state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TallyStations {
    /// How many there are: the larger of declared and listed. `null` where only a total above this unit is known.
    pub expected: Option<u32>,
    /// How many the register names.
    pub listed: u32,
    /// With a custody sheet.
    pub received: u32,
    /// Whose numbers count.
    pub counted: u32,
    /// Contradicted; not counted.
    pub disputed: u32,
    /// With numbers that do not count yet.
    pub held: u32,
    /// With a sheet that nobody has tried to read.
    pub unread: u32,
    /// With a sheet that no reader could read.
    pub unreadable: u32,
    /// That did not open.
    pub not_installed: u32,
    /// With nothing in: `expected`, as far as known, less all others.
    pub awaited: u32,
    /// Counted, with a sheet from the public (or a later one) that differs.
    pub objected: u32,
    /// Counted, with a place that holds no number.
    pub incomplete: u32,
}

/// Registered voters.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TallyRegistered {
    /// As declared for the whole; `null` below it and where nothing was declared.
    pub declared: Option<u64>,
    /// Of the listed stations, as far as known.
    pub listed: u64,
    /// Of the counted stations, as far as known.
    pub in_counted: u64,
    /// Counted stations whose number is not known.
    pub counted_unknown: u32,
}

/// Captured sheets.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TallySheets {
    /// In the ledger.
    pub total: u64,
    /// With numbers.
    pub read: u64,
    /// Tried without numbers.
    pub unreadable: u64,
    /// Not tried.
    pub unread: u64,
}

/// Votes with a name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TallyVotes {
    /// The candidate's id, or the kind of ballots.
    pub id: String,
    /// How many.
    pub votes: u64,
}

/// A unit or station below.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TallyChild {
    /// The level's id.
    pub level: String,
    /// The official code.
    pub code: String,
    /// The name; empty for stations.
    pub name: String,
    /// A station's state; `null` for units.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub state: Option<&'static str>,
    /// Stations that the register names.
    pub listed: u32,
    /// Whose numbers count.
    pub counted: u32,
    /// Contradicted.
    pub disputed: u32,
    /// Registered voters of the counted stations, as far as known.
    pub registered_in_counted: u64,
    /// Votes for all candidates.
    pub valid: u64,
    /// Ballots for no candidate.
    pub others: Vec<TallyVotes>,
    /// In the order of the election file.
    pub candidates: Vec<TallyVotes>,
}

/// How many stations are expected in a unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// The number, where it is known.
    pub known: Option<u32>,
    /// At least so many: those that the register names.
    pub at_least: u32,
}

impl Count {
    /// How many stations are expected in a unit. Where only the whole's number was declared and the register does not
    /// name them all, it is unknown below the whole.
    #[must_use]
    pub fn expected(&self, contest: usize, unit: UnitIndex) -> Expected {
        let listed = self.unit_totals(contest, unit).listed;
        let all_listed = self.unit_totals(contest, UnitIndex::WHOLE).listed;
        let declared = self.definition().declared.stations.unwrap_or(0);
        let known = if unit == UnitIndex::WHOLE {
            Some(declared.max(listed))
        } else {
            (declared <= all_listed).then_some(listed)
        };
        Expected { known, at_least: listed }
    }

    /// Stations with nothing in, whether the register names them or not.
    #[must_use]
    pub fn awaited(&self, contest: usize, unit: UnitIndex) -> u32 {
        let totals = self.unit_totals(contest, unit);
        let unnamed = self.expected(contest, unit).known.map_or(0, |known| known.saturating_sub(totals.listed));
        totals.awaited.saturating_add(unnamed)
    }

    /// The result of a contest (position in the election file) in a unit. `root` is the ledger's at this size.
    #[must_use]
    pub fn tally(&self, contest: usize, unit: UnitIndex, root: String) -> Tally {
        self.tally_over(contest, unit, self.geography().children(unit), root)
    }

    /// As [`Count::tally`], for whoever knows the unit's children already.
    #[must_use]
    pub fn tally_over(&self, contest: usize, unit: UnitIndex, children: Children, root: String) -> Tally {
        let definition = &self.definition().contests[contest];
        let totals = self.unit_totals(contest, unit);
        let (candidates, others) = self.unit_votes(contest, unit);
        let others = self.named_others(contest, others);
        let of_kind = |kind: &str| others.iter().find(|other| other.id == kind).map(|other| other.votes);
        let whole = unit == UnitIndex::WHOLE;
        Tally {
            election: self.definition().id.clone(),
            contest: definition.id.to_string(),
            unit: self.tally_unit(unit),
            ledger: Some(TallyLedger { size: self.size(), root }),
            stations: TallyStations {
                expected: self.expected(contest, unit).known,
                listed: totals.listed,
                received: totals.received,
                counted: totals.counted,
                disputed: totals.disputed,
                held: totals.held,
                unread: totals.unread,
                unreadable: totals.unreadable,
                not_installed: totals.not_installed,
                awaited: self.awaited(contest, unit),
                objected: totals.objected,
                incomplete: totals.incomplete,
            },
            registered: TallyRegistered {
                declared: self.definition().declared.registered.filter(|_| whole),
                listed: totals.registered_listed,
                in_counted: totals.registered_in_counted,
                counted_unknown: totals.counted_without_registered,
            },
            sheets: whole.then(|| self.tally_sheets()),
            valid: candidates.iter().sum(),
            null: of_kind("null"),
            blank: of_kind("blank"),
            candidates: self.named_candidates(contest, candidates),
            others,
            children: self.tally_children(contest, children),
        }
    }

    /// How many sheets there are, by what became of reading them.
    #[must_use]
    pub fn tally_sheets(&self) -> TallySheets {
        use crate::sheets::SheetState;
        let mut sheets = TallySheets { total: 0, read: 0, unreadable: 0, unread: 0 };
        for sheet in self.sheets() {
            sheets.total += 1;
            match self.sheet_state(sheet) {
                SheetState::Read => sheets.read += 1,
                SheetState::Unreadable => sheets.unreadable += 1,
                SheetState::Unread => sheets.unread += 1,
            }
        }
        sheets
    }

    fn tally_unit(&self, unit: UnitIndex) -> TallyUnit {
        let geography = self.geography();
        let language = self.pack().languages.first().map_or("", String::as_str);
        match geography.unit_level(unit) {
            None => TallyUnit {
                level: String::new(),
                code: String::new(),
                name: self.definition().place.in_language(language).to_owned(),
            },
            Some(level) => TallyUnit {
                level: self.pack().levels[level].id.to_string(),
                code: geography.unit_code(unit).to_owned(),
                name: geography.unit_name(unit).to_owned(),
            },
        }
    }

    fn tally_children(&self, contest: usize, mut children: Children) -> Vec<TallyChild> {
        self.geography().sort(&mut children);
        let units = children.units.into_iter().map(|child| {
            let totals = self.unit_totals(contest, child);
            let (candidates, others) = self.unit_votes(contest, child);
            let TallyUnit { level, code, name } = self.tally_unit(child);
            TallyChild {
                level,
                code,
                name,
                state: None,
                listed: totals.listed,
                counted: totals.counted,
                disputed: totals.disputed,
                registered_in_counted: totals.registered_in_counted,
                valid: candidates.iter().sum(),
                others: self.named_others(contest, others),
                candidates: self.named_candidates(contest, candidates),
            }
        });
        let stations = children.stations.into_iter().map(|station| self.tally_station(contest, station));
        units.chain(stations).collect()
    }

    fn tally_station(&self, contest: usize, station: StationIndex) -> TallyChild {
        let status = self.status(contest, station);
        let (candidates, others) = self.station_votes(contest, station);
        let counted = status.state == StationState::Counted;
        TallyChild {
            level: self.pack().station_level().id.to_string(),
            code: self.geography().station_id(station).to_owned(),
            name: String::new(),
            state: Some(status.state.word()),
            listed: 1,
            counted: u32::from(counted),
            disputed: u32::from(status.state == StationState::Disputed),
            registered_in_counted: self.geography().registered(station).filter(|_| counted).map_or(0, u64::from),
            valid: candidates.iter().sum(),
            others: self.named_others(contest, &others),
            candidates: self.named_candidates(contest, &candidates),
        }
    }

    fn named_candidates(&self, contest: usize, votes: &[u64]) -> Vec<TallyVotes> {
        let candidates = &self.definition().contests[contest].candidates;
        let named = candidates.iter().zip(votes);
        named.map(|(candidate, votes)| TallyVotes { id: candidate.id.to_string(), votes: *votes }).collect()
    }

    fn named_others(&self, contest: usize, votes: &[u64]) -> Vec<TallyVotes> {
        let others = &self.definition().contests[contest].others;
        others.iter().zip(votes).map(|(other, votes)| TallyVotes { id: other.id.to_string(), votes: *votes }).collect()
    }
}
