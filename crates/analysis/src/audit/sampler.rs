//! Consistent sampling (S21): every id has a ticket number that depends on the seed and on nothing else, and the sample
//! is the ids with the smallest tickets. Stations that come late slip in between and disturb nobody's place.
//!
//! Defined by R. L. Rivest, "Consistent sampling with replacement" (2018), <https://arxiv.org/abs/1808.10016>, and his
//! program `consistent_sampler`, whose published outputs are tests here. Ticket numbers are decimal fractions written as
//! text and compared as text. S22 is the older sampler of Rivest and Stark for numbered lists.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use sha2::{Digest, Sha256};

/// One drawing of an id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket {
    /// `0.` and decimal digits.
    pub number: String,
    /// Whose it is.
    pub id: String,
    /// 1 for the first ticket of the id, 2 for the one after.
    pub generation: u32,
}

impl Ticket {
    /// The id's first ticket under this seed.
    #[must_use]
    pub fn first(seed: &str, id: &str) -> Self {
        Self {
            number: uniform(&format!("{}{id}", hexadecimal(&Sha256::digest(seed)))),
            id: id.to_owned(),
            generation: 1,
        }
    }

    /// The ticket that takes its place when the id goes back into the basket.
    #[must_use]
    pub fn next(&self) -> Self {
        Self { number: larger(&self.number), id: self.id.clone(), generation: self.generation.saturating_add(1) }
    }

    /// The number cut to 18 digits after its leading nines.
    #[must_use]
    pub fn shown(&self) -> &str {
        let digits = self.number.get(2..).unwrap_or_default();
        let nines = digits.len() - digits.trim_start_matches('9').len();
        self.number.get(..2 + nines + 18).unwrap_or(&self.number)
    }
}

/// All ids in the order in which they are drawn, each once.
#[must_use]
pub fn without_replacement<'a>(seed: &str, ids: impl IntoIterator<Item = &'a str>) -> Vec<Ticket> {
    let mut tickets: Vec<Ticket> = ids.into_iter().map(|id| Ticket::first(seed, id)).collect();
    tickets.sort_unstable();
    tickets
}

/// The first `draws` drawings where every id goes back into the basket.
#[must_use]
pub fn with_replacement<'a>(seed: &str, ids: impl IntoIterator<Item = &'a str>, draws: usize) -> Vec<Ticket> {
    let mut basket: BinaryHeap<Reverse<Ticket>> = ids.into_iter().map(|id| Reverse(Ticket::first(seed, id))).collect();
    let mut drawn = Vec::with_capacity(draws);
    while drawn.len() < draws {
        let Some(Reverse(ticket)) = basket.pop() else { break };
        basket.push(Reverse(ticket.next()));
        drawn.push(ticket);
    }
    drawn
}

/// Positions from 1 to `size` by the sampler of Rivest and Stark (S22): SHA-256 of `seed,1`, `seed,2` and so on, modulo
/// the size, plus 1. Repetitions stay in.
#[must_use]
pub fn by_remainder(seed: &str, size: u64, draws: usize) -> Vec<u64> {
    let remainder = |bytes: &[u8]| {
        bytes.iter().fold(0_u64, |rest, byte| {
            let wide = (u128::from(rest) << 8 | u128::from(*byte)) % u128::from(size.max(1));
            u64::try_from(wide).unwrap_or(0)
        })
    };
    (1..=draws).map(|at| remainder(&Sha256::digest(format!("{seed},{at}"))) + 1).collect()
}

/// A fraction between 0 and 1 from a text: the digits of its hash as a whole number, last digit first.
fn uniform(text: &str) -> String {
    let digits = decimal_digits(&Sha256::digest(text));
    let mut fraction = String::with_capacity(digits.len() + 2);
    fraction.push_str("0.");
    fraction.extend(digits.chars().rev());
    fraction
}

/// The next fraction after one: its leading nines stay, what follows is drawn until it is larger.
fn larger(number: &str) -> String {
    let floor = format!("{number}0");
    let digits = &floor[2..];
    let nines = digits.len() - digits.trim_start_matches('9').len();
    let mut attempt = 1_u64;
    loop {
        let drawn = uniform(&format!("{number}:{attempt}"));
        let candidate = format!("{}{}", &floor[..2 + nines], &drawn[2..]);
        if candidate > floor {
            return candidate;
        }
        attempt += 1;
    }
}

/// Lower-case hexadecimal digits.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        for half in [byte >> 4, byte & 15] {
            text.push(char::from_digit(u32::from(half), 16).unwrap_or('0'));
        }
        text
    })
}

/// A whole number, most significant byte first, in decimal, padded with zeros to 64 digits.
fn decimal_digits(bytes: &[u8]) -> String {
    const BILLION: u64 = 1_000_000_000;
    let mut words: Vec<u64> =
        bytes.chunks(4).map(|chunk| chunk.iter().fold(0_u64, |word, byte| word << 8 | u64::from(*byte))).collect();
    let mut groups = Vec::new();
    while words.iter().any(|word| *word != 0) {
        let mut rest = 0;
        for word in &mut words {
            let wide = rest << 32 | *word;
            *word = wide / BILLION;
            rest = wide % BILLION;
        }
        groups.push(rest);
    }
    let text: String = groups.iter().rev().map(|group| format!("{group:09}")).collect();
    format!("{:0>64}", text.trim_start_matches('0'))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The outputs that the documentation of `consistent_sampler` gives.
    #[test]
    fn tickets_are_those_that_the_reference_publishes() {
        assert_eq!(uniform("abc"), "0.56998071861792858926477341561059638840106636224182943832566300809078486324348");
        let first = Ticket::first("01382438112797316654", "AB-130");
        assert_eq!(first.number, "0.26299714122838008416507544297546663599715395525154425586041245287750224561854");
        assert_eq!(
            first.next().number,
            "0.8232357229934205790595761924514048157652891124687533667363938813600770093316"
        );
        assert_eq!(
            larger("0.25471"),
            "0.642853261655004694691182528114375607701032283189922170593838029306715548381901"
        );
        let order: Vec<String> = without_replacement("xy()134!g2n", ["dog", "cat", "fish", "goat"])
            .into_iter()
            .map(|ticket| ticket.id)
            .collect();
        assert_eq!(order, ["cat", "dog", "goat", "fish"]);
    }

    #[test]
    fn late_ids_do_not_disturb_the_order_of_the_others() {
        let early = without_replacement("7", ["a", "b", "c", "d", "e"]);
        let late = without_replacement("7", ["z", "b", "y", "a", "e", "d", "c"]);
        let kept: Vec<&Ticket> = late.iter().filter(|ticket| !["y", "z"].contains(&ticket.id.as_str())).collect();
        assert_eq!(kept, early.iter().collect::<Vec<_>>());
    }

    #[test]
    fn with_replacement_tickets_only_grow() {
        let drawn = with_replacement("7", ["a", "b", "c"], 40);
        assert_eq!(drawn.len(), 40);
        assert!(drawn.is_sorted());
        assert!(drawn.iter().any(|ticket| ticket.generation > 3));
        assert_eq!(with_replacement("7", [], 3), []);
    }

    #[test]
    fn a_shown_ticket_keeps_its_nines() {
        let ticket = |number: &str| Ticket { number: number.to_owned(), id: String::new(), generation: 1 };
        assert_eq!(ticket("0.9912345678901234567890123").shown(), "0.99123456789012345678");
        assert_eq!(ticket("0.123").shown(), "0.123");
    }
}
