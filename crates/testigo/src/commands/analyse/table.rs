//! The analysis for a person without statistics: first what is certain, then what is assumed, then what to read again,
//! and what nobody knows.

use serde_json::Value;
use testigo_analysis::Sheets;
use testigo_analysis::report::{Analysis, Evidence, SCREENS};
use testigo_count::{Count, LocalText};

use crate::say;
use crate::terminal::{counted, grouped};

/// Lines of the list of sheets to read again.
const SHOWN: usize = 20;

pub fn print(count: &Count, contest: usize, sheets: &Sheets, analysis: &Analysis) {
    let english = |text: &LocalText| text.in_language("en").to_owned();
    let definition = &count.definition().contests[contest];
    say!("{} · {}", english(&count.definition().title), english(&definition.title));
    say!(
        "from {} sheets of {} stations; ledger {} entries, root {}",
        grouped(sheets.len() as u64),
        grouped(sheets.expected),
        analysis.data["ledger"]["size"],
        analysis.data["ledger"]["root"].as_str().unwrap_or_default()
    );
    let name = |candidate: usize| english(&definition.candidates[candidate].name);
    say!(
        "{} is {}, who leads on the sheets; {} is {}, who comes next",
        sheets.leader_id(),
        name(sheets.leader),
        sheets.runner_up_id(),
        name(sheets.runner_up)
    );
    for file in analysis.data["results_files"].as_array().into_iter().flatten() {
        say!("results file {}", file.as_str().unwrap_or_default());
    }
    let writer = Writer { count, sheets, analysis };
    let has = |kinds: &[Evidence]| {
        SCREENS.iter().any(|screen| kinds.contains(&screen.evidence) && analysis.about.contains_key(screen.key))
    };
    if has(&[Evidence::Certain, Evidence::Documents]) {
        say!("\nCERTAIN, if the sheets are genuine");
        writer.certain();
    }
    if has(&[Evidence::Audit]) {
        say!("\nTO BE CHECKED by people who look at sheets");
        writer.audit();
    }
    if has(&[Evidence::Assumed]) {
        say!("\nASSUMED: right only if the assumption is");
        writer.assumed();
    }
    if has(&[Evidence::Screen]) {
        say!("\nSCREENS: they only say which sheets to read again");
        writer.screens();
    }
    writer.read_again();
    writer.unknown();
}

struct Writer<'a> {
    count: &'a Count,
    sheets: &'a Sheets,
    analysis: &'a Analysis,
}

impl Writer<'_> {
    fn get(&self, path: &[&str]) -> &Value {
        let (block, keys) = path.split_first().unwrap_or((&"", &[]));
        keys.iter().fold(self.analysis.blocks.get(*block).unwrap_or(&Value::Null), |value, key| &value[*key])
    }

    fn whole(&self, path: &[&str]) -> Option<String> {
        let value = self.get(path);
        let number = value.as_i64().or_else(|| value.as_u64().and_then(|number| i64::try_from(number).ok()))?;
        Some(signed(number))
    }

    fn percent(&self, path: &[&str]) -> Option<String> {
        self.get(path).as_f64().map(percent)
    }

    fn certain(&self) {
        let (leader, runner_up) = (self.sheets.leader_id(), self.sheets.runner_up_id());
        for (name, bound) in self.get(&["S02_bounds"]).as_object().into_iter().flatten() {
            let (Some(margin), Some(missing), Some(left)) = (
                bound["margin_in_hand"].as_i64(),
                bound["missing_registered"].as_i64(),
                bound["worst_case_margin_all_missing_registered_to_runner_up"].as_i64(),
            ) else {
                continue;
            };
            let register = self.analysis.data["registers"][name].as_str().unwrap_or(name);
            say!(
                "  {leader} leads {runner_up} by {} on the sheets. {} registered voters are on no sheet ({register}).",
                signed(margin),
                signed(missing)
            );
            if left > 0 {
                say!(
                    "    Even if every one of them had voted for {runner_up}, {leader} would lead by {}: settled.",
                    signed(left)
                );
            } else {
                say!(
                    "    If every one of them had voted for {runner_up}, {leader} would be {} behind: not settled.",
                    signed(-left)
                );
            }
        }
        let swapped = ["S03_robustness", "sheets_only", "min_sheets_leader_runnerup_swapped"];
        if let (Some(sheets), Some(share)) =
            (self.whole(&swapped), self.percent(&["S03_robustness", "sheets_only", "share_of_sheets_swapped"]))
        {
            say!(
                "  To undo that lead, at least {sheets} of the sheets ({share}) would have to be false, with the two swapped."
            );
            let worst = "after_missing_all_registered_to_runner_up";
            let settled =
                self.get(&["S03_robustness", worst, "start_margin"]).as_i64().is_some_and(|margin| margin > 0);
            if let Some(sheets) =
                self.whole(&["S03_robustness", worst, "min_sheets_leader_runnerup_swapped"]).filter(|_| settled)
            {
                say!("    On top of every missing voter voting for {runner_up}: at least {sheets}.");
            }
        }
        let headline = self.get(&["S04_official", "gap", "headline"]);
        if let (Some(least), Some(proclaimed), Some(gap)) = (
            headline["leader_at_least"].as_i64(),
            headline["leader_proclaimed"].as_i64(),
            headline["leader_gap"].as_i64(),
        ) {
            say!(
                "  Proclaimed for {leader}: {}. By the sheets that must be among those counted: at least {}.",
                signed(proclaimed),
                signed(least)
            );
            if gap > 0 {
                say!("    The two differ by at least {}: both cannot be right.", signed(gap));
            }
        }
        if let Some(pairs) = self.whole(&["S14_duplicates", "vector_pairs"]) {
            let chance = self.get(&["S14_duplicates", "null_sim", "mean"]).as_f64();
            let by_chance = chance.map(|mean| format!("; chance alone makes about {mean:.1}")).unwrap_or_default();
            say!("  Pairs of sheets with the same votes: {pairs}{by_chance}.");
        }
    }

    fn audit(&self) {
        if let Some(size) = self.whole(&["S20_macro", "pending_0", "sample_size_risk_5"]) {
            say!(
                "  An audit that draws sheets by lot needs {size} draws without error to confirm the lead at a risk of 5 %."
            );
        }
        if let Some(most) = self.whole(&["S24_discovery", "upper95_bad_sheets_if_0_found", "300"]) {
            say!("  If 300 sheets drawn by lot are all right, at most {most} of all are not (risk 5 %).");
        }
        match self.count.audit_records().filter(|record| record.superseded_by.is_none()).count() {
            0 => say!("  Nobody has compared any of them yet, as far as this archive knows."),
            records => {
                say!("  {} are recorded: `testigo audit DIR risk` says what they show.", grouped(records as u64))
            }
        }
    }

    fn assumed(&self) {
        let (leader, runner_up) = (self.sheets.leader_id(), self.sheets.runner_up_id());
        let band = ["S07_mnar", "tipping_delta"];
        if let (Some(tipping), Some(observed), Some(most)) = (
            self.get(&band).as_f64(),
            self.get(&["S07_mnar", "observed_lead"]).as_f64(),
            self.get(&["S07_mnar", "max_feasible_delta"]).as_f64(),
        ) {
            say!(
                "  If as many voters came to the missing stations as to the others: {leader} leads by {} of the votes on the sheets;",
                percent(observed)
            );
            say!("    for a tie the lead in the missing stations would have to be {} points lower.", points(tipping));
            if tipping > most {
                say!("    That is impossible: {runner_up} having every vote there is {} points lower.", points(most));
            }
        }
        let ratio = ["S06_national_ratio", "results"];
        for id in [leader, runner_up] {
            let name = format!("{id}_share_of_valid");
            let block = &self.get(&ratio)[&name];
            if let (Some(share), Some(low), Some(high)) = (
                block["estimate"].as_f64(),
                block["ci95_cluster_fpc"][0].as_f64(),
                block["ci95_cluster_fpc"][1].as_f64(),
            ) {
                say!(
                    "  If the missing sheets are like the seen ones: {id} {} ({} to {}).",
                    percent(share),
                    percent(low),
                    percent(high)
                );
            }
        }
        for experiment in self.get(&["S08_holdout_experiments"]).as_array().into_iter().flatten() {
            let held = &experiment["estimators"]["unstratified_share"];
            let says = if held["covers"].as_bool() == Some(true) { "holds the truth" } else { "misses the truth" };
            say!(
                "    Tried on {} sheets ({}): the interval {says}.",
                experiment["n"],
                experiment["sample"].as_str().unwrap_or_default()
            );
        }
    }

    fn screens(&self) {
        for (name, fit) in self.get(&["S13_within_centre"]).as_object().into_iter().flatten() {
            if let (Some(dispersion), Some(far)) = (fit["dispersion"].as_f64(), fit["loo_abs_z_gt_4"].as_u64()) {
                say!(
                    "  Stations of one place, {name}: they differ {dispersion:.2} times as much as by chance; {far} sheets stand far out."
                );
            }
        }
        if self.analysis.tests.is_empty() {
            return;
        }
        say!("  All tests of the declared family, the quiet ones too:");
        for test in &self.analysis.tests {
            say!("    {:<26} p {:<10} corrected {:<10} {}", test.test, short(test.p), short(test.holm), test.says);
        }
    }

    fn read_again(&self) {
        let list = &self.analysis.read_again;
        if list.is_empty() {
            return;
        }
        say!("\nREAD THESE SHEETS AGAIN: {}", counted(list.len() as u64, "reason", "reasons"));
        for one in list.iter().take(SHOWN) {
            say!("  {:<16} {}", one.station, one.reason);
        }
        if list.len() > SHOWN {
            say!("  and {} more: --format json or csv has them all", grouped((list.len() - SHOWN) as u64));
        }
    }

    fn unknown(&self) {
        say!("\nUNKNOWN");
        let missing = self.sheets.expected.saturating_sub(self.sheets.len() as u64);
        say!("  What {} stations without a counted sheet hold, and why their sheets are missing.", grouped(missing));
        say!("  Whether a picture shows what was counted: the sheets are taken as they are.");
        let mut reasons: Vec<(&String, Vec<&str>)> = Vec::new();
        for (key, reason) in &self.analysis.left_out {
            match reasons.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, keys)) => keys.push(key),
                None => reasons.push((reason, vec![key])),
            }
        }
        for (reason, keys) in reasons {
            say!("  Not computed: {} ({reason}).", keys.join(", "));
        }
    }
}

fn signed(number: i64) -> String {
    let digits = grouped(number.unsigned_abs());
    if number < 0 { format!("-{digits}") } else { digits }
}

fn percent(share: f64) -> String {
    format!("{:.2} %", 100.0 * share)
}

fn points(share: f64) -> String {
    format!("{:.1}", 100.0 * share)
}

fn short(p: f64) -> String {
    if p >= 0.001 { format!("{p:.3}") } else { format!("{p:.1e}") }
}
