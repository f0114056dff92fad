//! The country packs that travel inside the binary, and packs from a folder.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use testigo_count::definition::Definition;
use testigo_count::pack::Pack;

/// A pack as files: `pack.toml`, `election.toml` and any number of `mappings/NAME.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackFiles {
    /// How complaints call its place, for example `packs/demo`.
    pub place: String,
    /// `election.toml`.
    pub definition: Vec<u8>,
    /// `pack.toml`.
    pub pack: Vec<u8>,
    /// By name, without the ending.
    pub mappings: BTreeMap<String, Vec<u8>>,
}

macro_rules! embedded {
    ($($name:literal: [$($mapping:literal),*];)*) => {
        /// The names of the packs inside the binary.
        pub const EMBEDDED: &[&str] = &[$($name),*];

        fn embedded(name: &str) -> Option<PackFiles> {
            match name {
                $($name => Some(PackFiles {
                    place: format!("packs/{name}"),
                    definition: include_bytes!(concat!("../../../packs/", $name, "/election.toml")).to_vec(),
                    pack: include_bytes!(concat!("../../../packs/", $name, "/pack.toml")).to_vec(),
                    mappings: BTreeMap::from([$((
                        $mapping.to_owned(),
                        include_bytes!(concat!("../../../packs/", $name, "/mappings/", $mapping, ".toml")).to_vec(),
                    )),*]),
                }),)*
                _ => None,
            }
        }
    };
}

embedded! {
    "bolivia-2020": ["mesa"];
    "cordoba-2019": ["mesa"];
    "demo": [];
    "ve-2024": ["convzla"];
}

impl PackFiles {
    /// A pack by the name it has inside the binary, or by the path of its folder.
    pub fn find(name_or_path: &str) -> Result<Self> {
        if let Some(files) = embedded(name_or_path) {
            return Ok(files);
        }
        let folder = Path::new(name_or_path);
        let folder = if folder.is_file() { folder.parent().unwrap_or(folder) } else { folder };
        if !folder.is_dir() {
            bail!(
                "there is no pack `{name_or_path}`\nhint: inside this program are {}; a path must be a folder with pack.toml and election.toml",
                EMBEDDED.join(", ")
            );
        }
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
        };
        let mut mappings = BTreeMap::new();
        let mapping_folder = folder.join("mappings");
        if mapping_folder.is_dir() {
            for file in std::fs::read_dir(&mapping_folder).with_context(|| format!("{} cannot be read", mapping_folder.display()))? {
                let path = file?.path();
                if let Some(name) = path.file_stem().and_then(|stem| stem.to_str()).filter(|_| path.extension().is_some_and(|ending| ending == "toml")) {
                    let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
                    mappings.insert(name.to_owned(), bytes);
                }
            }
        }
        Ok(Self { place: folder.display().to_string(), definition: read("election.toml")?, pack: read("pack.toml")?, mappings })
    }

    /// Reads both files; complaints name file, line and field.
    pub fn parse(&self) -> Result<(Definition, Pack)> {
        let definition = Definition::parse(&format!("{}/election.toml", self.place), &self.definition)?;
        let pack = Pack::parse(&format!("{}/pack.toml", self.place), &self.pack, &definition)?;
        Ok((definition, pack))
    }
}
