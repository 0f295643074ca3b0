//! What was asked of whom, for a person who wants to know more, and for who reads logs.

use std::time::Duration;

use crate::net::{Allowance, Stats, Tally};
use crate::report::human::count;

/// All of it in a line, and a line for each host.
pub(super) fn summary(stats: &Stats) -> String {
    let files = if stats.files == 0 { String::new() } else { format!(", {} files", stats.files) };
    let mut text = format!(
        "requests: {} ({} heads, {} manifests, {} tag pages, {} tokens, {} blobs, {} git, {} forge{files}); {} bytes, \
         {} retries\n",
        stats.requests(),
        stats.heads,
        stats.manifests,
        stats.tag_pages,
        stats.tokens,
        stats.blobs,
        stats.git,
        stats.forge,
        stats.bytes,
        stats.retries,
    );
    let width = stats.hosts.keys().map(String::len).max().unwrap_or_default();
    for (host, tally) in &stats.hosts {
        text.push_str(&format!("  {host:<width$}  {}\n", line(tally)));
    }
    text
}

fn line(tally: &Tally) -> String {
    let mut parts = vec![
        count(usize::try_from(tally.requests).unwrap_or(usize::MAX), "request"),
        format!("{} bytes", tally.bytes),
        format!("{} retries", tally.retries),
        in_seconds(tally.time),
    ];
    if !tally.paused.is_zero() {
        parts.push(format!("left alone for {}", in_seconds(tally.paused)));
    }
    parts.extend(tally.allowance.as_ref().map(left));
    parts.join(", ")
}

/// What a host will still answer, as it says.
pub(super) fn left(allowance: &Allowance) -> String {
    let limit = allowance.limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
    let window = allowance.window.map(|window| format!(" in {}", span(window))).unwrap_or_default();
    let reset = allowance.reset.map(|reset| format!(", more in {}", span(reset))).unwrap_or_default();
    format!("{}{limit}{window} left{reset}", allowance.remaining)
}

fn span(duration: Duration) -> String {
    match duration.as_secs() {
        seconds if seconds >= 3600 && seconds.is_multiple_of(3600) => format!("{} h", seconds / 3600),
        seconds if seconds >= 60 && seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        seconds => format!("{seconds} s"),
    }
}

fn in_seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

/// The same as events.
pub(super) fn log(stats: &Stats) {
    for (host, tally) in &stats.hosts {
        let ms = |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        tracing::info!(
            host = host.as_str(),
            requests = tally.requests,
            bytes = tally.bytes,
            retries = tally.retries,
            ms = ms(tally.time),
            paused_ms = ms(tally.paused),
            remaining = tally.allowance.map(|allowance| allowance.remaining),
            "host"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_host_has_its_line() {
        let mut stats = Stats { heads: 2, bytes: 7, ..Stats::default() };
        let allowance = Allowance {
            limit: Some(100),
            remaining: 76,
            window: Some(Duration::from_secs(21600)),
            reset: None,
        };
        let time = Duration::from_millis(1234);
        stats.hosts.insert(
            "r.example".into(),
            Tally { requests: 2, bytes: 7, time, allowance: Some(allowance), ..Tally::default() },
        );
        let pause = Duration::from_secs(30);
        stats
            .hosts
            .insert("a:1".into(), Tally { requests: 1, retries: 1, paused: pause, ..Tally::default() });
        let text = summary(&stats);
        let lines: Vec<&str> = text.lines().skip(1).collect();
        assert_eq!(
            lines,
            [
                "  a:1        1 request, 0 bytes, 1 retries, 0.0 s, left alone for 30.0 s",
                "  r.example  2 requests, 7 bytes, 0 retries, 1.2 s, 76 of 100 in 6 h left"
            ]
        );
    }
}
