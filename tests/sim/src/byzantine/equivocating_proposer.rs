//! Proposes two valid blocks in its view and votes for both. Attacks R2 (one vote in a view), the size of a
//! quorum, and R11.
//!
//! Three ways, drawn for each view: disjoint halves of the others see one block each, and nothing of the
//! other one; everybody gets the first block and a moment later the second one; the second block goes to one
//! node alone.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use cybermesh_proto::agree::{Proposal, Vote};
use cybermesh_proto::{Epoch, TimeUs, View};

use super::reach::{proposal_packet, vote_packet};
use super::{Behaviour, Leaving, Site};
use crate::net::{Kind, Packet};

/// Two blocks of one view.
struct Second {
    proposal: Rc<Packet>,
    vote: Rc<Packet>,
    /// Who sees the second block only.
    side: BTreeSet<u32>,
    /// Everybody gets the second block too, this much later.
    later: bool,
}

/// The behaviour.
#[derive(Default)]
pub struct EquivocatingProposer {
    views: BTreeMap<(Epoch, View), Second>,
}

impl EquivocatingProposer {
    fn split(&mut self, site: &mut Site<'_>, first: &Proposal) -> Option<()> {
        let mut header = first.header.clone();
        header.time_us = TimeUs::new(header.time_us.get() + 1);
        let mut batches = first.batches.to_vec();
        if site.rng().chance(0.5) {
            batches.pop();
        }
        let second = site.proposal(header, first.qc.clone(), first.tc.clone(), batches)?;
        let vote = vote_packet(&site.vote(&second.header)?);
        let others = site.others(&[]);
        let (half, later) = match site.rng().below(4) {
            0 => (1, false),
            1 => (0, true),
            _ => (others.len().div_ceil(2), false),
        };
        let side = others.into_iter().take(half).collect();
        let slot = (first.header.epoch, first.header.view);
        if later {
            let us = site.rng().between(3_000, 60_000);
            site.after(us, first.header.view.get());
        }
        self.views.insert(slot, Second { proposal: proposal_packet(&second), vote, side, later });
        Some(())
    }
}

impl Behaviour for EquivocatingProposer {
    fn outbound(&mut self, site: &mut Site<'_>, to: u32, packet: &Rc<Packet>) -> Leaving {
        match packet.kind {
            Kind::Proposal => {
                let Some(first) = packet.decode::<Proposal>() else { return Leaving::AsItIs };
                let slot = (first.header.epoch, first.header.view);
                if !self.views.contains_key(&slot) && self.split(site, &first).is_none() {
                    return Leaving::AsItIs;
                }
                let second = &self.views[&slot];
                if second.side.contains(&to) {
                    site.inject("two-proposals");
                    return Leaving::Instead(Rc::clone(&second.proposal));
                }
                Leaving::AsItIs
            }
            Kind::Vote => {
                let Some(vote) = packet.decode::<Vote>() else { return Leaving::AsItIs };
                let slot = (vote.statement.epoch, vote.statement.view);
                match self.views.get(&slot) {
                    Some(second) if second.side.contains(&to) => Leaving::Instead(Rc::clone(&second.vote)),
                    _ => Leaving::AsItIs,
                }
            }
            _ => Leaving::AsItIs,
        }
    }

    fn timer(&mut self, site: &mut Site<'_>, token: u64) {
        let slot = (site.view().0, View::new(token));
        let Some(second) = self.views.get(&slot).filter(|second| second.later) else { return };
        let (proposal, vote) = (Rc::clone(&second.proposal), Rc::clone(&second.vote));
        site.send_all(&proposal);
        site.send_all(&vote);
        site.inject("two-proposals");
    }
}
