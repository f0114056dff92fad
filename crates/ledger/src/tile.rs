//! The ledger's files: which hashes or entries a file holds, what it is called, and how entries are packed into a bundle (tlog-tiles).
//!
//! A tile holds up to 256 hashes of one level of the tree, eight levels apart; an entry bundle holds the up to 256 entries
//! whose leaves are in the tile of level 0 with the same number. A tile with fewer than 256 is partial and says so in its name.

use std::fmt;
use std::num::NonZeroU16;
use std::str::FromStr;

use thiserror::Error;

use crate::hash::Hash;
use crate::position::TreeSize;

/// Hashes in a full tile and entries in a full bundle.
pub const FULL_WIDTH: u16 = 256;
/// Levels of the tree that one tile spans: 256 = 2^8.
pub const LEVELS_PER_TILE: u8 = 8;
/// The largest entry, in bytes: its length is written in two.
pub const LONGEST_ENTRY: usize = 65_535;
/// The highest level a name may have. Levels above 7 are empty for any size below 2^64.
const HIGHEST_LEVEL: u8 = 63;

/// How many hashes or entries a tile holds: 1 to 256.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TileWidth(NonZeroU16);

impl TileWidth {
    /// The width of a full tile.
    pub const FULL: Self = match NonZeroU16::new(FULL_WIDTH) {
        Some(width) => Self(width),
        None => unreachable!(),
    };

    /// A width, if between 1 and 256.
    pub fn new(width: u64) -> Option<Self> {
        let width = u16::try_from(width).ok().filter(|width| *width <= FULL_WIDTH)?;
        NonZeroU16::new(width).map(Self)
    }

    /// The number of hashes or entries.
    pub fn get(self) -> u16 {
        self.0.get()
    }

    /// Whether nothing can be added any more.
    pub fn is_full(self) -> bool {
        self == Self::FULL
    }
}

/// What a tile holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TileContent {
    /// Hashes of complete subtrees over 256^level entries each.
    Hashes {
        /// 0 to 63.
        level: u8,
    },
    /// Entries, length-prefixed.
    Entries,
}

/// The name of one file of the ledger, relative to the ledger's root: `tile/<L>/<N>[.p/<W>]` or `tile/entries/<N>[.p/<W>]`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TilePath {
    content: TileContent,
    number: u64,
    width: TileWidth,
}

impl TilePath {
    /// The bundle with this number.
    pub fn entries(number: u64, width: TileWidth) -> Self {
        Self { content: TileContent::Entries, number, width }
    }

    /// The hash tile at this place; `None` if the level is above 63.
    pub fn hashes(level: u8, number: u64, width: TileWidth) -> Option<Self> {
        (level <= HIGHEST_LEVEL).then_some(Self { content: TileContent::Hashes { level }, number, width })
    }

    /// What the file holds.
    pub fn content(&self) -> TileContent {
        self.content
    }

    /// The file's number within its level, from 0.
    pub fn number(&self) -> u64 {
        self.number
    }

    /// How many hashes or entries the file holds.
    pub fn width(&self) -> TileWidth {
        self.width
    }

    /// The same tile once it is full.
    pub fn full(&self) -> Self {
        Self { width: TileWidth::FULL, ..*self }
    }

    /// The names of all files of a ledger of this size: bundles first, then hash tiles from the leaves up, each in order.
    pub fn all(size: TreeSize) -> impl Iterator<Item = Self> {
        let bundles = row(size.0).map(|(number, width)| Self::entries(number, width));
        let tiles = (0..LEVELS_PER_TILE).flat_map(move |level| {
            row(hashes_at(size, level)).map(move |(number, width)| Self {
                content: TileContent::Hashes { level },
                number,
                width,
            })
        });
        bundles.chain(tiles)
    }
}

/// How many hashes stand at a tile level in a tree of this size: the complete subtrees of 256^level entries.
pub(crate) fn hashes_at(size: TreeSize, level: u8) -> u64 {
    size.0.checked_shr(u32::from(level) * u32::from(LEVELS_PER_TILE)).unwrap_or(0)
}

/// The tiles that hold `count` hashes or entries: number and width.
pub(crate) fn row(count: u64) -> impl Iterator<Item = (u64, TileWidth)> {
    let full = count / u64::from(FULL_WIDTH);
    let partial = TileWidth::new(count % u64::from(FULL_WIDTH)).map(|width| (full, width));
    (0..full).map(|number| (number, TileWidth::FULL)).chain(partial)
}

impl fmt::Display for TilePath {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.content {
            TileContent::Hashes { level } => write!(formatter, "tile/{level}/")?,
            TileContent::Entries => write!(formatter, "tile/entries/")?,
        }
        let mut groups = vec![self.number % 1000];
        let mut rest = self.number / 1000;
        while rest > 0 {
            groups.push(rest % 1000);
            rest /= 1000;
        }
        for (place, group) in groups.iter().enumerate().rev() {
            if place > 0 {
                write!(formatter, "x{group:03}/")?;
            } else {
                write!(formatter, "{group:03}")?;
            }
        }
        if !self.width.is_full() {
            write!(formatter, ".p/{}", self.width.get())?;
        }
        Ok(())
    }
}

/// Why a text does not name a file of the ledger.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error(
    "`{path}` does not name a tile: `tile/<level>/<number>` or `tile/entries/<number>`, with `.p/<width>` when partial, is expected"
)]
pub struct TilePathError {
    /// What was found.
    pub path: String,
}

impl FromStr for TilePath {
    type Err = TilePathError;

    fn from_str(path: &str) -> Result<Self, TilePathError> {
        // Only the canonical spelling counts, so that a file has one name.
        parse_loosely(path)
            .filter(|parsed| parsed.to_string() == path)
            .ok_or_else(|| TilePathError { path: path.chars().take(200).collect() })
    }
}

fn parse_loosely(path: &str) -> Option<TilePath> {
    let (content, rest) = path.strip_prefix("tile/")?.split_once('/')?;
    let content = match content {
        "entries" => TileContent::Entries,
        level => TileContent::Hashes { level: level.parse().ok().filter(|level| *level <= HIGHEST_LEVEL)? },
    };
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, TileWidth::new(width.parse().ok()?).filter(|width| !width.is_full())?),
        None => (rest, TileWidth::FULL),
    };
    let mut value = 0u64;
    for group in number.split('/') {
        let digits = group.strip_prefix('x').unwrap_or(group);
        let group: u64 = digits.parse().ok().filter(|_| digits.len() == 3)?;
        value = value.checked_mul(1000)?.checked_add(group)?;
    }
    Some(TilePath { content, number: value, width })
}

/// Appends one entry to the bytes of a bundle; `None` if it is longer than 65,535 bytes.
pub(crate) fn push_entry(bundle: &mut Vec<u8>, entry: &[u8]) -> Option<()> {
    let length = u16::try_from(entry.len()).ok()?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Some(())
}

/// Why the bytes of a bundle or tile are not what its name says.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BundleError {
    /// The bytes end inside an entry or its length.
    #[error("the bundle ends inside its entry number {entry} (from 0), at byte {at}")]
    Truncated {
        /// Which entry of the bundle, from 0.
        entry: usize,
        /// Where that entry's length prefix starts.
        at: usize,
    },
    /// Fewer or more entries than the name says.
    #[error("the bundle holds {found} entries where {expected} were expected")]
    WrongCount {
        /// From the name.
        expected: usize,
        /// In the bytes.
        found: usize,
    },
    /// A hash tile is not 32 bytes times its width.
    #[error("the tile is {found} bytes long where {expected} were expected")]
    WrongLength {
        /// 32 bytes times the width.
        expected: usize,
        /// The length found.
        found: usize,
    },
}

/// Takes a bundle apart into its entries. The bytes must hold exactly `width` entries and nothing else.
pub fn parse_bundle(bytes: &[u8], width: TileWidth) -> Result<Vec<&[u8]>, BundleError> {
    let expected = usize::from(width.get());
    let entries = parse_entries(bytes)?;
    if entries.len() != expected {
        return Err(BundleError::WrongCount { expected, found: entries.len() });
    }
    Ok(entries)
}

fn parse_entries(bytes: &[u8]) -> Result<Vec<&[u8]>, BundleError> {
    let mut entries = Vec::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let truncated = BundleError::Truncated { entry: entries.len(), at: bytes.len() - rest.len() };
        let Some((length, tail)) = rest.split_first_chunk::<2>() else {
            return Err(truncated);
        };
        let Some((entry, tail)) = tail.split_at_checked(usize::from(u16::from_be_bytes(*length))) else {
            return Err(truncated);
        };
        entries.push(entry);
        rest = tail;
    }
    Ok(entries)
}

/// Takes a hash tile apart. The bytes must hold exactly `width` hashes.
pub fn parse_hashes(bytes: &[u8], width: TileWidth) -> Result<Vec<Hash>, BundleError> {
    let expected = usize::from(width.get()) * Hash::LENGTH;
    let (hashes, rest) = bytes.as_chunks::<{ Hash::LENGTH }>();
    if !rest.is_empty() || bytes.len() != expected {
        return Err(BundleError::WrongLength { expected, found: bytes.len() });
    }
    Ok(hashes.iter().map(|hash| Hash(*hash)).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_files_as_the_specification_says() {
        let width = |width| TileWidth::new(width).unwrap();
        for (path, text) in [
            (TilePath::hashes(0, 0, width(256)).unwrap(), "tile/0/000"),
            (TilePath::hashes(1, 1_234_067, width(256)).unwrap(), "tile/1/x001/x234/067"),
            (TilePath::hashes(63, 999, width(1)).unwrap(), "tile/63/999.p/1"),
            (TilePath::entries(1000, width(255)), "tile/entries/x001/000.p/255"),
            (TilePath::entries(u64::MAX, width(256)), "tile/entries/x018/x446/x744/x073/x709/x551/615"),
        ] {
            assert_eq!(path.to_string(), text);
            assert_eq!(text.parse(), Ok(path));
        }
    }

    #[test]
    fn refuses_any_other_spelling() {
        for wrong in [
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/+1/000",
            "tile/64/000",
            "tile/-1/000",
            "tile/data/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/x000",
            "tile/0/x000/005",
            "tile/0/001/005",
            "tile/0/x001/x005",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/0",
            "tile/0/000.p/256",
            "tile/0/000.p/01",
            "tile/0/000.p/+1",
            "tile/0/000/",
            "/tile/0/000",
            "tile/0/../000",
            "tile/0/000.p/1/x",
            "tile/0/x018/x446/x744/x073/x709/x551/616",
            "tile/0/x999/x999/x999/x999/x999/x999/x999/999",
            "tile/0/+12",
            "tile/0/é00",
            "",
        ] {
            assert!(wrong.parse::<TilePath>().is_err(), "{wrong}");
        }
    }

    /// The worked example of tlog-tiles.
    #[test]
    fn lists_the_tiles_of_a_tree_of_70000() {
        let paths: Vec<String> = TilePath::all(TreeSize(70_000)).map(|path| path.to_string()).collect();
        let starting = |prefix: &str| paths.iter().filter(|path| path.starts_with(prefix)).cloned().collect::<Vec<_>>();
        assert_eq!(starting("tile/0/").len(), 274);
        assert_eq!(starting("tile/0/").last().unwrap(), "tile/0/273.p/112");
        assert_eq!(starting("tile/1/"), ["tile/1/000", "tile/1/001.p/17"]);
        assert_eq!(starting("tile/2/"), ["tile/2/000.p/1"]);
        assert_eq!(starting("tile/entries/").len(), 274);
        assert_eq!(paths.len(), 274 + 274 + 3);
        assert_eq!(TilePath::all(TreeSize(0)).count(), 0);
        let full: Vec<String> = TilePath::all(TreeSize(256)).map(|path| path.to_string()).collect();
        assert_eq!(full, ["tile/entries/000", "tile/0/000", "tile/1/000.p/1"]);
    }

    #[test]
    fn takes_bundles_apart_exactly() {
        let two = TileWidth::new(2).unwrap();
        let long = vec![7; LONGEST_ENTRY];
        let mut bundle = Vec::new();
        push_entry(&mut bundle, b"a").unwrap();
        push_entry(&mut bundle, &long).unwrap();
        assert_eq!(&bundle[..5], [0, 1, b'a', 0xff, 0xff]);
        assert_eq!(parse_bundle(&bundle, two), Ok(vec![&b"a"[..], &long]));
        assert_eq!(push_entry(&mut bundle.clone(), &vec![7; LONGEST_ENTRY + 1]), None);

        assert_eq!(parse_bundle(&bundle[..bundle.len() - 1], two), Err(BundleError::Truncated { entry: 1, at: 3 }));
        assert_eq!(parse_bundle(&bundle[..4], two), Err(BundleError::Truncated { entry: 1, at: 3 }));
        assert_eq!(parse_bundle(&bundle[..3], two), Err(BundleError::WrongCount { expected: 2, found: 1 }));
        bundle.extend([0, 0]);
        assert_eq!(parse_bundle(&bundle, two), Err(BundleError::WrongCount { expected: 2, found: 3 }));
        assert_eq!(parse_hashes(&[0; 63], two), Err(BundleError::WrongLength { expected: 64, found: 63 }));
    }
}
