//! The page of a unit; that of the whole is the home page.

use maud::{Markup, html};
use testigo_count::geography::UnitIndex;
use testigo_count::rule::StationState;

use super::parts::{part_count, patterns, rows_of};
use super::{Inside, ROWS, Scene, arrivals};
use crate::address::{Page, StationList};

/// So many awaited stations are named on a unit's own page; the list has them all.
const NAMED: usize = 24;

pub(super) fn draw(scene: Scene<'_>, unit: UnitIndex, part: u32) -> Option<Inside> {
    let count = &scene.view.count;
    let contest = scene.contest();
    let whole = unit == UnitIndex::WHOLE;
    let (votes, others) = count.unit_votes(contest, unit);
    let leader = scene.leader_sentence(contest, votes);
    let coverage = scene.coverage_sentence(unit);
    let units = scene.view.places.child_units(unit);
    let stations = scene.view.places.child_stations(unit);
    if part > part_count(units.len(), ROWS).max(part_count(stations.len(), ROWS)) {
        return None;
    }
    let path = count.geography().path(unit);
    let above = path.split_last().map_or(&[][..], |(_, above)| above);
    let main = html! {
        (patterns())
        @if !whole { (scene.trail(above, Some(&named(scene, unit)))) }
        (scene.contests())
        @if whole {
            h1 { (leader) }
        } @else {
            h1 {
                small {
                    (scene.level_name(unit))
                    @if scene.has_name(unit) { " " span.code { (count.geography().unit_code(unit)) } }
                }
                (scene.unit_name(unit))
            }
            p.say { (leader) "." }
        }
        p.lead { (coverage) " " @if whole { (scene.t("home.follow")) } }
        (scene.result(contest, votes, others))
        @if whole { @if let Some(line) = super::compare::home_line(scene) { (line) } (super::audit::home_line(scene)) } @else { (super::compare::unit_line(scene, unit)) }
        (scene.facts(unit))
        (details(scene, unit))
        @if part == 1 { (super::map::multiples(scene, unit)) }
        @if part == 1 { (scene.outlook(unit)) }
        @if whole { (arrivals::chart(scene)) }
        @for (title, one, rows) in by_level(scene, units) {
            section {
                h2 { (title) }
                @if let Some(rows) = rows_of(rows, part) { (scene.unit_table(contest, rows, title, one, None)) }
                (scene.parts(rows.len(), ROWS, part, |part| Page::Unit(unit, part)))
            }
        }
        @if !stations.is_empty() {
            section {
                @let title = count.pack().station_level().plural.in_language(scene.code());
                h2 { (title) }
                @if let Some(rows) = rows_of(stations, part) { (scene.station_table(contest, rows, title, false)) }
                (scene.parts(stations.len(), ROWS, part, |part| Page::Unit(unit, part)))
            }
        }
        (awaited(scene, unit))
        @if !whole { (scene.unit_neighbours(unit)) }
        p.note { a href=(scene.json_of_unit(unit)) { (scene.t("frame.json")) } }
    };
    let title = if whole { scene.t("home.title").to_owned() } else { named(scene, unit) };
    Some(Inside { title, description: format!("{leader}. {coverage}"), json: Some(scene.json_of_unit(unit)), main })
}

fn named(scene: Scene<'_>, unit: UnitIndex) -> String {
    let code = scene.view.count.geography().unit_code(unit);
    if scene.has_name(unit) {
        format!("{code} {}", scene.unit_name(unit))
    } else {
        format!("{} {code}", scene.level_name(unit))
    }
}

/// The map on one side; on the other how far the count is and what is not known.
fn details(scene: Scene<'_>, unit: UnitIndex) -> Markup {
    let unknowns = scene.unknowns(unit);
    html! {
        section.pair {
            (super::map::of_children(scene, unit))
            div {
                h2 { (scene.t("progress.title")) }
                (scene.progress(unit))
                h3 { (scene.t("states.title")) }
                (scene.states(unit))
            }
            @if !unknowns.is_empty() {
                div {
                    h2 { (scene.t("unknown.title")) }
                    ul.notes { @for note in unknowns { li { (note) } } }
                }
            }
        }
    }
}

/// Units below, apart by level with its names for several and for one: some branches skip a level.
pub(super) fn by_level<'a>(scene: Scene<'a>, units: &'a [UnitIndex]) -> Vec<(&'a str, &'a str, &'a [UnitIndex])> {
    let count = &scene.view.count;
    let level = |unit: &UnitIndex| count.geography().unit_level(*unit);
    units
        .chunk_by(|one, other| level(one) == level(other))
        .map(|rows| {
            let names = rows.first().and_then(level).and_then(|at| count.pack().levels.get(at));
            let plural = names.map_or("", |level| level.plural.in_language(scene.code()));
            (plural, names.map_or("", |level| level.name.in_language(scene.code())), rows)
        })
        .collect()
}

/// Stations that nothing has come in from: by name where the register names them, else their number.
fn awaited(scene: Scene<'_>, unit: UnitIndex) -> Markup {
    let count = &scene.view.count;
    let contest = scene.contest();
    let named = count.unit_totals(contest, unit).awaited;
    let unnamed = count.awaited(contest, unit) - named;
    let shows_rows = !scene.view.places.child_stations(unit).is_empty();
    if (named == 0 || shows_rows) && unnamed == 0 {
        return html! {};
    }
    let is_awaited = |station| count.status(contest, station).state == StationState::Awaited;
    // Below the whole a unit is small enough to look through; of the whole only the number is shown here.
    let stations =
        if named == 0 || unit == UnitIndex::WHOLE { Vec::new() } else { scene.view.stations_below(unit, is_awaited) };
    html! {
        section #awaited {
            h2 { (scene.t("awaited.title")) }
            p {
                @if named > 0 {
                    a href=(scene.to(Page::Stations(unit, StationList::In(StationState::Awaited), 1))) {
                        (scene.language.count("awaited.named", u64::from(named)))
                    } " "
                }
                @if unnamed > 0 { (scene.language.count("awaited.unnamed", u64::from(unnamed))) }
            }
            @if !stations.is_empty() {
                ul.codes {
                    @for station in stations.iter().take(NAMED) {
                        li { a href=(scene.to(Page::Station(*station))) { (count.geography().station_id(*station)) } }
                    }
                    @if stations.len() > NAMED { li { "…" } }
                }
            }
        }
    }
}
