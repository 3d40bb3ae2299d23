//! Lies about the newest QC in its timeouts: claims the root whatever it voted for, or a QC that nobody has.
//! Attacks R4 and R5. As a leader it keeps silent in half of its views, so that there are timeouts to lie in.
//!
//! Which of the two it does is drawn once for each run and node.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::agree::{Proposal, Signed, TimeoutStatement, ViewChange};
use cybermesh_proto::{BlockId, Digest, Epoch, View};

use super::reach::timeout_packet;
use super::{Behaviour, Leaving, Site};
use crate::net::{Kind, Packet};

/// The behaviour.
#[derive(Default)]
pub struct ClaimLiar {
    /// One lie for each view: it is no equivocator.
    said: BTreeMap<(Epoch, View), Signed<TimeoutStatement>>,
}

impl ClaimLiar {
    fn lie(&mut self, site: &mut Site<'_>, change: &ViewChange) -> Option<Rc<Packet>> {
        let honest = &change.timeout.statement;
        let slot = (honest.epoch, honest.view);
        let high = site.common(u64::from(site.number())).chance(0.5);
        let timeout = match self.said.get(&slot) {
            Some(said) => said.clone(),
            None => {
                let claim = if high {
                    (View::new(honest.view.get() - 1), BlockId(Digest::new(site.rng().bytes())))
                } else {
                    (View::ZERO, site.committee().root.block)
                };
                site.timeout(honest.epoch, honest.view, claim)?
            }
        };
        self.said.insert(slot, timeout.clone());
        if timeout.statement == *honest {
            return None;
        }
        site.inject(if high { "claim-high" } else { "claim-low" });
        Some(timeout_packet(&ViewChange { timeout, ..change.clone() }))
    }
}

impl ClaimLiar {
    /// Gives an own view up before anybody else does, so that its claim is in every TC of it.
    fn give_up(&mut self, site: &mut Site<'_>, proposal: Proposal) {
        let header = &proposal.header;
        if self.said.contains_key(&(header.epoch, header.view)) {
            return;
        }
        let claim = (proposal.qc.view, proposal.qc.block);
        let Some(timeout) = site.timeout(header.epoch, header.view, claim) else { return };
        let change = ViewChange { timeout, high_qc: proposal.qc, entry: proposal.tc };
        if let Some(lie) = self.lie(site, &change) {
            site.send_all(&lie);
        }
    }
}

impl Behaviour for ClaimLiar {
    fn outbound(&mut self, site: &mut Site<'_>, _to: u32, packet: &Rc<Packet>) -> Leaving {
        let view = packet.place.map_or(0, |place| place.1.get());
        match packet.kind {
            Kind::Proposal if site.common(view).chance(0.5) => {
                if let Some(proposal) = packet.decode::<Proposal>() {
                    self.give_up(site, proposal);
                }
                Leaving::Nothing
            }
            Kind::Timeout => {
                let lie = packet.decode::<ViewChange>().and_then(|change| self.lie(site, &change));
                lie.map_or(Leaving::AsItIs, Leaving::Instead)
            }
            _ => Leaving::AsItIs,
        }
    }
}
