//! One exploration and what it came to.

use std::collections::BTreeSet;
use std::time::{Duration, Instant};

use stateright::{Checker, HasDiscoveries, Model};

use crate::judge::Finding;
use crate::model::World;
use crate::setting::{Expected, Setting};
use crate::trace;

/// What an exploration came to.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// What was explored.
    pub setting: Setting,
    /// States, each counted once.
    pub states: usize,
    /// States with repetitions: steps that were followed.
    pub followed: usize,
    /// Different states of one core.
    pub locals: usize,
    /// Steps of a core, each taken once.
    pub steps: usize,
    /// The longest schedule, in steps.
    pub depth: usize,
    /// Whether nothing was left to explore.
    pub complete: bool,
    /// How long it took.
    pub took: Duration,
    /// What was found.
    pub found: BTreeSet<Finding>,
    /// The shortest schedule to what was expected, or to what must never be.
    pub schedule: Vec<String>,
}

impl Outcome {
    /// Whether it came to what was expected.
    #[must_use]
    pub fn passed(&self) -> bool {
        let broken = Finding::NEVER.iter().any(|finding| self.found.contains(finding));
        let shown = Finding::SOMEWHERE.iter().all(|finding| self.found.contains(finding));
        match self.setting.expected {
            Expected::Safe => !broken && shown,
            Expected::Fork => self.found.contains(&Finding::Fork),
            Expected::Broken => broken,
            Expected::Unbroken => !broken,
        }
    }

    /// What was found that must never be.
    #[must_use]
    pub fn verdict(&self) -> String {
        let broken: Vec<_> = Finding::NEVER.iter().filter(|finding| self.found.contains(finding)).collect();
        if !broken.is_empty() {
            let names: Vec<_> = broken.iter().map(|finding| finding.name()).collect();
            return format!("broken: {}", names.join("; "));
        }
        if self.setting.expected == Expected::Unbroken {
            return "nothing broken".to_owned();
        }
        let missing: Vec<_> =
            Finding::SOMEWHERE.iter().filter(|finding| !self.found.contains(finding)).collect();
        let names: Vec<_> = missing.iter().map(|finding| finding.name()).collect();
        if names.is_empty() { "safe".to_owned() } else { format!("never seen: {}", names.join("; ")) }
    }
}

/// Explores a world.
#[must_use]
pub fn explore(setting: &Setting) -> Outcome {
    let begun = Instant::now();
    let enough = match setting.expected {
        Expected::Safe | Expected::Broken | Expected::Unbroken => HasDiscoveries::AnyFailures,
        Expected::Fork => HasDiscoveries::AnyOf(BTreeSet::from([Finding::Fork.name()])),
    };
    let mut builder = World::new(setting.clone()).checker().threads(1).finish_when(enough);
    if let Some(depth) = setting.depth {
        // The first state counts as one there.
        builder = builder.target_max_depth(depth + 2);
    }
    let checker = builder.spawn_bfs().join();
    let found: BTreeSet<_> = Finding::NEVER
        .into_iter()
        .chain(Finding::SOMEWHERE)
        .filter(|finding| checker.discovery(finding.name()).is_some())
        .collect();
    let first = Finding::NEVER.into_iter().find(|finding| found.contains(finding));
    let path = first.and_then(|finding| checker.discovery(finding.name()));
    let world = checker.model();
    let depth = checker.max_depth().saturating_sub(1);
    let reached = setting.depth.is_some_and(|limit| depth > limit);
    let (locals, steps) = {
        let arena = world.arena();
        (arena.len(), arena.steps())
    };
    Outcome {
        setting: setting.clone(),
        states: checker.unique_state_count(),
        followed: checker.state_count(),
        locals,
        steps,
        depth: setting.depth.map_or(depth, |limit| depth.min(limit)),
        complete: first.is_none() && !reached,
        took: begun.elapsed(),
        found,
        schedule: path.map(|path| trace::lines(world, path)).unwrap_or_default(),
    }
}
