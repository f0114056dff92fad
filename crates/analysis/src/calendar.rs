//! Days of the Gregorian calendar, for deadlines. What day it is today, the caller knows.

/// The day so many days after a date `YYYY-MM-DD`; `None` where that is no date.
#[must_use]
pub fn days_after(date: &str, days: i64) -> Option<String> {
    let (year, month, day) = civil(number(date)?.checked_add(days)?);
    (0..10_000).contains(&year).then(|| format!("{year:04}-{month:02}-{day:02}"))
}

/// Days from one date to another, negative where the other is earlier.
#[must_use]
pub fn days_between(from: &str, to: &str) -> Option<i64> {
    Some(number(to)? - number(from)?)
}

/// The date of so many seconds after 1970 began, UTC.
#[must_use]
pub fn date_of(seconds: u64) -> Option<String> {
    days_after("1970-01-01", i64::try_from(seconds / 86_400).ok()?)
}

/// Days since 1970-01-01, after H. Hinnant's `days_from_civil`: years begin in March, so that the leap day comes last.
fn number(date: &str) -> Option<i64> {
    let mut parts = date.split('-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    if parts.next().is_some() || !(1..=12).contains(&month) || !(1..=31).contains(&day) {
        return None;
    }
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    Some(era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468)
}

fn civil(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let era = days.div_euclid(146_097);
    let of_era = days.rem_euclid(146_097);
    let year = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    (era * 400 + year + i64::from(month <= 2), month, of_year - (153 * shifted + 2) / 5 + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_across_months_years_and_leap_days() {
        for (date, days, expected) in [
            ("2024-07-28", 2, "2024-07-30"),
            ("2024-02-28", 1, "2024-02-29"),
            ("2023-02-28", 1, "2023-03-01"),
            ("2000-02-29", 366, "2001-03-01"),
            ("2024-12-31", 1, "2025-01-01"),
            ("1970-01-01", -1, "1969-12-31"),
        ] {
            assert_eq!(days_after(date, days).as_deref(), Some(expected));
            assert_eq!(days_between(date, expected), Some(days));
        }
        assert_eq!(date_of(1_722_211_200).as_deref(), Some("2024-07-29"));
        assert_eq!(days_after("yesterday", 1), None);
    }
}
