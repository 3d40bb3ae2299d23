//! The payload store: found by name, dropped by period, kept for ever, bounded.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod common;

use std::collections::BTreeSet;

use common::{memory, owner};
use cybermesh_proto::agree::{Batch, Block};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::limits::{HANDOVER_BYTES_MAX, QC_BYTES_MAX};
use cybermesh_proto::wire::Wire as _;
use cybermesh_proto::{BatchId, BlockId, Digest, Epoch, Height};
use cybermesh_state::made::Random;
use cybermesh_state::{InstanceId, Owner, Payload, PayloadStore, Period, StateError};
use tempfile::TempDir;

fn fresh() -> (TempDir, PayloadStore) {
    let folder = TempDir::new().unwrap();
    PayloadStore::create(&folder.path().join("payload"), &owner(), &memory()).unwrap();
    let store = open(&folder);
    (folder, store)
}

fn open(folder: &TempDir) -> PayloadStore {
    PayloadStore::open(&folder.path().join("payload"), &owner(), &memory()).unwrap()
}

fn id(number: u64) -> Digest {
    sha256(&[&number.to_be_bytes()])
}

fn sum(sizes: Vec<(&'static str, u64)>) -> u64 {
    sizes.into_iter().map(|(_, size)| size).sum()
}

#[test]
fn what_was_put_is_found_after_a_restart() {
    let (folder, store) = fresh();
    let block = BlockId(id(1));
    let items = [
        Payload::Batch(BatchId(id(0)), b"batch"),
        Payload::Block(block, b"block"),
        Payload::Qc(block, b"qc"),
        Payload::At(Height::new(5), block),
        Payload::Certificate(Height::new(5), b"certificate"),
        Payload::Handover(Epoch::ZERO, b"handover"),
    ];
    store.put(Period(3), &items).unwrap();
    drop(store);
    let store = open(&folder);
    assert_eq!(store.batch(&BatchId(id(0))).unwrap().as_deref(), Some(b"batch".as_slice()));
    assert!(store.holds_batch(&BatchId(id(0))).unwrap());
    assert_eq!(store.block(&block).unwrap().as_deref(), Some(b"block".as_slice()));
    assert_eq!(store.qc(&block).unwrap().as_deref(), Some(b"qc".as_slice()));
    assert_eq!(store.block_at(Height::new(5)).unwrap(), Some(block));
    assert_eq!(store.block_at(Height::new(6)).unwrap(), None);
    assert_eq!(store.handover(Epoch::ZERO).unwrap().as_deref(), Some(b"handover".as_slice()));
    let certificate = Some((Height::new(5), b"certificate".to_vec()));
    assert_eq!(store.certificate_from(Height::new(2)).unwrap(), certificate);
    assert_eq!(store.certificate_from(Height::new(6)).unwrap(), None);
    assert_eq!(store.newest_certificate().unwrap(), certificate);
    assert_eq!(store.batch(&BatchId(id(1))).unwrap(), None);
}

#[test]
fn what_was_put_twice_stays_where_it_was_first() {
    let (_folder, store) = fresh();
    let batch = BatchId(id(0));
    store.put(Period(1), &[Payload::Batch(batch, b"first")]).unwrap();
    store.put(Period(2), &[Payload::Batch(batch, b"again")]).unwrap();
    assert_eq!(store.batch(&batch).unwrap().as_deref(), Some(b"first".as_slice()));
    store.drop_below(Period(2), &BTreeSet::new()).unwrap();
    assert_eq!(store.batch(&batch).unwrap(), None);
}

#[test]
fn periods_go_but_for_what_is_still_needed() {
    let (folder, store) = fresh();
    for number in 0..100_u64 {
        let items =
            [Payload::Batch(BatchId(id(number)), b"a batch"), Payload::Qc(BlockId(id(number)), b"qc")];
        store.put(Period(number as u32 / 10), &items).unwrap();
    }
    store.put(Period(0), &[Payload::Handover(Epoch::ZERO, b"handover")]).unwrap();
    let keep: BTreeSet<_> = [id(3), id(45)].into_iter().collect();
    store.drop_below(Period(6), &keep).unwrap();
    drop(store);
    let store = open(&folder);
    for number in 0..100 {
        let stays = number >= 60 || number == 3 || number == 45;
        assert_eq!(store.batch(&BatchId(id(number))).unwrap().is_some(), stays, "batch {number}");
        assert_eq!(store.qc(&BlockId(id(number))).unwrap().is_some(), stays, "certificate {number}");
    }
    assert!(store.handover(Epoch::ZERO).unwrap().is_some());
    // What moved goes with the period it moved into.
    store.drop_below(Period(7), &BTreeSet::new()).unwrap();
    assert_eq!(store.batch(&BatchId(id(3))).unwrap(), None);
    assert!(store.batch(&BatchId(id(70))).unwrap().is_some());
}

#[test]
fn dropping_nine_periods_of_ten_gives_the_disk_back() {
    let (_folder, store) = fresh();
    let mut random = Random::new(7);
    for number in 0..200_u64 {
        let body = random.bytes(50_000);
        store.put(Period(number as u32 / 20), &[Payload::Batch(BatchId(id(number)), &body)]).unwrap();
    }
    store.compact().unwrap();
    let before = sum(store.table_bytes().unwrap());
    store.drop_below(Period(9), &BTreeSet::new()).unwrap();
    store.compact().unwrap();
    let after = sum(store.table_bytes().unwrap());
    assert!(before > 9_000_000, "{before}");
    assert!(after * 100 < before * 13, "{before} bytes became {after}");
}

#[test]
fn certificates_below_a_height_go_and_handovers_stay() {
    let (_folder, store) = fresh();
    for height in 1..=20 {
        let height = Height::new(height);
        store
            .put(Period(0), &[Payload::Certificate(height, b"c"), Payload::At(height, BlockId(id(1)))])
            .unwrap();
    }
    store.put(Period(0), &[Payload::Handover(Epoch::ZERO, b"h")]).unwrap();
    store.drop_heights_below(Height::new(15)).unwrap();
    assert_eq!(store.certificate_from(Height::ZERO).unwrap().unwrap().0, Height::new(15));
    assert_eq!(store.block_at(Height::new(14)).unwrap(), None);
    assert!(store.block_at(Height::new(15)).unwrap().is_some());
    assert!(store.handover(Epoch::ZERO).unwrap().is_some());
}

#[test]
fn what_is_larger_than_its_message_can_be_is_refused_and_nothing_of_the_put_stays() {
    let (_folder, store) = fresh();
    let fine = Payload::Batch(BatchId(id(0)), b"batch");
    let large = vec![0; HANDOVER_BYTES_MAX + 1];
    let qc = vec![0; QC_BYTES_MAX + 1];
    let block = vec![0; Block::BYTES_MAX + 1];
    let batch = vec![0; Batch::BYTES_MAX + 1];
    for item in [
        Payload::Handover(Epoch::ZERO, &large),
        Payload::Qc(BlockId(id(0)), &qc),
        Payload::Certificate(Height::ZERO, &qc),
        Payload::Block(BlockId(id(0)), &block),
        Payload::Batch(BatchId(id(1)), &batch),
    ] {
        assert!(matches!(store.put(Period(0), &[fine, item]), Err(StateError::TooLarge { .. })));
    }
    assert_eq!(store.batch(&BatchId(id(0))).unwrap(), None);
}

#[test]
fn one_put_has_a_limit() {
    let (_folder, store) = fresh();
    let batch = vec![0; Batch::BYTES_MAX];
    let items: Vec<_> = (0..16).map(|number| Payload::Batch(BatchId(id(number)), &batch)).collect();
    assert!(matches!(store.put(Period(0), &items), Err(StateError::TooLarge { .. })));
    assert!(!store.holds_batch(&BatchId(id(0))).unwrap());
}

#[test]
fn a_store_of_another_instance_and_a_missing_one_are_told_apart() {
    let (folder, store) = fresh();
    drop(store);
    let place = folder.path().join("payload");
    let other = Owner { instance: InstanceId([2; 16]), ..owner() };
    assert!(matches!(PayloadStore::open(&place, &other, &memory()), Err(StateError::Differs { .. })));
    let nowhere = folder.path().join("nowhere");
    assert!(matches!(PayloadStore::open(&nowhere, &owner(), &memory()), Err(StateError::Missing { .. })));
    assert!(!nowhere.exists(), "a missing store was made in silence");
}
