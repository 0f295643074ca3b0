//! What the package managers of languages fetch.

use super::Word;
use super::command::Call;
use super::fetch::{Fetched, Setting};
use super::lock::Lock;
use super::options::Options;
use super::{node, python};
use crate::scan::dockerfile::add::is_commit;

/// What a command fetches.
pub(super) fn fetched(name: &str, call: &Call<'_>, setting: &Setting<'_>) -> Option<Fetched> {
    let variables = Variables { call, setting };
    let versioned = |name: &str, tool: &str| {
        name.strip_prefix(tool).is_some_and(|rest| rest.chars().all(|c| c.is_ascii_digit() || c == '.'))
    };
    match name {
        "uv" => python::uv(call, &variables),
        "uvx" => call.arguments.first().map(|word| Fetched::new("uvx", &[word.text()], Lock::Nothing)),
        "pipx" => python::pipx(call.arguments),
        "poetry" => python::poetry(call.arguments),
        "pipenv" => python::pipenv(call.arguments),
        "npm" => node::npm(call.arguments),
        "yarn" | "yarnpkg" => node::yarn(call.arguments, &variables),
        "pnpm" => node::pnpm(call.arguments, &variables),
        "npx" => node::npx(call.arguments, setting),
        "gem" => gem(call.arguments),
        "bundle" | "bundler" => bundle(call.arguments, &variables),
        "go" => go(call.arguments, &variables),
        "cargo" => cargo(call.arguments, &variables),
        "composer" => composer(call.arguments),
        name if versioned(name, "pip") => python::pip(call.arguments, call.fed, &variables),
        name if versioned(name, "python") || name == "py" => python::module(call, &variables),
        _ => None,
    }
}

/// The variables that a command sees.
pub(super) struct Variables<'a> {
    call: &'a Call<'a>,
    setting: &'a Setting<'a>,
}

impl Variables<'_> {
    fn get(&self, name: &str) -> Option<String> {
        let own = self
            .call
            .variables
            .iter()
            .rev()
            .find_map(|variable| variable.strip_prefix(name)?.strip_prefix('=').map(str::to_owned));
        own.or_else(|| (self.setting.variable)(name))
    }

    /// Whether a variable turns something on.
    pub(super) fn is_on(&self, name: &str) -> bool {
        let off = ["", "0", "false", "no", "off"];
        self.get(name).is_some_and(|value| !off.contains(&value.to_ascii_lowercase().as_str()))
    }
}

/// A lock, if there is one.
pub(super) fn by(condition: bool, lock: &'static str) -> Lock {
    if condition { Lock::By(lock) } else { Lock::Nothing }
}

fn gem(words: &[Word]) -> Option<Fetched> {
    let options = Options::new(
        words,
        &[
            "-v",
            "-n",
            "-i",
            "-s",
            "-P",
            "-g",
            "--version",
            "--bindir",
            "--install-dir",
            "--source",
            "--platform",
            "--file",
        ],
    );
    let (command, gems) = options.subcommand();
    let is_file = |gem: &&str| gem.ends_with(".gem");
    let local = options.has(&["-l", "--local"]) || !gems.is_empty() && gems.iter().all(is_file);
    match command {
        "install" | "i" if !gems.is_empty() || options.has(&["-g", "--file"]) => {}
        "update" | "fetch" => {}
        _ => return None,
    }
    (!local).then(|| Fetched::new("gem install", gems, Lock::Nothing))
}

fn bundle(words: &[Word], variables: &Variables<'_>) -> Option<Fetched> {
    let options =
        Options::new(words, &["-j", "-r", "--jobs", "--retry", "--gemfile", "--path", "--with", "--without"]);
    if options.has(&["--local", "-v", "--version", "-h", "--help"]) {
        return None;
    }
    let frozen = options.has(&["--frozen", "--deployment"])
        || variables.setting.frozen
        || ["BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"].iter().any(|name| variables.is_on(name));
    match options.subcommand() {
        ("" | "install", _) => Some(Fetched::new("bundle install", &[], by(frozen, "Gemfile.lock"))),
        ("update" | "add", gems) => Some(Fetched::new("bundle update", gems, Lock::Nothing)),
        _ => None,
    }
}

const GO_VALUED: &[&str] =
    &["-ldflags", "-tags", "-o", "-mod", "-gcflags", "-asmflags", "-C", "-p", "-modfile", "-reuse"];

fn go(words: &[Word], variables: &Variables<'_>) -> Option<Fetched> {
    let options = Options::new(words, GO_VALUED);
    let checked = variables.get("GOSUMDB").as_deref() != Some("off") && !variables.is_on("GONOSUMDB");
    let versions = |packages: &[&str]| {
        let is_own = |package: &&str| package.starts_with('.');
        let is_exact = |package: &&str| {
            let version = package.split_once('@').map_or("", |(_, version)| version);
            is_commit(version) || version.strip_prefix('v').is_some_and(is_full_version)
        };
        match packages.iter().all(is_own) {
            true => Lock::By("go.sum"),
            false => {
                by(checked && packages.iter().all(|p| is_own(p) || is_exact(p)), "the Go checksum database")
            }
        }
    };
    match options.others.as_slice() {
        ["mod", "download", packages @ ..] => {
            Some(Fetched::new("go mod download", packages, versions(packages)))
        }
        ["mod", "tidy"] => Some(Fetched::new("go mod tidy", &[], Lock::Nothing)),
        ["get", packages @ ..] => Some(Fetched::new("go get", packages, versions(packages))),
        // Without a version it is built from what the module's go.sum names.
        ["install", packages @ ..] if packages.iter().any(|package| package.contains('@')) => {
            Some(Fetched::new("go install", packages, versions(packages)))
        }
        ["run", package, ..] if package.contains('@') => {
            Some(Fetched::new("go run", &[package], versions(&[package])))
        }
        _ => None,
    }
}

/// `1.2.3`, with or without more behind it.
fn is_full_version(version: &str) -> bool {
    let core = version.split(['-', '+']).next().unwrap_or_default();
    let numbers: Vec<&str> = core.split('.').collect();
    numbers.len() == 3
        && numbers.iter().all(|part| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit()))
}

const CARGO_VALUED: &[&str] = &[
    "-F",
    "-p",
    "-j",
    "-Z",
    "-C",
    "--version",
    "--vers",
    "--git",
    "--rev",
    "--tag",
    "--branch",
    "--path",
    "--root",
    "--registry",
    "--features",
    "--bin",
    "--target",
    "--profile",
    "--jobs",
    "--target-dir",
    "--manifest-path",
    "--config",
    "--index",
    "--package",
    "--example",
    "--recipe-path",
];

fn cargo(words: &[Word], variables: &Variables<'_>) -> Option<Fetched> {
    let options = Options::new(words, CARGO_VALUED);
    if options.has(&["--offline", "--help", "-h", "-V"]) || variables.is_on("CARGO_NET_OFFLINE") {
        return None;
    }
    let others = match options.others.as_slice() {
        [toolchain, others @ ..] if toolchain.starts_with('+') => others,
        others => others,
    };
    let locked = options.has(&["--locked", "--frozen"]);
    let tool = match others {
        ["build" | "b", ..] => "cargo build",
        ["fetch", ..] => "cargo fetch",
        ["vendor", ..] => "cargo vendor",
        ["chef", "cook", ..] => "cargo chef cook",
        ["binstall", crates @ ..] => return Some(Fetched::new("cargo binstall", crates, Lock::Nothing)),
        ["install", crates @ ..] => return cargo_install(crates, &options, locked),
        _ => return None,
    };
    Some(Fetched::new(tool, &[], by(locked, "Cargo.lock")))
}

fn cargo_install(crates: &[&str], options: &Options<'_>, locked: bool) -> Option<Fetched> {
    let (git, path) = (options.value(&["--git"]), options.value(&["--path"]));
    let exact = |version: &str| is_full_version(version.strip_prefix('=').unwrap_or(version));
    let version = options.value(&["--version", "--vers"]).is_some_and(exact);
    let is_exact = |name: &&str| version || name.split_once('@').is_some_and(|(_, version)| exact(version));
    let (what, lock) = match (git, path) {
        (Some(url), _) => {
            let commit = options.value(&["--rev"]).is_some_and(is_commit);
            (vec![url], by(locked && commit, "--locked and a commit"))
        }
        (_, Some(path)) => (vec![path], by(locked, "Cargo.lock")),
        _ => (crates.to_vec(), by(locked && crates.iter().all(is_exact), "--locked and a version")),
    };
    (!what.is_empty()).then(|| Fetched::new("cargo install", &what, lock))
}

fn composer(words: &[Word]) -> Option<Fetched> {
    let options = Options::new(words, &["-d", "--working-dir"]);
    match options.others.as_slice() {
        ["install" | "i", ..] => Some(Fetched::new("composer install", &[], Lock::By("composer.lock"))),
        ["update" | "u" | "upgrade" | "require" | "r" | "create-project", packages @ ..]
        | ["global", "require" | "update", packages @ ..] => {
            Some(Fetched::new("composer require", packages, Lock::Nothing))
        }
        _ => None,
    }
}
