//! What is locked is what the registry serves, byte for byte.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde_json::Value;

use crate::content::{Family, Manifest, escaped_index, index, push_entries, push_image, push_index, sha256};
use crate::server::Registry;
use crate::skopeo::{Children, agrees};
use crate::workspace::Workspace;

const PLATFORMS: [&str; 3] = ["linux/amd64", "linux/arm64/v8", "linux/arm/v7"];
const NORMAL: [&str; 3] = ["linux/amd64", "linux/arm/v7", "linux/arm64"];

fn platforms(workspace: &Workspace, name: &str) -> Vec<String> {
    workspace.pin(name).platforms.into_keys().collect()
}

#[test]
fn indexes_of_both_families_by_mirror_and_by_name() {
    let registry = Registry::start();
    push_index(&registry, "library/oci", "1.2.3", &PLATFORMS, "oci");
    let entries = push_entries(&registry, "team/docker", Family::Docker, &PLATFORMS, "docker");
    registry.push("team/docker", "v7", &index(Family::Docker, &entries));
    let workspace = Workspace::new(
        &registry,
        r#"
        [pin.by-mirror]
        image = "docker.io/library/oci"
        track = "{version}"
        [pin.by-name]
        image = "HOST/library/oci"
        track = "{version}"
        [pin.docker]
        image = "docker.io/team/docker"
        track = "v7"
        [pin.docker-by-name]
        image = "HOST/team/docker"
        track = "v{major}"
        "#,
    );
    workspace.run("refresh").ended(0);
    assert_eq!(agrees(&registry, &workspace, Children::Served), 4);
    for name in ["by-mirror", "by-name", "docker", "docker-by-name"] {
        assert_eq!(platforms(&workspace, name), NORMAL, "{name}");
    }
    assert_eq!(workspace.pin("by-mirror").media_type, Family::Oci.index());
    assert_eq!(workspace.pin("docker").media_type, Family::Docker.index());
    assert_eq!(workspace.pin("by-mirror").image, "docker.io/library/oci");
    assert_eq!(workspace.pin("by-name").image, format!("{}/library/oci", registry.host()));
    workspace.run("verify --upstream").ended(0);
}

#[test]
fn only_the_platforms_that_are_wanted() {
    let registry = Registry::start();
    let all = push_index(&registry, "library/app", "1.0", &PLATFORMS, "app");
    let workspace = Workspace::new(
        &registry,
        r#"
        [defaults]
        platforms = ["linux/arm64/v8"]
        [pin.by-default]
        image = "app"
        track = "{major}.{minor}"
        [pin.own]
        image = "app"
        track = "{major}.{minor}"
        platforms = ["linux/arm", "linux/amd64"]
        "#,
    );
    workspace.run("refresh").ended(0);
    assert_eq!(platforms(&workspace, "by-default"), ["linux/arm64"]);
    assert_eq!(platforms(&workspace, "own"), ["linux/amd64", "linux/arm/v7"]);
    assert_eq!(workspace.pin("own").digest, all.digest());
    assert_eq!(agrees(&registry, &workspace, Children::Served), 2);
}

#[test]
fn a_tag_that_is_one_manifest() {
    let registry = Registry::start();
    for (repository, family) in [("library/oci", Family::Oci), ("library/docker", Family::Docker)] {
        let image = push_image(&registry, repository, family, "linux/arm64/v8", "single");
        registry.push(repository, "edge", &image);
    }
    let workspace = Workspace::new(
        &registry,
        "[pin.oci]\nimage = \"oci\"\ntrack = \"edge\"\n[pin.docker]\nimage = \"docker\"\ntrack = \"edge\"\n",
    );
    workspace.run("refresh").ended(0);
    assert_eq!(agrees(&registry, &workspace, Children::Served), 2);
    for (name, family) in [("oci", Family::Oci), ("docker", Family::Docker)] {
        let pin = workspace.pin(name);
        assert_eq!(pin.media_type, family.manifest());
        assert_eq!(pin.platforms, BTreeMap::from([("linux/arm64".into(), pin.digest)]));
    }
    workspace.run("verify --upstream").ended(0);
}

#[test]
fn bytes_that_would_change_if_they_were_written_again() {
    let registry = Registry::start();
    let entries = push_entries(&registry, "library/escaped", Family::Oci, &PLATFORMS, "escaped");
    let escaped = escaped_index(&entries);
    let parsed: Value = serde_json::from_slice(&escaped.bytes).unwrap();
    assert_ne!(sha256(parsed.to_string().as_bytes()), escaped.digest());
    registry.push("library/escaped", "1.0.0", &escaped);
    let workspace = Workspace::new(&registry, "[pin.escaped]\nimage = \"escaped\"\ntrack = \"{version}\"\n");
    workspace.run("refresh").ended(0);
    assert_eq!(workspace.pin("escaped").digest, escaped.digest());
    assert_eq!(agrees(&registry, &workspace, Children::Served), 1);
}

#[test]
fn an_index_that_names_no_platforms_is_read_further() {
    let registry = Registry::start();
    let images =
        PLATFORMS.map(|platform| push_image(&registry, "library/bare", Family::Oci, platform, "bare"));
    let entries: Vec<Value> = images.iter().map(Manifest::entry).collect();
    registry.push("library/bare", "1", &index(Family::Oci, &entries));
    let workspace = Workspace::new(&registry, "[pin.bare]\nimage = \"bare\"\ntrack = \"1\"\n");
    workspace.run("refresh").ended(0);
    let pin = workspace.pin("bare");
    let names = ["linux/amd64", "linux/arm64", "linux/arm/v7"];
    let expected = names.iter().zip(&images);
    let expected = expected.map(|(name, image)| ((*name).to_owned(), image.digest()));
    assert_eq!(pin.platforms, expected.collect::<BTreeMap<_, _>>());
    workspace.run("verify --upstream").ended(0);
}

/// The bytes of an index as Docker Hub serves it.
fn real_index(name: &str) -> Vec<u8> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/indexes");
    fs::read(folder.join(format!("{name}.index.json"))).unwrap()
}

/// The images that an index names: platform and digest.
fn images_of(index: &[u8]) -> BTreeMap<String, String> {
    let index: Value = serde_json::from_slice(index).unwrap();
    let entries = index["manifests"].as_array().unwrap().iter();
    let images = entries.filter(|entry| entry["platform"]["os"] != "unknown");
    let named = images.map(|entry| {
        let text = |key: &str| entry["platform"][key].as_str();
        let mut name = format!("{}/{}", text("os").unwrap(), text("architecture").unwrap());
        if let Some(variant) = text("variant").filter(|variant| *variant != "v8") {
            name = format!("{name}/{variant}");
        }
        (name, entry["digest"].as_str().unwrap().to_owned())
    });
    named.collect()
}

#[test]
fn the_indexes_of_official_images() {
    const POSTGRES: &str = "sha256:f4c66b820c6f974249089d3d16d86a3698eae11e8746eb6644b2271031e91232";
    const NGINX: &str = "sha256:a45c5523b043174617cac9bda33134956c14e9add96fcacca1da36278aadbaba";
    let registry = Registry::start();
    let (postgres, nginx) = (real_index("postgres-17.11"), real_index("nginx-1.29.5-amd64"));
    registry.store_alone("library/postgres", "17.11", &postgres);
    registry.store_alone("amd64/nginx", "1.29.5", &nginx);
    let workspace = Workspace::new(
        &registry,
        r#"
        [pin.nginx]
        image = "HOST/amd64/nginx"
        track = "{version}"
        [pin.postgres]
        image = "docker.io/library/postgres"
        track = "{major}.{minor}"
        [pin.postgres-here]
        image = "postgres"
        track = "{major}.{minor}"
        platforms = ["linux/amd64", "linux/arm64"]
        "#,
    );
    workspace.run("refresh").ended(0);
    assert_eq!(agrees(&registry, &workspace, Children::Pruned), 3);
    let pin = workspace.pin("postgres");
    assert_eq!(pin.digest, POSTGRES);
    assert_eq!(pin.platforms, images_of(&postgres));
    assert_eq!(pin.platforms.len(), 8);
    assert_eq!(
        pin.platforms["linux/amd64"],
        "sha256:e31e3d5327d1806f6177827c9710643e4f35f7ab3f14d26d05332753d3e95ee0"
    );
    let here = workspace.pin("postgres-here");
    assert_eq!(here.digest, POSTGRES);
    assert_eq!(platforms(&workspace, "postgres-here"), ["linux/amd64", "linux/arm64"]);
    assert_eq!(here.platforms["linux/arm64"], pin.platforms["linux/arm64"]);
    assert_eq!(workspace.pin("nginx").digest, NGINX);
    assert_eq!(workspace.pin("nginx").platforms, images_of(&nginx));
    // The registry does not have what they name, and that is said.
    let verified = workspace.run("verify --upstream").ended(1);
    verified.says("upstream-not-served").says("its manifest for linux/arm64");
}

#[test]
fn an_index_whose_images_would_have_to_be_read_and_are_gone() {
    let registry = Registry::start();
    let bytes = real_index("tianon-test-no-platform");
    registry.store_alone("tianon/test", "index-no-platform-smaller", &bytes);
    let workspace = Workspace::new(
        &registry,
        "[pin.tianon]\nimage = \"tianon/test\"\ntrack = \"index-no-platform-smaller\"\n",
    );
    let refreshed = workspace.run("refresh").ended(3);
    // Which of the three it could not read.
    refreshed.says("tianon/test@sha256:e2fc4e5012d16e7fe466f5291c476431beaa1f9b90a5c2125b493ed28e2aba57");
    assert!(!workspace.path("pins.lock").exists() || workspace.locked().is_empty());
}
