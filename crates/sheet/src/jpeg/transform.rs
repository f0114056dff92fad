//! From quantised coefficients to pixels: the inverse cosine transform (T.81, A.3.3).
//!
//! In floating point, since the smallest machines that run this multiply four such numbers at once, but not four whole ones.
//! Every operation is rounded as IEEE 754 says, so the pixels are the same everywhere.

/// Position in the block, column by column, of each coefficient in zigzag order (T.81, figure A.6, turned over).
const PLACES: [u8; 64] = [
    0, 8, 1, 2, 9, 16, 24, 17, 10, 3, 4, 11, 18, 25, 32, 40, 33, 26, 19, 12, 5, 6, 13, 20, 27, 34, 41, 48, 56, 49, 42,
    35, 28, 21, 14, 7, 15, 22, 29, 36, 43, 50, 57, 58, 51, 44, 37, 30, 23, 31, 38, 45, 52, 59, 60, 53, 46, 39, 47, 54,
    61, 62, 55, 63,
];

/// By what a coefficient of each frequency is multiplied beforehand: 1, and for the others the square root of 2 times
/// cos(k pi / 16).
const BEFOREHAND: [f32; 8] = [1.0, 1.387_039_8, 1.306_563, 1.175_875_6, 1.0, 0.785_694_96, 0.541_196_1, 0.275_899_38];

/// Where the coefficient at a zigzag position stands, column by column.
#[inline(always)]
pub(super) fn place(zigzag: usize) -> usize {
    usize::from(PLACES[zigzag & 63]) & 63
}

/// Quantisation steps in zigzag order, with what the transform wants multiplied beforehand. A product of a step and a
/// quantised coefficient has less than 27 bits; what is lost of it is far less than a shade of grey.
pub(super) fn steps(quantisation: &[u16; 64]) -> [f32; 64] {
    std::array::from_fn(|zigzag| {
        let place = place(zigzag);
        f32::from(quantisation[zigzag]) * BEFOREHAND[place / 8] * BEFOREHAND[place % 8] / 8.0
    })
}

/// Eight rows of eight numbers.
type Rows = [[f32; 8]; 8];

/// The 8 x 8 pixels of a block that has only a DC coefficient.
#[inline(always)]
pub(super) fn flat(dc: f32) -> [[u8; 8]; 8] {
    [[level(dc); 8]; 8]
}

/// The 8 x 8 pixels of a block from its coefficients, multiplied by their [`steps`] and standing in their [`place`]s. `last` is
/// the zigzag position of the last one that is not zero.
#[inline(always)]
pub(super) fn pixels(block: &[f32; 64], last: usize) -> [[u8; 8]; 8] {
    let (columns, _) = block.as_chunks::<8>();
    let Ok(columns) = <&Rows>::try_from(columns) else {
        return flat(0.0);
    };
    // The first ten positions of the zigzag lie in the upper left quarter.
    let samples = if last < 10 {
        let mut quarter = [[0.0; 4]; 4];
        for (column, from) in quarter.iter_mut().zip(columns) {
            column.copy_from_slice(&from[..4]);
        }
        half_pass(&transpose(&half_pass(&quarter)))
    } else {
        pass(&transpose(&pass(columns)))
    };
    let mut out = [[0; 8]; 8];
    for (pixels, samples) in out.iter_mut().zip(samples) {
        for (pixel, sample) in pixels.iter_mut().zip(samples) {
            *pixel = level(sample);
        }
    }
    out
}

/// A sample is stored less 128. What is no number, from a damaged file, becomes some shade.
#[inline(always)]
fn level(sample: f32) -> u8 {
    /// Added to it, a number below 256 is rounded to a whole one, which then fills the lowest bits.
    const WHOLE: f32 = 12_582_912.0;
    let light = sample + 128.0;
    let light = if light > 0.0 { light } else { 0.0 };
    let light = if light < 255.0 { light } else { 255.0 };
    (light + WHOLE).to_bits().to_le_bytes()[0]
}

/// One-dimensional inverse transform of all eight columns at once (the factorisation of Arai, Agui and Nakajima, 1988: five
/// multiplications, once the coefficients are multiplied beforehand).
#[inline(always)]
fn pass(s: &Rows) -> Rows {
    let mut out = [[0.0; 8]; 8];
    for x in 0..8 {
        let (sum, difference) = (s[0][x] + s[4][x], s[0][x] - s[4][x]);
        let outer = s[2][x] + s[6][x];
        let inner = (s[2][x] - s[6][x]) * SQRT_2 - outer;
        let even = [sum + outer, difference + inner, difference - inner, sum - outer];
        let (far, far_difference) = (s[1][x] + s[7][x], s[1][x] - s[7][x]);
        let (near, near_difference) = (s[5][x] + s[3][x], s[5][x] - s[3][x]);
        let shared = (near_difference + far_difference) * TURN;
        let odd = odd_half(
            far + near,
            (far - near) * SQRT_2,
            shared - far_difference * LESS,
            shared - near_difference * MORE,
        );
        for n in 0..4 {
            out[n][x] = even[n] + odd[n];
            out[7 - n][x] = even[n] - odd[n];
        }
    }
    out
}

/// [`pass`] for `N` columns whose lower four coefficients are zero.
#[inline(always)]
fn half_pass<const N: usize>(s: &[[f32; N]; 4]) -> [[f32; N]; 8] {
    let mut out = [[0.0; N]; 8];
    for x in 0..N {
        let outer = s[2][x];
        let inner = outer * SQRT_2 - outer;
        let even = [s[0][x] + outer, s[0][x] + inner, s[0][x] - inner, s[0][x] - outer];
        let (far, near) = (s[1][x], s[3][x]);
        let shared = (far - near) * TURN;
        let odd = odd_half(far + near, (far - near) * SQRT_2, shared - far * LESS, shared + near * MORE);
        for n in 0..4 {
            out[n][x] = even[n] + odd[n];
            out[7 - n][x] = even[n] - odd[n];
        }
    }
    out
}

/// What the odd frequencies add to the first four samples, and take from the last four.
#[inline(always)]
fn odd_half(first: f32, middle: f32, turned: f32, turned_back: f32) -> [f32; 4] {
    let second = turned_back - first;
    let third = middle - second;
    [first, second, third, turned - third]
}

const SQRT_2: f32 = std::f32::consts::SQRT_2;
/// 2 cos(pi / 8), and that times one less and one more than tan(pi / 8), as the factorisation needs them.
const TURN: f32 = 1.847_759_1;
const LESS: f32 = 1.082_392_2;
const MORE: f32 = 2.613_126;

#[inline(always)]
fn transpose<const N: usize>(rows: &[[f32; N]; 8]) -> [[f32; 8]; N] {
    let mut out = [[0.0; 8]; N];
    for (y, row) in rows.iter().enumerate() {
        for (x, &value) in row.iter().enumerate() {
            out[x][y] = value;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The definition, in floating point.
    fn reference(block: &[f32; 64]) -> [[f64; 8]; 8] {
        let mut out = [[0.0; 8]; 8];
        let scale = |k: usize| if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let wave = |n: usize, k: usize| ((2 * n + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
        for (y, row) in out.iter_mut().enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                let mut sum = 0.0;
                for v in 0..8 {
                    for u in 0..8 {
                        let coefficient = f64::from(block[u * 8 + v]);
                        sum += scale(u) * scale(v) * coefficient * wave(x, u) * wave(y, v);
                    }
                }
                *pixel = (sum / 4.0 + 128.0).clamp(0.0, 255.0);
            }
        }
        out
    }

    proptest! {
        #[test]
        fn pixels_are_those_of_the_definition(values in prop::collection::vec((0_usize..64, -1500_i32..1500), 0..20)) {
            let steps = steps(&[1; 64]);
            let (mut block, mut plain) = ([0.0; 64], [0.0; 64]);
            let mut last = 0;
            for (zigzag, value) in values {
                block[place(zigzag)] = steps[zigzag] * value as f32;
                plain[place(zigzag)] = value as f32;
                last = last.max(zigzag);
            }
            let found = pixels(&block, last);
            let expected = reference(&plain);
            for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                prop_assert!((f64::from(*found) - expected).abs() < 0.501, "{found} {expected}");
            }
            prop_assert_eq!(pixels(&block, 63), found, "the short way and the long way differ");
        }
    }

    #[test]
    fn a_block_with_only_a_dc_coefficient_is_flat() {
        for dc in -1500..1500_i16 {
            let dc = f32::from(dc) / 8.0;
            let mut block = [0.0; 64];
            block[0] = dc;
            assert_eq!(pixels(&block, 63), flat(dc), "{dc}");
        }
    }

    #[test]
    fn what_is_no_number_becomes_some_shade() {
        for sample in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY, 1e30, -1e30] {
            let _ = flat(sample);
        }
        assert_eq!((level(-1e9), level(1e9), level(-0.4), level(126.6)), (0, 255, 128, 255));
    }

    #[test]
    fn the_zigzag_visits_every_position_once() {
        let mut seen: Vec<usize> = (0..64).map(place).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..64));
    }
}
