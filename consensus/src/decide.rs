//! From certified blocks to decided ones (R7), and from decided ones to results.
//!
//! ```text
//!   certified ─R7─▶ decided, lowest first ─▶ executed, one after the other ─▶ result
//!                        └ after the epoch's last block: void, never executed
//! ```

use cybermesh_proto::BlockId;
use cybermesh_proto::agree::{Block, Decision};
use cybermesh_proto::planted::{Fault, planted, reached};

use crate::core::Core;
use crate::effect::{Effect, Halt};
use crate::input::Execution;
use crate::invariants;
use crate::variables::Memory;

impl Core {
    /// There is a QC of a block of the tree: whatever R7 makes of it is decided.
    pub(crate) fn certify(&mut self, id: BlockId) {
        let Some(node) = self.tree.get_mut(id) else { return };
        if core::mem::replace(&mut node.certified, true) {
            return;
        }
        let header = &node.block.header;
        let (parent, place) = (header.parent, (header.height, header.view));
        if planted(Fault::QcIsDecision) {
            return self.decide(id);
        }
        let Some(parent) = self.tree.place(parent) else { return };
        // The block's own QC certifies its parent.
        self.certify(parent.id);
        // R7
        let decides = invariants::decides((parent.height, parent.view), place);
        if decides {
            reached(7);
        }
        if decides && parent.id != self.tree.root().id {
            self.decide(parent.id);
        }
    }

    /// A decided block, with every undecided ancestor.
    pub(crate) fn decide(&mut self, tip: BlockId) {
        let Some((mut decided, beaten)) = self.tree.decide(tip, self.committee.set.n()) else { return };
        if planted(Fault::AncestorsOutOfOrder) {
            decided.reverse();
        }
        self.pacemaker.decided(self.tree.root().view);
        if !beaten.is_empty() {
            self.push(Effect::Forget(beaten));
        }
        // R10: what was ordered after the epoch's last block is void.
        if self.ended.is_some() {
            return self.push(Effect::Void(decided));
        }
        // R7: lowest height first.
        for block in decided {
            self.decided.insert(block.header.height, block.clone());
            self.push(Effect::Decide(block));
        }
    }

    /// The newest decision that others have certified: its block is decided, however it got here.
    pub(crate) fn decide_target(&mut self) {
        let Some((block, height)) =
            self.attest.target().map(|(decision, _)| (decision.block, decision.height))
        else {
            return;
        };
        if self.tree.get(block).is_some() {
            self.decide(block);
        } else if height > self.tree.root().height {
            self.want(block, height, None);
        }
    }

    /// The result of the next decided block.
    pub(crate) fn on_executed(&mut self, execution: Execution) {
        let Execution { decision, next, quarantines, due } = execution;
        let expected = self.ledger.applied().next();
        let block = self.decided.remove(&expected);
        let fits =
            decision.height == expected && block.as_ref().is_some_and(|block| is_result(&decision, block));
        let Some(block) = block.filter(|_| fits) else {
            return self.halt(Halt::Invariant { rule: 7, what: "a result of another block than the next" });
        };
        self.ledger.apply(decision.height, decision.hash());
        self.ledger.prune(block.header.anchor_height);
        self.quarantines = quarantines;
        self.due = due;
        self.schedule_due();
        self.end_fence(&block);
        if let Some(next) = next {
            self.end_epoch(&decision, next);
        }
        self.attest_result(decision);
    }

    /// R15: whoever signed again in a later epoch would have had to see this one end below its fence.
    fn end_fence(&mut self, block: &Block) {
        // R15
        let record = self.safety.record();
        let above = block.header.view > record.fence || planted(Fault::MarkDroppedEarly);
        if record.memory == Memory::Fenced && block.header.epoch == record.epoch && above {
            let write = self.safety.unfence();
            self.push(write);
        }
    }
}

fn is_result(decision: &Decision, block: &Block) -> bool {
    decision.block == block.header.id() && decision.epoch == block.header.epoch
}
