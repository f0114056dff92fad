//! The map: how units lie beside each other, as outlines from the organiser's boundaries, else as tiles.
//!
//! Where something lies is presentation: it counts for nothing and stands outside the ledger. Its documents are kept
//! beside it, and their hashes are published with the data.

mod boundaries;
mod picture;
mod tiles;

pub use boundaries::{Boundaries, BoundariesError, Outline, Ring, normal_form};
pub use picture::{Form, Picture, Shape, WIDTH};
pub use tiles::{Tile, Tiles, TilesError};

use testigo_count::Count;
use testigo_count::geography::UnitIndex;

/// What is known of where units lie.
#[derive(Debug, Default)]
pub struct Maps {
    /// Outlines.
    pub boundaries: Boundaries,
    /// Places in a map of tiles.
    pub tiles: Tiles,
}

impl Maps {
    /// A picture of these units: by their outlines where all but a few have one, else by their tiles where all but a
    /// few have one, else by tiles in the order of the units.
    #[must_use]
    pub fn picture(&self, count: &Count, units: &[UnitIndex]) -> Picture {
        let outlines: Vec<(UnitIndex, &Outline)> =
            units.iter().filter_map(|unit| Some((*unit, self.boundaries.of(count, *unit)?))).collect();
        let enough = |found: usize| found > 0 && (units.len() - found) * 5 <= units.len();
        if enough(outlines.len()) {
            return Picture::of_outlines(&outlines);
        }
        let tiles: Vec<(UnitIndex, &Tile)> =
            units.iter().filter_map(|unit| Some((*unit, self.tiles.of(count, *unit)?))).collect();
        if enough(tiles.len()) { Picture::of_tiles(&tiles) } else { Picture::in_order(units) }
    }
}
