//! Can it still change? The worst case for any unit and any rule: what the missing stations would have to hold, and how many
//! of the sheets would have to be false.
//!
//! Arithmetic without probability. Every registered voter whom no counted sheet covers may vote for anyone: if the result
//! stands whatever they do, it is decided, provided the sheets are genuine. Disputed, held and unread stations, and counted
//! ones with a place that holds no number, count as missing. Where nobody knows how many voters are missing in a unit, no
//! unit below the whole can have more missing than the whole has: that is used as a bound, and said.

use serde::Serialize;
use testigo_count::Contest;
use testigo_count::Count;
use testigo_count::geography::{StationIndex, UnitIndex};
use testigo_count::rule::StationState;

use crate::bounds::{Decided, decide};

/// What is known about the voters whom no counted sheet covers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "known")]
pub enum Missing {
    /// The declared total less the voters of the counted sheets.
    FromDeclared {
        /// Voters.
        voters: u64,
    },
    /// The voters of the register's stations that are missing.
    FromRegister {
        /// Voters.
        voters: u64,
    },
    /// No more than the whole election has.
    AtMost {
        /// Voters.
        voters: u64,
    },
    /// Nobody knows.
    Unknown,
}

impl Missing {
    /// So many at most.
    #[must_use]
    pub fn at_most(self) -> Option<u64> {
        match self {
            Self::FromDeclared { voters } | Self::FromRegister { voters } | Self::AtMost { voters } => Some(voters),
            Self::Unknown => None,
        }
    }
}

/// Whether the missing stations can still change it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// The first wins, whatever they hold.
    Won,
    /// Nobody wins at once, whatever they hold.
    SecondRound,
    /// They are enough to change it.
    Open,
    /// How many voters are missing is not known.
    Unknown,
    /// No station counts yet.
    Nothing,
}

/// How many sheets would have to be false before the second is level with the first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FalseSheets {
    /// If each false sheet had swapped the first and the second; `None`: all together are not enough.
    pub swapped: Option<u64>,
    /// If each false sheet should not count at all.
    pub discarded: Option<u64>,
}

/// The worst case of one contest in one unit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Outlook {
    /// Who has most votes, a position in the election file.
    pub first: usize,
    /// Who has next most.
    pub second: usize,
    /// The difference.
    pub lead: u64,
    /// Votes for candidates on these sheets.
    pub valid: u64,
    /// Ballots on these sheets.
    pub cast: u64,
    /// Voters of these sheets, where known of all.
    pub registered: Option<u64>,
    /// Sheets taken: counted, with a number in every place.
    pub sheets: u64,
    /// Counted sheets with a place that holds no number; they count as missing.
    pub incomplete: u64,
    /// Stations without such a sheet, where the number is known.
    pub missing_stations: Option<u64>,
    /// Their voters.
    pub missing: Missing,
    /// What follows.
    pub verdict: Verdict,
    /// So few of the missing voters could change it, if all of them voted the same way.
    pub votes_to_change: Option<u64>,
    /// That number as a share of the missing voters, in hundredths of a percent; above 10,000: impossible.
    pub turnout_to_change: Option<u64>,
    /// The lead that the second would need among the missing valid votes, if as many voters came there as on the sheets, in
    /// hundredths of a percent; above 10,000: impossible.
    pub lead_to_change: Option<u64>,
    /// The first's lead among the valid votes on the sheets, for comparison.
    pub lead_on_sheets: u64,
    /// To undo the lead on the sheets.
    pub false_sheets: FalseSheets,
    /// To undo what is left of it after every missing voter has voted for the second; only where something is left.
    pub false_sheets_after_worst_case: Option<FalseSheets>,
}

/// The listed stations of a unit, at any depth.
#[must_use]
pub fn stations_of(count: &Count, unit: UnitIndex) -> Vec<StationIndex> {
    let geography = count.geography();
    let inside = |station: &StationIndex| {
        let own = geography.station_unit(*station);
        own.is_some_and(|own| unit == UnitIndex::WHOLE || geography.ancestors(own).any(|above| above == unit))
    };
    geography.stations().filter(inside).collect()
}

/// The worst case of a contest (a position in the election file) in a unit whose listed stations are `stations`.
#[must_use]
pub fn outlook(count: &Count, contest: usize, unit: UnitIndex, stations: &[StationIndex]) -> Outlook {
    let definition = &count.definition().contests[contest];
    let mut sums = vec![0_u64; definition.candidates.len()];
    let (mut void, mut sheets, mut incomplete) = (0_u64, 0_u64, 0_u64);
    let (mut registered, mut open_voters) = (Some(0_u64), Some(0_u64));
    let mut known_registered = 0_u64;
    let mut rows: Vec<Vec<u64>> = Vec::new();
    let add = |sum: &mut Option<u64>, more: Option<u32>| {
        *sum = sum.zip(more).and_then(|(sum, more)| sum.checked_add(u64::from(more)));
    };
    for station in stations {
        let state = count.status(contest, *station).state;
        let voters = count.geography().registered(*station);
        let complete = count
            .counted_reading(contest, *station)
            .is_some_and(|reading| reading.votes().all(|cell| cell.value().is_some()));
        if complete {
            let (votes, others) = count.station_votes(contest, *station);
            sums.iter_mut().zip(&votes).for_each(|(sum, votes)| *sum = sum.saturating_add(*votes));
            void = void.saturating_add(others.iter().sum());
            sheets += 1;
            add(&mut registered, voters);
            known_registered = known_registered.saturating_add(voters.map_or(0, u64::from));
            rows.push(votes);
        } else {
            incomplete += u64::from(state == StationState::Counted);
            if state != StationState::NotInstalled {
                add(&mut open_voters, voters);
            }
        }
    }
    let mut order: Vec<usize> = (0..sums.len()).collect();
    order.sort_by_key(|at| std::cmp::Reverse(sums[*at]));
    let first = order.first().copied().unwrap_or(0);
    let second = order.get(1).copied().unwrap_or(first);
    let lead = sums.get(first).zip(sums.get(second)).map_or(0, |(one, other)| one - other);
    let valid: u64 = sums.iter().sum();
    let cast = valid.saturating_add(void);
    let expected = count.expected(contest, unit).known.map(u64::from);
    let not_installed = u64::from(count.unit_totals(contest, unit).not_installed);
    let missing = missing(count, contest, unit, known_registered, open_voters, expected);
    let race = Race { contest: definition, votes: &sums, void };
    let verdict = race.verdict(missing, sheets);
    let votes_to_change = (sheets > 0).then(|| race.least_to_change()).flatten();
    let share_of = |part: Option<u64>, whole: Option<u64>| match (part, whole) {
        (Some(part), Some(whole)) if whole > 0 => Some(hundredths(u128::from(part), u128::from(whole))),
        _ => None,
    };
    // Valid votes among the missing at the turnout of the sheets, with the sheets' voters as the denominator.
    let lead_to_change = match (missing.at_most(), registered) {
        (Some(voters), Some(on_sheets)) if voters > 0 && valid > 0 => {
            Some(hundredths(u128::from(lead) * u128::from(on_sheets), u128::from(voters) * u128::from(valid)))
        }
        _ => None,
    };
    let left = missing.at_most().and_then(|voters| lead.checked_sub(voters)).filter(|left| *left > 0);
    let leads = Leads::of(&rows, first, second);
    Outlook {
        first,
        second,
        lead,
        valid,
        cast,
        registered: registered.filter(|_| sheets > 0),
        sheets,
        incomplete,
        missing_stations: expected.map(|expected| expected.saturating_sub(sheets).saturating_sub(not_installed)),
        missing,
        verdict,
        votes_to_change,
        turnout_to_change: share_of(votes_to_change, missing.at_most()),
        lead_to_change,
        lead_on_sheets: hundredths(u128::from(lead), u128::from(valid)),
        false_sheets: leads.fewest(lead),
        false_sheets_after_worst_case: left.filter(|left| *left < lead).map(|left| leads.fewest(left)),
    }
}

/// The voters whom no sheet covers.
fn missing(
    count: &Count,
    contest: usize,
    unit: UnitIndex,
    covered: u64,
    open: Option<u64>,
    expected: Option<u64>,
) -> Missing {
    let declared = count.definition().declared.registered;
    // A register made from results, or one that names fewer stations than were declared, does not name the missing.
    let names_all = expected.is_some() && !count.register_from_results() && {
        let listed = count.unit_totals(contest, UnitIndex::WHOLE).listed;
        count.definition().declared.stations.is_none_or(|declared| declared <= listed)
    };
    let from_register = open.filter(|_| names_all);
    if unit == UnitIndex::WHOLE {
        let from_declared = declared.map(|declared| declared.saturating_sub(covered));
        return match (from_declared, from_register) {
            // The larger of the two can only make the bound weaker.
            (Some(one), Some(other)) if other > one => Missing::FromRegister { voters: other },
            (Some(voters), _) => Missing::FromDeclared { voters },
            (None, Some(voters)) => Missing::FromRegister { voters },
            (None, None) => Missing::Unknown,
        };
    }
    if let Some(voters) = from_register {
        return Missing::FromRegister { voters };
    }
    let whole = count.unit_totals(contest, UnitIndex::WHOLE);
    // Incomplete sheets are among the counted ones and cover nobody here.
    let in_all =
        declared.filter(|_| whole.incomplete == 0).map(|declared| declared.saturating_sub(whole.registered_in_counted));
    in_all.map_or(Missing::Unknown, |voters| Missing::AtMost { voters })
}

struct Race<'a> {
    contest: &'a Contest,
    votes: &'a [u64],
    void: u64,
}

impl Race<'_> {
    fn verdict(&self, missing: Missing, sheets: u64) -> Verdict {
        if sheets == 0 || self.votes.len() < 2 {
            return Verdict::Nothing;
        }
        match (decide(self.contest, self.votes, self.void, missing.at_most()), missing) {
            (Decided::Leader, _) => Verdict::Won,
            (Decided::SecondRound, _) => Verdict::SecondRound,
            (Decided::Open, Missing::AtMost { .. }) | (Decided::Unknown, _) => Verdict::Unknown,
            (Decided::Open, _) => Verdict::Open,
        }
    }

    /// The fewest votes, all for the same candidate, after which it is no longer what it is now.
    fn least_to_change(&self) -> Option<u64> {
        let after = |more| decide(self.contest, self.votes, self.void, Some(more));
        let now = after(0);
        let (mut low, mut high) = (0_u64, 1_u64 << 40);
        if !matches!(now, Decided::Leader | Decided::SecondRound) || after(high) == now {
            return None;
        }
        while low + 1 < high {
            let middle = low.midpoint(high);
            if after(middle) == now { low = middle } else { high = middle }
        }
        Some(high)
    }
}

/// What each sheet takes from the lead if it is false, largest first.
struct Leads(Vec<u64>);

impl Leads {
    fn of(rows: &[Vec<u64>], first: usize, second: usize) -> Self {
        let mut leads: Vec<u64> =
            rows.iter().map(|votes| votes[first].saturating_sub(votes[second])).filter(|lead| *lead > 0).collect();
        leads.sort_unstable_by(|one, other| other.cmp(one));
        Self(leads)
    }

    fn fewest(&self, lead: u64) -> FalseSheets {
        let fewest = |each: u64| {
            let mut taken = 0_u64;
            if lead == 0 {
                return Some(0);
            }
            let reached = |one: &u64| {
                taken = taken.saturating_add(one.saturating_mul(each));
                taken >= lead
            };
            self.0.iter().position(reached).and_then(|at| u64::try_from(at + 1).ok())
        };
        FalseSheets { swapped: fewest(2), discarded: fewest(1) }
    }
}

/// A share in hundredths of a percent, rounded half up; 0 of nothing.
#[must_use]
pub fn hundredths(part: u128, whole: u128) -> u64 {
    let rounded = part.saturating_mul(20_000).saturating_add(whole).checked_div(whole.saturating_mul(2));
    rounded.and_then(|share| u64::try_from(share).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use testigo_count::Definition;

    use super::*;

    fn contest(rule: &str) -> Contest {
        let text = format!(
            "id = \"x\"\ntitle = \"X\"\ndate = \"2031-05-04\"\nplace = \"X\"\n[[contest]]\nid = \"c\"\ntitle = \"C\"\n\
             candidates = [{{ id = \"A\", name = \"A\" }}, {{ id = \"B\", name = \"B\" }}, {{ id = \"C\", name = \"C\" }}]\n{rule}\n"
        );
        Definition::parse("election.toml", text.as_bytes()).unwrap().contests.remove(0)
    }

    #[test]
    fn the_worst_case_under_every_rule() {
        let half = "outright = [{ above = 5000 }]";
        let forty = "outright = [{ above = 5000 }, { at_least = 4000, lead = 1000 }]";
        for (rule, votes, missing, expected, least) in [
            ("", [60, 40, 0], 19, Verdict::Won, Some(20)),
            ("", [60, 40, 0], 20, Verdict::Open, Some(20)),
            ("", [40, 60, 0], 19, Verdict::Won, Some(20)),
            ("", [50, 50, 0], 0, Verdict::Open, None),
            (half, [60, 40, 0], 19, Verdict::Won, Some(20)),
            (half, [60, 40, 0], 20, Verdict::Open, Some(20)),
            (half, [40, 35, 25], 20, Verdict::SecondRound, Some(21)),
            (half, [40, 35, 25], 21, Verdict::Open, Some(21)),
            // 45 % and 15 points ahead; ten votes for the second leave 45 of 110 and 5 points.
            (forty, [45, 30, 25], 4, Verdict::Won, Some(5)),
            (forty, [45, 30, 25], 5, Verdict::Open, Some(5)),
            (forty, [36, 34, 30], 3, Verdict::SecondRound, Some(9)),
        ] {
            let contest = contest(rule);
            let race = Race { contest: &contest, votes: &votes, void: 0 };
            let verdict = race.verdict(Missing::FromRegister { voters: missing }, 1);
            assert_eq!((verdict, race.least_to_change()), (expected, least), "{rule} {votes:?} {missing}");
        }
        let plurality = contest("");
        let race = Race { contest: &plurality, votes: &[60, 40, 0], void: 0 };
        assert_eq!(race.verdict(Missing::AtMost { voters: 30 }, 1), Verdict::Unknown, "30 may be elsewhere");
        assert_eq!(race.verdict(Missing::AtMost { voters: 19 }, 1), Verdict::Won, "even if all are here");
        assert_eq!(race.verdict(Missing::Unknown, 1), Verdict::Unknown);
        assert_eq!(race.verdict(Missing::FromRegister { voters: 9 }, 0), Verdict::Nothing);
    }

    #[test]
    fn shares_of_all_ballots_are_smaller() {
        let contest = contest("outright = [{ above = 5000 }]\nshare_of = \"cast\"");
        let race = Race { contest: &contest, votes: &[52, 40, 0], void: 13 };
        assert_eq!(race.verdict(Missing::FromRegister { voters: 0 }, 1), Verdict::SecondRound);
    }

    #[test]
    fn false_sheets_are_taken_largest_first() {
        let leads = Leads::of(&[vec![10, 4], vec![9, 1], vec![2, 7]], 0, 1);
        let fewest = |lead| (leads.fewest(lead).swapped, leads.fewest(lead).discarded);
        assert_eq!(fewest(9), (Some(1), Some(2)));
        assert_eq!(fewest(17), (Some(2), None));
        assert_eq!(fewest(0), (Some(0), Some(0)));
    }
}
