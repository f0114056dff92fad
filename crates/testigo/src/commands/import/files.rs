//! Folders and ZIP files as one stream of named bytes. Names are only ever shown, never used as paths.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

use zip::ZipArchive;

/// One file that could be a picture, or the reason why it is none.
pub struct Found {
    /// As the user would call it: a path, or `archive.zip/name`.
    pub name: String,
    /// Its bytes.
    pub content: Result<Vec<u8>, String>,
}

/// Unpacked bytes that one ZIP file may hold in all.
const LARGEST_ZIP: u64 = 64 << 30;
/// A picture does not shrink; what unpacks to more than this many times its size is no collection of pictures.
const LARGEST_RATIO: u64 = 200;

/// Files in all sources, folders from top to bottom in order of their names. Bytes are read one file at a time.
pub struct Files {
    waiting: Vec<PathBuf>,
    zip: Option<OpenZip>,
    largest: u64,
}

struct OpenZip {
    name: String,
    archive: ZipArchive<File>,
    next: usize,
    unpacked: u64,
}

impl Files {
    /// `largest` is the most bytes that one picture may have.
    pub fn new(sources: &[PathBuf], largest: u64) -> Self {
        Self { waiting: sources.iter().rev().cloned().collect(), zip: None, largest }
    }

    fn open(&mut self, path: &Path) -> Option<Found> {
        let name = path.display().to_string();
        let wrong = |name: String, message: String| Some(Found { name, content: Err(message) });
        if path.is_dir() {
            match std::fs::read_dir(path) {
                Ok(entries) => {
                    let mut inside: Vec<PathBuf> = entries.filter_map(|entry| entry.ok().map(|entry| entry.path())).collect();
                    inside.sort();
                    self.waiting.extend(inside.into_iter().rev());
                    None
                }
                Err(error) => wrong(name, format!("the folder cannot be read: {error}")),
            }
        } else {
            let mut file = match File::open(path) {
                Ok(file) => file,
                Err(error) => return wrong(name, format!("the file cannot be read: {error}")),
            };
            let mut first = [0; 4];
            let is_zip = file.read_exact(&mut first).is_ok() && first == *b"PK\x03\x04";
            if is_zip {
                match ZipArchive::new(file) {
                    Ok(archive) => {
                        self.zip = Some(OpenZip { name, archive, next: 0, unpacked: 0 });
                        None
                    }
                    Err(error) => wrong(name, format!("the ZIP file cannot be opened: {error}")),
                }
            } else {
                let content = match std::fs::metadata(path).map(|metadata| metadata.len()) {
                    Ok(size) if size > self.largest => Err(format!("the file has {size} bytes; at most {} are read", self.largest)),
                    _ => std::fs::read(path).map_err(|error| format!("the file cannot be read: {error}")),
                };
                Some(Found { name, content })
            }
        }
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
            self.next += 1;
            let mut inside = match self.archive.by_index(at) {
                Ok(inside) if inside.is_dir() => continue,
                Ok(inside) => inside,
                Err(error) => {
                    let name = format!("{}/file {}", self.name, at + 1);
                    return Some(Found { name, content: Err(format!("it cannot be unpacked: {error}")) });
                }
            };
            let name = format!("{}/{}", self.name, inside.name().escape_debug());
            let packed = inside.compressed_size();
            let content = if inside.enclosed_name().is_none() {
                Err("its name points outside the ZIP file; such a file is not taken".to_owned())
            } else if self.unpacked > LARGEST_ZIP {
                Err("the ZIP file unpacks to more than is read from one; unpack it and give the folder".to_owned())
            } else {
                let mut bytes = Vec::new();
                let limit = largest.min(packed.saturating_mul(LARGEST_RATIO).saturating_add(4_096));
                match inside.by_ref().take(limit + 1).read_to_end(&mut bytes) {
                    Ok(read) if read as u64 > limit => {
                        Err(format!("{packed} packed bytes unpack to more than {limit}; this is no picture"))
                    }
                    Ok(_) => Ok(bytes),
                    Err(error) => Err(format!("it cannot be unpacked: {error}")),
                }
            };
            self.unpacked += content.as_ref().map_or(0, |bytes| bytes.len() as u64);
            return Some(Found { name, content });
        }
    }
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
