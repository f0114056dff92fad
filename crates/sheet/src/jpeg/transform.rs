//! From quantised coefficients to pixels: the inverse cosine transform in whole numbers (T.81, A.3.3).

/// Position in the block, row by row, of each coefficient in zigzag order (T.81, figure A.6).
const NATURAL: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20,
    13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59,
    52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
];

/// Fractional bits of the constants.
const BITS: u32 = 13;
/// Fractional bits kept between the two passes.
const KEPT: u32 = 2;

// The square root of 2 times cos(k pi / 16), with BITS fractional bits.
const C1: i32 = 11_363;
const C2: i32 = 10_703;
const C3: i32 = 9_633;
const C5: i32 = 6_437;
const C6: i32 = 4_433;
const C7: i32 = 2_260;

/// Where the coefficient at a zigzag position stands, row by row.
#[inline(always)]
pub(super) fn natural(zigzag: usize) -> usize {
    usize::from(NATURAL[zigzag & 63]) & 63
}

/// The quantisation steps of a component, row by row.
pub(super) struct Steps([[i32; 8]; 8]);

type Rows = [[i32; 8]; 8];

impl Steps {
    /// `quantisation` is in zigzag order.
    pub(super) fn new(quantisation: &[u16; 64]) -> Self {
        let mut steps = [[0; 8]; 8];
        for (zigzag, &step) in quantisation.iter().enumerate() {
            let at = natural(zigzag);
            steps[at / 8][at % 8] = i32::from(step);
        }
        Self(steps)
    }

    /// The level of a block that has only a DC coefficient.
    #[inline(always)]
    pub(super) fn flat(&self, dc: i16) -> u8 {
        level((i32::from(dc).wrapping_mul(self.0[0][0]).wrapping_add(4)) >> 3)
    }

    /// The 8 x 8 pixels of a block whose coefficients stand row by row.
    pub(super) fn pixels(&self, block: &[i16; 64]) -> [[u8; 8]; 8] {
        let mut rows: Rows = [[0; 8]; 8];
        for ((row, steps), values) in rows.iter_mut().zip(&self.0).zip(block.as_chunks::<8>().0) {
            for ((out, step), value) in row.iter_mut().zip(steps).zip(values) {
                *out = step.wrapping_mul(i32::from(*value));
            }
        }
        let rows = transpose(&pass::<{ BITS - KEPT }>(&rows));
        // Each pass leaves a factor of the square root of 8.
        let rows = transpose(&pass::<{ BITS + KEPT + 3 }>(&rows));
        rows.map(|row| row.map(level))
    }
}

/// A sample is stored less 128.
#[inline(always)]
fn level(sample: i32) -> u8 {
    u8::try_from(sample.wrapping_add(128).clamp(0, 255)).unwrap_or_default()
}

/// One-dimensional inverse transform of all eight columns at once, rounded off by `DROP` bits. A damaged file may hold
/// values for which sums wrap; they give wrong pixels and nothing worse.
#[inline(always)]
fn pass<const DROP: u32>(s: &Rows) -> Rows {
    let mut out = [[0; 8]; 8];
    for x in 0..8 {
        let (sum, difference) = (
            s[0][x].wrapping_add(s[4][x]) << BITS,
            s[0][x].wrapping_sub(s[4][x]) << BITS,
        );
        let outer = mul(s[2][x], C2).wrapping_add(mul(s[6][x], C6));
        let inner = mul(s[2][x], C6).wrapping_sub(mul(s[6][x], C2));
        let half = 1 << (DROP - 1);
        let even = [
            sum.wrapping_add(outer).wrapping_add(half),
            difference.wrapping_add(inner).wrapping_add(half),
            difference.wrapping_sub(inner).wrapping_add(half),
            sum.wrapping_sub(outer).wrapping_add(half),
        ];
        let (a, b, c, d) = (s[1][x], s[3][x], s[5][x], s[7][x]);
        let odd = [
            mul(a, C1)
                .wrapping_add(mul(b, C3))
                .wrapping_add(mul(c, C5))
                .wrapping_add(mul(d, C7)),
            mul(a, C3)
                .wrapping_sub(mul(b, C7))
                .wrapping_sub(mul(c, C1))
                .wrapping_sub(mul(d, C5)),
            mul(a, C5)
                .wrapping_sub(mul(b, C1))
                .wrapping_add(mul(c, C7))
                .wrapping_add(mul(d, C3)),
            mul(a, C7)
                .wrapping_sub(mul(b, C5))
                .wrapping_add(mul(c, C3))
                .wrapping_sub(mul(d, C1)),
        ];
        for n in 0..4 {
            out[n][x] = even[n].wrapping_add(odd[n]) >> DROP;
            out[7 - n][x] = even[n].wrapping_sub(odd[n]) >> DROP;
        }
    }
    out
}

#[inline(always)]
fn mul(value: i32, constant: i32) -> i32 {
    value.wrapping_mul(constant)
}

#[inline(always)]
fn transpose(rows: &Rows) -> Rows {
    let mut out = [[0; 8]; 8];
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
    fn reference(block: &[i16; 64], step: u16) -> [[f64; 8]; 8] {
        let mut out = [[0.0; 8]; 8];
        let scale = |k: usize| if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let wave = |n: usize, k: usize| {
            ((2 * n + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos()
        };
        for (y, row) in out.iter_mut().enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                let mut sum = 0.0;
                for v in 0..8 {
                    for u in 0..8 {
                        let coefficient = f64::from(block[v * 8 + u]) * f64::from(step);
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
        fn pixels_are_those_of_the_definition(
            values in prop::collection::vec((0_usize..64, -200_i16..200), 0..20),
            step in 1_u16..8,
        ) {
            let mut block = [0; 64];
            for (at, value) in values {
                block[at] = value;
            }
            let found = Steps::new(&[step; 64]).pixels(&block);
            let expected = reference(&block, step);
            for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                prop_assert!((f64::from(*found) - expected).abs() < 1.0, "{found} {expected}");
            }
        }
    }

    #[test]
    fn a_block_with_only_a_dc_coefficient_is_flat() {
        for dc in -300..300 {
            let steps = Steps::new(&[5; 64]);
            let mut block = [0; 64];
            block[0] = dc;
            assert_eq!(steps.pixels(&block), [[steps.flat(dc); 8]; 8], "{dc}");
        }
    }

    #[test]
    fn the_zigzag_visits_every_position_once() {
        let mut seen: Vec<usize> = (0..64).map(natural).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..64));
    }
}
