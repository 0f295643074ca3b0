//! Why an image could not be pushed.

use crate::net::{Kind, NetError, Place, Response};
use crate::oci::FolderError;

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
        /// What it answered, where that is the reason.
        status: Option<u16>,
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

    /// What to do next, where that is known.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Net { error, .. } => error.hint(),
            Self::Folder(_) | Self::Refused { .. } => None,
        }
    }

    /// A refusal, for this reason.
    pub(super) fn refused(doing: &str, why: impl Into<String>, kind: Kind) -> Self {
        Self::Refused { doing: doing.to_owned(), why: why.into(), kind, status: None }
    }

    pub(super) fn net(doing: &str, error: NetError) -> Self {
        Self::Net { doing: doing.to_owned(), error: Box::new(error) }
    }

    /// What an answer comes to that is none of those which were wanted.
    pub(super) fn answered(doing: &str, response: &Response) -> Self {
        let status = response.status();
        let kind = match status {
            401 | 403 => Kind::Denied,
            404 => Kind::NotFound,
            _ => Kind::Protocol,
        };
        let said = response.complaint().map(|said| format!(" ({said})")).unwrap_or_default();
        let why = format!("{} answered {status}{said}", Place::of(response.url()));
        Self::Refused { doing: doing.to_owned(), why, kind, status: Some(status) }
    }

    /// Whether an upload that was under way came to nothing, and one that is begun anew may not: its connection broke, or
    /// the registry has forgotten it.
    pub(super) fn is_broken_off(&self) -> bool {
        match self {
            Self::Net { error, .. } => error.may_pass(),
            Self::Refused { status, .. } => matches!(status, Some(404 | 416)),
            Self::Folder(_) => false,
        }
    }
}
