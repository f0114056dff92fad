//! What proves a masked picture, and taking pictures away again: those that a later mask has superseded, and those that a
//! ruling withholds.
//!
//! Nothing that the ledger says changes by that. A superseded picture showed what must not be seen, so its file is gone for
//! good (it can be made again from the original). A withheld one moves to a private directory, since the ruling may be
//! withdrawn.

use std::fs;
use std::path::Path;

use testigo_ledger::Hash;

use crate::database::PixelSecret;
use crate::error::ArchiveError;
use crate::files::{Visibility, create_directory, file_name, list, remove_if_there, sync_directory_of};
use crate::layout::{RenditionFormat, shelf};
use crate::signer::random_bytes;
use crate::writer::Archive;

impl PixelSecret {
    /// A new one for an original that is to be seen in this way.
    ///
    /// # Errors
    /// When the system gives no random bytes.
    pub fn new(orientation: u8) -> Result<Self, ArchiveError> {
        Ok(Self { key: random_bytes()?, orientation })
    }
}

impl Archive {
    /// Keeps, privately, what proves the pixels of an original that was put since the last [`Self::append`]; durable with it.
    /// An original that was there before keeps the secret that it has.
    pub fn put_pixel_secret(&mut self, original: &Hash, secret: PixelSecret) {
        if let Some(row) = self.originals.iter_mut().find(|row| row.commitment == *original) {
            row.pixels = Some(secret);
        }
    }

    /// What proves the pixels of the original with this commitment; `None` where nothing was committed to, or it was erased.
    ///
    /// # Errors
    /// When the database cannot be read.
    pub fn pixel_secret(&self, original: &Hash) -> Result<Option<PixelSecret>, ArchiveError> {
        self.database.pixel_secret(original)
    }

    /// Keeps the public proof of a rendition. Durable once [`Self::append`] or [`Self::sync`] has returned.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn put_opening(&mut self, pixels: &Hash, rendition: &Hash, bytes: &[u8]) -> Result<(), ArchiveError> {
        self.put_public(self.layout.opening(pixels, rendition), bytes)
    }

    /// Removes a rendition that no sheet shows any longer, and gives how many files that were.
    ///
    /// # Errors
    /// When a file cannot be removed.
    pub fn remove_rendition(&mut self, rendition: &Hash) -> Result<usize, ArchiveError> {
        let mut removed = 0;
        for format in RenditionFormat::ALL {
            removed += self.remove(&self.layout.rendition(rendition, format))?;
            let name = format!("{rendition}.{}", format.extension());
            removed += self.remove(&self.layout.withheld().join(name))?;
        }
        Ok(removed)
    }

    /// Removes the proof of a rendition that the picture with these pixels does not show any longer.
    ///
    /// # Errors
    /// When the file cannot be removed.
    pub fn remove_opening(&mut self, pixels: &Hash, rendition: &Hash) -> Result<usize, ArchiveError> {
        let removed = self.remove(&self.layout.opening(pixels, rendition))?;
        Ok(removed + self.remove(&self.layout.withheld().join(format!("{pixels}.{rendition}")))?)
    }

    fn remove(&self, path: &Path) -> Result<usize, ArchiveError> {
        if !path.is_file() {
            return Ok(0);
        }
        remove_if_there(path)?;
        sync_directory_of(path)?;
        Ok(1)
    }

    /// Moves a rendition, and the proofs of it, out of what is public, and gives how many files that were.
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub fn withhold_rendition(&mut self, rendition: &Hash, pixels: Option<&Hash>) -> Result<usize, ArchiveError> {
        let formats = RenditionFormat::ALL.into_iter().map(|format| self.layout.rendition(rendition, format));
        let opening = pixels.map(|pixels| self.layout.opening(pixels, rendition));
        let public: Vec<_> = formats.chain(opening).filter(|path| path.is_file()).collect();
        if !public.is_empty() {
            create_directory(&self.layout.withheld(), Visibility::Private)?;
        }
        for path in &public {
            move_file(path, &self.layout.withheld().join(file_name(path)))?;
        }
        Ok(public.len())
    }

    /// The renditions that [`Self::withhold_rendition`] has taken away.
    ///
    /// # Errors
    /// When the directory cannot be read.
    pub fn withheld_renditions(&self) -> Result<Vec<Hash>, ArchiveError> {
        let is_format = |ending: &str| RenditionFormat::ALL.iter().any(|format| format.extension() == ending);
        let rendition = |path: &std::path::PathBuf| {
            let (hash, ending) = file_name(path).split_once('.')?;
            hash.parse().ok().filter(|_| is_format(ending))
        };
        Ok(list(&self.layout.withheld())?.iter().filter_map(rendition).collect())
    }

    /// Moves a rendition, and the proof of it, back to where they were published.
    ///
    /// # Errors
    /// When a file cannot be moved.
    pub fn restore_rendition(&mut self, rendition: &Hash, pixels: Option<&Hash>) -> Result<usize, ArchiveError> {
        let formats = RenditionFormat::ALL.into_iter().map(|format| self.layout.rendition(rendition, format));
        let opening = pixels.map(|pixels| self.layout.opening(pixels, rendition));
        let mut moved = 0;
        for path in formats.chain(opening) {
            let private = self.layout.withheld().join(file_name(&path));
            if private.is_file() {
                if let Some(parent) = path.parent() {
                    create_directory(parent, Visibility::Public)?;
                }
                move_file(&private, &path)?;
                moved += 1;
            }
        }
        Ok(moved)
    }
}

fn move_file(from: &Path, to: &Path) -> Result<(), ArchiveError> {
    fs::rename(from, to).map_err(|source| ArchiveError::io(to, "written", source))?;
    sync_directory_of(to)?;
    sync_directory_of(from)
}

/// The two hashes in an opening's name, if it stands in its directory.
pub(crate) fn opening_of(path: &Path) -> Option<(Hash, Hash)> {
    let (pixels, rendition) = file_name(path).split_once('.')?;
    let (pixels, rendition): (Hash, Hash) = (pixels.parse().ok()?, rendition.parse().ok()?);
    let right = path.parent().is_some_and(|parent| file_name(parent) == shelf(&pixels));
    (right && file_name(path) == format!("{pixels}.{rendition}")).then_some((pixels, rendition))
}
