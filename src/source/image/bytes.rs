//! Bytes that a registry is asked for: hashed before anybody reads them, and kept for later runs.

use super::answer::{DIGEST, ask, wrong};
use super::content::{self, Content, Wrong};
use super::{ImageSource, Reference};
use crate::model::{Digest, MediaType, Platform, Repository};
use crate::net::{Asked, Endpoint, Request};
use crate::source::SourceError;

impl ImageSource {
    /// The bytes that `reference` names, hashed and read.
    pub(super) async fn content(
        &self,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<(Digest, Content), SourceError> {
        self.fetched(repository, reference, content::read).await
    }

    /// The same, read in another way. What is asked for by its digest and was read before is not asked for.
    pub(super) async fn fetched<T>(
        &self,
        repository: &Repository,
        reference: &Reference,
        read: impl FnOnce(&[u8], Option<&str>) -> Result<T, Wrong>,
    ) -> Result<(Digest, T), SourceError> {
        match reference.digest().and_then(|digest| Some((digest, self.cache.body(digest)?))) {
            Some((digest, body)) => {
                tracing::debug!(%repository, %digest, "known from an earlier run");
                let asked = format!("read {}", reference.in_repository(repository));
                let read =
                    read(&body, None).map_err(|wrong| SourceError::new(wrong.kind, asked, wrong.why))?;
                Ok((digest.clone(), read))
            }
            None => self.asked_for(repository, reference, read).await,
        }
    }

    /// The same, always asked for.
    pub(super) async fn asked_for<T>(
        &self,
        repository: &Repository,
        reference: &Reference,
        read: impl FnOnce(&[u8], Option<&str>) -> Result<T, Wrong>,
    ) -> Result<(Digest, T), SourceError> {
        let asked = || format!("read {}", reference.in_repository(repository));
        let (endpoint, request) = self.manifest_request(Asked::Manifest, repository, reference)?;
        let response = ask(&self.client, &endpoint, &request, asked).await?;
        let content_type = response.content_type();
        let checked = || {
            let mut claims = response.headers(DIGEST);
            let digest = content::verified_digest(response.body(), reference.digest(), claims.next())?;
            for other in claims {
                content::verified_digest(response.body(), Some(&digest), Some(other))?;
            }
            Ok((read(response.body(), content_type.as_deref())?, digest))
        };
        let (read, digest) = checked().map_err(|error| wrong(asked(), error, &endpoint))?;
        if content::says_its_type(response.body(), content_type.as_deref()) {
            self.cache.keep(&digest, response.body());
        }
        Ok((digest, read))
    }

    /// The platform of a configuration.
    pub(super) async fn platform(
        &self,
        repository: &Repository,
        reference: &Reference,
        configuration: &Digest,
    ) -> Result<Platform, SourceError> {
        let read = content::platform_of_configuration;
        self.configuration(repository, reference, configuration, read).await
    }

    /// What a configuration says, whose bytes are checked too.
    pub(super) async fn configuration<T>(
        &self,
        repository: &Repository,
        reference: &Reference,
        configuration: &Digest,
        read: fn(&[u8]) -> Result<T, Wrong>,
    ) -> Result<T, SourceError> {
        let asked = || format!("read the configuration of {}", reference.in_repository(repository));
        self.blob(Asked::Blob, repository, configuration, read, asked).await
    }

    /// What a blob says, whose bytes are checked.
    pub(super) async fn blob<T>(
        &self,
        kind: Asked,
        repository: &Repository,
        digest: &Digest,
        read: impl FnOnce(&[u8]) -> Result<T, Wrong>,
        asked: impl Fn() -> String,
    ) -> Result<T, SourceError> {
        if let Some(body) = self.cache.body(digest) {
            tracing::debug!(%repository, %digest, "known from an earlier run");
            return read(&body).map_err(|wrong| SourceError::new(wrong.kind, asked(), wrong.why));
        }
        let net = |error| SourceError::net(asked(), &error);
        let endpoint = self.client.endpoint(repository.registry()).map_err(net)?;
        let request = self.in_time(endpoint.request(kind, repository, &format!("blobs/{digest}")));
        let response = ask(&self.client, &endpoint, &request, &asked).await?;
        let checked = || {
            content::verified_digest(response.body(), Some(digest), None)?;
            read(response.body())
        };
        let read = checked().map_err(|error| wrong(asked(), error, &endpoint))?;
        // An inventory is read once, for a proposal, and is larger than all the rest.
        if kind == Asked::Blob {
            self.cache.keep(digest, response.body());
        }
        Ok(read)
    }

    pub(super) fn manifest_request(
        &self,
        kind: Asked,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<(Endpoint, Request), SourceError> {
        let endpoint = self.client.endpoint(repository.registry()).map_err(|error| {
            let asked = format!("read {}", reference.in_repository(repository));
            SourceError::net(asked, &error)
        })?;
        let accept = MediaType::ALL.map(MediaType::as_str).join(", ");
        let request = self.in_time(endpoint.request(kind, repository, &format!("manifests/{reference}")));
        Ok((endpoint, request.header("accept", accept)))
    }
}
