//! What the disk gives back: bytes in both stores before and after nine of ten events are pruned.
//!
//! `EVENTS=1000000 cargo bench -p cybermesh-state --bench pruning` prints the table.
#![allow(clippy::unwrap_used, clippy::print_stdout, missing_docs, reason = "a bench prints its table")]

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::Instant;

use cybermesh_proto::{ChainId, Digest, Height};
use cybermesh_state::made::{self, Shape};
use cybermesh_state::{
    Cursor, Horizon, InstanceId, Memory, Owner, Payload, PayloadStore, Period, StateStore,
};
use tempfile::TempDir;

/// 5,000 events in a block, 512 bytes each.
const SHAPE: Shape = Shape {
    seed: 7,
    items: 5000,
    batch_items: 1250,
    item_bytes: 512,
    rows: 1000,
    subjects: 100_000,
    deleted_of: 0,
};
/// Topic and partitions that the made blocks send to.
const EVENTS_TOPIC: (u16, u32) = (1, 12);
const POLICY_TOPIC: (u16, u32) = (2, 1);

fn main() {
    let events: u32 = std::env::var("EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let blocks = (events / SHAPE.items).max(10);
    let folder = TempDir::new_in(".").unwrap();
    let owner = Owner { chain: ChainId(Digest::new([1; 32])), instance: InstanceId([1; 16]) };
    let (at_state, at_payload) = (folder.path().join("state"), folder.path().join("payload"));
    let (writes, tree) = made::first(SHAPE.subjects).unwrap();
    StateStore::create(&at_state, &owner, &Memory::default(), &made::first_of(&writes, &tree)).unwrap();
    PayloadStore::create(&at_payload, &owner, &Memory::default()).unwrap();
    let mut state = StateStore::open(&at_state, &owner, &Memory::default(), &[]).unwrap();
    let payload = PayloadStore::open(&at_payload, &owner, &Memory::default()).unwrap();

    for height in 1..=blocks {
        let block = made::next(state.reader(), &owner, &SHAPE).unwrap();
        let bodies: Vec<_> =
            block.batches.iter().map(|batch| Payload::Batch(batch.reference.id, &batch.bytes)).collect();
        payload.put(Period(height), &bodies).unwrap();
        state.commit(&block.commit()).unwrap();
    }
    let all = SHAPE.items * blocks;
    println!("| {all} events | state store, MB | payload store, MB |\n|---|---:|---:|");
    let line = |what: &str| println!("| {what} | {:.1} | {:.1} |", mega(&at_state), mega(&at_payload));
    line("stored");
    state.compact().unwrap();
    payload.compact().unwrap();
    line("stored, compacted");

    let floor = blocks - blocks / 10;
    let confirmed: Vec<Cursor> = [EVENTS_TOPIC, POLICY_TOPIC]
        .into_iter()
        .flat_map(|(topic, partitions)| (0..partitions).map(move |partition| (topic, partition)))
        .map(|(topic, partition)| Cursor { topic, partition, seq: u64::MAX })
        .collect();
    let height = Height::new(floor.into());
    let began = Instant::now();
    state.prune(&Horizon { state: height, journal: height, confirmed: &confirmed }).unwrap();
    payload.drop_below(Period(floor), &BTreeSet::new()).unwrap();
    let took = began.elapsed().as_secs_f64();
    line("nine of ten pruned");
    state.compact().unwrap();
    payload.compact().unwrap();
    line("the same, compacted");
    println!("\npruning took {took:.1} s");
}

/// What the files of a folder take.
fn mega(folder: &Path) -> f64 {
    let sizes = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().metadata().unwrap().len());
    sizes.sum::<u64>() as f64 / 1e6
}
