//! Reports for machines, against the schemas that their formats publish.
//!
//! The schemas come with the packages that `tests/formats/Cargo.toml` depends on: cargo brings them, and checks them
//! against that package's lock file.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use boon::{Compiler, SchemaIndex, Schemas};
use serde_json::{Value, json};

/// A published schema.
struct Schema {
    schemas: Schemas,
    index: SchemaIndex,
}

impl Schema {
    fn sarif() -> Self {
        let path = package("serde-sarif").join("src/schema.json");
        let schema: Value = serde_json::from_slice(&fs::read(path).unwrap()).unwrap();
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        compiler.enable_format_assertions();
        compiler.add_resource("sarif.json", schema).unwrap();
        let index = compiler.compile("sarif.json", &mut schemas).unwrap();
        Self { schemas, index }
    }

    fn check(&self, document: &Value) -> Result<(), String> {
        self.schemas.validate(document, self.index).map_err(|error| format!("{error:#}"))
    }
}

/// The folder of a package that `tests/formats` depends on.
fn package(name: &str) -> PathBuf {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats/Cargo.toml");
    let mut command = Command::new(env!("CARGO"));
    command.args(["metadata", "--locked", "--format-version", "1", "--manifest-path"]).arg(manifest);
    let output = command.output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "cargo cannot bring the schemas: {said}");
    let metadata: Value = serde_json::from_slice(&output.stdout).unwrap();
    let found = metadata["packages"].as_array().unwrap().iter().find(|package| package["name"] == name);
    Path::new(found.unwrap()["manifest_path"].as_str().unwrap()).parent().unwrap().into()
}

/// What `verify --format sarif` prints in a folder, and how it ends. Nobody answers for an upstream.
fn verify(folder: &Path, arguments: &[&str]) -> (i32, Vec<u8>) {
    let nowhere = tempfile::tempdir().unwrap();
    let configuration = nowhere.path().join("config.toml");
    fs::write(&configuration, "[registries.\"docker.io\"]\nmirror = \"http://127.0.0.1:1\"\n").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_solera-pin"))
        .args(["verify", "--format", "sarif"])
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("SOLERA_PIN_CONFIG", configuration)
        .output()
        .unwrap();
    (output.status.code().unwrap(), output.stdout)
}

fn results(log: &Value) -> &Vec<Value> {
    log["runs"][0]["results"].as_array().unwrap()
}

/// A repository with a finding in a Dockerfile, and pins that nobody answers for.
fn one_with_findings() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let write = |path: &str, text: &str| {
        let path = folder.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    write("pins.toml", "[pin.debian]\nimage = \"debian\"\ntrack = \"bookworm-slim\"\n");
    let digest = |digit: &str| format!("sha256:{}", digit.repeat(64));
    let index = "application/vnd.oci.image.index.v1+json";
    let lock = [
        "version = 1\n\n[pin.debian]\nimage = \"docker.io/library/debian\"\ntag = \"bookworm-slim\"\n"
            .to_owned(),
        format!("digest = \"{}\"\nmedia-type = \"{index}\"\n", digest("a")),
        format!("platforms.\"linux/amd64\" = \"{}\"\n", digest("b")),
    ];
    write("pins.lock", &lock.concat());
    write(
        "images/w/image.toml",
        "class = \"upstream-extension\"\nruntime-base = \"debian\"\ntag = \"1\"\nplatforms = [\"linux/amd64\"]\n\
         capabilities = [\"x\"]\nupstream-provides = [\"x\"]\ndelta = [\"y\"]\nrefuses = [\"x\"]\n",
    );
    write("images/w/Dockerfile", "# ä 𝄞\nARG PIN_DEBIAN=ä:1\nFROM ${PIN_DEBIAN}\nFROM debian:1 AS b\n");
    folder
}

#[test]
fn what_is_found_is_valid_sarif() {
    let schema = Schema::sarif();
    let folder = one_with_findings();
    let (code, printed) = verify(folder.path(), &[]);
    let log: Value = serde_json::from_slice(&printed).unwrap();
    assert_eq!(schema.check(&log), Ok(()));
    assert!(code == 1 && results(&log).len() > 1, "{log:#}");
    let here = folder.path().display().to_string();
    assert!(!String::from_utf8(printed.clone()).unwrap().contains(&here), "a report is of any machine");
    assert_eq!(verify(folder.path(), &[]).1, printed, "and the same at every run");
}

#[test]
fn what_could_not_be_asked_is_valid_sarif_too() {
    let (code, printed) = verify(one_with_findings().path(), &["--upstream"]);
    let log: Value = serde_json::from_slice(&printed).unwrap();
    assert_eq!(Schema::sarif().check(&log), Ok(()));
    let invocation = &log["runs"][0]["invocations"][0];
    assert_eq!((code, &invocation["executionSuccessful"]), (3, &json!(false)), "{log:#}");
    assert_eq!(invocation["toolExecutionNotifications"].as_array().unwrap().len(), 1);
}

#[test]
fn every_golden_case_is_valid_sarif() {
    let schema = Schema::sarif();
    let cases = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cases");
    let mut valid = 0;
    for case in fs::read_dir(cases).unwrap() {
        let folder = case.unwrap().path().join("in");
        let (code, printed) = verify(&folder, &[]);
        // Where the configuration has mistakes there is no report.
        if code < 2 {
            let log = serde_json::from_slice(&printed).unwrap();
            assert_eq!(schema.check(&log), Ok(()), "{}", folder.display());
            valid += 1;
        }
    }
    assert!(valid > 10, "{valid}");
}

#[test]
fn what_is_no_sarif_is_refused() {
    let schema = Schema::sarif();
    let (_, printed) = verify(one_with_findings().path(), &[]);
    let log: Value = serde_json::from_slice(&printed).unwrap();
    let region = "/runs/0/results/0/locations/0/physicalLocation/region/startLine";
    let uri = "/runs/0/results/0/locations/0/physicalLocation/artifactLocation/uri";
    for (place, wrong) in [
        ("/version", json!("2.0.0")),
        (region, json!(0)),
        (uri, json!("a b")),
        ("/runs/0/results/0/level", json!("fatal")),
        ("/runs/0/results/0/message", json!({})),
        ("/runs/0/tool/driver/rules/1", log["runs"][0]["tool"]["driver"]["rules"][0].clone()),
    ] {
        let mut other = log.clone();
        *other.pointer_mut(place).unwrap() = wrong;
        assert!(schema.check(&other).is_err(), "{place}");
    }
}
