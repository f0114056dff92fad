//! A country pack: how a place holds elections, as data. Levels of the geography, the counting rule, the text in a
//! sheet's code, where a sheet shows personal data. No country stands in the code.

use std::collections::{BTreeMap, HashSet};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use crate::definition::Definition;
use crate::grammar::{Grammar, GrammarFile};
use crate::identifier::LevelId;
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

/// Where things stand on a sheet. Areas are `[left, top, right, bottom]` in ten-thousandths of width and height.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetLayout {
    /// Its id.
    pub id: String,
    /// Height over width in hundredths, from and to, of pictures with this layout.
    pub aspect: Option<[u32; 2]>,
    /// Where to look for the code first.
    pub codes: Vec<[u16; 4]>,
    /// Areas with the figures, which no mask may cover.
    pub votes: Vec<[u16; 4]>,
    /// Areas with names, identity numbers and signatures, hidden in what is published.
    pub personal: Vec<[u16; 4]>,
    /// Whether the personal areas next above and next below the code reach to its quiet zone, where it was found.
    pub reaches_code: bool,
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SheetFile {
    id: Spanned<String>,
    aspect: Option<Spanned<[u32; 2]>>,
    #[serde(default)]
    codes: Vec<Spanned<[u16; 4]>>,
    #[serde(default)]
    votes: Vec<Spanned<[u16; 4]>>,
    #[serde(default)]
    personal: Vec<Spanned<[u16; 4]>>,
    #[serde(default)]
    reaches_code: bool,
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
        let sheets = raw.sheet.into_iter().map(|sheet| parse_sheet(&source, sheet)).collect::<Result<_, _>>()?;
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

/// The whole of a picture.
const WHOLE_PICTURE: [u16; 4] = [0, 0, 10_000, 10_000];

impl Pack {
    /// The layout of a picture of this size, if the pack has one.
    #[must_use]
    pub fn layout(&self, width: u32, height: u32) -> Option<&SheetLayout> {
        let aspect = (u64::from(height) * 100).checked_div(u64::from(width))?;
        self.sheets
            .iter()
            .find(|sheet| sheet.aspect.is_none_or(|[from, to]| (u64::from(from)..=u64::from(to)).contains(&aspect)))
    }

    /// The areas to hide before a picture is published. `code` is the box around a code that was seen, in
    /// ten-thousandths: it tells which way up the sheet lies. Where that is not known, both ways are hidden; where no
    /// layout fits, everything is. Showing less is a nuisance, showing a name can be an arrest.
    #[must_use]
    pub fn hidden_areas(&self, width: u32, height: u32, code: Option<[u16; 4]>) -> Vec<[u16; 4]> {
        let Some(layout) = self.layout(width, height) else { return vec![WHOLE_PICTURE] };
        let turned_areas = |areas: Vec<[u16; 4]>| areas.into_iter().map(turned);
        match code {
            Some(code) if layout.holds_code(code) => layout.personal_around(code),
            Some(code) if layout.holds_code(turned(code)) => {
                turned_areas(layout.personal_around(turned(code))).collect()
            }
            _ => layout.personal.iter().copied().chain(turned_areas(layout.personal.clone())).collect(),
        }
    }

    /// The areas that no mask may cover: the figures, where it is known which way up the sheet lies, and the code that was
    /// seen.
    #[must_use]
    pub fn kept_areas(&self, width: u32, height: u32, code: Option<[u16; 4]>) -> Vec<[u16; 4]> {
        let figures = |layout: &SheetLayout| match code {
            Some(code) if layout.holds_code(code) => layout.votes.clone(),
            Some(code) if layout.holds_code(turned(code)) => layout.votes.iter().copied().map(turned).collect(),
            _ => Vec::new(),
        };
        self.layout(width, height).map(figures).into_iter().flatten().chain(code).collect()
    }
}

/// Upside down.
fn turned([left, top, right, bottom]: [u16; 4]) -> [u16; 4] {
    let other = |one: u16| 10_000 - one.min(10_000);
    [other(right), other(bottom), other(left), other(top)]
}

impl SheetLayout {
    fn holds_code(&self, [left, top, right, bottom]: [u16; 4]) -> bool {
        let (x, y) = (left.midpoint(right), top.midpoint(bottom));
        self.codes
            .iter()
            .any(|[left, top, right, bottom]| (*left..=*right).contains(&x) && (*top..=*bottom).contains(&y))
    }

    /// The personal areas of an upright sheet, up to the quiet zone of its code and never over it.
    fn personal_around(&self, [_, top, _, bottom]: [u16; 4]) -> Vec<[u16; 4]> {
        // A code's quiet zone is 4 modules wide, and no code has fewer than 21.
        let quiet = bottom.saturating_sub(top) / 10;
        let (top, bottom) = (top.saturating_sub(quiet), bottom.saturating_add(quiet).min(10_000));
        let above = self.personal.iter().filter(|area| area[1] < top).max_by_key(|area| area[3]).copied();
        let below = self.personal.iter().filter(|area| area[1] >= top).min_by_key(|area| area[1]).copied();
        let mut areas = self.personal.clone();
        for area in &mut areas {
            if area[1] < top {
                let reach = if self.reaches_code && Some(*area) == above { top } else { area[3] };
                area[3] = reach.min(top);
            } else {
                let reach = if self.reaches_code && Some(*area) == below { bottom } else { area[1] };
                area[1] = reach.max(bottom);
            }
        }
        areas.retain(|[_, top, _, bottom]| top < bottom);
        areas
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

fn parse_sheet(source: &Source<'_>, raw: SheetFile) -> Result<SheetLayout, SourceError> {
    for (written, field) in
        [(&raw.codes, "sheet.codes"), (&raw.votes, "sheet.votes"), (&raw.personal, "sheet.personal")]
    {
        let is_area = |[left, top, right, bottom]: &[u16; 4]| {
            left < right && top < bottom && *right <= 10_000 && *bottom <= 10_000
        };
        if let Some(area) = written.iter().find(|area| !is_area(area.get_ref())) {
            return Err(source.at(
                area,
                field,
                "an area is [left, top, right, bottom] in ten-thousandths, left before right, top before bottom",
            ));
        }
    }
    if let Some(aspect) = &raw.aspect
        && aspect.get_ref()[0] >= aspect.get_ref()[1]
    {
        return Err(source.at(
            aspect,
            "sheet.aspect",
            "write [from, to] in hundredths of height over width, from below to",
        ));
    }
    for personal in &raw.personal {
        let hidden = personal.get_ref();
        if let Some(votes) = raw.votes.iter().find(|votes| overlap(hidden, votes.get_ref())) {
            let message = format!("this area is to be hidden, and it overlaps the figures in {:?}", votes.get_ref());
            return Err(source.at(personal, "sheet.personal", &message));
        }
        if let Some(code) = raw.codes.iter().find(|code| holds(hidden, code.get_ref())) {
            let message = format!("this area is to be hidden, and the code in {:?} lies inside it", code.get_ref());
            return Err(source.at(personal, "sheet.personal", &message));
        }
    }
    let areas = |written: Vec<Spanned<[u16; 4]>>| written.into_iter().map(Spanned::into_inner).collect();
    Ok(SheetLayout {
        id: raw.id.into_inner(),
        aspect: raw.aspect.map(Spanned::into_inner),
        codes: areas(raw.codes),
        votes: areas(raw.votes),
        personal: areas(raw.personal),
        reaches_code: raw.reaches_code,
    })
}

fn overlap(one: &[u16; 4], other: &[u16; 4]) -> bool {
    one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

fn holds(outer: &[u16; 4], inner: &[u16; 4]) -> bool {
    outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip() -> SheetLayout {
        SheetLayout {
            id: "strip".to_owned(),
            aspect: Some([900, 1300]),
            codes: vec![[0, 8_700, 10_000, 10_000]],
            votes: vec![[0, 1_700, 10_000, 5_280]],
            personal: vec![[0, 0, 10_000, 500], [0, 5_300, 10_000, 8_900], [0, 9_800, 10_000, 10_000]],
            reaches_code: true,
        }
    }

    fn pack(sheets: Vec<SheetLayout>) -> Pack {
        Pack {
            id: "made-up".to_owned(),
            title: LocalText::Same(String::new()),
            languages: Vec::new(),
            levels: Vec::new(),
            counting: CountingRule::default(),
            payloads: Vec::new(),
            sheets,
            checks: BTreeMap::new(),
            publication: None,
        }
    }

    #[test]
    fn hidden_areas_follow_the_code_and_never_cover_it() {
        let pack = pack(vec![strip()]);
        let upright = pack.hidden_areas(600, 6_600, Some([1_000, 9_100, 9_000, 9_600]));
        assert_eq!(upright, [[0, 0, 10_000, 500], [0, 5_300, 10_000, 9_050], [0, 9_650, 10_000, 10_000]]);
        let upside_down = pack.hidden_areas(600, 6_600, Some([1_000, 400, 9_000, 900]));
        assert_eq!(upside_down, [[0, 9_500, 10_000, 10_000], [0, 950, 10_000, 4_700], [0, 0, 10_000, 350]]);
        let cut_short = pack.hidden_areas(600, 6_600, Some([1_000, 9_450, 9_000, 10_000]));
        assert_eq!(cut_short, [[0, 0, 10_000, 500], [0, 5_300, 10_000, 9_395]]);
    }

    #[test]
    fn figures_and_code_are_kept_whichever_way_up() {
        let pack = pack(vec![strip()]);
        let code = [1_000, 9_100, 9_000, 9_600];
        assert_eq!(pack.kept_areas(600, 6_600, Some(code)), [[0, 1_700, 10_000, 5_280], code]);
        let code = [1_000, 400, 9_000, 900];
        assert_eq!(pack.kept_areas(600, 6_600, Some(code)), [[0, 4_720, 10_000, 8_300], code]);
        assert_eq!(pack.kept_areas(600, 6_600, None), <[[u16; 4]; 0]>::default());
        // Nothing that is hidden by itself is kept.
        for code in [[1_000, 9_100, 9_000, 9_600], [1_000, 400, 9_000, 900]] {
            let hidden = pack.hidden_areas(600, 6_600, Some(code));
            let kept = pack.kept_areas(600, 6_600, Some(code));
            assert!(hidden.iter().all(|hidden| kept.iter().all(|kept| !overlap(hidden, kept))), "{code:?}");
        }
    }

    #[test]
    fn what_is_not_known_is_hidden() {
        let pack = pack(vec![strip()]);
        let both = pack.hidden_areas(600, 6_600, None);
        assert_eq!(both.len(), 6, "{both:?}");
        assert_eq!(pack.hidden_areas(600, 6_600, Some([0, 4_000, 500, 5_000])), both, "a code where none belongs");
        assert_eq!(pack.hidden_areas(6_600, 600, None), [[0, 0, 10_000, 10_000]], "no layout fits");
    }
}
