//! A pack's areas in the words of the picture reader.

use testigo_count::sheet_layout::SheetLayout;
use testigo_sheet::mask::{Area, MaskError};
use testigo_sheet::picture::Rectangle;
use testigo_sheet::qr::{Place, Point};

/// Where to look for codes first.
pub fn places(layout: &SheetLayout) -> Vec<Place> {
    layout.codes.iter().filter_map(|[left, top, right, bottom]| Place::new(*left, *top, *right, *bottom)).collect()
}

/// An area to hide. An area that cannot be hidden must stop the picture from being published, so there is no way round
/// the error.
pub fn area([left, top, right, bottom]: [u16; 4]) -> Result<Area, MaskError> {
    Area::new(left, top, right.saturating_sub(left), bottom.saturating_sub(top))
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
    [x.clone().min().unwrap_or(0), y.clone().min().unwrap_or(0), x.max().unwrap_or(0), y.max().unwrap_or(0)]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_area_reaches_from_edge_to_edge() {
        let hidden = area([0, 5_320, 10_000, 8_900]).unwrap().place(1_000, 10_000);
        assert_eq!(corners(&hidden), [0, 5_320, 1_000, 8_900]);
        assert!(area([500, 700, 500, 900]).is_err(), "an empty area hides nothing, which is an error");
    }

    #[test]
    fn the_box_of_a_code_holds_its_corners() {
        let corners = [(100.0, 900.0), (480.0, 910.0), (470.0, 990.0), (90.0, 985.0)].map(|(x, y)| Point { x, y });
        assert_eq!(code_box(&corners, 500, 1_000), [1_800, 9_000, 9_600, 9_900]);
    }
}
