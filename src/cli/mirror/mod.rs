//! `mirror`: images without their registry.

mod pull;
mod serve;
mod verify;

use std::collections::BTreeMap;

use clap::Subcommand;

use super::session::Session;
use crate::document::meant;
use crate::error::{Error, Status};
use crate::lock::{Lock, Store};
use crate::model::{ImagePin, Pin, PinName};

/// Copy images, check the copies, and serve them without their registry
#[derive(Subcommand)]
pub(super) enum MirrorCommand {
    Pull(pull::PullArgs),
    Verify(verify::VerifyArgs),
    Serve(serve::ServeArgs),
}

impl MirrorCommand {
    /// What one that asks upstreams leaves where it is stopped. A mirror that serves has an end of its own.
    pub(super) fn left(&self) -> Option<&'static str> {
        match self {
            Self::Pull(_) => Some("what was copied stays, and the same command goes on from there"),
            Self::Verify(_) | Self::Serve(_) => None,
        }
    }
}

pub(super) async fn run(session: &mut Session<'_>, command: &MirrorCommand) -> Result<Status, Error> {
    match command {
        MirrorCommand::Pull(args) => pull::run(session, args).await,
        MirrorCommand::Verify(args) => verify::run(session, args),
        MirrorCommand::Serve(args) => serve::run(session, args).await,
    }
}

/// What to do where a manifest that is locked is none of its locked index.
const NOT_A_CHILD: &str = "if pins.lock was edited, restore it";

/// That no image is locked where one has to be.
fn nothing_locked(store: &Store, so: &str) -> Error {
    match store.exists() {
        true => Error::usage(format!("pins.lock has no image: {so}")),
        false => Error::usage(format!("there is no pins.lock: {so}"))
            .hint("run it in the repository whose images these are; `solera-pin refresh` writes the lock"),
    }
}

/// The locked images of these names, or all. What is locked besides is named: no layout has it.
fn images<'l>(
    session: &mut Session<'_>,
    lock: &'l Lock,
    names: &[String],
) -> Result<BTreeMap<&'l PinName, &'l ImagePin>, Error> {
    for name in names {
        let known = lock.pins.iter().find(|(known, _)| known.as_str() == name);
        match known {
            Some((_, Pin::Image(_))) => {}
            Some(_) => {
                return Err(Error::usage(format!(
                    "the pin `{name}` is no image: a mirror holds images only"
                )));
            }
            None => {
                let error = Error::usage(format!("pins.lock has no pin `{name}`"));
                return Err(match meant(name, lock.pins.keys().map(PinName::as_str)) {
                    Some(known) => error.hint(format!("did you mean `{known}`?")),
                    None => error.hint(format!("if it is declared, `solera-pin refresh {name}` locks it")),
                });
            }
        }
    }
    let is_named = |name: &PinName| names.is_empty() || names.iter().any(|known| known == name.as_str());
    let (mut images, mut others) = (BTreeMap::new(), Vec::new());
    for (name, pin) in lock.pins.iter().filter(|(name, _)| is_named(name)) {
        match pin {
            Pin::Image(pin) => drop(images.insert(name, pin)),
            _ => others.push(name.as_str()),
        }
    }
    if !others.is_empty() {
        let are = if others.len() == 1 { "is no image" } else { "are no images" };
        session.output.note(&format!("a mirror holds images only: {} {are}\n", others.join(", ")));
    }
    Ok(images)
}
