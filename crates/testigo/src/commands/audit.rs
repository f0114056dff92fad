//! `testigo audit`: commit to a list, take the public dice, record what people found, and say what it shows.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde_json::json;
use testigo_analysis::audit::macro_batch::Batch;
use testigo_analysis::audit::session::{Assessment, Found, Listed, assess, order, read_list, write_list};
use testigo_analysis::outlook::{outlook, stations_of};
use testigo_analysis::{Settings, Sheets};
use testigo_archive::{Archive, ArchiveReader};
use testigo_count::audits::AuditList;
use testigo_count::entry::{Against, AuditEntry, AuditStep, Seed};
use testigo_count::geography::UnitIndex;
use testigo_count::{Cell, Count, Entry, EntryIndex, StationId};
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

/// The stations of a list.
fn stations(reader: &ArchiveReader, count: &Count, contest: usize, list: &AuditList<'_>) -> Result<Vec<Listed>> {
    let bytes = reader.document(&Hash(*list.document.as_bytes()))?;
    let candidates: Vec<String> =
        count.definition().contests[contest].candidates.iter().map(|one| one.id.to_string()).collect();
    Ok(read_list(&bytes, &candidates)?)
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
        let document = testigo_count::DocumentHash::from_bytes(hash.0);
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
    let list = last_list(&count, contest).context("there is no list")?;
    let Some((_, seed)) = list.seed else {
        say!("the list of entry {} waits for its dice: testigo audit {} draw --seed DIGITS", list.index, dir.display());
        say!("its hash is {}", list.document);
        return Ok(ExitCode::SUCCESS);
    };
    let drawn = order(&stations(&reader, &count, contest, &list)?, seed.as_str());
    let shown = drawn.iter().take(arguments.size);
    match arguments.format {
        Format::Json => {
            let answer = json!({
                "list": list.index, "document": list.document, "seed": seed.as_str(),
                "stations": drawn.len(), "drawn": shown.collect::<Vec<_>>(),
            });
            say!("{}", serde_json::to_string_pretty(&answer)?);
        }
        Format::Csv => {
            say!("draw,station");
            shown.zip(1..).for_each(|(station, at)| say!("{at},{station}"));
        }
        Format::Table => {
            say!("seed {}, list {} of entry {}", seed.as_str(), list.document, list.index);
            shown.zip(1..).for_each(|(station, at)| say!("{at:>6}  {station}"));
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn record(dir: &std::path::Path, arguments: &RecordArguments) -> Result<ExitCode> {
    let reader = ArchiveReader::open(dir)?;
    let (mut count, _) = counting::load(&reader)?;
    let contest = counting::contest(&count, arguments.contest.as_deref())?;
    let list = last_list(&count, contest).context("there is no audit\nhint: `testigo audit DIR draw` begins one")?;
    let listed = stations(&reader, &count, contest, &list)?;
    let station = listed.iter().find(|one| one.station == arguments.station).with_context(|| {
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
        list: list.index,
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

/// Entries of a list and of those it goes on from: records of all of them count.
fn chain(count: &Count, list: &AuditList<'_>) -> Vec<EntryIndex> {
    let mut found = vec![list.index];
    let mut after = list.after;
    while let Some(earlier) = after {
        found.push(earlier);
        after = count.audit_lists().find(|one| one.index == earlier).and_then(|one| one.after);
    }
    found
}

/// What is known about the stations of a list from records against one thing; of several standing ones the worst.
fn found(count: &Count, list: &AuditList<'_>, listed: &[Listed], against: Against) -> BTreeMap<String, Found> {
    let lists = chain(count, list);
    let reported: BTreeMap<&str, &Batch> = listed.iter().map(|one| (one.station.as_str(), &one.reported)).collect();
    let mut found: BTreeMap<String, Found> = BTreeMap::new();
    for record in count.audit_records().filter(|record| record.superseded_by.is_none()) {
        let AuditStep::Record { against: compared, found: cells, list, station, .. } = record.step else { continue };
        let Some(reported) = reported.get(station.as_str()).filter(|_| *compared == against && lists.contains(list))
        else {
            continue;
        };
        // A cell that is no number is nothing to look at.
        let votes: Option<Vec<u64>> =
            cells.as_ref().and_then(|cells| cells.iter().map(|cell| cell.value().map(u64::from)).collect());
        let now = votes.map_or(Found::Nothing, |votes| Found::Numbers(Batch { ballots: votes.iter().sum(), votes }));
        match found.get(station.as_str()) {
            Some(Found::Nothing) => {}
            Some(Found::Numbers(before)) if before.votes != reported.votes && now != Found::Nothing => {}
            _ => {
                found.insert(station.to_string(), now);
            }
        }
    }
    if against == Against::Archive {
        // Up to the last station that somebody looked at, one without a picture cannot be passed over.
        let drawn = list.seed.map(|(_, seed)| order(listed, seed.as_str())).unwrap_or_default();
        let last = drawn.iter().rposition(|station| found.contains_key(station));
        for station in drawn.into_iter().take(last.map_or(0, |last| last + 1)) {
            let pictures = count.geography().find_station(&station).map_or(0, |at| count.sheets_of_station(at).len());
            if pictures == 0 {
                found.insert(station, Found::Nothing);
            }
        }
    }
    found
}

fn risk(dir: &std::path::Path, arguments: &RiskArguments) -> Result<ExitCode> {
    if !(arguments.limit > 0.0 && arguments.limit < 100.0) {
        bail!("--limit is a percentage between 0 and 100");
    }
    let reader = ArchiveReader::open(dir)?;
    let (count, checkpoint) = counting::load(&reader)?;
    let contest = counting::contest(&count, arguments.contest.as_deref())?;
    let list = last_list(&count, contest).context("there is no audit\nhint: `testigo audit DIR draw` begins one")?;
    let (_, seed) = list.seed.context("the dice have not fallen yet\nhint: `testigo audit DIR draw --seed DIGITS`")?;
    let listed = stations(&reader, &count, contest, &list)?;
    let limit = arguments.limit / 100.0;
    let missing = outlook(&count, contest, UnitIndex::WHOLE, &stations_of(&count, UnitIndex::WHOLE)).missing.at_most();
    let chosen: Vec<Against> = match arguments.against {
        Some(one) => vec![one.against()],
        None => [Against::Archive, Against::Paper, Against::Official].to_vec(),
    };
    let mut answers = Vec::new();
    for against in chosen {
        let found = found(&count, &list, &listed, against);
        if found.is_empty() && arguments.against.is_none() {
            continue;
        }
        let on_list = assess(&listed, seed.as_str(), &found, 0, limit)?;
        let in_all = missing.map(|pending| assess(&listed, seed.as_str(), &found, pending, limit));
        answers.push((against, on_list, in_all));
    }
    match arguments.format {
        Format::Table => {
            if answers.is_empty() {
                say!("nothing is recorded yet; the first stations are shown by `testigo audit {} draw`", dir.display());
            }
            for (against, on_list, in_all) in &answers {
                print(*against, on_list, in_all.as_ref().and_then(|one| one.as_ref().ok()), arguments.limit);
            }
        }
        Format::Json => {
            let all: Vec<_> = answers
                .iter()
                .map(|(against, on_list, in_all)| {
                    let whole = in_all.as_ref().and_then(|one| one.as_ref().ok()).map(document);
                    json!({ "against": against.word(), "outcome_on_the_list": document(on_list), "outcome_in_all": whole })
                })
                .collect();
            let answer = json!({
                "list": list.index, "document": list.document, "seed": seed.as_str(), "limit": limit, "audits": all,
                "ledger": { "size": count.size(), "root": checkpoint.root.to_string() },
            });
            say!("{}", serde_json::to_string_pretty(&answer)?);
        }
        Format::Csv => {
            say!("against,outcome,sample,missing,different,kaplan_markov,alpha,most_different");
            for (against, on_list, in_all) in &answers {
                let whole = in_all.as_ref().and_then(|one| one.as_ref().ok());
                for (outcome, one) in std::iter::once(("on-the-list", on_list)).chain(whole.map(|one| ("in-all", one)))
                {
                    let most = one.most_different.map_or_else(String::new, |most| most.to_string());
                    let (risk, alpha) = (one.kaplan_markov, one.alpha);
                    say!(
                        "{},{outcome},{},{},{},{risk},{alpha},{most}",
                        against.word(),
                        one.sample,
                        one.missing,
                        one.different
                    );
                }
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn document(one: &Assessment) -> serde_json::Value {
    json!({
        "listed": one.listed, "sample": one.sample, "missing": one.missing, "different": one.different, "next": one.next,
        "margin": one.margin, "total_bound": one.total_bound, "kaplan_markov": one.kaplan_markov, "draws": one.draws,
        "alpha": one.alpha, "most_different": one.most_different, "draws_needed": one.draws_needed,
    })
}

fn print(against: Against, one: &Assessment, whole: Option<&Assessment>, limit: f64) {
    let what = match against {
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
    match whole {
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
