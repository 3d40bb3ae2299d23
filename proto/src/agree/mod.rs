//! Agreement: what validators say to each other, and what q of them together prove.
//!
//! A **statement** is what a validator signs; [`Signed`] puts author and signature beside it; a certificate is a
//! statement with the signatures of exactly q validators. Every statement names its chain and epoch, and is
//! signed in the domain of its kind, so none can be taken for another. Checks come in one order: shape, who,
//! how many, how long, and only then arithmetic.

mod amnesia;
mod attestation;
mod batch;
mod catch_up;
mod certificate;
mod committee;
mod decision;
mod evidence;
mod handover;
mod header;
mod heads;
mod heartbeat;
mod index_set;
mod item;
mod proposal;
mod quorum;
#[cfg(test)]
mod quorum_tests;
mod report;
mod statement;
mod timeout;
mod validator_set;
mod vote;

pub use amnesia::{
    AmnesiaAsk, AmnesiaReport, AmnesiaReportStatement, Entry, OwnStatements, OwnStatementsAsk,
};
pub use attestation::{Attestation, AttestationStatement, DecisionCertificate};
pub use batch::{Batch, BatchHeader, BatchRef};
pub use catch_up::{Answer, Ask, Block, Branch, Newer, Position};
pub use certificate::QuorumSignatures;
pub use committee::{Committee, EpochRoot};
pub use decision::{Decision, LogState, Outbox};
pub use evidence::{Evidence, Pair};
pub use handover::Handover;
pub use header::{Anchor, Header};
pub use heads::{OutboxHeads, TopicHeads};
pub use heartbeat::{Heartbeat, HeartbeatStatement};
pub use index_set::IndexSet;
pub use item::{Item, ItemKind};
pub use proposal::{Proposal, ProposalStatement};
pub use quorum::{check_quorum, faults, quorum};
pub use report::{RunEnd, RunReport, RunReportStatement};
pub use statement::{Signed, Slotted, Statement};
pub use timeout::{Claim, Tc, TimeoutStatement, ViewChange};
pub use validator_set::{Validator, ValidatorSet};
pub use vote::{Qc, Vote, VoteStatement};
