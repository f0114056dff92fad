//! `testigo map`: where units lie, for the maps of the site. It counts for nothing, so it stands outside the ledger.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use testigo_archive::ArchiveReader;
use testigo_count::{Count, DocumentHash};
use testigo_site::map::{Boundaries, Tiles, normal_form};
use testigo_site::source::{BOUNDARIES, PRESENTATION, TILES};

use super::init::read_file;
use crate::{counting, say};

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  testigo map archive states.geojson --level state --code ISO_CODE\n\nA GeoJSON file has one polygon for each unit; files of several levels add up. A CSV file with the columns\nlevel,code,column,row,label places equal tiles instead. Without either, the site draws tiles in the order of the codes.\nA running server shows the new map after it is started again."
)]
pub struct MapArguments {
    /// The archive
    pub dir: PathBuf,
    /// GeoJSON with the outlines of units, or CSV with places of tiles
    pub file: PathBuf,
    /// The level of all units in the file; without it each feature has a property `level`
    #[arg(long, value_name = "LEVEL")]
    pub level: Option<String>,
    /// The property that holds a unit's official code [default: code]
    #[arg(long, value_name = "PROPERTY")]
    pub code: Option<String>,
}

pub fn run(arguments: &MapArguments) -> Result<ExitCode> {
    let reader = ArchiveReader::open(&arguments.dir)?;
    let (count, _) = counting::load(&reader)?;
    let (name, bytes) = read_file(&arguments.file)?;
    let known: Vec<&str> = count.pack().unit_levels().iter().map(|level| level.id.as_str()).collect();
    if let Some(level) = arguments.level.as_deref().filter(|level| !known.contains(level)) {
        bail!("there is no level `{level}`\nhint: the levels of units are {}", known.join(", "));
    }
    if arguments.file.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("csv")) {
        let tiles = Tiles::parse(&name, &bytes)?;
        put(&arguments.dir, TILES, &bytes)?;
        let placed = count.geography().units().filter(|unit| tiles.of(&count, *unit).is_some()).count();
        say!("{placed} units have a tile; the file's hash is {}", DocumentHash::of(&bytes));
        return Ok(super::exit(placed > 0));
    }
    let before = std::fs::read(arguments.dir.join(PRESENTATION).join(BOUNDARIES)).ok();
    let document =
        normal_form(before.as_deref(), &name, &bytes, arguments.level.as_deref(), arguments.code.as_deref())?;
    let boundaries = Boundaries::parse(&name, &document)?;
    put(&arguments.dir, BOUNDARIES, &document)?;
    Ok(super::exit(say_coverage(&count, &boundaries)))
}

/// Says how many units have an outline, and which outlines are of no unit. Gives whether all is well.
fn say_coverage(count: &Count, boundaries: &Boundaries) -> bool {
    let geography = count.geography();
    for (at, level) in count.pack().unit_levels().iter().enumerate() {
        let units: Vec<_> = geography.units().filter(|unit| geography.unit_level(*unit) == Some(at)).collect();
        let drawn = units.iter().filter(|unit| boundaries.of(count, **unit).is_some()).count();
        if drawn > 0 {
            say!("{drawn} of {} units of level {} have an outline", units.len(), level.id);
        }
    }
    let level_of = |id: &str| count.pack().unit_levels().iter().position(|level| level.id.as_str() == id);
    let strange: Vec<String> = boundaries
        .units()
        .filter(|(level, code)| level_of(level).is_none_or(|level| geography.find_unit(level, code).is_none()))
        .map(|(level, code)| format!("{level} {code}"))
        .collect();
    if !strange.is_empty() {
        say!(
            "{} outlines are of no unit in the register: {}{}",
            strange.len(),
            strange.iter().take(10).cloned().collect::<Vec<_>>().join(", "),
            if strange.len() > 10 { ", ..." } else { "" }
        );
        say!("hint: codes are compared as text, zeros at the front included");
    }
    if let Some(hash) = boundaries.hash {
        say!("the document's hash is {hash}");
    }
    strange.is_empty()
}

/// Puts a file about how something is shown into an archive, whole or not at all.
///
/// # Errors
/// When it cannot be written.
pub fn put(archive: &Path, name: &str, bytes: &[u8]) -> Result<()> {
    let path = archive.join(PRESENTATION).join(name);
    let folder = path.parent().unwrap_or(archive).to_owned();
    std::fs::create_dir_all(&folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    let mut file = tempfile::NamedTempFile::new_in(&folder)
        .with_context(|| format!("{} cannot be written to", folder.display()))?;
    file.write_all(bytes)?;
    file.as_file().sync_all()?;
    file.persist(&path).with_context(|| format!("{name} cannot be put in place"))?;
    Ok(())
}
