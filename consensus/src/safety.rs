//! The only owner of the voting state, and the only one that asks for a signature of agreement.
//!
//! **Promise** (R8): a statement leaves, and counts here, only after a record that covers it is on disk.
//!
//! ```text
//!   rule holds ─▶ record changes ─▶ sign ─▶ signed ─▶ record with the bytes on disk ─▶ send, count
//! ```
//!
//! The record changes in the very step in which the rule was tested, before the signature is asked for: signing takes
//! its time, and nothing that happens meanwhile may find the old record. A step between any two arrows can be the last
//! one of this process without harm.

use std::sync::Arc;

use cybermesh_proto::View;
use cybermesh_proto::agree::{
    Committee, Proposal, ProposalStatement, Qc, Signed, Tc, TimeoutStatement, Vote, VoteStatement,
};
use cybermesh_proto::keys::ValidatorSignature;
use cybermesh_proto::planted::{Fault, planted, reached};

use crate::effect::{Effect, ToSign};
use crate::input::SignedStatement;
use crate::invariants;
use crate::variables::{Generation, Memory, SafetyRecord};

/// A statement that may leave.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) enum Released {
    Proposal(Arc<Proposal>),
    Vote(Vote),
    Timeout(Signed<TimeoutStatement>),
    /// Nothing leaves; the record itself was waited for.
    Record,
}

/// The voting state.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub(crate) struct Safety {
    record: SafetyRecord,
    persisted: Generation,
    /// 4 at most, one of each kind: what is newer replaces what has not left.
    waiting: Vec<(Generation, Released)>,
    proposal: Option<Box<Proposal>>,
    vote: Option<VoteStatement>,
    timeout: Option<TimeoutStatement>,
}

impl Safety {
    /// The state of a record that was found. That it was read does not mean that it is on disk: whoever starts writes it
    /// again, and nothing leaves before that.
    pub(crate) fn new(record: SafetyRecord) -> Self {
        let persisted = Generation::default();
        Self { record, persisted, waiting: Vec::new(), proposal: None, vote: None, timeout: None }
    }

    pub(crate) fn record(&self) -> &SafetyRecord {
        &self.record
    }

    /// Takes a newer QC; true if it was one.
    pub(crate) fn raise_qc(&mut self, qc: &Qc) -> bool {
        let newer = qc.epoch == self.record.epoch && qc.view > self.record.high_qc.view;
        if newer {
            self.record.high_qc = Arc::new(qc.clone());
        }
        newer
    }

    /// Takes a newer TC; true if it was one.
    pub(crate) fn raise_tc(&mut self, tc: &Tc) -> bool {
        let newest = self.record.high_tc.as_ref().map(|tc| tc.view);
        let newer = tc.epoch == self.record.epoch && newest.is_none_or(|newest| tc.view > newest);
        if newer {
            self.record.high_tc = Some(Arc::new(tc.clone()));
        }
        newer
    }

    /// R1, its last step: asks for the signature of a proposal whose rule holds.
    pub(crate) fn propose(&mut self, proposal: Proposal) -> Option<Effect> {
        let view = proposal.header.view;
        // R1: asserted once more where it binds.
        if !invariants::may_propose(&self.record, view) {
            return None;
        }
        reached(1);
        self.record.last_proposal_view = view;
        let statement = proposal.signed().statement;
        self.proposal = Some(Box::new(proposal));
        Some(sign(ToSign::Proposal(statement)))
    }

    /// R2, its last step: asks for the signature of a vote whose rule holds.
    pub(crate) fn vote(&mut self, statement: VoteStatement, qc: &Qc) -> Option<Effect> {
        if !invariants::not_voted(&self.record, statement.view) {
            return None;
        }
        reached(2);
        // R3
        let lock = invariants::lock_after(&self.record, qc);
        if lock > self.record.lock_view {
            reached(3);
        }
        self.record.lock_view = lock;
        self.record.last_voted_view = self.record.last_voted_view.max(statement.view);
        self.vote = Some(statement.clone());
        Some(sign(ToSign::Vote(statement)))
    }

    /// R4: asks for the signature of a timeout, if the rule holds.
    pub(crate) fn time_out(&mut self, view: View) -> Option<Effect> {
        // R4
        if !invariants::may_time_out(&self.record, view) {
            return None;
        }
        reached(4);
        self.record.highest_timeout_view = view;
        self.record.last_voted_view = self.record.last_voted_view.max(view);
        let record = &self.record;
        let (mut hqc_view, mut hqc_block) = (record.high_qc.view, record.high_qc.block);
        if planted(Fault::TimeoutSkipsLock) && record.high_tc.is_some() {
            (hqc_view, hqc_block) = (View::ZERO, record.high_qc.block);
        }
        let statement =
            TimeoutStatement { chain: record.chain, epoch: record.epoch, view, hqc_view, hqc_block };
        self.timeout = Some(statement.clone());
        Some(sign(ToSign::Timeout(statement)))
    }

    /// Takes a signature that was asked for and is still wanted; the record with the bytes is to be written.
    pub(crate) fn signed(&mut self, signed: SignedStatement) -> Option<Vec<Effect>> {
        let released = match signed {
            SignedStatement::Vote(vote) => {
                self.vote.take_if(|asked| *asked == vote.statement)?;
                self.record.last_vote = Some(vote.clone());
                Released::Vote(vote)
            }
            SignedStatement::Timeout(timeout) => {
                self.timeout.take_if(|asked| *asked == timeout.statement)?;
                self.record.last_timeout = Some(timeout.clone());
                Released::Timeout(timeout)
            }
            SignedStatement::Proposal(signed) => {
                let proposal = Arc::new(self.take_proposal(&signed.statement, signed.signature)?);
                self.record.last_proposal = Some(proposal.clone());
                Released::Proposal(proposal)
            }
            SignedStatement::Attestation(_) | SignedStatement::Heartbeat(_) | SignedStatement::Report(_) => {
                return None;
            }
        };
        Some(vec![self.persist(released)])
    }

    fn take_proposal(
        &mut self,
        statement: &ProposalStatement,
        signature: ValidatorSignature,
    ) -> Option<Proposal> {
        let mut proposal = *self.proposal.take_if(|asked| asked.signed().statement == *statement)?;
        proposal.signature = signature;
        Some(proposal)
    }

    /// Writes the record; `released` may leave once it is on disk.
    pub(crate) fn persist(&mut self, released: Released) -> Effect {
        self.record.generation = self.record.generation.next();
        let kind = core::mem::discriminant(&released);
        self.waiting.retain(|(_, older)| core::mem::discriminant(older) != kind);
        self.waiting.push((self.record.generation, released));
        let mut written = self.record.clone();
        if planted(Fault::ForgetLastVoted) {
            written.last_voted_view = View::ZERO;
        }
        if planted(Fault::FenceNotInRecord) && written.memory == Memory::Fenced {
            written.memory = Memory::Whole;
            written.fence = View::ZERO;
            written.last_voted_view = View::ZERO;
            written.highest_timeout_view = View::ZERO;
            written.last_proposal_view = View::ZERO;
        }
        Effect::Persist(Box::new(written))
    }

    /// The record of this generation is on disk: what may leave now.
    pub(crate) fn persisted(&mut self, generation: Generation) -> Vec<Released> {
        // R8
        self.persisted = self.persisted.max(generation);
        let waiting = core::mem::take(&mut self.waiting);
        let on_disk = |entry: &(Generation, Released)| entry.0 <= self.persisted;
        let (released, waiting): (Vec<_>, Vec<_>) = waiting.into_iter().partition(on_disk);
        self.waiting = waiting;
        released.iter().for_each(|_| reached(8));
        released.into_iter().map(|(_, released)| released).collect()
    }

    /// What leaves although nothing is on disk yet: nothing, unless that is the planted fault.
    pub(crate) fn released_early(&mut self) -> Vec<Released> {
        if !planted(Fault::VoteBeforePersist) {
            return Vec::new();
        }
        core::mem::take(&mut self.waiting).into_iter().map(|(_, released)| released).collect()
    }

    /// Another epoch, in one write (R10). What was signed for the old one and has not left never does. A node that
    /// forgot something in the old epoch may have signed in this one too: it asks again.
    pub(crate) fn enter(&mut self, committee: &Committee) -> Effect {
        let memory = match self.record.memory {
            Memory::Whole => Memory::Whole,
            Memory::Forgot | Memory::Fenced => Memory::Forgot,
        };
        let generation = self.record.generation;
        self.record = SafetyRecord { memory, ..SafetyRecord::fresh(committee, generation) };
        (self.proposal, self.vote, self.timeout) = (None, None, None);
        self.waiting.clear();
        self.persist(Released::Record)
    }

    /// R15: this node forgot. Nothing is signed until it is fenced; what was being signed never leaves.
    pub(crate) fn forget(&mut self) -> Effect {
        self.record.memory = Memory::Forgot;
        (self.proposal, self.vote, self.timeout) = (None, None, None);
        self.waiting.clear();
        self.persist(Released::Record)
    }

    /// R15: the first record after forgetting. `reported` is m, the highest view that anybody reported.
    pub(crate) fn fence(&mut self, reported: View) -> Effect {
        // R15: m may have been signed in, and m + 1 too by the one who forgot.
        let fence = if planted(Fault::RejoinVotesAtOnce) { View::ZERO } else { reported.next() };
        self.record.memory = Memory::Fenced;
        self.record.fence = fence;
        self.record.last_voted_view = fence;
        self.record.highest_timeout_view = fence;
        self.record.last_proposal_view = fence;
        self.record.lock_view = self.record.high_qc.view;
        (self.record.last_proposal, self.record.last_vote, self.record.last_timeout) = (None, None, None);
        self.persist(Released::Record)
    }

    /// R15: a block above the fence was applied; this node counts as one that remembers.
    pub(crate) fn unfence(&mut self) -> Effect {
        self.record.memory = Memory::Whole;
        self.persist(Released::Record)
    }

    /// The newest timeout, if the record with its bytes is on disk (R8).
    pub(crate) fn timeout_on_disk(&self) -> Option<&Signed<TimeoutStatement>> {
        let waits = self.waiting.iter().any(|(_, released)| matches!(released, Released::Timeout(_)));
        self.record.last_timeout.as_ref().filter(|_| !waits)
    }

    pub(crate) fn waiting(&self) -> usize {
        self.waiting.len()
    }
}

fn sign(what: ToSign) -> Effect {
    Effect::Sign(Box::new(what))
}
