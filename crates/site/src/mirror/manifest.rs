//! The list of everything in a mirror, signed by the ledger's key: what belongs there, how long it is, and its hash.
//!
//! `docs/ledger-format.md` (*Mirrors*) specifies it.

use std::fmt::Write as _;
use std::str::FromStr;

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
        let manifest: Self = note.text().parse()?;
        if manifest.checkpoint.origin != key.name() {
            let (expected, found) = (key.name().to_owned(), manifest.checkpoint.origin);
            return Err(CheckpointError::OtherLedger { expected, found }.into());
        }
        Ok(manifest)
    }

    /// What is listed under a path.
    #[must_use]
    pub fn get(&self, path: &str) -> Option<&Listed> {
        let at = self.files.binary_search_by(|file| file.path.as_str().cmp(path)).ok()?;
        self.files.get(at)
    }
}

/// From the text that is signed. It has one form only. Nothing of it is to be believed before its signature is: [`Manifest::open`].
impl FromStr for Manifest {
    type Err = ManifestError;

    fn from_str(text: &str) -> Result<Self, ManifestError> {
        let wrong = |line: usize, found: &str, expected| ManifestError::Line {
            line,
            found: found.chars().take(120).collect(),
            expected,
        };
        if !text.ends_with('\n') {
            return Err(wrong(text.lines().count(), text.lines().last().unwrap_or_default(), "a line feed at its end"));
        }
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

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test is a panic")]
mod tests {
    use std::path::{Component, Path};

    use proptest::collection::{btree_map, vec};
    use proptest::prelude::*;
    use testigo_ledger::TreeSize;

    use super::*;

    fn manifests() -> impl Strategy<Value = Manifest> {
        let name = "[A-Za-z0-9_-][A-Za-z0-9._-]{0,12}";
        let path =
            vec(name, 1..5).prop_map(|names| names.join("/")).prop_filter("the list itself", |path| is_path(path));
        let files = btree_map(path, (any::<u64>(), any::<[u8; 32]>()), 0..20);
        let head = ("[a-z]{1,9}\\.example/[a-z]{0,9}", any::<u64>(), any::<[u8; 32]>());
        (head, "[0-9]\\.[0-9]{1,3}\\.[0-9]", files).prop_map(|((origin, size, root), program, files)| Manifest {
            checkpoint: Checkpoint { origin, size: TreeSize(size), root: Hash(root) },
            program,
            files: files.into_iter().map(|(path, (size, hash))| Listed { path, size, hash: Hash(hash) }).collect(),
        })
    }

    /// Something done to a text somewhere: a letter taken away or put in, a line twice, lines exchanged, or all cut off.
    fn changed(text: &str, (kind, at, letter): (u8, usize, char)) -> String {
        let mut letters: Vec<char> = text.chars().collect();
        let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
        let (place, line) = (at % letters.len(), at % lines.len());
        match kind % 6 {
            0 => drop(letters.remove(place)),
            1 => letters.insert(place, letter),
            2 => letters[place] = letter,
            3 => letters.truncate(place),
            4 => {
                lines.insert(line, lines[line]);
                return lines.concat();
            }
            _ => {
                let other = at / 7 % lines.len();
                lines.swap(line, other);
                return lines.concat();
            }
        }
        letters.into_iter().collect()
    }

    fn odd_letter() -> impl Strategy<Value = char> {
        prop_oneof![any::<char>(), proptest::sample::select("\n\r\0\t /.\\:\u{feff}0aAfg%".chars().collect::<Vec<_>>())]
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_again(manifest in manifests()) {
            prop_assert_eq!(manifest.text().parse::<Manifest>().unwrap(), manifest.clone());
            for listed in &manifest.files {
                prop_assert_eq!(manifest.get(&listed.path), Some(listed));
            }
        }

        /// Whatever is accepted is the one form of what it says, so that nobody can sign one text and mean another; and no path leads out.
        #[test]
        fn a_list_has_one_form_and_leads_nowhere_outside(
            manifest in manifests(),
            changes in vec((any::<u8>(), any::<usize>(), odd_letter()), 0..4),
        ) {
            let text = changes.into_iter().fold(manifest.text(), |text, change| match text.is_empty() {
                true => text,
                false => changed(&text, change),
            });
            if let Ok(read) = text.parse::<Manifest>() {
                prop_assert_eq!(read.text(), text);
                for listed in &read.files {
                    let inside = |part: Component<'_>| matches!(part, Component::Normal(_));
                    prop_assert!(Path::new(&listed.path).components().all(inside), "{}", listed.path);
                }
                prop_assert!(read.files.windows(2).all(|pair| pair[0].path < pair[1].path));
            }
        }

        #[test]
        fn any_text_at_all_is_read_or_refused(text in "\\PC*", end in any::<bool>()) {
            let _ = text.parse::<Manifest>();
            let begun = format!("{FIRST_LINE}\n{text}{}", if end { "\n" } else { "" });
            let _ = begun.parse::<Manifest>();
        }
    }

    #[test]
    fn what_is_wrong_is_told_with_its_line() {
        let checkpoint = Checkpoint { origin: "a.example/x".to_owned(), size: TreeSize(1), root: Hash([7; 32]) };
        let listed = |path: &str| Listed { path: path.to_owned(), size: 3, hash: Hash([1; 32]) };
        let right =
            Manifest { checkpoint, program: "1.0.0".to_owned(), files: vec![listed("a"), listed("b/c")] }.text();
        for (from, to, line) in [
            ("manifest 1", "manifest 2", 1),
            ("1.0.0\n", "\n", 5),
            ("3 a\n", "03 a\n", 6),
            ("3 a\n", "3 a/../../b\n", 6),
            ("3 a\n", "3 /a\n", 6),
            ("3 a\n", "3 a\\b\n", 6),
            ("3 a\n", "3 manifest\n", 6),
            ("3 a\n", "3 c\n", 7),
            ("3 a\n", "18446744073709551616 a\n", 6),
            ("3 b/c\n", "3 b/c", 7),
        ] {
            let wrong = right.replacen(from, to, 1);
            assert_ne!(wrong, right, "{from}");
            match wrong.parse::<Manifest>() {
                Err(ManifestError::Line { line: found, .. }) => assert_eq!(found, line, "{to}"),
                other => panic!("{to}: {other:?}"),
            }
        }
        let upper = right.replacen("0101", "01AB", 1).parse::<Manifest>();
        assert!(matches!(upper, Err(ManifestError::Line { line: 6, .. })), "{upper:?}");
    }
}
