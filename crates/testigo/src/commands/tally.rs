//! `testigo tally`: the result of a unit, from the ledger.

use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use testigo_count::tally::{Tally, TallyVotes};
use testigo_count::{Count, LocalText};

use super::Format;
use super::question::{Question, Subject};
use crate::say;
use crate::terminal::grouped;

#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  testigo tally archive\n  testigo tally archive --unit state/01 --format csv")]
pub struct TallyArguments {
    #[command(flatten)]
    pub question: Question,
}

pub fn run(arguments: &TallyArguments) -> Result<ExitCode> {
    let Subject { count, checkpoint, contest, unit } = arguments.question.subject()?;
    let tally = count.tally(contest, unit, checkpoint.root.to_string());
    match arguments.question.format {
        Format::Json => say!("{}", serde_json::to_string_pretty(&tally)?),
        Format::Csv => say!("{}", csv(&tally)?),
        Format::Table => table(&count, contest, &tally),
    }
    Ok(ExitCode::SUCCESS)
}

fn csv(tally: &Tally) -> Result<String> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    let ids = |votes: &[TallyVotes]| votes.iter().map(|one| one.id.clone()).collect::<Vec<_>>();
    let mut header: Vec<String> =
        ["level", "code", "name", "state", "listed", "counted", "disputed", "registered_in_counted", "valid"]
            .map(str::to_owned)
            .to_vec();
    header.extend(ids(&tally.candidates));
    header.extend(ids(&tally.others));
    writer.write_record(&header)?;
    for child in &tally.children {
        let mut row = vec![
            child.level.clone(),
            child.code.clone(),
            child.name.clone(),
            child.state.unwrap_or_default().to_owned(),
            child.listed.to_string(),
            child.counted.to_string(),
            child.disputed.to_string(),
            child.registered_in_counted.to_string(),
            child.valid.to_string(),
        ];
        row.extend(child.candidates.iter().chain(&child.others).map(|one| one.votes.to_string()));
        writer.write_record(&row)?;
    }
    let bytes = writer.into_inner().map_err(|error| anyhow::anyhow!("{error}"))?;
    Ok(String::from_utf8(bytes)?.trim_end().to_owned())
}

fn table(count: &Count, contest: usize, tally: &Tally) {
    let definition = &count.definition().contests[contest];
    let english = |text: &LocalText| text.in_language("en").to_owned();
    let place = if tally.unit.code.is_empty() {
        tally.unit.name.clone()
    } else {
        format!("{} {} ({})", tally.unit.code, tally.unit.name, tally.unit.level)
    };
    say!("{} · {} · {place}", english(&count.definition().title), english(&definition.title));
    let stations = &tally.stations;
    let expected = match stations.expected {
        Some(expected) => grouped(u64::from(expected)),
        None => format!("an unknown number (at least {})", grouped(u64::from(stations.listed))),
    };
    say!("{} counted of {expected} expected stations", grouped(u64::from(stations.counted)));
    let states = [
        ("with a sheet", stations.received),
        ("disputed", stations.disputed),
        ("held", stations.held),
        ("not read yet", stations.unread),
        ("unreadable", stations.unreadable),
        ("awaited", stations.awaited),
        ("not installed", stations.not_installed),
        ("objected", stations.objected),
    ];
    let shown: Vec<String> = states
        .iter()
        .filter(|(_, number)| *number > 0)
        .map(|(state, number)| format!("{} {state}", grouped(u64::from(*number))))
        .collect();
    if !shown.is_empty() {
        say!("{}", shown.join(" · "));
    }
    if count.register_from_results() {
        say!("The register was made from results: it cannot name the stations that are missing.");
    }
    say!("");
    let width = definition.candidates.iter().map(|one| english(&one.name).chars().count()).max().unwrap_or(0).max(14);
    let mut order: Vec<(usize, &TallyVotes)> = tally.candidates.iter().enumerate().collect();
    order.sort_by_key(|(_, one)| std::cmp::Reverse(one.votes));
    for (at, one) in order {
        let name = english(&definition.candidates[at].name);
        let share = share(one.votes, tally.valid);
        say!("{:<6} {name:<width$} {:>14} {share:>9}", one.id, grouped(one.votes));
    }
    say!("{:<6} {:<width$} {:>14}", "", "valid", grouped(tally.valid));
    for (other, one) in definition.others.iter().zip(&tally.others) {
        say!("{:<6} {:<width$} {:>14}", "", english(&other.title).to_lowercase(), grouped(one.votes));
    }
    let registered = &tally.registered;
    if registered.in_counted > 0 {
        let cast = tally.valid + tally.others.iter().map(|one| one.votes).sum::<u64>();
        // Ballots of stations whose voters nobody knows would make the turnout too high.
        let turnout = if registered.counted_unknown == 0 { share(cast, registered.in_counted) } else { String::new() };
        let line = format!("{:<6} {:<width$} {:>14} {turnout:>9}", "", "registered", grouped(registered.in_counted));
        say!("{}", line.trim_end());
        if registered.counted_unknown == 0 {
            say!("       registered voters of the counted stations, and turnout there");
        } else {
            say!(
                "       registered voters of the counted stations; of {} it is not known, so no turnout is given",
                grouped(u64::from(registered.counted_unknown))
            );
        }
    }
    say!("");
    for child in &tally.children {
        let state = child.state.unwrap_or_default();
        let counts = match child.state {
            None => format!("{} of {}", child.counted, child.listed),
            Some(_) => String::new(),
        };
        let votes: Vec<String> =
            child.candidates.iter().take(4).map(|one| format!("{} {}", one.id, grouped(one.votes))).collect();
        say!("{:<14} {:<24} {counts:>14}{state:>14}  {}", child.code, child.name, votes.join("  "));
    }
    say!("");
    if let Some(ledger) = &tally.ledger {
        say!("ledger {} entries, root {}", grouped(ledger.size), ledger.root);
    }
}

/// A share with two decimals, rounded half up, without floating point.
fn share(part: u64, whole: u64) -> String {
    match (u128::from(part) * 20_000 + u128::from(whole)).checked_div(u128::from(whole) * 2) {
        Some(hundredths) => format!("{}.{:02} %", hundredths / 100, hundredths % 100),
        None => "–".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn shares_are_rounded_half_up() {
        for (part, whole, text) in
            [(0, 0, "–"), (1, 3, "33.33 %"), (2, 3, "66.67 %"), (7_156_462, 10_659_128, "67.14 %"), (1, 1, "100.00 %")]
        {
            assert_eq!(super::share(part, whole), text);
        }
    }
}
