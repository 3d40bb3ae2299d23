//! Blocks made up: results of the right shape with random content, for tests, benches and the crash rig.
//!
//! They go through the executor's tree and this room's logs, and their batches are real batches; only what the items say is
//! noise. A block is a function of the seed, its height and the store below it, so a process that was killed makes the
//! same block again.

mod content;
mod random;
mod spoil;

use std::collections::BTreeMap;

use cybermesh_executor::applied::{Applied, Decided, FoundBy, OutboundBody, OutboundRow, Writes};
use cybermesh_executor::tree::{TreeUpdate, genesis, grow};
use cybermesh_executor::view::View;
use cybermesh_proto::agree::{BatchRef, Decision, LogState, Outbox};
use cybermesh_proto::merkle::{BlockTree, leaf_hash};
use cybermesh_proto::receipt::TxLeaf;
use cybermesh_proto::{BlockId, Count, Digest, Epoch, Height, TimeUs};

use crate::edge::Edge;
use crate::error::StateError;
use crate::instance::Owner;
use crate::store::{Commit, First, StateReader};

pub use content::{MadeBatch, batch, leaf_bytes};
pub use random::Random;
pub use spoil::{Undo, drop_family, forge, forge_above, forge_row, spoil};

/// 12 partitions of the topic that every item has a leaf in.
const PARTITIONS: u64 = 12;
/// 4 audit leaves in a block.
const AUDIT_LEAVES: u64 = 4;

/// What blocks look like.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Shape {
    /// Makes every block another one.
    pub seed: u64,
    /// Items in a block.
    pub items: u32,
    /// Items in a batch.
    pub batch_items: u32,
    /// Bytes of an item.
    pub item_bytes: usize,
    /// Rows that a block changes.
    pub rows: u32,
    /// Subjects that rows and items are about.
    pub subjects: u64,
    /// One of so many changed rows is deleted instead, if it is there; 0 for none.
    pub deleted_of: u64,
}

impl Default for Shape {
    fn default() -> Self {
        Self { seed: 1, items: 40, batch_items: 16, item_bytes: 200, rows: 20, subjects: 200, deleted_of: 5 }
    }
}

/// A block with its result.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// The result.
    pub applied: Applied,
    /// Its batches.
    pub batches: Vec<MadeBatch>,
    /// The same, as the block names them.
    pub references: Vec<BatchRef>,
}

impl Made {
    /// As it is committed, without what the node adds.
    #[must_use]
    pub fn commit(&self) -> Commit<'_> {
        Commit {
            applied: &self.applied,
            batches: &self.references,
            attestation: None,
            mirror: 0,
            positions: &[],
            published: &[],
        }
    }
}

/// The first state: `rows` subjects.
pub fn first(rows: u64) -> Result<(Writes, TreeUpdate), StateError> {
    let writes: BTreeMap<_, _> =
        (0..rows).map(|subject| (key(subject), Some(value(subject, Height::ZERO)))).collect();
    let writes: Writes = writes.into_iter().collect();
    let tree = genesis(&writes)?;
    Ok((writes, tree))
}

/// The same, as a store is made of it.
#[must_use]
pub fn first_of<'a>(writes: &'a Writes, tree: &'a TreeUpdate) -> First<'a> {
    First { writes, tree, block: BlockId(Digest::ZERO), quarantines: &[], due: None }
}

fn key(subject: u64) -> Vec<u8> {
    format!("subject/{subject:08}").into_bytes()
}

/// 120 bytes that never come again for this subject.
fn value(subject: u64, height: Height) -> Vec<u8> {
    let mut random = Random::new(subject ^ (height.get() << 32));
    let mut value = height.get().to_be_bytes().to_vec();
    value.extend(random.bytes(112));
    value
}

/// The rows that the next block changes, and the tree after them.
pub fn state_of(reader: &StateReader, shape: &Shape) -> Result<(Writes, TreeUpdate), StateError> {
    let height = reader.newest().height.next();
    let mut random = Random::new(shape.seed ^ height.get().wrapping_mul(0x9e37_79b9));
    let mut writes = BTreeMap::new();
    while writes.len() < shape.rows as usize {
        let subject = random.below(shape.subjects.max(u64::from(shape.rows)));
        let deletes = shape.deleted_of > 0 && random.below(shape.deleted_of) == 0;
        let there = deletes && reader.get(&key(subject))?.is_some();
        writes.insert(key(subject), (!there).then(|| value(subject, height)));
    }
    let writes: Writes = writes.into_iter().collect();
    let tree = grow(reader, height, &reader.newest().state_root, &writes)?;
    Ok((writes, tree))
}

/// The block after the newest one.
pub fn next(reader: &StateReader, owner: &Owner, shape: &Shape) -> Result<Made, StateError> {
    let (writes, tree) = state_of(reader, shape)?;
    Ok(with_state(reader, owner, shape, writes, tree))
}

/// The block after the newest one, with this state.
#[must_use]
pub fn with_state(
    reader: &StateReader,
    owner: &Owner,
    shape: &Shape,
    writes: Writes,
    tree: TreeUpdate,
) -> Made {
    let head = reader.head();
    let height = head.height.next();
    let mut random = Random::new(shape.seed.wrapping_add(height.get() << 20));
    let batches = content::batches(owner.chain, height, shape, &mut random);
    let items = decided(&batches, shape, &mut random);
    let event_leaves: Vec<_> = items.iter().map(|item| leaf_hash(item.id.0.as_bytes())).collect();
    let audit_leaves: Vec<_> = (0..AUDIT_LEAVES).map(|_| random.bytes(80)).collect();
    let outbound = outbound(&head.seqs, height, &items);
    let hashes: Vec<_> = audit_leaves.iter().map(|leaf| leaf_hash(leaf)).collect();
    let decision = Decision {
        version: Decision::VERSION,
        chain: owner.chain,
        epoch: Epoch::ZERO,
        height,
        block: BlockId(Digest::new([height.get() as u8; 32])),
        time_us: TimeUs::new(height.get() * 1_000_000),
        previous: head.decision,
        history_root: head.history.root(),
        tx: transactions(&batches, &items),
        state_root: tree.root,
        event_log: log(&head.events, &event_leaves),
        audit_log: log(&head.audit, &hashes),
        outbox: outbox(height, &outbound),
        validator_set_hash: Digest::ZERO,
        next_validator_set_hash: Digest::ZERO,
        protocol_version: 1,
    };
    let references = batches.iter().map(|batch| batch.reference).collect();
    let applied = Applied {
        decision,
        next: None,
        writes,
        tree,
        items,
        event_leaves,
        audit_leaves,
        outbound,
        quarantines: Vec::new(),
        due: None,
    };
    Made { applied, batches, references }
}

/// One of seven items is rejected, the first of every block is a copy that has no effect.
fn decided(batches: &[MadeBatch], shape: &Shape, random: &mut Random) -> Vec<Decided> {
    let mut items = Vec::new();
    for (number, batch) in (0..).zip(batches) {
        for (place, id) in (0..).zip(&batch.ids) {
            let subject = random.below(shape.subjects.max(1));
            let found_by = FoundBy {
                correlation: format!("case-{}", random.below(u64::from(shape.items) * 4)),
                kind: "ip".to_owned(),
                value: format!("10.{}.{}.{}", subject >> 16 & 255, subject >> 8 & 255, subject & 255),
            };
            let outcome = if random.below(7) == 0 { 3 } else { 1 };
            let found_by = (number + place > 0).then_some(found_by);
            items.push(Decided { id: *id, outcome, batch: number, place, found_by });
        }
    }
    items
}

fn transactions(batches: &[MadeBatch], items: &[Decided]) -> LogState {
    let all = batches.iter().flat_map(|batch| batch.items.iter().map(|item| (batch.reference.author, item)));
    let leaves: Vec<_> = (0..)
        .zip(all.zip(items))
        .map(|(index, ((author, item), decided))| TxLeaf {
            index: Count::new(index),
            author,
            outcome: decided.outcome,
            item: item.clone(),
        })
        .collect();
    LogState { size: Count::new(leaves.len() as u64), root: TxLeaf::tree(&leaves).root() }
}

fn log(edge: &Edge, leaves: &[Digest]) -> LogState {
    let mut edge = edge.clone();
    leaves.iter().for_each(|leaf| edge.append(*leaf, &mut Vec::new()));
    LogState { size: Count::new(edge.size()), root: edge.root() }
}

/// A leaf for every item on topic 1, and one small leaf of the block on topic 2.
fn outbound(seqs: &BTreeMap<(u16, u32), u64>, height: Height, items: &[Decided]) -> Vec<OutboundRow> {
    let mut seqs = seqs.clone();
    let mut rows = Vec::new();
    let mut send = |topic, partition, bytes: Vec<u8>, index: Option<u32>| {
        let seq = seqs.entry((topic, partition)).or_insert(0);
        *seq += 1;
        let leaf_hash = leaf_hash(&bytes);
        let body = index.map_or(OutboundBody::Inline(bytes), |index| OutboundBody::Item { index });
        rows.push(OutboundRow { topic, partition, seq: *seq, leaf_hash, body });
    };
    for (index, item) in (0_u32..).zip(items) {
        let partition = u64::from(item.id.0.as_bytes()[0]) % PARTITIONS;
        send(1, partition as u32, leaf_bytes(height, index), Some(index));
    }
    send(2, 0, format!("policy at {height}").into_bytes(), None);
    rows
}

fn outbox(height: Height, rows: &[OutboundRow]) -> Outbox {
    // The oracle of the root is proto's tree over the leaves' bytes, not this room's over their hashes.
    let leaves: Vec<_> = rows
        .iter()
        .map(|row| match &row.body {
            OutboundBody::Inline(bytes) => bytes.clone(),
            OutboundBody::Item { index } => leaf_bytes(height, *index),
        })
        .collect();
    let tree = BlockTree::new(leaves.iter().map(Vec::as_slice));
    Outbox { count: Count::new(rows.len() as u64), root: tree.root(), heads_hash: Digest::ZERO }
}
