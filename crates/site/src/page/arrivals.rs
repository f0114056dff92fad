//! How sheets came in over time, from the rounded times of the batches in which they arrived.

use std::fmt::Write;

use maud::{Markup, html};

use super::Scene;

const WIDE: u64 = 600;
const HIGH: u64 = 120;

/// Fewer moments are told in the sentence alone.
const FEWEST: usize = 4;

/// The chart; only a sentence where everything came at once, and nothing where no picture has arrived.
pub(super) fn chart(scene: Scene<'_>) -> Markup {
    let mut batches: Vec<(u64, u64)> = Vec::new();
    for (_, intake) in scene.view.count.intakes() {
        batches.push((intake.time, u64::try_from(intake.picture_count()).unwrap_or(u64::MAX)));
    }
    batches.sort_unstable();
    let mut sums: Vec<(u64, u64)> = Vec::new();
    let mut sum: u64 = 0;
    for (time, pictures) in batches {
        sum = sum.saturating_add(pictures);
        match sums.last_mut() {
            Some(last) if last.0 == time => last.1 = sum,
            _ => sums.push((time, sum)),
        }
    }
    let (Some((first, _)), Some((last, all))) = (sums.first().copied(), sums.last().copied()) else { return html! {} };
    let moment = |seconds: u64| scene.language.moment(seconds);
    let half = sums.iter().find(|(_, sum)| sum * 2 >= all).map_or(last, |(time, _)| *time);
    let sentence = if first == last {
        scene.language.fill("arrivals.at_once", &[("number", &scene.n(all)), ("time", &moment(first))])
    } else {
        scene.language.fill(
            "arrivals.over_time",
            &[("number", &scene.n(all)), ("first", &moment(first)), ("half", &moment(half)), ("last", &moment(last))],
        )
    };
    html! {
        section {
            h2 { (scene.t("arrivals.title")) }
            @if sums.len() >= FEWEST {
                svg.chart viewBox=(format!("0 0 {WIDE} {HIGH}")) role="img" aria-label=(sentence) preserveAspectRatio="none" {
                    path d=(line(&sums, first, last, all)) {}
                }
                p.axis aria-hidden="true" { span { (moment(first)) } span { (moment(last)) } }
            }
            p.note { (sentence) }
        }
    }
}

/// Steps upwards: between two batches nothing came. On a page from right to left time still runs to the right.
fn line(sums: &[(u64, u64)], first: u64, last: u64, all: u64) -> String {
    let mut path = format!("M0 {HIGH}");
    let mut column = None;
    for (time, sum) in sums {
        let x = (time - first) * WIDE / (last - first);
        let y = HIGH - sum * (HIGH - 4) / all.max(1);
        // Many batches in one column of the drawing are one step.
        if column != Some(x) {
            let _ = write!(path, "H{x}");
            column = Some(x);
        }
        let _ = write!(path, "V{y}");
    }
    let _ = write!(path, "H{WIDE}V{HIGH}z");
    path
}
