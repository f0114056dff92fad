//! Stations of a unit that are in one state, with the reason for each.

use std::borrow::Cow;

use maud::html;
use testigo_count::geography::UnitIndex;
use testigo_count::rule::StationState;

use super::parts::{list_name, patterns, rows_of};
use super::station::{reason_key, state_sentence};
use super::{Inside, ROWS, Scene};
use crate::address::{Page, StationList};

pub(super) fn draw(scene: Scene<'_>, unit: UnitIndex, list: StationList, part: u32) -> Option<Inside> {
    let count = &scene.view.count;
    let contest = scene.contest();
    let geography = count.geography();
    let listed = |station| geography.station_unit(station).is_some();
    let stations = match list {
        StationList::In(StationState::Awaited) => scene.view.stations_below(unit, |station| {
            listed(station) && count.status(contest, station).state == StationState::Awaited
        }),
        StationList::In(state) => {
            scene.view.stations_below(unit, |station| count.status(contest, station).state == state)
        }
        StationList::Objected => scene.view.stations_below(unit, |station| count.status(contest, station).objected),
    };
    let rows = rows_of(&stations, part)?;
    let name = list_name(scene, list);
    let path = geography.path(unit);
    let unnamed = match list {
        StationList::In(StationState::Awaited) => {
            count.awaited(contest, unit).saturating_sub(count.unit_totals(contest, unit).awaited)
        }
        _ => 0,
    };
    let sentence = match list {
        StationList::In(state) => scene.t(state_sentence(state)),
        StationList::Objected => scene.t("list.objected.sentence"),
    };
    let shows_votes = matches!(list, StationList::In(StationState::Counted) | StationList::Objected);
    let total = u64::try_from(stations.len()).unwrap_or(u64::MAX);
    let main = html! {
        (patterns())
        (scene.trail(&path, Some(name)))
        (scene.contests())
        h1 { small { (scene.unit_name(unit)) } (name) ": " (scene.n(total + u64::from(unnamed))) }
        p.lead { (sentence) " " a href={ (scene.to(Page::Method)) "#" (list.word()) } { (scene.t("list.more")) } }
        @if unnamed > 0 { p.say { (scene.language.count("awaited.unnamed", u64::from(unnamed))) } }
        @if rows.is_empty() && unnamed == 0 { p.empty { (scene.t("list.empty")) } }
        @if !rows.is_empty() {
            @let title = count.pack().station_level().plural.in_language(scene.code());
            @if shows_votes {
                (scene.station_table(contest, rows, title, true))
            } @else {
                table.list data-sort {
                    caption.hidden { (title) }
                    thead {
                        tr {
                            th scope="col" { (title) }
                            th scope="col" { (scene.t("list.place")) }
                            th scope="col" { (scene.t("list.reason")) }
                        }
                    }
                    tbody {
                        @for station in rows {
                            @let status = count.status(contest, *station);
                            tr {
                                th scope="row" { a href=(scene.to(Page::Station(*station))) { (geography.station_id(*station)) } }
                                td {
                                    @if let Some(unit) = geography.station_unit(*station) {
                                        @let names: Vec<Cow<'_, str>> = geography.ancestors(unit)
                                            .filter(|unit| *unit != UnitIndex::WHOLE)
                                            .map(|unit| Cow::Borrowed(scene.unit_name(unit))).collect();
                                        (names.join(", "))
                                    } @else { (scene.t("number.none")) }
                                }
                                td {
                                    @match reason_key(status.reason) { Some(key) => { (scene.t(key)) } None => { (scene.t(state_sentence(status.state))) } }
                                }
                            }
                        }
                    }
                }
            }
            (scene.parts(stations.len(), ROWS, part, |part| Page::Stations(unit, list, part)))
        }
        p.note { a href={ "/data/" (scene.view.contest(contest).id) "/stations.csv" } { (scene.t("list.csv")) } }
    };
    let title = format!("{name}: {}", scene.unit_name(unit));
    Some(Inside { description: format!("{title}. {sentence}"), title, json: None, main })
}
