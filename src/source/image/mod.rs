//! Image repositories: tags, manifests, platforms.
//!
//! Entry point: [`ImageSource`]. `tags` reads tag lists, `content` is what the bytes of a manifest say, and this file
//! asks for those bytes and checks them. `anatomy` asks what images are made of, for people to compare: `described` is
//! what manifests and configurations say about that, `inventory` what is installed. `kept` is what was read in earlier runs. `copy` is for who wants the bytes themselves.

mod anatomy;
mod answer;
mod bytes;
mod content;
mod copy;
mod described;
mod inventory;
mod kept;
mod making;
mod tags;

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::fmt;
use std::sync::Arc;

use futures_util::stream::{StreamExt as _, TryStreamExt as _};
use tokio::sync::Semaphore;

use self::anatomy::Inventory;
use self::answer::{agrees, checked, claimed};
use self::content::{Child, Claims, Content};
pub use self::copy::{Poured, RawManifest};
use self::described::{Entries, Single};
use super::SourceError;
use super::memo::Memo;
use crate::cache::Cache;
use crate::model::{Configuration, Digest, Make, Manifest, MediaType, Platform, Repository, Tag, TagList};
use crate::net::{Asked, Client, Deadline, Kind, Request, Response};

/// How many manifests of one index are fetched at most because it does not name their platforms.
const CHILDREN: usize = 100;

/// How many times the limit for the next bytes a manifest may take, with all that has to be asked to know its platforms.
const WHOLE: u32 = 10;

/// Reads image repositories. Clones share what was answered.
#[derive(Clone)]
pub struct ImageSource {
    client: Client,
    cache: Cache,
    memory: Arc<Memory>,
    /// Until when what is asked for belongs to one answer.
    deadline: Option<Deadline>,
}

struct Memory {
    tags: Memo<Repository, Arc<TagList>>,
    heads: Memo<(Repository, Tag), Option<Digest>>,
    manifests: Memo<(Repository, Reference), Arc<Manifest>>,
    served: Memo<(Repository, Digest), ()>,
    entries: Memo<(Repository, Digest), Arc<Entries>>,
    singles: Memo<(Repository, Digest), Arc<Single>>,
    configurations: Memo<(Repository, Digest), Arc<Configuration>>,
    inventories: Memo<(Repository, Digest, Digest), Inventory>,
    inventory_readers: Semaphore,
}

impl Default for Memory {
    fn default() -> Self {
        Self {
            tags: Memo::default(),
            heads: Memo::default(),
            manifests: Memo::default(),
            served: Memo::default(),
            entries: Memo::default(),
            singles: Memo::default(),
            configurations: Memo::default(),
            inventories: Memo::default(),
            inventory_readers: Semaphore::new(anatomy::INVENTORIES),
        }
    }
}

/// An image of one platform.
struct Image {
    platform: Platform,
    digest: Digest,
    claims: Claims,
}

/// What a manifest is asked for by.
#[derive(Clone, PartialEq, Eq, Hash)]
enum Reference {
    Tag(Tag),
    Digest(Digest),
}

impl Reference {
    fn digest(&self) -> Option<&Digest> {
        match self {
            Self::Tag(_) => None,
            Self::Digest(digest) => Some(digest),
        }
    }

    fn in_repository(&self, repository: &Repository) -> String {
        match self {
            Self::Tag(tag) => format!("{repository}:{tag}"),
            Self::Digest(digest) => format!("{repository}@{digest}"),
        }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

impl fmt::Debug for ImageSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ImageSource").finish_non_exhaustive()
    }
}

impl ImageSource {
    /// A source for one run, which remembers nothing of earlier ones.
    pub fn new(client: Client) -> Self {
        Self::caching(client, Cache::none())
    }

    /// A source for one run, which does not ask for content that is in `cache`.
    pub fn caching(client: Client, cache: Cache) -> Self {
        let memory = Arc::default();
        Self { client, cache, memory, deadline: None }
    }

    /// All tags, in the registry's order; what is not a valid tag is dropped. One may stand twice.
    pub async fn tags(&self, repository: &Repository) -> Result<Arc<TagList>, SourceError> {
        let list = async { tags::list(&self.client, &self.cache, repository).await.map(Arc::new) };
        self.memory.tags.get(repository.clone(), list).await
    }

    /// The digest that the registry claims for `tag`; `None` where it does not say.
    pub async fn head(&self, repository: &Repository, tag: &Tag) -> Result<Option<Digest>, SourceError> {
        let key = (repository.clone(), tag.clone());
        let ask = async {
            let reference = Reference::Tag(tag.clone());
            let Some(response) = self.ask_head(repository, &reference).await? else {
                return self.by_tag(repository, tag).await.map(|manifest| Some(manifest.digest.clone()));
            };
            // Whoever needs a claim where there is none asks for the content.
            Ok(claimed(&response))
        };
        self.memory.heads.get(key, ask).await
    }

    /// What `tag` names now.
    pub async fn by_tag(&self, repository: &Repository, tag: &Tag) -> Result<Arc<Manifest>, SourceError> {
        let reference = Reference::Tag(tag.clone());
        let key = (repository.clone(), reference.clone());
        let read = async { self.hurried().read_manifest(repository, &reference).await.map(Arc::new) };
        self.memory.manifests.get(key, read).await
    }

    /// What `digest` names, where it is served; its bytes are checked.
    pub async fn by_digest(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Arc<Manifest>, SourceError> {
        let reference = Reference::Digest(digest.clone());
        let key = (repository.clone(), reference.clone());
        let read = async {
            // What an earlier run has read may be gone there.
            if self.is_kept(digest) {
                self.check_served(repository, digest).await?;
            }
            self.hurried().read_manifest(repository, &reference).await.map(Arc::new)
        };
        self.memory.manifests.get(key, read).await
    }

    /// Whether the registry still serves `digest`.
    pub async fn is_served(&self, repository: &Repository, digest: &Digest) -> Result<bool, SourceError> {
        match self.check_served(repository, digest).await {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == Kind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Fails where `digest` is not served.
    async fn check_served(&self, repository: &Repository, digest: &Digest) -> Result<(), SourceError> {
        let reference = Reference::Digest(digest.clone());
        let ask = async {
            match self.ask_head(repository, &reference).await? {
                Some(response) => agrees(&response, repository, digest),
                None => self.asked_for(repository, &reference, content::read).await.map(drop),
            }
        };
        self.memory.served.get((repository.clone(), digest.clone()), ask).await
    }

    /// The headers of a manifest; `None` where the registry does not answer HEAD.
    async fn ask_head(
        &self,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<Option<Response>, SourceError> {
        let asked = || format!("read {}", reference.in_repository(repository));
        let (endpoint, request) = self.manifest_request(Asked::Head, repository, reference)?;
        let sent = self.client.send(&request).await;
        let response = sent.map_err(|error| SourceError::net(asked(), &error))?;
        match response.status() {
            405 | 501 => Ok(None),
            _ => checked(response, &endpoint, asked).map(Some),
        }
    }

    /// The same source, all of whose answers together may take only so long.
    fn hurried(&self) -> Self {
        let limit = self.client.settings().timeout.saturating_mul(WHOLE);
        Self { deadline: Some(Deadline::within(limit)), ..self.clone() }
    }

    /// `request` under the deadline, if there is one.
    fn in_time(&self, request: Request) -> Request {
        match &self.deadline {
            Some(deadline) => request.until(deadline),
            None => request,
        }
    }

    async fn read_manifest(
        &self,
        repository: &Repository,
        reference: &Reference,
    ) -> Result<Manifest, SourceError> {
        let (digest, content) = self.content(repository, reference).await?;
        let (media_type, images) = match content {
            Content::Single(media_type, configuration, claims) => {
                let platform = self.platform(repository, reference, &configuration).await;
                let platform = platform.map_err(SourceError::of_part)?;
                (media_type, vec![Image { platform, digest: digest.clone(), claims }])
            }
            Content::Index(media_type, children) => {
                (media_type, self.children(repository, reference, children).await?)
            }
        };
        Ok(manifest_of(digest, media_type, images))
    }

    /// The images of an index, in its order, those that do not name their platform asked for it.
    async fn children(
        &self,
        repository: &Repository,
        reference: &Reference,
        children: Vec<Child>,
    ) -> Result<Vec<Image>, SourceError> {
        let nameless = children.iter().filter(|child| child.platform.is_none()).count();
        if nameless > CHILDREN {
            let asked = format!("read {}", reference.in_repository(repository));
            let why = format!("its index has {nameless} entries without a platform");
            return Err(SourceError::new(Kind::Protocol, asked, why));
        }
        let named = children.into_iter().map(|child| async move {
            let Child { digest, platform, claims } = child;
            let platform = match platform {
                Some(platform) => Some(platform),
                None => self.platform_of(repository, &digest).await.map_err(SourceError::of_part)?,
            };
            Ok(platform.map(|platform| Image { platform, digest, claims }))
        });
        let found: Vec<_> = futures_util::stream::iter(named).buffered(8).try_collect().await?;
        Ok(found.into_iter().flatten().collect())
    }

    /// The platform of a child of an index, as its own configuration names it; `None` where it is no image.
    async fn platform_of(
        &self,
        repository: &Repository,
        digest: &Digest,
    ) -> Result<Option<Platform>, SourceError> {
        let reference = Reference::Digest(digest.clone());
        match self.content(repository, &reference).await? {
            (_, Content::Single(_, configuration, _)) => {
                let platform = self.platform(repository, &reference, &configuration).await?;
                Ok((!platform.is_unknown()).then_some(platform))
            }
            (_, Content::Index(..)) => Ok(None),
        }
    }

    /// What the image that `digest` names is made of; `None` where it is an index.
    pub async fn make(&self, repository: &Repository, digest: &Digest) -> Result<Option<Make>, SourceError> {
        let reference = Reference::Digest(digest.clone());
        match self.content(repository, &reference).await? {
            (_, Content::Single(_, configuration, _)) => {
                let read = making::make_of_configuration;
                self.configuration(repository, &reference, &configuration, read).await.map(Some)
            }
            (_, Content::Index(..)) => Ok(None),
        }
    }
}

/// What a manifest says of these images, in its order.
fn manifest_of(digest: Digest, media_type: MediaType, images: Vec<Image>) -> Manifest {
    let (mut platforms, mut bases, mut revisions) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
    for Image { platform, digest, claims } in images {
        // Of two images for one platform, builders take the first.
        if let Entry::Vacant(first) = platforms.entry(platform.clone()) {
            first.insert(digest);
            bases.extend(claims.base.map(|base| (platform.clone(), base)));
            revisions.extend(claims.revision.map(|revision| (platform, revision)));
        }
    }
    Manifest { digest, media_type, platforms, bases, revisions }
}
