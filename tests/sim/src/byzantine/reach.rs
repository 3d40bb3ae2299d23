//! What else a liar can see and make: everything that an outsider could know, and its own key.

use std::rc::Rc;

use cybermesh_consensus::{Config, SafetyRecord};
use cybermesh_proto::agree::{
    Anchor, BatchRef, Header, IndexSet, Proposal, Qc, Signed, Tc, TimeoutStatement, ViewChange, Vote,
    VoteStatement,
};
use cybermesh_proto::keys::ValidatorSignature;
use cybermesh_proto::wire::{Blob, Checked, List, Wire, encode_canonical};
use cybermesh_proto::{BlockId, ChainId, Count, Epoch, TimeUs, ValidatorIndex, View};

use super::Site;
use crate::net::{Kind, Packet};
use crate::plan::{Fault, Who};
use crate::rng::Rng;

impl Site<'_> {
    /// The chain.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        self.env.setup.genesis.chain()
    }

    /// How many validators there are.
    #[must_use]
    pub fn n(&self) -> usize {
        self.committee().set.n()
    }

    /// The quorum as it should be.
    #[must_use]
    pub fn q(&self) -> usize {
        self.committee().set.q()
    }

    /// How many may lie.
    #[must_use]
    pub fn f(&self) -> usize {
        self.committee().set.f()
    }

    /// Whether anybody would take this.
    #[must_use]
    pub fn is_sound<T: Checked>(&self, what: &T) -> bool {
        what.check_shape().is_ok() && what.check(self.committee(), self.env.setup.scheme.check()).is_ok()
    }

    /// The safety record of the honest node inside, as it is on disk.
    #[must_use]
    pub fn record(&self) -> Option<&SafetyRecord> {
        self.node.disks.safety.synced()
    }

    /// Its place in the present set.
    #[must_use]
    pub fn me(&self) -> ValidatorIndex {
        self.index(self.committee().epoch).unwrap_or_default()
    }

    /// The nodes that run with the key of a validator.
    #[must_use]
    pub fn nodes_of(&self, index: ValidatorIndex) -> Vec<u32> {
        let key = self.node.shell.committees.present().key(index);
        key.and_then(|key| self.env.running.get(&key)).cloned().unwrap_or_default()
    }

    /// The place of a node in the present set.
    #[must_use]
    pub fn index_of(&self, node: u32) -> Option<ValidatorIndex> {
        self.node.shell.committees.present().index(&self.env.key_of(node))
    }

    /// A liar knows best when somebody believed what nobody honest may believe.
    pub fn accuse(&mut self, node: u32, property: &'static str, what: &str) {
        self.env.judge.fault(node, property, what);
    }

    /// The settings of every core.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.env.config
    }

    /// Chance that liars share without talking: the same for the same seed and question.
    #[must_use]
    pub fn common(&self, question: u64) -> Rng {
        Rng::new(self.env.seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ question)
    }

    /// Nodes that the plan names as liars of this behaviour, itself included.
    #[must_use]
    pub fn band(&self, name: &str) -> Vec<u32> {
        let named = |fault: &Fault| match fault {
            Fault::Byzantine { who: Who::Node(node), behaviour } if behaviour == name => {
                Some(*node % self.env.n as u32)
            }
            _ => None,
        };
        self.env.plan.faults.iter().filter_map(named).collect()
    }

    /// The peers that are not in a list, in an order drawn anew.
    pub fn others(&mut self, but: &[u32]) -> Vec<u32> {
        let mut others: Vec<u32> = self.peers().into_iter().filter(|peer| !but.contains(peer)).collect();
        self.env.rng.shuffle(&mut others);
        others
    }

    /// Sends a packet to every other validator.
    pub fn send_all(&mut self, packet: &Rc<Packet>) {
        self.peers().into_iter().for_each(|peer| self.send(peer, packet));
    }

    /// The header of a block on the disk of the honest node inside; the genesis and the epoch's root too.
    #[must_use]
    pub fn header(&self, id: &BlockId) -> Option<Header> {
        if let Some(block) = self.payload().block(id) {
            return Some(block.header.clone());
        }
        let first = self.env.setup.genesis.genesis().first_header();
        (first.id() == *id).then_some(first)
    }

    /// The QC beside a block on disk: that of its parent.
    #[must_use]
    pub fn qc_in(&self, id: &BlockId) -> Option<Qc> {
        self.payload().block(id).map(|block| block.qc.clone())
    }

    /// A header like another one, with other certificates and batches beside it, signed.
    #[must_use]
    pub fn proposal(
        &self,
        mut header: Header,
        qc: Qc,
        tc: Option<Tc>,
        batches: Vec<BatchRef>,
    ) -> Option<Proposal> {
        header.qc_hash = qc.hash(header.chain);
        header.payload_root = Proposal::payload_root(&batches);
        header.batch_count = Count::new(batches.len() as u64);
        let (batches, signature) = (List::new(batches)?, ValidatorSignature(Blob::default()));
        let mut proposal = Proposal { header, qc, tc, batches, signature };
        proposal.signature = self.sign(proposal.signed().statement)?.signature;
        Some(proposal)
    }

    /// A block on a parent that is on disk, whatever its QC says; for people who do not care what is allowed.
    #[must_use]
    pub fn child_header(&self, of: &Header, view: View, time: TimeUs, left_out: IndexSet) -> Header {
        let anchor: Anchor = of.anchor();
        Header {
            height: of.height.next(),
            view,
            parent: of.id(),
            proposer: self.me(),
            time_us: time.max(of.time_us.next()),
            anchor_height: anchor.height,
            anchor_hash: anchor.decision,
            left_out,
            epoch: self.committee().epoch,
            ..of.clone()
        }
    }

    /// A vote for a block of this header.
    #[must_use]
    pub fn vote(&self, header: &Header) -> Option<Vote> {
        self.vote_for(header.epoch, header.view, header.height, header.id())
    }

    /// A vote for anything.
    #[must_use]
    pub fn vote_for(
        &self,
        epoch: Epoch,
        view: View,
        height: cybermesh_proto::Height,
        block: BlockId,
    ) -> Option<Vote> {
        self.sign(VoteStatement { chain: self.chain(), epoch, view, height, block })
    }

    /// A timeout with any claim.
    #[must_use]
    pub fn timeout(
        &self,
        epoch: Epoch,
        view: View,
        claim: (View, BlockId),
    ) -> Option<Signed<TimeoutStatement>> {
        let (hqc_view, hqc_block) = claim;
        self.sign(TimeoutStatement { chain: self.chain(), epoch, view, hqc_view, hqc_block })
    }
}

/// A message of any content as a packet.
#[must_use]
pub fn packed<T: Wire>(kind: Kind, message: &T) -> Rc<Packet> {
    Packet::new(kind, encode_canonical(message), None)
}

/// A proposal as a packet.
#[must_use]
pub fn proposal_packet(proposal: &Proposal) -> Rc<Packet> {
    let place = (proposal.header.epoch, proposal.header.view);
    Packet::new(Kind::Proposal, encode_canonical(proposal), Some(place))
}

/// A vote as a packet.
#[must_use]
pub fn vote_packet(vote: &Vote) -> Rc<Packet> {
    let place = (vote.statement.epoch, vote.statement.view);
    Packet::new(Kind::Vote, encode_canonical(vote), Some(place))
}

/// A timeout as a packet.
#[must_use]
pub fn timeout_packet(change: &ViewChange) -> Rc<Packet> {
    let place = (change.timeout.statement.epoch, change.timeout.statement.view);
    Packet::new(Kind::Timeout, encode_canonical(change), Some(place))
}

/// Who leads a view where these are left out.
#[must_use]
pub fn leader(n: usize, view: View, left_out: IndexSet) -> Option<ValidatorIndex> {
    let members = (0..n).filter_map(ValidatorIndex::new);
    let rest: Vec<_> = members.filter(|member| !left_out.contains(*member)).collect();
    rest.get((view.get() % rest.len().max(1) as u64) as usize).copied()
}
