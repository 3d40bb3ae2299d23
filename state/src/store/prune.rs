//! Pruning: what no kept height needs goes, and nothing else.
//!
//! - **State**: nodes and versions named by the stale list of heights up to the horizon. Never "everything older": a node of
//!   height 1 may be part of today's tree. The root of the horizon stays, and so does the last one.
//! - **Journal**: outcomes, identities, cases, subjects, attestations and the leaves of the event log below a height.
//!   Decisions, their history, the audit log and the upper levels of every log stay for ever.
//! - **Outbox**: blocks all of whose leaves are confirmed, from the oldest on.
//!
//! The floor is raised durably before the first row goes, so that a crash in the middle leaves nothing that looks whole and is
//! not; what is left over goes the next time.

use cybermesh_executor::applied::OutboundRow;
use cybermesh_proto::Height;
use cybermesh_proto::state_proof::key_hash;
use std::collections::BTreeMap;
use std::sync::atomic::Ordering;

use super::keys::{self, key};
use super::tiles::TILE;
use super::{
    ATTESTATIONS, CASES, EVENTS, GONE, ITEMS, Log, MARKS, NODES, OUTBOX, RUNS, STALE, SUBJECTS, StateStore,
    TILES, VALUES, journal, outbox,
};
use crate::bytes::Reader;
use crate::db::Batch;
use crate::error::StateError;
use crate::family::Family;
use crate::points::{self, Point};

/// 4,096 deletions in one batch: no commit waits long behind it.
const STEP_ROWS: usize = 4096;

/// How far a partition is confirmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Cursor {
    /// The topic, by its place among the outbound topics.
    pub topic: u16,
    /// The partition.
    pub partition: u32,
    /// The newest confirmed seq.
    pub seq: u64,
}

/// What may go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Horizon<'a> {
    /// The oldest height whose rows have to be readable and provable.
    pub state: Height,
    /// The oldest height whose outcomes and journal are wanted.
    pub journal: Height,
    /// What is confirmed of the outbox.
    pub confirmed: &'a [Cursor],
}

/// What went.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Pruned {
    /// Nodes of the tree.
    pub nodes: u64,
    /// Versions of values.
    pub versions: u64,
    /// Rows of the journal.
    pub places: u64,
    /// Blocks of the outbox.
    pub outbox: u64,
}

/// Deletions that are written whenever enough have come together.
struct Steps<'a> {
    store: &'a StateStore,
    batch: Batch<'a>,
    rows: usize,
    /// Nodes among them.
    nodes: Vec<Vec<u8>>,
}

impl<'a> Steps<'a> {
    fn new(store: &'a StateStore) -> Self {
        Self { store, batch: store.reader.db.batch(), rows: 0, nodes: Vec::new() }
    }

    fn delete(&mut self, family: &Family, key: &[u8]) -> Result<(), StateError> {
        self.batch.delete(family, key);
        self.rows += 1;
        if self.rows >= STEP_ROWS { self.write() } else { Ok(()) }
    }

    fn write(&mut self) -> Result<(), StateError> {
        let db = &self.store.reader.db;
        self.rows = 0;
        db.write(std::mem::replace(&mut self.batch, db.batch()))?;
        self.store.reader.nodes.forget(&std::mem::take(&mut self.nodes));
        points::reach(Point::Pruning);
        Ok(())
    }
}

impl StateStore {
    /// Lets go of what the horizon no longer asks for. The newest height always stays.
    pub fn prune(&mut self, horizon: &Horizon<'_>) -> Result<Pruned, StateError> {
        let newest = self.reader.head().height;
        for height in [horizon.state, horizon.journal] {
            if height > newest {
                return Err(StateError::Ahead { height, newest });
            }
        }
        let mut pruned = Pruned::default();
        self.raise(horizon)?;
        self.prune_state(&mut pruned)?;
        self.prune_journal(&mut pruned)?;
        self.prune_outbox(horizon.confirmed, &mut pruned)?;
        Ok(pruned)
    }

    /// Floors only rise: first for readers, then on disk.
    fn raise(&self, horizon: &Horizon<'_>) -> Result<(), StateError> {
        let floors = &self.reader.floors;
        floors.state.fetch_max(horizon.state.get(), Ordering::SeqCst);
        floors.journal.fetch_max(horizon.journal.get(), Ordering::SeqCst);
        let mut batch = self.reader.db.batch();
        batch.put(&MARKS, keys::FLOOR_STATE, &self.reader.oldest().get().to_be_bytes());
        batch.put(&MARKS, keys::FLOOR_JOURNAL, &self.reader.oldest_journal().get().to_be_bytes());
        self.reader.db.write(batch)
    }

    /// Everything that was stale at the floor: no height from it on refers to it.
    fn prune_state(&self, pruned: &mut Pruned) -> Result<(), StateError> {
        let below = keys::at(self.reader.oldest().next());
        let mut steps = Steps::new(self);
        for row in self.reader.db.scan(&STALE, keys::START, &below)? {
            let (name, list) = row?;
            let damaged = || StateError::damaged(STALE.name, &name, "no list of what is stale");
            let height = name.get(1..9).and_then(|height| height.try_into().ok()).ok_or_else(damaged)?;
            let height = Height::new(u64::from_be_bytes(height));
            let mut reader = Reader::new(&list);
            while !reader.is_empty() {
                let (kind, bytes) = reader.number().zip(reader.bytes()).ok_or_else(damaged)?;
                match kind {
                    0 => {
                        steps.nodes.push(bytes.to_vec());
                        steps.delete(&NODES, &key(&[bytes]))?;
                        pruned.nodes += 1;
                    }
                    1 => pruned.versions += self.prune_versions(&mut steps, bytes, height, false)?,
                    2 => pruned.versions += self.prune_versions(&mut steps, bytes, height, true)?,
                    _ => return Err(damaged()),
                }
            }
            steps.delete(&STALE, &name)?;
        }
        steps.write()
    }

    /// The versions of a key before the one of `height`, and that one too if it only says that there is none.
    fn prune_versions(
        &self,
        steps: &mut Steps<'_>,
        name: &[u8],
        height: Height,
        is_end: bool,
    ) -> Result<u64, StateError> {
        let hashed = key_hash(name);
        let mut versions = 0;
        // Versions of a key stand newest first.
        let from = keys::value(&hashed, height);
        for row in self.reader.db.scan(&VALUES, &from, &keys::value_end(&hashed))? {
            let (version, _) = row?;
            if version != from || is_end {
                steps.delete(&VALUES, &version)?;
                versions += 1;
            }
        }
        if is_end && self.is_gone_since(&hashed, height)? {
            steps.delete(&GONE, &key(&[name]))?;
        }
        Ok(versions)
    }

    /// Whether a key that ended at a height never came back.
    fn is_gone_since(&self, hashed: &cybermesh_proto::Digest, height: Height) -> Result<bool, StateError> {
        let newest = self.reader.db.first(&VALUES, &key(&[hashed.as_bytes()]), &keys::value_end(hashed))?;
        Ok(newest.is_none_or(|(version, _)| keys::value_since(&version).is_some_and(|since| since <= height)))
    }

    fn prune_journal(&self, pruned: &mut Pruned) -> Result<(), StateError> {
        let floor = self.reader.oldest_journal();
        let db = &self.reader.db;
        db.drop_range(&ITEMS, keys::START, &keys::at(floor))?;
        db.drop_range(&ATTESTATIONS, keys::START, &keys::at(floor))?;
        if let Some(decision) =
            floor.get().checked_sub(1).map(Height::new).map(|last| self.reader.decision(last))
        {
            // Whole tiles only: the one in which the floor lies is still read.
            let leaves = decision?.map_or(0, |decision| decision.event_log.size.get());
            let (from, below) = (
                keys::tile(Log::Events as u8, 0, 0),
                keys::tile(Log::Events as u8, 0, leaves - leaves % TILE),
            );
            db.drop_range(&TILES, &from, &below)?;
        }
        let mut steps = Steps::new(self);
        let of_identity: fn(&[u8]) -> Option<Height> = |key| journal::place(key).map(|place| place.height);
        let of_posting: fn(&[u8]) -> Option<Height> = |key| {
            let height = key.get(key.len().checked_sub(8)?..)?.try_into().ok()?;
            Some(Height::new(u64::from_be_bytes(height)))
        };
        for (family, height_of) in [(&EVENTS, of_identity), (&CASES, of_posting), (&SUBJECTS, of_posting)] {
            for row in db.scan(family, keys::START, keys::END)? {
                let (name, _) = row?;
                let height =
                    height_of(&name).ok_or_else(|| StateError::damaged(family.name, &name, "no height"))?;
                if height < floor {
                    steps.delete(family, &name)?;
                    pruned.places += 1;
                }
            }
        }
        steps.write()
    }

    fn prune_outbox(&self, confirmed: &[Cursor], pruned: &mut Pruned) -> Result<(), StateError> {
        let confirmed: BTreeMap<_, _> =
            confirmed.iter().map(|cursor| ((cursor.topic, cursor.partition), cursor.seq)).collect();
        let is_confirmed =
            |row: &OutboundRow| confirmed.get(&(row.topic, row.partition)).is_some_and(|seq| row.seq <= *seq);
        let db = &self.reader.db;
        let mut floor = self.reader.head().height.next();
        for row in db.scan(&OUTBOX, keys::START, keys::END)? {
            let (name, leaves) = row?;
            if !outbox::decode(&name, &leaves)?.iter().all(is_confirmed) {
                let height = name.get(1..).and_then(|height| height.try_into().ok());
                let height = height.ok_or_else(|| StateError::damaged(OUTBOX.name, &name, "no height"))?;
                floor = Height::new(u64::from_be_bytes(height));
                break;
            }
            pruned.outbox += 1;
        }
        let mut steps = Steps::new(self);
        for (topic, partition) in self.reader.head().seqs.keys() {
            let start = keys::partition(*topic, *partition);
            let end = keys::behind(&start);
            // The newest run of a partition stays: it says where the seqs go on.
            let Some((last, _)) = db.last(&RUNS, &start, &end)? else {
                continue;
            };
            for row in db.scan(&RUNS, &start, &last)? {
                let (name, run) = row?;
                if outbox::run(&name, &run)?.height >= floor {
                    break;
                }
                steps.delete(&RUNS, &name)?;
            }
        }
        steps.write()?;
        db.drop_range(&OUTBOX, keys::START, &keys::at(floor))
    }
}
