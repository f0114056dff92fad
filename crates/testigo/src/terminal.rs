//! What a person at a terminal sees: progress, numbers in groups, plain lines where nobody watches.

use std::io::{ErrorKind, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// Writes to standard output. A reader that has gone away (`| head`) hears no more; the work goes on to its end.
#[macro_export]
macro_rules! say {
    ($($argument:tt)*) => {
        $crate::terminal::write_out(&format!("{}\n", format_args!($($argument)*)))
    };
}

/// Writes to standard error.
#[macro_export]
macro_rules! note {
    ($($argument:tt)*) => {
        $crate::terminal::write_note(&format!("{}\n", format_args!($($argument)*)))
    };
}

/// Set once an answer can no longer be written.
static CLOSED: AtomicBool = AtomicBool::new(false);
static FAILED: AtomicBool = AtomicBool::new(false);

/// See [`say!`].
pub fn write_out(text: &str) {
    if CLOSED.load(Ordering::Relaxed) {
        return;
    }
    let mut out = std::io::stdout().lock();
    let Err(error) = out.write_all(text.as_bytes()).and_then(|()| out.flush()) else { return };
    CLOSED.store(true, Ordering::Relaxed);
    if error.kind() != ErrorKind::BrokenPipe {
        FAILED.store(true, Ordering::Relaxed);
        write_note(&format!("error: the answer cannot be written to the end: {error}\n"));
    }
}

/// Whether an answer was cut short by anything but a reader that had seen enough.
pub fn answer_failed() -> bool {
    FAILED.load(Ordering::Relaxed)
}

/// See [`note!`].
pub fn write_note(text: &str) {
    // Nothing can be said where standard error is gone.
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// What went wrong and why, with what to do about it on lines of its own at the end.
pub fn complaint(error: &anyhow::Error) -> String {
    let (mut said, mut hints) = (String::new(), String::new());
    for cause in error.chain() {
        let cause = cause.to_string();
        let (what, hint) = cause.split_once("\nhint: ").unwrap_or((&cause, ""));
        // Many errors repeat the cause that they carry.
        if !said.contains(what) {
            said.push_str(if said.is_empty() { "" } else { ": " });
            said.push_str(what);
        }
        if !hint.is_empty() {
            hints.push_str("\nhint: ");
            hints.push_str(hint);
        }
    }
    said + &hints
}

/// `1234567` as `1,234,567`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `1 sheet`, `1,234 sheets`.
pub fn counted(number: u64, one: &str, several: &str) -> String {
    format!("{} {}", grouped(number), if number == 1 { one } else { several })
}

/// How far a long job is: a line that rewrites itself on a terminal, a plain line now and then elsewhere.
pub struct Progress {
    what: &'static str,
    total: u64,
    done: AtomicU64,
    begun: Instant,
    shown: Mutex<Shown>,
    terminal: bool,
}

struct Shown {
    last: Instant,
    anything: bool,
}

/// Jobs shorter than this show nothing.
const QUIET: Duration = Duration::from_secs(1);

impl Progress {
    /// `what` are the things that are counted, for example `sheets`; `total` is 0 where nobody knows how many there are.
    pub fn new(what: &'static str, total: u64) -> Self {
        let begun = Instant::now();
        let shown = Mutex::new(Shown { last: begun, anything: false });
        Self { what, total, done: AtomicU64::new(0), begun, shown, terminal: std::io::stderr().is_terminal() }
    }

    /// Some more are done.
    pub fn advance(&self, more: u64) {
        let done = self.done.fetch_add(more, Ordering::Relaxed) + more;
        let every = if self.terminal { Duration::from_millis(200) } else { Duration::from_secs(10) };
        let mut shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.last.elapsed() < every || self.begun.elapsed() < QUIET {
            return;
        }
        shown.last = Instant::now();
        shown.anything = true;
        self.show(done, if self.terminal { "\r" } else { "" });
    }

    fn show(&self, done: u64, before: &str) {
        let seconds = self.begun.elapsed().as_secs().max(1);
        let after = if self.terminal { "\u{1b}[K" } else { "\n" };
        let (of, left) = match self.total {
            0 => (String::new(), String::new()),
            total => (format!(" of {}", grouped(total)), format!(", {}", time_left(done, total, seconds))),
        };
        let rate = rate(done, seconds);
        write_note(&format!("{before}{}{of} {}, {rate}{left}{after}", grouped(done), self.what));
    }

    /// Clears the line.
    pub fn finish(&self) {
        let shown = self.shown.lock().unwrap_or_else(PoisonError::into_inner);
        if shown.anything && self.terminal {
            write_note("\r\u{1b}[K");
        }
    }
}

/// `47 a second`, or a minute where that is less than one.
fn rate(done: u64, seconds: u64) -> String {
    if done >= seconds { format!("{} a second", done / seconds) } else { format!("{} a minute", done * 60 / seconds) }
}

/// `12 s left`, `3 min left`, at the pace so far.
fn time_left(done: u64, total: u64, seconds: u64) -> String {
    match (total.saturating_sub(done).saturating_mul(seconds)).checked_div(done) {
        None => "no end in sight yet".to_owned(),
        Some(left @ 0..=180) => format!("{left} s left"),
        Some(left @ 181..=10_800) => format!("{} min left", left / 60),
        Some(left) => format!("{} h left", left / 3_600),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn progress_tells_pace_and_time_left_in_units_that_say_something() {
        assert_eq!(super::rate(94, 2), "47 a second");
        assert_eq!(super::rate(1, 20), "3 a minute");
        for (done, total, seconds, said) in [
            (0, 10, 5, "no end in sight yet"),
            (5, 10, 60, "60 s left"),
            (1, 30, 20, "9 min left"),
            (10, 30_000, 10, "8 h left"),
            (9, 9, 3, "0 s left"),
        ] {
            assert_eq!(super::time_left(done, total, seconds), said);
        }
    }

    #[test]
    fn a_complaint_says_everything_once_and_ends_with_what_to_do() {
        let error = anyhow::anyhow!("a.key is no key").context("a.key is no key").context("key needed\nhint: make one");
        assert_eq!(super::complaint(&error), "key needed: a.key is no key\nhint: make one");
    }

    #[test]
    fn digits_stand_in_groups_of_three() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (7_156_462, "7,156,462")] {
            assert_eq!(super::grouped(number), text);
        }
    }
}
