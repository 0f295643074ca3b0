//! What is known of one host: how it wants to be authorized, when it wants to be left alone, how many requests to it
//! are under way.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use url::Url;

use super::NetError;
use super::auth::Scheme;
use super::error::Place;
use super::flight::Flight;

/// A pause longer than this is not believed by a process that lives longer.
const CLOSED_AT_MOST: Duration = Duration::from_secs(3600);

/// The state of one origin.
#[derive(Debug)]
pub(super) struct Host {
    /// One permit is one HTTP request, its body included.
    permits: Semaphore,
    /// Learnt from the first answer.
    pub(super) scheme: Flight<Arc<Scheme>>,
    pace: Mutex<Pace>,
}

/// When a host wants to be left alone.
#[derive(Debug, Default)]
struct Pace {
    quiet_until: Option<Instant>,
    /// Pauses that were asked for since the last good answer.
    pauses: u32,
    /// Until when the host is given up, and what it answered.
    closed: Option<(Instant, u16)>,
}

impl Pace {
    fn is_quiet(&self, now: Instant) -> bool {
        self.quiet_until.is_some_and(|until| until > now)
    }
}

impl Host {
    pub(super) fn new(requests: usize) -> Self {
        Self {
            permits: Semaphore::new(requests.clamp(1, Semaphore::MAX_PERMITS)),
            scheme: Flight::default(),
            pace: Mutex::default(),
        }
    }

    /// Makes all requests to this host wait for what one was told, though not longer than `max`. A host that asks for
    /// one pause after another, `rounds` times, is given up for as long as it wants: whoever would follow would only
    /// be refused as well.
    pub(super) fn pause(&self, status: u16, wait: Duration, max: Duration, rounds: u32) {
        let mut pace = self.pace();
        let now = Instant::now();
        if !pace.is_quiet(now) {
            pace.pauses += 1;
        }
        pace.quiet_until = pace.quiet_until.max(now.checked_add(wait.min(max)));
        if pace.pauses >= rounds {
            pace.closed = Some((now + wait.min(CLOSED_AT_MOST), status));
        }
    }

    /// Notes an answer that is none of the kind that asks for a pause.
    pub(super) fn answered(&self) {
        self.pace().pauses = 0;
    }

    /// Waits until `url` may be asked; gives how long others of ours were waited for. While a request stands in the queue
    /// the host may ask for a pause, which it then waits for too.
    pub(super) async fn admit(&self, url: &Url) -> Result<(SemaphorePermit<'_>, Duration), NetError> {
        let mut queued = Duration::ZERO;
        loop {
            self.check_open(url)?;
            let quiet_until = self.pace().quiet_until.filter(|until| *until > Instant::now());
            if let Some(until) = quiet_until {
                tokio::time::sleep_until(until).await;
            }
            let begun = Instant::now();
            let Ok(permit) = self.permits.acquire().await else {
                let (place, what) = (Place::of(url), "was not asked: the client is closed".into());
                return Err(NetError::Refused { place, what });
            };
            queued += begun.elapsed();
            self.check_open(url)?;
            if !self.pace().is_quiet(Instant::now()) {
                return Ok((permit, queued));
            }
        }
    }

    fn check_open(&self, url: &Url) -> Result<(), NetError> {
        let now = Instant::now();
        match self.pace().closed {
            Some((until, status)) if until > now => Err(NetError::Transient {
                place: Place::of(url),
                status,
                retry_after: Some(until - now),
                attempts: 0,
            }),
            _ => Ok(()),
        }
    }

    fn pace(&self) -> MutexGuard<'_, Pace> {
        self.pace.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAX: Duration = Duration::from_secs(60);

    fn url() -> Url {
        Url::parse("https://r.example/v2/a/tags/list").unwrap()
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_for_all_and_only_gets_longer() {
        let (host, started) = (Host::new(2), Instant::now());
        drop(host.admit(&url()).await);
        assert!(started.elapsed().is_zero());
        host.pause(429, Duration::from_secs(3600), MAX, 3);
        host.pause(429, Duration::from_secs(1), MAX, 3);
        let both = (url(), url());
        let (a, b) = tokio::join!(host.admit(&both.0), host.admit(&both.1));
        assert!(a.is_ok() && b.is_ok());
        assert_eq!(started.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn who_stands_in_the_queue_waits_for_a_pause_too() {
        let (host, started, url) = (Host::new(1), Instant::now(), url());
        let first = host.admit(&url).await.unwrap();
        let asked = async {
            tokio::task::yield_now().await;
            host.pause(503, Duration::from_secs(5), MAX, 3);
            drop(first);
        };
        let (second, ()) = tokio::join!(host.admit(&url), asked);
        assert!(second.unwrap().1.is_zero(), "a pause is the host's own");
        assert_eq!(started.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_asks_again_and_again_is_given_up_for_a_while() {
        let (host, url) = (Host::new(1), url());
        let pause = || host.pause(429, Duration::MAX, MAX, 3);
        pause();
        drop(host.admit(&url).await.unwrap());
        host.answered();
        for _ in 0..2 {
            pause();
            pause();
            drop(host.admit(&url).await.unwrap());
        }
        pause();
        let error = host.admit(&url).await.unwrap_err().to_string();
        assert!(error.contains("rate limited; it may be asked again in 3600 s"), "{error}");
        tokio::time::advance(CLOSED_AT_MOST).await;
        assert!(host.admit(&url).await.is_ok());
    }
}
