//! A file that is being downloaded: hashed, checked and kept piece by piece, and never in memory as a whole.

use std::sync::Arc;

use url::Url;

use super::read::{Content, is_page};
use crate::cache::{Cache, Incoming};
use crate::model::{Algorithm, Digest, Hasher};
use crate::net::{Response, Sink};
use crate::openpgp::{Check, Keyring, SignatureError};

/// A signature, and who may have made it.
#[derive(Clone, Debug)]
pub(super) struct Voucher {
    pub(super) signature: Arc<Vec<u8>>,
    pub(super) keyring: Arc<Keyring>,
    pub(super) now: jiff::Timestamp,
}

impl Voucher {
    /// What tells it from another.
    pub(super) fn key(&self) -> Digest {
        let mut hasher = Hasher::new(Algorithm::Sha256);
        self.keyring.fingerprints().for_each(|key| hasher.update(key.as_str().as_bytes()));
        hasher.update(b"\n");
        hasher.update(&self.signature);
        hasher.finish()
    }

    /// A check that has seen nothing yet.
    pub(super) fn check(&self) -> Result<Check, SignatureError> {
        self.keyring.check(&self.signature)
    }
}

/// A file that is being downloaded.
pub(super) struct Download {
    url: Url,
    long: bool,
    voucher: Option<Voucher>,
    cache: Cache,
    state: Option<State>,
}

/// What came of it up to now.
struct State {
    sha256: Hasher,
    sha512: Option<Hasher>,
    check: Option<Result<Check, SignatureError>>,
    size: u64,
    incoming: Option<Incoming>,
}

impl Download {
    /// One that has not begun.
    pub(super) fn new(url: &Url, long: bool, voucher: Option<Voucher>, cache: Cache) -> Self {
        Self { url: url.clone(), long, voucher, cache, state: None }
    }

    /// Begins, or forgets what came and begins anew.
    pub(super) fn restart(&mut self, incoming: Option<Incoming>) {
        self.state = Some(State {
            sha256: Hasher::new(Algorithm::Sha256),
            sha512: self.long.then(|| Hasher::new(Algorithm::Sha512)),
            check: self.voucher.as_ref().map(Voucher::check),
            size: 0,
            incoming,
        });
    }

    /// Takes in the next bytes.
    pub(super) fn add(&mut self, bytes: &[u8]) {
        let Some(state) = &mut self.state else { return };
        state.sha256.update(bytes);
        if let Some(sha512) = &mut state.sha512 {
            sha512.update(bytes);
        }
        if let Some(Ok(check)) = &mut state.check {
            check.update(bytes);
        }
        if let Some(incoming) = &mut state.incoming {
            incoming.write(bytes);
        }
        state.size += bytes.len() as u64;
    }

    /// What all of it came to; `None` where it has not begun. It is kept for later runs.
    pub(super) fn finish(&mut self) -> Option<Content> {
        let State { sha256, sha512, check, size, incoming } = self.state.take()?;
        let digest = sha256.finish();
        if let Some(incoming) = incoming.filter(|_| size > 0) {
            incoming.keep(&digest);
        }
        let now = self.voucher.as_ref().map(|voucher| voucher.now);
        let signed = check.zip(now).map(|(check, now)| check.and_then(|check| check.finish(now)));
        Some(Content { digest, long: sha512.map(Hasher::finish), size, signed })
    }
}

impl Sink for Download {
    fn begin(&mut self, answer: &Response) -> Result<(), String> {
        if is_page(&self.url, answer) {
            return Err(
                "answered with a page for people in place of the file: to log in, or to tell of an error"
                    .into(),
            );
        }
        self.restart(self.cache.incoming());
        Ok(())
    }

    fn take(&mut self, bytes: &[u8]) -> Result<(), String> {
        self.add(bytes);
        Ok(())
    }
}
