//! The same numbers twice, and sums that cannot be (S14).
//!
//! Two sheets with the same vector of votes may be a copy, or chance: the more stations there are and the smaller they
//! are, the more pairs chance makes. How many is simulated on this election's own stations.

use std::collections::HashMap;
use std::hash::Hash;

use serde::Serialize;

use crate::chance::Chance;
use crate::mathematics::describe::{deviation, mean};
use crate::number::size;
use crate::report::Progress;
use crate::sheets::{Sheet, Sheets};
use crate::simulated::Model;

/// Sheets with the same votes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Same {
    /// Their stations.
    pub stations: Vec<String>,
    /// Their valid votes.
    pub valid: u64,
}

/// What simulated elections give.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ByChance {
    /// Simulations.
    pub reps: u64,
    /// What is simulated.
    pub model: &'static str,
    /// Pairs with the same vector, on average.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Of them with 100 valid votes and more.
    pub mean_ge100: f64,
    /// Pairs with the same leader's, runner-up's and valid votes, on average.
    #[serde(skip)]
    pub triple_mean: f64,
    /// Standard deviation.
    #[serde(skip)]
    pub triple_sd: f64,
}

/// S14 without its simulation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Duplicates {
    /// Pairs of sheets with the same votes for every candidate.
    pub vector_pairs: u64,
    /// Different vectors that are there more than once.
    pub vectors_repeated: usize,
    /// Pairs in one polling place.
    pub pairs_same_centre: u64,
    /// Pairs with the same number of voters too.
    #[serde(rename = "pairs_with_RE")]
    pub pairs_with_registered: u64,
    /// Pairs with 100 valid votes and more.
    pub pairs_valid_ge100: u64,
    /// Pairs with the same leader's, runner-up's and valid votes.
    #[serde(skip)]
    pub triple_pairs: u64,
    /// The sheets, those with most votes first.
    pub examples: Vec<Same>,
}

/// Pairs among things that are alike.
fn pairs<K: Hash + Eq>(keys: impl Iterator<Item = K>) -> u64 {
    let mut seen: HashMap<K, u64> = HashMap::new();
    keys.map(|key| {
        let count = seen.entry(key).or_insert(0);
        *count += 1;
        *count - 1
    })
    .sum()
}

/// S14.
#[must_use]
pub fn duplicates(sheets: &Sheets) -> Duplicates {
    let rows = || sheets.rows.iter();
    let large = |row: &&Sheet| row.valid >= 100;
    let mut groups: HashMap<&[u64], Vec<&Sheet>> = HashMap::new();
    for row in rows() {
        groups.entry(&row.votes).or_default().push(row);
    }
    let mut examples: Vec<Same> = groups
        .into_values()
        .filter(|rows| rows.len() > 1)
        .map(|rows| Same { stations: rows.iter().map(|row| row.station.clone()).collect(), valid: rows[0].valid })
        .collect();
    examples.sort_by(|one, other| other.valid.cmp(&one.valid).then_with(|| one.stations.cmp(&other.stations)));
    Duplicates {
        vector_pairs: pairs(rows().map(|row| &row.votes)),
        vectors_repeated: examples.len(),
        pairs_same_centre: pairs(rows().map(|row| (row.place, &row.votes))),
        pairs_with_registered: pairs(rows().map(|row| (row.registered, &row.votes))),
        pairs_valid_ge100: pairs(rows().filter(large).map(|row| &row.votes)),
        triple_pairs: pairs(rows().map(|row| (sheets.lead(row), sheets.next(row), row.valid))),
        examples,
    }
}

/// Simulations of [`by_chance`].
pub const SIMULATIONS: u64 = 200;

/// How many pairs chance makes. `None` where the voters of a sheet are not known.
pub fn by_chance(sheets: &Sheets, chance: &mut Chance, progress: &Progress<'_>) -> Option<ByChance> {
    let model = Model::of(sheets)?;
    let [leader, runner_up] = model.two();
    let (mut all, mut large, mut triples) = (Vec::new(), Vec::new(), Vec::new());
    for simulation in 0..SIMULATIONS {
        let mut vectors: Vec<(u64, u64)> = Vec::with_capacity(sheets.len());
        let mut triple: Vec<[u64; 3]> = Vec::with_capacity(sheets.len());
        model.all_candidates(chance, |valid, votes| {
            vectors.push((fingerprint(votes), valid));
            triple.push([votes[leader], votes[runner_up], valid]);
        });
        large.push(pairs_sorted(vectors.iter().filter(|(_, valid)| *valid >= 100).copied().collect()));
        all.push(pairs_sorted(vectors));
        triples.push(pairs_sorted(triple));
        progress.step(simulation + 1, SIMULATIONS);
    }
    Some(ByChance {
        reps: SIMULATIONS,
        model: "valid votes binomial with the place's turnout, votes multinomial with the place's shares",
        mean: mean(&all),
        sd: deviation(&all),
        mean_ge100: mean(&large),
        triple_mean: mean(&triples),
        triple_sd: deviation(&triples),
    })
}

/// Vectors as one number each: two different ones are as good as never alike.
fn fingerprint(votes: &[u64]) -> u64 {
    votes.iter().fold(0x9e37_79b9_7f4a_7c15, |hash: u64, votes| {
        let mixed = (hash ^ votes).wrapping_mul(0xff51_afd7_ed55_8ccd);
        mixed ^ (mixed >> 33)
    })
}

fn pairs_sorted<K: Ord>(mut keys: Vec<K>) -> f64 {
    keys.sort_unstable();
    keys.chunk_by(|one, other| one == other).map(|alike| size(alike.len() * (alike.len() - 1) / 2)).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_alike_are_three_pairs() {
        assert_eq!(pairs([1, 2, 1, 1, 3, 3].into_iter()), 4);
        assert!((pairs_sorted(vec![1, 2, 1, 1, 3, 3]) - 4.0).abs() < f64::EPSILON);
        assert_ne!(fingerprint(&[1, 2]), fingerprint(&[2, 1]));
    }
}
