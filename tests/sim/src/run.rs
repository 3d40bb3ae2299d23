//! One run: a plan, a seed, and what came of it.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};

use cybermesh_proto::Digest;
use cybermesh_proto::planted::{Fault, RULES, plant, take_reached};

use crate::keys::Keys;
use crate::plan::Plan;
use crate::properties::{Finding, Verdict};
use crate::world::World;

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The seed.
    pub seed: u64,
    /// How it ended.
    pub verdict: Verdict,
    /// The first broken property.
    pub finding: Option<Finding>,
    /// What the plan wanted to have happened and did not: the run shows nothing.
    pub hollow: Option<String>,
    /// Heights applied.
    pub decisions: u64,
    /// The newest view, summed over nothing: of the newest epoch.
    pub views: u64,
    /// Epochs begun.
    pub epochs: u64,
    /// Injections by kind.
    pub injected: BTreeMap<&'static str, u64>,
    /// Alarms, blames and the like by name.
    pub noted: BTreeMap<String, u64>,
    /// How often each rule decided something.
    pub reached: [u64; RULES],
    /// Events.
    pub events: u64,
    /// Virtual time in µs.
    pub time_us: u64,
    /// The hash over everything that happened.
    pub trace: Digest,
    /// The readable trace, if it was asked for.
    pub lines: Vec<String>,
}

/// How to run.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Keep a readable trace.
    pub readable: bool,
    /// Which keys everybody signs with.
    pub keys: Keys,
    /// A mistake put in on purpose.
    pub fault: Option<Fault>,
}

/// Runs a plan with a seed, in this thread.
#[must_use]
pub fn run(plan: &Plan, seed: u64, options: Options) -> Outcome {
    plant(options.fault);
    take_reached();
    let mut world = World::new(plan, seed, options);
    // A panic in the code under test is a finding like another, and its seed must be named.
    let ended = catch_unwind(AssertUnwindSafe(|| world.run()));
    plant(None);
    if let Err(panic) = ended {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()));
        let what = text.unwrap_or_else(|| "no message".to_owned());
        world.env.judge.find(Verdict::Diverged, "nothing-panics", None, what);
    }
    let env = &world.env;
    let finding = env.judge.finding().cloned();
    let (height, (epoch, view)) = (env.judge.height(), env.judge.reached().1);
    let mut outcome = Outcome {
        seed,
        verdict: finding.as_ref().map_or(Verdict::Pass, |finding| finding.verdict),
        finding,
        hollow: None,
        decisions: height.get(),
        views: view.get(),
        epochs: epoch.get(),
        injected: env.injected.clone(),
        noted: env.judge.noted.clone(),
        reached: take_reached(),
        events: world.events,
        time_us: env.now,
        trace: env.trace.hash(),
        lines: env.trace.lines().to_vec(),
    };
    outcome.hollow = hollow(plan, &outcome);
    outcome
}

/// 20 decisions: what a run must come to for counting at all.
const DECISIONS_MIN: u64 = 20;

fn hollow(plan: &Plan, outcome: &Outcome) -> Option<String> {
    if outcome.verdict != Verdict::Pass {
        return None;
    }
    let least = plan.expect.decisions.max(DECISIONS_MIN);
    if outcome.decisions < least && !plan.is_exhaustive() {
        return Some(format!("{} decisions of {least}", outcome.decisions));
    }
    let count = |kind: &str| {
        let injected = outcome.injected.get(kind).copied().unwrap_or_default();
        injected + outcome.noted.get(kind).copied().unwrap_or_default()
    };
    let missing = plan.expect.injected.iter().find(|(kind, least)| count(kind) < **least);
    missing.map(|(kind, least)| format!("{kind}: {} of {least}", count(kind)))
}

/// The planted fault of this name.
#[must_use]
pub fn fault_named(name: &str) -> Option<Fault> {
    Fault::ALL.into_iter().find(|fault| format!("{fault:?}") == name)
}
