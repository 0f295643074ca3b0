//! How much more a host will answer, as its rate-limit headers say: `ratelimit-limit` and `ratelimit-remaining` with `;w=`
//! as Docker Hub has them, the same names with `ratelimit-reset`, those with `x-` before them, and `ratelimit` of the IETF's
//! later drafts (draft-ietf-httpapi-ratelimit-headers).

use std::time::Duration;

use super::response::Response;
use super::retry::http_date;

/// A number above this is a time since 1970, and none below is.
const TIME: u64 = 1_000_000_000;

/// What is left of a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Allowance {
    /// How many requests the host answers in a window, where it says so.
    pub limit: Option<u64>,
    /// How many of them are left.
    pub remaining: u64,
    /// How long a window is, where it says so.
    pub window: Option<Duration>,
    /// When there is more again, where it says so.
    pub reset: Option<Duration>,
}

impl Allowance {
    /// What an answer says, if it says how much remains.
    pub(super) fn of(response: &Response) -> Option<Self> {
        Self::combined(response.header("ratelimit")).or_else(|| {
            let named = |name: &str| {
                let plain = response.header(&format!("ratelimit-{name}"));
                plain.or_else(|| response.header(&format!("x-ratelimit-{name}")))
            };
            let remaining = named("remaining")?;
            let limit = named("limit");
            let date = response.header("date").and_then(http_date);
            Some(Self {
                limit: limit.and_then(first),
                remaining: first(remaining)?,
                window: parameter(remaining, "w").or_else(|| parameter(limit?, "w")).map(Duration::from_secs),
                reset: named("reset").and_then(first).and_then(|reset| until(reset, date)),
            })
        })
    }

    /// `"name";r=50;t=30`: of several, the one with the least left.
    fn combined(header: Option<&str>) -> Option<Self> {
        let items = header?.split(',').filter_map(|item| {
            let reset = parameter(item, "t").map(Duration::from_secs);
            Some(Self { limit: None, remaining: parameter(item, "r")?, window: None, reset })
        });
        items.min_by_key(|item| item.remaining)
    }
}

/// The number that a header begins with.
fn first(header: &str) -> Option<u64> {
    header.split([',', ';']).next()?.trim().parse().ok()
}

/// The parameter `name` of a header's first item.
fn parameter(header: &str, name: &str) -> Option<u64> {
    let item = header.split(',').next()?;
    let mut parameters = item.split(';').skip(1).filter_map(|part| part.split_once('='));
    parameters.find(|(key, _)| key.trim() == name)?.1.trim().parse().ok()
}

/// The time until `reset`, which is seconds from now or a time since 1970. The latter counts from the answer's own `Date`.
fn until(reset: u64, date: Option<i64>) -> Option<Duration> {
    match reset < TIME {
        true => Some(Duration::from_secs(reset)),
        false => Some(Duration::from_secs(reset.saturating_sub(u64::try_from(date?).ok()?))),
    }
}

#[cfg(test)]
mod tests {
    use reqwest::header::{HeaderMap, HeaderName};

    use super::*;

    /// Limit, what remains, window and reset.
    fn of(headers: &[(&str, &str)]) -> Option<[Option<u64>; 4]> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.append(name.parse::<HeaderName>().unwrap(), value.parse().unwrap());
        }
        let url = "https://r.example/".parse().unwrap();
        let found = Allowance::of(&Response { status: 200, headers: map, url, body: "".into() })?;
        let seconds = |duration: Option<Duration>| duration.map(|it| it.as_secs());
        Some([found.limit, Some(found.remaining), seconds(found.window), seconds(found.reset)])
    }

    #[test]
    fn each_spelling_is_read() {
        let hub = [("ratelimit-limit", "100;w=21600"), ("ratelimit-remaining", "76;w=21600")];
        assert_eq!(of(&hub), Some([Some(100), Some(76), Some(21600), None]));
        let date = ("date", "Sun, 06 Nov 2033 08:49:37 GMT");
        let time = http_date(date.1).unwrap() + 42;
        let forge = [
            ("x-ratelimit-limit", "60"),
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", &time.to_string()),
        ];
        assert_eq!(of(&forge), Some([Some(60), Some(0), None, None]), "without a date nobody knows");
        assert_eq!(of(&[&forge[..], &[date]].concat()), Some([Some(60), Some(0), None, Some(42)]));
        let draft = [
            ("RateLimit-Limit", "10, 10;w=1, 50;w=60"),
            ("RateLimit-Remaining", "3"),
            ("RateLimit-Reset", "7"),
        ];
        assert_eq!(of(&draft), Some([Some(10), Some(3), None, Some(7)]));
        let later = [("RateLimit", "\"burst\";r=9;t=1, \"day\";r=2;t=30")];
        assert_eq!(of(&later), Some([None, Some(2), None, Some(30)]));
    }

    #[test]
    fn nonsense_is_no_allowance() {
        for value in ["", "many", "-1", "1.5", ";w=1"] {
            assert_eq!(of(&[("ratelimit-remaining", value)]), None, "{value}");
        }
        assert_eq!(of(&[("ratelimit-limit", "100;w=1")]), None);
        assert_eq!(of(&[("ratelimit", "\"x\";q=1")]), None);
    }
}
