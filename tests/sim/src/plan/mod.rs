//! Plans: what a run is made of, in words that a person can write down.
//!
//! A plan and a seed name one run. Everything that a plan leaves open (which node, which moment) is drawn from the
//! seed. Times are virtual, in ms unless their name says µs.

mod fault;
mod generate;
mod library;

use std::collections::BTreeMap;

use serde::Deserialize;

pub use fault::{Change, Fault, What, Who};
pub use generate::generate;
pub use library::{all, named};

/// A plan.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Its name; that of its file.
    pub name: String,
    /// What it shows.
    pub about: String,
    /// Numbers of validators; one is drawn.
    pub nodes: Vec<usize>,
    /// Nodes that may join later.
    #[serde(default)]
    pub spares: usize,
    /// When everything heals: links are good and every node that can be is up.
    pub heal_ms: u64,
    /// The longest that a run takes after healing before it counts as stuck.
    #[serde(default = "default_patience_ms")]
    pub patience_ms: u64,
    /// Whether faults are drawn from the seed, beside those listed.
    #[serde(default)]
    pub generate: bool,
    /// The network before healing.
    #[serde(default)]
    pub links: Links,
    /// The disks.
    #[serde(default)]
    pub disk: Disk,
    /// The executor.
    #[serde(default)]
    pub executor: Executor,
    /// What clients do.
    #[serde(default)]
    pub load: Load,
    /// Settings of the cores that differ from the defaults.
    #[serde(default)]
    pub core: Settings,
    /// What goes wrong.
    #[serde(default)]
    pub faults: Vec<Fault>,
    /// Bounds of properties.
    #[serde(default)]
    pub bounds: Bounds,
    /// What must really have happened for a run to count.
    #[serde(default)]
    pub expect: Expect,
}

impl Plan {
    /// Whether the seed numbers all schedules of some kind: each of them counts, however short.
    #[must_use]
    pub fn is_exhaustive(&self) -> bool {
        self.faults.iter().any(|fault| matches!(fault, Fault::Twins { exhaustive: true, .. }))
    }
}

const fn default_patience_ms() -> u64 {
    180_000
}

/// The network.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Links {
    /// The least that a message takes, drawn for each link from this range, in µs.
    pub base_us: [u64; 2],
    /// At most so much more for each message, in µs: this reorders.
    pub jitter_us: u64,
    /// The probability of a spike.
    pub spike: f64,
    /// How long a spike is, in µs.
    pub spike_us: u64,
    /// The probability that a message is lost.
    pub loss: f64,
    /// The probability that it arrives twice.
    pub duplicate: f64,
    /// Bytes per second of a link.
    pub bytes_per_s: u64,
}

impl Default for Links {
    fn default() -> Self {
        Self {
            base_us: [2_000, 8_000],
            jitter_us: 1_000,
            spike: 0.0,
            spike_us: 0,
            loss: 0.0,
            duplicate: 0.0,
            bytes_per_s: 125_000_000,
        }
    }
}

/// How long the syncs of the three places take, in µs.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Disk {
    /// The safety record.
    pub safety_us: [u64; 2],
    /// The payload store.
    pub payload_us: [u64; 2],
    /// The state store.
    pub state_us: [u64; 2],
    /// How long the signer takes, in µs.
    pub sign_us: [u64; 2],
}

impl Default for Disk {
    fn default() -> Self {
        Self { safety_us: [200, 1_500], payload_us: [200, 1_500], state_us: [300, 3_000], sign_us: [50, 200] }
    }
}

/// The executor.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Executor {
    /// How long a block takes, in µs.
    pub delay_us: [u64; 2],
    /// For how many heights a validator is quarantined.
    pub quarantine_heights: u64,
}

impl Default for Executor {
    fn default() -> Self {
        Self { delay_us: [200, 1_000], quarantine_heights: 60 }
    }
}

/// What clients do.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Load {
    /// When it begins.
    pub from_ms: u64,
    /// When it ends; 0 means one second after healing.
    pub until_ms: u64,
    /// Mean pause between two transactions.
    pub every_ms: u64,
    /// Of a hundred transactions, so many set a due time.
    pub due_percent: u64,
    /// How far ahead due times lie.
    pub due_ms: [u64; 2],
    /// After how long a client tries another node.
    pub retry_ms: u64,
    /// The most batches in a block.
    pub block_batches: usize,
}

impl Default for Load {
    fn default() -> Self {
        Self {
            from_ms: 100,
            until_ms: 0,
            every_ms: 60,
            due_percent: 0,
            due_ms: [200, 2_000],
            retry_ms: 4_000,
            block_batches: 16,
        }
    }
}

/// Settings of the cores.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// K.
    pub anchor_lag: Option<u32>,
    /// Settings of the pace, in ms.
    pub base_ms: Option<u64>,
    /// The same while idle.
    pub base_idle_ms: Option<u64>,
    /// The cap of timeouts.
    pub timeout_max_ms: Option<u64>,
    /// When a leader without work proposes an empty block.
    pub idle_block_ms: Option<u64>,
}

/// Bounds of properties.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Bounds {
    /// Views until a decision after healing, beyond 2f + 6.
    pub progress_views_more: u64,
    /// Views until a batch of an honest author is in a block, beyond 3n. `None`: not asked.
    pub inclusion_views_more: Option<u64>,
    /// The most heights of a run: no blocks are made without need.
    pub heights_most: Option<u64>,
    /// Whether each validator must have led its share of the decided blocks.
    pub fair: bool,
    /// Whether every equivocation that an honest node saw must end as evidence.
    pub evidence: bool,
    /// Whether the liveness properties are asked for at all.
    pub live: bool,
}

impl Default for Bounds {
    fn default() -> Self {
        Self {
            progress_views_more: 0,
            inclusion_views_more: Some(0),
            heights_most: None,
            fair: false,
            evidence: true,
            live: true,
        }
    }
}

/// What must really have happened.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Expect {
    /// So many heights were decided.
    pub decisions: u64,
    /// Injections by kind, at least so many.
    pub injected: BTreeMap<String, u64>,
}

impl Plan {
    /// Reads a plan.
    pub fn parse(text: &str) -> Result<Self, String> {
        let plan: Self = toml::from_str(text).map_err(|error| error.to_string())?;
        let sized = !plan.nodes.is_empty() && plan.nodes.iter().all(|n| (4..=31).contains(n));
        if sized { Ok(plan) } else { Err(format!("plan {}: 4 to 31 nodes", plan.name)) }
    }

    /// When clients stop.
    #[must_use]
    pub fn load_until_ms(&self) -> u64 {
        if self.load.until_ms == 0 { self.heal_ms + 1_000 } else { self.load.until_ms }
    }
}
