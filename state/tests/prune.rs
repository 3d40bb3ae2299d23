//! Pruning: every kept height stays as it was, the rest says that it is pruned, and the disk shrinks.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};

use common::{Home, grow};
use cybermesh_executor::view::View as _;
use cybermesh_proto::{Height, ItemId};
use cybermesh_state::made::{Made, Shape};
use cybermesh_state::store::Log;
use cybermesh_state::{Cursor, Horizon, StateError, StateStore};
use proptest::prelude::*;

fn horizon(state: u64, journal: u64) -> Horizon<'static> {
    Horizon { state: Height::new(state), journal: Height::new(journal), confirmed: &[] }
}

/// What some keys hold, by height.
fn rows(store: &StateStore, height: u64) -> BTreeMap<Vec<u8>, Option<Vec<u8>>> {
    let at = store.reader().at(Height::new(height)).unwrap();
    (0..60)
        .map(|subject| format!("subject/{subject:08}").into_bytes())
        .map(|key| {
            let value = at.get(&key).unwrap();
            let proof = store.reader().proof(Height::new(height), &key).unwrap();
            assert_eq!(proof.value.map(|value| value.as_slice().to_vec()), value);
            (key, value)
        })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn prune_to_any_horizon_keeps_every_newer_proof(
        seed: u64,
        steps in prop::collection::vec(1_u64..40, 1..4),
        quiet in 1_u32..4,
    ) {
        let home = Home::new(40);
        let mut store = home.open();
        for block in 0..40 {
            // Blocks that change nothing copy the root: the trap of a tree that grows for ever.
            let rows = if block % (quiet + 1) == 0 { 6 } else { 0 };
            grow(&mut store, &Shape { seed, rows, items: 3, subjects: 60, deleted_of: 3, ..Shape::default() }, 1);
        }
        let before: Vec<_> = (0..=40).map(|height| rows(&store, height)).collect();
        let mut floor = 0;
        for step in steps {
            floor = floor.max(step);
            store.prune(&horizon(step, 0)).unwrap();
            for height in 0..=40 {
                if height >= floor {
                    prop_assert_eq!(&rows(&store, height), &before[height as usize], "height {}", height);
                } else {
                    let key = b"subject/00000001";
                    let pruned = store.reader().proof(Height::new(height), key);
                    prop_assert_eq!(pruned.unwrap_err(), StateError::Pruned {
                        height: Height::new(height),
                        oldest: Height::new(floor),
                    });
                }
            }
        }
        drop(store);
        let mut store = home.open();
        prop_assert_eq!(rows(&store, 40), before[40].clone());
        grow(&mut store, &Shape { seed, rows: 6, subjects: 60, ..Shape::default() }, 2);
        // What is left at the last height is one version of each row and its tree, and nothing else.
        store.prune(&horizon(42, 0)).unwrap();
        let kept = store.reader().count_rows("rows").unwrap();
        prop_assert_eq!(store.reader().count_rows("values").unwrap(), kept);
        prop_assert_eq!(store.reader().count_rows("gone").unwrap(), 0);
        prop_assert_eq!(store.reader().count_rows("stale").unwrap(), 0);
        let nodes = store.reader().count_rows("nodes").unwrap();
        prop_assert!(nodes >= kept && nodes <= 2 * kept + 1, "{} nodes for {} rows", nodes, kept);
    }
}

#[test]
fn nothing_above_the_newest_height_is_pruned() {
    let home = Home::new(10);
    let mut store = home.open();
    grow(&mut store, &Shape::default(), 3);
    let ahead = StateError::Ahead { height: Height::new(4), newest: Height::new(3) };
    assert_eq!(store.prune(&horizon(4, 0)).unwrap_err(), ahead);
    assert_eq!(store.prune(&horizon(0, 4)).unwrap_err(), ahead);
    assert_eq!(store.reader().oldest(), Height::ZERO);
}

#[test]
fn a_horizon_never_goes_back() {
    let home = Home::new(10);
    let mut store = home.open();
    grow(&mut store, &Shape::default(), 5);
    store.prune(&horizon(4, 3)).unwrap();
    store.prune(&horizon(1, 1)).unwrap();
    drop(store);
    let store = home.open();
    assert_eq!((store.reader().oldest(), store.reader().oldest_journal()), (Height::new(4), Height::new(3)));
}

#[test]
fn the_journal_goes_below_its_horizon_and_the_logs_still_prove_what_is_above() {
    let home = Home::new(10);
    let mut store = home.open();
    let shape = Shape { items: 120, rows: 1, ..Shape::default() };
    let blocks = grow(&mut store, &shape, 12);
    store.prune(&horizon(0, 9)).unwrap();
    drop(store);
    let mut store = home.open();
    let reader = store.reader();
    for block in &blocks {
        let height = block.applied.decision.height;
        let kept = height >= Height::new(9);
        let id: ItemId = block.applied.items[3].id;
        assert_eq!(reader.places_of(&id).unwrap().is_empty(), !kept);
        assert_eq!(reader.items(height).is_ok(), kept);
        assert!(reader.decision(height).unwrap().is_some(), "decisions stay for ever");
    }
    assert!(matches!(reader.items(Height::new(8)), Err(StateError::Pruned { .. })));
    let newest = blocks.last().unwrap().applied.decision.event_log;
    for index in (8 * 120..newest.size.get()).step_by(31) {
        let path = reader.inclusion(Log::Events, index, newest.size.get()).unwrap().unwrap();
        let leaf = blocks[index as usize / 120].applied.event_leaves[index as usize % 120];
        cybermesh_proto::merkle::verify_inclusion(&leaf, index, newest.size.get(), &path, &newest.root)
            .unwrap();
    }
    assert!(matches!(reader.inclusion(Log::Events, 5, newest.size.get()), Err(StateError::Pruned { .. })));
    assert!(reader.consistency(Log::Events, 1024, newest.size.get()).unwrap().is_some());
    assert_eq!(reader.audit_leaves(0, 48).unwrap().len(), 48, "the audit log stays for ever");
    grow(&mut store, &shape, 3);
}

fn cursors(blocks: &[Made]) -> Vec<Cursor> {
    let mut newest: BTreeMap<(u16, u32), u64> = BTreeMap::new();
    for row in blocks.iter().flat_map(|block| &block.applied.outbound) {
        newest.insert((row.topic, row.partition), row.seq);
    }
    newest.into_iter().map(|((topic, partition), seq)| Cursor { topic, partition, seq }).collect()
}

#[test]
fn rows_of_the_outbox_above_the_confirmed_cursor_are_never_pruned() {
    let home = Home::new(10);
    let mut store = home.open();
    let blocks = grow(&mut store, &Shape::default(), 20);
    store.prune(&horizon(20, 20)).unwrap();
    assert!((1..=20).all(|height| !store.reader().outbox(Height::new(height)).unwrap().is_empty()));

    // Everything up to height 12 is confirmed, but for one leaf of height 8.
    let mut confirmed = cursors(&blocks[..12]);
    let late = blocks[7].applied.outbound.last().unwrap();
    let held = confirmed.iter_mut().find(|one| (one.topic, one.partition) == (late.topic, late.partition));
    held.unwrap().seq = late.seq - 1;
    store.prune(&Horizon { confirmed: &confirmed, ..horizon(20, 20) }).unwrap();
    for height in 1..=20 {
        let kept = !store.reader().outbox(Height::new(height)).unwrap().is_empty();
        assert_eq!(kept, height >= 8, "height {height}");
    }
    for row in blocks[8..].iter().flat_map(|block| &block.applied.outbound) {
        let found = store.reader().outbox_above(row.topic, row.partition, row.seq - 1, 1).unwrap();
        assert_eq!(&found[0].row, row, "a leaf that is kept is found by its seq");
    }
    let all = cursors(&blocks);
    store.prune(&Horizon { confirmed: &all, ..horizon(20, 20) }).unwrap();
    assert_eq!(store.reader().outbox_from(Height::ZERO).unwrap(), None);
    drop(store);
    // The seqs go on where they were, though no leaf is left.
    let mut store = home.open();
    assert!(all.iter().all(|one| store.reader().outbox_head(one.topic, one.partition) == one.seq));
    grow(&mut store, &Shape::default(), 2);
    assert_eq!(store.reader().outbox_above(2, 0, 20, 10).unwrap().len(), 2);
}

#[test]
fn a_height_that_is_pruned_while_it_is_read_says_so() {
    let home = Home::new(40);
    let mut store = home.open();
    let shape = Shape { items: 6, rows: 10, subjects: 40, ..Shape::default() };
    grow(&mut store, &shape, 3);
    let reader = store.reader().clone();
    let done = AtomicBool::new(false);
    std::thread::scope(|scope| {
        let reading = scope.spawn(|| {
            let (mut read, mut subject) = (0_u64, 0);
            while !done.load(Ordering::SeqCst) || read == 0 {
                subject = (subject + 7) % 40;
                // The oldest height is the one that goes next.
                let height = reader.oldest();
                let key = format!("subject/{subject:08}");
                match reader.proof(height, key.as_bytes()) {
                    Ok(_) => read += 1,
                    Err(StateError::Pruned { .. }) => {}
                    Err(other) => panic!("height {height}: {other}"),
                }
                match reader.items(reader.oldest_journal()) {
                    Ok(_) | Err(StateError::Pruned { .. }) => {}
                    Err(other) => panic!("items: {other}"),
                }
            }
            read
        });
        for height in 4..60 {
            grow(&mut store, &shape, 1);
            store.prune(&horizon(height - 1, height - 1)).unwrap();
        }
        done.store(true, Ordering::SeqCst);
        assert!(reading.join().unwrap() > 0);
    });
}

#[test]
fn a_key_that_went_again_after_the_horizon_is_still_named() {
    let home = Home::new(1);
    let mut store = home.open();
    // The same key goes, comes back, goes again: the first end is pruned, the second is not.
    let shape = Shape { items: 1, rows: 1, subjects: 1, deleted_of: 1, ..Shape::default() };
    grow(&mut store, &shape, 3);
    let ends: Vec<_> = (0..=3).map(|height| store.reader().at(Height::new(height)).unwrap()).collect();
    let there: Vec<_> = ends.iter().map(|at| at.first(b"subject/", b"subject0").unwrap().is_some()).collect();
    assert_eq!(there, [true, false, true, false]);
    drop(ends);
    store.prune(&horizon(2, 0)).unwrap();
    let at =
        |height| store.reader().at(Height::new(height)).unwrap().first(b"subject/", b"subject0").unwrap();
    assert!(at(2).is_some(), "its name was forgotten while a height that is kept has it");
    assert!(at(3).is_none());
}

#[test]
fn pruning_nine_tenths_shrinks_the_disk_in_proportion() {
    let home = Home::new(500);
    let mut store = home.open();
    let shape = Shape { items: 200, rows: 100, subjects: 500, ..Shape::default() };
    let blocks = grow(&mut store, &shape, 100);
    store.compact().unwrap();
    let size = |store: &StateStore, names: &[&str]| -> u64 {
        let all = store.reader().table_bytes().unwrap();
        all.iter().filter(|(name, _)| names.contains(name)).map(|(_, bytes)| *bytes).sum()
    };
    let of_height = ["events", "cases", "subjects", "items", "outbox"];
    let of_state = ["nodes", "values", "stale"];
    let before = [size(&store, &of_height), size(&store, &of_state)];
    let confirmed = cursors(&blocks[..90]);
    store.prune(&Horizon { confirmed: &confirmed, ..horizon(91, 91) }).unwrap();
    store.compact().unwrap();
    let after = [size(&store, &of_height), size(&store, &of_state)];
    assert!(after[0] * 100 < before[0] * 15, "of {before:?} bytes {after:?} are left");
    // Of the state, the newest version of each row stays besides the ten heights.
    assert!(after[1] * 100 < before[1] * 25, "of {before:?} bytes {after:?} are left");
}
