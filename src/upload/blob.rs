//! One blob, piece by piece. Where its upload breaks off it is begun anew: what a registry has of it then is not known.

use std::io::Read;

use url::Url;

use super::{Remote, UploadError, expect};
use crate::model::Digest;
use crate::net::{Asked, Kind, Push, Response};
use crate::oci::{Folder, FolderError};

/// How many bytes of a blob are in memory at once.
const PIECE: u64 = 4 << 20;

/// The same, for a registry that takes larger pieces only.
const LARGEST: u64 = 256 << 20;

/// Brings a blob of `folder` to the registry, unless it is there.
pub(super) async fn upload(remote: &Remote<'_>, folder: &Folder, digest: &Digest) -> Result<(), UploadError> {
    let doing = format!("push the blob {} to {}", digest.short(), remote.repository);
    let mut attempt = 1;
    loop {
        // What may be sent again without harm the client has sent as often as it may.
        let Some(upload) = Upload::begin(remote, folder, digest, &doing).await? else {
            return Ok(());
        };
        match upload.send().await {
            Err(error) if error.is_broken_off() => {
                if !remote.client.may_begin_anew(remote.endpoint.url(), attempt).await {
                    return Err(error);
                }
                attempt += 1;
            }
            ended => return ended,
        }
    }
}

/// How long the pieces are, where a registry may say how long they have to be (distribution-spec, "Pushing a blob in
/// chunks"). The last may be shorter.
fn length_of_pieces(begun: &Response, size: u64, doing: &str) -> Result<u64, UploadError> {
    let least = begun.header("oci-chunk-min-length").and_then(|text| text.trim().parse::<u64>().ok());
    let piece = least.unwrap_or(0).max(PIECE);
    if piece.min(size) > LARGEST {
        let why = format!("the registry takes no pieces of less than {piece} bytes, and {LARGEST} are sent");
        return Err(UploadError::refused(doing, why, Kind::Protocol));
    }
    Ok(piece)
}

/// An upload that is under way.
struct Upload<'a> {
    remote: &'a Remote<'a>,
    digest: &'a Digest,
    doing: &'a str,
    /// What is not sent yet of it.
    rest: Box<dyn Read + Send>,
    size: u64,
    piece: u64,
    place: Url,
    sent: u64,
}

impl<'a> Upload<'a> {
    /// Begins one, where it is not there.
    async fn begin(
        remote: &'a Remote<'a>,
        folder: &Folder,
        digest: &'a Digest,
        doing: &'a str,
    ) -> Result<Option<Self>, UploadError> {
        let head = remote.request(Asked::Head, &format!("blobs/{digest}")).pushing();
        if expect(remote.send(&head, doing).await?, &[200, 404], doing)?.status() == 200 {
            return Ok(None);
        }
        let (file, size) = folder.blob(digest)?;
        let begun = remote.begin_upload(doing).await?;
        let piece = length_of_pieces(&begun, size, doing)?;
        let place = remote.location(&begun, doing)?;
        Ok(Some(Self { remote, digest, doing, rest: Box::new(file), size, piece, place, sent: 0 }))
    }

    async fn send(mut self) -> Result<(), UploadError> {
        loop {
            let mut piece = Vec::new();
            let read = (&mut self.rest).take(self.piece).read_to_end(&mut piece);
            let unread = |source| FolderError::Read { file: self.digest.to_string(), source };
            let length = read.map_err(unread)? as u64;
            let is_last = self.sent + length >= self.size || length == 0;
            let mut place = self.place.clone();
            if is_last {
                place.query_pairs_mut().append_pair("digest", &self.digest.to_string());
            }
            let way = if is_last { Push::Put } else { Push::Patch };
            let request = self.remote.request_to(place).push_by(way, piece).once();
            let request = request.header("content-type", "application/octet-stream");
            let whole = is_last && self.sent == 0;
            let request = match whole || length == 0 {
                true => request,
                false => request.header("content-range", format!("{}-{}", self.sent, self.sent + length - 1)),
            };
            let answer = self.remote.send(&request, self.doing).await?;
            let answer = expect(answer, &[201, 202], self.doing)?;
            if is_last {
                return Ok(());
            }
            self.place = self.remote.location(&answer, self.doing)?;
            self.sent += length;
        }
    }
}
