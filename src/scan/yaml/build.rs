//! From the parser's events to the tree.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::HashMap;
use std::ops::Range;

use granit_parser::{Event, Parser, ScanError, Span, Tag};

use super::{ALIAS_BUDGET, Content, Data, Stream, Style, Unread};

/// After so many broken documents the rest of a text is not looked at.
const MAX_BROKEN: usize = 64;

/// Reads a text. A document with a mistake is left out and said in [`Stream::unread`]; those around it are read.
pub fn parse(text: &str) -> Stream<'_> {
    let options = granit_parser::options! {
        emit_comments: false,
        emit_unresolved_aliases: true,
    };
    let mut parser = Parser::new_from_str_with_options(text, options);
    let mut builder = Builder::new(text);
    for _ in 0..MAX_BROKEN {
        let error = loop {
            match parser.next_event() {
                Some(Ok((event, span))) => builder.event(event, &span),
                Some(Err(error)) => break error,
                None => return builder.stream,
            }
        };
        builder.broken(&error);
        if !matches!(parser.proceed_next_document(), Ok(true)) {
            return builder.stream;
        }
    }
    let rest = builder.stream.unread.last().map_or(0, |last| last.span.end);
    builder
        .unread(rest..text.len(), "too many documents before it are not YAML: the rest is unchecked".into());
    builder.stream
}

struct Builder<'t> {
    stream: Stream<'t>,
    /// The collections that have not ended.
    open: Vec<Open>,
    /// By the parser's numbers.
    anchors: HashMap<usize, usize>,
}

struct Open {
    at: usize,
    start: usize,
    /// The key whose value comes next.
    key: Option<usize>,
}

impl<'t> Builder<'t> {
    fn new(text: &'t str) -> Self {
        let stream = Stream {
            text,
            nodes: Vec::new(),
            documents: Vec::new(),
            unread: Vec::new(),
            budget: Cell::new(ALIAS_BUDGET),
            exhausted: Cell::new(false),
        };
        Self { stream, open: Vec::new(), anchors: HashMap::new() }
    }

    fn event(&mut self, event: Event<'t>, span: &Span) {
        let span = self.range(span);
        match event {
            Event::Scalar(value, style, anchor, tag) => {
                self.node(span, tag, anchor, Content::Scalar { value, style });
            }
            Event::SequenceStart(_, anchor, tag) => {
                self.collection(span, tag, anchor, Content::Sequence(Vec::new()));
            }
            Event::MappingStart(_, anchor, tag) => {
                let content = Content::Mapping { pairs: Vec::new(), merges: Vec::new() };
                self.collection(span, tag, anchor, content);
            }
            Event::SequenceEnd | Event::MappingEnd => {
                if let Some(open) = self.open.pop() {
                    self.stream.nodes[open.at].span = open.start..span.end.max(open.start);
                }
            }
            Event::Alias(anchor) => {
                let content = self.alias(anchor, &span);
                self.node(span, None, 0, content);
            }
            Event::UnresolvedAlias(name) => {
                let why = format!("`*{name}` names no anchor before it: what it stands for is unchecked");
                self.unread(span.clone(), why);
                self.node(span, None, 0, Content::Nothing);
            }
            _ => {}
        }
    }

    /// What an alias stands for. One that stands inside what it names would have no end.
    fn alias(&mut self, anchor: usize, span: &Range<usize>) -> Content<'t> {
        match self.anchors.get(&anchor) {
            Some(&at) if self.open.iter().all(|open| open.at != at) => Content::Alias(at),
            _ => {
                let why = "this alias stands inside what it names: it is unchecked".into();
                self.unread(span.clone(), why);
                Content::Nothing
            }
        }
    }

    fn collection(
        &mut self,
        span: Range<usize>,
        tag: Option<Cow<'t, Tag>>,
        anchor: usize,
        content: Content<'t>,
    ) {
        let start = span.start;
        let at = self.node(span, tag, anchor, content);
        self.open.push(Open { at, start, key: None });
    }

    /// Adds a node to the collection that is open, or as a document.
    fn node(
        &mut self,
        span: Range<usize>,
        tag: Option<Cow<'t, Tag>>,
        anchor: usize,
        content: Content<'t>,
    ) -> usize {
        let at = self.stream.nodes.len();
        if tag
            .as_ref()
            .is_some_and(|tag| tag.suffix_in_namespace("tag:yaml.org,2002:").as_deref() == Some("binary"))
        {
            let why = "what `!!binary` stands for is not looked at: it is unchecked".into();
            self.unread(span.clone(), why);
        }
        let tag = tag.map(|tag| tag.original().into_boxed_str());
        self.stream.nodes.push(Data { span, tag, content });
        if anchor != 0 {
            self.anchors.insert(anchor, at);
        }
        match self.open.last_mut() {
            None => self.stream.documents.push(at),
            Some(open) => {
                let parent = open.at;
                let key = match self.stream.nodes[parent].content {
                    Content::Mapping { .. } if open.key.is_none() => {
                        open.key = Some(at);
                        return at;
                    }
                    _ => open.key.take(),
                };
                self.attach(parent, key, at);
            }
        }
        at
    }

    fn attach(&mut self, parent: usize, key: Option<usize>, at: usize) {
        let merge = key.is_some_and(|key| self.is_merge(key));
        match (&mut self.stream.nodes[parent].content, key) {
            (Content::Mapping { merges, .. }, _) if merge => merges.push(at),
            (Content::Mapping { pairs, .. }, Some(key)) => pairs.push((key, at)),
            (Content::Sequence(items), _) => items.push(at),
            _ => {}
        }
    }

    fn is_merge(&self, key: usize) -> bool {
        matches!(&self.stream.nodes[key].content, Content::Scalar { value, style: Style::Plain } if value == "<<")
    }

    /// Drops the document in which the parser found a mistake.
    fn broken(&mut self, error: &ScanError) {
        if let Some(open) = self.open.first() {
            let root = open.at;
            self.stream.documents.retain(|&at| at != root);
        }
        self.open.clear();
        let text = self.stream.text;
        let mut start = error.marker().byte_offset().unwrap_or_default().min(text.len());
        while !text.is_char_boundary(start) {
            start -= 1;
        }
        let end = text[start..].find(['\r', '\n']).map_or(text.len(), |length| start + length);
        self.unread(start..end, format!("not YAML: {}; its document is unchecked", error.info()));
    }

    fn unread(&mut self, span: Range<usize>, why: String) {
        self.stream.unread.push(Unread { span, why });
    }

    fn range(&self, span: &Span) -> Range<usize> {
        let inside = |range: &Range<usize>| self.stream.text.get(range.clone()).is_some();
        span.byte_range().filter(inside).unwrap_or(0..0)
    }
}
