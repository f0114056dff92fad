//! Turnout against share: a picture people want to see (S15), and what is behind one way of reading it (S16).
//!
//! Where ballots were added for one side, stations with high turnout have a high share for it. So have stations in places
//! where that side's supporters turn out more. The picture shows which stations there are; nothing is concluded from it,
//! and the number that is sometimes read off it (S16) is never shown as one.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::mathematics::describe::{
    correlation, deviation, excess_kurtosis, mean, quantile, rank_correlation, skewness, slope, weighted_correlation,
};
use crate::number::real;
use crate::sheets::{Sheet, Sheets};

/// The logarithm of votes against those who did not give theirs.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct LogVoteRate {
    /// Stations with a vote for the candidate.
    pub n: usize,
    /// Mean.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Skewness.
    pub skew: f64,
    /// Excess kurtosis.
    pub excess_kurtosis: f64,
}

/// S15 of one candidate.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Candidate {
    /// Correlation of turnout and share.
    pub pearson_turnout_share: f64,
    /// Of their ranks.
    pub spearman: f64,
    /// Weighted by registered voters.
    #[serde(rename = "weighted_corr_RE")]
    pub weighted: f64,
    /// Votes for each registered voter over turnout, by least squares.
    pub ols_slope_votes_per_reg_on_turnout: f64,
    /// See [`LogVoteRate`].
    pub log_vote_rate: LogVoteRate,
    /// Stations with share and turnout of 95 % and more.
    pub tables_share_ge95_turnout_ge95: usize,
    /// With a share of 90 % and more.
    pub tables_share_ge90: usize,
    /// With a turnout of 90 % and more.
    pub tables_turnout_ge90: usize,
    /// With a turnout of 80 % and more.
    pub tables_turnout_ge80: usize,
    /// Without a vote.
    pub tables_zero: usize,
    /// The candidate's share of the valid votes in all stations with at most this turnout.
    pub cumulative_share_by_turnout_max: BTreeMap<String, Option<f64>>,
}

/// Turnout.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Turnout {
    /// Mean over stations.
    pub mean: f64,
    /// Standard deviation.
    pub sd: f64,
    /// Skewness.
    pub skew: f64,
    /// Excess kurtosis.
    pub kurt: f64,
    /// Lowest.
    pub min: f64,
    /// Highest.
    pub max: f64,
    /// At 1, 5, 25, 50, 75, 95 and 99 % of the stations.
    pub q: Vec<f64>,
}

/// The picture: stations by whole percent of turnout and of share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// A row of 100 for each percent of turnout, by percent of share.
    pub bins: Vec<[u32; 100]>,
}

impl Picture {
    /// Bins with at least one station.
    #[must_use]
    pub fn filled(&self) -> usize {
        self.bins.iter().flatten().filter(|count| **count > 0).count()
    }

    /// The most stations in one bin.
    #[must_use]
    pub fn largest(&self) -> u32 {
        self.bins.iter().flatten().copied().max().unwrap_or(0)
    }
}

fn percent(part: u64, whole: u64) -> usize {
    usize::try_from(100 * part / whole.max(1)).unwrap_or(99).min(99)
}

/// Stations with voters and ballots.
fn usable(sheets: &Sheets) -> Vec<&Sheet> {
    sheets.rows.iter().filter(|row| row.voters() > 0 && row.valid > 0).collect()
}

/// The picture of one candidate.
#[must_use]
pub fn picture(sheets: &Sheets, candidate: usize) -> Picture {
    let mut bins = vec![[0; 100]; 100];
    for row in usable(sheets) {
        bins[percent(row.cast(), row.voters())][percent(row.votes[candidate], row.valid)] += 1;
    }
    Picture { bins }
}

/// S15 of the turnout. `None` without stations to look at.
#[must_use]
pub fn turnout(sheets: &Sheets) -> Option<Turnout> {
    let mut turnout: Vec<f64> = usable(sheets).iter().map(|row| real(row.cast()) / real(row.voters())).collect();
    turnout.sort_by(f64::total_cmp);
    let (min, max) = (*turnout.first()?, *turnout.last()?);
    let at = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];
    Some(Turnout {
        mean: mean(&turnout),
        sd: deviation(&turnout),
        skew: skewness(&turnout),
        kurt: excess_kurtosis(&turnout),
        min,
        max,
        q: at.map(|share| quantile(&turnout, share)).to_vec(),
    })
}

/// S15 of one candidate. `None` without stations to look at.
#[must_use]
pub fn candidate(sheets: &Sheets, candidate: usize) -> Option<Candidate> {
    let rows = usable(sheets);
    if rows.is_empty() {
        return None;
    }
    let votes = |row: &Sheet| row.votes[candidate];
    let list = |value: &dyn Fn(&Sheet) -> f64| rows.iter().map(|row| value(row)).collect::<Vec<f64>>();
    let turnout = list(&|row| real(row.cast()) / real(row.voters()));
    let share = list(&|row| real(votes(row)) / real(row.valid));
    let rates: Vec<f64> = rows
        .iter()
        .filter(|row| votes(row) > 0 && votes(row) < row.voters())
        .map(|row| (real(row.voters() - votes(row)) / real(votes(row))).ln())
        .collect();
    let count = |is: &dyn Fn(&Sheet) -> bool| rows.iter().filter(|row| is(row)).count();
    let share_from = |row: &Sheet, percent: u64| 100 * votes(row) >= percent * row.valid;
    let turnout_from = |row: &Sheet, percent: u64| 100 * row.cast() >= percent * row.voters();
    let up_to = |percent: u64| {
        let inside = || rows.iter().filter(|row| 100 * row.cast() <= percent * row.voters());
        let valid: u64 = inside().map(|row| row.valid).sum();
        let share = (valid > 0).then(|| real(inside().map(|row| votes(row)).sum()) / real(valid));
        (format!("0.{percent:02}"), share)
    };
    Some(Candidate {
        pearson_turnout_share: correlation(&turnout, &share),
        spearman: rank_correlation(&turnout, &share),
        weighted: weighted_correlation(&turnout, &share, &list(&|row| real(row.voters()))),
        ols_slope_votes_per_reg_on_turnout: slope(&turnout, &list(&|row| real(votes(row)) / real(row.voters()))),
        log_vote_rate: LogVoteRate {
            n: rates.len(),
            mean: mean(&rates),
            sd: deviation(&rates),
            skew: skewness(&rates),
            excess_kurtosis: excess_kurtosis(&rates),
        },
        tables_share_ge95_turnout_ge95: count(&|row| share_from(row, 95) && turnout_from(row, 95)),
        tables_share_ge90: count(&|row| share_from(row, 90)),
        tables_turnout_ge90: count(&|row| turnout_from(row, 90)),
        tables_turnout_ge80: count(&|row| turnout_from(row, 80)),
        tables_zero: count(&|row| votes(row) == 0),
        cumulative_share_by_turnout_max: (6..20).map(|step| up_to(5 * step)).collect(),
    })
}

/// S16: the distribution of votes over turnout, read as Shpilkin does.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
pub struct OverTurnout {
    /// The percent of turnout with most votes for others.
    pub peak: usize,
    /// The candidate's votes for each of the others' up to there.
    pub ratio: f64,
    /// What the candidate has above the peak beyond that ratio: a by-product of the picture, never shown as a number.
    pub anomalous: f64,
}

/// S16 of one candidate.
#[must_use]
pub fn over_turnout(sheets: &Sheets, candidate: usize) -> OverTurnout {
    // One bin more for stations with more ballots than voters.
    let mut bins = vec![(0_u64, 0_u64); 102];
    for row in sheets.rows.iter().filter(|row| row.voters() > 0) {
        let at = (100 * row.cast() / row.voters()).min(101);
        let bin = &mut bins[usize::try_from(at).unwrap_or(101)];
        bin.0 += row.votes[candidate];
        bin.1 += row.cast() - row.votes[candidate];
    }
    let peak = (0..bins.len()).rev().max_by_key(|at| bins[*at].1).unwrap_or(0);
    let near = &bins[peak.saturating_sub(5)..=peak];
    let ratio = real(near.iter().map(|bin| bin.0).sum()) / real(near.iter().map(|bin| bin.1).sum());
    let anomalous = bins[peak + 1..].iter().map(|bin| real(bin.0) - ratio * real(bin.1)).sum();
    OverTurnout { peak, ratio, anomalous }
}

/// Correlation of turnout (ballots for each voter) and a candidate's share of the ballots.
#[must_use]
pub fn turnout_share_correlation(sheets: &Sheets, candidate: usize) -> f64 {
    let rows: Vec<&Sheet> = sheets.rows.iter().filter(|row| row.voters() > 0 && row.cast() > 0).collect();
    let turnout: Vec<f64> = rows.iter().map(|row| real(row.cast()) / real(row.voters())).collect();
    let share: Vec<f64> = rows.iter().map(|row| real(row.votes[candidate]) / real(row.cast())).collect();
    correlation(&turnout, &share)
}
