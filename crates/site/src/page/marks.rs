//! Numbers and their places on a sheet's picture, linked both ways: a voter who doubts a number sees with one press what the
//! paper says, and from a line on the paper finds what was made of it. Where a number is printed is known roughly, from the
//! pack's layout; the code's place likewise.

use maud::{Markup, html};
use testigo_count::EntryIndex;
use testigo_count::readings::ReadingView;
use testigo_count::sheet_layout::{Area, Figure, FigurePlace, SheetLayout};
use testigo_count::sheets::{SheetIndex, SheetState};

use super::Scene;

/// Where a number of a contest stands, in the table and on the picture.
fn name_of(scene: Scene<'_>, contest: usize, figure: Figure) -> String {
    let contest = scene.view.contest(contest);
    match figure {
        Figure::Candidate(at) => format!("{}-{}", contest.id, contest.candidates[at].id),
        Figure::Other(at) => format!("{}-other-{}", contest.id, contest.others[at].id),
    }
}

/// The id of a number's row in the table.
pub(super) fn row_id(scene: Scene<'_>, contest: usize, figure: Figure) -> String {
    format!("number-{}", name_of(scene, contest, figure))
}

fn place_id(scene: Scene<'_>, sheet: EntryIndex, contest: usize, figure: Figure) -> String {
    format!("place-{sheet}-{}", name_of(scene, contest, figure))
}

/// The layout of a sheet's first page, where a picture of it is published and its shape is known.
fn layout_of(scene: Scene<'_>, sheet: SheetIndex) -> Option<&SheetLayout> {
    let view = scene.view.count.sheet_view(sheet);
    let page = view.pages.first().filter(|page| scene.view.rendition(&page.rendition).is_some())?;
    scene.view.count.pack().layout(page.width, page.height)
}

/// The sheet on which a reading's numbers can be looked for: its own, or else the first that shows them.
fn sheet_to_look_at(scene: Scene<'_>, reading: &ReadingView<'_>, sheets: &[SheetIndex]) -> Option<SheetIndex> {
    let shows = |sheet: &SheetIndex| layout_of(scene, *sheet).is_some_and(|layout| !layout.figures.is_empty());
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
        layout_of(scene, *sheet).is_some_and(|layout| layout.figures.iter().any(knows))
    });
    let Some((sheet, figure)) = place else { return number };
    let entry = scene.view.count.sheet_view(sheet).entry;
    html! { a.figure href={ "#" (place_id(scene, entry, contest, figure)) } { (number) } }
}

/// The places on a picture that lead back to the table: of its code, where that was read, and of the numbers.
pub(super) fn places(scene: Scene<'_>, sheet: SheetIndex) -> Markup {
    let Some(layout) = layout_of(scene, sheet) else { return html! {} };
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
            @for place in &layout.figures {
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
