use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use super::*;

fn git(folder: &Path, args: &[&str]) {
    let done = Command::new("git")
        .args(["-c", "user.name=t", "-c", "user.email=t@example.org", "-c", "init.defaultBranch=main"])
        .args(args)
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(done.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&done.stderr));
}

fn put(folder: &Path, path: &str, content: &[u8]) {
    let path = folder.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    crate::files::replace(&path, content).unwrap();
}

fn files(tree: &dyn Tree, within: &[&str]) -> BTreeMap<String, String> {
    let found = Mutex::new(BTreeMap::new());
    let within: Vec<String> = within.iter().map(|path| (*path).to_owned()).collect();
    let wanted = |path: &str| match path {
        path if path.ends_with(".skip") => Want::Nothing,
        path if path.ends_with(".bin") => Want::Text,
        _ => Want::Whole,
    };
    let visit = |path: &str, file: File<'_>| {
        let text = match file {
            File::Bytes(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            File::Unreadable(why) => format!("unreadable: {why}"),
            File::Submodule => "submodule".into(),
        };
        assert_eq!(found.lock().unwrap().insert(path.to_owned(), text), None, "{path} twice");
    };
    tree.each(&within, &wanted, &visit).unwrap();
    found.into_inner().unwrap()
}

fn example() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let top = folder.path();
    git(top, &["init", "-q"]);
    for (path, content) in [
        (".gitignore", "/ignored/\n*.log\n!keep.log\n"),
        (".github/workflows/a.yml", "a"),
        ("Dockerfile", "b"),
        ("ignored/tracked/Dockerfile", "c"),
        ("ignored/untracked", "d"),
        ("sub/.gitignore", "deep\n"),
        ("sub/deep", "e"),
        ("sub/keep.log", "f"),
        ("sub/x.log", "g"),
        ("x.skip", "h"),
    ] {
        put(top, path, content.as_bytes());
    }
    put(top, "zero.bin", b"a\0b");
    std::os::unix::fs::symlink("sub/deep", top.join("link")).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", top.join("outside")).unwrap();
    git(top, &["add", "."]);
    git(top, &["add", "-f", "ignored/tracked/Dockerfile", "sub/x.log", "sub/deep"]);
    git(top, &["commit", "-qm", "one"]);
    folder
}

const BOTH: [(&str, &str); 8] = [
    (".github/workflows/a.yml", "a"),
    (".gitignore", "/ignored/\n*.log\n!keep.log\n"),
    ("Dockerfile", "b"),
    ("ignored/tracked/Dockerfile", "c"),
    ("link", "e"),
    ("sub/.gitignore", "deep\n"),
    ("sub/deep", "e"),
    ("sub/keep.log", "f"),
];

fn expected(more: &[(&str, &str)]) -> BTreeMap<String, String> {
    BOTH.iter().chain(more).map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

#[test]
fn a_folder_has_what_git_tracks_and_what_it_would_not_ignore() {
    let folder = example();
    put(folder.path(), "new", b"n");
    let found = files(&WorkTree::new(folder.path()), &[]);
    let outside = "unreadable: it is a link that leads out of the repository";
    assert_eq!(found, expected(&[("sub/x.log", "g"), ("new", "n"), ("outside", outside)]));
    for version in ["2", "4"] {
        git(folder.path(), &["update-index", "--index-version", version]);
        assert_eq!(files(&WorkTree::new(folder.path()), &[]), found, "index version {version}");
    }
}

#[test]
fn a_commit_has_what_was_in_it() {
    let folder = example();
    put(folder.path(), "Dockerfile", b"changed");
    let tree = CommitTree::open(folder.path(), "HEAD").unwrap();
    assert_eq!(files(&tree, &[]), expected(&[("sub/x.log", "g")]));
    assert_eq!(tree.read("link").unwrap().unwrap(), b"e");
    assert_eq!(tree.read("nothing").unwrap(), None);
    assert_eq!(tree.folders("").unwrap_or_default(), Vec::<String>::new());
    assert_eq!(tree.folders("ignored").unwrap(), ["tracked"]);
    assert!(matches!(CommitTree::open(folder.path(), "nowhere"), Err(TreeError::Revision(_))));
}

#[test]
fn a_part_of_a_repository_is_looked_at_alone() {
    let folder = example();
    for root in ["", "sub"] {
        let top = folder.path().join(root);
        let start = if root.is_empty() { "sub" } else { "" };
        let within: Vec<&str> = [start].into_iter().filter(|start| !start.is_empty()).collect();
        let strip = |found: BTreeMap<String, String>| -> Vec<String> {
            found.into_keys().map(|path| path.trim_start_matches("sub/").to_owned()).collect()
        };
        assert_eq!(strip(files(&WorkTree::new(&top), &within)), [".gitignore", "deep", "keep.log", "x.log"]);
        let commit = CommitTree::open(&top, "HEAD").unwrap();
        assert_eq!(strip(files(&commit, &within)), [".gitignore", "deep", "keep.log", "x.log"]);
    }
}

#[test]
fn a_file_that_is_named_is_looked_at_even_if_it_is_ignored() {
    let folder = example();
    let found = files(&WorkTree::new(folder.path()), &["ignored/untracked", "sub/x.log"]);
    assert_eq!(found.into_keys().collect::<Vec<_>>(), ["ignored/untracked", "sub/x.log"]);
}

#[test]
fn what_lies_around_a_repository_hides_nothing_in_it() {
    let around = tempfile::tempdir().unwrap();
    put(around.path(), ".gitignore", b"*\n");
    let top = around.path().join("a");
    put(&top, "b/Dockerfile", b"x");
    put(&top, "b/.gitignore", b"hidden\n");
    put(&top, "b/hidden", b"y");
    let all = ["b/.gitignore", "b/Dockerfile"];
    let found = || files(&WorkTree::new(&top), &[]).into_keys().collect::<Vec<_>>();
    assert_eq!(found(), all, "in no repository");
    git(&top, &["init", "-q"]);
    assert_eq!(found(), all);
    put(&top, ".gitignore", b"/b/Dockerfile\n");
    assert_eq!(found(), [".gitignore", "b/.gitignore"]);
    let part = files(&WorkTree::new(top.join("b")), &[]).into_keys().collect::<Vec<_>>();
    assert_eq!(part, [".gitignore"], "the repository's own patterns count from its top");
}

#[test]
fn a_repository_that_git_does_not_trust_is_told() {
    let folder = example();
    let top = folder.path().join("it's mine");
    fs::create_dir(&top).unwrap();
    git(&top, &["init", "-q"]);
    put(&top, "images/a/Dockerfile", b"x");
    // Only root can give a folder away.
    let give = |path: &Path| std::os::unix::fs::chown(path, Some(54_321), None);
    if give(folder.path()).and_then(|()| give(&top)).is_err() {
        return;
    }
    let told = |result: Result<(), TreeError>| {
        let error = result.expect_err("nothing of it may be left out in silence");
        let TreeError::Git(_, Some(remedy)) = &error else { panic!("{error}") };
        assert!(remedy.contains("safe.directory"), "{remedy}");
        remedy.clone()
    };
    let remedy = told(WorkTree::new(top.join("images")).each(&[], &|_| Want::Whole, &|_, _| ()));
    let trusted = crate::model::quoted(&fs::canonicalize(&top).unwrap().to_string_lossy());
    assert!(remedy.ends_with(&format!("safe.directory {trusted}`")), "the top, as one word: {remedy}");
    told(WorkTree::new(folder.path()).each(&[], &|_| Want::Whole, &|_, _| ()));
    told(CommitTree::open(folder.path(), "HEAD").map(drop));
}

#[test]
fn another_repository_within_is_not_entered() {
    let folder = example();
    let inner = folder.path().join("inner");
    fs::create_dir(&inner).unwrap();
    git(&inner, &["init", "-q"]);
    put(&inner, "Dockerfile", b"x");
    assert_eq!(files(&WorkTree::new(folder.path()), &["inner"]).len(), 1, "named, it is what is meant");
    assert_eq!(files(&WorkTree::new(folder.path()), &[])["inner"], "submodule");
}

#[test]
fn links_stay_within() {
    for (path, target, expected) in [
        ("a/b", "c", Some("a/c")),
        ("a/b", "../c/./d", Some("c/d")),
        ("a", "../c", None),
        ("a", "/etc/passwd", None),
    ] {
        assert_eq!(link_target(path, target).as_deref(), expected, "{path} {target}");
    }
}

#[test]
fn a_commit_counts_where_a_branch_or_a_tag_leads_to_it() {
    let folder = tempfile::tempdir().unwrap();
    let root = folder.path().join("a");
    fs::create_dir(&root).unwrap();
    let of = |root: &Path, arguments: &[&str]| {
        let identity = ["-c", "user.name=t", "-c", "user.email=t@example.org"];
        let output = Command::new("git").args(identity).args(arguments).current_dir(root).output().unwrap();
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    let run = |arguments: &[&str]| of(&root, arguments);
    let commit = || {
        run(&["commit", "-q", "--allow-empty", "-m", "x"]);
        run(&["rev-parse", "HEAD"])
    };
    let kept = |commit: &str| is_kept(&root, commit).unwrap();
    run(&["init", "-q", "-b", "main"]);
    assert!(!kept(&"1".repeat(40)), "nothing is committed");
    let (first, second) = (commit(), commit());
    run(&["checkout", "-q", "--detach"]);
    let detached = commit();
    assert!(
        [&first, &second, &detached].into_iter().all(|commit| kept(commit)),
        "what is checked out counts"
    );
    run(&["checkout", "-q", "main"]);
    assert!(kept(&first) && !kept(&detached), "its objects are here, and nothing leads to it");
    run(&["update-ref", "refs/pull/1/head", &detached]);
    run(&["update-ref", "refs/remotes/pull/1/merge", &detached]);
    assert!(!kept(&detached), "somebody's pull request, and one of no remote");
    run(&["config", "remote.origin.url", "https://example.org/a.git"]);
    run(&["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"]);
    run(&["config", "--add", "remote.origin.fetch", "+refs/pull/*/head:refs/remotes/origin/pr/*"]);
    run(&["update-ref", "refs/remotes/origin/pr/1", &detached]);
    assert!(!kept(&detached), "one among the branches of a remote");
    run(&["update-ref", "refs/remotes/origin/topic", &detached]);
    assert!(kept(&detached), "a branch of a remote");
    run(&["update-ref", "-d", "refs/remotes/origin/topic"]);
    run(&["tag", "-a", "-m", "x", "v1", &detached]);
    assert!(kept(&detached), "a tag");
    // A clone that ends somewhere tells no more than it has.
    let shallow = folder.path().join("b");
    let from = format!("file://{}", root.display());
    run(&["clone", "-q", "--depth=1", "--no-tags", &from, &shallow.display().to_string()]);
    assert!(is_kept(&shallow, &second).unwrap() && !is_kept(&shallow, &first).unwrap());
    of(&shallow, &["fetch", "-q", "--unshallow", "origin"]);
    assert!(is_kept(&shallow, &first).unwrap());
}
