//! Blocks and batches between nodes: asked for here, served from the payload store there.

use std::collections::BTreeSet;
use std::rc::Rc;

use cybermesh_consensus::{Outbound, Peer};
use cybermesh_proto::agree::{Answer, Ask, Batch, BatchRef, Block, Branch, Newer};
use cybermesh_proto::limits::BLOCKS_ASKED_MAX;
use cybermesh_proto::wire::{List, encode_canonical};
use cybermesh_proto::{BatchId, BlockId, Epoch};

use super::{Node, Want, Work};
use crate::disk::PayloadWrite;
use crate::net::{Kind, Packet};
use crate::world::Env;

/// 300 ms until somebody else is asked for a batch.
const REFETCH_US: u64 = 300_000;

impl Node {
    pub(crate) fn fetch(&mut self, env: &mut Env, block: BlockId, batches: &[BatchRef], peer: Option<Peer>) {
        let (held, missing): (Vec<_>, Vec<_>) =
            batches.iter().copied().partition(|one| self.disks.payload.batch(&one.id).is_some());
        if !held.is_empty() {
            self.later(env, 1, Work::Held(held.into_iter().map(|one| one.id).collect()));
        }
        missing.into_iter().for_each(|one| self.want(env, one, Some(block), peer));
    }

    /// Asks for a batch that is not on disk; nothing is asked for twice at once.
    pub(crate) fn want(
        &mut self,
        env: &mut Env,
        reference: BatchRef,
        block: Option<BlockId>,
        peer: Option<Peer>,
    ) {
        let known = self.shell.wants.contains_key(&reference.id);
        let fresh = || Want { reference, blocks: BTreeSet::new(), tries: 0 };
        let want = self.shell.wants.entry(reference.id).or_insert_with(fresh);
        want.blocks.extend(block);
        if known {
            return;
        }
        // A push may have been written already and wait for its sync.
        let first = peer.filter(|peer| peer.0 != self.number);
        if let Some(peer) = first.filter(|_| !self.disks.payload.has_batch(&reference.id)) {
            self.ask_batch(env, peer.0, reference.id);
        }
        let us = if first.is_some() { REFETCH_US } else { 1_000 };
        self.later(env, us, Work::Refetch(reference.id));
    }

    /// The author next, then everybody in turn.
    pub(crate) fn refetch(&mut self, env: &mut Env, id: BatchId) {
        let Some(want) = self.shell.wants.get_mut(&id) else {
            return;
        };
        let turn = want.tries;
        want.tries += 1;
        let author = want.reference.author;
        if !self.disks.payload.has_batch(&id) {
            let present = Rc::clone(self.shell.committees.present());
            let asked = match turn {
                0 => present.key(author).and_then(|key| env.running.get(&key)?.first().copied()),
                _ => Some((self.number + turn) % u32::try_from(env.running.len()).unwrap_or(1)),
            };
            if let Some(asked) = asked.filter(|asked| *asked != self.number) {
                self.ask_batch(env, asked, id);
            }
        }
        self.later(env, REFETCH_US, Work::Refetch(id));
    }

    fn ask_batch(&mut self, env: &mut Env, to: u32, id: BatchId) {
        let packet = Packet::new(Kind::Ask, encode_canonical(&Ask::Batch(id)), None);
        self.transmit(env, to, &packet);
    }

    /// Blocks that nobody relies on any more: what only they needed is not asked for any longer.
    pub(crate) fn forget(&mut self, blocks: &[BlockId]) {
        self.shell.wants.retain(|_, want| {
            let executor = want.blocks.is_empty();
            want.blocks.retain(|block| !blocks.contains(block));
            executor || !want.blocks.is_empty()
        });
    }

    /// A verified batch came in, pushed or asked for.
    pub(crate) fn batch_came(&mut self, env: &mut Env, id: BatchId, batch: Rc<Batch>) {
        let wanted = self.shell.wants.contains_key(&id);
        let present = batch.header.epoch == self.shell.committees.newest();
        let room = present && self.shell.mempool.has_room(batch.header.author);
        if (wanted || room) && !self.disks.payload.has_batch(&id) {
            self.write_payload(env, PayloadWrite::Batch(id, batch));
        }
    }

    pub(crate) fn serve_batch(&mut self, env: &mut Env, to: u32, id: BatchId) {
        if let Some(batch) = self.disks.payload.batch(&id) {
            let packet = Packet::new(Kind::Batch, encode_canonical(&**batch), None);
            self.transmit(env, to, &packet);
        }
    }

    /// The blocks on the way up to one of them, lowest first, at most 64, of one epoch; none if it is not known here.
    pub(crate) fn serve_blocks(&mut self, env: &mut Env, to: u32, branch: &Branch) {
        let mut way: Vec<Block> = Vec::new();
        let mut next = self.disks.payload.block(&branch.tip);
        while let Some(block) = next.filter(|block| block.header.height > branch.above) {
            way.push(Block::clone(block));
            next = self.disks.payload.block(&block.header.parent);
        }
        way.reverse();
        way.truncate(BLOCKS_ASKED_MAX);
        let epoch = way.first().map(|block| block.header.epoch);
        way.retain(|block| Some(block.header.epoch) == epoch);
        let answer = Answer::Blocks(List::new(way).unwrap_or_default());
        let packet = Packet::new(Kind::Blocks, encode_canonical(&answer), None);
        self.transmit(env, to, &packet);
    }

    pub(crate) fn serve_handover(&mut self, env: &mut Env, to: Peer, epoch: Epoch) {
        let handover = self.disks.state.handovers().find(|one| one.decision.epoch == epoch).cloned();
        if handover.is_some() {
            let newer = Newer { handover, ..Newer::default() };
            self.release(env, cybermesh_consensus::To::Peer(to), &Outbound::Newer(Box::new(newer)));
        }
    }
}
