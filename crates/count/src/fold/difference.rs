//! What a later state of a count says otherwise than an earlier one of the same ledger, station by station: so that what was drawn from
//! the earlier one can be kept where nothing it shows has changed.

use super::{Count, SheetView};
use crate::geography::StationIndex;
use crate::sheets::SheetIndex;

impl Count {
    /// Whether anything that can be read of a station and of its sheets differs from an earlier state of the same ledger. Both must have
    /// the same stations and units.
    #[must_use]
    pub fn station_differs(&self, before: &Self, station: StationIndex) -> bool {
        let said = |count: &Self, contest: usize| {
            let readings = count.readings_ever(contest, station).into_iter();
            let readings: Vec<_> = readings.map(|reading| (reading.entry(), reading.superseded())).collect();
            (count.status(contest, station), readings)
        };
        (0..self.contests.len()).any(|contest| said(self, contest) != said(before, contest))
            || self.station_rulings(station) != before.station_rulings(station)
            || self.sheets_ever(station) != before.sheets_ever(station)
            || self.sheets_ever(station).into_iter().any(|sheet| self.sheet_differs(before, sheet))
    }

    fn sheet_differs(&self, before: &Self, sheet: SheetIndex) -> bool {
        let (now, then): (SheetView<'_>, SheetView<'_>) = (self.sheet_view(sheet), before.sheet_view(sheet));
        now != then || self.sheet_rulings(sheet) != before.sheet_rulings(sheet)
    }

    /// The sheets of a station, and those that only superseded readings come from.
    fn sheets_ever(&self, station: StationIndex) -> Vec<SheetIndex> {
        let mut sheets = self.sheets_of_station(station);
        for contest in 0..self.contests.len() {
            sheets
                .extend(self.readings_ever(contest, station).into_iter().filter_map(|reading| self.sheet_of(reading)));
        }
        sheets.sort_unstable();
        sheets.dedup();
        sheets
    }
}
