//! Copying images from registries into a layout, with the bytes that their digests name.
//!
//! Entry point: [`Puller::fetch`], for one image. What the layout has already is hashed and not asked for; `all` follows an
//! index to its end, `blob` goes on where a download broke off. `names` says in `index.json` what the images are called, and removes what nothing leads to.

mod all;
mod blob;
pub mod names;

use std::collections::{BTreeSet, HashMap};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::stream::{StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;

use crate::model::{Digest, ImageRef, MediaType, Platform, Repository};
use crate::oci::{Descriptor, Document, Folder, FolderError, Writer};
use crate::source::{ImageSource, SourceError};

/// How many blobs are under way at once. How much of a host is asked at once is limited besides.
const BLOBS: usize = 8;

/// Marks what an index holds about another of its entries, and says about which.
const REFERENCE_TYPE: &str = "vnd.docker.reference.type";
const REFERENCE_DIGEST: &str = "vnd.docker.reference.digest";

/// Which images of an index are copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Which {
    /// All that it leads to, whatever it is: what an audit looks at.
    All,
    /// Those for these platforms, as the index names them.
    Platforms(BTreeSet<Platform>),
    /// Those with these digests.
    Manifests(BTreeSet<Digest>),
}

/// What is copied of a reference.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wanted {
    /// Which images.
    pub which: Which,
    /// Whether what is attested of them comes too: where from, and what is in them.
    pub attestations: bool,
}

/// What was copied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Copied {
    /// Of what the reference names.
    pub digest: Digest,
    /// Of what the reference names.
    pub media_type: MediaType,
    /// How many bytes that is.
    pub size: u64,
    /// The images: the reference's own one, or those of its index.
    pub manifests: Vec<Digest>,
    /// The manifests of what is attested of them.
    pub attestations: Vec<Digest>,
    /// Layers that registries do not hand out: they come from elsewhere, and are not here.
    pub foreign: Vec<Digest>,
}

/// How much came, and how much was there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Pieces of content that were asked for.
    pub fetched: u64,
    /// Bytes of those that came now.
    pub fetched_bytes: u64,
    /// Bytes of those that had come before a run was ended.
    pub resumed_bytes: u64,
    /// Pieces of content that were there.
    pub there: u64,
    /// Bytes of those.
    pub there_bytes: u64,
    /// Pieces of content that were there and not what their names say: they were replaced.
    pub damaged: u64,
}

/// What is told while it goes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// So many bytes more are to come.
    Expect(u64),
    /// So many bytes came, or were there.
    Came(u64),
}

/// Why an image was not copied.
#[derive(Debug, thiserror::Error)]
pub enum PullError {
    /// A registry has not given it.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A file of the layout cannot be read.
    #[error(transparent)]
    Folder(#[from] FolderError),
    /// The layout cannot be written.
    #[error("{} cannot be written: {error}", path.display())]
    Write {
        /// The layout.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// Bytes that are not what their digest names.
    #[error("the content of {digest} of {repository} is {found}")]
    Wrong {
        /// What was asked for.
        digest: Digest,
        /// Of whom.
        repository: Repository,
        /// What came.
        found: Digest,
    },
    /// A manifest that its index does not name.
    #[error("the index {reference} does not have the manifest {digest}")]
    NotAChild {
        /// The index.
        reference: Box<ImageRef>,
        /// The manifest.
        digest: Digest,
    },
    /// A platform that an index has nothing for.
    #[error("{reference} has no image for {platform}")]
    NoPlatform {
        /// The index.
        reference: Box<ImageRef>,
        /// The platform.
        platform: Platform,
    },
}

/// Copies images into one layout. What several of them share is copied once.
pub struct Puller {
    source: ImageSource,
    writer: Arc<Writer>,
    folder: Arc<Folder>,
    /// Each piece of content is looked after by one at a time; whether it is there.
    turns: Mutex<HashMap<Digest, Turn>>,
    room: Semaphore,
    tally: Mutex<Tally>,
    told: Told,
}

type Turn = Arc<tokio::sync::Mutex<bool>>;

/// Who is told while it goes on.
pub type Told = Arc<dyn Fn(Step) + Send + Sync>;

/// An index or a manifest.
struct Read {
    digest: Digest,
    media_type: MediaType,
    size: u64,
    document: Document,
}

impl Puller {
    /// One that copies what `source` gives into the layout of `writer`, and tells `told` how far it is.
    pub fn new(source: ImageSource, writer: Writer, told: Told) -> Result<Self, PullError> {
        let folder = Arc::new(Folder::open(writer.root())?);
        let (writer, room) = (Arc::new(writer), Semaphore::new(BLOBS));
        let (turns, tally) = (Mutex::default(), Mutex::default());
        Ok(Self { source, writer, folder, turns, room, tally, told })
    }

    /// What was copied up to now.
    pub fn tally(&self) -> Tally {
        *self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where it is copied to.
    pub fn writer(&self) -> &Writer {
        &self.writer
    }

    /// What is copied already, to be read.
    pub fn folder(&self) -> &Folder {
        &self.folder
    }

    /// Copies what `reference` names: the index with its bytes, and the wanted images with their configurations and layers.
    /// It has no name in the layout until [`names::put`] gives it one.
    pub async fn fetch(&self, reference: &ImageRef, wanted: &Wanted) -> Result<Copied, PullError> {
        let repository = reference.repository();
        let root = self.manifest(reference).await?;
        let digest = root.digest.clone();
        let mut copied = Copied {
            digest: digest.clone(),
            media_type: root.media_type,
            size: root.size,
            manifests: vec![digest.clone()],
            attestations: Vec::new(),
            foreign: Vec::new(),
        };
        let mut images = vec![root.document];
        if root.media_type.is_index() {
            let children = images.pop().map(|document| document.manifests).unwrap_or_default();
            let named = ImageRef::new(repository.clone(), reference.tag().cloned(), Some(digest));
            let chosen = match &wanted.which {
                Which::All => None,
                Which::Platforms(platforms) => Some(for_platforms(&children, platforms, &named)?),
                Which::Manifests(digests) => Some(with_digests(&children, digests, &named)?),
            };
            images = match chosen {
                None => self.all(&named, children, wanted.attestations, &mut copied).await?,
                Some(chosen) => {
                    if wanted.attestations {
                        copied.attestations = attestations(&children, &chosen);
                    }
                    copied.manifests = chosen;
                    let each = copied.manifests.iter().chain(&copied.attestations).cloned().collect();
                    self.documents(repository, each).await?
                }
            };
        }
        let (foreign, blobs): (Vec<Descriptor>, Vec<Descriptor>) = images
            .into_iter()
            .flat_map(|image| image.config.into_iter().chain(image.layers))
            .partition(is_foreign);
        copied.foreign = foreign.into_iter().map(|layer| layer.digest).collect();
        blobs.iter().for_each(|blob| (self.told)(Step::Expect(blob.size.unwrap_or_default())));
        let fetches = blobs.iter().map(|blob| self.blob(repository, blob));
        futures_util::stream::iter(fetches).buffer_unordered(BLOBS).try_collect::<()>().await?;
        Ok(copied)
    }

    /// Indexes and manifests of a repository.
    async fn documents(
        &self,
        repository: &Repository,
        digests: Vec<Digest>,
    ) -> Result<Vec<Document>, PullError> {
        let read = digests.into_iter().map(|digest| async move {
            let child = ImageRef::new(repository.clone(), None, Some(digest));
            self.manifest(&child).await.map(|read| read.document)
        });
        futures_util::stream::iter(read).buffered(BLOBS).try_collect().await
    }

    /// An index or a manifest, asked for if it is not there.
    async fn manifest(&self, reference: &ImageRef) -> Result<Read, PullError> {
        let Some(digest) = reference.digest() else {
            // What a tag names, only asking tells.
            let raw = self.source.raw_manifest(reference).await?;
            let turn = self.turn(&raw.digest);
            let _mine = turn.lock().await;
            if self.kept(&raw.digest).await?.is_none() {
                self.write(&raw.digest, raw.bytes.clone()).await?;
            }
            return read(raw.digest, Some(raw.media_type), &raw.bytes, reference);
        };
        let turn = self.turn(digest);
        let _mine = turn.lock().await;
        if let Some(bytes) = self.kept(digest).await? {
            return read(digest.clone(), None, &bytes, reference);
        }
        let raw = self.source.raw_manifest(reference).await?;
        self.write(digest, raw.bytes.clone()).await?;
        read(raw.digest, Some(raw.media_type), &raw.bytes, reference)
    }

    /// A manifest that is there.
    async fn kept(&self, digest: &Digest) -> Result<Option<Vec<u8>>, PullError> {
        let (folder, name) = (Arc::clone(&self.folder), digest.clone());
        match self.blocking(move || folder.manifest(&name)).await? {
            Ok(bytes) => {
                self.count(|tally| {
                    tally.there += 1;
                    tally.there_bytes += bytes.len() as u64;
                });
                Ok(Some(bytes))
            }
            Err(error) => {
                self.judge(error)?;
                Ok(None)
            }
        }
    }

    async fn write(&self, digest: &Digest, bytes: Vec<u8>) -> Result<(), PullError> {
        let (writer, name, length) = (Arc::clone(&self.writer), digest.clone(), bytes.len() as u64);
        let written = self.blocking(move || writer.add(&name, &bytes)).await?;
        written.map_err(|error| self.unwritten(error))?;
        self.count(|tally| {
            tally.fetched += 1;
            tally.fetched_bytes += length;
        });
        Ok(())
    }

    /// That content is not there, or is damaged, is no failure: it is asked for.
    fn judge(&self, error: FolderError) -> Result<(), FolderError> {
        match error {
            error if error.is_missing() => Ok(()),
            FolderError::Corrupt { .. } | FolderError::TooLarge { .. } | FolderError::NotAFile { .. } => {
                self.count(|tally| tally.damaged += 1);
                Ok(())
            }
            error => Err(error),
        }
    }

    fn turn(&self, digest: &Digest) -> Turn {
        let mut turns = self.turns.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(turns.entry(digest.clone()).or_default())
    }

    fn count(&self, add: impl FnOnce(&mut Tally)) {
        add(&mut self.tally.lock().unwrap_or_else(PoisonError::into_inner));
    }

    /// Hashing and writing take their time: they are done where nobody else waits for it.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<T, PullError> {
        let done = tokio::task::spawn_blocking(work).await;
        done.map_err(|error| self.unwritten(io::Error::other(error)))
    }

    fn unwritten(&self, error: io::Error) -> PullError {
        PullError::Write { path: self.writer.root().to_path_buf(), error }
    }
}

fn read(
    digest: Digest,
    media_type: Option<MediaType>,
    bytes: &[u8],
    reference: &ImageRef,
) -> Result<Read, PullError> {
    let document: Document = serde_json::from_slice(bytes).map_err(|error| {
        let why = format!("it is no manifest: {error}");
        SourceError::new(crate::source::Kind::Protocol, format!("read {reference}"), why)
    })?;
    let said = media_type.or_else(|| document.media_type.as_deref()?.parse().ok());
    // OCI 1.0 left the type out of the body.
    let by_shape = || if document.config.is_some() { MediaType::OciManifest } else { MediaType::OciIndex };
    let media_type = said.unwrap_or_else(by_shape);
    Ok(Read { digest, media_type, size: bytes.len() as u64, document })
}

/// The images for some platforms among the entries of an index.
fn for_platforms(
    children: &[Descriptor],
    platforms: &BTreeSet<Platform>,
    index: &ImageRef,
) -> Result<Vec<Digest>, PullError> {
    let images = children.iter().filter(|child| !child.annotations.contains_key(REFERENCE_TYPE));
    let mut found: Vec<Digest> = Vec::new();
    for platform in platforms {
        let of = images.clone().find(|child| child.platform().as_ref() == Some(platform));
        let missing =
            || PullError::NoPlatform { reference: Box::new(index.clone()), platform: platform.clone() };
        let digest = of.ok_or_else(missing)?.digest.clone();
        if !found.contains(&digest) {
            found.push(digest);
        }
    }
    Ok(found)
}

/// The entries of an index with these digests.
fn with_digests(
    children: &[Descriptor],
    digests: &BTreeSet<Digest>,
    index: &ImageRef,
) -> Result<Vec<Digest>, PullError> {
    let named: BTreeSet<&Digest> = children.iter().map(|child| &child.digest).collect();
    match digests.iter().find(|digest| !named.contains(digest)) {
        None => Ok(digests.iter().cloned().collect()),
        Some(digest) => {
            let reference = Box::new(index.clone());
            Err(PullError::NotAChild { reference, digest: digest.clone() })
        }
    }
}

/// What an index holds about these of its images.
pub(super) fn attestations(children: &[Descriptor], images: &[Digest]) -> Vec<Digest> {
    let about = |child: &&Descriptor| {
        let of = child.annotations.get(REFERENCE_DIGEST).and_then(|digest| digest.parse::<Digest>().ok());
        child.annotations.contains_key(REFERENCE_TYPE) && of.is_some_and(|of| images.contains(&of))
    };
    children.iter().filter(about).map(|child| child.digest.clone()).collect()
}

/// Whether a layer is one of those that registries do not hand out.
pub(super) fn is_foreign(layer: &Descriptor) -> bool {
    layer.media_type.contains(".foreign.") || layer.media_type.contains(".nondistributable.")
}
