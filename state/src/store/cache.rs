//! Nodes of the tree that were read or written lately. A block reads the way to each of its keys: without this, every step of
//! it is a look into the files, with a checksum.
//!
//! A node's name holds its version, so what is kept here never becomes another one. Only what was read and found sound, or
//! written and synced, gets in.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// 48 MiB: the upper four levels of a million keys (65,536 nodes of some 500 bytes), and the newest blocks.
const BYTES_MAX: usize = 48 * 1024 * 1024;
/// What an entry costs besides its bytes.
const ENTRY_BYTES: usize = 96;

/// Two generations: when the young one is full, the old one goes and the young one is old. What is read moves into the young
/// one, so what is in use stays.
#[derive(Default)]
pub(super) struct NodeCache {
    generations: Mutex<Generations>,
}

#[derive(Default)]
struct Generations {
    young: HashMap<Vec<u8>, Arc<[u8]>>,
    old: HashMap<Vec<u8>, Arc<[u8]>>,
    young_bytes: usize,
}

impl NodeCache {
    fn lock(&self) -> MutexGuard<'_, Generations> {
        self.generations.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(super) fn get(&self, name: &[u8]) -> Option<Arc<[u8]>> {
        let mut generations = self.lock();
        if let Some(node) = generations.young.get(name) {
            return Some(Arc::clone(node));
        }
        let (name, node) = generations.old.remove_entry(name)?;
        generations.keep(name, Arc::clone(&node), BYTES_MAX);
        Some(node)
    }

    /// Forgets nodes that were pruned: a height that is gone must not be answered from memory.
    pub(super) fn forget(&self, names: &[Vec<u8>]) {
        let mut generations = self.lock();
        for name in names {
            generations.young.remove(name);
            generations.old.remove(name);
        }
    }

    pub(super) fn keep<'a>(&self, nodes: impl Iterator<Item = (&'a [u8], &'a [u8])>) {
        let mut generations = self.lock();
        for (name, node) in nodes {
            generations.keep(name.to_vec(), Arc::from(node), BYTES_MAX);
        }
    }
}

impl Generations {
    fn keep(&mut self, name: Vec<u8>, node: Arc<[u8]>, limit: usize) {
        self.young_bytes += name.len() + node.len() + ENTRY_BYTES;
        self.young.insert(name, node);
        if self.young_bytes > limit / 2 {
            self.old = std::mem::take(&mut self.young);
            self.young_bytes = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::Generations;

    #[test]
    fn it_never_holds_more_than_its_limit() {
        let mut generations = Generations::default();
        for number in 0..10_000_u32 {
            generations.keep(number.to_be_bytes().to_vec(), Arc::from([0; 100].as_slice()), 20_000);
            let held = generations.young.len() + generations.old.len();
            assert!(held * 200 <= 20_000 + 200, "{held} nodes after {number}");
        }
        assert!(generations.young.len() + generations.old.len() > 40);
    }
}
