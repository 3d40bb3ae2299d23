//! A leader that shows others a block than the one its honest half made: the block is exchanged on the way out, and
//! so is the vote for it.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::agree::{Proposal, Vote};
use cybermesh_proto::{BlockId, Epoch, View};

use super::reach::{proposal_packet, vote_packet};
use super::{Leaving, Site};
use crate::net::Packet;

/// Proposals that were exchanged, by the view of the honest one.
#[derive(Default)]
pub struct Swaps(BTreeMap<(Epoch, View), Option<Swap>>);

struct Swap {
    honest: BlockId,
    proposal: Rc<Packet>,
    vote: Option<Rc<Packet>>,
}

impl Swaps {
    /// What leaves instead of an own proposal: made once for each view; `None` keeps the honest one.
    pub fn proposal(
        &mut self,
        site: &mut Site<'_>,
        packet: &Rc<Packet>,
        make: impl FnOnce(&mut Site<'_>, &Proposal) -> Option<Proposal>,
    ) -> Leaving {
        let Some(honest) = packet.decode::<Proposal>() else { return Leaving::AsItIs };
        let slot = (honest.header.epoch, honest.header.view);
        if !self.0.contains_key(&slot) {
            let made = make(site, &honest).map(|made| Swap {
                honest: honest.header.id(),
                proposal: proposal_packet(&made),
                vote: site.vote(&made.header).map(|vote| vote_packet(&vote)),
            });
            self.0.insert(slot, made);
        }
        match self.0.get(&slot) {
            Some(Some(swap)) => Leaving::Instead(Rc::clone(&swap.proposal)),
            _ => Leaving::AsItIs,
        }
    }

    /// What leaves instead of an own vote.
    #[must_use]
    pub fn vote(&self, packet: &Rc<Packet>) -> Leaving {
        let Some(vote) = packet.decode::<Vote>() else { return Leaving::AsItIs };
        let swap = self.0.get(&(vote.statement.epoch, vote.statement.view)).and_then(Option::as_ref);
        let swap = swap.filter(|swap| swap.honest == vote.statement.block);
        match swap.map(|swap| swap.vote.clone()) {
            Some(Some(vote)) => Leaving::Instead(vote),
            _ => Leaving::AsItIs,
        }
    }
}
