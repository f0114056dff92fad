//! Whom to believe: which logs, and how many of which witnesses must have seen a checkpoint (tlog-policy).
//!
//! A policy is a text that people can write and read, and keep apart from the place they verify. Names in it mean nothing outside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use thiserror::Error;

use crate::checkpoint::{Checkpoint, CheckpointError};
use crate::cosignature::{CosignatureTime, CosignerKey, WrongCosignature};
use crate::key::{KeyError, VerifyingKey};
use crate::note::{NoteError, SignedNote};

/// Policies longer than this are refused, in bytes.
const LONGEST_POLICY: usize = 1 << 20;
/// The quorum that needs nobody.
const NONE: &str = "none";

/// A log that a policy believes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrustedLog {
    /// Its key; the key's name is the log's.
    pub key: VerifyingKey,
    /// Where it is, if the policy says so.
    pub url: Option<String>,
}

/// A witness that a policy knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownWitness {
    /// What the policy calls it.
    pub name: String,
    /// Its key.
    pub key: CosignerKey,
    /// Where it takes checkpoints, if the policy says so: the prefix before `/add-checkpoint`.
    pub url: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Group {
    /// So many of its members must have witnessed.
    threshold: usize,
    members: Vec<String>,
}

/// A policy: logs, witnesses, and the quorum.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    text: String,
    logs: Vec<TrustedLog>,
    witnesses: Vec<KnownWitness>,
    groups: BTreeMap<String, Group>,
    /// `None`: no witness is needed.
    quorum: Option<String>,
}

/// What is wrong with a policy, and in which line.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("line {line} of the policy: {cause}")]
pub struct PolicyError {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong.
    pub cause: PolicyFault,
}

/// What is wrong with a policy.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PolicyFault {
    /// Longer than a policy may be.
    #[error("a policy has at most {LONGEST_POLICY} bytes")]
    TooLong,
    /// Not UTF-8, or with a control character.
    #[error("only text, tabs and line feeds are allowed (no carriage returns)")]
    ForbiddenByte,
    /// The last line has no line feed.
    #[error("the line must end with a line feed")]
    Unfinished,
    /// A line that begins with none of the four words.
    #[error("`{found}` begins no line of a policy: `log`, `witness`, `group`, `quorum` or `#` is expected")]
    Keyword {
        /// The first word.
        found: String,
    },
    /// Too few or too many words.
    #[error("this line is written `{form}`")]
    Form {
        /// How it is written.
        form: &'static str,
    },
    /// Not a usable key.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// Two lines for one key.
    #[error("the key of `{name}` stands on an earlier line too")]
    DuplicateKey {
        /// The name of the second.
        name: String,
    },
    /// Two lines for one name.
    #[error("`{name}` is the name of something on an earlier line")]
    DuplicateName {
        /// The name.
        name: String,
    },
    /// `none` is no name.
    #[error("`none` means that no witness is needed and names nothing else")]
    NamedNone,
    /// A name that no earlier line defines.
    #[error("`{name}` is not the name of a witness or group on an earlier line")]
    UnknownName {
        /// The name.
        name: String,
    },
    /// One member in two groups, or twice in one.
    #[error("`{name}` is a member of a group already; nobody counts twice")]
    SecondMembership {
        /// The name.
        name: String,
    },
    /// A threshold that no number of members reaches, or 0.
    #[error(
        "`{found}` of {members} members cannot be asked for: `any`, `all` or a number from 1 to {members} is expected"
    )]
    Threshold {
        /// What stands there.
        found: String,
        /// Members of the group.
        members: usize,
    },
    /// More than one quorum line.
    #[error("there is a quorum line already")]
    SecondQuorum,
    /// No quorum line. The line named is the last one.
    #[error("the policy has no quorum line; `quorum none` says that no witness is needed")]
    NoQuorum,
}

/// Who has seen a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Witnessing {
    /// The policy's names of the witnesses that cosigned, each with the time it gave.
    pub witnesses: Vec<(String, CosignatureTime)>,
    /// Whether they are enough. Also true where the policy needs none: see [`Policy::needs_witnesses`].
    pub quorum: bool,
}

/// Why a policy does not believe a checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Distrusted {
    /// Not a checkpoint of a log in the policy.
    #[error(transparent)]
    Checkpoint(#[from] CheckpointError),
    /// A cosignature that is wrong spoils the note.
    #[error(transparent)]
    Cosignature(#[from] WrongCosignature),
}

impl Policy {
    /// Reads a policy.
    pub fn parse(bytes: &[u8]) -> Result<Self, PolicyError> {
        let at = |line, cause| PolicyError { line, cause };
        if bytes.len() > LONGEST_POLICY {
            return Err(at(1, PolicyFault::TooLong));
        }
        let line_of = |place: usize| bytes.iter().take(place).filter(|byte| **byte == b'\n').count() + 1;
        let text =
            std::str::from_utf8(bytes).map_err(|error| at(line_of(error.valid_up_to()), PolicyFault::ForbiddenByte))?;
        let forbidden = |byte: u8| (byte < b' ' && byte != b'\n' && byte != b'\t') || byte == 0x7f;
        if let Some(place) = text.bytes().position(forbidden) {
            return Err(at(line_of(place), PolicyFault::ForbiddenByte));
        }
        let mut draft = Draft::default();
        let mut lines = text.split('\n').enumerate().map(|(place, line)| (place + 1, line)).peekable();
        while let Some((number, line)) = lines.next() {
            if lines.peek().is_none() {
                if !line.is_empty() {
                    return Err(at(number, PolicyFault::Unfinished));
                }
                return draft.finish(text).map_err(|cause| at(number.saturating_sub(1).max(1), cause));
            }
            draft.take(line).map_err(|cause| at(number, cause))?;
        }
        Err(at(1, PolicyFault::NoQuorum))
    }

    /// The policy's text, as it was read.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The logs believed. Empty where the log is known from elsewhere.
    pub fn logs(&self) -> &[TrustedLog] {
        &self.logs
    }

    /// The witnesses known, in the policy's order.
    pub fn witnesses(&self) -> &[KnownWitness] {
        &self.witnesses
    }

    /// Whether any witness is needed.
    pub fn needs_witnesses(&self) -> bool {
        self.quorum.is_some()
    }

    /// Opens a checkpoint by one of the policy's logs, and says who has seen it. Without a quorum the checkpoint is *unwitnessed*: it may
    /// be shown as that, never as good.
    pub fn open(&self, note: &[u8]) -> Result<(Checkpoint, Witnessing), Distrusted> {
        let note = SignedNote::parse(note).map_err(CheckpointError::from)?;
        let mut refused = None;
        for log in &self.logs {
            match Checkpoint::from_note(&note, &log.key) {
                Ok(checkpoint) => return Ok((checkpoint, self.witnessing(&note)?)),
                Err(CheckpointError::Note(NoteError::UnknownSigners { .. })) => {}
                Err(other) => refused = Some(other),
            }
        }
        let known = || self.logs.iter().map(|log| log.key.to_string()).collect();
        let unknown = || CheckpointError::Note(NoteError::UnknownSigners { known: known() });
        Err(refused.unwrap_or_else(unknown).into())
    }

    /// Who of the policy's witnesses has seen a checkpoint, whose log's signature the caller has checked.
    pub fn witnessing(&self, checkpoint: &SignedNote) -> Result<Witnessing, WrongCosignature> {
        let mut witnesses = Vec::new();
        for witness in &self.witnesses {
            if let Some(time) = witness.key.cosigned(checkpoint)? {
                witnesses.push((witness.name.clone(), time));
            }
        }
        let cosigned: BTreeSet<&str> = witnesses.iter().map(|(name, _)| name.as_str()).collect();
        let quorum = self.quorum.as_ref().is_none_or(|name| self.has_witnessed(name, &cosigned));
        Ok(Witnessing { witnesses, quorum })
    }

    /// Groups name only what stands before them, so this ends.
    fn has_witnessed(&self, name: &str, cosigned: &BTreeSet<&str>) -> bool {
        match self.groups.get(name) {
            None => cosigned.contains(name),
            Some(group) => {
                group.members.iter().filter(|member| self.has_witnessed(member, cosigned)).count() >= group.threshold
            }
        }
    }
}

impl fmt::Display for Policy {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.text)
    }
}

/// A policy read up to some line.
#[derive(Default)]
struct Draft {
    logs: Vec<TrustedLog>,
    witnesses: Vec<KnownWitness>,
    groups: BTreeMap<String, Group>,
    members: BTreeSet<String>,
    quorum: Option<Option<String>>,
}

impl Draft {
    fn take(&mut self, line: &str) -> Result<(), PolicyFault> {
        let mut words = line.split([' ', '\t']).filter(|word| !word.is_empty());
        let Some(keyword) = words.next().filter(|word| !word.starts_with('#')) else {
            return Ok(());
        };
        let words: Vec<&str> = words.collect();
        match keyword {
            "log" => self.log(&words),
            "witness" => self.witness(&words),
            "group" => self.group(&words),
            "quorum" => self.quorum(&words),
            found => Err(PolicyFault::Keyword { found: found.chars().take(80).collect() }),
        }
    }

    fn log(&mut self, words: &[&str]) -> Result<(), PolicyFault> {
        let (key, url) = match words {
            [key] => (key, None),
            [key, url] => (key, Some((*url).to_owned())),
            _ => return Err(PolicyFault::Form { form: "log <key> [<url>]" }),
        };
        let key: VerifyingKey = key.parse()?;
        // The same bytes under another name are the same key.
        if self.logs.iter().any(|log| log.key.public_bytes() == key.public_bytes()) {
            return Err(PolicyFault::DuplicateKey { name: key.name().to_owned() });
        }
        self.logs.push(TrustedLog { key, url });
        Ok(())
    }

    fn witness(&mut self, words: &[&str]) -> Result<(), PolicyFault> {
        let (name, key, url) = match words {
            [name, key] => (name, key, None),
            [name, key, url] => (name, key, Some((*url).to_owned())),
            _ => return Err(PolicyFault::Form { form: "witness <name> <key> [<url>]" }),
        };
        self.check_new(name)?;
        let key: CosignerKey = key.parse()?;
        if self.witnesses.iter().any(|witness| witness.key.public_bytes() == key.public_bytes()) {
            return Err(PolicyFault::DuplicateKey { name: (*name).to_owned() });
        }
        self.witnesses.push(KnownWitness { name: (*name).to_owned(), key, url });
        Ok(())
    }

    fn group(&mut self, words: &[&str]) -> Result<(), PolicyFault> {
        let [name, threshold, members @ ..] = words else {
            return Err(PolicyFault::Form { form: "group <name> <any, all or a number> <name>..." });
        };
        self.check_new(name)?;
        if members.is_empty() {
            return Err(PolicyFault::Form { form: "group <name> <any, all or a number> <name>..." });
        }
        for member in members {
            self.check_known(member)?;
            if !self.members.insert((*member).to_owned()) {
                return Err(PolicyFault::SecondMembership { name: (*member).to_owned() });
            }
        }
        let wrong = || PolicyFault::Threshold { found: (*threshold).to_owned(), members: members.len() };
        let threshold = match *threshold {
            "any" => 1,
            "all" => members.len(),
            digits => digits.parse().ok().filter(|number: &usize| number.to_string() == digits).ok_or_else(wrong)?,
        };
        if threshold == 0 || threshold > members.len() {
            return Err(wrong());
        }
        let members = members.iter().map(|member| (*member).to_owned()).collect();
        self.groups.insert((*name).to_owned(), Group { threshold, members });
        Ok(())
    }

    fn quorum(&mut self, words: &[&str]) -> Result<(), PolicyFault> {
        let [name] = words else { return Err(PolicyFault::Form { form: "quorum <name, or none>" }) };
        if self.quorum.is_some() {
            return Err(PolicyFault::SecondQuorum);
        }
        self.quorum = Some(match *name {
            NONE => None,
            name => {
                self.check_known(name)?;
                Some(name.to_owned())
            }
        });
        Ok(())
    }

    fn is_known(&self, name: &str) -> bool {
        self.groups.contains_key(name) || self.witnesses.iter().any(|witness| witness.name == name)
    }

    fn check_known(&self, name: &str) -> Result<(), PolicyFault> {
        if self.is_known(name) { Ok(()) } else { Err(PolicyFault::UnknownName { name: name.to_owned() }) }
    }

    fn check_new(&self, name: &str) -> Result<(), PolicyFault> {
        if name == NONE {
            return Err(PolicyFault::NamedNone);
        }
        if self.is_known(name) { Err(PolicyFault::DuplicateName { name: name.to_owned() }) } else { Ok(()) }
    }

    fn finish(self, text: &str) -> Result<Policy, PolicyFault> {
        let quorum = self.quorum.ok_or(PolicyFault::NoQuorum)?;
        let Self { logs, witnesses, groups, .. } = self;
        Ok(Policy { text: text.to_owned(), logs, witnesses, groups, quorum })
    }
}
