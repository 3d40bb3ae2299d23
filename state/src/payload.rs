//! The payload store: batches, blocks and their certificates, as they arrive.
//!
//! **Promise**: [`PayloadStore::put`] returns after everything handed to it is on disk, in one batch with one sync. What was
//! put is found by its name until its period is dropped; handovers are kept for ever.
//!
//! **Periods.** Bodies are keyed by the period in which they arrived, so that old ones go by whole ranges and files, and names
//! are mapped to periods. What is a period (an hour, a thousand heights) is the caller's choice; it only has to grow.
//! What was put before stays where it is; dropping a period carries over what the caller still needs.
//!
//! **Bounds**: every body has the limit of its message, checked when it is put and when it is read.

mod drop;

use std::path::Path;
use std::sync::Mutex;

use cybermesh_proto::agree::{Batch as BatchMessage, Block, DecisionCertificate, Handover, Qc};
use cybermesh_proto::wire::Wire;
use cybermesh_proto::{BatchId, BlockId, Digest, Epoch, Height};

use crate::db::{Batch, Db, Kind};
use crate::error::{StateError, within};
use crate::family::{Family, Memory, Shape};
use crate::instance::Owner;
use crate::points::{Point, Sync};

const NAME: &str = "payload store";
/// The version of every key space here.
const V: u8 = 1;
/// 64 MiB in one put: four full blocks.
const PUT_BYTES_MAX: usize = 64 * 1024 * 1024;

const MARKS: Family = Family::new("marks", Shape::Ordered);
const BATCHES: Family = Family::new("batches", Shape::Bodies);
const BLOCKS: Family = Family::new("blocks", Shape::Bodies);
const QCS: Family = Family::new("qcs", Shape::Bodies);
const PERIODS: Family = Family::new("periods", Shape::Hashes);
const ARRIVALS: Family = Family::new("arrivals", Shape::Ordered);
const HEIGHTS: Family = Family::new("heights", Shape::Ordered);
const CERTIFICATES: Family = Family::new("certificates", Shape::Ordered);
const HANDOVERS: Family = Family::new("handovers", Shape::Ordered);

const KIND: Kind = Kind {
    name: NAME,
    families: &[MARKS, BATCHES, BLOCKS, QCS, PERIODS, ARRIVALS, HEIGHTS, CERTIFICATES, HANDOVERS, DEFAULT],
    sync: Sync::Payload,
    before: Point::PayloadBefore,
    after: Point::PayloadAfter,
};
/// RocksDB always has it; nothing is kept in it.
const DEFAULT: Family = Family::new("default", Shape::Ordered);
const OWNER_KEY: &[u8] = &[V, b'o'];

/// When a body arrived. Only ever grows.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Period(pub u32);

/// Something to keep, in the bytes in which it travels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Payload<'a> {
    /// A batch.
    Batch(BatchId, &'a [u8]),
    /// A block.
    Block(BlockId, &'a [u8]),
    /// A certificate of a block. The first one put stays.
    Qc(BlockId, &'a [u8]),
    /// The block of a height, once it is certified or decided. A later one replaces it.
    At(Height, BlockId),
    /// A decision certificate. A later one of that height replaces it.
    Certificate(Height, &'a [u8]),
    /// The handover out of an epoch; kept for ever.
    Handover(Epoch, &'a [u8]),
}

/// Bodies by name: family, number in the index, limit.
#[derive(Clone, Copy)]
struct Bodies {
    family: Family,
    number: u8,
    limit: usize,
}

const OF_BATCHES: Bodies = Bodies { family: BATCHES, number: 1, limit: BatchMessage::BYTES_MAX };
const OF_BLOCKS: Bodies = Bodies { family: BLOCKS, number: 2, limit: Block::BYTES_MAX };
const OF_QCS: Bodies = Bodies { family: QCS, number: 3, limit: Qc::BYTES_MAX };
const ALL_BODIES: [Bodies; 3] = [OF_BATCHES, OF_BLOCKS, OF_QCS];

/// The open store.
pub struct PayloadStore {
    db: Db,
    /// One writer at a time: a put looks before it writes.
    writing: Mutex<()>,
}

impl PayloadStore {
    /// Makes an empty store; fails if something is at its place.
    pub fn create(place: &Path, owner: &Owner, memory: &Memory) -> Result<(), StateError> {
        Db::create(KIND, place, memory, |batch| batch.put(&MARKS, OWNER_KEY, &owner.to_bytes()))
    }

    /// Opens a store of this owner.
    pub fn open(place: &Path, owner: &Owner, memory: &Memory) -> Result<Self, StateError> {
        let db = Db::open(KIND, place, memory)?;
        owner.check("the owner of the payload store", &db.must(&MARKS, OWNER_KEY)?)?;
        Ok(Self { db, writing: Mutex::new(()) })
    }

    /// Keeps all of these; returns when they are on disk.
    pub fn put(&self, period: Period, payloads: &[Payload<'_>]) -> Result<(), StateError> {
        let _writing = self.writing.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let mut batch = self.db.batch();
        for payload in payloads {
            match *payload {
                Payload::Batch(id, bytes) => self.body(&mut batch, OF_BATCHES, period, &id.0, bytes)?,
                Payload::Block(id, bytes) => self.body(&mut batch, OF_BLOCKS, period, &id.0, bytes)?,
                Payload::Qc(id, bytes) => self.body(&mut batch, OF_QCS, period, &id.0, bytes)?,
                Payload::At(height, id) => {
                    batch.put(&HEIGHTS, &number_key(height.get()), id.0.as_bytes());
                }
                Payload::Certificate(height, bytes) => {
                    within("a decision certificate", bytes.len(), DecisionCertificate::BYTES_MAX)?;
                    batch.put(&CERTIFICATES, &number_key(height.get()), bytes);
                }
                Payload::Handover(epoch, bytes) => {
                    within("a handover", bytes.len(), Handover::BYTES_MAX)?;
                    batch.put(&HANDOVERS, &number_key(epoch.get()), bytes);
                }
            }
            within("one put of payload", batch.size_in_bytes(), PUT_BYTES_MAX)?;
        }
        self.db.write(batch)
    }

    fn body(
        &self,
        batch: &mut Batch<'_>,
        bodies: Bodies,
        period: Period,
        id: &Digest,
        bytes: &[u8],
    ) -> Result<(), StateError> {
        within(bodies.family.name, bytes.len(), bodies.limit)?;
        if self.period(bodies, id)?.is_none() {
            place_body(batch, bodies, period, id, bytes);
        }
        Ok(())
    }

    /// The period under which a body stands.
    fn period(&self, bodies: Bodies, id: &Digest) -> Result<Option<Period>, StateError> {
        let key = index_key(bodies, id);
        let Some(found) = self.db.get(&PERIODS, &key)? else {
            return Ok(None);
        };
        let period = found.try_into().map_err(|_| StateError::damaged(PERIODS.name, &key, "no period"))?;
        Ok(Some(Period(u32::from_be_bytes(period))))
    }

    fn find(&self, bodies: Bodies, id: &Digest) -> Result<Option<Vec<u8>>, StateError> {
        let Some(period) = self.period(bodies, id)? else {
            return Ok(None);
        };
        let bytes = self.db.must(&bodies.family, &body_key(period, id))?;
        within(bodies.family.name, bytes.len(), bodies.limit)?;
        Ok(Some(bytes))
    }

    /// The bytes of a batch.
    pub fn batch(&self, id: &BatchId) -> Result<Option<Vec<u8>>, StateError> {
        self.find(OF_BATCHES, &id.0)
    }

    /// Whether a batch is held, without reading it.
    pub fn holds_batch(&self, id: &BatchId) -> Result<bool, StateError> {
        Ok(self.period(OF_BATCHES, &id.0)?.is_some())
    }

    /// The bytes of a block.
    pub fn block(&self, id: &BlockId) -> Result<Option<Vec<u8>>, StateError> {
        self.find(OF_BLOCKS, &id.0)
    }

    /// The certificate of a block.
    pub fn qc(&self, id: &BlockId) -> Result<Option<Vec<u8>>, StateError> {
        self.find(OF_QCS, &id.0)
    }

    /// The certified or decided block of a height.
    pub fn block_at(&self, height: Height) -> Result<Option<BlockId>, StateError> {
        let key = number_key(height.get());
        let Some(found) = self.db.get(&HEIGHTS, &key)? else {
            return Ok(None);
        };
        let id = Digest::from_slice(&found);
        id.map(|id| Some(BlockId(id))).ok_or_else(|| StateError::damaged(HEIGHTS.name, &key, "no block id"))
    }

    /// The first decision certificate of this height or above: by the history it proves this height too.
    pub fn certificate_from(&self, height: Height) -> Result<Option<(Height, Vec<u8>)>, StateError> {
        let row = self.db.first(&CERTIFICATES, &number_key(height.get()), &[V + 1])?;
        numbered(&CERTIFICATES, row).map(|found| found.map(|(number, bytes)| (Height::new(number), bytes)))
    }

    /// The newest decision certificate.
    pub fn newest_certificate(&self) -> Result<Option<(Height, Vec<u8>)>, StateError> {
        let row = self.db.last(&CERTIFICATES, &[V], &[V + 1])?;
        numbered(&CERTIFICATES, row).map(|found| found.map(|(number, bytes)| (Height::new(number), bytes)))
    }

    /// The handover out of an epoch.
    pub fn handover(&self, epoch: Epoch) -> Result<Option<Vec<u8>>, StateError> {
        self.db.get(&HANDOVERS, &number_key(epoch.get()))
    }

    /// The bytes of table files, by family.
    pub fn table_bytes(&self) -> Result<Vec<(&'static str, u64)>, StateError> {
        self.db.table_bytes()
    }

    /// Gives the space of what was dropped back to the disk; takes long.
    pub fn compact(&self) -> Result<(), StateError> {
        self.db.compact()
    }
}

fn place_body(batch: &mut Batch<'_>, bodies: Bodies, period: Period, id: &Digest, bytes: &[u8]) {
    batch.put(&bodies.family, &body_key(period, id), bytes);
    batch.put(&PERIODS, &index_key(bodies, id), &period.0.to_be_bytes());
    batch.put(&ARRIVALS, &arrival_key(period, bodies, id), &[]);
}

/// 37 bytes: version, period, id.
fn body_key(period: Period, id: &Digest) -> Vec<u8> {
    [&[V], period.0.to_be_bytes().as_slice(), id.as_bytes()].concat()
}

/// 34 bytes: version, number of the kind, id.
fn index_key(bodies: Bodies, id: &Digest) -> Vec<u8> {
    [&[V, bodies.number], id.as_bytes().as_slice()].concat()
}

/// 38 bytes: version, period, number of the kind, id.
fn arrival_key(period: Period, bodies: Bodies, id: &Digest) -> Vec<u8> {
    [&[V], period.0.to_be_bytes().as_slice(), &[bodies.number], id.as_bytes()].concat()
}

/// 9 bytes: version, number.
fn number_key(number: u64) -> Vec<u8> {
    [&[V], number.to_be_bytes().as_slice()].concat()
}

fn numbered(family: &Family, row: Option<(Vec<u8>, Vec<u8>)>) -> Result<Option<(u64, Vec<u8>)>, StateError> {
    let Some((key, bytes)) = row else {
        return Ok(None);
    };
    let number = key.get(1..).and_then(|number| number.try_into().ok()).map(u64::from_be_bytes);
    number
        .map(|number| Some((number, bytes)))
        .ok_or_else(|| StateError::damaged(family.name, &key, "no number"))
}
