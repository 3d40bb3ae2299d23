//! A leader that dates its blocks as early as it may, one µs after the parent, so that time stands still, or
//! as late as it may, two seconds ahead, so that it runs; and beyond both bounds. Attacks R9.
//!
//! Which of the two it does is drawn once for each run and node; a parent that is long past tempts it always.

use std::rc::Rc;

use cybermesh_proto::TimeUs;
use cybermesh_proto::agree::{Header, Proposal};

use super::swaps::Swaps;
use super::{Behaviour, Coming, Leaving, Site};
use crate::net::{Kind, Packet};
use crate::world::micros;

/// The behaviour.
#[derive(Default)]
pub struct ClockCheat {
    swaps: Swaps,
}

/// Longer ago than any view lasts, and a second for clocks that differ: nobody may vote for such a block.
fn is_long_ago(site: &Site<'_>, time: TimeUs) -> bool {
    let config = site.config();
    let tolerance = micros(config.drift.max(config.timeout_max)) + 1_000_000;
    time.get() + tolerance < site.clock().get()
}

fn dated(site: &mut Site<'_>, honest: &Proposal) -> Option<Proposal> {
    let parent = site.header(&honest.header.parent)?;
    let early = site.common(u64::from(site.number())).chance(0.5) || is_long_ago(site, parent.time_us);
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
    fn inbound(&mut self, site: &mut Site<'_>, from: u32, packet: &Rc<Packet>) -> Coming {
        self.swaps.hear(site, from, packet);
        Coming::Passed
    }

    fn outbound(&mut self, site: &mut Site<'_>, _to: u32, packet: &Rc<Packet>) -> Leaving {
        match packet.kind {
            Kind::Proposal => {
                let leaving = self.swaps.proposal(site, packet, dated);
                if let Leaving::Instead(packet) = &leaving
                    && let Some(made) = packet.decode::<Proposal>()
                    && is_long_ago(site, made.header.time_us)
                {
                    self.swaps.forbid(made.header.id(), "blocks-are-recent");
                    site.inject("dated-long-ago");
                }
                leaving
            }
            Kind::Vote => self.swaps.vote(packet),
            _ => Leaving::AsItIs,
        }
    }
}
