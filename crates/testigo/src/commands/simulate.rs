//! `testigo simulate`: a whole made-up election in a folder, to rehearse with.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::Args;
use testigo_sheet::draw::{Defect, Strength};

use super::import::all_cores;
use crate::packs::PackFiles;
use crate::say;
use crate::simulate::{Happening, Made, Parts, Rates, Simulation, write, write_defects};
use crate::terminal::grouped;

#[derive(Debug, Args)]
#[command(after_help = after_help())]
pub struct SimulateArguments {
    /// A new or empty folder for the election
    pub out: PathBuf,
    /// The country pack: a name inside this program (see `testigo pack list`) or a folder
    #[arg(long, default_value = "demo")]
    pub pack: String,
    /// How many stations the register has
    #[arg(long, default_value_t = 400, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub stations: u32,
    /// Chooses places, votes and everything that goes wrong; the same seed gives the same files
    #[arg(long, default_value_t = 1, value_name = "N")]
    pub seed: u64,
    /// Only tables, no pictures of sheets
    #[arg(long)]
    pub no_pictures: bool,
    /// Also the numbers of all stations as an authority might publish them, and the mapping that reads them
    #[arg(long)]
    pub results: bool,
    /// Also those numbers as ledger entries, one on each line, to measure the fold with
    #[arg(long)]
    pub entries: bool,
    /// Nothing goes wrong: every station sends one sheet that can be read
    #[arg(long)]
    pub honest: bool,
    /// How often something happens, in percent of the stations; may be given several times
    #[arg(long = "rate", value_name = "KIND=PERCENT")]
    pub rates: Vec<String>,
    /// Instead: pictures of sheets with this defect, in this level from 1 to 5 or in all; `all` for every defect
    #[arg(long = "defect", value_name = "NAME[:LEVEL]", conflicts_with_all = ["rates", "honest", "results", "entries", "no_pictures"])]
    pub defects: Vec<String>,
    /// How many pictures to draw at once [default: all cores]
    #[arg(long, value_name = "N")]
    pub jobs: Option<usize>,
}

fn after_help() -> String {
    let kinds: Vec<String> = Happening::ALL
        .into_iter()
        .filter(|happening| *happening != Happening::Plain)
        .map(|happening| {
            format!("  {:<14} {:>5}  {}", happening.word(), percent(happening.usual_rate()), happening.explanation())
        })
        .collect();
    let defects: Vec<&str> = Defect::ALL.iter().map(|defect| defect.name()).collect();
    format!(
        "Examples:\n  testigo simulate election --stations 300 --seed 7\n  testigo simulate large --stations 1000000 --no-pictures\n  testigo simulate defects --stations 10 --defect blur --defect torn-edge:3\n\n\
         Kinds of --rate, with what they are unless told otherwise; what has a rate happens at least once:\n{}\n\nDefects: {}",
        kinds.join("\n"),
        defects.join(", ")
    )
}

/// A rate of 10,000 as a percentage.
fn percent(rate: u32) -> String {
    format!("{}.{:02}", rate / 100, rate % 100)
}

pub fn run(arguments: &SimulateArguments) -> Result<ExitCode> {
    let (definition, pack) = PackFiles::find(&arguments.pack)?.parse()?;
    let mut rates = if arguments.honest { Rates::honest() } else { Rates::default() };
    arguments.rates.iter().try_for_each(|written| rates.set_written(written))?;
    let simulation =
        Simulation { definition: &definition, pack: &pack, stations: arguments.stations, seed: arguments.seed, rates };
    let jobs = arguments.jobs.unwrap_or_else(all_cores);
    if !arguments.defects.is_empty() {
        let defects = defects(&arguments.defects)?;
        let drawn = write_defects(&simulation, &arguments.out, &defects, jobs)?;
        say!("{} pictures in {}; pictures.csv says what their codes say", grouped(drawn), arguments.out.display());
        return Ok(ExitCode::SUCCESS);
    }
    let parts =
        Parts { pictures: !arguments.no_pictures, results: arguments.results, entries: arguments.entries, jobs };
    let made = write(&simulation, &arguments.out, parts)?;
    print(arguments, &made);
    Ok(ExitCode::SUCCESS)
}

fn print(arguments: &SimulateArguments, made: &Made) {
    say!(
        "{}: {} stations, {} registered voters",
        arguments.out.display(),
        grouped(u64::from(arguments.stations)),
        grouped(made.registered)
    );
    for (folder, pictures) in &made.pictures {
        say!("{:>9} pictures in {}/", grouped(u64::from(*pictures)), folder.name());
    }
    say!("README.txt says what each file is and what happens to the sheets");
}

/// The defects that the user wrote, each in the levels asked for.
fn defects(written: &[String]) -> Result<Vec<(Defect, Strength)>> {
    let mut defects = Vec::new();
    for one in written {
        let (name, level) = one.split_once(':').map_or((one.as_str(), None), |(name, level)| (name, Some(level)));
        let named = match (name, Defect::by_name(name)) {
            ("all", _) => Defect::ALL.to_vec(),
            (_, Some(defect)) => vec![defect],
            (_, None) => {
                let known: Vec<&str> = Defect::ALL.iter().map(|defect| defect.name()).collect();
                bail!("no defect is called `{name}`\nhint: known are all, {}", known.join(", "))
            }
        };
        let strengths = match level {
            None => Strength::ALL.to_vec(),
            Some(level) => {
                let strength = level.parse().ok().and_then(Strength::new);
                vec![strength.with_context(|| format!("`{level}` is no level; levels are 1 to 5"))?]
            }
        };
        for defect in named {
            defects.extend(strengths.iter().map(|strength| (defect, *strength)));
        }
    }
    defects.sort_unstable();
    defects.dedup();
    Ok(defects)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defects_are_named_with_or_without_a_level() {
        let written = |words: &[&str]| defects(&words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>());
        assert_eq!(written(&["blur"]).unwrap().len(), 5);
        assert_eq!(written(&["blur:2", "blur"]).unwrap().len(), 5);
        assert_eq!(written(&["all"]).unwrap().len(), 100);
        assert_eq!(written(&["torn-edge:3"]).unwrap(), [(Defect::TornEdge, Strength::new(3).unwrap())]);
        for wrong in ["smudge", "blur:0", "blur:6", "blur:x"] {
            assert!(written(&[wrong]).is_err(), "{wrong}");
        }
    }

    #[test]
    fn rates_are_shown_as_they_are_written() {
        let mut rates = Rates::honest();
        for happening in Happening::ALL.into_iter().filter(|happening| *happening != Happening::Plain) {
            rates.set_written(&format!("{}={}", happening.word(), percent(happening.usual_rate()))).unwrap();
        }
        assert_eq!(rates, Rates::default());
    }
}
