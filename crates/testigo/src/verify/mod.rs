//! Verifies an archive or a mirror from its bytes, and stops at the first thing that is wrong.
//!
//! Nothing is taken from the place that is verified but bytes: hashes, signatures, the fold, and with it every page and table, are
//! worked out again. What cannot be known from the place itself (whose key it is, whether a sheet was left out) is said.

mod listed;
mod remote;
mod reread;
mod wrong;

use std::collections::BTreeSet;
use std::path::Path;
use std::sync::{Arc, OnceLock};

use anyhow::{Result, bail};
use serde::Serialize;
use testigo_archive::{ArchiveError, ArchiveReader, LedgerReport, VerifyError, verify_entries, verify_renditions};
use testigo_count::fold::FoldError;
use testigo_count::geography::UnitIndex;
use testigo_count::{Count, DocumentHash, EntryIndex};
use testigo_ledger::key_history::KeysInEntries;
use testigo_ledger::{Checkpoint, Policy, SignedNote, VerifyingKey};
use testigo_site::address::rendition_path;
use testigo_site::mirror::{MANIFEST, Mirror, MirrorError, MirrorFile, for_each};
use testigo_site::source::{Folding, present, take_lists};
use testigo_site::{Source, View};

pub use self::remote::{is_address, verify_address};
use self::wrong::PUBLISHER;
pub use self::wrong::Wrong;
use crate::counting::ArchiveDocuments;
use crate::pictures::{self, ProofReport};
use crate::terminal::Progress;

/// Whom to believe, from elsewhere than the place that is verified.
#[derive(Debug, Default)]
pub struct Trust {
    /// The ledger's key.
    pub key: Option<VerifyingKey>,
    /// Keys of ledgers, and which witnesses must have seen a head.
    pub policy: Option<Policy>,
}

/// Where the key comes from with which the head was checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KeyFrom {
    /// Given by who verifies.
    Argument,
    /// From the policy.
    Policy,
    /// From the place itself: it shows only that everything there fits together.
    Place,
}

/// What is verified.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// Where sheets come in; it has private files, too.
    Archive,
    /// A static copy with a signed list of its files.
    Mirror,
    /// What was fetched of a live site, which has no such list.
    Site,
}

impl std::fmt::Display for Kind {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Archive => "archive",
            Self::Mirror => "mirror",
            Self::Site => "site",
        })
    }
}

/// What was checked.
#[derive(Debug, Clone, Serialize)]
pub struct Report {
    pub kind: Kind,
    /// Where it was fetched from, if it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub address: Option<String>,
    pub key: String,
    pub key_from: KeyFrom,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub witnesses: Option<Witnesses>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ledger: Option<LedgerPart>,
    pub contests: Vec<ContestPart>,
    /// Entries without effect.
    pub refused: u64,
    /// Rulings with signatures that hold, in force or superseded.
    pub rulings: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub renditions: Option<u64>,
    /// Tables of a live site, compared with the count.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tables: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub files: Option<FilesPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub masks: Option<MasksPart>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reread: Option<RereadPart>,
    /// What could not be checked, and why.
    pub not_checked: Vec<String>,
    /// Whether any of it belongs to what was asked for.
    pub left_out: bool,
    /// The first thing that is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wrong: Option<Wrong>,
}

/// Who has seen the head, of those whom the policy names.
#[derive(Debug, Clone, Serialize)]
pub struct Witnesses {
    pub names: Vec<String>,
    /// Whether they are enough for the policy.
    pub quorum: bool,
}

/// The ledger, recomputed.
#[derive(Debug, Clone, Serialize)]
pub struct LedgerPart {
    pub origin: String,
    pub size: u64,
    pub root: String,
    pub bundles: u64,
    pub tiles: u64,
    pub heads: u64,
    pub documents: u64,
}

/// One contest, counted again.
#[derive(Debug, Clone, Serialize)]
pub struct ContestPart {
    pub contest: String,
    pub title: String,
    pub counted: u32,
    pub candidates: Vec<(String, u64)>,
}

/// The files of a mirror.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct FilesPart {
    pub files: u64,
    pub bytes: u64,
    /// Pages and tables made again and compared byte for byte.
    pub made_again: u64,
    pub renditions: u64,
}

/// What the pictures show and hide.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct MasksPart {
    /// Pictures that show the pixels that came in, and hide what the ledger says.
    pub proved: u64,
    /// Pictures that came in before pixels were committed to.
    pub unproved: u64,
    /// Pictures that rulings withhold.
    pub withheld: u64,
}

/// Sheets whose codes were read again.
#[derive(Debug, Clone, Copy, Default, Serialize)]
pub struct RereadPart {
    pub sheets: u64,
    pub readings: u64,
    /// Sheets with readings whose picture is withheld or hidden altogether.
    pub not_shown: u64,
}

/// What to verify, and how.
pub struct Verification<'a> {
    /// The folder.
    pub root: &'a Path,
    pub trust: &'a Trust,
    pub reread: bool,
    pub jobs: usize,
}

/// Verifies a folder. `Err` only where nothing could be verified at all.
pub fn verify(verification: &Verification<'_>) -> Result<Report> {
    let root = verification.root;
    let kind = if ArchiveReader::is_archive(root) { Kind::Archive } else { Kind::Mirror };
    if kind == Kind::Mirror && !root.join("ledger").is_dir() && !root.join(MANIFEST).is_file() {
        bail!(
            "{} is neither an archive nor a mirror\nhint: a mirror has a folder `ledger` and a file `manifest`",
            root.display()
        );
    }
    verification.verify(kind)
}

impl Verification<'_> {
    fn verify(&self, kind: Kind) -> Result<Report> {
        let mut report = Report::new(kind);
        let opened = match kind {
            Kind::Archive => ArchiveReader::open(self.root),
            Kind::Mirror | Kind::Site => ArchiveReader::open_mirror(self.root),
        };
        let opened = match opened {
            Ok(reader) => self.trusted(reader, &mut report),
            Err(error) => Err(Wrong::of_archive(&error, self.root).ok_or(error)?),
        };
        let checked = match opened {
            Ok((reader, key)) => self.check(&reader, &key, kind, &mut report)?,
            Err(wrong) => Err(wrong),
        };
        report.wrong = checked.err();
        Ok(report)
    }

    /// The reader, and the key that is to be believed.
    fn trusted(&self, reader: ArchiveReader, report: &mut Report) -> Result<(ArchiveReader, VerifyingKey), Wrong> {
        let of_place = |key: &VerifyingKey| reader.keys().keys().any(|own| own == key);
        let logs = self.trust.policy.as_ref().map(Policy::logs).unwrap_or_default();
        let of_policy = || logs.iter().find(|log| of_place(&log.key)).or(logs.first()).map(|log| log.key.clone());
        let (key, from) = match (&self.trust.key, of_policy()) {
            (Some(key), _) => (key.clone(), KeyFrom::Argument),
            (None, Some(key)) => (key, KeyFrom::Policy),
            (None, None) => (reader.verifying_key().clone(), KeyFrom::Place),
        };
        report.key = key.to_string();
        report.key_from = from;
        if of_place(&key) {
            return Ok((reader, key));
        }
        let what = "has not the key that you trust";
        let meaning = "this is another ledger, or one that somebody else signs";
        Err(Wrong::at("key", "ledger/key", what, meaning).values(key, reader.verifying_key()))
    }

    /// Where the ledger's key was replaced: whether the key that is believed vouches for those that follow.
    fn keys(&self, reader: &ArchiveReader, trusted: &VerifyingKey, count: &Count) -> Result<(), Wrong> {
        let index = |entry: EntryIndex| testigo_ledger::EntryIndex(entry.0);
        let in_entries = KeysInEntries {
            recovery: count.recovery_key().map(|key| index(key.entry)),
            rotations: count.rotations().iter().map(|one| (index(one.entry), one.previous, one.public)).collect(),
        };
        let unreadable = |error: ArchiveError| Wrong::new("unreadable", error.to_string(), wrong::COPY);
        let heads = reader.head_sizes().map_err(unreadable)?;
        reader.keys().check(&in_entries, heads, trusted).map_err(|fault| {
            let meaning = "somebody may have signed this ledger with a key that its owner never gave it";
            Wrong::at("key-chain", "ledger/key", &format!("is not to be believed: {fault}"), meaning)
        })
    }

    fn check(
        &self,
        reader: &ArchiveReader,
        key: &VerifyingKey,
        kind: Kind,
        report: &mut Report,
    ) -> Result<Result<(), Wrong>> {
        let folded = match self.ledger(reader, report)? {
            Ok(folded) => folded,
            Err(wrong) => return Ok(Err(wrong)),
        };
        let count = &folded.view.count;
        let done = self
            .keys(reader, key, count)
            .and_then(|()| self.policy(reader, report))
            .and_then(|()| self.count(count, report));
        if done.is_err() {
            return Ok(done);
        }
        let files = match kind {
            Kind::Archive => self.archive_files(reader, &folded.view, report)?,
            Kind::Mirror => self.mirror_files(reader, &folded, report),
            Kind::Site => match self.archive_files(reader, &folded.view, report)? {
                Ok(()) => self.tables(reader, &folded.view, report),
                wrong => wrong,
            },
        };
        let shown = files.and_then(|()| self.masks(reader, &folded.view, report));
        if shown.is_err() || !self.reread {
            return Ok(shown);
        }
        let reread = reread::reread(reader, &folded, self.jobs);
        Ok(reread.map(|part| report.reread = Some(part)))
    }

    /// Every entry, the tree, every head, and the fold.
    fn ledger(&self, reader: &ArchiveReader, report: &mut Report) -> Result<Result<Folded, Wrong>> {
        let documents = ArchiveDocuments(reader);
        let mut folding = Folding::new(&documents, None);
        let mut failed: Option<(testigo_ledger::EntryIndex, FoldError)> = None;
        let mut readings = reread::Readings::default();
        let verified = verify_entries(reader, |index, entry| {
            if failed.is_some() {
                return;
            }
            if self.reread {
                readings.take(entry);
            }
            failed = folding.take(entry).err().map(|error| (index, error));
        });
        let ledger: LedgerReport = match verified {
            Ok(ledger) => ledger,
            Err(VerifyError::Fault(fault)) => return Ok(Err(Wrong::of_fault(&fault, self.root))),
            Err(VerifyError::Archive(error)) => return Ok(Err(Wrong::of_archive(&error, self.root).ok_or(error)?)),
        };
        report.take_ledger(&ledger);
        if let Some((index, error)) = failed {
            let what = format!("the fold stops at entry {index}: {error}");
            let meaning = "nobody can count this ledger with what is here; a document may be missing, or a newer program is needed";
            return Ok(Err(Wrong::new("fold", what, meaning)));
        }
        let (count, named) = folding.finish();
        let Some(count) = count else {
            return Ok(Err(Wrong::new("empty", "the ledger has no entries", "there is nothing to count")));
        };
        let head = match Source::head(reader) {
            Ok(head) => head,
            Err(error) => {
                return Ok(Err(Wrong::at("checkpoint", "ledger/checkpoint", &error.to_string(), wrong::COPY)));
            }
        };
        let mut view = View::new(count, head, named, None);
        take_lists(&mut view, &|hash| Source::document(reader, hash));
        // How pages look beyond what they count is not in the ledger. A mirror has its maps among the tables.
        let find = |name: &str| {
            ["presentation", "data"].iter().find_map(|folder| read_small(&self.root.join(folder).join(name)))
        };
        if let Err(error) = present(&mut view, &find) {
            return Ok(Err(Wrong::new("presentation", error.to_string(), wrong::COPY)));
        }
        Ok(Ok(Folded { view: Arc::new(view), checkpoint: ledger.checkpoint, readings }))
    }

    /// Who has seen the head.
    fn policy(&self, reader: &ArchiveReader, report: &mut Report) -> Result<(), Wrong> {
        let Some(policy) = &self.trust.policy else {
            report.not_checked.push("whether witnesses have seen the head: there is no --policy".to_owned());
            return Ok(());
        };
        let path = "ledger/checkpoint";
        let note = reader.ledger_file("checkpoint").ok().flatten().unwrap_or_default();
        let note = SignedNote::parse(&note)
            .map_err(|error| Wrong::at("checkpoint", path, &format!("is no signed note: {error}"), wrong::COPY))?;
        let witnessing = policy.witnessing(&note).map_err(|error| {
            let meaning = "a witness that the policy names did not sign this head; somebody changed the line";
            Wrong::at("cosignature", path, &format!("has a wrong cosignature: {error}"), meaning)
        })?;
        let names: Vec<String> = witnessing.witnesses.into_iter().map(|(name, _)| name).collect();
        report.witnesses = Some(Witnesses { names, quorum: witnessing.quorum });
        if witnessing.quorum {
            return Ok(());
        }
        let meaning = "nobody but its own key vouches that everyone is shown the same ledger: treat it as unwitnessed";
        Err(Wrong::at(
            "unwitnessed",
            path,
            "has not been seen by enough of the witnesses that the policy asks for",
            meaning,
        ))
    }

    /// What the count says of itself.
    fn count(&self, count: &Count, report: &mut Report) -> Result<(), Wrong> {
        let ledger = report.ledger.clone();
        let (origin, root) = ledger.map(|ledger| (ledger.origin, ledger.root)).unwrap_or_default();
        if count.election().origin != origin {
            let what = format!("entry 0 is of the ledger `{}`, the signed head of `{origin}`", count.election().origin);
            return Err(Wrong::new("origin", what, "the entries of one ledger stand under the head of another"));
        }
        if count.recounted().as_ref() != Some(count) {
            let what = "adding every station up again gives other totals than taking the entries in one by one";
            return Err(Wrong::new("recount", what, "this is a fault of the program; please report it"));
        }
        report.take_count(count, &root);
        Ok(())
    }

    /// Pictures and results files of an archive.
    fn archive_files(&self, reader: &ArchiveReader, view: &View, report: &mut Report) -> Result<Result<(), Wrong>> {
        let progress = Progress::new("pictures", view.renditions().count() as u64);
        let verified = verify_renditions(reader, self.jobs, &|more| progress.advance(more));
        progress.finish();
        match verified {
            Ok((renditions, _)) => report.renditions = Some(renditions),
            Err(VerifyError::Fault(fault)) => return Ok(Err(Wrong::of_fault(&fault, self.root))),
            Err(VerifyError::Archive(error)) => return Ok(Err(Wrong::of_archive(&error, self.root).ok_or(error)?)),
        }
        Ok(missing_document(reader, view).map_or(Ok(()), Err))
    }

    /// The tables of a live site against those that the ledger gives.
    fn tables(&self, reader: &ArchiveReader, view: &Arc<View>, report: &mut Report) -> Result<(), Wrong> {
        let mirror = Mirror::new(Arc::clone(view), []).map_err(|error| no_mirror(&error))?;
        let tables: Vec<&MirrorFile> = mirror.files().iter().filter(|file| remote::is_table(file)).collect();
        let compared = for_each(&tables, self.jobs, |file| listed::check_table(self.root, reader, &mirror, file))?;
        report.tables = Some(compared.len() as u64);
        Ok(())
    }

    /// What the masks of all pictures hide.
    fn masks(&self, reader: &ArchiveReader, view: &View, report: &mut Report) -> Result<(), Wrong> {
        let progress = Progress::new("masks", view.count.sheet_count() as u64);
        let checked = pictures::check_all(reader, &view.count, self.jobs, || progress.advance(1));
        progress.finish();
        let ProofReport { proved, unproved, withheld } = checked.map_err(|fault| {
            let meaning = "the picture does not show the pixels that came in, or hides other ones than the ledger says";
            let named = fault.split(' ').find_map(|word| word.parse::<DocumentHash>().ok());
            let shown = named.and_then(|hash| view.renditions().find(|(one, _)| *one == hash));
            let path = shown.map(|(hash, media)| rendition_path(&hash, media).trim_start_matches('/').to_owned());
            Wrong { path, ..Wrong::new("mask", fault, meaning) }
        })?;
        let number = |pictures: usize| u64::try_from(pictures).unwrap_or(u64::MAX);
        report.masks =
            Some(MasksPart { proved: number(proved), unproved: number(unproved), withheld: number(withheld) });
        Ok(())
    }

    /// Every file of a mirror.
    fn mirror_files(&self, reader: &ArchiveReader, folded: &Folded, report: &mut Report) -> Result<(), Wrong> {
        let size = folded.checkpoint.size;
        let ledger =
            reader.ledger_files(size).map_err(|error| Wrong::new("unreadable", error.to_string(), wrong::COPY))?;
        let mirror = Mirror::new(Arc::clone(&folded.view), ledger).map_err(|error| no_mirror(&error))?;
        let progress: OnceLock<Progress> = OnceLock::new();
        let files = listed::check(self.root, reader, &mirror, &folded.checkpoint, self.jobs, &progress);
        if let Some(progress) = progress.get() {
            progress.finish();
        }
        let (part, not_checked) = files?;
        report.files = Some(part);
        report.left_out |= not_checked.is_some();
        report.not_checked.extend(not_checked);
        Ok(())
    }
}

/// Files about how pages look that are longer are not looked at, in bytes.
const LONGEST_PRESENTATION: u64 = 256 << 20;

fn read_small(path: &Path) -> Option<Vec<u8>> {
    let found = std::fs::symlink_metadata(path).ok()?;
    (found.is_file() && found.len() <= LONGEST_PRESENTATION).then(|| std::fs::read(path).ok()).flatten()
}

fn no_mirror(error: &MirrorError) -> Wrong {
    Wrong::new("mirror", error.to_string(), PUBLISHER)
}

/// The ledger, counted.
struct Folded {
    view: Arc<View>,
    checkpoint: Checkpoint,
    readings: reread::Readings,
}

impl Report {
    fn new(kind: Kind) -> Self {
        Self {
            kind,
            address: None,
            key: String::new(),
            key_from: KeyFrom::Place,
            witnesses: None,
            ledger: None,
            contests: Vec::new(),
            refused: 0,
            rulings: 0,
            renditions: None,
            tables: None,
            files: None,
            masks: None,
            reread: None,
            not_checked: Vec::new(),
            left_out: false,
            wrong: None,
        }
    }

    fn take_ledger(&mut self, ledger: &LedgerReport) {
        self.ledger = Some(LedgerPart {
            origin: ledger.checkpoint.origin.clone(),
            size: ledger.checkpoint.size.0,
            root: ledger.checkpoint.root.to_string(),
            bundles: ledger.bundles,
            tiles: ledger.tiles,
            heads: ledger.checkpoints,
            documents: ledger.documents,
        });
    }

    fn take_count(&mut self, count: &Count, root: &str) {
        self.refused = count.refusals().len() as u64;
        self.rulings = rulings(count);
        self.contests = (0..count.definition().contests.len())
            .map(|at| {
                let tally = count.tally(at, UnitIndex::WHOLE, root.to_owned());
                let contest = &count.definition().contests[at];
                ContestPart {
                    contest: contest.id.to_string(),
                    title: contest.title.in_language("en").to_owned(),
                    counted: tally.stations.counted,
                    candidates: tally.candidates.iter().map(|one| (one.id.to_string(), one.votes)).collect(),
                }
            })
            .collect();
    }
}

/// Rulings that had an effect: the fold has checked the signatures of each.
fn rulings(count: &Count) -> u64 {
    let stations = count.geography().stations().flat_map(|station| count.station_rulings(station));
    let sheets = count.sheets().flat_map(|sheet| count.sheet_rulings(sheet));
    let entries: BTreeSet<EntryIndex> = stations.chain(sheets).map(|ruling| ruling.entry).collect();
    entries.len() as u64
}

/// A document that entries name and that is not there for others to read.
fn missing_document(reader: &ArchiveReader, view: &View) -> Option<Wrong> {
    let mut named = view.documents.iter().map(|hash| testigo_ledger::Hash(*hash.as_bytes()));
    let gone = named.find(|hash| reader.document(hash).is_err())?;
    let path = format!("documents/{gone}");
    Some(Wrong::at("missing", path, "is missing, and entries name it", wrong::COPY))
}
