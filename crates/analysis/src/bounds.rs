//! Is the winner settled, whatever the missing sheets hold? (S02)
//!
//! Arithmetic without probability: every registered voter whom no sheet covers votes for the runner-up, and for nobody
//! else. If the lead survives that, it survives everything. It is conditional on the sheets being genuine, and therefore
//! stands beside [`crate::robustness`]. It needs the *total* of registered voters: how many stations are missing does
//! not say how many people voted there.

use std::collections::BTreeMap;

use serde::Serialize;
use testigo_count::Contest;
use testigo_count::definition::{Needed, Outright, ShareOf};

use crate::number::{difference, real, signed};
use crate::settings::RegisterBase;
use crate::sheets::{Sheets, Sums};

/// Whether something can still change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Decided {
    /// Whatever the missing sheets hold, the leader wins, without a second round.
    Leader,
    /// Whatever the missing sheets hold, nobody wins without a second round.
    SecondRound,
    /// The missing voters are enough to change it.
    Open,
    /// How many voters are missing is not known.
    Unknown,
}

/// The worst case in one unit: whoever is still missing votes as it suits, or stays away.
///
/// `votes` are those in hand, one number for each candidate, and `void` the ballots for nobody; `missing` are the
/// registered voters of the unit whom no counted sheet covers, `None` where nobody knows. Where the contest can be won
/// outright in several ways, each is looked at alone, which can only make the answer weaker.
#[must_use]
pub fn decide(contest: &Contest, votes: &[u64], void: u64, missing: Option<u64>) -> Decided {
    let Some(missing) = missing else { return Decided::Unknown };
    let missing = u128::from(missing);
    let wide = |votes: &u64| u128::from(*votes);
    let best_of_others = |candidate: usize| {
        votes.iter().enumerate().filter(|(at, _)| *at != candidate).map(|(_, votes)| wide(votes)).max().unwrap_or(0)
    };
    let Some((leader, most)) = votes.iter().map(wide).enumerate().rev().max_by_key(|(_, votes)| *votes) else {
        return Decided::Open;
    };
    if contest.outright.is_empty() {
        let safe = most > best_of_others(leader) + missing;
        return if safe { Decided::Leader } else { Decided::Open };
    }
    let counted = match contest.share_of {
        ShareOf::Valid => 0,
        ShareOf::Cast => u128::from(void),
    };
    let whole = votes.iter().map(wide).sum::<u128>() + counted + missing;
    let meets = |way: &Outright, own: u128, next: u128| {
        let share = match way.share {
            Needed::Above(hundredths) => own * 10_000 > whole * u128::from(hundredths),
            Needed::AtLeast(hundredths) => own * 10_000 >= whole * u128::from(hundredths),
        };
        let ahead = own.checked_sub(next).filter(|ahead| *ahead > 0);
        let lead = way.lead.is_none_or(|lead| ahead.is_some_and(|ahead| ahead * 10_000 >= whole * u128::from(lead)));
        share && lead
    };
    if contest.outright.iter().any(|way| meets(way, most, best_of_others(leader) + missing)) {
        return Decided::Leader;
    }
    let can_win = |(candidate, own): (usize, u128)| {
        let next = best_of_others(candidate);
        // Nobody has a larger share than with all of the missing.
        contest.outright.iter().any(|way| meets(way, own + missing, next))
    };
    if votes.iter().map(wide).enumerate().any(can_win) { Decided::Open } else { Decided::SecondRound }
}

/// The bound against one register.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bound {
    /// Voters by this register.
    pub total_registered: u64,
    /// Stations without a sheet.
    pub missing_tables: u64,
    /// Voters whom no sheet covers.
    pub missing_registered: u64,
    /// The leader's votes less the runner-up's.
    pub margin_in_hand: i64,
    /// What is left of it if all of them voted for the runner-up.
    pub worst_case_margin_all_missing_registered_to_runner_up: i64,
    /// Whether something is left.
    pub decided_worst_case: bool,
    /// Share of the missing voters who would have had to come, all for the runner-up.
    pub turnout_needed_in_missing_if_100pct_runner_up: f64,
    /// Valid votes for each registered voter of the sheets.
    pub valid_turnout_in_hand: f64,
    /// Valid votes in the missing stations if as many came there as on the sheets.
    pub missing_valid_votes_at_same_turnout: f64,
    /// The runner-up's lead that they would have to hold, as a share of them; above 1: impossible.
    pub required_lead_of_runner_up_in_missing_as_share_of_valid_at_same_turnout: f64,
    /// What is left of the lead if all of them were for the runner-up.
    pub worst_case_margin_at_same_turnout_100pct_runner_up: f64,
    /// The runner-up's share that they would have to hold if there were only two.
    pub required_runner_up_share_of_valid_two_way: f64,
    /// The same with all others at their share on the sheets.
    pub required_runner_up_share_of_valid_others_at_observed_share: f64,
    /// On the sheets.
    pub observed_runner_up_share_of_valid: f64,
    /// On the sheets.
    pub observed_leader_share_of_valid: f64,
}

/// The same where only the number of missing stations is known: shows why the register's total is needed.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct TablesOnly {
    /// Votes by which the runner-up would have to lead in each missing station.
    pub avg_runner_up_net_votes_per_missing_table_needed: f64,
    /// Most voters of any station with a sheet.
    pub max_registered_any_sheet: u64,
    /// What is left of the lead if every missing station had as many, all for the runner-up.
    pub bound_with_max: i64,
    /// Voters of a station with a sheet, on average.
    pub mean_registered_sheet: f64,
    /// The same with the average.
    pub bound_with_mean: f64,
    /// Most ballots on any sheet.
    pub max_cast_any_sheet: u64,
    /// The same with as many ballots.
    pub bound_with_max_cast: i64,
}

/// S02.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Bounds {
    /// By the register's id.
    #[serde(flatten)]
    pub registers: BTreeMap<String, Bound>,
    /// See [`TablesOnly`].
    pub only_table_count_known: TablesOnly,
}

/// The bounds of a contest. Voters of sheets whose number is not known count as missing.
#[must_use]
pub fn bounds(sheets: &Sheets, registers: &[RegisterBase]) -> Bounds {
    let sums = sheets.sums();
    let missing_tables = sheets.expected.saturating_sub(sums.sheets);
    let margin = margin(sheets, &sums);
    let max_registered = sheets.rows.iter().filter_map(|row| row.registered).max().unwrap_or(0);
    let max_cast = sheets.rows.iter().map(|row| row.cast()).max().unwrap_or(0);
    let mean = real(sums.registered) / real(sums.sheets);
    let at_most = |each: u64| margin.saturating_sub(signed(each.saturating_mul(missing_tables)));
    Bounds {
        registers: registers
            .iter()
            .map(|base| (base.id.clone(), bound(sheets, &sums, base.registered, missing_tables)))
            .collect(),
        only_table_count_known: TablesOnly {
            avg_runner_up_net_votes_per_missing_table_needed: margin as f64 / real(missing_tables),
            max_registered_any_sheet: max_registered,
            bound_with_max: at_most(max_registered),
            mean_registered_sheet: mean,
            bound_with_mean: margin as f64 - real(missing_tables) * mean,
            max_cast_any_sheet: max_cast,
            bound_with_max_cast: at_most(max_cast),
        },
    }
}

/// The leader's votes less the runner-up's.
#[must_use]
pub fn margin(sheets: &Sheets, sums: &Sums) -> i64 {
    difference(sums.votes[sheets.leader], sums.votes[sheets.runner_up])
}

/// Valid votes that the missing voters would have cast at the turnout of the sheets.
#[must_use]
pub fn missing_valid(sums: &Sums, missing_registered: u64) -> f64 {
    real(missing_registered) * (real(sums.valid) / real(sums.registered))
}

fn bound(sheets: &Sheets, sums: &Sums, total_registered: u64, missing_tables: u64) -> Bound {
    let missing_registered = total_registered.saturating_sub(sums.registered);
    let margin = margin(sheets, sums);
    let worst = margin.saturating_sub(signed(missing_registered));
    let valid = missing_valid(sums, missing_registered);
    let lead = margin as f64;
    let share = |candidate: usize| real(sums.votes[candidate]) / real(sums.valid);
    let others = 1.0 - share(sheets.leader) - share(sheets.runner_up);
    Bound {
        total_registered,
        missing_tables,
        missing_registered,
        margin_in_hand: margin,
        worst_case_margin_all_missing_registered_to_runner_up: worst,
        decided_worst_case: worst > 0,
        turnout_needed_in_missing_if_100pct_runner_up: lead / real(missing_registered),
        valid_turnout_in_hand: real(sums.valid) / real(sums.registered),
        missing_valid_votes_at_same_turnout: valid,
        required_lead_of_runner_up_in_missing_as_share_of_valid_at_same_turnout: lead / valid,
        worst_case_margin_at_same_turnout_100pct_runner_up: lead - valid,
        required_runner_up_share_of_valid_two_way: (valid + lead) / (2.0 * valid),
        required_runner_up_share_of_valid_others_at_observed_share: ((1.0 - others) * valid + lead) / (2.0 * valid),
        observed_runner_up_share_of_valid: share(sheets.runner_up),
        observed_leader_share_of_valid: share(sheets.leader),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use testigo_count::Definition;

    fn contest(rule: &str) -> Contest {
        let text = format!(
            "id = \"x\"\ntitle = \"X\"\ndate = \"2031-05-04\"\nplace = \"X\"\n[[contest]]\nid = \"c\"\ntitle = \"C\"\n\
             candidates = [{{ id = \"A\", name = \"Ada\" }}]\n{rule}\n"
        );
        Definition::parse("election.toml", text.as_bytes()).unwrap().contests.remove(0)
    }

    #[test]
    fn a_lead_is_safe_only_when_all_missing_voters_together_cannot_reach_it() {
        let plurality = contest("");
        for (votes, missing, expected) in [
            (vec![60, 40], Some(19), Decided::Leader),
            (vec![60, 40], Some(20), Decided::Open),
            (vec![60, 40], None, Decided::Unknown),
            (vec![40, 60, 0], Some(5), Decided::Leader),
            (vec![], Some(0), Decided::Open),
        ] {
            assert_eq!(decide(&plurality, &votes, 0, missing), expected, "{votes:?} {missing:?}");
        }
    }

    #[test]
    fn a_threshold_counts_in_the_worst_case_too() {
        let half = contest("outright = [{ above = 5000 }]");
        for (votes, missing, expected) in [
            (vec![60, 40], 19, Decided::Leader),
            (vec![60, 40], 20, Decided::Open),
            (vec![40, 35, 25], 20, Decided::SecondRound),
            (vec![40, 35, 25], 21, Decided::Open),
        ] {
            assert_eq!(decide(&half, &votes, 0, Some(missing)), expected, "{votes:?} {missing}");
        }
        let lead = contest("outright = [{ above = 5000 }, { at_least = 4000, lead = 1000 }]");
        // Of 104 votes a lead of 11 is enough, of 105 one of 10 is not.
        assert_eq!(decide(&lead, &[45, 30, 25], 0, Some(4)), Decided::Leader);
        assert_eq!(decide(&lead, &[45, 30, 25], 0, Some(5)), Decided::Open);
        assert_eq!(decide(&lead, &[42, 38, 20], 0, Some(0)), Decided::SecondRound);
        let of_cast = contest("outright = [{ above = 5000 }]\nshare_of = \"cast\"");
        assert_eq!(decide(&of_cast, &[51, 40], 8, Some(0)), Decided::Leader);
        assert_eq!(decide(&of_cast, &[51, 40], 11, Some(0)), Decided::SecondRound);
    }
}
