//! `verify`: the gate.

use annotate_snippets::Level as Shown;
use clap::{Args, ValueEnum};
use serde_json::{Value, json};

use super::session::{Session, sources};
use crate::catalog::Level;
use crate::error::{Error, Status};
use crate::lock::Store;
use crate::report::human::count;
use crate::report::{NotAsked, github, harmless, json as report_json, sarif_of_part, snippet};
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
    format: VerifyFormat,
}

/// The form of the report on standard output.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
enum VerifyFormat {
    /// For a person
    #[default]
    Human,
    /// For a machine, with a schema version
    Json,
    /// For code scanning, SARIF 2.1.0
    Sarif,
    /// Annotations in a workflow of GitHub or Forgejo
    Github,
}

/// What asking upstream told besides findings.
#[derive(Default)]
struct Told {
    notes: Vec<Value>,
    not_asked: Vec<NotAsked>,
}

pub(super) async fn run(session: &mut Session<'_>, args: &VerifyArgs) -> Result<Status, Error> {
    let workspace = session.workspace()?;
    let store = Store::load(&workspace.root)?;
    let input = Input { catalog: &workspace.catalog, lock: store.lock(), lock_file: store.file() };
    let mut findings = verify(&input);
    let mut status = if passes(&findings) { Status::Done } else { Status::Failed };
    let mut told = Told::default();
    if args.upstream {
        status = status.max(ask(session, &workspace, &store, &mut findings, &mut told).await?);
    }
    match args.format {
        VerifyFormat::Human => show(session, &findings, status, store.lock().pins.len()),
        VerifyFormat::Json => {
            let values: Vec<Value> = findings.iter().map(report_json::finding).collect();
            let unasked = told.not_asked.iter().map(|one| json!({ "name": one.name, "reason": one.reason }));
            let unasked: Vec<Value> = unasked.collect();
            let content =
                [("findings", json!(values)), ("notes", json!(told.notes)), ("not_asked", json!(unasked))];
            session.output.data(&report_json::document("verify", content))?;
        }
        VerifyFormat::Sarif => session.output.data(&sarif_of_part(&findings, &told.not_asked))?,
        VerifyFormat::Github => session.output.data(&github(&findings))?,
    }
    Ok(status)
}

async fn ask(
    session: &mut Session<'_>,
    workspace: &Workspace,
    store: &Store,
    findings: &mut Vec<Finding>,
    told: &mut Told,
) -> Result<Status, Error> {
    let client = session.client(workspace)?;
    let declarations = &workspace.catalog.declarations;
    let mut status = Status::Done;
    let today = session.app.today();
    for asked in served::check(&sources(&client), store.lock(), declarations, store.file(), today).await {
        let name = asked.name;
        for (finding, amounts_to) in asked.found {
            status = status.max(amounts_to);
            findings.push(finding);
        }
        for note in asked.notes {
            if session.globals.verbose {
                session.output.note(&format!("note: the pin `{name}`: {}\n", harmless(&note)));
            }
            told.notes.push(json!({ "name": name, "message": note }));
        }
        for error in asked.failures {
            status = status.max(Status::of_source(&error));
            let hints: Vec<String> = error.hint().into_iter().collect();
            session.output.wrong(&format!("the pin `{name}` could not be checked: {error}"), &hints);
            told.not_asked.push(NotAsked { name: name.clone(), reason: error.to_string() });
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
