//! What agreement costs one node: steps of the core, and a decision with and without its signatures.
//!
//! A whole cluster runs once and everything that happens to one of its nodes is taped. The benchmark plays the tape to a
//! fresh core: without signatures, the messages are verified before the clock runs; with them, each arrives as bytes
//! and is decoded and verified with real keys within the measured time, one by one on one thread.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[path = "../../../consensus/tests/common/mod.rs"]
mod common;

use std::time::Duration;

use common::{Cluster, Keys, Taped, batch};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use cybermesh_consensus::{Core, Input, Message, Outbound, Peer};
use cybermesh_keys::Fast;
use cybermesh_proto::agree::{Committee, Validator};
use cybermesh_proto::keys::{Algorithm, Scheme, SignatureCheck, ValidatorSignature};
use cybermesh_proto::wire::{Checked, Received, Verified, encode_canonical};
use cybermesh_world::keys::{Named, sign};

/// Real keys of one scheme.
struct Real(Scheme);

static CLASSICAL: Real = Real(Scheme::Ed25519);
static HYBRID: Real = Real(Scheme::Hybrid);

impl Keys for Real {
    fn scheme(&self) -> Scheme {
        self.0
    }

    fn member(&self, number: usize) -> Validator {
        Named::validator(&format!("v{number}")).entry()
    }

    fn sign(&self, number: usize, message: &[u8]) -> ValidatorSignature {
        let name = format!("v{number}");
        let mut bytes = sign(&name, Algorithm::Ed25519, message, &[]);
        if self.0 == Scheme::Hybrid {
            bytes.extend(sign(&name, Algorithm::MlDsa65, message, &[]));
        }
        ValidatorSignature::new(bytes).unwrap()
    }

    fn check(&self) -> &dyn SignatureCheck {
        &Fast
    }
}

/// A message as bytes, to be opened while the clock runs.
enum Bytes {
    Proposal(usize, Vec<u8>),
    Vote(usize, Vec<u8>),
    Attestation(usize, Vec<u8>),
    Own(Input),
}

struct Tape {
    core: Core,
    committee: Committee,
    wire: Vec<Taped>,
    decisions: u64,
}

/// A cluster under load: each decision orders one batch.
fn record(n: usize, keys: &'static Real, decisions: u64) -> Tape {
    let mut cluster = Cluster::with(n, keys);
    cluster.deliver();
    cluster.tape = Some(Vec::new());
    let core = cluster.nodes[0].core.clone();
    let before = cluster.heights()[0];
    let mut seq = 0;
    while cluster.heights()[0] < before + decisions {
        seq += 1;
        (0..n).for_each(|at| cluster.nodes[at].payload.push(batch(1, seq)));
        (0..n).for_each(|at| cluster.input(at, Input::Work(true)));
        cluster.deliver();
        cluster.tick();
    }
    let decisions = cluster.heights()[0] - before;
    let committee = common::committee_with(n, keys);
    Tape { core, committee, wire: cluster.tape.take().unwrap(), decisions }
}

fn inputs(tape: &Tape) -> Vec<Input> {
    let input = |taped: &Taped| match taped {
        Taped::Own(input) => Some(input.clone()),
        Taped::Wire(from, message) => {
            let message = common::inbound(message.clone(), *from, &tape.committee, &common::AcceptAll)?;
            Some(Input::Message { from: peer(*from), message })
        }
    };
    tape.wire.iter().filter_map(input).collect()
}

fn bytes(tape: &Tape) -> Vec<Bytes> {
    let bytes = |taped: &Taped| match taped {
        Taped::Own(input) => Some(Bytes::Own(input.clone())),
        Taped::Wire(from, Outbound::Proposal(one)) => Some(Bytes::Proposal(*from, encode_canonical(&**one))),
        Taped::Wire(from, Outbound::Vote(one)) => Some(Bytes::Vote(*from, encode_canonical(one))),
        Taped::Wire(from, Outbound::Attestation(one)) => {
            Some(Bytes::Attestation(*from, encode_canonical(one)))
        }
        Taped::Wire(..) => None,
    };
    tape.wire.iter().filter_map(bytes).collect()
}

fn open<T: Checked>(bytes: &[u8], committee: &Committee) -> Verified<T> {
    Received::new(bytes.to_vec()).decode().unwrap().verify(committee, &Fast).unwrap()
}

fn peer(number: usize) -> Peer {
    Peer(u32::try_from(number).unwrap())
}

fn play(mut core: Core, inputs: Vec<Input>) -> Core {
    for input in inputs {
        drop(core.step(input));
    }
    core
}

fn play_bytes(mut core: Core, committee: &Committee, inputs: &[Bytes]) -> Core {
    for input in inputs {
        let input = match input {
            Bytes::Own(input) => input.clone(),
            Bytes::Proposal(from, bytes) => {
                let message = Message::Proposal(Box::new(open(bytes, committee)));
                Input::Message { from: peer(*from), message }
            }
            Bytes::Vote(from, bytes) => {
                Input::Message { from: peer(*from), message: Message::Vote(open(bytes, committee)) }
            }
            Bytes::Attestation(from, bytes) => {
                Input::Message { from: peer(*from), message: Message::Attestation(open(bytes, committee)) }
            }
        };
        drop(core.step(input));
    }
    core
}

fn agreement(criterion: &mut Criterion) {
    for (name, n, keys, decisions) in
        [("4 Ed25519", 4, &CLASSICAL, 50), ("4 hybrid", 4, &HYBRID, 20), ("100 Ed25519", 100, &CLASSICAL, 3)]
    {
        let tape = record(n, keys, decisions);
        let without = inputs(&tape);
        let mut group = criterion.benchmark_group("agreement");
        group.sample_size(10).measurement_time(Duration::from_secs(5));
        group.throughput(Throughput::Elements(u64::try_from(without.len()).unwrap()));
        group.bench_function(format!("{name}/steps"), |bencher| {
            let setup = || (tape.core.clone(), without.clone());
            bencher.iter_batched(setup, |(core, inputs)| play(core, inputs), BatchSize::LargeInput);
        });
        group.throughput(Throughput::Elements(tape.decisions));
        group.bench_function(format!("{name}/decision without signatures"), |bencher| {
            let setup = || (tape.core.clone(), without.clone());
            bencher.iter_batched(setup, |(core, inputs)| play(core, inputs), BatchSize::LargeInput);
        });
        let with = bytes(&tape);
        group.bench_function(format!("{name}/decision with signatures"), |bencher| {
            let setup = || tape.core.clone();
            let run = |core| play_bytes(core, &tape.committee, &with);
            bencher.iter_batched(setup, run, BatchSize::LargeInput);
        });
        group.finish();
    }
}

criterion_group!(benches, agreement);
criterion_main!(benches);
