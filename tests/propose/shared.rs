//! Several runners, shallow clones, and remotes over ssh.

use std::path::Path;
use std::process::Command;

use crate::support::checkout::{BOTH, Ended};
use crate::support::git_http::git;
use crate::support::sshd::Sshd;
use crate::world::World;

const NONE: &str = "forge = \"none\"\n";

/// Runs on a day in another clone, with this in the environment.
fn run_in(clone: &Path, day: u32, arguments: &[&str], environment: &[(&str, &str)]) -> Ended {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
    command.args(arguments).current_dir(clone).env_clear().env("PATH", std::env::var_os("PATH").unwrap());
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("SOLERA_PIN_NOW", format!("2026-05-{day:02}T06:00:00Z"));
    Ended::of(command.envs(environment.iter().copied()).output().unwrap())
}

fn proposes(clone: &Path, day: u32) -> String {
    let ended = run_in(clone, day, &["refresh", "--propose"], &[]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    ended.said
}

fn clone_of(world: &World, arguments: &[&str]) -> tempfile::TempDir {
    let clone = tempfile::tempdir().unwrap();
    let url = format!("file://{}", world.remote().display());
    git(clone.path(), &[&["clone", "-q"], arguments, &[&url, "."]].concat());
    clone
}

#[test]
fn another_runner_has_the_same_memory_and_makes_the_same_commits() {
    let world = World::new(&["x"], NONE);
    world.registry.push_index("x", "1.0.1", BOTH);
    let (a, b) = (clone_of(&world, &[]), clone_of(&world, &[]));
    proposes(a.path(), 2);
    let branches = world.branches();
    assert_eq!(proposes(b.path(), 3), "1 proposal open\n", "it was seen first by the other one");
    assert_eq!(world.branches(), branches);
    let journal = |clone: &Path| git(clone, &["show", "refs/solera-pin/journal:x"]);
    assert_eq!(journal(a.path()), journal(b.path()));
    assert!(journal(b.path()).contains("2026-05-02T06:00:00Z"));
    let noted = world.there(&["rev-parse", "refs/solera-pin/journal"]);
    proposes(b.path(), 4);
    assert_eq!(world.there(&["rev-parse", "refs/solera-pin/journal"]), noted, "nothing new, nothing sent");
}

#[test]
fn a_shallow_clone_proposes_as_a_whole_one_does() {
    let world = World::new(&["x"], NONE);
    world.registry.push_index("x", "1.0.1", BOTH);
    world.proposes(2);
    let first = world.tip("solera-pin/pin/x");
    for text in ["one", "two", "three"] {
        world.edit("main", "README", text);
    }
    let shallow = clone_of(&world, &["--depth", "1"]);
    assert_eq!(
        proposes(shallow.path(), 3),
        "1 proposal open\n",
        "the branch still fits, and is known to be ours"
    );
    assert_eq!(world.tip("solera-pin/pin/x"), first);
    world.registry.push_index("x", "1.0.2", BOTH);
    assert!(proposes(shallow.path(), 4).contains("solera-pin/pin/x  updated"));
    assert_eq!(world.there(&["rev-parse", "solera-pin/pin/x~1"]), world.tip("main"));
    assert_eq!(git(shallow.path(), &["status", "--porcelain"]), "");
    assert_eq!(git(shallow.path(), &["fsck", "--strict", "--no-dangling"]), "");
    world.edit("solera-pin/pin/x", "mine", "more");
    let again = clone_of(&world, &["--depth", "1"]);
    assert!(proposes(again.path(), 5).contains("left alone"), "a person's commit is seen there too");
}

#[test]
fn a_shallow_clone_begins_the_journal_where_nobody_has_one() {
    let world = World::new(&["x"], NONE);
    world.registry.push_index("x", "1.0.1", BOTH);
    let shallow = clone_of(&world, &["--depth", "1"]);
    assert!(proposes(shallow.path(), 2).contains("solera-pin/pin/x  opened"));
    assert!(world.there(&["show", "refs/solera-pin/journal:x"]).contains("1.0.1 sha256:"));
}

#[test]
fn a_branch_that_moves_meanwhile_is_not_overwritten() {
    let world = World::new(&["x"], NONE);
    world.registry.push_index("x", "1.0.1", BOTH);
    world.proposes(2);
    let hook = world.remote().join("hooks/update");
    // Somebody is faster: the branch moves when the next push arrives, before it counts.
    let script = format!(
        "#!/bin/sh\ncase $1 in refs/heads/solera-pin/*) git update-ref $1 {} ;; esac\n",
        world.tip("main")
    );
    std::fs::write(&hook, script).unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    world.registry.push_index("x", "1.0.2", BOTH);
    let lost = world.propose(3);
    assert_eq!(lost.code, 3, "{}", lost.said);
    assert!(lost.said.contains("solera-pin/pin/x stays as it was: "), "{}", lost.said);
    assert_eq!(world.tip("solera-pin/pin/x"), world.tip("main"));
    std::fs::remove_file(hook).unwrap();
    world.proposes(4);
    assert_eq!(world.there(&["log", "-1", "--format=%s", "solera-pin/pin/x"]), "bump x 1.0.0 to 1.0.2");
}

#[test]
fn a_remote_that_refuses_is_told_of_and_the_rest_is_done() {
    let world = World::new(&["x", "y"], NONE);
    for name in ["x", "y"] {
        world.registry.push_index(name, "1.0.1", BOTH);
    }
    let hook = world.remote().join("hooks/update");
    std::fs::write(&hook, "#!/bin/sh\ncase $1 in *pin/x) echo '\\033[31mno @octocat' >&2; exit 1 ;; esac\n")
        .unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let refused = world.propose(2);
    assert_eq!(refused.code, 3, "{}", refused.said);
    assert!(refused.said.contains("the remote refused the branch solera-pin/pin/x: "), "{}", refused.said);
    assert!(
        !refused.said.contains('\u{1b}') && refused.said.contains("let whoever runs this"),
        "{}",
        refused.said
    );
    assert_eq!(world.names(), ["solera-pin/pin/y"]);
}

#[test]
fn over_ssh() {
    let world = World::new(&["x"], NONE);
    let folder = tempfile::tempdir().unwrap();
    let server = Sshd::start(folder.path());
    let clone = clone_of(&world, &[]);
    git(clone.path(), &["remote", "set-url", "origin", &server.url(&world.remote())]);
    world.registry.push_index("x", "1.0.1", BOTH);
    let run = |day, key| {
        let ssh = Sshd::command(folder.path(), key);
        run_in(clone.path(), day, &["refresh", "--propose"], &[("GIT_SSH_COMMAND", &ssh)])
    };
    let stranger = run(2, "stranger");
    assert_eq!(stranger.code, 3, "{}", stranger.said);
    assert!(stranger.said.to_lowercase().contains("permission denied"), "{}", stranger.said);
    let done = run(2, "user");
    assert_eq!(done.code, 0, "{}", done.said);
    assert_eq!(world.names(), ["solera-pin/pin/x"]);
    assert!(world.there(&["show", "refs/solera-pin/journal:x"]).contains("1.0.1 sha256:"));
    let again = run(3, "user");
    assert_eq!((again.code, again.said.as_str()), (0, "1 proposal open\n"));
}
