//! Modules that are seen clearly and mean nothing: those under a blot, a sticker, a hole.
//!
//! A symbol's mask sees to it that no large area is of one colour. Where many neighbouring modules agree all the same,
//! something has covered them, however clear they look, and they are better given up than believed.

use super::modules::Modules;

/// How far to believe each module, by `row * side + column`: 1 where nothing speaks against it, less the larger the
/// square of one colour is in which it stands. Among data, a square of three modules is there once in 256 places by
/// chance, one of four once in 32,768.
pub(super) fn belief(modules: &Modules) -> Vec<f32> {
    let side = modules.side();
    let squares = largest_squares(modules);
    squares
        .iter()
        .enumerate()
        .map(|(index, own)| match own {
            0..=2 => {
                // At the edge of a covered area modules are covered in part.
                let (row, column) = (index / side, index % side);
                let rows = row.saturating_sub(1)..=(row + 1).min(side - 1);
                let around =
                    rows.flat_map(|y| (column.saturating_sub(1)..=(column + 1).min(side - 1)).map(move |x| (x, y)));
                let largest = around.map(|(x, y)| squares[y * side + x]).max().unwrap_or(0);
                if largest >= 5 { 0.3 } else { 1.0 }
            }
            3 => 0.25,
            4 => 0.02,
            _ => 0.01,
        })
        .collect()
}

/// Of each module, the side of the largest square of one colour that it is part of.
fn largest_squares(modules: &Modules) -> Vec<usize> {
    let side = modules.side();
    let dark = |column: usize, row: usize| modules.get(column, row) > 0.0;
    // Of the square whose last corner is this module.
    let mut ending = vec![1_usize; side * side];
    for row in 1..side {
        for column in 1..side {
            let own = dark(column, row);
            if [(column - 1, row), (column, row - 1), (column - 1, row - 1)].iter().all(|(x, y)| dark(*x, *y) == own) {
                let before = |x: usize, y: usize| ending[y * side + x];
                let least = before(column - 1, row).min(before(column, row - 1)).min(before(column - 1, row - 1));
                ending[row * side + column] = least + 1;
            }
        }
    }
    let mut largest = vec![1_usize; side * side];
    for (index, length) in ending.iter().enumerate().filter(|(_, length)| **length >= 3) {
        let (row, column) = (index / side, index % side);
        for y in row + 1 - length..=row {
            for x in column + 1 - length..=column {
                let known = &mut largest[y * side + x];
                *known = (*known).max(*length);
            }
        }
    }
    largest
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::qr::symbol::Version;

    #[test]
    fn a_covered_square_is_doubted_and_what_lies_apart_from_it_is_not() {
        let version = Version::new(2).unwrap();
        let side = version.side();
        let covered = |column: usize, row: usize| (10..15).contains(&column) && (12..17).contains(&row);
        let darkness = (0..side * side)
            .map(|index| (index % side, index / side))
            .map(|(column, row)| if covered(column, row) || (column + row) % 2 == 0 { 1.0 } else { -1.0 })
            .collect();
        let belief = belief(&Modules::new(version, darkness, 0).unwrap());
        for row in 0..side {
            for column in 0..side {
                let believed = belief[row * side + column];
                let apart = !(9..16).contains(&column) || !(11..18).contains(&row);
                assert!(!covered(column, row) || believed <= 0.01, "{column} {row} {believed}");
                assert!(!apart || believed >= 1.0, "{column} {row} {believed}");
            }
        }
    }
}
