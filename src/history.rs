//! Recorded histories of upstreams: files that say which tag named something new when. Pure.
//!
//! Two forms are read. JSON, as public records of official images are kept: `images.NAME.tags[]`, each with `tag`,
//! `first_seen` and the times of its `moves`; other keys are not looked at, architectures among them. And text about
//! one upstream: `TAG<TAB>TIME[<TAB>CONTENT]` a line, in any order, `#` before comments.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde::Deserialize;

use crate::document::{Place, Problem, SourceFile};
use crate::model::{Sighting, Sightings};

/// A recorded history.
#[derive(Debug)]
pub struct History {
    /// What was seen, by the name that the file gives an image; under no name, where it is about one upstream.
    pub upstreams: BTreeMap<Option<String>, Sightings>,
    /// The time in which every change was recorded, where the file says.
    pub window: Option<(Timestamp, Timestamp)>,
}

impl History {
    /// Reads a file.
    pub fn parse(file: &Arc<SourceFile>) -> Result<Self, Problem> {
        let history = match file.text.trim_start().starts_with('{') {
            true => json(file)?,
            false => Self { upstreams: BTreeMap::from([(None, text(file)?)]), window: None },
        };
        match history.upstreams.values().all(Sightings::is_empty) {
            true => Err(Problem::new(Place::whole(file), "there is no tag in it")),
            false => Ok(history),
        }
    }

    /// What was seen of an upstream: under its whole name, or the end of that.
    pub fn of(&self, upstream: &str) -> Option<&Sightings> {
        if let Some(only) = self.upstreams.get(&None) {
            return Some(only);
        }
        let upstream = upstream.trim_end_matches(".git");
        let ends = upstream.match_indices('/').map(|(at, _)| &upstream[at + 1..]);
        std::iter::once(upstream).chain(ends).find_map(|name| self.upstreams.get(&Some(name.to_owned())))
    }

    /// The names that the file gives.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.upstreams.keys().filter_map(Option::as_deref)
    }
}

/// A time, or the start of a day in UTC.
pub fn parse_time(text: &str) -> Option<Timestamp> {
    let day = |text: &str| text.parse::<jiff::civil::Date>().ok();
    let midnight = |text| Some(day(text)?.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp());
    // A date parses as the date of a longer text too.
    if text.len() == "2026-12-01".len() { midnight(text) } else { text.parse().ok() }
}

#[derive(Deserialize)]
struct Recorded {
    window: Option<Window>,
    images: BTreeMap<String, RecordedImage>,
}

#[derive(Deserialize)]
struct Window {
    from: Time,
    to: Time,
}

#[derive(Deserialize)]
struct RecordedImage {
    tags: Vec<RecordedTag>,
}

#[derive(Deserialize)]
struct RecordedTag {
    tag: String,
    first_seen: Time,
    #[serde(default)]
    moves: Vec<Time>,
}

struct Time(Timestamp);

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let wrong = || serde::de::Error::custom(format!("{text:?} is no time such as 2026-06-01T12:00:00Z"));
        parse_time(&text).map(Self).ok_or_else(wrong)
    }
}

fn json(file: &Arc<SourceFile>) -> Result<History, Problem> {
    let recorded: Recorded = serde_json::from_str(&file.text).map_err(|error| {
        let text = error.to_string();
        let message = text.rsplit_once(" at line ").map_or(text.as_str(), |(message, _)| message);
        let message = format!("not a history that can be read: {message}");
        Problem::new(place(file, error.line(), error.column()), message)
    })?;
    let images = recorded.images.into_iter().map(|(name, image)| {
        let mut seen = Sightings::default();
        for RecordedTag { tag, first_seen, moves } in image.tags {
            for Time(time) in std::iter::once(first_seen).chain(moves) {
                seen.note(Sighting { tag: tag.clone(), content: time.to_string(), first_seen: time });
            }
        }
        (Some(name), seen)
    });
    let window = recorded.window.map(|window| (window.from.0, window.to.0));
    Ok(History { upstreams: images.collect(), window })
}

/// The place that a JSON error names: the last byte that was read.
fn place(file: &Arc<SourceFile>, line: usize, column: usize) -> Place {
    let start: usize = file.text.split_inclusive('\n').take(line.saturating_sub(1)).map(str::len).sum();
    let mut at = (start + column.saturating_sub(1)).min(file.text.len());
    while !file.text.is_char_boundary(at) {
        at -= 1;
    }
    let end = file.text[at..].chars().next().map_or(at, |last| at + last.len_utf8());
    Place { file: Arc::clone(file), span: at..end }
}

fn text(file: &Arc<SourceFile>) -> Result<Sightings, Problem> {
    let mut seen = Sightings::default();
    let mut start = 0;
    for whole in file.text.split_inclusive('\n') {
        let line = whole.trim_end();
        let span = start..start + line.len();
        start += whole.len();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let problem = |message: String| {
            let problem = Problem::new(Place { file: Arc::clone(file), span: span.clone() }, message);
            problem.help("a line is TAG<TAB>TIME, or TAG<TAB>TIME<TAB>CONTENT")
        };
        let fields: Vec<&str> = line.split('\t').collect();
        let (tag, time, content) = match fields[..] {
            [tag, time] => (tag, time, None),
            [tag, time, content] => (tag, time, Some(content)),
            [_] => return Err(problem("the line has no tab".to_owned())),
            _ => return Err(problem(format!("the line has {} columns", fields.len()))),
        };
        if tag.is_empty() || tag.contains(char::is_whitespace) {
            return Err(problem(format!("{tag:?} is no tag")));
        }
        let Some(first_seen) = parse_time(time) else {
            return Err(problem(format!("{time:?} is no time such as 2026-06-01T12:00:00Z or 2026-06-01")));
        };
        let content = content.map_or_else(|| first_seen.to_string(), str::to_owned);
        seen.note(Sighting { tag: tag.into(), content, first_seen });
    }
    Ok(seen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<History, String> {
        History::parse(&SourceFile::new("history", text)).map_err(|problem| {
            let (line, column) = problem.place.file.position(problem.place.span.start);
            format!("{line}:{column} {}", problem.message)
        })
    }

    #[test]
    fn a_record_has_a_line_for_the_first_time_and_one_for_each_move() {
        let history = read(
            r#"{"window": {"from": "2024-01-01", "to": "2024-02-01T00:00:00Z"}, "more": [1],
            "images": {"rust": {"file": "x", "tags": [{"tag": "1.75", "first_seen": "2023-12-28T23:01:32Z",
            "last_seen": null, "architectures": ["amd64"], "moves": ["2024-01-16T18:08:47Z"]}, {"tag": "1.76",
            "first_seen": "2024-02-08T18:40:34Z"}]}}}"#,
        );
        let history = history.unwrap();
        let seen = history.of("docker.io/library/rust").unwrap();
        let lines: Vec<String> =
            seen.lines().iter().map(|line| format!("{} {}", line.tag, line.first_seen)).collect();
        assert_eq!(
            lines,
            ["1.75 2023-12-28T23:01:32Z", "1.75 2024-01-16T18:08:47Z", "1.76 2024-02-08T18:40:34Z"]
        );
        assert_eq!(history.window.unwrap().0, parse_time("2024-01-01").unwrap());
        assert!(history.of("docker.io/library/trust").is_none());
        assert_eq!(history.names().collect::<Vec<_>>(), ["rust"]);
    }

    #[test]
    fn text_is_about_one_upstream() {
        let history =
            read("# of debian\n\n1.0\t2024-01-02\n1.0\t2024-01-03T06:00:00Z\tsha256:ab\r\n").unwrap();
        let seen = history.of("anything").unwrap();
        let lines = seen.of_tag("1.0");
        assert_eq!(
            lines.iter().map(|(content, _)| *content).collect::<Vec<_>>(),
            ["2024-01-02T00:00:00Z", "sha256:ab"]
        );
    }

    #[test]
    fn a_mistake_has_its_place() {
        let said = |text: &str| read(text).unwrap_err();
        assert_eq!(said("1.0\t2024-01-02\n1.1 2024-01-03\n"), "2:1 the line has no tab");
        let soon = "2:1 \"soon\" is no time such as 2026-06-01T12:00:00Z or 2026-06-01";
        assert_eq!(said("1.0\t2024-01-02\n1.1\tsoon\n"), soon);
        assert_eq!(said("\t2024-01-02\n"), "1:1 \"\" is no tag");
        assert_eq!(said(""), "1:1 there is no tag in it");
        assert_eq!(said("{\"images\": {}}"), "1:1 there is no tag in it");
        assert!(said("{\"images\": [\n").starts_with("1:"), "{}", said("{\"images\": [\n"));
        let time =
            said("{\"images\": {\"a\": {\"tags\": [\n{\"tag\": \"1\", \"first_seen\": \"2024-13-01\"}]}}}");
        assert!(time.starts_with("2:") && time.contains("\"2024-13-01\" is no time"), "{time}");
        assert!(
            said("{\"images\": {\"ä").contains("not a history that can be read: EOF"),
            "{}",
            said("{\"images\": {\"ä")
        );
    }
}
