//! From a proposal to a vote (R2, R9, R14), and from votes to a QC.
//!
//! ```text
//!   proposal ─▶ certificates adopted ─▶ candidate ─▶ judged ─▶ in the tree, stored, batches fetched ─▶ held ─▶ vote
//!                                          ▲            │ parent unknown, dated ahead, anchor above ours
//!                                          └── later ───┘
//! ```
//!
//! **Promise**: the whole of R2 holds at the moment in which the record is changed, not at some moment before.

use std::sync::Arc;

use cybermesh_proto::agree::{Block, Proposal, Vote, VoteStatement};
use cybermesh_proto::planted::{Fault, planted, reached};
use cybermesh_proto::{BlockId, ValidatorIndex};

use crate::anchor::Verdict;
use crate::core::Core;
use crate::effect::{Effect, Misbehaviour, Outbound, To};
use crate::input::{Peer, Timer};
use crate::invariants;
use crate::quorum::Counted;
use crate::time::{micros, of_micros};
use crate::tree::Place;

/// A proposal of the present view that may still be voted for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Candidate {
    proposal: Arc<Proposal>,
    id: BlockId,
    from: Option<Peer>,
    accepted: bool,
}

impl Candidate {
    pub(crate) fn has_payload(&self) -> bool {
        !self.proposal.batches.is_empty()
    }
}

/// What is to be done with a candidate.
enum Judgement {
    Accept,
    Wait,
    Refuse(Misbehaviour),
}

impl Core {
    /// A leader's proposal.
    pub(crate) fn on_proposal(&mut self, from: Peer, proposal: Proposal) {
        if self.is_past(proposal.header.epoch, from) {
            return;
        }
        let signed = proposal.signed();
        self.recognise_proposal(&signed);
        let view = proposal.header.view;
        if view.next() < self.view() {
            self.answer(from, view);
        } else if !self.is_far(view)
            && let Counted::Equivocation(evidence) = self.tally.proposal(signed)
        {
            self.convict(*evidence);
        }
        // R9: judged once, at arrival, by the timeout in force before its certificates are adopted.
        let tolerance = self.config.drift.max(self.pacemaker.in_force(&self.config));
        let recent = invariants::is_recent(&proposal.header, self.clock, micros(tolerance));
        if !recent {
            reached(9);
        }
        self.consider(Arc::new(proposal), Some(from), recent);
    }

    /// Adopts what a proposal carries, then takes it as a candidate of its view.
    pub(crate) fn consider(&mut self, proposal: Arc<Proposal>, from: Option<Peer>, recent: bool) {
        self.adopt_qc(&proposal.qc, from);
        if let Some(tc) = &proposal.tc {
            self.adopt_tc(tc, from);
        }
        let (view, author, id) = (proposal.header.view, proposal.header.proposer, proposal.header.id());
        if view != self.view() || !recent {
            if self.is_wanted(id) {
                self.insert(id, block_of(&proposal), from);
            }
            return;
        }
        self.candidates.entry(author).or_insert(Candidate { proposal, id, from, accepted: false });
    }

    /// Judges candidates again, and votes for one that is held.
    pub(crate) fn settle_votes(&mut self) {
        let view = self.view();
        if self.candidates.is_empty() {
            return;
        }
        let mut candidates = core::mem::take(&mut self.candidates);
        candidates.retain(|author, candidate| self.advance(*author, candidate));
        // Judging may have entered another view: what was for the old one is gone.
        if self.view() == view {
            self.candidates = candidates;
        }
    }

    /// One candidate's next step; false when it is done with.
    fn advance(&mut self, author: ValidatorIndex, candidate: &mut Candidate) -> bool {
        if candidate.proposal.header.view != self.view() {
            return false;
        }
        if !candidate.accepted {
            match self.judge(candidate) {
                Judgement::Accept => {
                    candidate.accepted = true;
                    let block = block_of(&candidate.proposal);
                    self.insert(candidate.id, block, candidate.from);
                }
                Judgement::Wait => return true,
                Judgement::Refuse(reason) => {
                    self.push(Effect::Misbehaved(author, reason));
                    return false;
                }
            }
        }
        !self.vote_for(candidate)
    }

    /// R2 but for what takes time: signature and certificates were verified before.
    fn judge(&mut self, candidate: &Candidate) -> Judgement {
        let (proposal, from) = (&candidate.proposal, candidate.from);
        let header = &proposal.header;
        let Some(parent) = self.tree.place(header.parent) else {
            self.want(header.parent, proposal.qc.height, from);
            return Judgement::Wait;
        };
        // R2
        if !invariants::extends(header, &proposal.qc)
            || (header.height != parent.height.next() && !planted(Fault::ParentUntied))
        {
            return Judgement::Refuse(Misbehaviour::Parent);
        }
        if !invariants::follows(header, &proposal.qc, proposal.tc.as_ref()) {
            return Judgement::Refuse(Misbehaviour::Claim);
        }
        // R14 before R12: leaders depend on results up to the anchor, which must be known here.
        match self.judge_anchor(candidate, &parent) {
            Judgement::Accept => {}
            other => return other,
        }
        if let Some(reason) = self.judge_leader(header.view, header.proposer, header.left_out, &parent) {
            return Judgement::Refuse(reason);
        }
        // R9
        if header.time_us <= parent.time {
            reached(9);
            return Judgement::Refuse(Misbehaviour::Time);
        }
        let early = invariants::early_by(header, self.clock, micros(self.config.drift));
        if early > 0 {
            reached(9);
            self.push(Effect::Schedule(Timer::Early, of_micros(early)));
            return Judgement::Wait;
        }
        Judgement::Accept
    }

    /// R14
    fn judge_anchor(&mut self, candidate: &Candidate, parent: &Place) -> Judgement {
        let header = &candidate.proposal.header;
        if header.anchor_height < parent.anchor.height {
            return Judgement::Refuse(Misbehaviour::Anchor);
        }
        match self.ledger.judge(header.anchor()) {
            Verdict::Same => {}
            Verdict::Foreign => return Judgement::Refuse(Misbehaviour::Anchor),
            Verdict::Behind => {
                reached(14);
                candidate.from.into_iter().for_each(|from| self.ask(from));
                return Judgement::Wait;
            }
        }
        let lag = self.config.anchor_lag.saturating_mul(2);
        // R14
        let fits = invariants::payload_fits(header.height, header.anchor_height, lag);
        if !candidate.proposal.batches.is_empty() && !fits {
            reached(14);
            return Judgement::Refuse(Misbehaviour::Ordering);
        }
        Judgement::Accept
    }

    /// R2, the last condition: everything of it is on disk. True when nothing is left to do for it.
    fn vote_for(&mut self, candidate: &Candidate) -> bool {
        let header = &candidate.proposal.header;
        let Some(node) = self.tree.get(candidate.id) else { return true };
        // R2
        let held = node.held() || planted(Fault::PayloadNotDurable);
        if !held || !self.may_sign() {
            return false;
        }
        let statement = VoteStatement {
            chain: header.chain,
            epoch: header.epoch,
            view: header.view,
            height: header.height,
            block: candidate.id,
        };
        let asked = self.safety.vote(statement, &candidate.proposal.qc);
        self.out.extend(asked);
        true
    }

    /// A peer's vote.
    pub(crate) fn on_vote(&mut self, from: Peer, vote: Vote) {
        if self.is_past(vote.statement.epoch, from) {
            return;
        }
        self.recognise_vote(&vote);
        let view = vote.statement.view;
        if view.next() < self.view() {
            return self.answer(from, view);
        }
        if view > self.view().next() {
            self.ask(from);
        }
        if !self.is_far(view) {
            self.count_vote(vote);
        }
    }

    /// Counts a vote; q of them make a QC.
    pub(crate) fn count_vote(&mut self, vote: Vote) {
        let statement = vote.statement.clone();
        match self.tally.vote(vote) {
            Counted::New => {}
            Counted::Known => return,
            Counted::Equivocation(evidence) => return self.convict(*evidence),
        }
        let record = self.safety.record();
        let known = record.high_qc.view == statement.view && record.high_qc.epoch == statement.epoch;
        if known {
            return;
        }
        if let Some(qc) = self.tally.qc(&statement, &self.committee) {
            self.adopt_qc(&qc, None);
        }
    }

    /// This node's vote is covered by the record on disk.
    pub(crate) fn release_vote(&mut self, vote: Vote) {
        self.push(Effect::Send(To::All, Outbound::Vote(vote.clone())));
        self.count_vote(vote);
    }
}

fn block_of(proposal: &Proposal) -> Arc<Block> {
    let (header, qc) = (proposal.header.clone(), proposal.qc.clone());
    Arc::new(Block { header, qc, batches: proposal.batches.clone() })
}
