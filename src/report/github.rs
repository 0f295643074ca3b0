//! Findings as workflow commands: a line each, which a job of GitHub or Forgejo turns into an annotation of the file.

use super::{corners, harmless, in_order, told};
use crate::catalog::Level;
use crate::verify::Finding;

/// The commands for all findings.
pub fn github(findings: &[Finding]) -> String {
    in_order(findings).into_iter().map(command).collect()
}

fn command(finding: &Finding) -> String {
    let command = match finding.level {
        Level::Error => "error",
        Level::Warning => "warning",
        Level::Off => "notice",
    };
    let ((line, column), (end_line, end_column)) = corners(&finding.place);
    let file = property(&finding.place.file.path);
    // Columns of two lines are refused.
    let columns = match line == end_line {
        true => format!(",col={column},endColumn={end_column}"),
        false => String::new(),
    };
    let (title, told) = (property(finding.rule), data(&told(finding)));
    format!("::{command} file={file},line={line},endLine={end_line}{columns},title={title}::{told}\n")
}

/// What stands behind the last `::`.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// What stands behind `=`; colons and commas would end it.
fn property(text: &str) -> String {
    data(&harmless(text)).replace(':', "%3A").replace(',', "%2C")
}
