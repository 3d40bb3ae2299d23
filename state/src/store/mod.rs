//! The state store: the result of every decided block, all of it in one synced batch.
//!
//! **Promise**: after [`StateStore::commit`] has returned, everything the block came to is on disk: decision, state with its
//! tree, logs, journal, outcomes, outbox, attestation, positions, height, mirror. Before it returned, either all of it or
//! nothing is found after a crash. What is read is what was written, or an error says that it is damaged.
//!
//! **Refuses**: a block that does not follow the newest one; a result whose parts do not fit each other; to open when height,
//! decision, tree and logs differ, when it is of another owner, or when a family is missing. It never repairs.
//!
//! **One writer, many readers**: commit and prune take the store for themselves; [`StateReader`] is cloned freely. What a
//! reader sees of one height never changes; a height that is pruned while it is read says so.
//!
//! `docs/storage.md` has the table of all families and keys.

mod cache;
mod check;
mod commit;
mod head;
mod items;
mod journal;
pub(crate) mod keys;
mod opening;
mod outbox;
mod prune;
mod reads;
mod receipts;
mod rows;
mod tiles;

use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

use cybermesh_proto::{ChainId, Height};

use crate::db::{Db, Kind};
use crate::error::StateError;
use crate::family::{Family, Memory, Shape};
use crate::instance::Owner;
use crate::points::{Point, Sync};

pub use commit::{Commit, First, Published, SourcePosition};
pub use head::Newest;
pub use items::ItemPlace;
pub use journal::{Page, Place};
pub use outbox::OutboxLeaf;
pub use prune::{Cursor, Horizon, Pruned};
pub use reads::After;
pub use receipts::TxProof;
pub use rows::AtHeight;
pub use tiles::Log;

pub(crate) use head::Head;

const NAME: &str = "state store";

pub(crate) const MARKS: Family = Family::new("marks", Shape::Ordered);
pub(crate) const DECISIONS: Family = Family::new("decisions", Shape::Ordered);
pub(crate) const ROWS: Family = Family::new("rows", Shape::Bodies);
pub(crate) const GONE: Family = Family::new("gone", Shape::Ordered);
pub(crate) const NODES: Family = Family::new("nodes", Shape::Hashes);
pub(crate) const VALUES: Family = Family::new("values", Shape::Grouped(33));
pub(crate) const STALE: Family = Family::new("stale", Shape::Ordered);
pub(crate) const TILES: Family = Family::new("tiles", Shape::Hashes);
pub(crate) const AUDIT: Family = Family::new("audit", Shape::Ordered);
pub(crate) const ITEMS: Family = Family::new("items", Shape::Ordered);
pub(crate) const EVENTS: Family = Family::new("events", Shape::Grouped(33));
pub(crate) const CASES: Family = Family::new("cases", Shape::Ordered);
pub(crate) const SUBJECTS: Family = Family::new("subjects", Shape::Ordered);
pub(crate) const OUTBOX: Family = Family::new("outbox", Shape::Ordered);
pub(crate) const RUNS: Family = Family::new("runs", Shape::Ordered);
pub(crate) const ATTESTATIONS: Family = Family::new("attestations", Shape::Ordered);
/// RocksDB always has it; nothing is kept in it.
const DEFAULT: Family = Family::new("default", Shape::Ordered);

pub(crate) const KIND: Kind = Kind {
    name: NAME,
    families: &[
        MARKS,
        DECISIONS,
        ROWS,
        GONE,
        NODES,
        VALUES,
        STALE,
        TILES,
        AUDIT,
        ITEMS,
        EVENTS,
        CASES,
        SUBJECTS,
        OUTBOX,
        RUNS,
        ATTESTATIONS,
        DEFAULT,
    ],
    sync: Sync::State,
    before: Point::StateBefore,
    after: Point::StateAfter,
};

/// The store, for its one writer.
pub struct StateStore {
    reader: StateReader,
}

/// The store, for whoever reads.
#[derive(Clone)]
pub struct StateReader {
    db: Arc<Db>,
    chain: ChainId,
    head: Arc<RwLock<Arc<Head>>>,
    floors: Arc<Floors>,
    nodes: Arc<cache::NodeCache>,
}

/// The oldest of what is kept. Raised before anything goes, so that no reader takes a pruned row for a lost one.
struct Floors {
    /// The oldest height whose rows can be read and proven.
    state: AtomicU64,
    /// The oldest height whose outcomes and journal are kept.
    journal: AtomicU64,
}

impl StateStore {
    /// Makes a store that holds the state of the genesis, at height 0.
    pub fn create(place: &Path, owner: &Owner, memory: &Memory, first: &First<'_>) -> Result<(), StateError> {
        check::first(first)?;
        Db::create(KIND, place, memory, |batch| commit::first(batch, owner, first))
    }

    /// Opens the store of this owner, after the checks of the start. `singletons` are rows whose flat copy is compared with
    /// the tree.
    pub fn open(
        place: &Path,
        owner: &Owner,
        memory: &Memory,
        singletons: &[&[u8]],
    ) -> Result<Self, StateError> {
        let reader = opening::open(Arc::new(Db::open(KIND, place, memory)?), owner)?;
        reader.compare(singletons)?;
        Ok(Self { reader })
    }

    /// For whoever reads; to be cloned.
    #[must_use]
    pub const fn reader(&self) -> &StateReader {
        &self.reader
    }

    /// Gives the space of what was pruned back to the disk; takes long.
    pub fn compact(&self) -> Result<(), StateError> {
        self.reader.db.compact()
    }
}

impl StateReader {
    pub(crate) fn head(&self) -> Arc<Head> {
        Arc::clone(&self.head.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn set_head(&self, head: Head) {
        *self.head.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(head);
    }

    /// The oldest height whose rows can be read and proven.
    #[must_use]
    pub fn oldest(&self) -> Height {
        Height::new(self.floors.state.load(Ordering::SeqCst))
    }

    /// The oldest height whose outcomes and journal are kept.
    #[must_use]
    pub fn oldest_journal(&self) -> Height {
        Height::new(self.floors.journal.load(Ordering::SeqCst))
    }

    /// Refuses heights that are pruned or not there yet.
    fn check_kept(&self, height: Height) -> Result<(), StateError> {
        kept(height, self.oldest(), self.head().height)
    }

    /// The bytes of table files, by family.
    pub fn table_bytes(&self) -> Result<Vec<(&'static str, u64)>, StateError> {
        self.db.table_bytes()
    }
}

fn kept(height: Height, oldest: Height, newest: Height) -> Result<(), StateError> {
    if height < oldest {
        return Err(StateError::Pruned { height, oldest });
    }
    if height > newest {
        return Err(StateError::Ahead { height, newest });
    }
    Ok(())
}

#[cfg(feature = "made")]
impl StateReader {
    /// How many rows a family has, each of them read and checked; for tests.
    pub fn count_rows(&self, name: &str) -> Result<usize, StateError> {
        let family = KIND.families.iter().find(|family| family.name == name);
        let family = family.ok_or_else(|| StateError::disk(NAME, "count rows", "no such family"))?;
        let mut rows = 0;
        for row in self.db.scan(family, &[], &[0xff])? {
            row?;
            rows += 1;
        }
        Ok(rows)
    }
}
