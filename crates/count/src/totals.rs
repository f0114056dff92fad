//! Sums for every unit. Changing one station touches only the units above it.

use crate::rule::{StationState, Status};

/// What one unit's stations add up to, apart from the votes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct UnitTotals {
    /// Stations that the register names.
    pub listed: u32,
    /// With a custody sheet.
    pub received: u32,
    /// Whose numbers count.
    pub counted: u32,
    /// Where readings or rulings contradict each other.
    pub disputed: u32,
    /// With numbers that do not count yet.
    pub held: u32,
    /// With a sheet that nobody has tried to read.
    pub unread: u32,
    /// With a sheet that no reader could read.
    pub unreadable: u32,
    /// That did not open.
    pub not_installed: u32,
    /// Named by the register, with nothing in.
    pub awaited: u32,
    /// Counted, with something that differs from what counts.
    pub objected: u32,
    /// Counted, with a place that holds no number.
    pub incomplete: u32,
    /// Counted, without known registered voters.
    pub counted_without_registered: u32,
    /// Listed, without known registered voters.
    pub listed_without_registered: u32,
    /// Registered voters of the listed stations, as far as known.
    pub registered_listed: u64,
    /// Registered voters of the counted stations, as far as known.
    pub registered_in_counted: u64,
}

/// One station's part in the totals.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Part {
    pub status: Status,
    pub listed: bool,
    pub registered: Option<u32>,
    pub incomplete: bool,
}

/// Whether a part goes into totals or out of them again.
pub(crate) struct Change {
    stations: fn(u32, u32) -> Option<u32>,
    votes: fn(u64, u64) -> Option<u64>,
}

pub(crate) const ADDED: Change = Change { stations: u32::checked_add, votes: u64::checked_add };
pub(crate) const TAKEN_OUT: Change = Change { stations: u32::checked_sub, votes: u64::checked_sub };

impl UnitTotals {
    /// Adds a station's part, or takes it out again. `None` on overflow, or if it was not in.
    pub(crate) fn change(&mut self, part: &Part, change: &Change) -> Option<()> {
        let step = |counter: &mut u32, stations| {
            *counter = (change.stations)(*counter, stations)?;
            Some(())
        };
        let voters = |sum: &mut u64, voters| {
            *sum = (change.votes)(*sum, voters)?;
            Some(())
        };
        if part.listed {
            step(&mut self.listed, 1)?;
            match part.registered {
                Some(registered) => voters(&mut self.registered_listed, u64::from(registered))?,
                None => step(&mut self.listed_without_registered, 1)?,
            }
        }
        if part.status.received {
            step(&mut self.received, 1)?;
        }
        match part.status.state {
            StationState::Counted => {
                step(&mut self.counted, 1)?;
                step(&mut self.objected, u32::from(part.status.objected))?;
                step(&mut self.incomplete, u32::from(part.incomplete))?;
                match part.registered {
                    Some(registered) => voters(&mut self.registered_in_counted, u64::from(registered)),
                    None => step(&mut self.counted_without_registered, 1),
                }
            }
            StationState::Disputed => step(&mut self.disputed, 1),
            StationState::Held => step(&mut self.held, 1),
            StationState::Received => step(&mut self.unread, 1),
            StationState::Unreadable => step(&mut self.unreadable, 1),
            StationState::NotInstalled => step(&mut self.not_installed, 1),
            StationState::Awaited => step(&mut self.awaited, u32::from(part.listed)),
        }
    }

    /// Adds all stations of a unit below. `None` on overflow.
    pub(crate) fn add_unit(&mut self, below: &Self) -> Option<()> {
        let counters = [
            (&mut self.listed, below.listed),
            (&mut self.received, below.received),
            (&mut self.counted, below.counted),
            (&mut self.disputed, below.disputed),
            (&mut self.held, below.held),
            (&mut self.unread, below.unread),
            (&mut self.unreadable, below.unreadable),
            (&mut self.not_installed, below.not_installed),
            (&mut self.awaited, below.awaited),
            (&mut self.objected, below.objected),
            (&mut self.incomplete, below.incomplete),
            (&mut self.counted_without_registered, below.counted_without_registered),
            (&mut self.listed_without_registered, below.listed_without_registered),
        ];
        for (counter, below) in counters {
            *counter = counter.checked_add(below)?;
        }
        self.registered_listed = self.registered_listed.checked_add(below.registered_listed)?;
        self.registered_in_counted = self.registered_in_counted.checked_add(below.registered_in_counted)?;
        Some(())
    }

    /// Stations in a state.
    #[must_use]
    pub fn in_state(&self, state: StationState) -> u32 {
        match state {
            StationState::Counted => self.counted,
            StationState::Disputed => self.disputed,
            StationState::Held => self.held,
            StationState::Received => self.unread,
            StationState::Unreadable => self.unreadable,
            StationState::NotInstalled => self.not_installed,
            StationState::Awaited => self.awaited,
        }
    }
}

/// Votes of all units of one contest: a row of numbers for each unit, candidates first, then the other ballots.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct VoteTotals {
    width: usize,
    sums: Vec<u64>,
}

impl VoteTotals {
    pub fn new(width: usize, units: usize) -> Self {
        Self { width, sums: vec![0; width * units] }
    }

    /// Numbers for each unit.
    pub fn width(&self) -> usize {
        self.width
    }

    /// All rows, one after the other.
    pub fn rows_mut(&mut self) -> &mut [u64] {
        &mut self.sums
    }

    /// Makes room for units that were added.
    pub fn grow(&mut self, units: usize) {
        self.sums.resize(self.width * units, 0);
    }

    pub fn row(&self, unit: usize) -> &[u64] {
        &self.sums[unit * self.width..(unit + 1) * self.width]
    }

    /// Adds a station's votes to a unit, or takes them out again. `None` on overflow, or if they were not in.
    pub fn change(&mut self, unit: usize, votes: &[u64], change: &Change) -> Option<()> {
        for (sum, votes) in self.row_mut(unit).iter_mut().zip(votes) {
            *sum = (change.votes)(*sum, *votes)?;
        }
        Some(())
    }

    /// Adds a unit's votes to one that stands before it. `None` on overflow.
    pub fn add_unit(&mut self, above: usize, below: usize) -> Option<()> {
        let (before, after) = self.sums.split_at_mut_checked(below * self.width)?;
        let above = &mut before[above * self.width..][..self.width];
        for (sum, votes) in above.iter_mut().zip(after) {
            *sum = sum.checked_add(*votes)?;
        }
        Some(())
    }

    fn row_mut(&mut self, unit: usize) -> &mut [u64] {
        &mut self.sums[unit * self.width..(unit + 1) * self.width]
    }

    pub fn heap_bytes(&self) -> usize {
        self.sums.capacity() * 8
    }
}
