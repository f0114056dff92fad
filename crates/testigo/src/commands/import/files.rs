//! Folders and ZIP files as one stream of named bytes. Names are only ever shown, never used as paths.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::Read;
use std::path::{Path, PathBuf};

use zip::ZipArchive;
use zip::result::ZipError;

/// One file that could be a picture, or the reason why it is none.
pub struct Found {
    /// As the user would call it: a path, or `archive.zip/name`.
    pub name: String,
    /// Its bytes.
    pub content: Result<Vec<u8>, String>,
}

/// A picture does not shrink; what unpacks to more than this many times its size is no collection of pictures.
const LARGEST_RATIO: u64 = 200;
/// What any file in a ZIP may unpack to, however small it was packed.
const SMALL: u64 = 4_096;

/// Files in all sources, folders from top to bottom in order of their names. Bytes are read one file at a time.
pub struct Files {
    waiting: Vec<PathBuf>,
    /// Folders seen, so that a link that leads back up is not followed for ever.
    folders: HashSet<PathBuf>,
    zip: Option<OpenZip>,
    largest: u64,
}

struct OpenZip {
    name: String,
    archive: ZipArchive<File>,
    next: usize,
    /// How many more bytes it may unpack to, whether they are taken or not: entries may share their packed bytes.
    budget: u64,
}

impl Files {
    /// `largest` is the most bytes that one picture may have.
    pub fn new(sources: &[PathBuf], largest: u64) -> Self {
        Self { waiting: sources.iter().rev().cloned().collect(), folders: HashSet::new(), zip: None, largest }
    }

    fn open(&mut self, path: &Path) -> Option<Found> {
        let name = shown(&path.display().to_string());
        let content = match fs::metadata(path) {
            Ok(metadata) if metadata.is_dir() => self.open_folder(path).err().map(Err),
            // A pipe or a device may give no end of bytes, or none for ever.
            Ok(metadata) if !metadata.is_file() => {
                Some(Err("this is no ordinary file but a pipe, a device or the like".to_owned()))
            }
            Ok(metadata) => self.open_file(path, &name, metadata.len()).transpose(),
            Err(error) => Some(Err(format!("the file cannot be read: {error}"))),
        };
        content.map(|content| Found { name, content })
    }

    fn open_folder(&mut self, path: &Path) -> Result<(), String> {
        let failed = |error| format!("the folder cannot be read: {error}");
        if !self.folders.insert(path.canonicalize().map_err(failed)?) {
            return Ok(());
        }
        let entries = fs::read_dir(path).map_err(failed)?;
        let mut inside = entries.map(|entry| Ok(entry?.path())).collect::<Result<Vec<PathBuf>, _>>().map_err(failed)?;
        if inside.is_empty() {
            return Err("the folder is empty".to_owned());
        }
        inside.sort();
        self.waiting.extend(inside.into_iter().rev());
        Ok(())
    }

    /// The bytes of a file; `None` where it is a ZIP file, which is gone through next.
    fn open_file(&mut self, path: &Path, name: &str, size: u64) -> Result<Option<Vec<u8>>, String> {
        let failed = |error| format!("the file cannot be read: {error}");
        let mut file = File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        file.by_ref().take(4).read_to_end(&mut bytes).map_err(failed)?;
        if bytes == b"PK\x03\x04" {
            let archive = ZipArchive::new(file).map_err(|error| {
                format!("the ZIP file is cut short or damaged ({error}); copy it again from its source")
            })?;
            let budget = size.saturating_mul(LARGEST_RATIO).saturating_add(SMALL);
            self.zip = Some(OpenZip { name: name.to_owned(), archive, next: 0, budget });
            return Ok(None);
        }
        file.take(self.largest.saturating_sub(3)).read_to_end(&mut bytes).map_err(failed)?;
        if bytes.len() as u64 > self.largest {
            return Err(format!("the file has {size} bytes; at most {} are read", self.largest));
        }
        Ok(Some(bytes))
    }
}

impl OpenZip {
    /// The next file inside; `None` at the end.
    fn next(&mut self, largest: u64) -> Option<Found> {
        loop {
            let at = self.next;
            if at >= self.archive.len() {
                return None;
            }
            if self.budget == 0 {
                self.next = self.archive.len();
                let rest = self.archive.len() - at;
                let message = format!("it unpacks to far more than pictures do; {rest} files of it were not looked at");
                return Some(Found { name: self.name.clone(), content: Err(message) });
            }
            self.next += 1;
            let mut inside = match self.archive.by_index(at) {
                Ok(inside) if inside.is_dir() => continue,
                Ok(inside) => inside,
                Err(error) => {
                    let name = format!("{}/file {}", self.name, at + 1);
                    return Some(Found { name, content: Err(cannot_unpack(&error)) });
                }
            };
            let name = format!("{}/{}", self.name, shown(inside.name()));
            let packed = inside.compressed_size();
            let content = if inside.enclosed_name().is_none() {
                Err("its name points outside the ZIP file; such a file is not taken".to_owned())
            } else {
                let mut bytes = Vec::new();
                let limit = largest.min(packed.saturating_mul(LARGEST_RATIO).saturating_add(SMALL)).min(self.budget);
                let read = inside.by_ref().take(limit.saturating_add(1)).read_to_end(&mut bytes);
                self.budget = self.budget.saturating_sub(bytes.len() as u64);
                match read {
                    Ok(read) if read as u64 > limit => {
                        Err(format!("{packed} packed bytes unpack to more than {limit}; this is no picture"))
                    }
                    Ok(_) => Ok(bytes),
                    Err(error) => Err(format!("it cannot be unpacked: {error}")),
                }
            };
            return Some(Found { name, content });
        }
    }
}

fn cannot_unpack(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => {
            "it is encrypted; unpack it with its password and give the folder".to_owned()
        }
        _ => format!("it cannot be unpacked: {error}"),
    }
}

/// A name without the characters that would move a terminal's cursor or colour its text.
fn shown(name: &str) -> String {
    name.chars().map(|one| if one.is_control() { one.escape_default().to_string() } else { one.to_string() }).collect()
}

impl Iterator for Files {
    type Item = Found;

    fn next(&mut self) -> Option<Found> {
        loop {
            if let Some(zip) = &mut self.zip {
                match zip.next(self.largest) {
                    Some(found) => return Some(found),
                    None => self.zip = None,
                }
            }
            let path = self.waiting.pop()?;
            if let Some(found) = self.open(&path) {
                return Some(found);
            }
        }
    }
}
