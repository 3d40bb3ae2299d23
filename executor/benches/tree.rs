//! What one block costs the tree: distinct keys changed, over states of several sizes, all in memory.
#![allow(clippy::unwrap_used, missing_docs)]

use std::hint::black_box;

use criterion::{BenchmarkId, Criterion, criterion_group, criterion_main};
use cybermesh_executor::applied::Writes;
use cybermesh_executor::memory::MemoryStore;
use cybermesh_executor::tree::{genesis, grow, prove};
use cybermesh_proto::{Digest, Height};

fn key(number: u64) -> Vec<u8> {
    format!("state/row/{number:012}").into_bytes()
}

/// A store of so many rows of 100 bytes after height 0.
fn filled(rows: u64) -> (MemoryStore, Digest) {
    let writes: Writes = (0..rows).map(|number| (key(number), Some(vec![1; 100]))).collect();
    let update = genesis(&writes).unwrap();
    let mut store = MemoryStore::default();
    store.apply(Height::ZERO, &writes, &update).unwrap();
    (store, update.root)
}

/// New values for keys all over the state, three of four that are there and one that is new.
fn changes(rows: u64, count: u64) -> Writes {
    let spread = |place: u64| if place % 4 == 3 { rows + place } else { place * (rows / count) };
    let mut writes: Writes = (0..count).map(|place| (key(spread(place)), Some(vec![2; 100]))).collect();
    writes.sort();
    writes
}

fn tree(criterion: &mut Criterion) {
    let mut group = criterion.benchmark_group("tree");
    group.sample_size(10);
    for rows in [100_000, 1_000_000] {
        let (store, root) = filled(rows);
        for count in [1_000, 5_000] {
            let writes = changes(rows, count);
            group.bench_function(BenchmarkId::new(format!("grow {count}"), rows), |bencher| {
                bencher.iter(|| grow(black_box(&store), Height::new(1), &root, &writes).unwrap());
            });
        }
        group.bench_function(BenchmarkId::new("prove", rows), |bencher| {
            bencher.iter(|| prove(black_box(&store), Height::ZERO, &key(rows / 2)).unwrap());
        });
    }
    group.finish();
}

criterion_group!(benches, tree);
criterion_main!(benches);
