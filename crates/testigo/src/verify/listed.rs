//! Every file of a mirror against the signed list, against its own name, and against what the ledger gives.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Read as _;
use std::path::Path;
use std::sync::OnceLock;

use sha2::{Digest as _, Sha256};
use testigo_archive::ArchiveReader;
use testigo_ledger::{Checkpoint, Hash};
use testigo_site::mirror::{
    LONGEST_MANIFEST, Listed, MANIFEST, Manifest, Mirror, MirrorFile, UNFINISHED, for_each, strangers,
};

use testigo_site::torrent;

use super::FilesPart;
use super::wrong::{COPY, PUBLISHER, Wrong};
use crate::terminal::Progress;

/// Read at a time, in bytes.
const PIECE: usize = 1 << 18;

/// Of a page or table that is longer than what the ledger gives, no more than this is read, in bytes.
const LARGEST_MADE: usize = 1 << 30;

/// Checks all files; says what was checked and what could not be.
pub fn check(
    root: &Path,
    reader: &ArchiveReader,
    mirror: &Mirror,
    checkpoint: &Checkpoint,
    jobs: usize,
    progress: &OnceLock<Progress>,
) -> Result<(FilesPart, Option<String>), Wrong> {
    if root.join(UNFINISHED).exists() {
        let meaning = "publishing was interrupted, or goes on right now: `testigo publish` finishes it";
        return Err(Wrong::at("unfinished", UNFINISHED, "is there: the mirror is not finished", meaning));
    }
    let manifest = open_manifest(root, reader, checkpoint)?;
    let same_program = manifest.program == env!("CARGO_PKG_VERSION");
    let files = pair(mirror, &manifest, same_program)?;
    no_others(root, &manifest, jobs)?;
    let progress = progress.get_or_init(|| Progress::new("files", files.len() as u64));
    let check = |(listed, file): &(&Listed, Option<&MirrorFile>)| {
        let made = file.filter(|file| same_program && file.is_made());
        check_file(root, reader, mirror, listed, made)?;
        progress.advance(1);
        Ok(u64::from(made.is_some()))
    };
    // What is made of the pictures is looked at after them.
    let of_pictures = format!("data/{}", torrent::SHEETS);
    let (last, first): (Vec<_>, Vec<_>) = files.iter().copied().partition(|(listed, _)| listed.path == of_pictures);
    let mut checked = for_each(&first, jobs, check)?;
    checked.extend(for_each(&last, jobs, check)?);
    let part = FilesPart {
        files: files.len() as u64 + 1,
        bytes: files.iter().map(|(listed, _)| listed.size).sum(),
        made_again: checked.into_iter().sum(),
        renditions: files.iter().filter(|(listed, _)| listed.path.starts_with("renditions/")).count() as u64,
    };
    let not_checked = (!same_program).then(|| {
        format!(
            "pages and tables: version {} of the program made them, this is {}; take that version to compare them",
            manifest.program,
            env!("CARGO_PKG_VERSION")
        )
    });
    Ok((part, not_checked))
}

/// The signed list in a mirror, believed only with the key at the head's size, and only if it is of this head.
pub fn open_manifest(root: &Path, reader: &ArchiveReader, checkpoint: &Checkpoint) -> Result<Manifest, Wrong> {
    let path = root.join(MANIFEST);
    let length = fs::symlink_metadata(&path).ok().filter(fs::Metadata::is_file).map(|found| found.len());
    let length =
        length.ok_or_else(|| Wrong::at("missing", MANIFEST, "is missing: nothing says what belongs here", COPY))?;
    if usize::try_from(length).map_or(true, |length| length > LONGEST_MANIFEST) {
        return Err(Wrong::at("manifest", MANIFEST, "is longer than any manifest may be", COPY));
    }
    let note = fs::read(&path).map_err(|error| Wrong::at("unreadable", MANIFEST, &error.to_string(), COPY))?;
    let manifest = Manifest::open(&note, reader.keys().at(checkpoint.size)).map_err(|error| {
        let meaning = "the list of files was changed, or another key signed it";
        Wrong::at("manifest", MANIFEST, &format!("is not to be believed: {error}"), meaning)
    })?;
    if manifest.checkpoint != *checkpoint {
        let meaning = "the list of files is of another state of the ledger: publishing was interrupted, or files of two mirrors were mixed";
        let line = |checkpoint: &Checkpoint| format!("{} entries, root {}", checkpoint.size, checkpoint.root);
        return Err(Wrong::at("manifest-head", MANIFEST, "is not that of the head in ledger/checkpoint", meaning)
            .values(line(checkpoint), line(&manifest.checkpoint)));
    }
    Ok(manifest)
}

/// Each listed file with what the mirror of this ledger has in its place. They must be the same files; pages that another version of
/// the program made may be others.
fn pair<'a>(
    mirror: &'a Mirror,
    manifest: &'a Manifest,
    same_program: bool,
) -> Result<Vec<(&'a Listed, Option<&'a MirrorFile>)>, Wrong> {
    let mut expected: BTreeMap<&str, &MirrorFile> =
        mirror.files().iter().map(|file| (file.path.as_str(), file)).collect();
    let mut files = Vec::with_capacity(manifest.files.len());
    for listed in &manifest.files {
        let file = expected.remove(listed.path.as_str());
        if file.is_none() && (same_program || is_kept(&listed.path)) {
            let what = "is on the signed list, and this ledger has no such file";
            return Err(Wrong::at("not-of-ledger", &listed.path, what, PUBLISHER));
        }
        files.push((listed, file));
    }
    match expected.into_values().find(|file| same_program || !file.is_made()) {
        Some(left_out) => Err(Wrong::at(
            "left-out",
            &left_out.path,
            "belongs to this ledger's mirror and is not on the signed list",
            PUBLISHER,
        )),
        None => Ok(files),
    }
}

fn is_kept(path: &str) -> bool {
    ["ledger/", "documents/", "renditions/", "openings/", "presentation/"].iter().any(|folder| path.starts_with(folder))
}

/// Nothing else is there.
fn no_others(root: &Path, manifest: &Manifest, jobs: usize) -> Result<(), Wrong> {
    let mut listed: Vec<&str> = manifest.files.iter().map(|file| file.path.as_str()).chain([MANIFEST]).collect();
    listed.sort_unstable();
    let others = strangers(root, &listed, jobs)
        .map_err(|(path, error)| Wrong::at("unreadable", path, &format!("cannot be read: {error}"), COPY))?;
    match others.into_iter().next() {
        Some(stranger) => Err(Wrong::at(
            "extra",
            stranger.path,
            "is not on the signed list",
            "somebody put it there, or it was left by an older state: it says nothing about this election; remove it",
        )),
        None => Ok(()),
    }
}

fn check_file(
    root: &Path,
    reader: &ArchiveReader,
    mirror: &Mirror,
    listed: &Listed,
    made: Option<&MirrorFile>,
) -> Result<(), Wrong> {
    let path = root.join(&listed.path);
    let unreadable =
        |error: std::io::Error| Wrong::at("unreadable", &listed.path, &format!("cannot be read: {error}"), COPY);
    match fs::symlink_metadata(&path) {
        Err(_) => return Err(Wrong::at("missing", &listed.path, "is on the signed list and missing", COPY)),
        Ok(found) if !found.is_file() => {
            return Err(Wrong::at("not-a-file", &listed.path, "is not a file but a link or something else", COPY));
        }
        Ok(found) if found.len() != listed.size && made.is_none() => {
            return Err(Wrong::at("size", &listed.path, "has not the size that the signed list says", COPY)
                .values(format!("{} bytes", listed.size), format!("{} bytes", found.len())));
        }
        Ok(_) => {}
    }
    let found = match made {
        Some(file) => check_made(&path, reader, mirror, listed, file)?,
        None => hash(&path, listed.size).map_err(unreadable)?,
    };
    if found != listed.hash {
        let (also, meaning) = match (named_hash(&listed.path), made) {
            (Some(_), _) => (" nor that its name says", COPY),
            (None, Some(_)) => ("", PUBLISHER),
            (None, None) => ("", COPY),
        };
        let what = format!("has not the hash that the signed list says{also}");
        return Err(Wrong::at("hash", &listed.path, &what, meaning).values(listed.hash, found));
    }
    match named_hash(&listed.path) {
        Some(named) if named != found => {
            Err(Wrong::at("content", &listed.path, "has not the hash that its name says", PUBLISHER)
                .values(named, found))
        }
        _ => Ok(()),
    }
}

/// A page or a table: made again, and compared byte for byte. Gives the hash of what is there.
fn check_made(
    path: &Path,
    reader: &ArchiveReader,
    mirror: &Mirror,
    listed: &Listed,
    file: &MirrorFile,
) -> Result<Hash, Wrong> {
    let given =
        mirror.content(file, reader).map_err(|error| Wrong::at("page", &listed.path, &error.to_string(), COPY))?;
    let longest = given.len().max(usize::try_from(listed.size).unwrap_or(0).min(LARGEST_MADE));
    let mut found = Vec::with_capacity(longest + 1);
    File::open(path)
        .and_then(|file| file.take(longest as u64 + 1).read_to_end(&mut found))
        .map_err(|error| Wrong::at("unreadable", &listed.path, &format!("cannot be read: {error}"), COPY))?;
    let hash = Hash::of(&found);
    if found == given {
        return Ok(hash);
    }
    let at = first_difference(&found, &given);
    let meaning = if hash == listed.hash { PUBLISHER } else { COPY };
    let what = format!("differs, from byte {at} on, from what the ledger gives");
    Err(Wrong::at("page", &listed.path, &what, meaning).values(around(&given, at), around(&found, at)))
}

/// A table of a live site: made again, and compared byte for byte.
pub fn check_table(root: &Path, reader: &ArchiveReader, mirror: &Mirror, file: &MirrorFile) -> Result<(), Wrong> {
    let path = root.join(&file.path);
    let unreadable =
        |error: &dyn std::fmt::Display| Wrong::at("unreadable", &file.path, &format!("cannot be read: {error}"), COPY);
    let given = mirror.content(file, reader).map_err(|error| unreadable(&error))?;
    let found = fs::read(&path).map_err(|error| unreadable(&error))?;
    if found == given {
        return Ok(());
    }
    let at = first_difference(&found, &given);
    let meaning = "the site does not show what its ledger gives, or another version of the program made this table in another form";
    let what = format!("differs, from byte {at} on, from what the ledger gives");
    Err(Wrong::at("table", &file.path, &what, meaning).values(around(&given, at), around(&found, at)))
}

fn named_hash(path: &str) -> Option<Hash> {
    let kept = path.starts_with("documents/") || path.starts_with("renditions/");
    path.rsplit('/').next().filter(|_| kept)?.split('.').next()?.parse().ok()
}

/// The hash of a file, of no more of it than the list says and one byte.
fn hash(path: &Path, size: u64) -> std::io::Result<Hash> {
    let mut file = File::open(path)?.take(size.saturating_add(1));
    let mut hasher = Sha256::new();
    let mut piece = vec![0; PIECE.min(usize::try_from(size).unwrap_or(PIECE) + 1)];
    loop {
        let length = file.read(&mut piece)?;
        if length == 0 {
            return Ok(Hash(hasher.finalize().into()));
        }
        hasher.update(&piece[..length]);
    }
}

fn first_difference(one: &[u8], other: &[u8]) -> usize {
    one.iter().zip(other).position(|(one, other)| one != other).unwrap_or_else(|| one.len().min(other.len()))
}

/// A few characters from a place on.
fn around(bytes: &[u8], at: usize) -> String {
    let start = at.saturating_sub(12);
    let end = bytes.len().min(at.saturating_add(40));
    let text = String::from_utf8_lossy(bytes.get(start..end).unwrap_or_default()).into_owned();
    text.chars().map(|letter| if letter.is_control() { ' ' } else { letter }).collect()
}
