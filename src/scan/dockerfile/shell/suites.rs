//! Whether the suites that apt installs from are held against a pin before it does: the digests of the `InRelease` files
//! that `apt-get update` fetched, against the build argument that the lock gives.
//!
//! ```sh
//! test "$(sha256sum /run/solera-pin/lists/*InRelease | cut -c-64 | sort | paste -sd,)" = "$PIN_BOOKWORM_INRELEASE"
//! ```

use super::lock::Script;
use super::packages::updates;
use super::stop::stops;
use super::{Word, options};

impl Script<'_> {
    /// The build argument that the suites are held against before the installation at `index`, in a way that ends the
    /// script where they are others.
    pub(super) fn suites_checked(&self, index: usize) -> Option<String> {
        // What stands between is updated again, or reads other lists than those that were looked at.
        let calls = self.calls.iter().take(index).rposition(|call| call.as_ref().is_some_and(updates));
        let own = self.calls.get(index)?.as_ref()?;
        if updates(own) || own.arguments.iter().any(|word| word.text().contains("Dir::")) {
            return None;
        }
        let candidates = calls.map_or(0, |update| update + 1)..index;
        candidates.rev().find_map(|check| {
            let argument = self.compares_suites(check)?;
            stops(self.commands, check, index).then_some(argument)
        })
    }

    /// The argument that a command compares digests of `InRelease` files with.
    fn compares_suites(&self, index: usize) -> Option<String> {
        let call = self.calls.get(index)?.as_ref()?;
        let words: Vec<&str> = call.arguments.iter().map(Word::text).collect();
        let operands = match (call.name.as_str(), words.as_slice()) {
            ("test", [left, "=" | "==", right])
            | ("[", [left, "=" | "==", right, "]"])
            | ("[[", [left, "=" | "==", right, "]]"]) => [*left, *right],
            _ => return None,
        };
        let is_substitution = |word: &&str| {
            word.starts_with("$(") && word.ends_with(')') || word.starts_with('`') && word.ends_with('`')
        };
        let argument = operands.iter().find_map(|word| inrelease_argument(word))?;
        (operands.iter().any(|word| is_substitution(word)) && self.hashes_suites(index))
            .then(|| argument.to_owned())
    }

    /// Whether a command within a word of this one hashes all `InRelease` files of a folder.
    fn hashes_suites(&self, index: usize) -> bool {
        let within =
            self.commands.iter().zip(&self.calls).filter(|(command, _)| command.inside == Some(index));
        within.filter_map(|(_, call)| call.as_ref()).any(|call| {
            call.name == "sha256sum"
                && call
                    .arguments
                    .iter()
                    .any(|word| word.text().ends_with("*InRelease") || word.text().ends_with("*_InRelease"))
        })
    }
}

/// `$PIN_<NAME>_INRELEASE`, also in braces and with what is said where it is not set.
fn inrelease_argument(word: &str) -> Option<&str> {
    let name = word.strip_prefix('$')?;
    let name = match name.strip_prefix('{').and_then(|name| name.strip_suffix('}')) {
        Some(inner) => inner.split_once(":?").or(inner.split_once('?')).map_or(inner, |(name, _)| name),
        None => name,
    };
    let is_pin = name.starts_with("PIN_") && name.ends_with("_INRELEASE") && options::is_name(name);
    is_pin.then_some(name)
}
