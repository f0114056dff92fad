//! An audit as it goes on: from a published list, a public seed and what people found to a sample and its risk.
//!
//! Stations are drawn by [`super::sampler`], each with the same chance. What was found is taken in the order of the draw,
//! from the first station on, up to the first that nobody has looked at: whoever could leave stations out could hide
//! something. A station where there was nothing to look at counts as the worst error it can hold.
//!
//! Two risks are worked out from the same sample, each valid by itself:
//! - Kaplan and Markov's bound, over the draw *with* replacement. Its batches are drawn in proportion to their bounds; drawing
//!   all alike is the same thing when each batch is given the largest bound of all, which can only make the risk larger.
//! - ALPHA, over the draw *without* replacement, for the mean of 1 - e/u, where e is a station's overstatement and u the largest
//!   bound. If the outcome is wrong, the overstatements add up to 1 or more, and that mean is at most 1 - 1/(N u).

use std::collections::BTreeMap;

use serde::Serialize;

use super::discovery;
use super::macro_batch::{AuditError, Batch, BatchAudit, draws_without_error, risk};
use super::martingale::{Method, Null};
use super::sampler::{with_replacement, without_replacement};
use crate::number::size;
use crate::sheets::Sheets;

/// A station of the list, with the numbers that are audited.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The official code, also its name in the draw.
    pub station: String,
    /// Its numbers.
    pub reported: Batch,
}

/// The list as a document: CSV, sorted by code, with the numbers that count now.
#[must_use]
pub fn write_list(sheets: &Sheets) -> String {
    let mut rows: Vec<_> = sheets.rows.iter().collect();
    rows.sort_by(|one, other| one.station.cmp(&other.station));
    let mut text = format!("station,ballots,{}\n", sheets.candidates.join(","));
    for row in rows {
        let votes: Vec<String> = row.votes.iter().map(u64::to_string).collect();
        text.push_str(&format!("{},{},{}\n", row.station, row.cast(), votes.join(",")));
    }
    text
}

/// Why a document is no list.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the list of the audit, line {line}: {message}")]
pub struct ListError {
    /// From 1.
    pub line: usize,
    /// What is wrong.
    pub message: &'static str,
}

/// Reads what [`write_list`] wrote.
///
/// # Errors
/// With the line of anything else.
pub fn read_list(bytes: &[u8], candidates: &[String]) -> Result<Vec<Listed>, ListError> {
    let wrong = |line, message| ListError { line, message };
    let text = std::str::from_utf8(bytes).map_err(|_| wrong(1, "not UTF-8"))?;
    let mut lines = text.lines().zip(1..);
    let header = lines.next().map_or("", |(header, _)| header);
    if header != format!("station,ballots,{}", candidates.join(",")) {
        return Err(wrong(1, "the columns are not `station`, `ballots` and the candidates of the contest"));
    }
    let mut before: Option<&str> = None;
    lines
        .map(|(row, line)| {
            let mut fields = row.split(',');
            let station = fields.next().filter(|code| !code.is_empty());
            let station = station.ok_or_else(|| wrong(line, "the station is missing"))?;
            if before.replace(station).is_some_and(|before| before >= station) {
                return Err(wrong(line, "stations are not in ascending order, each once"));
            }
            let numbers: Option<Vec<u64>> = fields.map(|field| field.parse().ok()).collect();
            match numbers.as_deref() {
                Some([ballots, votes @ ..]) if votes.len() == candidates.len() => {
                    let reported = Batch { votes: votes.to_vec(), ballots: *ballots };
                    Ok(Listed { station: station.to_owned(), reported })
                }
                _ => Err(wrong(line, "a number of ballots and one for each candidate are expected")),
            }
        })
        .collect()
}

/// The order in which stations are drawn.
#[must_use]
pub fn order(list: &[Listed], seed: &str) -> Vec<String> {
    let tickets = without_replacement(seed, list.iter().map(|one| one.station.as_str()));
    tickets.into_iter().map(|ticket| ticket.id).collect()
}

/// What is known about a drawn station.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Found {
    /// These numbers.
    Numbers(Batch),
    /// There was nothing to look at.
    Nothing,
}

/// What an audit has shown so far.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Assessment {
    /// Stations in the list.
    pub listed: usize,
    /// Drawn and looked at, without a gap from the first.
    pub sample: usize,
    /// Of these, where there was nothing to look at.
    pub missing: usize,
    /// Of these, with other numbers than the list.
    pub different: usize,
    /// The next in the order, if any is left.
    pub next: Option<String>,
    /// The smallest lead that is audited, less what is still out.
    pub margin: u64,
    /// The number of stations times their largest bound; the smaller, the fewer draws are needed.
    pub total_bound: f64,
    /// Kaplan and Markov's risk.
    pub kaplan_markov: f64,
    /// Draws with replacement that it is over.
    pub draws: usize,
    /// ALPHA's risk.
    pub alpha: f64,
    /// Stations of the list with other numbers, or nothing to look at, at most, at the risk limit; only while none was met.
    pub most_different: Option<u64>,
    /// Draws that would be enough at the risk limit if no error is met.
    pub draws_needed: u64,
}

/// Draws with replacement that are looked at at most.
const MOST_DRAWS: usize = 200_000;

/// What the records say. `found` gives what is known about a station; `pending` votes outside the list count for whoever is
/// nearest; `limit` is the risk limit, for example 0.05.
///
/// # Errors
/// When the lead on the list is not larger than what is pending.
pub fn assess(
    list: &[Listed],
    seed: &str,
    found: &BTreeMap<String, Found>,
    pending: u64,
    limit: f64,
) -> Result<Assessment, AuditError> {
    let candidates = list.first().map_or(0, |one| one.reported.votes.len());
    let mut totals = vec![0_u64; candidates];
    for one in list {
        totals.iter_mut().zip(&one.reported.votes).for_each(|(sum, votes)| *sum = sum.saturating_add(*votes));
    }
    let audit = BatchAudit::new(&totals, pending)?;
    let bounds: BTreeMap<&str, f64> =
        list.iter().map(|one| (one.station.as_str(), audit.bound(&one.reported).to_real())).collect();
    let largest = bounds.values().copied().fold(0.0, f64::max);
    let total_bound = size(list.len()) * largest;
    let reported: BTreeMap<&str, &Batch> = list.iter().map(|one| (one.station.as_str(), &one.reported)).collect();
    // A station's overstatement as a share of the largest bound.
    let taint = |station: &str| -> Option<f64> {
        let reported = reported.get(station)?;
        let own = bounds.get(station)? / largest;
        Some(match found.get(station)? {
            Found::Numbers(numbers) => own * audit.taint(reported, Some(numbers)),
            Found::Nothing => own,
        })
    };
    let order = order(list, seed);
    let looked_at: Vec<(&String, f64)> = order.iter().map_while(|station| Some((station, taint(station)?))).collect();
    let is_different = |station: &String| match (found.get(station), reported.get(station.as_str())) {
        (Some(Found::Numbers(numbers)), Some(reported)) => numbers.votes != reported.votes,
        _ => false,
    };
    let missing = looked_at.iter().filter(|(station, _)| found.get(*station) == Some(&Found::Nothing)).count();
    let different = looked_at.iter().filter(|(station, _)| is_different(station)).count();
    let sample = looked_at.len();
    let again = with_replacement(seed, list.iter().map(|one| one.station.as_str()), MOST_DRAWS.min(sample * 4 + 64));
    let inside: std::collections::BTreeSet<&String> = looked_at.iter().map(|(station, _)| *station).collect();
    let taints: Vec<f64> =
        again.iter().map_while(|ticket| inside.contains(&ticket.id).then(|| taint(&ticket.id)).flatten()).collect();
    let null =
        Null { mean: 1.0 - 1.0 / total_bound.max(1.0 + f64::EPSILON), upper: 1.0, population: Some(list.len() as u64) };
    let eta = 1.0 - (1.0 - null.mean) / 20.0;
    let method = Method::AlphaShrink { eta, c: (eta - null.mean) / 2.0, d: 100.0 };
    let heights: Vec<f64> = looked_at.iter().map(|(_, taint)| 1.0 - taint).collect();
    let clean = missing == 0 && different == 0 && sample > 0;
    Ok(Assessment {
        listed: list.len(),
        sample,
        missing,
        different,
        next: order.get(sample).cloned(),
        margin: audit.margin(),
        total_bound,
        kaplan_markov: if taints.is_empty() { 1.0 } else { risk(total_bound, &taints) },
        draws: taints.len(),
        alpha: if heights.is_empty() { 1.0 } else { null.test(method, &heights).p },
        most_different: clean.then(|| discovery::most_bad(list.len() as u64, sample as u64, limit)),
        // More draws than stations are never needed: then all have been looked at.
        draws_needed: draws_without_error(total_bound, limit).min(list.len() as u64),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(stations: usize) -> Vec<Listed> {
        let one =
            |at: usize| Listed { station: format!("{at:03}"), reported: Batch { votes: vec![60, 40], ballots: 100 } };
        (0..stations).map(one).collect()
    }

    fn all_right(stations: &[String]) -> BTreeMap<String, Found> {
        let right = Found::Numbers(Batch { votes: vec![60, 40], ballots: 100 });
        stations.iter().map(|station| (station.clone(), right.clone())).collect()
    }

    #[test]
    fn a_list_comes_back_as_it_was_written() {
        let candidates = ["A".to_owned(), "B".to_owned()];
        let text = "station,ballots,A,B\n001,100,60,40\n002,90,50,30\n";
        let read = read_list(text.as_bytes(), &candidates).unwrap();
        assert_eq!(read[1], Listed { station: "002".to_owned(), reported: Batch { votes: vec![50, 30], ballots: 90 } });
        for (text, line) in [
            ("station,A,B\n", 1),
            ("station,ballots,A,B\n001,100,60\n", 2),
            ("station,ballots,A,B\n,1,1,0\n", 2),
            ("station,ballots,A,B\n2,1,1,0\n2,1,1,0\n", 3),
        ] {
            assert_eq!(read_list(text.as_bytes(), &candidates).unwrap_err().line, line, "{text}");
        }
    }

    #[test]
    fn late_stations_slip_in_and_disturb_nobody() {
        let (few, many) = (list(50), list(80));
        let before = order(&few, "31415926535897932384");
        let after = order(&many, "31415926535897932384");
        let kept: Vec<&String> = after.iter().filter(|station| before.contains(station)).collect();
        assert_eq!(kept, before.iter().collect::<Vec<_>>());
    }

    #[test]
    fn the_risk_falls_while_nothing_is_found_and_a_gap_ends_the_sample() {
        let list = list(200);
        let order = order(&list, "20310504");
        let at = |found: &BTreeMap<String, Found>| assess(&list, "20310504", found, 0, 0.05).unwrap();
        let none = at(&BTreeMap::new());
        assert_eq!((none.sample, none.next.as_ref(), none.most_different), (0, order.first(), None));
        assert!((none.kaplan_markov - 1.0).abs() < f64::EPSILON && (none.alpha - 1.0).abs() < f64::EPSILON);
        // A lead of 4,000 of 20,000 and a bound of 120/4,000 each: U = 200 * 0.03 = 6.
        assert!((none.total_bound - 6.0).abs() < 1e-9);
        let twenty = at(&all_right(&order[..20]));
        assert_eq!((twenty.sample, twenty.different, twenty.most_different), (20, 0, Some(26)));
        assert!((twenty.kaplan_markov - (5.0_f64 / 6.0).powi(i32::try_from(twenty.draws).unwrap())).abs() < 1e-12);
        assert!(twenty.kaplan_markov < 0.05 && twenty.alpha < 0.05, "{twenty:?}");
        let mut gap = all_right(&order[..20]);
        gap.remove(&order[3]);
        assert_eq!(at(&gap).sample, 3);
        assert_eq!(at(&gap).next.as_ref(), order.get(3));
    }

    #[test]
    fn nothing_to_look_at_is_the_worst_error() {
        let list = list(200);
        let order = order(&list, "20310504");
        let mut found = all_right(&order[..20]);
        found.insert(order[7].clone(), Found::Nothing);
        let worst = assess(&list, "20310504", &found, 0, 0.05).unwrap();
        assert_eq!((worst.sample, worst.missing, worst.most_different), (20, 1, None));
        assert!((worst.kaplan_markov - 1.0).abs() < f64::EPSILON, "all stations have the largest bound");
        assert!(worst.alpha > 0.2, "{worst:?}");
        // Swapped numbers are less than the worst, and still too much.
        found.insert(order[7].clone(), Found::Numbers(Batch { votes: vec![40, 60], ballots: 100 }));
        let swapped = assess(&list, "20310504", &found, 0, 0.05).unwrap();
        assert_eq!(swapped.different, 1);
        assert!(swapped.kaplan_markov < worst.kaplan_markov && swapped.kaplan_markov > 0.022, "{swapped:?}");
        assert!(swapped.alpha < worst.alpha, "{swapped:?}");
    }

    #[test]
    fn votes_outside_the_list_can_make_an_audit_impossible() {
        let list = list(10);
        assert!(matches!(assess(&list, "1", &BTreeMap::new(), 200, 0.05), Err(AuditError::LeadTooSmall { .. })));
    }
}
