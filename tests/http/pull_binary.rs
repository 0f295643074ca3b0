//! `mirror pull` and `mirror verify` as they are run: the report, exit codes, kills at any point, and what is served then.

use std::fs;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::Child;
use std::time::{Duration, Instant};

use serde_json::Value;
use solera_pin::files::FolderLock;
use solera_pin::model::Digest;

use crate::pull::layer;
use crate::support::checkout::{BOTH, Checkout, Ended, pin};
use crate::support::registry::layered::Layered;
use crate::support::registry::{Registry, Reply};

/// Two locked images that share a layer.
struct Stage {
    registry: Registry,
    checkout: Checkout,
    x: Layered,
    y: Layered,
}

impl Stage {
    fn new() -> Self {
        let registry = Registry::start();
        registry.set_ranges(true);
        let (shared, own) = (layer(1, 60_000), layer(2, 300_000));
        let x = registry.push_layered("x", "1.0.0", &[(BOTH[0], &[&shared, &own]), (BOTH[1], &[&shared])]);
        let y = registry.push_layered("y", "2.0.0", &[(BOTH[0], &[&shared])]);
        let pins = [pin(&registry, "x", "x", "{version}"), pin(&registry, "y", "y", "{version}")];
        let checkout = Checkout::new(&pins.concat());
        let ended = checkout.run(&["refresh"]);
        assert_eq!(ended.code, 0, "{}", ended.said);
        registry.reset_counters();
        Self { registry, checkout, x, y }
    }

    fn pull(&self, more: &[&str]) -> Ended {
        self.checkout.run(&[&["mirror", "pull", "m"], more].concat())
    }

    fn verify(&self) -> Ended {
        self.checkout.run(&["mirror", "verify", "m"])
    }

    fn blob(&self, digest: &Digest) -> PathBuf {
        self.checkout.path(&format!("m/blobs/sha256/{}", digest.hex()))
    }

    fn index(&self) -> String {
        fs::read_to_string(self.checkout.path("m/index.json")).unwrap()
    }

    /// The names in `index.json`, without the registry's.
    fn names(&self) -> Vec<String> {
        let index: Value = serde_json::from_str(&self.index()).unwrap();
        let name = |entry: &Value| {
            entry["annotations"]["org.opencontainers.image.ref.name"].as_str().unwrap().to_owned()
        };
        let entries = index["manifests"].as_array().unwrap().iter();
        entries.map(|entry| name(entry).replace(&self.registry.host(), "R")).collect()
    }
}

#[test]
fn a_copy_is_complete_and_the_second_asks_nothing() {
    let stage = Stage::new();
    let missing = stage.verify();
    assert_eq!(missing.code, 2, "{}", missing.said);
    let ended = stage.pull(&[]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    let host = stage.registry.host();
    assert!(
        ended.said.starts_with(&format!("x  {host}/x:1.0.0  linux/amd64, linux/arm64\n")),
        "{}",
        ended.said
    );
    // The index of x, its manifests and configurations, those of y of which the configuration is one of x's, two layers.
    assert!(ended.said.contains("fetched 9 pieces (36"), "{}", ended.said);
    let asked = stage.registry.counters();
    assert_eq!((asked.manifests, asked.blobs, asked.heads, asked.tag_pages), (5, 4, 0, 0));
    assert_eq!(stage.names(), ["R/x:1.0.0", "R/y:2.0.0"]);
    let verified = stage.verify();
    assert_eq!(verified.code, 0, "{}", verified.said);
    assert!(verified.said.contains("7 pieces, 362.7 kB, all as locked"), "{}", verified.said);
    let index = stage.index();
    stage.registry.reset_counters();
    let again = stage.pull(&["--prune"]);
    assert_eq!(again.code, 0, "{}", again.said);
    assert!(again.said.contains("fetched 0 pieces (0 B); 9 were there"), "{}", again.said);
    assert!(again.said.contains("there was nothing to remove"), "{}", again.said);
    assert_eq!((stage.registry.requests().len(), stage.index()), (0, index));
}

#[test]
fn what_is_missing_or_wrong_is_told() {
    let stage = Stage::new();
    assert_eq!(stage.pull(&["x"]).code, 0);
    let (own, shared) = (Digest::sha256(&layer(2, 300_000)), Digest::sha256(&layer(1, 60_000)));
    let verified = stage.verify();
    assert_eq!(verified.code, 1, "{}", verified.said);
    assert!(verified.said.contains("  its name in index.json, sha256:"), "{}", verified.said);
    assert!(verified.said.contains("  the index, sha256:"), "{}", verified.said);
    fs::remove_file(stage.blob(&own)).unwrap();
    fs::write(stage.blob(&shared), b"0").unwrap();
    let verified = stage.verify();
    assert_eq!(verified.code, 4, "{}", verified.said);
    assert!(
        verified.said.contains(&format!("a layer for linux/amd64, {own}, is missing")),
        "{}",
        verified.said
    );
    let zero = Digest::sha256(b"0");
    let wrong = format!("a layer for linux/arm64, {shared}, is wrong: its content is {zero}");
    assert!(verified.said.contains(&wrong), "{}", verified.said);
    let json = stage.checkout.run(&["mirror", "verify", "m", "--format", "json", "-q"]);
    let text =
        json.said.split_inclusive('\n').take_while(|line| !line.starts_with("error")).collect::<String>();
    let json: Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["images"][0]["flaws"][0]["fault"], "wrong");
    assert_eq!(json["images"][0]["flaws"].as_array().unwrap().len(), 3);
    let again = stage.pull(&[]);
    assert_eq!(again.code, 0, "{}", again.said);
    assert!(again.said.contains("replaced, because it was damaged: 1"), "{}", again.said);
    assert_eq!(stage.verify().code, 0);
}

#[test]
fn what_stands_in_the_place_of_content_is_told_and_replaced() {
    let stage = Stage::new();
    assert_eq!(stage.pull(&[]).code, 0);
    let (own, shared) = (Digest::sha256(&layer(2, 300_000)), Digest::sha256(&layer(1, 60_000)));
    let outside = stage.checkout.path("outside");
    for blob in [&own, &shared] {
        fs::remove_file(stage.blob(blob)).unwrap();
    }
    fs::create_dir(stage.blob(&shared)).unwrap();
    symlink(&outside, stage.blob(&own)).unwrap();
    symlink(&outside, stage.checkout.path(&format!("m/.partial/sha256-{}", own.hex()))).unwrap();
    let verified = stage.verify();
    assert_eq!(verified.code, 1, "{}", verified.said);
    assert!(verified.said.contains(&format!("{own}, is missing")), "{}", verified.said);
    assert!(verified.said.contains(&format!("{shared}, is no file")), "{}", verified.said);
    fs::write(stage.blob(&shared).join("theirs"), "").unwrap();
    let refused = stage.pull(&[]);
    assert_eq!(refused.code, 2, "{}", refused.said);
    assert!(refused.said.contains("is a folder in the place of a file: remove it"), "{}", refused.said);
    fs::remove_file(stage.blob(&shared).join("theirs")).unwrap();
    let again = stage.pull(&[]);
    assert_eq!(again.code, 0, "{}", again.said);
    assert!(!outside.exists());
    assert_eq!(stage.verify().code, 0);
    // A link to nothing that nothing leads to.
    symlink(&outside, stage.blob(&Digest::sha256(b"other"))).unwrap();
    let pruned = stage.pull(&["--prune"]);
    assert_eq!(pruned.code, 0, "{}", pruned.said);
    assert!(!stage.blob(&Digest::sha256(b"other")).is_symlink());
}

#[test]
fn wrong_bytes_are_exit_4_and_the_other_image_is_copied() {
    let stage = Stage::new();
    let own = Digest::sha256(&layer(2, 300_000));
    stage.registry.answer(&format!("GET /v2/x/blobs/{own}"), Reply::new(200, layer(3, 300_000)));
    let ended = stage.pull(&["--prune"]);
    assert_eq!(ended.code, 4, "{}", ended.said);
    assert!(ended.said.contains("the image of the pin `x` was not copied: the content of"), "{}", ended.said);
    assert!(ended.said.contains("nothing was removed"), "{}", ended.said);
    assert!(!stage.blob(&own).exists());
    assert_eq!(stage.names(), ["R/y:2.0.0"]);
}

#[test]
fn what_the_lock_no_longer_names_stays_until_it_is_pruned() {
    let stage = Stage::new();
    assert_eq!(stage.pull(&["--attestations"]).code, 0);
    let before = fs::read_dir(stage.checkout.path("m/blobs/sha256")).unwrap().count();
    // The tag names something else now.
    let other = layer(4, 1000);
    let new = stage.registry.push_layered("x", "1.0.0", &[(BOTH[0], &[&other]), (BOTH[1], &[&other])]);
    let ended = stage.checkout.run(&["refresh", "x", "--ignore-min-age", "--because", "a test"]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert_eq!(stage.pull(&[]).code, 0);
    let old = &stage.x.index;
    assert_eq!(stage.names(), ["R/x:1.0.0".to_owned(), format!("R/x@{old}"), "R/y:2.0.0".into()]);
    assert!(stage.blob(old).exists() && stage.blob(&new.index).exists());
    let pruned = stage.pull(&["--prune"]);
    assert_eq!(pruned.code, 0, "{}", pruned.said);
    assert!(
        pruned.said.contains(&format!("removed {}/x@{old} ({old})", stage.registry.host())),
        "{}",
        pruned.said
    );
    assert_eq!(stage.names(), ["R/x:1.0.0", "R/y:2.0.0"]);
    let shared = Digest::sha256(&layer(1, 60_000));
    assert!(!stage.blob(old).exists() && stage.blob(&shared).exists(), "y has it");
    assert!(fs::read_dir(stage.checkout.path("m/blobs/sha256")).unwrap().count() < before);
    assert_eq!(stage.verify().code, 0);
}

#[test]
fn a_folder_that_is_somebodys_is_left_alone() {
    let stage = Stage::new();
    fs::create_dir(stage.checkout.path("m")).unwrap();
    fs::write(stage.checkout.path("m/letter"), "x").unwrap();
    let ended = stage.pull(&[]);
    assert_eq!(ended.code, 2, "{}", ended.said);
    assert!(ended.said.contains("m is not empty, and no image layout"), "{}", ended.said);
    let ended = stage.pull(&["z"]);
    assert!(ended.code == 2 && ended.said.contains("no pin `z`"), "{}", ended.said);
    assert_eq!(stage.registry.requests().len(), 0);
}

#[test]
fn without_a_locked_image_nothing_is_removed_and_nothing_is_right() {
    let stage = Stage::new();
    assert_eq!(stage.pull(&[]).code, 0);
    let (index, blobs) =
        (stage.index(), || fs::read_dir(stage.checkout.path("m/blobs/sha256")).unwrap().count());
    let before = blobs();
    for (lock, says) in [(None, "there is no pins.lock"), (Some("version = 1\n"), "pins.lock has no image")] {
        let path = stage.checkout.path("pins.lock");
        match lock {
            Some(text) => fs::write(path, text).unwrap(),
            None => fs::remove_file(path).unwrap(),
        }
        for ended in [stage.pull(&["--prune"]), stage.verify()] {
            assert!(ended.code == 2 && ended.said.contains(says), "{}", ended.said);
        }
        assert_eq!((stage.index(), blobs()), (index.clone(), before));
    }
}

#[test]
fn a_tag_that_leads_elsewhere_is_told_and_given_back() {
    let stage = Stage::new();
    assert_eq!(stage.pull(&[]).code, 0);
    let (host, x, y) = (stage.registry.host(), &stage.x.index, &stage.y.index);
    let mut index: Value = serde_json::from_str(&stage.index()).unwrap();
    let mut named = |entry: usize, name: String| {
        index["manifests"][entry]["annotations"]["org.opencontainers.image.ref.name"] = name.into();
    };
    named(0, format!("{host}/x@{x}"));
    named(1, format!("{host}/x:1.0.0"));
    fs::write(stage.checkout.path("m/index.json"), index.to_string()).unwrap();
    let verified = stage.verify();
    assert_eq!(verified.code, 1, "{}", verified.said);
    let told = format!("  its tag in index.json, {x}, leads to {y}\n");
    assert!(verified.said.contains(&told), "{}", verified.said);
    assert_eq!((stage.pull(&[]).code, stage.verify().code), (0, 0));
}

#[test]
fn a_manifest_that_is_not_in_the_locked_index_is_exit_4() {
    let stage = Stage::new();
    assert_eq!(stage.pull(&[]).code, 0);
    let lock = stage.checkout.lock().unwrap();
    let (own, other) = (&stage.x.manifests[0], &stage.y.manifests[0]);
    fs::write(stage.checkout.path("pins.lock"), lock.replace(own.hex(), other.hex())).unwrap();
    let verified = stage.verify();
    assert_eq!(verified.code, 4, "{}", verified.said);
    let told = format!("  the manifest for linux/amd64, {other}, is not in the locked index\n");
    assert!(verified.said.contains(&told), "{}", verified.said);
    assert!(verified.said.ends_with("hint: if pins.lock was edited, restore it\n"), "{}", verified.said);
}

#[test]
fn what_is_missing_of_an_attestation_is_fetched_by_asking_for_those() {
    let stage = Stage::new();
    assert_eq!(stage.pull(&["--attestations"]).code, 0);
    let attestation: Value =
        serde_json::from_slice(&fs::read(stage.blob(&stage.x.attestations[0])).unwrap()).unwrap();
    let statement = attestation["layers"][0]["digest"].as_str().unwrap().parse().unwrap();
    fs::remove_file(stage.blob(&statement)).unwrap();
    let verified = stage.verify();
    assert_eq!(verified.code, 1, "{}", verified.said);
    assert!(
        verified.said.contains("`solera-pin mirror pull m --attestations` fetches it"),
        "{}",
        verified.said
    );
    assert_eq!((stage.pull(&["--attestations"]).code, stage.verify().code), (0, 0));
}

#[test]
fn a_folder_that_another_run_fills_is_not_written_to() {
    let stage = Stage::new();
    let folder = stage.checkout.path("m");
    fs::create_dir(&folder).unwrap();
    let _held = FolderLock::acquire(&folder).unwrap();
    let ended = stage.pull(&[]);
    assert!(ended.code == 2 && ended.said.contains("another solera-pin is writing"), "{}", ended.said);
    assert_eq!(fs::read_dir(&folder).unwrap().count(), 0);
}

/// Ended with the test, however that ends.
struct Running(Child);

impl Drop for Running {
    fn drop(&mut self) {
        let _ = (self.0.kill(), self.0.wait());
    }
}

#[test]
fn a_kill_at_any_moment_leaves_no_wrong_content() {
    let begun = Instant::now();
    let whole = Stage::new();
    let from = Instant::now();
    assert_eq!(whole.pull(&[]).code, 0);
    let lasts = from.elapsed();
    let stage = Stage::new();
    for moment in 0..15 {
        if moment % 5 == 0 && stage.checkout.path("m").exists() {
            fs::remove_dir_all(stage.checkout.path("m")).unwrap();
        }
        let mut child = Running(stage.checkout.start(&["mirror", "pull", "m"]));
        // Nothing is ever sent: this is a clock.
        let (_sender, clock) = std::sync::mpsc::channel::<()>();
        let _ = clock.recv_timeout(lasts * (moment % 5 + 1) / 6);
        child.0.kill().unwrap();
        child.0.wait().unwrap();
        let Ok(blobs) = fs::read_dir(stage.checkout.path("m/blobs/sha256")) else { continue };
        for blob in blobs {
            let path = blob.unwrap().path();
            let name = path.file_name().unwrap().to_str().unwrap().to_owned();
            assert_eq!(Digest::sha256(&fs::read(&path).unwrap()).hex(), name);
        }
    }
    let ended = stage.pull(&[]);
    assert_eq!(ended.code, 0, "{}", ended.said);
    assert_eq!(stage.verify().code, 0);
    assert_eq!(stage.names(), ["R/x:1.0.0", "R/y:2.0.0"]);
    let left: Vec<_> = fs::read_dir(stage.checkout.path("m/.partial")).unwrap().collect();
    assert_eq!(left.len(), 0, "{left:?}");
    assert!(begun.elapsed() < Duration::from_secs(300));
}

#[test]
fn one_that_is_stopped_says_what_it_left_and_the_next_goes_on() {
    let stage = Stage::new();
    let own = Digest::sha256(&layer(2, 300_000));
    let path = format!("/v2/x/blobs/{own}");
    // It comes byte by byte.
    let slow = Reply::new(200, layer(2, 300_000)).dripping(Duration::from_millis(1));
    stage.registry.answer_next(&format!("GET {path}"), [slow]);
    let mut child = Running(stage.checkout.start(&["mirror", "pull", "m"]));
    let partial = stage.checkout.path(&format!("m/.partial/sha256-{}", own.hex()));
    let until = Instant::now();
    while fs::metadata(&partial).map_or(0, |file| file.len()) == 0 {
        assert!(until.elapsed() < Duration::from_secs(60), "it never began");
        std::thread::yield_now();
    }
    let sent = std::process::Command::new("sh").args(["-c", &format!("kill -INT {}", child.0.id())]).status();
    assert!(sent.unwrap().success());
    assert_eq!(child.0.wait().unwrap().code(), Some(130));
    let mut said = String::new();
    std::io::Read::read_to_string(&mut child.0.stderr.take().unwrap(), &mut said).unwrap();
    assert_eq!(said, "stopped by SIGINT: what was copied stays, and the same command goes on from there\n");
    stage.registry.reset_counters();
    assert_eq!(stage.pull(&[]).code, 0);
    let asked = stage.registry.requests().into_iter().find(|request| request.path == path).unwrap();
    assert!(asked.header("range").is_some_and(|range| range.starts_with("bytes=")));
    assert_eq!(stage.verify().code, 0);
}
