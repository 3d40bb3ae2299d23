//! Many runs: seeds × plans, two threads, one table.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;

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
    /// Runs that failed, by seed.
    pub failures: Vec<Outcome>,
    /// The first reason of an empty run.
    pub why_hollow: Option<String>,
}

/// Runs seeds `first .. first + count` of a plan.
#[must_use]
pub fn sweep(plan: &Plan, first: u64, count: u64, options: Options) -> Row {
    let next = AtomicU64::new(first);
    let row = Mutex::new(Row { plan: plan.name.clone(), ..Row::default() });
    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count {
                        return;
                    }
                    let outcome = run(plan, seed, options);
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
        match (outcome.verdict, &outcome.hollow) {
            (Verdict::Pass, None) => self.pass += 1,
            (Verdict::Pass, Some(why)) => {
                self.hollow += 1;
                self.why_hollow.get_or_insert_with(|| format!("seed {}: {why}", outcome.seed));
            }
            (Verdict::Diverged | Verdict::NoProgress, _) => self.failures.push(outcome),
        }
    }

    /// One in ten runs may show nothing: chance left out what the plan is about.
    #[must_use]
    pub fn is_good(&self) -> bool {
        self.failures.is_empty() && self.hollow * 10 <= self.seeds
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
