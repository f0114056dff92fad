//! By how much what was proclaimed for each unit differs from its sheets, in shares of the vote: what a map can show, since
//! sheets may still be awaited where the figures are complete.

use std::collections::BTreeMap;

use testigo_analysis::comparison::PlaceComparison;
use testigo_count::geography::UnitIndex;

use crate::language::Share;
use crate::view::View;

/// The candidate whose two shares differ most, with both shares in hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Difference {
    pub(super) candidate: usize,
    pub(super) proclaimed: u64,
    pub(super) on_sheets: u64,
}

impl Difference {
    /// In hundredths of a point.
    pub(super) fn size(self) -> u64 {
        self.proclaimed.abs_diff(self.on_sheets)
    }

    /// `None` where the figures leave a candidate out, since there is no share of a part, or where nothing is counted.
    fn of(place: &PlaceComparison, ranking: &[usize]) -> Option<Self> {
        let proclaimed: Vec<u64> = place.proclaimed.iter().copied().collect::<Option<_>>()?;
        let all = |votes: &[u64]| votes.iter().try_fold(0_u64, |sum, votes| sum.checked_add(*votes));
        let (all_proclaimed, all_on_sheets) = (all(&proclaimed)?, all(&place.on_sheets)?);
        let differences = ranking.iter().filter_map(|candidate| {
            Some(Self {
                candidate: *candidate,
                proclaimed: Share::of(*proclaimed.get(*candidate)?, all_proclaimed)?.hundredths(),
                on_sheets: Share::of(*place.on_sheets.get(*candidate)?, all_on_sheets)?.hundredths(),
            })
        });
        // Of equals the first, who has the most votes on the sheets.
        differences.reduce(|most, next| if next.size() > most.size() { next } else { most })
    }
}

/// Of every unit with figures for all candidates, by its latest bulletin.
pub(super) fn by_unit(view: &View, contest: usize) -> BTreeMap<UnitIndex, Difference> {
    let Some(comparison) = view.comparison(contest, UnitIndex::WHOLE) else {
        return BTreeMap::new();
    };
    let of = |place: &PlaceComparison| Some((place.unit?, Difference::of(place, &comparison.ranking)?));
    comparison.units.iter().filter_map(of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use testigo_count::EntryIndex;

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

    #[test]
    fn the_candidate_whose_share_differs_most() {
        let found = Difference::of(&place(&[30, 70, 0], &[Some(520), Some(430), Some(50)]), &[1, 0, 2]).unwrap();
        assert_eq!(found, Difference { candidate: 1, proclaimed: 4_300, on_sheets: 7_000 });
        assert_eq!(found.size(), 2_700);
    }

    #[test]
    fn of_equals_the_one_with_more_votes_on_the_sheets() {
        let found = Difference::of(&place(&[40, 60], &[Some(60), Some(40)]), &[1, 0]).unwrap();
        assert_eq!((found.candidate, found.size()), (1, 2_000));
    }

    #[test]
    fn no_share_of_a_part() {
        assert_eq!(Difference::of(&place(&[30, 70], &[Some(520), None]), &[1, 0]), None, "a candidate is left out");
        assert_eq!(Difference::of(&place(&[0, 0], &[Some(520), Some(430)]), &[1, 0]), None, "nothing is counted");
        assert_eq!(Difference::of(&place(&[u64::MAX, 1], &[Some(1), Some(1)]), &[0, 1]), None, "no sum");
    }
}
