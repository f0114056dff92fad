//! Follows the ledger: looks for a newer head, folds what is new, and puts the next edition in place.

use std::io::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use tokio::sync::watch;

use super::cache::Edition;
use crate::source::{Source, newer_view};

/// How often the head is looked at.
const INTERVAL: Duration = Duration::from_millis(250);

/// At least so many times as long as an edition took to make, the next one waits: most of the time is for answers.
const REST: u32 = 4;

#[derive(Debug)]
pub(super) struct Follower {
    thread: JoinHandle<()>,
    stop: Arc<AtomicBool>,
}

impl Follower {
    pub fn start(source: Arc<dyn Source>, editions: watch::Sender<Arc<Edition>>) -> std::io::Result<Self> {
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = Arc::clone(&stop);
        let thread = std::thread::Builder::new()
            .name("follower".to_owned())
            .spawn(move || follow(source.as_ref(), &editions, &stopped))?;
        Ok(Self { thread, stop })
    }

    pub fn stop(self) {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.thread().unpark();
        let _ = self.thread.join();
    }
}

fn follow(source: &dyn Source, editions: &watch::Sender<Arc<Edition>>, stopped: &AtomicBool) {
    let mut wait = INTERVAL;
    let mut last_complaint = String::new();
    loop {
        std::thread::park_timeout(wait);
        if stopped.load(Ordering::Relaxed) || editions.is_closed() {
            return;
        }
        let began = Instant::now();
        let edition = Arc::clone(&editions.borrow());
        match newer_view(source, edition.site.view()) {
            Ok(None) => {}
            Ok(Some(view)) => {
                editions.send_replace(Arc::new(Edition::new(view)));
                last_complaint.clear();
            }
            Err(error) => {
                // The last good state stays up. Each complaint is made once, not four times a second.
                let complaint = error.to_string();
                if complaint != last_complaint {
                    let _ = writeln!(
                        std::io::stderr(),
                        "the site stays at entry {}: {complaint}",
                        edition.site.view().head.size
                    );
                    last_complaint = complaint;
                }
            }
        }
        wait = INTERVAL.max(began.elapsed() * REST);
    }
}
