//! A suite's list of packages: fetched by the digest that the suite signed, hashed, unpacked and read.

use std::sync::Arc;

use super::DebianSource;
use super::release::{ListFile, Verified};
use crate::debian::{Form, Index, ListError, Priority, Unpacked};
use crate::model::{Architecture, Digest};
use crate::net::{Asked, Kind, NetError, Place, Response};
use crate::source::SourceError;

/// What a list of which the suite does not say its length may have.
const LENGTH: u64 = 1 << 30;
/// The most bytes that are asked for.
const STORED: u64 = 128 << 20;

/// Where the bytes of a list are, once they were read.
#[derive(Clone)]
pub(super) enum Body {
    /// In the cache, which hashes them again.
    Kept,
    /// Nowhere else.
    Here(Arc<Vec<u8>>),
}

impl DebianSource {
    /// What a list has for an architecture, with the suite's priority.
    pub(super) async fn index(
        &self,
        suite: &Verified,
        file: ListFile,
        architecture: &Architecture,
    ) -> Result<(Priority, Index), SourceError> {
        let priority = suite.priority();
        let asked = format!("read {} of {}", file.path, suite.suite);
        let Ok(_permit) = self.memory.readers.acquire().await else {
            return Err(SourceError::new(Kind::Unreachable, asked, "the run is ending"));
        };
        let body = self.list(suite, &file, &asked).await?;
        let architecture = architecture.to_string();
        let read = tokio::task::spawn_blocking(move || read(&body, &file, &architecture));
        let index = read
            .await
            .map_err(|error| error.to_string())
            .and_then(|read| read.map_err(|error| error.to_string()));
        index.map(|index| (priority, index)).map_err(|why| {
            SourceError::new(Kind::Protocol, asked, format!("what was signed is no list: {why}"))
        })
    }

    /// The bytes of a list; asked for once.
    async fn list(
        &self,
        suite: &Verified,
        file: &ListFile,
        asked: &str,
    ) -> Result<Arc<Vec<u8>>, SourceError> {
        let digest = &file.stored.digest;
        let mut fetched = None;
        let fetch = async {
            if self.cache.body(digest).is_some() {
                return Ok(Body::Kept);
            }
            let body = Arc::new(self.fetch(suite, file, asked).await?);
            self.cache.keep(digest, &body);
            let kept = self.cache.holds(digest);
            fetched = Some(Arc::clone(&body));
            Ok(if kept { Body::Kept } else { Body::Here(body) })
        };
        let body = self.memory.lists.get(digest.clone(), fetch).await?;
        match (fetched, body) {
            (Some(body), _) | (None, Body::Here(body)) => Ok(body),
            (None, Body::Kept) => match self.cache.body(digest) {
                Some(body) => Ok(Arc::new(body)),
                // Somebody has removed it meanwhile.
                None => self.fetch(suite, file, asked).await.map(Arc::new),
            },
        }
    }

    async fn fetch(&self, suite: &Verified, file: &ListFile, asked: &str) -> Result<Vec<u8>, SourceError> {
        if file.stored.size > STORED {
            let why = format!("it has {} bytes, which is more than is read", file.stored.size);
            return Err(SourceError::new(Kind::Protocol, asked, why));
        }
        let folder = format!("{}/dists/{}", suite.base, suite.suite);
        let named = format!("{folder}/{}{}", file.path, file.form.suffix());
        let response = match suite.release.by_hash {
            true => {
                let below = file.path.rsplit_once('/').map_or("", |(below, _)| below);
                let hashed = format!("{folder}/{below}/by-hash/SHA256/{}", file.stored.digest.hex());
                let response = self.get(&hashed, file, asked).await?;
                // Some mirrors say that they have this, and don't.
                if response.status() == 404 { self.get(&named, file, asked).await? } else { response }
            }
            false => self.get(&named, file, asked).await?,
        };
        let place = Place::of(response.url());
        match response.status() {
            200 => {}
            404 => {
                let why = format!("{place} answered 404, although its InRelease lists it");
                let error = SourceError::new(Kind::Protocol, asked, why);
                return Err(error.hinted("the mirror may be in the middle of an update: run it again later"));
            }
            status => {
                return Err(SourceError::new(Kind::Protocol, asked, format!("{place} answered {status}")));
            }
        }
        let body = response.into_body();
        checked(body, file).map_err(|why| altered(asked, &format!("{place} sent {why}")))
    }

    async fn get(&self, url: &str, file: &ListFile, asked: &str) -> Result<Response, SourceError> {
        let most = usize::try_from(file.stored.size).unwrap_or(usize::MAX);
        let request = self.request(Asked::List, url, asked)?.at_most(most);
        self.client.send(&request).await.map_err(|error| match &error {
            NetError::TooLarge { place, .. } => altered(
                asked,
                &format!("{place} sent more than the {} bytes that were signed", file.stored.size),
            ),
            _ => SourceError::net(asked, &error),
        })
    }
}

fn altered(asked: &str, why: &str) -> SourceError {
    SourceError::new(Kind::Integrity, asked, why).hinted(
        "if the mirror is in the middle of an update, run it again later; else do not use it, and tell those who run it",
    )
}

/// What came, if it is what was signed.
fn checked(body: Vec<u8>, file: &ListFile) -> Result<Vec<u8>, String> {
    let length = u64::try_from(body.len()).unwrap_or(u64::MAX);
    if length != file.stored.size {
        return Err(format!("{length} bytes, and {} were signed", file.stored.size));
    }
    let digest = Digest::sha256(&body);
    match digest == file.stored.digest {
        true => Ok(body),
        false => Err(format!("content with {digest}, and {} was signed", file.stored.digest)),
    }
}

fn read(body: &[u8], file: &ListFile, architecture: &str) -> Result<Index, ListError> {
    let (length, exact) = match (file.length, file.form) {
        (Some(length), _) => (length, true),
        (None, Form::Plain) => (file.stored.size, true),
        (None, _) => (LENGTH, false),
    };
    let unpacked = Unpacked::new(file.form, body, length.min(LENGTH), exact)
        .map_err(|error| ListError::Unreadable(error.to_string()))?;
    Index::read(unpacked, architecture)
}
