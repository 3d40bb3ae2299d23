//! Trees: RFC 6962 hashing everywhere, so that every proof of ours can be checked by other people's code.
//!
//! Leaf = `SHA-256(0x00 ‖ data)`, node = `SHA-256(0x01 ‖ left ‖ right)`, the empty tree is `SHA-256("")`. A tree
//! of n leaves splits at the largest power of two below n. Leaf and node hashes can never be confused, which
//! is what makes a second preimage worthless.

mod block_tree;
mod hashing;
mod log;
mod proof;

pub use block_tree::BlockTree;
pub use hashing::{empty_root, leaf_hash, node_hash};
pub use log::{Frontier, Log};
pub use proof::{Path, verify_consistency, verify_inclusion};
