//! The list of everything in a mirror, signed by the ledger's key: what belongs there, how long it is, and its hash.
//!
//! `docs/ledger-format.md` (*Mirrors*) specifies it.

use std::fmt::Write as _;

use testigo_ledger::{Checkpoint, CheckpointError, Hash, NoteError, SignedNote, SigningKey, VerifyingKey};

/// The manifest's name in a mirror. It lists every other file.
pub const MANIFEST: &str = "manifest";

/// The first line of its text. A checkpoint's first line cannot have spaces, so neither can pass for the other.
const FIRST_LINE: &str = "testigo manifest 1";

/// Manifests longer than this are refused, in bytes: room for some two million files.
pub const LONGEST_MANIFEST: usize = 256 << 20;

/// Longest path, in bytes, and longest name in it: what every file system takes.
const LONGEST_PATH: usize = 400;
const LONGEST_NAME: usize = 200;

/// One file of a mirror.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// Relative to the mirror, with `/` between names.
    pub path: String,
    /// Bytes.
    pub size: u64,
    /// SHA-256 of its bytes.
    pub hash: Hash,
}

/// What a manifest says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// The head of the ledger that everything follows from.
    pub checkpoint: Checkpoint,
    /// The version of the program that drew the pages.
    pub program: String,
    /// Every file but the manifest, sorted by the bytes of the path.
    pub files: Vec<Listed>,
}

/// Why bytes are not a manifest to be believed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Not a note, or not one signed by the ledger's key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// Not the head of a ledger, or of another one.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A line that does not say what it should.
    #[error("line {line} of the manifest is `{found}`; expected is {expected}")]
    Line {
        /// Counted from 1.
        line: usize,
        /// The beginning of what stands there.
        found: String,
        /// What should stand there.
        expected: &'static str,
    },
}

impl Manifest {
    /// The text that is signed.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = String::with_capacity(200 + self.files.len() * 128);
        let _ = write!(text, "{FIRST_LINE}\n{}{}\n", self.checkpoint, self.program);
        for file in &self.files {
            let _ = writeln!(text, "{} {} {}", file.hash, file.size, file.path);
        }
        text
    }

    /// Signs it with the ledger's key.
    ///
    /// # Errors
    /// When a path or the program's version holds a character that no note may have.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedNote, ManifestError> {
        Ok(key.sign_note(&self.text())?)
    }

    /// Reads a manifest and accepts it only with a right signature by the ledger's key.
    ///
    /// # Errors
    /// See [`ManifestError`].
    pub fn open(note: &[u8], key: &VerifyingKey) -> Result<Self, ManifestError> {
        let note = SignedNote::parse_long(note, LONGEST_MANIFEST)?;
        note.verify(std::slice::from_ref(key))?;
        let manifest = Self::parse(note.text())?;
        if manifest.checkpoint.origin != key.name() {
            let (expected, found) = (key.name().to_owned(), manifest.checkpoint.origin);
            return Err(CheckpointError::OtherLedger { expected, found }.into());
        }
        Ok(manifest)
    }

    fn parse(text: &str) -> Result<Self, ManifestError> {
        let wrong = |line: usize, found: &str, expected| ManifestError::Line {
            line,
            found: found.chars().take(120).collect(),
            expected,
        };
        let mut lines = (1..).zip(text.split_terminator('\n'));
        let mut next = |expected| lines.next().ok_or_else(|| wrong(text.lines().count() + 1, "", expected));
        match next("the kind and version of the list")? {
            (_, FIRST_LINE) => {}
            (line, found) => return Err(wrong(line, found, "`testigo manifest 1`: a newer program may be needed")),
        }
        let (_, origin) = next("the ledger's name")?;
        let (_, size) = next("the number of entries")?;
        let (_, root) = next("the root")?;
        let checkpoint = format!("{origin}\n{size}\n{root}\n").parse()?;
        let (line, program) = next("the program's version")?;
        if program.is_empty() {
            return Err(wrong(line, program, "the program's version"));
        }
        let mut files: Vec<Listed> = Vec::new();
        for (line, text) in lines {
            let listed = parse_file(text).ok_or_else(|| {
                wrong(line, text, "a SHA-256 in hexadecimal, a size in bytes, and a path inside the mirror")
            })?;
            if files.last().is_some_and(|last| last.path >= listed.path) {
                return Err(wrong(line, text, "a path that comes after the one before"));
            }
            files.push(listed);
        }
        Ok(Self { checkpoint, program: program.to_owned(), files })
    }

    /// What is listed under a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Listed> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }
}

fn parse_file(line: &str) -> Option<Listed> {
    let mut parts = line.splitn(3, ' ');
    let (hash, digits, path) = (parts.next()?, parts.next()?, parts.next()?);
    let size: u64 = digits.parse().ok()?;
    (size.to_string() == digits && is_path(path)).then_some(())?;
    Some(Listed { path: path.to_owned(), size, hash: hash.parse().ok()? })
}

/// Whether a path is one that a mirror may have: it leads nowhere outside, on no system.
#[must_use]
pub fn is_path(path: &str) -> bool {
    let is_name = |name: &str| {
        !["", ".", ".."].contains(&name)
            && name.len() <= LONGEST_NAME
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._".contains(&byte))
    };
    path.len() <= LONGEST_PATH && path != MANIFEST && path.split('/').all(is_name)
}
