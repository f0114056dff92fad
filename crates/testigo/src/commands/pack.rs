//! `testigo pack`: which packs there are, and whether one is complete and consistent.

use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::Result;
use clap::{Args, Subcommand};
use testigo_count::mapping::Mapping;

use crate::packs::{self, PackFiles};
use crate::say;

#[derive(Debug, Args)]
#[command(after_help = "Example:\n  testigo pack check packs/demo")]
pub struct PackArguments {
    #[command(subcommand)]
    pub action: PackAction,
}

#[derive(Debug, Subcommand)]
pub enum PackAction {
    /// The packs inside this program
    List,
    /// Is this pack complete and consistent?
    Check {
        /// A pack's folder, or the name of one inside this program
        pack: PathBuf,
    },
}

pub fn run(arguments: &PackArguments) -> Result<ExitCode> {
    match &arguments.action {
        PackAction::List => {
            for name in packs::names() {
                let (definition, pack) = PackFiles::find(name)?.parse()?;
                say!("{name:<14} {} · {}", pack.title.in_language("en"), definition.date);
            }
        }
        PackAction::Check { pack } => check(&PackFiles::find(&pack.display().to_string())?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn check(files: &PackFiles) -> Result<()> {
    let (definition, pack) = files.parse()?;
    for (name, bytes) in &files.mappings {
        Mapping::parse(&format!("{}/mappings/{name}.toml", files.place), bytes, &definition, &pack)?;
    }
    let levels: Vec<&str> = pack.levels.iter().map(|level| level.id.as_str()).collect();
    say!("{} is complete and consistent", files.place);
    say!("levels     {}", levels.join(" / "));
    for contest in &definition.contests {
        say!(
            "contest    {}: {} candidates, {} ballot lines",
            contest.id,
            contest.candidates.len(),
            contest.selections.len()
        );
    }
    say!("payloads   {}", pack.payloads.len());
    say!("sheets     {}", pack.sheets.len());
    say!("mappings   {}", files.mappings.keys().cloned().collect::<Vec<_>>().join(", "));
    say!("languages  {}", pack.languages.join(", "));
    Ok(())
}
