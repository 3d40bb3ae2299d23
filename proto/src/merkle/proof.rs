//! Checking a proof. Sizes and roots come from a certified decision, never from the proof.
//!
//! Defined for every size: the empty tree contains nothing and is a prefix of every tree; equal sizes are
//! consistent exactly when the roots are equal. A proof of the wrong length is refused before it is hashed.

use super::{empty_root, node_hash};
use crate::limits::PROOF_STEPS_MAX;
use crate::wire::List;
use crate::{Code, Digest, Refusal};

/// The sibling hashes of a proof, from the leaf upwards.
pub type Path = List<Digest, PROOF_STEPS_MAX>;

/// Checks that `leaf` (already hashed as a leaf) is number `index` of the tree of `size` leaves under `root`.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    path: &[Digest],
    root: &Digest,
) -> Result<(), Refusal> {
    let Some(mut last) = size.checked_sub(1).filter(|last| index <= *last) else {
        return Err(Refusal::new(Code::ProofIndex, format!("leaf {index} of a tree of {size} leaves")));
    };
    let expected = path_length(index, last);
    if path.len() != expected {
        return Err(Refusal::new(Code::ProofLength, format!("{} steps, it takes {expected}", path.len())));
    }
    let (mut node, mut hash) = (index, *leaf);
    for sibling in path {
        // A right child, or the last node of its row: skip the rows in which the last node has no sibling.
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if hash == *root { Ok(()) } else { Err(Refusal::new(Code::ProofRoot, "the path ends in another root")) }
}

/// How many siblings there are on the way from leaf `index` up, when `last` is the last leaf.
fn path_length(index: u64, last: u64) -> usize {
    let (mut node, mut last, mut steps) = (index, last, 0_usize);
    while last > 0 {
        if node & 1 == 1 || node != last {
            steps = steps.saturating_add(1);
        }
        node >>= 1;
        last >>= 1;
    }
    steps
}

/// Checks that the tree of `old_size` leaves under `old_root` is a prefix of the newer one.
pub fn verify_consistency(
    (old_size, old_root): (u64, &Digest),
    (new_size, new_root): (u64, &Digest),
    path: &[Digest],
) -> Result<(), Refusal> {
    if old_size > new_size {
        return Err(Refusal::new(Code::ProofIndex, format!("{old_size} leaves cannot precede {new_size}")));
    }
    if old_size == 0 || old_size == new_size {
        return trivial_consistency((old_size, old_root), (new_size, new_root), path);
    }
    // The old root itself is left out of the proof when the old tree is one perfect subtree.
    let mut steps = path.iter();
    let mut node = old_size.saturating_sub(1);
    let mut last = new_size.saturating_sub(1);
    while node & 1 == 1 {
        node >>= 1;
        last >>= 1;
    }
    let start = if old_size.is_power_of_two() { Some(old_root) } else { steps.next() };
    let Some(start) = start else {
        return Err(Refusal::new(Code::ProofLength, "an empty consistency proof"));
    };
    let (mut old_hash, mut new_hash) = (*start, *start);
    for sibling in steps {
        if last == 0 {
            return Err(Refusal::new(Code::ProofLength, "a consistency proof that is too long"));
        }
        if node & 1 == 1 || node == last {
            old_hash = node_hash(sibling, &old_hash);
            new_hash = node_hash(sibling, &new_hash);
            while node & 1 == 0 && node != 0 {
                node >>= 1;
                last >>= 1;
            }
        } else {
            new_hash = node_hash(&new_hash, sibling);
        }
        node >>= 1;
        last >>= 1;
    }
    if last != 0 {
        return Err(Refusal::new(Code::ProofLength, "a consistency proof that is too short"));
    }
    if old_hash != *old_root || new_hash != *new_root {
        return Err(Refusal::new(Code::ProofRoot, "the proof ends in other roots"));
    }
    Ok(())
}

fn trivial_consistency(
    (old_size, old_root): (u64, &Digest),
    (new_size, new_root): (u64, &Digest),
    path: &[Digest],
) -> Result<(), Refusal> {
    if !path.is_empty() {
        return Err(Refusal::new(Code::ProofLength, "this consistency takes no step"));
    }
    let old_is_sound = if old_size == 0 { *old_root == empty_root() } else { old_root == new_root };
    let new_is_sound = new_size != 0 || *new_root == empty_root();
    if old_is_sound && new_is_sound { Ok(()) } else { Err(Refusal::new(Code::ProofRoot, "the roots differ")) }
}
