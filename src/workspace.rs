//! A repository on disk: finding its root, and reading its configuration and catalog.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::catalog::{self, Catalog, Declaration, Files, ImageFiles};
use crate::document::{Problem, SourceFile};
use crate::openpgp::Keyring;
use crate::tree::{Tree, TreeError, WorkTree};

/// A repository's root and what is declared in it.
pub struct Workspace {
    /// Where `pins.lock` is.
    pub root: PathBuf,
    /// What is declared.
    pub catalog: Catalog,
    /// Whether there is a file that declares pins.
    pub configured: bool,
    declared: Declared,
    keyrings: Keyrings,
}

/// The bytes of each declared keyring, or why there are none.
type Keyrings = BTreeMap<String, Result<Vec<u8>, String>>;

/// The configuration's files as they were read.
type Declared = [Option<Arc<SourceFile>>; 3];

/// Why a repository could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// A file could not be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
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
        Self::of(root, &WorkTree::new(root))
    }

    /// Reads what `tree` has of the repository at `root`.
    pub fn of(root: &Path, tree: &dyn Tree) -> Result<Self, WorkspaceError> {
        let files = read_files(tree)?;
        let configured = files.pins.is_some() || files.upstreams.is_some();
        let declared = [files.pins.clone(), files.upstreams.clone(), files.policy.clone()];
        let catalog = catalog::parse(&files).map_err(WorkspaceError::Problems)?;
        let keyrings = read_keyrings(tree, &catalog);
        Ok(Self { root: root.into(), catalog, configured, declared, keyrings })
    }

    /// What decides about pins: the configuration's files, whether they are there or not, and the keyrings of the
    /// repository.
    pub fn files(&self) -> Vec<String> {
        let keyrings = self.keyrings.keys().filter(|path| !path.starts_with('/')).map(String::as_str);
        CONFIGURATION.into_iter().chain(keyrings).map(str::to_owned).collect()
    }

    /// The keyring that a pin declares, or why it is of no use; none where it declares none.
    pub fn keyring(&self, declaration: &Declaration) -> Option<Result<Arc<Keyring>, String>> {
        let path = declaration.signed_by()?;
        let bytes = self.keyrings.get(path)?.as_ref().map_err(String::clone);
        let read = |bytes| Keyring::parse(bytes).map_err(|error| format!("{path}: {error}"));
        Some(bytes.and_then(|bytes| read(bytes)).map(Arc::new))
    }

    /// Whether the configuration's files still are what was read.
    pub fn is_unchanged(&self) -> Result<bool, WorkspaceError> {
        Ok(read_declared(&WorkTree::new(&self.root))? == self.declared)
    }
}

/// One that cannot be read concerns only the pins that name it.
fn read_keyrings(tree: &dyn Tree, catalog: &Catalog) -> Keyrings {
    let paths = catalog.declarations.values().filter_map(Declaration::signed_by);
    let read = |path: &str| {
        // By an absolute path it is the machine's, and not the repository's.
        let bytes = match path.strip_prefix('/') {
            Some(below) => WorkTree::new(Path::new("/")).read(below),
            None => tree.read(path),
        };
        let bytes = bytes.map_err(|error| error.to_string())?;
        bytes.ok_or_else(|| format!("the keyring {path} is not there"))
    };
    paths.map(|path| (path.to_owned(), read(path))).collect()
}

fn read_files(tree: &dyn Tree) -> Result<Files, WorkspaceError> {
    let [pins, upstreams, policy] = read_declared(tree)?;
    Ok(Files { pins, upstreams, policy, images: read_images(tree)? })
}

fn read_declared(tree: &dyn Tree) -> Result<Declared, WorkspaceError> {
    let [pins, upstreams, policy] = CONFIGURATION;
    Ok([read(tree, pins)?, read(tree, upstreams)?, read(tree, policy)?])
}

fn read(tree: &dyn Tree, path: &str) -> Result<Option<Arc<SourceFile>>, WorkspaceError> {
    let Some(bytes) = tree.read(path)? else {
        return Ok(None);
    };
    let text = String::from_utf8(bytes).map_err(|_| {
        let error = io::Error::new(io::ErrorKind::InvalidData, "it is not UTF-8");
        WorkspaceError::Tree(TreeError::Io(path.into(), error))
    })?;
    Ok(Some(SourceFile::new(path, &text)))
}

/// Only folders with an `image.toml` belong to the catalog.
fn read_images(tree: &dyn Tree) -> Result<Vec<ImageFiles>, WorkspaceError> {
    let mut images = Vec::new();
    for name in tree.folders("images")? {
        if let Some(manifest) = read(tree, &format!("images/{name}/image.toml"))? {
            let path = format!("images/{name}/Dockerfile");
            let dockerfile = tree.read(&path)?.map(|bytes| SourceFile::from_bytes(path, bytes));
            images.push(ImageFiles { folder: name, manifest, dockerfile });
        }
    }
    Ok(images)
}
