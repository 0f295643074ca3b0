//! What is passed on to a builder as it is: how it works, and nothing of what it builds. Pure.

use std::ffi::OsString;

use crate::error::Error;

/// What takes a value: the machine's means, the network, what a `RUN` may do.
const WITH_VALUE: [&str; 31] = [
    "add-host",
    "allow",
    "authfile",
    "build-arg",
    "builder",
    "cap-add",
    "cap-drop",
    "cert-dir",
    "cgroup-parent",
    "cpu-period",
    "cpu-quota",
    "cpu-shares",
    "cpuset-cpus",
    "cpuset-mems",
    "dns",
    "dns-option",
    "dns-search",
    "isolation",
    "jobs",
    "memory",
    "memory-swap",
    "network",
    "retry",
    "retry-delay",
    "runtime",
    "secret",
    "security-opt",
    "shm-size",
    "ssh",
    "ulimit",
    "userns",
];

/// What takes none, or `=true`.
const ALONE: [&str; 5] = ["debug", "http-proxy", "no-cache", "no-hosts", "tls-verify"];

/// Refuses what could change what is built, from what, and where it goes.
pub(super) fn check(further: &[OsString]) -> Result<(), Error> {
    let mut words = further.iter().map(|word| word.to_string_lossy());
    while let Some(word) = words.next() {
        let refuse = |why: &str| {
            let error = Error::usage(format!("`{word}` is not passed on: {why}"));
            let all = format!("--{}", [&WITH_VALUE[..], &ALONE[..]].concat().join(", --"));
            Err(error.hint(format!("what is passed on: {all}")))
        };
        let Some(text) = word.strip_prefix("--").filter(|text| !text.is_empty()) else {
            return refuse("what is built, from what and to where is said here");
        };
        let (name, value) = match text.split_once('=') {
            Some((name, value)) => (name, Some(value.to_owned())),
            None => (text, None),
        };
        if ALONE.contains(&name) {
            continue;
        }
        if !WITH_VALUE.contains(&name) {
            return refuse("what is built, from what and to where is said here");
        }
        let Some(value) = value.or_else(|| words.next().map(std::borrow::Cow::into_owned)) else {
            return refuse("its value is missing");
        };
        match name {
            "build-arg" if value.starts_with("PIN_") => {
                return refuse("the lock gives the pins their values");
            }
            "secret" if value.contains("sources-list") => return refuse("that secret is made of the lock"),
            _ => {}
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(words: &[&str]) -> bool {
        check(&words.iter().map(OsString::from).collect::<Vec<_>>()).is_ok()
    }

    #[test]
    fn how_a_builder_works_is_passed_on_and_nothing_of_what_it_builds() {
        for words in [
            &["--network=host"][..],
            &["--network", "host", "--no-cache"],
            &["--build-arg", "HTTP_PROXY=http://p.example:1"],
            &["--secret=id=npm,src=token", "--builder", "remote"],
            &["--tls-verify=false"],
            &[],
        ] {
            assert!(passes(words), "{words:?}");
        }
        for words in [
            &["/etc"][..],
            &["-qf", "evil"],
            &["-f", "x"],
            &["-"],
            &["--"],
            &["--file=x"],
            &["--no-cache", "/etc"],
            &["--build-arg-file=x"],
            &["--build-arg=PIN_RUST=x"],
            &["--build-arg", "PIN_RUST=x"],
            &["--build-arg"],
            &["--secret=id=sources-list,src=x"],
            &["--target=build"],
            &["--squash"],
            &["--volume=/etc:/etc"],
            &["--cache-from=evil.example/x"],
            &["--unsetlabel=org.opencontainers.image.revision"],
            &["--iidfile=x"],
            &["--attest=type=provenance,mode=min"],
            &["--source-date-epoch=1"],
            &["--network"],
        ] {
            assert!(!passes(words), "{words:?}");
        }
    }
}
