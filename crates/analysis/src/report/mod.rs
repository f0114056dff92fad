//! The whole answer: every block with what it assumes, what it covers and what it is from, in the order of evidence.

pub mod audits;
pub mod data;
pub mod names;
pub mod screens;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::official::Bulletin;
use crate::settings::Settings;
use crate::sheets::Sheets;
use crate::{bounds, hold_out, missing, official, projection, robustness};

/// Hears how far a simulation is: its name, done, of how many.
pub struct Progress<'a> {
    name: &'static str,
    hear: &'a dyn Fn(&'static str, u64, u64),
}

impl<'a> Progress<'a> {
    /// For one simulation.
    #[must_use]
    pub fn new(name: &'static str, hear: &'a dyn Fn(&'static str, u64, u64)) -> Self {
        Self { name, hear }
    }

    /// So many are done.
    pub fn step(&self, done: u64, of: u64) {
        (self.hear)(self.name, done, of);
    }
}

/// What the archive knows beside the count.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    /// Where the numbers come from, for people.
    pub sources: Vec<String>,
    /// The Merkle root of the ledger at this size.
    pub root: String,
    /// Entries of the ledger.
    pub size: u64,
    /// Picture addresses that stand on more than one row of a results file; `None` where the file has none.
    pub doubled_addresses: Option<u64>,
}

/// How strong a block is: the order in which evidence is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// What the numbers are from.
    Data,
    /// Identities and bounds: certain, if the sheets are genuine.
    Certain,
    /// What the documents themselves say.
    Documents,
    /// What a random audit would say.
    Audit,
    /// A projection: certain only under its assumption.
    Assumed,
    /// A screen: says which sheets to read again.
    Screen,
}

/// A block of the answer, described.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct About {
    /// How strong.
    pub evidence: Evidence,
    /// For people.
    pub question: &'static str,
    /// What it takes for granted.
    pub assumes: &'static str,
    /// Sheets it is computed from, and stations there are.
    pub coverage: String,
    /// The seed, where something is simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
}

/// One block that can be asked for by name.
pub struct Screen {
    /// For `--screen`.
    pub name: &'static str,
    /// The key in the answer.
    pub key: &'static str,
    /// See [`About`].
    pub evidence: Evidence,
    /// See [`About`].
    pub question: &'static str,
    /// See [`About`].
    pub assumes: &'static str,
    /// Whether it is simulated.
    pub simulated: bool,
}

const GENUINE: &str = "that the sheets are genuine and were read right";
const CHANCE: &str = "that chance and geography alone made the numbers";

macro_rules! screens {
    ($(($name:literal, $key:literal, $evidence:ident, $simulated:literal, $question:literal, $assumes:expr)),* $(,)?) => {
        /// All blocks, in the order of evidence.
        pub const SCREENS: &[Screen] = &[$(Screen {
            name: $name,
            key: $key,
            evidence: Evidence::$evidence,
            simulated: $simulated,
            question: $question,
            assumes: $assumes,
        }),*];
    };
}

screens![
    ("data", "S01_data", Data, false, "What are the numbers from?", "nothing"),
    ("units", "S30_by_state", Data, false, "What do the sheets add up to, by the highest unit?", "nothing"),
    ("against", "S31_v1_v2", Data, false, "How does the second archive differ?", "nothing"),
    ("bounds", "S02_bounds", Certain, false, "Can the missing sheets still change who leads?", GENUINE),
    (
        "robustness",
        "S03_robustness",
        Certain,
        false,
        "How many sheets would have to be false to undo the lead?",
        "nothing about the sheets; the registers' totals"
    ),
    ("official", "S04_official", Certain, false, "Can the proclaimed figures and the sheets both be right?", GENUINE),
    (
        "official-more",
        "S04b_official_more",
        Certain,
        false,
        "The same for other readings of the stated coverage",
        GENUINE
    ),
    (
        "rounding",
        "S05_rounding",
        Documents,
        false,
        "How likely are proclaimed counts this close to round percentages?",
        "that a count of ballots makes every total of votes about as likely as its neighbours"
    ),
    ("duplicates", "S14_duplicates", Documents, true, "Are there sheets with the same votes?", CHANCE),
    (
        "macro",
        "S20_macro",
        Audit,
        false,
        "How many sheets would an audit by batches look at?",
        "that nothing was compared yet"
    ),
    ("sampler", "S21_consistent_sampler", Audit, false, "Which stations do public seeds draw?", "nothing"),
    (
        "numbered-sampler",
        "S22_mod_sampler",
        Audit,
        false,
        "Which positions of the list do public seeds draw?",
        "nothing"
    ),
    (
        "discovery",
        "S24_discovery",
        Audit,
        false,
        "How many sheets must be looked at to meet a bad one?",
        "that sheets are drawn at random"
    ),
    (
        "martingales",
        "S25_shangrla",
        Audit,
        false,
        "How fast would betting tests confirm the lead?",
        "that every sheet drawn is as the archive has it"
    ),
    (
        "band",
        "S07_mnar",
        Assumed,
        false,
        "How unlike the seen sheets must the missing be?",
        "that as many of the voters came there as on the sheets"
    ),
    (
        "tilt",
        "S07b_tilt",
        Assumed,
        false,
        "What do the sheets of small stations say about the missing?",
        "that missing stations are like seen ones of their size"
    ),
    (
        "projection",
        "S06_national_ratio",
        Assumed,
        false,
        "The result if the missing are like the seen",
        "that missing stations are, for their number of voters, like the seen ones; sheets came in as if polling places were drawn by lot"
    ),
    (
        "hold-out",
        "S08_holdout_experiments",
        Assumed,
        false,
        "Would such a projection have been right on a part of the sheets?",
        "nothing: the truth is known; one sample is biased on purpose and has to miss"
    ),
    (
        "coverage",
        "S08b_coverage",
        Assumed,
        true,
        "How often does the interval of a random sample hold the truth?",
        "nothing: the truth is known"
    ),
    (
        "quick-count",
        "S09_quick_count",
        Assumed,
        false,
        "How large would a random sample have to be?",
        "that stations are drawn by lot"
    ),
    (
        "sisters",
        "S13_within_centre",
        Screen,
        false,
        "Do stations of one polling place agree with each other?",
        "that voters are spread over the stations of a place by chance"
    ),
    ("integer-percentages", "S12_kobak", Screen, true, "Are there too many whole percentages?", CHANCE),
    ("last-digit", "S10_last_digit", Screen, true, "Are last digits spread evenly?", CHANCE),
    (
        "fingerprint",
        "S15_fingerprint",
        Screen,
        false,
        "How do turnout and shares go together?",
        "nothing; a picture concludes nothing"
    ),
    (
        "multiplicity",
        "S18_multiplicity",
        Screen,
        true,
        "What is left of all tests after a correction for looking often?",
        CHANCE
    ),
];

/// A test of the declared family, quiet or not.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TestLine {
    /// Its name in the family.
    pub test: String,
    /// What is tested.
    #[serde(skip)]
    pub of: TestOf,
    /// Its p-value.
    pub p: f64,
    /// After Holm's correction.
    pub holm: f64,
    /// After Benjamini and Hochberg's.
    pub bh: f64,
    /// What it says, for people.
    pub says: String,
}

/// What a test of the declared family looks at. Candidates are positions in the election file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TestOf {
    /// The last digits of a candidate's votes.
    LastDigit(usize),
    /// Those of the valid votes.
    LastDigitOfValid,
    /// Last two digits that are the same.
    RepeatedDigits(usize),
    /// Shares of a candidate that are whole percentages.
    WholeShares(usize),
    /// Turnouts that are.
    WholeTurnouts,
    /// The second digits of a candidate's votes, against simulated elections.
    SecondDigit(usize),
}

/// Which share of a sheet is meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareOf {
    /// A candidate's (position in the election file) of the valid votes.
    Candidate(usize),
    /// Ballots of the registered voters.
    Turnout,
}

/// Why a sheet should be read again.
#[derive(Debug, Clone, PartialEq)]
pub enum Reason {
    /// More ballots than voters.
    MoreBallots {
        /// Ballots cast.
        ballots: u64,
        /// Registered voters.
        voters: u64,
    },
    /// Stated valid votes are not the sum of the candidates'.
    OtherSum {
        /// As stated.
        stated: u64,
        /// The sum.
        sum: u64,
    },
    /// Another sheet has the same votes.
    SameVotes {
        /// The stations, by official code.
        stations: Vec<String>,
    },
    /// Far from the other stations of its polling place.
    FarFromSisters {
        /// Of what.
        of: ShareOf,
        /// Its name in the answer.
        name: String,
        /// On this sheet.
        share: f64,
        /// On the others together.
        others: f64,
        /// The distance in standard deviations.
        z: f64,
    },
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::MoreBallots { ballots, voters } => write!(formatter, "{ballots} ballots, {voters} registered voters"),
            Self::OtherSum { stated, sum } => {
                write!(formatter, "{stated} valid votes stated, candidates add up to {sum}")
            }
            Self::SameVotes { stations } => write!(formatter, "the same votes as {}", stations.join(", ")),
            Self::FarFromSisters { name, share, others, z, .. } => write!(
                formatter,
                "{name} {:.1} %, its sisters {:.1} %: {:.1} standard deviations apart",
                100.0 * share,
                100.0 * others,
                z.abs()
            ),
        }
    }
}

/// A sheet that a screen asks to read again.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReadAgain {
    /// The station.
    pub station: String,
    /// Its polling place.
    pub place: String,
    /// Which screen.
    pub screen: &'static str,
    /// Why.
    #[serde(rename = "why", serialize_with = "as_text")]
    pub reason: Reason,
}

fn as_text<S: serde::Serializer>(reason: &Reason, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(reason)
}

/// The whole answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Analysis {
    /// Blocks by key.
    pub blocks: Map<String, Value>,
    /// Of every block.
    pub about: BTreeMap<&'static str, About>,
    /// Blocks that could not be computed, and why.
    pub left_out: BTreeMap<&'static str, String>,
    /// The declared family.
    pub tests: Vec<TestLine>,
    /// Sheets to read again.
    pub read_again: Vec<ReadAgain>,
    /// What it is from.
    pub data: Value,
}

/// What is asked.
pub struct Question<'a> {
    /// The sheets.
    pub sheets: &'a Sheets,
    /// A second archive's.
    pub against: Option<&'a Sheets>,
    /// The settings.
    pub settings: &'a Settings,
    /// Proclaimed figures, oldest first.
    pub bulletins: &'a [Bulletin],
    /// See [`Facts`].
    pub facts: &'a Facts,
    /// Names of screens; empty: all.
    pub screens: BTreeSet<String>,
    /// For everything simulated.
    pub seed: u64,
    /// `false` leaves out everything simulated.
    pub simulate: bool,
    /// Hears of progress.
    pub progress: &'a dyn Fn(&'static str, u64, u64),
}

const NO_VOTERS: &str = "the register does not say how many voters every counted station has";
const NO_BULLETINS: &str = "no proclaimed figures for the whole election with a stated coverage are in the archive";
const NO_SIMULATION: &str = "it is simulated, and simulations were left out";
const NO_REGISTER: &str = "how many voters there are in all was not declared";

impl Question<'_> {
    fn wants(&self, name: &str) -> bool {
        self.screens.is_empty() || self.screens.contains(name)
    }

    /// Computes what is asked.
    #[must_use]
    pub fn answer(&self) -> Analysis {
        let mut analysis = Analysis {
            blocks: Map::new(),
            about: BTreeMap::new(),
            left_out: BTreeMap::new(),
            tests: Vec::new(),
            read_again: Vec::new(),
            data: self.data(),
        };
        let screens = screens::Screens::new(self);
        let sheets = self.sheets;
        let base = self.settings.registers.first().map(|base| base.registered);
        let needs_base = |make: &dyn Fn(u64) -> Option<Value>| match base {
            Some(base) => make(base).ok_or(NO_VOTERS),
            None => Err(NO_REGISTER),
        };
        let mut sampled = None;
        for screen in SCREENS.iter().filter(|screen| self.wants(screen.name)) {
            let made: Result<Value, &str> = match screen.name {
                "data" => Ok(data::data(sheets, self.settings, self.facts)),
                "units" => Ok(data::by_stratum(sheets)),
                "against" => match self.against {
                    Some(other) => Ok(data::against(sheets, other)),
                    None => Err("no second archive was given"),
                },
                "bounds" if base.is_none() => Err(NO_REGISTER),
                "bounds" => Ok(json!(bounds::bounds(sheets, &self.settings.registers))),
                "robustness" => needs_base(&|base| Some(json!(robustness::robustness(sheets, base)))),
                "official" => {
                    official::arithmetic::official(sheets, self.bulletins, &self.settings.registers).ok_or(NO_BULLETINS)
                }
                "official-more" => {
                    official::arithmetic::more(sheets, self.bulletins, &self.settings.registers).ok_or(NO_BULLETINS)
                }
                "rounding" => official::rounding::rounding(self.bulletins).ok_or(
                    "no bulletin with two candidates, all others together, and their percentages is in the archive",
                ),
                "macro" => Ok(audits::macro_audit(sheets, base)),
                "sampler" => Ok(sampled.get_or_insert_with(|| audits::samples(sheets)).0.clone()),
                "numbered-sampler" => Ok(sampled.get_or_insert_with(|| audits::samples(sheets)).1.clone()),
                "discovery" => Ok(audits::discovery(sheets)),
                "martingales" => Ok(audits::martingales(sheets)),
                "band" => needs_base(&|base| sheets.all_registered().then(|| json!(missing::band(sheets, base)))),
                "tilt" => needs_base(&|base| Some(json!(missing::tilted(sheets, self.settings, base)?))),
                "projection" => needs_base(&|base| Some(json!(projection::projection(sheets, base)?))),
                "hold-out" => hold_out::experiments(sheets, &self.settings.hold_out.thinned)
                    .map(|experiments| json!(experiments))
                    .ok_or(NO_VOTERS),
                "coverage" | "multiplicity" if !self.simulate => Err(NO_SIMULATION),
                "coverage" => screens.coverage().ok_or("there are too few sheets to draw samples from"),
                "quick-count" => Ok(json!(hold_out::quick_count(sheets))),
                "duplicates" => Ok(screens.duplicates()),
                "sisters" => Ok(screens.sisters()),
                "integer-percentages" => Ok(screens.integer_percentages()),
                "last-digit" => Ok(screens.last_digit()),
                "fingerprint" => screens.fingerprint().ok_or(NO_VOTERS),
                "multiplicity" => screens.multiplicity().ok_or(NO_VOTERS),
                _ => Err("there is no such screen"),
            };
            match made {
                Ok(block) => {
                    let about = About {
                        evidence: screen.evidence,
                        question: screen.question,
                        assumes: screen.assumes,
                        coverage: format!("{} of {} stations", sheets.len(), sheets.expected),
                        seed: (screen.simulated && self.simulate).then_some(self.seed),
                    };
                    analysis.about.insert(screen.key, about);
                    analysis.blocks.insert(screen.key.to_owned(), block);
                }
                Err(reason) => {
                    analysis.left_out.insert(screen.key, reason.to_owned());
                }
            }
        }
        analysis.read_again = screens.read_again();
        analysis.tests = screens.tests();
        analysis
    }

    fn data(&self) -> Value {
        let sheets = self.sheets;
        json!({
            "election": sheets.election,
            "contest": sheets.contest,
            "ledger": { "size": self.facts.size, "root": self.facts.root },
            "results_files": sheets.files.iter().map(ToString::to_string).collect::<Vec<_>>(),
            "sheets": sheets.len(),
            "sheets_from_pictures": sheets.from_pictures,
            "sheets_left_out_as_incomplete": sheets.incomplete,
            "stations_expected": sheets.expected,
            "leader": sheets.leader_id(),
            "runner_up": sheets.runner_up_id(),
            "registers": self.settings.registers.iter().map(|base| (base.id.clone(), base.shown("en"))).collect::<BTreeMap<_, _>>(),
            "seed": self.seed,
        })
    }
}

impl Analysis {
    /// One object: the blocks, and beside them `about`, `tests`, `read_again`, `left_out`. Numbers that are not whole have
    /// twelve significant digits.
    #[must_use]
    pub fn to_json(&self) -> Value {
        let mut answer = self.blocks.clone();
        answer
            .insert("about".to_owned(), json!({ "data": self.data, "blocks": self.about, "left_out": self.left_out }));
        answer.insert("tests".to_owned(), json!(self.tests));
        answer.insert("read_again".to_owned(), json!(self.read_again));
        let mut answer = Value::Object(answer);
        crate::number::publish(&mut answer);
        answer
    }
}
