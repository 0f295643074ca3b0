//! What is known of one host: how it wants to be authorized, when it wants to be left alone, how much more it will answer,
//! how many requests to it are under way. All requests to it pass this one gate.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::Instant;
use url::Url;

use super::NetError;
use super::allowance::Allowance;
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
    /// The one permit of requests that the host counts, where few of them are left.
    last: Semaphore,
    /// Learnt from the first answer.
    pub(super) scheme: Flight<Arc<Scheme>>,
    pace: Mutex<Pace>,
}

/// A refusal that asks for a pause.
#[derive(Clone, Copy, Debug)]
pub(super) struct Refusal {
    pub(super) status: u16,
    pub(super) wait: Duration,
    /// Whether a HEAD was refused. Docker Hub limits the rate of everything else.
    pub(super) head: bool,
}

/// Leave to ask; given back when it is dropped.
pub(super) struct Admitted<'h> {
    _permits: [Option<SemaphorePermit<'h>>; 2],
    /// How long others of ours were waited for.
    pub(super) queued: Duration,
}

/// When a host wants to be left alone.
#[derive(Debug, Default)]
struct Pace {
    quiet_until: Option<Instant>,
    /// Pauses that were asked for since the last good answer.
    pauses: u32,
    closed: Option<Closed>,
    /// Whether so few requests are left that they are sent one by one.
    is_low: bool,
}

/// That a host is given up.
#[derive(Debug)]
struct Closed {
    until: Instant,
    status: u16,
    /// Whether for HEAD too.
    heads: bool,
}

impl Pace {
    fn is_quiet(&self, now: Instant) -> bool {
        self.quiet_until.is_some_and(|until| until > now)
    }

    fn close(&mut self, refusal: Refusal, now: Instant) {
        let Refusal { status, wait, head } = refusal;
        let heads = head || status != 429;
        self.closed = Some(Closed { until: now + wait.min(CLOSED_AT_MOST), status, heads });
    }
}

impl Host {
    pub(super) fn new(requests: usize) -> Self {
        Self {
            permits: Semaphore::new(requests.clamp(1, Semaphore::MAX_PERMITS)),
            last: Semaphore::new(1),
            scheme: Flight::default(),
            pace: Mutex::default(),
        }
    }

    /// Makes all requests to this host wait for what one was told, though not longer than `max`. A host that asks for
    /// one pause after another, `rounds` times, is given up for as long as it wants: whoever would follow would only
    /// be refused as well. A pause that is longer than `max` is not waited for twice. Whether it is given up.
    pub(super) fn pause(&self, refusal: Refusal, max: Duration, rounds: u32) -> bool {
        let mut pace = self.pace();
        let now = Instant::now();
        if !pace.is_quiet(now) {
            pace.pauses += if refusal.wait > max { rounds.div_ceil(2) } else { 1 };
        }
        pace.quiet_until = pace.quiet_until.max(now.checked_add(refusal.wait.min(max)));
        let given_up = pace.pauses >= rounds;
        if given_up {
            pace.close(refusal, now);
        }
        given_up
    }

    /// Gives the host up for as long as it wants: it was refused for its rate, and nothing is left.
    pub(super) fn close(&self, refusal: Refusal) {
        self.pace().close(refusal, Instant::now());
    }

    /// Notes an answer that is none of the kind that asks for a pause.
    pub(super) fn answered(&self) {
        self.pace().pauses = 0;
    }

    /// Goes by what the host says is left: where it is less than could be under way at once, one is asked after the other;
    /// where nothing is, the time until there is more again is waited for, if that is not longer than `max`.
    pub(super) fn allows(&self, allowance: Allowance, at_once: usize, max: Duration) {
        let mut pace = self.pace();
        pace.is_low = allowance.remaining <= at_once as u64;
        let reset = allowance.reset.filter(|reset| allowance.remaining == 0 && *reset <= max);
        if let Some(reset) = reset {
            pace.quiet_until = pace.quiet_until.max(Instant::now().checked_add(reset));
        }
    }

    /// Waits until `url` may be asked, with HEAD or in a way that counts. While a request stands in the queue the host may
    /// ask for a pause, which it then waits for too.
    pub(super) async fn admit(&self, url: &Url, head: bool) -> Result<Admitted<'_>, NetError> {
        let mut queued = Duration::ZERO;
        loop {
            self.check_open(url, head)?;
            let (quiet_until, is_low) = {
                let pace = self.pace();
                (pace.quiet_until.filter(|until| *until > Instant::now()), pace.is_low && !head)
            };
            if let Some(until) = quiet_until {
                tokio::time::sleep_until(until).await;
            }
            let begun = Instant::now();
            let last = if is_low { Some(self.last.acquire().await) } else { None };
            let (Ok(last), Ok(permit)) = (last.transpose(), self.permits.acquire().await) else {
                let (place, what) = (Place::of(url), "was not asked: the client is closed".into());
                return Err(NetError::Refused { place, what });
            };
            queued += begun.elapsed();
            self.check_open(url, head)?;
            let pace = self.pace();
            if !pace.is_quiet(Instant::now()) && (is_low || head || !pace.is_low) {
                return Ok(Admitted { _permits: [last, Some(permit)], queued });
            }
        }
    }

    fn check_open(&self, url: &Url, head: bool) -> Result<(), NetError> {
        let now = Instant::now();
        match &self.pace().closed {
            Some(closed) if closed.until > now && (closed.heads || !head) => Err(NetError::Transient {
                place: Place::of(url),
                status: closed.status,
                retry_after: Some(closed.until - now),
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

    fn refusal(status: u16, seconds: u64) -> Refusal {
        Refusal { status, wait: Duration::from_secs(seconds), head: false }
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_for_all_and_only_gets_longer() {
        let (host, started) = (Host::new(2), Instant::now());
        drop(host.admit(&url(), false).await);
        assert!(started.elapsed().is_zero());
        host.pause(refusal(429, 3600), MAX, 3);
        host.pause(refusal(429, 1), MAX, 3);
        let both = (url(), url());
        let (a, b) = tokio::join!(host.admit(&both.0, false), host.admit(&both.1, true));
        assert!(a.is_ok() && b.is_ok());
        assert_eq!(started.elapsed().as_secs(), 60);
    }

    #[tokio::test(start_paused = true)]
    async fn who_stands_in_the_queue_waits_for_a_pause_too() {
        let (host, started, url) = (Host::new(1), Instant::now(), url());
        let first = host.admit(&url, false).await.unwrap();
        let asked = async {
            tokio::task::yield_now().await;
            host.pause(refusal(503, 5), MAX, 3);
            drop(first);
        };
        let (second, ()) = tokio::join!(host.admit(&url, false), asked);
        assert!(second.unwrap().queued.is_zero(), "a pause is the host's own");
        assert_eq!(started.elapsed().as_secs(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_host_that_asks_again_and_again_is_given_up_for_a_while() {
        let (host, url) = (Host::new(1), url());
        let pause = || host.pause(refusal(429, 30), MAX, 3);
        pause();
        drop(host.admit(&url, false).await.unwrap());
        host.answered();
        for _ in 0..2 {
            pause();
            pause();
            drop(host.admit(&url, false).await.unwrap());
        }
        pause();
        let error = host.admit(&url, false).await.err().unwrap().to_string();
        assert!(error.contains("rate limited; it may be asked again in 30 s (not asked)"), "{error}");
        drop(host.admit(&url, true).await.unwrap());
        tokio::time::advance(MAX).await;
        assert!(host.admit(&url, false).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_that_is_too_long_is_waited_for_once() {
        let (host, url) = (Host::new(1), url());
        host.pause(refusal(503, u64::MAX), MAX, 3);
        drop(host.admit(&url, false).await.unwrap());
        host.pause(refusal(503, u64::MAX), MAX, 3);
        let error = host.admit(&url, true).await.err().unwrap().to_string();
        assert!(error.contains("again in 3600 s (not asked)"), "{error}");
        tokio::time::advance(CLOSED_AT_MOST).await;
        assert!(host.admit(&url, false).await.is_ok());
    }

    #[tokio::test(start_paused = true)]
    async fn where_little_is_left_one_is_asked_after_the_other_and_heads_are_free() {
        let (host, url, started) = (Host::new(4), url(), Instant::now());
        let left = |remaining, reset: Option<u64>| {
            let reset = reset.map(Duration::from_secs);
            host.allows(Allowance { limit: Some(100), remaining, window: None, reset }, 4, MAX);
        };
        left(5, None);
        drop((host.admit(&url, false).await.unwrap(), host.admit(&url, false).await.unwrap()));
        left(4, None);
        let first = host.admit(&url, false).await.unwrap();
        drop(host.admit(&url, true).await.unwrap());
        {
            let mut second = std::pin::pin!(host.admit(&url, false));
            assert!(futures_util::poll!(&mut second).is_pending());
            drop(first);
            assert!(second.await.is_ok());
        }
        left(0, Some(3600));
        drop(host.admit(&url, false).await.unwrap());
        assert!(started.elapsed().is_zero(), "too long to be waited for");
        left(0, Some(7));
        drop(host.admit(&url, false).await.unwrap());
        assert_eq!(started.elapsed().as_secs(), 7);
    }
}
