//! Laying the grid of modules over a picture, and reading each module's brightness.
//!
//! The grid starts from what is known for sure (the finder patterns) and grows from there: the alignment pattern nearest
//! to anything known is predicted, looked for around that place, and becomes known itself. Paper that is curled or was
//! stretched by a scanner's rollers is followed in this way, since no prediction reaches far.

use super::alignment::Alignment;
use super::canvas::Canvas;
use super::contrast::darkness;
use super::geometry::{Anchor, Homography};
use super::modules::Modules;
use super::numbers;
use super::outcome::Point;
use super::symbol::Version;

/// Where each module of a symbol lies in the canvas.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    pub(super) version: Version,
    map: Homography,
    anchors: Vec<Anchor>,
    /// Of each anchor, by how much the picture departs from the map.
    departures: Vec<Point>,
    /// Alignment patterns that were recognised, and that there are.
    pub(super) recognised: (usize, usize),
}

/// Correlation from which an alignment pattern counts as recognised.
const RECOGNISED: f32 = 0.6;

/// Modules between the nodes at which the bend of the paper is worked out.
const NODE: usize = 4;

/// Slack of a grid that is only a guess.
pub(super) const GUESS: f32 = 2.0;

impl Grid {
    /// A grid through the anchors, without looking at the picture.
    pub(super) fn through(version: Version, anchors: Vec<Anchor>, stiffness: f32) -> Option<Self> {
        let map = Homography::fit(&anchors, stiffness)?;
        let departures = anchors.iter().map(|anchor| departure(&map, anchor)).collect();
        let total = version.alignment_centres().len();
        Some(Self { version, map, anchors, departures, recognised: (0, total) })
    }

    /// Grows the grid over the symbol's alignment patterns. `slack` widens the search for each; where it is wide, the grid is
    /// a guess, and is given up when none of the first patterns is there.
    pub(super) fn grow(mut self, canvas: &Canvas, stiffness: f32, slack: f32) -> Self {
        let mut waiting: Vec<Point> = self
            .version
            .alignment_centres()
            .iter()
            .map(|(column, row)| Point::new(*column as f32 + 0.5, *row as f32 + 0.5))
            .collect();
        let mut missed = 0;
        while !waiting.is_empty() {
            let Some((index, distance)) = waiting
                .iter()
                .enumerate()
                .map(|(index, module)| (index, self.distance_to_known(*module)))
                .min_by(|a, b| a.1.total_cmp(&b.1))
            else {
                break;
            };
            let module = waiting.swap_remove(index);
            let radius = ((0.4 + 0.04 * distance) * slack).min(3.0);
            let Some(pixel) = self.look_for_alignment(canvas, module, radius) else {
                missed += 1;
                if slack >= GUESS && missed >= 3 && self.recognised.0 == 0 {
                    break;
                }
                continue;
            };
            self.recognised.0 += 1;
            self.know(Anchor { module, pixel, weight: 1.0 });
            // The more is known, the more perspective can be told from chance.
            let yielding = 0.1_f32.powi(i32::try_from(self.recognised.0.min(4)).unwrap_or(4));
            if let Some(map) = Homography::fit(&self.anchors, stiffness * yielding) {
                self.map = map;
                self.departures = self.anchors.iter().map(|anchor| departure(&map, anchor)).collect();
            }
        }
        self
    }

    /// Adds a point without changing the projective map.
    pub(super) fn know(&mut self, anchor: Anchor) {
        self.departures.push(departure(&self.map, &anchor));
        self.anchors.push(anchor);
    }

    pub(super) fn distance_to_known(&self, module: Point) -> f32 {
        self.anchors.iter().map(|anchor| anchor.module.distance(module)).fold(f32::INFINITY, f32::min)
    }

    /// The picture position of a module position.
    pub(super) fn map(&self, module: Point) -> Point {
        self.map.map(module).plus(self.bend(module))
    }

    /// By how much the picture departs from the plain projective map around a module position: the straight trend of what
    /// it does at the anchors, the nearest counting most (moving least squares).
    fn bend(&self, module: Point) -> Point {
        // Sums of weights, positions, departures, and of their products.
        let (mut weights, mut place, mut departure) = (0.0, Point::default(), Point::default());
        let (mut xx, mut xy, mut yy) = (0.0, 0.0, 0.0);
        let (mut along_x, mut along_y) = (Point::default(), Point::default());
        for (anchor, off_map) in self.anchors.iter().zip(&self.departures) {
            let offset = anchor.module.minus(module);
            let weight = anchor.weight / (offset.dot(offset) + 2.0).powi(2);
            weights += weight;
            place = place.plus(offset.times(weight));
            departure = departure.plus(off_map.times(weight));
            xx += weight * offset.x * offset.x;
            xy += weight * offset.x * offset.y;
            yy += weight * offset.y * offset.y;
            along_x = along_x.plus(off_map.times(weight * offset.x));
            along_y = along_y.plus(off_map.times(weight * offset.y));
        }
        if weights <= 0.0 {
            return Point::default();
        }
        let (place, departure) = (place.times(1.0 / weights), departure.times(1.0 / weights));
        // Covariances; the addition keeps the trend at zero where all anchors stand close together.
        let steady = 1.5;
        let xx = xx / weights - place.x * place.x + steady;
        let yy = yy / weights - place.y * place.y + steady;
        let xy = xy / weights - place.x * place.y;
        let along_x = along_x.times(1.0 / weights).minus(departure.times(place.x));
        let along_y = along_y.times(1.0 / weights).minus(departure.times(place.y));
        let determinant = xx * yy - xy * xy;
        let slope_x = along_x.times(yy).minus(along_y.times(xy)).times(1.0 / determinant);
        let slope_y = along_y.times(xx).minus(along_x.times(xy)).times(1.0 / determinant);
        departure.minus(slope_x.times(place.x)).minus(slope_y.times(place.y))
    }

    /// The two edges of a module in the picture, across and down.
    pub(super) fn axes(&self, module: Point) -> (Point, Point) {
        let at = |dx: f32, dy: f32| self.map(Point::new(module.x + dx, module.y + dy));
        (at(1.5, 0.0).minus(at(-1.5, 0.0)).times(1.0 / 3.0), at(0.0, 1.5).minus(at(0.0, -1.5)).times(1.0 / 3.0))
    }

    /// Where within `radius` modules of its predicted place an alignment pattern is best seen, if at all.
    fn look_for_alignment(&self, canvas: &Canvas, module: Point, radius: f32) -> Option<Point> {
        let centre = self.map(module);
        let (across, down) = self.axes(module);
        if !centre.is_finite() || !canvas.contains(centre) {
            return None;
        }
        let place = |dx: f32, dy: f32| centre.plus(across.times(dx)).plus(down.times(dy));
        let middles = Alignment::new(across, down, &[(0.0, 0.0)]);
        let rough = best_shift(radius, if radius > 1.5 { 0.35 } else { 0.25 }, |dx, dy| {
            middles.correlation(canvas, place(dx, dy))
        })?;
        if rough.correlation < RECOGNISED - 0.15 {
            return None;
        }
        let corners = Alignment::new(across, down, &[(-0.3, -0.3), (0.3, -0.3), (-0.3, 0.3), (0.3, 0.3)]);
        let fine = best_shift(0.375, 0.125, |dx, dy| corners.correlation(canvas, place(rough.dx + dx, rough.dy + dy)))?;
        (fine.correlation >= RECOGNISED).then(|| place(rough.dx + fine.dx, rough.dy + fine.dy))
    }

    /// Outer corners in the canvas: top left, top right, bottom right, bottom left.
    pub(super) fn corners(&self) -> [Point; 4] {
        let side = self.version.side() as f32;
        [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)].map(|(x, y)| self.map(Point::new(x, y)))
    }

    /// Reads the brightness of all modules, each as the mean of its inner part.
    pub(super) fn sample(&self, canvas: &Canvas) -> Vec<Option<f32>> {
        let side = self.version.side();
        let nodes = side.div_ceil(NODE) + 1;
        let bends: Vec<Point> = (0..nodes * nodes)
            .map(|index| self.bend(Point::new((index % nodes * NODE) as f32, (index / nodes * NODE) as f32)))
            .collect();
        let bend_at = |column: usize, row: usize| {
            let (x, y) = (column / NODE, row / NODE);
            let (s, t) = ((column % NODE) as f32 + 0.5, (row % NODE) as f32 + 0.5);
            let (s, t) = (s / NODE as f32, t / NODE as f32);
            let node = |x: usize, y: usize| bends[y * nodes + x];
            let upper = node(x, y).times(1.0 - s).plus(node(x + 1, y).times(s));
            let lower = node(x, y + 1).times(1.0 - s).plus(node(x + 1, y + 1).times(s));
            upper.times(1.0 - t).plus(lower.times(t))
        };
        let mut greys = Vec::with_capacity(side * side);
        for row in 0..side {
            for column in 0..side {
                let module = Point::new(column as f32 + 0.5, row as f32 + 0.5);
                let centre = self.map.map(module).plus(bend_at(column, row));
                // The map changes slowly: the axes of every module of a row's stretch are nearly the same.
                let right = self.map.map(Point::new(module.x + 0.5, module.y)).plus(bend_at(column, row));
                let below = self.map.map(Point::new(module.x, module.y + 0.5)).plus(bend_at(column, row));
                greys.push(module_grey(canvas, centre, right.minus(centre), below.minus(centre)));
            }
        }
        greys
    }

    /// Reads the modules with a threshold that follows the brightness of those around each.
    pub(super) fn read(&self, canvas: &Canvas) -> Option<Modules> {
        let greys = self.sample(canvas);
        let outside = greys.iter().filter(|grey| grey.is_none()).count();
        Modules::new(self.version, darkness(&greys, self.version.side()), outside)
    }

    /// How well the two timing patterns are seen, 1 perfectly, 0 not at all.
    pub(super) fn timing_agreement(&self, canvas: &Canvas) -> f32 {
        let side = self.version.side();
        let line = |across: bool| {
            let greys: Vec<f32> = (8..side - 8)
                .filter_map(|index| {
                    let (along, fixed) = (index as f32 + 0.5, 6.5);
                    let module = if across { Point::new(along, fixed) } else { Point::new(fixed, along) };
                    canvas.smooth_grey(self.map(module))
                })
                .collect();
            // Each module against the mean of its two neighbours: dark on even places.
            let (mut signed, mut total) = (0.0, 0.0);
            for (index, three) in greys.windows(3).enumerate() {
                let difference = (three[0] + three[2]) / 2.0 - three[1];
                signed += if index % 2 == 1 { difference } else { -difference };
                total += difference.abs();
            }
            let whole = greys.len() + 16 >= side;
            if total > 0.0 && whole { (signed / total).max(0.0) } else { 0.0 }
        };
        let (across, down) = (line(true), line(false));
        // One of them may be damaged.
        across.max(down) * 0.6 + across.min(down) * 0.4
    }
}

/// By how much the picture departs from the map at an anchor.
fn departure(map: &Homography, anchor: &Anchor) -> Point {
    let departure = anchor.pixel.minus(map.map(anchor.module));
    if departure.is_finite() { departure } else { Point::default() }
}

pub(super) struct Shift {
    pub(super) dx: f32,
    pub(super) dy: f32,
    pub(super) correlation: f32,
}

/// The shift with the best correlation; where several are nearly as good, the middle of them.
pub(super) fn best_shift(radius: f32, step: f32, correlation: impl Fn(f32, f32) -> f32) -> Option<Shift> {
    let count = numbers::nearest(radius / step).max(1);
    let mut tried = Vec::new();
    for i in -count..=count {
        for j in -count..=count {
            let (dx, dy) = (i as f32 * step, j as f32 * step);
            tried.push((dx, dy, correlation(dx, dy)));
        }
    }
    let best = tried.iter().copied().max_by(|a, b| a.2.total_cmp(&b.2))?;
    let (mut x, mut y, mut weight) = (0.0, 0.0, 0.0);
    for (dx, dy, score) in tried {
        if score >= best.2 - 0.04 && (dx - best.0).abs() < 0.8 && (dy - best.1).abs() < 0.8 {
            (x, y, weight) = (x + dx, y + dy, weight + 1.0);
        }
    }
    Some(Shift { dx: x / weight, dy: y / weight, correlation: best.2 })
}

/// Mean brightness of the inner part of a module with half axes `right` and `below`; `None` when its middle lies outside.
fn module_grey(canvas: &Canvas, centre: Point, right: Point, below: Point) -> Option<f32> {
    canvas.grey(centre)?;
    let (right, below) = (right.times(0.5), below.times(0.5));
    let reach = Point::new(right.x.abs() + below.x.abs() + 1.0, right.y.abs() + below.y.abs() + 1.0);
    if canvas.contains(centre.minus(reach)) && canvas.contains(centre.plus(reach)) {
        let point = |point: Point| (numbers::fixed(point.x), numbers::fixed(point.y));
        let (middle, right, below) = (point(centre), point(right), point(below));
        let mut sum = 0_u32;
        for up in -1..=1 {
            for along in -1..=1 {
                let x = middle.0 + along * right.0 + up * below.0;
                let y = middle.1 + along * right.1 + up * below.1;
                sum += u32::from(canvas.pixel(numbers::unfixed(x), numbers::unfixed(y)));
            }
        }
        return Some(sum as f32 / 9.0);
    }
    let (mut sum, mut count) = (0.0_f32, 0.0_f32);
    for up in [-1.0, 0.0, 1.0] {
        for along in [-1.0, 0.0, 1.0] {
            if let Some(grey) = canvas.grey(centre.plus(right.times(along)).plus(below.times(up))) {
                sum += f32::from(grey);
                count += 1.0;
            }
        }
    }
    Some(sum / count)
}
