//! Floods: statements seen before, questions of every kind, blocks that nobody asked for, bytes that mean
//! nothing. Attacks every limit, and R16's promise that a flood of old statements costs little.

use std::collections::VecDeque;
use std::rc::Rc;

use cybermesh_proto::agree::{AmnesiaAsk, Answer, Ask, Block, Branch, OwnStatementsAsk, Position};
use cybermesh_proto::wire::{Fixed, List};
use cybermesh_proto::{BatchId, Digest, Height, ValidatorIndex, View};

use super::hoard::Hoard;
use super::reach::packed;
use super::{Behaviour, Coming, Site};
use crate::net::{Kind, Packet};

/// 20 ms between two bursts.
const PAUSE_US: u64 = 20_000;
/// 8 packets in a burst: 400 a second to each peer.
const BURST: usize = 8;
/// 64 packets are remembered.
const OLD_MAX: usize = 64;

/// Every kind, for bytes that mean nothing.
const KINDS: &[Kind] = &[
    Kind::Proposal,
    Kind::Vote,
    Kind::Timeout,
    Kind::Attestation,
    Kind::Heartbeat,
    Kind::Evidence,
    Kind::Ask,
    Kind::Newer,
    Kind::Blocks,
    Kind::AskOwn,
    Kind::Own,
    Kind::AskReport,
    Kind::Report,
    Kind::Batch,
];

/// The behaviour.
#[derive(Default)]
pub struct Spammer {
    hoard: Hoard,
    old: VecDeque<Rc<Packet>>,
}

impl Spammer {
    fn junk(&self, site: &mut Site<'_>) -> Option<Rc<Packet>> {
        let (chain, (epoch, view)) = (site.chain(), site.view());
        let n = site.n();
        let someone = ValidatorIndex::new(site.rng().place(n))?;
        Some(match site.rng().below(8) {
            0 | 1 => Rc::clone(self.old.get(site.rng().place(self.old.len()))?),
            2 => {
                let kind = *site.rng().pick(KINDS);
                let length = site.rng().place(600);
                let mut bytes = vec![0; length];
                site.rng().fill(&mut bytes);
                Packet::new(kind, bytes, Some((epoch, view)))
            }
            3 => {
                let (view, height) = (View::new(site.rng().below(view.get() + 1)), Height::ZERO);
                packed(Kind::Ask, &Ask::Newer(Position { chain, epoch, view, height }))
            }
            4 => {
                let tip = self.hoard.newest_qc()?.block;
                packed(Kind::Ask, &Ask::Blocks(Branch { chain, above: Height::ZERO, tip }))
            }
            5 => packed(Kind::Ask, &Ask::Batch(BatchId(Digest::new(site.rng().bytes())))),
            6 => packed(Kind::AskOwn, &OwnStatementsAsk { chain, epoch, asker: someone }),
            _ => {
                let nonce = Fixed(site.rng().bytes());
                packed(Kind::AskReport, &AmnesiaAsk { chain, epoch, asker: someone, nonce })
            }
        })
    }

    /// A block on the newest certified one that no leader ever made: its QC is real.
    fn stray(&self, site: &mut Site<'_>) -> Option<Rc<Packet>> {
        let qc = self.hoard.newest_qc()?.clone();
        let parent = site.header(&qc.block)?;
        let ahead = View::new(qc.view.get() + 1 + site.rng().below(1_000));
        let time = cybermesh_proto::TimeUs::new(parent.time_us.get() + 1 + site.rng().below(1_000_000));
        let header = site.child_header(&parent, ahead, time, parent.left_out);
        let made = site.proposal(header, qc, None, Vec::new())?;
        let block = Block { header: made.header, qc: made.qc, batches: made.batches };
        Some(packed(Kind::Blocks, &Answer::Blocks(List::new(vec![block])?)))
    }
}

impl Behaviour for Spammer {
    fn start(&mut self, site: &mut Site<'_>) {
        site.after(PAUSE_US, 0);
    }

    fn inbound(&mut self, site: &mut Site<'_>, _from: u32, packet: &Rc<Packet>) -> Coming {
        self.hoard.see(site, packet);
        self.old.push_back(Rc::clone(packet));
        if self.old.len() > OLD_MAX {
            self.old.pop_front();
        }
        Coming::Passed
    }

    fn timer(&mut self, site: &mut Site<'_>, _token: u64) {
        for _ in 0..BURST {
            if let Some(packet) = self.junk(site) {
                site.send_all(&packet);
                site.inject("spam");
            }
        }
        if let Some(stray) = self.stray(site) {
            site.send_all(&stray);
            site.inject("stray-block");
        }
        site.after(PAUSE_US, 0);
    }
}
