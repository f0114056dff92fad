//! Means, spreads, quantiles and correlations of lists of numbers.

use crate::number::{size, sum};

/// The mean.
#[must_use]
pub fn mean(numbers: &[f64]) -> f64 {
    sum(numbers.iter().copied()) / size(numbers.len())
}

/// The sum of the powers of the distances from the mean, over the number of them.
fn moment(numbers: &[f64], mean: f64, power: i32) -> f64 {
    sum(numbers.iter().map(|number| (number - mean).powi(power))) / size(numbers.len())
}

/// The standard deviation with one degree of freedom taken off.
#[must_use]
pub fn deviation(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    (sum(numbers.iter().map(|number| (number - mean).powi(2))) / (size(numbers.len()) - 1.0)).sqrt()
}

/// Skewness of the numbers themselves (no correction for a sample).
#[must_use]
pub fn skewness(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    moment(numbers, mean, 3) / moment(numbers, mean, 2).powf(1.5)
}

/// Excess kurtosis of the numbers themselves.
#[must_use]
pub fn excess_kurtosis(numbers: &[f64]) -> f64 {
    let mean = mean(numbers);
    moment(numbers, mean, 4) / moment(numbers, mean, 2).powi(2) - 3.0
}

/// A quantile of sorted numbers, interpolated between the two nearest.
#[must_use]
pub fn quantile(sorted: &[f64], share: f64) -> f64 {
    let Some(last) = sorted.len().checked_sub(1) else { return f64::NAN };
    let place = size(last) * share;
    let below = usize::try_from(crate::number::floor(place)).unwrap_or(last).min(last);
    let above = (below + 1).min(last);
    sorted[below] + (sorted[above] - sorted[below]) * (place - size(below))
}

/// Correlation with weights; all 1 for the plain one.
#[must_use]
pub fn weighted_correlation(one: &[f64], other: &[f64], weights: &[f64]) -> f64 {
    let total = sum(weights.iter().copied());
    let weighted = |values: &[f64]| sum(values.iter().zip(weights).map(|(value, weight)| value * weight)) / total;
    let (mean_one, mean_other) = (weighted(one), weighted(other));
    let product = |a: &[f64], mean_a: f64, b: &[f64], mean_b: f64| {
        let rows = a.iter().zip(b).zip(weights);
        sum(rows.map(|((a, b), weight)| (a - mean_a) * (b - mean_b) * weight))
    };
    product(one, mean_one, other, mean_other)
        / (product(one, mean_one, one, mean_one) * product(other, mean_other, other, mean_other)).sqrt()
}

/// The plain correlation.
#[must_use]
pub fn correlation(one: &[f64], other: &[f64]) -> f64 {
    weighted_correlation(one, other, &vec![1.0; one.len()])
}

/// The correlation of ranks; equal numbers share their mean rank.
#[must_use]
pub fn rank_correlation(one: &[f64], other: &[f64]) -> f64 {
    correlation(&ranks(one), &ranks(other))
}

/// The slope of the straight line of `to` over `from` by least squares.
#[must_use]
pub fn slope(from: &[f64], to: &[f64]) -> f64 {
    let (mean_from, mean_to) = (mean(from), mean(to));
    sum(from.iter().zip(to).map(|(x, y)| (x - mean_from) * (y - mean_to)))
        / sum(from.iter().map(|x| (x - mean_from).powi(2)))
}

fn ranks(numbers: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..numbers.len()).collect();
    order.sort_by(|one, other| numbers[*one].total_cmp(&numbers[*other]));
    let mut ranks = vec![0.0; numbers.len()];
    for equal in order.chunk_by(|one, other| numbers[*one].total_cmp(&numbers[*other]).is_eq()) {
        let before = order.partition_point(|at| numbers[*at] < numbers[equal[0]]);
        let shared = size(before) + (size(equal.len()) + 1.0) / 2.0;
        equal.iter().for_each(|at| ranks[*at] = shared);
    }
    ranks
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Values from scipy 1.17 and numpy 2.4.
    #[test]
    fn a_short_list() {
        let (x, y) = ([1.0, 2.0, 2.0, 5.0, 9.0], [2.0, 1.0, 4.0, 4.0, 8.0]);
        for (found, expected) in [
            (skewness(&x), EXPECTED[0]),
            (excess_kurtosis(&x), EXPECTED[1]),
            (correlation(&x, &y), EXPECTED[2]),
            (rank_correlation(&x, &y), EXPECTED[3]),
            (deviation(&x), EXPECTED[4]),
            (quantile(&x, 0.1), 1.4),
            (quantile(&x, 0.33), 2.0),
            (quantile(&x, 0.975), 8.6),
            (quantile(&x, 1.0), 9.0),
        ] {
            assert!((found - expected).abs() < 1e-12, "{found} {expected}");
        }
        assert!((slope(&[1.0, 2.0, 3.0], &[2.0, 4.0, 6.0]) - 2.0).abs() < 1e-12);
        assert!((weighted_correlation(&x, &y, &[1.0, 0.0, 0.0, 1.0, 0.0]) - 1.0).abs() < 1e-12);
    }

    const EXPECTED: [f64; 5] = [
        0.868_218_013_856_558_7,
        -0.773_561_009_695_169,
        0.905_751_353_307_678_6,
        0.763_157_894_736_842_1,
        3.271_085_446_759_225,
    ];
}
