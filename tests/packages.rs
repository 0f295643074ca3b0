//! Builds that install Debian's packages as `pins.lock` has them, with a real engine and real packages: images/fip-alias-agent
//! as it is, from a snapshot service and a live mirror that are made here.
//!
//! `session` holds the engine up, `archive` makes the states, `served` serves them where the engine is, `build` is one
//! repository with its lock. The base image and the packages come from where apt gets this machine's own
//! (`scripts/debs`).

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test fails by panicking, and makes its own files"
)]

#[path = "engine/archive.rs"]
mod archive;
#[path = "engine/installation.rs"]
#[allow(dead_code, reason = "the tests of `build` use the rest")]
mod installation;
#[path = "../examples/recorded-upstream/recorded.rs"]
mod recorded;
#[path = "engine/served.rs"]
mod served;
#[path = "engine/session.rs"]
#[allow(dead_code, reason = "the other test of the engine uses the rest")]
mod session;

use installation::{Built, Repository};

/// What apt asked a server for, by kind.
fn kind(path: &str) -> &'static str {
    match path {
        path if path.ends_with("/InRelease") => "InRelease",
        path if path.ends_with(".deb") => "deb",
        _ => "index",
    }
}

fn works_on(suite: &str) {
    let repository = Repository::make(suite);
    // The locked state, while the live mirror has dropped a package.
    repository.drop_from_live("libmnl0");
    let Built { output, snapshot, live, .. } = repository.build();
    assert!(output.contains("Unpacking iproute2"), "{output}");
    let of = |asked: &[(String, u16)], wanted: &str| -> Vec<(String, u16)> {
        asked.iter().filter(|(path, _)| kind(path) == wanted).cloned().collect()
    };
    assert!(of(&live, "InRelease").is_empty() && of(&live, "index").is_empty(), "{live:?}");
    assert_eq!(of(&snapshot, "InRelease").len(), 3, "{snapshot:?}");
    let from_snapshot = of(&snapshot, "deb");
    assert_eq!(from_snapshot.len(), 1, "{from_snapshot:?}");
    assert!(from_snapshot[0].0.contains("/libmnl0_"), "{from_snapshot:?}");
    let from_live = of(&live, "deb");
    let missing: Vec<_> = from_live.iter().filter(|(_, status)| *status == 404).collect();
    assert_eq!(missing.len(), 1, "{from_live:?}");
    assert_eq!(from_live.iter().filter(|(_, status)| *status == 200).count(), repository.packages() - 1);
    // Nothing of apt's is left.
    let left = repository.files();
    assert!(
        left.contains("usr/local/bin/fip-alias-agent") && left.iter().any(|file| file.ends_with("bin/ip"))
    );
    let is_apts = |file: &&String| {
        ["run/", "tmp/", "var/lib/apt/lists/", "var/cache/apt/", "var/log/apt/"].iter().any(|folder| {
            file.strip_prefix(folder).is_some_and(|rest| !rest.is_empty() && !repository.base_has(file))
        })
    };
    let left: Vec<_> = left.iter().filter(is_apts).collect();
    assert!(left.is_empty(), "{left:?}");
    // The suite moves under the same address.
    repository.publish_newer();
    let Built { succeeded, output, .. } = repository.build();
    assert!(!succeeded && !output.contains("Unpacking"), "{output}");
    assert!(output.contains(" = ") && output.contains("exit code: 1"), "{output}");
}

#[test]
fn fip_alias_agent_is_built_from_the_locked_state_and_from_no_other() {
    works_on("bookworm");
}

#[test]
fn the_same_lines_work_with_a_newer_apt() {
    works_on("trixie");
}

#[test]
fn the_same_lines_work_with_an_older_apt() {
    works_on("bullseye");
}

#[test]
fn without_its_argument_nothing_is_built_and_without_the_live_mirror_everything() {
    let repository = Repository::make("bookworm");
    let Built { succeeded, output, .. } =
        repository.build_without_live(|argument| !argument.contains("_INRELEASE="));
    assert!(!succeeded && !output.contains("apt-get update\n"), "{output}");
    let told = "this RUN has none of the arguments whose suites are here: PIN_BOOKWORM_INRELEASE";
    assert!(output.contains(told), "{output}");
    let Built { succeeded, output, snapshot, .. } = repository.build_without_live(|_| true);
    assert!(succeeded, "{output}");
    assert_eq!(snapshot.iter().filter(|(path, _)| kind(path) == "deb").count(), repository.packages());
}

#[test]
fn what_was_built_is_as_locked_and_what_was_built_without_the_lock_is_not() {
    let repository = Repository::make("bookworm");
    let commit = repository.commit();
    for version in ["v0.2", "v1"] {
        repository.build_layout("fip-alias-agent", version, &commit);
        let (code, said) = repository.audit("fip-alias-agent", &["--image", "fip-alias-agent"]);
        assert_eq!(code, Some(0), "{said}");
        let listed = format!(" of the base, {} of the locked suites", repository.packages());
        assert!(said.contains(&listed) && said.contains("1 material from outside"), "{said}");
        assert!(said.contains("RUN in line 10 had the network (host): set -eux;"), "{said}");
    }
    let entry = "Package: nmap\\nStatus: install ok installed\\nArchitecture: amd64\\nVersion: 7.93\\n\\n";
    repository.push_other();
    repository.write_other(&format!(
        "ARG PIN_DEBIAN\nFROM ${{PIN_DEBIAN}}\nRUN --network=none printf '{entry}' >> /var/lib/dpkg/status\n\
         COPY --from=debian:bookworm-slim /etc/debian_version /a\n\
         COPY --from=debian:other /etc/debian_version /b\n\
         ADD http://127.0.0.1:8081/up /up\n"
    ));
    repository.build_layout("other", "v1", &commit);
    let (code, said) = repository.audit("other", &[]);
    assert_eq!(code, Some(1), "{said}");
    assert!(said.contains("error[not-locked]: http://127.0.0.1:8081/up with sha256:"), "{said}");
    let other = "error[not-locked]: docker.io/library/debian:other@sha256:";
    assert!(
        said.contains(other) && said.contains("the lock has docker.io/library/debian:bookworm-slim@"),
        "{said}"
    );
    assert!(said.contains("error[package-not-locked]: the package nmap 7.93 (amd64) is neither"), "{said}");
    assert_eq!(said.matches("error[").count(), 3, "{said}");
    assert!(!said.contains("had the network"), "{said}");
}
