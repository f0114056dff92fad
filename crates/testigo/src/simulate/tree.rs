//! The stations of a simulated election, one after the other, without ever holding the tree: regions of different
//! sizes, a ragged number of stations in each place, official codes that fit the pack's grammar.

use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use testigo_count::Numbers;
use testigo_count::definition::Definition;
use testigo_count::grammar::Grammar;
use testigo_count::identifier::{StationId, UnitCode};
use testigo_count::pack::{Level, Pack};
use testigo_count::register::RegisterRow;

use super::chance::Chance;
use super::votes::Leaning;
use super::words::Words;

/// One station as it truly is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Station {
    /// From 0, in the register's order.
    pub ordinal: u32,
    /// Its line of the register.
    pub row: RegisterRow,
    /// What a sheet's code has of the station's id, by the name of the run of digits.
    pub digits: BTreeMap<String, String>,
    /// The true numbers, one for each contest.
    pub numbers: Vec<Numbers>,
}

/// How the code of a unit follows from that of the one above.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Code {
    /// So many digits for its number there, after the code above.
    Within(usize),
    /// So many digits for its number in the whole election.
    Running(usize),
}

impl Code {
    /// How many units below one may have.
    fn capacity(self) -> u64 {
        match self {
            Self::Within(width) | Self::Running(width) => power_of_ten(width) - 1,
        }
    }
}

/// Digits of a code where the grammar does not say how many.
const USUAL_DIGITS: usize = 2;

/// The codes of all levels.
#[derive(Debug)]
struct Codes<'a> {
    grammar: Option<&'a Grammar>,
    unit_levels: &'a [Level],
    units: Vec<Code>,
    station_level: &'a str,
    station_digits: usize,
}

impl<'a> Codes<'a> {
    fn new(pack: &'a Pack) -> Self {
        let grammar = pack.payloads.first();
        let digits = |name: &str| {
            grammar.and_then(|grammar| grammar.digits().find(|(one, _)| *one == name)).map(|(_, count)| count)
        };
        let mut above = 0;
        let mut units = Vec::new();
        for level in pack.unit_levels() {
            let code = match digits(level.id.as_str()) {
                None => Code::Within(USUAL_DIGITS),
                Some(count) if count > above => Code::Within(count - above),
                Some(count) => Code::Running(count),
            };
            above = match code {
                Code::Within(width) => above + width,
                Code::Running(width) => width,
            };
            units.push(code);
        }
        let station_level = pack.station_level().id.as_str();
        let station_digits = digits(station_level).unwrap_or(USUAL_DIGITS);
        Self { grammar, unit_levels: pack.unit_levels(), units, station_level, station_digits }
    }

    /// How many stations fit below one unit of each level; the first is the whole.
    fn capacities(&self) -> Vec<u64> {
        let mut capacities = vec![Code::Within(self.station_digits).capacity()];
        for code in self.units.iter().rev() {
            let below = capacities.last().copied().unwrap_or(1);
            capacities.push(below.saturating_mul(code.capacity()));
        }
        capacities.reverse();
        capacities
    }
}

/// A unit whose stations are being made.
#[derive(Debug)]
struct Open {
    /// Levels above it, the whole included; 0 for the whole.
    depth: usize,
    code: String,
    name: String,
    seed: u64,
    leaning: Leaning,
    /// How many stations each unit below it gets; for the lowest units, one each.
    shares: std::vec::IntoIter<u32>,
    /// How many units or stations below it have been made.
    made: u32,
    /// About how many voters a station here has; known for the lowest units.
    usual_size: u64,
    /// Names below it so far.
    taken: Vec<String>,
}

/// All stations in the register's order.
#[derive(Debug)]
pub struct Stations<'a> {
    definition: &'a Definition,
    codes: Codes<'a>,
    words: Words,
    open: Vec<Open>,
    /// Units made so far at each level.
    running: Vec<u64>,
    next: u32,
    count: u32,
    /// Why there are no more, if not because all are made.
    pub fault: Option<anyhow::Error>,
}

impl<'a> Stations<'a> {
    /// Checks that the pack's codes can name so many stations.
    pub fn new(definition: &'a Definition, pack: &'a Pack, seed: u64, count: u32) -> Result<Self> {
        let codes = Codes::new(pack);
        let most = codes.capacities().first().copied().unwrap_or(0);
        if u64::from(count) > most / 2 {
            bail!("the codes of pack `{}` are too short for {count} stations; ask for at most {}", pack.id, most / 2);
        }
        let language = pack.languages.first().map_or("", String::as_str);
        let mut stations = Self {
            definition,
            running: vec![0; codes.units.len()],
            words: Words::in_language(language)?,
            codes,
            open: Vec::new(),
            next: 0,
            count,
            fault: None,
        };
        let whole = stations.opened(0, String::new(), String::new(), seed, Leaning::of_whole(definition, seed), count);
        stations.open.push(whole);
        Ok(stations)
    }

    fn opened(&self, depth: usize, code: String, name: String, seed: u64, leaning: Leaning, stations: u32) -> Open {
        let mut chance = Chance::new(seed, "split", 0);
        let levels_below = self.codes.units.len() - depth;
        let (shares, usual_size) = if levels_below == 0 {
            // A place of one station is often a hamlet's.
            let size = if stations == 1 { chance.between(40, 420) } else { chance.between(280, 480) };
            (vec![1; usize::try_from(stations).unwrap_or(0)], size)
        } else {
            let capacities = self.codes.capacities();
            let cap = capacities.get(depth + 1).copied().unwrap_or(1);
            let most = self.codes.units.get(depth).map_or(1, |code| code.capacity());
            (split(stations, parts(stations, levels_below, depth == 0, &mut chance), most, cap, &mut chance), 0)
        };
        Open { depth, code, name, seed, leaning, shares: shares.into_iter(), made: 0, usual_size, taken: Vec::new() }
    }

    fn unit_below(&mut self, stations: u32) -> Result<Open> {
        let lowest = self.codes.units.len();
        let above = self.open.last_mut().context("no unit is open")?;
        above.made += 1;
        let depth = above.depth;
        let running = self.running.get_mut(depth).context("there is no level below")?;
        *running += 1;
        let code = match self.codes.units.get(depth).copied().context("there is no level below")? {
            Code::Within(width) => format!("{}{:0width$}", above.code, above.made),
            Code::Running(width) if *running < power_of_ten(width) => format!("{running:0width$}"),
            Code::Running(width) => bail!("the pack's codes of {width} digits are used up; ask for fewer stations"),
        };
        let mut chance = Chance::new(above.seed, "unit", u64::from(above.made));
        let name = self.words.name(&mut chance, depth + 1 == lowest, &above.taken);
        above.taken.push(name.clone());
        let leaning = above.leaning.below(self.definition, depth, &mut chance);
        Ok(self.opened(depth + 1, code, name, chance.next(), leaning, stations))
    }

    fn station(&mut self) -> Result<Station> {
        let place = self.open.last_mut().context("no unit is open")?;
        place.made += 1;
        let mut chance = Chance::new(place.seed, "station", u64::from(place.made));
        let registered = u32::try_from(place.usual_size * chance.factor(120) / 1000)?;
        let number = place.made;
        let digits = self.digits(number);
        let id = self.id(&digits, number)?;
        let place = self.open.last().context("no unit is open")?;
        let numbers = place.leaning.numbers(self.definition, &id, registered, &mut chance);
        let path = self.open.iter().skip(1).enumerate();
        let path = path
            .map(|(level, unit)| Ok((level, UnitCode::new(unit.code.as_str())?, unit.name.clone())))
            .collect::<Result<_>>()?;
        let ordinal = self.next;
        self.next += 1;
        Ok(Station { ordinal, row: RegisterRow { station: id, registered: Some(registered), path }, digits, numbers })
    }

    /// What the code on a sheet has of the id of the station with this number in the open place.
    fn digits(&self, number: u32) -> BTreeMap<String, String> {
        let Some(grammar) = self.codes.grammar else { return BTreeMap::new() };
        let units = self.open.iter().skip(1);
        let run = |(name, count): (&str, usize)| {
            let unit = units.clone().zip(self.codes.unit_levels).find(|(_, level)| level.id.as_str() == name);
            let text = match unit {
                Some((unit, _)) => unit.code.clone(),
                None if name == self.codes.station_level => format!("{number:0count$}"),
                None => format!("{:0count$}", u64::from(self.next + 1) % power_of_ten(count)),
            };
            (name.to_owned(), text)
        };
        grammar.digits().map(run).collect()
    }

    fn id(&self, digits: &BTreeMap<String, String>, number: u32) -> Result<StationId> {
        match self.codes.grammar {
            Some(grammar) => Ok(grammar.station(|name| digits.get(name).map(String::as_str))?),
            None => {
                let place = self.open.last().map_or("", |place| place.code.as_str());
                let width = self.codes.station_digits;
                Ok(StationId::new(format!("{place}.{number:0width$}"))?)
            }
        }
    }
}

impl Iterator for Stations<'_> {
    type Item = Station;

    fn next(&mut self) -> Option<Station> {
        while self.next < self.count && self.fault.is_none() {
            let top = self.open.last_mut()?;
            let lowest = top.depth == self.codes.units.len();
            match top.shares.next() {
                None => {
                    self.open.pop();
                }
                Some(_) if lowest => match self.station() {
                    Ok(station) => return Some(station),
                    Err(error) => self.fault = Some(error),
                },
                Some(stations) => match self.unit_below(stations) {
                    Ok(unit) => self.open.push(unit),
                    Err(error) => self.fault = Some(error),
                },
            }
        }
        None
    }
}

fn power_of_ten(exponent: usize) -> u64 {
    u32::try_from(exponent).ok().and_then(|exponent| 10_u64.checked_pow(exponent)).unwrap_or(u64::MAX)
}

/// Into how many units a unit with so many stations divides.
fn parts(stations: u32, levels_below: usize, whole: bool, chance: &mut Chance) -> u64 {
    let stations = u64::from(stations);
    if levels_below == 1 {
        return stations.div_ceil(chance.between(1, 6));
    }
    let usual = root(stations / 3, levels_below);
    if whole { usual * 2 + 2 } else { usual * chance.between(60, 170) / 100 }
}

/// The largest number whose power is not above `number`.
fn root(number: u64, exponent: usize) -> u64 {
    let exponent = u32::try_from(exponent).unwrap_or(u32::MAX);
    let fits = |base: u64| base.checked_pow(exponent).is_some_and(|power| power <= number);
    (1..).take_while(|base| fits(*base)).last().unwrap_or(1)
}

/// Shares `stations` out among about `parts` units, a few large and many small ones; at most `most` units with at most
/// `cap` stations each.
fn split(stations: u32, parts: u64, most: u64, cap: u64, chance: &mut Chance) -> Vec<u32> {
    let stations = u64::from(stations);
    let fewest = stations.div_ceil(cap.max(1));
    let parts = parts.max(fewest.saturating_mul(2).min(stations)).clamp(1, most.min(stations.max(1)));
    let weights: Vec<u64> = (0..parts).map(|_| chance.between(2, 20).pow(2)).collect();
    let sum: u64 = weights.iter().sum();
    let spare = stations.saturating_sub(parts);
    let mut shares: Vec<u64> = weights.iter().map(|weight| (1 + spare * weight / sum).min(cap)).collect();
    let mut rest = stations.saturating_sub(shares.iter().sum());
    while rest > 0 {
        let before = rest;
        for share in shares.iter_mut().filter(|share| **share < cap) {
            if rest > 0 {
                *share += 1;
                rest -= 1;
            }
        }
        if rest == before {
            break;
        }
    }
    shares.into_iter().filter_map(|share| u32::try_from(share).ok()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_split_gives_everything_away_within_its_caps() {
        for (stations, parts, most, cap) in
            [(1, 9, 99, 99), (400, 8, 99, 10_000), (99 * 99, 3, 99, 99), (50, 1, 99, 10)]
        {
            let shares = split(stations, parts, most, cap, &mut Chance::new(3, "split", 0));
            assert_eq!(shares.iter().sum::<u32>(), stations);
            assert!(shares.iter().all(|share| *share >= 1 && u64::from(*share) <= cap), "{shares:?}");
            assert!(shares.len() as u64 <= most);
        }
    }

    #[test]
    fn a_root_is_the_largest_that_fits() {
        assert_eq!([root(0, 3), root(7, 3), root(8, 3), root(133, 5), root(300_000, 5)], [1, 1, 2, 2, 12]);
    }
}
