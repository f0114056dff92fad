//! `testigo anchor`: have somebody else say when a head existed, and keep what they say in the ledger. Nothing is sent unless you send it.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use testigo_archive::{Archive, ArchiveReader};
use testigo_count::entry::{AnchorEntry, AnchorKind};
use testigo_count::identifier::DocumentHash;
use testigo_count::{Count, Entry};
use testigo_ledger::anchor::opentimestamps::Attested;
use testigo_ledger::anchor::{self, opentimestamps, rfc3161};
use testigo_ledger::{Checkpoint, Hash, TreeSize};

use super::exit;
use crate::http::Client;
use crate::terminal::grouped;
use crate::{counting, keys, say};

/// So long may an authority take.
const PATIENCE: Duration = Duration::from_secs(30);

/// Longest response that is read and kept, in bytes.
const LONGEST_STAMP: u64 = 1 << 20;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  testigo anchor request archive --out head.tsq
  curl -H 'Content-Type: application/timestamp-query' --data-binary @head.tsq https://tsa.example.org > head.tsr
  testigo anchor add archive head.tsr
  testigo anchor check archive
`request` also writes what OpenTimestamps stamps: `ots stamp head.txt`, later `testigo anchor add archive head.txt.ots`.")]
pub struct AnchorArguments {
    #[command(subcommand)]
    pub action: AnchorAction,
}

#[derive(Debug, Subcommand)]
pub enum AnchorAction {
    /// Write the request for a stamp over the last head (RFC 3161), and the head's text beside it
    Request {
        /// The archive or mirror
        dir: PathBuf,
        /// The request's file; the head's text goes beside it, ending in .txt
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Send the request to this time-stamping authority and write its response beside it, ending in .tsr
        #[arg(long, value_name = "URL")]
        send: Option<String>,
    },
    /// Put a stamp into the ledger: an authority's response, or an OpenTimestamps proof
    Add {
        /// The archive
        dir: PathBuf,
        /// The stamp
        file: PathBuf,
        /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
        #[arg(long, value_name = "FILE")]
        ledger_key: Option<PathBuf>,
    },
    /// Hold every stamp in the ledger against the head that it is over
    Check {
        /// The archive or mirror
        dir: PathBuf,
        /// Write each stamp and the text that it is over into this folder, for `openssl ts` and `ots verify`
        #[arg(long, value_name = "FOLDER")]
        out: Option<PathBuf>,
    },
}

pub fn run(arguments: &AnchorArguments) -> Result<ExitCode> {
    match &arguments.action {
        AnchorAction::Request { dir, out, send } => request(dir, out, send.as_deref()),
        AnchorAction::Add { dir, file, ledger_key } => add(dir, file, ledger_key.as_deref()),
        AnchorAction::Check { dir, out } => check(dir, out.as_deref()),
    }
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    std::fs::write(path, bytes).with_context(|| format!("{} cannot be written", path.display()))
}

fn request(dir: &Path, out: &Path, send: Option<&str>) -> Result<ExitCode> {
    let head = ArchiveReader::open_public(dir)?.checkpoint()?;
    let digest = anchor::digest(&head);
    let query = rfc3161::request(&digest);
    let text = out.with_extension("txt");
    write(out, &query)?;
    write(&text, head.to_string().as_bytes())?;
    say!("head     {} entries, root {}", grouped(head.size.0), head.root);
    say!("text     {}, SHA-256 {digest}", text.display());
    say!("request  {} (application/timestamp-query)", out.display());
    let Some(url) = send else { return Ok(ExitCode::SUCCESS) };
    let client = Client::new(PATIENCE);
    let answer = client.post_bytes(url, "application/timestamp-query", &query, LONGEST_STAMP)?;
    if answer.status != 200 {
        bail!("{url} answers {}\nhint: ask it for the address that takes requests of RFC 3161", answer.status);
    }
    let stamp = rfc3161::read(&answer.body).with_context(|| format!("{url} sent no time stamp"))?;
    if stamp.digest != digest {
        bail!("{url} stamped something else; its response was not kept");
    }
    let response = out.with_extension("tsr");
    write(&response, &answer.body)?;
    say!("stamp    {}, time {}", response.display(), stamp.time);
    Ok(ExitCode::SUCCESS)
}

/// A stamp of either kind: what it is over, and what it says in words.
struct Stamp {
    kind: AnchorKind,
    digest: Hash,
    says: String,
}

fn read(bytes: &[u8]) -> Result<Stamp> {
    match opentimestamps::read(bytes) {
        Ok(proof) => {
            let says: Vec<String> = proof.attested.iter().map(attested).collect();
            Ok(Stamp { kind: AnchorKind::OpenTimestamps, digest: proof.digest, says: says.join("; ") })
        }
        Err(opentimestamps::ProofFileError::NoProof) => {
            let stamp = rfc3161::read(bytes)?;
            Ok(Stamp { kind: AnchorKind::Rfc3161, digest: stamp.digest, says: format!("time {}", stamp.time) })
        }
        Err(error) => Err(error.into()),
    }
}

fn attested(end: &Attested) -> String {
    match end {
        Attested::Pending { calendar, .. } => format!("promised by {calendar}"),
        Attested::Bitcoin { height, merkle_root } => {
            let shown: Vec<String> = merkle_root.as_bytes().iter().rev().map(|byte| format!("{byte:02x}")).collect();
            format!("in Bitcoin block {height} if its Merkle root is {}", shown.concat())
        }
        Attested::Other { .. } => "an attestation of a kind that is not understood here".to_owned(),
    }
}

fn add(dir: &Path, file: &Path, ledger_key: Option<&Path>) -> Result<ExitCode> {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > LONGEST_STAMP {
        bail!("{} is longer than any stamp", file.display());
    }
    let stamp = read(&bytes).with_context(|| {
        format!(
            "{} is no stamp\nhint: a time-stamping authority's response, or an OpenTimestamps proof (.ots)",
            file.display()
        )
    })?;
    let mut archive = Archive::open(dir, keys::of_archive(dir, ledger_key)?)?;
    let reader = archive.reader()?;
    let head = stamped_head(&reader, &stamp.digest)?.with_context(|| {
        format!(
            "{} is over {}, which is no head of this ledger\nhint: stamp the text that `testigo anchor request` writes",
            file.display(),
            stamp.digest
        )
    })?;
    let document = archive.put_document(&bytes)?;
    let entry = AnchorEntry::new(stamp.kind, head.size.0, DocumentHash::from_bytes(document.0));
    let appended = archive.append(&[Entry::Anchor(entry).to_bytes()?])?;
    archive.publish()?;
    let index = appended.first().context("the archive gave the entry no place")?.index;
    say!("entry {index}: the head of {} entries, {}: {}", grouped(head.size.0), stamp.kind.word(), stamp.says);
    Ok(ExitCode::SUCCESS)
}

/// The published head whose text has this hash.
fn stamped_head(reader: &ArchiveReader, digest: &Hash) -> Result<Option<Checkpoint>> {
    let mut sizes = reader.head_sizes()?;
    sizes.sort_unstable();
    for size in sizes.into_iter().rev() {
        let head = head_at(reader, size)?;
        if anchor::digest(&head) == *digest {
            return Ok(Some(head));
        }
    }
    Ok(None)
}

fn head_at(reader: &ArchiveReader, size: TreeSize) -> Result<Checkpoint> {
    Ok(Checkpoint { origin: reader.keys().origin().to_owned(), size, root: reader.root_at(size)? })
}

fn check(dir: &Path, out: Option<&Path>) -> Result<ExitCode> {
    let reader = ArchiveReader::open_public(dir)?;
    let (count, _) = counting::load(&reader)?;
    if let Some(out) = out {
        std::fs::create_dir_all(out).with_context(|| format!("{} cannot be made", out.display()))?;
    }
    let mut all_well = true;
    for one in count.anchors() {
        let head = head_at(&reader, TreeSize(one.size))?;
        let bytes = reader.document(&Hash(*one.document.as_bytes()));
        let said = match bytes.as_deref().map_err(ToString::to_string).and_then(|bytes| verdict(bytes, one.kind, &head))
        {
            Ok(says) => says,
            Err(wrong) => {
                all_well = false;
                format!("WRONG: {wrong}")
            }
        };
        say!("entry {}: the head of {} entries, {}: {said}", one.entry, grouped(one.size), one.kind.word());
        if let (Some(out), Ok(bytes)) = (out, bytes) {
            let ending = if one.kind == AnchorKind::Rfc3161 { "tsr" } else { "txt.ots" };
            write(&out.join(format!("{}.{ending}", one.entry)), &bytes)?;
            write(&out.join(format!("{}.txt", one.entry)), head.to_string().as_bytes())?;
        }
    }
    show_end(&count, all_well);
    Ok(exit(all_well))
}

fn show_end(count: &Count, all_well: bool) {
    match (count.anchors().len(), all_well) {
        (0, _) => say!("No head of this ledger was stamped by others."),
        (_, true) => say!(
            "Every stamp is over the head it names. Who made it is checked by `openssl ts -verify -data N.txt -in N.tsr -CAfile ...` and `ots verify N.txt.ots`."
        ),
        (_, false) => say!("Not every stamp is over the head it names."),
    }
}

fn verdict(bytes: &[u8], kind: AnchorKind, head: &Checkpoint) -> Result<String, String> {
    let stamp = read(bytes).map_err(|error| format!("{error:#}"))?;
    if stamp.kind != kind {
        return Err(format!("the document is of the kind {}", stamp.kind.word()));
    }
    let expected = anchor::digest(head);
    if stamp.digest == expected {
        Ok(stamp.says)
    } else {
        Err(format!("it is over {}, the head's text has {expected}", stamp.digest))
    }
}
