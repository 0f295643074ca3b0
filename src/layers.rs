//! The direction of dependencies, read off the `crate::` paths of the sources.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

/// Each module with what it may use. Whatever it uses stands above it, so that no circle is possible.
const LAYERS: &[(&str, &[&str])] = &[
    ("model", &[]),
    ("document", &["model"]),
    ("files", &[]),
    ("tree", &["model"]),
    ("app", &[]),
    ("child", &[]),
    ("journal", &["model", "tree"]),
    ("scan", &[]),
    ("schedule", &[]),
    ("track", &["model"]),
    ("openpgp", &["model"]),
    ("debian", &["model"]),
    ("cache", &["model", "files"]),
    ("net", &["model"]),
    ("provenance", &["model"]),
    ("oci", &["model"]),
    ("catalog", &["model", "document", "scan", "schedule", "track"]),
    ("lock", &["model", "document", "files"]),
    ("history", &["model", "document"]),
    ("audit", &["model", "lock", "provenance"]),
    ("plan", &["model", "track", "catalog"]),
    ("references", &["model", "document", "track", "catalog", "lock", "scan"]),
    ("scanned", &["document", "catalog", "scan", "tree"]),
    ("adopt", &["model", "document", "track", "lock", "scan"]),
    ("in_place", &["model", "document", "catalog", "lock", "scan", "scanned", "tree", "references"]),
    ("git", &["model", "child", "net", "tree"]),
    ("source", &["model", "cache", "net", "git", "openpgp", "debian"]),
    ("upload", &["model", "net", "oci"]),
    ("mirror", &["model", "net", "oci", "source"]),
    ("evidence", &["model", "plan"]),
    ("verify", &["model", "document", "catalog", "lock", "plan", "scan", "references"]),
    ("gate", &["scanned", "document", "scan", "references", "tree", "verify"]),
    ("workspace", &["document", "tree", "catalog", "openpgp"]),
    ("resolve", &["model", "catalog", "lock", "plan", "openpgp", "source"]),
    ("error", &["document", "files", "tree", "net", "git", "lock", "source", "journal"]),
    (
        "served",
        &[
            "model", "document", "track", "catalog", "lock", "openpgp", "plan", "source", "verify",
            "resolve", "error",
        ],
    ),
    (
        "inspect",
        &[
            "model",
            "document",
            "tree",
            "debian",
            "oci",
            "mirror",
            "provenance",
            "catalog",
            "lock",
            "audit",
            "source",
            "workspace",
            "resolve",
            "error",
        ],
    ),
    ("learn", &["model", "net", "catalog", "git", "source", "evidence", "plan", "resolve"]),
    (
        "report",
        &["model", "document", "catalog", "plan", "provenance", "verify", "served", "evidence", "inspect"],
    ),
    (
        "publish",
        &[
            "model",
            "document",
            "files",
            "tree",
            "catalog",
            "lock",
            "journal",
            "plan",
            "net",
            "git",
            "in_place",
            "references",
            "scanned",
            "evidence",
            "resolve",
            "learn",
            "workspace",
            "error",
            "report",
        ],
    ),
    ("daemon", &["model", "files", "schedule", "report"]),
    ("emit", &["model", "catalog", "report"]),
    ("engine", &["model", "child", "scan", "catalog", "lock"]),
    (
        "cli",
        &[
            "model",
            "document",
            "files",
            "app",
            "track",
            "cache",
            "net",
            "tree",
            "oci",
            "mirror",
            "upload",
            "emit",
            "daemon",
            "schedule",
            "engine",
            "openpgp",
            "catalog",
            "lock",
            "history",
            "plan",
            "source",
            "verify",
            "report",
            "workspace",
            "resolve",
            "error",
            "served",
            "tree",
            "scan",
            "references",
            "in_place",
            "adopt",
            "gate",
            "scanned",
            "journal",
            "git",
            "evidence",
            "learn",
            "publish",
            "provenance",
            "audit",
            "inspect",
        ],
    ),
];

/// What only some modules may use, of crates and of the standard library.
const RESERVED: &[(&str, &[&str])] = &[
    ("reqwest::", &["net"]),
    ("git2::", &["git", "source", "tree", "journal", "publish"]),
    ("std::fs", &["files", "cache", "tree", "journal", "oci", "mirror", "net", "git", "publish", "cli"]),
    ("ignore::", &["tree"]),
    ("pgp::", &["openpgp"]),
    ("liblzma::", &["debian"]),
    ("flate2::", &["debian", "oci"]),
    ("zstd::", &["oci"]),
    ("tar::", &["oci", "inspect"]),
    // `cli` starts nobody: it may have to end itself.
    ("std::process", &["git", "source", "publish", "engine", "cli"]),
    ("tokio::process", &["child", "git", "source", "publish", "engine"]),
    ("rustix::", &["child", "git", "oci", "cli"]),
    ("tokio::signal", &["cli"]),
    ("axum::", &["mirror", "daemon"]),
    ("maud::", &["daemon"]),
];

/// The code of every file below `src`, without tests, by module.
fn sources() -> Vec<(String, String, String)> {
    let mut found = Vec::new();
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut folders = vec![root.clone()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
                continue;
            }
            let name = path.strip_prefix(&root).unwrap().display().to_string();
            let module = name.split(['/', '.']).next().unwrap().to_owned();
            if matches!(module.as_str(), "main" | "lib" | "layers")
                || name.ends_with("tests.rs")
                || name.contains("/tests/")
            {
                continue;
            }
            let text = fs::read_to_string(&path).unwrap();
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap();
            let is_code = |line: &&str| !line.trim_start().starts_with("//");
            found.push((module, name, code.lines().filter(is_code).collect::<Vec<_>>().join("\n")));
        }
    }
    found
}

#[test]
fn whatever_a_module_uses_stands_above_it() {
    for (i, (module, uses)) in LAYERS.iter().enumerate() {
        for used in *uses {
            assert!(
                LAYERS[..i].iter().any(|(above, _)| above == used),
                "{module} uses {used}, which is not above it"
            );
        }
    }
}

#[test]
fn dependencies_point_one_way() {
    let layers: BTreeMap<&str, &[&str]> = LAYERS.iter().copied().collect();
    let mut wrong = Vec::new();
    for (module, file, code) in sources() {
        let allowed =
            layers.get(module.as_str()).unwrap_or_else(|| panic!("{file}: where does `{module}` belong?"));
        for (at, _) in code.match_indices("crate::") {
            let used: String = code[at + "crate::".len()..]
                .chars()
                .take_while(|c| c.is_alphanumeric() || *c == '_')
                .collect();
            if used != module && !allowed.contains(&used.as_str()) {
                wrong.push(format!("{file} uses {used}"));
            }
        }
    }
    wrong.sort();
    wrong.dedup();
    assert!(wrong.is_empty(), "against the direction of dependencies:\n{}", wrong.join("\n"));
}

#[test]
fn what_is_reserved_is_used_only_where_it_belongs() {
    let mut wrong = Vec::new();
    for (module, file, code) in sources() {
        for (path, owners) in RESERVED {
            // `openpgp::` is not `pgp::`.
            let is_word =
                |(at, _): (usize, &str)| !code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            if code.match_indices(path).any(is_word) && !owners.contains(&module.as_str()) {
                wrong.push(format!("{file} uses {path}"));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
