//! The tree of units with the stations at its leaves, in columns: a unit or a station costs bytes, not objects.

use hashbrown::{DefaultHashBuilder, HashTable};
use std::hash::BuildHasher;

use crate::identifier::{StationId, UnitCode};
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
    pub(crate) fn at(self) -> usize {
        self.0 as usize
    }
}

/// Many short texts in one allocation, found by content.
#[derive(Clone, Default)]
pub(crate) struct Texts {
    bytes: String,
    ends: Vec<u32>,
    lookup: HashTable<u32>,
    hasher: DefaultHashBuilder,
}

impl PartialEq for Texts {
    fn eq(&self, other: &Self) -> bool {
        self.ends == other.ends && self.bytes == other.bytes
    }
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

    pub(crate) fn find(&self, text: &str) -> Option<u32> {
        self.lookup.find(self.hasher.hash_one(text), |index| self.get(*index) == text).copied()
    }

    /// Appends a text. Equal texts get places of their own; `find` then gives the first.
    pub(crate) fn push(&mut self, text: &str) -> Option<u32> {
        let index = u32::try_from(self.ends.len()).ok()?;
        let end = u32::try_from(self.bytes.len() + text.len()).ok()?;
        self.bytes.push_str(text);
        self.ends.push(end);
        Some(index)
    }

    /// Appends a text that is not there yet and makes it findable.
    pub(crate) fn intern(&mut self, text: &str) -> Option<u32> {
        if let Some(index) = self.find(text) {
            return Some(index);
        }
        let index = self.push(text)?;
        let hash = self.hasher.hash_one(text);
        let Self { bytes, ends, lookup, hasher } = self;
        lookup.insert_unique(hash, index, |index| hasher.hash_one(text_at(bytes, ends, *index)));
        Some(index)
    }

    pub(crate) fn heap_bytes(&self) -> usize {
        self.bytes.capacity() + self.ends.capacity() * 4 + self.lookup.allocation_size()
    }
}

fn text_at<'a>(bytes: &'a str, ends: &[u32], index: u32) -> &'a str {
    let index = index as usize;
    let start = if index == 0 { 0 } else { ends.get(index - 1).map_or(0, |end| *end as usize) };
    let end = ends.get(index).map_or(start, |end| *end as usize);
    bytes.get(start..end).unwrap_or_default()
}

/// Units and stations of an election.
#[derive(Debug, Clone, PartialEq)]
pub struct Geography {
    /// Level and code, joined by a character that no code has, so that one table finds both.
    unit_keys: Texts,
    unit_names: Texts,
    unit_levels: Vec<u8>,
    unit_parents: Vec<u32>,
    station_ids: Texts,
    station_parents: Vec<u32>,
    station_registered: Vec<u32>,
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
            unit_keys: Texts::default(),
            unit_names: Texts::default(),
            unit_levels: vec![WHOLE_LEVEL],
            unit_parents: vec![UNKNOWN],
            station_ids: Texts::default(),
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
        let station = self.mention(&row.station)?;
        self.station_parents[station.at()] = parent;
        self.station_registered[station.at()] = row.registered.unwrap_or(UNKNOWN);
        Ok(station)
    }

    /// The station with this id, made known without being listed if nobody spoke of it before.
    pub(crate) fn mention(&mut self, station: &StationId) -> Result<StationIndex, GeographyError> {
        let index = self.station_ids.intern(station.as_str()).ok_or(GeographyError::TooMany)?;
        if index as usize == self.station_parents.len() {
            self.station_parents.push(UNKNOWN);
            self.station_registered.push(UNKNOWN);
        }
        Ok(StationIndex(index))
    }

    fn unit(&mut self, parent: u32, level: usize, code: &UnitCode, name: &str) -> Result<u32, GeographyError> {
        let level = u8::try_from(level).map_err(|_| GeographyError::TooMany)?;
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

    /// Units directly below this one, by code.
    #[must_use]
    pub fn child_units(&self, unit: UnitIndex) -> Vec<UnitIndex> {
        let mut children: Vec<UnitIndex> =
            self.units().filter(|child| self.unit_parents.get(child.at()) == Some(&unit.0)).collect();
        children.sort_by(|one, other| self.unit_keys.get(one.0).cmp(self.unit_keys.get(other.0)));
        children
    }

    /// Listed stations directly below this unit, by id.
    #[must_use]
    pub fn child_stations(&self, unit: UnitIndex) -> Vec<StationIndex> {
        let mut children: Vec<StationIndex> =
            self.stations().filter(|station| self.station_parents.get(station.at()) == Some(&unit.0)).collect();
        children.sort_by(|one, other| self.station_id(*one).cmp(self.station_id(*other)));
        children
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
