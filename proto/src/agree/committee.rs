//! Whose signatures count: the chain, the epoch, its validators, and where the epoch is rooted.

use super::{ValidatorSet, quorum};
use crate::keys::Scheme;
use crate::{BlockId, ChainId, Code, Epoch, Height, Refusal};

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
}

impl Committee {
    /// The number of signatures of a certificate.
    #[must_use]
    pub fn quorum(&self) -> usize {
        quorum(self.set.n())
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
