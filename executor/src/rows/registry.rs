//! Who may speak: keys, administrators, validators.

use cybermesh_proto::agree::ValidatorSet;
use cybermesh_proto::event::Demand;
use cybermesh_proto::event_type::is_covered;
use cybermesh_proto::genesis::{Reach, Role};
use cybermesh_proto::keys::KeyBundle;
use cybermesh_proto::limits::{ADMINISTRATORS_MAX, EVENT_TEXT_MAX, KEY_TYPES_MAX, NAME_BYTES_MAX};
use cybermesh_proto::wire::{Fixed, List, Text};
use cybermesh_proto::{Height, ItemId};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::row;

/// 4 terms: so many times may a key be amended within the heights that a batch may look back.
pub const TERMS_MAX: usize = 4;

/// What a key may do, from a height on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Terms {
    /// The first height whose result has them.
    pub from: Height,
    /// The event types it may sign, ascending.
    pub types: List<Text<EVENT_TEXT_MAX>, KEY_TYPES_MAX>,
    /// Which halves it owes.
    pub demand: Demand,
    /// How much its findings weigh, in basis points.
    pub standing_bp: u16,
    /// How far its word goes.
    pub reach: Reach,
}

impl Terms {
    /// Whether events of this type may be signed.
    #[must_use]
    pub fn allows(&self, event_type: &str) -> bool {
        is_covered(self.types.iter().map(Text::as_str), event_type)
    }
}

/// A registered key. It stays after its end: a key that was registered once is never registered again, so a used
/// place stays used.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct KeyRow {
    /// What it is for.
    pub role: Role,
    /// The tenant it speaks for.
    pub tenant: Text<NAME_BYTES_MAX>,
    /// Who holds it.
    pub subject: Text<NAME_BYTES_MAX>,
    /// What it may do, the newest last.
    pub terms: List<Terms, TERMS_MAX>,
    /// The first height whose result has it no longer.
    pub end: Option<Height>,
}

impl KeyRow {
    /// What it may do as of the state after `height`; nothing before its registration and after its end.
    #[must_use]
    pub fn at(&self, height: Height) -> Option<&Terms> {
        if self.end.is_some_and(|end| end <= height) {
            return None;
        }
        self.terms.iter().rev().find(|terms| terms.from <= height)
    }
}

/// The public keys of a registered key.
#[derive(Clone, PartialEq, Eq, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Bundle(pub KeyBundle);

/// A public key that is or was in use somewhere.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct KeyPart {
    /// The height that brought it.
    pub since: Height,
}

/// How a producer has fared.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Conduct {
    /// From 10,000 down, by verdicts.
    pub bp: u16,
    /// 1 while an automatic quarantine stands.
    pub quarantined: u8,
    /// How many streams it has begun.
    pub streams: u16,
}

impl Default for Conduct {
    fn default() -> Self {
        Self { bp: 10_000, quarantined: 0, streams: 0 }
    }
}

/// The administrators from a height on.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Administrators {
    /// How many must agree.
    pub threshold: u8,
    /// Their keys, ascending by kid.
    pub keys: List<KeyBundle, ADMINISTRATORS_MAX>,
}

/// The validators of an epoch.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct EpochRow {
    /// The height of the decision it grows from.
    pub root: Height,
    /// Its validators.
    pub set: ValidatorSet,
}

/// A validator that may not lead.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct ValidatorQuarantine {
    /// Its key of statements.
    pub ed25519: Fixed<32>,
    /// Its name at that time.
    pub name: Text<NAME_BYTES_MAX>,
    /// The first height whose result has it.
    pub begin: Height,
    /// The first height whose result has it no longer.
    pub end: Height,
    /// Why.
    pub misdeed: ItemId,
}

/// A misdeed that was counted.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Misdeed {
    /// When.
    pub height: Height,
}

/// A governance transaction that came to an end: applied, or refused for what it asks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Seen {
    /// When.
    pub height: Height,
}

/// What became of redrives of a place.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Redriven {
    /// How many were tried.
    pub attempts: u32,
    /// 1 once one was applied.
    pub applied: u8,
}

/// 80 KiB: four terms of 64 types of 256 bytes.
const KEY_BYTES: usize = 80 * 1024;
/// 128 KiB: 16 hybrid bundles.
const ADMINISTRATORS_BYTES: usize = 128 * 1024;
/// 512 KiB: 128 validators of 3.4 KB, and a height.
const EPOCH_BYTES: usize = 513 * 1024;

row!(KeyRow, Keys, "key row", KEY_BYTES);
row!(Bundle, Bundles, "bundle row", 16 * 1024);
row!(KeyPart, KeyParts, "key part row", 16);
row!(Conduct, Conduct, "conduct row", 16);
row!(Administrators, Administrators, "administrators row", ADMINISTRATORS_BYTES);
row!(EpochRow, Epochs, "epoch row", EPOCH_BYTES);
row!(ValidatorQuarantine, Quarantines, "quarantine row", 256);
row!(Misdeed, Misdeeds, "misdeed row", 16);
row!(Seen, Seen, "seen row", 16);
row!(Redriven, Redriven, "redriven row", 16);
