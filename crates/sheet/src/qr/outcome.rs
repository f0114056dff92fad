//! What reading a picture's codes can give: a payload, several, or a reason why not, with the evidence for it.

use std::fmt;

/// A search area, in ten-thousandths of the picture's width and height from its top left corner. Country packs say with
/// it where the code of a sheet layout stands, whatever the resolution of the scan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Place {
    left: u16,
    top: u16,
    right: u16,
    bottom: u16,
}

impl Place {
    /// The picture from edge to edge.
    pub const WHOLE: Place = Place { left: 0, top: 0, right: 10_000, bottom: 10_000 };

    /// `None` unless `left < right <= 10,000` and `top < bottom <= 10,000`.
    #[must_use]
    pub fn new(left: u16, top: u16, right: u16, bottom: u16) -> Option<Self> {
        let sound = left < right && right <= 10_000 && top < bottom && bottom <= 10_000;
        sound.then_some(Self { left, top, right, bottom })
    }

    /// The pixels `(left, top, right, bottom)` of this area in a picture of the given size; right and bottom are
    /// exclusive. Empty only when the picture is.
    #[must_use]
    pub fn pixels(&self, width: u32, height: u32) -> (u32, u32, u32, u32) {
        let floor =
            |share: u16, length: u32| u32::try_from(u64::from(share) * u64::from(length) / 10_000).unwrap_or(length);
        let ceiling = |share: u16, length: u32| {
            u32::try_from((u64::from(share) * u64::from(length)).div_ceil(10_000)).unwrap_or(length)
        };
        (floor(self.left, width), floor(self.top, height), ceiling(self.right, width), ceiling(self.bottom, height))
    }
}

/// A position in a picture, in pixels from its top left corner. It may lie outside the picture.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Point {
    /// To the right.
    pub x: f32,
    /// Downwards.
    pub y: f32,
}

/// Where a step of the ladder looked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Area {
    /// The place of that index, from 0, in the list that was given.
    Place(usize),
    /// The whole picture.
    Whole,
}

/// One rung of the ladder: where it looked, and how the picture was prepared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Step {
    /// Where.
    pub area: Area,
    /// How; a stable name such as `plain` or `half-scale`.
    pub technique: &'static str,
}

impl fmt::Display for Step {
    /// `place-1/plain`, `whole/half-scale`; places are counted from 1.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.area {
            Area::Place(index) => write!(formatter, "place-{}/{}", index.saturating_add(1), self.technique),
            Area::Whole => write!(formatter, "whole/{}", self.technique),
        }
    }
}

/// How much the error correction of a symbol had to repair. All figures are codewords (bytes of the symbol).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Correction {
    /// Wrong codewords at places that were not known to be wrong; each costs two of the capacity.
    pub errors: u32,
    /// Codewords known to be missing or illegible, each costing one of the capacity.
    pub erasures: u32,
    /// Check codewords of all blocks together.
    pub capacity: u32,
    /// The fewest unused check codewords in any one block. 0: a block used all it had, so nothing vouches for it.
    pub spare: u32,
    /// Least evidence in any block that its repair is the right one, in bits: a block of garbage passes with a
    /// probability of about two to the minus this.
    pub evidence_bits: u32,
}

/// The place of a symbol in a payload that is split over several symbols (structured append).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Part {
    /// From 0.
    pub index: u8,
    /// Number of symbols, 1 to 16.
    pub total: u8,
    /// Exclusive or of all bytes of the whole payload; the same in all its symbols.
    pub parity: u8,
}

/// One code that was found and read.
#[derive(Clone, Debug, PartialEq)]
pub struct Detected {
    /// The payload as stored in the symbol.
    pub bytes: Vec<u8>,
    /// The payload as text: in the character set the symbol names, else as UTF-8 where valid, else as Latin-1.
    pub text: String,
    /// Outer corners of the code in the picture: top left, top right, bottom right, bottom left as the code reads.
    pub corners: [Point; 4],
    /// Name of the reader.
    pub reader: &'static str,
    /// Rung of the ladder that read it.
    pub step: Step,
    /// Symbol version, 1 to 40; a symbol has `17 + 4 * version` modules a side. 0 where the reader does not tell.
    pub version: u8,
    /// What had to be repaired; `None` where the reader does not tell.
    pub correction: Option<Correction>,
    /// Set on one symbol of a split payload. Parts that were all found on a picture come joined, with `None` here.
    pub part: Option<Part>,
    /// The symbol is seen from its back.
    pub mirrored: bool,
    /// The symbol is light on dark.
    pub inverted: bool,
}

/// Evidence under which a repair is not taken for certain, in bits.
pub(super) const CERTAIN_BITS: u32 = 28;

impl Correction {
    /// The repair leaves doubt whether it is the right one.
    #[must_use]
    pub fn is_doubtful(&self) -> bool {
        self.spare == 0 || self.evidence_bits < CERTAIN_BITS
    }
}

impl Detected {
    /// The repair used up what the symbol has for it: a person must confirm this payload before it counts.
    #[must_use]
    pub fn needs_confirmation(&self) -> bool {
        self.correction.is_some_and(|correction| correction.is_doubtful())
    }
}

/// Why no payload came out. Later variants got further.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum Failure {
    /// Nothing that looks like a code.
    #[error("no code was found in the picture of {width} x {height} pixels")]
    NoCodeFound {
        /// Width of the picture in pixels.
        width: u32,
        /// Height of the picture in pixels.
        height: u32,
    },
    /// There is a code, but its format and version areas or its outline could not be made out.
    #[error("a code was found near ({:.0}, {:.0}), but its outline or its format could not be made out", .near.x, .near.y)]
    OutlineLost {
        /// Somewhere inside the code.
        near: Point,
    },
    /// Part of the code lies outside the picture, and what is left does not suffice.
    #[error(
        "the code of version {version} is cut off: {missing_modules} of its {modules} modules lie outside the picture; \
         {blocks_failed} of {blocks} error-correction blocks could not be repaired"
    )]
    CutOff {
        /// Outer corners: top left, top right, bottom right, bottom left as the code reads.
        corners: [Point; 4],
        /// Symbol version, 1 to 40.
        version: u8,
        /// Modules outside the picture.
        missing_modules: u32,
        /// Modules of the symbol.
        modules: u32,
        /// Blocks that could not be repaired.
        blocks_failed: u32,
        /// Blocks of the symbol.
        blocks: u32,
    },
    /// The whole code is in the picture, but too many of its modules are wrong.
    #[error(
        "the code of version {version} is too damaged: {blocks_failed} of {blocks} error-correction blocks could not be repaired"
    )]
    TooDamaged {
        /// Outer corners: top left, top right, bottom right, bottom left as the code reads.
        corners: [Point; 4],
        /// Symbol version, 1 to 40.
        version: u8,
        /// Blocks that could not be repaired.
        blocks_failed: u32,
        /// Blocks of the symbol.
        blocks: u32,
    },
    /// The blocks could be repaired, but what they hold is no sequence of QR segments.
    #[error("the code of version {version} was repaired, but its content is malformed: {reason}")]
    Malformed {
        /// Outer corners: top left, top right, bottom right, bottom left as the code reads.
        corners: [Point; 4],
        /// Symbol version, 1 to 40.
        version: u8,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The code is one part of a split payload whose other parts are not in the picture.
    #[error("only {found} of the {total} codes that hold the payload were found")]
    PartsMissing {
        /// Different parts that were read.
        found: u8,
        /// Parts there are.
        total: u8,
    },
    /// Codes were read, but none holds what was asked for.
    #[error("{codes} code(s) were read, but none holds a payload of the expected form")]
    NotAccepted {
        /// How many different payloads.
        codes: usize,
    },
}

impl Failure {
    /// A stable code for tables, interfaces and tests.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Failure::NoCodeFound { .. } => "no-code-found",
            Failure::OutlineLost { .. } => "code-outline-lost",
            Failure::CutOff { .. } => "code-cut-off",
            Failure::TooDamaged { .. } => "code-too-damaged",
            Failure::Malformed { .. } => "code-malformed",
            Failure::PartsMissing { .. } => "code-parts-missing",
            Failure::NotAccepted { .. } => "code-not-accepted",
        }
    }

    /// Outer corners of the code, where they are known: what to show to a person.
    #[must_use]
    pub fn corners(&self) -> Option<[Point; 4]> {
        match self {
            Failure::CutOff { corners, .. }
            | Failure::TooDamaged { corners, .. }
            | Failure::Malformed { corners, .. } => Some(*corners),
            _ => None,
        }
    }
}

/// What became of a picture.
#[derive(Clone, Debug, PartialEq)]
pub enum Outcome {
    /// A payload of the expected form was read.
    Read {
        /// The one that was accepted.
        reading: Detected,
        /// Every other different payload seen. One of them may be acceptable too: then the picture holds two codes, or
        /// two steps disagree, and the caller must not choose.
        others: Vec<Detected>,
    },
    /// None was.
    Unread {
        /// Why.
        failure: Failure,
        /// Payloads that were read but not accepted.
        seen: Vec<Detected>,
    },
}
