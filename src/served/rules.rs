//! What asking upstream can find, each with its stable id. The levels are fixed: they say what upstream did.

use crate::catalog::Level;

/// A kind of finding of `verify --upstream`.
pub struct Rule {
    /// Stable, as those of the rules that need no network.
    pub id: &'static str,
    /// How much its findings weigh, but for a tag that may be gone.
    pub level: Level,
    /// Why it exists, in one line.
    pub reason: &'static str,
}

pub(super) const NOT_SERVED: Rule = Rule {
    id: "upstream-not-served",
    level: Level::Error,
    reason: "a build cannot fetch what upstream no longer serves",
};

pub(super) const CHILDREN: Rule = Rule {
    id: "upstream-children",
    level: Level::Error,
    reason: "what is locked for a platform is in the locked index, and a package in the locked suites, or the lock was edited",
};

pub(super) const TAG_MOVED: Rule = Rule {
    id: "upstream-tag-moved",
    level: Level::Error,
    reason: "a tag that never moves has moved: somebody replaced what was released",
};

/// An error where the tag is immutable, as only then it must be there.
pub(super) const TAG_GONE: Rule = Rule {
    id: "upstream-tag-gone",
    level: Level::Warning,
    reason: "what upstream has withdrawn is not rebuilt, and may cease to be served",
};

pub(super) const FROZEN: Rule = Rule {
    id: "upstream-frozen",
    level: Level::Warning,
    reason: "a tag that upstream no longer rebuilds gets no fixes of its base image",
};

pub(super) const NEVER_SEEN: Rule = Rule {
    id: "upstream-never-seen",
    level: Level::Error,
    reason: "a digest that its tag was never seen to name was written by somebody, or moved between two looks",
};

pub(super) const REWRITTEN: Rule = Rule {
    id: "upstream-rewritten",
    level: Level::Error,
    reason: "a snapshot of an archive never changes: somebody replaced it, or the lock was edited",
};

pub(super) const MOVED_ON: Rule = Rule {
    id: "upstream-moved-on",
    level: Level::Error,
    reason: "a mirror has its present state only: a build that installs from it stops",
};

/// All of them.
pub const RULES: &[Rule] =
    &[NOT_SERVED, CHILDREN, TAG_MOVED, NEVER_SEEN, REWRITTEN, MOVED_ON, TAG_GONE, FROZEN];
