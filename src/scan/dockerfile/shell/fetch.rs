//! What the commands of one script fetch.

use std::ops::Range;
use std::sync::LazyLock;

use aho_corasick::{AhoCorasick, AhoCorasickKind};

use super::command::{Call, Command, Shell};
use super::lock::{Lock, Script};
use super::{gate, packages, tools};
use crate::scan::{Fetch, Packages};

/// Something that a command fetches.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::scan::dockerfile) struct Found {
    /// The command with its arguments.
    pub(in crate::scan::dockerfile) span: Range<usize>,
    pub(in crate::scan::dockerfile) fetch: Fetch,
}

/// What is known of the stage that a script runs in.
#[derive(Clone, Copy)]
pub(in crate::scan::dockerfile) struct Setting<'a> {
    /// The value of a variable, where the file tells.
    pub(in crate::scan::dockerfile) variable: &'a dyn Fn(&str) -> Option<String>,
    /// Whether a variable is an argument that the file leaves to the build, whether that gave it or not.
    pub(in crate::scan::dockerfile) given: &'a dyn Fn(&str) -> bool,
    /// What runs the script.
    pub(in crate::scan::dockerfile) shell: Shell,
    /// Whether Debian's packages come from a snapshot.
    pub(in crate::scan::dockerfile) snapshot: bool,
    /// Whether packages of Node are installed, so that `npx` may find its command there.
    pub(in crate::scan::dockerfile) modules: bool,
    /// Whether Bundler was told to keep to its lock file.
    pub(in crate::scan::dockerfile) frozen: bool,
}

/// What one command fetches, before its script is looked at.
pub(super) struct Fetched {
    pub(super) tool: &'static str,
    pub(super) what: String,
    pub(super) lock: Lock,
    /// What an installation of Debian's packages asks for.
    pub(super) packages: Option<Box<Packages>>,
}

impl Fetched {
    pub(super) fn new(tool: &'static str, what: &[&str], lock: Lock) -> Self {
        Self { tool, what: what.join(" "), lock, packages: None }
    }
}

/// What is in the name of every command that [`fetched`] knows, and in what else a stage remembers.
const NAMES: &[&str] = &[
    "curl",
    "wget",
    "invoke-webrequest",
    "iwr",
    "invoke-restmethod",
    "irm",
    "git",
    "apt",
    "apk",
    "dnf",
    "yum",
    "zypper",
    "rpm",
    "uv",
    "pip",
    "poetry",
    "npm",
    "yarn",
    "npx",
    "gem",
    "bundle",
    "go",
    "cargo",
    "composer",
    "snapshot",
];

/// Whether a script has the name of a command that fetches, or says where packages come from. Most do neither, and need
/// not be read.
pub(in crate::scan::dockerfile) fn may_matter(script: &str) -> bool {
    static SEARCH: LazyLock<Option<AhoCorasick>> = LazyLock::new(|| {
        let kind = Some(AhoCorasickKind::DFA);
        AhoCorasick::builder().ascii_case_insensitive(true).kind(kind).build(NAMES).ok()
    });
    SEARCH.as_ref().is_none_or(|search| search.is_match(script))
}

/// What the commands of a script fetch.
pub(in crate::scan::dockerfile) fn fetches(commands: &[Command], setting: &Setting<'_>) -> Vec<Found> {
    let script = Script::new(commands, setting);
    let gated = gate::gated(commands, setting);
    let mut found: Vec<Found> = Vec::new();
    for (index, call) in script.calls.iter().enumerate() {
        let Some((call, fetched)) = call.as_ref().and_then(|call| Some((call, fetched(call, setting)?)))
        else {
            continue;
        };
        let locked_by = match fetched.lock {
            Lock::By(what) => Some(what),
            Lock::Nothing => None,
            Lock::Checksum => script.is_checked(index).then_some("a checksum"),
            Lock::Commit => script.is_at_commit(index).then_some("a commit"),
        };
        let tool = match fetched.tool {
            "curl" if script.is_run(index) => "curl | sh",
            "wget" if script.is_run(index) => "wget | sh",
            tool => tool,
        };
        let packages = fetched.packages.map(|packages| {
            let checked = gated.get(&index).cloned();
            let given = checked.as_deref().and_then(setting.variable);
            Box::new(Packages { checked, given, ..*packages })
        });
        let fetch = Fetch { tool, what: fetched.what, locked_by, checksum: None, packages };
        found.push(Found { span: call.span.clone(), fetch });
    }
    // What stands in the script of a `sh -c` was read with the command around it and on its own.
    found.sort_by_key(|found| (found.span.start, found.span.end));
    found.dedup_by_key(|found| found.span.clone());
    found
}

fn fetched(call: &Call<'_>, setting: &Setting<'_>) -> Option<Fetched> {
    match call.name.as_str() {
        "curl" => tools::curl(call),
        "wget" => tools::wget(call),
        "invoke-webrequest" | "iwr" | "invoke-restmethod" | "irm" => tools::powershell(call),
        "git" => tools::git(call),
        "apt" | "apt-get" | "aptitude" => packages::apt(call, setting),
        "apk" => packages::apk(call),
        "dnf" | "dnf5" | "yum" | "microdnf" | "tdnf" => packages::dnf(call),
        "zypper" => packages::zypper(call),
        "rpm" => packages::rpm(call),
        name => super::languages::fetched(name, call, setting),
    }
}
