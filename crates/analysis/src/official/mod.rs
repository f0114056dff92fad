//! Proclaimed figures against the sheets: can both be right? (S04, S04b, S05)
//!
//! Nothing here is probable: if `n` sheets are genuine, and the proclaimed figures come from at least `t` of `T`
//! stations, then at least `n + t − T` of the sheets are among those stations, and even the least favourable choice of
//! them holds so many votes. Where the proclaimed figure is below that, both cannot be right. What a stated coverage is a
//! share of, stations or registered voters, is often not said: both readings are computed, and the weaker is the headline.

pub mod arithmetic;
pub mod bounds;
pub mod rounding;

use std::collections::BTreeMap;

use testigo_count::Count;
use testigo_count::entry::{self, OfficialEntry};

/// A stated percentage, in hundredths of a percent, with the decimals it was stated with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stated {
    /// 5195 for 51.95 %.
    pub hundredths: u32,
    /// 0 to 2.
    pub decimals: u8,
}

impl Stated {
    /// In percent.
    #[must_use]
    pub fn percent(self) -> f64 {
        f64::from(self.hundredths) / 100.0
    }

    /// As a share of 1.
    #[must_use]
    pub fn share(self) -> f64 {
        f64::from(self.hundredths) / 10_000.0
    }

    /// Half of its last decimal, in ten-thousandths of a percent.
    #[must_use]
    pub fn half_step(self) -> u32 {
        match self.decimals {
            0 => 5_000,
            1 => 500,
            _ => 50,
        }
    }

    /// Without a decimal point, as names of keys have it: `9687`.
    #[must_use]
    pub fn digits(self) -> String {
        self.with_point("")
    }

    /// With another sign for the decimal point.
    #[must_use]
    pub fn with_point(self, point: &str) -> String {
        let (whole, fraction) = (self.hundredths / 100, self.hundredths % 100);
        match self.decimals {
            0 => whole.to_string(),
            1 => format!("{whole}{point}{}", fraction / 10),
            _ => format!("{whole}{point}{fraction:02}"),
        }
    }
}

/// What a stated coverage is a share of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CoverageOf {
    /// Of the stations.
    Stations,
    /// Of the registered voters.
    Registered,
    /// Nobody said.
    Unsaid,
}

/// One bulletin's figures for the whole election and one contest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulletin {
    /// Its number or short name.
    pub id: String,
    /// Votes by candidate, as far as given.
    pub votes: BTreeMap<String, u64>,
    /// Votes of all candidates that are not named, together.
    pub rest: Option<u64>,
    /// Stated percentages by candidate.
    pub percent: BTreeMap<String, Stated>,
    /// Of all that are not named.
    pub rest_percent: Option<Stated>,
    /// Votes for candidates.
    pub valid: Option<u64>,
    /// Ballots for no candidate.
    pub void: Option<u64>,
    /// Ballots cast.
    pub cast: Option<u64>,
    /// Registered voters.
    pub registered: Option<u64>,
    /// Registered voters of the stations that are counted.
    pub registered_counted: Option<u64>,
    /// Stations.
    pub stations: Option<u64>,
    /// Stations that are counted.
    pub stations_counted: Option<u64>,
    /// How much is counted, as stated.
    pub coverage: Option<Stated>,
    /// Of what.
    pub coverage_of: CoverageOf,
    /// Turnout as stated.
    pub turnout: Option<Stated>,
}

/// What the ledger holds of proclaimed figures for the whole election and a contest, in the order in which they were
/// announced; figures that were changed later stand in their last form.
#[must_use]
pub fn bulletins(count: &Count, contest: usize) -> Vec<Bulletin> {
    let id = &count.definition().contests[contest].id;
    let whole = count.officials().filter(|view| view.superseded_by.is_none() && view.entry.place.is_none());
    let mut found: Vec<&OfficialEntry> = whole.map(|view| view.entry).filter(|entry| entry.contest == *id).collect();
    // A sort that keeps the order of the ledger where a date is missing or the same.
    found.sort_by_key(|entry| entry.announced.clone());
    found.into_iter().map(Bulletin::of).collect()
}

impl Bulletin {
    /// The figures of one entry.
    #[must_use]
    pub fn of(entry: &OfficialEntry) -> Self {
        let percent = entry.percent.as_ref();
        let decimals = percent.map_or(0, |percent| percent.decimals);
        let stated = |hundredths| Stated { hundredths, decimals };
        let each = percent.into_iter().flat_map(|percent| &percent.each);
        let void = (!entry.other.is_empty()).then(|| entry.other.values().sum());
        Self {
            id: entry.bulletin.to_string(),
            votes: entry.votes.iter().map(|(id, votes)| (id.to_string(), *votes)).collect(),
            rest: entry.rest,
            percent: each.map(|(id, hundredths)| (id.to_string(), stated(*hundredths))).collect(),
            rest_percent: percent.and_then(|percent| percent.rest).map(stated),
            valid: entry.valid,
            void,
            cast: entry.cast,
            registered: entry.registered,
            registered_counted: entry.registered_counted,
            stations: entry.stations,
            stations_counted: entry.stations_counted,
            coverage: entry.coverage.map(|share| Stated { hundredths: share.hundredths, decimals: share.decimals }),
            coverage_of: match entry.coverage.and_then(|share| share.of) {
                Some(entry::CoverageOf::Stations) => CoverageOf::Stations,
                Some(entry::CoverageOf::Registered) => CoverageOf::Registered,
                None => CoverageOf::Unsaid,
            },
            turnout: entry.turnout.map(|share| Stated { hundredths: share.hundredths, decimals: share.decimals }),
        }
    }

    /// Votes for candidates: as stated, or else the sum.
    #[must_use]
    pub fn total(&self) -> u64 {
        self.valid.unwrap_or_else(|| self.sum())
    }

    /// The sum of what is given for candidates.
    #[must_use]
    pub fn sum(&self) -> u64 {
        self.votes.values().sum::<u64>() + self.rest.unwrap_or(0)
    }

    /// Votes with the rest under a name of its own.
    #[must_use]
    pub fn all_votes(&self) -> BTreeMap<String, u64> {
        let rest = self.rest.map(|rest| (REST.to_owned(), rest));
        self.votes.iter().map(|(id, votes)| (id.clone(), *votes)).chain(rest).collect()
    }

    /// Stated percentages with that of the rest.
    #[must_use]
    pub fn all_percent(&self) -> BTreeMap<String, Stated> {
        let rest = self.rest_percent.map(|rest| (REST.to_owned(), rest));
        self.percent.iter().map(|(id, stated)| (id.clone(), *stated)).chain(rest).collect()
    }
}

/// How the answer calls all candidates that a bulletin does not name.
pub const REST: &str = "OTHERS";
