//! What is published of a sheet hides the areas and changes nothing else, for every kind of picture.

#![allow(clippy::unwrap_used)]

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GenericImageView, GrayImage, ImageFormat, RgbImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder};
use proptest::prelude::*;
use std::io::Cursor;
use testigo_sheet::mask::{self, Area, MaskError, Rectangle};
use testigo_sheet::metadata;
use testigo_sheet::picture::{self, Limits, Orientation};

const SEEN: [u8; 4] = [128, 128, 128, 255];

/// A picture in which no pixel has the colour of a mask, nor is like its neighbour.
fn picture(kind: &str, width: u32, height: u32) -> DynamicImage {
    let level = |x: u32, y: u32| u8::try_from((x * 37 + y * 91) % 100).unwrap();
    match kind {
        "grey" => DynamicImage::ImageLuma8(GrayImage::from_fn(width, height, |x, y| [level(x, y)].into())),
        "alpha" => DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, |x, y| {
            let level = level(x, y);
            [level, 90, level / 2, level].into()
        })),
        "deep" => DynamicImage::ImageLuma16(picture("grey", width, height).to_luma16()),
        _ => DynamicImage::ImageRgb8(RgbImage::from_fn(width, height, |x, y| [level(x, y), 90, level(y, x)].into())),
    }
}

fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn decode(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory(bytes).unwrap()
}

fn areas() -> impl Strategy<Value = Vec<Area>> {
    let side = (0_u16..10_000).prop_flat_map(|start| (Just(start), 1..=10_000 - start));
    let area =
        (side.clone(), side).prop_map(|((left, width), (top, height))| Area::new(left, top, width, height).unwrap());
    prop::collection::vec(area, 0..3)
}

fn covers(areas: &[Rectangle], x: u32, y: u32) -> bool {
    areas.iter().any(|area| (area.left..area.right()).contains(&x) && (area.top..area.bottom()).contains(&y))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(150))]

    #[test]
    fn pictures_without_loss_are_filled_and_otherwise_unchanged(
        kind in prop::sample::select(vec!["grey", "colour", "alpha", "deep"]),
        format in prop::sample::select(vec![ImageFormat::Png, ImageFormat::Tiff, ImageFormat::WebP]),
        (width, height) in (1_u32..60, 1_u32..60),
        number in 1_u16..=8,
        areas in areas(),
    ) {
        let kind = if format == ImageFormat::WebP && kind == "deep" { "colour" } else { kind };
        let original = picture(kind, width, height);
        let limits = Limits::default();
        let mut stripped = metadata::strip(&file(&original, format), &limits).unwrap();
        stripped.orientation = Orientation::from_number(number).unwrap();
        let found = mask::rendition(&stripped, &areas, &[], &limits).unwrap();

        let mut expected = decode(&stripped.bytes);
        expected.apply_orientation(image::metadata::Orientation::from_exif(stripped.orientation.number()).unwrap());
        let image = decode(&found.bytes);
        prop_assert_eq!((found.extension, found.media_type), ("png", "image/png"));
        prop_assert_eq!((found.width, found.height), expected.dimensions());
        prop_assert_eq!(image.dimensions(), expected.dimensions());
        prop_assert_eq!(found.masked.len(), areas.len());
        for (x, y, pixel) in image.pixels() {
            let hidden = covers(&found.masked, x, y);
            prop_assert!(hidden || pixel == expected.get_pixel(x, y));
            prop_assert!(!hidden || pixel.0 == SEEN);
        }
    }

    #[test]
    fn a_jpeg_keeps_its_brightness_outside_and_has_none_inside(
        kind in prop::sample::select(vec!["grey", "colour"]),
        (width, height) in (1_u32..90, 1_u32..90),
        number in 1_u16..=8,
        areas in areas(),
    ) {
        let limits = Limits::default();
        let original = picture(kind, width, height);
        let mut bytes = Vec::new();
        JpegEncoder::new_with_quality(&mut bytes, 80).encode_image(&original).unwrap();
        let mut stripped = metadata::strip(&bytes, &limits).unwrap();
        stripped.orientation = Orientation::from_number(number).unwrap();
        let found = mask::rendition(&stripped, &areas, &[], &limits).unwrap();
        prop_assert_eq!((found.extension, found.media_type), ("jpg", "image/jpeg"));

        let before = stripped.decode_grey(&limits).unwrap();
        // The file says which way up it is, so whoever decodes it sees it as before.
        let after = picture::decode_grey(&found.bytes, &limits).unwrap();
        prop_assert_eq!((after.width(), after.height()), (before.width(), before.height()));
        prop_assert_eq!((found.width, found.height), (before.width(), before.height()));
        let places = (0..before.height()).flat_map(|y| (0..before.width()).map(move |x| (x, y)));
        let asked: Vec<Rectangle> = areas.iter().map(|area| area.place(before.width(), before.height())).collect();
        for ((x, y), (before, after)) in places.zip(before.pixels().iter().zip(after.pixels())) {
            let hidden = covers(&found.masked, x, y);
            prop_assert!(hidden || !covers(&asked, x, y), "{x}, {y} should be hidden");
            prop_assert_eq!(*after, if hidden { 128 } else { *before });
        }
        // At most one group more than asked on each side.
        let (wide, high) = if number < 5 { (64, 16) } else { (16, 64) };
        for (placed, asked) in found.masked.iter().zip(&asked) {
            prop_assert!(placed.width < asked.width + 2 * wide && placed.height < asked.height + 2 * high);
        }
        // Masking what is masked changes nothing.
        let again = mask::rendition(&metadata::strip(&found.bytes, &limits).unwrap(), &areas, &[], &limits).unwrap();
        prop_assert_eq!(again, found);
    }
}

#[test]
fn a_progressive_jpeg_becomes_a_png() {
    let limits = Limits::default();
    let original = picture("grey", 150, 50);
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, 90);
    encoder.set_progressive(true);
    encoder.encode(original.as_bytes(), 150, 50, ColorType::Luma).unwrap();
    let stripped = metadata::strip(&bytes, &limits).unwrap();
    let area = Area::new(5_000, 0, 5_000, 10_000).unwrap();
    let found = mask::rendition(&stripped, &[area], &[], &limits).unwrap();
    assert_eq!(found.extension, "png");
    assert_eq!(found.masked, [Rectangle { left: 64, top: 0, width: 86, height: 50 }]);
    let (before, after) = (decode(&stripped.bytes), decode(&found.bytes));
    for (x, y, pixel) in after.pixels() {
        assert_eq!(pixel, if x >= 64 { SEEN.into() } else { before.get_pixel(x, y) });
    }
}

#[test]
fn a_mask_over_what_must_stay_visible_is_refused_by_name() {
    let limits = Limits::default();
    let mut bytes = Vec::new();
    JpegEncoder::new_with_quality(&mut bytes, 80).encode_image(&picture("grey", 100, 100)).unwrap();
    let stripped = metadata::strip(&bytes, &limits).unwrap();
    let areas = [Area::new(0, 0, 1_000, 1_000).unwrap(), Area::new(0, 5_000, 10_000, 1_000).unwrap()];
    let votes = Rectangle { left: 10, top: 60, width: 20, height: 10 };
    let code = Rectangle { left: 10, top: 64, width: 20, height: 30 };
    // The area ends at row 60, but groups are 16 rows high and 48 to 63 is the last one touched.
    let error = mask::rendition(&stripped, &areas, &[code, votes], &limits).unwrap_err();
    let masked = Rectangle { left: 0, top: 48, width: 100, height: 16 };
    assert_eq!(error, MaskError::Covers { number: 2, masked, kept: votes });
    assert_eq!(
        error.to_string(),
        "masked area 2 (100x16+0+48, width x height + left + top) would cover 20x10+10+60, which must stay visible; \
         make the area smaller"
    );
    let found = mask::rendition(&stripped, &areas, &[code], &limits).unwrap();
    assert_eq!(found.masked[1], masked);
    // The same without loss.
    let png = metadata::strip(&file(&picture("grey", 100, 100), ImageFormat::Png), &limits).unwrap();
    assert_eq!(mask::rendition(&png, &areas, &[code, votes], &limits).unwrap_err(), error);
    assert_eq!(mask::rendition(&png, &areas, &[code], &limits).unwrap().masked[1], masked);
}
