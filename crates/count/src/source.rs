//! Election files and packs are written by people: a mistake in one is reported with file, line and field.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::identifier::IdentifierError;

/// What is wrong in a file that a person wrote, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceError {
    /// The file, as the caller named it.
    pub file: String,
    /// The line, from 1; 0 when the whole file is meant.
    pub line: usize,
    /// The field, as written in the file; empty when none is meant.
    pub field: String,
    /// What is wrong and what to do.
    pub message: String,
}

impl fmt::Display for SourceError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}", self.file)?;
        if self.line > 0 {
            write!(formatter, ", line {}", self.line)?;
        }
        if !self.field.is_empty() {
            write!(formatter, ", field `{}`", self.field)?;
        }
        formatter.write_str(": ")?;
        // What a file says is quoted in complaints, and must not move a terminal's cursor.
        self.message.chars().try_for_each(|one| match one {
            '\n' => formatter.write_char(one),
            control if control.is_control() => write!(formatter, "{}", control.escape_default()),
            _ => formatter.write_char(one),
        })
    }
}

impl std::error::Error for SourceError {}

/// A TOML file with its name, so that every later complaint can say where it is.
pub(crate) struct Source<'a> {
    file: &'a str,
    text: &'a str,
}

impl<'a> Source<'a> {
    /// `bytes` must be UTF-8.
    pub fn new(file: &'a str, bytes: &'a [u8]) -> Result<Self, SourceError> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Self { file, text }),
            Err(error) => {
                let line = bytes[..error.valid_up_to()].split(|byte| *byte == b'\n').count();
                Err(SourceError {
                    file: file.to_owned(),
                    line,
                    field: String::new(),
                    message: "this is not UTF-8 text; save the file as UTF-8".to_owned(),
                })
            }
        }
    }

    /// Reads the whole file into `T`, which refuses unknown fields.
    pub fn parse<T: DeserializeOwned>(&self) -> Result<T, SourceError> {
        toml::from_str(self.text).map_err(|error| {
            let start = error.span().map(|span| span.start);
            self.complain(start, "", in_words(error.message()))
        })
    }

    /// A complaint about a value whose place in the file is known.
    pub fn at<T>(&self, value: &Spanned<T>, field: &str, message: impl Into<String>) -> SourceError {
        self.complain(Some(value.span().start), field, message)
    }

    /// A complaint about the place where this text stands first, or else about the whole file.
    pub fn about(&self, text: &str, field: &str, message: impl Into<String>) -> SourceError {
        self.complain(self.text.find(text), field, message)
    }

    /// A complaint about the file as a whole.
    pub fn whole(&self, field: &str, message: impl Into<String>) -> SourceError {
        self.complain(None, field, message)
    }

    /// Turns a written identifier into its type.
    pub fn identifier<T: std::str::FromStr<Err = IdentifierError>>(
        &self,
        value: &Spanned<String>,
        field: &str,
    ) -> Result<T, SourceError> {
        value.get_ref().parse().map_err(|error: IdentifierError| self.at(value, field, error.to_string()))
    }

    fn complain(&self, start: Option<usize>, field: &str, message: impl Into<String>) -> SourceError {
        let (line, written) = match start.and_then(|start| self.text.get(..start)) {
            Some(before) => {
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().map_or(0, str::len);
                let text = self.text.lines().nth(line - 1).unwrap_or_default();
                (line, key_at(text, column))
            }
            None => (0, ""),
        };
        let field = if field.is_empty() { written.to_owned() } else { field.to_owned() };
        SourceError { file: self.file.to_owned(), line, field, message: message.into() }
    }
}

/// A parser's message without the names of this program's types.
fn in_words(message: &str) -> String {
    ["u16", "u32", "u64", "usize"].iter().fold(message.to_owned(), |message, name| {
        message.replace(&format!("expected {name}"), "expected a whole number, not below 0 and not too large")
    })
}

/// The key that stands at this place of a line, or else the key of the value that stands there.
fn key_at(line: &str, column: usize) -> &str {
    let is_key = |one: char| one.is_ascii_alphanumeric() || "-_.".contains(one);
    let (before, after) = line.split_at_checked(column).unwrap_or((line, ""));
    let (word, rest) = after.split_at(after.find(|one| !is_key(one)).unwrap_or(after.len()));
    if !word.is_empty() && rest.trim_start().starts_with('=') {
        return word;
    }
    let Some((before, _)) = before.rsplit_once('=') else { return "" };
    let before = before.trim_end();
    before.rfind(|one| !is_key(one)).map_or(before, |at| before.get(at + 1..).unwrap_or_default())
}

/// A text in several languages: either one string for all of them, or a table of language code to text.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged, expecting = "write a text in quotes, or one for each language: { es = \"...\", en = \"...\" }")]
pub enum LocalText {
    /// The same in every language, as names of people and places are.
    Same(String),
    /// By language code, for example `es`.
    ByLanguage(BTreeMap<String, String>),
}

impl LocalText {
    /// The text in this language, else in any.
    #[must_use]
    pub fn in_language(&self, language: &str) -> &str {
        match self {
            Self::Same(text) => text,
            Self::ByLanguage(texts) => texts.get(language).or_else(|| texts.values().next()).map_or("", String::as_str),
        }
    }

    /// The languages of `wanted` in which the text is missing.
    pub(crate) fn missing<'a>(&'a self, wanted: &'a [String]) -> impl Iterator<Item = &'a String> {
        wanted.iter().filter(move |language| match self {
            Self::Same(_) => false,
            Self::ByLanguage(texts) => !texts.contains_key(*language),
        })
    }
}
