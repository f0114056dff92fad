//! What the statistics need to know about an election beside its ledger: which units are neighbours, which registers
//! there are to hold the sheets against.
//!
//! A pack says it in `analysis.toml`. Without that file the lowest units are the polling places, the highest the strata,
//! and the declared number of voters is the only register.

use serde::Deserialize;
use testigo_count::{Count, LocalText};

/// One answer to the question how many voters there are in all.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RegisterBase {
    /// Its name in the answer.
    pub id: String,
    /// Registered voters of the whole election.
    pub registered: u64,
    /// For people.
    pub name: Option<LocalText>,
}

impl RegisterBase {
    /// What is shown: its name, or else its id.
    #[must_use]
    pub fn shown(&self, language: &str) -> &str {
        self.name.as_ref().map_or(&self.id, |name| name.in_language(language))
    }
}

/// An experiment in which some strata are thinned out on purpose.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HoldOut {
    /// Codes of the strata of which only every sixteenth sheet is drawn.
    #[serde(default)]
    pub thinned: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct SettingsFile {
    places: Option<String>,
    strata: Option<String>,
    expected_places: Option<u32>,
    #[serde(default)]
    register: Vec<RegisterBase>,
    #[serde(default)]
    hold_out: HoldOut,
}

/// The settings of one election.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The level of polling places, a position in `Pack::unit_levels`; `None` where there are no units.
    pub places: Option<usize>,
    /// The level of strata.
    pub strata: Option<usize>,
    /// How many polling places there were, where known.
    pub expected_places: Option<u32>,
    /// Registers, the first is the one that headlines use.
    pub registers: Vec<RegisterBase>,
    /// See [`HoldOut`].
    pub hold_out: HoldOut,
}

/// What is wrong with an `analysis.toml`.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// It is not what it should be.
    #[error("{file}: {message}\nhint: docs/analysis.md lists the fields of this file")]
    Syntax {
        /// The file.
        file: String,
        /// With line and field.
        message: String,
    },
    /// A level that the pack does not have.
    #[error("{file}, field `{field}`: the pack has no level `{level}` above the stations\nhint: it has {known}")]
    Level {
        /// The file.
        file: String,
        /// The field.
        field: &'static str,
        /// What stands there.
        level: String,
        /// What may stand there.
        known: String,
    },
}

impl Settings {
    /// What holds where a pack says nothing.
    #[must_use]
    pub fn of(count: &Count) -> Self {
        let levels = count.pack().unit_levels().len();
        let declared = count.definition().declared.registered;
        let register = |registered| RegisterBase { id: "declared".to_owned(), registered, name: None };
        Self {
            places: levels.checked_sub(1),
            strata: (levels > 0).then_some(0),
            expected_places: None,
            registers: declared.into_iter().map(register).collect(),
            hold_out: HoldOut::default(),
        }
    }

    /// What a pack's `analysis.toml` says; `file` is how complaints call it.
    ///
    /// # Errors
    /// Unknown fields, values of the wrong kind, and levels that the pack does not have.
    pub fn parse(file: &str, text: &str, count: &Count) -> Result<Self, SettingsError> {
        let read: SettingsFile = toml::from_str(text)
            .map_err(|error| SettingsError::Syntax { file: file.to_owned(), message: error.to_string() })?;
        let mut settings = Self::of(count);
        for (field, written, level) in
            [("places", read.places, &mut settings.places), ("strata", read.strata, &mut settings.strata)]
        {
            let Some(written) = written else { continue };
            let levels = count.pack().unit_levels();
            *level = Some(levels.iter().position(|one| one.id.as_str() == written).ok_or_else(|| {
                let known: Vec<&str> = levels.iter().map(|level| level.id.as_str()).collect();
                SettingsError::Level { file: file.to_owned(), field, level: written.clone(), known: known.join(", ") }
            })?);
        }
        if !read.register.is_empty() {
            settings.registers = read.register;
        }
        settings.expected_places = read.expected_places;
        settings.hold_out = read.hold_out;
        Ok(settings)
    }
}
