//! Leaves of the audit log: what was done, by whom or by what, in one chain that nobody can edit unseen.
//!
//! The log is an RFC 6962 tree; each leaf also holds the hash of the leaf before it, so that a copy of the leaves
//! alone shows whether one is missing.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::limits::{NAME_BYTES_MAX, VALUE_BYTES_MAX};
use crate::merkle::leaf_hash;
use crate::refusal::ensure;
use crate::wire::{Blob, Fixed, Text, Wire, encode_canonical, union};
use crate::{Code, Count, Digest, Height, ItemId, Kid, Refusal, TimeUs};

/// Places of a stream. The bitmap, where there is one, is that of the chunk: bit i of byte j stands for place
/// `first + 8 j + i`, and is set if the place was used.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Places {
    /// The producer.
    pub kid: Kid,
    /// Its stream.
    pub stream: u32,
    /// The first place.
    pub first: Count,
    /// The last place.
    pub last: Count,
    /// Which of them were used; none if no place was.
    pub bitmap: Option<Fixed<128>>,
}

/// A change by administrators.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Change {
    /// The transaction.
    pub id: ItemId,
    /// What it did, in one word.
    pub action: Text<32>,
    /// The reason it gave (UTF-8).
    pub reason: Blob<VALUE_BYTES_MAX>,
}

/// A rule that was made, made anew or lifted.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct RuleMoved {
    /// Kind of its subject.
    pub kind: Text<32>,
    /// Its subject.
    pub value: Text<VALUE_BYTES_MAX>,
    /// 1 deny, 2 allow, 3 quarantine.
    pub action: u8,
    /// Whom it binds.
    pub scope: Text<NAME_BYTES_MAX>,
    /// 1 made by the score, 2 by a request.
    pub origin: u8,
    /// 1 it was made or made anew, 2 it was lifted.
    pub change: u8,
}

/// A validator that may not lead for a while.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Isolation {
    /// Who.
    pub validator: Text<NAME_BYTES_MAX>,
    /// The misdeed.
    pub misdeed: ItemId,
    /// The first height at which it may lead again.
    pub until: Height,
}

/// An analyst's verdict.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Judgement {
    /// The event it is about.
    pub event: ItemId,
    /// The analyst's key.
    pub analyst: Kid,
    /// 1 confirmed, 2 refuted, 3 false positive.
    pub verdict: u8,
}

/// The beginning of a publisher's term.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Term {
    /// Its number.
    pub term: Count,
    /// Who publishes.
    pub holder: Text<NAME_BYTES_MAX>,
}

/// What was done.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum AuditEntry {
    /// Places of a stream are missing for long.
    Gap(Places),
    /// Places of a stream were left unused for ever.
    GapClosed(Places),
    /// Administrators changed something.
    Change(Change),
    /// A rule moved.
    Rule(RuleMoved),
    /// A validator was put in quarantine.
    Isolation(Isolation),
    /// An analyst judged an event.
    Judgement(Judgement),
    /// Executing this item failed.
    Fault(ItemId),
    /// A publisher's term began.
    Term(Term),
}

union!(AuditEntry {
    1 => Gap(Places),
    2 => GapClosed(Places),
    3 => Change(Change),
    4 => Rule(RuleMoved),
    5 => Isolation(Isolation),
    6 => Judgement(Judgement),
    7 => Fault(ItemId),
    8 => Term(Term),
});

/// A leaf of the audit log.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct AuditLeaf {
    /// Format of the leaf; 1.
    pub version: u16,
    /// Hash of the leaf before it; zeros for the first.
    pub previous: Digest,
    /// The height it was decided at.
    pub height: Height,
    /// The time of that block.
    pub time_us: TimeUs,
    /// What was done.
    pub entry: AuditEntry,
}

impl AuditLeaf {
    /// The format this code writes and reads.
    pub const VERSION: u16 = 1;

    /// Its hash in the log.
    #[must_use]
    pub fn hash(&self) -> Digest {
        leaf_hash(&encode_canonical(self))
    }
}

impl Wire for AuditLeaf {
    const NAME: &'static str = "audit leaf";
    /// 1 KiB: the longest is a rule about a subject of 256 bytes.
    const BYTES_MAX: usize = 1024;

    fn check_shape(&self) -> Result<(), Refusal> {
        let known = self.version == Self::VERSION;
        ensure(known, Code::WireVersion, || format!("audit leaf version {}", self.version).into())
    }
}

/// A leaf of the event log: one for each event with a final outcome.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct EventLeaf {
    /// Hash of the leaf before it; zeros for the first.
    pub previous: Digest,
    /// The event.
    pub id: ItemId,
    /// The number of the code it ended with.
    pub outcome: u16,
    /// The height it was decided at.
    pub height: Height,
    /// Its place in that block.
    pub index: Count,
}

impl EventLeaf {
    /// Its hash in the log.
    #[must_use]
    pub fn hash(&self) -> Digest {
        leaf_hash(&encode_canonical(self))
    }
}

impl Wire for EventLeaf {
    const NAME: &'static str = "event leaf";
    /// 128 bytes: two hashes and three numbers.
    const BYTES_MAX: usize = 128;
}
