//! Questions and answers between peers: how one that fell behind is brought up.
//!
//! Answers prove themselves. None says more than the certificates in it, so nobody has to trust who answers.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::proposal::check_block;
use super::{BatchRef, Decision, DecisionCertificate, Handover, Header, Qc, Tc};
use crate::limits::{BLOCK_BATCHES_MAX, BLOCKS_ASKED_MAX, GOSSIP_BYTES_MAX, HANDOVER_BYTES_MAX};
use crate::refusal::ensure;
use crate::wire::{List, Wire, union};
use crate::{BatchId, ChainId, Code, Count, Epoch, Height, Refusal, View};

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

/// A range of heights, both ends included.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct BlockRange {
    /// The chain.
    pub chain: ChainId,
    /// The lowest height asked for.
    pub from: Height,
    /// The highest height asked for.
    pub to: Height,
}

/// A question to the peer that delivered something newer.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Ask {
    /// What moved you past this position?
    Newer(Position),
    /// The decided blocks of a range.
    Blocks(BlockRange),
    /// A batch by its name.
    Batch(BatchId),
    /// The handover out of an epoch.
    Handover(Epoch),
}

union!(Ask {
    1 => Newer(Position),
    2 => Blocks(BlockRange),
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
    /// Decided blocks, ascending and without gap; fewer than asked where the size limit says so.
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

    fn check_shape(&self) -> Result<(), Refusal> {
        let Self::Blocks(range) = self else { return Ok(()) };
        let wide = range.to.get().checked_sub(range.from.get());
        ensure(
            wide.and_then(|wide| usize::try_from(wide).ok()).is_some_and(|wide| wide < BLOCKS_ASKED_MAX),
            Code::AskRange,
            || format!("blocks {} to {}: at most {BLOCKS_ASKED_MAX} at once", range.from, range.to).into(),
        )
    }
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

impl Newer {
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

fn check_blocks(blocks: &[Block]) -> Result<(), Refusal> {
    blocks.iter().try_for_each(Wire::check_shape)?;
    // Also across the end of an epoch: its root is the parent of the next one's first block.
    let follows = |pair: &[Block]| matches!(pair, [a, b] if a.header.id() == b.header.parent);
    ensure(blocks.windows(2).all(follows), Code::AskRange, || "blocks with a gap".into())
}
