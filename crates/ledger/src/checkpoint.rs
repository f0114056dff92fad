//! The signed head of a ledger: its name, how many entries it has, and the root over all of them (tlog-checkpoint).

use std::fmt;
use std::str::FromStr;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use thiserror::Error;

use crate::hash::Hash;
use crate::key::{KeyError, SigningKey, VerifyingKey, is_key_name};
use crate::note::{NoteError, SignedNote};
use crate::position::TreeSize;

/// What a checkpoint says. Written as three lines; extension lines are neither written nor accepted, since nobody could audit them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoint {
    /// The ledger's name, which is also its key's name: a URL without scheme or trailing slash.
    pub origin: String,
    /// The number of entries.
    pub size: TreeSize,
    /// The root over them.
    pub root: Hash,
}

/// Why something is not a checkpoint of the ledger it should be of.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum CheckpointError {
    /// Not a note, or not one signed by the ledger's key.
    #[error(transparent)]
    Note(#[from] NoteError),
    /// The text is not three lines.
    #[error("a checkpoint has three lines (origin, size, root), each ending with a line feed; found {found}")]
    Lines {
        /// The number of lines found.
        found: usize,
    },
    /// The first line is no ledger's name.
    #[error("`{found}` cannot be a ledger's name: it must not be empty nor hold spaces, `+` or control characters")]
    Origin {
        /// What stands there.
        found: String,
    },
    /// The second line is not a number in its plain form.
    #[error("`{found}` is not a ledger's size: a whole number without leading zeros is expected")]
    Size {
        /// What stands there.
        found: String,
    },
    /// The third line is not a hash.
    #[error("`{found}` is not a root: 32 bytes in base64 are expected")]
    Root {
        /// What stands there.
        found: String,
    },
    /// Signed by the right key, but for another ledger.
    #[error("the checkpoint is of the ledger `{found}`, not `{expected}`")]
    OtherLedger {
        /// The key's name.
        expected: String,
        /// The origin found.
        found: String,
    },
    /// The key's name cannot be used.
    #[error(transparent)]
    Key(#[from] KeyError),
}

impl Checkpoint {
    /// Signs the checkpoint. The key must have the ledger's name.
    ///
    /// Signing two checkpoints that contradict each other ends a ledger's credibility: the caller must know the last one it signed.
    pub fn sign(&self, key: &SigningKey) -> Result<SignedNote, CheckpointError> {
        self.check_origin(key.verifying_key())?;
        Ok(key.sign_note(&self.to_string())?)
    }

    /// Reads a signed checkpoint and accepts it only with a right signature by the ledger's key. Other signatures are ignored.
    pub fn open(note: &[u8], key: &VerifyingKey) -> Result<Self, CheckpointError> {
        Self::from_note(&SignedNote::parse(note)?, key)
    }

    /// The same for a note that was taken apart already.
    pub fn from_note(note: &SignedNote, key: &VerifyingKey) -> Result<Self, CheckpointError> {
        note.verify(std::slice::from_ref(key))?;
        let checkpoint: Self = note.text().parse()?;
        checkpoint.check_origin(key)?;
        Ok(checkpoint)
    }

    fn check_origin(&self, key: &VerifyingKey) -> Result<(), CheckpointError> {
        if self.origin == key.name() {
            return Ok(());
        }
        Err(CheckpointError::OtherLedger { expected: key.name().to_owned(), found: self.origin.clone() })
    }
}

impl fmt::Display for Checkpoint {
    /// The note's text.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}\n{}\n{}\n", self.origin, self.size, BASE64.encode(self.root.0))
    }
}

impl FromStr for Checkpoint {
    type Err = CheckpointError;

    fn from_str(text: &str) -> Result<Self, CheckpointError> {
        let found = text.split('\n').count() - 1;
        let lines = CheckpointError::Lines { found };
        let mut parts = text.split('\n');
        let (Some(origin), Some(size), Some(root), Some(""), None) =
            (parts.next(), parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return Err(lines);
        };
        if !is_key_name(origin) {
            return Err(CheckpointError::Origin { found: origin.to_owned() });
        }
        let size = size
            .parse()
            .ok()
            .filter(|parsed: &u64| parsed.to_string() == size)
            .ok_or_else(|| CheckpointError::Size { found: size.to_owned() })?;
        let root = BASE64
            .decode(root)
            .ok()
            .and_then(|bytes| bytes.try_into().ok())
            .ok_or_else(|| CheckpointError::Root { found: root.to_owned() })?;
        Ok(Self { origin: origin.to_owned(), size: TreeSize(size), root: Hash(root) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROOT: &str = "CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=";

    fn key(name: &str) -> SigningKey {
        SigningKey::from_seed(name, [7; 32]).unwrap()
    }

    #[test]
    fn reads_the_specified_example() {
        let note = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n— example.com/behind-the-sofa Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n";
        let checkpoint: Checkpoint = SignedNote::parse(note.as_bytes()).unwrap().text().parse().unwrap();
        assert_eq!(
            (checkpoint.origin.as_str(), checkpoint.size),
            ("example.com/behind-the-sofa", TreeSize(20_852_163))
        );
        assert_eq!(checkpoint.to_string(), note[..note.find("\n\n").unwrap() + 1]);
    }

    #[test]
    fn opens_what_it_signed_and_nothing_else() {
        let checkpoint = Checkpoint { origin: "demo.example/log".to_owned(), size: TreeSize(3), root: Hash([5; 32]) };
        let signed = checkpoint.sign(&key("demo.example/log")).unwrap().to_string();
        let open = |note: &str, name: &str| Checkpoint::open(note.as_bytes(), key(name).verifying_key());
        assert_eq!(open(&signed, "demo.example/log"), Ok(checkpoint.clone()));
        assert!(matches!(
            open(&signed, "demo.example/other"),
            Err(CheckpointError::Note(NoteError::UnknownSigners { .. }))
        ));
        let larger = signed.replacen("\n3\n", "\n4\n", 1);
        assert!(matches!(
            open(&larger, "demo.example/log"),
            Err(CheckpointError::Note(NoteError::BadSignature { .. }))
        ));
        assert!(matches!(checkpoint.sign(&key("other")), Err(CheckpointError::OtherLedger { .. })));
        let foreign = key("other").sign_note(&checkpoint.to_string()).unwrap().to_string();
        assert!(matches!(open(&foreign, "other"), Err(CheckpointError::OtherLedger { .. })));
    }

    #[test]
    fn refuses_any_other_text() {
        let parse = |text: String| text.parse::<Checkpoint>();
        assert!(parse(format!("log\n0\n{ROOT}\n")).is_ok());
        assert!(parse(format!("log\n18446744073709551615\n{ROOT}\n")).is_ok());
        for wrong in ["", "00", "03", "+3", "-3", "3.0", " 3", "0x3", "18446744073709551616", "3 "] {
            assert!(matches!(parse(format!("log\n{wrong}\n{ROOT}\n")), Err(CheckpointError::Size { .. })), "{wrong}");
        }
        for wrong in
            ["", &ROOT[1..], &ROOT.replace('=', ""), &ROOT.replace("q2I=", "q2J="), "AAAA", &format!("{ROOT} ")]
        {
            assert!(matches!(parse(format!("log\n3\n{wrong}\n")), Err(CheckpointError::Root { .. })), "{wrong}");
        }
        for wrong in ["", "two words", "a+b"] {
            assert!(matches!(parse(format!("{wrong}\n3\n{ROOT}\n")), Err(CheckpointError::Origin { .. })), "{wrong}");
        }
        for wrong in [
            format!("log\n3\n{ROOT}"),
            format!("log\n3\n{ROOT}\nextension\n"),
            format!("log\n3\n{ROOT}\n\n"),
            String::new(),
        ] {
            assert!(matches!(parse(wrong.clone()), Err(CheckpointError::Lines { .. })), "{wrong}");
        }
    }
}
