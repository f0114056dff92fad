//! Following paper that is bent between the known points of a grid.
//!
//! Modules are of one colour each. So wherever the grid lies right, brightness differs between modules and hardly within
//! them; a patch of the grid is shifted until that is most so, whatever the modules say. Patches beside known points come
//! first and become known themselves, so that the grid creeps over the symbol and never has to jump by a module.

use super::canvas::Canvas;
use super::geometry::Anchor;
use super::grid::{Grid, best_shift};
use super::outcome::Point;

/// Modules between the middles of patches.
const SPACING: usize = 5;

/// Modules of a patch to every side of its middle.
const REACH: i8 = 3;

/// Share of the variance that lies between modules from which a patch is believed.
const BELIEVED: f32 = 0.45;

impl Grid {
    /// The grid after all its patches have found their place.
    pub(super) fn adapted(mut self, canvas: &Canvas) -> Self {
        let side = self.version.side();
        let middles = (2..side).step_by(SPACING);
        let mut waiting: Vec<Point> = middles
            .clone()
            .flat_map(|row| middles.clone().map(move |column| (column, row)))
            .map(|(column, row)| Point::new(column as f32 + 0.5, row as f32 + 0.5))
            .collect();
        while let Some(index) = (0..waiting.len()).min_by(|a, b| {
            let distance = |index: &usize| self.distance_to_known(waiting[*index]);
            distance(a).total_cmp(&distance(b))
        }) {
            let module = waiting.swap_remove(index);
            let centre = self.map(module);
            if !centre.is_finite() || !canvas.contains(centre) {
                continue;
            }
            let (across, down) = self.axes(module);
            let place = |dx: f32, dy: f32| centre.plus(across.times(dx)).plus(down.times(dy));
            let found = best_shift(0.45, 0.15, |dx, dy| {
                unity_of_modules(canvas, module, side as f32, place(dx, dy), across, down)
            });
            if let Some(shift) = found.filter(|shift| shift.correlation >= BELIEVED) {
                let pixel = place(shift.dx, shift.dy);
                self.know(Anchor { module, pixel, weight: 0.5 });
            }
        }
        self
    }
}

/// The share of the variance of brightness that lies between the modules of a patch and not within them, 0 to 1.
fn unity_of_modules(canvas: &Canvas, module: Point, side: f32, centre: Point, across: Point, down: Point) -> f32 {
    let (mut sum, mut squares, mut count, mut between) = (0.0_f32, 0.0_f32, 0.0_f32, 0.0_f32);
    for row in -REACH..=REACH {
        for column in -REACH..=REACH {
            let (row, column) = (f32::from(row), f32::from(column));
            let inside = |value: f32| (0.0..side).contains(&value);
            if !inside(module.x + column) || !inside(module.y + row) {
                continue;
            }
            let (mut own, mut samples) = (0.0_f32, 0.0_f32);
            for (dx, dy) in [(0.0, 0.0), (-0.3, -0.3), (0.3, -0.3), (-0.3, 0.3), (0.3, 0.3)] {
                let place = centre.plus(across.times(column + dx)).plus(down.times(row + dy));
                if let Some(grey) = canvas.grey(place) {
                    let grey = f32::from(grey);
                    own += grey;
                    squares += grey * grey;
                    samples += 1.0;
                }
            }
            if samples > 0.0 {
                between += own * own / samples;
                sum += own;
                count += samples;
            }
        }
    }
    if count < 60.0 {
        return 0.0;
    }
    let total = squares - sum * sum / count;
    // A patch of one colour says nothing.
    if total < 100.0 * count { 0.0 } else { (between - sum * sum / count) / total }
}
