//! Where things stand on a printed sheet: its code, its figures, and the names and signatures that are hidden in what is
//! published. A pack says it in shares of the picture, so that it holds for every size of a scan.

use std::collections::BTreeMap;

use serde::Deserialize;
use toml::Spanned;

use crate::definition::Definition;
use crate::pack::Pack;
use crate::source::{Source, SourceError};

/// `[left, top, right, bottom]` in ten-thousandths of a picture's width and height.
pub type Area = [u16; 4];

/// Where things stand on a sheet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SheetLayout {
    /// Its id.
    pub id: String,
    /// Height over width in hundredths, from and to, of pictures with this layout.
    pub aspect: Option<[u32; 2]>,
    /// Where to look for the code first.
    pub codes: Vec<Area>,
    /// Areas with the figures, which no mask may cover.
    pub votes: Vec<Area>,
    /// Areas with names, identity numbers and signatures, hidden in what is published.
    pub personal: Vec<Area>,
    /// Roughly where each number is printed, for whoever looks for it; it is never read from there.
    pub figures: Vec<FigurePlace>,
    /// Whether the personal areas next above and next below the code reach to its quiet zone, where it was found.
    pub reaches_code: bool,
}

/// A number of a contest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Figure {
    /// Votes of the candidate at this position.
    Candidate(usize),
    /// The other number at this position, such as null votes.
    Other(usize),
}

/// Roughly where a sheet prints a number: strips differ by a line or two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FigurePlace {
    /// Position of the contest.
    pub contest: usize,
    /// Which number.
    pub figure: Figure,
    /// Where it is.
    pub area: Area,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct SheetFile {
    id: Spanned<String>,
    aspect: Option<Spanned<[u32; 2]>>,
    #[serde(default)]
    codes: Vec<Spanned<Area>>,
    #[serde(default)]
    votes: Vec<Spanned<Area>>,
    #[serde(default)]
    personal: Vec<Spanned<Area>>,
    /// By contest, by candidate or other number.
    #[serde(default)]
    figures: BTreeMap<String, BTreeMap<String, Spanned<Area>>>,
    #[serde(default)]
    reaches_code: bool,
}

/// The whole of a picture.
const WHOLE_PICTURE: Area = [0, 0, 10_000, 10_000];

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
    pub fn hidden_areas(&self, width: u32, height: u32, code: Option<Area>) -> Vec<Area> {
        let Some(layout) = self.layout(width, height) else { return vec![WHOLE_PICTURE] };
        let turned_areas = |areas: Vec<Area>| areas.into_iter().map(turned);
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
    pub fn kept_areas(&self, width: u32, height: u32, code: Option<Area>) -> Vec<Area> {
        let figures = |layout: &SheetLayout| match code {
            Some(code) if layout.holds_code(code) => layout.votes.clone(),
            Some(code) if layout.holds_code(turned(code)) => layout.votes.iter().copied().map(turned).collect(),
            _ => Vec::new(),
        };
        self.layout(width, height).map(figures).into_iter().flatten().chain(code).collect()
    }
}

/// Upside down.
fn turned([left, top, right, bottom]: Area) -> Area {
    let other = |one: u16| 10_000 - one.min(10_000);
    [other(right), other(bottom), other(left), other(top)]
}

impl SheetLayout {
    fn holds_code(&self, [left, top, right, bottom]: Area) -> bool {
        let (x, y) = (left.midpoint(right), top.midpoint(bottom));
        self.codes
            .iter()
            .any(|[left, top, right, bottom]| (*left..=*right).contains(&x) && (*top..=*bottom).contains(&y))
    }

    /// The personal areas of an upright sheet, up to the quiet zone of its code and never over it.
    fn personal_around(&self, [_, top, _, bottom]: Area) -> Vec<Area> {
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

impl SheetLayout {
    /// Checks what a pack says of a sheet against the election.
    pub(crate) fn check(source: &Source<'_>, raw: SheetFile, definition: &Definition) -> Result<Self, SourceError> {
        for (written, field) in
            [(&raw.codes, "sheet.codes"), (&raw.votes, "sheet.votes"), (&raw.personal, "sheet.personal")]
        {
            written.iter().try_for_each(|area| check_area(source, area, field))?;
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
                let message =
                    format!("this area is to be hidden, and it overlaps the figures in {:?}", votes.get_ref());
                return Err(source.at(personal, "sheet.personal", &message));
            }
            if let Some(code) = raw.codes.iter().find(|code| holds(hidden, code.get_ref())) {
                let message = format!("this area is to be hidden, and the code in {:?} lies inside it", code.get_ref());
                return Err(source.at(personal, "sheet.personal", &message));
            }
        }
        let figures = figures(source, &raw.figures, definition)?;
        if let Some(area) = raw
            .figures
            .values()
            .flat_map(BTreeMap::values)
            .find(|area| raw.personal.iter().any(|personal| overlap(personal.get_ref(), area.get_ref())))
        {
            return Err(source.at(area, "sheet.figures", "this number is printed in an area that is to be hidden"));
        }
        let areas = |written: Vec<Spanned<Area>>| written.into_iter().map(Spanned::into_inner).collect();
        Ok(Self {
            id: raw.id.into_inner(),
            aspect: raw.aspect.map(Spanned::into_inner),
            codes: areas(raw.codes),
            votes: areas(raw.votes),
            personal: areas(raw.personal),
            figures,
            reaches_code: raw.reaches_code,
        })
    }
}

fn check_area(source: &Source<'_>, area: &Spanned<Area>, field: &str) -> Result<(), SourceError> {
    let [left, top, right, bottom] = *area.get_ref();
    if left < right && top < bottom && right <= 10_000 && bottom <= 10_000 {
        return Ok(());
    }
    let message = "an area is [left, top, right, bottom] in ten-thousandths, left before right, top before bottom";
    Err(source.at(area, field, message))
}

fn figures(
    source: &Source<'_>,
    written: &BTreeMap<String, BTreeMap<String, Spanned<Area>>>,
    definition: &Definition,
) -> Result<Vec<FigurePlace>, SourceError> {
    let mut places = Vec::new();
    for (contest, areas) in written {
        let found = definition.contests.iter().enumerate().find(|(_, one)| one.id.as_str() == contest);
        let Some((at, contest)) = found else {
            return Err(source.about(contest, "sheet.figures", format!("the election has no contest `{contest}`")));
        };
        for (id, area) in areas {
            check_area(source, area, "sheet.figures")?;
            let candidate = contest.candidates.iter().position(|one| one.id.as_str() == id).map(Figure::Candidate);
            let other = || contest.others.iter().position(|one| one.id.as_str() == id).map(Figure::Other);
            let Some(figure) = candidate.or_else(other) else {
                let message = format!("contest `{}` has no candidate and no other number `{id}`", contest.id);
                return Err(source.at(area, "sheet.figures", message));
            };
            places.push(FigurePlace { contest: at, figure, area: *area.get_ref() });
        }
    }
    places.sort_by_key(|place| (place.contest, place.area));
    Ok(places)
}

fn overlap(one: &Area, other: &Area) -> bool {
    one[0] < other[2] && other[0] < one[2] && one[1] < other[3] && other[1] < one[3]
}

fn holds(outer: &Area, inner: &Area) -> bool {
    outer[0] <= inner[0] && outer[1] <= inner[1] && outer[2] >= inner[2] && outer[3] >= inner[3]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pack::CountingRule;
    use crate::source::LocalText;

    fn strip() -> SheetLayout {
        SheetLayout {
            id: "strip".to_owned(),
            aspect: Some([900, 1300]),
            codes: vec![[0, 8_700, 10_000, 10_000]],
            votes: vec![[0, 1_700, 10_000, 5_280]],
            personal: vec![[0, 0, 10_000, 500], [0, 5_300, 10_000, 8_900], [0, 9_800, 10_000, 10_000]],
            figures: Vec::new(),
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
        assert_eq!(pack.kept_areas(600, 6_600, None), <[Area; 0]>::default());
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
