//! Events: decoded once, kept as received, trusted after their producer's signatures held.

mod check;
mod custody;
mod fields;
mod signed;

pub(crate) use fields::kind_is_sound;

pub use check::{Demand, Signer, verify_batch};
pub use custody::custody_statement;
pub use signed::{SignedEvent, event_signing_bytes};
