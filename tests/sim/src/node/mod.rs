//! A node: the shell around one core. It performs effects in their order and brings back what came of them.
//!
//! **Promises**: an answer comes only after what it stands for is on the simulated disk; a crash may fall between any
//! two effects; what the process knew dies with it, and a start sees the disks only.

mod effects;
mod execute;
mod life;
mod pack;
mod payload;
mod receive;
mod send;
mod start;
mod words;
mod work;

use std::cell::Cell;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use cybermesh_consensus::{Core, Input};
use cybermesh_proto::agree::{BatchRef, Block};
use cybermesh_proto::{BatchId, BatchSeq, BlockId, Epoch, Height, TimeUs, View};

use crate::byzantine::{Behaviour, shameless};
use crate::disk::Disks;
use crate::keys::Signer;
use crate::model::{Executed, Mempool, ModelState};
use crate::net::Packet;
use crate::setup::BEGINNING_US;
use crate::world::{Committees, Env, Interned};

pub use work::Work;

/// A node of a run.
pub struct Node {
    /// Its number; also that of the connection to it.
    pub number: u32,
    /// Its public key.
    pub key: [u8; 32],
    /// Its signer.
    pub signer: Rc<dyn Signer>,
    /// How many signatures it made: no two are alike.
    pub signatures: Cell<u64>,
    /// How often it was started.
    pub life: u32,
    /// The core, while the process runs.
    pub core: Option<Core>,
    /// What dies with the process.
    pub shell: Shell,
    /// What does not.
    pub disks: Disks,
    /// An old copy of that.
    pub copy: Option<Disks>,
    /// How its clock goes wrong: µs now, and µs in each second.
    pub clock_us: (i64, i64),
    /// How many times slower disk and executor are.
    pub slow: (u64, u64),
    /// From this height on its results are wrong.
    pub splits_from: Option<u64>,
    /// The next sync fails; it starts again after so many µs.
    pub breaks: Option<u64>,
    /// How many effects it has performed in all its lives.
    pub effects: u64,
    /// The power goes off after these, for so many µs.
    pub crash_points: BTreeMap<u64, u64>,
    /// It has stopped for good: its result is not the certified one, or a rule was broken.
    pub stopped: bool,
    /// How it lies.
    pub behaviour: Option<Box<dyn Behaviour>>,
}

/// What dies with the process.
#[derive(Default)]
pub struct Shell {
    pub(crate) committees: Committees,
    /// The epoch before, while its validators are still talked to.
    pub(crate) lingering: Option<Rc<Interned>>,
    pub(crate) timers: BTreeMap<u8, u64>,
    pub(crate) timer_number: u64,
    /// The newest view entered.
    pub(crate) view: (Epoch, View),
    /// How long the present view and the one before may take, in µs.
    pub(crate) patience_us: [u64; 2],
    pub(crate) clock: Option<TimeUs>,
    pub(crate) mempool: Mempool,
    pub(crate) own_packets: BTreeMap<BatchId, Rc<Packet>>,
    pub(crate) batch_seq: BatchSeq,
    pub(crate) packing: bool,
    pub(crate) offering: bool,
    pub(crate) wants: BTreeMap<BatchId, Want>,
    pub(crate) queue: VecDeque<Arc<Block>>,
    pub(crate) executing: bool,
    pub(crate) head: Option<Rc<ModelState>>,
    pub(crate) results: BTreeMap<Height, (Arc<Block>, Rc<Executed>)>,
    /// Epoch and view of the newest block executed in this life.
    pub(crate) executed: Option<(Epoch, View)>,
    pub(crate) applied: Height,
    pub(crate) payload_top: Height,
    pub(crate) certified: Height,
    pub(crate) working: Option<bool>,
    pub(crate) reconsidering: bool,
    /// When the newest writes of payload store and state store are synced.
    pub(crate) busy_until: (u64, u64),
}

/// A batch that is asked for.
pub(crate) struct Want {
    pub(crate) reference: BatchRef,
    /// Blocks that need it; none when only the executor does.
    pub(crate) blocks: BTreeSet<BlockId>,
    pub(crate) tries: u32,
}

impl Node {
    /// A node that was never started.
    #[must_use]
    pub fn new(number: u32, key: [u8; 32], signer: Rc<dyn Signer>) -> Self {
        Self {
            number,
            key,
            signer,
            signatures: Cell::new(u64::from(number) << 32),
            life: 0,
            core: None,
            shell: Shell::default(),
            disks: Disks::default(),
            copy: None,
            clock_us: (0, 0),
            slow: (1, 1),
            splits_from: None,
            breaks: None,
            effects: 0,
            crash_points: BTreeMap::new(),
            stopped: false,
            behaviour: None,
        }
    }

    /// Whether its process runs.
    #[must_use]
    pub fn is_up(&self) -> bool {
        self.core.is_some()
    }

    /// What its clock says.
    #[must_use]
    pub fn clock(&self, now: u64) -> TimeUs {
        let (offset, rate) = self.clock_us;
        let wrong = offset + (i128::from(rate) * i128::from(now) / 1_000_000) as i64;
        TimeUs::new((BEGINNING_US + now).saturating_add_signed(wrong))
    }

    /// The state that it has applied.
    #[must_use]
    pub fn head(&self) -> &Rc<ModelState> {
        self.shell.head.as_ref().expect("a running node has a state")
    }

    /// The core's reading of the clock, then an input, with all that follows.
    pub fn feed(&mut self, env: &mut Env, input: Input) {
        let clock = self.clock(env.now);
        if self.shell.clock != Some(clock) {
            self.shell.clock = Some(clock);
            self.step(env, Input::Clock(clock));
        }
        self.step(env, input);
    }

    fn step(&mut self, env: &mut Env, input: Input) {
        let Some(core) = &mut self.core else {
            return;
        };
        env.trace.line(env.now, Some(self.number), || words::input(&input));
        let effects = match &self.behaviour {
            Some(_) => shameless(|| core.step(input)),
            None => core.step(input),
        };
        env.judge.loaded(self.number, core.committee().set.n(), core.load());
        self.perform_all(env, effects);
    }
}
