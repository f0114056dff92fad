//! The texts of simulated sheets and the names of simulated places, read from a file by language.

use anyhow::{Context, Result};
use serde::Deserialize;

use super::chance::Chance;

/// The texts of one language.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Words {
    id: String,
    /// What kind of paper a sheet is.
    pub sheet: String,
    /// Stands before the station's code.
    pub station: String,
    /// Stands before the number of registered voters.
    pub registered: String,
    /// Heads of a table: the line, its number, the number in words.
    pub columns: [String; 3],
    /// The sum of all lines.
    pub valid: String,
    /// Above the boxes for signatures.
    pub members: String,
    /// Whose signature a box is for.
    pub people: Vec<String>,
    digits: [String; 10],
    before: Vec<String>,
    places: Vec<String>,
    starts: Vec<String>,
    middles: Vec<String>,
    ends: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WordsFile {
    language: Vec<Words>,
}

impl Words {
    /// The texts in this language, or in the first one of the file.
    pub fn in_language(language: &str) -> Result<Self> {
        let file: WordsFile = toml::from_str(include_str!("words.toml")).context("simulate/words.toml")?;
        let first = file.language.first().cloned().context("simulate/words.toml names no language")?;
        Ok(file.language.into_iter().find(|one| one.id == language).unwrap_or(first))
    }

    /// A number in words, digit by digit, as such strips are printed.
    pub fn spell(&self, number: u32) -> String {
        let word = |digit: u8| self.digits.get(usize::from(digit - b'0')).map_or("", String::as_str);
        format!("{number:03}").bytes().map(word).collect::<Vec<_>>().join(", ")
    }

    /// An invented name that is not among `taken`; that of a building where `building` says so.
    pub fn name(&self, chance: &mut Chance, building: bool, taken: &[String]) -> String {
        let mut name = String::new();
        for _ in 0..8 {
            name = self.any_name(chance, building);
            if !taken.contains(&name) {
                return name;
            }
        }
        format!("{name} {}", taken.len() + 1)
    }

    fn any_name(&self, chance: &mut Chance, building: bool) -> String {
        let mut pick = |choices: &[String]| chance.one_of(choices).cloned().unwrap_or_default();
        let kind = pick(if building { &self.places } else { &self.before });
        let mut name = pick(&self.starts) + &pick(&self.middles) + &pick(&self.ends);
        if !kind.is_empty() {
            name = format!("{kind} {name}");
        }
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_spelt_digit_by_digit() {
        let words = Words::in_language("es").unwrap();
        assert_eq!(words.spell(7), "Cero, Cero, Siete");
        assert_eq!(words.spell(1204), "Uno, Dos, Cero, Cuatro");
        assert_eq!(Words::in_language("tlh").unwrap().spell(12), "Zero, One, Two");
    }

    #[test]
    fn siblings_get_different_names() {
        let words = Words::in_language("es").unwrap();
        let mut taken = Vec::new();
        let mut chance = Chance::new(1, "names", 0);
        for _ in 0..2_000 {
            let name = words.name(&mut chance, true, &taken);
            assert!(!taken.contains(&name), "{name} twice");
            taken.push(name);
        }
    }
}
