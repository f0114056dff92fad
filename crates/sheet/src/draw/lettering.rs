//! Text from a bitmap font, as a printer puts it on the strip.

use noto_sans_mono_bitmap::{FontWeight, RasterHeight, get_raster, get_raster_width};

use super::DrawError;
use super::numbers::coordinate;
use super::surface::Surface;

/// How a text is set. The glyphs are of one width, Noto Sans Mono, for ISO 8859-1.
#[derive(Clone, Copy)]
pub(super) enum Lettering {
    /// Table lines and long values.
    Body,
    /// Figures and table headings.
    Strong,
    /// Candidates and the title.
    Heading,
}

/// Which point of a line of text stands at the given column.
#[derive(Clone, Copy)]
pub(super) enum Align {
    Left,
    Centre,
    Right,
}

impl Lettering {
    fn face(self) -> (FontWeight, RasterHeight) {
        match self {
            Self::Body => (FontWeight::Regular, RasterHeight::Size20),
            Self::Strong => (FontWeight::Bold, RasterHeight::Size24),
            Self::Heading => (FontWeight::Bold, RasterHeight::Size32),
        }
    }

    /// Rows from one line of text to the next.
    pub(super) fn pitch(self) -> i32 {
        coordinate(self.face().1.val()) + 3
    }

    fn advance(self) -> usize {
        let (weight, size) = self.face();
        get_raster_width(weight, size)
    }

    /// Columns that a text of one line takes.
    pub(super) fn width(self, text: &str) -> i32 {
        coordinate(text.chars().count() * self.advance())
    }

    /// Breaks a text into lines of at most `width` columns, at blanks where there are any.
    pub(super) fn wrap(self, text: &str, width: i32) -> Vec<String> {
        let room = (super::numbers::index(width) / self.advance()).max(1);
        let mut lines: Vec<String> = Vec::new();
        let mut line = String::new();
        let mut length = 0;
        for word in text.split_whitespace() {
            let letters: Vec<char> = word.chars().collect();
            if length > 0 && length + 1 + letters.len() > room {
                lines.push(std::mem::take(&mut line));
                length = 0;
            }
            if length > 0 {
                line.push(' ');
                length += 1;
            }
            for letter in letters {
                if length == room {
                    lines.push(std::mem::take(&mut line));
                    length = 0;
                }
                line.push(letter);
                length += 1;
            }
        }
        if length > 0 {
            lines.push(line);
        }
        lines
    }

    /// Writes one line of text with its top at row `top`.
    pub(super) fn write(
        self,
        surface: &mut Surface,
        text: &str,
        align: Align,
        column: i32,
        top: i32,
    ) -> Result<(), DrawError> {
        let (weight, size) = self.face();
        let mut left = match align {
            Align::Left => column,
            Align::Centre => column - self.width(text) / 2,
            Align::Right => column - self.width(text),
        };
        for character in text.chars() {
            let glyph = get_raster(character, weight, size)
                .ok_or_else(|| DrawError::Character { character, text: text.to_owned() })?;
            for (y, row) in (top..).zip(glyph.rows()) {
                for (x, ink) in (left..).zip(row) {
                    // A thermal head prints a dot or none, so the soft rim of the glyph is made steeper.
                    let ink = u16::from(*ink).saturating_sub(40) * 7 / 4;
                    let ink = u8::try_from(ink).unwrap_or(u8::MAX);
                    if ink > 0 && surface.get(x, y).is_some_and(|grey| grey > u8::MAX - ink) {
                        surface.set(x, y, u8::MAX - ink);
                    }
                }
            }
            left += coordinate(glyph.width());
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrapping_keeps_every_letter_and_no_line_is_too_long() {
        let text = "Circunscripción   Ñandú del Este, Supercalifragilisticaexpialidosamente";
        let lines = Lettering::Body.wrap(text, 100);
        assert!(lines.iter().all(|line| Lettering::Body.width(line) <= 100), "{lines:?}");
        let without_blanks = |text: &str| text.chars().filter(|letter| !letter.is_whitespace()).collect::<String>();
        assert_eq!(without_blanks(&lines.concat()), without_blanks(text));
    }

    #[test]
    fn empty_text_has_no_lines() {
        assert!(Lettering::Body.wrap("  ", 100).is_empty());
    }

    #[test]
    fn a_letter_the_font_lacks_is_named() {
        let mut surface = Surface::filled(100, 40, 255);
        let error = Lettering::Body.write(&mut surface, "Łódź", Align::Left, 0, 0).unwrap_err();
        assert!(error.to_string().contains('Ł'), "{error}");
    }
}
