//! The real scans, where they are at hand.

use std::path::PathBuf;
use testigo_sheet::metadata;
use testigo_sheet::picture::{self, Limits};

fn scans() -> Vec<PathBuf> {
    let folder = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../../shared/data/ve2024/images"
    );
    let Ok(entries) = std::fs::read_dir(folder) else {
        println!("SKIPPED: no scans in ../shared/data/ve2024/images");
        return Vec::new();
    };
    let mut paths: Vec<_> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn stripping_leaves_the_pixels_as_they_are() {
    let limits = Limits::default();
    for path in scans() {
        let bytes = std::fs::read(&path).unwrap();
        let stripped = metadata::strip(&bytes, &limits).unwrap();
        assert!(stripped.bytes.len() <= bytes.len());
        let before = picture::decode_grey(&bytes, &limits).unwrap();
        let after = picture::decode_grey(&stripped.bytes, &limits).unwrap();
        assert!(before == after, "{}", path.display());
        assert_eq!(metadata::strip(&stripped.bytes, &limits).unwrap(), stripped);
    }
}
