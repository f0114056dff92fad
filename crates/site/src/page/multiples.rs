//! One small map for each of the first candidates, side by side: where each is strong, which a map of who leads cannot show.

use maud::{Markup, PreEscaped, html};
use testigo_count::geography::UnitIndex;

use super::Scene;
use super::map::Steps;
use crate::assets::color_class;
use crate::language::Share;
use crate::map::{Form, Picture, WIDTH};

/// Candidates with a map of their own.
const MOST: usize = 4;

/// A candidate with less than one part in so many of these units' votes has no map: it would be pale all over.
const LEAST_PART: u64 = 20;

/// Letters of the outlines of one map: up to here its copies weigh little, since a page is compressed over the last 32,768.
const MOST_LETTERS: usize = 12_000;

/// Shares from so many hundredths of a percent on are one step darker.
const SHARES: [u64; 4] = [1_000, 2_500, 4_000, 5_500];

/// The small maps of these units; nothing where there is too little to compare or too much to draw.
pub(super) fn draw(scene: Scene<'_>, units: &[UnitIndex], picture: &Picture) -> Markup {
    let contest = scene.contest();
    let votes_of = |candidate: usize| -> u64 {
        units.iter().filter_map(|unit| scene.view.count.unit_votes(contest, *unit).0.get(candidate)).sum()
    };
    let ranking = &scene.view.ranking[contest];
    let least = ranking.iter().map(|at| votes_of(*at)).sum::<u64>().div_ceil(LEAST_PART).max(1);
    let candidates: Vec<usize> = ranking.iter().copied().filter(|at| votes_of(*at) >= least).take(MOST).collect();
    let letters: usize = picture.shapes.iter().map(|shape| letters(&shape.form)).sum();
    if units.len() < 3 || candidates.len() < 2 || letters > MOST_LETTERS {
        return html! {};
    }
    let steps = Steps(SHARES);
    html! {
        section.multiples {
            h2 { (scene.t("multiples.title")) }
            ul {
                @for at in candidates {
                    @let shares = shares(scene, units, at);
                    li {
                        figure.map {
                            // What it shows is said below in words, and every number stands in the table.
                            svg viewBox=(format!("-2 -2 {} {}", WIDTH + 4, picture.height + 4)) aria-hidden="true" focusable="false" {
                                @for shape in &picture.shapes {
                                    @let share = shares.iter().find(|(unit, _)| *unit == shape.unit).map(|(_, share)| *share);
                                    @let class = share.map_or_else(|| "m0".to_owned(), |share| format!("{} m{}", color_class(contest, at), steps.of(share)));
                                    @match &shape.form {
                                        Form::Path(path) => { path class=(class) fill-rule="evenodd" d=(PreEscaped(path)) {} }
                                        Form::Tile(x, y, side) => { rect class=(class) x=(x) y=(y) width=(side) height=(side) rx="3" {} }
                                    }
                                }
                            }
                            figcaption { strong { (scene.candidate_short(contest, at)) } " " span { (range(scene, &shares)) } }
                        }
                    }
                }
            }
            p.note { (scene.language.fill("multiples.steps", &[("steps", &limits(scene))])) }
        }
    }
}

fn letters(form: &Form) -> usize {
    match form {
        Form::Path(path) => path.len() + 50,
        Form::Tile(..) => 70,
    }
}

/// The candidate's share in each unit with votes, in hundredths of a percent.
fn shares(scene: Scene<'_>, units: &[UnitIndex], candidate: usize) -> Vec<(UnitIndex, u64)> {
    let share = |unit: &UnitIndex| {
        let votes = scene.view.count.unit_votes(scene.contest(), *unit).0;
        Share::of(*votes.get(candidate)?, votes.iter().sum()).map(|share| (*unit, share.hundredths()))
    };
    units.iter().filter_map(share).collect()
}

/// From the weakest to the strongest unit.
fn range(scene: Scene<'_>, shares: &[(UnitIndex, u64)]) -> String {
    let least = shares.iter().min_by_key(|(_, share)| *share);
    let most = shares.iter().max_by_key(|(_, share)| *share);
    match (least, most) {
        (Some((weak, least)), Some((strong, most))) => scene.language.fill(
            "multiples.range",
            &[
                ("least", &scene.language.share(*least)),
                ("weak", scene.unit_name(*weak)),
                ("most", &scene.language.share(*most)),
                ("strong", scene.unit_name(*strong)),
            ],
        ),
        _ => String::new(),
    }
}

fn limits(scene: Scene<'_>) -> String {
    SHARES.map(|limit| scene.language.number(limit / 100)).join(" · ")
}
