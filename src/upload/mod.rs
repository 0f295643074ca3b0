//! Pushing an image of a layout to its registry, byte for byte (distribution-spec, "Push"): blobs first, what names them
//! after them, the tag last. What is there already is not sent again.
//!
//! Entry points: [`check_allowed`] asks whether a push would be let in, [`held`] what a tag holds, [`push`] pushes. `blob` uploads one blob, and begins
//! anew where that breaks off.

mod blob;
mod error;

use url::Url;

use crate::model::{ImageRef, MediaType, Repository};
use crate::net::{Asked, Client, Endpoint, Kind, Place, Push, Request, Response};
use crate::oci::{Descriptor, Folder};

pub use error::UploadError;

/// Indexes within indexes: builders write two.
const DEPTH: usize = 4;

/// Of a manifest that does not say what it is.
const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";

/// Fails where nothing may be pushed to `repository`: an upload is begun there, and given up.
pub async fn check_allowed(client: &Client, repository: &Repository) -> Result<(), UploadError> {
    let doing = format!("push to {repository}");
    let remote = Remote::new(client, repository, &doing)?;
    let begun = remote.begin_upload(&doing).await?;
    let place = remote.location(&begun, &doing)?;
    // Who does not know how to give one up forgets it in time.
    let _ = client.send(&remote.request_to(place).push_by(Push::Delete, Vec::new()).once()).await;
    Ok(())
}

/// The bytes of the index or the manifest that a tag names; `None` where there is no such tag. They are asked for by one who
/// may push: a registry need not tell others that a repository is not there.
pub async fn held(client: &Client, name: &ImageRef) -> Result<Option<Vec<u8>>, UploadError> {
    let doing = format!("read {name}");
    let remote = Remote::new(client, name.repository(), &doing)?;
    let Some(tag) = name.tag() else {
        return Err(UploadError::refused(&doing, "it has no tag", Kind::Configuration));
    };
    let request = remote.request(Asked::Manifest, &format!("manifests/{tag}")).pushing();
    let accept = MediaType::ALL.map(MediaType::as_str).join(", ");
    let response = remote.send(&request.header("accept", accept), &doing).await?;
    let response = expect(response, &[200, 404], &doing)?;
    Ok((response.status() == 200).then(|| response.into_body()))
}

/// Pushes what `root` leads to under the tag of `name`.
pub async fn push(
    client: &Client,
    folder: &Folder,
    root: &Descriptor,
    name: &ImageRef,
) -> Result<(), UploadError> {
    let repository = name.repository();
    let remote = Remote::new(client, repository, &format!("push to {repository}"))?;
    let tag = name.tag().map(ToString::to_string);
    Pusher { remote, folder }.put(root, tag.as_deref(), DEPTH).await
}

/// The repository that is pushed to.
struct Remote<'a> {
    client: &'a Client,
    endpoint: Endpoint,
    repository: &'a Repository,
}

impl<'a> Remote<'a> {
    fn new(client: &'a Client, repository: &'a Repository, doing: &str) -> Result<Self, UploadError> {
        let endpoint =
            client.endpoint(repository.registry()).map_err(|error| UploadError::net(doing, error))?;
        if endpoint.is_mirror() {
            let why = format!("{} is a mirror, which is for reading", endpoint.host());
            return Err(UploadError::refused(doing, why, Kind::Configuration));
        }
        Ok(Self { client, endpoint, repository })
    }

    fn request(&self, asked: Asked, tail: &str) -> Request {
        self.endpoint.request(asked, self.repository, tail)
    }

    fn request_to(&self, place: Url) -> Request {
        self.endpoint.request_to(Asked::Manifest, self.repository, place)
    }

    async fn send(&self, request: &Request, doing: &str) -> Result<Response, UploadError> {
        self.client.send(request).await.map_err(|error| UploadError::net(doing, error))
    }

    async fn begin_upload(&self, doing: &str) -> Result<Response, UploadError> {
        let begin = self.request(Asked::Manifest, "blobs/uploads/").push_by(Push::Post, Vec::new());
        expect(self.send(&begin, doing).await?, &[202], doing)
    }

    /// Where an upload goes on. A credential is shown to the registry's own origin alone.
    fn location(&self, response: &Response, doing: &str) -> Result<Url, UploadError> {
        let refused = |why: &str| {
            UploadError::refused(doing, format!("{} {why}", Place::of(response.url())), Kind::Protocol)
        };
        let text = response.header("location").ok_or_else(|| refused("did not say where"))?;
        let place = response.url().join(text).map_err(|_| refused("named no place to send it to"))?;
        match self.endpoint.is_origin_of(&place) {
            true => Ok(place),
            false => Err(refused("named another server to send it to")),
        }
    }
}

/// An answer that has one of these statuses.
fn expect(response: Response, wanted: &[u16], doing: &str) -> Result<Response, UploadError> {
    match wanted.contains(&response.status()) {
        true => Ok(response),
        false => Err(UploadError::answered(doing, &response)),
    }
}

struct Pusher<'a> {
    remote: Remote<'a>,
    folder: &'a Folder,
}

impl Pusher<'_> {
    /// Puts a manifest under a tag, or else under its digest, when all that it names is there.
    async fn put(&self, of: &Descriptor, tag: Option<&str>, depth: usize) -> Result<(), UploadError> {
        let document = self.folder.document(&of.digest)?;
        for named in document.config.iter().chain(&document.layers) {
            blob::upload(&self.remote, self.folder, &named.digest).await?;
        }
        for child in &document.manifests {
            if depth > 0 {
                Box::pin(self.put(child, None, depth - 1)).await?;
            }
        }
        let (repository, digest) = (self.remote.repository, &of.digest);
        let (reference, doing) = match tag {
            Some(tag) => (tag.to_owned(), format!("push {repository}:{tag}")),
            None => (digest.to_string(), format!("push {repository}@{digest}")),
        };
        let said = document.media_type.filter(|of| !of.is_empty());
        let media_type = said.unwrap_or_else(|| match of.media_type.as_str() {
            "" => MANIFEST.to_owned(),
            known => known.to_owned(),
        });
        let body = self.folder.manifest(digest)?;
        let request = self.remote.request(Asked::Manifest, &format!("manifests/{reference}"));
        let request = request.push_by(Push::Put, body).header("content-type", media_type);
        expect(self.remote.send(&request, &doing).await?, &[200, 201], &doing).map(drop)
    }
}
