//! Masks with proof: anyone can check that what is shown of a sheet is what came in, and that nothing is hidden but what
//! is said to be.
//!
//! Whoever hides parts of a picture could change others on the way, and whoever looks at the result could not tell. So
//! when a picture comes in, before anybody has looked at it, a commitment to its pixels goes into the ledger: the root of
//! a tree over groups of pixels, each with a salt of its own. What is published later is the picture with some groups
//! blank, and an *opening*: the salts of the groups that are shown, and the digests of those that are hidden. From both,
//! anyone computes the root again. Without its salt, a hidden group cannot be found by guessing; with it, released later
//! for a court, the group is proved like all others.
//!
//! A baseline JPEG is committed to as the quantised coefficients that its file holds, since decoders differ in the last
//! bit of a pixel and coefficients do not. Any other picture is decoded once, on arrival, and committed to as samples.
//! `docs/ledger-format.md` specifies every byte.

mod grid;
mod pixels;
mod published;
mod tree;
mod unmask;

use std::fmt;

use sha2::{Digest, Sha256};
use thiserror::Error;

pub use grid::TreeOrder;
pub use pixels::Pixels;
pub use unmask::{Unmasking, UnmaskingError};

use crate::picture::{Format, Limits, PictureError, Rectangle};
use grid::{Hidden, Part};
use tree::{NODE, Tree};

/// Separates commitments to pixels from all other hashes.
const COMMITMENT_DOMAIN: &[u8] = b"testigo pixels v1\n";

/// The first line of an opening.
const OPENING_DOMAIN: &[u8] = b"testigo opening v1\n";

/// The secret from which all salts of one picture follow: 32 random bytes, never used twice. Whoever has it can check a
/// guess about any hidden group; whoever erases it makes the hidden groups unprovable for ever.
#[derive(Clone, PartialEq, Eq)]
pub struct PixelKey(pub [u8; 32]);

impl fmt::Debug for PixelKey {
    /// Does not show it.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("PixelKey(..)")
    }
}

/// What the ledger says of a picture's pixels. It tells nothing about them to whoever does not have the key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PixelCommitment(pub [u8; 32]);

impl fmt::Display for PixelCommitment {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(formatter, "{byte:02x}"))
    }
}

/// What somebody says about a published picture.
#[derive(Clone, Copy, Debug)]
pub struct Published<'a> {
    /// The file.
    pub bytes: &'a [u8],
    /// JPEG or PNG.
    pub format: Format,
    /// Width in pixels as the picture is seen.
    pub width: u32,
    /// Height in pixels as the picture is seen.
    pub height: u32,
    /// What is hidden, in pixels of the picture as it is seen.
    pub masked: &'a [Rectangle],
}

/// Why a published picture is not what was committed to.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum PixelError {
    /// The picture cannot be read.
    #[error(transparent)]
    Picture(#[from] PictureError),
    /// A kind of file that is never published.
    #[error("a {format} is not published; a rendition is a JPEG or a PNG")]
    NotPublished {
        /// The kind.
        format: Format,
    },
    /// The file holds something that the commitment does not cover.
    #[error("at byte {offset} the file holds {what}, which no rendition has")]
    Foreign {
        /// Where, in bytes from the start of the file.
        offset: usize,
        /// What.
        what: String,
    },
    /// The picture has another size than is said.
    #[error("the picture has {found_width} x {found_height} pixels, not {width} x {height}")]
    OtherSize {
        /// As is said.
        width: u32,
        /// As is said.
        height: u32,
        /// As it is.
        found_width: u32,
        /// As it is.
        found_height: u32,
    },
    /// A mask that does not follow the picture's groups.
    #[error("the masked area {area} (width x height + left + top) is not made of whole groups of pixels")]
    NotWhole {
        /// The area.
        area: Rectangle,
    },
    /// Something shows where the picture is said to be hidden.
    #[error("the picture shows something at {area} (width x height + left + top), where it is said to be hidden")]
    NotBlank {
        /// The first group of which that is so.
        area: Rectangle,
    },
    /// Not an opening.
    #[error("the opening is damaged: {what}")]
    Opening {
        /// What is wrong.
        what: String,
    },
    /// Everything is in its form, and the pixels are others.
    #[error(
        "the picture is not the one that came in: with its mask it gives the commitment {found}, the ledger has {expected}"
    )]
    Differs {
        /// What the ledger has.
        expected: PixelCommitment,
        /// What picture, mask and opening give.
        found: PixelCommitment,
    },
}

impl Pixels {
    /// The commitment to these pixels under a key.
    #[must_use]
    pub fn commitment(&self, key: &PixelKey, order: TreeOrder) -> PixelCommitment {
        let root = self.tree(order).digest(self.grid.whole(), &key.0);
        self.commitment_of(&root, order)
    }

    /// The order in which the tree was made over these pixels; `None` when the commitment is not to them under this key.
    #[must_use]
    pub fn order(&self, key: &PixelKey, commitment: &PixelCommitment) -> Option<TreeOrder> {
        TreeOrder::ALL.into_iter().find(|order| self.commitment(key, *order) == *commitment)
    }

    /// The order that makes the opening smaller when these areas, in pixels of the picture as it is seen, are hidden.
    #[must_use]
    pub fn best_order(&self, areas: &[Rectangle]) -> TreeOrder {
        let hidden = Hidden::new(&self.grid, &self.parts(areas));
        let nodes = |order: &TreeOrder| tree::opening_nodes(&self.grid, *order, self.grid.whole(), &hidden);
        TreeOrder::ALL.into_iter().min_by_key(nodes).unwrap_or(TreeOrder::RowsFirst)
    }

    /// The opening that shows everything but the groups that these areas touch. Areas are in pixels of the picture as it
    /// is seen.
    #[must_use]
    pub fn opening(&self, key: &PixelKey, order: TreeOrder, areas: &[Rectangle]) -> Vec<u8> {
        let hidden = Hidden::new(&self.grid, &self.parts(areas));
        let mut opening = [OPENING_DOMAIN, &[order.number()]].concat();
        self.tree(order).open(self.grid.whole(), &key.0, &hidden, &mut opening);
        opening
    }

    fn parts(&self, areas: &[Rectangle]) -> Vec<Part> {
        areas.iter().filter_map(|area| self.grid.touched(*area)).collect()
    }

    fn tree(&self, order: TreeOrder) -> Tree<'_, Self> {
        Tree { grid: &self.grid, order, groups: self }
    }

    fn commitment_of(&self, root: &[u8; NODE], order: TreeOrder) -> PixelCommitment {
        let hash = Sha256::new_with_prefix(COMMITMENT_DOMAIN).chain_update(self.head(order)).chain_update(root);
        PixelCommitment(hash.finalize().into())
    }
}

/// Checks that every visible pixel of a published picture is one that was committed to, and that nothing is hidden but
/// what is said to be. Needs nothing but public data.
///
/// # Errors
/// What is wrong first.
pub fn check(
    published: &Published<'_>,
    commitment: &PixelCommitment,
    opening: &[u8],
    limits: &Limits,
) -> Result<(), PixelError> {
    let damaged = |what: String| PixelError::Opening { what };
    let pixels = Pixels::read_published(published.bytes, published.format, limits)?;
    let Published { width, height, masked, .. } = *published;
    let (found_width, found_height) = pixels.seen_size();
    if (found_width, found_height) != (width, height) {
        return Err(PixelError::OtherSize { width, height, found_width, found_height });
    }
    if let Some(area) = masked.iter().find(|area| pixels.around(**area) != Some(**area)) {
        return Err(PixelError::NotWhole { area: *area });
    }
    let parts = pixels.parts(masked);
    if let Some(area) = parts.iter().find_map(|part| pixels.first_visible(*part)) {
        return Err(PixelError::NotBlank { area });
    }

    let not_one = || damaged(format!("it does not begin with `{}`", OPENING_DOMAIN.escape_ascii()));
    let rest = opening.strip_prefix(OPENING_DOMAIN).ok_or_else(not_one)?;
    let (number, mut nodes) = rest.split_first().ok_or_else(|| damaged("it ends after its first line".to_owned()))?;
    let order = TreeOrder::from_number(*number)
        .ok_or_else(|| damaged(format!("{number} is not the number of an order of the tree")))?;
    let hidden = Hidden::new(&pixels.grid, &parts);
    let whole = pixels.grid.whole();
    let expected = tree::opening_nodes(&pixels.grid, order, whole, &hidden);
    let wrong_length =
        || damaged(format!("{} bytes follow its head; the mask takes {expected} x {NODE}", rest.len() - 1));
    if nodes.len() != expected * NODE {
        return Err(wrong_length());
    }
    let root = pixels.tree(order).close(whole, &hidden, &mut nodes).ok_or_else(wrong_length)?;
    let found = pixels.commitment_of(&root, order);
    if found != *commitment {
        return Err(PixelError::Differs { expected: *commitment, found });
    }
    Ok(())
}
