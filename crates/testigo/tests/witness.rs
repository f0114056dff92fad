//! The real witness's server and the real archive over HTTP: k of n signatures, witnesses that are gone or say nothing, and a copy that was put back.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a failed test is a panic")]

mod common;

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};

use common::{KEY, Place};

/// A witness that runs for as long as it is held.
struct Server {
    child: Child,
    address: String,
}

impl Server {
    fn start(place: &Place, folder: &str, listen: &str) -> Self {
        let mut command = place.command(&["witness", "serve", folder, "--listen", listen]);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let address = line.trim().strip_prefix("listening on http://").unwrap().to_owned();
        Self { child, address }
    }

    /// What comes back for bytes as they are sent.
    fn ask(&self, request: &str) -> String {
        let mut stream = TcpStream::connect(&self.address).unwrap();
        // Whoever refuses early may close before all was sent.
        let _ = stream.write_all(request.as_bytes());
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer);
        answer
    }

    fn post(&self, body: &str) -> String {
        let head = format!(
            "POST /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: {}\r\n\r\n",
            body.len()
        );
        self.ask(&format!("{head}{body}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn witness_key(place: &Place, folder: &str) -> String {
    let shown = place.run(&["witness", "show", folder]).done().out;
    shown.lines().next().unwrap().split_whitespace().last().unwrap().to_owned()
}

/// Three witnesses that know the ledger, and a policy that asks for two of them at these addresses.
fn three(place: &Place, addresses: [&str; 3]) -> String {
    let log = String::from_utf8(place.read("archive/ledger/key")).unwrap();
    let mut policy = format!("log {}\n", log.lines().last().unwrap().split(' ').next_back().unwrap());
    for (number, address) in (1..).zip(addresses) {
        let key = witness_key(place, &format!("w{number}"));
        policy += &format!("witness w{number} {key} http://{address}/\n");
    }
    policy + "group two 2 w1 w2 w3\nquorum two\n"
}

fn make_three(place: &Place) {
    for number in 1..=3 {
        let folder = format!("w{number}");
        place.run(&["witness", "new", &folder, "--name", &format!("witness.example.org/{folder}")]).done();
        place.run(&["witness", "admit", &folder, "archive/ledger/key"]).done();
    }
}

fn add_entry(place: &Place, name: &str) -> common::Run {
    let file = format!("{name}.key");
    place.run(&["key", "create", &file, "--name", name]).done();
    place.run(&["key", "admit", "archive", &file])
}

#[test]
fn heads_are_countersigned_before_they_are_published() {
    let place = Place::with_demo();
    make_three(&place);
    let mut servers: Vec<Server> = (1..=3).map(|n| Server::start(&place, &format!("w{n}"), "127.0.0.1:0")).collect();
    let addresses: Vec<String> = servers.iter().map(|server| server.address.clone()).collect();
    place.write("policy", three(&place, [&addresses[0], &addresses[1], &addresses[2]]));
    let used = place.run(&["witness", "use", "archive", "policy"]).done();
    assert!(used.out.contains("w1, w2, w3") && used.out.contains("the head is witnessed"), "{}", used.out);
    assert_eq!(place.read("archive/ledger/policy"), place.read("policy"));

    // One gone: enough. Two gone: published all the same, and never called good.
    place.run(&["receipt", "make", "archive", "0", "--out", "receipts"]).done();
    let check = |place: &Place| place.run(&["receipt", "check", "receipts/0.tlog-proof", "--policy", "policy"]);
    assert!(check(&place).done().out.contains("enough witnesses have seen it"));
    drop(servers.remove(2));
    add_entry(&place, "first").done();
    drop(servers.remove(1));
    let alone = add_entry(&place, "second").done();
    assert!(alone.err.contains("the witness `w2` does not countersign"), "{}", alone.err);
    assert_eq!(place.size("archive"), 3);
    place.run(&["receipt", "make", "archive", "2", "--out", "receipts"]).done();
    let unwitnessed = place.run(&["receipt", "check", "receipts/2.tlog-proof", "--policy", "policy"]);
    assert!(unwitnessed.code == Some(1) && unwitnessed.out.contains("UNWITNESSED"), "{}", unwitnessed.out);

    // One comes back and is asked again; it had not seen the head between.
    servers.push(Server::start(&place, "w3", &addresses[2]));
    let again = place.run(&["witness", "use", "archive", "policy"]).done();
    assert!(again.out.contains("w1, w3"), "{}", again.out);
    place.run(&["verify", "archive"]).done();
}

#[test]
fn a_witness_that_says_nothing_holds_nobody_up() {
    let place = Place::with_demo();
    make_three(&place);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let silent = silent.local_addr().unwrap().to_string();
    let honest = Server::start(&place, "w1", "127.0.0.1:0");
    let nobody = "127.0.0.1:1";
    place.write("policy", three(&place, [&honest.address, &silent, nobody]));
    let used = place.run(&["witness", "use", "archive", "policy"]);
    assert!(used.code == Some(1) && used.out.contains("UNWITNESSED"), "{}\n{}", used.out, used.err);
    add_entry(&place, "first").done();
    assert_eq!(place.size("archive"), 2);
}

#[test]
fn an_older_copy_with_its_key_is_refused_by_what_witnesses_remember() {
    let place = Place::with_demo();
    make_three(&place);
    let servers: Vec<Server> = (1..=3).map(|n| Server::start(&place, &format!("w{n}"), "127.0.0.1:0")).collect();
    place.write("policy", three(&place, [&servers[0].address, &servers[1].address, &servers[2].address]));
    place.run(&["witness", "use", "archive", "policy"]).done();
    let copy = |from: &str, to: &str| {
        let status = std::process::Command::new("cp").args(["-r", from, to]).current_dir(place.path("")).status();
        assert!(status.unwrap().success());
    };
    copy("archive", "backup");
    copy("keys", "backup-keys");
    add_entry(&place, "first").done();
    fs::remove_dir_all(place.path("archive")).unwrap();
    fs::remove_dir_all(place.path("keys")).unwrap();
    copy("backup", "archive");
    copy("backup-keys", "keys");
    let refused = add_entry(&place, "other");
    assert_eq!(refused.code, Some(2));
    assert!(
        refused.err.contains("remembers a head of 2 entries") && refused.err.contains("stolen-key.md"),
        "{}",
        refused.err
    );
    assert_eq!(place.size("archive"), 1);
    assert!(place.path(KEY).is_file());
}

#[test]
fn a_witness_answers_strangers_as_the_specification_says() {
    let place = Place::with_demo();
    make_three(&place);
    let server = Server::start(&place, "w1", "127.0.0.1:0");
    let checkpoint = String::from_utf8(place.read("archive/ledger/checkpoint")).unwrap();
    let status = |answer: &str| answer.split(' ').nth(1).unwrap_or_default().to_owned();
    let first = server.post(&format!("old 0\n\n{checkpoint}"));
    assert!(status(&first) == "200" && first.contains("— witness.example.org/w1 "), "{first}");
    let again = server.post(&format!("old 0\n\n{checkpoint}"));
    assert!(
        status(&again) == "409" && again.contains("content-type: text/x.tlog.size") && again.ends_with("\r\n\r\n1\n"),
        "{again}"
    );
    assert_eq!(status(&server.post("nothing")), "400");
    assert_eq!(status(&server.post(&format!("old 5\n\n{checkpoint}"))), "400");
    assert_eq!(status(&server.post(&format!("old 1\n\n{}", checkpoint.replacen("\n1\n", "\n2\n", 1)))), "403");
    assert_eq!(
        status(&server.post(&format!("old 1\n\n{}", checkpoint.replacen(common::ORIGIN, "example.org/other", 1)))),
        "404"
    );
    assert_eq!(status(&server.post(&"old 1\n".repeat(300_000))), "400");

    let get = |path: &str| server.ask(&format!("GET {path} HTTP/1.1\r\nhost: w\r\nconnection: close\r\n\r\n"));
    let hash = testigo_ledger::Hash::of(common::ORIGIN.as_bytes());
    let latest = get(&format!("/{hash}/checkpoint"));
    assert!(
        status(&latest) == "200" && latest.contains(&checkpoint) && latest.contains("— witness.example.org/w1 "),
        "{latest}"
    );
    for path in ["/", "/add-checkpoint", "//checkpoint", "/../checkpoint", "/AB/checkpoint"] {
        assert_eq!(status(&get(path)), "404", "{path}");
    }
    assert_eq!(
        status(
            &server.ask("PUT /add-checkpoint HTTP/1.1\r\nhost: w\r\nconnection: close\r\ncontent-length: 0\r\n\r\n")
        ),
        "405"
    );
    // Only one process countersigns with one memory.
    let second = place.run(&["witness", "serve", "w1", "--listen", "127.0.0.1:0"]);
    assert!(second.code == Some(2) && second.err.contains("another process"), "{}", second.err);
}
