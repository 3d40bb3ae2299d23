//! What must hold after a crash, whatever the moment.
//!
//! 1. Everything promised is there: payload, record, results.
//! 2. No half block: of the newest result every part is there and fits the decision.
//! 3. The record is never older than what left, and never said to be lost.

use std::path::Path;

use cybermesh_proto::agree::BatchRef;
use cybermesh_proto::merkle::{leaf_hash, verify_inclusion};
use cybermesh_proto::{BatchId, Digest, Height};
use cybermesh_state::made::leaf_bytes;
use cybermesh_state::store::Log;
use cybermesh_state::{Remembers, StateError, StateReader, remembers};

use crate::child::{KEPT, attestation};
use crate::places::{Places, block};
use crate::promises::Promises;
use crate::{Fault, demand};

/// Opens what is left, holds it against the promises, and gives what from now on has to be there.
pub fn check(folder: &Path, seed: u64, promises: &Promises) -> Result<Promises, Fault> {
    if *promises == Promises::default() {
        // Perhaps it ended inside `init`: that is called again.
        Places::init(folder)?;
    }
    let places = Places::open(folder)?;
    record(&places, promises)?;
    let reader = places.state.reader();
    let height = reader.newest().height.get();
    demand(height >= promises.state, || format!("height {height} of {} promised", promises.state))?;
    demand(height <= promises.state + 1, || {
        format!("height {height}, only {} was begun", promises.state + 1)
    })?;
    payload(&places, seed, height.max(promises.payload))?;
    for height in height.saturating_sub(1).max(1)..=height {
        whole(&places, Height::new(height))?;
    }
    let record = places.generation().unwrap_or(0);
    Ok(Promises { payload: promises.payload.max(height), record, state: height })
}

fn record(places: &Places, promises: &Promises) -> Result<(), Fault> {
    let generation = places.generation();
    let found = generation.unwrap_or(0);
    demand(found >= promises.record, || format!("record {found}, {} has left", promises.record))?;
    let mirror = places.state.reader().mirror();
    demand(mirror <= promises.record, || format!("mirror {mirror} of a record that was not synced"))?;
    let memory = remembers(generation, mirror, places.first_boot);
    let honest = match memory {
        Remembers::Whole => true,
        Remembers::FirstBoot => promises.record == 0,
        Remembers::RecordMissing | Remembers::RecordOlder { .. } => false,
    };
    demand(honest, || format!("{memory:?} after generation {} was promised", promises.record))
}

/// The payload of every height that was promised and not let go.
fn payload(places: &Places, seed: u64, promised: u64) -> Result<(), Fault> {
    for height in promised.saturating_sub(KEPT / 2).max(1)..=promised {
        let id = block(seed, height);
        let missing = |what: &str| format!("{what} of height {height} of {promised}");
        let names = places.payload.block(&id)?;
        let names = names.ok_or_else(|| Fault::Broken(missing("the block")))?;
        demand(places.payload.qc(&id)?.is_some(), || missing("the certificate"))?;
        demand(places.payload.block_at(Height::new(height))? == Some(id), || missing("the name"))?;
        for name in names.chunks_exact(32).filter_map(Digest::from_slice) {
            demand(places.payload.batch(&BatchId(name))?.is_some(), || missing("a batch"))?;
        }
    }
    Ok(())
}

/// Every part of a result, each against the decision.
fn whole(places: &Places, height: Height) -> Result<(), Fault> {
    let reader = places.state.reader();
    let decision =
        reader.decision(height)?.ok_or_else(|| Fault::Broken(format!("no decision of {height}")))?;
    let load = |batch: &BatchRef| places.payload.batch(&batch.id);
    let items = reader.items(height)?;
    demand(items.len() as u64 == decision.tx.size.get(), || format!("items of {height}"))?;
    let proof = reader.tx_proof(height, 0, load)?;
    let proof = proof.ok_or_else(|| Fault::Broken(format!("no item of {height}")))?;
    let size = decision.tx.size.get();
    let sound = verify_inclusion(&proof.leaf.hash(), 0, size, &proof.path, &decision.tx.root);
    demand(sound.is_ok(), || format!("the first item of {height}"))?;
    outbox(reader, height)?;
    let own = reader.attestation(height)?;
    demand(own == Some(attestation(height.get())), || format!("the attestation of {height}"))?;
    for (log, state) in [(Log::Events, decision.event_log), (Log::Audit, decision.audit_log)] {
        demand(reader.log_root(log, state.size.get())? == state.root, || format!("{log:?} at {height}"))?;
    }
    for subject in 0..80 {
        reader.proof(height, format!("subject/{subject:08}").as_bytes())?;
    }
    if height == reader.newest().height {
        let position = height.get().to_be_bytes();
        demand(reader.position(b"source")?.as_deref() == Some(&position), || {
            format!("position at {height}")
        })?;
        demand(reader.published(1, 1, 0)? == height.get(), || format!("published at {height}"))?;
        let all: Vec<_> = (0..80).map(|subject| format!("subject/{subject:08}").into_bytes()).collect();
        reader.compare(&all.iter().map(Vec::as_slice).collect::<Vec<_>>())?;
    }
    Ok(())
}

fn outbox(reader: &StateReader, height: Height) -> Result<(), Fault> {
    let leaves = reader.outbox(height)?;
    let decision =
        reader.decision(height)?.ok_or_else(|| Fault::Broken(format!("no decision of {height}")))?;
    let count = decision.outbox.count.get();
    demand(leaves.len() as u64 == count, || format!("outbox of {height}"))?;
    for leaf in leaves.iter().step_by(5) {
        let bytes = reader.outbox_bytes(leaf, |index| Ok::<_, StateError>(leaf_bytes(height, index)))?;
        let path = reader.outbox_path(height, leaf.position)?.unwrap_or_default();
        let position = u64::from(leaf.position);
        let sound = verify_inclusion(&leaf_hash(&bytes), position, count, &path, &decision.outbox.root);
        demand(sound.is_ok(), || format!("outbound leaf {position} of {height}"))?;
    }
    Ok(())
}
