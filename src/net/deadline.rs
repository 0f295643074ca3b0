//! How long requests that follow one another may take together.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::time::Instant;

/// A limit on the time of several requests, one after the other. What a server takes counts, with the pauses that it
/// asks for in between and what is asked again; the time that a request waits for other requests of ours does not.
#[derive(Clone, Debug)]
pub struct Deadline {
    limit: Duration,
    /// When the first of them could be sent: until then others were waited for, and pauses that they had been told.
    begun: Arc<OnceLock<Instant>>,
    /// In milliseconds.
    queued: Arc<AtomicU64>,
}

impl Deadline {
    /// A limit that counts from when the first request can be sent.
    pub fn within(limit: Duration) -> Self {
        Self { limit, begun: Arc::default(), queued: Arc::default() }
    }

    pub(super) fn limit(&self) -> Duration {
        self.limit
    }

    /// Notes a wait that does not count.
    pub(super) fn note_queued(&self, wait: Duration) {
        if self.begun.get().is_none() {
            return;
        }
        let wait = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
        self.queued.fetch_add(wait, Ordering::Relaxed);
    }

    /// Whether it is over for a request that can be sent now.
    pub(super) fn is_over(&self) -> bool {
        let begun = self.begun.get_or_init(Instant::now);
        let queued = Duration::from_millis(self.queued.load(Ordering::Relaxed));
        begun.elapsed().saturating_sub(queued) > self.limit
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn what_is_queued_does_not_count() {
        let deadline = Deadline::within(Duration::from_secs(10));
        tokio::time::advance(Duration::from_secs(300)).await;
        deadline.note_queued(Duration::from_secs(100));
        assert!(!deadline.is_over(), "only now the first could be sent");
        tokio::time::advance(Duration::from_secs(25)).await;
        assert!(deadline.is_over());
        deadline.clone().note_queued(Duration::from_secs(15));
        assert!(!deadline.is_over());
        tokio::time::advance(Duration::from_millis(1)).await;
        assert!(deadline.is_over());
    }
}
