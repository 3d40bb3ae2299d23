//! Starting and stopping a process.

use std::rc::Rc;

use cybermesh_consensus::Core;

use super::{Node, Shell};
use crate::byzantine::Site;
use crate::model::ModelState;
use crate::world::{Env, Event};

impl Node {
    /// Starts the process from what is on its disks.
    pub fn start(&mut self, env: &mut Env) {
        if self.core.is_some() || self.stopped {
            return;
        }
        self.life += 1;
        self.shell = Shell::default();
        let start = self.found_on_disk(env);
        let newest = self.disks.state.newest();
        let state = newest.map_or_else(
            || Rc::new(ModelState::genesis(&env.setup.genesis)),
            |applied| Rc::clone(&applied.executed.state),
        );
        self.shell.applied = state.height;
        self.shell.certified =
            self.disks.state.newest_certified().map_or_else(Default::default, |one| one.decision.height);
        let with_payload = self.disks.state.all_applied().filter(|applied| !applied.block.batches.is_empty());
        self.shell.payload_top =
            with_payload.last().map_or_else(Default::default, |applied| applied.block.header.height);
        self.shell.head = Some(state);
        self.fill_mempool();
        env.judge.started(self.number, self.life);
        env.trace.line(env.now, Some(self.number), || {
            format!(
                "starts, life {}: height {}, record {:?}",
                self.life,
                start.applied.height,
                record(&start)
            )
        });
        let (core, effects) = Core::start(start);
        self.core = Some(core);
        self.perform_all(env, effects);
        self.reconsider(env);
        self.wake_packing(env);
        let others: Vec<u32> =
            env.running.values().flatten().copied().filter(|one| *one != self.number).collect();
        for other in others {
            env.after(5_000, Event::Connected(other, self.number));
        }
        self.start_behaviour(env);
    }

    fn start_behaviour(&mut self, env: &mut Env) {
        if let Some(mut behaviour) = self.behaviour.take() {
            behaviour.start(&mut Site::new(self, env));
            self.behaviour = Some(behaviour);
        }
    }

    /// The power goes off.
    pub fn crash(&mut self, env: &mut Env) {
        if self.core.take().is_none() {
            return;
        }
        env.trace.line(env.now, Some(self.number), || "crashes".to_owned());
        let torn = self.disks.crash(&mut env.rng);
        if torn > 0 {
            env.inject("torn-write");
        }
        self.shell = Shell::default();
        env.judge.stopped(self.number);
    }

    /// Batches on disk that are not applied come back; own ones are offered again.
    fn fill_mempool(&mut self) {
        let state = Rc::clone(self.head());
        let batches: Vec<_> =
            self.disks.payload.batches().map(|(id, batch)| (*id, Rc::clone(batch))).collect();
        for (id, batch) in batches {
            let header = &batch.header;
            let is_own = self.index_in(header.epoch) == Some(header.author);
            if is_own {
                self.shell.batch_seq = self.shell.batch_seq.max(header.batch_seq);
                if header.epoch == state.epoch && !state.batches.contains(&id) {
                    self.shell.mempool.packed(id, Rc::clone(&batch));
                }
            }
            drop(self.shell.mempool.hold(id, batch, &state));
        }
    }
}

fn record(start: &cybermesh_consensus::Start) -> String {
    match &start.record {
        cybermesh_consensus::Found::FirstBoot => "of a first boot".into(),
        cybermesh_consensus::Found::Nothing => "lost".into(),
        cybermesh_consensus::Found::Record(record) => {
            format!("{} (mirror {})", record.generation.0, start.mirror.0)
        }
    }
}
