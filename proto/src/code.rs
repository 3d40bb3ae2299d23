//! Stable codes: one number and one dotted name for each way a thing can end, generated from `codes.toml`.
//!
//! Outcome, dead letter, audit leaf, API error and metric use the same name. Numbers are never used again.

use core::fmt;

/// What a code means for the transaction that ends with it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Class {
    /// An outcome that uses the event's place (or finds it used).
    Final,
    /// An outcome of one copy, through the fault of who packed it; the event may still be decided.
    Author,
    /// Judged before a block: the event never enters one.
    NotInBlock,
    /// Not about an event: a message, certificate, receipt, key or file is not accepted.
    Refusal,
}

impl Class {
    /// The word used in documents.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Final => "final",
            Self::Author => "author",
            Self::NotInBlock => "not-in-block",
            Self::Refusal => "refusal",
        }
    }
}

include!(concat!(env!("OUT_DIR"), "/codes.rs"));

impl fmt::Display for Code {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
