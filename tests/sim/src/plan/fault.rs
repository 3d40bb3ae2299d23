//! What can go wrong in a run.

use serde::Deserialize;

/// Which node.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Default)]
#[serde(rename_all = "snake_case")]
pub enum Who {
    /// Drawn from the seed, never the same one twice while others are left.
    #[default]
    Any,
    /// All of them.
    All,
    /// The node of this number.
    Node(u32),
}

/// What a node loses, or gets back from an old copy.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum What {
    /// The safety record.
    Record,
    /// The payload store.
    Payload,
    /// The state store.
    State,
    /// All three.
    Everything,
}

/// A change of the validators.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change {
    /// A spare joins.
    Add,
    /// The last validator leaves.
    Remove,
    /// A spare takes the place of a validator.
    Rotate,
}

/// Something that goes wrong, or is done to the cluster.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Fault {
    /// A power cut, and a start some time later.
    Crash {
        /// Who.
        #[serde(default)]
        who: Who,
        /// When, from this range.
        at_ms: [u64; 2],
        /// For how long, from this range.
        down_ms: [u64; 2],
    },
    /// Power cuts at random moments until healing, of at most f nodes at a time.
    CrashOften {
        /// Mean pause between two.
        every_ms: u64,
        /// For how long, from this range.
        down_ms: [u64; 2],
    },
    /// A power cut between two effects of a step: which node and which effect follow from the seed, so that the seeds
    /// of a sweep visit all of them.
    CrashAtEffect {
        /// The first effect.
        first: u64,
        /// How many effects there are to choose from.
        span: u64,
        /// For how long, from this range.
        down_ms: [u64; 2],
        /// How often in a run, so many effects apart.
        #[serde(default = "one")]
        times: u64,
    },
    /// One direction of one link is dead.
    OneWay {
        /// How many links.
        links: u64,
        /// From when, from this range.
        at_ms: [u64; 2],
        /// For how long, from this range.
        for_ms: [u64; 2],
    },
    /// The nodes fall into two parts, drawn from the seed.
    Partition {
        /// How many of the validators are in the smaller part; drawn if 0.
        #[serde(default)]
        apart: usize,
        /// From when, from this range.
        at_ms: [u64; 2],
        /// For how long, from this range.
        for_ms: [u64; 2],
    },
    /// Parts that are drawn anew all the time until healing.
    Flapping {
        /// How long each lasts, from this range.
        every_ms: [u64; 2],
    },
    /// Messages of these views reach only nodes of the same part, drawn for each view.
    PartitionViews {
        /// The first view.
        from: u64,
        /// The view after the last one.
        to: u64,
    },
    /// A node loses something while it is down.
    Lose {
        /// Who.
        #[serde(default)]
        who: Who,
        /// What.
        what: What,
        /// When, from this range.
        at_ms: [u64; 2],
        /// For how long it is down, from this range.
        down_ms: [u64; 2],
    },
    /// A node gets back an old copy of its disks. Nobody can see that on its disks, so it counts among the faulty.
    Restore {
        /// Who.
        #[serde(default)]
        who: Who,
        /// What: the record, or everything.
        what: What,
        /// When the copy is made, from this range.
        copy_ms: [u64; 2],
        /// When it is put back, from this range.
        at_ms: [u64; 2],
        /// For how long it is down, from this range.
        down_ms: [u64; 2],
    },
    /// A second process with the same key and a copy of the disks is started.
    Twin {
        /// Of whom.
        #[serde(default)]
        who: Who,
        /// When, from this range.
        at_ms: [u64; 2],
    },
    /// Syncs take longer.
    SlowDisk {
        /// Who.
        #[serde(default)]
        who: Who,
        /// How many times.
        times: u64,
    },
    /// Executing takes longer.
    SlowExecutor {
        /// Who.
        #[serde(default)]
        who: Who,
        /// How many times.
        times: u64,
    },
    /// Clocks that stand wrong and drift, in µs and µs per second, at most.
    Drift {
        /// How wrong at most.
        offset_us: i64,
        /// How much more in each second at most.
        rate_us: i64,
    },
    /// A clock jumps until healing.
    Jump {
        /// Whose.
        #[serde(default)]
        who: Who,
        /// When, from this range.
        at_ms: [u64; 2],
        /// By how much at most, to either side.
        by_ms: i64,
    },
    /// A write fails: the process must end. It is started again later.
    StorageError {
        /// Where.
        #[serde(default)]
        who: Who,
        /// When, from this range.
        at_ms: [u64; 2],
        /// For how long it is down, from this range.
        down_ms: [u64; 2],
    },
    /// The executor of a node comes to another result, from this height on.
    SplitResult {
        /// Whose.
        #[serde(default)]
        who: Who,
        /// From which height on.
        height: u64,
    },
    /// The validators change.
    Reconfigure {
        /// How.
        change: Change,
        /// When the transaction is submitted, from this range.
        at_ms: [u64; 2],
    },
    /// Keys run in two processes at once from the start, and who hears whom is laid down view by view.
    Twins {
        /// How many keys.
        count: usize,
        /// The first view with a partition.
        first: u64,
        /// How many views have one.
        depth: u64,
        /// How long a partition lasts after the first node entered its view, from this range.
        hold_ms: [u64; 2],
        /// The seed numbers the partitions instead of drawing them.
        #[serde(default)]
        exhaustive: bool,
    },
    /// A node lies, by the behaviour of this name.
    Byzantine {
        /// Who.
        #[serde(default)]
        who: Who,
        /// How.
        behaviour: String,
    },
}

const fn one() -> u64 {
    1
}
