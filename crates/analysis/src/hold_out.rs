//! Do the intervals of a projection hold? (S08, S08b, S09)
//!
//! The sheets themselves are the universe here, and samples are drawn from them, so that the truth is known. Two samples
//! are honest (one of them unlucky), one is biased by design: it takes only the first station of every polling place,
//! and honest software must be seen to miss with it. S09 says how large a random sample would have to be.

use std::collections::BTreeMap;

use serde::Serialize;
use sha2::{Digest, Sha256};

use crate::chance::Chance;
use crate::mathematics::describe::deviation;
use crate::mathematics::gamma::Z95;
use crate::number::{ceiling, real, size, sum};
use crate::projection::interval;
use crate::report::Progress;
use crate::sheets::{Sheet, Sheets};

/// An estimate held against the truth.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Held {
    /// What the sample says.
    pub estimate: f64,
    /// Its standard error.
    pub se: f64,
    /// From and to.
    pub ci95: [f64; 2],
    /// What all sheets say.
    pub truth: f64,
    /// Estimate less truth, in standard errors.
    pub z: f64,
    /// Whether the truth is within the interval.
    pub covers: bool,
}

impl Held {
    fn new(estimate: f64, se: f64, truth: f64) -> Self {
        let ci95 = interval(estimate, se);
        Self { estimate, se, ci95, truth, z: (estimate - truth) / se, covers: ci95[0] <= truth && truth <= ci95[1] }
    }
}

/// One experiment.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Experiment {
    /// Which sheets are drawn; `h` is the first byte of the SHA-256 of a sheet's label.
    pub sample: String,
    /// How many.
    pub n: usize,
    /// By estimator.
    pub estimators: BTreeMap<&'static str, Held>,
}

/// A byte of the hash of a sheet's label: an even lottery that anyone can repeat.
#[must_use]
pub fn lottery(label: &str, byte: usize) -> u8 {
    Sha256::digest(label)[byte]
}

/// S08. `None` where the voters of a sheet are not known.
#[must_use]
pub fn experiments(sheets: &Sheets, thinned: &[String]) -> Option<Vec<Experiment>> {
    if !sheets.all_registered() {
        return None;
    }
    let h: Vec<u8> = sheets.rows.iter().map(|row| lottery(&row.label, 0)).collect();
    let draw = |sample: &str, inside: &dyn Fn(usize, &Sheet) -> bool| {
        let drawn: Vec<&Sheet> =
            sheets.rows.iter().enumerate().filter(|(at, row)| inside(*at, row)).map(|(_, row)| row).collect();
        (drawn.len() > 1).then(|| Experiment {
            sample: sample.to_owned(),
            n: drawn.len(),
            estimators: estimators(sheets, &drawn),
        })
    };
    let is_thinned = |row: &Sheet| thinned.contains(&sheets.strata[row.stratum].code);
    let mut experiments = vec![
        draw("h<64", &|at, _| h[at] < 64),
        draw("h<8", &|at, _| h[at] < 8),
        draw("first station of every polling place", &|_, row| row.number == Some(1)),
    ];
    if !thinned.is_empty() {
        let name = format!("h<64, in {} h<16", thinned.join(", "));
        experiments.push(draw(&name, &|at, row| h[at] < if is_thinned(row) { 16 } else { 64 }));
    }
    Some(experiments.into_iter().flatten().collect())
}

fn estimators(sheets: &Sheets, drawn: &[&Sheet]) -> BTreeMap<&'static str, Held> {
    let lead = |row: &Sheet| real(sheets.lead(row)) - real(sheets.next(row));
    let share = |row: &Sheet| real(sheets.lead(row));
    let valid = |row: &Sheet| real(row.valid);
    let voters = |row: &Sheet| real(row.voters());
    let all = |value: &dyn Fn(&Sheet) -> f64| sum(sheets.rows.iter().map(value));
    let (truth_share, truth_margin) = (all(&share) / all(&valid), all(&lead));
    let f = size(drawn.len()) / size(sheets.len());
    let (estimate, error) = ratio(drawn, f, &share, &valid);
    let (per_voter, voter_error) = ratio(drawn, f, &lead, &voters);
    let registered = all(&voters);

    // Strata: how many sheets there are, and those drawn.
    let mut strata: Vec<(f64, f64, Vec<&Sheet>)> = vec![(0.0, 0.0, Vec::new()); sheets.strata.len()];
    for row in &sheets.rows {
        strata[row.stratum].0 += 1.0;
        strata[row.stratum].1 += voters(row);
    }
    for row in drawn {
        strata[row.stratum].2.push(row);
    }
    strata.retain(|(_, _, rows)| !rows.is_empty());
    let projected = |value: &dyn Fn(&Sheet) -> f64| {
        sum(strata.iter().map(|(there, _, rows)| there / size(rows.len()) * sum(rows.iter().map(|row| value(row)))))
    };
    let (whole_share, whole_valid) = (projected(&share), projected(&valid));
    let combined = whole_share / whole_valid;
    let variance = sum(strata.iter().filter(|(_, _, rows)| rows.len() > 1).map(|(there, _, rows)| {
        let rest: Vec<f64> = rows.iter().map(|row| share(row) - combined * valid(row)).collect();
        let n = size(rows.len());
        there * there * (1.0 - n / there) * deviation(&rest).powi(2) / n
    }));
    let separate = sum(strata.iter().map(|(_, registered, rows)| {
        registered * sum(rows.iter().map(|row| lead(row))) / sum(rows.iter().map(|row| voters(row)))
    }));
    let separate_variance =
        sum(strata.iter().filter(|(_, _, rows)| rows.len() > 1).map(|(there, registered, rows)| {
            let x = sum(rows.iter().map(|row| voters(row)));
            let slope = sum(rows.iter().map(|row| lead(row))) / x;
            let k = size(rows.len());
            let squares = sum(rows.iter().map(|row| (lead(row) - slope * voters(row)).powi(2)));
            (registered / x).powi(2) * (1.0 - k / there) * k / (k - 1.0) * squares
        }));
    BTreeMap::from([
        ("unstratified_share", Held::new(estimate, error, truth_share)),
        ("unstratified_margin", Held::new(per_voter * registered, voter_error * registered, truth_margin)),
        ("stratified_share", Held::new(combined, variance.sqrt() / whole_valid, truth_share)),
        ("stratified_margin", Held::new(separate, separate_variance.sqrt(), truth_margin)),
    ])
}

/// A ratio and its standard error, for sheets drawn one by one from so many that `f` of them are drawn.
fn ratio(drawn: &[&Sheet], f: f64, y: &dyn Fn(&Sheet) -> f64, x: &dyn Fn(&Sheet) -> f64) -> (f64, f64) {
    let n = size(drawn.len());
    let whole = sum(drawn.iter().map(|row| x(row)));
    let estimate = sum(drawn.iter().map(|row| y(row))) / whole;
    let squares = sum(drawn.iter().map(|row| (y(row) - estimate * x(row)).powi(2)));
    (estimate, ((1.0 - f) * n / (n - 1.0) * squares).sqrt() / whole)
}

/// S08b: how often the interval holds the truth over many random samples.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Coverage {
    /// Samples.
    pub reps: u64,
    /// The share of them whose interval holds the truth.
    pub coverage: f64,
    /// Sheets in each.
    pub n: usize,
}

/// Samples that S08b draws.
pub const COVERAGE_SAMPLES: u64 = 2_000;
/// Sheets in each of them: the size of a usual quick count.
const COVERAGE_SIZE: usize = 1_500;

/// S08b, of random samples of sheets.
pub fn coverage(sheets: &Sheets, chance: &mut Chance, progress: &Progress<'_>) -> Option<Coverage> {
    let n = COVERAGE_SIZE.min(sheets.len() / 2);
    if n < 2 {
        return None;
    }
    let share = |row: &Sheet| real(sheets.lead(row));
    let valid = |row: &Sheet| real(row.valid);
    let truth = sum(sheets.rows.iter().map(share)) / sum(sheets.rows.iter().map(valid));
    let f = size(n) / size(sheets.len());
    let mut order: Vec<&Sheet> = sheets.rows.iter().collect();
    let mut held = 0_u64;
    for sample in 0..COVERAGE_SAMPLES {
        for at in 0..n {
            let other = usize::try_from(chance.below((order.len() - at) as u64)).unwrap_or(0) + at;
            order.swap(at, other);
        }
        let (estimate, error) = ratio(&order[..n], f, &share, &valid);
        held += u64::from(Held::new(estimate, error, truth).covers);
        progress.step(sample + 1, COVERAGE_SAMPLES);
    }
    Some(Coverage { reps: COVERAGE_SAMPLES, coverage: real(held) / real(COVERAGE_SAMPLES), n })
}

/// S09.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct QuickCount {
    /// How much sheets differ from the ratio, relative to their size.
    #[serde(rename = "S_ratio")]
    pub s: f64,
    /// Sheets needed for a margin of error, by the margin.
    pub n_for_moe: BTreeMap<&'static str, u64>,
    /// The margin of error of 1,500 sheets.
    pub moe_1500: f64,
    /// The same as `s` within strata.
    #[serde(rename = "S_within_state")]
    pub s_within_strata: f64,
}

/// S09, for the leader's share of the valid votes.
#[must_use]
pub fn quick_count(sheets: &Sheets) -> QuickCount {
    let sums = sheets.sums();
    let share = real(sums.votes[sheets.leader]) / real(sums.valid);
    let rest = |row: &Sheet| real(sheets.lead(row)) - share * real(row.valid);
    let mean_valid = real(sums.valid) / real(sums.sheets);
    let all: Vec<f64> = sheets.rows.iter().map(rest).collect();
    let s = deviation(&all) / mean_valid;
    let within = sum(sheets.by_stratum().iter().filter(|rows| rows.len() > 1).map(|rows| {
        let rest: Vec<f64> = rows.iter().map(|row| rest(&sheets.rows[*row])).collect();
        size(rows.len()) / size(sheets.len()) * deviation(&rest).powi(2)
    }));
    let stations = real(sheets.expected);
    let needed = |margin: f64| ceiling(1.0 / ((margin / (Z95 * s)).powi(2) + 1.0 / stations));
    QuickCount {
        s,
        n_for_moe: [("0.005", 0.005), ("0.01", 0.01), ("0.02", 0.02), ("0.03", 0.03)]
            .map(|(name, margin)| (name, needed(margin)))
            .into(),
        moe_1500: Z95 * s * ((1.0 - 1_500.0 / stations) / 1_500.0).max(0.0).sqrt(),
        s_within_strata: within.sqrt() / mean_valid,
    }
}
