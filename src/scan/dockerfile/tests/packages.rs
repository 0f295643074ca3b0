//! What installations of Debian's packages ask for, and whether their suites are checked.

use crate::scan::dockerfile::scan;
use crate::scan::{Input, Reference};

/// What the installations of a text ask for: `name name (what is not told) [argument]`.
fn installed(text: &str) -> Vec<String> {
    let shown = |found: Reference| {
        let Ok(Input::Fetch(fetch)) = found.input else { return None };
        let packages = fetch.packages?;
        let untold = packages.untold.map(|untold| format!("({untold})"));
        let checked = packages.checked.map(|argument| format!("[{argument}]"));
        let words: Vec<String> = packages.names.into_iter().chain(untold).chain(checked).collect();
        Some(words.join(" "))
    };
    scan(text).references.into_iter().filter_map(shown).collect()
}

#[test]
fn an_installation_tells_its_packages() {
    for (command, expected) in [
        ("apt-get install -y --no-install-recommends curl git", "curl git"),
        ("apt-get install -y curl curl:arm64 git=1:2.39.5-0+deb12u2", "curl git"),
        ("apt-get install a1/bookworm-backports b2:any=1-2 -t bookworm c3", "a1 b2 c3"),
        ("apt-get install g++ libstdc++-12-dev exim4- vim+", "g++ libstdc++-12-dev vim"),
        ("apt-get install -y ./a.deb /b.deb https://x/c", "(https://x/c)"),
        ("apt-get install -y ./a.deb bc", "bc"),
        ("apt-get install -y $PACKAGES make", "make ($PACKAGES)"),
        ("apt-get install -y \"lib$X-dev\" 'a*' B^", "(lib$X-dev a* B^)"),
        ("apt-get install -y $(cat list) make", "make ($(cat list))"),
        ("xargs -a list apt-get install -y make", "make (what is piped to xargs)"),
        ("apt-get install gcc && apt install make", "gcc, make"),
        ("apt-get satisfy 'make (>= 1)'", "(make (>= 1))"),
        ("apt-get upgrade -y", ""),
        ("apt-get build-dep -y make", ""),
        ("apt-get download make", "make"),
        ("apk add make", ""),
    ] {
        assert_eq!(installed(&format!("FROM x\nRUN {command}\n")).join(", "), expected, "{command}");
    }
}

const CHECK: &str =
    "test \"$(sha256sum /run/a/*InRelease | cut -c-64 | sort | paste -sd,)\" = \"$PIN_A_INRELEASE\"";

/// Whether the installation of `ii` in a script is one whose suites are checked. `CHECK` is the comparison.
fn is_checked(run: &str) -> bool {
    let text = format!("FROM x\nARG PIN_A_INRELEASE\n{}\n", run.replace("CHECK", CHECK));
    match installed(&text).as_slice() {
        [found] if found == "ii [PIN_A_INRELEASE]" => true,
        [found] if found == "ii" => false,
        other => panic!("{run}: {other:?}"),
    }
}

#[test]
fn suites_are_checked_where_the_script_stops_otherwise() {
    for run in [
        "RUN set -eux; . /run/s; apt-get update; CHECK; apt-get install -y ii; rm -rf x",
        "RUN set -e; CHECK; apt-get install ii",
        "RUN set -o errexit; CHECK; apt-get install ii",
        "RUN set -e -o pipefail && true; CHECK; apt-get install ii",
        "RUN set +e; set -e; CHECK; apt-get install ii",
        "RUN apt-get update && CHECK && apt-get install ii",
        "RUN apt-get update && \\\n  # a comment\n  CHECK && \\\n  apt-get install ii",
        "RUN apt-get update && CHECK && { true; apt-get install ii; }",
        "RUN apt-get update && CHECK && if true; then apt-get install ii; fi",
        "RUN true; CHECK && apt-get install ii",
        "RUN CHECK || exit 1; apt-get install ii",
        "RUN apt-get update && CHECK || exit; apt-get install ii",
        "RUN CHECK || { echo no >&2; exit 3; }; apt-get install ii",
        "RUN set -e; CHECK; if true; then apt-get install ii; fi",
        "RUN set -e; CHECK; (apt-get install ii)",
        "RUN set -e; CHECK; sh -c 'apt-get install ii'",
        "RUN (set -x; apt-get update && CHECK && apt-get install ii)",
        "RUN sh -euxc 'apt-get update; CHECK; apt-get install ii'",
        "RUN <<E\nset -e\napt-get update\nCHECK\napt-get install ii\nE",
        "RUN <<E\n#!/bin/sh -e\nCHECK\napt-get install ii\nE",
        "RUN bash -e <<E\nCHECK\napt-get install ii\nE",
        "SHELL [\"/bin/bash\", \"-euo\", \"pipefail\", \"-c\"]\nRUN CHECK; apt-get install ii",
        "SHELL [\"/bin/bash\", \"-e\", \"-c\"]\nRUN <<E\nCHECK\napt-get install ii\nE",
    ] {
        assert!(is_checked(run), "{run}");
    }
}

#[test]
fn suites_are_not_checked_where_the_script_goes_on() {
    for run in [
        "RUN apt-get install ii",
        "RUN apt-get update; CHECK; apt-get install ii",
        "RUN set -x; CHECK; apt-get install ii",
        "RUN set -e; set +e; CHECK; apt-get install ii",
        "RUN set -e; apt-get install ii; CHECK",
        "RUN set -e; CHECK; apt-get update; apt-get install ii",
        "RUN set -e; CHECK; apt update && apt-get install ii",
        "RUN set -e; CHECK; apt-get install --update ii",
        "RUN set -e; CHECK; apt-get -o Dir::State::Lists=/x install ii",
        "RUN set -e; true && CHECK; apt-get install ii",
        "RUN set -e; CHECK && true; apt-get install ii",
        "RUN set -e; CHECK || true; apt-get install ii",
        "RUN set -e; CHECK || exit 0; apt-get install ii",
        "RUN set -e; CHECK || echo exit 1; apt-get install ii",
        "RUN set -e; CHECK & apt-get install ii",
        "RUN set -e; CHECK | cat; apt-get install ii",
        "RUN set -e; ! CHECK; apt-get install ii",
        "RUN set -e; if CHECK; then true; fi; apt-get install ii",
        "RUN set -e; if true; then CHECK; fi; apt-get install ii",
        "RUN set -e; for i in; do CHECK; done; apt-get install ii",
        "RUN set -e; f() { CHECK; }; apt-get install ii",
        "RUN set -e; (CHECK) || true; apt-get install ii",
        "RUN (set -e; CHECK; apt-get install ii) || true",
        "RUN CHECK; (true) && apt-get install ii",
        "RUN CHECK && true; apt-get install ii",
        "RUN CHECK && (true); apt-get install ii",
        "RUN true || CHECK && apt-get install ii",
        "RUN CHECK || { true; }; exit 1; apt-get install ii",
        "RUN CHECK || if true; then false; fi; apt-get install ii",
        "RUN if true; then CHECK || exit 1; fi; apt-get install ii",
        "RUN set -e; x=$(CHECK); apt-get install ii",
        "RUN sh -c 'CHECK; apt-get install ii'",
        "RUN <<E\nCHECK\napt-get install ii\nE",
        "RUN <<E\n#!/bin/sh\nCHECK\napt-get install ii\nE",
        "RUN set -e; CHECK\nRUN apt-get install ii",
    ] {
        assert!(!is_checked(run), "{run}");
    }
}

#[test]
fn only_a_comparison_with_the_argument_checks_suites() {
    let hash = "sha256sum /x/*_InRelease | sort";
    for (check, expected) in [
        (format!("[ \"$({hash})\" = \"${{PIN_B_C_INRELEASE:?}}\" ]"), "ii [PIN_B_C_INRELEASE]"),
        (format!("[[ $PIN_B_INRELEASE == `{hash}` ]]"), "ii [PIN_B_INRELEASE]"),
        (format!("test \"$({hash})\" = ${{PIN_B_INRELEASE?is not set}}"), "ii [PIN_B_INRELEASE]"),
        (format!("test \"$({hash})\" = \"${{PIN_B_INRELEASE:-$X}}\""), "ii"),
        (format!("test \"$({hash})\" = \"$INRELEASE\""), "ii"),
        (format!("test \"$({hash})\" = \"$PIN_B\""), "ii"),
        (format!("test \"$({hash})\" != \"$PIN_B_INRELEASE\""), "ii"),
        (format!("test \"$({hash})\""), "ii"),
        (format!("test x$({hash}) = \"$PIN_B_INRELEASE\""), "ii"),
        (format!("echo \"$({hash})\" = \"$PIN_B_INRELEASE\""), "ii"),
        ("test \"$(sha256sum /x/bookworm_InRelease)\" = \"$PIN_B_INRELEASE\"".into(), "ii"),
        ("test \"$(cat /x/*InRelease)\" = \"$PIN_B_INRELEASE\"".into(), "ii"),
        ("test \"$PIN_B_INRELEASE\" = \"$PIN_B_INRELEASE\"".into(), "ii"),
    ] {
        let text = format!("FROM x\nRUN set -e; {check}; apt-get install ii\n");
        assert_eq!(installed(&text), [expected], "{check}");
    }
}
