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

/// Grids that are looked at: the whole percentages, and those shifted by one to nine tenths.
const GRIDS: usize = 10;

/// The chances that a binomial number with this mean share has a percentage on each of the grids. Together the grids hold every
/// number, so that one walk over the numbers gives them all: from the most likely one upwards and downwards, each chance
/// from the one before.
fn chances_on_grids(factorials: &Factorials, part: u64, whole: u64) -> [f64; GRIDS] {
    let mut chances = [0.0; GRIDS];
    let mut add = |count: u64, chance: f64| {
        // The nearest tenth of a percent; half-way, both.
        let tenth = (2_000 * count + whole) / (2 * whole);
        let half_way = (2_000 * count + whole).is_multiple_of(2 * whole) && tenth > 0;
        for tenth in [Some(tenth), half_way.then(|| tenth - 1)].into_iter().flatten() {
            chances[usize::try_from(tenth % 10).unwrap_or(0)] += chance;
        }
    };
    if part == 0 || part == whole {
        add(part, 1.0);
        return chances;
    }
    let share = real(part) / real(whole);
    let odds = real(part) / real(whole - part);
    let most = factorials.binomial(part, whole, share);
    // Beyond ten standard deviations nothing adds to twelve digits.
    let spread = crate::number::ceiling(10.0 * (real(whole) * share * (1.0 - share)).sqrt()) + 10;
    add(part, most);
    let mut chance = most;
    for count in part + 1..=(part + spread).min(whole) {
        chance *= odds * real(whole - count + 1) / real(count);
        add(count, chance);
    }
    chance = most;
    for count in (part.saturating_sub(spread)..part).rev() {
        chance *= real(count + 1) / (odds * real(whole - count));
        add(count, chance);
    }
    chances
}

fn excess(observed: u64, chances: &[f64]) -> Excess {
    let expected = sum(chances.iter().copied());
    let sd = sum(chances.iter().map(|chance| chance * (1.0 - chance))).sqrt();
    let excess = real(observed) - expected;
    let z = excess / sd;
    Excess { observed, expected, sd, excess, z, p_upper_normal: normal_tail(z) }
}

/// The whole percentages with their placebo.
#[derive(Debug, Clone, PartialEq)]
pub struct OnAllGrids {
    /// The whole percentages.
    pub exact: WholePercentages,
    /// Grids of 0 to 9 tenths; the first are the whole percentages again.
    pub placebo: Vec<Placebo>,
}

/// S12 for one candidate. `None` where no station can be looked at.
#[must_use]
pub fn whole_percentages(sheets: &Sheets, candidate: usize) -> Option<WholePercentages> {
    on_all_grids(sheets, candidate).map(|found| found.exact)
}

/// The same with its placebo: the grids of 0 to 9 tenths.
#[must_use]
pub fn on_all_grids(sheets: &Sheets, candidate: usize) -> Option<OnAllGrids> {
    let stations = stations(sheets, candidate);
    if stations.is_empty() {
        return None;
    }
    let factorials = Factorials::up_to(stations.iter().map(|one| one.registered.max(one.cast)).max().unwrap_or(0));
    let chances = |pair: &dyn Fn(&Station) -> (u64, u64)| -> Vec<[f64; GRIDS]> {
        stations.iter().map(pair).map(|(part, whole)| chances_on_grids(&factorials, part, whole)).collect()
    };
    let (shares, turnouts) = (chances(&|one| (one.votes, one.cast)), chances(&|one| (one.cast, one.registered)));
    let count = |is: &dyn Fn(&Station) -> bool| stations.iter().filter(|one| is(one)).count() as u64;
    let grids = (0..GRIDS).zip(0_u8..).map(|(grid, offset)| {
        let tenths = u64::from(offset);
        let share: Vec<f64> = shares.iter().map(|chances| chances[grid]).collect();
        let turnout: Vec<f64> = turnouts.iter().map(|chances| chances[grid]).collect();
        let either: Vec<f64> =
            share.iter().zip(&turnout).map(|(one, other)| 1.0 - (1.0 - one) * (1.0 - other)).collect();
        let share_on = |one: &Station| on_grid(one.votes, one.cast, tenths);
        let turnout_on = |one: &Station| on_grid(one.cast, one.registered, tenths);
        Placebo {
            offset,
            share: excess(count(&share_on), &share),
            turnout: excess(count(&turnout_on), &turnout),
            either: excess(count(&|one| share_on(one) || turnout_on(one)), &either),
        }
    });
    let placebo: Vec<Placebo> = grids.collect();
    let first = placebo.first()?;
    let exact = WholePercentages {
        stations: stations.len(),
        leader: sheets.candidates[candidate].clone(),
        either: first.either.clone(),
        share: first.share.clone(),
        turnout: first.turnout.clone(),
    };
    Some(OnAllGrids { exact, placebo })
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
            let found = chances_on_grids(&factorials, part, whole);
            for offset in 0..10 {
                let by_hand: f64 = (0..=whole)
                    .filter(|count| on_grid(*count, whole, offset))
                    .map(|count| factorials.binomial(count, whole, real(part) / real(whole)))
                    .sum();
                let found = found[usize::try_from(offset).unwrap()];
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
