//! From one epoch to the next (R10).
//!
//! ```text
//!   R executed, its result names another set ─▶ later blocks of this epoch are void
//!        ─▶ R's decision certified by q of this set, on disk ─▶ next epoch: root R as view 0, views from 1
//! ```
//!
//! **Promise**: a node enters only with R applied and its certificate on disk, in one write of the safety record, and
//! signs nothing of the older epoch after that.

use std::sync::Arc;

use cybermesh_proto::agree::{Decision, Handover, ValidatorSet};
use cybermesh_proto::planted::{Fault, planted, reached};
use cybermesh_proto::wire::Fixed;
use cybermesh_proto::{Epoch, Height, ValidatorIndex, View};

use crate::attest::Certified;
use crate::boot::view_of;
use crate::core::Core;
use crate::effect::Effect;
use crate::input::Peer;
use crate::pacemaker::Pacemaker;
use crate::propose::Proposing;
use crate::quorum::Tally;
use crate::tree::{Place, Tree};

/// The end of an epoch, as this node's own result has it.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Ended {
    pub(crate) height: Height,
    pub(crate) next: ValidatorSet,
}

/// The place of a key in a set.
pub(crate) fn index_of(set: &ValidatorSet, key: Option<Fixed<32>>) -> Option<ValidatorIndex> {
    let key = key?;
    set.iter().position(|member| member.ed25519 == key).and_then(ValidatorIndex::new)
}

impl Core {
    /// R10: the epoch ends at this block; what was ordered after it is void.
    pub(crate) fn end_epoch(&mut self, decision: &Decision, next: ValidatorSet) {
        // R10
        self.ended = Some(Ended { height: decision.height, next });
        let void: Vec<_> = core::mem::take(&mut self.decided).into_values().collect();
        if !void.is_empty() {
            self.push(Effect::Void(void));
        }
        if planted(Fault::SetFromUndecided) {
            self.enter_after(decision);
        }
    }

    /// The handover that a certificate makes, if it is of the epoch's last decision.
    pub(crate) fn handover_of(&self, certified: &Certified) -> Option<Handover> {
        let ended = self.ended.as_ref().filter(|ended| ended.height == certified.0.height)?;
        let (decision, certificate) = (certified.0.clone(), certified.1.clone());
        Some(Handover { decision, certificate, next: ended.next.clone() })
    }

    /// R10: enters the next epoch, if the certificate of this one's last decision is on disk.
    pub(crate) fn enter_next_epoch(&mut self) {
        // R10
        let Some(ended) = &self.ended else { return };
        let Some(decision) = self.attest.newest().map(|(decision, _)| decision.clone()) else { return };
        if decision.height == ended.height && self.ledger.certified() >= ended.height {
            self.enter_after(&decision);
        }
    }

    fn enter_after(&mut self, last: &Decision) {
        let Some(ended) = self.ended.take() else { return };
        reached(10);
        let committee = Arc::new(self.committee.after(last, ended.next));
        self.me = index_of(&committee.set, self.key);
        // A record that is ahead of the state was written before the state was lost: it stays as it is.
        if self.safety.record().epoch < committee.epoch {
            let write = self.safety.enter(&committee);
            self.push(write);
        }
        self.drop_undecided();
        let anchor = cybermesh_proto::agree::Anchor { height: last.height, decision: last.hash() };
        let root =
            Place { id: last.block, height: last.height, view: View::ZERO, time: last.time_us, anchor };
        self.tree = Tree::new(root, last.height, &[]);
        self.committee = committee.clone();
        if !planted(Fault::EpochlessStatements) {
            self.tally = Tally::default();
        }
        self.attest.enter_epoch();
        self.seen.enter_epoch(committee.epoch);
        self.candidates.clear();
        self.proposing = Proposing::default();
        self.catch_up.enter_epoch();
        self.push(Effect::Entered(Box::new((*committee).clone())));
        let view = view_of(self.safety.record(), &committee);
        self.pacemaker = Pacemaker::new(committee.epoch, view, View::ZERO);
        self.arm_view();
        self.ask_own_again();
        self.want_missing();
    }

    /// Undecided blocks of the old epoch will never be decided: their items return.
    fn drop_undecided(&mut self) {
        let names: Vec<_> = self.tree.iter_mut().map(|(id, _)| *id).collect();
        if !names.is_empty() {
            self.push(Effect::Forget(names));
        }
    }

    /// R16: whether a statement is of an older epoch, or of one that nobody here can judge yet; its sender is helped,
    /// or asked.
    pub(crate) fn is_past(&mut self, epoch: Epoch, from: Peer) -> bool {
        // R16
        if epoch < self.epoch() {
            self.answer_epoch(from, epoch);
        } else if epoch > self.epoch() {
            self.ask(from);
        }
        epoch != self.epoch()
    }
}
