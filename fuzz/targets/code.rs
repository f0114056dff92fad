//! Whatever looks like a code: small pictures of dark and light pixels climb the whole ladder.
//!
//! The first byte is the width less one, every bit after it a pixel. So a change of one bit is a change of one pixel, which no
//! picture format allows, and a run is a hundred times as fast as one with a sheet.
#![no_main]

use libfuzzer_sys::fuzz_target;
use testigo_sheet::picture::GreyPicture;
use testigo_sheet::qr::{self, Outcome};

const DARK: u8 = 40;
const LIGHT: u8 = 210;

fuzz_target!(|bytes: &[u8]| {
    let Some((width, bits)) = bytes.split_first() else { return };
    let width = usize::from(*width) + 1;
    let pixels = bits.iter().flat_map(|byte| (0..8).map(move |bit| if byte << bit & 0x80 == 0 { LIGHT } else { DARK }));
    let mut pixels: Vec<u8> = pixels.take(width * 256).collect();
    pixels.truncate(pixels.len() / width * width);
    let height = pixels.len() / width;
    let size = |pixels: usize| u32::try_from(pixels).expect("at most 256");
    let Some(picture) = GreyPicture::new(size(width), size(height), pixels) else { return };
    if let Outcome::Read { reading, .. } = qr::read_sheet(&picture, &[], &mut |_| true) {
        assert!((1..=40).contains(&reading.version) && !reading.bytes.is_empty());
        assert!(reading.correction.is_some_and(|correction| correction.errors * 2 <= correction.capacity));
    }
});
