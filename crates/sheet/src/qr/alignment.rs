//! Alignment patterns: the small squares within squares all over a symbol, by which the paper's bends are followed
//! (ISO/IEC 18004 section 6.3.6).
//!
//! Following the paper over a large symbol looks at some fifty patterns in a hundred places each, which is most of the work on
//! a plain scan. So the places of a pattern's samples are worked out once, in whole numbers, and then only moved.

use super::canvas::Canvas;
use super::correlation::{Samples, correlation, deviation};
use super::numbers;
use super::outcome::Point;

/// Where the dark and the light modules of a pattern are sampled around its centre, in fixed-point pixels.
pub(super) struct Alignment {
    dark: Vec<(i32, i32)>,
    light: Vec<(i32, i32)>,
    /// Reach of the samples to every side, in pixels.
    reach: Point,
}

impl Alignment {
    /// A dark square ring of five modules, light inside, with a dark middle. `across` and `down` are the edges of a module in the
    /// picture; each module is sampled at `points` within it.
    pub(super) fn new(across: Point, down: Point, points: &[(f32, f32)]) -> Self {
        let (mut dark, mut light, mut reach) = (Vec::new(), Vec::new(), Point::default());
        for row in -2..=2_i32 {
            for column in -2..=2_i32 {
                let side = if column.abs().max(row.abs()) == 1 { &mut light } else { &mut dark };
                for (dx, dy) in points {
                    let offset = across.times(column as f32 + dx).plus(down.times(row as f32 + dy));
                    reach = Point::new(reach.x.max(offset.x.abs()), reach.y.max(offset.y.abs()));
                    side.push((numbers::fixed(offset.x), numbers::fixed(offset.y)));
                }
            }
        }
        Self { dark, light, reach: reach.plus(Point::new(1.0, 1.0)) }
    }

    /// Correlation of the picture around `centre` with the pattern, -1 to 1; -1 where most of it lies outside, 0 where the picture
    /// is blank.
    pub(super) fn correlation(&self, canvas: &Canvas, centre: Point) -> f32 {
        let inside = canvas.contains(centre.minus(self.reach)) && canvas.contains(centre.plus(self.reach));
        let [dark, light] = if inside {
            let (x, y) = (numbers::fixed(centre.x), numbers::fixed(centre.y));
            let grey = |(right, below): (i32, i32)| {
                Some(canvas.pixel(numbers::unfixed(x + right), numbers::unfixed(y + below)))
            };
            [samples(&self.dark, grey), samples(&self.light, grey)]
        } else {
            let grey = |(right, below): (i32, i32)| {
                canvas.grey(centre.plus(Point::new(numbers::real(right), numbers::real(below))))
            };
            [samples(&self.dark, grey), samples(&self.light, grey)]
        };
        if dark.count == 0 || light.count == 0 || dark.count + light.count < 20 {
            return -1.0;
        }
        let deviation = deviation(dark, light);
        if deviation < 2.0 { 0.0 } else { correlation(dark, light, deviation) }
    }
}

/// Of the samples at these places; those without a pixel do not count.
#[inline(always)]
fn samples(places: &[(i32, i32)], grey: impl Fn((i32, i32)) -> Option<u8>) -> Samples {
    Samples::of(places.iter().filter_map(|place| grey(*place)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::picture::GreyPicture;

    /// A pattern with modules of six pixels, its middle at (20, 21), on light paper.
    fn canvas() -> Canvas {
        let mut pixels = vec![220_u8; 40 * 42];
        for y in 0..30_usize {
            for x in 0..30_usize {
                let ring = (x / 6).abs_diff(2).max((y / 6).abs_diff(2));
                pixels[(y + 6) * 40 + x + 5] = if ring == 1 { 220 } else { 30 };
            }
        }
        Canvas::crop(&GreyPicture::new(40, 42, pixels).unwrap(), 0, 0, 40, 42).unwrap()
    }

    const POINTS: [(f32, f32); 4] = [(-0.3, -0.3), (0.3, -0.3), (-0.3, 0.3), (0.3, 0.3)];

    #[test]
    fn a_pattern_is_seen_in_its_place_and_nowhere_else() {
        let alignment = Alignment::new(Point::new(6.0, 0.0), Point::new(0.0, 6.0), &POINTS);
        assert!(alignment.correlation(&canvas(), Point::new(20.0, 21.0)) > 0.99);
        assert!(alignment.correlation(&canvas(), Point::new(26.0, 21.0)) < 0.3);
        assert!(alignment.correlation(&canvas(), Point::new(-60.0, 21.0)) < 0.0, "all of it lies outside");
        let blank = Canvas::crop(&GreyPicture::new(40, 42, vec![200; 40 * 42]).unwrap(), 0, 0, 40, 42).unwrap();
        assert_eq!(alignment.correlation(&blank, Point::new(20.0, 21.0)), 0.0);
    }

    #[test]
    fn at_the_edge_what_is_inside_counts() {
        let alignment = Alignment::new(Point::new(6.0, 0.0), Point::new(0.0, 6.0), &POINTS);
        let cut = Canvas::crop(&GreyPicture::new(40, 42, canvas_pixels()).unwrap(), 8, 0, 40, 42).unwrap();
        assert!(alignment.correlation(&cut, Point::new(12.0, 21.0)) > 0.99, "one column of the ring is missing");
    }

    fn canvas_pixels() -> Vec<u8> {
        let canvas = canvas();
        (0..42).flat_map(|y| (0..40).map(move |x| (x, y))).map(|(x, y)| canvas.pixel(x, y)).collect()
    }
}
