//! Tables as Apache Parquet (format 2.10, <https://parquet.apache.org/docs/file-format/>), for databases and data
//! frames: one page for each column and row group, plain encoding, compressed with gzip, nothing else.
//!
//! Every column is optional. A column of numbers holds nothing where the CSV table has a word such as `blank`.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// So many rows stand in one row group.
const GROUP: usize = 32_768;

const MAGIC: &[u8; 4] = b"PAR1";

/// Types, encodings and other numbers of the format's Thrift definition.
mod code {
    pub const INT64: i64 = 2;
    pub const BYTE_ARRAY: i64 = 6;
    pub const OPTIONAL: i64 = 1;
    pub const UTF8: i64 = 0;
    pub const PLAIN: i64 = 0;
    pub const RLE: i64 = 3;
    pub const GZIP: i64 = 2;
    pub const DATA_PAGE: i64 = 0;
}

/// Columns of a table and whether each holds numbers.
pub type Columns = Vec<(String, bool)>;

/// Writes a file. `properties` stand in its footer.
///
/// # Errors
/// When a row cannot be made, or a length does not fit the format.
pub fn write<E: From<std::io::Error>>(
    columns: &Columns,
    rows: impl Iterator<Item = Result<Vec<String>, E>>,
    properties: &[(&str, String)],
) -> Result<Vec<u8>, E> {
    let mut file = MAGIC.to_vec();
    let mut groups: Vec<Group> = Vec::new();
    let mut waiting: Vec<Vec<String>> = Vec::new();
    for row in rows {
        waiting.push(row?);
        if waiting.len() == GROUP {
            groups.push(group(&mut file, columns, &waiting)?);
            waiting.clear();
        }
    }
    if !waiting.is_empty() {
        groups.push(group(&mut file, columns, &waiting)?);
    }
    let footer = footer(columns, &groups, properties);
    file.extend_from_slice(&footer);
    file.extend_from_slice(&length(footer.len())?.to_le_bytes());
    file.extend_from_slice(MAGIC);
    Ok(file)
}

struct Group {
    rows: usize,
    chunks: Vec<Chunk>,
}

/// Where a column's page of a row group stands.
struct Chunk {
    offset: usize,
    compressed: usize,
    plain: usize,
}

fn group(file: &mut Vec<u8>, columns: &Columns, rows: &[Vec<String>]) -> Result<Group, std::io::Error> {
    let mut chunks = Vec::with_capacity(columns.len());
    for (at, (_, is_number)) in columns.iter().enumerate() {
        let cells = || rows.iter().map(|row| row.get(at).map_or("", String::as_str));
        let mut present = Vec::with_capacity(rows.len());
        let mut values = Vec::new();
        for cell in cells() {
            match (is_number, cell.parse::<i64>()) {
                (true, Ok(number)) => values.extend_from_slice(&number.to_le_bytes()),
                (false, _) if !cell.is_empty() => {
                    values.extend_from_slice(&length(cell.len())?.to_le_bytes());
                    values.extend_from_slice(cell.as_bytes());
                }
                _ => {
                    present.push(false);
                    continue;
                }
            }
            present.push(true);
        }
        let levels = levels(&present);
        let mut page = length(levels.len())?.to_le_bytes().to_vec();
        page.extend_from_slice(&levels);
        page.extend_from_slice(&values);
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&page)?;
        let packed = encoder.finish()?;
        let mut header = Thrift::default();
        header.integer(1, code::DATA_PAGE);
        header.integer(2, i64::from(length(page.len())?));
        header.integer(3, i64::from(length(packed.len())?));
        header.open(5);
        header.integer(1, i64::from(length(rows.len())?));
        header.integer(2, code::PLAIN);
        header.integer(3, code::RLE);
        header.integer(4, code::RLE);
        header.close();
        let header = header.end();
        let offset = file.len();
        file.extend_from_slice(&header);
        file.extend_from_slice(&packed);
        chunks.push(Chunk { offset, compressed: header.len() + packed.len(), plain: header.len() + page.len() });
    }
    Ok(Group { rows: rows.len(), chunks })
}

/// Which rows hold a value, as runs of the hybrid encoding with one bit for each level.
fn levels(present: &[bool]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for run in present.chunk_by(|one, other| one == other) {
        varint(&mut bytes, (run.len() as u64) << 1);
        bytes.push(u8::from(run[0]));
    }
    bytes
}

fn footer(columns: &Columns, groups: &[Group], properties: &[(&str, String)]) -> Vec<u8> {
    let mut footer = Thrift::default();
    footer.integer(1, 1);
    footer.list(2, columns.len() + 1, STRUCT);
    footer.item();
    footer.text(4, "table");
    footer.integer(5, size(columns.len()));
    footer.close();
    for (name, is_number) in columns {
        footer.item();
        footer.integer(1, if *is_number { code::INT64 } else { code::BYTE_ARRAY });
        footer.integer(3, code::OPTIONAL);
        footer.text(4, name);
        if !is_number {
            footer.integer(6, code::UTF8);
        }
        footer.close();
    }
    footer.long(3, size(groups.iter().map(|group| group.rows).sum()));
    footer.list(4, groups.len(), STRUCT);
    for group in groups {
        footer.item();
        footer.list(1, columns.len(), STRUCT);
        for (chunk, (name, is_number)) in group.chunks.iter().zip(columns) {
            footer.item();
            footer.long(2, size(chunk.offset));
            footer.open(3);
            footer.integer(1, if *is_number { code::INT64 } else { code::BYTE_ARRAY });
            footer.list(2, 2, INTEGER);
            footer.bare_integer(code::PLAIN);
            footer.bare_integer(code::RLE);
            footer.list(3, 1, TEXT);
            footer.bare_text(name);
            footer.integer(4, code::GZIP);
            footer.long(5, size(group.rows));
            footer.long(6, size(chunk.plain));
            footer.long(7, size(chunk.compressed));
            footer.long(9, size(chunk.offset));
            footer.close();
            footer.close();
        }
        footer.long(2, size(group.chunks.iter().map(|chunk| chunk.plain).sum()));
        footer.long(3, size(group.rows));
        footer.close();
    }
    footer.list(5, properties.len(), STRUCT);
    for (key, value) in properties {
        footer.item();
        footer.text(1, key);
        footer.text(2, value);
        footer.close();
    }
    footer.text(6, concat!("testigo version ", env!("CARGO_PKG_VERSION")));
    footer.end()
}

fn size(number: usize) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn length(number: usize) -> Result<u32, std::io::Error> {
    let too_long = || std::io::Error::other("a page of a Parquet file would be longer than 2 GiB");
    u32::try_from(number).ok().filter(|number| i32::try_from(*number).is_ok()).ok_or_else(too_long)
}

const INTEGER: u8 = 5;
const LONG: u8 = 6;
const TEXT: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// Thrift's compact protocol, as far as it is needed: fields must be written in rising order.
#[derive(Default)]
struct Thrift {
    bytes: Vec<u8>,
    last: Vec<i16>,
    now: i16,
}

impl Thrift {
    fn field(&mut self, id: i16, kind: u8) {
        let step = u8::try_from(id - self.now).unwrap_or(0);
        self.bytes.push(step << 4 | kind);
        self.now = id;
    }

    fn integer(&mut self, id: i16, value: i64) {
        self.field(id, INTEGER);
        self.bare_integer(value);
    }

    fn long(&mut self, id: i16, value: i64) {
        self.field(id, LONG);
        self.bare_integer(value);
    }

    fn bare_integer(&mut self, value: i64) {
        varint(&mut self.bytes, ((value << 1) ^ (value >> 63)).cast_unsigned());
    }

    fn text(&mut self, id: i16, text: &str) {
        self.field(id, TEXT);
        self.bare_text(text);
    }

    fn bare_text(&mut self, text: &str) {
        varint(&mut self.bytes, text.len() as u64);
        self.bytes.extend_from_slice(text.as_bytes());
    }

    fn list(&mut self, id: i16, length: usize, kind: u8) {
        self.field(id, LIST);
        match u8::try_from(length) {
            Ok(length @ ..15) => self.bytes.push(length << 4 | kind),
            _ => {
                self.bytes.push(0xf0 | kind);
                varint(&mut self.bytes, length as u64);
            }
        }
    }

    /// Begins a struct in a field.
    fn open(&mut self, id: i16) {
        self.field(id, STRUCT);
        self.item();
    }

    /// Begins a struct in a list.
    fn item(&mut self) {
        self.last.push(std::mem::take(&mut self.now));
    }

    fn close(&mut self) {
        self.bytes.push(0);
        self.now = self.last.pop().unwrap_or(0);
    }

    fn end(mut self) -> Vec<u8> {
        self.bytes.push(0);
        self.bytes
    }
}

fn varint(bytes: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        bytes.push(value.to_le_bytes()[0] & 0x7f | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_of_levels_are_as_the_format_has_them() {
        assert_eq!(levels(&[true; 3]), [6, 1]);
        assert_eq!(levels(&[true, false, false, true]), [2, 1, 4, 0, 2, 1]);
        assert_eq!(levels(&[false; 100]), [0xc8, 1, 0]);
    }

    #[test]
    fn a_file_begins_and_ends_as_it_should() {
        let columns = vec![("a".to_owned(), true), ("b".to_owned(), false)];
        let rows = [["1", "x"], ["", "y"]].map(|row| Ok(row.map(str::to_owned).to_vec()));
        let file = write::<std::io::Error>(&columns, rows.into_iter(), &[("k", "v".to_owned())]).unwrap();
        assert_eq!((&file[..4], &file[file.len() - 4..]), (&MAGIC[..], &MAGIC[..]));
        let footer = u32::from_le_bytes(file[file.len() - 8..file.len() - 4].try_into().unwrap());
        assert!((footer as usize) < file.len());
    }
}
