//! `refresh --unpin`: takes what is locked out of the files again. The lock stays, and nobody is asked.

use std::collections::BTreeSet;

use super::session::{Session, select};
use super::{Format, written};
use crate::catalog::Mode;
use crate::error::{Error, Status};
use crate::files::{Batch, FolderLock};
use crate::in_place::unpinned;
use crate::lock::Store;
use crate::model::PinName;
use crate::report::human::count;
use crate::report::json as report_json;
use crate::tree::WorkTree;
use crate::workspace::Workspace;

pub(super) fn run(session: &mut Session<'_>, pins: &[String], format: Format) -> Result<Status, Error> {
    let _held = FolderLock::acquire(&Workspace::root_of(&session.folder()?))?;
    let workspace = session.workspace()?;
    let selected: BTreeSet<&PinName> = select(&workspace, pins)?.iter().map(|pin| &pin.name).collect();
    let store = Store::load(&workspace.root)?;
    let wanted = |pin: &PinName| selected.contains(pin);
    let files = unpinned(&WorkTree::new(&workspace.root), &workspace.catalog, store.lock(), &wanted)?;
    let mut batch = Batch::default();
    written::stage(&mut batch, &workspace.root, &files)?;
    batch.commit()?;
    match format {
        Format::Human => session.output.data(&written::lines(&files))?,
        Format::Json => {
            let content = [("files", written::document(&files))];
            session.output.data(&report_json::document("refresh", content))?;
        }
    }
    session.output.note(&format!("{} changed\n", count(files.len(), "file")));
    if !files.is_empty() && workspace.catalog.policy.references.mode == Mode::InPlace {
        session.output.note(
            "verify finds them not pinned now: set [references] mode = \"policy\", or `solera-pin refresh` pins them again\n",
        );
    }
    Ok(Status::Done)
}
