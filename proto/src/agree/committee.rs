//! Whose signatures count: the chain, the epoch, its validators, and where the epoch is rooted.

use super::{Decision, ValidatorSet, quorum};
use crate::keys::Scheme;
use crate::planted::{Fault, planted};
use crate::{BlockId, ChainId, Code, Digest, Epoch, Height, Refusal};

/// The block an epoch grows from: certified by definition, as view 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct EpochRoot {
    /// Its height.
    pub height: Height,
    /// Its name.
    pub block: BlockId,
}

/// All that a check of a statement or certificate needs to know.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Committee {
    /// The chain, by its genesis hash.
    pub chain: ChainId,
    /// The epoch.
    pub epoch: Epoch,
    /// How its validators sign.
    pub scheme: Scheme,
    /// Its validators.
    pub set: ValidatorSet,
    /// What it grows from.
    pub root: EpochRoot,
    /// The hash of the set, computed once: every check of a decision certificate compares it.
    set_hash: Digest,
}

impl Committee {
    /// The committee of an epoch.
    #[must_use]
    pub fn new(chain: ChainId, epoch: Epoch, scheme: Scheme, set: ValidatorSet, root: EpochRoot) -> Self {
        let set_hash = set.hash();
        Self { chain, epoch, scheme, set, root, set_hash }
    }

    /// The hash of its validators.
    #[must_use]
    pub const fn set_hash(&self) -> Digest {
        self.set_hash
    }

    /// The number of signatures of a certificate.
    #[must_use]
    pub fn quorum(&self) -> usize {
        quorum(self.set.n()).saturating_sub(usize::from(planted(Fault::QuorumTooSmall)))
    }

    /// The committee of the next epoch, after the decision that ends this one.
    #[must_use]
    pub fn after(&self, last: &Decision, next: ValidatorSet) -> Self {
        let root = EpochRoot { height: last.height, block: last.block };
        Self::new(self.chain, self.epoch.next(), self.scheme, next, root)
    }

    /// Refuses what belongs to another chain or epoch, before any key is looked up.
    pub(crate) fn check_place(&self, chain: ChainId, epoch: Epoch) -> Result<(), Refusal> {
        if chain != self.chain {
            return Err(Refusal::new(
                Code::ChainOther,
                format!("of chain {chain:?}, ours is {:?}", self.chain),
            ));
        }
        self.check_epoch(epoch)
    }

    pub(crate) fn check_epoch(&self, epoch: Epoch) -> Result<(), Refusal> {
        if epoch == self.epoch {
            return Ok(());
        }
        Err(Refusal::new(
            Code::EpochOther,
            format!("of epoch {epoch}, checked with the keys of {}", self.epoch),
        ))
    }
}
