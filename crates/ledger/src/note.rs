//! Signed notes: a text that people can read, followed by signature lines (signed-note).
//!
//! A note's text must not be believed before [`SignedNote::verify`] has accepted it. Lines by unknown keys are ignored, as the
//! specification demands: other signers and future kinds of signature stand beside ours.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use thiserror::Error;

use crate::key::{KeyId, VerifyingKey, is_key_name};

/// Notes longer than this are refused, in bytes, unless the reader expects a longer kind: room for hundreds of signatures.
const LONGEST_NOTE: usize = 1 << 20;
/// More signatures than this are refused. The specification asks for at least 16.
const MOST_SIGNATURES: usize = 256;
const LINE_START: &str = "\u{2014} ";

/// One signature line. The signature's form depends on the key's type, so it is kept as bytes until a key explains it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoteSignature {
    /// The key's name.
    pub name: String,
    /// The key's id.
    pub key_id: KeyId,
    /// What follows the id: 64 bytes for a plain Ed25519 signature.
    pub signature: Vec<u8>,
}

impl fmt::Display for NoteSignature {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes = [&self.key_id.0[..], &self.signature].concat();
        writeln!(formatter, "{LINE_START}{} {}", self.name, BASE64.encode(bytes))
    }
}

/// A text with its signatures, not necessarily verified.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedNote {
    text: String,
    signatures: Vec<NoteSignature>,
}

/// Why bytes are not a note, or a note is not to be believed.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoteError {
    /// Longer than a note may be.
    #[error("the note is {length} bytes long; {longest} is the most")]
    TooLong {
        /// Its length in bytes.
        length: usize,
        /// The most that is allowed.
        longest: usize,
    },
    /// Not UTF-8, or with control characters (a carriage return among them).
    #[error("the note has a byte at {at} that no note may have: only UTF-8 text and line feeds are allowed")]
    ForbiddenByte {
        /// Where, in bytes from the start.
        at: usize,
    },
    /// No blank line, or nothing before it.
    #[error("the note has no blank line between its text and its signatures")]
    NoSignatures,
    /// The text does not end with a line feed.
    #[error("a note's text must end with a line feed and not be empty")]
    UnfinishedText,
    /// A line after the last blank line is not a signature.
    #[error("line {line} after the note's last blank line is not a signature")]
    MalformedSignature {
        /// Counted from 1.
        line: usize,
    },
    /// More signatures than anyone needs.
    #[error("the note has more than {MOST_SIGNATURES} signatures")]
    TooManySignatures,
    /// A known key's name and id, but not its signature.
    #[error("the signature of `{name}` ({key_id}) is wrong: the text was changed or another key signed it")]
    BadSignature {
        /// The key's name.
        name: String,
        /// The key's id.
        key_id: KeyId,
    },
    /// No signature of any known key.
    #[error("the note is not signed by {}", list(.known))]
    UnknownSigners {
        /// The keys that were asked for.
        known: Vec<String>,
    },
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "any known key".to_owned() } else { names.join(" or ") }
}

impl SignedNote {
    /// A note from its parts. The text must end with a line feed and hold no other control characters.
    pub fn new(text: &str, signatures: Vec<NoteSignature>) -> Result<Self, NoteError> {
        check_characters(text)?;
        if !text.ends_with('\n') {
            return Err(NoteError::UnfinishedText);
        }
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// Takes a note apart. Says nothing about whether its signatures are right.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        Self::parse_long(bytes, LONGEST_NOTE)
    }

    /// As [`SignedNote::parse`], for notes that may be of another length.
    pub fn parse_long(bytes: &[u8], longest: usize) -> Result<Self, NoteError> {
        if bytes.len() > longest {
            return Err(NoteError::TooLong { length: bytes.len(), longest });
        }
        let note = std::str::from_utf8(bytes).map_err(|error| NoteError::ForbiddenByte { at: error.valid_up_to() })?;
        check_characters(note)?;
        // The text may itself have blank lines: only the last one separates.
        let (text, lines) = note
            .rfind("\n\n")
            .and_then(|at| Some((note.get(..=at)?, note.get(at + 2..)?)))
            .ok_or(NoteError::NoSignatures)?;
        let signatures = parse_signatures(lines)?;
        Ok(Self { text: text.to_owned(), signatures })
    }

    /// The text, with its last line feed. Not to be believed unless verified.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// All signatures, by known and unknown keys.
    pub fn signatures(&self) -> &[NoteSignature] {
        &self.signatures
    }

    /// Checks every signature by a known key, and that there is one. Returns the keys that signed.
    pub fn verify<'key>(&self, known: &'key [VerifyingKey]) -> Result<Vec<&'key VerifyingKey>, NoteError> {
        let mut signers = Vec::new();
        for key in known {
            let mut lines = self
                .signatures
                .iter()
                .filter(|signature| signature.name == key.name() && signature.key_id == key.id())
                .peekable();
            if lines.peek().is_some() {
                signers.push(key);
            }
            if lines.any(|line| !key.verifies(self.text.as_bytes(), &line.signature)) {
                return Err(NoteError::BadSignature { name: key.name().to_owned(), key_id: key.id() });
            }
        }
        if signers.is_empty() {
            return Err(NoteError::UnknownSigners { known: known.iter().map(ToString::to_string).collect() });
        }
        Ok(signers)
    }
}

impl SignedNote {
    /// The lines with this name and key id: of one signer, if it is known.
    pub(crate) fn lines_of<'note>(&'note self, name: &str, id: KeyId) -> impl Iterator<Item = &'note NoteSignature> {
        self.signatures.iter().filter(move |line| line.name == name && line.key_id == id)
    }

    /// Puts further signature lines below, each once.
    pub fn add(&mut self, lines: impl IntoIterator<Item = NoteSignature>) -> Result<(), NoteError> {
        for line in lines {
            if !self.signatures.contains(&line) {
                self.signatures.push(line);
            }
        }
        if self.signatures.len() > MOST_SIGNATURES { Err(NoteError::TooManySignatures) } else { Ok(()) }
    }

    /// Leaves only the lines that `keep` says.
    pub fn retain(&mut self, keep: impl FnMut(&NoteSignature) -> bool) {
        self.signatures.retain(keep);
    }
}

impl fmt::Display for SignedNote {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "{}", self.text)?;
        self.signatures.iter().try_for_each(|signature| signature.fmt(formatter))
    }
}

fn check_characters(text: &str) -> Result<(), NoteError> {
    match text.bytes().position(|byte| byte < b' ' && byte != b'\n') {
        Some(at) => Err(NoteError::ForbiddenByte { at }),
        None => Ok(()),
    }
}

/// Takes signature lines apart that stand without their note, as a witness answers them.
pub fn parse_signatures(lines: &str) -> Result<Vec<NoteSignature>, NoteError> {
    let lines = match lines.strip_suffix('\n') {
        Some(lines) => lines.split('\n'),
        None if lines.is_empty() => return Err(NoteError::NoSignatures),
        None => {
            return Err(NoteError::MalformedSignature { line: lines.split('\n').count() });
        }
    };
    let signatures: Vec<NoteSignature> = lines
        .take(MOST_SIGNATURES + 1)
        .enumerate()
        .map(|(place, line)| parse_signature(line).ok_or(NoteError::MalformedSignature { line: place + 1 }))
        .collect::<Result<_, _>>()?;
    if signatures.len() > MOST_SIGNATURES { Err(NoteError::TooManySignatures) } else { Ok(signatures) }
}

fn parse_signature(line: &str) -> Option<NoteSignature> {
    let (name, signature) = line.strip_prefix(LINE_START)?.split_once(' ')?;
    let bytes = BASE64.decode(signature).ok()?;
    let (key_id, signature) = bytes.split_first_chunk::<4>()?;
    (is_key_name(name) && !signature.is_empty()).then(|| NoteSignature {
        name: name.to_owned(),
        key_id: KeyId(*key_id),
        signature: signature.to_vec(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::SigningKey;

    // The example of the note format's first implementation.
    const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";
    const TEXT: &str =
        "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n";
    const LINE: &str =
        "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n";
    // The example of the specification, with its key.
    const SPECIFIED_KEY: &str = "example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k";
    const SPECIFIED_NOTE: &str = "This is an example message.\n\n— example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n";

    fn verify(note: &str, key: &str) -> Result<String, NoteError> {
        let note = SignedNote::parse(note.as_bytes())?;
        note.verify(&[key.parse().unwrap()])?;
        Ok(note.text().to_owned())
    }

    fn example_key() -> VerifyingKey {
        SECRET.parse::<SigningKey>().unwrap().verifying_key().clone()
    }

    #[test]
    fn accepts_the_specified_example() {
        assert_eq!(verify(SPECIFIED_NOTE, SPECIFIED_KEY), Ok("This is an example message.\n".to_owned()));
    }

    #[test]
    fn signs_byte_for_byte_like_the_first_implementation() {
        let key: SigningKey = SECRET.parse().unwrap();
        assert_eq!(key.sign_note(TEXT).unwrap().to_string(), format!("{TEXT}\n{LINE}"));
    }

    #[test]
    fn the_last_blank_line_separates() {
        let text = "Ognuno sta solo sul cuor della terra\ntrafitto da un raggio di sole:\n\ned è subito sera.\n";
        let line = "— quasimodo.example/salvatore NnugSzTjtVAewIS+Z/iJhUPeFDkO/5QQ2i5ddnGITLlC+EhfLW9oJKONrMouFSQU0xMcXxj99ihAQwaqP3ZekRwNtIc=\n";
        let note = SignedNote::parse(format!("{text}\n{line}").as_bytes()).unwrap();
        assert_eq!(note.text(), text);
        assert_eq!(note.signatures()[0].name, "quasimodo.example/salvatore");
        assert_eq!(note.signatures()[0].key_id.to_string(), "367ba04b");
    }

    #[test]
    fn ignores_unknown_signers_of_any_kind() {
        let same_name = format!("— PeterNeumann {}\n", BASE64.encode([9; 80]));
        let same_id = format!("— Someone {}\n", BASE64.encode([&example_key().id().0[..], &[9; 3293]].concat()));
        let note = format!("{TEXT}\n{same_name}{LINE}{same_id}");
        assert_eq!(verify(&note, &example_key().to_string()), Ok(TEXT.to_owned()));
        let unsigned = format!("{TEXT}\n{same_name}{same_id}");
        assert!(matches!(verify(&unsigned, &example_key().to_string()), Err(NoteError::UnknownSigners { .. })));
    }

    #[test]
    fn a_wrong_signature_by_a_known_key_spoils_the_note() {
        let wrong = format!("— PeterNeumann {}\n", BASE64.encode([&example_key().id().0[..], &[9; 64]].concat()));
        let short = format!("— PeterNeumann {}\n", BASE64.encode([&example_key().id().0[..], &[9; 63]].concat()));
        for lines in [format!("{LINE}{wrong}"), format!("{wrong}{LINE}"), wrong, format!("{LINE}{short}")] {
            let verdict = verify(&format!("{TEXT}\n{lines}"), &example_key().to_string());
            assert!(matches!(verdict, Err(NoteError::BadSignature { .. })), "{lines}");
        }
        let twice = format!("{TEXT}\n{LINE}{LINE}");
        assert_eq!(SignedNote::parse(twice.as_bytes()).unwrap().verify(&[example_key()]).unwrap().len(), 1);
    }

    #[test]
    fn refuses_whatever_is_not_a_note() {
        let padded = LINE.replace("JnAM=", "JnAN=");
        for wrong in [
            String::new(),
            "\n".to_owned(),
            TEXT.to_owned(),
            format!("{TEXT}\n"),
            format!("{TEXT}{LINE}"),
            format!("{TEXT}\n{LINE}\n"),
            format!("{TEXT}\n{LINE}trailing"),
            format!("{TEXT}\n{}", LINE.trim_end()),
            format!("{TEXT}\n{}", LINE.replace('\n', "\r\n")),
            format!("{TEXT}\n{}", LINE.replace('—', "-")),
            format!("{TEXT}\n{}", LINE.replace("— ", "—  ")),
            format!("{TEXT}\n{}", LINE.replace(" x08", "  x08")),
            format!("{TEXT}\n{}", LINE.replace("Peter", "Peter+")),
            format!("{TEXT}\n{}", LINE.replace("JnAM=", "JnAM")),
            format!("{TEXT}\n{}", LINE.replace('/', "_")),
            format!("{TEXT}\n{padded}"),
            format!("{TEXT}\n— PeterNeumann x08gow==\n"),
            format!("{TEXT}\tindented\n\n{LINE}"),
            format!("{TEXT}\n{}", LINE.repeat(MOST_SIGNATURES + 1)),
            format!("{}\n{LINE}", "long\n".repeat(LONGEST_NOTE / 5)),
        ] {
            assert!(SignedNote::parse(wrong.as_bytes()).is_err(), "{}", &wrong[..wrong.len().min(300)]);
        }
        assert_eq!(SignedNote::parse(b"text\xff\n\n"), Err(NoteError::ForbiddenByte { at: 4 }));
        assert!(SignedNote::parse(format!("{TEXT}\n{}", LINE.repeat(16)).as_bytes()).is_ok());
        let key: SigningKey = SECRET.parse().unwrap();
        assert_eq!(key.sign_note("unfinished"), Err(NoteError::UnfinishedText));
        assert_eq!(key.sign_note("a\r\n"), Err(NoteError::ForbiddenByte { at: 1 }));
    }
}
