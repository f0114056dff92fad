//! "Can it still change?", for any unit: the worst case, what the missing stations would have to hold, and how many sheets
//! would have to be false.

use maud::{Markup, html};
use testigo_analysis::outlook::{Missing, Outlook, Verdict, outlook};
use testigo_count::definition::{Needed, ShareOf};
use testigo_count::geography::UnitIndex;

use super::Scene;

/// All of it, in hundredths of a percent.
const ALL: u64 = 10_000;

impl Scene<'_> {
    /// The section on a unit's page.
    pub(super) fn outlook(&self, unit: UnitIndex) -> Markup {
        let contest = self.contest();
        if self.view.contest(contest).candidates.len() < 2 {
            return html! {};
        }
        let stations = self.view.stations_of(unit);
        let mut outlook = outlook(&self.view.count, contest, unit, &stations);
        // How many are missing in the whole says nothing that would help here, and would change this page with every entry.
        if matches!(outlook.missing, Missing::AtMost { .. }) {
            outlook.missing = Missing::Unknown;
            outlook.verdict = if outlook.sheets == 0 { Verdict::Nothing } else { Verdict::Unknown };
            (outlook.turnout_to_change, outlook.lead_to_change, outlook.false_sheets_after_worst_case) =
                (None, None, None);
        }
        html! {
            section #outlook {
                h2 { (self.t("outlook.title")) }
                p.say { (self.verdict(unit, &outlook)) }
                @if outlook.verdict != Verdict::Nothing {
                    ul.notes {
                        li { (self.rule()) }
                        li { (self.language.fill("outlook.lead", &[("votes", &self.n(outlook.lead))])) }
                        @if let Some(missing) = self.missing(outlook.missing) { li { (missing) } }
                        @for needed in self.needed(&outlook) { li { (needed) } }
                        @for needed in self.false_sheets(&outlook) { li { (needed) } }
                    }
                    p.note { (self.t("outlook.conditions")) }
                }
            }
        }
    }

    fn verdict(&self, unit: UnitIndex, outlook: &Outlook) -> String {
        let name = self.candidate(self.contest(), outlook.first);
        let second = self.candidate(self.contest(), outlook.second);
        let plurality = self.view.contest(self.contest()).outright.is_empty();
        match outlook.verdict {
            Verdict::Won if plurality => self.language.fill("outlook.won", &[("name", name), ("second", second)]),
            Verdict::Won => self.language.fill("outlook.won_outright", &[("name", name)]),
            Verdict::SecondRound => self.t("outlook.second_round").to_owned(),
            Verdict::Open => self.t("outlook.open").to_owned(),
            Verdict::Unknown
                if unit != UnitIndex::WHOLE && self.view.count.definition().declared.registered.is_some() =>
            {
                format!("{} {}", self.t("outlook.unknown"), self.t("outlook.unknown_national"))
            }
            Verdict::Unknown => self.t("outlook.unknown").to_owned(),
            Verdict::Nothing => self.t("outlook.nothing").to_owned(),
        }
    }

    /// What it takes to win.
    fn rule(&self) -> String {
        let contest = self.view.contest(self.contest());
        if contest.outright.is_empty() {
            return self.t("outlook.rule_plurality").to_owned();
        }
        let ways: Vec<String> = contest
            .outright
            .iter()
            .map(|way| {
                let share = match way.share {
                    Needed::Above(share) => {
                        self.language.fill("outlook.rule_above", &[("share", &self.share(share.into()))])
                    }
                    Needed::AtLeast(share) => {
                        self.language.fill("outlook.rule_at_least", &[("share", &self.share(share.into()))])
                    }
                };
                match way.lead {
                    Some(lead) => {
                        let lead = self.language.fill("outlook.rule_lead", &[("lead", &self.share(lead.into()))]);
                        format!("{share} {lead}")
                    }
                    None => share,
                }
            })
            .collect();
        let base = match contest.share_of {
            ShareOf::Valid => self.t("outlook.base_valid"),
            ShareOf::Cast => self.t("outlook.base_cast"),
        };
        let ways = ways.join(&format!(" {} ", self.t("outlook.rule_or")));
        self.language.fill("outlook.rule_outright", &[("ways", &ways), ("base", base)])
    }

    fn missing(&self, missing: Missing) -> Option<String> {
        let (voters, from) = match missing {
            Missing::FromDeclared { voters } => (voters, "outlook.missing_declared"),
            Missing::FromRegister { voters } => (voters, "outlook.missing_register"),
            Missing::AtMost { .. } | Missing::Unknown => return None,
        };
        let said = self.language.fill("outlook.missing", &[("voters", &self.n(voters))]);
        Some(format!("{said} {}", self.t(from)))
    }

    /// What the missing would have to look like.
    fn needed(&self, outlook: &Outlook) -> Vec<String> {
        let mut said = Vec::new();
        if let Some(share) = outlook.turnout_to_change {
            let key = if share > ALL { "outlook.turnout_impossible" } else { "outlook.turnout" };
            said.push(self.language.fill(key, &[("share", &self.share(share))]));
        }
        let plurality = self.view.contest(self.contest()).outright.is_empty();
        if let Some(needed) = outlook.lead_to_change.filter(|_| plurality && outlook.lead > 0) {
            let key = if needed > ALL { "outlook.same_turnout_impossible" } else { "outlook.same_turnout" };
            said.push(self.language.fill(
                key,
                &[
                    ("name", self.candidate(self.contest(), outlook.first)),
                    ("second", self.candidate(self.contest(), outlook.second)),
                    ("needed", &self.share(needed)),
                    ("seen", &self.share(outlook.lead_on_sheets)),
                ],
            ));
        }
        said
    }

    /// How many sheets would have to be false.
    fn false_sheets(&self, outlook: &Outlook) -> Vec<String> {
        if outlook.lead == 0 || outlook.sheets == 0 {
            return Vec::new();
        }
        let names = (self.candidate(self.contest(), outlook.first), self.candidate(self.contest(), outlook.second));
        let mut said = vec![match outlook.false_sheets.swapped {
            None => self.t("outlook.false_none").to_owned(),
            Some(sheets) => self.language.fill(
                "outlook.false_swapped",
                &[
                    ("name", names.0),
                    ("second", names.1),
                    ("sheets", &self.n(sheets)),
                    ("all", &self.n(outlook.sheets)),
                    ("share", &self.language.percent(sheets, outlook.sheets)),
                ],
            ),
        }];
        if let Some(sheets) = outlook.false_sheets_after_worst_case.and_then(|fewest| fewest.swapped) {
            said.push(self.language.fill(
                "outlook.false_worst",
                &[
                    ("second", names.1),
                    ("sheets", &self.n(sheets)),
                    ("share", &self.language.percent(sheets, outlook.sheets)),
                ],
            ));
        }
        said
    }
}
