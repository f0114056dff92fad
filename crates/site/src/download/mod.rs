//! Everything as CSV, Parquet, JSON, GeoJSON and NIST SP 1500-100, for programs and spreadsheets. Column and field names
//! are part of the public interface.

mod analysis;
mod audit;
mod comparison;
mod datapackage;
mod feed;
mod geojson;
mod nist;
mod official;
mod parquet;
mod station;
mod tables;

use std::fmt;
use std::sync::Arc;

use crate::view::View;

pub use analysis::analysis;
pub use audit::{audit_table, audits};
pub use comparison::comparison;
pub use datapackage::datapackage;
pub use feed::feed;
pub use geojson::geojson;
pub use nist::{Form, escaped};
pub use official::{has_official, official};
pub use station::{StationDocument, station_document};
pub use tables::{readings, refusals, sheets, stations, units};

/// So many rows are written at a time.
const BLOCK: usize = 1_000;

/// Writes the records of one row; a row may have none or several.
type WriteRow = fn(&View, usize, usize, &mut Records) -> Result<(), csv::Error>;

/// Writes CSV records into memory.
pub type Records = csv::Writer<Vec<u8>>;

/// A long file that is made piece by piece, so that it never stands in memory as a whole.
pub struct Download(Box<dyn Iterator<Item = Result<Vec<u8>, csv::Error>> + Send>);

impl fmt::Debug for Download {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Download")
    }
}

impl Iterator for Download {
    type Item = Result<Vec<u8>, csv::Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.0.next()
    }
}

/// The count as an election report of NIST SP 1500-100.
#[must_use]
pub fn nist_report(view: &Arc<View>, form: Form) -> Download {
    Download(Box::new(nist::Report::new(view, form).map(Ok)))
}

/// A long table.
pub struct Table {
    view: Arc<View>,
    contest: usize,
    header: Option<Vec<String>>,
    rows: usize,
    next: usize,
    write: WriteRow,
}

impl Table {
    fn new(view: &Arc<View>, contest: usize, header: Vec<String>, rows: usize, write: WriteRow) -> Self {
        Self { view: Arc::clone(view), contest, header: Some(header), rows, next: 0, write }
    }

    /// The table as CSV with a header.
    #[must_use]
    pub fn csv(mut self) -> Download {
        Download(Box::new(std::iter::from_fn(move || {
            (self.header.is_some() || self.next < self.rows).then(|| self.piece())
        })))
    }

    /// The table as Parquet.
    ///
    /// # Errors
    /// When it is too large for the format.
    pub fn parquet(mut self) -> Result<Vec<u8>, csv::Error> {
        let header = self.header.take().unwrap_or_default();
        let columns = header.iter().map(|name| (name.clone(), is_number(name))).collect();
        let head = &self.view.head;
        let properties = [
            ("testigo.ledger.origin", head.origin.clone()),
            ("testigo.ledger.size", head.size.to_string()),
            ("testigo.ledger.root", head.root.clone()),
        ];
        let rows = std::iter::from_fn(|| (self.next < self.rows).then(|| self.piece())).flat_map(|piece| {
            let bytes = piece.unwrap_or_default();
            csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .from_reader(std::io::Cursor::new(bytes))
                .into_records()
                .map(|record| record.map(|record| record.iter().map(str::to_owned).collect::<Vec<String>>()))
        });
        parquet::write(&columns, rows, &properties)
    }

    /// Names of the columns.
    fn columns(&self) -> &[String] {
        self.header.as_deref().unwrap_or_default()
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

/// Columns of numbers besides those of votes.
const NUMBERS: [&str; 36] = [
    "awaited",
    "cast",
    "counted",
    "counted_entry",
    "coverage_hundredths",
    "disputed",
    "entry",
    "expected",
    "height",
    "held",
    "incomplete",
    "listed",
    "not_installed",
    "objected_stations",
    "page",
    "percent_hundredths_of_rest",
    "received_stations",
    "registered",
    "registered_counted",
    "registered_in_counted",
    "registered_listed",
    "rest",
    "row",
    "sheet",
    "stated_cast",
    "stated_registered",
    "stated_valid",
    "stations",
    "stations_counted",
    "superseded_by",
    "turnout_hundredths",
    "unread",
    "unreadable",
    "valid",
    "votes",
    "width",
];

/// Whether a column holds numbers. Codes are texts, even where they consist of digits.
fn is_number(column: &str) -> bool {
    NUMBERS.contains(&column)
        || ["votes.", "other.", "line.", "percent_hundredths."].iter().any(|start| column.starts_with(start))
}
