//! The page of a station: its numbers with where each came from, beside the sheets that they were read from.

use maud::{Markup, html};
use testigo_count::check::Severity;
use testigo_count::entry::Decision;
use testigo_count::fold::RulingView;
use testigo_count::geography::StationIndex;
use testigo_count::rule::{Reason, StationState};
use testigo_count::sheets::SheetIndex;

use super::marks;
use super::parts::{chips, patterns};
use super::readings::{self, source};
use super::{Inside, Scene};
use crate::address::{Address, Page, opening_path, receipt_path, rendition_path};

pub(super) fn draw(scene: Scene<'_>, station: StationIndex) -> Inside {
    let count = &scene.view.count;
    let geography = count.geography();
    let id = geography.station_id(station);
    let level = count.pack().station_level().name.in_language(scene.code());
    let path = geography
        .station_unit(station)
        .map(|unit| geography.path(unit))
        .unwrap_or_else(|| vec![testigo_count::geography::UnitIndex::WHOLE]);
    let sheets = count.sheets_of_station(station);
    let in_order = by_weight(scene, station, &sheets);
    let several = count.definition().contests.len() > 1;
    let status = count.status(0, station);
    let main = html! {
        (patterns())
        (scene.trail(&path, Some(&format!("{level} {id}"))))
        (scene.neighbours(station))
        h1 { small { (level) } (id) @if !several { " " (chips(scene, status)) } }
        @if !several { p.lead { (sentence(scene, 0, station)) } }
        div.station {
            div {
                @for contest in 0..count.definition().contests.len() {
                    @let definition = scene.view.contest(contest);
                    section.contest id=(definition.id) {
                        @if several {
                            h2 {
                                @if let Some(unit) = geography.station_unit(station) {
                                    a href=(Address { contest, page: Page::Unit(unit, 1), ..scene.address }.path(count)) { (definition.title.in_language(scene.code())) }
                                } @else { (definition.title.in_language(scene.code())) }
                                " " (chips(scene, count.status(contest, station)))
                            }
                            p.lead { (sentence(scene, contest, station)) }
                        }
                        (readings::table(scene, contest, station, &in_order))
                        (checks(scene, contest, station))
                    }
                }
            }
            (pictures(scene, &in_order))
            div.about {
                (facts(scene, station))
                (rulings(scene, station, &sheets))
                (history(scene, station, &sheets))
                p.note { a href=(scene.json_of_station(station)) { (scene.t("frame.json")) } }
            }
        }
    };
    let description = format!("{level} {id}: {}", sentence(scene, 0, station));
    Inside { title: format!("{level} {id}"), description, json: Some(scene.json_of_station(station)), main }
}

/// The state of a contest here and the reason for it, in words.
fn sentence(scene: Scene<'_>, contest: usize, station: StationIndex) -> String {
    let status = scene.view.count.status(contest, station);
    let mut sentence = match reason_key(status.reason) {
        Some(key) => scene.t(key).to_owned(),
        None => scene.t(state_sentence(status.state)).to_owned(),
    };
    if status.objected {
        sentence.push(' ');
        sentence.push_str(scene.t("list.objected.sentence"));
    }
    sentence
}

pub(crate) fn state_sentence(state: StationState) -> &'static str {
    match state {
        StationState::Awaited => "state.awaited.sentence",
        StationState::Received => "state.received.sentence",
        StationState::Unreadable => "state.unreadable.sentence",
        StationState::Disputed => "state.disputed.sentence",
        StationState::Held => "state.held.sentence",
        StationState::Counted => "state.counted.sentence",
        StationState::NotInstalled => "state.not-installed.sentence",
    }
}

pub(super) fn reason_key(reason: Reason) -> Option<&'static str> {
    match reason {
        Reason::None => None,
        Reason::NotInRegister => Some("reason.not-in-register"),
        Reason::FailsCheck => Some("reason.fails-check"),
        Reason::NeedsSecondReader => Some("reason.needs-second-reader"),
        Reason::OnlyPublic => Some("reason.only-public"),
        Reason::OnlyPublished => Some("reason.only-published"),
        Reason::OnlyPrint => Some("reason.only-print"),
        Reason::ReadingsDiffer => Some("reason.readings-differ"),
        Reason::RulingsDiffer => Some("reason.rulings-differ"),
        Reason::ByRuling => Some("reason.by-ruling"),
        Reason::FromCode => Some("reason.from-code"),
        Reason::FromPeople => Some("reason.from-people"),
        Reason::FromPublished => Some("reason.from-published"),
    }
}

/// The rules that a reading does not satisfy, in words, with the two numbers that show it.
fn checks(scene: Scene<'_>, contest: usize, station: StationIndex) -> Markup {
    let count = &scene.view.count;
    let readings = count.readings(contest, station);
    let found: Vec<_> = readings
        .iter()
        .flat_map(|reading| count.findings(contest, *reading).into_iter().map(move |one| (reading, one)))
        .collect();
    html! {
        @if !found.is_empty() {
            h3 { (scene.t("check.title")) }
            ul.checks {
                @for (reading, finding) in found {
                    @let key = format!("check.{}.public", finding.check.code());
                    li.error[finding.check.severity() == Severity::Error] {
                        code { (finding.check.code()) } " "
                        (scene.language.fill(&key, &[("found", &scene.n(finding.found)), ("expected", &scene.n(finding.expected))]))
                        @if readings.len() > 1 { " (" (scene.language.fill("station.entry", &[("entry", &scene.n(reading.entry().0))])) ")" }
                    }
                }
            }
        }
    }
}

fn facts(scene: Scene<'_>, station: StationIndex) -> Markup {
    let count = &scene.view.count;
    let registered = count.geography().registered(station);
    let (votes, others) = count.station_votes(0, station);
    let cast: u64 = votes.iter().chain(&others).sum();
    let counted = count.status(0, station).state == StationState::Counted;
    html! {
        ul.facts {
            li {
                b { @match registered { Some(voters) => { (scene.n(voters)) } None => { (scene.t("number.unknown")) } } }
                span { (scene.t("station.registered")) }
            }
            @if let Some(voters) = registered.filter(|voters| counted && *voters > 0) {
                li { b { (scene.language.percent(cast, u64::from(voters))) } span { (scene.t("station.turnout")) } }
            }
            li {
                b { (scene.n(u64::try_from(count.sheets_of_station(station).len()).unwrap_or(u64::MAX))) }
                span { (scene.t("station.sheets")) }
            }
        }
    }
}

/// The sheet whose numbers count stands first.
fn by_weight(scene: Scene<'_>, station: StationIndex, sheets: &[SheetIndex]) -> Vec<SheetIndex> {
    let count = &scene.view.count;
    let counted_from: Vec<SheetIndex> = (0..count.definition().contests.len())
        .filter_map(|contest| count.counted_reading(contest, station))
        .filter_map(|reading| count.sheet_of(reading))
        .collect();
    let (first, rest): (Vec<SheetIndex>, Vec<SheetIndex>) =
        sheets.iter().partition(|sheet| counted_from.contains(sheet));
    [first, rest].concat()
}

/// The sheets' pictures; each can be looked at in full.
fn pictures(scene: Scene<'_>, sheets: &[SheetIndex]) -> Markup {
    html! {
        aside.sheets aria-label=(scene.t("sheet.title")) {
            @for sheet in sheets { (picture(scene, *sheet, true)) }
            @if sheets.is_empty() { p.empty { (scene.t("station.no_sheet")) } }
        }
    }
}

/// One sheet: what it is, then its pictures. On the page of its station they are loaded at once and lead to the numbers.
pub(super) fn picture(scene: Scene<'_>, sheet: SheetIndex, of_station: bool) -> Markup {
    let view = scene.view.count.sheet_view(sheet);
    let pages = view.pages.len();
    html! {
        figure.sheet id=(format!("sheet-{}", view.entry)) {
            figcaption {
                b { (scene.language.fill("sheet.name", &[("entry", &scene.n(view.entry.0))])) } " "
                (scene.t(source_key(view.source)))
                @if view.rejected { " " span.chip.s-held { (scene.t("station.rejected")) } }
                @if let Some(failure) = view.failure { " " span.failure { (failure_text(scene, failure)) } }
            }
            @if view.pages.iter().any(|page| scene.view.rendition(&page.rendition).is_none()) {
                p.empty {
                    (scene.t("sheet.withheld"))
                    @for reason in withholding(scene, sheet) { " " (reason) }
                }
            } @else {
                @for (at, page) in view.pages.iter().enumerate() {
                    @let path = rendition_path(&page.rendition, page.media);
                    @let alternative = scene.language.fill("sheet.alternative", &[
                        ("page", &scene.n(u64::try_from(at + 1).unwrap_or(1))), ("pages", &scene.n(u64::try_from(pages).unwrap_or(1))),
                    ]);
                    div.scan tabindex="0" role="group" aria-label=(alternative) data-zoom=(scene.t("sheet.zoom")) {
                        div.paper {
                        img src=(path) width=(page.width) height=(page.height) alt=(alternative) loading=[(!of_station).then_some("lazy")] decoding="async";
                        @if at == 0 && of_station { (marks::places(scene, sheet)) }
                        }
                    }
                    p.note {
                        a href=(path) { (scene.t("sheet.full")) }
                        @if !page.masked.is_empty() { " · " (scene.t("sheet.masked")) }
                        @if let Some(pixels) = &page.pixels {
                            @let key = if page.masked.is_empty() { "sheet.proof" } else { "sheet.proof_masked" };
                            " · " a href=(opening_path(pixels, &page.rendition)) download { (scene.t(key)) }
                        }
                    }
                }
                @if scene.view.copies(sheet) > 0 { p.note { (scene.t("sheet.copies")) } }
            }
        }
    }
}

/// Why rulings withhold a sheet's picture.
fn withholding(scene: Scene<'_>, sheet: SheetIndex) -> Vec<String> {
    let rulings = scene.view.count.sheet_rulings(sheet).into_iter();
    let in_force = rulings.filter(|one| one.in_force && matches!(one.ruling.decision, Decision::WithholdSheet { .. }));
    let reason = |one: RulingView<'_>| {
        let key = format!("ruling_reason.{}", one.ruling.reason);
        scene.language.fill("ruling.reason", &[("reason", scene.language.text(&key))])
    };
    in_force.map(reason).collect()
}

pub(super) fn source_key(source: testigo_count::SourceClass) -> &'static str {
    use testigo_count::SourceClass;
    match source {
        SourceClass::Signed => "source.signed",
        SourceClass::Custody => "source.custody",
        SourceClass::Public => "source.public",
    }
}

/// Why a sheet could not be read. Codes of readers that this version does not know are shown as they are.
pub(super) fn failure_text(scene: Scene<'_>, code: &str) -> String {
    let key = format!("failure.{code}");
    let text = scene.language.text(&key);
    if text == key { scene.language.fill("failure.unknown", &[("code", code)]) } else { text.to_owned() }
}

fn all_rulings<'a>(scene: Scene<'a>, station: StationIndex, sheets: &[SheetIndex]) -> Vec<RulingView<'a>> {
    let count = &scene.view.count;
    let mut rulings = count.station_rulings(station);
    rulings.extend(sheets.iter().flat_map(|sheet| count.sheet_rulings(*sheet)));
    rulings.sort_by_key(|ruling| (ruling.entry, ruling.contest));
    rulings.dedup_by_key(|ruling| ruling.entry);
    rulings
}

fn rulings(scene: Scene<'_>, station: StationIndex, sheets: &[SheetIndex]) -> Markup {
    let in_force: Vec<_> = all_rulings(scene, station, sheets).into_iter().filter(|ruling| ruling.in_force).collect();
    html! {
        @if !in_force.is_empty() {
            section {
                h2 { (scene.t("ruling.title")) }
                ul.notes { @for ruling in &in_force { li { (ruling_sentence(scene, ruling)) } } }
            }
        }
    }
}

fn ruling_sentence(scene: Scene<'_>, ruling: &RulingView<'_>) -> Markup {
    let entry = |index: testigo_count::EntryIndex| scene.n(index.0);
    let (key, about) = match &ruling.ruling.decision {
        Decision::AcceptReading { reading } => ("ruling.accept-reading", entry(*reading)),
        Decision::RejectSheet { sheet } => ("ruling.reject-sheet", entry(*sheet)),
        Decision::MoveSheet { sheet, .. } => ("ruling.move-sheet", entry(*sheet)),
        Decision::WithholdSheet { sheet } => ("ruling.withhold-sheet", entry(*sheet)),
        Decision::NotInstalled { .. } => ("ruling.not-installed", String::new()),
        Decision::Withdraw => ("ruling.withdraw", ruling.ruling.prev.map(entry).unwrap_or_default()),
    };
    let reason_key = format!("ruling_reason.{}", ruling.ruling.reason);
    let signers: Vec<Markup> =
        ruling.ruling.signatures.iter().map(|signature| html! { b { (signature.key) } }).collect();
    html! {
        (scene.language.fill(key, &[("entry", &about)])) " "
        (scene.language.fill("ruling.reason", &[("reason", scene.language.text(&reason_key))])) " "
        (scene.language.compose("ruling.signed", &[("signers", scene.language.list(&signers))]))
    }
}

/// Every entry that is about this station, oldest first.
fn history(scene: Scene<'_>, station: StationIndex, sheets: &[SheetIndex]) -> Markup {
    let count = &scene.view.count;
    let mut events: Vec<(u64, Markup)> = Vec::new();
    for sheet in sheets {
        let view = count.sheet_view(*sheet);
        let key = scene.t(source_key(view.source));
        events.push((view.entry.0, html! { (scene.t("history.sheet")) " " (key) }));
    }
    for contest in 0..count.definition().contests.len() {
        for reading in count.readings_ever(contest, station) {
            let text = html! {
                (scene.t("history.reading")) " " (source(scene, &reading))
                @if count.definition().contests.len() > 1 { " · " (scene.view.contest(contest).title.in_language(scene.code())) }
                @if reading.superseded() { " · " (scene.t("history.superseded")) }
            };
            events.push((reading.entry().0, text));
        }
    }
    for ruling in all_rulings(scene, station, sheets) {
        let text = html! {
            (ruling_sentence(scene, &ruling))
            @if !ruling.in_force { " · " (scene.t("history.superseded")) }
        };
        events.push((ruling.entry.0, text));
    }
    events.sort_by_key(|(entry, _)| *entry);
    html! {
        section {
            h2 { (scene.t("history.title")) }
            @if events.is_empty() { p.note { (scene.t("history.empty")) } }
            @else {
                table.history {
                    caption.hidden { (scene.t("history.title")) }
                    thead.hidden { tr { th scope="col" { (scene.t("history.entry")) } th scope="col" { (scene.t("history.what")) } @if scene.live { th scope="col" { (scene.t("history.receipt")) } } } }
                    tbody {
                        @for (entry, text) in events {
                            tr {
                                th.n scope="row" { (scene.n(entry)) }
                                td { (text) }
                                @if scene.live { td { (receipt(scene, entry)) } }
                            }
                        }
                    }
                }
                p.note {
                    (scene.t(if scene.live { "history.receipts" } else { "history.receipts_of_copy" })) " "
                    a href=(scene.to(Page::Recount)) { (scene.t("recount.link")) }
                }
            }
        }
    }
}

/// The proof that an entry is in the ledger. Under each new head it is another one, so only a server has it.
fn receipt(scene: Scene<'_>, entry: u64) -> Markup {
    let label = scene.language.fill("history.receipt_of", &[("entry", &scene.n(entry))]);
    html! { a href=(receipt_path(entry)) download aria-label=(label) { (scene.t("history.receipt")) } }
}
