//! How many sheets must be looked at, without finding a bad one, to say something about the rest? (S24)
//!
//! Of `population` sheets `bad` are bad; the chance that a sample of `sample` without replacement holds none of them is
//! hypergeometric.

/// The chance of meeting no bad sheet.
#[must_use]
pub fn chance_of_none(population: u64, bad: u64, sample: u64) -> f64 {
    if bad + sample > population {
        return if bad == 0 { 1.0 } else { 0.0 };
    }
    // Of the two equal products the shorter.
    let (few, many) = (bad.min(sample), bad.max(sample));
    (0..few).map(|at| (population - many - at) as f64 / (population - at) as f64).product()
}

/// The smallest sample that would have met one of `bad` bad sheets but for a chance of at most `risk`.
#[must_use]
pub fn sample_size(population: u64, bad: u64, risk: f64) -> Option<u64> {
    (bad > 0 && bad <= population)
        .then(|| smallest(0, population, |sample| chance_of_none(population, bad, sample) <= risk))
}

/// The most bad sheets there can be, at this risk, when a sample met none.
#[must_use]
pub fn most_bad(population: u64, sample: u64, risk: f64) -> u64 {
    smallest(0, population + 1, |bad| chance_of_none(population, bad, sample) <= risk).saturating_sub(1)
}

/// The smallest number from `low` to `high` for which something holds that holds for all above it.
fn smallest(mut low: u64, mut high: u64, holds: impl Fn(u64) -> bool) -> u64 {
    while low < high {
        let middle = low.midpoint(high);
        if holds(middle) {
            high = middle;
        } else {
            low = middle + 1;
        }
    }
    low
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_cases_by_counting() {
        assert!((chance_of_none(10, 3, 2) - 7.0 * 6.0 / (10.0 * 9.0)).abs() < 1e-15);
        assert_eq!(sample_size(10, 10, 0.05), Some(1));
        assert_eq!(sample_size(100, 1, 0.05), Some(95));
        assert_eq!(sample_size(100, 0, 0.05), None);
        assert_eq!(most_bad(10, 10, 0.05), 0);
        for (sample, risk) in [(5, 0.05), (20, 0.1), (59, 0.05)] {
            let most = most_bad(200, sample, risk);
            assert!(chance_of_none(200, most, sample) > risk && chance_of_none(200, most + 1, sample) <= risk);
        }
    }
}
