//! `mirror pull`: what the lock names, in a folder.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use clap::Args;
use futures_util::StreamExt as _;
use serde_json::{Value, json};

use super::{NOT_A_CHILD, images, nothing_locked};
use crate::cli::Format;
use crate::cli::progress::Transfer;
use crate::cli::session::Session;
use crate::error::{Error, Status};
use crate::files::FolderLock;
use crate::lock::{Lock, Store};
use crate::mirror::pull::names::{self, Removed};
use crate::mirror::pull::{Copied, PullError, Puller, Tally, Wanted, Which};
use crate::model::{Digest, ImagePin, ImageRef, Pin, PinName};
use crate::oci::Writer;
use crate::report::human::count;
use crate::report::{harmless, json as report_json, size};

/// How many images are copied at once.
const IMAGES: usize = 4;

/// Copy the locked images into an OCI layout: indexes, and manifests, configurations and layers of the locked platforms
#[derive(Args)]
pub(in crate::cli) struct PullArgs {
    /// The folder; it is made if it is not there
    #[arg(value_name = "DIR")]
    layout: PathBuf,
    /// The pins whose images are copied; all, where none is named
    #[arg(value_name = "PIN")]
    pins: Vec<String>,
    /// Copy what is attested of the images too: provenance, and lists of what is in them
    #[arg(long)]
    attestations: bool,
    /// Remove what nothing in pins.lock leads to
    #[arg(long)]
    prune: bool,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

/// What became of one pin.
struct Ended<'l> {
    name: &'l PinName,
    pin: &'l ImagePin,
    result: Result<Copied, PullError>,
}

pub(super) async fn run(session: &mut Session<'_>, args: &PullArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let store = Store::load(&workspace.root)?;
    let pins = images(session, store.lock(), &args.pins)?;
    if args.prune && pins.is_empty() {
        // All that is there would be what nothing leads to.
        return Err(nothing_locked(&store, "nothing was removed"));
    }
    let path = session.folder()?.join(&args.layout);
    let unwritten = |error| Error::usage(format!("{} cannot be made: {error}", args.layout.display()));
    fs::create_dir_all(&path).map_err(unwritten)?;
    // Before anything is written there: another run may be at it.
    let _mine = FolderLock::acquire(&path)?;
    check_own(&path, &args.layout)?;
    let writer = Writer::open(&path).map_err(unwritten)?;
    let upstreams = session.upstreams(&workspace)?;
    let transfer = Transfer::start(session.app, session.globals);
    let puller = Puller::new(upstreams.sources.images.clone(), writer, transfer.told());
    let puller = puller.map_err(|error| failed(&args.layout, &error))?;
    let ended = copy(&puller, &pins, args.attestations).await;
    transfer.finish();
    let copied: Vec<(ImageRef, Copied)> = ended
        .iter()
        .filter_map(|ended| Some((ended.pin.reference(), ended.result.as_ref().ok()?.clone())))
        .collect();
    names::put(puller.writer(), &copied).map_err(|error| failed(&args.layout, &error))?;
    let complete = copied.len() == ended.len();
    let removed = match args.prune && complete {
        true => Some(prune(&puller, store.lock()).map_err(|error| failed(&args.layout, &error))?),
        false => None,
    };
    let text = match args.format {
        Format::Human => human(&ended, puller.tally(), removed.as_ref()),
        Format::Json => report(&ended, puller.tally(), removed.as_ref()),
    };
    session.output.data(&text)?;
    if args.prune && !complete {
        session.output.note("nothing was removed, since not all that is locked could be copied\n");
    }
    session.done_asking(&upstreams);
    Ok(report_failures(session, &ended))
}

/// Checks that the folder is a layout, or may become one: with anything else in it, it is somebody's.
fn check_own(path: &Path, shown: &Path) -> Result<(), Error> {
    if !path.join("oci-layout").exists() {
        let unread = |error| Error::usage(format!("{} cannot be read: {error}", shown.display()));
        let foreign = fs::read_dir(path).map_err(unread)?.flatten().map(|entry| entry.file_name());
        // What is there after a run that was ended before it had written the mark of a layout.
        if foreign.into_iter().any(|name| name != "blobs" && name != ".partial") {
            let error = Error::usage(format!("{} is not empty, and no image layout", shown.display()));
            return Err(error.hint("name a folder that is empty, or that is not there yet"));
        }
    }
    Ok(())
}

async fn copy<'l>(
    puller: &Puller,
    pins: &BTreeMap<&'l PinName, &'l ImagePin>,
    attestations: bool,
) -> Vec<Ended<'l>> {
    let each = pins.iter().map(|(name, pin)| async move {
        let which = Which::Manifests(pin.platforms.values().cloned().collect());
        let reference = pin.reference();
        let result = Box::pin(puller.fetch(&reference, &Wanted { which, attestations })).await;
        Ended { name, pin, result }
    });
    futures_util::stream::iter(each).buffered(IMAGES).collect().await
}

/// Removes what the lock does not lead to, whatever of it was asked for now.
fn prune(puller: &Puller, lock: &Lock) -> Result<Removed, PullError> {
    let image = |pin: &Pin| match pin {
        Pin::Image(pin) => Some((pin.reference(), pin.digest.clone())),
        _ => None,
    };
    let roots: Vec<(ImageRef, Digest)> = lock.pins.values().filter_map(image).collect();
    names::prune(puller.writer(), &roots)
}

fn failed(layout: &Path, error: &PullError) -> Error {
    Error::new(status_of(error), format!("{} cannot be filled: {error}", layout.display()))
}

fn status_of(error: &PullError) -> Status {
    match error {
        PullError::Source(error) => Status::of_source(error),
        PullError::Wrong { .. } | PullError::NotAChild { .. } => Status::Alarm,
        PullError::NoPlatform { .. } => Status::Incomplete,
        PullError::Folder(_) | PullError::Write { .. } => Status::Usage,
    }
}

/// What to do about a failure.
fn hint_of(error: &PullError) -> Option<String> {
    match error {
        PullError::Source(error) => error.hint(),
        PullError::Wrong { .. } => {
            Some("nothing of it was kept; tell those who run the registry, or ask another mirror".into())
        }
        PullError::NotAChild { .. } => Some(NOT_A_CHILD.into()),
        PullError::NoPlatform { .. } | PullError::Folder(_) | PullError::Write { .. } => None,
    }
}

fn report_failures(session: &mut Session<'_>, ended: &[Ended<'_>]) -> Status {
    let mut worst = Status::Done;
    for Ended { name, result, .. } in ended {
        if let Err(error) = result {
            let hints: Vec<String> = hint_of(error).into_iter().collect();
            session.output.wrong(&format!("the image of the pin `{name}` was not copied: {error}"), &hints);
            worst = worst.max(status_of(error));
        }
    }
    worst
}

fn human(ended: &[Ended<'_>], tally: Tally, removed: Option<&Removed>) -> String {
    let width = ended.iter().map(|ended| ended.name.as_str().len()).max().unwrap_or_default();
    let mut text = String::new();
    for Ended { name, pin, result } in ended {
        let Ok(copied) = result else { continue };
        let platforms: Vec<String> = pin.platforms.keys().map(ToString::to_string).collect();
        let attested = match copied.attestations.len() {
            0 => String::new(),
            number => format!(", {}", count(number, "attestation")),
        };
        let (repository, tag) = (&pin.repository, &pin.tag);
        let platforms = platforms.join(", ");
        text.push_str(&format!("{name:<width$}  {repository}:{tag}  {platforms}{attested}\n"));
        for layer in &copied.foreign {
            let what = "is one that registries do not hand out: it is not in the copy";
            text.push_str(&format!("{:<width$}  the layer {layer} {what}\n", ""));
        }
    }
    let Tally { fetched, fetched_bytes, resumed_bytes, there, there_bytes, damaged } = tally;
    let were = if there == 1 { "was" } else { "were" };
    text.push_str(&format!(
        "fetched {} ({}); {there} {were} there ({})\n",
        count(usize::try_from(fetched).unwrap_or(usize::MAX), "piece"),
        size(fetched_bytes),
        size(there_bytes)
    ));
    if resumed_bytes > 0 {
        text.push_str(&format!("of what was fetched, {} had come before\n", size(resumed_bytes)));
    }
    if damaged > 0 {
        text.push_str(&format!("replaced, because it was damaged: {damaged}\n"));
    }
    if let Some(removed) = removed {
        text.push_str(&removed_lines(removed));
    }
    text
}

fn removed_lines(removed: &Removed) -> String {
    let mut text = String::new();
    for gone in &removed.names {
        let name = harmless(gone.name.as_deref().unwrap_or("an entry without a name"));
        text.push_str(&format!("removed {name} ({})\n", harmless(&gone.digest)));
    }
    for (digest, bytes) in &removed.blobs {
        text.push_str(&format!("removed {digest} ({})\n", size(*bytes)));
    }
    if text.is_empty() { "there was nothing to remove\n".into() } else { text }
}

fn report(ended: &[Ended<'_>], tally: Tally, removed: Option<&Removed>) -> String {
    let image = |Ended { name, pin, result }: &Ended<'_>| {
        let copied = result.as_ref().ok();
        json!({
            "name": name,
            "reference": pin.reference(),
            "copied": copied.is_some(),
            "platforms": pin.platforms,
            "attestations": copied.map(|copied| &copied.attestations),
            "not_handed_out": copied.map(|copied| &copied.foreign),
            "error": result.as_ref().err().map(ToString::to_string),
        })
    };
    let images: Value = ended.iter().map(image).collect();
    let removed = removed.map(|removed| {
        let names = removed.names.iter().map(|gone| json!({ "name": gone.name, "digest": gone.digest }));
        let blobs = removed.blobs.iter().map(|(digest, bytes)| json!({ "digest": digest, "bytes": bytes }));
        json!({ "names": names.collect::<Value>(), "content": blobs.collect::<Value>() })
    });
    let tally = json!({
        "fetched": tally.fetched,
        "fetched_bytes": tally.fetched_bytes,
        "bytes_of_an_earlier_run": tally.resumed_bytes,
        "there": tally.there,
        "there_bytes": tally.there_bytes,
        "replaced": tally.damaged,
    });
    report_json::document(
        "mirror-pull",
        [("images", images), ("content", tally), ("removed", json!(removed))],
    )
}
