//! The engine: makes the world of a plan and seed, and runs it event by event until it has come to rest.

use std::collections::BTreeMap;
use std::rc::Rc;

use core::time::Duration;

use cybermesh_consensus::Config;
use cybermesh_proto::Height;
use cybermesh_proto::agree::Committee;

use super::committees::Register;
use super::env::{Env, Event};
use super::queue::Queue;
use super::trace::Trace;
use crate::byzantine::Site;
use crate::net::Network;
use crate::node::Node;
use crate::plan::{Plan, generate};
use crate::properties::{Judge, Standing, Verdict};
use crate::rng::Rng;
use crate::run::Options;
use crate::setup::{Shape, setup};

/// 5,000,000 events of a small world: a run that makes more does not come to rest.
const EVENTS_MAX: u64 = 5_000_000;
/// 2,500 events for each pair of nodes: one decision takes two messages from each to each.
const EVENTS_OF_PAIR_MAX: u64 = 2_500;

/// The world of a run.
pub struct World {
    /// The nodes; a node's number is its place.
    pub nodes: Vec<Node>,
    /// What they share.
    pub env: Env,
    /// Client transactions that were made.
    pub(super) transactions: Vec<crate::model::TxId>,
    /// Events so far.
    pub events: u64,
    /// The height that every honest node has to certify in the end.
    goal: Option<Height>,
}

impl World {
    /// The world of a plan and a seed.
    #[must_use]
    pub fn new(plan: &Plan, seed: u64, options: Options) -> Self {
        let mut plan = plan.clone();
        let mut rng = Rng::new(seed);
        let n = *rng.pick(&plan.nodes);
        if plan.generate {
            generate(&mut plan, n, &mut rng);
        }
        let anchor_lag = plan.core.anchor_lag.unwrap_or(32);
        let setup = setup(Shape { n, spares: plan.spares, anchor_lag, keys: options.keys });
        let keys: Vec<[u8; 32]> = setup.members.iter().map(|member| member.entry.ed25519.0).collect();
        let nodes: Vec<Node> = setup
            .members
            .iter()
            .enumerate()
            .map(|(number, member)| Node::new(number as u32, keys[number], Rc::clone(&member.signer)))
            .collect();
        let running: BTreeMap<_, _> = nodes.iter().map(|node| (node.key, vec![node.number])).collect();
        let committee = setup.genesis.committee();
        let mut register = Register::default();
        let config = config(&plan, u64::from(setup.genesis.genesis().limits.anchor_lag));
        let mut judge = Judge::new(keys.clone(), n, plan.bounds.clone(), Rc::clone(&setup.scheme));
        judge.begin(config.anchor_lag, register.intern(&committee));
        let twins = 8;
        let net = Network::new(plan.links.clone(), keys.len() as u32 + twins, &mut rng);
        let env = Env {
            now: 0,
            queue: Queue::default(),
            rng,
            net,
            judge,
            trace: Trace::new(options.readable),
            plan,
            seed,
            config,
            setup,
            n,
            register,
            keys,
            running,
            results: BTreeMap::new(),
            healed: false,
            injected: BTreeMap::new(),
            meter: None,
        };
        let mut world = Self { nodes, env, transactions: Vec::new(), events: 0, goal: None };
        world.prepare();
        world
    }

    fn prepare(&mut self) {
        for node in 0..self.nodes.len() as u32 {
            let at = self.env.rng.between(1, 20_000);
            self.env.after(at, Event::Start(node));
        }
        self.plan_faults();
        self.env.after(self.env.plan.heal_ms * 1_000, Event::Heal);
        self.env.after(self.env.plan.load.from_ms * 1_000, Event::NextClient);
    }

    /// Runs until the world has come to rest, a property is broken, or patience ends.
    pub fn run(&mut self) {
        let deadline = (self.env.plan.heal_ms + self.env.plan.patience_ms) * 1_000;
        let events_max = EVENTS_MAX.max(EVENTS_OF_PAIR_MAX * (self.nodes.len() as u64).pow(2));
        while let Some((at, event)) = self.env.queue.take() {
            self.env.now = at;
            self.events += 1;
            if at > deadline || self.events > events_max {
                let why = if at > deadline { "no time is left" } else { "too many events" };
                let what = format!("{why}; {}", self.stuck());
                return self.env.judge.find(Verdict::NoProgress, "comes-to-rest", None, what);
            }
            let applied = self.env.judge.height();
            self.happen(event);
            if self.env.judge.finding().is_some() {
                return;
            }
            if self.env.healed && self.may_rest(applied) && self.is_at_rest() {
                return self.env.judge.finish();
            }
        }
        self.env.judge.find(Verdict::NoProgress, "comes-to-rest", None, "nothing happens any more".into());
    }

    /// The next event, whatever comes of it; false when there is none.
    pub fn step(&mut self) -> bool {
        let Some((at, event)) = self.env.queue.take() else {
            return false;
        };
        self.env.now = at;
        self.events += 1;
        self.happen(event);
        true
    }

    fn happen(&mut self, event: Event) {
        let Self { nodes, env, .. } = self;
        match event {
            Event::Start(node) => {
                env.trace.note(&[1, env.now, u64::from(node)]);
                nodes[node as usize].start(env);
            }
            Event::Deliver(from, to, packet) => {
                let ends = (u64::from(from) << 32) | u64::from(to);
                env.trace.note(&[2, env.now, ends, packet.kind as u64, packet.mark]);
                nodes[to as usize].receive(env, from, &packet);
            }
            Event::Timer(node, life, timer, number) => {
                let node = &mut nodes[node as usize];
                if node.life == life && node.is_up() {
                    env.trace.note(&[3, env.now, u64::from(node.number), number]);
                    node.timer(env, timer, number);
                }
            }
            Event::Work(node, life, work) => {
                let node = &mut nodes[node as usize];
                if node.life == life && node.is_up() {
                    env.trace.note(&[4, env.now, u64::from(node.number), work.tag()]);
                    node.finish(env, work);
                    env.judge.check_broken(node.number, node.is_up());
                }
            }
            Event::Connected(node, peer) => nodes[node as usize].connected(env, peer),
            Event::Behaviour(node, life, token) => {
                let node = &mut nodes[node as usize];
                if let Some(mut behaviour) = node.behaviour.take().filter(|_| node.life == life) {
                    if node.is_up() {
                        behaviour.timer(&mut Site::new(node, env), token);
                    }
                    node.behaviour = Some(behaviour);
                }
            }
            Event::NextClient => self.next_client(),
            Event::Submit(transaction, attempt) => self.submit(transaction, attempt),
            Event::Act(act) => self.act(act),
            Event::Heal => self.heal(),
        }
    }

    /// Worth asking: a height was applied, or the goal is set and only certificates are missing.
    fn may_rest(&self, applied_before: Height) -> bool {
        self.goal.is_some() || applied_before != self.env.judge.height()
    }

    /// Rest: clients are done and their transactions final; every honest node has certified what was applied by then.
    fn is_at_rest(&mut self) -> bool {
        let Some(goal) = self.goal else {
            let over = self.env.now >= self.env.plan.load_until_ms() * 1_000 && self.env.judge.got_on();
            if over && self.transactions.iter().all(|one| self.env.judge.is_final(*one)) {
                self.goal = Some(self.env.judge.height());
            }
            return false;
        };
        let judge = &self.env.judge;
        let honest = self.nodes.iter().filter(|node| judge.standing(node.number) != Standing::Faulty);
        honest.into_iter().all(|node| {
            let member = self.env.running.contains_key(&node.key) && self.is_member(node);
            !member || (node.is_up() && node.shell.certified >= goal && node.shell.applied >= goal)
        })
    }

    /// Whether a node is a validator of the newest epoch: others may stop somewhere on the way.
    fn is_member(&self, node: &Node) -> bool {
        let newest = self.nodes.iter().filter(|one| one.is_up() && !self.env.judge.is_faulty(one.number));
        let newest = newest.max_by_key(|one| one.shell.committees.newest());
        newest.is_some_and(|one| one.shell.committees.present().index(&node.key).is_some())
    }

    fn stuck(&self) -> String {
        let open = self.transactions.iter().filter(|one| !self.env.judge.is_final(**one)).count();
        let node = |node: &Node| {
            format!(
                "n{}{} e{} v{} applied {} certified {}",
                node.number,
                if node.is_up() { "" } else { " (down)" },
                node.shell.view.0,
                node.shell.view.1,
                node.shell.applied,
                node.shell.certified
            )
        };
        let nodes: Vec<_> = self.nodes.iter().map(node).collect();
        let goal = self.goal.map_or_else(|| "-".to_owned(), |goal| goal.to_string());
        format!("{open} transactions not final, goal {goal}; {}", nodes.join("; "))
    }

    /// The committee of the newest epoch that an honest node is in.
    #[must_use]
    pub fn newest_committee(&self) -> Option<&Committee> {
        let up = self.nodes.iter().filter(|node| node.is_up() && !self.env.judge.is_faulty(node.number));
        let newest = up.max_by_key(|node| node.shell.committees.newest())?;
        Some(&newest.shell.committees.present().committee)
    }
}

fn config(plan: &Plan, anchor_lag: u64) -> Config {
    let mut config = Config { anchor_lag, ..Config::default() };
    let set = |place: &mut Duration, ms: Option<u64>| {
        if let Some(ms) = ms {
            *place = Duration::from_millis(ms);
        }
    };
    set(&mut config.base, plan.core.base_ms);
    set(&mut config.base_idle, plan.core.base_idle_ms);
    set(&mut config.timeout_max, plan.core.timeout_max_ms);
    set(&mut config.idle_block, plan.core.idle_block_ms);
    config
}
