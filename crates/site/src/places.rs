//! Finding units and stations: what is below what, and search by official code or by name.
//!
//! Built once for a geography and shared by all states of the count that have the same one. A place costs bytes: the
//! tables hold numbers, and all names stand in one text.

use std::sync::OnceLock;

use testigo_count::Count;
use testigo_count::geography::{Geography, StationIndex, UnitIndex};

use crate::find::Finder;

/// Tables over a geography.
#[derive(Debug)]
pub struct Places {
    fingerprint: Fingerprint,
    units: Vec<UnitIndex>,
    child_units: Vec<UnitIndex>,
    child_stations: Vec<StationIndex>,
    /// Where the children of each unit end in the two tables before.
    ends: Vec<(u32, u32)>,
    stations_by_code: Vec<StationIndex>,
    units_by_code: Vec<UnitIndex>,
    /// Names as they are searched for, one after the other, each between line feeds.
    names: String,
    name_ends: Vec<u32>,
    /// The index for a search without a server; made when somebody asks for it.
    finder: OnceLock<Finder>,
}

/// Places are only ever added, so equal numbers mean an equal geography.
type Fingerprint = (usize, usize, u32);

/// What a search found: whole numbers of hits, and the first of them.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Units, widest level first, then by code.
    pub units: Vec<UnitIndex>,
    /// Stations by code.
    pub stations: Vec<StationIndex>,
    /// There are more than are listed.
    pub more: bool,
}

impl Places {
    /// Builds the tables.
    #[must_use]
    pub fn new(count: &Count) -> Self {
        let geography = count.geography();
        let units: Vec<UnitIndex> = geography.units().collect();
        let mut child_units: Vec<UnitIndex> =
            units.iter().copied().filter(|unit| geography.unit_parent(*unit).is_some()).collect();
        child_units.sort_by_cached_key(|unit| {
            (geography.unit_parent(*unit), geography.unit_level(*unit), geography.unit_code(*unit).to_owned())
        });
        let mut stations_by_code: Vec<StationIndex> = geography.stations().collect();
        stations_by_code.sort_by(|one, other| geography.station_id(*one).cmp(geography.station_id(*other)));
        let mut child_stations: Vec<StationIndex> =
            stations_by_code.iter().copied().filter(|station| geography.station_unit(*station).is_some()).collect();
        // A stable sort keeps the order by code below each unit.
        child_stations.sort_by_key(|station| geography.station_unit(*station));
        let mut units_by_code: Vec<UnitIndex> = units.iter().copied().skip(1).collect();
        units_by_code
            .sort_by(|one, other| geography.unit_code(*one).cmp(geography.unit_code(*other)).then(one.cmp(other)));
        let (mut unit_end, mut station_end) = (0, 0);
        let ends = units
            .iter()
            .map(|unit| {
                unit_end += child_units[unit_end..]
                    .iter()
                    .take_while(|child| geography.unit_parent(**child) == Some(*unit))
                    .count();
                station_end += child_stations[station_end..]
                    .iter()
                    .take_while(|child| geography.station_unit(**child) == Some(*unit))
                    .count();
                (small(unit_end), small(station_end))
            })
            .collect();
        let mut names = String::new();
        let name_ends = units
            .iter()
            .map(|unit| {
                fold_into(geography.unit_name(*unit), &mut names);
                names.push('\n');
                small(names.len())
            })
            .collect();
        Self {
            fingerprint: fingerprint(count),
            units,
            child_units,
            child_stations,
            ends,
            stations_by_code,
            units_by_code,
            names,
            name_ends,
            finder: OnceLock::new(),
        }
    }

    /// Whether these are the tables of this count's geography.
    #[must_use]
    pub fn fit(&self, count: &Count) -> bool {
        self.fingerprint == fingerprint(count)
    }

    /// The index for a search without a server.
    #[must_use]
    pub fn finder(&self, count: &Count) -> &Finder {
        self.finder.get_or_init(|| Finder::new(count, self))
    }

    /// All units, parents before children.
    #[must_use]
    pub fn units(&self) -> &[UnitIndex] {
        &self.units
    }

    /// All stations that were ever spoken of, by code.
    #[must_use]
    pub fn stations(&self) -> &[StationIndex] {
        &self.stations_by_code
    }

    /// Units directly below a unit, by code.
    #[must_use]
    pub fn child_units(&self, unit: UnitIndex) -> &[UnitIndex] {
        let (start, end) = self.range(unit, |ends| ends.0);
        self.child_units.get(start..end).unwrap_or_default()
    }

    /// Listed stations directly below a unit, by code.
    #[must_use]
    pub fn child_stations(&self, unit: UnitIndex) -> &[StationIndex] {
        let (start, end) = self.range(unit, |ends| ends.1);
        self.child_stations.get(start..end).unwrap_or_default()
    }

    fn range(&self, unit: UnitIndex, side: impl Fn(&(u32, u32)) -> u32) -> (usize, usize) {
        let at = unit.position();
        let end_at = |at: usize| self.ends.get(at).map_or(0, |ends| side(ends) as usize);
        (at.checked_sub(1).map_or(0, end_at), end_at(at))
    }

    /// Looks for codes that begin with the words, and for names in which every word begins a word. Words may also
    /// stand in the names of the units above.
    #[must_use]
    pub fn search(&self, geography: &Geography, text: &str, limit: usize) -> Found {
        let mut found = Found::default();
        let code = text.trim();
        if code.is_empty() {
            return found;
        }
        self.find_codes(geography, code, limit, &mut found);
        let mut words: Vec<String> = code.split_whitespace().map(folded).filter(|word| word.len() > 1).collect();
        // The longest word is the rarest: names that hold it are few enough to look at closely.
        words.sort_by_key(|word| std::cmp::Reverse(word.len()));
        if let Some(first) = words.first() {
            for unit in self.units_with(first) {
                if found.units.contains(&unit) || !self.has_all(geography, unit, &words) {
                    continue;
                }
                if found.units.len() >= limit {
                    found.more = true;
                    break;
                }
                found.units.push(unit);
            }
        }
        found.units.sort_by(|one, other| {
            (geography.unit_level(*one), geography.unit_code(*one))
                .cmp(&(geography.unit_level(*other), geography.unit_code(*other)))
        });
        found
    }

    fn find_codes(&self, geography: &Geography, code: &str, limit: usize, found: &mut Found) {
        let start = self.units_by_code.partition_point(|unit| geography.unit_code(*unit) < code);
        let mut units =
            self.units_by_code[start..].iter().take_while(|unit| geography.unit_code(**unit).starts_with(code));
        found.units.extend(units.by_ref().take(limit));
        let start = self.stations_by_code.partition_point(|station| geography.station_id(*station) < code);
        let mut stations = self.stations_by_code[start..]
            .iter()
            .take_while(|station| geography.station_id(**station).starts_with(code));
        found.stations.extend(stations.by_ref().take(limit));
        found.more = units.next().is_some() || stations.next().is_some();
    }

    /// Units in whose name this word begins a word.
    fn units_with<'a>(&'a self, word: &'a str) -> impl Iterator<Item = UnitIndex> + 'a {
        let mut last = None;
        self.names.match_indices(word).filter_map(move |(at, _)| {
            let begins =
                at == 0 || self.names.as_bytes().get(at - 1).is_some_and(|before| matches!(before, b' ' | b'\n'));
            let unit = self.name_ends.partition_point(|end| (*end as usize) <= at);
            if !begins || last == Some(unit) {
                return None;
            }
            last = Some(unit);
            self.units.get(unit).copied()
        })
    }

    fn has_all(&self, geography: &Geography, unit: UnitIndex, words: &[String]) -> bool {
        words.iter().all(|word| {
            geography.ancestors(unit).any(|unit| self.name(unit).split(' ').any(|part| part.starts_with(word.as_str())))
        })
    }

    fn name(&self, unit: UnitIndex) -> &str {
        let (start, end) = (
            unit.position().checked_sub(1).and_then(|at| self.name_ends.get(at)).map_or(0, |end| *end as usize),
            self.name_ends.get(unit.position()).map_or(0, |end| *end as usize),
        );
        self.names.get(start..end).unwrap_or_default().trim_end()
    }
}

fn fingerprint(count: &Count) -> Fingerprint {
    let geography = count.geography();
    (geography.unit_count(), geography.station_count(), count.unit_totals(0, UnitIndex::WHOLE).listed)
}

fn small(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

/// A text as it is searched for: small letters without accents; whatever is no letter or digit separates words.
#[must_use]
pub fn folded(text: &str) -> String {
    let mut folded = String::with_capacity(text.len());
    fold_into(text, &mut folded);
    folded
}

fn fold_into(text: &str, folded: &mut String) {
    for letter in text.chars().flat_map(char::to_lowercase) {
        match letter {
            'á' | 'à' | 'â' | 'ä' | 'ã' | 'å' | 'ā' => folded.push('a'),
            'é' | 'è' | 'ê' | 'ë' | 'ē' | 'ę' => folded.push('e'),
            'í' | 'ì' | 'î' | 'ï' | 'ī' | 'ı' => folded.push('i'),
            'ó' | 'ò' | 'ô' | 'ö' | 'õ' | 'ø' | 'ō' => folded.push('o'),
            'ú' | 'ù' | 'û' | 'ü' | 'ū' => folded.push('u'),
            'ñ' | 'ń' => folded.push('n'),
            'ç' | 'ć' | 'č' => folded.push('c'),
            'š' | 'ś' | 'ş' => folded.push('s'),
            'ž' | 'ź' | 'ż' => folded.push('z'),
            'ý' | 'ÿ' => folded.push('y'),
            'ł' => folded.push('l'),
            'ğ' => folded.push('g'),
            'ß' => folded.push_str("ss"),
            'æ' => folded.push_str("ae"),
            'œ' => folded.push_str("oe"),
            // Combining marks: the letter before stands for itself.
            '\u{300}'..='\u{36f}' => {}
            '.' | '-' | '_' | '\'' | '’' | '"' | ',' | '(' | ')' | '/' | '\n' => {
                if !folded.is_empty() && !folded.ends_with([' ', '\n']) {
                    folded.push(' ');
                }
            }
            other => folded.push(other),
        }
    }
}
