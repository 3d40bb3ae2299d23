//! What the words cost: signing, verifying, certificates, receipts.
#![allow(clippy::unwrap_used, clippy::expect_used, missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use cybermesh_keys::{Fast, KeyRole, KeySet, Signer as _};
use cybermesh_proto::event::{Demand, SignedEvent, Signer, event_signing_bytes, verify_batch};
use cybermesh_proto::keys::{Algorithm, KeyBundle, Scheme, SignatureCheck};
use cybermesh_proto::wire::encode_canonical;
use cybermesh_verify::{PureRust, Trust, verify_receipt};
use cybermesh_world::events::anomaly;
use cybermesh_world::keys::Named;
use cybermesh_world::story::Story;
use prost::Message as _;

/// The three ways a producer signs: its name, its algorithms.
const PRODUCERS: [(&str, &[Algorithm]); 3] = [
    ("Ed25519", &[Algorithm::Ed25519]),
    ("hybrid 44", &[Algorithm::Ed25519, Algorithm::MlDsa44]),
    ("hybrid 65", &[Algorithm::Ed25519, Algorithm::MlDsa65]),
];

/// As many producers as a batch has events at most: a batch of one producer's events is cheaper, and rarer.
fn events(algorithms: &[Algorithm], count: usize) -> Vec<(SignedEvent, KeyBundle)> {
    let event = |number: usize| {
        let producer = Named::new(&format!("det-{number}"), algorithms);
        let mut event = anomaly(&producer, 1 + u64::try_from(number).unwrap());
        event.payload = vec![b'x'; 512];
        event.content_sha256 = cybermesh_proto::hash::sha256(&[&event.payload]).as_bytes().to_vec();
        let record = cybermesh_world::events::signed(&event, &producer);
        (SignedEvent::decode(&record).unwrap(), producer.bundle().clone())
    };
    (0..count).map(event).collect()
}

fn signing(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("event/sign");
    for (name, algorithms) in PRODUCERS {
        // A producer's key set is hybrid; the classical signature alone is measured below.
        let [_, level] = algorithms else { continue };
        let keys = KeySet::generate(KeyRole::Producer, *level).unwrap();
        let event = anomaly(&keys, 1).encode_to_vec();
        group.bench_function(name, |bencher| {
            bencher.iter(|| keys.sign(&event_signing_bytes(black_box(&event))))
        });
    }
    let classical = ed25519_dalek::SigningKey::from_bytes(&[1; 32]);
    let event = anomaly(&Named::new("det-1", &[Algorithm::Ed25519]), 1).encode_to_vec();
    group.bench_function("Ed25519", |bencher| {
        bencher.iter(|| ed25519_dalek::Signer::sign(&classical, &event_signing_bytes(black_box(&event))));
    });
}

fn verifying(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("event/verify");
    for (name, algorithms) in PRODUCERS {
        let all = events(algorithms, 512);
        for count in [1, 16, 128, 512] {
            group.throughput(Throughput::Elements(u64::try_from(count).unwrap()));
            group.bench_with_input(BenchmarkId::new(name, count), &count, |bencher, count| {
                bencher.iter_batched(
                    || {
                        let some = all.iter().take(*count);
                        some.map(|(event, bundle)| {
                            (event.clone(), Signer { bundle, demand: Demand::WholeBundle })
                        })
                        .collect()
                    },
                    |batch| {
                        let verdicts = verify_batch(batch, &Fast);
                        assert!(verdicts.iter().all(Result::is_ok));
                        verdicts
                    },
                    criterion::BatchSize::LargeInput,
                );
            });
        }
    }
    group.finish();
    let mut group = criterion.benchmark_group("event/decode");
    for (name, algorithms) in PRODUCERS {
        let record = events(algorithms, 1)[0].0.received().to_vec();
        group.bench_function(name, |bencher| {
            bencher.iter(|| SignedEvent::decode(black_box(&record)).unwrap())
        });
    }
}

fn certificates(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("certificate/verify");
    for (name, scheme, n) in [
        ("Ed25519, 3 signers", Scheme::Ed25519, 4),
        ("Ed25519, 21 signers", Scheme::Ed25519, 31),
        ("Ed25519, 67 signers", Scheme::Ed25519, 100),
        ("hybrid 65, 3 signers", Scheme::Hybrid, 4),
        ("hybrid 65, 21 signers", Scheme::Hybrid, 31),
    ] {
        let story = Story::new(scheme, n, 0);
        let block = story.chain.blocks.last().unwrap();
        let checks: [(&str, &dyn SignatureCheck); 2] = [("aws-lc", &Fast), ("pure Rust", &PureRust)];
        for (library, check) in checks {
            group.bench_function(format!("{name}, {library}"), |bencher| {
                bencher.iter(|| {
                    block.certificate.check_decision(&block.decision, &story.chain.committee, check).unwrap();
                });
            });
        }
    }
}

fn receipts(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("receipt/verify");
    group.sample_size(20);
    for (name, scheme, n, handovers) in [
        ("Ed25519, n = 4", Scheme::Ed25519, 4, 0),
        ("hybrid, n = 4", Scheme::Hybrid, 4, 0),
        ("hybrid, n = 4, 10 handovers", Scheme::Hybrid, 4, 10),
        ("hybrid, n = 31", Scheme::Hybrid, 31, 0),
    ] {
        let story = Story::new(scheme, n, handovers);
        let bytes = encode_canonical(&story.chain.receipt_under_newest(1, 0));
        let trust = Trust { chain: story.chain.genesis.chain(), memory: None, producer: None };
        let checks: [(&str, &dyn SignatureCheck); 2] = [("aws-lc", &Fast), ("pure Rust", &PureRust)];
        for (library, check) in checks {
            group.bench_function(format!("{name}, {library}"), |bencher| {
                bencher.iter(|| verify_receipt(black_box(&bytes), trust, check).unwrap());
            });
        }
    }
}

criterion_group!(words, signing, verifying, certificates, receipts);
criterion_main!(words);
