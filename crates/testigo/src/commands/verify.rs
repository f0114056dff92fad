//! `testigo verify`: recompute everything from the bytes. Needs no lock and no key.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::Args;
use testigo_archive::{ArchiveError, ArchiveReader, VerifyError, verify_ledger};
use testigo_count::geography::UnitIndex;
use testigo_count::{Count, LocalText};

use super::exit;
use crate::commands::import::all_cores;
use crate::counting::ArchiveDocuments;
use crate::pictures::{self, ProofReport};
use crate::say;
use crate::terminal::{Progress, counted, grouped};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  testigo verify archive")]
pub struct VerifyArguments {
    /// The archive; it may be in use, left by a killed process, or on a read-only disk
    pub dir: PathBuf,
}

pub fn run(arguments: &VerifyArguments) -> Result<ExitCode> {
    let reader = match ArchiveReader::open(&arguments.dir) {
        Ok(reader) => reader,
        Err(error @ (ArchiveError::KeysInvalid { .. } | ArchiveError::Missing { .. })) => {
            say!("WRONG: {error}");
            return Ok(exit(false));
        }
        Err(error) => return Err(error.into()),
    };
    let documents = ArchiveDocuments(&reader);
    let mut count: Option<Count> = None;
    let mut fold_error = None;
    let report = verify_ledger(&reader, |index, entry| {
        if fold_error.is_some() {
            return;
        }
        let folded = match &mut count {
            None => Count::begin(entry, &documents).map(|begun| count = Some(begun)),
            Some(count) => count.append(entry, &documents),
        };
        fold_error = folded.err().map(|error| (index, error));
    });
    let report = match report {
        Ok(report) => report,
        Err(VerifyError::Fault(fault)) => {
            say!("WRONG: {fault}");
            return Ok(exit(false));
        }
        Err(VerifyError::Archive(error)) => return Err(error.into()),
    };
    say!("ledger        {}", report.checkpoint.origin);
    say!("head          {} entries, root {}", grouped(report.checkpoint.size.0), report.checkpoint.root);
    say!("entries       {} hashed from their bytes, {} bundles", grouped(report.entries), grouped(report.bundles));
    say!(
        "tree          {} tiles compared, {} signed heads continue each other",
        grouped(report.tiles),
        grouped(report.checkpoints)
    );
    say!(
        "files         {} and {} have the bytes that their names say",
        counted(report.documents, "document", "documents"),
        counted(report.renditions, "picture", "pictures")
    );
    if let Some((index, error)) = fold_error {
        say!("WRONG: the fold stops at entry {index}: {error}");
        return Ok(exit(false));
    }
    let Some(count) = count else {
        say!("WRONG: the ledger has no entries");
        return Ok(exit(false));
    };
    if count.election().origin != report.checkpoint.origin {
        say!(
            "WRONG: entry 0 is of the ledger `{}`, the signed head of `{}`",
            count.election().origin,
            report.checkpoint.origin
        );
        return Ok(exit(false));
    }
    if count.recounted().as_ref() != Some(&count) {
        say!("WRONG: adding every station up again gives other totals than taking the entries in one by one");
        return Ok(exit(false));
    }
    if let Some(missing) = missing_results_file(&reader, &count) {
        say!("WRONG: {missing}");
        return Ok(exit(false));
    }
    let progress = Progress::new("masks", count.sheet_count() as u64);
    let checked = pictures::check_all(&reader, &count, all_cores(), || progress.advance(1));
    progress.finish();
    match checked {
        Err(fault) => {
            say!("WRONG: {fault}");
            return Ok(exit(false));
        }
        Ok(report) => print_proofs(report),
    }
    for (at, contest) in count.definition().contests.iter().enumerate() {
        let tally = count.tally(at, UnitIndex::WHOLE, report.checkpoint.root.to_string());
        let votes: Vec<String> =
            tally.candidates.iter().map(|one| format!("{} {}", one.id, grouped(one.votes))).collect();
        say!(
            "count         {}: {} stations, {}",
            text(&contest.title),
            grouped(u64::from(tally.stations.counted)),
            votes.join(", ")
        );
    }
    if !count.refusals().is_empty() {
        say!(
            "without effect {} entries (unsigned rulings and the like); `testigo check` lists them",
            count.refusals().len()
        );
    }
    say!(
        "All of it is right, as far as the archive itself can show: that no sheet was left out, only the register and those who hold sheets can tell."
    );
    Ok(exit(true))
}

fn print_proofs(ProofReport { proved, unproved, withheld }: ProofReport) {
    if proved > 0 {
        let pictures = counted(proved as u64, "picture shows", "pictures show");
        say!("masks         {pictures} the pixels that came in, and hide nothing but what the ledger says");
    }
    if unproved > 0 {
        let pictures = counted(unproved as u64, "picture", "pictures");
        say!("              {pictures} came in before pixels were committed to: what they show cannot be checked");
    }
    if withheld > 0 {
        let pictures = counted(withheld as u64, "picture is", "pictures are");
        say!("              {pictures} withheld by rulings");
    }
}

fn text(text: &LocalText) -> &str {
    text.in_language("en")
}

/// A results file that readings name and that is not there for others to read again.
fn missing_results_file(reader: &ArchiveReader, count: &Count) -> Option<String> {
    let mut files = count.kept_documents().map(|hash| testigo_ledger::Hash(*hash.as_bytes()));
    let gone = files.find(|hash| reader.document(hash).is_err())?;
    Some(format!("the results file documents/{gone} that readings name is missing"))
}
