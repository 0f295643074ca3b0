//! The network: one HTTP client with the manners that registries and forges expect, and no knowledge of pins.
//!
//! The layers, each in its own file and with its own tests: where a registry is (`endpoint`), who may be told a
//! secret (`auth`), what is asked again (`retry`), how one request is sent and how much of its answer is read
//! (`exchange`, `body`; `pour` where it is too large to be kept), through which proxy (`proxy`), which certificates are trusted and shown (`tls`, `certificates`), and
//! the client that puts them together. A caller makes a [`Request`] and gets the final [`Response`], whatever its status, or
//! a [`NetError`]. Nothing else of ours uses the HTTP library.

mod allowance;
mod auth;
mod body;
mod certificates;
mod client;
mod deadline;
mod endpoint;
mod error;
mod exchange;
mod flight;
mod hop;
mod host;
mod issuer;
mod link;
mod message;
mod mirrors;
mod pour;
mod proxy;
mod refused;
mod response;
mod retry;
mod settings;
mod stats;
mod tls;

pub use allowance::Allowance;
pub use body::BodyReader;
pub use certificates::{read_identity, read_pem};
pub use client::Client;
pub use deadline::Deadline;
pub use endpoint::Endpoint;
pub use error::{Between, Kind, NetError, Place};
pub use link::next_link;
pub use message::{Push, Request, Secret, Sink};
pub use mirrors::mirrored;
pub use proxy::{Proxies, Proxy};
pub use response::Response;
pub use settings::{GitToken, Identity, Pem, RegistrySettings, Settings};
pub use stats::{Asked, Stats, Tally};
