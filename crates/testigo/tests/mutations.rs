//! A mirror of which every kind of file is changed, once each: whatever is done to it, `verify` and the independent checker refuse it, and
//! say why. Among them is the edit of an entry together with the tiles above it, which verifiers that believe tiles accept
//! (CVE-2026-56865), and what only the holder of the ledger's key can do.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a failed test is a panic; a skipped one says so")]

mod common;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use common::mirror::Honest;
use common::{Place, copy_folder};
use serde_json::Value;
use testigo_ledger::tile::parse_bundle;
use testigo_ledger::{Hash, SigningKey, TilePath, TreeSize, leaf_hash};

/// What is done to the mirror.
impl Honest {
    fn verify(&self) -> (Option<i32>, Value) {
        let run = self.place.run(&["verify", "site", "--policy", "policy", "--format", "json"]);
        (run.code, run.json())
    }

    /// The first path in the mirror that begins and ends so.
    fn find(&self, begins: &str, ends: &str) -> String {
        let root = self.place.path("site");
        let names = self.place.files("site").into_iter().map(move |path| name_of(&path, &root));
        names.into_iter().find(|name| name.starts_with(begins) && name.ends_with(ends)).unwrap()
    }

    fn write(&self, name: &str, bytes: &[u8]) {
        self.place.write(&format!("site/{name}"), bytes);
    }

    /// Flips one bit in the middle of a file.
    fn flip(&self, name: &str) {
        let mut bytes = self.read(name);
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        self.write(name, &bytes);
    }

    /// Replaces the first place of a text in a file.
    fn replace(&self, name: &str, text: &str, by: &str) {
        let before = self.read(name);
        let at = before.windows(text.len()).position(|part| part == text.as_bytes());
        let Some(at) = at else { panic!("{name} has no {text}") };
        self.write(name, &[&before[..at], by.as_bytes(), &before[at + text.len()..]].concat());
    }

    /// Puts the manifest's lines right again and signs it, as only the holder of the ledger's key can; `change` may do more to the
    /// lines.
    fn sign_again(&self, change: impl Fn(&mut BTreeMap<String, String>)) {
        let manifest = String::from_utf8(self.read("manifest")).unwrap();
        let head: Vec<&str> = manifest.lines().take(5).collect();
        let mut lines = BTreeMap::new();
        let root = self.place.path("site");
        for path in self.place.files("site") {
            let (name, bytes) = (name_of(&path, &root), fs::read(&path).unwrap());
            if name != "manifest" {
                lines.insert(name.clone(), format!("{} {} {name}", Hash::of(&bytes), bytes.len()));
            }
        }
        change(&mut lines);
        let lines: Vec<String> = lines.into_values().collect();
        let text = format!("{}\n{}\n", head.join("\n"), lines.join("\n"));
        self.write("manifest", self.key.sign_note(&text).unwrap().to_string().as_bytes());
    }

    /// Changes a vote in an early entry, and every bundle and every tile above it to fit: all files agree with each other, and
    /// only the signed root does not.
    fn forge_entry(&self) {
        let size: u64 = self.place.size("site");
        let mut entries: Vec<Vec<u8>> = Vec::new();
        for path in TilePath::all(TreeSize(size)).filter(|path| path.to_string().starts_with("tile/entries/")) {
            let bytes = self.read(&format!("ledger/{path}"));
            entries.extend(parse_bundle(&bytes, path.width()).unwrap().into_iter().map(<[u8]>::to_vec));
        }
        let at = entries.iter().position(|entry| String::from_utf8_lossy(entry).contains("\"votes\":[60,")).unwrap();
        assert!(at < 256, "the entry is in the full bundle");
        let changed = String::from_utf8(entries[at].clone()).unwrap().replacen("\"votes\":[60,", "\"votes\":[61,", 1);
        entries[at] = changed.into_bytes();
        // All files that any head has, from the entries as they are now.
        let root = self.place.path("site");
        for path in self.place.files("site/ledger/tile") {
            let name = name_of(&path, &root.join("ledger"));
            let tile: TilePath = name.parse().unwrap();
            let first = usize::try_from(tile.number()).unwrap() * 256;
            let width = usize::from(tile.width().get());
            let bytes: Vec<u8> = if name.starts_with("tile/entries/") {
                let of = &entries[first..first + width];
                let lengths = of.iter().map(|entry| u16::try_from(entry.len()).unwrap().to_be_bytes());
                lengths.zip(of).flat_map(|(length, entry)| [&length[..], entry].concat()).collect()
            } else if name.starts_with("tile/0/") {
                entries[first..first + width].iter().flat_map(|entry| *leaf_hash(entry).as_bytes()).collect()
            } else {
                let mut row: Vec<Hash> = entries[..256].iter().map(|entry| leaf_hash(entry)).collect();
                while row.len() > 1 {
                    row = row.chunks(2).map(|pair| testigo_ledger::node_hash(&pair[0], &pair[1])).collect();
                }
                row[0].as_bytes().to_vec()
            };
            assert_eq!(bytes.len(), fs::read(&path).unwrap().len(), "{name}");
            fs::write(&path, bytes).unwrap();
        }
    }
}

fn name_of(path: &Path, root: &Path) -> String {
    path.strip_prefix(root).unwrap().to_str().unwrap().to_owned()
}

/// Makes the mirror again what the copy of it is.
fn put_back(place: &Place, kept: &Path) {
    let site = place.path("site");
    for path in place.files("site") {
        if !kept.join(path.strip_prefix(&site).unwrap()).exists() {
            fs::remove_file(path).unwrap();
        }
    }
    for folder in [".publishing", "old"] {
        let _ = fs::remove_dir(site.join(folder));
    }
    for path in place.files("kept") {
        let (name, bytes) = (name_of(&path, kept), fs::read(&path).unwrap());
        let target = site.join(&name);
        if fs::symlink_metadata(&target).is_ok_and(|found| found.is_symlink()) {
            fs::remove_file(&target).unwrap();
        }
        if fs::read(&target).ok().as_ref() != Some(&bytes) {
            place.write(&format!("site/{name}"), bytes);
        }
    }
}

/// A change: what is done; the code that `verify` gives it, and the file that it names (its beginning; nothing where it names none); and
/// what the checker in Python says, with `*` for what it does not matter. Nothing is what that leaves to those who can draw pages or
/// decode pictures: it knows tables and totals, and not which pages there are.
struct Mutation {
    what: &'static str,
    code: &'static str,
    path: &'static str,
    python: &'static str,
    done: fn(&Honest),
}

const fn mutation(
    what: &'static str,
    code: &'static str,
    path: &'static str,
    python: &'static str,
    done: fn(&Honest),
) -> Mutation {
    Mutation { what, code, path, python, done }
}

/// Whether a text has all parts of a pattern, one after the other.
fn has_in_order(text: &str, pattern: &str) -> bool {
    let parts = &mut pattern.split('*');
    parts.try_fold(text, |rest, part| rest.split_once(part).map(|(_, after)| after)).is_some()
}

const MUTATIONS: &[Mutation] = &[
    mutation("a bundle with a changed entry", "entry", "ledger/tile/entries/000", "entry 4 was changed", |site| {
        site.replace("ledger/tile/entries/000", "\"votes\":[60,", "\"votes\":[61,");
    }),
    mutation(
        "a bundle cut short",
        "bundle",
        "ledger/tile/entries/000",
        "ledger/tile/entries/000: ends within entry 255 of 256",
        |site| {
            let bytes = site.read("ledger/tile/entries/000");
            site.write("ledger/tile/entries/000", &bytes[..bytes.len() - 1]);
        },
    ),
    mutation(
        "a bundle with a length that leads outside",
        "bundle",
        "ledger/tile/entries/000",
        "ledger/tile/entries/000: ends within entry 0 of 256",
        |site| {
            let mut bytes = site.read("ledger/tile/entries/000");
            bytes[0] = 0xff;
            site.write("ledger/tile/entries/000", &bytes);
        },
    ),
    mutation("a partial bundle", "entry", "ledger/tile/entries/001.p/", "entry 290 was changed", |site| {
        let size = site.place.size("site") % 256;
        site.replace(&format!("ledger/tile/entries/001.p/{size}"), "not-opened", "not-0pened");
    }),
    mutation(
        "a partial bundle of an earlier head",
        "tile",
        "ledger/tile/entries/000.p/",
        "ledger/tile/entries/000.p/1 differs, from byte * on, from what the entries give",
        |site| {
            let name = site.find("ledger/tile/entries/000.p/", "");
            site.flip(&name);
        },
    ),
    mutation(
        "a full hash tile",
        "tile",
        "ledger/tile/0/000",
        "ledger/tile/0/000 differs, from byte 4096 on, from what the entries give",
        |site| site.flip("ledger/tile/0/000"),
    ),
    mutation(
        "a partial hash tile",
        "tile",
        "ledger/tile/0/001.p/",
        "ledger/tile/0/001.p/* differs, from byte * on, from what the entries give",
        |site| {
            let name = site.find("ledger/tile/0/001.p/", "");
            site.flip(&name);
        },
    ),
    mutation(
        "a tile of the second level",
        "tile",
        "ledger/tile/1/000.p/1",
        "ledger/tile/1/000.p/1 differs, from byte 16 on, from what the entries give",
        |site| site.flip("ledger/tile/1/000.p/1"),
    ),
    mutation(
        "an entry and all tiles above it, consistently",
        "root",
        "ledger/",
        "the first 9 entries have the root *, but ledger/checkpoints/9 is signed over *: entries were changed, removed or added before entry 9",
        |site| site.forge_entry(),
    ),
    mutation(
        "two entries exchanged, with their tiles",
        "root",
        "ledger/",
        "the first 4 entries have the root *, but ledger/checkpoints/4 is signed over *; entry 2 was changed",
        |site| {
            let mut bytes = site.read("ledger/tile/0/000");
            let (first, second) = (bytes[64..96].to_vec(), bytes[96..128].to_vec());
            bytes[64..96].copy_from_slice(&second);
            bytes[96..128].copy_from_slice(&first);
            site.write("ledger/tile/0/000", &bytes);
            let bytes = site.read("ledger/tile/entries/000");
            let mut entries: Vec<Vec<u8>> = Vec::new();
            let mut rest = &bytes[..];
            while let [high, low, after @ ..] = rest {
                let length = usize::from(u16::from_be_bytes([*high, *low]));
                entries.push(rest[..2 + length].to_vec());
                rest = &after[length..];
            }
            entries.swap(2, 3);
            site.write("ledger/tile/entries/000", &entries.concat());
        },
    ),
    mutation(
        "the root in the checkpoint",
        "checkpoint",
        "ledger/checkpoint",
        "ledger/checkpoint: the signature of example.org/demo is wrong",
        |site| {
            let head = String::from_utf8(site.read("ledger/checkpoint")).unwrap();
            let root = head.lines().nth(2).unwrap();
            let other = if root.starts_with('A') { "B" } else { "A" };
            site.replace("ledger/checkpoint", root, &format!("{other}{}", &root[1..]));
        },
    ),
    mutation(
        "the size in the checkpoint",
        "checkpoint",
        "ledger/checkpoint",
        "ledger/checkpoint: the signature of example.org/demo is wrong",
        |site| {
            let size = site.place.size("site");
            site.replace("ledger/checkpoint", &format!("\n{size}\n"), &format!("\n{}\n", size - 1));
        },
    ),
    mutation(
        "an earlier checkpoint in place of the last",
        "unwitnessed",
        "ledger/checkpoint",
        "ledger/checkpoint: unwitnessed",
        |site| {
            let name = site.find("ledger/checkpoints/", "");
            let bytes = site.read(&name);
            site.write("ledger/checkpoint", &bytes);
        },
    ),
    mutation("an earlier checkpoint", "checkpoint", "ledger/checkpoints/", "ledger/checkpoints/1: ", |site| {
        let name = site.find("ledger/checkpoints/", "");
        site.flip(&name);
    }),
    mutation(
        "an earlier checkpoint under another's name",
        "checkpoint-name",
        "ledger/checkpoints/",
        "ledger/checkpoints/* is the checkpoint of 1 entries, not of the number its name says",
        |site| {
            let names = site.place.files("site/ledger/checkpoints");
            fs::copy(&names[0], &names[1]).unwrap();
        },
    ),
    mutation(
        "a cosignature",
        "cosignature",
        "ledger/checkpoint",
        "ledger/checkpoint: the countersignature of witness.example is wrong",
        |site| {
            let note = String::from_utf8(site.read("ledger/checkpoint")).unwrap();
            let line = note.lines().last().unwrap();
            let (name, signature) = line.rsplit_once(' ').unwrap();
            let other = signature.chars().rev().collect::<String>().trim_start_matches('=').to_owned();
            let mut changed: Vec<char> = signature.chars().collect();
            changed[40] = if changed[40] == 'A' { 'B' } else { 'A' };
            assert!(!other.is_empty());
            let changed: String = changed.into_iter().collect();
            site.write("ledger/checkpoint", note.replace(line, &format!("{name} {changed}")).as_bytes());
        },
    ),
    mutation("a cosignature left out", "unwitnessed", "ledger/checkpoint", "ledger/checkpoint: unwitnessed", |site| {
        let note = String::from_utf8(site.read("ledger/checkpoint")).unwrap();
        let lines: Vec<&str> = note.lines().collect();
        site.write("ledger/checkpoint", format!("{}\n", lines[..lines.len() - 1].join("\n")).as_bytes());
    }),
    mutation(
        "another key beside the ledger",
        "key",
        "ledger/key",
        "ledger/checkpoint: not signed by example.org/demo+",
        |site| {
            let other = SigningKey::from_seed(common::ORIGIN, [3; 32]).unwrap();
            site.write("ledger/key", format!("{}\n", other.verifying_key()).as_bytes());
        },
    ),
    mutation("a key that is none", "key", "ledger/key", "the key", |site| site.flip("ledger/key")),
    mutation(
        "the election file",
        "content",
        "documents/",
        "documents/* has the hash *: the file was changed",
        |site| {
            let name = site.find("documents/", "");
            site.flip(&name);
        },
    ),
    mutation("a document gone", "fold", "", "the election file with hash * is missing", |site| {
        let entry = String::from_utf8_lossy(&site.read("ledger/tile/entries/000")).into_owned();
        let hash = entry.split("\"definition\":\"").nth(1).unwrap()[..64].to_owned();
        fs::remove_file(site.place.path(&format!("site/documents/{hash}"))).unwrap();
    }),
    mutation("a stray document", "stray", "documents/notes.txt", "documents/notes.txt does not belong there", |site| {
        site.write("documents/notes.txt", b"hello")
    }),
    mutation("a sheet's picture", "hash", "renditions/", "renditions/* has the hash *: the file was changed", |site| {
        let name = site.find("renditions/", ".jpg");
        site.flip(&name);
    }),
    mutation("a sheet's picture gone", "missing", "renditions/", "the picture * of sheet entry 3 is missing", |site| {
        let name = site.find("renditions/", ".jpg");
        fs::remove_file(site.place.path(&format!("site/{name}"))).unwrap();
    }),
    mutation(
        "one sheet's picture in place of another's",
        "",
        "renditions/",
        "renditions/* has the hash *: the file was changed",
        |site| {
            let pictures: Vec<PathBuf> = site.place.files("site/renditions");
            fs::copy(&pictures[0], &pictures[1]).unwrap();
        },
    ),
    mutation(
        "the proof of a picture",
        "hash",
        "openings/",
        "openings/* is not as the manifest says: the file was changed",
        |site| {
            let name = site.find("openings/", "");
            site.flip(&name);
        },
    ),
    mutation("the proof of a picture gone", "missing", "openings/", "openings/* is missing", |site| {
        let name = site.find("openings/", "");
        fs::remove_file(site.place.path(&format!("site/{name}"))).unwrap();
    }),
    mutation(
        "a table of totals",
        "page",
        "data/president/stations.csv",
        "data/president/stations.csv is not as the manifest says: the file was changed",
        |site| {
            site.replace("data/president/stations.csv", "counted", "awaited");
        },
    ),
    mutation(
        "the tally",
        "page",
        "data/president/tally.json",
        "a published total differs: data/president/tally.json",
        |site| {
            site.replace("data/president/tally.json", "\"votes\":", "\"votes\":1");
        },
    ),
    mutation(
        "the torrent of the pictures",
        "page",
        "data/sheets.torrent",
        "data/sheets.torrent is not as the manifest says: the file was changed",
        |site| site.flip("data/sheets.torrent"),
    ),
    mutation(
        "a torrent of the mirror in it",
        "extra",
        "mirror.torrent",
        "mirror.torrent is not in the manifest and does not belong there",
        |site| site.write("mirror.torrent", b"d4:infodee"),
    ),
    mutation(
        "the home page",
        "page",
        "index.html",
        "index.html is not as the manifest says: the file was changed",
        |site| site.flip("index.html"),
    ),
    mutation(
        "a station's page",
        "page",
        "en/table/",
        "en/table/* is not as the manifest says: the file was changed",
        |site| {
            let name = site.find("en/table/", "index.html");
            site.replace(&name, "60", "90");
        },
    ),
    mutation(
        "a page with something added at its end",
        "page",
        "index.html",
        "index.html is not as the manifest says: the file was changed",
        |site| {
            let page = [&site.read("index.html")[..], b"<!-- -->"].concat();
            site.write("index.html", &page);
        },
    ),
    mutation("a station's document", "page", "table/", "table/", |site| {
        let name = site.find("table/", ".json");
        site.flip(&name);
    }),
    mutation(
        "the script",
        "page",
        "assets/site-",
        "assets/site-* is not as the manifest says: the file was changed",
        |site| {
            let name = site.find("assets/site-", ".js");
            site.flip(&name);
        },
    ),
    mutation(
        "the checker that lies beside",
        "page",
        "checker/testigo_check.py",
        "checker/testigo_check.py is not as the manifest says: the file was changed",
        |site| {
            site.replace("checker/testigo_check.py", "import", "import os,");
        },
    ),
    mutation("the manifest", "manifest", "manifest", "manifest: ", |site| site.flip("manifest")),
    mutation(
        "a line of the manifest gone",
        "manifest",
        "manifest",
        "manifest: the signature of example.org/demo is wrong",
        |site| {
            let text = String::from_utf8(site.read("manifest")).unwrap();
            let line = text.lines().find(|line| line.ends_with(" index.html")).unwrap();
            site.write("manifest", text.replace(&format!("{line}\n"), "").as_bytes());
        },
    ),
    mutation("the manifest gone", "missing", "manifest", "manifest is missing", |site| {
        fs::remove_file(site.place.path("site/manifest")).unwrap();
    }),
    mutation(
        "a file more",
        "extra",
        "data/secret.csv",
        "data/secret.csv is not in the manifest and does not belong there",
        |site| site.write("data/secret.csv", b"a,b\n"),
    ),
    mutation(
        "a folder more",
        "extra",
        "old",
        "old/index.html is not in the manifest and does not belong there",
        |site| site.write("old/index.html", b"<p>"),
    ),
    mutation("a page gone", "missing", "method/index.html", "method/index.html is missing, or not a file", |site| {
        fs::remove_file(site.place.path("site/method/index.html")).unwrap();
    }),
    mutation(
        "a page that is a link",
        "not-a-file",
        "method/index.html",
        "method/index.html is missing, or not a file",
        |site| {
            fs::rename(site.place.path("site/method/index.html"), site.place.path("method.html")).unwrap();
            std::os::unix::fs::symlink(site.place.path("method.html"), site.place.path("site/method/index.html"))
                .unwrap();
        },
    ),
    mutation(
        "publishing not finished",
        "unfinished",
        ".publishing",
        ".publishing is not in the manifest and does not belong there",
        |site| site.write(".publishing/7", b"half"),
    ),
    // What only the holder of the ledger's key can do.
    mutation("a page, signed", "page", "index.html", "", |site| {
        site.flip("index.html");
        site.sign_again(|_| {});
    }),
    mutation(
        "a table of totals, signed",
        "page",
        "data/president/tally.json",
        "a published total differs: data/president/tally.json",
        |site| {
            site.replace("data/president/tally.json", "\"votes\":", "\"votes\":1");
            site.sign_again(|_| {});
        },
    ),
    mutation("a file more, signed", "not-of-ledger", "data/secret.csv", "", |site| {
        site.write("data/secret.csv", b"a,b\n");
        site.sign_again(|_| {});
    }),
    mutation("a page gone, signed", "left-out", "method/index.html", "", |site| {
        fs::remove_file(site.place.path("site/method/index.html")).unwrap();
        site.sign_again(|_| {});
    }),
    mutation(
        "a sheet's picture gone, signed",
        "left-out",
        "renditions/",
        "the picture * of sheet entry 3 is missing",
        |site| {
            let name = site.find("renditions/", ".jpg");
            fs::remove_file(site.place.path(&format!("site/{name}"))).unwrap();
            site.sign_again(|_| {});
        },
    ),
    mutation(
        "a sheet's picture, signed",
        "content",
        "renditions/",
        "renditions/* has the hash *: the file was changed",
        |site| {
            let name = site.find("renditions/", ".jpg");
            site.flip(&name);
            site.sign_again(|_| {});
        },
    ),
    mutation("the proof of a picture, signed", "mask", "renditions/", "", |site| {
        let name = site.find("openings/", "");
        site.flip(&name);
        site.sign_again(|_| {});
    }),
    mutation(
        "a wrong size, signed",
        "size",
        "ledger/key",
        "ledger/key is not as the manifest says: the file was changed",
        |site| {
            site.sign_again(|lines| {
                let line = lines.get_mut("ledger/key").unwrap();
                *line = line.replacen(' ', " 1", 1);
            });
        },
    ),
    mutation(
        "a path that leads outside, signed",
        "manifest",
        "manifest",
        "manifest: `* 0 ../../etc/passwd` is not a hash, a size and a path",
        |site| {
            site.sign_again(|lines| {
                let line = format!("{} 0 ../../etc/passwd", Hash::of(b""));
                lines.insert("../../etc/passwd".to_owned(), line);
            });
        },
    ),
];

#[test]
fn every_change_is_refused_for_the_right_reason() {
    let honest = Honest::new();
    let (code, report) = honest.verify();
    assert_eq!((code, &report["verdict"]), (Some(0), &Value::from("right")), "{report:#}");
    assert_eq!(report["report"]["witnesses"]["quorum"], true);
    assert_eq!(report["report"]["key_from"], "policy");
    let (site, kept) = (honest.place.path("site"), honest.place.path("kept"));
    copy_folder(&site, &kept);
    let mut wrong = Vec::new();
    for Mutation { what, code, path, done, .. } in MUTATIONS {
        done(&honest);
        let (exit, report) = honest.verify();
        let found = &report["report"]["wrong"];
        let named = found["path"].as_str().unwrap_or_default();
        let fits = exit == Some(1)
            && report["verdict"] == "wrong"
            && (code.is_empty() || found["code"] == *code)
            && named.starts_with(path)
            && found["meaning"].as_str().is_some_and(|meaning| !meaning.is_empty());
        if !fits {
            wrong.push(format!("{what}: exit {exit:?}, expected {code} {path}, found {found}"));
        }
        put_back(&honest.place, &kept);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), MUTATIONS.len(), wrong.join("\n"));
    assert_eq!(honest.verify().0, Some(0));
}

/// The independent checker, on the same changes.
#[test]
fn the_independent_checker_refuses_them_too() {
    let checker = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../checker/testigo_check.py");
    if Command::new("python3").arg("--version").output().is_err() {
        println!("skipped: there is no python3 to run the independent checker with");
        return;
    }
    let honest = Honest::new();
    let check = || {
        let mut python = Command::new("python3");
        python.arg(&checker).arg("--policy").arg(honest.place.path("policy")).arg(honest.place.path("site"));
        let output = python.output().unwrap();
        let said = [output.stdout, output.stderr].map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
        (output.status.code(), said.concat())
    };
    let (code, said) = check();
    assert_eq!(code, Some(0), "{said}");
    let kept = honest.place.path("kept");
    copy_folder(&honest.place.path("site"), &kept);
    let mut wrong = Vec::new();
    for Mutation { what, python, done, .. } in MUTATIONS {
        done(&honest);
        let (code, said) = check();
        let fits = match *python {
            "" => code == Some(0),
            cause => code == Some(1) && has_in_order(&said, &format!("WRONG: *{cause}")),
        };
        if !fits {
            let found = said.lines().find(|line| line.starts_with("WRONG")).unwrap_or(&said);
            wrong.push(format!("{what}: exit {code:?}, expected {python}, found {found}"));
        }
        put_back(&honest.place, &kept);
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), MUTATIONS.len(), wrong.join("\n"));
}
