//! OpenTimestamps proofs (`.ots`): the way from a digest to what somebody attested, followed step by step, offline.
//!
//! A proof ends in promises of calendars ("pending") or in blocks of a public chain. Whether a block has the hash that the proof leads to is for
//! whoever has the block's header: [`Attested::Bitcoin`] says what to look for.

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::hash::Hash;

/// What every proof file begins with.
const MAGIC: &[u8] = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94";
const VERSION: u64 = 1;
const SHA256: u8 = 0x08;
const APPEND: u8 = 0xf0;
const PREPEND: u8 = 0xf1;
const FORK: u8 = 0xff;
const ATTESTATION: u8 = 0x00;
const PENDING: [u8; 8] = [0x83, 0xdf, 0xe3, 0x0d, 0x2e, 0xf9, 0x0c, 0x8e];
const BITCOIN: [u8; 8] = [0x05, 0x88, 0x96, 0x0d, 0x73, 0xd7, 0x19, 0x01];
/// Longest message on the way, in bytes.
const LONGEST_MESSAGE: usize = 4096;
/// Longest attestation, in bytes.
const LONGEST_ATTESTATION: usize = 8192;
/// Steps on the way, all branches together.
const MOST_STEPS: usize = 10_000;

/// A proof, followed to its ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Proof {
    /// What was stamped.
    pub digest: Hash,
    /// Where its branches lead.
    pub attested: Vec<Attested>,
}

/// The end of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attested {
    /// A calendar promised to put this into a chain; ask it for the rest of the proof some hours later.
    Pending {
        /// The calendar's address.
        calendar: String,
        /// What it knows the stamp by.
        commitment: Vec<u8>,
    },
    /// A block of the Bitcoin chain has this in its header, as the root over its transactions.
    Bitcoin {
        /// Which block.
        height: u64,
        /// The 32 bytes as they stand in the header, from its byte 36 on.
        merkle_root: Hash,
    },
    /// A kind of attestation that is not understood here.
    Other {
        /// Its tag.
        tag: [u8; 8],
    },
}

/// Why bytes are not a proof.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ProofFileError {
    /// Another kind of file.
    #[error("this is no OpenTimestamps proof of version 1")]
    NoProof,
    /// The stamp is not over a SHA-256 hash.
    #[error("the proof is not over a SHA-256 hash")]
    OtherHash,
    /// It breaks off, or goes on after its end, or says something too long.
    #[error("the proof is damaged at byte {at}")]
    Damaged {
        /// Counted from 0.
        at: usize,
    },
    /// A step that is not understood.
    #[error("the proof has a step of the kind 0x{kind:02x} at byte {at}, which is not understood here")]
    UnknownStep {
        /// Its byte.
        kind: u8,
        /// Counted from 0.
        at: usize,
    },
}

/// Reads a proof and follows it.
pub fn read(file: &[u8]) -> Result<Proof, ProofFileError> {
    let rest = file.strip_prefix(MAGIC).ok_or(ProofFileError::NoProof)?;
    let mut reader = Reader { file, at: file.len() - rest.len() };
    if reader.number()? != VERSION {
        return Err(ProofFileError::NoProof);
    }
    if reader.byte()? != SHA256 {
        return Err(ProofFileError::OtherHash);
    }
    let digest = Hash(reader.take(Hash::LENGTH)?.try_into().map_err(|_| reader.damaged())?);
    let attested = follow(&mut reader, digest.0.to_vec())?;
    if reader.at != file.len() {
        return Err(reader.damaged());
    }
    Ok(Proof { digest, attested })
}

/// Follows all branches. Each branch that is still to come begins from the message at its fork.
fn follow(reader: &mut Reader<'_>, digest: Vec<u8>) -> Result<Vec<Attested>, ProofFileError> {
    let mut attested = Vec::new();
    let mut forks = vec![digest];
    let mut steps = 0;
    // A branch ends with its attestation; then the one goes on that forked last.
    while let Some(mut message) = forks.pop() {
        loop {
            steps += 1;
            if steps > MOST_STEPS {
                return Err(reader.damaged());
            }
            let at = reader.at;
            match reader.byte()? {
                FORK => {
                    forks.push(message.clone());
                    continue;
                }
                ATTESTATION => {
                    attested.push(reader.attestation(message)?);
                    break;
                }
                SHA256 => message = Sha256::digest(&message).to_vec(),
                APPEND => message.extend_from_slice(reader.text(LONGEST_MESSAGE)?),
                PREPEND => message = [reader.text(LONGEST_MESSAGE)?, &message].concat(),
                kind => return Err(ProofFileError::UnknownStep { kind, at }),
            }
            if message.len() > LONGEST_MESSAGE {
                return Err(reader.damaged());
            }
        }
    }
    Ok(attested)
}

struct Reader<'file> {
    file: &'file [u8],
    at: usize,
}

impl<'file> Reader<'file> {
    fn damaged(&self) -> ProofFileError {
        ProofFileError::Damaged { at: self.at }
    }

    fn take(&mut self, length: usize) -> Result<&'file [u8], ProofFileError> {
        let end = self.at.checked_add(length).ok_or_else(|| self.damaged())?;
        let taken = self.file.get(self.at..end).ok_or_else(|| self.damaged())?;
        self.at = end;
        Ok(taken)
    }

    fn byte(&mut self) -> Result<u8, ProofFileError> {
        self.take(1)?.first().copied().ok_or_else(|| self.damaged())
    }

    /// Seven bits a byte, the lowest first; the last byte's highest bit is 0.
    fn number(&mut self) -> Result<u64, ProofFileError> {
        let mut number = 0u64;
        for shift in (0..63).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err(self.damaged())
    }

    fn text(&mut self, most: usize) -> Result<&'file [u8], ProofFileError> {
        let length = usize::try_from(self.number()?).ok().filter(|length| *length <= most);
        self.take(length.ok_or_else(|| self.damaged())?)
    }

    fn attestation(&mut self, message: Vec<u8>) -> Result<Attested, ProofFileError> {
        let tag: [u8; 8] = self.take(8)?.try_into().map_err(|_| self.damaged())?;
        let payload = self.text(LONGEST_ATTESTATION)?;
        let mut inner = Reader { file: payload, at: 0 };
        let inside = |error: Option<()>| error.ok_or(ProofFileError::Damaged { at: self.at - payload.len() });
        match tag {
            PENDING => {
                let calendar = inner.text(1000).ok().and_then(|bytes| std::str::from_utf8(bytes).ok());
                let calendar = calendar.filter(|text| text.bytes().all(|byte| byte.is_ascii_graphic()));
                inside(calendar.filter(|_| inner.at == payload.len()).map(drop))?;
                Ok(Attested::Pending { calendar: calendar.unwrap_or_default().to_owned(), commitment: message })
            }
            BITCOIN => {
                let height = inner.number().ok().filter(|_| inner.at == payload.len());
                let root = <[u8; 32]>::try_from(message.as_slice()).ok();
                inside(height.and(root).map(drop))?;
                Ok(Attested::Bitcoin { height: height.unwrap_or(0), merkle_root: Hash(root.unwrap_or_default()) })
            }
            tag => Ok(Attested::Other { tag }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The examples `incomplete.txt.ots` and `two-calendars.txt.ots` of the format's first implementation.
    const ONE_CALENDAR: &str = "004f70656e54696d657374616d7073000050726f6f6600bf89e2e884e89294010805c4f616a8e5310d19d938cfd769864d7f4ccdc2ca8b479b10af83564b097af9f010e754bf93806a7ebaa680ef7bd0114bf408f010b573e8850cfd9e63d1f043fbb6fc250e08f10457cfa5c4f0086fb1ac8d4e4eb0e70083dfe30d2ef90c8e2e2d68747470733a2f2f616c6963652e6274632e63616c656e6461722e6f70656e74696d657374616d70732e6f7267";
    const TWO_CALENDARS: &str = "004f70656e54696d657374616d7073000050726f6f6600bf89e2e884e892940108efaa174f68e59705757460f4f7d204bd2b535cfd194d9d945418732129404ddbf010839037eef449dec6dac322ca97347c4508fff0106b4023b6edd3a0eeeb09e5d718723b9e08f10457d46515f008eadd66b1688d55740083dfe30d2ef90c8e2e2d68747470733a2f2f616c6963652e6274632e63616c656e6461722e6f70656e74696d657374616d70732e6f7267f010a3ad701ef9f10535a84968b5a99d858008f10457d46516f008647b90ea1b270a970083dfe30d2ef90c8e2c2b68747470733a2f2f626f622e6274632e63616c656e6461722e6f70656e74696d657374616d70732e6f7267";

    fn bytes(hex: &str) -> Vec<u8> {
        let digits = hex.as_bytes().chunks(2);
        digits.map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap()).collect()
    }

    fn calendars(file: &[u8]) -> Vec<String> {
        let ends = read(file).unwrap().attested.into_iter();
        ends.map(|end| match end {
            Attested::Pending { calendar, .. } => calendar,
            other => panic!("{other:?}"),
        })
        .collect()
    }

    #[test]
    fn reads_the_examples_of_the_first_implementation() {
        let proof = read(&bytes(ONE_CALENDAR)).unwrap();
        assert!(proof.digest.to_string().starts_with("05c4f616a8e5310d"));
        assert_eq!(calendars(&bytes(ONE_CALENDAR)), ["https://alice.btc.calendar.opentimestamps.org"]);
        let Attested::Pending { commitment, .. } = &proof.attested[0] else { panic!() };
        // What a calendar is asked by: the last steps put a time before and a code behind a hash.
        assert_eq!(
            (commitment.len(), &commitment[..4], &commitment[36..]),
            (44, &[0x57, 0xcf, 0xa5, 0xc4][..], &bytes("6fb1ac8d4e4eb0e7")[..])
        );
        let two = ["https://alice.btc.calendar.opentimestamps.org", "https://bob.btc.calendar.opentimestamps.org"];
        assert_eq!(calendars(&bytes(TWO_CALENDARS)), two);
    }

    /// The way to a block, step by step with nothing but the hash function.
    #[test]
    fn follows_the_way_to_a_block() {
        let digest = [7; 32];
        let expected = Sha256::digest(Sha256::digest([&[9, 9][..], &digest, &[1, 2, 3]].concat()));
        let mut file = [MAGIC, &[1, 8], &digest].concat();
        file.extend([PREPEND, 2, 9, 9, APPEND, 3, 1, 2, 3, SHA256, SHA256, ATTESTATION]);
        file.extend(BITCOIN);
        file.extend([3, 0xd5, 0xe7, 0x15]);
        let proof = read(&file).unwrap();
        let root = Hash(expected.into());
        assert_eq!(proof.attested, [Attested::Bitcoin { height: 357_333, merkle_root: root }]);
        for place in MAGIC.len() + 34..file.len() {
            let mut changed = file.clone();
            changed[place] ^= 1;
            assert!(read(&changed).map_or(true, |other| other != proof), "byte {place}");
        }
    }

    #[test]
    fn refuses_what_breaks_off_goes_on_or_goes_too_far() {
        let whole = bytes(TWO_CALENDARS);
        for end in 0..whole.len() {
            assert!(read(&whole[..end]).is_err(), "{end}");
        }
        assert!(matches!(read(&[&whole[..], &[0]].concat()), Err(ProofFileError::Damaged { .. })));
        let begin = [MAGIC, &[1, 8], &[7; 32]].concat();
        let endless = [&begin[..], &vec![FORK; MOST_STEPS + 1]].concat();
        assert!(matches!(read(&endless), Err(ProofFileError::Damaged { .. })));
        let huge = [&begin[..], &[APPEND, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f]].concat();
        assert!(matches!(read(&huge), Err(ProofFileError::Damaged { .. })));
        assert!(matches!(read(&[&begin[..], &[0x67]].concat()), Err(ProofFileError::UnknownStep { kind: 0x67, .. })));
        assert_eq!(read(&[MAGIC, &[1, 2], &[7; 20]].concat()), Err(ProofFileError::OtherHash));
        assert_eq!(read(&[MAGIC, &[2]].concat()), Err(ProofFileError::NoProof));
        assert_eq!(read(b""), Err(ProofFileError::NoProof));
    }
}
