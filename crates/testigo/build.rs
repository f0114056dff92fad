//! Lists the country packs for embedding, so that a new pack is a new folder and no line of code.

use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::{env, fs, io};

fn main() -> io::Result<()> {
    let packs = Path::new(&variable("CARGO_MANIFEST_DIR")).join("../../packs");
    println!("cargo::rerun-if-changed={}", packs.display());
    let mut list = String::from("&[\n");
    for folder in sorted(&packs)? {
        if folder.join("pack.toml").is_file() {
            add(&mut list, &folder)?;
        }
    }
    list.push_str("]\n");
    fs::write(Path::new(&variable("OUT_DIR")).join("packs.rs"), list)
}

fn add(list: &mut String, folder: &Path) -> io::Result<()> {
    let bytes = |path: &Path| {
        println!("cargo::rerun-if-changed={}", path.display());
        format!("include_bytes!({:?})", path.display().to_string())
    };
    let mut mappings = String::new();
    if folder.join("mappings").is_dir() {
        for file in sorted(&folder.join("mappings"))? {
            if file.extension().is_some_and(|ending| ending == "toml") {
                let name = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
                let _ = write!(mappings, "({name:?}, {}), ", bytes(&file));
            }
        }
    }
    let analysis = folder.join("analysis.toml");
    let analysis = if analysis.is_file() { format!("Some({})", bytes(&analysis)) } else { "None".to_owned() };
    let mut presentation = String::new();
    for name in ["boundaries.geojson", "tiles.csv", "site.toml"] {
        if folder.join(name).is_file() {
            let _ = write!(presentation, "({name:?}, {}), ", bytes(&folder.join(name)));
        }
    }
    if folder.join("languages").is_dir() {
        for file in sorted(&folder.join("languages"))? {
            let name = format!("languages/{}", file.file_name().unwrap_or_default().to_string_lossy());
            let _ = write!(presentation, "({name:?}, {}), ", bytes(&file));
        }
    }
    let name = folder.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let _ = writeln!(
        list,
        "    Embedded {{ name: {name:?}, definition: {}, pack: {}, mappings: &[{mappings}], analysis: {analysis}, presentation: &[{presentation}] }},",
        bytes(&folder.join("election.toml")),
        bytes(&folder.join("pack.toml")),
    );
    Ok(())
}

fn sorted(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let mut paths =
        fs::read_dir(folder)?.map(|entry| entry.map(|entry| entry.path())).collect::<io::Result<Vec<_>>>()?;
    paths.sort();
    Ok(paths)
}

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_default()
}
