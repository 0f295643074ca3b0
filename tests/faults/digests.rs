//! Digests that are missing, malformed or wrong, and content that is another than its digest says.

use std::time::Duration;

use solera_pin::model::{Algorithm, Digest};

use super::case::{Case, Follow, case};
use super::reply::Reply;
use super::upstream::{INDEX, Images, MANIFEST, On, PLATFORMS};
use super::wire::Step;

const HEADER: &str = "Docker-Content-Digest";

fn altered(name: &str, at: On, with: impl Fn(Reply) -> Reply + Send + Sync + 'static) -> Case {
    case(name, at, move |honest, _| with(honest).into())
}

/// One byte is another, so that length and form stay.
fn forged(honest: Reply) -> Reply {
    let text = String::from_utf8(honest.body.clone()).unwrap();
    let other = if text.contains("amd64") { ("amd64", "amd46") } else { ("\"layers\":[]", "\"layers\":{}") };
    honest.body(text.replacen(other.0, other.1, 1))
}

pub fn cases() -> Vec<Case> {
    let other = || Digest::sha256(b"something else").to_string();
    let mut cases = vec![
        altered("no digest", On::Manifest, |honest| honest.without(HEADER)).moves(),
        altered("another digest", On::Manifest, move |honest| honest.set(HEADER, other()))
            .ends(4)
            .says("and not sha256:"),
        altered("a digest that is none", On::Manifest, |honest| honest.set(HEADER, "sha256:zz"))
            .says("malformed"),
        altered("a digest of an algorithm that nobody knows", On::Manifest, |honest| {
            honest.set(HEADER, "md5:d41d8cd98f00b204e9800998ecf8427e")
        })
        .says("malformed"),
        altered("another digest in sha512", On::Manifest, |honest| {
            honest.set(HEADER, Digest::of(Algorithm::Sha512, b"something else").to_string())
        })
        .ends(4),
        altered("two digests, the second wrong", On::Manifest, move |honest| honest.and(HEADER, other()))
            .ends(4),
        altered("two digests, the first wrong", On::Manifest, move |honest| {
            let right = Digest::sha256(&honest.body).to_string();
            honest.set(HEADER, other()).and(HEADER, right)
        })
        .ends(4),
        altered("an index of the same length", On::Manifest, forged).ends(4).says("do not use this image"),
        altered("an index with a space more", On::Manifest, |honest| {
            let body = [honest.body.clone(), b" ".to_vec()].concat();
            honest.body(body)
        })
        .ends(4),
    ];
    cases.extend(heads());
    cases.extend(parts());
    cases
}

/// What HEAD claims is worth as much as that it agrees with what is locked.
fn heads() -> Vec<Case> {
    vec![
        altered("a HEAD without a digest", On::Head, |honest| honest.without(HEADER)).moves(),
        altered("a HEAD with a digest that is none", On::Head, |honest| honest.set(HEADER, "latest")).moves(),
        altered("a HEAD with a digest of something else", On::Head, |honest| {
            honest.set(HEADER, Digest::sha256(b"something else").to_string())
        })
        .moves(),
        altered("a HEAD with a digest in sha512", On::Head, |honest| {
            honest.set(HEADER, Digest::of(Algorithm::Sha512, b"x").to_string())
        })
        .moves(),
        case("a HEAD that claims that nothing has changed", On::Head, |honest, around| {
            honest.set(HEADER, around.old.digest("stable").to_string()).into()
        })
        .ends(0),
        case("a HEAD that claims two digests", On::Head, |honest, around| {
            let new = Digest::sha256(b"something else").to_string();
            honest.set(HEADER, around.old.digest("stable").to_string()).and(HEADER, new).into()
        })
        .moves(),
        case("a HEAD that is new where GET is old", On::Manifest, |_, around| {
            around.old.answer(around.heard).into()
        })
        .follows(Follow::Tag)
        .ends(0),
    ]
}

/// What an index names is read where it does not say for which platform it is.
fn parts() -> Vec<Case> {
    fn nameless(images: &mut Images) {
        let entry = |images: &mut Images, platform| {
            let (manifest, _) = images.single(platform, "two");
            let digest = images.publish_bytes(&platform.replace('/', "-"), MANIFEST, manifest);
            serde_json::json!({"mediaType": MANIFEST, "digest": digest, "size": 1})
        };
        let entries = [entry(images, "linux/amd64"), entry(images, "linux/arm64")];
        let index = serde_json::json!({"schemaVersion": 2, "manifests": entries}).to_string();
        images.publish_bytes("1.1", INDEX, index.into_bytes());
    }
    /// As many as are asked for at all.
    fn hundred(images: &mut Images) {
        let mut entry = |n: usize| {
            let (manifest, _) = images.single(PLATFORMS[n % 2], &format!("child {n}"));
            let digest = images.publish_bytes(&format!("child-{n}"), MANIFEST, manifest);
            serde_json::json!({"mediaType": MANIFEST, "digest": digest, "size": 1})
        };
        let entries: Vec<_> = (0..100).map(&mut entry).collect();
        let index = serde_json::json!({"schemaVersion": 2, "manifests": entries}).to_string();
        images.publish_bytes("1.1", INDEX, index.into_bytes());
    }
    vec![
        altered("a hundred children", On::Digest, |honest| honest).publishes(hundred).moves(),
        case("a hundred children that each take their time", On::Digest, |honest, _| {
            vec![Step::Send(honest.head()), Step::Drip(honest.body, Duration::from_millis(10))]
        })
        .publishes(hundred)
        .hurried()
        .says("was not done within 20 s"),
        altered("an index that names no platform", On::Digest, |honest| honest).publishes(nameless).moves(),
        altered("a child of the same length", On::Digest, forged).publishes(nameless).ends(4),
        altered("a child that is another one", On::Digest, |honest| {
            honest.body(r#"{"schemaVersion": 2}"#).without(HEADER)
        })
        .publishes(nameless)
        .ends(4),
        altered("a child that is not there", On::Digest, |_| Reply::of(404)).publishes(nameless),
        altered("a configuration of the same length", On::Blob, |honest| {
            let text = String::from_utf8(honest.body.clone()).unwrap();
            honest.body(text.replacen("amd64", "arm64", 1).replacen("two", "six", 1))
        })
        .publishes(nameless)
        .ends(4),
        altered("a configuration that is not there", On::Blob, |_| Reply::of(404)).publishes(nameless),
        altered("a configuration that is a web page", On::Blob, |_| Reply::html())
            .publishes(nameless)
            .ends(4),
    ]
}
