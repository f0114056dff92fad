//! The numbers of one contest at one station: every reading in a column of its own, with where it came from, and
//! differences marked in words.

use maud::{Markup, html};
use testigo_count::geography::StationIndex;
use testigo_count::readings::ReadingView;
use testigo_count::sheet_layout::Figure;
use testigo_count::sheets::SheetIndex;
use testigo_count::{Cell, Detail, Reader};

use super::marks;
use super::parts::candidate_bar;
use super::{Scene, short_hash};
use crate::address::document_path;

/// A row of the table: what it is called, and what each reading says.
struct Row {
    class: &'static str,
    name: String,
    /// Which number it is, where the sheet's layout may say where that is printed.
    figure: Option<Figure>,
    cells: Vec<Cell>,
    /// Whether it makes sense that readings agree here.
    compared: bool,
}

pub(super) fn table(scene: Scene<'_>, contest: usize, station: StationIndex, sheets: &[SheetIndex]) -> Markup {
    let count = &scene.view.count;
    let mut readings = count.readings(contest, station);
    if readings.is_empty() {
        return html! { p.empty { (scene.t("station.no_numbers")) } };
    }
    let counted = count.counted_reading(contest, station).map(|reading| reading.entry());
    // What counts stands first, next to the names.
    readings.sort_by_key(|reading| (Some(reading.entry()) != counted, reading.entry()));
    let rows = rows(scene, contest, station, &readings);
    let look_at = marks::sheets_to_look_at(scene, &readings, sheets);
    let valid = |reading: &ReadingView<'_>| reading.valid().value().map_or(0, u64::from);
    let alone = readings.first().filter(|_| readings.len() == 1);
    html! {
        @if alone.is_none() && !rows.iter().any(|row| row.compared && differ(&row.cells)) {
            p.note { (scene.language.fill("station.agree", &[("readings", &scene.n(u64::try_from(readings.len()).unwrap_or(u64::MAX)))])) }
        }
        div.scroll tabindex=[alone.is_none().then_some("0")] role=[alone.is_none().then_some("group")] aria-label=[alone.is_none().then(|| scene.t("station.compared"))] { table.numbers {
            caption.hidden { (scene.view.contest(contest).title.in_language(scene.code())) }
            thead {
                tr {
                    th scope="col" { (scene.t("result.candidate")) }
                    @if alone.is_some() { td.b {} }
                    @for reading in &readings {
                        th.n scope="col" id=[scene.anchor_of(contest, reading)] {
                            (source(scene, reading))
                            @if Some(reading.entry()) == counted && alone.is_none() { span.chip.s-counted { (scene.t("station.counts")) } }
                            @if rejected(scene, reading) { span.chip.s-held { (scene.t("station.rejected")) } }
                        }
                    }
                    @if alone.is_none() { th scope="col" { span.hidden { (scene.t("station.compared")) } } }
                }
            }
            tbody {
                @for row in &rows {
                    @let differs = row.compared && differ(&row.cells);
                    tr class=(row.class) data-differs[differs] id=[row.figure.map(|figure| marks::row_id(scene, contest, figure))] {
                        th scope="row" { (row.name) }
                        @if let Some(reading) = alone {
                            td.b {
                                @if let (Some(Figure::Candidate(candidate)), Some(Cell::Value(votes))) = (row.figure, row.cells.first()) {
                                    (candidate_bar(contest, candidate, u64::from(*votes), valid(reading)))
                                }
                            }
                        }
                        @for (cell, sheet) in row.cells.iter().zip(&look_at) {
                            td.n { @if row.class != "line" || *cell != Cell::Absent { (marks::linked(scene, *sheet, contest, row.figure, shown(scene, *cell))) } }
                        }
                        @if alone.is_none() { td.mark { @if differs { "≠ " (scene.t("station.differs")) } } }
                    }
                }
            }
        } }
        @if look_at.iter().any(Option::is_some) { p.note { (scene.t("station.look")) } }
    }
}

impl Scene<'_> {
    /// What a sheet's picture points to: the column of the numbers that were read from its code, in the first contest.
    fn anchor_of(&self, contest: usize, reading: &ReadingView<'_>) -> Option<String> {
        let sheet = self.view.count.sheet_of(*reading).filter(|_| contest == 0 && *reading.reader() == Reader::Qr)?;
        Some(format!("from-{}", self.view.count.sheet_view(sheet).entry))
    }
}

/// Where a reading came from: by whom, from which entry, and from which line of a file.
pub(super) fn source(scene: Scene<'_>, reading: &ReadingView<'_>) -> Markup {
    let entry = scene.language.fill("station.entry", &[("entry", &scene.n(reading.entry().0))]);
    html! {
        span.source {
            @match reading.reader() {
                Reader::Qr => {
                    b { (scene.t("reader.qr")) }
                    @if let Some(sheet) = scene.view.count.sheet_of(*reading).map(|sheet| scene.view.count.sheet_view(sheet).entry) {
                        a.place href=(format!("#code-{sheet}")) { (scene.t("reader.place")) }
                    }
                }
                Reader::Print => { b { (scene.t("reader.print")) } }
                Reader::Person(name) => { b { (scene.language.fill("reader.person", &[("name", name)])) } }
                Reader::Published(file) => {
                    @let hash = file.to_string();
                    b { (scene.t("reader.published")) }
                    span { a href=(document_path(file)) title=(hash) download { code { (short_hash(&hash)) } } }
                    @if let Some(line) = reading.row() { span { (scene.language.fill("reader.row", &[("row", &scene.n(line))])) } }
                }
            }
            span { (entry) }
        }
    }
}

fn rejected(scene: Scene<'_>, reading: &ReadingView<'_>) -> bool {
    scene.view.count.sheet_of(*reading).is_some_and(|sheet| scene.view.count.sheet_view(sheet).rejected)
}

/// A number, or in words why there is none.
pub(super) fn shown(scene: Scene<'_>, cell: Cell) -> Markup {
    match cell {
        Cell::Value(value) => html! { (scene.n(value)) },
        Cell::Blank => html! { i { (scene.t("cell.blank")) } },
        Cell::Illegible => html! { i { (scene.t("cell.illegible")) } },
        Cell::Absent => html! { span title=(scene.t("cell.absent")) { (scene.t("number.none")) } },
    }
}

fn differ(cells: &[Cell]) -> bool {
    cells.iter().enumerate().any(|(at, cell)| cells[at + 1..].iter().any(|other| cell.contradicts(*other)))
}

fn rows(scene: Scene<'_>, contest: usize, station: StationIndex, readings: &[ReadingView<'_>]) -> Vec<Row> {
    let definition = scene.view.contest(contest);
    let all = |cell: &dyn Fn(&ReadingView<'_>) -> Cell| readings.iter().map(cell).collect::<Vec<Cell>>();
    let by_line = readings.iter().any(|reading| reading.detail() == Detail::Selection);
    let mut rows = Vec::new();
    for at in order(scene, contest, station, readings) {
        let lines: Vec<usize> = definition
            .selections
            .iter()
            .enumerate()
            .filter(|(_, line)| line.candidate == at)
            .map(|(line, _)| line)
            .collect();
        rows.push(Row {
            class: "candidate",
            name: scene.candidate(contest, at).to_owned(),
            figure: Some(Figure::Candidate(at)),
            cells: all(&|reading| reading.candidate(at)),
            compared: true,
        });
        if by_line && lines.len() > 1 {
            rows.extend(lines.into_iter().map(|line| Row {
                class: "line",
                name: definition.selections[line].name.in_language(scene.code()).to_owned(),
                figure: None,
                cells: all(&|reading| reading.selection(line)),
                compared: true,
            }));
        }
    }
    let sum = |key: &str, cells: Vec<Cell>, compared| Row {
        class: "sum",
        name: scene.language.text(key).to_owned(),
        figure: None,
        cells,
        compared,
    };
    rows.push(sum("station.valid", all(&|reading| reading.valid()), true));
    for (at, other) in definition.others.iter().enumerate() {
        rows.push(Row {
            class: "other",
            name: other.title.in_language(scene.code()).to_owned(),
            figure: Some(Figure::Other(at)),
            cells: all(&|reading| reading.other(at)),
            compared: true,
        });
    }
    for (key, cells) in [
        ("station.stated_valid", all(&|reading| reading.stated_valid())),
        ("station.stated_cast", all(&|reading| reading.stated_cast())),
        ("station.stated_registered", all(&|reading| reading.stated_registered())),
    ] {
        if cells.iter().any(|cell| *cell != Cell::Absent) {
            rows.push(sum(key, cells, key != "station.stated_registered"));
        }
    }
    rows
}

/// Candidates by the votes that count here, or else by those of the whole.
fn order(scene: Scene<'_>, contest: usize, station: StationIndex, readings: &[ReadingView<'_>]) -> Vec<usize> {
    match readings {
        [one] => {
            let candidates = scene.view.contest(contest).candidates.len();
            let votes: Vec<u64> = (0..candidates).map(|at| one.candidate(at).value().map_or(0, u64::from)).collect();
            crate::view::ranked(&votes)
        }
        _ => {
            let (votes, _) = scene.view.count.station_votes(contest, station);
            if votes.iter().any(|votes| *votes > 0) {
                crate::view::ranked(&votes)
            } else {
                scene.view.ranking[contest].clone()
            }
        }
    }
}
