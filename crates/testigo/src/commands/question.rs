//! A question about one unit in one contest: `testigo tally` and `testigo compare` are told in the same words what it is.

use std::path::PathBuf;

use anyhow::Result;
use clap::Args;
use testigo_archive::ArchiveReader;
use testigo_count::Count;
use testigo_count::geography::UnitIndex;
use testigo_ledger::Checkpoint;

use super::Format;
use crate::counting;

// No doc comment: it would become the description of every command that flattens this.
#[derive(Debug, Args)]
pub struct Question {
    /// The archive
    dir: PathBuf,
    /// The contest [default: the first]
    #[arg(long, value_name = "ID")]
    contest: Option<String>,
    /// A unit's official code, or LEVEL/CODE [default: the whole]
    #[arg(long, value_name = "ID")]
    unit: Option<String>,
    /// How to answer
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// What the words of a question stand for.
pub struct Subject {
    pub count: Count,
    /// The head that it is the count of.
    pub checkpoint: Checkpoint,
    pub contest: usize,
    pub unit: UnitIndex,
}

impl Question {
    pub fn subject(&self) -> Result<Subject> {
        let (count, checkpoint) = counting::load(&ArchiveReader::open(&self.dir)?)?;
        let contest = counting::contest(&count, self.contest.as_deref())?;
        let unit = counting::unit(&count, self.unit.as_deref())?;
        Ok(Subject { count, checkpoint, contest, unit })
    }
}
