//! Plans the floating-IP aliases of one network interface. It only says what to do: nothing here opens a
//! socket, runs a command or changes an address.
//!
//! The phases, one module each:
//!
//! 1. [`cli`] takes the [`arguments`] and reads the files they name;
//! 2. [`parse`] turns text into [`address::Address`]es, each with the place it came from, or into problems;
//! 3. [`plan`] compares what is wanted with what is bound;
//! 4. [`render`] writes the plan as text or as `ip` commands.
//!
//! [`address`] and [`interface`] hold the values, which are valid once they exist. All but `cli` is pure.

pub mod address;
pub mod arguments;
pub mod cli;
pub mod interface;
pub mod parse;
pub mod plan;
pub mod render;
