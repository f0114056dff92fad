//! Are shares and turnouts too often whole percentages? (S12)
//!
//! D. Kobak, S. Shpilkin and M. Pshenichnikov, "Integer percentages as electoral falsification fingerprints" (2016).
//! Counts that were made up from percentages pile up at whole ones. Small stations have whole percentages by themselves;
//! what is expected is computed exactly, station by station, from the binomial distribution, and the same test on
//! percentages that nobody would choose (37.1, 37.2, ...) shows what a quiet grid looks like.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::chance::Chance;
use crate::mathematics::binomial::Factorials;
use crate::mathematics::describe::{deviation, mean, quantile};
use crate::mathematics::gamma::normal_tail;
use crate::number::{real, sum};
use crate::report::Progress;
use crate::sheets::Sheets;

/// Stations with a percentage within 0.05 of a grid, against what is expected.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Excess {
    /// How many.
    pub observed: u64,
    /// Expected number.
    pub expected: f64,
    /// Its standard deviation.
    pub sd: f64,
    /// Observed less expected.
    pub excess: f64,
    /// In standard deviations.
    pub z: f64,
    /// The chance of so many or more.
    pub p_upper_normal: f64,
}

/// S12 for one candidate, whole percentages.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WholePercentages {
    /// Stations that are looked at.
    pub stations: usize,
    /// The candidate.
    pub leader: String,
    /// The candidate's share of the ballots, or the turnout.
    pub either: Excess,
    /// The candidate's share of the ballots.
    pub share: Excess,
    /// The turnout.
    pub turnout: Excess,
}

/// The same test on percentages shifted by tenths.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Placebo {
    /// Tenths of a percent.
    pub offset: u8,
    /// The candidate's share.
    pub share: Excess,
    /// The turnout.
    pub turnout: Excess,
    /// Either.
    pub either: Excess,
}

/// One kind of percentage by simulation instead of by formula.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Simulated {
    /// On the sheets.
    pub observed: u64,
    /// On average.
    pub mc_mean: f64,
    /// Standard deviation.
    pub mc_sd: f64,
    /// Observed less average.
    pub anomaly: f64,
    /// What one simulation in a thousand exceeds.
    pub p999: f64,
}

/// One station: part and whole, twice.
#[derive(Debug, Clone, Copy)]
struct Station {
    votes: u64,
    cast: u64,
    registered: u64,
}

/// Stations with enough voters, and nothing at 100 %.
fn stations(sheets: &Sheets, candidate: usize) -> Vec<Station> {
    let rows = sheets.rows.iter().filter_map(|row| {
        let station = Station { votes: row.votes[candidate], cast: row.cast(), registered: row.registered? };
        let below = |part: u64, whole: u64| 100 * part <= 99 * whole;
        let fits = station.cast > 0
            && station.registered >= 100
            && below(station.cast, station.registered)
            && below(station.votes, station.cast);
        fits.then_some(station)
    });
    rows.collect()
}

/// Whether a percentage is within 0.05 of a whole number plus `offset` tenths.
fn on_grid(part: u64, whole: u64, offset: u64) -> bool {
    let turn = 10 * whole;
    let rest = (1_000 * part + turn - offset * whole) % turn;
    2 * rest.min(turn - rest) <= whole
}

/// The chance that a binomial number with this mean share has such a percentage.
fn chance_on_grid(factorials: &Factorials, part: u64, whole: u64, offset: u64) -> f64 {
    let share = real(part) / real(whole);
    if part == 0 || part == whole {
        return if on_grid(part, whole, offset) { 1.0 } else { 0.0 };
    }
    // Beyond ten standard deviations nothing adds to twelve digits.
    let spread = crate::number::ceiling(10.0 * (real(whole) * share * (1.0 - share)).sqrt()) + 10;
    let (low, high) = (part.saturating_sub(spread), (part + spread).min(whole));
    let first = (100 * low / whole).saturating_sub(1);
    let mut chance = 0.0;
    let mut beyond = None;
    for percent in first..=101 {
        // Counts whose percentage is within 0.05 of `percent` and `offset` tenths: 2000·count within ±whole of the grid.
        let grid = (20 * percent + 2 * offset) * whole;
        let from = grid.saturating_sub(whole).div_ceil(2_000).max(low);
        let to = ((grid + whole) / 2_000).min(high);
        for count in from.max(beyond.map_or(0, |last| last + 1))..=to {
            chance += factorials.binomial(count, whole, share);
            beyond = Some(count);
        }
        if from > high {
            break;
        }
    }
    chance
}

fn excess(observed: u64, chances: &[f64]) -> Excess {
    let expected = sum(chances.iter().copied());
    let sd = sum(chances.iter().map(|chance| chance * (1.0 - chance))).sqrt();
    let excess = real(observed) - expected;
    let z = excess / sd;
    Excess { observed, expected, sd, excess, z, p_upper_normal: normal_tail(z) }
}

/// Share, turnout, either, on a grid shifted by `offset` tenths.
fn on_shifted_grid(stations: &[Station], factorials: &Factorials, offset: u64) -> [Excess; 3] {
    let share: Vec<f64> = stations.iter().map(|one| chance_on_grid(factorials, one.votes, one.cast, offset)).collect();
    let turnout: Vec<f64> =
        stations.iter().map(|one| chance_on_grid(factorials, one.cast, one.registered, offset)).collect();
    let either: Vec<f64> = share.iter().zip(&turnout).map(|(one, other)| 1.0 - (1.0 - one) * (1.0 - other)).collect();
    let count = |is: &dyn Fn(&Station) -> bool| stations.iter().filter(|one| is(one)).count() as u64;
    let share_on = |one: &Station| on_grid(one.votes, one.cast, offset);
    let turnout_on = |one: &Station| on_grid(one.cast, one.registered, offset);
    [
        excess(count(&share_on), &share),
        excess(count(&turnout_on), &turnout),
        excess(count(&|one| share_on(one) || turnout_on(one)), &either),
    ]
}

fn factorials(stations: &[Station]) -> Factorials {
    Factorials::up_to(stations.iter().map(|one| one.registered.max(one.cast)).max().unwrap_or(0))
}

/// S12 for one candidate. `None` where no station can be looked at.
#[must_use]
pub fn whole_percentages(sheets: &Sheets, candidate: usize) -> Option<WholePercentages> {
    let stations = stations(sheets, candidate);
    if stations.is_empty() {
        return None;
    }
    let [share, turnout, either] = on_shifted_grid(&stations, &factorials(&stations), 0);
    Some(WholePercentages {
        stations: stations.len(),
        leader: sheets.candidates[candidate].clone(),
        either,
        share,
        turnout,
    })
}

/// The placebo: the same for 0 to 9 tenths.
#[must_use]
pub fn placebo(sheets: &Sheets, candidate: usize) -> Vec<Placebo> {
    let stations = stations(sheets, candidate);
    let factorials = factorials(&stations);
    (0..10_u8)
        .map(|offset| {
            let [share, turnout, either] = on_shifted_grid(&stations, &factorials, u64::from(offset));
            Placebo { offset, share, turnout, either }
        })
        .collect()
}

/// Simulations of [`simulate`].
pub const SIMULATIONS: u64 = 1_000;

/// S12 by simulation, as its authors do it: every station draws its votes and its ballots anew.
pub fn simulate(
    sheets: &Sheets,
    candidate: usize,
    chance: &mut Chance,
    progress: &Progress<'_>,
) -> BTreeMap<&'static str, Simulated> {
    let stations = stations(sheets, candidate);
    let (mut share, mut turnout, mut either) = (Vec::new(), Vec::new(), Vec::new());
    for simulation in 0..SIMULATIONS {
        let (mut shares, mut turnouts, mut eithers) = (0, 0, 0);
        for one in &stations {
            let votes = chance.binomial(one.cast, real(one.votes) / real(one.cast));
            let cast = chance.binomial(one.registered, real(one.cast) / real(one.registered));
            let share_on = on_grid(votes, one.cast, 0);
            let turnout_on = on_grid(cast, one.registered, 0);
            shares += u32::from(share_on);
            turnouts += u32::from(turnout_on);
            eithers += u32::from(share_on || turnout_on);
        }
        share.push(f64::from(shares));
        turnout.push(f64::from(turnouts));
        either.push(f64::from(eithers));
        progress.step(simulation + 1, SIMULATIONS);
    }
    let count = |is: &dyn Fn(&Station) -> bool| stations.iter().filter(|one| is(one)).count() as u64;
    let share_on = |one: &Station| on_grid(one.votes, one.cast, 0);
    let turnout_on = |one: &Station| on_grid(one.cast, one.registered, 0);
    let simulated = |observed: u64, mut drawn: Vec<f64>| {
        drawn.sort_by(f64::total_cmp);
        let mc_mean = mean(&drawn);
        Simulated {
            observed,
            mc_mean,
            mc_sd: deviation(&drawn),
            anomaly: real(observed) - mc_mean,
            p999: quantile(&drawn, 0.999),
        }
    };
    BTreeMap::from([
        ("share", simulated(count(&share_on), share)),
        ("turnout", simulated(count(&turnout_on), turnout)),
        ("either", simulated(count(&|one| share_on(one) || turnout_on(one)), either)),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chances_are_those_of_adding_up_every_count() {
        let factorials = Factorials::up_to(3_000);
        for (part, whole) in
            [(1, 7), (50, 100), (37, 120), (220, 364), (1, 400), (399, 400), (700, 1_451), (900, 2_500)]
        {
            for offset in [0, 1, 5, 9] {
                let by_hand: f64 = (0..=whole)
                    .filter(|count| on_grid(*count, whole, offset))
                    .map(|count| factorials.binomial(count, whole, real(part) / real(whole)))
                    .sum();
                let found = chance_on_grid(&factorials, part, whole, offset);
                assert!((found - by_hand).abs() < 1e-12, "{part} of {whole}, {offset}: {found} {by_hand}");
            }
        }
    }

    #[test]
    fn grids() {
        assert!(on_grid(1, 2, 0) && on_grid(0, 9, 0) && !on_grid(1, 3, 0));
        // 33.33 % is within 0.05 of 33.3.
        assert!(on_grid(1, 3, 3));
        // 12.05 % is just on the grid of whole percentages, and of 12.1.
        assert!(on_grid(241, 2_000, 0) && on_grid(241, 2_000, 1));
    }
}
