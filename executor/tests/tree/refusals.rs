//! What the tree does not take, and stores that fail it.

use std::cell::Cell;

use cybermesh_executor::applied::Writes;
use cybermesh_executor::memory::MemoryStore;
use cybermesh_executor::tree::{TreeStore, TreeUpdate, genesis, grow, prove, root};
use cybermesh_executor::view::ViewError;
use cybermesh_proto::{Digest, Height};

use super::history::{Changes, History, height, key};

fn history() -> History {
    History::of(&[
        (0..50).map(|number| (number, Some(1))).collect(),
        Changes::from([(3, Some(2)), (4, None)]),
    ])
}

fn next(history: &History, writes: &Writes) -> Result<TreeUpdate, ViewError> {
    grow(&history.store, height(history.heights.len()), &history.heights.last().unwrap().1, writes)
}

#[track_caller]
fn refused<T: std::fmt::Debug>(result: Result<T, ViewError>, why: &str) {
    let error = result.unwrap_err().to_string();
    assert!(error.contains(why), "{error}");
}

#[test]
fn keys_come_in_order_and_once() {
    let write = |number: u16| (key(number), Some(vec![9]));
    let history = history();
    refused(next(&history, &vec![write(2), write(1)]), "ascending");
    refused(next(&history, &vec![write(1), write(1)]), "ascending");
    refused(genesis(&vec![write(2), write(1)]), "ascending");
    assert!(next(&history, &vec![write(1), write(2)]).is_ok());
}

#[test]
fn keys_and_values_have_bounds() {
    let history = history();
    let one = |key: Vec<u8>, value: usize| next(&history, &vec![(key, Some(vec![7; value]))]);
    refused(one(Vec::new(), 1), "bounds");
    refused(one(vec![1; 601], 1), "bounds");
    refused(one(vec![1], 1024 * 1024 + 1), "bounds");
    refused(genesis(&vec![(Vec::new(), Some(Vec::new()))]), "bounds");
    assert!(one(vec![1; 600], 1024 * 1024).is_ok());
    refused(prove(&history.store, height(1), b""), "no key");
    refused(prove(&history.store, height(1), &[1; 601]), "no key");
}

#[test]
fn a_write_that_changes_nothing_is_refused() {
    let history = history();
    let (rows, _) = history.heights.last().unwrap();
    let same = |number: u16| (key(number), rows.get(&key(number)).cloned());
    refused(next(&history, &vec![same(1)]), "changes nothing");
    // Deleted at the height before, and never there.
    refused(next(&history, &vec![(key(4), None)]), "changes nothing");
    refused(next(&history, &vec![(key(999), None)]), "changes nothing");
    refused(genesis(&vec![(key(1), None)]), "changes nothing");
    // Among others, whatever they do to the leaves around it.
    for at in 0..50 {
        let mut writes: Writes =
            (0..50).filter(|number| *number != 4).map(|number| (key(number), None)).collect();
        writes.sort();
        assert!(next(&history, &writes).is_ok());
        if let Some(write) = writes.iter_mut().find(|(name, _)| *name == key(at)) {
            write.1 = rows.get(&key(at)).cloned();
            refused(next(&history, &writes), "changes nothing");
        }
    }
}

#[test]
fn an_update_names_what_it_makes_stale_and_nothing_it_needs() {
    let history = history();
    let update =
        next(&history, &vec![(key(1), None), (key(2), Some(vec![5])), (key(777), Some(vec![5]))]).unwrap();
    assert!(update.stale_nodes.contains(&cybermesh_executor::tree::root_key(height(1))));
    assert!(update.stale_nodes.iter().all(|node| update.nodes.iter().all(|(made, _)| made != node)));
    assert!(update.nodes.iter().all(|(made, _)| made[..8] == 2_u64.to_be_bytes()));
    assert!(update.nodes.is_sorted() && update.stale_nodes.is_sorted() && update.values.is_sorted());
    let empty = next(&history, &Writes::new()).unwrap();
    assert_eq!(empty.stale_nodes, [cybermesh_executor::tree::root_key(height(1))]);
    assert_eq!((empty.nodes.len(), empty.values.len()), (1, 0));
}

/// Fails at one of its reads, or knows nothing of one of its nodes.
struct Failing<'a> {
    store: &'a MemoryStore,
    reads: Cell<usize>,
    fails_at: usize,
    lies: bool,
}

impl Failing<'_> {
    fn read<T>(&self, answer: Result<Option<T>, ViewError>) -> Result<Option<T>, ViewError> {
        self.reads.set(self.reads.get() + 1);
        match (self.reads.get() > self.fails_at, self.lies) {
            (false, _) => answer,
            (true, true) => Ok(None),
            (true, false) => Err(ViewError("the disk is gone".to_owned())),
        }
    }
}

impl TreeStore for Failing<'_> {
    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        self.read(self.store.node(key))
    }

    fn value(&self, key: &Digest, at: Height) -> Result<Option<Vec<u8>>, ViewError> {
        self.read(self.store.value(key, at))
    }
}

/// Has another value for every key.
struct Swapped<'a>(&'a MemoryStore);

impl TreeStore for Swapped<'_> {
    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        self.0.node(key)
    }

    fn value(&self, _key: &Digest, _at: Height) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(Some(b"another".to_vec()))
    }
}

#[test]
fn no_proof_is_given_out_with_a_value_that_it_does_not_prove() {
    let history = history();
    refused(prove(&Swapped(&history.store), height(1), &key(3)), "no value");
    assert!(prove(&Swapped(&history.store), height(1), &key(4)).is_ok());
}

#[test]
fn a_store_that_fails_at_any_read_gives_an_error() {
    let history = history();
    let before = history.heights[1].1;
    let writes: Writes = vec![(key(1), None), (key(10), Some(vec![5])), (key(3), Some(vec![5]))];
    for lies in [false, true] {
        let failing = |fails_at| Failing { store: &history.store, reads: Cell::new(0), fails_at, lies };
        type Work<'a> = &'a dyn Fn(&Failing<'_>) -> Option<ViewError>;
        let work: [Work<'_>; 3] = [
            &|store| grow(store, height(2), &before, &writes).err(),
            &|store| prove(store, height(1), &key(3)).err(),
            &|store| root(store, height(1)).err(),
        ];
        for one in work {
            let sound = failing(usize::MAX);
            assert_eq!(one(&sound), None);
            for fails_at in 0..sound.reads.get() {
                let error = one(&failing(fails_at)).expect("an error");
                assert!(lies || error.to_string().contains("the disk is gone"), "{error}");
            }
        }
    }
}
