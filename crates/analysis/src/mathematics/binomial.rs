//! Binomial chances, and the exact two-sided test.

use super::gamma::ln_gamma;

/// Logarithms of factorials up to a largest number, so that a chance costs three look-ups.
#[derive(Debug, Clone)]
pub struct Factorials(Vec<f64>);

impl Factorials {
    /// For numbers up to this.
    #[must_use]
    pub fn up_to(largest: u64) -> Self {
        Self((0..=largest).map(|number| ln_gamma(number as f64 + 1.0)).collect())
    }

    fn at(&self, number: u64) -> f64 {
        let known = usize::try_from(number).ok().and_then(|number| self.0.get(number));
        known.copied().unwrap_or_else(|| ln_gamma(number as f64 + 1.0))
    }

    /// The chance of exactly `successes` in `trials`.
    #[must_use]
    pub fn binomial(&self, successes: u64, trials: u64, chance: f64) -> f64 {
        if successes > trials {
            return 0.0;
        }
        if chance <= 0.0 || chance >= 1.0 {
            let certain = if chance <= 0.0 { 0 } else { trials };
            return if successes == certain { 1.0 } else { 0.0 };
        }
        let failures = trials - successes;
        (self.at(trials) - self.at(successes) - self.at(failures)
            + successes as f64 * chance.ln()
            + failures as f64 * (-chance).ln_1p())
        .exp()
    }
}

/// The exact two-sided test: the chance of every outcome that is at most as likely as this one.
#[must_use]
pub fn two_sided(successes: u64, trials: u64, chance: f64) -> f64 {
    let factorials = Factorials::up_to(trials);
    // As likely up to rounding counts as as likely.
    let limit = factorials.binomial(successes, trials, chance) * (1.0 + 1e-7);
    let tail: f64 = (0..=trials)
        .map(|outcome| factorials.binomial(outcome, trials, chance))
        .filter(|likely| *likely <= limit)
        .sum();
    tail.min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from scipy 1.17.
    #[test]
    fn chances_and_tests() {
        let factorials = Factorials::up_to(1_000);
        assert!((factorials.binomial(400, 700, 0.6) / 0.009_342_468_967_751_857 - 1.0).abs() < 1e-10);
        assert!((factorials.binomial(0, 50, 0.3) / 1.798_465_042_647_397_8e-8 - 1.0).abs() < 1e-10);
        assert!((factorials.binomial(5, 5, 1.0) - 1.0).abs() < f64::EPSILON && factorials.binomial(6, 5, 0.5) == 0.0);
        for (successes, trials, chance, expected) in TWO_SIDED {
            let found = two_sided(successes, trials, chance);
            assert!((found / expected - 1.0).abs() < 1e-9, "{found} {expected}");
        }
    }

    const TWO_SIDED: [(u64, u64, f64, f64); 4] = [
        (3, 10, 0.1, 0.070_190_826_4),
        (2_500, 24_532, 0.1, 0.317_194_737_729_948_55),
        (7, 20, 0.2, 0.098_221_728_613_468_81),
        (2_453, 24_532, 0.1, 1.0),
    ];
}
