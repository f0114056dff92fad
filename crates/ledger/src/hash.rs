//! The hashes of the Merkle tree (RFC 6962, section 2.1): SHA-256, with leaves and nodes kept apart by a first byte.

use std::fmt;
use std::str::FromStr;

use sha2::{Digest, Sha256};
use thiserror::Error;

/// Put before an entry's bytes, so that no entry can pass for a node.
const LEAF_PREFIX: [u8; 1] = [0x00];
/// Put before two children's hashes.
const NODE_PREFIX: [u8; 1] = [0x01];

/// A SHA-256 hash. Written and parsed as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hash(pub [u8; 32]);

impl Hash {
    /// Bytes in a hash.
    pub const LENGTH: usize = 32;

    /// The plain SHA-256 of some bytes, by which documents and files are named. Not a hash of the tree.
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// The hash's bytes.
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The hash of one entry's bytes as a leaf.
pub fn leaf_hash(entry: &[u8]) -> Hash {
    Hash(Sha256::new().chain_update(LEAF_PREFIX).chain_update(entry).finalize().into())
}

/// The hash of an inner node over its two children.
pub fn node_hash(left: &Hash, right: &Hash) -> Hash {
    Hash(Sha256::new().chain_update(NODE_PREFIX).chain_update(left.0).chain_update(right.0).finalize().into())
}

/// The root of the tree without entries: the hash of nothing.
pub fn empty_root() -> Hash {
    Hash::of(&[])
}

/// The root over a row of nodes of which all but the last are complete and of equal height, the last of that height or lower.
/// `None` for an empty row.
pub(crate) fn root_over(nodes: &[Hash]) -> Option<Hash> {
    match nodes {
        [] => None,
        [only] => Some(*only),
        _ => {
            // The largest power of two below the length: where RFC 6962 splits.
            let (left, right) = nodes.split_at(nodes.len().next_power_of_two() / 2);
            Some(node_hash(&root_over(left)?, &root_over(right)?))
        }
    }
}

impl fmt::Display for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for byte in self.0 {
            write!(formatter, "{byte:02x}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "Hash({self})")
    }
}

/// Why a text is not a hash.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{text}` is not a hash: 64 hexadecimal digits in lower case are expected")]
pub struct HashParseError {
    /// What was found.
    pub text: String,
}

impl FromStr for Hash {
    type Err = HashParseError;

    fn from_str(text: &str) -> Result<Self, HashParseError> {
        decode_hex(text).map(Self).ok_or_else(|| HashParseError { text: text.chars().take(80).collect() })
    }
}

/// Lower-case hexadecimal of exactly `LENGTH` bytes.
pub(crate) fn decode_hex<const LENGTH: usize>(text: &str) -> Option<[u8; LENGTH]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let (pairs, rest) = text.as_bytes().as_chunks::<2>();
    if !rest.is_empty() || pairs.len() != LENGTH {
        return None;
    }
    let mut bytes = [0; LENGTH];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Known answers: SHA-256 of nothing, of 0x00, and RFC 6962's empty leaf.
    #[test]
    fn hashes_as_the_standard_says() {
        assert_eq!(empty_root().to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
        assert_eq!(leaf_hash(b"").to_string(), "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d");
    }

    #[test]
    fn parses_only_what_it_writes() {
        let hash = leaf_hash(b"entry");
        assert_eq!(hash.to_string().parse(), Ok(hash));
        let text = hash.to_string();
        for wrong in [&text[1..], &text.to_uppercase(), &format!("{text}0"), &text.replace(&text[..1], "g"), "", "é"] {
            assert!(wrong.parse::<Hash>().is_err(), "{wrong}");
        }
    }
}
