//! RFC 6962 trees: roots, inclusion, consistency.

use cybermesh_proto::Digest;
use cybermesh_proto::merkle::{Log, empty_root, leaf_hash, node_hash};
use serde_json::Value;

use super::case::hex;
use super::{Case, Suite};

const PROOF_INDEX: &str = "proof.index";
const PROOF_LENGTH: &str = "proof.length";
const PROOF_ROOT: &str = "proof.root";

fn leaf(index: usize) -> Vec<u8> {
    format!("leaf {index}").into_bytes()
}

fn log(size: usize) -> Log {
    let mut log = Log::default();
    (0..size).for_each(|index| log.append(&leaf(index)));
    log
}

pub(super) fn trees() -> Suite {
    let of = |size: usize| {
        let leaves: Vec<Value> = (0..size).map(|index| hex(&leaf(index)).into()).collect();
        Case::new(format!("{size} leaves"))
            .with("leaves", leaves)
            .bytes("root", log(size).root(size).unwrap().as_bytes())
    };
    Suite::new("tree", [0, 1, 2, 3, 4, 5, 7, 8, 9, 16, 33].map(of).to_vec())
}

struct Inclusion {
    leaf: Digest,
    index: u64,
    size: u64,
    path: Vec<Digest>,
    root: Digest,
}

impl Inclusion {
    fn of(index: usize, size: usize) -> Self {
        let log = log(size);
        Self {
            leaf: leaf_hash(&leaf(index)),
            index: u64::try_from(index).unwrap(),
            size: u64::try_from(size).unwrap(),
            path: log.inclusion(index, size).unwrap(),
            root: log.root(size).unwrap(),
        }
    }

    fn case(self, name: &str, expect: &str) -> Case {
        Case::new(name)
            .bytes("leaf", self.leaf.as_bytes())
            .with("index", self.index)
            .with("size", self.size)
            .with("path", path(&self.path))
            .bytes("root", self.root.as_bytes())
            .with("expect", expect)
    }
}

fn path(steps: &[Digest]) -> Vec<Value> {
    steps.iter().map(|step| hex(step.as_bytes()).into()).collect()
}

pub(super) fn inclusions() -> Suite {
    let mut cases: Vec<_> =
        [(0, 1), (0, 2), (1, 2), (2, 3), (4, 5), (6, 7), (5, 8), (16, 17), (9, 33), (32, 33)]
            .into_iter()
            .map(|(index, size)| Inclusion::of(index, size).case(&format!("leaf {index} of {size}"), "ok"))
            .collect();
    let lie = |change: &dyn Fn(&mut Inclusion)| {
        let mut proof = Inclusion::of(2, 7);
        change(&mut proof);
        proof
    };
    let inner = node_hash(&leaf_hash(&leaf(0)), &leaf_hash(&leaf(1)));
    cases.extend([
        lie(&|proof| proof.size = 0).case("of the empty tree", PROOF_INDEX),
        lie(&|proof| proof.index = 7).case("index beyond the tree", PROOF_INDEX),
        lie(&|proof| proof.path = proof.path[..2].to_vec()).case("a step missing", PROOF_LENGTH),
        lie(&|proof| proof.path.push(Digest::ZERO)).case("a step too many", PROOF_LENGTH),
        lie(&|proof| proof.path.clear()).case("no step", PROOF_LENGTH),
        lie(&|proof| proof.index = 3).case("index shifted to its sibling", PROOF_ROOT),
        lie(&|proof| proof.index = 4).case("index shifted into the other half", PROOF_ROOT),
        // With eight leaves leaf 2 sits at the same steps, so only the root of the true size can tell.
        lie(&|proof| proof.size = 64).case("size of a taller tree", PROOF_LENGTH),
        lie(&|proof| proof.path.swap(0, 1)).case("steps swapped", PROOF_ROOT),
        lie(&|proof| proof.root = empty_root()).case("another root", PROOF_ROOT),
        lie(&|proof| {
            let (index, size) = (0, 4);
            *proof = Inclusion::of(index, size);
            proof.path.remove(0);
            proof.leaf = inner;
            proof.size = 2;
        })
        .case("an inner node as a leaf of the half-size tree holds by its numbers alone", "ok"),
        lie(&|proof| {
            *proof = Inclusion::of(0, 4);
            proof.path.remove(0);
            proof.leaf = inner;
        })
        .case("an inner node as a leaf, with the size that the decision states", PROOF_LENGTH),
    ]);
    Suite::new("inclusion", cases)
}

struct Consistency {
    old: (u64, Digest),
    new: (u64, Digest),
    path: Vec<Digest>,
}

impl Consistency {
    fn of(old: usize, new: usize) -> Self {
        let log = log(new);
        let state = |size: usize| (u64::try_from(size).unwrap(), log.root(size).unwrap());
        Self { old: state(old), new: state(new), path: log.consistency(old, new).unwrap() }
    }

    fn case(self, name: &str, expect: &str) -> Case {
        Case::new(name)
            .with("old_size", self.old.0)
            .bytes("old_root", self.old.1.as_bytes())
            .with("new_size", self.new.0)
            .bytes("new_root", self.new.1.as_bytes())
            .with("path", path(&self.path))
            .with("expect", expect)
    }
}

pub(super) fn consistencies() -> Suite {
    let sizes =
        [(0, 0), (0, 5), (1, 1), (1, 2), (2, 4), (3, 7), (4, 7), (6, 8), (7, 8), (8, 33), (31, 33), (33, 33)];
    let mut cases: Vec<_> = sizes
        .into_iter()
        .map(|(old, new)| Consistency::of(old, new).case(&format!("{old} is a prefix of {new}"), "ok"))
        .collect();
    let lie = |old: usize, new: usize, change: &dyn Fn(&mut Consistency)| {
        let mut proof = Consistency::of(old, new);
        change(&mut proof);
        proof
    };
    cases.extend([
        lie(3, 7, &|proof| proof.old.0 = 8).case("the older one is larger", PROOF_INDEX),
        lie(3, 7, &|proof| proof.path.truncate(1)).case("too short", PROOF_LENGTH),
        lie(3, 7, &|proof| proof.path.push(Digest::ZERO)).case("too long", PROOF_LENGTH),
        lie(3, 7, &|proof| proof.path.clear()).case("empty", PROOF_LENGTH),
        lie(3, 7, &|proof| proof.old.1 = empty_root()).case("another old root", PROOF_ROOT),
        lie(4, 7, &|proof| proof.new.1 = empty_root()).case("another new root", PROOF_ROOT),
        lie(5, 5, &|proof| proof.path.push(Digest::ZERO)).case("equal sizes take no step", PROOF_LENGTH),
        lie(5, 5, &|proof| proof.old.1 = empty_root()).case("equal sizes, other roots", PROOF_ROOT),
        lie(0, 5, &|proof| proof.path.push(Digest::ZERO)).case("the empty tree takes no step", PROOF_LENGTH),
        lie(0, 5, &|proof| proof.old.1 = Digest::ZERO).case("another root of the empty tree", PROOF_ROOT),
        lie(0, 0, &|proof| proof.new.1 = Digest::ZERO).case("two empty trees, other roots", PROOF_ROOT),
    ]);
    Suite::new("consistency", cases)
}
