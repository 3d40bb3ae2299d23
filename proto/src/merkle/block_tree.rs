//! The tree of one block's transactions (and of any other list that is complete when it is hashed).
//!
//! It is rs_merkle with the hasher of RFC 6962. Its default hasher has no domain separation: a tree of two
//! inner nodes would have the root of the tree of four leaves. Here the leaves are hashed by the one
//! constructor, and the count stands beside every root, because a proof alone does not authenticate it.

use rs_merkle::{Hasher, MerkleTree};

use super::{empty_root, leaf_hash, node_hash};
use crate::Digest;

#[derive(Clone)]
struct Rfc6962;

impl Hasher for Rfc6962 {
    type Hash = [u8; 32];

    fn hash(data: &[u8]) -> [u8; 32] {
        *leaf_hash(data).as_bytes()
    }

    /// A row's last node without sibling rises unchanged: that is RFC 6962's split in other words.
    fn concat_and_hash(left: &[u8; 32], right: Option<&[u8; 32]>) -> [u8; 32] {
        match right {
            Some(right) => *node_hash(&Digest::new(*left), &Digest::new(*right)).as_bytes(),
            None => *left,
        }
    }
}

/// A finished tree over leaf data.
pub struct BlockTree {
    tree: MerkleTree<Rfc6962>,
}

impl BlockTree {
    /// Hashes the leaves and builds the tree.
    pub fn new<'a>(leaves: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let leaves: Vec<_> = leaves.into_iter().map(Rfc6962::hash).collect();
        Self { tree: MerkleTree::from_leaves(&leaves) }
    }

    /// Builds the tree over leaves that are hashed already, by [`leaf_hash`] and nothing else.
    #[must_use]
    pub fn of_hashes(leaves: &[Digest]) -> Self {
        let leaves: Vec<_> = leaves.iter().map(|leaf| *leaf.as_bytes()).collect();
        Self { tree: MerkleTree::from_leaves(&leaves) }
    }

    /// How many leaves there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.tree.leaves_len()
    }

    /// The root.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.tree.root().map_or_else(empty_root, Digest::new)
    }

    /// The path from leaf `index` to the root.
    #[must_use]
    pub fn path(&self, index: usize) -> Option<Vec<Digest>> {
        if index >= self.count() {
            return None;
        }
        let proof = self.tree.proof(&[index]);
        Some(proof.proof_hashes().iter().copied().map(Digest::new).collect())
    }
}
