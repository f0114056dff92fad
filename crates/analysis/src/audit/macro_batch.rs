//! Batch comparison audits: the maximum across-contest relative overstatement and the Kaplan–Markov bound (S20).
//!
//! P. B. Stark, "Auditing a collection of races simultaneously" (2009) and "Efficient post-election audits of multiple
//! contests" (2009). A batch here is one station's sheet. Its largest possible overstatement is that all its ballots
//! were for a loser; `U` is the sum of these over all batches. Stations are drawn with a chance that is proportional to
//! their bound; each draw multiplies the risk by (1 − 1/U) / (1 − taint).

use super::decimal::Decimal;
use crate::number::{ceiling, real};

/// One station: votes for each candidate, and ballots cast.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Votes by candidate.
    pub votes: Vec<u64>,
    /// Ballots cast: no candidate can have more.
    pub ballots: u64,
}

/// Why an audit of this contest cannot be planned.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum AuditError {
    /// The lead is not larger than what is still out.
    #[error(
        "the lead of {lead} votes is not larger than the {pending} votes that are still out: a sample cannot confirm it"
    )]
    LeadTooSmall {
        /// Leader less the next.
        lead: u64,
        /// Votes still out.
        pending: u64,
    },
    /// There is nobody else.
    #[error("a contest with one candidate needs no audit")]
    OneCandidate,
}

/// A contest with one winner whose reported totals are audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BatchAudit {
    winner: usize,
    /// By candidate: the winner's lead less what is still out; 0 for the winner.
    leads: Vec<u64>,
}

impl BatchAudit {
    /// From the reported totals by candidate; `pending` votes are still out and count for whoever is nearest.
    ///
    /// # Errors
    /// When the lead is not larger than that.
    pub fn new(totals: &[u64], pending: u64) -> Result<Self, AuditError> {
        let (winner, most) =
            totals.iter().copied().enumerate().rev().max_by_key(|(_, votes)| *votes).ok_or(AuditError::OneCandidate)?;
        if totals.len() < 2 {
            return Err(AuditError::OneCandidate);
        }
        let lead = |(at, votes): (usize, &u64)| {
            let lead = most - votes;
            match lead.checked_sub(pending) {
                _ if at == winner => Ok(0),
                Some(left) if left > 0 => Ok(left),
                _ => Err(AuditError::LeadTooSmall { lead, pending }),
            }
        };
        Ok(Self { winner, leads: totals.iter().enumerate().map(lead).collect::<Result<_, _>>()? })
    }

    /// The smallest lead that is audited.
    #[must_use]
    pub fn margin(&self) -> u64 {
        self.losers().map(|(_, lead)| lead).min().unwrap_or(0)
    }

    fn losers(&self) -> impl Iterator<Item = (usize, u64)> {
        self.leads.iter().copied().enumerate().filter(|(at, _)| *at != self.winner)
    }

    /// The largest overstatement that a batch can hold, relative to the lead: `u`.
    #[must_use]
    pub fn bound(&self, batch: &Batch) -> Decimal {
        let winner = batch.votes[self.winner] + batch.ballots;
        let largest = self
            .losers()
            .filter_map(|(loser, lead)| Decimal::quotient(winner.saturating_sub(batch.votes[loser]), lead));
        largest.fold(Decimal::ZERO, |most, one| if one > most { one } else { most })
    }

    /// The overstatement that was found, relative to the lead; nothing where the sheet understated the lead.
    #[must_use]
    pub fn overstatement(&self, reported: &Batch, found: &Batch) -> Decimal {
        let lead = |batch: &Batch, loser: usize| i128::from(batch.votes[self.winner]) - i128::from(batch.votes[loser]);
        let largest = self.losers().filter_map(|(loser, whole)| {
            Decimal::quotient(u64::try_from(lead(reported, loser) - lead(found, loser)).unwrap_or(0), whole)
        });
        largest.fold(Decimal::ZERO, |most, one| if one > most { one } else { most })
    }

    /// The share of the worst case that was found, from 0 to 1. A station without a picture is the worst case: `None`.
    #[must_use]
    pub fn taint(&self, reported: &Batch, found: Option<&Batch>) -> f64 {
        let Some(found) = found else { return 1.0 };
        let bound = self.bound(reported).to_real();
        if bound > 0.0 { (self.overstatement(reported, found).to_real() / bound).clamp(0.0, 1.0) } else { 0.0 }
    }

    /// `U`: the bounds of all batches together.
    #[must_use]
    pub fn total_bound<'a>(&self, batches: impl IntoIterator<Item = &'a Batch>) -> Decimal {
        batches.into_iter().fold(Decimal::ZERO, |sum, batch| sum.plus(self.bound(batch)))
    }
}

/// Draws that are enough for this risk if they show no error; one more than the formula, as audit programs plan it.
#[must_use]
pub fn sample_size(total_bound: f64, risk: f64) -> u64 {
    if total_bound <= 1.0 {
        return 1;
    }
    ceiling(risk.ln() / (-1.0 / total_bound).ln_1p()) + 1
}

/// The first number of draws without error after which the risk is at most this.
#[must_use]
pub fn draws_without_error(total_bound: f64, risk: f64) -> u64 {
    if total_bound <= 1.0 {
        return 1;
    }
    let factor = 1.0 - 1.0 / total_bound;
    let mut draws = ceiling(risk.ln() / factor.ln()).max(1);
    // The logarithm may be off by one where the product meets the limit exactly.
    while draws > 1 && factor.powf(real(draws - 1)) <= risk {
        draws -= 1;
    }
    draws
}

/// The Kaplan–Markov bound on the risk of a wrong outcome after these draws, one taint for each, repetitions included.
#[must_use]
pub fn risk(total_bound: f64, taints: &[f64]) -> f64 {
    let factor = 1.0 - 1.0 / total_bound;
    let product =
        taints.iter().fold(
            1.0,
            |product: f64, taint| {
                if *taint >= 1.0 { f64::INFINITY } else { product * (factor / (1.0 - taint)) }
            },
        );
    product.min(1.0)
}

/// Ballots to compare one by one, if none differs, until a ballot-level comparison audit meets this risk.
///
/// The rule of thumb of M. Lindeman and P. B. Stark, "A gentle introduction to risk-limiting audits" (2012): with
/// γ = 1.03905, −2γ·ln(risk) over the lead as a share of the ballots.
#[must_use]
pub fn ballot_comparison_size(lead: u64, ballots: u64, risk: f64) -> u64 {
    const GAMMA: f64 = 1.039_05;
    ceiling(-2.0 * GAMMA * risk.ln() / (real(lead) / real(ballots)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch(votes: [u64; 2], ballots: u64) -> Batch {
        Batch { votes: votes.to_vec(), ballots }
    }

    /// Five batches, worked out by hand: lead 200 of 1,000 ballots, so U = (200 + 1,000) / 200 = 6.
    #[test]
    fn a_worked_example() {
        let batches = [
            batch([150, 50], 200),
            batch([120, 80], 200),
            batch([100, 100], 200),
            batch([130, 70], 200),
            batch([100, 100], 200),
        ];
        let audit = BatchAudit::new(&[600, 400], 0).unwrap();
        assert_eq!(audit.margin(), 200);
        let bounds: Vec<String> = batches.iter().map(|batch| audit.bound(batch).to_string()).collect();
        assert_eq!(bounds, ["1.5", "1.2", "1", "1.3", "1"]);
        let total = audit.total_bound(&batches);
        assert_eq!(total.to_string(), "6.0");
        assert_eq!(sample_size(6.0, 0.05), 18);
        assert_eq!(draws_without_error(6.0, 0.05), 17);
        assert!((risk(6.0, &[0.0; 17]) - (5.0_f64 / 6.0).powi(17)).abs() < 1e-15);
        // Ten votes moved from winner to loser: 20 of 300 possible.
        let found = batch([140, 60], 200);
        assert!((audit.taint(&batches[0], Some(&found)) - 20.0 / 300.0).abs() < 1e-12);
        assert!((risk(6.0, &[20.0 / 300.0, 0.0]) - (5.0 / 6.0_f64).powi(2) * 300.0 / 280.0).abs() < 1e-12);
        // The other way round helps nobody.
        assert!(audit.taint(&found, Some(&batches[0])).abs() < 1e-15);
    }

    /// The example that the audit program Arlo publishes among its tests: 200 places, each with a batch of 400 ballots and
    /// one of 200 sent by post; the second contest is held in 100 of them, the third in 60.
    #[test]
    fn a_published_example() {
        let table = [
            ([60_000, 54_000], [200, 180], 200, 0.0700, 21.0, 29),
            ([30_000, 24_000], [200, 160], 100, 0.0733, 11.0, 15),
            ([18_000, 12_600], [200, 140], 60, 0.0852, 23.0 / 3.0, 10),
        ];
        for (totals, votes, places, bound, total_bound, draws) in table {
            let audit = BatchAudit::new(&totals, 0).unwrap();
            let (at_the_table, by_post) = (batch(votes, 400), batch(votes.map(|votes| votes / 2), 200));
            assert!((audit.bound(&at_the_table).to_real() - bound).abs() < 1e-4);
            assert!((audit.bound(&by_post).to_real() - bound / 2.0).abs() < 1e-4);
            let batches = [at_the_table, by_post].into_iter().flat_map(|one| vec![one; places]);
            let total = audit.total_bound(&batches.collect::<Vec<_>>()).to_real();
            assert!((total - total_bound).abs() < 1e-9);
            assert_eq!(draws_without_error(total, 0.25), draws);
        }
        // 31 draws as reported, then six of a batch in which ten votes went from the winner to the loser.
        let audit = BatchAudit::new(&[60_000, 54_000], 0).unwrap();
        let taint = audit.taint(&batch([200, 180], 400), Some(&batch([190, 190], 400)));
        assert!((taint - 20.0 / 420.0).abs() < 1e-12);
        let taints = [[0.0; 31].as_slice(), &[taint; 6]].concat();
        assert!((risk(21.0, &taints) - (20.0_f64 / 21.0).powi(37) * (420.0_f64 / 400.0).powi(6)).abs() < 1e-12);
        assert!(risk(21.0, &taints[..29]) <= 0.25 && risk(21.0, &taints[..28]) > 0.25);
    }

    #[test]
    fn a_station_without_a_picture_is_the_worst_error() {
        let audit = BatchAudit::new(&[600, 400], 0).unwrap();
        let taint = audit.taint(&batch([150, 50], 200), None);
        assert!((taint - 1.0).abs() < f64::EPSILON);
        assert!((risk(6.0, &[0.0, 0.0, 0.0, taint]) - 1.0).abs() < f64::EPSILON);
    }

    #[test]
    fn votes_that_are_still_out_shrink_the_lead() {
        assert_eq!(BatchAudit::new(&[600, 400], 150).unwrap().margin(), 50);
        assert_eq!(BatchAudit::new(&[600, 400], 200), Err(AuditError::LeadTooSmall { lead: 200, pending: 200 }));
        assert_eq!(BatchAudit::new(&[600], 0), Err(AuditError::OneCandidate));
    }

    #[test]
    fn comparing_ballots_one_by_one_takes_few_where_the_lead_is_wide() {
        assert_eq!(ballot_comparison_size(2_000, 100_000, 0.10), 240);
        assert_eq!(ballot_comparison_size(2_000, 100_000, 0.05), 312);
    }
}
