//! Runs the real program in a folder of its own, and makes what it is fed: sheets, results files, archives.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "every test uses a part; a failed test is a panic"
)]

pub mod files;
pub mod mirror;
pub mod results;
pub mod sheets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// The name of the ledger of [`Place::with_demo`], and the file of its key.
pub const ORIGIN: &str = "example.org/demo";
pub const KEY: &str = "keys/example.org_demo.key";

/// A folder to run the program in. Everything is named relative to it, so that messages are the same on every machine.
pub struct Place {
    root: TempDir,
}

impl Place {
    pub fn new() -> Self {
        Self { root: tempfile::tempdir().unwrap() }
    }

    /// With an archive of the made-up demonstration election in `archive`, for the stations of [`sheets::STATIONS`].
    pub fn with_demo() -> Self {
        let place = Self::new();
        place.write("register.csv", sheets::register());
        let arguments = ["init", "archive", "--pack", "demo", "--register", "register.csv"];
        place.run(&[&arguments[..], &["--origin", ORIGIN]].concat()).done();
        place
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.root.path().join(name)
    }

    pub fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }

    pub fn read(&self, name: &str) -> Vec<u8> {
        fs::read(self.path(name)).unwrap()
    }

    /// The program, ready to run here with keys of its own.
    pub fn command(&self, arguments: &[&str]) -> Command {
        self.wrapped(Command::new(env!("CARGO_BIN_EXE_testigo")), arguments)
    }

    fn wrapped(&self, mut command: Command, arguments: &[&str]) -> Command {
        command.args(arguments).current_dir(self.root.path()).stdin(Stdio::null());
        for variable in ["XDG_DATA_HOME", "RUST_BACKTRACE", "COLUMNS"] {
            command.env_remove(variable);
        }
        command.env("HOME", self.root.path()).env("TESTIGO_KEYS", self.root.path().join("keys"));
        command
    }

    pub fn run(&self, arguments: &[&str]) -> Run {
        Run::of(arguments, &self.command(arguments).output().unwrap())
    }

    /// The same with no more than so many mebibytes of address space.
    pub fn run_within(&self, mebibytes: u32, arguments: &[&str]) -> Run {
        let mut shell = Command::new("sh");
        let limit = format!("ulimit -v {}; exec \"$0\" \"$@\"", u64::from(mebibytes) * 1024);
        shell.args(["-c", &limit, env!("CARGO_BIN_EXE_testigo")]);
        Run::of(arguments, &self.wrapped(shell, arguments).output().unwrap())
    }

    /// `tally --format json`.
    pub fn tally(&self, archive: &str) -> Value {
        self.run(&["tally", archive, "--format", "json"]).done().json()
    }

    /// `check --format json`, whatever its exit code: the lines.
    pub fn checks(&self, archive: &str) -> Vec<Value> {
        let answer = self.run(&["check", archive, "--format", "json"]).json();
        answer["checks"].as_array().unwrap().clone()
    }

    /// Makes an adjudicator's key in `NAME.key` and admits it.
    pub fn adjudicator(&self, archive: &str, name: &str) {
        let file = format!("{name}.key");
        self.run(&["key", "create", &file, "--name", name]).done();
        self.run(&["key", "admit", archive, &file]).done();
    }

    /// The number of published entries.
    pub fn size(&self, archive: &str) -> u64 {
        let checkpoint = self.read(&format!("{archive}/ledger/checkpoint"));
        String::from_utf8(checkpoint).unwrap().lines().nth(1).unwrap().parse().unwrap()
    }

    /// Every file below a folder.
    pub fn files(&self, folder: &str) -> Vec<PathBuf> {
        let mut files = Vec::new();
        let mut waiting = vec![self.path(folder)];
        while let Some(path) = waiting.pop() {
            if path.is_dir() {
                waiting.extend(fs::read_dir(path).unwrap().map(|entry| entry.unwrap().path()));
            } else {
                files.push(path);
            }
        }
        files.sort();
        files
    }
}

/// What a run of the program left.
#[derive(Debug)]
pub struct Run {
    pub arguments: String,
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

impl Run {
    pub fn of(arguments: &[&str], output: &Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let run = Self {
            arguments: arguments.join(" "),
            code: output.status.code(),
            out: text(&output.stdout),
            err: text(&output.stderr),
        };
        assert!(!run.err.contains("panicked"), "{run}");
        run
    }

    /// Everything was done.
    #[track_caller]
    pub fn done(self) -> Self {
        self.exits(0)
    }

    /// It finished, and something was wrong or left out.
    #[track_caller]
    pub fn finished(self) -> Self {
        self.exits(1)
    }

    /// Nothing was done.
    #[track_caller]
    pub fn refused(self) -> Self {
        let run = self.exits(2);
        assert!(run.out.is_empty() && run.err.starts_with("error: "), "{run}");
        run
    }

    #[track_caller]
    pub fn exits(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "{self}");
        self
    }

    /// Standard output has all of these.
    #[track_caller]
    pub fn says(self, parts: &[&str]) -> Self {
        for part in parts {
            assert!(self.out.contains(part), "`{part}` is missing: {self}");
        }
        self
    }

    #[track_caller]
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl std::fmt::Display for Run {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { arguments, code, out, err } = self;
        write!(formatter, "\n$ testigo {arguments}\n{out}{err}[exit code {code:?}]")
    }
}

/// A file of `../shared/data`, unpacked where it is packed; says so where it is not there.
pub fn real(file: &str) -> Option<Vec<u8>> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(file);
    let Ok(bytes) = fs::read(&path) else {
        println!("SKIPPED: there is no ../shared/data/{file}; it is not part of the project");
        return None;
    };
    if !file.ends_with(".xz") {
        return Some(bytes);
    }
    let mut unpacked = Vec::new();
    lzma_rs::xz_decompress(&mut bytes.as_slice(), &mut unpacked).unwrap();
    Some(unpacked)
}

/// A folder of `../shared/data`; says so where it is not there.
pub fn real_folder(folder: &str) -> Option<PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data").join(folder);
    if !path.is_dir() {
        println!("SKIPPED: there is no ../shared/data/{folder}; it is not part of the project");
        return None;
    }
    Some(path.canonicalize().unwrap())
}

/// A folder with all that is in it, once more.
pub fn copy_folder(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            copy_folder(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}

/// Holds a text against `tests/golden/NAME.txt`. With `TESTIGO_BLESS=1` the file is written instead, to be read before
/// it is committed.
#[track_caller]
pub fn golden(name: &str, found: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/golden/{name}.txt"));
    if std::env::var_os("TESTIGO_BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, found).unwrap();
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        found == expected,
        "{} does not have this text; TESTIGO_BLESS=1 writes it there\n--- expected\n{expected}\n--- found\n{found}",
        path.display()
    );
}
