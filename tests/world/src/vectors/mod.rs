//! The vectors: what every implementation must agree on, verdict and code.
//!
//! Expectations are written down here by intent, case by case, never taken from the code under test.

mod case;
mod certificates;
mod conformance;
mod encodings;
mod events;
mod geneses;
mod hashes;
mod messages;
mod ranges;
mod receipts;
mod samples;
mod signatures;
mod states;
mod trees;

pub use case::{Case, Suite, hex, resolve, unhex};
pub use conformance::conformance;
pub use messages::committee_fields;
pub use samples::{KINDS, Sample, decode_as, samples};

/// Every suite, in the order of their files.
#[must_use]
pub fn all() -> Vec<Suite> {
    vec![
        hashes::suite(),
        encodings::suite(),
        signatures::signatures(),
        signatures::keys(),
        signatures::bundles(),
        trees::trees(),
        trees::inclusions(),
        trees::consistencies(),
        events::suite(),
        certificates::suite(),
        geneses::suite(),
        messages::governance(),
        messages::redrives(),
        messages::records(),
        receipts::suite(),
        states::suite(),
        ranges::suite(),
    ]
}
