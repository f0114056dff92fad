//! Writes a simulated election into a folder: register, truth, pictures, rulings to be made, and a text that explains.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File as FileOnDisk};
use std::io::{BufWriter, Write};
use std::path::Path;

use anyhow::{Context, Result, bail};
use testigo_count::register::{RegisterRow, write_register};
use testigo_count::{Cell, Numbers};
use testigo_sheet::draw::{Defect, Strength};

use super::happening::{Expected, Happening, Happenings};
use super::land::Land;
use super::press::Press;
use super::sheets::{Desk, Folder, Picture, Ruling};
use super::{Simulation, published};
use crate::parallel;
use crate::terminal::Progress;

/// Which parts of an election are written beside register and truth.
#[derive(Debug, Clone, Copy, Default)]
pub struct Parts {
    /// The pictures, with `pictures.csv` and `rulings.csv`.
    pub pictures: bool,
    /// `results.csv`, as an authority might publish it, and `results.toml`, the mapping that reads it.
    pub results: bool,
    /// `entries.jsonl`, the ledger that follows from importing `results.csv`, which is then written too.
    pub entries: bool,
    /// How many pictures are drawn at once.
    pub jobs: usize,
}

/// What was written.
#[derive(Debug, Default)]
pub struct Made {
    /// Registered voters of all stations.
    pub registered: u64,
    /// How many pictures each folder has.
    pub pictures: BTreeMap<Folder, u32>,
    /// How often each thing happened.
    pub happened: Vec<(Happening, u64)>,
    /// The rulings to be made.
    pub rulings: Vec<Ruling>,
}

/// Stations whose lines are formed together.
const CHUNK: usize = 4_096;

/// Pictures that are drawn together.
const PICTURES: usize = 256;

/// Writes a simulated election into a new or empty folder.
///
/// # Errors
/// When the folder is not empty or cannot be written to, when the pack has no code to put on sheets, or when there are
/// fewer stations than things that are to happen.
pub fn write(simulation: &Simulation<'_>, folder: &Path, parts: Parts) -> Result<Made> {
    let happenings = Happenings::new(&simulation.rates, simulation.stations, simulation.seed)?;
    if parts.pictures && simulation.pack.payloads.is_empty() {
        bail!("pack `{}` describes no code, so no sheets can be drawn for it; use --no-pictures", simulation.pack.id);
    }
    begin(folder)?;
    let mut made = Made { happened: happenings.counts(), ..Made::default() };
    let mut tables = Tables::create(simulation, folder, parts)?;
    let mut desk = Desk::new(simulation.definition, simulation.pack, simulation.seed);
    let mut gallery = Gallery::new(simulation, folder, parts)?;
    let mut land = Land::new(simulation.pack, simulation.seed);
    let progress = Progress::new("stations", u64::from(simulation.stations));
    let mut stations = simulation.stations()?;
    for station in stations.by_ref() {
        let happening = happenings.at(station.ordinal);
        made.registered += u64::from(station.row.registered.unwrap_or(0));
        land.add(&station.row);
        tables.station(&station.row, happening, &station.numbers)?;
        progress.advance(1);
        if !parts.pictures {
            continue;
        }
        for happening in std::iter::once(happening).chain(happenings.beside(station.ordinal)) {
            let incoming = desk.at(&station, happening);
            let incoming = incoming.with_context(|| no_payload(simulation, happening))?;
            if let Some(unlisted) = &incoming.unlisted {
                tables.unlisted(unlisted.as_str(), happening)?;
            }
            made.rulings.extend(incoming.rulings);
            for picture in incoming.pictures {
                *made.pictures.entry(picture.file.folder).or_default() += 1;
                gallery.take(picture)?;
            }
        }
    }
    if let Some(fault) = stations.fault {
        return Err(fault);
    }
    tables.finish()?;
    progress.finish();
    gallery.finish()?;
    if parts.pictures {
        write_rulings(folder, &made.rulings)?;
    }
    if parts.results || parts.entries {
        published::write(simulation, folder, parts.entries)?;
    }
    fs::write(folder.join("boundaries.geojson"), land.boundaries(simulation.pack))
        .context("boundaries.geojson cannot be written")?;
    fs::write(folder.join("README.txt"), explanation(simulation, parts, &made))
        .context("README.txt cannot be written")?;
    Ok(made)
}

/// Writes pictures of damaged sheets only: every defect in every strength for each of the simulation's stations, in a
/// folder for each, and `pictures.csv` with what their codes say. Gives the number of pictures.
///
/// # Errors
/// As [`write`].
pub fn write_defects(
    simulation: &Simulation<'_>,
    folder: &Path,
    defects: &[(Defect, Strength)],
    jobs: usize,
) -> Result<u64> {
    begin(folder)?;
    let press = Press::new(simulation.definition, simulation.pack)?;
    let desk = Desk::new(simulation.definition, simulation.pack, simulation.seed);
    let mut list = csv::Writer::from_path(folder.join("pictures.csv"))?;
    list.write_record(["file", "defect", "level", "station", "payload"])?;
    let name = |defect: Defect, strength: Strength| format!("{}-{}", defect.name(), strength.level());
    for (defect, strength) in defects {
        fs::create_dir_all(folder.join(name(*defect, *strength)))?;
    }
    let progress = Progress::new("pictures", u64::from(simulation.stations) * defects.len() as u64);
    let mut drawn = 0;
    for station in simulation.stations()? {
        let sheet = desk.rehearsal(&station).with_context(|| no_payload(simulation, Happening::Plain))?;
        let seed = simulation.seed ^ u64::from(station.ordinal) << 20;
        let results = parallel::map(defects.to_vec(), jobs, |(defect, strength)| {
            let file = format!("{}/{:06}.jpg", name(defect, strength), station.ordinal + 1);
            let bytes = press.with_defect(&sheet, defect, strength, seed)?;
            fs::write(folder.join(&file), bytes).with_context(|| format!("{file} cannot be written"))?;
            progress.advance(1);
            anyhow::Ok((file, defect, strength))
        });
        for result in results {
            let (file, defect, strength) = result?;
            let level = strength.level().to_string();
            list.write_record([&file, defect.name(), &level, station.row.station.as_str(), &sheet.payload])?;
            drawn += 1;
        }
    }
    list.flush()?;
    progress.finish();
    Ok(drawn)
}

fn begin(folder: &Path) -> Result<()> {
    fs::create_dir_all(folder).with_context(|| format!("the folder {} cannot be made", folder.display()))?;
    let mut files = fs::read_dir(folder).with_context(|| format!("{} cannot be read", folder.display()))?;
    if files.next().is_some() {
        bail!("{} is not empty\nhint: choose a new folder", folder.display());
    }
    Ok(())
}

fn no_payload(simulation: &Simulation<'_>, happening: Happening) -> String {
    let pack = &simulation.pack.id;
    match happening {
        Happening::Unlisted => format!(
            "the codes of pack `{pack}` have no part for the station's number, so no unlisted station can be made up; use --rate unlisted=0"
        ),
        _ => format!("the codes of pack `{pack}` ask for something that a simulated sheet does not have"),
    }
}

/// The files with a line for each station.
struct Tables<'a> {
    simulation: &'a Simulation<'a>,
    register: BufWriter<FileOnDisk>,
    truth: BufWriter<FileOnDisk>,
    waiting: Vec<RegisterRow>,
    header_written: bool,
    line: String,
}

impl<'a> Tables<'a> {
    fn create(simulation: &'a Simulation<'a>, folder: &Path, parts: Parts) -> Result<Self> {
        let create = |name: &str| {
            let file = FileOnDisk::create(folder.join(name)).with_context(|| format!("{name} cannot be written"))?;
            anyhow::Ok(BufWriter::with_capacity(1 << 18, file))
        };
        let mut truth = create("truth.csv")?;
        let mut header = "station,registered,happens,state,reason,objected".to_owned();
        for contest in &simulation.definition.contests {
            let lines = contest.selections.iter().map(|line| line.id.as_str());
            for id in lines.chain(contest.others.iter().map(|other| other.id.as_str())) {
                write!(header, ",{}.{id}", contest.id)?;
            }
        }
        writeln!(truth, "{header}")?;
        if parts.pictures {
            for name in Folder::ALL {
                fs::create_dir_all(folder.join(name.name()))?;
            }
        }
        Ok(Self {
            simulation,
            register: create("register.csv")?,
            truth,
            waiting: Vec::new(),
            header_written: false,
            line: String::new(),
        })
    }

    fn station(&mut self, row: &RegisterRow, happening: Happening, numbers: &[Numbers]) -> Result<()> {
        self.line.clear();
        write!(self.line, "{},{}", row.station, row.registered.unwrap_or(0))?;
        self.state(happening)?;
        for (contest, numbers) in self.simulation.definition.contests.iter().zip(numbers) {
            let others = contest.others.iter().filter_map(|other| numbers.other.get(&other.id));
            numbers.votes.iter().chain(others).try_for_each(|cell| number(&mut self.line, *cell))?;
        }
        self.line.push('\n');
        self.truth.write_all(self.line.as_bytes())?;
        self.waiting.push(row.clone());
        if self.waiting.len() >= CHUNK {
            self.flush_register()?;
        }
        Ok(())
    }

    /// A station that only a sheet speaks of: without numbers, since it has none in truth.
    fn unlisted(&mut self, station: &str, happening: Happening) -> Result<()> {
        self.line.clear();
        write!(self.line, "{station},")?;
        self.state(happening)?;
        let contests = &self.simulation.definition.contests;
        let numbers = contests.iter().map(|contest| contest.selections.len() + contest.others.len()).sum();
        self.line.push_str(&",".repeat(numbers));
        self.line.push('\n');
        Ok(self.truth.write_all(self.line.as_bytes())?)
    }

    fn state(&mut self, happening: Happening) -> Result<()> {
        write!(self.line, ",{}", happening.word())?;
        match happening.expected() {
            Some(Expected { state, reason, objected }) => {
                let objected = if objected { "yes" } else { "no" };
                write!(self.line, ",{},{},{objected}", state.word(), reason.word())?;
            }
            None => self.line.push_str(",,,"),
        }
        Ok(())
    }

    fn flush_register(&mut self) -> Result<()> {
        let bytes = write_register(self.simulation.pack, &self.waiting)?;
        self.waiting.clear();
        let header = bytes.iter().position(|byte| *byte == b'\n').map_or(0, |end| end + 1);
        let from = if std::mem::replace(&mut self.header_written, true) { header } else { 0 };
        Ok(self.register.write_all(bytes.get(from..).unwrap_or_default())?)
    }

    fn finish(mut self) -> Result<()> {
        self.flush_register()?;
        self.register.flush()?;
        Ok(self.truth.flush()?)
    }
}

fn number(line: &mut String, cell: Cell) -> std::fmt::Result {
    match cell.value() {
        Some(value) => write!(line, ",{value}"),
        None => write!(line, ",{cell}"),
    }
}

/// Draws pictures on all cores and lists them.
struct Gallery<'a> {
    press: Press<'a>,
    folder: &'a Path,
    jobs: usize,
    waiting: Vec<Picture>,
    list: Option<csv::Writer<FileOnDisk>>,
}

impl<'a> Gallery<'a> {
    fn new(simulation: &'a Simulation<'a>, folder: &'a Path, parts: Parts) -> Result<Self> {
        let mut list = None;
        if parts.pictures {
            let mut writer = csv::Writer::from_path(folder.join("pictures.csv"))?;
            writer.write_record(["file", "happens", "station", "read", "payload"])?;
            list = Some(writer);
        }
        let press = Press::new(simulation.definition, simulation.pack)?;
        Ok(Self { press, folder, jobs: parts.jobs, waiting: Vec::new(), list })
    }

    fn take(&mut self, picture: Picture) -> Result<()> {
        if let Some(list) = &mut self.list {
            let file = picture.file.to_string();
            let station = picture.sheet().map_or("", |sheet| sheet.row.station.as_str());
            let payload = picture.sheet().map_or("", |sheet| sheet.payload.as_str());
            let read = if picture.can_be_read() { "yes" } else { "no" };
            list.write_record([&file, picture.happening.word(), station, read, payload])?;
        }
        self.waiting.push(picture);
        if self.waiting.len() >= PICTURES { self.draw() } else { Ok(()) }
    }

    fn draw(&mut self) -> Result<()> {
        let draw = |picture: Picture| {
            let bytes = self.press.picture(&picture).with_context(|| format!("{} cannot be drawn", picture.file))?;
            let path = self.folder.join(picture.file.to_string());
            fs::write(&path, bytes).with_context(|| format!("{} cannot be written", path.display()))
        };
        parallel::map(std::mem::take(&mut self.waiting), self.jobs, draw).into_iter().collect()
    }

    fn finish(mut self) -> Result<()> {
        self.draw()?;
        if let Some(list) = &mut self.list {
            list.flush()?;
        }
        Ok(())
    }
}

fn write_rulings(folder: &Path, rulings: &[Ruling]) -> Result<()> {
    let mut list = csv::Writer::from_path(folder.join("rulings.csv"))?;
    list.write_record(["decision", "file", "station", "contest", "reason"])?;
    for ruling in rulings {
        let file = ruling.file().map_or_else(String::new, |file| file.to_string());
        let station = ruling.station().map_or("", |station| station.as_str());
        let contest = ruling.contest().map_or("", |contest| contest.as_str());
        list.write_record([ruling.decision(), &file, station, contest, ruling.reason()])?;
    }
    Ok(list.flush()?)
}

fn explanation(simulation: &Simulation<'_>, parts: Parts, made: &Made) -> String {
    let pack = &simulation.pack.id;
    let mut text = format!(
        "A made-up election: {} stations, {} registered voters, pack `{pack}`, seed {}.\n\
         Places, votes and sheets are invented. The same numbers give the same files on every machine.\n\n\
         register.csv   the stations, for `testigo init ARCHIVE --pack {pack} --register register.csv`\n\
         truth.csv      for each station what really was voted, what happens to its sheets, and the state it must have\n               \
         once sheets/ and public/ are imported and read and the rulings made; unlisted stations too\n",
        simulation.stations, made.registered, simulation.seed
    );
    if parts.pictures {
        text.push_str(
            "sheets/        pictures in custody, for `testigo import ARCHIVE sheets/`\n\
             public/        pictures from anyone, for `testigo import ARCHIVE public/ --source public`\n\
             unread/        pictures in custody to be imported after `testigo read`, and placed by rulings\n\
             late/          pictures in custody that come later\n\
             pictures.csv   for each picture what it is, whether its code can be read, and what the code says\n\
             rulings.csv    the rulings that an adjudicator has to make\n",
        );
    }
    if parts.results || parts.entries {
        text.push_str(
            "results.csv    the numbers of all stations as an authority might publish them\n\
             results.toml   the mapping that reads it: `testigo import ARCHIVE results.csv --mapping results.toml`\n",
        );
    }
    if parts.entries {
        text.push_str(
            "entries.jsonl  the ledger's entries that hold these numbers, one on each line, to measure the fold with\n",
        );
    }
    text.push_str("\nWhat happens how often:\n");
    for (happening, count) in &made.happened {
        text.push_str(&format!("{count:>9}  {:<14} {}\n", happening.word(), happening.explanation()));
    }
    text
}
