//! The comparison of the suites that apt installs from with a pin: the digests of the `InRelease` files that
//! `apt-get update` fetched, with the build argument that the lock gives.
//!
//! ```sh
//! test "$(sha256sum /run/solera-pin/lists/*InRelease | cut -c-64 | sort | paste -sd,)" = "$PIN_BOOKWORM_INRELEASE"
//! ```

use super::command::{Command, Operator};
use super::{Word, options};

/// The files that are compared: those that apt reads.
const FILES: &str = "/run/solera-pin/lists/*InRelease";

/// What may put the digests into order and onto one line.
const FILTERS: [&str; 6] = ["cut", "sort", "paste", "tr", "awk", "sed"];

/// The argument that a command compares the suites with. `words` are its words, `within` the commands of its
/// substitutions.
pub(super) fn compared<'a>(words: &[&'a str], within: &[Command]) -> Option<&'a str> {
    let operands = match *words {
        ["test", left, "=" | "==", right]
        | ["[", left, "=" | "==", right, "]"]
        | ["[[", left, "=" | "==", right, "]]"] => [left, right],
        _ => return None,
    };
    let argument = operands.into_iter().find_map(inrelease_argument)?;
    let is_substitution = |word: &str| {
        word.starts_with("$(") && word.ends_with(')') || word.starts_with('`') && word.ends_with('`')
    };
    (operands.into_iter().any(is_substitution) && hashes_suites(within)).then_some(argument)
}

/// Whether commands are one pipe that hashes the files.
fn hashes_suites(commands: &[Command]) -> bool {
    let Some((first, filters)) = commands.split_first() else {
        return false;
    };
    let mut words = first.words.iter().map(Word::text);
    let hashes = words.next() == Some("sha256sum") && words.filter(|word| !word.starts_with('-')).eq([FILES]);
    let is_filter = |command: &Command| {
        let name = command.words.first().map_or("", Word::text);
        command.before == Operator::Pipe && FILTERS.contains(&name)
    };
    hashes && first.before == Operator::Sequence && filters.iter().all(is_filter)
}

/// `$PIN_<NAME>_INRELEASE`, also in braces and with what is said where it is not set.
fn inrelease_argument(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let name = match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(inner) => inner.split_once(":?").or(inner.split_once('?')).map_or(inner, |(name, _)| name),
        None => name,
    };
    is_inrelease(name).then_some(name)
}

/// Whether a name is that of such an argument.
pub(super) fn is_inrelease(name: &str) -> bool {
    name.starts_with("PIN_") && name.ends_with("_INRELEASE") && options::is_name(name)
}
