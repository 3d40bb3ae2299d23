//! What a start finds on the disks.

use std::sync::Arc;

use cybermesh_consensus::Start;
use cybermesh_proto::DecisionHash;
use cybermesh_proto::agree::{Block, Header};
use cybermesh_proto::wire::Fixed;

use super::Node;
use crate::world::Env;

/// 11 windows of 2n views.
const WINDOWS: u64 = 11;

impl Node {
    /// Reads the disks, and learns the committees that they prove.
    pub(crate) fn found_on_disk(&mut self, env: &mut Env) -> Start {
        let clock = self.clock(env.now);
        let nonce = Fixed(env.rng.bytes());
        let mut start = Start::first(&env.setup.genesis, Some(Fixed(self.key)), nonce, clock);
        start.config = env.config.clone();
        start.record = self.disks.safety.found();
        start.mirror = self.disks.state.mirror();
        start.lost_store = self.disks.lost_store;
        self.read_epochs(env, &mut start);
        self.read_state(&mut start);
        start.blocks = self.blocks_above(&start.applied);
        start
    }

    fn read_epochs(&mut self, env: &mut Env, start: &mut Start) {
        self.shell.committees.learn(env.register.intern(&start.committee));
        for applied in self.disks.state.all_applied() {
            let execution = &applied.executed.execution;
            let Some(next) = &execution.next else {
                continue;
            };
            let certified = self.disks.state.certified(execution.decision.height);
            if certified.is_none_or(|one| one.handover.is_none()) {
                start.next = Some(next.clone());
                break;
            }
            start.committee = start.committee.after(&execution.decision, next.clone());
            self.shell.committees.learn(env.register.intern(&start.committee));
        }
    }

    fn read_state(&self, start: &mut Start) {
        let state = &self.disks.state;
        for applied in state.all_applied() {
            let decision = &applied.executed.execution.decision;
            start.decisions.push((decision.height, DecisionHash(decision.hash().0)));
        }
        if let Some(newest) = state.newest() {
            start.applied = newest.block.header.clone();
            start.quarantines = newest.executed.execution.quarantines.clone();
            start.due = newest.executed.execution.due;
        }
        if let Some(certified) = state.newest_certified() {
            start.certified = Some(Box::new((certified.decision.clone(), certified.certificate.clone())));
        }
        let certified = state.newest_certified().map_or_else(Default::default, |one| one.decision.height);
        let open = || state.all_applied().filter(|applied| applied.block.header.height > certified);
        start.uncertified = open().map(|applied| applied.executed.execution.decision.clone()).collect();
        start.attestations = open().filter_map(|applied| applied.attestation.clone()).collect();
        start.past = self.past(start);
    }

    /// Headers of this epoch: of the last 11 windows, and the newest one before them.
    fn past(&self, start: &Start) -> Vec<Header> {
        let epoch = start.committee.epoch;
        let all = self.disks.state.all_applied().map(|applied| &applied.block.header);
        let of_epoch: Vec<&Header> = all.filter(|header| header.epoch == epoch).collect();
        let length = 2 * start.committee.set.n() as u64;
        let newest = of_epoch.last().map_or(0, |header| header.view.get() / length);
        let first = newest.saturating_sub(WINDOWS) * length;
        let older = of_epoch.iter().filter(|header| header.view.get() < first).count();
        of_epoch.into_iter().skip(older.saturating_sub(1)).cloned().collect()
    }

    fn blocks_above(&self, applied: &Header) -> Vec<Arc<Block>> {
        let above = self.disks.payload.blocks().filter(|block| block.header.height > applied.height);
        let mut blocks: Vec<_> = above.cloned().collect();
        blocks.sort_by_key(|block| (block.header.height, block.header.epoch, block.header.view));
        blocks
    }
}
