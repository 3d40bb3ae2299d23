//! The file of the safety record: what a write leaves, what a folder says at the next start, and whose it is.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::fs;

use common::owner;
use cybermesh_consensus::record_file::{SLOT_BYTES, Writer};
use cybermesh_consensus::{Generation, SafetyRecord};
use cybermesh_proto::agree::{Committee, EpochRoot, ValidatorSet};
use cybermesh_proto::keys::Scheme;
use cybermesh_proto::{BlockId, Digest, Epoch, Height};
use cybermesh_state::{InstanceId, Owner, RecordFile, Remembers, StateError, remembers};
use tempfile::TempDir;

fn record(generation: u64) -> SafetyRecord {
    let root = EpochRoot { height: Height::ZERO, block: BlockId(Digest::ZERO) };
    let committee = Committee::new(
        owner().chain,
        Epoch::ZERO,
        Scheme::Ed25519,
        ValidatorSet::new(Vec::new()).unwrap(),
        root,
    );
    SafetyRecord::fresh(&committee, Generation(generation))
}

/// Writes a record as the node will: by the codec's offset and bytes.
fn write(file: &mut RecordFile, writer: &mut Writer, generation: u64) {
    let slot = writer.write(&record(generation));
    file.write(slot.offset, &slot.bytes).unwrap();
    writer.synced();
}

fn generation(bytes: &[u8]) -> Option<u64> {
    Writer::open(bytes).0.map(|record| record.generation.0)
}

#[test]
fn a_new_folder_is_a_first_boot_until_the_first_write_returns() {
    let home = TempDir::new().unwrap();
    RecordFile::create(home.path(), &owner()).unwrap();
    let (mut file, found) = RecordFile::open(home.path(), &owner()).unwrap();
    assert!(found.first_boot && found.bytes.is_empty());
    assert_eq!(remembers(generation(&found.bytes), 0, found.first_boot), Remembers::FirstBoot);
    let mut writer = Writer::open(&found.bytes).1;
    write(&mut file, &mut writer, 1);
    let (_, found) = RecordFile::open(home.path(), &owner()).unwrap();
    assert!(!found.first_boot);
    assert_eq!(remembers(generation(&found.bytes), 1, found.first_boot), Remembers::Whole);
}

#[test]
fn the_newest_record_is_found_and_a_torn_write_leaves_the_one_before() {
    let home = TempDir::new().unwrap();
    RecordFile::create(home.path(), &owner()).unwrap();
    let (mut file, _) = RecordFile::open(home.path(), &owner()).unwrap();
    let mut writer = Writer::default();
    (1..=5).for_each(|number| write(&mut file, &mut writer, number));
    let place = home.path().join("safety.record");
    assert_eq!(generation(&fs::read(&place).unwrap()), Some(5));

    let torn = writer.write(&record(6));
    // Of the head, every byte but the first eight differs from the record that stood in the slot.
    for kept in [0, 1, 13, 40, 55] {
        let mut bytes = fs::read(&place).unwrap();
        bytes.resize(2 * SLOT_BYTES, 0);
        bytes[torn.offset..torn.offset + kept].copy_from_slice(&torn.bytes[..kept]);
        assert_eq!(generation(&bytes), Some(5), "{kept} bytes of the write were kept");
    }
}

#[test]
fn a_changed_bit_of_the_newest_record_is_never_served() {
    let home = TempDir::new().unwrap();
    RecordFile::create(home.path(), &owner()).unwrap();
    let (mut file, _) = RecordFile::open(home.path(), &owner()).unwrap();
    let mut writer = Writer::default();
    (1..=2).for_each(|number| write(&mut file, &mut writer, number));
    let (_, sound) = RecordFile::open(home.path(), &owner()).unwrap();
    let slot = writer.write(&record(2));
    // The newest one lies in the slot that the next write would not take.
    let newest = SLOT_BYTES - slot.offset;
    for byte in newest..newest + slot.bytes.len() {
        let mut bytes = sound.bytes.clone();
        bytes[byte] ^= 0x10;
        let found = generation(&bytes);
        assert_eq!(found, Some(1), "byte {byte}");
        assert!(matches!(remembers(found, 2, false), Remembers::RecordOlder { found: 1, mirror: 2 }));
    }
}

#[test]
fn an_older_or_missing_record_is_a_memory_lost() {
    assert_eq!(remembers(Some(6), 7, false), Remembers::RecordOlder { found: 6, mirror: 7 });
    assert_eq!(remembers(Some(7), 7, false), Remembers::Whole);
    assert_eq!(remembers(Some(8), 7, false), Remembers::Whole);
    assert_eq!(remembers(None, 0, false), Remembers::RecordMissing);
    // A marker that came back from a backup beside a store that knows better.
    assert_eq!(remembers(None, 7, true), Remembers::RecordMissing);
    assert_eq!(remembers(None, 0, true), Remembers::FirstBoot);
}

#[test]
fn a_deleted_record_is_said_to_be_missing() {
    let home = TempDir::new().unwrap();
    RecordFile::create(home.path(), &owner()).unwrap();
    let (mut file, _) = RecordFile::open(home.path(), &owner()).unwrap();
    write(&mut file, &mut Writer::default(), 1);
    fs::remove_file(home.path().join("safety.record")).unwrap();
    let (_, found) = RecordFile::open(home.path(), &owner()).unwrap();
    assert!(!found.first_boot && found.bytes.is_empty());
}

#[test]
fn a_folder_of_another_owner_is_refused() {
    let home = TempDir::new().unwrap();
    RecordFile::create(home.path(), &owner()).unwrap();
    let other = Owner { instance: InstanceId([2; 16]), ..owner() };
    assert!(matches!(RecordFile::open(home.path(), &other), Err(StateError::Differs { .. })));
    let owned = home.path().join("safety.owner");
    let mut bytes = fs::read(&owned).unwrap();
    bytes[3] ^= 1;
    fs::write(&owned, bytes).unwrap();
    assert!(matches!(RecordFile::open(home.path(), &owner()), Err(StateError::Damaged { .. })));
    fs::remove_file(owned).unwrap();
    assert!(matches!(RecordFile::open(home.path(), &owner()), Err(StateError::Missing { .. })));
}

#[test]
fn a_folder_is_made_once() {
    let home = TempDir::new().unwrap();
    RecordFile::create(home.path(), &owner()).unwrap();
    assert!(RecordFile::create(home.path(), &owner()).is_err());
}

#[test]
fn what_is_larger_than_the_two_slots_is_neither_written_nor_read() {
    let home = TempDir::new().unwrap();
    RecordFile::create(home.path(), &owner()).unwrap();
    let (mut file, _) = RecordFile::open(home.path(), &owner()).unwrap();
    let too_far = file.write(2 * SLOT_BYTES - 1, &[0; 2]);
    assert!(matches!(too_far, Err(StateError::TooLarge { .. })));
    fs::write(home.path().join("safety.record"), vec![0; 2 * SLOT_BYTES + 1]).unwrap();
    assert!(matches!(RecordFile::open(home.path(), &owner()), Err(StateError::TooLarge { .. })));
}

#[test]
fn after_a_failed_write_nothing_is_taken_any_more() {
    let home = TempDir::new().unwrap();
    RecordFile::create(home.path(), &owner()).unwrap();
    let (mut file, _) = RecordFile::open(home.path(), &owner()).unwrap();
    let place = home.path().join("safety.record");
    // A folder in the file's place: the open inside the write fails.
    fs::create_dir(&place).unwrap();
    assert!(matches!(file.write(0, b"x"), Err(StateError::Poisoned { .. })));
    fs::remove_dir(&place).unwrap();
    assert!(matches!(file.write(0, b"x"), Err(StateError::Poisoned { .. })));
    assert!(!place.exists(), "it was tried again");
}
