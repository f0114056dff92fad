//! `testigo audit`: commit to a list, take the public dice, record what people found, and say what it shows.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use testigo_analysis::audit::course::{Course, Risk, courses};
use testigo_analysis::audit::session::write_list;
use testigo_analysis::{Settings, Sheets};
use testigo_archive::{Archive, ArchiveReader};
use testigo_count::audits::AuditList;
use testigo_count::entry::{Against, AuditEntry, AuditStep, Seed};
use testigo_count::{Cell, Count, DocumentHash, Entry, EntryIndex, StationId};
use testigo_ledger::Hash;

use super::Format;
use crate::terminal::grouped;
use crate::{counting, keys, say};

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  testigo audit archive draw
  testigo audit archive draw --seed 31415926535897932384 --size 50
  testigo audit archive record 010118029.01 --against paper --votes EG=183,NM=120
  testigo audit archive risk
First the list is fixed and published, then dice are thrown in public: docs/audit.md tells the whole course.")]
pub struct AuditArguments {
    /// The archive
    pub dir: PathBuf,
    #[command(subcommand)]
    pub step: Step,
}

#[derive(Debug, Subcommand)]
pub enum Step {
    /// Fix the list of stations; then, with the dice's digits, draw from it
    Draw(DrawArguments),
    /// Write down what people found at a station that was drawn
    Record(RecordArguments),
    /// What the records show so far
    Risk(RiskArguments),
}

#[derive(Debug, Args)]
pub struct DrawArguments {
    /// The contest [default: the first]
    #[arg(long, value_name = "ID")]
    pub contest: Option<String>,
    /// The digits of dice thrown in public after the list was published
    #[arg(long, value_name = "DIGITS")]
    pub seed: Option<String>,
    /// A new list that adds stations which came later; the seed goes on
    #[arg(long)]
    pub extend: bool,
    /// Begin another audit, with a list and dice of its own
    #[arg(long)]
    pub new: bool,
    /// How many stations to show
    #[arg(long, value_name = "N", default_value_t = 20)]
    pub size: usize,
    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
    /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
    #[arg(long, value_name = "FILE")]
    pub ledger_key: Option<PathBuf>,
}

/// What people compared with the list's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Compared {
    /// The picture in the archive, read again
    Archive,
    /// The paper sheet
    Paper,
    /// The figure that the authority published for the station
    Official,
}

impl Compared {
    fn against(self) -> Against {
        match self {
            Self::Archive => Against::Archive,
            Self::Paper => Against::Paper,
            Self::Official => Against::Official,
        }
    }
}

#[derive(Debug, Args)]
pub struct RecordArguments {
    /// The station's official code
    pub station: String,
    /// What the list's numbers were compared with
    #[arg(long, value_enum)]
    pub against: Compared,
    /// The votes found, for every candidate: A=183,B=120
    #[arg(long, value_name = "VOTES", conflicts_with_all = ["same", "missing"])]
    pub votes: Option<String>,
    /// The numbers found are those of the list
    #[arg(long, conflicts_with = "missing")]
    pub same: bool,
    /// There was nothing to look at: counts as the worst error
    #[arg(long)]
    pub missing: bool,
    /// The entry of an earlier record that this one corrects
    #[arg(long, value_name = "ENTRY")]
    pub corrects: Option<u64>,
    /// The contest [default: the first]
    #[arg(long, value_name = "ID")]
    pub contest: Option<String>,
    /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
    #[arg(long, value_name = "FILE")]
    pub ledger_key: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub struct RiskArguments {
    /// The contest [default: the first]
    #[arg(long, value_name = "ID")]
    pub contest: Option<String>,
    /// Only records against this [default: each that has records]
    #[arg(long, value_enum)]
    pub against: Option<Compared>,
    /// The risk limit in percent
    #[arg(long, value_name = "PERCENT", default_value_t = 5.0)]
    pub limit: f64,
    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

pub fn run(arguments: &AuditArguments) -> Result<ExitCode> {
    match &arguments.step {
        Step::Draw(draw) => self::draw(&arguments.dir, draw),
        Step::Record(record) => self::record(&arguments.dir, record),
        Step::Risk(risk) => self::risk(&arguments.dir, risk),
    }
}

/// The last list of a contest.
fn last_list(count: &Count, contest: usize) -> Option<AuditList<'_>> {
    let id = &count.definition().contests[contest].id;
    count.audit_lists().rev().find(|list| list.contest == id)
}

/// The last audit of a contest.
fn last_course(reader: &ArchiveReader, count: &Count, contest: usize) -> Result<Course> {
    let document = |hash: &DocumentHash| reader.document(&Hash(*hash.as_bytes())).ok();
    let last = courses(count, contest, document).pop();
    Ok(last.context("there is no audit\nhint: `testigo audit DIR draw` begins one")??)
}

/// Writes an entry that the fold takes; refuses one that would have no effect.
fn write(archive: &mut Archive, count: &mut Count, entry: AuditEntry) -> Result<u64> {
    let bytes = Entry::Audit(entry).to_bytes()?;
    let refusals = count.refusals().len();
    count.append(&bytes, &BTreeMap::new())?;
    if let Some((_, refusal)) = count.refusals().get(refusals) {
        bail!("the step would have no effect: {refusal}\nhint: nothing was written");
    }
    let appended = archive.append(&[bytes])?;
    archive.publish()?;
    appended.first().map(|one| one.index.0).context("the archive gave the entry no place")
}

fn draw(dir: &std::path::Path, arguments: &DrawArguments) -> Result<ExitCode> {
    let reader = ArchiveReader::open(dir)?;
    let (mut count, _) = counting::load(&reader)?;
    let contest = counting::contest(&count, arguments.contest.as_deref())?;
    let open =
        || Archive::open(dir, keys::of_archive(dir, arguments.ledger_key.as_deref())?).map_err(anyhow::Error::from);
    let known = last_list(&count, contest);
    let begins = known.is_none() || arguments.extend || arguments.new;
    if begins {
        if arguments.seed.is_some() {
            bail!(
                "a seed comes after the list\nhint: fix and publish the list first, with `testigo audit DIR draw`; then throw the dice"
            );
        }
        let after = match known {
            _ if !arguments.extend => None,
            Some(list) if list.seed.is_some() => Some(list.index),
            _ => bail!(
                "--extend needs an audit whose dice have fallen\nhint: `testigo audit DIR draw` shows where it stands"
            ),
        };
        let sheets = Sheets::of(&count, contest, &Settings::of(&count))?;
        let text = write_list(&sheets);
        let mut archive = open()?;
        let hash = archive.put_document(text.as_bytes())?;
        let document = DocumentHash::from_bytes(hash.0);
        let step = AuditStep::List { after, contest: count.definition().contests[contest].id.clone(), document };
        let entry = write(&mut archive, &mut count, AuditEntry::new(step, None))?;
        say!("entry {entry}: a list of {} stations", grouped(sheets.len() as u64));
        say!("its hash is {hash}");
        if after.is_none() {
            say!(
                "Publish this hash, then throw dice in public and give their digits: testigo audit {} draw --seed DIGITS",
                dir.display()
            );
            return Ok(ExitCode::SUCCESS);
        }
    } else if let (Some(list), Some(seed)) = (known, &arguments.seed) {
        if let Some((_, before)) = list.seed {
            if before.as_str() != seed {
                bail!(
                    "the list of entry {} has its seed, {}\nhint: a seed is never thrown again; --new begins another audit",
                    list.index,
                    before.as_str()
                );
            }
        } else {
            let step = AuditStep::Seed { list: list.index, seed: Seed::new(seed.as_str())? };
            let mut archive = open()?;
            let entry = write(&mut archive, &mut count, AuditEntry::new(step, None))?;
            if arguments.format == Format::Table {
                say!("entry {entry}: the seed");
            }
        }
    }
    let course = last_course(&reader, &count, contest)?;
    let list = course.list().context("there is no list")?;
    let Some(seed) = &course.seed else {
        say!("the list of entry {} waits for its dice: testigo audit {} draw --seed DIGITS", list.entry, dir.display());
        say!("its hash is {}", list.document);
        return Ok(ExitCode::SUCCESS);
    };
    let shown = course.order.iter().take(arguments.size);
    match arguments.format {
        Format::Json => {
            let answer = json!({
                "list": list.entry, "document": list.document, "seed": seed.digits,
                "stations": course.order.len(), "drawn": shown.collect::<Vec<_>>(),
            });
            say!("{}", serde_json::to_string_pretty(&answer)?);
        }
        Format::Csv => {
            say!("draw,station");
            shown.zip(1..).for_each(|(station, at)| say!("{at},{station}"));
        }
        Format::Table => {
            say!("seed {}, list {} of entry {}", seed.digits, list.document, list.entry);
            shown.zip(1..).for_each(|(station, at)| say!("{at:>6}  {station}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn record(dir: &std::path::Path, arguments: &RecordArguments) -> Result<ExitCode> {
    let reader = ArchiveReader::open(dir)?;
    let (mut count, _) = counting::load(&reader)?;
    let contest = counting::contest(&count, arguments.contest.as_deref())?;
    let course = last_course(&reader, &count, contest)?;
    let list = course.list().context("there is no list")?.entry;
    let station = course.station(&arguments.station).with_context(|| {
        format!("station {} is not in the list\nhint: `testigo audit DIR draw` shows what is drawn", arguments.station)
    })?;
    let found = match (&arguments.votes, arguments.same, arguments.missing) {
        (Some(votes), ..) => Some(parse_votes(&count, contest, votes)?),
        (None, true, _) => Some(cells(&station.reported.votes)?),
        (None, false, true) => None,
        (None, false, false) => {
            bail!(
                "say what was found\nhint: --votes A=183,B=120, or --same, or --missing where there was nothing to look at"
            )
        }
    };
    let step = AuditStep::Record {
        against: arguments.against.against(),
        found,
        list,
        other: BTreeMap::new(),
        station: StationId::new(arguments.station.as_str())?,
    };
    let entry = AuditEntry::new(step, arguments.corrects.map(EntryIndex));
    let mut archive = Archive::open(dir, keys::of_archive(dir, arguments.ledger_key.as_deref())?)?;
    let index = write(&mut archive, &mut count, entry)?;
    say!("entry {index}: station {} against {}", arguments.station, arguments.against.against().word());
    Ok(ExitCode::SUCCESS)
}

fn cells(votes: &[u64]) -> Result<Vec<Cell>> {
    let cell = |votes: &u64| u32::try_from(*votes).ok().filter(|votes| *votes <= Cell::LARGEST).map(Cell::Value);
    votes.iter().map(cell).collect::<Option<_>>().context("a number of votes is too large")
}

/// `A=183,B=120`, every candidate once.
fn parse_votes(count: &Count, contest: usize, written: &str) -> Result<Vec<Cell>> {
    let candidates = &count.definition().contests[contest].candidates;
    let mut found: Vec<Option<Cell>> = vec![None; candidates.len()];
    for part in written.split(',') {
        let (id, votes) =
            part.split_once('=').with_context(|| format!("`{part}` in --votes is not of the form ID=VOTES"))?;
        let at = candidates.iter().position(|one| one.id.as_str() == id.trim());
        let at = at.with_context(|| format!("--votes names `{id}`, which is no candidate of this contest"))?;
        let number = votes.trim().parse().ok().filter(|votes| *votes <= Cell::LARGEST);
        let number = number.with_context(|| format!("`{votes}` in --votes is no number of votes"))?;
        if found[at].replace(Cell::Value(number)).is_some() {
            bail!("--votes names `{id}` twice");
        }
    }
    let missing: Vec<&str> =
        candidates.iter().zip(&found).filter(|(_, found)| found.is_none()).map(|(one, _)| one.id.as_str()).collect();
    found
        .into_iter()
        .collect::<Option<_>>()
        .with_context(|| format!("--votes does not name {}\nhint: a candidate without votes has 0", missing.join(", ")))
}

fn risk(dir: &std::path::Path, arguments: &RiskArguments) -> Result<ExitCode> {
    if !(arguments.limit > 0.0 && arguments.limit < 100.0) {
        bail!("--limit is a percentage between 0 and 100");
    }
    let reader = ArchiveReader::open(dir)?;
    let (count, checkpoint) = counting::load(&reader)?;
    let contest = counting::contest(&count, arguments.contest.as_deref())?;
    let course = last_course(&reader, &count, contest)?;
    let list = course.list().context("there is no list")?;
    let seed = course.seed.as_ref();
    let seed = seed.context("the dice have not fallen yet\nhint: `testigo audit DIR draw --seed DIGITS`")?;
    let limit = arguments.limit / 100.0;
    let chosen = arguments.against.map_or_else(|| course.compared_with(), |one| vec![one.against()]);
    let risks: Vec<Risk> =
        chosen.into_iter().map(|against| course.risk(&count, contest, against, limit)).collect::<Result<_, _>>()?;
    match arguments.format {
        Format::Table => {
            if risks.is_empty() {
                say!("nothing is recorded yet; the first stations are shown by `testigo audit {} draw`", dir.display());
            }
            risks.iter().for_each(|risk| print(risk, arguments.limit));
        }
        Format::Json => {
            let answer = json!({
                "list": list.entry, "document": list.document, "seed": seed.digits, "limit": limit, "audits": risks,
                "ledger": { "size": count.size(), "root": checkpoint.root.to_string() },
            });
            say!("{}", serde_json::to_string_pretty(&answer)?);
        }
        Format::Csv => {
            say!("against,outcome,sample,missing,different,kaplan_markov,alpha,most_different");
            for risk in &risks {
                let whole = risk.outcome_in_all.as_ref().map(|one| ("in-all", one));
                for (outcome, one) in std::iter::once(("on-the-list", &risk.outcome_on_the_list)).chain(whole) {
                    let most = one.most_different.map_or_else(String::new, |most| most.to_string());
                    say!(
                        "{},{outcome},{},{},{},{},{},{most}",
                        risk.against.word(),
                        one.sample,
                        one.missing,
                        one.different,
                        one.kaplan_markov,
                        one.alpha
                    );
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(risk: &Risk, limit: f64) {
    let one = &risk.outcome_on_the_list;
    let what = match risk.against {
        Against::Archive => {
            "the list's numbers against the archive's pictures, read again: whether sheets were read right"
        }
        Against::Paper => "the list's numbers against paper sheets: whether the archive is right",
        Against::Official => {
            "the list's numbers against what the authority published for the station: whether the two agree"
        }
    };
    say!("{what}");
    say!(
        "  {} of {} stations looked at in the order of the draw; {} with other numbers, {} with nothing to look at (the worst error)",
        grouped(one.sample as u64),
        grouped(one.listed as u64),
        grouped(one.different as u64),
        grouped(one.missing as u64)
    );
    if let Some(most) = one.most_different {
        say!(
            "  at most {} stations of the list differ; if more did, a sample like this would come up less than {limit} % of the time",
            grouped(most)
        );
    }
    say!("  if another candidate led on the list, a sample as good as this would come up at most so often:");
    say!(
        "    Kaplan-Markov {:.4} ({} draws with replacement), ALPHA {:.4}",
        one.kaplan_markov,
        grouped(one.draws as u64),
        one.alpha
    );
    match &risk.outcome_in_all {
        Some(whole) => say!(
            "  the same for the whole election, all missing voters against the leader: Kaplan-Markov {:.4}, ALPHA {:.4}",
            whole.kaplan_markov,
            whole.alpha
        ),
        None => say!(
            "  for the whole election nothing follows: the lead is not larger than what is missing, or that is not known"
        ),
    }
    if let Some(next) = &one.next {
        say!(
            "  next station: {next}; about {} draws without any error are enough for {limit} %",
            grouped(one.draws_needed)
        );
    }
}
