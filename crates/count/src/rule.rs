//! The counting rule: from everything known about one contest at one station to its state, and to the one reading
//! whose numbers count. It never depends on which of two readings came first.

use crate::check;
use crate::entry::{Reader, SourceClass};
use crate::pack::{CountingRule, Pack};
use crate::readings::{ReadingIndex, ReadingView};

/// The state of one contest at one station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum StationState {
    /// Nothing has come in.
    Awaited,
    /// A sheet is here, not read yet.
    Received,
    /// A sheet is here, and no reader could read it.
    Unreadable,
    /// Readings or rulings contradict each other: all are shown, none counts.
    Disputed,
    /// There are numbers, and the rule does not let them count yet.
    Held,
    /// Numbers count.
    Counted,
    /// The station did not open.
    NotInstalled,
}

impl StationState {
    /// All states in the order in which they are listed.
    pub const ALL: [Self; 7] = [
        Self::Counted,
        Self::Disputed,
        Self::Held,
        Self::Received,
        Self::Unreadable,
        Self::Awaited,
        Self::NotInstalled,
    ];

    /// The word in the API and in addresses.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Awaited => "awaited",
            Self::Received => "received",
            Self::Unreadable => "unreadable",
            Self::Disputed => "disputed",
            Self::Held => "held",
            Self::Counted => "counted",
            Self::NotInstalled => "not-installed",
        }
    }
}

/// Why a station is in its state, where the state alone does not say it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reason {
    /// Nothing to add.
    None,
    /// Held: the station is not in the register.
    NotInRegister,
    /// Held: the reading fails a check of severity error.
    FailsCheck,
    /// Held: only one person has read it so far.
    NeedsSecondReader,
    /// Held: the only sheet came from the public and nobody placed it.
    OnlyPublic,
    /// Held: the only numbers come from a results file, which this election's rule does not count.
    OnlyPublished,
    /// Held: a machine's reading of the printed figures does not count by itself.
    OnlyPrint,
    /// Disputed: readings contradict each other.
    ReadingsDiffer,
    /// Disputed: rulings contradict each other.
    RulingsDiffer,
    /// Counted by a ruling.
    ByRuling,
    /// Counted from the sheet's code.
    FromCode,
    /// Counted from equal readings by people.
    FromPeople,
    /// Counted from a published results file.
    FromPublished,
}

impl Reason {
    /// The word in the API and in the language files.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::None => "",
            Self::NotInRegister => "not-in-register",
            Self::FailsCheck => "fails-check",
            Self::NeedsSecondReader => "needs-second-reader",
            Self::OnlyPublic => "only-public",
            Self::OnlyPublished => "only-published",
            Self::OnlyPrint => "only-print",
            Self::ReadingsDiffer => "readings-differ",
            Self::RulingsDiffer => "rulings-differ",
            Self::ByRuling => "by-ruling",
            Self::FromCode => "from-code",
            Self::FromPeople => "from-people",
            Self::FromPublished => "from-published",
        }
    }
}

/// The outcome of the counting rule for one contest at one station.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Status {
    /// Its state.
    pub state: StationState,
    /// Why.
    pub reason: Reason,
    /// A custody sheet is here, whatever its readings.
    pub received: bool,
    /// Something that came after the numbers, or from the public, differs from what counts.
    pub objected: bool,
    /// The reading that counts.
    pub(crate) counted: Option<ReadingIndex>,
}

impl Default for Status {
    fn default() -> Self {
        Self { state: StationState::Awaited, reason: Reason::None, received: false, objected: false, counted: None }
    }
}

/// What the rulings on a station say.
pub(crate) enum Ruled {
    Nothing,
    Accept { reading: ReadingIndex, entry: u32 },
    NotInstalled,
    Contradiction,
}

/// One reading with what is known about where it came from.
pub(crate) struct Evidence<'a> {
    pub reading: ReadingView<'a>,
    /// Of its sheet; `None` for results files.
    pub source: Option<SourceClass>,
    pub pack: &'a Pack,
    /// Voters of its station.
    pub registered: Option<u32>,
}

impl Evidence<'_> {
    fn passes_checks(&self) -> bool {
        check::passes(&self.reading, self.pack, self.registered)
    }
}

pub(crate) struct Circumstances {
    pub listed: bool,
    pub received: bool,
    /// Every custody sheet here was tried and none could be read.
    pub unreadable: bool,
    /// Of the rulings on the sheets here, two contradict each other.
    pub sheets_contradict: bool,
}

/// Applies the rule.
pub(crate) fn decide(rule: &CountingRule, evidence: &[Evidence<'_>], ruled: &Ruled, here: &Circumstances) -> Status {
    let status = |state, reason, counted: Option<ReadingIndex>| Status {
        state,
        reason,
        received: here.received,
        objected: false,
        counted,
    };
    if here.listed {
        match ruled {
            Ruled::Contradiction => return status(StationState::Disputed, Reason::RulingsDiffer, None),
            Ruled::NotInstalled => return status(StationState::NotInstalled, Reason::None, None),
            Ruled::Accept { reading, entry } => {
                let accepted = evidence.iter().find(|one| one.reading.index == *reading);
                let Some(accepted) = accepted.filter(|_| !here.sheets_contradict) else {
                    // The reading was superseded, or its sheet was rejected or moved away: two rulings against each other.
                    return status(StationState::Disputed, Reason::RulingsDiffer, None);
                };
                let later = |one: &Evidence<'_>| one.reading.entry().0 > u64::from(*entry);
                let objected = evidence.iter().any(|one| later(one) && one.reading.differs_from(&accepted.reading));
                return Status { objected, ..status(StationState::Counted, Reason::ByRuling, Some(*reading)) };
            }
            Ruled::Nothing => {}
        }
        if here.sheets_contradict {
            return status(StationState::Disputed, Reason::RulingsDiffer, None);
        }
    }
    let custody = || evidence.iter().filter(|one| one.source != Some(SourceClass::Public));
    if !here.listed {
        if custody().next().is_none() && !here.received {
            return Status::default();
        }
        return status(StationState::Held, Reason::NotInRegister, None);
    }
    let contradicted = custody()
        .enumerate()
        .any(|(at, one)| custody().skip(at + 1).any(|other| one.reading.differs_from(&other.reading)));
    if contradicted {
        return status(StationState::Disputed, Reason::ReadingsDiffer, None);
    }
    let counted = custody()
        .filter_map(|one| countable(rule, one, custody()).map(|reason| (reason, one.reading)))
        .min_by(|(reason, reading), (other_reason, other)| {
            // The best kind of source, then the finest detail, then the content itself: never the order of arrival.
            (rank(*reason), std::cmp::Reverse(reading.detail()))
                .cmp(&(rank(*other_reason), std::cmp::Reverse(other.detail())))
                .then_with(|| reading.row_cells().packed().cmp(other.row_cells().packed()))
                .then_with(|| reading.entry().cmp(&other.entry()))
        });
    if let Some((reason, reading)) = counted {
        let mut others = evidence.iter().filter(|one| one.reading.index != reading.index);
        let objected = others.any(|one| one.reading.differs_from(&reading));
        return Status { objected, ..status(StationState::Counted, reason, Some(reading.index)) };
    }
    match custody().map(held_because).max() {
        Some(reason) => status(StationState::Held, reason, None),
        None if here.unreadable => status(StationState::Unreadable, Reason::None, None),
        None if here.received => status(StationState::Received, Reason::None, None),
        None if !evidence.is_empty() => status(StationState::Held, Reason::OnlyPublic, None),
        None => status(StationState::Awaited, Reason::None, None),
    }
}

/// Whether, and why, a reading may count while nothing contradicts it.
fn countable<'a>(
    rule: &CountingRule,
    one: &Evidence<'a>,
    all: impl Iterator<Item = &'a Evidence<'a>>,
) -> Option<Reason> {
    match one.reading.reader() {
        Reader::Qr => (rule.qr_from_custody && one.passes_checks()).then_some(Reason::FromCode),
        Reader::Published(_) => rule.single_published.then_some(Reason::FromPublished),
        Reader::Person(_) if rule.people > 0 && one.passes_checks() => {
            // Who fails a check, for example by leaving places out, confirms nobody.
            let mut people: Vec<&Reader> = all
                .filter(|other| matches!(other.reading.reader(), Reader::Person(_)) && other.passes_checks())
                .map(|other| other.reading.reader())
                .collect();
            people.sort();
            people.dedup();
            (u32::try_from(people.len()).ok()? >= rule.people).then_some(Reason::FromPeople)
        }
        Reader::Person(_) | Reader::Print => None,
    }
}

fn rank(reason: Reason) -> u8 {
    match reason {
        Reason::FromCode => 0,
        Reason::FromPeople => 1,
        _ => 2,
    }
}

fn held_because(one: &Evidence<'_>) -> Reason {
    match one.reading.reader() {
        _ if !one.passes_checks() => Reason::FailsCheck,
        Reader::Qr | Reader::Person(_) => Reason::NeedsSecondReader,
        Reader::Published(_) => Reason::OnlyPublished,
        Reader::Print => Reason::OnlyPrint,
    }
}
