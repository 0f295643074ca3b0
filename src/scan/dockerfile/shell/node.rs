//! What the package managers of Node fetch.

use super::Word;
use super::fetch::{Fetched, Setting};
use super::languages::{Variables, by};
use super::lock::Lock;
use super::options::Options;

const NODE_VALUED: &[&str] = &[
    "-w",
    "-C",
    "-F",
    "-p",
    "-c",
    "--prefix",
    "--workspace",
    "--registry",
    "--cache",
    "--userconfig",
    "--loglevel",
    "--omit",
    "--include",
    "--cwd",
    "--filter",
    "--dir",
    "--store-dir",
    "--network-timeout",
    "--package",
    "--call",
    "--cache-folder",
    "--modules-folder",
];

pub(super) fn npm(words: &[Word]) -> Option<Fetched> {
    let options = Options::new(words, NODE_VALUED);
    if options.has(&["--offline", "--dry-run", "--help", "-h"]) {
        return None;
    }
    match options.subcommand() {
        ("install" | "i" | "in" | "add" | "install-test" | "it", packages) => {
            Some(Fetched::new("npm install", packages, Lock::Nothing))
        }
        ("update" | "up" | "upgrade", packages) => Some(Fetched::new("npm update", packages, Lock::Nothing)),
        ("ci" | "clean-install" | "install-clean" | "install-ci-test" | "cit", _) => {
            Some(Fetched::new("npm ci", &[], Lock::By("package-lock.json")))
        }
        _ => None,
    }
}

pub(super) fn yarn(words: &[Word], variables: &Variables<'_>) -> Option<Fetched> {
    let options = Options::new(words, NODE_VALUED);
    if options.has(&["--offline", "-v", "--version", "-h", "--help"]) {
        return None;
    }
    let frozen = options.has(&["--frozen-lockfile", "--immutable"])
        || variables.is_on("YARN_ENABLE_IMMUTABLE_INSTALLS");
    match options.others.as_slice() {
        [] | ["install"] => Some(Fetched::new("yarn install", &[], by(frozen, "yarn.lock"))),
        ["add" | "up" | "upgrade" | "dlx" | "create", packages @ ..] | ["global", "add", packages @ ..] => {
            Some(Fetched::new("yarn add", packages, Lock::Nothing))
        }
        _ => None,
    }
}

pub(super) fn pnpm(words: &[Word], variables: &Variables<'_>) -> Option<Fetched> {
    let options = Options::new(words, NODE_VALUED);
    if options.has(&["--offline", "--help", "-h"]) {
        return None;
    }
    // In continuous integration it keeps to its lock file unless it is told not to.
    let frozen = options.has(&["--frozen-lockfile"])
        || variables.is_on("CI") && !options.has(&["--no-frozen-lockfile"]);
    match options.subcommand() {
        ("install" | "i", []) => Some(Fetched::new("pnpm install", &[], by(frozen, "pnpm-lock.yaml"))),
        ("ci", _) | ("fetch", _) => Some(Fetched::new("pnpm fetch", &[], Lock::By("pnpm-lock.yaml"))),
        ("add" | "install" | "i" | "update" | "up" | "dlx" | "create", packages) => {
            Some(Fetched::new("pnpm add", packages, Lock::Nothing))
        }
        _ => None,
    }
}

/// `npx` runs what is installed, where it is; only then is nothing fetched.
pub(super) fn npx(words: &[Word], setting: &Setting<'_>) -> Option<Fetched> {
    let options = Options::new(words, NODE_VALUED);
    let package = options.value(&["-p", "--package"]).or(options.others.first().copied())?;
    let not = ["--no-install", "--no", "--offline", "--version", "-v", "--help", "-h"];
    let asks = options.has(&["-y", "--yes", "-p", "--package"]) || package.get(1..)?.contains('@');
    let fetches = (asks || !setting.modules) && !options.has(&not);
    fetches.then(|| Fetched::new("npx", &[package], Lock::Nothing))
}
