//! A small world in which blocks have their effect: a chain with producers, analysts and operators, whose events are
//! decided at once. Signatures are not made here: every voter has checked them before a block is decided.
//!
//! [`World`] is the chain, [`people`] who speaks, [`story`] a long random and hostile tale, [`trace`] what the
//! second implementation reads.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "a fixture: what cannot be made must be seen"
)]

pub mod duties;
pub mod golden;
pub mod items;
pub mod load;
pub mod people;
pub mod proofs;
pub mod rng;
pub mod story;
pub mod trace;

pub mod world;

pub use people::{AcceptAll, Person};
pub use world::{BEGIN_MS, Setup, World, codes, genesis};
