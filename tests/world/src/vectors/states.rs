//! Proofs of the state, made from the tree's definition alone: no code of a store or of its tree takes part.

use std::collections::BTreeMap;

use cybermesh_proto::agree::Decision;
use cybermesh_proto::state_proof::{StateKey, StateLeaf, StateProof, StateValue, key_hash};
use cybermesh_proto::wire::{List, encode_canonical};
use cybermesh_proto::{Digest, Height, hash};

use super::samples::story;
use super::{Case, Suite};

const FORM: &str = "state_proof.form";
const NEIGHBOUR: &str = "state_proof.neighbour";
const ROOT: &str = "state_proof.root";

pub(super) type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// Leaves in order of their hashed keys.
pub(super) fn leaves(rows: &Rows) -> Vec<StateLeaf> {
    let mut leaves: Vec<_> = rows.iter().map(|(key, value)| StateLeaf::of(key, value)).collect();
    leaves.sort();
    leaves
}

pub(super) fn bit(key: &Digest, depth: usize) -> u8 {
    (key.as_bytes()[depth / 8] >> (7 - depth % 8)) & 1
}

pub(super) fn halves(leaves: &[StateLeaf], depth: usize) -> (&[StateLeaf], &[StateLeaf]) {
    leaves.split_at(leaves.partition_point(|leaf| bit(&leaf.key, depth) == 0))
}

pub(super) fn subtree(leaves: &[StateLeaf], depth: usize) -> Digest {
    match leaves {
        [] => Digest::new(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__"),
        [leaf] => hash::sha256(&[b"JMT::LeafNode", leaf.key.as_bytes(), leaf.value.as_bytes()]),
        _ => {
            let (left, right) = halves(leaves, depth);
            let (left, right) = (subtree(left, depth + 1), subtree(right, depth + 1));
            hash::sha256(&[b"JMT::IntrnalNode", left.as_bytes(), right.as_bytes()])
        }
    }
}

/// The proof of a key in the state of these rows after a height.
pub(super) fn proof(rows: &Rows, key: &[u8], height: u64) -> StateProof {
    let (all, hashed) = (leaves(rows), key_hash(key));
    let (mut own, mut siblings) = (all.as_slice(), Vec::new());
    while own.len() > 1 {
        let depth = siblings.len();
        let (left, right) = halves(own, depth);
        let (mine, other) = if bit(&hashed, depth) == 0 { (left, right) } else { (right, left) };
        siblings.push(subtree(other, depth + 1));
        own = mine;
    }
    siblings.reverse();
    let value = rows.get(key).map(|value| StateValue::new(value.clone()).unwrap());
    let neighbour = own.first().copied().filter(|leaf| leaf.key != hashed);
    StateProof {
        version: StateProof::VERSION,
        height: Height::new(height),
        key: StateKey::new(key.to_vec()).unwrap(),
        value,
        neighbour,
        siblings: List::new(siblings).unwrap(),
    }
}

/// Forty rows; two keys whose hashes begin with the same 17 bits make one path long.
pub(super) fn rows() -> Rows {
    let mut rows: Rows =
        (0..40_u8).map(|number| (format!("row {number}").into_bytes(), vec![number; 3])).collect();
    let (one, other) = twins();
    rows.insert(one, b"one twin".to_vec());
    rows.insert(other, b"the other".to_vec());
    rows.insert(b"nothing in it".to_vec(), Vec::new());
    rows.insert(vec![0xff; 600], b"the longest key".to_vec());
    rows
}

fn twins() -> (Vec<u8>, Vec<u8>) {
    let mut seen = BTreeMap::new();
    for number in 0_u32.. {
        let key = format!("twin {number}").into_bytes();
        let digest = key_hash(&key);
        let [a, b, c, ..] = *digest.as_bytes();
        if let Some(twin) = seen.insert((a, b, c >> 7), key.clone()) {
            return (twin, key);
        }
    }
    unreachable!("seventeen bits repeat")
}

pub(super) fn decision(rows: &Rows, height: u64) -> Decision {
    let of_story = story().chain.block(1).decision.clone();
    Decision { height: Height::new(height), state_root: subtree(&leaves(rows), 0), ..of_story }
}

fn case(name: &str, proof: &StateProof, decision: &Decision, expect: &str) -> Case {
    bytes_case(name, &encode_canonical(proof), decision, expect)
}

fn bytes_case(name: &str, bytes: &[u8], decision: &Decision, expect: &str) -> Case {
    Case::new(name)
        .bytes("bytes", bytes)
        .bytes("decision", &encode_canonical(decision))
        .with("expect", expect)
}

pub(super) fn suite() -> Suite {
    let mut cases = sound();
    cases.extend(false_values());
    cases.extend(false_absences());
    cases.extend(misshapen());
    Suite::new("state", cases)
}

/// An absent key whose path ends as asked: beside another leaf, or where nothing is.
fn absent(rows: &Rows, beside: bool) -> Vec<u8> {
    let keys = (0_u32..).map(|number| format!("absent {number}").into_bytes());
    keys.into_iter().find(|key| proof(rows, key, 9).neighbour.is_some() == beside).unwrap()
}

fn sound() -> Vec<Case> {
    let (rows, decision) = (rows(), decision(&rows(), 9));
    let one = Rows::from([(b"alone".to_vec(), b"1".to_vec())]);
    let (alone, none) = (self::decision(&one, 9), self::decision(&Rows::new(), 9));
    let ok = |name: &str, key: &[u8]| case(name, &proof(&rows, key, 9), &decision, "ok");
    vec![
        ok("a key and its value", b"row 7"),
        ok("an empty value is a value", b"nothing in it"),
        ok("a long path", &twins().0),
        ok("the longest key", &[0xff; 600]),
        ok("absent, another leaf in its place", &absent(&rows, true)),
        ok("absent, nothing in its place", &absent(&rows, false)),
        case("the only key", &proof(&one, b"alone", 9), &alone, "ok"),
        case("absent beside the only key", &proof(&one, b"other", 9), &alone, "ok"),
        case("absent in the empty state", &proof(&Rows::new(), b"other", 9), &none, "ok"),
    ]
}

fn false_values() -> Vec<Case> {
    let (rows, decision) = (rows(), decision(&rows(), 9));
    let mut later = rows.clone();
    later.insert(b"row 7".to_vec(), b"changed".to_vec());
    let lie = |name: &str, change: &dyn Fn(&mut StateProof, &mut Vec<Digest>), expect: &str| {
        let mut lie = proof(&rows, b"row 7", 9);
        let mut siblings = lie.siblings.to_vec();
        change(&mut lie, &mut siblings);
        lie.siblings = List::new(siblings).unwrap();
        case(name, &lie, &decision, expect)
    };
    let honest = proof(&rows, b"row 7", 9);
    let last = honest.siblings.len() - 1;
    vec![
        case("the state of a later height", &honest, &self::decision(&later, 9), ROOT),
        case("a decision of another height", &honest, &self::decision(&rows, 10), "state_proof.height"),
        lie("another height", &|lie, _| lie.height = Height::new(8), "state_proof.height"),
        lie("another value", &|lie, _| lie.value = StateValue::new(vec![9; 3]), ROOT),
        lie("an empty value", &|lie, _| lie.value = StateValue::new(Vec::new()), ROOT),
        lie("the value of another key", &|lie, _| lie.key = StateKey::new(b"row 8".to_vec()).unwrap(), ROOT),
        lie("no value and no neighbour", &|lie, _| lie.value = None, ROOT),
        lie("the nearest step missing", &|_, steps| *steps = steps[1..].to_vec(), ROOT),
        lie("the farthest step missing", &|_, steps| steps.truncate(last), ROOT),
        lie("no step", &|_, steps| steps.clear(), ROOT),
        lie("a step twice", &|_, steps| steps.insert(1, steps[1]), ROOT),
        lie("an empty half too many", &|_, steps| steps.insert(0, subtree(&[], 0)), ROOT),
        lie("steps swapped", &|_, steps| steps.swap(0, last), ROOT),
        lie("steps from the root on", &|_, steps| steps.reverse(), ROOT),
        lie("256 steps", &|_, steps| steps.resize(256, Digest::ZERO), ROOT),
    ]
}

fn false_absences() -> Vec<Case> {
    let (rows, decision) = (rows(), decision(&rows(), 9));
    let leaf_of = |key: &[u8]| StateLeaf::of(key, &rows[key]);
    let beside = proof(&rows, &absent(&rows, true), 9);
    let honest = proof(&rows, b"row 7", 9);
    let elsewhere = proof(&rows, b"row 8", 9);
    let denied = |neighbour: Option<StateLeaf>, siblings: &StateProof| StateProof {
        value: None,
        neighbour,
        siblings: siblings.siblings.clone(),
        ..honest.clone()
    };
    let other_value = StateLeaf { value: Digest::ZERO, ..beside.neighbour.unwrap() };
    vec![
        case("denied by its own leaf", &denied(Some(leaf_of(b"row 7")), &honest), &decision, NEIGHBOUR),
        case(
            "denied by a leaf elsewhere",
            &denied(Some(leaf_of(b"row 8")), &elsewhere),
            &decision,
            NEIGHBOUR,
        ),
        case("denied by a leaf that is not there", &denied(Some(other_value), &honest), &decision, NEIGHBOUR),
        case("denied as if nothing were there", &denied(None, &elsewhere), &decision, ROOT),
        case("denied by no step and no leaf", &denied(None, &proof(&Rows::new(), b"x", 9)), &decision, ROOT),
        case(
            "a neighbour with another value",
            &StateProof { neighbour: Some(other_value), ..beside.clone() },
            &decision,
            ROOT,
        ),
        case("a neighbour left out", &StateProof { neighbour: None, ..beside }, &decision, ROOT),
    ]
}

fn misshapen() -> Vec<Case> {
    let (rows, decision) = (rows(), decision(&rows(), 9));
    let honest = proof(&rows, b"row 7", 9);
    let beside = proof(&rows, &absent(&rows, true), 9);
    let bytes = encode_canonical(&honest);
    let both = StateProof { neighbour: beside.neighbour, ..honest.clone() };
    let steps = |count: usize| {
        // The same fields with a longer list: what no value of the type can hold.
        let fields = (1_u16, 9_u64, &honest.key, &honest.value, &honest.neighbour, vec![Digest::ZERO; count]);
        encode_canonical(&fields)
    };
    let long_key = {
        let key = cybermesh_proto::wire::Blob::<601>::new(vec![1; 601]).unwrap();
        encode_canonical(&(1_u16, 9_u64, key, &honest.value, &honest.neighbour, &honest.siblings))
    };
    vec![
        case("a neighbour beside a value", &both, &decision, FORM),
        case("no key", &StateProof { key: StateKey::default(), ..beside }, &decision, FORM),
        case("of a later format", &StateProof { version: 2, ..honest.clone() }, &decision, "wire.version"),
        bytes_case("257 steps", &steps(257), &decision, "wire.malformed"),
        bytes_case("a key of 601 bytes", &long_key, &decision, "wire.malformed"),
        bytes_case("a byte too many", &[bytes.as_slice(), &[0]].concat(), &decision, "wire.malformed"),
    ]
}
