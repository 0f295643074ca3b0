//! A shell script that a `RUN` sources, so that apt reads the suites of the lock and nothing else.
//!
//! A script, because apt wants four files: its configuration, the sources, the mirrors with their priorities, and the
//! keys. They are data, each as it will stand; the code around them makes a folder of its own for everything that apt
//! writes, and removes it when the shell ends, so that nothing of it stays in the image.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use crate::catalog::{ArchivePlace, Debian};
use crate::model::{Component, DebianPin, PinName, Suite};

/// A locked Debian pin, for a builder.
pub struct EmittedSuites<'a> {
    /// Its name.
    pub name: &'a PinName,
    /// What is declared.
    pub declared: &'a Debian,
    /// What is locked.
    pub pin: &'a DebianPin,
    /// The certificates of the keys that signed, ASCII-armoured: a base image need not have them, and six months on
    /// those that it has may be others.
    pub keyring: String,
}

/// Where all of it is while a `RUN` runs.
const FOLDER: &str = "/run/solera-pin";

/// What apt is told besides its sources. What it keeps of its own, as which packages were installed for others, stays
/// where it is.
const CONFIGURATION: &str = "\
Dir::Etc::SourceList \"/run/solera-pin/sources.list\";
Dir::Etc::SourceParts \"/dev/null\";
Dir::State::Lists \"/run/solera-pin/lists\";
Dir::Cache \"/run/solera-pin/cache\";
Dir::Log \"/run/solera-pin/log\";
Acquire::Languages \"none\";
APT::Update::Error-Mode \"any\";
";

/// The script. It takes the pin whose argument the stage declares, so that one text serves every image.
pub fn sources_list(suites: &[EmittedSuites<'_>]) -> String {
    let Some(first) = suites.first() else {
        return String::new();
    };
    let mut script = introduction(&inrelease(first));
    for (index, suites) in suites.iter().enumerate() {
        let word = if index == 0 { "if" } else { "elif" };
        let _ = writeln!(script, "{word} [ -n \"${{{}:-}}\" ]; then", inrelease(suites));
        script.push_str(&files(suites));
    }
    let known = suites.iter().map(inrelease).collect::<Vec<_>>().join(", ");
    let _ = write!(
        script,
        "else
echo 'this RUN has none of the arguments whose suites are here: {known}' >&2
exit 1
fi
chmod -R a+rX {FOLDER} || exit 1
export APT_CONFIG={FOLDER}/apt.conf
# What the base has in apt.conf.d is read later, and would win.
for said in 'Dir::Etc::SourceList \"{FOLDER}/sources.list\";' 'Dir::Etc::SourceParts \"/dev/null\";' \\
    'Dir::State::Lists \"{FOLDER}/lists\";'; do
    apt-config dump | grep -ixF \"$said\" >/dev/null || {{ echo \"apt.conf.d of the base overrides $said\" >&2; exit 1; }}
done
"
    );
    script
}

fn inrelease(suites: &EmittedSuites<'_>) -> String {
    let [_, inrelease] = suites.name.debian_arguments();
    inrelease
}

fn introduction(argument: &str) -> String {
    let configuration = file("apt.conf", CONFIGURATION);
    format!(
        "\
# The suites of pins.lock, for apt in a RUN; written by `solera-pin emit sources-list`.
#
#   ARG {argument}
#   RUN --mount=type=secret,id=sources-list,required=true set -eux; \\
#       . /run/secrets/sources-list; \\
#       apt-get update; \\
#       test \"$(sha256sum {FOLDER}/lists/*InRelease | cut -c-64 | sort | paste -sd,)\" = \"${argument}\"; \\
#       apt-get install -y --no-install-recommends PACKAGE...
#
# All that apt writes besides packages is in {FOLDER}, which is gone when the shell ends.
trap 'rm -rf {FOLDER}' EXIT
rm -rf {FOLDER} && mkdir -p {FOLDER}/lists/partial {FOLDER}/cache/archives/partial {FOLDER}/log || exit 1
{configuration}"
    )
}

/// The files of one pin.
fn files(suites: &EmittedSuites<'_>) -> String {
    let (sources, mirrors) = sources(suites.declared, suites.pin);
    let mirrors = if mirrors.is_empty() { String::new() } else { file("mirrors", &mirrors) };
    let keyring = format!("{}\n", suites.keyring.trim_end());
    [file("sources.list", &sources), mirrors, file("keyring.asc", &keyring)].concat()
}

/// A file by its text, which ends with a line end.
fn file(name: &str, text: &str) -> String {
    format!("cat >{FOLDER}/{name} <<'END' || exit 1\n{text}END\n")
}

/// The sources, and the mirrors that they are read through, if they are.
///
/// All archives are in one list of mirrors: apt (3.0 too) forgets what kind of file it asks for where it reads several
/// lists at once, and would take indexes from the live mirror then. `release` keeps the archives apart.
fn sources(declared: &Debian, pin: &DebianPin) -> (String, String) {
    let (place, time) = match &declared.place {
        ArchivePlace::Snapshot(place) => (place, pin.snapshot()),
        ArchivePlace::Mirror(place) => (place, None),
    };
    let components = declared.components.iter().map(Component::as_str).collect::<Vec<_>>().join(" ");
    let mut sources = String::new();
    let mut archives: BTreeMap<String, Vec<&Suite>> = BTreeMap::new();
    for suite in pin.suites().keys() {
        let mut address = place.of(suite, time);
        // A slim image has no certificates to check a server's with, and what apt gets is signed.
        if place.is_debians() {
            address = address.replacen("https://", "http://", 1);
        }
        let from = match declared.live {
            Some(_) => format!("mirror+file:{FOLDER}/mirrors"),
            None => address.clone(),
        };
        // How old the state is was decided when it was locked.
        let _ = writeln!(
            sources,
            "deb [signed-by={FOLDER}/keyring.asc check-valid-until=no] {from} {suite} {components}"
        );
        archives.entry(address).or_default().push(suite);
    }
    let mut mirrors = String::new();
    for (address, suites) in archives {
        let (Some(live), [first, ..]) = (&declared.live, suites.as_slice()) else {
            continue;
        };
        let live = live.of(first, None);
        let releases: String = suites.iter().map(|suite| format!(" release:{suite}")).collect();
        let _ = writeln!(mirrors, "{live}\tpriority:1 type:deb{releases}");
        let _ = writeln!(mirrors, "{address}\tpriority:2{releases}");
    }
    (sources, mirrors)
}
