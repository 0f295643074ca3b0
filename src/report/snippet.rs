//! A mistake or finding shown with its line.

use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use crate::document::{Place, Problem};

/// A mistake in a file.
pub fn problem(problem: &Problem) -> String {
    snippet(Level::ERROR, None, &problem.message, &problem.place, problem.help.as_deref())
}

/// A message at a place, with an id and help where there are any. Styled: who prints it strips what the terminal
/// does not show.
pub fn snippet(
    level: Level<'_>,
    id: Option<&str>,
    message: &str,
    place: &Place,
    help: Option<&str>,
) -> String {
    let title = level.primary_title(message);
    let title = match id {
        Some(id) => title.id(id),
        None => title,
    };
    let text = place.file.text.as_str();
    let span = place.span.start.min(text.len())..place.span.end.min(text.len());
    let source = Snippet::source(text).path(place.file.path.as_str());
    let source = source.annotation(AnnotationKind::Primary.span(first_line(text, span)));
    let group: Group<'_> = title.element(source);
    let group = match help {
        Some(help) => group.element(Level::HELP.message(help)),
        None => group,
    };
    Renderer::styled().render(&[group])
}

/// A table's header stands for the table.
fn first_line(text: &str, span: std::ops::Range<usize>) -> std::ops::Range<usize> {
    match text.get(span.clone()).and_then(|marked| marked.find('\n')) {
        Some(end) => span.start..span.start + end,
        None => span,
    }
}
