//! Whether the suites that apt installs from are held against a pin before it does: the digests of the `InRelease` files
//! that `apt-get update` fetched, against the build argument that the lock gives.
//!
//! ```sh
//! test "$(sha256sum /run/solera-pin/lists/*InRelease | cut -c-64 | sort | paste -sd,)" = "$PIN_BOOKWORM_INRELEASE"
//! ```

use super::command::Call;
use super::lock::Script;
use super::packages::updates;
use super::stop::stops;
use super::{Word, options};

/// More commands than any script has that a person writes: what a longer one compares is not looked at, because each
/// installation is held against each comparison.
const LONGEST: usize = 2000;

impl Script<'_> {
    /// The build argument that the suites are held against before the installation at `index`, in a way that ends the
    /// script where they are others.
    pub(super) fn suites_checked(&self, index: usize) -> Option<String> {
        let own = self.calls.get(index)?.as_ref()?;
        // Other lists than those that were looked at.
        if updates(own) || own.arguments.iter().any(|word| word.text().contains("Dir::")) {
            return None;
        }
        if self.commands.len() > LONGEST {
            return None;
        }
        // What was compared before another update says nothing.
        let is_update = |call: &Option<Call<'_>>| call.as_ref().is_some_and(updates);
        let updated = self.calls.iter().take(index).rposition(is_update);
        let mut candidates = (updated.map_or(0, |update| update + 1)..index).rev();
        candidates.find_map(|check| {
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
        (operands.iter().any(is_substitution) && self.hashes_suites(index)).then(|| argument.to_owned())
    }

    /// Whether a command within a word of this one hashes all `InRelease` files of a folder.
    fn hashes_suites(&self, index: usize) -> bool {
        let behind = self.commands.iter().zip(&self.calls).skip(index + 1);
        let within = behind.take_while(|(command, _)| command.inside.is_some());
        let own = within.filter(|(command, _)| command.inside == Some(index));
        let all = |word: &Word| ["/*InRelease", "/*_InRelease"].iter().any(|end| word.text().ends_with(end));
        own.filter_map(|(_, call)| call.as_ref())
            .any(|call| call.name == "sha256sum" && call.arguments.iter().any(all))
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
