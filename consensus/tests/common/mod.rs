//! What the tests of the core share: a small cluster in memory, one core alone, and messages made by hand.

// Not every suite needs all of it.
#![allow(dead_code, unused_imports)]

pub mod cluster;
pub mod forge;
pub mod keys;

use cybermesh_consensus::{Input, Message, Outbound, Start};
use cybermesh_proto::agree::{
    Anchor, BatchRef, Committee, Decision, Header, IndexSet, LogState, Outbox, ValidatorSet,
};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::SignatureCheck;
use cybermesh_proto::merkle::empty_root;
use cybermesh_proto::wire::{Checked, Decoded, Fixed, Verified};
use cybermesh_proto::{
    BatchId, BatchSeq, BlockId, ChainId, Count, DecisionHash, Digest, Epoch, Height, TimeUs, ValidatorIndex,
    View,
};

pub use cluster::{Cluster, Node};
pub use keys::*;

/// What happened to a node: a message as it came, or an answer of its own shell.
#[derive(Clone)]
pub enum Taped {
    Wire(usize, Outbound),
    Own(Input),
}

pub const CHAIN: ChainId = ChainId(Digest::new([7; 32]));
pub const BEGINNING_US: u64 = 1_000_000_000;

pub fn index(number: usize) -> ValidatorIndex {
    ValidatorIndex::new(number).unwrap()
}

pub fn first_header() -> Header {
    Header {
        version: 1,
        chain: CHAIN,
        epoch: Epoch::ZERO,
        height: Height::ZERO,
        view: View::ZERO,
        parent: BlockId(Digest::ZERO),
        qc_hash: Digest::ZERO,
        proposer: ValidatorIndex::default(),
        time_us: TimeUs::new(BEGINNING_US),
        payload_root: empty_root(),
        batch_count: Count::ZERO,
        anchor_height: Height::ZERO,
        anchor_hash: DecisionHash(Digest::ZERO),
        left_out: IndexSet::default(),
    }
}

/// The first start of validator `number` of `n`.
pub fn first_start(n: usize, number: usize) -> Start {
    first_start_with(n, number, &Fake)
}

pub fn first_start_with(n: usize, number: usize, keys: &dyn Keys) -> Start {
    let (key, nonce) = (keys.member(number).ed25519, Fixed([u8::try_from(number).unwrap(); 32]));
    let anchor = Anchor { height: Height::ZERO, decision: DecisionHash(CHAIN.0) };
    let clock = TimeUs::new(BEGINNING_US + 1);
    Start::at_root(committee_with(n, keys), first_header(), anchor, Some(key), nonce, clock)
}

pub fn verified<T: Checked>(value: &T, committee: &Committee) -> Verified<T> {
    Decoded::own(value).unwrap().verify(committee, &AcceptAll).unwrap()
}

pub fn batch(author: usize, seq: u64) -> BatchRef {
    let id = BatchId(sha256(&[b"batch", &author.to_le_bytes(), &seq.to_le_bytes()]));
    BatchRef { id, author: index(author), batch_seq: BatchSeq::new(seq) }
}

pub fn result(header: &Header, previous: DecisionHash, set: &ValidatorSet, next: &ValidatorSet) -> Decision {
    let none = LogState { size: Count::ZERO, root: empty_root() };
    Decision {
        version: Decision::VERSION,
        chain: CHAIN,
        epoch: header.epoch,
        height: header.height,
        block: header.id(),
        time_us: header.time_us,
        previous,
        history_root: Digest::ZERO,
        tx: none,
        state_root: Digest::ZERO,
        event_log: none,
        audit_log: none,
        outbox: Outbox { count: Count::ZERO, root: empty_root(), heads_hash: Digest::ZERO },
        validator_set_hash: set.hash(),
        next_validator_set_hash: next.hash(),
        protocol_version: 1,
    }
}

pub fn inbound(
    message: Outbound,
    from: usize,
    committee: &Committee,
    by: &dyn SignatureCheck,
) -> Option<Message> {
    let message = match message {
        Outbound::Proposal(one) => Message::Proposal(Box::new(check(&*one, committee, by)?)),
        Outbound::Vote(one) => Message::Vote(check(&one, committee, by)?),
        Outbound::Timeout(one) => Message::Timeout(Box::new(check(&*one, committee, by)?)),
        Outbound::Attestation(one) => Message::Attestation(check(&one, committee, by)?),
        Outbound::Heartbeat(one) => Message::Heartbeat(check(&one, committee, by)?),
        Outbound::Evidence(one) => Message::Evidence(Box::new(check(&*one, committee, by)?)),
        Outbound::AskNewer(position) => Message::AskNewer(position),
        Outbound::Newer(one) => Message::Newer(Box::new(check(&*one, committee, by)?)),
        Outbound::AskOwn(ask) => Message::AskOwn(ask),
        Outbound::Own(one) => Message::Own(index(from), Box::new(check(&*one, committee, by)?)),
        Outbound::AskReport(ask) => Message::AskReport(index(from), ask),
        Outbound::Report(one) => Message::Report(Box::new(check(&*one, committee, by)?)),
        Outbound::AskBlocks(_) | Outbound::Acknowledged(..) => return None,
    };
    Some(message)
}

fn check<T: Checked>(value: &T, committee: &Committee, by: &dyn SignatureCheck) -> Option<Verified<T>> {
    Decoded::own(value).unwrap().verify(committee, by).ok()
}
