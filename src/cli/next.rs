//! `next`: what a tag would move to, decided offline from a list of tags.

use std::io::{self, BufRead, Read};
use std::time::Duration;

use clap::Args;
use jiff::Timestamp;
use serde_json::{Value, json};

use super::Format;
use super::session::Session;
use crate::catalog::parse_duration;
use crate::error::{Error, Status};
use crate::history::parse_time;
use crate::plan::next::{Answer, Next, Rules};
use crate::report::json as report_json;
use crate::track::{infer, infer_prereleases, why_literal};

/// Say what a tag would move to, by the tags on standard input: one line for each kind of step, `LANE<TAB>TAG`
#[derive(Args)]
#[command(after_help = "\
Each line of standard input is a tag, optionally followed by a tab and the time at which it was first seen
(2026-05-31T12:00:00Z). Nothing is printed where nothing is newer. The lanes are patch, minor, major, date, pre and
shape; the last names a tag of another shape where nothing new comes in this one, for a person to look at.

  crane ls docker.io/library/rust | solera-pin next 1.88-slim-bookworm")]
pub(super) struct NextArgs {
    /// The tag that is in use
    #[arg(value_name = "TAG")]
    tag: String,
    /// How long ago a tag must have been first seen, where its line says when
    #[arg(long, value_name = "DURATION", default_value = "3d", value_parser = read_duration)]
    min_age: Duration,
    /// Let a release be followed by a prerelease
    #[arg(long)]
    prerelease: bool,
    /// The time to decide at, instead of the present
    #[arg(long, value_name = "TIME", value_parser = read_time)]
    now: Option<Timestamp>,
    /// The form of the answer; json has the reason for every tag of the shape
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

fn read_time(text: &str) -> Result<Timestamp, String> {
    parse_time(text).ok_or_else(|| "expected a time such as 2026-05-31T12:00:00Z, or a day".to_owned())
}

fn read_duration(text: &str) -> Result<Duration, String> {
    parse_duration(text).ok_or_else(|| "expected a duration such as 3d, 6h or 10m".to_owned())
}

pub(super) fn run(session: &mut Session<'_>, args: &NextArgs) -> Result<Status, Error> {
    if args.tag == "latest" {
        return nothing(session, args);
    }
    let track = infer(&args.tag).map_err(|error| Error::usage(error.to_string()))?;
    let rules = Rules {
        min_age: args.min_age,
        prerelease: args.prerelease,
        now: args.now.unwrap_or(session.app.now),
        reasons: args.format == Format::Json,
    };
    let shape = track.as_str().to_owned();
    let next = match infer_prereleases(&args.tag).filter(|_| args.prerelease) {
        Some(tracks) => Next::written_either_way(tracks, &args.tag, rules),
        None => Next::new(track, &args.tag, rules),
    };
    let mut next = next.ok_or_else(|| Error::usage(format!("`{}` is no tag", args.tag)))?;
    read(io::stdin().lock(), |tag, first_seen| next.take(tag, first_seen))?;
    say(session, args, &shape, &next.answer())
}

/// The answer for a tag that has no track.
fn nothing(session: &mut Session<'_>, args: &NextArgs) -> Result<Status, Error> {
    let mut answer = Answer { lanes: vec![], candidates: vec![], other_shapes: 0 };
    read(io::stdin().lock(), |tag, _| answer.other_shapes += usize::from(tag != args.tag))?;
    say(session, args, &args.tag, &answer)
}

fn say(session: &mut Session<'_>, args: &NextArgs, track: &str, answer: &Answer) -> Result<Status, Error> {
    if let Some(why) = why_literal(&args.tag) {
        session.output.note(&format!("{} cannot be compared with others: {why}\n", args.tag));
    }
    match args.format {
        Format::Human => {
            let lines = answer.lanes.iter().map(|(lane, tag)| format!("{lane}\t{tag}\n"));
            session.output.data(&lines.collect::<String>())?;
        }
        Format::Json => session.output.data(&document(&args.tag, track, answer))?,
    }
    Ok(Status::Done)
}

fn document(tag: &str, track: &str, answer: &Answer) -> String {
    let lanes: Value = answer.lanes.iter().map(|(lane, tag)| json!({ "lane": lane, "tag": tag })).collect();
    report_json::document(
        "next",
        [
            ("tag", json!(tag)),
            ("track", json!(track)),
            ("lanes", lanes),
            ("candidates", answer.candidates.iter().map(report_json::candidate).collect()),
            ("other_shapes", json!(answer.other_shapes)),
        ],
    )
}

/// The longest line that may be a tag and a time.
const LONGEST: u64 = 4096;

/// Reads tags line by line. A line that is no text, or longer than any tag, is no tag.
fn read(mut input: impl BufRead, mut take: impl FnMut(&str, Option<Timestamp>)) -> Result<(), Error> {
    let (mut line, mut number) = (Vec::new(), 0_usize);
    loop {
        line.clear();
        number += 1;
        if input.by_ref().take(LONGEST).read_until(b'\n', &mut line)? == 0 {
            return Ok(());
        }
        if line.len() as u64 == LONGEST && !line.ends_with(b"\n") {
            input.skip_until(b'\n')?;
            continue;
        }
        let Ok(text) = std::str::from_utf8(&line) else { continue };
        let text = if number == 1 { text.trim_start_matches('\u{feff}') } else { text };
        let (tag, time) = match text.split_once('\t') {
            Some((tag, time)) => (tag.trim(), Some(time.trim())),
            None => (text.trim(), None),
        };
        let first_seen = time.filter(|time| !time.is_empty()).map(|time| {
            parse_time(time).ok_or_else(|| {
                let error = Error::usage(format!("line {number} of standard input: `{time}` is no time"));
                error.hint("a time is written as 2026-05-31T12:00:00Z")
            })
        });
        let first_seen = first_seen.transpose()?;
        if !tag.is_empty() {
            take(tag, first_seen);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_tags_with_or_without_a_time() {
        let mut seen = Vec::new();
        let input = b"1.2\n1.3\t2026-05-31T12:00:00Z\r\n\n\xff\n1.4\t\n1.5";
        read(input.as_slice(), |tag, time| seen.push((tag.to_owned(), time.is_some()))).unwrap();
        let expected = [("1.2", false), ("1.3", true), ("1.4", false), ("1.5", false)];
        assert_eq!(seen, expected.map(|(tag, time)| (tag.to_owned(), time)));
        let mut seen = Vec::new();
        let long = format!("\u{feff} 1.2\n{}\n1.3 \t2026-05-31T12:00:00Z\n", "1".repeat(100_000));
        read(long.as_bytes(), |tag, _| seen.push(tag.to_owned())).unwrap();
        assert_eq!(seen, ["1.2", "1.3"]);
        let error = read(b"1.2\n1.3\tyesterday\n".as_slice(), |_, _| {}).unwrap_err();
        assert!(error.message.contains("line 2 of standard input"));
    }
}
