//! Random numbers from SHA-256 in counter mode (S23), as P. B. Stark's `cryptorandom` 0.4 gives them: number `j` is the
//! hash of the seed, a comma and `j` zero bytes.

use sha2::{Digest, Sha256};

/// A stream of random numbers that follows from a seed.
#[derive(Debug, Clone)]
pub struct ShaRandom {
    base: Sha256,
    /// Bits left of the last hashes, least significant first, in 32-bit words.
    bits: Vec<bool>,
}

impl ShaRandom {
    /// The stream of this seed, from its beginning.
    #[must_use]
    pub fn new(seed: &str) -> Self {
        Self { base: Sha256::new_with_prefix(format!("{seed},")), bits: Vec::new() }
    }

    fn digest(&mut self) -> [u8; 32] {
        let digest = self.base.clone().finalize();
        self.base.update([0]);
        digest.into()
    }

    /// The next number from 0 up to 1.
    pub fn fraction(&mut self) -> f64 {
        // The first 128 bits are more than the 53 that a floating number holds.
        let digest = self.digest();
        let high = digest.iter().take(16).fold(0_u128, |number, byte| number << 8 | u128::from(*byte));
        high as f64 / 2.0_f64.powi(128)
    }

    /// The next number from 0 up to `bound`: as many of the lowest unused bits as it takes, drawn again while too large.
    pub fn below(&mut self, bound: u64) -> u64 {
        let width = usize::try_from(u64::BITS - bound.saturating_sub(1).leading_zeros()).unwrap_or(64);
        loop {
            while self.bits.len() < width {
                let digest = self.digest();
                let bits = digest.iter().rev().flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1 == 1));
                self.bits.extend(bits);
            }
            let taken = self.bits.drain(..width).rev().fold(0_u64, |number, bit| number << 1 | u64::from(bit));
            if taken < bound {
                return taken;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples in the documentation of `cryptorandom`.
    #[test]
    fn the_stream_is_the_one_that_the_reference_publishes() {
        let mut stream = ShaRandom::new("12345678901234567890");
        for expected in [
            0.927_291_542_653_748_4,
            0.191_613_531_880_948_1,
            0.584_623_704_731_048_6,
            0.186_942_331_081_300_68,
            0.902_266_173_796_188_1,
            0.052_310_932_788_987_144,
        ] {
            assert!((stream.fraction() - expected).abs() < 1e-15);
        }
        let mut stream = ShaRandom::new("12345678901234567890");
        assert_eq!([stream.below(5), stream.below(5), stream.below(5)], [3, 2, 4]);
    }
}
