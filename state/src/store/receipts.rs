//! The store's part of a receipt: an item with its outcome, its path in the block's transactions, and the decision.
//!
//! Nothing of this is stored per item: the leaves are made anew from the block's batches, which the payload store holds, and
//! the outcomes. The root must be the decision's, so a batch or outcome that was changed is found here.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use cybermesh_proto::agree::{Batch, BatchRef, Decision};
use cybermesh_proto::merkle::Path;
use cybermesh_proto::receipt::TxLeaf;
use cybermesh_proto::wire::{List, decode_canonical};
use cybermesh_proto::{BatchId, Count, Height};

use super::{ITEMS, StateReader, keys};
use crate::error::{StateError, same};

/// An item with its outcome, proven under a decision.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct TxProof {
    /// The item and what it ended with.
    pub leaf: TxLeaf,
    /// The path to the decision's root of transactions.
    pub path: Path,
    /// The decision.
    pub decision: Decision,
}

impl StateReader {
    /// The leaves of a block's transactions. `load` gives a batch's bytes.
    pub fn tx_leaves(
        &self,
        height: Height,
        load: impl Fn(&BatchRef) -> Result<Option<Vec<u8>>, StateError>,
    ) -> Result<Vec<TxLeaf>, StateError> {
        let key = keys::at(height);
        let mut batches: BTreeMap<BatchId, Batch> = BTreeMap::new();
        let mut leaves = Vec::new();
        for (index, item) in (0..).zip(self.items(height)?) {
            let from = match batches.entry(item.batch.id) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(batch(&key, &item.batch, &load)?),
            };
            let found = from.items.get(item.place as usize);
            let found =
                found.ok_or_else(|| StateError::damaged(ITEMS.name, &key, "no such item in its batch"))?;
            leaves.push(TxLeaf {
                index: Count::new(index),
                author: item.batch.author,
                outcome: item.outcome,
                item: found.clone(),
            });
        }
        Ok(leaves)
    }

    /// An item of a block with its proof; none if the block has no such item.
    pub fn tx_proof(
        &self,
        height: Height,
        index: u32,
        load: impl Fn(&BatchRef) -> Result<Option<Vec<u8>>, StateError>,
    ) -> Result<Option<TxProof>, StateError> {
        let Some(decision) = self.decision(height)? else {
            return Ok(None);
        };
        let leaves = self.tx_leaves(height, load)?;
        let tree = TxLeaf::tree(&leaves);
        same("root of the block's transactions", &decision.tx.root, &tree.root())?;
        let path = tree.path(index as usize).and_then(List::new);
        let leaf = leaves.into_iter().nth(index as usize);
        Ok(leaf.zip(path).map(|(leaf, path)| TxProof { leaf, path, decision }))
    }
}

fn batch(
    key: &[u8],
    reference: &BatchRef,
    load: impl Fn(&BatchRef) -> Result<Option<Vec<u8>>, StateError>,
) -> Result<Batch, StateError> {
    let bytes = load(reference)?;
    let bytes =
        bytes.ok_or_else(|| StateError::damaged(ITEMS.name, key, "a batch of the block is missing"))?;
    let batch: Batch = decode_canonical(&bytes)
        .map_err(|_| StateError::damaged(ITEMS.name, key, "a batch of the block is not readable"))?;
    same("name of a batch", &reference.id, &batch.header.id())?;
    Ok(batch)
}
