//! Results from an election report of NIST SP 1500-100 version 2 in JSON, as [`crate::mapping`] has them from tables.
//!
//! Stations, contests and candidates are known by the `Value` of their `ExternalIdentifier`. Votes count where they
//! stand at a reporting unit of the type `precinct`, with the type `total`. Ballots for no candidate are `BallotCounts`
//! of the type `other` named `<contest>/<kind>`.

use std::collections::{BTreeMap, HashMap};

use serde::Deserialize;

use crate::Cell;
use crate::definition::Definition;
use crate::entry::{Detail, Numbers, Stated};
use crate::identifier::StationId;
use crate::mapping::{Results, ResultsRow};
use crate::source::SourceError;

/// What every report holds near its beginning.
const MARK: &[u8] = b"ElectionResults.ElectionReport";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Report {
    #[serde(default)]
    gp_unit: Vec<Unit>,
    #[serde(default)]
    election: Vec<Election>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Unit {
    #[serde(rename = "@id")]
    id: String,
    r#type: Option<String>,
    #[serde(default)]
    external_identifier: Vec<External>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct External {
    value: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Election {
    #[serde(default)]
    ballot_counts: Vec<Counts>,
    #[serde(default)]
    candidate: Vec<Named>,
    #[serde(default)]
    contest: Vec<ContestPart>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Named {
    #[serde(rename = "@id")]
    id: String,
    #[serde(default)]
    external_identifier: Vec<External>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ContestPart {
    #[serde(rename = "@id")]
    id: String,
    #[serde(default)]
    external_identifier: Vec<External>,
    #[serde(default)]
    contest_selection: Vec<Selection>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Selection {
    #[serde(default)]
    candidate_ids: Vec<String>,
    #[serde(default)]
    vote_counts: Vec<Counts>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Counts {
    gp_unit_id: String,
    r#type: String,
    other_type: Option<String>,
    count: Option<u32>,
    ballots_cast: Option<u32>,
}

/// Whether a file may be such a report.
#[must_use]
pub fn is_nist_report(bytes: &[u8]) -> bool {
    let start = bytes.get(..bytes.len().min(4_096)).unwrap_or_default();
    start.windows(MARK.len()).any(|part| part == MARK)
}

/// Reads a report. A row stands for each station with votes; its line is its place among the report's units, from 1.
///
/// # Errors
/// When the file is no such report, or speaks of contests, candidates or kinds of ballots that the election does not
/// know. Stations whose identifier is none are left out and listed among the faults.
pub fn read_nist_report(file: &str, bytes: &[u8], definition: &Definition) -> Result<Results, SourceError> {
    let fault = |line: usize, field: &str, message: String| SourceError {
        file: file.to_owned(),
        line,
        field: field.to_owned(),
        message,
    };
    let report: Report = serde_json::from_slice(bytes)
        .map_err(|error| fault(error.line(), "", format!("not an election report of NIST SP 1500-100: {error}")))?;
    let mut results = Results::default();
    let mut stations: HashMap<&str, (u64, StationId)> = HashMap::new();
    for (line, unit) in (1_u64..).zip(&report.gp_unit).filter(|(_, unit)| unit.r#type.as_deref() == Some("precinct")) {
        let Some(own) = unit.external_identifier.first() else { continue };
        match StationId::new(own.value.as_str()) {
            Ok(station) => {
                stations.insert(unit.id.as_str(), (line, station));
            }
            Err(error) => results.faults.push(fault(0, &unit.id, error.to_string())),
        }
    }
    let mut found: BTreeMap<(u64, usize), Numbers> = BTreeMap::new();
    let mut numbers = |counts: &Counts, at: usize, set: &dyn Fn(&mut Numbers)| {
        let Some((line, station)) = stations.get(counts.gp_unit_id.as_str()) else { return };
        let contest = &definition.contests[at];
        let row = found.entry((*line, at)).or_insert_with(|| Numbers {
            contest: contest.id.clone(),
            station: station.clone(),
            detail: Detail::Candidate,
            votes: vec![Cell::Absent; contest.candidates.len()],
            other: BTreeMap::new(),
            stated: Stated::default(),
        });
        set(row);
    };
    for election in &report.election {
        let candidates: HashMap<&str, &str> = election
            .candidate
            .iter()
            .filter_map(|one| Some((one.id.as_str(), one.external_identifier.first()?.value.as_str())))
            .collect();
        for part in &election.contest {
            let id = part.external_identifier.first().map_or(part.id.as_str(), |own| own.value.as_str());
            let at = definition.contests.iter().position(|contest| contest.id.as_str() == id);
            let at = at.ok_or_else(|| fault(0, "Contest", format!("the election has no contest `{id}`")))?;
            for selection in &part.contest_selection {
                let id = selection.candidate_ids.first().and_then(|id| candidates.get(id.as_str())).copied();
                let id = id.unwrap_or_default();
                let candidate = definition.contests[at].candidates.iter().position(|one| one.id.as_str() == id);
                let candidate = candidate
                    .ok_or_else(|| fault(0, "CandidateSelection", format!("the contest has no candidate `{id}`")))?;
                for counts in selection.vote_counts.iter().filter(|counts| counts.r#type == "total") {
                    if let Some(votes) = counts.count {
                        numbers(counts, at, &|row| {
                            if let Some(cell) = row.votes.get_mut(candidate) {
                                *cell = Cell::Value(votes);
                            }
                        });
                    }
                }
            }
        }
        for counts in &election.ballot_counts {
            let Some((contest, kind)) = counts.other_type.as_deref().and_then(|name| name.split_once('/')) else {
                continue;
            };
            let at = definition.contests.iter().position(|one| one.id.as_str() == contest);
            let other = at.and_then(|at| definition.contests[at].others.iter().find(|one| one.id.as_str() == kind));
            let (Some(at), Some(other)) = (at, other) else {
                return Err(fault(0, "BallotCounts", format!("the election has no ballots `{contest}/{kind}`")));
            };
            if let Some(ballots) = counts.ballots_cast {
                numbers(counts, at, &|row| {
                    row.other.insert(other.id.clone(), Cell::Value(ballots));
                });
            }
        }
    }
    for ((line, _), numbers) in found {
        match results.rows.last_mut().filter(|row: &&mut ResultsRow| row.line == line) {
            Some(row) => row.numbers.push(numbers),
            None => results.rows.push(ResultsRow { line, numbers: vec![numbers] }),
        }
    }
    Ok(results)
}
