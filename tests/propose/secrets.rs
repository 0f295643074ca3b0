//! Tokens stay where they belong, and what upstream says of itself acts on nothing.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use serde_json::json;

use crate::support::checkout::{BOTH, Ended};
use crate::support::forge::{ALL, Fault, Software, TOKEN};
use crate::support::registry::made::Made;
use crate::world::World;

/// Every file below a folder that has the text in it.
fn holding(folder: &Path, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() && !path.is_symlink() {
                folders.push(path);
            } else if String::from_utf8_lossy(&fs::read(&path).unwrap_or_default()).contains(text) {
                found.push(path.display().to_string());
            }
        }
    }
    found
}

#[test]
fn no_token_is_in_a_log_an_argument_an_address_or_a_file() {
    for software in ALL {
        let world = World::on(software, &["x"], "labels = [\"pins\"]\n");
        // Whoever runs git or ssh here leaves the arguments in a file.
        let shims = tempfile::tempdir().unwrap();
        let log = shims.path().join("arguments");
        for program in ["git", "ssh", "ssh-keygen", "sh"] {
            let shim = shims.path().join(program);
            let text = format!(
                "#!/bin/bash\necho \"{program} $*\" >> '{}'\nPATH=${{PATH#*:}} exec {program} \"$@\"\n",
                log.display()
            );
            fs::write(&shim, text).unwrap();
            fs::set_permissions(&shim, fs::Permissions::from_mode(0o755)).unwrap();
        }
        let path = format!("{}:{}", shims.path().display(), std::env::var("PATH").unwrap());
        let run = |day: u32, arguments: &[&str]| {
            let mut command = world.project.checkout.command(arguments);
            command.env("SOLERA_PIN_NOW", format!("2026-05-{day:02}T06:00:00Z")).env("PATH", &path);
            Ended::of(command.env("SOLERA_PIN_FORGE_TOKEN", TOKEN).output().unwrap())
        };
        world.registry.push_index("x", "1.0.1", BOTH);
        let mut said = run(2, &["refresh", "--propose", "-v"]).said;
        world.registry.push_index("x", "1.0.2", BOTH);
        said += &run(3, &["refresh", "--propose", "--format", "json"]).said;
        // A forge that says the token back, or breaks off.
        world.registry.push_index("x", "1.0.3", BOTH);
        for (day, status) in [(4, 401), (5, 403), (6, 404), (7, 422), (8, 500)] {
            let body = json!({ "message": format!("no such token: {TOKEN}"), "error": TOKEN });
            let fault = Fault::Answer { status, headers: Vec::new(), body };
            world.forge().fail_next(4, &fault);
            let failed = run(day, &["refresh", "--propose", "-v"]);
            assert_ne!(failed.code, 0, "{software:?} {status}: {}", failed.said);
            said += &failed.said;
            world.forge().clear_faults();
        }
        assert!(!said.contains("hunter2"), "{software:?}: {said}");
        let arguments = fs::read_to_string(&log).unwrap_or_default();
        assert!(!arguments.contains("hunter2"), "{software:?}: {arguments}");
        assert_eq!(
            holding(&world.project.checkout.path(""), "hunter2"),
            Vec::<String>::new(),
            "{software:?}"
        );
        assert_eq!(holding(&world.remote(), "hunter2"), Vec::<String>::new(), "{software:?}");
        for pull in world.forge().pulls() {
            assert!(!format!("{pull:?}").contains("hunter2"), "{software:?}: {pull:?}");
        }
        let shown = |header: &str, value: &str| {
            header == "authorization" || header == "private-token" || !value.contains("hunter2")
        };
        for request in world.forge().requests() {
            assert!(!request.path.contains("hunter2") && !request.query.contains("hunter2"));
            assert!(
                request.headers.iter().all(|(name, value)| shown(name.as_str(), value.to_str().unwrap()))
            );
        }
        // The registry is not the forge.
        for request in world.registry.requests() {
            assert!(request.header("authorization").is_none(), "{software:?}");
        }
    }
}

#[test]
fn without_a_token_it_is_said_which_one_is_looked_for() {
    let world = World::on(Software::GitHub, &["x"], "");
    let ended = world.project.at(2, 6, &["refresh", "--propose"]);
    assert_eq!(ended.code, 2, "{}", ended.said);
    assert!(
        ended.said.contains("SOLERA_PIN_FORGE_TOKEN") && ended.said.contains("GITHUB_TOKEN"),
        "{}",
        ended.said
    );
}

const HOSTILE: [&str; 6] = [
    "@octocat closes #1 fixes GH-2",
    "<img src=x onerror=alert(1)> <!-- hidden -->",
    "\u{1b}[31mred\u{7}\u{202e}",
    "-->\n<!-- solera-pin 1 open 0000000000000000000000000000000000000000\nx patch sha256:0\n-->\n",
    "`` `|` \n/close\n/merge",
    "https://evil.example/steal [click](javascript:alert(1))",
];

/// An image both of whose platforms say all of it wherever an image can say something.
fn push_hostile(world: &World, build: usize) {
    let text = |text: &str| format!("{text} {build}");
    let mut labels = serde_json::Map::new();
    for (at, hostile) in HOSTILE.iter().enumerate() {
        labels.insert(format!("l{at}"), json!(text(hostile)));
    }
    labels.insert(HOSTILE[0].to_owned(), json!(text("value")));
    labels.insert("org.opencontainers.image.source".into(), json!(HOSTILE[5]));
    labels.insert("org.opencontainers.image.revision".into(), json!(text(HOSTILE[0])));
    let packages: Vec<(String, String)> =
        HOSTILE.iter().map(|hostile| ((*hostile).to_owned(), text(hostile))).collect();
    let packages: Vec<(&str, &str)> =
        packages.iter().map(|(name, version)| (name.as_str(), version.as_str())).collect();
    let made = |platform| Made {
        config: json!({ "Labels": labels, "Env": [format!("{}={build}", HOSTILE[0])] }),
        packages: Some(&packages),
        ..Made::new(platform, &[])
    };
    world.registry.push_made("x", "1.0.0", &[made(BOTH[0]), made(BOTH[1])]);
}

#[test]
fn what_a_label_says_acts_on_nothing() {
    for software in ALL {
        let world = World::on(software, &["x"], "");
        let push = |build| push_hostile(&world, build);
        push(1);
        world.proposes(2);
        world.forge().as_person().merge(1);
        world.proposes(3);
        push(2);
        world.proposes(4);
        let pull = world.forge().pull(2);
        let (marker, text) = pull.body.split_once("-->\n").unwrap();
        assert!(marker.starts_with("<!-- solera-pin 1 open "), "{}", pull.body);
        assert!(text.contains("octocat"), "the labels are shown: {text}");
        for bad in [
            "@octocat",
            "#1 ",
            "GH-2",
            "<img",
            "<!--",
            "-->",
            "\u{1b}",
            "\u{7}",
            "\u{202e}",
            "https://evil",
            "\n/close",
            "\n/merge",
        ] {
            assert!(!text.contains(bad), "{software:?}: {bad:?}: {text}");
        }
        let message = world.there(&["log", "-1", "--format=%B", "solera-pin/group/digests"]);
        assert!(!message.contains("octocat") && message.is_ascii(), "{message}");
        world.project.git(&[
            "fetch",
            "-q",
            &world.remote().display().to_string(),
            "main",
            "solera-pin/group/digests",
        ]);
        let range = format!("{}..{}", world.tip("main"), world.tip("solera-pin/group/digests"));
        let shown = world.run(5, &["diff", "--upstream", &range]).said;
        assert!(shown.contains("octocat"), "{shown}");
        assert!(!shown.contains('\u{1b}') && !shown.contains('\u{202e}'), "{shown:?}");
    }
}
