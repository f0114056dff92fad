//! Whatever is sent as a picture: recognised, stripped of metadata, decoded whole and in part. Codes are the target `code`'s.
#![no_main]

use libfuzzer_sys::fuzz_target;
use testigo_sheet::jpeg::Jpeg;
use testigo_sheet::picture::{self, Limits, Rectangle};
use testigo_sheet::metadata;

fuzz_target!(|bytes: &[u8]| {
    let limits = Limits::default();
    let claimed = picture::claimed_size(bytes);
    let stripped = metadata::strip(bytes, &limits);
    let Ok(grey) = picture::decode_grey(bytes, &limits) else { return };
    assert_eq!(grey.pixels().len() as u64, u64::from(grey.width()) * u64::from(grey.height()));
    if let (Ok(stripped), Some((width, height))) = (stripped, claimed) {
        let (upright, seen) = (stripped.upright_size(), (grey.width(), grey.height()));
        assert_eq!(upright, seen, "the stripped file has another size");
        assert!(seen == (width, height) || seen == (height, width), "the header promised another size");
    }
    if let Ok(jpeg) = Jpeg::parse(bytes, &limits) {
        let foot = Rectangle { left: 0, top: jpeg.height() / 2, width: jpeg.width(), height: jpeg.height() };
        let _ = jpeg.decode_grey_region(foot);
        let _ = jpeg.coefficients(&limits);
    }
});
