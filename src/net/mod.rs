//! The network: one HTTP client with the manners that registries and forges expect, and no knowledge of pins.
//!
//! The layers, each in its own file and with its own tests: where a registry is (`endpoint`), who may be told a
//! secret (`auth`), what is asked again (`retry`), how much is read (`body`), and the client that puts them together.
//! A caller makes a [`Request`], and gets the final [`Response`] whatever its status, or a [`NetError`].

mod client;
mod error;
mod settings;
mod stats;

pub use client::Client;
pub use error::{Kind, NetError, Place};
pub use settings::{RegistrySettings, Settings};
pub use stats::{Asked, Stats};
