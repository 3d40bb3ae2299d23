//! Votes for every block it sees, also after it gave the view up, and tells different peers different things:
//! votes for other blocks, timeouts with other claims. Attacks R2 (`last_voted_view`), R4, R5 and R11.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::agree::{Proposal, ViewChange, Vote};
use cybermesh_proto::{BlockId, Digest, Epoch, View};

use super::hoard::Hoard;
use super::reach::{timeout_packet, vote_packet};
use super::{Behaviour, Coming, Leaving, Site};
use crate::net::{Kind, Packet};

/// The behaviour.
#[derive(Default)]
pub struct EquivocatingVoter {
    hoard: Hoard,
    /// What this node's honest half said in a view: the block voted for, whether it gave up.
    said: BTreeMap<(Epoch, View), (Option<BlockId>, bool)>,
    /// Votes that wait for their moment.
    late: Vec<Option<Vote>>,
    /// The other vote and the other timeout of the present view.
    other: BTreeMap<(Epoch, View, Kind), Option<Rc<Packet>>>,
}

/// Whether a peer is told the other story in a view.
fn is_told_otherwise(site: &Site<'_>, to: u32, view: View) -> bool {
    site.common(view.get() << 8 | u64::from(to)).chance(0.5)
}

impl EquivocatingVoter {
    fn other_vote(&self, site: &mut Site<'_>, vote: &Vote) -> Option<Rc<Packet>> {
        let said = &vote.statement;
        let mut seen = self.hoard.proposals(said.epoch, said.view).iter().map(|one| &one.header);
        let seen = seen.rfind(|header| header.id() != said.block);
        let (height, block) = match seen {
            Some(header) => (header.height, header.id()),
            None => (said.height, BlockId(Digest::new(site.rng().bytes()))),
        };
        site.vote_for(said.epoch, said.view, height, block).map(|vote| vote_packet(&vote))
    }

    fn other_timeout(&self, site: &Site<'_>, change: &ViewChange) -> Option<Rc<Packet>> {
        let said = &change.timeout.statement;
        let older = self.hoard.qc_below(said.epoch, said.hqc_view);
        let claim = older.map(|qc| (qc.view, qc.block))?;
        let timeout = site.timeout(said.epoch, said.view, claim)?;
        Some(timeout_packet(&ViewChange { timeout, ..change.clone() }))
    }
}

impl Behaviour for EquivocatingVoter {
    fn inbound(&mut self, site: &mut Site<'_>, _from: u32, packet: &Rc<Packet>) -> Coming {
        self.hoard.see(site, packet);
        let proposal = (packet.kind == Kind::Proposal).then(|| packet.decode::<Proposal>()).flatten();
        if let Some(proposal) = proposal.filter(|proposal| proposal.header.epoch == site.view().0) {
            let us = site.rng().between(1_000, 40_000);
            self.late.push(site.vote(&proposal.header));
            site.after(us, self.late.len() as u64 - 1);
        }
        Coming::Passed
    }

    fn outbound(&mut self, site: &mut Site<'_>, to: u32, packet: &Rc<Packet>) -> Leaving {
        self.hoard.see(site, packet);
        let (slot, other) = match packet.kind {
            Kind::Vote => {
                let Some(vote) = packet.decode::<Vote>() else { return Leaving::AsItIs };
                let slot = (vote.statement.epoch, vote.statement.view);
                self.said.entry(slot).or_default().0 = Some(vote.statement.block);
                let key = (slot.0, slot.1, Kind::Vote);
                if !self.other.contains_key(&key) {
                    let other = self.other_vote(site, &vote);
                    self.other.insert(key, other);
                }
                (slot, self.other[&key].clone())
            }
            Kind::Timeout => {
                let Some(change) = packet.decode::<ViewChange>() else { return Leaving::AsItIs };
                let slot = (change.timeout.statement.epoch, change.timeout.statement.view);
                self.said.entry(slot).or_default().1 = true;
                (slot, self.other_timeout(site, &change))
            }
            _ => return Leaving::AsItIs,
        };
        match other.filter(|_| is_told_otherwise(site, to, slot.1)) {
            Some(other) => {
                site.inject(if packet.kind == Kind::Vote { "two-votes" } else { "two-timeouts" });
                Leaving::Instead(other)
            }
            None => Leaving::AsItIs,
        }
    }

    fn timer(&mut self, site: &mut Site<'_>, token: u64) {
        let Some(vote) = self.late.get_mut(token as usize).and_then(Option::take) else { return };
        let slot = (vote.statement.epoch, vote.statement.view);
        let (voted, gave_up) = self.said.get(&slot).copied().unwrap_or_default();
        if gave_up || voted.is_some_and(|block| block != vote.statement.block) {
            site.inject("vote-after-all");
        }
        site.send_all(&vote_packet(&vote));
    }
}
