//! One sound message of every kind.

use std::sync::OnceLock;

use cybermesh_proto::agree::*;
use cybermesh_proto::genesis::Genesis;
use cybermesh_proto::keys::{KeyBundle, Scheme};
use cybermesh_proto::receipt::{Receipt, TxLeaf};
use cybermesh_proto::state_proof::StateProof;
use cybermesh_proto::state_range::StateRange;
use cybermesh_proto::wire::{Fixed, List, Wire, decode_canonical, encode_canonical};
use cybermesh_proto::{
    BatchSeq, ChainId, Count, DecisionHash, Digest, Epoch, Height, Refusal, TimeUs, ValidatorIndex, View,
};
use cybermesh_verify::EpochMemory;

use super::{ranges, states};
use crate::chain::Chain;
use crate::story::Story;

/// A sound message: the name of its kind and its bytes.
#[derive(Clone, Debug)]
pub struct Sample {
    /// What it shows.
    pub name: String,
    /// The name of its kind.
    pub kind: &'static str,
    /// Its canonical bytes.
    pub bytes: Vec<u8>,
}

macro_rules! kinds {
    ($($kind:ty),+ $(,)?) => {
        /// Decodes bytes as a message of the named kind; `None` for a name that no kind has.
        #[must_use]
        pub fn decode_as(kind: &str, bytes: &[u8]) -> Option<Result<Vec<u8>, Refusal>> {
            $(if kind == <$kind as Wire>::NAME {
                return Some(decode_canonical::<$kind>(bytes).map(|value| encode_canonical(&value)));
            })+
            None
        }

        /// The names of all kinds, with the largest encoding that is parsed.
        pub const KINDS: &[(&str, usize)] = &[$((<$kind as Wire>::NAME, <$kind as Wire>::BYTES_MAX)),+];
    };
}

kinds!(
    Header,
    Proposal,
    Vote,
    Qc,
    ViewChange,
    Signed<TimeoutStatement>,
    Tc,
    Heartbeat,
    Evidence,
    BatchHeader,
    Batch,
    Item,
    Decision,
    Attestation,
    DecisionCertificate,
    Handover,
    AmnesiaAsk,
    AmnesiaReport,
    OwnStatementsAsk,
    OwnStatements,
    Ask,
    Answer,
    Block,
    RunReport,
    KeyBundle,
    Validator,
    ValidatorSet,
    Genesis,
    TxLeaf,
    Receipt,
    EpochMemory,
    StateProof,
    StateRange,
);

fn sample<T: Wire>(name: &str, value: &T) -> Sample {
    Sample { name: format!("{}: {name}", T::NAME), kind: T::NAME, bytes: encode_canonical(value) }
}

/// The story behind the samples: four validators, one handover. Classical signatures keep the file small; the
/// hybrid ones are in the suite of certificates.
pub(super) fn story() -> &'static Story {
    static STORY: OnceLock<Story> = OnceLock::new();
    STORY.get_or_init(|| Story::new(Scheme::Ed25519, 4, 1))
}

/// A sound message of every kind, several where a kind has variants.
#[must_use]
pub fn samples() -> Vec<Sample> {
    let chain = &story().chain;
    let mut samples = agreement(chain);
    samples.extend(payload(chain));
    samples.extend(questions(chain));
    samples.extend(proofs(chain));
    samples
}

pub(super) fn timeout(chain: &Chain, view: u64) -> TimeoutStatement {
    let (qc, committee) = (&chain.high_qc, &chain.committee);
    TimeoutStatement {
        chain: committee.chain,
        epoch: committee.epoch,
        view: View::new(view),
        hqc_view: qc.view,
        hqc_block: qc.block,
    }
}

/// A TC of a view by the first q members, all claiming the newest QC.
pub(super) fn tc(chain: &Chain, view: u64) -> Tc {
    let claim = |author: usize| {
        let signed = chain.sign(timeout(chain, view), author);
        let said = signed.statement;
        Claim {
            author: signed.author,
            hqc_view: said.hqc_view,
            hqc_block: said.hqc_block,
            signature: signed.signature,
        }
    };
    let claims = List::new((0..chain.committee.quorum()).map(claim).collect()).unwrap();
    Tc { epoch: chain.committee.epoch, view: View::new(view), claims, high_qc: chain.high_qc.clone() }
}

/// A proposal on top of the chain in the view after a TC, or after the newest QC.
pub(super) fn proposal(chain: &Chain, after: Option<Tc>, batches: Vec<BatchRef>) -> Proposal {
    let qc = chain.high_qc.clone();
    let view = after.as_ref().map_or(qc.view, |tc| tc.view).next();
    let last = chain.blocks.last().unwrap();
    let header = Header {
        height: qc.height.next(),
        view,
        parent: qc.block,
        qc_hash: qc.hash(chain.committee.chain),
        time_us: TimeUs::new(last.header.time_us.get() + 1),
        payload_root: Proposal::payload_root(&batches),
        batch_count: Count::new(u64::try_from(batches.len()).unwrap()),
        anchor_height: last.decision.height,
        anchor_hash: last.decision.hash(),
        left_out: [ValidatorIndex::new(3).unwrap()].into_iter().collect(),
        epoch: chain.committee.epoch,
        ..last.header.clone()
    };
    let statement = ProposalStatement {
        chain: header.chain,
        epoch: header.epoch,
        view,
        height: header.height,
        block: header.id(),
        carried: Proposal::carried(&qc, after.as_ref(), &batches),
    };
    let signature = chain.sign(statement, usize::from(u16::from(header.proposer))).signature;
    Proposal { header, qc, tc: after, batches: List::new(batches).unwrap(), signature }
}

/// A batch of these items by one member.
pub(super) fn batch(chain: &Chain, author: usize, batch_seq: u64, items: Vec<Item>) -> Batch {
    let header = BatchHeader {
        chain: chain.committee.chain,
        author: ValidatorIndex::new(author).unwrap(),
        epoch: chain.committee.epoch,
        batch_seq: BatchSeq::new(batch_seq),
        reg: chain.height(),
        count: Count::new(u64::try_from(items.len()).unwrap()),
        bytes: Batch::item_bytes(&items),
        root: Batch::root(&items),
    };
    let signature = chain.sign(header.clone(), author).signature;
    Batch { header, signature, items: List::new(items).unwrap() }
}

pub(super) fn batch_ref(batch: &Batch) -> BatchRef {
    BatchRef { id: batch.header.id(), author: batch.header.author, batch_seq: batch.header.batch_seq }
}

pub(super) fn vote(chain: &Chain, view: u64, block: u8) -> VoteStatement {
    VoteStatement {
        chain: chain.committee.chain,
        epoch: chain.committee.epoch,
        view: View::new(view),
        height: chain.height().next(),
        block: cybermesh_proto::BlockId(Digest::new([block; 32])),
    }
}

fn agreement(chain: &Chain) -> Vec<Sample> {
    let view = chain.high_qc.view.next().get();
    let with_tc = proposal(chain, Some(tc(chain, view)), Vec::new());
    let timed_out = chain.sign(timeout(chain, view), 1);
    let change = |entry| ViewChange { timeout: timed_out.clone(), high_qc: chain.high_qc.clone(), entry };
    let later = chain.sign(timeout(chain, view + 1), 1);
    let entered = ViewChange { timeout: later, high_qc: chain.high_qc.clone(), entry: Some(tc(chain, view)) };
    let heartbeat = HeartbeatStatement {
        chain: chain.committee.chain,
        epoch: chain.committee.epoch,
        view: View::new(view),
        certified_height: chain.height(),
        certified_hash: chain.blocks.last().unwrap().decision.hash(),
        time_us: TimeUs::new(crate::cluster::BEGINNING_US),
    };
    vec![
        sample("of height 1", &chain.block(1).header),
        sample("after a QC", &proposal(chain, None, Vec::new())),
        sample("after a TC", &with_tc),
        sample("a vote", &chain.sign(vote(chain, view, 1), 2)),
        sample("of three voters", &chain.high_qc),
        sample("of an epoch's root", &Qc::of_root(&chain.committee)),
        sample("after a QC", &change(None)),
        sample("after a TC", &entered),
        sample("alone", &timed_out),
        sample("of three", &tc(chain, view)),
        sample("a sign of life", &chain.sign(heartbeat, 0)),
        sample("a result", &chain.block(1).decision),
        sample("of a result", &chain.sign(AttestationStatement::of(&chain.block(1).decision), 0)),
        sample("of three attesters", &chain.block(1).certificate),
        sample("to epoch 1", &chain.handovers[0]),
    ]
}

fn payload(chain: &Chain) -> Vec<Sample> {
    let items: Vec<_> = chain.block(1).leaves.iter().map(|leaf| leaf.item.clone()).collect();
    let one = batch(chain, 0, 7, items.clone());
    let other = batch(chain, 0, 7, items[..1].to_vec());
    let proposed = proposal(chain, None, vec![batch_ref(&one)]);
    let rival = proposal(chain, None, vec![batch_ref(&other)]);
    let view = chain.high_qc.view.next().get();
    let attested = |tag: u8| {
        let statement = AttestationStatement::of(&chain.blocks.last().unwrap().decision);
        AttestationStatement { decision: DecisionHash(Digest::new([tag; 32])), ..statement }
    };
    let claim = |block: u8| {
        let hqc_block = cybermesh_proto::BlockId(Digest::new([block; 32]));
        TimeoutStatement { hqc_block, ..timeout(chain, view) }
    };
    let report = RunReportStatement {
        chain: chain.committee.chain,
        epoch: chain.committee.epoch,
        report_seq: Count::new(5),
        term: Count::new(2),
        ends: List::new(vec![
            RunEnd { topic: 0, partition: 0, seq: Count::new(17) },
            RunEnd { topic: 1, partition: 3, seq: Count::new(4) },
        ])
        .unwrap(),
    };
    let report = chain.sign(report, 1);
    let votes = Pair::new(chain.sign(vote(chain, view, 1), 1), chain.sign(vote(chain, view, 2), 1));
    let kinds = [
        (ItemKind::Evidence, encode_canonical(&Evidence::Votes(votes.clone()))),
        (ItemKind::Report, encode_canonical(&report)),
    ];
    let mut samples = vec![
        sample("of three events", &one.header),
        sample("of three events", &one),
        sample("with a batch", &proposed),
        sample("two blocks in one view", &Evidence::Proposals(Pair::new(proposed.signed(), rival.signed()))),
        sample("two votes in one view", &Evidence::Votes(votes)),
        sample(
            "two timeouts of one view",
            &Evidence::Timeouts(Pair::new(chain.sign(claim(1), 2), chain.sign(claim(2), 2))),
        ),
        sample(
            "two results of one height",
            &Evidence::Attestations(Pair::new(chain.sign(attested(1), 0), chain.sign(attested(2), 0))),
        ),
        sample("two batches of one number", &Evidence::Batches(Pair::new(one.signed(), other.signed()))),
        sample("of a validator", &report),
        sample("an event", &items[0]),
    ];
    samples.extend(kinds.map(|(kind, bytes)| sample(kind.name(), &crate::story::item(kind, bytes))));
    samples
}

fn synced(chain: &Chain, height: u64) -> Block {
    let decided = chain.block(height);
    Block { header: decided.header.clone(), qc: decided.parent_qc.clone(), batches: List::default() }
}

fn questions(chain: &Chain) -> Vec<Sample> {
    let (id, epoch, height) = (chain.committee.chain, chain.committee.epoch, chain.height());
    let asker = ValidatorIndex::new(2).unwrap();
    let position = Position { chain: id, epoch, view: View::new(9), height };
    let branch = Branch { chain: id, above: Height::new(1), tip: chain.high_qc.block };
    let last = chain.blocks.last().unwrap();
    let view = chain.high_qc.view.next().get();
    let newer = Newer {
        qc: Some(chain.high_qc.clone()),
        tc: Some(tc(chain, view)),
        decision: Some((last.decision.clone(), last.certificate.clone())),
        handover: Some(chain.handovers[0].clone()),
    };
    let block = synced(chain, 1);
    let report = AmnesiaReportStatement {
        chain: id,
        epoch,
        asker,
        nonce: Fixed([9; 32]),
        entered: View::new(view + 1),
        hqc_view: chain.high_qc.view,
        hqc_block: chain.high_qc.block,
    };
    let report = AmnesiaReport {
        report: chain.sign(report, 0),
        entry: Some(Entry::Tc(tc(chain, view))),
        high_qc: chain.high_qc.clone(),
        handover: None,
    };
    let own = OwnStatements {
        proposal: Some(proposal(chain, None, Vec::new()).signed()),
        vote: Some(chain.sign(vote(chain, view, 1), 2)),
        timeout: Some(chain.sign(timeout(chain, view), 2)),
        high_qc: chain.high_qc.clone(),
        high_tc: None,
        handover: None,
    };
    vec![
        sample("of validator 2", &AmnesiaAsk { chain: id, epoch, asker, nonce: Fixed([9; 32]) }),
        sample("entered by a TC", &report),
        sample("of validator 2", &OwnStatementsAsk { chain: id, epoch, asker }),
        sample("proposal, vote and timeout", &own),
        sample("what is newer", &Ask::Newer(position)),
        sample("blocks of a branch", &Ask::Blocks(branch)),
        sample("a batch", &Ask::Batch(cybermesh_proto::BatchId(Digest::new([4; 32])))),
        sample("a handover", &Ask::Handover(Epoch::ZERO)),
        sample("everything newer", &Answer::Newer(Box::new(newer))),
        sample("nothing newer", &Answer::Newer(Box::default())),
        sample(
            "four blocks across the end of an epoch",
            &Answer::Blocks(List::new((1..=4).map(|height| synced(chain, height)).collect()).unwrap()),
        ),
        sample("a batch follows", &Answer::Batch(Count::new(4096))),
        sample("a handover", &Answer::Handover(Some(Box::new(chain.handovers[0].clone())))),
        sample("no handover", &Answer::Handover(None)),
        sample("as synced", &block),
    ]
}

fn proofs(chain: &Chain) -> Vec<Sample> {
    let genesis = chain.genesis.genesis();
    let (_, memory) = cybermesh_verify::verify_receipt(
        &encode_canonical(&chain.receipt_under_newest(1, 0)),
        cybermesh_verify::Trust { chain: chain.genesis.chain(), memory: None, producer: None },
        &cybermesh_verify::PureRust,
    )
    .expect("the story's receipt holds");
    let recovery = Genesis {
        nonce: Fixed([8; 32]),
        time_us: TimeUs::new(genesis.time_us.get() + 60_000_000),
        continues: Some(chain.block(1).decision.clone()),
        ..genesis.clone()
    };
    vec![
        sample("of a producer", &genesis.registry[0].bundle),
        sample("the first", genesis.validators.iter().next().unwrap()),
        sample("of four", &genesis.validators),
        sample("of four validators", genesis),
        sample("a recovery", &recovery),
        sample("an applied event", &chain.block(1).leaves[0]),
        sample("on its own certificate", &chain.receipt(1, 0)),
        sample("under the newest certificate", &chain.receipt_under_newest(1, 2)),
        sample("nothing yet", &EpochMemory::new(ChainId(Digest::ZERO))),
        sample("one epoch ended", &memory),
        sample("a value", &states::proof(&states::rows(), b"row 7", 9)),
        sample("absent", &states::proof(&states::rows(), b"never written", 9)),
        sample("twenty-one leaves", &ranges::sample()),
    ]
}
