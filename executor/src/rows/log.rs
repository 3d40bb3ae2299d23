//! Where the logs and the outbound partitions stand.

use cybermesh_proto::limits::PARTITIONS_MAX;
use cybermesh_proto::merkle::Frontier;
use cybermesh_proto::wire::List;
use cybermesh_proto::{Digest, Height};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::row;

/// The right edge of a log.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct LogRow {
    /// How many leaves.
    pub size: u64,
    /// Roots of the perfect subtrees, largest first.
    pub peaks: List<Digest, 64>,
    /// Hash of the newest leaf; zeros for none.
    pub last: Digest,
}

impl Default for LogRow {
    fn default() -> Self {
        Self { size: 0, peaks: List::default(), last: Digest::ZERO }
    }
}

impl LogRow {
    /// The frontier; `None` if the row is damaged.
    #[must_use]
    pub fn frontier(&self) -> Option<Frontier> {
        Frontier::from_parts(self.size, self.peaks.to_vec())
    }

    /// The row of a frontier.
    #[must_use]
    pub fn of(frontier: &Frontier, last: Digest) -> Self {
        let peaks = List::new(frontier.peaks().to_vec()).unwrap_or_default();
        Self { size: frontier.size(), peaks, last }
    }
}

/// All logs, and the number of the newest record of commits.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Logs {
    /// Decisions of the heights below.
    pub history: LogRow,
    /// Decided events.
    pub events: LogRow,
    /// Audit leaves.
    pub audit: LogRow,
    /// How many heights had leaves: the seq of the newest record of `control.commits.v1`.
    pub commits: u64,
}

/// The newest numbers of a topic's partitions.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Heads {
    /// By partition.
    pub seqs: List<u64, { PARTITIONS_MAX as usize }>,
}

/// What proofs of recent heights, and leaders, are checked against.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Recent {
    /// The height.
    pub height: Height,
    /// Root over the decisions below it.
    pub history_root: Digest,
    /// Leaves of the audit log before it.
    pub audit_size: u64,
    /// Root of the audit log before it.
    pub audit_root: Digest,
    /// The certified height that its block names: what later leaders depend on.
    pub anchor: Height,
}

impl Recent {
    /// 4,096 heights: minutes under load, an hour at rest; a proof is made and sent within seconds.
    pub const KEPT: u64 = 4096;
}

/// 8 KiB: three frontiers of at most 64 hashes.
const LOGS_BYTES: usize = 8 * 1024;

row!(Logs, Logs, "logs row", LOGS_BYTES);
row!(Heads, Heads, "heads row", 64 * 1024);
row!(Recent, Recent, "recent row", 128);
