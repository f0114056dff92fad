//! A proclamation's own arithmetic, which needs no sheet: sums, percentages, and what turnout and coverage are shares of.

use serde::Serialize;
use testigo_count::entry::{OfficialEntry, PercentOf};

use super::{sum_of, total_valid};
use crate::official::rounding::{rounded_part, rounded_share};

/// Two numbers of a bulletin that should agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Identity {
    /// Which rule.
    pub rule: Rule,
    /// As stated: votes, or hundredths of a percent.
    pub stated: u64,
    /// As it follows from the bulletin's other figures, in the same unit.
    pub computed: u64,
    /// How many figures agree and how many there are, for rules about several.
    pub of: Option<[u64; 2]>,
    /// Whether they agree.
    pub holds: bool,
}

/// Rules within a bulletin.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The candidates' votes add up to the valid votes.
    SumIsValid,
    /// Valid votes and other ballots add up to those cast.
    ValidAndOthersAreCast,
    /// Each stated percentage is the candidate's share, rounded.
    Percentages,
    /// The stated percentages add up to 100, but for rounding.
    PercentagesSum,
    /// Every number of votes is the total times its stated percentage, rounded to a whole vote.
    VotesArePercentages,
    /// The turnout is ballots cast out of all registered voters.
    TurnoutOfAll,
    /// The turnout is ballots cast out of the registered voters of the stations counted.
    TurnoutOfCounted,
    /// The coverage is the share of registered voters.
    CoverageOfVoters,
    /// The coverage is the share of stations.
    CoverageOfStations,
    /// There are no more ballots than registered voters.
    CastWithinRegistered,
}

impl Rule {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::SumIsValid,
        Self::ValidAndOthersAreCast,
        Self::Percentages,
        Self::PercentagesSum,
        Self::VotesArePercentages,
        Self::TurnoutOfAll,
        Self::TurnoutOfCounted,
        Self::CoverageOfVoters,
        Self::CoverageOfStations,
        Self::CastWithinRegistered,
    ];

    /// The word in JSON and in language files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::SumIsValid => "sum-is-valid",
            Self::ValidAndOthersAreCast => "valid-and-others-are-cast",
            Self::Percentages => "percentages",
            Self::PercentagesSum => "percentages-sum",
            Self::VotesArePercentages => "votes-are-percentages",
            Self::TurnoutOfAll => "turnout-of-all",
            Self::TurnoutOfCounted => "turnout-of-counted",
            Self::CoverageOfVoters => "coverage-of-voters",
            Self::CoverageOfStations => "coverage-of-stations",
            Self::CastWithinRegistered => "cast-within-registered",
        }
    }

    /// Whether it tells which of several bases a figure has, so that not holding is no contradiction.
    #[must_use]
    pub fn tells_a_base(self) -> bool {
        matches!(self, Self::TurnoutOfAll | Self::TurnoutOfCounted | Self::CoverageOfVoters | Self::CoverageOfStations)
    }

    /// Whether the numbers are hundredths of a percent.
    #[must_use]
    pub fn is_share(self) -> bool {
        self.tells_a_base() || matches!(self, Self::Percentages | Self::PercentagesSum)
    }
}

/// The bulletin's own arithmetic.
pub(super) fn identities(figures: &OfficialEntry) -> Vec<Identity> {
    let mut found = Vec::new();
    let mut add = |rule, stated: u64, computed: u64| {
        found.push(Identity { rule, stated, computed, of: None, holds: stated == computed });
    };
    let sum = sum_of(figures).saturating_add(figures.rest.unwrap_or(0));
    if let Some(valid) = figures.valid.filter(|_| !figures.votes.is_empty()) {
        add(Rule::SumIsValid, valid, sum);
    }
    let valid = total_valid(figures);
    if let Some((cast, valid)) = figures.cast.zip(figures.valid)
        && !figures.other.is_empty()
    {
        add(
            Rule::ValidAndOthersAreCast,
            cast,
            figures.other.values().fold(valid, |sum, more| sum.saturating_add(*more)),
        );
    }
    if let Some((stated, cast)) = figures.turnout.zip(figures.cast) {
        for (rule, base) in
            [(Rule::TurnoutOfAll, figures.registered), (Rule::TurnoutOfCounted, figures.registered_counted)]
        {
            if let Some(base) = base.filter(|base| *base > 0) {
                add(rule, stated.hundredths.into(), rounded_share(cast, base, stated.decimals));
            }
        }
    }
    if let Some(stated) = figures.coverage {
        for (rule, part, whole) in [
            (Rule::CoverageOfVoters, figures.registered_counted, figures.registered),
            (Rule::CoverageOfStations, figures.stations_counted, figures.stations),
        ] {
            if let Some((part, whole)) = part.zip(whole).filter(|(_, whole)| *whole > 0) {
                add(rule, stated.hundredths.into(), rounded_share(part, whole, stated.decimals));
            }
        }
    }
    if let Some((cast, registered)) = figures.cast.zip(figures.registered_counted.or(figures.registered)) {
        let holds = cast <= registered;
        found.push(Identity { rule: Rule::CastWithinRegistered, stated: cast, computed: registered, of: None, holds });
    }
    found.extend(of_percentages(figures, valid));
    found
}

fn of_percentages(figures: &OfficialEntry, valid: Option<u64>) -> Vec<Identity> {
    let mut found = Vec::new();
    let Some(percent) = &figures.percent else { return found };
    let base = match percent.of {
        Some(PercentOf::Cast) => figures.cast,
        Some(PercentOf::Valid) | None => valid,
    };
    // Each stated share with its number of votes.
    let pairs: Vec<(u64, u64)> = percent
        .each
        .iter()
        .filter_map(|(id, share)| Some((u64::from(*share), *figures.votes.get(id)?)))
        .chain(percent.rest.map(u64::from).zip(figures.rest))
        .collect();
    if let Some(base) = base.filter(|base| *base > 0 && !pairs.is_empty()) {
        let agree =
            pairs.iter().filter(|(share, votes)| rounded_share(*votes, base, percent.decimals) == *share).count();
        let (agree, all) = (agree as u64, pairs.len() as u64);
        found.push(Identity {
            rule: Rule::Percentages,
            stated: all,
            computed: agree,
            of: Some([agree, all]),
            holds: agree == all,
        });
        // A grid that is finer than a few votes says nothing.
        let step = base
            / if percent.decimals == 2 {
                10_000
            } else if percent.decimals == 1 {
                1_000
            } else {
                100
            };
        let on_grid = pairs.iter().filter(|(share, votes)| rounded_part(base, *share) == *votes).count() as u64;
        if step >= 100 && all >= 2 && on_grid == all {
            found.push(Identity {
                rule: Rule::VotesArePercentages,
                stated: all,
                computed: on_grid,
                of: Some([on_grid, all]),
                holds: true,
            });
        }
    }
    let names_all =
        figures.rest.is_some() || percent.rest.is_some() || figures.valid.is_some_and(|valid| valid == sum_of(figures));
    if names_all && percent.of != Some(PercentOf::Cast) {
        let sum: u64 = percent.each.values().chain(&percent.rest).map(|share| u64::from(*share)).sum();
        let shares = percent.each.len() as u64 + u64::from(percent.rest.is_some());
        let half_step = match percent.decimals {
            0 => 50,
            1 => 5,
            _ => 1,
        };
        let holds = sum.abs_diff(10_000) <= shares * half_step;
        found.push(Identity { rule: Rule::PercentagesSum, stated: sum, computed: 10_000, of: None, holds });
    }
    found
}
