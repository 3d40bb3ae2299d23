//! Names and numbers, one type for each kind, so that a height is never taken for a view.

use core::fmt;

use crate::limits::VALIDATORS_MAX;
use crate::wire::{digest_newtype, number_newtype};

number_newtype! {
    /// A turn of one leader; starts from 1 in each epoch, 0 is the epoch's root.
    View
}
number_newtype! {
    /// A position in the chain of blocks and of decisions.
    Height
}
number_newtype! {
    /// The reign of one validator set; the first is 0.
    Epoch
}
number_newtype! {
    /// The author's own number of a batch; strictly growing, may have gaps.
    BatchSeq
}
number_newtype! {
    /// A moment in µs since 1970-01-01 UTC.
    TimeUs
}
number_newtype! {
    /// A count of leaves, or the size of a log.
    Count
}

digest_newtype! {
    /// The hash of a genesis: names a chain.
    ChainId
}
digest_newtype! {
    /// The hash of a block header.
    BlockId
}
digest_newtype! {
    /// The hash of a batch header.
    BatchId
}
digest_newtype! {
    /// The hash of a decision.
    DecisionHash
}
digest_newtype! {
    /// The identity of a batch item: of an event, over its event bytes alone.
    ItemId
}
digest_newtype! {
    /// The hash of a public-key bundle.
    Kid
}

/// The place of a validator in its epoch's set; below [`VALIDATORS_MAX`].
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(try_from = "u16", into = "u16")]
pub struct ValidatorIndex(u16);

impl ValidatorIndex {
    /// The index, if it is one.
    #[must_use]
    pub fn new(index: usize) -> Option<Self> {
        let index = u16::try_from(index).ok()?;
        Self::try_from(index).ok()
    }

    /// For looking up in a list.
    #[must_use]
    pub fn as_usize(self) -> usize {
        usize::from(self.0)
    }
}

impl TryFrom<u16> for ValidatorIndex {
    type Error = &'static str;

    fn try_from(index: u16) -> Result<Self, Self::Error> {
        if usize::from(index) < VALIDATORS_MAX {
            Ok(Self(index))
        } else {
            Err("validator index out of range")
        }
    }
}

impl From<ValidatorIndex> for u16 {
    fn from(index: ValidatorIndex) -> Self {
        index.0
    }
}

impl fmt::Display for ValidatorIndex {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(formatter)
    }
}
