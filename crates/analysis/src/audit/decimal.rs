//! Decimal numbers of 28 significant digits, as Python's `decimal` has them by default.
//!
//! Audit programs publish the total error bound of a batch audit in this arithmetic, and their results are compared with
//! ours to the last digit. Only what that needs is here: quotients of whole numbers, sums, and the written form.

use std::fmt;

const PRECISION: u32 = 28;

/// A decimal number that is not negative: `digits` times ten to the power of `exponent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Decimal {
    digits: u128,
    exponent: i32,
}

impl Decimal {
    /// Nothing.
    pub const ZERO: Self = Self { digits: 0, exponent: 0 };

    /// A quotient, to 28 digits, halves to the even. `None` where the divisor is 0.
    #[must_use]
    pub fn quotient(dividend: u64, divisor: u64) -> Option<Self> {
        if divisor == 0 {
            return None;
        }
        if dividend.is_multiple_of(divisor) {
            return Some(Self { digits: u128::from(dividend / divisor), exponent: 0 });
        }
        let divisor = u128::from(divisor);
        let mut quotient = u128::from(dividend) / divisor;
        let mut rest = u128::from(dividend) % divisor;
        let mut exponent = 0_i32;
        // One digit more than is kept, and whether anything follows it.
        while digits_of(quotient) <= PRECISION && rest != 0 {
            quotient = quotient * 10 + rest * 10 / divisor;
            rest = rest * 10 % divisor;
            exponent -= 1;
        }
        Some(Self { digits: quotient, exponent }.to_precision(rest != 0))
    }

    /// The sum, to 28 digits.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        if self.digits == 0 {
            return other;
        }
        if other.digits == 0 {
            return self;
        }
        let (high, low) = if self.exponent >= other.exponent { (self, other) } else { (other, self) };
        let shift = u32::try_from(high.exponent - low.exponent).unwrap_or(u32::MAX);
        // 38 digits fit; numbers further apart than that do not reach each other's digits.
        match 10_u128.checked_pow(shift).and_then(|power| high.digits.checked_mul(power)) {
            Some(digits) => {
                Self { digits: digits.saturating_add(low.digits), exponent: low.exponent }.to_precision(false)
            }
            None => high.to_precision(true),
        }
    }

    /// The nearest floating number.
    #[must_use]
    pub fn to_real(self) -> f64 {
        format!("{}e{}", self.digits, self.exponent).parse().unwrap_or(f64::NAN)
    }

    fn to_precision(self, more: bool) -> Self {
        let surplus = digits_of(self.digits).saturating_sub(PRECISION);
        let power = 10_u128.pow(surplus.min(38));
        if surplus == 0 {
            return self;
        }
        let (mut digits, rest) = (self.digits / power, self.digits % power);
        let half = power / 2;
        if rest > half || (rest == half && (more || digits % 2 == 1)) {
            digits += 1;
        }
        let exponent = self.exponent + i32::try_from(surplus).unwrap_or(0);
        if digits_of(digits) > PRECISION {
            Self { digits: digits / 10, exponent: exponent + 1 }
        } else {
            Self { digits, exponent }
        }
    }
}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        let level = self.exponent.min(other.exponent);
        let scaled = |one: &Self| {
            let shift = u32::try_from(one.exponent - level).ok()?;
            one.digits.checked_mul(10_u128.checked_pow(shift)?)
        };
        match (scaled(self), scaled(other)) {
            (Some(one), Some(two)) => one.partial_cmp(&two),
            (one, two) => two.is_some().partial_cmp(&one.is_some()),
        }
    }
}

fn digits_of(number: u128) -> u32 {
    number.checked_ilog10().map_or(1, |log| log + 1)
}

impl fmt::Display for Decimal {
    /// Plain, as Python writes numbers that are not extremely small.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let text = self.digits.to_string();
        let places = usize::try_from(-self.exponent).unwrap_or(0);
        if places == 0 {
            return write!(formatter, "{text}{}", "0".repeat(usize::try_from(self.exponent).unwrap_or(0)));
        }
        let text = format!("{text:0>width$}", width = places + 1);
        let (whole, fraction) = text.split_at(text.len() - places);
        write!(formatter, "{whole}.{fraction}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What Python's `decimal` answers.
    #[test]
    fn quotients_and_sums_are_those_of_python() {
        let quotient = |one, two| Decimal::quotient(one, two).unwrap();
        assert_eq!(quotient(1, 3).to_string(), "0.3333333333333333333333333333");
        assert_eq!(quotient(2, 3).to_string(), "0.6666666666666666666666666667");
        assert_eq!(quotient(602, 3_915_001).to_string(), "0.0001537675213876062866906036550");
        assert_eq!(quotient(1, 8).to_string(), "0.125");
        assert_eq!(quotient(10, 5).to_string(), "2");
        assert_eq!(quotient(20_000, 3).to_string(), "6666.666666666666666666666667");
        assert_eq!(quotient(2, 3).plus(quotient(2, 3)).to_string(), "1.333333333333333333333333333");
        assert_eq!(
            quotient(1, 3).plus(quotient(1, 7)).plus(quotient(5, 1)).to_string(),
            "5.476190476190476190476190476"
        );
        assert!(Decimal::quotient(1, 0).is_none());
        assert!(quotient(1, 3) > quotient(1, 4) && quotient(2, 1) > quotient(3, 2));
    }
}
