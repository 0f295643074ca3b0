//! What is emitted into a file: replaced whole, only where it differs, and never a file that people write.

use std::io;
use std::path::{Path, PathBuf};

use crate::cli::network::named_files;
use crate::cli::session::Session;
use crate::emit::is_emitted_bake;
use crate::error::{Error, Status};
use crate::files::{self, resolved};
use crate::scan::{self, Format, dockerfile};
use crate::workspace::Workspace;

/// A file that is emitted.
pub(super) struct Written<'a> {
    /// As it was given.
    given: &'a Path,
    /// Where it is.
    path: PathBuf,
}

impl<'a> Written<'a> {
    /// Refuses what is no file, and what this program reads.
    pub(super) fn new(session: &Session<'_>, workspace: &Workspace, given: &'a Path) -> Result<Self, Error> {
        let path = session.folder()?.join(given);
        let refuse = |why: &str| {
            let error = Error::usage(format!("nothing is written to {}: {why}", given.display()));
            Err(error.hint("name a file of its own; without --output it is printed"))
        };
        match std::fs::metadata(&path) {
            Ok(there) if there.is_dir() => return refuse("it is a folder"),
            // A rename would put a file in the place of a device or a pipe.
            Ok(there) if !there.is_file() => return refuse("it is no regular file"),
            Ok(_) | Err(_) => {}
        }
        // What such a name leads to is somebody's open file, which would be replaced by another.
        if path.starts_with("/dev") || path.starts_with("/proc") {
            return refuse("it is no file of its own; `-` is standard output");
        }
        if path.file_name().is_none() || given.as_os_str().as_encoded_bytes().ends_with(b"/") {
            return refuse("it names no file");
        }
        let named = named_files(session.app, workspace)?;
        match is_read(workspace, &named, &path) || is_of_people(&path) {
            true => refuse("it is a file that people write and solera-pin reads, or pins.lock"),
            false => Ok(Self { given, path }),
        }
    }

    /// Writes the text where the file has another, and says so.
    pub(super) fn write(&self, session: &mut Session<'_>, text: &str) -> Result<Status, Error> {
        let is_new = match self.content()? {
            Some(there) if there == text.as_bytes() => return Ok(Status::Done),
            there => there.is_none(),
        };
        let failed = |error: io::Error| {
            Error::usage(format!("{} could not be written: {error}", self.given.display()))
        };
        files::replace(&self.path, text.as_bytes()).map_err(failed)?;
        let what = if is_new { "is new" } else { "was written anew" };
        session
            .output
            .note(&format!("{} {what}\n", crate::report::harmless(&self.given.display().to_string())));
        Ok(Status::Done)
    }

    /// Whether the file has the text; writes nothing.
    pub(super) fn check(&self, text: &str, command: &str) -> Result<Status, Error> {
        let (given, there) = (self.given.display(), self.content()?);
        let stale = match there {
            Some(there) if there == text.as_bytes() => return Ok(Status::Done),
            Some(_) => format!("{given} is stale: it is not what pins.lock and the declarations say now"),
            None => format!("{given} is not there"),
        };
        Err(Error::new(Status::Failed, stale).hint(format!("run `{command}`")))
    }

    fn content(&self) -> Result<Option<Vec<u8>>, Error> {
        match std::fs::read(&self.path) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                Ok(None)
            }
            Err(error) => Err(Error::usage(format!("{} could not be read: {error}", self.given.display()))),
        }
    }
}

/// Whether there is a file whose references are looked at, and that nobody has emitted.
fn is_of_people(path: &Path) -> bool {
    let text = files::read_text(path).ok().flatten();
    match (scan::format(&path.to_string_lossy()), text) {
        (None | Some(Format::Json), _) | (_, None) => false,
        (Some(Format::BakeJson), Some(text)) => !is_emitted_bake(&text),
        // `Dockerfile.env` may be anything.
        (Some(Format::Dockerfile), Some(text)) => {
            dockerfile::instructions(&text).iter().any(|instruction| instruction.keyword == "FROM")
        }
        // JSON is YAML too.
        (Some(_), Some(text)) => serde_json::from_str::<serde_json::Value>(&text).is_err(),
    }
}

/// Whether a path is that of the lock, of a declaration, of a file that an image is made of or one that is `named` in the
/// configuration, under whatever name.
fn is_read(workspace: &Workspace, named: &[PathBuf], path: &Path) -> bool {
    let catalog = &workspace.catalog;
    let fixed = ["pins.lock", "pins.toml", "refresh/upstreams.toml", "refresh/policy.toml"];
    let keyrings = catalog.declarations.values().filter_map(|declaration| declaration.signed_by());
    let images = catalog
        .images
        .values()
        .flat_map(|image| [image.dockerfile.path.clone(), format!("images/{}/image.toml", image.name)]);
    let read = fixed.into_iter().chain(keyrings).map(str::to_owned).chain(images);
    let path = resolved(path);
    let below = |folder: &str| path.starts_with(resolved(&workspace.root.join(folder)));
    below(".git")
        || below("images")
        || read.into_iter().any(|file| resolved(&workspace.root.join(file)) == path)
        || named.iter().any(|file| resolved(file) == path)
}
