//! Append-only logs: the frontier that grows them, and a list of all leaves that makes proofs.

use super::{empty_root, leaf_hash, node_hash};
use crate::Digest;

/// The right edge of a log: everything that is needed to append and to give the root, in at most 64 hashes.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default)]
pub struct Frontier {
    size: u64,
    /// Roots of the perfect subtrees, largest first: one for each set bit of `size`.
    peaks: Vec<Digest>,
}

impl Frontier {
    /// Rebuilds a frontier from what was stored; `None` if the peaks do not fit the size.
    #[must_use]
    pub fn from_parts(size: u64, peaks: Vec<Digest>) -> Option<Self> {
        (u32::try_from(peaks.len()) == Ok(size.count_ones())).then_some(Self { size, peaks })
    }

    /// How many leaves there are.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// The roots of the perfect subtrees, largest first.
    #[must_use]
    pub fn peaks(&self) -> &[Digest] {
        &self.peaks
    }

    /// Appends one leaf by its data.
    pub fn append(&mut self, data: &[u8]) {
        let mut hash = leaf_hash(data);
        // Each trailing one-bit of the size is a perfect subtree that the new leaf completes to a larger one.
        for _ in 0..self.size.trailing_ones() {
            if let Some(left) = self.peaks.pop() {
                hash = node_hash(&left, &hash);
            }
        }
        self.peaks.push(hash);
        self.size = self.size.saturating_add(1);
    }

    /// The root of the log.
    #[must_use]
    pub fn root(&self) -> Digest {
        let mut peaks = self.peaks.iter().rev();
        let Some(last) = peaks.next() else {
            return empty_root();
        };
        peaks.fold(*last, |right, left| node_hash(left, &right))
    }
}

/// A log with all its leaf hashes in memory: for blocks, tests and small histories.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Log {
    leaves: Vec<Digest>,
}

impl Log {
    /// Appends one leaf by its data.
    pub fn append(&mut self, data: &[u8]) {
        self.leaves.push(leaf_hash(data));
    }

    /// How many leaves there are.
    #[must_use]
    pub fn size(&self) -> usize {
        self.leaves.len()
    }

    /// The root of the first `size` leaves.
    #[must_use]
    pub fn root(&self, size: usize) -> Option<Digest> {
        self.leaves.get(..size).map(subtree_root)
    }

    /// The path from leaf `index` to the root of the first `size` leaves.
    #[must_use]
    pub fn inclusion(&self, index: usize, size: usize) -> Option<Vec<Digest>> {
        let leaves = self.leaves.get(..size).filter(|_| index < size)?;
        let mut path = Vec::new();
        inclusion(leaves, index, &mut path);
        Some(path)
    }

    /// The proof that the first `old` leaves are a prefix of the first `new` ones.
    #[must_use]
    pub fn consistency(&self, old: usize, new: usize) -> Option<Vec<Digest>> {
        let leaves = self.leaves.get(..new).filter(|_| old <= new)?;
        let mut path = Vec::new();
        if old > 0 && old < new {
            consistency(leaves, old, true, &mut path);
        }
        Some(path)
    }
}

fn split(leaves: &[Digest]) -> (&[Digest], &[Digest]) {
    let half = leaves.len().next_power_of_two() / 2;
    leaves.split_at_checked(half).unwrap_or((leaves, &[]))
}

fn subtree_root(leaves: &[Digest]) -> Digest {
    match leaves {
        [] => empty_root(),
        [leaf] => *leaf,
        _ => {
            let (left, right) = split(leaves);
            node_hash(&subtree_root(left), &subtree_root(right))
        }
    }
}

fn inclusion(leaves: &[Digest], index: usize, path: &mut Vec<Digest>) {
    if leaves.len() < 2 {
        return;
    }
    let (left, right) = split(leaves);
    if let Some(index) = index.checked_sub(left.len()) {
        inclusion(right, index, path);
        path.push(subtree_root(left));
    } else {
        inclusion(left, index, path);
        path.push(subtree_root(right));
    }
}

/// `whole` says that the old tree is the whole of this subtree's left part seen so far, whose root is known.
fn consistency(leaves: &[Digest], old: usize, whole: bool, path: &mut Vec<Digest>) {
    if old == leaves.len() {
        if !whole {
            path.push(subtree_root(leaves));
        }
        return;
    }
    let (left, right) = split(leaves);
    match old.checked_sub(left.len()).filter(|rest| *rest > 0) {
        Some(rest) => {
            consistency(right, rest, false, path);
            path.push(subtree_root(left));
        }
        None => {
            consistency(left, old, whole, path);
            path.push(subtree_root(right));
        }
    }
}
