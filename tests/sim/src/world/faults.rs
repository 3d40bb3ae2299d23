//! Faults: what a plan says is drawn from the seed here, and done when its time comes.

use std::rc::Rc;

use super::engine::World;
use super::env::{Act, Event};
use crate::byzantine::behaviour;
use crate::node::Node;
use crate::plan::{Fault, What, Who};
use crate::properties::Standing;

/// Who was drawn already.
#[derive(Default)]
struct Deck(Vec<u32>);

impl World {
    /// Draws what the plan leaves open and puts it into the queue.
    pub(super) fn plan_faults(&mut self) {
        let mut deck = Deck::default();
        let faults = self.env.plan.faults.clone();
        // Those that count among the f draw first, so that no node is drawn twice while others are left.
        let (counted, others): (Vec<_>, Vec<_>) = faults.into_iter().partition(counts);
        counted.into_iter().chain(others).for_each(|fault| self.plan_fault(fault, &mut deck));
    }

    fn draw(&mut self, who: &Who, deck: &mut Deck) -> Vec<u32> {
        let n = self.env.n as u32;
        match who {
            Who::Node(node) => {
                deck.0.push(*node);
                vec![*node % n]
            }
            Who::All => (0..n).collect(),
            Who::Any => {
                let free: Vec<u32> = (0..n).filter(|node| !deck.0.contains(node)).collect();
                let node = if free.is_empty() {
                    self.env.rng.below(u64::from(n)) as u32
                } else {
                    *self.env.rng.pick(&free)
                };
                deck.0.push(node);
                vec![node]
            }
        }
    }

    fn at(&mut self, ms: [u64; 2], act: Act) {
        let at = self.env.rng.range(ms.map(|ms| ms * 1_000)).max(1);
        self.env.after(at, Event::Act(act));
    }

    fn us(&mut self, ms: [u64; 2]) -> u64 {
        self.env.rng.range(ms.map(|ms| ms * 1_000))
    }

    fn plan_fault(&mut self, fault: Fault, deck: &mut Deck) {
        match fault {
            Fault::Crash { who, at_ms, down_ms } => {
                let nodes = self.draw(&who, deck);
                let down = self.us(down_ms);
                self.at(at_ms, Act::Crash(nodes, down));
            }
            Fault::CrashOften { every_ms, down_ms } => {
                self.at([every_ms, 2 * every_ms], Act::CrashOften(every_ms, down_ms));
            }
            Fault::CrashAtEffect { first, span, down_ms, times } => {
                self.plan_crash_points(first, span, down_ms, times);
            }
            Fault::OneWay { links, at_ms, for_ms } => {
                (0..links).for_each(|_| self.plan_one_way(at_ms, for_ms));
            }
            Fault::Partition { apart, at_ms, for_ms } => {
                let part = self.draw_part(apart);
                let (name, us) = (self.env.rng.any(), self.us(for_ms));
                self.at(at_ms, Act::Part(name, part, us));
            }
            Fault::Flapping { every_ms } => self.at([100, 500], Act::Flap(every_ms)),
            Fault::PartitionViews { from, to } => self.env.net.part_views(from, to),
            Fault::SlowDisk { who, times } => {
                self.draw(&who, deck).into_iter().for_each(|node| self.nodes[node as usize].slow.0 = times);
                self.env.inject("slow-disk");
            }
            Fault::SlowExecutor { who, times } => {
                self.draw(&who, deck).into_iter().for_each(|node| self.nodes[node as usize].slow.1 = times);
                self.env.inject("slow-executor");
            }
            Fault::Drift { offset_us, rate_us } => self.plan_drift(offset_us, rate_us),
            Fault::Jump { who, at_ms, by_ms } => {
                let by = self.env.rng.below(2 * by_ms.unsigned_abs() * 1_000) as i64 - by_ms * 1_000;
                for node in self.draw(&who, deck) {
                    self.at(at_ms, Act::Jump(node, by));
                }
            }
            Fault::Reconfigure { change, at_ms } => {
                let at = self.us(at_ms);
                self.plan_reconfiguration(change, at);
            }
            other => self.plan_counted(other, deck),
        }
    }

    /// Faults that make their node one of the f.
    fn plan_counted(&mut self, fault: Fault, deck: &mut Deck) {
        match fault {
            Fault::Lose { who, what, at_ms, down_ms } => {
                for node in self.draw(&who, deck) {
                    let down = self.us(down_ms);
                    self.at(at_ms, Act::Lose(node, what, down));
                }
            }
            Fault::Restore { who, what, copy_ms, at_ms, down_ms } => {
                for node in self.draw(&who, deck) {
                    self.env.judge.set_standing(node, Standing::Faulty);
                    self.at(copy_ms, Act::Copy(node));
                    let down = self.us(down_ms);
                    self.at(at_ms, Act::Restore(node, what, down));
                }
            }
            Fault::Twin { who, at_ms } => {
                for node in self.draw(&who, deck) {
                    let twin = self.add_twin(node);
                    self.at(at_ms, Act::Twin(node, twin));
                }
            }
            Fault::StorageError { who, at_ms, down_ms } => {
                for node in self.draw(&who, deck) {
                    let down = self.us(down_ms);
                    self.at(at_ms, Act::StorageError(node, down));
                }
            }
            Fault::SplitResult { who, height } => {
                for node in self.draw(&who, deck) {
                    self.env.judge.set_standing(node, Standing::Faulty);
                    self.nodes[node as usize].splits_from = Some(height);
                }
            }
            twins @ Fault::Twins { .. } => self.plan_twins(&twins),
            Fault::Byzantine { who, behaviour: name } => {
                for node in self.draw(&who, deck) {
                    self.env.judge.set_standing(node, Standing::Faulty);
                    self.nodes[node as usize].behaviour = behaviour(&name);
                    assert!(self.nodes[node as usize].behaviour.is_some(), "no behaviour {name}");
                }
            }
            _ => {}
        }
    }

    /// Which node and which effect follow from the seed alone, so that a sweep visits all of them.
    fn plan_crash_points(&mut self, first: u64, span: u64, down_ms: [u64; 2], times: u64) {
        let n = self.env.n as u64;
        let (node, effect) = (self.env.seed % n, first + (self.env.seed / n) % span.max(1));
        for time in 0..times {
            let down = self.us(down_ms);
            let node = &mut self.nodes[((node + time) % n) as usize];
            node.crash_points.insert(effect + time * span, down);
        }
    }

    fn plan_one_way(&mut self, at_ms: [u64; 2], for_ms: [u64; 2]) {
        let n = self.env.n as u64;
        let from = self.env.rng.below(n);
        let to = (from + 1 + self.env.rng.below(n - 1)) % n;
        let (from, to) = (from as u32, to as u32);
        let at = self.us(at_ms).max(1);
        let end = at + self.us(for_ms);
        self.env.after(at, Event::Act(Act::Kill(from, to)));
        self.env.after(end, Event::Act(Act::Revive(from, to)));
    }

    fn plan_drift(&mut self, offset_us: i64, rate_us: i64) {
        let draw = |world: &mut Self, most: i64| {
            world.env.rng.below(2 * most.unsigned_abs() + 1) as i64 - most.abs()
        };
        for node in 0..self.nodes.len() {
            let wrong = (draw(self, offset_us), draw(self, rate_us));
            self.nodes[node].clock_us = wrong;
        }
        self.env.inject("drift");
    }

    fn draw_part(&mut self, apart: usize) -> Vec<u32> {
        let n = self.env.n;
        let size = if apart == 0 { self.env.rng.between(1, n as u64 / 2) as usize } else { apart };
        let mut nodes: Vec<u32> = (0..n as u32).collect();
        self.env.rng.shuffle(&mut nodes);
        nodes.truncate(size);
        nodes
    }

    pub(crate) fn add_twin(&mut self, of: u32) -> u32 {
        let (key, signer) = {
            let node = &self.nodes[of as usize];
            (node.key, Rc::clone(&node.signer))
        };
        let number = self.nodes.len() as u32;
        let mut twin = Node::new(number, key, signer);
        twin.stopped = true; // Until its time comes.
        self.nodes.push(twin);
        self.env.keys.push(key);
        self.env.judge.add_node(key);
        self.env.judge.set_standing(of, Standing::Faulty);
        number
    }

    /// Does what was planned.
    pub(super) fn act(&mut self, act: Act) {
        self.env.trace.line(self.env.now, None, || format!("{act:?}"));
        self.env.trace.note(&[6, self.env.now]);
        match act {
            Act::Crash(nodes, down) => {
                self.env.inject(if nodes.len() > 1 { "crash-all" } else { "crash" });
                nodes.into_iter().for_each(|node| self.crash_for(node, down));
            }
            Act::CrashOften(every_ms, down_ms) => self.crash_one(every_ms, down_ms),
            Act::Kill(from, to) => {
                self.env.inject("one-way");
                self.env.net.kill(from, to, true);
            }
            Act::Revive(from, to) => self.env.net.kill(from, to, false),
            Act::Part(name, part, us) => {
                self.env.inject("partition");
                self.env.net.part(name, part);
                self.env.after(us.max(1), Event::Act(Act::Unite(name)));
            }
            Act::Unite(name) => self.env.net.unite(name),
            Act::Flap(every_ms) => self.flap(every_ms),
            Act::Lose(node, what, down) => self.lose(node, what, down),
            Act::Copy(node) => {
                let node = &mut self.nodes[node as usize];
                node.copy = Some(node.disks.clone());
            }
            Act::Restore(node, what, down) => {
                self.crash_for(node, down);
                let node = &mut self.nodes[node as usize];
                if let Some(copy) = node.copy.take() {
                    self.env.inject("restore");
                    node.disks.restore(&copy, what);
                }
            }
            Act::Twin(node, twin) => self.start_twin(node, twin),
            Act::Jump(node, by) => {
                self.env.inject("jump");
                self.env.judge.jumps(node);
                self.nodes[node as usize].clock_us.0 += by;
            }
            Act::StorageError(node, down) => self.nodes[node as usize].breaks = Some(down.max(1)),
        }
    }

    fn crash_for(&mut self, node: u32, down: u64) {
        let crashed = &mut self.nodes[node as usize];
        if crashed.is_up() {
            crashed.crash(&mut self.env);
            self.env.after(down.max(1), Event::Start(node));
        }
    }

    fn crash_one(&mut self, every_ms: u64, down_ms: [u64; 2]) {
        if self.env.healed {
            return;
        }
        let n = self.env.n;
        let (up, down): (Vec<u32>, Vec<u32>) =
            (0..n as u32).partition(|node| self.nodes[*node as usize].is_up());
        if down.len() < (n - 1) / 3 && !up.is_empty() {
            self.env.inject("crash");
            let (node, us) = (*self.env.rng.pick(&up), self.us(down_ms));
            self.crash_for(node, us);
        }
        self.at([1, 2 * every_ms], Act::CrashOften(every_ms, down_ms));
    }

    fn flap(&mut self, every_ms: [u64; 2]) {
        if self.env.healed {
            return;
        }
        self.env.inject("partition");
        let part = self.draw_part(0);
        self.env.net.part(0, part);
        self.at(every_ms, Act::Flap(every_ms));
    }

    fn lose(&mut self, node: u32, what: What, down: u64) {
        self.crash_for(node, down);
        self.env.inject(match what {
            What::Record => "lost-record",
            What::Payload => "lost-payload",
            What::State => "lost-state",
            What::Everything => "lost-everything",
        });
        if matches!(what, What::Record | What::Everything) {
            self.env.judge.set_standing(node, Standing::Forgot);
            self.env.judge.forgets(self.nodes[node as usize].key);
        }
        self.nodes[node as usize].disks.lose(what);
    }

    fn start_twin(&mut self, of: u32, twin: u32) {
        self.env.inject("twin");
        let mut disks = self.nodes[of as usize].disks.clone();
        disks.crash(&mut self.env.rng);
        let node = &mut self.nodes[twin as usize];
        node.disks = disks;
        node.stopped = false;
        let key = node.key;
        self.env.running.entry(key).or_default().push(twin);
        self.env.after(1, Event::Start(twin));
    }

    /// Everything heals: links are good, clocks are right, machines are fast, and who is down comes up.
    pub(super) fn heal(&mut self) {
        self.env.trace.line(self.env.now, None, || "everything heals".to_owned());
        self.env.healed = true;
        self.env.net.heal();
        self.env.judge.heal();
        for node in &mut self.nodes {
            node.slow = (1, 1);
            node.clock_us = (0, 0);
            node.crash_points.clear();
            if !node.is_up() && !node.stopped {
                let at = self.env.rng.between(1, 50_000);
                self.env.after(at, Event::Start(node.number));
            }
        }
    }
}

fn counts(fault: &Fault) -> bool {
    matches!(
        fault,
        Fault::Lose { .. }
            | Fault::Restore { .. }
            | Fault::Twin { .. }
            | Fault::StorageError { .. }
            | Fault::SplitResult { .. }
            | Fault::Byzantine { .. }
            | Fault::Twins { .. }
    )
}
