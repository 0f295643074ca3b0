//! Asking a server for a file, or for what it says of one.

use std::sync::{Arc, Mutex, PoisonError};

use url::Url;

use super::download::{Download, Voucher};
use super::{ArchiveSource, shown};
use crate::cache::Note;
use crate::model::Digest;
use crate::net::{Asked, Kind, Request, Response};
use crate::openpgp::{SignatureError, Signed};
use crate::source::SourceError;

/// More bytes than any list of checksums or signature has.
const TEXT: usize = 4 << 20;

/// What a whole file turned out to be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Content {
    /// SHA-256 of it.
    pub(super) digest: Digest,
    /// SHA-512 of it, where that was wanted.
    pub(super) long: Option<Digest>,
    pub(super) size: u64,
    /// Who signed it, where there was a signature to check.
    pub(super) signed: Option<Result<Signed, SignatureError>>,
}

/// What tells a download from another: the URL, whether SHA-512 is wanted, and the signature with who may have made it.
pub(super) type Key = (Url, bool, Option<Digest>);

/// What a server says of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Head {
    /// It is there.
    Here { size: Option<u64>, etag: Option<String> },
    /// It is not.
    Missing,
    /// It does not say: only asking for all of it tells.
    Silent,
}

impl ArchiveSource {
    /// Whether a file is there, as far as its server says.
    pub async fn is_there(&self, url: &str) -> Result<bool, SourceError> {
        let wrong =
            |error| SourceError::new(Kind::Configuration, format!("ask for {url}"), format!("{error}"));
        let url = Url::parse(url).map_err(|error: url::ParseError| wrong(error))?;
        Ok(self.head(&url).await? != Head::Missing)
    }

    /// What the server says of a file.
    pub(super) async fn head(&self, url: &Url) -> Result<Head, SourceError> {
        let ask = async {
            let asked = || format!("ask whether {} has changed", shown(url));
            let sent = self.client.send(&Request::get(Asked::Head, self.client.place_of(url))).await;
            let response = sent.map_err(|error| SourceError::net(asked(), &error))?;
            Ok(match response.status() {
                200 => Head::Here {
                    size: response.header("content-length").and_then(|length| length.parse().ok()),
                    etag: response.header("etag").map(str::to_owned),
                },
                404 | 410 => Head::Missing,
                // Many do not answer HEAD, or sign their redirects for GET alone.
                _ => Head::Silent,
            })
        };
        self.memory.heads.get(url.clone(), ask).await
    }

    /// All of a file; `None` where it is not there.
    pub(super) async fn content(
        &self,
        url: &Url,
        long: bool,
        voucher: Option<Voucher>,
    ) -> Result<Option<Content>, SourceError> {
        let key = (url.clone(), long, voucher.as_ref().map(Voucher::key));
        self.memory.contents.get(key, Box::pin(self.download(url, long, voucher))).await
    }

    async fn download(
        &self,
        url: &Url,
        long: bool,
        voucher: Option<Voucher>,
    ) -> Result<Option<Content>, SourceError> {
        let download = Download::new(url, long, voucher, self.cache.clone());
        let download = Arc::new(Mutex::new(download));
        let request = Request::get(Asked::File, self.client.place_of(url)).into_sink(download.clone());
        if let Some(note) = self.known(url) {
            let asked_if = request.clone().header("if-none-match", note.etag.clone());
            let response = self.sent(asked_if, url).await?;
            if response.status() != 304 {
                return self.downloaded(url, &response, &download);
            }
            if self.read_kept(&note, &download).await {
                return finished(&download, url).map(Some);
            }
        }
        let response = self.sent(request, url).await?;
        self.downloaded(url, &response, &download)
    }

    /// What came of a download.
    fn downloaded(
        &self,
        url: &Url,
        response: &Response,
        download: &Mutex<Download>,
    ) -> Result<Option<Content>, SourceError> {
        if !is_there(url, response)? {
            return Ok(None);
        }
        let content = finished(download, url)?;
        if let Some(etag) = response.header("etag") {
            let (digest, size) = (content.digest.clone(), content.size);
            self.cache.keep_note(url.as_str(), &Note { etag: etag.to_owned(), digest, size });
        }
        Ok(Some(content))
    }

    async fn sent(&self, request: Request, url: &Url) -> Result<Response, SourceError> {
        self.client.send(&request).await.map_err(|error| SourceError::net(asked(url), &error))
    }

    /// What a URL gave in an earlier run, where that is at hand. An entity tag that is weak says nothing of bytes.
    fn known(&self, url: &Url) -> Option<Note> {
        let note = self.cache.note(url.as_str()).filter(|_| !self.fresh)?;
        (!note.etag.starts_with("W/") && self.cache.has_archive(&note.digest)).then_some(note)
    }

    /// Whether what is at hand could be read in place of what has not changed.
    async fn read_kept(&self, note: &Note, download: &Arc<Mutex<Download>>) -> bool {
        let (cache, digest, download) = (self.cache.clone(), note.digest.clone(), download.clone());
        let read = tokio::task::spawn_blocking(move || {
            let mut download = download.lock().unwrap_or_else(PoisonError::into_inner);
            download.restart(None);
            cache.read_archive(&digest, |piece| download.add(piece))
        });
        read.await.unwrap_or(false)
    }

    /// A small file that says something of others; `None` where it is not there.
    pub(super) async fn text(&self, url: &Url) -> Result<Option<Arc<Vec<u8>>>, SourceError> {
        let ask = async {
            let request = Request::get(Asked::File, self.client.place_of(url)).at_most(TEXT);
            let response = self.sent(request, url).await?;
            if is_page(url, &response) && response.status() == 200 {
                let why = "it is a page for people, not the file: one to log in, or an error's";
                return Err(SourceError::new(Kind::Protocol, asked(url), why));
            }
            Ok(is_there(url, &response)?.then(|| Arc::new(response.body().to_vec())))
        };
        self.memory.texts.get(url.clone(), ask).await
    }
}

fn asked(url: &Url) -> String {
    format!("read {}", shown(url))
}

/// Whether an answer is the file, or says that there is none.
fn is_there(url: &Url, response: &Response) -> Result<bool, SourceError> {
    let place = shown(response.url());
    match response.status() {
        200 => Ok(true),
        404 | 410 => Ok(false),
        status @ (401 | 403) => {
            let why = format!("{place} answered {status}: it is not allowed");
            Err(SourceError::new(Kind::Denied, asked(url), why))
        }
        status => Err(SourceError::new(Kind::Protocol, asked(url), format!("{place} answered {status}"))),
    }
}

/// What was downloaded.
fn finished(download: &Mutex<Download>, url: &Url) -> Result<Content, SourceError> {
    let content = download.lock().unwrap_or_else(PoisonError::into_inner).finish();
    let is_empty = || SourceError::new(Kind::Protocol, asked(url), "it is empty");
    content.filter(|content| content.size > 0).ok_or_else(is_empty)
}

/// Whether an answer is a web page where the name of the file is not that of one.
pub(super) fn is_page(url: &Url, answer: &Response) -> bool {
    let is_html = answer.content_type().is_some_and(|of| of == "text/html" || of == "application/xhtml+xml");
    is_html && ![".html", ".htm", ".xhtml"].iter().any(|ending| url.path().ends_with(ending))
}
