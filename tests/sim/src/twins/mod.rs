//! Twins: a validator's key runs in two honest processes at once, and for each view it is laid down who hears
//! whom. So an equivocator is made of nothing but honest code, and every schedule of a few views can be
//! tried.
//!
//! ```text
//!   view 2   {0 1 4} {2 3}      4 is the twin of 0: the key of 0 stands on both sides
//!   view 3   {0 2 3} {1 4}
//! ```
//!
//! **What a partition cuts**: messages of its view, and messages without a view from a process that is in it.
//! It lasts for a while after the first process entered the view, so that no view is waited in for ever.
//!
//! **Promises of a run**: agreement always; a decision soon after everything heals. The twins are told
//! nothing of each other: a process that saw its own key at work would take itself for one that forgot (R15)
//! and keep silent.
//!
//! **Limit**: partitions into two groups are numbered: 2^(p − 1) for p processes in each view. More groups,
//! and more views than one can count through, are drawn.

use std::collections::BTreeMap;

use cybermesh_proto::View;

use crate::byzantine::behaviour;
use crate::plan::{Fault, Plan};
use crate::rng::Rng;
use crate::world::World;

/// Who hears whom, view by view.
#[derive(Clone, Debug, Default)]
pub struct Schedule {
    first: u64,
    /// The group of each process, for each view from the first one on.
    groups: Vec<Vec<u8>>,
    hold_us: u64,
    /// When the first process entered a view.
    began: BTreeMap<u64, u64>,
    /// The view of each process.
    at: BTreeMap<u32, u64>,
}

impl Schedule {
    /// The partitions of a number: its digits, each a partition of the processes into two groups.
    #[must_use]
    pub fn numbered(first: u64, depth: u64, processes: usize, mut number: u64, hold_us: u64) -> Self {
        let ways = 1_u64 << (processes - 1);
        let mut groups = Vec::new();
        for _ in 0..depth {
            let digit = (number % ways) << 1;
            number /= ways;
            groups.push((0..processes).map(|process| (digit >> process & 1) as u8).collect());
        }
        Self { first, groups, hold_us, ..Self::default() }
    }

    /// Partitions drawn by chance: mostly two groups, sometimes three, sometimes none.
    #[must_use]
    pub fn drawn(first: u64, depth: u64, processes: usize, hold_us: u64, rng: &mut Rng) -> Self {
        let group = |rng: &mut Rng| {
            let ways = [1, 2, 2, 2, 2, 3][rng.place(6)];
            (0..processes).map(|_| rng.below(ways) as u8).collect()
        };
        let groups = (0..depth).map(|_| group(rng)).collect();
        Self { first, groups, hold_us, ..Self::default() }
    }

    /// A process has entered a view.
    pub fn entered(&mut self, process: u32, view: View, now: u64) {
        self.began.entry(view.get()).or_insert(now);
        self.at.insert(process, view.get());
    }

    /// Whether a message of this view is cut; one without a view counts as of the sender's.
    #[must_use]
    pub fn cuts(&self, now: u64, (from, to): (u32, u32), view: Option<View>) -> bool {
        let at = self.at.get(&from).copied().unwrap_or_default();
        let view = view.map_or(at, View::get);
        let over = self.began.get(&view).is_some_and(|began| began + self.hold_us <= now);
        let place = view.checked_sub(self.first).and_then(|place| usize::try_from(place).ok());
        let Some(groups) = place.and_then(|place| self.groups.get(place)).filter(|_| !over) else {
            return false;
        };
        groups.get(from as usize) != groups.get(to as usize)
    }
}

impl World {
    /// Starts twins of some keys and lays the partitions down.
    pub(crate) fn plan_twins(&mut self, fault: &Fault) {
        let Fault::Twins { count, first, depth, hold_ms, exhaustive } = fault else { return };
        let n = self.env.n as u64;
        let seed = self.env.seed;
        let begin = if *exhaustive { seed % n } else { self.env.rng.below(n) };
        for twin in 0..*count as u64 {
            let of = ((begin + twin) % n) as u32;
            let number = self.add_twin(of);
            for process in [of, number] {
                self.nodes[process as usize].behaviour = behaviour("honest");
            }
            self.nodes[number as usize].stopped = false;
            let key = self.nodes[number as usize].key;
            self.env.running.entry(key).or_default().push(number);
            let at = self.env.rng.between(1, 20_000);
            self.env.after(at, crate::world::Event::Start(number));
            self.env.inject("twin");
        }
        let processes = self.nodes.len();
        let hold_us = self.env.rng.range(*hold_ms) * 1_000;
        let schedule = if *exhaustive {
            Schedule::numbered(*first, *depth, processes, seed / n, hold_us)
        } else {
            Schedule::drawn(*first, *depth, processes, hold_us, &mut self.env.rng)
        };
        self.env.trace.line(0, None, || format!("twins: {:?} from view {first}", schedule.groups));
        self.env.net.follow(schedule);
    }
}

/// The plan of all schedules of this depth, and how many seeds it takes to try them all.
pub fn exhaustive(mut plan: Plan, views: u64) -> Result<(Plan, u64), String> {
    let n = *plan.nodes.first().filter(|_| plan.nodes.len() == 1).ok_or("one size only")?;
    let mut processes = n;
    for fault in &mut plan.faults {
        if let Fault::Twins { count, depth, exhaustive, .. } = fault {
            (*depth, *exhaustive) = (views, true);
            processes += *count;
        }
    }
    let ways = 1_u64.checked_shl((processes - 1) as u32).and_then(|ways| ways.checked_pow(views as u32));
    let seeds = ways.and_then(|ways| ways.checked_mul(n as u64)).ok_or("too many schedules")?;
    Ok((plan, seeds))
}
