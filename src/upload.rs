//! Pushing an image of a layout to its registry, byte for byte (distribution-spec, "Push"): blobs first, what names them
//! after them, the tag last. What is there already is not sent again.

use std::io::Read as _;

use url::Url;

use crate::model::{Digest, ImageRef, Repository};
use crate::net::{Asked, Client, Endpoint, Kind, NetError, Place, Push, Request, Response};
use crate::oci::{Descriptor, Folder, FolderError};

/// How many bytes of a blob are in memory at once.
const PIECE: usize = 16 << 20;

/// Indexes within indexes: builders write two.
const DEPTH: usize = 4;

/// Of a manifest that does not say what it is.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Why an image could not be pushed.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// The layout does not have it, or something else.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The registry could not be asked.
    #[error("cannot {doing}: {error}")]
    Net {
        /// What was being done.
        doing: String,
        /// Why it failed.
        error: Box<NetError>,
    },
    /// The registry did not do it.
    #[error("cannot {doing}: {why}")]
    Refused {
        /// What was being done.
        doing: String,
        /// What the registry said.
        why: String,
        /// Which of the usual kinds that is.
        kind: Kind,
    },
}

impl UploadError {
    /// What kind of failure it is.
    pub fn kind(&self) -> Kind {
        match self {
            Self::Folder(_) => Kind::Integrity,
            Self::Net { error, .. } => error.kind(),
            Self::Refused { kind, .. } => *kind,
        }
    }
}

/// Pushes what `root` leads to under the tag of `name`.
pub async fn push(
    client: &Client,
    folder: &Folder,
    root: &Descriptor,
    name: &ImageRef,
) -> Result<(), UploadError> {
    let repository = name.repository();
    let doing = || format!("push to {repository}");
    let net = |error| UploadError::Net { doing: doing(), error: Box::new(error) };
    let endpoint = client.endpoint(repository.registry()).map_err(net)?;
    if endpoint.is_mirror() {
        let why = format!("{} is declared to be asked at a mirror", repository.registry());
        return Err(UploadError::Refused { doing: doing(), why, kind: Kind::Configuration });
    }
    let pusher = Pusher { client, endpoint, folder, repository };
    let tag = name.tag().map_or_else(|| root.digest.to_string(), ToString::to_string);
    pusher.put(root, &tag, DEPTH).await
}

struct Pusher<'a> {
    client: &'a Client,
    endpoint: Endpoint,
    folder: &'a Folder,
    repository: &'a Repository,
}

impl Pusher<'_> {
    /// Puts a manifest under a reference, when all that it names is there.
    async fn put(&self, of: &Descriptor, reference: &str, depth: usize) -> Result<(), UploadError> {
        let document = self.folder.document(&of.digest)?;
        for blob in document.config.iter().chain(&document.layers) {
            self.blob(&blob.digest).await?;
        }
        for child in &document.manifests {
            if depth > 0 {
                Box::pin(self.put(child, &child.digest.to_string(), depth - 1)).await?;
            }
        }
        let doing = format!("push {}:{reference}", self.repository);
        let said = document.media_type.filter(|of| !of.is_empty());
        let media_type = said.unwrap_or_else(|| match of.media_type.as_str() {
            "" => MANIFEST.to_owned(),
            known => known.to_owned(),
        });
        let body = self.folder.manifest(&of.digest)?;
        let request = self.request(Asked::Manifest, &format!("manifests/{reference}"));
        let request = request.push_by(Push::Put, body).header("content-type", media_type);
        let response = self.send(&request, &doing).await?;
        self.expect(&response, &[200, 201], &doing)
    }

    async fn blob(&self, digest: &Digest) -> Result<(), UploadError> {
        let doing = format!("push the blob {} to {}", digest.short(), self.repository);
        let head = self.request(Asked::Head, &format!("blobs/{digest}")).push_by(Push::Head, Vec::new());
        let response = self.send(&head, &doing).await?;
        if response.status() == 200 {
            return Ok(());
        }
        self.expect(&response, &[404], &doing)?;
        let (mut file, size) = self.folder.blob(digest)?;
        let begin = self.request(Asked::Manifest, "blobs/uploads/").push_by(Push::Post, Vec::new());
        let response = self.send(&begin, &doing).await?;
        self.expect(&response, &[202], &doing)?;
        let (mut place, mut sent) = (self.location(&response, &doing)?, 0);
        loop {
            let mut piece = Vec::new();
            let read = file.by_ref().take(PIECE as u64).read_to_end(&mut piece);
            let unread = |source| FolderError::Read { file: digest.to_string(), source };
            let length = read.map_err(unread)? as u64;
            let is_last = sent + length >= size || length == 0;
            let way = if is_last { Push::Put } else { Push::Patch };
            if is_last {
                place.query_pairs_mut().append_pair("digest", &digest.to_string());
            }
            let request = self.endpoint.request_to(Asked::Manifest, self.repository, place.clone());
            let request =
                request.push_by(way, piece).header("content-type", "application/octet-stream").once();
            let request = match is_last && sent == 0 {
                true => request,
                false => {
                    request.header("content-range", format!("{sent}-{}", (sent + length).saturating_sub(1)))
                }
            };
            let response = self.send(&request, &doing).await?;
            self.expect(&response, &[201, 202], &doing)?;
            if is_last {
                return Ok(());
            }
            place = self.location(&response, &doing)?;
            sent += length;
        }
    }

    fn request(&self, asked: Asked, tail: &str) -> Request {
        self.endpoint.request(asked, self.repository, tail)
    }

    async fn send(&self, request: &Request, doing: &str) -> Result<Response, UploadError> {
        let net = |error| UploadError::Net { doing: doing.to_owned(), error: Box::new(error) };
        self.client.send(request).await.map_err(net)
    }

    /// Where an upload goes on. A credential is shown to the registry's own origin alone.
    fn location(&self, response: &Response, doing: &str) -> Result<Url, UploadError> {
        let refused = |why: &str| UploadError::Refused {
            doing: doing.to_owned(),
            why: format!("{} {why}", Place::of(response.url())),
            kind: Kind::Protocol,
        };
        let text = response.header("location").ok_or_else(|| refused("did not say where"))?;
        let place = response.url().join(text).map_err(|_| refused("named no place to send it to"))?;
        match self.endpoint.is_origin_of(&place) {
            true => Ok(place),
            false => Err(refused("named another server to send it to")),
        }
    }

    fn expect(&self, response: &Response, wanted: &[u16], doing: &str) -> Result<(), UploadError> {
        let status = response.status();
        if wanted.contains(&status) {
            return Ok(());
        }
        let kind = match status {
            401 | 403 => Kind::Denied,
            404 => Kind::NotFound,
            _ => Kind::Protocol,
        };
        let place = Place::of(response.url());
        Err(UploadError::Refused { doing: doing.to_owned(), why: format!("{place} answered {status}"), kind })
    }
}
