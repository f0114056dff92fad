//! The tree of units with the stations at its leaves, in columns: a unit or a station costs bytes, not objects.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;
use std::sync::OnceLock;

use crate::columns::{ColumnReader, ColumnWriter, Damaged};
use crate::identifier::{StationId, UnitCode, is_identifier};
use crate::register::RegisterRow;

/// A unit's place in the [`Geography`]. The whole is always [`UnitIndex::WHOLE`], and a parent always comes before its
/// children.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitIndex(pub(crate) u32);

impl UnitIndex {
    /// The root: the whole election.
    pub const WHOLE: Self = Self(0);

    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }

    /// The place in [`Geography::units`], for tables beside the geography.
    #[must_use]
    pub fn position(self) -> usize {
        self.at()
    }
}

/// A station's place in the [`Geography`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct StationIndex(pub(crate) u32);

impl StationIndex {
    /// The one listed after this; the first after none.
    pub(crate) fn next(self) -> Self {
        Self(self.0.wrapping_add(1))
    }

    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

/// Many short texts in one allocation.
#[derive(Clone, Default, PartialEq)]
pub(crate) struct Texts {
    bytes: String,
    ends: Vec<u32>,
}

impl std::fmt::Debug for Texts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Texts({})", self.ends.len())
    }
}

impl Texts {
    pub(crate) fn get(&self, index: u32) -> &str {
        text_at(&self.bytes, &self.ends, index)
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &str> {
        (0..).map(|index| self.get(index)).take(self.ends.len())
    }

    pub(crate) fn len(&self) -> usize {
        self.ends.len()
    }

    pub(crate) fn push(&mut self, text: &str) -> Option<u32> {
        let index = u32::try_from(self.ends.len()).ok()?;
        let end = u32::try_from(self.bytes.len() + text.len()).ok()?;
        self.bytes.push_str(text);
        self.ends.push(end);
        Some(index)
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 4
    }
}

fn text_at<'a>(bytes: &'a str, ends: &[u32], index: u32) -> &'a str {
    let index = index as usize;
    let start = if index == 0 { 0 } else { ends.get(index - 1).map_or(0, |end| *end as usize) };
    let end = ends.get(index).map_or(start, |end| *end as usize);
    bytes.get(start..end).unwrap_or_default()
}

/// Different texts, found by content. The table for finding is made when something is first looked for.
#[derive(Clone, Default)]
pub(crate) struct Codes {
    texts: Texts,
    lookup: OnceLock<HashTable<u32>>,
    hasher: DefaultHashBuilder,
}

impl PartialEq for Codes {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl std::fmt::Debug for Codes {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.texts.fmt(formatter)
    }
}

impl From<Texts> for Codes {
    fn from(texts: Texts) -> Self {
        Self { texts, ..Self::default() }
    }
}

impl Codes {
    pub(crate) fn texts(&self) -> &Texts {
        &self.texts
    }

    pub(crate) fn get(&self, index: u32) -> &str {
        self.texts.get(index)
    }

    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        let lookup = self.lookup.get_or_init(|| self.make_lookup());
        lookup.find(self.hasher.hash_one(text), |index| self.get(*index) == text).copied()
    }

    fn make_lookup(&self) -> HashTable<u32> {
        let mut lookup = HashTable::with_capacity(self.texts.len());
        for (index, text) in (0..).zip(self.texts.iter()) {
            lookup.insert_unique(self.hasher.hash_one(text), index, |index| self.hasher.hash_one(self.get(*index)));
        }
        lookup
    }

    /// Appends a text that is not there yet.
    pub(crate) fn intern(&mut self, text: &str) -> Option<u32> {
        if let Some(index) = self.find(text) {
            return Some(index);
        }
        let index = self.texts.push(text)?;
        let Self { texts, lookup, hasher } = self;
        if let Some(lookup) = lookup.get_mut() {
            lookup.insert_unique(hasher.hash_one(text), index, |index| hasher.hash_one(texts.get(*index)));
        }
        Some(index)
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.texts.heap_bytes() + self.lookup.get().map_or(0, HashTable::allocation_size)
    }
}

/// Units and stations of an election.
#[derive(Debug, Clone, PartialEq)]
pub struct Geography {
    /// Level and code, joined by a character that no code has, so that one table finds both.
    unit_keys: Codes,
    unit_names: Texts,
    unit_levels: Vec<u8>,
    unit_parents: Vec<u32>,
    station_ids: Codes,
    station_parents: Vec<u32>,
    station_registered: Vec<u32>,
}

/// What is directly below a unit, in any order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Children {
    /// Units.
    pub units: Vec<UnitIndex>,
    /// Listed stations.
    pub stations: Vec<StationIndex>,
}

/// Neighbouring stations, and the end of the units right above them; the units begin where those of the run before end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Run {
    pub stations: std::ops::Range<usize>,
    pub units_end: usize,
}

const UNKNOWN: u32 = u32::MAX;
const WHOLE_LEVEL: u8 = u8::MAX;

/// Why a station could not be added.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum GeographyError {
    /// It is there already.
    #[error("station {0} is there twice")]
    Twice(StationId),
    /// The same unit with two parents.
    #[error("unit {code} belongs to `{found}` here, but to `{known}` earlier")]
    TwoParents {
        /// The unit.
        code: UnitCode,
        /// Its parent's code so far (empty: the whole).
        known: String,
        /// Its parent's code here.
        found: String,
    },
    /// More than four thousand million.
    #[error("there are more units or stations than this program can number")]
    TooMany,
}

impl Default for Geography {
    fn default() -> Self {
        let mut geography = Self {
            unit_keys: Codes::default(),
            unit_names: Texts::default(),
            unit_levels: vec![WHOLE_LEVEL],
            unit_parents: vec![UNKNOWN],
            station_ids: Codes::default(),
            station_parents: Vec::new(),
            station_registered: Vec::new(),
        };
        geography.unit_keys.intern("");
        geography.unit_names.push("");
        geography
    }
}

impl Geography {
    /// Adds a station with the units it belongs to. Units that are known already keep their first name.
    ///
    /// # Errors
    /// When the station is listed already or a unit would get a second parent; then nothing has changed but possibly
    /// some units without stations.
    pub(crate) fn list(&mut self, row: &RegisterRow) -> Result<StationIndex, GeographyError> {
        let known = self.station_ids.find(row.station.as_str());
        if known.is_some_and(|index| self.station_parents.get(index as usize) != Some(&UNKNOWN)) {
            return Err(GeographyError::Twice(row.station.clone()));
        }
        let mut parent = UnitIndex::WHOLE.0;
        for (level, code, name) in &row.path {
            parent = self.unit(parent, *level, code, name)?;
        }
        let station = self.mention(&row.station, StationIndex(known.unwrap_or(UNKNOWN)))?;
        self.station_parents[station.at()] = parent;
        self.station_registered[station.at()] = row.registered.unwrap_or(UNKNOWN);
        Ok(station)
    }

    /// The station with this id, made known without being listed if nobody spoke of it before. Looks first at the guess.
    pub(crate) fn mention(&mut self, station: &StationId, guess: StationIndex) -> Result<StationIndex, GeographyError> {
        if guess.at() < self.station_count() && self.station_id(guess) == station.as_str() {
            return Ok(guess);
        }
        let index = self.station_ids.intern(station.as_str()).ok_or(GeographyError::TooMany)?;
        if index as usize == self.station_parents.len() {
            self.station_parents.push(UNKNOWN);
            self.station_registered.push(UNKNOWN);
        }
        Ok(StationIndex(index))
    }

    fn unit(&mut self, parent: u32, level: usize, code: &UnitCode, name: &str) -> Result<u32, GeographyError> {
        let level = u8::try_from(level).map_err(|_| GeographyError::TooMany)?;
        if let Some(unit) = self.unit_of_last_station(level)
            && self.unit_parents[unit.at()] == parent
            && self.unit_code(unit) == code.as_str()
        {
            return Ok(unit.0);
        }
        let key = format!("{level}\u{1f}{code}");
        if let Some(index) = self.unit_keys.find(&key) {
            let known = self.unit_parents[index as usize];
            if known == parent {
                return Ok(index);
            }
            return Err(GeographyError::TwoParents {
                code: code.clone(),
                known: self.unit_code(UnitIndex(known)).to_owned(),
                found: self.unit_code(UnitIndex(parent)).to_owned(),
            });
        }
        let index = self.unit_keys.intern(&key).ok_or(GeographyError::TooMany)?;
        self.unit_names.push(name).ok_or(GeographyError::TooMany)?;
        self.unit_levels.push(level);
        self.unit_parents.push(parent);
        Ok(index)
    }

    /// Registers list neighbours together: the next station's units are mostly those of the one before.
    fn unit_of_last_station(&self, level: u8) -> Option<UnitIndex> {
        let last = self.station_parents.last().filter(|unit| **unit != UNKNOWN)?;
        self.ancestors(UnitIndex(*last)).find(|unit| self.unit_levels[unit.at()] == level)
    }

    /// How many units there are, the whole included.
    #[must_use]
    pub fn unit_count(&self) -> usize {
        self.unit_levels.len()
    }

    /// How many stations were ever spoken of, listed or not.
    #[must_use]
    pub fn station_count(&self) -> usize {
        self.station_parents.len()
    }

    /// All units, parents before children, the whole first.
    pub fn units(&self) -> impl Iterator<Item = UnitIndex> + use<> {
        (0..u32::try_from(self.unit_levels.len()).unwrap_or(u32::MAX)).map(UnitIndex)
    }

    /// All stations that were ever spoken of.
    pub fn stations(&self) -> impl Iterator<Item = StationIndex> + use<> {
        (0..u32::try_from(self.station_parents.len()).unwrap_or(u32::MAX)).map(StationIndex)
    }

    /// The unit with this code at this level (position in `Pack::unit_levels`).
    #[must_use]
    pub fn find_unit(&self, level: usize, code: &str) -> Option<UnitIndex> {
        self.unit_keys.find(&format!("{level}\u{1f}{code}")).map(UnitIndex)
    }

    /// The station with this id, listed or not.
    #[must_use]
    pub fn find_station(&self, id: &str) -> Option<StationIndex> {
        self.station_ids.find(id).map(StationIndex)
    }

    /// The unit's official code; empty for the whole.
    #[must_use]
    pub fn unit_code(&self, unit: UnitIndex) -> &str {
        self.unit_keys.get(unit.0).split_once('\u{1f}').map_or("", |(_, code)| code)
    }

    /// The unit's name; empty for the whole, whose name the election file has.
    #[must_use]
    pub fn unit_name(&self, unit: UnitIndex) -> &str {
        self.unit_names.get(unit.0)
    }

    /// The unit's level as a position in `Pack::unit_levels`; `None` for the whole.
    #[must_use]
    pub fn unit_level(&self, unit: UnitIndex) -> Option<usize> {
        self.unit_levels.get(unit.at()).filter(|level| **level != WHOLE_LEVEL).map(|level| usize::from(*level))
    }

    /// The unit above; `None` for the whole.
    #[must_use]
    pub fn unit_parent(&self, unit: UnitIndex) -> Option<UnitIndex> {
        self.unit_parents.get(unit.at()).filter(|parent| **parent != UNKNOWN).map(|parent| UnitIndex(*parent))
    }

    /// Cuts the stations into about so many runs of equal length, no two of which share a unit right above a station.
    /// The runs end where stations stop being listed in the order of their units, and before those that no register
    /// lists.
    pub(crate) fn runs(&self, wanted: usize) -> Vec<Run> {
        let parents = &self.station_parents;
        let in_order = (1..parents.len()).find(|at| parents[*at] < parents[at - 1]).unwrap_or(parents.len());
        let in_order = parents[..in_order].iter().position(|unit| *unit == UNKNOWN).unwrap_or(in_order);
        let length = in_order.div_ceil(wanted.max(1)).max(1);
        let mut runs = Vec::new();
        let mut start = 0;
        while start < in_order {
            let last = (start + length).min(in_order) - 1;
            let end = last + parents[last..in_order].partition_point(|unit| *unit == parents[last]);
            runs.push(Run { stations: start..end, units_end: parents[last] as usize + 1 });
            start = end;
        }
        runs
    }

    /// The units from the whole down to this one, it included.
    #[must_use]
    pub fn path(&self, unit: UnitIndex) -> Vec<UnitIndex> {
        let mut path: Vec<UnitIndex> = self.ancestors(unit).collect();
        path.reverse();
        path
    }

    /// This unit and those above it, up to the whole.
    pub fn ancestors(&self, unit: UnitIndex) -> impl Iterator<Item = UnitIndex> {
        std::iter::successors(Some(unit), |unit| self.unit_parent(*unit))
    }

    /// The station's official code.
    #[must_use]
    pub fn station_id(&self, station: StationIndex) -> &str {
        self.station_ids.get(station.0)
    }

    /// The unit the station belongs to; `None` while it is not in the register.
    #[must_use]
    pub fn station_unit(&self, station: StationIndex) -> Option<UnitIndex> {
        self.station_parents.get(station.at()).filter(|unit| **unit != UNKNOWN).map(|unit| UnitIndex(*unit))
    }

    /// Registered voters, where known.
    #[must_use]
    pub fn registered(&self, station: StationIndex) -> Option<u32> {
        self.station_registered.get(station.at()).copied().filter(|count| *count != UNKNOWN)
    }

    /// What is directly below this unit. It looks through everything: whoever asks for many units keeps a table instead.
    #[must_use]
    pub fn children(&self, unit: UnitIndex) -> Children {
        Children {
            units: self.units().filter(|child| self.unit_parent(*child) == Some(unit)).collect(),
            stations: self.stations().filter(|station| self.station_unit(*station) == Some(unit)).collect(),
        }
    }

    /// Puts what is below a unit in the order of level and code.
    pub(crate) fn sort(&self, children: &mut Children) {
        children.units.sort_by(|one, other| self.unit_keys.get(one.0).cmp(self.unit_keys.get(other.0)));
        children.stations.sort_by(|one, other| self.station_id(*one).cmp(self.station_id(*other)));
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.unit_keys.heap_bytes()
            + self.unit_names.heap_bytes()
            + self.unit_levels.capacity()
            + self.unit_parents.capacity() * 4
            + self.station_ids.heap_bytes()
            + self.station_parents.capacity() * 4
            + self.station_registered.capacity() * 4
    }
}

/// For snapshots.
impl Geography {
    pub(crate) fn write(&self, part: &mut ColumnWriter) {
        part.count(self.unit_count());
        part.count(self.station_count());
        // Unknown becomes 0, the number next to those of the first units.
        for column in [&self.unit_parents, &self.station_parents, &self.station_registered] {
            part.column(column.iter().map(|number| number.wrapping_add(1)));
        }
        part.bytes(&self.unit_levels);
        for texts in [self.unit_keys.texts(), &self.unit_names, self.station_ids.texts()] {
            texts.write(part);
        }
    }

    /// A register with so many levels of units.
    pub(crate) fn read(mut part: ColumnReader<'_>, levels: usize) -> Result<Self, Damaged> {
        // A unit takes a byte for its level, a station one for its id: no more of them than the file is long.
        let units = part.count(1)?;
        let stations = part.count(1)?;
        let unit_parents = shifted_back(part.column(units)?);
        let station_parents = shifted_back(part.column(stations)?);
        let station_registered = shifted_back(part.column(stations)?);
        let unit_levels = part.bytes(units)?.to_vec();
        let unit_keys = Texts::read(&mut part, units)?;
        let unit_names = Texts::read(&mut part, units)?;
        let station_ids = Texts::read(&mut part, stations)?;
        part.end()?;
        let is_whole = unit_keys.iter().next() == Some("") && unit_levels.first() == Some(&WHOLE_LEVEL);
        part.check(is_whole && unit_parents.first() == Some(&UNKNOWN))?;
        let below = (1..).zip(unit_keys.iter().skip(1)).zip(unit_levels.iter().zip(&unit_parents).skip(1));
        for ((unit, key), (level, parent)) in below {
            let code = key.split_once('\u{1f}').filter(|(written, _)| *written == level.to_string());
            let sound = code.is_some_and(|(_, code)| is_identifier(code));
            part.check(sound && usize::from(*level) < levels && *parent < unit)?;
        }
        part.check(station_ids.iter().all(is_identifier))?;
        part.check(station_parents.iter().all(|unit| *unit == UNKNOWN || (*unit as usize) < units))?;
        Ok(Self {
            unit_keys: unit_keys.into(),
            unit_names,
            unit_levels,
            unit_parents,
            station_ids: station_ids.into(),
            station_parents,
            station_registered,
        })
    }
}

fn shifted_back(mut column: Vec<u32>) -> Vec<u32> {
    column.iter_mut().for_each(|number| *number = number.wrapping_sub(1));
    column
}

impl Texts {
    fn write(&self, part: &mut ColumnWriter) {
        part.column(self.iter().map(|text| u32::try_from(text.len()).unwrap_or(u32::MAX)));
        part.text(&self.bytes);
    }

    fn read(part: &mut ColumnReader<'_>, count: usize) -> Result<Self, Damaged> {
        let mut ends = part.column(count)?;
        let mut end = 0_u32;
        for length in &mut ends {
            end = end.checked_add(*length).ok_or_else(|| part.damaged())?;
            *length = end;
        }
        let bytes = part.text()?.to_owned();
        part.check(end as usize == bytes.len() && ends.iter().all(|end| bytes.is_char_boundary(*end as usize)))?;
        Ok(Self { bytes, ends })
    }
}
