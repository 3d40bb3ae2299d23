//! As a leader proposes just before the others give its view up, as a voter votes just before. Attacks R12
//! and R13: views get as long as they can be, and some nodes give up what others vote for.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::{Epoch, View};

use super::{Behaviour, Coming, Leaving, Site};
use crate::net::{Kind, Packet};
use crate::world::micros;

/// The behaviour.
#[derive(Default)]
pub struct LastMoment {
    /// The newest view, and when this node saw it first.
    entered: (Epoch, View, u64),
    /// What waits: for the proposal's moment and the vote's.
    held: BTreeMap<u64, Vec<(u32, Rc<Packet>)>>,
    tokens: u64,
    /// Packets with the token that they wait for.
    known: Vec<(Rc<Packet>, u64)>,
}

impl LastMoment {
    fn note(&mut self, site: &Site<'_>) {
        let (epoch, view) = site.view();
        if (epoch, view) > (self.entered.0, self.entered.1) {
            self.entered = (epoch, view, site.now());
            self.known.clear();
        }
    }

    /// When the others are about to give up, in µs from now.
    fn moment(&self, site: &mut Site<'_>) -> u64 {
        let decided = site.record().map_or(0, |record| record.high_qc.view.get().saturating_sub(1));
        let since = self.entered.1.get().saturating_sub(decided).saturating_sub(2);
        let mut length = micros(site.config().base);
        for _ in 0..since.min(10) {
            length = length * 3 / 2;
        }
        // Short of it by a latency or two; sometimes too late.
        let end = length.saturating_sub(site.rng().between(0, 30_000));
        (self.entered.2 + end).saturating_sub(site.now()).max(1)
    }
}

impl Behaviour for LastMoment {
    fn inbound(&mut self, site: &mut Site<'_>, _from: u32, _packet: &Rc<Packet>) -> Coming {
        self.note(site);
        Coming::Passed
    }

    fn outbound(&mut self, site: &mut Site<'_>, to: u32, packet: &Rc<Packet>) -> Leaving {
        self.note(site);
        if !matches!(packet.kind, Kind::Proposal | Kind::Vote) {
            return Leaving::AsItIs;
        }
        let waits = self.known.iter().find(|(known, _)| Rc::ptr_eq(known, packet)).map(|(_, token)| *token);
        let token = waits.unwrap_or_else(|| {
            self.tokens += 1;
            self.known.push((Rc::clone(packet), self.tokens));
            let us = self.moment(site);
            site.after(us, self.tokens);
            self.tokens
        });
        self.held.entry(token).or_default().push((to, Rc::clone(packet)));
        Leaving::Nothing
    }

    fn timer(&mut self, site: &mut Site<'_>, token: u64) {
        for (to, packet) in self.held.remove(&token).unwrap_or_default() {
            site.inject("last-moment");
            site.send(to, &packet);
        }
    }
}
