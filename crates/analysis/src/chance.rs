//! Random numbers for simulations: the same seed gives the same numbers on every machine.
//!
//! The generator is xoshiro256++ (D. Blackman and S. Vigna, 2019), seeded by splitmix64. Binomial numbers come from
//! Hörmann's transformed rejection (BTRS, 1993) where many are expected, and by inversion where few are.

/// A stream of random numbers.
#[derive(Debug, Clone)]
pub struct Chance([u64; 4]);

impl Chance {
    /// The stream of a seed; `screen` gives every screen a stream of its own, so that leaving one out changes no other.
    #[must_use]
    pub fn new(seed: u64, screen: u64) -> Self {
        let mut state = seed ^ screen.wrapping_mul(0xd134_2543_de82_ef95);
        let mut next = || {
            state = state.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state ^ state >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
            mixed ^ mixed >> 31
        };
        Self([next(), next(), next(), next()])
    }

    fn bits(&mut self) -> u64 {
        let Self(state) = self;
        let result = state[0].wrapping_add(state[3]).rotate_left(23).wrapping_add(state[0]);
        let shifted = state[1] << 17;
        state[2] ^= state[0];
        state[3] ^= state[1];
        state[1] ^= state[2];
        state[0] ^= state[3];
        state[2] ^= shifted;
        state[3] = state[3].rotate_left(45);
        result
    }

    /// From 0 up to 1.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / 9_007_199_254_740_992.0
    }

    /// From 0 up to the bound, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        // The bias is below bound / 2^64.
        let wide = (u128::from(self.bits()) * u128::from(bound)) >> 64;
        u64::try_from(wide).unwrap_or(0)
    }

    /// Successes in `trials` with this chance each.
    pub fn binomial(&mut self, trials: u64, chance: f64) -> u64 {
        if chance > 0.5 {
            return trials - self.rare(trials, 1.0 - chance);
        }
        self.rare(trials, chance)
    }

    fn rare(&mut self, trials: u64, chance: f64) -> u64 {
        if trials == 0 || chance <= 0.0 {
            0
        } else if trials as f64 * chance < 10.0 {
            self.inverted(trials, chance)
        } else {
            self.rejected(trials, chance)
        }
    }

    /// Walks up the distribution until it passes a random number.
    fn inverted(&mut self, trials: u64, chance: f64) -> u64 {
        let odds = chance / (1.0 - chance);
        let none = ((trials as f64) * (-chance).ln_1p()).exp();
        let mut left = self.fraction();
        let (mut successes, mut likely) = (0, none);
        while left >= likely && successes < trials {
            left -= likely;
            likely *= odds * (trials - successes) as f64 / (successes + 1) as f64;
            successes += 1;
        }
        successes
    }

    fn rejected(&mut self, trials: u64, chance: f64) -> u64 {
        let count = trials as f64;
        let spread = (count * chance * (1.0 - chance)).sqrt();
        let b = 1.15 + 2.53 * spread;
        let a = -0.0873 + 0.0248 * b + 0.01 * chance;
        let centre = count * chance + 0.5;
        let tight = 0.92 - 4.2 / b;
        let odds = chance / (1.0 - chance);
        let alpha = (2.83 + 5.1 / b) * spread;
        let mode = ((count + 1.0) * chance).floor();
        loop {
            let u = self.fraction() - 0.5;
            let v = self.fraction();
            let us = 0.5 - u.abs();
            let k = ((2.0 * a / us + b) * u + centre).floor();
            if us >= 0.07 && v <= tight {
                return crate::number::floor(k);
            }
            if k < 0.0 || k > count {
                continue;
            }
            let v = (v * alpha / (a / (us * us) + b)).ln();
            let limit = (mode + 0.5) * ((mode + 1.0) / (odds * (count - mode + 1.0))).ln()
                + (count + 1.0) * ((count - mode + 1.0) / (count - k + 1.0)).ln()
                + (k + 0.5) * (odds * (count - k + 1.0) / (k + 1.0)).ln()
                + stirling(mode)
                + stirling(count - mode)
                - stirling(k)
                - stirling(count - k);
            if v <= limit {
                return crate::number::floor(k);
            }
        }
    }
}

/// What Stirling's formula lacks of ln k!.
fn stirling(k: f64) -> f64 {
    const SMALL: [f64; 10] = [
        0.081_061_466_795_327_26,
        0.041_340_695_955_409_29,
        0.027_677_925_684_998_34,
        0.020_790_672_103_765_093,
        0.016_644_691_189_821_193,
        0.013_876_128_823_070_748,
        0.011_896_709_945_891_77,
        0.010_411_265_261_972_096,
        0.009_255_462_182_712_733,
        0.008_330_563_433_362_87,
    ];
    if k < 10.0 {
        return usize::try_from(crate::number::floor(k)).ok().and_then(|at| SMALL.get(at)).copied().unwrap_or(0.0);
    }
    let inverse = 1.0 / ((k + 1.0) * (k + 1.0));
    (1.0 / 12.0 - (1.0 / 360.0 - inverse / 1_260.0) * inverse) / (k + 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mathematics::binomial::Factorials;

    #[test]
    fn a_seed_gives_the_same_stream_and_every_screen_another() {
        let stream = |seed, screen| {
            let mut chance = Chance::new(seed, screen);
            [chance.below(1_000), chance.below(1_000), chance.below(1_000)]
        };
        assert_eq!(stream(1, 1), stream(1, 1));
        assert_ne!(stream(1, 1), stream(1, 2));
        assert_ne!(stream(1, 1), stream(2, 1));
    }

    /// Drawn numbers fall on every outcome as often as the formula says, for inversion, rejection and mirrored chances.
    #[test]
    fn binomial_numbers_follow_their_distribution() {
        for (trials, chance) in [(20, 0.1), (50, 0.95), (60, 0.4), (700, 0.6), (400, 0.03)] {
            let (mut stream, draws) = (Chance::new(7, trials), 200_000);
            let mut seen = vec![0_u32; usize::try_from(trials).unwrap() + 1];
            for _ in 0..draws {
                seen[usize::try_from(stream.binomial(trials, chance)).unwrap()] += 1;
            }
            let factorials = Factorials::up_to(trials);
            let (mut chi, mut cells, mut rest) = (0.0, 0_u32, (0.0, 0.0));
            for (outcome, seen) in (0..).zip(seen) {
                let expected = f64::from(draws) * factorials.binomial(outcome, trials, chance);
                if expected < 10.0 {
                    rest = (rest.0 + expected, rest.1 + f64::from(seen));
                } else {
                    chi += (f64::from(seen) - expected).powi(2) / expected;
                    cells += 1;
                }
            }
            chi += (rest.1 - rest.0).powi(2) / rest.0.max(1.0);
            // Seven standard deviations of a χ².
            let limit = f64::from(cells) + 7.0 * (2.0 * f64::from(cells)).sqrt();
            assert!(chi < limit, "{trials} × {chance}: χ² {chi} over {cells} outcomes");
        }
    }
}
