//! `verify`: the gate.

use annotate_snippets::Level as Shown;
use clap::Args;
use serde_json::{Value, json};

use super::Format;
use super::session::{Session, sources};
use crate::catalog::Level;
use crate::error::{Error, Status};
use crate::lock::Store;
use crate::report::human::count;
use crate::report::{json as report_json, snippet};
use crate::served;
use crate::verify::{Finding, Input, passes, verify};
use crate::workspace::Workspace;

/// Check the lock against the configuration and the images; exit with 1 where a build would escape it
#[derive(Args)]
pub(super) struct VerifyArgs {
    /// Also ask whether what is locked is still served, and is what the lock says
    #[arg(long)]
    upstream: bool,
    /// The form of the report
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

pub(super) async fn run(session: &mut Session<'_>, args: &VerifyArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let store = Store::load(&workspace.root)?;
    let input = Input { catalog: &workspace.catalog, lock: store.lock(), lock_file: store.file() };
    let mut findings = verify(&input);
    let mut status = if passes(&findings) { Status::Done } else { Status::Failed };
    let mut unasked = Vec::new();
    if args.upstream {
        status = status.max(ask(session, &workspace, &store, &mut findings, &mut unasked).await?);
    }
    match args.format {
        Format::Human => show(session, &findings, status, store.lock().pins.len()),
        Format::Json => {
            let values: Vec<Value> = findings.iter().map(report_json::finding).collect();
            let content = [("findings", json!(values)), ("not_asked", json!(unasked))];
            session.output.data(&report_json::document("verify", content))?;
        }
    }
    Ok(status)
}

async fn ask(
    session: &mut Session<'_>,
    workspace: &Workspace,
    store: &Store,
    findings: &mut Vec<Finding>,
    unasked: &mut Vec<Value>,
) -> Result<Status, Error> {
    let client = session.client(workspace)?;
    let declarations = &workspace.catalog.declarations;
    let mut status = Status::Done;
    for asked in served::check(&sources(&client), store.lock(), declarations, store.file()).await {
        match asked.result {
            Ok(found) => {
                for (finding, amounts_to) in found {
                    status = status.max(amounts_to);
                    findings.push(finding);
                }
            }
            Err(error) => {
                status = status.max(Status::of_source(&error));
                unasked.push(json!({ "name": asked.name, "reason": error.to_string() }));
                let hints: Vec<String> = error.hint().into_iter().collect();
                session
                    .output
                    .wrong(&format!("the pin `{}` could not be checked: {error}", asked.name), &hints);
            }
        }
    }
    session.say_requests(&client);
    Ok(status)
}

fn show(session: &mut Session<'_>, findings: &[Finding], status: Status, pins: usize) {
    for finding in findings {
        let level = if finding.level == Level::Error { Shown::ERROR } else { Shown::WARNING };
        let text = snippet(level, Some(finding.rule), &finding.message, &finding.place, Some(&finding.help));
        match finding.level {
            Level::Error => session.output.say(&format!("{text}\n\n")),
            _ => session.output.note(&format!("{text}\n\n")),
        }
    }
    let errors = findings.iter().filter(|finding| finding.level == Level::Error).count();
    let warnings = count(findings.len() - errors, "warning");
    session.output.note(&match status {
        Status::Done => format!("verified: {}, {warnings}\n", count(pins, "pin")),
        _ => format!("not verified: {}, {warnings}\n", count(errors, "error")),
    });
}
