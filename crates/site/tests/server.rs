//! The live server over a real socket.

#![allow(clippy::unwrap_used, reason = "tests")]

mod common;

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;
use std::time::Duration;

use common::{Made, lines};
use flate2::read::GzDecoder;
use testigo_count::SourceClass;
use testigo_site::Handle;
use tokio::runtime::Runtime;

struct Running {
    made: Made,
    runtime: Runtime,
    handle: Option<Handle>,
    address: SocketAddr,
}

struct Answer {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Answer {
    fn header(&self, name: &str) -> Option<&str> {
        let lines = self.head.lines().skip(1).filter_map(|line| line.split_once(':'));
        lines.into_iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim())
    }
}

impl Running {
    fn start() -> Self {
        let made = Made::full();
        let runtime = Runtime::new().unwrap();
        let source = Arc::clone(&made.source);
        let handle = runtime.block_on(testigo_site::start(source, "127.0.0.1:0".parse().unwrap())).unwrap();
        let address = handle.address();
        Self { made, runtime, handle: Some(handle), address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        stream
    }

    fn ask(&self, request: &str) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request.as_bytes()).unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).unwrap();
        let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Answer { status, head, body: bytes[end + 4..].to_vec() }
    }

    fn get(&self, path: &str, headers: &str) -> Answer {
        self.ask(&format!("GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            self.runtime.block_on(handle.stop());
        }
    }
}

#[test]
fn answers_carry_their_headers() {
    let server = Running::start();
    for path in ["/", "/en/region/1", "/nothing", "/index.json", "/data/mayor/stations.csv", "/live-is-not-this"] {
        let answer = server.get(path, "");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(
            policy.starts_with("default-src 'none'") && !policy.contains("unsafe") && !policy.contains("data:"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("set-cookie"), None);
        assert_eq!(answer.header("access-control-allow-origin").is_some(), path.contains('.'), "{path}");
    }
}

#[test]
fn an_answer_that_is_known_is_not_sent_again() {
    let server = Running::start();
    for path in ["/", "/index.json", "/data/mayor/stations.csv"] {
        let first = server.get(path, "");
        let etag = first.header("etag").unwrap();
        let again = server.get(path, &format!("If-None-Match: \"other\", {etag}\r\n"));
        assert_eq!((again.status, again.body.len()), (304, 0), "{path}");
        assert_eq!(again.header("etag"), Some(etag));
        assert_eq!(server.get(path, "If-None-Match: \"other\"\r\n").status, 200, "{path}");
    }
}

#[test]
fn pages_are_compressed_for_those_who_can_read_it() {
    let server = Running::start();
    let plain = server.get("/", "Accept-Encoding: br, gzip;q=0\r\n");
    assert_eq!(plain.header("content-encoding"), None);
    let small = server.get("/", "Accept-Encoding: br, gzip\r\n");
    assert_eq!(small.header("content-encoding"), Some("gzip"));
    assert_eq!(small.header("content-length"), Some(small.body.len().to_string().as_str()));
    let mut unpacked = Vec::new();
    GzDecoder::new(small.body.as_slice()).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
}

#[test]
fn a_head_request_gets_the_head_alone() {
    let server = Running::start();
    let head = server.ask("HEAD / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    let whole = server.get("/", "");
    assert_eq!((head.status, head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), whole.header("content-length"));
    assert_eq!(head.header("etag"), whole.header("etag"));
}

#[test]
fn what_is_not_asked_for_rightly_gets_a_clear_answer() {
    let server = Running::start();
    let posted = server.ask("POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
    assert_eq!((posted.status, posted.header("allow")), (405, Some("GET, HEAD")));
    assert_eq!(server.get(&format!("/{}", "a".repeat(2_000)), "").status, 414);
    assert_eq!(server.get("/", &"X: a\r\n".repeat(150)).status, 431);
    for path in [
        "/../../etc/passwd",
        "/%2e%2e/%2e%2e/etc/passwd",
        "/documents/..%2f..%2farchive.db",
        "/renditions/../archive.db",
        "/archive.db",
    ] {
        assert_eq!(server.get(path, "").status, 404, "{path}");
    }
}

#[test]
fn pictures_and_documents_come_as_they_are_kept() {
    let server = Running::start();
    let picture = server.made.source.keep(b"one");
    let answer = server.get(&testigo_site::address::rendition_path(&picture, "jpg"), "Accept-Encoding: gzip\r\n");
    assert_eq!((answer.body.as_slice(), answer.header("content-type")), (b"one".as_slice(), Some("image/jpeg")));
    let file = server.made.source.keep(b"a results file");
    let answer = server.get(&format!("/documents/{file}"), "");
    assert_eq!(
        (answer.body.as_slice(), answer.header("content-disposition")),
        (b"a results file".as_slice(), Some("attachment"))
    );
}

#[test]
fn an_open_page_hears_of_news_and_the_page_has_them() {
    let server = Running::start();
    let before = server.get("/en/", "");
    let mut stream = server.connect();
    stream.write_all(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut heard = String::new();
    let mut hear = |wanted: &str| {
        let mut piece = [0; 512];
        while !heard.contains(wanted) {
            let length = stream.read(&mut piece).unwrap();
            assert!(length > 0, "the stream ended after {heard}");
            heard.push_str(std::str::from_utf8(&piece[..length]).unwrap());
        }
    };
    hear("text/event-stream");
    hear("data: ");
    let (_, last) = server.made.qr(SourceClass::Custody, "new", lines("11.9", &[60, 20, 10, 5]));
    hear(&format!("data: {}\n", last.0 + 1));
    let after = server.get("/en/", "");
    assert_ne!(after.header("etag"), before.header("etag"));
    let text = String::from_utf8(after.body).unwrap();
    assert!(text.contains(&format!("data-size=\"{}\"", last.0 + 1)));
}

#[test]
fn a_server_that_is_told_to_stop_lets_go_of_its_listeners() {
    let mut server = Running::start();
    let mut stream = server.connect();
    stream.write_all(b"GET /live HTTP/1.1\r\nHost: x\r\n\r\n").unwrap();
    let mut piece = [0; 64];
    assert!(stream.read(&mut piece).unwrap() > 0);
    let handle = server.handle.take().unwrap();
    server.runtime.block_on(handle.stop());
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).unwrap();
    assert!(TcpStream::connect(server.address).is_err());
}

#[test]
fn a_part_of_a_file_is_that_part() {
    let running = Running::start();
    let path = "/data/mayor/stations.parquet";
    let whole = running.get(path, "").body;
    for (range, expected) in [
        ("bytes=0-3", whole[..4].to_vec()),
        ("bytes=4-", whole[4..].to_vec()),
        ("bytes=-4", whole[whole.len() - 4..].to_vec()),
        ("bytes=2-99999999", whole[2..].to_vec()),
    ] {
        let answer = running.get(path, &format!("Range: {range}\r\n"));
        assert_eq!((answer.status, answer.body), (206, expected), "{range}");
        assert!(answer.head.to_lowercase().contains("content-range: bytes "), "{range}: {}", answer.head);
    }
    assert_eq!(running.get(path, "Range: bytes=99999999-\r\n").status, 416);
    for strange in ["bytes=5-2", "bytes=x-", "lines=1-2", "bytes=1-2,5-6"] {
        let answer = running.get(path, &format!("Range: {strange}\r\n"));
        assert_eq!((answer.status, answer.body.len()), (200, whole.len()), "{strange}");
    }
}
