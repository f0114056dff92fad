//! Everything as CSV and JSON, for programs and spreadsheets. Column and field names are part of the public interface.

mod station;
mod tables;

use std::fmt;
use std::sync::Arc;

use crate::view::View;

pub use station::{StationDocument, station_document};
pub use tables::{readings, refusals, sheets, stations, units};

/// So many rows are written at a time.
const BLOCK: usize = 1_000;

/// Writes the records of one row; a row may have none or several.
type WriteRow = fn(&View, usize, usize, &mut Records) -> Result<(), csv::Error>;

/// Writes CSV records into memory.
pub type Records = csv::Writer<Vec<u8>>;

/// A long table that is made piece by piece, so that it never stands in memory as a whole.
pub struct Download {
    view: Arc<View>,
    contest: usize,
    header: Option<Vec<String>>,
    rows: usize,
    next: usize,
    write: WriteRow,
}

impl fmt::Debug for Download {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Download({} of {} rows)", self.next, self.rows)
    }
}

impl Download {
    fn new(view: &Arc<View>, contest: usize, header: Vec<String>, rows: usize, write: WriteRow) -> Self {
        Self { view: Arc::clone(view), contest, header: Some(header), rows, next: 0, write }
    }

    fn piece(&mut self) -> Result<Vec<u8>, csv::Error> {
        let mut records = csv::WriterBuilder::new().flexible(true).from_writer(Vec::new());
        if let Some(header) = self.header.take() {
            records.write_record(header)?;
        }
        let end = self.rows.min(self.next + BLOCK);
        while self.next < end {
            (self.write)(&self.view, self.contest, self.next, &mut records)?;
            self.next += 1;
        }
        records.into_inner().map_err(|error| csv::Error::from(error.into_error()))
    }
}

impl Iterator for Download {
    type Item = Result<Vec<u8>, csv::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        (self.header.is_some() || self.next < self.rows).then(|| self.piece())
    }
}
