//! A comparison with what was proclaimed, as a table: a row for each bulletin, candidate and meaning of the coverage.

use testigo_analysis::comparison::Comparison;

/// The columns of the table.
const HEADER: [&str; 16] = [
    "bulletin",
    "entry",
    "announced",
    "candidate",
    "on_sheets",
    "share_on_sheets_hundredths",
    "proclaimed",
    "share_proclaimed_hundredths",
    "difference",
    "coverage_hundredths",
    "coverage_read_as",
    "outside_at_most",
    "at_least_if_sheets_genuine",
    "at_most_if_sheets_genuine",
    "missing_at_least",
    "too_many_at_least",
];

/// The whole table; `None` where memory ends.
#[must_use]
pub fn comparison(comparison: &Comparison) -> Option<Vec<u8>> {
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(HEADER).ok()?;
    let text = |number: Option<u64>| number.map_or_else(String::new, |number| number.to_string());
    for bulletin in &comparison.bulletins {
        for line in &bulletin.lines {
            let figures = &bulletin.figures;
            let start = [
                figures.bulletin.to_string(),
                bulletin.entry.to_string(),
                figures.announced.as_ref().map_or_else(String::new, ToString::to_string),
                comparison.candidates.get(line.candidate).cloned().unwrap_or_default(),
                line.on_sheets.to_string(),
                line.share_on_sheets.to_string(),
                text(line.proclaimed),
                text(line.share_proclaimed),
                line.difference.map_or_else(String::new, |difference| difference.to_string()),
                text(figures.coverage.map(|coverage| u64::from(coverage.hundredths))),
            ];
            let bounds = bulletin.readings.iter().filter_map(|reading| {
                let bounds = reading.bounds.iter().find(|bounds| bounds.candidate == line.candidate)?;
                Some([
                    reading.meaning.word().to_owned(),
                    reading.outside.to_string(),
                    bounds.at_least.to_string(),
                    text(bounds.at_most),
                    bounds.missing.to_string(),
                    bounds.too_many.to_string(),
                ])
            });
            let mut bounds: Vec<[String; 6]> = bounds.collect();
            if bounds.is_empty() {
                bounds.push(std::array::from_fn(|_| String::new()));
            }
            for end in bounds {
                writer.write_record(start.iter().chain(&end)).ok()?;
            }
        }
    }
    writer.into_inner().ok()
}
