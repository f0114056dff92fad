//! What was proclaimed against the sheets: what is certain, what is assumed, what is not known. Every number comes from
//! `testigo_analysis::comparison`; this page only says it.

use maud::{Markup, html};
use testigo_analysis::comparison::{BulletinComparison, Comparison, Deadline, Identity, StationsCompared};
use testigo_analysis::official::bounds::{Meaning, Reading, TotalFrom};
use testigo_count::geography::UnitIndex;

use super::{Inside, Scene, figure};
use crate::address::{Page, document_path};

/// So many differing stations are named on the page; the CSV has all.
const NAMED: usize = 100;

pub(super) fn draw(scene: Scene<'_>, unit: UnitIndex) -> Option<Inside> {
    let comparison = scene.view.comparison(scene.contest(), unit)?;
    let comparison = comparison.as_ref();
    let place = scene.unit_name(unit);
    let title = scene.language.fill("compare.heading", &[("place", place)]);
    let path = scene.view.count.geography().path(unit);
    let main = html! {
        @if unit != UnitIndex::WHOLE { (scene.trail(&path, Some(scene.t("compare.title")))) }
        (scene.contests())
        h1 { (title) }
        p.lead { (scene.coverage_sentence(unit)) " " (scene.t("compare.lead")) }
        (super::parts::patterns())
        @for bulletin in comparison.bulletins.iter().rev() { (one(scene, comparison, bulletin)) }
        (changed(scene, comparison))
        (units(scene, comparison))
        (stations(scene, &comparison.single_stations))
        @if let Some(due) = &comparison.deadline { (deadline(scene, comparison, due)) }
        (scene.outlook(unit))
        p.note {
            a href=(scene.json_of_comparison(unit)) { (scene.t("compare.json")) }
            @if unit == UnitIndex::WHOLE {
                " · " a href=(format!("/data/{}/compare.csv", scene.view.contest(scene.contest()).id)) download { (scene.t("compare.csv")) }
            }
        }
    };
    let description = comparison.bulletins.last().map_or_else(String::new, |last| sentence(scene, last));
    Some(Inside { title, description, json: Some(scene.json_of_comparison(unit)), main })
}

/// The one line of the home page; `None` where nothing was proclaimed for the whole.
pub(super) fn home_line(scene: Scene<'_>) -> Option<Markup> {
    let comparison = scene.view.comparison(scene.contest(), UnitIndex::WHOLE)?;
    let last = comparison.bulletins.last();
    let said = last.map(|last| sentence(scene, last));
    Some(html! {
        p.proclaimed {
            @if let Some(said) = said { (scene.language.fill("compare.home", &[("sentence", &said)])) " " }
            a href=(scene.to(Page::Compare(UnitIndex::WHOLE))) { (scene.t("compare.link")) }
        }
    })
}

/// The link of a unit's page; nothing where nothing was proclaimed for it.
pub(super) fn unit_line(scene: Scene<'_>, unit: UnitIndex) -> Markup {
    let there = scene.view.compares(scene.contest(), unit);
    html! {
        @if there {
            p.proclaimed {
                (scene.t("compare.unit")) " "
                a href=(scene.to(Page::Compare(unit))) { (scene.t("compare.link")) }
            }
        }
    }
}

/// What holds whatever the coverage means, in one sentence.
fn sentence(scene: Scene<'_>, bulletin: &BulletinComparison) -> String {
    let name = |candidate| scene.candidate(scene.contest(), candidate);
    if !bulletin.both_cannot_be_right() {
        let assumed = bulletin.readings.iter().all(|reading| reading.meaning == Meaning::Complete);
        return match () {
            () if bulletin.figures.votes.is_empty() => scene.t("compare.no_votes").to_owned(),
            () if assumed => scene.t("compare.not_settled").to_owned(),
            () => scene.t("compare.can_both").to_owned(),
        };
    }
    match (bulletin.most_missing(), bulletin.most_too_many()) {
        (Some(missing), _) => scene
            .language
            .fill("compare.cannot_missing", &[("votes", &scene.n(missing.missing)), ("name", name(missing.candidate))]),
        (None, Some(too_many)) => scene.language.fill(
            "compare.cannot_too_many",
            &[("votes", &scene.n(too_many.too_many)), ("name", name(too_many.candidate))],
        ),
        (None, None) => String::new(),
    }
}

fn one(scene: Scene<'_>, comparison: &Comparison, bulletin: &BulletinComparison) -> Markup {
    let figures = &bulletin.figures;
    let number = figures.bulletin.as_str();
    let heading = match &figures.announced {
        Some(announced) => scene
            .language
            .fill("compare.bulletin_dated", &[("number", number), ("date", &scene.language.date(announced.day()))]),
        None => scene.language.fill("compare.bulletin", &[("number", number)]),
    };
    html! {
        section.bulletin id=(format!("bulletin-{number}")) {
            h2 { (heading) }
            p.say { (sentence(scene, bulletin)) }
            (condition(scene, bulletin))
            (figure::draw(scene, comparison, bulletin))
            (table(scene, comparison, bulletin))
            div.three {
                div { h3 { (scene.t("compare.certain")) } (certain(scene, bulletin)) }
                div { h3 { (scene.t("compare.assumed")) } (assumed(scene, bulletin)) }
                div { h3 { (scene.t("compare.not_known")) } (not_known(scene, comparison, bulletin)) }
            }
            @if !bulletin.readings.is_empty() {
                h3 { (scene.t("compare.if_genuine")) }
                @for reading in &bulletin.readings { (bounds(scene, reading)) }
            }
            p.note {
                (scene.language.compose("compare.source", &[
                    ("source", html! { code { (figures.source) } }),
                    ("entry", html! { (scene.language.fill("compare.entry", &[("entry", &scene.n(bulletin.entry.0))])) }),
                    ("document", html! { a href=(document_path(&bulletin.document)) download { (scene.t("compare.document")) } }),
                ]))
            }
        }
    }
}

/// The second sentence: what else holds, and under which meaning of the coverage.
fn condition(scene: Scene<'_>, bulletin: &BulletinComparison) -> Markup {
    if !bulletin.both_cannot_be_right() {
        return html! {};
    }
    let coverage = bulletin.figures.coverage.map_or_else(
        || scene.t("number.unknown").to_owned(),
        |stated| scene.language.stated(u64::from(stated.hundredths), stated.decimals),
    );
    let key = if bulletin.readings.len() > 1 { "compare.either_meaning" } else { "compare.one_meaning" };
    html! {
        p {
            @if let (Some(_), Some(too_many)) = (bulletin.most_missing(), bulletin.most_too_many()) {
                (scene.language.fill("compare.and_too_many", &[
                    ("votes", &scene.n(too_many.too_many)),
                    ("name", scene.candidate(scene.contest(), too_many.candidate)),
                ])) " "
            }
            (scene.language.fill(key, &[("coverage", &coverage)]))
        }
    }
}

fn table(scene: Scene<'_>, comparison: &Comparison, bulletin: &BulletinComparison) -> Markup {
    let rows = comparison.ranking.iter().filter_map(|at| bulletin.lines.get(*at));
    html! {
        div.scroll {
            table.compared {
                caption.hidden { (scene.t("compare.table")) }
                thead {
                    tr {
                        th scope="col" { (scene.t("result.candidate")) }
                        th.n scope="col" { (scene.t("compare.column_sheets")) }
                        td.n.wide {}
                        th.n scope="col" { (scene.t("compare.column_proclaimed")) }
                        td.n.wide {}
                        th.n scope="col" { (scene.t("compare.column_difference")) }
                    }
                }
                tbody {
                    @for line in rows {
                        tr {
                            th scope="row" { (scene.candidate(scene.contest(), line.candidate)) }
                            td.n { (scene.n(line.on_sheets)) }
                            td.n.wide { (scene.share(line.share_on_sheets)) }
                            td.n { (optional(scene, line.proclaimed)) }
                            td.n.wide { @if let Some(share) = line.share_proclaimed { (scene.share(share)) } }
                            td.n { @match line.difference { Some(difference) => { (signed(scene, difference)) } None => { (scene.t("number.none")) } } }
                        }
                    }
                    @if let Some([proclaimed, on_sheets]) = bulletin.rest {
                        tr {
                            th scope="row" { (scene.t("compare.rest")) }
                            td.n { (scene.n(on_sheets)) } td.n.wide {}
                            td.n { (scene.n(proclaimed)) } td.n.wide {}
                            td.n { (signed(scene, i64::try_from(proclaimed).unwrap_or(i64::MAX).saturating_sub_unsigned(on_sheets))) }
                        }
                    }
                }
            }
        }
    }
}

fn optional(scene: Scene<'_>, votes: Option<u64>) -> String {
    votes.map_or_else(|| scene.t("number.none").to_owned(), |votes| scene.n(votes))
}

fn signed(scene: Scene<'_>, difference: i64) -> String {
    let sign = match difference {
        0 => "",
        ..0 => "\u{2212}",
        _ => "+",
    };
    format!("{sign}{}", scene.n(difference.unsigned_abs()))
}

fn certain(scene: Scene<'_>, bulletin: &BulletinComparison) -> Markup {
    html! {
        @if bulletin.identities.is_empty() {
            p.note { (scene.t("compare.nothing_to_check")) }
        } @else {
            p.note { (scene.t("compare.certain_lead")) }
            ul.notes { @for identity in &bulletin.identities { li { (identity_sentence(scene, identity)) } } }
        }
    }
}

fn identity_sentence(scene: Scene<'_>, identity: &Identity) -> String {
    let how = if identity.holds { "holds" } else { "differs" };
    let key = format!("compare_rule.{}.{how}", identity.rule.word());
    let number = |number: u64| if identity.rule.is_share() { scene.share(number) } else { scene.n(number) };
    let [agree, all] = identity.of.unwrap_or_default();
    scene.language.fill(
        &key,
        &[
            ("stated", &number(identity.stated)),
            ("computed", &number(identity.computed)),
            ("agree", &scene.n(agree)),
            ("all", &scene.n(all)),
        ],
    )
}

fn assumed(scene: Scene<'_>, bulletin: &BulletinComparison) -> Markup {
    let of = |meaning| bulletin.readings.iter().find(|reading| reading.meaning == meaning);
    let noun = scene.station_noun(0);
    html! {
        ul.notes {
            li { (scene.t("compare.assume_genuine")) }
            @if let Some(reading) = of(Meaning::Stations) {
                li { (scene.language.fill("compare.assume_stations", &[("total", &scene.n(reading.total)), ("noun", &noun)])) }
            }
            @if let Some(reading) = of(Meaning::Registered) {
                @let key = if reading.total_from == TotalFrom::Bulletin { "compare.assume_own_register" } else { "compare.assume_register" };
                li { (scene.language.fill(key, &[("total", &scene.n(reading.total))])) }
            }
            @if bulletin.readings.len() > 1 { li { (scene.t("compare.assume_meaning")) } }
        }
    }
}

fn not_known(scene: Scene<'_>, comparison: &Comparison, bulletin: &BulletinComparison) -> Markup {
    html! {
        ul.notes {
            li {
                @match comparison.stations {
                    Some(total) => {
                        (scene.language.fill("compare.unknown_rest", &[
                            ("missing", &scene.n(total.saturating_sub(comparison.sheets))), ("total", &scene.n(total)),
                        ]))
                    }
                    None => { (scene.t("compare.unknown_rest_plain")) }
                }
            }
            @for unknown in &bulletin.unknown { li { (scene.language.text(&format!("compare_unknown.{}", unknown.word()))) } }
        }
    }
}

fn bounds(scene: Scene<'_>, reading: &Reading) -> Markup {
    let (outside, total, noun) = (scene.n(reading.outside), scene.n(reading.total), scene.station_noun(0));
    let places = [("outside", outside.as_str()), ("total", total.as_str()), ("noun", noun.as_str())];
    let lead = match reading.meaning {
        Meaning::Stations => scene.language.fill("compare.read_stations", &places),
        Meaning::Registered => scene.language.fill("compare.read_registered", &places),
        Meaning::Complete => scene.t("compare.read_complete").to_owned(),
    };
    let name = |candidate| scene.candidate(scene.contest(), candidate);
    let broken: Vec<String> = reading
        .bounds
        .iter()
        .flat_map(|one| {
            let proclaimed = scene.n(one.proclaimed);
            let missing = (one.missing > 0).then(|| {
                scene.language.fill(
                    "compare.bound_missing",
                    &[
                        ("name", name(one.candidate)),
                        ("least", &scene.n(one.at_least)),
                        ("proclaimed", &proclaimed),
                        ("votes", &scene.n(one.missing)),
                    ],
                )
            });
            let too_many = one.at_most.filter(|_| one.too_many > 0).map(|most| {
                scene.language.fill(
                    "compare.bound_too_many",
                    &[
                        ("name", name(one.candidate)),
                        ("most", &scene.n(most)),
                        ("proclaimed", &proclaimed),
                        ("votes", &scene.n(one.too_many)),
                    ],
                )
            });
            missing.into_iter().chain(too_many)
        })
        .collect();
    html! {
        p { (lead) }
        ul.notes {
            @for said in &broken { li { (said) } }
            @if broken.is_empty() { li { (scene.t("compare.bound_none")) } }
        }
    }
}

fn changed(scene: Scene<'_>, comparison: &Comparison) -> Markup {
    let contest = scene.view.contest(scene.contest());
    html! {
        @if !comparison.changed.is_empty() {
            section {
                h2 { (scene.t("compare.changed")) }
                @for change in &comparison.changed {
                    p { (scene.language.fill("compare.change", &[
                        ("number", &change.bulletin), ("later", &scene.n(change.by.0)), ("earlier", &scene.n(change.entry.0)),
                    ])) }
                    ul.notes {
                        @for (at, candidate) in contest.candidates.iter().enumerate() {
                            @if let Some([before, after]) = change.votes.get(candidate.id.as_str()) {
                                li { (scene.language.fill("compare.change_votes", &[
                                    ("name", scene.candidate(scene.contest(), at)),
                                    ("before", &optional(scene, *before)), ("after", &optional(scene, *after)),
                                ])) }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn units(scene: Scene<'_>, comparison: &Comparison) -> Markup {
    let columns: Vec<usize> = comparison.ranking.iter().copied().take(2).collect();
    html! {
        @if !comparison.units.is_empty() {
            section {
                h2 { (scene.t("compare.units")) }
                p.note { (scene.t("compare.units_lead")) }
                div.scroll { table.compared data-sort {
                    caption.hidden { (scene.t("compare.units")) }
                    thead { tr {
                        th scope="col" { (scene.t("compare.units_column")) }
                        th.n scope="col" { (scene.t("table.counted")) }
                        @for at in &columns {
                            th.n scope="col" { (scene.language.fill("compare.units_difference", &[("name", scene.candidate_short(scene.contest(), *at))])) }
                        }
                    } }
                    tbody {
                        @for place in &comparison.units {
                            tr {
                                th scope="row" {
                                    @match place.unit {
                                        Some(unit) => { a href=(scene.to(Page::Unit(unit, 1))) { (scene.unit_name(unit)) } " " }
                                        None => {}
                                    }
                                    span.code { (place.code) }
                                }
                                td.n { (scene.n(place.counted[0])) span.of { "/" (scene.n(place.counted[1])) } }
                                @for at in &columns {
                                    td.n {
                                        @match place.proclaimed.get(*at).copied().flatten().zip(place.on_sheets.get(*at)) {
                                            Some((proclaimed, on_sheets)) => {
                                                (signed(scene, i64::try_from(proclaimed).unwrap_or(i64::MAX).saturating_sub_unsigned(*on_sheets)))
                                            }
                                            None => { (scene.t("number.none")) }
                                        }
                                    }
                                }
                            }
                        }
                    }
                } }
            }
        }
    }
}

fn stations(scene: Scene<'_>, compared: &StationsCompared) -> Markup {
    html! {
        @if compared.published > 0 {
            section {
                h2 { (scene.t("compare.stations_title")) }
                p { (scene.language.fill("compare.stations_summary", &[
                    ("published", &scene.stations(u32::try_from(compared.published).unwrap_or(u32::MAX))),
                    ("equal", &scene.n(compared.equal)),
                    ("different", &scene.n(compared.different.len() as u64)),
                    ("without", &scene.n(compared.without_sheet)),
                ])) }
                @if !compared.different.is_empty() {
                    @if compared.different.len() > NAMED { p.note { (scene.t("compare.stations_more")) } }
                    ul.codes {
                        @for one in compared.different.iter().take(NAMED) {
                            li {
                                @match one.index {
                                    Some(station) => { a href=(scene.to(Page::Station(station))) { (one.station) } }
                                    None => { (one.station) }
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// A plain fact, with the days since worked out in the browser: a page that is kept must not go wrong over night.
fn deadline(scene: Scene<'_>, comparison: &Comparison, due: &Deadline) -> Markup {
    let published = comparison.single_stations.published;
    html! {
        section {
            h2 { (scene.t("compare.due_title")) }
            p {
                (scene.language.fill("compare.due", &[("date", &scene.language.date(&due.due)), ("law", due.law.in_language(scene.code()))])) " "
                @match comparison.stations {
                    _ if published == 0 => { (scene.language.fill("compare.stations_none", &[("noun", &scene.station_noun(0))])) }
                    Some(total) => { (scene.language.fill("compare.due_known", &[("published", &scene.n(published)), ("total", &scene.stations(u32::try_from(total).unwrap_or(u32::MAX)))])) }
                    None => {}
                }
                " "
                @if comparison.stations.is_none_or(|total| published < total) {
                    span data-due=(due.due) data-text=(scene.t("compare.days")) {}
                }
            }
        }
    }
}
