//! What `emit` writes, given to a real engine as it is: source policies, named contexts and bake files.
//!
//! `session` holds the engine up; `sources` is a repository whose pins are locked from the engine's registry, and from a
//! server of git and files beside it, both of which have moved on since. Each row of a table is a Dockerfile that is built
//! under the policy, with what it gets or what the policy says to it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::disallowed_methods,
    clippy::print_stdout,
    reason = "a test fails by panicking, and makes its own files"
)]

#[path = "engine/served.rs"]
#[allow(dead_code, reason = "another test of the engine uses the rest")]
mod served;
#[path = "engine/session.rs"]
#[allow(dead_code, reason = "the other tests of the engine use the rest")]
mod session;
#[path = "engine/sources.rs"]
mod sources;

use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex, Weak};
use std::thread;

use serde_json::{Value, json};

use sources::{ADDRESS, Sources};

/// What becomes of a build.
#[derive(Clone, Copy, Debug)]
enum Expected<'a> {
    /// It is built, and prints this.
    Gets(&'a str),
    /// The policy denies this source.
    Denied(&'a str),
    /// The policy lets it pass; BuildKit says this to it.
    Fails(&'a str),
}
use Expected::{Denied, Fails, Gets};

/// A Dockerfile, with what becomes of it where tags are denied, and where they stand for what is locked.
type Row<'a> = (String, Expected<'a>, Expected<'a>);

/// Made once for the tests that run together, and gone with the last of them.
fn sources() -> Arc<Sources> {
    static MADE: Mutex<Weak<Sources>> = Mutex::new(Weak::new());
    let mut made = MADE.lock().unwrap();
    made.upgrade().unwrap_or_else(|| {
        let sources = Arc::new(Sources::make());
        *made = Arc::downgrade(&sources);
        sources
    })
}

/// Builds every row under both policies; fails with all that is wrong.
#[track_caller]
fn hold(sources: &Sources, rows: &[Row<'_>]) {
    let policies = ["in-place", "policy"].map(|mode| sources.policy(mode));
    let rows = rows.iter().enumerate().flat_map(|(number, (text, in_place, by_tag))| {
        [(number, text, *in_place, 0), (number, text, *by_tag, 1)]
    });
    let open = Mutex::new(rows.collect::<Vec<_>>());
    let wrong = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while let Some((number, text, expected, policy)) = { open.lock().unwrap().pop() } {
                    let name = format!("{}-{number}-{policy}", thread_name());
                    let built = sources.build(&name, text, Some(&policies[policy]), &[]);
                    let fits = match expected {
                        Gets(content) => {
                            let line = format!("OUT: {content}\n");
                            built.as_ref().is_ok_and(|said| said.contains(&line))
                        }
                        Denied(source) => is_said(&built, &format!("source \"{source}\" denied by policy")),
                        Fails(why) => is_said(&built, why) && !is_said(&built, "policy"),
                    };
                    if !fits {
                        wrong.lock().unwrap().push(format!("{policy}: {text}\n{expected:?}\n{built:?}"));
                    }
                }
            });
        }
    });
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n\n"));
}

/// Of the thread that a test runs in, so that builds of several tests are apart.
fn thread_name() -> String {
    format!("{:?}", thread::current().id()).replace(['(', ')'], "")
}

fn is_said(built: &Result<String, String>, what: &str) -> bool {
    built
        .as_ref()
        .is_err_and(|said| said.lines().any(|line| line.starts_with("ERROR") && line.contains(what)))
}

#[test]
fn an_image_is_what_is_locked_or_it_is_denied() {
    let sources = sources();
    let (locked, other) = (&sources.locked, &sources.moved);
    let from = |image: &str| format!("FROM {image}\nRUN echo OUT: $(cat /version)\n");
    let base = "docker-image://docker.io/library/policy-base";
    let moved = format!("{base}:1.88-slim@{other}");
    let locked_under_other = format!("{base}:1.87-slim@{locked}");
    let tag = format!("{base}:1.88-slim");
    let other_tag = format!("{base}:1.87-slim");
    let latest = format!("{base}:latest");
    let syntax = format!("{base}:1.88-slim@{other}");
    hold(
        &sources,
        &[
            (from(&format!("policy-base:1.88-slim@{locked}")), Gets("first"), Gets("first")),
            (from(&format!("index.docker.io/policy-base:1.88-slim@{locked}")), Gets("first"), Gets("first")),
            (from(&format!("policy-base@{locked}")), Gets("first"), Gets("first")),
            (from("policy-base:1.88-slim"), Denied(&tag), Gets("first")),
            (from(&format!("policy-base:1.88-slim@{other}")), Denied(&moved), Denied(&moved)),
            (
                from(&format!("policy-base:1.87-slim@{locked}")),
                Denied(&locked_under_other),
                Denied(&locked_under_other),
            ),
            (from("policy-base:1.87-slim"), Denied(&other_tag), Denied(&other_tag)),
            (from("policy-base"), Denied(&latest), Denied(&latest)),
            (
                format!("FROM policy-base@{locked}\nCOPY --from=policy-base:1.87-slim /version /v\n"),
                Denied(&other_tag),
                Denied(&other_tag),
            ),
            (
                format!(
                    "FROM policy-base@{locked}\n\
                     RUN --mount=from=policy-base:1.88-slim,target=/m echo OUT: $(cat /m/version)\n"
                ),
                Denied(&tag),
                Gets("first"),
            ),
            // The image of a frontend is pulled too; it would need a network to run.
            (
                format!("# syntax=policy-base:1.88-slim@{locked}\nFROM scratch\n"),
                Fails("network bridge not found"),
                Fails("network bridge not found"),
            ),
            (
                format!("# syntax=policy-base:1.88-slim@{other}\nFROM scratch\n"),
                Denied(&syntax),
                Denied(&syntax),
            ),
        ],
    );
}

#[test]
fn a_git_source_is_the_locked_commit_or_it_is_denied() {
    let sources = sources();
    let (locked, tag, other) = (&sources.commit, &sources.tag_object, &sources.other_commit);
    let git = &sources.git;
    let url = format!("http://{git}/source.git");
    let add = |flags: &str, source: &str| {
        format!(
            "FROM policy-base@{}\nADD {flags} {url}{source} /s\nRUN echo OUT: $(cat /s/file /s/folder/file)\n",
            sources.locked
        )
    };
    let id = |rest: &str| format!("git://{git}/source.git{rest}");
    let other_commit = id(&format!("#{other}"));
    let (by_tag, short, whole, branch) =
        (id("#v1.0.0"), id(&format!("#{}", &locked[..12])), id(""), id("#main"));
    let annotated = |source: &str| add("", source).replace("source.git", "annotated.git");
    let annotated_tag = by_tag.replace("source.git", "annotated.git");
    let (old, old_tag) = (&sources.old_commit, id("#old-0.1.0"));
    let full_tag = id("#refs/tags/v1.0.0");
    let elsewhere = format!("git://{git}/fork.git#{locked}");
    hold(
        &sources,
        &[
            (add("", &format!("#{locked}")), Gets("one one"), Gets("one one")),
            (add("--keep-git-dir", &format!("#{locked}")), Gets("one one"), Gets("one one")),
            (add("", &format!("#{locked}:folder")), Gets("one"), Gets("one")),
            (annotated(&format!("#{locked}")), Gets("one one"), Gets("one one")),
            (annotated(&format!("#{tag}")), Gets("one one"), Gets("one one")),
            (annotated("#v1.0.0"), Denied(&annotated_tag), Gets("one one")),
            (add("", "#v1.0.0"), Denied(&by_tag), Gets("one one")),
            (add("", "#v1.0.0:folder"), Denied(&id("#v1.0.0:folder")), Gets("one")),
            (add("", "?tag=v1.0.0"), Denied(&full_tag), Gets("one one")),
            (add(&format!("--checksum={locked}"), "#v1.0.0"), Gets("one one"), Gets("one one")),
            (add(&format!("--checksum={old}"), "#old-0.1.0"), Gets("zero zero"), Gets("zero zero")),
            (add("", "#old-0.1.0"), Denied(&old_tag), Gets("zero zero")),
            (add("", &format!("?ref=v1.0.0&commit={locked}")), Gets("one one"), Gets("one one")),
            (add("", &format!("#{other}")), Denied(&other_commit), Denied(&other_commit)),
            (add(&format!("--checksum={other}"), "#main"), Denied(&branch), Denied(&branch)),
            (add("", &format!("#{}", &locked[..12])), Denied(&short), Denied(&short)),
            (add("", "#main"), Denied(&branch), Denied(&branch)),
            // What is checked is what is there.
            (
                add(&format!("--checksum={locked}"), "#main"),
                Fails("expected checksum"),
                Fails("expected checksum"),
            ),
            (add("", ""), Denied(&whole), Denied(&whole)),
            (
                add("", &format!("#{locked}")).replace("source.git", "fork.git"),
                Denied(&elsewhere),
                Denied(&elsewhere),
            ),
        ],
    );
}

#[test]
fn a_file_has_the_locked_checksum_or_it_is_denied() {
    let sources = sources();
    let add = |flags: &str, file: &str| {
        format!(
            "FROM policy-base@{}\nADD {flags} http://{ADDRESS}/{file} /s\nRUN echo OUT: $(cat /s)\n",
            sources.locked
        )
    };
    let checksum = format!("--checksum=sha256:{}", sources.checksum);
    let wrong = format!("--checksum=sha256:{}", "0".repeat(64));
    let (file, other) =
        (format!("http://{ADDRESS}/tool-1.4.2.tgz"), format!("http://{ADDRESS}/tool-1.4.3.tgz"));
    let rewritten = Fails("digest mismatch");
    hold(
        &sources,
        &[
            (add(&checksum, "tool-1.4.2.tgz"), Gets("a tool"), Gets("a tool")),
            // It gets the locked checksum.
            (add("", "tool-1.4.2.tgz"), Gets("a tool"), Gets("a tool")),
            (add(&wrong, "tool-1.4.2.tgz"), Denied(&file), Denied(&file)),
            (add("", "tool-1.4.3.tgz"), Denied(&other), Denied(&other)),
            (add(&checksum, "tool-1.4.3.tgz"), Denied(&other), Denied(&other)),
            // Whose server has something else by now.
            (add("", "moved-1.0.0.tgz"), rewritten, rewritten),
        ],
    );
}

#[test]
fn what_a_build_is_given_its_policy_allows() {
    let sources = sources();
    let arguments = sources.emit("in-place", &["build-args"]);
    let arguments: Vec<&str> = arguments.split_whitespace().collect();
    let text = "ARG PIN_BASE\nFROM ${PIN_BASE}\nARG PIN_SOURCE PIN_SOURCE_COMMIT PIN_TOOL PIN_TOOL_SHA256\n\
                ADD ${PIN_SOURCE} /whole\nADD ${PIN_SOURCE}:folder /part\n\
                ADD --checksum=${PIN_SOURCE_COMMIT} ${PIN_SOURCE} /again\n\
                ADD --checksum=sha256:${PIN_TOOL_SHA256} ${PIN_TOOL} /tool\n\
                RUN echo OUT: $(cat /version /whole/file /part/file /again/file /tool)\n";
    let built = sources.build("arguments", text, Some(&sources.policy("in-place")), &arguments);
    assert!(built.as_ref().is_ok_and(|said| said.contains("OUT: first one one one a tool\n")), "{built:?}");
}

#[test]
fn a_context_gives_a_foreign_dockerfile_the_locked_image() {
    let sources = sources();
    let text = "FROM policy-base:1.88-slim AS base\nFROM scratch\nCOPY --from=base / /\n\
                COPY --from=policy-base:1.88-slim /version /again\nRUN echo OUT: $(cat /version /again)\n";
    let without = sources.build("contexts-without", text, None, &[]).unwrap();
    assert!(without.contains("OUT: second second\n"), "{without}");
    let contexts = sources.emit("in-place", &["contexts"]);
    let contexts: Vec<&str> = contexts.split_whitespace().collect();
    let with = sources.build("contexts-with", text, None, &contexts).unwrap();
    assert!(with.contains("OUT: first first\n"), "{with}");
    // The context names content, so that the policy lets it pass.
    let policy = sources.policy("in-place");
    let under = sources.build("contexts-policy", text, Some(&policy), &contexts).unwrap();
    assert!(under.contains("OUT: first first\n"), "{under}");
}

#[test]
fn bake_takes_the_file_alone_and_over_ones_own() {
    let sources = sources();
    let run = |words: &[&str]| {
        let root = sources.seen("in-place");
        let script = format!("cd {root} && docker-buildx bake \"$@\"");
        sources.run([&["sh", "-c", &script, "sh"], words].concat())
    };
    let print = |words: &[&str]| -> Value {
        let ended = run(&[&["--print"], words].concat());
        assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
        serde_json::from_slice(&ended.stdout).unwrap()
    };
    sources.emit("in-place", &["bake", "--output", "docker-bake.pins.json"]);
    let alone = print(&["--file", "docker-bake.pins.json"]);
    let app = &alone["target"]["app"];
    let reference = format!("docker.io/library/policy-base:1.88-slim@{}", sources.locked);
    assert_eq!(alone["group"]["default"]["targets"], json!(["app"]));
    assert_eq!(app["args"]["PIN_BASE"], json!(reference));
    assert_eq!(app["platforms"], json!(["linux/amd64"]));
    assert_eq!(app["context"], "images/app");
    let own =
        "target \"app\" {\n  context = \"elsewhere\"\n  tags = [\"mine\"]\n  args = { OTHER = \"1\" }\n}\n";
    fs::write(sources.root("in-place").join("docker-bake.hcl"), own).unwrap();
    let over = print(&["--file", "docker-bake.hcl", "--file", "docker-bake.pins.json", "app"]);
    let app = &over["target"]["app"];
    assert_eq!(
        (&app["context"], &app["tags"], &app["args"]["OTHER"], &app["args"]["PIN_BASE"]),
        (&json!("images/app"), &json!(["mine"]), &json!("1"), &json!(reference))
    );
    let built = run(&[
        "--file",
        "docker-bake.pins.json",
        "--progress=plain",
        "--set=app.output=type=cacheonly",
        "--set=app.network=host",
    ]);
    assert!(built.status.success(), "{}", String::from_utf8_lossy(&built.stderr));
}

#[test]
fn the_files_of_this_repository_are_accepted_as_they_are() {
    let sources = sources();
    let own = Path::new(env!("CARGO_MANIFEST_DIR"));
    let policy = sources.emit_of(own, &["source-policy"]);
    fs::write(sources.folder().join("own-policy.json"), policy).unwrap();
    let policy = sources.seen("own-policy.json");
    let built = sources.build("own", "FROM scratch\nCOPY Dockerfile /\n", Some(&policy), &[]);
    assert!(built.is_ok(), "{built:?}");
    let denied = sources.build("own", "FROM debian:bookworm-slim\n", Some(&policy), &[]);
    assert!(is_said(&denied, "library/debian:bookworm-slim\" denied by policy"), "{denied:?}");
    fs::write(sources.folder().join("own-bake.json"), sources.emit_of(own, &["bake"])).unwrap();
    let ended = sources.run(["docker-buildx", "bake", "--print", "--file", &sources.seen("own-bake.json")]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    let printed: Value = serde_json::from_slice(&ended.stdout).unwrap();
    let targets = printed["target"].as_object().unwrap();
    let names: Vec<&str> = targets.keys().map(String::as_str).collect();
    assert_eq!(names, ["aralez", "fip-alias-agent", "fip-controller", "solera-pin", "wordpress-fpm"]);
    let own = &targets["solera-pin"];
    assert_eq!((&own["context"], &own["dockerfile"]), (&json!("."), &json!("images/solera-pin/Dockerfile")));
    assert_eq!(targets["wordpress-fpm"]["secret"], json!([{ "id": "sources-list", "env": "SOURCES_LIST" }]));
    assert_eq!(targets["fip-controller"].get("secret"), None);
}
