//! Grey baseline JPEG (ITU-T T.81) written with arithmetic that every machine does alike, so that a drawn sheet has the
//! same bytes and thus the same hash wherever it was made.

use super::numbers::{coordinate, grey, index, signed};
use crate::picture::GreyPicture;

/// Why a picture cannot be stored as JPEG.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a JPEG file holds 1 to 65535 pixels a side, this picture has {width} x {height}; scale it down first")]
pub struct JpegSizeError {
    /// Width of the picture in pixels.
    pub width: u32,
    /// Height of the picture in pixels.
    pub height: u32,
}

/// A grey picture as a JPEG file of quality 1 (worst) to 100 (best), on the scale that the Independent JPEG Group's
/// programs made common.
///
/// # Errors
/// [`JpegSizeError`] when a side has no pixel or more than 65535.
pub fn encode_jpeg(picture: &GreyPicture, quality: u8) -> Result<Vec<u8>, JpegSizeError> {
    let error = JpegSizeError { width: picture.width(), height: picture.height() };
    let width = u16::try_from(picture.width()).map_err(|_| error)?;
    let height = u16::try_from(picture.height()).map_err(|_| error)?;
    if width == 0 || height == 0 {
        return Err(error);
    }
    let steps = quantisation(quality);
    let mut file = header(width, height, &steps);
    let transform = Transform::new(&steps);
    let mut writer = Writer::new(&mut file);
    let mut previous = 0;
    for_each_block(picture, |_, _, samples| {
        let coefficients = transform.forward(samples);
        previous = writer.block(&coefficients, previous);
    });
    writer.finish();
    file.extend_from_slice(&[0xFF, 0xD9]);
    Ok(file)
}

/// What is left of a picture after it was stored as JPEG of that quality and opened again.
pub(super) fn recompress(picture: &GreyPicture, quality: u8) -> Vec<u8> {
    let steps = quantisation(quality);
    let transform = Transform::new(&steps);
    let (width, height) = (index(signed(picture.width())), index(signed(picture.height())));
    let mut pixels = picture.pixels().to_vec();
    for_each_block(picture, |left, top, samples| {
        let restored = inverse(&transform.forward(samples), &steps);
        for (y, line) in (top..height).zip(restored) {
            for (x, sample) in (left..width).zip(line) {
                if let Some(pixel) = pixels.get_mut(y * width + x) {
                    *pixel = grey(sample + 128.0);
                }
            }
        }
    });
    pixels
}

type Samples = [[f32; 8]; 8];
/// Quantised coefficients in zigzag order, and which of them are not zero.
type Coefficients = ([i16; 64], u64);

/// Calls `visit` for every block of 8 x 8 pixels, centred on zero, from the top left; at the right and at the foot the
/// last column and row are repeated to fill a block.
fn for_each_block(picture: &GreyPicture, mut visit: impl FnMut(usize, usize, &Samples)) {
    let (width, height) = (index(signed(picture.width())), index(signed(picture.height())));
    let pixels = picture.pixels();
    for top in (0..height).step_by(8) {
        for left in (0..width).step_by(8) {
            let mut samples = [[0.0; 8]; 8];
            for (y, line) in (top..).zip(&mut samples) {
                let row = pixels.get(y.min(height - 1) * width..).unwrap_or_default();
                if let Some(whole) = row.get(left..left + 8).filter(|_| left + 8 <= width) {
                    for (sample, pixel) in line.iter_mut().zip(whole) {
                        *sample = f32::from(*pixel) - 128.0;
                    }
                } else {
                    for (x, sample) in (left..).zip(line) {
                        *sample = f32::from(row.get(x.min(width - 1)).copied().unwrap_or_default()) - 128.0;
                    }
                }
            }
            visit(left, top, &samples);
        }
    }
}

/// Row by row positions in the order in which coefficients are stored (T.81, figure A.6).
const ZIGZAG: [usize; 64] = zigzag();

const fn zigzag() -> [usize; 64] {
    let mut order = [0; 64];
    let (mut row, mut column, mut at) = (0_usize, 0_usize, 0_usize);
    while at < 64 {
        order[at] = row * 8 + column;
        at += 1;
        if (row + column).is_multiple_of(2) {
            if column == 7 {
                row += 1;
            } else if row == 0 {
                column += 1;
            } else {
                row -= 1;
                column += 1;
            }
        } else if row == 7 {
            column += 1;
        } else if column == 0 {
            row += 1;
        } else {
            row += 1;
            column -= 1;
        }
    }
    order
}

/// Quantisation steps for brightness, row by row (T.81, table K.1).
const STEPS: [u16; 64] = [
    16, 11, 10, 16, 24, 40, 51, 61, //
    12, 12, 14, 19, 26, 58, 60, 55, //
    14, 13, 16, 24, 40, 57, 69, 56, //
    14, 17, 22, 29, 51, 87, 80, 62, //
    18, 22, 37, 56, 68, 109, 103, 77, //
    24, 35, 55, 64, 81, 104, 113, 92, //
    49, 64, 78, 87, 103, 121, 120, 101, //
    72, 92, 95, 98, 112, 100, 103, 99,
];

fn quantisation(quality: u8) -> [u8; 64] {
    let quality = u16::from(quality.clamp(1, 100));
    let percent = if quality < 50 { 5000 / quality } else { 200 - 2 * quality };
    STEPS.map(|step| {
        let scaled = (u32::from(step) * u32::from(percent) + 50) / 100;
        u8::try_from(scaled.clamp(1, 255)).unwrap_or(u8::MAX)
    })
}

/// The cosine transform and quantisation of one block.
struct Transform {
    /// For each position of the transposed block, what its coefficient is multiplied with.
    scale: Samples,
}

impl Transform {
    fn new(steps: &[u8; 64]) -> Self {
        // The fast transform leaves each coefficient multiplied by these, down and across.
        const LEFT_OVER: [f32; 8] =
            [1.0, 1.387_039_8, 1.306_563, 1.175_875_6, 1.0, 0.785_694_96, 0.541_196_1, 0.275_899_38];
        let mut scale = [[0.0; 8]; 8];
        for (u, line) in scale.iter_mut().enumerate() {
            for (v, cell) in line.iter_mut().enumerate() {
                *cell = 1.0 / (8.0 * LEFT_OVER[u] * LEFT_OVER[v] * f32::from(steps[v * 8 + u]));
            }
        }
        Self { scale }
    }

    fn forward(&self, samples: &Samples) -> Coefficients {
        let across = transpose(&fast_cosine(samples));
        let transformed = fast_cosine(&across);
        let mut rounded = [0_i16; 64];
        for ((line, scale), out) in transformed.iter().zip(&self.scale).zip(rounded.chunks_exact_mut(8)) {
            for ((value, scale), out) in line.iter().zip(scale).zip(out) {
                *out = nearest(value * scale);
            }
        }
        let mut ordered = [0_i16; 64];
        let mut present = 0;
        for (at, position) in ZIGZAG.into_iter().enumerate() {
            // `transformed` is transposed: its lines are columns of the block.
            let value = rounded[(position % 8) * 8 + position / 8];
            ordered[at] = value;
            present |= u64::from(value != 0) << at;
        }
        (ordered, present)
    }
}

/// The nearest whole number. Adding 1.5 x 2^23 leaves the whole part in the low bits of the float, which is faster
/// than a saturating conversion; coefficients of 8-bit samples stay within 11 bits.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "the low 16 bits are the number in question"
)]
fn nearest(value: f32) -> i16 {
    (value + 12_582_912.0).to_bits() as u16 as i16
}

fn transpose(block: &Samples) -> Samples {
    let mut turned = [[0.0; 8]; 8];
    for (y, line) in block.iter().enumerate() {
        for (x, value) in line.iter().enumerate() {
            turned[x][y] = *value;
        }
    }
    turned
}

/// The transform of Arai, Agui and Nakajima (1988) down all eight columns at once.
fn fast_cosine(block: &Samples) -> Samples {
    let plus = |a: [f32; 8], b: [f32; 8]| std::array::from_fn::<f32, 8, _>(|i| a[i] + b[i]);
    let minus = |a: [f32; 8], b: [f32; 8]| std::array::from_fn::<f32, 8, _>(|i| a[i] - b[i]);
    let times = |a: [f32; 8], factor: f32| a.map(|value| value * factor);
    let [a, b, c, d, e, f, g, h] = *block;
    let (outer, inner) = (plus(plus(a, h), plus(d, e)), plus(plus(b, g), plus(c, f)));
    let outer_difference = minus(plus(a, h), plus(d, e));
    let turned = times(plus(minus(plus(b, g), plus(c, f)), outer_difference), 0.707_106_77);
    let (last, first) = (minus(d, e), minus(a, h));
    let low = plus(last, minus(c, f));
    let middle = times(plus(minus(c, f), minus(b, g)), 0.707_106_77);
    let high = plus(minus(b, g), first);
    let shared = times(minus(low, high), 0.382_683_43);
    let low = plus(times(low, 0.541_196_1), shared);
    let high = plus(times(high, 1.306_563), shared);
    let (sum, difference) = (plus(first, middle), minus(first, middle));
    [
        plus(outer, inner),
        plus(sum, high),
        plus(outer_difference, turned),
        minus(difference, low),
        minus(outer, inner),
        plus(difference, low),
        minus(outer_difference, turned),
        minus(sum, high),
    ]
}

/// Back from quantised coefficients to samples, by the definition (T.81, A.3.3).
fn inverse((coefficients, _): &Coefficients, steps: &[u8; 64]) -> Samples {
    // Half the cosine of 0 to 7 sixteenths of a half turn; the first stands for the constant term, by T.81's factor.
    const HALF_COSINES: [f32; 8] =
        [0.353_553_39, 0.490_392_64, 0.461_939_77, 0.415_734_8, 0.353_553_39, 0.277_785_12, 0.191_341_72, 0.097_545_16];
    let basis = |frequency: usize, at: usize| {
        if frequency == 0 {
            return HALF_COSINES[0];
        }
        // The angle in sixteenths of a half turn, folded into the first quarter turn.
        let angle = frequency * (2 * at + 1) % 32;
        let angle = if angle > 16 { 32 - angle } else { angle };
        match angle {
            0 => 0.5,
            8 => 0.0,
            1..8 => HALF_COSINES[angle],
            16 => -0.5,
            _ => -HALF_COSINES[16 - angle],
        }
    };
    let mut values = [[0.0; 8]; 8];
    for (coefficient, position) in coefficients.iter().zip(ZIGZAG) {
        values[position / 8][position % 8] = f32::from(*coefficient) * f32::from(steps[position]);
    }
    let bases: Samples = std::array::from_fn(|frequency| std::array::from_fn(|at| basis(frequency, at)));
    let half = |block: &Samples| -> Samples {
        std::array::from_fn(|y| {
            let mut sums = [0.0; 8];
            for (frequency, line) in block.iter().enumerate() {
                let factor = bases[frequency][y];
                for (sum, value) in sums.iter_mut().zip(line) {
                    *sum += factor * value;
                }
            }
            sums
        })
    };
    transpose(&half(&transpose(&half(&values))))
}

/// A Huffman table: how many codes there are of each length from 1 bit, and their values (T.81, annex K.3).
struct Table {
    lengths: [u8; 16],
    values: &'static [u8],
}

const CONSTANT_TERMS: Table = Table {
    lengths: [0, 1, 5, 1, 1, 1, 1, 1, 1, 0, 0, 0, 0, 0, 0, 0],
    values: &[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11],
};

const OTHER_TERMS: Table = Table {
    lengths: [0, 2, 1, 3, 3, 2, 4, 3, 5, 5, 4, 4, 0, 0, 1, 125],
    values: &[
        0x01, 0x02, 0x03, 0x00, 0x04, 0x11, 0x05, 0x12, 0x21, 0x31, 0x41, 0x06, 0x13, 0x51, 0x61, 0x07, 0x22,
        0x71, //
        0x14, 0x32, 0x81, 0x91, 0xA1, 0x08, 0x23, 0x42, 0xB1, 0xC1, 0x15, 0x52, 0xD1, 0xF0, 0x24, 0x33, 0x62,
        0x72, //
        0x82, 0x09, 0x0A, 0x16, 0x17, 0x18, 0x19, 0x1A, 0x25, 0x26, 0x27, 0x28, 0x29, 0x2A, 0x34, 0x35, 0x36,
        0x37, //
        0x38, 0x39, 0x3A, 0x43, 0x44, 0x45, 0x46, 0x47, 0x48, 0x49, 0x4A, 0x53, 0x54, 0x55, 0x56, 0x57, 0x58,
        0x59, //
        0x5A, 0x63, 0x64, 0x65, 0x66, 0x67, 0x68, 0x69, 0x6A, 0x73, 0x74, 0x75, 0x76, 0x77, 0x78, 0x79, 0x7A,
        0x83, //
        0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8A, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9A, 0xA2,
        0xA3, //
        0xA4, 0xA5, 0xA6, 0xA7, 0xA8, 0xA9, 0xAA, 0xB2, 0xB3, 0xB4, 0xB5, 0xB6, 0xB7, 0xB8, 0xB9, 0xBA, 0xC2,
        0xC3, //
        0xC4, 0xC5, 0xC6, 0xC7, 0xC8, 0xC9, 0xCA, 0xD2, 0xD3, 0xD4, 0xD5, 0xD6, 0xD7, 0xD8, 0xD9, 0xDA, 0xE1,
        0xE2, //
        0xE3, 0xE4, 0xE5, 0xE6, 0xE7, 0xE8, 0xE9, 0xEA, 0xF1, 0xF2, 0xF3, 0xF4, 0xF5, 0xF6, 0xF7, 0xF8, 0xF9, 0xFA,
    ],
};

/// The code of each value and its length in bits.
const fn codes(table: &Table) -> [(u32, u8); 256] {
    let mut codes = [(0, 0); 256];
    let (mut code, mut at, mut bits) = (0_u32, 0_usize, 0_u8);
    while bits < 16 {
        let mut left = table.lengths[bits as usize];
        while left > 0 {
            codes[table.values[at] as usize] = (code, bits + 1);
            code += 1;
            at += 1;
            left -= 1;
        }
        code <<= 1;
        bits += 1;
    }
    codes
}

static CONSTANT_CODES: [(u32, u8); 256] = codes(&CONSTANT_TERMS);
static OTHER_CODES: [(u32, u8); 256] = codes(&OTHER_TERMS);

/// Everything before the compressed samples (T.81, annex B.2).
fn header(width: u16, height: u16, steps: &[u8; 64]) -> Vec<u8> {
    // Start of image; JFIF 1.1 without density or thumbnail.
    let mut file = vec![0xFF, 0xD8, 0xFF, 0xE0, 0, 16, b'J', b'F', b'I', b'F', 0, 1, 1, 0, 0, 1, 0, 1, 0, 0];
    file.extend_from_slice(&[0xFF, 0xDB, 0, 67, 0]);
    file.extend(ZIGZAG.map(|position| steps[position]));
    file.extend_from_slice(&[0xFF, 0xC0, 0, 11, 8]);
    file.extend_from_slice(&height.to_be_bytes());
    file.extend_from_slice(&width.to_be_bytes());
    file.extend_from_slice(&[1, 1, 0x11, 0]);
    for (class, table) in [(0x00, &CONSTANT_TERMS), (0x10, &OTHER_TERMS)] {
        let length = u16::try_from(19 + table.values.len()).unwrap_or(u16::MAX);
        file.extend_from_slice(&[0xFF, 0xC4]);
        file.extend_from_slice(&length.to_be_bytes());
        file.push(class);
        file.extend_from_slice(&table.lengths);
        file.extend_from_slice(table.values);
    }
    file.extend_from_slice(&[0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0]);
    file
}

/// Bits on their way into the file.
struct Writer<'a> {
    file: &'a mut Vec<u8>,
    pending: u64,
    count: u32,
}

impl<'a> Writer<'a> {
    fn new(file: &'a mut Vec<u8>) -> Self {
        Self { file, pending: 0, count: 0 }
    }

    /// Appends the low `count` bits of `bits`, at most 27 of them.
    fn put(&mut self, bits: u32, count: u8) {
        self.pending = (self.pending << count) | u64::from(bits);
        self.count += u32::from(count);
        if self.count >= 32 {
            self.count -= 32;
            let whole = (self.pending >> self.count).to_be_bytes();
            let [_, _, _, _, bytes @ ..] = whole;
            if bytes.contains(&0xFF) {
                for byte in bytes {
                    self.byte(byte);
                }
            } else {
                self.file.extend_from_slice(&bytes);
            }
        }
    }

    /// A byte of all ones would look like a marker, so a zero follows it (T.81, F.1.2.3).
    fn byte(&mut self, byte: u8) {
        self.file.push(byte);
        if byte == 0xFF {
            self.file.push(0);
        }
    }

    /// One block, its constant term as the difference from the `previous` block's, which is given back.
    fn block(&mut self, (coefficients, present): &Coefficients, previous: i16) -> i16 {
        let constant = coefficients[0];
        self.value(&CONSTANT_CODES, 0, constant - previous);
        let mut left = present & !1;
        let mut last = 0;
        while left != 0 {
            let at = left.trailing_zeros();
            left &= left - 1;
            let mut zeros = at - last - 1;
            while zeros > 15 {
                let (code, length) = OTHER_CODES[0xF0];
                self.put(code, length);
                zeros -= 16;
            }
            self.value(&OTHER_CODES, zeros, coefficients[index(coordinate(at as usize))]);
            last = at;
        }
        if last != 63 {
            let (code, length) = OTHER_CODES[0x00];
            self.put(code, length);
        }
        constant
    }

    /// The code for a run of zeros and the size of the value after it, then the value's own bits (T.81, F.1.2).
    fn value(&mut self, codes: &[(u32, u8); 256], zeros: u32, value: i16) {
        let size = 16 - value.unsigned_abs().leading_zeros();
        let (code, length) = codes[(zeros * 16 + size) as usize & 0xFF];
        let own = if value < 0 { i32::from(value) - 1 } else { i32::from(value) };
        let mask = (1_u32 << size) - 1;
        let size = u8::try_from(size).unwrap_or_default();
        self.put((code << size) | (own.cast_unsigned() & mask), length + size);
    }

    fn finish(&mut self) {
        let rest = (8 - self.count % 8) % 8;
        self.pending = (self.pending << rest) | ((1 << rest) - 1);
        self.count += rest;
        while self.count > 0 {
            self.count -= 8;
            let [.., byte] = (self.pending >> self.count).to_be_bytes();
            self.byte(byte);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::draw::random::Random;

    fn gradient_with_noise(width: u32, height: u32) -> GreyPicture {
        let mut random = Random::new(3, "test");
        let pixels = (0..width * height)
            .map(|at| grey((at % width) as f32 + (at / width) as f32 + random.range(-20.0, 20.0)))
            .collect();
        GreyPicture::new(width, height, pixels).unwrap()
    }

    fn mean_difference(one: &[u8], other: &[u8]) -> f32 {
        assert_eq!(one.len(), other.len());
        let sum: u32 = one.iter().zip(other).map(|(one, other)| u32::from(one.abs_diff(*other))).sum();
        sum as f32 / one.len() as f32
    }

    #[test]
    fn another_decoder_sees_the_picture_again() {
        for (width, height) in [(1, 1), (8, 8), (9, 7), (70, 33), (131, 64)] {
            let picture = gradient_with_noise(width, height);
            let file = encode_jpeg(&picture, 97).unwrap();
            let decoded = image::load_from_memory_with_format(&file, image::ImageFormat::Jpeg).unwrap().into_luma8();
            assert_eq!((decoded.width(), decoded.height()), (width, height));
            let difference = mean_difference(decoded.as_raw(), picture.pixels());
            assert!(difference < 1.5, "{width} x {height}: {difference}");
        }
    }

    #[test]
    fn recompressing_gives_what_another_decoder_gives() {
        for quality in [5, 10, 30, 75, 100] {
            let picture = gradient_with_noise(70, 33);
            let file = encode_jpeg(&picture, quality).unwrap();
            let decoded = image::load_from_memory_with_format(&file, image::ImageFormat::Jpeg).unwrap().into_luma8();
            let difference = mean_difference(decoded.as_raw(), &recompress(&picture, quality));
            assert!(difference < 0.3, "quality {quality}: {difference}");
        }
    }

    #[test]
    fn lower_quality_makes_a_smaller_file() {
        let picture = gradient_with_noise(120, 120);
        let sizes: Vec<usize> = [95, 75, 40, 10].map(|quality| encode_jpeg(&picture, quality).unwrap().len()).into();
        assert!(sizes.is_sorted_by(|one, next| one > next), "{sizes:?}");
    }

    #[test]
    fn a_picture_no_jpeg_can_hold_is_refused() {
        let wide = GreyPicture::new(65_536, 1, vec![0; 65_536]).unwrap();
        assert_eq!(encode_jpeg(&wide, 80), Err(JpegSizeError { width: 65_536, height: 1 }));
        assert!(encode_jpeg(&GreyPicture::new(0, 4, Vec::new()).unwrap(), 80).is_err());
    }
}
