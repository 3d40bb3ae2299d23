//! The right edge of a log, appended to by leaf hashes, and paths in short lists of them.
//!
//! [`cybermesh_proto::merkle`] has the same arithmetic over leaf data; a store gets hashes, and has to know which inner nodes
//! complete a tile.

use cybermesh_proto::Digest;
use cybermesh_proto::merkle::{empty_root, node_hash};

/// 8: a tile holds 2^8 hashes of one level.
pub(crate) const TILE_BITS: u32 = 8;

/// The roots of a log's perfect subtrees, largest first, and its size.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub(crate) struct Edge {
    size: u64,
    peaks: Vec<Digest>,
}

/// A hash that takes its place in a tile: level, index, hash.
pub(crate) type TileHash = (u8, u64, Digest);

impl Edge {
    /// From what was read; the peaks are one for each bit of the size.
    pub(crate) const fn new(size: u64, peaks: Vec<Digest>) -> Self {
        Self { size, peaks }
    }

    pub(crate) const fn size(&self) -> u64 {
        self.size
    }

    /// Appends a leaf; what is new in tiles is added to `tiles`.
    pub(crate) fn append(&mut self, leaf: Digest, tiles: &mut Vec<TileHash>) {
        tiles.push((0, self.size, leaf));
        let mut hash = leaf;
        for height in 1..=self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
            if height % TILE_BITS == 0 {
                tiles.push(((height / TILE_BITS) as u8, self.size >> height, hash));
            }
        }
        self.peaks.push(hash);
        self.size += 1;
    }

    pub(crate) fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        match peaks.next() {
            None => empty_root(),
            Some(last) => peaks.fold(*last, |right, left| node_hash(left, &right)),
        }
    }
}

/// The largest power of two below a size of at least 2.
pub(crate) const fn half(size: u64) -> u64 {
    size.next_power_of_two() / 2
}

/// The root over a list of leaf hashes.
pub(crate) fn root_of(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = leaves.split_at(half(leaves.len() as u64) as usize);
            node_hash(&root_of(left), &root_of(right))
        }
    }
}

/// The path from one of a list of leaf hashes to the root over all.
pub(crate) fn path_in(leaves: &[Digest], index: usize) -> Option<Vec<Digest>> {
    let (mut part, mut index) = (leaves, index);
    if index >= part.len() {
        return None;
    }
    let mut path = Vec::new();
    while part.len() > 1 {
        let (left, right) = part.split_at(half(part.len() as u64) as usize);
        if index < left.len() {
            path.push(root_of(right));
            part = left;
        } else {
            path.push(root_of(left));
            index -= left.len();
            part = right;
        }
    }
    path.reverse();
    Some(path)
}
