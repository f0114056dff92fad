//! Files with proclaimed figures, written down by people from bulletins and news: a document in JSON, or a table with a
//! row for each unit. `docs/official-figures.md` describes both. Fields that are not described there are left alone.

mod bulletin;
mod json;
mod table;

use std::collections::BTreeMap;

use crate::entry::OfficialEntry;
use crate::fold::Count;
use crate::identifier::{Code, ContestId, DocumentHash};
use crate::source::SourceError;

use self::bulletin::Reading;
use self::json::{Node, Value};

/// What a file with proclaimed figures gives.
#[derive(Debug, Clone, Default)]
pub struct OfficialFile {
    /// Each bulletin for each place, with the line on which it begins.
    pub entries: Vec<(usize, OfficialEntry)>,
    /// What was left alone, with where it stands first.
    pub notes: Vec<String>,
    /// Bulletins and rows that cannot be taken, and why.
    pub faults: Vec<SourceError>,
}

/// What holds where the file itself does not say.
#[derive(Debug, Clone)]
pub struct OfficialDefaults {
    /// Who proclaimed it.
    pub source: Code,
    /// The contest; the election's first where nobody says.
    pub contest: Option<ContestId>,
    /// The bulletin, for tables without that column.
    pub bulletin: Option<String>,
    /// When it was announced, likewise.
    pub announced: Option<String>,
}

/// Reads a document in JSON, or a table, as its first byte tells. `file` is how complaints call it.
///
/// # Errors
/// When it is neither, or a table without a header. What is wrong with single bulletins stands in the result.
pub fn read_official(
    file: &str,
    bytes: &[u8],
    count: &Count,
    defaults: &OfficialDefaults,
) -> Result<OfficialFile, SourceError> {
    let mut text = bytes;
    if let Some(rest) = text.strip_prefix(b"\xef\xbb\xbf") {
        text = rest;
    }
    let mut notes = Notes::default();
    let bulletins = match text.trim_ascii_start().first() {
        Some(b'{' | b'[') => from_document(file, text, &mut notes)?,
        Some(_) => table::rows(file, text, count, defaults, &mut notes)?,
        None => return Err(fault(file, 1, "", "the file is empty")),
    };
    let document = DocumentHash::of(bytes);
    let mut read = OfficialFile::default();
    for (inherited, node, path) in &bulletins {
        let mut reading = Reading::new(file, path, count, &mut notes);
        let entry = reading.bulletin(node, inherited, defaults, document);
        let faults = reading.into_faults();
        match entry.filter(|_| faults.is_empty()) {
            Some(entry) => match read.entries.iter().find(|(_, before)| before.is_about_the_same(&entry)) {
                Some((line, _)) => {
                    let message = format!("line {line} already has this bulletin for this place and contest");
                    read.faults.push(fault(file, node.line, path, &message));
                }
                None => read.entries.push((node.line, entry)),
            },
            None => read.faults.extend(faults),
        }
    }
    read.notes = notes.into_sentences();
    Ok(read)
}

/// A bulletin, what stands above it for all of them, and its path in the file.
type Found = (Vec<(String, Node)>, Node, String);

/// The bulletins of a document: `{ "bulletins": [...] }`, or the list alone.
fn from_document(file: &str, text: &[u8], notes: &mut Notes) -> Result<Vec<Found>, SourceError> {
    let root = json::parse(file, text)?;
    let wanted = "write { \"bulletins\": [ ... ] }; docs/official-figures.md describes the form";
    let (above, bulletins) = match root.value {
        Value::List(bulletins) => (Vec::new(), bulletins),
        Value::Object(fields) => {
            let (mut above, mut bulletins) = (Vec::new(), None);
            for (name, node) in fields {
                match (name.as_str(), node.value) {
                    ("bulletins", Value::List(list)) => bulletins = Some(list),
                    ("bulletins", _) => return Err(fault(file, node.line, "bulletins", wanted)),
                    ("source" | "contest" | "url", value) => above.push((name, Node { line: node.line, value })),
                    _ => notes.left_alone(&name, node.line),
                }
            }
            (above, bulletins.ok_or_else(|| fault(file, root.line, "bulletins", wanted))?)
        }
        _ => return Err(fault(file, root.line, "", wanted)),
    };
    if bulletins.is_empty() {
        return Err(fault(file, root.line, "bulletins", "there is no bulletin in the list"));
    }
    let numbered = bulletins.into_iter().enumerate();
    Ok(numbered.map(|(at, node)| (above.clone(), node, format!("bulletins[{at}]"))).collect())
}

fn fault(file: &str, line: usize, field: &str, message: &str) -> SourceError {
    SourceError { file: file.to_owned(), line, field: field.to_owned(), message: message.to_owned() }
}

/// Fields that nobody asked for, each with its first line and how often it stands there.
#[derive(Debug, Default)]
struct Notes {
    fields: BTreeMap<String, (usize, usize)>,
    sentences: Vec<String>,
}

impl Notes {
    fn left_alone(&mut self, field: &str, line: usize) {
        let field: String = field.chars().filter(|one| !one.is_control()).take(60).collect();
        self.fields.entry(field).or_insert((line, 0)).1 += 1;
    }

    fn say(&mut self, sentence: String) {
        if !self.sentences.contains(&sentence) {
            self.sentences.push(sentence);
        }
    }

    fn into_sentences(self) -> Vec<String> {
        let fields = self.fields.into_iter().map(|(field, (line, times))| match times {
            1 => format!("field `{field}` (line {line}) is not described; it stays in the stored document"),
            times => format!(
                "field `{field}` ({times} times, from line {line} on) is not described; it stays in the stored document"
            ),
        });
        self.sentences.into_iter().chain(fields).collect()
    }
}
