//! From outlines or tiles to shapes on a drawing of a fixed width, small enough for a page.

use std::fmt::Write;

use testigo_count::geography::UnitIndex;

use super::boundaries::{Outline, Ring};
use super::tiles::Tile;

/// The drawing is so wide; its height follows.
pub const WIDTH: u32 = 600;

/// A drawing has no more points than this: the grid to which they are moved is made coarser until it holds.
const MOST_POINTS: usize = 6_000;

/// Grids that are tried, in units of the drawing.
const GRIDS: [f64; 6] = [1.0, 1.5, 2.0, 3.0, 5.0, 8.0];

/// Gap between tiles, of their size in hundredths.
const GAP: u32 = 6;

/// A map before it is coloured.
#[derive(Debug, PartialEq, Eq)]
pub struct Picture {
    /// In the order of the units.
    pub shapes: Vec<Shape>,
    /// Of the drawing.
    pub height: u32,
}

/// One unit on it.
#[derive(Debug, PartialEq, Eq)]
pub struct Shape {
    /// Which.
    pub unit: UnitIndex,
    /// Its form.
    pub form: Form,
    /// Where a label may stand, its middle.
    pub middle: (i32, i32),
    /// Room for a label, width and height.
    pub room: (u32, u32),
    /// A label of the tile file.
    pub label: Option<String>,
}

/// How a unit is drawn.
#[derive(Debug, PartialEq, Eq)]
pub enum Form {
    /// An SVG path.
    Path(String),
    /// A square: left, top, side.
    Tile(u32, u32, u32),
}

impl Picture {
    /// Outlines, as they lie on a sphere seen from above their middle, good enough for a country.
    #[must_use]
    pub fn of_outlines(outlines: &[(UnitIndex, &Outline)]) -> Self {
        let points = || outlines.iter().flat_map(|(_, outline)| outline.rings.iter().flatten());
        let fold = |first: f64, at: usize, pick: fn(f64, f64) -> f64| points().map(|point| point[at]).fold(first, pick);
        let (west, east) = (fold(f64::MAX, 0, f64::min), fold(f64::MIN, 0, f64::max));
        let (south, north) = (fold(f64::MAX, 1, f64::min), fold(f64::MIN, 1, f64::max));
        let narrow = f64::midpoint(south, north).to_radians().cos().max(0.05);
        let (wide, high) = (((east - west) * narrow).max(1e-9), (north - south).max(1e-9));
        // A tall country is not drawn wider than the page is high.
        let scale = (f64::from(WIDTH) / wide).min(f64::from(WIDTH) * 1.15 / high);
        let left = (f64::from(WIDTH) - wide * scale) / 2.0;
        let place =
            |[longitude, latitude]: [f64; 2]| (left + (longitude - west) * narrow * scale, (north - latitude) * scale);
        let mut shapes = Vec::new();
        for grid in GRIDS {
            shapes = outlines.iter().map(|(unit, outline)| shape(*unit, outline, grid, place)).collect::<Vec<_>>();
            if shapes.iter().map(|(_, points)| points).sum::<usize>() <= MOST_POINTS {
                break;
            }
        }
        let height = u32::try_from(whole(high * scale)).unwrap_or(WIDTH).max(1);
        Self { shapes: shapes.into_iter().map(|(shape, _)| shape).collect(), height }
    }

    /// Tiles at their places.
    #[must_use]
    pub fn of_tiles(tiles: &[(UnitIndex, &Tile)]) -> Self {
        let columns = tiles.iter().map(|(_, tile)| u32::from(tile.column) + 1).max().unwrap_or(1);
        let rows = tiles.iter().map(|(_, tile)| u32::from(tile.row) + 1).max().unwrap_or(1);
        let side = WIDTH / columns;
        let shapes = tiles.iter().map(|(unit, tile)| {
            square(*unit, u32::from(tile.column), u32::from(tile.row), side, Some(tile.label.clone()))
        });
        Self { shapes: shapes.collect(), height: rows * side }
    }

    /// Tiles in rows, in the order of the units.
    #[must_use]
    pub fn in_order(units: &[UnitIndex]) -> Self {
        let number = u32::try_from(units.len()).unwrap_or(u32::MAX).max(1);
        // Somewhat wider than high.
        let columns = (number.isqrt() * 8 / 5).clamp(6, 60).min(number.max(6));
        let side = WIDTH / columns;
        let shapes = (0..).zip(units).map(|(at, unit)| square(*unit, at % columns, at / columns, side, None));
        Self { shapes: shapes.collect(), height: number.div_ceil(columns) * side }
    }
}

fn square(unit: UnitIndex, column: u32, row: u32, side: u32, label: Option<String>) -> Shape {
    let inner = side - (side * GAP / 100).max(1);
    let (left, top) = (column * side, row * side);
    let middle = (signed(left + inner / 2), signed(top + inner / 2));
    Shape { unit, form: Form::Tile(left, top, inner), middle, room: (inner, inner), label }
}

fn signed(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}

#[allow(clippy::cast_possible_truncation, reason = "a drawing is a few hundred units wide")]
fn whole(number: f64) -> i32 {
    number.round() as i32
}

/// One unit's path with the number of its points. Neighbours share their points, and shared points are moved to the
/// same place of the grid: no gap opens between them.
fn shape(unit: UnitIndex, outline: &Outline, grid: f64, place: impl Fn([f64; 2]) -> (f64, f64)) -> (Shape, usize) {
    let snap = |ring: &Ring| {
        let mut points: Vec<(i32, i32)> = Vec::with_capacity(ring.len());
        for point in ring {
            let (x, y) = place(*point);
            let at = (whole((x / grid).round() * grid), whole((y / grid).round() * grid));
            if points.last() != Some(&at) {
                points.push(at);
            }
        }
        while points.len() > 1 && points.first() == points.last() {
            points.pop();
        }
        straightened(points)
    };
    let mut rings: Vec<Vec<(i32, i32)>> = outline.rings.iter().map(snap).filter(|ring| ring.len() >= 3).collect();
    if rings.is_empty() {
        // Too small to be seen: a dot, so that it can still be found.
        let (x, y) = outline.rings.first().and_then(|ring| ring.first()).map_or((0.0, 0.0), |point| place(*point));
        let (x, y) = (whole(x), whole(y));
        rings.push(vec![(x - 2, y - 2), (x + 2, y - 2), (x + 2, y + 2), (x - 2, y + 2)]);
    }
    let points = rings.iter().map(Vec::len).sum();
    let mut path = String::new();
    for ring in &rings {
        let (mut x, mut y) = ring[0];
        let _ = write!(path, "M{x} {y}l");
        for (at, (to_x, to_y)) in ring.iter().enumerate().skip(1) {
            let (right, down) = (to_x - x, to_y - y);
            let gap = if at > 1 && right >= 0 { " " } else { "" };
            let _ = if down < 0 { write!(path, "{gap}{right}{down}") } else { write!(path, "{gap}{right} {down}") };
            (x, y) = (*to_x, *to_y);
        }
        path.push('z');
    }
    let largest = rings.iter().max_by_key(|ring| doubled_area(ring).abs()).map_or(&[][..], Vec::as_slice);
    let (middle, room) = label_place(largest);
    (Shape { unit, form: Form::Path(path), middle, room, label: None }, points)
}

/// Without the points that lie on a straight line between their neighbours.
fn straightened(points: Vec<(i32, i32)>) -> Vec<(i32, i32)> {
    if points.len() < 4 {
        return points;
    }
    let number = points.len();
    (0..number)
        .filter(|at| {
            let (before, here, after) = (points[(at + number - 1) % number], points[*at], points[(at + 1) % number]);
            (here.0 - before.0) * (after.1 - here.1) != (after.0 - here.0) * (here.1 - before.1)
        })
        .map(|at| points[at])
        .collect()
}

fn doubled_area(ring: &[(i32, i32)]) -> i64 {
    (0..ring.len())
        .map(|at| {
            let (one, other) = (ring[at], ring[(at + 1) % ring.len()]);
            i64::from(one.0) * i64::from(other.1) - i64::from(other.0) * i64::from(one.1)
        })
        .sum()
}

/// The middle of the longest horizontal stretch through the ring's inside near its middle, and the room there.
fn label_place(ring: &[(i32, i32)]) -> ((i32, i32), (u32, u32)) {
    let top = ring.iter().map(|point| point.1).min().unwrap_or(0);
    let bottom = ring.iter().map(|point| point.1).max().unwrap_or(0);
    let mut best = ((ring.first().map_or(0, |point| point.0), top), 0);
    for part in 3..=7 {
        let y = top + (bottom - top) * part / 10;
        let mut crossings: Vec<i32> = (0..ring.len())
            .filter_map(|at| {
                let (one, other) = (ring[at], ring[(at + 1) % ring.len()]);
                let crosses = (one.1 <= y) != (other.1 <= y);
                crosses.then(|| one.0 + (other.0 - one.0) * (y - one.1) / (other.1 - one.1))
            })
            .collect();
        crossings.sort_unstable();
        for pair in crossings.chunks_exact(2) {
            if pair[1] - pair[0] > best.1 {
                best = (((pair[0] + pair[1]) / 2, y), pair[1] - pair[0]);
            }
        }
    }
    (best.0, (best.1.unsigned_abs(), bottom.abs_diff(top)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_keep_their_common_border_however_coarse_the_grid() {
        // A wavy border between two units, with far more points than a drawing holds.
        let border: Vec<[f64; 2]> = (0..=9_000)
            .map(|at| {
                let at = f64::from(at) / 9_000.0;
                [1.0 + (at * 40.0).sin() / 9.0, at]
            })
            .collect();
        let mut left = vec![[0.0, 1.0], [0.0, 0.0]];
        left.extend(&border);
        let mut right = vec![[2.0, 0.0], [2.0, 1.0]];
        right.extend(border.iter().rev());
        let outlines = [Outline { rings: vec![left] }, Outline { rings: vec![right] }];
        let place = |[x, y]: [f64; 2]| (x * 300.0, (1.0 - y) * 300.0);
        for grid in GRIDS {
            let drawn = outlines.each_ref().map(|outline| corners(&shape(UnitIndex::WHOLE, outline, grid, place).0));
            let sum: i64 = drawn.iter().map(|ring| doubled_area(ring).abs()).sum();
            let all = 2 * 600 * 300;
            assert!((sum - all).abs() <= all / 50, "grid {grid}: {sum} of {all}");
            let inner = |ring: &Vec<(i32, i32)>| {
                ring.iter()
                    .copied()
                    .filter(|(x, y)| (1..599).contains(x) && (9..291).contains(y))
                    .collect::<std::collections::BTreeSet<_>>()
            };
            assert_eq!(inner(&drawn[0]), inner(&drawn[1]), "grid {grid}");
        }
    }

    /// The points of a drawn path of one ring.
    fn corners(shape: &Shape) -> Vec<(i32, i32)> {
        let Form::Path(path) = &shape.form else { panic!("no path") };
        let spaced = path.replace('-', " -").replace(['M', 'l', 'z'], " ");
        let numbers: Vec<i32> = spaced.split_whitespace().map(|number| number.parse().unwrap()).collect();
        let mut at = (0, 0);
        numbers
            .chunks_exact(2)
            .map(|step| {
                at = (at.0 + step[0], at.1 + step[1]);
                at
            })
            .collect()
    }

    #[test]
    fn what_is_too_small_to_be_seen_stays_there_as_a_dot() {
        let small = Outline { rings: vec![vec![[5.0, 5.0], [5.000_01, 5.0], [5.0, 5.000_01]]] };
        let large = Outline { rings: vec![vec![[0.0, 0.0], [10.0, 0.0], [10.0, 10.0], [0.0, 10.0]]] };
        let picture = Picture::of_outlines(&[(UnitIndex::WHOLE, &large), (UnitIndex::WHOLE, &small)]);
        assert_eq!(picture.shapes[1].form, Form::Path("M298 299l4 0 0 4-4 0z".to_owned()));
    }

    #[test]
    fn tiles_never_leave_the_drawing() {
        for number in [1, 3, 7, 24, 335, 2_000] {
            let picture = Picture::in_order(&vec![UnitIndex::WHOLE; number]);
            assert_eq!(picture.shapes.len(), number);
            for shape in &picture.shapes {
                let Form::Tile(left, top, side) = shape.form else { panic!("no tile") };
                assert!(left + side <= WIDTH && top + side <= picture.height && side > 0, "{shape:?}");
            }
        }
    }
}
