//! The fold as a whole: one entry at a time gives the same as everything at once, and order does not matter.

mod made_up;

use made_up::history::{Step, play, public_view, step};
use proptest::prelude::*;
use testigo_count::Count;

proptest! {
    #![proptest_config(ProptestConfig { cases: 256, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_entry_at_a_time_is_the_same_as_deciding_everything_anew(steps in prop::collection::vec(step(), 0..40)) {
        let ledger = play(&steps);
        let recounted = ledger.count.recounted().unwrap();
        prop_assert_eq!(public_view(&recounted), public_view(&ledger.count));
        prop_assert!(recounted == ledger.count);
    }

    #[test]
    fn folding_the_same_ledger_again_gives_the_identical_count(steps in prop::collection::vec(step(), 0..30)) {
        let ledger = play(&steps);
        let mut again = Count::begin(&ledger.entries[0], &ledger.documents).unwrap();
        for entry in &ledger.entries[1..] {
            again.append(entry, &ledger.documents).unwrap();
        }
        prop_assert!(again == ledger.count);
    }

    /// Sheets with their readings, rows of files and additions to the register are independent of each other.
    #[test]
    fn the_order_of_independent_entries_does_not_matter(
        steps in prop::collection::vec(step(), 0..25),
        order in prop::collection::vec(any::<u32>(), 25),
    ) {
        let independent: Vec<Step> = steps
            .into_iter()
            .filter(|step| matches!(step, Step::Sheet { .. } | Step::Failure | Step::Published { .. } | Step::Extend))
            .collect();
        let mut shuffled: Vec<(u32, Step)> = order.into_iter().zip(independent.clone()).collect();
        shuffled.sort_by_key(|(key, _)| *key);
        let shuffled: Vec<Step> = shuffled.into_iter().map(|(_, step)| step).collect();
        prop_assert_eq!(public_view(&play(&shuffled).count), public_view(&play(&independent).count));
    }
}
