//! What must hold in every run, checked as it happens and once more at the end.
//!
//! The judge sees what nodes do (effects, disks, messages), never what they think. A node is *honest* when its disks
//! keep what was synced and its code is ours; one that lost its safety record *forgot*, which it must notice; one that
//! lies, was rolled back, runs twice or computes wrongly is *faulty* and bound by nothing.

mod chain;
mod conduct;
mod evidence;
mod memory;
mod progress;
mod statements;

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use crate::keys::SignScheme;
use crate::plan::Bounds;

use chain::Chain;
use evidence::Seen;
use memory::Shown;
use progress::Progress;
pub use statements::Reading;
use statements::Slots;

/// How a run ended.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Verdict {
    /// Every property held.
    Pass,
    /// A safety property was broken.
    Diverged,
    /// The cluster did not get on although it should have.
    NoProgress,
}

/// A broken property.
#[derive(Clone, Debug)]
pub struct Finding {
    /// Safety or progress.
    pub verdict: Verdict,
    /// The property's name.
    pub property: &'static str,
    /// Who broke it.
    pub node: Option<u32>,
    /// What was seen.
    pub what: String,
}

/// What a node is.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Standing {
    /// Its disks keep what was synced, and its code is ours.
    Honest,
    /// The same, but it lost its safety record.
    Forgot,
    /// Anything may come from it.
    Faulty,
}

/// The judge of a run.
#[derive(Debug)]
pub struct Judge {
    standing: Vec<Standing>,
    keys: Vec<[u8; 32]>,
    bounds: Bounds,
    scheme: Rc<dyn SignScheme>,
    finding: Option<Finding>,
    /// Whose storage was made to fail.
    broken: BTreeSet<u32>,
    /// Whose clock jumped.
    jumped: BTreeSet<u32>,
    chain: Chain,
    slots: Slots,
    seen: Seen,
    shown: Shown,
    progress: Progress,
    /// Alarms and blames by name, for the table.
    pub noted: BTreeMap<String, u64>,
}

impl Judge {
    /// A judge of nodes with these keys of a scheme, of which the first `n` are validators.
    #[must_use]
    pub fn new(keys: Vec<[u8; 32]>, n: usize, bounds: Bounds, scheme: Rc<dyn SignScheme>) -> Self {
        Self {
            standing: vec![Standing::Honest; keys.len()],
            keys,
            bounds,
            scheme,
            finding: None,
            broken: BTreeSet::new(),
            jumped: BTreeSet::new(),
            chain: Chain::default(),
            slots: Slots::default(),
            seen: Seen::default(),
            shown: Shown::default(),
            progress: Progress::new(n),
            noted: BTreeMap::new(),
        }
    }

    /// A further node, with the key of another one: a twin.
    pub fn add_node(&mut self, key: [u8; 32]) {
        self.keys.push(key);
        self.standing.push(Standing::Faulty);
    }

    /// Says what a node is; it never gets better.
    pub fn set_standing(&mut self, node: u32, standing: Standing) {
        let place = &mut self.standing[node as usize];
        *place = (*place).max(standing);
    }

    /// What a node is.
    #[must_use]
    pub fn standing(&self, node: u32) -> Standing {
        self.standing[node as usize]
    }

    pub(crate) fn is_faulty(&self, node: u32) -> bool {
        self.standing(node) == Standing::Faulty
    }

    /// Whether every node with this key is honest, or forgot at most.
    pub(crate) fn key_is_honest(&self, key: &[u8; 32]) -> bool {
        let mut nodes = self.keys.iter().zip(&self.standing).filter(|(one, _)| *one == key);
        nodes.all(|(_, standing)| *standing != Standing::Faulty)
    }

    /// The first broken property.
    #[must_use]
    pub fn finding(&self) -> Option<&Finding> {
        self.finding.as_ref()
    }

    /// A node broke a safety property; the faulty may.
    pub fn fault(&mut self, node: u32, property: &'static str, what: &str) {
        if !self.is_faulty(node) {
            self.find(Verdict::Diverged, property, Some(node), what.to_owned());
        }
    }

    /// A property is broken.
    pub fn find(&mut self, verdict: Verdict, property: &'static str, node: Option<u32>, what: String) {
        if self.finding.is_none() {
            self.finding = Some(Finding { verdict, property, node, what });
        }
    }

    fn note(&mut self, what: String) {
        *self.noted.entry(what).or_default() += 1;
    }
}
