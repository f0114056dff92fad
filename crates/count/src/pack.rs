//! A country pack: how a place holds elections, as data. Levels of the geography, the counting rule, the text in a
//! sheet's code, where a sheet shows personal data. No country stands in the code.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::definition::Definition;
use crate::grammar::{Grammar, GrammarFile};
use crate::identifier::LevelId;
use crate::sheet_layout::{SheetFile, SheetLayout};
use crate::source::{LocalText, Source, SourceError};

/// A pack, checked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pack {
    /// The pack's short name, for example `demo`.
    pub id: String,
    /// What is shown.
    pub title: LocalText,
    /// Languages of the site, the first is the default.
    pub languages: Vec<String>,
    /// Levels from just below the whole down to the station, which is always the last.
    pub levels: Vec<Level>,
    /// When numbers count, unless entry 0 says otherwise.
    pub counting: CountingRule,
    /// Payload grammars, tried in order.
    pub payloads: Vec<Grammar>,
    /// Sheet layouts; the first is the default.
    pub sheets: Vec<SheetLayout>,
    /// Tolerances and severities of checks that differ from their defaults, by check code.
    pub checks: BTreeMap<String, CheckSetting>,
    /// When the law wants every station's result published.
    pub publication: Option<Publication>,
}

/// A deadline for the results of every station.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Publication {
    /// Hours after the end of the day of the vote.
    pub hours: u32,
    /// Which law says so.
    pub law: LocalText,
}

/// One level of the geography.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Level {
    /// Its id, also its word in addresses.
    pub id: LevelId,
    /// One of them, for example `State`.
    pub name: LocalText,
    /// Several of them.
    pub plural: LocalText,
}

/// When a station's numbers count.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountingRule {
    /// How many equal readings by different people count; 0: readings by people never count.
    pub people: u32,
    /// Whether a `qr` reading of a custody sheet counts once it passes the checks.
    pub qr_from_custody: bool,
    /// How many adjudicators must sign a ruling.
    pub signatures: u32,
    /// Whether one published reading counts while no other differs.
    pub single_published: bool,
}

impl Default for CountingRule {
    fn default() -> Self {
        Self { people: 2, qr_from_custody: true, signatures: 1, single_published: false }
    }
}

/// How a pack changes a check.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CheckSetting {
    /// The largest difference that still passes.
    #[serde(default)]
    pub tolerance: u32,
    /// `false` turns the check off.
    #[serde(default = "yes")]
    pub on: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PackFile {
    id: Spanned<String>,
    format: Spanned<u32>,
    title: LocalText,
    languages: Spanned<Vec<String>>,
    #[serde(default)]
    counting: Option<CountingFile>,
    level: Spanned<Vec<LevelFile>>,
    #[serde(default)]
    payload: Vec<GrammarFile>,
    #[serde(default)]
    sheet: Vec<SheetFile>,
    #[serde(default)]
    check: BTreeMap<String, CheckSetting>,
    publication: Option<Publication>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CountingFile {
    people: Option<u32>,
    qr_from_custody: Option<bool>,
    signatures: Option<u32>,
    single_published: Option<bool>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LevelFile {
    id: Spanned<String>,
    name: LocalText,
    plural: LocalText,
}

impl Pack {
    /// Reads a `pack.toml` against the election it is for. `file` is how complaints call it.
    ///
    /// # Errors
    /// With file, line and field, for anything missing, unknown, doubled or dangling.
    pub fn parse(file: &str, bytes: &[u8], definition: &Definition) -> Result<Self, SourceError> {
        let source = Source::new(file, bytes)?;
        let raw: PackFile = source.parse()?;
        if *raw.format.get_ref() != 1 {
            return Err(source.at(&raw.format, "format", "this program reads packs of format 1"));
        }
        if raw.languages.get_ref().is_empty() {
            return Err(source.at(&raw.languages, "languages", "name at least one language, for example \"es\""));
        }
        let levels = parse_levels(&source, &raw.level)?;
        let payloads = raw
            .payload
            .into_iter()
            .map(|grammar| Grammar::check(&source, grammar, definition))
            .collect::<Result<_, _>>()?;
        let sheets = raw
            .sheet
            .into_iter()
            .map(|sheet| SheetLayout::check(&source, sheet, definition))
            .collect::<Result<_, _>>()?;
        for code in raw.check.keys() {
            if crate::check::CheckCode::parse(code).is_none() {
                return Err(source.whole("check", format!("there is no check `{code}`")));
            }
        }
        let counting = raw.counting.map_or_else(CountingRule::default, |written| {
            let default = CountingRule::default();
            CountingRule {
                people: written.people.unwrap_or(default.people),
                qr_from_custody: written.qr_from_custody.unwrap_or(default.qr_from_custody),
                signatures: written.signatures.unwrap_or(default.signatures),
                single_published: written.single_published.unwrap_or(default.single_published),
            }
        });
        if counting.signatures == 0 || counting.people == 1 {
            return Err(source.whole(
                "counting",
                "a ruling needs at least one signature, and readings by people count from two equal ones on (0: never)",
            ));
        }
        let pack = Self {
            id: raw.id.into_inner(),
            title: raw.title,
            languages: raw.languages.into_inner(),
            levels,
            counting,
            payloads,
            sheets,
            checks: raw.check,
            publication: raw.publication,
        };
        pack.check_languages(&source, definition)?;
        Ok(pack)
    }

    /// The level of the stations themselves.
    #[must_use]
    pub fn station_level(&self) -> &Level {
        // Parsing refuses a pack without levels.
        &self.levels[self.levels.len() - 1]
    }

    /// The levels of units above the stations, from the top.
    #[must_use]
    pub fn unit_levels(&self) -> &[Level] {
        &self.levels[..self.levels.len() - 1]
    }

    fn check_languages(&self, source: &Source<'_>, definition: &Definition) -> Result<(), SourceError> {
        let missing = |text: &LocalText, place: &str| {
            let language = text.missing(&self.languages).next()?;
            let shown = text.in_language(language).to_owned();
            let message = format!(
                "`{shown}`{place} has no text for language `{language}`, which the pack promises in `languages`"
            );
            Some((shown, message))
        };
        let mut own: Vec<(&str, &LocalText)> = vec![("title", &self.title)];
        own.extend(self.publication.iter().map(|publication| ("publication.law", &publication.law)));
        own.extend(self.levels.iter().flat_map(|level| [("level.name", &level.name), ("level.plural", &level.plural)]));
        if let Some((field, (shown, message))) =
            own.into_iter().find_map(|(field, text)| Some((field, missing(text, "")?)))
        {
            return Err(source.about(&shown, field, message));
        }
        let mut elections: Vec<(&str, &LocalText)> = vec![("title", &definition.title), ("place", &definition.place)];
        for contest in &definition.contests {
            elections.push(("contest.title", &contest.title));
            elections.extend(contest.candidates.iter().map(|one| ("candidates.name", &one.name)));
            elections.extend(contest.selections.iter().map(|one| ("selections.name", &one.name)));
            elections.extend(contest.others.iter().map(|one| ("others.title", &one.title)));
        }
        let found =
            elections.into_iter().find_map(|(field, text)| Some((field, missing(text, " in the election file")?)));
        found.map_or(Ok(()), |(field, (_, message))| Err(source.whole(field, message)))
    }
}

fn parse_levels(source: &Source<'_>, raw: &Spanned<Vec<LevelFile>>) -> Result<Vec<Level>, SourceError> {
    if raw.get_ref().is_empty() || raw.get_ref().len() > 20 {
        return Err(source.at(raw, "level", "write 1 to 20 levels, from the widest down to the station"));
    }
    let mut seen = HashSet::new();
    raw.get_ref()
        .iter()
        .map(|level| {
            if !seen.insert(level.id.get_ref()) {
                return Err(source.at(&level.id, "level.id", "this level is there twice"));
            }
            Ok(Level {
                id: source.identifier(&level.id, "level.id")?,
                name: level.name.clone(),
                plural: level.plural.clone(),
            })
        })
        .collect()
}
