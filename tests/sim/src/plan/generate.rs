//! Faults drawn from the seed, within what the protocol promises to survive.
//!
//! At most f nodes are faulty at a time in a way that counts among the f (lost or rolled-back disks, another result);
//! the network and power cuts may be as bad as they like until everything heals.

use super::{Fault, Plan, What, Who};
use crate::byzantine::BEHAVIOURS;
use crate::rng::Rng;

/// Fills a plan whose faults are left to the seed.
pub fn generate(plan: &mut Plan, n: usize, rng: &mut Rng) {
    draw_links(plan, rng);
    for _ in 0..rng.between(1, 4) {
        let fault = draw_weather(plan.heal_ms, rng);
        plan.faults.push(fault);
    }
    if rng.chance(0.5) {
        plan.faults.push(Fault::Drift { offset_us: 400_000, rate_us: 2_000 });
    }
    if rng.chance(0.3) {
        plan.core.anchor_lag = Some(*rng.pick(&[8, 12]));
    }
    for _ in 0..rng.below((n as u64 - 1) / 3 + 1) {
        let fault = draw_counted(plan.heal_ms, rng);
        plan.faults.push(fault);
    }
}

fn draw_links(plan: &mut Plan, rng: &mut Rng) {
    let links = &mut plan.links;
    let base = rng.between(500, 20_000);
    links.base_us = [base, base * rng.between(1, 5)];
    links.jitter_us = rng.between(0, 30_000);
    if rng.chance(0.4) {
        links.loss = [0.01, 0.05, 0.2][rng.place(3)];
    }
    if rng.chance(0.3) {
        links.duplicate = 0.1;
    }
    if rng.chance(0.3) {
        (links.spike, links.spike_us) = (0.02, rng.between(50_000, 800_000));
    }
}

/// What touches no promise of the disks: any number of nodes.
fn draw_weather(heal_ms: u64, rng: &mut Rng) -> Fault {
    let at_ms = [200, heal_ms.saturating_sub(500).max(200)];
    let down_ms = [50, 2_000];
    match rng.below(9) {
        0 => Fault::Crash { who: Who::All, at_ms, down_ms },
        1 => Fault::Crash { who: Who::Any, at_ms, down_ms },
        2 => Fault::CrashOften { every_ms: rng.between(200, 2_000), down_ms },
        3 => Fault::OneWay { links: rng.between(1, 4), at_ms, for_ms: [200, 4_000] },
        4 => Fault::Partition { apart: 0, at_ms, for_ms: [200, 4_000] },
        5 => Fault::Flapping { every_ms: [100, 1_500] },
        6 => Fault::PartitionViews { from: rng.between(2, 10), to: rng.between(11, 40) },
        7 => Fault::SlowDisk { who: Who::Any, times: rng.between(5, 50) },
        _ => Fault::SlowExecutor { who: Who::Any, times: rng.between(10, 200) },
    }
}

/// What makes a node one of the f.
fn draw_counted(heal_ms: u64, rng: &mut Rng) -> Fault {
    let at_ms = [500, heal_ms.saturating_sub(500).max(500)];
    let down_ms = [100, 1_500];
    if rng.chance(0.5) {
        // The first two are no liars.
        let behaviour = rng.pick(&BEHAVIOURS[2..]).0.to_owned();
        return Fault::Byzantine { who: Who::Any, behaviour };
    }
    match rng.below(7) {
        0 => Fault::Lose { who: Who::Any, what: What::Record, at_ms, down_ms },
        1 => Fault::Lose { who: Who::Any, what: What::Payload, at_ms, down_ms },
        2 => Fault::Lose { who: Who::Any, what: What::State, at_ms, down_ms },
        3 => Fault::Lose { who: Who::Any, what: What::Everything, at_ms, down_ms },
        4 => {
            let copy_ms = [300, at_ms[0].max(300)];
            Fault::Restore { who: Who::Any, what: What::Everything, copy_ms, at_ms, down_ms }
        }
        5 => Fault::SplitResult { who: Who::Any, height: rng.between(2, 30) },
        _ => Fault::StorageError { who: Who::Any, at_ms, down_ms },
    }
}
