//! Whether a daemon lives: its loop says so each time that it turns, also while it waits for a run.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// The longest that the loop of a daemon that lives says nothing.
pub(super) const BEAT: Duration = Duration::from_secs(15);

/// How long a loop says nothing that hangs.
const SILENCE: Duration = BEAT.saturating_mul(4);

/// Counts the turns of a daemon's loop.
#[derive(Debug, Default)]
pub struct Pulse(AtomicU64);

impl Pulse {
    pub(super) fn beats(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn beat(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    /// What comes of something that may take long, for as long as whoever waits for it lives.
    pub(super) async fn through<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        loop {
            tokio::select! {
                biased;
                done = &mut work => return done,
                () = sleep(BEAT) => self.beat(),
            }
        }
    }
}

/// When a loop was last heard.
#[derive(Debug)]
pub struct Heard {
    pulse: Arc<Pulse>,
    beats: u64,
    at: Instant,
}

impl Heard {
    /// From now on.
    pub fn of(pulse: Arc<Pulse>) -> Self {
        Self { beats: pulse.beats(), at: Instant::now(), pulse }
    }

    /// Whether it lives: it said something in the last minute, as far as whoever asks often can tell.
    pub fn is_alive(&mut self) -> bool {
        let beats = self.pulse.beats();
        if self.beats != beats {
            (self.beats, self.at) = (beats, Instant::now());
        }
        self.at.elapsed() < SILENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_loop_that_says_nothing_is_not_alive() {
        let pulse = Arc::<Pulse>::default();
        let mut heard = Heard::of(Arc::clone(&pulse));
        assert!(heard.is_alive());
        pulse.through(sleep(SILENCE * 3)).await;
        assert!(heard.is_alive(), "it waits for something, and says so");
        sleep(SILENCE).await;
        assert!(!heard.is_alive());
        pulse.through(sleep(BEAT * 2)).await;
        assert!(heard.is_alive(), "it has come back");
    }
}
