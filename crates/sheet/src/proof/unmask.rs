//! A sheet shown to a court: the picture with less hidden, and the opening that proves it, in one file.
//!
//! A few lines of text, an empty one, the picture, and the opening to the end:
//!
//! ```text
//! testigo unmasking v1
//! commitment <64 hexadecimal digits>
//! media jpg
//! size 628 6801
//! masked 0 0 628 360
//! picture 205721
//!
//! ```
//!
//! with one line `masked LEFT TOP RIGHT BOTTOM` for each area that is still hidden, in pixels of the picture as it is
//! seen, and after `picture` its length in bytes. The commitment says which picture it is: the ledger has it.

use thiserror::Error;

use super::{PixelCommitment, PixelError, Published, check};
use crate::picture::{Format, Limits, Rectangle};

const FIRST_LINE: &str = "testigo unmasking v1";

/// No head is longer; a file without an empty line must not be searched to its end.
const LONGEST_HEAD: usize = 1 << 16;

/// The file's content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unmasking {
    /// To the pixels of the whole picture; the ledger has it.
    pub commitment: PixelCommitment,
    /// The picture as it may be seen by whoever has this file.
    pub picture: Vec<u8>,
    /// JPEG or PNG.
    pub format: Format,
    /// Width in pixels as the picture is seen.
    pub width: u32,
    /// Height in pixels as the picture is seen.
    pub height: u32,
    /// What is still hidden, in pixels of the picture as it is seen.
    pub masked: Vec<Rectangle>,
    /// Proves the picture.
    pub opening: Vec<u8>,
}

/// Why a file is not an [`Unmasking`].
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum UnmaskingError {
    /// Another kind of file.
    #[error("the file does not begin with the line `{FIRST_LINE}`")]
    OtherFile,
    /// Its text ends nowhere.
    #[error("no empty line ends its text; the file is cut short or damaged")]
    NoEnd,
    /// A line of its text.
    #[error("line {line}: `{expected}` is expected")]
    Line {
        /// Which one, from 1.
        line: usize,
        /// What should stand there.
        expected: &'static str,
    },
    /// The picture is not all there.
    #[error("the file is cut short: its picture has {stated} bytes, {found} are there")]
    CutShort {
        /// As its text says.
        stated: usize,
        /// As there are.
        found: usize,
    },
}

impl Unmasking {
    /// The file's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let Self { commitment, format, width, height, .. } = self;
        let mut head =
            format!("{FIRST_LINE}\ncommitment {commitment}\nmedia {}\nsize {width} {height}\n", format.extension());
        for area in &self.masked {
            head.push_str(&format!("masked {} {} {} {}\n", area.left, area.top, area.right(), area.bottom()));
        }
        head.push_str(&format!("picture {}\n\n", self.picture.len()));
        [head.as_bytes(), &self.picture, &self.opening].concat()
    }

    /// Takes a file apart. What it says is not checked yet: see [`Self::check`].
    ///
    /// # Errors
    /// When it is no such file.
    pub fn parse(bytes: &[u8]) -> Result<Self, UnmaskingError> {
        if !bytes.starts_with(FIRST_LINE.as_bytes()) {
            return Err(UnmaskingError::OtherFile);
        }
        let start = bytes.get(..LONGEST_HEAD).unwrap_or(bytes);
        let end = start.windows(2).position(|pair| pair == b"\n\n").ok_or(UnmaskingError::NoEnd)?;
        let (head, rest) = (bytes.get(..end).unwrap_or_default(), bytes.get(end + 2..).unwrap_or_default());
        let mut lines = (1..).zip(head.split(|byte| *byte == b'\n')).skip(1);
        let mut next = |expected| {
            let (line, text) = lines.next().ok_or(UnmaskingError::NoEnd)?;
            let wrong = UnmaskingError::Line { line, expected };
            match std::str::from_utf8(text).ok().and_then(|text| text.split_once(' ')) {
                Some((name, value)) => Ok((name, value, wrong)),
                None => Err(wrong),
            }
        };
        let commitment = match next("commitment HASH")? {
            ("commitment", value, wrong) => parse_hash(value).map(PixelCommitment).ok_or(wrong)?,
            (_, _, wrong) => return Err(wrong),
        };
        let format = match next("media jpg or media png")? {
            ("media", "jpg", _) => Format::Jpeg,
            ("media", "png", _) => Format::Png,
            (_, _, wrong) => return Err(wrong),
        };
        let [width, height] = match next("size WIDTH HEIGHT")? {
            ("size", value, wrong) => numbers(value).ok_or(wrong)?,
            (_, _, wrong) => return Err(wrong),
        };
        let mut masked = Vec::new();
        let length = loop {
            match next("masked LEFT TOP RIGHT BOTTOM, or picture LENGTH")? {
                ("masked", value, wrong) => masked.push(rectangle(value).ok_or(wrong)?),
                ("picture", value, wrong) => {
                    break numbers(value).and_then(|[length]| usize::try_from(length).ok()).ok_or(wrong)?;
                }
                (_, _, wrong) => return Err(wrong),
            }
        };
        if let Some((line, _)) = lines.next() {
            return Err(UnmaskingError::Line { line, expected: "the empty line before the picture" });
        }
        let cut = UnmaskingError::CutShort { stated: length, found: rest.len() };
        let (picture, opening) = rest.split_at_checked(length).ok_or(cut)?;
        let (picture, opening) = (picture.to_vec(), opening.to_vec());
        Ok(Self { commitment, picture, format, width, height, masked, opening })
    }

    /// Checks the picture against the commitment. Whether that is one of the ledger's is for the caller to look up.
    ///
    /// # Errors
    /// As [`check`].
    pub fn check(&self, limits: &Limits) -> Result<(), PixelError> {
        let Self { format, width, height, ref masked, .. } = *self;
        let published = Published { bytes: &self.picture, format, width, height, masked };
        check(&published, &self.commitment, &self.opening, limits)
    }
}

/// Decimal digits without leading zeros, so that a file can be written in one way only.
fn numbers<const N: usize>(text: &str) -> Option<[u32; N]> {
    let parsed: Vec<u32> = text
        .split(' ')
        .map(|word| word.parse().ok().filter(|number: &u32| number.to_string() == word))
        .collect::<Option<_>>()?;
    parsed.try_into().ok()
}

fn rectangle(text: &str) -> Option<Rectangle> {
    let [left, top, right, bottom] = numbers(text)?;
    Some(Rectangle { left, top, width: right.checked_sub(left)?, height: bottom.checked_sub(top)? })
}

fn parse_hash(text: &str) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    let digits: Vec<u8> = text.bytes().map(digit).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    if pairs.len() != hash.len() || !rest.is_empty() {
        return None;
    }
    hash.iter_mut().zip(pairs).for_each(|(byte, [high, low])| *byte = high << 4 | low);
    Some(hash)
}

fn digit(letter: u8) -> Option<u8> {
    match letter {
        b'0'..=b'9' => Some(letter - b'0'),
        b'a'..=b'f' => Some(letter - b'a' + 10),
        _ => None,
    }
}
