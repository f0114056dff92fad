//! `testigo compare`: proclaimed against sheets, and whether it can still change.

use std::process::ExitCode;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Result, bail};
use clap::Args;
use serde_json::json;
use testigo_analysis::calendar::{date_of, days_between};
use testigo_analysis::comparison::{BulletinComparison, Comparison, Identity, Rule, compare, proclaimed_units};
use testigo_analysis::official::bounds::{Meaning, Reading, TotalFrom};
use testigo_analysis::outlook::{Missing, Outlook, Verdict, outlook, stations_of};
use testigo_count::Count;
use testigo_site::download;

use super::Format;
use super::question::{Question, Subject};
use crate::say;
use crate::terminal::grouped;

/// Differing stations and units shown in the table; the other formats have all.
const SHOWN: usize = 30;

#[derive(Debug, Args)]
#[command(after_help = "Examples:
  testigo compare archive
  testigo compare archive --unit state/01 --format json
`testigo official` records what was proclaimed. Every bound names its condition; nothing here is a probability.")]
pub struct CompareArguments {
    #[command(flatten)]
    pub question: Question,
}

pub fn run(arguments: &CompareArguments) -> Result<ExitCode> {
    let Subject { count, checkpoint, contest, unit } = arguments.question.subject()?;
    if !proclaimed_units(&count, contest).contains(&unit) {
        bail!(
            "nothing proclaimed is recorded for this place and contest\nhint: `testigo official DIR FILE` records it"
        );
    }
    let comparison = compare(&count, contest, unit);
    let outlook = outlook(&count, contest, unit, &stations_of(&count, unit));
    let today = SystemTime::now().duration_since(UNIX_EPOCH).ok().and_then(|since| date_of(since.as_secs()));
    let overdue =
        comparison.deadline.as_ref().zip(today.as_ref()).and_then(|(due, today)| days_between(&due.due, today));
    match arguments.question.format {
        Format::Json => {
            let answer = json!({
                "comparison": comparison,
                "outlook": outlook,
                "days_since_station_results_were_due": overdue,
                "ledger": { "size": count.size(), "root": checkpoint.root.to_string() },
            });
            say!("{}", serde_json::to_string_pretty(&answer)?);
        }
        Format::Csv => {
            let table = download::comparison(&comparison).unwrap_or_default();
            say!("{}", String::from_utf8(table)?.trim_end());
        }
        Format::Table => {
            let words = Words { count: &count, contest };
            words.table(&comparison, &outlook, overdue);
            say!("");
            say!("ledger {} entries, root {}", grouped(count.size()), checkpoint.root);
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// Hundredths of a percent.
fn share(hundredths: u64) -> String {
    format!("{}.{:02} %", hundredths / 100, hundredths % 100)
}

fn signed(difference: i64) -> String {
    let sign = if difference < 0 { "-" } else { "+" };
    format!("{sign}{}", grouped(difference.unsigned_abs()))
}

struct Words<'a> {
    count: &'a Count,
    contest: usize,
}

impl Words<'_> {
    fn name(&self, candidate: usize) -> &str {
        self.count.definition().contests[self.contest].candidates[candidate].name.in_language("en")
    }

    fn stations(&self) -> String {
        self.count.pack().station_level().plural.in_language("en").to_lowercase()
    }

    fn table(&self, comparison: &Comparison, outlook: &Outlook, overdue: Option<i64>) {
        let of = comparison.stations.map_or_else(String::new, |all| format!(" of {}", grouped(all)));
        say!("{}{of} {} have a sheet that counts", grouped(comparison.sheets), self.stations());
        for bulletin in &comparison.bulletins {
            say!("");
            self.bulletin(comparison, bulletin);
        }
        for change in &comparison.changed {
            say!("");
            say!("changed later: bulletin {}, entry {} by entry {}", change.bulletin, change.entry, change.by);
            for (candidate, [before, after]) in &change.votes {
                let said = |votes: &Option<u64>| votes.map_or_else(|| "not given".to_owned(), grouped);
                say!("  {candidate}: {} before, {} after", said(before), said(after));
            }
        }
        self.below(comparison);
        if let Some(due) = &comparison.deadline {
            let days = overdue
                .filter(|days| *days > 0)
                .map_or_else(String::new, |days| format!(", {} days ago", grouped(days.unsigned_abs())));
            say!("");
            say!("due by {}{days}: {}", due.due, due.law.in_language("en"));
            say!(
                "  proclaimed figures of {} single stations are recorded here",
                grouped(comparison.single_stations.published)
            );
        }
        say!("");
        self.outlook(outlook);
    }

    fn bulletin(&self, comparison: &Comparison, bulletin: &BulletinComparison) {
        let figures = &bulletin.figures;
        let announced = figures.announced.as_ref().map_or_else(String::new, |when| format!(", announced {when}"));
        say!("bulletin {} of {}{announced} (entry {})", figures.bulletin, figures.source, bulletin.entry);
        for line in self.headline(bulletin) {
            say!("  {line}");
        }
        say!("");
        let width = comparison.ranking.iter().map(|at| self.name(*at).chars().count()).max().unwrap_or(0);
        say!("  {:<width$} {:>12} {:>9} {:>12} {:>9} {:>13}", "", "sheets", "", "proclaimed", "", "difference");
        for line in comparison.ranking.iter().filter_map(|at| bulletin.lines.get(*at)) {
            say!(
                "  {:<width$} {:>12} {:>9} {:>12} {:>9} {:>13}",
                self.name(line.candidate),
                grouped(line.on_sheets),
                share(line.share_on_sheets),
                line.proclaimed.map_or_else(|| "–".to_owned(), grouped),
                line.share_proclaimed.map_or_else(String::new, share),
                line.difference.map_or_else(String::new, signed)
            );
        }
        if let Some([proclaimed, on_sheets]) = bulletin.rest {
            say!("  {:<width$} {:>12} {:>9} {:>12}", "all others", grouped(on_sheets), "", grouped(proclaimed));
        }
        say!("  certain, from the bulletin's own figures:");
        for identity in &bulletin.identities {
            say!("    {}", identity_sentence(identity));
        }
        for reading in &bulletin.readings {
            self.reading(reading);
        }
        for unknown in &bulletin.unknown {
            say!("  not known: {}", super::sentence(&format!("compare_unknown.{}", unknown.word())));
        }
    }

    fn headline(&self, bulletin: &BulletinComparison) -> Vec<String> {
        if !bulletin.both_cannot_be_right() {
            let key = match bulletin.readings.iter().all(|reading| reading.meaning == Meaning::Complete) {
                true if bulletin.figures.votes.is_empty() => "compare.no_votes",
                true => "compare.not_settled",
                false => "compare.can_both",
            };
            return vec![super::sentence(key)];
        }
        let mut said = vec!["if the sheets are genuine, both cannot be right:".to_owned()];
        if let Some(missing) = bulletin.most_missing() {
            said.push(format!(
                "  at least {} votes for {} are missing (weaker reading of the coverage: {})",
                grouped(missing.missing),
                self.name(missing.candidate),
                missing.missing_under.word()
            ));
        }
        if let Some(too_many) = bulletin.most_too_many() {
            said.push(format!(
                "  at least {} votes for {} are too many (weaker reading of the coverage: {})",
                grouped(too_many.too_many),
                self.name(too_many.candidate),
                too_many.too_many_under.word()
            ));
        }
        said
    }

    fn reading(&self, reading: &Reading) {
        let from = match reading.total_from {
            TotalFrom::Bulletin => "as the bulletin says",
            TotalFrom::Elsewhere => "as declared or as another bulletin says",
        };
        let (outside, total) = (grouped(reading.outside), grouped(reading.total));
        match reading.meaning {
            Meaning::Stations => {
                say!("  if the coverage is of {}, {total} in all ({from}), at most {outside} outside:", self.stations())
            }
            Meaning::Registered => {
                say!("  if the coverage is of registered voters, {total} in all ({from}), at most {outside} outside:")
            }
            Meaning::Complete => say!("  if the figures cover everything, which the bulletin does not say:"),
        }
        let mut any = false;
        for bound in &reading.bounds {
            if bound.missing > 0 {
                say!(
                    "    {}: at least {}, proclaimed {}: {} missing",
                    self.name(bound.candidate),
                    grouped(bound.at_least),
                    grouped(bound.proclaimed),
                    grouped(bound.missing)
                );
            }
            if let Some(most) = bound.at_most.filter(|_| bound.too_many > 0) {
                say!(
                    "    {}: at most {}, proclaimed {}: {} too many",
                    self.name(bound.candidate),
                    grouped(most),
                    grouped(bound.proclaimed),
                    grouped(bound.too_many)
                );
            }
            any |= bound.missing > 0 || bound.too_many > 0;
        }
        if !any {
            say!("    no proclaimed figure contradicts the sheets");
        }
    }

    fn below(&self, comparison: &Comparison) {
        if !comparison.units.is_empty() {
            say!("");
            say!("by place, proclaimed less sheets:");
        }
        for place in comparison.units.iter().take(SHOWN) {
            let differences = comparison.ranking.iter().take(2).filter_map(|at| {
                let proclaimed = i64::try_from(place.proclaimed.get(*at).copied().flatten()?).ok()?;
                let on_sheets = i64::try_from(*place.on_sheets.get(*at)?).ok()?;
                Some(format!("{} {}", comparison.candidates[*at], signed(proclaimed - on_sheets)))
            });
            let differences: Vec<String> = differences.collect();
            say!(
                "  {}/{}  {} of {} counted  {}",
                place.level,
                place.code,
                place.counted[0],
                place.counted[1],
                differences.join("  ")
            );
        }
        let single = &comparison.single_stations;
        if single.published > 0 {
            say!("");
            say!(
                "{} single stations proclaimed: {} the same as on the sheet, {} different, {} without a sheet that counts",
                grouped(single.published),
                grouped(single.equal),
                grouped(single.different.len() as u64),
                grouped(single.without_sheet)
            );
            for one in single.different.iter().take(SHOWN) {
                say!("  {}: {} votes apart (entry {})", one.station, grouped(one.votes), one.entry);
            }
        }
    }

    fn outlook(&self, outlook: &Outlook) {
        let (first, second) = (self.name(outlook.first), self.name(outlook.second));
        let verdict = match outlook.verdict {
            Verdict::Won => format!("no, if the sheets are genuine: {first} wins whatever the missing voters did"),
            Verdict::SecondRound => {
                "no, if the sheets are genuine: nobody wins at once whatever the missing voters did".to_owned()
            }
            Verdict::Open => "yes, in the worst case".to_owned(),
            Verdict::Unknown => "not known: how many voters are missing here is not known".to_owned(),
            Verdict::Nothing => "no sheets are counted yet".to_owned(),
        };
        say!("can it still change? {verdict}");
        say!("  {first} leads {second} by {} votes on {} sheets", grouped(outlook.lead), grouped(outlook.sheets));
        match outlook.missing {
            Missing::FromDeclared { voters } => {
                say!(
                    "  {} registered voters without a sheet (declared total less voters of the sheets)",
                    grouped(voters)
                );
            }
            Missing::FromRegister { voters } => {
                say!("  {} registered voters without a sheet (by the register)", grouped(voters))
            }
            Missing::AtMost { voters } => {
                say!(
                    "  at most {} registered voters without a sheet: so many are missing in the whole; how many here is not known",
                    grouped(voters)
                );
            }
            Missing::Unknown => say!("  how many registered voters have no sheet is not known"),
        }
        if let Some(needed) = outlook.turnout_to_change {
            say!("  to change it, {} of them would have had to vote, all the same way", share(needed));
        }
        if let Some(needed) = outlook.lead_to_change {
            say!(
                "  at the turnout of the sheets, {second} would have to lead there by {} of the valid votes; on the sheets {first} leads by {}",
                share(needed),
                share(outlook.lead_on_sheets)
            );
        }
        if let Some(sheets) = outlook.false_sheets.swapped.filter(|_| outlook.lead > 0) {
            say!(
                "  at least {} sheets would have to be false, {first} and {second} swapped, for them to be level",
                grouped(sheets)
            );
        }
        if let Some(sheets) = outlook.false_sheets_after_worst_case.and_then(|fewest| fewest.swapped) {
            say!("  and {} if every missing voter had voted for {second} besides", grouped(sheets));
        }
    }
}

fn identity_sentence(identity: &Identity) -> String {
    let number = |number| if identity.rule.is_share() { share(number) } else { grouped(number) };
    let [agree, all] = identity.of.unwrap_or_default();
    let how = if identity.holds { "holds" } else { "differs" };
    let mut said = super::sentence(&format!("compare_rule.{}.{how}", identity.rule.word()));
    for (place, text) in [
        ("{stated}", number(identity.stated)),
        ("{computed}", number(identity.computed)),
        ("{agree}", grouped(agree)),
        ("{all}", grouped(all)),
    ] {
        said = said.replace(place, &text);
    }
    let mark = match (identity.holds, identity.rule) {
        (_, Rule::VotesArePercentages) => "note",
        (true, _) => "ok",
        (false, rule) if rule.tells_a_base() => "other base",
        (false, _) => "differs",
    };
    format!("{mark:<10} {said}")
}
