//! The three hashes of RFC 6962.

use crate::Digest;
use crate::hash::sha256;

/// The root of a tree without leaves.
#[must_use]
pub fn empty_root() -> Digest {
    sha256(&[])
}

/// The hash of a leaf's data.
#[must_use]
pub fn leaf_hash(data: &[u8]) -> Digest {
    sha256(&[&[0], data])
}

/// The hash of an inner node.
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    sha256(&[&[1], left.as_bytes(), right.as_bytes()])
}
