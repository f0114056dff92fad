//! One number of a results file: a column, or several added up and taken off.

use serde::Deserialize;

use crate::cell::Cell;
use crate::source::SourceError;

#[derive(Debug, Clone, Deserialize)]
#[serde(untagged, expecting = "write the name of a column in quotes, or { sum = [...] } or { constant = ... }")]
pub(super) enum Number {
    Column(String),
    Several(SeveralColumns),
}

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SeveralColumns {
    /// Added up.
    #[serde(default)]
    sum: Vec<String>,
    /// Taken off again, for example blank votes that the file counts as valid.
    #[serde(default)]
    minus: Vec<String>,
    /// The same number in every row.
    constant: Option<u32>,
    /// A file without these columns says nothing about the number.
    #[serde(default)]
    pub optional: bool,
    /// Whether an empty field is an answer ("blank") rather than a mistake.
    #[serde(default)]
    pub may_be_blank: bool,
}

impl Number {
    /// Columns that must be there.
    pub fn columns(&self) -> impl Iterator<Item = &str> {
        let (single, several) = match self {
            Self::Column(column) => (Some(column), None),
            Self::Several(several) => (None, Some(several).filter(|several| !several.optional)),
        };
        let several = several.into_iter().flat_map(|several| several.sum.iter().chain(&several.minus));
        single.into_iter().chain(several).map(String::as_str)
    }

    /// The number that a mapping's expression gives; `None` where the file says nothing about it.
    ///
    /// # Errors
    /// Those of `cell`, and a message when a difference is below 0.
    pub fn evaluate<E: From<String>>(&self, cell: impl Fn(&str) -> Result<Cell, E>) -> Result<Option<Cell>, E> {
        let several = match self {
            Self::Column(column) => return Ok(Some(cell(column)?).filter(|cell| *cell != Cell::Absent)),
            Self::Several(several) => several,
        };
        if let Some(constant) = several.constant {
            return Ok(Some(Cell::Value(constant)));
        }
        let all = |columns: &[String]| columns.iter().map(|column| cell(column)).collect::<Result<Vec<_>, E>>();
        let (sum, minus) = (Cell::sum(all(&several.sum)?), Cell::sum(all(&several.minus)?));
        match (sum, minus) {
            (Cell::Absent, _) => Ok(None),
            (sum, Cell::Absent) if several.minus.is_empty() => Ok(Some(sum)),
            (Cell::Value(sum), Cell::Value(minus)) => match sum.checked_sub(minus) {
                Some(rest) => Ok(Some(Cell::Value(rest))),
                None => Err(E::from(format!(
                    "{} is {sum} and {} is {minus}: the difference is below 0",
                    several.sum.join(" + "),
                    several.minus.join(" + "),
                ))),
            },
            _ => Ok(Some(Cell::Illegible)),
        }
    }
}

impl From<String> for SourceError {
    fn from(message: String) -> Self {
        Self { file: String::new(), line: 0, field: String::new(), message }
    }
}
