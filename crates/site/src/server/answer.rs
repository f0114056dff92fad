//! From a request to an answer over HTTP: methods, headers, compression, conditional requests, live news.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use hyper::body::Incoming;
use hyper::header::{self, HeaderMap, HeaderName, HeaderValue};
use hyper::{Method, Request, Response, StatusCode};
use std::io::Write;
use testigo_count::DocumentHash;
use tokio::sync::{Semaphore, mpsc, watch};

use super::body::AnswerBody;
use super::cache::{Edition, Prepared};
use crate::download::Download;
use crate::respond::{self, Body, Freshness};
use crate::source::Source;
use crate::torrent;

/// Longest path or query, in bytes. The longest address of the site has fewer than 300.
const LONGEST_TARGET: usize = 1_024;

/// So many open pages are told of news at a time; others ask again by themselves.
const LISTENERS: usize = 4_096;

/// So many long downloads are made at a time; others wait.
const DOWNLOADS: usize = 4;

/// Ends of addresses below `/data/` whose files are made piece by piece and not kept.
const STREAMED: [&str; 3] = [".csv", "/nist.json", "/nist.xml"];

/// An open page hears something at least this often, so that nobody between takes the connection for dead.
const HEARTBEAT: Duration = Duration::from_secs(15);

/// Nothing from elsewhere, nothing inline, no frame around it.
const POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; script-src 'self'; connect-src 'self'; \
     base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

/// For pages that other sites may show in a frame; they have no script and no form.
const FRAMED_POLICY: &str = "default-src 'none'; img-src 'self'; style-src 'self'; base-uri 'none'; form-action 'none'; \
     frame-ancestors *";

type Answer = Response<AnswerBody>;

pub(super) struct Server {
    source: Arc<dyn Source>,
    edition: watch::Receiver<Arc<Edition>>,
    stopped: watch::Receiver<bool>,
    listeners: Arc<Semaphore>,
    downloads: Arc<Semaphore>,
}

impl Server {
    pub fn new(
        source: Arc<dyn Source>,
        edition: watch::Receiver<Arc<Edition>>,
        stopped: watch::Receiver<bool>,
    ) -> Self {
        Self {
            source,
            edition,
            stopped,
            listeners: Arc::new(Semaphore::new(LISTENERS)),
            downloads: Arc::new(Semaphore::new(DOWNLOADS)),
        }
    }

    pub async fn answer(&self, request: &Request<Incoming>) -> Answer {
        if request.method() != Method::GET && request.method() != Method::HEAD {
            let mut answer = plain(StatusCode::METHOD_NOT_ALLOWED, "only GET and HEAD are answered here\n");
            answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static("GET, HEAD"));
            return answer;
        }
        let (path, query) = (request.uri().path(), request.uri().query().unwrap_or_default());
        if path.len() > LONGEST_TARGET || query.len() > LONGEST_TARGET {
            return plain(StatusCode::URI_TOO_LONG, "the address is longer than any of this site\n");
        }
        if path == "/live" {
            return self.live(request.method() == Method::HEAD);
        }
        let edition = Arc::clone(&self.edition.borrow());
        let searches = !query.is_empty() && path.ends_with("/search");
        let streams = path.starts_with("/data/")
            && STREAMED.iter().any(|ending| path.ends_with(ending))
            && path != "/data/tiles.csv";
        if searches || streams || path.starts_with("/ledger/tile/") {
            return self.make(&edition, path, query, request.headers()).await;
        }
        let slot = edition.cache.slot(path);
        if let Some(prepared) = slot.get() {
            return send(prepared, request.headers());
        }
        let prepared = slot
            .get_or_init(|| async {
                let prepared = Arc::new(self.draw(&edition, path.to_owned(), String::new()).await.0);
                edition.cache.settle(path, &prepared);
                prepared
            })
            .await;
        send(prepared, request.headers())
    }

    /// Makes an answer that is not kept.
    async fn make(&self, edition: &Arc<Edition>, path: &str, query: &str, headers: &HeaderMap) -> Answer {
        let (prepared, download) = self.draw(edition, path.to_owned(), query.to_owned()).await;
        match download {
            None => send(&prepared, headers),
            Some(download) => self.download(&prepared, download, headers).await,
        }
    }

    /// Draws an answer on a thread of its own: others are answered meanwhile.
    async fn draw(&self, edition: &Arc<Edition>, path: String, query: String) -> (Prepared, Option<Download>) {
        let (edition, source) = (Arc::clone(edition), Arc::clone(&self.source));
        let drawn = tokio::task::spawn_blocking(move || prepare(&edition, source.as_ref(), &path, &query)).await;
        drawn.unwrap_or_else(|_| (failed(StatusCode::INTERNAL_SERVER_ERROR, "this page could not be drawn\n"), None))
    }

    async fn download(&self, prepared: &Prepared, download: Download, headers: &HeaderMap) -> Answer {
        if is_known(headers, &prepared.etag) {
            return send(prepared, headers);
        }
        let Ok(permit) = Arc::clone(&self.downloads).acquire_owned().await else {
            return plain(StatusCode::SERVICE_UNAVAILABLE, "try again\n");
        };
        let gzip = accepts_gzip(headers);
        let (sender, pieces) = mpsc::channel(2);
        tokio::task::spawn_blocking(move || {
            let _permit = permit;
            send_pieces(download, gzip, |piece| sender.blocking_send(piece).is_ok());
        });
        let mut answer = Response::new(AnswerBody::Pieces(pieces));
        set_headers(answer.headers_mut(), prepared);
        if gzip {
            answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
        }
        answer
    }

    /// Server-Sent Events: the size of the ledger now, and each newer one.
    fn live(&self, head: bool) -> Answer {
        let Ok(permit) = Arc::clone(&self.listeners).try_acquire_owned() else {
            let mut answer = plain(StatusCode::SERVICE_UNAVAILABLE, "too many open pages; ask again later\n");
            answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
            return answer;
        };
        let (sender, pieces) = mpsc::channel(2);
        let (mut editions, mut stopped) = (self.edition.clone(), self.stopped.clone());
        if !head {
            tokio::spawn(async move {
                let _permit = permit;
                loop {
                    let size = editions.borrow_and_update().site.view().head.size;
                    if sender.send(Ok(Bytes::from(format!("data: {size}\n\n")))).await.is_err() {
                        return;
                    }
                    loop {
                        tokio::select! {
                            changed = editions.changed() => match changed {
                                Ok(()) => break,
                                Err(_) => return,
                            },
                            () = tokio::time::sleep(HEARTBEAT) => {
                                if sender.send(Ok(Bytes::from_static(b": still here\n\n"))).await.is_err() {
                                    return;
                                }
                            }
                            _ = stopped.changed() => return,
                            () = sender.closed() => return,
                        }
                    }
                }
            });
        }
        let mut answer = Response::new(AnswerBody::Pieces(pieces));
        let headers = answer.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/event-stream"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        // Asks a proxy not to hold the news back.
        headers.insert(HeaderName::from_static("x-accel-buffering"), HeaderValue::from_static("no"));
        secure(headers);
        answer
    }
}

/// Draws and compresses. Downloads are only opened here.
fn prepare(edition: &Edition, source: &dyn Source, path: &str, query: &str) -> (Prepared, Option<Download>) {
    let response = edition.site.respond(path, query);
    let content_type = response.content_type;
    let mut prepared = Prepared {
        status: StatusCode::from_u16(response.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR),
        content_type: HeaderValue::from_static(content_type),
        cache_control: HeaderValue::from_static(match response.freshness {
            Freshness::Changing => "no-cache",
            Freshness::Forever => "public, max-age=31536000, immutable",
        }),
        etag: HeaderValue::from_static("W/\"\""),
        shared: content_type != respond::HTML,
        framed: content_type == respond::HTML && path.split('/').any(|part| part == "widget"),
        attachment: matches!(response.body, Body::Document(_) | Body::Download(_) | Body::Torrent)
            || content_type == respond::PARQUET,
        plain: Bytes::new(),
        gzip: None,
    };
    let found = match response.body {
        Body::Bytes(bytes) => {
            prepared.etag = etag(&DocumentHash::of(&bytes).to_string());
            Some((bytes, true))
        }
        Body::Rendition(hash) => {
            prepared.etag = etag(&hash.to_string());
            source.rendition(&hash).map(|bytes| (bytes, false))
        }
        Body::Opening(pixels, rendition) => {
            prepared.etag = etag(&format!("{pixels}.{rendition}"));
            source.opening(&pixels, &rendition).map(|bytes| (bytes, false))
        }
        Body::Presentation(name) => {
            let found = source.presentation(&name);
            if let Some(bytes) = &found {
                prepared.etag = etag(&DocumentHash::of(bytes).to_string());
            }
            found.map(|bytes| (bytes, true))
        }
        Body::Document(hash) => {
            prepared.etag = etag(&hash.to_string());
            source.document(&hash).map(|bytes| (bytes, true))
        }
        Body::Torrent => torrent::of_sheets(edition.site.view(), source).ok().map(|bytes| {
            prepared.etag = etag(&DocumentHash::of(&bytes).to_string());
            (bytes, false)
        }),
        Body::Receipt(entry) => source.receipt(entry).map(|bytes| {
            prepared.etag = etag(&DocumentHash::of(&bytes).to_string());
            (bytes, true)
        }),
        Body::Entry(entry) => source.entry(entry).map(|bytes| {
            prepared.etag = etag(&DocumentHash::of(&bytes).to_string());
            (bytes, true)
        }),
        Body::Ledger(name) => source.ledger_file(&name).map(|bytes| {
            prepared.etag = etag(&DocumentHash::of(&bytes).to_string());
            (bytes, true)
        }),
        Body::Download(download) => {
            // A download follows from the ledger and from the program that makes it.
            let view = edition.site.view();
            prepared.etag = etag(
                &DocumentHash::of(format!("{} {path} {}", view.head.root, env!("CARGO_PKG_VERSION")).as_bytes())
                    .to_string(),
            );
            return (prepared, Some(download));
        }
    };
    match found {
        None => {
            let respond::Response { body, .. } = edition.site.missing(path);
            prepared = failed(StatusCode::NOT_FOUND, "");
            if let Body::Bytes(bytes) = body {
                prepared.content_type = HeaderValue::from_static(respond::HTML);
                prepared.plain = Bytes::from(bytes);
            }
        }
        Some((bytes, compressible)) => {
            prepared.gzip = compressible.then(|| compress(&bytes)).flatten().filter(|small| small.len() < bytes.len());
            prepared.plain = Bytes::from(bytes);
        }
    }
    (prepared, None)
}

fn compress(bytes: &[u8]) -> Option<Bytes> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(bytes.len() / 4), Compression::default());
    encoder.write_all(bytes).ok()?;
    encoder.finish().ok().map(Bytes::from)
}

/// Hands over a download piece by piece until it ends or nobody takes it any more.
fn send_pieces(download: Download, gzip: bool, mut take: impl FnMut(Result<Bytes, csv::Error>) -> bool) {
    let mut encoder = gzip.then(|| GzEncoder::new(Vec::new(), Compression::fast()));
    for piece in download {
        let piece = match (piece, &mut encoder) {
            (Err(error), _) => Err(error),
            (Ok(piece), None) => Ok(piece),
            (Ok(piece), Some(encoder)) => match encoder.write_all(&piece) {
                Ok(()) => Ok(std::mem::take(encoder.get_mut())),
                Err(error) => Err(error.into()),
            },
        };
        match piece {
            Ok(piece) if piece.is_empty() => {}
            Ok(piece) => {
                if !take(Ok(Bytes::from(piece))) {
                    return;
                }
            }
            Err(error) => {
                take(Err(error));
                return;
            }
        }
    }
    if let Some(encoder) = encoder {
        take(encoder.finish().map(Bytes::from).map_err(csv::Error::from));
    }
}

fn etag(hash: &str) -> HeaderValue {
    // Weak, since the compressed and the plain answer share it.
    HeaderValue::try_from(format!("W/\"{}\"", &hash[..hash.len().min(20)]))
        .unwrap_or(HeaderValue::from_static("W/\"\""))
}

fn is_known(headers: &HeaderMap, etag: &HeaderValue) -> bool {
    let Some(known) = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) else { return false };
    let etag = etag.to_str().unwrap_or_default();
    let opaque = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    known.split(',').any(|tag| tag.trim() == "*" || opaque(tag) == opaque(etag))
}

fn accepts_gzip(headers: &HeaderMap) -> bool {
    let Some(accepted) = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    accepted.split(',').any(|one| {
        let mut parts = one.split(';').map(str::trim);
        let named = parts.next().is_some_and(|coding| coding.eq_ignore_ascii_case("gzip") || coding == "*");
        let refused = parts.any(|part| part.strip_prefix("q=").is_some_and(|q| q.trim_matches(['0', '.']).is_empty()));
        named && !refused
    })
}

fn send(prepared: &Prepared, headers: &HeaderMap) -> Answer {
    if prepared.status == StatusCode::OK && is_known(headers, &prepared.etag) {
        let mut answer = Response::new(AnswerBody::Whole(Bytes::new()));
        *answer.status_mut() = StatusCode::NOT_MODIFIED;
        set_headers(answer.headers_mut(), prepared);
        return answer;
    }
    if let Some(answer) = part(prepared, headers) {
        return answer;
    }
    let gzip = prepared.gzip.as_ref().filter(|_| accepts_gzip(headers));
    let mut answer = Response::new(AnswerBody::Whole(gzip.unwrap_or(&prepared.plain).clone()));
    *answer.status_mut() = prepared.status;
    set_headers(answer.headers_mut(), prepared);
    answer.headers_mut().insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if gzip.is_some() {
        answer.headers_mut().insert(header::CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    answer
}

/// The part that was asked for, if one part was (RFC 9110, section 14): databases read a Parquet file so. A condition
/// on what the part belongs to is only met by the answer as a whole, as its tag is weak.
fn part(prepared: &Prepared, headers: &HeaderMap) -> Option<Answer> {
    if prepared.status != StatusCode::OK || headers.contains_key(header::IF_RANGE) {
        return None;
    }
    let asked = headers.get(header::RANGE)?.to_str().ok()?.strip_prefix("bytes=")?;
    let (first, last) = asked.split_once('-')?;
    let length = prepared.plain.len();
    let range = match (first.trim().parse::<usize>(), last.trim().parse::<usize>()) {
        (Ok(first), Ok(last)) if first <= last => first..last.saturating_add(1).min(length),
        (Ok(first), Err(_)) if last.trim().is_empty() => first..length,
        (Err(_), Ok(from_end)) if first.trim().is_empty() => length.saturating_sub(from_end)..length,
        _ => return None,
    };
    let (status, body, told) = if range.start < range.end {
        let told = format!("bytes {}-{}/{length}", range.start, range.end - 1);
        (StatusCode::PARTIAL_CONTENT, prepared.plain.slice(range), told)
    } else {
        (StatusCode::RANGE_NOT_SATISFIABLE, Bytes::new(), format!("bytes */{length}"))
    };
    let mut answer = Response::new(AnswerBody::Whole(body));
    *answer.status_mut() = status;
    set_headers(answer.headers_mut(), prepared);
    if let Ok(told) = HeaderValue::try_from(told) {
        answer.headers_mut().insert(header::CONTENT_RANGE, told);
    }
    Some(answer)
}

fn set_headers(headers: &mut HeaderMap, prepared: &Prepared) {
    headers.reserve(12);
    headers.insert(header::CONTENT_TYPE, prepared.content_type.clone());
    headers.insert(header::CACHE_CONTROL, prepared.cache_control.clone());
    headers.insert(header::ETAG, prepared.etag.clone());
    headers.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if prepared.shared {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, HeaderValue::from_static("*"));
    }
    if prepared.attachment {
        headers.insert(header::CONTENT_DISPOSITION, HeaderValue::from_static("attachment"));
    }
    secure(headers);
    if prepared.framed {
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(FRAMED_POLICY));
    }
}

fn secure(headers: &mut HeaderMap) {
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
}

fn failed(status: StatusCode, text: &'static str) -> Prepared {
    Prepared {
        status,
        content_type: HeaderValue::from_static("text/plain; charset=utf-8"),
        cache_control: HeaderValue::from_static("no-store"),
        etag: HeaderValue::from_static("W/\"\""),
        shared: false,
        framed: false,
        attachment: false,
        plain: Bytes::from_static(text.as_bytes()),
        gzip: None,
    }
}

fn plain(status: StatusCode, text: &'static str) -> Answer {
    send(&failed(status, text), &HeaderMap::new())
}
