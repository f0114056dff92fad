//! An audit by chance: what was fixed before the dice, what the dice drew, what people found, what follows and what does
//! not. Every number comes from `testigo_analysis::audit::course`; this page only says it.

use maud::{Markup, html};
use testigo_analysis::audit::course::{Course, CourseError, ListStep, Risk};
use testigo_analysis::audit::macro_batch::AuditError;
use testigo_analysis::audit::session::{Assessment, Found};
use testigo_count::EntryIndex;
use testigo_count::entry::Against;

use super::{Inside, Scene};
use crate::address::{Page, document_path};
use crate::audited::{Audited, LIMIT};

/// Rows of the order beyond the last that somebody looked at.
const AHEAD: usize = 20;
/// Rows of the order at most; the CSV has them all.
const ROWS: usize = 500;

pub(super) fn draw(scene: Scene<'_>) -> Option<Inside> {
    if !scene.view.has_audit(scene.contest()) {
        return None;
    }
    let audits = scene.view.audits(scene.contest());
    let (last, others) = audits.split_last()?;
    let contest = &scene.view.contest(scene.contest()).id;
    let title = scene.t("audit.title");
    let main = html! {
        (scene.contests())
        h1 { small { (scene.place()) } (title) }
        p.lead { (scene.t("audit.lead")) }
        @match last {
            Err(error) => p.empty { (unreadable(scene, error)) },
            Ok(audited) => (Drawing { scene, audited }.sections()),
        }
        @if !others.is_empty() {
            section {
                h2 { (scene.t("audit.others")) }
                p { (scene.t("audit.others_lead")) }
                ul.notes { @for other in others { li { (in_short(scene, other)) } } }
            }
        }
        p.note {
            a href=(scene.json_of_audit()) { (scene.t("audit.json")) }
            @if last.is_ok() {
                " · " a href=(format!("/data/{contest}/audit.csv")) download { (scene.t("audit.csv")) }
            }
        }
    };
    let description = last.as_ref().map_or_else(|error| unreadable(scene, error), |audited| said(scene, audited));
    Some(Inside { title: title.to_owned(), description, json: Some(scene.json_of_audit()), main })
}

/// The one line of the home page; nothing where there is no audit.
pub(super) fn home_line(scene: Scene<'_>) -> Markup {
    let audits = if scene.view.has_audit(scene.contest()) { Some(scene.view.audits(scene.contest())) } else { None };
    html! {
        @if let Some(Ok(last)) = audits.as_ref().and_then(|audits| audits.last()) {
            p.proclaimed.audited {
                (scene.language.fill("audit.home", &[("sentence", &said(scene, last))])) " "
                a href=(scene.to(Page::Audit)) { (scene.t("audit.link")) }
            }
        }
    }
}

fn unreadable(scene: Scene<'_>, error: &CourseError) -> String {
    let (CourseError::Missing(entry) | CourseError::List(entry, _)) = error;
    scene.language.fill("audit.unreadable", &[("entry", &scene.n(entry.0))])
}

/// Where an audit stands, in one sentence.
fn said(scene: Scene<'_>, audited: &Audited) -> String {
    if audited.course.seed.is_none() {
        return scene.t("audit.waiting").to_owned();
    }
    // All of them: one comparison without a difference must not hide another with one.
    let each = audited.risks.iter().filter_map(|(against, risk)| {
        let one = &risk.as_ref().ok()?.outcome_on_the_list;
        let same = one.sample - one.different - one.missing;
        let key = format!("audit_against.{}.sentence", against.word());
        let places = [
            ("looked", &*number(scene, one.sample)),
            ("of", &stations(scene, one.listed)),
            ("same", &number(scene, same)),
        ];
        (one.sample > 0).then(|| scene.language.fill(&key, &places))
    });
    let said: Vec<String> = each.collect();
    if said.is_empty() { scene.t("audit.drawn").to_owned() } else { said.join(" ") }
}

fn in_short(scene: Scene<'_>, audit: &Result<Audited, CourseError>) -> Markup {
    let audited = match audit {
        Err(error) => return html! { (unreadable(scene, error)) },
        Ok(audited) => audited,
    };
    let Some(list) = audited.course.list() else { return html! {} };
    html! {
        (scene.language.compose("audit.other", &[
            ("stations", html! { (stations(scene, list.stations)) }),
            ("entry", entry(scene, list.entry)),
            ("document", document(scene, list)),
        ])) " " (said(scene, audited))
    }
}

fn number(scene: Scene<'_>, number: usize) -> String {
    scene.n(number as u64)
}

fn stations(scene: Scene<'_>, number: usize) -> String {
    format!("{}\u{a0}{}", scene.n(number as u64), scene.station_noun(number as u64))
}

fn entry(scene: Scene<'_>, index: EntryIndex) -> Markup {
    html! { (scene.language.fill("compare.entry", &[("entry", &scene.n(index.0))])) }
}

fn document(scene: Scene<'_>, list: &ListStep) -> Markup {
    html! { a href=(document_path(&list.document)) download { (scene.t("audit.document")) } }
}

/// A chance, rounded up: never said to be smaller than it is.
fn chance(scene: Scene<'_>, chance: f64) -> String {
    let hundredths = testigo_analysis::number::floor((chance * 10_000.0).ceil());
    if hundredths <= 1 && chance < 0.000_1 { scene.language.percent(1, 30_000_000) } else { scene.share(hundredths) }
}

/// The risk limit as it is spoken of.
fn limit(scene: Scene<'_>) -> String {
    scene.language.stated(testigo_analysis::number::floor(LIMIT * 10_000.0), 0)
}

struct Drawing<'a> {
    scene: Scene<'a>,
    audited: &'a Audited,
}

impl Drawing<'_> {
    fn course(&self) -> &Course {
        &self.audited.course
    }

    fn sections(&self) -> Markup {
        let scene = self.scene;
        html! {
            p.say { (said(scene, self.audited)) }
            @for (against, risk) in &self.audited.risks { (self.compared(*against, risk)) }
            section { h2 { (scene.t("audit.how")) } (self.steps()) }
            @if self.course().seed.is_some() { (self.order()) }
            (self.corrected())
        }
    }

    /// What was compared with one thing.
    fn compared(&self, against: Against, risk: &Result<Risk, AuditError>) -> Markup {
        let scene = self.scene;
        let text = |part: &str| scene.language.text(&format!("audit_against.{}.{part}", against.word())).to_owned();
        html! {
            section id=(format!("against-{}", against.word())) {
                h2 { (text("title")) }
                p { (text("about")) }
                @match risk {
                    Err(_) => p.empty { (scene.t("audit.no_lead")) },
                    Ok(risk) => {
                        @let one = &risk.outcome_on_the_list;
                        ul.facts {
                            (self.fact("audit.looked", one.sample))
                            (self.fact("audit.same", one.sample - one.different - one.missing))
                            (self.fact("audit.different", one.different))
                            (self.fact("audit.missing", one.missing))
                        }
                        div.three {
                            div {
                                h3 { (scene.t("audit.follows")) }
                                @if one.sample == 0 { p.note { (scene.t("audit.follows_nothing")) } }
                                @else { ul.notes { @for line in self.follows(risk) { li { (line) } } } }
                            }
                            div {
                                h3 { (scene.t("compare.assumed")) }
                                ul.notes {
                                    li { (scene.t("audit.assume_dice")) }
                                    li { (scene.t("audit.assume_people")) }
                                    li { (text("assume")) }
                                }
                            }
                            div {
                                h3 { (scene.t("compare.not_known")) }
                                ul.notes {
                                    li { (text("unknown")) }
                                    @if let Some(outside) = self.outside() { li { (outside) } }
                                }
                            }
                        }
                        (self.remains(one))
                    }
                }
            }
        }
    }

    fn fact(&self, key: &str, of: usize) -> Markup {
        html! { li { b { (number(self.scene, of)) } " " span { (self.scene.language.text(key)) } } }
    }

    fn follows(&self, risk: &Risk) -> Vec<String> {
        let scene = self.scene;
        let one = &risk.outcome_on_the_list;
        let (limit, listed) = (limit(scene), stations(scene, one.listed));
        let mut lines = vec![match one.most_different {
            Some(most) => {
                scene.language.fill("audit.bound", &[("most", &scene.n(most)), ("listed", &listed), ("limit", &limit)])
            }
            None => scene.t("audit.bound_none").to_owned(),
        }];
        let leader = self.leader();
        let risks = |one: &Assessment| (chance(scene, one.kaplan_markov), chance(scene, one.alpha));
        let (kaplan_markov, alpha) = risks(one);
        let places = [("leader", leader.as_str()), ("kaplan_markov", &kaplan_markov), ("alpha", &alpha)];
        lines.push(scene.language.fill("audit.risk", &places));
        lines.push(match &risk.outcome_in_all {
            Some(all) => {
                let (kaplan_markov, alpha) = risks(all);
                let places = [("leader", leader.as_str()), ("kaplan_markov", &kaplan_markov), ("alpha", &alpha)];
                scene.language.fill("audit.risk_in_all", &places)
            }
            None => scene.t("audit.risk_in_all_none").to_owned(),
        });
        lines
    }

    /// Who leads on the list.
    fn leader(&self) -> String {
        let contest = self.scene.contest();
        let mut sums = vec![0_u64; self.scene.view.contest(contest).candidates.len()];
        for listed in &self.course().listed {
            sums.iter_mut().zip(&listed.reported.votes).for_each(|(sum, votes)| *sum = sum.saturating_add(*votes));
        }
        crate::view::ranked(&sums)
            .first()
            .map_or_else(String::new, |first| self.scene.candidate(contest, *first).to_owned())
    }

    /// Stations that the list does not have.
    fn outside(&self) -> Option<String> {
        let all =
            self.scene.view.count.expected(self.scene.contest(), testigo_count::geography::UnitIndex::WHOLE).known?;
        let outside = u64::from(all).checked_sub(self.course().listed.len() as u64).filter(|outside| *outside > 0)?;
        let (outside, all) = (self.scene.n(outside), self.scene.n(all));
        Some(self.scene.language.fill("audit.unknown_outside", &[("outside", &outside), ("all", &all)]))
    }

    fn remains(&self, one: &Assessment) -> Markup {
        let scene = self.scene;
        let limit = limit(scene);
        let reached = one.kaplan_markov.max(one.alpha) <= LIMIT;
        html! {
            h3 { (scene.t("audit.remains")) }
            p {
                @if reached {
                    (scene.language.fill("audit.reached", &[("limit", &limit)]))
                } @else if one.different + one.missing == 0 {
                    (scene.language.fill("audit.needed", &[("draws", &scene.n(one.draws_needed)), ("limit", &limit)]))
                } @else {
                    (scene.language.fill("audit.needed_more", &[("limit", &limit)]))
                }
                @if let Some(next) = &one.next {
                    " " (scene.language.compose("audit.next", &[("station", self.link(next))]))
                }
            }
        }
    }

    fn link(&self, code: &str) -> Markup {
        match self.scene.view.count.geography().find_station(code) {
            Some(station) => html! { a href=(self.scene.to(Page::Station(station))) { (code) } },
            None => html! { (code) },
        }
    }

    /// The list, late stations, the dice, and how to draw again.
    fn steps(&self) -> Markup {
        let scene = self.scene;
        let hash = |list: &ListStep| html! { code.hash { (list.document) } };
        html! {
            ol.notes {
                @for (at, list) in self.course().lists.iter().enumerate() {
                    @if at == 1 { (self.dice()) }
                    @let key = if at == 0 { "audit.step_list" } else { "audit.step_late" };
                    li {
                        (scene.language.compose(key, &[
                            ("stations", html! { (stations(scene, if at == 0 { list.stations } else { list.added })) }),
                            ("entry", entry(scene, list.entry)),
                            ("document", document(scene, list)),
                            ("hash", hash(list)),
                        ]))
                    }
                }
                @if self.course().lists.len() == 1 { (self.dice()) }
                li { (scene.language.compose("audit.step_order", &[("command", html! { code { "testigo audit draw" } })])) }
            }
        }
    }

    fn dice(&self) -> Markup {
        let scene = self.scene;
        html! {
            li {
                @match &self.course().seed {
                    Some(seed) => (scene.language.compose("audit.step_dice", &[
                        ("digits", html! { code.hash { (seed.digits) } }), ("entry", entry(scene, seed.entry)),
                    ])),
                    None => (scene.t("audit.step_no_dice")),
                }
            }
        }
    }

    fn order(&self) -> Markup {
        let scene = self.scene;
        let columns: Vec<_> = self
            .audited
            .risks
            .iter()
            .map(|(against, risk)| {
                let sample = risk.as_ref().map_or(0, |risk| risk.outcome_on_the_list.sample);
                (*against, self.course().found(&scene.view.count, *against), sample)
            })
            .collect();
        let order = &self.course().order;
        let last = order.iter().rposition(|station| columns.iter().any(|(_, found, _)| found.contains_key(station)));
        let shown = (last.map_or(0, |last| last + 1) + AHEAD).min(ROWS).min(order.len());
        let ahead = columns
            .iter()
            .any(|(_, found, sample)| order.iter().skip(*sample).any(|station| found.contains_key(station)));
        html! {
            section {
                h2 { (scene.t("audit.order")) }
                p.note { (scene.t("audit.order_lead")) }
                @if ahead { p { (scene.t("audit.ahead")) } }
                div.scroll { table.compared.draws {
                    caption.hidden { (scene.t("audit.order")) }
                    thead { tr {
                        th.n scope="col" { (scene.t("audit.column_draw")) }
                        th scope="col" { (scene.view.count.pack().station_level().name.in_language(scene.code())) }
                        @for (against, ..) in &columns {
                            th scope="col" { (scene.language.text(&format!("audit_against.{}.column", against.word()))) }
                        }
                    } }
                    tbody {
                        @for (at, station) in order.iter().enumerate().take(shown) {
                            tr {
                                td.n { (number(scene, at + 1)) }
                                th scope="row" { (self.link(station)) }
                                @for (_, found, _) in &columns { td { (self.outcome(station, found.get(station))) } }
                            }
                        }
                    }
                } }
                @if shown < order.len() {
                    p.note { (scene.language.count("audit.order_more", (order.len() - shown) as u64)) }
                }
            }
        }
    }

    fn outcome(&self, station: &str, found: Option<&Found>) -> Markup {
        let scene = self.scene;
        let Some(listed) = self.course().station(station) else { return html! {} };
        match found {
            None => html! { (scene.t("number.none")) },
            Some(Found::Nothing) => html! { (scene.t("audit.cell_missing")) },
            Some(Found::Numbers(found)) if found.votes == listed.reported.votes => {
                html! { (scene.t("audit.cell_same")) }
            }
            Some(Found::Numbers(found)) => {
                let pairs = listed.reported.votes.iter().zip(&found.votes).enumerate();
                let said: Vec<String> = pairs
                    .filter(|(_, (listed, found))| listed != found)
                    .map(|(at, (listed, found))| {
                        let name = scene.candidate_short(scene.contest(), at);
                        let places = [("name", name), ("listed", &scene.n(*listed)), ("found", &scene.n(*found))];
                        scene.language.fill("audit.cell_different", &places)
                    })
                    .collect();
                html! { (said.join("; ")) }
            }
        }
    }

    fn corrected(&self) -> Markup {
        let scene = self.scene;
        let corrected: Vec<_> =
            self.course().records.iter().filter_map(|record| Some((record, record.superseded_by?))).collect();
        html! {
            @if !corrected.is_empty() {
                section {
                    h2 { (scene.t("audit.corrected")) }
                    ul.notes {
                        @for (record, by) in corrected {
                            li { (scene.language.compose("audit.correction", &[
                                ("station", self.link(&record.station)),
                                ("earlier", html! { (scene.n(record.entry.0)) }),
                                ("later", html! { (scene.n(by.0)) }),
                            ])) }
                        }
                    }
                }
            }
        }
    }
}
