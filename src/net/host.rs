//! What is known of one host: how it wants to be authorized, when it wants to be left alone, how many requests to it
//! are under way.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::time::Instant;

use super::auth::Scheme;
use super::flight::Flight;
use super::message::Response;

/// The state of one origin.
#[derive(Debug)]
pub(super) struct Host {
    /// One permit is one HTTP request, its body included.
    pub(super) permits: Semaphore,
    /// Learnt from the first answer.
    pub(super) scheme: Flight<Arc<Scheme>>,
    quiet_until: Mutex<Option<Instant>>,
    limit: Mutex<Option<RateLimit>>,
}

/// What a registry last said about its limit on pulls (`ratelimit-limit` and `ratelimit-remaining`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RateLimit {
    /// Requests per window.
    pub limit: Option<u64>,
    /// Requests that remain in this window.
    pub remaining: u64,
    /// The length of the window.
    pub window: Option<Duration>,
}

impl Host {
    pub(super) fn new(requests: usize) -> Self {
        Self {
            permits: Semaphore::new(requests.clamp(1, Semaphore::MAX_PERMITS)),
            scheme: Flight::default(),
            quiet_until: Mutex::default(),
            limit: Mutex::default(),
        }
    }

    /// Makes all requests to this host wait: what one was told holds for all.
    pub(super) fn quiet_for(&self, wait: Duration) {
        let mut until = self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        *until = (*until).max(Instant::now().checked_add(wait));
    }

    /// Waits until this host may be asked again.
    pub(super) async fn until_quiet_ends(&self) {
        let until = *self.quiet_until.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(until) = until.filter(|until| *until > Instant::now()) {
            tokio::time::sleep_until(until).await;
        }
    }

    /// Notes what `response` says of the limit.
    pub(super) fn note(&self, response: &Response) {
        let Some(remaining) = response.header("ratelimit-remaining").and_then(parse_limit) else {
            return;
        };
        let limit = response.header("ratelimit-limit").and_then(parse_limit);
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = Some(RateLimit {
            limit: limit.map(|(count, _)| count),
            remaining: remaining.0,
            window: remaining.1,
        });
    }

    pub(super) fn rate_limit(&self) -> Option<RateLimit> {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `100` or `100;w=21600`.
fn parse_limit(text: &str) -> Option<(u64, Option<Duration>)> {
    let mut parts = text.split(';').map(str::trim);
    let count = parts.next()?.parse().ok()?;
    let window = parts.find_map(|part| part.strip_prefix("w=")?.parse().ok());
    Some((count, window.map(Duration::from_secs)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_limits_as_docker_hub_writes_them() {
        assert_eq!(
            parse_limit("100;w=21600"),
            Some((100, Some(Duration::from_secs(21600))))
        );
        assert_eq!(parse_limit("7"), Some((7, None)));
        assert_eq!(parse_limit("many"), None);
        assert_eq!(parse_limit(""), None);
    }
}
