//! What the site says, in each language: texts with named places, numbers, shares and dates as the language writes them.
//!
//! A language is one file in `packs/languages`. Texts stand in tables; `[home] title = "..."` is the text `home.title`.
//! `{name}` is a place to be filled. A text that depends on a number has the endings `.one` and `.other`.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use maud::{Markup, PreEscaped, Render, html};
use serde::Deserialize;

/// The languages whose texts are part of the program.
pub static BUILT_IN: LazyLock<Vec<Language>> = LazyLock::new(|| {
    [
        ("es.toml", include_str!("../../../packs/languages/es.toml")),
        ("en.toml", include_str!("../../../packs/languages/en.toml")),
    ]
    .into_iter()
    .filter_map(|(file, text)| Language::parse(file, text).ok())
    .collect()
});

/// Why a language file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LanguageError {
    /// Not TOML, or not the form of a language file.
    #[error("{file}: {message}")]
    Malformed {
        /// The file.
        file: String,
        /// What is wrong, with the line.
        message: String,
    },
    /// Something other than a text or a table of texts.
    #[error("{file}: `{key}` is neither a text nor a table of texts")]
    NotText {
        /// The file.
        file: String,
        /// Where.
        key: String,
    },
}

/// One language of the site.
#[derive(Debug, Clone)]
pub struct Language {
    form: Form,
    texts: BTreeMap<String, String>,
}

/// How a language writes numbers and dates, and its name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
struct Form {
    /// Language code (BCP 47), for example `es`.
    code: String,
    /// Its name in itself.
    name: String,
    /// `ltr` or `rtl`.
    direction: String,
    /// Between whole and fraction.
    decimal: String,
    /// Between groups of three digits.
    group: String,
    /// Where the sign and the number of a share stand: `{number} %`.
    percent: String,
    /// How a date is written: `{day}`, `{month}`, `{year}`.
    date: String,
    /// Whether a common noun inside a sentence begins with a small letter.
    small_nouns: bool,
    /// Twelve names.
    months: [String; 12],
}

#[derive(Deserialize)]
struct File {
    language: Form,
    #[serde(flatten)]
    texts: BTreeMap<String, toml::Value>,
}

impl Language {
    /// Reads a language file. `file` is how complaints call it.
    ///
    /// # Errors
    /// When it is not TOML, misses something of `[language]`, or holds something that is no text.
    pub fn parse(file: &str, text: &str) -> Result<Self, LanguageError> {
        let raw: File = toml::from_str(text)
            .map_err(|error| LanguageError::Malformed { file: file.to_owned(), message: error.to_string() })?;
        let mut texts = BTreeMap::new();
        for (key, value) in raw.texts {
            collect(file, key, value, &mut texts)?;
        }
        Ok(Self { form: raw.language, texts })
    }

    /// The built-in language with this code; English where there is none.
    #[must_use]
    pub fn built_in(code: &str) -> Option<&'static Self> {
        let find = |code: &str| BUILT_IN.iter().find(|one| one.code() == code);
        find(code).or_else(|| find("en")).or_else(|| BUILT_IN.first())
    }

    /// The code, for example `es`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.form.code
    }

    /// The language's name in itself.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.form.name
    }

    /// `ltr` or `rtl`.
    #[must_use]
    pub fn direction(&self) -> &str {
        &self.form.direction
    }

    /// All texts by key.
    pub fn texts(&self) -> impl Iterator<Item = (&str, &str)> {
        self.texts.iter().map(|(key, text)| (key.as_str(), text.as_str()))
    }

    /// The text of a key; the key itself where the file misses it, so that a page never fails for a missing text.
    #[must_use]
    pub fn text<'a>(&'a self, key: &'a str) -> &'a str {
        self.texts.get(key).map_or(key, String::as_str)
    }

    /// A text with its places filled by other texts.
    #[must_use]
    pub fn fill(&self, key: &str, places: &[(&str, &str)]) -> String {
        pieces(self.text(key))
            .map(|piece| match piece {
                Piece::Text(text) => text,
                Piece::Place(name) => find(places, name).copied().unwrap_or(""),
            })
            .collect()
    }

    /// A text with its places filled by markup, such as links inside a sentence.
    #[must_use]
    pub fn compose(&self, key: &str, places: &[(&str, Markup)]) -> Markup {
        let mut composed = String::new();
        for piece in pieces(self.text(key)) {
            match piece {
                Piece::Text(text) => text.render_to(&mut composed),
                Piece::Place(name) => {
                    if let Some(markup) = find(places, name) {
                        composed.push_str(&markup.0);
                    }
                }
            }
        }
        PreEscaped(composed)
    }

    /// The form of a text that fits a number, with `{number}` filled.
    #[must_use]
    pub fn count(&self, key: &str, number: u64) -> String {
        self.fill(&self.form_for(key, number), &[("number", &self.number(number))])
    }

    /// The key of the form of a text that fits a number.
    #[must_use]
    pub fn form_for(&self, key: &str, number: u64) -> String {
        format!("{key}.{}", if number == 1 { "one" } else { "other" })
    }

    /// A whole number, in groups of three digits.
    #[must_use]
    pub fn number(&self, number: u64) -> String {
        let digits = number.to_string();
        let mut grouped = String::with_capacity(digits.len() * 2);
        for (at, digit) in digits.chars().enumerate() {
            if at > 0 && (digits.len() - at).is_multiple_of(3) {
                grouped.push_str(&self.form.group);
            }
            grouped.push(digit);
        }
        grouped
    }

    /// A share with two decimals. A part that is not the whole never reads as all of it, one above 0 never as nothing.
    #[must_use]
    pub fn percent(&self, part: u64, whole: u64) -> String {
        let Some(share) = Share::of(part, whole) else {
            return self.text("number.unknown").to_owned();
        };
        let hundredths = share.hundredths();
        let (sign, hundredths) = match hundredths {
            0 if part > 0 => ("<", 1),
            10_000 if part < whole => ("", 9_999),
            other => ("", other),
        };
        let number = format!("{sign}{}{}{:02}", self.number(hundredths / 100), self.form.decimal, hundredths % 100);
        self.form.percent.replace("{number}", &number)
    }

    /// A share given in hundredths of a percent.
    #[must_use]
    pub fn share(&self, hundredths: u64) -> String {
        self.percent(hundredths, 10_000)
    }

    /// Hundredths with one decimal, for example 39.9 for 3,993.
    #[must_use]
    pub fn tenths(&self, hundredths: u64) -> String {
        let tenths = hundredths.saturating_add(5) / 10;
        format!("{}{}{}", self.number(tenths / 10), self.form.decimal, tenths % 10)
    }

    /// A moment, given in seconds since 1970, in Universal Time: `28 July 2024, 23:10 UTC`.
    #[must_use]
    pub fn moment(&self, seconds: u64) -> String {
        let (date, hour, minute) = (civil_date(seconds), seconds / 3_600 % 24, seconds / 60 % 60);
        format!("{}, {hour:02}:{minute:02}\u{a0}UTC", self.date(&date))
    }

    /// A percentage with as many decimals as it was stated with, at most two.
    #[must_use]
    pub fn stated(&self, hundredths: u64, decimals: u8) -> String {
        let whole = self.number(hundredths / 100);
        let number = match decimals {
            0 => whole,
            1 => format!("{whole}{}{}", self.form.decimal, hundredths % 100 / 10),
            _ => format!("{whole}{}{:02}", self.form.decimal, hundredths % 100),
        };
        self.form.percent.replace("{number}", &number)
    }

    /// A date given as `YYYY-MM-DD`; the text itself where it is none.
    #[must_use]
    pub fn date(&self, date: &str) -> String {
        let mut parts = date.splitn(3, '-');
        let (Some(year), Some(month), Some(day)) = (parts.next(), parts.next(), parts.next()) else {
            return date.to_owned();
        };
        let month = month.parse::<usize>().ok().and_then(|month| self.form.months.get(month.checked_sub(1)?));
        match month {
            None => date.to_owned(),
            Some(month) => self
                .form
                .date
                .replace("{day}", day.trim_start_matches('0'))
                .replace("{month}", month)
                .replace("{year}", year),
        }
    }

    /// A common noun as it stands inside a sentence.
    #[must_use]
    pub fn noun(&self, noun: &str) -> String {
        let mut letters = noun.chars();
        let second_is_small = noun.chars().nth(1).is_none_or(char::is_lowercase);
        match letters.next() {
            Some(first) if self.form.small_nouns && second_is_small => first.to_lowercase().chain(letters).collect(),
            _ => noun.to_owned(),
        }
    }

    /// Several things in a row: `a, b and c`.
    #[must_use]
    pub fn list(&self, items: &[Markup]) -> Markup {
        let and = self.text("list.and");
        html! {
            @for (at, item) in items.iter().enumerate() {
                @if at > 0 { @if at + 1 == items.len() { " " (and) " " } @else { ", " } }
                (item)
            }
        }
    }
}

/// The day of a moment given in seconds since 1970, as `YYYY-MM-DD` (Gregorian calendar, Universal Time).
#[must_use]
pub fn civil_date(seconds: u64) -> String {
    // Years that begin in March, so that the day that is sometimes there stands last.
    let days = seconds / 86_400 + 719_468;
    let (era, day_of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (day_of_era - day_of_era / 1_460 + day_of_era / 36_524 - day_of_era / 146_096) / 365;
    let day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let from_march = (5 * day_of_year + 2) / 153;
    let day = day_of_year - (153 * from_march + 2) / 5 + 1;
    let (month, later) = if from_march < 10 { (from_march + 3, 0) } else { (from_march - 9, 1) };
    format!("{:04}-{month:02}-{day:02}", era * 400 + year_of_era + later)
}

/// A part of a whole, for shares and for the length of bars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Share {
    part: u64,
    whole: u64,
}

impl Share {
    /// `None` where the whole is nothing.
    #[must_use]
    pub fn of(part: u64, whole: u64) -> Option<Self> {
        (whole > 0).then_some(Self { part, whole })
    }

    /// In hundredths of a percent, rounded.
    #[must_use]
    pub fn hundredths(self) -> u64 {
        let rounded = (u128::from(self.part) * 20_000 + u128::from(self.whole)) / (2 * u128::from(self.whole));
        u64::try_from(rounded).unwrap_or(u64::MAX)
    }

    /// As the length of a bar, at most all of it: `67.14%`.
    #[must_use]
    pub fn length(self) -> String {
        let hundredths = self.hundredths().min(10_000);
        format!("{}.{:02}%", hundredths / 100, hundredths % 100)
    }
}

fn collect(
    file: &str,
    key: String,
    value: toml::Value,
    texts: &mut BTreeMap<String, String>,
) -> Result<(), LanguageError> {
    match value {
        toml::Value::String(text) => {
            texts.insert(key, text);
            Ok(())
        }
        toml::Value::Table(table) => {
            table.into_iter().try_for_each(|(part, value)| collect(file, format!("{key}.{part}"), value, texts))
        }
        _ => Err(LanguageError::NotText { file: file.to_owned(), key }),
    }
}

fn find<'a, T>(places: &'a [(&str, T)], name: &str) -> Option<&'a T> {
    places.iter().find(|(place, _)| *place == name).map(|(_, value)| value)
}

enum Piece<'a> {
    Text(&'a str),
    Place(&'a str),
}

fn pieces(text: &str) -> impl Iterator<Item = Piece<'_>> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        if let Some((name, after)) = rest.strip_prefix('{').and_then(|inner| inner.split_once('}')) {
            rest = after;
            return Some(Piece::Place(name));
        }
        let end = rest.char_indices().skip(1).find(|(_, letter)| *letter == '{').map_or(rest.len(), |(at, _)| at);
        let (text, after) = rest.split_at(end);
        rest = after;
        Some(Piece::Text(text))
    })
}

/// The names of the places in a text, sorted; two languages must have the same.
#[must_use]
pub fn places(text: &str) -> Vec<&str> {
    let mut names: Vec<&str> = pieces(text)
        .filter_map(|piece| match piece {
            Piece::Place(name) => Some(name),
            Piece::Text(_) => None,
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    names
}
