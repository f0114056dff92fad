//! From an address to an answer: the one place where both the live server and a static mirror learn what stands where.

use std::sync::Arc;

use testigo_count::DocumentHash;
use testigo_count::geography::{Children, StationIndex, UnitIndex};
use testigo_ledger::{TilePath, TreeSize};

use crate::address::{
    Address, Page, Place, document_path, opening_path, place, rendition_path, station_path, unit_path,
};
use crate::download::{self, Download, Form, Table};
use crate::page;
use crate::source::{BOUNDARIES, TILES};
use crate::torrent;
use crate::view::View;

/// The site in one state of the count.
#[derive(Clone, Debug)]
pub struct Site {
    view: Arc<View>,
    /// Whether a server stands behind it that tells of new results.
    live: bool,
}

/// An answer, before anybody thinks of HTTP.
#[derive(Debug)]
pub struct Response {
    /// As in HTTP: 200 or 404.
    pub status: u16,
    /// Media type with character set.
    pub content_type: &'static str,
    /// What is sent.
    pub body: Body,
    /// How long the answer holds.
    pub freshness: Freshness,
}

/// What is sent.
#[derive(Debug)]
pub enum Body {
    /// These bytes.
    Bytes(Vec<u8>),
    /// A long download, made piece by piece.
    Download(Download),
    /// A published picture, which the caller has.
    Rendition(DocumentHash),
    /// The proof of a picture, by the commitment to its pixels and its hash; the caller has it.
    Opening(DocumentHash, DocumentHash),
    /// A file about how something is shown, by its name, which the caller has.
    Presentation(String),
    /// A document, which the caller has.
    Document(DocumentHash),
    /// A file of the ledger, by its name below `ledger/`, which the caller has.
    Ledger(String),
    /// The torrent of all pictures, which the caller makes.
    Torrent,
    /// The receipt for an entry, which the caller makes.
    Receipt(u64),
    /// The bytes of an entry, which the caller has.
    Entry(u64),
}

/// How long an answer holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// Until the next entry.
    Changing,
    /// For good: the address names the content.
    Forever,
}

/// What stands at an address is about a place and what is below it, or about the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// One station.
    Station(StationIndex),
    /// A unit.
    Unit(UnitIndex),
    /// Everything, or a list of what is nowhere else.
    Whole,
}

/// Types of answers.
pub(crate) const HTML: &str = "text/html; charset=utf-8";
pub(crate) const JSON: &str = "application/json";
pub(crate) const GEOJSON: &str = "application/geo+json";
pub(crate) const PARQUET: &str = "application/vnd.apache.parquet";
pub(crate) const ATOM: &str = "application/atom+xml; charset=utf-8";
pub(crate) const PNG: &str = "image/png";
pub(crate) const TORRENT: &str = "application/x-bittorrent";
pub(crate) const XML: &str = "application/xml";

pub(crate) const CSV: &str = "text/csv; charset=utf-8; header=present";
const TEXT: &str = "text/plain; charset=utf-8";

const ICON: &str = include_str!("../assets/icon.svg");

/// The independent verifier that comes with every site and every mirror.
const CHECKER: &str = include_str!("../../../checker/testigo_check.py");

impl Site {
    /// A site over a view. `live` puts into each page where to listen for new results.
    #[must_use]
    pub fn new(view: Arc<View>, live: bool) -> Self {
        Self { view, live }
    }

    /// What it shows.
    #[must_use]
    pub fn view(&self) -> &Arc<View> {
        &self.view
    }

    /// The answer to a path (as in the request line, without the query). `query` is what stands after `?`; only the
    /// search reads it.
    #[must_use]
    pub fn respond(&self, path: &str, query: &str) -> Response {
        self.file(path).or_else(|| self.page(path, query)).unwrap_or_else(|| self.missing(path))
    }

    /// What stands at an address of [`Site::addresses`] is about. Comparisons with what was proclaimed are taken to be about the whole.
    pub(crate) fn about(&self, path: &str) -> About {
        let count = &self.view.count;
        if let Some(bare) = path.strip_suffix(".json") {
            let parts: Vec<&str> = bare.trim_start_matches('/').split('/').collect();
            let ([level, code] | ["c", _, level, code]) = parts.as_slice() else { return About::Whole };
            return match place(count, level, code) {
                Some(Place::Station(station)) => About::Station(station),
                Some(Place::Unit(unit)) => About::Unit(unit),
                None => About::Whole,
            };
        }
        match Address::parse(count, path.strip_suffix(".png").unwrap_or(path)).map(|address| address.page) {
            Some(Page::Station(station)) => About::Station(station),
            Some(Page::Unit(unit, _) | Page::Stations(unit, ..) | Page::Widget(unit)) => About::Unit(unit),
            _ => About::Whole,
        }
    }

    fn page(&self, path: &str, query: &str) -> Option<Response> {
        let address = Address::parse(&self.view.count, path)?;
        let words = match address.page {
            Page::Search => search_words(query),
            _ => String::new(),
        };
        let html = page::draw(&self.view, address, &words, self.live)?;
        Some(bytes(HTML, html.into_bytes(), Freshness::Changing))
    }

    pub(crate) fn missing(&self, path: &str) -> Response {
        let languages = &self.view.count.pack().languages;
        let first = path.split('/').find(|part| !part.is_empty()).unwrap_or_default();
        let language = languages.iter().position(|code| code == first).unwrap_or(0);
        let html = page::draw_missing(&self.view, language, self.live);
        Response { status: 404, ..bytes(HTML, html.into_bytes(), Freshness::Changing) }
    }

    fn file(&self, path: &str) -> Option<Response> {
        let view = &self.view;
        let parts: Vec<&str> = path.strip_prefix('/')?.split('/').collect();
        match parts.as_slice() {
            ["assets", "icon.svg"] => Some(bytes("image/svg+xml", ICON.as_bytes().to_vec(), Freshness::Changing)),
            ["assets", _] => [&view.style, &view.script, &view.recount]
                .into_iter()
                .find(|asset| asset.path == path)
                .map(|asset| bytes(asset.content_type, asset.bytes.clone(), Freshness::Forever)),
            ["renditions", _, name] => {
                let (hash, ending) = name.split_once('.')?;
                let hash: DocumentHash = hash.parse().ok()?;
                let media = view.rendition(&hash).filter(|media| *media == ending)?;
                (rendition_path(&hash, media) == path).then_some(())?;
                let content_type = if media == "png" { "image/png" } else { "image/jpeg" };
                // A ruling may withhold a picture later: it is asked for anew each time.
                Some(Response {
                    status: 200,
                    content_type,
                    body: Body::Rendition(hash),
                    freshness: Freshness::Changing,
                })
            }
            ["openings", _, name] => {
                let (pixels, rendition) = name.split_once('.')?;
                let (pixels, rendition) = (pixels.parse().ok()?, rendition.parse().ok()?);
                (view.has_opening(&pixels, &rendition) && opening_path(&pixels, &rendition) == path).then_some(())?;
                // It goes with its picture when a ruling withholds that.
                Some(Response {
                    status: 200,
                    content_type: "application/octet-stream",
                    body: Body::Opening(pixels, rendition),
                    freshness: Freshness::Changing,
                })
            }
            ["documents", hash] => {
                let body = Body::Document(hash.parse().ok()?);
                Some(Response {
                    status: 200,
                    content_type: "application/octet-stream",
                    body,
                    freshness: Freshness::Forever,
                })
            }
            ["ledger", "checkpoint"] => Some(bytes(TEXT, view.head.note.clone(), Freshness::Changing)),
            ["ledger", ..] => ledger_file(path),
            ["receipts", name] => self.receipt(name),
            ["presentation", ..] => {
                let name = path.strip_prefix("/presentation/").filter(|name| view.presentation.contains(*name))?;
                Some(presentation(TEXT, name))
            }
            ["checker", "testigo_check.py"] => Some(bytes(TEXT, CHECKER.as_bytes().to_vec(), Freshness::Changing)),
            ["data", rest @ ..] => self.data(rest),
            ["find", file] => {
                let finder = view.places.finder(&view.count);
                Some(json(&finder.document(&view.count, file.strip_suffix(".json")?)?))
            }
            [.., "feed.atom"] => {
                let language = self.language(&parts[..parts.len() - 1])?;
                Some(bytes(ATOM, download::feed(view, language), Freshness::Changing))
            }
            [.., last] if last.ends_with(".png") => {
                let page = path.strip_suffix(".png")?;
                let page = page.strip_suffix("/share").unwrap_or(page);
                let address = Address::parse(&view.count, page)?;
                let Page::Unit(unit, 1) = address.page else { return None };
                if page::share_path(view, address, unit) != path {
                    return None;
                }
                let picture = page::share(view, address.language, address.contest, unit)?;
                Some(bytes(PNG, picture, Freshness::Changing))
            }
            [.., last] if last.ends_with(".json") => self.json(&parts),
            _ => None,
        }
    }

    /// `/receipts/<entry>.tlog-proof` and the bytes it is for, `/receipts/<entry>.json`; from a server only: under each new head
    /// every receipt is another one, and a mirror holds what does not change with every entry.
    fn receipt(&self, name: &str) -> Option<Response> {
        let (number, kind) = name.split_once('.')?;
        let entry: u64 = number.parse().ok()?;
        let known = self.live && entry < self.view.head.size && entry.to_string() == number;
        let (content_type, body, freshness) = match kind {
            "tlog-proof" => (TEXT, Body::Receipt(entry), Freshness::Changing),
            "json" => (JSON, Body::Entry(entry), Freshness::Forever),
            _ => return None,
        };
        known.then_some(Response { status: 200, content_type, body, freshness })
    }

    fn data(&self, parts: &[&str]) -> Option<Response> {
        let view = &self.view;
        let csv = |table: Table| streamed(CSV, table.csv());
        match parts {
            ["sheets.csv"] => Some(csv(download::sheets(view))),
            ["sheets.parquet"] => parquet(download::sheets(view)),
            [torrent::SHEETS] => view.renditions().next().map(|_| Response {
                status: 200,
                content_type: TORRENT,
                body: Body::Torrent,
                freshness: Freshness::Changing,
            }),
            ["refusals.csv"] => Some(csv(download::refusals(view))),
            ["datapackage.json"] => download::datapackage(view).ok().map(|made| bytes(JSON, made, Freshness::Changing)),
            ["nist.json"] => Some(streamed(JSON, download::nist_report(view, Form::Json))),
            ["nist.xml"] => Some(streamed(XML, download::nist_report(view, Form::Xml))),
            ["boundaries.geojson"] => view.maps.boundaries.hash.map(|_| presentation(GEOJSON, BOUNDARIES)),
            ["tiles.csv"] => view.maps.tiles.hash.map(|_| presentation(CSV, TILES)),
            [contest, file] => {
                let contest = self.contest(contest)?;
                match *file {
                    "stations.csv" => Some(csv(download::stations(view, contest))),
                    "units.csv" => Some(csv(download::units(view, contest))),
                    "readings.csv" => Some(csv(download::readings(view, contest))),
                    "official.csv" => download::official(view, contest).map(csv),
                    "official.parquet" => download::official(view, contest).and_then(parquet),
                    "stations.parquet" => parquet(download::stations(view, contest)),
                    "units.parquet" => parquet(download::units(view, contest)),
                    "readings.parquet" => parquet(download::readings(view, contest)),
                    file if file.ends_with(".geojson") => {
                        let levels = view.count.pack().unit_levels();
                        let level =
                            levels.iter().position(|level| file.strip_suffix(".geojson") == Some(level.id.as_str()))?;
                        Some(bytes(GEOJSON, download::geojson(view, contest, level), Freshness::Changing))
                    }
                    "compare.csv" => {
                        let comparison = view.comparison(contest, UnitIndex::WHOLE)?;
                        Some(bytes(CSV, download::comparison(&comparison)?, Freshness::Changing))
                    }
                    "audit.csv" => {
                        let table = view.has_audit(contest).then(|| download::audit_table(view, contest))?;
                        Some(bytes(CSV, table?, Freshness::Changing))
                    }
                    "tally.json" => Some(self.unit_json(contest, UnitIndex::WHOLE)),
                    "analysis.csv" => {
                        let table = download::analysis(&view.screened(contest)?.analysis)?;
                        Some(bytes(CSV, table, Freshness::Changing))
                    }
                    "analysis.json" => view.screened(contest).map(|screened| json(&screened.analysis.to_json())),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The same as a page, for programs. There is one for all languages.
    fn json(&self, parts: &[&str]) -> Option<Response> {
        let (contest, parts) = match parts {
            ["c", id, rest @ ..] => (self.contest(id).filter(|contest| *contest > 0)?, rest),
            rest => (0, rest),
        };
        match parts {
            ["index.json"] => Some(self.unit_json(contest, UnitIndex::WHOLE)),
            ["compare.json"] => self.comparison_json(contest, UnitIndex::WHOLE),
            ["audit.json"] => self.view.has_audit(contest).then(|| json(&download::audits(&self.view, contest))),
            [level, code, "compare.json"] => match place(&self.view.count, level, code)? {
                Place::Unit(unit) => self.comparison_json(contest, unit),
                Place::Station(_) => None,
            },
            [level, code] => match place(&self.view.count, level, code.strip_suffix(".json")?)? {
                Place::Unit(unit) => Some(self.unit_json(contest, unit)),
                Place::Station(station) if contest == 0 => {
                    Some(json(&download::station_document(&self.view, station, self.live)))
                }
                Place::Station(_) => None,
            },
            _ => None,
        }
    }

    fn comparison_json(&self, contest: usize, unit: UnitIndex) -> Option<Response> {
        Some(json(&*self.view.comparison(contest, unit)?))
    }

    fn unit_json(&self, contest: usize, unit: UnitIndex) -> Response {
        let view = &self.view;
        let (units, stations) = (view.places.child_units(unit).to_vec(), view.places.child_stations(unit).to_vec());
        let mut tally = view.count.tally_over(contest, unit, Children { units, stations }, view.head.root.clone());
        // In a mirror one new entry must not change what it is not about: the head stands in `index.json`.
        if !self.live && unit != UnitIndex::WHOLE {
            tally.ledger = None;
        }
        json(&tally)
    }

    /// The language whose prefix these parts of an address are.
    fn language(&self, parts: &[&str]) -> Option<usize> {
        match parts {
            [] => Some(0),
            [code] => {
                let languages = &self.view.count.pack().languages;
                languages.iter().position(|one| one == code).filter(|at| *at > 0)
            }
            _ => None,
        }
    }

    fn contest(&self, id: &str) -> Option<usize> {
        self.view.count.definition().contests.iter().position(|contest| contest.id.as_str() == id)
    }

    /// Everything that stands anywhere on the site, as root-relative addresses in no particular order: what links lead to,
    /// and what a mirror holds. Only the files of the ledger are missing, which depend on how it grew.
    pub fn addresses(&self) -> impl Iterator<Item = String> {
        self.pages().map(|page| page.path(&self.view.count)).chain(self.files())
    }

    /// The addresses of all pages with something on them: of empty lists of stations only those of the whole.
    pub fn pages(&self) -> impl Iterator<Item = Address> {
        let (view, count) = (&self.view, &self.view.count);
        let languages = 0..count.pack().languages.len();
        let contests = 0..count.definition().contests.len();
        languages.flat_map(move |language| {
            let single = [Page::Search, Page::Data, Page::Method, Page::Recount].into_iter();
            let sheets = page::sheets_pages(view);
            let stations = view.places.stations().iter().map(|station| Page::Station(*station));
            let once = single.chain(sheets).chain(stations).map(move |page| Address { language, contest: 0, page });
            let by_contest = contests.clone().flat_map(move |contest| {
                let pages = view.places.units().iter().flat_map(move |unit| {
                    let compared = view.compares(contest, *unit).then_some(Page::Compare(*unit));
                    page::unit_pages(view, *unit).chain(page::list_pages(view, contest, *unit)).chain(compared)
                });
                let maps = (0..count.pack().unit_levels().len()).filter(|level| page::has_map(view, *level)).flat_map(
                    move |level| page::measures(view, contest, level).map(move |measure| Page::Map(level, measure)),
                );
                let shared = view.places.units().iter().copied().filter(|unit| page::is_shared(view, *unit));
                let audit = view.has_audit(contest).then_some(Page::Audit);
                let pages = pages.chain(maps).chain(shared.map(Page::Widget)).chain([Page::Analysis]).chain(audit);
                pages.map(move |page| Address { language, contest, page })
            });
            by_contest.chain(once)
        })
    }

    /// The addresses of all that is no page.
    fn files(&self) -> impl Iterator<Item = String> {
        let (view, count) = (&self.view, &self.view.count);
        let single = [
            "/assets/icon.svg",
            "/checker/testigo_check.py",
            "/data/sheets.csv",
            "/data/sheets.parquet",
            "/data/refusals.csv",
            "/data/datapackage.json",
            "/data/nist.json",
            "/data/nist.xml",
        ];
        let boundaries = view.maps.boundaries.hash.map(|_| "/data/boundaries.geojson".to_owned());
        let torrent = view.renditions().next().map(|_| format!("/data/{}", torrent::SHEETS));
        let find = view.places.finder(count).files();
        let languages = 0..count.pack().languages.len();
        let feeds = languages.clone().map(|language| match language {
            0 => "/feed.atom".to_owned(),
            _ => format!("/{}/feed.atom", view.language_code(language)),
        });
        let pictures = languages.flat_map(move |language| {
            (0..count.definition().contests.len()).flat_map(move |contest| {
                let shared = view.places.units().iter().copied().filter(|unit| page::is_shared(view, *unit));
                shared.map(move |unit| {
                    page::share_path(view, Address { language, contest, page: Page::Unit(unit, 1) }, unit)
                })
            })
        });
        let tiles = view.maps.tiles.hash.map(|_| "/data/tiles.csv".to_owned());
        let assets = [&view.style.path, &view.script.path, &view.recount.path].map(String::clone);
        let contests = count.definition().contests.iter().enumerate().flat_map(move |(at, contest)| {
            let tables = ["stations.csv", "units.csv", "readings.csv", "tally.json"].map(str::to_owned).into_iter();
            let packed = ["stations.parquet", "units.parquet", "readings.parquet"].map(str::to_owned);
            let levels = count.pack().unit_levels().iter().map(|level| format!("{}.geojson", level.id));
            let proclaimed =
                download::has_official(view, at).then(|| ["official.csv", "official.parquet"].map(str::to_owned));
            let analysis = view.screened(at).map(|_| ["analysis.csv", "analysis.json"].map(str::to_owned));
            let tables = tables
                .chain(packed)
                .chain(levels)
                .chain(proclaimed.into_iter().flatten())
                .chain(analysis.into_iter().flatten())
                .map(|table| format!("/data/{}/{table}", contest.id));
            let prefix = if at == 0 { String::new() } else { format!("/c/{}", contest.id) };
            let units = view.places.units().iter().map({
                let prefix = prefix.clone();
                move |unit| match *unit {
                    UnitIndex::WHOLE => format!("{prefix}/index.json"),
                    unit => format!("{prefix}{}.json", unit_path(count, unit)),
                }
            });
            let compared = view.places.units().iter().filter(move |unit| view.compares(at, **unit)).flat_map({
                let prefix = prefix.clone();
                move |unit| {
                    let table = (*unit == UnitIndex::WHOLE).then(|| format!("/data/{}/compare.csv", contest.id));
                    std::iter::once(format!("{prefix}{}/compare.json", unit_path(count, *unit))).chain(table)
                }
            });
            let audit = view.has_audit(at).then(|| format!("{prefix}/audit.json"));
            let table = view.has_audit(at) && view.audits(at).last().is_some_and(Result::is_ok);
            let audit = audit.into_iter().chain(table.then(|| format!("/data/{}/audit.csv", contest.id)));
            tables.chain(units).chain(compared).chain(audit)
        });
        let stations = view.places.stations().iter().map(|station| format!("{}.json", station_path(count, *station)));
        let documents = view.documents.iter().map(document_path);
        let renditions = view.renditions().map(|(hash, media)| rendition_path(&hash, media));
        let openings = view.openings().map(|(pixels, rendition)| opening_path(&pixels, &rendition));
        let presentation = view.presentation.iter().map(|name| format!("/presentation/{name}"));
        single
            .map(str::to_owned)
            .into_iter()
            .chain(boundaries)
            .chain(tiles)
            .chain(torrent)
            .chain(find)
            .chain(feeds)
            .chain(pictures)
            .chain(assets)
            .chain(contests)
            .chain(stations)
            .chain(documents)
            .chain(renditions)
            .chain(openings)
            .chain(presentation)
    }
}

/// A file below `ledger/` under the only name that it has.
fn ledger_file(path: &str) -> Option<Response> {
    let name = path.strip_prefix("/ledger/")?;
    let size = |name: &str| name.strip_prefix("checkpoints/")?.parse().ok().map(TreeSize);
    let is_tile = name.parse::<TilePath>().is_ok_and(|tile| tile.to_string() == name);
    let is_head = size(name).is_some_and(|size| format!("checkpoints/{size}") == name);
    let (content_type, freshness) = match name {
        // Witnesses may still sign an earlier head.
        "key" | "policy" => (TEXT, Freshness::Changing),
        _ if is_head => (TEXT, Freshness::Changing),
        _ if is_tile => ("application/octet-stream", Freshness::Forever),
        _ => return None,
    };
    Some(Response { status: 200, content_type, body: Body::Ledger(name.to_owned()), freshness })
}

fn bytes(content_type: &'static str, bytes: Vec<u8>, freshness: Freshness) -> Response {
    Response { status: 200, content_type, body: Body::Bytes(bytes), freshness }
}

fn presentation(content_type: &'static str, name: &str) -> Response {
    Response { status: 200, content_type, body: Body::Presentation(name.to_owned()), freshness: Freshness::Changing }
}

fn streamed(content_type: &'static str, download: Download) -> Response {
    Response { status: 200, content_type, body: Body::Download(download), freshness: Freshness::Changing }
}

/// A table as Parquet; `None`, and so not there, where it is too large for the format.
fn parquet(table: Table) -> Option<Response> {
    table.parquet().ok().map(|made| bytes(PARQUET, made, Freshness::Changing))
}

fn json(value: &impl serde::Serialize) -> Response {
    // Only maps with keys that are no texts could fail; there are none.
    bytes(JSON, serde_json::to_vec(value).unwrap_or_default(), Freshness::Changing)
}

/// The words in a query `q=...`, at most 100 letters.
fn search_words(query: &str) -> String {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("q=")).unwrap_or_default();
    let mut decoded = Vec::with_capacity(value.len());
    let mut rest = value.as_bytes();
    while let [first, after @ ..] = rest {
        rest = after;
        match (*first, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', [high, low, after @ ..]) if high.is_ascii_hexdigit() && low.is_ascii_hexdigit() => {
                let digit =
                    |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok()).unwrap_or(0);
                decoded.push(digit(*high) << 4 | digit(*low));
                rest = after;
            }
            (byte, _) => decoded.push(byte),
        }
    }
    String::from_utf8_lossy(&decoded).chars().filter(|letter| !letter.is_control()).take(100).collect()
}
