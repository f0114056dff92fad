//! Keys that sign notes, and the texts they are kept in (signed-note).
//!
//! Public: `name+key id+base64(type, key)`. Private: `PRIVATE+KEY+name+key id+base64(type, seed)`.

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use ed25519_dalek::Signer as _;
use sha2::{Digest, Sha256};
use thiserror::Error;

use crate::hash::decode_hex;
use crate::note::{NoteError, NoteSignature, SignedNote};

/// The type byte of plain Ed25519 note signatures.
const ED25519: u8 = 0x01;
/// The type byte of Ed25519 cosignatures, which sign another message (see [`crate::cosignature`]).
pub(crate) const COSIGNATURE: u8 = 0x04;
const PRIVATE_PREFIX: &str = "PRIVATE+KEY+";
const PUBLIC_FORM: &str = "name+key id+base64";
const PRIVATE_FORM: &str = "PRIVATE+KEY+name+key id+base64";

/// Four bytes that, with the name, say which key made a signature. A label, not a protection: collisions are easily made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct KeyId(pub [u8; 4]);

impl KeyId {
    fn of(name: &str, kind: u8, public_key: &[u8; 32]) -> Self {
        let digest: [u8; 32] =
            Sha256::new().chain_update(name).chain_update([b'\n', kind]).chain_update(public_key).finalize().into();
        let [first, second, third, fourth, ..] = digest;
        Self([first, second, third, fourth])
    }
}

impl fmt::Display for KeyId {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{:08x}", u32::from_be_bytes(self.0))
    }
}

/// Why a text is not a usable key. Never repeats the text: it may be a private key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The parts are not there.
    #[error("this is not a key: expected `{expected}`")]
    Shape {
        /// The form expected.
        expected: &'static str,
    },
    /// The name is empty or holds a space, a plus or a control character.
    #[error("`{name}` cannot be a key's name: it must not be empty nor hold spaces, `+` or control characters")]
    Name {
        /// The name found.
        name: String,
    },
    /// A key of another kind: a witness's in place of a log's, or one of an algorithm that is not used here.
    #[error("the key of `{name}` has the type 0x{found:02x}; {} is expected here", kind_of_key(*.expected))]
    Type {
        /// The key's name.
        name: String,
        /// The type byte expected.
        expected: u8,
        /// The type byte found.
        found: u8,
    },
    /// The id is not the one that follows from name and key: a typing error, most likely.
    #[error("the key of `{name}` does not fit its id {found}: its id would be {expected}")]
    Id {
        /// The key's name.
        name: String,
        /// The id that follows from name and key.
        expected: KeyId,
        /// The id in the text.
        found: KeyId,
    },
    /// Not a point of the curve, or one of the few weak ones.
    #[error("the key of `{name}` is not a valid Ed25519 key")]
    Invalid {
        /// The key's name.
        name: String,
    },
}

/// Whether a text may be the name of a key.
pub(crate) fn is_key_name(name: &str) -> bool {
    !name.is_empty() && !name.contains(|symbol: char| symbol.is_whitespace() || symbol.is_control() || symbol == '+')
}

fn checked_name(name: &str) -> Result<(), KeyError> {
    if is_key_name(name) { Ok(()) } else { Err(KeyError::Name { name: name.chars().take(80).collect() }) }
}

fn kind_of_key(kind: u8) -> &'static str {
    if kind == COSIGNATURE { "0x04 (an Ed25519 witness)" } else { "0x01 (an Ed25519 log or signer)" }
}

/// Splits `name+id+base64` and checks the type byte.
fn parse_parts(text: &str, kind: u8, form: &'static str) -> Result<(String, KeyId, [u8; 32]), KeyError> {
    let shape = || KeyError::Shape { expected: form };
    let mut parts = text.splitn(3, '+');
    let (name, id, key) =
        (parts.next().ok_or_else(shape)?, parts.next().ok_or_else(shape)?, parts.next().ok_or_else(shape)?);
    checked_name(name)?;
    let id = KeyId(decode_hex(id).ok_or_else(shape)?);
    let bytes = BASE64.decode(key).map_err(|_| shape())?;
    match bytes.split_first() {
        Some((&found, key)) if found == kind => Ok((name.to_owned(), id, key.try_into().map_err(|_| shape())?)),
        Some((&found, _)) => Err(KeyError::Type { name: name.to_owned(), expected: kind, found }),
        None => Err(shape()),
    }
}

fn format_key(name: &str, id: KeyId, kind: u8, bytes: &[u8; 32]) -> String {
    let mut typed = vec![kind];
    typed.extend_from_slice(bytes);
    format!("{name}+{id}+{}", BASE64.encode(typed))
}

/// A public key of either kind: what both have in common.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct NamedKey {
    pub(crate) name: String,
    pub(crate) id: KeyId,
    kind: u8,
    key: ed25519_dalek::VerifyingKey,
}

impl NamedKey {
    fn new(name: String, kind: u8, key: ed25519_dalek::VerifyingKey) -> Self {
        Self { id: KeyId::of(&name, kind, key.as_bytes()), name, kind, key }
    }

    pub(crate) fn from_public_bytes(name: &str, kind: u8, bytes: &[u8; 32]) -> Result<Self, KeyError> {
        checked_name(name)?;
        // The library also takes a second way to write some points, under which nobody can sign: those are no keys.
        let is_usable =
            |key: &ed25519_dalek::VerifyingKey| !key.is_weak() && key.to_edwards().compress().to_bytes() == *bytes;
        let key = ed25519_dalek::VerifyingKey::from_bytes(bytes).ok().filter(is_usable);
        let key = key.ok_or_else(|| KeyError::Invalid { name: name.to_owned() })?;
        Ok(Self::new(name.to_owned(), kind, key))
    }

    pub(crate) fn parse(text: &str, kind: u8) -> Result<Self, KeyError> {
        let (name, found, bytes) = parse_parts(text, kind, PUBLIC_FORM)?;
        let key = Self::from_public_bytes(&name, kind, &bytes)?;
        if key.id != found {
            return Err(KeyError::Id { name: key.name, expected: key.id, found });
        }
        Ok(key)
    }

    pub(crate) fn public_bytes(&self) -> [u8; 32] {
        self.key.to_bytes()
    }

    /// Strict: refuses weak keys and malleable signatures.
    pub(crate) fn verifies(&self, message: &[u8], signature: &[u8]) -> bool {
        ed25519_dalek::Signature::from_slice(signature)
            .is_ok_and(|signature| self.key.verify_strict(message, &signature).is_ok())
    }
}

impl fmt::Display for NamedKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&format_key(&self.name, self.id, self.kind, self.key.as_bytes()))
    }
}

/// A private key of either kind.
#[derive(Clone)]
pub(crate) struct NamedSecret {
    pub(crate) public: NamedKey,
    key: ed25519_dalek::SigningKey,
}

impl NamedSecret {
    pub(crate) fn from_seed(name: &str, kind: u8, seed: [u8; 32]) -> Result<Self, KeyError> {
        checked_name(name)?;
        let key = ed25519_dalek::SigningKey::from_bytes(&seed);
        Ok(Self { public: NamedKey::new(name.to_owned(), kind, key.verifying_key()), key })
    }

    pub(crate) fn parse(text: &str, kind: u8) -> Result<Self, KeyError> {
        let parts = text.strip_prefix(PRIVATE_PREFIX).ok_or(KeyError::Shape { expected: PRIVATE_FORM })?;
        let (name, found, seed) = parse_parts(parts, kind, PRIVATE_FORM)?;
        let key = Self::from_seed(&name, kind, seed)?;
        if key.public.id != found {
            return Err(KeyError::Id { name, expected: key.public.id, found });
        }
        Ok(key)
    }

    pub(crate) fn to_secret_text(&self) -> String {
        let NamedKey { name, id, kind, .. } = &self.public;
        format!("{PRIVATE_PREFIX}{}", format_key(name, *id, *kind, self.key.as_bytes()))
    }

    pub(crate) fn sign(&self, message: &[u8]) -> [u8; 64] {
        self.key.sign(message).to_bytes()
    }
}

/// A public key with its name: checks signatures.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyingKey(NamedKey);

impl VerifyingKey {
    /// A key from the 32 bytes of an Ed25519 public key. Refuses what is no point of the curve, or one of the weak ones.
    pub fn from_public_bytes(name: &str, bytes: &[u8; 32]) -> Result<Self, KeyError> {
        NamedKey::from_public_bytes(name, ED25519, bytes).map(Self)
    }

    /// The key's name; a log's key is named like the log.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The 32 bytes of the Ed25519 public key.
    pub fn public_bytes(&self) -> [u8; 32] {
        self.0.public_bytes()
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.0.id
    }

    /// Whether the signature over the text is this key's. Strict: refuses weak keys and malleable signatures.
    pub fn verifies(&self, text: &[u8], signature: &[u8]) -> bool {
        self.0.verifies(text, signature)
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for VerifyingKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        NamedKey::parse(text, ED25519).map(Self)
    }
}

/// A private key with its name: makes signatures. Its text is secret, so it is not shown by `Debug` nor `Display`.
#[derive(Clone)]
pub struct SigningKey {
    secret: NamedSecret,
    public: VerifyingKey,
}

impl SigningKey {
    fn new(secret: NamedSecret) -> Self {
        Self { public: VerifyingKey(secret.public.clone()), secret }
    }

    /// A key from 32 bytes that the caller drew from a good source of randomness.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        NamedSecret::from_seed(name, ED25519, seed).map(Self::new)
    }

    /// The public half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        &self.public
    }

    /// The key's name.
    pub fn name(&self) -> &str {
        self.public.name()
    }

    /// The text to keep in a key file: `PRIVATE+KEY+name+key id+base64`.
    pub fn to_secret_text(&self) -> String {
        self.secret.to_secret_text()
    }

    /// The 64-byte Ed25519 signature over some bytes.
    pub fn sign(&self, text: &[u8]) -> [u8; 64] {
        self.secret.sign(text)
    }

    /// Signs a text as a note.
    pub fn sign_note(&self, text: &str) -> Result<SignedNote, NoteError> {
        let signature = NoteSignature {
            name: self.name().to_owned(),
            key_id: self.public.id(),
            signature: self.sign(text.as_bytes()).to_vec(),
        };
        SignedNote::new(text, vec![signature])
    }
}

impl FromStr for SigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        NamedSecret::parse(text, ED25519).map(Self::new)
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "SigningKey({}+{})", self.name(), self.public.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // The example key pair of the note format's first implementation.
    const PUBLIC: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
    const SECRET: &str = "PRIVATE+KEY+PeterNeumann+c74f20a3+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz";

    #[test]
    fn keys_survive_their_texts() {
        let key: SigningKey = SECRET.parse().unwrap();
        assert_eq!(key.to_secret_text(), SECRET);
        assert_eq!(key.verifying_key().to_string(), PUBLIC);
        assert_eq!(PUBLIC.parse(), Ok(key.verifying_key().clone()));
        assert_eq!(format!("{key:?}"), "SigningKey(PeterNeumann+c74f20a3)");
    }

    #[test]
    fn no_mangled_key_is_accepted() {
        for start in 0..SECRET.len() {
            for end in start..=SECRET.len() {
                assert!((start, end) == (0, SECRET.len()) || SECRET[start..end].parse::<SigningKey>().is_err());
                assert!(SECRET[start..end].parse::<VerifyingKey>().is_err(), "a private key is no public one");
            }
        }
        for place in 0..PUBLIC.len() {
            let mut mangled = PUBLIC.as_bytes().to_vec();
            mangled[place] += 1;
            assert!(String::from_utf8(mangled).unwrap().parse::<VerifyingKey>().is_err(), "byte {place}");
        }
    }

    #[test]
    fn says_what_is_wrong_with_a_key() {
        let parse = |text: &str| text.parse::<VerifyingKey>().unwrap_err().to_string();
        assert_eq!(
            parse("PeterNeumann+173116ae+ZRpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
            "the key of `PeterNeumann` has the type 0x65; 0x01 (an Ed25519 log or signer) is expected here"
        );
        assert_eq!(
            parse("PeterNeumann+00000000+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"),
            "the key of `PeterNeumann` does not fit its id 00000000: its id would be c74f20a3"
        );
        // The neutral point: a weak key, under which anything can be signed.
        let mut neutral = [0; 33];
        (neutral[0], neutral[1]) = (ED25519, 1);
        let text = format!("log+00000000+{}", BASE64.encode(neutral));
        assert_eq!(parse(&text), "the key of `log` is not a valid Ed25519 key");
        assert!(matches!(SigningKey::from_seed("two words", [1; 32]), Err(KeyError::Name { .. })));
        assert!(matches!(SigningKey::from_seed("", [1; 32]), Err(KeyError::Name { .. })));
        assert!(matches!(SigningKey::from_seed("a\u{2003}b", [1; 32]), Err(KeyError::Name { .. })));
    }
}
