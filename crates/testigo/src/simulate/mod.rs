//! A whole synthetic election to rehearse with: stations, votes, tally sheets, and everything that goes wrong with them.
//!
//! All of it follows from a pack, a number of stations, rates and a seed, to the last byte and on every machine. Nothing
//! is ever held whole, so a million stations take no more memory than a hundred.

mod chance;
mod folder;
mod happening;
mod land;
mod press;
mod published;
mod sheets;
#[cfg(test)]
mod tests;
mod tree;
mod votes;
mod words;

use anyhow::Result;
use testigo_count::Pack;
use testigo_count::definition::Definition;

pub use folder::{Made, Parts, write, write_defects};
pub use happening::{Happening, Rates};
pub use sheets::{File, Folder, Ruling};
use tree::Stations;

/// An election that is to be made up.
#[derive(Debug, Clone)]
pub struct Simulation<'a> {
    /// Contests, candidates, lines of the ballot.
    pub definition: &'a Definition,
    /// Levels, and the text in a sheet's code.
    pub pack: &'a Pack,
    /// How many stations the register has.
    pub stations: u32,
    /// Chooses everything else.
    pub seed: u64,
    /// What goes wrong how often.
    pub rates: Rates,
}

impl Simulation<'_> {
    /// All stations as they truly are, in the register's order.
    ///
    /// # Errors
    /// When the pack's codes are too short for so many.
    pub fn stations(&self) -> Result<Stations<'_>> {
        Stations::new(self.definition, self.pack, self.seed, self.stations)
    }
}
