//! From a decision to a change that people read: bump commits, branches, pull requests. Resolves nothing.
//!
//! A [`bump::Bump`] is the change of one pin, [`group`] puts bumps into proposals with a branch each, [`message`] is what
//! a commit says, and [`commit`] makes commits from git's objects. [`head`] moves the branch that is checked out.

pub mod branch;
pub mod bump;
pub mod commit;
pub mod forge;
pub mod group;
pub mod head;
mod index;
pub mod journal;
pub mod message;
pub mod own_clone;
pub mod place;
pub mod propose;
pub mod sign;
mod standing;
pub mod text;
pub mod used;

#[cfg(test)]
mod tests;
