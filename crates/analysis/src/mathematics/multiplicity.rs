//! Looking often finds something: corrections for a family of tests (S18).

/// Holm's adjusted p-values, in the order given: they hold the chance of even one false alarm.
#[must_use]
pub fn holm(p_values: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p_values.len()];
    let mut largest = 0.0_f64;
    for (rank, at) in ascending(p_values).into_iter().enumerate() {
        largest = largest.max((p_values.len() - rank) as f64 * p_values[at]);
        adjusted[at] = largest.min(1.0);
    }
    adjusted
}

/// Benjamini and Hochberg's adjusted p-values, in the order given: they hold the share of false alarms among alarms.
#[must_use]
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut adjusted = vec![0.0; p_values.len()];
    let mut smallest = 1.0_f64;
    for (rank, at) in ascending(p_values).into_iter().enumerate().rev() {
        smallest = smallest.min(p_values.len() as f64 / (rank as f64 + 1.0) * p_values[at]);
        adjusted[at] = smallest;
    }
    adjusted
}

fn ascending(p_values: &[f64]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|one, other| p_values[*one].total_cmp(&p_values[*other]));
    order
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_family_of_five() {
        let family = [0.01, 0.04, 0.03, 0.5, 0.002];
        let close = |found: Vec<f64>, expected: [f64; 5]| {
            assert!(found.iter().zip(expected).all(|(one, two)| (one - two).abs() < 1e-12), "{found:?}");
        };
        close(holm(&family), [0.04, 0.09, 0.09, 0.5, 0.01]);
        close(benjamini_hochberg(&family), [0.025, 0.05, 0.05, 0.5, 0.01]);
    }
}
