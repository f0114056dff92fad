//! What follows from the sheets, in the order of evidence: certain, assumed, to be read again, unknown.

use maud::{Markup, PreEscaped, html};
use serde_json::Value;
use testigo_analysis::fingerprint::{Picture, picture};
use testigo_analysis::report::{ReadAgain, Reason, ShareOf, TestOf};
use testigo_count::geography::UnitIndex;

use super::{Inside, Scene};
use crate::address::Page;
use crate::assets::color_class;
use crate::screened::Screened;

/// Rows of the list of sheets to read again; the file has them all.
const ROWS: usize = 100;
/// Chances below this are unusual, after the correction.
const UNUSUAL: f64 = 0.05;
/// Percent to a side of a square of the picture.
const SQUARE: usize = 2;

pub(super) fn draw(scene: Scene<'_>) -> Inside {
    let screened = scene.view.screened(scene.contest());
    let title = scene.t("analysis.title");
    let main = html! {
        h1 { small { (scene.place()) } (title) }
        @match screened.as_deref() {
            None => p.empty { (scene.t("analysis.nothing")) },
            Some(screened) => (Drawing { scene, screened }.sections()),
        }
    };
    let json = screened.map(|_| format!("/data/{}/analysis.json", scene.view.contest(scene.contest()).id));
    Inside { title: title.to_owned(), description: scene.t("analysis.description").to_owned(), json, main }
}

struct Drawing<'a> {
    scene: Scene<'a>,
    screened: &'a Screened,
}

impl Drawing<'_> {
    fn sections(&self) -> Markup {
        let scene = self.scene;
        let contest = &scene.view.contest(scene.contest()).id;
        html! {
            p.lead { (scene.language.fill("analysis.lead", &[("coverage", &self.coverage())])) }
            section {
                h2 { (scene.t("analysis.certain")) }
                ul.notes {
                    @for line in self.certain() { li { (line) } }
                    @if scene.view.compares(scene.contest(), UnitIndex::WHOLE) {
                        li { a href=(scene.to(Page::Compare(UnitIndex::WHOLE))) { (scene.t("analysis.compare")) } }
                    }
                }
            }
            @let documents = self.documents();
            @if !documents.is_empty() {
                section { h2 { (scene.t("analysis.documents")) } ul.notes { @for line in documents { li { (line) } } } }
            }
            section { h2 { (scene.t("analysis.assumed")) } ul.notes { @for line in self.assumed() { li { (line) } } } }
            section { h2 { (scene.t("analysis.screens")) } p { (scene.t("analysis.screens_lead")) } (self.sisters()) (self.pictures()) (self.tests()) (self.grids()) }
            section { h2 { (scene.t("analysis.again")) } (self.again()) }
            section {
                h2 { (scene.t("analysis.unknown")) }
                ul.notes {
                    @let missing = self.screened.sheets.expected.saturating_sub(self.screened.sheets.len() as u64);
                    @if missing > 0 {
                        li { (scene.language.fill("analysis.unknown_missing", &[("stations", &self.stations(missing))])) }
                    }
                    li {
                        (scene.t("analysis.unknown_genuine"))
                        @if scene.view.has_audit(scene.contest()) { " " a href=(scene.to(Page::Audit)) { (scene.t("audit.link")) } }
                    }
                }
                p {
                    a href=(format!("/data/{contest}/analysis.json")) { (scene.t("analysis.file")) } " · "
                    a href=(format!("/data/{contest}/analysis.csv")) download { "CSV" }
                }
                p.note { (scene.language.compose("analysis.command", &[("command", html! { code { "testigo analyse" } })])) }
            }
        }
    }

    fn coverage(&self) -> String {
        let sheets = &self.screened.sheets;
        let (counted, stations) = (sheets.len() as u64, self.stations(sheets.expected));
        self.scene.language.fill("analysis.coverage", &[("counted", &self.scene.n(counted)), ("stations", &stations)])
    }

    fn stations(&self, number: u64) -> String {
        format!("{}\u{a0}{}", self.scene.n(number), self.scene.station_noun(number))
    }

    fn leader(&self) -> &str {
        self.scene.candidate(self.scene.contest(), self.screened.sheets.leader)
    }

    fn runner_up(&self) -> &str {
        self.scene.candidate(self.scene.contest(), self.screened.sheets.runner_up)
    }

    fn block(&self, key: &str) -> &Value {
        self.screened.analysis.blocks.get(key).unwrap_or(&Value::Null)
    }

    /// A share of 1 as the language writes it, with two decimals.
    fn share(&self, share: f64) -> String {
        self.scene.language.share(hundredths(share))
    }

    fn certain(&self) -> Vec<String> {
        let (leader, runner_up) = (self.leader(), self.runner_up());
        let fill = |key: &str, places: &[(&str, &str)]| {
            let both = [("leader", leader), ("runner_up", runner_up)];
            self.scene.language.fill(key, &[&both[..], places].concat())
        };
        let sums = self.screened.sheets.sums();
        let votes = |candidate: usize| sums.votes[candidate];
        let sheets = &self.screened.sheets;
        let margin = votes(sheets.leader).saturating_sub(votes(sheets.runner_up));
        let mut lines = vec![fill("analysis.margin", &[("votes", &self.scene.n(margin))])];
        let bound = self.screened.settings.registers.first().map(|base| &self.block("S02_bounds")[&base.id]);
        match bound.and_then(|bound| {
            let left = bound["worst_case_margin_all_missing_registered_to_runner_up"].as_i64()?;
            Some((bound["missing_registered"].as_u64()?, left))
        }) {
            None => lines.push(self.scene.t("analysis.no_register").to_owned()),
            Some((missing, left)) => {
                let key = if left > 0 { "analysis.settled" } else { "analysis.open" };
                let (missing, left) = (self.scene.n(missing), self.scene.n(left.unsigned_abs()));
                lines.push(fill(key, &[("missing", &missing), ("left", &left)]));
            }
        }
        let robust = &self.block("S03_robustness")["sheets_only"];
        if let (Some(swapped), Some(share)) =
            (robust["min_sheets_leader_runnerup_swapped"].as_u64(), robust["share_of_sheets_swapped"].as_f64())
        {
            lines.push(fill("analysis.robust", &[("sheets", &self.scene.n(swapped)), ("share", &self.share(share))]));
        }
        lines
    }

    /// What sheets and proclamations show by themselves, without asking whether they are right.
    fn documents(&self) -> Vec<String> {
        let language = self.scene.language;
        let mut lines = Vec::new();
        match self.block("S14_duplicates")["vector_pairs"].as_u64() {
            None => {}
            Some(0) => lines.push(self.scene.t("analysis.same_votes_none").to_owned()),
            Some(pairs) => lines.push(language.count("analysis.same_votes", pairs)),
        }
        let round = self.block("S05_rounding");
        let exact = round["is_exact"].as_object().is_some_and(|each| each.values().all(|one| one == true));
        if let (true, Some(total), Some(inverse)) = (exact, round["total"].as_u64(), round["inverse"].as_f64()) {
            let inverse = self.scene.n(testigo_analysis::number::floor(inverse));
            let places = [("total", &*self.scene.n(total)), ("inverse", &inverse)];
            lines.push(language.fill("analysis.round", &places));
        }
        lines
    }

    fn assumed(&self) -> Vec<String> {
        let scene = self.scene;
        let mut lines = Vec::new();
        let runner_up = self.runner_up();
        let bound = self.screened.settings.registers.first().map(|base| &self.block("S02_bounds")[&base.id]);
        if let Some((needed, seen)) = bound.and_then(|bound| {
            let needed = bound["required_runner_up_share_of_valid_others_at_observed_share"].as_f64()?;
            Some((needed, bound["observed_runner_up_share_of_valid"].as_f64()?))
        }) {
            let places = [("runner_up", runner_up), ("needed", &self.share(needed)), ("seen", &self.share(seen))];
            lines.push(if needed > 1.0 {
                scene.language.fill("analysis.band_impossible", &places[..1])
            } else {
                scene.language.fill("analysis.band", &places)
            });
        }
        let ratios = &self.block("S06_national_ratio")["results"];
        let mut projected = false;
        for candidate in [self.screened.sheets.leader, self.screened.sheets.runner_up] {
            let ratio = &ratios[format!("{}_share_of_valid", self.screened.sheets.candidates[candidate])];
            if let (Some(share), Some(high)) = (ratio["estimate"].as_f64(), ratio["ci95_cluster_fpc"][1].as_f64()) {
                let name = scene.candidate(scene.contest(), candidate);
                let points = scene.language.tenths(hundredths(high - share));
                let places = [("candidate", name), ("share", &self.share(share)), ("points", &points)];
                lines.push(scene.language.fill("analysis.projection", &places));
                projected = true;
            }
        }
        if projected {
            lines.push(scene.t("analysis.projection_note").to_owned());
        }
        lines
    }

    fn what(&self, of: ShareOf) -> String {
        match of {
            ShareOf::Candidate(at) => {
                let name = self.scene.candidate(self.scene.contest(), at);
                self.scene.language.fill("analysis.share_of", &[("candidate", name)])
            }
            ShareOf::Turnout => self.scene.t("analysis.turnout").to_owned(),
        }
    }

    fn sisters(&self) -> Markup {
        let sheets = &self.screened.sheets;
        let shares = [
            (ShareOf::Candidate(sheets.leader), format!("{}_of_valid", sheets.leader_id())),
            (ShareOf::Candidate(sheets.runner_up), format!("{}_of_valid", sheets.runner_up_id())),
            (ShareOf::Turnout, "turnout".to_owned()),
        ];
        let block = self.block("S13_within_centre");
        let rows: Vec<_> = shares
            .iter()
            .filter_map(|(of, name)| {
                let fit = &block[name];
                Some((self.what(*of), fit["dispersion"].as_f64()?, fit["loo_abs_z_gt_4"].as_u64()?))
            })
            .collect();
        html! {
            @if !rows.is_empty() {
                table.numbers {
                    caption.hidden { (self.scene.t("analysis.sisters")) }
                    thead {
                        tr {
                            th scope="col" { (self.scene.t("analysis.sisters_what")) }
                            th.n scope="col" { (self.scene.t("analysis.sisters_times")) }
                            th.n scope="col" { (self.scene.t("analysis.sisters_far")) }
                        }
                    }
                    tbody {
                        @for (what, dispersion, far) in &rows {
                            tr {
                                th scope="row" { (what) }
                                td.n { (self.scene.language.tenths(hundredths(*dispersion / 100.0))) }
                                td.n { (self.scene.n(*far)) }
                            }
                        }
                    }
                }
                p.note { (self.scene.t("analysis.sisters_note")) }
            }
        }
    }

    /// Every test of digits and percentages, the quiet ones too.
    fn tests(&self) -> Markup {
        let scene = self.scene;
        let tests = &self.screened.analysis.tests;
        let name = |candidate: usize| scene.candidate(scene.contest(), candidate);
        let what = |of: TestOf| match of {
            TestOf::LastDigit(at) => scene.language.fill("analysis.test_last", &[("what", name(at))]),
            TestOf::LastDigitOfValid => {
                scene.language.fill("analysis.test_last", &[("what", scene.t("analysis.test_valid"))])
            }
            TestOf::RepeatedDigits(at) => scene.language.fill("analysis.test_repeated", &[("what", name(at))]),
            TestOf::WholeShares(at) => scene.language.fill("analysis.test_whole", &[("what", name(at))]),
            TestOf::WholeTurnouts => {
                scene.language.fill("analysis.test_whole", &[("what", scene.t("analysis.turnout"))])
            }
            TestOf::SecondDigit(at) => scene.language.fill("analysis.test_second", &[("what", name(at))]),
        };
        let number = scene.n(tests.len() as u64);
        let unusual = tests.iter().filter(|test| test.holm < UNUSUAL).count() as u64;
        html! {
            @if !tests.is_empty() {
                h3 { (scene.t("analysis.tests")) }
                p { (scene.language.fill("analysis.tests_lead", &[("tests", &number)])) }
                table.numbers {
                    caption.hidden { (scene.t("analysis.tests")) }
                    thead { tr {
                        th scope="col" { (scene.t("analysis.tests_what")) }
                        th.n scope="col" { (scene.t("analysis.tests_chance")) }
                        th.n scope="col" { (scene.t("analysis.tests_corrected")) }
                    } }
                    tbody {
                        @for test in tests {
                            tr {
                                th scope="row" { (what(test.of)) }
                                td.n { (self.share(test.p)) }
                                td.n { (self.share(test.holm)) }
                            }
                        }
                    }
                }
                p.note {
                    @if unusual == 0 { (scene.t("analysis.tests_quiet")) }
                    @else { (scene.language.count("analysis.tests_unusual", unusual)) }
                }
            }
        }
    }

    /// How far the numbers of stations on whole percentages, and on nine other grids, are from what chance makes.
    fn grids(&self) -> Markup {
        let scene = self.scene;
        let sheets = &self.screened.sheets;
        let block = &self.block("S12_kobak")["placebo_offsets"];
        let of = |candidate: usize| -> Vec<f64> {
            let grids = block[&sheets.candidates[candidate]].as_array();
            grids.into_iter().flatten().filter_map(|grid| grid["share"]["z"].as_f64()).collect()
        };
        let both = [sheets.leader, sheets.runner_up].map(|candidate| (candidate, of(candidate)));
        html! {
            @if both.iter().all(|(_, grids)| !grids.is_empty()) {
                div.pair { @for (candidate, grids) in &both { (self.grid(*candidate, grids)) } }
                p.note { (scene.t("analysis.grids_note")) }
            }
        }
    }

    /// A bar for each grid, upwards where there are more stations than expected, in standard deviations.
    fn grid(&self, candidate: usize, grids: &[f64]) -> Markup {
        // From the middle to the edge, and how many standard deviations that is at least.
        const HIGHEST: f64 = 40.0;
        const LEAST: f64 = 4.0;
        let step = HIGHEST / grids.iter().fold(LEAST, |most, z| most.max(z.abs()));
        let scene = self.scene;
        let title =
            scene.language.fill("analysis.grids", &[("candidate", scene.candidate(scene.contest(), candidate))]);
        let id = format!("grids-{candidate}");
        let bars: Vec<(f64, f64)> =
            grids.iter().map(|z| (z * step).round()).map(|height| (HIGHEST - height.max(0.0), height.abs())).collect();
        html! {
            figure.grids {
                figcaption { (title) }
                svg viewBox="0 0 200 92" role="img" aria-labelledby=(format!("{id}-title {id}-text")) {
                    title id=(format!("{id}-title")) { (title) }
                    desc id=(format!("{id}-text")) { (scene.t("analysis.grids_note")) }
                    @for (at, (top, height)) in bars.iter().enumerate() {
                        rect class=[(at == 0).then(|| color_class(scene.contest(), candidate))] x=(at * 20 + 3) y=(top) width="14" height=(height) {}
                        text x=(at * 20 + 10) y="91" { (scene.language.tenths(at as u64 * 10)) }
                    }
                    @let two = (2.0 * step).round();
                    path d=(format!("M0 {}h200M0 {}h200", HIGHEST - two, HIGHEST + two)) {}
                    path.zero d=(format!("M0 {HIGHEST}h200")) {}
                }
            }
        }
    }

    fn pictures(&self) -> Markup {
        let sheets = &self.screened.sheets;
        html! {
            @if sheets.rows.iter().any(|row| row.voters() > 0) {
                div.pair {
                    @for candidate in [sheets.leader, sheets.runner_up] { (self.picture(candidate, &picture(sheets, candidate))) }
                }
                p.note { (self.scene.t("analysis.picture_note")) }
            }
        }
    }

    /// Squares of two percent a side, darker where there are more stations; turnout to the right, the share upwards.
    fn picture(&self, candidate: usize, picture: &Picture) -> Markup {
        let side = 100 / SQUARE;
        let mut squares = vec![vec![0_u32; side]; side];
        for (turnout, shares) in picture.bins.iter().enumerate() {
            for (share, stations) in shares.iter().enumerate() {
                squares[turnout / SQUARE][share / SQUARE] += stations;
            }
        }
        let most = squares.iter().flatten().copied().max().unwrap_or(1).max(1);
        let mut paths = vec![String::new(); 5];
        for (x, column) in squares.iter().enumerate() {
            for (y, stations) in column.iter().enumerate().filter(|(_, stations)| **stations > 0) {
                // Steps of a factor: the many squares with few stations are to be told from the few with many.
                let step =
                    [most / 2, most / 6, most / 18, most / 54].iter().filter(|limit| *stations <= **limit).count();
                paths[4 - step] += &format!("M{x} {}h1v1h-1z", side - 1 - y);
            }
        }
        let scene = self.scene;
        let name = scene.candidate(scene.contest(), candidate);
        let title = scene.language.fill("analysis.picture", &[("candidate", name)]);
        let text = scene.language.fill("analysis.picture_text", &[("candidate", name)]);
        let class = color_class(scene.contest(), candidate);
        let id = format!("picture-{candidate}");
        html! {
            figure.turnout {
                figcaption { (title) }
                svg viewBox=(format!("-1 -1 {0} {0}", side + 2)) role="img" aria-labelledby=(format!("{id}-title {id}-text")) {
                    title id=(format!("{id}-title")) { (title) }
                    desc id=(format!("{id}-text")) { (text) }
                    path.frame d=(format!("M0 0v{side}h{side}")) {}
                    g class=(class) {
                        @for (step, path) in paths.iter().enumerate() {
                            path class=(format!("m{}", step + 1)) d=(PreEscaped(path)) {}
                        }
                    }
                }
                p.axis { span { "0" } span { (scene.t("analysis.turnout")) } span { (scene.language.share(10_000)) } }
            }
        }
    }

    fn again(&self) -> Markup {
        let list = &self.screened.analysis.read_again;
        let scene = self.scene;
        html! {
            @if list.is_empty() {
                p.empty { (scene.t("analysis.again_none")) }
            } @else {
                p { (scene.language.count("analysis.again_lead", list.len() as u64)) }
                table.list {
                    thead {
                        tr {
                            th scope="col" { (scene.view.count.pack().station_level().name.in_language(scene.code())) }
                            th scope="col" { (scene.t("analysis.again_why")) }
                        }
                    }
                    tbody {
                        @for one in list.iter().take(ROWS) {
                            tr { th scope="row" { (self.station_link(&one.station)) } td { (self.why(one)) } }
                        }
                    }
                }
                @if list.len() > ROWS { p.note { (scene.language.count("analysis.again_more", (list.len() - ROWS) as u64)) } }
            }
        }
    }

    fn station_link(&self, code: &str) -> Markup {
        match self.scene.view.count.geography().find_station(code) {
            Some(station) => html! { a href=(self.scene.to(Page::Station(station))) { (code) } },
            None => html! { (code) },
        }
    }

    fn why(&self, one: &ReadAgain) -> Markup {
        let scene = self.scene;
        let fill = |key: &str, places: &[(&str, &str)]| html! { (scene.language.fill(key, places)) };
        match &one.reason {
            Reason::MoreBallots { ballots, voters } => {
                fill("analysis.why_ballots", &[("ballots", &scene.n(*ballots)), ("voters", &scene.n(*voters))])
            }
            Reason::OtherSum { stated, sum } => {
                fill("analysis.why_sum", &[("stated", &scene.n(*stated)), ("sum", &scene.n(*sum))])
            }
            Reason::SameVotes { stations } => {
                let links: Vec<Markup> = stations.iter().map(|station| self.station_link(station)).collect();
                scene.language.compose("analysis.why_same", &[("stations", scene.language.list(&links))])
            }
            Reason::FarFromSisters { of, share, others, .. } => fill(
                "analysis.why_sisters",
                &[("what", &self.what(*of)), ("here", &self.share(*share)), ("others", &self.share(*others))],
            ),
        }
    }
}

/// A share of 1 in hundredths of a percent.
fn hundredths(share: f64) -> u64 {
    testigo_analysis::number::floor((share * 10_000.0).round())
}
