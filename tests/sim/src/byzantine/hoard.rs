//! Everything that a liar has seen: statements by view, certificates, and those it can make of them.
//!
//! **Limit**: the 48 newest views of each kind.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::agree::{
    Attestation, Claim, IndexSet, Newer, Proposal, Qc, QuorumSignatures, Signed, Tc, TimeoutStatement,
    ViewChange, Vote,
};
use cybermesh_proto::wire::List;
use cybermesh_proto::{Epoch, Height, View};

use super::Site;
use super::reach::leader;
use crate::net::{Kind, Packet};

/// 48 views or heights are kept.
const KEPT: usize = 48;

type Slot = (Epoch, View);

/// What was seen.
#[derive(Default)]
pub struct Hoard {
    proposals: BTreeMap<Slot, Vec<Proposal>>,
    votes: BTreeMap<Slot, Vec<Vote>>,
    timeouts: BTreeMap<Slot, Vec<Signed<TimeoutStatement>>>,
    qcs: BTreeMap<Slot, Qc>,
    tcs: BTreeMap<Slot, Tc>,
    attestations: BTreeMap<(Epoch, Height), Vec<Attestation>>,
    last: Option<Rc<Packet>>,
}

impl Hoard {
    /// Looks at a packet that comes or goes.
    pub fn see(&mut self, site: &Site<'_>, packet: &Rc<Packet>) {
        if self.last.as_ref().is_some_and(|last| Rc::ptr_eq(last, packet)) {
            return;
        }
        self.last = Some(Rc::clone(packet));
        match packet.kind {
            Kind::Proposal => {
                if let Some(proposal) = packet.decode::<Proposal>() {
                    self.learn_qc(site, &proposal.qc);
                    proposal.tc.iter().for_each(|tc| self.learn_tc(site, tc));
                    keep(&mut self.proposals, (proposal.header.epoch, proposal.header.view), proposal);
                }
            }
            Kind::Vote => {
                if let Some(vote) = packet.decode::<Vote>().filter(|vote| site.is_sound(vote)) {
                    keep(&mut self.votes, (vote.statement.epoch, vote.statement.view), vote);
                }
            }
            Kind::Timeout => {
                if let Some(change) = packet.decode::<ViewChange>().filter(|change| site.is_sound(change)) {
                    self.learn_qc(site, &change.high_qc);
                    change.entry.iter().for_each(|tc| self.learn_tc(site, tc));
                    let said = &change.timeout.statement;
                    keep(&mut self.timeouts, (said.epoch, said.view), change.timeout);
                }
            }
            Kind::Attestation => {
                if let Some(one) = packet.decode::<Attestation>().filter(|one| site.is_sound(one)) {
                    keep(&mut self.attestations, (one.statement.epoch, one.statement.height), one);
                }
            }
            Kind::Newer => {
                if let Some(newer) = packet.decode::<Newer>() {
                    newer.qc.iter().for_each(|qc| self.learn_qc(site, qc));
                    newer.tc.iter().for_each(|tc| self.learn_tc(site, tc));
                }
            }
            _ => {}
        }
    }

    /// Keeps a QC that holds.
    pub fn learn_qc(&mut self, site: &Site<'_>, qc: &Qc) {
        let slot = (qc.epoch, qc.view);
        if !self.qcs.contains_key(&slot) && site.is_sound(qc) {
            self.qcs.insert(slot, qc.clone());
            trim(&mut self.qcs);
        }
    }

    fn learn_tc(&mut self, site: &Site<'_>, tc: &Tc) {
        let slot = (tc.epoch, tc.view);
        if !self.tcs.contains_key(&slot) && site.is_sound(tc) {
            self.learn_qc(site, &tc.high_qc);
            self.tcs.insert(slot, tc.clone());
            trim(&mut self.tcs);
        }
    }

    /// A QC of this view, seen or made of votes.
    #[must_use]
    pub fn qc(&self, site: &Site<'_>, epoch: Epoch, view: View) -> Option<Qc> {
        if let Some(qc) = self.qcs.get(&(epoch, view)) {
            return Some(qc.clone());
        }
        let votes = self.votes(epoch, view);
        votes.iter().find_map(|vote| {
            let same = votes.iter().filter(|one| one.statement == vote.statement);
            let signed: BTreeMap<_, _> = same.map(|one| (one.author, one.signature.clone())).collect();
            let said = &vote.statement;
            let votes = QuorumSignatures::new(signed.into_iter().take(site.q()).collect())?;
            let qc = Qc { epoch, view, height: said.height, block: said.block, votes };
            site.is_sound(&qc).then_some(qc)
        })
    }

    /// A TC of this view beside this QC, seen or made of timeouts that claim no more.
    #[must_use]
    pub fn tc(&self, site: &Site<'_>, view: View, high_qc: &Qc) -> Option<Tc> {
        let slot = (high_qc.epoch, view);
        if let Some(tc) = self.tcs.get(&slot).filter(|tc| tc.highest_claim() <= high_qc.view) {
            return Some(Tc { high_qc: high_qc.clone(), ..tc.clone() });
        }
        let timeouts = self.timeouts.get(&slot)?;
        let low = timeouts.iter().filter(|one| one.statement.hqc_view <= high_qc.view);
        let by_author: BTreeMap<_, _> = low.map(|one| (one.author, one)).collect();
        let claims = by_author.values().take(site.q()).map(|one| claim(one)).collect();
        let tc = Tc { epoch: high_qc.epoch, view, claims: List::new(claims)?, high_qc: high_qc.clone() };
        site.is_sound(&tc).then_some(tc)
    }

    /// A TC of this view as it was seen.
    #[must_use]
    pub fn seen_tc(&self, epoch: Epoch, view: View) -> Option<&Tc> {
        self.tcs.get(&(epoch, view))
    }

    /// The newest QC of this epoch below a view.
    #[must_use]
    pub fn qc_below(&self, epoch: Epoch, view: View) -> Option<&Qc> {
        self.qcs.range((epoch, View::ZERO)..(epoch, view)).next_back().map(|(_, qc)| qc)
    }

    /// The newest QC.
    #[must_use]
    pub fn newest_qc(&self) -> Option<&Qc> {
        self.qcs.last_key_value().map(|(_, qc)| qc)
    }

    /// The newest TC.
    #[must_use]
    pub fn newest_tc(&self) -> Option<&Tc> {
        self.tcs.last_key_value().map(|(_, tc)| tc)
    }

    /// All votes of a view.
    #[must_use]
    pub fn votes(&self, epoch: Epoch, view: View) -> &[Vote] {
        self.votes.get(&(epoch, view)).map_or(&[], Vec::as_slice)
    }

    /// All timeouts of a view.
    #[must_use]
    pub fn timeouts(&self, epoch: Epoch, view: View) -> &[Signed<TimeoutStatement>] {
        self.timeouts.get(&(epoch, view)).map_or(&[], Vec::as_slice)
    }

    /// All proposals of a view.
    #[must_use]
    pub fn proposals(&self, epoch: Epoch, view: View) -> &[Proposal] {
        self.proposals.get(&(epoch, view)).map_or(&[], Vec::as_slice)
    }

    /// The attestations of the newest height of which there are any.
    #[must_use]
    pub fn attestations(&self) -> &[Attestation] {
        self.attestations.last_key_value().map_or(&[], |(_, all)| all.as_slice())
    }

    /// Who is left out in a view, as far as the newest proposal of its window tells.
    #[must_use]
    pub fn left_out(&self, site: &Site<'_>, view: View) -> IndexSet {
        let newest = self.proposals.last_key_value().and_then(|(_, all)| all.first());
        let window = 2 * site.n() as u64;
        let same = newest.filter(|one| one.header.view.get() / window == view.get() / window);
        same.map_or_else(IndexSet::default, |one| one.header.left_out)
    }

    /// Whether this node leads a view.
    #[must_use]
    pub fn leads(&self, site: &Site<'_>, view: View) -> bool {
        leader(site.n(), view, self.left_out(site, view)) == Some(site.me())
    }
}

/// A timeout as it stands in a TC.
#[must_use]
pub fn claim(timeout: &Signed<TimeoutStatement>) -> Claim {
    Claim {
        author: timeout.author,
        hqc_view: timeout.statement.hqc_view,
        hqc_block: timeout.statement.hqc_block,
        signature: timeout.signature.clone(),
    }
}

fn keep<K: Ord + Copy, T: PartialEq>(slots: &mut BTreeMap<K, Vec<T>>, slot: K, what: T) {
    let known = slots.entry(slot).or_default();
    if !known.contains(&what) {
        known.push(what);
    }
    trim(slots);
}

fn trim<K: Ord + Copy, T>(slots: &mut BTreeMap<K, T>) {
    while slots.len() > KEPT {
        slots.pop_first();
    }
}
