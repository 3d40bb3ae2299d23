//! The file of the safety record: two slots, so that a torn write never costs the record before it.
//!
//! **Promise**: after a crash at any moment, [`Writer::open`] gives the newest record whose write had been synced, or one
//! written after it. It never gives a damaged one.
//!
//! ```text
//!   offset      0        8       12           20        24         56         56 + length
//!   slot 0      magic    slot    generation   length    checksum   record …
//!   offset      1 MiB …
//!   slot 1      the same
//! ```
//!
//! Numbers are little-endian; the checksum is SHA-256 over slot, generation, length and record. A record goes into the slot
//! that does not hold the newest *synced* one, whatever its generation: records that waited may have been skipped. Nobody
//! starts a write before the sync of the one before has returned.
//!
//! **What the disk may do**: lose or tear any write that was not synced, in the slot that was being written and nowhere
//! else. **What it may not do** unnoticed: give back bytes of another time. A slot that rots loses what it held; the
//! mirror in the state store and the others' memory tell (R15).

use cybermesh_proto::hash::sha256;
use cybermesh_proto::wire::{Wire, decode_canonical, encode_canonical};

use crate::variables::{Generation, SafetyRecord};

/// 1 MiB for a slot: the largest record and its head.
pub const SLOT_BYTES: usize = 1024 * 1024;
/// 2 MiB for the file.
pub const FILE_BYTES: usize = 2 * SLOT_BYTES;

const MAGIC: &[u8; 8] = b"CMSAFE\x00\x01";
const HEAD_BYTES: usize = 56;

/// One write: these bytes at this offset, then a sync.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SlotWrite {
    /// Where the slot begins, in bytes.
    pub offset: usize,
    /// Head and record.
    pub bytes: Vec<u8>,
}

/// What stands in a slot.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Slot {
    /// It was never written.
    Empty,
    /// A whole record.
    Record(Box<SafetyRecord>),
    /// Something else: a torn write, or rot.
    Damaged,
}

/// Knows which slot may be overwritten.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Writer {
    /// The slot of the newest synced record.
    newest: usize,
}

impl Writer {
    /// Opens a file: the record to go on from, and the writer. `None` when there is no whole record; whether that is a
    /// first boot or a memory lost, the marker beside the file says.
    #[must_use]
    pub fn open(file: &[u8]) -> (Option<Box<SafetyRecord>>, Self) {
        let whole = slots(file).into_iter().enumerate().filter_map(|(number, slot)| match slot {
            Slot::Record(record) => Some((number, record)),
            Slot::Empty | Slot::Damaged => None,
        });
        match whole.max_by_key(|(_, record)| record.generation) {
            Some((newest, record)) => (Some(record), Self { newest }),
            None => (None, Self::default()),
        }
    }

    /// The write of a record, over the older one.
    #[must_use]
    pub fn write(&self, record: &SafetyRecord) -> SlotWrite {
        let number = self.newest ^ 1;
        let body = encode_canonical(record);
        let slot = u32::from(number == 1).to_le_bytes();
        let generation = record.generation.0.to_le_bytes();
        let length = u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes();
        let checksum = sha256(&[&slot, &generation, &length, &body]);
        let parts: [&[u8]; 6] = [MAGIC, &slot, &generation, &length, checksum.as_bytes(), &body];
        SlotWrite { offset: if number == 1 { SLOT_BYTES } else { 0 }, bytes: parts.concat() }
    }

    /// The sync of the write has returned.
    pub fn synced(&mut self) {
        self.newest ^= 1;
    }
}

/// Both slots of a file; a file that is too short has empty ones.
#[must_use]
pub fn slots(file: &[u8]) -> [Slot; 2] {
    let (first, second) = file.split_at_checked(SLOT_BYTES).unwrap_or((file, &[]));
    [slot(first, 0), slot(second, 1)]
}

fn slot(bytes: &[u8], number: u32) -> Slot {
    let Some((head, rest)) = bytes.split_at_checked(HEAD_BYTES) else {
        return if bytes.iter().all(|byte| *byte == 0) { Slot::Empty } else { Slot::Damaged };
    };
    if head.iter().all(|byte| *byte == 0) {
        return Slot::Empty;
    }
    match whole(head, rest, number) {
        Some(record) => Slot::Record(record),
        None => Slot::Damaged,
    }
}

fn whole(head: &[u8], rest: &[u8], number: u32) -> Option<Box<SafetyRecord>> {
    let (magic, head) = head.split_first_chunk::<8>()?;
    let (slot, head) = head.split_first_chunk::<4>()?;
    let (generation, head) = head.split_first_chunk::<8>()?;
    let (length, checksum) = head.split_first_chunk::<4>()?;
    let size = usize::try_from(u32::from_le_bytes(*length)).ok()?;
    if magic != MAGIC || *slot != number.to_le_bytes() || size > SafetyRecord::BYTES_MAX {
        return None;
    }
    let body = rest.get(..size)?;
    if sha256(&[slot, generation, length, body]).as_bytes().as_slice() != checksum {
        return None;
    }
    let record: SafetyRecord = decode_canonical(body).ok()?;
    (record.generation == Generation(u64::from_le_bytes(*generation))).then(|| Box::new(record))
}
