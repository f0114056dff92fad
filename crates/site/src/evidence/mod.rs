//! An evidence pack: what the ledger has on some stations, with everything needed to check it without this program and
//! without a network. For a court, a commission, a journalist.
//!
//! The pack is a function of the ledger's head and of the stations chosen: the same archive gives the same bytes. It shows what
//! is in the ledger; that nothing else in the ledger speaks of these stations, only the whole ledger can show, and the
//! pack says so. [`pack`] gives the files; whoever holds the ledger's key signs their list.

mod pdf;
mod report;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::json;
use testigo_count::entry::{AuditStep, Reader};
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::readings::ReadingView;
use testigo_count::rule::StationState;
use testigo_count::{DocumentHash, Entry, EntryIndex};

use crate::address::rendition_path;
use crate::language::Language;
use crate::source::{Source, SourceError};
use crate::view::View;

use self::report::Block;

/// The independent checker, and the part of it that checks a pack.
const CHECKERS: [(&str, &str); 2] = [
    ("checker/testigo_check.py", include_str!("../../../../checker/testigo_check.py")),
    ("checker/evidence_check.py", include_str!("../../../../checker/evidence_check.py")),
];

/// Why there is no pack.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceError {
    /// The archive cannot be read.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file that the ledger names is not there.
    #[error("{what} {hash} is missing\nhint: `testigo verify` says what else is wrong; take the file from a mirror")]
    Missing {
        /// What it is.
        what: &'static str,
        /// Its hash.
        hash: DocumentHash,
    },
    /// A proof cannot be made.
    #[error("entry {index} cannot be proved: {cause}")]
    Proof {
        /// The entry.
        index: EntryIndex,
        /// Why.
        cause: String,
    },
}

/// The files of a pack by their path; without the signed list of them.
///
/// # Errors
/// When something of the archive is missing or cannot be read. `prove` gives an entry's receipt under the view's head.
pub fn pack(
    view: &View,
    source: &dyn Source,
    stations: &[StationIndex],
    prove: &dyn Fn(EntryIndex) -> Result<String, String>,
) -> Result<BTreeMap<String, Vec<u8>>, EvidenceError> {
    let mut files: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    let entries = entries(view, source, stations)?;
    for (index, bytes) in &entries {
        let receipt = prove(*index).map_err(|cause| EvidenceError::Proof { index: *index, cause })?;
        files.insert(format!("entries/{index}.json"), bytes.clone());
        files.insert(format!("proofs/{index}.tlog-proof"), receipt.into_bytes());
    }
    files.insert("ledger/checkpoint".to_owned(), view.head.note.clone());
    let election = view.count.election();
    let mut documents: BTreeSet<DocumentHash> = [election.definition, election.pack].into();
    let shown: BTreeSet<EntryIndex> = entries.keys().copied().collect();
    documents.extend(view.count.officials().filter(|one| shown.contains(&one.index)).map(|one| one.entry.document));
    for hash in documents {
        let bytes = source.document(&hash).ok_or(EvidenceError::Missing { what: "document", hash })?;
        files.insert(format!("documents/{hash}"), bytes);
    }
    for station in stations {
        for (hash, media) in pictures(view, *station) {
            let bytes = source.rendition(&hash).ok_or(EvidenceError::Missing { what: "picture", hash })?;
            files.insert(rendition_path(&hash, media).trim_start_matches('/').to_owned(), bytes);
        }
    }
    files.insert("arithmetic.json".to_owned(), arithmetic(view, stations));
    for (path, text) in CHECKERS {
        files.insert(path.to_owned(), text.as_bytes().to_vec());
    }
    let mut readme = String::new();
    for at in 0..view.count.pack().languages.len() {
        let (language, code) = (view.language(at), view.language_code(at));
        let blocks = blocks(view, language, code, stations, &files);
        let title = title(view, language, code);
        files.insert(format!("report.{code}.html"), report::page(code, &title, &blocks).into_bytes());
        files.insert(format!("report.{code}.pdf"), report::pdf(&title, &blocks, language.text("evidence.unfit")));
        for key in ["evidence.lead", "evidence.check", "evidence.limits"] {
            readme.push_str(&report::wrapped(language.text(key)));
            readme.push('\n');
        }
    }
    readme.push_str("    python3 checker/evidence_check.py .\n");
    files.insert("README.txt".to_owned(), readme.into_bytes());
    Ok(files)
}

/// The entries that speak of the stations, with entry 0, the keys of adjudicators and the replacements of the ledger's key.
fn entries(
    view: &View,
    source: &dyn Source,
    stations: &[StationIndex],
) -> Result<BTreeMap<EntryIndex, Vec<u8>>, EvidenceError> {
    let count = &view.count;
    let mut wanted: BTreeSet<EntryIndex> = [EntryIndex(0)].into();
    wanted.extend(count.recovery_key().map(|key| key.entry));
    wanted.extend(count.rotations().iter().map(|rotation| rotation.entry));
    let mut sheets = BTreeSet::new();
    let codes: BTreeSet<&str> = stations.iter().map(|station| count.geography().station_id(*station)).collect();
    for station in stations {
        for contest in 0..count.definition().contests.len() {
            for reading in count.readings_ever(contest, *station) {
                wanted.insert(reading.entry());
                sheets.extend(count.sheet_of(reading));
            }
        }
        sheets.extend(count.sheets_of_station(*station));
        wanted.extend(count.station_rulings(*station).iter().map(|ruling| ruling.entry));
    }
    for sheet in sheets {
        wanted.insert(count.sheet_view(sheet).entry);
        wanted.extend(count.sheet_rulings(sheet).iter().map(|ruling| ruling.entry));
    }
    let level = &count.pack().station_level().id;
    wanted.extend(count.officials().filter_map(|one| {
        let place = one.entry.place.as_ref()?;
        (place.level == *level && codes.contains(place.code.as_str())).then_some(one.index)
    }));
    wanted.extend(count.audit_records().filter_map(|record| match record.step {
        AuditStep::Record { station, .. } => codes.contains(station.as_str()).then_some(record.index),
        _ => None,
    }));
    let mut found = BTreeMap::new();
    let (mut at, mut intakes) = (0, BTreeSet::new());
    source.entries(0..view.head.size, &mut |bytes| {
        let index = EntryIndex(at);
        at += 1;
        let is_wanted = wanted.contains(&index);
        if is_wanted || bytes.starts_with(b"{\"name\":") {
            match Entry::parse(bytes) {
                Ok(Entry::Sheet(sheet)) => {
                    intakes.insert(sheet.intake);
                    found.insert(index, bytes.to_vec());
                }
                // Whose rulings these are.
                Ok(Entry::Key(_)) => {
                    found.insert(index, bytes.to_vec());
                }
                _ if is_wanted => {
                    found.insert(index, bytes.to_vec());
                }
                _ => {}
            }
        }
        Ok(())
    })?;
    for intake in intakes {
        source.entries(intake.0..intake.0.saturating_add(1), &mut |bytes| {
            found.insert(intake, bytes.to_vec());
            Ok(())
        })?;
    }
    Ok(found)
}

/// Pictures of a station that may be shown.
fn pictures(view: &View, station: StationIndex) -> Vec<(DocumentHash, &'static str)> {
    let sheets = view.count.sheets_of_station(station).into_iter().map(|sheet| view.count.sheet_view(sheet));
    let hashes = sheets.flat_map(|sheet| sheet.pages.into_iter().map(|page| page.rendition).collect::<Vec<_>>());
    hashes.filter_map(|hash| Some((hash, view.rendition(&hash)?))).collect()
}

/// What counts at each station and what it adds up to, with the entries it follows from.
fn arithmetic(view: &View, stations: &[StationIndex]) -> Vec<u8> {
    let count = &view.count;
    let contests: Vec<serde_json::Value> = count
        .definition()
        .contests
        .iter()
        .enumerate()
        .map(|(at, contest)| {
            let mut sums = vec![0_u64; contest.candidates.len()];
            let rows: Vec<serde_json::Value> = stations
                .iter()
                .map(|station| {
                    let status = count.status(at, *station);
                    let (votes, others) = count.station_votes(at, *station);
                    sums.iter_mut().zip(&votes).for_each(|(sum, votes)| *sum = sum.saturating_add(*votes));
                    json!({
                        "station": count.geography().station_id(*station),
                        "state": status.state.word(),
                        "reason": status.reason.word(),
                        "counted_entry": count.counted_reading(at, *station).map(|reading| reading.entry()),
                        "votes": votes,
                        "others": others,
                    })
                })
                .collect();
            let candidates: Vec<&str> = contest.candidates.iter().map(|one| one.id.as_str()).collect();
            let others: Vec<&str> = contest.others.iter().map(|one| one.id.as_str()).collect();
            json!({ "contest": contest.id.as_str(), "candidates": candidates, "others": others, "stations": rows, "sum": sums })
        })
        .collect();
    let ledger = json!({ "origin": view.head.origin, "size": view.head.size, "root": view.head.root });
    let mut bytes = serde_json::to_vec_pretty(&json!({ "ledger": ledger, "contests": contests })).unwrap_or_default();
    bytes.push(b'\n');
    bytes
}

fn title(view: &View, language: &Language, code: &str) -> String {
    let definition = view.count.definition();
    language.fill(
        "evidence.title",
        &[("election", definition.title.in_language(code)), ("place", definition.place.in_language(code))],
    )
}

fn blocks(
    view: &View,
    language: &Language,
    code: &str,
    stations: &[StationIndex],
    files: &BTreeMap<String, Vec<u8>>,
) -> Vec<Block> {
    let count = &view.count;
    let number = |number: u64| language.number(number);
    let mut blocks = vec![
        Block::Title(title(view, language, code)),
        Block::Text(language.text("evidence.lead").to_owned()),
        Block::Text(language.fill(
            "evidence.head",
            &[("origin", &view.head.origin), ("size", &number(view.head.size)), ("root", &view.head.root)],
        )),
    ];
    for (at, contest) in count.definition().contests.iter().enumerate() {
        blocks.push(Block::Heading(contest.title.in_language(code).to_owned()));
        blocks.push(Block::Text(language.fill("evidence.sum", &[("stations", &number(stations.len() as u64))])));
        let mut sums = vec![0_u64; contest.candidates.len()];
        let mut counted = 0_u64;
        for station in stations {
            counted += u64::from(count.status(at, *station).state == StationState::Counted);
            let votes = count.station_votes(at, *station).0;
            sums.iter_mut().zip(votes).for_each(|(sum, votes)| *sum = sum.saturating_add(votes));
        }
        let valid: u64 = sums.iter().sum();
        let mut rows = vec![vec![
            language.text("result.candidate").to_owned(),
            language.text("result.votes").to_owned(),
            String::new(),
        ]];
        for (candidate, votes) in contest.candidates.iter().zip(&sums) {
            let name = candidate.name.in_language(code).to_owned();
            rows.push(vec![name, number(*votes), language.percent(*votes, valid)]);
        }
        rows.push(vec![language.text("result.valid").to_owned(), number(valid), String::new()]);
        blocks.push(Block::Table(rows));
        blocks.push(Block::Text(language.fill("evidence.counted", &[("counted", &number(counted))])));
    }
    for station in stations {
        station_blocks(view, language, code, *station, files, &mut blocks);
    }
    blocks.push(Block::Heading(language.text("evidence.check_title").to_owned()));
    for key in ["evidence.check", "evidence.limits"] {
        blocks.push(Block::Text(language.text(key).to_owned()));
    }
    blocks
}

fn station_blocks(
    view: &View,
    language: &Language,
    code: &str,
    station: StationIndex,
    files: &BTreeMap<String, Vec<u8>>,
    blocks: &mut Vec<Block>,
) {
    let count = &view.count;
    let geography = count.geography();
    let path = geography.path(geography.station_unit(station).unwrap_or(UnitIndex::WHOLE));
    let mut place: Vec<&str> =
        path.into_iter().map(|unit| geography.unit_name(unit)).filter(|name| !name.is_empty()).collect();
    place.push(geography.station_id(station));
    blocks.push(Block::Heading(format!(
        "{} {}",
        count.pack().station_level().name.in_language(code),
        geography.station_id(station)
    )));
    blocks.push(Block::Text(place.join(" › ")));
    for (at, contest) in count.definition().contests.iter().enumerate() {
        let status = count.status(at, station);
        let readings = count.readings(at, station);
        blocks.push(Block::SmallHeading(contest.title.in_language(code).to_owned()));
        let state = language.text(crate::page::state_sentence(status.state));
        blocks.push(Block::Text(state.to_owned()));
        if readings.is_empty() {
            continue;
        }
        let counted = count.counted_reading(at, station).map(|reading| reading.entry());
        // More columns than this are not legible on paper; the entries have them all.
        let shown: Vec<ReadingView<'_>> = readings.into_iter().take(4).collect();
        let mut head = vec![language.text("result.candidate").to_owned()];
        for reading in &shown {
            let entry = language.fill("station.entry", &[("entry", &language.number(reading.entry().0))]);
            let mark = if Some(reading.entry()) == counted { " *" } else { "" };
            head.push(format!("{}, {entry}{mark}", reader(language, reading.reader())));
        }
        let mut rows = vec![head];
        for (candidate, one) in contest.candidates.iter().enumerate() {
            let mut row = vec![one.name.in_language(code).to_owned()];
            row.extend(shown.iter().map(|reading| match reading.candidate(candidate).value() {
                Some(votes) => language.number(votes.into()),
                None => language.text("number.none").to_owned(),
            }));
            rows.push(row);
        }
        blocks.push(Block::Table(rows));
        if counted.is_some() {
            blocks.push(Block::Text(language.text("evidence.mark").to_owned()));
        }
    }
    proclaimed(view, language, code, station, blocks);
    audited(view, language, code, station, blocks);
    let withheld =
        count.sheets_of_station(station).into_iter().filter(|sheet| count.sheet_view(*sheet).withheld).count();
    if withheld > 0 {
        blocks.push(Block::Text(language.text("evidence.withheld").to_owned()));
    }
    for (hash, media) in pictures(view, station) {
        let path = rendition_path(&hash, media).trim_start_matches('/').to_owned();
        if let Some(bytes) = files.get(&path) {
            let caption = language.fill("evidence.picture", &[("hash", &hash.to_string())]);
            blocks.push(Block::Picture { caption, bytes: bytes.clone(), path });
        }
    }
}

/// Votes by candidate in a sentence; those that are not given are left out.
fn votes(view: &View, language: &Language, code: &str, contest: usize, votes: &[Option<u64>]) -> String {
    let named = view.contest(contest).candidates.iter().zip(votes);
    let said =
        named.filter_map(|(one, votes)| Some(format!("{} {}", one.short_name(code), language.number((*votes)?))));
    said.collect::<Vec<_>>().join(", ")
}

/// What was proclaimed for the station itself.
fn proclaimed(view: &View, language: &Language, code: &str, station: StationIndex, blocks: &mut Vec<Block>) {
    let count = &view.count;
    let level = &count.pack().station_level().id;
    for one in count.officials().filter(|one| one.superseded_by.is_none()) {
        let here =
            one.entry.place.as_ref().is_some_and(|place| {
                place.level == *level && place.code.as_str() == count.geography().station_id(station)
            });
        let contest = count.definition().contests.iter().position(|contest| contest.id == one.entry.contest);
        if let (true, Some(contest)) = (here, contest) {
            let candidates = &view.contest(contest).candidates;
            let given: Vec<Option<u64>> =
                candidates.iter().map(|candidate| one.entry.votes.get(&candidate.id).copied()).collect();
            blocks.push(Block::Text(language.fill(
                "evidence.proclaimed",
                &[
                    ("bulletin", one.entry.bulletin.as_str()),
                    ("entry", &language.number(one.index.0)),
                    ("votes", &votes(view, language, code, contest, &given)),
                ],
            )));
        }
    }
}

/// What people found there in an audit; corrected records are in the entries.
fn audited(view: &View, language: &Language, code: &str, station: StationIndex, blocks: &mut Vec<Block>) {
    let count = &view.count;
    for record in count.audit_records().filter(|record| record.superseded_by.is_none()) {
        let AuditStep::Record { against, found, list, station: at, .. } = record.step else { continue };
        let contest = count.audit_lists().find(|one| one.index == *list).map(|list| list.contest);
        let contest = count.definition().contests.iter().position(|one| Some(&one.id) == contest);
        let Some(contest) = contest.filter(|_| at.as_str() == count.geography().station_id(station)) else { continue };
        let said = match found {
            None => language.text("audit.cell_missing").to_owned(),
            Some(cells) => {
                let given: Vec<Option<u64>> = cells.iter().map(|cell| cell.value().map(u64::from)).collect();
                votes(view, language, code, contest, &given)
            }
        };
        let title = format!("audit_against.{}.title", against.word());
        let places =
            [("against", language.text(&title)), ("entry", &language.number(record.index.0)), ("found", &said)];
        blocks.push(Block::Text(language.fill("evidence.audited", &places)));
    }
}

fn reader(language: &Language, reader: &Reader) -> String {
    match reader {
        Reader::Qr => language.text("reader.qr").to_owned(),
        Reader::Print => language.text("reader.print").to_owned(),
        Reader::Person(name) => language.fill("reader.person", &[("name", name.as_str())]),
        Reader::Published(_) => language.text("reader.published").to_owned(),
    }
}
