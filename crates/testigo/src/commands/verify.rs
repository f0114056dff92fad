//! `testigo verify`: recomputes an archive or a mirror and says the first thing that is wrong.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};
use clap::{Args, ValueEnum};
use serde_json::json;
use testigo_ledger::Policy;

use super::exit;
use super::import::all_cores;
use crate::say;
use crate::terminal::{counted, grouped};
use crate::verify::{KeyFrom, Report, Trust, Verification, Wrong, is_address, verify, verify_address};

#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  testigo verify archive\n  testigo verify site --key example.org/ledger+1a2b3c4d+AY...\n  testigo verify https://example.org/site/ --policy trusted.policy\n\nA key or a policy has to come from elsewhere than the place that is verified: from a printed notice, from people you trust, from several of them. Without one, verifying shows that everything there fits together, and not whose it is.\n\nWhat is on the web is fetched into a temporary folder (TMPDIR says where) and verified there. Of a live site, which has no signed list of its files, the ledger, the documents, the pictures and the tables are fetched. Redirects to other hosts are not followed."
)]
pub struct VerifyArguments {
    /// A mirror's folder, or an archive; it may be in use, left by a killed process, or on a read-only disk. Or the address of a mirror or a live site on the web
    #[arg(value_name = "PLACE")]
    pub place: PathBuf,
    /// The ledger's public key, as its publisher made it known elsewhere
    #[arg(long, value_name = "KEY")]
    pub key: Option<String>,
    /// A file (tlog-policy) that says which ledgers' keys to believe, and which witnesses must have seen a head
    #[arg(long, value_name = "FILE")]
    pub policy: Option<PathBuf>,
    /// Read the code on every sheet's published picture again, and compare it with the ledger
    #[arg(long)]
    pub reread: bool,
    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    pub format: VerifyFormat,
    /// Files looked at at a time [default: all cores]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub jobs: Option<u16>,
}

/// How `verify` answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum VerifyFormat {
    /// For people
    #[default]
    Text,
    /// For programs
    Json,
}

pub fn run(arguments: &VerifyArguments) -> Result<ExitCode> {
    let trust = trust(arguments)?;
    let jobs = arguments.jobs.map_or_else(all_cores, usize::from);
    let report = match arguments.place.to_str().filter(|place| is_address(place)) {
        Some(address) => verify_address(address, &trust, arguments.reread, jobs)?,
        None => verify(&Verification { root: &arguments.place, trust: &trust, reread: arguments.reread, jobs })?,
    };
    match arguments.format {
        VerifyFormat::Text => print(&report),
        VerifyFormat::Json => say!("{}", serde_json::to_string_pretty(&as_json(&report))?),
    }
    Ok(exit(report.wrong.is_none() && !report.left_out))
}

fn trust(arguments: &VerifyArguments) -> Result<Trust> {
    let key = arguments.key.as_deref().map(|key| key.trim().parse().with_context(|| format!("--key {key}")));
    let policy = arguments.policy.as_ref().map(|path| {
        let text = std::fs::read(path).with_context(|| format!("{} cannot be read", path.display()))?;
        Policy::parse(&text).with_context(|| path.display().to_string())
    });
    Ok(Trust { key: key.transpose()?, policy: policy.transpose()? })
}

fn as_json(report: &Report) -> serde_json::Value {
    let verdict = match (&report.wrong, report.left_out) {
        (Some(_), _) => "wrong",
        (None, true) => "incomplete",
        (None, false) => "right",
    };
    json!({ "verdict": verdict, "report": report })
}

fn print(report: &Report) {
    if let Some(ledger) = &report.ledger {
        say!("ledger        {}", ledger.origin);
        say!("head          {} entries, root {}", grouped(ledger.size), ledger.root);
        let from = match report.key_from {
            KeyFrom::Argument => "as you gave it",
            KeyFrom::Policy => "one that your policy trusts",
            KeyFrom::Place => "taken from here: compare it with what the publisher made known elsewhere, or give --key",
        };
        say!("key           {}\n              {from}", report.key);
        if let Some(witnesses) = &report.witnesses {
            let names = if witnesses.names.is_empty() { "none".to_owned() } else { witnesses.names.join(", ") };
            say!("witnesses     {names}{}", if witnesses.quorum { ": enough for your policy" } else { "" });
        }
        say!("entries       {} hashed from their bytes, {} bundles", grouped(ledger.size), grouped(ledger.bundles));
        say!(
            "tree          {} tiles compared, {} signed heads continue each other",
            grouped(ledger.tiles),
            grouped(ledger.heads)
        );
        say!("documents     {} have the bytes that their names say", grouped(ledger.documents));
    }
    for contest in &report.contests {
        let votes: Vec<String> =
            contest.candidates.iter().map(|(id, votes)| format!("{id} {}", grouped(*votes))).collect();
        say!("count         {}: {} stations, {}", contest.title, grouped(u64::from(contest.counted)), votes.join(", "));
    }
    if report.rulings > 0 {
        say!("rulings       {} with signatures that hold", grouped(report.rulings));
    }
    if report.refused > 0 {
        let entries = counted(report.refused, "entry", "entries");
        say!("without effect {entries} (unsigned rulings and the like); `testigo check` lists them");
    }
    if let Some(renditions) = report.renditions {
        say!("pictures      {} have the bytes that their names say", grouped(renditions));
    }
    if let Some(tables) = report.tables {
        say!("tables        {} made again from the ledger: the same bytes", grouped(tables));
    }
    if let Some(files) = &report.files {
        let alone = if report.address.is_none() { " and no other" } else { "" };
        say!(
            "files         {} as the signed list says{alone}, {} MB",
            grouped(files.files),
            grouped(files.bytes.div_ceil(1_000_000))
        );
        say!("pages         {} pages and tables made again from the ledger: the same bytes", grouped(files.made_again));
        say!("pictures      {} have the bytes that their names say", grouped(files.renditions));
    }
    if let Some(masks) = &report.masks {
        say!(
            "masks         {} the pixels that came in, and nothing is hidden but what the ledger says",
            counted(masks.proved, "picture shows", "pictures show")
        );
        if masks.unproved > 0 {
            let pictures = counted(masks.unproved, "picture", "pictures");
            say!("              {pictures} came in before pixels were committed to: what they show cannot be checked");
        }
        if masks.withheld > 0 {
            say!("              {} withheld by rulings", counted(masks.withheld, "picture", "pictures"));
        }
    }
    if let Some(reread) = &report.reread {
        say!("codes         {} sheets read again: the numbers in the ledger", grouped(reread.sheets));
        if reread.not_shown > 0 {
            say!(
                "              {} sheets could not be: their picture is withheld, or hidden altogether",
                grouped(reread.not_shown)
            );
        }
    }
    for what in &report.not_checked {
        say!("not checked   {what}");
    }
    match &report.wrong {
        Some(wrong) => print_wrong(wrong),
        None if report.left_out => say!("What was checked is right; something was left out, as said above."),
        None => say!(
            "All of it is right, as far as the {} itself can show: that no sheet was left out, only the register and those who hold sheets can tell.",
            report.kind
        ),
    }
}

fn print_wrong(wrong: &Wrong) {
    say!("WRONG: {}", wrong.what);
    if let Some(values) = &wrong.values {
        say!("  expected    {}", values.expected);
        say!("  found       {}", values.found);
    }
    say!("  it means    {}", wrong.meaning);
}
