//! Checks events, certificates, receipts and state proofs, given one genesis hash. Pure Rust, no I/O, no panic.
//!
//! **Promises**: what is accepted here was decided by a quorum of the chain that the hash names, or the verdict
//! says on what weaker ground it rests. The same verdict on every machine, with no network and no clock.
//!
//! **Refuses**: everything else, with a stable code; costs are bounded before the first signature is checked.
//!
//! **Knows**: `cybermesh-proto` and pure-Rust arithmetic ([`PureRust`]). It signs nothing and reads no file.
//!
//! What no verifier can know from a genesis hash alone: whether the keys of a *past* epoch were stolen later and
//! used to sign another past. That is why a verdict names the epoch it rests on, why receipts prove old
//! decisions under the newest epoch, and why a verifier that keeps [`EpochMemory`] refuses contradictions.
#![deny(
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::float_arithmetic
)]

mod epochs;
mod pure;
mod receipt;
mod state;
mod verdict;

pub use epochs::{EpochEnd, EpochMemory};
pub use pure::PureRust;
pub use receipt::{Trust, verify_receipt};
pub use state::{check_range, check_state, check_state_proof, check_state_range};
pub use verdict::{ProducerCheck, Standing, Verdict};
