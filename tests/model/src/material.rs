//! What messages are made of: real ones, of the real types, through all checks of shape, count and length. Only the
//! arithmetic of signatures is left out.
//!
//! Certificates name the first q validators other than whoever they are shown to. Which q it was changes nothing but
//! whether a validator recognises itself; so that memory (R15) stays out of this world, and certificates that differ
//! in nothing else are one.

use std::sync::Arc;

use cybermesh_consensus::{Message, Start};
use cybermesh_proto::agree::{
    Anchor, Block, Claim, Committee, Decision, EpochRoot, Header, IndexSet, LogState, Newer, Outbox,
    OwnStatements, Proposal, Qc, QuorumSignatures, Signed, Statement, Tc, TimeoutStatement, Validator,
    ValidatorSet, ViewChange, VoteStatement,
};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::{MlDsa, Scheme, SignatureCheck, ValidatorSignature, Zip215Item};
use cybermesh_proto::merkle::empty_root;
use cybermesh_proto::wire::{Checked, Decoded, Fixed, List, Text, Verified};
use cybermesh_proto::{
    BlockId, ChainId, Count, DecisionHash, Digest, Epoch, Height, TimeUs, ValidatorIndex, View,
};

use crate::blocks::{BlockNo, Blocks, GivenUp};

const CHAIN: ChainId = ChainId(Digest::new([7; 32]));
const BEGINNING_US: u64 = 1_000_000_000;

/// The clock of everybody, for ever: rules on time are no part of safety.
pub const CLOCK: TimeUs = TimeUs::new(BEGINNING_US + 1);

/// No arithmetic: who could have signed what is the model's to know.
struct AnySignature;

impl SignatureCheck for AnySignature {
    fn ed25519_zip215(&self, _item: Zip215Item<'_>) -> bool {
        true
    }

    fn ed25519_strict(&self, _key: &[u8; 32], _message: &[u8], _signature: &[u8; 64]) -> bool {
        true
    }

    fn ml_dsa(&self, _level: MlDsa, _key: &[u8], _message: &[u8], _signature: &[u8]) -> bool {
        true
    }

    fn ed25519_key_is_sound(&self, _key: &[u8; 32]) -> bool {
        true
    }
}

/// A validator's place.
#[must_use]
pub fn place(member: usize) -> ValidatorIndex {
    ValidatorIndex::new(member).unwrap()
}

fn key(kind: u8, member: usize) -> Fixed<32> {
    Fixed(*sha256(&[&[kind], &member.to_le_bytes()]).as_bytes())
}

fn signature() -> ValidatorSignature {
    ValidatorSignature::new(vec![1; 64]).unwrap()
}

/// A statement with its author's signature.
#[must_use]
pub fn sign<S: Statement>(statement: S, author: usize) -> Signed<S> {
    Signed { statement, author: place(author), signature: signature() }
}

/// The header that the chain grows from.
#[must_use]
pub fn first_header() -> Header {
    Header {
        version: Header::VERSION,
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

/// The committee of `n` validators.
#[must_use]
pub fn committee(n: usize) -> Committee {
    let member = |number: usize| Validator {
        name: Text::new(&format!("v{number}")).unwrap(),
        ed25519: key(0, number),
        ml_dsa_65: Fixed([u8::try_from(number).unwrap(); 1952]),
        ml_dsa_44: Fixed([u8::try_from(number).unwrap(); 1312]),
        libp2p: key(1, number),
    };
    let header = first_header();
    let set = ValidatorSet::new((0..n).map(member).collect()).unwrap();
    let root = EpochRoot { height: header.height, block: header.id() };
    Committee::new(CHAIN, Epoch::ZERO, Scheme::Ed25519, set, root)
}

/// The hash that stands where a decision of the root would.
#[must_use]
pub fn first_decision() -> DecisionHash {
    DecisionHash(CHAIN.0)
}

/// The first start of a validator.
#[must_use]
pub fn start(committee: &Committee, member: usize) -> Start {
    let anchor = Anchor { height: Height::ZERO, decision: first_decision() };
    let (key, nonce) = (key(0, member), Fixed([0; 32]));
    Start::at_root(committee.clone(), first_header(), anchor, Some(key), nonce, CLOCK)
}

/// What executing an empty block comes to.
#[must_use]
pub fn result(header: &Header, previous: DecisionHash, set: &ValidatorSet) -> Decision {
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
        next_validator_set_hash: set.hash(),
        protocol_version: 1,
    }
}

/// Makes messages for one validator.
pub struct Maker<'a> {
    /// The committee.
    pub committee: &'a Arc<Committee>,
    /// The blocks that there are.
    pub blocks: &'a Blocks,
    /// Who the messages are for.
    pub to: usize,
}

impl Maker<'_> {
    fn verified<T: Checked>(&self, value: &T) -> Verified<T> {
        Decoded::own(value).unwrap().verify(self.committee, &AnySignature).unwrap()
    }

    fn others(&self) -> impl Iterator<Item = ValidatorIndex> {
        let n = self.committee.set.n();
        (0..n).filter(|member| *member != self.to).take(self.committee.quorum()).map(place)
    }

    fn qc(&self, block: BlockNo) -> Qc {
        if block == BlockNo::ROOT {
            return Qc::of_root(self.committee);
        }
        let made = self.blocks.get(block);
        let votes = QuorumSignatures::new(self.others().map(|other| (other, signature())).collect()).unwrap();
        let (view, height) = (made.header.view, made.header.height);
        Qc { epoch: Epoch::ZERO, view, height, block: made.id, votes }
    }

    fn tc(&self, tc: GivenUp) -> Tc {
        let highest = self.blocks.get(tc.claim);
        let root = self.blocks.get(BlockNo::ROOT);
        let claims = self.others().enumerate().map(|(at, author)| {
            let claimed = if at == 0 { highest } else { root };
            let (hqc_view, hqc_block) = (claimed.header.view, claimed.id);
            Claim { author, hqc_view, hqc_block, signature: signature() }
        });
        Tc {
            epoch: Epoch::ZERO,
            view: View::new(tc.view.into()),
            claims: List::new(claims.collect()).unwrap(),
            high_qc: self.qc(tc.claim),
        }
    }

    /// A quorum certificate by itself.
    #[must_use]
    pub fn certificate(&self, block: BlockNo) -> Message {
        let newer = Newer { qc: Some(self.qc(block)), ..Newer::default() };
        Message::Newer(Box::new(self.verified(&newer)))
    }

    /// A timeout certificate by itself.
    #[must_use]
    pub fn given_up(&self, tc: GivenUp) -> Message {
        let newer = Newer { tc: Some(self.tc(tc)), ..Newer::default() };
        Message::Newer(Box::new(self.verified(&newer)))
    }

    /// A block as its leader proposes it.
    #[must_use]
    pub fn proposal(&self, block: BlockNo, tc: Option<GivenUp>) -> Message {
        let made = self.blocks.get(block);
        let proposal = Proposal {
            header: made.header.clone(),
            qc: self.qc(made.parent),
            tc: tc.map(|tc| self.tc(tc)),
            batches: List::default(),
            signature: signature(),
        };
        Message::Proposal(Box::new(self.verified(&proposal)))
    }

    /// A vote.
    #[must_use]
    pub fn vote(&self, author: usize, block: BlockNo) -> Message {
        let made = self.blocks.get(block);
        let (view, height) = (made.header.view, made.header.height);
        let said = VoteStatement { chain: CHAIN, epoch: Epoch::ZERO, view, height, block: made.id };
        Message::Vote(self.verified(&sign(said, author)))
    }

    /// A timeout with the certificates beside it.
    #[must_use]
    pub fn timeout(&self, author: usize, view: u8, claim: BlockNo, entry: Option<GivenUp>) -> Message {
        let claimed = self.blocks.get(claim);
        let statement = TimeoutStatement {
            chain: CHAIN,
            epoch: Epoch::ZERO,
            view: View::new(view.into()),
            hqc_view: claimed.header.view,
            hqc_block: claimed.id,
        };
        let (timeout, high_qc) = (sign(statement, author), self.qc(claim));
        let change = ViewChange { timeout, high_qc, entry: entry.map(|tc| self.tc(tc)) };
        Message::Timeout(Box::new(self.verified(&change)))
    }

    /// The blocks above a height, up to one of them, lowest first.
    #[must_use]
    pub fn branch(&self, tip: BlockNo, above: Height) -> Message {
        let mut numbers = vec![tip];
        numbers.extend(self.blocks.below(tip));
        numbers.retain(|number| self.blocks.get(*number).header.height > above);
        numbers.reverse();
        let block = |number: BlockNo| {
            let made = self.blocks.get(number);
            let qc = self.qc(made.parent);
            self.verified(&Block { header: made.header.clone(), qc, batches: List::default() })
        };
        Message::Blocks(numbers.into_iter().map(block).collect())
    }

    /// What another validator holds of this one's signatures at the start: nothing.
    #[must_use]
    pub fn nothing_of_yours(&self, by: usize) -> Message {
        let high_qc = Qc::of_root(self.committee);
        let own = OwnStatements {
            proposal: None,
            vote: None,
            timeout: None,
            high_qc,
            high_tc: None,
            handover: None,
        };
        Message::Own(place(by), Box::new(self.verified(&own)))
    }

    /// A header that a leader could make, and `variant` µs later.
    #[must_use]
    pub fn header(&self, parent: BlockNo, view: u8, proposer: usize, variant: u8) -> Header {
        let below = &self.blocks.get(parent).header;
        let time = CLOCK.get().max(below.time_us.get() + 1) + u64::from(variant);
        Header {
            height: below.height.next(),
            view: View::new(view.into()),
            parent: self.blocks.get(parent).id,
            qc_hash: self.qc(parent).hash(CHAIN),
            proposer: place(proposer),
            time_us: TimeUs::new(time),
            anchor_hash: first_decision(),
            ..first_header()
        }
    }
}
