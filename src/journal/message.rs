//! The messages of a journal's commits.

use std::fmt::Write as _;

use super::contents::{News, one_line};
use crate::model::{PinName, harmless};

/// More lines than a person reads.
const MAX_LINES: usize = 20;

/// More decisions of a person than are made between two meetings of journals.
const MAX_TRAILERS: usize = 100;

const TRAILERS: [&str; 3] = ["Pin: ", "To: ", "Because: "];

/// A choice that a person forced. It stays readable in the journal's history.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// The pin.
    pub pin: PinName,
    /// What it was moved to.
    pub to: String,
    /// Why.
    pub because: String,
}

impl Decision {
    /// As lines at the end of a message.
    pub(super) fn trailers(&self) -> [String; 3] {
        let because = one_line(&self.because);
        [format!("Pin: {}", self.pin), format!("To: {}", one_line(&self.to)), format!("Because: {because}")]
    }
}

/// A message: what is new, in which folder, and what people decided. `what` follows the number of sightings.
pub(super) fn message(news: &[(String, News)], what: (&str, &str), trailers: &[String]) -> String {
    let seen: Vec<String> = news
        .iter()
        .flat_map(|(folder, news)| {
            let place = if folder.is_empty() { String::new() } else { format!("{}: ", harmless(folder)) };
            news.seen.iter().map(move |(pin, tag)| format!("{place}{pin} {}", harmless(tag)))
        })
        .collect();
    let others: usize = news.iter().map(|(_, news)| news.others).sum();
    let subject = match (seen.len(), others) {
        (0, 0) => "a decision".into(),
        (0, 1) => format!("1 {} notice", what.0),
        (0, count) => format!("{count} {} notices", what.0),
        (1, _) => format!("1 {} sighting{}", what.0, what.1),
        (count, _) => format!("{count} {} sightings{}", what.0, what.1),
    };
    let mut text = format!("journal: {subject}\n");
    if !seen.is_empty() {
        text.push('\n');
    }
    for line in seen.iter().take(MAX_LINES) {
        let _ = writeln!(text, "{line}");
    }
    if seen.len() > MAX_LINES {
        let _ = writeln!(text, "and {} more", seen.len() - MAX_LINES);
    }
    if !trailers.is_empty() {
        let _ = writeln!(text, "\n{}", trailers.join("\n"));
    }
    text
}

/// The decisions at the end of a message, to be told again by a commit that takes this one's place.
pub(super) fn trailers(message: &str) -> Vec<String> {
    let Some((_, last)) = message.trim_end().rsplit_once("\n\n") else {
        return Vec::new();
    };
    let known = |line: &str| TRAILERS.iter().any(|key| line.starts_with(key));
    match last.lines().all(known) {
        true => last.lines().take(3 * MAX_TRAILERS).map(str::to_owned).collect(),
        false => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn news(count: usize, others: usize) -> News {
        let seen = (0..count).map(|i| ("tool".parse().unwrap(), format!("1.{i}"))).collect();
        News { seen, others }
    }

    #[test]
    fn decisions_are_told_and_found_again() {
        let because = "a fix\n\nSigned-off-by: nobody\u{1b}".to_owned();
        let decision = Decision { pin: "tool".parse().unwrap(), to: "1.9".into(), because };
        let text = message(&[(String::new(), news(1, 0))], ("new", ""), &decision.trailers());
        let end = "Pin: tool\nTo: 1.9\nBecause: a fix Signed-off-by: nobody\\u{1b}\n";
        assert_eq!(text, format!("journal: 1 new sighting\n\ntool 1.0\n\n{end}"));
        assert_eq!(trailers(&text), decision.trailers());
        assert!(trailers("journal: 1 new sighting\n\ntool 1.0\n").is_empty());
        assert!(trailers("journal: 1 new sighting\n").is_empty());
    }

    #[test]
    fn a_long_list_is_cut() {
        let text = message(&[("services/pay".into(), news(30, 2))], ("new", ""), &[]);
        assert!(text.starts_with("journal: 30 new sightings\n\nservices/pay: tool 1.0\n"), "{text}");
        assert!(text.ends_with("services/pay: tool 1.19\nand 10 more\n"), "{text}");
        assert_eq!(message(&[(String::new(), news(0, 2))], ("new", ""), &[]), "journal: 2 new notices\n");
    }
}
