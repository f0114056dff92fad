//! How the count works here, from the rule's own values, and what it does not prove.

use maud::{Markup, html};

use super::parts::list_name;
use super::station::state_sentence;
use super::{Inside, Scene};
use crate::address::{Page, StationList};

/// What the site does not prove, each with a text of its own.
const LIMITS: [&str; 5] = [
    "method.limit_genuine",
    "method.limit_missing",
    "method.limit_register",
    "method.limit_people",
    "method.limit_operator",
];

pub(super) fn draw(scene: Scene<'_>) -> Inside {
    let count = &scene.view.count;
    let main = html! {
        h1 { (scene.t("method.title")) }
        p.lead { (scene.t("method.lead")) }
        section { h2 { (scene.t("method.rule_title")) } (rule(scene)) }
        section {
            h2 { (scene.t("method.states_title")) }
            dl.states-explained {
                @for list in StationList::all() {
                    dt id=(list.word()) { (list_name(scene, list)) }
                    dd {
                        (match list {
                            StationList::In(state) => scene.t(state_sentence(state)),
                            StationList::Objected => scene.t("list.objected.sentence"),
                        })
                    }
                }
            }
        }
        section {
            h2 { (scene.t("method.limits_title")) }
            ul.notes { @for key in LIMITS { li { (scene.t(key)) } } }
        }
        section {
            h2 { (scene.t("method.check_title")) }
            p {
                (scene.language.compose("method.check", &[
                    ("command", html! { code { "testigo verify" } }),
                    ("data", html! { a href=(scene.to(Page::Data)) { (scene.t("frame.data")) } }),
                    ("size", html! { (scene.n(scene.view.head.size)) }),
                ]))
            }
            p { a href=(scene.to(Page::Recount)) { (scene.t("recount.link")) } }
            p.root { code { (scene.view.head.origin) } " · " code { (scene.view.head.root) } }
            p { (scene.witnessed()) " " (scene.t("method.witnesses")) }
            @let keys: Vec<Markup> = count.adjudicators().map(|(name, _)| html! { b { (name) } }).collect();
            @if !keys.is_empty() { p { (scene.language.compose("method.adjudicators", &[("names", scene.language.list(&keys))])) } }
        }
        section { h2 { (scene.t("method.privacy_title")) } p { (scene.t("method.privacy")) } }
    };
    let title = scene.t("method.title").to_owned();
    Inside { description: scene.t("method.lead").to_owned(), title, json: None, main }
}

/// The counting rule of entry 0 in words.
fn rule(scene: Scene<'_>) -> Markup {
    let rule = &scene.view.count.election().counting;
    html! {
        p { (scene.t("method.rule_lead")) }
        ul.notes {
            li { (scene.t(if rule.qr_from_custody { "method.rule_code" } else { "method.rule_no_code" })) }
            li {
                @if rule.people > 0 { (scene.language.count("method.rule_people", u64::from(rule.people))) }
                @else { (scene.t("method.rule_no_people")) }
            }
            li { (scene.t(if rule.single_published { "method.rule_published" } else { "method.rule_no_published" })) }
            li { (scene.language.count("method.rule_ruling", u64::from(rule.signatures))) }
        }
        p { (scene.t("method.rule_dispute")) }
        p { (scene.t("method.rule_public")) }
    }
}
