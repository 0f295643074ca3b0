//! Single flight: of many who want the same thing at once, one makes it and the others wait for that.

use std::sync::{Mutex, PoisonError};

use super::NetError;

/// A value that is made when it is first wanted, and again when it is no longer good.
///
/// A failure is shared with those who were waiting for it, so that a host that is down is not tried by each of a
/// thousand waiters in turn; who comes later tries again.
#[derive(Debug)]
pub(super) struct Flight<T> {
    slot: tokio::sync::Mutex<Option<T>>,
    failures: Mutex<Failures>,
}

#[derive(Debug, Default)]
struct Failures {
    count: u64,
    last: Option<NetError>,
}

impl<T> Default for Flight<T> {
    fn default() -> Self {
        Self { slot: tokio::sync::Mutex::default(), failures: Mutex::default() }
    }
}

impl<T: Clone> Flight<T> {
    /// The value if `good` says so of it, else what `make` makes. If the maker is dropped, the next waiter makes.
    pub(super) async fn get<F>(&self, good: impl Fn(&T) -> bool, make: F) -> Result<T, NetError>
    where
        F: Future<Output = Result<T, NetError>>,
    {
        let before = self.failures().count;
        let mut slot = self.slot.lock().await;
        if let Some(value) = slot.as_ref().filter(|value| good(value)) {
            return Ok(value.clone());
        }
        {
            let failures = self.failures();
            if let Some(error) = failures.last.as_ref().filter(|_| failures.count != before) {
                return Err(error.clone());
            }
        }
        match make.await {
            Ok(value) => {
                *slot = Some(value.clone());
                Ok(value)
            }
            Err(error) => {
                let mut failures = self.failures();
                failures.count += 1;
                failures.last = Some(error.clone());
                Err(error)
            }
        }
    }

    /// Replaces the value.
    pub(super) async fn set(&self, value: T) {
        *self.slot.lock().await = Some(value);
    }

    fn failures(&self) -> std::sync::MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use futures_util::future::join_all;

    use super::*;

    fn failure() -> NetError {
        NetError::Configuration("no".into())
    }

    #[tokio::test]
    async fn many_waiters_make_one() {
        let (flight, made) = (Flight::default(), AtomicU32::new(0));
        let make = || async {
            tokio::task::yield_now().await;
            Ok(made.fetch_add(1, Ordering::Relaxed))
        };
        let all = join_all((0..100).map(|_| flight.get(|_| true, make()))).await;
        assert!(all.into_iter().all(|value| value == Ok(0)));
        assert_eq!(flight.get(|value| *value > 0, make()).await, Ok(1), "no longer good");
    }

    #[tokio::test]
    async fn waiters_share_a_failure_and_later_ones_try_again() {
        let (flight, made) = (Flight::<u32>::default(), AtomicU32::new(0));
        let fail = || async {
            tokio::task::yield_now().await;
            made.fetch_add(1, Ordering::Relaxed);
            Err(failure())
        };
        let all = join_all((0..100).map(|_| flight.get(|_| true, fail()))).await;
        assert!(all.into_iter().all(|value| value.is_err()));
        assert_eq!(made.load(Ordering::Relaxed), 1);
        assert_eq!(flight.get(|_| true, async { Ok(7) }).await, Ok(7));
    }
}
