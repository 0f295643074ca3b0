//! A suite's `InRelease`: fetched, verified, and the one that was asked for.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::Timestamp;
use url::Url;

use super::DebianSource;
use crate::debian::{Form, Listed, Priority, Release};
use crate::model::{Architecture, Component, Digest, InRelease, Suite, harmless};
use crate::net::{Asked, Kind, Place, Request};
use crate::openpgp::{Keyring, SignatureError};
use crate::source::SourceError;

/// The file as it is served.
pub(super) struct InReleaseFile {
    pub(super) digest: Digest,
    pub(super) bytes: Vec<u8>,
}

/// A suite whose signature was verified.
#[derive(Clone, Debug)]
pub(super) struct Verified {
    pub(super) base: String,
    pub(super) suite: Suite,
    pub(super) in_release: InRelease,
    pub(super) release: Arc<Release>,
    /// Of the file or of its signature, whichever ends first.
    pub(super) valid_until: Option<Timestamp>,
}

/// A list that a suite has.
#[derive(Clone, Debug)]
pub(super) struct ListFile {
    /// Below the suite's folder, without what its form adds.
    pub(super) path: String,
    pub(super) form: Form,
    pub(super) stored: Listed,
    /// The length of what is stored in it, where the suite says it.
    pub(super) length: Option<u64>,
}

impl DebianSource {
    pub(super) async fn in_release(
        &self,
        base: &str,
        suite: &Suite,
    ) -> Result<Arc<InReleaseFile>, SourceError> {
        let url = format!("{base}/dists/{suite}/InRelease");
        let asked = || format!("read {suite} of {base}");
        let fetch = async {
            let request = self.request(Asked::Suite, &url, &asked())?;
            let response =
                self.client.send(&request).await.map_err(|error| SourceError::net(asked(), &error))?;
            let place = Place::of(response.url());
            match response.status() {
                200 => {
                    let bytes = response.into_body();
                    Ok(Arc::new(InReleaseFile { digest: Digest::sha256(&bytes), bytes }))
                }
                404 => Err(SourceError::new(
                    Kind::NotFound,
                    asked(),
                    format!("{place} answered 404: there is no such suite or state"),
                )
                .hinted("see whether the suite is called so, and whether the archive has this state of it")),
                status => {
                    Err(SourceError::new(Kind::Protocol, asked(), format!("{place} answered {status}")))
                }
            }
        };
        self.memory.releases.get(url.clone(), fetch).await
    }

    /// A request for what is verified by a signature.
    pub(super) fn request(&self, kind: Asked, url: &str, asked: &str) -> Result<Request, SourceError> {
        let wrong = |why| SourceError::new(Kind::Configuration, asked, why);
        Ok(Request::get(kind, self.place(url).map_err(wrong)?).signed())
    }

    /// Where a URL is asked: at the mirror that is declared for it, or as it is.
    pub fn place(&self, url: &str) -> Result<Url, String> {
        let url = Url::parse(url).map_err(|error| format!("`{url}` is not a URL: {error}"))?;
        Ok(self.client.place_of(&url))
    }
}

/// Checks who signed a suite, and that it is the one that was asked for.
pub(super) fn verify(
    file: &InReleaseFile,
    base: String,
    suite: Suite,
    keys: &Keyring,
    now: Timestamp,
) -> Result<Verified, SourceError> {
    let asked = format!("verify {suite} of {base}");
    let alarm = |why: String| SourceError::new(Kind::Integrity, asked.clone(), why);
    let signed = keys.verify_inline(&file.bytes, now).map_err(|error| {
        let failed = alarm(format!("its InRelease is not to be trusted: {error}"));
        match remedy(&error) {
            Some(hint) => failed.hinted(hint),
            None => failed,
        }
    })?;
    let release = Release::parse(&signed.text)
        .map_err(|error| SourceError::new(Kind::Protocol, asked.clone(), error.to_string()))?;
    if !release.is_called(suite.as_str()) {
        return Err(alarm(format!("it is another suite that is signed: {}", release.names())));
    }
    let signed = signed.signed;
    if let Some(until) = release.valid_until.filter(|until| *until < signed.made) {
        return Err(alarm(format!("it was signed on {}, after it had run out on {until}", signed.made)));
    }
    let valid_until = [release.valid_until, signed.until].into_iter().flatten().min();
    let in_release = InRelease {
        digest: file.digest.clone(),
        date: release.date,
        signed_by: signed.signers.into_iter().collect(),
    };
    Ok(Verified { base, suite, in_release, release: Arc::new(release), valid_until })
}

/// What to do about a signature that does not count.
fn remedy(error: &SignatureError) -> Option<&'static str> {
    match error {
        SignatureError::Unknown(_) => Some(
            "if the archive has a new key, get it from a source that you trust and put it into the keyring that \
             `signed-by` names; else do not use this mirror",
        ),
        SignatureError::Future { .. } => Some("see whether the clock of this machine is right"),
        SignatureError::Expired { .. } => Some(
            "if the key's owner has prolonged it, put its newest form into the keyring that `signed-by` names",
        ),
        SignatureError::Revoked { .. } | SignatureError::Weak { .. } | SignatureError::Unfit { .. } => None,
        SignatureError::Missing | SignatureError::Malformed(_) | SignatureError::Altered(_) => {
            Some("do not use this mirror; tell those who run it")
        }
    }
}

impl Verified {
    pub(super) fn priority(&self) -> Priority {
        Priority::of(&self.release)
    }

    /// The digests of all lists that count, by their paths.
    pub(super) fn lists(
        &self,
        components: &BTreeSet<Component>,
        architectures: &BTreeSet<Architecture>,
    ) -> Result<Vec<(String, Digest)>, SourceError> {
        let mut lists = Vec::new();
        for architecture in architectures {
            let files = self.files(components, architecture)?;
            lists.extend(files.into_iter().map(|file| (file.path, file.stored.digest)));
        }
        lists.sort();
        lists.dedup();
        Ok(lists)
    }

    /// The lists with packages that can be installed on an architecture.
    pub(super) fn files(
        &self,
        components: &BTreeSet<Component>,
        architecture: &Architecture,
    ) -> Result<Vec<ListFile>, SourceError> {
        let release = &self.release;
        let has = |name: &str| release.architectures.iter().any(|own| own == name);
        if !has(architecture.as_str()) {
            let has = harmless(&release.architectures.join(", "));
            return Err(self.lacks(format!("it has nothing for {architecture}, only for {has}")));
        }
        // Where packages for all architectures are in no other list, they have one of their own.
        let all = (has("all") && !release.all_in_each).then_some("all");
        let mut files = Vec::new();
        for component in components {
            if !release.has_component(component.as_str()) {
                let has = harmless(&release.components.join(", "));
                return Err(self.lacks(format!("it has no component {component}, only {has}")));
            }
            let path = |of: &str| format!("{component}/binary-{of}/Packages");
            let own = self.file(path(architecture.as_str()));
            files.push(own.ok_or_else(|| {
                self.lacks(format!("it lists no {} that can be read", path(architecture.as_str())))
            })?);
            files.extend(all.and_then(|all| self.file(path(all))));
        }
        Ok(files)
    }

    fn file(&self, path: String) -> Option<ListFile> {
        let length = self.release.file(&path).map(|plain| plain.size);
        let stored = |form: &Form| {
            let stored = self.release.file(&format!("{path}{}", form.suffix()))?;
            Some((*form, stored.clone()))
        };
        let (form, stored) = Form::ALL.iter().find_map(stored)?;
        Some(ListFile { path, form, stored, length })
    }

    fn lacks(&self, why: String) -> SourceError {
        let asked = format!("read {} of {}", self.suite, self.base);
        SourceError::new(Kind::Protocol, asked, why)
            .hinted("correct the `architectures` or the `components` of the pin")
    }
}
