//! What agreement costs: messages, bytes, signatures and delays per decision, counted in virtual time.
//!
//! **Promise**: the same figures on every machine. Every message takes the same time, [`DELAY_US`]; disks, signers and
//! executors take none worth mentioning; one batch waits whenever a view begins. So what is counted is the protocol.
//!
//! **Refuses** to give figures of a run in which a property broke.

mod meter;
mod page;

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use cybermesh_proto::agree::faults;
use cybermesh_proto::{Height, ValidatorIndex};

use crate::model::{Body, Transaction, TxId};
use crate::plan::{Bounds, Disk, Executor, Links, Plan};
use crate::run::Options;
use crate::world::{Committees, World};

pub use meter::{Meter, Sums, Times};
pub use page::{PATH, page};

/// 10 ms: a message between two cities; far below every timeout.
pub const DELAY_US: u64 = 10_000;
/// 2 threads: as many as the cores of the machines that gate changes.
const THREADS: usize = 2;
/// 20,000,000 events: a case that makes more does not get on.
const EVENTS_MAX: u64 = 20_000_000;

/// Who is dead.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Situation {
    /// Nobody.
    Calm,
    /// One node.
    OneDead,
    /// f nodes, no two of them neighbours in the order of leaders.
    AllDead,
}

/// A cluster, and the stretch of views that is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Case {
    /// Nodes.
    pub n: usize,
    /// Who is dead.
    pub situation: Situation,
    /// It begins when a block of this view or a later one is decided.
    pub from: u64,
    /// And ends when one of this view or a later one is.
    pub to: u64,
}

/// What came of a case.
#[derive(Clone, Debug)]
pub struct Measured {
    /// The case.
    pub case: Case,
    /// Views passed.
    pub views: u64,
    /// Views given up among them.
    pub given_up: u64,
    /// The blocks decided, lowest first.
    pub blocks: Vec<Times>,
    /// All that was sent and signed.
    pub sums: Sums,
    /// Whether the first dead node led in a window, for each window that was passed whole.
    pub led: Vec<bool>,
}

impl Case {
    /// The cases of the page: eleven windows of 2n views where somebody is dead, after the first window. With 100
    /// nodes a few turns of leaders, one of them of a dead one or three of them.
    #[must_use]
    pub fn all() -> Vec<Self> {
        let mut cases = Vec::new();
        for n in [4, 7, 16, 31, 100] {
            let window = 2 * n as u64;
            for situation in [Situation::Calm, Situation::OneDead, Situation::AllDead] {
                let (from, to) = match situation {
                    Situation::Calm if n < 100 => (20, 60),
                    Situation::Calm => (6, 12),
                    Situation::OneDead | Situation::AllDead if n < 100 => (window, 12 * window),
                    Situation::OneDead => (6, 16),
                    Situation::AllDead => (5, 14),
                };
                cases.push(Self { n, situation, from, to });
            }
        }
        cases
    }

    /// The dead.
    #[must_use]
    pub fn dead(&self) -> Vec<u32> {
        let f = u32::try_from(faults(self.n)).unwrap_or_default();
        match self.situation {
            Situation::Calm => Vec::new(),
            // Of 100 only the first ones lead in the views looked at.
            Situation::OneDead => vec![if self.n < 100 { 1 } else { 10 }],
            Situation::AllDead => (0..f).map(|one| 3 * one + 1).collect(),
        }
    }

    fn plan(&self) -> Result<Plan, String> {
        let mut plan = Plan::parse("name = 'costs'\nabout = 'costs'\nnodes = [4]\nheal_ms = 1_000_000_000")?;
        plan.nodes = vec![self.n];
        plan.load.every_ms = 0;
        plan.load.block_batches = self.n.max(16);
        plan.links =
            Links { base_us: [DELAY_US; 2], jitter_us: 0, bytes_per_s: u64::MAX, ..Links::default() };
        plan.disk = Disk { safety_us: [0; 2], payload_us: [0; 2], state_us: [0; 2], sign_us: [0; 2] };
        plan.executor = Executor { delay_us: [0; 2], ..Executor::default() };
        plan.bounds = Bounds { live: false, ..Bounds::default() };
        Ok(plan)
    }
}

/// Measures one case.
pub fn measure(case: Case) -> Result<Measured, String> {
    let mut run = Run::new(case)?;
    run.until(|meter| newest_view(meter) >= case.from)?;
    run.pause()?;
    let (first, before) = run.mark();
    run.until(|meter| newest_view(meter) >= case.to)?;
    run.pause()?;
    let (last, after) = run.mark();
    let running = case.n - case.dead().len();
    run.until(|meter| meter.certified_by_all(running) >= last.0)?;
    let meter = run.meter()?;
    let views = last.1.view.get() - first.1.view.get();
    let passed = first.1.view..last.1.view;
    Ok(Measured {
        case,
        views,
        given_up: meter.given_up.range(passed).count() as u64,
        blocks: meter.blocks.range(first.0.next()..=last.0).map(|(_, times)| *times).collect(),
        sums: after.since(&before),
        led: led(case, meter),
    })
}

/// In which whole windows the first dead node led, as the decided blocks say.
fn led(case: Case, meter: &Meter) -> Vec<bool> {
    let Some(dead) = case.dead().first().and_then(|dead| ValidatorIndex::new(*dead as usize)) else {
        return Vec::new();
    };
    let window = 2 * case.n as u64;
    let leads = |number: u64| {
        let within = |times: &&Times| times.view.get() / window == number;
        meter.blocks.values().find(within).map(|times| !times.left_out.contains(dead))
    };
    (case.from.div_ceil(window)..case.to / window).filter_map(leads).collect()
}

/// Measures all cases, the longest first, in the order of the page.
pub fn measure_all() -> Result<Vec<Measured>, String> {
    let cases = Case::all();
    let (next, done) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                while let Some(place) = cases.len().checked_sub(next.fetch_add(1, Ordering::Relaxed) + 1) {
                    let measured = measure(cases[place]);
                    done.lock().expect("no measurement panics while it is kept").push((place, measured));
                }
            });
        }
    });
    let mut done = done.into_inner().expect("all threads have ended");
    done.sort_by_key(|(place, _)| *place);
    done.into_iter().map(|(_, measured)| measured).collect()
}

fn newest_view(meter: &Meter) -> u64 {
    meter.newest().map_or(0, |(_, times)| times.view.get())
}

/// A cluster that is fed a batch for each view.
struct Run {
    world: World,
    running: Vec<usize>,
    fed: usize,
}

impl Run {
    fn new(case: Case) -> Result<Self, String> {
        let mut world = World::new(&case.plan()?, 0, Options::default());
        let dead = case.dead();
        for node in &dead {
            world.nodes[*node as usize].stopped = true;
        }
        let mut committees = Committees::default();
        let committee = world.env.setup.genesis.committee();
        committees.learn(world.env.register.intern(&committee));
        let running = (0..case.n).filter(|node| !dead.contains(&(*node as u32))).collect();
        world.env.meter = Some(Meter::new(committees, dead));
        Ok(Self { world, running, fed: 0 })
    }

    fn meter(&self) -> Result<&Meter, String> {
        self.world.env.meter.as_ref().ok_or_else(|| "no meter".to_owned())
    }

    fn step(&mut self) -> Result<(), String> {
        if !self.world.step() || self.world.events > EVENTS_MAX {
            return Err("the cluster does not get on".to_owned());
        }
        if let Some(finding) = self.world.env.judge.finding() {
            return Err(format!("{}: {}", finding.property, finding.what));
        }
        // Payload for the view after each one: it is packed and pushed before that begins.
        let led = self.meter()?.proposed.len();
        if led > self.fed {
            self.fed = led;
            let (World { nodes, env, .. }, node) = (&mut self.world, self.running[led % self.running.len()]);
            nodes[node].submit(env, Transaction { id: TxId(led as u64), body: Body::Note }.item());
        }
        Ok(())
    }

    fn until(&mut self, reached: impl Fn(&Meter) -> bool) -> Result<(), String> {
        while !reached(self.meter()?) {
            self.step()?;
        }
        Ok(())
    }

    /// On to a moment in which everything that was sent together has been sent.
    fn pause(&mut self) -> Result<(), String> {
        let until = self.world.env.now + DELAY_US / 2;
        while self.world.env.now < until {
            self.step()?;
        }
        Ok(())
    }

    fn mark(&self) -> ((Height, Times), Sums) {
        let meter = self.world.env.meter.as_ref().expect("put in at the start");
        (meter.newest().expect("a block was waited for"), meter.sums)
    }
}
