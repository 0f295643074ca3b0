//! What the package managers of distributions fetch.

use std::collections::BTreeSet;

use super::command::Call;
use super::fetch::{Fetched, Setting};
use super::lock::Lock;
use super::options::Options;
use crate::scan::Packages;

const APT_VALUED: &[&str] = &[
    "-o",
    "-c",
    "-t",
    "-a",
    "--option",
    "--config-file",
    "--target-release",
    "--default-release",
    "--snapshot",
    "--solver",
    "--planner",
    "--host-architecture",
    "--with-source",
];

/// The arguments of apt.
fn options<'a>(call: &Call<'a>) -> Options<'a> {
    let mut options = call.options(APT_VALUED);
    // What is left of `-q 2`, the level apart: no package has such a name.
    options.others.retain(|word| !word.bytes().all(|b| b.is_ascii_digit()));
    options
}

pub(super) fn apt(call: &Call<'_>, setting: &Setting<'_>) -> Option<Fetched> {
    let options = options(call);
    let (command, packages) = options.subcommand();
    let tool = match (call.name.as_str(), command) {
        ("apt", "install") => "apt install",
        ("aptitude", "install") => "aptitude install",
        (_, "install" | "reinstall" | "satisfy") => "apt-get install",
        ("apt", "upgrade" | "full-upgrade" | "dist-upgrade") => "apt upgrade",
        (_, "upgrade" | "dist-upgrade" | "full-upgrade" | "safe-upgrade") => "apt-get upgrade",
        (_, "build-dep" | "source" | "download") => "apt-get",
        _ => return None,
    };
    let not = [
        "-s",
        "--simulate",
        "--just-print",
        "--dry-run",
        "--recon",
        "--no-act",
        "--no-download",
        "--print-uris",
    ];
    let upgrade = tool.ends_with("upgrade");
    if options.has(&not) || !upgrade && !has_outside(packages, call.fed, ".deb") {
        return None;
    }
    let locked = setting.snapshot || options.has(&["--snapshot"]);
    let lock = if locked { Lock::By("a snapshot of the archive") } else { Lock::Nothing };
    let wanted = match command {
        "install" | "reinstall" | "download" => wanted(packages, call.fed),
        "satisfy" => Packages { untold: Some(packages.join(" ")), ..Packages::default() },
        _ => Packages::default(),
    };
    Some(Fetched { packages: Some(Box::new(wanted)), ..Fetched::new(tool, packages, lock) })
}

/// Whether a call of apt reads the configuration, and the lists, that those before it read, and fetches no others.
pub(super) fn keeps_lists(call: &Call<'_>) -> bool {
    let options = options(call);
    let other = ["-c", "--config-file", "-U", "--update"];
    // apt does not tell `Dir` from `dir`, nor `--option` from `--Option`.
    let is_other = |name: &str| options.is_given_in_any_case(name);
    let changes = |value: &str| {
        let setting = value.trim_start_matches('=').trim_start().to_ascii_lowercase();
        let key = setting.split('=').next().unwrap_or_default().trim_end();
        let moves =
            ["dir", "rootdir", "apt::update", "#", "$", "`"].iter().any(|start| key.starts_with(start));
        moves && key != "dir::cache::archives"
    };
    !other.into_iter().any(is_other) && !options.values("-o", "--option").any(changes)
}

/// The packages that words of an installation ask for.
fn wanted(words: &[&str], fed: bool) -> Packages {
    let mut names: Vec<String> = Vec::new();
    let (mut seen, mut untold) = (BTreeSet::new(), Vec::<&str>::new());
    for word in words.iter().filter(|word| !is_file(word, ".deb")) {
        match asked(word) {
            Some(Asked::Install(name)) if !seen.insert(name) => {}
            Some(Asked::Install(name)) => names.push(name.to_owned()),
            Some(Asked::Remove) => {}
            None => untold.push(word),
        }
    }
    if fed {
        untold.push("what is piped to xargs");
    }
    Packages { names, untold: (!untold.is_empty()).then(|| untold.join(" ")), checked: None, given: None }
}

/// What a word of an installation asks for.
enum Asked<'a> {
    Install(&'a str),
    Remove,
}

/// `name[:architecture][=version | /suite][+ | -]`; `None` where the word alone does not tell the package.
fn asked(word: &str) -> Option<Asked<'_>> {
    let name = word.split(['=', '/']).next().unwrap_or_default();
    let name = name.split(':').next().unwrap_or_default();
    let (name, remove) = match word.strip_suffix('-') {
        Some(_) => (name.trim_end_matches('-'), true),
        // `g++` is a package; what has one `+` behind it is to be installed.
        None if !name.ends_with("++") => (name.strip_suffix('+').unwrap_or(name), false),
        None => (name, false),
    };
    let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '+' | '-' | '.');
    let is_name = name.len() > 1
        && name.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && name.chars().all(allowed);
    let told = is_name && !word.contains("://");
    told.then_some(if remove { Asked::Remove } else { Asked::Install(name) })
}

pub(super) fn apk(call: &Call<'_>) -> Option<Fetched> {
    let options = call.options(&[
        "-t",
        "-X",
        "-p",
        "--virtual",
        "--repository",
        "--repositories-file",
        "--root",
        "--arch",
        "--cache-dir",
        "--keys-dir",
        "--wait",
    ]);
    let (command, packages) = options.subcommand();
    let tool = match command {
        "add" if has_outside(packages, call.fed, ".apk") => "apk add",
        "upgrade" => "apk upgrade",
        "fetch" if !packages.is_empty() => "apk fetch",
        _ => return None,
    };
    let not = ["--no-network", "-s", "--simulate"];
    (!options.has(&not)).then(|| Fetched::new(tool, packages, Lock::Nothing))
}

pub(super) fn dnf(call: &Call<'_>) -> Option<Fetched> {
    let options = call.options(&[
        "-x",
        "-c",
        "--exclude",
        "--repo",
        "--repoid",
        "--enablerepo",
        "--disablerepo",
        "--setopt",
        "--releasever",
        "--installroot",
        "--config",
        "--disableplugin",
        "--enableplugin",
        "--forcearch",
    ]);
    let (command, packages) = options.subcommand();
    let install = match (command, packages) {
        ("install" | "in" | "localinstall" | "reinstall" | "groupinstall" | "builddep" | "build-dep", _)
        | ("group" | "module", ["install", ..]) => true,
        ("update" | "upgrade" | "up" | "distro-sync" | "swap", _) => false,
        _ => return None,
    };
    if options.has(&["-C", "--cacheonly"]) || install && !has_outside(packages, call.fed, ".rpm") {
        return None;
    }
    let tool = match (call.name.as_str(), install) {
        ("yum", true) => "yum install",
        ("yum", false) => "yum upgrade",
        ("microdnf", true) => "microdnf install",
        ("microdnf", false) => "microdnf upgrade",
        (_, true) => "dnf install",
        (_, false) => "dnf upgrade",
    };
    Some(Fetched::new(tool, packages, Lock::Nothing))
}

pub(super) fn zypper(call: &Call<'_>) -> Option<Fetched> {
    let options =
        call.options(&["-r", "-R", "-t", "-p", "--repo", "--root", "--from", "--type", "--plus-repo"]);
    let (command, packages) = options.subcommand();
    let tool = match command {
        "install" | "in" if has_outside(packages, call.fed, ".rpm") => "zypper install",
        "update" | "up" | "dist-upgrade" | "dup" | "patch" => "zypper update",
        _ => return None,
    };
    let not = ["-D", "--dry-run", "--no-refresh-and-download"];
    (!options.has(&not)).then(|| Fetched::new(tool, packages, Lock::Nothing))
}

pub(super) fn rpm(call: &Call<'_>) -> Option<Fetched> {
    let options = call.options(&["--root", "--dbpath", "-D", "--define"]);
    let is_url =
        |word: &&str| ["http://", "https://", "ftp://"].iter().any(|scheme| word.starts_with(scheme));
    let urls: Vec<&str> = options.others.iter().copied().filter(is_url).collect();
    (!urls.is_empty()).then(|| Fetched::new("rpm", &urls, Lock::Nothing))
}

/// Whether some package is not a file that is already there.
fn has_outside(packages: &[&str], fed: bool, extension: &str) -> bool {
    fed || packages.iter().any(|package| !is_file(package, extension))
}

fn is_file(package: &str, extension: &str) -> bool {
    (package.starts_with(['.', '/']) || package.ends_with(extension)) && !package.contains("://")
}
