//! The tags of one repository: a million of them, in little more memory than their text.

use super::Tag;

/// How much text stands together. Not more, so that the memory of what was read before can be used again.
const BLOCK: usize = 64 << 10;

/// Tags in the order in which they came, each checked; one may stand twice. They lie in a few blocks of text, each tag
/// with a line feed after it.
#[derive(Clone, Debug, Default)]
pub struct TagList {
    blocks: Vec<String>,
    tags: usize,
    bytes: usize,
}

/// A place in a [`TagList`].
#[derive(Clone, Copy, Debug)]
pub struct ListMark {
    block: usize,
    at: usize,
}

impl TagList {
    /// Takes in a tag; `false` where the text is none.
    pub fn push(&mut self, text: &str) -> bool {
        if Tag::check(text).is_err() {
            return false;
        }
        let length = text.len() + 1;
        let has_room = |block: &String| block.capacity() - block.len() >= length;
        if !self.blocks.last().is_some_and(has_room) {
            self.blocks.push(String::with_capacity(BLOCK));
        }
        if let Some(block) = self.blocks.last_mut() {
            block.push_str(text);
            block.push('\n');
        }
        self.tags += 1;
        self.bytes += length;
        true
    }

    /// Takes in lines, each with a line feed after it; `false`, and none of them, where one is not a tag.
    pub fn push_lines(&mut self, lines: String) -> bool {
        let tags = lines.split_terminator('\n');
        if !(lines.is_empty() || lines.ends_with('\n')) || tags.clone().any(|tag| Tag::check(tag).is_err()) {
            return false;
        }
        // What is large stays where it is.
        if lines.len() < BLOCK {
            tags.for_each(|tag| {
                self.push(tag);
            });
            return true;
        }
        self.tags += tags.count();
        self.bytes += lines.len();
        self.blocks.push(lines);
        true
    }

    /// The tags.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.blocks.iter().flat_map(|block| lines(block))
    }

    /// The last one.
    pub fn last(&self) -> Option<&str> {
        self.blocks.last()?.split_terminator('\n').next_back()
    }

    /// Whether this, in which there is no line feed, is the last one.
    pub fn ends_with(&self, text: &str) -> bool {
        let before = self.blocks.last().and_then(|block| block.strip_suffix('\n')?.strip_suffix(text));
        before.is_some_and(|before| before.is_empty() || before.ends_with('\n'))
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.tags
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.tags == 0
    }

    /// How long their text is, line feeds included.
    pub fn bytes(&self) -> usize {
        self.bytes
    }

    /// Where the next tag will stand.
    pub fn mark(&self) -> ListMark {
        let block = self.blocks.len().saturating_sub(1);
        ListMark { block, at: self.blocks.last().map_or(0, String::len) }
    }

    /// The text of the tags from there on, in pieces.
    pub fn since(&self, mark: ListMark) -> impl Iterator<Item = &str> + Clone {
        let blocks = self.blocks.iter().skip(mark.block).enumerate();
        blocks.filter_map(move |(i, block)| block.get(if i == 0 { mark.at } else { 0 }..))
    }
}

/// The lines of a block, each of which ends with a line feed.
fn lines(block: &str) -> impl Iterator<Item = &str> {
    let mut start = 0;
    memchr::memchr_iter(b'\n', block.as_bytes()).map(move |end| {
        let line = block.get(start..end).unwrap_or_default();
        start = end + 1;
        line
    })
}

impl<'t> FromIterator<&'t str> for TagList {
    fn from_iter<I: IntoIterator<Item = &'t str>>(texts: I) -> Self {
        let mut list = Self::default();
        for text in texts {
            list.push(text);
        }
        list
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(list: &TagList) -> Vec<&str> {
        list.iter().collect()
    }

    #[test]
    fn tags_come_out_as_they_went_in() {
        let mut list = TagList::default();
        assert_eq!((list.last(), list.len(), list.mark().at), (None, 0, 0));
        for text in ["1.0", "", "a/b", "1.1", "1.0"] {
            assert_eq!(list.push(text), !matches!(text, "" | "a/b"), "{text}");
        }
        assert_eq!(texts(&list), ["1.0", "1.1", "1.0"]);
        assert_eq!((list.last(), list.len(), list.bytes()), (Some("1.0"), 3, 12));
        assert!(list.ends_with("1.0") && !list.ends_with(".0"));
        assert!(!TagList::default().ends_with("") && TagList::from_iter(["a"]).ends_with("a"));
    }

    #[test]
    fn many_are_in_blocks() {
        let many: Vec<String> = (0..100_000).map(|n| format!("1.{n}.0-slim")).collect();
        let list: TagList = many.iter().map(String::as_str).collect();
        assert!(list.blocks.len() > 10);
        assert!(list.blocks.iter().all(|block| block.len() <= BLOCK && block.capacity() == BLOCK));
        assert!(list.iter().eq(many.iter().map(String::as_str)));
        assert_eq!(list.last(), many.last().map(String::as_str));
    }

    #[test]
    fn the_text_since_a_mark_is_of_the_tags_since() {
        let mut list = TagList::default();
        for n in 0..30_000 {
            let mark = list.mark();
            let (one, two) = (format!("{n}-one"), format!("{n}-two"));
            list.push(&one);
            list.push(&two);
            assert_eq!(list.since(mark).collect::<String>(), format!("{one}\n{two}\n"));
        }
        assert_eq!(list.since(ListMark { block: 0, at: 0 }).map(str::len).sum::<usize>(), list.bytes());
    }

    #[test]
    fn lines_are_taken_all_or_none() {
        let large: String = (0..10_000).map(|n| format!("1.{n}.0\n")).collect();
        for lines in ["", "1\n2\n", &large] {
            let mut list: TagList = ["0"].into_iter().collect();
            let mark = list.mark();
            assert!(list.push_lines(lines.to_owned()));
            assert_eq!(list.since(mark).collect::<String>(), lines);
            assert!(list.push("3"));
            let all = format!("0\n{lines}3\n");
            assert_eq!(texts(&list), all.lines().collect::<Vec<_>>());
            assert_eq!((list.len(), list.bytes()), (all.lines().count(), all.len()));
        }
        for lines in ["1", "1\n\n", "1\na/b\n", &format!("{large}-\n"), &large[1..large.len() - 1]] {
            let mut list = TagList::default();
            assert!(!list.push_lines(lines.to_owned()));
            assert!(list.is_empty());
        }
    }
}
