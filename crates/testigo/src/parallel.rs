//! Work on all cores with the results in order, within a given memory.

use std::sync::{Condvar, Mutex, PoisonError};

/// How much may be done at once.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    /// Items.
    pub jobs: usize,
    /// What they may weigh together. An item that is heavier is done alone.
    pub most: u64,
}

/// Applies `work` to every item on up to `jobs` threads and gives the results in the items' order.
pub fn map<T: Send, R: Send>(items: Vec<T>, jobs: usize, work: impl Fn(T) -> R + Sync) -> Vec<R> {
    map_within(items, Budget { jobs, most: u64::MAX }, |_| 0, work)
}

/// Applies `work` to every item, as many at once as the budget allows, and gives the results in the items' order.
/// `weight` says what an item takes while it is worked on.
pub fn map_within<T: Send, R: Send>(
    items: Vec<T>,
    budget: Budget,
    weight: impl Fn(&T) -> u64 + Sync,
    work: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let count = items.len();
    let waiting = Mutex::new(items.into_iter().enumerate());
    let finished = Mutex::new(Vec::with_capacity(count));
    let scales = Scales { held: Mutex::new(0), lighter: Condvar::new(), most: budget.most };
    std::thread::scope(|scope| {
        for _ in 0..budget.jobs.clamp(1, count.max(1)) {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap_or_else(PoisonError::into_inner).next();
                    let Some((at, item)) = next else { return };
                    let load = scales.take(weight(&item));
                    let result = work(item);
                    drop(load);
                    finished.lock().unwrap_or_else(PoisonError::into_inner).push((at, result));
                }
            });
        }
    });
    let mut finished = finished.into_inner().unwrap_or_else(PoisonError::into_inner);
    finished.sort_by_key(|(at, _)| *at);
    finished.into_iter().map(|(_, result)| result).collect()
}

/// What the items at work weigh together.
struct Scales {
    held: Mutex<u64>,
    lighter: Condvar,
    most: u64,
}

/// An item's weight, taken off again when it is dropped.
struct Load<'a> {
    scales: &'a Scales,
    weight: u64,
}

impl Scales {
    /// Waits until there is room for so much, or nothing else is at work.
    fn take(&self, weight: u64) -> Load<'_> {
        let held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        let full = |held: &mut u64| *held > 0 && held.saturating_add(weight) > self.most;
        let mut held = self.lighter.wait_while(held, full).unwrap_or_else(PoisonError::into_inner);
        *held = held.saturating_add(weight);
        Load { scales: self, weight }
    }
}

impl Drop for Load<'_> {
    fn drop(&mut self) {
        let mut held = self.scales.held.lock().unwrap_or_else(PoisonError::into_inner);
        *held = held.saturating_sub(self.weight);
        self.scales.lighter.notify_all();
    }
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

    #[test]
    fn what_is_at_work_together_stays_within_the_budget_and_a_heavier_item_is_alone() {
        use std::sync::atomic::{AtomicU64, Ordering};
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        let weights: Vec<u64> = (0..200).map(|number| if number % 50 == 7 { 500 } else { number % 9 * 10 }).collect();
        let budget = super::Budget { jobs: 8, most: 100 };
        let done = super::map_within(
            weights.clone(),
            budget,
            |weight| *weight,
            |weight| {
                let held = now.fetch_add(weight, Ordering::SeqCst) + weight;
                if weight == 500 {
                    assert_eq!(held, 500, "something else was at work beside the heavy one");
                } else {
                    most.fetch_max(held, Ordering::SeqCst);
                }
                std::thread::yield_now();
                now.fetch_sub(weight, Ordering::SeqCst);
                weight
            },
        );
        assert_eq!(done, weights);
        assert!(most.into_inner() <= 100);
    }
}
