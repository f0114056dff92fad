//! What an authority proclaims about the made-up election, and an audit of its archive: steps in and out of order.

use std::collections::BTreeMap;

use testigo_count::entry::{
    Against, AuditEntry, AuditStep, Coverage, CoverageOf, Moment, OfficialEntry, PercentOf, Percentages, Place, Seed,
    StatedShare,
};
use testigo_count::identifier::Code;
use testigo_count::{Cell, ContestId, DocumentHash, Entry, EntryIndex, StationId};

use super::Ledger;

/// A bulletin for the mayor that says nothing yet.
pub fn bulletin(number: &str) -> OfficialEntry {
    OfficialEntry::new(
        ContestId::new("mayor").unwrap(),
        number.parse().unwrap(),
        Code::new("court").unwrap(),
        DocumentHash::of(b"a page of the court"),
    )
}

fn with(mut entry: OfficialEntry, change: impl FnOnce(&mut OfficialEntry)) -> OfficialEntry {
    change(&mut entry);
    entry
}

pub fn votes(votes: &[(&str, u64)]) -> BTreeMap<testigo_count::CandidateId, u64> {
    votes.iter().map(|(id, votes)| (id.parse().unwrap(), *votes)).collect()
}

fn place(level: &str, code: &str) -> Option<Place> {
    Some(Place { code: code.parse().unwrap(), level: level.parse().unwrap() })
}

/// Proclaimed figures of every kind, later changes that take and that do not, and what is refused.
pub fn proclaim(ledger: &mut Ledger) {
    let add = |ledger: &mut Ledger, entry: OfficialEntry| ledger.add(Entry::Official(Box::new(entry)));
    let shares = |each: &[(&str, u32)], rest, decimals| {
        let each = each.iter().map(|(id, share)| (id.parse().unwrap(), *share)).collect();
        Some(Percentages { decimals, each, of: Some(PercentOf::Valid), rest })
    };
    let full = with(bulletin("1"), |one| {
        one.announced = Some(Moment::new("2031-05-05T01:30").unwrap());
        one.cast = Some(420);
        one.coverage = Some(Coverage { decimals: 1, hundredths: 8_050, of: Some(CoverageOf::Registered) });
        one.other = BTreeMap::from([("null".parse().unwrap(), 12), ("blank".parse().unwrap(), 8)]);
        one.percent = shares(&[("A", 5_250), ("B", 4_750)], None, 1);
        one.registered = Some(710);
        one.registered_counted = Some(572);
        one.stations = Some(9);
        one.stations_counted = Some(7);
        one.turnout = Some(StatedShare { decimals: 2, hundredths: 7_343 });
        one.urls = vec![DocumentHash::of(b"https://court.example/bulletin/1")];
        one.valid = Some(400);
        one.votes = votes(&[("A", 210), ("B", 190)]);
    });
    let first = add(ledger, full.clone());
    let partial = with(bulletin("partial"), |one| {
        one.rest = Some(190);
        one.votes = votes(&[("A", 210)]);
    });
    add(ledger, partial);
    add(
        ledger,
        with(bulletin("only-shares"), |one| {
            one.percent = shares(&[("A", 5_300)], Some(4_700), 0);
        }),
    );
    let region = with(bulletin("1"), |one| {
        one.place = place("region", "1");
        one.votes = votes(&[("A", 90), ("B", 60)]);
    });
    let region_entry = add(ledger, region.clone());
    add(
        ledger,
        with(bulletin("1"), |one| {
            one.place = place("table", "11.1");
            one.votes = votes(&[("B", 40)]);
        }),
    );
    add(
        ledger,
        with(bulletin("1"), |one| {
            one.place = place("town", "unheard-of");
            one.valid = Some(1);
        }),
    );
    // A change that takes; one of what is superseded; one that names another place; one that names a sheet.
    let changed = with(full.clone(), |one| {
        one.prev = Some(first);
        one.votes = votes(&[("A", 211), ("B", 189)]);
    });
    let changed = add(ledger, changed);
    add(
        ledger,
        with(full.clone(), |one| {
            one.prev = Some(first);
            one.votes = votes(&[("A", 212), ("B", 188)]);
        }),
    );
    add(
        ledger,
        with(full.clone(), |one| {
            one.prev = Some(region_entry);
            one.votes = votes(&[("A", 213), ("B", 187)]);
        }),
    );
    add(
        ledger,
        with(region.clone(), |one| {
            one.prev = Some(EntryIndex(3));
            one.place = place("region", "2");
        }),
    );
    add(
        ledger,
        with(full.clone(), |one| {
            one.prev = Some(changed);
            one.announced = None;
        }),
    );
    // Refused: contest, candidate in votes and in percentages, kind of other ballots, level.
    add(
        ledger,
        with(full.clone(), |one| {
            one.contest = ContestId::new("queen").unwrap();
        }),
    );
    add(
        ledger,
        with(bulletin("2"), |one| {
            one.votes = votes(&[("A", 1), ("C", 1)]);
        }),
    );
    add(
        ledger,
        with(bulletin("2"), |one| {
            one.percent = shares(&[("C", 100)], None, 0);
        }),
    );
    add(
        ledger,
        with(bulletin("2"), |one| {
            one.other = BTreeMap::from([("spoilt".parse().unwrap(), 1)]);
        }),
    );
    add(
        ledger,
        with(region.clone(), |one| {
            one.place = place("planet", "1");
        }),
    );
}

/// An audit with every step, corrections that take and that do not, and what is refused.
pub fn audit(ledger: &mut Ledger) {
    let step = |ledger: &mut Ledger, step, prev| ledger.add(Entry::Audit(AuditEntry::new(step, prev)));
    let list = |contest: &str, after| AuditStep::List {
        after,
        contest: ContestId::new(contest).unwrap(),
        document: DocumentHash::of(b"station,A,B"),
    };
    let seed = |list, digits: &str| AuditStep::Seed { list, seed: Seed::new(digits).unwrap() };
    let record = |list, station: &str, against, found: Option<&[Cell]>| AuditStep::Record {
        against,
        found: found.map(<[Cell]>::to_vec),
        list,
        other: BTreeMap::new(),
        station: StationId::new(station).unwrap(),
    };
    let numbers = [Cell::Value(35), Cell::Value(40)];
    let first = step(ledger, list("mayor", None), None);
    step(ledger, record(first, "11.1", Against::Paper, Some(&numbers)), None);
    step(ledger, list("mayor", Some(first)), None);
    step(ledger, seed(first, "0314159265358979"), None);
    step(ledger, seed(first, "27182818284590"), None);
    step(ledger, seed(EntryIndex(1), "1"), None);
    let found = step(ledger, record(first, "11.1", Against::Archive, Some(&numbers)), None);
    step(ledger, record(first, "12.1", Against::Official, None), None);
    step(ledger, record(first, "12.1", Against::Paper, Some(&[Cell::Illegible, Cell::Blank])), Some(found));
    step(ledger, record(first, "11.1", Against::Paper, Some(&[Cell::Value(34), Cell::Value(41)])), Some(found));
    step(ledger, record(first, "11.1", Against::Paper, Some(&[Cell::Value(33), Cell::Value(42)])), Some(found));
    step(ledger, record(first, "11.1", Against::Paper, Some(&numbers[..1])), None);
    let other = BTreeMap::from([("spoilt".parse().unwrap(), Cell::Value(1))]);
    let spoilt = AuditStep::Record {
        against: Against::Paper,
        found: Some(numbers.to_vec()),
        list: first,
        other,
        station: StationId::new("11.1").unwrap(),
    };
    step(ledger, spoilt, None);
    let second = step(ledger, list("mayor", Some(first)), None);
    step(ledger, seed(second, "5"), None);
    step(ledger, record(second, "21.1", Against::Paper, Some(&numbers)), None);
    step(ledger, list("bridge", Some(first)), None);
    step(ledger, list("mayor", Some(EntryIndex(1))), None);
    step(ledger, list("queen", None), None);
}
