//! What is asked again, and when: the one place that decides it.

use std::time::Duration;

use jiff::fmt::rfc2822::DateTimeParser;

/// Whether a status may go away by itself.
pub(super) fn is_transient(status: u16) -> bool {
    matches!(status, 408 | 429 | 500 | 502 | 503 | 504)
}

/// The delay after the `attempt`-th attempt (from 1) where the server asked for none: it doubles, up to `max`. There is
/// no jitter, so that the same answers give the same run: requests are bounded per host, and a host that asks for a
/// pause gets it from all of them.
pub(super) fn delay(attempt: u32, base: Duration, max: Duration) -> Duration {
    base.saturating_mul(2u32.saturating_pow(attempt.saturating_sub(1))).min(max)
}

/// The pause that `Retry-After` asks for, in seconds or with a date. A date counts from the answer's own `Date`, which
/// needs no clock and cannot be wrong by the difference of two. A pause of no length is none that was asked for.
pub(super) fn retry_after(value: &str, date: Option<&str>) -> Option<Duration> {
    let value = value.trim();
    let seconds = match !value.is_empty() && value.bytes().all(|b| b.is_ascii_digit()) {
        true => value.parse().unwrap_or(u64::MAX),
        false => u64::try_from(http_date(value)?.saturating_sub(http_date(date?)?)).unwrap_or(0),
    };
    Some(Duration::from_secs(seconds)).filter(|pause| !pause.is_zero())
}

/// A date as HTTP writes it (RFC 9110, section 5.6.7), in seconds since 1970.
pub(super) fn http_date(text: &str) -> Option<i64> {
    const PARSER: DateTimeParser = DateTimeParser::new();
    PARSER.parse_timestamp(text.trim()).ok().map(|time| time.as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exactly_six_statuses_are_transient() {
        let transient: Vec<u16> = (100..600).filter(|status| is_transient(*status)).collect();
        assert_eq!(transient, [408, 429, 500, 502, 503, 504]);
    }

    #[test]
    fn delays_double_up_to_the_cap() {
        let (base, max) = (Duration::from_millis(200), Duration::from_secs(60));
        let delays: Vec<_> = (1..5).map(|n| delay(n, base, max).as_millis()).collect();
        assert_eq!(delays, [200, 400, 800, 1600]);
        assert_eq!(delay(u32::MAX, base, max), max);
        assert_eq!(delay(3, Duration::ZERO, max), Duration::ZERO);
    }

    #[test]
    fn retry_after_is_seconds_or_a_date() {
        let seconds = |value, date| retry_after(value, date).map(|wait| wait.as_secs());
        let date = Some("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(seconds("120", None), Some(120));
        assert_eq!(seconds("0", None), None, "the ordinary delay");
        assert_eq!(seconds("99999999999999999999999", None), Some(u64::MAX));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:07 GMT", date), Some(30));
        assert_eq!(seconds("Sun, 06 Nov 1994 08:00:00 GMT", date), None, "in the past");
        for nonsense in ["", "-5", "soon", "1.5", "Sun, 99 Nov 1994 08:50:07 GMT"] {
            assert_eq!(seconds(nonsense, date), None, "{nonsense}");
        }
        assert_eq!(seconds("Sun, 06 Nov 1994 08:50:07 GMT", None), None);
    }
}
