//! A download during the build that nothing pins.

use crate::catalog::{Edition, Level};
use crate::references::Wrong;
use crate::verify::{Check, Input, Looked, Raw, Rule};

pub(in crate::verify) const RULE: Rule = Rule {
    id: "unlocked-fetch",
    level: Level::Warning,
    since: Edition::FIRST,
    reason: "what a RUN step downloads by itself is in no lock",
    explanation: "\
A RUN step or an ADD takes something from the network, and neither a checksum nor a lock file nor a
snapshot nor a Debian pin says which bytes it gets.

    RUN curl -fsSL https://example.org/tool.tgz | tar xz          # found
    RUN apt-get update && apt-get install -y iproute2             # found
    RUN npm install                                               # found; `npm ci` is not
    ADD https://example.org/tool.tgz /tmp/                        # found: it lacks `--checksum`

Check what was downloaded (`sha256sum -c`), use the lock file of the language, or `ADD --checksum`.

What apt installs is pinned by a Debian pin, whose suites are compared before anything is installed,
in a script that stops where they differ (`set -e`, `&&`):

    ARG PIN_BOOKWORM_INRELEASE
    RUN --mount=type=secret,id=sources-list,required=true set -eux; \\
        . /run/secrets/sources-list; \\
        apt-get update; \\
        test \"$(sha256sum /run/solera-pin/lists/*InRelease | cut -c-64 | sort | paste -sd,)\" = \\
            \"$PIN_BOOKWORM_INRELEASE\"; \\
        apt-get install -y iproute2

`solera-pin emit sources-list` prints the file that is sourced.",
    check: Check::File(check),
};

fn check(_: &Input<'_>, looked: &Looked<'_>) -> Vec<Raw> {
    looked.each_wrong(|_, wrong| {
        let Wrong::Unlocked(fetch) = wrong else { return None };
        let what = if fetch.what.is_empty() { String::new() } else { format!(": {}", shown(&fetch.what)) };
        let message = format!("nothing pins what `{}` gets{what}", fetch.tool);
        Some((message, help(fetch.tool).into()))
    })
}

/// What is fetched, without what a URL may hold of secrets: its user and its query.
fn shown(what: &str) -> String {
    let words = what.split_whitespace().map(|word| match word.split_once("://") {
        None => word.to_owned(),
        Some((scheme, rest)) => {
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            let (host, path) = rest.find('/').map_or((rest, ""), |slash| rest.split_at(slash));
            let host = host.rsplit_once('@').map_or(host, |(_, host)| host);
            format!("{scheme}://{host}{path}")
        }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What pins it, by what fetches it.
fn help(tool: &str) -> &'static str {
    let first = tool.split_whitespace().next().unwrap_or_default();
    match first {
        "ADD" => "add `--checksum=sha256:...`, or `--checksum=COMMIT` for a git repository",
        "curl" | "wget" | "Invoke-WebRequest" => {
            "check it in the same RUN with `sha256sum -c`, or use `ADD --checksum=sha256:...`"
        }
        "git" => "check out a full commit id, or use `ADD` with a git pin",
        "apt" | "apt-get" | "aptitude" => {
            "compare the suites with a Debian pin's between `apt-get update` and this: `solera-pin verify --explain unlocked-fetch` has the lines"
        }
        "npm" => "use `npm ci` with the package-lock.json",
        "yarn" | "pnpm" => "install with a frozen lock file",
        "pip" | "pip3" | "python" | "python3" | "uv" | "pipx" => {
            "install with `--require-hashes` from a file of requirements that has them"
        }
        _ => "install from a lock file that has checksums",
    }
}
