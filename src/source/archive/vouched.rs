//! One file of a version with what its publisher says of it: checksums, and signatures of either.

use std::sync::Arc;

use url::Url;

use super::checksums::{Listed, listed};
use super::download::Voucher;
use super::read::Content;
use super::{ArchiveSource, FileNow, Release, filled, shown};
use crate::model::ArchiveFile;
use crate::net::Kind;
use crate::openpgp::Keyring;
use crate::source::SourceError;

/// How a file begins that has its signature in it.
const CLEARTEXT: &[u8] = b"-----BEGIN PGP SIGNED MESSAGE-----";

impl ArchiveSource {
    /// The file for an architecture, spelled as its URL has it.
    pub(super) async fn file(&self, release: &Release<'_>, spelled: &str) -> Result<FileNow, SourceError> {
        let at = |template| filled(template, release.version, spelled);
        let url = at(release.url)?;
        let listed = match release.checksums.map(at).transpose()? {
            None => Listed::default(),
            Some(list) => match self.checksums(release, &list, spelled).await? {
                None => return Ok(FileNow::Missing(shown(&list))),
                Some(text) => listed(&text, &url).map_err(|why| {
                    let asked = format!("find the checksum of {} in {}", shown(&url), shown(&list));
                    SourceError::new(Kind::Integrity, asked, why)
                })?,
            },
        };
        let voucher = match release.signature.map(at).transpose()? {
            None => None,
            Some(signature) => Some(self.voucher(release, &url, &signature).await?),
        };
        match self.content(&url, listed.long.is_some(), voucher).await? {
            None => Ok(FileNow::Missing(shown(&url))),
            Some(content) => checked(&url, &content, &listed).map(FileNow::Here),
        }
    }

    /// The text of a file of checksums, whose signature is checked where there is one to check.
    async fn checksums(
        &self,
        release: &Release<'_>,
        url: &Url,
        spelled: &str,
    ) -> Result<Option<String>, SourceError> {
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
            return Err(unsigned(url, why.into()));
        }
        Ok(Some(String::from_utf8_lossy(&bytes).into_owned()))
    }

    /// The signature of `of`, with who may have made it.
    async fn voucher(&self, release: &Release<'_>, of: &Url, at: &Url) -> Result<Voucher, SourceError> {
        let keyring: Arc<Keyring> = release
            .keyring
            .cloned()
            .ok_or_else(|| unsigned(of, "there is no keyring to check its signature against".into()))?;
        let missing = || unsigned(of, format!("its signature is not there: {}", shown(at)));
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
