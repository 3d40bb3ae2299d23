//! Nodes: from the store into the tree's own form, and into the form that proofs are read from.
//!
//! Nodes are kept in jmt's own encoding (borsh). Proofs are not made by jmt: its walk reads a node more for every
//! sibling and panics when the store fails to answer; ours reads the path alone, and every failure is an error.

use std::cell::RefCell;
use std::collections::BTreeMap;

use borsh::BorshDeserialize as _;
use cybermesh_proto::state_proof::{EMPTY_STATE, StateLeaf, inner_hash};
use cybermesh_proto::{Digest, Height};
use jmt::KeyHash;
use jmt::storage::{LeafNode, Node, NodeKey, TreeReader};

use super::{TreeStore, key};
use crate::view::ViewError;

/// A child of an inner node.
#[derive(Clone, Copy, Debug)]
pub(super) struct Child {
    /// Its hash.
    pub hash: Digest,
    /// The version it was made by.
    pub version: u64,
    /// Whether it is a leaf.
    pub leaf: bool,
}

/// What stands under a name: four levels of the tree at once, or a leaf.
#[derive(Clone, Debug)]
pub(super) enum Shape {
    Empty,
    Leaf(StateLeaf),
    Inner(Box<[Option<Child>; 16]>),
}

/// What a part of an inner node's children is in the binary tree.
pub(super) enum Part {
    Empty,
    /// One child stands for the part: a lone leaf, or the only place.
    One(u8, Child),
    Several,
}

impl Shape {
    /// The hash of the node.
    pub(super) fn hash(&self) -> Digest {
        match self {
            Self::Empty => EMPTY_STATE,
            Self::Leaf(leaf) => leaf.hash(),
            Self::Inner(children) => fold(children.as_slice()),
        }
    }
}

/// What these neighbouring children are together; their number is a power of two.
pub(super) fn part(children: &[Option<Child>]) -> Part {
    let mut present = (0_u8..).zip(children).filter_map(|(place, child)| child.map(|child| (place, child)));
    match (present.next(), present.next()) {
        (None, _) => Part::Empty,
        (Some((place, child)), None) if child.leaf || children.len() == 1 => Part::One(place, child),
        _ => Part::Several,
    }
}

/// The hash over neighbouring children.
pub(super) fn fold(children: &[Option<Child>]) -> Digest {
    match part(children) {
        Part::Empty => EMPTY_STATE,
        Part::One(_, child) => child.hash,
        Part::Several => {
            let (left, right) = children.split_at(children.len() / 2);
            inner_hash(&fold(left), &fold(right))
        }
    }
}

/// The node under a name.
pub(super) fn read(store: &dyn TreeStore, name: &[u8]) -> Result<Option<Shape>, ViewError> {
    let Some(bytes) = store.node(name)? else { return Ok(None) };
    let shape = match decode(&bytes)? {
        Node::Null => Shape::Empty,
        Node::Leaf(leaf) => Shape::Leaf(leaf_of(&leaf)?),
        Node::Internal(inner) => {
            let mut children = Box::new([None; 16]);
            for (nibble, child) in inner.children_sorted() {
                if let Some(place) = children.get_mut(nibble.as_usize()) {
                    let hash = Digest::new(child.hash);
                    *place = Some(Child { hash, version: child.version, leaf: child.is_leaf() });
                }
            }
            Shape::Inner(children)
        }
    };
    Ok(Some(shape))
}

/// The node that must stand under a name.
pub(super) fn must_read(store: &dyn TreeStore, name: &[u8]) -> Result<Shape, ViewError> {
    read(store, name)?.ok_or_else(|| ViewError(format!("the tree lacks its node {name:02x?}")))
}

fn decode(bytes: &[u8]) -> Result<Node, ViewError> {
    Node::try_from_slice(bytes).map_err(|error| ViewError(format!("a damaged node of the tree: {error}")))
}

/// jmt keeps the hash of a value to itself; its encoding shows it: two times 32 bytes.
fn leaf_of(leaf: &LeafNode) -> Result<StateLeaf, ViewError> {
    let bytes = borsh::to_vec(leaf).map_err(|error| ViewError(format!("a leaf of the tree: {error}")))?;
    let halves = bytes.split_at_checked(32);
    let digests = halves.and_then(|(key, value)| Digest::from_slice(key).zip(Digest::from_slice(value)));
    let (key, value) = digests.ok_or_else(|| ViewError("a leaf of the tree has another form".to_owned()))?;
    Ok(StateLeaf { key, value })
}

/// The store as jmt wants it; remembers every leaf it met, so that a write that changes nothing is found out
/// without another read.
pub(super) struct Reader<'a> {
    store: &'a dyn TreeStore,
    met: RefCell<BTreeMap<Digest, Digest>>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(store: &'a dyn TreeStore) -> Self {
        Self { store, met: RefCell::default() }
    }

    /// Hashed keys of the leaves met, with the hashes of their values.
    pub(super) fn met(self) -> BTreeMap<Digest, Digest> {
        self.met.into_inner()
    }
}

impl TreeReader for Reader<'_> {
    fn get_node_option(&self, node_key: &NodeKey) -> anyhow::Result<Option<Node>> {
        let Some(bytes) = self.store.node(&key::encode_node_key(node_key))? else { return Ok(None) };
        let node = decode(&bytes)?;
        if let Node::Leaf(leaf) = &node {
            let StateLeaf { key, value } = leaf_of(leaf)?;
            self.met.borrow_mut().insert(key, value);
        }
        Ok(Some(node))
    }

    fn get_value_option(&self, max_version: u64, key_hash: KeyHash) -> anyhow::Result<Option<Vec<u8>>> {
        Ok(self.store.value(&Digest::new(key_hash.0), Height::new(max_version))?)
    }

    fn get_rightmost_leaf(&self) -> anyhow::Result<Option<(NodeKey, LeafNode)>> {
        Err(anyhow::anyhow!("no tree is restored here"))
    }
}
