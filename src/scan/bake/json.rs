//! Bake files in JSON. JSON is YAML, whose tree knows where its nodes stand; a string is a template, as in HCL.

use super::file::{File, Part, Target, Text, Value, unspelled};
use super::hcl::{shown, template_parts};
use crate::scan::Unread;
use crate::scan::yaml::{self, Node, Style};

/// Reads a file.
///
/// # Errors
///
/// Where its syntax is wrong.
pub(super) fn file(text: &str) -> Result<File, Unread> {
    let stream = yaml::parse(text);
    let mut file = File::default();
    for root in stream.documents() {
        for (name, variable) in blocks(root, "variable") {
            let default = variable.get("default").map(value);
            file.variables.insert(name, default.filter(|default| !matches!(default, Value::Null)));
        }
        for (name, target) in blocks(root, "target") {
            let attributes = map(target);
            file.targets.push(Target { name, attributes }.with_matrix());
        }
    }
    match stream.unread().into_iter().next() {
        Some(unread) => Err(unread),
        None => Ok(file),
    }
}

/// The blocks of a kind: an object of them by name, or a list of such objects.
fn blocks<'s>(root: Node<'s>, kind: &str) -> Vec<(String, Node<'s>)> {
    let Some(found) = root.get(kind) else { return Vec::new() };
    let objects = if found.is_sequence() { found.items().collect() } else { vec![found] };
    let mut blocks = Vec::new();
    for (name, block) in objects.into_iter().flat_map(Node::pairs) {
        let name = name.key().unwrap_or_default().to_owned();
        let each = if block.is_sequence() { block.items().collect() } else { vec![block] };
        blocks.extend(each.into_iter().map(|block| (name.clone(), block)));
    }
    blocks
}

fn map(node: Node<'_>) -> Vec<(String, Value)> {
    node.pairs()
        .into_iter()
        .map(|(key, item)| (key.key().unwrap_or_default().to_owned(), value(item)))
        .collect()
}

/// A node's value. The YAML parser bounds how deep nodes go.
fn value(node: Node<'_>) -> Value {
    match () {
        () if node.is_mapping() => Value::Map(map(node)),
        () if node.is_sequence() => Value::List(node.items().map(value).collect()),
        () if node.is_null() => Value::Null,
        () => Value::Text(text(node)),
    }
}

fn text(node: Node<'_>) -> Text {
    let (content, places) = (node.text().unwrap_or_default(), node.places());
    let end = places.span(content.len()..content.len()).map(|span| span.start);
    let is_template =
        node.style() != Some(Style::Plain) && (content.contains("${") || content.contains("%{"));
    let literal = || vec![Part::Literal(places.spelled(0..content.len()))];
    let parts = match is_template.then(|| hcl_edit::parser::parse_template(content)) {
        None => literal(),
        Some(Err(_)) => vec![Part::Opaque(shown(content, 0..content.len()))],
        Some(Ok(template)) => template_parts(
            &template,
            &|text, span| match content.get(span.clone()) == Some(text) {
                true => places.spelled(span),
                false => unspelled(text),
            },
            &|span| shown(content, span),
        ),
    };
    Text { parts, span: node.span(), end }
}
