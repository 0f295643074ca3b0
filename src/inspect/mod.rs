//! Drives the audit: finds what an image says of itself, reads the lock of the revision that it names, and compares.
//!
//! Entry points: [`Auditor::folder`] for images in an OCI layout, [`Auditor::registry`] for one of a registry, [`Auditor::file`]
//! for provenance alone. `copy` brings images here, `attested` reads what they say and what is attested of them, `revision`
//! finds the commit to compare with, `base` the locked images that they are built from; `record` reads dpkg's record from layers,
//! `packages` compares it with the base and with the lists of locked suites.
//!
//! What an image says of itself chooses the revision and nothing else: what counts is that everything it was built from is
//! in the lock of a commit that is in this repository.

mod attested;
mod base;
mod copy;
mod packages;
mod record;
mod revision;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::audit::{Finding, Locked, NO_PROVENANCE, NOT_UNDERSTOOD, OTHER_SUBJECT};
use crate::document::meant;
use crate::error::{Error, Status};
use crate::lock::Lock;
use crate::model::{Digest, ImageName, ImageRef, Platform, harmless};
use crate::oci::{Folder, FolderError, Image};
use crate::provenance::{Built, Provenance, ProvenanceError, Steps, read_file};
use crate::resolve::Sources;
use crate::workspace::Workspace;

use attested::{Attested, Statements};
use copy::Copy;
pub use packages::Counted;
use revision::{Claims, State};

/// The lock that images are compared with.
#[derive(Clone, Copy, Debug)]
pub enum Compare<'a> {
    /// That of the revision that each image names.
    Named,
    /// That of this revision; an image that names another is told.
    Revision(&'a str),
    /// This one, which is in no commit yet.
    Here(&'a Lock),
}

/// What is compared, and with what.
pub struct Auditor<'a> {
    /// The repository as it is now.
    pub workspace: &'a Workspace,
    /// The lock to compare with.
    pub compare: Compare<'a>,
    /// The image of the catalog that it should be, where that is known: then only what it reads may have been used.
    pub image: Option<&'a ImageName>,
    /// What its builder says, for images with nothing attested of them.
    pub stated: Vec<Built>,
    /// Who is asked about bases and packages.
    pub sources: &'a Sources,
    /// The time of the run.
    pub now: jiff::Timestamp,
    states: Mutex<BTreeMap<String, Arc<State>>>,
}

/// What the audit says of one image, for one platform.
#[derive(Debug, Default)]
pub struct Audited {
    /// The target that it was built from, where a file has several.
    pub target: Option<String>,
    /// The platform, where that is known.
    pub platform: Option<Platform>,
    /// Its manifest, where there is one.
    pub manifest: Option<Digest>,
    /// The commit whose lock it was compared with.
    pub revision: Option<String>,
    /// How many things from outside its provenance names; none where it has no provenance.
    pub materials: Option<usize>,
    /// Its `RUN` steps that had the network.
    pub steps: Steps,
    /// Its packages.
    pub packages: Option<Counted>,
    /// What it has and should not have.
    pub findings: Vec<Finding>,
    /// What a person should know.
    pub notes: Vec<String>,
    /// What could not be found out.
    pub failures: Vec<Error>,
}

impl Audited {
    /// What it amounts to.
    pub fn status(&self) -> Status {
        let found = if self.findings.is_empty() { Status::Done } else { Status::Failed };
        self.failures.iter().map(|failure| failure.status).fold(found, Status::max)
    }

    fn found(&mut self, rule: &'static str, message: impl Into<String>, help: &str) {
        let (platform, message) = (self.platform.clone(), message.into());
        self.findings.push(Finding { rule, platform, subject: String::new(), message, help: help.into() });
    }

    /// Takes note of content that cannot be trusted. What only this machine cannot read is nobody's fault.
    fn distrust(&mut self, error: FolderError) {
        let error = unreadable(error);
        match error.status {
            Status::Failed => self.found(NOT_UNDERSTOOD, harmless(&error.message), DO_NOT_TRUST),
            _ => self.failures.push(error),
        }
    }
}

impl<'a> Auditor<'a> {
    /// An auditor that compares with the revision that each image names.
    pub fn new(workspace: &'a Workspace, sources: &'a Sources, now: jiff::Timestamp) -> Self {
        let (compare, stated, states) = (Compare::Named, Vec::new(), Mutex::default());
        Self { workspace, compare, image: None, stated, sources, now, states }
    }

    /// Compares what a file with provenance names: one of `docker buildx build --metadata-file`, or a statement.
    pub fn file(&self, bytes: &[u8]) -> Result<Vec<Audited>, Error> {
        let built = read_file(bytes).map_err(|error| malformed(&error))?;
        if built.is_empty() {
            let mut audited = Audited::default();
            audited.found(NO_PROVENANCE, "the file has no provenance", ASK_FOR_IT);
            return Ok(vec![audited]);
        }
        built.into_iter().map(|built| self.built(built)).collect()
    }

    fn built(&self, built: Built) -> Result<Audited, Error> {
        let Built { target, platform, provenance, .. } = built;
        let mut audited = Audited { target, platform, ..Audited::default() };
        let Some(provenance) = provenance else {
            audited.found(NO_PROVENANCE, "the file has no provenance of it", ASK_FOR_IT);
            return Ok(audited);
        };
        audited.materials = Some(provenance.materials.len());
        let claims = Claims::default().and_of(&provenance);
        if let Some(state) = self.state(&claims, &mut audited)? {
            self.materials(&state, &provenance, &mut audited)?;
        }
        audited.steps = provenance.steps;
        Ok(audited)
    }

    /// Compares every image of an OCI layout, or of what it has under a name. One that was filled for some platforms has no
    /// others that could be run: that they are not there is told.
    pub async fn folder(&self, folder: &Arc<Folder>, name: Option<&str>) -> Result<Vec<Audited>, Error> {
        let (mut all, missing) = self.images(folder, name).await?;
        if let (Some(first), true) = (all.first_mut(), missing > 0) {
            first
                .notes
                .push(format!("{missing} more that its indexes name are not there, and were not looked at"));
        }
        Ok(all)
    }

    /// Compares every image that a reference to a registry leads to.
    pub async fn registry(&self, reference: &ImageRef) -> Result<Vec<Audited>, Error> {
        let copy = Copy::of(&self.sources.images, reference).await?;
        let (mut all, missing) = self.images(&copy.folder, Some(&copy.name)).await?;
        if let (Some(first), true) = (all.first_mut(), missing > 0) {
            let what = format!("{missing} of what its indexes name did not come, and could be any image");
            first.failures.push(Error::new(Status::Incomplete, what));
        }
        Ok(all)
    }

    /// Compares every image; how many that indexes name are not there.
    async fn images(&self, folder: &Arc<Folder>, name: Option<&str>) -> Result<(Vec<Audited>, usize), Error> {
        let walk = match attested::find(folder, name) {
            Ok(Some(walk)) => walk,
            Ok(None) => {
                let what = name.map(|name| format!(" called `{name}`")).unwrap_or_default();
                return Err(Error::usage(format!("{} has no image{what}", folder.root().display())));
            }
            Err(error) => {
                let mut audited = Audited::default();
                audited.distrust(error);
                return Ok((vec![audited], 0));
            }
        };
        let mut all = Vec::new();
        for image in walk.images {
            all.push(self.image(folder, image).await?);
        }
        if all.is_empty() {
            let mut audited = Audited::default();
            audited.found(NOT_UNDERSTOOD, "there is no image in it", DO_NOT_TRUST);
            all.push(audited);
        }
        Ok((all, walk.missing.len()))
    }

    async fn image(&self, folder: &Arc<Folder>, image: Image) -> Result<Audited, Error> {
        let (platform, manifest) = (image.entry.platform(), Some(image.manifest.clone()));
        let mut audited = Audited { platform, manifest, ..Audited::default() };
        let image = match attested::read(folder, image) {
            Ok(image) => image,
            Err(error) => {
                audited.distrust(error);
                return Ok(audited);
            }
        };
        audited.platform = image.platform.clone();
        let used = self.stated(&image, &mut audited);
        let claims = used.iter().fold(image.claims.clone(), |claims, provenance| claims.and_of(provenance));
        let claims = self.own_claims(claims, &image, &used, &mut audited.notes).await;
        let Some(state) = self.state(&claims, &mut audited)? else { return Ok(audited) };
        for provenance in &used {
            self.materials(&state, provenance, &mut audited)?;
        }
        self.packages(folder, &image, &used, &state, &mut audited).await?;
        Ok(audited)
    }

    /// What is stated of an image.
    fn stated<'s>(&'s self, image: &'s Attested, audited: &mut Audited) -> Vec<&'s Provenance> {
        let statements = match &image.statements {
            Statements::Read(statements) => statements.as_slice(),
            Statements::Unreadable(why) => {
                audited.found(NO_PROVENANCE, format!("its provenance cannot be read: {why}"), ASK_FOR_IT);
                return Vec::new();
            }
        };
        for statement in statements {
            // Builders name nothing where an image has no name: then what names the image is the index alone.
            if !statement.subjects.is_empty() && !statement.subjects.contains(&image.manifest) {
                let help = "do not trust it: somebody has put the provenance of one image beside another";
                audited.found(OTHER_SUBJECT, "its provenance is about another image", help);
            }
        }
        let mut used: Vec<&Provenance> = statements.iter().map(|statement| &statement.provenance).collect();
        if used.is_empty() {
            let is_it = |built: &&Built| built.platform.is_none() || built.platform == image.platform;
            used.extend(self.stated.iter().filter(is_it).filter_map(|built| built.provenance.as_ref()));
        }
        match used.is_empty() {
            true => audited.found(NO_PROVENANCE, "the image has no provenance", ASK_FOR_IT),
            false => audited.materials = Some(used.iter().map(|provenance| provenance.materials.len()).sum()),
        }
        for provenance in &used {
            audited.steps = std::mem::take(&mut audited.steps).and(&provenance.steps);
        }
        used
    }

    fn materials(&self, state: &State, provenance: &Provenance, audited: &mut Audited) -> Result<(), Error> {
        let found = self.locked(state)?.materials(provenance, audited.platform.as_ref());
        audited.findings.extend(found);
        if provenance.revision.as_ref().is_some_and(|revision| revision.dirty) {
            let note =
                "it was built from a work tree with changes: its own files are not those of the revision";
            audited.notes.push(note.into());
        }
        Ok(())
    }

    /// The lock as far as the image may use it.
    fn locked<'s>(&self, state: &'s State) -> Result<Locked<'s>, Error>
    where
        'a: 's,
    {
        let mut locked = Locked::new(&state.lock);
        if let Some(commit) = &state.commit {
            locked = locked.at(commit);
        }
        let Some(name) = self.image else { return Ok(locked) };
        let catalog = state.catalog(self.workspace);
        let image = catalog.images.get(name).ok_or_else(|| {
            let at = state.commit.as_ref().map(|commit| format!(" at {commit}")).unwrap_or_default();
            let error = Error::new(Status::Failed, format!("no image of the catalog is called `{name}`{at}"));
            match meant(name.as_str(), catalog.images.keys().map(ImageName::as_str)) {
                Some(known) => error.hint(format!("did you mean `{known}`?")),
                None => error.hint("name the image as its folder of images/ was called then"),
            }
        })?;
        Ok(locked.read_by(image.pins()).built_on(&image.runtime_base))
    }

    /// The states that were read, by the revision that was asked for.
    fn known(&self) -> std::sync::MutexGuard<'_, BTreeMap<String, Arc<State>>> {
        self.states.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The root of the repository.
    fn root(&self) -> &Path {
        &self.workspace.root
    }
}

const ASK_FOR_IT: &str = "build with `--provenance=mode=max`, and write it to a registry or an OCI layout: other outputs \
    keep none";

const DO_NOT_TRUST: &str = "no builder writes that, and no registry takes it: do not trust it";

fn malformed(error: &ProvenanceError) -> Error {
    Error::usage(format!("the provenance cannot be read: {error}"))
        .hint("it is what `docker buildx build --metadata-file FILE` writes, or an in-toto statement")
}

/// What is wrong with a layout. Bytes that are not what they are called are an alarm; what is no layout, or cannot be read on
/// this machine, was not meant; all else is one that nobody should trust.
#[expect(clippy::needless_pass_by_value, reason = "it is what `map_err` gives")]
pub(crate) fn unreadable(error: FolderError) -> Error {
    let status = match &error {
        FolderError::Corrupt { .. } => Status::Alarm,
        FolderError::NotALayout { .. } => Status::Usage,
        FolderError::Read { .. } if !error.is_missing() => Status::Usage,
        _ => Status::Failed,
    };
    Error::new(status, error.to_string())
}

#[cfg(test)]
mod tests;
