//! Verifying what is on the web: a mirror behind somebody else's web server, the live server, and servers that answer wrongly. What is found
//! wrong is what would be found in a folder; the words for the rest stand in `golden/remote.txt`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic; a skipped one says so")]

mod common;

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};

use common::sheets::{STATIONS, payload, sheet};
use common::{KEY, Place, Run, golden};
use testigo_ledger::{Hash, SigningKey};

/// A process that serves over HTTP for as long as this lives.
struct Server {
    child: Child,
    url: String,
}

impl Server {
    /// Starts what says its address in the first line of its output.
    fn start(mut command: Command, before_port: &str, folder: &str) -> Self {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.as_mut().unwrap()).read_line(&mut line).unwrap();
        let after = line.split_once(before_port).unwrap_or_else(|| panic!("{line}")).1;
        let port: String = after.chars().take_while(char::is_ascii_digit).collect();
        Self { child, url: format!("http://127.0.0.1:{port}{folder}") }
    }

    /// Python's, over the place's whole folder.
    fn python(place: &Place) -> Option<Self> {
        if Command::new("python3").arg("--version").output().is_err() {
            println!("skipped: there is no python3 to serve a mirror with");
            return None;
        }
        let mut command = Command::new("python3");
        command.args(["-u", "-m", "http.server", "--bind", "127.0.0.1", "0"]).current_dir(place.path(""));
        Some(Self::start(command, " port ", "/site/"))
    }

    fn live(place: &Place) -> Self {
        Self::start(place.command(&["serve", "archive", "--listen", "127.0.0.1:0"]), "127.0.0.1:", "/")
    }

    fn verify(&self, place: &Place, options: &[&str]) -> Run {
        verify(place, &self.url, options)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn verify(place: &Place, url: &str, options: &[&str]) -> Run {
    fs::create_dir_all(place.path("room")).unwrap();
    let arguments = [&["verify", url], options].concat();
    let run = Run::of(&arguments, &place.command(&arguments).env("TMPDIR", place.path("room")).output().unwrap());
    assert!(place.files("room").is_empty(), "something is left behind: {run}");
    run
}

/// An archive with two sheets, and its mirror.
fn published() -> Place {
    let place = Place::with_demo();
    for (at, station) in STATIONS.iter().take(2).enumerate() {
        place.write(&format!("scans/{at}.jpg"), sheet(&[&payload(station, 60)]));
    }
    place.run(&["import", "archive", "scans"]).done();
    place.run(&["read", "archive"]).done();
    place.run(&["publish", "archive", "--out", "site"]).done();
    place
}

fn key(place: &Place) -> SigningKey {
    fs::read_to_string(place.path(KEY)).unwrap().trim().parse().unwrap()
}

/// The first file below a folder of the mirror that ends so.
fn find(place: &Place, folder: &str, ends: &str) -> PathBuf {
    let files = place.files(&format!("site/{folder}"));
    files.into_iter().find(|path| path.to_str().unwrap().ends_with(ends)).unwrap()
}

/// What is the same on every machine and in every run: no ports, hashes, keys and lengths.
fn steady(place: &Place, run: &Run, url: &str) -> String {
    let port = url.split(':').nth(2).and_then(|rest| rest.split('/').next()).unwrap_or("none");
    let text = format!("$ testigo {}\n{}{}[exit code {}]\n\n", run.arguments, run.out, run.err, run.code.unwrap());
    let mut text = text.replace(&format!(":{port}"), ":PORT").replace(place.path("").to_str().unwrap(), "PLACE/");
    let key = key(place).verifying_key().to_string();
    text = text.replace(&key, "KEY").replace(key.split('+').nth(1).unwrap(), "ID");
    let is_part = |letter: char| letter.is_ascii_hexdigit();
    while let Some(at) =
        text.as_bytes().windows(64).position(|part| part.iter().all(|letter| is_part(char::from(*letter))))
    {
        let shelf = text[..at].ends_with(&format!("/{}/", &text[at..at + 2]));
        text.replace_range(if shelf { at - 3 } else { at }..at + 64, if shelf { "SHELF/HASH" } else { "HASH" });
    }
    let lines = text.split_inclusive('\n').map(|line| match line.strip_suffix(" bytes\n") {
        Some(line) => format!("{} N bytes\n", line.trim_end_matches(|digit: char| digit.is_ascii_digit()).trim_end()),
        None => line.to_owned(),
    });
    lines.collect()
}

#[test]
fn a_mirror_on_the_web_is_verified_like_a_folder() {
    let place = published();
    let Some(server) = Server::python(&place) else { return };
    let trusted = key(&place).verifying_key().to_string();
    for options in [&[][..], &["--key", &trusted, "--reread"]] {
        let near = place.run(&[&["verify", "site"], options].concat()).done().out;
        let far = server.verify(&place, options).done().out;
        let near = near.replace(" as the signed list says and no other, ", " as the signed list says, ");
        let (near, near_end) = near.rsplit_once("All of it").unwrap();
        let (far, far_end) = far.rsplit_once("All of it").unwrap();
        let beyond = far.strip_prefix(near).unwrap_or_else(|| panic!("{near}\n{far}"));
        assert!(beyond.starts_with("not checked   files that may be there beside"), "{beyond}");
        assert_eq!((beyond.lines().count(), near_end), (1, far_end));
    }
    // The address of the home page, and of the folder without its slash.
    for address in [format!("{}index.html", server.url), server.url.trim_end_matches('/').to_owned()] {
        verify(&place, &address, &[]).done();
    }
    let json = server.verify(&place, &["--format", "json"]).done().json();
    assert_eq!(json["verdict"], "right");
    assert_eq!(json["report"]["kind"], "mirror");
    assert_eq!(json["report"]["address"], server.url);
    assert_eq!(json["report"]["files"]["files"], place.files("site").len());

    // Nobody can see from afar that there is a file more.
    place.write("site/data/secret.csv", "a,b\n");
    server.verify(&place, &[]).done();
    place.run(&["verify", "site"]).finished();
}

#[test]
fn what_is_wrong_on_the_way_is_named() {
    let place = published();
    let Some(server) = Server::python(&place) else { return };
    let other = SigningKey::from_seed(common::ORIGIN, [3; 32]).unwrap().verifying_key().to_string();
    let run = server.verify(&place, &["--key", &other, "--format", "json"]).finished();
    assert_eq!(run.json()["report"]["wrong"]["code"], "key");

    type Change = fn(&Place, &Path);
    let flip: Change = |_, path| {
        let mut bytes = fs::read(path).unwrap();
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        fs::write(path, bytes).unwrap();
    };
    let longer: Change = |_, path| fs::write(path, [&fs::read(path).unwrap()[..], b" "].concat()).unwrap();
    let shorter: Change = |_, path| {
        let bytes = fs::read(path).unwrap();
        fs::write(path, &bytes[..bytes.len() - 1]).unwrap();
    };
    let gone: Change = |_, path| fs::remove_file(path).unwrap();
    // A list that the ledger's own key has signed, with a path that leads out of the folder.
    let outside: Change = |place, path| {
        let text = fs::read_to_string(path).unwrap();
        let text = text.split_once("\n\n").unwrap().0;
        let (head, rest) = text.split_at(text.match_indices('\n').nth(4).unwrap().0 + 1);
        let line = format!("{} 4 ../../escaped", Hash::of(b"oops"));
        fs::write(path, key(place).sign_note(&format!("{head}{line}\n{rest}\n")).unwrap().to_string()).unwrap();
    };
    let bundle = find(&place, "ledger/tile/entries", "");
    let cases: [(PathBuf, &str, Change); 11] = [
        (place.path("site/index.html"), "page", flip),
        (bundle, "", flip),
        (find(&place, "renditions", ".jpg"), "hash", flip),
        (find(&place, "documents", ""), "content", flip),
        (place.path("site/ledger/checkpoint"), "checkpoint", flip),
        (place.path("site/manifest"), "manifest", flip),
        (place.path("site/method/index.html"), "missing", gone),
        (place.path("site/ledger/checkpoint"), "missing", gone),
        (place.path("site/index.html"), "size", longer),
        (place.path("site/index.html"), "size", shorter),
        (place.path("site/manifest"), "manifest", outside),
    ];
    let mut said = String::new();
    place.write("escaped", "");
    for (path, code, change) in cases {
        let kept = fs::read(&path).unwrap();
        change(&place, &path);
        let run = server.verify(&place, &["--format", "json"]).finished();
        let wrong = run.json()["report"]["wrong"].clone();
        let name = path.strip_prefix(place.path("site")).unwrap().to_str().unwrap().to_owned();
        assert!(code.is_empty() || wrong["code"] == code, "{name}: {wrong}");
        assert_eq!(wrong["path"], name, "{wrong}");
        let words = server.verify(&place, &[]).finished();
        let words = steady(&place, &words, &server.url);
        if code != "page" && !code.is_empty() {
            said += words.split("WRONG: ").nth(1).unwrap();
        }
        fs::write(&path, kept).unwrap();
    }
    assert_eq!(place.read("escaped"), b"");
    server.verify(&place, &[]).done();

    place.write("empty/readme.txt", "nothing");
    let nothing = format!("{}empty/", server.url.strip_suffix("site/").unwrap());
    said += &steady(&place, &verify(&place, &nothing, &[]).refused(), &nothing);
    for address in ["http://", "https:///site", "http://127.0.0.1/site?x=1"] {
        said += &steady(&place, &verify(&place, address, &[]).refused(), address);
    }
    let url = server.url.clone();
    drop(server);
    said += &steady(&place, &verify(&place, &url, &[]).refused(), &url);
    golden("remote", &said);
}

/// A server of this test's own, which answers as it likes: from the path, the bytes to send.
fn answering(answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let answer = Arc::new(answer);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let answer = Arc::clone(&answer);
            std::thread::spawn(move || serve_one(&mut stream.unwrap(), answer.as_ref()));
        }
    });
    url
}

fn serve_one(stream: &mut TcpStream, answer: &dyn Fn(&str) -> Vec<u8>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut request = String::new();
    while reader.read_line(&mut request).unwrap_or(0) > 2 {}
    let path = request.split(' ').nth(1).unwrap_or_default().to_owned();
    let _ = stream.write_all(&answer(&path));
}

fn found(bytes: &[u8]) -> Vec<u8> {
    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", bytes.len());
    [head.as_bytes(), bytes].concat()
}

fn redirect(to: &str) -> Vec<u8> {
    format!("HTTP/1.1 302 Found\r\nlocation: {to}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").into_bytes()
}

const MISSING: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n";

#[test]
fn servers_that_answer_oddly_hold_nobody_up() {
    let place = published();
    let site = place.path("site");
    let file = move |path: &str| {
        fs::read(site.join(path.trim_start_matches('/'))).map_or(MISSING.to_vec(), |file| found(&file))
    };

    // Some files fail when they are asked for the first time, each in some way.
    let (of_file, failed) = (file.clone(), Mutex::new(BTreeSet::new()));
    let shaky = answering(move |path| {
        let mut failed = failed.lock().unwrap();
        let fails = path.starts_with("/c/water/map/") && failed.insert(path.to_owned());
        match failed.len() % 3 {
            _ if !fails => of_file(path),
            0 => b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
            1 => Vec::new(),
            _ => {
                let whole = of_file(path);
                whole[..whole.len() - 1].to_vec()
            }
        }
    });
    verify(&place, &shaky, &[]).done();

    // The site has moved, on the same host.
    let of_file = file.clone();
    let moved = answering(move |path| match path.strip_prefix("/new/") {
        Some(path) => of_file(path),
        None => redirect(&format!("/new{path}")),
    });
    verify(&place, &moved, &[]).done();

    let mut said = String::new();
    let mut refused = |url: &str| said += &steady(&place, &verify(&place, url, &[]).refused(), url);
    refused(&answering(redirect));
    refused(&answering(|path| redirect(&format!("http://elsewhere.example{path}"))));
    // A page for every address, as some hosts give; and nothing but refusals.
    refused(&answering(|_| found(b"<!doctype html><title>Hello</title>")));
    refused(&answering(|_| b"HTTP/1.1 403 Forbidden\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec()));
    golden("remote_odd", &said);

    // One file never comes.
    let broken = answering(move |path| match path {
        "/method/index.html" => b"HTTP/1.1 500 Broken\r\ncontent-length: 0\r\nconnection: close\r\n\r\n".to_vec(),
        path => file(path),
    });
    let run = verify(&place, &broken, &[]).refused();
    assert!(run.err.contains("method/index.html was tried 4 times"), "{run}");
    assert!(run.err.contains("the server answers 500"), "{run}");
}

#[test]
fn a_mirror_that_is_published_anew_meanwhile_is_not_called_damaged() {
    let place = published();
    place.run(&["publish", "archive", "--out", "before"]).done();
    place.adjudicator("archive", "ana");
    place.run(&["publish", "archive", "--out", "site"]).done();
    let (before, after, asked) = (place.path("before"), place.path("site"), Mutex::new(BTreeSet::new()));
    // The list, the head and the key are still those of before when they are asked for first.
    let url = answering(move |path| {
        let early = ["/manifest", "/ledger/checkpoint", "/ledger/key"].contains(&path);
        let folder = if early && asked.lock().unwrap().insert(path.to_owned()) { &before } else { &after };
        fs::read(folder.join(&path[1..])).map_or(MISSING.to_vec(), |file| found(&file))
    });
    let run = verify(&place, &url, &[]).refused();
    assert!(run.err.contains("was published anew while it was being fetched\nhint: verify it again"), "{run}");
    verify(&place, &url, &[]).done();
}

#[test]
fn whoever_stops_it_finds_nothing_of_what_was_fetched() {
    let place = published();
    let (site, (reached, waiting)) = (place.path("site"), std::sync::mpsc::channel());
    let reached = Mutex::new(reached);
    let url = answering(move |path| {
        if path == "/method/index.html" {
            reached.lock().unwrap().send(()).unwrap();
            std::thread::sleep(std::time::Duration::from_secs(60));
        }
        fs::read(site.join(&path[1..])).map_or(MISSING.to_vec(), |file| found(&file))
    });
    fs::create_dir_all(place.path("room")).unwrap();
    let mut command = place.command(&["verify", &url]);
    let mut child = command.env("TMPDIR", place.path("room")).stdout(Stdio::null()).spawn().unwrap();
    waiting.recv().unwrap();
    assert!(!place.files("room").is_empty());
    let interrupt = Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
    assert!(interrupt.success());
    assert_eq!(child.wait().unwrap().code(), Some(130));
    assert_eq!(fs::read_dir(place.path("room")).unwrap().count(), 0);
}

#[test]
fn a_mirror_that_says_it_is_larger_than_the_disk_is_not_fetched() {
    let place = published();
    let manifest = place.path("site/manifest");
    let text = fs::read_to_string(&manifest).unwrap();
    let text = text.split_once("\n\n").unwrap().0;
    let line = text.lines().find(|line| line.ends_with(" index.html")).unwrap();
    let (hash, _) = line.split_once(' ').unwrap();
    let text = text.replace(line, &format!("{hash} 9000000000000000000 index.html"));
    fs::write(&manifest, key(&place).sign_note(&format!("{text}\n")).unwrap().to_string()).unwrap();
    let Some(server) = Server::python(&place) else { return };
    let run = server.verify(&place, &[]).refused();
    assert!(run.err.contains("has room for") && run.err.contains("TMPDIR"), "{run}");
}

#[test]
fn of_a_live_site_everything_the_ledger_names_is_verified() {
    let place = published();
    let server = Server::live(&place);
    let trusted = key(&place).verifying_key().to_string();
    let run = server.verify(&place, &["--key", &trusted, "--reread"]).done();
    assert!(run.out.contains("not checked   the pages: a live site has no signed list of its files"), "{run}");
    let torrent = get(&format!("{}data/sheets.torrent", server.url));
    assert!(torrent.1.contains("application/x-bittorrent"), "{}", torrent.1);
    assert!(torrent.2 == place.read("site/data/sheets.torrent"), "the live site's torrent is not the mirror's");
    let json = server.verify(&place, &["--format", "json"]).done().json();
    let near = place.run(&["verify", "archive", "--format", "json"]).done().json();
    assert_eq!(json["report"]["kind"], "site");
    for part in ["contests", "renditions", "masks"] {
        assert_eq!(json["report"][part], near["report"][part], "{part}");
    }
    assert_eq!(json["report"]["ledger"]["root"], near["report"]["ledger"]["root"]);
    assert!(json["report"]["tables"].as_u64().unwrap() > 4, "{json:#}");
    let other = SigningKey::from_seed(common::ORIGIN, [3; 32]).unwrap().verifying_key().to_string();
    let run = server.verify(&place, &["--key", &other, "--format", "json"]).finished();
    assert_eq!(run.json()["report"]["wrong"]["code"], "key");
}

#[test]
fn what_a_live_site_shows_wrong_is_named() {
    let place = published();
    let live = Server::live(&place);
    let upstream = live.url.trim_start_matches("http://").trim_end_matches('/').to_owned();
    // Between the visitor and the server stands somebody who changes one file.
    let between = |changed: &'static str, change: fn(Vec<u8>) -> Vec<u8>| {
        let upstream = upstream.clone();
        answering(move |path| {
            let mut stream = TcpStream::connect(&upstream).unwrap();
            let request = format!("GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            let mut answer = Vec::new();
            stream.read_to_end(&mut answer).unwrap();
            let is_changed = path.starts_with(changed) && !changed.is_empty();
            if is_changed { change(answer) } else { answer }
        })
    };
    let wrong = |url: &str| {
        let run = verify(&place, url, &["--format", "json"]).finished();
        let wrong = run.json()["report"]["wrong"].clone();
        let text = |field: &str| wrong[field].as_str().unwrap_or_default().to_owned();
        (text("code"), text("path"))
    };
    verify(&place, &between("", |answer| answer), &[]).done();
    let last: fn(Vec<u8>) -> Vec<u8> = |mut answer| {
        let end = answer.len() - 1;
        answer[end] ^= 1;
        answer
    };
    // What is made piece by piece has the lengths of its pieces between them, and the last at its end.
    let early: fn(Vec<u8>) -> Vec<u8> = |mut answer| {
        let end = answer.len() - 20;
        answer[end] ^= 1;
        answer
    };
    let gone: fn(Vec<u8>) -> Vec<u8> = |_| MISSING.to_vec();
    for (file, change, code) in [
        ("/ledger/checkpoint", last, "checkpoint"),
        ("/ledger/tile/entries/", last, "entry"),
        ("/ledger/tile/0/", last, "tile"),
        ("/documents/", last, "content"),
        ("/documents/", gone, "missing"),
        ("/renditions/", last, "content"),
        ("/renditions/", gone, "missing"),
        ("/openings/", last, "mask"),
        ("/data/president/tally.json", last, "table"),
        ("/data/sheets.csv", early, "table"),
        ("/data/sheets.csv", gone, "missing"),
    ] {
        let (found, path) = wrong(&between(file, change));
        assert_eq!(found, code, "{file} {path}");
        assert!(path.starts_with(&file[1..]) || code == "mask", "{file} {path}");
    }
}

/// Whoever knows the ledger's first key finds, on a live site too, the heads by which it vouches for those that came after.
#[test]
fn a_key_that_was_replaced_still_leads_to_the_ledger() {
    let place = published();
    let first = key(&place).verifying_key().to_string();
    place.run(&["key", "create", "offline.key", "--name", "offline"]).done();
    place.run(&["key", "recovery", "archive", "offline.key"]).done();
    place.adjudicator("archive", "ana");
    place.run(&["key", "create", "new.key", "--for", "archive"]).done();
    place.run(&["key", "rotate", "archive", "--recovery", "offline.key", "--new", "new.key"]).done();
    let server = Server::live(&place);
    let run = server.verify(&place, &["--key", &first, "--format", "json"]).done();
    assert!(run.json()["report"]["ledger"]["heads"].as_u64() > Some(1), "{run}");
}

/// Status, headers and body of what stands at an address.
fn get(url: &str) -> (u16, String, Vec<u8>) {
    let (host, path) = url.trim_start_matches("http://").split_once('/').unwrap();
    let mut stream = TcpStream::connect(host).unwrap();
    write!(stream, "GET /{path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n").unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    let end = bytes.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), head, bytes[end + 4..].to_vec())
}

/// A receipt is given for every entry, under the head of the moment, and holds without the site.
#[test]
fn a_live_site_gives_a_receipt_for_every_entry() {
    let place = published();
    let server = Server::live(&place);
    let size = place.size("archive");
    let ask = |name: &str| get(&format!("{}receipts/{name}", server.url));
    for entry in [0, 1, size / 2, size - 1] {
        let entry = entry.to_string();
        place.run(&["receipt", "make", "archive", &entry, "--out", "made"]).done();
        let (status, head, body) = ask(&format!("{entry}.tlog-proof"));
        assert_eq!(status, 200, "{head}");
        assert!(head.to_ascii_lowercase().contains("content-type: text/plain; charset=utf-8"), "{head}");
        assert_eq!(body, place.read(&format!("made/{entry}.tlog-proof")));
        place.write("given/receipt.tlog-proof", &body);
        let own = format!("made/{entry}.json");
        assert_eq!(ask(&format!("{entry}.json")).2, place.read(&own), "what the receipt is for");
        let check = ["receipt", "check", "given/receipt.tlog-proof", "--entry", &own, "--dir", "archive"];
        place.run(&check).done().says(&[&format!("entry      {entry} of {}", common::ORIGIN)]);
    }
    let beyond = format!("{size}.tlog-proof");
    let entry_beyond = format!("{size}.json");
    let no_numbers = ["00.tlog-proof", "-1.tlog-proof", "1", "01.json", "1.txt", "", "18446744073709551616.tlog-proof"];
    for name in [&[&beyond[..], &entry_beyond], &no_numbers[..]].concat() {
        assert_eq!(ask(name).0, 404, "{name}");
    }

    // The ledger goes on: what was given stays right, and what is given now is under the new head.
    place.write("given/early.tlog-proof", ask("1.tlog-proof").2);
    place.adjudicator("archive", "ana");
    let deadline = std::time::Instant::now() + std::time::Duration::from_secs(60);
    while ask(&beyond).0 != 200 {
        assert!(std::time::Instant::now() < deadline, "the site does not follow its ledger");
        std::thread::sleep(std::time::Duration::from_millis(100));
    }
    place.write("given/late.tlog-proof", ask("1.tlog-proof").2);
    place.run(&["receipt", "make", "archive", "1", "--out", "made"]).done();
    assert_eq!(place.read("given/late.tlog-proof"), place.read("made/1.tlog-proof"));
    assert_ne!(place.read("given/late.tlog-proof"), place.read("given/early.tlog-proof"));
    for name in ["early", "late"] {
        let file = format!("given/{name}.tlog-proof");
        place.run(&["receipt", "check", &file, "--entry", "made/1.json", "--dir", "archive"]).done();
    }
    // A mirror has none: under each new head every one of them would be another file.
    assert!(place.files("site").iter().all(|path| !path.to_str().unwrap().ends_with(".tlog-proof")));
}
