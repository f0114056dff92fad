//! Histories of the made-up election, chosen at random.

use proptest::prelude::*;
use proptest::sample::Index;
use testigo_count::entry::Decision;
use testigo_count::identifier::Code;
use testigo_count::rule::StationState;
use testigo_count::{Count, Outcome, ReadingOf, SourceClass, StationId};

use super::{Ledger, mayor, mayor_by_candidate, reading};

const STATIONS: [&str; 9] = ["11.1", "11.2", "12.1", "21.1", "21.2", "22.1", "29.9", "23.1", "99.9"];

/// Something that happens to an election, with choices made when it happens.
#[derive(Debug, Clone)]
pub enum Step {
    Sheet { public: bool, station: usize, votes: [u32; 3], reader: u8 },
    Failure,
    Mask(Index),
    Published { file: u8, station: usize, votes: [u32; 2] },
    Correction { of: Index, station: usize, votes: [u32; 3] },
    Extend,
    Accept(Index),
    Reject(Index),
    Move { sheet: Index, station: usize },
    NotInstalled(usize),
    Withdraw(Index),
}

pub fn step() -> impl Strategy<Value = Step> {
    let station = || 0..STATIONS.len();
    let few = || prop::array::uniform3(prop_oneof![0..3_u32, Just(60)]);
    prop_oneof![
        4 => (any::<bool>(), station(), few(), 0..3_u8)
            .prop_map(|(public, station, votes, reader)| Step::Sheet { public, station, votes, reader }),
        1 => Just(Step::Failure),
        1 => any::<Index>().prop_map(Step::Mask),
        3 => (0..2_u8, station(), prop::array::uniform2(0..3_u32))
            .prop_map(|(file, station, votes)| Step::Published { file, station, votes }),
        1 => (any::<Index>(), station(), few()).prop_map(|(of, station, votes)| Step::Correction { of, station, votes }),
        1 => Just(Step::Extend),
        2 => any::<Index>().prop_map(Step::Accept),
        1 => any::<Index>().prop_map(Step::Reject),
        1 => (any::<Index>(), station()).prop_map(|(sheet, station)| Step::Move { sheet, station }),
        1 => station().prop_map(Step::NotInstalled),
        2 => any::<Index>().prop_map(Step::Withdraw),
    ]
}

pub fn play(steps: &[Step]) -> Ledger {
    let mut ledger = Ledger::new();
    ledger.admit(1);
    let (mut sheets, mut readings, mut rulings) = (Vec::new(), Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Sheet { public, station, votes, reader } => {
                let sheet = ledger.sheet(if *public { SourceClass::Public } else { SourceClass::Custody });
                let reader = ["qr", "person:one", "person:two"][usize::from(*reader)];
                let entry = ledger.read(sheet, reader, mayor(STATIONS[*station], *votes, 1, 0));
                sheets.push(sheet);
                readings.push((sheet, entry, reader));
            }
            Step::Failure => {
                let sheet = ledger.sheet_with_pixels();
                ledger.add(reading(
                    "qr",
                    ReadingOf::Sheet(sheet),
                    None,
                    Outcome::Failure(Code::new("no-code-found").unwrap()),
                ));
                sheets.push(sheet);
            }
            Step::Mask(sheet) if !sheets.is_empty() => {
                ledger.mask(*sheet.get(&sheets));
            }
            Step::Published { file, station, votes } => {
                ledger.published(&[*file], 7, mayor_by_candidate(STATIONS[*station], *votes, 1));
            }
            Step::Correction { of, station, votes } if !readings.is_empty() => {
                let (sheet, entry, reader) = *of.get(&readings);
                let numbers = Outcome::Numbers(mayor(STATIONS[*station], *votes, 1, 0));
                let entry = ledger.add(reading(reader, ReadingOf::Sheet(sheet), Some(entry), numbers));
                readings.push((sheet, entry, reader));
            }
            Step::Extend => {
                ledger.extend();
            }
            Step::Accept(of) if !readings.is_empty() => {
                rulings.push(ledger.rule(Decision::AcceptReading { reading: of.get(&readings).1 }, None));
            }
            Step::Reject(sheet) if !sheets.is_empty() => {
                rulings.push(ledger.rule(Decision::RejectSheet { sheet: *sheet.get(&sheets) }, None));
            }
            Step::Move { sheet, station } if !sheets.is_empty() => {
                let station = StationId::new(STATIONS[*station]).unwrap();
                rulings.push(ledger.rule(Decision::MoveSheet { sheet: *sheet.get(&sheets), station }, None));
            }
            Step::NotInstalled(station) => {
                let station = StationId::new(STATIONS[*station]).unwrap();
                rulings.push(ledger.rule(Decision::NotInstalled { station }, None));
            }
            Step::Withdraw(ruling) if !rulings.is_empty() => {
                ledger.rule(Decision::Withdraw, Some(*ruling.get(&rulings)));
            }
            _ => {}
        }
    }
    ledger
}

/// What the public sees of a count that does not speak of places in the ledger.
pub fn public_view(count: &Count) -> Vec<String> {
    let mut view = Vec::new();
    for contest in 0..count.definition().contests.len() {
        for unit in count.geography().units() {
            let name = count.geography().unit_code(unit).to_owned();
            view.push(format!(
                "{contest} {name} {:?} {:?}",
                count.unit_totals(contest, unit),
                count.unit_votes(contest, unit)
            ));
        }
        for station in count.geography().stations() {
            let status = count.status(contest, station);
            if status.state != StationState::Awaited {
                let votes = count.station_votes(contest, station);
                let id = count.geography().station_id(station);
                view.push(format!(
                    "{contest} {id} {:?} {:?} {} {votes:?}",
                    status.state, status.reason, status.objected
                ));
            }
        }
    }
    view.sort();
    view
}
