//! Betting on the mean of a list (S25): tests whose risk holds however often one looks.
//!
//! The list holds numbers from 0 to `upper`; the null hypothesis is that their mean is at most `mean`. Each draw
//! multiplies a fortune by a fair or losing bet if that is true, so that a large fortune is evidence against it: the
//! chance that it ever grows to 1/p is at most p. ALPHA: P. B. Stark, "ALPHA: Audit that learns from previously
//! hand-audited ballots" (2022). Bets: I. Waudby-Smith and A. Ramdas, "Estimating means of bounded random variables by
//! betting" (2023). Kaplan's tests: as in P. B. Stark, "Sets of half-average nulls generate risk-limiting audits" (2020).

use crate::number::{real, sum};

/// What is tested.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Null {
    /// The mean of the list is at most this.
    pub mean: f64,
    /// No number is above this.
    pub upper: f64,
    /// How long the list is, for draws without replacement; `None` for draws with replacement.
    pub population: Option<u64>,
}

/// How a test bets.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Method {
    /// ALPHA with a fixed idea of the mean of the whole list.
    AlphaFixed {
        /// The idea.
        eta: f64,
    },
    /// ALPHA with an idea that is drawn towards what was seen.
    AlphaShrink {
        /// The first idea.
        eta: f64,
        /// How far above the null it stays at least.
        c: f64,
        /// How many draws the first idea weighs.
        d: f64,
    },
    /// A fixed part of the fortune on every draw.
    BetFixed {
        /// The part.
        lambda: f64,
    },
    /// The approximately growth-optimal bet for what was seen so far.
    BetAgrapa {
        /// The first bet.
        lambda: f64,
    },
    /// Kaplan and Wald: a part `g` of the fortune is never at stake.
    KaplanWald {
        /// The part.
        g: f64,
    },
    /// Kaplan and Markov.
    KaplanMarkov {
        /// Added to every number, so that a 0 does not end it.
        g: f64,
    },
    /// Kaplan and Kolmogorov, for draws without replacement.
    KaplanKolmogorov {
        /// As with Kaplan and Markov.
        g: f64,
    },
}

/// The outcome of a test.
#[derive(Debug, Clone, PartialEq)]
pub struct Test {
    /// The smallest p-value of the history.
    pub p: f64,
    /// After each draw.
    pub history: Vec<f64>,
}

impl Test {
    /// The p-value after so many draws.
    #[must_use]
    pub fn after(&self, draws: usize) -> Option<f64> {
        self.history.get(draws.checked_sub(1)?).copied()
    }

    /// The first number of draws after which the p-value is at most this.
    #[must_use]
    pub fn first_at_most(&self, risk: f64) -> Option<usize> {
        self.history.iter().position(|p| *p <= risk).map(|at| at + 1)
    }
}

const EPSILON: f64 = f64::EPSILON;

impl Null {
    /// What the mean of the numbers still in the list is at most before each draw, if the null is true, for any mean.
    fn means(&self, mean: f64, drawn: &[f64]) -> Vec<f64> {
        let Some(population) = self.population else { return vec![mean; drawn.len()] };
        let mut seen = 0.0;
        let before = drawn.iter().enumerate().map(|(at, one)| {
            let left = (real(population) * mean - seen) / (real(population) - at as f64);
            seen += one;
            left
        });
        before.collect()
    }

    /// Tests the null on numbers in the order in which they were drawn.
    #[must_use]
    pub fn test(&self, method: Method, drawn: &[f64]) -> Test {
        let upper = self.upper;
        match method {
            Method::AlphaFixed { eta } => {
                let ideas = self.means(eta, drawn);
                self.martingale(drawn, |at, one, mean| alpha(one, mean, ideas[at], upper))
            }
            Method::AlphaShrink { eta, c, d } => {
                let means = self.means(self.mean, drawn);
                let mut seen = 0.0;
                let ideas: Vec<f64> = drawn
                    .iter()
                    .enumerate()
                    .map(|(at, one)| {
                        let weight = d + at as f64;
                        let idea = (d * eta + seen) / weight;
                        seen += one;
                        idea.max(means[at] + c / weight.sqrt()).min(upper * (1.0 - EPSILON))
                    })
                    .collect();
                self.martingale(drawn, |at, one, mean| alpha(one, mean, ideas[at], upper))
            }
            Method::BetFixed { lambda } => self.martingale(drawn, |_, one, mean| 1.0 + lambda * (one - mean)),
            Method::BetAgrapa { lambda } => {
                let bets = self.agrapa(lambda, drawn);
                self.martingale(drawn, |at, one, mean| 1.0 + bets[at] * (one - mean))
            }
            Method::KaplanWald { g } => Test::of(drawn.iter().scan(1.0, |fortune, one| {
                *fortune *= (1.0 - g) * one / self.mean + g;
                Some(*fortune)
            })),
            Method::KaplanMarkov { g } => Test::of(drawn.iter().scan(1.0, |fortune, one| {
                *fortune *= (one + g) / (self.mean + g);
                Some(*fortune)
            })),
            Method::KaplanKolmogorov { g } => {
                let shifted: Vec<f64> = drawn.iter().map(|one| one + g).collect();
                let means = self.means(self.mean + g, &shifted);
                Test::of(shifted.iter().zip(&means).scan(1.0, |fortune, (one, mean)| {
                    *fortune = if *mean < 0.0 { f64::INFINITY } else { *fortune * (one / mean) };
                    Some(*fortune)
                }))
            }
        }
    }

    fn martingale(&self, drawn: &[f64], factor: impl Fn(usize, f64, f64) -> f64) -> Test {
        let close = |one: f64, other: f64| (one - other).abs() <= 1e-8 + 1e-5 * other.abs();
        let means = self.means(self.mean, drawn);
        let mut fortune = 1.0;
        let mut fortunes: Vec<f64> = Vec::with_capacity(drawn.len());
        for (at, (one, mean)) in drawn.iter().zip(&means).enumerate() {
            fortune *= factor(at, *one, *mean);
            fortunes.push(if *mean < 0.0 {
                // More was seen than the null allows in the whole list.
                f64::INFINITY
            } else if *mean > self.upper {
                0.0
            } else if close(0.0, *mean) || close(self.upper, *mean) {
                1.0
            } else {
                fortune
            });
        }
        if let (Some(last), Some(population)) = (fortunes.last_mut(), self.population)
            && sum(drawn.iter().copied()) > real(population) * self.mean
        {
            *last = f64::INFINITY;
        }
        Test::of(fortunes.into_iter())
    }

    fn agrapa(&self, first: f64, drawn: &[f64]) -> Vec<f64> {
        let means = self.means(self.mean, drawn);
        let (mut mean, mut squares) = (0.0, 0.0);
        let mut next = first;
        let mut bets = Vec::with_capacity(drawn.len());
        for (at, one) in drawn.iter().enumerate() {
            let most = (1.0 - EPSILON) / means[at];
            bets.push(next.min(most).max(0.0));
            let count = at as f64 + 1.0;
            let step = one - mean;
            mean += step / count;
            squares += step * (one - mean);
            let away = mean - means[at];
            let bet = away / (squares / count + away * away);
            next = if bet.is_nan() { 0.0 } else { bet };
        }
        bets
    }
}

fn alpha(one: f64, mean: f64, idea: f64, upper: f64) -> f64 {
    (one * idea / mean + (upper - one) * (upper - idea) / (upper - mean)) / upper
}

impl Test {
    fn of(fortunes: impl Iterator<Item = f64>) -> Self {
        let history: Vec<f64> = fortunes.map(|fortune| (1.0 / fortune).min(1.0)).collect();
        Self { p: history.iter().copied().fold(1.0, f64::min), history }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HALF: Null = Null { mean: 0.5, upper: 1.0, population: None };

    #[test]
    fn small_cases_by_hand() {
        // (x·η/m + (1−x)(1−η)/(1−m)) with η = 0.6, m = 0.5: 1.2 for a 1, 0.8 for a 0.
        let test = HALF.test(Method::AlphaFixed { eta: 0.6 }, &[1.0, 1.0, 0.0, 1.0]);
        for (found, expected) in test.history.iter().zip([1.0 / 1.2, 1.0 / 1.44, 1.0 / 1.152, 1.0 / 1.382_4]) {
            assert!((found - expected).abs() < 1e-12);
        }
        assert!((test.p - 1.0 / 1.44).abs() < 1e-12);
        assert_eq!((test.first_at_most(0.7), test.first_at_most(0.1), test.after(0)), (Some(2), None, None));
        let test = HALF.test(Method::BetFixed { lambda: 0.5 }, &[1.0, 0.0]);
        assert!(
            (test.history[0] - 1.0 / 1.25).abs() < 1e-12
                && (test.history[1] - 1.0_f64.min(1.0 / (1.25 * 0.75))).abs() < 1e-12
        );
        let test = HALF.test(Method::KaplanWald { g: 0.1 }, &[1.0, 0.5]);
        assert!((test.history[0] - 1.0 / 1.9).abs() < 1e-12 && (test.history[1] - 1.0 / 1.9).abs() < 1e-12);
        let test = HALF.test(Method::KaplanMarkov { g: 0.1 }, &[1.0]);
        assert!((test.p - 0.6 / 1.1).abs() < 1e-12);
    }

    /// Eight draws from a list of twenty, with every step of every test worked out beforehand in exact fractions.
    #[test]
    fn a_short_list_gives_each_test_its_exact_history() {
        let drawn = [1.0, 0.0, 0.75, 1.0, 0.5, 1.0, 0.25, 1.0];
        let null = Null { population: Some(20), ..HALF };
        let table: [(Method, [f64; 8]); 6] = [
            (
                Method::AlphaFixed { eta: 0.6 },
                [
                    0.833_333_333_333_333,
                    1.0,
                    0.9375,
                    0.754_573_170_731_707,
                    0.737_143_184_112_303,
                    0.568_653_313_458_062,
                    0.628_250_167_270_261,
                    0.460_716_789_331_525,
                ],
            ),
            (
                Method::AlphaShrink { eta: 0.6, c: 0.05, d: 100.0 },
                [
                    0.833_333_333_333_333,
                    1.0,
                    1.0,
                    0.816_420_637_880_125,
                    0.793_859_271_689_628,
                    0.593_041_116_005_295,
                    0.681_471_276_417_431,
                    0.478_289_619_763_457,
                ],
            ),
            (
                Method::BetFixed { lambda: 0.5 },
                [
                    0.8,
                    1.0,
                    0.931_800_766_283_525,
                    0.741_081_311_196_254,
                    0.724_109_983_458_935,
                    0.567_929_398_791_322,
                    0.617_554_297_714_835,
                    0.479_295_872_853_305,
                ],
            ),
            (
                Method::KaplanWald { g: 0.1 },
                [0.526_315_789_473_684, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 0.962_176_852_002_214],
            ),
            (
                Method::KaplanMarkov { g: 0.1 },
                [0.545_454_545_454_545, 1.0, 1.0, 1.0, 1.0, 0.687_320_457_860_079, 1.0, 0.642_689_259_297_736],
            ),
            (
                Method::KaplanKolmogorov { g: 0.1 },
                [
                    0.545_454_545_454_545,
                    1.0,
                    1.0,
                    1.0,
                    1.0,
                    0.541_735_508_969_599,
                    0.790_491_610_027_067,
                    0.375_898_108_264_619,
                ],
            ),
        ];
        for (method, expected) in table {
            let test = null.test(method, &drawn);
            assert_eq!(test.history.len(), expected.len());
            for (found, expected) in test.history.iter().zip(expected) {
                assert!((found - expected).abs() < 1e-12, "{method:?}: {found} is not {expected}");
            }
            let least = expected.iter().copied().fold(1.0, f64::min);
            assert!((test.p - least).abs() < 1e-12, "{method:?}: p is the smallest of its history");
        }
    }

    /// The cases that the authors of SHANGRLA publish for two of Kaplan's tests: five ones, and then a zero.
    #[test]
    fn the_published_cases_of_kaplans_tests() {
        let ones = [1.0; 5];
        let then_zero = [1.0, 1.0, 1.0, 1.0, 1.0, 0.0];
        let table: [(Method, &[f64], f64); 4] = [
            (Method::KaplanMarkov { g: 0.0 }, &ones, 0.5_f64.powi(5)),
            (Method::KaplanMarkov { g: 0.1 }, &then_zero, (1.1_f64 / 0.6).powi(-5)),
            (Method::KaplanWald { g: 0.0 }, &ones, 0.5_f64.powi(5)),
            (Method::KaplanWald { g: 0.1 }, &then_zero, 1.9_f64.powi(-5)),
        ];
        for (method, drawn, expected) in table {
            assert!((HALF.test(method, drawn).p - expected).abs() < 1e-15, "{method:?}");
        }
    }

    #[test]
    fn a_list_that_was_seen_to_the_point_of_certainty_has_p_0() {
        let null = Null { population: Some(4), ..HALF };
        for method in
            [Method::AlphaFixed { eta: 0.7 }, Method::BetFixed { lambda: 0.5 }, Method::BetAgrapa { lambda: 0.5 }]
        {
            assert!(
                null.test(method, &[1.0, 1.0, 1.0]).p.abs() < 1e-300,
                "{method:?}: three of four are 1, the mean is above a half"
            );
        }
    }

    /// Under the null the chance of ever reaching p ≤ 0.1 is at most 0.1: all 2¹⁰ samples with replacement, counted.
    #[test]
    fn the_risk_holds_over_all_samples() {
        for method in [
            Method::AlphaFixed { eta: 0.6 },
            Method::AlphaShrink { eta: 0.6, c: 0.05, d: 10.0 },
            Method::BetFixed { lambda: 0.7 },
            Method::BetAgrapa { lambda: 0.5 },
            Method::KaplanWald { g: 0.1 },
            Method::KaplanMarkov { g: 0.1 },
        ] {
            let reached = (0..1024_u32).filter(|bits| {
                let sample: Vec<f64> = (0..10).map(|bit| f64::from(bits >> bit & 1)).collect();
                HALF.test(method, &sample).p <= 0.1
            });
            assert!(reached.count() <= 102, "{method:?}");
        }
    }

    /// As above, drawing all ten of a list with five ones, so that the null is just true: all orders, counted.
    #[test]
    fn the_risk_holds_over_all_orders_of_a_whole_list() {
        let null = Null { population: Some(10), ..HALF };
        for method in [
            Method::AlphaFixed { eta: 0.6 },
            Method::BetFixed { lambda: 0.7 },
            Method::KaplanKolmogorov { g: 0.0 },
            Method::KaplanKolmogorov { g: 0.1 },
        ] {
            let orders = (0..1024_u32).filter(|bits| bits.count_ones() == 5);
            let reached = orders.filter(|bits| {
                let sample: Vec<f64> = (0..10).map(|bit| f64::from(bits >> bit & 1)).collect();
                null.test(method, &sample).p <= 0.1
            });
            assert!(reached.count() <= 25, "{method:?}");
        }
    }
}
