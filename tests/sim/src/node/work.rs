//! What the shell has under way, and what it brings the core when it is finished.

use cybermesh_consensus::{Broken, Input, SignedStatement};
use cybermesh_proto::{BatchId, BlockId, Epoch, View};

use super::Node;
use crate::disk::{PayloadWrite, StateWrite};
use crate::world::Env;

/// Something finished.
pub enum Work {
    /// A signature.
    Signed(Box<SignedStatement>),
    /// A sync of the safety file.
    SafetySynced,
    /// The oldest write of the payload store.
    PayloadSynced,
    /// The oldest write of the state store.
    StateSynced,
    /// A block that was on disk already.
    Stored(BlockId),
    /// Batches that were on disk already.
    Held(Vec<BatchId>),
    /// The block at the head of the executor's queue.
    Executed,
    /// The choice of payload: epoch, view, what the chain holds already.
    Built(Epoch, View, Vec<BatchId>),
    /// Time to ask somebody else for a batch.
    Refetch(BatchId),
    /// Time to pack.
    Pack,
    /// Time to offer own batches again.
    Offer,
    /// Whether work waits may have changed.
    Reconsider,
}

impl Work {
    /// A number for the trace.
    #[must_use]
    pub fn tag(&self) -> u64 {
        match self {
            Self::Signed(_) => 1,
            Self::SafetySynced => 2,
            Self::PayloadSynced => 3,
            Self::StateSynced => 4,
            Self::Stored(_) => 5,
            Self::Held(_) => 6,
            Self::Executed => 7,
            Self::Built(..) => 8,
            Self::Refetch(_) => 9,
            Self::Pack => 10,
            Self::Offer => 11,
            Self::Reconsider => 12,
        }
    }

    fn is_sync(&self) -> bool {
        matches!(self, Self::SafetySynced | Self::PayloadSynced | Self::StateSynced)
    }
}

impl Node {
    /// Something is finished.
    pub fn finish(&mut self, env: &mut Env, work: Work) {
        if work.is_sync() && self.breaks.is_some() {
            env.inject("storage-error");
            env.judge.broke(self.number);
            return self.feed(env, Input::Broken(Broken::Storage));
        }
        match work {
            Work::Signed(statement) => self.feed(env, Input::Signed(statement)),
            Work::SafetySynced => self.safety_synced(env),
            Work::PayloadSynced => self.payload_synced(env),
            Work::StateSynced => self.state_synced(env),
            Work::Stored(id) => self.feed(env, Input::Stored(id)),
            Work::Held(ids) => ids.into_iter().for_each(|id| self.feed(env, Input::BatchHeld(id))),
            Work::Executed => self.executed(env),
            Work::Built(epoch, view, exclude) => {
                let n = self.shell.committees.present().committee.set.n();
                let most = env.plan.load.block_batches;
                let chosen = self.shell.mempool.choose(epoch, &exclude, n, most);
                self.feed(env, Input::Built(epoch, view, chosen));
            }
            Work::Refetch(id) => self.refetch(env, id),
            Work::Pack => self.pack(env),
            Work::Offer => self.offer(env),
            Work::Reconsider => self.reconsidered(env),
        }
    }

    fn safety_synced(&mut self, env: &mut Env) {
        let Some((generation, more)) = self.disks.safety.sync() else {
            return;
        };
        if more {
            self.sync_safety(env);
        }
        self.feed(env, Input::Persisted(generation));
    }

    fn payload_synced(&mut self, env: &mut Env) {
        match self.disks.payload.sync() {
            Some(PayloadWrite::Block(id, _)) => self.feed(env, Input::Stored(id)),
            Some(PayloadWrite::Batch(id, batch)) => self.batch_synced(env, id, batch),
            None => {}
        }
    }

    fn state_synced(&mut self, env: &mut Env) {
        match self.disks.state.sync() {
            Some(StateWrite::Applied(applied)) => self.applied(env, &applied),
            Some(StateWrite::Certified(certified)) => {
                self.feed(env, Input::CertificateStored(certified.decision.height));
            }
            None => {}
        }
    }
}
