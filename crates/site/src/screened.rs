//! What the page of the analysis shows, worked out once for each state of the count.
//!
//! Without simulations and without the plans of audits: what takes longer than a page may is for the command line.

use std::collections::BTreeSet;

use testigo_analysis::report::{Analysis, Facts, Question};
use testigo_analysis::{Settings, Sheets, official};
use testigo_count::Count;

use crate::view::Head;

/// The screens of the page and of its file.
const SCREENS: [&str; 18] = [
    "data",
    "units",
    "bounds",
    "robustness",
    "official",
    "official-more",
    "rounding",
    "duplicates",
    "discovery",
    "band",
    "tilt",
    "projection",
    "quick-count",
    "sisters",
    "integer-percentages",
    "last-digit",
    "fingerprint",
    "multiplicity",
];

/// The analysis of one contest.
#[derive(Debug)]
pub struct Screened {
    /// What it was computed from.
    pub sheets: Sheets,
    /// Registers and levels.
    pub settings: Settings,
    /// What it says.
    pub analysis: Analysis,
}

impl Screened {
    /// `None` while nothing counts, or where there is nobody to compare.
    #[must_use]
    pub fn of(count: &Count, head: &Head, contest: usize) -> Option<Self> {
        let settings = Settings::of(count);
        let sheets = Sheets::of(count, contest, &settings).ok()?;
        let facts = Facts {
            sources: sheets.files.iter().map(ToString::to_string).collect(),
            root: head.root.clone(),
            size: head.size,
            doubled_addresses: None,
        };
        let bulletins = official::bulletins(count, contest);
        let question = Question {
            sheets: &sheets,
            against: None,
            settings: &settings,
            bulletins: &bulletins,
            facts: &facts,
            screens: SCREENS.map(str::to_owned).into_iter().collect::<BTreeSet<_>>(),
            seed: 1,
            simulate: false,
            progress: &|_, _, _| {},
        };
        let analysis = question.answer();
        Some(Self { sheets, settings, analysis })
    }
}
