//! The checks of the start, each against a store in which one thing was changed and given a sound checksum.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Home, grow};
use cybermesh_proto::agree::Decision;
use cybermesh_proto::wire::{decode_canonical, encode_canonical};
use cybermesh_proto::{Count, Digest};
use cybermesh_state::StateError;
use cybermesh_state::made::{self, Shape};

const BLOCKS: usize = 5;
/// The second of the singletons, by name: what stands before it is `a`.
const HEAD: usize = 1;

fn played() -> Home {
    let home = Home::new(20);
    grow(&mut home.open(), &Shape { items: 4, rows: 3, ..Shape::default() }, BLOCKS);
    home
}

/// What the start says after a row was forged.
fn start(family: &'static str, nth: usize, change: impl FnOnce(&mut Vec<u8>)) -> String {
    let home = played();
    made::forge(&home.place(), family, nth, change).unwrap();
    match home.try_open() {
        Err(StateError::Differs { what, .. }) => what.to_owned(),
        Err(other) => other.to_string(),
        Ok(_) => panic!("row {nth} of {family} was forged and served"),
    }
}

/// The newest decision, changed.
fn decision(change: impl FnOnce(&mut Decision)) -> impl FnOnce(&mut Vec<u8>) {
    |row| {
        let mut decision: Decision = decode_canonical(row).unwrap();
        change(&mut decision);
        *row = encode_canonical(&decision);
    }
}

#[test]
fn a_head_that_is_not_the_newest_is_found() {
    // One height too low: rows stand above it.
    assert!(start("marks", HEAD, |row| row[7] -= 1).contains("the newest decision"));
    // One too high: its decision is missing.
    assert!(start("marks", HEAD, |row| row[7] += 1).contains("it is missing"));
    assert_eq!(start("marks", HEAD, |row| row[8] ^= 1), "the newest decision");
    assert_eq!(start("marks", HEAD, |row| row[40] ^= 1), "block of the newest decision");
    assert_eq!(start("marks", HEAD, |row| row[72] ^= 1), "state of the newest decision");
    assert!(start("marks", HEAD, |row| row.push(0)).contains("no height and hashes"));
}

#[test]
fn a_decision_that_is_not_the_newest_is_found() {
    let newest = BLOCKS - 1;
    let events = decision(|one| one.event_log.size = Count::new(3));
    assert_eq!(start("decisions", newest, events), "the newest decision");
    let height = decision(|one| one.height = cybermesh_proto::Height::new(4));
    assert_eq!(start("decisions", newest, height), "height of a decision");
    let chain = decision(|one| one.chain.0 = Digest::ZERO);
    assert_eq!(start("decisions", newest, chain), "chain of the newest decision");
    assert!(start("decisions", newest, Vec::clear).contains("no decision"));
}

#[test]
fn leaves_that_are_not_those_of_the_decision_are_found() {
    // One row for each block and log, and the genesis in the history: events, audit, history.
    let rows = |log: usize, block: usize| log * BLOCKS + block;
    assert_eq!(start("tiles", rows(0, 2), |row| row[3] ^= 1), "event log");
    assert_eq!(start("tiles", rows(1, 4), |row| row[40] ^= 1), "audit log");
    assert_eq!(start("tiles", rows(2, 2), |row| row[3] ^= 1), "root of the history");
    // The newest leaf stands above the root that the newest decision names.
    assert_eq!(start("tiles", rows(2, BLOCKS), |row| row[3] ^= 1), "newest leaf of the history");
    // A leaf more than there is.
    for log in [0, 1] {
        assert_eq!(start("tiles", rows(log, 4), |row| row.extend([7; 32])), "leaves of a log");
    }
    assert_eq!(start("tiles", rows(2, BLOCKS), |row| row.extend([7; 32])), "leaves of a log");
    // A row shorter or longer than its place.
    assert!(start("tiles", rows(0, 2), |row| row.truncate(32)).contains("does not follow"));
}

#[test]
fn a_tree_that_is_not_the_decisions_is_found() {
    let home = Home::new(20);
    let mut store = home.open();
    let blocks = grow(&mut store, &Shape { items: 4, rows: 3, ..Shape::default() }, BLOCKS);
    // The root is the first node of its height, and the newest height comes last.
    let newest = blocks.last().unwrap().applied.tree.nodes.len();
    let root = store.reader().count_rows("nodes").unwrap() - newest;
    drop(store);
    // Inside the hash of the first child.
    made::forge(&home.place(), "nodes", root, |node| node[12] ^= 1).unwrap();
    let found = home.try_open().err().unwrap();
    assert!(matches!(found, StateError::Differs { what: "root of the tree", .. }), "{found}");
}

#[test]
fn a_store_of_the_first_height_has_the_genesis_as_its_decision() {
    let home = Home::new(20);
    made::forge(&home.place(), "marks", HEAD, |row| row[8] ^= 1).unwrap();
    let found = home.try_open().err().unwrap();
    assert!(matches!(found, StateError::Differs { what: "decision of the first height", .. }));
}

#[test]
fn a_proof_that_does_not_end_in_the_decisions_root_is_not_given_out() {
    let home = played();
    // The state of the chain's beginning is not looked at by the start.
    let store = home.open();
    let height = cybermesh_proto::Height::new(2);
    let sound = store.reader().proof(height, b"subject/00000003").unwrap();
    drop(store);
    made::forge(&home.place(), "decisions", 1, decision(|one| one.state_root = Digest::ZERO)).unwrap();
    let store = home.open();
    let refused = store.reader().proof(height, b"subject/00000003").err().unwrap();
    assert!(matches!(refused, StateError::Differs { what: "root of a proof", .. }));
    assert!(sound.root().is_ok());
}
