//! The way of a decided block: executed in order, written with its attestation, applied.

use std::rc::Rc;
use std::sync::Arc;

use cybermesh_consensus::Input;
use cybermesh_proto::Height;
use cybermesh_proto::agree::{Attestation, Batch, Block};

use super::{Node, Work};
use crate::disk::{Applied, StateWrite};
use crate::model::{Executed, Rules, execute};
use crate::world::Env;

impl Node {
    pub(crate) fn decide(&mut self, env: &mut Env, block: Arc<Block>) {
        let expected = self.shell.queue.back().map_or(self.head().height, |last| last.header.height).next();
        env.judge.decided(self.number, &block, expected);
        if let Some(meter) = &mut env.meter {
            meter.decided(&block.header, env.now);
        }
        self.shell.queue.push_back(block);
        self.execute_next(env);
    }

    /// Starts on the next block, if its batches are at hand.
    pub(crate) fn execute_next(&mut self, env: &mut Env) {
        if self.shell.executing || self.core.is_none() {
            return;
        }
        let epoch = self.head().epoch;
        // What was decided after the last block of an epoch is never executed.
        while self.shell.queue.front().is_some_and(|block| block.header.epoch < epoch) {
            self.shell.queue.pop_front();
        }
        let Some(block) = self.shell.queue.front().cloned() else {
            return;
        };
        let missing: Vec<_> =
            block.batches.iter().filter(|one| self.disks.payload.batch(&one.id).is_none()).copied().collect();
        if !missing.is_empty() {
            return missing.into_iter().for_each(|batch| self.want(env, batch, None, None));
        }
        self.shell.executing = true;
        let us = env.rng.range(env.plan.executor.delay_us) * self.slow.1;
        self.later(env, us, Work::Executed);
    }

    pub(crate) fn executed(&mut self, env: &mut Env) {
        self.shell.executing = false;
        let Some(block) = self.shell.queue.pop_front() else {
            return;
        };
        let executed = self.result(env, &block);
        env.judge.executed(self.number, &executed);
        self.shell.head = Some(Rc::clone(&executed.state));
        self.shell.executed = Some((block.header.epoch, block.header.view));
        self.shell.results.insert(block.header.height, (block, Rc::clone(&executed)));
        self.feed(env, Input::Executed(Box::new(executed.execution.clone())));
        self.execute_next(env);
    }

    fn result(&self, env: &mut Env, block: &Block) -> Rc<Executed> {
        let splits = self.splits_from.is_some_and(|height| block.header.height.get() >= height);
        let place = (self.head().decision, block.header.id());
        if let Some(known) = env.results.get(&place).filter(|_| !splits) {
            return Rc::clone(known);
        }
        let batch = |one: &cybermesh_proto::agree::BatchRef| self.disks.payload.batch(&one.id).cloned();
        let batches: Vec<Rc<Batch>> = block.batches.iter().filter_map(batch).collect();
        let rules = Rules {
            chain: env.setup.genesis.chain(),
            members: &env.setup.members,
            quarantine_heights: env.plan.executor.quarantine_heights,
            salt: if splits { u64::from(self.number) + 1 } else { 0 },
        };
        let executed = Rc::new(execute(self.head(), block, &batches, &rules));
        if splits {
            env.inject("split-result");
        } else {
            env.results.insert(place, Rc::clone(&executed));
        }
        executed
    }

    pub(crate) fn commit(&mut self, env: &mut Env, height: Height, attestation: Option<Box<Attestation>>) {
        let Some((block, executed)) = self.shell.results.remove(&height) else {
            return env.judge.fault(self.number, "commit-unexecuted", &format!("height {height}"));
        };
        let attestation = attestation.map(|attestation| *attestation);
        let mirror = self.mirror();
        let applied = Applied { block, executed, attestation, mirror };
        self.write_state(env, StateWrite::Applied(Rc::new(applied)));
    }

    pub(crate) fn applied(&mut self, env: &mut Env, applied: &Rc<Applied>) {
        let header = &applied.block.header;
        env.judge.applied(self.number, header, &applied.executed);
        if applied.attestation.is_none() && self.index_in(header.epoch).is_some() {
            env.judge.unattested(self.number, header);
        }
        self.shell.applied = header.height;
        if !applied.block.batches.is_empty() {
            self.shell.payload_top = header.height;
        }
        self.shell.mempool.applied(&applied.block.batches, &applied.executed.state);
        for batch in applied.block.batches.iter() {
            self.shell.own_packets.remove(&batch.id);
        }
        self.feed(env, Input::Committed(header.height));
        self.reconsider(env);
    }
}
