//! Signs statements far above everybody: views, heights and epochs that nobody has come to, up to the last
//! number there is. Attacks the limits of what is kept, arithmetic at the edge, and R16.

use std::rc::Rc;

use cybermesh_proto::agree::{
    Ask, AttestationStatement, Branch, HeartbeatStatement, Position, Qc, ViewChange,
};
use cybermesh_proto::{BlockId, DecisionHash, Digest, Epoch, Height, View};

use super::hoard::Hoard;
use super::reach::{packed, timeout_packet, vote_packet};
use super::{Behaviour, Coming, Site};
use crate::net::{Kind, Packet};

/// 60 ms between two jumps.
const PAUSE_US: u64 = 60_000;

/// The behaviour.
#[derive(Default)]
pub struct ViewJumper {
    hoard: Hoard,
}

fn far(site: &mut Site<'_>, from: u64) -> u64 {
    match site.rng().below(6) {
        0 => from + 2,
        1 => from + 15 + site.rng().below(4),
        2 => from + 1_000_000,
        3 => u64::MAX,
        4 => u64::MAX - 1,
        _ => i64::MAX as u64,
    }
}

impl ViewJumper {
    fn jump(&self, site: &mut Site<'_>) -> Option<Rc<Packet>> {
        let (epoch, view) = site.view();
        let up = View::new(far(site, view.get()));
        let height =
            Height::new(far(site, site.state().newest().map_or(0, |one| one.block.header.height.get())));
        let block = BlockId(Digest::new(site.rng().bytes()));
        let chain = site.chain();
        Some(match site.rng().below(6) {
            0 => vote_packet(&site.vote_for(epoch, up, height, block)?),
            1 => {
                let high_qc =
                    self.hoard.newest_qc().cloned().unwrap_or_else(|| Qc::of_root(site.committee()));
                let timeout = site.timeout(epoch, up, (high_qc.view, high_qc.block))?;
                let entry = self.hoard.newest_tc().cloned();
                timeout_packet(&ViewChange { timeout, high_qc, entry })
            }
            2 => {
                let decision = DecisionHash(block.0);
                packed(
                    Kind::Attestation,
                    &site.sign(AttestationStatement { chain, epoch, height, decision })?,
                )
            }
            3 => {
                let statement = HeartbeatStatement {
                    chain,
                    epoch,
                    view: up,
                    certified_height: height,
                    certified_hash: DecisionHash(block.0),
                    time_us: site.clock(),
                };
                packed(Kind::Heartbeat, &site.sign(statement)?)
            }
            4 => {
                let epoch = Epoch::new(far(site, epoch.get()));
                packed(Kind::Ask, &Ask::Newer(Position { chain, epoch, view: up, height }))
            }
            _ => packed(Kind::Ask, &Ask::Blocks(Branch { chain, above: height, tip: block })),
        })
    }
}

impl Behaviour for ViewJumper {
    fn start(&mut self, site: &mut Site<'_>) {
        site.after(PAUSE_US, 0);
    }

    fn inbound(&mut self, site: &mut Site<'_>, _from: u32, packet: &Rc<Packet>) -> Coming {
        self.hoard.see(site, packet);
        Coming::Passed
    }

    fn timer(&mut self, site: &mut Site<'_>, _token: u64) {
        if let Some(packet) = self.jump(site) {
            site.send_all(&packet);
            site.inject("far-future");
        }
        let us = site.rng().between(PAUSE_US / 2, PAUSE_US);
        site.after(us, 0);
    }
}
