//! How a simulated place votes: every unit leans a little away from the one above it, so that neighbours resemble each
//! other, and every station scatters about its place.

use std::collections::BTreeMap;

use testigo_count::definition::{Contest, Definition, Selection};
use testigo_count::entry::Stated;
use testigo_count::identifier::StationId;
use testigo_count::{Cell, Detail, Numbers};

use super::chance::Chance;

/// How far candidates move from a unit to one below it, in thousandths: from the top down.
const SPREADS: [u64; 6] = [650, 350, 220, 140, 100, 70];

/// How a unit votes.
#[derive(Debug, Clone)]
pub struct Leaning {
    /// Of 1000 registered voters, how many vote.
    turnout: u64,
    /// For each contest and line of the ballot, its weight among all lines.
    weights: Vec<Vec<u64>>,
}

impl Leaning {
    /// The whole election's. Of a candidate's lines the first is the strongest.
    pub fn of_whole(definition: &Definition, seed: u64) -> Self {
        let weights = (0..)
            .zip(&definition.contests)
            .map(|(number, contest)| {
                let mut chance = Chance::new(seed, "contest", number);
                let strengths = strengths(contest, &mut chance);
                let mut ranks = vec![0_u64; contest.candidates.len()];
                let line = |selection: &Selection| {
                    let strength = strengths.get(selection.candidate).copied().unwrap_or_default();
                    let rank = ranks.get_mut(selection.candidate).map_or(1, |rank| {
                        *rank += 1;
                        *rank
                    });
                    (strength * chance.factor(300) / (rank * rank)).max(1)
                };
                contest.selections.iter().map(line).collect()
            })
            .collect();
        Self { turnout: Chance::new(seed, "turnout", 0).between(560, 680), weights }
    }

    /// That of a unit below, so many levels from the top.
    pub fn below(&self, definition: &Definition, depth: usize, chance: &mut Chance) -> Self {
        let spread = SPREADS.get(depth).or(SPREADS.last()).copied().unwrap_or_default();
        let weights = self
            .weights
            .iter()
            .zip(&definition.contests)
            .map(|(weights, contest)| {
                let factors: Vec<u64> = contest.candidates.iter().map(|_| chance.factor(spread)).collect();
                let of = |candidate: usize| factors.get(candidate).copied().unwrap_or(1000);
                weights
                    .iter()
                    .zip(&contest.selections)
                    .map(|(weight, line)| (weight * of(line.candidate) / 1000).max(1))
                    .collect()
            })
            .collect();
        Self { turnout: (self.turnout * chance.factor(spread / 4) / 1000).clamp(250, 900), weights }
    }

    /// The numbers of one station, which every contest's sheet states for the same ballots.
    pub fn numbers(
        &self,
        definition: &Definition,
        station: &StationId,
        registered: u32,
        chance: &mut Chance,
    ) -> Vec<Numbers> {
        let cast = chance.around(u64::from(registered) * self.turnout).min(u64::from(registered));
        definition
            .contests
            .iter()
            .zip(&self.weights)
            .map(|(contest, weights)| numbers_of(contest, weights, station, cast, chance))
            .collect()
    }
}

/// Weights of candidates before any unit leans: two strong ones and a tail. Who is on more lines is likely stronger.
fn strengths(contest: &Contest, chance: &mut Chance) -> Vec<u64> {
    let lines = |candidate: usize| contest.selections.iter().filter(|line| line.candidate == candidate).count() as u64;
    let mut order: Vec<(u64, usize)> = (0..contest.candidates.len())
        .map(|candidate| (lines(candidate) * 1000 + chance.below(1500), candidate))
        .collect();
    order.sort_unstable_by(|one, other| other.cmp(one));
    let mut strengths = vec![0; order.len()];
    for (rank, (_, candidate)) in (0_u64..).zip(order) {
        let usual = match rank {
            0 => 460_000,
            1 => 400_000,
            _ => 220_000 / (rank * rank),
        };
        if let Some(strength) = strengths.get_mut(candidate) {
            *strength = usual * chance.factor(120) / 1000;
        }
    }
    strengths
}

fn numbers_of(contest: &Contest, weights: &[u64], station: &StationId, cast: u64, chance: &mut Chance) -> Numbers {
    let mut valid = cast;
    let mut other = BTreeMap::new();
    for (rank, kind) in (0..).zip(&contest.others) {
        let ballots = chance.around(cast * 18 / (rank + 1)).min(valid);
        valid -= ballots;
        other.insert(kind.id.clone(), cell(ballots));
    }
    let sum = weights.iter().sum::<u64>().max(1);
    let mut votes: Vec<u64> = weights.iter().map(|weight| chance.around(valid * 1000 * weight / sum)).collect();
    settle(&mut votes, valid);
    Numbers {
        contest: contest.id.clone(),
        station: station.clone(),
        detail: Detail::Selection,
        votes: votes.into_iter().map(cell).collect(),
        other,
        stated: Stated::default(),
    }
}

/// Makes the votes add up, at the expense of the strongest lines.
fn settle(votes: &mut [u64], valid: u64) {
    loop {
        let sum: u64 = votes.iter().sum();
        let Some(strongest) = votes.iter_mut().max() else { return };
        if sum <= valid {
            *strongest += valid - sum;
            return;
        }
        *strongest -= (sum - valid).min((*strongest).div_ceil(2));
    }
}

fn cell(number: u64) -> Cell {
    u32::try_from(number).map_or(Cell::Illegible, Cell::Value)
}
