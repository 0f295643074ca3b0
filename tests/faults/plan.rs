//! What a schedule may say: which request of which pin goes wrong, how, and how often in a row.

use proptest::prelude::*;
use solera_pin::model::Digest;

use super::case::Follow;
use super::guard::Access;
use super::reply::Reply;
use super::upstream::On;
use super::wire::{Heard, Script, Step};

/// What goes wrong with one request.
#[derive(Clone, Copy, Debug)]
pub enum Fault {
    Status(u16),
    /// With a pause that is asked for.
    Limited(u16),
    Challenged,
    Page,
    Compressed,
    Reset,
    /// After so many tenths.
    ResetAfter(usize),
    ClosedAfter(usize),
    NoDigest,
    /// What there was when the run began.
    Stale,
    ToItself,
    /// From here on, a fault is a lie about content.
    WrongDigest,
    Forged,
}

impl Fault {
    pub fn lies(self) -> bool {
        matches!(self, Self::WrongDigest | Self::Forged)
    }

    /// Whether it is asked again after it.
    pub fn goes_away(self) -> bool {
        match self {
            Self::Status(status) => matches!(status, 408 | 500 | 502 | 503 | 504),
            Self::Limited(_) | Self::Reset | Self::ResetAfter(_) | Self::ClosedAfter(_) => true,
            _ => false,
        }
    }

    pub fn script(self, honest: Reply, stale: Reply, heard: &Heard) -> Script {
        let bodiless = honest.bodiless;
        let other = Digest::sha256(b"something else").to_string();
        let reply = match self {
            Self::Reset => return vec![Step::Reset],
            Self::ResetAfter(tenths) => return vec![Step::Send(honest.tenths(tenths)), Step::Reset],
            Self::ClosedAfter(tenths) => return vec![Step::Send(honest.tenths(tenths)), Step::Close],
            Self::Status(status) => Reply::of(status),
            Self::Limited(status) => Reply::of(status).and("Retry-After", "1"),
            Self::Challenged => Reply::of(401).and("WWW-Authenticate", "Basic realm=\"another\""),
            Self::Page => Reply::html(),
            Self::Compressed => honest.and("Content-Encoding", "gzip"),
            Self::NoDigest => honest.without("Docker-Content-Digest"),
            Self::Stale => stale,
            Self::ToItself => Reply::of(302).and("Location", heard.path.clone()),
            Self::WrongDigest => honest.set("Docker-Content-Digest", other),
            Self::Forged => {
                let body = [honest.body.clone(), b" ".to_vec()].concat();
                honest.body(body)
            }
        };
        Reply { bodiless, ..reply }.into()
    }
}

/// Which request goes wrong, from which of its kind on, and how often.
#[derive(Clone, Debug)]
pub struct Planned {
    pub at: On,
    pub skip: usize,
    pub times: usize,
    pub fault: Fault,
}

#[derive(Clone, Debug)]
pub struct PinPlan {
    pub follow: Follow,
    pub access: Access,
    pub locked: bool,
    pub faults: Vec<Planned>,
    /// After how many requests the upstream moves on, and whether to a new tag.
    pub moves: Vec<(usize, bool)>,
}

pub fn plans() -> impl Strategy<Value = Vec<PinPlan>> {
    proptest::collection::vec(plan(), 1..4)
}

fn plan() -> impl Strategy<Value = PinPlan> {
    let follow = prop_oneof![2 => Just(Follow::Tag), 2 => Just(Follow::Versions), 1 => Just(Follow::Git)];
    let access = prop_oneof![3 => Just(Access::Open), 1 => Just(Access::Basic), 1 => Just(Access::Tokens(1)),
        1 => Just(Access::Tokens(9))];
    let moves = proptest::collection::vec((0usize..6, any::<bool>()), 0..3);
    let whole = (follow, access, prop::bool::weighted(0.8), moves);
    whole.prop_flat_map(|(follow, access, locked, moves)| {
        let access = if follow == Follow::Git { Access::Open } else { access };
        proptest::collection::vec(planned(follow), 0..4).prop_map(move |faults| PinPlan {
            follow,
            access,
            locked,
            faults,
            moves: moves.clone(),
        })
    })
}

/// A fault of a request that such a pin makes.
fn planned(follow: Follow) -> impl Strategy<Value = Planned> {
    let at = prop::sample::select(match follow {
        Follow::Tag => vec![On::Head, On::Head, On::Manifest, On::Manifest, On::Digest, On::Blob, On::Token],
        Follow::Versions => vec![On::List, On::List, On::Manifest, On::Manifest, On::Head, On::Token],
        Follow::Git => vec![On::Refs, On::Command],
    });
    let fault = prop_oneof![
        3 => prop::sample::select(vec![400, 403, 408, 418, 500, 502, 503, 504]).prop_map(Fault::Status),
        1 => prop::sample::select(vec![429, 503]).prop_map(Fault::Limited),
        2 => (0usize..10).prop_map(Fault::ResetAfter),
        2 => (0usize..10).prop_map(Fault::ClosedAfter),
        3 => prop::sample::select(vec![
            Fault::Challenged,
            Fault::Page,
            Fault::Compressed,
            Fault::Reset,
            Fault::NoDigest,
            Fault::Stale,
            Fault::ToItself,
        ]),
        2 => prop::sample::select(vec![Fault::WrongDigest, Fault::Forged]),
    ];
    let skip = prop_oneof![4 => Just(0usize), 1 => 1usize..3];
    (at, skip, 1usize..5, fault).prop_map(|(at, skip, times, fault)| Planned { at, skip, times, fault })
}
