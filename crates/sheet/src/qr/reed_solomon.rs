//! Reed-Solomon repair over GF(256) with errors and erasures (ISO/IEC 18004 section 7.5).
//!
//! A block of `n` codewords with `r` check codewords can be repaired when `2 * errors + erasures <= r`: a codeword that
//! is known to be missing costs half of one that is wrong without a sign of it.

/// The field of 256 elements with the modulus x^8 + x^4 + x^3 + x^2 + 1, as logarithms to the base 2 and their inverse.
struct Field {
    /// Powers of 2; twice round, so that sums of two logarithms need no reduction.
    power: [u8; 512],
    logarithm: [u8; 256],
}

const FIELD: Field = Field::new();

impl Field {
    #[expect(clippy::cast_possible_truncation, reason = "masked or below 256; `try_from` is not const")]
    const fn new() -> Self {
        let mut power = [0_u8; 512];
        let mut logarithm = [0_u8; 256];
        let mut value: u16 = 1;
        let mut exponent = 0;
        while exponent < 512 {
            power[exponent] = value as u8;
            if exponent < 255 {
                logarithm[value as usize] = exponent as u8;
            }
            value <<= 1;
            if value >= 256 {
                value ^= 0x11d;
            }
            exponent += 1;
        }
        Self { power, logarithm }
    }
}

fn multiply(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    FIELD.power[usize::from(FIELD.logarithm[usize::from(a)]) + usize::from(FIELD.logarithm[usize::from(b)])]
}

/// `b` must not be 0; 0 otherwise.
fn divide(a: u8, b: u8) -> u8 {
    if a == 0 || b == 0 {
        return 0;
    }
    FIELD.power[usize::from(FIELD.logarithm[usize::from(a)]) + 255 - usize::from(FIELD.logarithm[usize::from(b)])]
}

/// 2 to the power of `exponent`.
fn power(exponent: usize) -> u8 {
    FIELD.power[exponent % 255]
}

/// The value of a polynomial, lowest coefficient first, at `x`.
fn evaluate(polynomial: &[u8], x: u8) -> u8 {
    polynomial.iter().rev().fold(0, |value, coefficient| multiply(value, x) ^ coefficient)
}

/// What a successful repair did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Repair {
    /// Codewords changed that were not given as erased.
    pub(super) errors: usize,
    /// Codewords given as erased, changed or not.
    pub(super) erasures: usize,
}

/// Repairs `block` in place, whose last `checks` codewords are the check codewords; `erased` are indexes into it without
/// repetition. `None`, and the block as it was, when it is beyond repair. A block longer than 255 is.
pub(super) fn repair(block: &mut [u8], checks: usize, erased: &[usize]) -> Option<Repair> {
    let length = block.len();
    if length > 255 || checks > length || erased.len() > checks || erased.iter().any(|index| *index >= length) {
        return None;
    }
    let syndromes = syndromes(block, checks);
    if syndromes.iter().all(|syndrome| *syndrome == 0) {
        return Some(Repair { errors: 0, erasures: erased.len() });
    }
    let locator = locator(&syndromes, &erased.iter().map(|index| length - 1 - index).collect::<Vec<_>>())?;
    let degree = locator.len() - 1;
    let errors = degree.checked_sub(erased.len())?;
    if 2 * errors + erased.len() > checks {
        return None;
    }

    // The evaluator: syndromes times locator, without what lies at and above x^checks.
    let mut evaluator = vec![0_u8; checks];
    for (i, a) in locator.iter().enumerate() {
        for (j, b) in syndromes.iter().enumerate().take(checks.saturating_sub(i)) {
            evaluator[i + j] ^= multiply(*a, *b);
        }
    }
    // Formal derivative: odd coefficients, one place down.
    let derivative: Vec<u8> =
        locator.iter().enumerate().skip(1).map(|(i, c)| if i % 2 == 1 { *c } else { 0 }).collect();

    let mut repaired = block.to_vec();
    let mut roots = 0;
    for exponent in 0..length {
        let inverse = power(255 - exponent % 255);
        if evaluate(&locator, inverse) != 0 {
            continue;
        }
        roots += 1;
        let slope = evaluate(&derivative, inverse);
        if slope == 0 {
            return None;
        }
        let magnitude = multiply(power(exponent), divide(evaluate(&evaluator, inverse), slope));
        repaired[length - 1 - exponent] ^= magnitude;
    }
    // A locator whose roots do not all lie inside the block, or a result that is no code word: a false repair.
    if roots != degree || self::syndromes(&repaired, checks).iter().any(|syndrome| *syndrome != 0) {
        return None;
    }
    block.copy_from_slice(&repaired);
    Some(Repair { errors, erasures: erased.len() })
}

/// The received block, first codeword highest, evaluated at 2^0, 2^1 ...; all zero for a valid block.
fn syndromes(block: &[u8], checks: usize) -> Vec<u8> {
    (0..checks)
        .map(|index| {
            let root = power(index);
            block.iter().fold(0, |value, codeword| multiply(value, root) ^ codeword)
        })
        .collect()
}

/// Berlekamp and Massey's recurrence, started from the locator of the erasures (given as exponents). `None` when the
/// result is not a locator of its claimed degree.
fn locator(syndromes: &[u8], erased_exponents: &[usize]) -> Option<Vec<u8>> {
    let checks = syndromes.len();
    let mut current = vec![0_u8; checks + 1];
    current[0] = 1;
    for (count, exponent) in erased_exponents.iter().enumerate() {
        let root = power(*exponent);
        for i in (1..=count + 1).rev() {
            current[i] ^= multiply(current[i - 1], root);
        }
    }
    let erasures = erased_exponents.len();
    let mut previous = current.clone();
    let mut degree = erasures;
    for step in erasures..checks {
        previous.insert(0, 0);
        previous.pop();
        let discrepancy = (0..=step).fold(0, |sum, i| sum ^ multiply(current[i], syndromes[step - i]));
        if discrepancy == 0 {
            continue;
        }
        let next: Vec<u8> = current.iter().zip(&previous).map(|(a, b)| a ^ multiply(discrepancy, *b)).collect();
        if 2 * degree <= step + erasures {
            degree = step + 1 + erasures - degree;
            previous = current.iter().map(|a| divide(*a, discrepancy)).collect();
        }
        current = next;
    }
    let highest = current.iter().rposition(|coefficient| *coefficient != 0)?;
    if highest != degree {
        return None;
    }
    current.truncate(highest + 1);
    Some(current)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Check codewords by long division with the generator polynomial: written apart from the decoder.
    fn encode(data: &[u8], checks: usize) -> Vec<u8> {
        let mut generator = vec![1_u8];
        for index in 0..checks {
            let mut next = vec![0_u8; generator.len() + 1];
            for (i, coefficient) in generator.iter().enumerate() {
                next[i] ^= coefficient;
                next[i + 1] ^= multiply(*coefficient, power(index));
            }
            generator = next;
        }
        let mut remainder = data.to_vec();
        remainder.resize(data.len() + checks, 0);
        for i in 0..data.len() {
            let factor = remainder[i];
            for (j, coefficient) in generator.iter().enumerate() {
                remainder[i + j] ^= multiply(factor, *coefficient);
            }
        }
        let mut block = data.to_vec();
        block.extend_from_slice(&remainder[data.len()..]);
        block
    }

    #[test]
    fn field_elements_have_inverses() {
        for a in 1..=255_u8 {
            assert_eq!(multiply(a, divide(1, a)), 1);
        }
        assert_eq!(multiply(0x80, 2), 0x1d);
    }

    prop_compose! {
        fn damaged()(data in prop::collection::vec(any::<u8>(), 1..120), checks in 2..=60_usize)
            (order in Just((0..data.len() + checks).collect::<Vec<_>>()).prop_shuffle(),
             changes in prop::collection::vec(1..=255_u8, data.len() + checks),
             erasures in 0..=checks, surplus in 0..=4_usize, data in Just(data), checks in Just(checks))
            -> (Vec<u8>, usize, Vec<usize>, Vec<u8>, usize, usize) {
            (data, checks, order, changes, erasures, surplus)
        }
    }

    proptest! {
        #[test]
        fn repairs_everything_within_capacity((data, checks, order, changes, erasures, _) in damaged()) {
            let block = encode(&data, checks);
            let errors = (checks - erasures) / 2;
            let mut received = block.clone();
            // Every second erased codeword happens to be right.
            for (n, index) in order.iter().take(erasures + errors).enumerate() {
                if n >= erasures || n % 2 == 0 {
                    received[*index] ^= changes[*index];
                }
            }
            let result = repair(&mut received, checks, &order[..erasures]);
            let done = result.expect("within capacity");
            prop_assert_eq!(&received, &block);
            prop_assert_eq!(done.erasures, erasures);
            prop_assert!(done.errors <= (order.len() - erasures).min(errors));
        }

        #[test]
        fn beyond_capacity_it_refuses_or_gives_a_valid_block((data, checks, order, changes, erasures, surplus) in damaged()) {
            let block = encode(&data, checks);
            let errors = (checks - erasures) / 2 + 1 + surplus;
            let mut received = block.clone();
            for index in order.iter().take(erasures + errors) {
                received[*index] ^= changes[*index];
            }
            let before = received.clone();
            match repair(&mut received, checks, &order[..erasures]) {
                None => prop_assert_eq!(received, before),
                Some(done) => {
                    prop_assert!(syndromes(&received, checks).iter().all(|s| *s == 0));
                    prop_assert!(2 * done.errors + done.erasures <= checks);
                    let changed = (0..before.len())
                        .filter(|i| before[*i] != received[*i] && !order[..erasures].contains(i)).count();
                    prop_assert_eq!(changed, done.errors);
                }
            }
        }

        #[test]
        fn never_panics(mut block in prop::collection::vec(any::<u8>(), 0..300), checks in 0..300_usize,
                        erased in prop::collection::btree_set(0..300_usize, 0..40)) {
            let _ = repair(&mut block, checks, &erased.into_iter().collect::<Vec<_>>());
        }
    }
}
