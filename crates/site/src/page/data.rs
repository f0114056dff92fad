//! Everything there is to take away.

use std::collections::BTreeSet;

use maud::{Markup, html};
use testigo_analysis::Sheets;
use testigo_count::geography::UnitIndex;
use testigo_count::{Count, DocumentHash};

use super::{Inside, Scene, short_hash};
use crate::address::{Page, document_path};
use crate::torrent;

pub(super) fn draw(scene: Scene<'_>) -> Inside {
    let count = &scene.view.count;
    let election = count.election();
    let row = |path: String, what: &str| html! { tr { th scope="row" { a href=(path) download { code { (path) } } } td { (what) } } };
    let pair = |path: &str, what: &str| {
        html! {
            tr {
                th scope="row" {
                    @for ending in [".csv", ".parquet"] { a href={ (path) (ending) } download { code { @if ending == ".csv" { (path) } (ending) } } " " }
                }
                td { (what) }
            }
        }
    };
    let documents = [
        (&election.definition, "data.definition"),
        (&election.pack, "data.pack"),
        (&election.register, "data.register"),
    ];
    let main = html! {
        h1 { (scene.t("data.title")) }
        p.lead { (scene.language.fill("data.lead", &[("size", &scene.n(scene.view.head.size))])) }
        @for (at, contest) in count.definition().contests.iter().enumerate() {
            section {
                h2 { (contest.title.in_language(scene.code())) }
                (table(scene, html! {
                    (pair(&format!("/data/{}/stations", contest.id), scene.t("data.stations")))
                    (pair(&format!("/data/{}/units", contest.id), scene.t("data.units")))
                    (pair(&format!("/data/{}/readings", contest.id), scene.t("data.readings")))
                    (row(format!("/data/{}/tally.json", contest.id), scene.t("data.tally")))
                    @if crate::download::has_official(scene.view, at) {
                        (pair(&format!("/data/{}/official", contest.id), scene.t("data.proclaimed")))
                    }
                    @if scene.view.compares(at, UnitIndex::WHOLE) { (row(format!("/data/{}/compare.csv", contest.id), scene.t("data.compare"))) }
                    @if Sheets::exist(count, at) { (row(format!("/data/{}/analysis.csv", contest.id), scene.t("data.analysis"))) }
                    @if scene.view.has_audit(at) && scene.view.audits(at).last().is_some_and(Result::is_ok) { (row(format!("/data/{}/audit.csv", contest.id), scene.t("data.audit"))) }
                    @for level in count.pack().unit_levels() {
                        (row(format!("/data/{}/{}.geojson", contest.id, level.id), &scene.language.fill("data.geojson", &[("units", &scene.language.noun(level.plural.in_language(scene.code())))])))
                    }
                }))
            }
        }
        section {
            h2 { (scene.t("data.everything")) }
            (table(scene, html! {
                (row("/data/datapackage.json".to_owned(), scene.t("data.datapackage")))
                (row("/data/nist.json".to_owned(), scene.t("data.nist")))
                (row("/data/nist.xml".to_owned(), scene.t("data.nist")))
                @for (hash, path, what) in [
                    (scene.view.maps.boundaries.hash, "/data/boundaries.geojson", "data.boundaries"),
                    (scene.view.maps.tiles.hash, "/data/tiles.csv", "data.tiles"),
                ] {
                    @if let Some(hash) = hash {
                        tr {
                            th scope="row" { a href=(path) download { code { (path) } } }
                            td { (scene.t(what)) " SHA-256: " code.hash { (hash) } }
                        }
                    }
                }
            }))
        }
        section {
            h2 { (scene.t("data.ledger")) }
            (table(scene, html! {
                (pair("/data/sheets", scene.t("data.sheets")))
                @if scene.view.renditions().next().is_some() {
                    (row(format!("/data/{}", torrent::SHEETS), scene.t("data.sheets_torrent")))
                }
                (row("/data/refusals.csv".to_owned(), scene.t("data.refusals")))
                (row("/ledger/checkpoint".to_owned(), scene.t("data.checkpoint")))
            }))
        }
        section {
            h2 { (scene.t("data.documents")) }
            p.note { (scene.t("data.documents_lead")) }
            (table(scene, html! {
                @for (hash, key) in documents { (document(hash, scene.t(key))) }
                @for file in count.results_files() { (document(&file, scene.t("data.results"))) }
                @for file in official_documents(count) { (document(&file, scene.t("data.official"))) }
                @for list in count.audit_lists() { (document(&list.document, scene.t("data.audit_list"))) }
            }))
        }
        section {
            h2 { (scene.t("data.api")) }
            p {
                (scene.language.compose("data.api_lead", &[
                    ("whole", html! { a href=(scene.json_of_unit(UnitIndex::WHOLE)) { code { "/index.json" } } }),
                    ("ending", html! { code { ".json" } }),
                ]))
            }
            p {
                (scene.language.compose("data.feed", &[("feed", html! { a href=(scene.feed()) { code { (scene.feed()) } } })])) " "
                (scene.language.compose("data.widget", &[("widget", html! { a href=(scene.to(Page::Widget(UnitIndex::WHOLE))) { code { (scene.to(Page::Widget(UnitIndex::WHOLE))) } } })]))
            }
            p { (scene.language.compose("data.verify", &[("command", html! { code { "testigo verify" } }), ("method", html! { a href=(scene.to(Page::Method)) { (scene.t("frame.method")) } })])) }
        }
    };
    let title = scene.t("data.title").to_owned();
    Inside {
        description: scene.language.fill("data.lead", &[("size", &scene.n(scene.view.head.size))]),
        title,
        json: None,
        main,
    }
}

/// The documents that proclaimed figures stand in, each once.
fn official_documents(count: &Count) -> BTreeSet<DocumentHash> {
    count.officials().map(|one| one.entry.document).collect()
}

fn table(scene: Scene<'_>, rows: Markup) -> Markup {
    html! {
        table.files {
            caption.hidden { (scene.t("data.title")) }
            thead.hidden { tr { th scope="col" { (scene.t("data.file")) } th scope="col" { (scene.t("data.what")) } } }
            tbody { (rows) }
        }
    }
}

fn document(hash: &DocumentHash, what: &str) -> Markup {
    html! { tr { th scope="row" { a href=(document_path(hash)) title=(hash) download { code { (short_hash(&hash.to_string())) } } } td { (what) } } }
}
