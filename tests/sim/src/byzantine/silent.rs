//! Says nothing of one kind for a while: no proposals, no votes, no timeouts, nothing but signs of life, or
//! votes for its own blocks alone. Attacks R12 and R13: a silent leader is left out, and a silent voter stops
//! nobody.
//!
//! The way is drawn anew for every window of leaders.

use std::rc::Rc;

use cybermesh_proto::agree::Proposal;
use cybermesh_proto::{Epoch, View};

use super::{Behaviour, Leaving, Site};
use crate::net::{Kind, Packet};

/// The behaviour.
#[derive(Default)]
pub struct Silent {
    own: Option<(Epoch, View)>,
}

impl Silent {
    fn keeps_back(&self, way: u64, packet: &Packet) -> bool {
        let statement =
            matches!(packet.kind, Kind::Proposal | Kind::Vote | Kind::Timeout | Kind::Attestation);
        match way {
            0 | 1 => packet.kind == Kind::Proposal,
            2 => packet.kind == Kind::Vote,
            3 => packet.kind == Kind::Timeout,
            4 => statement,
            5 => !matches!(packet.kind, Kind::Heartbeat),
            // Votes for its own blocks, and gives up the views of all others at once with them.
            6 => packet.kind == Kind::Vote && self.own != packet.place,
            _ => false,
        }
    }
}

impl Behaviour for Silent {
    fn outbound(&mut self, site: &mut Site<'_>, _to: u32, packet: &Rc<Packet>) -> Leaving {
        if packet.kind == Kind::Proposal
            && let Some(proposal) = packet.decode::<Proposal>()
        {
            self.own = Some((proposal.header.epoch, proposal.header.view));
        }
        let window = site.view().1.get() / (2 * site.n() as u64);
        let way = site.common(window << 8 | u64::from(site.number())).below(8);
        if self.keeps_back(way, packet) {
            site.inject("silence");
            return Leaving::Nothing;
        }
        Leaving::AsItIs
    }
}
