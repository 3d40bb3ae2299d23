//! The next leader that ignores the QC of the view before: it gives that view up at once, keeps its vote
//! back, collects timeouts, and proposes on the QC before that one. Attacks R5, R6 and what makes a certified
//! block safe.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::agree::{Header, Proposal, ViewChange};
use cybermesh_proto::{Epoch, View};

use super::hoard::Hoard;
use super::reach::{proposal_packet, timeout_packet, vote_packet};
use super::{Behaviour, Coming, Leaving, Site};
use crate::net::{Kind, Packet};

/// 20 ms between two looks at what was collected.
const LOOK_US: u64 = 20_000;
/// 700 ms at most until the honest block leaves after all.
const PATIENCE: u32 = 35;

/// The behaviour.
#[derive(Default)]
pub struct TailForker {
    hoard: Hoard,
    /// Honest proposals that wait, and how often was looked.
    waiting: BTreeMap<(Epoch, View), (Rc<Packet>, u32)>,
    gave_up: Option<(Epoch, View)>,
}

impl TailForker {
    /// The view before its own: gives it up as soon as it begins.
    fn give_up(&mut self, site: &mut Site<'_>) {
        let place = site.view();
        if self.gave_up >= Some(place) || !self.hoard.leads(site, place.1.next()) {
            return;
        }
        self.gave_up = Some(place);
        let Some(qc) = self.hoard.qc_below(place.0, place.1).cloned() else { return };
        let entry = self.hoard.seen_tc(place.0, View::new(place.1.get() - 1)).cloned();
        if let Some(timeout) = site.timeout(place.0, place.1, (qc.view, qc.block)) {
            let packet = timeout_packet(&ViewChange { timeout, high_qc: qc, entry });
            self.hoard.see(site, &packet);
            site.send_all(&packet);
        }
    }

    fn fork(&self, site: &Site<'_>, honest: &Proposal) -> Option<Proposal> {
        let before = View::new(honest.header.view.get() - 1);
        let parent = site.header(&honest.qc.block)?;
        let older = (parent.view > View::ZERO).then(|| site.qc_in(&honest.qc.block)).flatten()?;
        let tc = self.hoard.tc(site, before, &older)?;
        let parent = site.header(&older.block)?;
        let header = Header { parent: older.block, height: parent.height.next(), ..honest.header.clone() };
        site.proposal(header, older, Some(tc), honest.batches.to_vec())
    }
}

impl Behaviour for TailForker {
    fn inbound(&mut self, site: &mut Site<'_>, _from: u32, packet: &Rc<Packet>) -> Coming {
        self.hoard.see(site, packet);
        self.give_up(site);
        Coming::Passed
    }

    fn outbound(&mut self, site: &mut Site<'_>, _to: u32, packet: &Rc<Packet>) -> Leaving {
        self.hoard.see(site, packet);
        let Some(place) = packet.place else { return Leaving::AsItIs };
        match packet.kind {
            Kind::Proposal => {
                let honest = packet.decode::<Proposal>();
                let tail = honest.is_some_and(|one| one.qc.view.next() == one.header.view);
                if !tail {
                    return Leaving::AsItIs;
                }
                self.waiting.entry(place).or_insert_with(|| {
                    site.after(1_000, place.1.get());
                    (Rc::clone(packet), 0)
                });
                Leaving::Nothing
            }
            Kind::Vote if self.gave_up == Some(place) || self.waiting.contains_key(&place) => {
                Leaving::Nothing
            }
            _ => Leaving::AsItIs,
        }
    }

    fn timer(&mut self, site: &mut Site<'_>, token: u64) {
        let place = (site.view().0, View::new(token));
        let Some((packet, looked)) = self.waiting.get_mut(&place) else { return };
        *looked += 1;
        let (packet, looked) = (Rc::clone(packet), *looked);
        let Some(honest) = packet.decode::<Proposal>() else { return };
        let fork = self.fork(site, &honest);
        if fork.is_none() && looked < PATIENCE && site.view() == place {
            return site.after(LOOK_US, token);
        }
        let chosen = match fork {
            Some(fork) => {
                site.inject("tail-fork");
                fork
            }
            None => {
                site.inject("late-tail");
                honest
            }
        };
        site.send_all(&proposal_packet(&chosen));
        if let Some(vote) = site.vote(&chosen.header) {
            site.send_all(&vote_packet(&vote));
        }
    }
}
