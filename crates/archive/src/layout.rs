//! What stands where in an archive's directory.

use std::path::{Path, PathBuf};

use testigo_ledger::{EntryIndex, Hash, TilePath, TreeSize};

/// The first line of the `format` file.
pub(crate) const FORMAT_VERSION: &str = "testigo archive 1";

/// The formats in which pictures are published.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RenditionFormat {
    /// JPEG, `.jpg`.
    Jpeg,
    /// PNG, `.png`.
    Png,
}

impl RenditionFormat {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Jpeg, Self::Png];

    /// The end of the file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
        }
    }
}

/// The paths of an archive.
#[derive(Clone, Debug)]
pub(crate) struct Layout {
    root: PathBuf,
}

impl Layout {
    pub(crate) fn new(root: &Path) -> Self {
        Self { root: root.to_owned() }
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn format(&self) -> PathBuf {
        self.root.join("format")
    }

    pub(crate) fn lock(&self) -> PathBuf {
        self.root.join("lock")
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.root.join("archive.db")
    }

    /// Which mirror was published last, and by which program.
    pub(crate) fn last_mirror(&self) -> PathBuf {
        self.root.join("last-mirror")
    }

    pub(crate) fn incoming(&self) -> PathBuf {
        self.root.join("incoming")
    }

    /// What a person should look at of a sheet that could not be read.
    pub(crate) fn crop(&self, sheet: EntryIndex, extension: &str) -> PathBuf {
        self.root.join("crops").join(format!("{}.{extension}", sheet.0))
    }

    pub(crate) fn ledger(&self) -> PathBuf {
        self.root.join("ledger")
    }

    /// The ledger's public keys.
    pub(crate) fn key(&self) -> PathBuf {
        self.ledger().join("key")
    }

    /// The policy by which the archive asks witnesses.
    pub(crate) fn policy(&self) -> PathBuf {
        self.ledger().join("policy")
    }

    pub(crate) fn checkpoint(&self) -> PathBuf {
        self.ledger().join("checkpoint")
    }

    pub(crate) fn checkpoints(&self) -> PathBuf {
        self.ledger().join("checkpoints")
    }

    pub(crate) fn checkpoint_of(&self, size: TreeSize) -> PathBuf {
        self.checkpoints().join(size.to_string())
    }

    pub(crate) fn tile(&self, path: &TilePath) -> PathBuf {
        self.ledger().join(path.to_string())
    }

    pub(crate) fn documents(&self) -> PathBuf {
        self.root.join("documents")
    }

    pub(crate) fn document(&self, hash: &Hash) -> PathBuf {
        self.documents().join(hash.to_string())
    }

    pub(crate) fn renditions(&self) -> PathBuf {
        self.root.join("renditions")
    }

    pub(crate) fn rendition(&self, hash: &Hash, format: RenditionFormat) -> PathBuf {
        let name = format!("{hash}.{}", format.extension());
        self.renditions().join(shelf(hash)).join(name)
    }

    pub(crate) fn openings(&self) -> PathBuf {
        self.root.join("openings")
    }

    /// What proves a rendition against a commitment to pixels.
    pub(crate) fn opening(&self, pixels: &Hash, rendition: &Hash) -> PathBuf {
        self.openings().join(shelf(pixels)).join(format!("{pixels}.{rendition}"))
    }

    /// Published files that a ruling withholds, under the names that they had.
    pub(crate) fn withheld(&self) -> PathBuf {
        self.root.join("withheld")
    }

    pub(crate) fn originals(&self) -> PathBuf {
        self.root.join("originals")
    }

    pub(crate) fn original(&self, commitment: &Hash) -> PathBuf {
        self.originals().join(shelf(commitment)).join(commitment.to_string())
    }
}

/// The subdirectory for a hash: its first byte, so that no directory grows without bound.
pub(crate) fn shelf(hash: &Hash) -> String {
    let [first, ..] = hash.as_bytes();
    format!("{first:02x}")
}
