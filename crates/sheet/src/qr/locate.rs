//! Which finder patterns belong together, and what symbol they may be the corners of.
//!
//! Three finder patterns are the plain case. Two, or one, are enough to guess where the rest of the symbol must lie;
//! its alignment and timing patterns then tell whether the guess is right.

use super::canvas::Canvas;
use super::finder::Finder;
use super::geometry::Anchor;
use super::grid::{GUESS, Grid};
use super::numbers::nearest;
use super::outcome::Point;
use super::symbol::Version;

/// The corner of the symbol in which a finder pattern stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Corner {
    TopLeft,
    TopRight,
    BottomLeft,
}

/// Finder patterns taken as the corners of one symbol, with the directions of its rows and columns.
#[derive(Clone, Debug)]
pub(super) struct Constellation {
    /// Index into the list of finders, and the corner.
    members: Vec<(usize, Corner)>,
    right: Point,
    down: Point,
    /// The smaller the likelier.
    oddness: f32,
}

/// Finders that take part in combinations of two and three.
const COMBINED: usize = 14;

/// Finders that are tried alone, and how clear they must be for it.
const ALONE: usize = 4;
const CLEAR: f32 = 0.3;

/// How far a constellation's sides may be from a right angle, as a cosine.
const SLANT: f32 = 0.55;

/// All plausible sets of three, likeliest first.
pub(super) fn triples(finders: &[Finder]) -> Vec<Constellation> {
    let mut found = Vec::new();
    let count = finders.len().min(COMBINED);
    for a in 0..count {
        for b in a + 1..count {
            for c in b + 1..count {
                found.extend(triple(finders, [a, b, c]));
            }
        }
    }
    found.sort_by(|a, b| a.oddness.total_cmp(&b.oddness));
    found
}

fn triple(finders: &[Finder], indexes: [usize; 3]) -> Option<Constellation> {
    let sizes = indexes.map(|index| finders[index].module);
    let (least, most) =
        (sizes.iter().copied().fold(f32::INFINITY, f32::min), sizes.iter().copied().fold(0.0, f32::max));
    if most > 2.0 * least {
        return None;
    }
    // The top left one lies across from the longest side.
    let opposite = |k: usize| finders[indexes[(k + 1) % 3]].centre.distance(finders[indexes[(k + 2) % 3]].centre);
    let apex = (0..3).max_by(|a, b| opposite(*a).total_cmp(&opposite(*b)))?;
    let (mut right, mut down) = (indexes[(apex + 1) % 3], indexes[(apex + 2) % 3]);
    let origin = finders[indexes[apex]].centre;
    if finders[right].centre.minus(origin).cross(finders[down].centre.minus(origin)) < 0.0 {
        (right, down) = (down, right);
    }
    let (across, along) = (finders[right].centre.minus(origin), finders[down].centre.minus(origin));
    let (length, height) = (across.length(), along.length());
    let slant = across.dot(along).abs() / (length * height).max(1e-3);
    let ratio = length.max(height) / length.min(height).max(1e-3);
    // Version 1 has 14 modules between finder patterns, version 40 has 170.
    let modules = (length + height) / 2.0 / ((least + most) / 2.0);
    if slant > SLANT || ratio > 2.2 || !(8.0..240.0).contains(&modules) {
        return None;
    }
    let unclear = indexes.iter().filter(|index| finders[**index].corners.is_none()).count() as f32;
    let rarely = indexes.iter().map(|index| 1.0 / finders[*index].hits.max(1) as f32).sum::<f32>();
    Some(Constellation {
        members: vec![(indexes[apex], Corner::TopLeft), (right, Corner::TopRight), (down, Corner::BottomLeft)],
        right: across.times(1.0 / length),
        down: along.times(1.0 / height),
        oddness: slant + (ratio - 1.0) + (most / least - 1.0) + 0.3 * unclear + 0.2 * rarely,
    })
}

/// All ways in which two finder patterns with clear outlines can be corners of one symbol, likeliest first.
pub(super) fn pairs(finders: &[Finder]) -> Vec<Constellation> {
    let mut found = Vec::new();
    let count = finders.len().min(COMBINED);
    for a in 0..count {
        for b in 0..count {
            if a != b {
                found.extend(pair(finders, a, b));
            }
        }
    }
    found.sort_by(|a, b| a.oddness.total_cmp(&b.oddness));
    found
}

/// The ways in which `a` comes before `b` clockwise around the symbol, or diagonally across.
fn pair(finders: &[Finder], a: usize, b: usize) -> Vec<Constellation> {
    let (Some(frame), Some(_)) = (finders[a].corners, finders[b].corners) else {
        return Vec::new();
    };
    let (one, other) = (&finders[a], &finders[b]);
    let size_ratio = one.module.max(other.module) / one.module.min(other.module);
    let between = other.centre.minus(one.centre);
    let modules = between.length() / ((one.module + other.module) / 2.0);
    if one.clarity.min(other.clarity) < CLEAR || size_ratio > 1.6 || !(10.0..260.0).contains(&modules) {
        return Vec::new();
    }
    let direction = between.times(1.0 / between.length());
    // The side of the frame that points most nearly from one to the other tells a side from a diagonal.
    let Some(side) = (0..4)
        .map(|index| frame[(index + 1) % 4].minus(frame[index]))
        .map(|side| side.times(1.0 / side.length().max(1e-3)))
        .max_by(|s, t| s.dot(direction).total_cmp(&t.dot(direction)))
    else {
        return Vec::new();
    };
    let turned = |p: Point| Point::new(-p.y, p.x);
    let straight = side.dot(direction);
    let constellation = |corners: [Corner; 2], right: Point, down: Point, oddness: f32| Constellation {
        members: vec![(a, corners[0]), (b, corners[1])],
        right,
        down,
        oddness: oddness + (size_ratio - 1.0),
    };
    let mut found = Vec::new();
    if straight > 0.94 {
        let across = turned(direction);
        found.push(constellation([Corner::TopLeft, Corner::TopRight], direction, across, 1.0 - straight));
        found.push(constellation([Corner::BottomLeft, Corner::TopLeft], across, direction.times(-1.0), 1.0 - straight));
    }
    if straight < 0.85 && a < b {
        // From top right to bottom left, whichever of them is which.
        for sign in [1.0, -1.0] {
            let (x, y) = (direction.times(sign), turned(direction).times(sign));
            let right = x.plus(y).times(-std::f32::consts::FRAC_1_SQRT_2);
            let down = x.minus(y).times(std::f32::consts::FRAC_1_SQRT_2);
            let corners = if sign > 0.0 {
                [Corner::TopRight, Corner::BottomLeft]
            } else {
                [Corner::BottomLeft, Corner::TopRight]
            };
            found.push(constellation(corners, right, down, (straight - std::f32::consts::FRAC_1_SQRT_2).abs()));
        }
    }
    found
}

/// All ways in which one finder pattern with a clear outline can be a corner of a symbol.
pub(super) fn singles(finders: &[Finder]) -> Vec<Constellation> {
    let mut found = Vec::new();
    let clear = finders.iter().enumerate().filter(|(_, finder)| finder.clarity >= CLEAR);
    for (index, finder) in clear.take(ALONE) {
        let Some(frame) = finder.corners else {
            continue;
        };
        for turn in 0..4 {
            let unit = |p: Point| p.times(1.0 / p.length().max(1e-3));
            let right = unit(frame[(turn + 1) % 4].minus(frame[turn]));
            let down = unit(frame[(turn + 3) % 4].minus(frame[turn]));
            let (right, down) = if right.cross(down) < 0.0 { (down, right) } else { (right, down) };
            for corner in [Corner::TopLeft, Corner::TopRight, Corner::BottomLeft] {
                found.push(Constellation { members: vec![(index, corner)], right, down, oddness: 0.0 });
            }
        }
    }
    found
}

impl Constellation {
    /// The finders that take part.
    pub(super) fn members(&self) -> impl Iterator<Item = usize> {
        self.members.iter().map(|(index, _)| *index)
    }

    /// The middle of the finders that take part.
    pub(super) fn middle(&self, finders: &[Finder]) -> Point {
        let sum =
            self.members().filter_map(|index| finders.get(index)).fold(Point::default(), |sum, f| sum.plus(f.centre));
        sum.times(1.0 / self.members.len().max(1) as f32)
    }

    /// Whether the symbol's place is fixed by its finders alone.
    fn is_full(&self) -> bool {
        self.members.len() >= 3
    }

    /// Resistance to perspective: little can be known of it from few finders.
    pub(super) fn stiffness(&self) -> f32 {
        match self.members.len() {
            0 | 1 => 10.0,
            2 => 0.3,
            _ => 0.0003,
        }
    }

    /// Versions whose size fits the distance of the finders, best first; all with alignment patterns for a single one.
    fn versions(&self, finders: &[Finder]) -> Vec<Version> {
        let mut sides = Vec::new();
        for (n, (a, corner)) in self.members.iter().enumerate() {
            for (b, other) in self.members.iter().skip(n + 1) {
                let diagonal = *corner != Corner::TopLeft && *other != Corner::TopLeft;
                if diagonal && self.is_full() {
                    continue;
                }
                let between = finders[*b].centre.minus(finders[*a].centre);
                let direction = between.times(1.0 / between.length().max(1e-3));
                let (Some(one), Some(two)) =
                    (self.extent(&finders[*a], direction, diagonal), self.extent(&finders[*b], direction, diagonal))
                else {
                    continue;
                };
                let share = if diagonal { std::f32::consts::SQRT_2 } else { 1.0 };
                sides.push(7.0 + between.length() / ((one + two) / 2.0) / share);
            }
        }
        if sides.is_empty() {
            return Version::all().filter(|version| version.number() > 1).collect();
        }
        let side = sides.iter().sum::<f32>() / sides.len() as f32;
        let middle = nearest((side - 17.0) / 4.0);
        let reach = if middle < 6 {
            1
        } else if middle < 20 {
            2
        } else {
            4
        };
        let mut versions: Vec<Version> =
            (middle - reach..=middle + reach).filter_map(|number| Version::new(u8::try_from(number).ok()?)).collect();
        versions.sort_by(|a, b| {
            let off = |version: &Version| (version.side() as f32 - side).abs();
            off(a).total_cmp(&off(b))
        });
        versions
    }

    /// Pixels of a module of `finder` along a side of the symbol, or the side's equal for a diagonal.
    fn extent(&self, finder: &Finder, direction: Point, diagonal: bool) -> Option<f32> {
        let Some(corners) = finder.corners else {
            return Some(finder.module);
        };
        if diagonal {
            return Some(finder.module);
        }
        // Width of the outline along the direction: twice the distance from its middle to the side it leaves by.
        let mut widest = None;
        for index in 0..4 {
            let side = corners[(index + 1) % 4].minus(corners[index]);
            let unit = side.times(1.0 / side.length().max(1e-3));
            let alignment = unit.dot(direction).abs();
            if widest.is_none_or(|(best, _)| alignment > best) {
                let opposite = corners[(index + 2) % 4].distance(corners[(index + 3) % 4]);
                widest = Some((alignment, (side.length() + opposite) / 14.0));
            }
        }
        widest.map(|(_, extent)| extent).filter(|extent| *extent > 0.1)
    }

    /// What the finders fix in a symbol of the given version.
    fn anchors(&self, finders: &[Finder], version: Version) -> Vec<Anchor> {
        let far = version.side() as f32 - 3.5;
        let mut anchors = Vec::new();
        for (index, corner) in &self.members {
            let finder = &finders[*index];
            let centre = match corner {
                Corner::TopLeft => Point::new(3.5, 3.5),
                Corner::TopRight => Point::new(far, 3.5),
                Corner::BottomLeft => Point::new(3.5, far),
            };
            anchors.push(Anchor { module: centre, pixel: finder.centre, weight: 1.0 });
            for pixel in finder.corners.iter().flatten() {
                // Which corner it is, in the slanted frame of rows and columns.
                let offset = pixel.minus(finder.centre);
                let rightwards = offset.cross(self.down);
                let downwards = self.right.cross(offset);
                let module =
                    Point::new(centre.x + 3.5_f32.copysign(rightwards), centre.y + 3.5_f32.copysign(downwards));
                anchors.push(Anchor { module, pixel: *pixel, weight: 0.4 });
            }
        }
        anchors
    }

    /// Grids of the likely versions, best first, by what is seen of the symbol's other fixed patterns.
    pub(super) fn grids(&self, finders: &[Finder], canvas: &Canvas) -> Vec<Candidate> {
        let mut grids = Vec::new();
        for version in self.versions(finders) {
            let Some(grid) = Grid::through(version, self.anchors(finders, version), self.stiffness()) else {
                continue;
            };
            if self.is_full() {
                let agreement = grid.timing_agreement(canvas);
                grids.push(Candidate { agreement, evidence: agreement, grid });
                continue;
            }
            let grown = grid.grow(canvas, self.stiffness(), GUESS);
            let (seen, total) = grown.recognised;
            let (seen, total) = (seen as f32, total as f32);
            // A pattern in its place is worth more the more of its kind are in theirs, a timing pattern the longer it is.
            let timing = grown.timing_agreement(canvas);
            let evidence = seen * seen / (total + 1.0) + timing * (version.side() as f32 / 20.0).min(2.0);
            if seen >= 2.0 || (total <= 1.0 && timing > 0.5) {
                let agreement = timing.max(seen / (total + 1.0));
                grids.push(Candidate { agreement, evidence, grid: grown });
            }
        }
        grids.sort_by(|a, b| b.evidence.total_cmp(&a.evidence));
        grids
    }
}

/// A grid that may lie over a symbol.
#[derive(Clone, Debug)]
pub(super) struct Candidate {
    /// How well the fixed patterns are seen, 0 to 1.
    pub(super) agreement: f32,
    /// How much they say, for comparison with other candidates.
    pub(super) evidence: f32,
    pub(super) grid: Grid,
}
