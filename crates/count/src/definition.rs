//! The election itself: its contests, candidates and ballot lines, and what was declared about its size.
//!
//! Read from `election.toml` of a pack. Words follow NIST SP 1500-100: a *selection* is one line of the ballot, and
//! several selections may count for one candidate.

use std::collections::HashSet;

use serde::Deserialize;
use toml::Spanned;

use crate::identifier::{CandidateId, ContestId, OtherId, SelectionId};
use crate::source::{LocalText, Source, SourceError};

/// An election: contests in the order in which they are shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Definition {
    /// Short name, also the ending of the ledger's origin.
    pub id: String,
    /// For example `Presidential election 2024`.
    pub title: LocalText,
    /// The day of the vote, `YYYY-MM-DD`.
    pub date: String,
    /// The name of the whole: the root of the geography.
    pub place: LocalText,
    /// What was declared about the size of the election, for what the register does not name.
    pub declared: Declared,
    /// At least one; the first is shown first.
    pub contests: Vec<Contest>,
}

/// Declared totals with their source. Either may be unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Declared {
    /// Polling stations in the whole election.
    pub stations: Option<u32>,
    /// Registered voters in the whole election.
    pub registered: Option<u64>,
    /// Who declared it, when, and what it includes.
    pub source: Option<LocalText>,
}

/// One office or question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Contest {
    /// Its id.
    pub id: ContestId,
    /// What is shown.
    pub title: LocalText,
    /// In ballot order.
    pub candidates: Vec<Candidate>,
    /// The lines of the ballot, in the order in which a sheet prints them.
    pub selections: Vec<Selection>,
    /// Kinds of ballots that are for no candidate: null, blank and whatever else the law of the place knows.
    pub others: Vec<Other>,
    /// Ways to win at once, where the law knows a second round; where there are none, the most votes win.
    pub outright: Vec<Outright>,
    /// What the shares in `outright` are shares of.
    pub share_of: ShareOf,
}

/// One way to win without a second round. Shares are hundredths of a percent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outright {
    /// The share that the first must have.
    pub share: Needed,
    /// By how much it must lead the second.
    pub lead: Option<u32>,
}

/// A share that is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// More than this.
    Above(u32),
    /// This or more.
    AtLeast(u32),
}

/// What a contest's shares are shares of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ShareOf {
    /// Votes for candidates.
    #[default]
    Valid,
    /// All ballots cast.
    Cast,
}

/// Somebody (or an answer) who receives votes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// Its id, as used in results files and in the API.
    pub id: CandidateId,
    /// Full name.
    pub name: LocalText,
    /// Short name for tight places; the full name where none is given.
    pub short: Option<String>,
    /// `#rrggbb`, from the pack, so that no side is red or green by accident.
    pub color: Option<String>,
}

/// One line of the ballot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Selection {
    /// Its id.
    pub id: SelectionId,
    /// The party or list as printed.
    pub name: LocalText,
    /// Position of the candidate in [`Contest::candidates`] for whom the line counts.
    pub candidate: usize,
}

/// A kind of ballots for no candidate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Other {
    /// Its id.
    pub id: OtherId,
    /// What is shown.
    pub title: LocalText,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DefinitionFile {
    id: Spanned<String>,
    title: LocalText,
    date: Spanned<String>,
    place: LocalText,
    #[serde(default)]
    declared: Declared,
    #[serde(default)]
    contest: Vec<ContestFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ContestFile {
    id: Spanned<String>,
    title: LocalText,
    candidates: Vec<CandidateFile>,
    #[serde(default)]
    selections: Vec<SelectionFile>,
    #[serde(default)]
    others: Vec<OtherFile>,
    #[serde(default)]
    outright: Vec<Spanned<OutrightFile>>,
    #[serde(default)]
    share_of: ShareOf,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OutrightFile {
    above: Option<u32>,
    at_least: Option<u32>,
    lead: Option<u32>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct CandidateFile {
    id: Spanned<String>,
    name: LocalText,
    short: Option<String>,
    color: Option<Spanned<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SelectionFile {
    id: Spanned<String>,
    name: Option<LocalText>,
    candidate: Spanned<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OtherFile {
    id: Spanned<String>,
    title: LocalText,
}

impl Definition {
    /// Reads an `election.toml`. `file` is how complaints call it.
    ///
    /// # Errors
    /// With file, line and field, for anything missing, unknown, doubled or dangling.
    pub fn parse(file: &str, bytes: &[u8]) -> Result<Self, SourceError> {
        let source = Source::new(file, bytes)?;
        let raw: DefinitionFile = source.parse()?;
        let _: ContestId = source.identifier(&raw.id, "id")?;
        if !is_date(raw.date.get_ref()) {
            return Err(source.at(&raw.date, "date", "write the day of the vote as YYYY-MM-DD"));
        }
        if raw.contest.is_empty() {
            return Err(source.whole("contest", "an election needs at least one [[contest]]"));
        }
        let mut seen = HashSet::new();
        let mut contests = Vec::with_capacity(raw.contest.len());
        for contest in raw.contest {
            once(&source, &mut seen, &contest.id, "contest.id")?;
            contests.push(parse_contest(&source, contest)?);
        }
        Ok(Self {
            id: raw.id.into_inner(),
            title: raw.title,
            date: raw.date.into_inner(),
            place: raw.place,
            declared: raw.declared,
            contests,
        })
    }

    /// The contest with this id.
    #[must_use]
    pub fn contest(&self, id: &ContestId) -> Option<(usize, &Contest)> {
        self.contests.iter().enumerate().find(|(_, contest)| contest.id == *id)
    }
}

impl Candidate {
    /// The short name, or the full one.
    #[must_use]
    pub fn short_name<'a>(&'a self, language: &str) -> &'a str {
        self.short.as_deref().unwrap_or_else(|| self.name.in_language(language))
    }
}

fn parse_contest(source: &Source<'_>, raw: ContestFile) -> Result<Contest, SourceError> {
    let id = source.identifier(&raw.id, "contest.id")?;
    if raw.candidates.is_empty() {
        return Err(source.at(&raw.id, "contest.candidates", "a contest needs at least one candidate"));
    }
    let mut seen = HashSet::new();
    let mut candidates: Vec<Candidate> = Vec::with_capacity(raw.candidates.len());
    for candidate in raw.candidates {
        once(source, &mut seen, &candidate.id, "candidates.id")?;
        if let Some(color) = &candidate.color
            && !is_color(color.get_ref())
        {
            return Err(source.at(color, "candidates.color", "write a colour as #rrggbb"));
        }
        candidates.push(Candidate {
            id: source.identifier(&candidate.id, "candidates.id")?,
            name: candidate.name,
            short: candidate.short,
            color: candidate.color.map(Spanned::into_inner),
        });
    }
    let mut seen = HashSet::new();
    let mut selections = Vec::with_capacity(raw.selections.len());
    for selection in raw.selections {
        once(source, &mut seen, &selection.id, "selections.id")?;
        let written = selection.candidate.get_ref();
        let candidate = candidates.iter().position(|one| one.id.as_str() == written).ok_or_else(|| {
            source.at(
                &selection.candidate,
                "selections.candidate",
                format!("there is no candidate `{written}` in this contest"),
            )
        })?;
        selections.push(Selection {
            id: source.identifier(&selection.id, "selections.id")?,
            name: selection.name.unwrap_or_else(|| LocalText::Same(selection.id.get_ref().clone())),
            candidate,
        });
    }
    if selections.is_empty() {
        for (candidate, one) in candidates.iter().enumerate() {
            let id = SelectionId::new(one.id.as_str()).map_err(|error| source.at(&raw.id, "id", error.to_string()))?;
            selections.push(Selection { id, name: one.name.clone(), candidate });
        }
    }
    let mut seen = HashSet::new();
    let mut others = Vec::with_capacity(raw.others.len());
    for other in raw.others {
        once(source, &mut seen, &other.id, "others.id")?;
        others.push(Other { id: source.identifier(&other.id, "others.id")?, title: other.title });
    }
    let outright =
        raw.outright.into_iter().map(|way| parse_outright(source, &way)).collect::<Result<Vec<_>, SourceError>>()?;
    Ok(Contest { id, title: raw.title, candidates, selections, others, outright, share_of: raw.share_of })
}

fn parse_outright(source: &Source<'_>, raw: &Spanned<OutrightFile>) -> Result<Outright, SourceError> {
    let OutrightFile { above, at_least, lead } = raw.get_ref();
    let share = match (above, at_least) {
        (Some(above), None) => Needed::Above(*above),
        (None, Some(least)) => Needed::AtLeast(*least),
        _ => {
            let message = "write either `above` or `at_least`, in hundredths of a percent: { above = 5000 }";
            return Err(source.at(raw, "outright", message));
        }
    };
    let (Needed::Above(hundredths) | Needed::AtLeast(hundredths)) = share;
    if hundredths > 10_000 || lead.is_some_and(|lead| lead > 10_000) {
        return Err(source.at(raw, "outright", "a share is at most 10000 hundredths of a percent"));
    }
    Ok(Outright { share, lead: *lead })
}

fn once(source: &Source<'_>, seen: &mut HashSet<String>, id: &Spanned<String>, field: &str) -> Result<(), SourceError> {
    if seen.insert(id.get_ref().clone()) {
        Ok(())
    } else {
        Err(source.at(id, field, format!("`{}` is there twice; every id may stand once", id.get_ref())))
    }
}

fn is_date(text: &str) -> bool {
    text.len() == 10
        && text.bytes().enumerate().all(|(at, byte)| match at {
            4 | 7 => byte == b'-',
            _ => byte.is_ascii_digit(),
        })
}

fn is_color(text: &str) -> bool {
    text.len() == 7 && text.starts_with('#') && text.bytes().skip(1).all(|byte| byte.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ways_to_win_are_shares_in_hundredths() {
        let file = |more: &str| {
            let text = format!(
                "id = \"x\"\ntitle = \"X\"\ndate = \"2031-05-04\"\nplace = \"X\"\n[[contest]]\nid = \"c\"\n\
                 title = \"C\"\ncandidates = [{{ id = \"A\", name = \"Ada\" }}]\n{more}\n"
            );
            Definition::parse("election.toml", text.as_bytes())
        };
        let two = file("outright = [{ above = 5000 }, { at_least = 4000, lead = 1000 }]\nshare_of = \"cast\"").unwrap();
        let ways = [
            Outright { share: Needed::Above(5_000), lead: None },
            Outright { share: Needed::AtLeast(4_000), lead: Some(1_000) },
        ];
        assert_eq!((two.contests[0].outright.as_slice(), two.contests[0].share_of), (&ways[..], ShareOf::Cast));
        for wrong in ["outright = [{}]", "outright = [{ above = 1, at_least = 1 }]", "outright = [{ above = 10001 }]"] {
            let error = file(wrong).unwrap_err();
            assert_eq!((error.line, error.field.as_str()), (9, "outright"), "{error}");
        }
    }
}
