//! The result if the missing sheets are like the seen ones: ratios with their sampling error (S06).
//!
//! This is an assumption, not a finding: sheets that were collected by whoever could collect them are no random sample.
//! The interval is about chance alone and is always shown beside the band of [`crate::missing`]. Tables of one polling
//! place are alike, so the error is that of a sample of places (clusters), not of tables.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::mathematics::gamma::Z95;
use crate::number::{real, size, sum};
use crate::sheets::{Sheet, Sheets};

/// A ratio and its standard errors.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Ratio {
    /// The ratio of the sums.
    pub estimate: f64,
    /// If tables had been drawn one by one, without replacement.
    pub se_srs_tables_fpc: f64,
    /// If polling places had been drawn, without replacement.
    pub se_cluster_centre_fpc: f64,
    /// If polling places had been drawn from very many.
    pub se_cluster_centre_no_fpc: f64,
    /// From and to, by polling places.
    pub ci95_cluster_fpc: [f64; 2],
}

/// A total over all stations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Total {
    /// The projected total.
    pub total: f64,
    /// Its standard error, by polling places.
    pub se: f64,
    /// From and to.
    pub ci95: [f64; 2],
}

/// S06.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Projection {
    /// Stations there are.
    #[serde(rename = "N_tables")]
    pub stations: u64,
    /// Sheets.
    pub n: usize,
    /// The share of the stations with a sheet.
    pub f: f64,
    /// Registered voters of all stations.
    #[serde(rename = "X")]
    pub registered: u64,
    /// The normal quantile of the intervals.
    pub z: f64,
    /// Ratios by name, and projected totals.
    pub results: Results,
}

/// Ratios and totals.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Results {
    /// By name.
    #[serde(flatten)]
    pub ratios: BTreeMap<String, Ratio>,
    /// By what is projected; `MG` is the leader's margin.
    #[serde(rename = "projected_totals_RE_ratio")]
    pub totals: BTreeMap<String, Total>,
}

/// The squares of what each polling place differs from the ratio, summed, and the number of places.
struct Spread {
    by_table: f64,
    by_place: f64,
    places: f64,
}

fn spread(sheets: &Sheets, by_place: &[Vec<usize>], rest: impl Fn(&Sheet) -> f64) -> Spread {
    let square = |value: f64| value * value;
    Spread {
        by_table: sum(sheets.rows.iter().map(|row| square(rest(row)))),
        by_place: sum(by_place.iter().map(|rows| square(sum(rows.iter().map(|row| rest(&sheets.rows[*row])))))),
        places: size(by_place.len()),
    }
}

/// An interval of 95 %.
#[must_use]
pub fn interval(estimate: f64, error: f64) -> [f64; 2] {
    [estimate - Z95 * error, estimate + Z95 * error]
}

/// S06. `None` where the voters of a sheet are not known.
#[must_use]
pub fn projection(sheets: &Sheets, registered: u64) -> Option<Projection> {
    if !sheets.all_registered() {
        return None;
    }
    let n = sheets.len();
    let f = size(n) / real(sheets.expected.max(n as u64));
    let by_place: Vec<Vec<usize>> = sheets.by_place().into_iter().filter(|rows| !rows.is_empty()).collect();
    let lead = |row: &Sheet| real(sheets.lead(row)) - real(sheets.next(row));
    let of_ratio = |y: &dyn Fn(&Sheet) -> f64, x: &dyn Fn(&Sheet) -> f64| {
        let whole = sum(sheets.rows.iter().map(x));
        let estimate = sum(sheets.rows.iter().map(y)) / whole;
        let spread = spread(sheets, &by_place, |row| y(row) - estimate * x(row));
        let error = |squares: f64, units: f64, f: f64| ((1.0 - f) * units / (units - 1.0) * squares).sqrt() / whole;
        let cluster = error(spread.by_place, spread.places, f);
        Ratio {
            estimate,
            se_srs_tables_fpc: error(spread.by_table, size(n), f),
            se_cluster_centre_fpc: cluster,
            se_cluster_centre_no_fpc: error(spread.by_place, spread.places, 0.0),
            ci95_cluster_fpc: interval(estimate, cluster),
        }
    };
    let (leader, runner_up) = (sheets.leader_id(), sheets.runner_up_id());
    let votes = |candidate: usize| move |row: &Sheet| real(row.votes[candidate]);
    let valid = |row: &Sheet| real(row.valid);
    let cast = |row: &Sheet| real(row.cast());
    let voters = |row: &Sheet| real(row.voters());
    let ratios = BTreeMap::from([
        (format!("{leader}_share_of_valid"), of_ratio(&votes(sheets.leader), &valid)),
        (format!("{runner_up}_share_of_valid"), of_ratio(&votes(sheets.runner_up), &valid)),
        ("lead_share_of_valid".to_owned(), of_ratio(&lead, &valid)),
        ("valid_per_registered".to_owned(), of_ratio(&valid, &voters)),
        ("turnout_cast_per_registered".to_owned(), of_ratio(&cast, &voters)),
        (format!("{leader}_per_registered"), of_ratio(&votes(sheets.leader), &voters)),
        (format!("{runner_up}_per_registered"), of_ratio(&votes(sheets.runner_up), &voters)),
        ("lead_per_registered".to_owned(), of_ratio(&lead, &voters)),
    ]);
    let total = |y: &dyn Fn(&Sheet) -> f64| {
        let ratio = of_ratio(y, &voters);
        let (total, se) = (real(registered) * ratio.estimate, real(registered) * ratio.se_cluster_centre_fpc);
        Total { total, se, ci95: interval(total, se) }
    };
    let totals = BTreeMap::from([
        (leader.to_owned(), total(&votes(sheets.leader))),
        (runner_up.to_owned(), total(&votes(sheets.runner_up))),
        (crate::report::names::VALID.to_owned(), total(&valid)),
        ("MG".to_owned(), total(&lead)),
        ("cast".to_owned(), total(&cast)),
    ]);
    Some(Projection { stations: sheets.expected, n, f, registered, z: Z95, results: Results { ratios, totals } })
}
