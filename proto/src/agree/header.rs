//! The header of a block: what its name commits to. Nothing in it needs execution.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::IndexSet;
use crate::domain::Domain;
use crate::hash::tagged;
use crate::wire::{Wire, encode_canonical};
use crate::{BlockId, ChainId, Count, DecisionHash, Digest, Epoch, Height, TimeUs, ValidatorIndex, View};

/// The newest certified decision that a proposer had applied.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Anchor {
    /// Its height.
    pub height: Height,
    /// Its hash.
    pub decision: DecisionHash,
}

/// A block header.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Header {
    /// Format of the header; 1.
    pub version: u16,
    /// The chain.
    pub chain: ChainId,
    /// The epoch.
    pub epoch: Epoch,
    /// One above its parent's.
    pub height: Height,
    /// The view it was proposed in.
    pub view: View,
    /// The block it extends.
    pub parent: BlockId,
    /// The hash of what the QC beside it certifies.
    pub qc_hash: Digest,
    /// Its leader.
    pub proposer: ValidatorIndex,
    /// The leader's clock in µs, above its parent's; the time of everything executed in it.
    pub time_us: TimeUs,
    /// RFC 6962 root over the references to its batches.
    pub payload_root: Digest,
    /// How many batches it orders.
    pub batch_count: Count,
    /// Height of the newest certified decision its proposer had applied.
    pub anchor_height: Height,
    /// Hash of that decision.
    pub anchor_hash: DecisionHash,
    /// The validators left out as leaders in its window of views.
    pub left_out: IndexSet,
}

impl Header {
    /// The format this code writes and reads.
    pub const VERSION: u16 = 1;

    /// The block's name.
    #[must_use]
    pub fn id(&self) -> BlockId {
        BlockId(tagged(Domain::BLOCK, &encode_canonical(self)))
    }

    /// Its anchor.
    #[must_use]
    pub const fn anchor(&self) -> Anchor {
        Anchor { height: self.anchor_height, decision: self.anchor_hash }
    }
}

impl Wire for Header {
    const NAME: &'static str = "header";
    /// 512 bytes: fourteen fields, five of them hashes.
    const BYTES_MAX: usize = 512;

    fn check_shape(&self) -> Result<(), crate::Refusal> {
        crate::refusal::ensure(self.version == Self::VERSION, crate::Code::WireVersion, || {
            format!("header version {}", self.version).into()
        })
    }
}
