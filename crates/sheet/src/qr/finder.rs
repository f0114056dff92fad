//! Finder patterns: the three squares within squares by which a symbol is found (ISO/IEC 18004 section 6.3.3).
//!
//! Rows are searched for dark and light runs in the proportion 1:1:3:1:1; a pattern whose middle was wiped or blotted
//! still shows its outer ring, 1:5:1. A candidate is then measured by rays from its middle to the outer edge of the
//! ring, which also gives its four corners and with them the tilt of the paper.

use super::canvas::{Canvas, Levels};
use super::correlation::{Samples, correlation, deviation};
use super::geometry::Line;
use super::outcome::Point;

/// A finder pattern in the canvas.
#[derive(Clone, Debug)]
pub(super) struct Finder {
    pub(super) centre: Point,
    /// Pixels of a module, the mean of across and down.
    pub(super) module: f32,
    /// Outer corners, clockwise as drawn, beginning anywhere. `None` where the outline is unclear.
    pub(super) corners: Option<[Point; 4]>,
    /// Rows of the search that met it: real ones are met by many.
    pub(super) hits: u32,
    /// Correlation with a perfect pattern; 0 until it is measured by [`refine`].
    pub(super) clarity: f32,
}

/// Which patterns to look for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Middle {
    /// The dark square of three modules.
    Dark,
    /// Whatever: the ring alone must do, and its outline must be a clear quadrilateral.
    Any,
}

/// Finder patterns kept at most: more means a pattern of print, not of finders.
const MOST: usize = 64;

/// All candidates, those met by most rows first. Every `stride`th row is searched.
pub(super) fn find(canvas: &Canvas, levels: &Levels, middle: Middle, stride: usize) -> Vec<Finder> {
    let mut found: Vec<Finder> = Vec::new();
    let mut edges = Vec::new();
    for row in (stride / 2..canvas.height).step_by(stride.max(1)) {
        levels.edges(canvas, row, &mut edges);
        search_row(canvas, levels, middle, row, &edges, &mut found);
    }
    for finder in &mut found {
        finder.corners = outline(canvas, levels, finder.centre, finder.module);
        if let Some([a, b, c, d]) = finder.corners {
            let diagonals = (Line::through(&[a, c]), Line::through(&[b, d]));
            if let (Some(one), Some(other)) = diagonals {
                finder.centre = one.crossing(&other).unwrap_or(finder.centre);
            }
            finder.module = (a.distance(b) + b.distance(c) + c.distance(d) + d.distance(a)) / 28.0;
        }
    }
    if middle == Middle::Any {
        found.retain(|finder| finder.corners.is_some());
    }
    found.sort_by_key(|finder| std::cmp::Reverse((finder.corners.is_some(), finder.hits)));
    found.truncate(MOST);
    found
}

fn search_row(canvas: &Canvas, levels: &Levels, middle: Middle, row: usize, edges: &[usize], found: &mut Vec<Finder>) {
    let y = row as f32 + 0.5;
    for index in (0..edges.len()).step_by(2) {
        let span = match middle {
            Middle::Dark => edges.get(index..index + 6).filter(|edges| is_square_in_ring(&runs(edges))),
            Middle::Any => edges.get(index..index + 4).filter(|edges| is_ring(&runs(edges))),
        };
        let Some(span) = span else { continue };
        let (Some(left), Some(right)) = (span.first(), span.last()) else {
            continue;
        };
        let width = (right - left) as f32;
        let guess = Point::new((left + right) as f32 / 2.0, y);
        if let Some(known) = found.iter_mut().find(|finder| {
            let reach = 3.0 * finder.module;
            (finder.centre.x - guess.x).abs() < reach && (finder.centre.y - guess.y).abs() < 1.5 * reach
        }) {
            known.hits = known.hits.saturating_add(1);
            continue;
        }
        if found.len() >= 4 * MOST {
            return;
        }
        let Some((top, bottom)) = cross_check(canvas, levels, middle, guess, width, Point::new(0.0, 1.0)) else {
            continue;
        };
        let guess = Point::new(guess.x, (top.y + bottom.y) / 2.0);
        let Some((left, right)) = cross_check(canvas, levels, middle, guess, width, Point::new(1.0, 0.0)) else {
            continue;
        };
        let centre = Point::new((left.x + right.x) / 2.0, guess.y);
        let module = (right.x - left.x + bottom.y - top.y) / 14.0;
        found.push(Finder { centre, module, corners: None, hits: 1, clarity: 0.0 });
    }
}

fn runs(edges: &[usize]) -> Vec<f32> {
    edges.windows(2).map(|pair| (pair[1] - pair[0]) as f32).collect()
}

/// Dark, light, dark, light, dark as 1:1:3:1:1, each within half a module and half a pixel.
fn is_square_in_ring(runs: &[f32]) -> bool {
    let module = runs.iter().sum::<f32>() / 7.0;
    let slack = 0.5 * module + 0.5;
    module >= 1.0
        && runs.len() == 5
        && runs
            .iter()
            .zip([1.0, 1.0, 3.0, 1.0, 1.0])
            .all(|(run, share)| (run - share * module).abs() < slack * if share > 1.0 { 2.0 } else { 1.0 })
}

/// Dark, light, dark as 1:5:1.
fn is_ring(runs: &[f32]) -> bool {
    let module = runs.iter().sum::<f32>() / 7.0;
    let slack = 0.5 * module + 0.5;
    module >= 1.5
        && runs.len() == 3
        && runs
            .iter()
            .zip([1.0, 5.0, 1.0])
            .all(|(run, share)| (run - share * module).abs() < slack * if share > 1.0 { 2.0 } else { 1.0 })
}

/// Walks from `centre` both ways along `direction`; the outer ends of the ring when the runs keep the proportion and are
/// together about as long as those across.
fn cross_check(
    canvas: &Canvas,
    levels: &Levels,
    middle: Middle,
    centre: Point,
    width: f32,
    direction: Point,
) -> Option<(Point, Point)> {
    let changes = match middle {
        Middle::Dark => 3,
        Middle::Any => 2,
    };
    let back = walk(canvas, levels, centre, direction.times(-1.0), changes, width)?;
    let ahead = walk(canvas, levels, centre, direction, changes, width)?;
    let fits = match (middle, back.as_slice(), ahead.as_slice()) {
        (Middle::Dark, [a1, a2, a3], [b1, b2, b3]) => is_square_in_ring(&[a3 - a2, a2 - a1, a1 + b1, b2 - b1, b3 - b2]),
        (Middle::Any, [a1, a2], [b1, b2]) => is_ring(&[a2 - a1, a1 + b1, b2 - b1]),
        _ => false,
    };
    let (start, end) = (back.last()?, ahead.last()?);
    let length = start + end;
    (fits && length < 2.0 * width && width < 2.0 * length)
        .then(|| (centre.minus(direction.times(*start)), centre.plus(direction.times(*end))))
}

/// Distances from `start` at which the colour changes, the first `changes` of them; `None` when there are fewer within
/// `limit` pixels or the edge of the canvas comes first.
fn walk(
    canvas: &Canvas,
    levels: &Levels,
    start: Point,
    direction: Point,
    changes: usize,
    limit: f32,
) -> Option<Vec<f32>> {
    let mut colour = levels.is_dark_at(canvas, start)?;
    let mut distances = Vec::with_capacity(changes);
    let mut step = 1.0;
    while step <= limit + 1.0 {
        let Some(dark) = levels.is_dark_at(canvas, start.plus(direction.times(step))) else {
            // The canvas ends at the pattern's own edge.
            return (distances.len() + 1 == changes && colour).then(|| {
                distances.push(step - 0.5);
                distances
            });
        };
        if dark != colour {
            distances.push(step - 0.5);
            if distances.len() == changes {
                return Some(distances);
            }
            colour = dark;
        }
        step += 1.0;
    }
    None
}

/// Rays cast from the middle to the outline.
const RAYS: u8 = 48;

/// The outer corners of the ring around `centre`, clockwise; `None` when the outline is not a clear quadrilateral.
fn outline(canvas: &Canvas, levels: &Levels, centre: Point, module: f32) -> Option<[Point; 4]> {
    let contour: Vec<Point> = (0..RAYS)
        .filter_map(|index| {
            let angle = f32::from(index) * std::f32::consts::TAU / f32::from(RAYS);
            ring_edge(canvas, levels, centre, Point::new(angle.cos(), angle.sin()), module)
        })
        .collect();
    if contour.len() * 10 < usize::from(RAYS) * 7 {
        return None;
    }
    let farthest = |from: &dyn Fn(Point) -> f32| contour.iter().copied().max_by(|a, b| from(*a).total_cmp(&from(*b)));
    let first = farthest(&|point| point.distance(centre))?;
    let third = farthest(&|point| point.distance(first))?;
    let diagonal = third.minus(first);
    let second = farthest(&|point| -diagonal.cross(point.minus(first)))?;
    let fourth = farthest(&|point| diagonal.cross(point.minus(first)))?;
    let rough = [first, second, third, fourth];
    let mut sides = Vec::with_capacity(4);
    for index in 0..4 {
        sides.push(side(&contour, rough[index], rough[(index + 1) % 4], module)?);
    }
    let mut corners = [Point::default(); 4];
    for (index, corner) in corners.iter_mut().enumerate() {
        *corner = sides[(index + 3) % 4].crossing(&sides[index])?;
    }
    plausible(&corners, centre, module).then_some(corners)
}

/// The line of one side of the outline, from the contour's points between two rough corners.
fn side(contour: &[Point], from: Point, to: Point, module: f32) -> Option<Line> {
    let length = from.distance(to);
    let along = to.minus(from).times(1.0 / length.max(1e-3));
    let mut points: Vec<Point> = contour
        .iter()
        .copied()
        .filter(|point| {
            let offset = point.minus(from);
            (0.12 * length..0.88 * length).contains(&offset.dot(along)) && along.cross(offset).abs() < 1.2 * module
        })
        .collect();
    let rough = Line::through(&points)?;
    // Once more without what sticks out.
    points.retain(|point| rough.distance(*point) < 0.35 * module + 0.5);
    if points.len() < 3 {
        return None;
    }
    Line::through(&points)
}

/// Whether four corners can be those of a square of seven modules in moderate perspective.
fn plausible(corners: &[Point; 4], centre: Point, module: f32) -> bool {
    let expected = 7.0 * module;
    let mut previous_turn = None;
    (0..4).all(|index| {
        let (a, b, c) = (corners[index], corners[(index + 1) % 4], corners[(index + 2) % 4]);
        let (in_side, out_side) = (b.minus(a), c.minus(b));
        let turn = in_side.cross(out_side) > 0.0;
        let same = previous_turn.is_none_or(|previous| previous == turn);
        previous_turn = Some(turn);
        let sine = in_side.cross(out_side).abs() / (in_side.length() * out_side.length()).max(1e-3);
        let length = in_side.length();
        same && sine > 0.5 && (0.5 * expected..2.0 * expected).contains(&length) && b.distance(centre) > 0.5 * expected
    })
}

/// Fits the outline of a finder pattern to all of its modules instead of its edge alone: a stain beside the pattern bends
/// the edge, but not the rest. Needed where a whole symbol is to be found from one or two patterns.
pub(super) fn refine(canvas: &Canvas, finder: &mut Finder) {
    let Some([a, b, c, d]) = finder.corners else {
        return;
    };
    // Centre, and one module across and down.
    let mut frame =
        [finder.centre, b.minus(a).plus(c.minus(d)).times(1.0 / 14.0), d.minus(a).plus(c.minus(b)).times(1.0 / 14.0)];
    let mut best = square_correlation(canvas, &frame);
    // Steps in modules at the pattern's edge.
    for step in [0.4_f32, 0.2, 0.1, 0.05] {
        for _ in 0..6 {
            let before = best;
            for term in 0..3 {
                let size = step * finder.module * if term == 0 { 1.0 } else { 1.0 / 3.0 };
                for (dx, dy) in [(size, 0.0), (-size, 0.0), (0.0, size), (0.0, -size)] {
                    let mut tried = frame;
                    tried[term] = tried[term].plus(Point::new(dx, dy));
                    let correlation = square_correlation(canvas, &tried);
                    if correlation > best {
                        (best, frame) = (correlation, tried);
                    }
                }
            }
            if best - before < 1e-4 {
                break;
            }
        }
    }
    finder.clarity = best;
    let [centre, across, down] = frame;
    let corner = |x: f32, y: f32| centre.plus(across.times(3.5 * x)).plus(down.times(3.5 * y));
    let corners = [corner(-1.0, -1.0), corner(1.0, -1.0), corner(1.0, 1.0), corner(-1.0, 1.0)];
    if plausible(&corners, centre, finder.module) {
        finder.centre = centre;
        finder.corners = Some(corners);
        finder.module = (across.length() + down.length()) / 2.0;
    }
}

/// Correlation of the picture with a finder pattern in a given outline; 0 without one.
pub(super) fn clarity(canvas: &Canvas, finder: &Finder) -> f32 {
    let Some([a, b, c, d]) = finder.corners else {
        return 0.0;
    };
    let across = b.minus(a).plus(c.minus(d)).times(1.0 / 14.0);
    let down = d.minus(a).plus(c.minus(b)).times(1.0 / 14.0);
    square_correlation(canvas, &[finder.centre, across, down])
}

/// Correlation of the picture with a finder pattern of the given centre and module; its wiped or blotted middle and
/// what surrounds it do not count.
fn square_correlation(canvas: &Canvas, frame: &[Point; 3]) -> f32 {
    let [centre, across, down] = frame;
    let [mut dark, mut light] = [Samples::default(); 2];
    for y in -10..=10_i16 {
        for x in -10..=10_i16 {
            let distance = x.abs().max(y.abs());
            if distance < 2 {
                continue;
            }
            // Three samples a module: 10 is the outer edge, 8 the outer ring, 5 the light ring, 3 the middle.
            let place = centre.plus(across.times(f32::from(x) / 3.0)).plus(down.times(f32::from(y) / 3.0));
            let Some(grey) = canvas.grey(place) else {
                continue;
            };
            if (5..=7).contains(&distance) {
                light.add(grey);
            } else {
                dark.add(grey);
            }
        }
    }
    if dark.count < 100 || light.count < 50 {
        return -1.0;
    }
    correlation(dark, light, deviation(dark, light).max(1.0))
}

/// Where a ray from the middle leaves the ring: the last change from dark to light that lies within reach of seven
/// modules' diagonal, followed by at least half a module of light and preceded by dark of at least half a module.
fn ring_edge(canvas: &Canvas, levels: &Levels, centre: Point, direction: Point, module: f32) -> Option<Point> {
    // The outline of a square lies between 3.5 modules and the square root of two times that from its middle, and the
    // module was measured along rows and columns, so for a pattern on its corner it is too large by that same root.
    let (nearest, farthest) = (1.9 * module, 6.4 * module);
    let mut distance = nearest;
    let mut dark_since: Option<f32> = None;
    let step = 0.5_f32;
    while distance < farthest {
        let dark = levels.is_dark_at(canvas, centre.plus(direction.times(distance))).unwrap_or(false);
        match (dark, dark_since) {
            (true, None) => dark_since = Some(distance),
            (false, Some(since)) => {
                let thickness = distance - since;
                let quiet = (1..=3).all(|n| {
                    let ahead = centre.plus(direction.times(distance + 0.2 * module * n as f32));
                    !levels.is_dark_at(canvas, ahead).unwrap_or(false)
                });
                if thickness > 0.4 * module && thickness < 2.4 * module && quiet {
                    return Some(centre.plus(direction.times(distance - step / 2.0)));
                }
                dark_since = None;
            }
            _ => {}
        }
        distance += step;
    }
    None
}
