//! The digits of counts (S10, S11).
//!
//! People who make numbers up avoid repeated digits and favour some; a count of ballots has no reason to. The power is
//! low, and the last digit is tested *unfiltered*: leaving out small numbers breaks the even spread by itself, as the
//! simulation with this election's own stations shows. Second digits are shown as a lesson only.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::chance::Chance;
use crate::mathematics::binomial::two_sided;
use crate::mathematics::describe::{mean, quantile};
use crate::mathematics::gamma::chi_squared_tail;
use crate::number::real;
use crate::report::Progress;
use crate::sheets::Sheets;
use crate::simulated::Model;

/// Last digits of the numbers from `min_value` on, against an even spread.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LastDigit {
    /// Smaller numbers are left out.
    pub min_value: u64,
    /// Numbers.
    pub n: u64,
    /// How many end in 0, 1 and so on.
    pub counts: [u64; 10],
    /// Pearson's χ².
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: u64,
    /// The chance of so much under an even spread.
    pub p: f64,
}

/// How often the last two digits are equal.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Doublets {
    /// Smaller numbers are left out.
    pub min_value: u64,
    /// Numbers.
    pub n: u64,
    /// Of them with equal last digits.
    pub equal_last_two: u64,
    /// Their share; a tenth is expected.
    pub share: f64,
    /// In standard deviations from a tenth.
    pub z: f64,
    /// Exact binomial test.
    pub p_two_sided: f64,
}

/// How often the last two digits are neighbours on a circle of ten.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Adjacent {
    /// Numbers of 100 and more.
    pub n: u64,
    /// Of them with neighbours.
    pub adjacent_cyclic: u64,
    /// Their share.
    pub share: f64,
    /// A fifth.
    pub expected: f64,
    /// Exact binomial test.
    pub p_two_sided: f64,
}

/// S10 for one column of numbers.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Digits {
    /// Numbers from 100 on.
    pub ge100: LastDigit,
    /// Numbers from 50 on.
    pub ge50: LastDigit,
    /// All numbers: the one that is tested.
    pub all: LastDigit,
    /// Numbers from 100 on.
    pub doublets_ge100: Doublets,
    /// Numbers from 100 on.
    pub adjacent_ge100: Adjacent,
}

/// Pearson's χ² of counts against expected shares.
fn chi_squared(counts: &[u64; 10], shares: &[f64; 10]) -> f64 {
    let n = real(counts.iter().sum());
    counts.iter().zip(shares).map(|(count, share)| (real(*count) - n * share).powi(2) / (n * share)).sum()
}

fn digit(number: u64) -> usize {
    usize::try_from(number % 10).unwrap_or(0)
}

fn counts(numbers: impl Iterator<Item = u64>, digit: impl Fn(u64) -> usize) -> [u64; 10] {
    let mut counts = [0; 10];
    numbers.for_each(|number| counts[digit(number)] += 1);
    counts
}

/// Last digits of numbers from `min_value` on.
#[must_use]
pub fn last_digit(numbers: &[u64], min_value: u64) -> LastDigit {
    let counts = counts(numbers.iter().copied().filter(|number| *number >= min_value), digit);
    let chi2 = chi_squared(&counts, &[0.1; 10]);
    LastDigit { min_value, n: counts.iter().sum(), counts, chi2, df: 9, p: chi_squared_tail(chi2, 9) }
}

/// χ² of the second significant digit of numbers from 10 on, against Benford's law.
#[must_use]
pub fn second_digit(numbers: impl Iterator<Item = u64>) -> f64 {
    let second = |number: u64| {
        let mut number = number;
        while number >= 100 {
            number /= 10;
        }
        digit(number)
    };
    let mut shares = [0.0; 10];
    for (digit, share) in shares.iter_mut().enumerate() {
        *share = (1..10_u32).map(|first| (1.0 / (f64::from(first) * 10.0 + digit as f64)).ln_1p()).sum::<f64>()
            / std::f64::consts::LN_10;
    }
    chi_squared(&counts(numbers.filter(|number| *number >= 10), second), &shares)
}

/// S10 of one column.
#[must_use]
pub fn digits(numbers: &[u64]) -> Digits {
    let large: Vec<u64> = numbers.iter().copied().filter(|number| *number >= 100).collect();
    let n = large.len() as u64;
    let matching = |is: &dyn Fn(u64, u64) -> bool| {
        large.iter().filter(|number| is(*number / 10 % 10, *number % 10)).count() as u64
    };
    let equal = matching(&|tens, ones| tens == ones);
    let adjacent = matching(&|tens, ones| (tens + 1) % 10 == ones || (ones + 1) % 10 == tens);
    Digits {
        ge100: last_digit(numbers, 100),
        ge50: last_digit(numbers, 50),
        all: last_digit(numbers, 0),
        doublets_ge100: Doublets {
            min_value: 100,
            n,
            equal_last_two: equal,
            share: real(equal) / real(n),
            z: (real(equal) - 0.1 * real(n)) / (0.09 * real(n)).sqrt(),
            p_two_sided: two_sided(equal, n, 0.1),
        },
        adjacent_ge100: Adjacent {
            n,
            adjacent_cyclic: adjacent,
            share: real(adjacent) / real(n),
            expected: 0.2,
            p_two_sided: two_sided(adjacent, n, 0.2),
        },
    }
}

/// What simulated elections with the same stations give.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Calibrated {
    /// χ² of the last digit, on average; 9 if the spread is even.
    pub chi2_mean: f64,
    /// Only one in forty is above.
    pub q975: f64,
    /// The share of simulations with at least as much as the sheets, these included.
    pub p_mc: f64,
}

/// Simulated elections for S10 and S11.
pub const SIMULATIONS: u64 = 300;

/// S10's calibration for leader and runner-up, and S11's p-values: by candidate id.
#[derive(Debug, Clone, PartialEq)]
pub struct Calibration {
    /// Last digits.
    pub last: BTreeMap<String, Calibrated>,
    /// Second digits: χ² on the sheets, and the share of simulations with at least as much.
    pub second: BTreeMap<String, (f64, f64)>,
}

/// Simulates elections in which every station has the turnout and the shares of its polling place.
pub fn calibrate(sheets: &Sheets, chance: &mut Chance, progress: &Progress<'_>) -> Option<Calibration> {
    let model = Model::of(sheets)?;
    let columns = [sheets.leader, sheets.runner_up];
    let seen = columns.map(|candidate| sheets.rows.iter().map(|row| row.votes[candidate]).collect::<Vec<u64>>());
    let last_seen = [0, 1].map(|at| last_digit(&seen[at], 0).chi2);
    let second_seen = [0, 1].map(|at| second_digit(seen[at].iter().copied()));
    let mut last: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    let mut second: [Vec<f64>; 2] = [Vec::new(), Vec::new()];
    for simulation in 0..SIMULATIONS {
        let drawn = model.two_candidates(chance);
        for (at, numbers) in drawn.iter().enumerate() {
            last[at].push(last_digit(numbers, 0).chi2);
            second[at].push(second_digit(numbers.iter().copied()));
        }
        progress.step(simulation + 1, SIMULATIONS);
    }
    let p_value = |simulated: &[f64], seen: f64| {
        let as_much = simulated.iter().filter(|value| **value >= seen).count() as u64;
        real(1 + as_much) / real(SIMULATIONS + 1)
    };
    let id = |at: usize| sheets.candidates[columns[at]].clone();
    let calibrated = |at: usize| {
        let mut sorted = last[at].clone();
        sorted.sort_by(f64::total_cmp);
        Calibrated { chi2_mean: mean(&sorted), q975: quantile(&sorted, 0.975), p_mc: p_value(&last[at], last_seen[at]) }
    };
    Some(Calibration {
        last: [0, 1].map(|at| (id(at), calibrated(at))).into(),
        second: [0, 1].map(|at| (id(at), (second_seen[at], p_value(&second[at], second_seen[at])))).into(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_counted_where_they_stand() {
        let numbers = [7, 10, 55, 100, 111, 120, 190, 199, 233];
        let found = digits(&numbers);
        assert_eq!(found.all.counts, [4, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
        assert_eq!((found.ge50.n, found.ge100.n), (7, 6));
        // 100, 111, 199, 233 repeat; 190 goes round from 9 to 0; 120 has neither.
        assert_eq!(found.doublets_ge100.equal_last_two, 4);
        assert_eq!(found.adjacent_ge100.adjacent_cyclic, 1);
    }

    #[test]
    fn an_even_spread_has_no_chi_squared_and_benford_is_not_even() {
        let even: Vec<u64> = (0..1_000).collect();
        assert!(last_digit(&even, 0).chi2.abs() < 1e-9);
        assert!(second_digit(10..100) > 0.5);
        // Numbers that grow by one thousandth follow Benford's law.
        let growing = (0..30_000_u32).map(|step| crate::number::floor(1e6 * 1.000_23_f64.powi(step.cast_signed())));
        assert!(second_digit(growing) < 1.0);
    }
}
