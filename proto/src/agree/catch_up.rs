//! Questions and answers between peers: how one that fell behind is brought up.
//!
//! Answers prove themselves. None says more than the certificates in it, so nobody has to trust who answers.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::proposal::check_block;
use super::{BatchRef, Committee, Decision, DecisionCertificate, Handover, Header, Qc, Tc};
use crate::keys::SignatureCheck;
use crate::limits::{BLOCK_BATCHES_MAX, BLOCKS_ASKED_MAX, GOSSIP_BYTES_MAX, HANDOVER_BYTES_MAX};
use crate::planted::{Fault, planted};
use crate::refusal::ensure;
use crate::wire::{Checked, List, Wire, union};
use crate::{BatchId, BlockId, ChainId, Code, Count, Epoch, Height, Refusal, View};

/// Where a node stands.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Position {
    /// The chain.
    pub chain: ChainId,
    /// Its epoch.
    pub epoch: Epoch,
    /// Its view.
    pub view: View,
    /// The height of its newest certified decision.
    pub height: Height,
}

/// The blocks on the way up to one of them.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Branch {
    /// The chain.
    pub chain: ChainId,
    /// The height of the newest block that the asker holds of this branch; blocks above it are wanted.
    pub above: Height,
    /// The block at the end of the branch.
    pub tip: BlockId,
}

/// A question to the peer that delivered something newer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Ask {
    /// What moved you past this position?
    Newer(Position),
    /// The blocks up to one of them, decided or not.
    Blocks(Branch),
    /// A batch by its name.
    Batch(BatchId),
    /// The handover out of an epoch.
    Handover(Epoch),
}

union!(Ask {
    1 => Newer(Position),
    2 => Blocks(Branch),
    3 => Batch(BatchId),
    4 => Handover(Epoch),
});

/// The certificates that moved a peer past the asked position; all absent when it holds nothing newer.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Newer {
    /// A newer QC of the asked epoch.
    pub qc: Option<Qc>,
    /// A newer TC of the asked epoch.
    pub tc: Option<Tc>,
    /// The newest certified decision above the asked height.
    pub decision: Option<(Decision, DecisionCertificate)>,
    /// The handover out of the asked epoch.
    pub handover: Option<Handover>,
}

/// A block as it is synced: no leader or time rule binds it any more, so it carries no TC and no signature.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Block {
    /// Its header.
    pub header: Header,
    /// The certificate of its parent.
    pub qc: Qc,
    /// The batches it orders.
    pub batches: List<BatchRef, BLOCK_BATCHES_MAX>,
}

/// An answer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Answer {
    /// What is newer.
    Newer(Box<Newer>),
    /// Blocks of the asked branch, lowest first and without gap; not all of them where a limit says so.
    Blocks(List<Block, BLOCKS_ASKED_MAX>),
    /// The encoded batch follows as a stream of this many bytes; 0 when this peer does not hold it.
    Batch(Count),
    /// The handover, if there was one.
    Handover(Option<Box<Handover>>),
}

union!(Answer {
    1 => Newer(Box<Newer>),
    2 => Blocks(List<Block, BLOCKS_ASKED_MAX>),
    3 => Batch(Count),
    4 => Handover(Option<Box<Handover>>),
});

impl Wire for Ask {
    const NAME: &'static str = "ask";
    /// 128 bytes: a chain and three numbers.
    const BYTES_MAX: usize = 128;
}

impl Wire for Block {
    const NAME: &'static str = "block";
    const BYTES_MAX: usize = GOSSIP_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        self.header.check_shape()?;
        self.qc.check_shape()?;
        check_block(&self.header, &self.qc, &self.batches)
    }
}

impl Wire for Answer {
    const NAME: &'static str = "answer";
    /// 4 MiB: 64 blocks of small sets, or 16 of the largest.
    const BYTES_MAX: usize = GOSSIP_BYTES_MAX + HANDOVER_BYTES_MAX + 4 * 1024 * 1024;

    fn check_shape(&self) -> Result<(), Refusal> {
        match self {
            Self::Newer(newer) => newer.check_shape(),
            Self::Blocks(blocks) => check_blocks(blocks),
            Self::Batch(_) => Ok(()),
            Self::Handover(handover) => handover.as_ref().map_or(Ok(()), |handover| handover.check_shape()),
        }
    }
}

impl Checked for Block {
    /// Its QC: that of its parent. Whether the block itself is certified, only a later one shows.
    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        committee.check_place(self.header.chain, self.header.epoch)?;
        if planted(Fault::SyncUnverified) {
            return Ok(());
        }
        self.qc.check(committee, signatures)
    }
}

impl Wire for Newer {
    const NAME: &'static str = "newer";
    const BYTES_MAX: usize = GOSSIP_BYTES_MAX + HANDOVER_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        self.qc.as_ref().map_or(Ok(()), Wire::check_shape)?;
        self.tc.as_ref().map_or(Ok(()), Wire::check_shape)?;
        if let Some((decision, certificate)) = &self.decision {
            decision.check_shape()?;
            certificate.check_shape()?;
        }
        self.handover.as_ref().map_or(Ok(()), Wire::check_shape)
    }
}

impl Checked for Newer {
    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.qc.as_ref().map_or(Ok(()), |qc| qc.check(committee, signatures))?;
        self.tc.as_ref().map_or(Ok(()), |tc| tc.check(committee, signatures))?;
        if let Some((decision, certificate)) = &self.decision {
            certificate.check_decision(decision, committee, signatures)?;
        }
        self.handover.as_ref().map_or(Ok(()), |handover| handover.check(committee, signatures))
    }
}

fn check_blocks(blocks: &[Block]) -> Result<(), Refusal> {
    blocks.iter().try_for_each(Wire::check_shape)?;
    // Also across the end of an epoch: its root is the parent of the next one's first block.
    let follows = |pair: &[Block]| matches!(pair, [a, b] if a.header.id() == b.header.parent);
    ensure(blocks.windows(2).all(follows), Code::AskRange, || "blocks with a gap".into())
}
