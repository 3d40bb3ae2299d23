//! What a batch can hold, each as it was received.
//!
//! The wire page has the table: for each kind its signer, its identity, its replay rule, and the check that
//! every replica makes before it counts the batch as held.

use super::{Evidence, RunReport};
use crate::domain::Domain;
use crate::event::SignedEvent;
use crate::hash::tagged;
use crate::limits::ITEM_BYTES_MAX;
use crate::message::{SignedGovernance, SignedRedrive};
use crate::wire::{Blob, Wire, decode_canonical, encode_canonical, union};
use crate::{ItemId, Refusal};

type Bytes = Blob<ITEM_BYTES_MAX>;

/// One item of a batch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Item {
    /// A signed event of a producer (protobuf).
    Event(Bytes),
    /// A governance transaction of k administrators (protobuf).
    Governance(Bytes),
    /// Evidence against a validator.
    Evidence(Bytes),
    /// A publisher's report of a validator.
    Report(Bytes),
    /// An operator's redrive of a rejected event (protobuf).
    Redrive(Bytes),
}

union!(Item {
    1 => Event(Bytes),
    2 => Governance(Bytes),
    3 => Evidence(Bytes),
    4 => Report(Bytes),
    5 => Redrive(Bytes),
});

/// The kind of an item.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum ItemKind {
    /// A signed event.
    Event = 1,
    /// A governance transaction.
    Governance = 2,
    /// Evidence against a validator.
    Evidence = 3,
    /// A publisher's report.
    Report = 4,
    /// A redrive.
    Redrive = 5,
}

impl ItemKind {
    /// An item of this kind, or `None` when the bytes are too many for any.
    #[must_use]
    pub fn item(self, bytes: Vec<u8>) -> Option<Item> {
        let bytes = Blob::new(bytes)?;
        Some(match self {
            Self::Event => Item::Event(bytes),
            Self::Governance => Item::Governance(bytes),
            Self::Evidence => Item::Evidence(bytes),
            Self::Report => Item::Report(bytes),
            Self::Redrive => Item::Redrive(bytes),
        })
    }

    /// The word used in documents and tables.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Event => "event",
            Self::Governance => "governance",
            Self::Evidence => "evidence",
            Self::Report => "report",
            Self::Redrive => "redrive",
        }
    }
}

impl Item {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> ItemKind {
        match self {
            Self::Event(_) => ItemKind::Event,
            Self::Governance(_) => ItemKind::Governance,
            Self::Evidence(_) => ItemKind::Evidence,
            Self::Report(_) => ItemKind::Report,
            Self::Redrive(_) => ItemKind::Redrive,
        }
    }

    /// Its bytes as received.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Event(bytes)
            | Self::Governance(bytes)
            | Self::Evidence(bytes)
            | Self::Report(bytes)
            | Self::Redrive(bytes) => bytes.as_slice(),
        }
    }

    /// Decodes it and gives its identity: a hash of what was meant, never of the signatures around it.
    pub fn identity(&self) -> Result<ItemId, Refusal> {
        let bytes = self.bytes();
        Ok(match self {
            Self::Event(_) => SignedEvent::decode(bytes)?.id(),
            Self::Governance(_) => SignedGovernance::decode(bytes)?.id(),
            Self::Redrive(_) => SignedRedrive::decode(bytes)?.id(),
            Self::Evidence(_) => decode_canonical::<Evidence>(bytes)?.identity(),
            Self::Report(_) => {
                let report: RunReport = decode_canonical(bytes)?;
                ItemId(tagged(Domain::RUN_REPORT_ID, &encode_canonical(&(&report.statement, report.author))))
            }
        })
    }
}

impl Wire for Item {
    const NAME: &'static str = "batch item";
    /// The item's bytes, and 16 around them.
    const BYTES_MAX: usize = ITEM_BYTES_MAX + 16;
}

impl From<ItemKind> for u8 {
    fn from(kind: ItemKind) -> Self {
        kind as Self
    }
}

impl TryFrom<u8> for ItemKind {
    type Error = &'static str;

    fn try_from(tag: u8) -> Result<Self, Self::Error> {
        match tag {
            1 => Ok(Self::Event),
            2 => Ok(Self::Governance),
            3 => Ok(Self::Evidence),
            4 => Ok(Self::Report),
            5 => Ok(Self::Redrive),
            _ => Err("unknown kind of batch item"),
        }
    }
}
