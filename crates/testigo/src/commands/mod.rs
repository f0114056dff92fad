//! One file for each command: its arguments, and what it wires together.

pub mod analyse;
pub mod anchor;
pub mod audit;
pub mod check;
pub mod compare;
pub mod demo;
pub mod evidence;
pub mod import;
pub mod init;
pub mod key;
pub mod map;
pub mod mask;
pub mod official;
pub mod pack;
pub mod publish;
pub mod question;
pub mod read;
pub mod receipt;
pub mod rule;
pub mod serve;
pub mod simulate;
pub mod tally;
pub mod verify;
pub mod witness;

use std::process::ExitCode;

use clap::ValueEnum;
use testigo_site::language::Language;

/// The command finished, but something was wrong or left out.
pub const SOMETHING_WRONG: u8 = 1;

/// How a command answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Table,
    /// For spreadsheets.
    Csv,
    /// For programs.
    Json,
}

/// How a command answers that has no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Answer {
    /// For people.
    #[default]
    Text,
    /// For programs.
    Json,
}

/// The words that the site has for a state, a reason or a failure, in the language of the command line.
pub fn sentence(key: &str) -> String {
    Language::built_in("en").map_or(key, |english| english.text(key)).to_owned()
}

/// 0 when all is well, 1 when something was wrong or left out.
pub fn exit(all_well: bool) -> ExitCode {
    if all_well { ExitCode::SUCCESS } else { ExitCode::from(SOMETHING_WRONG) }
}
