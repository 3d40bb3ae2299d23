//! Links: latency, jitter, spikes, loss, doubling, bandwidth, dead directions, partitions.
//!
//! After healing every link is good: nothing is lost or doubled and nothing is cut.

use std::collections::BTreeMap;

use cybermesh_proto::{Epoch, View};

use crate::plan::Links;
use crate::rng::Rng;
use crate::twins::Schedule;

/// What became of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Route {
    /// It arrives at this time, and perhaps once more at another.
    Arrives(u64, Option<u64>),
    /// It is lost by chance.
    Lost,
    /// A link is dead or a partition lies between.
    Cut,
}

/// The network of a run.
#[derive(Clone, Debug)]
pub struct Network {
    links: Links,
    healed: bool,
    base_us: BTreeMap<(u32, u32), u64>,
    /// Until when a link is busy with what was sent before.
    busy: BTreeMap<(u32, u32), u64>,
    /// Dead directions, counted since faults may overlap.
    dead: BTreeMap<(u32, u32), u32>,
    /// Partitions by name: the nodes of one part.
    parts: BTreeMap<u64, Vec<u32>>,
    /// Views whose messages stay within a part drawn for each view.
    views: Vec<(u64, u64)>,
    /// Partitions laid down for each view.
    schedule: Option<Schedule>,
    seed: u64,
}

impl Network {
    /// A network of so many nodes.
    #[must_use]
    pub fn new(links: Links, nodes: u32, rng: &mut Rng) -> Self {
        let mut base_us = BTreeMap::new();
        for from in 0..nodes {
            for to in 0..nodes {
                base_us.insert((from, to), rng.range(links.base_us));
            }
        }
        let seed = rng.any();
        Self {
            links,
            healed: false,
            base_us,
            busy: BTreeMap::new(),
            dead: BTreeMap::new(),
            parts: BTreeMap::new(),
            views: Vec::new(),
            schedule: None,
            seed,
        }
    }

    /// Everything is good from here on.
    pub fn heal(&mut self) {
        self.healed = true;
        self.dead.clear();
        self.parts.clear();
        self.views.clear();
        self.schedule = None;
        let links = &mut self.links;
        (links.loss, links.duplicate, links.spike) = (0.0, 0.0, 0.0);
    }

    /// One direction dies, or lives again.
    pub fn kill(&mut self, from: u32, to: u32, dead: bool) {
        if self.healed {
            return;
        }
        let count = self.dead.entry((from, to)).or_default();
        *count = if dead { *count + 1 } else { count.saturating_sub(1) };
    }

    /// A partition begins.
    pub fn part(&mut self, name: u64, nodes: Vec<u32>) {
        if !self.healed {
            self.parts.insert(name, nodes);
        }
    }

    /// A partition ends.
    pub fn unite(&mut self, name: u64) {
        self.parts.remove(&name);
    }

    /// Messages of these views stay within parts.
    pub fn part_views(&mut self, from: u64, to: u64) {
        self.views.push((from, to));
    }

    /// Partitions are laid down for each view.
    pub fn follow(&mut self, schedule: Schedule) {
        self.schedule = Some(schedule);
    }

    /// A node has entered a view.
    pub fn entered(&mut self, node: u32, view: View, now: u64) {
        if let Some(schedule) = &mut self.schedule {
            schedule.entered(node, view, now);
        }
    }

    /// Sends so many bytes.
    pub fn route(
        &mut self,
        now: u64,
        (from, to): (u32, u32),
        bytes: usize,
        place: Option<(Epoch, View)>,
        rng: &mut Rng,
    ) -> Route {
        if self.is_cut(from, to) || place.is_some_and(|place| self.is_cut_by_view(from, to, place)) {
            return Route::Cut;
        }
        let view = place.map(|place| place.1);
        if self.schedule.as_ref().is_some_and(|schedule| schedule.cuts(now, (from, to), view)) {
            return Route::Cut;
        }
        if rng.chance(self.links.loss) {
            return Route::Lost;
        }
        let takes = (bytes as u64 * 1_000_000) / self.links.bytes_per_s.max(1);
        let begin = self.busy.get(&(from, to)).copied().unwrap_or_default().max(now);
        self.busy.insert((from, to), begin + takes);
        let sent = begin + takes + self.base_us.get(&(from, to)).copied().unwrap_or(1_000);
        let first = sent + self.late(rng);
        let second = rng.chance(self.links.duplicate).then(|| sent + self.late(rng));
        Route::Arrives(first, second)
    }

    fn late(&self, rng: &mut Rng) -> u64 {
        let spike = if rng.chance(self.links.spike) { rng.below(self.links.spike_us + 1) } else { 0 };
        rng.below(self.links.jitter_us + 1) + spike
    }

    fn is_cut(&self, from: u32, to: u32) -> bool {
        self.dead.get(&(from, to)).is_some_and(|count| *count > 0)
            || self.parts.values().any(|part| part.contains(&from) != part.contains(&to))
    }

    /// Each node's part follows from seed and view, so that no state is needed.
    fn is_cut_by_view(&self, from: u32, to: u32, (epoch, view): (Epoch, View)) -> bool {
        let view = view.get();
        let held = self.views.iter().any(|(first, end)| (*first..*end).contains(&view));
        let side = |node: u32| {
            let mixed = (self.seed ^ (view << 20) ^ (epoch.get() << 50) ^ u64::from(node))
                .wrapping_mul(0x9e37_79b9_7f4a_7c15);
            (mixed >> 40) & 1
        };
        held && side(from) != side(to)
    }
}
