//! The ways in which sheets and pictures of sheets are damaged, each with a name and five strengths.
//!
//! Defects can be put one after the other, those of the paper before those of the camera. Defects of shape (rotation,
//! perspective, curl, low resolution, two sheets) move the code, so they come last.

mod geometry;
mod marks;
mod optics;
mod paper;

pub use geometry::beside;

use super::code::CodePlace;
use super::random::Random;
use super::surface::Surface;
use crate::picture::GreyPicture;

/// One way in which a sheet or its picture is damaged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Defect {
    /// Turned about its middle: by a degree or two, up to any angle.
    Rotation,
    /// Seen from the side; from strength 3 only the foot of the strip is in the picture.
    Perspective,
    /// Paper that does not lie flat.
    Curl,
    /// Out of focus.
    Blur,
    /// Moved while the picture was taken.
    MotionBlur,
    /// Few pixels: from two thirds of each side down to a sixth.
    LowResolution,
    /// Stored as JPEG at a quality from 40 down to 4.
    JpegArtefacts,
    /// Noise of a sensor in bad light; at strength 5 some pixels are lost.
    Noise,
    /// A shadow with a soft edge across the code.
    Shadow,
    /// A reflection on the code.
    Glare,
    /// Thermal print that has faded, unevenly.
    Fading,
    /// Creases across the code.
    Fold,
    /// Strokes of a pen across the code.
    PenStrokes,
    /// A rubber stamp on the code.
    Stamp,
    /// White spots on the code: 2 % up to 20 % of its area.
    WhiteBlot,
    /// Black spots on the code: 2 % up to 20 % of its area.
    BlackBlot,
    /// The dark centres of one, two, three finder patterns wiped out; then two, then three whole finder patterns.
    WipedFinders,
    /// Paper torn off together with 4 % up to 32 % of the code.
    TornEdge,
    /// The picture of a screen that shows the sheet: its pixels beat with the camera's.
    PhotoOfScreen,
    /// The edge, up to the whole, of a second copy beside the sheet.
    TwoSheets,
}

impl Defect {
    /// All defects.
    pub const ALL: [Self; 20] = [
        Self::Rotation,
        Self::Perspective,
        Self::Curl,
        Self::Blur,
        Self::MotionBlur,
        Self::LowResolution,
        Self::JpegArtefacts,
        Self::Noise,
        Self::Shadow,
        Self::Glare,
        Self::Fading,
        Self::Fold,
        Self::PenStrokes,
        Self::Stamp,
        Self::WhiteBlot,
        Self::BlackBlot,
        Self::WipedFinders,
        Self::TornEdge,
        Self::PhotoOfScreen,
        Self::TwoSheets,
    ];

    /// A name for file names, options and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Rotation => "rotation",
            Self::Perspective => "perspective",
            Self::Curl => "curl",
            Self::Blur => "blur",
            Self::MotionBlur => "motion-blur",
            Self::LowResolution => "low-resolution",
            Self::JpegArtefacts => "jpeg-artefacts",
            Self::Noise => "noise",
            Self::Shadow => "shadow",
            Self::Glare => "glare",
            Self::Fading => "fading",
            Self::Fold => "fold",
            Self::PenStrokes => "pen-strokes",
            Self::Stamp => "stamp",
            Self::WhiteBlot => "white-blot",
            Self::BlackBlot => "black-blot",
            Self::WipedFinders => "wiped-finders",
            Self::TornEdge => "torn-edge",
            Self::PhotoOfScreen => "photo-of-screen",
            Self::TwoSheets => "two-sheets",
        }
    }

    /// The defect of that name.
    #[must_use]
    pub fn by_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|defect| defect.name() == name)
    }
}

/// How bad a defect is: 1 is hardly seen, 5 is beyond most readers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Strength(u8);

impl Strength {
    /// All strengths, the weakest first.
    pub const ALL: [Self; 5] = [Self(1), Self(2), Self(3), Self(4), Self(5)];

    /// `None` outside 1..=5.
    #[must_use]
    pub const fn new(level: u8) -> Option<Self> {
        if level >= 1 && level <= 5 { Some(Self(level)) } else { None }
    }

    /// 1 to 5.
    #[must_use]
    pub const fn level(self) -> u8 {
        self.0
    }

    /// The value that belongs to this strength, given those of all five.
    fn of<T: Copy>(self, values: [T; 5]) -> T {
        let [first, second, third, fourth, fifth] = values;
        match self.0 {
            1 => first,
            2 => second,
            3 => third,
            4 => fourth,
            _ => fifth,
        }
    }
}

/// The picture with a defect. `code` is where the QR code stands in `picture`: most defects go for it, since what
/// happens elsewhere does not make a sheet harder to read. The same seed gives the same damage, and each defect and
/// strength has chances of its own.
#[must_use]
pub fn apply(picture: &GreyPicture, defect: Defect, strength: Strength, seed: u64, code: CodePlace) -> GreyPicture {
    if picture.pixels().is_empty() {
        return picture.clone();
    }
    let mut random = Random::new(seed ^ u64::from(strength.level()), defect.name());
    let surface = Surface::of(picture);
    let surface = match defect {
        Defect::Rotation => geometry::rotation(&surface, strength, &mut random),
        Defect::Perspective => geometry::perspective(&surface, strength, &mut random, code),
        Defect::Curl => geometry::curl(&surface, strength, &mut random, code),
        Defect::LowResolution => geometry::low_resolution(&surface, strength),
        Defect::TwoSheets => geometry::two_sheets(&surface, strength, &mut random),
        Defect::Blur => optics::blur(surface, strength),
        Defect::MotionBlur => optics::motion_blur(&surface, strength, &mut random),
        Defect::JpegArtefacts => optics::jpeg_artefacts(picture, surface, strength),
        Defect::Noise => optics::noise(surface, strength, &mut random),
        Defect::Shadow => optics::shadow(surface, strength, &mut random, code),
        Defect::Glare => optics::glare(surface, strength, &mut random, code),
        Defect::PhotoOfScreen => optics::photo_of_screen(surface, strength, &mut random),
        Defect::Fading => paper::fading(surface, strength, &mut random),
        Defect::Fold => paper::fold(surface, strength, &mut random, code),
        Defect::TornEdge => paper::torn_edge(surface, strength, &mut random, code),
        Defect::PenStrokes => marks::pen_strokes(surface, strength, &mut random, code),
        Defect::Stamp => marks::stamp(surface, strength, &mut random, code),
        Defect::WhiteBlot => marks::blot(surface, strength, &mut random, code, 244),
        Defect::BlackBlot => marks::blot(surface, strength, &mut random, code, 22),
        Defect::WipedFinders => marks::wiped_finders(surface, strength, &mut random, code),
    };
    surface.into_picture()
}
