//! Chance that can be repeated: the same seed gives the same picture, on every machine and in every release.

/// The SplitMix64 generator of Steele, Lea and Flood ("Fast splittable pseudorandom number generators", 2014). Its
/// algorithm is fixed, which a general library does not promise between versions.
pub(super) struct Random {
    state: u64,
}

impl Random {
    /// A stream of its own for each `purpose`, so that a change in how one thing is drawn leaves the others as they were.
    pub(super) fn new(seed: u64, purpose: &str) -> Self {
        let mut state = seed ^ 0xCBF2_9CE4_8422_2325;
        for byte in purpose.bytes() {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        Self { state }
    }

    pub(super) fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A fraction in 0..1, in steps of 2^-24, which `f32` holds exactly.
    pub(super) fn fraction(&mut self) -> f32 {
        (self.next() >> 40) as f32 / 16_777_216.0
    }

    /// A number from `low` up to, but not including, `high`.
    pub(super) fn range(&mut self, low: f32, high: f32) -> f32 {
        low + (high - low) * self.fraction()
    }

    /// A whole number in `0..count`; 0 when `count` is 0.
    pub(super) fn below(&mut self, count: usize) -> usize {
        let product = u128::from(self.next()) * count as u128;
        usize::try_from(product >> 64).unwrap_or(0)
    }

    /// -1 or 1.
    pub(super) fn sign(&mut self) -> f32 {
        if self.next() >> 63 == 0 { 1.0 } else { -1.0 }
    }

    /// True with the given probability.
    pub(super) fn chance(&mut self, probability: f32) -> bool {
        self.fraction() < probability
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        // First outputs of SplitMix64 for the state 1234567, as given by several published implementations.
        let mut random = Random { state: 1_234_567 };
        let first: Vec<u64> = (0..3).map(|_| random.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let mut random = Random::new(5, "range");
        for _ in 0..10_000 {
            assert!(random.below(7) < 7);
            assert!((0.0..1.0).contains(&random.fraction()));
            assert!((-2.0..3.0).contains(&random.range(-2.0, 3.0)));
        }
        assert_eq!(random.below(0), 0);
    }

    #[test]
    fn purposes_have_streams_of_their_own() {
        assert_ne!(Random::new(1, "paper").next(), Random::new(1, "pen").next());
        assert_ne!(Random::new(1, "paper").next(), Random::new(2, "paper").next());
    }
}
