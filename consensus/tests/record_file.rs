//! The safety record's file against what a disk may do to it.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use common::{Cluster, committee};
use cybermesh_consensus::record_file::{FILE_BYTES, SLOT_BYTES, Slot, SlotWrite, Writer, slots};
use cybermesh_consensus::{Generation, SafetyRecord};

fn record(generation: u64) -> SafetyRecord {
    SafetyRecord::fresh(&committee(4), Generation(generation))
}

fn perform(file: &mut [u8], write: &SlotWrite) {
    file[write.offset..write.offset + write.bytes.len()].copy_from_slice(&write.bytes);
}

/// A file after these records, each synced, and the writer that goes on.
fn file_of(generations: &[u64]) -> (Vec<u8>, Writer) {
    let (mut file, mut writer) = (vec![0; FILE_BYTES], Writer::default());
    for generation in generations {
        perform(&mut file, &writer.write(&record(*generation)));
        writer.synced();
    }
    (file, writer)
}

fn recovered(file: &[u8]) -> Option<u64> {
    Writer::open(file).0.map(|record| record.generation.0)
}

#[test]
fn the_newest_whole_record_is_recovered() {
    assert_eq!(recovered(&[]), None);
    assert_eq!(slots(&vec![0; FILE_BYTES]), [Slot::Empty, Slot::Empty]);
    for generations in [&[1][..], &[1, 2], &[1, 2, 3], &[3, 4, 6], &[1, 5, 9, 10]] {
        let (file, writer) = file_of(generations);
        assert_eq!(recovered(&file), generations.last().copied());
        assert_eq!(Writer::open(&file).1, writer, "goes on where it was");
    }
}

#[test]
fn a_write_torn_anywhere_leaves_the_record_before_it() {
    // Also where records that waited were skipped: the newest synced one has the parity of the one being written.
    for (synced, next) in [(&[5, 6][..], 7), (&[3, 4], 6), (&[3, 5], 7)] {
        let (before, writer) = file_of(synced);
        let write = writer.write(&record(next));
        let slot = write.offset..write.offset + write.bytes.len();
        for cut in 0..write.bytes.len() {
            // Either half may reach the disk first; what it shares with the old bytes may complete the write.
            for torn in [0..cut, cut..write.bytes.len()] {
                let mut file = before.clone();
                file[write.offset + torn.start..write.offset + torn.end].copy_from_slice(&write.bytes[torn]);
                let complete = file[slot.clone()] == write.bytes;
                let expected = if complete { next } else { *synced.last().unwrap() };
                assert_eq!(recovered(&file), Some(expected), "torn at {cut} bytes");
            }
        }
    }
}

#[test]
fn no_flipped_bit_goes_unnoticed() {
    let (file, writer) = file_of(&[8]);
    let write = Writer::default().write(&record(8));
    assert_ne!(writer, Writer::default());
    for position in write.offset..write.offset + write.bytes.len() {
        for bit in 0..8 {
            let mut rotten = file.clone();
            rotten[position] ^= 1 << bit;
            assert_eq!(recovered(&rotten), None, "byte {position}, bit {bit}");
        }
    }
}

#[test]
fn a_slot_copied_onto_the_other_one_is_damage() {
    let (mut file, _) = file_of(&[8, 9, 10]);
    file.copy_within(SLOT_BYTES.., 0);
    assert_eq!(slots(&file)[0], Slot::Damaged);
    assert_eq!(recovered(&file), Some(10));
}

#[test]
fn the_record_of_a_running_node_survives_its_file() {
    let mut cluster = Cluster::new(4);
    cluster.deliver();
    cluster.run(30_000_000);
    let record = cluster.nodes[0].record.clone().unwrap();
    assert!(record.last_vote.is_some() && record.last_proposal.is_some());
    let mut file = vec![0; FILE_BYTES];
    perform(&mut file, &Writer::default().write(&record));
    assert_eq!(Writer::open(&file).0, Some(record));
}
