//! A leader that shows others a block than the one its honest half made: the block is exchanged on the way
//! out, and so is the vote for it.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::agree::{Proposal, Vote};
use cybermesh_proto::{BlockId, Epoch, View};

use super::reach::{proposal_packet, vote_packet};
use super::{Leaving, Site};
use crate::net::{Kind, Packet};

/// Proposals that were exchanged, by the view of the honest one.
#[derive(Default)]
pub struct Swaps {
    made: BTreeMap<(Epoch, View), Option<Swap>>,
    /// Blocks that nobody honest may vote for, and the property that a vote breaks.
    forbidden: BTreeMap<BlockId, &'static str>,
}

struct Swap {
    honest: BlockId,
    shown: BlockId,
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
        let swap = self.made.entry(slot).or_insert_with(|| {
            let made = make(site, &honest)?;
            Some(Swap {
                honest: honest.header.id(),
                shown: made.header.id(),
                proposal: proposal_packet(&made),
                vote: site.vote(&made.header).map(|vote| vote_packet(&vote)),
            })
        });
        match swap {
            Some(swap) => Leaving::Instead(Rc::clone(&swap.proposal)),
            None => Leaving::AsItIs,
        }
    }

    /// Nobody honest may vote for the block of this view.
    pub fn forbid(&mut self, block: BlockId, property: &'static str) {
        self.forbidden.insert(block, property);
    }

    /// The block that others are shown instead of the one in this packet.
    #[must_use]
    pub fn shown(&self, packet: &Packet) -> Option<BlockId> {
        self.made.get(&packet.place?)?.as_ref().map(|swap| swap.shown)
    }

    /// Looks at a vote that comes in.
    pub fn hear(&self, site: &mut Site<'_>, from: u32, packet: &Rc<Packet>) {
        if packet.kind != Kind::Vote || self.forbidden.is_empty() {
            return;
        }
        let Some(vote) = packet.decode::<Vote>() else { return };
        if let Some(property) = self.forbidden.get(&vote.statement.block) {
            site.accuse(from, property, &format!("voted in view {}", vote.statement.view));
        }
    }

    /// What leaves instead of an own vote.
    #[must_use]
    pub fn vote(&self, packet: &Rc<Packet>) -> Leaving {
        let Some(vote) = packet.decode::<Vote>() else { return Leaving::AsItIs };
        let swap = self.made.get(&(vote.statement.epoch, vote.statement.view)).and_then(Option::as_ref);
        let swap = swap.filter(|swap| swap.honest == vote.statement.block);
        match swap.map(|swap| swap.vote.clone()) {
            Some(Some(vote)) => Leaving::Instead(vote),
            _ => Leaving::AsItIs,
        }
    }
}
