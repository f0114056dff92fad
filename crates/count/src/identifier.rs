//! Names that carry their meaning in their type, and the hash that names a document.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use sha2::{Digest, Sha256};

/// Why a text cannot be an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a valid {what}: {reason}")]
pub struct IdentifierError {
    /// What the text was to name, for example `station id`.
    pub what: &'static str,
    /// The text as it came, cut to 60 characters.
    pub text: String,
    /// The rule it breaks.
    pub reason: &'static str,
}

/// Whether every identifier type would take the text.
pub(crate) fn is_identifier(text: &str) -> bool {
    check("", text).is_ok()
}

fn check(what: &'static str, text: &str) -> Result<(), IdentifierError> {
    let reason = if text.is_empty() {
        "it is empty"
    } else if text.len() > 64 {
        "it is longer than 64 characters"
    } else if text == "." || text == ".." {
        "it is a relative path"
    } else if !text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte)) {
        "only letters, digits, `.`, `-` and `_` are allowed, so that it can stand in an address"
    } else {
        return Ok(());
    };
    Err(IdentifierError { what, text: text.chars().take(60).collect(), reason })
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $what:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
        #[serde(transparent)]
        pub struct $name(String);

        impl $name {
            /// Takes the text as it is: letters, digits, `.`, `-` and `_`, at most 64 characters.
            ///
            /// # Errors
            /// When the text breaks that rule.
            pub fn new(text: impl Into<String>) -> Result<Self, IdentifierError> {
                let text = text.into();
                check($what, &text)?;
                Ok(Self(text))
            }

            /// The text itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
                formatter.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = IdentifierError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Self::new(text)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }
    };
}

identifier!(
    /// The official code of a station (the unit that makes one tally sheet), as text, zeros kept.
    StationId,
    "station id"
);
identifier!(
    /// The official code of a unit of the geography, unique within its level.
    UnitCode,
    "unit code"
);
identifier!(
    /// One office or question of the election.
    ContestId,
    "contest id"
);
identifier!(
    /// A candidate (or an answer) of a contest.
    CandidateId,
    "candidate id"
);
identifier!(
    /// One line of the ballot.
    SelectionId,
    "selection id"
);
identifier!(
    /// A level of the geography, for example `state`.
    LevelId,
    "level id"
);
identifier!(
    /// A kind of ballots that are for no candidate, for example `null` or `blank`.
    OtherId,
    "kind of other votes"
);
identifier!(
    /// A bulletin's number or short name.
    BulletinId,
    "bulletin"
);
identifier!(
    /// An adjudicator's public name: a pseudonym, chosen with the key.
    KeyName,
    "key name"
);

/// A short word of a machine reader, for example `no-code-found` or `place-1/plain`: lower-case letters, digits, `-` and
/// `/`, at most 64. What is in the ledger stays for ever, so a reader can put no sentence there.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Code(String);

impl Code {
    /// Takes the text as it is.
    ///
    /// # Errors
    /// When the text breaks the rule.
    pub fn new(text: impl Into<String>) -> Result<Self, IdentifierError> {
        let text = text.into();
        let right = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-/".contains(&byte);
        if (1..=64).contains(&text.len()) && text.bytes().all(right) {
            return Ok(Self(text));
        }
        let reason = "1 to 64 lower-case letters, digits, `-` and `/` are expected";
        Err(IdentifierError { what: "code", text: text.chars().take(60).collect(), reason })
    }

    /// The text itself.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Code {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::new(text)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

/// The place of an entry in the ledger, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct EntryIndex(pub u64);

impl fmt::Display for EntryIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

/// SHA-256 of a document, written as 64 lower-case hexadecimal digits.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentHash([u8; 32]);

impl DocumentHash {
    /// The hash of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        Self(Sha256::digest(bytes).into())
    }

    /// A hash known from elsewhere.
    #[must_use]
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// The 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8; 32] {
        &self.0
    }
}

/// The digits of a hash. Every entry of a results file names one, so writing them must be quick.
pub(crate) struct Hexadecimal([u8; 64]);

impl Hexadecimal {
    pub fn of(hash: &DocumentHash) -> Self {
        let digit = |half: u8| if half < 10 { b'0' + half } else { b'a' + half - 10 };
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(hash.0) {
            pair.copy_from_slice(&[digit(byte >> 4), digit(byte & 15)]);
        }
        Self(digits)
    }

    pub fn as_str(&self) -> &str {
        // Digits are ASCII.
        std::str::from_utf8(&self.0).unwrap_or_default()
    }
}

impl fmt::Display for DocumentHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(Hexadecimal::of(self).as_str())
    }
}

impl fmt::Debug for DocumentHash {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

impl FromStr for DocumentHash {
    type Err = IdentifierError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let refuse = || IdentifierError {
            what: "hash",
            text: text.chars().take(60).collect(),
            reason: "64 lower-case hexadecimal digits are expected",
        };
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Ok(byte - b'0'),
            b'a'..=b'f' => Ok(byte - b'a' + 10),
            _ => Err(refuse()),
        };
        let mut bytes = [0; 32];
        if text.len() != 64 {
            return Err(refuse());
        }
        for (byte, pair) in bytes.iter_mut().zip(text.as_bytes().chunks_exact(2)) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Ok(Self(bytes))
    }
}

impl Serialize for DocumentHash {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(Hexadecimal::of(self).as_str())
    }
}

impl<'de> Deserialize<'de> for DocumentHash {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}
