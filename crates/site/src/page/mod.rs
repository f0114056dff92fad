//! The pages. Each takes a [`Scene`] and gives the inside of `<main>`; the frame around it is the same for all.

mod analysis;
mod arrivals;
mod audit;
mod compare;
mod data;
mod figure;
mod listing;
mod map;
mod marks;
mod method;
mod missing;
mod multiples;
mod outlook;
mod parts;
mod readings;
mod recount;
mod search;
mod share;
mod sheets;
mod station;
mod unit;
mod widget;

use maud::{DOCTYPE, Markup, html};
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::rule::StationState;

use crate::address::{Address, Page, StationList, station_path, unit_path};
use crate::language::Language;
use crate::view::{View, Witnessed};

pub(crate) use self::station::state_sentence;

pub(crate) use self::parts::columns;
use self::parts::part_count;

/// So many rows stand on one page of a long list: a row takes some eighty bytes, compressed, and a page is to stay below 50 kB.
pub const ROWS: usize = 500;

/// So many sheets stand on one page.
pub const SHEETS: usize = 24;

/// What a page is drawn from.
#[derive(Clone, Copy)]
pub(crate) struct Scene<'a> {
    pub view: &'a View,
    pub address: Address,
    /// Whether a server stands behind the page that tells of new results.
    pub live: bool,
    pub language: &'a Language,
}

/// The inside of a page.
struct Inside {
    title: String,
    description: String,
    /// The address of the same as JSON.
    json: Option<String>,
    main: Markup,
}

/// Draws the page at an address; `None` where there is no such part of a long list. `words` are what was searched for.
#[must_use]
pub fn draw(view: &View, address: Address, words: &str, live: bool) -> Option<String> {
    let scene = Scene::new(view, address, live);
    if let Page::Widget(unit) = address.page {
        return Some(widget::draw(scene, unit).into_string());
    }
    let inside = match address.page {
        Page::Unit(unit, part) => unit::draw(scene, unit, part)?,
        Page::Station(station) => station::draw(scene, station),
        Page::Stations(unit, list, part) => listing::draw(scene, unit, list, part)?,
        Page::Widget(_) => return None,
        Page::Map(level, measure) => map::draw(scene, level, measure)?,
        Page::Compare(unit) => compare::draw(scene, unit)?,
        Page::Sheets(part) => sheets::draw(scene, part)?,
        Page::Search => search::draw(scene, words),
        Page::Data => data::draw(scene),
        Page::Method => method::draw(scene),
        Page::Recount => recount::draw(scene),
        Page::Analysis => analysis::draw(scene),
        Page::Audit => audit::draw(scene)?,
    };
    Some(scene.frame(inside, Some(words)).into_string())
}

pub use map::{has_map, measures};

/// Whether a unit has a picture to be shared and a frame for other sites: units that have others below them. The lowest
/// units use the picture of the one above.
pub fn is_shared(view: &View, unit: UnitIndex) -> bool {
    unit == UnitIndex::WHOLE || !view.places.child_units(unit).is_empty()
}

/// The picture of a unit that other sites show beside a link.
pub fn share(view: &View, language: usize, contest: usize, unit: UnitIndex) -> Option<Vec<u8>> {
    let address = Address { language, contest, page: Page::Unit(unit, 1) };
    is_shared(view, unit).then(|| share::draw(Scene::new(view, address, false), unit))?
}

/// Where that picture stands.
pub fn share_path(view: &View, address: Address, unit: UnitIndex) -> String {
    let path = Address { page: Page::Unit(unit, 1), ..address }.path(&view.count);
    match path.trim_end_matches('/') {
        "" => "/share.png".to_owned(),
        bare if unit == UnitIndex::WHOLE => format!("{bare}/share.png"),
        bare => format!("{bare}.png"),
    }
}

/// Who leads and how much is counted, each as a sentence.
pub fn sentences(view: &View, language: usize, contest: usize) -> (String, String) {
    let scene = Scene::new(view, Address { language, contest, page: Page::Unit(UnitIndex::WHOLE, 1) }, false);
    let (votes, _) = view.count.unit_votes(contest, UnitIndex::WHOLE);
    (scene.leader_sentence(contest, votes), scene.coverage_sentence(UnitIndex::WHOLE))
}

/// All parts of a unit's page.
pub fn unit_pages(view: &View, unit: UnitIndex) -> impl Iterator<Item = Page> + use<> {
    let units = part_count(view.places.child_units(unit).len(), ROWS);
    let stations = part_count(view.places.child_stations(unit).len(), ROWS);
    (1..=units.max(stations)).map(move |part| Page::Unit(unit, part))
}

/// All parts of a unit's lists of stations, as far as there is anything in them; those of the whole anyway.
pub fn list_pages(view: &View, contest: usize, unit: UnitIndex) -> impl Iterator<Item = Page> + use<'_> {
    StationList::all().flat_map(move |list| {
        (1..=list_parts(view, contest, unit, list)).map(move |part| Page::Stations(unit, list, part))
    })
}

/// How many parts a list of stations has: none where nothing is in it, but that of the whole is always there.
fn list_parts(view: &View, contest: usize, unit: UnitIndex, list: StationList) -> u32 {
    let totals = view.count.unit_totals(contest, unit);
    let (rows, unnamed) = match list {
        // Some awaited stations have no name, so that there is no row for them.
        StationList::In(StationState::Awaited) => (totals.awaited, view.count.awaited(contest, unit)),
        StationList::In(state) => (totals.in_state(state), 0),
        StationList::Objected => (totals.objected, 0),
    };
    if unit != UnitIndex::WHOLE && rows == 0 && unnamed == 0 { 0 } else { part_count(rows as usize, ROWS) }
}

/// All parts of the page of sheets without a station.
pub fn sheets_pages(view: &View) -> impl Iterator<Item = Page> + use<> {
    (1..=part_count(view.loose_sheets().count(), SHEETS)).map(Page::Sheets)
}

/// Draws what stands where nothing is.
#[must_use]
pub fn draw_missing(view: &View, language: usize, live: bool) -> String {
    let address = Address { language, contest: 0, page: Page::Search };
    let scene = Scene::new(view, address, live);
    scene.frame(missing::draw(scene), None).into_string()
}

impl<'a> Scene<'a> {
    fn new(view: &'a View, address: Address, live: bool) -> Self {
        Self { view, address, live, language: view.language(address.language) }
    }

    /// The text of a key.
    fn t(&self, key: &'a str) -> &'a str {
        self.language.text(key)
    }

    /// A whole number.
    fn n(&self, number: impl Into<u64>) -> String {
        self.language.number(number.into())
    }

    /// A share in hundredths of a percent.
    fn share(&self, hundredths: u64) -> String {
        self.language.share(hundredths)
    }

    /// Another page, in the same language and contest.
    fn to(&self, page: Page) -> String {
        Address { page, ..self.address }.path(&self.view.count)
    }

    /// The code under which the pack has this language.
    fn code(&self) -> &'a str {
        self.view.language_code(self.address.language)
    }

    fn contest(&self) -> usize {
        self.address.contest
    }

    /// The name of the whole.
    fn place(&self) -> &'a str {
        self.view.count.definition().place.in_language(self.code())
    }

    /// A unit's name, its code where it has none.
    fn unit_name(&self, unit: UnitIndex) -> &'a str {
        let geography = self.view.count.geography();
        match (unit, geography.unit_name(unit)) {
            (UnitIndex::WHOLE, _) => self.place(),
            (_, "") => geography.unit_code(unit),
            (_, name) => name,
        }
    }

    /// Whether a unit below the whole has a name besides its code.
    fn has_name(&self, unit: UnitIndex) -> bool {
        let geography = self.view.count.geography();
        let name = geography.unit_name(unit);
        unit != UnitIndex::WHOLE && !name.is_empty() && name != geography.unit_code(unit)
    }

    /// What one unit of a level is called, for example `State`; empty for the whole.
    fn level_name(&self, unit: UnitIndex) -> &'a str {
        let level = self.view.count.geography().unit_level(unit).and_then(|at| self.view.count.pack().levels.get(at));
        level.map_or("", |level| level.name.in_language(self.code()))
    }

    /// What one station is called, as it stands inside a sentence.
    fn station_noun(&self, number: u64) -> String {
        let level = self.view.count.pack().station_level();
        let text = if number == 1 { &level.name } else { &level.plural };
        self.language.noun(text.in_language(self.code()))
    }

    /// `24,532 tables`.
    fn stations(&self, number: u32) -> String {
        format!("{}\u{a0}{}", self.n(number), self.station_noun(u64::from(number)))
    }

    fn candidate(&self, contest: usize, at: usize) -> &'a str {
        self.view.contest(contest).candidates[at].name.in_language(self.code())
    }

    fn candidate_short(&self, contest: usize, at: usize) -> &'a str {
        self.view.contest(contest).candidates[at].short_name(self.code())
    }

    fn json_of_unit(&self, unit: UnitIndex) -> String {
        let contest = match self.contest() {
            0 => String::new(),
            other => format!("/c/{}", self.view.contest(other).id),
        };
        match unit {
            UnitIndex::WHOLE => format!("{contest}/index.json"),
            unit => format!("{contest}{}.json", unit_path(&self.view.count, unit)),
        }
    }

    fn json_of_comparison(&self, unit: UnitIndex) -> String {
        let contest = match self.contest() {
            0 => String::new(),
            other => format!("/c/{}", self.view.contest(other).id),
        };
        format!("{contest}{}/compare.json", unit_path(&self.view.count, unit))
    }

    fn json_of_audit(&self) -> String {
        match self.contest() {
            0 => "/audit.json".to_owned(),
            other => format!("/c/{}/audit.json", self.view.contest(other).id),
        }
    }

    fn json_of_station(&self, station: StationIndex) -> String {
        format!("{}.json", station_path(&self.view.count, station))
    }

    /// The way from the whole down to a unit, each with its official code.
    fn trail(&self, units: &[UnitIndex], last: Option<&str>) -> Markup {
        let geography = self.view.count.geography();
        html! {
            nav.trail aria-label=(self.t("frame.trail")) {
                ol {
                    @for unit in units {
                        li {
                            a href=(self.to(Page::Unit(*unit, 1))) {
                                @if self.has_name(*unit) { span.code { (geography.unit_code(*unit)) } " " }
                                (self.unit_name(*unit))
                            }
                        }
                    }
                    @if let Some(last) = last { li aria-current="page" { (last) } }
                }
            }
        }
    }

    fn frame(&self, inside: Inside, words: Option<&str>) -> Markup {
        let count = &self.view.count;
        let definition = count.definition();
        let election = definition.title.in_language(self.code());
        let home = self.to(Page::Unit(UnitIndex::WHOLE, 1));
        let first_contest = Address { contest: 0, ..self.address };
        html! {
            (DOCTYPE)
            html lang=(self.code()) dir=(self.language.direction()) {
                head {
                    meta charset="utf-8";
                    meta name="viewport" content="width=device-width,initial-scale=1";
                    title { (inside.title) " · " (election) ", " (self.place()) }
                    meta name="description" content=(inside.description);
                    meta property="og:title" content=(inside.title);
                    meta property="og:description" content=(inside.description);
                    meta property="og:type" content="website";
                    meta property="og:image" content=(self.public(&share_path(self.view, self.address, self.shared_unit())));
                    meta name="twitter:card" content="summary_large_image";
                    link rel="alternate" type="application/atom+xml" href=(self.feed());
                    meta name="color-scheme" content="light dark";
                    link rel="stylesheet" href=(self.view.style.path);
                    link rel="icon" href="/assets/icon.svg" type="image/svg+xml";
                    script src=(self.view.script.path) defer {}
                    @if let Some(json) = &inside.json { link rel="alternate" type="application/json" href=(json); }
                    @for (language, code) in count.pack().languages.iter().enumerate() {
                        link rel="alternate" hreflang=(code) href=(Address { language, ..self.address }.path(count));
                    }
                }
                body data-root="/" data-live=[self.live.then_some("/live")] data-size=[self.names_head().then_some(self.view.head.size)] {
                    a.skip href="#main" { (self.t("frame.skip")) }
                    header.top {
                        div.wrap {
                            a.brand href=(Address { page: Page::Unit(UnitIndex::WHOLE, 1), ..first_contest }.path(count)) {
                                b { (election) } " "
                                span { (self.place()) " · " time datetime=(definition.date) { (self.language.date(&definition.date)) } }
                            }
                            (self.search_form(words.filter(|_| self.address.page == Page::Search).unwrap_or(""), "q"))
                            nav.menu aria-label=(self.t("frame.menu")) {
                                a href=(home) aria-current=[self.current(|page| matches!(page, Page::Unit(UnitIndex::WHOLE, _)))] { (self.t("frame.results")) }
                                @if self.view.compares(self.contest(), UnitIndex::WHOLE) {
                                    a href=(self.to(Page::Compare(UnitIndex::WHOLE))) aria-current=[self.current(|page| page == Page::Compare(UnitIndex::WHOLE))] { (self.t("compare.menu")) }
                                }
                                a href=(self.to(Page::Method)) aria-current=[self.current(|page| page == Page::Method)] { (self.t("frame.method")) }
                                a href=(self.to(Page::Data)) aria-current=[self.current(|page| page == Page::Data)] { (self.t("frame.data")) }
                                @for (language, code) in count.pack().languages.iter().enumerate() {
                                    @if language != self.address.language {
                                        @let name = self.view.language(language);
                                        a hreflang=(code) lang=(code) href=(Address { language, ..self.address }.path(count)) {
                                            (if name.code() == code { name.name() } else { code })
                                        }
                                    }
                                }
                            }
                        }
                    }
                    main #main.wrap tabindex="-1" { (inside.main) }
                    footer.wrap {
                        p #head {
                            @if self.names_head() {
                                (self.sheets_sentence()) " "
                                (self.language.compose("frame.head", &[
                                    ("size", html! { a href="/ledger/checkpoint" { (self.n(self.view.head.size)) } }),
                                    ("root", html! { code title=(self.view.head.root) { (short_hash(&self.view.head.root)) } }),
                                ])) " "
                                (self.witnessed())
                            } @else {
                                (self.language.compose("frame.copy", &[
                                    ("ledger", html! { code { (self.view.head.origin) } }),
                                    ("head", html! { a href="/ledger/checkpoint" { (self.t("frame.copy_head")) } }),
                                    ("command", html! { code { "testigo verify" } }),
                                ]))
                            }
                        }
                        p {
                            (self.language.compose("frame.privacy", &[
                                ("method", html! { a href=(self.to(Page::Method)) { (self.t("frame.privacy_link")) } }),
                            ]))
                        }
                        p {
                            a href=(self.to(Page::Analysis)) { (self.t("analysis.link")) } " · "
                            @if self.view.has_audit(self.contest()) { a href=(self.to(Page::Audit)) { (self.t("audit.title")) } " · " }
                            a href=(self.to(Page::Recount)) { (self.t("recount.link")) }
                        }
                    }
                    p #news.hidden role="status" data-text=(self.t("frame.news")) {}
                }
            }
        }
    }

    /// Whether witnesses have seen the head.
    fn witnessed(&self) -> Markup {
        match self.view.head.witnessed {
            Witnessed::By(number) => html! { (self.language.count("frame.witnessed", number)) },
            Witnessed::Unwitnessed => html! { strong { (self.t("frame.unwitnessed")) } },
        }
    }

    /// Whether the page says what the whole ledger's head is. In a mirror, pages about a part of the country do not: an entry
    /// that is not about them leaves them as they are, to the byte.
    fn names_head(&self) -> bool {
        let about_a_part = match self.address.page {
            Page::Station(_) => true,
            Page::Unit(unit, _) | Page::Stations(unit, ..) | Page::Compare(unit) => unit != UnitIndex::WHOLE,
            _ => false,
        };
        self.live || !about_a_part
    }

    /// The feed in this language.
    fn feed(&self) -> String {
        match self.address.language {
            0 => "/feed.atom".to_owned(),
            _ => format!("/{}/feed.atom", self.code()),
        }
    }

    /// The unit whose picture is shown beside a link to this page.
    fn shared_unit(&self) -> UnitIndex {
        let geography = self.view.count.geography();
        let unit = match self.address.page {
            Page::Unit(unit, _) | Page::Stations(unit, ..) | Page::Widget(unit) => Some(unit),
            Page::Station(station) => geography.station_unit(station),
            _ => None,
        };
        let mut above = unit.into_iter().flat_map(|unit| geography.ancestors(unit));
        above.find(|unit| is_shared(self.view, *unit)).unwrap_or(UnitIndex::WHOLE)
    }

    /// The whole address of a path where the ledger is named after the site that publishes it, else the path itself.
    fn public(&self, path: &str) -> String {
        let origin = &self.view.head.origin;
        let host = origin.split('/').next().unwrap_or_default();
        if host.contains('.') { format!("https:{}{origin}{path}", "//") } else { path.to_owned() }
    }

    fn current(&self, is: impl Fn(Page) -> bool) -> Option<&'static str> {
        is(self.address.page).then_some("page")
    }

    /// The search form. `id` tells two on one page apart.
    fn search_form(&self, words: &str, id: &str) -> Markup {
        html! {
            @let levels = &self.view.count.pack().levels;
            form.search role="search" aria-label=(self.t(if id == "words" { "search.title" } else { "search.label" })) action=(self.to(Page::Search)) data-find="/find/all.json"
                data-segments=(levels.iter().map(|level| crate::address::level_segment(&self.view.count, level.id.as_str())).collect::<Vec<_>>().join(" "))
                data-names=(levels.iter().map(|level| level.name.in_language(self.code())).collect::<Vec<_>>().join("|"))
                data-language=[(self.address.language > 0).then(|| self.code())]
                data-more=(self.t("search.more")) data-none=(self.t("search.none")) {
                label.hidden for=(id) { (self.t("search.label")) }
                input #(id) type="search" name="q" value=(words) maxlength="100" placeholder=(self.t("search.placeholder")) autocomplete="off";
                button type="submit" { (self.t("search.button")) }
            }
        }
    }

    fn sheets_sentence(&self) -> Markup {
        match u64::try_from(self.view.count.sheet_count()).unwrap_or(u64::MAX) {
            0 => html! { (self.t("frame.no_sheets")) },
            sheets => html! { (self.language.count("frame.sheets", sheets)) },
        }
    }
}

/// The first and last digits of a hash, enough to tell two apart at a glance.
pub(crate) fn short_hash(hash: &str) -> String {
    match (hash.get(..8), hash.get(hash.len().saturating_sub(4)..)) {
        (Some(start), Some(end)) if hash.len() > 12 => format!("{start}…{end}"),
        _ => hash.to_owned(),
    }
}
