//! `mirror verify`: whether a layout has what is locked.

use std::path::{Path, PathBuf};

use clap::Args;
use serde_json::{Value, json};

use super::{NOT_A_CHILD, images, nothing_locked};
use crate::cli::Format;
use crate::cli::session::Session;
use crate::error::{Error, Status};
use crate::lock::Store;
use crate::mirror::check::{Checked, Fault, Flaw, check};
use crate::model::{ImagePin, PinName};
use crate::oci::{Folder, FolderError};
use crate::report::human::count;
use crate::report::{json as report_json, size};

/// Check that an OCI layout has the locked images, by hashing all of them; ask nobody
#[derive(Args)]
pub(in crate::cli) struct VerifyArgs {
    /// The folder with oci-layout, index.json and blobs
    #[arg(value_name = "DIR")]
    layout: PathBuf,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) fn run(session: &mut Session<'_>, args: &VerifyArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let store = Store::load(&workspace.root)?;
    let pins = images(session, store.lock(), &[])?;
    if pins.is_empty() {
        return Err(nothing_locked(&store, "nothing can be checked"));
    }
    let unreadable = |error: FolderError| {
        let told = Error::usage(format!("{} cannot be checked: {error}", args.layout.display()));
        match error {
            FolderError::NotALayout { .. } => {
                told.hint(format!("`solera-pin mirror pull {}` makes it", args.layout.display()))
            }
            _ => told,
        }
    };
    let folder = Folder::open(session.folder()?.join(&args.layout)).map_err(unreadable)?;
    let names = folder.index().map_err(unreadable)?;
    let locked: Vec<&ImagePin> = pins.values().copied().collect();
    let mut checked = Vec::new();
    for (name, pin) in pins {
        checked.push((name, pin, check(&folder, &names, pin, &locked).map_err(unreadable)?));
    }
    let text = match args.format {
        Format::Human => checked.iter().map(human).collect(),
        Format::Json => report_json::document(
            "mirror-verify",
            [("images", checked.iter().map(report).collect::<Value>())],
        ),
    };
    session.output.data(&text)?;
    let flaws: Vec<&Flaw> = checked.iter().flat_map(|(_, _, checked)| &checked.flaws).collect();
    let status = flaws.iter().map(|flaw| match flaw.fault {
        Fault::Missing | Fault::NotAFile | Fault::LeadsTo(_) => Status::Failed,
        Fault::Wrong(_) | Fault::NotAChild => Status::Alarm,
    });
    let status = status.max().unwrap_or_default();
    if status > Status::Done {
        let message = format!("{} does not have what is locked", args.layout.display());
        session.output.wrong(&message, &hints(&args.layout, &flaws));
    }
    Ok(status)
}

/// What to do about what was found.
fn hints(layout: &Path, flaws: &[&Flaw]) -> Vec<String> {
    let mut hints = Vec::new();
    let has = |is: fn(&Fault) -> bool| flaws.iter().any(|flaw| is(&flaw.fault));
    let attestations = if flaws.iter().any(|flaw| flaw.is_attested()) { " --attestations" } else { "" };
    let pull = format!("`solera-pin mirror pull {}{attestations}`", layout.display());
    if has(|fault| matches!(fault, Fault::Missing | Fault::NotAFile | Fault::Wrong(_))) {
        hints.push(format!("{pull} fetches it"));
    } else if has(|fault| matches!(fault, Fault::LeadsTo(_))) {
        hints.push(format!("{pull} gives the locked image its tag again"));
    }
    if has(|fault| matches!(fault, Fault::NotAChild)) {
        hints.push(NOT_A_CHILD.into());
    }
    hints
}

type Row<'a> = (&'a PinName, &'a ImagePin, Checked);

fn human((name, pin, checked): &Row<'_>) -> String {
    let (repository, tag) = (&pin.repository, &pin.tag);
    let pieces = count(usize::try_from(checked.pieces).unwrap_or(usize::MAX), "piece");
    let right = match checked.flaws.is_empty() {
        true => format!("{pieces}, {}, all as locked", size(checked.bytes)),
        false => format!("{pieces}, {}, as locked; not so:", size(checked.bytes)),
    };
    let mut text = format!("{name}: {repository}:{tag}: {right}\n");
    for Flaw { what, platform, digest, fault } in &checked.flaws {
        let of = platform.as_ref().map(|platform| format!(" for {platform}")).unwrap_or_default();
        let is = match fault {
            Fault::Missing => "is missing".to_owned(),
            Fault::NotAFile => "is no file".to_owned(),
            Fault::Wrong(why) => format!("is wrong: {why}"),
            Fault::LeadsTo(other) => format!("leads to {other}"),
            Fault::NotAChild => "is not in the locked index".to_owned(),
        };
        text.push_str(&format!("  {what}{of}, {digest}, {is}\n"));
    }
    text
}

fn report((name, pin, checked): &Row<'_>) -> Value {
    let flaw = |flaw: &Flaw| {
        let (fault, why) = match &flaw.fault {
            Fault::Missing => ("missing", None),
            Fault::NotAFile => ("not-a-file", None),
            Fault::Wrong(why) => ("wrong", Some(why.clone())),
            Fault::LeadsTo(other) => ("leads-elsewhere", Some(format!("it leads to {other}"))),
            Fault::NotAChild => ("not-in-index", None),
        };
        json!({
            "what": flaw.what,
            "platform": flaw.platform,
            "digest": flaw.digest,
            "fault": fault,
            "reason": why,
        })
    };
    json!({
        "name": name,
        "reference": pin.reference(),
        "pieces": checked.pieces,
        "bytes": checked.bytes,
        "flaws": checked.flaws.iter().map(flaw).collect::<Value>(),
    })
}
