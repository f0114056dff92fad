//! The JPEG bit stream against two independent implementations: one encodes, the other decodes.

#![allow(clippy::unwrap_used)]

use image::{DynamicImage, ImageFormat};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use proptest::prelude::*;
use testigo_sheet::jpeg::{Coefficients, Jpeg};
use testigo_sheet::picture::{self, Limits, Orientation, PictureError, Rectangle};

const LIMITS: Limits = Limits { max_bytes: 1 << 24, max_pixels: 1 << 24, max_memory: 1 << 28 };

/// How a test picture is written.
#[derive(Clone, Debug)]
struct Recipe {
    width: u16,
    height: u16,
    grey: bool,
    sampling: SamplingFactor,
    quality: u8,
    restart: u16,
    /// Made for this picture, and one scan for each component.
    own_tables: bool,
    seed: u32,
}

impl Recipe {
    /// Components come in scans of their own. The decoder these tests compare with mixes up the colours then.
    fn is_separate(&self) -> bool {
        !self.grey && (self.own_tables || self.sampling as u8 & 0x44 != 0)
    }
}

fn recipes() -> impl Strategy<Value = Recipe> {
    use SamplingFactor::{F_1_1, F_1_2, F_1_4, F_2_1, F_2_2, F_2_4, F_4_1, F_4_2};
    let sampling = prop::sample::select(vec![F_1_1, F_1_2, F_1_4, F_2_1, F_2_2, F_2_4, F_4_1, F_4_2]);
    let (sides, quality) = ((1_u16..90, 1_u16..90), 5_u8..=100);
    (sides, any::<bool>(), sampling, quality, prop::sample::select(vec![0, 1, 2, 5]), any::<bool>(), any::<u32>())
        .prop_map(|((width, height), grey, sampling, quality, restart, own_tables, seed)| Recipe {
            width,
            height,
            grey,
            sampling,
            quality,
            // The encoder miscounts its own tables when there are restarts.
            restart: if own_tables { 0 } else { restart },
            own_tables,
            seed,
        })
}

/// Smooth shades with dark bars and a little noise, in faint colours so that no channel is clipped.
fn pixels(recipe: &Recipe) -> Vec<u8> {
    let mut state = recipe.seed | 1;
    let mut pixels = Vec::new();
    for y in 0..u32::from(recipe.height) {
        for x in 0..u32::from(recipe.width) {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let bar = if (x / 5 + y / 7 + recipe.seed % 3).is_multiple_of(3) { 0 } else { 90 };
            let level = u8::try_from(60 + bar + x % 40 + state % 16).unwrap();
            if recipe.grey {
                pixels.push(level);
            } else {
                pixels.extend_from_slice(&[level, level - 10, level + 12]);
            }
        }
    }
    pixels
}

fn encode(recipe: &Recipe) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, recipe.quality);
    encoder.set_sampling_factor(recipe.sampling);
    encoder.set_restart_interval(recipe.restart);
    encoder.set_optimized_huffman_tables(recipe.own_tables);
    let color = if recipe.grey { ColorType::Luma } else { ColorType::Rgb };
    encoder.encode(&pixels(recipe), recipe.width, recipe.height, color).unwrap();
    bytes
}

fn reference(bytes: &[u8]) -> DynamicImage {
    image::load_from_memory_with_format(bytes, ImageFormat::Jpeg).unwrap()
}

fn coefficients(bytes: &[u8]) -> Coefficients {
    Jpeg::parse(bytes, &LIMITS).unwrap().coefficients(&LIMITS).unwrap()
}

fn rectangles() -> impl Strategy<Value = Rectangle> {
    (0_u32..100, 0_u32..100, 1_u32..60, 1_u32..60).prop_map(|(left, top, width, height)| Rectangle {
        left,
        top,
        width,
        height,
    })
}

fn inside(areas: &[Rectangle], x: u32, y: u32) -> bool {
    areas.iter().any(|area| (area.left..area.right()).contains(&x) && (area.top..area.bottom()).contains(&y))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn coefficients_survive_being_written(recipe in recipes()) {
        let bytes = encode(&recipe);
        let before = coefficients(&bytes);
        let written = before.encode(Orientation::UPRIGHT).unwrap();
        let after = coefficients(&written);
        prop_assert_eq!(after.planes(), before.planes());
        prop_assert!(recipe.is_separate() || reference(&written) == reference(&bytes), "another decoder sees other pixels");
    }

    #[test]
    fn grey_is_what_another_decoder_sees(recipe in recipes()) {
        let bytes = encode(&recipe);
        let found = Jpeg::parse(&bytes, &LIMITS).unwrap().decode_grey().unwrap();
        let together = coefficients(&bytes).encode(Orientation::UPRIGHT).unwrap();
        let image = reference(if recipe.is_separate() { &together } else { &bytes });
        prop_assert_eq!((found.width(), found.height()), (image.width(), image.height()));
        let image = image.to_rgb8();
        for (found, expected) in found.pixels().iter().zip(image.pixels()) {
            let [red, green, blue] = expected.0.map(f64::from);
            let expected = 0.299 * red + 0.587 * green + 0.114 * blue;
            // Where a channel is cut off at black or white, brightness cannot be had back from the colours.
            let cut = [red, green, blue].iter().any(|level| !(1.0..=254.0).contains(level)) && !recipe.grey;
            prop_assert!(cut || (f64::from(*found) - expected).abs() < 2.0, "{found} {expected}");
        }
    }

    #[test]
    fn a_region_is_that_part_of_the_whole(recipe in recipes(), region in rectangles()) {
        let bytes = encode(&recipe);
        let jpeg = Jpeg::parse(&bytes, &LIMITS).unwrap();
        let whole = jpeg.decode_grey().unwrap();
        match whole.crop(region) {
            Some(expected) => prop_assert_eq!(jpeg.decode_grey_region(region).unwrap(), expected),
            None => {
                let outside = matches!(jpeg.decode_grey_region(region), Err(PictureError::Outside { .. }));
                prop_assert!(outside);
            }
        }
    }

    #[test]
    fn wiping_changes_the_areas_and_nothing_else(recipe in recipes(), areas in prop::collection::vec(rectangles(), 1..4)) {
        let bytes = encode(&recipe);
        let before = coefficients(&bytes);
        let mut wiped = before.clone();
        wiped.wipe(&areas);
        let placed: Vec<Rectangle> = areas.iter().filter_map(|&area| before.around(area)).collect();
        let written = wiped.encode(Orientation::UPRIGHT).unwrap();
        let after = coefficients(&written);
        prop_assert_eq!(after.planes(), wiped.planes());

        let (unit_width, unit_height) = before.unit_size();
        for (old, new) in before.planes().iter().zip(after.planes()) {
            let across = old.blocks_wide / before.width().div_ceil(unit_width);
            let down = old.blocks_high / before.height().div_ceil(unit_height);
            let columns = usize::try_from(old.blocks_wide).unwrap();
            for (at, (old, new)) in old.blocks.iter().zip(&new.blocks).enumerate() {
                let x = u32::try_from(at % columns).unwrap() / across * unit_width;
                let y = u32::try_from(at / columns).unwrap() / down * unit_height;
                let expected = if inside(&placed, x, y) { &[0; 64] } else { old };
                prop_assert_eq!(new, expected);
            }
        }

        let grey = |bytes: &[u8]| Jpeg::parse(bytes, &LIMITS).unwrap().decode_grey().unwrap();
        let (old, new) = (grey(&bytes), grey(&written));
        let places = (0..old.height()).flat_map(|y| (0..old.width()).map(move |x| (x, y)));
        for ((x, y), (old, new)) in places.zip(old.pixels().iter().zip(new.pixels())) {
            prop_assert_eq!(*new, if inside(&placed, x, y) { 128 } else { *old });
            prop_assert!(inside(&placed, x, y) || !inside(&areas, x, y), "an area is not covered");
        }
    }

    #[test]
    fn a_cut_file_is_told_as_cut(recipe in recipes(), cut in any::<prop::sample::Index>()) {
        let bytes = encode(&recipe);
        let short = &bytes[..cut.index(bytes.len() - 3) + 3];
        let error = picture::decode_grey(short, &LIMITS).unwrap_err();
        let told = matches!(error, PictureError::Truncated { length, .. } if length == short.len());
        prop_assert!(told, "{error}");
        let place = format!("{} bytes", short.len());
        prop_assert!(error.to_string().contains(&place));
    }

    #[test]
    fn damaged_bytes_never_panic(
        recipe in recipes(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        region in rectangles(),
    ) {
        let mut bytes = encode(&recipe);
        for (at, value) in damage {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if let Ok(jpeg) = Jpeg::parse(&bytes, &LIMITS) {
            let _ = jpeg.decode_grey_region(region);
            if let Ok(mut coefficients) = jpeg.coefficients(&LIMITS) {
                coefficients.wipe(&[region]);
                if let Ok(written) = coefficients.encode(Orientation::UPRIGHT) {
                    let again = Jpeg::parse(&written, &LIMITS).unwrap().coefficients(&LIMITS).unwrap();
                    prop_assert_eq!(again.planes(), coefficients.planes());
                }
            }
        }
        let _ = picture::decode_grey(&bytes, &LIMITS);
    }
}

#[test]
fn other_codings_are_named_and_left_to_the_general_decoder() {
    let recipe = Recipe {
        width: 40,
        height: 30,
        grey: true,
        sampling: SamplingFactor::F_1_1,
        quality: 90,
        restart: 0,
        own_tables: false,
        seed: 1,
    };
    let plain = picture::decode_grey(&encode(&recipe), &LIMITS).unwrap();

    let mut progressive = Vec::new();
    let mut encoder = Encoder::new(&mut progressive, 90);
    encoder.set_progressive(true);
    encoder.encode(&pixels(&recipe), 40, 30, ColorType::Luma).unwrap();
    let error = Jpeg::parse(&progressive, &LIMITS).unwrap_err();
    assert!(error.to_string().contains("progressive coding"), "{error}");
    let found = picture::decode_grey(&progressive, &LIMITS).unwrap();
    let difference = plain.pixels().iter().zip(found.pixels()).map(|(a, b)| a.abs_diff(*b)).max();
    assert!(difference <= Some(2), "{difference:?}");

    let mut cmyk = Vec::new();
    let inks: Vec<u8> = pixels(&recipe).iter().flat_map(|&level| [0, 0, 0, 255 - level]).collect();
    Encoder::new(&mut cmyk, 90).encode(&inks, 40, 30, ColorType::Cmyk).unwrap();
    let error = Jpeg::parse(&cmyk, &LIMITS).unwrap_err();
    assert!(error.to_string().contains("4 colour components"), "{error}");
    let found = picture::decode_grey(&cmyk, &LIMITS).unwrap();
    assert_eq!((found.width(), found.height()), (40, 30));
}

#[test]
fn a_picture_stored_as_rgb_has_no_luma_of_its_own() {
    let recipe = Recipe {
        width: 24,
        height: 24,
        grey: false,
        sampling: SamplingFactor::F_1_1,
        quality: 90,
        restart: 0,
        own_tables: false,
        seed: 5,
    };
    let mut bytes = encode(&recipe);
    // Turn the JFIF marker into an Adobe one of the same length that says: no colour transform.
    bytes[2..20].copy_from_slice(b"\xff\xee\0\x10Adobe\0\x64\0\0\0\0\0\0\0");
    let jpeg = Jpeg::parse(&bytes, &LIMITS).unwrap();
    assert!(matches!(jpeg.decode_grey(), Err(PictureError::Unsupported { .. })));
    let image = reference(&bytes).to_rgb8();
    let [red, green, blue] = image.get_pixel(3, 3).0.map(f64::from);
    let expected = 0.299 * red + 0.587 * green + 0.114 * blue;
    let found = f64::from(picture::decode_grey(&bytes, &LIMITS).unwrap().pixels()[3 * 24 + 3]);
    assert!((found - expected).abs() < 1.0, "{found} {expected}");
}

#[test]
fn a_picture_beyond_the_limits_is_refused_before_it_is_decoded() {
    let recipe = Recipe {
        width: 80,
        height: 80,
        grey: false,
        sampling: SamplingFactor::F_1_1,
        quality: 50,
        restart: 0,
        own_tables: false,
        seed: 2,
    };
    let bytes = encode(&recipe);
    let limits = Limits { max_pixels: 80 * 80 - 1, ..LIMITS };
    assert!(matches!(picture::decode_grey(&bytes, &limits), Err(PictureError::TooManyPixels { width: 80, .. })));
    let limits = Limits { max_memory: 80 * 80, ..LIMITS };
    assert!(picture::decode_grey(&bytes, &limits).is_ok());
    let coefficients = Jpeg::parse(&bytes, &limits).unwrap().coefficients(&limits);
    assert!(matches!(coefficients, Err(PictureError::TooMuchMemory { needed: 38_400, .. })), "{coefficients:?}");
    let limits = Limits { max_bytes: 100, ..LIMITS };
    assert!(matches!(picture::decode_grey(&bytes, &limits), Err(PictureError::TooManyBytes { limit: 100, .. })));
}
