//! Prints, scans and damages the pictures of a simulation.

use anyhow::{Context, Result};
use testigo_count::definition::{Contest, Definition};
use testigo_count::identifier::DocumentHash;
use testigo_count::{Numbers, Pack};
use testigo_sheet::draw::{
    Capture, Defect, DrawnSheet, ErrorCorrection, Fact, Line, QrPrint, Section, SignatureArea, Strength, Strip, Table,
    apply, encode_jpeg,
};
use testigo_sheet::picture::{GreyPicture, Rectangle};

use super::sheets::{Damage, Paper, Picture, TallySheet};
use super::words::Words;

/// JPEG quality of simulated scans.
const QUALITY: u8 = 50;

/// Knows how the sheets of an election look.
#[derive(Debug)]
pub struct Press<'a> {
    definition: &'a Definition,
    pack: &'a Pack,
    language: &'a str,
    words: Words,
}

impl<'a> Press<'a> {
    /// Sheets in the pack's first language.
    pub fn new(definition: &'a Definition, pack: &'a Pack) -> Result<Self> {
        let language = pack.languages.first().map_or("", String::as_str);
        Ok(Self { definition, pack, language, words: Words::in_language(language)? })
    }

    /// A picture as a JPEG file.
    pub fn picture(&self, picture: &Picture) -> Result<Vec<u8>> {
        let strip = match &picture.paper {
            Paper::Tally(sheet) => self.strip(sheet, picture.seed),
            Paper::WithoutCode => self.other_paper(None),
            Paper::OtherCode => self.other_paper(Some("https://example.org/menu")),
        };
        let scan = scan(&strip, picture.seed)?;
        let damage = picture.sheet().map_or(Damage::None, |sheet| sheet.damage);
        let pixels = damaged(scan, damage, picture.seed).context("the picture has no code to damage")?;
        Ok(encode_jpeg(&pixels, QUALITY)?)
    }

    /// A sheet with one defect, as a JPEG file.
    pub fn with_defect(&self, sheet: &TallySheet, defect: Defect, strength: Strength, seed: u64) -> Result<Vec<u8>> {
        let scan = scan(&self.strip(sheet, seed), seed)?;
        let code = *scan.codes.first().context("the sheet has no code")?;
        Ok(encode_jpeg(&apply(&scan.picture, defect, strength, seed, code), QUALITY)?)
    }

    /// What stands on a sheet.
    pub fn strip(&self, sheet: &TallySheet, seed: u64) -> Strip {
        let levels = self.pack.unit_levels();
        let mut facts: Vec<Fact> = sheet
            .row
            .path
            .iter()
            .map(|(level, code, name)| Fact {
                label: levels
                    .get(*level)
                    .map(|level| printable(level.name.in_language(self.language)))
                    .unwrap_or_default(),
                value: printable(&format!("{name} ({code})")),
            })
            .collect();
        if let Some(registered) = sheet.row.registered {
            facts.push(Fact { label: printable(&self.words.registered), value: registered.to_string() });
        }
        Strip {
            document: printable(&self.words.sheet),
            identifiers: vec![printable(&format!("{} {}", self.words.station, sheet.row.station))],
            title: printable(&self.definition.title.in_language(self.language).to_uppercase()),
            facts,
            tables: self
                .definition
                .contests
                .iter()
                .zip(&sheet.numbers)
                .map(|(contest, numbers)| self.table(contest, numbers))
                .collect(),
            signatures: SignatureArea {
                heading: printable(&self.words.members),
                people: self.words.people.iter().map(|label| printable(label)).collect(),
            },
            codes: vec![code(&sheet.payload)],
            seed,
        }
    }

    fn table(&self, contest: &Contest, numbers: &Numbers) -> Table {
        let title = contest.title.in_language(self.language).to_uppercase();
        let mut sections = vec![Section { heading: printable(&title), lines: Vec::new() }];
        let mut of = None;
        for (selection, cell) in contest.selections.iter().zip(&numbers.votes) {
            let candidate = contest.candidates.get(selection.candidate);
            let heading = candidate.map_or("", |candidate| candidate.name.in_language(self.language));
            let label = selection.name.in_language(self.language);
            // A candidate whose name is the line's own needs no heading.
            if of != Some(selection.candidate) && heading != label {
                sections.push(Section { heading: printable(&heading.to_uppercase()), lines: Vec::new() });
            }
            of = Some(selection.candidate);
            let line = self.line(selection.id.as_str(), label, cell.value().unwrap_or(0));
            if let Some(section) = sections.last_mut() {
                section.lines.push(line);
            }
        }
        let valid = numbers.votes.iter().filter_map(|cell| cell.value()).sum();
        let mut summary = vec![self.line("valid", &self.words.valid, valid)];
        for other in &contest.others {
            let ballots = numbers.other.get(&other.id).and_then(|cell| cell.value()).unwrap_or(0);
            summary.push(self.line(other.id.as_str(), other.title.in_language(self.language), ballots));
        }
        Table { columns: self.words.columns.each_ref().map(|text| printable(text)), sections, summary }
    }

    fn line(&self, key: &str, label: &str, figure: u32) -> Line {
        Line {
            key: key.to_owned(),
            label: printable(label),
            sublabel: String::new(),
            figure,
            words: printable(&self.words.spell(figure)),
        }
    }

    /// A paper of the same printer that is no tally sheet.
    fn other_paper(&self, payload: Option<&str>) -> Strip {
        let item = |label: &String| Line { label: printable(label), ..self.line("item", "", 1) };
        Strip {
            document: printable(&self.words.station),
            title: "* * *".to_owned(),
            tables: vec![Table {
                columns: self.words.columns.each_ref().map(|text| printable(text)),
                sections: vec![Section { heading: String::new(), lines: self.words.people.iter().map(item).collect() }],
                summary: Vec::new(),
            }],
            codes: payload.map(code).into_iter().collect(),
            ..Strip::default()
        }
    }
}

fn code(payload: &str) -> QrPrint {
    QrPrint {
        payload: payload.to_owned(),
        correction: ErrorCorrection::Quartile,
        caption: DocumentHash::of(payload.as_bytes()).to_string().to_uppercase(),
    }
}

fn scan(strip: &Strip, seed: u64) -> Result<DrawnSheet> {
    Ok(Capture { seed }.of(&strip.draw()?))
}

fn damaged(scan: DrawnSheet, damage: Damage, seed: u64) -> Option<GreyPicture> {
    let above =
        |bottom: u32| scan.picture.crop(Rectangle { left: 0, top: 0, width: scan.picture.width(), height: bottom });
    match damage {
        Damage::None => Some(scan.picture),
        Damage::Worn(defect) => Some(apply(&scan.picture, defect, Strength::new(1)?, seed, *scan.codes.first()?)),
        Damage::WithoutFoot => above(scan.codes.first()?.area.top.saturating_sub(20)),
        Damage::CutThroughCode => {
            let code = scan.codes.first()?.area;
            above(code.top + code.height * 2 / 5)
        }
    }
}

/// A text in the letters that the strip's font has.
fn printable(text: &str) -> String {
    text.chars().map(|letter| if u32::from(letter) <= 0xFF { letter } else { '?' }).collect()
}
