//! `explain`: every candidate of a pin, and why it was or was not selected.

use clap::Args;

use super::Format;
use super::memory::Memory;
use super::session::{Session, select};
use crate::error::{Error, Status};
use crate::lock::Store;
use crate::plan::Wish;
use crate::report::{human, json as report_json};

/// Show every candidate of a pin, and why it was or was not selected
#[derive(Args)]
pub(super) struct ExplainArgs {
    /// The pin
    #[arg(value_name = "PIN")]
    pin: String,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(session: &mut Session<'_>, args: &ExplainArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let selected = select(&workspace, std::slice::from_ref(&args.pin))?;
    let store = Store::load(&workspace.root)?;
    let memory = Memory::load(session, &workspace)?;
    let resolved = session.decide(&workspace, store.lock(), &selected, &Wish::Rules, &memory, true).await?;
    for (declaration, resolved) in selected.iter().zip(&resolved) {
        let decision = match (&resolved.result, args.format) {
            (Ok(decision), _) => decision,
            (Err(_), Format::Human) => continue,
            (Err(error), Format::Json) => {
                let mut value = report_json::failed(error, error.not_asked().is_none());
                value["name"] = serde_json::json!(declaration.name);
                session.output.data(&report_json::document("explain", [("pin", value)]))?;
                continue;
            }
        };
        let text = match args.format {
            Format::Human => {
                human::explanation(declaration, store.lock().pins.get(&declaration.name), decision)
            }
            Format::Json => {
                let mut value = report_json::decision(decision);
                value["name"] = serde_json::json!(declaration.name);
                value["track"] = serde_json::json!(declaration.track.as_str());
                report_json::document("explain", [("pin", value)])
            }
        };
        session.output.data(&text)?;
    }
    Ok(session.report_failures(&resolved))
}
