//! What a result must fit before any of it is written. Nothing is repaired: the first thing that differs is named.

use std::collections::BTreeMap;

use cybermesh_executor::applied::{Applied, OutboundRow, Writes};
use cybermesh_executor::tree::TreeUpdate;
use cybermesh_proto::agree::{BatchRef, LogState};
use cybermesh_proto::merkle::leaf_hash;
use cybermesh_proto::state_proof::key_hash;
use cybermesh_proto::{ChainId, Height};

use super::commit::{Commit, First};
use super::head::Head;
use crate::edge::{Edge, TileHash, root_of};
use crate::error::{StateError, same, within};

/// 8 KiB: a hybrid attestation is half of that.
const ATTESTATION_BYTES_MAX: usize = 8 * 1024;
/// 4,096 sources: partitions of all topics that are read.
const SOURCES_MAX: usize = 4096;
/// 512 bytes for the name of a source, and for its position.
const POSITION_BYTES_MAX: usize = 512;

/// What a result adds to the logs, found while it was checked.
pub(super) struct Added {
    pub(super) events: Vec<TileHash>,
    pub(super) audit: Vec<TileHash>,
    pub(super) history: Vec<TileHash>,
    pub(super) next: Head,
}

/// The rows of the genesis and their tree belong together.
pub(super) fn first(first: &First<'_>) -> Result<(), StateError> {
    same("height of the first state", &Height::ZERO, &first.tree.height)?;
    rows(first.writes, first.tree)
}

/// Checks a result against the head, and gives the head after it.
pub(super) fn next(chain: ChainId, head: &Head, commit: &Commit<'_>) -> Result<Added, StateError> {
    let decision = &commit.applied.decision;
    same("chain of the decision", &chain, &decision.chain)?;
    same("height of the block", &head.height.next(), &decision.height)?;
    same("previous decision", &head.decision, &decision.previous)?;
    same("history root", &head.history.root(), &decision.history_root)?;
    same("height of the tree", &decision.height, &commit.applied.tree.height)?;
    same("root of the tree", &decision.state_root, &commit.applied.tree.root)?;
    rows(&commit.applied.writes, &commit.applied.tree)?;
    items(commit.applied, commit.batches)?;
    if commit.mirror < head.mirror {
        same("mirror of the safety record, which never falls", &head.mirror, &commit.mirror)?;
    }
    sizes(commit)?;
    let seqs = outbox(head, commit.applied)?;
    added(head, commit, seqs)
}

/// Keys ascend, and the tree holds exactly these rows.
fn rows(writes: &Writes, tree: &TreeUpdate) -> Result<(), StateError> {
    let ascend = writes.iter().zip(writes.iter().skip(1)).all(|((one, _), (other, _))| one < other);
    same("ascending keys", &true, &ascend)?;
    same("values of the tree", &writes.len(), &tree.values.len())?;
    let mut hashed: Vec<_> = writes.iter().map(|(key, value)| (key_hash(key), value)).collect();
    hashed.sort_unstable_by_key(|(key, _)| *key);
    let belong = hashed.into_iter().eq(tree.values.iter().map(|(key, value)| (*key, value)));
    same("rows that are those of the tree", &true, &belong)
}

fn items(applied: &Applied, batches: &[BatchRef]) -> Result<(), StateError> {
    same("items of the block", &applied.decision.tx.size.get(), &(applied.items.len() as u64))?;
    let batch = applied.items.iter().map(|item| item.batch as usize + 1).max().unwrap_or(0);
    within("batch of an item", batch, batches.len())
}

fn sizes(commit: &Commit<'_>) -> Result<(), StateError> {
    within("an attestation", commit.attestation.map_or(0, <[u8]>::len), ATTESTATION_BYTES_MAX)?;
    within("sources", commit.positions.len(), SOURCES_MAX)?;
    commit.positions.iter().try_for_each(|one| {
        within("name of a source", one.source.len(), POSITION_BYTES_MAX)?;
        within("position of a source", one.position.len(), POSITION_BYTES_MAX)
    })
}

/// The leaves are those of the decision, and every partition's seqs go on without a gap.
fn outbox(head: &Head, applied: &Applied) -> Result<BTreeMap<(u16, u32), u64>, StateError> {
    let outbox = &applied.decision.outbox;
    same("outbound leaves", &outbox.count.get(), &(applied.outbound.len() as u64))?;
    let hashes: Vec<_> = applied.outbound.iter().map(|row| row.leaf_hash).collect();
    same("outbox root", &outbox.root, &root_of(&hashes))?;
    let mut seqs = head.seqs.clone();
    for OutboundRow { topic, partition, seq, .. } in &applied.outbound {
        let newest = seqs.entry((*topic, *partition)).or_insert(0);
        same("seq of an outbound leaf", &(*newest + 1), seq)?;
        *newest = *seq;
    }
    Ok(seqs)
}

fn added(head: &Head, commit: &Commit<'_>, seqs: BTreeMap<(u16, u32), u64>) -> Result<Added, StateError> {
    let applied = commit.applied;
    let decision = &applied.decision;
    let mut next = head.clone();
    let (mut events, mut audit, mut history) = (Vec::new(), Vec::new(), Vec::new());
    applied.event_leaves.iter().for_each(|leaf| next.events.append(*leaf, &mut events));
    applied.audit_leaves.iter().for_each(|leaf| next.audit.append(leaf_hash(leaf), &mut audit));
    log("event log", &decision.event_log, &next.events)?;
    log("audit log", &decision.audit_log, &next.audit)?;
    next.decision = decision.hash();
    next.history.append(leaf_hash(next.decision.0.as_bytes()), &mut history);
    next.height = decision.height;
    next.block = decision.block;
    next.state_root = decision.state_root;
    next.seqs = seqs;
    next.mirror = commit.mirror;
    Ok(Added { events, audit, history, next })
}

fn log(what: &'static str, decided: &LogState, edge: &Edge) -> Result<(), StateError> {
    same(what, &(decided.size.get(), decided.root), &(edge.size(), edge.root()))
}
