//! `testigo evidence`: one signed ZIP with everything that the ledger has on some stations.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use testigo_archive::ArchiveReader;
use testigo_count::geography::StationIndex;
use testigo_ledger::{EntryIndex, Hash};
use testigo_site::evidence::pack;
use testigo_site::mirror::{Listed, MANIFEST, Manifest};
use testigo_site::source::open_view;
use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, DateTime, ZipWriter};

use crate::terminal::{counted, grouped};
use crate::{keys, say};

#[derive(Debug, Args)]
#[command(after_help = "Example:
  testigo evidence archive 010118029.01 010118029.02 --out evidence.zip
The same archive and stations give the same file. Inside, README.txt says how to check it without this program.")]
pub struct EvidenceArguments {
    /// The archive
    pub dir: PathBuf,
    /// The official codes of the stations
    #[arg(required = true, value_name = "STATION")]
    pub stations: Vec<String>,
    /// The file to write; it must not be there yet
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
    /// The ledger's key, which signs the list of files [default: in the folder TESTIGO_KEYS, or your data folder]
    #[arg(long, value_name = "FILE")]
    pub ledger_key: Option<PathBuf>,
}

pub fn run(arguments: &EvidenceArguments) -> Result<ExitCode> {
    if fs::symlink_metadata(&arguments.out).is_ok() {
        bail!("{} is there already\nhint: choose another name; nothing was written", arguments.out.display());
    }
    let reader = ArchiveReader::open(&arguments.dir)?;
    let view = open_view(&reader)?;
    let mut stations: Vec<StationIndex> = Vec::new();
    for code in &arguments.stations {
        let found = view.count.geography().find_station(code);
        let station = found.with_context(|| {
            format!("there is no station `{code}`\nhint: give the official code; nothing was written")
        })?;
        if !stations.contains(&station) {
            stations.push(station);
        }
    }
    stations.sort_by_key(|station| view.count.geography().station_id(*station));
    let signer = keys::of_archive(&arguments.dir, arguments.ledger_key.as_deref())?;
    let (given, in_force) = (signer.key.verifying_key(), reader.keys().at(reader.checkpoint()?.size));
    if given != in_force {
        bail!(
            "the key is {given}, the ledger's is {in_force}\nhint: the ledger's key was replaced, or the key is another ledger's; give the right one with --ledger-key; nothing was written"
        );
    }
    let prove = |index: testigo_count::EntryIndex| {
        reader.receipt(EntryIndex(index.0)).map(|receipt| receipt.to_string()).map_err(|error| error.to_string())
    };
    let mut files = pack(&view, &reader, &stations, &prove)?;
    // All of them, as a mirror has it: whoever knows an earlier one sees that it was replaced, and by which entry.
    files.insert("ledger/key".to_owned(), reader.keys().to_string().into_bytes());
    let manifest = manifest(&reader, &files)?.sign(&signer.key)?;
    files.insert(MANIFEST.to_owned(), manifest.to_string().into_bytes());
    let bytes = zipped(&files)?;
    fs::write(&arguments.out, &bytes).with_context(|| format!("{} cannot be written", arguments.out.display()))?;
    say!(
        "{}: {} about {}, {} bytes, SHA-256 {}",
        arguments.out.display(),
        counted(files.len() as u64, "file", "files"),
        counted(stations.len() as u64, "station", "stations"),
        grouped(bytes.len() as u64),
        Hash::of(&bytes)
    );
    Ok(ExitCode::SUCCESS)
}

fn manifest(reader: &ArchiveReader, files: &BTreeMap<String, Vec<u8>>) -> Result<Manifest> {
    let listed = files.iter().map(|(path, bytes)| Listed {
        path: path.clone(),
        size: bytes.len() as u64,
        hash: Hash::of(bytes),
    });
    let program = format!("testigo {}", env!("CARGO_PKG_VERSION"));
    Ok(Manifest { checkpoint: reader.checkpoint()?, program, files: listed.collect() })
}

/// The same bytes for the same files: sorted, without times, everything stored the same way.
fn zipped(files: &BTreeMap<String, Vec<u8>>) -> Result<Vec<u8>> {
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    let plain = SimpleFileOptions::default()
        .last_modified_time(DateTime::default())
        .unix_permissions(0o644)
        .compression_method(CompressionMethod::Deflated);
    for (path, bytes) in files {
        // Pictures are packed already.
        let stored = path.starts_with("renditions/");
        let method = if stored { CompressionMethod::Stored } else { CompressionMethod::Deflated };
        zip.start_file(path, plain.compression_method(method))?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish()?.into_inner())
}
