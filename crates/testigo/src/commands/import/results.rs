//! A published results file becomes readings by `published:<hash of the file>`, one for each row and contest.

use std::collections::hash_map::Entry as Slot;
use std::collections::{HashMap, HashSet};
use std::path::Path;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use testigo_archive::Archive;
use testigo_count::entry::{Numbers, RegisterEntry, RegisterOrigin};
use testigo_count::mapping::Mapping;
use testigo_count::nist::{is_nist_report, read_nist_report};
use testigo_count::register::write_register;
use testigo_count::{
    ContestId, Count, DocumentHash, Entry, Outcome, Reader, Reading, ReadingOf, SourceError, StationId,
};

use crate::commands::init::read_file;
use crate::packs::PackFiles;
use crate::terminal::{Progress, counted, grouped};
use crate::{counting, say};

/// The format of election reports of NIST SP 1500-100, for `--format`.
const NIST: &str = "nist";
/// Entries that become durable together.
const BATCH: usize = 4_096;
/// The public sees a long import grow at least this often.
const PUBLISH_EVERY: Duration = Duration::from_secs(2);

/// What became of a results file.
#[derive(Debug, Default)]
pub struct ResultsReport {
    pub file: String,
    pub rows: usize,
    /// Rows whose reading is in the ledger already, to the byte.
    pub known: usize,
    /// Rows of stations with no numbers before.
    pub new: usize,
    /// Rows that agree with what was there.
    pub agree: usize,
    /// Rows that differ from a reading that was there.
    pub differ: Vec<String>,
    /// Stations with numbers from other results files, without a row here.
    pub only_before: usize,
    /// Stations that the register does not have; their readings are held.
    pub held: usize,
    /// Stations added to the register.
    pub added: usize,
    pub faults: Vec<SourceError>,
}

impl ResultsReport {
    pub fn print(&self) {
        say!("{}: {}", self.file, counted(self.rows as u64, "row", "rows"));
        for (number, what) in [
            (self.known, "are in the ledger already"),
            (self.new, "of stations without numbers before"),
            (self.agree, "agree with what was there"),
            (self.differ.len(), "differ from what was there, or from another row"),
            (self.only_before, "stations have published numbers from before and are not in this file"),
            (self.added, "stations added to the register"),
        ] {
            if number > 0 {
                say!("{:>9} {what}", grouped(number as u64));
            }
        }
        if self.held > 0 {
            say!("{:>9} of stations that the register does not have: held, not counted", grouped(self.held as u64));
            say!("hint: --extend-register adds them from the file's own columns");
        }
        for station in self.differ.iter().take(20) {
            say!("  differs: {station}");
        }
        for fault in &self.faults {
            say!("  left out {fault}");
        }
        if !self.faults.is_empty() {
            say!("{} left out; everything else is in", counted(self.faults.len() as u64, "row was", "rows were"));
        }
    }
}

/// Imports one results file by one of the pack's mappings or by a mapping file.
pub fn import_results(
    archive: &mut Archive,
    source: &Path,
    format: Option<&str>,
    mapping_file: Option<&Path>,
    extend_register: bool,
) -> Result<ResultsReport> {
    let (name, bytes) = read_file(source)?;
    let (mut count, _) = counting::load(&archive.reader()?)?;
    let is_report = format == Some(NIST) || (format.is_none() && mapping_file.is_none() && is_nist_report(&bytes));
    let mapping = if is_report { None } else { Some(find_mapping(&count, &bytes, format, mapping_file)?) };
    let results = match &mapping {
        Some(mapping) => mapping.read_results(&name, &bytes)?,
        None => read_nist_report(&name, &bytes, count.definition())?,
    };
    let hash = DocumentHash::of(&bytes);
    let mut report = ResultsReport {
        file: name.clone(),
        rows: results.rows.len(),
        faults: results.faults,
        ..ResultsReport::default()
    };
    if extend_register {
        let Some(mapping) = &mapping else {
            bail!(
                "an election report does not say where its stations are\nhint: import it without --extend-register, into an archive with a register"
            );
        };
        report.added = extend(archive, &mut count, mapping, &name, &bytes)?;
    }
    archive.put_document(&bytes)?;

    let mut seen = HashSet::new();
    let mut rows: HashMap<(StationId, ContestId), (u64, Numbers)> = HashMap::new();
    let mut entries = Vec::new();
    if results.rows.is_empty() && report.faults.is_empty() {
        let message = "there is no row below the header".to_owned();
        report.faults.push(SourceError { file: name.clone(), line: 1, field: String::new(), message });
    }
    for row in results.rows {
        for numbers in row.numbers {
            match rows.entry((numbers.station.clone(), numbers.contest.clone())) {
                Slot::Vacant(slot) => {
                    slot.insert((row.line, numbers.clone()));
                    classify(&count, &hash, &numbers, &mut seen, &mut report);
                }
                Slot::Occupied(first) => {
                    let (line, same) = (first.get().0, first.get().1 == numbers);
                    let station = &numbers.station;
                    if same {
                        let message = format!("station {station} stands on line {line} already, with the same numbers");
                        let line = usize::try_from(row.line).unwrap_or(usize::MAX);
                        report.faults.push(SourceError { file: name.clone(), line, field: String::new(), message });
                        continue;
                    }
                    report.differ.push(format!("{station} ({}): line {} and line {line}", numbers.contest, row.line));
                }
            }
            let reading = Reading {
                reader: Reader::Published(hash),
                of: ReadingOf::Row(row.line),
                prev: None,
                step: None,
                outcome: Outcome::Numbers(numbers),
            };
            entries.push(Entry::Reading(reading).to_bytes()?);
        }
    }
    report.only_before = count
        .geography()
        .stations()
        .filter(|station| {
            !seen.contains(count.geography().station_id(*station))
                && (0..count.definition().contests.len())
                    .any(|contest| count.readings(contest, *station).iter().any(|one| one.published().is_some()))
        })
        .count();

    let progress = Progress::new("readings", entries.len() as u64);
    let mut published = Instant::now();
    for batch in entries.chunks(BATCH) {
        let known = archive.append(batch)?.iter().filter(|appended| !appended.new).count();
        report.known += known;
        if published.elapsed() > PUBLISH_EVERY {
            archive.publish()?;
            published = Instant::now();
        }
        progress.advance(batch.len() as u64);
    }
    progress.finish();
    archive.sync()?;
    archive.publish()?;
    Ok(report)
}

fn classify(
    count: &Count,
    file: &DocumentHash,
    numbers: &Numbers,
    seen: &mut HashSet<String>,
    report: &mut ResultsReport,
) {
    seen.insert(numbers.station.to_string());
    let known = count.geography().find_station(numbers.station.as_str());
    if known.is_none_or(|station| count.geography().station_unit(station).is_none()) {
        report.held += 1;
    }
    let contest = count.definition().contest(&numbers.contest).map(|(at, _)| at);
    let readings = match (known, contest) {
        (Some(station), Some(contest)) => count.readings(contest, station),
        _ => Vec::new(),
    };
    if readings.iter().any(|reading| reading.published() == Some(*file)) {
        return;
    }
    match readings.iter().find(|reading| reading.differs_from_numbers(numbers)) {
        Some(_) => report.differ.push(format!("{} ({})", numbers.station, numbers.contest)),
        None if readings.is_empty() => report.new += 1,
        None => report.agree += 1,
    }
}

/// Adds the file's stations that the register lacks, through an entry of their own.
fn extend(archive: &mut Archive, count: &mut Count, mapping: &Mapping, name: &str, bytes: &[u8]) -> Result<usize> {
    let mut rows = mapping.read_register(name, bytes)?;
    let mut seen = HashSet::new();
    rows.retain(|row| {
        let known = count.geography().find_station(row.station.as_str());
        known.is_none_or(|station| count.geography().station_unit(station).is_none())
            && seen.insert(row.station.clone())
    });
    if rows.is_empty() {
        return Ok(0);
    }
    let document = write_register(count.pack(), &rows)?;
    let entry = Entry::Register(RegisterEntry::new(DocumentHash::of(&document), RegisterOrigin::Results)).to_bytes()?;
    let documents = std::collections::BTreeMap::from([(DocumentHash::of(&document), document.clone())]);
    let refusals = count.refusals().len();
    count.append(&entry, &documents)?;
    if let Some((_, refusal)) = count.refusals().get(refusals) {
        bail!("{name}: {refusal}\nhint: nothing was imported");
    }
    archive.put_document(&document)?;
    archive.append(&[entry])?;
    Ok(rows.len())
}

fn find_mapping(count: &Count, bytes: &[u8], format: Option<&str>, file: Option<&Path>) -> Result<Mapping> {
    let parse = |place: &str, text: &[u8]| Mapping::parse(place, text, count.definition(), count.pack());
    if let Some(file) = file {
        let (name, text) = read_file(file)?;
        return Ok(parse(&name, &text)?);
    }
    // Mappings only matter on the way in, so the ledger does not hold them; the program brings those of its own packs.
    let files = PackFiles::find(&count.pack().id).ok();
    let mappings = files.as_ref().map(|files| &files.mappings).into_iter().flatten();
    let known: Vec<&str> = mappings.clone().map(|(name, _)| name.as_str()).collect();
    for (name, text) in mappings {
        let place = format!("packs/{}/mappings/{name}.toml", count.pack().id);
        match format {
            Some(format) if format == name => return Ok(parse(&place, text)?),
            Some(_) => {}
            None => {
                let mapping = parse(&place, text)?;
                if mapping.fits_results(bytes) {
                    return Ok(mapping);
                }
            }
        }
    }
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    match format {
        Some("csv") => bail!("`--format csv` needs --mapping FILE, which says what the columns mean"),
        Some(format) => bail!(
            "the pack `{}` has no mapping `{format}`\nhint: it has {known}; --mapping FILE takes one of your own",
            count.pack().id
        ),
        None => bail!(
            "none of the pack's mappings ({known}) fits this file\nhint: give --mapping FILE, which says what its columns mean"
        ),
    }
}
