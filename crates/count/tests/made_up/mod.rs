//! A made-up election of seven stations and two contests, and short words for its entries.

#![allow(dead_code, reason = "every test uses its own part")]
#![allow(clippy::unwrap_used, reason = "this is a part of tests")]

pub mod history;
pub mod proclaimed;

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use testigo_count::entry::{
    CommittedPicture, Decision, ElectionEntry, IntakeEntry, KeyEntry, MaskEntry, Page, PictureIntakeEntry,
    RegisterEntry, RegisterOrigin, RulingEntry, RulingSignature, SheetEntry, Stated,
};
use testigo_count::identifier::{Code, KeyName};
use testigo_count::rule::{StationState, Status};
use testigo_count::{
    Cell, ContestId, Count, Definition, Detail, DocumentHash, Entry, EntryIndex, Numbers, Outcome, Pack, Reader,
    Reading, ReadingOf, SourceClass, StationId,
};

pub const ELECTION: &str = r##"
id = "made-up"
title = "Made-up election"
date = "2031-05-04"
place = "Freedonia"

[declared]
stations = 9

[[contest]]
id = "mayor"
title = "Mayor"
candidates = [{ id = "A", name = "Ada" }, { id = "B", name = "Bo" }]
selections = [
  { id = "1", candidate = "A" },
  { id = "2", candidate = "A" },
  { id = "3", candidate = "B" },
]
others = [{ id = "null", title = "Null" }, { id = "blank", title = "Blank" }]

[[contest]]
id = "bridge"
title = "Shall there be a bridge?"
candidates = [{ id = "yes", name = "Yes" }, { id = "no", name = "No" }]
others = [{ id = "null", title = "Null" }]
"##;

pub const PACK: &str = r#"
id = "made-up"
format = 1
title = "Made up"
languages = ["en"]

[counting]
single_published = true

[[level]]
id = "region"
name = "Region"
plural = "Regions"

[[level]]
id = "town"
name = "Town"
plural = "Towns"

[[level]]
id = "table"
name = "Table"
plural = "Tables"

[[payload]]
id = "both"
station = "{town}.{table}"
parts = [
  { digits = 2, name = "town" }, "/", { digits = 1, name = "table" },
  "!", { votes = "mayor" }, "!", { other = "null" }, "!", { other = "blank" },
  "!", { votes = "bridge", separator = ";" }, "!", { other = "null", contest = "bridge" },
]
"#;

pub const REGISTER: &str = "region,region_name,town,town_name,station,registered
1,North,11,Aldea,11.1,100
1,North,11,Aldea,11.2,120
1,North,12,Borgo,12.1,90
2,South,21,Cima,21.1,200
2,South,21,Cima,21.2,
,,22,Delta,22.1,80
2,South,,,29.9,50
";

pub const ADDED: &str = "region,region_name,town,town_name,station,registered
2,South,23,Estero,23.1,70
2,South,21,Cima,21.1,999
";

pub type Documents = BTreeMap<DocumentHash, Vec<u8>>;

/// The ledger of a test: entries in order, and the count that follows.
pub struct Ledger {
    pub entries: Vec<Vec<u8>>,
    pub documents: Documents,
    pub count: Count,
}

pub fn adjudicator(number: u8) -> SigningKey {
    SigningKey::from_bytes(&[number; 32])
}

impl Ledger {
    pub fn new() -> Self {
        Self::with_pack(PACK)
    }

    pub fn with_pack(pack: &str) -> Self {
        Self::with(pack, REGISTER)
    }

    pub fn with(pack: &str, register: &str) -> Self {
        let mut documents = Documents::new();
        let mut keep = |text: &str| {
            let hash = DocumentHash::of(text.as_bytes());
            documents.insert(hash, text.as_bytes().to_vec());
            hash
        };
        let (election, rules, register) = (keep(ELECTION), keep(pack), keep(register));
        keep(ADDED);
        let definition = Definition::parse("election.toml", ELECTION.as_bytes()).unwrap();
        let counting = Pack::parse("pack.toml", pack.as_bytes(), &definition).unwrap().counting;
        let entry = ElectionEntry::new(
            "example.org/made-up".to_owned(),
            election,
            rules,
            (register, RegisterOrigin::List),
            counting,
            BTreeMap::from([("qr".to_owned(), "1".to_owned())]),
        );
        let entry = Entry::Election(entry).to_bytes().unwrap();
        let count = Count::begin(&entry, &documents).unwrap();
        Self { entries: vec![entry], documents, count }
    }

    pub fn add(&mut self, entry: Entry) -> EntryIndex {
        let index = EntryIndex(self.count.size());
        let bytes = entry.to_bytes().unwrap();
        self.count.append(&bytes, &self.documents).unwrap();
        self.entries.push(bytes);
        index
    }

    /// A sheet of one picture, with its intake.
    pub fn sheet(&mut self, source: SourceClass) -> EntryIndex {
        let commitment = DocumentHash::of(&self.count.size().to_be_bytes());
        let intake = self.add(Entry::Intake(IntakeEntry::new(vec![commitment], source, 1_935_000_123)));
        let page = Page {
            commitment,
            height: 600,
            masked: vec![[0, 300, 100, 400]],
            media: "jpg".to_owned(),
            rendition: DocumentHash::of(b"rendition"),
            width: 100,
        };
        self.add(Entry::Sheet(SheetEntry::new(intake, vec![page])))
    }

    /// The same with a commitment to the picture's pixels.
    pub fn sheet_with_pixels(&mut self) -> EntryIndex {
        let [original, pixels] =
            ["original", "pixels"].map(|what| DocumentHash::of(format!("{what} {}", self.count.size()).as_bytes()));
        let pictures = vec![CommittedPicture { original, pixels }];
        let intake = PictureIntakeEntry::new(pictures, SourceClass::Custody, 1_935_000_123);
        let intake = self.add(Entry::PictureIntake(intake));
        let page = Page {
            commitment: original,
            height: 600,
            masked: vec![[0, 300, 100, 400]],
            media: "jpg".to_owned(),
            rendition: DocumentHash::of(b"rendition"),
            width: 100,
        };
        self.add(Entry::Sheet(SheetEntry::new(intake, vec![page])))
    }

    /// A mask of a sheet's first page, over the one that stands.
    pub fn mask(&mut self, sheet: EntryIndex) -> EntryIndex {
        let standing = self.count.sheet_by_entry(sheet).and_then(|sheet| self.count.sheet_view(sheet).pages[0].mask);
        let rendition = DocumentHash::of(format!("rendition {}", self.count.size()).as_bytes());
        let reason = Code::new("personal-data").unwrap();
        self.add(Entry::Mask(MaskEntry::new(sheet, 0, vec![[0, 200, 100, 500]], rendition, reason, standing)))
    }

    pub fn read(&mut self, sheet: EntryIndex, reader: &str, numbers: Numbers) -> EntryIndex {
        self.add(reading(reader, ReadingOf::Sheet(sheet), None, Outcome::Numbers(numbers)))
    }

    /// A sheet from custody with its `qr` reading; gives both entries.
    pub fn qr(&mut self, numbers: Numbers) -> (EntryIndex, EntryIndex) {
        let sheet = self.sheet(SourceClass::Custody);
        (sheet, self.read(sheet, "qr", numbers))
    }

    pub fn published(&mut self, file: &[u8], line: u64, numbers: Numbers) -> EntryIndex {
        let reader = Reader::Published(DocumentHash::of(file)).to_string();
        self.add(reading(&reader, ReadingOf::Row(line), None, Outcome::Numbers(numbers)))
    }

    pub fn admit(&mut self, number: u8) {
        let key = STANDARD.encode(adjudicator(number).verifying_key().to_bytes());
        self.add(Entry::Key(KeyEntry::new(KeyName::new(format!("judge-{number}")).unwrap(), key)));
    }

    pub fn rule(&mut self, decision: Decision, prev: Option<EntryIndex>) -> EntryIndex {
        self.rule_signed(decision, prev, &[1])
    }

    pub fn rule_signed(&mut self, decision: Decision, prev: Option<EntryIndex>, by: &[u8]) -> EntryIndex {
        let mut ruling = RulingEntry::new(decision, "sheet-inspected".to_owned(), prev);
        let message = ruling.message(&self.entries[0]).unwrap();
        ruling.signatures = by
            .iter()
            .map(|number| RulingSignature {
                key: KeyName::new(format!("judge-{number}")).unwrap(),
                signature: STANDARD.encode(adjudicator(*number).sign(&message).to_bytes()),
            })
            .collect();
        self.add(Entry::Ruling(ruling))
    }

    pub fn extend(&mut self) -> EntryIndex {
        self.add(Entry::Register(RegisterEntry::new(DocumentHash::of(ADDED.as_bytes()), RegisterOrigin::Results)))
    }

    pub fn status(&self, station: &str) -> Status {
        self.count.status(0, self.count.geography().find_station(station).unwrap())
    }

    pub fn state(&self, station: &str) -> StationState {
        self.status(station).state
    }

    /// The mayor's votes in the whole: Ada, Bo, null, blank.
    pub fn votes(&self) -> Vec<u64> {
        let (candidates, others) = self.count.unit_votes(0, testigo_count::geography::UnitIndex::WHOLE);
        [candidates, others].concat()
    }
}

pub fn reading(reader: &str, of: ReadingOf, prev: Option<EntryIndex>, outcome: Outcome) -> Entry {
    Entry::Reading(Reading { reader: reader.parse().unwrap(), of, prev, step: None, outcome })
}

/// Votes for the three lines of the mayor's ballot, null and blank.
pub fn mayor(station: &str, votes: [u32; 3], null: u32, blank: u32) -> Numbers {
    Numbers {
        contest: ContestId::new("mayor").unwrap(),
        station: StationId::new(station).unwrap(),
        detail: Detail::Selection,
        votes: votes.map(Cell::Value).to_vec(),
        other: [("null", null), ("blank", blank)]
            .map(|(id, votes)| (id.parse().unwrap(), Cell::Value(votes)))
            .into_iter()
            .collect(),
        stated: Stated::default(),
    }
}

/// Votes for the two candidates only, as a results file gives them.
pub fn mayor_by_candidate(station: &str, votes: [u32; 2], null: u32) -> Numbers {
    Numbers {
        detail: Detail::Candidate,
        votes: votes.map(Cell::Value).to_vec(),
        other: BTreeMap::from([("null".parse().unwrap(), Cell::Value(null))]),
        ..mayor(station, [0; 3], 0, 0)
    }
}
