//! The cases, one idea each.

use cybermesh_proto::Height;
use cybermesh_proto::state_proof::{EMPTY_STATE, key_hash};

use super::SuiteStore;
use super::play::{Fault, Play, demand, refused};
use crate::tree::{genesis, grow, prove, root};

const FIRST: &[(&str, &str)] = &[("a", "1"), ("b", "2"), ("ba", "3"), ("c", "4"), ("d", "")];

/// Heights come one after another, from 0 on, each once.
pub fn heights_are_contiguous<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    let (writes, update) = play.next(&[("a", Some("5"))])?;
    let mut ahead = update.clone();
    ahead.height = Height::new(2);
    refused(play.store.apply(Height::new(2), &writes, &ahead), "height 2 on height 0")?;
    refused(play.store.apply(Height::new(1), &writes, &ahead), "the tree of height 2 as height 1")?;
    let empty = genesis(&Vec::new())?;
    refused(play.store.apply(Height::ZERO, &Vec::new(), &empty), "height 0 twice")?;
    play.step(&[("a", Some("5"))])?;
    refused(play.store.apply(Height::new(1), &writes, &update), "height 1 twice")?;
    refused(S::open()?.apply(Height::new(1), &writes, &update), "height 1 on nothing")?;
    play.demand_from(0)
}

/// A tree grows on nothing but the state of the parent.
pub fn the_parents_root_is_demanded<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    let before = play.root();
    play.step(&[("a", Some("5"))])?;
    let writes = vec![(b"b".to_vec(), Some(b"6".to_vec()))];
    let other = refused(grow(play.store.tree(), Height::new(2), &before, &writes), "another parent's root")?;
    demand(other.to_string().contains("has root"), || other.to_string())?;
    let gap = refused(grow(play.store.tree(), Height::new(3), &play.root(), &writes), "a gap of one height")?;
    demand(gap.to_string().contains("no tree of height 2"), || gap.to_string())?;
    let first = grow(play.store.tree(), Height::ZERO, &before, &writes);
    refused(first, "height 0 on something")?;
    play.demand_from(0)
}

/// An empty block has a version of its own with the root of the one before.
pub fn an_empty_block_keeps_the_root<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    let before = play.root();
    for _ in 0..3 {
        play.step(&[])?;
        demand(play.root() == before, || format!("an empty block made {} of {before}", play.root()))?;
    }
    play.step(&[("e", Some("5"))])?;
    play.demand_from(0)?;
    play.store.prune(Height::new(4))?;
    play.demand_from(4)
}

/// A chain may begin with nothing, lose all it has, and go on.
pub fn the_state_may_be_empty<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(&[])?;
    demand(play.root() == EMPTY_STATE, || format!("root {} of nothing", play.root()))?;
    play.step(&[])?;
    play.step(&[("a", Some("1"))])?;
    play.step(&[("a", None)])?;
    demand(play.root() == EMPTY_STATE, || format!("root {} after the last row went", play.root()))?;
    play.step(&[("a", Some("2")), ("b", Some("3")), ("c", Some("4"))])?;
    play.step(&[("a", None), ("b", None), ("c", None)])?;
    play.step(&[("c", Some("5"))])?;
    play.demand_from(0)?;
    play.store.prune(Height::new(6))?;
    demand(play.store.node_count()? == 1, || "more than one leaf is left".to_owned())?;
    play.demand_from(6)
}

/// A deleted row is gone from its height on, and can be written again.
pub fn deleted_rows_are_gone_and_can_come_back<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    play.step(&[("b", None), ("d", None)])?;
    demand(play.store.view()?.get(b"b")?.is_none(), || "a deleted row is there".to_owned())?;
    play.step(&[("b", Some("again"))])?;
    play.step(&[("b", None), ("a", None)])?;
    play.step(&[("b", Some("2"))])?;
    play.demand_from(0)?;
    play.store.prune(Height::new(2))?;
    play.demand_from(2)
}

/// Every kept height is read as it was, whatever came later.
pub fn old_heights_are_read_as_they_were<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    scramble(&mut play, 24)?;
    play.demand_from(0)?;
    for lowest in [1, 7, 20] {
        play.store.prune(Height::new(lowest))?;
        play.demand_from(lowest)?;
    }
    scramble(&mut play, 8)?;
    play.demand_from(20)
}

/// The proofs of keys that were deleted or never written say so, at every height.
pub fn absence_is_proven<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    play.step(&[("c", None)])?;
    play.step(&[("z", Some("26"))])?;
    for (height, key, there) in
        [(0, "c", true), (1, "c", false), (2, "c", false), (1, "z", false), (2, "z", true)]
    {
        let proof = prove(play.store.tree(), Height::new(height), key.as_bytes())?;
        demand(proof.value.is_some() == there, || format!("{key} at {height}: {proof:?}"))?;
    }
    play.demand_from(0)
}

/// Heights below the horizon answer with an error that says why, never with wrong rows.
pub fn pruned_heights_answer_clearly<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    scramble(&mut play, 5)?;
    play.store.prune(Height::new(3))?;
    for height in [0, 2] {
        let height = Height::new(height);
        let read = refused(play.store.view_at(height).map(|_| ()), "reading a pruned height")?;
        demand(read.to_string().contains("pruned"), || read.to_string())?;
        refused(root(play.store.tree(), height), "the root of a pruned height")?;
        refused(prove(play.store.tree(), height, b"a"), "a proof of a pruned height")?;
        let value = play.store.tree().value(&key_hash(b"a"), height);
        refused(value, "a value of a pruned height")?;
    }
    let ahead = play.store.view_at(Height::new(6)).map(|_| ());
    refused(ahead, "reading a height that is not there yet")?;
    play.demand_from(3)
}

/// After pruning to the newest height exactly its own tree and rows are left, whatever happened before.
pub fn pruning_leaves_the_last_tree_whole<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    scramble(&mut play, 20)?;
    play.step(&[])?;
    let before = play.store.node_count()?;
    let newest = play.newest();
    play.store.prune(newest)?;
    let Some((rows, last)) = play.heights.last() else { return Ok(()) };
    let alone = genesis(&rows.iter().map(|(key, value)| (key.clone(), Some(value.clone()))).collect())?;
    demand(alone.root == *last, || format!("the root depends on the past: {last}, afresh {}", alone.root))?;
    let (left, needed) = (play.store.node_count()?, alone.nodes.len());
    demand(left == needed && left < before, || {
        format!("{left} nodes of {before} are left, {needed} needed")
    })?;
    let versions = play.store.version_count()?;
    demand(versions == rows.len(), || format!("{versions} versions of {} rows are left", rows.len()))?;
    play.store.prune(newest)?;
    play.demand_from(newest.get())?;
    scramble(&mut play, 3)?;
    play.demand_from(newest.get())
}

/// The newest height is never pruned, nor one that is still to come.
pub fn pruning_takes_no_height_that_is_not_there<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    play.step(&[("a", Some("5"))])?;
    refused(play.store.prune(Height::new(2)), "pruning the newest height")?;
    refused(S::open()?.prune(Height::ZERO), "pruning a store of nothing")?;
    play.store.prune(Height::new(1))?;
    // The horizon never goes back.
    play.store.prune(Height::ZERO)?;
    refused(play.store.view_at(Height::ZERO).map(|_| ()), "reading below an older horizon")?;
    play.demand_from(1)
}

/// The key that is found, if any.
type Found = Option<&'static [u8]>;

/// `first` goes by the bytes of keys, from the lower end on, the upper one left out.
pub fn rows_come_in_order<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    play.step(&[("b", None)])?;
    let view = play.store.view()?;
    let cases: &[(&[u8], &[u8], Found)] = &[
        (b"", b"zz", Some(b"a")),
        (b"a", b"zz", Some(b"a")),
        (b"a\0", b"zz", Some(b"ba")),
        (b"b", b"ba", None),
        (b"b", b"ba\0", Some(b"ba")),
        (b"bb", b"c", None),
        (b"c", b"c", None),
        (b"d", b"a", None),
        (b"e", b"zz", None),
    ];
    for (from, below, expected) in cases {
        let found = view.first(from, below)?.map(|(key, _)| key);
        demand(found.as_deref() == *expected, || format!("first of {from:x?}..{below:x?} is {found:x?}"))?;
    }
    let old = play.store.view_at(Height::ZERO)?.first(b"b", b"ba")?;
    demand(old == Some((b"b".to_vec(), b"2".to_vec())), || format!("at height 0 it is {old:x?}"))
}

/// Rows and tree of one height are of the same changes.
pub fn rows_and_tree_belong_together<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    let (writes, update) = play.next(&[("a", Some("5")), ("b", None)])?;
    let height = update.height;
    let mut other = writes.clone();
    other.truncate(1);
    refused(play.store.apply(height, &other, &update), "a tree of more rows")?;
    let swapped: Vec<_> = writes.iter().map(|(key, _)| (key.clone(), Some(b"6".to_vec()))).collect();
    refused(play.store.apply(height, &swapped, &update), "a tree of other values")?;
    play.store.apply(height, &writes, &update).map_err(Fault::from)
}

/// A store that is opened again goes on where it was.
pub fn nothing_is_lost_on_reopening<S: SuiteStore>() -> Result<(), Fault> {
    let mut play = Play::<S>::begin(FIRST)?;
    scramble(&mut play, 6)?;
    play.store.prune(Height::new(2))?;
    let nodes = play.store.node_count()?;
    let Play { store, heights } = play;
    let mut play = Play { store: store.reopen()?, heights };
    demand(play.store.node_count()? == nodes, || "nodes came or went on reopening".to_owned())?;
    play.demand_from(2)?;
    refused(play.store.view_at(Height::new(1)).map(|_| ()), "the horizon is forgotten")?;
    scramble(&mut play, 3)?;
    let newest = play.newest();
    play.store.prune(newest)?;
    demand(play.store.version_count()? == play.heights.last().map_or(0, |(rows, _)| rows.len()), || {
        "what was stale before reopening is kept for ever".to_owned()
    })?;
    play.demand_from(newest.get())
}

/// Heights of writes and deletions over forty keys, always the same ones.
fn scramble<S: SuiteStore>(play: &mut Play<S>, heights: u64) -> Result<(), Fault> {
    let keys: Vec<String> = (0..40).map(|number| format!("k{number}")).collect();
    for _ in 0..heights {
        let round = play.newest().get().wrapping_mul(7).wrapping_add(3);
        let values: Vec<String> = (0..40_u64).map(|place| format!("{round}/{place}")).collect();
        let mut changes = Vec::new();
        for (place, (key, value)) in (0_u64..).zip(keys.iter().zip(&values)) {
            match place.wrapping_mul(11).wrapping_add(round) % 5 {
                0 => changes.push((key.as_str(), None)),
                1 | 2 => changes.push((key.as_str(), Some(value.as_str()))),
                _ => {}
            }
        }
        play.step(&changes)?;
    }
    Ok(())
}
