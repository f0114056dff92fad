//! One state of the count with all that its pages need: immutable, so that every page of it says the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, OnceLock};

use testigo_analysis::comparison::{Comparison, compare, proclaimed_units};
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::sheets::{SheetIndex, SheetState};
use testigo_count::{Contest, Count, DocumentHash, EntryIndex};

use crate::assets::{self, Asset};
use crate::audited::{Audited, Audits};
use crate::language::Language;
use crate::map::Maps;
use crate::places::Places;
use crate::screened::Screened;
use crate::settings::Settings;
use crate::torrent::Contents;

/// The ledger's signed head.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The ledger's name.
    pub origin: String,
    /// Entries.
    pub size: u64,
    /// Root over them, hexadecimal.
    pub root: String,
    /// The checkpoint as it was signed.
    pub note: Vec<u8>,
    /// Whether others have seen it.
    pub witnessed: Witnessed,
}

/// Whether witnesses have countersigned a head, by the policy that the archive itself publishes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Witnessed {
    /// By as many as the policy asks for.
    By(u64),
    /// By fewer, or the archive asks none.
    Unwitnessed,
}

/// A state of the count.
#[derive(Debug)]
pub struct View {
    /// Of the entries below `head.size`.
    pub count: Count,
    /// What the count follows from.
    pub head: Head,
    /// Tables over its geography.
    pub places: Arc<Places>,
    /// The documents that entries name.
    pub documents: Arc<BTreeSet<DocumentHash>>,
    /// The lists of audits, by the hashes that entries have of them.
    pub lists: Arc<BTreeMap<DocumentHash, Vec<u8>>>,
    /// Which sheet shows a picture.
    pub renditions: Arc<Renditions>,
    /// Where units lie.
    pub maps: Arc<Maps>,
    /// What the organiser says about the site.
    pub settings: Arc<Settings>,
    /// Languages that the organiser brings, by code; they go before those of the program.
    pub languages: Arc<BTreeMap<String, Language>>,
    /// The names of the files that the settings and languages come from, below `presentation/`.
    pub presentation: Arc<BTreeSet<String>>,
    /// The one style sheet, candidates' colours included.
    pub style: Arc<Asset>,
    /// The one script.
    pub script: Arc<Asset>,
    /// The script of the recount page.
    pub recount: Arc<Asset>,
    /// The hashes of the last torrent of all pictures: with the next one, only what is new is hashed.
    pub hashed_sheets: Arc<Mutex<Option<Contents>>>,
    /// Candidates of each contest, most votes first, then in ballot order.
    pub ranking: Vec<Vec<usize>>,
    /// Of each contest, what was proclaimed for the whole against the sheets, once somebody has asked.
    comparisons: Vec<OnceLock<Arc<Comparison>>>,
    /// Of each contest, the units for which something was proclaimed.
    proclaimed: Vec<BTreeSet<UnitIndex>>,
    /// Of each contest, what follows from its sheets, once somebody has asked.
    screened: Vec<OnceLock<Option<Arc<Screened>>>>,
    /// Of each contest, its audits, once somebody has asked.
    audits: Vec<OnceLock<Arc<Audits>>>,
}

/// Which sheet shows a picture, by the picture's hash. Sheets are only ever added, and masks change.
#[derive(Debug, Default)]
pub struct Renditions {
    sheets: BTreeMap<DocumentHash, Vec<SheetIndex>>,
    last_mask: Option<EntryIndex>,
    order: Vec<SheetIndex>,
}

impl View {
    /// A state of the count at a head of the ledger. `named` are the documents that the entries since `before` name; `before` is an earlier
    /// state whose tables are used again where they still fit.
    #[must_use]
    pub fn new(count: Count, head: Head, named: BTreeSet<DocumentHash>, before: Option<&Self>) -> Self {
        let mut documents = named;
        if let Some(before) = before {
            documents.extend(before.documents.iter());
        }
        let places = match before.filter(|before| before.places.fit(&count)) {
            Some(before) => Arc::clone(&before.places),
            None => Arc::new(Places::new(&count)),
        };
        let renditions = match before.filter(|before| before.renditions.fit(&count)) {
            Some(before) => Arc::clone(&before.renditions),
            None => Arc::new(Renditions::new(&count)),
        };
        let maps = before.map(|before| Arc::clone(&before.maps)).unwrap_or_default();
        let settings = before.map(|before| Arc::clone(&before.settings)).unwrap_or_default();
        let languages = before.map(|before| Arc::clone(&before.languages)).unwrap_or_default();
        let presentation = before.map(|before| Arc::clone(&before.presentation)).unwrap_or_default();
        let style = match before {
            Some(before) => Arc::clone(&before.style),
            None => Arc::new(assets::style(count.definition())),
        };
        let script = match before {
            Some(before) => Arc::clone(&before.script),
            None => Arc::new(assets::script()),
        };
        let recount = match before {
            Some(before) => Arc::clone(&before.recount),
            None => Arc::new(assets::recount()),
        };
        let hashed_sheets = before.map(|before| Arc::clone(&before.hashed_sheets)).unwrap_or_default();
        let ranking = (0..count.definition().contests.len())
            .map(|contest| ranked(count.unit_votes(contest, UnitIndex::WHOLE).0))
            .collect();
        let contests = 0..count.definition().contests.len();
        let comparisons = contests.clone().map(|_| OnceLock::new()).collect();
        let proclaimed = contests.map(|contest| proclaimed_units(&count, contest)).collect();
        let documents = Arc::new(documents);
        let lists = before.map(|before| Arc::clone(&before.lists)).unwrap_or_default();
        let audits = count.definition().contests.iter().map(|_| OnceLock::new()).collect();
        let screened = count.definition().contests.iter().map(|_| OnceLock::new()).collect();
        Self {
            count,
            head,
            places,
            documents,
            lists,
            renditions,
            maps,
            settings,
            languages,
            presentation,
            style,
            script,
            recount,
            hashed_sheets,
            ranking,
            comparisons,
            proclaimed,
            screened,
            audits,
        }
    }

    /// The contest at a position.
    #[must_use]
    pub fn contest(&self, contest: usize) -> &Contest {
        &self.count.definition().contests[contest]
    }

    /// Whether there is a page that compares what was proclaimed for a unit with its sheets.
    #[must_use]
    pub fn compares(&self, contest: usize, unit: UnitIndex) -> bool {
        self.proclaimed.get(contest).is_some_and(|units| units.contains(&unit))
    }

    /// What was proclaimed for a unit against its sheets; `None` where nothing was.
    #[must_use]
    pub fn comparison(&self, contest: usize, unit: UnitIndex) -> Option<Arc<Comparison>> {
        if !self.compares(contest, unit) {
            return None;
        }
        let work_out = || Arc::new(compare(&self.count, contest, unit));
        match self.comparisons.get(contest).filter(|_| unit == UnitIndex::WHOLE) {
            Some(kept) => Some(Arc::clone(kept.get_or_init(work_out))),
            None => Some(work_out()),
        }
    }

    /// What follows from a contest's sheets; `None` while nothing counts.
    #[must_use]
    pub fn screened(&self, contest: usize) -> Option<Arc<Screened>> {
        let work_out = || Screened::of(&self.count, &self.head, contest).map(Arc::new);
        self.screened.get(contest)?.get_or_init(work_out).clone()
    }

    /// Whether a contest is audited by chance: a list was fixed.
    #[must_use]
    pub fn has_audit(&self, contest: usize) -> bool {
        let id = &self.contest(contest).id;
        self.count.audit_lists().any(|list| list.contest == id)
    }

    /// The audits of a contest, oldest first.
    #[must_use]
    pub fn audits(&self, contest: usize) -> Arc<Audits> {
        let work_out = || Arc::new(Audited::all(self, contest));
        self.audits.get(contest).map_or_else(work_out, |kept| Arc::clone(kept.get_or_init(work_out)))
    }

    /// The code of the site's language at a position, as the pack has it.
    #[must_use]
    pub fn language_code(&self, language: usize) -> &str {
        self.count.pack().languages.get(language).map_or("en", String::as_str)
    }

    /// The texts for the site's language at a position.
    #[must_use]
    pub fn language(&self, language: usize) -> &Language {
        let code = self.language_code(language);
        let built_in = || Language::built_in(code);
        self.languages
            .get(code)
            .or_else(built_in)
            .unwrap_or_else(|| unreachable!("the built-in language files are tested to be readable"))
    }

    /// Sheets that belong to no station yet, in order of arrival.
    pub fn loose_sheets(&self) -> impl Iterator<Item = SheetIndex> {
        self.count.sheets().filter(|sheet| {
            self.count.sheet_state(*sheet) != SheetState::Read && self.count.sheet_view(*sheet).moved_to.is_none()
        })
    }

    /// Whether a picture may be shown, and its ending: it belongs to a sheet, and no ruling withholds any sheet that
    /// shows it.
    #[must_use]
    pub fn rendition(&self, hash: &DocumentHash) -> Option<&'static str> {
        let sheets = self.renditions.sheets.get(hash)?;
        if sheets.iter().any(|sheet| self.count.sheet_view(*sheet).withheld) {
            return None;
        }
        let view = self.count.sheet_view(*sheets.first()?);
        view.pages.iter().find(|page| page.rendition == *hash).map(|page| page.media)
    }

    /// Every picture that may be shown, by its hash, with its ending.
    pub fn renditions(&self) -> impl Iterator<Item = (DocumentHash, &'static str)> {
        self.renditions.sheets.keys().filter_map(|hash| Some((*hash, self.rendition(hash)?)))
    }

    /// The same, each once, in the order in which sheets first showed them: what comes later stands at the end.
    pub fn renditions_in_order(&self) -> impl Iterator<Item = (DocumentHash, &'static str)> {
        let mut seen = BTreeSet::new();
        let pages = self.renditions.order.iter().flat_map(|sheet| self.count.sheet_view(*sheet).pages);
        pages
            .map(|page| page.rendition)
            .filter(move |rendition| seen.insert(*rendition))
            .filter_map(|rendition| Some((rendition, self.rendition(&rendition)?)))
    }

    /// Every proof of a picture that may be shown: the commitment to its pixels, and its hash.
    pub fn openings(&self) -> impl Iterator<Item = (DocumentHash, DocumentHash)> {
        let pages = self.renditions.order.iter().flat_map(|sheet| self.count.sheet_view(*sheet).pages);
        pages
            .filter_map(|page| Some((page.pixels?, page.rendition, self.rendition(&page.rendition)?)))
            .map(|(pixels, rendition, _)| (pixels, rendition))
    }

    /// Whether such a proof may be shown.
    #[must_use]
    pub fn has_opening(&self, pixels: &DocumentHash, rendition: &DocumentHash) -> bool {
        let sheets = self.renditions.sheets.get(rendition).filter(|_| self.rendition(rendition).is_some());
        let mut pages = sheets.into_iter().flatten().flat_map(|sheet| self.count.sheet_view(*sheet).pages);
        pages.any(|page| page.pixels == Some(*pixels) && page.rendition == *rendition)
    }

    /// Other sheets that show the same picture as this one.
    #[must_use]
    pub fn copies(&self, sheet: SheetIndex) -> usize {
        let view = self.count.sheet_view(sheet);
        let first = view.pages.first().and_then(|page| self.renditions.sheets.get(&page.rendition));
        first.map_or(0, |sheets| sheets.len().saturating_sub(1))
    }

    /// All listed stations of a unit, at any depth, in no particular order: found down the tree, so that a small unit costs
    /// little.
    #[must_use]
    pub fn stations_of(&self, unit: UnitIndex) -> Vec<StationIndex> {
        let (mut stations, mut units) = (Vec::new(), vec![unit]);
        while let Some(unit) = units.pop() {
            stations.extend_from_slice(self.places.child_stations(unit));
            units.extend_from_slice(self.places.child_units(unit));
        }
        stations
    }

    /// Listed stations below a unit that satisfy a condition, by code; of the whole also those that no register lists.
    #[must_use]
    pub fn stations_below(&self, unit: UnitIndex, condition: impl Fn(StationIndex) -> bool) -> Vec<StationIndex> {
        if unit == UnitIndex::WHOLE {
            return self.places.stations().iter().copied().filter(|station| condition(*station)).collect();
        }
        let geography = self.count.geography();
        let mut stations = self.stations_of(unit);
        stations.retain(|station| condition(*station));
        stations.sort_by_key(|station| geography.station_id(*station));
        stations
    }
}

impl Renditions {
    fn new(count: &Count) -> Self {
        let mut sheets: BTreeMap<DocumentHash, Vec<SheetIndex>> = BTreeMap::new();
        for sheet in count.sheets() {
            for page in count.sheet_view(sheet).pages {
                sheets.entry(page.rendition).or_default().push(sheet);
            }
        }
        Self { sheets, last_mask: count.last_mask(), order: count.sheets().collect() }
    }

    /// Whether nothing has come or changed since.
    fn fit(&self, count: &Count) -> bool {
        self.order.len() == count.sheet_count() && self.last_mask == count.last_mask()
    }

    /// All sheets in order of arrival.
    #[must_use]
    pub fn order(&self) -> &[SheetIndex] {
        &self.order
    }
}

/// Positions by number, largest first; equal ones in their order.
#[must_use]
pub fn ranked(votes: &[u64]) -> Vec<usize> {
    let mut positions: Vec<usize> = (0..votes.len()).collect();
    positions.sort_by_key(|at| std::cmp::Reverse(votes[*at]));
    positions
}
