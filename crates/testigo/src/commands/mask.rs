//! `testigo mask`: hide more or less of a sheet's picture, show a court what is hidden, and check what was shown.
//!
//! Areas are in pixels of the picture as it is seen, as in the ledger and on the site. What is to be hidden is rounded
//! outwards to whole groups of pixels, what is to be shown inwards.

use std::fs::OpenOptions;
use std::io::Write as _;
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, Result, bail};
use clap::{Args, Subcommand};
use testigo_archive::{Archive, ArchiveReader, RenditionFormat};
use testigo_count::entry::MaskEntry;
use testigo_count::identifier::Code;
use testigo_count::sheets::PageView;
use testigo_count::{Count, DocumentHash, Entry, EntryIndex};
use testigo_ledger::Hash;
use testigo_sheet::metadata;
use testigo_sheet::picture::{Limits, Orientation, Rectangle};
use testigo_sheet::proof::{PixelCommitment, PixelKey, Pixels, TreeOrder, Unmasking};

use super::exit;
use super::import::find_code;
use crate::{counting, keys, layout, pictures, say};

#[derive(Debug, Args)]
#[command(
    args_conflicts_with_subcommands = true,
    subcommand_negates_reqs = true,
    after_help = "Examples:
  testigo mask archive 24560 --hide 0,5400,628,5700
  testigo mask archive 24560 --show 0,0,628,6801 --hide 0,3600,628,6100
  testigo mask open archive 24560 --area 0,3600,628,4200 --out for-the-court.testigo
  testigo mask check for-the-court.testigo --ledger mirror --picture seen.jpg
An area is LEFT,TOP,RIGHT,BOTTOM in pixels of the picture as it is seen. What is hidden is rounded outwards to
whole groups of pixels, what is shown inwards."
)]
pub struct MaskArguments {
    #[command(subcommand)]
    pub action: Option<MaskAction>,
    /// The archive
    #[arg(required = true)]
    pub dir: Option<PathBuf>,
    /// The sheet's entry
    #[arg(required = true, value_name = "SHEET")]
    pub sheet: Option<u64>,
    /// An area to hide; may be given several times
    #[arg(long, value_name = "AREA", value_parser = parse_area)]
    pub hide: Vec<Rectangle>,
    /// An area to show again, before anything is hidden; may be given several times
    #[arg(long, value_name = "AREA", value_parser = parse_area)]
    pub show: Vec<Rectangle>,
    /// Which of the sheet's pictures, from 1
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
    pub page: u32,
    /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
    #[arg(long, value_name = "FILE")]
    pub ledger_key: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub enum MaskAction {
    /// Write a file that shows and proves a hidden area, for a court
    Open {
        /// The archive
        dir: PathBuf,
        /// The sheet's entry
        #[arg(value_name = "SHEET")]
        sheet: u64,
        /// An area to show beside what everybody sees; may be given several times
        #[arg(long, value_name = "AREA", required = true, value_parser = parse_area)]
        area: Vec<Rectangle>,
        /// The file to write
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
        /// Which of the sheet's pictures, from 1
        #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..))]
        page: u32,
        /// The ledger's key [default: in the folder TESTIGO_KEYS, or your data folder]
        #[arg(long, value_name = "FILE")]
        ledger_key: Option<PathBuf>,
    },
    /// Is what such a file shows what came in?
    Check {
        /// The file
        file: PathBuf,
        /// An archive or a mirror of the ledger
        #[arg(long, value_name = "DIR")]
        ledger: PathBuf,
        /// Write the picture in the file there, to look at
        #[arg(long, value_name = "FILE")]
        picture: Option<PathBuf>,
    },
}

pub fn run(arguments: &MaskArguments) -> Result<ExitCode> {
    match (&arguments.action, &arguments.dir, arguments.sheet) {
        (Some(MaskAction::Open { dir, sheet, area, out, page, ledger_key }), ..) => {
            open(Masked::load(dir, *sheet, *page, ledger_key.as_deref())?, area, out)
        }
        (Some(MaskAction::Check { file, ledger, picture }), ..) => check(file, ledger, picture.as_deref()),
        (None, Some(dir), Some(sheet)) => {
            let MaskArguments { hide, show, page, ledger_key, .. } = arguments;
            change(Masked::load(dir, sheet, *page, ledger_key.as_deref())?, show, hide)
        }
        _ => bail!("an archive and a sheet's entry are needed\nhint: `testigo mask --help` has examples"),
    }
}

/// `LEFT,TOP,RIGHT,BOTTOM` in pixels.
fn parse_area(text: &str) -> Result<Rectangle, String> {
    let numbers: Option<Vec<u32>> = text.split(',').map(|number| number.trim().parse().ok()).collect();
    match numbers.as_deref() {
        Some([left, top, right, bottom]) if left < right && top < bottom => {
            Ok(pictures::rectangle([*left, *top, *right, *bottom]))
        }
        _ => Err("an area is LEFT,TOP,RIGHT,BOTTOM in pixels, left before right and top before bottom".to_owned()),
    }
}

/// A sheet's picture with all that is private about it.
struct Masked {
    archive: Archive,
    count: Count,
    sheet: EntryIndex,
    /// From 0.
    page: u32,
    pixels: Pixels,
    key: PixelKey,
    order: TreeOrder,
    commitment: DocumentHash,
    /// What is hidden now.
    masked: Vec<Rectangle>,
    mask: Option<EntryIndex>,
    /// Figures and code, in pixels.
    kept: Vec<Rectangle>,
}

impl Masked {
    fn load(dir: &Path, sheet: u64, page: u32, ledger_key: Option<&Path>) -> Result<Self> {
        let archive = Archive::open(dir, keys::of_archive(dir, ledger_key)?)?;
        let (count, _) = counting::load(&archive.reader()?)?;
        let sheet = EntryIndex(sheet);
        let found = count.sheet_by_entry(sheet);
        let found = found.with_context(|| {
            format!("entry {sheet} is no sheet\nhint: a station's page shows its sheets with their entries")
        })?;
        let page = page - 1;
        let view = count.sheet_view(found);
        let at = usize::try_from(page).ok().and_then(|page| view.pages.get(page));
        let Some(shown) = at else { bail!("the sheet of entry {sheet} has {} pictures", view.pages.len()) };
        let original = Hash(*shown.commitment.as_bytes());
        let secret = archive.pixel_secret(&original)?;
        let (Some(commitment), Some(secret)) = (shown.pixels, secret) else {
            bail!(
                "nothing proves the pixels of this picture: it came in before they were committed to, or its key was erased\nhint: `testigo rule {} withhold` takes the whole picture away",
                dir.display()
            );
        };
        let stored = archive.original(&original)?.context("the original is not in this archive")?;
        let limits = Limits::default();
        let mut stripped = metadata::strip(&stored.bytes, &limits)?;
        stripped.orientation =
            Orientation::from_number(secret.orientation.into()).context("the database has no such orientation")?;
        let grey = stripped.decode_grey(&limits)?;
        let (code, several) = find_code(&grey, count.pack());
        let (width, height) = (grey.width(), grey.height());
        let kept = if several { code.into_iter().collect() } else { count.pack().kept_areas(width, height, code) };
        let kept = kept.into_iter().map(|area| Ok(layout::area(area)?.place(width, height)));
        let kept = kept.collect::<Result<Vec<Rectangle>>>()?;
        let pixels = Pixels::of(&stripped, &limits)?;
        let key = PixelKey(secret.key);
        let order = pixels.order(&key, &PixelCommitment(*commitment.as_bytes()));
        let order =
            order.context("original and key do not give the commitment in the ledger: one of them was changed")?;
        let PageView { masked, mask, .. } = *shown;
        let masked = masked.iter().map(|area| pictures::rectangle(*area)).collect();
        Ok(Self { archive, sheet, page, pixels, key, order, commitment, masked, mask, kept, count })
    }

    /// Refuses an area outside of the picture.
    fn touched(&self, area: &Rectangle) -> Result<Rectangle> {
        let (width, height) = self.pixels.seen_size();
        self.pixels.around(*area).with_context(|| {
            format!(
                "the area {area} (width x height + left + top) lies outside of the picture, which is {width} x {height}"
            )
        })
    }
}

fn without(masked: &[Rectangle], shown: &[Rectangle]) -> Vec<Rectangle> {
    shown.iter().fold(masked.to_vec(), |left, shown| left.iter().flat_map(|area| area.without(shown)).collect())
}

fn change(mut masked: Masked, show: &[Rectangle], hide: &[Rectangle]) -> Result<ExitCode> {
    if show.is_empty() && hide.is_empty() {
        bail!("say what to change: --hide AREA or --show AREA\nhint: `testigo mask --help` has examples");
    }
    show.iter().try_for_each(|area| masked.touched(area).map(drop))?;
    let shown: Vec<Rectangle> = show.iter().filter_map(|area| masked.pixels.inside(*area)).collect();
    let hidden = hide.iter().map(|area| masked.touched(area)).collect::<Result<Vec<_>>>()?;
    for area in &hidden {
        if let Some(kept) = masked.kept.iter().find(|kept| kept.intersection(area).is_some()) {
            bail!(
                "{area} (width x height + left + top) would cover figures or the code at {kept}, which stay visible\nhint: make the area smaller; `testigo rule {} withhold` takes the whole picture away",
                masked.archive.reader()?.directory().display()
            );
        }
    }
    let mut areas = without(&masked.masked, &shown);
    // What is hidden already is not said twice.
    for area in &hidden {
        let fresh =
            areas.iter().fold(vec![*area], |left, known| left.iter().flat_map(|part| part.without(known)).collect());
        areas.extend(fresh);
    }
    let rendition = masked.pixels.clone().masked(&areas)?;
    let opening = masked.pixels.opening(&masked.key, masked.order, &areas);
    let format = if rendition.extension == "png" { RenditionFormat::Png } else { RenditionFormat::Jpeg };
    let hash = masked.archive.put_rendition(&rendition.bytes, format)?;
    let before = masked.count.sheet_by_entry(masked.sheet).map(|sheet| masked.count.sheet_view(sheet));
    let at = usize::try_from(masked.page).unwrap_or(usize::MAX);
    if before.and_then(|view| view.pages.get(at).map(|page| *page.rendition.as_bytes())) == Some(hash.0) {
        say!("the mask is like that already: nothing to change");
        return Ok(ExitCode::SUCCESS);
    }
    masked.archive.put_opening(&Hash(*masked.commitment.as_bytes()), &hash, &opening)?;
    let reason = Code::new(if hide.is_empty() { "too-much-hidden" } else { "personal-data" })?;
    let corners = areas.iter().map(layout::corners).collect();
    let rendition = DocumentHash::from_bytes(hash.0);
    let entry = MaskEntry::new(masked.sheet, masked.page, corners, rendition, reason, masked.mask);
    let bytes = Entry::Mask(entry).to_bytes().context("the mask has too many areas for one entry")?;
    masked.count.append(&bytes, &std::collections::BTreeMap::new())?;
    let appended = masked.archive.append(&[bytes])?;
    masked.archive.publish()?;
    let (gone, _) = pictures::tidy(&mut masked.archive, &masked.count)?;
    let index = appended.first().context("the archive gave the entry no place")?.index;
    say!(
        "entry {index}: the sheet's picture hides {} now",
        crate::terminal::counted(areas.len() as u64, "area", "areas")
    );
    if gone > 0 {
        say!("the picture with the earlier mask was taken away; copies that others have keep it");
    }
    Ok(ExitCode::SUCCESS)
}

fn open(masked: Masked, areas: &[Rectangle], out: &Path) -> Result<ExitCode> {
    let shown = areas.iter().map(|area| masked.touched(area)).collect::<Result<Vec<_>>>()?;
    let left = without(&masked.masked, &shown);
    let picture = masked.pixels.clone().masked(&left)?;
    let unmasking = Unmasking {
        commitment: PixelCommitment(*masked.commitment.as_bytes()),
        format: masked.pixels.format(),
        width: picture.width,
        height: picture.height,
        masked: left.clone(),
        opening: masked.pixels.opening(&masked.key, masked.order, &left),
        picture: picture.bytes,
    };
    write_private(out, &unmasking.to_bytes())?;
    say!("{} shows {} of the sheet of entry {}", out.display(), list(&shown), masked.sheet);
    if !left.is_empty() {
        say!("still hidden: {}", list(&left));
    }
    say!("hint: whoever gets this file sees the area. `testigo mask check` holds it against the ledger");
    Ok(ExitCode::SUCCESS)
}

/// Readable by its owner only, and never in place of another file.
fn write_private(path: &Path, bytes: &[u8]) -> Result<()> {
    let failed = || format!("{} cannot be written", path.display());
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).with_context(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).with_context(failed)
}

fn check(file: &Path, ledger: &Path, picture: Option<&Path>) -> Result<ExitCode> {
    let bytes = std::fs::read(file).with_context(|| format!("{} cannot be read", file.display()))?;
    let unmasking = Unmasking::parse(&bytes)
        .with_context(|| format!("{} is not what `testigo mask open` writes", file.display()))?;
    let reader = ArchiveReader::open_public(ledger)?;
    let (count, checkpoint) = counting::load(&reader)?;
    let pixels = DocumentHash::from_bytes(unmasking.commitment.0);
    let views = count.sheets().map(|sheet| count.sheet_view(sheet));
    let found = views.flat_map(|view| (1_u32..).zip(view.pages).map(move |(number, page)| (view.entry, number, page)));
    let Some((sheet, number, _)) = found.into_iter().find(|(_, _, page)| page.pixels == Some(pixels)) else {
        say!("WRONG: no sheet of this ledger has the commitment {pixels}");
        return Ok(exit(false));
    };
    if let Err(fault) = unmasking.check(&Limits::default()) {
        say!("WRONG: {fault}");
        return Ok(exit(false));
    }
    say!("ledger        {}, {} entries, root {}", checkpoint.origin, checkpoint.size.0, checkpoint.root);
    say!("picture       {number} of the sheet of entry {sheet}, {} x {} pixels", unmasking.width, unmasking.height);
    if unmasking.masked.is_empty() {
        say!("hidden        nothing");
    } else {
        say!("hidden        {}", list(&unmasking.masked));
    }
    say!("Every visible pixel is one that was committed to when the sheet came in.");
    if let Some(path) = picture {
        write_private(path, &unmasking.picture)?;
        say!("hint: {} is the picture. `testigo verify {}` checks the ledger itself", path.display(), ledger.display());
    } else {
        say!(
            "hint: --picture FILE writes the picture to look at. `testigo verify {}` checks the ledger itself",
            ledger.display()
        );
    }
    Ok(exit(true))
}

/// Areas as they are written on the command line.
fn list(areas: &[Rectangle]) -> String {
    let corners = areas.iter().map(layout::corners);
    corners.map(|[left, top, right, bottom]| format!("{left},{top},{right},{bottom}")).collect::<Vec<_>>().join(" ")
}
