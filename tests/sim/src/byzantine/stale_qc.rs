//! Proposes on an older QC than it knows, with a TC and without, and hides the newest QC wherever it can.
//! Attacks R2 (the QC against the claims of the TC), R3, R4 and R6.
//!
//! So that there is a TC at all, its vote in the view before its own goes to one node only.

use std::rc::Rc;

use cybermesh_proto::View;
use cybermesh_proto::agree::{Header, Newer, Proposal, ViewChange};

use super::hoard::Hoard;
use super::reach::{packed, timeout_packet};
use super::swaps::Swaps;
use super::{Behaviour, Coming, Leaving, Site};
use crate::net::{Kind, Packet};

/// The behaviour.
#[derive(Default)]
pub struct StaleQc {
    hoard: Hoard,
    swaps: Swaps,
}

fn stale(hoard: &Hoard, site: &mut Site<'_>, honest: &Proposal) -> Option<Proposal> {
    if site.rng().chance(0.2) {
        return None;
    }
    let parent = site.header(&honest.qc.block)?;
    let qc = if parent.view > View::ZERO { site.qc_in(&honest.qc.block)? } else { return None };
    let older = site.header(&qc.block)?;
    let before = View::new(honest.header.view.get() - 1);
    let tc = honest.tc.clone().or_else(|| hoard.tc(site, before, &qc));
    let header = Header { parent: qc.block, height: older.height.next(), ..honest.header.clone() };
    site.inject(if tc.is_some() { "stale-qc-with-tc" } else { "stale-qc" });
    site.proposal(header, qc, tc, honest.batches.to_vec())
}

impl StaleQc {
    /// A timeout that claims and shows an older QC than this node knows.
    fn hide(&self, site: &mut Site<'_>, packet: &Rc<Packet>) -> Leaving {
        let Some(change) = packet.decode::<ViewChange>() else { return Leaving::AsItIs };
        let said = &change.timeout.statement;
        let Some(qc) = self.hoard.qc_below(said.epoch, said.hqc_view).cloned() else {
            return Leaving::AsItIs;
        };
        let Some(timeout) = site.timeout(said.epoch, said.view, (qc.view, qc.block)) else {
            return Leaving::AsItIs;
        };
        let entry = change.entry.clone().or_else(|| {
            let before = View::new(said.view.get() - 1);
            self.hoard.seen_tc(said.epoch, before).cloned()
        });
        let high_qc = if entry.is_some() { qc } else { change.high_qc.clone() };
        site.inject("hidden-qc");
        Leaving::Instead(timeout_packet(&ViewChange { timeout, high_qc, entry }))
    }
}

impl Behaviour for StaleQc {
    fn inbound(&mut self, site: &mut Site<'_>, _from: u32, packet: &Rc<Packet>) -> Coming {
        self.hoard.see(site, packet);
        Coming::Passed
    }

    fn outbound(&mut self, site: &mut Site<'_>, to: u32, packet: &Rc<Packet>) -> Leaving {
        self.hoard.see(site, packet);
        match packet.kind {
            Kind::Proposal => {
                let hoard = &self.hoard;
                self.swaps.proposal(site, packet, |site, honest| stale(hoard, site, honest))
            }
            Kind::Vote => {
                let view = packet.place.map_or(View::ZERO, |place| place.1);
                let next = self.hoard.leads(site, view.next());
                let chosen = *site.common(view.get()).pick(&site.peers());
                if next && to != chosen { Leaving::Nothing } else { self.swaps.vote(packet) }
            }
            Kind::Timeout => self.hide(site, packet),
            Kind::Newer => match packet.decode::<Newer>() {
                Some(newer) if newer.qc.is_some() => {
                    site.inject("hidden-qc");
                    Leaving::Instead(packed(Kind::Newer, &Newer { qc: None, ..newer }))
                }
                _ => Leaving::AsItIs,
            },
            _ => Leaving::AsItIs,
        }
    }
}
