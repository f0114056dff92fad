//! Numbers and their places on a sheet's picture, linked both ways: a voter who doubts a number sees with one press what the
//! paper says, and from a line on the paper finds what was made of it. Where a number is printed is known roughly, from the
//! pack's layout; the code's place likewise.

use maud::{Markup, html};
use testigo_count::EntryIndex;
use testigo_count::readings::ReadingView;
use testigo_count::sheet_layout::{Area, Figure, FigurePlace, SheetLayout};
use testigo_count::sheets::{PageView, SheetIndex, SheetState};

use super::Scene;

/// What a number of a contest is called in anchors. Identifiers hold no colon, so no two are called alike.
fn name_of(scene: Scene<'_>, contest: usize, figure: Figure) -> String {
    let contest = scene.view.contest(contest);
    match figure {
        Figure::Candidate(at) => format!("{}:{}", contest.id, contest.candidates[at].id),
        Figure::Other(at) => format!("{}:other:{}", contest.id, contest.others[at].id),
    }
}

/// The id of a number's row in the table.
pub(super) fn row_id(scene: Scene<'_>, contest: usize, figure: Figure) -> String {
    format!("number:{}", name_of(scene, contest, figure))
}

fn place_id(scene: Scene<'_>, sheet: EntryIndex, contest: usize, figure: Figure) -> String {
    format!("place:{sheet}:{}", name_of(scene, contest, figure))
}

/// The layout of a sheet's first page, where a picture of it is published and its shape is known.
fn layout_of(scene: Scene<'_>, sheet: SheetIndex) -> Option<(&SheetLayout, PageView<'_>)> {
    let view = scene.view.count.sheet_view(sheet);
    let page = *view.pages.first().filter(|page| scene.view.rendition(&page.rendition).is_some())?;
    Some((scene.view.count.pack().layout(page.width, page.height)?, page))
}

/// The places of numbers that can be seen there. What a mask covers is none: so lies a sheet that is upside down.
fn figures_of(scene: Scene<'_>, sheet: SheetIndex) -> Vec<FigurePlace> {
    let Some((layout, page)) = layout_of(scene, sheet) else { return Vec::new() };
    let seen =
        |place: &&FigurePlace| !page.masked.iter().any(|mask| covers(*mask, place.area, [page.width, page.height]));
    layout.figures.iter().filter(seen).copied().collect()
}

/// Whether a mask, in pixels of a picture of this size, lies over a part of an area.
fn covers(mask: [u32; 4], area: Area, [width, height]: [u32; 2]) -> bool {
    let sides = [width, height, width, height];
    // Both in ten-thousandths of a pixel.
    let mask = mask.map(|edge| u64::from(edge) * 10_000);
    let mut area = area.map(u64::from);
    area.iter_mut().zip(sides).for_each(|(edge, side)| *edge *= u64::from(side));
    mask[0] < area[2] && area[0] < mask[2] && mask[1] < area[3] && area[1] < mask[3]
}

/// The sheet on which a reading's numbers can be looked for: its own, or else the first that shows them.
fn sheet_to_look_at(scene: Scene<'_>, reading: &ReadingView<'_>, sheets: &[SheetIndex]) -> Option<SheetIndex> {
    let shows = |sheet: &SheetIndex| !figures_of(scene, *sheet).is_empty();
    match scene.view.count.sheet_of(*reading) {
        Some(own) => Some(own).filter(shows),
        None => sheets.iter().copied().find(shows),
    }
}

/// For each reading of a station, the sheet on which its numbers can be looked for.
pub(super) fn sheets_to_look_at(
    scene: Scene<'_>,
    readings: &[ReadingView<'_>],
    sheets: &[SheetIndex],
) -> Vec<Option<SheetIndex>> {
    readings.iter().map(|reading| sheet_to_look_at(scene, reading, sheets)).collect()
}

/// A number that leads to its place on this sheet, where the layout knows it.
pub(super) fn linked(
    scene: Scene<'_>,
    sheet: Option<SheetIndex>,
    contest: usize,
    figure: Option<Figure>,
    number: Markup,
) -> Markup {
    let place = sheet.zip(figure).filter(|(sheet, figure)| {
        let knows = |place: &FigurePlace| place.contest == contest && place.figure == *figure;
        figures_of(scene, *sheet).iter().any(knows)
    });
    let Some((sheet, figure)) = place else { return number };
    let entry = scene.view.count.sheet_view(sheet).entry;
    html! { a.figure href={ "#" (place_id(scene, entry, contest, figure)) } { (number) } }
}

/// The places on a picture that lead back to the table: of its code, where that was read, and of the numbers.
pub(super) fn places(scene: Scene<'_>, sheet: SheetIndex) -> Markup {
    let Some((layout, _)) = layout_of(scene, sheet) else { return html! {} };
    let count = &scene.view.count;
    let entry = count.sheet_view(sheet).entry;
    let code = layout.codes.first().filter(|_| count.sheet_state(sheet) == SheetState::Read);
    let name = |place: &FigurePlace| match place.figure {
        Figure::Candidate(at) => scene.candidate(place.contest, at),
        Figure::Other(at) => scene.view.contest(place.contest).others[at].title.in_language(scene.code()),
    };
    html! {
        svg.marks viewBox="0 0 10000 10000" preserveAspectRatio="none" focusable="false" {
            @if let Some(area) = code {
                (mark(&format!("code-{entry}"), &format!("from-{entry}"), scene.t("sheet.code_read"), *area))
            }
            @for place in &figures_of(scene, sheet) {
                (mark(
                    &place_id(scene, entry, place.contest, place.figure),
                    &row_id(scene, place.contest, place.figure),
                    &scene.language.fill("sheet.figure", &[("name", name(place))]),
                    place.area,
                ))
            }
        }
    }
}

fn mark(id: &str, to: &str, label: &str, [left, top, right, bottom]: Area) -> Markup {
    html! {
        a href=(format!("#{to}")) aria-label=(label) {
            rect id=(id) x=(left) y=(top) width=(right.saturating_sub(left)) height=(bottom.saturating_sub(top)) {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::covers;

    #[test]
    fn a_mask_beside_an_area_does_not_cover_it() {
        let size = [600, 6_000];
        let area = [0, 2_000, 10_000, 3_000];
        assert!(!covers([0, 1_800, 600, 6_000], area, size), "from its last row on");
        assert!(!covers([0, 0, 600, 1_200], area, size), "up to its first row");
        assert!(covers([0, 1_799, 600, 6_000], area, size));
        assert!(covers([590, 0, 600, 1_201], area, size));
    }
}
