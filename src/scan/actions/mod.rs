//! Workflows and actions of GitHub, and of Gitea and Forgejo, which read them too.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use crate::scan::yaml::{self, Node, Places, Style};
use crate::scan::{
    Build, GitInput, Input, Kind, Output, Reference, Scan, Spelled, Unresolved, command, git, image, name,
    path,
};

/// Where an action without a host is.
const FORGE: &str = "https://github.com";

/// What begins an expression.
const EXPRESSION: &str = "${{";

/// The scheme of an image that is an action.
const IMAGE_ACTION: &str = "docker://";

/// The scheme of an image among the contexts of a build.
const IMAGE_CONTEXT: &str = "docker-image://";

/// What stands for the repository itself as the context of a build.
const DEFAULT_CONTEXT: &str = "{{defaultContext}}";

/// What a workflow (`.github/workflows/*.yml`) or an action (`action.yml`) names.
pub(crate) fn scan(text: &str) -> Scan {
    let stream = yaml::parse(text);
    let mut reader = Reader { text, found: Scan::default(), seen: HashSet::new() };
    for root in stream.documents() {
        let names = environment(&HashMap::new(), root);
        for (_, job) in root.get("jobs").map(Node::pairs).unwrap_or_default() {
            reader.job(job, &names);
        }
        if let Some(runs) = root.get("runs") {
            reader.steps(runs, &names);
            let image = runs.get("image").filter(|image| has_scheme(*image));
            image.into_iter().for_each(|image| reader.image(image));
        }
    }
    reader.found.of_yaml(&stream)
}

fn has_scheme(image: Node<'_>) -> bool {
    image.text().is_some_and(|image| image.trim_start().starts_with(IMAGE_ACTION))
}

/// The variables of `env` whose values are written out, over those that were known.
fn environment(known: &HashMap<String, String>, node: Node<'_>) -> HashMap<String, String> {
    let mut names = known.clone();
    for (key, value) in node.get("env").map(Node::pairs).unwrap_or_default() {
        if let (Some(key), Some(value)) = (key.key(), value.text()) {
            names.insert(key.to_owned(), value.to_owned());
        }
    }
    names
}

struct Reader<'t> {
    text: &'t str,
    found: Scan,
    /// The places of what was found; aliases lead to a place several times.
    seen: HashSet<usize>,
}

impl Reader<'_> {
    fn job(&mut self, job: Node<'_>, names: &HashMap<String, String>) {
        job.get("uses").into_iter().for_each(|uses| self.uses(uses));
        let container = job.get("container");
        let services = job.get("services").map(Node::pairs).unwrap_or_default();
        for place in container.into_iter().chain(services.into_iter().map(|(_, service)| service)) {
            let image = if place.is_mapping() { place.get("image") } else { Some(place) };
            image.into_iter().for_each(|image| self.image(image));
        }
        self.steps(job, &environment(names, job));
    }

    fn steps(&mut self, of: Node<'_>, names: &HashMap<String, String>) {
        let Some(steps) = of.get("steps") else { return };
        for step in steps.items() {
            let own;
            let names = match step.get("env") {
                None => names,
                Some(_) => {
                    own = environment(names, step);
                    &own
                }
            };
            if let Some(uses) = step.get("uses") {
                self.uses(uses);
                self.with(uses, step, names);
            }
            if let Some(run) = step.get("run") {
                self.run(run, names);
            }
        }
    }

    /// Whether something stands here that was not found before.
    fn is_new(&mut self, node: Node<'_>) -> bool {
        self.seen.insert(node.span().start)
    }

    fn uses(&mut self, node: Node<'_>) {
        let Some(written) = node.text().map(str::trim).filter(|text| !text.is_empty()) else { return };
        if has_scheme(node) {
            return self.image(node);
        }
        if written.starts_with("./") || written.starts_with("../") || written.starts_with(".github/") {
            return;
        }
        if !self.is_new(node) {
            return;
        }
        let input = match written.contains(EXPRESSION) {
            true => Err(Unresolved::Template(written.to_owned())),
            false => self.action(node, written).ok_or_else(|| Unresolved::Malformed(written.to_owned())),
        };
        let span = trimmed(node, &node.places());
        self.found.references.push(Reference { kind: Kind::ActionsUses, span, input });
    }

    /// `owner/repository[/path]@ref`, or the URL of one.
    fn action(&self, node: Node<'_>, written: &str) -> Option<Input> {
        let at = written.rfind('@').filter(|at| at + 1 < written.len())?;
        let host = written.find("://").map_or(0, |scheme| {
            let host = scheme + "://".len();
            host + written[host..].find('/').map_or(written.len() - host, |slash| slash + 1)
        });
        let mut parts = written.get(host..at)?.split('/');
        let (owner, repository) = (parts.next()?, parts.next()?);
        if owner.is_empty() || repository.is_empty() {
            return None;
        }
        let forge = if host == 0 { FORGE } else { written[..host].trim_end_matches('/') };
        let url = format!("{forge}/{owner}/{repository}");
        let whole = node.text().unwrap_or_default();
        let start = whole.len() - whole.trim_start().len();
        let (places, range) = (node.places(), start + at + 1..start + written.len());
        let spelled = places.spelled(range.clone());
        let block = matches!(node.style(), Some(Style::Literal | Style::Folded));
        Some(Input::Git(match places.span(range).filter(|_| !block) {
            Some(place) => git::pinned(self.text, url, place, node.span().end),
            None if git::is_commit(&spelled.text) => {
                GitInput { url, revision: None, commit: Some(spelled.text), site: None }
            }
            None => GitInput { url, revision: Some(spelled), commit: None, site: None },
        }))
    }

    /// An image, which may have a scheme.
    fn image(&mut self, node: Node<'_>) {
        let Some(whole) = node.text().filter(|text| !text.trim().is_empty()) else { return };
        if !self.is_new(node) {
            return;
        }
        let places = node.places();
        let start = whole.len() - whole.trim_start().len();
        let scheme = if has_scheme(node) { IMAGE_ACTION.len() } else { 0 };
        let spelled = places.spelled(start + scheme..whole.trim_end().len());
        let input = match spelled.text.as_str() {
            "" => Err(Unresolved::Malformed(whole.trim().to_owned())),
            text if text.contains(EXPRESSION) => Err(Unresolved::Template(text.to_owned())),
            _ => Ok(Input::Image(image::of(&spelled))),
        };
        let span = image::place(&spelled).unwrap_or_else(|| node.span());
        self.found.references.push(Reference { kind: Kind::ActionsImage, span, input });
    }

    /// What the inputs of an action say of builds.
    fn with(&mut self, uses: Node<'_>, step: Node<'_>, names: &HashMap<String, String>) {
        let action = uses.text().unwrap_or_default().trim().split('@').next().unwrap_or_default();
        let Some(with) = step.get("with") else { return };
        match action {
            "docker/build-push-action" => {
                self.names(with.get("tags"), names);
                self.contexts(with);
                self.found.builds.extend(build(with));
            }
            "docker/metadata-action" => self.names(with.get("images"), names),
            _ => {}
        }
    }

    /// The names in a list of tags or images: one a line, or separated by commas; `name=` may go before one.
    fn names(&mut self, list: Option<Node<'_>>, names: &HashMap<String, String>) {
        let Some(node) = list.filter(|list| self.seen.insert(list.span().start)) else { return };
        let places = node.places();
        for entry in entries(node.text().unwrap_or_default(), &['\n', ',']) {
            let written = &node.text().unwrap_or_default()[entry.clone()];
            let written = written.strip_prefix("name=").unwrap_or(written);
            let filled = filled(written, names);
            let name = match filled.split_once("${{") {
                None if written.contains('=') => continue,
                None => Some(filled.as_str()),
                Some((beginning, _)) => name::begun(beginning),
            };
            let span = places.span(entry).unwrap_or_else(|| node.span());
            let output = |name: &str| Output { name: name.to_owned(), span };
            self.found.outputs.extend(name.filter(|name| !name.is_empty()).map(output));
        }
    }

    /// Images and repositories that a build has as its contexts.
    fn contexts(&mut self, with: Node<'_>) {
        for (key, named) in [("context", false), ("build-contexts", true)] {
            let Some(node) = with.get(key).filter(|node| self.seen.insert(node.span().start)) else {
                continue;
            };
            let (whole, places) = (node.text().unwrap_or_default(), node.places());
            for entry in entries(whole, &['\n']) {
                let value = match named {
                    true => whole[entry.clone()].find('=').map_or(entry.end, |at| entry.start + at + 1),
                    false => entry.start,
                };
                let spelled = places.spelled(value..entry.end);
                let span = image::place(&spelled).unwrap_or_else(|| node.span());
                let found = context(&spelled);
                self.found.references.extend(found.map(|(kind, input)| Reference { kind, span, input }));
            }
        }
    }

    fn run(&mut self, node: Node<'_>, names: &HashMap<String, String>) {
        let Some(script) = node.text().filter(|_| self.seen.insert(node.span().start)) else { return };
        let places = node.places();
        for (name, range) in command::built(script, &|name| names.get(name).cloned()) {
            let span = places.span(range).unwrap_or_else(|| node.span());
            self.found.outputs.push(Output { name, span });
        }
    }
}

/// What a context names that is neither a folder nor the repository itself.
fn context(spelled: &Spelled) -> Option<(Kind, Result<Input, Unresolved>)> {
    let text = spelled.text.as_str();
    let template = || Err(Unresolved::Template(text.to_owned()));
    let is_template = text.contains(EXPRESSION);
    if text.starts_with(IMAGE_CONTEXT) {
        let image = image::slice(spelled, IMAGE_CONTEXT.len()..text.len());
        let input = if is_template { template() } else { Ok(Input::Image(image::of(&image))) };
        return Some((Kind::ActionsImage, input));
    }
    let found = git::input(spelled)?;
    // `https://github.com/${{ github.repository }}.git#${{ github.ref }}`
    let is_own = found.url.contains("github.repository");
    let input = if is_template { template() } else { Ok(Input::Git(found)) };
    (!is_own).then_some((Kind::ActionsUses, input))
}

/// The build of a Dockerfile in the repository.
fn build(with: Node<'_>) -> Option<Build> {
    let text = |key: &str| with.get(key).and_then(Node::text).map(str::trim).filter(|text| !text.is_empty());
    let context = text("context").unwrap_or(DEFAULT_CONTEXT);
    let (folder, inside) = match context.strip_prefix(DEFAULT_CONTEXT) {
        Some(folder) => (folder.strip_prefix(':').unwrap_or("."), true),
        None => (context, false),
    };
    let dockerfile = match text("file") {
        Some(file) => path::joined(if inside { folder } else { "." }, file),
        None => path::joined(folder, "Dockerfile"),
    };
    if dockerfile.contains("${{") || context.contains("://") || context.starts_with("git@") {
        return None;
    }
    let platforms = text("platforms").unwrap_or_default();
    let platforms = entries(platforms, &['\n', ',']).into_iter().map(|entry| platforms[entry].to_owned());
    let platforms = platforms.filter(|platform| !platform.contains(EXPRESSION)).collect();
    let arguments = with.get("build-args").map(arguments).unwrap_or_default();
    Some(Build { dockerfile, from_root: true, arguments, platforms })
}

/// `NAME=value`, one a line.
fn arguments(node: Node<'_>) -> Vec<(String, Spelled)> {
    let (whole, places) = (node.text().unwrap_or_default(), node.places());
    let argument = |entry: Range<usize>| {
        let (name, value) = whole[entry.clone()].split_once('=')?;
        let spelled = places.spelled(entry.end - value.len()..entry.end);
        (!value.contains(EXPRESSION)).then(|| (name.trim().to_owned(), spelled))
    };
    entries(whole, &['\n']).into_iter().filter_map(argument).collect()
}

/// The entries of a list that are not blank, without white space around them. A separator in an expression is none.
fn entries(text: &str, separators: &[char]) -> Vec<Range<usize>> {
    let (mut found, mut start, mut expression) = (Vec::new(), 0, false);
    for (i, c) in text.char_indices().chain([(text.len(), '\n')]) {
        match c {
            '{' if text[..i].ends_with("${") => expression = true,
            '}' if text[..i].ends_with('}') => expression = false,
            _ => {}
        }
        if i == text.len() || (separators.contains(&c) && (!expression || c == '\n')) {
            let entry = &text[start..i];
            let from = start + entry.len() - entry.trim_start().len();
            let range = from..(start + entry.trim_end().len()).max(from);
            found.extend((!range.is_empty()).then_some(range));
            start = (i + c.len_utf8()).min(text.len());
            expression = false;
        }
    }
    found
}

/// A text with `${{ env.NAME }}` filled in, where that is known.
fn filled(text: &str, names: &HashMap<String, String>) -> String {
    let mut filled = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once(EXPRESSION) {
        let Some((expression, after)) = behind.split_once("}}") else { break };
        filled.push_str(before);
        let value = expression.trim().strip_prefix("env.").and_then(|name| names.get(name));
        match value {
            Some(value) => filled.push_str(value),
            None => {
                filled.push_str(EXPRESSION);
                filled.push_str(expression);
                filled.push_str("}}");
            }
        }
        rest = after;
    }
    filled.push_str(rest);
    filled
}

/// Where the text of a scalar stands, without white space around it.
fn trimmed(node: Node<'_>, places: &Places<'_>) -> Range<usize> {
    let text = node.text().unwrap_or_default();
    let start = text.len() - text.trim_start().len();
    places.span(start..text.trim_end().len().max(start)).unwrap_or_else(|| node.span())
}
