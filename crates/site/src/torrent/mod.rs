//! Torrents, so that many can hand on what one server could not: of all published pictures, and of a mirror.
//!
//! They are of the first version (BEP 3), name no tracker unless one is given, and say nothing of when and by whom they were made: the same
//! files give the same bytes. A torrent hashes its files as one long row of bytes in pieces of one length, so a file that changes moves all
//! that comes after it. What never changes and is only added to, the pictures in the order of the ledger, therefore stands first, and the
//! hashes of pieces at the beginning that are the same as in an earlier torrent are taken from there.

mod bencode;

use sha1::{Digest as _, Sha1};
use testigo_count::DocumentHash;

use self::bencode::Value;
use crate::address::rendition_path;
use crate::mirror::{for_each, is_path};
use crate::source::Source;
use crate::view::View;

/// The torrent of all published pictures, below `data/`.
pub const SHEETS: &str = "sheets.torrent";

/// Pieces are at least so long, in bytes, ...
const SHORTEST_PIECE: u64 = 1 << 15;
/// ... and at most so long, ...
const LONGEST_PIECE: u64 = 1 << 24;
/// ... and in between so that they are no more than this.
const PIECES: u64 = 2_048;

/// Pieces hashed one after the other by one thread.
const AT_ONCE: usize = 16;

/// One file of a torrent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TorrentFile {
    /// With `/` between names.
    pub path: String,
    /// Bytes.
    pub length: u64,
}

/// What is handed on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contents {
    files: Vec<TorrentFile>,
    piece_length: u64,
    pieces: Vec<[u8; 20]>,
}

/// How it is called, and where else it can be had.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Label {
    /// The folder that it is put into.
    pub name: String,
    /// A line for people.
    pub comment: String,
    /// Trackers, which tell those who have it of each other.
    pub trackers: Vec<String>,
    /// Web servers that have the folder below these addresses (BEP 19).
    pub webseeds: Vec<String>,
}

/// A file could not be read, or is not as long as was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreadable(pub String);

impl Contents {
    /// Hashes files as one row. `read` gives the bytes of a file. Of `before`, an earlier row that begins with the same bytes in its first
    /// `same` files, what can be is taken over. `hashed` hears of pieces.
    ///
    /// # Errors
    /// The path of a file that `read` has not, or not in this length.
    pub fn hash(
        files: Vec<TorrentFile>,
        before: Option<(&Self, usize)>,
        jobs: usize,
        read: &(dyn Fn(&str) -> Option<Vec<u8>> + Sync),
        hashed: &(dyn Fn(u64) + Sync),
    ) -> Result<Self, Unreadable> {
        let starts: Vec<u64> = files
            .iter()
            .scan(0_u64, |sum, file| {
                let start = *sum;
                *sum = sum.saturating_add(file.length);
                Some(start)
            })
            .collect();
        let total = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.length));
        let piece_length = piece_length(total);
        let mut pieces = Self::known(&files, piece_length, before);
        let number = total.div_ceil(piece_length);
        let row = Row { files: &files, starts: &starts, total, piece_length, read };
        let new: Vec<u64> = (pieces.len() as u64..number).collect();
        let groups: Vec<&[u64]> = new.chunks(AT_ONCE).collect();
        let found = for_each(&groups, jobs, |group| {
            let found = row.pieces(group)?;
            hashed(found.len() as u64);
            Ok(found)
        })?;
        pieces.extend(found.into_iter().flatten());
        Ok(Self { files, piece_length, pieces })
    }

    /// The hashes at the beginning that an earlier row has, too.
    fn known(files: &[TorrentFile], piece_length: u64, before: Option<(&Self, usize)>) -> Vec<[u8; 20]> {
        let Some((before, same)) = before.filter(|(before, _)| before.piece_length == piece_length) else {
            return Vec::new();
        };
        let same = files.iter().zip(&before.files).take(same).take_while(|(one, other)| one == other).count();
        let all = same == files.len() && same == before.files.len();
        let bytes = files.iter().take(same).fold(0_u64, |sum, file| sum.saturating_add(file.length));
        let whole = if all { bytes.div_ceil(piece_length) } else { bytes / piece_length };
        before.pieces.iter().take(usize::try_from(whole).unwrap_or(0)).copied().collect()
    }

    /// The files, in order.
    #[must_use]
    pub fn files(&self) -> &[TorrentFile] {
        &self.files
    }

    /// How many pieces there are.
    #[must_use]
    pub fn pieces(&self) -> usize {
        self.pieces.len()
    }

    /// How many pieces a row of files has.
    #[must_use]
    pub fn pieces_of(files: &[TorrentFile]) -> u64 {
        let total = files.iter().fold(0_u64, |sum, file| sum.saturating_add(file.length));
        total.div_ceil(piece_length(total))
    }

    /// The file that torrent programs open.
    #[must_use]
    pub fn to_torrent(&self, label: &Label) -> Vec<u8> {
        let file = |file: &TorrentFile| {
            let names = file.path.split('/').map(Value::text).collect();
            Value::dictionary([("length", Value::Number(file.length)), ("path", Value::List(names))])
        };
        let info = Value::dictionary([
            ("files", Value::List(self.files.iter().map(file).collect())),
            ("name", Value::text(&label.name)),
            ("piece length", Value::Number(self.piece_length)),
            ("pieces", Value::Bytes(self.pieces.concat())),
        ]);
        let mut fields = vec![("comment", Value::text(&label.comment)), ("info", info)];
        let texts = |texts: &[String]| Value::List(texts.iter().map(Value::text).collect());
        if let Some(first) = label.trackers.first() {
            fields.push(("announce", Value::text(first)));
            let tiers = label.trackers.iter().map(|tracker| Value::List(vec![Value::text(tracker)]));
            fields.push(("announce-list", Value::List(tiers.collect())));
        }
        if !label.webseeds.is_empty() {
            fields.push(("url-list", texts(&label.webseeds)));
        }
        Value::Dictionary(fields.into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value)).collect()).encode()
    }

    /// What a torrent that was written here hands on, and its line for people. `None` for what else is called a torrent.
    #[must_use]
    pub fn parse(torrent: &[u8]) -> Option<(Self, String)> {
        let value = Value::decode(torrent)?;
        let info = value.get("info")?;
        let files = info.get("files")?.list()?.iter().map(|file| {
            let names: Option<Vec<&str>> = file.get("path")?.list()?.iter().map(Value::as_text).collect();
            let path = names?.join("/");
            Some(TorrentFile { path, length: file.get("length")?.number()? })
        });
        let files: Vec<TorrentFile> = files.collect::<Option<_>>()?;
        let (pieces, odd) = info.get("pieces")?.bytes()?.as_chunks::<20>();
        let piece_length = info.get("piece length")?.number()?;
        let is_right = odd.is_empty()
            && (SHORTEST_PIECE..=LONGEST_PIECE).contains(&piece_length)
            && pieces.len() as u64 == Self::pieces_of(&files)
            && files.iter().all(|file| file.path == crate::mirror::MANIFEST || is_path(&file.path));
        let contents = Self { files, piece_length, pieces: pieces.to_vec() };
        is_right.then(|| Some((contents, value.get("comment")?.as_text()?.to_owned())))?
    }
}

/// The files as one row of bytes.
struct Row<'a> {
    files: &'a [TorrentFile],
    starts: &'a [u64],
    total: u64,
    piece_length: u64,
    read: &'a (dyn Fn(&str) -> Option<Vec<u8>> + Sync),
}

impl Row<'_> {
    /// The hashes of pieces that follow one another; each file is read once.
    fn pieces(&self, numbers: &[u64]) -> Result<Vec<[u8; 20]>, Unreadable> {
        let mut open: Option<(usize, Vec<u8>)> = None;
        let mut hashes = Vec::with_capacity(numbers.len());
        for number in numbers {
            let (mut at, end) = (number * self.piece_length, ((number + 1) * self.piece_length).min(self.total));
            let mut hasher = Sha1::new();
            // The last file that begins here or before: those before it are empty or end here.
            let mut file = self.starts.partition_point(|start| *start <= at).saturating_sub(1);
            while at < end {
                let TorrentFile { path, length } = &self.files[file];
                let unreadable = || Unreadable(path.clone());
                if open.as_ref().is_none_or(|(number, _)| *number != file) {
                    let bytes = (self.read)(path).filter(|bytes| bytes.len() as u64 == *length);
                    open = Some((file, bytes.ok_or_else(unreadable)?));
                }
                let bytes = open.as_ref().map(|(_, bytes)| bytes.as_slice()).unwrap_or_default();
                let from = usize::try_from(at - self.starts[file]).map_err(|_| unreadable())?;
                let upto = usize::try_from((end - self.starts[file]).min(*length)).map_err(|_| unreadable())?;
                hasher.update(bytes.get(from..upto).ok_or_else(unreadable)?);
                at += (upto - from) as u64;
                file += 1;
            }
            hashes.push(hasher.finalize().into());
        }
        Ok(hashes)
    }
}

fn piece_length(total: u64) -> u64 {
    let mut length = SHORTEST_PIECE;
    while length < LONGEST_PIECE && total / length > PIECES {
        length *= 2;
    }
    length
}

/// A name for a folder of files about a ledger: the ledger's name, as far as every file system takes it.
#[must_use]
pub fn name_of_ledger(origin: &str) -> String {
    let kept = |letter: char| letter.is_ascii_alphanumeric() || "-.".contains(letter);
    let name: String = origin.chars().take(100).map(|letter| if kept(letter) { letter } else { '_' }).collect();
    name.trim_start_matches('.').to_owned()
}

/// All published pictures, in the order of the ledger. The view remembers the hashes for the next one.
///
/// # Errors
/// The path of a picture that `source` has not.
pub fn of_sheets(view: &View, source: &dyn Source) -> Result<Vec<u8>, Unreadable> {
    let name = |hash: &DocumentHash, media: &str| {
        let path = rendition_path(hash, media);
        path.trim_start_matches("/renditions/").to_owned()
    };
    let hash_of = |path: &str| path.split(['/', '.']).nth(1)?.parse::<DocumentHash>().ok();
    let mut kept = view.hashed_sheets.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    let mut files = Vec::new();
    for (hash, media) in view.renditions_in_order() {
        let path = name(&hash, media);
        // A picture is called after its bytes: where the name is the same, so is its length.
        let known =
            kept.as_ref().and_then(|kept: &Contents| kept.files.get(files.len())).filter(|file| file.path == path);
        let length = known.map(|file| file.length).or_else(|| source.rendition_length(&hash));
        files.push(TorrentFile { length: length.ok_or_else(|| Unreadable(format!("renditions/{path}")))?, path });
    }
    let jobs = std::thread::available_parallelism().map_or(1, usize::from);
    let read = |path: &str| source.rendition(&hash_of(path)?);
    let before = kept.as_ref().map(|kept| (kept, kept.files.len()));
    let contents = Contents::hash(files, before, jobs, &read, &|_| {})
        .map_err(|Unreadable(path)| Unreadable(format!("renditions/{path}")))?;
    let label = Label {
        name: format!("{}-sheets", name_of_ledger(&view.head.origin)),
        comment: format!("{}: the published pictures of all sheets, called after their SHA-256", view.head.origin),
        ..Label::default()
    };
    let torrent = contents.to_torrent(&label);
    *kept = Some(contents);
    Ok(torrent)
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a failed test is a panic")]
mod tests {
    use std::collections::BTreeMap;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    /// Made-up files: `(name, length)`, with bytes that follow from the name.
    fn made(files: &[(&str, usize)]) -> (Vec<TorrentFile>, BTreeMap<String, Vec<u8>>) {
        let bytes = |name: &str, length| {
            name.bytes().cycle().zip(0_u8..=250).map(|(one, two)| one ^ two).cycle().take(length).collect()
        };
        let listed =
            files.iter().map(|(path, length)| TorrentFile { path: (*path).to_owned(), length: *length as u64 });
        (listed.collect(), files.iter().map(|(path, length)| ((*path).to_owned(), bytes(path, *length))).collect())
    }

    fn hash(files: &[(&str, usize)], before: Option<(&Contents, usize)>) -> (Contents, u64) {
        let (listed, bytes) = made(files);
        let new = AtomicU64::new(0);
        let read = |path: &str| bytes.get(path).cloned();
        let contents = Contents::hash(listed, before, 3, &read, &|pieces| {
            new.fetch_add(pieces, Ordering::Relaxed);
        });
        (contents.unwrap(), new.into_inner())
    }

    #[test]
    fn pieces_run_on_over_the_borders_of_files() {
        let piece = usize::try_from(SHORTEST_PIECE).unwrap();
        let files = [("a", 3), ("empty", 0), ("b", 2 * piece), ("c", 20 * piece - 3), ("also-empty", 0), ("d", 1)];
        let (contents, _) = hash(&files, None);
        let (_, bytes) = made(&files);
        let row: Vec<u8> = files.iter().flat_map(|(path, _)| bytes[*path].clone()).collect();
        let expected: Vec<[u8; 20]> = row.chunks(piece).map(|piece| Sha1::digest(piece).into()).collect();
        assert_eq!(contents.pieces, expected);
        assert_eq!(expected.len(), 23);
        let torrent = contents.to_torrent(&Label { name: "n".to_owned(), comment: "c".to_owned(), ..Label::default() });
        assert_eq!(Contents::parse(&torrent).unwrap(), (contents, "c".to_owned()));
    }

    #[test]
    fn what_is_added_at_the_end_hashes_nothing_again() {
        let piece = usize::try_from(SHORTEST_PIECE).unwrap();
        let files = [("a", 3 * piece), ("b", piece + 1), ("c", 5)];
        let (before, all) = hash(&files, None);
        assert_eq!(all, 5);
        assert_eq!(hash(&files, Some((&before, 3))), (before.clone(), 0));
        let longer = [&files[..], &[("d", piece)]].concat();
        let (fresh, _) = hash(&longer, None);
        assert_eq!(hash(&longer, Some((&before, 3))), (fresh, 2));
        // Of what nobody vouches for, nothing is taken over; nor of what stands behind a change.
        let (_, new) = hash(&files, Some((&before, 1)));
        assert_eq!(new, 2);
        let other = [("a", 3 * piece), ("x", piece + 1), ("c", 5)];
        let (fresh, _) = hash(&other, None);
        assert_eq!(hash(&other, Some((&before, 3))), (fresh, 2));
    }

    #[test]
    fn a_file_of_another_length_is_named() {
        let (mut listed, bytes) = made(&[("a", 10), ("b", 10)]);
        listed[1].length = 11;
        let read = |path: &str| bytes.get(path).cloned();
        assert_eq!(Contents::hash(listed, None, 1, &read, &|_| {}), Err(Unreadable("b".to_owned())));
    }

    #[test]
    fn trackers_and_web_servers_stand_in_it_only_when_given() {
        let (contents, _) = hash(&[("a", 3)], None);
        let mut label = Label { name: "n".to_owned(), comment: "c".to_owned(), ..Label::default() };
        let plain = Value::decode(&contents.to_torrent(&label)).unwrap();
        let Value::Dictionary(fields) = &plain else { panic!("{plain:?}") };
        assert_eq!(fields.keys().collect::<Vec<_>>(), [&b"comment"[..], b"info"]);
        label.trackers = vec!["http://t.example/a".to_owned(), "udp://u.example:1".to_owned()];
        label.webseeds = vec!["https://w.example/".to_owned()];
        let full = Value::decode(&contents.to_torrent(&label)).unwrap();
        assert_eq!(full.get("info"), plain.get("info"));
        assert_eq!(full.get("announce").and_then(Value::as_text), Some("http://t.example/a"));
        assert_eq!(full.get("announce-list").and_then(Value::list).map(<[Value]>::len), Some(2));
        assert_eq!(full.get("url-list").and_then(Value::list).map(<[Value]>::len), Some(1));
    }

    #[test]
    fn pieces_grow_with_the_files_up_to_a_limit() {
        assert_eq!(
            [0, 1 << 26, (1 << 26) + (1 << 20), 6 << 30, 1 << 50].map(piece_length),
            [1 << 15, 1 << 15, 1 << 16, 1 << 22, 1 << 24]
        );
    }
}
