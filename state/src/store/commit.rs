//! The one write: everything that a block came to, in one batch with one sync.

use cybermesh_executor::applied::{Applied, Quarantined, Writes};
use cybermesh_executor::tree::TreeUpdate;
use cybermesh_proto::agree::BatchRef;
use cybermesh_proto::merkle::leaf_hash;
use cybermesh_proto::wire::encode_canonical;
use cybermesh_proto::{BlockId, DecisionHash, Height, TimeUs};

use super::head::Newest;
use super::keys::{self, key};
use super::reads::{After, published_key};
use super::{
    ATTESTATIONS, AUDIT, DECISIONS, GONE, ITEMS, Log, MARKS, NODES, ROWS, STALE, StateStore, VALUES, check,
    items, journal, outbox, tiles,
};
use crate::bytes::{put_bytes, put_number};
use crate::db::Batch;
use crate::error::StateError;
use crate::instance::Owner;

/// 1,024 entries in a part of the stale list: what pruning reads at once.
const STALE_PART: usize = 1024;

/// The state that the chain begins with.
#[derive(Clone, Copy, Debug)]
pub struct First<'a> {
    /// The rows of the genesis.
    pub writes: &'a Writes,
    /// Their tree, of height 0.
    pub tree: &'a TreeUpdate,
    /// The block that the chain grows from.
    pub block: BlockId,
    /// Who begins in quarantine.
    pub quarantines: &'a [Quarantined],
    /// The earliest moment at which something falls due.
    pub due: Option<TimeUs>,
}

/// A block's result with what this node adds to it.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// What the executor made of the block.
    pub applied: &'a Applied,
    /// The block's batches, in order.
    pub batches: &'a [BatchRef],
    /// This node's attestation of the decision, if it is a validator.
    pub attestation: Option<&'a [u8]>,
    /// The newest generation of the safety record whose sync has returned.
    pub mirror: u64,
    /// Sources whose position moved.
    pub positions: &'a [SourcePosition],
    /// Sinks whose cursor moved.
    pub published: &'a [Published],
}

/// How far a source was read; both parts mean something to the bus edge alone.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SourcePosition {
    /// Which source.
    pub source: Vec<u8>,
    /// How far.
    pub position: Vec<u8>,
}

/// How far a sink was written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Published {
    /// Which sink.
    pub sink: u8,
    /// The topic, by its place among the outbound topics.
    pub topic: u16,
    /// The partition.
    pub partition: u32,
    /// The newest seq that the sink holds.
    pub seq: u64,
}

impl StateStore {
    /// Checks that the result follows the newest one, writes all of it, and returns when it is on disk.
    pub fn commit(&mut self, commit: &Commit<'_>) -> Result<(), StateError> {
        let reader = &self.reader;
        reader.db.sound()?;
        let added = check::next(reader.chain, &reader.head(), commit)?;
        let mut batch = reader.db.batch();
        let applied = commit.applied;
        let height = applied.decision.height;
        state(&mut batch, height, &applied.writes, &applied.tree);
        tiles::put(&mut batch, Log::Events, added.events);
        tiles::put(&mut batch, Log::Audit, added.audit);
        tiles::put(&mut batch, Log::History, added.history);
        let first_audit = added.next.audit.size() - applied.audit_leaves.len() as u64;
        for (index, leaf) in (first_audit..).zip(&applied.audit_leaves) {
            batch.put(&AUDIT, &keys::number(index), leaf);
        }
        journal::put(&mut batch, height, &applied.items);
        outbox::put(&mut batch, height, &applied.outbound);
        let items = items::encode(commit.batches, &applied.items).ok_or(StateError::TooLarge {
            what: "batches of a block",
            size: commit.batches.len(),
            limit: cybermesh_proto::limits::BLOCK_BATCHES_MAX,
        })?;
        batch.put(&ITEMS, &keys::at(height), &items);
        batch.put(&DECISIONS, &keys::at(height), &encode_canonical(&applied.decision));
        beside(&mut batch, commit)?;
        batch.put(&MARKS, keys::HEAD, &added.next.newest().to_bytes());
        reader.db.write(batch)?;
        reader.nodes.keep(applied.tree.nodes.iter().map(|(name, node)| (name.as_slice(), node.as_slice())));
        reader.set_head(added.next);
        Ok(())
    }
}

/// What belongs to this node alone, and what agreement goes on from.
fn beside(batch: &mut Batch<'_>, commit: &Commit<'_>) -> Result<(), StateError> {
    let applied = commit.applied;
    let after = After::of(applied.next.as_ref(), &applied.quarantines, applied.due);
    let after = after.ok_or(StateError::TooLarge {
        what: "quarantines",
        size: applied.quarantines.len(),
        limit: super::reads::QUARANTINES_MAX,
    })?;
    batch.put(&MARKS, keys::AFTER, &encode_canonical(&after));
    batch.put(&MARKS, keys::MIRROR, &commit.mirror.to_be_bytes());
    if let Some(attestation) = commit.attestation {
        batch.put(&ATTESTATIONS, &keys::at(applied.decision.height), attestation);
    }
    for one in commit.positions {
        batch.put(&MARKS, &[keys::POSITIONS, &one.source].concat(), &one.position);
    }
    for one in commit.published {
        let key = published_key(one.sink, one.topic, one.partition);
        batch.put(&MARKS, &key, &one.seq.to_be_bytes());
    }
    Ok(())
}

/// The first rows of a store.
pub(super) fn first(batch: &mut Batch<'_>, owner: &Owner, first: &First<'_>) {
    let genesis = DecisionHash(owner.chain.0);
    state(batch, Height::ZERO, first.writes, first.tree);
    tiles::put(batch, Log::History, vec![(0, 0, leaf_hash(genesis.0.as_bytes()))]);
    // A genesis that quarantines more validators than there can be was refused where it was read.
    let after = After::of(None, first.quarantines, first.due).unwrap_or_default();
    batch.put(&MARKS, keys::AFTER, &encode_canonical(&after));
    batch.put(&MARKS, keys::MIRROR, &0_u64.to_be_bytes());
    for floor in [keys::FLOOR_STATE, keys::FLOOR_JOURNAL] {
        batch.put(&MARKS, floor, &0_u64.to_be_bytes());
    }
    let newest =
        Newest { height: Height::ZERO, decision: genesis, block: first.block, state_root: first.tree.root };
    batch.put(&MARKS, keys::HEAD, &newest.to_bytes());
    batch.put(&MARKS, keys::OWNER, &owner.to_bytes());
}

/// Rows, their versions, the tree, and what all this made stale.
fn state(batch: &mut Batch<'_>, height: Height, writes: &Writes, tree: &TreeUpdate) {
    for (name, value) in writes {
        let name = key(&[name]);
        match value {
            Some(value) => {
                batch.put(&ROWS, &name, value);
                batch.delete(&GONE, &name);
            }
            None => {
                batch.delete(&ROWS, &name);
                batch.put(&GONE, &name, &[]);
            }
        }
    }
    for (hashed, value) in &tree.values {
        let version = value.as_ref().map_or(vec![0], |value| [&[1], value.as_slice()].concat());
        batch.put(&VALUES, &keys::value(hashed, height), &version);
    }
    for (name, node) in &tree.nodes {
        batch.put(&NODES, &key(&[name]), node);
    }
    stale(batch, height, writes, tree);
}

/// The stale list: nodes, and the keys whose older versions no height from this one on sees.
fn stale(batch: &mut Batch<'_>, height: Height, writes: &Writes, tree: &TreeUpdate) {
    let nodes = tree.stale_nodes.iter().map(|node| (0, node.as_slice()));
    let rows = writes.iter().map(|(name, value)| (if value.is_some() { 1 } else { 2 }, name.as_slice()));
    let entries: Vec<_> = nodes.chain(rows).collect();
    for (part, entries) in (0..).zip(entries.chunks(STALE_PART)) {
        let mut row = Vec::new();
        for (kind, bytes) in entries {
            put_number(&mut row, *kind);
            put_bytes(&mut row, bytes);
        }
        batch.put(&STALE, &keys::stale(height, part), &row);
    }
}
