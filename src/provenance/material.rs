//! One material: what a builder says that it got, and from where.

use std::collections::BTreeMap;

use super::purl::{self, Purl};
use crate::model::{CommitId, Digest, Platform, Repository, Tag, same_git};

/// One thing from outside that went into a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    uri: String,
    /// What it is.
    pub source: Source,
}

/// What a material is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// From an image repository.
    Image(ImageUse),
    /// An image that lay in a folder, under a name that means nothing elsewhere.
    Layout(Digest),
    /// From a git repository.
    Git(GitUse),
    /// A file from a server: its URL in full, and its content.
    Http(String, Digest),
    /// It is not understood, for this reason.
    Unknown(String),
}

/// What was used of an image repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageUse {
    /// The repository, in its canonical form.
    pub repository: Repository,
    /// The tag that was asked for.
    pub tag: Option<Tag>,
    /// Of the index, or of the manifest where that was asked for.
    pub digest: Digest,
    /// The platform that was taken of it.
    pub platform: Option<Platform>,
}

/// What was used of a git repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitUse {
    /// The repository without what spellings of it differ by.
    pub repository: String,
    /// The commit; what a tag names, where that was asked for.
    pub commit: CommitId,
}

impl Material {
    /// What `uri` is, with these digests by algorithm.
    pub fn new(uri: String, digests: &BTreeMap<String, String>) -> Self {
        let source = read(&uri, digests).unwrap_or_else(Source::Unknown);
        Self { uri, source }
    }

    /// The identifier as it is written, which may hold a login.
    pub(crate) fn uri(&self) -> &str {
        &self.uri
    }

    /// The identifier as people may see it: without a login, and without what was asked of a server.
    pub fn shown(&self) -> String {
        if self.uri.starts_with("pkg:") {
            return self.uri.clone();
        }
        let url = without_login(&self.uri);
        match url.split_once('?') {
            Some((place, _)) => format!("{place}?…"),
            None => url,
        }
    }
}

fn read(uri: &str, digests: &BTreeMap<String, String>) -> Result<Source, String> {
    if uri.starts_with("pkg:") {
        return image(&purl::parse(uri)?, digests);
    }
    let (url, fragment) = uri.split_once('#').unwrap_or((uri, ""));
    let is_web = ["https://", "http://"].iter().any(|scheme| url.starts_with(scheme));
    let is_repository = !is_web || (url.ends_with(".git") && !fragment.is_empty());
    match (digests.get("sha1"), digests.get("sha256"), digests.len()) {
        (Some(commit), None, 1) => git(url, fragment, commit),
        (None, Some(commit), 1) if is_repository => git(url, fragment, commit),
        (None, Some(hex), 1) => {
            let url = url::Url::parse(uri).map_err(|error| format!("it is not a URL: {error}"))?;
            Ok(Source::Http(url.into(), digest("sha256", hex)?))
        }
        (_, _, 0) => Err("it has no digest".into()),
        _ => Err(format!("it is of a kind that is not known here, with {}", names(digests))),
    }
}

fn names(digests: &BTreeMap<String, String>) -> String {
    digests.keys().map(String::as_str).collect::<Vec<_>>().join(" and ")
}

fn digest(algorithm: &str, hex: &str) -> Result<Digest, String> {
    format!("{algorithm}:{hex}").parse().map_err(|error: crate::model::DigestError| error.to_string())
}

/// `URL#REF:FOLDER`, with what the reference named.
fn git(url: &str, fragment: &str, commit: &str) -> Result<Source, String> {
    let commit: CommitId = commit.parse().map_err(|error| format!("its commit is none: {error}"))?;
    let reference = fragment.split(':').next().unwrap_or_default();
    let asked = reference.parse::<CommitId>().ok();
    if asked.is_some_and(|asked| asked != commit) {
        return Err(format!("it names another commit than {commit}, which is its digest"));
    }
    let scheme = url.split_once("://").map(|(scheme, _)| scheme);
    let is_known = match scheme {
        Some(scheme) => ["https", "http", "git", "ssh"].contains(&scheme),
        None => url.contains('@') && url.contains(':'),
    };
    match is_known {
        true => Ok(Source::Git(GitUse { repository: same_git(&without_login(url)), commit })),
        false => Err("its digest is a commit, and it is no git repository that a builder reaches".into()),
    }
}

/// A URL without a user and a password.
fn without_login(url: &str) -> String {
    let Some((scheme, rest)) = url.split_once("://") else { return url.to_owned() };
    let (authority, path) = rest.split_at(rest.find(['/', '?', '#']).unwrap_or(rest.len()));
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}{path}")
}

fn image(purl: &Purl, digests: &BTreeMap<String, String>) -> Result<Source, String> {
    let unknown: Vec<&str> = purl
        .qualifiers
        .keys()
        .map(String::as_str)
        .filter(|key| !["digest", "platform"].contains(key))
        .collect();
    if !unknown.is_empty() {
        return Err(format!("it says `{}` of itself, which is not known here", unknown.join(", ")));
    }
    let digest = the_digest(purl, digests)?;
    if purl.kind == "oci" {
        return Ok(Source::Layout(digest));
    }
    if purl.kind != "docker" {
        return Err(format!("it is a package of the kind `{}`, no image", purl.kind));
    }
    let repository = purl.name.parse().map_err(|error: crate::model::RepositoryError| error.to_string())?;
    let tag = match purl.version.as_deref().filter(|version| version.parse::<Digest>().is_err()) {
        Some(tag) => Some(tag.parse().map_err(|error: crate::model::TagError| error.to_string())?),
        None => None,
    };
    let platform = purl.qualifiers.get("platform").map(|text| text.parse());
    let platform = platform.transpose().map_err(|error: crate::model::PlatformError| error.to_string())?;
    Ok(Source::Image(ImageUse { repository, tag, digest, platform }))
}

/// The digest that all who state one agree on.
fn the_digest(purl: &Purl, digests: &BTreeMap<String, String>) -> Result<Digest, String> {
    let said = digests.iter().map(|(algorithm, hex)| digest(algorithm, hex));
    let asked = purl.qualifiers.get("digest").map(|text| text.parse::<Digest>().map_err(|e| e.to_string()));
    let version = purl.version.as_ref().and_then(|version| version.parse::<Digest>().ok()).map(Ok);
    let mut all: Vec<Digest> = said.chain(asked).chain(version).collect::<Result<_, String>>()?;
    all.sort();
    all.dedup();
    match <[Digest; 1]>::try_from(all) {
        Ok([one]) => Ok(one),
        Err(all) if all.is_empty() => Err("it has no digest".into()),
        Err(_) => Err("it has several digests that are not the same".into()),
    }
}
