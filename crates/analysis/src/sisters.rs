//! Do the stations of one polling place agree with each other? (S13)
//!
//! Voters are given to the stations of a place by their identity number or name, so their shares should differ by chance
//! alone. A sheet that differs much from its sisters is one to read again; sheets that agree too well are odd as well,
//! so both tails are looked at. Identity numbers follow age: some more difference than chance is expected.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::mathematics::describe::{deviation, mean};
use crate::mathematics::gamma::chi_squared_tail;
use crate::mathematics::multiplicity::benjamini_hochberg;
use crate::number::{real, size, sum};
use crate::sheets::{Sheet, Sheets};

/// Part and whole of a sheet.
pub type Pair = (u64, u64);

/// A sheet against its sisters.
#[derive(Debug, Clone, PartialEq)]
pub struct AgainstSisters {
    /// Position in [`Sheets::rows`].
    pub row: usize,
    /// Its share less that of the others, in standard deviations.
    pub z: f64,
    /// Its share.
    pub share: f64,
    /// The others'.
    pub others: f64,
}

/// One polling place.
#[derive(Debug, Clone, PartialEq)]
struct PlaceFit {
    place: usize,
    chi2: f64,
    df: u64,
    p: f64,
    share: f64,
}

/// The fit of one share over all polling places.
#[derive(Debug, Clone, PartialEq)]
pub struct Fit {
    places: Vec<PlaceFit>,
    tables: usize,
    chi2: f64,
    df: u64,
    /// The sum that belongs to a spread of 1 within places.
    weight: f64,
    /// Every sheet against its sisters.
    pub sheets: Vec<AgainstSisters>,
}

/// S13 of one share.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Sisters {
    /// Polling places with two and more sheets, and neither none nor all of the votes.
    pub centres: usize,
    /// Their sheets.
    pub tables: usize,
    /// Pearson's χ² over all.
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: u64,
    /// χ² for each degree of freedom: 1 is chance.
    pub dispersion: f64,
    /// The chance of so much or more.
    pub p: f64,
    /// χ² in standard deviations from what is expected.
    pub z_normal: f64,
    /// Places with p below 0.05.
    pub centres_p_lt_0_05: usize,
    /// As many are expected.
    pub expected_p_lt_0_05: f64,
    /// Places with p below 0.001.
    pub centres_p_lt_0_001: usize,
    /// As many are expected.
    pub expected_p_lt_0_001: f64,
    /// Places with p above 0.95: too similar.
    pub centres_p_gt_0_95: usize,
    /// Places left at a false-alarm share of 0.01.
    pub bh_q_0_01: usize,
    /// Places left at a chance of 0.05 for even one false alarm.
    pub bonferroni_0_05: usize,
    /// The spread of the sheets against their sisters; 1 is chance.
    pub loo_z_sd: f64,
    /// Sheets beyond four standard deviations.
    pub loo_abs_z_gt_4: usize,
    /// The largest distance of the places' p-values from an even spread.
    pub ks_uniform: f64,
}

/// Fits a share over all polling places.
#[must_use]
pub fn fit(sheets: &Sheets, share: impl Fn(&Sheet) -> Option<Pair>) -> Fit {
    let mut fit = Fit { places: Vec::new(), tables: 0, chi2: 0.0, df: 0, weight: 0.0, sheets: Vec::new() };
    let mut chi_parts = Vec::new();
    let mut weights = Vec::new();
    for (place, rows) in sheets.by_place().into_iter().enumerate() {
        let pairs: Vec<(usize, u64, u64)> = rows
            .into_iter()
            .filter_map(|row| share(&sheets.rows[row]).map(|(part, whole)| (row, part, whole)))
            .filter(|(_, _, whole)| *whole > 0)
            .collect();
        let part: u64 = pairs.iter().map(|(_, part, _)| part).sum();
        let whole: u64 = pairs.iter().map(|(_, _, whole)| whole).sum();
        if pairs.len() < 2 || part == 0 || part >= whole {
            continue;
        }
        let p = real(part) / real(whole);
        let variance = p * (1.0 - p);
        let chi2 = sum(pairs.iter().map(|(_, y, n)| (real(*y) - real(*n) * p).powi(2) / (real(*n) * variance)));
        let df = pairs.len() as u64 - 1;
        let squares: f64 = pairs.iter().map(|(_, _, n)| real(*n) * real(*n)).sum();
        weights.push((real(whole) - squares / real(whole)) / variance);
        chi_parts.push(chi2);
        fit.df += df;
        fit.tables += pairs.len();
        for (row, y, n) in pairs {
            let (share, others) = (real(y) / real(n), real(part - y) / real(whole - n));
            let error = (variance * (1.0 / real(n) + 1.0 / real(whole - n))).sqrt();
            fit.sheets.push(AgainstSisters { row, z: (share - others) / error, share, others });
        }
        fit.places.push(PlaceFit { place, chi2, df, p: chi_squared_tail(chi2, df), share: p });
    }
    fit.chi2 = sum(chi_parts);
    fit.weight = sum(weights);
    fit
}

impl Fit {
    /// S13.
    #[must_use]
    pub fn summary(&self) -> Sisters {
        let p_values: Vec<f64> = self.places.iter().map(|place| place.p).collect();
        let places = size(p_values.len());
        let below = |limit: f64| p_values.iter().filter(|p| **p < limit).count();
        let df = real(self.df);
        let z: Vec<f64> = self.sheets.iter().map(|sheet| sheet.z).collect();
        let mut sorted = p_values.clone();
        sorted.sort_by(f64::total_cmp);
        let distance = sorted.iter().enumerate().map(|(at, p)| (p - size(at) / places).max(size(at + 1) / places - p));
        Sisters {
            centres: p_values.len(),
            tables: self.tables,
            chi2: self.chi2,
            df: self.df,
            dispersion: self.chi2 / df,
            p: chi_squared_tail(self.chi2, self.df),
            z_normal: (self.chi2 - df) / (2.0 * df).sqrt(),
            centres_p_lt_0_05: below(0.05),
            expected_p_lt_0_05: 0.05 * places,
            centres_p_lt_0_001: below(0.001),
            expected_p_lt_0_001: 0.001 * places,
            centres_p_gt_0_95: p_values.iter().filter(|p| **p > 0.95).count(),
            bh_q_0_01: benjamini_hochberg(&p_values).iter().filter(|p| **p <= 0.01).count(),
            bonferroni_0_05: below(0.05 / places),
            loo_z_sd: deviation(&z),
            loo_abs_z_gt_4: self.beyond(4.0).len(),
            ks_uniform: distance.fold(0.0, f64::max),
        }
    }

    /// The spread of shares within a polling place beyond chance, in percentage points.
    #[must_use]
    pub fn extra_spread(&self) -> f64 {
        100.0 * ((self.chi2 - real(self.df)) / self.weight).max(0.0).sqrt()
    }

    /// The spread of shares between polling places, in percentage points.
    #[must_use]
    pub fn spread_between(&self) -> f64 {
        100.0 * deviation(&self.places.iter().map(|place| place.share).collect::<Vec<_>>())
    }

    /// The largest distance of a sheet from its sisters.
    #[must_use]
    pub fn largest(&self) -> f64 {
        self.sheets.iter().map(|sheet| sheet.z.abs()).fold(0.0, f64::max)
    }

    /// Sheets beyond so many standard deviations, furthest first.
    #[must_use]
    pub fn beyond(&self, limit: f64) -> Vec<&AgainstSisters> {
        let mut found: Vec<&AgainstSisters> = self.sheets.iter().filter(|sheet| sheet.z.abs() > limit).collect();
        found.sort_by(|one, other| other.z.abs().total_cmp(&one.z.abs()));
        found
    }

    /// How far, on average, the first, second ... station of a place is from the place, in percentage points.
    #[must_use]
    pub fn by_number(&self, sheets: &Sheets, numbers: u32) -> BTreeMap<String, f64> {
        let place_share: BTreeMap<usize, f64> = self.places.iter().map(|place| (place.place, place.share)).collect();
        let mut distances: BTreeMap<u32, Vec<f64>> = BTreeMap::new();
        for sheet in &self.sheets {
            let row = &sheets.rows[sheet.row];
            if let (Some(number), Some(share)) = (row.number, place_share.get(&row.place)) {
                distances.entry(number).or_default().push(100.0 * (sheet.share - share));
            }
        }
        let wanted = distances.into_iter().filter(|(number, _)| (1..=numbers).contains(number));
        wanted.map(|(number, distances)| (number.to_string(), mean(&distances))).collect()
    }

    /// The places that fit worst.
    #[must_use]
    pub fn top_places(&self, sheets: &Sheets, places: usize) -> Vec<TopPlace> {
        let mut order: Vec<&PlaceFit> = self.places.iter().collect();
        order.sort_by(|one, other| one.p.total_cmp(&other.p).then(other.chi2.total_cmp(&one.chi2)));
        let shown = order.into_iter().take(places);
        shown
            .map(|fit| TopPlace { place: sheets.places[fit.place].code.clone(), chi2: fit.chi2, df: fit.df, p: fit.p })
            .collect()
    }
}

/// A polling place in the list of those that fit worst.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TopPlace {
    /// Its code.
    pub place: String,
    /// Its χ².
    pub chi2: f64,
    /// Degrees of freedom.
    pub df: u64,
    /// The chance of so much or more.
    pub p: f64,
}

/// The shares that S13 looks at, by name.
#[must_use]
pub fn fits(sheets: &Sheets) -> BTreeMap<String, Fit> {
    let (leader, runner_up) = (sheets.leader_id(), sheets.runner_up_id());
    let lead = |row: &Sheet| sheets.lead(row);
    let next = |row: &Sheet| sheets.next(row);
    BTreeMap::from([
        (format!("{leader}_of_valid"), fit(sheets, |row| Some((lead(row), row.valid)))),
        (format!("{runner_up}_of_valid"), fit(sheets, |row| Some((next(row), row.valid)))),
        ("turnout".to_owned(), fit(sheets, |row| row.registered.map(|all| (row.cast(), all)))),
        ("others_of_valid".to_owned(), fit(sheets, |row| Some((row.valid - lead(row) - next(row), row.valid)))),
        ("null_of_cast".to_owned(), fit(sheets, |row| Some((row.void, row.cast())))),
        (format!("{leader}_of_{leader}plus{runner_up}"), fit(sheets, |row| Some((lead(row), lead(row) + next(row))))),
    ])
}
