//! The payload store: blocks and batches, with a log of its own. Nothing is pruned within a run.

use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use cybermesh_proto::agree::{Batch, Block};
use cybermesh_proto::{BatchId, BlockId};

use crate::rng::Rng;

/// One write.
#[derive(Clone, Debug)]
pub enum PayloadWrite {
    /// A block.
    Block(BlockId, Arc<Block>),
    /// A batch.
    Batch(BatchId, Rc<Batch>),
}

/// The store.
#[derive(Clone, Debug, Default)]
pub struct PayloadStore {
    blocks: BTreeMap<BlockId, Arc<Block>>,
    batches: BTreeMap<BatchId, Rc<Batch>>,
    pending: VecDeque<PayloadWrite>,
}

impl PayloadStore {
    /// Appends a write to the log.
    pub fn write(&mut self, write: PayloadWrite) {
        self.pending.push_back(write);
    }

    /// The oldest write is synced.
    pub fn sync(&mut self) -> Option<PayloadWrite> {
        let write = self.pending.pop_front()?;
        self.keep(write.clone());
        Some(write)
    }

    fn keep(&mut self, write: PayloadWrite) {
        match write {
            PayloadWrite::Block(id, block) => drop(self.blocks.insert(id, block)),
            PayloadWrite::Batch(id, batch) => drop(self.batches.insert(id, batch)),
        }
    }

    /// The power goes off: the log is whole up to some write.
    pub fn crash(&mut self, rng: &mut Rng) -> u64 {
        let pending = std::mem::take(&mut self.pending);
        let (count, kept) = (pending.len(), rng.place(pending.len() + 1));
        pending.into_iter().take(kept).for_each(|write| self.keep(write));
        count as u64
    }

    /// A block on disk.
    #[must_use]
    pub fn block(&self, id: &BlockId) -> Option<&Arc<Block>> {
        self.blocks.get(id)
    }

    /// A batch on disk.
    #[must_use]
    pub fn batch(&self, id: &BatchId) -> Option<&Rc<Batch>> {
        self.batches.get(id)
    }

    /// Whether a batch is written, synced or not.
    #[must_use]
    pub fn has_batch(&self, id: &BatchId) -> bool {
        let written = |write: &PayloadWrite| matches!(write, PayloadWrite::Batch(one, _) if one == id);
        self.batches.contains_key(id) || self.pending.iter().any(written)
    }

    /// All blocks on disk.
    pub fn blocks(&self) -> impl Iterator<Item = &Arc<Block>> {
        self.blocks.values()
    }

    /// All batches on disk.
    pub fn batches(&self) -> impl Iterator<Item = (&BatchId, &Rc<Batch>)> {
        self.batches.iter()
    }
}
