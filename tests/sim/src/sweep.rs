//! Many runs: seeds × plans, two threads, one table.
//!
//! A run that passed and showed nothing (too few decisions, or the fault of the plan never struck) is *hollow* and does not
//! count: further seeds take its place. Where more than half of the runs are hollow, the plan is no good.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

use cybermesh_proto::planted::RULES;

use crate::plan::Plan;
use crate::properties::Verdict;
use crate::run::{Options, Outcome, run};

/// 2 threads: runs share nothing, and the machines that gate changes have two cores.
const THREADS: usize = 2;

/// What came of one plan.
#[derive(Debug, Default)]
pub struct Row {
    /// Its name.
    pub plan: String,
    /// How many runs were to count.
    pub wanted: u64,
    /// Runs.
    pub seeds: u64,
    /// Runs that passed and showed something.
    pub pass: u64,
    /// Runs that passed and showed nothing.
    pub hollow: u64,
    /// Sums over all runs.
    pub decisions: u64,
    /// Sums over all runs.
    pub views: u64,
    /// Sums over all runs.
    pub injected: BTreeMap<&'static str, u64>,
    /// Sums over all runs.
    pub noted: BTreeMap<String, u64>,
    /// Sums over all runs: how often each rule decided something.
    pub reached: [u64; RULES],
    /// Runs that failed, by seed.
    pub failures: Vec<Outcome>,
    /// The first reason of an empty run.
    pub why_hollow: Option<String>,
}

/// Runs seeds from `first` on until `count` of them count.
#[must_use]
pub fn sweep(plan: &Plan, first: u64, count: u64, options: Options) -> Row {
    let (next, counted) = (AtomicU64::new(first), AtomicU64::new(0));
    let most = first + 2 * count + 4;
    let row = Mutex::new(Row { plan: plan.name.clone(), wanted: count, ..Row::default() });
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    // A turn is taken before the run, and given back by a hollow one.
                    if counted.fetch_add(1, Ordering::SeqCst) >= count {
                        counted.fetch_sub(1, Ordering::SeqCst);
                        return;
                    }
                    let seed = next.fetch_add(1, Ordering::SeqCst);
                    if seed >= most {
                        return;
                    }
                    let outcome = run(plan, seed, options);
                    if outcome.hollow.is_some() {
                        counted.fetch_sub(1, Ordering::SeqCst);
                    }
                    row.lock().expect("no run panics while it counts").count(outcome);
                }
            });
        }
    });
    let mut row = row.into_inner().expect("all threads have ended");
    row.failures.sort_by_key(|outcome| outcome.seed);
    row
}

impl Row {
    fn count(&mut self, outcome: Outcome) {
        self.seeds += 1;
        self.decisions += outcome.decisions;
        self.views += outcome.views;
        for (kind, count) in &outcome.injected {
            *self.injected.entry(kind).or_default() += count;
        }
        for (kind, count) in &outcome.noted {
            *self.noted.entry(kind.clone()).or_default() += count;
        }
        self.reached.iter_mut().zip(outcome.reached).for_each(|(sum, count)| *sum += count);
        match (outcome.verdict, &outcome.hollow) {
            (Verdict::Pass, None) => self.pass += 1,
            (Verdict::Pass, Some(why)) => {
                self.hollow += 1;
                self.why_hollow.get_or_insert_with(|| format!("seed {}: {why}", outcome.seed));
            }
            (Verdict::Diverged | Verdict::NoProgress, _) => self.failures.push(outcome),
        }
    }

    /// Nothing broke, and as many runs counted as were to.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.pass >= self.wanted
    }

    /// Takes another row's counts.
    pub fn add(&mut self, other: &Self) {
        (self.seeds, self.pass) = (self.seeds + other.seeds, self.pass + other.pass);
        (self.decisions, self.views) = (self.decisions + other.decisions, self.views + other.views);
        self.hollow += other.hollow;
        self.reached.iter_mut().zip(other.reached).for_each(|(sum, count)| *sum += count);
    }

    /// The hits of R1 to R16 as cells.
    #[must_use]
    pub fn rules(&self) -> String {
        self.reached.iter().skip(1).map(|count| format!("{:>7}", short(*count))).collect()
    }

    /// The injections as one cell.
    #[must_use]
    pub fn injections(&self) -> String {
        let noted = self.noted.iter().filter(|(kind, _)| !kind.starts_with("refused"));
        let cells = self
            .injected
            .iter()
            .map(|(kind, count)| format!("{kind} {count}"))
            .chain(noted.map(|(kind, count)| format!("[{kind}] {count}")));
        cells.collect::<Vec<_>>().join(", ")
    }
}

fn short(count: u64) -> String {
    match count {
        0..10_000 => count.to_string(),
        10_000..10_000_000 => format!("{}k", count / 1_000),
        _ => format!("{}M", count / 1_000_000),
    }
}
