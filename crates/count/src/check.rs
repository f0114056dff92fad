//! Named rules that a reading should satisfy. Every rule has a stable code that is never used for another; its texts
//! for readers, supervisors and the public stand in the language files under the same code.

use std::fmt;

use crate::cell::Cell;
use crate::pack::Pack;
use crate::readings::ReadingView;

/// How much a failed check weighs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth a look; the numbers still count.
    Warning,
    /// The numbers cannot all be right; a machine's or people's reading does not count without a ruling.
    Error,
}

/// A rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CheckCode {
    /// E101: the votes add up to the stated number of valid votes.
    SumIsStatedValid,
    /// E102: no more ballots than registered voters.
    CastWithinRegistered,
    /// E103: valid votes and all other ballots add up to the stated number of ballots cast.
    SumIsStatedCast,
    /// E104: every place holds a number.
    Complete,
    /// W201: there is at least one vote.
    SomeVotes,
    /// W202: not every registered voter voted (in stations of 20 voters or more).
    NotEverybodyVoted,
    /// W203: not all votes went to one candidate (in stations of 20 votes or more).
    NotUnanimous,
    /// W204: the sheet states the number of registered voters that the register has.
    RegisteredIsRegister,
}

/// All rules, worst first.
pub const ALL_CHECKS: [CheckCode; 8] = [
    CheckCode::SumIsStatedValid,
    CheckCode::CastWithinRegistered,
    CheckCode::SumIsStatedCast,
    CheckCode::Complete,
    CheckCode::SomeVotes,
    CheckCode::NotEverybodyVoted,
    CheckCode::NotUnanimous,
    CheckCode::RegisteredIsRegister,
];

/// Below this many voters or votes, "everybody" and "unanimous" are no news.
const SMALL: u64 = 20;

impl CheckCode {
    /// The stable code.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            Self::SumIsStatedValid => "E101",
            Self::CastWithinRegistered => "E102",
            Self::SumIsStatedCast => "E103",
            Self::Complete => "E104",
            Self::SomeVotes => "W201",
            Self::NotEverybodyVoted => "W202",
            Self::NotUnanimous => "W203",
            Self::RegisteredIsRegister => "W204",
        }
    }

    /// The rule with this code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        ALL_CHECKS.into_iter().find(|check| check.code() == code)
    }

    /// How much a failure weighs.
    #[must_use]
    pub fn severity(self) -> Severity {
        if self.code().starts_with('E') { Severity::Error } else { Severity::Warning }
    }

    /// The two numbers that the rule compares in this reading; `None` where it says nothing about it.
    fn compare(self, reading: &ReadingView<'_>, registered: Option<u32>) -> Option<(u64, u64)> {
        let number = |cell: Cell| cell.value().map(u64::from);
        let others = reading.contest().others.len();
        // Not the sum that a cell can hold: numbers that make more must not escape the register.
        let valid = || reading.votes().try_fold(0, |sum, cell| Some(sum + number(cell)?));
        let sum = || {
            (0..others).try_fold(valid()?, |sum, at| match reading.other(at) {
                Cell::Absent => Some(sum),
                cell => Some(sum + number(cell)?),
            })
        };
        let cast = || number(reading.stated_cast()).max(sum());
        match self {
            Self::SumIsStatedValid => {
                let stated = number(reading.stated_valid())?;
                Some((valid()?, stated))
            }
            Self::CastWithinRegistered => {
                let registered = u64::from(registered?);
                let cast = cast()?;
                Some((cast, if cast > registered { registered } else { cast }))
            }
            Self::SumIsStatedCast => {
                let stated = number(reading.stated_cast())?;
                Some((sum()?, stated))
            }
            Self::Complete => {
                let cells = || {
                    reading.votes().chain((0..others).map(|at| reading.other(at)).filter(|cell| *cell != Cell::Absent))
                };
                let found = cells().filter(|cell| cell.value().is_some()).count();
                Some((u64::try_from(found).ok()?, u64::try_from(cells().count()).ok()?))
            }
            Self::SomeVotes => (sum()? == 0).then_some((0, 1)),
            Self::NotEverybodyVoted => {
                let registered = u64::from(registered?);
                let cast = cast()?;
                (registered >= SMALL && cast == registered).then_some((cast, registered - 1))
            }
            Self::NotUnanimous => {
                let valid = valid().filter(|valid| *valid >= SMALL)?;
                let mut voted = reading.votes().enumerate().filter(|(_, cell)| *cell != Cell::Value(0));
                let first = voted.next().map(|(at, _)| reading.candidate_of(at));
                voted.all(|(at, _)| Some(reading.candidate_of(at)) == first).then_some((valid, valid - 1))
            }
            Self::RegisteredIsRegister => Some((number(reading.stated_registered())?, u64::from(registered?))),
        }
    }
}

impl fmt::Display for CheckCode {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.code())
    }
}

/// A rule that a reading does not satisfy, with the two numbers that show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Finding {
    /// Which rule.
    pub check: CheckCode,
    /// What the reading has.
    pub found: u64,
    /// What it was held against.
    pub expected: u64,
}

impl Finding {
    /// How far the two numbers are apart.
    #[must_use]
    pub fn difference(&self) -> u64 {
        self.found.abs_diff(self.expected)
    }
}

/// The rules that this reading does not satisfy, worst first.
pub(crate) fn findings<'a>(
    reading: ReadingView<'a>,
    pack: &'a Pack,
    registered: Option<u32>,
) -> impl Iterator<Item = Finding> + 'a {
    ALL_CHECKS.into_iter().filter_map(move |check| finding(check, &reading, pack, registered))
}

/// Whether the reading satisfies every rule of severity error.
pub(crate) fn passes(reading: &ReadingView<'_>, pack: &Pack, registered: Option<u32>) -> bool {
    let mut grave = ALL_CHECKS.into_iter().filter(|check| check.severity() == Severity::Error);
    grave.all(|check| finding(check, reading, pack, registered).is_none())
}

fn finding(check: CheckCode, reading: &ReadingView<'_>, pack: &Pack, registered: Option<u32>) -> Option<Finding> {
    let setting = pack.checks.get(check.code());
    if setting.is_some_and(|setting| !setting.on) {
        return None;
    }
    let tolerance = setting.map_or(0, |setting| u64::from(setting.tolerance));
    let (found, expected) = check.compare(reading, registered)?;
    let finding = Finding { check, found, expected };
    (finding.difference() > tolerance).then_some(finding)
}
