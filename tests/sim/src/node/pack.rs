//! Packing what was admitted, offering it to the others, and saying whether work waits.

use std::rc::Rc;

use cybermesh_consensus::Input;
use cybermesh_proto::agree::{Batch, BatchHeader, Evidence, Item, ItemKind, Signed};
use cybermesh_proto::wire::{List, encode_canonical};
use cybermesh_proto::{BatchId, BatchSeq, Count};

use super::{Node, Work};
use crate::disk::PayloadWrite;
use crate::net::{Kind, Packet};
use crate::world::Env;

/// 8 items in a batch.
const ITEMS_MAX: usize = 8;
/// 16 own batches under way: more wait.
const OWN_MAX: usize = 16;
/// 1 s between two offers of the same batch.
const OFFER_US: u64 = 1_000_000;

impl Node {
    /// Takes an item; true if it was new.
    pub fn submit(&mut self, env: &mut Env, item: Item) -> bool {
        let head = Rc::clone(self.head());
        let new = self.shell.mempool.admit(item, &head);
        if new {
            self.wake_packing(env);
            self.reconsider(env);
        }
        new
    }

    pub(crate) fn wake_packing(&mut self, env: &mut Env) {
        if !self.shell.packing && self.shell.mempool.has_pending() {
            self.shell.packing = true;
            let us = env.rng.between(2_000, 8_000);
            self.later(env, us, Work::Pack);
        }
    }

    pub(crate) fn pack(&mut self, env: &mut Env) {
        self.shell.packing = false;
        let epoch = self.shell.committees.newest();
        let Some(author) = self.index_in(epoch) else {
            return;
        };
        if self.shell.mempool.own().count() >= OWN_MAX {
            self.shell.packing = true;
            return self.later(env, 50_000, Work::Pack);
        }
        let items = self.shell.mempool.take(ITEMS_MAX);
        if items.is_empty() {
            return;
        }
        self.shell.batch_seq = BatchSeq::new(self.clock(env.now).get().max(self.shell.batch_seq.get() + 1));
        let header = BatchHeader {
            chain: env.setup.genesis.chain(),
            author,
            epoch,
            batch_seq: self.shell.batch_seq,
            reg: self.shell.certified,
            count: Count::new(items.len() as u64),
            bytes: Batch::item_bytes(&items),
            root: Batch::root(&items),
        };
        if let Some(Signed { statement, signature, .. }) = self.signed(header) {
            let items = List::new(items).expect("a few");
            let batch = Rc::new(Batch { header: statement, signature, items });
            let id = batch.header.id();
            env.judge.packed(self.number, id, (epoch, self.shell.view.1));
            self.shell.mempool.packed(id, Rc::clone(&batch));
            self.write_payload(env, PayloadWrite::Batch(id, batch));
        }
        self.wake_packing(env);
    }

    /// A batch is on disk, own or foreign.
    pub(crate) fn batch_synced(&mut self, env: &mut Env, id: BatchId, batch: Rc<Batch>) {
        let head = Rc::clone(self.head());
        let is_own = self.shell.mempool.own().any(|(own, _)| *own == id);
        if is_own {
            self.push(env, id, &batch);
            if !self.shell.offering {
                self.shell.offering = true;
                self.later(env, OFFER_US, Work::Offer);
            }
        }
        if let Some(evidence) = self.shell.mempool.hold(id, batch, &head) {
            self.found(env, &evidence);
        }
        if self.shell.wants.remove(&id).is_some_and(|want| !want.blocks.is_empty()) {
            self.feed(env, Input::BatchHeld(id));
        }
        if self.core.is_some() {
            self.execute_next(env);
            self.reconsider(env);
        }
    }

    fn push(&mut self, env: &mut Env, id: BatchId, batch: &Batch) {
        let packet = Packet::new(Kind::Batch, encode_canonical(batch), None);
        self.shell.own_packets.insert(id, Rc::clone(&packet));
        self.spread(env, &packet);
    }

    /// Offers own batches again that are still undecided.
    pub(crate) fn offer(&mut self, env: &mut Env) {
        let packets: Vec<_> = self.shell.own_packets.values().cloned().collect();
        packets.iter().for_each(|packet| self.spread(env, packet));
        self.shell.offering = !packets.is_empty();
        if self.shell.offering {
            self.later(env, OFFER_US, Work::Offer);
        }
    }

    /// Evidence becomes a transaction.
    pub(crate) fn found(&mut self, env: &mut Env, evidence: &Evidence) {
        let committee = self.shell.committees.get(evidence.offender().1).cloned();
        env.judge.evidence(self.number, evidence, committee.as_deref());
        if let Some(item) = ItemKind::Evidence.item(encode_canonical(evidence)) {
            self.submit(env, item);
        }
    }

    /// Whether work waits may have changed.
    pub(crate) fn reconsider(&mut self, env: &mut Env) {
        if !self.shell.reconsidering && self.core.is_some() {
            self.shell.reconsidering = true;
            self.later(env, 1, Work::Reconsider);
        }
    }

    pub(crate) fn reconsidered(&mut self, env: &mut Env) {
        self.shell.reconsidering = false;
        let waits = self.shell.mempool.waits() || self.shell.payload_top > self.shell.certified;
        if self.shell.working != Some(waits) {
            self.shell.working = Some(waits);
            self.feed(env, Input::Work(waits));
        }
    }
}
