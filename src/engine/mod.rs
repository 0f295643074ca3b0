//! Builders as child processes: what they are told of an image, and what becomes of it.
//!
//! `recipe` is what an image is built from, `outside` what of it no lock has, `buildx` and `buildah` make command lines of it (pure), `run` runs them. What is
//! built lands in an OCI layout: it is looked at there before anybody else gets it.

mod buildah;
mod buildx;
mod outside;
mod recipe;
mod run;

use std::ffi::OsString;
use std::fmt;
use std::path::Path;

pub use outside::{bases, outside};
pub use recipe::{Recipe, Untold, digits_of, tag_of};
pub use run::{Ended, EngineError, answers, run};

/// A builder.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    /// Docker's `buildx`, whichever builder it is set up with: BuildKit.
    Buildx,
    /// `buildah`.
    Buildah,
}

/// What is to become of an image.
#[derive(Clone, Copy, Debug)]
pub enum Goal<'a> {
    /// It is built into this folder, an OCI layout that is not there yet.
    Layout(&'a Path),
    /// What was built is put among the engine's own images. It is packed in this file.
    Store(&'a Path),
    /// What was built and not put there is forgotten.
    Drop,
}

/// A command line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invocation {
    /// The program.
    pub program: &'static str,
    /// What it is called with.
    pub arguments: Vec<OsString>,
    /// The variables that are set for it.
    pub environment: Vec<(&'static str, OsString)>,
}

impl Engine {
    /// Both, in the order in which they are looked for.
    pub const ALL: [Self; 2] = [Self::Buildx, Self::Buildah];

    /// The command lines that reach `goal`, one after the other.
    pub fn steps(self, recipe: &Recipe, goal: Goal<'_>) -> Vec<Invocation> {
        match self {
            Self::Buildx => buildx::steps(recipe, goal),
            Self::Buildah => buildah::steps(recipe, goal),
        }
    }

    /// Asks whether it is here.
    pub fn version(self) -> Invocation {
        let (program, arguments): (_, &[&str]) = match self {
            Self::Buildx => ("docker", &["buildx", "version"]),
            Self::Buildah => ("buildah", &["--version"]),
        };
        let arguments = arguments.iter().map(OsString::from).collect();
        Invocation { program, arguments, environment: Vec::new() }
    }

    /// Whether it stops a build that reads something else than a policy allows. Of one that does not, the references are
    /// checked before it starts.
    pub fn has_policies(self) -> bool {
        self == Self::Buildx
    }

    /// Whether it says of what it has built what that was made from.
    pub fn attests(self) -> bool {
        self == Self::Buildx
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Buildx => "buildx",
            Self::Buildah => "buildah",
        })
    }
}
