//! What applying one block came to: everything that goes to disk in one batch.

use cybermesh_proto::agree::{Decision, ValidatorSet};
use cybermesh_proto::{Digest, Height, ItemId, TimeUs, ValidatorIndex};

use crate::tree::TreeUpdate;

/// Rows to write (`Some`) and to delete (`None`), ascending by key, each key once, none that changes nothing.
pub type Writes = Vec<(Vec<u8>, Option<Vec<u8>>)>;

/// One decided item, for the journal. Its bytes stay in its batch.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Decided {
    /// Its identity.
    pub id: ItemId,
    /// The number of the code it ended with.
    pub outcome: u16,
    /// Which of the block's batches it came in.
    pub batch: u32,
    /// Its place in that batch.
    pub place: u32,
    /// What an event can be found by besides its identity; nothing for other items, nor for a seq used before.
    pub found_by: Option<FoundBy>,
}

/// What an event can be found by.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundBy {
    /// The case it belongs to; empty if none.
    pub correlation: String,
    /// Kind of its subject.
    pub kind: String,
    /// Its subject in the one spelling.
    pub value: String,
}

/// One outbound leaf of the block, in order.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboundRow {
    /// The topic, by its place among the outbound topics.
    pub topic: u16,
    /// The partition.
    pub partition: u32,
    /// Dense number in (topic, partition).
    pub seq: u64,
    /// Hash of the leaf in the outbox tree.
    pub leaf_hash: Digest,
    /// The leaf, or where its large part stands.
    pub body: OutboundBody,
}

/// The content of an outbound leaf.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum OutboundBody {
    /// The encoded leaf.
    Inline(Vec<u8>),
    /// The leaf that says what became of item `index` of this block; it is made anew from item and outcome.
    Item {
        /// Place of the item in the block.
        index: u32,
    },
}

/// The result of one block.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Applied {
    /// The decision.
    pub decision: Decision,
    /// The validators of the next epoch, when the decision ends this one.
    pub next: Option<ValidatorSet>,
    /// Rows of the state.
    pub writes: Writes,
    /// Nodes and values of the tree.
    pub tree: TreeUpdate,
    /// Items in the order of the block.
    pub items: Vec<Decided>,
    /// Hashes of the leaves added to the event log.
    pub event_leaves: Vec<Digest>,
    /// The leaves added to the audit log.
    pub audit_leaves: Vec<Vec<u8>>,
    /// The outbound leaves.
    pub outbound: Vec<OutboundRow>,
    /// Who is or was quarantined within the heights that leaders can depend on.
    pub quarantines: Vec<Quarantined>,
    /// The earliest moment at which something of the state falls due.
    pub due: Option<TimeUs>,
}

/// The quarantine of a validator.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Quarantined {
    /// Who.
    pub validator: ValidatorIndex,
    /// The first height whose result has it.
    pub begin: Height,
    /// The first height whose result has it no longer, when that is known.
    pub end: Option<Height>,
}
