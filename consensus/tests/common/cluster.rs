//! A cluster in memory: every disk and signer answers at once, every message arrives in order unless a test says otherwise.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use cybermesh_consensus::{
    Core, Effect, Execution, Found, Input, Message, Outbound, Peer, SafetyRecord, Start, Timer, To,
};
use cybermesh_proto::agree::{
    Attestation, BatchRef, Block, Committee, Decision, DecisionCertificate, Handover, Header, Newer,
    ValidatorSet,
};
use cybermesh_proto::{BlockId, DecisionHash, Epoch, Height, TimeUs};

use super::{
    BEGINNING_US, CHAIN, Fake, Keys, Taped, first_header, first_start, first_start_with, inbound, index,
    result, signed_with, verified,
};

/// One node: a core and its shell of perfect disks.
pub struct Node {
    pub core: Core,
    pub timers: BTreeMap<String, (u64, Timer)>,
    pub blocks: BTreeMap<BlockId, Arc<Block>>,
    pub delivered: Vec<Header>,
    pub last: DecisionHash,
    pub payload: Vec<BatchRef>,
    pub record: Option<Box<SafetyRecord>>,
    pub results: Vec<Decision>,
    pub attestations: Vec<Attestation>,
    pub certified: Option<(Decision, DecisionCertificate)>,
    pub handovers: BTreeMap<Epoch, Handover>,
    /// The epoch that this node's results have ended.
    pub closed: Option<Epoch>,
    pub committees: Vec<Committee>,
    pub sent: Vec<(To, Outbound)>,
    pub notes: Vec<Effect>,
    /// Effects that are not performed: the disk, the signer or the network of this node stands still.
    pub stuck: Option<fn(&Effect) -> bool>,
    /// What was not performed.
    pub undone: Vec<Effect>,
}

impl Node {
    fn new(core: Core) -> Self {
        Self {
            committees: vec![core.committee().as_ref().clone()],
            core,
            timers: BTreeMap::new(),
            blocks: BTreeMap::new(),
            delivered: Vec::new(),
            last: DecisionHash(CHAIN.0),
            payload: Vec::new(),
            record: None,
            results: Vec::new(),
            attestations: Vec::new(),
            certified: None,
            handovers: BTreeMap::new(),
            closed: None,
            sent: Vec::new(),
            notes: Vec::new(),
            stuck: None,
            undone: Vec::new(),
        }
    }
}

/// A cluster with one clock.
pub struct Cluster {
    pub nodes: Vec<Node>,
    pub queue: VecDeque<(usize, usize, Outbound)>,
    pub now: u64,
    /// Messages from and to these do not arrive.
    pub cut: BTreeSet<usize>,
    /// Messages for which this says so do not arrive.
    pub lost: Option<fn(usize, usize, &Outbound) -> bool>,
    /// The height whose result names this set.
    pub reconfigure: Option<(Height, ValidatorSet)>,
    pub keys: &'static dyn Keys,
    /// What happens to node 0, if somebody wants to know.
    pub tape: Option<Vec<Taped>>,
}

impl Cluster {
    pub fn new(n: usize) -> Self {
        Self::with(n, &Fake)
    }

    pub fn with(n: usize, keys: &'static dyn Keys) -> Self {
        let mut cluster = Self {
            nodes: Vec::new(),
            queue: VecDeque::new(),
            now: BEGINNING_US + 1,
            cut: BTreeSet::new(),
            lost: None,
            reconfigure: None,
            keys,
            tape: None,
        };
        let mut first = Vec::new();
        for number in 0..n {
            let start = first_start_with(n, number, keys);
            let (core, effects) = Core::start(start);
            cluster.nodes.push(Node::new(core));
            first.push(effects);
        }
        for (number, effects) in first.into_iter().enumerate() {
            cluster.perform(number, effects);
        }
        cluster
    }

    pub fn input(&mut self, node: usize, input: Input) {
        if let Some(tape) = self.tape.as_mut().filter(|_| node == 0) {
            tape.push(Taped::Own(Input::Clock(TimeUs::new(self.now))));
            if !matches!(input, Input::Message { .. }) {
                tape.push(Taped::Own(input.clone()));
            }
        }
        let mut effects = self.nodes[node].core.step(Input::Clock(TimeUs::new(self.now)));
        effects.extend(self.nodes[node].core.step(input));
        self.perform(node, effects);
    }

    fn perform(&mut self, node: usize, effects: Vec<Effect>) {
        for effect in effects {
            self.one(node, effect);
        }
    }

    /// Performs what was not performed.
    pub fn unstick(&mut self, at: usize) {
        self.nodes[at].stuck = None;
        let undone = core::mem::take(&mut self.nodes[at].undone);
        self.perform(at, undone);
    }

    /// The process ends, and starts again from its disks. What it did not perform is lost.
    pub fn restart(&mut self, at: usize) {
        self.restart_with(at, |_| {});
    }

    /// The same, with something changed in what is found on disk.
    pub fn restart_with(&mut self, at: usize, change: impl FnOnce(&mut Start)) {
        let node = &self.nodes[at];
        let committee = node.core.committee().as_ref().clone();
        let applied = node.delivered.last().cloned().unwrap_or_else(first_header);
        let genesis = (Height::ZERO, DecisionHash(CHAIN.0));
        let hashes = node.results.iter().map(|decision| (decision.height, decision.hash()));
        let certified = node.certified.as_ref().map_or(Height::ZERO, |pair| pair.0.height);
        let above = |height: Height| height > certified;
        let stored = node.blocks.values().filter(|block| block.header.height > applied.height).cloned();
        let mut blocks: Vec<_> = stored.collect();
        blocks.sort_by_key(|block| block.header.height);
        let past = node.delivered.iter().filter(|header| header.epoch == committee.epoch);
        let mut start = Start {
            clock: TimeUs::new(self.now),
            record: node.record.clone().map_or(Found::FirstBoot, Found::Record),
            decisions: core::iter::once(genesis).chain(hashes).collect(),
            uncertified: node.results.iter().filter(|decision| above(decision.height)).cloned().collect(),
            certified: node.certified.clone().map(Box::new),
            attestations: node
                .attestations
                .iter()
                .filter(|one| above(one.statement.height))
                .cloned()
                .collect(),
            past: past.cloned().collect(),
            applied,
            committee,
            blocks,
            ..first_start(self.nodes.len(), at)
        };
        change(&mut start);
        let (core, effects) = Core::start(start);
        let node = &mut self.nodes[at];
        node.core = core;
        node.timers.clear();
        node.stuck = None;
        node.undone.clear();
        for other in (0..self.nodes.len()).filter(|other| *other != at) {
            self.input(other, Input::Reconnected(index(at)));
        }
        self.perform(at, effects);
    }

    fn one(&mut self, at: usize, effect: Effect) {
        if self.nodes[at].stuck.is_some_and(|stuck| stuck(&effect)) {
            return self.nodes[at].undone.push(effect);
        }
        match effect {
            Effect::Sign(what) => {
                let signed = signed_with(*what, at, self.keys);
                self.input(at, Input::Signed(Box::new(signed)));
            }
            Effect::Persist(record) => {
                let generation = record.generation;
                self.nodes[at].record = Some(record);
                self.input(at, Input::Persisted(generation));
            }
            Effect::Send(to, message) => {
                self.nodes[at].sent.push((to, message.clone()));
                let n = self.nodes.len();
                let targets: Vec<_> = match to {
                    To::All => (0..n).filter(|other| *other != at).collect(),
                    To::Validator(index) => vec![index.as_usize()],
                    To::Peer(Peer(number)) => vec![usize::try_from(number).unwrap()],
                };
                targets.into_iter().for_each(|target| self.queue.push_back((at, target, message.clone())));
            }
            Effect::Schedule(timer, after) => {
                let due = self.now + u64::try_from(after.as_micros()).unwrap();
                let name = format!("{timer:?}").split('(').next().unwrap().to_owned();
                self.nodes[at].timers.insert(name, (due, timer));
            }
            Effect::Store(block) => {
                let id = block.header.id();
                self.nodes[at].blocks.insert(id, block);
                self.input(at, Input::Stored(id));
            }
            Effect::Fetch(_, batches, _) => {
                for batch in batches {
                    self.input(at, Input::BatchHeld(batch.id));
                }
            }
            Effect::Build(build) => {
                let free = |batch: &&BatchRef| !build.exclude.contains(&batch.id);
                let chosen = self.nodes[at].payload.iter().filter(free).copied().collect();
                self.input(at, Input::Built(build.epoch, build.view, chosen));
            }
            Effect::Decide(block) => self.execute(at, &block),
            Effect::Commit(height, attestation) => {
                self.nodes[at].attestations.extend(attestation.map(|one| *one));
                self.input(at, Input::Committed(height));
            }
            Effect::StoreCertificate(pair, handover) => {
                let height = pair.0.height;
                let handover = handover.map(|handover| (handover.decision.epoch, *handover));
                self.nodes[at].handovers.extend(handover);
                self.nodes[at].certified = Some(*pair);
                self.input(at, Input::CertificateStored(height));
            }
            Effect::ServeHandover(Peer(peer), epoch) => {
                let handover = self.nodes[at].handovers.get(&epoch).cloned();
                let newer = Newer { handover, ..Newer::default() };
                let to = usize::try_from(peer).unwrap();
                self.queue.push_back((at, to, Outbound::Newer(Box::new(newer))));
            }
            Effect::Entered(committee) => self.nodes[at].committees.push(*committee),
            other => self.nodes[at].notes.push(other),
        }
    }

    fn execute(&mut self, at: usize, block: &Block) {
        if self.nodes[at].closed == Some(block.header.epoch) {
            return;
        }
        let set = self.nodes[at].core.committee().set.clone();
        let next = self.reconfigure.clone().filter(|(height, _)| *height == block.header.height);
        let next = next.map(|(_, set)| set);
        if next.is_some() {
            self.nodes[at].closed = Some(block.header.epoch);
        }
        let decision = result(&block.header, self.nodes[at].last, &set, next.as_ref().unwrap_or(&set));
        self.nodes[at].payload.retain(|batch| !block.batches.contains(batch));
        self.nodes[at].last = decision.hash();
        self.nodes[at].results.push(decision.clone());
        self.nodes[at].delivered.push(block.header.clone());
        let execution = Execution { decision, next, quarantines: Vec::new(), due: None };
        self.input(at, Input::Executed(Box::new(execution)));
    }

    /// Delivers everything that is under way.
    pub fn deliver(&mut self) {
        let mut budget = 200_000;
        while let Some((from, to, message)) = self.queue.pop_front() {
            budget -= 1;
            assert!(budget > 0, "the cluster never comes to rest");
            let lost = self.lost.is_some_and(|lost| lost(from, to, &message));
            if !lost && !self.cut.contains(&from) && !self.cut.contains(&to) {
                self.hand_over(from, to, message);
            }
        }
    }

    fn hand_over(&mut self, from: usize, to: usize, message: Outbound) {
        let peer = Peer(u32::try_from(from).unwrap());
        if let Outbound::Acknowledged(epoch, view) = message {
            return self.input(to, Input::Acknowledged(index(from), epoch, view));
        }
        if let Outbound::AskBlocks(branch) = &message {
            let mut found = Vec::new();
            let mut at = branch.tip;
            while let Some(block) = self.nodes[to].blocks.get(&at).filter(|b| b.header.height > branch.above)
            {
                found.push(block.clone());
                at = block.header.parent;
            }
            found.reverse();
            let committee = self.nodes[from].core.committee().clone();
            // The asker may be in a later epoch by now: what it asked for means nothing to it any more.
            let of_epoch = found.iter().filter(|block| block.header.epoch == committee.epoch);
            let blocks: Vec<_> = of_epoch.take(64).map(|block| verified(&**block, &committee)).collect();
            let peer = Peer(u32::try_from(to).unwrap());
            return self.input(from, Input::Message { from: peer, message: Message::Blocks(blocks) });
        }
        // What no committee known here can verify is of a later epoch.
        let committees = self.nodes[to].committees.iter().rev();
        let check = self.keys.check();
        let opened =
            committees.filter_map(|committee| inbound(message.clone(), from, committee, check)).next();
        if let Some(tape) = self.tape.as_mut().filter(|_| to == 0) {
            tape.push(Taped::Wire(from, message));
        }
        match opened {
            Some(message) => self.input(to, Input::Message { from: peer, message }),
            None => self.input(to, Input::Ahead(peer)),
        }
    }

    /// Lets the next timer of anybody run out, and delivers what follows. The time that passed, in µs.
    pub fn tick(&mut self) -> u64 {
        let soonest = |node: &Node| node.timers.values().map(|(due, _)| *due).min();
        let Some(due) = self.nodes.iter().filter_map(soonest).min() else { return 0 };
        let passed = due.saturating_sub(self.now);
        self.now = self.now.max(due);
        for at in 0..self.nodes.len() {
            let ripe: Vec<_> = {
                let timers = &self.nodes[at].timers;
                let ripe = timers.iter().filter(|(_, (when, _))| *when <= due);
                ripe.map(|(name, (_, timer))| (name.clone(), *timer)).collect()
            };
            for (name, timer) in ripe {
                self.nodes[at].timers.remove(&name);
                self.input(at, Input::Timer(timer));
            }
        }
        self.deliver();
        passed
    }

    /// Lets time pass.
    pub fn run(&mut self, micros: u64) {
        let end = self.now + micros;
        while self.now < end {
            self.tick();
        }
    }

    pub fn heights(&self) -> Vec<u64> {
        self.nodes.iter().map(|node| node.delivered.last().map_or(0, |header| header.height.get())).collect()
    }
}
