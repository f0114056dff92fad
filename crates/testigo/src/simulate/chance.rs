//! Chance that can be repeated, in whole numbers only: the same seed gives the same election on every machine.

/// The SplitMix64 generator (Steele, Lea, Flood 2014), whose outputs no release of a library can change.
#[derive(Debug, Clone)]
pub struct Chance {
    state: u64,
}

impl Chance {
    /// A stream of its own for each purpose and number, so that a change in one leaves the others as they were.
    pub fn new(seed: u64, purpose: &str, number: u64) -> Self {
        let mut state = seed ^ 0xCBF2_9CE4_8422_2325;
        for byte in purpose.bytes().chain(number.to_le_bytes()) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01B3);
        }
        let mut chance = Self { state };
        chance.state = chance.next();
        chance
    }

    /// 64 bits.
    pub fn next(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A whole number in `0..count`; 0 when `count` is 0.
    pub fn below(&mut self, count: u64) -> u64 {
        u64::try_from((u128::from(self.next()) * u128::from(count)) >> 64).unwrap_or(0)
    }

    /// A whole number from `low` to `high`, both possible.
    pub fn between(&mut self, low: u64, high: u64) -> u64 {
        low + self.below(high.saturating_sub(low) + 1)
    }

    /// One of several.
    pub fn one_of<'a, T>(&mut self, choices: &'a [T]) -> Option<&'a T> {
        let count = u64::try_from(choices.len()).ok()?;
        choices.get(usize::try_from(self.below(count)).ok()?)
    }

    /// About 1000, seldom more than `spread` away: the middle of a triangle.
    pub fn factor(&mut self, spread: u64) -> u64 {
        (1000 + self.below(spread + 1) + self.below(spread + 1)).saturating_sub(spread)
    }

    /// How often something happens that is expected `thousandths` / 1000 times, with about the scatter of independent
    /// events (variance = mean).
    pub fn around(&mut self, thousandths: u64) -> u64 {
        const TRIALS: u64 = 32;
        if thousandths < 12_000 {
            let bar = thousandths * 65_536 / (TRIALS * 1000);
            let words =
                (0..TRIALS / 4).map(|_| self.next()).flat_map(|word| [0, 16, 32, 48].map(|at| (word >> at) & 0xFFFF));
            return u64::try_from(words.filter(|draw| *draw < bar).count()).unwrap_or(0);
        }
        let mean = thousandths / 1000 + u64::from(self.below(1000) < thousandths % 1000);
        // The sum of four even draws of half-width s has variance 4 s^2 / 3.
        let half = (3 * mean / 4).isqrt();
        let sum: u64 = (0..4).map(|_| self.below(2 * half + 1)).sum();
        (mean + sum).saturating_sub(4 * half)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_stream_is_the_published_one() {
        let mut chance = Chance { state: 1_234_567 };
        let first: Vec<u64> = (0..3).map(|_| chance.next()).collect();
        assert_eq!(first, [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423]);
    }

    #[test]
    fn draws_scatter_about_their_mean() {
        for thousandths in [0, 300, 5_000, 11_999, 12_000, 250_000] {
            let mut chance = Chance::new(1, "scatter", thousandths);
            let draws: Vec<u64> = (0..20_000).map(|_| chance.around(thousandths)).collect();
            let mean = draws.iter().sum::<u64>() * 1000 / 20_000;
            assert!(mean.abs_diff(thousandths) <= 20 + thousandths / 50, "{thousandths}: mean {mean}");
            let square = |draw: &u64| (draw * 1000).abs_diff(thousandths).pow(2) / 1000;
            let variance = draws.iter().map(square).sum::<u64>() / 20_000;
            assert!(
                variance >= thousandths / 2 && variance <= thousandths * 3 / 2 + 20,
                "{thousandths}: variance {variance}"
            );
        }
    }

    #[test]
    fn purposes_and_numbers_have_streams_of_their_own() {
        let first = |seed, purpose, number| Chance::new(seed, purpose, number).next();
        let all = [first(1, "votes", 1), first(1, "votes", 2), first(1, "names", 1), first(2, "votes", 1)];
        assert!((0..4).all(|one| (0..one).all(|other| all[one] != all[other])), "{all:?}");
    }
}
