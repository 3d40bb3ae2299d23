//! The file of the safety record, and the marker of the first boot.
//!
//! While a node runs, records are kept as they are; when its power goes off, the bytes of the file are made with the real
//! codec, the write under way is torn at some byte, and what the codec recovers from that is what a start finds.

use cybermesh_consensus::record_file::{FILE_BYTES, SlotWrite, Writer};
use cybermesh_consensus::{Found, Generation, SafetyRecord};

use crate::rng::Rng;

/// The file.
#[derive(Clone, Debug)]
pub struct SafetyFile {
    /// `init` ran, and no record was synced since.
    marker: bool,
    /// What the slot holds that is written next.
    older: Option<Box<SafetyRecord>>,
    /// The newest record whose sync has returned.
    synced: Option<Box<SafetyRecord>>,
    /// Written into the other slot; its sync has not returned.
    writing: Option<Box<SafetyRecord>>,
    /// Waits for that sync; a newer one replaces it.
    waiting: Option<Box<SafetyRecord>>,
    /// The newest generation that was asked to be written.
    asked: Generation,
}

fn perform(file: &mut [u8], write: &SlotWrite) {
    file[write.offset..write.offset + write.bytes.len()].copy_from_slice(&write.bytes);
}

impl Default for SafetyFile {
    fn default() -> Self {
        Self {
            marker: true,
            older: None,
            synced: None,
            writing: None,
            waiting: None,
            asked: Generation::default(),
        }
    }
}

impl SafetyFile {
    /// A file that is gone, and the marker with it.
    #[must_use]
    pub fn lost() -> Self {
        Self { marker: false, ..Self::default() }
    }

    /// Takes a record; true if its write begins now.
    #[must_use]
    pub fn write(&mut self, record: Box<SafetyRecord>) -> bool {
        self.asked = record.generation;
        if self.writing.is_some() {
            self.waiting = Some(record);
            return false;
        }
        self.writing = Some(record);
        true
    }

    /// The sync has returned; gives the generation, and whether the next write begins.
    pub fn sync(&mut self) -> Option<(Generation, bool)> {
        let record = self.writing.take()?;
        let generation = record.generation;
        self.older = self.synced.replace(record);
        self.marker = false;
        self.writing = self.waiting.take();
        Some((generation, self.writing.is_some()))
    }

    /// What is surely on disk.
    #[must_use]
    pub fn synced(&self) -> Option<&SafetyRecord> {
        self.synced.as_deref()
    }

    /// The newest that was asked to be written, if it or an older one is there.
    #[must_use]
    pub fn newest(&self) -> Option<&SafetyRecord> {
        self.waiting.as_deref().or(self.writing.as_deref()).or(self.synced.as_deref())
    }

    /// The newest generation whose sync has returned.
    #[must_use]
    pub fn generation(&self) -> Generation {
        self.synced.as_ref().map_or(Generation::default(), |record| record.generation)
    }

    /// The newest generation that was asked to be written.
    #[must_use]
    pub fn asked(&self) -> Generation {
        self.asked
    }

    /// The power goes off: the slot that is written may hold the new record whole, or nothing that can be read.
    pub fn crash(&mut self, rng: &mut Rng) -> u64 {
        self.waiting = None;
        let Some(record) = self.writing.take() else {
            return 0;
        };
        let (mut file, mut writer) = (vec![0; FILE_BYTES], Writer::default());
        for synced in self.older.iter().chain(&self.synced) {
            perform(&mut file, &writer.write(synced));
            writer.synced();
        }
        let mut torn = writer.write(&record);
        // The whole of it, nothing, a beginning or an end.
        let length = u64::try_from(torn.bytes.len()).unwrap_or(u64::MAX);
        let cut = usize::try_from(rng.below(length + 1)).unwrap_or(usize::MAX);
        match rng.below(4) {
            0 => {}
            1 => torn.bytes.clear(),
            2 => torn.bytes.truncate(cut),
            _ => {
                torn.bytes.drain(..cut);
                torn.offset += cut;
            }
        }
        perform(&mut file, &torn);
        self.synced = Writer::open(&file).0;
        self.marker &= self.synced.is_none();
        1
    }

    /// What a start finds.
    #[must_use]
    pub fn found(&self) -> Found {
        match &self.synced {
            Some(record) => Found::Record(record.clone()),
            None if self.marker => Found::FirstBoot,
            None => Found::Nothing,
        }
    }
}
