//! What installations of Debian's packages ask for.

use crate::scan::dockerfile::scan;
use crate::scan::{Input, Reference};

/// What the installations of a text ask for: `name name (what is not told) [argument]`.
pub(super) fn installed(text: &str) -> Vec<String> {
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
        (
            "apt-get install a1=6.1.* b2=${V} c3=$(cat v) d4/$S e5:$A f6*=1 ${G}=2",
            "a1 b2 c3 d4 e5 (f6*=1 ${G}=2)",
        ),
        ("apt-get --solver 3.0 --host-architecture arm64 -q 2 install -q 1 make", "make"),
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
