//! What was committed is read: rows, proofs, logs, journal, outbox, receipts, and it is the same after a restart.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;

use common::{Home, grow, owner};
use cybermesh_executor::view::View as _;
use cybermesh_proto::merkle::{leaf_hash, verify_consistency, verify_inclusion};
use cybermesh_proto::state_proof::StateProof;
use cybermesh_proto::{Height, ItemId};
use cybermesh_state::made::{self, Made, Shape};
use cybermesh_state::store::Log;
use cybermesh_state::{Commit, Place, Published, SourcePosition, StateError, StateReader};

const BLOCKS: usize = 30;

/// A store of some blocks, opened again, and the blocks.
fn played() -> (Home, cybermesh_state::StateStore, Vec<Made>) {
    let home = Home::new(100);
    let mut store = home.open();
    let blocks = grow(&mut store, &Shape::default(), BLOCKS);
    drop(store);
    let store = home.open();
    (home, store, blocks)
}

/// The rows after each height, by the writes alone.
fn model(blocks: &[Made]) -> Vec<BTreeMap<Vec<u8>, Vec<u8>>> {
    let (writes, _) = made::first(100).unwrap();
    let mut rows: BTreeMap<_, _> = writes.into_iter().map(|(key, value)| (key, value.unwrap())).collect();
    let mut heights = vec![rows.clone()];
    for block in blocks {
        for (key, value) in &block.applied.writes {
            match value {
                Some(value) => rows.insert(key.clone(), value.clone()),
                None => rows.remove(key),
            };
        }
        heights.push(rows.clone());
    }
    heights
}

fn root(reader: &StateReader, proof: &StateProof, height: Height) {
    let expected = reader.decision(height).unwrap().unwrap().state_root;
    assert_eq!(proof.root().unwrap(), expected);
}

#[test]
fn rows_of_every_height_are_read_and_proven() {
    let (_home, store, blocks) = played();
    let heights = model(&blocks);
    let keys: Vec<_> = (0..200).map(|subject| format!("subject/{subject:08}").into_bytes()).collect();
    assert!(blocks.iter().flat_map(|block| &block.applied.writes).any(|(_, value)| value.is_none()));
    for (height, rows) in (0..).map(Height::new).zip(&heights) {
        let at = store.reader().at(height).unwrap();
        for key in keys.iter().step_by(7) {
            assert_eq!(at.get(key).unwrap().as_ref(), rows.get(key));
            let proof = store.reader().proof(height, key).unwrap();
            assert_eq!(proof.value.as_ref().map(|value| value.as_slice()), rows.get(key).map(Vec::as_slice));
            if height > Height::ZERO {
                root(store.reader(), &proof, height);
            }
        }
        let first = at.first(b"subject/00000050", b"subject/00000100").unwrap();
        let expected = rows.range(b"subject/00000050".to_vec()..b"subject/00000100".to_vec()).next();
        assert_eq!(first, expected.map(|(key, value)| (key.clone(), value.clone())));
    }
    let newest = heights.last().unwrap();
    assert!(keys.iter().all(|key| store.reader().get(key).unwrap().as_ref() == newest.get(key)));
}

#[test]
fn every_log_proves_every_leaf_at_every_size() {
    let home = Home::new(10);
    let mut store = home.open();
    let shape = Shape { items: 90, rows: 1, ..Shape::default() };
    let blocks = grow(&mut store, &shape, 8);
    let reader = store.reader();
    let leaves: Vec<_> = blocks.iter().flat_map(|block| block.applied.event_leaves.clone()).collect();
    assert_eq!(reader.log_size(Log::Events), 720, "more than two whole tiles");
    let mut oracle = cybermesh_proto::merkle::Frontier::default();
    let mut roots = vec![oracle.root()];
    let datas: Vec<_> =
        blocks.iter().flat_map(|block| block.applied.items.iter().map(|item| item.id)).collect();
    for id in datas {
        oracle.append(id.0.as_bytes());
        roots.push(oracle.root());
    }
    for (size, root) in roots.iter().enumerate().step_by(13) {
        assert_eq!(reader.log_root(Log::Events, size as u64).unwrap(), *root, "size {size}");
        for index in (0..size).step_by(37).chain(size.checked_sub(1)) {
            let path = reader.inclusion(Log::Events, index as u64, size as u64).unwrap().unwrap();
            verify_inclusion(&leaves[index], index as u64, size as u64, &path, root).unwrap();
        }
        for old in (0..=size).step_by(29) {
            let path = reader.consistency(Log::Events, old as u64, size as u64).unwrap().unwrap();
            verify_consistency((old as u64, &roots[old]), (size as u64, root), &path).unwrap();
        }
    }
    assert_eq!(reader.inclusion(Log::Events, 5, 5).unwrap(), None);
    assert_eq!(reader.consistency(Log::Events, 6, 5).unwrap(), None);
    assert!(reader.inclusion(Log::Events, 5, 721).is_err());
}

#[test]
fn a_long_history_crosses_tiles_and_levels() {
    let home = Home::new(1);
    let mut store = home.open();
    let shape = Shape { items: 1, rows: 0, ..Shape::default() };
    let blocks = grow(&mut store, &shape, 600);
    drop(store);
    let store = home.open();
    let newest = blocks.last().unwrap().applied.decision.clone();
    for block in blocks.iter().step_by(41) {
        let old = &block.applied.decision;
        let path = store.reader().history(old.height, newest.height).unwrap().unwrap_or_default();
        if old.height < newest.height {
            let leaf = leaf_hash(old.hash().0.as_bytes());
            let (index, size) = (old.height.get(), newest.height.get());
            verify_inclusion(&leaf, index, size, &path, &newest.history_root).unwrap();
        }
    }
    let genesis = store.reader().history(Height::ZERO, newest.height).unwrap().unwrap();
    let leaf = leaf_hash(owner().chain.0.as_bytes());
    verify_inclusion(&leaf, 0, newest.height.get(), &genesis, &newest.history_root).unwrap();
}

#[test]
fn audit_leaves_are_kept_and_proven() {
    let (_home, store, blocks) = played();
    let reader = store.reader();
    let all: Vec<_> = blocks.iter().flat_map(|block| block.applied.audit_leaves.clone()).collect();
    assert_eq!(reader.audit_leaves(0, 1000).unwrap(), all);
    assert_eq!(reader.audit_leaves(50, 3).unwrap(), all[50..53]);
    let decided = blocks[20].applied.decision.audit_log;
    let path = reader.inclusion(Log::Audit, 33, decided.size.get()).unwrap().unwrap();
    verify_inclusion(&leaf_hash(&all[33]), 33, decided.size.get(), &path, &decided.root).unwrap();
    assert!(reader.audit_leaves(0, 1001).is_err(), "a page has a limit");
}

#[test]
fn items_are_found_by_identity_case_and_subject_in_order_and_by_pages() {
    let (_home, store, blocks) = played();
    let mut cases: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    let mut subjects: BTreeMap<String, Vec<Place>> = BTreeMap::new();
    for block in &blocks {
        let height = block.applied.decision.height;
        for (index, item) in (0..).zip(&block.applied.items) {
            let place = Place { height, index };
            assert_eq!(store.reader().places_of(&item.id).unwrap(), [place]);
            if let Some(found_by) = &item.found_by {
                cases.entry(found_by.correlation.clone()).or_default().push(place);
                subjects.entry(found_by.value.clone()).or_default().push(place);
            }
        }
    }
    assert!(subjects.values().any(|places| places.len() > 6));
    for (name, expected) in &cases {
        let page = store.reader().case(name, None, 1000).unwrap();
        assert_eq!((&page.places, page.next), (expected, None));
    }
    for (name, expected) in &subjects {
        let (mut places, mut from) = (Vec::new(), None);
        loop {
            let page = store.reader().about("ip", name, from, 3).unwrap();
            assert!(page.places.len() <= 3);
            places.extend(page.places);
            from = page.next;
            if from.is_none() {
                break;
            }
        }
        assert_eq!(&places, expected);
    }
    assert_eq!(
        store.reader().about("ip", "10.0.0", None, 10).unwrap().places,
        [],
        "a prefix is another subject"
    );
    assert_eq!(store.reader().places_of(&ItemId(cybermesh_proto::Digest::ZERO)).unwrap(), []);
    assert!(store.reader().case("x", None, 1001).is_err());
}

#[test]
fn an_item_decided_again_leaves_its_first_place_first() {
    let home = Home::new(10);
    let mut store = home.open();
    let first = grow(&mut store, &Shape::default(), 1).remove(0).applied.items[4].id;
    let mut again = made::next(store.reader(), &owner(), &Shape::default()).unwrap();
    again.applied.items[2].id = first;
    store.commit(&again.commit()).unwrap();
    let places = store.reader().places_of(&first).unwrap();
    let expected = [(1, 4), (2, 2)].map(|(height, index)| Place { height: Height::new(height), index });
    assert_eq!(places, expected);
}

#[test]
fn receipts_are_made_from_batches_and_outcomes() {
    let (_home, store, blocks) = played();
    let block = &blocks[11];
    let height = block.applied.decision.height;
    let load = |wanted: &cybermesh_proto::agree::BatchRef| {
        let found = block.batches.iter().find(|batch| batch.reference == *wanted);
        Ok(found.map(|batch| batch.bytes.clone()))
    };
    for index in [0_u32, 17, 39] {
        let proof = store.reader().tx_proof(height, index, load).unwrap().unwrap();
        let tx = proof.decision.tx;
        assert_eq!(proof.leaf.outcome, block.applied.items[index as usize].outcome);
        verify_inclusion(&proof.leaf.hash(), u64::from(index), tx.size.get(), &proof.path, &tx.root).unwrap();
    }
    assert_eq!(store.reader().tx_proof(height, 40, load).unwrap(), None);
    let missing = store.reader().tx_proof(height, 0, |_| Ok(None));
    assert!(matches!(missing, Err(StateError::Damaged { .. })));
    let other = blocks[12].batches[0].bytes.clone();
    let wrong = store.reader().tx_proof(height, 0, |_| Ok(Some(other.clone())));
    assert!(matches!(wrong, Err(StateError::Differs { .. })));
}

#[test]
fn an_outcome_that_was_changed_makes_no_receipt() {
    let (home, store, blocks) = played();
    drop(store);
    // The last number of the row is the outcome of the last run; with a checksum of its own, only the root tells.
    let change = |row: &mut Vec<u8>| *row.last_mut().unwrap() = 2;
    made::forge(&home.place(), "items", 11, change).unwrap();
    let store = home.open();
    let block = &blocks[11];
    let load = |wanted: &cybermesh_proto::agree::BatchRef| {
        let found = block.batches.iter().find(|batch| batch.reference == *wanted);
        Ok(found.map(|batch| batch.bytes.clone()))
    };
    let refused = store.reader().tx_proof(block.applied.decision.height, 0, load);
    assert!(matches!(refused, Err(StateError::Differs { what: "root of the block's transactions", .. })));
}

#[test]
fn outbound_leaves_are_rebuilt_in_order_and_proven() {
    let (_home, store, blocks) = played();
    let reader = store.reader();
    let sent: Vec<_> = blocks
        .iter()
        .flat_map(|block| block.applied.outbound.iter().map(|row| (block.applied.decision.clone(), row)))
        .filter(|(_, row)| row.topic == 1 && row.partition == 5)
        .collect();
    assert_eq!(reader.outbox_head(1, 5), sent.len() as u64);
    for above in [0, 1, 17, sent.len() as u64] {
        let found = reader.outbox_above(1, 5, above, 20).unwrap();
        let expected: Vec<_> = sent.iter().skip(above as usize).take(20).collect();
        assert_eq!(found.len(), expected.len());
        for (leaf, (decision, row)) in found.iter().zip(expected) {
            assert_eq!((leaf.height, &leaf.row), (decision.height, *row));
            let make = |index| Ok::<_, StateError>(made::leaf_bytes(leaf.height, index));
            let bytes = reader.outbox_bytes(leaf, make).unwrap();
            let path = reader.outbox_path(leaf.height, leaf.position).unwrap().unwrap();
            let (hash, position) = (leaf_hash(&bytes), u64::from(leaf.position));
            verify_inclusion(&hash, position, decision.outbox.count.get(), &path, &decision.outbox.root)
                .unwrap();
        }
    }
    let leaf = &reader.outbox_above(1, 5, 0, 1).unwrap()[0];
    let wrong = reader.outbox_bytes(leaf, |_| Ok::<_, StateError>(b"another leaf".to_vec()));
    assert!(matches!(wrong, Err(StateError::Differs { .. })));
    assert_eq!(reader.outbox_from(Height::new(3)).unwrap(), Some(Height::new(3)));
    assert_eq!(reader.outbox_from(Height::new(31)).unwrap(), None);
    assert!(matches!(reader.outbox_above(1, 5, 0, 1001), Err(StateError::TooLarge { .. })));
}

#[test]
fn what_belongs_to_this_node_comes_back() {
    let home = Home::new(10);
    let mut store = home.open();
    let made = made::next(store.reader(), &owner(), &Shape::default()).unwrap();
    let positions = [SourcePosition { source: b"ai.anomalies.v1/3".to_vec(), position: b"17".to_vec() }];
    let published = [Published { sink: 1, topic: 2, partition: 3, seq: 4 }];
    let commit = Commit {
        attestation: Some(b"attested"),
        mirror: 12,
        positions: &positions,
        published: &published,
        ..made.commit()
    };
    store.commit(&commit).unwrap();
    drop(store);
    let store = home.open();
    let reader = store.reader();
    assert_eq!(reader.mirror(), 12);
    assert_eq!(reader.attestation(Height::new(1)).unwrap().as_deref(), Some(b"attested".as_slice()));
    assert_eq!(reader.attestation(Height::new(2)).unwrap(), None);
    assert_eq!(reader.position(b"ai.anomalies.v1/3").unwrap().as_deref(), Some(b"17".as_slice()));
    assert_eq!(reader.positions().unwrap(), positions);
    assert_eq!((reader.published(1, 2, 3).unwrap(), reader.published(1, 2, 4).unwrap()), (4, 0));
    assert_eq!(reader.newest().decision, made.applied.decision.hash());
    assert_eq!(reader.after().unwrap(), cybermesh_state::store::After::default());
}

#[test]
fn a_height_that_is_not_there_is_said_to_be_above() {
    let (_home, store, _) = played();
    let ahead = StateError::Ahead { height: Height::new(31), newest: Height::new(30) };
    assert_eq!(store.reader().decision(Height::new(31)).unwrap_err(), ahead);
    assert_eq!(store.reader().items(Height::new(31)).unwrap_err(), ahead);
    assert_eq!(store.reader().proof(Height::new(31), b"x").unwrap_err(), ahead);
}
