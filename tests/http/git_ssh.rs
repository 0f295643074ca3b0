//! The binary and git upstreams over a real ssh server: the user's agent, keys and known hosts.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use tempfile::TempDir;

use crate::git_login::{assert_newest, assert_no_objects, pin};
use crate::support::checkout::{Checkout, Ended};
use crate::support::git_http::every_kind;
use crate::support::sshd::{Agent, Sshd};

/// A server with a repository, a home with its ssh configuration, and a project that follows the one with the other.
struct There {
    root: TempDir,
    keys: TempDir,
    home: TempDir,
    server: Sshd,
    checkout: Checkout,
}

impl There {
    fn new() -> Self {
        let (root, keys, home) =
            (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        // Another user's git must be able to read it, and to trust it.
        fs::set_permissions(root.path(), fs::Permissions::from_mode(0o777)).unwrap();
        let repository = every_kind(root.path(), "a.git");
        let server = Sshd::start_for(keys.path(), root.path());
        let checkout = Checkout::new(&pin("a", &server.url(&repository)));
        Self { root, keys, home, server, checkout }
    }

    /// Has the user know the server by this key of the folder.
    fn knows(&self, key: &str) {
        fs::write(self.home.path().join("known"), self.server.known(self.keys.path(), key)).unwrap();
    }

    /// Refreshes with an ssh that has nothing of this machine's user: ssh looks for its files at home, wherever `HOME` is.
    fn refresh(&self, identity: &str, agent: Option<&Agent>) -> Ended {
        let known = self.home.path().join("known");
        let ssh = format!("ssh -F none -o UserKnownHostsFile='{}' {identity}", known.display());
        let mut command = self.checkout.command(&["refresh", "-v"]);
        command.env("HOME", self.home.path()).env("GIT_SSH_COMMAND", ssh);
        command.envs(agent.map(|agent| ("SSH_AUTH_SOCK", &agent.socket)));
        Ended::of(command.output().unwrap())
    }

    fn with_key(&self, key: &str) -> Ended {
        let file = self.keys.path().join(key);
        self.refresh(&format!("-o IdentitiesOnly=yes -i '{}'", file.display()), None)
    }
}

#[test]
fn an_agents_key_opens_it_and_no_objects_are_fetched() {
    let there = There::new();
    there.knows("host");
    let agent = Agent::start(there.keys.path(), "user");
    for _ in 0..2 {
        let ended = there.refresh("-o IdentityFile=none", Some(&agent));
        assert_eq!(ended.code, 0, "{}", ended.said);
        assert!(ended.said.contains("1 git"), "a connection is a request: {}", ended.said);
        assert_newest(&there.checkout.lock().unwrap(), "a", &there.root.path().join("a.git"));
    }
    assert_no_objects(there.root.path());
    let ended = there.refresh("-o IdentityFile=none", None);
    assert_eq!(ended.code, 3, "it was the agent's key: {}", ended.said);
}

#[test]
fn a_host_that_is_not_known_is_refused() {
    let there = There::new();
    let ended = there.with_key("user");
    assert_eq!(ended.code, 3, "{}", ended.said);
    for part in ["Host key verification failed", "its host key is not known here", "ssh -p "] {
        assert!(ended.said.contains(part), "{part}: {}", ended.said);
    }
    assert!(!there.home.path().join("known").exists(), "nobody said that it is to be trusted");
}

#[test]
fn a_host_key_that_changed_is_refused() {
    let there = There::new();
    there.knows("stranger");
    let ended = there.with_key("user");
    assert_eq!(ended.code, 3, "{}", ended.said);
    for part in ["its host key is not the one that is known", "ask who runs it", "127.0.0.1:"] {
        assert!(ended.said.contains(part), "{part}: {}", ended.said);
    }
    assert!(!ended.said.contains("@@@"), "{}", ended.said);
}

#[test]
fn a_wrong_key_is_said() {
    let there = There::new();
    there.knows("host");
    let ended = there.with_key("stranger");
    assert_eq!(ended.code, 3, "{}", ended.said);
    for part in ["Permission denied (publickey)", "none of your keys opens it", "`ssh-add -l`"] {
        assert!(ended.said.contains(part), "{part}: {}", ended.said);
    }
    assert_eq!(there.with_key("user").code, 0);
}
