//! Private keys in files: as they are, or locked with a passphrase.
//!
//! A locked file is a text of four lines: `testigo locked key v1`; the public key; `argon2id`, memory in KiB, passes, lanes and 16 bytes of salt in
//! base64; and, in base64, 24 bytes of nonce followed by the private key's text under XChaCha20-Poly1305, with the first three lines as associated
//! data. Argon2id (RFC 9106) makes the 32-byte key from the passphrase.

use std::path::{Path, PathBuf};

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chacha20poly1305::aead::{Aead, Payload};
use chacha20poly1305::{KeyInit, XChaCha20Poly1305};
use testigo_ledger::{SigningKey, VerifyingKey};

use crate::error::ArchiveError;
use crate::files::{Visibility, read_if_there, replace};
use crate::signer::random_bytes;

const FIRST_LINE: &str = "testigo locked key v1";
/// The second of the costs that RFC 9106 recommends: 64 MiB, three passes. Lanes are computed one after the other here.
const MEMORY: u32 = 64 * 1024;
const PASSES: u32 = 3;
const LANES: u32 = 1;
/// A file may not ask for more, in KiB and passes.
const MOST_MEMORY: u32 = 1024 * 1024;
const MOST_PASSES: u32 = 64;

/// A key as its file holds it.
#[derive(Debug)]
pub enum StoredKey {
    /// Ready to sign.
    Open(Box<SigningKey>),
    /// It needs its passphrase.
    Locked(Box<LockedKey>),
}

/// A private key under a passphrase.
#[derive(Debug)]
pub struct LockedKey {
    path: PathBuf,
    /// What the file says of its public half; checked when it is unlocked.
    public: VerifyingKey,
    associated: String,
    costs: [u32; 3],
    salt: Vec<u8>,
    sealed: Vec<u8>,
}

impl StoredKey {
    /// Reads a key file of either kind.
    pub fn read(path: &Path) -> Result<Self, ArchiveError> {
        let bytes = read_if_there(path)?.ok_or_else(|| ArchiveError::KeyMissing { path: path.to_owned() })?;
        let text = String::from_utf8(bytes).unwrap_or_default();
        let invalid = |source| ArchiveError::KeyInvalid { path: path.to_owned(), source };
        if !text.starts_with(FIRST_LINE) {
            return text.trim_end().parse().map(|key| Self::Open(Box::new(key))).map_err(invalid);
        }
        let damaged = || ArchiveError::LockedKeyDamaged { path: path.to_owned() };
        let lines: Vec<&str> = text.lines().collect();
        let [_, public, costs, sealed] = lines[..] else { return Err(damaged()) };
        let words: Vec<&str> = costs.split(' ').collect();
        let ["argon2id", memory, passes, lanes, salt] = words[..] else { return Err(damaged()) };
        let number = |word: &str| word.parse::<u32>().map_err(|_| damaged());
        let costs = [number(memory)?, number(passes)?, number(lanes)?];
        if costs[0] > MOST_MEMORY || costs[1] > MOST_PASSES || costs[2] > 16 {
            return Err(damaged());
        }
        let decode = |text: &str| BASE64.decode(text).map_err(|_| damaged());
        Ok(Self::Locked(Box::new(LockedKey {
            path: path.to_owned(),
            public: public.parse().map_err(invalid)?,
            associated: lines[..3].join("\n"),
            costs,
            salt: decode(salt)?,
            sealed: decode(sealed)?,
        })))
    }

    /// The public half.
    pub fn verifying_key(&self) -> &VerifyingKey {
        match self {
            Self::Open(key) => key.verifying_key(),
            Self::Locked(locked) => &locked.public,
        }
    }
}

impl LockedKey {
    /// Opens it with the passphrase.
    pub fn unlock(&self, passphrase: &str) -> Result<SigningKey, ArchiveError> {
        let wrong = || ArchiveError::WrongPassphrase { path: self.path.clone() };
        let cipher = cipher(passphrase, self.costs, &self.salt).ok_or_else(wrong)?;
        let (nonce, sealed) = self.sealed.split_first_chunk::<24>().ok_or_else(wrong)?;
        let payload = Payload { msg: sealed, aad: self.associated.as_bytes() };
        let text = cipher.decrypt(nonce.into(), payload).ok().and_then(|bytes| String::from_utf8(bytes).ok());
        let key: SigningKey = text.ok_or_else(wrong)?.parse().map_err(|_| wrong())?;
        if *key.verifying_key() == self.public { Ok(key) } else { Err(wrong()) }
    }
}

/// Makes a new private key in a new file that only its owner can read, locked with the passphrase where one is given.
pub fn create_key_file(path: &Path, name: &str, passphrase: Option<&str>) -> Result<SigningKey, ArchiveError> {
    let key = SigningKey::from_seed(name, random_bytes()?)
        .map_err(|source| ArchiveError::KeyInvalid { path: path.to_owned(), source })?;
    if path.exists() {
        return Err(ArchiveError::KeyExists { path: path.to_owned() });
    }
    let text = match passphrase {
        None => format!("{}\n", key.to_secret_text()),
        Some(passphrase) => locked(path, &key, passphrase)?,
    };
    let mut temporary = path.as_os_str().to_owned();
    temporary.push(".new");
    replace(path, Path::new(&temporary), text.as_bytes(), Visibility::Private)?;
    Ok(key)
}

fn locked(path: &Path, key: &SigningKey, passphrase: &str) -> Result<String, ArchiveError> {
    let failed = || ArchiveError::LockedKeyDamaged { path: path.to_owned() };
    let (random, nonce) = (random_bytes()?, random_bytes()?);
    let (Some((salt, _)), Some((nonce, _))) = (random.split_first_chunk::<16>(), nonce.split_first_chunk::<24>())
    else {
        return Err(failed());
    };
    let costs = [MEMORY, PASSES, LANES];
    let associated =
        format!("{FIRST_LINE}\n{}\nargon2id {MEMORY} {PASSES} {LANES} {}", key.verifying_key(), BASE64.encode(salt));
    let cipher = cipher(passphrase, costs, salt).ok_or_else(failed)?;
    let secret = key.to_secret_text();
    let payload = Payload { msg: secret.as_bytes(), aad: associated.as_bytes() };
    let sealed = cipher.encrypt(nonce.into(), payload).map_err(|_| failed())?;
    Ok(format!("{associated}\n{}\n", BASE64.encode([&nonce[..], &sealed].concat())))
}

fn cipher(passphrase: &str, [memory, passes, lanes]: [u32; 3], salt: &[u8]) -> Option<XChaCha20Poly1305> {
    let params = Params::new(memory, passes, lanes, Some(32)).ok()?;
    let mut key = [0; 32];
    let made = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    made.hash_password_into(passphrase.as_bytes(), salt, &mut key).ok()?;
    XChaCha20Poly1305::new_from_slice(&key).ok()
}
