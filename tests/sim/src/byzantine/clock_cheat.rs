//! A leader that dates its blocks as early as it may, one µs after the parent, so that time stands still, or as late
//! as it may, two seconds ahead, so that it runs; and beyond both bounds. Attacks R9.
//!
//! Which of the two it does is drawn once for each run and node.

use std::rc::Rc;

use cybermesh_proto::TimeUs;
use cybermesh_proto::agree::{Header, Proposal};

use super::swaps::Swaps;
use super::{Behaviour, Leaving, Site};
use crate::net::{Kind, Packet};
use crate::world::micros;

/// The behaviour.
#[derive(Default)]
pub struct ClockCheat {
    swaps: Swaps,
}

fn dated(site: &mut Site<'_>, honest: &Proposal) -> Option<Proposal> {
    let parent = site.header(&honest.header.parent)?;
    let early = site.common(u64::from(site.number())).chance(0.5);
    let drift = micros(site.config().drift);
    let time_us = if early {
        site.inject("frozen-time");
        parent.time_us.next()
    } else {
        let more = if site.rng().chance(0.2) { site.rng().below(drift) } else { 0 };
        site.inject("pushed-time");
        TimeUs::new((site.clock().get() + drift + more).max(parent.time_us.get() + 1))
    };
    let header = Header { time_us, ..honest.header.clone() };
    site.proposal(header, honest.qc.clone(), honest.tc.clone(), honest.batches.to_vec())
}

impl Behaviour for ClockCheat {
    fn outbound(&mut self, site: &mut Site<'_>, _to: u32, packet: &Rc<Packet>) -> Leaving {
        match packet.kind {
            Kind::Proposal => self.swaps.proposal(site, packet, dated),
            Kind::Vote => self.swaps.vote(packet),
            _ => Leaving::AsItIs,
        }
    }
}
