//! Bake files in HCL.

use std::ops::Range;

use hcl_edit::Span;
use hcl_edit::expr::{Expression, ObjectKey};
use hcl_edit::structure::{Attribute, Block, Body, Structure};
use hcl_edit::template::{Element, Template};

use super::file::{File, Part, Target, Text, Value};
use crate::scan::{Piece, Spelled, Unread};

/// How much of an expression is shown, in characters.
const SHOWN: usize = 80;

/// Reads a file.
///
/// # Errors
///
/// Where its syntax is wrong.
pub(super) fn file(text: &str) -> Result<File, Unread> {
    let body = hcl_edit::parser::parse_body(text).map_err(|error| {
        let mut at = error.location().offset().min(text.len());
        while !text.is_char_boundary(at) {
            at -= 1;
        }
        let why = format!("this is no HCL ({}); nothing in this file is checked", error.message());
        Unread { span: at..at, why }
    })?;
    let mut file = File { comments: true, ..File::default() };
    for structure in body.iter() {
        match structure {
            Structure::Attribute(attribute) => {
                file.variables.insert(attribute.key.as_str().to_owned(), Some(value(text, &attribute.value)));
            }
            Structure::Block(block) => add(text, block, &mut file),
        }
    }
    Ok(file)
}

fn add(text: &str, block: &Block, file: &mut File) {
    let Some(name) = block.labels.first().map(|label| label.as_str().to_owned()) else { return };
    match block.ident.as_str() {
        "variable" => {
            let default = block.body.get_attribute("default").map(|default| value(text, &default.value));
            file.variables.insert(name, default.filter(|default| !matches!(default, Value::Null)));
        }
        "target" => {
            let attributes = attributes(text, &block.body);
            file.targets.push(Target { name, attributes }.with_matrix());
        }
        _ => {}
    }
}

fn attributes(text: &str, body: &Body) -> Vec<(String, Value)> {
    let pair = |attribute: &Attribute| (attribute.key.as_str().to_owned(), value(text, &attribute.value));
    body.attributes().map(pair).collect()
}

/// An expression's value. The parser bounds how deep expressions go.
fn value(text: &str, expression: &Expression) -> Value {
    let span = place(text, expression.span());
    match expression {
        Expression::Null(_) => Value::Null,
        Expression::Bool(_) | Expression::Number(_) => {
            let literal = Part::Literal(Spelled::literal(&text[span.clone()], span.clone()));
            Value::Text(Text { parts: vec![literal], span, end: None })
        }
        Expression::String(string) => {
            let parts = vec![Part::Literal(spelled(text, string.as_str(), inside(&span)))];
            let end = end(&parts, &span);
            Value::Text(Text { parts, span, end })
        }
        Expression::StringTemplate(template) => {
            let parts = parts(text, template);
            let end = end(&parts, &span);
            Value::Text(Text { parts, span, end })
        }
        Expression::HeredocTemplate(heredoc) => {
            Value::Text(Text { parts: parts(text, &heredoc.template), span, end: None })
        }
        Expression::Array(items) => Value::List(items.iter().map(|item| value(text, item)).collect()),
        Expression::Object(object) => {
            Value::Map(object.iter().map(|(key, item)| (name(text, key), value(text, item.expr()))).collect())
        }
        Expression::Variable(name) => {
            Value::Text(Text { parts: vec![Part::Variable(name.as_str().to_owned())], span, end: None })
        }
        Expression::Parenthesis(inner) => value(text, inner.inner()),
        Expression::Conditional(condition) => {
            let branches = [&condition.true_expr, &condition.false_expr];
            Value::Choice(branches.map(|branch| value(text, branch)).into())
        }
        _ => Value::Text(Text { parts: vec![Part::Opaque(shown(text, span.clone()))], span, end: None }),
    }
}

fn name(text: &str, key: &ObjectKey) -> String {
    match key {
        ObjectKey::Ident(name) => name.as_str().to_owned(),
        ObjectKey::Expression(Expression::String(name)) => name.as_str().to_owned(),
        ObjectKey::Expression(other) => text[place(text, other.span())].to_owned(),
    }
}

/// The parts of a template in HCL whose spans are bytes of the file.
fn parts(text: &str, template: &Template) -> Vec<Part> {
    template_parts(template, &|literal, span| spelled(text, literal, span), &|span| shown(text, span))
}

/// The parts of a template, with what gives its literals their places and its expressions their text.
pub(super) fn template_parts(
    template: &Template,
    literal: &dyn Fn(&str, Range<usize>) -> Spelled,
    shown: &dyn Fn(Range<usize>) -> String,
) -> Vec<Part> {
    let span = |element: &Element| element.span().unwrap_or(0..0);
    let part = |element: &Element| match element {
        Element::Literal(text) => Part::Literal(literal(text.as_str(), span(element))),
        Element::Interpolation(inner) => match &inner.expr {
            Expression::Variable(name) => Part::Variable(name.as_str().to_owned()),
            _ => Part::Opaque(shown(span(element))),
        },
        Element::Directive(_) => Part::Opaque(shown(span(element))),
    };
    template.iter().map(part).collect()
}

/// A text with the bytes that spell it. Where some are left out (`$${`, the indentation that `<<-` takes away) the rest
/// does; where there are other escapes, what stands before the first and behind the last.
fn spelled(text: &str, value: &str, span: Range<usize>) -> Spelled {
    let raw = text.get(span.clone()).unwrap_or_default();
    if raw == value {
        return Spelled::literal(value, span);
    }
    let mut found = Spelled::literal("", 0..0);
    let mut at = span.start;
    let mut lines = value.split_inclusive('\n');
    for line in raw.split_inclusive('\n') {
        let written = lines.next().unwrap_or_default();
        let indent = blank(line).saturating_sub(blank(written));
        append(&mut found, &line[indent..], at + indent);
        at += line.len();
    }
    match found.text == value {
        true => found,
        false => around_escapes(raw, value, span.start),
    }
}

/// A text that starts at byte `start` of the file, without the bytes of what stands from its first escape to its last.
fn around_escapes(raw: &str, value: &str, start: usize) -> Spelled {
    let first = raw.find('\\').unwrap_or(raw.len());
    let mut behind = first;
    while let Some(escape) = raw.get(behind..).and_then(|rest| rest.find('\\')) {
        behind += escape + escape_length(&raw[behind + escape..]);
    }
    let behind = raw.get(behind..).unwrap_or_default();
    let head = alike(raw[..first].chars().zip(value.chars()));
    let tail = alike(behind.chars().rev().zip(value[head..].chars().rev()));
    let piece = |length, span| Piece { length, span, shared: false };
    let pieces = [
        piece(head, Some(start..start + head)),
        piece(value.len() - head - tail, None),
        piece(tail, Some(start + raw.len() - tail..start + raw.len())),
    ];
    let pieces = pieces.into_iter().filter(|piece| piece.length > 0).collect();
    Spelled { text: value.to_owned(), pieces }
}

/// How many bytes two texts have in common.
fn alike(pairs: impl Iterator<Item = (char, char)>) -> usize {
    pairs.take_while(|(one, other)| one == other).map(|(c, _)| c.len_utf8()).sum()
}

/// How long the escape is that a text begins with.
fn escape_length(text: &str) -> usize {
    match text.as_bytes().get(1) {
        Some(b'u') => 6,
        Some(b'U') => 10,
        _ => 2,
    }
}

/// How many blanks a line starts with.
fn blank(line: &str) -> usize {
    line.len() - line.trim_start_matches([' ', '\t']).len()
}

/// Adds a line that starts at byte `at`, without the first byte of each `$${` and `%%{`.
fn append(to: &mut Spelled, line: &str, at: usize) {
    let mut start = 0;
    let marks = line.match_indices("${").chain(line.match_indices("%{"));
    let mut escaped: Vec<usize> = marks
        .map(|(mark, _)| mark)
        .filter(|mark| *mark > 0 && line.as_bytes()[mark - 1] == line.as_bytes()[*mark])
        .collect();
    escaped.sort_unstable();
    for end in escaped.into_iter().map(|mark| mark - 1).chain([line.len()]) {
        let part = Spelled::literal(&line[start..end.max(start)], at + start..at + end.max(start));
        to.text.push_str(&part.text);
        to.pieces.extend(part.pieces);
        start = end + 1;
    }
}

/// The beginning of an expression's text.
pub(super) fn shown(text: &str, span: Range<usize>) -> String {
    text.get(span).unwrap_or_default().chars().take(SHOWN).collect()
}

/// Where something can be put behind a quoted text: nowhere if its last part is not spelled as it stands, for what
/// would be put there could not be found again.
fn end(parts: &[Part], span: &Range<usize>) -> Option<usize> {
    let unspelled = |literal: &Spelled| literal.pieces.last().is_some_and(|piece| piece.span.is_none());
    match parts.last() {
        Some(Part::Literal(literal)) if unspelled(literal) => None,
        _ => Some(inside(span).end),
    }
}

/// Without the quotes.
fn inside(span: &Range<usize>) -> Range<usize> {
    span.start + 1..span.end.saturating_sub(1).max(span.start + 1)
}

fn place(text: &str, span: Option<Range<usize>>) -> Range<usize> {
    span.filter(|span| text.get(span.clone()).is_some()).unwrap_or(0..0)
}
