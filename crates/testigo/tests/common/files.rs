//! Picture and archive files made byte by byte, for what no ordinary program writes.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use testigo_sheet::picture::GreyPicture;

/// A PNG file: header fields, then rows with their filter bytes. `extra` chunks stand before the pixels.
pub fn png(width: u32, height: u32, depth: u8, colour: u8, rows: &[u8], extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let mut file = b"\x89PNG\r\n\x1a\n".to_vec();
    let header = [&width.to_be_bytes()[..], &height.to_be_bytes(), &[depth, colour, 0, 0, 0]].concat();
    chunk(&mut file, b"IHDR", &header);
    for (name, bytes) in extra {
        chunk(&mut file, name, bytes);
    }
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(rows).unwrap();
    chunk(&mut file, b"IDAT", &packed.finish().unwrap());
    chunk(&mut file, b"IEND", b"");
    file
}

fn chunk(file: &mut Vec<u8>, name: &[u8; 4], bytes: &[u8]) {
    file.extend(u32::try_from(bytes.len()).unwrap().to_be_bytes());
    let mut sum = flate2::Crc::new();
    sum.update(name);
    sum.update(bytes);
    file.extend_from_slice(name);
    file.extend_from_slice(bytes);
    file.extend(sum.sum().to_be_bytes());
}

/// A grey picture with 16 bits a pixel.
pub fn sixteen_bit_png(picture: &GreyPicture) -> Vec<u8> {
    let width = usize::try_from(picture.width()).unwrap();
    let mut rows = Vec::new();
    for row in picture.pixels().chunks_exact(width) {
        rows.push(0);
        rows.extend(row.iter().flat_map(|level| [*level, 0x80]));
    }
    png(picture.width(), picture.height(), 16, 0, &rows, &[])
}

/// A grey PNG with 8 bits a pixel.
pub fn grey_png(picture: &GreyPicture, extra: &[(&[u8; 4], &[u8])]) -> Vec<u8> {
    let width = usize::try_from(picture.width()).unwrap();
    let mut rows = Vec::new();
    for row in picture.pixels().chunks_exact(width) {
        rows.push(0);
        rows.extend_from_slice(row);
    }
    png(picture.width(), picture.height(), 8, 0, &rows, extra)
}

/// A JPEG of four components, as printers use them, all pixels alike: every block is one zero for its mean and one for
/// its end.
pub fn cmyk_jpeg(blocks_wide: u16, blocks_high: u16) -> Vec<u8> {
    let mut file = b"\xff\xd8\xff\xee\x00\x0eAdobe\x00\x64\x00\x00\x00\x00\x00".to_vec();
    file.extend([0xff, 0xdb, 0, 67, 0]);
    file.extend([1; 64]);
    let (width, height) = (blocks_wide * 8, blocks_high * 8);
    file.extend([0xff, 0xc0, 0, 20, 8]);
    file.extend(height.to_be_bytes());
    file.extend(width.to_be_bytes());
    file.push(4);
    for component in 1..=4 {
        file.extend([component, 0x11, 0]);
    }
    for class in [0x00, 0x10] {
        file.extend([0xff, 0xc4, 0, 20, class, 1]);
        file.extend([0; 15]);
        file.push(0);
    }
    file.extend([0xff, 0xda, 0, 14, 4]);
    for component in 1..=4 {
        file.extend([component, 0]);
    }
    file.extend([0, 63, 0]);
    file.resize(file.len() + usize::from(blocks_wide) * usize::from(blocks_high), 0);
    file.extend([0xff, 0xd9]);
    file
}

/// A ZIP file of these names and contents, deflated.
pub fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, bytes) in files {
        writer.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// The same ZIP file with every entry said to be encrypted.
pub fn encrypted(mut zip: Vec<u8>) -> Vec<u8> {
    for (signature, flags) in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)] {
        let starts: Vec<usize> =
            zip.windows(4).enumerate().filter(|(_, window)| window == signature).map(|(at, _)| at).collect();
        for start in starts {
            zip[start + flags] |= 1;
        }
    }
    zip
}

/// The same ZIP file, of one entry whose name is four digits and an ending, with so many entries that all unpack the
/// same bytes.
pub fn overlapping(zip: &[u8], entries: u16) -> Vec<u8> {
    let start = zip.windows(4).position(|window| window == b"PK\x01\x02").unwrap();
    let end = zip.windows(4).position(|window| window == b"PK\x05\x06").unwrap();
    let mut file = zip[..start].to_vec();
    for number in 0..entries {
        let mut entry = zip[start..end].to_vec();
        entry[46..50].copy_from_slice(format!("{number:04}").as_bytes());
        file.extend(entry);
    }
    let size = u32::try_from(file.len() - start).unwrap();
    file.extend(b"PK\x05\x06\0\0\0\0");
    file.extend(entries.to_le_bytes());
    file.extend(entries.to_le_bytes());
    file.extend(size.to_le_bytes());
    file.extend(u32::try_from(start).unwrap().to_le_bytes());
    file.extend([0, 0]);
    file
}
