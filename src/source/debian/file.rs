//! The packages themselves: whether what an archive serves for them is what its lists sign.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{DebianSource, Suites, SuitesState};
use crate::model::{Algorithm, Architecture, Digest, Hasher, PackageName, PackagePin, Packages};
use crate::net::{Asked, Kind, NetError, Place, Response, Sink};
use crate::source::SourceError;

/// What became of the file of a package.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PackageFile {
    /// It is what is locked.
    AsLocked,
    /// It is something else: this.
    Other(String),
    /// It is not there.
    Missing,
}

impl DebianSource {
    /// Downloads the files of packages that the lists of suites have, and hashes them. What no list has is left out.
    pub async fn files(
        &self,
        suites: &Suites<'_>,
        state: &SuitesState,
        packages: &Packages,
    ) -> Result<Vec<(PackageName, Architecture, PackageFile)>, SourceError> {
        let mut files = Vec::new();
        for architecture in suites.architectures {
            let mut open: BTreeMap<&PackageName, &PackagePin> =
                packages.iter().filter_map(|(name, each)| Some((name, each.get(architecture)?))).collect();
            for suite in &state.verified {
                for list in suite.files(suites.components, architecture)? {
                    let (_, index) = self.index(suite, list, architecture).await?;
                    let mut found = Vec::new();
                    for (name, locked) in &open {
                        let own = index.get(name.as_str()).find(|own| own.sha256() == locked.digest);
                        found.extend(
                            own.map(|own| ((*name).clone(), format!("{}/{}", suite.base, own.filename()))),
                        );
                    }
                    for (name, url) in found {
                        if let Some(locked) = open.remove(&name) {
                            files.push((
                                name.clone(),
                                architecture.clone(),
                                self.file(&name, &url, locked).await?,
                            ));
                        }
                    }
                }
            }
        }
        Ok(files)
    }

    async fn file(
        &self,
        name: &PackageName,
        url: &str,
        locked: &PackagePin,
    ) -> Result<PackageFile, SourceError> {
        let asked = format!("read the package {name}");
        let most = usize::try_from(locked.size).unwrap_or(usize::MAX);
        let content = Arc::new(Mutex::new(Content::default()));
        let request = self.request(Asked::File, url, &asked)?.at_most(most).into_sink(content.clone());
        let response = match self.client.send(&request).await {
            Ok(response) => response,
            Err(NetError::TooLarge { .. }) => {
                return Ok(PackageFile::Other(format!("more than its {} bytes", locked.size)));
            }
            Err(error) => return Err(SourceError::net(asked, &error)),
        };
        match response.status() {
            200 => {
                let digest = content.lock().unwrap_or_else(PoisonError::into_inner).digest();
                let is_locked = digest == locked.digest;
                Ok(if is_locked { PackageFile::AsLocked } else { PackageFile::Other(digest.to_string()) })
            }
            404 | 410 => Ok(PackageFile::Missing),
            status => {
                let why = format!("{} answered {status}", Place::of(response.url()));
                Err(SourceError::new(Kind::Protocol, asked, why))
            }
        }
    }
}

/// Packages may be large: nothing is kept of them but their hash.
struct Content(Hasher);

impl Default for Content {
    fn default() -> Self {
        Self(Hasher::new(Algorithm::Sha256))
    }
}

impl Content {
    fn digest(&mut self) -> Digest {
        std::mem::take(self).0.finish()
    }
}

impl Sink for Content {
    fn begin(&mut self, answer: &Response) -> Result<(), String> {
        *self = Self::default();
        // That of a proxy, mostly. It is no package that was altered.
        let is_page = answer.content_type().is_some_and(|of| of == "text/html");
        if is_page { Err("is a page for people, not a package".into()) } else { Ok(()) }
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.0.update(bytes);
        Ok(())
    }
}
