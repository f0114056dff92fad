//! An audit as a document and as a table: a row for each station in the order of the draw, and one more for everything else
//! that it was compared with.

use serde_json::{Value, json};
use testigo_analysis::audit::session::Found;

use crate::audited::{Audited, LIMIT};
use crate::view::View;

/// All audits of a contest; the last is the one that the page tells in full.
#[must_use]
pub fn audits(view: &View, contest: usize) -> Value {
    let candidates: Vec<String> = view.contest(contest).candidates.iter().map(|one| one.id.to_string()).collect();
    let all = view.audits(contest);
    let each = all.iter().map(|audit| match audit {
        Err(error) => json!({ "error": error.to_string() }),
        Ok(Audited { course, risks }) => {
            let risks: Vec<_> = risks.iter().filter_map(|(_, risk)| risk.as_ref().ok()).collect();
            json!({ "lists": course.lists, "seed": course.seed, "audits": risks, "records": course.records })
        }
    });
    json!({
        "contest": view.contest(contest).id, "candidates": candidates, "limit": LIMIT,
        "ledger": { "size": view.head.size, "root": view.head.root },
        "courses": each.collect::<Vec<_>>(),
    })
}

/// The last audit of a contest as CSV; `None` where there is none, or where its list cannot be read.
#[must_use]
pub fn audit_table(view: &View, contest: usize) -> Option<Vec<u8>> {
    let audits = view.audits(contest);
    let Ok(Audited { course, .. }) = audits.last()? else { return None };
    let candidates = &view.contest(contest).candidates;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let columns = |start: &'static str| candidates.iter().map(move |one| format!("{start}_{}", one.id));
    let start = ["draw", "station", "ballots"].map(str::to_owned).into_iter();
    let header =
        start.chain(columns("listed")).chain(["against", "outcome"].map(str::to_owned)).chain(columns("found"));
    writer.write_record(header).ok()?;
    let found: Vec<_> =
        course.compared_with().into_iter().map(|against| (against, course.found(&view.count, against))).collect();
    // Before the dice there is no order: then the list stands as it is.
    let listed = course.listed.iter().map(|one| (None, one));
    let drawn = course.order.iter().zip(1_usize..).filter_map(|(code, at)| Some((Some(at), course.station(code)?)));
    let rows: Vec<_> = if course.seed.is_some() { drawn.collect() } else { listed.collect() };
    let none = || vec![String::new(); candidates.len()];
    for (at, station) in rows {
        let numbers = |votes: &[u64]| votes.iter().map(u64::to_string).collect::<Vec<_>>();
        let start: Vec<String> = [
            at.map_or_else(String::new, |at| at.to_string()),
            station.station.clone(),
            station.reported.ballots.to_string(),
        ]
        .into_iter()
        .chain(numbers(&station.reported.votes))
        .collect();
        let mut looked_at = false;
        for (against, found) in &found {
            let (outcome, votes) = match found.get(&station.station) {
                None => continue,
                Some(Found::Nothing) => ("missing", none()),
                Some(Found::Numbers(found)) if found.votes == station.reported.votes => ("same", numbers(&found.votes)),
                Some(Found::Numbers(found)) => ("different", numbers(&found.votes)),
            };
            looked_at = true;
            let end = [against.word().to_owned(), outcome.to_owned()].into_iter().chain(votes);
            writer.write_record(start.iter().cloned().chain(end)).ok()?;
        }
        if !looked_at {
            let end = [String::new(), String::new()].into_iter().chain(none());
            writer.write_record(start.into_iter().chain(end)).ok()?;
        }
    }
    writer.into_inner().ok()
}
