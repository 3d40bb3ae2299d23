//! A store in a folder of its own, and blocks made up for it.
#![allow(dead_code)] // Each test binary uses its own part.

use std::path::{Path, PathBuf};

use cybermesh_proto::{ChainId, Digest};
use cybermesh_state::made::{self, Made, Shape};
use cybermesh_state::{InstanceId, Memory, Owner, StateError, StateStore};
use tempfile::TempDir;

pub fn owner() -> Owner {
    Owner { chain: ChainId(Digest::new([9; 32])), instance: InstanceId([1; 16]) }
}

/// 8 MiB each: many stores are open at once in a test binary.
pub fn memory() -> Memory {
    Memory::new(8 * 1024 * 1024, 8 * 1024 * 1024)
}

pub struct Home {
    folder: TempDir,
}

impl Home {
    /// A folder with a new state store.
    pub fn new(rows: u64) -> Self {
        let home = Self { folder: TempDir::new().unwrap() };
        let (writes, tree) = made::first(rows).unwrap();
        StateStore::create(&home.place(), &owner(), &memory(), &made::first_of(&writes, &tree)).unwrap();
        home
    }

    /// A folder with a copy of a closed store.
    pub fn copy(other: &Self) -> Self {
        let home = Self { folder: TempDir::new().unwrap() };
        std::fs::create_dir(home.place()).unwrap();
        for file in std::fs::read_dir(other.place()).unwrap() {
            let file = file.unwrap();
            std::fs::copy(file.path(), home.place().join(file.file_name())).unwrap();
        }
        home
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn place(&self) -> PathBuf {
        self.folder.path().join("state")
    }

    pub fn try_open(&self) -> Result<StateStore, StateError> {
        StateStore::open(&self.place(), &owner(), &memory(), &[])
    }

    pub fn open(&self) -> StateStore {
        self.try_open().unwrap()
    }
}

/// Commits so many blocks, and gives them.
pub fn grow(store: &mut StateStore, shape: &Shape, blocks: usize) -> Vec<Made> {
    (0..blocks)
        .map(|_| {
            let made = made::next(store.reader(), &owner(), shape).unwrap();
            store.commit(&made.commit()).unwrap();
            made
        })
        .collect()
}
