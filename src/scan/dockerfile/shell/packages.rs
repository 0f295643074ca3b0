//! What the package managers of distributions fetch.

use super::command::Call;
use super::fetch::{Fetched, Setting};
use super::lock::Lock;

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
];

pub(super) fn apt(call: &Call<'_>, setting: &Setting<'_>) -> Option<Fetched> {
    let options = call.options(APT_VALUED);
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
    Some(Fetched::new(tool, packages, lock))
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
    let is_file = |package: &&str| {
        let is_path =
            package.starts_with(['.', '/']) || package.contains('/') && package.ends_with(extension);
        (is_path || package.ends_with(extension)) && !package.contains("://")
    };
    fed || packages.iter().any(|package| !is_file(package))
}
