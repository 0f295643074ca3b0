//! Files of every format that is scanned, each about one thing, with what must be found in it.
//!
//! `tests/corpus/FORMAT/*.txt` hold many small files each: what stands between `===` and `--- found` is one file under
//! its real name, what follows is the claim about it. `SNAPSHOTS=overwrite` writes the claims anew: the difference is
//! then to be read against what the builder, cluster or forge itself would use.
//!
//! Every file is also pinned by a lock that is made up for it, moved to another lock and unpinned: `support/laws.rs`.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test fails by panicking, and writes its own snapshots"
)]
#![allow(missing_docs, unreachable_pub, reason = "nobody but these tests reads this")]

#[path = "corpus/case.rs"]
mod case;
#[path = "corpus/generated.rs"]
mod generated;
#[path = "support/laws.rs"]
mod laws;
#[path = "support/made_up.rs"]
mod made_up;
#[path = "corpus/shown.rs"]
mod shown;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use case::Case;

/// The least that each folder holds, so that a file that is not read any more is noticed.
const LEAST: &[(&str, usize)] = &[
    ("actions", 28),
    ("bake", 20),
    ("comments", 10),
    ("compose", 40),
    ("dockerfile", 120),
    ("gitlab", 14),
    ("helm", 35),
    ("kubernetes", 40),
    ("kustomize", 15),
];

/// The files of the corpus, by folder.
fn files() -> BTreeMap<String, Vec<PathBuf>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/corpus");
    let mut files: BTreeMap<String, Vec<PathBuf>> = BTreeMap::new();
    for folder in fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path()).filter(|path| path.is_dir())
    {
        let name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        let mut found: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
        found.sort();
        files.insert(name, found);
    }
    files
}

fn cases(file: &Path) -> Vec<Case> {
    case::read(&fs::read_to_string(file).unwrap()).unwrap_or_else(|why| panic!("{}: {why}", file.display()))
}

#[test]
fn what_is_found_is_what_the_tools_would_use() {
    let overwrite = std::env::var_os("SNAPSHOTS").is_some_and(|value| value == "overwrite");
    let (mut wrong, mut broken) = (Vec::new(), Vec::new());
    for file in files().into_values().flatten() {
        let mut cases = cases(&file);
        for case in &mut cases {
            let said = case.claimed();
            let text = case.text();
            let told = format!("{}: {}: {}", file.display(), case.path, case.about);
            let Ok(outcome) = std::panic::catch_unwind(|| laws::hold(&case.path, &text)) else {
                broken.push(told);
                continue;
            };
            case.claim(shown::sections(&case.path, &text, &outcome));
            if case.claimed() != said {
                wrong.push(format!("{told}\n--- claimed\n{said}--- is\n{}", case.claimed()));
            }
        }
        if overwrite {
            fs::write(&file, case::write(&fs::read_to_string(&file).unwrap(), &cases)).unwrap();
        }
    }
    assert!(broken.is_empty(), "what always holds does not for:\n{}", broken.join("\n"));
    assert!(overwrite || wrong.is_empty(), "{} differ:\n{}", wrong.len(), wrong.join("\n"));
}

#[test]
fn the_corpus_is_all_there() {
    let files = files();
    let counts = files
        .iter()
        .map(|(name, files)| (name.as_str(), files.iter().map(|file| cases(file).len()).sum::<usize>()));
    let counts: BTreeMap<&str, usize> = counts.collect();
    for (folder, least) in LEAST {
        let count = counts.get(folder).copied().unwrap_or_default();
        assert!(count >= *least, "{folder} has {count} files");
    }
    assert!(counts.values().sum::<usize>() >= 300, "{counts:?}");
}

/// Writes each file of the corpus where a fuzz target finds it as a seed: `scripts/fuzz` calls this.
#[test]
#[ignore = "it writes files: scripts/fuzz calls it"]
fn write_seeds() {
    let root = PathBuf::from(std::env::var_os("SEEDS").unwrap());
    for (number, case) in files().into_values().flatten().flat_map(|file| cases(&file)).enumerate() {
        for target in case::targets(&case.path) {
            let folder = root.join(target);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(format!("corpus-{number}")), case::seed(target, &case.text())).unwrap();
        }
    }
    write_seeds_of_tags(&root.join("tags"));
    let journal = root.join("journal");
    fs::create_dir_all(&journal).unwrap();
    let digest = "a".repeat(64);
    fs::write(journal.join("pin"), format!("1.2 sha256:{digest} 2026-05-01T06:00:00Z\n")).unwrap();
    fs::write(journal.join("accepted"), "x frozen:1.2 2026-05-01T06:00:00Z known\n").unwrap();
    write_seeds_of_debian(&root);
}

/// A suite, a list, and what is signed.
fn write_seeds_of_debian(root: &Path) {
    let digest = "a".repeat(64);
    let release = format!(
        "Suite: oldstable\nCodename: bookworm\nDate: Sat, 11 Jul 2026 10:16:37 UTC\nAcquire-By-Hash: yes\n\
         Architectures: all amd64\nComponents: main\nSHA256:\n {digest} 7 main/binary-amd64/Packages\n"
    );
    let packages = format!(
        "Package: curl\nVersion: 1:7.88.1-10+deb12u12\nArchitecture: amd64\nDepends: libc6 (>= 2.36) | libc6.1:any\n\
         Provides: fetch (= 1)\nFilename: pool/curl.deb\nSize: 7\nSHA256: {digest}\n\n"
    );
    let signed = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openpgp");
    let seeds =
        [("release", "one", release.into_bytes()), ("packages", "one", packages.repeat(2).into_bytes())];
    let files = ["good.20.asc", "detached.sig", "detached-text.asc", "good.gpg", "sub.gpg", "several.asc"];
    let files = files.map(|name| ("openpgp", name, fs::read(signed.join(name)).unwrap()));
    for (target, name, content) in seeds.into_iter().chain(files) {
        fs::create_dir_all(root.join(target)).unwrap();
        fs::write(root.join(target).join(name), content).unwrap();
    }
}

/// Each case of the tags: the tag, and what is there, one a line.
fn write_seeds_of_tags(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let cases: toml_edit::DocumentMut = include_str!("../src/track/corpus.toml").parse().unwrap();
    for (number, case) in cases["case"].as_array_of_tables().unwrap().iter().enumerate() {
        let others = case["candidates"].as_array().unwrap().iter().filter_map(|tag| tag.as_str());
        let lines: Vec<&str> = case["tag"].as_str().into_iter().chain(others).collect();
        fs::write(folder.join(format!("corpus-{number}")), lines.join("\n")).unwrap();
    }
}
