//! What a genesis says.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::RegisteredKey;
use crate::agree::{Anchor, Decision, Header, IndexSet, Validator, ValidatorSet};
use crate::domain::Domain;
use crate::hash::tagged;
use crate::keys::{KeyBundle, Scheme};
use crate::limits::{
    ADMINISTRATORS_MAX, GENESIS_BYTES_MAX, GENESIS_KEYS_MAX, NAME_BYTES_MAX, PROTECTED_MAX, TOPICS_MAX,
    VALUE_BYTES_MAX,
};
use crate::merkle::empty_root;
use crate::wire::{Fixed, List, Text, Wire, encode_canonical};
use crate::{BlockId, ChainId, Count, DecisionHash, Digest, Epoch, Height, TimeUs, ValidatorIndex, View};

/// Where events come from and records go.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum Bus {
    /// No bus: events by API, records by API and stream.
    None = 0,
    /// Kafka, both ways.
    Kafka = 1,
}

/// The people who may change the registry, the validators and the rules.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct AdministratorSet {
    /// How many must agree.
    pub threshold: u8,
    /// Their keys; both halves of each are demanded.
    pub keys: List<KeyBundle, ADMINISTRATORS_MAX>,
}

/// The limits of this chain, none above the ceilings of [`crate::limits`].
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Limits {
    /// Bytes of an event.
    pub event_bytes: u32,
    /// Bytes of the items of a batch.
    pub batch_bytes: u32,
    /// Bytes of the items of a block.
    pub block_bytes: u32,
    /// How far payload may run ahead of the certified decisions, in heights (K).
    pub anchor_lag: u32,
    /// How old the registry may be that a batch was checked against, in heights (R; at least 4K).
    pub registry_lag: u32,
}

/// The number of partitions of an outbound topic, fixed for the life of the chain.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct TopicPartitions {
    /// The topic.
    pub topic: Text<NAME_BYTES_MAX>,
    /// Its partitions.
    pub partitions: u32,
}

/// A subject that no rule may ever deny.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Protected {
    /// Kind of the subject, as in an event.
    pub kind: Text<32>,
    /// The subject.
    pub value: Text<VALUE_BYTES_MAX>,
}

/// The genesis of a chain.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Genesis {
    /// Format of the genesis; 1.
    pub version: u16,
    /// Name of the cluster; outlives a recovery.
    pub network: Text<NAME_BYTES_MAX>,
    /// Makes two clusters of equal content two chains.
    pub nonce: Fixed<32>,
    /// When it was made, in µs; the time of the first block is later.
    pub time_us: TimeUs,
    /// How validators sign.
    pub scheme: Scheme,
    /// Where events come from and records go.
    pub bus: Bus,
    /// The validators of epoch 0.
    pub validators: ValidatorSet,
    /// The administrators.
    pub administrators: AdministratorSet,
    /// The limits.
    pub limits: Limits,
    /// Partition counts, ascending by topic.
    pub topics: List<TopicPartitions, TOPICS_MAX>,
    /// The first registered keys, ascending by kid.
    pub registry: List<RegisteredKey, GENESIS_KEYS_MAX>,
    /// Subjects no rule may deny, ascending.
    pub protected: List<Protected, PROTECTED_MAX>,
    /// The rules that decisions are executed by.
    pub protocol_version: u32,
    /// For a recovery: the certified decision of the old chain that this one goes on from.
    pub continues: Option<Decision>,
}

impl Genesis {
    /// The format this code writes and reads.
    pub const VERSION: u16 = 1;

    /// The name of the chain.
    #[must_use]
    pub fn chain(&self) -> ChainId {
        ChainId(tagged(Domain::GENESIS, &encode_canonical(self)))
    }

    /// The block that the chain grows from: of this chain, so that no other chain's first block fits on it.
    #[must_use]
    pub fn first_header(&self) -> Header {
        let old = self.continues.as_ref();
        Header {
            version: Header::VERSION,
            chain: self.chain(),
            epoch: Epoch::ZERO,
            height: old.map_or(Height::ZERO, |decision| decision.height),
            view: View::ZERO,
            parent: old.map_or(BlockId(Digest::ZERO), |decision| decision.block),
            qc_hash: Digest::ZERO,
            proposer: ValidatorIndex::default(),
            time_us: self.time_us,
            payload_root: empty_root(),
            batch_count: Count::ZERO,
            anchor_height: old.map_or(Height::ZERO, |decision| decision.height),
            anchor_hash: old.map_or(DecisionHash(Digest::ZERO), Decision::hash),
            left_out: IndexSet::default(),
        }
    }
}

impl Genesis {
    /// What the first blocks are anchored at: nothing was executed before them, the genesis stands for it.
    #[must_use]
    pub fn first_anchor(&self) -> Anchor {
        let first = self.continues.as_ref().map_or(Height::ZERO, |decision| decision.height);
        Anchor { height: first, decision: DecisionHash(self.chain().0) }
    }
}

impl Wire for Genesis {
    const NAME: &'static str = "genesis";
    const BYTES_MAX: usize = GENESIS_BYTES_MAX;

    fn check_shape(&self) -> Result<(), crate::Refusal> {
        crate::refusal::ensure(self.version == Self::VERSION, crate::Code::WireVersion, || {
            format!("genesis version {}", self.version).into()
        })
    }
}

impl Wire for Validator {
    const NAME: &'static str = "validator";
    /// 4 KiB: four keys of 3,328 bytes and a name.
    const BYTES_MAX: usize = 4096;
}

impl From<Bus> for u8 {
    fn from(bus: Bus) -> Self {
        bus as Self
    }
}

impl TryFrom<u8> for Bus {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            0 => Ok(Self::None),
            1 => Ok(Self::Kafka),
            _ => Err("unknown bus"),
        }
    }
}
