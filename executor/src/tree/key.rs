//! Names of nodes, as stores keep them.
//!
//! `version (8 bytes, big endian) ‖ number of nibbles (1 byte) ‖ nibbles, two in a byte, the first one high; half a
//! byte is filled up with 0`. What one version adds lies together, and its root comes first.

use cybermesh_proto::{Digest, Height};
use jmt::storage::NodeKey;

/// The name of a node under its path.
pub(super) fn encode(version: u64, nibbles: impl Iterator<Item = u8>) -> Vec<u8> {
    let (mut path, mut count) = (Vec::with_capacity(32), 0_u8);
    for nibble in nibbles {
        match path.last_mut() {
            Some(last) if count % 2 == 1 => *last |= nibble,
            _ => path.push(nibble << 4),
        }
        // A path has at most 64 nibbles: those of a digest.
        count = count.saturating_add(1);
    }
    [version.to_be_bytes().as_slice(), &[count], &path].concat()
}

/// The name of the tree's own name for a node.
pub(super) fn encode_node_key(key: &NodeKey) -> Vec<u8> {
    encode(key.version(), key.nibble_path().nibbles().map(u8::from))
}

/// The name of the root after a height.
pub(super) fn root(height: Height) -> Vec<u8> {
    encode(height.get(), std::iter::empty())
}

/// The nibbles of a hashed key, from the root on.
pub(super) fn nibbles(key: &Digest) -> impl Iterator<Item = u8> + '_ {
    key.as_bytes().iter().flat_map(|byte| [byte >> 4, byte & 0x0f])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_comes_first_then_the_length_then_the_path() {
        assert_eq!(encode(1, std::iter::empty()), [0, 0, 0, 0, 0, 0, 0, 1, 0]);
        assert_eq!(encode(0x0102, [0xa, 0xb, 0xc].into_iter()), [0, 0, 0, 0, 0, 0, 1, 2, 3, 0xab, 0xc0]);
    }

    #[test]
    fn no_two_paths_have_one_name() {
        // Without the length, `a` and `a0` would be the same bytes.
        assert_ne!(encode(1, [0xa].into_iter()), encode(1, [0xa, 0].into_iter()));
    }

    #[test]
    fn later_versions_sort_behind_earlier_ones() {
        assert!(encode(255, [0xf; 64].into_iter()) < encode(256, std::iter::empty()));
    }
}
