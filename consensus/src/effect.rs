//! Everything that a core can ask for. The shell performs effects in their order.

use std::sync::Arc;

use core::time::Duration;

use cybermesh_proto::agree::{
    AmnesiaAsk, AmnesiaReport, AmnesiaReportStatement, Attestation, AttestationStatement, BatchRef, Block,
    Branch, Committee, Decision, DecisionCertificate, Evidence, Handover, Heartbeat, HeartbeatStatement,
    Newer, OwnStatements, OwnStatementsAsk, Position, Proposal, ProposalStatement, TimeoutStatement,
    ViewChange, Vote, VoteStatement,
};
use cybermesh_proto::{BatchId, BlockId, DecisionHash, Epoch, Height, ValidatorIndex, View};

use crate::input::{Peer, Timer};
use crate::variables::SafetyRecord;

/// A statement to be signed with this validator's key.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum ToSign {
    /// A proposal.
    Proposal(ProposalStatement),
    /// A vote.
    Vote(VoteStatement),
    /// A timeout.
    Timeout(TimeoutStatement),
    /// An attestation.
    Attestation(AttestationStatement),
    /// A heartbeat.
    Heartbeat(HeartbeatStatement),
    /// A report to a node that forgot.
    Report(AmnesiaReportStatement),
}

/// Who a message goes to.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum To {
    /// Every other validator of this node's epoch, and of the one before while it lingers.
    All,
    /// One validator of this node's epoch.
    Validator(ValidatorIndex),
    /// The peer that delivered what this answers.
    Peer(Peer),
}

/// A message that leaves.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Outbound {
    /// This node's proposal.
    Proposal(Arc<Proposal>),
    /// This node's vote.
    Vote(Vote),
    /// This node's timeout.
    Timeout(Box<ViewChange>),
    /// A timeout of this view arrived and is counted: its author need not send it again.
    Acknowledged(Epoch, View),
    /// This node's attestation.
    Attestation(Attestation),
    /// This node's sign of life.
    Heartbeat(Heartbeat),
    /// Evidence found here.
    Evidence(Box<Evidence>),
    /// What moved you past this position?
    AskNewer(Position),
    /// An answer to that, or to a statement that shows its sender behind.
    Newer(Box<Newer>),
    /// The blocks up to one that this node lacks.
    AskBlocks(Branch),
    /// Which are the newest statements of mine that you hold?
    AskOwn(OwnStatementsAsk),
    /// The newest statements held of the one who asked.
    Own(Box<OwnStatements>),
    /// How far have the views come?
    AskReport(AmnesiaAsk),
    /// A report to a node that forgot.
    Report(Box<AmnesiaReport>),
}

/// An order for payload.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Build {
    /// The epoch of the proposal.
    pub epoch: Epoch,
    /// Its view.
    pub view: View,
    /// Batches that the chain below holds already.
    pub exclude: Vec<BatchId>,
}

/// Something that needs a person.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Alarm {
    /// This node forgot what it signed, and fences itself.
    Amnesia,
    /// Another clock is far from this one.
    Clock(ValidatorIndex),
    /// No certificate for many heights.
    Uncertified(Height),
    /// More than f others came to another result at this height.
    Contradicted(Height),
}

/// Why a node can keep no promise any more.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Halt {
    /// A write, a sync or the signer failed.
    Broken(crate::input::Broken),
    /// This node's result differs from the certified one: stop voting and serving, say what differs.
    Diverged {
        /// The height.
        height: Height,
        /// This node's result.
        own: DecisionHash,
        /// The certified one.
        certified: DecisionHash,
    },
    /// A rule of this crate was found broken in its own state.
    Invariant {
        /// The rule's number.
        rule: u8,
        /// What was found.
        what: &'static str,
    },
}

/// What a peer did that an honest one would not.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Misbehaviour {
    /// It proposed in a view that it does not lead.
    NotLeader,
    /// It dated a block before its parent or long ago.
    Time,
    /// Its anchor is no decision of this chain, or went backwards.
    Anchor,
    /// It ordered payload too far ahead of the certified decisions.
    Ordering,
    /// The block does not fit what its certificate certifies.
    Parent,
    /// Its QC is older than the TC beside it demands.
    Claim,
    /// It left out others than the chain does.
    LeftOut,
    /// It said two things in one slot.
    Equivocation,
}

/// Everything that a core can ask for.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Effect {
    /// Sign this; the answer is [`crate::Input::Signed`].
    Sign(Box<ToSign>),
    /// Write and sync the safety record; the answer is [`crate::Input::Persisted`]. A newer one may replace one that
    /// is still waiting.
    Persist(Box<SafetyRecord>),
    /// Send. What this depends on is on disk.
    Send(To, Outbound),
    /// Start a timer.
    Schedule(Timer, Duration),
    /// Write and sync a block into the payload store; the answer is [`crate::Input::Stored`].
    Store(Arc<Block>),
    /// Make sure that these batches of a block are verified and on disk, asking this peer first and then others; the
    /// answer is one [`crate::Input::BatchHeld`] for each, at once for those at hand. They are kept until the
    /// block is applied or [`Effect::Forget`] names it.
    Fetch(BlockId, Vec<BatchRef>, Option<Peer>),
    /// This node no longer relies on a block that was fetched: another one was decided.
    Forget(Vec<BlockId>),
    /// Choose payload for a proposal; the answer is [`crate::Input::Built`].
    Build(Build),
    /// Decided: execute it, after the one before; the answer is [`crate::Input::Executed`]. After a result that ends the
    /// epoch nothing more of that epoch is executed, whatever was decided before the core heard of it.
    Decide(Arc<Block>),
    /// Ordered after the last block of the epoch: never executed. Its items return to where they came from.
    Void(Vec<Arc<Block>>),
    /// Write the result of this height in one synced batch, with the attestation; the answer is
    /// [`crate::Input::Committed`].
    Commit(Height, Option<Box<Attestation>>),
    /// Write and sync a decision certificate, and the handover that it makes when it ends the epoch (never pruned); the
    /// answer is [`crate::Input::CertificateStored`].
    StoreCertificate(Box<(Decision, DecisionCertificate)>, Option<Box<Handover>>),
    /// A height, and so every one below, is certified, on disk and may be published.
    Certified(Height),
    /// This node is in a new epoch: verify with this committee from here on.
    Entered(Box<Committee>),
    /// The handover out of an older epoch, from the store, to a peer.
    ServeHandover(Peer, Epoch),
    /// Everything that was lost is held again: the shell may forget that a store was lost ([`crate::Start::lost_store`]),
    /// and must not before.
    Whole,
    /// Pack this evidence as a transaction.
    Evidence(Box<Evidence>),
    /// Count this against a validator.
    Misbehaved(ValidatorIndex, Misbehaviour),
    /// Tell a person.
    Alarm(Alarm),
    /// Stop. Nothing catches this.
    Halt(Halt),
}
