//! What an honest server has: images, and a git repository. It keeps all that it ever published.

use std::collections::{BTreeMap, HashMap};

use serde_json::{Value, json};
use solera_pin::model::Digest;

use super::reply::Reply;
use super::wire::Heard;

pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
const CONFIG: &str = "application/vnd.oci.image.config.v1+json";

/// The platforms that pins of these tests declare.
pub const PLATFORMS: [&str; 2] = ["linux/amd64", "linux/arm64"];

/// What a request asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum On {
    /// A page of a tag list.
    List,
    /// The headers of what a tag names.
    Head,
    /// What a tag names.
    Manifest,
    /// What a digest names.
    Digest,
    Blob,
    Token,
    /// A git server's first message.
    Refs,
    /// Its answer to a request.
    Command,
    Other,
}

impl On {
    pub fn of(heard: &Heard) -> Self {
        let path = heard.path.as_str();
        match path.rsplit_once('/') {
            _ if path == "/token" => Self::Token,
            _ if path.ends_with("/tags/list") => Self::List,
            _ if path.ends_with("/info/refs") => Self::Refs,
            _ if path.ends_with("/git-upload-pack") => Self::Command,
            Some((before, _)) if before.ends_with("/blobs") => Self::Blob,
            Some((before, last)) if before.ends_with("/manifests") => match last.contains(':') {
                true => Self::Digest,
                false if heard.method == "HEAD" => Self::Head,
                false => Self::Manifest,
            },
            _ => Self::Other,
        }
    }
}

/// One image repository, `app`.
#[derive(Clone, Debug, Default)]
pub struct Images {
    named: BTreeMap<String, Digest>,
    manifests: HashMap<String, (&'static str, Vec<u8>)>,
    blobs: HashMap<String, Vec<u8>>,
    /// Every tag with all that it ever named.
    pub ever: Vec<(String, Digest)>,
}

impl Images {
    /// Makes `tag` name a build of an image. The same build has the same bytes.
    pub fn publish(&mut self, tag: &str, build: &str) -> Digest {
        let entries = PLATFORMS.map(|platform| self.image(platform, build));
        let index = json!({"schemaVersion": 2, "mediaType": INDEX, "manifests": entries});
        self.publish_bytes(tag, INDEX, index.to_string().into_bytes())
    }

    /// The same of exact bytes.
    pub fn publish_bytes(&mut self, tag: &str, media_type: &'static str, bytes: Vec<u8>) -> Digest {
        let digest = self.keep(media_type, bytes);
        self.named.insert(tag.into(), digest.clone());
        self.ever.push((tag.into(), digest.clone()));
        digest
    }

    fn keep(&mut self, media_type: &'static str, bytes: Vec<u8>) -> Digest {
        let digest = Digest::sha256(&bytes);
        self.manifests.insert(digest.to_string(), (media_type, bytes));
        digest
    }

    /// An index's entry of an image of one platform, which is kept.
    fn image(&mut self, platform: &str, build: &str) -> Value {
        let (os, architecture) = platform.split_once('/').unwrap();
        let (manifest, _) = self.single(platform, build);
        let size = manifest.len();
        let digest = self.keep(MANIFEST, manifest);
        let platform = json!({"os": os, "architecture": architecture});
        json!({"mediaType": MANIFEST, "digest": digest, "size": size, "platform": platform})
    }

    /// The manifest of an image of one platform, and its configuration's digest.
    pub fn single(&mut self, platform: &str, build: &str) -> (Vec<u8>, Digest) {
        let (os, architecture) = platform.split_once('/').unwrap();
        let config = json!({"os": os, "architecture": architecture, "config": {"Labels": {"build": build}},
            "rootfs": {"type": "layers", "diff_ids": []}});
        let config = config.to_string().into_bytes();
        let (size, digest) = (config.len(), Digest::sha256(&config));
        self.blobs.insert(digest.to_string(), config);
        let manifest = json!({"schemaVersion": 2, "mediaType": MANIFEST, "layers": [],
            "config": {"mediaType": CONFIG, "digest": digest, "size": size}});
        (manifest.to_string().into_bytes(), digest)
    }

    pub fn digest(&self, tag: &str) -> &Digest {
        &self.named[tag]
    }

    pub fn newest(&self) -> &str {
        let number = |tag: &&String| tag.rsplit('.').next().and_then(|n| n.parse::<u64>().ok());
        self.named.keys().max_by_key(number).map_or("", String::as_str)
    }

    /// The honest answer.
    pub fn answer(&self, heard: &Heard) -> Reply {
        let last = heard.path.rsplit('/').next().unwrap_or_default();
        let found = match On::of(heard) {
            On::List => {
                let tags: Vec<&String> = self.named.keys().collect();
                let page = json!({"name": "app", "tags": tags}).to_string();
                Some(Reply::new(200, page).and("Content-Type", "application/json"))
            }
            On::Head | On::Manifest | On::Digest => self.manifest(last),
            On::Blob => self
                .blobs
                .get(last)
                .map(|bytes| Reply::new(200, bytes.clone()).and("Content-Type", "application/octet-stream")),
            _ => None,
        };
        let reply = found.unwrap_or_else(|| Reply::new(404, r#"{"errors": [{"code": "MANIFEST_UNKNOWN"}]}"#));
        Reply { bodiless: heard.method == "HEAD", ..reply }
    }

    fn manifest(&self, reference: &str) -> Option<Reply> {
        let digest = self.named.get(reference).map_or(reference.to_owned(), ToString::to_string);
        let (media_type, bytes) = self.manifests.get(&digest)?;
        let reply = Reply::new(200, bytes.clone()).and("Content-Type", *media_type);
        Some(reply.and("Docker-Content-Digest", digest))
    }

    /// The lock's table of a pin of `HOST/app` at a tag.
    pub fn locked(&self, pin: &str, host: &str, tag: &str) -> String {
        self.locked_at(pin, host, tag, self.digest(tag))
    }

    /// The same at something that the tag named.
    pub fn locked_at(&self, pin: &str, host: &str, tag: &str, digest: &Digest) -> String {
        let (media_type, bytes) = &self.manifests[&digest.to_string()];
        let mut table = format!(
            "[pin.{pin}]\nimage = \"{host}/app\"\ntag = \"{tag}\"\ndigest = \"{digest}\"\nmedia-type = \"{media_type}\"\n"
        );
        let index: Value = serde_json::from_slice(bytes).unwrap();
        for (platform, entry) in PLATFORMS.iter().zip(index["manifests"].as_array().unwrap()) {
            table += &format!("platforms.\"{platform}\" = {}\n", entry["digest"]);
        }
        table
    }
}

/// The object ids that the tags of a git repository name.
pub const COMMITS: [(&str, &str); 2] = [
    ("v1.0", "1111111111111111111111111111111111111111"),
    ("v1.1", "2222222222222222222222222222222222222222"),
];

/// A packet of git's protocol.
pub fn packet(text: &str) -> String {
    format!("{:04x}{text}", text.len() + 4)
}

/// What a git server that speaks protocol 2 says first.
pub fn git_capabilities() -> String {
    let lines = ["version 2\n", "agent=git/2\n", "ls-refs\n", "fetch\n", "object-format=sha1\n"];
    let preamble = format!("{}0000", packet("# service=git-upload-pack\n"));
    preamble + &lines.map(packet).concat() + "0000"
}

/// And its answer to `ls-refs`.
pub fn git_references(named: &[(&str, &str)]) -> String {
    let line = |(tag, id): &(&str, &str)| packet(&format!("{id} refs/tags/{tag}\n"));
    named.iter().map(line).collect::<String>() + "0000"
}

/// The honest answer of a git server.
pub fn git_answer(heard: &Heard) -> Reply {
    match On::of(heard) {
        On::Refs => Reply::new(200, git_capabilities())
            .and("Content-Type", "application/x-git-upload-pack-advertisement"),
        On::Command => Reply::new(200, git_references(&COMMITS))
            .and("Content-Type", "application/x-git-upload-pack-result"),
        _ => Reply::of(404),
    }
}
