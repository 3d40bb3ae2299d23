//! The tree against its definition, its proofs against every lie of one change, its refusals.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod history;
mod lies;
mod proofs;
mod ranges;
mod reference;
mod refusals;
