//! What upstream tells about a step: what is asked, what is made of the answers, and what is said where there is none.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use solera_pin::cache::Cache;
use solera_pin::evidence::{Details, Evidence, ImageEvidence};
use solera_pin::learn::learn;
use solera_pin::model::{Anatomy, Depth, Digest, ImagePin, Learnt, Pin};
use solera_pin::report::markdown;
use solera_pin::resolve::Sources;
use solera_pin::source::{ArchiveSource, DebianSource, GitSource};

use crate::support::checkout::{BOTH, Checkout, Ended, pin};
use crate::support::git_http::git;
use crate::support::registry::made::{Made, Pushed, SPDX, statement};
use crate::support::registry::{Auth, INDEX, Registry, Reply};
use crate::{client, images, repository, settings, tag};

const A: &str = "2603e26e245e558218728ee14e0a42dcb020dc7f";
const B: &str = "e07791e1f0da683600961b9ff69e5b584be52860";

fn sources() -> Sources {
    let client = client(settings());
    let debian = DebianSource::new(client.clone(), Cache::none());
    let archives = ArchiveSource::new(client.clone());
    Sources { images: images(), git: GitSource::new(client), archives, debian }
}

/// What `digest` is, as it would be locked.
async fn locked(registry: &Registry, tag_name: &str, digest: &Digest) -> Pin {
    let repository = repository(registry, "a");
    let manifest = images().by_digest(&repository, digest).await.unwrap();
    Pin::Image(ImagePin {
        repository,
        tag: tag(tag_name),
        digest: manifest.digest.clone(),
        media_type: manifest.media_type,
        platforms: manifest.platforms.clone(),
    })
}

fn annotations(revision: &str) -> Value {
    json!({
        "org.opencontainers.image.source": format!("https://github.com/example/a.git#{revision}:x"),
        "org.opencontainers.image.revision": revision,
    })
}

/// Two builds of two platforms, and what is locked of each.
struct World {
    registry: Registry,
    from: Pin,
    to: Pin,
    old: Vec<Pushed>,
    new: Vec<Pushed>,
}

/// The first has one layer on a base, the second others.
fn before(platform: &'static str) -> Made<'static> {
    Made {
        config: json!({"Env": ["PATH=/bin", "V=1"], "Cmd": ["a"], "Labels": {"gone": "x"}}),
        annotations: annotations(A),
        packages: Some(&[("bash", "5.2"), ("libc6", "2.41-11"), ("old", "1")]),
        ..Made::new(platform, &[("base", 28_000_000), ("app", 2_000_000)])
    }
}

fn after(platform: &'static str) -> Made<'static> {
    Made {
        config: json!({"Env": ["PATH=/bin", "V=2"], "Cmd": ["a"], "User": "www"}),
        annotations: annotations(B),
        packages: Some(&[("bash", "5.2"), ("libc6", "2.41-12"), ("new", "3")]),
        ..Made::new(platform, &[("base", 28_000_000), ("app 2", 2_500_000), ("more", 10)])
    }
}

async fn world(old: &[Made<'_>], new: &[Made<'_>]) -> World {
    let registry = Registry::start();
    let (first, old) = registry.push_made("a", "1.0", old);
    let (second, new) = registry.push_made("a", "1.1", new);
    let from = locked(&registry, "1.0", &first).await;
    let to = locked(&registry, "1.1", &second).await;
    registry.reset_counters();
    World { registry, from, to, old, new }
}

async fn two() -> World {
    world(&[before(BOTH[0]), before(BOTH[1])], &[after(BOTH[0]), after(BOTH[1])]).await
}

impl World {
    async fn learn(&self) -> Evidence {
        learn(&sources(), None, Some(&self.from), &self.to).await
    }

    /// Manifests and blobs that were asked for.
    fn asked(&self) -> [u64; 2] {
        let counters = self.registry.counters();
        assert_eq!((counters.heads, counters.tag_pages), (0, 0));
        [counters.manifests, counters.blobs]
    }
}

fn image(evidence: &Evidence) -> &ImageEvidence {
    match &evidence.details {
        Details::Image(image) => image,
        Details::Git(_) | Details::Packages(_) | Details::Pins => panic!("it is an image"),
    }
}

/// What is not known: the parts, the platforms, and why.
fn gaps(evidence: &Evidence) -> Vec<String> {
    let gaps = evidence.gaps();
    gaps.iter()
        .map(|gap| format!("{} of {}: {}", gap.what.what.join(", "), gap.names(), gap.what.why))
        .collect()
}

#[tokio::test]
async fn all_that_is_told_is_compared_with_few_requests() {
    let world = two().await;
    world.registry.set_auth(Auth::tokens());
    let sources = sources();
    let evidence = learn(&sources, None, Some(&world.from), &world.to).await;
    assert_eq!(gaps(&evidence), [""; 0]);
    // Of each side the index, and of each image its manifest and attestation; its configuration and inventory.
    let counters = world.registry.counters();
    assert_eq!((counters.manifests - counters.unauthorized, counters.blobs), (2 + 4 + 4, 4 + 4));
    let found = image(&evidence);
    let step = &found.platforms[0];
    let size = |side: &Option<solera_pin::evidence::Side>| side.as_ref().unwrap().size.known().copied();
    assert_eq!((size(&step.from), size(&step.to)), (Some(30_000_000), Some(30_500_010)));
    let reuse = step.reused.known().unwrap();
    assert_eq!((reuse.layers, reuse.of_layers, reuse.bytes), (1, 3, 28_000_000));
    // Platforms with equal changes are told together.
    assert_eq!((found.origins.len(), found.configuration.len(), found.packages.len()), (1, 1, 1));
    let origin = found.origins[0].what.known().unwrap();
    let link = format!("https://github.com/example/a/compare/{A}...{B}");
    assert_eq!(origin.compare, Learnt::Known(link));
    let settings = found.configuration[0].what.known().unwrap();
    let shown = |text: &Option<String>| text.clone().unwrap_or("-".into());
    let settings: Vec<String> =
        settings.iter().map(|it| format!("{} {} {}", it.setting, shown(&it.from), shown(&it.to))).collect();
    assert_eq!(settings, ["USER - www", "ENV V 1 2", "LABEL gone x -"]);
    let packages = found.packages[0].what.known().unwrap();
    let packages: Vec<String> =
        packages.iter().map(|it| format!("{} {} {:?} {:?}", it.kind, it.name, it.from, it.to)).collect();
    assert_eq!(
        packages,
        [r#"deb libc6 ["2.41-11"] ["2.41-12"]"#, r#"deb new [] ["3"]"#, r#"deb old ["1"] []"#]
    );
    // What was answered once is the answer for the run.
    world.registry.reset_counters();
    assert_eq!(learn(&sources, None, Some(&world.from), &world.to).await, evidence);
    assert_eq!(world.asked(), [0, 0]);
}

#[tokio::test]
async fn images_that_are_the_same_are_not_asked_about() {
    let world = world(&[before(BOTH[0]), before(BOTH[1])], &[before(BOTH[0]), after(BOTH[1])]).await;
    let evidence = world.learn().await;
    assert_eq!(world.asked(), [2 + 2 + 2, 2 + 2]);
    assert_eq!(gaps(&evidence), [""; 0]);
    assert_eq!(image(&evidence).packages[0].names(), BOTH[1]);
    let same = learn(&sources(), None, Some(&world.to), &world.to).await;
    assert_eq!(same.step.name(), "same");
    assert_eq!(world.asked(), [6, 4]);
}

#[tokio::test]
async fn a_pin_or_a_platform_that_is_new_costs_only_what_tells_its_size() {
    let world = two().await;
    let evidence = learn(&sources(), None, None, &world.to).await;
    assert_eq!(world.asked(), [1 + 2, 0]);
    let found = image(&evidence);
    assert!(found.platforms.iter().all(|step| step.to.as_ref().unwrap().size.known() == Some(&30_500_010)));
    assert_eq!(found.origins[0].what.known().unwrap().revision, [None, Some(B.into())]);
    assert_eq!((evidence.step.name(), gaps(&evidence)), ("first", vec![]));
}

/// What is learnt after `change`, of one platform.
async fn after_change(change: impl FnOnce(&World)) -> (Vec<String>, World) {
    let world = world(&[before(BOTH[0])], &[after(BOTH[0])]).await;
    change(&world);
    let evidence = world.learn().await;
    (gaps(&evidence), world)
}

fn blob(digest: &Digest) -> String {
    format!("GET /v2/a/blobs/{digest}")
}

fn statement_of(images: &[Pushed]) -> String {
    blob(images[0].statement.as_ref().unwrap())
}

#[tokio::test]
async fn what_is_not_told_is_said_and_the_rest_is_known() {
    let (found, _) = after_change(|world| {
        world.registry.answer(&statement_of(&world.new), Reply::new(200, "{}"));
    })
    .await;
    assert!(
        matches!(&found[..], [gap] if gap.starts_with("packages of linux/amd64: after: what is served does not match its digest")),
        "{found:?}"
    );
    let (found, _) = after_change(|world| {
        world.registry.answer(&statement_of(&world.old), Reply::new(404, ""));
    })
    .await;
    assert!(
        matches!(&found[..], [gap] if gap.starts_with("packages of linux/amd64: before: it is not served any more")),
        "{found:?}"
    );
    let (found, world) = after_change(|world| {
        let huge = Reply::new(200, vec![b' '; (64 << 20) + 1]);
        world.registry.answer(&statement_of(&world.new), huge);
    })
    .await;
    assert!(matches!(&found[..], [gap] if gap.contains("sent more than 67108864 bytes")), "{found:?}");
    assert_eq!(world.asked(), [6, 4], "what is too large is not asked for again");
}

#[tokio::test]
async fn an_image_that_is_gone_or_wrong_is_unknown_as_a_whole() {
    const ALL: &str = "size, source, configuration, packages of linux/amd64: ";
    for (of_index, reply, says) in [
        (true, Reply::new(404, ""), "it is not served any more"),
        (true, Reply::new(200, "{}"), "what is served does not match its digest"),
        (false, Reply::new(404, ""), "it is not served any more"),
        (false, Reply::new(403, ""), "it is not allowed"),
    ] {
        let (found, _) = after_change(|world| {
            let Pin::Image(pin) = &world.from else { panic!("it is an image") };
            let digest = if of_index { &pin.digest } else { &world.old[0].image };
            world.registry.answer(&format!("GET /v2/a/manifests/{digest}"), reply);
        })
        .await;
        assert!(
            matches!(&found[..], [gap] if gap.starts_with(&format!("{ALL}before: ")) && gap.contains(says)),
            "{found:?}"
        );
    }
}

/// The inventory of one image whose attestation is as `entry` makes it.
async fn packages(entry: impl FnOnce(&Registry, &Digest) -> Option<Value>) -> (Learnt<usize>, u64) {
    let registry = Registry::start();
    let (_, pushed) = registry.push_made("a", "made", &[Made::new("linux/amd64", &[("l", 1)])]);
    let image = &pushed[0].image;
    let mut entries =
        vec![json!({"mediaType": crate::support::registry::MANIFEST, "digest": image, "size": 1,
        "platform": {"os": "linux", "architecture": "amd64"}})];
    entries.extend(entry(&registry, image));
    let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
    let index = registry.push_bytes("a", Some("1"), INDEX, index.to_string());
    let Pin::Image(pin) = locked(&registry, "1", &index).await else { panic!("it is an image") };
    registry.reset_counters();
    let wanted = BTreeMap::from([("linux/amd64".parse().unwrap(), Depth::Whole)]);
    let found: Learnt<Anatomy> = images().anatomy(&pin, &wanted).await;
    let part = found.known().unwrap().platforms.values().next().unwrap().known().unwrap().clone();
    (part.packages.map(|packages| packages.len()), registry.counters().blobs)
}

#[tokio::test]
async fn an_inventory_is_that_of_the_image_or_not_known() {
    let store = |registry: &Registry, statement: &Value| registry.push_blob("a", statement.to_string());
    let right = packages(|registry, image| {
        let statement = store(registry, &statement(image, &[("bash", "5"), ("sed", "4")]));
        Some(registry.push_attestation("a", image, &statement, 100))
    });
    assert_eq!(right.await, (Learnt::Known(2), 2));
    let unknown = |(found, blobs): (Learnt<usize>, u64), says: &str, expected: u64| {
        assert!(matches!(&found, Learnt::Unknown(why) if why.contains(says)), "{says}: {found:?}");
        assert_eq!(blobs, expected, "{says}");
    };
    unknown(packages(|_, _| None).await, "it has no inventory", 1);
    let other = packages(|registry, image| {
        let statement = store(registry, &statement(&Digest::sha256(b"other"), &[("bash", "5")]));
        Some(registry.push_attestation("a", image, &statement, 100))
    });
    unknown(other.await, "about something else", 2);
    let about_other = packages(|registry, image| {
        let statement = store(registry, &statement(image, &[("bash", "5")]));
        Some(registry.push_attestation("a", &Digest::sha256(b"other"), &statement, 100))
    });
    unknown(about_other.await, "it has no inventory", 1);
    let large = packages(|registry, image| {
        let statement = store(registry, &statement(image, &[("bash", "5")]));
        Some(registry.push_attestation("a", image, &statement, (64 << 20) + 1))
    });
    unknown(large.await, "too large", 1);
    let other_kind = packages(|registry, image| {
        let mut text = statement(image, &[("bash", "5")]);
        text["predicateType"] = json!(SPDX.replace("spdx", "x"));
        Some(registry.push_attestation("a", image, &store(registry, &text), 100))
    });
    unknown(other_kind.await, "not an SPDX document", 2);
}

#[tokio::test]
async fn a_lone_manifest_has_a_configuration_and_no_inventory() {
    let registry = Registry::start();
    let first = registry.push_manifest("a", Some("1"), "linux/amd64");
    let second = registry.push_manifest("a", Some("1"), "linux/amd64");
    let (from, to) = (locked(&registry, "1", &first).await, locked(&registry, "1", &second).await);
    registry.reset_counters();
    let evidence = learn(&sources(), None, Some(&from), &to).await;
    let counters = registry.counters();
    assert_eq!((counters.manifests, counters.blobs), (2, 2));
    let settings = image(&evidence).configuration[0].what.known().unwrap();
    assert_eq!(settings[0].setting.to_string(), "LABEL build");
    assert_eq!(gaps(&evidence), ["packages of linux/amd64: it has no inventory (SBOM)"]);
}

/// What callers do: ask about many pins, from tasks.
#[tokio::test]
async fn pins_are_learnt_about_in_tasks() {
    let world = two().await;
    let (from, to) = (world.from.clone(), world.to.clone());
    let task = tokio::spawn(async move { learn(&sources(), None, Some(&from), &to).await });
    assert!(!markdown::evidence(&task.await.unwrap(), usize::MAX).is_empty());
}

/// A repository whose lock went from `1.0` to `1.1` since its commit.
fn checkout(registry: &Registry) -> Checkout {
    registry.push_made("a", "1.0", &[before(BOTH[0]), before(BOTH[1])]);
    let checkout = Checkout::new(&pin(registry, "a", "a", "{major}.{minor}"));
    let refresh = |arguments: &[&str]| {
        let ended = checkout.run(arguments);
        assert_eq!(ended.code, 0, "{}", ended.said);
    };
    refresh(&["refresh"]);
    let folder = checkout.path("");
    git(&folder, &["init", "-q", "-b", "main"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-qm", "locked"]);
    registry.push_made("a", "1.1", &[after(BOTH[0]), after(BOTH[1])]);
    refresh(&["refresh", "--ignore-min-age", "--because", "a test"]);
    registry.reset_counters();
    checkout
}

fn diff(checkout: &Checkout, format: &str) -> Ended {
    checkout.run(&["diff", "--upstream", "--format", format])
}

#[test]
fn diff_shows_it_to_a_person_a_machine_and_a_forge() {
    let registry = Registry::start();
    let checkout = checkout(&registry);
    let human = diff(&checkout, "human");
    assert_eq!(human.code, 0, "{}", human.said);
    let link = format!("https://github.com/example/a/compare/{A}...{B}");
    for line in [
        "a  1.0 -> 1.1  (minor)",
        "linux/amd64: 30.0 MB -> 30.5 MB; 1 of 3 layers kept, 28.0 MB of 30.5 MB; made 2026-01-02T03:04:05Z",
        "source of linux/amd64, linux/arm64, claimed, unsigned: https://github.com/example/a.git, revision 2603e26",
        &link,
        "configuration of linux/amd64, linux/arm64: 3 settings differ",
        "+ USER=www",
        "ENV V: 1 -> 2",
        "- LABEL gone=x",
        "packages of linux/amd64, linux/arm64: 3 packages differ",
        "deb libc6 2.41-11 -> 2.41-12",
        "+ deb new 3",
        "- deb old 1",
    ] {
        assert!(human.said.contains(line), "{line}: {}", human.said);
    }
    assert!(!human.said.contains("not known"), "{}", human.said);
    let json = diff(&checkout, "json");
    let document: Value = serde_json::from_str(&json.said).unwrap();
    let evidence = &document["pins"][0]["evidence"];
    assert_eq!(document["schema_version"], 1);
    assert_eq!((&evidence["step"], &evidence["unknown"]), (&json!("tag"), &json!([])));
    assert_eq!(evidence["platforms"][1]["layers_reused"]["layers"], 1);
    assert_eq!(evidence["origins"][0]["origin"]["compare"], json!(link));
    assert_eq!(evidence["packages"][0]["platforms"], json!(BOTH));
    assert_eq!(
        evidence["packages"][0]["changes"][0],
        json!({"change": "changed", "type": "deb", "name": "libc6", "from": ["2.41-11"], "to": ["2.41-12"]})
    );
    assert_eq!(
        evidence["configuration"][0]["changes"][1],
        json!({"instruction": "ENV", "name": "V", "from": "1", "to": "2"})
    );
    let markdown = diff(&checkout, "markdown");
    assert_eq!(markdown.code, 0);
    assert!(markdown.said.starts_with("### `a`\n"), "{}", markdown.said);
    for line in [format!("[compare]({link})"), "| `deb` | `libc6` | `2.41-11` | `2.41-12` |".into()] {
        assert!(markdown.said.contains(&line), "{line}: {}", markdown.said);
    }
}

#[test]
fn what_is_not_served_is_said_and_fails_nothing() {
    let registry = Registry::start();
    let checkout = checkout(&registry);
    registry.delete("a", &registry_index(&checkout));
    for (format, says) in [
        (
            "human",
            "not known: size, source, configuration, packages of linux/amd64, linux/arm64: before: it is not served any more",
        ),
        ("json", "\"why\": \"before: it is not served any more"),
        (
            "markdown",
            "- not known: size, source, configuration, packages of `linux/amd64`, `linux/arm64`: `before: it is not served any more`",
        ),
    ] {
        let ended = diff(&checkout, format);
        assert_eq!(ended.code, 0, "{}", ended.said);
        assert!(ended.said.contains(says), "{}", ended.said);
    }
    registry.reset_counters();
    let offline = checkout.run(&["diff", "--format", "markdown"]);
    assert!(offline.code == 0 && offline.said.contains("`not asked`"), "{}", offline.said);
    assert_eq!(registry.requests().len(), 0, "without --upstream nobody is asked");
}

/// The digest of what was locked before.
fn registry_index(checkout: &Checkout) -> String {
    let ended = checkout.run(&["diff", "--format", "json", "-q"]);
    let document: Value = serde_json::from_str(&ended.said).unwrap();
    document["pins"][0]["from"]["digest"].as_str().unwrap().to_owned()
}
