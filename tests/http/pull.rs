//! Images that are copied into a layout, from registries that break off, lie, or know nothing of parts.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use solera_pin::mirror::pull::{Copied, PullError, Puller, Tally, Wanted, Which};
use solera_pin::model::{Digest, ImageRef, Platform};
use solera_pin::net::Settings;
use solera_pin::oci::{Folder, Writer};
use solera_pin::source::{ImageSource, Kind};
use tempfile::TempDir;

use crate::support::registry::layered::Layered;
use crate::support::registry::{Auth, Registry, Reply};
use crate::{client, settings};

/// Bytes that no two parts of are alike.
pub(crate) fn layer(seed: u8, length: usize) -> Vec<u8> {
    let mut state = u32::from(seed) + 1;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    (0..length).map(|_| next()).collect()
}

const ONE: &str = "linux/amd64";
const TWO: &str = "linux/arm64";

fn puller_with(folder: &Path, settings: Settings) -> Puller {
    let source = ImageSource::new(client(settings));
    Puller::new(source, Writer::open(folder).unwrap(), Arc::new(|_| {})).unwrap()
}

fn puller(folder: &Path) -> Puller {
    puller_with(folder, settings())
}

/// One that asks for everything once.
fn once(folder: &Path) -> Puller {
    puller_with(folder, Settings { attempts: 1, ..settings() })
}

fn reference(registry: &Registry, tail: &str) -> ImageRef {
    format!("{}/{tail}", registry.host()).parse().unwrap()
}

fn of_platforms(platforms: &[&str]) -> Wanted {
    let platforms = platforms.iter().map(|platform| platform.parse::<Platform>().unwrap()).collect();
    Wanted { which: Which::Platforms(platforms), attestations: false }
}

async fn pulled(puller: &Puller, registry: &Registry, wanted: &Wanted) -> Result<Copied, PullError> {
    puller.fetch(&reference(registry, "a:1"), wanted).await
}

/// A registry that has one image for one platform, with one layer of 4000 bytes; and the path of its blob.
struct Stage {
    registry: Registry,
    pushed: Layered,
    digest: Digest,
    blob: String,
    folder: TempDir,
}

impl Stage {
    fn new() -> Self {
        let registry = Registry::start();
        let bytes = layer(1, 4000);
        let pushed = registry.push_layered("a", "1", &[(ONE, &[&bytes])]);
        let digest = Digest::sha256(&bytes);
        let blob = format!("GET /v2/a/blobs/{digest}");
        Self { registry, pushed, digest, blob, folder: tempfile::tempdir().unwrap() }
    }

    fn by_digest(&self) -> ImageRef {
        reference(&self.registry, &format!("a:1@{}", self.pushed.index))
    }

    async fn pull(&self, puller: &Puller) -> Result<Copied, PullError> {
        puller.fetch(&self.by_digest(), &of_platforms(&[ONE])).await
    }

    fn partial(&self) -> std::path::PathBuf {
        self.folder.path().join(format!(".partial/sha256-{}", self.digest.hex()))
    }

    fn stored(&self) -> std::path::PathBuf {
        self.folder.path().join(format!("blobs/sha256/{}", self.digest.hex()))
    }

    /// The parts of the layer that were asked for.
    fn ranges(&self) -> Vec<Option<String>> {
        let path = format!("/v2/a/blobs/{}", self.digest);
        let requests = self.registry.requests().into_iter().filter(|request| request.path == path);
        requests.map(|request| request.header("range").map(str::to_owned)).collect()
    }

    /// The download breaks off after so many bytes, and with it the run.
    async fn break_off(&self, after: usize) {
        self.registry.answer_next(&self.blob, [Reply::new(200, &layer(1, 4000)[..after]).truncated()]);
        let error = self.pull(&once(self.folder.path())).await.unwrap_err();
        assert!(matches!(&error, PullError::Source(error) if error.kind() == Kind::Unreachable), "{error}");
        assert_eq!(fs::read(self.partial()).unwrap(), &layer(1, 4000)[..after]);
        assert!(!self.stored().exists());
        self.registry.reset_counters();
    }

    fn check(&self) {
        assert_eq!(fs::read(self.stored()).unwrap(), layer(1, 4000));
        assert!(!self.partial().exists());
    }
}

#[tokio::test]
async fn an_image_is_there_with_the_bytes_of_its_index_and_only_its_platforms() {
    let registry = Registry::start();
    let (shared, own, other) = (layer(1, 5000), layer(2, 3000), layer(3, 3000));
    let images: &[(&str, &[&[u8]])] =
        &[(ONE, &[&shared, &own]), (TWO, &[&shared]), ("linux/s390x", &[&other])];
    let pushed = registry.push_layered("a", "1", images);
    let second = registry.push_layered("b", "1", &[(ONE, &[&shared])]);
    let folder = tempfile::tempdir().unwrap();
    let puller = puller(folder.path());
    let wanted = of_platforms(&[TWO, ONE]);
    let (by_tag, b) = (reference(&registry, "a:1"), reference(&registry, &format!("b@{}", second.index)));
    let one = of_platforms(&[ONE]);
    let (copied, of_b) = tokio::join!(puller.fetch(&by_tag, &wanted), puller.fetch(&b, &one));
    let (copied, of_b) = (copied.unwrap(), of_b.unwrap());
    assert_eq!(copied.digest, pushed.index);
    assert_eq!(copied.manifests, pushed.manifests[..2]);
    assert_eq!((copied.attestations.len(), copied.foreign.len()), (0, 0));
    assert_eq!(of_b.manifests, second.manifests);
    let read = Folder::open(folder.path()).unwrap();
    assert_eq!(read.manifest(&pushed.index).unwrap().len() as u64, copied.size);
    for bytes in [&shared, &own] {
        read.blob(&Digest::sha256(bytes)).unwrap();
    }
    assert!(read.blob(&Digest::sha256(&other)).is_err() && read.manifest(&pushed.manifests[2]).is_err());
    // Two indexes, three manifests, one of which has the same configuration as another; the layer they share once.
    let asked = registry.counters();
    let of_shared =
        registry.requests().iter().filter(|it| it.path.ends_with(Digest::sha256(&shared).hex())).count();
    assert_eq!((asked.manifests, of_shared, asked.heads, asked.pings), (2 + 3, 1, 0, 0));
    let (tally, stored) = (puller.tally(), files(&folder.path().join("blobs")));
    assert_eq!((tally.fetched, tally.there), (stored.len() as u64, 0));
    assert_eq!(tally.fetched_bytes, stored.iter().map(|(_, length)| length).sum::<u64>());
}

/// The files below a folder, with their lengths.
fn files(folder: &Path) -> Vec<(String, u64)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let entry = entry.unwrap();
        match entry.path().is_dir() {
            true => found.extend(files(&entry.path())),
            false => found.push((entry.path().display().to_string(), entry.metadata().unwrap().len())),
        }
    }
    found
}

#[tokio::test]
async fn what_is_there_is_not_asked_for_again() {
    let stage = Stage::new();
    stage.pull(&puller(stage.folder.path())).await.unwrap();
    stage.registry.reset_counters();
    let again = puller(stage.folder.path());
    stage.pull(&again).await.unwrap();
    assert_eq!(stage.registry.requests().len(), 0);
    assert_eq!((again.tally().fetched, again.tally().there), (0, 4));
    // By its tag, only what that names is asked.
    pulled(&puller(stage.folder.path()), &stage.registry, &of_platforms(&[ONE])).await.unwrap();
    assert_eq!(stage.registry.requests().len(), 1);
}

#[tokio::test]
async fn what_is_there_and_damaged_is_asked_for() {
    let stage = Stage::new();
    stage.pull(&puller(stage.folder.path())).await.unwrap();
    let manifest = stage.folder.path().join(format!("blobs/sha256/{}", stage.pushed.manifests[0].hex()));
    fs::write(stage.stored(), b"0").unwrap();
    fs::write(&manifest, b"0").unwrap();
    stage.registry.reset_counters();
    let again = puller(stage.folder.path());
    stage.pull(&again).await.unwrap();
    assert_eq!(stage.registry.requests().len(), 2);
    assert_eq!((again.tally().fetched, again.tally().damaged), (2, 2));
    stage.check();
}

#[tokio::test]
async fn a_download_that_broke_off_goes_on_in_the_same_run() {
    for (ranges, expected) in [(true, 4000), (false, 1500 + 4000)] {
        let stage = Stage::new();
        stage.registry.set_ranges(ranges);
        stage.registry.answer_next(&stage.blob, [Reply::new(200, &layer(1, 4000)[..1500]).truncated()]);
        let puller = puller(stage.folder.path());
        stage.pull(&puller).await.unwrap();
        assert_eq!(stage.ranges(), [None, Some("bytes=1500-".into())]);
        stage.check();
        let others = puller.tally().fetched_bytes - expected;
        assert!(others < 4000, "{:?}", puller.tally());
    }
}

#[tokio::test]
async fn a_run_goes_on_where_the_one_before_was_ended() {
    for (ranges, resumed) in [(true, 1500), (false, 0)] {
        let stage = Stage::new();
        stage.registry.set_ranges(ranges);
        stage.break_off(1500).await;
        let puller = once(stage.folder.path());
        stage.pull(&puller).await.unwrap();
        assert_eq!(stage.ranges(), [Some("bytes=1500-".into())]);
        assert_eq!(puller.tally().resumed_bytes, resumed);
        // Index and manifest were there.
        assert_eq!(stage.registry.counters().manifests, 0);
        stage.check();
    }
}

#[tokio::test]
async fn what_was_kept_and_is_wrong_is_asked_for_anew() {
    // The middle of it; more than all of it; all of it, and wrong; all of it, and right.
    let whole = layer(1, 4000);
    for (kept, expected) in [
        (layer(9, 1500), vec![Some("bytes=1500-"), None]),
        (layer(9, 4001), vec![None]),
        (layer(9, 4000), vec![None]),
        (whole, vec![]),
    ] {
        let stage = Stage::new();
        stage.registry.set_ranges(true);
        stage.break_off(1500).await;
        fs::write(stage.partial(), &kept).unwrap();
        stage.pull(&once(stage.folder.path())).await.unwrap();
        let expected: Vec<Option<String>> = expected.iter().map(|range| range.map(str::to_owned)).collect();
        assert_eq!(stage.ranges(), expected, "{}", kept.len());
        stage.check();
    }
}

#[tokio::test]
async fn a_part_that_is_refused_or_another_one_is_asked_for_anew() {
    let other = || Reply::new(206, &layer(1, 4000)[2000..]);
    for refused in [
        Reply::new(416, ""),
        other().header("Content-Range", "bytes 2000-3999/4000"),
        other(),
        other().header("Content-Range", "bytes */4000"),
    ] {
        let stage = Stage::new();
        stage.registry.set_ranges(true);
        stage.break_off(1500).await;
        stage.registry.answer_next(&stage.blob, [refused]);
        stage.pull(&once(stage.folder.path())).await.unwrap();
        assert_eq!(stage.ranges(), [Some("bytes=1500-".into()), None]);
        stage.check();
    }
}

#[tokio::test]
async fn a_part_that_nobody_asked_for_ends_it() {
    for range in [Some("bytes 0-3999/4000"), None] {
        let stage = Stage::new();
        let part = Reply::new(206, layer(1, 4000));
        let part = range.into_iter().fold(part, |part, range| part.header("Content-Range", range));
        stage.registry.answer(&stage.blob, part);
        let error = stage.pull(&puller(stage.folder.path())).await.unwrap_err();
        assert!(error.to_string().contains("a part of the blob, although all of it"), "{error}");
        assert!(matches!(&error, PullError::Source(error) if error.kind() == Kind::Protocol), "{error}");
        assert_eq!(stage.ranges(), [None]);
    }
}

#[tokio::test]
async fn one_that_breaks_off_and_lies_each_time_is_asked_anew_once() {
    let stage = Stage::new();
    stage.registry.set_ranges(true);
    stage.break_off(1500).await;
    let lie = || Reply::new(206, layer(9, 2500)).header("Content-Range", "bytes 1500-3999/4000");
    let begin = Reply::new(200, &layer(1, 4000)[..1500]).truncated();
    // What comes after these is right, and too late.
    stage.registry.answer_next(&stage.blob, [lie(), begin, lie()]);
    let error = stage.pull(&puller(stage.folder.path())).await.unwrap_err();
    assert!(matches!(error, PullError::Wrong { .. }), "{error}");
    let part = Some("bytes=1500-".to_owned());
    assert_eq!(stage.ranges(), [part.clone(), None, part]);
    assert!(!stage.stored().exists() && !stage.partial().exists());
}

#[tokio::test]
async fn wrong_bytes_are_an_alarm_and_nothing_of_them_is_kept() {
    for (bytes, says) in [
        (layer(9, 4000), "the content of"),
        (layer(1, 3999), "the content of"),
        (Vec::new(), "the content of"),
        ([layer(1, 4000), layer(1, 1)].concat(), "more than the 4000 bytes"),
    ] {
        for (chunked, broken) in [(false, false), (true, false), (true, true)] {
            let stage = Stage::new();
            stage.registry.set_ranges(true);
            if broken {
                stage.break_off(100).await;
                stage.registry.set_ranges(false);
            }
            let reply = Reply::new(200, bytes.clone());
            stage.registry.answer(&stage.blob, if chunked { reply.chunked() } else { reply });
            let error = stage.pull(&puller(stage.folder.path())).await.unwrap_err();
            assert!(error.to_string().contains(says), "{error}");
            let is_alarm = match &error {
                PullError::Source(error) => error.kind() == Kind::Integrity,
                error => matches!(error, PullError::Wrong { .. }),
            };
            assert!(is_alarm, "{error}");
            assert_eq!(stage.ranges().len(), 1, "{:?}", stage.ranges());
            assert!(!stage.stored().exists() && !stage.partial().exists());
        }
    }
    let stage = Stage::new();
    let manifest = format!("GET /v2/a/manifests/{}", stage.pushed.manifests[0]);
    stage.registry.answer(&manifest, Reply::new(200, "{}"));
    let error = stage.pull(&puller(stage.folder.path())).await.unwrap_err();
    assert!(matches!(&error, PullError::Source(error) if error.kind() == Kind::Integrity), "{error}");
}

#[tokio::test]
async fn a_page_for_people_is_no_blob_and_costs_nothing() {
    let stage = Stage::new();
    stage.registry.set_ranges(true);
    stage.break_off(1500).await;
    let page = Reply::new(200, "<html>log in</html>").header("Content-Type", "text/html; charset=utf-8");
    stage.registry.answer_next(&stage.blob, [page]);
    let error = stage.pull(&once(stage.folder.path())).await.unwrap_err();
    assert!(error.to_string().contains("a page for people"), "{error}");
    assert!(matches!(&error, PullError::Source(error) if error.kind() == Kind::Protocol), "{error}");
    stage.pull(&once(stage.folder.path())).await.unwrap();
    assert_eq!(stage.ranges()[1..], [Some("bytes=1500-".to_owned())]);
    stage.check();
}

#[tokio::test]
async fn storage_elsewhere_is_asked_for_the_part_and_shown_nothing() {
    let stage = Stage::new();
    stage.registry.set_ranges(true);
    stage.break_off(1500).await;
    let storage = Registry::start();
    storage.set_ranges(true);
    storage.push_blob("store", layer(1, 4000));
    stage.registry.set_auth(Auth::tokens());
    let token = "GET /token";
    let moved =
        Reply::new(307, "").header("Location", format!("{}/v2/store/blobs/{}", storage.url(), stage.digest));
    let challenge =
        format!(r#"Bearer realm="{}/token",service="s",scope="repository:a:pull""#, stage.registry.url());
    let refused = Reply::new(401, "").header("WWW-Authenticate", challenge);
    stage.registry.answer_next(&stage.blob, [refused, moved]);
    stage.pull(&once(stage.folder.path())).await.unwrap();
    stage.check();
    let [asked] = &storage.requests()[..] else { panic!("{:?}", storage.requests()) };
    assert_eq!((asked.header("range"), asked.header("authorization")), (Some("bytes=1500-"), None));
    let shown = stage.registry.requests();
    assert!(shown.iter().any(|request| format!("{} {}", request.method, request.path) == token));
    assert!(shown.iter().any(|request| request.header("authorization").is_some()));
}

#[tokio::test]
async fn what_is_attested_comes_where_it_is_wanted() {
    let registry = Registry::start();
    let bytes = layer(1, 2000);
    let pushed = registry.push_layered("a", "1", &[(ONE, &[&bytes]), (TWO, &[&bytes])]);
    let folder = tempfile::tempdir().unwrap();
    let wanted = Wanted { attestations: true, ..of_platforms(&[TWO]) };
    let copied = pulled(&puller(folder.path()), &registry, &wanted).await.unwrap();
    assert_eq!(copied.attestations, pushed.attestations[1..]);
    let read = Folder::open(folder.path()).unwrap();
    let attested = read.document(&pushed.attestations[1]).unwrap();
    for blob in attested.config.iter().chain(&attested.layers) {
        read.blob(&blob.digest).unwrap();
    }
    assert!(read.manifest(&pushed.attestations[0]).is_err());
    let all = Wanted { which: Which::All, attestations: true };
    let copied = pulled(&puller(folder.path()), &registry, &all).await.unwrap();
    assert_eq!((copied.manifests, copied.attestations), (pushed.manifests, pushed.attestations));
}

#[tokio::test]
async fn a_layer_that_registries_do_not_hand_out_is_not_asked_for() {
    let registry = Registry::start();
    let foreign = serde_json::json!({
        "mediaType": "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip",
        "digest": Digest::sha256(b"far"), "size": 3, "urls": ["https://example.org/layer"],
    });
    let nondistributable = serde_json::json!({
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "digest": Digest::sha256(b"farther"), "size": 7,
    });
    let config = serde_json::json!({ "os": "windows", "architecture": "amd64" });
    let (digest, _) = registry.manifest_of("a", &config, &[foreign, nondistributable]);
    let folder = tempfile::tempdir().unwrap();
    let by_digest = reference(&registry, &format!("a@{digest}"));
    let wanted = Wanted { which: Which::All, attestations: false };
    let copied = puller(folder.path()).fetch(&by_digest, &wanted).await.unwrap();
    assert_eq!(copied.manifests, [digest]);
    assert_eq!(copied.foreign, [Digest::sha256(b"far"), Digest::sha256(b"farther")]);
    assert_eq!(registry.counters().blobs, 1, "its configuration");
}

#[tokio::test]
async fn what_an_index_does_not_have_is_said() {
    let stage = Stage::new();
    let puller = puller(stage.folder.path());
    let error = puller.fetch(&stage.by_digest(), &of_platforms(&["linux/riscv64"])).await.unwrap_err();
    assert!(error.to_string().ends_with("has no image for linux/riscv64"), "{error}");
    let stranger = Digest::sha256(b"stranger");
    let which = Which::Manifests(BTreeSet::from([stranger.clone()]));
    let wanted = Wanted { which, attestations: false };
    let error = puller.fetch(&stage.by_digest(), &wanted).await.unwrap_err();
    assert!(matches!(error, PullError::NotAChild { digest, .. } if digest == stranger));
    assert_eq!(stage.registry.counters().blobs, 0);
    let nameless = reference(&stage.registry, "a");
    assert!(puller.fetch(&nameless, &wanted).await.is_err());
    assert_eq!(puller.tally().fetched, 1, "the index");
    assert_ne!(puller.tally(), Tally::default());
}
