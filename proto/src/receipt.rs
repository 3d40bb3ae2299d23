//! The receipt (`.cmr`): one file that proves what a transaction ended with, to anyone who trusts one genesis hash.
//!
//! ```text
//! item, outcome ─▶ tx leaf ─▶ tx root in a decision ─▶ (history root in a newer decision) ─▶ certificate
//!                                                                   genesis ─▶ handovers ──────┘
//! ```
//!
//! This module is the format. `cybermesh-verify` checks it.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::agree::{Decision, DecisionCertificate, Handover, Item};
use crate::limits::{GENESIS_BYTES_MAX, HANDOVERS_MAX, ITEM_BYTES_MAX, RECEIPT_BYTES_MAX};
use crate::merkle::{BlockTree, Path};
use crate::refusal::ensure;
use crate::wire::{Blob, List, Wire, encode_canonical, union};
use crate::{Code, Count, Digest, Refusal, ValidatorIndex};

/// A leaf of a block's transaction tree: an item as it was received, and what became of it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct TxLeaf {
    /// Place in the block, from 0.
    pub index: Count,
    /// Who packed the batch it came in.
    pub author: ValidatorIndex,
    /// The number of the code it ended with.
    pub outcome: u16,
    /// The item as received.
    pub item: Item,
}

/// A decision proven by a newer, certified one.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct HistoryProof {
    /// The newer decision.
    pub decision: Decision,
    /// Its certificate.
    pub certificate: DecisionCertificate,
    /// The path from the older decision's hash to the newer one's history root.
    pub path: Path,
}

/// Why the decision of a receipt is to be believed.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Grounds {
    /// It is certified itself.
    Certificate(DecisionCertificate),
    /// It stands in the history of a certified one.
    History(Box<HistoryProof>),
}

union!(Grounds {
    1 => Certificate(DecisionCertificate),
    2 => History(Box<HistoryProof>),
});

/// A receipt.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Receipt {
    /// Format of the receipt; 1.
    pub version: u16,
    /// The canonical bytes of the genesis.
    pub genesis: Blob<GENESIS_BYTES_MAX>,
    /// The handovers of epochs 0, 1, … in order.
    pub handovers: List<Handover, HANDOVERS_MAX>,
    /// What was decided about.
    pub leaf: TxLeaf,
    /// The path from the leaf to the decision's tx root.
    pub path: Path,
    /// The decision of the block it was in.
    pub decision: Decision,
    /// Why that decision is to be believed.
    pub grounds: Grounds,
}

impl TxLeaf {
    /// The tree of a block's transactions.
    #[must_use]
    pub fn tree(leaves: &[Self]) -> BlockTree {
        let encoded: Vec<_> = leaves.iter().map(encode_canonical).collect();
        BlockTree::new(encoded.iter().map(Vec::as_slice))
    }

    /// The hash of the leaf in that tree.
    #[must_use]
    pub fn hash(&self) -> Digest {
        crate::merkle::leaf_hash(&encode_canonical(self))
    }
}

impl Wire for TxLeaf {
    const NAME: &'static str = "tx leaf";
    /// The item, and 64 bytes around it.
    const BYTES_MAX: usize = ITEM_BYTES_MAX + 64;
}

impl Receipt {
    /// The format this code writes and reads.
    pub const VERSION: u16 = 1;
}

impl Wire for Receipt {
    const NAME: &'static str = "receipt";
    const BYTES_MAX: usize = RECEIPT_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        let known = self.version == Self::VERSION;
        ensure(known, Code::WireVersion, || format!("receipt version {}", self.version).into())?;
        self.handovers.iter().try_for_each(Wire::check_shape)?;
        self.decision.check_shape()?;
        match &self.grounds {
            Grounds::Certificate(certificate) => certificate.check_shape(),
            Grounds::History(proof) => {
                proof.decision.check_shape()?;
                proof.certificate.check_shape()
            }
        }
    }
}
