//! A leader whose block hangs on another block than the one its QC certifies: on the parent of that one, or
//! on an older decided one, to fork below what is decided. Attacks the first condition of R2.
//!
//! The wire refuses such a block by its shape; it is sent all the same.

use std::rc::Rc;

use cybermesh_proto::agree::{Header, Proposal};

use super::swaps::Swaps;
use super::{Behaviour, Coming, Leaving, Site};
use crate::net::{Kind, Packet};

/// The behaviour.
#[derive(Default)]
pub struct ForeignParent {
    swaps: Swaps,
}

fn forked(site: &mut Site<'_>, honest: &Proposal) -> Option<Proposal> {
    let way = site.rng().below(6);
    let certified = site.header(&honest.header.parent)?;
    // 0 and 1: keep the turn, so that nobody leaves this node out.
    let (parent, follows_qc) = match way {
        0 | 1 => return None,
        2 | 3 => (site.header(&certified.parent)?, false),
        4 => (site.header(&certified.parent)?, true),
        _ => (decided_below(site, &certified)?, false),
    };
    let height = if follows_qc { honest.header.height } else { parent.height.next() };
    let header = Header { parent: parent.id(), height, ..honest.header.clone() };
    let made = site.proposal(header, honest.qc.clone(), honest.tc.clone(), honest.batches.to_vec())?;
    site.inject("foreign-parent");
    Some(made)
}

fn decided_below(site: &Site<'_>, certified: &Header) -> Option<Header> {
    let height = certified.height.get().checked_sub(3)?;
    site.state().applied(cybermesh_proto::Height::new(height)).map(|applied| applied.block.header.clone())
}

impl Behaviour for ForeignParent {
    fn inbound(&mut self, site: &mut Site<'_>, from: u32, packet: &Rc<Packet>) -> Coming {
        self.swaps.hear(site, from, packet);
        Coming::Passed
    }

    fn outbound(&mut self, site: &mut Site<'_>, _to: u32, packet: &Rc<Packet>) -> Leaving {
        match packet.kind {
            Kind::Proposal => {
                let leaving = self.swaps.proposal(site, packet, forked);
                // The wire's shape check would not let this packet in: it is read without.
                if let Leaving::Instead(_) = &leaving
                    && let Some(id) = self.swaps.shown(packet)
                {
                    self.swaps.forbid(id, "the-parent-is-the-certified-block");
                }
                leaving
            }
            Kind::Vote => self.swaps.vote(packet),
            _ => Leaving::AsItIs,
        }
    }
}
