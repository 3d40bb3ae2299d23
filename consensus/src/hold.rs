//! Blocks are taken in, and held: verified and on disk with all their batches (R2).

use std::sync::Arc;

use cybermesh_proto::agree::Block;
use cybermesh_proto::{BatchId, BlockId};

use crate::core::Core;
use crate::effect::Effect;
use crate::input::Peer;

impl Core {
    /// Takes a block into the tree and sees to it that this node holds it.
    pub(crate) fn insert(&mut self, id: BlockId, block: Arc<Block>, from: Option<Peer>) -> bool {
        if !self.tree.insert(id, block.clone()) {
            return false;
        }
        self.catch_up.found(id);
        self.push(Effect::Store(block.clone()));
        if !block.batches.is_empty() {
            self.push(Effect::Fetch(id, block.batches.to_vec(), from));
        }
        self.adopt_qc(&block.qc, from);
        if self.safety.record().high_qc.block == id {
            self.certify(id);
        }
        self.decide_target();
        true
    }

    pub(crate) fn on_stored(&mut self, id: BlockId) {
        if let Some(node) = self.tree.get_mut(id) {
            node.stored = true;
        }
    }

    pub(crate) fn on_batch_held(&mut self, batch: BatchId) {
        self.tree.iter_mut().for_each(|(_, node)| {
            node.missing.remove(&batch);
        });
    }
}
