//! The command line: wires archive, reader, fold and site together and contains no rules of its own.

mod packs;

fn main() {
    for name in packs::EMBEDDED {
        let _ = packs::PackFiles::find(name).and_then(|files| files.parse());
    }
}
