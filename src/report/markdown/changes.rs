//! The lists of what changed: settings, packages, commits. Each is folded away.

use super::{Caps, and_more, code, heading};
use crate::evidence::{GitEvidence, PackageChange, SettingChange, Together};
use crate::model::{Architecture, Learnt, PackageStep, PackageVersion};
use crate::report::human::count;

/// A block that is folded away; its summary is ours alone.
fn folded(summary: &str, content: &str) -> String {
    format!("<details><summary>{summary}</summary>\n\n{}\n\n</details>\n", content.trim())
}

/// What is known, of each group of platforms.
fn known<T>(groups: &[Together<Learnt<T>>]) -> Vec<Together<&T>> {
    let known = |group: &'_ Together<Learnt<T>>| group.platforms.clone();
    groups
        .iter()
        .filter_map(|group| Some(Together { platforms: known(group), what: group.what.known()? }))
        .collect()
}

/// Lists the groups one after the other, as much of them as is shown, each item a line.
fn list<T>(
    groups: &[Together<&Vec<T>>],
    (caps, mut left): (Caps, usize),
    head: &str,
    line: impl Fn(&T) -> String,
) -> String {
    let mut text = String::new();
    for group in groups.iter().take(caps.groups).filter(|group| !group.what.is_empty()) {
        text.push_str(&heading(group, groups.len(), caps));
        let shown = group.what.len().min(left);
        left -= shown;
        if shown > 0 {
            text.push_str(&format!("\n{head}"));
        }
        for item in &group.what[..shown] {
            text.push_str(&line(item));
        }
        text.push_str(&and_more(group.what.len(), shown));
    }
    text + &and_more(groups.len(), caps.groups)
}

/// Settings that changed.
pub(super) fn configuration(groups: &[Together<Learnt<Vec<SettingChange>>>], caps: Caps) -> String {
    let known = known(groups);
    let total: usize = known.iter().map(|group| group.what.len()).sum();
    match (known.is_empty(), total) {
        (true, _) => return String::new(),
        (false, 0) => return "Configuration: no change.\n".into(),
        _ => {}
    }
    let cell = |value: &Option<String>| value.as_ref().map_or(String::new(), |value| code(value));
    let line = |change: &SettingChange| {
        let name = code(&change.setting.to_string());
        format!("| {name} | {} | {} |\n", cell(&change.from), cell(&change.to))
    };
    let head = "| setting | before | after |\n|---|---|---|\n";
    folded(
        &format!("Configuration: {}", count(total, "change")),
        &list(&known, (caps, caps.settings), head, line),
    )
}

/// Locked packages of an archive that changed.
pub(super) fn steps(steps: &[PackageStep], caps: Caps) -> String {
    if steps.is_empty() {
        return "Packages: none of those that are locked differs.\n".into();
    }
    let cell = |version: &Option<PackageVersion>| {
        version.as_ref().map_or(String::new(), |version| code(version.as_str()))
    };
    let line = |step: &PackageStep| {
        let architectures: Vec<&str> = step.architectures.iter().map(Architecture::as_str).collect();
        let (name, of) = (code(step.name.as_str()), code(&architectures.join(", ")));
        format!("| {name} | {of} | {} | {} |\n", cell(&step.from), cell(&step.to))
    };
    let shown: String = steps.iter().take(caps.packages).map(line).collect();
    let head = "| package | for | before | after |\n|---|---|---|---|\n";
    let table = if shown.is_empty() { String::new() } else { format!("{head}{shown}") };
    let content = table + &and_more(steps.len(), caps.packages);
    folded(&format!("Packages: {}", count(steps.len(), "change")), &content)
}

/// Packages that changed.
pub(super) fn packages(groups: &[Together<Learnt<Vec<PackageChange>>>], caps: Caps) -> String {
    let known = known(groups);
    let all = || known.iter().flat_map(|group| group.what);
    match (known.is_empty(), all().next()) {
        (true, _) => return String::new(),
        (false, None) => return "Packages: no change.\n".into(),
        _ => {}
    }
    let of = |word: &str| all().filter(|change| change.word() == word).count();
    let numbers: Vec<String> = ["changed", "added", "removed"]
        .iter()
        .filter_map(|word| Some((word, of(word))).filter(|(_, number)| *number > 0))
        .map(|(word, number)| format!("{number} {word}"))
        .collect();
    let line = |change: &PackageChange| {
        let cell = |versions: &[String]| match versions {
            [] => String::new(),
            versions => code(&versions.join(", ")),
        };
        let kind = if change.kind.is_empty() { String::new() } else { code(&change.kind) };
        format!("| {kind} | {} | {} | {} |\n", code(&change.name), cell(&change.from), cell(&change.to))
    };
    let head = "| type | package | before | after |\n|---|---|---|---|\n";
    folded(&format!("Packages: {}", numbers.join(", ")), &list(&known, (caps, caps.packages), head, line))
}

/// The commits that are new.
pub(super) fn commits(git: &GitEvidence, caps: Caps) -> String {
    let Learnt::Known(between) = &git.commits else { return String::new() };
    let shown = between.commits.iter().take(caps.commits);
    let lines: Vec<String> =
        shown.map(|(commit, message)| format!("- {} {}\n", code(commit.short()), code(message))).collect();
    let content = lines.concat() + &and_more(between.total.max(between.commits.len()), lines.len());
    folded(&format!("Commits: {}", between.total), &content)
}
