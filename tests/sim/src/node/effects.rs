//! Performing effects, one after the other, with a possible power cut after each.

use std::rc::Rc;

use cybermesh_consensus::{Effect, Halt, SignedStatement, Timer, ToSign};
use cybermesh_proto::agree::{Signed, Statement};
use cybermesh_proto::planted::{Fault, planted};
use cybermesh_proto::{Epoch, ValidatorIndex};

use super::{Node, Work, words};
use crate::disk::{Certified, PayloadWrite, StateWrite};
use crate::world::{Env, Event, micros};

impl Node {
    /// Performs the effects of one step.
    pub(crate) fn perform_all(&mut self, env: &mut Env, effects: Vec<Effect>) {
        let life = self.life;
        for effect in effects {
            if self.core.is_none() || self.life != life {
                return;
            }
            env.trace.line(env.now, Some(self.number), || words::effect(&effect));
            self.perform(env, effect);
            self.effects += 1;
            if let Some(down_us) = self.crash_points.remove(&self.effects) {
                env.inject("crash-at-effect");
                self.crash(env);
                env.after(down_us, Event::Start(self.number));
            }
        }
    }

    fn perform(&mut self, env: &mut Env, effect: Effect) {
        match effect {
            Effect::Sign(statement) => self.sign(env, *statement),
            Effect::Persist(record) => {
                let (before, executed) = (self.disks.safety.newest(), self.shell.executed);
                env.judge.recorded(self.number, self.life, before, &record, executed);
                if self.disks.safety.write(record) {
                    self.sync_safety(env);
                }
            }
            Effect::Send(to, outbound) => self.release(env, to, &outbound),
            Effect::Schedule(timer, pause) => self.schedule(env, timer, micros(pause)),
            Effect::Store(block) => self.store(env, &block),
            Effect::Fetch(block, batches, peer) => self.fetch(env, block, &batches, peer),
            Effect::Forget(blocks) => self.forget(&blocks),
            Effect::Build(build) => {
                let work = Work::Built(build.epoch, build.view, build.exclude);
                self.later(env, 20, work);
            }
            Effect::Decide(block) => self.decide(env, block),
            Effect::Void(blocks) => env.judge.void(self.number, &blocks),
            Effect::Commit(height, attestation) => self.commit(env, height, attestation),
            Effect::StoreCertificate(certified, handover) => {
                let (decision, certificate) = *certified;
                let handover = handover.map(|handover| *handover);
                let committee = self.shell.committees.get(decision.epoch).cloned();
                env.judge.certificate(self.number, &decision, &certificate, committee.as_deref());
                let certified = Certified { decision, certificate, handover };
                self.write_state(env, StateWrite::Certified(Rc::new(certified)));
            }
            Effect::Certified(height) => {
                self.shell.certified = self.shell.certified.max(height);
                env.judge.certified(self.number, height);
                if let Some(meter) = &mut env.meter {
                    meter.certified(self.number, height, env.now);
                }
                self.reconsider(env);
            }
            Effect::Entered(committee) => self.entered(env, &committee),
            Effect::Whole => self.disks.lost_store = false,
            Effect::ServeHandover(peer, epoch) => self.serve_handover(env, peer, epoch),
            Effect::Evidence(evidence) => self.found(env, &evidence),
            Effect::Misbehaved(who, what) => {
                let key = self.shell.committees.present().key(who);
                env.judge.blamed(self.number, key, what);
            }
            Effect::Alarm(alarm) => env.judge.alarm(self.number, &alarm),
            Effect::Halt(halt) => self.halt(env, &halt),
        }
    }

    /// The answer to something, in so many µs.
    pub(crate) fn later(&self, env: &mut Env, us: u64, work: Work) {
        env.after(us.max(1), Event::Work(self.number, self.life, work));
    }

    fn schedule(&mut self, env: &mut Env, timer: Timer, us: u64) {
        if let Timer::View(epoch, view) = timer {
            if (epoch, view) > self.shell.view {
                self.shell.patience_us[0] = self.shell.patience_us[1];
            }
            self.shell.patience_us[1] = us;
            self.shell.view = self.shell.view.max((epoch, view));
            env.judge.entered_view(self.number, epoch, view);
            env.net.entered(self.number, view, env.now);
        }
        self.shell.timer_number += 1;
        let number = self.shell.timer_number;
        self.shell.timers.insert(kind(timer), number);
        env.after(us.max(1), Event::Timer(self.number, self.life, timer, number));
    }

    /// Whether a timer that ran out is still the newest of its kind.
    pub(crate) fn timer_counts(&mut self, timer: Timer, number: u64) -> bool {
        self.shell.timers.get(&kind(timer)) == Some(&number)
    }

    pub(crate) fn sync_safety(&mut self, env: &mut Env) {
        let us = env.rng.range(env.plan.disk.safety_us) * self.slow.0;
        self.later(env, us, Work::SafetySynced);
    }

    pub(crate) fn write_payload(&mut self, env: &mut Env, write: PayloadWrite) {
        self.disks.payload.write(write);
        let us = env.rng.range(env.plan.disk.payload_us) * self.slow.0;
        let done = (env.now + us.max(1)).max(self.shell.busy_until.0);
        self.shell.busy_until.0 = done;
        self.later(env, done - env.now, Work::PayloadSynced);
    }

    pub(crate) fn write_state(&mut self, env: &mut Env, write: StateWrite) {
        self.disks.state.write(write);
        let us = env.rng.range(env.plan.disk.state_us) * self.slow.0;
        let done = (env.now + us.max(1)).max(self.shell.busy_until.1);
        self.shell.busy_until.1 = done;
        self.later(env, done - env.now, Work::StateSynced);
    }

    fn store(&mut self, env: &mut Env, block: &std::sync::Arc<cybermesh_proto::agree::Block>) {
        let id = block.header.id();
        if self.disks.payload.block(&id).is_some() {
            return self.later(env, 1, Work::Stored(id));
        }
        self.write_payload(env, PayloadWrite::Block(id, std::sync::Arc::clone(block)));
    }

    fn sign(&mut self, env: &mut Env, statement: ToSign) {
        if let Some(meter) = &mut env.meter {
            meter.signs(&statement);
        }
        let signed = match statement {
            ToSign::Proposal(one) => self.signed(one).map(SignedStatement::Proposal),
            ToSign::Vote(one) => self.signed(one).map(SignedStatement::Vote),
            ToSign::Timeout(one) => self.signed(one).map(SignedStatement::Timeout),
            ToSign::Attestation(one) => self.signed(one).map(SignedStatement::Attestation),
            ToSign::Heartbeat(one) => self.signed(one).map(SignedStatement::Heartbeat),
            ToSign::Report(one) => self.signed(one).map(SignedStatement::Report),
        };
        let Some(signed) = signed else {
            return env.judge.fault(
                self.number,
                "sign-as-stranger",
                "asked to sign in an epoch it is no part of",
            );
        };
        let us = env.rng.range(env.plan.disk.sign_us);
        self.later(env, us, Work::Signed(Box::new(signed)));
    }

    /// A statement with this node's signature.
    pub(crate) fn signed<S: Statement>(&self, statement: S) -> Option<Signed<S>> {
        let author = self.index_in(statement.epoch())?;
        let salt = self.signatures.get();
        self.signatures.set(salt + 1);
        let signature = self.signer.sign(&statement.signing_bytes(), salt);
        Some(Signed { statement, author, signature })
    }

    /// The place of this node in the set of an epoch.
    pub(crate) fn index_in(&self, epoch: Epoch) -> Option<ValidatorIndex> {
        self.shell.committees.get(epoch)?.index(&self.key)
    }

    fn entered(&mut self, env: &mut Env, committee: &cybermesh_proto::agree::Committee) {
        let interned = env.register.intern(committee);
        env.judge.entered_epoch(self.number, &interned);
        self.shell.lingering = Some(Rc::clone(self.shell.committees.present()));
        self.shell.committees.learn(interned);
        let head = Rc::clone(self.head());
        self.shell.mempool.entered(committee.epoch, &head);
        self.shell.own_packets.clear();
        self.wake_packing(env);
        self.reconsider(env);
    }

    fn halt(&mut self, env: &mut Env, halt: &Halt) {
        let down_us = self.breaks.take();
        let expected = down_us.is_some() && matches!(halt, Halt::Broken(_));
        env.judge.halted(self.number, halt, expected);
        self.crash(env);
        match down_us {
            Some(us) if expected => env.after(us, Event::Start(self.number)),
            _ => self.stopped = true,
        }
    }

    /// The generation that a write batch of the state store names as on disk.
    pub(crate) fn mirror(&self) -> cybermesh_consensus::Generation {
        if planted(Fault::MirrorBeforeSync) {
            self.disks.safety.asked()
        } else {
            self.disks.safety.generation()
        }
    }
}

/// Timers of one kind replace each other.
fn kind(timer: Timer) -> u8 {
    match timer {
        Timer::View(..) => 0,
        Timer::Work(..) => 1,
        Timer::Propose(..) => 2,
        Timer::Due => 3,
        Timer::Early => 4,
        Timer::Resend => 5,
        Timer::Heartbeat => 6,
        Timer::Ask => 7,
    }
}
