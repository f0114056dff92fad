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
    /// How much is counted, as stated.
    pub coverage: Option<Stated>,
    /// Of what.
    pub coverage_of: CoverageOf,
    /// Turnout as stated.
    pub turnout: Option<Stated>,
}

impl Bulletin {
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
