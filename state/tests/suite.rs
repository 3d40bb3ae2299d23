//! The suite that every store of the state must pass, run by the store on RocksDB.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{memory, owner};
use cybermesh_executor::applied::Writes;
use cybermesh_executor::store_suite;
use cybermesh_executor::suite::SuiteStore;
use cybermesh_executor::tree::{TreeStore, TreeUpdate};
use cybermesh_executor::view::{View, ViewError};
use cybermesh_proto::Height;
use cybermesh_state::made::{self, Shape};
use cybermesh_state::{Horizon, StateStore};
use tempfile::TempDir;

/// The store is made with its first height.
struct OnDisk {
    folder: TempDir,
    store: Option<StateStore>,
}

impl OnDisk {
    fn store(&self) -> Result<&StateStore, ViewError> {
        self.store.as_ref().ok_or_else(|| ViewError("nothing was applied yet".to_owned()))
    }

    fn begin(&mut self, writes: &Writes, update: &TreeUpdate) -> Result<(), ViewError> {
        let place = self.folder.path().join("state");
        StateStore::create(&place, &owner(), &memory(), &made::first_of(writes, update))?;
        self.store = Some(StateStore::open(&place, &owner(), &memory(), &[])?);
        Ok(())
    }
}

struct Empty;

impl TreeStore for Empty {
    fn node(&self, _key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }

    fn value(&self, _key: &cybermesh_proto::Digest, _at: Height) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }
}

impl View for Empty {
    fn get(&self, _key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(None)
    }

    fn first(&self, _from: &[u8], _below: &[u8]) -> Result<Option<cybermesh_executor::view::Row>, ViewError> {
        Ok(None)
    }
}

impl SuiteStore for OnDisk {
    fn open() -> Result<Self, ViewError> {
        Ok(Self { folder: TempDir::new().unwrap(), store: None })
    }

    fn apply(&mut self, height: Height, writes: &Writes, update: &TreeUpdate) -> Result<(), ViewError> {
        let Some(store) = &mut self.store else {
            return if height == Height::ZERO {
                self.begin(writes, update)
            } else {
                Err(ViewError("the first height is 0".to_owned()))
            };
        };
        let shape = Shape { items: 2, ..Shape::default() };
        let mut made = made::with_state(store.reader(), &owner(), &shape, writes.clone(), update.clone());
        made.applied.decision.height = height;
        Ok(store.commit(&made.commit())?)
    }

    fn tree(&self) -> &dyn TreeStore {
        self.store.as_ref().map_or(&Empty, |store| store.reader())
    }

    fn view(&self) -> Result<Box<dyn View + '_>, ViewError> {
        match &self.store {
            Some(store) => Ok(Box::new(store.reader())),
            None => Ok(Box::new(Empty)),
        }
    }

    fn view_at(&self, height: Height) -> Result<Box<dyn View + '_>, ViewError> {
        Ok(Box::new(self.store()?.reader().at(height)?))
    }

    fn prune(&mut self, below: Height) -> Result<(), ViewError> {
        let store = self.store.as_mut().ok_or_else(|| ViewError("nothing was applied yet".to_owned()))?;
        store.prune(&Horizon { state: below, journal: Height::ZERO, confirmed: &[] })?;
        Ok(())
    }

    fn node_count(&self) -> Result<usize, ViewError> {
        Ok(self.store()?.reader().count_rows("nodes")?)
    }

    fn version_count(&self) -> Result<usize, ViewError> {
        Ok(self.store()?.reader().count_rows("values")?)
    }

    fn reopen(mut self) -> Result<Self, ViewError> {
        if let Some(store) = self.store.take() {
            drop(store);
            let place = self.folder.path().join("state");
            self.store = Some(StateStore::open(&place, &owner(), &memory(), &[])?);
        }
        Ok(self)
    }
}

store_suite!(OnDisk);
