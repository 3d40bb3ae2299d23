//! Proofs of single keys, at any height the store still has.

use cybermesh_proto::state_proof::{StateKey, StateLeaf, StateProof, StateValue, key_hash, value_hash};
use cybermesh_proto::wire::List;
use cybermesh_proto::{Digest, Height};

use super::node::{Child, Part, Shape, fold, must_read, part};
use super::{TreeStore, at_height, key};
use crate::view::ViewError;

/// The proof of what a key held after a height, or that it held nothing.
pub fn prove(store: &dyn TreeStore, height: Height, key: &[u8]) -> Result<StateProof, ViewError> {
    let name = StateKey::new(key.to_vec()).filter(|name| !name.as_slice().is_empty());
    let name = name.ok_or_else(|| ViewError(format!("{} bytes are no key of the state", key.len())))?;
    let hashed = key_hash(key);
    let (leaf, siblings) = walk(store, height, &hashed)?;
    let (value, neighbour) = match leaf {
        Some(leaf) if leaf.key == hashed => (Some(value(store, height, &leaf)?), None),
        other => (None, other),
    };
    let siblings =
        List::new(siblings).ok_or_else(|| ViewError("a path of more than 256 steps".to_owned()))?;
    Ok(StateProof { version: StateProof::VERSION, height, key: name, value, neighbour, siblings })
}

/// The value of a leaf. It has to be the one that the leaf was made of: a proof is not given out unproven.
fn value(store: &dyn TreeStore, height: Height, leaf: &StateLeaf) -> Result<StateValue, ViewError> {
    let found = store.value(&leaf.key, height)?;
    let sound = found.filter(|value| value_hash(value) == leaf.value).and_then(StateValue::new);
    sound.ok_or_else(|| ViewError(format!("no value of the key {} fits the tree of {height}", leaf.key)))
}

/// The leaf that a path ends in, and the other halves on the way, the nearest to the leaf first.
fn walk(
    store: &dyn TreeStore,
    height: Height,
    hashed: &Digest,
) -> Result<(Option<StateLeaf>, Vec<Digest>), ViewError> {
    let mut siblings = Vec::new();
    let mut trodden = Vec::new();
    let mut nibbles = key::nibbles(hashed);
    let mut shape = at_height(store, height)?;
    let found = loop {
        let children = match shape {
            Shape::Empty => break None,
            Shape::Leaf(leaf) => break Some(leaf),
            Shape::Inner(children) => children,
        };
        // 64 nibbles end every path; a longer one is a circle in a damaged store.
        let nibble = nibbles.next().ok_or_else(|| ViewError("a path without an end".to_owned()))?;
        let Some((place, version)) = descend(children.as_slice(), nibble, &mut siblings) else { break None };
        trodden.push(place);
        shape = must_read(store, &key::encode(version, trodden.iter().copied()))?;
    };
    siblings.reverse();
    Ok((found, siblings))
}

/// The child that stands where the nibble leads, after at most four choices between halves.
fn descend(children: &[Option<Child>], nibble: u8, siblings: &mut Vec<Digest>) -> Option<(u8, u64)> {
    let (mut own, mut first) = (children, 0_u8);
    // A whole inner node is never a lone leaf: the first choice is always made.
    for bit in [8_u8, 4, 2, 1] {
        let (left, right) = own.split_at(own.len() / 2);
        if nibble & bit == 0 {
            siblings.push(fold(right));
            own = left;
        } else {
            siblings.push(fold(left));
            own = right;
            first |= bit;
        }
        match part(own) {
            Part::Empty => return None,
            Part::One(place, child) => return Some((first | place, child.version)),
            Part::Several => {}
        }
    }
    None
}
