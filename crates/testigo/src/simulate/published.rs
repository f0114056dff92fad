//! The numbers of a simulated election as an authority might publish them, the mapping that reads such a file, and the
//! ledger entries that follow from it.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result};
use testigo_count::entry::{ElectionEntry, RegisterOrigin};
use testigo_count::identifier::DocumentHash;
use testigo_count::pack::CountingRule;
use testigo_count::{Cell, Contest, Detail, Entry, Numbers, Outcome, Reader, Reading, ReadingOf};

use super::Simulation;

/// The name of the column of a candidate or of a kind of ballots.
fn column(contest: &Contest, id: &str) -> String {
    format!("{}_{id}", contest.id)
}

/// Writes `results.csv`, `results.toml` and, where asked, `entries.jsonl`.
pub fn write(simulation: &Simulation<'_>, folder: &Path, entries: bool) -> Result<()> {
    let create = |name: &str| {
        let file = File::create(folder.join(name)).with_context(|| format!("{name} cannot be written"))?;
        anyhow::Ok(BufWriter::with_capacity(1 << 18, file))
    };
    let mut results = create("results.csv")?;
    let mut line = "station,registered".to_owned();
    for contest in &simulation.definition.contests {
        for id in ids(contest) {
            write!(line, ",{}", column(contest, id))?;
        }
    }
    writeln!(results, "{line}")?;
    for station in simulation.stations()? {
        line.clear();
        write!(line, "{},{}", station.row.station, station.row.registered.unwrap_or(0))?;
        for (contest, numbers) in simulation.definition.contests.iter().zip(&station.numbers) {
            let numbers = by_candidate(contest, numbers);
            let others = contest.others.iter().filter_map(|other| numbers.other.get(&other.id));
            for cell in numbers.votes.iter().chain(others) {
                write!(line, ",{}", cell.value().unwrap_or(0))?;
            }
        }
        writeln!(results, "{line}")?;
    }
    results.flush()?;
    create("results.toml")?.write_all(mapping(simulation)?.as_bytes())?;
    if entries {
        write_entries(simulation, folder, create("entries.jsonl")?)?;
    }
    Ok(())
}

fn ids(contest: &Contest) -> impl Iterator<Item = &str> {
    contest.candidates.iter().map(|one| one.id.as_str()).chain(contest.others.iter().map(|one| one.id.as_str()))
}

/// The sum of each candidate's lines.
fn by_candidate(contest: &Contest, numbers: &Numbers) -> Numbers {
    let sum = |candidate: usize| {
        let lines = contest.selections.iter().zip(&numbers.votes).filter(|(line, _)| line.candidate == candidate);
        Cell::Value(lines.filter_map(|(_, cell)| cell.value()).sum())
    };
    let votes = (0..contest.candidates.len()).map(sum).collect();
    Numbers { detail: Detail::Candidate, votes, ..numbers.clone() }
}

fn mapping(simulation: &Simulation<'_>) -> Result<String> {
    let mut text =
        "# Reads the results.csv of a simulated election.\nid = \"results\"\nstation = [{ column = \"station\" }]\n"
            .to_owned();
    for contest in &simulation.definition.contests {
        writeln!(text, "\n[[numbers]]\ncontest = \"{}\"\n\n[numbers.candidates]", contest.id)?;
        for candidate in &contest.candidates {
            writeln!(text, "\"{}\" = \"{}\"", candidate.id, column(contest, candidate.id.as_str()))?;
        }
        writeln!(text, "\n[numbers.others]")?;
        for other in &contest.others {
            writeln!(text, "\"{}\" = \"{}\"", other.id, column(contest, other.id.as_str()))?;
        }
    }
    Ok(text)
}

/// The ledger of an election in which a single published reading counts.
fn write_entries(simulation: &Simulation<'_>, folder: &Path, mut out: BufWriter<File>) -> Result<()> {
    let hash = |name: &str| {
        let bytes = std::fs::read(folder.join(name)).with_context(|| format!("{name} cannot be read again"))?;
        anyhow::Ok(DocumentHash::of(&bytes))
    };
    let files = crate::packs::PackFiles::find(&simulation.pack.id)?;
    let election = ElectionEntry::new(
        format!("simulated/{}/{}", simulation.pack.id, simulation.seed),
        DocumentHash::of(&files.definition),
        DocumentHash::of(&files.pack),
        (hash("register.csv")?, RegisterOrigin::List),
        CountingRule { single_published: true, ..CountingRule::default() },
        BTreeMap::new(),
    );
    let mut write = |entry: Entry| {
        out.write_all(&entry.to_bytes()?)?;
        anyhow::Ok(out.write_all(b"\n")?)
    };
    write(Entry::Election(election))?;
    let reader = Reader::Published(hash("results.csv")?);
    for station in simulation.stations()? {
        // The header is line 1.
        let line = u64::from(station.ordinal) + 2;
        for (contest, numbers) in simulation.definition.contests.iter().zip(&station.numbers) {
            let outcome = Outcome::Numbers(by_candidate(contest, numbers));
            write(Entry::Reading(Reading {
                reader: reader.clone(),
                of: ReadingOf::Row(line),
                prev: None,
                step: None,
                outcome,
            }))?;
        }
    }
    Ok(out.flush()?)
}
