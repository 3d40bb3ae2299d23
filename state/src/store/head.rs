//! Where the store stands: in memory beside the database, changed after each commit, rebuilt and checked at each start.

use std::collections::BTreeMap;

use cybermesh_proto::{BlockId, DecisionHash, Digest, Height};

use crate::bytes::Reader;
use crate::edge::Edge;

/// The newest height, and what stands there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Newest {
    /// The height.
    pub height: Height,
    /// Its decision; at height 0 the genesis hash.
    pub decision: DecisionHash,
    /// Its block.
    pub block: BlockId,
    /// The root of the state.
    pub state_root: Digest,
}

/// All that the next commit is checked against.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) height: Height,
    pub(crate) decision: DecisionHash,
    pub(crate) block: BlockId,
    pub(crate) state_root: Digest,
    pub(crate) events: Edge,
    pub(crate) audit: Edge,
    /// Decisions 0 … height.
    pub(crate) history: Edge,
    /// The newest seq of each outbound (topic, partition).
    pub(crate) seqs: BTreeMap<(u16, u32), u64>,
    /// The newest synced generation of the safety record.
    pub(crate) mirror: u64,
}

impl Newest {
    /// 104 bytes: height, decision, block, root.
    pub(super) fn to_bytes(self) -> Vec<u8> {
        let height = self.height.get().to_be_bytes();
        let hashes = [self.decision.0, self.block.0, self.state_root];
        hashes.iter().fold(height.to_vec(), |mut row, hash| {
            row.extend_from_slice(hash.as_bytes());
            row
        })
    }

    pub(super) fn from_bytes(row: &[u8]) -> Option<Self> {
        let mut reader = Reader::new(row);
        let height = Height::new(u64::from_be_bytes(reader.array()?));
        let decision = DecisionHash(Digest::new(reader.array()?));
        let block = BlockId(Digest::new(reader.array()?));
        let state_root = Digest::new(reader.array()?);
        reader.is_empty().then_some(Self { height, decision, block, state_root })
    }
}

impl Head {
    pub(super) const fn newest(&self) -> Newest {
        Newest {
            height: self.height,
            decision: self.decision,
            block: self.block,
            state_root: self.state_root,
        }
    }
}
