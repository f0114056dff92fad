//! A mirror or a live site on the web: its files are brought into a folder that lasts as long as the verification, and there they are
//! verified like those of any folder.
//!
//! A mirror's files are those on its signed list, which is believed before anything else is fetched; none is fetched further than the list
//! says it goes. A live site has no such list: there it is the ledger that says what must be there, and the rest is said to be unchecked.

use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use testigo_archive::ArchiveReader;
use testigo_count::DocumentHash;
use testigo_count::fold::Documents;
use testigo_ledger::{Checkpoint, EntryIndex, Hash, TilePath, TreeSize};
use testigo_site::mirror::{LONGEST_MANIFEST, MANIFEST, Manifest, Mirror, MirrorFile, for_each};
use testigo_site::source::{Folding, take_lists};
use testigo_site::{Source as _, View};

use super::wrong::{COPY, PUBLISHER, Wrong};
use super::{Kind, Report, Trust, Verification, listed, no_mirror};
use crate::http::{Client, Download};
use crate::terminal::{Progress, grouped};

/// Files fetched at a time.
const CONNECTIONS: usize = 8;

/// A server that says nothing for so long is given up.
const SILENCE: Duration = Duration::from_secs(30);

/// Between two attempts to get the same file.
const PAUSES: [Duration; 3] = [Duration::from_millis(300), Duration::from_secs(2), Duration::from_secs(6)];

/// Of a file whose size nobody has signed, no more is fetched, in bytes.
const LONGEST_FILE: u64 = 256 << 20;

/// Of a longer ledger nothing is fetched before somebody has looked at it.
const LARGEST_LEDGER: TreeSize = TreeSize(1 << 27);

/// No key file and no head is longer, in bytes.
const LONGEST_NOTE: u64 = 1 << 20;

/// The exit code of a program that Ctrl-C has ended, by custom.
const STOPPED: i32 = 130;

/// A site whose ledger grows while it is fetched is fetched so often.
const ROUNDS: usize = 5;

/// Whether what is to be verified is on the web.
pub fn is_address(place: &str) -> bool {
    let begins = |scheme: &str| place.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme));
    begins("http://") || begins("https://")
}

/// Verifies what stands at an address. `Err` only where nothing could be verified at all.
pub fn verify_address(address: &str, trust: &Trust, reread: bool, jobs: usize) -> Result<Report> {
    let folder = tempfile::Builder::new().prefix("testigo-verify-").tempdir();
    let folder =
        folder.context("there is no place for what is fetched\nhint: TMPDIR names a folder with room for it")?;
    remove_when_stopped(folder.path().to_owned());
    let mut remote = Remote {
        base: base(address)?,
        root: folder.path(),
        client: Client::for_downloads(SILENCE, CONNECTIONS),
        verification: Verification { root: folder.path(), trust, reread, jobs },
    };
    let (kind, fetched) = match remote.fetch_manifest()? {
        true => (Kind::Mirror, remote.fetch_mirror()),
        false => (Kind::Site, remote.fetch_site()),
    };
    let mut report = match fetched {
        Ok(()) => remote.verification.verify(kind)?,
        Err(Stop::Wrong(wrong, report)) => Report { wrong: Some(*wrong), ..*report },
        Err(Stop::Failed(error)) => return Err(error),
    };
    if kind == Kind::Mirror && report.wrong.is_some() && remote.was_published_anew() {
        bail!("{} was published anew while it was being fetched\nhint: verify it again", remote.base);
    }
    report.not_checked.extend(beyond(kind).map(str::to_owned));
    report.address = Some(remote.base);
    Ok(report)
}

/// Whoever stops the program with Ctrl-C finds nothing of what was fetched.
fn remove_when_stopped(folder: PathBuf) {
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if !runtime.is_ok_and(|runtime| runtime.block_on(tokio::signal::ctrl_c()).is_ok()) {
            return;
        }
        // Other threads may still be writing there.
        while fs::remove_dir_all(&folder).is_err() && folder.exists() {
            thread::sleep(Duration::from_millis(10));
        }
        std::process::exit(STOPPED);
    });
}

/// What cannot be seen from afar.
fn beyond(kind: Kind) -> impl Iterator<Item = &'static str> {
    let said: &[&str] = match kind {
        Kind::Archive => &[],
        Kind::Mirror => {
            &["files that may be there beside those on the signed list: a web server does not say what it has"]
        }
        Kind::Site => &[
            "the pages: a live site has no signed list of its files; its mirror has one, and `testigo publish` makes it",
            "earlier heads, and files that may be there beside those that the ledger names: a web server does not say what it has",
        ],
    };
    said.iter().copied()
}

/// The folder that a site's addresses begin with, with a slash at its end.
fn base(address: &str) -> Result<String> {
    let address = address.split('#').next().unwrap_or_default();
    let (scheme, rest) = address.split_once("://").unwrap_or_default();
    if rest.contains(['?', ' ', '@']) || rest.is_empty() || rest.starts_with('/') {
        bail!(
            "`{address}` is no address of a site\nhint: give that of its home page, such as https://example.org/site/"
        );
    }
    let home = rest.strip_suffix("index.html").unwrap_or(rest);
    Ok(format!("{}://{}/", scheme.to_ascii_lowercase(), home.trim_end_matches('/')))
}

/// Tables that a live site and a mirror have alike, and that hold every number the pages show.
pub fn is_table(file: &MirrorFile) -> bool {
    file.is_made()
        && file.path.starts_with("data/")
        && (file.path.ends_with(".csv") || file.path.ends_with("/tally.json"))
}

/// Why no more is fetched.
enum Stop {
    /// Something is wrong with the place; with what was found out before.
    Wrong(Box<Wrong>, Box<Report>),
    /// It cannot be fetched.
    Failed(anyhow::Error),
}

impl From<anyhow::Error> for Stop {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(error)
    }
}

impl From<Wrong> for Stop {
    fn from(wrong: Wrong) -> Self {
        Self::Wrong(Box::new(wrong), Box::new(Report::new(Kind::Mirror)))
    }
}

/// What became of one file.
enum Fetched {
    Whole,
    TooLong,
    Shorter(u64),
    /// Not there, with the status of HTTP.
    Gone(u16),
}

struct Remote<'a> {
    /// Ends with a slash.
    base: String,
    root: &'a Path,
    client: Client,
    verification: Verification<'a>,
}

impl Remote<'_> {
    /// Whether there is a signed list; it is fetched, and not believed yet.
    fn fetch_manifest(&mut self) -> Result<bool> {
        let longest = u64::try_from(LONGEST_MANIFEST).unwrap_or(u64::MAX);
        let path = self.root.join(MANIFEST);
        let mut file = create(&path)?;
        let download = self.client.download(&format!("{}{MANIFEST}", self.base), longest, &mut file);
        drop(file);
        match download.map_err(|failure| failure.error)? {
            Download::Whole(_, address) => {
                // Where the whole site has moved, its other files are asked for there.
                if let Some(base) = address.strip_suffix(MANIFEST) {
                    base.clone_into(&mut self.base);
                }
                Ok(true)
            }
            Download::TooLong => Ok(true),
            Download::Refused(404 | 410) => {
                fs::remove_file(&path).with_context(|| format!("{} cannot be removed", path.display()))?;
                Ok(false)
            }
            Download::Refused(status) => {
                bail!("{}{MANIFEST} cannot be fetched: the server answers {status}", self.base)
            }
        }
    }

    /// Whether the signed list is another one by now: then files of two states were fetched, and nothing is wrong with either.
    fn was_published_anew(&self) -> bool {
        let path = self.root.join(MANIFEST);
        let Ok(before) = fs::read(&path) else { return false };
        let fetched = self.fetch(MANIFEST, u64::try_from(LONGEST_MANIFEST).unwrap_or(u64::MAX));
        fetched.is_ok() && fs::read(&path).is_ok_and(|now| now != before)
    }

    fn fetch_mirror(&self) -> Result<(), Stop> {
        if !self.begins_like_a_manifest() {
            // Some servers answer every address with a page.
            return Err(self.not_a_site().into());
        }
        let reader = self.open()?;
        self.fetch_listed("ledger/checkpoint", LONGEST_NOTE, None)?;
        let checkpoint = reader.checkpoint().map_err(|error| self.of_archive(error))?;
        let manifest = listed::open_manifest(self.root, &reader, &checkpoint)?;
        no_file_is_a_folder(&manifest)?;
        self.room_for(&manifest)?;
        let progress = Progress::new("files fetched", manifest.files.len() as u64);
        let fetched = for_each(&manifest.files, CONNECTIONS, |listed| {
            self.fetch_listed(&listed.path, listed.size, Some(listed.size))?;
            progress.advance(1);
            Ok::<_, Stop>(())
        });
        progress.finish();
        fetched.map(|_| ())
    }

    /// What the ledger names: its own files, documents, pictures with their proofs, and the tables that are made of it.
    fn fetch_site(&self) -> Result<(), Stop> {
        for _ in 0..ROUNDS {
            let reader = self.open()?;
            self.fetch_listed("ledger/checkpoint", LONGEST_NOTE, None)?;
            let checkpoint = reader.checkpoint().map_err(|error| self.of_archive(error))?;
            if checkpoint.size > LARGEST_LEDGER {
                let most = grouped(LARGEST_LEDGER.0);
                let what =
                    format!("{} says it has {} entries; no more than {most} are fetched", self.base, checkpoint.size);
                return Err(anyhow!("{what}\nhint: copy it to a disk, and verify that").into());
            }
            self.fetch_tiles(&[checkpoint.size])?;
            let Some(view) = self.fold(&reader, &checkpoint)? else { return Ok(()) };
            self.fetch_vouching_heads(&view, checkpoint.size)?;
            let mirror = Mirror::new(view, []).map_err(|error| no_mirror(&error))?;
            let (made, kept): (Vec<&MirrorFile>, Vec<&MirrorFile>) =
                mirror.files().iter().partition(|file| file.is_made());
            let kept: Vec<&MirrorFile> = kept.into_iter().filter(|file| !file.path.starts_with("ledger/")).collect();
            let paths = kept.iter().map(|file| file.path.as_str());
            self.fetch_all(paths.filter(|path| !self.root.join(path).exists()))?;
            self.fetch_all(made.iter().filter(|file| is_table(file)).map(|file| file.path.as_str()))?;
            // The tables are those of this head if it was the last one all the time.
            self.fetch_listed("ledger/checkpoint", LONGEST_NOTE, None)?;
            if reader.checkpoint().map_err(|error| self.of_archive(error))? == checkpoint {
                return Ok(());
            }
        }
        let hint = "try again later, or verify a mirror of it, which stands still";
        Err(anyhow!("the ledger of {} grows faster than it can be fetched\nhint: {hint}", self.base).into())
    }

    /// The keys of the ledger, among which is the one that is believed.
    fn open(&self) -> Result<ArchiveReader, Stop> {
        match self.fetch("ledger/key", LONGEST_NOTE)? {
            Fetched::Whole | Fetched::Shorter(_) => {}
            Fetched::Gone(404 | 410) => return Err(self.not_a_site().into()),
            Fetched::Gone(status) => return Err(anyhow!("{}ledger/key: the server answers {status}", self.base).into()),
            Fetched::TooLong => return Err(Wrong::at("key", "ledger/key", "is longer than any keys are", COPY).into()),
        }
        let begins_like_a_page =
            || fs::read(self.root.join("ledger/key")).is_ok_and(|key| key.trim_ascii().starts_with(b"<"));
        if !self.begins_like_a_manifest() && begins_like_a_page() {
            return Err(self.not_a_site().into());
        }
        let reader = ArchiveReader::open_mirror(self.root).map_err(|error| self.of_archive(error))?;
        let mut report = Report::new(Kind::Mirror);
        match self.verification.trusted(reader, &mut report) {
            Ok((reader, _)) => Ok(reader),
            Err(wrong) => Err(Stop::Wrong(Box::new(wrong), Box::new(report))),
        }
    }

    fn begins_like_a_manifest(&self) -> bool {
        let Ok(file) = File::open(self.root.join(MANIFEST)) else { return false };
        let mut start = Vec::new();
        let expected = b"testigo manifest ";
        file.take(expected.len() as u64).read_to_end(&mut start).is_ok() && start == expected
    }

    fn not_a_site(&self) -> anyhow::Error {
        anyhow!(
            "{} is neither a mirror nor a live site: `manifest` and `ledger/key` are not there\nhint: give the address of its home page, such as https://example.org/site/",
            self.base
        )
    }

    fn of_archive(&self, error: testigo_archive::ArchiveError) -> Stop {
        match Wrong::of_archive(&error, self.root) {
            Some(wrong) => wrong.into(),
            None => Stop::Failed(error.into()),
        }
    }

    fn fetch_tiles(&self, sizes: &[TreeSize]) -> Result<(), Stop> {
        let paths: BTreeSet<String> =
            sizes.iter().flat_map(|size| TilePath::all(*size)).map(|path| format!("ledger/{path}")).collect();
        self.fetch_all(paths.iter().map(String::as_str).filter(|path| !self.root.join(path).exists()))
    }

    /// Counts what the ledger has, fetching the documents that the count asks for; nothing is verified yet. `None` where it cannot be counted: then
    /// verifying says why.
    fn fold(&self, reader: &ArchiveReader, checkpoint: &Checkpoint) -> Result<Option<Arc<View>>, Stop> {
        let documents = RemoteDocuments { remote: self, reader, stopped: RefCell::default() };
        let mut folding = Folding::new(&documents, None);
        for entry in
            reader.entries(EntryIndex(0)..checkpoint.size.next_index()).map_err(|error| self.of_archive(error))?
        {
            let Ok((_, entry)) = entry else { return Ok(None) };
            let taken = folding.take(&entry);
            if let Some(stop) = documents.stopped.take() {
                return Err(stop);
            }
            if taken.is_err() {
                return Ok(None);
            }
        }
        let (count, named) = folding.finish();
        let Some((count, head)) = count.zip(reader.head().ok()) else { return Ok(None) };
        let mut view = View::new(count, head, named, None);
        // Whether an audit can be told, and so has a table, depends on its list.
        take_lists(&mut view, &|hash| documents.document(hash).map(Cow::into_owned));
        match documents.stopped.take() {
            Some(stop) => Err(stop),
            None => Ok(Some(Arc::new(view))),
        }
    }

    /// Where the ledger's key was replaced: the heads around each replacement, of which one must vouch for it.
    fn fetch_vouching_heads(&self, view: &View, head: TreeSize) -> Result<(), Stop> {
        let mut sizes = Vec::new();
        for rotation in view.count.rotations() {
            for size in [rotation.entry.0, rotation.entry.0.saturating_add(1)] {
                let path = format!("ledger/checkpoints/{size}");
                match self.fetch(&path, LONGEST_NOTE)? {
                    Fetched::Whole | Fetched::Shorter(_) if size < head.0 => sizes.push(TreeSize(size)),
                    _ => fs::remove_file(self.root.join(&path)).with_context(|| format!("{path} cannot be removed"))?,
                }
            }
        }
        self.fetch_tiles(&sizes)
    }

    fn fetch_all<'p>(&self, paths: impl Iterator<Item = &'p str>) -> Result<(), Stop> {
        let paths: Vec<&str> = paths.collect();
        let progress = Progress::new("files fetched", paths.len() as u64);
        let fetched = for_each(&paths, CONNECTIONS, |path| {
            self.fetch_listed(path, LONGEST_FILE, None)?;
            progress.advance(1);
            Ok::<_, Stop>(())
        });
        progress.finish();
        fetched.map(|_| ())
    }

    /// A file that has to be there, of just so many bytes if that is known.
    fn fetch_listed(&self, path: &str, most: u64, size: Option<u64>) -> Result<(), Stop> {
        let wrong_size = |found: String| {
            let what = "has not the size that the signed list says";
            Wrong::at("size", path, what, COPY).values(format!("{most} bytes"), found)
        };
        match self.fetch(path, most)? {
            Fetched::Shorter(length) if size.is_some() => Err(wrong_size(format!("{length} bytes")).into()),
            Fetched::Whole | Fetched::Shorter(_) => Ok(()),
            Fetched::TooLong if size.is_some() => Err(wrong_size("more than that".to_owned()).into()),
            Fetched::TooLong => {
                Err(Wrong::at("size", path, &format!("is longer than {} bytes", grouped(most)), COPY).into())
            }
            Fetched::Gone(status) => {
                let listed = if size.is_some() { "is on the signed list and missing" } else { "is missing" };
                Err(Wrong::at("missing", path, &format!("{listed}: the server answers {status}"), COPY).into())
            }
        }
    }

    /// Brings a file into the folder, and tries again where that may help.
    fn fetch(&self, path: &str, most: u64) -> Result<Fetched> {
        let (url, target) = (format!("{}{path}", self.base), self.root.join(path));
        let mut pauses = PAUSES.iter();
        loop {
            let mut file = create(&target)?;
            let failure = match self.client.download(&url, most, &mut file) {
                Ok(Download::Whole(length, _)) => {
                    let whole = length == most;
                    return Ok(if whole { Fetched::Whole } else { Fetched::Shorter(length) });
                }
                Ok(Download::TooLong) => return Ok(Fetched::TooLong),
                // Too many requests, and whatever a server blames itself for, may be over soon.
                Ok(Download::Refused(status)) if status == 429 || status >= 500 => {
                    anyhow!("{url} cannot be fetched: the server answers {status}")
                }
                Ok(Download::Refused(status)) => return Ok(Fetched::Gone(status)),
                Err(failure) if failure.passing => failure.error,
                Err(failure) => return Err(failure.error),
            };
            let Some(pause) = pauses.next() else {
                return Err(failure.context(format!("{} was tried {} times", url, PAUSES.len() + 1)));
            };
            thread::sleep(*pause);
        }
    }

    /// Whether what the list names has room here.
    fn room_for(&self, manifest: &Manifest) -> Result<()> {
        let needed = manifest.files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.size));
        let Some(free) = free_bytes(self.root) else { return Ok(()) };
        if needed > free {
            bail!(
                "the mirror has {} MB, and {} has room for {} MB\nhint: TMPDIR names a folder with more room",
                grouped(needed.div_ceil(1_000_000)),
                self.root.parent().unwrap_or(self.root).display(),
                grouped(free / 1_000_000)
            );
        }
        Ok(())
    }
}

/// Documents of a live site, fetched when the count asks for them.
struct RemoteDocuments<'a> {
    remote: &'a Remote<'a>,
    reader: &'a ArchiveReader,
    /// Why the last one could not be had.
    stopped: RefCell<Option<Stop>>,
}

impl Documents for RemoteDocuments<'_> {
    fn document(&self, hash: &DocumentHash) -> Option<Cow<'_, [u8]>> {
        let path = format!("documents/{hash}");
        if !self.remote.root.join(&path).exists()
            && let Err(stop) = self.remote.fetch_listed(&path, LONGEST_FILE, None)
        {
            *self.stopped.borrow_mut() = Some(stop);
            return None;
        }
        self.reader.document(&Hash(*hash.as_bytes())).ok().map(Cow::Owned)
    }
}

/// A file to write to, in folders made for it.
fn create(path: &Path) -> Result<File> {
    let folder = path.parent().unwrap_or(path);
    fs::create_dir_all(folder).with_context(|| format!("{} cannot be made", folder.display()))?;
    File::create(path).with_context(|| format!("{} cannot be written", path.display()))
}

fn no_file_is_a_folder(manifest: &Manifest) -> Result<(), Wrong> {
    let folders = manifest.files.iter().flat_map(|file| {
        let path = file.path.as_str();
        path.match_indices('/').filter_map(|(at, _)| path.get(..at))
    });
    match folders
        .collect::<BTreeSet<&str>>()
        .into_iter()
        .find(|folder| manifest.get(folder).is_some() || *folder == MANIFEST)
    {
        Some(path) => Err(Wrong::at("manifest", path, "is on the signed list as a file and as a folder", PUBLISHER)),
        None => Ok(()),
    }
}

/// What is free where a folder lies, as far as the system tells.
#[cfg(unix)]
fn free_bytes(folder: &Path) -> Option<u64> {
    let found = rustix::fs::statvfs(folder).ok()?;
    Some(found.f_bavail.saturating_mul(found.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test is a panic")]
mod tests {
    use super::{base, is_address};

    #[test]
    fn a_site_is_known_by_the_address_of_its_home_page() {
        for (given, expected) in [
            ("https://example.org", "https://example.org/"),
            ("HTTPS://example.org/site", "https://example.org/site/"),
            ("http://example.org/site//", "http://example.org/site/"),
            ("http://example.org:80/site/index.html#main", "http://example.org:80/site/"),
        ] {
            assert!(is_address(given));
            assert_eq!(base(given).unwrap(), expected);
        }
        for given in
            ["https://", "https:///x", "https://example.org/?a", "https://name:word@example.org/", "https://a b"]
        {
            assert!(base(given).unwrap_err().to_string().contains("is no address of a site"), "{given}");
        }
        assert!(!["site", "/srv/site", "ftp://example.org", "http:", "ﬁle"].into_iter().any(is_address));
    }
}
