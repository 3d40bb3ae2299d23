//! One chain, its state in memory, and the blocks that are decided on it.

use cybermesh_executor::applied::Applied;
use cybermesh_executor::block::{Parent, ReadyBatch, apply};
use cybermesh_executor::chain::Chain;
use cybermesh_executor::genesis::FirstState;
use cybermesh_executor::memory::MemoryStore;
use cybermesh_executor::rows::{Row, read};
use cybermesh_proto::agree::{Batch, BatchHeader, Header, IndexSet, Item};
use cybermesh_proto::genesis::{
    AdministratorSet, Bus, Genesis, Limits, Protected, TopicPartitions, TrustedGenesis,
};
use cybermesh_proto::keys::{Scheme, ValidatorSignature};
use cybermesh_proto::merkle::empty_root;
use cybermesh_proto::wire::{Fixed, List, Text};
use cybermesh_proto::{
    BatchSeq, Code, Count, DecisionHash, Digest, Epoch, Height, TimeUs, ValidatorIndex, View,
};

use crate::items::NETWORK;
use crate::people::{AcceptAll, Person, bundle, validators};

/// When worlds begin: in the year 2026, in ms.
pub const BEGIN_MS: u64 = 1_790_000_000_000;

/// How a world is made.
pub struct Setup {
    /// Who is registered.
    pub people: Vec<Person>,
    /// Who is protected.
    pub protected: Vec<(&'static str, &'static str)>,
    /// Where records go.
    pub bus: Bus,
    /// How many validators.
    pub n: usize,
}

impl Default for Setup {
    fn default() -> Self {
        Self { people: Vec::new(), protected: Vec::new(), bus: Bus::None, n: 4 }
    }
}

/// A chain.
#[derive(Clone)]
pub struct World {
    /// Its genesis.
    pub trusted: TrustedGenesis,
    /// What stays the same.
    pub chain: Chain,
    /// Its state.
    pub store: MemoryStore,
    /// What the next block stands on.
    pub parent: Parent,
    /// The epoch of the next block.
    pub epoch: Epoch,
}

impl World {
    /// A chain at its beginning.
    #[must_use]
    pub fn new(setup: &Setup) -> Self {
        let trusted = TrustedGenesis::own(genesis(setup), &AcceptAll).unwrap();
        let first = FirstState::new(&trusted).unwrap();
        let mut store = MemoryStore::default();
        store.apply(Height::ZERO, &first.writes, &first.tree).unwrap();
        let chain = Chain::new(&trusted);
        Self { trusted, chain, store, parent: first.parent, epoch: Epoch::ZERO }
    }

    /// The header of the next block.
    #[must_use]
    pub fn header(&self, now_ms: u64) -> Header {
        let height = self.parent.height.next();
        Header {
            version: Header::VERSION,
            chain: self.chain.id,
            epoch: self.epoch,
            height,
            view: View::new(height.get()),
            parent: self.trusted.genesis().first_header().id(),
            qc_hash: Digest::ZERO,
            proposer: ValidatorIndex::default(),
            time_us: TimeUs::new(now_ms * 1000),
            payload_root: empty_root(),
            batch_count: Count::ZERO,
            anchor_height: Height::ZERO,
            anchor_hash: DecisionHash(Digest::ZERO),
            left_out: IndexSet::default(),
        }
    }

    /// What the next block would come to, without keeping it.
    #[must_use]
    pub fn try_block(&self, now_ms: u64, batches: Vec<Vec<Item>>) -> Applied {
        let ready: Vec<_> = batches.into_iter().map(|items| ready(self, items)).collect();
        apply(&self.store, &self.chain, &AcceptAll, &self.parent, &self.header(now_ms), &ready).unwrap()
    }

    /// Decides a block of several batches.
    pub fn batches(&mut self, now_ms: u64, batches: Vec<Vec<Item>>) -> Applied {
        let applied = self.try_block(now_ms, batches);
        self.store.apply(applied.decision.height, &applied.writes, &applied.tree).unwrap();
        self.parent = Parent::of(&applied.decision);
        if applied.next.is_some() {
            self.epoch = self.epoch.next();
        }
        applied
    }

    /// Decides a block of one batch and gives the outcomes.
    pub fn block(&mut self, now_ms: u64, items: Vec<Item>) -> Vec<Code> {
        codes(&self.batches(now_ms, vec![items]))
    }

    /// A row as it is now.
    #[must_use]
    pub fn row<R: Row>(&self, key: &[u8]) -> Option<R> {
        read(&self.store, key).unwrap()
    }
}

/// The outcomes of a block.
#[must_use]
pub fn codes(applied: &Applied) -> Vec<Code> {
    applied.items.iter().map(|item| Code::from_number(item.outcome).unwrap()).collect()
}

impl World {
    /// The batch of these items in the next block.
    #[must_use]
    pub fn batch(&self, items: Vec<Item>) -> Batch {
        batch(self, items)
    }
}

fn ready(world: &World, items: Vec<Item>) -> ReadyBatch {
    ReadyBatch::new(batch(world, items)).unwrap()
}

fn batch(world: &World, items: Vec<Item>) -> Batch {
    let header = BatchHeader {
        chain: world.chain.id,
        author: ValidatorIndex::default(),
        epoch: world.epoch,
        batch_seq: BatchSeq::ZERO,
        reg: world.parent.height,
        count: Count::new(items.len() as u64),
        bytes: Batch::item_bytes(&items),
        root: Batch::root(&items),
    };
    let signature = ValidatorSignature::new(vec![0; 64]).unwrap();
    Batch { header, signature, items: List::new(items).unwrap() }
}

/// The genesis of a setup: Ed25519 validators, three administrators of whom two must agree.
#[must_use]
pub fn genesis(setup: &Setup) -> Genesis {
    let mut keys: Vec<_> = ["admin-1", "admin-2", "admin-3"].map(bundle).to_vec();
    keys.sort_by_key(|bundle| bundle.kid());
    let mut registry: Vec<_> = setup.people.iter().map(|person| person.key.clone()).collect();
    registry.sort_by_key(|key| key.bundle.kid());
    let protect = |(kind, value): &(&str, &str)| Protected {
        kind: Text::new(kind).unwrap(),
        value: Text::new(value).unwrap(),
    };
    let mut protected: Vec<_> = setup.protected.iter().map(protect).collect();
    protected.sort();
    Genesis {
        version: Genesis::VERSION,
        network: Text::new(NETWORK).unwrap(),
        nonce: Fixed([7; 32]),
        time_us: TimeUs::new(BEGIN_MS * 1000),
        scheme: Scheme::Ed25519,
        bus: setup.bus,
        validators: validators(setup.n),
        administrators: AdministratorSet { threshold: 2, keys: List::new(keys).unwrap() },
        limits: Limits {
            event_bytes: 64 * 1024,
            batch_bytes: 1024 * 1024,
            block_bytes: 16 * 1024 * 1024,
            anchor_lag: 32,
            registry_lag: 128,
        },
        topics: List::new(topics(setup.bus)).unwrap(),
        registry: List::new(registry).unwrap(),
        protected: List::new(protected).unwrap(),
        protocol_version: 1,
        continues: None,
    }
}

fn topics(bus: Bus) -> Vec<TopicPartitions> {
    let partitions = |topic: &str| if topic.contains("commits") || topic.contains("epochs") { 1 } else { 12 };
    let all = cybermesh_executor::chain::TOPICS.iter();
    let all =
        all.map(|topic| TopicPartitions { topic: Text::new(topic).unwrap(), partitions: partitions(topic) });
    if bus == Bus::None { Vec::new() } else { all.collect() }
}
