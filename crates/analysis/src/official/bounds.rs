//! What sheets and a bulletin can have in common, and what follows.

use serde::Serialize;

use super::{Bulletin, CoverageOf, Stated};
use crate::number::difference;
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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Meaning {
    /// A share of the stations.
    Stations,
    /// A share of the registered voters.
    Registered,
}

/// The proclaimed figures of leader and runner-up under one meaning of the stated coverage, if all sheets are genuine.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Contradiction {
    /// The meaning.
    pub meaning: Meaning,
    /// Stations, or registered voters, that can be outside the proclaimed figures at most.
    pub outside_at_most: u64,
    /// Votes that the sheets inside hold for their leader at least.
    pub leader_at_least: u64,
    /// As proclaimed.
    pub leader_proclaimed: u64,
    /// How many are missing at least if both were right; negative: none need be.
    pub leader_gap: i64,
    /// Votes that the proclaimed figures can hold for the runner-up at most; `None` where no total was proclaimed.
    pub runner_up_at_most: Option<u64>,
    /// As proclaimed.
    pub runner_up_proclaimed: u64,
    /// How many are too many at least; negative: none need be.
    pub runner_up_gap: Option<i64>,
}

impl Contradiction {
    /// Whether both cannot be right.
    #[must_use]
    pub fn both_cannot_be_right(&self) -> bool {
        self.leader_gap > 0 || self.runner_up_gap.is_some_and(|gap| gap > 0)
    }

    /// The larger of the two gaps: how strong the statement is.
    #[must_use]
    pub fn strength(&self) -> i64 {
        self.leader_gap.max(self.runner_up_gap.unwrap_or(i64::MIN))
    }
}

/// The bounds under every meaning that the bulletin allows. The weaker one is the headline: [`headline`].
#[must_use]
pub fn contradictions(sheets: &Sheets, bulletin: &Bulletin) -> Vec<Contradiction> {
    let proclaimed = |candidate: usize| bulletin.votes.get(&sheets.candidates[candidate]).copied();
    let (Some(leader), Some(runner_up)) = (proclaimed(sheets.leader), proclaimed(sheets.runner_up)) else {
        return Vec::new();
    };
    let mut found = Vec::new();
    // Where ballots cast were not proclaimed, valid votes are, and are compared with valid votes.
    let counts = |row: &Sheet| if bulletin.cast.is_some() { row.cast() } else { row.valid };
    let of_others = |row: &Sheet| counts(row) - sheets.next(row);
    let total = bulletin.cast.or(bulletin.valid).or_else(|| bulletin.rest.map(|_| bulletin.sum()));
    let sums = sheets.sums();
    let mut add = |meaning, outside, leader_dropped: u64, others_dropped: u64| {
        let at_least = sums.votes[sheets.leader].saturating_sub(leader_dropped);
        let others: u64 = sheets.rows.iter().map(of_others).sum();
        let at_most = total.map(|total| total.saturating_sub(others.saturating_sub(others_dropped)));
        found.push(Contradiction {
            meaning,
            outside_at_most: outside,
            leader_at_least: at_least,
            leader_proclaimed: leader,
            leader_gap: difference(at_least, leader),
            runner_up_at_most: at_most,
            runner_up_proclaimed: runner_up,
            runner_up_gap: at_most.map(|most| difference(runner_up, most)),
        });
    };
    let may_mean = |of| bulletin.coverage_of == of || bulletin.coverage_of == CoverageOf::Unsaid;
    if let Some(stated) = bulletin.coverage
        && (may_mean(CoverageOf::Stations) || bulletin.registered_counted.is_none())
    {
        let outside = sheets.expected - stations_range(stated, sheets.expected).0;
        let dropped = usize::try_from(outside).unwrap_or(usize::MAX);
        let leader = Ordered::of(sheets, |row| sheets.lead(row)).largest(dropped);
        add(Meaning::Stations, outside, leader, Ordered::of(sheets, of_others).largest(dropped));
    }
    let by_voters = match (bulletin.registered, bulletin.registered_counted, bulletin.coverage) {
        (Some(all), Some(counted), _) => all.checked_sub(counted),
        (Some(all), None, Some(stated)) if may_mean(CoverageOf::Registered) => {
            Some(all - stations_range(stated, all).0)
        }
        _ => None,
    };
    if let Some(outside) = by_voters
        && sheets.all_registered()
    {
        let leader = most_within(sheets, outside, |row| sheets.lead(row));
        add(Meaning::Registered, outside, leader, most_within(sheets, outside, of_others));
    }
    found
}

/// The weakest statement: what holds under every meaning.
#[must_use]
pub fn headline(found: &[Contradiction]) -> Option<&Contradiction> {
    found.iter().min_by_key(|one| one.strength())
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
