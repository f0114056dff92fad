//! From what happens at a station to the pictures that come in, and to the rulings that somebody must make.

use std::fmt;

use testigo_count::definition::Definition;
use testigo_count::identifier::{ContestId, StationId};
use testigo_count::register::RegisterRow;
use testigo_count::{Cell, Numbers, Pack};
use testigo_sheet::draw::Defect;

use super::chance::Chance;
use super::happening::Happening;
use super::tree::Station;

/// The folder that a picture comes in with.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Folder {
    /// In custody from the start.
    Sheets,
    /// Sent by anyone.
    Public,
    /// In custody, to be placed by a ruling and not read.
    Unread,
    /// In custody, later.
    Late,
}

impl Folder {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Sheets, Self::Public, Self::Unread, Self::Late];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Sheets => "sheets",
            Self::Public => "public",
            Self::Unread => "unread",
            Self::Late => "late",
        }
    }
}

/// A picture's place: its folder and its number there, from 1. The name does not say what is the matter with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct File {
    /// Its folder.
    pub folder: Folder,
    /// Its number.
    pub number: u32,
}

impl fmt::Display for File {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{:06}.jpg", self.folder.name(), self.number)
    }
}

/// What a picture shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Paper {
    /// A tally sheet.
    Tally(Box<TallySheet>),
    /// A paper without any code.
    WithoutCode,
    /// A paper whose code says something else.
    OtherCode,
}

/// A tally sheet as somebody holds it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TallySheet {
    /// Place names, and the voters that it states.
    pub row: RegisterRow,
    /// The figures on it.
    pub numbers: Vec<Numbers>,
    /// The text in its code.
    pub payload: String,
    /// What its paper has been through.
    pub damage: Damage,
}

/// What a sheet's paper has been through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Damage {
    /// Nothing.
    None,
    /// A little of this; it can still be read.
    Worn(Defect),
    /// The foot with the code is cut off.
    WithoutFoot,
    /// Cut through the code, so that less than half of it is left.
    CutThroughCode,
}

/// Wear that no reader should fail at.
const WEAR: [Defect; 6] =
    [Defect::Fold, Defect::PenStrokes, Defect::Shadow, Defect::Fading, Defect::Noise, Defect::JpegArtefacts];

/// A picture that comes in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Its place.
    pub file: File,
    /// Why it is there.
    pub happening: Happening,
    /// What it shows.
    pub paper: Paper,
    /// Chooses how it was captured.
    pub seed: u64,
}

impl Picture {
    /// Whether its code gives numbers.
    pub fn can_be_read(&self) -> bool {
        match &self.paper {
            Paper::Tally(sheet) => matches!(sheet.damage, Damage::None | Damage::Worn(_)),
            Paper::WithoutCode | Paper::OtherCode => false,
        }
    }

    /// The tally sheet on it, if it is one.
    pub fn sheet(&self) -> Option<&TallySheet> {
        match &self.paper {
            Paper::Tally(sheet) => Some(sheet),
            Paper::WithoutCode | Paper::OtherCode => None,
        }
    }
}

/// A ruling that somebody must make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ruling {
    /// The station did not open.
    NotInstalled(StationId),
    /// The sheet is this station's.
    Move(File, StationId),
    /// The picture is no sheet.
    Reject(File),
    /// What was read from this sheet for this contest are the station's numbers.
    Accept(File, StationId, ContestId),
}

impl Ruling {
    /// The decision as it is called in rulings.
    pub fn decision(&self) -> &'static str {
        match self {
            Self::NotInstalled(_) => "not-installed",
            Self::Move(..) => "move-sheet",
            Self::Reject(_) => "reject-sheet",
            Self::Accept(..) => "accept-reading",
        }
    }

    /// The reason code.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::NotInstalled(_) => "not-opened",
            Self::Move(..) => "sheet-inspected",
            Self::Reject(_) => "not-a-sheet",
            Self::Accept(..) => "paper-inspected",
        }
    }

    /// The picture it speaks of.
    pub fn file(&self) -> Option<File> {
        match self {
            Self::NotInstalled(_) => None,
            Self::Move(file, _) | Self::Reject(file) | Self::Accept(file, ..) => Some(*file),
        }
    }

    /// The station it speaks of.
    pub fn station(&self) -> Option<&StationId> {
        match self {
            Self::NotInstalled(station) | Self::Move(_, station) | Self::Accept(_, station, _) => Some(station),
            Self::Reject(_) => None,
        }
    }

    /// The contest it speaks of.
    pub fn contest(&self) -> Option<&ContestId> {
        match self {
            Self::Accept(_, _, contest) => Some(contest),
            _ => None,
        }
    }
}

/// Makes pictures and rulings, and numbers the pictures of each folder.
#[derive(Debug)]
pub struct Desk<'a> {
    definition: &'a Definition,
    pack: &'a Pack,
    seed: u64,
    last: [u32; Folder::ALL.len()],
    /// Papers so far that are no sheets.
    others: u32,
    /// Sheets so far that cannot be read.
    damaged: u32,
}

/// What comes of one station.
#[derive(Debug, Default)]
pub struct Incoming {
    /// The pictures.
    pub pictures: Vec<Picture>,
    /// The rulings.
    pub rulings: Vec<Ruling>,
    /// A station that is not in the register, of which a sheet is among the pictures.
    pub unlisted: Option<StationId>,
}

impl<'a> Desk<'a> {
    /// A desk where nothing has come in.
    pub fn new(definition: &'a Definition, pack: &'a Pack, seed: u64) -> Self {
        Self { definition, pack, seed, last: [0; Folder::ALL.len()], others: 0, damaged: 0 }
    }

    /// What comes in because this happens at this station. `None` where the pack cannot put it into a code.
    pub fn at(&mut self, station: &Station, happening: Happening) -> Option<Incoming> {
        let mut chance = Chance::new(self.seed, "sheets", u64::from(station.ordinal));
        let id = || station.row.station.clone();
        let mut incoming = Incoming::default();
        let mut add = |desk: &mut Self, folder, numbers: &[Numbers], damage| {
            let payload = desk.payload(station, numbers)?;
            let sheet = TallySheet { row: station.row.clone(), numbers: numbers.to_vec(), payload, damage };
            let picture = desk.picture(folder, happening, Paper::Tally(Box::new(sheet)), chance.next());
            let file = picture.file;
            incoming.pictures.push(picture);
            Some(file)
        };
        let mut other = Chance::new(self.seed, "other numbers", u64::from(station.ordinal));
        let mut wear = Chance::new(self.seed, "wear", u64::from(station.ordinal));
        let beyond_reading = if self.damaged.is_multiple_of(2) { Damage::WithoutFoot } else { Damage::CutThroughCode };
        self.damaged += u32::from(matches!(happening, Happening::Unreadable | Happening::Placed));
        let worn = match wear.one_of(&WEAR) {
            Some(defect) if wear.below(8) == 0 => Damage::Worn(*defect),
            _ => Damage::None,
        };
        let truth = &station.numbers;
        match happening {
            Happening::Plain => {
                add(self, Folder::Sheets, truth, worn)?;
            }
            Happening::Missing => {}
            Happening::Late => {
                add(self, Folder::Late, truth, Damage::None)?;
            }
            Happening::Unreadable => {
                add(self, Folder::Sheets, truth, beyond_reading)?;
            }
            Happening::Placed => {
                let file = add(self, Folder::Sheets, truth, beyond_reading)?;
                incoming.rulings.push(Ruling::Move(file, id()));
            }
            Happening::Unread => {
                let file = add(self, Folder::Unread, truth, Damage::None)?;
                incoming.rulings.push(Ruling::Move(file, id()));
            }
            Happening::Twice => {
                add(self, Folder::Sheets, truth, Damage::None)?;
                add(self, Folder::Sheets, truth, worn)?;
            }
            Happening::Conflicting => {
                add(self, Folder::Sheets, truth, Damage::None)?;
                add(self, Folder::Sheets, &altered(self.definition, truth, &mut other), Damage::None)?;
            }
            Happening::Settled => {
                add(self, Folder::Sheets, &altered(self.definition, truth, &mut other), Damage::None)?;
                let file = add(self, Folder::Sheets, truth, Damage::None)?;
                let rulings = truth.iter().map(|numbers| Ruling::Accept(file, id(), numbers.contest.clone()));
                incoming.rulings.extend(rulings);
            }
            Happening::Forged => {
                add(self, Folder::Sheets, truth, Damage::None)?;
                add(self, Folder::Public, &altered(self.definition, truth, &mut other), Damage::None)?;
            }
            Happening::Confirmed => {
                add(self, Folder::Sheets, truth, worn)?;
                add(self, Folder::Public, truth, Damage::None)?;
            }
            Happening::PublicOnly => {
                add(self, Folder::Public, truth, Damage::None)?;
            }
            Happening::TooMany => {
                add(self, Folder::Sheets, &too_many(truth, station.row.registered.unwrap_or(0)), Damage::None)?;
            }
            Happening::NotInstalled => incoming.rulings.push(Ruling::NotInstalled(id())),
            Happening::Unlisted => {
                let unlisted = self.unlisted(station)?;
                let payload = self.payload(&unlisted, &unlisted.numbers)?;
                let sheet =
                    TallySheet { row: unlisted.row.clone(), numbers: unlisted.numbers, payload, damage: Damage::None };
                let picture = self.picture(Folder::Sheets, happening, Paper::Tally(Box::new(sheet)), chance.next());
                incoming.pictures.push(picture);
                incoming.unlisted = Some(unlisted.row.station);
            }
            Happening::NotASheet => {
                self.others += 1;
                let paper = if self.others.is_multiple_of(2) { Paper::OtherCode } else { Paper::WithoutCode };
                let picture = self.picture(Folder::Sheets, happening, paper, chance.next());
                incoming.rulings.push(Ruling::Reject(picture.file));
                incoming.pictures.push(picture);
            }
        }
        Some(incoming)
    }

    /// A sheet that can be read, of this station, for rehearsing defects.
    pub fn rehearsal(&self, station: &Station) -> Option<TallySheet> {
        let payload = self.payload(station, &station.numbers)?;
        Some(TallySheet { row: station.row.clone(), numbers: station.numbers.clone(), payload, damage: Damage::None })
    }

    fn picture(&mut self, folder: Folder, happening: Happening, paper: Paper, seed: u64) -> Picture {
        let mut number = 0;
        for (one, last) in Folder::ALL.into_iter().zip(&mut self.last) {
            if one == folder {
                *last += 1;
                number = *last;
            }
        }
        Picture { file: File { folder, number }, happening, paper, seed }
    }

    fn payload(&self, station: &Station, numbers: &[Numbers]) -> Option<String> {
        let stated: Vec<Numbers> = numbers.iter().map(|numbers| with_totals(numbers, station.row.registered)).collect();
        self.pack.payloads.first()?.write(&station.digits, &stated)
    }

    /// The next station of the same place that the register does not have: numbered from the far end.
    fn unlisted(&self, station: &Station) -> Option<Station> {
        let level = self.pack.station_level().id.as_str();
        let mut unlisted = station.clone();
        let number = unlisted.digits.get_mut(level)?;
        *number = "9".repeat(number.len());
        let digits = &unlisted.digits;
        let id = self.pack.payloads.first()?.station(|name| digits.get(name).map(String::as_str)).ok()?;
        for numbers in &mut unlisted.numbers {
            numbers.station = id.clone();
        }
        unlisted.row.station = id;
        Some(unlisted)
    }
}

/// The numbers with the totals that a grammar may ask for.
fn with_totals(numbers: &Numbers, registered: Option<u32>) -> Numbers {
    let sum = |cells: &mut dyn Iterator<Item = &Cell>| cells.filter_map(|cell| cell.value()).sum::<u32>();
    let mut stated = numbers.clone();
    let valid = sum(&mut numbers.votes.iter());
    stated.stated.valid = Some(Cell::Value(valid));
    stated.stated.cast = Some(Cell::Value(valid + sum(&mut numbers.other.values())));
    stated.stated.registered = registered.map(Cell::Value);
    stated
}

/// Other numbers for the same ballots: votes go from the strongest line to one of another candidate, in every contest.
fn altered(definition: &Definition, truth: &[Numbers], chance: &mut Chance) -> Vec<Numbers> {
    let mut altered = truth.to_vec();
    for (numbers, contest) in altered.iter_mut().zip(&definition.contests) {
        let Some(from) = strongest(&numbers.votes) else { continue };
        let candidate = |line: usize| contest.selections.get(line).map(|line| line.candidate);
        let others: Vec<usize> = (0..numbers.votes.len()).filter(|line| candidate(*line) != candidate(from)).collect();
        let votes = numbers.votes.get(from).and_then(|cell| cell.value()).unwrap_or(0);
        let moved = (votes / 3).max(1).min(votes);
        change(&mut numbers.votes, from, |votes| votes - moved);
        // Where nobody voted for anybody, the other sheet says that somebody did.
        if let Some(to) = chance.one_of(&others) {
            change(&mut numbers.votes, *to, |votes| votes + moved.max(1));
        }
    }
    altered
}

/// Numbers with more votes than there are voters, in every contest.
fn too_many(truth: &[Numbers], registered: u32) -> Vec<Numbers> {
    let mut more = truth.to_vec();
    for numbers in &mut more {
        if let Some(line) = strongest(&numbers.votes) {
            change(&mut numbers.votes, line, |votes| votes + registered + 1);
        }
    }
    more
}

fn strongest(votes: &[Cell]) -> Option<usize> {
    votes.iter().enumerate().max_by_key(|(_, cell)| cell.value()).map(|(line, _)| line)
}

fn change(votes: &mut [Cell], line: usize, change: impl FnOnce(u32) -> u32) {
    if let Some(cell) = votes.get_mut(line) {
        *cell = Cell::Value(change(cell.value().unwrap_or(0)));
    }
}
