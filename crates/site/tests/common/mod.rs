//! A made-up election with every state a station can be in, in a ledger in memory. Its names try to break out of the
//! page.

#![allow(dead_code, reason = "every test uses its own part")]
#![allow(clippy::unwrap_used, clippy::missing_panics_doc, reason = "tests")]

use std::collections::BTreeMap;
use std::sync::Arc;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use ed25519_dalek::{Signer, SigningKey};
use testigo_count::entry::{
    Decision, ElectionEntry, IntakeEntry, KeyEntry, Page, RegisterOrigin, RulingEntry, RulingSignature, SheetEntry,
    Stated,
};
use testigo_count::identifier::Code;
use testigo_count::identifier::KeyName;
use testigo_count::pack::CountingRule;
use testigo_count::{
    Cell, ContestId, Detail, DocumentHash, Entry, EntryIndex, Numbers, Outcome, Reader, Reading, ReadingOf,
    SourceClass, StationId,
};
use testigo_site::{MemorySource, Site, source};

pub const HOSTILE: &str = "\"><script>alert('x')</script>&<b style=color:red>";

const ELECTION: &str = r##"
id = "made-up"
title = { es = "Elección inventada", en = "Made-up election" }
date = "2031-05-04"
place = { es = "Freedonia", en = "Freedonia" }

[declared]
stations = 14
source = { es = "Gaceta inventada", en = "Made-up gazette" }

[[contest]]
id = "mayor"
title = { es = "Alcaldía", en = "Mayor" }
candidates = [
  { id = "A", name = "Ada \"><script>alert('x')</script>&<b style=color:red>", short = "Ada", color = "#0b61a4" },
  { id = "B", name = "Bo", color = "#101010" },
  { id = "C", name = "Cy" },
]
selections = [{ id = "1", candidate = "A" }, { id = "2", candidate = "A" }, { id = "3", candidate = "B" }, { id = "4", candidate = "C" }]
others = [{ id = "null", title = { es = "Nulos", en = "Null" } }, { id = "blank", title = { es = "En blanco", en = "Blank" } }]

[[contest]]
id = "bridge"
title = { es = "¿Un puente?", en = "A bridge?" }
candidates = [{ id = "yes", name = { es = "Sí", en = "Yes" } }, { id = "no", name = { es = "No", en = "No" } }]
"##;

const PACK: &str = r#"
id = "made-up"
format = 1
title = { es = "Inventado", en = "Made up" }
languages = ["es", "en"]

[[level]]
id = "region"
name = { es = "Región", en = "Region" }
plural = { es = "Regiones", en = "Regions" }

[[level]]
id = "data"
name = { es = "Pueblo", en = "Town" }
plural = { es = "Pueblos", en = "Towns" }

[[level]]
id = "table"
name = { es = "Mesa", en = "Table" }
plural = { es = "Mesas", en = "Tables" }
"#;

/// The values of all attributes that hold links.
pub fn links(html: &str) -> Vec<String> {
    ["href=\"", "src=\"", "action=\"", "data-live=\""]
        .iter()
        .flat_map(|attribute| html.split(attribute).skip(1).map(|rest| rest.split('"').next().unwrap().to_owned()))
        .collect()
}

/// A ledger under construction.
pub struct Made {
    pub source: Arc<MemorySource>,
    zero: Vec<u8>,
}

impl Made {
    pub fn new() -> Self {
        let source = Arc::new(MemorySource::default());
        let mut register = String::from("region,region_name,data,data_name,station,registered\n");
        register.push_str("1,\"Nor\"\"te <script>alert(1)</script>\",11,Peñón Álvarez,11.1,100\n");
        for station in 2..=9 {
            register.push_str(&format!("1,,11,,11.{station},100\n"));
        }
        register.push_str("2,Sur,21,Cima,21.1,200\n2,Sur,21,Cima,21.2,\n2,Sur,,,29.9,50\n");
        let election = ElectionEntry::new(
            "example.org/made-up".to_owned(),
            source.keep(ELECTION.as_bytes()),
            source.keep(PACK.as_bytes()),
            (source.keep(register.as_bytes()), RegisterOrigin::Results),
            CountingRule { single_published: true, ..CountingRule::default() },
            BTreeMap::new(),
        );
        let zero = Entry::Election(election).to_bytes().unwrap();
        source.append(zero.clone());
        Self { source, zero }
    }

    pub fn add(&self, entry: &Entry) -> EntryIndex {
        EntryIndex(self.source.append(entry.to_bytes().unwrap()))
    }

    /// A sheet of one picture.
    pub fn sheet(&self, class: SourceClass, picture: &str) -> EntryIndex {
        let commitment = DocumentHash::of(picture.as_bytes());
        let intake = self.add(&Entry::Intake(IntakeEntry::new(vec![commitment], class, 1_935_000_123)));
        let rendition = self.source.keep(picture.as_bytes());
        let page = Page {
            commitment,
            height: 600,
            masked: vec![[0, 9, 9, 99]],
            media: "jpg".to_owned(),
            rendition,
            width: 100,
        };
        self.add(&Entry::Sheet(SheetEntry::new(intake, vec![page])))
    }

    pub fn read(&self, reader: Reader, of: ReadingOf, prev: Option<EntryIndex>, outcome: Outcome) -> EntryIndex {
        self.add(&Entry::Reading(Reading { reader, of, prev, step: None, outcome }))
    }

    pub fn qr(&self, class: SourceClass, picture: &str, numbers: Numbers) -> (EntryIndex, EntryIndex) {
        let sheet = self.sheet(class, picture);
        (sheet, self.read(Reader::Qr, ReadingOf::Sheet(sheet), None, Outcome::Numbers(numbers)))
    }

    pub fn published(&self, line: u64, numbers: Numbers) -> EntryIndex {
        let file = self.source.keep(b"a results file");
        self.read(Reader::Published(file), ReadingOf::Row(line), None, Outcome::Numbers(numbers))
    }

    pub fn rule(&self, decision: Decision, reason: &str) -> EntryIndex {
        let key = SigningKey::from_bytes(&[7; 32]);
        let name = KeyName::new("judge").unwrap();
        let public = STANDARD.encode(key.verifying_key().to_bytes());
        self.add(&Entry::Key(KeyEntry::new(name.clone(), public)));
        let mut ruling = RulingEntry::new(decision, reason.to_owned(), None);
        let message = ruling.message(&self.zero).unwrap();
        let signature = STANDARD.encode(key.sign(&message).to_bytes());
        ruling.signatures = vec![RulingSignature { key: name, signature }];
        self.add(&Entry::Ruling(ruling))
    }

    pub fn site(&self) -> Site {
        Site::new(Arc::new(source::open_view(self.source.as_ref()).unwrap()), true)
    }

    /// Every state, and a sheet of every kind.
    pub fn full() -> Self {
        let made = Self::new();
        let custody = SourceClass::Custody;
        made.qr(custody, "one", lines("11.1", &[30, 20, 10, 5]));
        made.published(2, votes("11.1", &[50, 10, 5]));
        // Two sheets in custody that differ: disputed.
        made.qr(custody, "two", lines("11.2", &[30, 20, 10, 5]));
        made.qr(custody, "three", lines("11.2", &[31, 20, 10, 5]));
        // More votes than voters: held, with a check that fails.
        made.qr(custody, "four", lines("11.3", &[90, 20, 10, 5]));
        // Only from the public: held.
        made.qr(SourceClass::Public, "five", lines("11.4", &[1, 2, 3, 4]));
        // Counted, and the public shows something else: objected.
        made.qr(custody, "six", lines("11.5", &[30, 20, 10, 5]));
        made.qr(SourceClass::Public, "seven", lines("11.5", &[10, 20, 30, 5]));
        // Unreadable and unread, placed by rulings; others without a place.
        for (picture, station) in [("eight", "11.6"), ("nine", "11.7")] {
            let sheet = made.sheet(custody, picture);
            if picture == "eight" {
                made.read(
                    Reader::Qr,
                    ReadingOf::Sheet(sheet),
                    None,
                    Outcome::Failure(Code::new("no-code-found").unwrap()),
                );
            }
            made.rule(Decision::MoveSheet { sheet, station: StationId::new(station).unwrap() }, "wrong-station");
        }
        let loose = made.sheet(custody, "ten");
        made.read(Reader::Qr, ReadingOf::Sheet(loose), None, Outcome::Failure(Code::new("code-of-tomorrow").unwrap()));
        let hidden = made.sheet(custody, "eleven");
        made.rule(Decision::WithholdSheet { sheet: hidden }, "personal-data");
        made.rule(Decision::NotInstalled { station: StationId::new("11.8").unwrap() }, "not-opened");
        // Rejected, with nothing else: nothing counts.
        let (rejected, _) = made.qr(custody, "twelve", lines("21.1", &[1, 1, 1, 1]));
        made.rule(Decision::RejectSheet { sheet: rejected }, "not-a-sheet");
        // Superseded, not in the register, incomplete, a refused entry.
        let first = made.published(7, votes("21.2", &[9, 1, 0]));
        let again = Reader::Published(DocumentHash::of(b"a results file"));
        made.read(again, ReadingOf::Row(7), Some(first), Outcome::Numbers(votes("21.2", &[10, 1, 0])));
        made.published(8, votes("77.7", &[1, 1, 1]));
        let mut holes = votes("29.9", &[5, 5, 0]);
        holes.votes[2] = Cell::Illegible;
        made.published(9, holes);
        let mut bridge = votes("11.1", &[40, 20]);
        bridge.contest = ContestId::new("bridge").unwrap();
        made.published(10, bridge);
        made.published(11, votes("11.1", &[1]));
        made
    }
}

pub fn votes(station: &str, votes: &[u32]) -> Numbers {
    Numbers {
        contest: ContestId::new("mayor").unwrap(),
        station: StationId::new(station).unwrap(),
        detail: Detail::Candidate,
        votes: votes.iter().copied().map(Cell::Value).collect(),
        other: BTreeMap::new(),
        stated: Stated::default(),
    }
}

pub fn lines(station: &str, numbers: &[u32]) -> Numbers {
    Numbers { detail: Detail::Selection, ..votes(station, numbers) }
}
