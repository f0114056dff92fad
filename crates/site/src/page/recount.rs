//! The page on which a visitor's own browser counts the ledger again. What it does stands in `web/`; this gives it a form, a
//! place for its answer, and its words.

use maud::{Markup, html};

use super::{Inside, Scene};

/// What the script says in the reader's language begins with this.
const WORDS: &str = "recount.";

pub(super) fn draw(scene: Scene<'_>) -> Inside {
    let main = html! {
        h1 { (scene.t("recount.title")) }
        p.lead { (scene.t("recount.lead")) }
        noscript { p.empty { (elsewhere(scene, "recount.script")) } }
        div.recount data-recount lang=(scene.code()) {
            form data-part="form" hidden {
                p data-part="folder" hidden {
                    label { span { (scene.t("recount.folder")) } input type="file" webkitdirectory multiple; }
                }
                p.actions {
                    button type="submit" value="count" { (scene.t("recount.start")) }
                    button type="submit" value="everything" { (scene.t("recount.everything")) }
                }
                p.note { (scene.t("recount.everything_note")) }
                p.actions {
                    label { span { (scene.t("recount.sheets")) } input data-part="sheets" inputmode="numeric" autocomplete="off"; }
                    button type="submit" value="pictures" { (scene.t("recount.pictures")) }
                }
                p.note { (scene.t("recount.sheets_note")) }
                p {
                    label { span { (scene.t("recount.receipts")) } input data-part="receipts" type="file" accept=".tlog-proof" multiple; }
                    span.note { (scene.t("recount.receipts_note")) }
                }
                p.remember {
                    label { input type="checkbox" checked data-part="remember"; " " (scene.t("recount.remember")) }
                    span.note { (scene.t("recount.remember_note")) " " button.plain type="button" data-part="forget" { (scene.t("recount.forget")) } }
                }
                details {
                    summary { (scene.t("recount.options")) }
                    (field(scene, "key", "recount.key", "recount.key_note", 2))
                    (field(scene, "policy", "recount.policy", "recount.policy_note", 5))
                }
            }
            progress data-part="bar" hidden value="0" max="1" {}
            p role="status" data-part="status" {}
            div data-part="result" tabindex="-1" hidden {}
            template data-part="texts" {
                @for (key, text) in scene.language.texts().filter(|(key, _)| key.starts_with(WORDS)) { p data-key=(key) { (text) } }
            }
        }
        p.note { (elsewhere(scene, "recount.trust")) }
        script src=(scene.view.recount.path) defer {}
    };
    let title = scene.t("recount.title").to_owned();
    Inside { description: scene.t("recount.lead").to_owned(), title, json: None, main }
}

/// A sentence that names the other two ways to check.
fn elsewhere(scene: Scene<'_>, key: &str) -> Markup {
    scene.language.compose(
        key,
        &[
            ("checker", html! { a href="/checker/testigo_check.py" { code { "testigo_check.py" } } }),
            ("command", html! { code { "testigo verify" } }),
        ],
    )
}

fn field<'a>(scene: Scene<'a>, part: &str, label: &'a str, note: &'a str, rows: u8) -> Markup {
    html! {
        p {
            label { span { (scene.t(label)) } textarea data-part=(part) rows=(rows) spellcheck="false" autocomplete="off" {} }
            span.note { (scene.t(note)) }
        }
    }
}
