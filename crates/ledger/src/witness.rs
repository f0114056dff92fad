//! What a witness does: it remembers the last head of each log that it cosigned, and cosigns another one only with the proof that nothing
//! was rewritten (tlog-witness).
//!
//! The rules are pure. What a witness remembers stands in a [`WitnessStore`], whose one write compares and persists in a single step: two
//! requests at the same time can never leave a head behind that is older than one already cosigned.

use std::fmt;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use thiserror::Error;

use crate::checkpoint::Checkpoint;
use crate::cosignature::{CosignatureTime, CosigningKey};
use crate::hash::{Hash, empty_root};
use crate::key::VerifyingKey;
use crate::note::{NoteError, SignedNote};
use crate::position::TreeSize;
use crate::proof::{ConsistencyProof, ProofError};
use crate::receipt::{parse_hash, parse_number};

/// Requests longer than this are refused, in bytes.
pub const LONGEST_REQUEST: usize = 1 << 20;
/// More proof lines than this are refused.
const LONGEST_PROOF: usize = 63;
/// The media type of an answer that says which size the witness knows.
pub const SIZE_TYPE: &str = "text/x.tlog.size";
const TEXT_TYPE: &str = "text/plain; charset=utf-8";
/// A store that changes under every attempt is not one.
const ATTEMPTS: usize = 64;

/// What a log asks of a witness.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddCheckpoint {
    /// The size of the head that the witness cosigned last, as the log believes.
    pub old: TreeSize,
    /// That the new head begins with the old one.
    pub proof: ConsistencyProof,
    /// The new head.
    pub checkpoint: SignedNote,
}

/// Why a request is none.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum RequestError {
    /// Not text, or too long.
    #[error("the request is not a text of at most {LONGEST_REQUEST} bytes")]
    NotText,
    /// The first line.
    #[error("line 1: `old`, a space and a size are expected")]
    Old,
    /// A proof line.
    #[error("line {line}: a hash in base64, or an empty line after at most {LONGEST_PROOF} of them, is expected")]
    Proof {
        /// Counted from 1.
        line: usize,
    },
    /// The checkpoint.
    #[error("the checkpoint: {0}")]
    Note(#[from] NoteError),
    /// The checkpoint's text.
    #[error("the checkpoint: {0}")]
    Checkpoint(String),
}

impl AddCheckpoint {
    /// Reads the body of a request.
    pub fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let text = std::str::from_utf8(bytes).ok().filter(|text| text.len() <= LONGEST_REQUEST);
        let (first, mut rest) = text.ok_or(RequestError::NotText)?.split_once('\n').ok_or(RequestError::Old)?;
        let old = first.strip_prefix("old ").and_then(parse_number).map(TreeSize).ok_or(RequestError::Old)?;
        let mut proof = Vec::new();
        loop {
            let wrong = RequestError::Proof { line: proof.len() + 2 };
            let (line, after) = rest.split_once('\n').ok_or(wrong.clone())?;
            if line.is_empty() {
                return Ok(Self {
                    old,
                    proof: ConsistencyProof(proof),
                    checkpoint: SignedNote::parse(after.as_bytes())?,
                });
            }
            if proof.len() == LONGEST_PROOF {
                return Err(wrong);
            }
            proof.push(parse_hash(line).ok_or(wrong)?);
            rest = after;
        }
    }
}

impl fmt::Display for AddCheckpoint {
    /// The body of a request.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(formatter, "old {}", self.old)?;
        self.proof.0.iter().try_for_each(|hash| writeln!(formatter, "{}", BASE64.encode(hash.0)))?;
        write!(formatter, "\n{}", self.checkpoint)
    }
}

/// What a witness remembers, by log.
pub trait WitnessStore {
    /// What can go wrong while reading or writing.
    type Error: std::error::Error + 'static;

    /// The note last persisted for a log; `None` if there is none.
    fn latest(&self, origin: &str) -> Result<Option<Vec<u8>>, Self::Error>;

    /// In one step that nothing comes between: if the note for a log is still `expected`, puts `new` in its place, durably, and says true.
    /// Says false, and changes nothing, if it is another one by now.
    fn compare_and_persist(&self, origin: &str, expected: Option<&[u8]>, new: &[u8]) -> Result<bool, Self::Error>;
}

/// Why a witness does not cosign.
#[derive(Debug, Error)]
pub enum Refused<E: std::error::Error + 'static> {
    /// 400: the request cannot be understood.
    #[error(transparent)]
    Malformed(#[from] RequestError),
    /// 404: no such log is witnessed here.
    #[error("the log `{origin}` is not witnessed here")]
    UnknownLog {
        /// Its name.
        origin: String,
    },
    /// 403: not signed by a key of the log that the witness knows.
    #[error("the checkpoint is not signed by a key that this witness knows for `{origin}`: {cause}")]
    Unsigned {
        /// The log's name.
        origin: String,
        /// What is wrong.
        cause: String,
    },
    /// 400: the "old" head is the larger one.
    #[error("the old size {old} is larger than the checkpoint's size {new}")]
    Shrinks {
        /// As asked.
        old: TreeSize,
        /// The checkpoint's size.
        new: TreeSize,
    },
    /// 409: the witness has cosigned another size.
    #[error("the last checkpoint cosigned here has {known} entries, not {old}")]
    Stale {
        /// As asked.
        old: TreeSize,
        /// The last size cosigned; 0 if none was.
        known: TreeSize,
    },
    /// 422: the new head does not continue the old one.
    #[error("the checkpoint does not continue the one cosigned here before: {0}")]
    Inconsistent(ProofError),
    /// 500: the witness could not remember.
    #[error("the witness could not read or write what it remembers")]
    Store(#[source] E),
    /// 500: too many requests for one log at the same time, or a damaged memory.
    #[error("what the witness remembers of `{origin}` cannot be used; nothing was cosigned")]
    Unsettled {
        /// The log's name.
        origin: String,
    },
}

/// An answer, before anybody thinks of HTTP.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessAnswer {
    /// As in HTTP.
    pub status: u16,
    /// Media type.
    pub content_type: &'static str,
    /// What is sent.
    pub body: Vec<u8>,
}

impl<E: std::error::Error + 'static> Refused<E> {
    /// The answer to whoever asked.
    pub fn answer(&self) -> WitnessAnswer {
        let status = match self {
            Self::Malformed(_) | Self::Shrinks { .. } => 400,
            Self::Unsigned { .. } => 403,
            Self::UnknownLog { .. } => 404,
            Self::Stale { known, .. } => {
                return WitnessAnswer { status: 409, content_type: SIZE_TYPE, body: format!("{known}\n").into_bytes() };
            }
            Self::Inconsistent(_) => 422,
            Self::Store(_) | Self::Unsettled { .. } => 500,
        };
        WitnessAnswer { status, content_type: TEXT_TYPE, body: format!("{self}\n").into_bytes() }
    }
}

/// A witness: its key, the logs it knows, and what it remembers of them.
#[derive(Debug)]
pub struct Witness<S> {
    key: CosigningKey,
    logs: Vec<VerifyingKey>,
    store: S,
}

impl<S: WitnessStore> Witness<S> {
    /// A witness of these logs. A log may have several keys, for as long as its operator changes from one to the next.
    pub fn new(key: CosigningKey, logs: Vec<VerifyingKey>, store: S) -> Self {
        Self { key, logs, store }
    }

    /// Its key.
    pub fn key(&self) -> &CosigningKey {
        &self.key
    }

    /// Judges the body of a request and answers it. `now` is what the clock says.
    pub fn answer_add_checkpoint(&self, body: &[u8], now: CosignatureTime) -> WitnessAnswer {
        let judged = AddCheckpoint::parse(body).map_err(Refused::Malformed);
        match judged.and_then(|request| self.add_checkpoint(&request, now)) {
            Ok(line) => WitnessAnswer { status: 200, content_type: TEXT_TYPE, body: line.into_bytes() },
            Err(refused) => refused.answer(),
        }
    }

    /// Cosigns a head that continues the last one, and remembers it before anyone hears of it. Gives the signature line.
    pub fn add_checkpoint(&self, request: &AddCheckpoint, now: CosignatureTime) -> Result<String, Refused<S::Error>> {
        let malformed = |error: crate::CheckpointError| RequestError::Checkpoint(error.to_string());
        let claimed: Checkpoint = request.checkpoint.text().parse().map_err(malformed)?;
        let origin = claimed.origin.as_str();
        let keys: Vec<VerifyingKey> = self.logs.iter().filter(|key| key.name() == origin).cloned().collect();
        if keys.is_empty() {
            return Err(Refused::UnknownLog { origin: origin.to_owned() });
        }
        let unsigned = |cause: NoteError| Refused::Unsigned { origin: origin.to_owned(), cause: cause.to_string() };
        request.checkpoint.verify(&keys).map_err(unsigned)?;
        if request.old > claimed.size {
            return Err(Refused::Shrinks { old: request.old, new: claimed.size });
        }
        for _ in 0..ATTEMPTS {
            let stored = self.store.latest(origin).map_err(Refused::Store)?;
            let known = stored.as_deref().map(remembered).transpose();
            let known = known.map_err(|()| Refused::Unsettled { origin: origin.to_owned() })?;
            judge(request, &claimed, known.as_ref())?;
            let line = self.key.cosign(request.checkpoint.text(), now);
            // Kept with the log's own signatures and ours: whoever asks for the latest head gets this very note.
            let mut note = request.checkpoint.clone();
            note.retain(|line| keys.iter().any(|key| key.name() == line.name && key.id() == line.key_id));
            note.add([line.clone()]).map_err(unsigned)?;
            let persisted = self.store.compare_and_persist(origin, stored.as_deref(), note.to_string().as_bytes());
            if persisted.map_err(Refused::Store)? {
                return Ok(line.to_string());
            }
        }
        Err(Refused::Unsettled { origin: origin.to_owned() })
    }

    /// The last head cosigned of the log whose name has this SHA-256, in 64 lower-case hexadecimal digits. `None` if there is none.
    pub fn latest(&self, origin_hash: &str) -> Result<Option<Vec<u8>>, S::Error> {
        let Some(log) = self.logs.iter().find(|key| Hash::of(key.name().as_bytes()).to_string() == origin_hash) else {
            return Ok(None);
        };
        self.store.latest(log.name())
    }
}

/// What a stored note says. It was verified before it was stored.
fn remembered(note: &[u8]) -> Result<Checkpoint, ()> {
    SignedNote::parse(note).map_err(drop)?.text().parse().map_err(drop)
}

/// Whether a head may follow the last one cosigned.
fn judge<E: std::error::Error + 'static>(
    request: &AddCheckpoint,
    new: &Checkpoint,
    known: Option<&Checkpoint>,
) -> Result<(), Refused<E>> {
    let (known_size, known_root) = known.map_or((TreeSize(0), empty_root()), |known| (known.size, known.root));
    if request.old != known_size {
        return Err(Refused::Stale { old: request.old, known: known_size });
    }
    request.proof.check(known_size, &known_root, new.size, &new.root).map_err(Refused::Inconsistent)
}
