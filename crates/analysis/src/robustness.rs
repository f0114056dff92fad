//! How many sheets would have to be false to undo the result? (S03)
//!
//! Four ways of being false, from mild to extreme: a sheet that should not count, one with leader and runner-up swapped,
//! one whose every ballot was for the runner-up, one whose every registered voter came and voted for the runner-up. What
//! each sheet contributes adds up, so taking the largest first gives the smallest number of sheets exactly.

use serde::Serialize;

use crate::bounds::{margin, missing_valid};
use crate::number::{difference, floor, signed, size};
use crate::sheets::{Sheet, Sheets};

/// The fewest false sheets from one lead down to a tie or less. `None` where all sheets together are not enough.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FewestFalse {
    /// The lead that is to be undone.
    pub start_margin: i64,
    /// Sheets that should not count.
    pub min_sheets_discarded_to_reach_tie_or_loss: Option<usize>,
    /// Sheets with leader and runner-up swapped.
    pub min_sheets_leader_runnerup_swapped: Option<usize>,
    /// Sheets whose ballots were all for the runner-up.
    pub min_sheets_all_cast_to_runnerup: Option<usize>,
    /// Sheets whose registered voters all voted for the runner-up.
    pub min_sheets_all_registered_to_runnerup: Option<usize>,
    /// The swapped ones, as a share of all sheets.
    pub share_of_sheets_swapped: Option<f64>,
}

/// S03, for three leads.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Robustness {
    /// The lead on the sheets.
    pub sheets_only: FewestFalse,
    /// After every missing registered voter has voted for the runner-up.
    pub after_missing_all_registered_to_runner_up: FewestFalse,
    /// After as many of them as came on the sheets.
    pub after_missing_same_turnout_all_runner_up: FewestFalse,
}

/// S03 of all sheets, with the voters of one register.
#[must_use]
pub fn robustness(sheets: &Sheets, total_registered: u64) -> Robustness {
    let sums = sheets.sums();
    let missing = total_registered.saturating_sub(sums.registered);
    let lead = margin(sheets, &sums);
    let contributions = Contributions::of(sheets);
    Robustness {
        sheets_only: contributions.fewest(lead),
        after_missing_all_registered_to_runner_up: contributions.fewest(lead.saturating_sub(signed(missing))),
        after_missing_same_turnout_all_runner_up: contributions
            .fewest(lead.saturating_sub(signed(floor(missing_valid(&sums, missing))))),
    }
}

/// What each sheet takes from the lead if it is false, largest first.
pub struct Contributions {
    discarded: Vec<i64>,
    swapped: Vec<i64>,
    cast: Vec<i64>,
    registered: Vec<i64>,
}

impl Contributions {
    /// Of all sheets.
    #[must_use]
    pub fn of(sheets: &Sheets) -> Self {
        let sorted = |value: &dyn Fn(&Sheet, i64) -> i64| {
            let lead = |row: &Sheet| difference(sheets.lead(row), sheets.next(row));
            let mut values: Vec<i64> = sheets.rows.iter().map(|row| value(row, lead(row))).collect();
            values.sort_unstable_by(|one, other| other.cmp(one));
            values
        };
        Self {
            discarded: sorted(&|_, lead| lead),
            swapped: sorted(&|_, lead| 2 * lead),
            cast: sorted(&|row, lead| lead + signed(row.cast())),
            registered: sorted(&|row, lead| lead + signed(row.registered.unwrap_or(row.cast()))),
        }
    }

    /// The fewest sheets of each kind that take this lead away.
    #[must_use]
    pub fn fewest(&self, start_margin: i64) -> FewestFalse {
        let swapped = fewest(&self.swapped, start_margin);
        FewestFalse {
            start_margin,
            min_sheets_discarded_to_reach_tie_or_loss: fewest(&self.discarded, start_margin),
            min_sheets_leader_runnerup_swapped: swapped,
            min_sheets_all_cast_to_runnerup: fewest(&self.cast, start_margin),
            min_sheets_all_registered_to_runnerup: fewest(&self.registered, start_margin),
            share_of_sheets_swapped: swapped.map(|sheets| size(sheets) / size(self.swapped.len())),
        }
    }
}

fn fewest(sorted: &[i64], start: i64) -> Option<usize> {
    if start <= 0 {
        return Some(0);
    }
    let mut sum = 0_i64;
    for (at, contribution) in sorted.iter().enumerate().take_while(|(_, contribution)| **contribution > 0) {
        sum = sum.saturating_add(*contribution);
        if sum >= start {
            return Some(at + 1);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_largest_sheets_come_first_and_a_tie_is_enough() {
        let sorted = [5, 3, 2, 0, -1];
        for (start, expected) in
            [(1, Some(1)), (5, Some(1)), (6, Some(2)), (8, Some(2)), (10, Some(3)), (11, None), (0, Some(0))]
        {
            assert_eq!(fewest(&sorted, start), expected, "{start}");
        }
    }
}
