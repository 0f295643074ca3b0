//! An archive of Debian's form: states of its suites, each there since a time, signed.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::State;
use axum::http::{StatusCode, Uri};
use axum::response::IntoResponse;
use jiff::Timestamp;
use pgp::composed::{ArmorOptions, CleartextSignedMessage, Deserializable as _, SignedSecretKey};
use pgp::crypto::hash::HashAlgorithm;
use pgp::packet::{SignatureConfig, SignatureType, Subpacket, SubpacketData};
use pgp::types::{KeyDetails as _, Password};
use solera_pin::model::{ArchiveTime, Digest};

use crate::support::serve::Server;

pub(crate) const ARCHITECTURES: [&str; 2] = ["amd64", "arm64"];

/// A package: name, version, and further fields.
pub(crate) type Package<'a> = (&'a str, &'a str, &'a str);

/// One state of a suite.
#[derive(Clone)]
pub(crate) struct Published<'a> {
    pub(crate) suite: &'a str,
    /// What it calls itself.
    pub(crate) called: &'a str,
    /// Its `Date`, and when it was signed.
    pub(crate) date: &'a str,
    pub(crate) packages: Vec<Package<'a>>,
    pub(crate) key: &'a str,
    pub(crate) digest: HashAlgorithm,
    pub(crate) more: &'a str,
    pub(crate) by_hash: bool,
}

impl<'a> Published<'a> {
    pub(crate) fn new(suite: &'a str, date: &'a str, packages: &[Package<'a>]) -> Self {
        Self {
            suite,
            called: suite,
            date,
            packages: packages.to_vec(),
            key: "good",
            digest: HashAlgorithm::Sha512,
            more: "",
            by_hash: true,
        }
    }
}

/// What is served: by archive and path, each content since a time.
#[derive(Default)]
pub(crate) struct Contents {
    files: BTreeMap<String, BTreeMap<String, Vec<u8>>>,
    /// Times that are no longer there.
    pub(crate) gone: Vec<String>,
    pub(crate) asked: Vec<String>,
}

pub(crate) struct Archive {
    pub(crate) contents: Arc<Mutex<Contents>>,
    pub(crate) server: Server,
}

impl Archive {
    pub(crate) fn start() -> Self {
        let contents = Arc::new(Mutex::new(Contents::default()));
        let router = Router::new().fallback(serve).with_state(Arc::clone(&contents));
        Self { contents, server: Server::start(router) }
    }

    pub(crate) fn publish(&self, published: &Published<'_>) {
        self.publish_as(published, published.date);
    }

    /// The same, there since another time than it says itself.
    pub(crate) fn publish_as(&self, published: &Published<'_>, since: &str) {
        let archive = if published.suite.ends_with("-security") { "debian-security" } else { "debian" };
        let folder = format!("{archive}/dists/{}", published.suite);
        let since = ArchiveTime::from(since.parse::<Timestamp>().unwrap()).to_string();
        let put = |path: String, content: Vec<u8>| {
            let mut contents = self.contents.lock().unwrap();
            contents.files.entry(format!("{folder}/{path}")).or_default().insert(since.clone(), content);
        };
        let mut listed = String::new();
        for (package, architecture) in
            published.packages.iter().flat_map(|one| ARCHITECTURES.map(|of| (one, of)))
        {
            let (path, content) = deb(*package, architecture);
            let mut contents = self.contents.lock().unwrap();
            contents
                .files
                .entry(format!("{archive}/{path}"))
                .or_default()
                .insert(since.clone(), content.into());
        }
        for architecture in ARCHITECTURES {
            let text: String =
                published.packages.iter().map(|package| stanza(*package, architecture)).collect();
            let below = format!("main/binary-{architecture}");
            for (suffix, content) in [("", text.clone().into_bytes()), (".xz", xz(text.as_bytes()))] {
                let digest = Digest::sha256(&content);
                listed.push_str(&format!(" {} {} {below}/Packages{suffix}\n", digest.hex(), content.len()));
                if published.by_hash {
                    put(format!("{below}/by-hash/SHA256/{}", digest.hex()), content.clone());
                }
                // As archives do, the plain form is only listed.
                if suffix == ".xz" {
                    put(format!("{below}/Packages{suffix}"), content);
                }
            }
        }
        let at: Timestamp = published.date.parse().unwrap();
        let text = format!(
            "Origin: made up\nSuite: {}\nCodename: {}\nDate: {}\n{}{}Architectures: {}\nComponents: main\nSHA256:\n{listed}",
            published.called,
            published.called,
            at.strftime("%a, %d %b %Y %H:%M:%S UTC"),
            if published.by_hash { "Acquire-By-Hash: yes\n" } else { "" },
            published.more,
            ARCHITECTURES.join(" "),
        );
        put("InRelease".into(), signed(&text, at, published.key, published.digest).into_bytes());
    }

    /// Changes what is served for all paths with this end.
    pub(crate) fn alter(&self, end: &str, change: impl Fn(&mut Vec<u8>)) {
        let mut contents = self.contents.lock().unwrap();
        let files = contents.files.iter_mut().filter(|(path, _)| path.contains(end));
        let mut changed = 0;
        for content in files.flat_map(|(_, states)| states.values_mut()) {
            change(content);
            changed += 1;
        }
        assert!(changed > 0, "nothing is served at {end}");
    }

    pub(crate) fn forget(&self, part: &str) {
        self.contents.lock().unwrap().files.retain(|path, _| !path.contains(part));
    }

    /// What was asked since this was asked last.
    pub(crate) fn asked(&self) -> Vec<String> {
        std::mem::take(&mut self.contents.lock().unwrap().asked)
    }
}

/// `/snapshot/ARCHIVE/TIME/PATH` is the state at that time, `/mirror/ARCHIVE/PATH` the newest.
async fn serve(State(contents): State<Arc<Mutex<Contents>>>, uri: Uri) -> impl IntoResponse {
    let mut contents = contents.lock().unwrap();
    contents.asked.push(uri.path().to_owned());
    let parts: Vec<&str> = uri.path().trim_start_matches('/').splitn(4, '/').collect();
    let (archive, time, path) = match parts.as_slice() {
        ["snapshot", archive, time, path] => (*archive, *time, (*path).to_owned()),
        ["mirror", archive, first, rest] => (*archive, "9", format!("{first}/{rest}")),
        _ => return (StatusCode::NOT_FOUND, Vec::new()),
    };
    let states = contents.files.get(&format!("{archive}/{path}"));
    let found = states.and_then(|states| states.range(..=time.to_owned()).next_back());
    match found.filter(|_| !contents.gone.iter().any(|gone| gone == time)) {
        Some((_, content)) => (StatusCode::OK, content.clone()),
        None => (StatusCode::NOT_FOUND, Vec::new()),
    }
}

/// A package's file: where it is, and what it holds.
fn deb((name, version, _): Package<'_>, architecture: &str) -> (String, String) {
    (format!("pool/{name}_{version}_{architecture}.deb"), format!("{name} {version} {architecture}"))
}

fn stanza((name, version, more): Package<'_>, architecture: &str) -> String {
    let (path, content) = deb((name, version, more), architecture);
    let more = if more.is_empty() { String::new() } else { format!("{more}\n") };
    format!(
        "Package: {name}\nVersion: {version}\nArchitecture: {architecture}\n{more}Filename: {path}\nSize: {}\n\
         SHA256: {}\n\n",
        content.len(),
        Digest::sha256(content.as_bytes()).hex()
    )
}

pub(crate) fn xz(content: &[u8]) -> Vec<u8> {
    let mut encoder = liblzma::write::XzEncoder::new(Vec::new(), 1);
    encoder.write_all(content).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn key_file(name: &str) -> Vec<u8> {
    std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/openpgp").join(name)).unwrap()
}

pub(crate) fn signed(text: &str, at: Timestamp, key: &str, digest: HashAlgorithm) -> String {
    let key = SignedSecretKey::from_bytes(key_file(&format!("{key}.key")).as_slice()).unwrap();
    let primary = &key.primary_key;
    let at = pgp::types::Timestamp::from_secs(u32::try_from(at.as_second()).unwrap());
    let mut config = SignatureConfig::v4(SignatureType::Text, primary.algorithm(), digest);
    config.hashed_subpackets = vec![
        Subpacket::regular(SubpacketData::SignatureCreationTime(at)).unwrap(),
        Subpacket::regular(SubpacketData::IssuerFingerprint(primary.fingerprint())).unwrap(),
    ];
    let message = CleartextSignedMessage::new(text, config, primary, &Password::empty()).unwrap();
    message.to_armored_string(ArmorOptions::default()).unwrap()
}
