//! Many small jobs on all processors.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;

/// Jobs taken at a time. Few: the long tables stand one after the other, and should not all fall to one thread.
const AT_ONCE: usize = 4;

/// Does `work` for every item on `jobs` threads, and gives the results in the items' order. After a failure no new item is
/// begun, and the failure of the earliest item is the answer.
///
/// # Errors
/// The first failure of `work`, by the items' order.
pub fn for_each<T: Sync, R: Send, E: Send>(
    items: &[T],
    jobs: usize,
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, E> {
    let (next, failed) = (AtomicUsize::new(0), AtomicBool::new(false));
    let chunks = items.len().div_ceil(AT_ONCE);
    let take = || {
        let mut done = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(chunk) = items.chunks(AT_ONCE).nth(at) else { break };
            let results: Result<Vec<R>, E> = chunk.iter().map(&work).collect();
            failed.fetch_or(results.is_err(), Ordering::Relaxed);
            done.push((at, results));
        }
        done
    };
    let mut done: Vec<(usize, Result<Vec<R>, E>)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..jobs.clamp(1, chunks.max(1))).map(|_| scope.spawn(take)).collect();
        workers
            .into_iter()
            .flat_map(|worker| worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic)))
            .collect()
    });
    done.sort_by_key(|(at, _)| *at);
    let mut results = Vec::with_capacity(items.len());
    for (_, chunk) in done {
        results.extend(chunk?);
    }
    Ok(results)
}

#[cfg(test)]
mod tests {
    use super::for_each;

    #[test]
    fn results_come_in_the_order_of_the_items() {
        let numbers: Vec<u64> = (0..1_000).collect();
        let squares = for_each(&numbers, 3, |number| Ok::<_, ()>(number * number)).unwrap();
        assert_eq!(squares, numbers.iter().map(|number| number * number).collect::<Vec<_>>());
        let odd = for_each(&numbers, 3, |number| if number % 500 == 7 { Err(*number) } else { Ok(()) });
        assert_eq!(odd, Err(7));
    }
}
