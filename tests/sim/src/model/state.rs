//! The state that the model executor folds blocks into.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use cybermesh_consensus::Quarantine;
use cybermesh_proto::agree::ValidatorSet;
use cybermesh_proto::genesis::TrustedGenesis;
use cybermesh_proto::merkle::Frontier;
use cybermesh_proto::{BatchId, DecisionHash, Digest, Epoch, Height, ItemId, TimeUs, ValidatorIndex};

use super::TxId;

/// The state after one height.
#[derive(Clone, Debug)]
pub struct ModelState {
    /// The height.
    pub height: Height,
    /// The decision of this height; the genesis stands for height 0.
    pub decision: DecisionHash,
    /// The epoch of the next block.
    pub epoch: Epoch,
    /// Its validators.
    pub set: Rc<ValidatorSet>,
    /// Their hash.
    pub set_hash: Digest,
    /// Root of everything else here.
    pub root: Digest,
    /// All decisions so far.
    pub history: Frontier,
    /// All applied transactions.
    pub events: Frontier,
    /// All evidence.
    pub audit: Frontier,
    /// Which transactions were applied.
    pub applied: BTreeSet<TxId>,
    /// Which batches were decided.
    pub batches: BTreeSet<BatchId>,
    /// Which misdeeds are known.
    pub misdeeds: BTreeSet<ItemId>,
    /// What falls due.
    pub due: BTreeSet<TimeUs>,
    /// Who was quarantined, by key: from which heights to which, oldest first. What has ended is never changed, since
    /// leaders of the present still depend on it.
    pub quarantined: BTreeMap<[u8; 32], Vec<(Height, Height)>>,
}

impl ModelState {
    /// The state of a genesis.
    #[must_use]
    pub fn genesis(genesis: &TrustedGenesis) -> Self {
        let set = genesis.genesis().validators.clone();
        let decision = DecisionHash(genesis.chain().0);
        let mut history = Frontier::default();
        history.append(decision.0.as_bytes());
        Self {
            height: Height::ZERO,
            decision,
            epoch: Epoch::ZERO,
            set_hash: set.hash(),
            set: Rc::new(set),
            root: Digest::ZERO,
            history,
            events: Frontier::default(),
            audit: Frontier::default(),
            applied: BTreeSet::new(),
            batches: BTreeSet::new(),
            misdeeds: BTreeSet::new(),
            due: BTreeSet::new(),
            quarantined: BTreeMap::new(),
        }
    }

    /// The quarantines as the core wants them: by place in the present set.
    #[must_use]
    pub fn quarantines(&self) -> Vec<Quarantine> {
        let of = |(key, terms): (&[u8; 32], &Vec<(Height, Height)>)| {
            let place = self.set.iter().position(|one| one.ed25519.0 == *key)?;
            let validator = ValidatorIndex::new(place)?;
            let term = |(begin, end): &(Height, Height)| {
                let end = (*end <= self.height).then_some(*end);
                Quarantine { validator, begin: *begin, end }
            };
            Some(terms.iter().map(term).collect::<Vec<_>>())
        };
        self.quarantined.iter().filter_map(of).flatten().collect()
    }

    /// Quarantines a key from this height on, or longer.
    pub fn quarantine(&mut self, key: [u8; 32], end: Height) {
        let terms = self.quarantined.entry(key).or_default();
        match terms.last_mut().filter(|term| term.1 > self.height) {
            Some(term) => term.1 = end,
            None => terms.push((self.height, end)),
        }
    }
}
