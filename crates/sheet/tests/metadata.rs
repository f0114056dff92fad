//! Whatever a stranger's file holds: nothing but its pixels comes out, and nothing makes the reader fall over.

#![allow(clippy::unwrap_used)]

use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, GrayImage, ImageFormat, RgbImage};
use proptest::prelude::*;
use std::io::Cursor;
use testigo_sheet::jpeg::Jpeg;
use testigo_sheet::metadata::{self, Stripped};
use testigo_sheet::picture::{self, Format, Limits, PictureError};

/// Stands for a place, a serial number, a name: planted wherever a file can hold one.
const CANARY: &[u8] = b"CANARY";

/// An EXIF block with orientation 6, the canary as camera and position, and a thumbnail in a second directory.
fn exif() -> Vec<u8> {
    let mut block = b"II\x2a\0\x08\0\0\0".to_vec();
    let entry = |tag: u16, kind: u16, count: u32, value: u32| {
        [&tag.to_le_bytes()[..], &kind.to_le_bytes(), &count.to_le_bytes(), &value.to_le_bytes()].concat()
    };
    block.extend_from_slice(&3_u16.to_le_bytes());
    block.extend(entry(0x010f, 2, 6, 80));
    block.extend(entry(0x0112, 3, 1, 6));
    block.extend(entry(0x8825, 2, 6, 80));
    block.extend_from_slice(&50_u32.to_le_bytes());
    block.extend_from_slice(&1_u16.to_le_bytes());
    block.extend(entry(0x0201, 4, 1, 80));
    block.extend_from_slice(&[0; 4]);
    block.resize(80, 0);
    block.extend_from_slice(CANARY);
    block
}

fn sample() -> DynamicImage {
    DynamicImage::ImageRgb8(RgbImage::from_fn(40, 24, |x, y| {
        let level = u8::try_from((x * 5 + y * 7) % 200).unwrap();
        [level, 100, 255 - level].into()
    }))
}

fn file(image: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    image.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg_segment(code: u8, payload: &[u8]) -> Vec<u8> {
    let length = u16::try_from(payload.len() + 2).unwrap().to_be_bytes();
    [&[0xff, code][..], &length, payload].concat()
}

fn jpeg() -> Vec<u8> {
    let mut plain = Vec::new();
    JpegEncoder::new_with_quality(&mut plain, 90).encode_image(&sample()).unwrap();
    let planted = |prefix: &[u8]| [prefix, CANARY].concat();
    let mut bytes = plain[..2].to_vec();
    bytes.extend(jpeg_segment(0xe0, &planted(b"JFIF\0\x01\x01\0\0\x01\0\x01\x01\x02")));
    bytes.extend(jpeg_segment(0xe0, &planted(b"JFXX\0\x10")));
    bytes.extend(jpeg_segment(0xe1, &[b"Exif\0\0", &exif()[..]].concat()));
    bytes.extend(jpeg_segment(0xe1, &planted(b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>")));
    bytes.extend(jpeg_segment(0xe2, &planted(b"ICC_PROFILE\0\x01\x01")));
    bytes.extend(jpeg_segment(0xe2, &planted(b"MPF\0")));
    bytes.extend(jpeg_segment(0xed, &planted(b"Photoshop 3.0\08BIM\x04\x04")));
    bytes.extend(jpeg_segment(0xef, &planted(b"")));
    bytes.extend(jpeg_segment(0xfe, &planted(b"scan of ")));
    bytes.extend_from_slice(&[0xff, 0xff, 0xff]);
    bytes.extend_from_slice(&plain[2..]);
    // A second picture, and an archive that some programs would open this file as.
    bytes.extend(jpeg_segment(0xd8, &planted(b"")));
    bytes.extend(planted(b"PK\x03\x04"));
    bytes
}

fn chunk(kind: &[u8], data: &[u8]) -> Vec<u8> {
    let mut hasher = crc32fast::Hasher::new();
    hasher.update(kind);
    hasher.update(data);
    let length = u32::try_from(data.len()).unwrap().to_be_bytes();
    [&length, kind, data, &hasher.finalize().to_be_bytes()].concat()
}

fn png() -> Vec<u8> {
    let plain = file(&sample(), ImageFormat::Png);
    let planted = |prefix: &[u8]| [prefix, CANARY].concat();
    // The signature and IHDR take 33 bytes, IEND 12.
    let (head, body) = plain.split_at(33);
    let (body, end) = body.split_at(body.len() - 12);
    [
        head,
        &chunk(b"tEXt", &planted(b"Author\0")),
        &chunk(b"zTXt", &planted(b"Comment\0\0")),
        &chunk(b"iTXt", &planted(b"XML:com.adobe.xmp\0\0\0\0\0")),
        &chunk(b"iCCP", &planted(b"profile\0\0")),
        &chunk(b"eXIf", &exif()),
        &chunk(b"tIME", b"CANARY\0"),
        &chunk(b"prVt", CANARY),
        body,
        &chunk(b"tEXt", &planted(b"Late\0")),
        end,
        CANARY,
    ]
    .concat()
}

fn riff(chunks: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut body = b"WEBP".to_vec();
    for (kind, data) in chunks {
        body.extend_from_slice(*kind);
        body.extend_from_slice(&u32::try_from(data.len()).unwrap().to_le_bytes());
        body.extend_from_slice(data);
        body.resize(body.len().next_multiple_of(2), 0);
    }
    [b"RIFF", &u32::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat()
}

fn webp() -> Vec<u8> {
    let plain = file(&sample(), ImageFormat::WebP);
    assert_eq!(&plain[12..16], b"VP8L");
    let length = usize::try_from(u32::from_le_bytes(plain[16..20].try_into().unwrap())).unwrap();
    let extended = [0x2c, 0, 0, 0, 39, 0, 0, 23, 0, 0];
    let mut bytes = riff(&[
        (b"VP8X", &extended),
        (b"ICCP", CANARY),
        (b"VP8L", &plain[20..20 + length]),
        (b"EXIF", &exif()),
        (b"XMP ", CANARY),
        (b"abcd", CANARY),
    ]);
    bytes.extend_from_slice(CANARY);
    bytes
}

/// A grey TIFF with texts, a position and a thumbnail.
fn tiff(subfile_of_second: u32) -> Vec<u8> {
    let pixels: Vec<u8> = (0..40 * 24).map(|at| u8::try_from(at % 200).unwrap()).collect();
    let start = 8 + u32::try_from(pixels.len()).unwrap();
    let mut bytes = [&b"II\x2a\0"[..], &start.to_le_bytes(), &pixels].concat();
    let texts = start + 400;
    let directory = |extra: &[(u16, u16, u32, u32)], size: (u32, u32), at: u32, next: u32| {
        let mut entries = vec![
            (256, 4, 1, size.0),
            (257, 4, 1, size.1),
            (258, 3, 1, 8),
            (259, 3, 1, 1),
            (262, 3, 1, 1),
            (273, 4, 1, at),
            (277, 3, 1, 1),
            (278, 4, 1, size.1),
            (279, 4, 1, size.0 * size.1),
        ];
        entries.extend_from_slice(extra);
        entries.sort_unstable();
        let mut block = u16::try_from(entries.len()).unwrap().to_le_bytes().to_vec();
        for (tag, kind, count, value) in entries {
            block.extend_from_slice(&tag.to_le_bytes());
            block.extend_from_slice(&kind.to_le_bytes());
            block.extend_from_slice(&count.to_le_bytes());
            block.extend_from_slice(&value.to_le_bytes());
        }
        block.extend_from_slice(&next.to_le_bytes());
        block
    };
    let named = [(270, 2, 6, texts), (274, 3, 1, 6), (305, 2, 6, texts), (316, 2, 6, texts), (700, 1, 6, texts)];
    bytes.extend(directory(&named, (40, 24), 8, start + 200));
    bytes.resize(usize::try_from(start + 200).unwrap(), 0);
    bytes.extend(directory(&[(254, 4, 1, subfile_of_second)], (3, 2), texts, 0));
    bytes.resize(usize::try_from(texts).unwrap(), 0);
    bytes.extend_from_slice(CANARY);
    bytes
}

fn samples() -> [(Format, ImageFormat, Vec<u8>); 4] {
    [
        (Format::Jpeg, ImageFormat::Jpeg, jpeg()),
        (Format::Png, ImageFormat::Png, png()),
        (Format::WebP, ImageFormat::WebP, webp()),
        (Format::Tiff, ImageFormat::Tiff, tiff(1)),
    ]
}

fn holds_canary(bytes: &[u8]) -> bool {
    bytes.windows(CANARY.len()).any(|window| window == CANARY)
}

fn strip(bytes: &[u8]) -> Result<Stripped, PictureError> {
    metadata::strip(bytes, &Limits::default())
}

#[test]
fn nothing_but_the_pixels_and_the_way_up_survives() {
    for (format, codec, bytes) in samples() {
        assert!(holds_canary(&bytes));
        let stripped = strip(&bytes).unwrap();
        assert!(!holds_canary(&stripped.bytes), "{format}");
        let stored_as = if format == Format::Tiff { Format::Png } else { format };
        assert_eq!((stripped.format, picture::sniff(&stripped.bytes)), (stored_as, Ok(stored_as)));
        assert_eq!((stripped.width, stripped.height), (40, 24), "{format}");
        assert_eq!((stripped.orientation.number(), stripped.upright_size()), (6, (24, 40)), "{format}");

        let before = image::load_from_memory_with_format(&bytes, codec).unwrap();
        let after = image::load_from_memory(&stripped.bytes).unwrap();
        assert!(before == after, "{format}: other pixels");
        assert_eq!(before.color(), after.color(), "{format}");

        // What was upright by its metadata is upright by the number beside the stripped file.
        let upright = picture::decode_grey(&bytes, &Limits::default()).unwrap();
        assert_eq!((upright.width(), upright.height()), (24, 40), "{format}");
        assert!(stripped.decode_grey(&Limits::default()).unwrap() == upright, "{format}");

        let again = strip(&stripped.bytes).unwrap();
        assert_eq!(again.orientation.number(), 1, "{format}: the orientation is still in the file");
        assert_eq!(again.bytes, stripped.bytes, "{format}");
    }
}

#[test]
fn a_stripped_jpeg_keeps_the_very_same_coefficients() {
    let coefficients = |bytes: &[u8]| {
        let limits = Limits::default();
        Jpeg::parse(bytes, &limits).unwrap().coefficients(&limits).unwrap()
    };
    let bytes = jpeg();
    assert_eq!(coefficients(&bytes), coefficients(&strip(&bytes).unwrap().bytes));
}

#[test]
fn room_for_secrets_inside_needed_parts_is_refused() {
    // A quantisation table with six bytes too many.
    let mut bytes = jpeg();
    let at = bytes.windows(4).position(|window| window == [0xff, 0xdb, 0, 67]).unwrap();
    bytes[at + 3] += 6;
    for (offset, byte) in CANARY.iter().enumerate() {
        bytes.insert(at + 69 + offset, *byte);
    }
    let error = strip(&bytes).unwrap_err();
    assert!(matches!(error, PictureError::Corrupt { offset, .. } if offset == at), "{error}");
}

#[test]
fn a_file_that_is_cut_short_says_where_it_ends() {
    for (format, _, bytes) in samples() {
        let whole = strip(&bytes).unwrap();
        // This TIFF has its two directories after the pixels; behind, as in the others, nothing of the picture is left.
        let needed = if format == Format::Tiff { 8 + 960 + 200 + 126 } else { whole.bytes.len() };
        for length in 12..needed {
            let error = strip(&bytes[..length]).unwrap_err();
            assert!(
                matches!(error, PictureError::Truncated { format: found, length: ended, .. } if found == format && ended == length),
                "{format} cut to {length}: {error}"
            );
        }
    }
}

#[test]
fn a_damaged_chunk_is_told_with_its_place() {
    let mut bytes = png();
    let at = bytes.windows(4).position(|window| window == b"IDAT").unwrap();
    bytes[at + 10] ^= 1;
    let error = strip(&bytes).unwrap_err();
    assert!(matches!(error, PictureError::Corrupt { format: Format::Png, offset, .. } if offset == at - 4), "{error}");
}

#[test]
fn animations_and_several_pages_are_refused() {
    let mut animated = png();
    let at = 33;
    animated.splice(at..at, chunk(b"acTL", &[0, 0, 0, 2, 0, 0, 0, 0]));
    assert_eq!(strip(&animated), Err(PictureError::Animated { format: Format::Png }));
    let frames = riff(&[(b"VP8X", &[2, 0, 0, 0, 0, 0, 0, 0, 0, 0]), (b"ANIM", &[0; 6]), (b"ANMF", &[0; 16])]);
    assert_eq!(strip(&frames), Err(PictureError::Animated { format: Format::WebP }));
    assert_eq!(strip(&tiff(0)), Err(PictureError::SeveralPages { format: Format::Tiff, pages: 2 }));
}

#[test]
fn a_claim_of_50000_by_50000_is_refused_by_its_header() {
    let side = 50_000_u32.to_be_bytes();
    let header = [&side[..], &side, &[8, 2, 0, 0, 0]].concat();
    let png =
        [b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &header)[..], &chunk(b"IDAT", b"x"), &chunk(b"IEND", b"")].concat();
    let mut jpeg = jpeg();
    let frame = jpeg.windows(4).position(|window| window == [0xff, 0xc0, 0, 17]).unwrap();
    jpeg[frame + 5..frame + 9].copy_from_slice(&[0xc3, 0x50, 0xc3, 0x50]);
    let mut tiff = tiff(1);
    for tag in [b"\x00\x01\x04\0\x01\0\0\0", b"\x01\x01\x04\0\x01\0\0\0"] {
        let at = tiff.windows(8).position(|window| window == tag).unwrap() + 8;
        tiff[at..at + 4].copy_from_slice(&50_000_u32.to_le_bytes());
    }
    for bytes in [png, jpeg, tiff] {
        let error = picture::decode_grey(&bytes, &Limits::default()).unwrap_err();
        assert!(matches!(error, PictureError::TooManyPixels { width: 50_000, height: 50_000, .. }), "{error}");
        assert!(strip(&bytes).is_err());
    }
    let webp = riff(&[(b"VP8L", &[0x2f, 0xff, 0xff, 0xff, 0x0f, 0])]);
    let error = strip(&webp).unwrap_err();
    assert!(matches!(error, PictureError::TooManyPixels { width: 16_384, height: 16_384, .. }), "{error}");
}

/// A PNG made by hand; `rows` hold a filter byte each.
fn raw_png(width: u32, height: u32, depth: u8, colour: u8, extra: &[u8], rows: &[u8]) -> Vec<u8> {
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
    // One stored block (RFC 1951, section 3.2.4) and the checksum of RFC 1950.
    let length = u16::try_from(rows.len()).unwrap();
    let (a, b) = rows.iter().fold((1_u32, 0_u32), |(a, b), &byte| {
        let a = (a + u32::from(byte)) % 65_521;
        (a, (a + b) % 65_521)
    });
    let data =
        [&[0x78, 0x01, 0x01][..], &length.to_le_bytes(), &(!length).to_le_bytes(), rows, &(b << 16 | a).to_be_bytes()]
            .concat();
    [b"\x89PNG\r\n\x1a\n", &chunk(b"IHDR", &header)[..], extra, &chunk(b"IDAT", &data), &chunk(b"IEND", b"")].concat()
}

#[test]
fn every_kind_of_sample_becomes_the_same_grey() {
    let palette = [chunk(b"PLTE", &[255, 0, 0, 10, 20, 30, 0, 0, 0]), chunk(b"tRNS", &[255, 255, 0])].concat();
    let cases = [
        ("16-bit grey", raw_png(2, 1, 16, 0, b"", &[0, 0x12, 0xff, 0xfe, 0x01]), vec![0x12, 0xfe]),
        ("16-bit colour", raw_png(1, 1, 16, 2, b"", &[0, 255, 0, 0, 0, 0, 0]), vec![76]),
        ("1-bit", raw_png(3, 1, 1, 0, b"", &[0, 0b1010_0000]), vec![255, 0, 255]),
        // The last entry is transparent, so white shows.
        ("palette", raw_png(3, 1, 8, 3, &palette, &[0, 0, 1, 2]), vec![76, 18, 255]),
        ("grey with alpha", raw_png(3, 1, 8, 4, b"", &[0, 0, 255, 0, 128, 0, 0]), vec![0, 127, 255]),
        ("colour with alpha", raw_png(2, 1, 8, 6, b"", &[0, 0, 255, 0, 255, 9, 9, 9, 0]), vec![150, 255]),
        (
            "transparent colour",
            raw_png(2, 1, 8, 2, &chunk(b"tRNS", &[0, 1, 0, 2, 0, 3]), &[0, 1, 2, 3, 1, 2, 4]),
            vec![255, 2],
        ),
    ];
    for (name, bytes, expected) in cases {
        let found = picture::decode_grey(&bytes, &Limits::default()).unwrap();
        assert_eq!(found.pixels(), expected, "{name}");
    }
    let deep =
        DynamicImage::ImageLuma16(DynamicImage::ImageLuma8(GrayImage::from_pixel(3, 3, [77].into())).to_luma16());
    for format in [ImageFormat::Png, ImageFormat::Tiff] {
        let found = picture::decode_grey(&file(&deep, format), &Limits::default()).unwrap();
        assert_eq!(found.pixels(), [77; 9]);
    }
}

/// Files of all kinds, and the starts of some.
fn seeds() -> impl Strategy<Value = Vec<u8>> {
    let lossy =
        DynamicImage::ImageLuma8(GrayImage::from_fn(33, 17, |x, y| [u8::try_from(x * y % 256).unwrap()].into()));
    prop::sample::select(vec![
        jpeg(),
        png(),
        webp(),
        tiff(1),
        file(&lossy, ImageFormat::Png),
        file(&lossy, ImageFormat::Tiff),
        file(&lossy, ImageFormat::WebP),
        b"\xff\xd8\xff".to_vec(),
        b"\x89PNG\r\n\x1a\n".to_vec(),
        b"RIFF\xff\0\0\0WEBPVP8 ".to_vec(),
        b"II\x2a\0\x08\0\0\0".to_vec(),
        b"MM\0\x2a\0\0\0\x08".to_vec(),
        Vec::new(),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(3000))]

    #[test]
    fn no_bytes_make_it_fall_over(
        mut bytes in seeds(),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        tail in prop::collection::vec(any::<u8>(), 0..60),
    ) {
        for (at, value) in damage {
            if !bytes.is_empty() {
                let at = at.index(bytes.len());
                bytes[at] = value;
            }
        }
        bytes.extend(tail);
        let limits = Limits { max_bytes: 1 << 20, max_pixels: 1 << 20, max_memory: 1 << 24 };
        let grey = picture::decode_grey(&bytes, &limits);
        let stripped = metadata::strip(&bytes, &limits);
        if let Ok(stripped) = &stripped {
            prop_assert!(picture::sniff(&stripped.bytes) == Ok(stripped.format));
            let again = metadata::strip(&stripped.bytes, &limits);
            prop_assert_eq!(&again.unwrap().bytes, &stripped.bytes);
        }
        if let Ok(grey) = grey {
            prop_assert_eq!(stripped.unwrap().upright_size(), (grey.width(), grey.height()));
        } else if let Err(error) = grey {
            prop_assert!(!error.to_string().is_empty());
        }
    }
}
