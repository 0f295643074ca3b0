//! Image references: a repository with a tag, a digest, both or neither.

use std::fmt;
use std::str::FromStr;

use super::{Digest, DigestError, Repository, RepositoryError, Tag, TagError};

/// `repository[:tag][@digest]`, the repository in its canonical form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImageRef {
    repository: Repository,
    tag: Option<Tag>,
    digest: Option<Digest>,
}

/// Why a text is not an image reference.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ImageRefError {
    /// The part before tag and digest.
    #[error(transparent)]
    Repository(#[from] RepositoryError),
    /// The part after the last colon.
    #[error(transparent)]
    Tag(#[from] TagError),
    /// The part after `@`.
    #[error(transparent)]
    Digest(#[from] DigestError),
}

impl ImageRef {
    /// A reference of these parts.
    pub fn new(repository: Repository, tag: Option<Tag>, digest: Option<Digest>) -> Self {
        Self { repository, tag, digest }
    }

    /// Where the image is.
    pub fn repository(&self) -> &Repository {
        &self.repository
    }

    /// The tag as written; `latest` is not filled in.
    pub fn tag(&self) -> Option<&Tag> {
        self.tag.as_ref()
    }

    /// The digest as written.
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }
}

impl FromStr for ImageRef {
    type Err = ImageRefError;

    fn from_str(text: &str) -> Result<Self, ImageRefError> {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest.parse()?)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port or IPv6 address.
        let name_start = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (repository, tag) = match rest[name_start..].find(':') {
            Some(colon) => (&rest[..name_start + colon], Some(rest[name_start + colon + 1..].parse()?)),
            None => (rest, None),
        };
        Ok(Self { repository: repository.parse()?, tag, digest })
    }
}

impl fmt::Display for ImageRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        match &self.digest {
            Some(digest) => write!(f, "@{digest}"),
            None => Ok(()),
        }
    }
}

super::text_type!(ImageRef);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_tag_and_digest() {
        let digest = Digest::sha256(b"x");
        for (text, canonical) in [
            ("rust:1.88-slim-bookworm".to_owned(), "docker.io/library/rust:1.88-slim-bookworm".to_owned()),
            (format!("rust:1@{digest}"), format!("docker.io/library/rust:1@{digest}")),
            (format!("localhost:5000/a@{digest}"), format!("localhost:5000/a@{digest}")),
            ("[::1]:5000/a:b".into(), "[::1]:5000/a:b".into()),
            ("host:5000/a".into(), "host:5000/a".into()),
        ] {
            assert_eq!(text.parse::<ImageRef>().unwrap().to_string(), canonical);
        }
    }

    #[test]
    fn says_which_part_is_wrong() {
        let says = |text: &str| text.parse::<ImageRef>().unwrap_err().to_string();
        assert!(says("rust:").contains("not a tag"));
        assert!(says("rust@sha256:1").contains("hexadecimal digits"));
        assert!(says("Rust:1").contains("lower case"), "{}", says("Rust:1"));
        assert!(says(":1").contains("names no repository"));
    }
}
