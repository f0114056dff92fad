//! Where every page stands: addresses from official codes, the same on a live server and in a mirror.
//!
//! `/` is the whole in the pack's first language and first contest; `/en` and `/c/<contest>` before the rest choose
//! others. Identifiers hold letters, digits, `.`, `-` and `_` only, so nothing needs escaping.

use std::fmt::Write;

use testigo_count::DocumentHash;
use testigo_count::fold::Count;
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::rule::StationState;

/// First parts of addresses that are taken. A level of such a name is addressed as `level-<name>`.
pub const TAKEN: [&str; 27] = [
    "analysis",
    "assets",
    "audit",
    "c",
    "checker",
    "compare",
    "data",
    "documents",
    "feed",
    "find",
    "index",
    "ledger",
    "level",
    "live",
    "manifest",
    "map",
    "method",
    "openings",
    "page",
    "presentation",
    "receipts",
    "recount",
    "renditions",
    "search",
    "sheets",
    "stations",
    "widget",
];

/// A page in a language and a contest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Address {
    /// Position in the pack's languages.
    pub language: usize,
    /// Position in the election's contests.
    pub contest: usize,
    /// Which page.
    pub page: Page,
}

/// The pages of the site.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Page {
    /// A unit with what is below it; the whole is the home page. Long lists come in parts, from 1.
    Unit(UnitIndex, u32),
    /// A station with all its contests.
    Station(StationIndex),
    /// The stations of a unit that have something in common, in parts from 1.
    Stations(UnitIndex, StationList, u32),
    /// The result of a unit in a small frame for other sites.
    Widget(UnitIndex),
    /// The map of all units of a level, by its position in the pack.
    Map(usize, Measure),
    /// What was proclaimed for a unit, against its sheets.
    Compare(UnitIndex),
    /// Sheets that belong to no station yet, in parts from 1.
    Sheets(u32),
    /// Search; the words stand in the query.
    Search,
    /// Downloads.
    Data,
    /// How the count works and what it does not prove.
    Method,
    /// The visitor's own browser counts again.
    Recount,
    /// What follows from the sheets, and what does not.
    Analysis,
    /// Stations that dice drew, and what people found there.
    Audit,
}

/// What a map shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Measure {
    /// Who leads, and by how much.
    Lead,
    /// Ballots cast out of the registered voters of counted stations.
    Turnout,
    /// Counted stations out of those expected or listed.
    Coverage,
    /// What was proclaimed against the sheets, where figures were proclaimed by unit.
    Difference,
}

impl Measure {
    /// All of them, in the order in which they are offered.
    pub const ALL: [Self; 4] = [Self::Lead, Self::Turnout, Self::Coverage, Self::Difference];

    /// The word in addresses and language files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Lead => "lead",
            Self::Turnout => "turnout",
            Self::Coverage => "coverage",
            Self::Difference => "difference",
        }
    }
}

/// What the stations of a list have in common.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum StationList {
    /// They are in this state.
    In(StationState),
    /// They are counted, and something differs from what counts.
    Objected,
}

impl Page {
    /// Whether there is one of it for each contest.
    #[must_use]
    pub fn by_contest(self) -> bool {
        matches!(
            self,
            Self::Unit(..)
                | Self::Stations(..)
                | Self::Map(..)
                | Self::Widget(_)
                | Self::Compare(_)
                | Self::Analysis
                | Self::Audit
        )
    }
}

impl StationList {
    /// All lists, in the order in which they are offered.
    pub fn all() -> impl Iterator<Item = Self> {
        StationState::ALL.into_iter().map(Self::In).chain([Self::Objected])
    }

    /// The word in addresses and language files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::In(state) => state.word(),
            Self::Objected => "objected",
        }
    }
}

/// The part of an address that stands for a level.
pub(crate) fn level_segment<'a>(count: &'a Count, level: &'a str) -> std::borrow::Cow<'a, str> {
    let taken = TAKEN.contains(&level)
        || level.starts_with("level-")
        || count.pack().languages.iter().any(|code| code == level);
    if taken { format!("level-{level}").into() } else { level.into() }
}

/// Where a unit stands below language and contest: empty for the whole, else `/<level>/<code>`.
#[must_use]
pub fn unit_path(count: &Count, unit: UnitIndex) -> String {
    let geography = count.geography();
    match geography.unit_level(unit) {
        None => String::new(),
        Some(level) => {
            let level = level_segment(count, count.pack().levels[level].id.as_str());
            format!("/{level}/{}", geography.unit_code(unit))
        }
    }
}

/// Where a station stands below language and contest.
#[must_use]
pub fn station_path(count: &Count, station: StationIndex) -> String {
    let level = level_segment(count, count.pack().station_level().id.as_str());
    format!("/{level}/{}", count.geography().station_id(station))
}

impl Address {
    /// The root-relative address.
    #[must_use]
    pub fn path(&self, count: &Count) -> String {
        let mut path = String::new();
        if let Some(code) = count.pack().languages.get(self.language).filter(|_| self.language > 0) {
            let _ = write!(path, "/{code}");
        }
        let by_contest = self.page.by_contest();
        if let Some(contest) = count.definition().contests.get(self.contest).filter(|_| by_contest && self.contest > 0)
        {
            let _ = write!(path, "/c/{}", contest.id);
        }
        let part = match self.page {
            Page::Unit(unit, part) => {
                path.push_str(&unit_path(count, unit));
                part
            }
            Page::Station(station) => {
                path.push_str(&station_path(count, station));
                1
            }
            Page::Stations(unit, list, part) => {
                path.push_str(&unit_path(count, unit));
                let _ = write!(path, "/stations/{}", list.word());
                part
            }
            Page::Widget(unit) => {
                path.push_str("/widget");
                path.push_str(&unit_path(count, unit));
                1
            }
            Page::Map(level, measure) => {
                let level = count.pack().levels.get(level).map_or("", |level| level.id.as_str());
                let _ = write!(path, "/map/{level}/{}", measure.word());
                1
            }
            Page::Compare(unit) => {
                path.push_str(&unit_path(count, unit));
                path.push_str("/compare");
                1
            }
            Page::Sheets(part) => {
                path.push_str("/sheets");
                part
            }
            Page::Search => {
                path.push_str("/search");
                1
            }
            Page::Data => {
                path.push_str("/data");
                1
            }
            Page::Method => {
                path.push_str("/method");
                1
            }
            Page::Recount => {
                path.push_str("/recount");
                1
            }
            Page::Analysis => {
                path.push_str("/analysis");
                1
            }
            Page::Audit => {
                path.push_str("/audit");
                1
            }
        };
        if part > 1 {
            let _ = write!(path, "/page/{part}");
        }
        if path.is_empty()
            || path.rfind('/') == Some(0) && self.language > 0 && matches!(self.page, Page::Unit(UnitIndex::WHOLE, 1))
        {
            path.push('/');
        }
        path
    }

    /// The address that a path stands for, if it names something that is there. Whether a later part of a long list
    /// exists is for the page to say.
    #[must_use]
    pub fn parse(count: &Count, path: &str) -> Option<Self> {
        let mut parts: Vec<&str> = path.split('/').filter(|part| !part.is_empty()).collect();
        let mut address = Self { language: 0, contest: 0, page: Page::Unit(UnitIndex::WHOLE, 1) };
        let languages = &count.pack().languages;
        if let Some(language) = parts.first().and_then(|first| languages.iter().position(|code| code == first)) {
            // The first language has no prefix: one address for each page.
            if language == 0 {
                return None;
            }
            address.language = language;
            parts.remove(0);
        }
        if let ["c", id, ..] = parts.as_slice() {
            let contest = count.definition().contests.iter().position(|contest| contest.id.as_str() == *id)?;
            if contest == 0 {
                return None;
            }
            address.contest = contest;
            parts.drain(..2);
        }
        let mut part = 1;
        if let [.., "page", number] = parts.as_slice() {
            part = number.parse().ok().filter(|part| *part > 1 && !number.starts_with(['0', '+']))?;
            parts.truncate(parts.len() - 2);
        }
        address.page = match parts.as_slice() {
            [] => Page::Unit(UnitIndex::WHOLE, part),
            ["stations", word] => Page::Stations(UnitIndex::WHOLE, list(word)?, part),
            ["widget"] => Page::Widget(UnitIndex::WHOLE),
            ["widget", level, code] => match place(count, level, code)? {
                Place::Unit(unit) => Page::Widget(unit),
                Place::Station(_) => return None,
            },
            ["map", level, measure] => {
                let level = count.pack().unit_levels().iter().position(|one| one.id.as_str() == *level)?;
                let measure = Measure::ALL.into_iter().find(|one| one.word() == *measure)?;
                Page::Map(level, measure)
            }
            ["compare"] => Page::Compare(UnitIndex::WHOLE),
            ["sheets"] => Page::Sheets(part),
            ["search"] => Page::Search,
            ["data"] => Page::Data,
            ["method"] => Page::Method,
            ["recount"] => Page::Recount,
            ["analysis"] => Page::Analysis,
            ["audit"] => Page::Audit,
            [level, code, rest @ ..] => match (place(count, level, code)?, rest) {
                (Place::Unit(unit), []) => Page::Unit(unit, part),
                (Place::Unit(unit), ["stations", word]) => Page::Stations(unit, list(word)?, part),
                (Place::Unit(unit), ["compare"]) => Page::Compare(unit),
                (Place::Station(station), []) => Page::Station(station),
                _ => return None,
            },
            _ => return None,
        };
        let parted = matches!(address.page, Page::Unit(..) | Page::Stations(..) | Page::Sheets(_));
        let by_contest = address.page.by_contest();
        let fits = (part == 1 || parted) && (address.contest == 0 || by_contest);
        fits.then_some(address)
    }
}

/// What stands as a file under its own name in a mirror: these first parts of an address, and these endings.
const FILE_FOLDERS: [&str; 7] = ["assets", "checker", "documents", "ledger", "openings", "presentation", "renditions"];
const FILE_ENDINGS: [&str; 10] =
    [".atom", ".csv", ".geojson", ".js", ".json", ".parquet", ".png", ".svg", ".torrent", ".xml"];

/// The file of a mirror that holds what stands at a root-relative address: the page `/a/b` is in `a/b/index.html`, so that
/// any web server answers the same addresses as ours, and a browser finds the page without any server.
#[must_use]
pub fn file_of(path: &str) -> String {
    let mut file = String::with_capacity(path.len() + 12);
    push_file_of(&mut file, path);
    file
}

/// Writes the same behind a text.
pub(crate) fn push_file_of(text: &mut String, path: &str) {
    let bare = path.trim_matches('/');
    let first = bare.split('/').next().unwrap_or_default();
    let is_file = || FILE_FOLDERS.contains(&first) || FILE_ENDINGS.iter().any(|ending| bare.ends_with(ending));
    text.push_str(bare);
    match bare {
        "" => text.push_str("index.html"),
        _ if is_file() => {}
        _ => text.push_str("/index.html"),
    }
}

/// Where a published picture stands: in one of 256 folders, by the first two digits of its hash.
#[must_use]
pub fn rendition_path(hash: &DocumentHash, media: &str) -> String {
    let hash = hash.to_string();
    format!("/renditions/{}/{hash}.{media}", hash.get(..2).unwrap_or_default())
}

/// Where the proof of a picture stands: in one of 256 folders, by the first two digits of the commitment to its pixels.
#[must_use]
pub fn opening_path(pixels: &DocumentHash, rendition: &DocumentHash) -> String {
    let pixels = pixels.to_string();
    format!("/openings/{}/{pixels}.{rendition}", pixels.get(..2).unwrap_or_default())
}

/// Where a server has the proof that an entry is in the ledger.
#[must_use]
pub fn receipt_path(entry: u64) -> String {
    format!("/receipts/{entry}.tlog-proof")
}

/// Where a document stands.
#[must_use]
pub fn document_path(hash: &DocumentHash) -> String {
    format!("/documents/{hash}")
}

/// A unit or a station by the words of its address.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Place {
    /// A unit.
    Unit(UnitIndex),
    /// A station.
    Station(StationIndex),
}

/// The unit or station at `/<level>/<code>`.
#[must_use]
pub fn place(count: &Count, level: &str, code: &str) -> Option<Place> {
    let levels = &count.pack().levels;
    let at = levels.iter().position(|one| level_segment(count, one.id.as_str()) == level)?;
    if at + 1 == levels.len() {
        count.geography().find_station(code).map(Place::Station)
    } else {
        count.geography().find_unit(at, code).map(Place::Unit)
    }
}

fn list(word: &str) -> Option<StationList> {
    StationList::all().find(|list| list.word() == word)
}
