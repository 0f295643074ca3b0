//! What an instruction says about images: `FROM`, `--from=` and `--mount=…,from=…`.

use super::joined::is_blank;
use super::{Instruction, Joined, Word};

/// `FROM [--platform=…] IMAGE [AS NAME]`
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stage {
    /// Each with its dashes and value.
    pub flags: Vec<Word>,
    /// The image, or the stage that is continued; quotes are part of it.
    pub image: Word,
    /// The stage's name, as it is written.
    pub name: Option<Word>,
}

/// The words of a `FROM`.
pub(super) struct From {
    pub(super) flags: Vec<Joined>,
    pub(super) image: Joined,
    pub(super) name: Option<Joined>,
    /// Whether it has an image, or an image, `AS` and a name; the builder refuses any other.
    pub(super) is_whole: bool,
}

impl Instruction {
    /// The stage that a `FROM` begins; `None` for other instructions, and for one without an image.
    pub fn stage(&self) -> Option<Stage> {
        let From { flags, image, name, .. } = self.from()?;
        let name = name.as_ref().map(Joined::word);
        Some(Stage { flags: flags.iter().map(Joined::word).collect(), image: image.word(), name })
    }

    /// The words of a `FROM`; `None` for other instructions, and for one without an image.
    pub(super) fn from(&self) -> Option<From> {
        if self.keyword != "FROM" {
            return None;
        }
        let (flags, rest) = self.flags();
        let words = rest.split(is_blank);
        let count = words.len();
        let mut words = words.into_iter();
        let image = words.next()?;
        let is_as = words.next().is_some_and(|by| by.text.eq_ignore_ascii_case("as"));
        let is_whole = count == 1 || count == 3 && is_as;
        Some(From { flags: flags.clone(), image, name: words.next().filter(|_| is_as), is_whole })
    }

    /// What `COPY --from=` copies from; of `ADD` too, which some builders let have it.
    pub fn copied_from(&self) -> Vec<Word> {
        self.copies().iter().map(Joined::word).collect()
    }

    pub(super) fn copies(&self) -> Vec<Joined> {
        match self.keyword.as_str() {
            "COPY" | "ADD" => self.values("from"),
            _ => Vec::new(),
        }
    }

    /// What `RUN --mount=…,from=` mounts from.
    pub fn mounted_from(&self) -> Vec<Word> {
        self.mounts().iter().map(Joined::word).collect()
    }

    pub(super) fn mounts(&self) -> Vec<Joined> {
        if self.keyword != "RUN" {
            return Vec::new();
        }
        let from = |field: Joined| {
            let (key, value) = field.text.split_once('=')?;
            let start = field.text.len() - value.len();
            key.eq_ignore_ascii_case("from").then(|| field.slice(start..field.text.len()))
        };
        // Of several the last counts; and the builder gets an image even for a tmpfs, which is empty whatever it is.
        let last = |mount: &Joined| fields(mount).into_iter().filter_map(from).next_back();
        self.values("mount").iter().filter_map(last).filter(|from| !from.text.is_empty()).collect()
    }

    /// The flags before the first other word, and what follows them.
    pub(super) fn flags(&self) -> &(Vec<Joined>, Joined) {
        self.flags.get_or_init(|| self.arguments.flags())
    }

    /// The values of a flag that are not empty.
    pub(super) fn values(&self, name: &str) -> Vec<Joined> {
        if !self.arguments.has_flags() {
            return Vec::new();
        }
        let value = |flag: &Joined| {
            let (given, value) = flag.text.strip_prefix("--")?.split_once('=')?;
            let start = flag.text.len() - value.len();
            (given == name && !value.is_empty()).then(|| flag.slice(start..flag.text.len()))
        };
        self.flags().0.iter().filter_map(value).collect()
    }
}

/// The fields of a line of CSV, without the quotes around a field.
fn fields(line: &Joined) -> Vec<Joined> {
    let (mut fields, mut start, mut quoted) = (Vec::new(), 0, false);
    for (i, c) in line.text.char_indices().chain([(line.text.len(), ',')]) {
        match c {
            '"' => quoted = !quoted,
            ',' if !quoted || i == line.text.len() => {
                let field = line.slice(start..i);
                let inner = field.text.strip_prefix('"').map(|rest| rest.trim_end_matches('"').len());
                fields.push(inner.map_or_else(|| field.clone(), |length| field.slice(1..1 + length)));
                start = i + 1;
            }
            _ => {}
        }
    }
    fields
}
