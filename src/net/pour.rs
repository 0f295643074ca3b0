//! A body that may be larger than memory: it goes on, piece by piece, as it comes.

use std::sync::PoisonError;
use std::time::Duration;

use reqwest::header::CONTENT_ENCODING;
use tokio::time::Instant;
use url::Url;

use super::NetError;
use super::body::Body;
use super::client::Inner;
use super::error::Place;
use super::exchange::{Failure, is_compression, slow};
use super::message::{Request, Target};
use super::response::Response;

/// The slowest that an honest server is, in bytes a second: one that sends a byte now and then would never end.
const SLOWEST: u64 = 4 << 10;

/// The longest that a whole file may take, whatever its size: no run waits for days for a server that is just not slow
/// enough.
const LONGEST: Duration = Duration::from_hours(1);

impl Inner {
    /// Passes the body of a good answer on. That of any other is not read: what an error page says is not used.
    pub(super) async fn pour(
        &self,
        request: &Request,
        url: &Url,
        mut answer: reqwest::Response,
        sink: &Target,
    ) -> Result<Response, Failure> {
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let mut response = Response { status, headers, url: url.clone(), body: Body::default() };
        let lock = || sink.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = match status {
            200 => 0,
            206 => usize::try_from(lock().kept()).unwrap_or(usize::MAX),
            _ => return Ok(response),
        };
        let place = || Place::of(url);
        let refused = |what| Failure::Final(NetError::Refused { place: place(), what });
        let encoding = answer.headers().get(CONTENT_ENCODING).and_then(|value| value.to_str().ok());
        if encoding.is_some_and(|encoding| is_compression(encoding) && !is_its_own(encoding, &request.url)) {
            return Err(refused("compressed its answer, although it was asked not to".into()));
        }
        let limit = request.limit();
        let left = limit.saturating_sub(kept);
        let too_large = || Failure::Final(NetError::TooLarge { place: place(), limit });
        if answer.content_length().unwrap_or(0) > left as u64 {
            return Err(too_large());
        }
        lock().begin(&response).map_err(refused)?;
        let (begun, mut length) = (Instant::now(), 0);
        while let Some(chunk) = answer.chunk().await.map_err(|error| self.failure(url, &error, true))? {
            self.counters.received(place().host(), chunk.len());
            length += chunk.len();
            if length > left {
                return Err(too_large());
            }
            let most = most(self.whole(), length);
            if begun.elapsed() > most {
                return Err(slow(url, most, false));
            }
            lock().take(&chunk).map_err(refused)?;
        }
        response.body = Body::elsewhere(length);
        Ok(response)
    }
}

/// How long this much of a file may take, where an answer of any size may take `whole`.
fn most(whole: Duration, length: usize) -> Duration {
    whole.saturating_add(Duration::from_secs(length as u64 / SLOWEST)).min(LONGEST)
}

/// Whether what a server calls the compression of its answer is that of the file itself: many say so of a `.tar.gz`, and
/// send it as it is.
fn is_its_own(encoding: &str, url: &Url) -> bool {
    let is_gzip = matches!(encoding.trim().to_ascii_lowercase().as_str(), "gzip" | "x-gzip");
    is_gzip && [".gz", ".tgz"].iter().any(|ending| url.path().ends_with(ending))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn more_may_take_longer_and_nothing_takes_days() {
        let whole = Duration::from_secs(300);
        for (length, most_of_it) in
            [(0, 300), (4 << 10, 301), (4 << 20, 300 + 1024), (16 << 20, 3600), (4 << 30, 3600)]
        {
            assert_eq!(most(whole, length), Duration::from_secs(most_of_it), "{length}");
        }
        assert_eq!(most(Duration::MAX, 1), LONGEST);
    }
}
