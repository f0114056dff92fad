//! The result of a unit in a small frame for other sites. It has no script and loads nothing but the style sheet.

use maud::{DOCTYPE, Markup, html};
use testigo_count::geography::UnitIndex;

use super::Scene;
use super::parts::patterns;
use crate::address::Page;

pub(super) fn draw(scene: Scene<'_>, unit: UnitIndex) -> Markup {
    let (count, contest) = (&scene.view.count, scene.contest());
    let (votes, others) = count.unit_votes(contest, unit);
    let leader = scene.leader_sentence(contest, votes);
    html! {
        (DOCTYPE)
        html lang=(scene.code()) dir=(scene.language.direction()) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width,initial-scale=1";
                meta name="robots" content="noindex";
                title { (scene.unit_name(unit)) ": " (leader) }
                meta name="color-scheme" content="light dark";
                link rel="stylesheet" href=(scene.view.style.path);
                link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
            }
            body.widget {
                (patterns())
                main {
                    h1 { small { (scene.unit_name(unit)) " · " (scene.view.contest(contest).title.in_language(scene.code())) } (leader) }
                    p.lead { (scene.coverage_sentence(unit)) }
                    (scene.result(contest, votes, others))
                    p { a href=(scene.to(Page::Unit(unit, 1))) target="_blank" rel="noopener" { (scene.t("widget.more")) } }
                }
            }
        }
    }
}
