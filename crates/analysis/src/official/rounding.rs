//! Were proclaimed counts derived from percentages? (S05)
//!
//! Counts that are each the nearest whole number to a round percentage of their total would be one coincidence after
//! another in a count of ballots. What is given is a likelihood under a smooth counting process, never a verdict: it is
//! not the chance that anything happened.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use super::arithmetic::first_and_last;
use super::{Bulletin, Stated};
use crate::number::{difference, real};

/// A quotient rounded half up.
#[must_use]
pub fn round_half_up(dividend: u128, divisor: u128) -> u128 {
    (2 * dividend + divisor) / (2 * divisor)
}

/// A share in hundredths of a percent, rounded half up to so many decimals.
#[must_use]
pub fn rounded_share(part: u64, whole: u64, decimals: u8) -> u64 {
    let step: u128 = match decimals {
        0 => 100,
        1 => 10,
        _ => 1,
    };
    let steps = round_half_up(u128::from(part) * 10_000, u128::from(whole).max(1) * step);
    u64::try_from(steps * step).unwrap_or(u64::MAX)
}

/// A share in hundredths of a percent of a total, rounded half up to whole votes.
#[must_use]
pub fn rounded_part(total: u64, share: u64) -> u64 {
    u64::try_from(round_half_up(u128::from(total) * u128::from(share), 10_000)).unwrap_or(u64::MAX)
}

/// How many whole numbers from 0 to `total` are nearest to a multiple of `1/steps` of it; both where two are as near.
#[must_use]
pub fn on_grid(total: u64, steps: u64) -> f64 {
    let mut numbers = BTreeSet::new();
    for step in 0..=steps {
        numbers.extend(nearest(total, step, steps));
    }
    numbers.len() as f64
}

/// The whole numbers nearest to `step` of `steps` parts of the total.
fn nearest(total: u64, step: u64, steps: u64) -> impl Iterator<Item = u128> {
    let (exact, steps) = (u128::from(total) * u128::from(step), u128::from(steps));
    let up = round_half_up(exact, steps);
    // Just half-way: the one below is as near.
    let tie = (2 * exact + steps).is_multiple_of(2 * steps) && up > 0;
    std::iter::once(up).chain(tie.then(|| up - 1))
}

/// Whether a count is nearest to a multiple of `1/steps` of the total.
#[must_use]
pub fn is_on_grid(count: u64, total: u64, steps: u64) -> bool {
    let scaled = u128::from(count) * u128::from(steps);
    let step = round_half_up(scaled, u128::from(total).max(1));
    [step.saturating_sub(1), step, step + 1].into_iter().any(|step| {
        u64::try_from(step)
            .is_ok_and(|step| step <= steps && nearest(total, step, steps).any(|one| one == u128::from(count)))
    })
}

/// Whole numbers whose share of the total rounds half up to the stated percentage, from and to.
fn interval(total: u64, stated: Stated) -> (u64, u64) {
    super::bounds::stations_range(stated, total)
}

/// S05 of the first bulletin that gives some candidates together, with the last as the control.
#[must_use]
pub fn rounding(bulletins: &[Bulletin]) -> Option<Value> {
    let (first, last) = first_and_last(bulletins);
    let first = first.filter(|first| first.all_votes().len() == 3 && first.all_percent().len() == 3)?;
    let total = first.total();
    let votes = first.all_votes();
    let percent = first.all_percent();
    let steps = 1_000_u64;
    let grid = on_grid(total, steps);
    let single = grid / (real(total) + 1.0);
    let all = u128::from(total + 2) * u128::from(total + 1) / 2;
    let matching = triples_on_grid(total, steps);
    let simplex = real(matching) / all as f64;
    let intervals: BTreeMap<&String, [u64; 2]> = percent
        .iter()
        .map(|(id, stated)| {
            let (low, high) = interval(total, *stated);
            (id, [low, high])
        })
        .collect();
    let named: Vec<&String> = first.votes.keys().collect();
    let order: Vec<&String> = {
        // As the bulletin ranks them, the rest last.
        let mut named = named;
        named.sort_by_key(|id| std::cmp::Reverse(votes[*id]));
        named.into_iter().chain(votes.keys().filter(|id| id.as_str() == super::REST)).collect()
    };
    let consistent = consistent_triples(total, [intervals[order[0]], intervals[order[1]], intervals[order[2]]]);
    let shares: Vec<String> = order.iter().map(|id| percent[*id].with_point("_")).collect();
    let product = |id: &str| real(total) * f64::from(percent[id].hundredths) / 10_000.0;
    let exact = |id: &str, votes: u64| {
        let scaled = u128::from(total) * u128::from(percent[id].hundredths);
        round_half_up(scaled, 10_000) == u128::from(votes)
    };
    let mut block = json!({
        "total": total,
        "integers_that_are_exact_grid_0_1pct": crate::number::floor(grid),
        "prob_single_share_uniform": single,
        "prob_two_shares_indep": single * single,
        "grid_triples_total": (steps + 2) * (steps + 1) / 2,
        "grid_triples_whose_roundings_sum_to_N": matching,
        "all_triples": u64::try_from(all).unwrap_or(u64::MAX),
        "prob_uniform_simplex": simplex,
        "inverse": 1.0 / simplex,
        "interval_counts": intervals,
        format!("triples_consistent_with_1decimal_{}", shares.join("_")): consistent,
        "prob_exact_given_1decimal": 1.0 / real(consistent),
        "is_exact": votes.iter().map(|(id, votes)| (id, exact(id, *votes))).collect::<BTreeMap<_, _>>(),
        "residual_votes": votes.iter().map(|(id, votes)| (id, real(*votes) - product(id))).collect::<BTreeMap<_, _>>(),
    });
    if let Some(last) = last {
        block[format!("bulletin{}_control", last.id)] = control(last);
    }
    Some(block)
}

fn control(last: &Bulletin) -> Value {
    let total = last.total();
    let votes = last.all_votes();
    let on =
        |steps: u64| votes.iter().map(|(id, votes)| (id, is_on_grid(*votes, total, steps))).collect::<BTreeMap<_, _>>();
    let fine = on(10_000);
    json!({
        "total": total,
        "on_0_01pct_grid": fine,
        "count_on_grid": fine.values().filter(|on| **on).count(),
        "expected_if_uniform": votes.len() as f64 * on_grid(total, 10_000) / (real(total) + 1.0),
        "on_0_1pct_grid": on(1_000),
    })
}

/// Pairs of steps for which three rounded parts add up to the total.
fn triples_on_grid(total: u64, steps: u64) -> u64 {
    let rounded: Vec<u128> =
        (0..=steps).map(|step| round_half_up(u128::from(total) * u128::from(step), u128::from(steps))).collect();
    let mut matching = 0;
    for one in 0..rounded.len() {
        for two in 0..rounded.len() - one {
            let three = rounded.len() - 1 - one - two;
            matching += u64::from(rounded[one] + rounded[two] + rounded[three] == u128::from(total));
        }
    }
    matching
}

/// Triples of whole numbers that add up to the total, each within its interval.
fn consistent_triples(total: u64, [one, two, three]: [[u64; 2]; 3]) -> u64 {
    (one[0]..=one[1])
        .map(|first| {
            let rest = difference(total, first);
            let low = crate::number::signed(two[0]).max(rest - crate::number::signed(three[1]));
            let high = crate::number::signed(two[1]).min(rest - crate::number::signed(three[0]));
            u64::try_from(high - low + 1).unwrap_or(0)
        })
        .sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_round_half_up_to_the_stated_decimals() {
        for (part, whole, decimals, expected) in [
            (5_150_092, 10_058_774, 1, 5_120),
            (6_408_844, 12_335_884, 2, 5_195),
            (1, 8, 0, 1_300),
            (1, 8, 1, 1_250),
            (1, 200, 0, 100),
            (1, 3, 0, 3_300),
        ] {
            assert_eq!(rounded_share(part, whole, decimals), expected, "{part} of {whole}");
        }
        assert_eq!(rounded_part(10_058_774, 5_120), 5_150_092);
    }

    #[test]
    fn half_way_both_neighbours_are_on_the_grid() {
        // Of 5, in halves: 0, 2.5 (2 and 3), 5.
        assert!((on_grid(5, 2) - 4.0).abs() < f64::EPSILON);
        assert!([0, 2, 3, 5].into_iter().all(|count| is_on_grid(count, 5, 2)));
        assert!([1, 4].into_iter().all(|count| !is_on_grid(count, 5, 2)));
    }

    #[test]
    fn triples_by_trying_all() {
        let (total, steps) = (37_u64, 10_u64);
        let by_hand = (0..=steps)
            .flat_map(|one| (0..=steps - one).map(move |two| [one, two, steps - one - two]))
            .filter(|parts| {
                parts.iter().map(|part| round_half_up(u128::from(total * part), u128::from(steps))).sum::<u128>()
                    == u128::from(total)
            })
            .count();
        assert_eq!(triples_on_grid(total, steps), by_hand as u64);
        let intervals = [[10, 14], [8, 12], [12, 18]];
        let mut counted = 0;
        for one in 10..=14 {
            for two in 8..=12 {
                counted += u64::from((12..=18).contains(&(37 - one - two)));
            }
        }
        assert_eq!(consistent_triples(total, intervals), counted);
    }
}
