//! A small writer of PDF 1.4: text in Helvetica and pictures, on A4 pages, the same bytes every time.
//!
//! The fonts are those that every reader has, in `WinAnsiEncoding`: Latin letters. A character outside of it becomes a question
//! mark; the HTML report has it. JPEG pictures are put in as they are, PNG pictures by their compressed rows, so that
//! nothing is decoded and nothing is lost. A picture much taller than wide, as a printed strip is, is cut into columns.

use std::fmt::Write as _;
use std::io::Write as _;

use flate2::Compression;
use flate2::write::ZlibEncoder;

/// Points.
const WIDTH: f64 = 595.0;
const HEIGHT: f64 = 842.0;
const MARGIN: f64 = 54.0;
/// Between two columns of a picture.
const GUTTER: f64 = 10.0;

/// A document that is being written, from top to bottom.
pub(super) struct Pdf {
    pages: Vec<String>,
    pictures: Vec<Embedded>,
    /// Pictures of each page.
    used: Vec<Vec<usize>>,
    y: f64,
}

/// How a line is set.
#[derive(Clone, Copy)]
pub(super) struct Style {
    size: f64,
    bold: bool,
    before: f64,
}

pub(super) const TITLE: Style = Style { size: 18.0, bold: true, before: 0.0 };
pub(super) const HEADING: Style = Style { size: 13.0, bold: true, before: 16.0 };
pub(super) const SMALL_HEADING: Style = Style { size: 10.5, bold: true, before: 9.0 };
pub(super) const TEXT: Style = Style { size: 9.5, bold: false, before: 4.0 };

/// A picture as a PDF holds it.
struct Embedded {
    dictionary: String,
    bytes: Vec<u8>,
    width: u32,
    height: u32,
}

impl Pdf {
    pub fn new() -> Self {
        Self { pages: vec![String::new()], pictures: Vec::new(), used: vec![Vec::new()], y: HEIGHT - MARGIN }
    }

    fn new_page(&mut self) {
        self.pages.push(String::new());
        self.used.push(Vec::new());
        self.y = HEIGHT - MARGIN;
    }

    fn room(&mut self, points: f64) {
        if self.y - points < MARGIN {
            self.new_page();
        }
    }

    fn put(&mut self, x: f64, y: f64, style: Style, text: &str) {
        let font = if style.bold { "F2" } else { "F1" };
        if let Some(page) = self.pages.last_mut() {
            let _ = writeln!(page, "BT /{font} {:.1} Tf {x:.1} {y:.1} Td ({}) Tj ET", style.size, escaped(text));
        }
    }

    /// A paragraph, broken into lines.
    pub fn paragraph(&mut self, style: Style, text: &str) {
        self.y -= style.before;
        for line in wrapped(text, style, WIDTH - 2.0 * MARGIN) {
            self.room(style.size * 1.35);
            self.y -= style.size * 1.35;
            self.put(MARGIN, self.y, style, &line);
        }
    }

    /// A row of a table: the first field to the left, all others to the right of columns of equal width.
    pub fn row(&mut self, fields: &[String], bold: bool) {
        let style = Style { size: 9.0, bold, before: 0.0 };
        self.room(13.0);
        self.y -= 12.5;
        let columns = fields.len().saturating_sub(1).max(1);
        let first = 220.0_f64.min(WIDTH / 2.5);
        let each = (WIDTH - 2.0 * MARGIN - first) / f64::from(u32::try_from(columns).unwrap_or(1));
        let mut right = MARGIN + first;
        for (at, field) in fields.iter().enumerate() {
            if at == 0 {
                self.put(MARGIN, self.y, style, &cut(field, style, first - 6.0));
            } else {
                right += each;
                let field = cut(field, style, each - 4.0);
                self.put(right - length(&field, style), self.y, style, &field);
            }
        }
        if let Some(page) = self.pages.last_mut() {
            let y = self.y - 3.5;
            let _ = writeln!(page, "0.8 G 0.4 w {MARGIN:.1} {y:.1} m {:.1} {y:.1} l S 0 G", WIDTH - MARGIN);
        }
    }

    /// A picture on pages of its own columns. `false` where its form cannot be put into a PDF as it is.
    pub fn picture(&mut self, bytes: &[u8]) -> bool {
        let Some(picture) = jpeg(bytes).or_else(|| png(bytes)) else { return false };
        let (wide, high) = (f64::from(picture.width), f64::from(picture.height));
        let number = self.pictures.len();
        self.pictures.push(picture);
        self.y -= 8.0;
        let (across, down) = (WIDTH - 2.0 * MARGIN, HEIGHT - 2.0 * MARGIN - 24.0);
        // The fewest columns in which a strip fills the page's width.
        let mut columns = 1_u32;
        while columns < 8 {
            let count = f64::from(columns);
            let column = (across - GUTTER * (count - 1.0)) / count;
            if high / wide / count * column <= down {
                break;
            }
            columns += 1;
        }
        let count = f64::from(columns);
        let column = (across - GUTTER * (count - 1.0)) / count;
        let scale = (column / wide).min(down * count / high);
        let (width, whole) = (wide * scale, high * scale);
        let part = whole / count;
        if self.y - part < MARGIN {
            self.new_page();
        }
        let top = self.y;
        if let (Some(page), Some(used)) = (self.pages.last_mut(), self.used.last_mut()) {
            used.push(number);
            for at in 0..columns {
                let x = MARGIN + f64::from(at) * (width + GUTTER);
                let bottom = top - part;
                // The part of the picture that belongs into this column slides behind the window.
                let y = top - whole + f64::from(at) * part;
                let _ = writeln!(
                    page,
                    "q {x:.2} {bottom:.2} {width:.2} {part:.2} re W n {width:.3} 0 0 {whole:.3} {x:.2} {y:.2} cm /I{number} Do Q"
                );
            }
        }
        self.y = top - part - 6.0;
        true
    }

    /// The file.
    pub fn finish(self, title: &str) -> Vec<u8> {
        let mut out = b"%PDF-1.4\n%\xe2\xe3\xcf\xd3\n".to_vec();
        let mut places = Vec::new();
        // Objects: 1 catalogue, 2 pages, 3 and 4 fonts, 5 information, then pictures, then two for each page.
        let first_picture = 6;
        let first_page = first_picture + self.pictures.len();
        let kids: Vec<String> = (0..self.pages.len()).map(|page| format!("{} 0 R", first_page + page * 2)).collect();
        let font = |name: &str| {
            format!("<< /Type /Font /Subtype /Type1 /BaseFont /{name} /Encoding /WinAnsiEncoding >>").into_bytes()
        };
        let mut add = |out: &mut Vec<u8>, body: &[u8]| {
            places.push(out.len());
            let _ = writeln!(out, "{} 0 obj", places.len());
            out.extend_from_slice(body);
            out.extend_from_slice(b"\nendobj\n");
        };
        add(&mut out, b"<< /Type /Catalog /Pages 2 0 R >>");
        let pages = format!("<< /Type /Pages /Kids [{}] /Count {} >>", kids.join(" "), kids.len());
        add(&mut out, pages.as_bytes());
        add(&mut out, &font("Helvetica"));
        add(&mut out, &font("Helvetica-Bold"));
        add(&mut out, format!("<< /Title ({}) /Producer (Testigo) >>", escaped(title)).as_bytes());
        for picture in &self.pictures {
            add(&mut out, &stream(&picture.dictionary, &picture.bytes));
        }
        for (page, (content, used)) in self.pages.iter().zip(&self.used).enumerate() {
            let pictures: Vec<String> =
                used.iter().map(|number| format!("/I{number} {} 0 R", first_picture + number)).collect();
            let body = format!(
                "<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {WIDTH} {HEIGHT}] /Contents {} 0 R /Resources << /Font << /F1 3 0 R /F2 4 0 R >> /XObject << {} >> >> >>",
                first_page + page * 2 + 1,
                pictures.join(" ")
            );
            add(&mut out, body.as_bytes());
            let number =
                format!("BT /F1 8 Tf {:.1} 30 Td ({} / {}) Tj ET\n", WIDTH - MARGIN - 24.0, page + 1, self.pages.len());
            add(&mut out, &stream("/Filter /FlateDecode", &deflated(&latin(&format!("{content}{number}")))));
        }
        let start = out.len();
        let _ = write!(out, "xref\n0 {}\n0000000000 65535 f \n", places.len() + 1);
        for place in &places {
            let _ = writeln!(out, "{place:010} 00000 n ");
        }
        let size = places.len() + 1;
        let _ = write!(out, "trailer\n<< /Size {size} /Root 1 0 R /Info 5 0 R >>\nstartxref\n{start}\n%%EOF\n");
        out
    }
}

fn stream(dictionary: &str, bytes: &[u8]) -> Vec<u8> {
    let mut body = format!("<< {dictionary} /Length {} >>\nstream\n", bytes.len()).into_bytes();
    body.extend_from_slice(bytes);
    body.extend_from_slice(b"\nendstream");
    body
}

fn deflated(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    // Writing into memory does not fail.
    let _ = encoder.write_all(bytes);
    encoder.finish().unwrap_or_default()
}

/// Text of content streams holds escapes only, so every character is one byte.
fn latin(text: &str) -> Vec<u8> {
    text.chars().map(|one| u8::try_from(u32::from(one)).unwrap_or(b'?')).collect()
}

/// A string between parentheses.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for one in text.chars() {
        match win_ansi(one) {
            byte @ (b'(' | b')' | b'\\') => {
                escaped.push('\\');
                escaped.push(char::from(byte));
            }
            byte @ 32..=126 => escaped.push(char::from(byte)),
            byte => {
                let _ = write!(escaped, "\\{byte:03o}");
            }
        }
    }
    escaped
}

fn win_ansi(one: char) -> u8 {
    match one {
        ' '..='~' => u8::try_from(u32::from(one)).unwrap_or(b'?'),
        '\u{a0}' | '\t' | '\n' => b' ',
        '\u{a1}'..='\u{ff}' => u8::try_from(u32::from(one)).unwrap_or(b'?'),
        '–' => 0x96,
        '—' => 0x97,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '…' => 0x85,
        '›' => 0x9b,
        '\u{2212}' => b'-',
        _ => b'?',
    }
}

/// Widths of Helvetica from the space on, in thousandths of the size.
const WIDTHS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556, 556, 556, 556, 556,
    556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667, 611, 778, 722, 278, 500, 667, 556, 833,
    722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667, 667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556,
    556, 278, 556, 556, 222, 222, 500, 222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334,
    260, 334, 584,
];

fn length(text: &str, style: Style) -> f64 {
    // Letters with accents are about as wide as most others; bold ones somewhat wider.
    let each = |one: char| match win_ansi(one) {
        byte @ 32..=126 => f64::from(WIDTHS[usize::from(byte - 32)]),
        0xc0..=0xdf => 722.0,
        _ => 556.0,
    };
    let factor = if style.bold { 1.08 } else { 1.0 };
    text.chars().map(each).sum::<f64>() * style.size * factor / 1_000.0
}

fn wrapped(text: &str, style: Style, width: f64) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split_whitespace() {
        let longer = if line.is_empty() { word.to_owned() } else { format!("{line} {word}") };
        if length(&longer, style) <= width {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        // A hash is longer than a line.
        for letter in word.chars() {
            if length(&line, style) > width - style.size {
                lines.push(std::mem::take(&mut line));
            }
            line.push(letter);
        }
    }
    lines.push(line);
    lines
}

fn cut(text: &str, style: Style, width: f64) -> String {
    if length(text, style) <= width {
        return text.to_owned();
    }
    let mut cut = text.to_owned();
    while !cut.is_empty() && length(&cut, style) > width - style.size {
        cut.pop();
    }
    cut + "…"
}

/// Size and number of colours from the frame header.
fn jpeg(bytes: &[u8]) -> Option<Embedded> {
    let mut rest = bytes.strip_prefix(b"\xff\xd8")?;
    loop {
        let [0xff, marker, high, low, ..] = rest else { return None };
        let length = usize::from(*high) << 8 | usize::from(*low);
        let is_frame = matches!(marker, 0xc0..=0xc3 | 0xc5..=0xc7 | 0xc9..=0xcb | 0xcd..=0xcf);
        if is_frame {
            let [8, y1, y0, x1, x0, colors, ..] = rest.get(4..)? else { return None };
            let number = |high: u8, low: u8| u32::from(high) << 8 | u32::from(low);
            let (width, height) = (number(*x1, *x0), number(*y1, *y0));
            let space = match colors {
                1 => "/DeviceGray",
                3 => "/DeviceRGB",
                _ => return None,
            };
            let dictionary = format!(
                "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace {space} /BitsPerComponent 8 /Filter /DCTDecode"
            );
            return (width > 0 && height > 0).then(|| Embedded { dictionary, bytes: bytes.to_vec(), width, height });
        }
        rest = rest.get(2 + length.max(2)..)?;
    }
}

/// The compressed rows, which a PDF filters as a PNG does. Not for interlaced or transparent pictures.
fn png(bytes: &[u8]) -> Option<Embedded> {
    let mut rest = bytes.strip_prefix(b"\x89PNG\r\n\x1a\n")?;
    let (mut header, mut palette, mut data) = (None, None, Vec::new());
    while let [a, b, c, d, kind @ ..] = rest {
        let length = usize::try_from(u32::from_be_bytes([*a, *b, *c, *d])).ok()?;
        let (kind, after) = kind.split_at_checked(4)?;
        let body = after.get(..length)?;
        match kind {
            b"IHDR" => header = Some(body),
            b"PLTE" => palette = Some(body),
            b"tRNS" => return None,
            b"IDAT" => data.extend_from_slice(body),
            _ => {}
        }
        rest = after.get(length.checked_add(4)?..)?;
    }
    let [w3, w2, w1, w0, h3, h2, h1, h0, depth, kind, 0, 0, 0] = header? else { return None };
    let width = u32::from_be_bytes([*w3, *w2, *w1, *w0]);
    let height = u32::from_be_bytes([*h3, *h2, *h1, *h0]);
    let (space, colors) = match (kind, palette) {
        (0, _) => ("/DeviceGray".to_owned(), 1),
        (2, _) => ("/DeviceRGB".to_owned(), 3),
        (3, Some(palette)) => {
            let hexadecimal: String = palette.iter().map(|byte| format!("{byte:02x}")).collect();
            (format!("[/Indexed /DeviceRGB {} <{hexadecimal}>]", (palette.len() / 3).checked_sub(1)?), 1)
        }
        _ => return None,
    };
    let dictionary = format!(
        "/Type /XObject /Subtype /Image /Width {width} /Height {height} /ColorSpace {space} /BitsPerComponent {depth} /Filter /FlateDecode /DecodeParms << /Predictor 15 /Colors {colors} /BitsPerComponent {depth} /Columns {width} >>"
    );
    (width > 0 && height > 0).then_some(Embedded { dictionary, bytes: data, width, height })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_escaped_and_lines_are_as_long_as_they_may_be() {
        assert_eq!(escaped("Año (1) \\ 中"), "A\\361o \\(1\\) \\\\ ?");
        let lines = wrapped(&"word ".repeat(60), TEXT, 200.0);
        assert!(lines.len() > 3 && lines.iter().all(|line| length(line, TEXT) <= 200.0), "{lines:?}");
        let hash = "0123456789abcdef".repeat(8);
        assert_eq!(wrapped(&hash, TEXT, 200.0).concat(), hash);
    }

    #[test]
    fn every_object_stands_where_the_table_says() {
        let mut pdf = Pdf::new();
        pdf.paragraph(TITLE, "Título");
        for number in 0..120 {
            pdf.row(&[format!("row {number}"), "1".to_owned(), "2".to_owned()], number == 0);
        }
        let bytes = pdf.finish("Título");
        // Places are bytes; beside ASCII there are only compressed streams.
        let text: String = bytes.iter().map(|byte| if byte.is_ascii() { char::from(*byte) } else { '?' }).collect();
        let (_, table) = text.rsplit_once("xref\n0 ").unwrap();
        let places: Vec<usize> =
            table.lines().filter(|line| line.ends_with(" n ")).map(|line| line[..10].parse().unwrap()).collect();
        assert!(places.len() > 10, "several pages");
        for (at, place) in places.iter().enumerate() {
            assert!(text[*place..].starts_with(&format!("{} 0 obj\n", at + 1)), "object {}", at + 1);
        }
    }

    #[test]
    fn what_is_no_picture_is_left_out() {
        for bytes in [
            &b""[..],
            b"\xff\xd8",
            b"\xff\xd8\xff\xe0\x00",
            b"\x89PNG\r\n\x1a\n",
            b"GIF89a",
            b"\xff\xd8\xff\xc0\x00\x02",
        ] {
            assert!(!Pdf::new().picture(bytes), "{bytes:?}");
        }
    }
}
