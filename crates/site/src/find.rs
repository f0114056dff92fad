//! Finding a place without a server: an index of words and codes in small files, which the page of the search reads.
//!
//! Every word of a unit's name, every code of a unit and every id of a station is a key. Keys that begin alike stand in
//! one file, `/find/<beginning>.json`, as long as it holds at most [`LARGEST`] places; else the file names longer
//! beginnings, and whoever searches goes on there. Where a whole word is still too common, its file holds the first
//! places and says that there are more: another word of the same search leads to a smaller file.

use std::collections::BTreeMap;

use serde::Serialize;
use testigo_count::Count;
use testigo_count::geography::{StationIndex, UnitIndex};

use crate::places::{Places, folded};

/// So many places stand in one file.
const LARGEST: usize = 250;

/// A place under a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Found {
    Unit(UnitIndex),
    Station(StationIndex),
}

/// The index over a geography.
#[derive(Debug)]
pub struct Finder {
    /// Keys with their places, sorted by key.
    keys: Vec<(String, Found)>,
    /// Beginnings that have a file.
    shards: BTreeMap<String, Shard>,
}

#[derive(Debug, Clone)]
enum Shard {
    /// Longer beginnings that have files of their own.
    Longer(Vec<String>),
    /// Keys from one position to another, and whether some were left out.
    Places(usize, usize, bool),
}

/// A file of the index. Field names are part of the public interface.
#[derive(Debug, Serialize)]
pub struct ShardDocument<'a> {
    /// Beginnings that have files of their own.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    longer: Vec<&'a str>,
    /// Units and stations.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    places: Vec<PlaceDocument<'a>>,
    /// Whether more places have this key.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
}

/// A place in it.
#[derive(Debug, Serialize)]
struct PlaceDocument<'a> {
    /// Position of the level in the pack.
    level: usize,
    code: &'a str,
    #[serde(skip_serializing_if = "str::is_empty")]
    name: &'a str,
    /// Names of the units above, nearest first.
    within: Vec<&'a str>,
}

impl Finder {
    /// Builds the index.
    #[must_use]
    pub fn new(count: &Count, places: &Places) -> Self {
        let geography = count.geography();
        let mut keys: Vec<(String, Found)> = Vec::new();
        for unit in places.units().iter().copied().filter(|unit| *unit != UnitIndex::WHOLE) {
            for word in folded(geography.unit_name(unit)).split_whitespace() {
                keys.push((key(word), Found::Unit(unit)));
            }
            keys.push((key(geography.unit_code(unit)), Found::Unit(unit)));
        }
        for station in places.stations() {
            keys.push((key(geography.station_id(*station)), Found::Station(*station)));
        }
        keys.sort();
        keys.dedup();
        let mut finder = Self { shards: BTreeMap::new(), keys };
        finder.split("", 0, finder.keys.len());
        finder
    }

    /// Makes files for the keys from one position to another, all of which have this beginning.
    fn split(&mut self, beginning: &str, from: usize, to: usize) {
        let keys = self.keys.get(from..to).unwrap_or_default();
        let length = beginning.chars().count();
        let longest = keys.iter().map(|(key, _)| key.chars().count()).max().unwrap_or(0);
        if keys.len() <= LARGEST && !beginning.is_empty() || longest <= length {
            let end = to.min(from + LARGEST);
            self.shards.insert(beginning.to_owned(), Shard::Places(from, end, end < to));
            return;
        }
        let mut parts: Vec<(String, usize, usize)> = Vec::new();
        let mut at = from;
        for group in keys.chunk_by(|one, other| start(&one.0, length + 1) == start(&other.0, length + 1)) {
            parts.push((start(&group[0].0, length + 1).to_owned(), at, at + group.len()));
            at += group.len();
        }
        // Keys that end where the beginning ends come first and have no longer one.
        let own = parts.iter().position(|(part, ..)| part == beginning).map(|at| parts.remove(at));
        let longer = parts.iter().map(|(part, ..)| part.clone()).collect();
        self.shards.insert(beginning.to_owned(), Shard::Longer(longer));
        if let Some((_, from, to)) = own {
            let end = to.min(from + LARGEST);
            self.shards.insert(format!("{beginning}_"), Shard::Places(from, end, end < to));
        }
        for (part, from, to) in parts {
            self.split(&part, from, to);
        }
    }

    /// The beginnings that have a file; that of the whole is empty and its file is called `all`.
    pub fn files(&self) -> impl Iterator<Item = String> {
        self.shards.keys().map(|beginning| format!("/find/{}.json", name_of(beginning)))
    }

    /// The file with a name.
    #[must_use]
    pub fn document<'a>(&'a self, count: &'a Count, name: &str) -> Option<ShardDocument<'a>> {
        let beginning = self.shards.keys().find(|beginning| name_of(beginning) == name)?;
        let mut document = ShardDocument { longer: Vec::new(), places: Vec::new(), more: false };
        match self.shards.get(beginning)? {
            Shard::Longer(longer) => {
                document.longer = longer.iter().map(String::as_str).collect();
                let own = format!("{beginning}_");
                if let Some((own, _)) = self.shards.get_key_value(&own) {
                    document.longer.push(own);
                }
            }
            Shard::Places(from, to, more) => {
                document.more = *more;
                let mut found: Vec<Found> = self.keys[*from..*to].iter().map(|(_, found)| *found).collect();
                found.sort_unstable();
                found.dedup();
                document.places = found.into_iter().map(|found| place(count, found)).collect();
            }
        }
        Some(document)
    }
}

fn place(count: &Count, found: Found) -> PlaceDocument<'_> {
    let geography = count.geography();
    let within = |unit: Option<UnitIndex>| {
        let above = unit.into_iter().flat_map(|unit| geography.ancestors(unit));
        above
            .filter(|unit| *unit != UnitIndex::WHOLE)
            .map(|unit| match geography.unit_name(unit) {
                "" => geography.unit_code(unit),
                name => name,
            })
            .collect()
    };
    match found {
        Found::Unit(unit) => PlaceDocument {
            level: geography.unit_level(unit).unwrap_or(0),
            code: geography.unit_code(unit),
            name: geography.unit_name(unit),
            within: within(geography.unit_parent(unit)),
        },
        Found::Station(station) => PlaceDocument {
            level: count.pack().levels.len() - 1,
            code: geography.station_id(station),
            name: "",
            within: within(geography.station_unit(station)),
        },
    }
}

/// A word as it is looked for: only its letters and digits.
fn key(word: &str) -> String {
    folded(word).chars().filter(|letter| letter.is_alphanumeric()).collect()
}

/// The first letters of a key.
fn start(key: &str, letters: usize) -> &str {
    key.char_indices().nth(letters).map_or(key, |(at, _)| &key[..at])
}

/// The name of a beginning's file: letters and digits of ASCII as they are, others by their number.
fn name_of(beginning: &str) -> String {
    if beginning.is_empty() {
        return "all".to_owned();
    }
    // A beginning never looks like the name of the whole.
    let mut name = String::from("-");
    for letter in beginning.chars() {
        match letter {
            'a'..='z' | '0'..='9' | '_' => name.push(letter),
            other => name.push_str(&format!("~{:x}", u32::from(other))),
        }
    }
    name
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_files_are_safe_and_tell_beginnings_apart() {
        assert_eq!(["", "a", "al", "ñ", "01", "al_"].map(name_of), ["all", "-a", "-al", "-~f1", "-01", "-al_"]);
        assert_eq!(start("señal", 3), "señ");
        assert_eq!(start("se", 3), "se");
        assert_eq!(key("010118029.01"), "01011802901");
    }
}
