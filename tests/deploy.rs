//! What `deploy` has, against what reads it: the published schemas of Kubernetes, systemd's own checks, and the binary.

#![allow(clippy::unwrap_used, clippy::panic, clippy::disallowed_methods)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use boon::{Compiler, Schemas};
use serde_json::{Value, json};

const VERSIONS: [&str; 2] = ["v1.30.0", "v1.37.0"];
const UNITS: [&str; 3] = ["solera-pin.service", "solera-pin-refresh.service", "solera-pin-refresh.timer"];

fn deploy(path: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy").join(path)
}

/// What a manifest declares, each with its kind.
fn manifests() -> Vec<(String, Value)> {
    let objects = ["daemon.yaml", "refresh.yaml"].into_iter().flat_map(|name| {
        let text = fs::read_to_string(deploy("kubernetes").join(name)).unwrap();
        serde_saphyr::from_multiple::<Value>(&text).unwrap()
    });
    objects.map(|object| (object["kind"].as_str().unwrap().to_owned(), object)).collect()
}

/// The published schemas of one version.
struct Published(Value);

impl Published {
    fn of(version: &str) -> Self {
        let path = format!("{}/target/kubernetes-schemas/{version}.json", env!("CARGO_MANIFEST_DIR"));
        let text = fs::read(&path).unwrap_or_else(|error| {
            panic!("scripts/kubernetes-schemas brings the schemas, and {path} is not here: {error}")
        });
        Self(serde_json::from_slice(&text).unwrap())
    }

    /// What is wrong with an object.
    fn check(&self, object: &Value) -> Result<(), String> {
        let (group, version) = object["apiVersion"].as_str().unwrap().rsplit_once('/').unwrap_or(("", "v1"));
        let meant = json!({ "group": group, "kind": object["kind"], "version": version });
        let is_meant = |definition: &Value| {
            let kinds = definition["x-kubernetes-group-version-kind"].as_array();
            kinds.is_some_and(|kinds| kinds.contains(&meant))
        };
        let definitions = self.0["$defs"].as_object().unwrap();
        let Some((name, _)) = definitions.iter().find(|(_, definition)| is_meant(definition)) else {
            return Err(format!("there is no such kind: {meant}"));
        };
        let (mut schemas, mut compiler) = (Schemas::new(), Compiler::new());
        let id = self.0["$id"].as_str().unwrap();
        compiler.add_resource(id, self.0.clone()).unwrap();
        let schema = compiler.compile(&format!("{id}#/$defs/{name}"), &mut schemas).unwrap();
        schemas.validate(object, schema).map_err(|error| format!("{error:#}"))
    }
}

#[test]
fn every_manifest_is_what_its_schema_says() {
    let kinds: Vec<String> = manifests().into_iter().map(|(kind, _)| kind).collect();
    assert_eq!(kinds, ["PersistentVolumeClaim", "Deployment", "Service", "NetworkPolicy", "CronJob"]);
    for version in VERSIONS {
        let published = Published::of(version);
        for (kind, object) in manifests() {
            published.check(&object).unwrap_or_else(|error| panic!("{version}: {kind}: {error}"));
        }
        // It would see a mistake.
        let (_, deployment) = manifests().swap_remove(1);
        for (at, wrong) in [
            ("/spec/replicas", json!("one")),
            ("/spec/strategy", json!({ "typ": "Recreate" })),
            ("/spec/template/spec/containers/0/securityContext", json!({ "readOnlyRootFileSystem": true })),
        ] {
            let mut changed = deployment.clone();
            *changed.pointer_mut(at).unwrap() = wrong;
            assert!(published.check(&changed).is_err(), "{version}: {at}");
        }
    }
}

/// The pods of all manifests.
fn pods() -> Vec<Value> {
    let at = |(kind, object): &(String, Value)| {
        let path = match kind.as_str() {
            "Deployment" => "/spec/template/spec",
            "CronJob" => "/spec/jobTemplate/spec/template/spec",
            _ => return None,
        };
        Some(object.pointer(path).unwrap().clone())
    };
    manifests().iter().filter_map(at).collect()
}

/// The "restricted" level of Kubernetes' Pod Security Standards, a root that is read-only, and no token.
#[test]
fn no_pod_has_a_privilege_or_a_root_that_it_can_write() {
    assert_eq!(pods().len(), 2);
    for pod in pods() {
        assert_eq!(pod["automountServiceAccountToken"], false);
        for key in ["hostNetwork", "hostPID", "hostIPC"] {
            assert!(pod[key].is_null(), "{key}");
        }
        let own = &pod["securityContext"];
        assert_eq!((&own["runAsNonRoot"], &own["runAsUser"]), (&json!(true), &json!(10001)));
        assert_eq!(own["seccompProfile"]["type"], "RuntimeDefault");
        for container in pod["containers"].as_array().unwrap() {
            let context = &container["securityContext"];
            assert_eq!(context["privileged"], false);
            assert_eq!(context["allowPrivilegeEscalation"], false);
            assert_eq!(context["readOnlyRootFilesystem"], true);
            assert_eq!(context["capabilities"], json!({ "drop": ["ALL"] }));
            assert!(container["resources"]["limits"]["memory"].is_string());
        }
        let kinds = ["persistentVolumeClaim", "emptyDir", "secret"];
        for volume in pod["volumes"].as_array().unwrap() {
            assert!(kinds.iter().any(|kind| !volume[*kind].is_null()), "{volume}");
        }
    }
}

/// Whether the binary understands these words.
fn understands(words: &[String]) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_solera-pin"));
    let ended = command.args(words).arg("--help").output().unwrap();
    assert!(ended.status.success(), "{words:?}: {}", String::from_utf8_lossy(&ended.stderr));
}

#[test]
fn the_binary_understands_what_it_is_told() {
    let mut told = 0;
    for pod in pods() {
        let words: Vec<String> = serde_json::from_value(pod["containers"][0]["args"].clone()).unwrap();
        understands(&words);
        // Whatever it writes is on a volume, and so is whatever it reads.
        let mounts: Vec<&str> = pod["containers"][0]["volumeMounts"]
            .as_array()
            .unwrap()
            .iter()
            .map(|mount| mount["mountPath"].as_str().unwrap())
            .collect();
        let env = pod["containers"][0]["env"].as_array().unwrap().iter();
        let paths = words.iter().filter_map(|word| word.split_once("=/")).map(|(_, path)| format!("/{path}"));
        for path in paths.chain(env.map(|variable| variable["value"].as_str().unwrap().to_owned())) {
            assert!(mounts.iter().any(|mount| path.starts_with(mount)), "{path}");
        }
        told += 1;
    }
    for unit in UNITS.iter().filter(|unit| unit.ends_with(".service")) {
        let text = fs::read_to_string(deploy("systemd").join(unit)).unwrap();
        let command =
            text.lines().find_map(|line| line.strip_prefix("ExecStart=/usr/bin/solera-pin ")).unwrap();
        understands(&command.split(' ').map(str::to_owned).collect::<Vec<_>>());
        told += 1;
    }
    assert_eq!(told, 4);
}

/// A root folder with these units, and with what they name.
fn root() -> tempfile::TempDir {
    let root = tempfile::tempdir().unwrap();
    let units = root.path().join("etc/systemd/system");
    for folder in ["usr/bin", "bin", "etc/systemd/system"] {
        fs::create_dir_all(root.path().join(folder)).unwrap();
    }
    for name in ["sysinit", "basic", "shutdown", "network-online", "multi-user", "timers"] {
        fs::write(units.join(format!("{name}.target")), "[Unit]\n").unwrap();
    }
    for program in ["usr/bin/solera-pin", "bin/kill"] {
        fs::copy("/bin/true", root.path().join(program)).unwrap();
    }
    for unit in UNITS {
        fs::copy(deploy("systemd").join(unit), units.join(unit)).unwrap();
    }
    root
}

fn analyze(root: &Path, words: &[&str]) -> (bool, String) {
    let mut command = Command::new("systemd-analyze");
    command.arg(format!("--root={}", root.display())).arg("--no-pager").args(words);
    let ended = command.output().unwrap_or_else(|error| panic!("systemd-analyze is needed: {error}"));
    (ended.status.success(), String::from_utf8_lossy(&ended.stderr).into_owned())
}

#[test]
fn systemd_takes_the_units_as_they_are() {
    let root = root();
    for unit in UNITS {
        assert_eq!(analyze(root.path(), &["verify", unit]), (true, String::new()), "{unit}");
    }
    // From 0, which is safe, to 100; most services that a distribution brings have over 90.
    for unit in &UNITS[..2] {
        let (is_safe, _) = analyze(root.path(), &["security", "--offline=true", "--threshold=15", unit]);
        assert!(is_safe, "{unit}");
    }
    // It would see a mistake, and a hole.
    let path = root.path().join("etc/systemd/system/solera-pin.service");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, text.replace("Type=notify", "Type=notified")).unwrap();
    assert!(analyze(root.path(), &["verify", "solera-pin.service"]).1.contains("notified"));
    fs::write(&path, text.replace("NoNewPrivileges=yes\n", "").replace("SystemCallFilter=", "# ")).unwrap();
    let words = ["security", "--offline=true", "--threshold=15", "solera-pin.service"];
    assert!(!analyze(root.path(), &words).0);
}
