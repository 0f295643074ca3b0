//! solera-pin beside the engine: with its registry and both servers, or in a network of its own.

use std::fs;
use std::process::Output;

use super::{LIVE, NOW, Repository, SNAPSHOT};
use crate::served::Served;

impl Repository {
    /// Runs solera-pin beside the engine, with both servers up.
    pub(crate) fn solera_pin(&self, words: &[&str]) -> Output {
        let program = self.session.folder().join("solera-pin");
        if !program.exists() {
            let own = env!("CARGO_BIN_EXE_solera-pin");
            fs::hard_link(own, &program).or_else(|_| fs::copy(own, &program).map(drop)).unwrap();
        }
        let _live = Served::start(&self.session, LIVE, &self.session.seen("served/live"));
        let _snapshot = Served::start(&self.session, SNAPSHOT, &self.session.seen("served"));
        let chdir = format!("--chdir={}", self.session.seen("repository"));
        let configuration = format!("SOLERA_PIN_CONFIG={}", self.session.seen("configuration.toml"));
        let program = self.session.seen("solera-pin");
        let now = format!("SOLERA_PIN_NOW={NOW}");
        let buildah = self.buildah();
        let mut all = vec!["env", &chdir, &configuration, &now];
        all.extend(buildah.iter().map(String::as_str));
        all.push(&program);
        all.extend(words);
        self.session.run(all)
    }

    /// Runs solera-pin in a network of its own, where the folder `copy` is served as a registry, and the packages; nothing
    /// else answers there.
    pub(crate) fn apart(&self, words: &[&str]) -> Output {
        let script = "set -e; cd \"$1\"; shift
            busybox ip link set lo up
            busybox httpd -f -p 127.0.0.1:8081 -h served & servers=$!
            busybox httpd -f -p 127.0.0.2:8082 -h served/live & servers=\"$servers $!\"
            ./solera-pin mirror serve copy --listen 127.0.0.1:5055 & mirror=$!
            until busybox wget -q -O /dev/null http://127.0.0.1:5055/v2/; do kill -0 $mirror; done
            until busybox wget -q -O /dev/null http://127.0.0.1:8081/up; do :; done
            dockerd --host unix:///run/apart.sock --data-root /var/lib/engine/apart --exec-root /run/apart \\
                --pidfile /run/apart.pid --config-file /exchange/engine.json \\
                --registry-mirror http://127.0.0.1:5055 2>/run/apart.log & engine=$!
            until docker -H unix:///run/apart.sock version >/dev/null 2>&1; do kill -0 $engine || { cat /run/apart.log >&2; exit 9; }; done
            export DOCKER_HOST=unix:///run/apart.sock
            cd repository; ended=0; \"$@\" || ended=$?; kill $servers $mirror $engine; wait $engine; exit $ended";
        let folder = self.session.seen("");
        let registries = "[[registry]]\nlocation = \"docker.io\"\n[[registry.mirror]]\nlocation = \"127.0.0.1:5055\"\ninsecure = true\n";
        fs::write(self.session.folder().join("apart.conf"), registries).unwrap();
        let configuration = "[registries.\"docker.io\"]\nmirror = \"http://127.0.0.1:5055\"\n";
        fs::write(self.session.folder().join("apart.toml"), configuration).unwrap();
        let mut variables = self.buildah().to_vec();
        variables.retain(|variable| !variable.starts_with("CONTAINERS_REGISTRIES_CONF"));
        variables.push(format!("CONTAINERS_REGISTRIES_CONF={}", self.session.seen("apart.conf")));
        variables.push(format!("SOLERA_PIN_CONFIG={}", self.session.seen("apart.toml")));
        variables.push(format!("SOLERA_PIN_NOW={NOW}"));
        variables.push("SOLERA_PIN_CACHE=off".into());
        let mut all = vec!["unshare", "--net", "sh", "-c", script, "sh", &folder, "env"];
        all.extend(variables.iter().map(String::as_str));
        let program = self.session.seen("solera-pin");
        all.push(&program);
        all.extend(words);
        self.session.run(all)
    }

    /// What buildah wants to be told where it has no rights and no disk of its own: where it stores, and whom it asks.
    fn buildah(&self) -> [String; 6] {
        let file = |name: &str, text: &str| {
            fs::write(self.session.folder().join(name), text).unwrap();
            self.session.seen(name)
        };
        let storage = "[storage]\ndriver = \"vfs\"\ngraphroot = \"/var/lib/engine/buildah\"\nrunroot = \"/run/buildah\"\n";
        let registries = "[[registry]]\nlocation = \"docker.io\"\n[[registry.mirror]]\nlocation = \"127.0.0.1:5000\"\n\
                          insecure = true\n[[registry]]\nlocation = \"127.0.0.1:5000\"\ninsecure = true\n";
        [
            format!("CONTAINERS_STORAGE_CONF={}", file("storage.conf", storage)),
            format!("CONTAINERS_REGISTRIES_CONF={}", file("registries.conf", registries)),
            // More open files than this machine may have are its default.
            format!(
                "CONTAINERS_CONF={}",
                file(
                    "containers.conf",
                    "[containers]\ndefault_ulimits = [\"nofile=1024:1024\", \"nproc=1024:1024\"]\n"
                )
            ),
            "BUILDAH_ISOLATION=chroot".into(),
            "STORAGE_DRIVER=vfs".into(),
            "TMPDIR=/var/lib/engine".into(),
        ]
    }
}
