//! Pipelines of GitLab: `image` and `services`, at the top, in `default` and in jobs.

#[cfg(test)]
mod tests;

use std::collections::{HashMap, HashSet};

use crate::scan::yaml::{self, Node};
use crate::scan::{
    ImageInput, Input, Kind, Output, Piece, Reference, Scan, Spelled, Unresolved, command, image,
};

/// How far variables lead to other variables.
const DEEPEST: usize = 8;

/// The longest text with its variables, in bytes, and the most variables in one.
const LONGEST: usize = 4096;
const MOST: usize = 256;

/// Keys at the top whose values are no jobs.
const NO_JOBS: [&str; 7] = ["variables", "include", "workflow", "stages", "cache", "spec", "artifacts"];

/// Variables that stand for a proxy of Docker Hub: the image behind one is the Hub's.
const PROXIES: [&str; 2] =
    ["CI_DEPENDENCY_PROXY_GROUP_IMAGE_PREFIX", "CI_DEPENDENCY_PROXY_DIRECT_GROUP_IMAGE_PREFIX"];

/// What a pipeline names.
pub(crate) fn scan(text: &str) -> Scan {
    let stream = yaml::parse(text);
    let mut reader = Reader { found: Scan::default(), seen: HashSet::new() };
    for root in stream.documents() {
        let all = declared(root);
        reader.job(root, &Variables { job: HashMap::new(), all: &all });
        for (key, job) in root.pairs() {
            if job.is_mapping() && !key.key().is_none_or(|key| NO_JOBS.contains(&key)) {
                reader.job(job, &Variables { job: declared(job), all: &all });
            }
        }
    }
    reader.found.of_yaml(&stream)
}

/// The variables that a mapping declares: `NAME: value` or `NAME: {value: …}`.
fn declared<'s>(of: Node<'s>) -> HashMap<&'s str, Node<'s>> {
    let value = |(key, value): (Node<'s>, Node<'s>)| {
        let value = if value.is_mapping() { value.get("value")? } else { value };
        value.text().map(|_| key.key().map(|key| (key, value)))?
    };
    of.get("variables").map(Node::pairs).unwrap_or_default().into_iter().filter_map(value).collect()
}

/// The variables of a job, and those of all.
struct Variables<'v, 's> {
    job: HashMap<&'s str, Node<'s>>,
    all: &'v HashMap<&'s str, Node<'s>>,
}

struct Reader {
    found: Scan,
    /// The places of what was found; aliases lead to a place several times.
    seen: HashSet<usize>,
}

impl Reader {
    fn job(&mut self, job: Node<'_>, variables: &Variables<'_, '_>) {
        let services = job.get("services");
        // What a `!reference` lists are the keys that lead to the services, which are found where they stand.
        let services = services.filter(|services| services.tag() != Some("!reference"));
        let services = services.into_iter().flat_map(Node::items);
        for place in job.get("image").into_iter().chain(services) {
            let name = if place.is_mapping() { place.get("name") } else { Some(place) };
            name.into_iter().for_each(|name| self.image(name, variables));
        }
        for key in ["before_script", "script", "after_script"] {
            if let Some(script) = job.get(key) {
                let lines = if script.is_sequence() { script.items().collect() } else { vec![script] };
                lines.into_iter().for_each(|line| self.script(line, variables));
            }
        }
    }

    fn image(&mut self, node: Node<'_>, variables: &Variables<'_, '_>) {
        let Some(whole) = node.text().filter(|text| !text.trim().is_empty()) else { return };
        if !self.seen.insert(node.span().start) {
            return;
        }
        let places = node.places();
        let range = whole.len() - whole.trim_start().len()..whole.trim_end().len();
        let span = places.span(range.clone()).unwrap_or_else(|| node.span());
        let end = places.span(range.end..range.end).map(|end| end.start);
        let written = places.spelled(range);
        let input = match variables.resolve(&written) {
            Ok(spelled) if spelled.text.is_empty() => Err(Unresolved::Malformed(written.text)),
            Ok(spelled) => Ok(Input::Image(parts(&spelled, end))),
            Err(why) => Err(why),
        };
        self.found.references.push(Reference { kind: Kind::GitlabImage, span, input });
    }

    fn script(&mut self, node: Node<'_>, variables: &Variables<'_, '_>) {
        let Some(script) = node.text().filter(|_| self.seen.insert(node.span().start)) else { return };
        let places = node.places();
        let value = |name: &str| {
            let spelled = variables.get(name)?.spelled();
            variables.resolve(&spelled).ok().map(|spelled| spelled.text)
        };
        for (name, range) in command::built(script, &value) {
            let span = places.span(range).unwrap_or_else(|| node.span());
            self.found.outputs.push(Output { name, span });
        }
    }
}

/// The parts of a reference that ends at `end`. What is one variable and nothing else gets its digest where the
/// variable's value stands.
fn parts(reference: &Spelled, end: Option<usize>) -> ImageInput {
    let alone = reference.pieces.iter().all(|piece| piece.shared) && image::place(reference).is_some();
    if alone { image::of(reference) } else { image::ending_at(reference, end) }
}

impl<'s> Variables<'_, 's> {
    fn get(&self, name: &str) -> Option<Node<'s>> {
        self.job.get(name).or_else(|| self.all.get(name)).copied()
    }

    /// A text with its variables filled in.
    fn resolve(&self, written: &Spelled) -> Result<Spelled, Unresolved> {
        let mut filling = Filling { variables: self, filled: Spelled::literal("", 0..0), left: MOST };
        filling.fill(written, false, 0)?;
        Ok(filling.filled)
    }
}

/// A text that is being put together.
struct Filling<'v, 's> {
    variables: &'v Variables<'v, 's>,
    filled: Spelled,
    /// How many more variables may be filled in.
    left: usize,
}

impl Filling<'_, '_> {
    fn fill(&mut self, written: &Spelled, shared: bool, depth: usize) -> Result<(), Unresolved> {
        let text = written.text.as_str();
        if text.contains("$[[") {
            return Err(Unresolved::Template(shown(text)));
        }
        let mut at = 0;
        while let Some(dollar) = text[at..].find('$').map(|dollar| at + dollar) {
            self.append(&image::slice(written, at..dollar), shared);
            let (name, after) = variable(text, dollar);
            at = after;
            if PROXIES.contains(&name) && dollar == 0 {
                at += usize::from(text[after..].starts_with('/'));
                continue;
            }
            let alone = dollar == 0 && after == text.len();
            let value = self.variables.get(name).ok_or_else(|| unknown(text, name, alone))?;
            self.left = self.left.checked_sub(1).ok_or_else(|| Unresolved::Template(shown(text)))?;
            if depth >= DEEPEST || self.filled.text.len() > LONGEST {
                return Err(Unresolved::Template(shown(text)));
            }
            self.fill(&value.spelled(), true, depth + 1).map_err(|why| match why {
                Unresolved::Argument { name, alone: inner } => {
                    Unresolved::Argument { name, alone: alone && inner }
                }
                other => other,
            })?;
        }
        self.append(&image::slice(written, at..text.len()), shared);
        Ok(())
    }

    fn append(&mut self, part: &Spelled, shared: bool) {
        self.filled.text.push_str(&part.text);
        let piece = |piece: &Piece| Piece { shared: shared || piece.shared, ..piece.clone() };
        self.filled.pieces.extend(part.pieces.iter().map(piece));
    }
}

/// Why a variable that the file does not set leaves a text open.
fn unknown(text: &str, name: &str, alone: bool) -> Unresolved {
    let name = name.to_owned();
    match name.as_str() {
        "" => Unresolved::Template(shown(text)),
        own if own.starts_with("CI_REGISTRY_IMAGE") => {
            Unresolved::Template(format!("{}, in this project's own registry", shown(text)))
        }
        given if given.starts_with("CI_") || given.starts_with("GITLAB_") => {
            Unresolved::Template(shown(text))
        }
        _ => Unresolved::Argument { name, alone },
    }
}

/// The beginning of a text.
fn shown(text: &str) -> String {
    text.chars().take(80).collect()
}

/// The name of the variable at a `$`, and where what follows it begins. Empty where none is named.
fn variable(text: &str, dollar: usize) -> (&str, usize) {
    let behind = &text[dollar + 1..];
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some((name, _)) = behind.strip_prefix('{').and_then(|rest| rest.split_once('}')) {
        let known = if name.chars().all(is_name) { name } else { "" };
        return (known, dollar + 1 + name.len() + 2);
    }
    let end = behind.find(|c| !is_name(c)).unwrap_or(behind.len());
    (&behind[..end], dollar + 1 + end)
}
