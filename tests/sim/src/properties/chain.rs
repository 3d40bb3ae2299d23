//! One chain: honest nodes decide, apply and certify the same, without gaps, and never payload too far ahead.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;

use cybermesh_proto::agree::{Block, Decision, DecisionCertificate, Header};
use cybermesh_proto::{BlockId, DecisionHash, Epoch, Height, ValidatorIndex};

use super::Judge;
use cybermesh_proto::wire::Checked;

use crate::model::Executed;
use crate::world::Interned;

/// What honest nodes came to.
#[derive(Debug, Default)]
pub(super) struct Chain {
    decided: BTreeMap<(Epoch, Height), BlockId>,
    applied: BTreeMap<Height, (BlockId, DecisionHash)>,
    certified: BTreeMap<Height, DecisionHash>,
    /// Certificates that were checked, by height: most nodes store equal ones.
    checked: BTreeMap<Height, Vec<DecisionCertificate>>,
    /// Committees as the applied blocks name them.
    committees: BTreeMap<Epoch, Rc<Interned>>,
    looked_at: BTreeSet<BlockId>,
    pub(super) anchor_lag: u64,
    pub(super) proposers: BTreeMap<(Epoch, ValidatorIndex), u64>,
}

impl Judge {
    /// K of this run, and the first committee.
    pub fn begin(&mut self, anchor_lag: u64, committee: Rc<Interned>) {
        self.chain.anchor_lag = anchor_lag;
        self.chain.committees.insert(committee.committee.epoch, committee);
    }

    /// A core decided a block; its shell expected this height.
    pub fn decided(&mut self, node: u32, block: &Arc<Block>, expected: Height) {
        if self.is_faulty(node) {
            return;
        }
        let header = &block.header;
        let id = header.id();
        let place = (header.epoch, header.height);
        if header.height != expected {
            let what = format!("decided height {} where {expected} was next", header.height);
            self.fault(node, "heights-are-dense", &what);
        }
        let first = *self.chain.decided.entry(place).or_insert(id);
        if first != id {
            let what = format!("height {} of epoch {}: {first} and {id}", header.height, header.epoch);
            self.fault(node, "agreement", &what);
        }
        let most = header.anchor_height.get() + 2 * self.chain.anchor_lag;
        if header.batch_count.get() > 0 && header.height.get() > most {
            let what = format!("payload at {} with anchor {}", header.height, header.anchor_height);
            self.fault(node, "ordering-is-bounded", &what);
        }
        if self.chain.looked_at.insert(id) {
            self.look_at(node, block);
        }
        self.progressed(header);
    }

    /// The first time that anybody decides a block: its certificates hold, by this judge's own reckoning.
    fn look_at(&mut self, node: u32, block: &Block) {
        let (header, qc) = (&block.header, &block.qc);
        let Some(committee) = self.chain.committees.get(&header.epoch).cloned() else {
            return self.fault(node, "decided-chain-is-certified", "of an epoch that nobody entered");
        };
        let (n, root) = (committee.committee.set.n(), committee.committee.root);
        let f = (n - 1) / 3;
        if header.left_out.len() > f {
            self.fault(node, "at-most-f-are-left-out", &format!("{:?}", header.left_out));
        }
        let tied = qc.block == header.parent && qc.height.next() == header.height && qc.view < header.view;
        let before = (header.epoch, qc.height);
        let parent = match self.chain.decided.get(&before) {
            Some(parent) => *parent == header.parent,
            None => header.parent == root.block,
        };
        let quorum = qc.view.get() == 0 || 2 * qc.votes.signers.len() > n + f;
        let holds = qc.check(&committee.committee, self.scheme.check());
        if !tied || !parent || !quorum || holds.is_err() {
            let what = format!(
                "height {}: tied {tied}, parent decided {parent}, quorum {quorum}, {holds:?}",
                header.height
            );
            self.fault(node, "decided-chain-is-certified", &what);
        }
    }

    /// Blocks ordered after the last one of an epoch: nobody may have applied them.
    pub fn void(&mut self, node: u32, blocks: &[Arc<Block>]) {
        for block in blocks {
            let id = block.header.id();
            if self.chain.applied.get(&block.header.height).is_some_and(|(applied, _)| *applied == id) {
                self.fault(node, "void-blocks-are-not-applied", &format!("height {}", block.header.height));
            }
        }
    }

    /// The result of a height is on the disk of a node.
    pub fn applied(&mut self, node: u32, header: &Header, executed: &Executed) {
        if self.is_faulty(node) {
            return;
        }
        let decision = executed.execution.decision.hash();
        let mine = (header.id(), decision);
        let known = self.chain.applied.insert(header.height, mine);
        match known {
            None => {
                *self.chain.proposers.entry((header.epoch, header.proposer)).or_default() += 1;
                self.settled(header, executed);
            }
            Some(first) if first != mine => {
                let what = format!("height {}: {first:?} and {mine:?}", header.height);
                self.fault(node, "equal-results", &what);
            }
            Some(_) => {}
        }
        self.check_certified(node, header.height);
    }

    /// A validator applied a height without attesting it: then a certificate covers it, or so many have attested it that
    /// there may be one.
    pub fn unattested(&mut self, node: u32, header: &Header) {
        let covered =
            self.chain.certified.last_key_value().is_some_and(|(newest, _)| *newest >= header.height);
        let Some(committee) = self.chain.committees.get(&header.epoch).cloned() else {
            return;
        };
        let may_have = |key: &[u8; 32]| !self.key_is_honest(key) || self.has_attested(key, header);
        let signers = committee.keys().filter(may_have).count();
        if !covered && signers < committee.committee.quorum() {
            let what = format!("height {}, {signers} others may have attested it", header.height);
            self.fault(node, "every-applied-height-is-attested", &what);
        }
    }

    /// A node stores a decision certificate.
    pub fn certificate(
        &mut self,
        node: u32,
        decision: &Decision,
        certificate: &DecisionCertificate,
        committee: Option<&Interned>,
    ) {
        if self.is_faulty(node) {
            return;
        }
        let Some(committee) = committee else {
            return self.fault(node, "certificate-of-a-known-epoch", &format!("epoch {}", decision.epoch));
        };
        // Own arithmetic, so that a wrong quorum in the code under test is seen: 2q > n + f.
        let n = committee.committee.set.n();
        let (signers, f) = (certificate.attestations.signers.len(), (n - 1) / 3);
        if 2 * signers <= n + f {
            self.fault(node, "certificate-has-a-quorum", &format!("{signers} of {n}"));
        }
        let hash = decision.hash();
        let checked = self.chain.checked.entry(decision.height).or_default();
        let known = certificate.decision == hash && checked.contains(certificate);
        if !known {
            checked.push(certificate.clone());
            let check = self.scheme.check();
            if let Err(refusal) = certificate.check_decision(decision, &committee.committee, check) {
                self.fault(node, "certificate-verifies", &refusal.to_string());
            }
        }
        let first = *self.chain.certified.entry(decision.height).or_insert(hash);
        if first != hash {
            let what = format!("two certified decisions of height {}", decision.height);
            self.fault(node, "certified-chain", &what);
        }
        self.check_certified(node, decision.height);
    }

    fn check_certified(&mut self, node: u32, height: Height) {
        let applied = self.chain.applied.get(&height).map(|(_, decision)| *decision);
        let certified = self.chain.certified.get(&height).copied();
        if let (Some(applied), Some(certified)) = (applied, certified)
            && applied != certified
        {
            self.fault(node, "certified-chain", &format!("height {height}: applied is not certified"));
        }
    }

    /// A node is in a new epoch.
    pub fn entered_epoch(&mut self, node: u32, committee: &Rc<Interned>) {
        if self.is_faulty(node) {
            return;
        }
        let epoch = committee.committee.epoch;
        let known = self.chain.committees.entry(epoch).or_insert_with(|| Rc::clone(committee));
        if known.id != committee.id {
            self.fault(node, "equal-epochs", &format!("epoch {epoch}: two committees"));
        }
        let root = committee.committee.root;
        let certified = self.chain.certified.contains_key(&root.height);
        if !certified && epoch > Epoch::ZERO {
            self.fault(node, "epoch-begins-certified", &format!("epoch {epoch} at height {}", root.height));
        }
    }

    /// The newest height that an honest node applied.
    #[must_use]
    pub fn height(&self) -> Height {
        self.chain.applied.last_key_value().map_or(Height::ZERO, |(height, _)| *height)
    }

    /// Whether each validator led its share: at least half of what it would have by turns.
    pub(super) fn check_fairness(&mut self) {
        let Some((epoch, committee)) = self.chain.committees.iter().next_back() else {
            return;
        };
        let (n, epoch) = (committee.committee.set.n() as u64, *epoch);
        let of_epoch = self.chain.proposers.iter().filter(|((one, _), _)| *one == epoch);
        let counts: BTreeMap<_, _> = of_epoch.map(|((_, proposer), count)| (*proposer, *count)).collect();
        let all: u64 = counts.values().sum();
        if all < 4 * n {
            return;
        }
        let least = (0..n as usize)
            .filter_map(ValidatorIndex::new)
            .map(|index| counts.get(&index).copied().unwrap_or_default())
            .min();
        if least.is_some_and(|least| least * n * 2 < all) {
            let what = format!("blocks by proposer: {counts:?}");
            self.find(super::Verdict::NoProgress, "leaders-are-fair", None, what);
        }
    }
}
