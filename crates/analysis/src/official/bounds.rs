//! What sheets and a bulletin can have in common, and what follows.

use serde::Serialize;

use super::{Bulletin, CoverageOf, Stated};
use crate::sheets::{Sheet, Sheets};

/// Numbers in ascending order with their running sums, so that "the `k` smallest" costs a look-up.
#[derive(Debug, Clone)]
pub struct Ordered {
    sums: Vec<u64>,
}

impl Ordered {
    /// Of one number for each sheet.
    #[must_use]
    pub fn of(sheets: &Sheets, value: impl Fn(&Sheet) -> u64) -> Self {
        let mut values: Vec<u64> = sheets.rows.iter().map(value).collect();
        values.sort_unstable();
        let mut sums = vec![0];
        let mut sum = 0_u64;
        for value in values {
            sum = sum.saturating_add(value);
            sums.push(sum);
        }
        Self { sums }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.sums.len() - 1
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The sum of the `k` smallest; of all where there are fewer.
    #[must_use]
    pub fn smallest(&self, k: usize) -> u64 {
        self.sums[k.min(self.len())]
    }

    /// The sum of the `k` largest.
    #[must_use]
    pub fn largest(&self, k: usize) -> u64 {
        self.smallest(self.len()) - self.smallest(self.len().saturating_sub(k))
    }

    /// The fewest smallest ones whose sum is more than this; `None` where all together are not.
    #[must_use]
    pub fn first_above(&self, limit: u64) -> Option<usize> {
        let found = self.sums.partition_point(|sum| *sum <= limit);
        (found <= self.len()).then_some(found)
    }
}

/// The most that sheets with together at most `registered` voters can hold, the last of them in part: no choice of whole
/// sheets holds more.
#[must_use]
pub fn most_within(sheets: &Sheets, registered: u64, value: impl Fn(&Sheet) -> u64) -> u64 {
    let mut rows: Vec<(u64, u64)> = sheets.rows.iter().map(|row| (value(row), row.voters())).collect();
    // By value for each voter, largest first, without division.
    rows.sort_unstable_by(|(value, voters), (other, others)| {
        (u128::from(*other) * u128::from(*voters)).cmp(&(u128::from(*value) * u128::from(*others)))
    });
    let (mut left, mut sum) = (registered, 0_u64);
    for (value, voters) in rows {
        if voters <= left {
            left -= voters;
            sum += value;
        } else {
            let part = u128::from(value) * u128::from(left) / u128::from(voters);
            return sum + u64::try_from(part).unwrap_or(value);
        }
    }
    sum
}

/// Stations that a stated share of them can mean, from and to.
#[must_use]
pub fn stations_range(stated: Stated, stations: u64) -> (u64, u64) {
    let share = u128::from(stated.hundredths) * 100;
    let half = u128::from(stated.half_step());
    let stations = u128::from(stations);
    // Half-way shares round up, so that the lower end is in and the upper end is not.
    let low = ((share - half.min(share)) * stations).div_ceil(1_000_000);
    let high = ((share + half) * stations).saturating_sub(1) / 1_000_000;
    (u64::try_from(low).unwrap_or(0), u64::try_from(high.min(stations)).unwrap_or(u64::MAX))
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

/// The bounds of all candidates under one meaning of the coverage.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
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

/// How many stations and registered voters there are, as far as that is known apart from a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Known {
    /// Stations.
    pub stations: Option<u64>,
    /// Registered voters.
    pub registered: Option<u64>,
}

/// The bounds under every meaning that a bulletin's coverage can have, and why others could not be worked out.
#[must_use]
pub fn readings(sheets: &Sheets, bulletin: &Bulletin, known: Known) -> (Vec<Reading>, Vec<Unknown>) {
    if bulletin.votes.is_empty() {
        return (Vec::new(), vec![Unknown::Votes]);
    }
    let (mut found, mut unknown) = (Vec::new(), Vec::new());
    let coverage =
        |of| bulletin.coverage.filter(|_| bulletin.coverage_of == of || bulletin.coverage_of == CoverageOf::Unsaid);
    let mut add = |meaning, total, total_from, outside| {
        let bounds = bounds(sheets, bulletin, meaning, outside);
        found.push(Reading { meaning, total, total_from, outside, bounds });
    };
    let counted = bulletin.stations.zip(bulletin.stations_counted);
    if let Some((all, counted)) = counted {
        add(Meaning::Stations, all, TotalFrom::Bulletin, all.saturating_sub(counted));
    } else if let Some(stated) = coverage(CoverageOf::Stations) {
        match bulletin.stations.max(known.stations) {
            Some(all) => {
                let own = bulletin.stations == Some(all);
                let from = if own { TotalFrom::Bulletin } else { TotalFrom::Elsewhere };
                add(Meaning::Stations, all, from, all.saturating_sub(stations_range(stated, all).0));
            }
            None => unknown.push(Unknown::Stations),
        }
    }
    let voters = match (bulletin.registered, bulletin.registered_counted) {
        (Some(all), Some(counted)) => Some((all, TotalFrom::Bulletin, all.saturating_sub(counted))),
        (own, _) => coverage(CoverageOf::Registered).and_then(|stated| {
            let from = if own.is_some() { TotalFrom::Bulletin } else { TotalFrom::Elsewhere };
            let all = own.or(known.registered);
            if all.is_none() {
                unknown.push(Unknown::Registered);
            }
            all.map(|all| (all, from, all.saturating_sub(stations_range(stated, all).0)))
        }),
    };
    match voters {
        Some(_) if !sheets.all_registered() => unknown.push(Unknown::VotersOfSheets),
        Some((all, from, outside)) => add(Meaning::Registered, all, from, outside),
        None => {}
    }
    if bulletin.coverage.is_none() && counted.is_none() && voters.is_none() {
        unknown.push(Unknown::Coverage);
        add(Meaning::Complete, sheets.len() as u64, TotalFrom::Elsewhere, 0);
    }
    (found, unknown)
}

/// The bounds of all candidates that a bulletin names, when so many stations, or voters, can be outside.
fn bounds(sheets: &Sheets, bulletin: &Bulletin, meaning: Meaning, outside: u64) -> Vec<Bounds> {
    // Where ballots cast were proclaimed they are the room there is; else valid votes are, compared with valid votes.
    let room = bulletin.cast.or(bulletin.valid).or_else(|| bulletin.rest.map(|_| bulletin.sum()));
    let ballots = |row: &Sheet| if bulletin.cast.is_some() { row.cast() } else { row.valid };
    let all_ballots: u64 = sheets.rows.iter().map(ballots).sum();
    let dropped = |value: &dyn Fn(&Sheet) -> u64| match meaning {
        Meaning::Registered => most_within(sheets, outside, value),
        Meaning::Stations | Meaning::Complete => {
            Ordered::of(sheets, value).largest(usize::try_from(outside).unwrap_or(usize::MAX))
        }
    };
    let named = sheets.candidates.iter().enumerate();
    let each = named.filter_map(|(candidate, id)| {
        let proclaimed = *bulletin.votes.get(id)?;
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
    });
    each.collect()
}

/// For every candidate the weakest bounds: what holds under every meaning.
#[must_use]
pub fn headline(readings: &[Reading]) -> Vec<Headline> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stated_share_means_every_number_that_rounds_to_it() {
        let stated = |hundredths, decimals| Stated { hundredths, decimals };
        assert_eq!(stations_range(stated(9_687, 2), 30_026), (29_085, 29_087));
        assert_eq!(stations_range(stated(8_000, 0), 30_026), (23_871, 24_170));
        assert_eq!(stations_range(stated(10_000, 0), 10), (10, 10));
        // 45 of 1,000 is 4.5 % and rounds up to 5 %.
        assert_eq!(stations_range(stated(500, 0), 1_000), (45, 54));
    }
}
