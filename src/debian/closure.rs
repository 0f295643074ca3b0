//! Which packages the installation of some could bring in: whether a newer state of a suite changes anything for them.

use std::collections::BTreeSet;

use super::Index;

/// The names of all packages that could be installed along with these: whatever they depend on, every alternative of it,
/// and whoever provides it, in any version. More than apt would install, and never less. What is only recommended is not
/// in it. Names that no list has are in it, too: one that comes into being is a change.
pub fn closure<'a>(lists: &[&Index], names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
    let mut all: BTreeSet<String> = names.into_iter().map(str::to_owned).collect();
    let mut open: Vec<String> = all.iter().cloned().collect();
    while let Some(name) = open.pop() {
        for list in lists {
            let needed = list.get(&name).flat_map(|package| package.depends());
            for other in needed.chain(list.providers(&name)) {
                if !all.contains(other) {
                    all.insert(other.to_owned());
                    open.push(other.to_owned());
                }
            }
        }
    }
    all
}

/// Who provides this name, where no package has it.
pub fn providers(lists: &[&Index], name: &str) -> BTreeSet<String> {
    lists.iter().flat_map(|list| list.providers(name)).map(str::to_owned).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A list of packages, each as `name version` with further fields after a semicolon.
    pub(in super::super) fn index(packages: &[&str]) -> Index {
        let stanza = |package: &&str| {
            let mut parts = package.split(';').map(str::trim);
            let (name, version) = parts.next().unwrap().split_once(' ').unwrap();
            let fields: String = parts.map(|field| format!("{field}\n")).collect();
            let digest = "0".repeat(64);
            format!(
                "Package: {name}\nVersion: {version}\nArchitecture: all\nFilename: x\nSize: 1\nSHA256: {digest}\n{fields}\n"
            )
        };
        let text: String = packages.iter().map(stanza).collect();
        Index::read(text.as_bytes(), "amd64").unwrap()
    }

    #[test]
    fn all_that_could_be_brought_in_is_in_it() {
        let main = index(&[
            "aa 1; Depends: bb (>= 1) | cc, mail-transport; Recommends: zz",
            "bb 1; Pre-Depends: dd",
            "cc 1",
            "dd 1; Depends: aa",
            "ee 1; Provides: mail-transport; Depends: ff",
            "ff 1",
            "zz 1",
        ]);
        let more = index(&["dd 2; Depends: gg", "hh 1; Provides: mail-transport"]);
        let all = closure(&[&main, &more], ["aa"]);
        let all: Vec<&str> = all.iter().map(String::as_str).collect();
        assert_eq!(all, ["aa", "bb", "cc", "dd", "ee", "ff", "gg", "hh", "mail-transport"]);
        assert_eq!(closure(&[&main], ["none"]).len(), 1);
        assert_eq!(providers(&[&main, &more], "mail-transport").len(), 2);
    }
}
