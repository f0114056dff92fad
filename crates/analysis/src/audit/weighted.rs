//! Drawing with unequal chances, as the audit program Arlo does it with numpy's generator.
//!
//! The draw is not portable by nature: it depends on numpy's `SeedSequence` and PCG64 (M. O'Neill, "PCG" (2014)), which
//! are written out here so that a sample that was drawn there can be drawn again here.

use sha2::{Digest, Sha256};

/// numpy's `default_rng` of a whole number of 256 bits: the SHA-256 of a seed.
#[derive(Debug, Clone)]
pub struct NumpyRandom {
    state: u128,
    increment: u128,
}

const MULTIPLIER: u128 = 0x2360_ed05_1fc6_5da4_4385_df64_9fcc_f645;

impl NumpyRandom {
    /// The generator that belongs to this public seed.
    #[must_use]
    pub fn of_seed(seed: &str) -> Self {
        let digest = Sha256::digest(seed);
        // The number's words, least significant first, without leading zeros.
        let mut words: Vec<u32> =
            digest.rchunks(4).map(|chunk| chunk.iter().fold(0, |word, byte| word << 8 | u32::from(*byte))).collect();
        while words.len() > 1 && words.last() == Some(&0) {
            words.pop();
        }
        Self::of_words(&words)
    }

    fn of_words(words: &[u32]) -> Self {
        let state = generate(mix(words));
        let pair = |at: usize| u128::from(state[at]) << 64 | u128::from(state[at + 1]);
        let mut random = Self { state: 0, increment: pair(2) << 1 | 1 };
        random.step();
        random.state = random.state.wrapping_add(pair(0));
        random.step();
        random
    }

    fn step(&mut self) {
        self.state = self.state.wrapping_mul(MULTIPLIER).wrapping_add(self.increment);
    }

    #[expect(clippy::cast_possible_truncation, reason = "the lower and the upper half are meant")]
    fn bits(&mut self) -> u64 {
        self.step();
        let (high, low) = ((self.state >> 64) as u64, self.state as u64);
        (high ^ low).rotate_right((self.state >> 122) as u32)
    }

    /// The next number from 0 up to 1.
    pub fn fraction(&mut self) -> f64 {
        (self.bits() >> 11) as f64 / 9_007_199_254_740_992.0
    }
}

/// `SeedSequence`: the pool of four words.
fn mix(entropy: &[u32]) -> [u32; 4] {
    let mut constant = 0x43b0_d7e5_u32;
    let mut hash = |value: u32| {
        let mixed = value ^ constant;
        constant = constant.wrapping_mul(0x931e_8875);
        let mixed = mixed.wrapping_mul(constant);
        mixed ^ mixed >> 16
    };
    let join = |one: u32, other: u32| {
        let joined = one.wrapping_mul(0xca01_f9dd).wrapping_sub(other.wrapping_mul(0x4973_f715));
        joined ^ joined >> 16
    };
    let mut pool = [0_u32; 4];
    for (at, word) in pool.iter_mut().enumerate() {
        *word = hash(entropy.get(at).copied().unwrap_or(0));
    }
    for from in 0..4 {
        for to in 0..4 {
            if from != to {
                pool[to] = join(pool[to], hash(pool[from]));
            }
        }
    }
    for word in entropy.iter().skip(4) {
        for place in &mut pool {
            *place = join(*place, hash(*word));
        }
    }
    pool
}

/// Four 64-bit words from the pool.
fn generate(pool: [u32; 4]) -> [u64; 4] {
    let mut constant = 0x8b51_f9dd_u32;
    let mut next = |value: u32| {
        let mixed = value ^ constant;
        constant = constant.wrapping_mul(0x58f3_8ded);
        let mixed = mixed.wrapping_mul(constant);
        mixed ^ mixed >> 16
    };
    let mut words = [0_u64; 4];
    for (at, word) in words.iter_mut().enumerate() {
        let low = next(pool[at * 2 % 4]);
        let high = next(pool[(at * 2 + 1) % 4]);
        *word = u64::from(high) << 32 | u64::from(low);
    }
    words
}

/// Positions drawn with replacement, each with a chance in proportion to its weight.
#[must_use]
pub fn draw(seed: &str, weights: &[f64], draws: usize) -> Vec<usize> {
    let mut sums: Vec<f64> = weights
        .iter()
        .scan(0.0, |sum, weight| {
            *sum += weight;
            Some(*sum)
        })
        .collect();
    let Some(total) = sums.last().copied() else { return Vec::new() };
    sums.iter_mut().for_each(|sum| *sum /= total);
    let mut random = NumpyRandom::of_seed(seed);
    (0..draws)
        .map(|_| {
            let drawn = random.fraction();
            sums.partition_point(|sum| *sum <= drawn).min(weights.len() - 1)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What numpy 2 answers: `default_rng(int(sha256(b"28072024").hexdigest(), 16)).random(4)`, and `choice`.
    #[test]
    fn the_stream_is_numpys() {
        let mut random = NumpyRandom::of_seed("28072024");
        for expected in NUMPY_FRACTIONS {
            assert!((random.fraction() - expected).abs() < 1e-16);
        }
        assert_eq!(draw("28072024", &[0.1, 0.2, 0.3, 0.4], 8), NUMPY_CHOICES);
    }

    const NUMPY_FRACTIONS: [f64; 4] =
        [0.524_576_352_902_443_8, 0.568_524_549_381_124_1, 0.036_138_455_282_618_054, 0.719_890_955_967_284_8];
    const NUMPY_CHOICES: [usize; 8] = [2, 2, 0, 3, 3, 2, 2, 3];
}
