//! States of a Debian archive with real packages, as files below `archive/ARCHIVE/TIME/`, and a live mirror below `live/`
//! that has the packages alone.

use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use jiff::Timestamp;
use solera_pin::model::Digest;

use crate::recorded::debian;

/// A package's file.
pub(crate) struct Deb {
    /// The name of the package.
    pub(crate) name: String,
    pub(crate) version: String,
    content: Vec<u8>,
    control: String,
    /// Below the archive's address.
    pub(crate) path: String,
}

impl Deb {
    /// Reads all in a folder, in the order of their names.
    pub(crate) fn all(folder: &Path) -> Vec<Self> {
        let mut files: Vec<PathBuf> =
            fs::read_dir(folder).unwrap().map(|file| file.unwrap().path()).collect();
        files.retain(|file| file.extension().is_some_and(|extension| extension == "deb"));
        files.sort();
        files.iter().map(|file| Self::read(file)).collect()
    }

    fn read(file: &Path) -> Self {
        let said = Command::new("dpkg-deb").arg("--field").arg(file).output().unwrap();
        assert!(said.status.success(), "{}", file.display());
        let control = String::from_utf8(said.stdout).unwrap();
        let field = |name: &str| {
            let line = control.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": ")).unwrap();
            line.to_owned()
        };
        let (name, version) = (field("Package"), field("Version"));
        let short = version.split_once(':').map_or(version.as_str(), |(_, version)| version);
        let path = format!("pool/main/{name}/{name}_{short}_{}.deb", field("Architecture"));
        let control = control.trim_end().to_owned();
        Self { name, version, content: fs::read(file).unwrap(), control, path }
    }

    /// What the lock says of it.
    pub(crate) fn locked(&self) -> String {
        let (size, digest) = (self.content.len(), Digest::sha256(&self.content));
        format!("{{ version = \"{}\", sha256 = \"{}\", size = {size} }}", self.version, digest.hex())
    }

    fn stanza(&self) -> String {
        let (size, digest) = (self.content.len(), Digest::sha256(&self.content));
        format!("{}\nFilename: {}\nSize: {size}\nSHA256: {}\n\n", self.control, self.path, digest.hex())
    }
}

/// What is published of one suite.
pub(crate) struct State<'a> {
    pub(crate) archive: &'a str,
    /// As in an address: `20260820T000000Z`.
    pub(crate) time: &'a str,
    pub(crate) suite: &'a str,
    pub(crate) debs: Vec<&'a Deb>,
    /// When it was published.
    pub(crate) date: Timestamp,
}

impl State<'_> {
    /// Writes it.
    pub(crate) fn publish(&self, root: &Path) {
        let base = root.join("archive").join(self.archive).join(self.time);
        for deb in &self.debs {
            put(&base.join(&deb.path), &deb.content);
        }
        let architecture = architecture();
        let packages: String = self.debs.iter().map(|deb| deb.stanza()).collect();
        let dists = base.join("dists").join(self.suite);
        let folder = format!("main/binary-{architecture}");
        let mut list = String::new();
        for (name, content) in
            [("Packages", packages.clone().into_bytes()), ("Packages.xz", xz(packages.as_bytes()))]
        {
            let digest = Digest::sha256(&content);
            writeln!(list, " {} {} {folder}/{name}", digest.hex(), content.len()).unwrap();
            put(&dists.join(&folder).join("by-hash/SHA256").join(digest.hex()), &content);
            put(&dists.join(&folder).join(name), &content);
        }
        let date = self.date.strftime("%a, %d %b %Y %H:%M:%S UTC");
        let release = format!(
            "Origin: Debian\nSuite: {}\nCodename: {}\nDate: {date}\nValid-Until: {date}\nAcquire-By-Hash: yes\nArchitectures: {architecture}\nComponents: main\nSHA256:\n{list}",
            self.suite, self.suite
        );
        let signed = debian::signed_text(&release, self.date).unwrap();
        put(&dists.join("InRelease"), signed.as_bytes());
    }

    /// Puts its packages on the live mirror.
    pub(crate) fn mirror(&self, root: &Path) {
        for deb in &self.debs {
            put(&root.join("live").join(self.archive).join(&deb.path), &deb.content);
        }
    }
}

/// The machine's architecture, as Debian calls it.
pub(crate) fn architecture() -> &'static str {
    match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}

fn xz(content: &[u8]) -> Vec<u8> {
    use std::io::Read as _;
    let mut packed = Vec::new();
    liblzma::read::XzEncoder::new(content, 6).read_to_end(&mut packed).unwrap();
    packed
}

fn put(path: &Path, content: &[u8]) {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, content).unwrap();
}
