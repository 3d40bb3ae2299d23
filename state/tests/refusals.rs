//! What does not follow, or does not fit together, is refused with the name of what differs, and leaves no trace.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Home, grow, owner};
use cybermesh_proto::{BlockId, ChainId, Count, DecisionHash, Digest, Height};
use cybermesh_state::made::{self, Made, Shape};
use cybermesh_state::{Commit, InstanceId, Memory, Owner, SourcePosition, StateError, StateStore};

fn next(store: &StateStore) -> Made {
    made::next(store.reader(), &owner(), &Shape::default()).unwrap()
}

/// What a spoiled block is refused for. The sound block is taken afterwards: nothing of the other one stayed.
fn refused(spoil: impl FnOnce(&mut Made)) -> &'static str {
    let home = Home::new(50);
    let mut store = home.open();
    grow(&mut store, &Shape::default(), 2);
    let sound = next(&store);
    let mut spoiled = sound.clone();
    spoil(&mut spoiled);
    let refused = store.commit(&spoiled.commit());
    assert_eq!(store.reader().newest().height, Height::new(2));
    store.commit(&sound.commit()).unwrap();
    drop(store);
    assert_eq!(home.open().reader().newest().height, Height::new(3));
    match refused {
        Err(StateError::Differs { what, .. } | StateError::TooLarge { what, .. }) => what,
        other => panic!("{other:?}"),
    }
}

#[test]
fn another_chain_height_or_parent_is_refused() {
    let chain = |made: &mut Made| made.applied.decision.chain = ChainId(Digest::ZERO);
    assert_eq!(refused(chain), "chain of the decision");
    for height in [0, 1, 2, 4] {
        let other = |made: &mut Made| made.applied.decision.height = Height::new(height);
        assert_eq!(refused(other), "height of the block");
    }
    let parent = |made: &mut Made| made.applied.decision.previous = DecisionHash(Digest::ZERO);
    assert_eq!(refused(parent), "previous decision");
    let history = |made: &mut Made| made.applied.decision.history_root = Digest::ZERO;
    assert_eq!(refused(history), "history root");
}

#[test]
fn a_tree_that_is_not_the_decisions_is_refused() {
    assert_eq!(refused(|made| made.applied.decision.state_root = Digest::ZERO), "root of the tree");
    assert_eq!(refused(|made| made.applied.tree.height = Height::new(2)), "height of the tree");
    let lost = |made: &mut Made| {
        made.applied.writes.pop();
    };
    assert_eq!(refused(lost), "values of the tree");
    let other = |made: &mut Made| made.applied.writes[3].1 = Some(b"another value".to_vec());
    assert_eq!(refused(other), "rows that are those of the tree");
    assert_eq!(refused(|made| made.applied.writes.swap(0, 1)), "ascending keys");
}

#[test]
fn logs_that_do_not_end_where_the_decision_says_are_refused() {
    assert_eq!(
        refused(|made| {
            made.applied.event_leaves.pop();
        }),
        "event log"
    );
    assert_eq!(refused(|made| made.applied.event_leaves.swap(0, 1)), "event log");
    assert_eq!(refused(|made| made.applied.audit_leaves[0].push(0)), "audit log");
    assert_eq!(refused(|made| made.applied.decision.audit_log.size = Count::new(1)), "audit log");
}

#[test]
fn an_outbox_that_is_not_the_decisions_is_refused() {
    assert_eq!(
        refused(|made| {
            made.applied.outbound.pop();
        }),
        "outbound leaves"
    );
    assert_eq!(refused(|made| made.applied.outbound.swap(0, 1)), "outbox root");
    assert_eq!(refused(|made| made.applied.outbound[7].seq += 1), "seq of an outbound leaf");
}

#[test]
fn items_that_are_not_the_blocks_are_refused() {
    assert_eq!(
        refused(|made| {
            made.applied.items.pop();
        }),
        "items of the block"
    );
    assert_eq!(
        refused(|made| {
            made.references.pop();
        }),
        "batch of an item"
    );
}

#[test]
fn a_mirror_never_falls() {
    let home = Home::new(10);
    let mut store = home.open();
    let made = next(&store);
    store.commit(&Commit { mirror: 5, ..made.commit() }).unwrap();
    let made = next(&store);
    assert!(matches!(store.commit(&Commit { mirror: 4, ..made.commit() }), Err(StateError::Differs { .. })));
    store.commit(&Commit { mirror: 5, ..made.commit() }).unwrap();
}

#[test]
fn what_a_node_adds_has_limits() {
    let home = Home::new(10);
    let mut store = home.open();
    let made = next(&store);
    let large = vec![0; 8 * 1024 + 1];
    let commit = Commit { attestation: Some(&large), ..made.commit() };
    assert!(matches!(store.commit(&commit), Err(StateError::TooLarge { .. })));
    let long = SourcePosition { source: Vec::new(), position: vec![0; 513] };
    let named_long = SourcePosition { source: vec![0; 513], position: Vec::new() };
    let many = vec![SourcePosition { source: Vec::new(), position: Vec::new() }; 4097];
    for positions in [vec![long], vec![named_long], many] {
        let commit = Commit { positions: &positions, ..made.commit() };
        assert!(matches!(store.commit(&commit), Err(StateError::TooLarge { .. })));
    }
}

#[test]
fn a_store_of_another_owner_is_not_opened() {
    let home = Home::new(10);
    let place = home.place();
    let memory = Memory::new(8 << 20, 8 << 20);
    for other in [
        Owner { instance: InstanceId([2; 16]), ..owner() },
        Owner { chain: ChainId(Digest::new([1; 32])), ..owner() },
    ] {
        assert!(matches!(StateStore::open(&place, &other, &memory, &[]), Err(StateError::Differs { .. })));
    }
}

#[test]
fn a_lost_store_is_told_from_a_new_one() {
    let home = Home::new(10);
    std::fs::remove_dir_all(home.place()).unwrap();
    assert!(matches!(home.try_open(), Err(StateError::Missing { .. })));
    assert!(!home.place().exists(), "it was made anew in silence");
}

#[test]
fn a_store_is_never_made_over_another_one() {
    let home = Home::new(10);
    let (writes, tree) = made::first(10).unwrap();
    let memory = Memory::new(8 << 20, 8 << 20);
    let again = StateStore::create(&home.place(), &owner(), &memory, &made::first_of(&writes, &tree));
    assert!(matches!(again, Err(StateError::Disk { .. })));
    home.open();
}

#[test]
fn an_unfinished_making_is_done_anew() {
    let home = Home::new(10);
    let unfinished = home.folder().join("other.unfinished");
    std::fs::create_dir(&unfinished).unwrap();
    std::fs::write(unfinished.join("CURRENT"), b"half").unwrap();
    let (writes, tree) = made::first(10).unwrap();
    let memory = Memory::new(8 << 20, 8 << 20);
    let place = home.folder().join("other");
    StateStore::create(&place, &owner(), &memory, &made::first_of(&writes, &tree)).unwrap();
    assert!(!unfinished.exists());
    StateStore::open(&place, &owner(), &memory, &[]).unwrap();
}

#[test]
fn the_first_state_is_of_height_0() {
    let home = Home::new(10);
    let (writes, mut tree) = made::first(10).unwrap();
    tree.height = Height::new(1);
    let memory = Memory::new(8 << 20, 8 << 20);
    let first = cybermesh_state::First { block: BlockId(Digest::ZERO), ..made::first_of(&writes, &tree) };
    let made = StateStore::create(&home.folder().join("other"), &owner(), &memory, &first);
    assert!(matches!(made, Err(StateError::Differs { .. })));
}
