//! What a block costs on disk: time of the tree and of the write with its sync, bytes per event, and a point read with proof.
//!
//! `cargo bench -p cybermesh-state` prints the table. `EVENTS=1000000` stores so many events first.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fmt::Write as _;
use std::time::Instant;

use cybermesh_proto::{ChainId, Digest};
use cybermesh_state::made::{self, Random, Shape};
use cybermesh_state::{InstanceId, Memory, Owner, StateStore};
use tempfile::TempDir;

/// Blocks measured for each line.
const BLOCKS: u32 = 8;

fn owner() -> Owner {
    Owner { chain: ChainId(Digest::new([1; 32])), instance: InstanceId([1; 16]) }
}

struct Bench {
    _folder: TempDir,
    store: StateStore,
    subjects: u64,
}

/// A store whose state holds so many subjects.
fn store(subjects: u64) -> Bench {
    let folder = TempDir::new_in(".").unwrap();
    let place = folder.path().join("state");
    let (writes, tree) = made::first(subjects).unwrap();
    StateStore::create(&place, &owner(), &Memory::default(), &made::first_of(&writes, &tree)).unwrap();
    let store = StateStore::open(&place, &owner(), &Memory::default(), &[]).unwrap();
    Bench { _folder: folder, store, subjects }
}

/// µs for each event: the tree, then checks, write and sync.
#[derive(Default)]
struct Cost {
    tree: f64,
    commit: f64,
    rows: u32,
    events: u32,
}

fn micros(since: Instant) -> f64 {
    since.elapsed().as_secs_f64() * 1e6
}

impl Bench {
    fn shape(&self, items: u32, rows: u32) -> Shape {
        Shape {
            seed: 7,
            items,
            batch_items: 1000,
            item_bytes: 300,
            rows,
            subjects: self.subjects,
            deleted_of: 0,
        }
    }

    fn blocks(&mut self, items: u32, rows: u32, blocks: u32) -> Cost {
        let mut cost = Cost::default();
        for _ in 0..blocks {
            let shape = self.shape(items, rows);
            let began = Instant::now();
            let (writes, tree) = made::state_of(self.store.reader(), &shape).unwrap();
            cost.tree += micros(began);
            let made = made::with_state(self.store.reader(), &owner(), &shape, writes, tree);
            let began = Instant::now();
            self.store.commit(&made.commit()).unwrap();
            cost.commit += micros(began);
            cost.rows += rows;
            cost.events += items;
        }
        cost
    }

    fn read(&self) -> (f64, f64) {
        let mut random = Random::new(3);
        let height = self.store.reader().newest().height;
        let mut times: Vec<_> = (0..2000)
            .map(|_| {
                let key = format!("subject/{:08}", random.below(self.subjects));
                let began = Instant::now();
                assert!(self.store.reader().proof(height, key.as_bytes()).unwrap().value.is_some());
                micros(began)
            })
            .collect();
        times.sort_by(f64::total_cmp);
        (times[1000], times[1980])
    }

    fn bytes(&self) -> u64 {
        self.store.compact().unwrap();
        self.store.reader().table_bytes().unwrap().iter().map(|(_, bytes)| bytes).sum()
    }
}

fn line(out: &mut String, what: &str, subjects: u64, cost: &Cost) {
    let events = f64::from(cost.events);
    let (tree, commit) = (cost.tree / events, cost.commit / events);
    let rate = f64::from(cost.rows) / events;
    let block = (cost.tree + cost.commit) / f64::from(BLOCKS) / 1000.0;
    let total = tree + commit;
    writeln!(out, "| {what} | {subjects} | {rate:.2} | {tree:.1} | {commit:.1} | {total:.1} | {block:.1} |")
        .unwrap();
}

fn main() {
    let stored: u32 = std::env::var("EVENTS").ok().and_then(|text| text.parse().ok()).unwrap_or(100_000);
    let mut out = String::from(
        "| items in a block | subjects | rows per event | tree µs/event | write + sync µs/event | both | ms a block |\n|---|---|---|---|---|---|---|\n",
    );
    for subjects in [10_000, 1_000_000] {
        let mut bench = store(subjects);
        for items in [100, 1000, 5000] {
            for tenths in [2, 6] {
                let cost = bench.blocks(items, items * tenths / 10, BLOCKS);
                line(&mut out, &items.to_string(), subjects, &cost);
            }
        }
        let (median, late) = bench.read();
        writeln!(out, "\nread with proof, {subjects} subjects: median {median:.0} µs, p99 {late:.0} µs\n")
            .unwrap();
        if subjects == 1_000_000 {
            let before = bench.bytes();
            let blocks = stored / 5000;
            bench.blocks(5000, 1000, blocks);
            let events = f64::from(blocks * 5000);
            let after = bench.bytes();
            writeln!(out, "{events} events stored: {:.0} bytes each\n", (after - before) as f64 / events)
                .unwrap();
            for (name, bytes) in bench.store.reader().table_bytes().unwrap() {
                writeln!(out, "  {name:<13} {:>8.1} MB", bytes as f64 / 1e6).unwrap();
            }
            for items in [100, 1000, 5000] {
                let cost = bench.blocks(items, items / 5, BLOCKS);
                line(&mut out, &format!("{items}, after {events}"), subjects, &cost);
            }
            let (median, late) = bench.read();
            writeln!(out, "\nread with proof after them: median {median:.0} µs, p99 {late:.0} µs").unwrap();
        }
    }
    println!("{out}");
}
