//! Laying the grid of modules over a picture, and reading each module's brightness.
//!
//! The grid starts from what is known for sure (the finder patterns) and grows from there: the alignment pattern nearest
//! to anything known is predicted, looked for around that place, and becomes known itself. Paper that is curled or was
//! stretched by a scanner's rollers is followed in this way, since no prediction reaches far.

use super::canvas::Canvas;
use super::geometry::{Anchor, Homography};
use super::modules::Modules;
use super::outcome::Point;
use super::symbol::Version;

/// Where each module of a symbol lies in the canvas.
#[derive(Clone, Debug)]
pub(super) struct Grid {
    version: Version,
    map: Homography,
    anchors: Vec<Anchor>,
    /// Alignment patterns that were recognised, and that there are.
    pub(super) recognised: (usize, usize),
}

/// Correlation from which an alignment pattern counts as recognised.
const RECOGNISED: f32 = 0.6;

/// Modules between the nodes at which the bend of the paper is worked out.
const NODE: usize = 4;

impl Grid {
    /// A grid through the anchors, without looking at the picture.
    pub(super) fn through(version: Version, anchors: Vec<Anchor>, stiffness: f32) -> Option<Self> {
        let map = Homography::fit(&anchors, stiffness)?;
        let total = version.alignment_centres().len();
        Some(Self {
            version,
            map,
            anchors,
            recognised: (0, total),
        })
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
                if slack > 1.0 && missed >= 3 && self.recognised.0 == 0 {
                    break;
                }
                continue;
            };
            self.recognised.0 += 1;
            self.anchors.push(Anchor {
                module,
                pixel,
                weight: 1.0,
            });
            // The more is known, the more perspective can be told from chance.
            let yielding = 0.1_f32.powi(i32::try_from(self.recognised.0.min(4)).unwrap_or(4));
            if let Some(map) = Homography::fit(&self.anchors, stiffness * yielding) {
                self.map = map;
            }
        }
        self
    }

    fn distance_to_known(&self, module: Point) -> f32 {
        self.anchors
            .iter()
            .map(|anchor| anchor.module.distance(module))
            .fold(f32::INFINITY, f32::min)
    }

    /// The picture position of a module position.
    pub(super) fn map(&self, module: Point) -> Point {
        self.map.map(module).plus(self.bend(module))
    }

    /// By how much the picture departs from the plain projective map around a module position: what it does at the
    /// anchors, the nearest counting most.
    fn bend(&self, module: Point) -> Point {
        let (mut sum, mut weights) = (Point::default(), 0.0);
        for anchor in &self.anchors {
            let departure = anchor.pixel.minus(self.map.map(anchor.module));
            if !departure.is_finite() {
                continue;
            }
            let distance = anchor.module.distance(module);
            let weight = anchor.weight / (distance * distance + 2.0).powi(2);
            sum = sum.plus(departure.times(weight));
            weights += weight;
        }
        if weights > 0.0 {
            sum.times(1.0 / weights)
        } else {
            sum
        }
    }

    /// The two edges of a module in the picture, across and down.
    fn axes(&self, module: Point) -> (Point, Point) {
        let half = |dx: f32, dy: f32| self.map.map(Point::new(module.x + dx, module.y + dy));
        (
            half(0.5, 0.0).minus(half(-0.5, 0.0)),
            half(0.0, 0.5).minus(half(0.0, -0.5)),
        )
    }

    /// Where within `radius` modules of its predicted place an alignment pattern is best seen, if at all.
    fn look_for_alignment(&self, canvas: &Canvas, module: Point, radius: f32) -> Option<Point> {
        let centre = self.map(module);
        let (across, down) = self.axes(module);
        if !centre.is_finite() || !canvas.contains(centre) {
            return None;
        }
        let place = |dx: f32, dy: f32| centre.plus(across.times(dx)).plus(down.times(dy));
        let rough = best_shift(radius, if radius > 1.5 { 0.35 } else { 0.25 }, |dx, dy| {
            alignment_correlation(canvas, place(dx, dy), across, down, &[(0.0, 0.0)])
        })?;
        if rough.correlation < RECOGNISED - 0.15 {
            return None;
        }
        let corners = [(-0.3, -0.3), (0.3, -0.3), (-0.3, 0.3), (0.3, 0.3)];
        let fine = best_shift(0.375, 0.125, |dx, dy| {
            alignment_correlation(
                canvas,
                place(rough.dx + dx, rough.dy + dy),
                across,
                down,
                &corners,
            )
        })?;
        (fine.correlation >= RECOGNISED).then(|| place(rough.dx + fine.dx, rough.dy + fine.dy))
    }

    /// Outer corners in the canvas: top left, top right, bottom right, bottom left.
    pub(super) fn corners(&self) -> [Point; 4] {
        let side = self.version.side() as f32;
        [(0.0, 0.0), (side, 0.0), (side, side), (0.0, side)]
            .map(|(x, y)| self.map(Point::new(x, y)))
    }

    /// Reads the brightness of all modules, each as the mean of its inner part.
    pub(super) fn sample(&self, canvas: &Canvas) -> Vec<Option<f32>> {
        let side = self.version.side();
        let nodes = side.div_ceil(NODE) + 1;
        let bends: Vec<Point> = (0..nodes * nodes)
            .map(|index| {
                self.bend(Point::new(
                    (index % nodes * NODE) as f32,
                    (index / nodes * NODE) as f32,
                ))
            })
            .collect();
        let bend_at = |column: usize, row: usize| {
            let (x, y) = (column / NODE, row / NODE);
            let (s, t) = ((column % NODE) as f32 + 0.5, (row % NODE) as f32 + 0.5);
            let (s, t) = (s / NODE as f32, t / NODE as f32);
            let node = |x: usize, y: usize| bends[y * nodes + x];
            let upper = node(x, y).times(1.0 - s).plus(node(x + 1, y).times(s));
            let lower = node(x, y + 1)
                .times(1.0 - s)
                .plus(node(x + 1, y + 1).times(s));
            upper.times(1.0 - t).plus(lower.times(t))
        };
        let mut greys = Vec::with_capacity(side * side);
        for row in 0..side {
            for column in 0..side {
                let module = Point::new(column as f32 + 0.5, row as f32 + 0.5);
                let centre = self.map.map(module).plus(bend_at(column, row));
                // The map changes slowly: the axes of every module of a row's stretch are nearly the same.
                let right = self
                    .map
                    .map(Point::new(module.x + 0.5, module.y))
                    .plus(bend_at(column, row));
                let below = self
                    .map
                    .map(Point::new(module.x, module.y + 0.5))
                    .plus(bend_at(column, row));
                greys.push(module_grey(
                    canvas,
                    centre,
                    right.minus(centre),
                    below.minus(centre),
                ));
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
                    let module = if across {
                        Point::new(along, fixed)
                    } else {
                        Point::new(fixed, along)
                    };
                    canvas.smooth_grey(self.map(module))
                })
                .collect();
            // Each module against the mean of its two neighbours: dark on even places.
            let (mut signed, mut total) = (0.0, 0.0);
            for (index, three) in greys.windows(3).enumerate() {
                let difference = (three[0] + three[2]) / 2.0 - three[1];
                signed += if index % 2 == 1 {
                    difference
                } else {
                    -difference
                };
                total += difference.abs();
            }
            let whole = greys.len() + 16 >= side;
            if total > 0.0 && whole {
                (signed / total).max(0.0)
            } else {
                0.0
            }
        };
        let (across, down) = (line(true), line(false));
        // One of them may be damaged.
        across.max(down) * 0.6 + across.min(down) * 0.4
    }
}

struct Shift {
    dx: f32,
    dy: f32,
    correlation: f32,
}

/// The shift with the best correlation; where several are nearly as good, the middle of them.
fn best_shift(radius: f32, step: f32, correlation: impl Fn(f32, f32) -> f32) -> Option<Shift> {
    let count = super::numbers::nearest(radius / step).max(1);
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
    Some(Shift {
        dx: x / weight,
        dy: y / weight,
        correlation: best.2,
    })
}

/// Correlation of the picture around `centre` with an alignment pattern: a dark square ring of five modules, light
/// inside, with a dark middle. Each module is sampled at `points` within it.
fn alignment_correlation(
    canvas: &Canvas,
    centre: Point,
    across: Point,
    down: Point,
    points: &[(f32, f32)],
) -> f32 {
    let (mut sum, mut squares, mut dark, mut count, mut dark_count) =
        (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
    for row in -2..=2_i32 {
        for column in -2..=2_i32 {
            let is_dark = column.abs().max(row.abs()) != 1;
            for (dx, dy) in points {
                let place = centre
                    .plus(across.times(column as f32 + dx))
                    .plus(down.times(row as f32 + dy));
                let Some(grey) = canvas.grey(place) else {
                    continue;
                };
                let grey = f32::from(grey);
                sum += grey;
                squares += grey * grey;
                count += 1.0;
                if is_dark {
                    dark += grey;
                    dark_count += 1.0;
                }
            }
        }
    }
    let light_count = count - dark_count;
    if dark_count < 1.0 || light_count < 1.0 || count < 20.0 {
        return -1.0;
    }
    let mean = sum / count;
    let deviation = (squares / count - mean * mean).max(0.0).sqrt();
    if deviation < 2.0 {
        return 0.0;
    }
    let difference = (sum - dark) / light_count - dark / dark_count;
    // The point-biserial form of the correlation with a template of two values.
    difference / deviation * (dark_count * light_count).sqrt() / count
}

/// Mean brightness of the inner part of a module with half axes `right` and `below`; `None` when its middle lies outside.
fn module_grey(canvas: &Canvas, centre: Point, right: Point, below: Point) -> Option<f32> {
    canvas.grey(centre)?;
    let (mut sum, mut count) = (0.0_f32, 0.0_f32);
    for (dx, dy) in [
        (0.0, 0.0),
        (-0.5, -0.5),
        (0.0, -0.5),
        (0.5, -0.5),
        (-0.5, 0.0),
        (0.5, 0.0),
        (-0.5, 0.5),
        (0.0, 0.5),
        (0.5, 0.5),
    ] {
        if let Some(grey) = canvas.grey(centre.plus(right.times(dx)).plus(below.times(dy))) {
            sum += f32::from(grey);
            count += 1.0;
        }
    }
    Some(sum / count)
}

/// Modules to every side whose brightness sets the threshold for one.
const NEIGHBOURHOOD: usize = 5;

/// From brightness to darkness: around every module the mean of the lighter and of the darker ones is taken, and the
/// threshold lies between the two.
fn darkness(greys: &[Option<f32>], side: usize) -> Vec<f32> {
    let known: Vec<f32> = greys.iter().flatten().copied().collect();
    if known.is_empty() {
        return vec![0.0; greys.len()];
    }
    let mean = known.iter().sum::<f32>() / known.len() as f32;
    let mut thresholds = vec![mean; greys.len()];
    let mut contrasts = vec![0.0_f32; greys.len()];
    let mut whole_contrast = 0.0;
    for round in 0..3 {
        let sums = ClassSums::new(greys, &thresholds, side);
        let (_, overall_light, overall_dark) = sums.means(0, 0, side, side, (mean, mean));
        whole_contrast = overall_light - overall_dark;
        for row in 0..side {
            for column in 0..side {
                let (left, top) = (
                    column.saturating_sub(NEIGHBOURHOOD),
                    row.saturating_sub(NEIGHBOURHOOD),
                );
                let (right, bottom) = (
                    (column + NEIGHBOURHOOD + 1).min(side),
                    (row + NEIGHBOURHOOD + 1).min(side),
                );
                let (balance, light, dark) =
                    sums.means(left, top, right, bottom, (overall_light, overall_dark));
                let index = row * side + column;
                // At first simply the mean around: the classes are not yet worth much.
                thresholds[index] = if round == 0 {
                    balance
                } else {
                    (light + dark) / 2.0
                };
                contrasts[index] = light - dark;
            }
        }
    }
    greys
        .iter()
        .zip(thresholds.iter().zip(&contrasts))
        .map(|(grey, (threshold, contrast))| {
            let half = (contrast.max(0.3 * whole_contrast) / 2.0).max(1.0);
            grey.map_or(0.0, |grey| ((threshold - grey) / half).clamp(-1.0, 1.0))
        })
        .collect()
}

/// Sums above and to the left of each module: brightness and number of the light and of the dark ones.
struct ClassSums {
    sums: Vec<[f32; 4]>,
    stride: usize,
}

impl ClassSums {
    fn new(greys: &[Option<f32>], thresholds: &[f32], side: usize) -> Self {
        let stride = side + 1;
        let mut sums = vec![[0.0_f32; 4]; stride * stride];
        for row in 0..side {
            let mut line = [0.0_f32; 4];
            for column in 0..side {
                let index = row * side + column;
                if let Some(grey) = greys[index] {
                    let class = if grey > thresholds[index] { 0 } else { 2 };
                    line[class] += grey;
                    line[class + 1] += 1.0;
                }
                let above = sums[row * stride + column + 1];
                sums[(row + 1) * stride + column + 1] = std::array::from_fn(|i| above[i] + line[i]);
            }
        }
        Self { sums, stride }
    }

    /// Mean of all, of the light and of the dark modules in a rectangle; `fallback` where there are none.
    fn means(
        &self,
        left: usize,
        top: usize,
        right: usize,
        bottom: usize,
        fallback: (f32, f32),
    ) -> (f32, f32, f32) {
        let at = |column: usize, row: usize| self.sums[row * self.stride + column];
        let (a, b, c, d) = (
            at(left, top),
            at(right, top),
            at(left, bottom),
            at(right, bottom),
        );
        let [light, lights, dark, darks]: [f32; 4] =
            std::array::from_fn(|i| d[i] + a[i] - b[i] - c[i]);
        let mean =
            |sum: f32, count: f32, fallback: f32| if count > 0.5 { sum / count } else { fallback };
        let all = mean(
            light + dark,
            lights + darks,
            (fallback.0 + fallback.1) / 2.0,
        );
        (
            all,
            mean(light, lights, fallback.0),
            mean(dark, darks, fallback.1),
        )
    }
}
