//! False receipts: every lie we could think of, each with the code it must be refused with.
//!
//! The liar here is strong: it holds *all* keys of every epoch that has ended, and of the present one where the
//! lie says so. What no verifier can refuse from a genesis hash alone stands in `receipts.rs` with its verdict.

use cybermesh_keys::Signer as _;
use cybermesh_proto::agree::{
    AttestationStatement, Decision, Handover, Item, ItemKind, LogState, QuorumSignatures, VoteStatement,
};
use cybermesh_proto::keys::{Algorithm, Scheme, ValidatorSignature};
use cybermesh_proto::receipt::{Grounds, Receipt, TxLeaf};
use cybermesh_proto::wire::{Blob, Fixed, List, encode_canonical};
use cybermesh_proto::{ChainId, Code, Count, DecisionHash, Digest, Epoch, Height, ValidatorIndex};
use cybermesh_verify::{EpochMemory, PureRust, Trust, verify_receipt};

use crate::chain::{Chain, path};
use crate::cluster::{members, producer, set_of};
use crate::events::{anomaly, signed};
use crate::story::{Story, item};

/// A false receipt.
#[derive(Clone, Debug)]
pub struct Lie {
    /// What it claims, and how.
    pub name: &'static str,
    /// The file.
    pub bytes: Vec<u8>,
    /// What its reader remembers.
    pub memory: Option<Vec<u8>>,
    /// What its reader trusts.
    pub chain: ChainId,
    /// The code it must be refused with.
    pub expect: Code,
}

struct Liar {
    /// The true chain: epochs 0, 1 and 2; epoch 0 ends at height 2, epoch 1 at height 4.
    truth: Story,
    /// Another past of epoch 0, made with its retired keys: the same first block, then no handover.
    past: Chain,
    /// What a reader remembers that has seen the newest receipt.
    memory: Vec<u8>,
}

/// All lies.
#[must_use]
pub fn lies() -> Vec<Lie> {
    let liar = Liar::new();
    let mut lies = liar.about_epochs();
    lies.extend(liar.about_handovers());
    lies.extend(liar.about_transactions());
    lies.extend(liar.about_decisions());
    lies.extend(liar.about_certificates());
    lies.extend(liar.about_the_genesis());
    lies.extend(about_the_scheme());
    lies
}

impl Liar {
    fn new() -> Self {
        let truth = Story::new(Scheme::Ed25519, 4, 2);
        let newest = encode_canonical(&truth.chain.receipt_under_newest(1, 0));
        let chain = truth.chain.genesis.chain();
        let trust = Trust { chain, memory: None, producer: None };
        let (_, memory) = verify_receipt(&newest, trust, &PureRust).unwrap();
        let first = members("node", 4);
        let mut past = Chain::new(truth.chain.genesis.genesis().clone(), first);
        let same = truth.chain.block(1).leaves.iter();
        past.decide(same.map(|leaf| (leaf.item.clone(), Code::from_number(leaf.outcome).unwrap())).collect());
        for seq in 50..54 {
            past.decide(vec![(Self::invented(seq), Code::EventApplied)]);
        }
        Self { truth, past, memory: memory.to_bytes() }
    }

    /// An event that nobody decided.
    fn invented(seq: u64) -> Item {
        let producer = producer("det-1", Algorithm::MlDsa44);
        item(ItemKind::Event, signed(&anomaly(&producer, seq), &producer))
    }

    fn lie(&self, name: &'static str, expect: Code, receipt: &Receipt) -> Lie {
        let chain = self.truth.chain.genesis.chain();
        Lie { name, bytes: encode_canonical(receipt), memory: None, chain, expect }
    }

    fn remembering(&self, lie: Lie) -> Lie {
        Lie { memory: Some(self.memory.clone()), ..lie }
    }

    fn with_true_handovers(&self, receipt: Receipt) -> Receipt {
        Receipt { handovers: List::new(self.truth.chain.handovers.clone()).unwrap(), ..receipt }
    }

    fn about_epochs(&self) -> Vec<Lie> {
        let above = self.past.receipt(3, 0);
        let unknown = {
            let newest = self.truth.chain.receipt_under_newest(1, 0);
            let handovers = List::new(newest.handovers[..1].to_vec()).unwrap();
            Receipt { handovers, ..newest }
        };
        let last = self.with_true_handovers(self.past.receipt(2, 0));
        let before = {
            let mut receipt = self.truth.chain.receipt(3, 0);
            receipt.decision.height = Height::new(2);
            self.recertified(receipt, 1)
        };
        let mut ended = Chain::new(self.truth.chain.genesis.genesis().clone(), members("node", 4));
        ended.decide_and_stay(vec![(Self::invented(60), Code::EventApplied)], &members("thief", 4));
        ended.decide(vec![(Self::invented(61), Code::EventApplied)]);
        vec![
            self.lie(
                "an epoch ends, and goes on in the same file",
                Code::ReceiptEpochEnded,
                &ended.receipt_under_newest(1, 0),
            ),
            self.lie(
                "stolen keys of epoch 0 end it earlier than it ended",
                Code::ReceiptHandoverFork,
                &self.with_true_handovers(ended.receipt(1, 0)),
            ),
            self.lie(
                "stolen keys of epoch 0 decide above its end, handovers shown",
                Code::ReceiptEpochEnded,
                &self.with_true_handovers(above.clone()),
            ),
            self.remembering(self.lie(
                "stolen keys of epoch 0 decide above its end, handovers hidden from one who knows them",
                Code::ReceiptEpochEnded,
                &above,
            )),
            self.lie("stolen keys of epoch 0 replace its last decision", Code::ReceiptHandoverFork, &last),
            self.remembering(self.lie(
                "stolen keys of epoch 0 replace its last decision, handovers hidden from one who knows them",
                Code::ReceiptHandoverFork,
                &self.past.receipt(2, 0),
            )),
            self.lie(
                "stolen keys of epoch 1 decide at the height that ended epoch 0",
                Code::ReceiptEpochNotBegun,
                &before,
            ),
            self.lie("handovers cut short of the certificate's epoch", Code::ReceiptEpochUnknown, &unknown),
        ]
    }

    /// A changed decision, certified anew with the keys of an epoch that the liar holds.
    fn recertified(&self, receipt: Receipt, epoch: u64) -> Receipt {
        let mut forger = self.truth.chain.clone();
        let names = if epoch == 0 { "node".to_owned() } else { format!("epoch-{epoch}") };
        forger.members = members(&names, 4);
        forger.committee.epoch = Epoch::new(epoch);
        let certificate = forger.certify(&receipt.decision);
        Receipt { grounds: Grounds::Certificate(certificate), ..receipt }
    }

    fn about_handovers(&self) -> Vec<Lie> {
        let newest = self.truth.chain.receipt_under_newest(1, 0);
        let with =
            |handovers: Vec<Handover>| Receipt { handovers: List::new(handovers).unwrap(), ..newest.clone() };
        let true_ones = &self.truth.chain.handovers;
        let changed = |change: &dyn Fn(&mut Handover)| {
            let mut handovers = true_ones.clone();
            change(&mut handovers[1]);
            with(handovers)
        };
        let mut forked = self.past.clone();
        forked.hand_over(members("thief", 4));
        forked.decide(vec![(Self::invented(90), Code::EventApplied)]);
        let last = forked.height().get();
        let mut unsafe_set = self.past.clone();
        unsafe_set.hand_over(members("thief", 3));
        let unsafe_set = Receipt {
            handovers: List::new(unsafe_set.handovers.clone()).unwrap(),
            ..self.past.receipt(1, 0)
        };
        let swapped = vec![true_ones[1].clone(), true_ones[0].clone()];
        let doubled = vec![true_ones[0].clone(), true_ones[0].clone()];
        vec![
            self.remembering(self.lie(
                "stolen keys of epoch 0 hand over to the thief",
                Code::ReceiptHandoverFork,
                &forked.receipt(last, 0),
            )),
            self.lie(
                "stolen keys of epoch 0 hand over to an unsafe set",
                Code::ValidatorSetSize,
                &unsafe_set,
            ),
            self.lie("handovers in another order", Code::EpochOther, &with(swapped)),
            self.lie("one handover twice", Code::EpochOther, &with(doubled)),
            self.lie(
                "a handover with other validators",
                Code::HandoverSet,
                &changed(&|handover| handover.next = set_of(&members("thief", 4))),
            ),
            self.lie(
                "a handover by a decision that ends nothing",
                Code::HandoverDecision,
                &changed(&|handover| {
                    handover.decision.next_validator_set_hash = handover.decision.validator_set_hash;
                }),
            ),
            self.lie(
                "a handover whose decision names other validators than were certified",
                Code::CertificateDecision,
                &changed(&|handover| {
                    handover.next = set_of(&members("thief", 4));
                    handover.decision.next_validator_set_hash = handover.next.hash();
                }),
            ),
        ]
    }

    fn about_transactions(&self) -> Vec<Lie> {
        let changed = |change: &dyn Fn(&mut Receipt)| {
            let mut receipt = self.truth.chain.receipt_under_newest(1, 1);
            change(&mut receipt);
            receipt
        };
        let code = Code::ReceiptTransaction;
        let other = self.truth.chain.block(1).leaves[0].item.clone();
        let certified = |leaf: &dyn Fn(&TxLeaf) -> TxLeaf| {
            // Even a whole quorum cannot make a reader believe what no transaction can be.
            let mut receipt = self.truth.chain.receipt(self.truth.last(), 0);
            receipt.leaf = leaf(&receipt.leaf);
            receipt.decision.tx = LogState { size: Count::new(1), root: receipt.leaf.hash() };
            self.recertified(receipt, 2)
        };
        vec![
            self.lie("index shifted", code, &changed(&|receipt| receipt.leaf.index = Count::new(0))),
            self.lie("index beyond the block", code, &changed(&|receipt| receipt.leaf.index = Count::new(3))),
            self.lie("another outcome", code, &changed(&|receipt| receipt.leaf.outcome = 2)),
            self.lie(
                "another author",
                code,
                &changed(&|receipt| receipt.leaf.author = ValidatorIndex::new(3).unwrap()),
            ),
            self.lie("another event", code, &changed(&|receipt| receipt.leaf.item = other.clone())),
            self.lie(
                "an event that was never decided",
                code,
                &changed(&|receipt| receipt.leaf.item = Self::invented(7)),
            ),
            self.lie(
                "a path cut to an inner node",
                code,
                &changed(&|receipt| receipt.path = path(receipt.path[1..].to_vec())),
            ),
            self.lie(
                "a path one step longer",
                code,
                &changed(&|receipt| receipt.path = path([&receipt.path[..], &[Digest::ZERO]].concat())),
            ),
            self.lie(
                "an item of another kind",
                code,
                &changed(&|receipt| {
                    receipt.leaf.item = item(ItemKind::Redrive, receipt.leaf.item.bytes().to_vec());
                }),
            ),
            self.lie(
                "an outcome that is none, certified by stolen keys of the present",
                Code::ReceiptOutcome,
                &certified(&|leaf| TxLeaf { outcome: Code::WireMalformed.number(), ..leaf.clone() }),
            ),
            self.lie(
                "an outcome without a name, certified by stolen keys of the present",
                Code::ReceiptOutcome,
                &certified(&|leaf| TxLeaf { outcome: 65_535, ..leaf.clone() }),
            ),
            self.lie(
                "an item that is no event, certified by stolen keys of the present",
                Code::EventMalformed,
                &certified(&|leaf| TxLeaf { item: item(ItemKind::Event, vec![0xff; 9]), ..leaf.clone() }),
            ),
        ]
    }

    fn about_decisions(&self) -> Vec<Lie> {
        let changed = |change: &dyn Fn(&mut Decision)| {
            let mut receipt = self.truth.chain.receipt(self.truth.last(), 0);
            change(&mut receipt.decision);
            receipt
        };
        let older = |change: &dyn Fn(&mut Decision)| {
            let mut receipt = self.truth.chain.receipt_under_newest(1, 0);
            change(&mut receipt.decision);
            receipt
        };
        let grounds = |change: &dyn Fn(&mut Receipt)| {
            let mut receipt = self.truth.chain.receipt_under_newest(1, 0);
            change(&mut receipt);
            receipt
        };
        let certificate = Code::CertificateDecision;
        let other_set = {
            let mut receipt = self.truth.chain.receipt(self.truth.last(), 0);
            receipt.decision.validator_set_hash = Digest::ZERO;
            receipt.decision.next_validator_set_hash = Digest::ZERO;
            self.recertified(receipt, 2)
        };
        vec![
            self.lie("another state root", certificate, &changed(&|d| d.state_root = Digest::ZERO)),
            self.lie("another time", certificate, &changed(&|d| d.time_us = cybermesh_proto::TimeUs::new(1))),
            self.lie(
                "another previous decision",
                certificate,
                &changed(&|d| d.previous = DecisionHash(Digest::ZERO)),
            ),
            self.lie("another event log", certificate, &changed(&|d| d.event_log.root = Digest::ZERO)),
            self.lie("another audit log", certificate, &changed(&|d| d.audit_log.size = Count::new(9))),
            self.lie("another outbox", certificate, &changed(&|d| d.outbox.heads_hash = Digest::ZERO)),
            self.lie("another protocol version", certificate, &changed(&|d| d.protocol_version = 2)),
            self.lie("another height", certificate, &changed(&|d| d.height = d.height.next())),
            self.lie("another chain", Code::ChainOther, &changed(&|d| d.chain = ChainId(Digest::ZERO))),
            self.lie("a later format", Code::WireVersion, &changed(&|d| d.version = 2)),
            self.lie("another validator set, certified all the same", Code::DecisionValidatorSet, &other_set),
            self.lie(
                "an older decision changed",
                Code::ReceiptHistory,
                &older(&|d| d.state_root = Digest::ZERO),
            ),
            self.lie("an older decision moved", Code::ReceiptHistory, &older(&|d| d.height = Height::new(2))),
            self.lie(
                "an older decision above the newer one",
                Code::ReceiptHistory,
                &older(&|d| d.height = Height::new(1000)),
            ),
            self.lie(
                "a history path cut",
                Code::ReceiptHistory,
                &grounds(&|receipt| {
                    let Grounds::History(proof) = &mut receipt.grounds else { panic!("history") };
                    proof.path = path(proof.path[1..].to_vec());
                }),
            ),
            self.lie(
                "a newer decision of another chain",
                Code::ChainOther,
                &grounds(&|receipt| {
                    let Grounds::History(proof) = &mut receipt.grounds else { panic!("history") };
                    proof.decision.chain = ChainId(Digest::ZERO);
                }),
            ),
            self.lie(
                "the same history of another size",
                Code::ReceiptHistory,
                &grounds(&|receipt| {
                    let Grounds::History(proof) = &mut receipt.grounds else { panic!("history") };
                    proof.decision.height = Height::new(3);
                }),
            ),
        ]
    }

    fn about_certificates(&self) -> Vec<Lie> {
        let last = self.truth.last();
        let chain = &self.truth.chain;
        let statement = AttestationStatement::of(&chain.block(last).decision);
        let with = |attestations: QuorumSignatures| {
            let mut receipt = chain.receipt(last, 0);
            let Grounds::Certificate(certificate) = &mut receipt.grounds else { panic!("certificate") };
            certificate.attestations = attestations;
            receipt
        };
        let honest = chain.signatures_of(&statement, 0..3);
        let vote = VoteStatement {
            chain: statement.chain,
            epoch: statement.epoch,
            view: cybermesh_proto::View::new(1),
            height: statement.height,
            block: chain.block(last).decision.block,
        };
        let strangers = {
            let mut crowd = chain.clone();
            crowd.members = members("epoch-2", 5);
            crowd.signatures_of(&statement, 2..5)
        };
        let retired = {
            let mut old = chain.clone();
            old.members = members("epoch-1", 4);
            old.signatures_of(&statement, 0..3)
        };
        let one_thrice = QuorumSignatures {
            signatures: List::new(vec![honest.signatures[0].clone(); 3]).unwrap(),
            ..honest.clone()
        };
        let shifted =
            QuorumSignatures { signers: (1..4).filter_map(ValidatorIndex::new).collect(), ..honest.clone() };
        let padded = QuorumSignatures {
            signatures: List::new([&honest.signatures[..], &honest.signatures[..1]].concat()).unwrap(),
            ..honest.clone()
        };
        let empty = ValidatorSignature::new(Vec::new()).unwrap();
        let hollow = QuorumSignatures { signatures: List::new(vec![empty; 3]).unwrap(), ..honest.clone() };
        vec![
            self.lie(
                "a signer too few",
                Code::CertificateQuorum,
                &with(chain.signatures_of(&statement, 0..2)),
            ),
            self.lie(
                "a signer too many",
                Code::CertificateQuorum,
                &with(chain.signatures_of(&statement, 0..4)),
            ),
            self.lie("nobody signed", Code::CertificateQuorum, &with(QuorumSignatures::default())),
            self.lie("a stranger signed", Code::ValidatorUnknown, &with(strangers)),
            self.lie("signed with the keys of the epoch before", Code::SignatureInvalid, &with(retired)),
            self.lie("one signature under three names", Code::SignatureInvalid, &with(one_thrice)),
            self.lie("signatures under the wrong names", Code::SignatureInvalid, &with(shifted)),
            self.lie("more signatures than signers", Code::CertificateSigners, &with(padded)),
            self.lie("empty signatures", Code::SignatureLength, &with(hollow)),
            self.lie(
                "votes taken for attestations",
                Code::SignatureInvalid,
                &with(chain.signatures_of(&vote, 0..3)),
            ),
        ]
    }

    fn about_the_genesis(&self) -> Vec<Lie> {
        let receipt = self.truth.chain.receipt(self.truth.last(), 0);
        let mut other = self.truth.chain.genesis.genesis().clone();
        other.nonce = Fixed([1; 32]);
        let mut schemed = self.truth.chain.genesis.genesis().clone();
        schemed.scheme = Scheme::Hybrid;
        let with = |bytes: Vec<u8>| Receipt { genesis: Blob::new(bytes).unwrap(), ..receipt.clone() };
        let elsewhere = ChainId(Digest::new([0xee; 32]));
        let foreign = EpochMemory::new(elsewhere).to_bytes();
        let honest = encode_canonical(&receipt);
        let chain = self.truth.chain.genesis.chain();
        let bytes = |name, expect, bytes: Vec<u8>| Lie { name, bytes, memory: None, chain, expect };
        vec![
            self.lie("another genesis", Code::GenesisOther, &with(encode_canonical(&other))),
            self.lie(
                "the genesis with another scheme",
                Code::GenesisOther,
                &with(encode_canonical(&schemed)),
            ),
            self.lie("no genesis", Code::GenesisOther, &with(Vec::new())),
            Lie {
                chain: elsewhere,
                ..bytes("a receipt of another chain", Code::GenesisOther, honest.clone())
            },
            Lie {
                memory: Some(foreign),
                ..bytes("a memory of another chain", Code::ReceiptMemory, honest.clone())
            },
            Lie { memory: Some(vec![0]), ..bytes("a damaged memory", Code::ReceiptMemory, honest.clone()) },
            self.lie(
                "a receipt of a later format",
                Code::WireVersion,
                &Receipt { version: 2, ..receipt.clone() },
            ),
            bytes("a trailing byte", Code::WireMalformed, [honest.as_slice(), &[0]].concat()),
            bytes("the last byte missing", Code::WireMalformed, honest[..honest.len() - 1].to_vec()),
            bytes("an empty file", Code::WireMalformed, Vec::new()),
        ]
    }
}

/// A hybrid chain, and certificates that stand on one leg.
fn about_the_scheme() -> Vec<Lie> {
    let story = Story::new(Scheme::Hybrid, 4, 0);
    let receipt = story.chain.receipt(story.last(), 0);
    let statement = AttestationStatement::of(&receipt.decision);
    let honest = story.chain.signatures_of(&statement, 0..3);
    let with = |name, expect, change: &dyn Fn(&[u8]) -> Vec<u8>| {
        let change =
            |signature: &ValidatorSignature| ValidatorSignature::new(change(signature.0.as_slice())).unwrap();
        let signatures = List::new(honest.signatures.iter().map(change).collect()).unwrap();
        let mut receipt = receipt.clone();
        let Grounds::Certificate(certificate) = &mut receipt.grounds else { panic!("certificate") };
        certificate.attestations = QuorumSignatures { signers: honest.signers, signatures };
        Lie {
            name,
            bytes: encode_canonical(&receipt),
            memory: None,
            chain: story.chain.genesis.chain(),
            expect,
        }
    };
    let other = crate::keys::Named::validator("thief");
    let foreign = other.sign(b"anything").unwrap();
    let foreign = foreign[1].1.clone();
    vec![
        with("hybrid: the post-quantum halves are missing", Code::SignatureLength, &|s| s[..64].to_vec()),
        with("hybrid: the classical halves are missing", Code::SignatureLength, &|s| s[64..].to_vec()),
        with("hybrid: halves swapped", Code::SignatureInvalid, &|s| [&s[64..], &s[..64]].concat()),
        with("hybrid: the post-quantum halves are of another key", Code::SignatureInvalid, &|s| {
            [&s[..64], foreign.as_slice()].concat()
        }),
        with("hybrid: the post-quantum halves are noughts", Code::SignatureInvalid, &|s| {
            [&s[..64], &vec![0; s.len() - 64][..]].concat()
        }),
        with("hybrid: the classical halves are noughts", Code::SignatureInvalid, &|s| {
            [&[0; 64], &s[64..]].concat()
        }),
    ]
}
