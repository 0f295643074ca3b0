//! One misbehaviour: what a server does, and what must come of it.
//!
//! Each case has three servers: a `bad` one, a `good` one, and one `elsewhere` that nobody is to be sent to unless the
//! case says so. A pin on the bad server and a pin on the good one are locked; both upstreams have moved on. The user is
//! logged in to both, so that there is always a secret that could leak.

use super::guard::Access;
use super::reply::Reply;
use super::upstream::{Images, On};
use super::wire::{Heard, Opening, Script};
use super::world::World;

/// What the pin on the bad server follows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Follow {
    /// One tag that moves: HEAD, then GET.
    Tag,
    /// Versions: a tag list, then GET.
    Versions,
    /// The tags of a git repository.
    Git,
}

/// What a fault knows of the world.
pub struct Around<'a> {
    pub heard: &'a Heard,
    /// Another server, on another host.
    pub elsewhere: &'a str,
    /// The honest server, on another port of the same host.
    pub good: &'a str,
    /// How many such requests there were before.
    pub before: usize,
    /// What the pin is locked at.
    pub old: &'a Images,
}

pub type Does = Box<dyn Fn(Reply, &Around<'_>) -> Script + Send + Sync>;

/// What becomes of the pin on the bad server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Then {
    Stays,
    Moves,
}

/// A row of the suite.
pub struct Case {
    pub name: String,
    pub access: Access,
    pub opening: Opening,
    pub https: bool,
    pub does: Does,
    pub publishes: Option<fn(&mut Images)>,
    /// What the other server answers, where it is not honest either.
    pub elsewhere: Option<fn(&Heard) -> Reply>,
    pub timeout: &'static str,
    pub expected: Expected,
}

/// What must come of it.
pub struct Expected {
    pub follow: Follow,
    pub at: On,
    pub code: i32,
    pub says: Vec<String>,
    pub hides: Vec<String>,
    pub then: Then,
    pub asks_elsewhere: bool,
    /// The most requests of the kind that goes wrong.
    pub most: Option<usize>,
    /// Whether the bad server may see the login.
    pub shows: bool,
}

/// A case whose bad server is honest up to `at`. It is to end with 3, and the pin is to stay.
pub fn case(
    name: impl Into<String>,
    at: On,
    does: impl Fn(Reply, &Around<'_>) -> Script + Send + Sync + 'static,
) -> Case {
    let follow = match at {
        On::Head => Follow::Tag,
        On::Refs | On::Command => Follow::Git,
        _ => Follow::Versions,
    };
    let expected = Expected {
        follow,
        at,
        code: 3,
        says: Vec::new(),
        hides: Vec::new(),
        then: Then::Stays,
        asks_elsewhere: false,
        most: None,
        shows: false,
    };
    Case {
        name: name.into(),
        access: Access::Open,
        opening: Opening::Plain,
        https: false,
        does: Box::new(does),
        publishes: None,
        elsewhere: None,
        timeout: "20s",
        expected,
    }
}

/// The same where one answer is always given.
pub fn reply(name: impl Into<String>, at: On, reply: Reply) -> Case {
    case(name, at, move |_, _| reply.clone().into())
}

/// The same where the connection itself is bad.
pub fn opening(name: impl Into<String>, opening: Opening) -> Case {
    Case { opening, ..case(name, On::Other, |honest, _| honest.into()) }
}

impl Case {
    fn expects(self, change: impl FnOnce(&mut Expected)) -> Self {
        let Self { mut expected, .. } = self;
        change(&mut expected);
        Self { expected, ..self }
    }

    pub fn follows(self, follow: Follow) -> Self {
        self.expects(|expected| expected.follow = follow)
    }

    pub fn access(self, access: Access) -> Self {
        // Where a login is asked for, it is shown.
        Self { access, ..self }.expects(|expected| expected.shows = true)
    }

    /// Over TLS, to a mirror.
    pub fn https(self) -> Self {
        Self { https: true, ..self }
    }

    pub fn over(self, opening: Opening) -> Self {
        Self { opening, ..self }
    }

    /// What the bad server has besides.
    pub fn publishes(self, publishes: fn(&mut Images)) -> Self {
        Self { publishes: Some(publishes), ..self }
    }

    /// Where the other server is bad as well.
    pub fn elsewhere(self, answers: fn(&Heard) -> Reply) -> Self {
        Self { elsewhere: Some(answers), ..self }.may_go_elsewhere()
    }

    /// Where silence is part of the case.
    pub fn hurried(self) -> Self {
        Self { timeout: "2s", ..self }
    }

    pub fn timeout(self, timeout: &'static str) -> Self {
        Self { timeout, ..self }
    }

    pub fn ends(self, code: i32) -> Self {
        self.expects(|expected| expected.code = code)
    }

    pub fn says(self, words: &str) -> Self {
        self.expects(|expected| expected.says.push(words.into()))
    }

    /// What no message may hold.
    pub fn hides(self, words: &str) -> Self {
        self.expects(|expected| expected.hides.push(words.into()))
    }

    /// The pin goes where it should, and nothing is wrong.
    pub fn moves(self) -> Self {
        self.expects(|expected| expected.then = Then::Moves).ends(0)
    }

    /// The other server may be asked, without a secret.
    pub fn may_go_elsewhere(self) -> Self {
        self.expects(|expected| expected.asks_elsewhere = true)
    }

    /// The most requests of the kind that goes wrong.
    pub fn at_most(self, requests: usize) -> Self {
        self.expects(|expected| expected.most = Some(requests))
    }

    /// Runs it, and interrupts it once its server has heard of it.
    pub fn interrupt(self) {
        World::new(self, 0).interrupt();
    }

    /// Runs it; says what was not as it must be.
    pub fn run(self, number: usize) -> Result<(), String> {
        World::new(self, number).run()
    }
}
