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

/// The box around a code, `[left, top, right, bottom]` in ten-thousandths of the picture.
pub fn code_box(corners: &[Point; 4], width: u32, height: u32) -> [u16; 4] {
    let share = |position: f32, length: u32| {
        let share = f64::from(position) * 10_000.0 / f64::from(length.max(1));
        // In range by the clamp.
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss)]
        let share = share.clamp(0.0, 10_000.0) as u16;
        share
    };
    let x = corners.iter().map(|point| share(point.x, width));
    let y = corners.iter().map(|point| share(point.y, height));
    [
        x.clone().min().unwrap_or(0),
        y.clone().min().unwrap_or(0),
        x.max().unwrap_or(0),
        y.max().unwrap_or(0),
    ]
}
