//! A small cluster in memory: every disk and signer answers at once, every message arrives in order unless a test
//! says otherwise. Signatures are not what these tests are about: any of the right length is accepted.

#![allow(dead_code)]

pub mod forge;

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::Arc;

use cybermesh_consensus::{
    Core, Effect, Execution, Found, Input, Message, Outbound, Peer, SafetyRecord, SignedStatement, Start,
    Timer, To, ToSign,
};
use cybermesh_proto::agree::{
    Attestation, BatchRef, Block, Committee, Decision, DecisionCertificate, EpochRoot, Handover, Header,
    IndexSet, LogState, Newer, Outbox, Signed, Statement, Validator, ValidatorSet,
};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::{MlDsa, Scheme, SignatureCheck, ValidatorSignature, Zip215Item};
use cybermesh_proto::merkle::empty_root;
use cybermesh_proto::wire::{Checked, Decoded, Fixed, Text, Verified};
use cybermesh_proto::{
    BatchId, BatchSeq, BlockId, ChainId, Count, DecisionHash, Digest, Epoch, Height, TimeUs, ValidatorIndex,
    View,
};

/// Accepts every signature: lengths, counts, shapes and places are still checked.
pub struct AcceptAll;

impl SignatureCheck for AcceptAll {
    fn ed25519_zip215(&self, _item: Zip215Item<'_>) -> bool {
        true
    }

    fn ed25519_strict(&self, _key: &[u8; 32], _message: &[u8], _signature: &[u8; 64]) -> bool {
        true
    }

    fn ml_dsa(&self, _level: MlDsa, _key: &[u8], _message: &[u8], _signature: &[u8]) -> bool {
        true
    }

    fn ed25519_key_is_sound(&self, _key: &[u8; 32]) -> bool {
        true
    }
}

/// The keys of a cluster.
pub trait Keys {
    fn scheme(&self) -> Scheme;
    fn member(&self, number: usize) -> Validator;
    fn sign(&self, number: usize, message: &[u8]) -> ValidatorSignature;
    fn check(&self) -> &dyn SignatureCheck;
}

/// Keys that sign nothing.
pub struct Fake;

impl Keys for Fake {
    fn scheme(&self) -> Scheme {
        Scheme::Ed25519
    }

    fn member(&self, number: usize) -> Validator {
        member(number)
    }

    fn sign(&self, _number: usize, _message: &[u8]) -> ValidatorSignature {
        signature()
    }

    fn check(&self) -> &dyn SignatureCheck {
        &AcceptAll
    }
}

/// What happened to a node: a message as it came, or an answer of its own shell.
#[derive(Clone)]
pub enum Taped {
    Wire(usize, Outbound),
    Own(Input),
}

pub const CHAIN: ChainId = ChainId(Digest::new([7; 32]));
pub const BEGINNING_US: u64 = 1_000_000_000;

pub fn index(number: usize) -> ValidatorIndex {
    ValidatorIndex::new(number).unwrap()
}

pub fn key(number: usize) -> Fixed<32> {
    Fixed(*sha256(&[b"key", &number.to_le_bytes()]).as_bytes())
}

/// Bytes that pass for a sound post-quantum key.
fn noise<const BYTES: usize>(seed: usize) -> [u8; BYTES] {
    let mut bytes = [0; BYTES];
    for (place, chunk) in bytes.chunks_mut(32).enumerate() {
        let hash = sha256(&[&seed.to_le_bytes(), &place.to_le_bytes()]);
        chunk.copy_from_slice(&hash.as_bytes()[..chunk.len()]);
    }
    bytes
}

fn member(number: usize) -> Validator {
    Validator {
        name: Text::new(&format!("v{number}")).unwrap(),
        ed25519: key(number),
        ml_dsa_65: Fixed(noise(number)),
        ml_dsa_44: Fixed(noise(number + 1000)),
        libp2p: key(number + 1000),
    }
}

pub fn set_of(numbers: impl IntoIterator<Item = usize>) -> ValidatorSet {
    ValidatorSet::new(numbers.into_iter().map(member).collect()).unwrap()
}

pub fn first_header() -> Header {
    Header {
        version: 1,
        chain: CHAIN,
        epoch: Epoch::ZERO,
        height: Height::ZERO,
        view: View::ZERO,
        parent: BlockId(Digest::ZERO),
        qc_hash: Digest::ZERO,
        proposer: ValidatorIndex::default(),
        time_us: TimeUs::new(BEGINNING_US),
        payload_root: empty_root(),
        batch_count: Count::ZERO,
        anchor_height: Height::ZERO,
        anchor_hash: DecisionHash(Digest::ZERO),
        left_out: IndexSet::default(),
    }
}

pub fn committee(n: usize) -> Committee {
    committee_with(n, &Fake)
}

pub fn committee_with(n: usize, keys: &dyn Keys) -> Committee {
    let header = first_header();
    let root = EpochRoot { height: header.height, block: header.id() };
    let set = ValidatorSet::new((0..n).map(|number| keys.member(number)).collect()).unwrap();
    Committee::new(CHAIN, Epoch::ZERO, keys.scheme(), set, root)
}

/// The first start of validator `number` of `n`.
pub fn first_start(n: usize, number: usize) -> Start {
    first_start_with(n, number, &Fake)
}

pub fn first_start_with(n: usize, number: usize, keys: &dyn Keys) -> Start {
    Start {
        config: cybermesh_consensus::Config::default(),
        key: Some(keys.member(number).ed25519),
        nonce: Fixed([u8::try_from(number).unwrap(); 32]),
        clock: TimeUs::new(BEGINNING_US + 1),
        record: cybermesh_consensus::Found::FirstBoot,
        mirror: cybermesh_consensus::Generation::default(),
        lost_store: false,
        committee: committee_with(n, keys),
        applied: first_header(),
        decisions: vec![(Height::ZERO, DecisionHash(CHAIN.0))],
        uncertified: Vec::new(),
        next: None,
        certified: None,
        attestations: Vec::new(),
        past: Vec::new(),
        quarantines: Vec::new(),
        due: None,
        blocks: Vec::new(),
    }
}

pub fn signature() -> ValidatorSignature {
    ValidatorSignature::new(vec![1; 64]).unwrap()
}

pub fn sign<S: Statement>(statement: S, author: usize) -> Signed<S> {
    Signed { statement, author: index(author), signature: signature() }
}

pub fn verified<T: Checked>(value: &T, committee: &Committee) -> Verified<T> {
    Decoded::own(value).unwrap().verify(committee, &AcceptAll).unwrap()
}

pub fn batch(author: usize, seq: u64) -> BatchRef {
    let id = BatchId(sha256(&[b"batch", &author.to_le_bytes(), &seq.to_le_bytes()]));
    BatchRef { id, author: index(author), batch_seq: BatchSeq::new(seq) }
}

pub fn result(header: &Header, previous: DecisionHash, set: &ValidatorSet, next: &ValidatorSet) -> Decision {
    let none = LogState { size: Count::ZERO, root: empty_root() };
    Decision {
        version: Decision::VERSION,
        chain: CHAIN,
        epoch: header.epoch,
        height: header.height,
        block: header.id(),
        time_us: header.time_us,
        previous,
        history_root: Digest::ZERO,
        tx: none,
        state_root: Digest::ZERO,
        event_log: none,
        audit_log: none,
        outbox: Outbox { count: Count::ZERO, root: empty_root(), heads_hash: Digest::ZERO },
        validator_set_hash: set.hash(),
        next_validator_set_hash: next.hash(),
        protocol_version: 1,
    }
}

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
            let blocks: Vec<_> = found.iter().take(64).map(|block| verified(&**block, &committee)).collect();
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

pub fn inbound(
    message: Outbound,
    from: usize,
    committee: &Committee,
    by: &dyn SignatureCheck,
) -> Option<Message> {
    let message = match message {
        Outbound::Proposal(one) => Message::Proposal(Box::new(check(&*one, committee, by)?)),
        Outbound::Vote(one) => Message::Vote(check(&one, committee, by)?),
        Outbound::Timeout(one) => Message::Timeout(Box::new(check(&*one, committee, by)?)),
        Outbound::Attestation(one) => Message::Attestation(check(&one, committee, by)?),
        Outbound::Heartbeat(one) => Message::Heartbeat(check(&one, committee, by)?),
        Outbound::Evidence(one) => Message::Evidence(Box::new(check(&*one, committee, by)?)),
        Outbound::AskNewer(position) => Message::AskNewer(position),
        Outbound::Newer(one) => Message::Newer(Box::new(check(&*one, committee, by)?)),
        Outbound::AskOwn(ask) => Message::AskOwn(ask),
        Outbound::Own(one) => Message::Own(index(from), Box::new(check(&*one, committee, by)?)),
        Outbound::AskReport(ask) => Message::AskReport(index(from), ask),
        Outbound::Report(one) => Message::Report(Box::new(check(&*one, committee, by)?)),
        Outbound::AskBlocks(_) | Outbound::Acknowledged(..) => return None,
    };
    Some(message)
}

fn check<T: Checked>(value: &T, committee: &Committee, by: &dyn SignatureCheck) -> Option<Verified<T>> {
    Decoded::own(value).unwrap().verify(committee, by).ok()
}

pub fn signed(what: ToSign, author: usize) -> SignedStatement {
    signed_with(what, author, &Fake)
}

pub fn signed_with(what: ToSign, author: usize, keys: &dyn Keys) -> SignedStatement {
    match what {
        ToSign::Proposal(statement) => SignedStatement::Proposal(sign_with(statement, author, keys)),
        ToSign::Vote(statement) => SignedStatement::Vote(sign_with(statement, author, keys)),
        ToSign::Timeout(statement) => SignedStatement::Timeout(sign_with(statement, author, keys)),
        ToSign::Attestation(statement) => SignedStatement::Attestation(sign_with(statement, author, keys)),
        ToSign::Heartbeat(statement) => SignedStatement::Heartbeat(sign_with(statement, author, keys)),
        ToSign::Report(statement) => SignedStatement::Report(sign_with(statement, author, keys)),
    }
}

fn sign_with<S: Statement>(statement: S, author: usize, keys: &dyn Keys) -> Signed<S> {
    let signature = keys.sign(author, &statement.signing_bytes());
    Signed { statement, author: index(author), signature }
}
