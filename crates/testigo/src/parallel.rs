//! Work on all cores with the results in order.

use std::sync::{Mutex, PoisonError};

/// Applies `work` to every item on up to `jobs` threads and gives the results in the items' order.
pub fn map<T: Send, R: Send>(items: Vec<T>, jobs: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    let count = items.len();
    let waiting = Mutex::new(items.into_iter().enumerate());
    let finished = Mutex::new(Vec::with_capacity(count));
    std::thread::scope(|scope| {
        for _ in 0..jobs.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((at, item)) = next else { return };
                    let result = work(item);
                    finished.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut finished = finished.into_inner().unwrap_or_else(PoisonError::into_inner);
    finished.sort_by_key(|(at, _)| *at);
    finished.into_iter().map(|(_, result)| result).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn results_come_in_the_order_of_the_items() {
        let squares = super::map((0..1_000_u64).collect(), 4, |number| number * number);
        assert!(squares.iter().zip(0_u64..).all(|(square, number)| *square == number * number));
        assert_eq!(squares.len(), 1_000);
        assert!(super::map(Vec::<u8>::new(), 4, |byte| byte).is_empty());
    }
}
