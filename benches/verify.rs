//! How close the gate comes to the time that walking and reading a repository's files takes.
//!
//! `cargo bench --bench verify` makes repositories of up to 20,000 Dockerfiles and 10,000 YAML files, verifies them, and
//! prints the time of both in the same run, their ratio, and the peak memory of the process for each size.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a benchmark prints"
)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

const RUNS: usize = 7;
const IMAGES: [(&str, &str); 6] = [
    ("node", "22.1.0-slim"),
    ("rust", "1.88-slim-bookworm"),
    ("debian", "bookworm-slim"),
    ("postgres", "17.5-alpine"),
    ("nginx", "1.29.5"),
    ("python", "3.13.1-slim"),
];

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    // A measurement in a process of its own, so that its peak memory is its own.
    if let [_, command, folder] = arguments.as_slice() {
        match command.as_str() {
            "walk" => report(walk, Path::new(folder)),
            "verify" => report(verify, Path::new(folder)),
            _ => {}
        }
        if matches!(command.as_str(), "walk" | "verify") {
            return;
        }
    }
    println!("{:>6} files {:>12} {:>12} {:>6} {:>14}", "", "walk, read", "verify", "ratio", "peak memory");
    for (dockerfiles, yamls) in [(1_000, 500), (10_000, 5_000), (20_000, 10_000)] {
        let folder = tempfile::tempdir().unwrap();
        repository(folder.path(), dockerfiles, yamls);
        let (mut walks, mut verifies, mut memory) = (Vec::new(), Vec::new(), 0);
        for _ in 0..RUNS {
            walks.push(measure("walk", folder.path()).0);
            let (time, peak) = measure("verify", folder.path());
            verifies.push(time);
            memory = memory.max(peak);
        }
        let median = |times: &mut Vec<Duration>| {
            times.sort();
            times[times.len() / 2]
        };
        let (walk, verify) = (median(&mut walks), median(&mut verifies));
        println!(
            "{:>6} files {:>9.1} ms {:>9.1} ms {:>6.2} {:>10} KiB",
            dockerfiles + yamls,
            walk.as_secs_f64() * 1e3,
            verify.as_secs_f64() * 1e3,
            verify.as_secs_f64() / walk.as_secs_f64(),
            memory
        );
    }
}

/// Runs this program again; the time that the work took there, and its peak memory in KiB.
fn measure(command: &str, folder: &Path) -> (Duration, u64) {
    let output = Command::new(std::env::current_exe().unwrap())
        .args([Path::new(command), folder])
        .stderr(Stdio::inherit())
        .output()
        .unwrap();
    assert!(output.status.success());
    let text = String::from_utf8(output.stdout).unwrap();
    let (nanos, kib) = text.trim().split_once(' ').unwrap();
    (Duration::from_nanos(nanos.parse().unwrap()), kib.parse().unwrap())
}

fn report(work: fn(&Path), folder: &Path) {
    let start = Instant::now();
    work(folder);
    let time = start.elapsed().as_nanos();
    let status = fs::read_to_string("/proc/self/status").unwrap();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
    println!("{time} {}", peak.trim().trim_end_matches(" kB"));
}

/// Walks and reads as simply as can be, with as many threads as the gate has.
fn walk(folder: &Path) {
    ignore::WalkBuilder::new(folder).hidden(false).require_git(false).build_parallel().run(|| {
        Box::new(|entry| {
            let entry = entry.unwrap();
            if entry.file_type().is_some_and(|kind| kind.is_file()) {
                std::hint::black_box(fs::read(entry.path()).unwrap());
            }
            ignore::WalkState::Continue
        })
    });
}

fn verify(folder: &Path) {
    let app = solera_pin::app::App {
        now: jiff::Timestamp::UNIX_EPOCH,
        environment: Default::default(),
        folder: folder.to_path_buf(),
        terminal: false,
    };
    let code = solera_pin::cli::main(&app, ["solera-pin", "-q", "verify"].map(Into::into));
    assert_eq!(code, 0, "the repository is clean");
}

fn digest(image: usize) -> String {
    format!("sha256:{:064x}", image + 1)
}

fn reference(image: usize) -> String {
    let (name, tag) = IMAGES[image % IMAGES.len()];
    format!("{name}:{tag}@{}", digest(image % IMAGES.len()))
}

/// A repository in which every reference is pinned.
fn repository(root: &Path, dockerfiles: usize, yamls: usize) {
    let (mut pins, mut lock) = (String::new(), "version = 1\n".to_owned());
    for (i, (name, tag)) in IMAGES.iter().enumerate() {
        let image = format!("image = \"docker.io/library/{name}\"");
        writeln!(pins, "[pin.{name}]\n{image}\ntrack = \"{tag}\"\nplatforms = [\"linux/amd64\"]\n").unwrap();
        let kind = "application/vnd.oci.image.index.v1+json";
        let child = format!("platforms.\"linux/amd64\" = \"sha256:{:064x}\"", 1000 + i);
        let digest = digest(i);
        writeln!(
            lock,
            "\n[pin.{name}]\n{image}\ntag = \"{tag}\"\ndigest = \"{digest}\"\nmedia-type = \"{kind}\"\n{child}"
        )
        .unwrap();
    }
    // Sorted by name, as the program writes it.
    let mut tables: Vec<&str> = lock.split("\n\n").skip(1).map(str::trim).collect();
    tables.sort_unstable();
    let lock = format!("version = 1\n\n{}\n", tables.join("\n\n"));
    pins.push_str("[verify]\nrules.unlocked-fetch = \"off\"\n");
    fs::write(root.join("pins.toml"), pins).unwrap();
    fs::write(root.join("pins.lock"), lock).unwrap();
    for i in 0..dockerfiles {
        put(root, &format!("services/s{}/d{i}/Dockerfile", i / 100), &dockerfile(i));
    }
    for i in 0..yamls {
        let (path, text) = yaml(i);
        put(root, &path, &text);
    }
}

fn put(root: &Path, path: &str, text: &str) {
    let path = root.join(path);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

/// Some 40 lines, as an ordinary service has.
fn dockerfile(i: usize) -> String {
    let mut text =
        format!("# Service {i}\nARG VERSION=1.{i}.0\nFROM {} AS build\n\nWORKDIR /src\n", reference(i));
    text.push_str(
        "COPY package.json package-lock.json ./\nRUN --mount=type=cache,target=/var/cache/npm npm ci\n",
    );
    for step in 0..6 {
        writeln!(
            text,
            "\n# Step {step}: what it does, and why.\nCOPY step-{step} ./step-{step}\nRUN set -eux; \\\n    cd step-{step}; \\\n    ./configure --prefix=/usr --with-step={step}; \\\n    make -j \"$(nproc)\" install"
        )
        .unwrap();
    }
    write!(
        text,
        "\nFROM {}\nARG VERSION\nLABEL org.opencontainers.image.version=$VERSION\nCOPY --from=build /src/dist /app\nUSER 65534:65534\nEXPOSE 8080\nENTRYPOINT [\"/app/main\"]\n",
        reference(i + 2)
    )
    .unwrap();
    text
}

fn yaml(i: usize) -> (String, String) {
    let image = reference(i);
    match i % 4 {
        0 => (
            format!("deploy/k{i}/deployment.yaml"),
            format!(
                "apiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: s{i}\n  labels: {{app: s{i}}}\nspec:\n  replicas: 3\n  selector:\n    matchLabels: {{app: s{i}}}\n  template:\n    metadata:\n      labels: {{app: s{i}}}\n    spec:\n      containers:\n        - name: main\n          image: {image}\n          ports: [{{containerPort: 8080}}]\n          env:\n            - {{name: A, value: \"1\"}}\n            - {{name: B, value: \"2\"}}\n          resources:\n            limits: {{cpu: 500m, memory: 256Mi}}\n          readinessProbe:\n            httpGet: {{path: /healthz, port: 8080}}\n"
            ),
        ),
        1 => (
            format!("compose/c{i}/compose.yaml"),
            format!(
                "services:\n  app:\n    build: .\n    depends_on: [db]\n    environment:\n      URL: postgres://db\n  db:\n    image: {image}\n    volumes: [data:/var/lib/data]\n    healthcheck:\n      test: [CMD, \"true\"]\nvolumes:\n  data: {{}}\n"
            ),
        ),
        2 => (
            format!("charts/h{i}/values.yaml"),
            format!(
                "replicaCount: 2\nimage:\n  repository: {}\n  tag: \"{}\"\nservice:\n  type: ClusterIP\n  port: 80\nresources: {{}}\n",
                image.split(':').next().unwrap(),
                image.split_once(':').unwrap().1
            ),
        ),
        // Data of some other program, which is most YAML.
        _ => (
            format!("data/y{i}.yaml"),
            (0..40).fold(String::new(), |text, line| {
                format!("{text}key{line}:\n  - value {i}\n  - {{a: {line}, b: text}}\n")
            }),
        ),
    }
}
