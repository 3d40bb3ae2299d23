//! The state's root and paths from the definition alone: a map of leaves, halved bit by bit.

use std::collections::BTreeMap;

use cybermesh_proto::Digest;
use cybermesh_proto::hash::sha256;

pub type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// The root over these rows.
pub fn root(rows: &Rows) -> Digest {
    let leaves: BTreeMap<[u8; 32], Digest> = rows
        .iter()
        .map(|(key, value)| {
            let (key, value) = (sha256(&[key]), sha256(&[value]));
            (*key.as_bytes(), sha256(&[b"JMT::LeafNode", key.as_bytes(), value.as_bytes()]))
        })
        .collect();
    let leaves: Vec<_> = leaves.into_iter().collect();
    subtree(&leaves, 0)
}

fn subtree(leaves: &[([u8; 32], Digest)], depth: usize) -> Digest {
    match leaves {
        [] => Digest::new(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__"),
        [(_, hash)] => *hash,
        _ => {
            let bit = |key: &[u8; 32]| (key[depth / 8] >> (7 - depth % 8)) & 1;
            let (left, right) = leaves.split_at(leaves.partition_point(|(key, _)| bit(key) == 0));
            let (left, right) = (subtree(left, depth + 1), subtree(right, depth + 1));
            sha256(&[b"JMT::IntrnalNode", left.as_bytes(), right.as_bytes()])
        }
    }
}
