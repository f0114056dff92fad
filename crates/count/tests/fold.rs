//! The fold as a whole: one entry at a time gives the same as everything at once, and order does not matter.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic, and a skipped one says so")]

mod made_up;

use made_up::history::{Step, play, public_view, step};
use made_up::mayor_by_candidate;
use proptest::prelude::*;
use testigo_count::Count;
use testigo_count::fold::FoldError;

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn one_entry_at_a_time_is_the_same_as_deciding_everything_anew(steps in prop::collection::vec(step(), 0..40)) {
        let ledger = play(&steps);
        let recounted = ledger.count.recounted().unwrap();
        prop_assert_eq!(public_view(&recounted), public_view(&ledger.count));
        prop_assert!(recounted == ledger.count);
    }

    #[test]
    fn many_entries_at_once_are_the_same_as_one_at_a_time(
        steps in prop::collection::vec(step(), 0..40),
        rows in 0..800_u64,
        wrong in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut ledger = play(&steps);
        for row in 0..rows {
            ledger.published(b"file", row + 2, mayor_by_candidate(&format!("out-of-register.{row}"), [3, 4], 0));
        }
        let mut count = Count::begin(&ledger.entries[0], &ledger.documents).unwrap();
        let mut entries = ledger.entries[1..].to_vec();
        let wrong = wrong.filter(|_| !entries.is_empty()).map(|wrong| wrong.index(entries.len()));
        if let Some(wrong) = wrong {
            entries[wrong].push(b' ');
        }
        let found = count.append_all(&entries, &ledger.documents);
        match (wrong, found) {
            (None, Ok(())) => prop_assert!(count == ledger.count),
            (Some(wrong), Err(FoldError::Entry { index, .. })) => {
                prop_assert_eq!(index.0, wrong as u64 + 1);
                prop_assert_eq!(count.size(), index.0);
            }
            (_, found) => prop_assert!(false, "{found:?}"),
        }
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
