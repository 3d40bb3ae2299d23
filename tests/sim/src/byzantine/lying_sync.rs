//! Answers those who fell behind with lies: forks whose certificates are forged, half of the way, far too
//! much, blocks of another epoch, nothing at all, other batches. Attacks R16 and the rule that a QC alone
//! proves no decision.
//!
//! It also brings its forks to nodes that asked for nothing.

use std::rc::Rc;

use cybermesh_proto::agree::{Answer, Ask, Batch, Block, Branch, Header, Newer, Qc, QuorumSignatures};
use cybermesh_proto::keys::ValidatorSignature;
use cybermesh_proto::wire::List;
use cybermesh_proto::{BatchId, Epoch, Height, TimeUs, ValidatorIndex};

use super::hoard::Hoard;
use super::reach::packed;
use super::{Behaviour, Coming, Leaving, Site};
use crate::net::{Kind, Packet};

/// 250 ms between two forks that nobody asked for.
const PAUSE_US: u64 = 250_000;

/// The behaviour.
#[derive(Default)]
pub struct LyingSync {
    hoard: Hoard,
}

/// A QC with signers who never signed.
fn forged_qc(site: &Site<'_>, header: &Header) -> Option<Qc> {
    let signature = || ValidatorSignature::new(vec![0; 64]);
    let signers = (0..site.q()).filter_map(ValidatorIndex::new);
    let votes = QuorumSignatures::new(signers.filter_map(|one| Some((one, signature()?))).collect())?;
    let (epoch, view, height) = (header.epoch, header.view, header.height);
    Some(Qc { epoch, view, height, block: header.id(), votes })
}

impl LyingSync {
    /// A chain of blocks on a real certified one that looks decided: consecutive views, a QC for each.
    fn fork(&self, site: &mut Site<'_>, above: Height, length: usize) -> Option<Vec<Block>> {
        let base = site.state().applied(above).map(|one| one.block.header.clone());
        let next = site.state().applied(above.next())?;
        let real = next.block.qc.clone();
        let mut parent = base.or_else(|| site.header(&real.block))?;
        let (mut qc, mut blocks) = (real, Vec::new());
        for step in 0..length as u64 {
            let time = TimeUs::new(parent.time_us.get() + 1 + site.rng().below(1_000));
            let view = if step == 0 { next_view(site, qc.view) } else { parent.view.next() };
            let header = site.child_header(&parent, view, time, parent.left_out);
            let made = site.proposal(header, qc, None, Vec::new())?;
            qc = forged_qc(site, &made.header)?;
            parent = made.header.clone();
            blocks.push(Block { header: made.header, qc: made.qc, batches: made.batches });
        }
        Some(blocks)
    }

    fn blocks(&self, site: &mut Site<'_>, branch: &Branch) -> Option<Vec<Block>> {
        let above = branch.above;
        let real = |site: &Site<'_>| -> Vec<Block> {
            let all = site.state().all_applied().filter(|one| one.block.header.height > above);
            all.take(64).map(|one| Block::clone(&one.block)).collect()
        };
        Some(match site.rng().below(7) {
            0 | 1 => self.fork(site, above, 4)?,
            2 => self.fork(site, above, 64)?,
            3 => Vec::new(),
            4 => real(site).into_iter().take(1).collect(),
            5 => {
                let mut blocks = real(site);
                blocks.iter_mut().for_each(|block| block.header.epoch = Epoch::new(7));
                blocks
            }
            // The way to a block that was not asked for.
            _ => real(site).into_iter().take(3).collect(),
        })
    }

    fn newer(&self, site: &mut Site<'_>) -> Newer {
        let stale =
            site.state().all_applied().next().and_then(|one| site.state().certified(one.block.header.height));
        let decision = stale.map(|one| (one.decision.clone(), one.certificate.clone()));
        let decision = decision.filter(|_| site.rng().chance(0.5));
        Newer { decision, ..Newer::default() }
    }

    fn batch(&self, site: &mut Site<'_>, id: BatchId) -> Option<Rc<Packet>> {
        let others: Vec<Rc<Batch>> = site
            .payload()
            .batches()
            .filter(|(one, _)| **one != id)
            .map(|(_, batch)| Rc::clone(batch))
            .collect();
        (!others.is_empty()).then(|| packed(Kind::Batch, &**site.rng().pick(&others)))
    }
}

fn next_view(site: &mut Site<'_>, view: cybermesh_proto::View) -> cybermesh_proto::View {
    cybermesh_proto::View::new(view.get() + 1 + site.rng().below(3))
}

impl Behaviour for LyingSync {
    fn start(&mut self, site: &mut Site<'_>) {
        site.after(PAUSE_US, 0);
    }

    fn inbound(&mut self, site: &mut Site<'_>, from: u32, packet: &Rc<Packet>) -> Coming {
        self.hoard.see(site, packet);
        if packet.kind != Kind::Ask || site.rng().chance(0.2) {
            return Coming::Passed;
        }
        let lie = match packet.decode::<Ask>() {
            Some(Ask::Blocks(branch)) => {
                let blocks = self.blocks(site, &branch).and_then(List::new);
                blocks.map(|blocks| packed(Kind::Blocks, &Answer::Blocks(blocks)))
            }
            Some(Ask::Newer(_)) => Some(packed(Kind::Newer, &self.newer(site))),
            Some(Ask::Batch(id)) => self.batch(site, id),
            Some(Ask::Handover(_)) | None => None,
        };
        let Some(lie) = lie else { return Coming::Passed };
        site.send(from, &lie);
        site.inject("sync-lie");
        Coming::Dropped
    }

    fn outbound(&mut self, site: &mut Site<'_>, _to: u32, packet: &Rc<Packet>) -> Leaving {
        self.hoard.see(site, packet);
        Leaving::AsItIs
    }

    fn timer(&mut self, site: &mut Site<'_>, _token: u64) {
        let newest = site.state().newest().map_or(0, |one| one.block.header.height.get());
        let above = Height::new(newest.saturating_sub(1 + site.rng().below(3)));
        let blocks = self.fork(site, above, 4).and_then(List::new);
        if let Some(blocks) = blocks {
            site.send_all(&packed(Kind::Blocks, &Answer::Blocks(blocks)));
            site.inject("unasked-fork");
        }
        site.after(PAUSE_US, 0);
    }
}
