//! What several pages have in common: bars, results of a unit, progress, tables of units and stations.

use maud::{Markup, html};
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::rule::{StationState, Status};
use testigo_count::totals::UnitTotals;

use super::{ROWS, Scene, list_parts};
use crate::address::{Page, StationList};
use crate::assets::color_class;
use crate::language::Share;
use crate::view::{View, ranked};

/// Patterns laid over colours, so that colour never tells two candidates apart alone. The first is plain.
pub(super) const PATTERNS: usize = 6;

/// Below this share (in hundredths of a percent) a candidate's row is drawn small.
const SMALL: u64 = 500;

/// Candidates in the columns of a table: at most so many, and the third only above [`NOTABLE`].
const COLUMNS: usize = 3;
const NOTABLE: u64 = 1_000;

/// One coloured part of a bar: whose it is, from where, how long.
struct Segment {
    contest: usize,
    candidate: usize,
    start: u64,
    length: u64,
}

/// Definitions of the patterns; once on every page with bars.
pub(super) fn patterns() -> Markup {
    let stripe = |id: usize, transform: &str, shape: Markup| {
        html! {
            pattern id=(format!("p{id}")) width="6" height="6" patternUnits="userSpaceOnUse" patternTransform=(transform) { (shape) }
        }
    };
    let line = || html! { rect width="2" height="6" {} };
    html! {
        svg.patterns width="0" height="0" aria-hidden="true" focusable="false" {
            defs {
                (stripe(1, "rotate(45)", line()))
                (stripe(2, "scale(1)", html! { circle cx="3" cy="3" r="1.3" {} }))
                (stripe(3, "rotate(-45)", line()))
                (stripe(4, "scale(1)", line()))
                (stripe(5, "rotate(90)", line()))
            }
        }
    }
}

fn bar(class: &str, whole: u64, segments: &[Segment]) -> Markup {
    let length = |part: u64| Share::of(part, whole).map_or_else(|| "0%".to_owned(), Share::length);
    html! {
        svg class=(class) width="100%" height="100%" aria-hidden="true" focusable="false" {
            @for segment in segments.iter().filter(|segment| segment.length > 0) {
                @let (x, width) = (length(segment.start), length(segment.length));
                rect x=(x) width=(width) height="100%" class=(color_class(segment.contest, segment.candidate)) {}
                @let pattern = segment.candidate % PATTERNS;
                @if pattern > 0 { rect x=(x) width=(width) height="100%" fill=(format!("url(#p{pattern})")) {} }
            }
        }
    }
}

/// A candidate's votes as a bar.
pub(super) fn candidate_bar(contest: usize, candidate: usize, votes: u64, valid: u64) -> Markup {
    bar("bar", valid, &[Segment { contest, candidate, start: 0, length: votes }])
}

/// A plain bar for progress.
fn plain_bar(part: u64, whole: u64) -> Markup {
    let length = Share::of(part, whole).map_or_else(|| "0%".to_owned(), Share::length);
    html! {
        svg.bar.plain width="100%" height="100%" aria-hidden="true" focusable="false" { rect width=(length) height="100%" {} }
    }
}

/// A station's state in a small frame.
fn chip(scene: Scene<'_>, state: StationState) -> Markup {
    html! { span class=(format!("chip s-{}", state.word())) { (scene.t(state_key(state))) } }
}

/// A station's state, and whether something differs from what counts.
pub(super) fn chips(scene: Scene<'_>, status: Status) -> Markup {
    html! {
        (chip(scene, status.state))
        @if status.objected { " " span.chip.s-objected { (scene.t("list.objected.name")) } }
    }
}

/// The key of a state's short name.
pub(super) fn state_key(state: StationState) -> &'static str {
    match state {
        StationState::Awaited => "state.awaited.name",
        StationState::Received => "state.received.name",
        StationState::Unreadable => "state.unreadable.name",
        StationState::Disputed => "state.disputed.name",
        StationState::Held => "state.held.name",
        StationState::Counted => "state.counted.name",
        StationState::NotInstalled => "state.not-installed.name",
    }
}

/// A column that not every table of units has.
pub(super) struct Column<'a> {
    /// What stands above it.
    pub(super) heading: &'a str,
    /// What it says of a unit.
    pub(super) cell: &'a dyn Fn(UnitIndex) -> Markup,
}

impl Scene<'_> {
    /// Who leads and by how much, as one could say it aloud.
    pub(super) fn leader_sentence(&self, contest: usize, votes: &[u64]) -> String {
        let order = ranked(votes);
        let name = |rank: usize| order.get(rank).map_or("", |at| self.candidate(contest, *at));
        let votes_of = |rank: usize| order.get(rank).and_then(|at| votes.get(*at)).copied().unwrap_or(0);
        match (votes_of(0), votes_of(1)) {
            (0, _) => self.t("leader.nobody").to_owned(),
            (first, second) if first == second => self
                .language
                .fill("leader.level", &[("first", name(0)), ("second", name(1)), ("votes", &self.n(first))]),
            (first, 0) if votes.len() == 1 => {
                self.language.fill("leader.alone", &[("first", name(0)), ("votes", &self.n(first))])
            }
            (first, second) => {
                let lead = first - second;
                let key = self.language.form_for("leader.leads", lead);
                self.language.fill(&key, &[("first", name(0)), ("votes", &self.n(lead))])
            }
        }
    }

    /// How much of a unit is counted, in one sentence.
    pub(super) fn coverage_sentence(&self, unit: UnitIndex) -> String {
        let (contest, count) = (self.contest(), &self.view.count);
        let totals = count.unit_totals(contest, unit);
        let expected = count.expected(contest, unit);
        match expected.known {
            Some(0) => self.t("coverage.empty").to_owned(),
            Some(known) if known == totals.counted => {
                self.language.fill("coverage.all", &[("stations", &self.stations(known))])
            }
            Some(known) => self.language.fill(
                "coverage.known",
                &[
                    ("counted", &self.n(totals.counted)),
                    ("stations", &self.stations(known)),
                    ("share", &self.language.percent(u64::from(totals.counted), u64::from(known))),
                ],
            ),
            None => self.language.fill(
                "coverage.unknown",
                &[
                    ("counted", &self.stations(totals.counted)),
                    ("least", &self.n(expected.at_least)),
                    ("noun", &self.station_noun(0)),
                ],
            ),
        }
    }

    /// All candidates with bars, then the ballots for nobody.
    pub(super) fn result(&self, contest: usize, votes: &[u64], others: &[u64]) -> Markup {
        let valid: u64 = votes.iter().sum();
        let definition = self.view.contest(contest);
        html! {
            table.result role="table" {
                caption.hidden { (definition.title.in_language(self.code())) ": " (self.t("result.caption")) }
                thead.hidden {
                    tr role="row" {
                        th scope="col" role="columnheader" { (self.t("result.candidate")) }
                        th scope="col" role="columnheader" { (self.t("result.bar")) }
                        th scope="col" role="columnheader" { (self.t("result.share")) }
                        th scope="col" role="columnheader" { (self.t("result.votes")) }
                    }
                }
                tbody {
                    @for (rank, at) in ranked(votes).into_iter().enumerate() {
                        @let share = Share::of(votes[at], valid).map_or(0, Share::hundredths);
                        tr.minor[rank > 1 && share < SMALL] role="row" {
                            th scope="row" role="rowheader" { (self.candidate(contest, at)) }
                            td.b role="cell" { (candidate_bar(contest, at, votes[at], valid)) }
                            td.p role="cell" { (self.language.percent(votes[at], valid)) }
                            td.n role="cell" { (self.n(votes[at])) }
                        }
                    }
                }
            }
            p.below {
                (self.t("result.valid")) " " b { (self.n(valid)) }
                @for (other, votes) in definition.others.iter().zip(others) {
                    " · " (other.title.in_language(self.code())) " " b { (self.n(*votes)) }
                }
            }
        }
    }

    /// Four or more figures at a glance.
    pub(super) fn facts(&self, unit: UnitIndex) -> Markup {
        let (contest, count) = (self.contest(), &self.view.count);
        let totals = count.unit_totals(contest, unit);
        let expected = count.expected(contest, unit).known;
        let awaited = count.awaited(contest, unit);
        let stations = |list: StationList| self.to(Page::Stations(unit, list, 1));
        html! {
            ul.facts {
                li {
                    @match expected {
                        Some(known) => { b { (self.language.percent(u64::from(totals.counted), u64::from(known))) } }
                        None => { b { (self.n(totals.counted)) } }
                    }
                    span {
                        @if expected.is_some() {
                            (self.language.fill("facts.coverage", &[("noun", &self.station_noun(0))]))
                        } @else {
                            (self.language.fill("facts.coverage_unknown", &[("noun", &self.station_noun(u64::from(totals.counted))), ("least", &self.n(totals.listed))]))
                        }
                        @if awaited > 0 {
                            " · " a href=(stations(StationList::In(StationState::Awaited))) { (self.language.count("facts.awaited", u64::from(awaited))) }
                        }
                    }
                }
                (self.turnout(unit, totals))
                li {
                    b { (self.n(totals.disputed)) }
                    span {
                        @if totals.disputed > 0 { a href=(stations(StationList::In(StationState::Disputed))) { (self.t("facts.disputed")) } }
                        @else { (self.t("facts.disputed")) }
                        " · " a href={ (self.to(Page::Method)) "#disputed" } { (self.t("facts.disputed_how")) }
                    }
                }
                @for (number, list, key) in [
                    (totals.objected, StationList::Objected, "facts.objected"),
                    (totals.held, StationList::In(StationState::Held), "facts.held"),
                    (totals.unreadable, StationList::In(StationState::Unreadable), "facts.unreadable"),
                ] {
                    @if number > 0 {
                        li { b { (self.n(number)) } span { a href=(stations(list)) { (self.t(key)) } } }
                    }
                }
            }
        }
    }

    fn turnout(&self, unit: UnitIndex, totals: &UnitTotals) -> Markup {
        let (votes, others) = self.view.count.unit_votes(self.contest(), unit);
        let cast: u64 = votes.iter().chain(others).sum();
        html! {
            @if totals.registered_in_counted > 0 && totals.counted_without_registered == 0 {
                li {
                    b { (self.language.percent(cast, totals.registered_in_counted)) }
                    span {
                        (self.language.fill("facts.turnout", &[("registered", &self.n(totals.registered_in_counted))]))
                    }
                }
            } @else if totals.counted > 0 {
                li { b { (self.n(cast)) } span { (self.t("facts.cast")) } }
            }
        }
    }

    /// How far the stations have come: received, with numbers, counted; then every state with its list.
    pub(super) fn progress(&self, unit: UnitIndex) -> Markup {
        let (contest, count) = (self.contest(), &self.view.count);
        let totals = count.unit_totals(contest, unit);
        let expected = count.expected(contest, unit);
        let numbers = u64::from(totals.counted) + u64::from(totals.disputed) + u64::from(totals.held);
        let steps = [
            ("progress.received", u64::from(totals.received)),
            ("progress.read", numbers),
            ("progress.counted", u64::from(totals.counted)),
        ];
        html! {
            table.progress {
                caption.hidden { (self.t("progress.caption")) }
                tbody {
                    @for (key, number) in steps {
                        tr {
                            th scope="row" { (self.t(key)) }
                            // Of an unknown whole there is no share, and a full bar would say that nothing is missing.
                            @if let Some(of) = expected.known { td.b { (plain_bar(number, u64::from(of))) } }
                            td.n { b { (self.n(number)) } }
                        }
                    }
                }
            }
            p.note {
                @match expected.known {
                    Some(known) => { (self.language.fill("progress.of", &[("stations", &self.stations(known))])) }
                    None => { (self.language.fill("progress.of_unknown", &[("least", &self.n(expected.at_least))])) }
                }
                " "
                @if totals.received < totals.counted { (self.t("progress.without_sheet")) }
            }
            @if unit == UnitIndex::WHOLE && count.sheet_count() > 0 {
                @let sheets = count.tally_sheets();
                p.note {
                    (self.language.fill("progress.sheets", &[
                        ("total", &self.n(sheets.total)), ("read", &self.n(sheets.read)),
                        ("unreadable", &self.n(sheets.unreadable)), ("unread", &self.n(sheets.unread)),
                    ]))
                    @if sheets.unreadable + sheets.unread > 0 { " " a href=(self.to(Page::Sheets(1))) { (self.t("progress.loose")) } }
                }
            }
        }
    }

    /// Every state that has stations, with a link to them.
    pub(super) fn states(&self, unit: UnitIndex) -> Markup {
        let (contest, count) = (self.contest(), &self.view.count);
        let totals = count.unit_totals(contest, unit);
        let number = |list: StationList| match list {
            StationList::In(StationState::Awaited) => count.awaited(contest, unit),
            StationList::In(state) => totals.in_state(state),
            StationList::Objected => totals.objected,
        };
        html! {
            ul.states {
                @for list in StationList::all() {
                    @let found = number(list);
                    @if found > 0 {
                        li {
                            a href=(self.to(Page::Stations(unit, list, 1))) {
                                b { (self.n(found)) } " "
                                (list_name(*self, list))
                            }
                        }
                    }
                }
            }
        }
    }

    /// What is not known about the size of a unit, where it matters.
    pub(super) fn unknowns(&self, unit: UnitIndex) -> Vec<Markup> {
        let (contest, count) = (self.contest(), &self.view.count);
        let definition = count.definition();
        let totals = count.unit_totals(contest, unit);
        let expected = count.expected(contest, unit);
        let mut notes = Vec::new();
        if unit == UnitIndex::WHOLE {
            if let Some(declared) = definition.declared.stations
                && declared > totals.listed
            {
                notes.push(html! {
                    (self.language.fill("unknown.unnamed", &[
                        ("missing", &self.n(declared - totals.listed)),
                        ("stations", &self.stations(declared)),
                        ("listed", &self.n(totals.listed)),
                    ]))
                });
            }
            if let Some(source) = &definition.declared.source {
                notes.push(html! { (self.t("unknown.declared")) " " (source.in_language(self.code())) "." });
            }
        } else if expected.known.is_none() {
            notes.push(html! { (self.language.fill("unknown.expected", &[("least", &self.n(expected.at_least))])) });
        }
        if count.register_from_results() {
            notes.push(html! { (self.t("unknown.from_results")) });
        }
        if totals.counted_without_registered > 0 {
            notes.push(html! {
                (self.language.fill("unknown.registered", &[("stations", &self.stations(totals.counted_without_registered))]))
            });
        }
        if totals.incomplete > 0 {
            notes.push(html! { (self.language.fill("unknown.incomplete", &[("stations", &self.stations(totals.incomplete))])) });
        }
        notes
    }

    /// All candidates in one bar as wide as a column; what would be thinner than a line of it is left white.
    fn stacked(&self, contest: usize, votes: &[u64]) -> Markup {
        let whole: u64 = votes.iter().sum();
        let mut start = 0;
        let segments: Vec<Segment> = self.view.ranking[contest]
            .iter()
            .map(|at| {
                let segment = Segment { contest, candidate: *at, start, length: votes[*at] };
                start += votes[*at];
                segment
            })
            .collect();
        let is_seen = |segment: &Segment| u128::from(segment.length) * 150 >= u128::from(whole);
        let seen: Vec<Segment> = segments.into_iter().filter(is_seen).collect();
        bar("bar", whole, &seen)
    }

    /// The result's columns of one row.
    fn result_cells(&self, contest: usize, votes: &[u64], columns: &[usize]) -> Markup {
        let valid: u64 = votes.iter().sum();
        html! {
            td.n.wide { @if valid > 0 { (self.n(valid)) } @else { (self.t("number.none")) } }
            td.b { @if valid > 0 { (self.stacked(contest, votes)) } }
            @for at in columns {
                td.n { @if valid > 0 { (self.language.percent(votes[*at], valid)) } @else { (self.t("number.none")) } }
            }
        }
    }

    fn result_heads(&self, contest: usize, columns: &[usize]) -> Markup {
        html! {
            th.n.wide scope="col" { (self.t("table.valid")) }
            td.b {}
            @for at in columns {
                th.n scope="col" {
                    svg.key width="10" height="10" aria-hidden="true" focusable="false" { rect width="10" height="10" class=(color_class(contest, *at)) {} }
                    (self.candidate_short(contest, *at))
                }
            }
        }
    }

    /// Units below, with their results.
    pub(super) fn unit_table(
        &self,
        contest: usize,
        units: &[UnitIndex],
        caption: &str,
        one: &str,
        further: Option<&Column<'_>>,
    ) -> Markup {
        let count = &self.view.count;
        let columns = columns(self.view, contest);
        html! {
            table.list.further[further.is_some()] data-sort {
                caption.hidden { (caption) }
                thead {
                    tr {
                        th scope="col" { (one) }
                        @if let Some(further) = further { th.n scope="col" { (further.heading) } }
                        th.n scope="col" { (self.t("table.counted")) }
                        (self.result_heads(contest, &columns))
                    }
                }
                tbody {
                    @for unit in units {
                        @let totals = count.unit_totals(contest, *unit);
                        tr {
                            th scope="row" {
                                a href=(self.to(Page::Unit(*unit, 1))) { (self.unit_name(*unit)) }
                                @if self.has_name(*unit) { " " span.code { (count.geography().unit_code(*unit)) } }
                            }
                            @if let Some(further) = further { td.n { ((further.cell)(*unit)) } }
                            td.n {
                                (self.n(totals.counted))
                                @if count.expected(contest, *unit).known.is_some() { span.of { "/" (self.n(totals.listed)) } }
                                @if totals.disputed > 0 { " " span.chip.s-disputed { (self.language.count("table.disputed", u64::from(totals.disputed))) } }
                            }
                            (self.result_cells(contest, count.unit_votes(contest, *unit).0, &columns))
                        }
                    }
                }
            }
        }
    }

    /// Stations with state and result.
    pub(super) fn station_table(
        &self,
        contest: usize,
        stations: &[StationIndex],
        caption: &str,
        with_unit: bool,
    ) -> Markup {
        let count = &self.view.count;
        let columns = columns(self.view, contest);
        html! {
            table.list data-sort {
                caption.hidden { (caption) }
                thead {
                    tr {
                        th scope="col" { (count.pack().station_level().name.in_language(self.code())) }
                        th scope="col" { (self.t("table.state")) }
                        (self.result_heads(contest, &columns))
                    }
                }
                tbody {
                    @for station in stations {
                        @let status = count.status(contest, *station);
                        tr {
                            th scope="row" {
                                a href=(self.to(Page::Station(*station))) { (count.geography().station_id(*station)) }
                                @if with_unit {
                                    @if let Some(unit) = count.geography().station_unit(*station) { " " span.code { (self.unit_name(unit)) } }
                                }
                            }
                            td { (chips(*self, status)) }
                            (self.result_cells(contest, &count.station_votes(contest, *station).0, &columns))
                        }
                    }
                }
            }
        }
    }

    /// Links to the stations before and after this one in the same unit.
    pub(super) fn neighbours(&self, station: StationIndex) -> Markup {
        let unit = self.view.count.geography().station_unit(station);
        let all = unit.map_or(&[][..], |unit| self.view.places.child_stations(unit));
        let at = all.iter().position(|one| *one == station);
        let beside = |step: fn(usize) -> Option<usize>| at.and_then(step).and_then(|at| all.get(at)).copied();
        let link = |to: StationIndex, rel: &str, key: &str| {
            html! { a rel=(rel) href=(self.to(Page::Station(to))) { (self.t(key)) " " span.code { (self.view.count.geography().station_id(to)) } } }
        };
        html! {
            @if all.len() > 1 && at.is_some() {
                nav.parts aria-label=(self.t("neighbours.label")) {
                    @if let Some(to) = beside(|at| at.checked_sub(1)) { (link(to, "prev", "parts.previous")) }
                    @if let Some(to) = beside(|at| at.checked_add(1)) { (link(to, "next", "parts.next")) }
                }
            }
        }
    }

    /// Links to the units before and after this one below the same unit.
    pub(super) fn unit_neighbours(&self, unit: UnitIndex) -> Markup {
        let parent = self.view.count.geography().unit_parent(unit);
        let all = parent.map_or(&[][..], |parent| self.view.places.child_units(parent));
        let at = all.iter().position(|one| *one == unit);
        let beside = |step: fn(usize) -> Option<usize>| at.and_then(step).and_then(|at| all.get(at)).copied();
        let link = |to: UnitIndex, rel: &str, key: &str| {
            html! { a rel=(rel) href=(self.to(Page::Unit(to, 1))) { (self.t(key)) ": " (self.unit_name(to)) } }
        };
        html! {
            @if all.len() > 1 && at.is_some() {
                nav.parts aria-label=(self.t("neighbours.label")) {
                    @if let Some(to) = beside(|at| at.checked_sub(1)) { (link(to, "prev", "parts.previous")) }
                    @if let Some(to) = beside(|at| at.checked_add(1)) { (link(to, "next", "parts.next")) }
                }
            }
        }
    }

    /// The choice between contests, for pages that show one at a time.
    pub(super) fn contests(&self) -> Markup {
        let contests = &self.view.count.definition().contests;
        html! {
            @if contests.len() > 1 {
                nav.tabs aria-label=(self.t("frame.contests")) {
                    @for (at, contest) in contests.iter().enumerate() {
                        @let address = crate::address::Address { contest: at, page: first_part(self.view, at, self.address.page), ..self.address };
                        a href=(address.path(&self.view.count)) aria-current=[(at == self.contest()).then_some("true")] {
                            (contest.title.in_language(self.code()))
                        }
                    }
                }
            }
        }
    }

    /// Links to the other parts of a long list.
    pub(super) fn parts(&self, rows: usize, per_part: usize, part: u32, page: impl Fn(u32) -> Page) -> Markup {
        let last = part_count(rows, per_part);
        html! {
            @if last > 1 {
                nav.parts aria-label=(self.t("parts.label")) {
                    @if part > 1 { a rel="prev" href=(self.to(page(part - 1))) { (self.t("parts.previous")) } }
                    span { (self.language.fill("parts.of", &[("part", &self.n(part)), ("parts", &self.n(last))])) }
                    @if part < last { a rel="next" href=(self.to(page(part + 1))) { (self.t("parts.next")) } }
                }
            }
        }
    }
}

/// The candidates that get columns: the first of the whole election, so that columns stay the same everywhere.
pub(crate) fn columns(view: &View, contest: usize) -> Vec<usize> {
    let (votes, _) = view.count.unit_votes(contest, UnitIndex::WHOLE);
    let valid: u64 = votes.iter().sum();
    let notable = |at: &usize| Share::of(votes[*at], valid).map_or(0, Share::hundredths) >= NOTABLE;
    let ranking = view.ranking[contest].iter().copied().enumerate();
    ranking.filter(|(rank, at)| *rank < 2 || notable(at)).map(|(_, at)| at).take(COLUMNS).collect()
}

/// The name of a list of stations.
pub(super) fn list_name(scene: Scene<'_>, list: StationList) -> &str {
    match list {
        StationList::In(state) => scene.t(state_key(state)),
        StationList::Objected => scene.t("list.objected.name"),
    }
}

/// The first part of the same page in a contest; where that contest has no such page, the nearest that it has.
fn first_part(view: &View, contest: usize, page: Page) -> Page {
    match page {
        Page::Stations(unit, list, _) if list_parts(view, contest, unit, list) > 0 => Page::Stations(unit, list, 1),
        Page::Unit(unit, _) | Page::Stations(unit, ..) => Page::Unit(unit, 1),
        Page::Compare(unit) if !view.compares(contest, unit) => Page::Unit(unit, 1),
        Page::Map(level, measure) => Page::Map(level, super::map::offered(view, contest, level, measure)),
        other => other,
    }
}

/// How many parts a long list has, at least 1.
pub(super) fn part_count(rows: usize, per_part: usize) -> u32 {
    u32::try_from(rows.div_ceil(per_part).max(1)).unwrap_or(u32::MAX)
}

/// The rows of one part; `None` where the list is not that long.
pub(super) fn part_of<T>(rows: &[T], per_part: usize, part: u32) -> Option<&[T]> {
    let start = usize::try_from(part.checked_sub(1)?).ok()?.checked_mul(per_part)?;
    if part > 1 && start >= rows.len() {
        return None;
    }
    Some(&rows[start..rows.len().min(start + per_part)])
}

/// The rows of one part of a list of units or stations.
pub(super) fn rows_of<T>(rows: &[T], part: u32) -> Option<&[T]> {
    part_of(rows, ROWS, part)
}
