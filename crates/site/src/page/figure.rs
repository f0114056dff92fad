//! The picture of a comparison: for the candidates that matter, the votes on the sheets, those proclaimed, and the mark that
//! the proclaimed figure cannot be below (or above) if the sheets are genuine. Drawn as SVG in the page; what it shows is said
//! in its title and description too.

use maud::{Markup, html};
use testigo_analysis::comparison::{BulletinComparison, Comparison};

use super::Scene;
use crate::assets::color_class;

/// Width of the drawing in its own units; the page scales it.
const WIDTH: u64 = 440;
/// Width of a letter of the text beside a mark, rather too much than too little.
const LETTER: u64 = 7;
/// Candidates in the picture at most.
const SHOWN: usize = 3;
/// Height of one candidate's block.
const BLOCK: u64 = 108;

/// One candidate's part of the picture.
struct Row {
    candidate: usize,
    on_sheets: u64,
    proclaimed: u64,
    /// The bound that the proclaimed figure breaks.
    bound: Option<Bound>,
}

enum Bound {
    AtLeast(u64),
    AtMost(u64),
}

impl Bound {
    fn votes(&self) -> u64 {
        match self {
            Self::AtLeast(votes) | Self::AtMost(votes) => *votes,
        }
    }
}

pub(super) fn draw(scene: Scene<'_>, comparison: &Comparison, bulletin: &BulletinComparison) -> Markup {
    let rows = rows(comparison, bulletin);
    if rows.is_empty() {
        return html! {};
    }
    let contest = scene.contest();
    let most =
        rows.iter().flat_map(|row| [row.on_sheets, row.proclaimed, row.bound.as_ref().map_or(0, Bound::votes)]).max();
    let most = most.unwrap_or(1).max(1);
    let length =
        |votes: u64| u64::try_from(u128::from(votes) * u128::from(WIDTH - 2) / u128::from(most)).unwrap_or(WIDTH);
    let height = BLOCK * rows.len() as u64;
    let id = format!("picture-{}", bulletin.figures.bulletin);
    let texts: Vec<[String; 3]> = rows.iter().map(|row| texts(scene, row)).collect();
    html! {
        figure.picture {
            svg viewBox=(format!("0 0 {WIDTH} {height}")) role="img" aria-labelledby=(format!("{id}-title {id}-text")) {
                title id=(format!("{id}-title")) { (scene.t("compare.picture")) }
                desc id=(format!("{id}-text")) {
                    @for (row, [sheets, proclaimed, bound]) in rows.iter().zip(&texts) {
                        (scene.candidate(contest, row.candidate)) ". " (sheets) ". " (proclaimed) ". " (bound) " "
                    }
                }
                @for ((at, row), [sheets, proclaimed, bound]) in rows.iter().enumerate().zip(&texts) {
                    @let top = BLOCK * at as u64;
                    @let class = color_class(contest, row.candidate);
                    g {
                        text.name x="0" y=(top + 14) { (scene.candidate(contest, row.candidate)) }
                        text x="0" y=(top + 30) { (sheets) }
                        rect x="0" y=(top + 35) height="13" width=(length(row.on_sheets)) class=(class) {}
                        text x="0" y=(top + 64) { (proclaimed) }
                        rect x="0" y=(top + 69) height="13" width=(length(row.proclaimed)) class=(class) {}
                        rect x="0" y=(top + 69) height="13" width=(length(row.proclaimed)) fill="url(#p1)" {}
                        @if let Some(mark) = &row.bound {
                            @let (from, to) = (length(row.proclaimed).min(length(mark.votes())), length(row.proclaimed).max(length(mark.votes())));
                            rect.gap x=(from) y=(top + 69) height="13" width=(to - from) {}
                            line.mark x1=(length(mark.votes())) x2=(length(mark.votes())) y1=(top + 65) y2=(top + 86) {}
                            // The text ends at the mark where it has room to the left of it.
                            @let room = length(mark.votes()) >= LETTER * bound.chars().count() as u64;
                            text.bound x=(if room { length(mark.votes()) } else { 0 })
                                y=(top + 98) text-anchor=(if room { "end" } else { "start" }) { (bound) }
                        }
                    }
                }
            }
        }
    }
}

fn texts(scene: Scene<'_>, row: &Row) -> [String; 3] {
    let fill = |key: &str, votes: u64| scene.language.fill(key, &[("votes", &scene.n(votes))]);
    let bound = match row.bound {
        Some(Bound::AtLeast(votes)) => fill("compare.at_least", votes),
        Some(Bound::AtMost(votes)) => fill("compare.at_most", votes),
        None => String::new(),
    };
    [fill("compare.on_sheets", row.on_sheets), fill("compare.proclaimed", row.proclaimed), bound]
}

/// The first two on the sheets and the first two of the proclamation, with the bounds that hold under every meaning.
fn rows(comparison: &Comparison, bulletin: &BulletinComparison) -> Vec<Row> {
    let mut shown: Vec<usize> = Vec::new();
    for candidate in comparison.ranking.iter().take(2).copied().chain(bulletin.ranking().into_iter().take(2)) {
        if !shown.contains(&candidate) && shown.len() < SHOWN {
            shown.push(candidate);
        }
    }
    let row = |candidate: usize| {
        let line = bulletin.lines.get(candidate)?;
        let headline = bulletin.headline.iter().find(|one| one.candidate == candidate);
        let under = |meaning| {
            let reading = bulletin.readings.iter().find(|reading| reading.meaning == meaning)?;
            reading.bounds.iter().find(|bounds| bounds.candidate == candidate)
        };
        let bound = headline.filter(|_| bulletin.both_cannot_be_right()).and_then(|headline| {
            if headline.missing > 0 {
                under(headline.missing_under).map(|bounds| Bound::AtLeast(bounds.at_least))
            } else if headline.too_many > 0 {
                under(headline.too_many_under).and_then(|bounds| bounds.at_most).map(Bound::AtMost)
            } else {
                None
            }
        });
        Some(Row { candidate, on_sheets: line.on_sheets, proclaimed: line.proclaimed?, bound })
    };
    shown.into_iter().filter_map(row).collect()
}
