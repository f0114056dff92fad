//! The command line: wires archive, reader, fold and site together and contains no rules of its own.

mod commands;
mod counting;
mod http;
mod keys;
mod layout;
mod packs;
mod parallel;
mod pictures;
mod simulate;
mod terminal;
mod verify;
mod witness;

use std::process::ExitCode;

use clap::{Parser, Subcommand};

/// Every polling station's tally sheet: read, checked, added up, published, and provable by anyone.
#[derive(Debug, Parser)]
#[command(
    name = "testigo",
    version,
    max_term_width = 100,
    after_help = "Exit codes: 0 done; 1 finished, but something was wrong or left out; 2 nothing was done."
)]
struct CommandLine {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Show a made-up election, end to end, in the browser
    Demo(commands::demo::DemoArguments),
    /// A new archive for an election
    Init(commands::init::InitArguments),
    /// Put pictures of sheets, or a results file, into the ledger
    Import(commands::import::ImportArguments),
    /// Read every sheet that has no reading yet
    Read(commands::read::ReadArguments),
    /// Show the result of a unit
    Tally(commands::tally::TallyArguments),
    /// List everything that a person should look at, worst first
    Check(commands::check::CheckArguments),
    /// Say what follows from the sheets, and what does not: bounds, projection, screens
    Analyse(commands::analyse::AnalyseArguments),
    /// Hide more or less of a sheet's picture, show a court what is hidden, check what was shown
    Mask(commands::mask::MaskArguments),
    /// Sign a decision on a reading, a sheet or a station
    Rule(commands::rule::RuleArguments),
    /// Record figures that an authority proclaimed
    Official(commands::official::OfficialArguments),
    /// Compare what was proclaimed with the sheets, and say what follows
    Compare(commands::compare::CompareArguments),
    /// Draw stations by public dice, record what people found, and say what it shows
    Audit(commands::audit::AuditArguments),
    /// One signed ZIP with everything about some stations, to check offline
    Evidence(commands::evidence::EvidenceArguments),
    /// Publish the site of an archive on this machine
    Serve(commands::serve::ServeArguments),
    /// Write the site of an archive as a folder of files: the static mirror
    Publish(commands::publish::PublishArguments),
    /// Recompute everything from the bytes
    Verify(commands::verify::VerifyArguments),
    /// Make and show keys; admit, revoke and replace them
    Key(commands::key::KeyArguments),
    /// Say where units lie, for the maps of the site
    Map(commands::map::MapArguments),
    /// Write and check proofs that an entry is in the ledger
    Receipt(commands::receipt::ReceiptArguments),
    /// Have somebody else say when a head existed, and keep that
    Anchor(commands::anchor::AnchorArguments),
    /// Countersign other people's heads, and have one's own countersigned
    Witness(commands::witness::WitnessArguments),
    /// List and check country packs
    Pack(commands::pack::PackArguments),
    /// Make up a whole election, honest or not, to rehearse with
    Simulate(commands::simulate::SimulateArguments),
}

fn main() -> ExitCode {
    let command_line = CommandLine::parse();
    let done = match &command_line.command {
        Command::Demo(arguments) => commands::demo::run(arguments),
        Command::Init(arguments) => commands::init::run(arguments),
        Command::Import(arguments) => commands::import::run(arguments),
        Command::Read(arguments) => commands::read::run(arguments),
        Command::Tally(arguments) => commands::tally::run(arguments),
        Command::Check(arguments) => commands::check::run(arguments),
        Command::Analyse(arguments) => commands::analyse::run(arguments),
        Command::Mask(arguments) => commands::mask::run(arguments),
        Command::Rule(arguments) => commands::rule::run(arguments),
        Command::Official(arguments) => commands::official::run(arguments),
        Command::Compare(arguments) => commands::compare::run(arguments),
        Command::Audit(arguments) => commands::audit::run(arguments),
        Command::Evidence(arguments) => commands::evidence::run(arguments),
        Command::Serve(arguments) => commands::serve::run(arguments),
        Command::Publish(arguments) => commands::publish::run(arguments),
        Command::Verify(arguments) => commands::verify::run(arguments),
        Command::Key(arguments) => commands::key::run(arguments),
        Command::Map(arguments) => commands::map::run(arguments),
        Command::Receipt(arguments) => commands::receipt::run(arguments),
        Command::Anchor(arguments) => commands::anchor::run(arguments),
        Command::Witness(arguments) => commands::witness::run(arguments),
        Command::Pack(arguments) => commands::pack::run(arguments),
        Command::Simulate(arguments) => commands::simulate::run(arguments),
    };
    match done {
        Ok(_) if terminal::answer_failed() => commands::exit(false),
        Ok(code) => code,
        Err(error) => {
            note!("error: {}", terminal::complaint(&error));
            ExitCode::from(2)
        }
    }
}
