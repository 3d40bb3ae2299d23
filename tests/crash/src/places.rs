//! The three places of a node in one folder, and the words in which a run writes to them.

use std::path::{Path, PathBuf};

use cybermesh_consensus::record_file::Writer;
use cybermesh_consensus::{Generation, SafetyRecord};
use cybermesh_proto::agree::{Committee, EpochRoot, ValidatorSet};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::Scheme;
use cybermesh_proto::{BlockId, ChainId, Digest, Epoch, Height, View};
use cybermesh_state::made::{self, Shape};
use cybermesh_state::{InstanceId, Memory, Owner, PayloadStore, Period, RecordFile, StateError, StateStore};

use crate::Fault;

/// 8 heights arrive in one period.
const PERIOD_HEIGHTS: u64 = 8;
/// Rows that the state begins with.
const FIRST_ROWS: u64 = 50;

/// Whose stores these are.
#[must_use]
pub const fn owner() -> Owner {
    Owner { chain: ChainId(Digest::new([5; 32])), instance: InstanceId([6; 16]) }
}

/// Small: a thousand rounds open it.
#[must_use]
pub fn memory() -> Memory {
    // 2 MiB of unwritten rows: table files, manifests and new logs come about within some rounds.
    Memory::new(8 * 1024 * 1024, 2 * 1024 * 1024)
}

/// What blocks look like.
#[must_use]
pub fn shape(seed: u64) -> Shape {
    Shape { seed, items: 24, batch_items: 8, item_bytes: 150, rows: 12, subjects: 80, deleted_of: 5 }
}

/// The period in which a height arrives.
#[must_use]
pub fn period(height: u64) -> Period {
    Period(u32::try_from(height / PERIOD_HEIGHTS).unwrap_or(u32::MAX))
}

/// The name of the block of a height.
#[must_use]
pub fn block(seed: u64, height: u64) -> BlockId {
    BlockId(sha256(&[b"block", &seed.to_be_bytes(), &height.to_be_bytes()]))
}

/// The record that a vote for a height leaves upon.
#[must_use]
pub fn record(generation: u64, height: u64) -> Option<SafetyRecord> {
    let root = EpochRoot { height: Height::ZERO, block: BlockId(Digest::ZERO) };
    let set = ValidatorSet::new(Vec::new())?;
    let committee = Committee::new(owner().chain, Epoch::ZERO, Scheme::Ed25519, set, root);
    let fresh = SafetyRecord::fresh(&committee, Generation(generation));
    Some(SafetyRecord { last_voted_view: View::new(height), ..fresh })
}

/// All three, open.
pub struct Places {
    /// The file of the safety record.
    pub file: RecordFile,
    /// Its codec.
    pub writer: Writer,
    /// The record found.
    pub found: Option<Box<SafetyRecord>>,
    /// Whether the marker of a first boot stood.
    pub first_boot: bool,
    /// The payload store.
    pub payload: PayloadStore,
    /// The state store.
    pub state: StateStore,
}

fn places(folder: &Path) -> [PathBuf; 3] {
    [folder.join("safety"), folder.join("payload"), folder.join("state")]
}

impl Places {
    /// Makes what is missing of the three, once: `init`, which can be called again when it was interrupted.
    pub fn init(folder: &Path) -> Result<(), Fault> {
        let [safety, payload, state] = places(folder);
        if !payload.exists() {
            PayloadStore::create(&payload, &owner(), &memory())?;
        }
        if !state.exists() {
            let (writes, tree) = made::first(FIRST_ROWS)?;
            StateStore::create(&state, &owner(), &memory(), &made::first_of(&writes, &tree))?;
        }
        if !safety.join("safety.owner").exists() {
            RecordFile::create(&safety, &owner())?;
        }
        Ok(())
    }

    /// Opens all three.
    pub fn open(folder: &Path) -> Result<Self, StateError> {
        Self::open_with(folder, &memory())
    }

    /// Opens all three with this memory.
    pub fn open_with(folder: &Path, memory: &Memory) -> Result<Self, StateError> {
        let [safety, payload, state] = places(folder);
        let (file, found) = RecordFile::open(&safety, &owner())?;
        let (record, writer) = Writer::open(&found.bytes);
        Ok(Self {
            file,
            writer,
            found: record,
            first_boot: found.first_boot,
            payload: PayloadStore::open(&payload, &owner(), memory)?,
            state: StateStore::open(&state, &owner(), memory, &[b"subject/00000001", b"subject/00000002"])?,
        })
    }

    /// The generation of the record found.
    #[must_use]
    pub fn generation(&self) -> Option<u64> {
        self.found.as_ref().map(|record| record.generation.0)
    }
}
