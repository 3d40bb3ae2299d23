//! Everything that can happen to a core.
//!
//! Messages arrive [`Verified`]: sizes, shapes and signatures were checked with the keys of their epoch before. What
//! comes from this node's own shell (signatures, syncs, results) is trusted.

use cybermesh_proto::agree::{
    AmnesiaAsk, AmnesiaReport, Attestation, BatchRef, Block, Decision, Evidence, Heartbeat, Newer,
    OwnStatements, OwnStatementsAsk, Position, Proposal, ProposalStatement, Signed, TimeoutStatement,
    ValidatorSet, ViewChange, Vote,
};
use cybermesh_proto::wire::Verified;
use cybermesh_proto::{BatchId, BlockId, Epoch, Height, TimeUs, ValidatorIndex, View};

use crate::rotation::Quarantine;
use crate::variables::Generation;

/// A connection to somebody, as the shell numbers them. Answers go to the peer that delivered, never to an author.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Peer(pub u32);

/// What a peer delivered.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Message {
    /// A leader's proposal.
    Proposal(Box<Verified<Proposal>>),
    /// A vote.
    Vote(Verified<Vote>),
    /// A timeout with the certificates beside it.
    Timeout(Box<Verified<ViewChange>>),
    /// An attestation.
    Attestation(Verified<Attestation>),
    /// A sign of life.
    Heartbeat(Verified<Heartbeat>),
    /// Evidence that somebody found.
    Evidence(Box<Verified<Evidence>>),
    /// What moved you past this position?
    AskNewer(Position),
    /// The certificates that moved a peer past a position.
    Newer(Box<Verified<Newer>>),
    /// Blocks of one chain, lowest first, with the certificates of their parents.
    Blocks(Vec<Verified<Block>>),
    /// Which are the newest statements of mine that you hold?
    AskOwn(OwnStatementsAsk),
    /// The newest statements of this node that a validator holds; the shell knows which one by its peer's key.
    Own(ValidatorIndex, Box<Verified<OwnStatements>>),
    /// How far have the views come? From a validator that forgot; the shell knows which one by its peer's key.
    AskReport(ValidatorIndex, AmnesiaAsk),
    /// A signed report to this node, which forgot.
    Report(Box<Verified<AmnesiaReport>>),
}

/// The timers of a core. Setting one again replaces it; one that no longer fits the state does nothing.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Timer {
    /// The view took too long.
    View(Epoch, View),
    /// Work waited too long in this view.
    Work(Epoch, View),
    /// This node leads the view and found nothing to propose so far.
    Propose(Epoch, View),
    /// Something of the state falls due.
    Due,
    /// A header dated ahead may be judged again.
    Early,
    /// Send again what nobody has acknowledged.
    Resend,
    /// Say where this node stands.
    Heartbeat,
    /// Ask again.
    Ask,
}

/// A statement with its signature, as the signer gives it back.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum SignedStatement {
    /// A proposal.
    Proposal(Signed<ProposalStatement>),
    /// A vote.
    Vote(Vote),
    /// A timeout.
    Timeout(Signed<TimeoutStatement>),
    /// An attestation.
    Attestation(Attestation),
    /// A heartbeat.
    Heartbeat(Heartbeat),
    /// A report to a node that forgot.
    Report(Signed<cybermesh_proto::agree::AmnesiaReportStatement>),
}

/// The result of one decided block.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Execution {
    /// The decision.
    pub decision: Decision,
    /// The validators of the next epoch, when the decision ends this one.
    pub next: Option<ValidatorSet>,
    /// Everybody who is quarantined after this block, or was within the heights that leaders can still depend on.
    pub quarantines: Vec<Quarantine>,
    /// The earliest moment at which something of the state falls due.
    pub due: Option<TimeUs>,
}

/// What can go wrong in the shell such that no promise can be kept any more.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Broken {
    /// A write or sync failed.
    Storage,
    /// The signer failed.
    Signer,
}

/// Everything that can happen.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Input {
    /// The clock's reading; precedes whatever is judged by it.
    Clock(TimeUs),
    /// A timer ran out.
    Timer(Timer),
    /// A peer delivered a verified message.
    Message {
        /// Who delivered it.
        from: Peer,
        /// What.
        message: Message,
    },
    /// A peer delivered something of a later epoch, which nobody here can verify yet.
    Ahead(Peer),
    /// A validator has this node's timeout of this view.
    Acknowledged(ValidatorIndex, Epoch, View),
    /// The connection to a validator is a new one: it may have forgotten what it acknowledged.
    Reconnected(ValidatorIndex),
    /// A block is on disk.
    Stored(BlockId),
    /// A batch is verified and on disk.
    BatchHeld(BatchId),
    /// The signer has signed.
    Signed(Box<SignedStatement>),
    /// The safety record of this generation, and so of every older one, is on disk.
    Persisted(Generation),
    /// Whether there is anything that an honest node wants ordered: read, admitted or batched, and not final.
    Work(bool),
    /// The batches chosen for the proposal of this view.
    Built(Epoch, View, Vec<BatchRef>),
    /// A decided block was executed; its result is not on disk yet.
    Executed(Box<Execution>),
    /// The result of this height is on disk, with the attestation.
    Committed(Height),
    /// The decision certificate of this height is on disk.
    CertificateStored(Height),
    /// A promise can no longer be kept.
    Broken(Broken),
}
