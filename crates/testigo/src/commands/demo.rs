//! `testigo demo`: a made-up election from its sheets to the browser, with everything that can happen to a station.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};
use clap::Args;
use testigo_archive::{Archive, create_key_file};
use testigo_count::entry::Decision;
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::rule::StationState;
use testigo_count::{Count, EntryIndex, SourceClass};
use testigo_ledger::Hash;
use testigo_site::source::BOUNDARIES;

use super::import::{all_cores, import_pictures};
use super::read::Effort;
use super::{init, key, read, rule};
use crate::packs::PackFiles;
use crate::simulate::{File, Folder, Happening, Parts, Rates, Ruling, Simulation, write};
use crate::terminal::grouped;
use crate::{counting, note, say};

/// The pack of the made-up country.
const PACK: &str = "demo";

/// Of 10,000 stations, so many send their sheet while the site is open.
const LATE_RATE: u32 = 400;

/// So often a late sheet arrives.
const LATE_EVERY: Duration = Duration::from_secs(4);

/// Where the site is served unless told otherwise; where that is taken, any free port will do.
const USUAL_PORT: u16 = 8080;

#[derive(Debug, Args)]
#[command(
    after_help = "Example:\n  testigo demo --dir my-election\n\nEverything is made up. With --dir, the election and its archive stay for trying other commands on them:\n  testigo tally my-election/archive\n  testigo check my-election/archive"
)]
pub struct DemoArguments {
    /// Address and port of the site; port 0 takes a free one [default: 127.0.0.1:8080, or a free port where that is taken]
    #[arg(long, value_name = "ADDR")]
    pub listen: Option<SocketAddr>,
    /// A new or empty folder that keeps everything [default: a temporary folder, removed at the end]
    #[arg(long, value_name = "DIR")]
    pub dir: Option<PathBuf>,
    /// How many stations the country has
    #[arg(long, default_value_t = 400, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub stations: u32,
    /// Chooses places, votes and everything that goes wrong
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Let no more sheets arrive while the site is open
    #[arg(long)]
    pub no_late_sheets: bool,
}

pub fn run(arguments: &DemoArguments) -> Result<ExitCode> {
    let begun = Instant::now();
    let listen = free_address(arguments.listen)?;
    let temporary = match arguments.dir {
        Some(_) => None,
        None => Some(
            tempfile::Builder::new().prefix("testigo-demo-").tempdir().context("no temporary folder can be made")?,
        ),
    };
    let root = match (&arguments.dir, &temporary) {
        (Some(kept), _) => kept.as_path(),
        (None, Some(temporary)) => temporary.path(),
        (None, None) => Path::new("."),
    };
    let mut rates = Rates::default();
    rates.set(Happening::Late, if arguments.no_late_sheets { 0 } else { LATE_RATE });
    let demo = prepare(root, arguments.stations, arguments.seed, rates)?;
    demo.show()?;
    say!("ready after {} seconds; press Ctrl-C to stop", begun.elapsed().as_secs());
    match &temporary {
        Some(_) => say!("everything is in {} and will be removed at the end; --dir DIR keeps it", root.display()),
        None => say!("everything is in {} and stays there", root.display()),
    }
    let site = demo.archive_folder();
    let (stop, stopped) = channel::<()>();
    let late = std::thread::spawn(move || demo.let_late_sheets_arrive(LATE_EVERY, &stopped));
    let served = testigo_site::serve(&site, listen);
    drop(stop);
    match late.join() {
        Ok(arrived) => arrived?,
        Err(_) => anyhow::bail!("the thread that brings late sheets has failed"),
    }
    served?;
    Ok(ExitCode::SUCCESS)
}

/// The address asked for; without one the usual port, or any where that is taken. Finds out before all the work is done.
fn free_address(asked: Option<SocketAddr>) -> Result<SocketAddr> {
    let usual = SocketAddr::from((Ipv4Addr::LOCALHOST, USUAL_PORT));
    let address = asked.unwrap_or(usual);
    match TcpListener::bind(address) {
        Ok(_) => Ok(address),
        Err(_) if asked.is_none() => Ok(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))),
        Err(error) => {
            Err(error).with_context(|| format!("cannot listen on {address}; choose another address with --listen"))
        }
    }
}

/// A made-up election in its archive.
struct Demo {
    root: PathBuf,
    archive: Archive,
    late: Vec<PathBuf>,
    jobs: usize,
}

/// Makes the election up and takes it through every command that an organiser would use.
fn prepare(root: &Path, stations: u32, seed: u64, rates: Rates) -> Result<Demo> {
    let jobs = all_cores();
    let files = PackFiles::find(PACK)?;
    let (definition, pack) = files.parse()?;
    let simulation = Simulation { definition: &definition, pack: &pack, stations, seed, rates };
    say!("making up an election of {} stations and drawing its tally sheets", grouped(u64::from(stations)));
    let election = root.join("election");
    let made = write(&simulation, &election, Parts { pictures: true, results: false, entries: false, jobs })?;
    let pictures = |folder: Folder| made.pictures.get(&folder).copied().unwrap_or(0);

    let keys = root.join("keys");
    std::fs::create_dir_all(&keys).with_context(|| format!("{} cannot be made", keys.display()))?;
    let register = std::fs::read(election.join("register.csv")).context("the register cannot be read")?;
    let register = Some(("register.csv", register.as_slice()));
    let new = init::create(&root.join("archive"), &files, register, None, Some(&keys.join("ledger.key")))?;
    let boundaries = std::fs::read(election.join("boundaries.geojson")).context("the boundaries cannot be read")?;
    super::map::put(&root.join("archive"), BOUNDARIES, &boundaries)?;
    let mut demo = Demo { root: root.to_owned(), archive: new.archive, late: Vec::new(), jobs };

    say!(
        "importing {} sheets in custody and {} pictures from the public",
        pictures(Folder::Sheets),
        pictures(Folder::Public)
    );
    demo.import(Folder::Sheets, SourceClass::Custody)?;
    demo.import(Folder::Public, SourceClass::Public)?;
    say!("reading the codes on them");
    let report = read::read_sheets(&mut demo.archive, Effort { jobs, ..Effort::usual() })?;
    say!("{} sheets read, {} cannot be read", report.read, report.unreadable.len());
    demo.import(Folder::Unread, SourceClass::Custody)?;
    say!("signing {} rulings", made.rulings.len());
    demo.sign(&made.rulings)?;
    let late =
        (1..=pictures(Folder::Late)).map(|number| election.join(File { folder: Folder::Late, number }.to_string()));
    demo.late = late.collect();
    Ok(demo)
}

impl Demo {
    fn archive_folder(&self) -> PathBuf {
        self.root.join("archive")
    }

    fn import(&mut self, folder: Folder, source: SourceClass) -> Result<()> {
        let folder = self.root.join("election").join(folder.name());
        let report = import_pictures(&mut self.archive, &[folder], source, self.jobs)?;
        if let Some(fault) = report.faults.first() {
            anyhow::bail!("{}: {}", fault.name, fault.message);
        }
        Ok(())
    }

    /// Signs the rulings with the key of an adjudicator made for it.
    fn sign(&mut self, rulings: &[Ruling]) -> Result<()> {
        let signer = create_key_file(&self.root.join("keys/adjudicator.key"), "adjudicator", None)?;
        key::admit(&mut self.archive, signer.verifying_key())?;
        let (count, _) = counting::load(&self.archive.reader()?)?;
        let sheets = self.sheets_by_file(&count)?;
        let sheet = |file: &File| {
            sheets.get(&file.to_string()).copied().with_context(|| format!("{file} is not in the archive"))
        };
        for ruling in rulings {
            let decision = match ruling {
                Ruling::NotInstalled(station) => Decision::NotInstalled { station: station.clone() },
                Ruling::Move(file, station) => Decision::MoveSheet { sheet: sheet(file)?, station: station.clone() },
                Ruling::Reject(file) => Decision::RejectSheet { sheet: sheet(file)? },
                Ruling::Accept(file, station, contest) => {
                    let index = count.geography().find_station(station.as_str());
                    let contest = count.definition().contest(contest).map(|(at, _)| at);
                    let of = count.sheet_by_entry(sheet(file)?);
                    let readings = index.zip(contest).map(|(station, contest)| count.readings(contest, station));
                    let reading =
                        readings.unwrap_or_default().into_iter().find(|reading| count.sheet_of(*reading) == of);
                    Decision::AcceptReading {
                        reading: reading.with_context(|| format!("{file} has not been read"))?.entry(),
                    }
                }
            };
            rule::rule(&mut self.archive, decision, ruling.reason(), None, std::slice::from_ref(&signer))?;
        }
        Ok(())
    }

    /// The `sheet` entries by the name of the file below `election`.
    fn sheets_by_file(&self, count: &Count) -> Result<BTreeMap<String, EntryIndex>> {
        let folder = self.root.join("election");
        let mut sheets = BTreeMap::new();
        for sheet in count.sheets() {
            let view = count.sheet_view(sheet);
            let Some(page) = view.pages.first() else { continue };
            let name = self.archive.original_name(&Hash(*page.commitment.as_bytes()))?;
            if let Some(file) = name.as_ref().and_then(|name| Path::new(name).strip_prefix(&folder).ok()) {
                sheets.insert(file.display().to_string(), view.entry);
            }
        }
        Ok(sheets)
    }

    /// Says how the first contest stands, with the page of a station in each state.
    fn show(&self) -> Result<()> {
        let (count, _) = counting::load(&self.archive.reader()?)?;
        let page = |station: Option<&StationIndex>| {
            station.map(|station| testigo_site::address::station_path(&count, *station)).unwrap_or_default()
        };
        let expected = count.expected(0, UnitIndex::WHOLE);
        say!("{} stations are expected; so many are in each state, with the page of one of them:", {
            grouped(u64::from(expected.known.unwrap_or(expected.at_least)))
        });
        for state in StationState::ALL {
            let stations = count.stations_in(0, state);
            // Some awaited stations have no name and no page.
            let number = match state {
                StationState::Awaited => u64::from(count.awaited(0, UnitIndex::WHOLE)),
                _ => stations.len() as u64,
            };
            say!("{:>9} {:<14} {}", grouped(number), state.word(), page(stations.first()));
        }
        let counted = count.stations_in(0, StationState::Counted);
        let objected: Vec<_> = counted.into_iter().filter(|station| count.status(0, *station).objected).collect();
        say!(
            "{:>9} {:<14} {} (counted, and a picture from the public differs)",
            objected.len(),
            "objected",
            page(objected.first())
        );
        Ok(())
    }

    /// Imports and reads one late sheet after the other, until there are no more or the site is closed.
    fn let_late_sheets_arrive(mut self, every: Duration, stopped: &Receiver<()>) -> Result<()> {
        let late = std::mem::take(&mut self.late);
        for (number, file) in (1..).zip(&late) {
            if stopped.recv_timeout(every) != Err(RecvTimeoutError::Timeout) {
                return Ok(());
            }
            let first = EntryIndex(self.archive.size()?.0);
            import_pictures(&mut self.archive, std::slice::from_ref(file), SourceClass::Custody, 1)?;
            read::read_sheets_from(&mut self.archive, first, Effort { jobs: 1, ..Effort::usual() })?;
            note!("late sheet {number} of {} has come in", late.len());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_station_ends_in_the_state_that_truth_gives_it() {
        let root = tempfile::tempdir().unwrap();
        let mut rates = Rates::default();
        rates.set(Happening::Late, LATE_RATE);
        let demo = prepare(root.path(), 70, 3, rates).unwrap();
        let (count, _) = counting::load(&demo.archive.reader().unwrap()).unwrap();
        assert!(count.refusals().is_empty(), "{:?}", count.refusals());
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut votes = 0;
        let mut truth = csv::Reader::from_path(root.path().join("election/truth.csv")).unwrap();
        let headers = truth.headers().unwrap().clone();
        for record in truth.records() {
            let record = record.unwrap();
            let station = count.geography().find_station(&record[0]);
            let Some(station) = station else { panic!("station {} is not known: {record:?}", &record[0]) };
            for contest in 0..count.definition().contests.len() {
                let status = count.status(contest, station);
                let objected = if status.objected { "yes" } else { "no" };
                let found = [status.state.word(), status.reason.word(), objected];
                assert_eq!(found, [&record[3], &record[4], &record[5]], "station {}: {}", &record[0], &record[2]);
            }
            *seen.entry(record[3].to_owned()).or_default() += 1;
            if &record[3] == "counted" {
                let president = headers.iter().zip(&record).filter(|(column, _)| column.starts_with("president."));
                let candidates = president.filter(|(column, _)| column.as_bytes()["president.".len()].is_ascii_digit());
                votes += candidates.map(|(_, field)| field.parse::<u64>().unwrap()).sum::<u64>();
            }
        }
        for state in StationState::ALL {
            assert!(seen.contains_key(state.word()), "no station is {}: {seen:?}", state.word());
        }
        let (counted, _) = count.unit_votes(0, UnitIndex::WHOLE);
        assert_eq!(counted.iter().sum::<u64>(), votes);
        assert!(!demo.late.is_empty());

        let before = count.unit_totals(0, UnitIndex::WHOLE).counted;
        let (late, folder) = (demo.late.len(), demo.archive_folder());
        let (_stop, stopped) = channel();
        demo.let_late_sheets_arrive(Duration::ZERO, &stopped).unwrap();
        let reader = testigo_archive::ArchiveReader::open(&folder).unwrap();
        let (count, _) = counting::load(&reader).unwrap();
        let after = count.unit_totals(0, UnitIndex::WHOLE);
        assert_eq!(after.counted as usize, before as usize + late);
        assert!(
            !count.stations_in(0, StationState::Received).is_empty(),
            "sheets that wait for a reader are left to wait"
        );
    }

    #[test]
    fn a_port_that_is_taken_is_told_before_any_work() {
        let taken = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = taken.local_addr().unwrap();
        let error = free_address(Some(address)).unwrap_err();
        assert!(format!("{error:#}").contains("--listen"), "{error:#}");
        assert!(free_address(None).is_ok());
    }
}
