//! `testigo init`: a new archive for an election.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use testigo_archive::{Archive, Signer};
use testigo_count::entry::{ElectionEntry, RegisterOrigin};
use testigo_count::fold::FoldError;
use testigo_count::geography::UnitIndex;
use testigo_count::identifier::DocumentHash;
use testigo_count::mapping::Mapping;
use testigo_count::pack::Pack;
use testigo_count::register::{is_register, write_register};
use testigo_count::{Entry, SourceError};

use crate::packs::PackFiles;
use crate::terminal::grouped;
use crate::{counting, keys, say};

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  testigo init archive --pack demo --register register.csv")]
pub struct InitArguments {
    /// A new or empty folder for the archive
    pub dir: PathBuf,
    /// The country pack: a name inside this program (see `testigo pack list`) or a folder
    #[arg(long)]
    pub pack: String,
    /// Stations with their units and registered voters: Testigo's own CSV, or a results file that the pack has a mapping for
    #[arg(long, value_name = "FILE")]
    pub register: Option<PathBuf>,
    /// The ledger's name, best an address you own, without https://
    #[arg(long, value_name = "NAME")]
    pub origin: Option<String>,
    /// Where to keep the ledger's key; outside DIR [default: the folder TESTIGO_KEYS, or your data folder]
    #[arg(long, value_name = "FILE")]
    pub ledger_key: Option<PathBuf>,
}

/// A new archive, ready for entries.
pub struct NewArchive {
    pub archive: Archive,
    pub key_file: PathBuf,
}

pub fn run(arguments: &InitArguments) -> Result<ExitCode> {
    let files = PackFiles::find(&arguments.pack)?;
    let register = arguments.register.as_deref().map(read_file).transpose()?;
    let register = register.as_ref().map(|(name, bytes)| (name.as_str(), bytes.as_slice()));
    let NewArchive { archive, key_file } =
        create(&arguments.dir, &files, register, arguments.origin.as_deref(), arguments.ledger_key.as_deref())?;
    let reader = archive.reader()?;
    let (count, checkpoint) = counting::load(&reader)?;
    let expected = count.expected(0, UnitIndex::WHOLE);
    say!(
        "{} is ready: {} stations in the register{}, {} units",
        arguments.dir.display(),
        grouped(u64::from(expected.at_least)),
        expected
            .known
            .filter(|known| *known > expected.at_least)
            .map_or(String::new(), |known| format!(" of {} declared", grouped(u64::from(known)))),
        grouped(count.geography().unit_count() as u64 - 1),
    );
    say!("ledger  {}", reader.verifying_key());
    say!("head    {} entries, root {}", checkpoint.size.0, checkpoint.root);
    say!("key     {} (keep it safe and apart from the archive)", key_file.display());
    if arguments.register.is_none() {
        say!(
            "hint: no register was given, so every reading is held until `testigo import --extend-register` adds its station"
        );
    } else if count.register_from_results() {
        say!("note: this register was made from results, so it cannot show which stations are missing; pages say so");
    }
    Ok(ExitCode::SUCCESS)
}

/// Makes an archive. `register` is a file's name and bytes, in any form that the pack knows.
pub fn create(
    directory: &Path,
    files: &PackFiles,
    register: Option<(&str, &[u8])>,
    origin: Option<&str>,
    ledger_key: Option<&Path>,
) -> Result<NewArchive> {
    let (definition, pack) = files.parse()?;
    let register_file = register;
    let (register, register_origin) = match register_file {
        None => (write_register(&pack, [])?, RegisterOrigin::List),
        Some((name, bytes)) => register_document(files, name, bytes)?,
    };
    let origin = match origin {
        Some(origin) => origin.to_owned(),
        None => format!("local/{}/{}", definition.id, random_word()?),
    };
    let hash = |bytes: &[u8]| DocumentHash::of(bytes);
    let entry = ElectionEntry::new(
        origin.clone(),
        hash(&files.definition),
        hash(&files.pack),
        (hash(&register), register_origin),
        pack.counting.clone(),
        BTreeMap::from([("qr".to_owned(), format!("testigo {}", env!("CARGO_PKG_VERSION")))]),
    );
    let entry = Entry::Election(entry).to_bytes()?;
    // What cannot be folded must not be signed: try it before anything is made.
    let documents: BTreeMap<DocumentHash, Vec<u8>> =
        [&files.definition, &files.pack, &register].into_iter().map(|bytes| (hash(bytes), bytes.clone())).collect();
    let register_name = register_file.map_or("register.csv", |(name, _)| name);
    testigo_count::Count::begin(&entry, &documents).map_err(|error| in_file(error, register_name))?;
    if directory.read_dir().is_ok_and(|mut files| files.next().is_some()) {
        bail!(
            "{} is not empty\nhint: choose a new folder; an archive is never made over something else",
            directory.display()
        );
    }
    let (signer, key_file): (Signer, PathBuf) = keys::create(&origin, ledger_key)?;
    let made = Archive::create(directory, signer, &entry, &[&files.definition, &files.pack, &register]);
    match made {
        Ok(archive) => {
            for (name, bytes) in &files.presentation {
                super::map::put(directory, name, bytes)?;
            }
            Ok(NewArchive { archive, key_file })
        }
        Err(error) => {
            // The key has signed nothing that anybody can hold; without its archive it is only litter.
            let _ = std::fs::remove_file(&key_file);
            Err(error.into())
        }
    }
}

/// The fold knows the register as a document without a name; whoever wrote it knows it by the file's.
fn in_file(error: FoldError, name: &str) -> FoldError {
    match error {
        FoldError::Document(fault) if fault.file == "register.csv" => {
            FoldError::Document(SourceError { file: name.to_owned(), ..fault })
        }
        other => other,
    }
}

/// A register in Testigo's own form, from whatever form the file has.
pub fn register_document(files: &PackFiles, name: &str, bytes: &[u8]) -> Result<(Vec<u8>, RegisterOrigin)> {
    let (definition, pack) = files.parse()?;
    if is_register(bytes) {
        return Ok((bytes.to_vec(), RegisterOrigin::List));
    }
    for (mapping, text) in &files.mappings {
        let place = format!("{}/mappings/{mapping}.toml", files.place);
        let mapping = Mapping::parse(&place, text, &definition, &pack)?;
        if mapping.fits_register(bytes) {
            let rows = mapping.read_register(name, bytes)?;
            return Ok((write_register(&pack, &rows)?, RegisterOrigin::Results));
        }
    }
    let columns = own_columns(&pack);
    bail!(
        "{name} is not a register that the pack `{}` knows\nhint: a register has the columns {columns}; a results file serves when one of the pack's mappings ({}) fits it",
        pack.id,
        if files.mappings.is_empty() {
            "none".to_owned()
        } else {
            files.mappings.keys().cloned().collect::<Vec<_>>().join(", ")
        },
    )
}

fn own_columns(pack: &Pack) -> String {
    let mut columns: Vec<String> =
        pack.unit_levels().iter().flat_map(|level| [level.id.to_string(), format!("{}_name", level.id)]).collect();
    columns.extend(["station".to_owned(), "registered".to_owned()]);
    columns.join(", ")
}

/// A file with its name.
pub fn read_file(path: &Path) -> Result<(String, Vec<u8>)> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    Ok((path.display().to_string(), bytes))
}

fn random_word() -> Result<String> {
    let mut bytes = [0; 4];
    getrandom::fill(&mut bytes).map_err(|error| anyhow::anyhow!("the system gives no random numbers: {error}"))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
