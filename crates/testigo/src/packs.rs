//! The country packs that travel inside the binary, and packs from a folder.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result, bail};
use testigo_count::definition::Definition;
use testigo_count::pack::Pack;
use testigo_site::source::{BOUNDARIES, LANGUAGES, SETTINGS, TILES};

/// A pack as files: `pack.toml`, `election.toml`, any number of `mappings/NAME.toml`, and perhaps `analysis.toml`.
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
    /// `analysis.toml`: what the statistics need to know beside the ledger.
    pub analysis: Option<Vec<u8>>,
    /// Files about how something is shown, by name: `boundaries.geojson`, `tiles.csv`, `site.toml`, `languages/CODE.toml`.
    pub presentation: BTreeMap<String, Vec<u8>>,
}

/// A pack inside the binary.
struct Embedded {
    name: &'static str,
    definition: &'static [u8],
    pack: &'static [u8],
    mappings: &'static [(&'static str, &'static [u8])],
    analysis: Option<&'static [u8]>,
    presentation: &'static [(&'static str, &'static [u8])],
}

/// Made by the build script from the folder `packs`.
const EMBEDDED: &[Embedded] = include!(concat!(env!("OUT_DIR"), "/packs.rs"));

/// The names of the packs inside the binary.
pub fn names() -> Vec<&'static str> {
    EMBEDDED.iter().map(|pack| pack.name).collect()
}

impl PackFiles {
    /// A pack by the name it has inside the binary, or by the path of its folder.
    pub fn find(name_or_path: &str) -> Result<Self> {
        if let Some(pack) = EMBEDDED.iter().find(|pack| pack.name == name_or_path) {
            let mappings = pack.mappings.iter().map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()));
            return Ok(Self {
                place: format!("packs/{}", pack.name),
                definition: pack.definition.to_vec(),
                pack: pack.pack.to_vec(),
                mappings: mappings.collect(),
                analysis: pack.analysis.map(<[u8]>::to_vec),
                presentation: pack
                    .presentation
                    .iter()
                    .map(|(name, bytes)| ((*name).to_owned(), bytes.to_vec()))
                    .collect(),
            });
        }
        let folder = Path::new(name_or_path);
        let folder = if folder.is_file() { folder.parent().unwrap_or(folder) } else { folder };
        if !folder.is_dir() {
            bail!(
                "there is no pack `{name_or_path}`\nhint: inside this program are {}; a path must be a folder with pack.toml and election.toml",
                names().join(", ")
            );
        }
        let read = |name: &str| {
            let path = folder.join(name);
            std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))
        };
        let mut mappings = BTreeMap::new();
        let mapping_folder = folder.join("mappings");
        if mapping_folder.is_dir() {
            for file in std::fs::read_dir(&mapping_folder)
                .with_context(|| format!("{} cannot be read", mapping_folder.display()))?
            {
                let path = file?.path();
                if let Some(name) = path
                    .file_stem()
                    .and_then(|stem| stem.to_str())
                    .filter(|_| path.extension().is_some_and(|ending| ending == "toml"))
                {
                    let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
                    mappings.insert(name.to_owned(), bytes);
                }
            }
        }
        Ok(Self {
            place: folder.display().to_string(),
            definition: read("election.toml")?,
            pack: read("pack.toml")?,
            mappings,
            analysis: folder.join("analysis.toml").is_file().then(|| read("analysis.toml")).transpose()?,
            presentation: presentation(folder)?,
        })
    }

    /// Reads both files; complaints name file, line and field.
    pub fn parse(&self) -> Result<(Definition, Pack)> {
        let definition = Definition::parse(&format!("{}/election.toml", self.place), &self.definition)?;
        let pack = Pack::parse(&format!("{}/pack.toml", self.place), &self.pack, &definition)?;
        Ok((definition, pack))
    }
}

/// Files about how something is shown, as far as the folder has them.
fn presentation(folder: &Path) -> Result<BTreeMap<String, Vec<u8>>> {
    let mut names: Vec<String> = [BOUNDARIES, TILES, SETTINGS].map(str::to_owned).into();
    if let Ok(languages) = std::fs::read_dir(folder.join(LANGUAGES)) {
        for file in languages {
            names.push(format!("{LANGUAGES}/{}", file?.file_name().to_string_lossy()));
        }
    }
    names.retain(|name| folder.join(name).is_file());
    let read = |name: String| {
        let path = folder.join(&name);
        let bytes = std::fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        Ok((name, bytes))
    };
    names.into_iter().map(read).collect()
}
