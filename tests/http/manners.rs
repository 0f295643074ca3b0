//! What is not asked: content that is at hand, what a budget does not allow, what a host has no more answers for. And what is
//! told of all that.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::checkout::{BOTH, Checkout, Ended, Project, pin};
use crate::support::registry::{Auth, Counters, INDEX, Registry, Reply};

/// Runs with a cache beside the repository.
fn caching(checkout: &Checkout, arguments: &[&str]) -> Ended {
    let mut command = checkout.command(arguments);
    Ended::of(command.env("SOLERA_PIN_CACHE", "cache").output().unwrap())
}

fn kept(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder.join("cache/blobs/sha256")).unwrap();
    entries.map(|entry| entry.unwrap().path()).collect()
}

/// HEAD, GET and blobs since the last time.
fn asked(registry: &Registry) -> (u64, u64, u64) {
    let Counters { heads, manifests, blobs, .. } = registry.counters();
    registry.reset_counters();
    (heads, manifests, blobs)
}

/// The index that a tag names, with an annotation: other bytes around the same images.
fn rewrapped(registry: &Registry, digest: &solera_pin::model::Digest, children: &[String]) -> Vec<u8> {
    let architectures = ["amd64", "arm64"];
    let platform = |at: usize| serde_json::json!({ "os": "linux", "architecture": architectures[at] });
    let manifests: Vec<Value> = children
        .iter()
        // Each is followed by its attestation.
        .step_by(2)
        .enumerate()
        .map(|(at, child)| {
            let media_type = "application/vnd.oci.image.manifest.v1+json";
            serde_json::json!({ "mediaType": media_type, "digest": child, "size": 2, "platform": platform(at) })
        })
        .collect();
    let notes = serde_json::json!({ "of": digest.to_string(), "at": registry.host() });
    let index = serde_json::json!({
        "schemaVersion": 2, "mediaType": INDEX, "manifests": manifests, "annotations": notes
    });
    index.to_string().into_bytes()
}

#[test]
fn an_index_around_the_same_images_is_read_once() {
    let registry = Registry::start();
    let digest = registry.push_index("a", "slim", BOTH);
    let checkout = Checkout::new(&pin(&registry, "a", "a", "slim"));
    assert_eq!(caching(&checkout, &["refresh"]).code, 0);
    assert_eq!(asked(&registry), (0, 1, 0));
    let lock = checkout.lock();
    let children = registry.children("a", &digest);
    let index = rewrapped(&registry, &digest, &children);
    let claim = registry.push_bytes("a", Some("slim"), INDEX, index);
    for expected in [(2, 1, 0), (2, 0, 0)] {
        let again = caching(&checkout, &["refresh", "--check"]);
        assert_eq!(again.code, 0, "{}", again.said);
        assert_eq!(asked(&registry), expected, "the tag, and whether the locked one is served");
    }
    // Where the locked index is gone, what takes its place is read: a claim is not enough for that.
    registry.delete("a", &digest.to_string());
    let other = rewrapped(&registry, &claim, &children);
    let other = registry.push_bytes("a", Some("slim"), INDEX, other);
    let claim = claim.to_string();
    let reply = Reply::new(200, "").header("docker-content-digest", &claim);
    registry.answer("HEAD /v2/a/manifests/slim", reply);
    asked(&registry);
    assert_eq!(caching(&checkout, &["refresh"]).code, 0);
    assert_eq!(asked(&registry), (2, 1, 0));
    let moved = checkout.lock();
    assert!(moved != lock && !moved.as_ref().unwrap().contains(&claim), "{moved:?}");
    assert!(moved.unwrap().contains(&other.to_string()));
}

#[test]
fn content_that_is_at_hand_is_only_asked_whether_it_is_served() {
    let registry = Registry::start();
    let digest = registry.push_index("a", "slim", BOTH);
    let checkout = Checkout::new(&pin(&registry, "a", "a", "slim"));
    assert_eq!(caching(&checkout, &["refresh"]).code, 0);
    asked(&registry);
    assert_eq!(caching(&checkout, &["verify", "--upstream"]).code, 0);
    assert_eq!(asked(&registry), (4, 0, 0), "the index, its two images and the tag");
    for (more, is_told) in [("-v", false), ("-vv", true)] {
        let told = caching(&checkout, &["verify", "--upstream", more]).said;
        assert_eq!(told.contains("known from an earlier run"), is_told, "{told}");
    }
    asked(&registry);
    // A file that is not what its name says is of no use, and is replaced.
    let [file] = &kept(&checkout.path(""))[..] else { panic!("one body is kept") };
    fs::write(file, b"{}").unwrap();
    assert_eq!(caching(&checkout, &["verify", "--upstream"]).code, 0);
    assert_eq!(asked(&registry), (3, 1, 0));
    assert_eq!(kept(&checkout.path("")).len(), 1);
    registry.delete("a", &digest.to_string());
    let gone = caching(&checkout, &["verify", "--upstream"]);
    assert_eq!(gone.code, 1, "{}", gone.said);
    assert!(gone.said.contains("does not serve"), "{}", gone.said);
}

#[test]
fn a_cache_that_cannot_be_written_changes_nothing() {
    let registry = Registry::start();
    registry.push_index("a", "slim", BOTH);
    let checkout = Checkout::new(&pin(&registry, "a", "a", "slim"));
    fs::write(checkout.path("cache"), b"in the way").unwrap();
    assert_eq!(caching(&checkout, &["refresh"]).code, 0);
    let off =
        checkout.command(&["refresh"]).env("SOLERA_PIN_CACHE", "off").env("HOME", ".").output().unwrap();
    assert!(off.status.success() && !checkout.path(".cache").exists());
    let home = checkout.command(&["verify", "--upstream"]).env("HOME", checkout.path("")).output().unwrap();
    assert!(home.status.success() && checkout.path(".cache/solera-pin/blobs").is_dir());
}

fn three(registry: &Registry) -> Checkout {
    let pins = ["a", "b", "c"].map(|name| {
        registry.push_index(name, "slim", BOTH);
        pin(registry, name, name, "slim")
    });
    Checkout::new(&pins.concat())
}

#[test]
fn what_a_budget_does_not_allow_is_not_asked_and_said_once() {
    let registry = Registry::start();
    let checkout = three(&registry);
    let first = checkout.run(&["refresh", "--max-requests", "1"]);
    assert_eq!(first.code, 3, "{}", first.said);
    assert!(first.said.contains("2 pins were not asked about"), "{}", first.said);
    assert_eq!(first.said.matches("error").count(), 1, "{}", first.said);
    assert_eq!(checkout.lock().unwrap().matches("[pin.").count(), 1);
    assert_eq!(asked(&registry), (0, 1, 0));
    let json = checkout
        .command(&["refresh", "--check", "--max-requests", "0", "--format", "json"])
        .output()
        .unwrap();
    let report: Value = serde_json::from_slice(&json.stdout).unwrap();
    let outcomes: Vec<&str> =
        report["pins"].as_array().unwrap().iter().map(|pin| pin["outcome"].as_str().unwrap()).collect();
    assert_eq!(outcomes, ["not-asked"; 3]);
    assert_eq!(asked(&registry), (0, 0, 0));
    assert_eq!(checkout.run(&["refresh", "--max-requests", "3"]).code, 0);
}

#[test]
fn where_nothing_is_left_what_is_unchanged_is_still_known() {
    let registry = Registry::start();
    let checkout = three(&registry);
    assert_eq!(checkout.run(&["refresh"]).code, 0);
    registry.push_index("a", "slim", BOTH);
    registry.push_index("b", "slim", BOTH);
    let limited = |limit| {
        let reply = Reply::new(429, "").header("ratelimit-limit", limit);
        reply.header("ratelimit-remaining", "0;w=21600")
    };
    for name in ["a", "b"] {
        registry.answer(&format!("GET /v2/{name}/manifests/slim"), limited("100;w=21600"));
    }
    asked(&registry);
    let ended = checkout.run(&["refresh", "-v"]);
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(ended.said.contains("1 unchanged"), "{}", ended.said);
    assert!(ended.said.contains("0 of 100 in 6 h left"), "{}", ended.said);
    let (heads, gets, _) = asked(&registry);
    assert_eq!(heads, 3);
    assert!((1..=2).contains(&gets), "{gets}: the first is told, and nobody tries again");
}

#[test]
fn where_little_is_left_one_is_asked_after_the_other() {
    for (left, peak) in [("32;w=60", 1..=1), ("33;w=60", 2..=32)] {
        let registry = Registry::start();
        registry.set_latency(std::time::Duration::from_millis(5));
        let mut pins = String::new();
        for n in 0..12 {
            let name = format!("r{n}");
            let digest = registry.push_index(&name, "slim", BOTH);
            let bytes = rewrapped(&registry, &digest, &registry.children(&name, &digest));
            let reply = Reply::new(200, bytes).header("content-type", INDEX);
            let reply = reply.header("ratelimit-remaining", left);
            registry.answer(&format!("GET /v2/{name}/manifests/slim"), reply);
            pins += &pin(&registry, &format!("p{n}"), &name, "slim");
        }
        assert_eq!(Checkout::new(&pins).run(&["refresh"]).code, 0);
        assert!(peak.contains(&registry.counters().peak), "{left}: {:?}", registry.counters());
    }
}

#[test]
fn a_person_is_told_of_each_request_and_a_machine_in_json() {
    let registry = Registry::start();
    registry.set_auth(Auth::tokens());
    let checkout = three(&registry);
    let ended = checkout.run(&["refresh", "-v"]);
    let line = format!("a: GET {}/v2/a/manifests/slim 200, ", registry.url());
    assert!(ended.said.contains(&line), "{}", ended.said);
    assert!(ended.said.contains(&format!("  {}  ", registry.host())), "a line for the host: {}", ended.said);
    let quiet = checkout.run(&["refresh", "-q"]);
    assert_eq!((quiet.code, quiet.said.as_str()), (0, ""));
    registry.delete("b", "slim");
    let output = checkout.command(&["refresh", "--log-format", "json"]).output().unwrap();
    let lines = String::from_utf8(output.stderr).unwrap();
    assert!(!lines.contains("secret") && !ended.said.contains("secret"), "no token is told");
    let events: Vec<Value> = lines.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let of = |message: &'static str| events.iter().filter(move |event| event["message"] == message);
    let heads: Vec<_> = of("request").filter(|event| event["method"] == "HEAD").collect();
    assert!(heads.iter().any(|event| event["spans"][0]["pin"] == "a" && event["status"] == 200), "{lines}");
    let [host] = of("host").collect::<Vec<_>>()[..] else { panic!("one host: {lines}") };
    assert!(host["requests"].as_u64().unwrap() >= 4 && host["host"] == registry.host(), "{host}");
    let errors: Vec<_> = events.iter().filter(|event| event["level"] == "ERROR").collect();
    assert!(errors.len() == 1 && errors[0]["message"].as_str().unwrap().contains("`b`"), "{lines}");
}

#[test]
fn a_plan_names_the_requests_that_an_unchanged_pin_costs() {
    let registry = Registry::start();
    registry.push_index("a", "slim", BOTH);
    for version in ["1.0.0", "1.0.1"] {
        registry.push_index("b", version, BOTH);
    }
    let pins = [
        pin(&registry, "slim", "a", "slim"),
        pin(&registry, "same", "a", "slim"),
        pin(&registry, "b", "b", "{version}"),
        pin(&registry, "held", "b", "{version}").replace("\n\n", "\nhold = \"for the audit\"\n"),
    ];
    let checkout = Checkout::new(&pins.concat());
    let plan = |arguments: &[&str]| {
        registry.reset_counters();
        let output = checkout.command(&[&["refresh", "--plan"], arguments].concat()).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        assert!(registry.requests().is_empty(), "a plan asks nobody");
        String::from_utf8(output.stdout).unwrap()
    };
    let host = registry.host();
    let first = plan(&[]);
    for line in [
        format!("{host}  3 requests\n"),
        format!("  GET   {host}/a:slim  (same, slim)\n"),
        format!("  tags  {host}/b  (b, held)\n"),
        format!("  GET   {host}/b, its newest tag  (b, held)\n"),
    ] {
        assert!(first.contains(&line), "{line}{first}");
    }
    assert_eq!(checkout.run(&["refresh"]).code, 0);
    let second = plan(&[]);
    assert!(second.contains("not asked about: held\n") && second.contains("(b)\n"), "{second}");
    let document: Value = serde_json::from_str(&plan(&["--format", "json"])).unwrap();
    let asks = document["hosts"][0]["requests"].as_array().unwrap();
    let planned = |how: &str| asks.iter().filter(|ask| ask["how"] == how).count() as u64;
    registry.reset_counters();
    assert_eq!(checkout.run(&["refresh"]).code, 0);
    let asked = registry.counters();
    assert_eq!(
        [planned("head"), planned("get"), planned("tags")],
        [asked.heads, asked.manifests, asked.tag_pages]
    );
    assert_eq!(registry.requests().len(), asks.len());
}

#[test]
fn a_plan_names_what_is_asked_of_tags_that_wait() {
    let registry = Registry::start();
    registry.push_index("a", "1.0.0", BOTH);
    let project = Project::new(&pin(&registry, "a", "a", "{version}"));
    assert_eq!(project.at(1, 6, &["refresh"]).code, 0);
    for version in ["1.0.0", "1.0.1", "1.1.0", "2.0.0"] {
        registry.push_index("a", version, BOTH);
    }
    for cache in ["off", "cache", "cache"] {
        let run = |arguments: &[&str]| {
            let mut command = project.checkout.command(arguments);
            command.env("SOLERA_PIN_NOW", "2026-05-02T06:00:00Z").env("SOLERA_PIN_CACHE", cache);
            let ended = Ended::of(command.output().unwrap());
            assert_eq!(ended.code, 0, "{}", ended.said);
            ended.said
        };
        // What is new is seen; then nothing is.
        if cache == "off" {
            run(&["refresh"]);
        }
        let document: Value = serde_json::from_str(&run(&["refresh", "--plan", "--format", "json"])).unwrap();
        let asks = document["hosts"][0]["requests"].as_array().unwrap();
        let planned = |how: &str| asks.iter().filter(|ask| ask["how"] == how).count() as u64;
        registry.reset_counters();
        run(&["refresh"]);
        let asked = registry.counters();
        assert!(asked.heads > 2, "{asked:?}");
        assert_eq!(
            [planned("head"), planned("get"), planned("tags")],
            [asked.heads, asked.manifests, asked.tag_pages],
            "{cache}: {document} {:?}",
            registry.requests().iter().map(|it| format!("{} {}", it.method, it.path)).collect::<Vec<_>>()
        );
    }
}
