//! What all nodes of a run share: time, chance, the queue, the network, the judge and the trace.

use std::collections::BTreeMap;
use std::rc::Rc;

use core::time::Duration;

use cybermesh_consensus::{Config, Timer};
use cybermesh_proto::{BlockId, DecisionHash};

use super::committees::Register;
use super::queue::Queue;
use super::trace::Trace;
use crate::costs::Meter;
use crate::model::{Executed, Transaction};
use crate::net::{Network, Packet, Route};
use crate::node::Work;
use crate::plan::{Plan, What};
use crate::properties::Judge;
use crate::rng::Rng;
use crate::setup::Setup;

/// What can happen in the world.
pub enum Event {
    /// A node is started.
    Start(u32),
    /// A packet arrives.
    Deliver(u32, u32, Rc<Packet>),
    /// A timer of a core runs out: node, life, timer, its number.
    Timer(u32, u32, Timer, u64),
    /// The shell of a node has finished something: node, life, what.
    Work(u32, u32, Work),
    /// A new connection: who notices, who is new.
    Connected(u32, u32),
    /// The timer of a behaviour: node, life, token.
    Behaviour(u32, u32, u64),
    /// The next client comes.
    NextClient,
    /// A client submits, for the n-th time.
    Submit(Transaction, u32),
    /// Something goes wrong, or is put right.
    Act(Act),
    /// Everything heals.
    Heal,
}

/// Something that is done to the cluster.
#[derive(Clone, Debug)]
pub enum Act {
    /// A power cut of these nodes, for so many µs.
    Crash(Vec<u32>, u64),
    /// A power cut of one of the nodes that are up, if few enough are down; and the next one.
    CrashOften(u64, [u64; 2]),
    /// A direction dies.
    Kill(u32, u32),
    /// It lives again.
    Revive(u32, u32),
    /// A partition begins, for so many µs.
    Part(u64, Vec<u32>, u64),
    /// It ends.
    Unite(u64),
    /// A partition that is drawn anew after a while.
    Flap([u64; 2]),
    /// A node goes down and loses something.
    Lose(u32, What, u64),
    /// A copy of the disks is made.
    Copy(u32),
    /// A node goes down and gets the copy back.
    Restore(u32, What, u64),
    /// A second process of a node starts as this other node.
    Twin(u32, u32),
    /// A clock jumps by so many µs.
    Jump(u32, i64),
    /// The next sync of a node fails; it starts again later.
    StorageError(u32, u64),
}

/// What nodes share.
pub struct Env {
    /// Virtual time in µs.
    pub now: u64,
    /// What comes.
    pub queue: Queue<Event>,
    /// Chance.
    pub rng: Rng,
    /// The network.
    pub net: Network,
    /// The judge.
    pub judge: Judge,
    /// The trace.
    pub trace: Trace,
    /// The plan.
    pub plan: Plan,
    /// The seed.
    pub seed: u64,
    /// The settings of every core.
    pub config: Config,
    /// Genesis and keys.
    pub setup: Rc<Setup>,
    /// How many validators there are at first.
    pub n: usize,
    /// Committees.
    pub register: Register,
    /// The key of each node.
    pub keys: Vec<[u8; 32]>,
    /// Which nodes run with a key.
    pub running: BTreeMap<[u8; 32], Vec<u32>>,
    /// Results of honest executors: the same for everybody who executes the same block after the same decision.
    pub results: BTreeMap<(DecisionHash, BlockId), Rc<Executed>>,
    /// Whether everything has healed.
    pub healed: bool,
    /// Injections by kind.
    pub injected: BTreeMap<&'static str, u64>,
    /// Counts what agreement costs, if somebody asks.
    pub meter: Option<Meter>,
}

impl Env {
    /// Puts an event in, so many µs from now.
    pub fn after(&mut self, us: u64, event: Event) {
        self.queue.put(self.now + us, event);
    }

    /// The key that a node runs with: the connection to it proves it.
    #[must_use]
    pub fn key_of(&self, node: u32) -> [u8; 32] {
        self.keys[node as usize]
    }

    /// Counts an injection.
    pub fn inject(&mut self, kind: &'static str) {
        *self.injected.entry(kind).or_default() += 1;
    }

    /// Sends a packet to one node.
    pub fn send(&mut self, from: u32, to: u32, packet: &Rc<Packet>) {
        if let Some(meter) = &mut self.meter {
            meter.sent(self.now, to, packet, self.setup.scheme.check());
        }
        match self.net.route(self.now, (from, to), packet.bytes.len(), packet.place, &mut self.rng) {
            Route::Arrives(first, second) => {
                self.queue.put(first, Event::Deliver(from, to, Rc::clone(packet)));
                if let Some(second) = second {
                    self.inject("duplicate");
                    self.queue.put(second, Event::Deliver(from, to, Rc::clone(packet)));
                }
            }
            Route::Lost => self.inject("loss"),
            Route::Cut => self.inject("cut"),
        }
    }
}

/// A duration in µs.
#[must_use]
pub fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
