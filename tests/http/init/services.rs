//! A made-up repository of 40 services, written as people write them.

use serde_json::Value;

use super::world::{BOTH, World};

/// The services, and upstreams that have what they name.
pub(super) fn write(world: &World) {
    for number in 0..40 {
        let folder = format!("services/s{number:02}");
        match number % 8 {
            0 => multi_stage(world, &folder),
            1 => arguments(world, &folder),
            2 => whole_argument(world, &folder),
            3 => compose(world, &folder, number),
            4 => helm(world, &folder),
            5 => kustomize(world, &folder),
            6 => workflow(world, number),
            _ => gitlab(world, &folder),
        }
    }
    open(world);
    world.images(&[
        "rust:1.88-slim-bookworm",
        "debian:bookworm-slim",
        "nginx:1.27.1",
        "node:20.1.0-slim",
        "node:22.1.0-slim",
        "python:3.12-alpine",
        "postgres:16.2",
        "redis:7.2-alpine",
        "alpine:3.20",
        "alpine:2.7",
        "ruby:3.3.0",
    ]);
    world.registry.push_index(
        "prometheus/prometheus",
        "v2.51.0",
        &["linux/amd64", "linux/arm64", "linux/s390x"],
    );
    world.registry.push_index("docker/dockerfile", "1", BOTH);
    world.registry.push_index("bitnami/redis", "7.2.4", &["linux/amd64"]);
    world.tags("actions/checkout", &["v4"]);
    world.tags("acme/deploy", &["v1.2.3"]);
    world.tags("acme/branch", &["v1"]);
}

fn multi_stage(world: &World, folder: &str) {
    world.write(
        &format!("{folder}/Dockerfile"),
        "# syntax=docker/dockerfile:1\n\
         FROM --platform=$BUILDPLATFORM rust:1.88-slim-bookworm AS build\nRUN cargo build\n\n\
         FROM debian:bookworm-slim AS debian\nFROM debian\n\
         COPY --from=build /a /a\nCOPY --from=nginx:1.27.1 /etc/nginx /etc/nginx\n",
    );
}

fn arguments(world: &World, folder: &str) {
    // Two majors, each in files of its own.
    let major = if folder.ends_with('1') { 22 } else { 20 };
    world.write(
        &format!("{folder}/Dockerfile"),
        &format!(
            "ARG NODE={major}.1.0 FLAVOUR=slim\r\nFROM node:${{NODE}}-${{FLAVOUR}} AS deps\r\nFROM \"node:${{NODE:-18}}-slim\"\r\n"
        ),
    );
}

fn whole_argument(world: &World, folder: &str) {
    world.write(
        &format!("{folder}/Dockerfile"),
        "ARG BASE=python:3.12-alpine\nFROM ${BASE} AS a\nFROM ${BASE}\nRUN --mount=type=bind,from=alpine:3.20,target=/x true",
    );
}

fn compose(world: &World, folder: &str, number: usize) {
    world.write(
        &format!("{folder}/compose.yaml"),
        &format!(
            "services:\n  web:\n    build: .\n    image: ghcr.io/acme/web-{number}:1.0\n  db:\n    image: postgres:16.2  # the database\n  cache:\n    image: 'redis:7.2-alpine'\n  other:\n    image: bitnami/redis:7.2.4\n  again:\n    image: ghcr.io/acme/web-{number}:1.0\n"
        ),
    );
    world.write(&format!("{folder}/Dockerfile"), "FROM alpine:2.7\n");
}

fn helm(world: &World, folder: &str) {
    world.write(
        &format!("{folder}/chart/Chart.yaml"),
        "apiVersion: v2\nname: monitor\nversion: 1.0.0\nappVersion: \"2.51.0\"\n",
    );
    world.write(
        &format!("{folder}/chart/values.yaml"),
        "image:\n  registry: quay.io\n  repository: prometheus/prometheus\n  tag: v2.51.0\nsidecar:\n  image: nginx:1.27.1\n",
    );
}

fn kustomize(world: &World, folder: &str) {
    world.write(
        &format!("{folder}/kustomization.yaml"),
        "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nresources:\n  - deployment.yaml\n",
    );
    world.write(
        &format!("{folder}/deployment.yaml"),
        "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: a\nspec:\n  template:\n    spec:\n      initContainers:\n        - name: wait\n          image: alpine:3.20\n      containers:\n        - name: a\n          image: \"nginx:1.27.1\"\n",
    );
}

fn workflow(world: &World, number: usize) {
    world.write(
        &format!(".github/workflows/s{number:02}.yml"),
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    container: node:22.1.0-slim\n    services:\n      db:\n        image: postgres:16.2\n    steps:\n      - uses: actions/checkout@v4\n      - uses: acme/deploy@v1.2.3\n      - uses: docker://alpine:3.20\n",
    );
}

fn gitlab(world: &World, folder: &str) {
    world.write(
        &format!("{folder}/.gitlab-ci.yml"),
        "image: ruby:3.3.0\n\ntest:\n  services:\n    - postgres:16.2\n    - name: redis:7.2-alpine\n      alias: cache\n  script:\n    - rake\n",
    );
}

/// What nobody can decide but a person.
fn open(world: &World) {
    world.write("open/Dockerfile", "ARG BASE\nFROM ${BASE}\nFROM nginx\nFROM nginx:latest\n");
    world.write(
        ".github/workflows/open.yml",
        "on: push\njobs:\n  a:\n    runs-on: ubuntu-latest\n    steps:\n      - uses: acme/branch@main\n",
    );
}

/// What adoption must have made of them.
pub(super) fn check(world: &World, said: &str) {
    let said: Value = serde_json::from_str(said).unwrap();
    let names: Vec<&str> =
        said["pins"].as_array().unwrap().iter().map(|pin| pin["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "acme-deploy",
            "actions-checkout",
            "alpine-2-7",
            "alpine-3-20",
            "bitnami-redis",
            "debian",
            "dockerfile",
            "nginx",
            "node-20-1-0-slim",
            "node-22-1-0-slim",
            "postgres",
            "prometheus",
            "python",
            "redis",
            "ruby",
            "rust",
        ]
    );
    let own: Vec<&str> = said["own"].as_array().unwrap().iter().map(|own| own.as_str().unwrap()).collect();
    assert_eq!(own.len(), 5, "{own:?}");
    let open: Vec<String> = said["undecided"]
        .as_array()
        .unwrap()
        .iter()
        .map(|open| format!("{}:{}", open["path"].as_str().unwrap(), open["line"]))
        .collect();
    for place in
        ["open/Dockerfile:2", "open/Dockerfile:3", "open/Dockerfile:4", ".github/workflows/open.yml:6"]
    {
        assert!(open.iter().any(|open| open == place), "{place}: {open:?}");
    }
    let pins = world.text("pins.toml");
    assert!(pins.starts_with('#') && pins.contains("mode = \"in-place\"\n"), "{pins}");
    for table in [
        "[pin.rust]\nimage = \"docker.io/library/rust\"\ntrack = \"{major}.{minor}-slim-bookworm\"\n",
        "[pin.bitnami-redis]\nimage = \"docker.io/bitnami/redis\"\ntrack = \"{major}.{minor}.{patch}\"\nplatforms = [\"linux/amd64\"]\n",
        "[defaults]\nplatforms = [\"linux/amd64\", \"linux/arm64\"]\n",
        "[pin.acme-deploy]\ngit = \"https://github.com/acme/deploy.git\"\ntrack = \"v{major}.{minor}.{patch}\"\n",
    ] {
        assert!(pins.contains(table), "{table}\n{pins}");
    }
    assert!(!pins.contains("track = \"v{major}.{minor}.{patch}\"\nimmutable"), "{pins}");
    let node = world.text("services/s01/Dockerfile");
    assert!(
        node.contains("\r\nFROM node:${NODE}-${FLAVOUR}@sha256:")
            && node.contains("ARG NODE=22.1.0 FLAVOUR=slim\r\n"),
        "{node}"
    );
    let python = world.text("services/s02/Dockerfile");
    assert!(
        python.starts_with("ARG BASE=python:3.12-alpine@sha256:") && python.contains("\nFROM ${BASE} AS a\n"),
        "{python}"
    );
}
