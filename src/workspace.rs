//! A repository on disk: finding its root, and reading its configuration and catalog.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::{self, Catalog, Files, ImageFiles};
use crate::document::{Problem, SourceFile};
use crate::files;

/// A repository's root and what is declared in it.
pub struct Workspace {
    /// Where `pins.lock` is.
    pub root: PathBuf,
    /// What is declared.
    pub catalog: Catalog,
    /// Whether there is a file that declares pins.
    pub configured: bool,
    declared: Declared,
}

/// The configuration's files as they were read.
type Declared = [Option<Arc<SourceFile>>; 3];

/// Why a repository could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The file system refused.
    #[error("{0} could not be read: {1}")]
    Io(PathBuf, #[source] io::Error),
    /// Mistakes in its files.
    #[error("the configuration has mistakes")]
    Problems(Vec<Problem>),
}

const CONFIGURATION: [&str; 3] = ["pins.toml", "refresh/upstreams.toml", "refresh/policy.toml"];

impl Workspace {
    /// Reads the repository that `folder` is in: the nearest folder with a configuration, or else the nearest with
    /// `.git`, or else `folder` itself, whose configuration is then empty.
    pub fn find(folder: &Path) -> Result<Self, WorkspaceError> {
        Self::read(&Self::root_of(folder))
    }

    /// The root of the repository that `folder` is in.
    pub fn root_of(folder: &Path) -> PathBuf {
        let nearest = |wanted: fn(&Path) -> bool| folder.ancestors().find(|folder| wanted(folder));
        let configured = nearest(|folder| CONFIGURATION.iter().any(|file| folder.join(file).is_file()));
        configured.or_else(|| nearest(|folder| folder.join(".git").exists())).unwrap_or(folder).into()
    }

    /// Reads the repository at `root`.
    pub fn read(root: &Path) -> Result<Self, WorkspaceError> {
        let files = read_files(root)?;
        let configured = files.pins.is_some() || files.upstreams.is_some();
        let declared = [files.pins.clone(), files.upstreams.clone(), files.policy.clone()];
        let catalog = catalog::parse(&files).map_err(WorkspaceError::Problems)?;
        Ok(Self { root: root.into(), catalog, configured, declared })
    }

    /// Whether the configuration's files still are what was read.
    pub fn is_unchanged(&self) -> Result<bool, WorkspaceError> {
        Ok(read_declared(&self.root)? == self.declared)
    }
}

fn read_files(root: &Path) -> Result<Files, WorkspaceError> {
    let [pins, upstreams, policy] = read_declared(root)?;
    Ok(Files { pins, upstreams, policy, images: read_images(root)? })
}

fn read_declared(root: &Path) -> Result<Declared, WorkspaceError> {
    let [pins, upstreams, policy] = CONFIGURATION;
    Ok([read(root, pins)?, read(root, upstreams)?, read(root, policy)?])
}

fn read(root: &Path, path: &str) -> Result<Option<Arc<SourceFile>>, WorkspaceError> {
    let full = root.join(path);
    let text = files::read_text(&full).map_err(|error| WorkspaceError::Io(full, error))?;
    Ok(text.map(|text| SourceFile::new(path, &text)))
}

/// Only folders with an `image.toml` belong to the catalog.
fn read_images(root: &Path) -> Result<Vec<ImageFiles>, WorkspaceError> {
    let folder = root.join("images");
    let entries = match std::fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(WorkspaceError::Io(folder, error)),
    };
    let mut names = Vec::new();
    for entry in entries {
        let entry = entry.map_err(|error| WorkspaceError::Io(folder.clone(), error))?;
        names.extend(entry.file_name().to_str().map(str::to_owned));
    }
    names.sort_unstable();
    let mut images = Vec::new();
    for name in names {
        // A link that leads nowhere, or in a circle, is no image either.
        if !folder.join(&name).is_dir() {
            continue;
        }
        if let Some(manifest) = read(root, &format!("images/{name}/image.toml"))? {
            let dockerfile = read(root, &format!("images/{name}/Dockerfile"))?;
            images.push(ImageFiles { folder: name, manifest, dockerfile });
        }
    }
    Ok(images)
}
