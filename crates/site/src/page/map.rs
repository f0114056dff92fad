//! Maps: every unit a link with its figures in words, shaded in five steps, and the same as a picture without script.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use maud::{Markup, PreEscaped, html};
use testigo_analysis::comparison::{PlaceComparison, ShareDifference};
use testigo_count::geography::UnitIndex;

use super::parts::{Column, PATTERNS, patterns};
use super::unit::by_level;
use super::{Inside, Scene};
use crate::address::{Measure, Page};
use crate::assets::color_class;
use crate::language::Share;
use crate::map::{Form, Shape, WIDTH};
use crate::view::{View, ranked};

/// No map has more units: it could no longer be read, and its page would be heavy.
const MOST: usize = 2_000;

/// Leads from so many hundredths of a point on are one step darker.
const LEADS: [u64; 4] = [500, 1_000, 2_000, 4_000];

/// Shares that differ by so many hundredths of a point are one step darker.
const DIFFERENCES: [u64; 4] = [100, 200, 500, 1_000];

/// A label needs so much room, in units of the drawing.
const LABEL_ROOM: (u32, u32) = (46, 20);

/// How wide a letter of a name is, in units of the drawing.
const LETTER: u32 = 9;
const LETTER_ON_A_PHONE: u32 = 13;

/// How a unit is painted and what is said of it.
struct Paint {
    class: String,
    pattern: usize,
    label: String,
    words: String,
    name: String,
    /// Whether the shape is so dark that letters on it must be light.
    deep: bool,
}

impl Paint {
    /// Nothing to show.
    fn empty(name: &str, words: String) -> Self {
        let (class, label) = ("m0".to_owned(), String::new());
        Self { class, pattern: 0, label, words, name: name.to_owned(), deep: false }
    }

    /// A step, 1 to 5, without anybody's colour.
    fn step(name: &str, step: usize, label: String, words: String) -> Self {
        Self { class: format!("m{step}"), pattern: 0, label, words, name: name.to_owned(), deep: step > 3 }
    }
}

/// Steps of a measure in hundredths of a percent: the lower limits of the second to the fifth.
#[derive(Clone, Copy)]
pub(super) struct Steps(pub(super) [u64; 4]);

impl Steps {
    /// Equal steps of whole percents over what there is.
    fn over(values: impl Iterator<Item = u64> + Clone) -> Self {
        let (least, most) = (values.clone().min().unwrap_or(0) / 100, values.max().unwrap_or(0).div_ceil(100));
        let step = most.saturating_sub(least).div_ceil(5).max(1);
        Self([1, 2, 3, 4].map(|at| (least + step * at) * 100))
    }

    /// The step of a value, 1 to 5.
    pub(super) fn of(self, value: u64) -> usize {
        1 + self.0.iter().filter(|limit| value >= **limit).count()
    }
}

/// Whether a level has a map of its own.
pub fn has_map(view: &View, level: usize) -> bool {
    let geography = view.count.geography();
    let units = view.places.units().iter().filter(|unit| geography.unit_level(**unit) == Some(level)).take(MOST + 1);
    (2..=MOST).contains(&units.count())
}

/// What the map of a level can show: a difference only where something was proclaimed for units of that level.
pub fn measures(view: &View, contest: usize, level: usize) -> impl Iterator<Item = Measure> {
    let geography = view.count.geography();
    let differs = differences(view, contest).keys().any(|unit| geography.unit_level(*unit) == Some(level));
    Measure::ALL.into_iter().filter(move |measure| *measure != Measure::Difference || differs)
}

/// A measure where the map of a level has it, else who leads.
pub(super) fn offered(view: &View, contest: usize, level: usize, measure: Measure) -> Measure {
    measures(view, contest, level).find(|one| *one == measure).unwrap_or(Measure::Lead)
}

/// The page of all units of a level.
pub(super) fn draw(scene: Scene<'_>, level: usize, measure: Measure) -> Option<Inside> {
    if !has_map(scene.view, level) || !measures(scene.view, scene.contest(), level).any(|one| one == measure) {
        return None;
    }
    let count = &scene.view.count;
    let plural = count.pack().levels.get(level)?.plural.in_language(scene.code());
    let one = count.pack().levels.get(level)?.name.in_language(scene.code());
    let units = units_of_level(scene, level);
    let title = scene.language.fill(title_key(measure), &[("unit", &scene.language.noun(one))]);
    let main = html! {
        (patterns())
        (scene.trail(&[UnitIndex::WHOLE], Some(&title)))
        (scene.contests())
        h1 { (title) }
        p.lead {
            (scene.coverage_sentence(UnitIndex::WHOLE))
            @if measure == Measure::Difference { " " (scene.t("map.difference_how")) " " a href=(scene.to(Page::Compare(UnitIndex::WHOLE))) { (scene.t("compare.link")) } }
        }
        (measure_choices(scene, level, measure))
        @if let Some(drawn) = figure(scene, &units, measure, true) { (drawn) }
        (levels(scene, level, measure))
        section {
            h2 { (plural) }
            (table(scene, &units, measure, [plural, one]))
        }
    };
    Some(Inside { description: scene.coverage_sentence(UnitIndex::WHOLE), title, json: None, main })
}

fn units_of_level(scene: Scene<'_>, level: usize) -> Vec<UnitIndex> {
    let geography = scene.view.count.geography();
    let mut units: Vec<UnitIndex> =
        scene.view.places.units().iter().copied().filter(|unit| geography.unit_level(*unit) == Some(level)).collect();
    units.sort_by_key(|unit| geography.unit_code(*unit));
    units
}

/// The units with what the map shows of each in figures, where the result's own columns do not say it.
fn table(scene: Scene<'_>, units: &[UnitIndex], measure: Measure, [plural, one]: [&str; 2]) -> Markup {
    let contest = scene.contest();
    let none = || html! { (scene.t("number.none")) };
    let differences = differences_shown(scene, measure);
    let cell = |unit: UnitIndex| match measure {
        Measure::Lead => none(),
        Measure::Turnout => {
            scene.turnout_share(unit).map_or_else(none, |share| html! { (scene.language.share(share)) })
        }
        Measure::Coverage => {
            let (counted, of) = scene.counted_of(unit);
            if of == 0 {
                none()
            } else {
                html! { (scene.language.percent(u64::from(counted), u64::from(of))) }
            }
        }
        Measure::Difference => differences.get(&unit).map_or_else(none, |difference| {
            let shares = [
                ("proclaimed", scene.language.share(difference.proclaimed)),
                ("sheets", scene.language.share(difference.on_sheets)),
            ];
            let shares = shares.each_ref().map(|(name, share)| (*name, share.as_str()));
            html! {
                (scene.signed_points(*difference)) " " (scene.candidate_short(contest, difference.candidate))
                span.shares { (scene.language.fill("map.both_shares", &shares)) }
            }
        }),
    };
    let heading = scene.t(match measure {
        Measure::Difference => "map.difference_column",
        other => measure_key(other),
    });
    let further = Column { heading, cell: &cell };
    scene.unit_table(contest, units, plural, one, (measure != Measure::Lead).then_some(&further))
}

/// Of every unit with figures for all candidates, by its latest bulletin, how far they are from its sheets.
fn differences(view: &View, contest: usize) -> BTreeMap<UnitIndex, ShareDifference> {
    let Some(comparison) = view.comparison(contest, UnitIndex::WHOLE) else {
        return BTreeMap::new();
    };
    let of = |place: &PlaceComparison| Some((place.unit?, place.widest_difference(&comparison.ranking)?));
    comparison.units.iter().filter_map(of).collect()
}

/// The same, where the map shows it.
fn differences_shown(scene: Scene<'_>, measure: Measure) -> BTreeMap<UnitIndex, ShareDifference> {
    match measure {
        Measure::Difference => differences(scene.view, scene.contest()),
        _ => BTreeMap::new(),
    }
}

/// The units directly below one that a map can show, with the name of one of them.
fn children(scene: Scene<'_>, unit: UnitIndex) -> Option<(&str, &[UnitIndex])> {
    let groups = by_level(scene, scene.view.places.child_units(unit));
    let (_, one, children) = groups.into_iter().max_by_key(|(_, _, units)| units.len())?;
    (2..=MOST).contains(&children.len()).then_some((one, children))
}

/// Small maps of the same units, one for each of the first candidates.
pub(super) fn multiples(scene: Scene<'_>, unit: UnitIndex) -> Markup {
    match children(scene, unit) {
        Some((_, units)) => super::multiples::draw(scene, units, &scene.view.maps.picture(&scene.view.count, units)),
        None => html! {},
    }
}

/// The map of the units directly below one, with the way to other measures and to the map of a whole level.
pub(super) fn of_children(scene: Scene<'_>, unit: UnitIndex) -> Markup {
    let Some((one, children)) = children(scene, unit) else {
        return html! {};
    };
    let level = children.first().and_then(|child| scene.view.count.geography().unit_level(*child));
    html! {
        div.mapped {
            h2 { (scene.language.fill("map.lead", &[("unit", &scene.language.noun(one))])) }
            @if let Some(drawn) = figure(scene, children, Measure::Lead, true) { (drawn) }
            @if let Some(level) = level.filter(|_| unit == UnitIndex::WHOLE) { (measure_choices(scene, level, Measure::Lead)) (levels(scene, level, Measure::Lead)) }
        }
    }
}

fn title_key(measure: Measure) -> &'static str {
    match measure {
        Measure::Lead => "map.lead",
        Measure::Turnout => "map.turnout",
        Measure::Coverage => "map.coverage",
        Measure::Difference => "map.difference",
    }
}

fn measure_key(measure: Measure) -> &'static str {
    match measure {
        Measure::Lead => "map.measure_lead",
        Measure::Turnout => "map.measure_turnout",
        Measure::Coverage => "map.measure_coverage",
        Measure::Difference => "map.measure_difference",
    }
}

/// Links to the other measures of a level.
fn measure_choices(scene: Scene<'_>, level: usize, now: Measure) -> Markup {
    html! {
        nav.choices aria-label=(scene.t("map.measures")) {
            @for measure in measures(scene.view, scene.contest(), level) {
                a href=(scene.to(Page::Map(level, measure))) aria-current=[(measure == now).then_some("true")] { (scene.t(measure_key(measure))) }
            }
        }
    }
}

/// Links to the maps of other levels.
fn levels(scene: Scene<'_>, now: usize, measure: Measure) -> Markup {
    let all = scene.view.count.pack().unit_levels();
    let levels: Vec<usize> = (0..all.len()).filter(|level| has_map(scene.view, *level)).collect();
    html! {
        @if levels.len() > 1 {
            nav.choices aria-label=(scene.t("map.levels")) {
                @for level in levels {
                    @let measure = offered(scene.view, scene.contest(), level, measure);
                    a href=(scene.to(Page::Map(level, measure))) aria-current=[(level == now).then_some("true")] { (all[level].plural.in_language(scene.code())) }
                }
            }
        }
    }
}

/// The drawing with its legend. `labels`: whether values are written where there is room.
fn figure(scene: Scene<'_>, units: &[UnitIndex], measure: Measure, labels: bool) -> Option<Markup> {
    let picture = scene.view.maps.picture(&scene.view.count, units);
    let steps = match measure {
        Measure::Lead => Steps(LEADS),
        Measure::Coverage => Steps([2_500, 5_000, 7_500, 10_000]),
        Measure::Difference => Steps(DIFFERENCES),
        Measure::Turnout => {
            let values: Vec<u64> = units.iter().filter_map(|unit| scene.turnout_share(*unit)).collect();
            Steps::over(values.iter().copied())
        }
    };
    let differences = differences_shown(scene, measure);
    let mut paints: Vec<Paint> =
        picture.shapes.iter().map(|shape| paint(scene, shape.unit, measure, steps, &differences)).collect();
    shorten_names(scene, &picture.shapes, &mut paints);
    let name = scene.t(measure_key(measure));
    Some(html! {
        figure.map data-map data-closer=(scene.t("map.closer")) data-farther=(scene.t("map.farther")) data-everything=(scene.t("map.everything")) {
            svg viewBox=(format!("-2 -2 {} {}", WIDTH + 4, picture.height + 4)) role="group" aria-label=(name) {
                @for (shape, paint) in picture.shapes.iter().zip(&paints) {
                    a href=(scene.to(Page::Unit(shape.unit, 1))) aria-label=(paint.words) {
                        title { (paint.words) }
                        (form(&shape.form, &paint.class, None))
                        @if paint.pattern > 0 { (form(&shape.form, "", Some(paint.pattern))) }
                    }
                }
                // Above all shapes, and not read aloud: each link says more in words.
                @if labels { g aria-hidden="true" { @for (shape, paint) in picture.shapes.iter().zip(&paints) { (label(shape, paint)) } } }
            }
            figcaption { (legend(scene, &picture.shapes, measure, steps)) }
        }
    })
}

fn form(form: &Form, class: &str, pattern: Option<usize>) -> Markup {
    let class = (!class.is_empty()).then_some(class);
    let fill = pattern.map(|pattern| format!("url(#p{pattern})"));
    match form {
        Form::Path(path) => html! { path class=[class] fill=[fill] fill-rule="evenodd" d=(PreEscaped(path)) {} },
        Form::Tile(x, y, side) => {
            html! { rect class=[class] fill=[fill] x=(x) y=(y) width=(side) height=(side) rx="3" {} }
        }
    }
}

fn label(shape: &Shape, paint: &Paint) -> Markup {
    let (x, y) = shape.middle;
    let fits = shape.room.0 >= LABEL_ROOM.0 && shape.room.1 >= LABEL_ROOM.1;
    html! {
        @match &shape.label {
            Some(name) if shape.room.0 >= 30 => {
                text.deep[paint.deep] x=(x) y=(y - 3) { (name) }
                text.value.deep[paint.deep] x=(x) y=(y + 13) { (paint.label) }
            }
            None if shape.room.1 >= 60 && shape.room.0 >= letters(&paint.name) * LETTER => {
                // On a phone letters are larger within the drawing, and only short names stay.
                @let long = shape.room.0 < letters(&paint.name) * LETTER_ON_A_PHONE;
                text.deep[paint.deep].long[long] x=(x) y=(y - 3) { (paint.name) }
                text.value.deep[paint.deep] x=(x) y=(y + 13) { (paint.label) }
            }
            None if fits => { text.value.deep[paint.deep] x=(x) y=(y + 5) { (paint.label) } }
            _ => {}
        }
    }
}

/// Tiles in rows stand nowhere in particular, so each needs to be told from the others: by its name where all names fit, or else
/// by the part of its code that its neighbours do not share. The table below a map has both. So do units without a name.
fn shorten_names(scene: Scene<'_>, shapes: &[Shape], paints: &mut [Paint]) {
    let geography = scene.view.count.geography();
    let codes: Vec<&str> = shapes.iter().map(|shape| geography.unit_code(shape.unit)).collect();
    let common = match codes.as_slice() {
        [first, rest @ ..] => {
            let same = |other: &&str| first.bytes().zip(other.bytes()).take_while(|(one, other)| one == other).count();
            rest.iter().map(same).min().unwrap_or(0)
        }
        [] => 0,
    };
    let are_tiles = |shape: &Shape| matches!(shape.form, Form::Tile(..)) && shape.label.is_none();
    let too_long = |(shape, paint): (&Shape, &Paint)| are_tiles(shape) && letters(&paint.name) * LETTER > shape.room.0;
    let by_code = shapes.iter().zip(&*paints).any(too_long);
    for (paint, code) in paints.iter_mut().zip(codes) {
        if by_code || paint.name == code {
            paint.name = code.get(common..).filter(|tail| !tail.is_empty()).unwrap_or(code).to_owned();
        }
    }
}

fn letters(text: &str) -> u32 {
    u32::try_from(text.chars().count()).unwrap_or(u32::MAX)
}

fn paint(
    scene: Scene<'_>,
    unit: UnitIndex,
    measure: Measure,
    steps: Steps,
    differences: &BTreeMap<UnitIndex, ShareDifference>,
) -> Paint {
    let count = &scene.view.count;
    let contest = scene.contest();
    let (votes, _) = count.unit_votes(contest, unit);
    let valid: u64 = votes.iter().sum();
    let place = scene.unit_name(unit);
    let empty = |words: String| Paint::empty(place, words);
    let plain = |value: u64, key: &str, share: String| {
        let words = scene.language.fill(key, &[("place", place), ("share", &share)]);
        Paint::step(place, steps.of(value), scene.language.number(value / 100), words)
    };
    match measure {
        Measure::Lead => {
            let order = ranked(votes);
            let (first, second) = (order.first().copied().unwrap_or(0), order.get(1).copied());
            let lead = votes.get(first).copied().unwrap_or(0) - second.map_or(0, |at| votes[at]);
            match Share::of(lead, valid) {
                None => empty(scene.language.fill("map.nothing", &[("place", place)])),
                Some(_) if lead == 0 => {
                    Paint { label: "=".to_owned(), ..empty(scene.language.fill("map.level", &[("place", place)])) }
                }
                Some(share) => Paint {
                    class: format!("{} m{}", color_class(contest, first), steps.of(share.hundredths())),
                    pattern: first % PATTERNS,
                    label: match share.hundredths() {
                        below @ ..100 => format!("+{}", scene.language.tenths(below)),
                        above => format!("+{}", (above + 50) / 100),
                    },
                    words: scene.language.fill(
                        "map.says_lead",
                        &[
                            ("place", place),
                            ("first", scene.candidate_short(contest, first)),
                            ("points", &scene.language.tenths(share.hundredths())),
                        ],
                    ),
                    name: place.to_owned(),
                    deep: steps.of(share.hundredths()) > 3,
                },
            }
        }
        Measure::Difference => paint_difference(scene, unit, differences.get(&unit).copied(), steps),
        Measure::Turnout => match scene.turnout_share(unit) {
            None => empty(scene.language.fill("map.no_turnout", &[("place", place)])),
            Some(value) => plain(value, "map.says_turnout", scene.language.share(value)),
        },
        Measure::Coverage => {
            let (counted, of) = scene.counted_of(unit);
            match Share::of(u64::from(counted), u64::from(of)) {
                None => empty(scene.language.fill("map.nothing", &[("place", place)])),
                Some(share) => {
                    let exact = scene.language.percent(u64::from(counted), u64::from(of));
                    plain(share.hundredths().min(if counted < of { 9_999 } else { 10_000 }), "map.says_coverage", exact)
                }
            }
        }
    }
}

/// A unit by how far what was proclaimed for it is from its sheets.
fn paint_difference(scene: Scene<'_>, unit: UnitIndex, difference: Option<ShareDifference>, steps: Steps) -> Paint {
    let place = scene.unit_name(unit);
    let Some(difference) = difference else {
        return Paint::empty(place, scene.language.fill("map.no_difference", &[("place", place)]));
    };
    let key = match difference.proclaimed.cmp(&difference.on_sheets) {
        Ordering::Greater => "map.says_more",
        Ordering::Less => "map.says_less",
        Ordering::Equal => "map.says_same",
    };
    let points = scene.language.tenths(difference.size());
    let words = scene.language.fill(
        key,
        &[
            ("place", place),
            ("name", scene.candidate_short(scene.contest(), difference.candidate)),
            ("points", &points),
            ("proclaimed", &scene.language.share(difference.proclaimed)),
            ("sheets", &scene.language.share(difference.on_sheets)),
        ],
    );
    Paint::step(place, steps.of(difference.size()), points, words)
}

impl Scene<'_> {
    /// How much larger a share is as proclaimed, in points with a sign.
    fn signed_points(&self, difference: ShareDifference) -> String {
        let sign = match difference.proclaimed.cmp(&difference.on_sheets) {
            Ordering::Greater => "+",
            Ordering::Less => "\u{2212}",
            Ordering::Equal => "",
        };
        format!("{sign}{}", self.language.tenths(difference.size()))
    }

    /// Counted stations, and those that are expected, as far as that is known.
    fn counted_of(&self, unit: UnitIndex) -> (u32, u32) {
        let expected = self.view.count.expected(self.contest(), unit);
        let counted = self.view.count.unit_totals(self.contest(), unit).counted;
        (counted, expected.known.unwrap_or(expected.at_least))
    }

    /// Turnout in hundredths of a percent where it is known.
    fn turnout_share(&self, unit: UnitIndex) -> Option<u64> {
        let totals = self.view.count.unit_totals(self.contest(), unit);
        let (votes, others) = self.view.count.unit_votes(self.contest(), unit);
        let known = totals.registered_in_counted > 0 && totals.counted_without_registered == 0;
        let share = Share::of(votes.iter().chain(others).sum(), totals.registered_in_counted)?;
        known.then(|| share.hundredths())
    }
}

fn swatch(class: &str, pattern: usize) -> Markup {
    html! {
        svg.swatch width="22" height="14" aria-hidden="true" focusable="false" {
            rect class=(class) width="22" height="14" {}
            @if pattern > 0 { rect width="22" height="14" fill=(format!("url(#p{pattern})")) {} }
        }
    }
}

fn legend(scene: Scene<'_>, shapes: &[Shape], measure: Measure, steps: Steps) -> Markup {
    let contest = scene.contest();
    let limits = |at: usize| {
        let whole = |hundredths: u64| scene.language.number(hundredths / 100);
        match (at.checked_sub(1).and_then(|at| steps.0.get(at)), steps.0.get(at)) {
            (None, Some(to)) => format!("<{}", whole(*to)),
            (Some(from), Some(to)) => format!("{}–{}", whole(*from), whole(*to)),
            (Some(from), None) => format!("≥{}", whole(*from)),
            (None, None) => String::new(),
        }
    };
    let leaders: Vec<usize> = match measure {
        Measure::Lead => {
            let leads = |at: &usize| {
                shapes.iter().any(|shape| {
                    let votes = scene.view.count.unit_votes(contest, shape.unit).0;
                    votes[*at] > 0 && ranked(votes).first() == Some(at)
                })
            };
            scene.view.ranking[contest].iter().copied().filter(leads).collect()
        }
        _ => Vec::new(),
    };
    let in_points = matches!(measure, Measure::Lead | Measure::Difference);
    let unit = if in_points { "map.in_points" } else { "map.in_percent" };
    html! {
        @for at in &leaders {
            span.leader { (swatch(&format!("{} m4", color_class(contest, *at)), at % PATTERNS)) " " (scene.candidate_short(contest, *at)) }
        }
        span.steps {
            (scene.t(unit)) " "
            @let class = leaders.first().map_or(String::new(), |at| color_class(contest, *at));
            @for at in 0..5 { span { (swatch(&format!("{class} m{}", at + 1), 0)) " " (limits(at)) } " " }
        }
    }
}
