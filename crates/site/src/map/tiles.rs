//! A map of equal tiles: where each unit's tile stands, from a CSV file `level,code,column,row,label`.

use std::collections::BTreeMap;

use serde::Deserialize;
use testigo_count::geography::UnitIndex;
use testigo_count::{Count, DocumentHash};

/// The largest column and row.
const LARGEST: u16 = 200;

/// One unit's tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// From 0, from the left (on a page that runs from right to left as well: maps are not mirrored).
    pub column: u16,
    /// From 0, from the top.
    pub row: u16,
    /// A few letters.
    pub label: String,
}

/// All tiles.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Tiles {
    units: BTreeMap<(String, String), Tile>,
    /// The document's hash; `None` where there is no document.
    pub hash: Option<DocumentHash>,
}

/// Why a file gives no tiles.
#[derive(Debug, thiserror::Error)]
pub enum TilesError {
    /// A row is not as it should be.
    #[error("{file}: {message}; columns are level,code,column,row,label")]
    Row {
        /// The file.
        file: String,
        /// What is wrong, with the line.
        message: String,
    },
}

#[derive(Deserialize)]
struct Row {
    level: String,
    code: String,
    column: u16,
    row: u16,
    label: String,
}

impl Tiles {
    /// Reads a file. `file` is how complaints call it.
    ///
    /// # Errors
    /// When a row misses something or stands too far out.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, TilesError> {
        let fault = |message: String| TilesError::Row { file: file.to_owned(), message };
        let mut units = BTreeMap::new();
        for row in csv::Reader::from_reader(bytes).deserialize::<Row>() {
            let row = row.map_err(|error| fault(error.to_string()))?;
            if row.column > LARGEST || row.row > LARGEST {
                return Err(fault(format!("the tile of {} {} stands beyond {LARGEST}", row.level, row.code)));
            }
            units.insert((row.level, row.code), Tile { column: row.column, row: row.row, label: row.label });
        }
        Ok(Self { units, hash: Some(DocumentHash::of(bytes)) })
    }

    /// The tile of a unit.
    #[must_use]
    pub fn of(&self, count: &Count, unit: UnitIndex) -> Option<&Tile> {
        let level = count.geography().unit_level(unit).and_then(|level| count.pack().levels.get(level))?;
        self.units.get(&(level.id.to_string(), count.geography().unit_code(unit).to_owned()))
    }
}
