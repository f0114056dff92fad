//! Has heads countersigned over HTTP (tlog-witness): all witnesses at once, none for longer than a few seconds, and one that failed is left
//! alone for a while. Whatever they do, the archive goes on; what it publishes without them is unwitnessed, and says so.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use testigo_archive::{Cosigned, Prove, RememberedHead, Witnesses};
use testigo_ledger::note::parse_signatures;
use testigo_ledger::policy::KnownWitness;
use testigo_ledger::witness::SIZE_TYPE;
use testigo_ledger::{AddCheckpoint, Hash, Policy, SignedNote, TreeSize};

use crate::http::{Answer, Client};
use crate::note;

/// So long may one question to a witness take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A witness that failed is not asked again before so much time has passed.
const REST: Duration = Duration::from_secs(60);

/// Longest answer that is read, in bytes.
const LONGEST_ANSWER: u64 = 1 << 20;

/// Witnesses as a policy with addresses names them.
#[derive(Debug)]
pub struct HttpWitnesses {
    policy: Policy,
    client: Client,
    state: Mutex<BTreeMap<String, State>>,
}

#[derive(Debug, Default, Clone, Copy)]
struct State {
    /// The size of the head that the witness is known to remember.
    known: Option<TreeSize>,
    /// When it failed last.
    failed: Option<Instant>,
}

/// Where the policy of a ledger's key stands: beside the key, as the key and its memory are kept together and apart from the archive.
pub fn policy_file(key_file: &Path) -> PathBuf {
    let mut path = key_file.as_os_str().to_owned();
    path.push(".witnesses");
    path.into()
}

/// Reads a policy that is to be asked: every witness has an address.
pub fn read_policy(path: &Path) -> Result<Policy> {
    let bytes = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let policy = Policy::parse(&bytes).with_context(|| format!("{} is no policy", path.display()))?;
    if let Some(unreachable) = policy.witnesses().iter().find(|witness| witness.url.is_none()) {
        bail!(
            "{}: the witness `{}` has no address\nhint: write it as the last word of its line: witness NAME KEY https://...",
            path.display(),
            unreachable.name
        );
    }
    Ok(policy)
}

/// What a witness answers to a head.
enum Verdict {
    Signed(Vec<testigo_ledger::NoteSignature>),
    Objects(Option<RememberedHead>, String),
    Failed(String),
}

impl HttpWitnesses {
    /// The witnesses of this policy.
    pub fn new(policy: Policy) -> Self {
        Self { policy, client: Client::new(PATIENCE), state: Mutex::default() }
    }

    /// Those with an address that did not fail a moment ago.
    fn awake(&self) -> Vec<(&KnownWitness, &str, State)> {
        let states = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let named = self.policy.witnesses().iter().filter_map(|witness| {
            let state = states.get(&witness.name).copied().unwrap_or_default();
            Some((witness, witness.url.as_deref()?.trim_end_matches('/'), state))
        });
        named.filter(|(_, _, state)| state.failed.is_none_or(|failed| failed.elapsed() >= REST)).collect()
    }

    fn set(&self, witness: &KnownWitness, state: State) {
        self.state.lock().unwrap_or_else(PoisonError::into_inner).insert(witness.name.clone(), state);
    }

    fn fails(&self, witness: &KnownWitness, why: &str) {
        note!("note: the witness `{}` does not countersign: {why}", witness.name);
        self.set(witness, State { known: None, failed: Some(Instant::now()) });
    }

    fn remembered(&self, witness: &KnownWitness, url: &str, origin: &str) -> Result<Option<RememberedHead>> {
        let url = format!("{url}/{}/checkpoint", Hash::of(origin.as_bytes()));
        let answer = self.client.get(&url, LONGEST_ANSWER)?;
        match answer.status {
            200 => Ok(Some(RememberedHead { witness: witness.name.clone(), note: answer.body })),
            404 => Ok(None),
            status => bail!("{url} answers {status}"),
        }
    }

    fn ask(&self, witness: &KnownWitness, url: &str, head: &Head<'_>, known: TreeSize) -> Verdict {
        let mut old = known.min(head.size);
        for _ in 0..2 {
            let Some(proof) = (head.prove)(old) else {
                return Verdict::Failed(format!("no proof can be made from {old} entries on"));
            };
            let request = AddCheckpoint { old, proof, checkpoint: head.note.clone() };
            let answer = self.client.post(&format!("{url}/add-checkpoint"), &request.to_string(), LONGEST_ANSWER);
            let answer = match answer {
                Ok(answer) => answer,
                Err(error) => return Verdict::Failed(format!("{error:#}")),
            };
            match (answer.status, size_in(&answer)) {
                (200, _) => return signed(&answer),
                (409, Some(size)) if size <= head.size && size != old => old = size,
                (409 | 422, _) => {
                    let seen = self.remembered(witness, url, head.origin).ok().flatten();
                    return Verdict::Objects(seen, text_of(&answer));
                }
                _ => return Verdict::Failed(text_of(&answer)),
            }
        }
        Verdict::Failed("it changes its mind about what it has seen".to_owned())
    }
}

/// What witnesses are asked about.
struct Head<'a> {
    note: &'a SignedNote,
    origin: &'a str,
    size: TreeSize,
    prove: &'a Prove<'a>,
}

fn size_in(answer: &Answer) -> Option<TreeSize> {
    let text = std::str::from_utf8(&answer.body).ok().filter(|_| answer.content_type == SIZE_TYPE)?;
    text.trim_end().parse().ok().map(TreeSize)
}

fn signed(answer: &Answer) -> Verdict {
    let lines = std::str::from_utf8(&answer.body).ok().and_then(|text| parse_signatures(text).ok());
    lines.map_or_else(|| Verdict::Failed("its answer is no signature line".to_owned()), Verdict::Signed)
}

fn text_of(answer: &Answer) -> String {
    let text: String =
        String::from_utf8_lossy(&answer.body).chars().filter(|one| !one.is_control()).take(200).collect();
    format!("it answers {}: {text}", answer.status)
}

impl Witnesses for HttpWitnesses {
    fn policy(&self) -> &Policy {
        &self.policy
    }

    fn latest(&self, origin: &str) -> Vec<RememberedHead> {
        let asked = self.awake();
        let answers: Vec<_> = std::thread::scope(|scope| {
            let threads: Vec<_> = asked
                .iter()
                .map(|(witness, url, _)| scope.spawn(move || (*witness, self.remembered(witness, url, origin))))
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        let mut heads = Vec::new();
        for (witness, answer) in answers {
            match answer {
                Ok(head) => heads.extend(head),
                Err(error) => self.fails(witness, &format!("{error:#}")),
            }
        }
        heads
    }

    fn cosign(&self, head: &SignedNote, known: TreeSize, prove: &Prove<'_>) -> Cosigned {
        let mut cosigned = Cosigned::default();
        let Ok(said) = head.text().parse::<testigo_ledger::Checkpoint>() else { return cosigned };
        let asked = self.awake();
        let question = Head { note: head, origin: &said.origin, size: said.size, prove };
        let verdicts: Vec<_> = std::thread::scope(|scope| {
            let question = &question;
            let threads: Vec<_> = asked
                .iter()
                .map(|(witness, url, state)| {
                    let known = state.known.unwrap_or(known);
                    scope.spawn(move || (*witness, self.ask(witness, url, question, known)))
                })
                .collect();
            threads.into_iter().filter_map(|thread| thread.join().ok()).collect()
        });
        for (witness, verdict) in verdicts {
            match verdict {
                Verdict::Signed(lines) => {
                    cosigned.lines.extend(lines);
                    self.set(witness, State { known: Some(said.size), failed: None });
                }
                Verdict::Objects(remembered, why) => {
                    self.fails(witness, &why);
                    cosigned.objections.extend(remembered);
                }
                Verdict::Failed(why) => self.fails(witness, &why),
            }
        }
        cosigned
    }
}
