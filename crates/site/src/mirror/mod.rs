//! The static mirror: everything that the site shows, the ledger, the documents and the pictures as plain files, with a
//! signed list of them. Any web server can serve it from any folder, a browser can open it from a USB stick, and anyone
//! can verify it.
//!
//! A mirror is a pure function of the ledger's head and of the files that the ledger names: [`Mirror`] says which files it
//! has and what is in each. [`publish`] writes them; `testigo verify` holds a folder against them.

mod manifest;
mod parallel;
mod publish;
mod relative;
mod strangers;
mod unchanged;

use std::sync::Arc;

use testigo_ledger::Hash;

use crate::address::file_of;
use crate::respond::{Body, HTML, Site};
use crate::source::{BOUNDARIES, Source, TILES};
use crate::torrent;
use crate::view::View;

pub use self::manifest::{LONGEST_MANIFEST, Listed, MANIFEST, Manifest, ManifestError, is_path};
pub use self::parallel::for_each;
pub use self::publish::{
    PublishError, PublishReport, PublishStep, Publishing, TorrentPlan, TorrentReport, UNFINISHED, publish,
};
pub use self::relative::relative;
pub use self::strangers::{Stranger, strangers};

/// The files of a mirror.
#[derive(Debug)]
pub struct Mirror {
    site: Site,
    files: Vec<MirrorFile>,
}

/// One file of a mirror but the manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct MirrorFile {
    /// Relative to the mirror.
    pub path: String,
    /// Where the same stands on the site, root-relative.
    address: String,
}

/// Why there is no mirror of a ledger, or not all of it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MirrorError {
    /// Two addresses want the same place, which is a file and a folder at once or the same file.
    #[error(
        "{path} would be two things at once: some code of a unit or a station looks like the name of a file\nhint: change that code in the register"
    )]
    Collision {
        /// The place.
        path: String,
    },
    /// A code that cannot be the name of a file.
    #[error("{path} cannot be the name of a file in a mirror")]
    Path {
        /// The place.
        path: String,
    },
    /// The source has not got what a file is to hold.
    #[error(
        "{path} is missing or damaged in the archive\nhint: `testigo verify` says more; take the file from a mirror"
    )]
    Missing {
        /// The file.
        path: String,
    },
    /// A table cannot be written.
    #[error("{path} cannot be made: {message}")]
    Table {
        /// The file.
        path: String,
        /// Why.
        message: String,
    },
}

impl Mirror {
    /// The mirror of a state of the count. `ledger` are the names, below `ledger/`, of the files that its head has.
    ///
    /// # Errors
    /// When two files would stand in the same place.
    pub fn new(view: Arc<View>, ledger: impl IntoIterator<Item = String>) -> Result<Self, MirrorError> {
        let site = Site::new(view, false);
        let addresses = site.addresses().chain(ledger.into_iter().map(|name| format!("/ledger/{name}")));
        let mut files: Vec<MirrorFile> =
            addresses.map(|address| MirrorFile { path: file_of(&address), address }).collect();
        files.sort_unstable();
        files.dedup();
        if let Some(twice) = files.windows(2).find(|pair| pair[0].path == pair[1].path) {
            return Err(MirrorError::Collision { path: twice[0].path.clone() });
        }
        let is_file = |path: &str| files.binary_search_by(|file| file.path.as_str().cmp(path)).is_ok();
        let mut last = "";
        for MirrorFile { path, .. } in &files {
            if !is_path(path) {
                return Err(MirrorError::Path { path: path.clone() });
            }
            let own = path.rsplit_once('/').map_or("", |(own, _)| own);
            let folders = path.match_indices('/').filter_map(|(at, _)| path.get(..at)).filter(|_| own != last);
            if let Some(folder) = folders.into_iter().find(|folder| *folder == MANIFEST || is_file(folder)) {
                return Err(MirrorError::Collision { path: folder.to_owned() });
            }
            last = own;
        }
        Ok(Self { site, files })
    }

    /// What it shows.
    #[must_use]
    pub fn view(&self) -> &View {
        self.site.view()
    }

    /// All files but the manifest, sorted by path.
    #[must_use]
    pub fn files(&self) -> &[MirrorFile] {
        &self.files
    }

    /// What a file holds. Everything that is kept rather than drawn comes from `source`.
    ///
    /// # Errors
    /// When `source` has not got it.
    pub fn content(&self, file: &MirrorFile, source: &dyn Source) -> Result<Vec<u8>, MirrorError> {
        let response = self.site.respond(&file.address, "");
        let missing = || MirrorError::Missing { path: file.path.clone() };
        if response.status != 200 {
            return Err(missing());
        }
        match response.body {
            Body::Bytes(bytes) if response.content_type == HTML => {
                let html = String::from_utf8(bytes).map_err(|_| missing())?;
                Ok(relative(&html, &file.path).into_bytes())
            }
            Body::Bytes(bytes) => Ok(bytes),
            Body::Download(download) => {
                let mut table = Vec::new();
                for piece in download {
                    let failed =
                        |error: csv::Error| MirrorError::Table { path: file.path.clone(), message: error.to_string() };
                    table.extend(piece.map_err(failed)?);
                }
                Ok(table)
            }
            Body::Rendition(hash) => source.rendition(&hash).ok_or_else(missing),
            Body::Opening(pixels, rendition) => source.opening(&pixels, &rendition).ok_or_else(missing),
            Body::Document(hash) => source.document(&hash).ok_or_else(missing),
            Body::Presentation(name) => source.presentation(&name).ok_or_else(missing),
            Body::Torrent => torrent::of_sheets(self.view(), source)
                .map_err(|torrent::Unreadable(path)| MirrorError::Missing { path }),
            Body::Receipt(entry) => source.receipt(entry).ok_or_else(missing),
            Body::Entry(entry) => source.entry(entry).ok_or_else(missing),
            Body::Ledger(name) => source.ledger_file(&name).ok_or_else(missing),
        }
    }
}

impl MirrorFile {
    /// The hash of the file where its name says it.
    #[must_use]
    pub fn named_hash(&self) -> Option<Hash> {
        let mut names = self.path.split('/');
        match (names.next()?, names.next_back()?) {
            ("documents", name) => name.parse().ok(),
            ("renditions", name) => name.split_once('.')?.0.parse().ok(),
            _ => None,
        }
    }

    /// Whether it is drawn or added up from the count, and not kept.
    #[must_use]
    pub fn is_made(&self) -> bool {
        let kept = ["ledger", "documents", "renditions", "openings"];
        !is_given(&self.path) && !kept.contains(&self.path.split('/').next().unwrap_or_default())
    }
}

/// Whether a file says how something is shown, and does not follow from the ledger.
fn is_given(path: &str) -> bool {
    let map = path.strip_prefix("data/").is_some_and(|name| [BOUNDARIES, TILES].contains(&name));
    map || path.starts_with("presentation/")
}
