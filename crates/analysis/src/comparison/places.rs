//! Figures that were proclaimed for units and single stations, each against its own sheets.

use std::collections::BTreeMap;

use serde::Serialize;
use testigo_count::entry::Place;
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::officials::OfficialView;
use testigo_count::{Count, EntryIndex};

/// A unit below with its own figures.
#[derive(Debug, Clone, Serialize)]
pub struct PlaceComparison {
    /// The entry.
    pub entry: EntryIndex,
    /// The bulletin.
    pub bulletin: String,
    /// The level's id.
    pub level: String,
    /// The official code.
    pub code: String,
    /// The unit, where the register has it.
    #[serde(skip)]
    pub unit: Option<UnitIndex>,
    /// Stations of it that count, and those that the register names.
    pub counted: [u64; 2],
    /// Votes by candidate on the sheets.
    pub on_sheets: Vec<u64>,
    /// As proclaimed.
    pub proclaimed: Vec<Option<u64>>,
}

/// Single stations for which figures were proclaimed.
#[derive(Debug, Clone, Default, Serialize)]
pub struct StationsCompared {
    /// With figures.
    pub published: u64,
    /// Whose sheet counts and says the same.
    pub equal: u64,
    /// Whose sheet does not count, or that the register does not have.
    pub without_sheet: u64,
    /// Whose sheet says something else, the largest difference first.
    pub different: Vec<DifferentStation>,
}

/// A station whose proclaimed figures are not those of its sheet.
#[derive(Debug, Clone, Serialize)]
pub struct DifferentStation {
    /// The official code.
    pub station: String,
    /// Its place in the register.
    #[serde(skip)]
    pub index: Option<StationIndex>,
    /// The entry.
    pub entry: EntryIndex,
    /// Votes by candidate on the sheet.
    pub on_sheet: Vec<u64>,
    /// As proclaimed.
    pub proclaimed: Vec<Option<u64>>,
    /// Votes by which they differ, all candidates together.
    pub votes: u64,
}

pub(super) enum Placed {
    Unit(UnitIndex),
    Station(Option<StationIndex>),
    Nowhere,
}

pub(super) fn placed(count: &Count, place: Option<&Place>) -> Placed {
    let Some(place) = place else { return Placed::Unit(UnitIndex::WHOLE) };
    if count.pack().station_level().id == place.level {
        return Placed::Station(count.geography().find_station(place.code.as_str()));
    }
    let level = count.pack().unit_levels().iter().position(|level| level.id == place.level);
    let unit = level.and_then(|level| count.geography().find_unit(level, place.code.as_str()));
    unit.map_or(Placed::Nowhere, Placed::Unit)
}

/// Figures of units and stations below a unit; of each place the last bulletin.
pub(super) fn below(
    count: &Count,
    contest: usize,
    unit: UnitIndex,
    officials: &[OfficialView<'_>],
) -> (Vec<PlaceComparison>, StationsCompared) {
    let geography = count.geography();
    let inside = |start: UnitIndex| geography.ancestors(start).any(|above| above == unit);
    let mut last: BTreeMap<&Place, &OfficialView<'_>> = BTreeMap::new();
    for view in officials.iter().filter(|view| view.superseded_by.is_none()) {
        if let Some(place) = &view.entry.place {
            last.insert(place, view);
        }
    }
    let (mut units, mut stations) = (Vec::new(), StationsCompared::default());
    for (place, view) in last {
        let proclaimed = |candidates: &[testigo_count::Candidate]| -> Vec<Option<u64>> {
            candidates.iter().map(|one| view.entry.votes.get(&one.id).copied()).collect()
        };
        let proclaimed = proclaimed(&count.definition().contests[contest].candidates);
        match placed(count, Some(place)) {
            Placed::Unit(at) if at != unit && inside(at) => {
                let totals = count.unit_totals(contest, at);
                units.push(PlaceComparison {
                    entry: view.index,
                    bulletin: view.entry.bulletin.to_string(),
                    level: place.level.to_string(),
                    code: place.code.to_string(),
                    unit: Some(at),
                    counted: [u64::from(totals.counted), u64::from(totals.listed)],
                    on_sheets: count.unit_votes(contest, at).0.to_vec(),
                    proclaimed,
                });
            }
            Placed::Nowhere if unit == UnitIndex::WHOLE => units.push(PlaceComparison {
                entry: view.index,
                bulletin: view.entry.bulletin.to_string(),
                level: place.level.to_string(),
                code: place.code.to_string(),
                unit: None,
                counted: [0, 0],
                on_sheets: vec![0; proclaimed.len()],
                proclaimed,
            }),
            Placed::Station(station) => {
                let parent = station.and_then(|station| geography.station_unit(station));
                if unit != UnitIndex::WHOLE && !parent.is_some_and(inside) {
                    continue;
                }
                stations.published += 1;
                let counted = station.filter(|station| count.counted_reading(contest, *station).is_some());
                let Some(index) = counted else {
                    stations.without_sheet += 1;
                    continue;
                };
                let on_sheet = count.station_votes(contest, index).0;
                let pairs = on_sheet.iter().zip(&proclaimed);
                let votes: u64 = pairs.filter_map(|(sheet, said)| said.map(|said| said.abs_diff(*sheet))).sum();
                if votes == 0 {
                    stations.equal += 1;
                } else {
                    let station = place.code.to_string();
                    stations.different.push(DifferentStation {
                        station,
                        index: Some(index),
                        entry: view.index,
                        on_sheet,
                        proclaimed,
                        votes,
                    });
                }
            }
            Placed::Unit(_) | Placed::Nowhere => {}
        }
    }
    stations.different.sort_by_key(|one| std::cmp::Reverse(one.votes));
    (units, stations)
}
