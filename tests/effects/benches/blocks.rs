//! What a block costs apart from the disk: decoding, executing with logs and outbox, the tree. In memory.
//!
//! `cargo bench -p cybermesh-effects --bench blocks`: µs per event by stage, the best of several blocks, after a warm
//! state. Decoding is done ahead on other threads in a node; signatures are not checked here.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a bench prints its table")]

use std::time::{Duration, Instant};

use cybermesh_effects::load::{Load, Subjects};
use cybermesh_effects::world::BEGIN_MS;
use cybermesh_effects::{AcceptAll, Setup, World};
use cybermesh_executor::block::{Parent, Ready, ReadyBatch, apply};
use cybermesh_executor::simulate::simulate;
use cybermesh_executor::tree::grow;
use cybermesh_proto::ValidatorIndex;

struct Cost {
    decode: Duration,
    execute: Duration,
    tree: Duration,
    keys: usize,
    state_bytes: usize,
}

fn main() {
    println!(
        "subjects      events  block   decode  execute   tree    sum µs/event   keys/event   state bytes/event"
    );
    for hybrid in [false, true] {
        for subjects in [Subjects::Unscored, Subjects::Zipf(10_000), Subjects::Zipf(1_000_000)] {
            for block in [100, 1000, 5000] {
                row(subjects, hybrid, block);
            }
        }
    }
}

fn row(subjects: Subjects, hybrid: bool, block: usize) {
    let mut load = Load::new(1000, hybrid, subjects);
    let mut world = World::new(&Setup { people: load.people.clone(), ..Setup::default() });
    let warm = if subjects == Subjects::Unscored { 2 } else { 20 };
    for number in 0..warm {
        let now = BEGIN_MS + number;
        let items = load.items(5000, now, hybrid);
        world.batches(now, vec![items]);
    }
    let costs: Vec<_> = (0..5)
        .map(|number| measured(&mut world, &mut load, BEGIN_MS + 1000 + number, block, hybrid))
        .collect();
    let best = costs.iter().min_by_key(|cost| cost.execute + cost.tree).unwrap();
    let each = |time: Duration| time.as_secs_f64() * 1e6 / block as f64;
    println!(
        "{:<13} {:<7} {block:>5} {:>8.2} {:>8.2} {:>6.2} {:>14.2} {:>12.2} {:>17.0}",
        match subjects {
            Subjects::Unscored => "none".to_owned(),
            Subjects::Zipf(count) => format!("Zipf {count}"),
        },
        if hybrid { "hybrid" } else { "Ed25519" },
        each(best.decode),
        each(best.execute),
        each(best.tree),
        each(best.decode + best.execute + best.tree),
        best.keys as f64 / block as f64,
        best.state_bytes as f64 / block as f64,
    );
}

fn measured(world: &mut World, load: &mut Load, now: u64, block: usize, hybrid: bool) -> Cost {
    let items = load.items(block, now, hybrid);
    let begin = Instant::now();
    let items: Vec<_> = items.into_iter().map(|item| Ready::new(item).unwrap()).collect();
    let decode = begin.elapsed();
    let ready = [ReadyBatch { author: ValidatorIndex::default(), items }];
    let header = world.header(now);
    let begin = Instant::now();
    let executed = simulate(&world.store, &world.chain, &AcceptAll, &world.parent, &header, &ready).unwrap();
    let execute = begin.elapsed();
    let begin = Instant::now();
    grow(&world.store, header.height, &world.parent.state_root, &executed.writes).unwrap();
    let tree = begin.elapsed();
    let applied = apply(&world.store, &world.chain, &AcceptAll, &world.parent, &header, &ready).unwrap();
    world.store.apply(applied.decision.height, &applied.writes, &applied.tree).unwrap();
    world.parent = Parent::of(&applied.decision);
    let bytes = |row: &(Vec<u8>, Option<Vec<u8>>)| row.0.len() + row.1.as_ref().map_or(0, Vec::len);
    let state_bytes = applied.writes.iter().map(bytes).sum();
    Cost { decode, execute, tree, keys: applied.writes.len(), state_bytes }
}
