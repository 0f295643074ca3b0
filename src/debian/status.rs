//! dpkg's own record of what is installed: `var/lib/dpkg/status`, or in images without dpkg a file a package in
//! `var/lib/dpkg/status.d`.

use std::collections::BTreeSet;
use std::io::Read;

use super::packages::is_name;
use super::stanza::{ListError, each, fields};
use crate::model::harmless;

/// A package as dpkg has it installed.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Installed {
    /// Its name.
    pub name: String,
    /// Its version, as written.
    pub version: String,
    /// Its architecture: `amd64`, `all`.
    pub architecture: String,
}

/// What is installed. What was removed and left no more than its configuration is not.
pub fn installed(status: impl Read) -> Result<BTreeSet<Installed>, ListError> {
    let mut all = BTreeSet::new();
    each(status, |stanza| {
        all.extend(one(stanza)?);
        Ok(())
    })?;
    Ok(all)
}

fn one(stanza: &[u8]) -> Result<Option<Installed>, String> {
    let [mut package, mut version, mut architecture, mut status] = [None; 4];
    for field in fields(stanza) {
        let (name, value) = field?;
        let slot = match name {
            _ if name.eq_ignore_ascii_case(b"Package") => &mut package,
            _ if name.eq_ignore_ascii_case(b"Version") => &mut version,
            _ if name.eq_ignore_ascii_case(b"Architecture") => &mut architecture,
            _ if name.eq_ignore_ascii_case(b"Status") => &mut status,
            _ => continue,
        };
        let name = String::from_utf8_lossy(name);
        let text = std::str::from_utf8(value).map_err(|_| format!("has a {name} that is not UTF-8"))?;
        if slot.replace(text).is_some() {
            return Err(format!("has {name} twice"));
        }
    }
    // `install ok installed`; a file of its own has none.
    let state = status.and_then(|status| status.split_ascii_whitespace().last());
    if matches!(state, Some("not-installed" | "config-files")) {
        return Ok(None);
    }
    let needed = |field: Option<&str>, name| {
        field.filter(|text| !text.is_empty()).map(str::to_owned).ok_or_else(|| format!("has no {name}"))
    };
    let name = needed(package, "Package")?;
    if !is_name(&name) {
        return Err(format!("has a name that no package has: `{}`", harmless(&name)));
    }
    let (version, architecture) = (needed(version, "Version")?, needed(architecture, "Architecture")?);
    Ok(Some(Installed { name, version, architecture }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Vec<String>, String> {
        let shown = |it: Installed| format!("{} {} {}", it.name, it.version, it.architecture);
        let read = installed(text.as_bytes()).map_err(|error| error.to_string());
        read.map(|all| all.into_iter().map(shown).collect())
    }

    #[test]
    fn what_has_files_is_installed() {
        let entry = |name: &str, status: &str| {
            format!("Package: {name}\n{status}Priority: required\nArchitecture: amd64\nVersion: 1:2-3\n")
        };
        let text = [
            entry("zlib1g", "Status: install ok installed\n"),
            entry("gone", "Status: deinstall ok config-files\n"),
            entry("half", "Status: install reinstreq half-installed\n"),
            entry("never", "Status: unknown ok not-installed\n"),
            entry("tzdata", "").replace("amd64", "all"),
        ];
        assert_eq!(
            read(&text.join("\n")).unwrap(),
            ["half 1:2-3 amd64", "tzdata 1:2-3 all", "zlib1g 1:2-3 amd64"]
        );
        assert_eq!(read("").unwrap(), [""; 0]);
    }

    #[test]
    fn what_is_wrong_is_told() {
        for (text, why) in [
            ("Package: aa\nVersion: 1\n", "no Architecture"),
            ("Package: aa\nArchitecture: all\n", "no Version"),
            ("Version: 1\nArchitecture: all\n", "no Package"),
            ("Package: aa\nVersion: 1\nversion: 2\nArchitecture: all\n", "version twice"),
            ("Package: ../a\nVersion: 1\nArchitecture: all\n", "no package has"),
            ("Package\n", "`Name: value`"),
        ] {
            let found = read(text).unwrap_err();
            assert!(found.contains(why), "{text}: {found}");
        }
    }
}
