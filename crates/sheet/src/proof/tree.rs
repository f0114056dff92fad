//! The tree over a picture's groups. From one secret key every group gets a seed, its salt; going up, every part gets a
//! digest. A part that is shown is opened by its seed alone, one that is hidden by its digest, so an opening grows with
//! the edge of what is hidden and not with the picture.

use sha2::{Digest, Sha256};

use super::grid::{Grid, Hidden, Part, TreeOrder};

/// The bytes of a seed or a digest.
pub(super) const NODE: usize = 32;

type Node = [u8; NODE];

/// First bytes of what is hashed, so that no hash can be taken for one of another kind.
const LEFT_SEED: u8 = 0x10;
const RIGHT_SEED: u8 = 0x11;
const GROUP: u8 = 0x12;
const INNER: u8 = 0x13;

/// Where the tree gets the bytes of a group.
pub(super) trait Groups {
    /// Appends the canonical bytes of the group in this column and row.
    fn write(&self, column: u32, row: u32, out: &mut Vec<u8>);
}

/// A walk through a tree of one shape.
pub(super) struct Tree<'a, G> {
    pub(super) grid: &'a Grid,
    pub(super) order: TreeOrder,
    pub(super) groups: &'a G,
}

impl<G: Groups> Tree<'_, G> {
    /// The digest of a part from its seed.
    pub(super) fn digest(&self, part: Part, seed: &Node) -> Node {
        self.digest_with(part, seed, &mut Vec::new())
    }

    fn digest_with(&self, part: Part, seed: &Node, buffer: &mut Vec<u8>) -> Node {
        if part.is_one() {
            buffer.clear();
            buffer.push(GROUP);
            buffer.extend_from_slice(seed);
            self.groups.write(part.left, part.top, buffer);
            return Sha256::digest(&buffer).into();
        }
        let (one, other) = part.halves(self.grid, self.order);
        let one = self.digest_with(one, &hash(LEFT_SEED, &[seed]), buffer);
        let other = self.digest_with(other, &hash(RIGHT_SEED, &[seed]), buffer);
        hash(INNER, &[&one, &other])
    }

    /// Appends the opening of a part: seeds of what is shown, digests of what is hidden, from left to right.
    pub(super) fn open(&self, part: Part, seed: &Node, hidden: &Hidden, out: &mut Vec<u8>) {
        match hidden.count(part) {
            0 => out.extend_from_slice(seed),
            count if count == part.width * part.height => out.extend_from_slice(&self.digest(part, seed)),
            _ => {
                let (one, other) = part.halves(self.grid, self.order);
                self.open(one, &hash(LEFT_SEED, &[seed]), hidden, out);
                self.open(other, &hash(RIGHT_SEED, &[seed]), hidden, out);
            }
        }
    }

    /// The digest of a part from its opening, of which as much is taken as the part needs; `None` when it is too short.
    pub(super) fn close(&self, part: Part, hidden: &Hidden, opening: &mut &[u8]) -> Option<Node> {
        let count = hidden.count(part);
        if count == 0 || count == part.width * part.height {
            let (node, rest) = opening.split_first_chunk::<NODE>()?;
            *opening = rest;
            return Some(if count == 0 { self.digest(part, node) } else { *node });
        }
        let (one, other) = part.halves(self.grid, self.order);
        let one = self.close(one, hidden, opening)?;
        let other = self.close(other, hidden, opening)?;
        Some(hash(INNER, &[&one, &other]))
    }
}

/// How many seeds and digests the opening of a part has.
pub(super) fn opening_nodes(grid: &Grid, order: TreeOrder, part: Part, hidden: &Hidden) -> usize {
    let count = hidden.count(part);
    if count == 0 || count == part.width * part.height {
        return 1;
    }
    let (one, other) = part.halves(grid, order);
    opening_nodes(grid, order, one, hidden) + opening_nodes(grid, order, other, hidden)
}

fn hash(kind: u8, nodes: &[&Node]) -> Node {
    nodes.iter().fold(Sha256::new_with_prefix([kind]), |hash, node| hash.chain_update(node)).finalize().into()
}
