//! What voting depends on, each variable with its meaning and its one writer ([`crate::safety`]).
//!
//! **Promise**: the record on disk covers every statement that ever left this node. It changes epoch in one write,
//! and its generation grows by one with every write. What is not in here may be forgotten in a crash without harm.

use std::sync::Arc;

use cybermesh_proto::agree::{Committee, Proposal, Qc, Signed, Tc, TimeoutStatement, Vote};
use cybermesh_proto::wire::Wire;
use cybermesh_proto::{ChainId, Epoch, Refusal, View};
use serde::{Deserialize, Serialize};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

/// The number of a write of the safety record.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize,
)]
#[serde(transparent)]
pub struct Generation(pub u64);

impl Generation {
    /// The number of the next write.
    #[must_use]
    pub const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}

/// Whether this node remembers everything that it signed (R15).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
pub enum Memory {
    /// It does.
    Whole,
    /// It does not, and has no fence yet: it signs nothing.
    Forgot,
    /// It does not; it signs above its fence only, and still counts among the faulty.
    Fenced,
}

/// The safety record.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct SafetyRecord {
    /// Format; 1.
    pub version: u16,
    /// The chain.
    pub chain: ChainId,
    /// The number of this write.
    pub generation: Generation,
    /// The epoch of everything below.
    pub epoch: Epoch,
    /// No vote leaves for this view or one below. Written by voting and by timing out.
    pub last_voted_view: View,
    /// The highest QC view of any block voted for: no timeout claims less.
    pub lock_view: View,
    /// The newest QC known. Only ever raised.
    pub high_qc: Arc<Qc>,
    /// The newest TC known, if there was any. Only ever raised.
    pub high_tc: Option<Arc<Tc>>,
    /// No new timeout is signed for this view or one below.
    pub highest_timeout_view: View,
    /// No new proposal is made for this view or one below.
    pub last_proposal_view: View,
    /// The newest proposal, with its signature: asked again, the same bytes.
    pub last_proposal: Option<Arc<Proposal>>,
    /// The newest vote.
    pub last_vote: Option<Vote>,
    /// The newest timeout.
    pub last_timeout: Option<Signed<TimeoutStatement>>,
    /// Whether this node remembers everything.
    pub memory: Memory,
    /// m + 1 for a node that forgot, where m is the highest view reported to it: whatever carries its signature at or
    /// below this view of the epoch counts as covered. Else 0.
    pub fence: View,
}

impl SafetyRecord {
    /// The format this code writes and reads.
    pub const VERSION: u16 = 1;

    /// The record of a node that has signed nothing in this epoch.
    #[must_use]
    pub fn fresh(committee: &Committee, generation: Generation) -> Self {
        Self {
            version: Self::VERSION,
            chain: committee.chain,
            generation,
            epoch: committee.epoch,
            last_voted_view: View::ZERO,
            lock_view: View::ZERO,
            high_qc: Arc::new(Qc::of_root(committee)),
            high_tc: None,
            highest_timeout_view: View::ZERO,
            last_proposal_view: View::ZERO,
            last_proposal: None,
            last_vote: None,
            last_timeout: None,
            memory: Memory::Whole,
            fence: View::ZERO,
        }
    }
}

impl Wire for SafetyRecord {
    const NAME: &'static str = "safety record";
    /// 768 KiB: a proposal (256 KiB), a QC (80 KiB), a TC (160 KiB), a vote and a timeout (8 KiB), and room.
    const BYTES_MAX: usize = 768 * 1024;

    fn check_shape(&self) -> Result<(), Refusal> {
        if self.version == Self::VERSION {
            return Ok(());
        }
        let note = format!("safety record version {}", self.version);
        Err(Refusal::new(cybermesh_proto::Code::WireVersion, note))
    }
}
