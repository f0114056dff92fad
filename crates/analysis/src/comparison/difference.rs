//! By how much what was proclaimed for a unit differs from its sheets, in shares of the vote: what can be said of it while sheets are
//! still awaited where the figures are complete.

use super::places::PlaceComparison;
use crate::outlook::hundredths;

/// The candidate whose two shares differ most, with both shares in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ShareDifference {
    /// Position of the candidate.
    pub candidate: usize,
    /// Of the proclaimed votes.
    pub proclaimed: u64,
    /// Of the votes on the sheets that count.
    pub on_sheets: u64,
}

impl ShareDifference {
    /// In hundredths of a point.
    #[must_use]
    pub fn size(self) -> u64 {
        self.proclaimed.abs_diff(self.on_sheets)
    }
}

impl PlaceComparison {
    /// Where the two shares of a candidate are farthest apart; of equals the first in `ranking`. `None` where the figures leave a
    /// candidate out, since there is no share of a part, or where nothing is counted.
    #[must_use]
    pub fn widest_difference(&self, ranking: &[usize]) -> Option<ShareDifference> {
        let proclaimed: Vec<u64> = self.proclaimed.iter().copied().collect::<Option<_>>()?;
        let all = |votes: &[u64]| votes.iter().try_fold(0_u64, |sum, votes| sum.checked_add(*votes));
        let (all_proclaimed, all_on_sheets) = (all(&proclaimed)?, all(&self.on_sheets)?);
        if all_proclaimed == 0 || all_on_sheets == 0 {
            return None;
        }
        let share = |votes: &[u64], candidate: usize, all: u64| {
            votes.get(candidate).map(|votes| hundredths(u128::from(*votes), u128::from(all)))
        };
        let differences = ranking.iter().filter_map(|candidate| {
            Some(ShareDifference {
                candidate: *candidate,
                proclaimed: share(&proclaimed, *candidate, all_proclaimed)?,
                on_sheets: share(&self.on_sheets, *candidate, all_on_sheets)?,
            })
        });
        differences.reduce(|most, next| if next.size() > most.size() { next } else { most })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testigo_count::EntryIndex;
    use testigo_count::geography::UnitIndex;

    fn place(on_sheets: &[u64], proclaimed: &[Option<u64>]) -> PlaceComparison {
        PlaceComparison {
            entry: EntryIndex(7),
            bulletin: "2".to_owned(),
            level: "state".to_owned(),
            code: "01".to_owned(),
            unit: Some(UnitIndex::WHOLE),
            counted: [3, 4],
            on_sheets: on_sheets.to_vec(),
            proclaimed: proclaimed.to_vec(),
        }
    }

    fn widest(place: &PlaceComparison, ranking: &[usize]) -> Option<ShareDifference> {
        place.widest_difference(ranking)
    }

    #[test]
    fn the_candidate_whose_share_differs_most() {
        let found = widest(&place(&[30, 70, 0], &[Some(520), Some(430), Some(50)]), &[1, 0, 2]).unwrap();
        assert_eq!(found, ShareDifference { candidate: 1, proclaimed: 4_300, on_sheets: 7_000 });
        assert_eq!(found.size(), 2_700);
    }

    #[test]
    fn of_equals_the_one_with_more_votes_on_the_sheets() {
        let found = widest(&place(&[40, 60], &[Some(60), Some(40)]), &[1, 0]).unwrap();
        assert_eq!((found.candidate, found.size()), (1, 2_000));
    }

    #[test]
    fn no_share_of_a_part() {
        assert_eq!(widest(&place(&[30, 70], &[Some(520), None]), &[1, 0]), None, "a candidate is left out");
        assert_eq!(widest(&place(&[0, 0], &[Some(520), Some(430)]), &[1, 0]), None, "nothing is counted");
        assert_eq!(widest(&place(&[u64::MAX, 1], &[Some(1), Some(1)]), &[0, 1]), None, "no sum");
    }
}
