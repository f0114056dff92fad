//! What stands on a strip, and its drawing from top to bottom.

use super::DrawError;
use super::code::{Code, CodePlace, ErrorCorrection};
use super::lettering::{Align, Lettering};
use super::numbers::{coordinate, cosine, floor, index, sine, unsigned};
use super::pen::Pen;
use super::random::Random;
use super::surface::{Surface, WHITE};
use crate::picture::GreyPicture;
use crate::picture::Rectangle;

/// A tally sheet as plain texts and numbers. Drawing knows no elections: it checks no sum and words no figure.
#[derive(Clone, Debug, Default)]
pub struct Strip {
    /// What kind of paper this is, such as "Tally sheet".
    pub document: String,
    /// Codes, print time and the like, one line each.
    pub identifiers: Vec<String>,
    /// What was voted on; set large.
    pub title: String,
    /// Place names and other labelled values above the tables.
    pub facts: Vec<Fact>,
    /// One table for each contest.
    pub tables: Vec<Table>,
    /// Where people sign; drawn only with people.
    pub signatures: SignatureArea,
    /// The QR codes, from top to bottom.
    pub codes: Vec<QrPrint>,
    /// Chooses the scribbles in the signature boxes.
    pub seed: u64,
}

/// A labelled value, such as a place name and its level.
#[derive(Clone, Debug)]
pub struct Fact {
    /// Set before the value.
    pub label: String,
    /// The value as printed.
    pub value: String,
}

/// The figures of one contest.
#[derive(Clone, Debug, Default)]
pub struct Table {
    /// Names of the columns: what the lines are, the figure, the figure in words.
    pub columns: [String; 3],
    /// Lines under a common heading, such as the parties under their candidate.
    pub sections: Vec<Section>,
    /// Totals, null votes and the like, in a frame of their own.
    pub summary: Vec<Line>,
}

/// Lines under one heading.
#[derive(Clone, Debug)]
pub struct Section {
    /// Such as a candidate's name; may be empty.
    pub heading: String,
    /// The lines.
    pub lines: Vec<Line>,
}

/// One printed figure.
#[derive(Clone, Debug)]
pub struct Line {
    /// The caller's name for this figure, given back in [`Part`]; it is not printed.
    pub key: String,
    /// Such as a party's name.
    pub label: String,
    /// Such as a party's number; may be empty.
    pub sublabel: String,
    /// The figure in digits.
    pub figure: u32,
    /// The figure in words.
    pub words: String,
}

/// The area that holds personal data on a real sheet: here only box labels and scribbles drawn by chance.
#[derive(Clone, Debug, Default)]
pub struct SignatureArea {
    /// Set above the boxes.
    pub heading: String,
    /// One label for each box, such as "Member 1".
    pub people: Vec<String>,
}

/// A QR code and the text below it.
#[derive(Clone, Debug)]
pub struct QrPrint {
    /// The text inside the code.
    pub payload: String,
    /// Level of error correction.
    pub correction: ErrorCorrection,
    /// Such as a hash in hexadecimal digits; may be empty.
    pub caption: String,
}

/// What stands at a place of a drawn sheet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// The figure in digits of the line with this key.
    Figure(String),
    /// The figure in words of the line with this key.
    Words(String),
    /// The boxes with people's names and signatures.
    Personal,
}

/// A part and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// What stands there.
    pub part: Part,
    /// The pixels it takes.
    pub area: Rectangle,
}

/// A drawn sheet and where everything stands on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DrawnSheet {
    /// The pixels.
    pub picture: GreyPicture,
    /// Figures and the personal area, from top to bottom.
    pub places: Vec<Place>,
    /// The QR codes, from top to bottom.
    pub codes: Vec<CodePlace>,
}

impl DrawnSheet {
    /// Where a part stands, if it was drawn.
    #[must_use]
    pub fn area_of(&self, part: &Part) -> Option<Rectangle> {
        self.places.iter().find(|place| place.part == *part).map(|place| place.area)
    }
}

/// Width of a strip before it is captured, in pixels: 76 mm at 8 pixels per millimetre.
pub(super) const WIDTH: i32 = 608;

/// The tallest strip that a JPEG file can hold, less what a capture may add.
const TALLEST: usize = 65_000;

const LEFT: i32 = 34;
const RIGHT: i32 = WIDTH - 34;
/// The rule between the emblem and the facts.
const HEADER_RULE: i32 = 196;
const LABEL_RIGHT: i32 = 198;
const SUBLABEL_CENTRE: i32 = 228;
const FIGURE_RIGHT: i32 = 310;
const WORDS_LEFT: i32 = 322;
const LINE_GAP: i32 = 14;
const BOX_HEIGHT: i32 = 290;

impl Strip {
    /// Draws the strip, black on white. Its width is always the same, its height follows from what stands on it.
    ///
    /// # Errors
    /// [`DrawError`] when a text holds a character outside ISO 8859-1, a payload does not fit into a QR code, or the
    /// strip would be taller than a JPEG file can hold.
    pub fn draw(&self) -> Result<DrawnSheet, DrawError> {
        let mut press = Press { surface: Surface::filled(index(WIDTH), 0, WHITE), y: 90, places: Vec::new() };
        press.header(self)?;
        for table in &self.tables {
            press.table(table)?;
        }
        press.signatures(&self.signatures, self.seed)?;
        let mut codes = Vec::new();
        for print in &self.codes {
            codes.push(press.code(print)?);
        }
        press.foot();
        let height = press.surface.height();
        if height > TALLEST {
            return Err(DrawError::TooTall { height, limit: TALLEST });
        }
        Ok(DrawnSheet { picture: press.surface.into_picture(), places: press.places, codes })
    }
}

/// The strip as far as it has been printed.
struct Press {
    surface: Surface,
    /// The next free row.
    y: i32,
    places: Vec<Place>,
}

impl Press {
    /// Makes sure that `rows` below the next free one can be drawn on.
    fn feed(&mut self, rows: i32) {
        self.surface.extend_to(index(self.y + rows));
    }

    /// Writes a text below what is there, broken into as many lines as it needs.
    fn write(
        &mut self,
        lettering: Lettering,
        text: &str,
        align: Align,
        column: i32,
        width: i32,
    ) -> Result<(), DrawError> {
        for line in lettering.wrap(text, width) {
            self.feed(lettering.pitch());
            lettering.write(&mut self.surface, &line, align, column, self.y)?;
            self.y += lettering.pitch();
        }
        Ok(())
    }

    fn frame(&mut self, top: i32, bottom: i32) {
        self.surface.extend_to(index(bottom + 2));
        self.surface.fill(LEFT, top, RIGHT - LEFT, 2, 0);
        self.surface.fill(LEFT, bottom, RIGHT - LEFT, 2, 0);
        self.sides(top, bottom);
    }

    fn sides(&mut self, top: i32, bottom: i32) {
        self.surface.fill(LEFT, top, 2, bottom - top, 0);
        self.surface.fill(RIGHT - 2, top, 2, bottom + 2 - top, 0);
    }

    fn dotted_rule(&mut self, left: i32, right: i32) {
        self.feed(2);
        let mut x = left;
        while x < right {
            self.surface.fill(x, self.y, 2, 2, 40);
            x += 6;
        }
    }

    fn header(&mut self, strip: &Strip) -> Result<(), DrawError> {
        let top = self.y;
        let (left, right) = (HEADER_RULE + 14, RIGHT - 4);
        let (centre, width) = (i32::midpoint(left, right), right - left);
        self.write(Lettering::Strong, &strip.document, Align::Centre, centre, width)?;
        self.y += 12;
        for identifier in &strip.identifiers {
            self.write(Lettering::Body, identifier, Align::Centre, centre, width)?;
            self.y += 8;
        }
        self.y += 16;
        self.write(Lettering::Heading, &strip.title, Align::Centre, centre, width)?;
        self.y += 18;
        for fact in &strip.facts {
            let text = format!("{} {}", fact.label, fact.value);
            self.write(Lettering::Body, &text, Align::Right, right, width)?;
            self.y += 14;
        }
        self.y = self.y.max(top + 190);
        self.feed(40);
        self.surface.fill(HEADER_RULE, top, 2, self.y - top, 0);
        self.emblem(i32::midpoint(LEFT, HEADER_RULE - 12), top + 84);
        self.y += 26;
        Ok(())
    }

    /// A ballot falling into a box, in a ring of dots: the mark of no country.
    fn emblem(&mut self, x: i32, y: i32) {
        for ring in 0..3_u8 {
            let radius = 58.0 + 7.0 * f32::from(ring);
            for turn in 0..48_u8 {
                let angle = (f32::from(turn) + 0.5 * f32::from(ring)) / 48.0;
                let (across, down) = (x as f32 + radius * sine(angle), y as f32 + radius * cosine(angle));
                self.surface.dot(across, down, 1.9 - 0.5 * f32::from(ring), 0, 1.0);
            }
        }
        self.surface.fill(x - 15, y - 36, 30, 32, 0);
        self.surface.fill(x - 12, y - 33, 24, 29, WHITE);
        self.surface.fill(x - 7, y - 25, 14, 3, 0);
        self.surface.fill(x - 7, y - 18, 14, 3, 0);
        self.surface.fill(x - 36, y - 4, 72, 7, 0);
        self.surface.fill(x - 32, y + 3, 64, 38, 0);
        for down in 0..4 {
            for across in 0..7 {
                self.surface.fill(x - 26 + across * 8 + 4 * (down % 2), y + 9 + down * 8, 3, 3, WHITE);
            }
        }
    }

    fn table(&mut self, table: &Table) -> Result<(), DrawError> {
        let top = self.y;
        self.feed(44);
        let [lines, figure, words] = &table.columns;
        for (text, align, column) in [
            (lines, Align::Left, LEFT + 10),
            (figure, Align::Right, FIGURE_RIGHT),
            (words, Align::Centre, i32::midpoint(WORDS_LEFT, RIGHT)),
        ] {
            Lettering::Strong.write(&mut self.surface, text, align, column, top + 9)?;
        }
        self.frame(top, top + 42);
        self.y = top + 44;
        for (position, section) in table.sections.iter().enumerate() {
            self.y += 12;
            if position > 0 {
                self.dotted_rule(LEFT + 10, RIGHT - 10);
                self.y += 14;
            }
            self.write(Lettering::Heading, &section.heading, Align::Left, LEFT + 10, RIGHT - LEFT - 20)?;
            self.y += 8;
            for line in &section.lines {
                self.line(line, Align::Right, LABEL_RIGHT - LEFT - 8)?;
                self.y += LINE_GAP;
            }
        }
        self.feed(2);
        self.frame(top, self.y);
        self.y += 18;
        let top = self.y;
        self.y += 12;
        for line in &table.summary {
            self.line(line, Align::Left, FIGURE_RIGHT - LEFT - 70)?;
            self.y += 10;
        }
        if !table.summary.is_empty() {
            self.frame(top, self.y);
        }
        self.y += 40;
        Ok(())
    }

    /// One figure: label at the left, or at the right of its column where a sublabel follows it, then the figure and its
    /// words, level with the label's first line.
    fn line(&mut self, line: &Line, align: Align, label_width: i32) -> Result<(), DrawError> {
        let top = self.y;
        let figure = line.figure.to_string();
        let (width, height) = (Lettering::Strong.width(&figure), Lettering::Strong.pitch());
        self.feed(height);
        Lettering::Strong.write(&mut self.surface, &figure, Align::Right, FIGURE_RIGHT, top)?;
        self.place(Part::Figure(line.key.clone()), FIGURE_RIGHT - width, top, width, height);
        let level = top + (height - Lettering::Body.pitch()) / 2;
        Lettering::Body.write(&mut self.surface, &line.sublabel, Align::Centre, SUBLABEL_CENTRE, level)?;
        let room = RIGHT - 6 - WORDS_LEFT;
        self.y = level;
        self.write(Lettering::Body, &line.words, Align::Centre, WORDS_LEFT + room / 2, room)?;
        let words_end = self.y;
        if words_end > level {
            self.place(Part::Words(line.key.clone()), WORDS_LEFT, level, room, words_end - level);
        }
        self.y = level;
        let column = if matches!(align, Align::Right) { LABEL_RIGHT } else { LEFT + 10 };
        self.write(Lettering::Body, &line.label, align, column, label_width)?;
        self.y = self.y.max(words_end).max(top + height);
        Ok(())
    }

    fn place(&mut self, part: Part, left: i32, top: i32, width: i32, height: i32) {
        let area =
            Rectangle { left: unsigned(left), top: unsigned(top), width: unsigned(width), height: unsigned(height) };
        self.places.push(Place { part, area });
    }

    fn signatures(&mut self, area: &SignatureArea, seed: u64) -> Result<(), DrawError> {
        if area.people.is_empty() {
            return Ok(());
        }
        self.write(Lettering::Strong, &area.heading, Align::Centre, WIDTH / 2, RIGHT - LEFT - 20)?;
        self.y += 10;
        let start = self.y;
        let mut random = Random::new(seed, "signatures");
        for label in &area.people {
            let top = self.y;
            self.feed(BOX_HEIGHT);
            self.frame(top, top + BOX_HEIGHT);
            Lettering::Strong.write(&mut self.surface, label, Align::Left, LEFT + 14, top + 12)?;
            let pen = Pen { radius: random.range(1.0, 1.9), ink: 30 };
            for level in [110, 180, 256] {
                self.y = top + level;
                self.dotted_rule(LEFT + 14, RIGHT - 14);
            }
            let level = top as f32;
            for (offset, height) in [(74.0, 32.0), (146.0, 30.0), (192.0, 66.0)] {
                let (left, width) = (random.range(50.0, 120.0), random.range(180.0, 330.0));
                pen.scribble(&mut self.surface, &mut random, left, level + offset, width, height);
            }
            self.y = top + BOX_HEIGHT;
        }
        self.y += 2;
        self.place(Part::Personal, LEFT, start, RIGHT - LEFT, self.y - start);
        Ok(())
    }

    fn code(&mut self, print: &QrPrint) -> Result<CodePlace, DrawError> {
        let code = Code::of(&print.payload, print.correction)?;
        self.y += code.quiet_zone().max(46);
        let place = code.draw(&mut self.surface, (WIDTH - code.side()) / 2, self.y);
        self.y += code.side() + code.quiet_zone() + 6;
        self.write(Lettering::Body, &print.caption, Align::Centre, WIDTH / 2, 42 * 9)?;
        self.y += 20;
        Ok(place)
    }

    /// The line at which the strip is torn off.
    fn foot(&mut self) {
        self.y += 30;
        self.feed(70);
        let mut x = 14;
        while x < WIDTH - 14 {
            self.surface.fill(x, self.y, 10, 2, 60);
            x += 16;
        }
        self.surface.extend_to(index(self.y + 70));
    }
}

/// Where an area lands when each of its corners moves by at least `least` and at most `most` pixels.
pub(super) fn moved(area: Rectangle, least: (f32, f32), most: (f32, f32)) -> Rectangle {
    let edge = |position: u32, change: f32| unsigned(super::numbers::signed(position) + floor(change));
    let left = edge(area.left, least.0);
    let top = edge(area.top, least.1);
    Rectangle {
        left,
        top,
        width: edge(area.right(), most.0 + 1.0).saturating_sub(left),
        height: edge(area.bottom(), most.1 + 1.0).saturating_sub(top),
    }
}

/// The number of pixels of a picture's sides as coordinates.
pub(super) fn sides(surface: &Surface) -> (i32, i32) {
    (coordinate(surface.width()), coordinate(surface.height()))
}
