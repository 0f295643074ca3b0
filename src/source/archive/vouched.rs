//! One file of a version with what its publisher says of it: checksums, and signatures of either.

use std::sync::Arc;

use url::Url;

use super::checksums::{Listed, listed};
use super::download::Voucher;
use super::read::{Content, Head};
use super::{ArchiveSource, FileNow, Release, filled, shown};
use crate::model::ArchiveFile;
use crate::net::Kind;
use crate::openpgp::Keyring;
use crate::source::SourceError;

/// How a file begins that has its signature in it.
const CLEARTEXT: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";

/// Why nothing can be said of a file.
enum Unvouched {
    /// What should vouch for it is not there: nothing is wrong with that as long as the file is not there either.
    Silent(SourceError),
    /// Something failed, or is wrong whether the file is there or not.
    Failed(SourceError),
}

impl From<SourceError> for Unvouched {
    fn from(error: SourceError) -> Self {
        Self::Failed(error)
    }
}

impl ArchiveSource {
    /// The file for an architecture, spelled as its URL has it.
    pub(super) async fn file(&self, release: &Release<'_>, spelled: &str) -> Result<FileNow, SourceError> {
        let url = filled(release.url, release.version, spelled)?;
        match self.vouched(release, &url, spelled).await {
            Ok(file) => Ok(file),
            Err(Unvouched::Failed(error)) => Err(error),
            // A tag comes before its release, and a release grows file by file.
            Err(Unvouched::Silent(alarm)) => match self.is_published(&url).await? {
                true => Err(alarm),
                false => Ok(FileNow::Missing(shown(&url))),
            },
        }
    }

    /// The file at `url`, held against what its publisher says of it.
    async fn vouched(&self, release: &Release<'_>, url: &Url, spelled: &str) -> Result<FileNow, Unvouched> {
        let at = |template| filled(template, release.version, spelled);
        let listed = match release.checksums.map(at).transpose()? {
            None => Listed::default(),
            Some(list) => match self.checksums(release, &list, spelled).await? {
                None => return Ok(FileNow::Missing(shown(&list))),
                Some(text) => listed(&text, url).map_err(|why| {
                    let asked = format!("find the checksum of {} in {}", shown(url), shown(&list));
                    Unvouched::Silent(SourceError::new(Kind::Integrity, asked, why))
                })?,
            },
        };
        let voucher = match release.signature.map(at).transpose()? {
            None => None,
            Some(signature) => Some(self.voucher(release, url, &signature).await?),
        };
        match self.content(url, listed.long.is_some(), voucher).await? {
            None => Ok(FileNow::Missing(shown(url))),
            Some(content) => Ok(checked(url, &content, &listed).map(FileNow::Here)?),
        }
    }

    /// Whether a file is there, whatever it is.
    async fn is_published(&self, url: &Url) -> Result<bool, SourceError> {
        Ok(match self.head(url).await? {
            Head::Here { .. } => true,
            Head::Missing => false,
            Head::Silent => self.content(url, false, None).await?.is_some(),
        })
    }

    /// The text of a file of checksums, whose signature is checked where there is one to check.
    async fn checksums(
        &self,
        release: &Release<'_>,
        url: &Url,
        spelled: &str,
    ) -> Result<Option<String>, Unvouched> {
        let Some(bytes) = self.text(url).await? else { return Ok(None) };
        let bad = |error: &dyn std::fmt::Display| unsigned(url, error.to_string());
        let is_cleartext = bytes.trim_ascii_start().starts_with(CLEARTEXT);
        if let Some(template) = release.checksums_signature {
            let signature = filled(template, release.version, spelled)?;
            let Voucher { signature, keyring, now } = self.voucher(release, url, &signature).await?;
            let signed = keyring.verify_detached(bytes.as_slice(), &signature, now);
            signed.map_err(|error| bad(&error))?.map_err(|error| bad(&error))?;
        } else if let Some(keyring) = release.keyring.filter(|_| is_cleartext) {
            let signed = keyring.verify_inline(&bytes, release.now).map_err(|error| bad(&error))?;
            return Ok(Some(signed.text));
        } else if release.keyring.is_some() && release.signature.is_none() {
            let why = "it has no signature in it, and `checksums-signature` does not say where there is one";
            return Err(unsigned(url, why.into()).into());
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The signature of `of`, with who may have made it.
    ///
    /// A signature that says itself until when it counts is not held to that: it counts as of when it was made. A file that is
    /// locked for years would stop to be trusted by it, and nobody signs an old release anew; that nothing older is
    /// put in the place of something newer is what versions and the lock are for. A suite's `InRelease` is another matter.
    async fn voucher(&self, release: &Release<'_>, of: &Url, at: &Url) -> Result<Voucher, Unvouched> {
        let keyring: Arc<Keyring> = release
            .keyring
            .cloned()
            .ok_or_else(|| unsigned(of, "there is no keyring to check its signature against".into()))?;
        let missing =
            || Unvouched::Silent(unsigned(of, format!("its signature is not there: {}", shown(at))));
        let signature = self.text(at).await?.ok_or_else(missing)?;
        let voucher = Voucher { signature, keyring, now: release.now };
        // Before anything large is asked for.
        voucher.check().map_err(|error| unsigned(of, error.to_string()))?;
        Ok(voucher)
    }
}

/// A file, if it is what its publisher says.
fn checked(url: &Url, content: &Content, listed: &Listed) -> Result<ArchiveFile, SourceError> {
    let pairs =
        [(listed.short.as_ref(), Some(&content.digest)), (listed.long.as_ref(), content.long.as_ref())];
    for (published, found) in pairs {
        if let Some((published, found)) = published.zip(found).filter(|(published, found)| published != found)
        {
            let why = format!("its bytes are {found}, and the published checksum is {published}");
            let error = SourceError::new(Kind::Integrity, format!("trust {}", shown(url)), why);
            return Err(error.hinted("do not use it; tell those who publish it"));
        }
    }
    if let Some(Err(error)) = &content.signed {
        return Err(unsigned(url, error.to_string()));
    }
    Ok(ArchiveFile { digest: content.digest.clone(), size: content.size, spelled: None })
}

/// That something does not count as signed by whom it should be.
fn unsigned(url: &Url, why: String) -> SourceError {
    let error = SourceError::new(Kind::Integrity, format!("trust {}", shown(url)), why);
    error
        .hinted("do not use it before you know why; `signed-by` names the keyring that it is checked against")
}
