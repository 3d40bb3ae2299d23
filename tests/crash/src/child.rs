//! The process that is killed: heights one after another, as a node works, and a line for every promise.

use std::collections::BTreeSet;
use std::io::Write as _;
use std::path::Path;

use cybermesh_proto::{BlockId, Height};
use cybermesh_state::made::{self, Made};
use cybermesh_state::{Commit, Cursor, Horizon, Memory, Payload, Published, SourcePosition, StateError};

use crate::places::{Places, block, owner, period, record, shape};
use crate::promises::Promise;
use crate::{Fault, demand};

/// Prunes every so many heights, and keeps so many.
const PRUNED_EVERY: u64 = 6;
/// Heights whose payload and state stay.
pub const KEPT: u64 = 8;

fn say(promise: Promise) -> Result<(), Fault> {
    // The line is whole in the pipe before anything else happens: what was said was promised.
    let mut line = promise.to_string();
    line.push('\n');
    let mut out = std::io::stdout().lock();
    out.write_all(line.as_bytes())?;
    Ok(out.flush()?)
}

/// Runs until it is killed, or for so many heights.
pub fn run(folder: &Path, seed: u64, heights: u64) -> Result<(), Fault> {
    Places::init(folder)?;
    work(&mut Places::open(folder)?, seed, heights)
}

/// Runs until the state store fails, and demands that it then refuses everything.
pub fn run_until_full(folder: &Path, seed: u64) -> Result<(), Fault> {
    Places::init(folder)?;
    let mut places = Places::open_with(folder, &Memory::new(8 * 1024 * 1024, 64 * 1024 * 1024))?;
    let poisoned = |result: Result<(), StateError>| matches!(result, Err(StateError::Poisoned { .. }));
    let failed = work(&mut places, seed, u64::MAX);
    let failed = matches!(failed, Err(Fault::Store(StateError::Poisoned { .. })));
    demand(failed, || "the store took everything".to_owned())?;
    let reader = places.state.reader();
    let refuses = poisoned(reader.decision(Height::new(1)).map(drop))
        && poisoned(reader.positions().map(drop))
        && poisoned(places.state.compact());
    demand(refuses, || "it answers after a failed write".to_owned())?;
    println!("{}", crate::rounds::REFUSES);
    Ok(())
}

fn work(places: &mut Places, seed: u64, heights: u64) -> Result<(), Fault> {
    let mut generation = places.generation().unwrap_or(0);
    // As the core does: what was read may never have been synced, so it is written once more before anything leaves.
    generation = vote(places, generation, 0)?;
    for _ in 0..heights {
        let made = made::next(places.state.reader(), &owner(), &shape(seed))?;
        let height = made.applied.decision.height.get();
        put(places, seed, height, &made)?;
        generation = vote(places, generation, height)?;
        commit(places, generation, height, &made)?;
        if height.is_multiple_of(PRUNED_EVERY) && height > KEPT {
            prune(places, seed, height - KEPT)?;
        }
    }
    Ok(())
}

fn put(places: &Places, seed: u64, height: u64, made: &Made) -> Result<(), Fault> {
    let id = block(seed, height);
    let names: Vec<u8> = made.references.iter().flat_map(|one| *one.id.0.as_bytes()).collect();
    let mut payloads: Vec<_> =
        made.batches.iter().map(|batch| Payload::Batch(batch.reference.id, &batch.bytes)).collect();
    payloads.extend([
        Payload::Block(id, &names),
        Payload::Qc(id, b"certificate"),
        Payload::At(Height::new(height), id),
    ]);
    places.payload.put(period(height), &payloads)?;
    say(Promise::Payload(height))
}

fn vote(places: &mut Places, generation: u64, height: u64) -> Result<u64, Fault> {
    let next = generation + 1;
    let record = record(next, height).ok_or_else(|| Fault::Broken("no record".to_owned()))?;
    let slot = places.writer.write(&record);
    places.file.write(slot.offset, &slot.bytes)?;
    places.writer.synced();
    say(Promise::Record(next))?;
    Ok(next)
}

fn commit(places: &mut Places, generation: u64, height: u64, made: &Made) -> Result<(), Fault> {
    let positions = [SourcePosition { source: b"source".to_vec(), position: height.to_be_bytes().to_vec() }];
    let published = [Published { sink: 1, topic: 1, partition: 0, seq: height }];
    let attestation = attestation(height);
    let commit = Commit {
        attestation: Some(&attestation),
        mirror: generation,
        positions: &positions,
        published: &published,
        ..made.commit()
    };
    places.state.commit(&commit)?;
    say(Promise::State(height))
}

/// What this node attests of a height.
#[must_use]
pub fn attestation(height: u64) -> Vec<u8> {
    format!("attestation of {height}").into_bytes()
}

/// Lets go of everything below a height, but for the outbox of the newest heights.
fn prune(places: &mut Places, seed: u64, below: u64) -> Result<(), Fault> {
    let reader = places.state.reader();
    let last = reader.outbox(Height::new(below))?;
    demand(!last.is_empty(), || format!("the outbox of {below} is gone"))?;
    let mut confirmed: Vec<Cursor> = Vec::new();
    for leaf in last {
        let (topic, partition, seq) = (leaf.row.topic, leaf.row.partition, leaf.row.seq);
        confirmed.retain(|one| (one.topic, one.partition) != (topic, partition));
        confirmed.push(Cursor { topic, partition, seq });
    }
    let height = Height::new(below);
    places.state.prune(&Horizon { state: height, journal: height, confirmed: &confirmed })?;
    let mut keep = BTreeSet::new();
    for height in below..=places.state.reader().newest().height.get() + 1 {
        let BlockId(id) = block(seed, height);
        keep.insert(id);
        if let Some(names) = places.payload.block(&BlockId(id))? {
            keep.extend(names.chunks_exact(32).filter_map(cybermesh_proto::Digest::from_slice));
        }
    }
    places.payload.drop_below(period(below + KEPT / 2), &keep)?;
    Ok(places.payload.drop_heights_below(height)?)
}
