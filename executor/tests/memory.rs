//! The store in memory does what every store must.

use cybermesh_executor::applied::Writes;
use cybermesh_executor::memory::MemoryStore;
use cybermesh_executor::store_suite;
use cybermesh_executor::suite::SuiteStore;
use cybermesh_executor::tree::{TreeStore, TreeUpdate};
use cybermesh_executor::view::{View, ViewError};
use cybermesh_proto::Height;

/// Its memory is all it has: it is opened again as a copy.
struct Memory(MemoryStore);

impl SuiteStore for Memory {
    fn open() -> Result<Self, ViewError> {
        Ok(Self(MemoryStore::default()))
    }

    fn apply(&mut self, height: Height, writes: &Writes, update: &TreeUpdate) -> Result<(), ViewError> {
        self.0.apply(height, writes, update)
    }

    fn tree(&self) -> &dyn TreeStore {
        &self.0
    }

    fn view(&self) -> Result<Box<dyn View + '_>, ViewError> {
        Ok(Box::new(&self.0))
    }

    fn view_at(&self, height: Height) -> Result<Box<dyn View + '_>, ViewError> {
        Ok(Box::new(self.0.at(height)?))
    }

    fn prune(&mut self, below: Height) -> Result<(), ViewError> {
        self.0.prune(below)
    }

    fn node_count(&self) -> Result<usize, ViewError> {
        Ok(self.0.nodes())
    }

    fn version_count(&self) -> Result<usize, ViewError> {
        Ok(self.0.versions())
    }

    fn reopen(self) -> Result<Self, ViewError> {
        Ok(Self(self.0.clone()))
    }
}

store_suite!(Memory);
