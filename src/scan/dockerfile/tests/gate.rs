//! Which installations count as held against the suites of a pin.

use super::packages::installed;

const CHECK: &str = "test \"$(sha256sum /run/solera-pin/lists/*InRelease | cut -c-64 | sort | paste -sd,)\" = \"$PIN_A_INRELEASE\"";

/// Whether the installation of `ii` in a script is one whose suites are checked. `CHECK` is the comparison, `S` how a
/// script begins, `I` how it ends.
fn is_checked(run: &str) -> bool {
    is_checked_with("ARG PIN_A_INRELEASE", run)
}

fn is_checked_with(head: &str, run: &str) -> bool {
    let run = run
        .replace("S;", "set -e; . /run/x; apt-get update;")
        .replace("; I", "; apt-get install -y ii")
        .replace("CHECK", CHECK);
    let found = installed(&format!("FROM x\n{head}\n{run}\n"));
    assert!(!found.is_empty(), "{run}");
    found.iter().any(|found| found.contains('['))
}

#[test]
fn suites_are_checked_where_the_script_stops_otherwise() {
    for run in [
        "RUN set -eux; . /run/s; apt-get update; CHECK; apt-get install -y ii; rm -rf x",
        "RUN set -e; CHECK; apt-get install ii",
        "RUN set -o errexit; CHECK; I",
        "RUN set -o errexit -o nounset; CHECK; I",
        "RUN set -euo pipefail; CHECK; I",
        "RUN set -Eeuo pipefail; CHECK; I",
        "RUN set -e -o pipefail && true; CHECK; I",
        "RUN set -x && set -e && . /run/x; apt-get update; CHECK; I",
        "RUN . /run/x; set -e; apt-get update; CHECK; I",
        "RUN S; export DEBIAN_FRONTEND=noninteractive; CHECK; I",
        "RUN S; CHECK; DEBIAN_FRONTEND=noninteractive apt-get install ii",
        "RUN S; CHECK; apt-get -o Dir::Cache::archives=/cache -o Debug::x=1 install ii",
        "RUN S; CHECK; yes | apt install ii",
        "RUN S; CHECK; aptitude install ii",
        "RUN S; CHECK; apt-get upgrade -y; I",
        "RUN S; CHECK; I; apt-get clean; apt-get update",
        "RUN S; CHECK; if true; then apt-get install ii; fi",
        "RUN S; CHECK; case $x in a) apt-get install ii;; esac",
        "RUN S; case $x in a) echo;; b|c) echo ;; esac; CHECK; I",
        "RUN S; case $x in (a) echo;; esac; x=$((1+2)); CHECK; I",
        "RUN S; for f in a b; do echo $f; done; CHECK; I",
        "RUN S; (cd /x && make); x=$(date); CHECK; I",
        "RUN apt-get update && CHECK && apt-get install ii",
        "RUN apt-get update && \\\n  # a comment\n  CHECK && \\\n  apt-get install ii",
        "RUN apt-get update && CHECK && { true; apt-get install ii; }",
        "RUN apt-get update && CHECK && if true; then apt-get install ii; fi",
        "RUN true; CHECK && apt-get install ii",
        "RUN CHECK || exit 1; I",
        "RUN apt-get update && CHECK || exit; I",
        "RUN CHECK || { echo no >&2; exit 3; }; I",
        "RUN CHECK || {\\\n exit 3; }; I",
        "RUN if ! CHECK; then echo no >&2; exit 1; fi; I",
        "RUN <<E\nset -e\n# it's here\napt-get update\nCHECK\napt-get install ii\nE",
        "RUN <<E\nset -e\ncat >/etc/x <<X\nit's ( here\nX\nCHECK\napt-get install ii\nE",
        "RUN <<E\n#!/bin/sh -e\nCHECK\napt-get install ii\nE",
        "RUN <<E\n#!/usr/bin/env bash\nset -euo pipefail\nCHECK\napt-get install ii\nE",
        "RUN bash -e <<'E'\nCHECK\napt-get install ii\nE",
        "SHELL [\"/bin/bash\", \"-euo\", \"pipefail\", \"-c\"]\nRUN CHECK; I",
        "SHELL [\"/bin/bash\", \"-e\", \"-c\"]\nRUN <<E\nCHECK\napt-get install ii\nE",
        "SHELL [\"/bin/sh\", \"-ec\"]\nRUN CHECK; I",
    ] {
        assert!(is_checked(run), "{run}");
    }
}

fn none_is_checked(runs: &[&str]) {
    for run in runs {
        assert!(!is_checked(run), "{run}");
    }
}

#[test]
fn suites_are_not_checked_where_the_script_goes_on() {
    none_is_checked(&[
        "RUN apt-get install ii",
        "RUN apt-get update; CHECK; I",
        "RUN set -x; CHECK; I",
        "RUN set -e; apt-get install ii; CHECK",
        "RUN S; true && CHECK; I",
        "RUN S; CHECK && true; I",
        "RUN S; CHECK || true; I",
        "RUN S; CHECK || false; I",
        "RUN S; CHECK || echo exit 1; I",
        "RUN S; CHECK & apt-get install ii",
        "RUN S; CHECK | cat; I",
        "RUN S; false | CHECK; I",
        "RUN S; ! CHECK; I",
        "RUN S; time CHECK; I",
        "RUN S; if CHECK; then true; fi; I",
        "RUN S; if CHECK; then apt-get install ii; fi",
        "RUN S; if true; then CHECK; fi; I",
        "RUN S; for i in; do CHECK; done; I",
        "RUN S; until CHECK; do apt-get update; done; I",
        "RUN S; cat x | while read f; do CHECK; done; I",
        "RUN CHECK; (true) && apt-get install ii",
        "RUN CHECK && true; I",
        "RUN CHECK && (true); I",
        "RUN CHECK && echo ok || true && apt-get install ii",
        "RUN true || CHECK && apt-get install ii",
        "RUN true || CHECK || exit 1; I",
        "RUN true || CHECK; I",
        "RUN set -e; CHECK\nRUN apt-get install ii",
        "RUN CHECK || exit 0; I",
        "RUN CHECK || exit 00; I",
        "RUN CHECK || exit 256; I",
        "RUN CHECK || exit +1; I",
        "RUN rc=0; CHECK || exit $rc; I",
        "RUN CHECK || return 1; I",
        "RUN CHECK || exit 1 | cat; I",
        "RUN CHECK || exit 1 & apt-get install ii",
        "RUN CHECK || { true; }; exit 1; I",
        "RUN CHECK || { echo x; exit; }; I",
        "RUN CHECK || { echo x; exit 0; }; I",
        "RUN CHECK || { exit 1; } | tee /log; I",
        "RUN CHECK || { exit 1; } & apt-get install ii",
        "RUN CHECK || { [ -n \"$FORCE\" ] || exit 1; }; I",
        "RUN CHECK || { [ -n \"$STRICT\" ] && exit 1; }; I",
        "RUN CHECK || { if x; then exit 1; fi; }; I",
        "RUN CHECK || { apt-get install ii; exit 1; }",
        "RUN CHECK || if [ -n \"$STRICT\" ]; then exit 1; fi; I",
        "RUN CHECK || while false; do exit 1; done; I",
        "RUN if ! CHECK; then echo no; fi; I",
        "RUN if ! CHECK; then echo no; else exit 1; fi; I",
        "RUN if ! CHECK; then exit 1; fi & apt-get install ii",
        "RUN true || if ! CHECK; then exit 1; fi; I",
        "RUN if CHECK; then exit 1; fi; I",
        "RUN if true; then CHECK || exit 1; fi; I",
    ]);
}

#[test]
fn suites_are_not_checked_where_errexit_is_not_certain() {
    none_is_checked(&[
        "RUN S; set +e; CHECK; I",
        "RUN set +e; set -e; CHECK; I",
        "RUN S; set +o errexit; CHECK; I",
        "RUN S; set +eu; CHECK; I",
        "RUN S; shopt -uo errexit; CHECK; I",
        "RUN set -e +e; CHECK; I",
        "RUN set -- -e; CHECK; I",
        "RUN set -o pipefail; CHECK; I",
        "RUN S; set $FLAGS; CHECK; I",
        "RUN set -e; . /x && set +e; CHECK; I",
        "RUN set -e; { set +e; }; CHECK; I",
        "RUN set -e; if true; then set +e; fi; CHECK; I",
        "RUN set -e; false || set +e; CHECK; I",
        "RUN set -e; eval \"set +e\"; CHECK; I",
        "RUN [ -n \"$CI\" ] && set -e; CHECK; I",
        "RUN [ -n \"$CI\" ] || set -e; CHECK; I",
        "RUN if x; then set -e; fi; CHECK; I",
        "RUN { set -e; } | cat; CHECK; I",
        "RUN set -e | cat; CHECK; I",
        "RUN set -e & CHECK; I",
        "RUN x=$(set -e; echo); CHECK; I",
        "RUN ( set -e ); CHECK; I",
        "RUN f() { set -e; }; CHECK; I",
        "RUN function f { set -e; }; CHECK; I",
        "RUN env set -e; CHECK; I",
        "RUN bash -e; CHECK; I",
        "RUN <<E\nCHECK\napt-get install ii\nE",
        "RUN <<E\n#!/bin/sh\nCHECK\napt-get install ii\nE",
        "RUN sh -e <<E || true\nset +o errexit\nCHECK\napt-get install ii\nE",
        "RUN PIN_A_INRELEASE=x bash -e <<'E'\nCHECK\napt-get install ii\nE",
        "SHELL [\"/my/shell\", \"-e\"]\nRUN CHECK; I",
        "SHELL [\"/my/shell\", \"-e\"]\nRUN S; CHECK; I",
        "SHELL [\"/bin/bash\", \"-e\", \"+e\", \"-c\"]\nRUN CHECK; I",
        "SHELL [\"/bin/sh\", \"-c\"]\nRUN CHECK; I",
        "SHELL [\"/bin/sh\", \"-ec\"]\nRUN set +e; CHECK; I",
    ]);
}

#[test]
fn suites_are_not_checked_within_other_commands() {
    none_is_checked(&[
        "RUN S; f() { CHECK; }; I",
        "RUN S; function f { CHECK; }; I",
        "RUN <<E\nset -e\nfunction check\n{\nCHECK\n}\napt-get install -y ii\nE",
        "RUN <<E\nset -e\nf()\n{\nCHECK\n}\napt-get install -y ii\nE",
        "RUN <<E\nset -e\nf() (\nCHECK\n)\napt-get install -y ii\nE",
        "RUN set -e; test() { true; }; CHECK; I",
        "RUN set -e; alias test=true; CHECK; I",
        "RUN set -e; up() { apt-get update; }; CHECK; up; I",
        "RUN S; (CHECK) || true; I",
        "RUN (set -e; CHECK; I) || true",
        "RUN S; ( CHECK; I ) || true",
        "RUN ( CHECK || exit 1 ); I",
        "RUN S; { CHECK; I; } || true",
        "RUN { CHECK || exit 1; } & apt-get install ii",
        "RUN S; x=$(CHECK); I",
        "RUN <<E\nset -e\nx=$(case a in a)\nCHECK\n;; esac)\napt-get install ii\nE",
        "RUN sh -c 'CHECK; I'",
        "RUN sh -ec 'CHECK; I'",
        "RUN sh -ec 'CHECK'; I",
        "RUN if sh -ec 'CHECK'; then echo same; fi; I",
        "RUN eval 'set -e; CHECK'; I",
        "RUN S; su user -c 'CHECK || exit 1'; true; I",
        "RUN S; chroot /r CHECK; I",
        "RUN S; nohup CHECK; I",
        "RUN S; command CHECK; I",
        "RUN S; coproc CHECK; I",
        "RUN S; echo | xargs CHECK; I",
        "RUN S; X=1 CHECK; I",
        "RUN set -e; sh <<X\nCHECK\nX\nRUN apt-get install ii",
        "RUN [\"sh\", \"-ec\", \"CHECK; apt-get install ii\"]\nRUN apt-get install ii",
    ]);
}

#[test]
fn suites_are_not_checked_where_others_may_be_fetched() {
    none_is_checked(&[
        "RUN S; CHECK; apt-get update; I",
        "RUN S; CHECK; apt update && apt-get install ii",
        "RUN S; CHECK; retry apt-get update; I",
        "RUN S; CHECK; retry 'apt-get -qq update'; I",
        "RUN S; CHECK; $APT update; I",
        "RUN S; CHECK; $APT; I",
        "RUN S; CHECK; eval \"apt-get update\"; I",
        "RUN S; CHECK; sh -c \"apt-get update\"; I",
        "RUN S; CHECK; (apt-get update); I",
        "RUN S; CHECK; x=$(apt-get update); I",
        "RUN S; CHECK; apt-get install ii $(apt-get update; cat list)",
        "RUN S; CHECK; python3 -c \"import os; os.system('apt-get update')\"; I",
        "RUN S; CHECK; add-apt-repository -y ppa:x/y; I",
        "RUN S; CHECK; cat x | bash -; I",
        "RUN S; CHECK; . /x; I",
        "RUN S; CHECK; for i in 1 2; do apt-get install -y ii && break; apt-get update; done",
        "RUN S; CHECK; until apt-get install -y ii; do apt-get update; done",
        "RUN S; CHECK; apt-get install --update ii",
        "RUN S; CHECK; apt-get install -yU ii",
        "RUN S; CHECK && apt-get update && apt-get install ii",
    ]);
}

#[test]
fn suites_are_not_checked_where_apt_reads_others() {
    none_is_checked(&[
        "RUN S; CHECK; APT_CONFIG=/etc/x apt-get install -y ii",
        "RUN S; CHECK; unset APT_CONFIG; I",
        "RUN S; CHECK; export APT_CONFIG=/x; I",
        "RUN S; CHECK; APT_CONFIG=; I",
        "RUN S; CHECK; env -u APT_CONFIG apt-get install -y ii",
        "RUN S; CHECK; env -i apt-get install -y ii",
        "RUN S; CHECK; sudo apt-get install -y ii",
        "RUN S; CHECK; su - -c 'apt-get install -y ii'",
        "RUN S; CHECK; env -i sh -c 'apt-get install -y ii'",
        "RUN S; CHECK; chroot /rootfs apt-get install -y ii",
        "RUN S; CHECK; (apt-get install -y ii)",
        "RUN S; CHECK; apt-get -o Dir::State::lists=/x install -y ii",
        "RUN S; CHECK; apt-get -o dir::state::lists=/x install -y ii",
        "RUN S; CHECK; apt-get -oDir::State::lists=/x install -y ii",
        "RUN S; CHECK; apt-get -yo=Dir::State::lists=/x install -y ii",
        "RUN S; CHECK; apt-get --option=Dir=/x install -y ii",
        "RUN S; CHECK; apt-get --Option=Dir=/x install -y ii",
        "RUN S; CHECK; apt-get -o a=b -o RootDir=/rootfs install -y ii",
        "RUN S; CHECK; apt-get -c /x.conf install -y ii",
        "RUN S; CHECK; apt-get -yc/x.conf install -y ii",
        "RUN S; CHECK; apt-get --config-file=/x.conf install -y ii",
        "RUN S; PIN_A_INRELEASE=\"$(cat x)\"; CHECK; I",
        "RUN S; PIN_A_INRELEASE=; CHECK; I",
        "RUN S; export PIN_A_INRELEASE=abc; CHECK; I",
        "RUN S; read PIN_A_INRELEASE <x; CHECK; I",
        "RUN S; for PIN_A_INRELEASE in a b; do :; done; CHECK; I",
        "RUN S; : ${PIN_A_INRELEASE:=x}; CHECK; I",
    ]);
}

#[test]
fn only_what_the_build_gives_is_compared_with() {
    let run = "RUN S; CHECK; I";
    assert!(is_checked_with("ARG PIN_A_INRELEASE", run));
    assert!(is_checked_with("ARG PIN_A_INRELEASE\nENV APT_X=1", run));
    for head in [
        "ARG PIN_A_INRELEASE\nENV PIN_A_INRELEASE=abc",
        "ENV PIN_A_INRELEASE=abc\nARG PIN_A_INRELEASE",
        "ARG PIN_A_INRELEASE=abc",
        "ARG PIN_A_INRELEASE=",
        "ARG F\nARG PIN_A_INRELEASE\nENV PIN_A_INRELEASE=$F",
        "ARG PIN_B_INRELEASE",
    ] {
        assert!(!is_checked_with(head, run), "{head}");
    }
}

#[test]
fn only_a_comparison_with_the_argument_checks_suites() {
    let hash = "sha256sum /run/solera-pin/lists/*InRelease | cut -c-64 | sort";
    let pin = "\"$PIN_B_INRELEASE\"";
    for (check, expected) in [
        (format!("[ \"$({hash})\" = \"${{PIN_B_INRELEASE:?}}\" ]"), true),
        (format!("[[ $PIN_B_INRELEASE == `{hash}` ]]"), true),
        (format!("test \"$({hash})\" = ${{PIN_B_INRELEASE?is not set}}"), true),
        (format!("test {pin} = \"$({hash})\""), true),
        (format!("test \"$({hash})\" = \"${{PIN_B_INRELEASE:-$X}}\""), false),
        (format!("test \"$({hash})\" = \"$INRELEASE\""), false),
        (format!("test \"$({hash})\" = \"$PIN_B\""), false),
        (format!("test \"$({hash})\" != {pin}"), false),
        (format!("test \"$({hash})\""), false),
        (format!("test x$({hash}) = {pin}"), false),
        (format!("echo \"$({hash})\" = {pin}"), false),
        (format!("test \"$({hash} || echo {pin})\" = {pin}"), false),
        (format!("test \"$({hash} | echo {pin})\" = {pin}"), false),
        (format!("test \"$({hash} >x; echo {pin})\" = {pin}"), false),
        (format!("test \"$({hash})$(echo {pin})\" = {pin}"), false),
        (format!("[ \"$({hash})\" = {pin} -o -n \"$X\" ]"), false),
        (format!("test '$({hash})' = {pin}"), false),
        (format!("test \"$(sha256sum /x/*InRelease)\" = {pin}"), false),
        (format!("test \"$(sha256sum /run/solera-pin/lists/*InRelease /x)\" = {pin}"), false),
        (format!("test \"$(cat /run/solera-pin/lists/*InRelease)\" = {pin}"), false),
        (format!("test {pin} = {pin}"), false),
    ] {
        let text = format!("FROM x\nARG PIN_B_INRELEASE\nRUN set -e; {check}; apt-get install ii\n");
        let expected = if expected { "ii [PIN_B_INRELEASE]" } else { "ii" };
        assert_eq!(installed(&text), [expected], "{check}");
    }
}

/// A walk that looks back or ahead for each installation would not end.
#[test]
fn a_long_script_is_walked_once() {
    let checks = format!("{CHECK}; ").repeat(5_000);
    let goes_on = format!("{CHECK} || {{ echo; }}; ").repeat(5_000);
    let installs = "apt-get install ii; ".repeat(10_000);
    for (run, checked) in
        [(format!("set -e; {checks}{installs}"), 10_000), (format!("{goes_on}{installs}"), 0)]
    {
        let found = installed(&format!("FROM x\nARG PIN_A_INRELEASE\nRUN {run}true\n"));
        assert_eq!(found.len(), 10_000);
        assert_eq!(found.iter().filter(|found| found.contains("[PIN_A_INRELEASE]")).count(), checked);
    }
}
