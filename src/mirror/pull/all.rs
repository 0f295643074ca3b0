//! All that an index leads to.

use std::collections::BTreeSet;

use super::{Copied, PullError, Puller};
use crate::model::ImageRef;
use crate::oci::{DEPTH, Descriptor, Document, IMAGES};
use crate::source::{Kind, SourceError};

/// How many entries of indexes are followed: as many images as a layout may have, each with what is attested of it.
const ENTRIES: usize = 2 * IMAGES;

impl Puller {
    /// All that the entries of an index lead to: what it says of them leaves none out, but for what is attested.
    pub(super) async fn all(
        &self,
        index: &ImageRef,
        entries: Vec<Descriptor>,
        attestations: bool,
        copied: &mut Copied,
    ) -> Result<Vec<Document>, PullError> {
        let too_much = |most: String| {
            let why = format!("it leads to more than {most}, as no builder writes it");
            SourceError::new(Kind::Protocol, format!("read all of {index}"), why).into()
        };
        let (mut level, mut all, mut seen) = (entries, Vec::new(), BTreeSet::new());
        copied.manifests.clear();
        for _ in 0..DEPTH {
            level.retain(|entry| attestations || !entry.is_attestation());
            level.retain(|entry| seen.insert(entry.digest.clone()));
            if seen.len() > ENTRIES {
                return Err(too_much(format!("{ENTRIES} images")));
            }
            let digests = level.iter().map(|entry| entry.digest.clone()).collect();
            let mut below = Vec::new();
            for (entry, mut document) in
                level.into_iter().zip(self.documents(index.repository(), digests).await?)
            {
                below.append(&mut document.manifests);
                match (&document.config, entry.is_attestation()) {
                    (Some(_), true) => copied.attestations.push(entry.digest),
                    (Some(_), false) => copied.manifests.push(entry.digest),
                    (None, _) => {}
                }
                all.push(document);
            }
            level = below;
        }
        match level.is_empty() {
            true => Ok(all),
            false => Err(too_much(format!("{DEPTH} indexes within one another"))),
        }
    }
}
