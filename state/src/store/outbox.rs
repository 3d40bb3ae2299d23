//! The outbox: what each block sends out, as references, until the topics confirm it.
//!
//! One row for each block holds its leaves in order: topic, partition, seq, hash, and either the leaf itself when it is small
//! or the item it is made of. One short row for each partition and block says where a seq is found. A leaf that is made
//! anew is compared with its hash before it is given out, so a wrong item can never leave.

use std::collections::BTreeMap;

use cybermesh_executor::applied::{OutboundBody, OutboundRow};
use cybermesh_proto::merkle::leaf_hash;
use cybermesh_proto::{Digest, Height};

use super::journal::PAGE_MAX;
use super::{OUTBOX, RUNS, StateReader, keys};
use crate::bytes::{Reader, put_bytes, put_number};
use crate::db::Batch;
use crate::edge;
use crate::error::{StateError, same, within};

/// A leaf of the outbox and where it stands.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct OutboxLeaf {
    /// The block that sends it.
    pub height: Height,
    /// Its number among the block's leaves.
    pub position: u32,
    /// What is stored of it.
    pub row: OutboundRow,
}

/// Writes the leaves of a block.
pub(super) fn put(batch: &mut Batch<'_>, height: Height, leaves: &[OutboundRow]) {
    if leaves.is_empty() {
        return;
    }
    batch.put(&OUTBOX, &keys::at(height), &encode(leaves));
    let mut runs: BTreeMap<(u16, u32), (u64, u64)> = BTreeMap::new();
    for leaf in leaves {
        runs.entry((leaf.topic, leaf.partition)).or_insert((leaf.seq, leaf.seq)).1 = leaf.seq;
    }
    for ((topic, partition), (first, last)) in runs {
        let row = [height.get().to_be_bytes(), last.to_be_bytes()].concat();
        batch.put(&RUNS, &run_key(topic, partition, first), &row);
    }
}

/// The seqs that a block sends to a partition.
pub(super) struct Run {
    pub(super) height: Height,
    pub(super) last: u64,
}

pub(super) fn run(key: &[u8], row: &[u8]) -> Result<Run, StateError> {
    let mut reader = Reader::new(row);
    let run = reader.array().zip(reader.array()).filter(|_| reader.is_empty());
    let (height, last) = run.ok_or_else(|| StateError::damaged(RUNS.name, key, "no run of seqs"))?;
    Ok(Run { height: Height::new(u64::from_be_bytes(height)), last: u64::from_be_bytes(last) })
}

pub(super) fn run_key(topic: u16, partition: u32, first: u64) -> Vec<u8> {
    [keys::partition(topic, partition), first.to_be_bytes().to_vec()].concat()
}

fn encode(leaves: &[OutboundRow]) -> Vec<u8> {
    let mut row = Vec::new();
    for leaf in leaves {
        put_number(&mut row, u64::from(leaf.topic));
        put_number(&mut row, u64::from(leaf.partition));
        put_number(&mut row, leaf.seq);
        row.extend_from_slice(leaf.leaf_hash.as_bytes());
        match &leaf.body {
            OutboundBody::Inline(bytes) => {
                row.push(0);
                put_bytes(&mut row, bytes);
            }
            OutboundBody::Item { index } => {
                row.push(1);
                put_number(&mut row, u64::from(*index));
            }
        }
    }
    row
}

fn leaf(reader: &mut Reader<'_>) -> Option<OutboundRow> {
    let topic = reader.small()?.try_into().ok()?;
    let (partition, seq) = (reader.small()?, reader.number()?);
    let leaf_hash = Digest::new(reader.array()?);
    let body = match reader.array::<1>()? {
        [0] => OutboundBody::Inline(reader.bytes()?.to_vec()),
        [1] => OutboundBody::Item { index: reader.small()? },
        _ => return None,
    };
    Some(OutboundRow { topic, partition, seq, leaf_hash, body })
}

pub(super) fn decode(key: &[u8], row: &[u8]) -> Result<Vec<OutboundRow>, StateError> {
    let mut reader = Reader::new(row);
    let mut leaves = Vec::new();
    while !reader.is_empty() {
        let next = leaf(&mut reader).ok_or_else(|| StateError::damaged(OUTBOX.name, key, "no leaves"))?;
        leaves.push(next);
    }
    Ok(leaves)
}

impl StateReader {
    /// The leaves that a block sends out, in order; none if it sends nothing or they were confirmed and pruned.
    pub fn outbox(&self, height: Height) -> Result<Vec<OutboxLeaf>, StateError> {
        let key = keys::at(height);
        let Some(row) = self.db.get(&OUTBOX, &key)? else {
            return Ok(Vec::new());
        };
        let leaves = (0..).zip(decode(&key, &row)?);
        Ok(leaves.map(|(position, row)| OutboxLeaf { height, position, row }).collect())
    }

    /// The first block from a height on that sends something out and is kept.
    pub fn outbox_from(&self, height: Height) -> Result<Option<Height>, StateError> {
        let found = self.db.first(&OUTBOX, &keys::at(height), keys::END)?;
        let height = |key: &[u8]| Some(Height::new(u64::from_be_bytes(key.get(1..)?.try_into().ok()?)));
        match found {
            None => Ok(None),
            Some((key, _)) => {
                height(&key).map(Some).ok_or_else(|| StateError::damaged(OUTBOX.name, &key, "no height"))
            }
        }
    }

    /// The leaves of a partition above a seq, in order, at most `limit`.
    pub fn outbox_above(
        &self,
        topic: u16,
        partition: u32,
        seq: u64,
        limit: usize,
    ) -> Result<Vec<OutboxLeaf>, StateError> {
        within("leaves of the outbox", limit, PAGE_MAX)?;
        let (start, end) = (keys::partition(topic, partition), run_key(topic, partition, u64::MAX));
        let wanted = run_key(topic, partition, seq.saturating_add(2));
        // The wanted seq may stand in the middle of a block.
        let first = self.db.last(&RUNS, &start, &wanted)?.map_or(start, |(key, _)| key);
        let mut found = Vec::new();
        for row in self.db.scan(&RUNS, &first, &end)? {
            let (key, row) = row?;
            let leaves = self.outbox(run(&key, &row)?.height)?;
            let of_partition = |leaf: &OutboxLeaf| {
                leaf.row.topic == topic && leaf.row.partition == partition && leaf.row.seq > seq
            };
            found.extend(leaves.into_iter().filter(of_partition).take(limit - found.len()));
            if found.len() == limit {
                break;
            }
        }
        Ok(found)
    }

    /// The newest seq of a partition; 0 if nothing was ever sent there.
    #[must_use]
    pub fn outbox_head(&self, topic: u16, partition: u32) -> u64 {
        self.head().seqs.get(&(topic, partition)).copied().unwrap_or(0)
    }

    /// The path from a leaf to the outbox root of its block's decision.
    pub fn outbox_path(&self, height: Height, position: u32) -> Result<Option<Vec<Digest>>, StateError> {
        let hashes: Vec<_> = self.outbox(height)?.iter().map(|leaf| leaf.row.leaf_hash).collect();
        Ok(edge::path_in(&hashes, position as usize))
    }

    /// The bytes of a leaf: the stored ones, or what `make` makes of the item; compared with the leaf's hash.
    pub fn outbox_bytes<E: From<StateError>>(
        &self,
        leaf: &OutboxLeaf,
        make: impl FnOnce(u32) -> Result<Vec<u8>, E>,
    ) -> Result<Vec<u8>, E> {
        let bytes = match &leaf.row.body {
            OutboundBody::Inline(bytes) => bytes.clone(),
            OutboundBody::Item { index } => make(*index)?,
        };
        same("hash of an outbound leaf", &leaf.row.leaf_hash, &leaf_hash(&bytes))?;
        Ok(bytes)
    }
}
