//! Who leads, asked of the chain that this node holds (R12); the rule itself is in [`crate::rotation`].

use std::collections::BTreeMap;

use cybermesh_proto::agree::IndexSet;
use cybermesh_proto::planted::{Fault, planted};
use cybermesh_proto::{BlockId, ValidatorIndex, View};

use crate::core::Core;
use crate::effect::Misbehaviour;
use crate::rotation;
use crate::tree::Place;

impl Core {
    /// R12: the leader that the block's own chain names, and the set that it leaves out.
    pub(crate) fn judge_leader(
        &self,
        view: View,
        proposer: ValidatorIndex,
        left_out: IndexSet,
        parent: &Place,
    ) -> Option<Misbehaviour> {
        let expected = self.left_out_on(parent.id, view)?;
        if left_out != expected {
            return Some(Misbehaviour::LeftOut);
        }
        let leads = rotation::leader(self.n(), view, left_out) == Some(proposer);
        (!leads).then_some(Misbehaviour::NotLeader)
    }

    /// R12: whether this node leads the present view on top of a block; not known without the block.
    pub(crate) fn leads_on(&self, parent: BlockId) -> Option<bool> {
        if self.tree.place(parent)?.anchor.height > self.ledger.applied() {
            return None;
        }
        let left_out = self.left_out_on(parent, self.view())?;
        let leader = rotation::leader(self.n(), self.view(), left_out);
        Some(leader.is_some() && leader == self.me)
    }

    /// R12: who leads in no view of the window of `view`, on top of a block.
    pub(crate) fn left_out_on(&self, parent: BlockId, view: View) -> Option<IndexSet> {
        let n = self.n();
        let window = rotation::window(n, view);
        if planted(Fault::LeaderFromLocal) {
            return Some(self.left_out_locally());
        }
        if let Some(newest) = self.tree.newest_led(parent)
            && rotation::window(n, newest.view) == window
        {
            return Some(newest.left_out);
        }
        let chain = self.tree.led(parent)?;
        // R12
        Some(rotation::left_out(n, window, &chain, self.tree.epoch_root(), &self.quarantines))
    }

    /// The planted mistake: whoever this node has not heard of in the last view is taken for dead.
    fn left_out_locally(&self) -> IndexSet {
        let mut heard = BTreeMap::new();
        for member in (0..self.n()).filter_map(ValidatorIndex::new) {
            heard.insert(member, self.tally.newest_of(member).1.is_some());
        }
        let silent = heard.iter().filter(|(member, heard)| !**heard && Some(**member) != self.me);
        silent.map(|(member, _)| *member).take(self.committee.set.f()).collect()
    }
}
