//! What people do on a forge's pages.

use super::{PERSON, Pull, Server, State};

/// Somebody with a browser.
pub struct Person<'a>(pub(super) &'a Server);

impl Person<'_> {
    fn change(&self, number: u64, change: impl FnOnce(&mut Pull)) {
        let mut contents = self.0.lock();
        contents.follow();
        change(contents.pull(&number.to_string()).unwrap());
    }

    pub fn close(&self, number: u64) {
        self.change(number, |pull| {
            assert_eq!(pull.state, State::Open, "only what is open can be closed");
            pull.state = State::Closed;
            pull.closed_by = Some(PERSON.into());
        });
    }

    pub fn reopen(&self, number: u64) {
        self.change(number, |pull| {
            assert_eq!(pull.state, State::Closed, "only what is closed can be opened again");
            (pull.state, pull.closed_by) = (State::Open, None);
        });
    }

    pub fn comment(&self, number: u64, text: &str) {
        self.change(number, |pull| pull.comments.push((PERSON.into(), text.into())));
    }

    pub fn rewrite(&self, number: u64, title: &str, body: &str) {
        self.change(number, |pull| (pull.title, pull.body) = (title.into(), body.into()));
    }

    /// Merges with a commit of two parents.
    pub fn merge(&self, number: u64) {
        self.merge_as(number, true);
    }

    /// Merges with a commit that has the changes and not the branch's own commits.
    pub fn squash(&self, number: u64) {
        self.merge_as(number, false);
    }

    fn merge_as(&self, number: u64, both: bool) {
        let mut contents = self.0.lock();
        contents.follow();
        let pull = contents.pull(&number.to_string()).unwrap().clone();
        assert_eq!(pull.state, State::Open, "only what is open can be merged");
        contents.repository.merge(&pull.base, &pull.head, both);
        contents.pull(&number.to_string()).unwrap().state = State::Merged;
    }

    /// Opens a pull request, from a fork if it says so.
    pub fn open(&self, branch: &str, base: &str, fork: bool) -> u64 {
        let mut contents = self.0.lock();
        contents.follow();
        let number = contents.add(branch, base, "A person's", "");
        let pull = contents.pull(&number.to_string()).unwrap();
        (pull.author, pull.fork) = (PERSON.into(), fork);
        if fork {
            pull.head = "f".repeat(40);
        }
        number
    }
}
