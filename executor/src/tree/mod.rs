//! The versioned Merkle tree over the state's rows: one version for each height, also for empty blocks.
//!
//! jmt grows it; this module keeps jmt from its traps. A put on top of a version without a root would begin a
//! fresh tree and say nothing: [`grow`] compares the root below with the parent's. jmt does not call the root that
//! an empty block copies stale, nor the empty one that the first key replaces: here every root is stale from the
//! next version on. Keys come in order, once, and none that changes nothing, or the update is refused.
//!
//! A store that lost or swapped nodes is found out by an error, at the latest by a root that nobody attests.

mod key;
mod node;
mod prove;
mod range;

use std::collections::BTreeSet;

use cybermesh_proto::limits::{STATE_KEY_BYTES_MAX, STATE_VALUE_BYTES_MAX};
use cybermesh_proto::state_proof::{key_hash, value_hash};
use cybermesh_proto::{Digest, Height};
use jmt::storage::TreeUpdateBatch;
use jmt::{KeyHash, Sha256Jmt};

use crate::applied::Writes;
use crate::view::{Row, ViewError};
use node::{Reader, Shape, read};
pub use prove::prove;
pub use range::prove_range;

/// What a store must answer for the tree to grow and to give proofs.
pub trait TreeStore {
    /// A node by its encoded key.
    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError>;

    /// The value of a hashed key as of a height: that of the newest version at or below it.
    fn value(&self, key: &Digest, at: Height) -> Result<Option<Vec<u8>>, ViewError>;
}

/// What one version adds to the tree, and what it supersedes.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TreeUpdate {
    /// The version.
    pub height: Height,
    /// The root after it.
    pub root: Digest,
    /// Encoded node keys (version first, big endian) and nodes.
    pub nodes: Vec<(Vec<u8>, Vec<u8>)>,
    /// Hashed keys with their new values; `None` for a deleted one.
    pub values: Vec<(Digest, Option<Vec<u8>>)>,
    /// Nodes that no version from this height on refers to.
    pub stale_nodes: Vec<Vec<u8>>,
}

/// The first version of a tree, that of height 0.
pub fn genesis(writes: &Writes) -> Result<TreeUpdate, ViewError> {
    check_writes(writes)?;
    put(&Nothing, Height::ZERO, writes)
}

/// The tree's next version after these writes.
pub fn grow(
    store: &dyn TreeStore,
    height: Height,
    before: &Digest,
    writes: &Writes,
) -> Result<TreeUpdate, ViewError> {
    check_writes(writes)?;
    let below = below(height).ok_or_else(|| ViewError("height 0 has no tree to grow from".to_owned()))?;
    let found = root(store, below)?;
    if found != *before {
        return Err(ViewError(format!("the tree of {below} has root {found}, the parent's state {before}")));
    }
    put(store, height, writes)
}

/// The root after a height.
pub fn root(store: &dyn TreeStore, height: Height) -> Result<Digest, ViewError> {
    at_height(store, height).map(|shape| shape.hash())
}

/// The name under which a store finds the root of a height.
#[must_use]
pub fn root_key(height: Height) -> Vec<u8> {
    key::root(height)
}

fn at_height(store: &dyn TreeStore, height: Height) -> Result<Shape, ViewError> {
    read(store, &key::root(height))?.ok_or_else(|| ViewError(format!("no tree of height {height} is kept")))
}

fn below(height: Height) -> Option<Height> {
    height.get().checked_sub(1).map(Height::new)
}

/// What the caller promises: ascending keys, each once, nothing beyond its bound.
fn check_writes(writes: &Writes) -> Result<(), ViewError> {
    let ascending = writes.iter().zip(writes.iter().skip(1)).all(|((one, _), (next, _))| one < next);
    if !ascending {
        return Err(ViewError("writes are not in ascending order, each key once".to_owned()));
    }
    let sound = |key: &[u8], value: usize| {
        !key.is_empty() && key.len() <= STATE_KEY_BYTES_MAX && value <= STATE_VALUE_BYTES_MAX
    };
    match writes.iter().find(|(key, value)| !sound(key, value.as_ref().map_or(0, Vec::len))) {
        None => Ok(()),
        Some((key, _)) => {
            Err(ViewError(format!("a write of a key of {} bytes breaks its bounds", key.len())))
        }
    }
}

fn put(store: &dyn TreeStore, height: Height, writes: &Writes) -> Result<TreeUpdate, ViewError> {
    let mut values: Vec<_> = writes.iter().map(|(key, value)| (key_hash(key), value.clone())).collect();
    values.sort_unstable_by_key(|(key, _)| *key);
    let reader = Reader::new(store);
    let changes = values.iter().map(|(key, value)| (KeyHash(*key.as_bytes()), value.clone()));
    let (root, batch) = Sha256Jmt::new(&reader)
        .put_value_set(changes, height.get())
        .map_err(|error| ViewError(format!("the tree of {height} does not grow: {error:#}")))?;
    let met = reader.met();
    for (key, value) in &values {
        if met.get(key).copied() == value.as_deref().map(value_hash) {
            return Err(ViewError(format!("the write to the hashed key {key} changes nothing")));
        }
    }
    let nodes = encode_nodes(&batch)?;
    Ok(TreeUpdate { height, root: Digest::new(root.0), nodes, values, stale_nodes: stale(height, &batch) })
}

fn encode_nodes(batch: &TreeUpdateBatch) -> Result<Vec<Row>, ViewError> {
    let nodes = batch.node_batch.nodes().iter();
    let encoded = nodes.map(|(key, node)| Ok((key::encode_node_key(key), borsh::to_vec(node)?)));
    encoded.collect::<Result<_, std::io::Error>>().map_err(|error| ViewError(format!("a node: {error}")))
}

/// The root below is stale whatever jmt says of it.
fn stale(height: Height, batch: &TreeUpdateBatch) -> Vec<Vec<u8>> {
    let named = batch.stale_node_index_batch.iter().map(|stale| key::encode_node_key(&stale.node_key));
    let root_below = below(height).map(key::root);
    named.chain(root_below).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The store before the first version.
struct Nothing;

impl TreeStore for Nothing {
    fn node(&self, _key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }

    fn value(&self, _key: &Digest, _at: Height) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }
}
