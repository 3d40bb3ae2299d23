//! Gives one number to two different batches, half of the others getting each, and orders decided batches
//! once more in later blocks. Attacks R11 (two batches of one number) and the executor's promise that nothing
//! is applied twice.

use std::collections::BTreeMap;
use std::rc::Rc;

use cybermesh_proto::agree::{Batch, BatchHeader, BatchRef, Item, Proposal};
use cybermesh_proto::wire::List;
use cybermesh_proto::{BatchId, Count};

use super::reach::packed;
use super::swaps::Swaps;
use super::{Behaviour, Leaving, Site};
use crate::net::{Kind, Packet};

/// The behaviour.
#[derive(Default)]
pub struct BatchRefiller {
    swaps: Swaps,
    second: BTreeMap<BatchId, Option<Rc<Packet>>>,
}

/// A batch of the same number with other items.
fn refilled(site: &Site<'_>, batch: &Batch) -> Option<Rc<Packet>> {
    let mut items: Vec<Item> = batch.items.to_vec();
    items.push(items.first()?.clone());
    let header = BatchHeader {
        count: Count::new(items.len() as u64),
        bytes: Batch::item_bytes(&items),
        root: Batch::root(&items),
        ..batch.header.clone()
    };
    let signed = site.sign(header)?;
    let batch = Batch { header: signed.statement, signature: signed.signature, items: List::new(items)? };
    Some(packed(Kind::Batch, &batch))
}

/// The honest block with a batch in it that is decided already.
fn again(site: &mut Site<'_>, honest: &Proposal) -> Option<Proposal> {
    let decided: Vec<BatchRef> =
        site.state().all_applied().flat_map(|applied| applied.block.batches.to_vec()).collect();
    if decided.is_empty() || site.rng().chance(0.3) {
        return None;
    }
    let mut batches = honest.batches.to_vec();
    let old = *site.rng().pick(&decided);
    batches.push(old);
    let made = site.proposal(honest.header.clone(), honest.qc.clone(), honest.tc.clone(), batches)?;
    site.inject("batch-again");
    Some(made)
}

impl Behaviour for BatchRefiller {
    fn outbound(&mut self, site: &mut Site<'_>, to: u32, packet: &Rc<Packet>) -> Leaving {
        match packet.kind {
            Kind::Proposal => self.swaps.proposal(site, packet, again),
            Kind::Vote => self.swaps.vote(packet),
            Kind::Batch => {
                let Some(batch) = packet.decode::<Batch>().filter(|one| one.header.author == site.me())
                else {
                    return Leaving::AsItIs;
                };
                let other = self.second.entry(batch.header.id()).or_insert_with(|| refilled(site, &batch));
                let told = site.common(batch.header.batch_seq.get() << 8 | u64::from(to)).chance(0.5);
                match other.clone().filter(|_| told) {
                    Some(other) => {
                        site.inject("refilled-batch");
                        Leaving::Instead(other)
                    }
                    None => Leaving::AsItIs,
                }
            }
            _ => Leaving::AsItIs,
        }
    }
}
