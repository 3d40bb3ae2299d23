//! The decision: what executing one decided block came to. This is what the quorum attests.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::domain::Domain;
use crate::hash::tagged;
use crate::limits::DECISION_BYTES_MAX;
use crate::refusal::ensure;
use crate::wire::{Wire, encode_canonical};
use crate::{BlockId, ChainId, Code, Count, DecisionHash, Digest, Epoch, Height, Refusal, TimeUs};

/// Size and root of a log or of a list.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct LogState {
    /// How many leaves it has.
    pub size: Count,
    /// Its RFC 6962 root.
    pub root: Digest,
}

/// The outbound leaves of one block, and where every outbound partition stands after it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Outbox {
    /// How many leaves this block sends out.
    pub count: Count,
    /// Their RFC 6962 root.
    pub root: Digest,
    /// Hash over the newest seq of every (topic, partition).
    pub heads_hash: Digest,
}

/// The result of one decided block.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Decision {
    /// Format of the decision; 1.
    pub version: u16,
    /// The chain.
    pub chain: ChainId,
    /// The epoch whose validators attest it.
    pub epoch: Epoch,
    /// Its height; the index of its leaf in the history.
    pub height: Height,
    /// The block it is the result of.
    pub block: BlockId,
    /// The block's time in µs.
    pub time_us: TimeUs,
    /// The decision one height below.
    pub previous: DecisionHash,
    /// RFC 6962 root over the hashes of all decisions below this height.
    pub history_root: Digest,
    /// The block's transactions with their outcomes.
    pub tx: LogState,
    /// Root of the state after this block.
    pub state_root: Digest,
    /// The log of all decided events.
    pub event_log: LogState,
    /// The log of all audit leaves.
    pub audit_log: LogState,
    /// What this block sends out.
    pub outbox: Outbox,
    /// The validators of this epoch.
    pub validator_set_hash: Digest,
    /// The validators after this decision; another hash ends the epoch here.
    pub next_validator_set_hash: Digest,
    /// The rules it was executed by.
    pub protocol_version: u32,
}

impl Decision {
    /// The format this code writes and reads.
    pub const VERSION: u16 = 1;

    /// Its hash: what is attested, and its leaf in the history.
    #[must_use]
    pub fn hash(&self) -> DecisionHash {
        DecisionHash(tagged(Domain::DECISION, &encode_canonical(self)))
    }

    /// Whether this is the last decision of its epoch.
    #[must_use]
    pub fn ends_epoch(&self) -> bool {
        self.validator_set_hash != self.next_validator_set_hash
    }
}

impl Wire for Decision {
    const NAME: &'static str = "decision";
    const BYTES_MAX: usize = DECISION_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        let known = self.version == Self::VERSION;
        ensure(known, Code::WireVersion, || format!("decision version {}", self.version).into())
    }
}
