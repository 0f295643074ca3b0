//! Pull requests of a real repository.

use std::path::Path;

use solera_pin::publish::forge::State;

use super::support::forge::{ALL, Server, TOKEN};
use super::support::git_http::{git, repository};
use super::{BRANCH, forge, new_pull, said};

/// Commits `text` as the file `pins.lock` on `branch`, and gives the commit.
fn push(folder: &Path, branch: &str, text: &str) -> String {
    let parent = git(folder, &["rev-parse", "main"]);
    let file = folder.join("staged");
    std::fs::write(&file, text).unwrap();
    let blob = git(folder, &["hash-object", "-w", "staged"]);
    std::fs::remove_file(file).unwrap();
    let index = folder.join("staged-index");
    let index_of = |arguments: &[&str]| {
        let output = std::process::Command::new("git")
            .args(arguments)
            .current_dir(folder)
            .env("GIT_INDEX_FILE", &index)
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    index_of(&["update-index", "--add", "--cacheinfo", &format!("100644,{blob},pins.lock")]);
    let tree = index_of(&["write-tree"]);
    std::fs::remove_file(&index).unwrap();
    let commit = git(folder, &["commit-tree", "-m", "bump", "-p", &parent, &tree]);
    git(folder, &["update-ref", &format!("refs/heads/{branch}"), &commit]);
    commit
}

#[tokio::test]
async fn a_pull_request_follows_its_branch_until_it_is_merged() {
    for software in ALL {
        let root = tempfile::tempdir().unwrap();
        let folder = repository(root.path(), "shop.git");
        let server = Server::over(software, &folder);
        // One for each run: what was listed is known for as long as that.
        let run = || forge(&server, software);
        let head = || async { run().find(BRANCH).await.unwrap()[0].head.clone().unwrap().to_string() };
        let first = push(&folder, BRANCH, "one\n");
        run().open(&new_pull(BRANCH)).await.unwrap();
        assert_eq!(head().await, first, "{software:?}");
        let second = push(&folder, BRANCH, "two\n");
        assert_eq!(head().await, second);
        server.as_person().merge(1);
        let merged = &run().find(BRANCH).await.unwrap()[0];
        assert_eq!((merged.state, merged.head.as_ref().unwrap().as_str()), (State::Merged, second.as_str()));
        assert_eq!(git(&folder, &["show", "main:pins.lock"]), "two");
        push(&folder, BRANCH, "three\n");
        assert_eq!(run().open(&new_pull(BRANCH)).await.unwrap().number, 2);
        server.as_person().squash(2);
        assert_eq!(git(&folder, &["show", "main:pins.lock"]), "three");
        assert_eq!(git(&folder, &["log", "-1", "--format=%P", "main"]).len(), 40, "one parent");
        assert_eq!(run().find(BRANCH).await.unwrap()[0].state, State::Merged);
    }
}

#[tokio::test]
async fn without_its_branch_it_is_closed_and_still_found() {
    for software in ALL {
        let root = tempfile::tempdir().unwrap();
        let folder = repository(root.path(), "shop.git");
        let server = Server::over(software, &folder);
        let forge = forge(&server, software);
        let error = said(&forge.open(&new_pull(BRANCH)).await.unwrap_err());
        assert!(error.contains("answered 4"), "{software:?}: {error}");
        push(&folder, BRANCH, "one\n");
        forge.open(&new_pull(BRANCH)).await.unwrap();
        git(&folder, &["update-ref", "-d", &format!("refs/heads/{BRANCH}")]);
        let found = forge.find(BRANCH).await.unwrap();
        assert_eq!((found.len(), found[0].state), (1, State::Closed), "{software:?}");
        push(&folder, BRANCH, "two\n");
        assert_eq!(forge.open(&new_pull(BRANCH)).await.unwrap().number, 2);
    }
}

#[test]
fn who_shows_the_token_may_push_to_the_forge_itself() {
    let root = tempfile::tempdir().unwrap();
    let folder = repository(root.path(), "shop.git");
    for software in ALL {
        let server = Server::over(software, &folder);
        let clone = root.path().join(software.word());
        git(root.path(), &["clone", "-q", &server.remote(), software.word()]);
        let branch = format!("HEAD:refs/heads/{}", software.word());
        let push = |login: &str| {
            let url = server.remote().replacen("://", &format!("://{login}"), 1);
            let mut command = std::process::Command::new("git");
            command.args(["push", "-q", &url, &branch]).current_dir(&clone);
            command.env("GIT_TERMINAL_PROMPT", "0").env("GIT_CONFIG_GLOBAL", "/dev/null");
            command.output().unwrap().status.success()
        };
        assert!(!push("") && !push("me:another@"));
        assert!(push(&format!("me:{TOKEN}@")), "{software:?}");
        let pushed = git(&folder, &["rev-parse", software.word()]);
        assert_eq!(pushed, git(&folder, &["rev-parse", "main"]));
    }
}
