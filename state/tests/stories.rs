//! Real blocks through the real executor, on the store in memory and on RocksDB: equal in every byte, also after the store was
//! closed, or lost and made again from the blocks; and every proof made from it verifies.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing, missing_docs)]

mod common;

use common::memory;
use cybermesh_effects::story::Story;
use cybermesh_effects::{AcceptAll, World};
use cybermesh_executor::block::{Parent, ReadyBatch, apply};
use cybermesh_executor::genesis::FirstState;
use cybermesh_executor::outbound::{leaf_of_item, name};
use cybermesh_proto::Height;
use cybermesh_proto::agree::{Batch, BatchRef, Decision, Header};
use cybermesh_proto::merkle::{leaf_hash, verify_inclusion};
use cybermesh_proto::message::pb::control::v1::Leaf;
use cybermesh_proto::wire::encode_canonical;
use cybermesh_state::{Commit, First, InstanceId, Owner, StateError, StateStore};
use cybermesh_verify::check_state;
use prost::Message as _;
use tempfile::TempDir;

/// A block as it was decided, and what it came to in memory.
struct Told {
    header: Header,
    batch: Batch,
    decision: Decision,
    now_ms: u64,
}

fn told(seed: u64, blocks: usize) -> (World, World, Vec<Told>) {
    let (mut story, mut world) = Story::new(seed);
    let first = world.clone();
    let mut all = Vec::new();
    for _ in 0..blocks {
        let items = story.block(&world, 30);
        let (header, batch) = (world.header(story.now_ms), world.batch(items.clone()));
        let decision = world.batches(story.now_ms, vec![items]).decision;
        all.push(Told { header, batch, decision, now_ms: story.now_ms });
    }
    (first, world, all)
}

struct Home {
    folder: TempDir,
    owner: Owner,
}

impl Home {
    fn new(world: &World) -> Self {
        let owner = Owner { chain: world.chain.id, instance: InstanceId([3; 16]) };
        let home = Self { folder: TempDir::new().unwrap(), owner };
        let first = FirstState::new(&world.trusted).unwrap();
        let block = world.trusted.genesis().first_header().id();
        let first = First { writes: &first.writes, tree: &first.tree, block, quarantines: &[], due: None };
        StateStore::create(&home.folder.path().join("state"), &home.owner, &memory(), &first).unwrap();
        home
    }

    fn open(&self) -> StateStore {
        StateStore::open(&self.folder.path().join("state"), &self.owner, &memory(), &[]).unwrap()
    }
}

fn reference(batch: &Batch) -> BatchRef {
    BatchRef { id: batch.header.id(), author: batch.header.author, batch_seq: batch.header.batch_seq }
}

/// Executes a block on what is on disk, and puts the result there.
fn commit(store: &mut StateStore, world: &World, parent: &Parent, block: &Told) -> Decision {
    let ready = [ReadyBatch::new(block.batch.clone()).unwrap()];
    let applied = apply(store.reader(), &world.chain, &AcceptAll, parent, &block.header, &ready).unwrap();
    let batches = [reference(&block.batch)];
    let commit = Commit {
        applied: &applied,
        batches: &batches,
        attestation: None,
        mirror: 0,
        positions: &[],
        published: &[],
    };
    store.commit(&commit).unwrap();
    applied.decision
}

#[test]
fn the_store_on_disk_comes_to_the_results_of_the_store_in_memory() {
    for seed in [11, 12] {
        let (first, _, blocks) = told(seed, 25);
        let home = Home::new(&first);
        let mut store = home.open();
        let mut parent = first.parent;
        for (number, block) in blocks.iter().enumerate() {
            if number % 7 == 6 {
                drop(store);
                store = home.open();
            }
            let decision = commit(&mut store, &first, &parent, block);
            assert_eq!(decision, block.decision, "seed {seed}, height {}", block.header.height);
            parent = Parent::of(&decision);
        }
    }
}

#[test]
fn a_store_that_was_lost_comes_to_the_same_from_the_blocks() {
    let (first, _, blocks) = told(21, 12);
    let (one, other) = (Home::new(&first), Home::new(&first));
    for home in [&one, &other] {
        let mut store = home.open();
        let mut parent = first.parent;
        for block in &blocks {
            parent = Parent::of(&commit(&mut store, &first, &parent, block));
        }
        assert_eq!(parent.decision, blocks.last().unwrap().decision.hash());
    }
}

#[test]
fn every_row_is_proven_at_every_height_it_had() {
    let (first, world, blocks) = told(31, 10);
    let home = Home::new(&first);
    let mut store = home.open();
    let mut parent = first.parent;
    let mut keys: Vec<Vec<u8>> = vec![b"never".to_vec()];
    for block in &blocks {
        let ready = [ReadyBatch::new(block.batch.clone()).unwrap()];
        let applied =
            apply(store.reader(), &world.chain, &AcceptAll, &parent, &block.header, &ready).unwrap();
        keys.extend(applied.writes.iter().map(|(key, _)| key.clone()).step_by(5));
        parent = Parent::of(&commit(&mut store, &first, &parent, block));
    }
    for block in &blocks {
        for key in &keys {
            let proof = store.reader().proof(block.header.height, key).unwrap();
            check_state(&proof, &block.decision).unwrap();
        }
    }
    let other = &blocks[3].decision;
    let proof = store.reader().proof(Height::new(2), &keys[1]).unwrap();
    assert!(check_state(&proof, other).is_err(), "of another height");
}

#[test]
fn parts_of_receipts_and_records_are_made_from_what_is_stored() {
    let (first, _, blocks) = told(41, 8);
    let home = Home::new(&first);
    let mut store = home.open();
    let mut parent = first.parent;
    for block in &blocks {
        parent = Parent::of(&commit(&mut store, &first, &parent, block));
    }
    let load = |wanted: &BatchRef| -> Result<Option<Vec<u8>>, StateError> {
        Ok(blocks
            .iter()
            .find(|block| reference(&block.batch) == *wanted)
            .map(|block| encode_canonical(&block.batch)))
    };
    for block in &blocks {
        let (height, decision) = (block.header.height, &block.decision);
        for index in 0..u32::try_from(block.batch.items.len()).unwrap() {
            let found = store.reader().tx_proof(height, index, load).unwrap().unwrap();
            let (hash, size) = (found.leaf.hash(), decision.tx.size.get());
            verify_inclusion(&hash, index.into(), size, &found.path, &decision.tx.root).unwrap();
        }
        let outcomes = store.reader().tx_leaves(height, load).unwrap();
        for leaf in store.reader().outbox(height).unwrap() {
            let bytes = store.reader().outbox_bytes(&leaf, |index| -> Result<_, StateError> {
                let tx = &outcomes[index as usize];
                let (key, value) = leaf_of_item(leaf.row.topic, &tx.item, tx.outcome, block.now_ms).unwrap();
                let (topic, partition, seq) = (name(leaf.row.topic).into(), leaf.row.partition, leaf.row.seq);
                Ok(Leaf { topic, partition, seq, key, value }.encode_to_vec())
            });
            let path = store.reader().outbox_path(height, leaf.position).unwrap().unwrap();
            let (hash, outbox) = (leaf_hash(&bytes.unwrap()), &decision.outbox);
            verify_inclusion(&hash, leaf.position.into(), outbox.count.get(), &path, &outbox.root).unwrap();
        }
    }
}
