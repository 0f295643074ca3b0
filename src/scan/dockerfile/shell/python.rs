//! What the package managers of Python fetch.

use super::Word;
use super::command::Call;
use super::fetch::Fetched;
use super::languages::{Variables, by};
use super::lock::Lock;
use super::options::Options;

/// `python -m pip install …`
pub(super) fn module(call: &Call<'_>, variables: &Variables<'_>) -> Option<Fetched> {
    let at = call.arguments.iter().position(|word| !word.text().starts_with('-') || word.text() == "-m")?;
    let [flag, name, rest @ ..] = &call.arguments[at..] else {
        return None;
    };
    match (flag.text(), name.text()) {
        ("-m", "pip") => pip(rest, call.fed, variables),
        ("-m", "pipx") => pipx(rest),
        ("-m", "poetry") => poetry(rest),
        ("-m", "pipenv") => pipenv(rest),
        _ => None,
    }
}

const PIP_VALUED: &[&str] = &[
    "-r",
    "-c",
    "-e",
    "-t",
    "-i",
    "-f",
    "-C",
    "-p",
    "--requirement",
    "--requirements",
    "--constraint",
    "--editable",
    "--target",
    "--index-url",
    "--extra-index-url",
    "--default-index",
    "--index",
    "--find-links",
    "--prefix",
    "--root",
    "--python",
    "--platform",
    "--cache-dir",
    "--trusted-host",
    "--timeout",
    "--retries",
    "--log",
    "--proxy",
    "--progress-bar",
    "--no-binary",
    "--only-binary",
    "--use-feature",
    "--config-settings",
    "--abi",
    "--implementation",
    "--python-version",
    "--src",
    "--upgrade-strategy",
    "--report",
    "-d",
    "--dest",
    "-w",
    "--wheel-dir",
    "--group",
    "--extra",
    "--project",
    "--directory",
    "--link-mode",
    "--package",
];

pub(super) fn pip(words: &[Word], fed: bool, variables: &Variables<'_>) -> Option<Fetched> {
    let options = Options::new(words, PIP_VALUED);
    let (command, packages) = options.subcommand();
    let tool = match command {
        "install" => "pip install",
        "download" | "wheel" => "pip download",
        _ => return None,
    };
    pip_install(tool, packages, &options, fed, variables)
}

/// What `pip install` and `uv pip install` fetch.
fn pip_install(
    tool: &'static str,
    packages: &[&str],
    options: &Options<'_>,
    fed: bool,
    variables: &Variables<'_>,
) -> Option<Fetched> {
    let mut what = packages.to_vec();
    let lists = ["-r", "--requirement", "--requirements", "-e", "--editable", "--group"];
    what.extend(options.value(&lists));
    let is_file = |package: &&str| package.ends_with(".whl") && !package.contains("://");
    let alone = options.has(&["--no-deps"]) && what.iter().all(is_file) && !fed;
    if alone || what.is_empty() && !fed || options.has(&["--dry-run", "-h", "--help", "--offline"]) {
        return None;
    }
    let hashes = options.has(&["--require-hashes"]) || variables.is_on("PIP_REQUIRE_HASHES");
    let lock = match options.has(&["--no-index"]) || variables.is_on("PIP_NO_INDEX") {
        true => Lock::By("--no-index"),
        false => by(hashes, "--require-hashes"),
    };
    Some(Fetched::new(tool, &what, lock))
}

pub(super) fn uv(call: &Call<'_>, variables: &Variables<'_>) -> Option<Fetched> {
    let options = call.options(PIP_VALUED);
    if options.has(&["--offline"]) {
        return None;
    }
    match options.others.as_slice() {
        ["pip", "install", packages @ ..] => {
            pip_install("uv pip install", packages, &options, call.fed, variables)
        }
        ["pip", "sync", files @ ..] => {
            let hashes = options.has(&["--require-hashes"]) || variables.is_on("UV_REQUIRE_HASHES");
            Some(Fetched::new("uv pip sync", files, by(hashes, "--require-hashes")))
        }
        ["sync", rest @ ..] => {
            let frozen = options.has(&["--frozen", "--locked"])
                || ["UV_FROZEN", "UV_LOCKED"].iter().any(|name| variables.is_on(name));
            Some(Fetched::new("uv sync", rest, by(frozen, "uv.lock")))
        }
        ["add", packages @ ..] => Some(Fetched::new("uv add", packages, Lock::Nothing)),
        ["tool", "install" | "run", packages @ ..] => Some(Fetched::new("uv tool", packages, Lock::Nothing)),
        _ => None,
    }
}

pub(super) fn pipx(words: &[Word]) -> Option<Fetched> {
    let options = Options::new(words, &["--python", "--spec", "--index-url", "-i", "--pip-args", "--suffix"]);
    match options.subcommand() {
        ("install" | "run" | "inject", packages) if !packages.is_empty() => {
            Some(Fetched::new("pipx install", packages, Lock::Nothing))
        }
        _ => None,
    }
}

pub(super) fn poetry(words: &[Word]) -> Option<Fetched> {
    let options = Options::new(
        words,
        &["-C", "-P", "-E", "--directory", "--project", "--extras", "--only", "--with", "--without"],
    );
    match options.subcommand() {
        ("install" | "sync", _) => Some(Fetched::new("poetry install", &[], Lock::By("poetry.lock"))),
        ("add" | "update", packages) => Some(Fetched::new("poetry add", packages, Lock::Nothing)),
        _ => None,
    }
}

pub(super) fn pipenv(words: &[Word]) -> Option<Fetched> {
    let options = Options::new(words, &["-r", "--requirements", "--python", "--categories"]);
    let lock = by(options.has(&["--deploy", "--ignore-pipfile"]), "Pipfile.lock");
    match options.subcommand() {
        ("install", packages) => Some(Fetched::new("pipenv install", packages, lock)),
        ("sync", _) => Some(Fetched::new("pipenv sync", &[], Lock::By("Pipfile.lock"))),
        ("update" | "upgrade", packages) => Some(Fetched::new("pipenv update", packages, Lock::Nothing)),
        _ => None,
    }
}
