//! The binary against registries: what it asks, and that bad answers leave the lock as it was.

use std::fs;
use std::path::Path;
use std::time::Duration;

use crate::support::checkout::{BOTH, Checkout, Ended, pin};
use crate::support::registry::{Auth, INDEX, Registry, Reply};

#[test]
fn an_unchanged_pin_costs_one_head_and_a_repository_one_list_and_one_token() {
    let registry = Registry::start();
    registry.set_auth(Auth::tokens());
    let mut declarations = String::new();
    for repository in 0..4 {
        for flavour in 0..5 {
            for version in ["1.0.0", "1.0.1"] {
                registry.push_index(&format!("r{repository}"), &format!("{version}-f{flavour}"), BOTH);
            }
            let (name, path) = (format!("p{repository}-{flavour}"), format!("r{repository}"));
            declarations += &pin(&registry, &name, &path, &format!("{{version}}-f{flavour}"));
        }
    }
    let checkout = Checkout::new(&declarations);
    let first = checkout.run(&["refresh"]);
    assert_eq!(first.code, 0, "{}", first.said);
    let counters = registry.counters();
    assert_eq!(
        (counters.pings, counters.heads, counters.manifests, counters.blobs),
        (0, 0, 20, 0),
        "one GET for a new pin"
    );
    assert_eq!(
        (counters.tag_pages - counters.unauthorized, counters.tokens, counters.unauthorized),
        (4, 4, 1)
    );
    let lock = checkout.lock().unwrap();
    registry.reset_counters();
    let again = checkout.run(&["refresh"]);
    assert_eq!(again.code, 0, "{}", again.said);
    let counters = registry.counters();
    assert_eq!((counters.pings, counters.heads, counters.manifests, counters.blobs), (0, 20, 0, 0));
    assert_eq!(
        (counters.tag_pages - counters.unauthorized, counters.tokens, counters.unauthorized),
        (4, 4, 1)
    );
    assert_eq!(checkout.lock().unwrap(), lock);
}

#[test]
fn pins_of_one_tag_share_their_requests() {
    let registry = Registry::start();
    registry.push_index("a", "slim", BOTH);
    let checkout = Checkout::new(&(pin(&registry, "one", "a", "slim") + &pin(&registry, "two", "a", "slim")));
    assert_eq!(checkout.run(&["refresh"]).code, 0);
    assert_eq!(registry.counters().manifests, 1);
}

/// Locks `slim`, lets it move, spoils the answers, and refreshes again.
fn spoiled(spoil: impl FnOnce(&Registry)) -> (Ended, bool) {
    let registry = Registry::start();
    registry.push_index("a", "slim", BOTH);
    let checkout = Checkout::new(&pin(&registry, "a", "a", "slim"));
    let first = checkout.run(&["refresh"]);
    assert_eq!(first.code, 0, "{}", first.said);
    let lock = checkout.lock();
    registry.push_index("a", "slim", BOTH);
    spoil(&registry);
    let ended = checkout.run(&["refresh"]);
    (ended, checkout.lock() == lock)
}

#[test]
fn bytes_that_do_not_match_their_digest_are_an_alarm() {
    let (ended, untouched) = spoiled(|registry| {
        let reply = Reply::new(200, "{\"schemaVersion\":2,\"manifests\":[]}").header("content-type", INDEX);
        let claimed = format!("sha256:{}", "0".repeat(64));
        registry.answer("GET /v2/a/manifests/slim", reply.header("docker-content-digest", claimed));
    });
    assert_eq!(ended.code, 4, "{}", ended.said);
    assert!(untouched && ended.said.contains("sha256:000000"), "{}", ended.said);
}

#[test]
fn an_answer_that_makes_no_sense_leaves_the_lock_as_it_was() {
    let index = |body: &str| Reply::new(200, body).header("content-type", INDEX);
    for (reply, says) in [
        (Reply::new(200, "<html>sign in</html>").header("content-type", "text/html"), "text/html"),
        (index("{\"schemaVersion\":2,"), "cannot read"),
        (index("{\"schemaVersion\":2,\"manifests\":[]}").truncated(), "cannot read"),
        (Reply::new(500, "oh"), "500"),
        (Reply::new(403, ""), "403"),
    ] {
        let (ended, untouched) = spoiled(|registry| registry.answer("GET /v2/a/manifests/slim", reply));
        assert_eq!(ended.code, 3, "{}", ended.said);
        assert!(untouched && ended.said.contains(says), "{says}: {}", ended.said);
    }
}

#[test]
fn a_claimed_digest_is_never_locked_unread() {
    // The registry claims a new digest in its headers but goes on serving the old bytes.
    let (ended, untouched) = spoiled(|registry| {
        let claimed = format!("sha256:{}", "1".repeat(64));
        let reply =
            Reply::new(200, "").header("content-type", INDEX).header("docker-content-digest", &claimed);
        registry.answer("HEAD /v2/a/manifests/slim", reply);
    });
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert!(!untouched && !ended.said.contains("sha256:1111"), "{}", ended.said);
}

/// Waits until `condition` holds; the other side is a child process, so there is nothing to be woken by.
fn until(condition: impl Fn() -> bool) {
    let started = std::time::Instant::now();
    while !condition() {
        assert!(started.elapsed() < Duration::from_secs(30), "it never came to pass");
        std::thread::yield_now();
    }
}

#[test]
fn of_two_runs_at_once_one_says_so() {
    let registry = Registry::start();
    registry.push_index("a", "slim", BOTH);
    registry.set_latency(Duration::from_millis(700));
    let checkout = Checkout::new(&pin(&registry, "a", "a", "slim"));
    let first = checkout.start(&["refresh"]);
    until(|| !registry.requests().is_empty());
    let second = checkout.run(&["refresh"]);
    assert_eq!(second.code, 2, "{}", second.said);
    assert!(second.said.contains("another solera-pin is writing"), "{}", second.said);
    let check = checkout.run(&["refresh", "--check"]);
    assert_eq!(check.code, 1, "what only reads does not wait: {}", check.said);
    assert_eq!(first.wait_with_output().unwrap().status.code(), Some(0));
    assert_eq!(checkout.run(&["verify"]).code, 0);
}

#[test]
fn an_index_without_images_is_not_locked() {
    let (ended, untouched) = spoiled(|registry| {
        registry.push_bytes(
            "a",
            Some("slim"),
            INDEX,
            format!("{{\"schemaVersion\":2,\"mediaType\":\"{INDEX}\",\"manifests\":[]}}"),
        );
    });
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(untouched && ended.said.contains("the tag slim names no platform's image"), "{}", ended.said);
}

/// Starts adding a pin, and does something else when the registry has been asked.
fn while_adding(meanwhile: impl FnOnce(&Checkout)) -> (Checkout, Ended) {
    let registry = Registry::start();
    registry.push_index("a", "1.0.0", BOTH);
    registry.set_latency(Duration::from_millis(1500));
    let checkout = Checkout::new("# ours\n");
    let add = checkout.start(&["add", "a", &format!("{}/a:1.0.0", registry.host())]);
    until(|| !registry.requests().is_empty());
    meanwhile(&checkout);
    let ended = Ended::of(add.wait_with_output().unwrap());
    (checkout, ended)
}

#[test]
fn adding_keeps_others_out() {
    let (checkout, added) = while_adding(|checkout| {
        let second = checkout.run(&["refresh"]);
        assert_eq!(second.code, 2, "{}", second.said);
    });
    assert_eq!(added.code, 0, "{}", added.said);
    assert_eq!(checkout.run(&["verify"]).code, 0);
}

#[test]
fn an_edit_made_while_adding_is_not_lost() {
    for file in ["pins.toml", "pins.lock"] {
        let edit = "version = 1\n";
        let (checkout, added) = while_adding(|checkout| fs::write(checkout.path(file), edit).unwrap());
        assert_eq!(added.code, 2, "{}", added.said);
        assert_eq!(fs::read_to_string(checkout.path(file)).unwrap(), edit);
        let untouched = fs::read_to_string(checkout.path("pins.toml")).unwrap();
        assert!(!untouched.contains("[pin.a]"), "{untouched}");
    }
}

#[test]
fn a_declaration_that_is_edited_while_upstream_is_asked_is_not_overtaken() {
    let registry = Registry::start();
    registry.push_index("a", "slim", BOTH);
    registry.set_latency(Duration::from_millis(300));
    let checkout = Checkout::new(&pin(&registry, "a", "a", "slim"));
    let refresh = checkout.start(&["refresh"]);
    until(|| !registry.requests().is_empty());
    fs::write(checkout.path("pins.toml"), pin(&registry, "a", "a", "fat")).unwrap();
    let ended = Ended::of(refresh.wait_with_output().unwrap());
    assert_eq!(ended.code, 2, "{}", ended.said);
    assert!(
        ended.said.contains("edited while this run was under way") && checkout.lock().is_none(),
        "{}",
        ended.said
    );
}

#[test]
fn a_run_that_is_killed_writes_nothing() {
    let registry = Registry::start();
    registry.push_index("a", "slim", BOTH);
    registry.set_latency(Duration::from_secs(60));
    let checkout = Checkout::new(&pin(&registry, "a", "a", "slim"));
    let mut run = checkout.start(&["refresh"]);
    until(|| !registry.requests().is_empty());
    run.kill().unwrap();
    run.wait().unwrap();
    assert_eq!(names(&checkout.path("")), ["pins.toml"]);
}

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.collect()
}

#[test]
fn one_upstream_that_fails_stops_nobody_else() {
    let registry = Registry::start();
    registry.push_index("good", "slim", BOTH);
    registry.push_index("bad", "slim", BOTH);
    registry.answer("GET /v2/bad/manifests/slim", Reply::new(500, ""));
    let checkout =
        Checkout::new(&(pin(&registry, "bad", "bad", "slim") + &pin(&registry, "good", "good", "slim")));
    let ended = checkout.run(&["refresh"]);
    assert_eq!(ended.code, 3, "{}", ended.said);
    let lock = checkout.lock().unwrap_or(ended.said);
    assert!(lock.contains("[pin.good]") && !lock.contains("[pin.bad]"), "{lock}");
}

#[test]
fn text_from_upstream_is_harmless_on_a_terminal() {
    let registry = Registry::start();
    let body = "{\"errors\":[{\"code\":\"DENIED\",\"message\":\"\\u001b[2Jgone @everyone\"}]}";
    registry.answer("GET /v2/a/manifests/slim", Reply::new(403, body));
    let checkout = Checkout::new(&pin(&registry, "a", "a", "slim"));
    let ended = checkout.run(&["refresh"]);
    assert_eq!(ended.code, 3, "{}", ended.said);
    assert!(!ended.said.contains('\u{1b}'), "{}", ended.said.escape_debug());
}
