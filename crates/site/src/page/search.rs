//! Finding a unit or a station by its code or by the name of its place.

use maud::{Markup, html};
use testigo_count::geography::UnitIndex;

use super::parts::chips;
use super::{Inside, Scene};
use crate::address::{Measure, Page};

/// So many units and so many stations are listed.
const LISTED: usize = 100;

pub(super) fn draw(scene: Scene<'_>, words: &str) -> Inside {
    let count = &scene.view.count;
    let geography = count.geography();
    let found = scene.view.places.search(geography, words, LISTED);
    let nothing = found.units.is_empty() && found.stations.is_empty();
    let main = html! {
        h1 { (scene.t("search.title")) }
        (scene.search_form(words, "words"))
        div #hits {
        @if words.trim().is_empty() {
            p.lead { (scene.t("search.how")) }
        } @else if nothing {
            p.lead { (scene.language.fill("search.nothing", &[("words", words.trim())])) }
            p { (scene.t("search.how")) }
        } @else {
            @if found.more { p.lead { (scene.t("search.more")) } }
            @for group in found.units.chunk_by(|one, other| geography.unit_level(*one) == geography.unit_level(*other)) {
                (units(scene, group))
            }
            @if !found.stations.is_empty() {
                section {
                    h2 { (count.pack().station_level().plural.in_language(scene.code())) }
                    ul.hits {
                        @for station in &found.stations {
                            li {
                                a href=(scene.to(Page::Station(*station))) { (geography.station_id(*station)) } " "
                                (chips(scene, count.status(0, *station))) " "
                                @if let Some(unit) = geography.station_unit(*station) { span.note { (where_is(scene, unit, true)) } }
                            }
                        }
                    }
                }
            }
        }
        }
        section {
            h2 { (scene.t("search.by_place")) }
            ul.hits.columns {
                @for unit in scene.view.places.child_units(UnitIndex::WHOLE) {
                    li { a href=(scene.to(Page::Unit(*unit, 1))) { (scene.unit_name(*unit)) } @if scene.has_name(*unit) { " " span.code { (geography.unit_code(*unit)) } } }
                }
            }
            @if let Some(level) = (0..count.pack().unit_levels().len()).find(|level| super::has_map(scene.view, *level)) {
                p { a href=(scene.to(Page::Map(level, Measure::Lead))) { (scene.t("search.by_map")) } }
            }
        }
        @if let Some(lookup) = &scene.view.settings.lookup {
            section {
                h2 { (scene.t("search.lookup_title")) }
                p { (scene.t("search.lookup")) " " a href=(lookup) rel="external noopener noreferrer" { (lookup) } }
            }
        }
        section {
            h2 { (scene.t("search.privacy_title")) }
            p { (scene.t("search.privacy")) }
        }
    };
    let title = scene.t("search.title").to_owned();
    Inside { description: scene.t("search.how").to_owned(), title, json: None, main }
}

fn units(scene: Scene<'_>, group: &[UnitIndex]) -> Markup {
    let count = &scene.view.count;
    let geography = count.geography();
    let level = group.first().and_then(|unit| geography.unit_level(*unit)).and_then(|at| count.pack().levels.get(at));
    html! {
        section {
            h2 { (level.map_or("", |level| level.plural.in_language(scene.code()))) }
            ul.hits {
                @for unit in group {
                    li {
                        a href=(scene.to(Page::Unit(*unit, 1))) { (scene.unit_name(*unit)) } " "
                        @if scene.has_name(*unit) { span.code { (geography.unit_code(*unit)) } " " }
                        span.note { (where_is(scene, *unit, false)) }
                    }
                }
            }
        }
    }
}

/// The names of the units above, nearest first.
fn where_is(scene: Scene<'_>, unit: UnitIndex, itself: bool) -> String {
    let above = scene.view.count.geography().ancestors(unit).skip(usize::from(!itself));
    let names: Vec<&str> = above.filter(|unit| *unit != UnitIndex::WHOLE).map(|unit| scene.unit_name(unit)).collect();
    names.join(", ")
}
