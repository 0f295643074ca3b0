//! Debian's own suites, from the mirror that this machine's apt is configured with: what is locked is what apt would take.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use crate::support::checkout::{Checkout, Ended};

/// Packages that every release of Debian has, for every architecture or for all.
const PACKAGES: [&str; 50] = [
    "adduser",
    "bash",
    "bc",
    "bind9-host",
    "bzip2",
    "ca-certificates",
    "coreutils",
    "cpio",
    "cron",
    "curl",
    "dash",
    "diffutils",
    "file",
    "findutils",
    "gawk",
    "git",
    "gnupg",
    "grep",
    "gzip",
    "hostname",
    "iproute2",
    "jq",
    "less",
    "libssl-dev",
    "locales",
    "logrotate",
    "lsof",
    "make",
    "mawk",
    "nano",
    "net-tools",
    "nginx",
    "openssh-client",
    "openssl",
    "patch",
    "perl",
    "procps",
    "psmisc",
    "python3",
    "rsync",
    "sed",
    "sqlite3",
    "strace",
    "sudo",
    "tar",
    "tzdata",
    "unzip",
    "util-linux",
    "wget",
    "xz-utils",
];

const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// What a command prints, if it is there and goes well.
fn printed(command: &mut Command) -> Option<String> {
    let output = command.output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then_some(text)
}

/// Where apt gets a release of Debian from, and what the release is called.
struct Configured {
    mirror: String,
    security: String,
    codename: String,
    keyring: String,
}

impl Configured {
    fn read() -> Option<Self> {
        let format = "$(REPO_URI) $(CODENAME) $(COMPONENT) $(ORIGIN)";
        let targets = printed(Command::new("apt-get").args([
            "indextargets",
            "--format",
            format,
            "Created-By: Packages",
        ]))?;
        let of_debian: Vec<Vec<&str>> = targets
            .lines()
            .map(|line| line.split_whitespace().collect::<Vec<_>>())
            .filter(|words| words.get(2..) == Some(&["main", "Debian"]))
            .collect();
        let base = |codename: &str| {
            let found = of_debian.iter().find(|words| words[1] == codename)?;
            Some(found[0].trim_end_matches('/').to_owned())
        };
        let security = of_debian.iter().find_map(|words| words[1].strip_suffix("-security"))?;
        let files = printed(Command::new("dpkg").args(["-L", "debian-archive-keyring"]))?;
        let keyring = files.lines().find(|file| file.ends_with("/debian-archive-keyring.gpg"))?;
        Some(Self {
            mirror: base(security)?,
            security: base(&format!("{security}-security"))?,
            codename: security.to_owned(),
            keyring: keyring.to_owned(),
        })
    }

    fn suites(&self) -> [String; 3] {
        ["", "-updates", "-security"].map(|end| format!("{}{end}", self.codename))
    }
}

/// apt as it is configured here, but for these suites alone, with lists of its own and with nothing installed.
struct Apt<'a> {
    folder: &'a Path,
}

impl Apt<'_> {
    fn new<'a>(folder: &'a Path, configured: &Configured) -> Apt<'a> {
        for name in ["lists/partial", "cache/archives/partial", "empty"] {
            fs::create_dir_all(folder.join(name)).unwrap();
        }
        fs::write(folder.join("status"), "").unwrap();
        let sources: String = configured
            .suites()
            .iter()
            .map(|suite| {
                let base =
                    if suite.ends_with("-security") { &configured.security } else { &configured.mirror };
                let architectures = ARCHITECTURES.join(",");
                let keyring = &configured.keyring;
                format!("deb [arch={architectures} signed-by={keyring}] {base} {suite} main\n")
            })
            .collect();
        fs::write(folder.join("sources.list"), sources).unwrap();
        Apt { folder }
    }

    fn run(&self, program: &str, arguments: &[String]) -> String {
        let at = |name: &str| self.folder.join(name).display().to_string();
        let settings = [
            format!("Dir::State::lists={}", at("lists")),
            format!("Dir::State::status={}", at("status")),
            format!("Dir::Cache={}", at("cache")),
            format!("Dir::Etc::sourcelist={}", at("sources.list")),
            format!("Dir::Etc::sourceparts={}", at("empty")),
            format!("Dir::Etc::preferences={}", at("none")),
            format!("Dir::Etc::preferencesparts={}", at("empty")),
            "Acquire::Languages=none".into(),
            "APT::Sandbox::User=root".into(),
            "APT::Architecture=amd64".into(),
            format!("APT::Architectures={}", ARCHITECTURES.join(",")),
            "APT::Default-Release=".into(),
        ];
        let mut command = Command::new(program);
        command.env("LC_ALL", "C").args(settings.iter().flat_map(|setting| ["-o", setting])).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// For each package and architecture the line that the lock is to have.
    fn expected(&self) -> Vec<String> {
        self.run("apt-get", &["update".into()]);
        let asked =
            ARCHITECTURES.iter().flat_map(|of| PACKAGES.iter().map(move |name| format!("{name}:{of}")));
        let arguments = ["show".to_owned(), "--no-all-versions".to_owned()].into_iter().chain(asked);
        let shown = self.run("apt-cache", &arguments.collect::<Vec<_>>());
        let mut lines = Vec::new();
        for stanza in shown.split("\n\n").filter(|stanza| !stanza.trim().is_empty()) {
            let fields: BTreeMap<&str, &str> =
                stanza.lines().filter_map(|line| line.split_once(": ")).collect();
            let architectures = match fields["Architecture"] {
                "all" => ARCHITECTURES.to_vec(),
                one => vec![one],
            };
            for architecture in architectures {
                lines.push(format!(
                    "packages.{}.{architecture} = {{ version = \"{}\", sha256 = \"{}\", size = {} }}",
                    fields["Package"], fields["Version"], fields["SHA256"], fields["Size"]
                ));
            }
        }
        lines.sort();
        lines.dedup();
        lines
    }
}

/// What apt asks through, if it asks through something.
fn proxy() -> Vec<(String, String)> {
    let of = |key: &str, variable: &str| {
        let value = printed(Command::new("apt-config").args(["shell", "P", key]))?;
        let value = value.trim().strip_prefix("P='")?.strip_suffix('\'')?.to_owned();
        (value != "DIRECT").then(|| (variable.to_owned(), value))
    };
    let own = [of("Acquire::http::Proxy", "HTTP_PROXY"), of("Acquire::https::Proxy", "HTTPS_PROXY")];
    let ours = ["HTTP_PROXY", "HTTPS_PROXY", "http_proxy", "https_proxy", "NO_PROXY", "no_proxy"];
    let ours = ours.iter().filter_map(|name| Some(((*name).to_owned(), std::env::var(name).ok()?)));
    own.into_iter().flatten().chain(ours).collect()
}

#[test]
fn what_is_locked_is_what_apt_would_take() {
    let Some(configured) = Configured::read() else {
        eprintln!("this machine has no apt that is configured for Debian: nothing to compare with");
        return;
    };
    let Some(parent) = configured.mirror.strip_suffix("/debian") else {
        eprintln!(
            "the mirror of this machine's apt does not end in /debian: it has no form that is declared so"
        );
        return;
    };
    assert_eq!(configured.security, format!("{parent}/debian-security"));
    let quoted =
        |words: &[&str]| words.iter().map(|word| format!("\"{word}\"")).collect::<Vec<_>>().join(", ");
    let suites = configured.suites();
    let checkout = Checkout::new(&format!(
        "[pin.debian]\nsuites = [{}]\npackages = [{}]\narchitectures = [{}]\nmirror = \"{}\"\nsigned-by = \"{}\"\n",
        quoted(&suites.each_ref().map(String::as_str)),
        quoted(&PACKAGES),
        quoted(&ARCHITECTURES),
        configured.mirror,
        configured.keyring,
    ));
    let mut command = checkout.command(&["refresh"]);
    let ended = Ended::of(command.env("SOLERA_PIN_CACHE", "cache").envs(proxy()).output().unwrap());
    assert_eq!(ended.code, 0, "{}", ended.said);
    let folder = tempfile::tempdir().unwrap();
    let expected = Apt::new(folder.path(), &configured).expected();
    let lock = checkout.lock().unwrap();
    let mut locked: Vec<&str> = lock.lines().filter(|line| line.starts_with("packages.")).collect();
    locked.sort_unstable();
    assert_eq!(locked.len(), PACKAGES.len() * ARCHITECTURES.len());
    assert_eq!(locked, expected);
    assert_eq!(lock.matches("\ninrelease.").count(), 3, "{lock}");
}
