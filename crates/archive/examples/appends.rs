//! Measures how fast entries become durable, and how long a client waits for its receipt: `bench/appends` runs it and says what it means.
//!
//! Clients hand entries to the one writer, as a server's would. The writer takes all that wait, appends them in one transaction, publishes a head
//! over them, and hands each client its receipt.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement that fails is a panic")]

use std::path::Path;
use std::sync::mpsc::{Sender, channel};
use std::time::{Duration, Instant};

use testigo_archive::{Archive, Signer};
use testigo_ledger::SigningKey;

/// Bytes of an entry: a reading of a sheet with 38 ballot lines has about so many.
const ENTRY: usize = 600;
/// So long does each number of clients send.
const SPAN: Duration = Duration::from_secs(8);

fn entry(client: u64, number: u64) -> Vec<u8> {
    let mut bytes = format!("client {client} entry {number} ").into_bytes();
    bytes.resize(ENTRY, b'.');
    bytes
}

fn archive(root: &Path, name: &str) -> Archive {
    let key = SigningKey::from_seed("bench.example/log", [1; 32]).unwrap();
    let signer = Signer::new(key, root.join(format!("{name}.head")));
    Archive::create(&root.join(name), signer, b"first", &[b"document"]).unwrap()
}

fn main() {
    let root = tempfile::tempdir_in(std::env::args().nth(1).unwrap_or_else(|| ".".to_owned())).unwrap();
    batched(root.path());
    for clients in [1, 8, 64] {
        receipts(root.path(), clients);
    }
}

/// One client with many entries at a time: an import.
fn batched(root: &Path) {
    const BATCH: u64 = 1_000;
    let mut archive = archive(root, "batched");
    let begun = Instant::now();
    let mut written = 0;
    while begun.elapsed() < SPAN {
        let entries: Vec<Vec<u8>> = (written..written + BATCH).map(|number| entry(0, number)).collect();
        archive.append(&entries).unwrap();
        written += BATCH;
    }
    let seconds = begun.elapsed().as_secs_f64();
    let published = Instant::now();
    archive.publish().unwrap();
    println!(
        "batches of {BATCH}: {:.0} entries/s durable; a head over {written} of them in {:.2} s",
        f64::from(u32::try_from(written).unwrap()) / seconds,
        published.elapsed().as_secs_f64()
    );
}

struct Waiting {
    entry: Vec<u8>,
    answer: Sender<usize>,
}

fn receipts(root: &Path, clients: u64) {
    let mut archive = archive(root, &format!("clients{clients}"));
    let (ask, asked) = channel::<Waiting>();
    let begun = Instant::now();
    let (mut latencies, heads) = std::thread::scope(|scope| {
        let writer = scope.spawn(move || {
            let mut heads = 0u32;
            while let Ok(first) = asked.recv() {
                let waiting: Vec<Waiting> = std::iter::once(first).chain(asked.try_iter()).collect();
                let entries: Vec<&[u8]> = waiting.iter().map(|one| one.entry.as_slice()).collect();
                let appended = archive.append(&entries).unwrap();
                archive.publish().unwrap();
                heads += 1;
                let reader = archive.reader().unwrap();
                for (one, place) in waiting.iter().zip(appended) {
                    one.answer.send(reader.receipt(place.index).unwrap().to_string().len()).unwrap();
                }
            }
            heads
        });
        let threads: Vec<_> = (0..clients)
            .map(|client| {
                let ask = ask.clone();
                scope.spawn(move || {
                    let mut latencies = Vec::new();
                    let mut number = 0;
                    while begun.elapsed() < SPAN {
                        let (answer, answered) = channel();
                        let sent = Instant::now();
                        ask.send(Waiting { entry: entry(client, number), answer }).unwrap();
                        answered.recv().unwrap();
                        latencies.push(sent.elapsed());
                        number += 1;
                    }
                    latencies
                })
            })
            .collect();
        drop(ask);
        let latencies: Vec<Duration> = threads.into_iter().flat_map(|thread| thread.join().unwrap()).collect();
        (latencies, writer.join().unwrap())
    });
    latencies.sort_unstable();
    let at = |part: usize| latencies[(latencies.len() - 1) * part / 100].as_secs_f64() * 1000.0;
    println!(
        "{clients} clients: {:.0} receipts/s, {heads} heads; a receipt after {:.1} ms (median), {:.1} ms (95 %), {:.1} ms (longest)",
        f64::from(u32::try_from(latencies.len()).unwrap()) / begun.elapsed().as_secs_f64(),
        at(50),
        at(95),
        at(100)
    );
}
