//! From quantised coefficients to pixels: the inverse cosine transform in whole numbers (T.81, A.3.3).

/// Position in the block, row by row, of each coefficient in zigzag order (T.81, figure A.6).
const NATURAL: [u8; 64] = [
    0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27, 20, 13, 6, 7, 14, 21,
    28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51, 58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54,
    47, 55, 62, 63,
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

/// Eight rows of eight numbers.
type Rows = [[i32; 8]; 8];

/// The 8 x 8 pixels of a block that has only a DC coefficient.
#[inline(always)]
pub(super) fn flat(dc: i32) -> [[u8; 8]; 8] {
    [[level(dc.wrapping_add(4) >> 3); 8]; 8]
}

/// The 8 x 8 pixels of a block from its coefficients, multiplied by their steps and standing row by row. `last` is the
/// zigzag position of the last one that is not zero.
#[inline(always)]
pub(super) fn pixels(block: &[i32; 64], last: usize) -> [[u8; 8]; 8] {
    const FIRST: u32 = BITS - KEPT;
    // Each pass leaves a factor of the square root of 8.
    const SECOND: u32 = BITS + KEPT + 3;
    let (rows, _) = block.as_chunks::<8>();
    let Ok(rows) = <&Rows>::try_from(rows) else {
        return flat(0);
    };
    // The first ten positions of the zigzag lie in the upper left quarter.
    let columns = if last < 10 {
        let mut quarter = [[0; 4]; 4];
        for (row, from) in quarter.iter_mut().zip(rows) {
            row.copy_from_slice(&from[..4]);
        }
        let [a, b, c, d] = transpose(&half_pass::<4, FIRST>(&quarter));
        half_pass::<8, SECOND>(&[a, b, c, d])
    } else {
        pass::<SECOND>(&transpose(&pass::<FIRST>(rows)))
    };
    let mut out = [[0; 8]; 8];
    for (row, column) in out.iter_mut().zip(transpose(&columns)) {
        for (pixel, sample) in row.iter_mut().zip(column) {
            *pixel = level(sample);
        }
    }
    out
}

/// A sample is stored less 128.
#[inline(always)]
fn level(sample: i32) -> u8 {
    sample.wrapping_add(128).clamp(0, 255).to_le_bytes()[0]
}

/// One-dimensional inverse transform of all eight columns at once, rounded off by `DROP` bits (the factorisation of
/// Loeffler, Ligtenberg and Moschytz, 1989: fewer multiplications, the same sums). A damaged file may hold values for
/// which sums wrap; they give wrong pixels and nothing worse.
#[inline(always)]
fn pass<const DROP: u32>(s: &Rows) -> Rows {
    let mut out = [[0; 8]; 8];
    for x in 0..8 {
        let (sum, difference) = (s[0][x].wrapping_add(s[4][x]) << BITS, s[0][x].wrapping_sub(s[4][x]) << BITS);
        let shared = mul(s[2][x].wrapping_add(s[6][x]), C6);
        let outer = shared.wrapping_add(mul(s[2][x], C2 - C6));
        let inner = shared.wrapping_sub(mul(s[6][x], C2 + C6));
        let half = 1 << (DROP - 1);
        let even = [
            sum.wrapping_add(outer).wrapping_add(half),
            difference.wrapping_add(inner).wrapping_add(half),
            difference.wrapping_sub(inner).wrapping_add(half),
            sum.wrapping_sub(outer).wrapping_add(half),
        ];
        let (a, b, c, d) = (s[1][x], s[3][x], s[5][x], s[7][x]);
        let shared = mul(a.wrapping_add(b).wrapping_add(c).wrapping_add(d), C3);
        let ad = mul(a.wrapping_add(d), C7 - C3);
        let bc = mul(b.wrapping_add(c), -C1 - C3);
        let bd = mul(b.wrapping_add(d), -C3 - C5).wrapping_add(shared);
        let ac = mul(a.wrapping_add(c), C5 - C3).wrapping_add(shared);
        let odd = [
            mul(a, C1 + C3 - C5 - C7).wrapping_add(ad).wrapping_add(ac),
            mul(b, C1 + C3 + C5 - C7).wrapping_add(bc).wrapping_add(bd),
            mul(c, C1 + C3 - C5 + C7).wrapping_add(bc).wrapping_add(ac),
            mul(d, C3 + C5 - C1 - C7).wrapping_add(ad).wrapping_add(bd),
        ];
        for n in 0..4 {
            out[n][x] = even[n].wrapping_add(odd[n]) >> DROP;
            out[7 - n][x] = even[n].wrapping_sub(odd[n]) >> DROP;
        }
    }
    out
}

/// [`pass`] for `N` columns whose lower four coefficients are zero.
#[inline(always)]
fn half_pass<const N: usize, const DROP: u32>(s: &[[i32; N]; 4]) -> [[i32; N]; 8] {
    let mut out = [[0; N]; 8];
    for x in 0..N {
        let sum = (s[0][x] << BITS).wrapping_add(1 << (DROP - 1));
        let (outer, inner) = (mul(s[2][x], C2), mul(s[2][x], C6));
        let even = [sum.wrapping_add(outer), sum.wrapping_add(inner), sum.wrapping_sub(inner), sum.wrapping_sub(outer)];
        let (a, b) = (s[1][x], s[3][x]);
        let odd = [
            mul(a, C1).wrapping_add(mul(b, C3)),
            mul(a, C3).wrapping_sub(mul(b, C7)),
            mul(a, C5).wrapping_sub(mul(b, C1)),
            mul(a, C7).wrapping_sub(mul(b, C5)),
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
fn transpose<const N: usize>(rows: &[[i32; N]; 8]) -> [[i32; 8]; N] {
    let mut out = [[0; 8]; N];
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
    fn reference(block: &[i32; 64]) -> [[f64; 8]; 8] {
        let mut out = [[0.0; 8]; 8];
        let scale = |k: usize| if k == 0 { 0.5_f64.sqrt() } else { 1.0 };
        let wave = |n: usize, k: usize| ((2 * n + 1) as f64 * k as f64 * std::f64::consts::PI / 16.0).cos();
        for (y, row) in out.iter_mut().enumerate() {
            for (x, pixel) in row.iter_mut().enumerate() {
                let mut sum = 0.0;
                for v in 0..8 {
                    for u in 0..8 {
                        let coefficient = f64::from(block[v * 8 + u]);
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
            let mut block = [0; 64];
            let mut last = 0;
            for (zigzag, value) in values {
                block[natural(zigzag)] = value;
                last = last.max(zigzag);
            }
            let found = pixels(&block, last);
            let expected = reference(&block);
            for (found, expected) in found.iter().flatten().zip(expected.iter().flatten()) {
                prop_assert!((f64::from(*found) - expected).abs() < 1.0, "{found} {expected}");
            }
            prop_assert_eq!(pixels(&block, 63), found, "the short way and the long way differ");
        }
    }

    #[test]
    fn a_block_with_only_a_dc_coefficient_is_flat() {
        for dc in -1500..1500 {
            let mut block = [0; 64];
            block[0] = dc;
            assert_eq!(pixels(&block, 63), flat(dc), "{dc}");
        }
    }

    #[test]
    fn the_zigzag_visits_every_position_once() {
        let mut seen: Vec<usize> = (0..64).map(natural).collect();
        seen.sort_unstable();
        assert!(seen.into_iter().eq(0..64));
    }
}
