//! A history of heights over a store in memory, and what each of them holds.

use std::collections::BTreeMap;

use cybermesh_executor::applied::Writes;
use cybermesh_executor::memory::MemoryStore;
use cybermesh_executor::tree::{genesis, grow};
use cybermesh_proto::{Digest, Height};

use super::reference::Rows;

/// What happens to some of the keys at one height; keys and values by number.
pub type Changes = BTreeMap<u16, Option<u8>>;

pub fn key(number: u16) -> Vec<u8> {
    format!("row/{number}").into_bytes()
}

pub fn height(number: usize) -> Height {
    Height::new(u64::try_from(number).unwrap())
}

#[derive(Default)]
pub struct History {
    pub store: MemoryStore,
    /// Rows and root of each height.
    pub heights: Vec<(Rows, Digest)>,
}

impl History {
    pub fn of(blocks: &[Changes]) -> Self {
        let mut history = Self::default();
        blocks.iter().for_each(|changes| history.step(changes));
        history
    }

    fn step(&mut self, changes: &Changes) {
        let mut rows = self.heights.last().map(|(rows, _)| rows.clone()).unwrap_or_default();
        let mut writes = Writes::new();
        for (number, value) in changes {
            let (key, value) = (key(*number), value.map(|value| vec![value; usize::from(value) % 40]));
            if rows.get(&key) != value.as_ref() {
                match &value {
                    Some(value) => rows.insert(key.clone(), value.clone()),
                    None => rows.remove(&key),
                };
                writes.push((key, value));
            }
        }
        writes.sort();
        let next = height(self.heights.len());
        let update = match self.heights.last() {
            None => genesis(&writes),
            Some((_, before)) => grow(&self.store, next, before, &writes),
        };
        let update = update.unwrap();
        self.store.apply(next, &writes, &update).unwrap();
        self.heights.push((rows, update.root));
    }
}
