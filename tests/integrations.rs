//! What other programs read of this repository: the action of GitHub workflows, the hook of pre-commit, and the justfile.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;

use solera_pin::scan::yaml;

fn read(file: &str) -> String {
    fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join(file)).unwrap()
}

fn text<'n>(node: yaml::Node<'n>, keys: &[&str]) -> &'n str {
    node.path(keys).and_then(yaml::Node::text).unwrap_or_else(|| panic!("no {keys:?}"))
}

/// The scripts of the action, with the variables that they are given.
fn scripts() -> Vec<(String, Vec<(String, String)>)> {
    let source = read("action.yml");
    let stream = yaml::parse(&source);
    assert_eq!(stream.unread(), []);
    let action = stream.documents().next().unwrap();
    assert_eq!(text(action, &["runs", "using"]), "composite");
    assert!(!text(action, &["name"]).is_empty() && !text(action, &["description"]).is_empty());
    assert_eq!(text(action, &["inputs", "args", "default"]), "verify");
    assert_eq!(text(action, &["inputs", "base", "default"]), "");
    let steps = action.path(&["runs", "steps"]).unwrap().items();
    let script = |step: yaml::Node<'_>| {
        assert_eq!(text(step, &["shell"]), "bash", "a step that runs something names its shell");
        let given = step.get("env").map(yaml::Node::pairs).unwrap_or_default();
        let pair = |(name, value): (yaml::Node<'_>, yaml::Node<'_>)| {
            (name.text().unwrap().to_owned(), value.text().unwrap().to_owned())
        };
        (text(step, &["run"]).to_owned(), given.into_iter().map(pair).collect())
    };
    steps.map(script).collect()
}

#[test]
fn the_action_takes_what_it_is_given_as_arguments_and_never_as_a_script() {
    let scripts = scripts();
    let [(install, _), (run, given)] = &scripts[..] else { panic!("{scripts:?}") };
    assert!(install.contains("--locked --path \"$GITHUB_ACTION_PATH\""), "{install}");
    let expressions = [("ARGS", "${{ inputs.args }}"), ("BASE", "${{ inputs.base }}")];
    assert_eq!(*given, expressions.map(|(name, value)| (name.to_owned(), value.to_owned())));
    let folder = tempfile::tempdir().unwrap();
    let binary = folder.path().join("solera-pin/bin/solera-pin");
    fs::create_dir_all(binary.parent().unwrap()).unwrap();
    fs::write(&binary, "#!/bin/sh\nfor argument; do echo \"<$argument>\"; done\n").unwrap();
    fs::set_permissions(&binary, fs::Permissions::from_mode(0o755)).unwrap();
    for (arguments, base, expected) in [
        ("verify", "", "<verify>\n"),
        ("verify --format github", "abc", "<verify>\n<--format>\n<github>\n<--base>\n<abc>\n"),
        ("verify $(touch evil); *", "a b", "<verify>\n<$(touch>\n<evil);>\n<*>\n<--base>\n<a b>\n"),
    ] {
        assert!(!install.contains("${{") && !run.contains("${{"));
        // As a runner starts it.
        let output = Command::new("bash")
            .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", run])
            .current_dir(folder.path())
            .env("RUNNER_TEMP", folder.path())
            .env("ARGS", arguments)
            .env("BASE", base)
            .output()
            .unwrap();
        assert_eq!(String::from_utf8(output.stdout).unwrap(), expected);
    }
}

#[test]
fn the_scripts_of_the_action_are_scripts() {
    for (script, _) in scripts() {
        let status = Command::new("bash").args(["-n", "-c", &script]).status().unwrap();
        assert!(status.success(), "{script}");
    }
}

#[test]
fn the_hook_runs_the_gate_on_the_files_that_name_something() {
    let source = read(".pre-commit-hooks.yaml");
    let stream = yaml::parse(&source);
    assert_eq!(stream.unread(), []);
    let hooks: Vec<_> = stream.documents().next().unwrap().items().collect();
    let [hook] = hooks[..] else { panic!("{} hooks", hooks.len()) };
    for (key, value) in [
        ("id", "solera-pin-verify"),
        ("entry", "solera-pin verify"),
        ("language", "rust"),
        ("pass_filenames", "true"),
    ] {
        assert_eq!(text(hook, &[key]), value, "{key}");
    }
    // Python's `re.search`, in what both languages have.
    let files = regex::Regex::new(text(hook, &["files"])).unwrap();
    for path in [
        "Dockerfile",
        "a/b.Dockerfile",
        "Dockerfile.dev",
        "a/Containerfile",
        "compose.yaml",
        ".github/workflows/a.yml",
        "charts/a/values.yaml",
        "docker-bake.hcl",
        "a/docker-bake.override.json",
        "pins.toml",
        "pins.lock",
        "refresh/policy.toml",
    ] {
        assert!(files.is_match(path), "{path}");
    }
    for path in ["README.md", "Dockerfiles/a.txt", "src/dockerfile/mod.rs", "package.json", "a.yaml.orig"] {
        assert!(!files.is_match(path), "{path}");
    }
}

/// What a bump moves is not in it, so that only a change of the catalog makes it stale.
#[test]
fn the_readme_has_the_table_of_images_as_it_is() {
    let output = Command::new(env!("CARGO_BIN_EXE_solera-pin"))
        .args(["-C", env!("CARGO_MANIFEST_DIR"), "catalog", "--format", "markdown"])
        .env_clear()
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let table = String::from_utf8(output.stdout).unwrap();
    let readme = read("README.md");
    let (_, rest) = readme.split_once("<!-- images: ").unwrap();
    let (_, rest) = rest.split_once("-->").unwrap();
    let (between, _) = rest.split_once("<!-- images end -->").unwrap();
    assert_eq!(
        between.trim(),
        table.trim(),
        "write what `solera-pin catalog --format markdown` prints into README.md"
    );
}

/// Every recipe that builds or pushes, with what it was given.
#[test]
fn the_justfile_runs_what_it_says() {
    let top = Path::new(env!("CARGO_MANIFEST_DIR"));
    let just = top.join("target/just/bin/just");
    assert!(just.exists(), "`just` is not in target/just: run scripts/just");
    let folder = tempfile::tempdir().unwrap();
    let program = folder.path().join("solera pin");
    fs::write(&program, "#!/bin/sh\nfor argument; do printf '<%s>' \"$argument\"; done\n").unwrap();
    fs::set_permissions(&program, fs::Permissions::from_mode(0o755)).unwrap();
    let run = |words: &[&str], prefix: &str| {
        let mut command = Command::new(&just);
        command.arg("--justfile").arg(top.join("justfile")).args(words);
        command.env("SOLERA_PIN", format!("'{}'", program.display())).env("TAG_PREFIX", prefix);
        let ended = command.output().unwrap();
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        String::from_utf8(ended.stdout).unwrap()
    };
    assert_eq!(run(&["build", "wordpress-fpm"], ""), "<build><wordpress-fpm>");
    assert_eq!(run(&["build-all"], ""), "<build>");
    assert_eq!(run(&["push-all"], "ghcr.io/a b"), "<build><--push><--tag-prefix><ghcr.io/a b>");
    assert_eq!(
        run(&["push", "aralez", "--engine=buildah"], "r/a"),
        "<build><--push><--tag-prefix><r/a><aralez><--engine=buildah>"
    );
    for recipe in ["build", "build-all", "push", "push-all", "refresh", "test", "verify"] {
        assert!(run(&["--list"], "").contains(&format!("\n    {recipe}")), "{recipe}");
    }
}
