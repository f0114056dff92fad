//! The commitment to a picture's pixels, step by step as `docs/ledger-format.md` defines it, from the published file. It
//! shares only the reading of coefficients and samples with the program.

#![allow(clippy::unwrap_used, dead_code, reason = "this is a part of tests, each of which uses its own part")]

use image::DynamicImage;
use sha2::{Digest, Sha256};
use testigo_sheet::jpeg::{Coefficients, Jpeg};
use testigo_sheet::picture::{Limits, Rectangle};

pub type Hash = [u8; 32];

/// What a file says of its pixels, and the bytes of each group by row and column.
pub struct Picture {
    pub head: Vec<u8>,
    pub group: (u32, u32),
    pub groups: Vec<Vec<Vec<u8>>>,
}

pub fn sha256(parts: &[&[u8]]) -> Hash {
    parts.iter().fold(Sha256::new(), |hash, part| hash.chain_update(part)).finalize().into()
}

fn head(kind: u8, (width, height): (u32, u32), orientation: u8, group: (u32, u32), order: u8) -> Vec<u8> {
    let short = |number: u32| u16::try_from(number).unwrap().to_be_bytes();
    let mut head = vec![kind];
    head.extend(width.to_be_bytes());
    head.extend(height.to_be_bytes());
    head.push(orientation);
    head.extend(short(group.0));
    head.extend(short(group.1));
    head.push(order);
    head
}

pub fn jpeg(bytes: &[u8], order: u8) -> Picture {
    let jpeg = Jpeg::parse(bytes, &Limits::default()).unwrap();
    let orientation = jpeg.orientation().number();
    let coefficients = jpeg.coefficients(&Limits::default()).unwrap();
    let (size, unit) = ((coefficients.width(), coefficients.height()), coefficients.unit_size());
    let group = ((64 / unit.0).max(1) * unit.0, unit.1);
    let mut head = head(1, size, orientation, group, order);

    // The markers of a published file stand in one order, one quantisation table a segment.
    let mut adobe = vec![0];
    let (mut jfif, mut tables, mut frame) = (0, Vec::new(), Vec::new());
    let mut at = 2;
    while bytes[at + 1] != 0xda {
        let length = usize::from(u16::from_be_bytes([bytes[at + 2], bytes[at + 3]]));
        let payload = &bytes[at + 4..at + 2 + length];
        match bytes[at + 1] {
            0xe0 => jfif = 1,
            0xee => adobe = vec![1, payload[11]],
            0xdb => tables.push(payload.to_vec()),
            0xc0 | 0xc1 => frame = payload.to_vec(),
            _ => {}
        }
        at += 2 + length;
    }
    head.push(jfif);
    head.extend(adobe);
    head.push(frame[5]);
    let parts: Vec<&[u8]> = frame[6..].chunks(3).collect();
    for part in &parts {
        head.extend([part[0], part[1] >> 4, part[1] & 15]);
        let table = tables.iter().find(|table| table[0] & 15 == part[2]).unwrap();
        match table[0] >> 4 {
            0 => table[1..].iter().for_each(|step| head.extend([0, *step])),
            _ => head.extend(&table[1..]),
        }
    }

    let (units_wide, units_high) = (size.0.div_ceil(unit.0), size.1.div_ceil(unit.1));
    let across = group.0 / unit.0;
    let groups = (0..units_high).map(|row| {
        let columns = (0..units_wide.div_ceil(across)).map(|column| {
            let units = column * across..((column + 1) * across).min(units_wide);
            units.flat_map(|unit| unit_bytes(&coefficients, &parts, unit, row)).collect()
        });
        columns.collect()
    });
    Picture { head, group, groups: groups.collect() }
}

fn unit_bytes(coefficients: &Coefficients, parts: &[&[u8]], column: u32, row: u32) -> Vec<u8> {
    let mut bytes = Vec::new();
    for (plane, part) in coefficients.planes().iter().zip(parts) {
        let (across, down) = (u32::from(part[1] >> 4), u32::from(part[1] & 15));
        for y in 0..down {
            for x in 0..across {
                let at = (row * down + y) * plane.blocks_wide + column * across + x;
                let block = plane.blocks[at as usize];
                bytes.extend(block[0].to_be_bytes());
                for place in (1..64_u8).filter(|place| block[usize::from(*place)] != 0) {
                    bytes.push(place);
                    bytes.extend(block[usize::from(place)].to_be_bytes());
                }
                bytes.push(0);
            }
        }
    }
    bytes
}

pub fn png(bytes: &[u8], order: u8) -> Picture {
    let image = image::load_from_memory(bytes).unwrap();
    let (width, height) = (image.width(), image.height());
    let mut head = head(2, (width, height), 1, (64, 16), order);
    // Bits and colour type as the file's header has them.
    let (bits, colour) = (bytes[24], bytes[25]);
    let channels = [1, 0, 3, 0, 2, 0, 4][usize::from(colour)];
    head.extend([channels, bits]);
    let groups = (0..height.div_ceil(16)).map(|row| {
        let columns = (0..width.div_ceil(64)).map(|column| {
            let mut bytes = Vec::new();
            for y in row * 16..(row * 16 + 16).min(height) {
                for x in column * 64..(column * 64 + 64).min(width) {
                    bytes.extend(sample_bytes(&image, x, y));
                }
            }
            bytes
        });
        columns.collect()
    });
    Picture { head, group: (64, 16), groups: groups.collect() }
}

fn sample_bytes(image: &DynamicImage, x: u32, y: u32) -> Vec<u8> {
    let wide = |samples: &[u16]| samples.iter().flat_map(|sample| sample.to_be_bytes()).collect();
    match image {
        DynamicImage::ImageLuma8(image) => image.get_pixel(x, y).0.to_vec(),
        DynamicImage::ImageLumaA8(image) => image.get_pixel(x, y).0.to_vec(),
        DynamicImage::ImageRgb8(image) => image.get_pixel(x, y).0.to_vec(),
        DynamicImage::ImageRgba8(image) => image.get_pixel(x, y).0.to_vec(),
        DynamicImage::ImageLuma16(image) => wide(&image.get_pixel(x, y).0),
        DynamicImage::ImageLumaA16(image) => wide(&image.get_pixel(x, y).0),
        DynamicImage::ImageRgb16(image) => wide(&image.get_pixel(x, y).0),
        DynamicImage::ImageRgba16(image) => wide(&image.get_pixel(x, y).0),
        other => panic!("no such picture is published: {:?}", other.color()),
    }
}

/// Columns and rows of groups, from and to.
type Part = [u32; 4];

impl Picture {
    fn halves(&self, [left, top, right, bottom]: Part) -> (Part, Part) {
        let power = |number: u32| number.next_power_of_two() / 2;
        let (wide, high) = (right - left, bottom - top);
        let rows_first = self.head[14] == 0;
        if high > 1 && (rows_first || wide == 1 || high * self.group.1 >= wide * self.group.0) {
            let middle = top + power(high);
            ([left, top, right, middle], [left, middle, right, bottom])
        } else {
            let middle = left + power(wide);
            ([left, top, middle, bottom], [middle, top, right, bottom])
        }
    }

    /// The digest of a part and what its opening holds, from the secret key.
    fn digest(&self, part: Part, seed: &Hash, hidden: &dyn Fn(u32, u32) -> bool) -> (Hash, Vec<u8>) {
        let [left, top, right, bottom] = part;
        let (digest, inner) = if right - left == 1 && bottom - top == 1 {
            let bytes = &self.groups[top as usize][left as usize];
            (sha256(&[&[0x12], seed, bytes]), Vec::new())
        } else {
            let (one, other) = self.halves(part);
            let (one, first) = self.digest(one, &sha256(&[&[0x10], seed]), hidden);
            let (other, second) = self.digest(other, &sha256(&[&[0x11], seed]), hidden);
            (sha256(&[&[0x13], &one, &other]), [first, second].concat())
        };
        let places = (top..bottom).flat_map(|row| (left..right).map(move |column| (column, row)));
        let hidden: Vec<bool> = places.map(|(column, row)| hidden(column, row)).collect();
        if hidden.iter().all(|hidden| !hidden) {
            (digest, seed.to_vec())
        } else if hidden.iter().all(|hidden| *hidden) {
            (digest, digest.to_vec())
        } else {
            (digest, inner)
        }
    }

    /// Root, commitment and opening of a picture of which nothing is hidden yet; `masked` is in stored pixels.
    pub fn commit(&self, key: &Hash, masked: &[Rectangle]) -> (Hash, Hash, Vec<u8>) {
        let columns = u32::try_from(self.groups[0].len()).unwrap();
        let rows = u32::try_from(self.groups.len()).unwrap();
        let hidden = |column: u32, row: u32| {
            let group = Rectangle {
                left: column * self.group.0,
                top: row * self.group.1,
                width: self.group.0,
                height: self.group.1,
            };
            masked.iter().any(|area| area.intersection(&group).is_some())
        };
        let (root, nodes) = self.digest([0, 0, columns, rows], key, &hidden);
        let commitment = sha256(&[b"testigo pixels v1\n", &self.head, &root]);
        (root, commitment, [b"testigo opening v1\n", &self.head[14..15], &nodes].concat())
    }
}
