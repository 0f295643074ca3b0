//! Carries out what the arguments ask for: reads the files they name, writes the plan, gives the exit code.

use std::ffi::OsString;
use std::fmt;
use std::fs;
use std::io::{self, Read, Write};

use crate::arguments::{self, Command, Request, UsageError};
use crate::interface::Interface;
use crate::parse::{Kind, List, Listed};
use crate::plan::{Labels, Plan, plan};
use crate::render::{Format, actions, summary};

/// A plan was made, or help was given.
pub const OK: u8 = 0;
/// `--check`: the plan would change something.
pub const WOULD_CHANGE: u8 = 1;
/// The arguments or an input cannot be used, or the plan could not be written. There is no plan.
pub const BAD_INPUT: u8 = 2;

const VERSION: &str = concat!("fip-controller ", env!("CARGO_PKG_VERSION"), "\n");

const HELP: &str = "\
Plans the floating-IP aliases of a network interface. It only says what it would
do; it changes nothing.

Usage: fip-controller plan --interface NAME [OPTIONS] [ALIAS...]

An ALIAS is an IPv4 or IPv6 address such as 203.0.113.10 or 2001:db8::10/128.
Without a prefix it is a host's, /32 or /128. At least one ALIAS or one --file is
needed.

Options:
  -i, --interface NAME  the interface that the aliases are for
  -f, --file FILE       more aliases, one a line, # starts a comment; - is
                        standard input; can be repeated
  -p, --present FILE    the addresses bound now, written the same way. Those with
                        /32 or /128 that are not wanted are planned for removal:
                        leave out the node's own address where it is one of these
      --format FORMAT   text (the default), or ip for ip(8) commands
      --no-labels       no labels for IPv4 aliases (they are NAME:fip0, NAME:fip1
                        and so on, 15 characters at most)
      --check           exit with 1 if the plan would change anything
  -h, --help            this text
  -V, --version         the version

The actions go to standard output, one a line: first what is removed, then the
aliases in the order given. All else goes to standard error.

Exit codes:
  0  the plan was made
  1  the plan was made and would change something (with --check only)
  2  an argument or an input cannot be used; there is no plan
";

/// Where the program reads and writes.
pub struct Streams<'a> {
    /// Standard input, read where a file is `-`.
    pub input: &'a mut dyn Read,
    /// Takes the plan.
    pub output: &'a mut dyn Write,
    /// Takes the summary and the errors.
    pub errors: &'a mut dyn Write,
}

/// Runs the program with its arguments, without the program's name; the result is the exit code.
pub fn run(arguments: impl IntoIterator<Item = OsString>, streams: Streams<'_>) -> u8 {
    let Streams { input, output, errors } = streams;
    let outcome = arguments::parse(arguments).map_err(Failure::from).and_then(|command| match command {
        Command::Help => write_out(output, HELP).map(|()| OK),
        Command::Version => write_out(output, VERSION).map(|()| OK),
        Command::Plan(request) => run_plan(&request, input, output, errors),
    });
    outcome.unwrap_or_else(|Failure(lines)| {
        for line in lines {
            // Nobody is left to tell when standard error is gone too.
            let _ = writeln!(errors, "fip-controller: {line}");
        }
        BAD_INPUT
    })
}

/// Why the program cannot go on, one line for each reason.
#[derive(Debug)]
struct Failure(Vec<String>);

impl Failure {
    fn new(line: impl fmt::Display) -> Self {
        Self(vec![line.to_string()])
    }

    fn each(reasons: &[impl fmt::Display]) -> Self {
        Self(reasons.iter().map(ToString::to_string).collect())
    }
}

impl From<UsageError> for Failure {
    fn from(error: UsageError) -> Self {
        Self::new(error)
    }
}

fn run_plan(
    request: &Request,
    input: &mut dyn Read,
    output: &mut dyn Write,
    errors: &mut dyn Write,
) -> Result<u8, Failure> {
    let plan = make_plan(request, input)?;
    write_out(output, &actions(&plan, request.format.unwrap_or(Format::Text)))?;
    // The plan is out; a summary that cannot be written is no reason to call it failed.
    let _ = writeln!(errors, "fip-controller: {}", summary(&plan));
    Ok(if request.check && plan.changes_anything() { WOULD_CHANGE } else { OK })
}

fn make_plan(request: &Request, input: &mut dyn Read) -> Result<Plan, Failure> {
    let name = request.interface.as_deref().ok_or_else(|| UsageError::new("there is no --interface"))?;
    let interface =
        Interface::new(name).map_err(|error| Failure::new(format_args!("--interface: {error}")))?;
    if request.aliases.is_empty() && request.files.is_empty() {
        return Err(UsageError::new("there are no aliases; expected at least one ALIAS or one --file").into());
    }
    let inputs = request.files.iter().chain(&request.present);
    if inputs.filter(|file| *file == "-").count() > 1 {
        return Err(UsageError::new("standard input can be read only once; expected one - at most").into());
    }
    let wanted = read_wanted(request, input);
    let bound = request.present.as_deref().map(|file| read_bound(file, input)).transpose();
    // Both are read before either fails, so that one run shows the problems of both.
    let (wanted, bound) = match (wanted, bound) {
        (Ok(wanted), Ok(bound)) => (wanted, bound),
        (Err(Failure(mut lines)), Err(Failure(more))) => {
            lines.extend(more);
            return Err(Failure(lines));
        }
        (Err(failure), _) | (_, Err(failure)) => return Err(failure),
    };
    let labels = if request.no_labels { Labels::Off } else { Labels::Numbered };
    plan(&interface, &wanted, bound.as_deref(), labels).map_err(Failure::new)
}

fn read_wanted(request: &Request, input: &mut dyn Read) -> Result<Vec<Listed>, Failure> {
    let mut list = List::new(Kind::Wanted);
    for alias in &request.aliases {
        list.read_argument(alias);
    }
    for file in &request.files {
        let text = read_file(file, input)?;
        list.read_lines(place_name(file), &text);
    }
    list.finish().map_err(|problems| Failure::each(&problems))
}

fn read_bound(file: &str, input: &mut dyn Read) -> Result<Vec<Listed>, Failure> {
    let mut list = List::new(Kind::Bound);
    list.read_lines(place_name(file), &read_file(file, input)?);
    list.finish().map_err(|problems| Failure::each(&problems))
}

fn place_name(file: &str) -> &str {
    if file == "-" { "standard input" } else { file }
}

fn read_file(file: &str, input: &mut dyn Read) -> Result<String, Failure> {
    let read = if file == "-" {
        let mut bytes = Vec::new();
        input.read_to_end(&mut bytes).map(|_| bytes)
    } else {
        fs::read(file)
    };
    let name = place_name(file);
    let bytes = read.map_err(|error| Failure::new(format_args!("cannot read {name}: {error}")))?;
    String::from_utf8(bytes).map_err(|_| {
        Failure::new(format_args!("cannot read {name}: it is not UTF-8 text; expected one address a line"))
    })
}

/// A reader that has seen enough, such as `head`, is not an error.
fn write_out(output: &mut dyn Write, text: &str) -> Result<(), Failure> {
    match output.write_all(text.as_bytes()).and_then(|()| output.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format_args!("cannot write to standard output: {error}")))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_with(arguments: &[&str], mut input: &[u8]) -> (u8, String, String) {
        let (mut output, mut errors) = (Vec::new(), Vec::new());
        let streams = Streams { input: &mut input, output: &mut output, errors: &mut errors };
        let code = run(arguments.iter().map(OsString::from), streams);
        (code, String::from_utf8(output).unwrap(), String::from_utf8(errors).unwrap())
    }

    fn refusal(arguments: &[&str]) -> String {
        let (code, output, errors) = run_with(arguments, b"");
        assert_eq!((code, output.as_str()), (BAD_INPUT, ""), "{arguments:?}: {errors}");
        errors
    }

    #[test]
    fn help_and_version_go_to_standard_output() {
        assert_eq!(run_with(&["--help"], b""), (OK, HELP.into(), String::new()));
        assert_eq!(run_with(&["--version"], b""), (OK, VERSION.into(), String::new()));
    }

    #[test]
    fn what_is_missing_or_cannot_be_is_said() {
        for (arguments, expected) in [
            (&[][..], "there is no command"),
            (&["plan"], "there is no --interface"),
            (&["plan", "203.0.113.10"], "there is no --interface"),
            (&["plan", "-i", "eth0"], "there are no aliases"),
            (
                &["plan", "-i", "eth0", "--present", "-", "--file", "-"],
                "standard input can be read only once",
            ),
            (&["plan", "-i", "eth0", "-f", "-", "-f", "-"], "standard input can be read only once"),
            (&["plan", "-i", "eth0:1", "203.0.113.10"], "--interface: \"eth0:1\" is a label"),
        ] {
            let errors = refusal(arguments);
            assert!(errors.starts_with(&format!("fip-controller: {expected}")), "{arguments:?}: {errors}");
        }
    }

    #[test]
    fn standard_input_is_a_file() {
        let (code, output, _) =
            run_with(&["plan", "-i", "eth0", "-f", "-", "--no-labels"], b"203.0.113.10 # web\n");
        assert_eq!((code, output.as_str()), (OK, "add 203.0.113.10/32 dev eth0\n"));
    }

    #[test]
    fn check_tells_a_settled_node_from_one_to_change() {
        let arguments = ["plan", "-i", "eth0", "--check", "--present", "-", "203.0.113.10"];
        assert_eq!(run_with(&arguments, b"203.0.113.10/32\n10.0.0.5/24\n").0, OK);
        assert_eq!(run_with(&arguments, b"203.0.113.11/32\n").0, WOULD_CHANGE);
        assert_eq!(run_with(&arguments[..3], b"").0, BAD_INPUT);
    }

    #[test]
    fn problems_of_both_lists_are_shown_together() {
        let (code, output, errors) = run_with(&["plan", "-i", "eth0", "--present", "-", "::1"], b"\nfip\n");
        assert_eq!((code, output.as_str()), (BAD_INPUT, ""));
        assert_eq!(errors.lines().count(), 2);
        assert!(errors.contains("argument: ::1/128 is a loopback address"), "{errors}");
        assert!(errors.contains("standard input:2: \"fip\" is not an address"), "{errors}");
    }

    #[test]
    fn an_input_that_is_not_text_is_refused() {
        let (code, _, errors) = run_with(&["plan", "-i", "eth0", "-f", "-"], b"\xff\xfe");
        assert_eq!(code, BAD_INPUT);
        assert!(errors.contains("cannot read standard input: it is not UTF-8"), "{errors}");
    }

    struct Broken(io::ErrorKind);

    impl Write for Broken {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(self.0.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn an_output_that_fails_is_an_error_unless_its_reader_left() {
        for (kind, expected) in [(io::ErrorKind::BrokenPipe, OK), (io::ErrorKind::StorageFull, BAD_INPUT)] {
            let (mut output, mut errors) = (Broken(kind), Vec::new());
            let streams = Streams { input: &mut io::empty(), output: &mut output, errors: &mut errors };
            assert_eq!(run([OsString::from("--help")], streams), expected, "{kind:?}");
        }
    }
}
