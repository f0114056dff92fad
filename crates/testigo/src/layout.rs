//! A pack's areas in the words of the picture reader.

use testigo_count::pack::SheetLayout;
use testigo_sheet::mask::Area;
use testigo_sheet::picture::Rectangle;
use testigo_sheet::qr::{Place, Point};

/// Where to look for codes first.
pub fn places(layout: &SheetLayout) -> Vec<Place> {
    layout.codes.iter().filter_map(|[left, top, right, bottom]| Place::new(*left, *top, *right, *bottom)).collect()
}

/// An area to hide.
pub fn area([left, top, right, bottom]: [u16; 4]) -> Option<Area> {
    Area::new(left, top, right, bottom).ok()
}

/// `[left, top, right, bottom]` in pixels.
pub fn corners(rectangle: &Rectangle) -> [u32; 4] {
    let Rectangle { left, top, width, height } = *rectangle;
    [left, top, left.saturating_add(width), top.saturating_add(height)]
}

/// The middle of a code in ten-thousandths of the picture.
pub fn middle(corners: &[Point; 4], width: u32, height: u32) -> [u16; 2] {
    let mean = |of: fn(&Point) -> f32| corners.iter().map(of).sum::<f32>() / 4.0;
    let share = |position: f32, length: u32| {
        let share = f64::from(position) * 10_000.0 / f64::from(length.max(1));
        // In range by the clamp.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let share = share.clamp(0.0, 10_000.0) as u16;
        share
    };
    [share(mean(|point| point.x), width), share(mean(|point| point.y), height)]
}
