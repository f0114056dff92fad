//! Cosignatures: a witness states that, at a time, a checkpoint was the largest it had seen of a log, and continued all earlier ones
//! (tlog-cosignature, version 1, Ed25519).
//!
//! A cosignature is a line of the checkpoint's note: 4 bytes of key id, 8 of time (seconds since 1970, big-endian), 64 of signature.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

use crate::key::{COSIGNATURE, KeyError, KeyId, NamedKey, NamedSecret};
use crate::note::{NoteSignature, SignedNote};

/// Times beyond this do not exist (2^63 - 1).
const LATEST_TIME: u64 = u64::MAX >> 1;

/// When a witness signed, in seconds since 1970-01-01 00:00 UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CosignatureTime(pub u64);

/// A witness's public key with its name, in the form `name+key id+base64(0x04, key)`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CosignerKey(NamedKey);

/// A witness's private key.
#[derive(Clone)]
pub struct CosigningKey {
    secret: NamedSecret,
    public: CosignerKey,
}

/// A line with the name and id of a known witness that is not its cosignature.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("the cosignature of `{name}` ({key_id}) is wrong: the checkpoint was changed or another key signed it")]
pub struct WrongCosignature {
    /// The witness's name.
    pub name: String,
    /// Its key's id.
    pub key_id: KeyId,
}

impl CosignerKey {
    /// The witness's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// The key's id.
    pub fn id(&self) -> KeyId {
        self.0.id
    }

    /// The 32 bytes of the Ed25519 public key.
    pub fn public_bytes(&self) -> [u8; 32] {
        self.0.public_bytes()
    }

    /// When this witness cosigned the checkpoint: the latest time, if it did so more than once. `None` if it did not.
    pub fn cosigned(&self, checkpoint: &SignedNote) -> Result<Option<CosignatureTime>, WrongCosignature> {
        let mut latest = None;
        for line in checkpoint.lines_of(self.name(), self.id()) {
            let time = self.time_of(checkpoint.text(), &line.signature);
            latest = latest
                .max(Some(time.ok_or_else(|| WrongCosignature { name: line.name.clone(), key_id: line.key_id })?));
        }
        Ok(latest)
    }

    fn time_of(&self, checkpoint: &str, signature: &[u8]) -> Option<CosignatureTime> {
        let (time, signature) = signature.split_first_chunk::<8>()?;
        let time = CosignatureTime(u64::from_be_bytes(*time));
        (time.0 <= LATEST_TIME && self.0.verifies(&message(checkpoint, time), signature)).then_some(time)
    }
}

/// What is signed: a fixed line, the time, and the checkpoint's whole text.
fn message(checkpoint: &str, time: CosignatureTime) -> Vec<u8> {
    format!("cosignature/v1\ntime {}\n{checkpoint}", time.0).into_bytes()
}

impl CosigningKey {
    /// A key from 32 bytes that the caller drew from a good source of randomness. One key serves one witness: a cosignature does not bind
    /// the witness's name.
    pub fn from_seed(name: &str, seed: [u8; 32]) -> Result<Self, KeyError> {
        NamedSecret::from_seed(name, COSIGNATURE, seed).map(Self::new)
    }

    fn new(secret: NamedSecret) -> Self {
        Self { public: CosignerKey(secret.public.clone()), secret }
    }

    /// The public half.
    pub fn cosigner_key(&self) -> &CosignerKey {
        &self.public
    }

    /// The text to keep in a key file: `PRIVATE+KEY+name+key id+base64`.
    pub fn to_secret_text(&self) -> String {
        self.secret.to_secret_text()
    }

    /// The signature line for a checkpoint's text. The caller has seen that it continues every checkpoint of the log it ever cosigned, and
    /// has recorded it; [`crate::witness`] does both.
    pub fn cosign(&self, checkpoint: &str, time: CosignatureTime) -> NoteSignature {
        let time = CosignatureTime(time.0.min(LATEST_TIME));
        let signature = self.secret.sign(&message(checkpoint, time));
        NoteSignature {
            name: self.public.name().to_owned(),
            key_id: self.public.id(),
            signature: [&time.0.to_be_bytes()[..], &signature].concat(),
        }
    }
}

impl fmt::Display for CosignerKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}

impl FromStr for CosignerKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        NamedKey::parse(text, COSIGNATURE).map(Self)
    }
}

impl FromStr for CosigningKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        NamedSecret::parse(text, COSIGNATURE).map(Self::new)
    }
}

impl fmt::Debug for CosigningKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CosigningKey({}+{})", self.public.name(), self.public.id())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::{SigningKey, VerifyingKey};

    const TEXT: &str = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
    /// The specification's example, whose key is not given there: the form can be held against it.
    const SPECIFIED_LINE: &str = "— witness.example.com/w1 jWbPPwAAAABkGFDLEZMHwSRaJNiIDoe9DYn/zXcrtPHeolMI5OWXEhZCB9dlrDJsX3b2oyin1nPZqhf5nNo0xUe+mbIUBkBIfZ+qnA==\n";

    fn key() -> CosigningKey {
        CosigningKey::from_seed("witness.example/w1", [5; 32]).unwrap()
    }

    fn note(lines: impl IntoIterator<Item = NoteSignature>) -> SignedNote {
        SignedNote::new(TEXT, lines.into_iter().collect()).unwrap()
    }

    #[test]
    fn a_line_has_the_specified_form() {
        let specified = SignedNote::parse(format!("{TEXT}\n{SPECIFIED_LINE}").as_bytes()).unwrap();
        let line = &specified.signatures()[0];
        assert_eq!(line.signature.len() + 4, 76);
        assert_eq!(line.signature[..8], 1_679_315_147u64.to_be_bytes());
        let ours = key().cosign(TEXT, CosignatureTime(1_679_315_147));
        assert_eq!((ours.signature.len(), &ours.signature[..8]), (72, &line.signature[..8]));
        let expected = b"cosignature/v1\ntime 1679315147\nexample.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n";
        assert_eq!(message(TEXT, CosignatureTime(1_679_315_147)), expected);
    }

    #[test]
    fn the_latest_of_several_times_counts_and_one_wrong_line_spoils_all() {
        let key = key();
        let public = key.cosigner_key();
        let line = |time| key.cosign(TEXT, CosignatureTime(time));
        assert_eq!(public.cosigned(&note([line(7), line(9), line(8)])), Ok(Some(CosignatureTime(9))));
        let other = CosigningKey::from_seed("witness.example/w2", [5; 32]).unwrap();
        assert_eq!(public.cosigned(&note([other.cosign(TEXT, CosignatureTime(7))])), Ok(None));

        let mut damaged = vec![Vec::new()];
        for place in 0..72 {
            let mut signature = line(7).signature;
            signature[place] ^= 1;
            damaged.push(signature);
        }
        damaged.push(line(7).signature[8..].to_vec());
        damaged.push([&line(7).signature[..], &[0]].concat());
        for signature in damaged {
            let wrong = NoteSignature { signature, ..line(7) };
            assert!(public.cosigned(&note([line(7), wrong])).is_err());
        }
        // A plain note signature by the same key under the same id is no cosignature.
        let plain = SigningKey::from_seed("witness.example/w1", [5; 32]).unwrap();
        let signature = [&7u64.to_be_bytes()[..], &plain.sign(TEXT.as_bytes())].concat();
        assert!(public.cosigned(&note([NoteSignature { signature, ..line(7) }])).is_err());
        // A time that no clock shows.
        let time = CosignatureTime(1 << 63);
        let signature = [&time.0.to_be_bytes()[..], &plain.sign(&message(TEXT, time))].concat();
        assert!(public.cosigned(&note([NoteSignature { signature, ..line(7) }])).is_err());
    }

    #[test]
    fn keys_of_logs_and_of_witnesses_are_not_taken_for_each_other() {
        let key = key();
        let text = key.cosigner_key().to_string();
        assert_eq!(text.parse(), Ok(key.cosigner_key().clone()));
        assert_eq!(key.to_secret_text().parse::<CosigningKey>().unwrap().cosigner_key(), key.cosigner_key());
        assert!(matches!(text.parse::<VerifyingKey>(), Err(KeyError::Type { found: 4, .. })));
        let log = SigningKey::from_seed("witness.example/w1", [5; 32]).unwrap();
        let refused = log.verifying_key().to_string().parse::<CosignerKey>().unwrap_err();
        assert!(refused.to_string().ends_with("0x04 (an Ed25519 witness) is expected here"), "{refused}");
        assert_ne!(log.verifying_key().id(), key.cosigner_key().id());
        assert_eq!(format!("{key:?}"), format!("CosigningKey(witness.example/w1+{})", key.cosigner_key().id()));
    }
}
