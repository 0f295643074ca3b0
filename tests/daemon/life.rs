//! The daemon as it is run: it proposes what `refresh --propose` proposes, from a clone of its own, and shows it.

use std::path::Path;
use std::time::Duration;

use boon::{Compiler, Schemas};

use crate::driver::{Daemon, SECRET, command, is_long};
use crate::support::checkout::BOTH;
use crate::support::forge::Software;
use crate::world::World;

const NONE: &str = "forge = \"none\"\n\n[schedule]\ncron = \"0 6 * * *\"\n";

/// How often a daemon is killed: 10 times, and 50 where property tests run their large counts.
fn kills() -> usize {
    if is_long() { 50 } else { 10 }
}

#[test]
fn what_is_due_is_proposed_once_and_shown() {
    let world = World::new(&["x", "y"], NONE);
    world.registry.push_index("x", "1.0.1", BOTH);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    std::fs::write(world.project.checkout.path("Dockerfile"), "somebody edits this\n").unwrap();
    let before = world.project.git(&["status", "--porcelain"]);
    let daemon = Daemon::start(&world, &state);
    let runs = daemon.ran(1);
    assert_eq!((runs[0]["status"].as_u64(), runs[0]["problems"].as_array().unwrap().len()), (Some(0), 0));
    assert_eq!(world.names(), ["solera-pin/pin/x"]);
    let branches = world.branches();
    assert_eq!(daemon.get("/readyz").status, 200);
    let pins = daemon.get("/api/v1/pins").json();
    assert_eq!((&pins["pins"][0]["state"], &pins["pins"][1]["state"]), (&"due".into(), &"current".into()));
    assert_eq!(pins["pins"][0]["files"][0], "Dockerfile");
    assert_eq!(daemon.get("/api/v1/pins/x").json()["pin"]["history"].as_array().unwrap().len(), 2);
    assert_eq!(daemon.get("/api/v1/pins/z").status, 404);

    // Whoever knows the secret may ask, for what is declared.
    for (secret, body, status) in [
        ("", "", 401),
        ("0123456789abcdef0123456789abcdee", "", 401),
        (SECRET, "{\"pin\": \"z\"}", 404),
        (SECRET, "{\"pin\": \"../x\"}", 400),
        (SECRET, "{\"digest\": \"sha256:0\"}", 400),
        (SECRET, "{\"pin\": null}", 400),
        (SECRET, "[\"y\"]", 400),
        (SECRET, "[]", 400),
        (SECRET, &"x".repeat(5000), 413),
        (SECRET, "{\"pin\": \"y\"}", 202),
    ] {
        assert_eq!(daemon.trigger(secret, body), status, "{secret} {body:.40}");
    }
    let runs = daemon.ran(2);
    assert_eq!((runs[0]["pins"][0].as_str(), runs[0]["triggers"].as_u64()), (Some("y"), Some(1)));
    assert_eq!(world.branches(), branches, "nothing is proposed twice");
    assert_eq!(daemon.get("/api/v1/proposals").json()["proposals"][0]["branch"], "solera-pin/pin/x");

    // A second one is kept out, and so is what somebody edits.
    let second = command(&world, &state, &["--listen", "127.0.0.1:0"]).output().unwrap();
    assert_eq!(second.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&second.stderr).contains("another daemon runs with it"));
    assert_eq!(world.project.git(&["status", "--porcelain"]), before);
    assert_eq!(daemon.end(), Some(0));

    // What it knew, it knows again; and nothing was missed.
    let again = Daemon::start(&world, &state);
    assert_eq!(again.ran(2).len(), 2);
    assert_eq!(again.end(), Some(0));
    let once = command(&world, &state, &["--once"]).output().unwrap();
    assert_eq!(once.status.code(), Some(0), "{}", String::from_utf8_lossy(&once.stderr));
    assert_eq!(world.branches(), branches);
}

#[test]
fn every_answer_is_as_it_is_described_and_every_page_is_its_own() {
    let world = World::new(&["x"], NONE);
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&world, &folder.path().join("state"));
    daemon.ran(1);
    let described = daemon.get("/api/v1/openapi.json").json();
    for (path, what) in described["paths"].as_object().unwrap() {
        let Some(schema) =
            what["get"]["responses"]["200"]["content"]["application/json"]["schema"]["$ref"].as_str()
        else {
            continue;
        };
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.add_resource("http://here/openapi.json", described.clone()).unwrap();
        let schema = compiler.compile(&format!("http://here/openapi.json{schema}"), &mut schemas).unwrap();
        let answer = daemon.get(&path.replace("{name}", "x"));
        assert_eq!(answer.status, 200, "{path}");
        schemas.validate(&answer.json(), schema).unwrap_or_else(|error| panic!("{path}: {error:#}"));
    }
    for path in ["/", "/pins/x", "/images", "/runs"] {
        let page = daemon.get(path);
        assert_eq!(page.status, 200, "{path}: {}", page.body);
        assert!(page.head.contains("content-security-policy: default-src 'none'"), "{}", page.head);
        assert!(!page.body.contains("style=") && !page.body.contains("onclick"), "{path}");
        assert!(page.body.contains("<html lang=\"en\">") && page.body.contains("<main"), "{path}");
    }
    assert_eq!(daemon.get("/pins/%3Cscript%3E").status, 404);
    assert_eq!((daemon.get("/nothing").status, daemon.ask("POST", "/", "", "").status), (404, 405));
    let metrics = daemon.get("/metrics").body;
    for line in [
        "solera_pin_pins{state=\"current\"} 1\nsolera_pin_pins{state=\"due\"} 0\nsolera_pin_pins{state=\"waiting\"} 0\n",
        "solera_pin_alarms 0",
        "solera_pin_run_duration_seconds_bucket{le=\"1.0\"} 1",
        "solera_pin_run_duration_seconds_bucket{le=\"+Inf\"} 1",
        "solera_pin_run_duration_seconds_count 1",
        "solera_pin_runs_total 1",
        "solera_pin_last_run_status 0",
        "# EOF",
    ] {
        assert!(metrics.contains(line), "{line}: {metrics}");
    }
    assert_eq!(daemon.end(), Some(0));
}

#[test]
fn a_mistake_in_what_is_declared_is_shown_and_what_was_known_stays() {
    const MISTAKE: &str = "What is declared could not be read";
    let world = World::new(&["x"], NONE);
    let folder = tempfile::tempdir().unwrap();
    let daemon = Daemon::start(&world, &folder.path().join("state"));
    daemon.ran(1);
    let declared = world.there(&["show", "main:pins.toml"]);
    world.edit("main", "pins.toml", "[pin.x]\nimage = 5\n");
    daemon.tell("-HUP");
    daemon.says(MISTAKE, true);
    assert_eq!(daemon.get("/readyz").status, 200);
    assert_eq!(daemon.get("/api/v1/pins").json()["pins"][0]["name"], "x");
    assert_eq!(daemon.trigger(SECRET, ""), 202);
    let runs = daemon.ran(2);
    assert_eq!(runs[0]["status"], 2);
    assert!(runs[0]["problems"].to_string().contains("pin.x.image"), "{}", runs[0]);
    assert!(daemon.get("/").body.contains("What the last run could not do"));
    world.edit("main", "pins.toml", &format!("{declared}\n"));
    daemon.tell("-HUP");
    daemon.says(MISTAKE, false);
    assert_eq!(daemon.end(), Some(0));
}

#[test]
fn killed_at_any_moment_nothing_is_lost_and_nothing_is_proposed_twice() {
    let world = World::on(Software::GitHub, &["x"], "\n[schedule]\ncron = \"0 6 * * *\"\n");
    world.registry.push_index("x", "1.0.1", BOTH);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    for kill in 0..kills() {
        let requests = || world.registry.requests().len() + world.forge().requests().len();
        let (before, daemon) = (requests(), Daemon::start(&world, &state));
        // After one more request each time, or when it has done all.
        while requests() < before + kill && daemon.get("/api/v1/runs").json()["runs"][0]["ended"].is_null() {}
        daemon.tell("-KILL");
    }
    let daemon = Daemon::start(&world, &state);
    assert_eq!(daemon.trigger(SECRET, ""), 202);
    daemon.ends_all();
    assert_eq!(world.names(), ["solera-pin/pin/x"]);
    assert_eq!(world.there(&["rev-list", "--count", "main..solera-pin/pin/x"]), "1");
    assert_eq!(world.forge().pulls().len(), 1);
    assert_eq!(daemon.get("/api/v1/proposals").json()["proposals"].as_array().unwrap().len(), 1);
    assert_eq!(daemon.end(), Some(0));
}

#[test]
fn a_repository_is_served_that_is_nowhere_here() {
    let world = World::on(Software::GitHub, &["x"], "base = \"main\"\n\n[schedule]\ncron = \"0 6 * * *\"\n");
    world.registry.push_index("x", "1.0.1", BOTH);
    // Another branch is the remote's default, and declares that this one counts.
    world.there(&["branch", "other", "main"]);
    world.there(&["symbolic-ref", "HEAD", "refs/heads/other"]);
    let elsewhere = tempfile::tempdir().unwrap();
    let state = elsewhere.path().join("state");
    let url = world.forge().remote();
    let once = |state: &Path, arguments: &[&str]| {
        let mut command = command(&world, state, &[&["--once"], arguments].concat());
        let ended = command.current_dir(elsewhere.path()).output().unwrap();
        (ended.status.code(), String::from_utf8_lossy(&ended.stderr).into_owned())
    };
    let (code, said) = once(&state, &["--repository", &url]);
    assert_eq!((code, world.names()), (Some(0), vec!["solera-pin/pin/x".to_owned()]), "{said}");
    assert_eq!(world.forge().pulls()[0].base, "main");
    let (code, said) = once(&elsewhere.path().join("other"), &["--repository", &url, "--forge", "github"]);
    assert_eq!((code, world.forge().pulls().len()), (Some(0), 1), "{said}");
    // The branch is renamed, and the new one says so.
    world.there(&["branch", "-m", "main", "trunk"]);
    world.there(&["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    let declared = world.there(&["show", "trunk:pins.toml"]).replace("base = \"main\"", "base = \"trunk\"");
    world.edit("trunk", "pins.toml", &format!("{declared}\n"));
    let (code, said) = once(&state, &["--repository", &url]);
    assert_eq!(code, Some(0), "{said}");
    let (code, said) = once(&state, &["--repository", &url.replace("://", "://a:secret@")]);
    assert!(code == Some(2) && said.contains("shows to everybody") && !said.contains("secret"), "{said}");
}

#[test]
fn what_was_accepted_is_done_by_the_next_daemon() {
    let world = World::new(&["x", "y"], NONE);
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let daemon = Daemon::start(&world, &state);
    daemon.ran(1);
    world.registry.set_latency(Duration::from_secs(3600));
    assert_eq!(daemon.trigger(SECRET, "{\"pin\": \"x\"}"), 202);
    daemon.begins();
    assert_eq!(daemon.trigger(SECRET, "{\"pin\": \"y\"}"), 202);
    // Killed, and waited for.
    drop(daemon);
    world.registry.set_latency(Duration::ZERO);
    let next = Daemon::start(&world, &state);
    next.ends_after(2);
    let runs = next.get("/api/v1/runs").json();
    assert_eq!(runs["runs"][0]["pins"], serde_json::json!(["x", "y"]), "what was cut off, and what waited");
    assert_eq!(runs["runs"][0]["triggers"], 2);
    assert_eq!(next.metric("solera_pin_run_duration_seconds_count"), 2, "of all runs that ended");
    assert_eq!(next.end(), Some(0));
    let last = Daemon::start(&world, &state);
    assert_eq!(last.trigger(SECRET, "{\"pin\": \"x\"}"), 202);
    last.ends_after(3);
    let runs = last.get("/api/v1/runs").json();
    assert_eq!(
        (&runs["runs"][0]["id"], &runs["runs"][0]["triggers"]),
        (&4.into(), &1.into()),
        "once, and no more"
    );
    assert_eq!(last.end(), Some(0));
}
