//! Format and version information: which of the few valid words lies nearest to what is seen (ISO/IEC 18004 section
//! 7.9 and 7.10). Each stands in the symbol twice, and every module counts with its clarity.

use super::modules::Modules;
use super::symbol::Level;

/// What the format information says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Format {
    pub(super) level: Level,
    /// Data mask, 0 to 7.
    pub(super) mask: u8,
}

/// A format with how well the modules agree with it: 1 is perfect, 0 is chance, -1 is the opposite.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ranked {
    pub(super) format: Format,
    pub(super) agreement: f32,
}

/// All 32 formats, best first.
pub(super) fn formats(modules: &Modules) -> Vec<Ranked> {
    let places = format_places(modules.side());
    let mut ranked: Vec<Ranked> = (0..32_u8)
        .map(|data| {
            let word = format_word(u16::from(data));
            let format = Format { level: Level::from_bits(u16::from(data >> 3)), mask: data & 7 };
            Ranked { format, agreement: agreement(modules, &places, u32::from(word)) }
        })
        .collect();
    ranked.sort_by(|a, b| b.agreement.total_cmp(&a.agreement));
    ranked
}

/// How well the modules agree with what a symbol of this size must show whatever it holds, the finder patterns left
/// aside: timing and alignment patterns and the version areas. 1 is perfect, 0 is chance.
pub(super) fn fixed_agreement(modules: &Modules) -> f32 {
    let side = modules.side();
    let version = modules.version();
    let mut sums = (0.0, 0.0);
    for index in 8..side - 8 {
        let dark = index % 2 == 0;
        count(modules, &[(index, 6, dark), (6, index, dark)], &mut sums);
    }
    for (column, row) in version.alignment_centres() {
        for y in 0..5_usize {
            for x in 0..5_usize {
                let dark = x.abs_diff(2).max(y.abs_diff(2)) != 1;
                count(modules, &[(column + x - 2, row + y - 2, dark)], &mut sums);
            }
        }
    }
    if version.has_version_areas() {
        let word = version_word(u32::from(version.number()));
        for (column, row, bit) in version_places(side) {
            count(modules, &[(column, row, (word >> bit) & 1 == 1)], &mut sums);
        }
    }
    if sums.1 > 0.0 { sums.0 / sums.1 } else { 0.0 }
}

/// Adds the clarity of modules to the second sum, and to the first with the sign of agreement.
fn count(modules: &Modules, expected: &[(usize, usize, bool)], sums: &mut (f32, f32)) {
    for (column, row, dark) in expected {
        let darkness = modules.get(*column, *row);
        sums.0 += if *dark { darkness } else { -darkness };
        sums.1 += darkness.abs();
    }
}

/// How well the modules agree with a word, from -1 to 1.
fn agreement(modules: &Modules, places: &[(usize, usize, u32)], word: u32) -> f32 {
    let mut sums = (0.0, 0.0);
    for (column, row, bit) in places {
        count(modules, &[(*column, *row, (word >> bit) & 1 == 1)], &mut sums);
    }
    if sums.1 > 0.0 { sums.0 / sums.1 } else { 0.0 }
}

/// `(column, row, bit)` of both copies of the format information; bit 0 is the lowest.
fn format_places(side: usize) -> Vec<(usize, usize, u32)> {
    let mut places = Vec::with_capacity(30);
    for bit in 0..15_u32 {
        let index = bit as usize;
        places.push(match index {
            0..=5 => (8, index, bit),
            6 => (8, 7, bit),
            7 => (8, 8, bit),
            8 => (7, 8, bit),
            _ => (14 - index, 8, bit),
        });
        places.push(if index < 8 { (side - 1 - index, 8, bit) } else { (8, side - 15 + index, bit) });
    }
    places
}

/// `(column, row, bit)` of both copies of the version information.
fn version_places(side: usize) -> Vec<(usize, usize, u32)> {
    let mut places = Vec::with_capacity(36);
    for bit in 0..18_u32 {
        let (long, short) = (side - 11 + bit as usize % 3, bit as usize / 3);
        places.push((long, short, bit));
        places.push((short, long, bit));
    }
    places
}

/// The 15 bits for five bits of data: remainder by x^10 + x^8 + x^5 + x^4 + x^2 + x + 1, then the fixed mask.
fn format_word(data: u16) -> u16 {
    let mut remainder = data;
    for _ in 0..10 {
        remainder = (remainder << 1) ^ if (remainder >> 9) & 1 == 1 { 0x537 } else { 0 };
    }
    ((data << 10) | (remainder & 0x3ff)) ^ 0x5412
}

/// The 18 bits for six bits of version: remainder by x^12 + x^11 + x^10 + x^9 + x^8 + x^5 + x^2 + 1.
fn version_word(version: u32) -> u32 {
    let mut remainder = version;
    for _ in 0..12 {
        remainder = (remainder << 1) ^ if (remainder >> 11) & 1 == 1 { 0x1f25 } else { 0 };
    }
    (version << 12) | (remainder & 0xfff)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_those_of_the_standard() {
        assert_eq!(format_word(0b00_101), 0b100_0000_1100_1110);
        assert_eq!(format_word(0b01_000), 0b111_0111_1100_0100);
        assert_eq!(version_word(7), 0b00_0111_1100_1001_0100);
        assert_eq!(version_word(40), 0b10_1000_1100_0110_1001);
    }

    #[test]
    fn words_lie_apart() {
        for a in 0..32 {
            for b in 0..a {
                assert!((format_word(a) ^ format_word(b)).count_ones() >= 5, "{a} {b}");
            }
        }
        for a in 7..=40 {
            for b in 7..a {
                assert!((version_word(a) ^ version_word(b)).count_ones() >= 8, "{a} {b}");
            }
        }
    }
}
