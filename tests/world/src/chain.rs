//! A decided chain in memory: real headers, votes, decisions, attestations and handovers; no executor.
//!
//! What an executor would compute (the state, the audit log) is stood in for by digests of the height. Everything
//! that a receipt proves is real.

use cybermesh_keys::sign_statement;
use cybermesh_proto::agree::{
    AttestationStatement, Committee, Decision, DecisionCertificate, EpochRoot, Handover, Header, IndexSet,
    Item, LogState, Outbox, Proposal, Qc, QuorumSignatures, Signed, Statement, VoteStatement,
};
use cybermesh_proto::genesis::{Genesis, TrustedGenesis};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::ValidatorSignature;
use cybermesh_proto::limits::PROOF_STEPS_MAX;
use cybermesh_proto::merkle::{BlockTree, Frontier, Log, Path, empty_root};
use cybermesh_proto::message::leaf_bytes;
use cybermesh_proto::message::pb::control::v1::{ControlRecord, Leaf};
use cybermesh_proto::receipt::{Grounds, HistoryProof, Receipt, TxLeaf};
use cybermesh_proto::wire::{Blob, List, encode_canonical};
use cybermesh_proto::{Code, Count, DecisionHash, Digest, Height, TimeUs, ValidatorIndex, View};
use cybermesh_verify::PureRust;

use crate::cluster::{Member, set_of};

/// One decided block with its result.
#[derive(Clone)]
pub struct Decided {
    /// The certificate of its parent.
    pub parent_qc: Qc,
    /// Its header.
    pub header: Header,
    /// Its result.
    pub decision: Decision,
    /// Who attested it.
    pub certificate: DecisionCertificate,
    /// Its transactions.
    pub leaves: Vec<TxLeaf>,
    /// What it sends out.
    pub outbox: Vec<Leaf>,
}

/// A chain and those who made it.
#[derive(Clone)]
pub struct Chain {
    /// The genesis.
    pub genesis: TrustedGenesis,
    /// The members of the present epoch.
    pub members: Vec<Member>,
    /// The committee of the present epoch.
    pub committee: Committee,
    /// The newest QC.
    pub high_qc: Qc,
    /// Decided blocks from height 1.
    pub blocks: Vec<Decided>,
    /// The handovers so far.
    pub handovers: Vec<Handover>,
    history: Log,
    event_log: Frontier,
    view: View,
}

impl Chain {
    /// A chain that has decided nothing yet.
    #[must_use]
    pub fn new(genesis: Genesis, members: Vec<Member>) -> Self {
        let genesis = TrustedGenesis::own(genesis, &PureRust).unwrap();
        let committee = genesis.committee();
        let mut history = Log::default();
        // Decision 0 is the genesis itself; an executor will give it a state root.
        history.append(genesis.chain().0.as_bytes());
        Self {
            high_qc: Qc::of_root(&committee),
            genesis,
            members,
            committee,
            blocks: Vec::new(),
            handovers: Vec::new(),
            history,
            event_log: Frontier::default(),
            view: View::ZERO,
        }
    }

    /// The newest height.
    #[must_use]
    pub fn height(&self) -> Height {
        self.blocks.last().map_or(Height::ZERO, |block| block.decision.height)
    }

    /// Decides one block of items with their outcomes.
    pub fn decide(&mut self, items: Vec<(Item, Code)>) -> &Decided {
        let next = self.committee.set.hash();
        self.decide_with(items, next)
    }

    /// Decides a block that hands over to other members.
    pub fn hand_over(&mut self, members: Vec<Member>) -> &Handover {
        self.hand_over_with(members, Vec::new())
    }

    /// Decides a block of items that hands over to other members.
    pub fn hand_over_with(&mut self, members: Vec<Member>, items: Vec<(Item, Code)>) -> &Handover {
        let next = set_of(&members);
        self.decide_with(items, next.hash());
        let last = self.blocks.last().unwrap();
        let (decision, certificate) = (last.decision.clone(), last.certificate.clone());
        let root = EpochRoot { height: decision.height, block: decision.block };
        self.handovers.push(Handover { decision, certificate, next: next.clone() });
        let old = &self.committee;
        self.committee = Committee::new(old.chain, old.epoch.next(), old.scheme, next, root);
        self.high_qc = Qc::of_root(&self.committee);
        self.members = members;
        self.view = View::ZERO;
        self.handovers.last().unwrap()
    }

    /// Decides a block whose decision names a next set, but goes on in the same epoch: only liars do.
    pub fn decide_and_stay(&mut self, items: Vec<(Item, Code)>, next: &[Member]) -> &Decided {
        self.decide_with(items, set_of(next).hash())
    }

    fn decide_with(&mut self, items: Vec<(Item, Code)>, next_set: Digest) -> &Decided {
        self.view = self.view.next();
        let header = self.header();
        let voted = self.certify_block(&header);
        let parent_qc = std::mem::replace(&mut self.high_qc, voted);
        let leaves: Vec<_> = items.into_iter().enumerate().map(|(index, item)| leaf(index, item)).collect();
        let outbox: Vec<_> = leaves.iter().filter_map(|leaf| self.outbound(leaf)).collect();
        leaves.iter().for_each(|leaf| self.event_log.append(&encode_canonical(leaf)));
        let decision = self.decision(&header, &leaves, &outbox, next_set);
        self.history.append(decision.hash().0.as_bytes());
        let certificate = self.certify(&decision);
        self.blocks.push(Decided { parent_qc, header, decision, certificate, leaves, outbox });
        self.blocks.last().unwrap()
    }

    fn header(&self) -> Header {
        let parent = self.high_qc.block;
        let height = self.high_qc.height.next();
        let leader = usize::try_from(self.view.get()).unwrap() % self.members.len();
        let newest = self.blocks.last().map(|block| &block.decision);
        Header {
            version: Header::VERSION,
            chain: self.committee.chain,
            epoch: self.committee.epoch,
            height,
            view: self.view,
            parent,
            qc_hash: self.high_qc.hash(self.committee.chain),
            proposer: ValidatorIndex::new(leader).unwrap(),
            time_us: TimeUs::new(self.genesis.genesis().time_us.get() + 1_000_000 * height.get()),
            payload_root: Proposal::payload_root(&[]),
            batch_count: Count::ZERO,
            anchor_height: newest.map_or(Height::ZERO, |decision| decision.height),
            anchor_hash: newest.map_or(DecisionHash(self.committee.chain.0), Decision::hash),
            left_out: IndexSet::default(),
        }
    }

    fn certify_block(&self, header: &Header) -> Qc {
        let statement = VoteStatement {
            chain: header.chain,
            epoch: header.epoch,
            view: header.view,
            height: header.height,
            block: header.id(),
        };
        let votes = self.quorum_signatures(&statement);
        Qc { epoch: header.epoch, view: header.view, height: header.height, block: header.id(), votes }
    }

    fn decision(&self, header: &Header, leaves: &[TxLeaf], outbox: &[Leaf], next_set: Digest) -> Decision {
        let height = header.height;
        let outbound: Vec<_> = outbox.iter().map(leaf_bytes).collect();
        let history_size = usize::try_from(height.get()).unwrap();
        Decision {
            version: Decision::VERSION,
            chain: header.chain,
            epoch: header.epoch,
            height,
            block: header.id(),
            time_us: header.time_us,
            previous: header.anchor_hash,
            history_root: self.history.root(history_size).unwrap(),
            tx: LogState { size: count(leaves.len()), root: TxLeaf::tree(leaves).root() },
            state_root: sha256(&[b"state at ", height.to_string().as_bytes()]),
            event_log: LogState { size: Count::new(self.event_log.size()), root: self.event_log.root() },
            audit_log: LogState { size: Count::ZERO, root: empty_root() },
            outbox: Outbox {
                count: count(outbox.len()),
                root: BlockTree::new(outbound.iter().map(Vec::as_slice)).root(),
                heads_hash: sha256(&[b"heads at ", height.to_string().as_bytes()]),
            },
            validator_set_hash: self.committee.set.hash(),
            next_validator_set_hash: next_set,
            protocol_version: 1,
        }
    }

    /// A record that follows from an applied event.
    fn outbound(&self, leaf: &TxLeaf) -> Option<Leaf> {
        let applied = leaf.outcome == Code::EventApplied.number();
        applied.then(|| Leaf {
            topic: "control.events.v1".into(),
            partition: 3,
            seq: self.event_log.size() + leaf.index.get() + 1,
            key: b"acme\x00203.0.113.1".to_vec(),
            value: leaf.item.bytes().to_vec(),
        })
    }

    /// The certificate of a decision by the first q members of the present epoch.
    #[must_use]
    pub fn certify(&self, decision: &Decision) -> DecisionCertificate {
        let statement = AttestationStatement::of(decision);
        DecisionCertificate {
            epoch: decision.epoch,
            height: decision.height,
            decision: statement.decision,
            attestations: self.quorum_signatures(&statement),
        }
    }

    /// The signatures of q members, the first one left out, as in any real quorum one is late.
    #[must_use]
    pub fn quorum_signatures<S: Statement + Clone>(&self, statement: &S) -> QuorumSignatures {
        let q = self.committee.quorum();
        let signers = (self.members.len() - q)..self.members.len();
        self.signatures_of(statement, signers)
    }

    /// The signatures of these members.
    #[must_use]
    pub fn signatures_of<S: Statement + Clone>(
        &self,
        statement: &S,
        signers: impl IntoIterator<Item = usize>,
    ) -> QuorumSignatures {
        let signed = |index| (ValidatorIndex::new(index).unwrap(), self.signature(statement, index));
        QuorumSignatures::new(signers.into_iter().map(signed).collect()).unwrap()
    }

    fn signature<S: Statement + Clone>(&self, statement: &S, index: usize) -> ValidatorSignature {
        self.sign(statement.clone(), index).signature
    }

    /// One member's signed statement.
    #[must_use]
    pub fn sign<S: Statement>(&self, statement: S, index: usize) -> Signed<S> {
        let author = ValidatorIndex::new(index).unwrap();
        sign_statement(statement, author, self.committee.scheme, &*self.members[index].signer).unwrap()
    }

    /// The block at a height.
    #[must_use]
    pub fn block(&self, height: u64) -> &Decided {
        &self.blocks[usize::try_from(height).unwrap() - 1]
    }

    /// A receipt that rests on the certificate of its own decision, with all handovers up to that epoch.
    #[must_use]
    pub fn receipt(&self, height: u64, index: usize) -> Receipt {
        let block = self.block(height);
        let epoch = usize::try_from(block.decision.epoch.get()).unwrap();
        Receipt {
            version: Receipt::VERSION,
            genesis: Blob::new(encode_canonical(self.genesis.genesis())).unwrap(),
            handovers: List::new(self.handovers[..epoch].to_vec()).unwrap(),
            leaf: block.leaves[index].clone(),
            path: path(TxLeaf::tree(&block.leaves).path(index).unwrap()),
            decision: block.decision.clone(),
            grounds: Grounds::Certificate(block.certificate.clone()),
        }
    }

    /// A receipt that rests on the newest certificate, with every handover.
    #[must_use]
    pub fn receipt_under_newest(&self, height: u64, index: usize) -> Receipt {
        let newest = self.blocks.last().unwrap();
        let size = usize::try_from(newest.decision.height.get()).unwrap();
        let proof = HistoryProof {
            decision: newest.decision.clone(),
            certificate: newest.certificate.clone(),
            path: path(self.history.inclusion(usize::try_from(height).unwrap(), size).unwrap()),
        };
        Receipt {
            handovers: List::new(self.handovers.clone()).unwrap(),
            grounds: Grounds::History(Box::new(proof)),
            ..self.receipt(height, index)
        }
    }

    /// The record of one outbound leaf.
    #[must_use]
    pub fn record(&self, height: u64, index: usize) -> ControlRecord {
        let block = self.block(height);
        let encoded: Vec<_> = block.outbox.iter().map(leaf_bytes).collect();
        let tree = BlockTree::new(encoded.iter().map(Vec::as_slice));
        let steps = tree.path(index).unwrap();
        ControlRecord {
            leaf: Some(block.outbox[index].clone()),
            height,
            index: u64::try_from(index).unwrap(),
            path: steps.iter().map(|step| step.as_bytes().to_vec()).collect(),
        }
    }
}

fn leaf(index: usize, (item, outcome): (Item, Code)) -> TxLeaf {
    let author = ValidatorIndex::new(index % 4).unwrap();
    TxLeaf { index: count(index), author, outcome: outcome.number(), item }
}

fn count(number: usize) -> Count {
    Count::new(u64::try_from(number).unwrap())
}

/// A path as receipts hold it.
#[must_use]
pub fn path(steps: Vec<Digest>) -> Path {
    assert!(steps.len() <= PROOF_STEPS_MAX);
    List::new(steps).unwrap()
}
