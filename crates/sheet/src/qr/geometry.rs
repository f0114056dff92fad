//! Plane geometry: points, and the maps from a symbol's modules to a picture's pixels.

use super::outcome::Point;

impl Point {
    pub(super) fn new(x: f32, y: f32) -> Self {
        Self { x, y }
    }

    pub(super) fn plus(self, other: Point) -> Self {
        Self { x: self.x + other.x, y: self.y + other.y }
    }

    pub(super) fn minus(self, other: Point) -> Self {
        Self { x: self.x - other.x, y: self.y - other.y }
    }

    pub(super) fn times(self, factor: f32) -> Self {
        Self { x: self.x * factor, y: self.y * factor }
    }

    pub(super) fn length(self) -> f32 {
        self.x.hypot(self.y)
    }

    pub(super) fn distance(self, other: Point) -> f32 {
        self.minus(other).length()
    }

    pub(super) fn dot(self, other: Point) -> f32 {
        self.x * other.x + self.y * other.y
    }

    /// Positive where `other` lies clockwise of `self` as pictures are drawn, y downwards.
    pub(super) fn cross(self, other: Point) -> f32 {
        self.x * other.y - self.y * other.x
    }

    pub(super) fn is_finite(self) -> bool {
        self.x.is_finite() && self.y.is_finite()
    }
}

/// A position in the symbol, in modules from its top left corner, that was recognised at a position of the picture.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Anchor {
    pub(super) module: Point,
    pub(super) pixel: Point,
    pub(super) weight: f32,
}

/// A projective map of the plane.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Homography {
    /// Row by row; the last is 1.
    terms: [f32; 9],
    /// Subtracted from a module position before the map, for numerical steadiness.
    origin: Point,
}

impl Homography {
    /// The map that fits the anchors best in the least-squares sense. Perspective is held back by `stiffness`, so that
    /// few anchors close together give a nearly affine map: 0 is none. `None` for fewer than three anchors or for
    /// anchors on one line.
    pub(super) fn fit(anchors: &[Anchor], stiffness: f32) -> Option<Self> {
        if anchors.len() < 3 {
            return None;
        }
        let count = anchors.len() as f32;
        let origin = anchors.iter().fold(Point::default(), |sum, a| sum.plus(a.module)).times(1.0 / count);
        let centre = anchors.iter().fold(Point::default(), |sum, a| sum.plus(a.pixel)).times(1.0 / count);
        let spread = anchors.iter().map(|a| a.module.distance(origin)).fold(1e-3, f32::max);
        let reach = anchors.iter().map(|a| a.pixel.distance(centre)).fold(1e-3, f32::max);
        // Normal equations for the eight unknowns, in coordinates scaled to about one.
        let mut normal = [[0.0_f64; 9]; 8];
        for anchor in anchors {
            let from = anchor.module.minus(origin).times(1.0 / spread);
            let to = anchor.pixel.minus(centre).times(1.0 / reach);
            let (u, v) = (f64::from(from.x), f64::from(from.y));
            let (x, y) = (f64::from(to.x), f64::from(to.y));
            let weight = f64::from(anchor.weight);
            for row in [[u, v, 1.0, 0.0, 0.0, 0.0, -u * x, -v * x, x], [0.0, 0.0, 0.0, u, v, 1.0, -u * y, -v * y, y]] {
                for i in 0..8 {
                    for j in 0..9 {
                        normal[i][j] += weight * row[i] * row[j];
                    }
                }
            }
        }
        normal[6][6] += f64::from(stiffness) + 1e-9;
        normal[7][7] += f64::from(stiffness) + 1e-9;
        let solved = solve(&mut normal)?;
        let s: [f32; 8] = std::array::from_fn(|i| single(solved[i]));
        // Back to pixels: first the scale of the module side, then scale and place of the pixel side.
        let [a, b, c, d, e, f, g, h] = s;
        let (g, h) = (g / spread, h / spread);
        let terms = [
            reach * a / spread + centre.x * g,
            reach * b / spread + centre.x * h,
            reach * c + centre.x,
            reach * d / spread + centre.y * g,
            reach * e / spread + centre.y * h,
            reach * f + centre.y,
            g,
            h,
            1.0,
        ];
        terms.iter().all(|term| term.is_finite()).then_some(Self { terms, origin })
    }

    /// The picture position of a module position. Not finite, or far away, beyond the horizon.
    pub(super) fn map(&self, module: Point) -> Point {
        let from = module.minus(self.origin);
        let t = &self.terms;
        let depth = t[6] * from.x + t[7] * from.y + t[8];
        if depth < 1e-3 {
            return Point::new(f32::NAN, f32::NAN);
        }
        Point::new((t[0] * from.x + t[1] * from.y + t[2]) / depth, (t[3] * from.x + t[4] * from.y + t[5]) / depth)
    }
}

#[expect(clippy::cast_possible_truncation, reason = "only precision is lost")]
fn single(value: f64) -> f32 {
    value as f32
}

/// Gauss's elimination with pivots; the last column is the right side. `None` for a singular system.
fn solve(rows: &mut [[f64; 9]; 8]) -> Option<[f64; 8]> {
    for column in 0..8 {
        let pivot = (column..8).max_by(|a, b| rows[*a][column].abs().total_cmp(&rows[*b][column].abs()))?;
        rows.swap(column, pivot);
        let head = rows[column];
        if head[column].abs() < 1e-10 {
            return None;
        }
        for row in rows.iter_mut().skip(column + 1) {
            let factor = row[column] / head[column];
            for (value, above) in row.iter_mut().zip(head).skip(column) {
                *value -= factor * above;
            }
        }
    }
    let mut solution = [0.0_f64; 8];
    for row in (0..8).rev() {
        let known: f64 = (row + 1..8).map(|column| rows[row][column] * solution[column]).sum();
        solution[row] = (rows[row][8] - known) / rows[row][row];
    }
    solution.iter().all(|value| value.is_finite()).then_some(solution)
}

/// A straight line: a point on it and its direction, of length 1.
#[derive(Clone, Copy, Debug)]
pub(super) struct Line {
    pub(super) point: Point,
    pub(super) direction: Point,
}

impl Line {
    /// The line nearest to the points; `None` for fewer than two different ones.
    pub(super) fn through(points: &[Point]) -> Option<Self> {
        let count = points.len() as f32;
        if points.len() < 2 {
            return None;
        }
        let centre = points.iter().fold(Point::default(), |sum, p| sum.plus(*p)).times(1.0 / count);
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        for point in points {
            let offset = point.minus(centre);
            xx += offset.x * offset.x;
            xy += offset.x * offset.y;
            yy += offset.y * offset.y;
        }
        if xx + yy < 1e-6 {
            return None;
        }
        let angle = 0.5 * (2.0 * xy).atan2(xx - yy);
        Some(Self { point: centre, direction: Point::new(angle.cos(), angle.sin()) })
    }

    pub(super) fn distance(&self, point: Point) -> f32 {
        self.direction.cross(point.minus(self.point)).abs()
    }

    /// `None` for nearly parallel lines.
    pub(super) fn crossing(&self, other: &Line) -> Option<Point> {
        let sine = self.direction.cross(other.direction);
        if sine.abs() < 0.05 {
            return None;
        }
        let along = other.point.minus(self.point).cross(other.direction) / sine;
        Some(self.point.plus(self.direction.times(along)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn near(a: Point, b: Point) -> bool {
        a.distance(b) < 0.05
    }

    #[test]
    fn a_projective_map_is_found_again() {
        let truth = |m: Point| {
            let depth = 1.0 + 0.004 * m.x - 0.002 * m.y;
            Point::new((9.0 * m.x + 1.5 * m.y + 300.0) / depth, (8.0 * m.y - m.x + 4000.0) / depth)
        };
        let corners = [(3.5, 3.5), (45.5, 3.5), (3.5, 45.5), (42.5, 42.5), (24.5, 24.5)];
        let anchors: Vec<Anchor> = corners
            .iter()
            .map(|(x, y)| Point::new(*x, *y))
            .map(|module| Anchor { module, pixel: truth(module), weight: 1.0 })
            .collect();
        let map = Homography::fit(&anchors, 0.0).unwrap();
        for (x, y) in [(0.0, 0.0), (49.0, 0.0), (49.0, 49.0), (10.0, 30.0)] {
            let module = Point::new(x, y);
            assert!(near(map.map(module), truth(module)), "{:?} {:?}", map.map(module), truth(module));
        }
    }

    #[test]
    fn three_anchors_give_an_affine_map_and_a_line_of_them_none() {
        let anchor = |x: f32, y: f32| Anchor {
            module: Point::new(x, y),
            pixel: Point::new(2.0 * x + 5.0, 3.0 * y),
            weight: 1.0,
        };
        let map = Homography::fit(&[anchor(0.0, 0.0), anchor(10.0, 0.0), anchor(0.0, 10.0)], 0.1).unwrap();
        assert!(near(map.map(Point::new(10.0, 10.0)), Point::new(25.0, 30.0)));
        assert!(Homography::fit(&[anchor(0.0, 0.0), anchor(1.0, 1.0), anchor(2.0, 2.0)], 0.1).is_none());
    }

    #[test]
    fn lines_cross_where_they_should() {
        let flat = Line::through(&[Point::new(0.0, 1.0), Point::new(5.0, 1.0), Point::new(9.0, 1.0)]).unwrap();
        let steep = Line::through(&[Point::new(3.0, 0.0), Point::new(3.0, 8.0)]).unwrap();
        assert!(near(flat.crossing(&steep).unwrap(), Point::new(3.0, 1.0)));
        assert!(flat.crossing(&flat).is_none());
    }
}
