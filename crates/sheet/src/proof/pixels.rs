//! What the pixels of a picture are made from, divided into groups: quantised coefficients where the picture is a JPEG
//! that can be masked without loss, samples otherwise.

use image::{DynamicImage, GenericImage, Rgba};

use super::grid::{Grid, Part};
use super::tree::Groups;
use super::{PixelError, TreeOrder};
use crate::jpeg::{Coefficients, Jpeg};
use crate::mask::Rendition;
use crate::metadata::Stripped;
use crate::picture::{self, Format, Limits, Orientation, PictureError, Rectangle};

/// A group of a JPEG is as many units wide as fit into this many pixels, at least one, and one unit high.
const JPEG_GROUP_WIDTH: u32 = 64;

/// A group of any other picture, in pixels.
const RASTER_GROUP: (u16, u16) = (64, 16);

/// A picture whose pixels can be committed to, hidden in part and proved.
#[derive(Clone, Debug)]
pub struct Pixels {
    pub(super) content: Content,
    pub(super) grid: Grid,
}

#[derive(Clone, Debug)]
pub(super) enum Content {
    Coefficients(Coefficients),
    /// Upright.
    Samples(DynamicImage),
}

impl Pixels {
    /// Of a picture as it came. A baseline JPEG stays what it is; everything else becomes samples, once and for all.
    ///
    /// # Errors
    /// When the picture cannot be decoded within `limits`.
    pub fn of(stripped: &Stripped, limits: &Limits) -> Result<Self, PictureError> {
        if stripped.format == Format::Jpeg {
            match Jpeg::parse(&stripped.bytes, limits).and_then(|jpeg| jpeg.coefficients(limits)) {
                Ok(coefficients) => return Ok(Self::of_coefficients(coefficients, stripped.orientation)),
                // Other codings, and damage that the general decoder may still show something of.
                Err(PictureError::Unsupported { .. } | PictureError::Corrupt { .. }) => {}
                Err(other) => return Err(other),
            }
        }
        let mut image = picture::decode_image(&stripped.bytes, stripped.format, limits, 1)?;
        if let Some(turn) = image::metadata::Orientation::from_exif(stripped.orientation.number()) {
            image.apply_orientation(turn);
        }
        Self::of_samples(image, stripped.format)
    }

    pub(super) fn of_coefficients(coefficients: Coefficients, orientation: Orientation) -> Self {
        let (unit_width, unit_height) = coefficients.unit_size();
        let group_width = (JPEG_GROUP_WIDTH / unit_width.max(1)).max(1) * unit_width;
        // Units have at most 32 pixels on each side.
        let short = |pixels: u32| u16::try_from(pixels).unwrap_or(u16::MAX);
        let grid = Grid {
            width: coefficients.width(),
            height: coefficients.height(),
            orientation,
            group_width: short(group_width),
            group_height: short(unit_height),
        };
        Self { content: Content::Coefficients(coefficients), grid }
    }

    pub(super) fn of_samples(image: DynamicImage, format: Format) -> Result<Self, PictureError> {
        if !matches!(samples(&image), Some((1..=4, 8 | 16))) {
            let what = format!("samples of the kind {:?}", image.color());
            return Err(PictureError::Unsupported { format, what });
        }
        let (group_width, group_height) = RASTER_GROUP;
        let (width, height) = (image.width(), image.height());
        let grid = Grid { width, height, orientation: Orientation::UPRIGHT, group_width, group_height };
        Ok(Self { content: Content::Samples(image), grid })
    }

    /// Width and height as the picture is seen.
    #[must_use]
    pub fn seen_size(&self) -> (u32, u32) {
        self.grid.seen_size()
    }

    /// The kind of file that is published.
    #[must_use]
    pub fn format(&self) -> Format {
        match self.content {
            Content::Coefficients(_) => Format::Jpeg,
            Content::Samples(_) => Format::Png,
        }
    }

    /// The smallest rectangle of whole groups around an area, both in pixels of the picture as it is seen; `None` when
    /// the area lies outside.
    #[must_use]
    pub fn around(&self, area: Rectangle) -> Option<Rectangle> {
        self.grid.touched(area).map(|part| self.grid.seen(part))
    }

    /// The largest rectangle of whole groups inside an area, both in pixels of the picture as it is seen; `None` when no
    /// group lies inside.
    #[must_use]
    pub fn inside(&self, area: Rectangle) -> Option<Rectangle> {
        self.grid.inside(area).map(|part| self.grid.seen(part))
    }

    /// The picture as it is published: every group that an area touches is flat mid-grey, everything else as it was.
    /// Areas are in pixels of the picture as it is seen.
    ///
    /// # Errors
    /// When the file cannot be written, which pictures that were read do not cause.
    pub fn masked(mut self, areas: &[Rectangle]) -> Result<Rendition, PictureError> {
        let parts: Vec<Part> = areas.iter().filter_map(|area| self.grid.touched(*area)).collect();
        let stored: Vec<Rectangle> = parts.iter().map(|part| self.grid.pixels(*part)).collect();
        let bytes = match &mut self.content {
            Content::Coefficients(coefficients) => {
                coefficients.wipe(&stored);
                coefficients.encode(self.grid.orientation)?
            }
            Content::Samples(image) => {
                stored.iter().for_each(|area| fill(image, *area));
                picture::encode_png(image)?
            }
        };
        let (width, height) = self.seen_size();
        let (extension, media_type) = (self.format().extension(), self.format().media_type());
        let masked = parts.iter().map(|part| self.grid.seen(*part)).collect();
        Ok(Rendition { bytes, extension, media_type, width, height, masked })
    }

    /// What a commitment says beside the tree: everything else that determines the pixels, and the shape of the tree.
    pub(super) fn head(&self, order: TreeOrder) -> Vec<u8> {
        let Grid { width, height, orientation, group_width, group_height } = self.grid;
        let kind = match self.content {
            Content::Coefficients(_) => 1,
            Content::Samples(_) => 2,
        };
        let mut head = vec![kind];
        head.extend_from_slice(&width.to_be_bytes());
        head.extend_from_slice(&height.to_be_bytes());
        head.push(orientation.number());
        head.extend_from_slice(&group_width.to_be_bytes());
        head.extend_from_slice(&group_height.to_be_bytes());
        head.push(order.number());
        match &self.content {
            Content::Coefficients(coefficients) => coefficients.describe(&mut head),
            Content::Samples(image) => {
                let (channels, bits) = samples(image).unwrap_or_default();
                head.extend_from_slice(&[channels, bits]);
            }
        }
        head
    }

    /// The groups of a part that show something although they are said to be hidden.
    pub(super) fn first_visible(&self, part: Part) -> Option<Rectangle> {
        let groups = (part.top..part.top + part.height).flat_map(|top| {
            (part.left..part.left + part.width).map(move |left| Part { left, top, width: 1, height: 1 })
        });
        let mut shown = groups.filter(|group| match &self.content {
            Content::Coefficients(coefficients) => {
                self.units(group.left).any(|unit| !coefficients.is_blank(unit, group.top))
            }
            Content::Samples(image) => !is_filled(image, self.grid.pixels(*group)),
        });
        shown.next().map(|group| self.grid.seen(group))
    }

    /// The columns of units in a column of groups.
    fn units(&self, column: u32) -> std::ops::Range<u32> {
        let Content::Coefficients(coefficients) = &self.content else { return 0..0 };
        let unit = coefficients.unit_size().0.max(1);
        let across = u32::from(self.grid.group_width) / unit;
        column * across..((column + 1) * across).min(self.grid.width.div_ceil(unit))
    }

    /// Refuses a file that is not the only way in which these pixels may be published.
    pub(super) fn read_published(bytes: &[u8], format: Format, limits: &Limits) -> Result<Self, PixelError> {
        super::published::check_only_pixels(bytes, format)?;
        limits.check_bytes(bytes)?;
        Ok(match format {
            Format::Jpeg => {
                let jpeg = Jpeg::parse(bytes, limits)?;
                let orientation = jpeg.orientation();
                Self::of_coefficients(jpeg.coefficients(limits)?, orientation)
            }
            _ => Self::of_samples(picture::decode_image(bytes, Format::Png, limits, 0)?, Format::Png)?,
        })
    }
}

impl Groups for Pixels {
    fn write(&self, column: u32, row: u32, out: &mut Vec<u8>) {
        match &self.content {
            Content::Coefficients(coefficients) => {
                self.units(column).for_each(|unit| coefficients.write_unit(unit, row, out));
            }
            Content::Samples(image) => {
                let area = self.grid.pixels(Part { left: column, top: row, width: 1, height: 1 });
                for line in lines(image, area) {
                    write_samples(image, line, out);
                }
            }
        }
    }
}

/// Channels, and bits of each.
fn samples(image: &DynamicImage) -> Option<(u8, u8)> {
    match image {
        DynamicImage::ImageLuma8(_) => Some((1, 8)),
        DynamicImage::ImageLumaA8(_) => Some((2, 8)),
        DynamicImage::ImageRgb8(_) => Some((3, 8)),
        DynamicImage::ImageRgba8(_) => Some((4, 8)),
        DynamicImage::ImageLuma16(_) => Some((1, 16)),
        DynamicImage::ImageLumaA16(_) => Some((2, 16)),
        DynamicImage::ImageRgb16(_) => Some((3, 16)),
        DynamicImage::ImageRgba16(_) => Some((4, 16)),
        _ => None,
    }
}

/// The bytes of an area, row by row.
fn lines(image: &DynamicImage, area: Rectangle) -> impl Iterator<Item = &[u8]> {
    let size = |number: u32| usize::try_from(number).unwrap_or(usize::MAX);
    let pixel = usize::from(image.color().bytes_per_pixel());
    let (left, width) = (size(area.left) * pixel, size(area.width) * pixel);
    let rows = image.as_bytes().chunks_exact((size(image.width()) * pixel).max(1));
    rows.skip(size(area.top)).take(size(area.height)).filter_map(move |row| row.get(left..left + width))
}

/// As PNG stores them: the high byte first.
fn write_samples(image: &DynamicImage, line: &[u8], out: &mut Vec<u8>) {
    if samples(image).is_some_and(|(_, bits)| bits == 16) {
        let (pairs, _) = line.as_chunks::<2>();
        out.extend(pairs.iter().flat_map(|pair| u16::from_ne_bytes(*pair).to_be_bytes()));
    } else {
        out.extend_from_slice(line);
    }
}

/// Paints an area in the grey that a blank JPEG block has, opaque.
fn fill(image: &mut DynamicImage, area: Rectangle) {
    for y in area.top..area.bottom() {
        for x in area.left..area.right() {
            image.put_pixel(x, y, Rgba([128, 128, 128, 255]));
        }
    }
}

/// Whether an area shows what [`fill`] paints and nothing else.
fn is_filled(image: &DynamicImage, area: Rectangle) -> bool {
    let Some((channels, bits)) = samples(image) else { return false };
    let pixel: Vec<u8> = (1..=channels)
        .flat_map(|channel| {
            // Half is 128 of 255 and, in 16 bits, 0x8080 of 0xffff.
            let opacity = channels % 2 == 0 && channel == channels;
            vec![if opacity { 255 } else { 128 }; usize::from(bits / 8)]
        })
        .collect();
    lines(image, area).all(|line| line.chunks_exact(pixel.len()).all(|one| one == pixel))
}
