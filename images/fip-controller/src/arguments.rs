//! The arguments as one value.

use std::ffi::OsString;
use std::fmt;

use crate::render::Format;

/// What the arguments ask for.
#[derive(Debug)]
pub enum Command {
    /// Show the help.
    Help,
    /// Show the version.
    Version,
    /// Make a plan.
    Plan(Request),
}

/// The options and aliases of `plan`, as they were given.
#[derive(Debug, Default)]
pub struct Request {
    /// `--interface`
    pub interface: Option<String>,
    /// The aliases that are arguments.
    pub aliases: Vec<String>,
    /// Every `--file`, in order.
    pub files: Vec<String>,
    /// `--present`
    pub present: Option<String>,
    /// `--format`
    pub format: Option<Format>,
    /// `--no-labels`
    pub no_labels: bool,
    /// `--check`
    pub check: bool,
}

/// Arguments that ask for nothing this program does.
#[derive(Debug, PartialEq, Eq)]
pub struct UsageError(String);

impl UsageError {
    /// Says what is wrong and what was expected.
    pub fn new(reason: impl fmt::Display) -> Self {
        Self(reason.to_string())
    }
}

impl fmt::Display for UsageError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} (see fip-controller --help)", self.0)
    }
}

impl std::error::Error for UsageError {}

/// Reads the arguments, without the program's name.
pub fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<Command, UsageError> {
    let mut words = Vec::new();
    for argument in arguments {
        let word = argument
            .into_string()
            .map_err(|word| UsageError::new(format_args!("{word:?} is not UTF-8 text")))?;
        words.push(word);
    }
    let mut words = words.into_iter();
    match words.next().as_deref() {
        Some("plan") => parse_request(words),
        Some("help" | "-h" | "--help") => Ok(Command::Help),
        Some("-V" | "--version") => Ok(Command::Version),
        Some(other) => Err(UsageError::new(format_args!("{other:?} is not a command; expected plan"))),
        None => Err(UsageError::new("there is no command; expected plan")),
    }
}

fn parse_request(mut words: impl Iterator<Item = String>) -> Result<Command, UsageError> {
    let mut request = Request::default();
    while let Some(word) = words.next() {
        if word == "--" {
            request.aliases.extend(words);
            break;
        }
        let (name, inline) = match word.split_once('=') {
            Some((name, value)) if name.starts_with("--") => (name, Some(value)),
            _ => (word.as_str(), None),
        };
        let mut value = || {
            let value = inline.map(String::from).or_else(|| words.next());
            value.ok_or_else(|| UsageError::new(format_args!("{name} has no value")))
        };
        match name {
            "-h" | "--help" => return Ok(Command::Help),
            "-V" | "--version" => return Ok(Command::Version),
            "-i" | "--interface" => set_once(&mut request.interface, name, value()?)?,
            "-p" | "--present" => set_once(&mut request.present, name, value()?)?,
            "--format" => set_once(&mut request.format, name, parse_format(&value()?)?)?,
            "-f" | "--file" => request.files.push(value()?),
            _ if inline.is_none() && !name.starts_with('-') => request.aliases.push(word),
            _ => set_flag(&mut request, name, inline)?,
        }
    }
    Ok(Command::Plan(request))
}

fn set_flag(request: &mut Request, name: &str, inline: Option<&str>) -> Result<(), UsageError> {
    let flag = match name {
        "--no-labels" => &mut request.no_labels,
        "--check" => &mut request.check,
        _ => return Err(UsageError::new(format_args!("{name:?} is not an option of plan"))),
    };
    if inline.is_some() {
        return Err(UsageError::new(format_args!("{name} takes no value")));
    }
    *flag = true;
    Ok(())
}

fn set_once<T>(place: &mut Option<T>, name: &str, value: T) -> Result<(), UsageError> {
    match place.replace(value) {
        None => Ok(()),
        Some(_) => Err(UsageError::new(format_args!("{name} is given twice"))),
    }
}

fn parse_format(text: &str) -> Result<Format, UsageError> {
    match text {
        "text" => Ok(Format::Text),
        "ip" => Ok(Format::Ip),
        other => Err(UsageError::new(format_args!("{other:?} is not a format; expected text or ip"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse_words(words: &[&str]) -> Result<Command, UsageError> {
        parse(words.iter().map(OsString::from))
    }

    fn request(words: &[&str]) -> Request {
        match parse_words(words) {
            Ok(Command::Plan(request)) => request,
            other => unreachable!("{words:?}: {other:?}"),
        }
    }

    #[test]
    fn options_are_taken_in_every_form_and_order() {
        for words in [
            &["plan", "--interface", "eth0", "203.0.113.10", "--check"][..],
            &["plan", "--check", "--interface=eth0", "203.0.113.10"],
            &["plan", "203.0.113.10", "--check", "-i", "eth0"],
            &["plan", "-i", "eth0", "--check", "--", "203.0.113.10"],
        ] {
            let request = request(words);
            assert_eq!(request.interface.as_deref(), Some("eth0"), "{words:?}");
            assert_eq!(request.aliases, ["203.0.113.10"], "{words:?}");
            assert!(request.check && !request.no_labels, "{words:?}");
        }
    }

    #[test]
    fn files_are_many_and_what_is_present_is_one() {
        let request =
            request(&["plan", "-f", "a", "--file=b", "-f", "-", "-p", "c", "--format=ip", "--no-labels"]);
        assert_eq!(request.files, ["a", "b", "-"]);
        assert_eq!(request.present.as_deref(), Some("c"));
        assert_eq!(request.format, Some(Format::Ip));
        assert!(request.no_labels);
        assert!(parse_words(&["plan", "-p", "a", "--present", "b"]).is_err());
    }

    #[test]
    fn after_two_dashes_all_are_aliases() {
        assert_eq!(request(&["plan", "--", "--check", "-i"]).aliases, ["--check", "-i"]);
    }

    #[test]
    fn help_and_version_win_wherever_they_are() {
        for words in [&["--help"][..], &["-h"], &["help"], &["plan", "--help"], &["plan", "fip", "-h"]] {
            assert!(matches!(parse_words(words), Ok(Command::Help)), "{words:?}");
        }
        assert!(matches!(parse_words(&["--version"]), Ok(Command::Version)));
        assert!(matches!(parse_words(&["plan", "-V"]), Ok(Command::Version)));
    }

    #[test]
    fn an_error_says_what_was_expected() {
        for (words, expected) in [
            (&[][..], "there is no command; expected plan"),
            (&["apply"], "\"apply\" is not a command; expected plan"),
            (&["plan", "-i"], "-i has no value"),
            (&["plan", "-i", "eth0", "-i", "eth1"], "-i is given twice"),
            (&["plan", "--format", "yaml"], "\"yaml\" is not a format; expected text or ip"),
            (&["plan", "--check=yes"], "--check takes no value"),
            (&["plan", "--dry-run"], "\"--dry-run\" is not an option of plan"),
            (&["plan", "-"], "\"-\" is not an option of plan"),
        ] {
            let error = parse_words(words).unwrap_err().to_string();
            assert_eq!(error, format!("{expected} (see fip-controller --help)"), "{words:?}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn an_argument_that_is_not_text_is_refused() {
        use std::os::unix::ffi::OsStringExt as _;
        let words = ["plan".into(), OsString::from_vec(vec![0xff])];
        assert!(parse(words).unwrap_err().to_string().contains("is not UTF-8 text"));
    }
}
