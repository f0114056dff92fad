//! A masked picture proves itself against the commitment made when it came in; anything else does not.

#![allow(clippy::unwrap_used)]

mod definition;

use definition::sha256;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage, RgbaImage};
use jpeg_encoder::{ColorType, Encoder, SamplingFactor};
use proptest::prelude::*;
use std::io::Cursor;
use testigo_sheet::mask::{self, Area, Rendition};
use testigo_sheet::metadata::{self, Stripped};
use testigo_sheet::picture::{Format, Limits, Orientation, Rectangle};
use testigo_sheet::proof::{
    PixelCommitment, PixelError, PixelKey, Pixels, Published, TreeOrder, Unmasking, UnmaskingError, check,
};

const KEY: PixelKey = PixelKey([7; 32]);

fn limits() -> Limits {
    Limits::default()
}

fn level(x: u32, y: u32) -> u8 {
    u8::try_from((x * 37 + y * 91 + x * y) % 251).unwrap()
}

/// A picture file of a kind and size, stripped, to be seen in the way that `number` says.
fn picture(kind: &str, width: u32, height: u32, number: u16) -> Stripped {
    let grey = GrayImage::from_fn(width, height, |x, y| [level(x, y)].into());
    let colour = RgbImage::from_fn(width, height, |x, y| [level(x, y), level(y, x), level(x + y, 3)].into());
    let mut bytes = Vec::new();
    let subsampled = |factor: SamplingFactor, bytes: &mut Vec<u8>| {
        let mut encoder = Encoder::new(bytes, 80);
        encoder.set_sampling_factor(factor);
        let size = [width, height].map(|side| u16::try_from(side).unwrap());
        encoder.encode(colour.as_raw(), size[0], size[1], ColorType::Rgb).unwrap();
    };
    let png = |image: &DynamicImage, bytes: &mut Vec<u8>| {
        image.write_to(&mut Cursor::new(bytes), ImageFormat::Png).unwrap();
    };
    match kind {
        "grey" => JpegEncoder::new_with_quality(&mut bytes, 80).encode_image(&grey).unwrap(),
        "4:4:4" => subsampled(SamplingFactor::F_1_1, &mut bytes),
        "4:2:0" => subsampled(SamplingFactor::F_2_2, &mut bytes),
        "4:1:1" => subsampled(SamplingFactor::F_4_1, &mut bytes),
        "png" => png(&DynamicImage::ImageLuma8(grey), &mut bytes),
        "colour png" => png(&DynamicImage::ImageRgb8(colour), &mut bytes),
        "alpha" => png(
            &DynamicImage::ImageRgba8(RgbaImage::from_fn(width, height, |x, y| {
                [level(x, y), 9, 8, level(y, x)].into()
            })),
            &mut bytes,
        ),
        "deep" => png(&DynamicImage::ImageLuma16(DynamicImage::ImageLuma8(grey).to_luma16()), &mut bytes),
        other => panic!("{other}"),
    }
    let mut stripped = metadata::strip(&bytes, &limits()).unwrap();
    stripped.orientation = Orientation::from_number(number).unwrap();
    stripped
}

const KINDS: [&str; 8] = ["grey", "4:4:4", "4:2:0", "4:1:1", "png", "colour png", "alpha", "deep"];

/// A picture with some areas hidden, and all that anybody needs to check it.
struct Shown {
    rendition: Rendition,
    opening: Vec<u8>,
    commitment: PixelCommitment,
}

fn hide(stripped: &Stripped, areas: &[Area], order: TreeOrder) -> Shown {
    let pixels = Pixels::of(stripped, &limits()).unwrap();
    let commitment = pixels.commitment(&KEY, order);
    let masked = mask::cover(&pixels, areas, &[]).unwrap();
    let opening = pixels.opening(&KEY, order, &masked);
    Shown { rendition: pixels.masked(&masked).unwrap(), opening, commitment }
}

fn format(rendition: &Rendition) -> Format {
    if rendition.extension == "jpg" { Format::Jpeg } else { Format::Png }
}

fn verdict(rendition: &Rendition, opening: &[u8], commitment: &PixelCommitment) -> Result<(), PixelError> {
    let Rendition { bytes, width, height, masked, .. } = rendition;
    let published = Published { bytes, format: format(rendition), width: *width, height: *height, masked };
    check(&published, commitment, opening, &limits())
}

impl Shown {
    fn verdict(&self) -> Result<(), PixelError> {
        verdict(&self.rendition, &self.opening, &self.commitment)
    }
}

fn areas(most: usize) -> impl Strategy<Value = Vec<Area>> {
    let side = (0_u16..10_000).prop_flat_map(|start| (Just(start), 1..=10_000 - start));
    let area =
        (side.clone(), side).prop_map(|((left, width), (top, height))| Area::new(left, top, width, height).unwrap());
    prop::collection::vec(area, 0..=most)
}

fn kind() -> impl Strategy<Value = &'static str> {
    prop::sample::select(KINDS.to_vec())
}

fn order() -> impl Strategy<Value = TreeOrder> {
    prop::sample::select(TreeOrder::ALL.to_vec())
}

/// A band across the middle of a picture.
fn band() -> Area {
    Area::new(0, 4_000, 10_000, 2_000).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(120))]

    #[test]
    fn what_is_masked_honestly_is_accepted_and_is_what_the_definition_says(
        kind in kind(),
        (width, height) in (1_u32..300, 1_u32..120),
        number in 1_u16..=8,
        areas in areas(3),
        order in order(),
    ) {
        let stripped = picture(kind, width, height, number);
        let shown = hide(&stripped, &areas, order);
        prop_assert_eq!(shown.verdict(), Ok(()));

        let open = hide(&stripped, &[], order).rendition.bytes;
        let definition = match format(&shown.rendition) {
            Format::Jpeg => definition::jpeg(&open, order.number()),
            _ => definition::png(&open, order.number()),
        };
        let masked: Vec<Rectangle> = match format(&shown.rendition) {
            Format::Jpeg => {
                let turned = |area: &Rectangle| stripped.orientation.stored_rectangle(*area, width, height);
                shown.rendition.masked.iter().map(turned).collect()
            }
            _ => shown.rendition.masked.clone(),
        };
        let (_, commitment, opening) = definition.commit(&KEY.0, &masked);
        prop_assert_eq!(PixelCommitment(commitment), shown.commitment);
        prop_assert_eq!(opening, shown.opening);
    }

    #[test]
    fn another_mask_than_the_one_said_is_refused(
        kind in kind(),
        (width, height) in (1_u32..300, 1_u32..120),
        real in areas(2),
        said in areas(2),
        order in order(),
    ) {
        let stripped = picture(kind, width, height, 1);
        let (real, said) = (hide(&stripped, &real, order), hide(&stripped, &said, order));
        let claimed = Rendition { masked: said.rendition.masked.clone(), ..real.rendition.clone() };
        // The same groups may be described by other rectangles.
        let same = said.opening == real.opening && said.rendition.bytes == real.rendition.bytes;
        for opening in [&real.opening, &said.opening] {
            prop_assert_eq!(verdict(&claimed, opening, &real.commitment).is_ok(), same);
        }
    }

    #[test]
    fn a_changed_opening_is_refused(kind in kind(), areas in areas(2), at: prop::sample::Index, flip in 1_u8..) {
        let mut shown = hide(&picture(kind, 200, 90, 1), &areas, TreeOrder::LongerSideFirst);
        let at = at.index(shown.opening.len());
        shown.opening[at] ^= flip;
        prop_assert!(shown.verdict().is_err());
        shown.opening[at] ^= flip;
        shown.opening.truncate(at);
        prop_assert!(shown.verdict().is_err());
        shown.opening.extend([0; 20_000]);
        prop_assert!(shown.verdict().is_err());
    }

    #[test]
    fn one_changed_visible_pixel_is_refused(
        kind in prop::sample::select(KINDS[4..].to_vec()),
        areas in areas(2),
        (x, y) in (0_u32..200, 0_u32..90),
        order in order(),
    ) {
        let shown = hide(&picture(kind, 200, 90, 1), &areas, order);
        let mut image = image::load_from_memory(&shown.rendition.bytes).unwrap();
        let (pixel, sample) = (image.color().bytes_per_pixel(), (y * 200 + x) as usize);
        let mut bytes = image.as_bytes().to_vec();
        bytes[sample * usize::from(pixel)] ^= 1;
        image = match image {
            DynamicImage::ImageLuma8(_) => DynamicImage::ImageLuma8(GrayImage::from_raw(200, 90, bytes).unwrap()),
            DynamicImage::ImageRgb8(_) => DynamicImage::ImageRgb8(RgbImage::from_raw(200, 90, bytes).unwrap()),
            DynamicImage::ImageRgba8(_) => DynamicImage::ImageRgba8(RgbaImage::from_raw(200, 90, bytes).unwrap()),
            _ => {
                let wide = bytes.as_chunks::<2>().0.iter().map(|pair| u16::from_ne_bytes(*pair)).collect();
                DynamicImage::ImageLuma16(image::ImageBuffer::from_raw(200, 90, wide).unwrap())
            }
        };
        let mut changed = Vec::new();
        image.write_to(&mut Cursor::new(&mut changed), ImageFormat::Png).unwrap();
        let changed = Rendition { bytes: changed, ..shown.rendition.clone() };
        let hidden = changed.masked.iter().any(|area| {
            (area.left..area.right()).contains(&x) && (area.top..area.bottom()).contains(&y)
        });
        match verdict(&changed, &shown.opening, &shown.commitment) {
            Err(PixelError::NotBlank { .. }) => prop_assert!(hidden),
            Err(PixelError::Differs { .. }) => prop_assert!(!hidden),
            other => prop_assert!(false, "{other:?}"),
        }
    }

    #[test]
    fn a_changed_file_is_refused_or_shows_the_same(kind in kind(), at: prop::sample::Index, flip in 1_u8..) {
        let mut shown = hide(&picture(kind, 100, 60, 1), &[band()], TreeOrder::RowsFirst);
        let before = image::load_from_memory(&shown.rendition.bytes).unwrap();
        let at = at.index(shown.rendition.bytes.len());
        shown.rendition.bytes[at] ^= flip;
        if shown.verdict().is_ok() {
            // A way to write the same that the decoder takes as well, such as other bits to fill the last byte with.
            prop_assert!(image::load_from_memory(&shown.rendition.bytes).unwrap() == before, "byte {at} ^ {flip}");
        }
    }

    #[test]
    fn strangers_bytes_are_refused_without_panic(
        file in prop::collection::vec(any::<u8>(), 0..600),
        start in prop::sample::select(vec![&b""[..], b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"testigo opening v1\n"]),
        masked in prop::collection::vec((any::<u32>(), any::<u32>(), any::<u32>(), any::<u32>()), 0..3),
        format in prop::sample::select(vec![Format::Jpeg, Format::Png, Format::Tiff]),
        shown in any::<bool>(),
    ) {
        let bytes = [start, &file].concat();
        let masked: Vec<Rectangle> = masked
            .into_iter()
            .map(|(left, top, width, height)| Rectangle { left, top, width, height })
            .collect();
        if shown {
            let Shown { mut rendition, commitment, .. } = hide(&picture("grey", 64, 16, 1), &[], TreeOrder::RowsFirst);
            rendition.masked = masked;
            prop_assert!(verdict(&rendition, &bytes, &commitment).is_err());
        } else {
            let published = Published { bytes: &bytes, format, width: 1, height: 1, masked: &masked };
            prop_assert!(check(&published, &PixelCommitment([0; 32]), &bytes, &limits()).is_err());
        }
    }

    #[test]
    fn an_unmasking_is_read_as_it_was_written(
        head in "(commitment|media|size|masked|picture)? ?[0-9a-f ]{0,70}\n?",
        file in prop::collection::vec(any::<u8>(), 0..300),
        masked in prop::collection::vec((0_u32..100, 0_u32..100, 1_u32..100, 1_u32..100), 0..4),
        cut: prop::sample::Index,
    ) {
        let unmasking = Unmasking {
            commitment: PixelCommitment([0xab; 32]),
            picture: file.clone(),
            format: Format::Png,
            width: 3,
            height: 4,
            masked: masked
                .into_iter()
                .map(|(left, top, width, height)| Rectangle { left, top, width, height })
                .collect(),
            opening: b"opening".to_vec(),
        };
        let bytes = unmasking.to_bytes();
        prop_assert_eq!(Unmasking::parse(&bytes), Ok(unmasking));
        let cut = cut.index(bytes.len() - b"opening".len());
        prop_assert!(Unmasking::parse(&bytes[..cut]).is_err());
        let strange = [&b"testigo unmasking v1\n"[..], head.as_bytes(), &file].concat();
        if let Ok(read) = Unmasking::parse(&strange) {
            prop_assert_eq!(read.to_bytes(), strange);
        }
    }
}

/// Whatever decides about pixels beside the coefficients is committed to as well.
#[test]
fn other_steps_sizes_colours_and_ways_up_are_refused() {
    let stripped = picture("4:2:0", 100, 60, 6);
    let shown = hide(&stripped, &[band()], TreeOrder::RowsFirst);
    assert_eq!(shown.verdict(), Ok(()));
    let find = |marker: &[u8]| {
        let bytes = &shown.rendition.bytes;
        bytes.windows(marker.len()).position(|window| window == marker).unwrap()
    };
    let steps = find(&[0xff, 0xdb]);
    let frame = find(&[0xff, 0xc0]);
    let exif = find(b"Exif");
    let jfif = find(b"JFIF");
    let changes = [
        ("a quantisation step", steps + 9, 1),
        ("the height", frame + 6, 1),
        ("the width", frame + 8, 1),
        ("a component's id", frame + 10, 2),
        ("the orientation", exif + 25, 7),
        ("the version of JFIF", jfif + 6, 1),
    ];
    for (what, at, flip) in changes {
        let mut changed = shown.rendition.clone();
        changed.bytes[at] ^= flip;
        assert!(verdict(&changed, &shown.opening, &shown.commitment).is_err(), "{what}");
    }
    // Without its colour marker, and with that of another transform.
    let mut bare = shown.rendition.clone();
    bare.bytes.drain(2..2 + 18);
    assert!(matches!(verdict(&bare, &shown.opening, &shown.commitment), Err(PixelError::Differs { .. })));
    let mut red = shown.rendition.clone();
    let place = exif + 32 - 6 + 4;
    red.bytes.splice(place..place, [0xff, 0xee, 0, 14].into_iter().chain(*b"Adobe\0\x64\0\0\0\0\0"));
    assert!(verdict(&red, &shown.opening, &shown.commitment).is_err());
    let other = Rendition { width: 61, ..shown.rendition.clone() };
    let error = verdict(&other, &shown.opening, &shown.commitment).unwrap_err();
    assert_eq!(error.to_string(), "the picture has 60 x 100 pixels, not 61 x 100");
}

#[test]
fn a_file_that_holds_more_than_pixels_is_refused() {
    let jpeg = hide(&picture("4:2:0", 100, 60, 1), &[band()], TreeOrder::RowsFirst);
    let segment = |marker: u8, payload: &[u8]| {
        let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
        [&[0xff, marker], &length[..], payload].concat()
    };
    let start = 2 + 18;
    let end = jpeg.rendition.bytes.len() - 2;
    let insertions: [(&str, usize, Vec<u8>); 9] = [
        ("a comment", start, segment(0xfe, b"a name")),
        ("a profile", start, segment(0xe2, b"ICC_PROFILE\0")),
        ("a thumbnail", start, segment(0xe1, b"Exif\0\0MM\0\x2a\0\0\0\x08")),
        ("a second marker of JFIF", start, segment(0xe0, b"JFIF\0\x01\x01\0\0\x01\0\x01\0\0")),
        ("a restart interval", start, segment(0xdd, &[0, 0])),
        ("a table that nothing uses", start, segment(0xdb, &[&[3][..], &[1; 64]].concat())),
        ("filling bytes", start, vec![0xff, 0xff]),
        ("a marker in the picture data", end, vec![0xff, 0xd0]),
        ("bytes after the end", end + 2, b"a name".to_vec()),
    ];
    for (what, at, inserted) in insertions {
        let mut changed = jpeg.rendition.clone();
        changed.bytes.splice(at..at, inserted);
        let found = verdict(&changed, &jpeg.opening, &jpeg.commitment);
        assert!(matches!(found, Err(PixelError::Foreign { .. })), "{what}: {found:?}");
    }

    let png = hide(&picture("png", 100, 60, 1), &[band()], TreeOrder::RowsFirst);
    let chunk = |kind: &[u8; 4], data: &[u8]| {
        let mut hasher = crc32fast::Hasher::new();
        hasher.update(kind);
        hasher.update(data);
        let length = u32::try_from(data.len()).unwrap().to_be_bytes();
        [&length[..], kind, data, &hasher.finalize().to_be_bytes()].concat()
    };
    let (start, end) = (8 + 25, png.rendition.bytes.len());
    for (what, at, inserted) in [
        ("text", start, chunk(b"tEXt", b"Comment\0a name")),
        ("a brightness curve", start, chunk(b"gAMA", &[0, 0, 0, 1])),
        ("transparency", start, chunk(b"tRNS", &[0, 1])),
        ("bytes after the end", end, b"a name".to_vec()),
    ] {
        let mut changed = png.rendition.clone();
        changed.bytes.splice(at..at, inserted);
        let found = verdict(&changed, &png.opening, &png.commitment);
        assert!(matches!(found, Err(PixelError::Foreign { .. })), "{what}: {found:?}");
    }
}

#[test]
fn a_mask_is_made_of_whole_groups() {
    let shown = hide(&picture("grey", 200, 90, 1), &[band()], TreeOrder::RowsFirst);
    let whole = shown.rendition.masked[0];
    let area = Rectangle { height: whole.height - 1, ..whole };
    let mut cut = shown.rendition.clone();
    cut.masked = vec![area];
    assert_eq!(verdict(&cut, &shown.opening, &shown.commitment), Err(PixelError::NotWhole { area }));
    cut.masked = vec![Rectangle { left: 200, ..whole }];
    assert!(matches!(verdict(&cut, &shown.opening, &shown.commitment), Err(PixelError::NotWhole { .. })));
}

/// The whole point of salts: a hidden group has few likely contents (blank paper, one of the names on a list), and a bare
/// hash would tell whoever tries them all which one it is.
#[test]
fn hidden_groups_cannot_be_guessed() {
    // Two groups, the right one hidden: a flat grey of one of 256 levels.
    let secret = 201;
    let image = GrayImage::from_fn(128, 16, |x, y| [if x < 64 { level(x, y) } else { secret }].into());
    let mut bytes = Vec::new();
    DynamicImage::ImageLuma8(image).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap();
    let stripped = metadata::strip(&bytes, &limits()).unwrap();
    let area = Area::new(5_000, 0, 5_000, 10_000).unwrap();
    let shown = hide(&stripped, &[area], TreeOrder::RowsFirst);
    assert_eq!(shown.verdict(), Ok(()));
    let nodes: Vec<&[u8]> = shown.opening["testigo opening v1\n".len() + 1..].chunks(32).collect();
    let [left_seed, right_digest] = nodes[..] else { panic!("a seed and a digest") };

    let guess =
        |seed: &[u8], digest: &[u8]| (0..=255_u8).find(|level| sha256(&[&[0x12], seed, &[*level; 64 * 16]]) == *digest);
    // All that an attacker has or can make from it.
    let known = [
        left_seed.to_vec(),
        right_digest.to_vec(),
        shown.commitment.0.to_vec(),
        sha256(&[&[0x10], left_seed]).to_vec(),
        sha256(&[&[0x11], left_seed]).to_vec(),
        vec![0; 32],
        Vec::new(),
    ];
    for seed in &known {
        assert_eq!(guess(seed, right_digest), None, "guessed with {seed:02x?}");
    }
    // The same attack succeeds as soon as there is no salt, or it is known: so it is the salt that stops it.
    let right_seed = sha256(&[&[0x11], &KEY.0]);
    assert_eq!(guess(&right_seed, right_digest), Some(secret));
    let unsalted = sha256(&[&[0x12], &[secret; 64 * 16]]);
    assert_eq!(guess(&[], &unsalted), Some(secret));

    // With another key, the same picture gives another digest: two archives cannot be told to hold the same.
    let pixels = Pixels::of(&stripped, &limits()).unwrap();
    let other = pixels.opening(&PixelKey([8; 32]), TreeOrder::RowsFirst, &shown.rendition.masked);
    assert!(!other.windows(32).any(|window| window == right_digest));
}

/// What is hidden leaves no trace in file or opening: two sheets that differ only there give the same file.
#[test]
fn what_is_hidden_is_nowhere_in_what_is_published() {
    for kind in ["jpg", "png"] {
        let file = |secret: u8| {
            let image = GrayImage::from_fn(256, 128, |x, y| {
                [if (48..80).contains(&y) { level(x + u32::from(secret), y) } else { level(x, y) }].into()
            });
            let mut bytes = Vec::new();
            match kind {
                "jpg" => JpegEncoder::new_with_quality(&mut bytes, 80).encode_image(&image).unwrap(),
                _ => DynamicImage::ImageLuma8(image).write_to(&mut Cursor::new(&mut bytes), ImageFormat::Png).unwrap(),
            }
            metadata::strip(&bytes, &limits()).unwrap()
        };
        let area = Area::new(0, 3_750, 10_000, 2_500).unwrap();
        let [one, other] = [3, 200].map(|secret| hide(&file(secret), &[area], TreeOrder::RowsFirst));
        assert_ne!(one.commitment, other.commitment);
        assert_eq!(one.rendition, other.rendition, "{kind}");
        assert_eq!(one.opening.len(), other.opening.len());
    }
}

#[test]
fn less_can_be_hidden_later_and_more_too() {
    let stripped = picture("4:2:0", 300, 200, 6);
    let pixels = Pixels::of(&stripped, &limits()).unwrap();
    let half = Area::new(0, 5_000, 10_000, 5_000).unwrap();
    let order = pixels.best_order(&mask::cover(&pixels, &[half], &[]).unwrap());
    let commitment = pixels.commitment(&KEY, order);
    assert_eq!(pixels.order(&KEY, &commitment), Some(order));
    assert_eq!(pixels.order(&PixelKey([8; 32]), &commitment), None);
    for areas in [vec![], vec![half], vec![half, band()], vec![Area::new(0, 0, 10_000, 10_000).unwrap()]] {
        let masked = mask::cover(&pixels, &areas, &[]).unwrap();
        let rendition = pixels.clone().masked(&masked).unwrap();
        assert_eq!(verdict(&rendition, &pixels.opening(&KEY, order, &masked), &commitment), Ok(()));
    }
    // Nothing hidden: the key itself opens everything. Everything hidden: one digest, and no seed at all.
    let opening = |areas: &[Rectangle]| pixels.opening(&KEY, order, areas);
    assert!(opening(&[]).ends_with(&KEY.0));
    let all = Rectangle::whole(200, 300);
    assert_eq!(opening(&[all]).len(), "testigo opening v1\n".len() + 1 + 32);
    assert!(!opening(&[all]).ends_with(&KEY.0));
}

/// What may be shown is rounded inwards, what must be hidden outwards.
#[test]
fn areas_are_rounded_to_the_safe_side() {
    let pixels = Pixels::of(&picture("grey", 200, 90, 1), &limits()).unwrap();
    let area = |left, top, width, height| Rectangle { left, top, width, height };
    assert_eq!(pixels.around(area(60, 10, 10, 10)), Some(area(0, 8, 128, 16)));
    assert_eq!(pixels.inside(area(60, 10, 10, 10)), None);
    assert_eq!(pixels.inside(area(60, 7, 100, 20)), Some(area(64, 8, 64, 16)));
    assert_eq!(pixels.inside(area(60, 80, 140, 10)), Some(area(64, 80, 136, 10)), "the edge ends a group");
    assert_eq!(pixels.inside(area(60, 80, 139, 9)), Some(area(64, 80, 128, 8)));
    assert_eq!(pixels.inside(area(0, 0, 500, 500)), Some(area(0, 0, 200, 90)));
    let turned = Pixels::of(&picture("grey", 200, 90, 6), &limits()).unwrap();
    for area in [area(3, 60, 50, 100), area(0, 0, 90, 200), area(80, 130, 10, 70)] {
        let (inside, around) = (turned.inside(area), turned.around(area).unwrap());
        assert_eq!(turned.around(around), Some(around));
        assert!(inside.is_none_or(|inside| turned.around(inside) == Some(inside)));
        assert!(inside.is_none_or(|inside| inside.intersection(&area) == Some(inside)));
        assert_eq!(around.intersection(&area), Some(area));
    }
}

#[test]
fn an_unmasking_proves_itself_and_says_where_its_text_is_wrong() {
    let shown = hide(&picture("grey", 200, 90, 1), &[band()], TreeOrder::RowsFirst);
    let Rendition { bytes, width, height, masked, .. } = shown.rendition;
    let unmasking = Unmasking {
        commitment: shown.commitment,
        picture: bytes,
        format: Format::Jpeg,
        width,
        height,
        masked,
        opening: shown.opening,
    };
    assert_eq!(unmasking.check(&limits()), Ok(()));
    let mut other = unmasking.clone();
    other.commitment.0[0] ^= 1;
    assert!(matches!(other.check(&limits()), Err(PixelError::Differs { .. })));

    let file = unmasking.to_bytes();
    let replaced = |from: &str, to: &str| {
        let at = file.windows(from.len()).position(|window| window == from.as_bytes()).unwrap();
        let changed = [&file[..at], to.as_bytes(), &file[at + from.len()..]].concat();
        Unmasking::parse(&changed).unwrap_err()
    };
    assert_eq!(replaced("v1", "v2"), UnmaskingError::OtherFile);
    assert_eq!(replaced("media jpg", "media gif").to_string(), "line 3: `media jpg or media png` is expected");
    assert_eq!(replaced("size 200 90", "size 0200 90").to_string(), "line 4: `size WIDTH HEIGHT` is expected");
    assert!(matches!(replaced("picture ", "picture 9"), UnmaskingError::CutShort { .. }));
    assert_eq!(Unmasking::parse(b"testigo unmasking v1\nno end"), Err(UnmaskingError::NoEnd));
}
