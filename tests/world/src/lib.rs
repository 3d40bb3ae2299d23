//! A small deterministic world: keys from names, a genesis, a decided chain, receipts, and lies about them.
//!
//! It serves the vectors, the demo, the benches and every test that crosses the rooms of proto, verify and keys.
//! Nothing of it ships. Its keys are public knowledge and its signatures repeat byte for byte.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a test fixture: a failure is a failed test"
)]

pub mod chain;
pub mod cluster;
pub mod codes_page;
pub mod events;
pub mod keys;
pub mod lies;
pub mod story;
pub mod vectors;
