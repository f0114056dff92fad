//! What holds for whole simulated elections: same seed same bytes, sums add up, sheets say what they should.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use testigo_count::entry::Entry;
use testigo_count::geography::UnitIndex;
use testigo_count::grammar::read_payload;
use testigo_count::identifier::DocumentHash;
use testigo_count::mapping::Mapping;
use testigo_count::pack::Pack;
use testigo_count::register::read_register;
use testigo_count::sheet_layout::Figure;
use testigo_count::{Count, Definition, Numbers};
use testigo_sheet::draw::{Capture, Defect, Part, Strength};
use testigo_sheet::picture::{Limits, decode_grey};
use testigo_sheet::qr::{self, Outcome, Place};

use super::press::Press;
use super::sheets::{Desk, Paper, Picture};
use super::tree::Station;
use super::*;
use crate::packs::PackFiles;

struct Files {
    files: PackFiles,
    definition: Definition,
    pack: Pack,
}

fn pack(name: &str) -> Files {
    let files = PackFiles::find(name).unwrap();
    let (definition, pack) = files.parse().unwrap();
    Files { files, definition, pack }
}

impl Files {
    fn simulation(&self, stations: u32, seed: u64) -> Simulation<'_> {
        Simulation { definition: &self.definition, pack: &self.pack, stations, seed, rates: Rates::default() }
    }
}

const NO_PICTURES: Parts = Parts { pictures: false, results: false, entries: false, jobs: 1 };

fn hash(path: &Path) -> String {
    DocumentHash::of(&fs::read(path).unwrap()).to_string()
}

/// Every file below a folder with its hash.
fn hashes(folder: &Path) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    let mut waiting = vec![folder.to_owned()];
    while let Some(path) = waiting.pop() {
        if path.is_dir() {
            waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
        } else {
            found.insert(path.strip_prefix(folder).unwrap().display().to_string(), hash(&path));
        }
    }
    found
}

/// Everything that comes in, as `write` lets it come in.
fn pictures(simulation: &Simulation<'_>) -> Vec<(Station, Picture)> {
    let happenings = happening::Happenings::new(&simulation.rates, simulation.stations, simulation.seed).unwrap();
    let mut desk = Desk::new(simulation.definition, simulation.pack, simulation.seed);
    let mut all = Vec::new();
    for station in simulation.stations().unwrap() {
        for happening in std::iter::once(happenings.at(station.ordinal)).chain(happenings.beside(station.ordinal)) {
            let incoming = desk.at(&station, happening).unwrap();
            all.extend(incoming.pictures.into_iter().map(|picture| (station.clone(), picture)));
        }
    }
    all
}

#[test]
fn the_same_seed_gives_the_same_election_in_every_release() {
    let files = pack("demo");
    let folder = tempfile::tempdir().unwrap();
    write(&files.simulation(400, 1), folder.path(), NO_PICTURES).unwrap();
    let found = ["register.csv", "truth.csv"].map(|name| format!("{name} {}", hash(&folder.path().join(name))));
    assert_eq!(found, include_str!("golden.txt").lines().collect::<Vec<_>>()[..]);
    let other = tempfile::tempdir().unwrap();
    write(&files.simulation(400, 2), other.path(), NO_PICTURES).unwrap();
    assert_ne!(hash(&folder.path().join("truth.csv")), hash(&other.path().join("truth.csv")));
}

#[test]
fn pictures_do_not_depend_on_how_many_are_drawn_at_once() {
    let files = pack("demo");
    let simulation = Simulation { rates: Rates::honest(), ..files.simulation(6, 3) };
    let made = [1, 3].map(|jobs| {
        let folder = tempfile::tempdir().unwrap();
        write(&simulation, folder.path(), Parts { pictures: true, results: true, entries: true, jobs }).unwrap();
        hashes(folder.path())
    });
    assert_eq!(made[0], made[1]);
    assert!(made[0].contains_key("sheets/000006.jpg"), "{:?}", made[0].keys());
}

#[test]
fn every_station_has_its_own_id_and_numbers_that_fit_its_voters() {
    for name in crate::packs::names() {
        let files = pack(name);
        let mut seen = std::collections::HashSet::new();
        for station in files.simulation(3_000, 9).stations().unwrap() {
            assert!(seen.insert(station.row.station.clone()), "{name}: {} twice", station.row.station);
            assert_eq!(station.row.path.len(), files.pack.unit_levels().len());
            assert_eq!(station.numbers.len(), files.definition.contests.len());
            let ballots = |numbers: &Numbers| {
                numbers.votes.iter().chain(numbers.other.values()).map(|cell| cell.value().unwrap()).sum::<u32>()
            };
            let cast = ballots(&station.numbers[0]);
            assert!(cast <= station.row.registered.unwrap(), "{name}: {station:?}");
            assert!(station.numbers.iter().all(|numbers| ballots(numbers) == cast), "{name}: {station:?}");
        }
        assert_eq!(seen.len(), 3_000, "{name}");
    }
}

#[test]
fn codes_that_are_too_short_are_refused() {
    let files = pack("demo");
    let text = String::from_utf8(files.files.pack).unwrap();
    let short = text.replace("digits = 10", "digits = 1").replace("digits = 2", "digits = 1");
    let pack = Pack::parse("pack.toml", short.as_bytes(), &files.definition).unwrap();
    let simulation =
        Simulation { pack: &pack, definition: &files.definition, stations: 400, seed: 1, rates: Rates::honest() };
    let mut stations = simulation.stations().unwrap();
    let made = stations.by_ref().count();
    assert!(made < 400);
    assert!(stations.fault.unwrap().to_string().contains("used up"));
}

#[test]
fn the_tree_is_ragged_and_neighbours_resemble_each_other() {
    let files = pack("demo");
    let mut places: BTreeMap<String, u32> = BTreeMap::new();
    let mut regions: BTreeMap<String, [u64; 2]> = BTreeMap::new();
    for station in files.simulation(5_000, 4).stations().unwrap() {
        let (_, place, _) = station.row.path.last().unwrap();
        *places.entry(place.to_string()).or_default() += 1;
        let sums = regions.entry(station.row.path[0].1.to_string()).or_default();
        for (sum, cell) in sums.iter_mut().zip([&station.numbers[1].votes[0], &station.numbers[1].votes[1]]) {
            *sum += u64::from(cell.value().unwrap());
        }
    }
    let sizes: std::collections::BTreeSet<u32> = places.values().copied().collect();
    assert!(sizes.contains(&1) && sizes.len() > 6, "{sizes:?}");
    let shares: Vec<u64> = regions.values().map(|[yes, no]| yes * 1000 / (yes + no)).collect();
    let (least, most) = (shares.iter().min().unwrap(), shares.iter().max().unwrap());
    assert!(most - least > 50, "regions vote alike: {shares:?}");
}

#[test]
fn payloads_are_those_of_the_packs_grammar() {
    for name in crate::packs::names() {
        let files = pack(name);
        if files.pack.payloads.is_empty() {
            continue;
        }
        let mut sheets = 0;
        for (_, picture) in pictures(&files.simulation(400, 2)) {
            let Some(sheet) = picture.sheet() else { continue };
            let read = read_payload(&files.pack.payloads, &sheet.payload).unwrap();
            assert_eq!(read, sheet.numbers, "{name}: {}", sheet.payload);
            assert_eq!(read[0].station, sheet.row.station, "{name}: {}", sheet.payload);
            sheets += 1;
        }
        assert!(sheets > 300, "{name}: {sheets}");
    }
}

#[test]
fn sheets_differ_from_the_truth_where_they_should_and_nowhere_else() {
    let files = pack("demo");
    let total = |numbers: &Numbers| numbers.votes.iter().map(|cell| cell.value().unwrap()).sum::<u32>();
    let mut differing: BTreeMap<Happening, Vec<bool>> = BTreeMap::new();
    for (station, picture) in pictures(&files.simulation(1_000, 2)) {
        let Some(sheet) = picture.sheet() else { continue };
        let votes = |numbers: &[Numbers]| numbers.iter().map(|one| one.votes.clone()).collect::<Vec<_>>();
        let differs = votes(&sheet.numbers) != votes(&station.numbers);
        differing.entry(picture.happening).or_default().push(differs);
        for (written, truth) in sheet.numbers.iter().zip(&station.numbers).filter(|_| differs) {
            assert_ne!(written.votes, truth.votes, "both contests differ");
            match picture.happening {
                Happening::TooMany => assert!(total(written) > station.row.registered.unwrap()),
                _ => assert_eq!(total(written).max(1), total(truth).max(1)),
            }
        }
    }
    for (happening, differing) in differing {
        let count = differing.iter().filter(|differs| **differs).count();
        match happening {
            Happening::TooMany => assert_eq!(count, differing.len()),
            Happening::Conflicting | Happening::Settled | Happening::Forged => {
                assert_eq!(count * 2, differing.len(), "{happening:?}")
            }
            _ => assert_eq!(count, 0, "{happening:?}"),
        }
    }
}

#[test]
fn every_picture_is_readable_or_not_as_said() {
    let files = pack("demo");
    let press = Press::new(&files.definition, &files.pack).unwrap();
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for (_, picture) in pictures(&files.simulation(300, 5)) {
        let kind = match &picture.paper {
            Paper::Tally(sheet) => format!("{:?}", sheet.damage),
            other => format!("{other:?}"),
        };
        let seen = kinds.entry(kind.clone()).or_default();
        *seen += 1;
        // The undamaged ones are all alike.
        if *seen > 3 {
            continue;
        }
        let bytes = press.picture(&picture).unwrap();
        let grey = decode_grey(&bytes, &Limits::default()).unwrap();
        let layout = files.pack.layout(grey.width(), grey.height());
        let places = layout.into_iter().flat_map(|layout| &layout.codes);
        let places: Vec<Place> =
            places.filter_map(|[left, top, right, bottom]| Place::new(*left, *top, *right, *bottom)).collect();
        let outcome = qr::read_sheet(&grey, &places, &mut |text| read_payload(&files.pack.payloads, text).is_ok());
        let read = match outcome {
            Outcome::Read { reading, .. } if !reading.needs_confirmation() => Some(reading.text),
            _ => None,
        };
        let said = picture.sheet().filter(|_| picture.can_be_read()).map(|sheet| sheet.payload.clone());
        assert_eq!(read, said, "{kind} {}", picture.file);
    }
    for kind in ["None", "WithoutFoot", "CutThroughCode", "WithoutCode", "OtherCode"] {
        assert!(kinds.contains_key(kind), "no picture is {kind}: {kinds:?}");
    }
    assert!(kinds.keys().any(|kind| kind.starts_with("Worn")), "{kinds:?}");
}

/// The areas that the pack gives for each number hold what is printed there, and little else.
#[test]
fn the_demonstration_pack_knows_where_its_sheets_print_each_number() {
    let files = pack("demo");
    let press = Press::new(&files.definition, &files.pack).unwrap();
    let mut printed: BTreeMap<(usize, String), [u32; 2]> = BTreeMap::new();
    for (_, picture) in pictures(&files.simulation(1_000, 8)).into_iter().step_by(9) {
        let Some(sheet) = picture.sheet() else { continue };
        let strip = press.strip(sheet, picture.seed);
        let drawn = Capture { seed: picture.seed }.of(&strip.draw().unwrap());
        let mut figures = drawn.places.iter().filter(|place| matches!(place.part, Part::Figure(_)));
        for (contest, (table, definition)) in strip.tables.iter().zip(&files.definition.contests).enumerate() {
            let lines = table.sections.iter().flat_map(|section| &section.lines).chain(&table.summary);
            for (line, place) in lines.zip(figures.by_ref()) {
                assert_eq!(place.part, Part::Figure(line.key.clone()));
                let selection = definition.selections.iter().find(|one| one.id.as_str() == line.key);
                let id = selection.map_or(line.key.as_str(), |one| definition.candidates[one.candidate].id.as_str());
                let share = |row: u32| row * 10_000 / drawn.picture.height();
                let extent = printed.entry((contest, id.to_owned())).or_insert([10_000, 0]);
                *extent = [extent[0].min(share(place.area.top)), extent[1].max(share(place.area.bottom()) + 1)];
            }
        }
    }
    printed.retain(|(_, id), _| id != "valid");
    let layout = &files.pack.sheets[0];
    assert_eq!(layout.figures.len(), printed.len(), "{printed:?}");
    for place in &layout.figures {
        let contest = &files.definition.contests[place.contest];
        let id = match place.figure {
            Figure::Candidate(at) => contest.candidates[at].id.as_str(),
            Figure::Other(at) => contest.others[at].id.as_str(),
        };
        let [top, bottom] = printed[&(place.contest, id.to_owned())];
        let [_, from, _, to] = place.area.map(u32::from);
        assert!(from <= top && bottom <= to, "{} {id} is printed from {top} to {bottom}", contest.id);
        assert!(top - from <= 150 && to - bottom <= 150, "{} {id} is printed from {top} to {bottom}", contest.id);
    }
}

#[test]
fn the_demonstration_packs_areas_fit_its_sheets() {
    let files = pack("demo");
    let press = Press::new(&files.definition, &files.pack).unwrap();
    let mut extents = [[10_000, 0], [10_000, 0], [10_000, 0]];
    for (_, picture) in pictures(&files.simulation(1_000, 8)).into_iter().step_by(9) {
        let Some(sheet) = picture.sheet() else { continue };
        let drawn = Capture { seed: picture.seed }.of(&press.strip(sheet, picture.seed).draw().unwrap());
        let (width, height) = (drawn.picture.width(), drawn.picture.height());
        let personal = drawn.area_of(&Part::Personal).unwrap();
        let code = drawn.codes[0].area;
        let figures = drawn
            .places
            .iter()
            .filter(|place| place.part != Part::Personal)
            .map(|place| place.area.bottom())
            .max()
            .unwrap();
        assert!(figures < personal.top);
        for (extent, area) in
            extents.iter_mut().zip([(personal.top, personal.bottom()), (code.top, code.bottom()), (figures, figures)])
        {
            let share = |row: u32| row * 10_000 / height;
            *extent = [extent[0].min(share(area.0)), extent[1].max(share(area.1) + 1)];
        }
        assert!(files.pack.layout(width, height).is_some(), "no layout fits {width} x {height}");
    }
    let layout = &files.pack.sheets[0];
    let [[_, personal_top, _, personal_bottom], [_, code_top, _, code_bottom]] =
        [layout.personal[0], layout.codes[0]].map(|area| area.map(u32::from));
    let [personal, code, figures] = extents;
    assert!(
        figures[1] <= personal_top
            && personal_top <= personal[0]
            && personal[1] <= personal_bottom
            && code_top <= code[0]
            && code[1] <= code_bottom,
        "figures end by {}, personal data are in {personal:?}, codes in {code:?}; the layout says {layout:?}",
        figures[1]
    );
}

#[test]
fn results_and_entries_say_what_truth_says() {
    let files = pack("demo");
    let simulation = files.simulation(150, 6);
    let folder = tempfile::tempdir().unwrap();
    let made = write(&simulation, folder.path(), Parts { results: true, entries: true, ..NO_PICTURES }).unwrap();
    let read = |name: &str| fs::read(folder.path().join(name)).unwrap();

    let mut registered = 0;
    read_register("register.csv", &read("register.csv"), &files.pack, |_, row| {
        registered += u64::from(row.registered.unwrap());
        Ok(())
    })
    .unwrap();
    assert_eq!(registered, made.registered);

    let mut truth: BTreeMap<String, u64> = BTreeMap::new();
    let mut reader = csv::Reader::from_path(folder.path().join("truth.csv")).unwrap();
    let headers = reader.headers().unwrap().clone();
    for record in reader.records() {
        for (column, field) in headers.iter().zip(record.unwrap().iter()).filter(|(column, _)| column.contains('.')) {
            *truth.entry(column.to_owned()).or_default() += field.parse::<u64>().unwrap();
        }
    }

    let mapping = Mapping::parse("results.toml", &read("results.toml"), &files.definition, &files.pack).unwrap();
    let results = mapping.read_results("results.csv", &read("results.csv")).unwrap();
    assert!(results.faults.is_empty() && results.rows.len() == 150, "{:?}", results.faults);

    let documents: BTreeMap<DocumentHash, Vec<u8>> =
        [files.files.definition.clone(), files.files.pack.clone(), read("register.csv")]
            .map(|bytes| (DocumentHash::of(&bytes), bytes))
            .into();
    let entries = read("entries.jsonl");
    let mut lines = entries.split(|byte| *byte == b'\n').filter(|line| !line.is_empty());
    let mut count = Count::begin(lines.next().unwrap(), &documents).unwrap();
    for line in lines {
        Entry::parse(line).unwrap();
        count.append(line, &documents).unwrap();
    }
    assert!(count.refusals().is_empty(), "{:?}", count.refusals());
    for (at, contest) in files.definition.contests.iter().enumerate() {
        let (candidates, others) = count.unit_votes(at, UnitIndex::WHOLE);
        for (position, candidate) in contest.candidates.iter().enumerate() {
            let lines = contest.selections.iter().filter(|line| line.candidate == position);
            let sum: u64 = lines.map(|line| truth[&format!("{}.{}", contest.id, line.id)]).sum();
            assert_eq!(candidates[position], sum, "{}", candidate.id);
            let published: u64 = results
                .rows
                .iter()
                .flat_map(|row| &row.numbers)
                .filter(|numbers| numbers.contest == contest.id)
                .map(|numbers| u64::from(numbers.votes[position].value().unwrap()))
                .sum();
            assert_eq!(published, sum, "{}", candidate.id);
        }
        for (votes, other) in others.iter().zip(&contest.others) {
            assert_eq!(*votes, truth[&format!("{}.{}", contest.id, other.id)], "{}", other.id);
        }
    }
}

#[test]
fn a_folder_with_something_in_it_is_left_alone() {
    let files = pack("demo");
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("mine.txt"), "keep").unwrap();
    let error = write(&files.simulation(100, 1), folder.path(), NO_PICTURES).unwrap_err().to_string();
    assert!(error.contains("is not empty"), "{error}");
    assert_eq!(hashes(folder.path()).len(), 1);
}

#[test]
fn a_pack_without_codes_gives_numbers_but_no_sheets() {
    let files = pack("demo");
    let text = String::from_utf8(files.files.pack.clone()).unwrap();
    let (start, end) = (text.find("[[payload]]").unwrap(), text.find("[[sheet]]").unwrap());
    let without = format!("{}{}", &text[..start], &text[end..]);
    let pack = Pack::parse("pack.toml", without.as_bytes(), &files.definition).unwrap();
    let simulation =
        Simulation { pack: &pack, definition: &files.definition, stations: 100, seed: 1, rates: Rates::default() };
    let folder = tempfile::tempdir().unwrap();
    let error = write(&simulation, folder.path(), Parts { pictures: true, ..NO_PICTURES }).unwrap_err().to_string();
    assert!(error.contains("--no-pictures"), "{error}");
    write(&simulation, folder.path(), NO_PICTURES).unwrap();
    assert!(hashes(folder.path()).contains_key("truth.csv"));
}

#[test]
fn defects_are_written_one_folder_each() {
    let files = pack("demo");
    let folder = tempfile::tempdir().unwrap();
    let defects = [(Defect::Blur, Strength::new(2).unwrap()), (Defect::Fold, Strength::new(5).unwrap())];
    assert_eq!(write_defects(&files.simulation(2, 1), folder.path(), &defects, 2).unwrap(), 4);
    let found = hashes(folder.path());
    for name in ["blur-2/000001.jpg", "blur-2/000002.jpg", "fold-5/000001.jpg", "fold-5/000002.jpg", "pictures.csv"] {
        assert!(found.contains_key(name), "{name} is missing: {:?}", found.keys());
    }
}
