//! What the numbers are from (S01, S30), and how a second archive differs (S31).

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};

use super::{Facts, names};
use crate::bounds::margin;
use crate::number::real;
use crate::settings::Settings;
use crate::sheets::{Sheet, Sheets, Sums};

fn named_totals(sheets: &Sheets, sums: &Sums) -> BTreeMap<String, u64> {
    let mut totals = sheets.by_id(|candidate| sums.votes[candidate]);
    totals.insert(names::VALID.to_owned(), sums.valid);
    totals.insert(names::VOID.to_owned(), sums.void);
    totals
}

/// S01.
#[must_use]
pub fn data(sheets: &Sheets, settings: &Settings, facts: &Facts) -> Value {
    let sums = sheets.sums();
    let mut totals = named_totals(sheets, &sums);
    totals.insert(names::REGISTERED.to_owned(), sums.registered);
    totals.insert("cast".to_owned(), sums.cast());
    let by_place = sheets.by_place();
    let gap = |rows: &Vec<usize>| {
        let highest = rows.iter().filter_map(|row| sheets.rows[*row].number).max().unwrap_or(0);
        u64::from(highest).saturating_sub(rows.len() as u64)
    };
    let gaps: Vec<u64> = by_place.iter().map(gap).collect();
    // Below the places there are two levels more in the model case: parishes, and municipalities above them.
    let level_above = |steps: usize| {
        let level = settings.places.and_then(|places| places.checked_sub(steps));
        level.and_then(|level| sheets.levels.get(level)).map(Vec::len)
    };
    json!({
        "file": facts.sources.join(", "),
        "git_commit": "",
        "sha256": sheets.files.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        "tables": sums.sheets,
        "centres": by_place.iter().filter(|rows| !rows.is_empty()).count(),
        "states": sheets.strata.len(),
        "municipalities": level_above(2),
        "parishes": level_above(1),
        "totals": totals,
        "rows_sum_of_candidates_ne_valid": sheets.rows.iter().filter(|row| row.stated_valid.is_some_and(|valid| valid != row.valid)).count(),
        "rows_cast_gt_registered": sheets.rows.iter().filter(|row| row.registered.is_some_and(|all| row.cast() > all)).count(),
        "duplicate_centre_table_keys": sheets.doubled_rows,
        "duplicate_urls": facts.doubled_addresses,
        "interior_table_gaps": gaps.iter().sum::<u64>(),
        "centres_with_gap": gaps.iter().filter(|gap| **gap > 0).count(),
        "centres_with_ge2_tables": by_place.iter().filter(|rows| rows.len() >= 2).count(),
    })
}

/// S30: by stratum, by name.
#[must_use]
pub fn by_stratum(sheets: &Sheets) -> Value {
    let (leader, runner_up) = (sheets.leader_id(), sheets.runner_up_id());
    let mut answer = serde_json::Map::new();
    for (stratum, rows) in sheets.by_stratum().into_iter().enumerate() {
        let sums = sheets.sums_of(rows.iter().map(|row| &sheets.rows[*row]));
        let group = &sheets.strata[stratum];
        let name = if group.name.is_empty() { &group.code } else { &group.name };
        answer.insert(
            name.clone(),
            json!({
                "tables": sums.sheets,
                names::REGISTERED: sums.registered,
                "valid": sums.valid,
                "null": sums.void,
                leader: sums.votes[sheets.leader],
                runner_up: sums.votes[sheets.runner_up],
            }),
        );
    }
    Value::Object(answer)
}

/// S31: what another archive has that this one has not, and the other way round.
#[must_use]
pub fn against(sheets: &Sheets, other: &Sheets) -> Value {
    let known: HashMap<&str, &Sheet> = sheets.rows.iter().map(|row| (row.station.as_str(), row)).collect();
    let there: HashMap<&str, &Sheet> = other.rows.iter().map(|row| (row.station.as_str(), row)).collect();
    let removed: Vec<&str> = sheets
        .rows
        .iter()
        .filter(|row| !there.contains_key(row.station.as_str()))
        .map(|row| row.label.as_str())
        .collect();
    let added: Vec<&Sheet> = other.rows.iter().filter(|row| !known.contains_key(row.station.as_str())).collect();
    let differs = |row: &&Sheet| {
        known
            .get(row.station.as_str())
            .is_some_and(|one| (&one.votes, one.valid, one.void) != (&row.votes, row.valid, row.void))
    };
    let differing: Vec<&str> = other.rows.iter().filter(differs).map(|row| row.station.as_str()).collect();
    let new = other.sums_of(added.iter().copied());
    let whole = other.sums();
    let leader = sheets.leader_id();
    let at = other.candidate(leader).unwrap_or(other.leader);
    let next = other.candidate(sheets.runner_up_id()).unwrap_or(other.runner_up);
    let lead = real(new.votes[at]) - real(new.votes[next]);
    let mut block = json!({
        "rows": whole.sheets,
        "dup_keys": other.doubled_rows,
        "totals": named_totals(other, &whole),
        "merge": {
            "both": other.len() - added.len(),
            "right_only": added.len(),
            "left_only": removed.len(),
        },
        "removed": removed,
        "added": added.len(),
        "new_valid": new.valid,
        "new_lead": lead / real(new.valid),
        "rows_with_vote_differences": differing.len(),
        "stations_with_vote_differences": differing,
        "margin": margin(other, &whole),
    });
    block[format!("new_{leader}")] = json!(new.votes[at]);
    block[format!("new_{}", sheets.runner_up_id())] = json!(new.votes[next]);
    block[format!("new_{leader}_share")] = json!(real(new.votes[at]) / real(new.valid));
    block
}
