//! A leader's turn (R1), and when there is reason to take it (R13).
//!
//! ```text
//!   leads this view? ─▶ reason to propose at once? ─▶ ask for payload ─▶ built ─▶ sign
//!                          └ none: wait `idle_block`, then an empty block
//! ```

use core::time::Duration;
use std::sync::Arc;

use cybermesh_proto::agree::{BatchRef, Header, Proposal};
use cybermesh_proto::keys::ValidatorSignature;
use cybermesh_proto::planted::{Fault, planted, reached};
use cybermesh_proto::wire::{Blob, List};
use cybermesh_proto::{BlockId, Count, Epoch, TimeUs, View};

use crate::core::Core;
use crate::effect::{Build, Effect, Outbound, To};
use crate::input::Timer;
use crate::invariants;
use crate::tree::Place;

/// How far the proposal of the present view has come.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub(crate) struct Proposing {
    /// The parent for which it was found out whether this node leads.
    parent: Option<BlockId>,
    leads: bool,
    /// Payload was asked for and has not come.
    building: bool,
    /// Payload was asked for, and there was none that is not in the chain already.
    barren: bool,
    /// The pause is running that ends in an empty block: this one.
    pausing: Option<Duration>,
    /// The pause is over.
    paused: bool,
    done: bool,
}

impl Core {
    /// R1: proposes, if it is this node's turn and there is reason to.
    pub(crate) fn settle_proposal(&mut self) {
        if self.proposing.done || self.proposing.building || !self.may_sign() {
            return;
        }
        let parent = self.safety.record().high_qc.block;
        if self.proposing.parent != Some(parent) {
            let Some(leads) = self.leads_on(parent) else { return };
            self.proposing.parent = Some(parent);
            self.proposing.leads = leads;
            self.proposing.barren = false;
        }
        // R1
        if !self.proposing.leads || !invariants::may_propose(self.safety.record(), self.view()) {
            return;
        }
        let Some(parent) = self.tree.place(parent) else { return };
        let wants_payload = self.work && self.payload_is_allowed(&parent);
        if wants_payload && !self.proposing.barren {
            return self.ask_for_payload(&parent);
        }
        if self.proposing.paused || self.must_propose(&parent) {
            return self.propose(&parent, Vec::new());
        }
        self.pause();
    }

    fn pause(&mut self) {
        let pause = if self.pacemaker.work_is_known() || self.waits().is_some() {
            self.config.busy_block
        } else {
            self.config.idle_block
        };
        if self.proposing.pausing.is_some_and(|running| running <= pause) {
            return;
        }
        self.proposing.pausing = Some(pause);
        self.push(Effect::Schedule(Timer::Propose(self.epoch(), self.view()), pause));
    }

    pub(crate) fn on_propose_timer(&mut self, epoch: Epoch, view: View) {
        if (epoch, view) == (self.epoch(), self.view()) {
            self.proposing.paused = true;
            self.proposing.barren = false;
        }
    }

    /// Something new to order: payload is asked for again.
    pub(crate) fn on_work(&mut self, work: bool) {
        self.work = work;
        self.proposing.barren = false;
    }

    /// R14: leaders put no payload above anchor + K, and none after the epoch's last block.
    pub(crate) fn payload_is_allowed(&self, parent: &Place) -> bool {
        // R14
        let anchor = self.anchor_on(parent).height;
        let fits = invariants::payload_fits(parent.height.next(), anchor, self.config.anchor_lag);
        if !fits {
            reached(14);
        }
        fits && self.ended.is_none()
    }

    fn ask_for_payload(&mut self, parent: &Place) {
        let Some(branch) = self.tree.branch(parent.id) else { return };
        let below = branch.iter().flat_map(|node| node.block.batches.iter().map(|batch| batch.id));
        let decided = self.decided.values().flat_map(|block| block.batches.iter().map(|batch| batch.id));
        let exclude = below.chain(decided).collect();
        self.proposing.building = true;
        self.push(Effect::Build(Build { epoch: self.epoch(), view: self.view(), exclude }));
    }

    /// The payload chosen; if there is none, only a reason of the chain's own makes a block before the pause is over.
    pub(crate) fn on_built(&mut self, epoch: Epoch, view: View, batches: Vec<BatchRef>) {
        let expected = (epoch, view) == (self.epoch(), self.view()) && self.proposing.building;
        if !expected {
            return;
        }
        self.proposing.building = false;
        let Some(parent) = self.tree.place(self.safety.record().high_qc.block) else { return };
        // The newest QC may have changed meanwhile: what was excluded would be for another parent.
        if self.proposing.parent != Some(parent.id) || !self.may_sign() {
            return;
        }
        if !batches.is_empty() || self.proposing.paused || self.must_propose(&parent) {
            return self.propose(&parent, batches);
        }
        self.proposing.barren = true;
        self.pause();
    }

    /// R13: an empty block is due at once when it decides payload, or when something falls due.
    fn must_propose(&self, parent: &Place) -> bool {
        // R13
        let Some(branch) = self.tree.branch(parent.id) else { return false };
        if self.ended.is_none() && branch.iter().any(|node| node.has_payload()) {
            return true;
        }
        let Some(due) = self.due.filter(|due| *due <= self.clock && self.ended.is_none()) else {
            return false;
        };
        if planted(Fault::DueUnbounded) {
            return true;
        }
        let covered = self.tree.root().time >= due;
        // Either nothing of the chain covers it yet, or the first block that does is still undecided.
        !covered
    }

    /// R1: makes the proposal and asks for its signature.
    fn propose(&mut self, parent: &Place, batches: Vec<BatchRef>) {
        let view = self.view();
        let record = self.safety.record();
        let qc = (*record.high_qc).clone();
        let needs_tc = qc.view.next() != view;
        let tc = record.high_tc.as_deref().filter(|tc| needs_tc && tc.view.next() == view).cloned();
        let left_out = self.left_out_on(parent.id, view);
        let (Some(left_out), Some(me), Some(batches)) = (left_out, self.me, List::new(batches)) else {
            return;
        };
        // R1: the TC goes along exactly when the QC is not of the view before.
        if needs_tc && tc.is_none() {
            return;
        }
        let anchor = self.anchor_on(parent);
        let header = Header {
            version: Header::VERSION,
            chain: self.committee.chain,
            epoch: self.epoch(),
            height: parent.height.next(),
            view,
            parent: parent.id,
            qc_hash: qc.hash(self.committee.chain),
            proposer: me,
            time_us: TimeUs::new(self.clock.get().max(parent.time.next().get())),
            payload_root: Proposal::payload_root(&batches),
            batch_count: Count::new(u64::try_from(batches.len()).unwrap_or(u64::MAX)),
            anchor_height: anchor.height,
            anchor_hash: anchor.decision,
            left_out,
        };
        let signature = ValidatorSignature(Blob::default());
        self.proposing.done = true;
        let asked = self.safety.propose(Proposal { header, qc, tc, batches, signature });
        self.out.extend(asked);
    }

    /// R14: the newest certified decision that this node has applied; a node behind its parent's copies that.
    fn anchor_on(&self, parent: &Place) -> cybermesh_proto::agree::Anchor {
        // R14
        self.ledger.newest().filter(|own| own.height >= parent.anchor.height).unwrap_or(parent.anchor)
    }

    /// This node's proposal is covered by the record on disk.
    pub(crate) fn release_proposal(&mut self, proposal: Arc<Proposal>) {
        self.push(Effect::Send(To::All, Outbound::Proposal(proposal.clone())));
        self.consider(proposal, None, true);
    }

    /// R1: asked again, the same bytes.
    pub(crate) fn resend_proposal(&mut self) {
        let record = self.safety.record();
        let stored = record.last_proposal.as_ref().filter(|stored| {
            let header = &stored.header;
            (header.epoch, header.view) == (self.epoch(), self.view())
        });
        // R1
        if let Some(proposal) = stored.cloned() {
            self.proposing.done = true;
            self.release_proposal(proposal);
        }
    }
}
