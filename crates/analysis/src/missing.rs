//! How unlike the seen sheets must the missing be? (S07, S07b)
//!
//! The band that this gives is the main output of a projection: it does not assume that the missing sheets are like the
//! seen ones, it says how different they would have to be. S07 lowers the lead in the missing stations step by step until
//! the result tips. S07b asks what the sheets of *small* stations say, since the missing ones are smaller on average:
//! once by weighting all sheets until their mean size is that of the missing (exponential tilt), once by the stations
//! that stand alone in their polling place.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::bounds::{margin, missing_valid};
use crate::number::{real, size, sum};
use crate::settings::Settings;
use crate::sheets::{Sheet, Sheets};

/// One step of the band.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct Step {
    /// By how much the lead in the missing stations is lower than on the sheets.
    pub delta: f64,
    /// The lead there, as a share of valid votes.
    pub lead_in_missing: f64,
    /// Leader less runner-up over all stations then.
    pub final_margin: f64,
}

/// S07. Assumes the turnout of the sheets in the missing stations.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Band {
    /// The lead on the sheets, as a share of valid votes.
    pub observed_lead: f64,
    /// Valid votes in the missing stations.
    pub missing_valid: f64,
    /// The lowering at which the result is a tie.
    pub tipping_delta: f64,
    /// The largest lowering there can be: from the lead on the sheets to the runner-up having all.
    pub max_feasible_delta: f64,
    /// Whether the tipping point can be reached at all.
    pub flip_feasible: bool,
    /// From 0 to the largest lowering, in tenths.
    pub curve: Vec<Step>,
}

/// S07.
#[must_use]
pub fn band(sheets: &Sheets, total_registered: u64) -> Band {
    let sums = sheets.sums();
    let missing = missing_valid(&sums, total_registered.saturating_sub(sums.registered));
    let lead = margin(sheets, &sums) as f64;
    let observed = lead / real(sums.valid);
    let tipping = observed + lead / missing;
    let step = |delta: f64| Step {
        delta,
        lead_in_missing: observed - delta,
        final_margin: lead + (observed - delta) * missing,
    };
    Band {
        observed_lead: observed,
        missing_valid: missing,
        tipping_delta: tipping,
        max_feasible_delta: 1.0 + observed,
        flip_feasible: tipping <= 1.0 + observed,
        curve: (0..=13_u8)
            .map(|tenth| f64::from(tenth) / 10.0)
            .filter(|delta| *delta <= 1.0 + observed)
            .map(step)
            .collect(),
    }
}

/// What some sheets, weighted, say about the missing.
#[derive(Debug, Clone, PartialEq)]
pub struct Projection {
    /// Voters of a station, on average.
    pub mean_registered: f64,
    /// Valid votes for each registered voter.
    pub turnout_valid: f64,
    /// The leader's share of the valid votes.
    pub leader_share: f64,
    /// The runner-up's.
    pub runner_up_share: f64,
    /// The leader's votes on all sheets and in the missing stations.
    pub projected_leader: f64,
    /// The runner-up's.
    pub projected_runner_up: f64,
}

impl Projection {
    /// By weights, one for each row.
    fn of(sheets: &Sheets, weights: &[f64], missing_registered: u64) -> Self {
        let weighted = |value: &dyn Fn(&Sheet) -> u64| {
            sum(sheets.rows.iter().zip(weights).map(|(row, weight)| weight * real(value(row))))
        };
        let registered = weighted(&Sheet::voters);
        let valid = weighted(&|row| row.valid);
        let (leader, runner_up) = (weighted(&|row| sheets.lead(row)), weighted(&|row| sheets.next(row)));
        let sums = sheets.sums();
        let missing = real(missing_registered);
        Self {
            mean_registered: registered / sum(weights.iter().copied()),
            turnout_valid: valid / registered,
            leader_share: leader / valid,
            runner_up_share: runner_up / valid,
            projected_leader: real(sums.votes[sheets.leader]) + missing * (leader / registered),
            projected_runner_up: real(sums.votes[sheets.runner_up]) + missing * (runner_up / registered),
        }
    }

    fn fields(&self, sheets: &Sheets) -> BTreeMap<String, f64> {
        let (leader, runner_up) = (sheets.leader_id(), sheets.runner_up_id());
        BTreeMap::from([
            ("mean_RE".to_owned(), self.mean_registered),
            ("turnout_valid".to_owned(), self.turnout_valid),
            (format!("{leader}_share"), self.leader_share),
            (format!("{runner_up}_share"), self.runner_up_share),
            ("lead".to_owned(), self.leader_share - self.runner_up_share),
            (format!("projected_{leader}"), self.projected_leader),
            (format!("projected_{runner_up}"), self.projected_runner_up),
        ])
    }
}

/// Stations seen of one kind, and the lead there.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LeadOf {
    /// Sheets.
    pub n: usize,
    /// Leader less runner-up, as a share of valid votes.
    pub lead: f64,
}

/// Polling places.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct PlacesSeen {
    /// In all, where known.
    pub total: Option<u64>,
    /// With at least one sheet.
    pub seen: u64,
    /// Without.
    pub missing: Option<u64>,
}

/// S07b.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Tilt {
    /// All sheets, weighted until their mean size is that of the missing.
    #[serde(rename = "tilt_RE")]
    pub tilt_registered: BTreeMap<String, f64>,
    /// The stations that stand alone.
    pub single_table_centres: SingleTables,
    /// See [`PlacesSeen`].
    pub centres: PlacesSeen,
    /// From the smallest tenth of the stations to the largest.
    #[serde(rename = "lead_by_RE_decile")]
    pub lead_by_size_decile: Vec<f64>,
    /// By the highest station number seen in the polling place.
    pub lead_by_tables_in_centre: BTreeMap<String, LeadOf>,
    /// The stratum where the lead is smallest, and the lead.
    pub worst_state_lead: (String, f64),
    /// Units of the lowest but one level (parishes) where the runner-up is ahead.
    pub parishes_runner_up_ahead: usize,
    /// Units of the level above.
    pub municipalities_runner_up_ahead: usize,
    /// Sheets with more votes for the runner-up.
    pub tables_runner_up_ahead: usize,
    /// Sheets with equal votes.
    pub tables_tied: usize,
}

/// Sheets of stations that stand alone in their polling place.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SingleTables {
    /// How many.
    pub n: usize,
    /// As in [`Tilt::tilt_registered`].
    #[serde(flatten)]
    pub projection: BTreeMap<String, f64>,
}

/// The weight that makes the sheets' mean size `target`: weights are exp(λ · (size − mean)), λ by halving.
fn tilt(sizes: &[f64], target: f64) -> f64 {
    let mean = sum(sizes.iter().copied()) / size(sizes.len());
    let weighted_mean = |lambda: f64| {
        let weights: Vec<f64> = sizes.iter().map(|one| (lambda * (one - mean)).exp()).collect();
        sum(sizes.iter().zip(&weights).map(|(one, weight)| one * weight)) / sum(weights)
    };
    let widest = sizes.iter().map(|one| (one - mean).abs()).fold(1.0, f64::max);
    let (mut low, mut high) = (-600.0 / widest, 600.0 / widest);
    for _ in 0..200 {
        let middle = f64::midpoint(low, high);
        if weighted_mean(middle) < target {
            low = middle;
        } else {
            high = middle;
        }
        if low.to_bits() == high.to_bits() || (high - low).abs() < f64::EPSILON * low.abs() {
            break;
        }
    }
    f64::midpoint(low, high)
}

/// S07b. `None` where voters are not known, or no station is missing.
#[must_use]
pub fn tilted(sheets: &Sheets, settings: &Settings, total_registered: u64) -> Option<Tilt> {
    let sums = sheets.sums();
    let missing = total_registered.checked_sub(sums.registered).filter(|missing| *missing > 0)?;
    let tables = sheets.expected.checked_sub(sums.sheets).filter(|tables| *tables > 0)?;
    if !sheets.all_registered() {
        return None;
    }
    let sizes: Vec<f64> = sheets.rows.iter().map(|row| real(row.voters())).collect();
    let target = real(missing) / real(tables);
    let lambda = tilt(&sizes, target);
    let mean = sum(sizes.iter().copied()) / size(sizes.len());
    let weights: Vec<f64> = sizes.iter().map(|one| (lambda * (one - mean)).exp()).collect();
    let mut tilt_re = Projection::of(sheets, &weights, missing).fields(sheets);
    tilt_re.insert("lambda_".to_owned(), lambda);
    tilt_re.insert("target_mean_RE".to_owned(), target);

    let by_place = sheets.by_place();
    let highest = |rows: &[usize]| rows.iter().filter_map(|row| sheets.rows[*row].number).max();
    let in_place: Vec<Option<u32>> = by_place.iter().map(|rows| highest(rows)).collect();
    let of_row = |row: &Sheet| in_place[row.place];
    let single: Vec<f64> = sheets.rows.iter().map(|row| if of_row(row) == Some(1) { 1.0 } else { 0.0 }).collect();
    let single_n = sheets.rows.iter().filter(|row| of_row(row) == Some(1)).count();
    let lead_of = |rows: Vec<&Sheet>| {
        let n = rows.len();
        let sums = sheets.sums_of(rows.into_iter());
        LeadOf { n, lead: margin(sheets, &sums) as f64 / real(sums.valid) }
    };
    let by_number = (1..=8_u32).filter_map(|number| {
        let rows: Vec<&Sheet> = sheets.rows.iter().filter(|row| of_row(row) == Some(number)).collect();
        (!rows.is_empty()).then(|| (number.to_string(), lead_of(rows)))
    });
    let worst = sheets.by_stratum().into_iter().enumerate().filter(|(_, rows)| !rows.is_empty()).map(|(at, rows)| {
        let lead = lead_of(rows.iter().map(|row| &sheets.rows[*row]).collect()).lead;
        (sheets.strata[at].name.clone(), lead)
    });
    let seen = by_place.iter().filter(|rows| !rows.is_empty()).count() as u64;
    let total = settings.expected_places.map(u64::from);
    let levels = settings.places.unwrap_or(0);
    Some(Tilt {
        tilt_registered: tilt_re,
        single_table_centres: SingleTables {
            n: single_n,
            projection: Projection::of(sheets, &single, missing).fields(sheets),
        },
        centres: PlacesSeen { total, seen, missing: total.map(|total| total.saturating_sub(seen)) },
        lead_by_size_decile: deciles(sheets).into_iter().map(|rows| lead_of(rows).lead).collect(),
        lead_by_tables_in_centre: by_number.collect(),
        worst_state_lead: worst.min_by(|(_, one), (_, other)| one.total_cmp(other)).unwrap_or_default(),
        parishes_runner_up_ahead: levels.checked_sub(1).map_or(0, |level| runner_up_ahead(sheets, level)),
        municipalities_runner_up_ahead: levels.checked_sub(2).map_or(0, |level| runner_up_ahead(sheets, level)),
        tables_runner_up_ahead: sheets.rows.iter().filter(|row| sheets.next(row) > sheets.lead(row)).count(),
        tables_tied: sheets.rows.iter().filter(|row| sheets.next(row) == sheets.lead(row)).count(),
    })
}

/// Ten groups by size, cut at the interpolated tenths; equal sizes stay together.
fn deciles(sheets: &Sheets) -> Vec<Vec<&Sheet>> {
    let mut sizes: Vec<f64> = sheets.rows.iter().map(|row| real(row.voters())).collect();
    sizes.sort_by(f64::total_cmp);
    let edges: Vec<f64> =
        (1..10_u8).map(|tenth| crate::mathematics::describe::quantile(&sizes, f64::from(tenth) / 10.0)).collect();
    let mut groups: Vec<Vec<&Sheet>> = vec![Vec::new(); 10];
    for row in &sheets.rows {
        let voters = real(row.voters());
        groups[edges.iter().filter(|edge| voters > **edge).count()].push(row);
    }
    groups
}

/// Units of a level where the runner-up has more votes than the leader.
fn runner_up_ahead(sheets: &Sheets, level: usize) -> usize {
    let mut leads = vec![0_i64; sheets.levels.get(level).map_or(0, Vec::len)];
    for row in &sheets.rows {
        if let Some(unit) = row.units.get(level).copied().flatten() {
            leads[unit] += crate::number::difference(sheets.lead(row), sheets.next(row));
        }
    }
    leads.iter().filter(|lead| **lead < 0).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tilting_reaches_the_wanted_mean() {
        let sizes = [100.0, 400.0, 700.0, 1_000.0];
        for target in [250.0, 550.0, 900.0] {
            let lambda = tilt(&sizes, target);
            let weights = sizes.map(|one| (lambda * one).exp());
            let mean =
                sizes.iter().zip(&weights).map(|(one, weight)| one * weight).sum::<f64>() / weights.iter().sum::<f64>();
            assert!((mean - target).abs() < 1e-6, "{mean} {target}");
        }
    }
}
