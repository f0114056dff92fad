//! A results file as rows of named fields, whatever its encoding and delimiter; every complaint says where.

use std::borrow::Cow;

use csv::{ReaderBuilder, StringRecord};
use serde::Deserialize;

use super::number::Number;
use crate::cell::Cell;
use crate::identifier::StationId;
use crate::register::{csv_message, line_of};
use crate::source::SourceError;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub(super) enum Encoding {
    #[serde(rename = "utf-8")]
    Utf8,
    #[serde(rename = "latin-1")]
    Latin1,
    #[serde(rename = "utf-16le")]
    Utf16Le,
}

/// A text put together from columns and constants.
pub(super) type Text = Vec<Piece>;

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "write a text in quotes, or { column = \"...\" }")]
pub(super) enum Piece {
    Constant(String),
    Column(ColumnPiece),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ColumnPiece {
    pub column: String,
    /// Zeros in front up to this many characters.
    #[serde(default)]
    pad: usize,
    /// Only so many characters from the front, after padding.
    first: Option<usize>,
    /// Cut at this text and take one part, from 1.
    split: Option<String>,
    part: Option<usize>,
}

/// Characters of a file's columns that a complaint lists.
const LONGEST_LIST: usize = 400;

/// A results file that is being read.
pub(super) struct Table<'a> {
    file: &'a str,
    headers: StringRecord,
    reader: csv::Reader<std::io::Cursor<Vec<u8>>>,
    record: StringRecord,
}

impl<'a> Table<'a> {
    pub fn open(file: &'a str, bytes: &[u8], delimiter: u8, encodings: &[Encoding]) -> Result<Self, SourceError> {
        let fault = |message: &str| SourceError {
            file: file.to_owned(),
            line: 1,
            field: String::new(),
            message: message.to_owned(),
        };
        let text = encodings.iter().find_map(|encoding| decode(*encoding, bytes)).ok_or_else(|| {
            let names: Vec<&str> = encodings.iter().map(|encoding| encoding.name()).collect();
            SourceError {
                line: first_line_that_is_not_utf8(bytes),
                ..fault(&format!("this is not text in {}, which is all that the mapping names", names.join(" or ")))
            }
        })?;
        let text = text.strip_prefix('\u{feff}').unwrap_or(&text);
        if text.contains('\0') {
            return Err(fault("this is no table in plain text, or one in UTF-16; save it as CSV in UTF-8"));
        }
        let mut reader =
            ReaderBuilder::new().delimiter(delimiter).from_reader(std::io::Cursor::new(text.as_bytes().to_vec()));
        let headers = reader.headers().map_err(|error| fault(&csv_message(&error)))?.clone();
        if headers.is_empty() || headers.iter().all(str::is_empty) {
            return Err(fault("the file has no header line"));
        }
        if let Some(twice) =
            headers.iter().enumerate().find(|(at, name)| headers.iter().take(*at).any(|one| one == *name))
        {
            return Err(SourceError { field: twice.1.to_owned(), ..fault("this column is there twice") });
        }
        if let (1, Some(found)) = (headers.len(), [';', '\t', ',', '|'].into_iter().find(|one| text.contains(*one))) {
            let (found, expected) = (found.escape_default(), char::from(delimiter).escape_default());
            return Err(fault(&format!(
                "the columns seem to be separated by `{found}`; the mapping says `{expected}`, in `delimiter`"
            )));
        }
        Ok(Self { file, headers, reader, record: StringRecord::new() })
    }

    /// Goes to the next row; `false` at the end.
    pub fn next(&mut self) -> Result<bool, SourceError> {
        let before = self.reader.position().line();
        let more = self.reader.read_record(&mut self.record).map_err(|error| {
            let line = error.position().map_or(before, |position| line_of(position, self.bytes()));
            self.fault(line, "", csv_message(&error))
        })?;
        let field = self.record.iter().position(|field| field.contains('\n'));
        if let (true, Some(at)) = (more, field) {
            let column = self.headers.get(at).unwrap_or_default();
            return Err(self.fault(
                self.line(),
                column,
                "a quote opens here and the field runs over the end of the line; remove the stray quote",
            ));
        }
        Ok(more)
    }

    /// The line on which the row begins, from 1.
    pub fn line(&self) -> u64 {
        self.record.position().map_or(0, |position| line_of(position, self.bytes()))
    }

    fn bytes(&self) -> &[u8] {
        self.reader.get_ref().get_ref()
    }

    pub fn column(&self, name: &str) -> Result<usize, SourceError> {
        self.headers.iter().position(|header| header == name).ok_or_else(|| {
            let there: Vec<&str> = self.headers.iter().collect();
            let there: String = there.join(", ").chars().take(LONGEST_LIST).collect();
            self.fault(1, name, format!("this column is missing; the file has {there}"))
        })
    }

    pub fn field(&self, column: &str) -> Result<&str, SourceError> {
        Ok(self.record.get(self.column(column)?).unwrap_or_default().trim())
    }

    pub fn cell(&self, column: &str, may_be_blank: bool) -> Result<Cell, SourceError> {
        let text = self.field(column)?;
        match text.parse() {
            Ok(value) if value <= Cell::LARGEST && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                Ok(Cell::Value(value))
            }
            _ if text.is_empty() && may_be_blank => Ok(Cell::Blank),
            _ if text.is_empty() => Err(self.fault_here(column, "the field is blank where a number belongs")),
            _ => {
                Err(self
                    .fault_here(column, format!("`{text}` is not a whole number of votes from 0 to {}", Cell::LARGEST)))
            }
        }
    }

    pub fn number(&self, number: &Number) -> Result<Option<Cell>, SourceError> {
        let (optional, may_be_blank) = match number {
            Number::Column(_) => (false, false),
            Number::Several(several) => (several.optional, several.may_be_blank),
        };
        let cell = |column: &str| match self.column(column) {
            Err(_) if optional => Ok(Cell::Absent),
            Err(fault) => Err(fault),
            Ok(_) => self.cell(column, may_be_blank),
        };
        number
            .evaluate(cell)
            .map_err(|fault| if fault.file.is_empty() { self.fault_here("", fault.message) } else { fault })
    }

    pub fn text(&self, text: &Text) -> Result<String, SourceError> {
        let mut joined = String::new();
        for piece in text {
            match piece {
                Piece::Constant(constant) => joined.push_str(constant),
                Piece::Column(piece) => joined.push_str(&self.piece(piece)?),
            }
        }
        Ok(joined)
    }

    fn piece(&self, piece: &ColumnPiece) -> Result<Cow<'_, str>, SourceError> {
        let mut text = self.field(&piece.column)?;
        if let Some(split) = &piece.split {
            let part = piece.part.unwrap_or(1);
            text = part.checked_sub(1).and_then(|part| text.split(split.as_str()).nth(part)).ok_or_else(|| {
                self.fault_here(&piece.column, format!("`{text}` has no part {part} between `{split}`"))
            })?;
        }
        let missing = piece.pad.saturating_sub(text.chars().count());
        let padded =
            if missing > 0 && !text.is_empty() { Cow::Owned("0".repeat(missing) + text) } else { Cow::Borrowed(text) };
        match piece.first {
            Some(first) => Ok(Cow::Owned(padded.chars().take(first).collect())),
            None => Ok(padded),
        }
    }

    pub fn station(&self, text: &Text) -> Result<StationId, SourceError> {
        StationId::new(self.text(text)?).map_err(|error| self.fault_here("", error.to_string()))
    }

    pub fn fault_here(&self, column: &str, message: impl Into<String>) -> SourceError {
        self.fault(self.line(), column, message)
    }

    pub fn fault(&self, line: u64, column: &str, message: impl Into<String>) -> SourceError {
        SourceError {
            file: self.file.to_owned(),
            line: usize::try_from(line).unwrap_or(usize::MAX),
            field: column.to_owned(),
            message: message.into(),
        }
    }
}

impl Encoding {
    fn name(self) -> &'static str {
        match self {
            Self::Utf8 => "utf-8",
            Self::Latin1 => "latin-1",
            Self::Utf16Le => "utf-16le",
        }
    }
}

fn first_line_that_is_not_utf8(bytes: &[u8]) -> usize {
    let good = std::str::from_utf8(bytes).map_or_else(|error| error.valid_up_to(), str::len);
    bytes.iter().take(good).filter(|byte| **byte == b'\n').count() + 1
}

fn decode(encoding: Encoding, bytes: &[u8]) -> Option<Cow<'_, str>> {
    match encoding {
        Encoding::Utf8 => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Encoding::Latin1 => Some(encoding_rs::mem::decode_latin1(bytes)),
        Encoding::Utf16Le => encoding_rs::UTF_16LE.decode_without_bom_handling_and_without_replacement(bytes),
    }
}
