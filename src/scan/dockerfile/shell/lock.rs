//! What the other commands of a script do about what one of them fetches: check its checksum, check out a commit.

use super::command::{Call, Command, Operator, is_shell};
use super::fetch::Setting;
use crate::scan::dockerfile::add::is_commit;

/// What would make sure that the same bytes are fetched each time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lock {
    /// Something that the command itself says.
    By(&'static str),
    /// Nothing.
    Nothing,
    /// A checksum that another command checks.
    Checksum,
    /// A commit that another command checks out.
    Commit,
}

/// Commands that succeed, and end nothing.
const NOTHING: [&str; 4] = ["true", ":", "echo", "printf"];

/// The commands of a script.
pub(super) struct Script<'a> {
    pub(super) commands: &'a [Command],
    pub(super) calls: Vec<Option<Call<'a>>>,
    /// What becomes of each command's output.
    outputs: Vec<Output>,
    /// The last command that checks a checksum or signature.
    last_check: Option<usize>,
    /// The last command that goes to a commit.
    last_commit: Option<usize>,
}

/// What the commands do that read one's output, and those that read theirs.
#[derive(Clone, Copy, Debug)]
struct Output {
    /// One of them checks it.
    checked: bool,
    /// One of them runs it.
    run: bool,
    /// They only keep it, or there are none.
    kept: bool,
}

impl<'a> Script<'a> {
    pub(super) fn new(commands: &'a [Command], setting: &Setting<'_>) -> Self {
        let calls: Vec<_> = commands.iter().map(Command::call).collect();
        let nothing = Output { checked: false, run: false, kept: true };
        let mut script = Self {
            commands,
            calls,
            outputs: vec![nothing; commands.len()],
            last_check: None,
            last_commit: None,
        };
        // Each command is behind those whose output it reads.
        for index in (0..commands.len()).rev() {
            let is_check = script.is_check(index) && !script.is_ignored(index);
            script.last_check = script.last_check.or(is_check.then_some(index));
            if let Some(next) = commands[index].piped_to.filter(|next| *next > index) {
                script.outputs[index] = script.output_to(next);
            }
        }
        let goes = |call: &Option<Call<'_>>| call.as_ref().is_some_and(|call| goes_to_commit(call, setting));
        script.last_commit = script.calls.iter().rposition(goes);
        script
    }

    fn call(&self, index: usize) -> Option<&Call<'a>> {
        self.calls.get(index)?.as_ref()
    }

    /// What becomes of output that a command reads.
    fn output_to(&self, next: usize) -> Output {
        let call = self.call(next);
        let behind = self.outputs[next];
        Output {
            checked: behind.checked || self.is_check(next) && !self.is_ignored(next),
            run: behind.run || call.is_some_and(Call::is_interpreter),
            kept: behind.kept && call.is_some_and(|call| call.name == "tee"),
        }
    }

    /// Whether what a command fetches is held against a checksum.
    pub(super) fn is_checked(&self, index: usize) -> bool {
        let output = self.outputs[index];
        let is_kept = output.kept && self.commands[index].inside.is_none();
        output.checked || is_kept && self.last_check.is_some_and(|check| check > index)
    }

    /// Whether a repository is left at a commit.
    pub(super) fn is_at_commit(&self, index: usize) -> bool {
        self.last_commit.is_some_and(|commit| commit >= index)
    }

    /// Whether what a command fetches is run without being kept.
    pub(super) fn is_run(&self, index: usize) -> bool {
        let runs_word =
            |call: &Call<'_>| is_shell(&call.name) || matches!(call.name.as_str(), "eval" | "source" | ".");
        let around = self.commands[index].inside.and_then(|around| self.call(around));
        self.outputs[index].run || around.is_some_and(runs_word)
    }

    /// Whether the script goes on as if nothing had happened where a command fails: `… || true`.
    fn is_ignored(&self, index: usize) -> bool {
        let next = index + 1;
        let Some(command) = self.commands.get(next) else {
            return false;
        };
        match command.before {
            Operator::Background => true,
            // What follows in a block or behind `&&` may end the script.
            Operator::Or => {
                let does_nothing = |call: &Call<'_>| NOTHING.contains(&call.name.as_str());
                let goes_on = self.commands.get(next + 1).is_none_or(|after| after.before != Operator::And);
                goes_on
                    && command.top == self.commands[index].top
                    && command.first() != "{"
                    && self.call(next).is_some_and(does_nothing)
            }
            _ => false,
        }
    }

    /// Whether a command fails where a checksum or signature is wrong.
    fn is_check(&self, index: usize) -> bool {
        let Some(call) = self.call(index) else {
            return false;
        };
        let options = call.options(&["-a", "--algorithm", "--keyring", "--homedir"]);
        match call.name.as_str() {
            "sha224sum" | "sha256sum" | "sha384sum" | "sha512sum" | "b2sum" | "shasum" => {
                let around = self.commands[index].inside.and_then(|around| self.call(around));
                options.has(&["-c", "--check"])
                    || around.is_some_and(|call| matches!(call.name.as_str(), "[" | "[[" | "test"))
            }
            "gpg" | "gpg2" => options.has(&["--verify", "--verify-files"]),
            "gpgv" | "get-filehash" | "slsa-verifier" => true,
            "cosign" => options.subcommand().0 == "verify-blob",
            "minisign" => options.has(&["-V"]),
            _ => false,
        }
    }
}

/// Whether a command of git goes to a commit by its full name.
fn goes_to_commit(call: &Call<'_>, setting: &Setting<'_>) -> bool {
    let options = call.options(super::tools::GIT_VALUED);
    let (command, rest) = options.subcommand();
    let goes = matches!(command, "checkout" | "reset" | "switch" | "fetch" | "worktree" | "clone");
    let revision = options.value(&["--revision"]);
    call.name == "git" && goes && rest.iter().copied().chain(revision).any(|word| names_commit(word, setting))
}

/// Whether a word is a commit's full name, or a variable that has one: the lock gives that of a pin.
fn names_commit(word: &str, setting: &Setting<'_>) -> bool {
    let name = word
        .strip_prefix('$')
        .map(|name| name.strip_prefix('{').and_then(|name| name.strip_suffix('}')).unwrap_or(name));
    is_commit(word)
        || name.is_some_and(|name| {
            let is_pin =
                name.starts_with("PIN_") && name.ends_with("_COMMIT") && super::options::is_name(name);
            is_pin || (setting.variable)(name).is_some_and(|value| is_commit(&value))
        })
}
