//! What happens to the sheets of a simulated election, how often, and what must be seen of each station afterwards.

use anyhow::{Context, Result, bail};
use testigo_count::rule::{Reason, StationState};

use super::chance::Chance;

/// What happens at one station.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Happening {
    /// One sheet comes in, and it can be read.
    Plain,
    /// No sheet comes in.
    Missing,
    /// The only sheet cannot be read, and nobody says whose it is.
    Unreadable,
    /// The only sheet cannot be read; a ruling says whose it is.
    Placed,
    /// The same sheet is captured twice.
    Twice,
    /// Two sheets in custody with different numbers.
    Conflicting,
    /// The same, and a ruling accepts the true numbers.
    Settled,
    /// A sheet in custody, and another with other numbers from the public.
    Forged,
    /// A sheet in custody, and a picture of the same from the public.
    Confirmed,
    /// The only sheet is from the public.
    PublicOnly,
    /// The sheet has more votes than the station has voters.
    TooMany,
    /// The station did not open, as a ruling says.
    NotInstalled,
    /// The sheet is here, a ruling says whose it is, and it has not been read.
    Unread,
    /// The sheet is held back, to come in while others watch.
    Late,
    /// Beside the stations: a sheet of a station that is not in the register.
    Unlisted,
    /// Beside the stations: a picture that is not a sheet.
    NotASheet,
}

/// What must be seen of a station once its sheets are imported and read and the rulings made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Expected {
    /// Its state in every contest.
    pub state: StationState,
    /// And why.
    pub reason: Reason,
    /// Whether another sheet objects.
    pub objected: bool,
}

impl Happening {
    /// All of them.
    pub const ALL: [Self; 16] = [
        Self::Plain,
        Self::Missing,
        Self::Unreadable,
        Self::Placed,
        Self::Twice,
        Self::Conflicting,
        Self::Settled,
        Self::Forged,
        Self::Confirmed,
        Self::PublicOnly,
        Self::TooMany,
        Self::NotInstalled,
        Self::Unread,
        Self::Late,
        Self::Unlisted,
        Self::NotASheet,
    ];

    /// The word in `truth.csv`, in `pictures.csv` and on the command line.
    pub fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Missing => "missing",
            Self::Unreadable => "unreadable",
            Self::Placed => "placed",
            Self::Twice => "twice",
            Self::Conflicting => "conflicting",
            Self::Settled => "settled",
            Self::Forged => "forged",
            Self::Confirmed => "confirmed",
            Self::PublicOnly => "public-only",
            Self::TooMany => "too-many",
            Self::NotInstalled => "not-installed",
            Self::Unread => "unread",
            Self::Late => "late",
            Self::Unlisted => "unlisted",
            Self::NotASheet => "not-a-sheet",
        }
    }

    /// One line for people.
    pub fn explanation(self) -> &'static str {
        match self {
            Self::Plain => "one sheet, which can be read",
            Self::Missing => "no sheet has come in",
            Self::Unreadable => "the only sheet cannot be read and nobody says whose it is",
            Self::Placed => "the only sheet cannot be read; a ruling says whose it is",
            Self::Twice => "the same sheet captured twice",
            Self::Conflicting => "two sheets in custody whose numbers differ",
            Self::Settled => "two sheets in custody whose numbers differ; a ruling accepts one",
            Self::Forged => "a sheet in custody, and one from the public whose numbers differ",
            Self::Confirmed => "a sheet in custody, and one from the public with the same numbers",
            Self::PublicOnly => "the only sheet is from the public",
            Self::TooMany => "the sheet has more votes than the station has voters",
            Self::NotInstalled => "the station did not open, as a ruling says",
            Self::Unread => "a ruling says whose sheet it is, and nobody has read it yet",
            Self::Late => "the sheet is held back until later",
            Self::Unlisted => "a sheet of a station that is not in the register",
            Self::NotASheet => "a picture that is not a tally sheet; a ruling rejects it",
        }
    }

    /// How often it happens unless told otherwise, of 10,000 stations.
    pub fn usual_rate(self) -> u32 {
        match self {
            Self::Plain | Self::Late => 0,
            Self::Missing => 1_200,
            Self::Confirmed => 300,
            Self::Twice => 200,
            Self::Unreadable | Self::Conflicting | Self::Forged | Self::PublicOnly => 100,
            Self::TooMany | Self::NotInstalled | Self::NotASheet => 75,
            Self::Placed | Self::Settled | Self::Unread | Self::Unlisted => 50,
        }
    }

    /// Whether it happens at one of the register's stations.
    fn at_a_station(self) -> bool {
        !matches!(self, Self::Unlisted | Self::NotASheet)
    }

    /// What must be seen of its station afterwards. Nothing, where it concerns no station.
    pub fn expected(self) -> Option<Expected> {
        let (state, reason) = match self {
            Self::Plain | Self::Twice | Self::Confirmed | Self::Forged => (StationState::Counted, Reason::FromCode),
            Self::Settled => (StationState::Counted, Reason::ByRuling),
            Self::Missing | Self::Unreadable | Self::Late => (StationState::Awaited, Reason::None),
            Self::Placed => (StationState::Unreadable, Reason::None),
            Self::Conflicting => (StationState::Disputed, Reason::ReadingsDiffer),
            Self::PublicOnly => (StationState::Held, Reason::OnlyPublic),
            Self::TooMany => (StationState::Held, Reason::FailsCheck),
            Self::NotInstalled => (StationState::NotInstalled, Reason::None),
            Self::Unread => (StationState::Received, Reason::None),
            Self::Unlisted => (StationState::Held, Reason::NotInRegister),
            Self::NotASheet => return None,
        };
        Some(Expected { state, reason, objected: self == Self::Forged })
    }
}

/// How often what happens, of 10,000 stations.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates([u32; Happening::ALL.len()]);

impl Default for Rates {
    fn default() -> Self {
        Self(Happening::ALL.map(Happening::usual_rate))
    }
}

impl Rates {
    /// Every station sends one sheet that can be read.
    pub fn honest() -> Self {
        Self([0; Happening::ALL.len()])
    }

    /// Sets one rate, of 10,000.
    pub fn set(&mut self, happening: Happening, rate: u32) {
        if let Some(at) = Happening::ALL.iter().position(|one| *one == happening)
            && let Some(old) = self.0.get_mut(at)
        {
            *old = rate;
        }
    }

    /// Sets what a person wrote: `missing=12` or `forged=0.5`, in percent of all stations.
    pub fn set_written(&mut self, written: &str) -> Result<()> {
        let (word, percent) = written
            .split_once('=')
            .with_context(|| format!("`{written}` is no rate; write KIND=PERCENT, for example missing=12"))?;
        let happening = Happening::ALL.into_iter().find(|one| *one != Happening::Plain && one.word() == word);
        let happening = happening.with_context(|| {
            let words: Vec<_> = Happening::ALL.iter().skip(1).map(|one| one.word()).collect();
            format!("nothing is called `{word}`; known are {}", words.join(", "))
        })?;
        let (whole, part) = percent.split_once('.').unwrap_or((percent, ""));
        let rate = Some(format!("{whole}{part:0<2}"))
            .filter(|digits| !whole.is_empty() && part.len() <= 2 && digits.bytes().all(|byte| byte.is_ascii_digit()))
            .and_then(|digits| digits.parse().ok())
            .filter(|rate| *rate <= 10_000);
        self.set(
            happening,
            rate.with_context(|| format!("`{percent}` is no percentage from 0 to 100 with at most two decimals"))?,
        );
        Ok(())
    }

    fn counts(&self, stations: u32) -> impl Iterator<Item = (Happening, u32)> {
        let of = move |rate: u32| {
            let exact = u64::from(stations) * u64::from(rate) / 10_000;
            // What may happen is seen at least once, however few the stations.
            u32::try_from(exact).unwrap_or(u32::MAX).max(u32::from(rate > 0))
        };
        Happening::ALL.into_iter().zip(self.0).map(move |(happening, rate)| (happening, of(rate)))
    }
}

/// Which station what happens at: a fixed number of each, scattered.
#[derive(Debug, Clone)]
pub struct Happenings {
    /// What happens, with the end of its range of places in the scattered order.
    ranges: Vec<(Happening, u64)>,
    /// The same for what happens beside the stations.
    beside: Vec<(Happening, u64)>,
    stations: u64,
    step: u64,
    start: u64,
}

impl Happenings {
    /// Says how often what happens among so many stations.
    pub fn new(rates: &Rates, stations: u32, seed: u64) -> Result<Self> {
        let ranges = |at_a_station: bool| {
            let mut end = 0;
            let chosen = rates.counts(stations).filter(move |(happening, _)| happening.at_a_station() == at_a_station);
            chosen
                .map(|(happening, count)| {
                    end += u64::from(count);
                    (happening, end)
                })
                .collect::<Vec<_>>()
        };
        let (at_stations, beside) = (ranges(true), ranges(false));
        let taken = at_stations.last().map_or(0, |(_, end)| *end);
        let stations = u64::from(stations);
        if taken > stations || beside.last().is_some_and(|(_, end)| *end > stations) {
            bail!(
                "{stations} stations are too few for all that is to happen at {taken} of them; ask for more stations, or set rates to 0"
            );
        }
        let mut chance = Chance::new(seed, "happenings", 0);
        let step = std::iter::repeat_with(|| chance.between(stations / 3, stations))
            .find(|step| common_divisor(*step, stations) == 1);
        Ok(Self { ranges: at_stations, beside, stations, step: step.unwrap_or(1), start: chance.below(stations) })
    }

    /// What happens at a station.
    pub fn at(&self, ordinal: u32) -> Happening {
        self.find(&self.ranges, u64::from(ordinal)).unwrap_or(Happening::Plain)
    }

    /// What happens beside the stations, when this one has its turn.
    pub fn beside(&self, ordinal: u32) -> Option<Happening> {
        // From the far end, so that it seldom falls on a station where something happens anyway.
        self.find(&self.beside, self.stations.saturating_sub(1 + u64::from(ordinal)))
    }

    /// How often each thing happens.
    pub fn counts(&self) -> Vec<(Happening, u64)> {
        let counts = |ranges: &[(Happening, u64)]| {
            let mut before = 0;
            let count = |(happening, end): &(Happening, u64)| (*happening, end - std::mem::replace(&mut before, *end));
            ranges.iter().map(count).collect::<Vec<_>>()
        };
        let mut all = counts(&self.ranges);
        let taken: u64 = all.iter().map(|(_, count)| count).sum();
        if let Some((_, plain)) = all.iter_mut().find(|(happening, _)| *happening == Happening::Plain) {
            *plain += self.stations - taken;
        }
        all.extend(counts(&self.beside));
        all
    }

    fn find(&self, ranges: &[(Happening, u64)], ordinal: u64) -> Option<Happening> {
        // Steps that share no divisor with the number of stations visit each of them once.
        let place = (ordinal * self.step + self.start) % self.stations.max(1);
        ranges.iter().find(|(_, end)| place < *end).map(|(happening, _)| *happening)
    }
}

fn common_divisor(one: u64, other: u64) -> u64 {
    if other == 0 { one } else { common_divisor(other, one % other) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_thing_happens_as_often_as_said() {
        for stations in [60, 400, 30_001] {
            let happenings = Happenings::new(&Rates::default(), stations, 5).unwrap();
            let counts = happenings.counts();
            assert_eq!(counts.len(), Happening::ALL.len());
            for (happening, count) in counts {
                let found = (0..stations)
                    .filter(|at| happenings.at(*at) == happening || happenings.beside(*at) == Some(happening));
                assert_eq!(found.count() as u64, count, "{happening:?} among {stations}");
                assert!(count > 0 || happening == Happening::Late, "{happening:?}");
            }
        }
    }

    #[test]
    fn rates_are_written_in_percent() {
        let mut rates = Rates::honest();
        rates.set_written("missing=12").unwrap();
        rates.set_written("forged=0.5").unwrap();
        let mut expected = Rates::honest();
        expected.set(Happening::Missing, 1_200);
        expected.set(Happening::Forged, 50);
        assert_eq!(rates, expected);
        for wrong in
            ["missing", "missing=x", "missing=101", "missing=1.234", "missing=-1", "lost=3", "plain=5", "missing="]
        {
            assert!(rates.clone().set_written(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn too_few_stations_are_refused() {
        let error = Happenings::new(&Rates::default(), 10, 5).unwrap_err().to_string();
        assert!(error.contains("too few"), "{error}");
        assert!(Happenings::new(&Rates::honest(), 1, 5).is_ok());
    }
}
