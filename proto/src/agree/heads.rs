//! The newest number of every outbound partition: how a consumer sees that it has everything.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::domain::Domain;
use crate::hash::tagged;
use crate::limits::{PARTITIONS_MAX, TOPICS_MAX};
use crate::refusal::ensure;
use crate::wire::{List, Wire, encode_canonical};
use crate::{Code, Count, Digest, Refusal};

/// The newest numbers of one topic.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct TopicHeads {
    /// The topic, by its place in the genesis.
    pub topic: u16,
    /// By partition; 0 where nothing was sent.
    pub seqs: List<Count, { PARTITIONS_MAX as usize }>,
}

/// The newest numbers of all topics, ascending by topic.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct OutboxHeads(pub List<TopicHeads, TOPICS_MAX>);

impl OutboxHeads {
    /// The hash that decisions commit to.
    #[must_use]
    pub fn hash(&self) -> Digest {
        tagged(Domain::HEADS, &encode_canonical(self))
    }
}

impl Wire for OutboxHeads {
    const NAME: &'static str = "outbox heads";
    /// 512 KiB: eight topics of 4,096 partitions, at most 9 bytes each, and room.
    const BYTES_MAX: usize = 512 * 1024;

    fn check_shape(&self) -> Result<(), Refusal> {
        let ascending = self.0.windows(2).all(|pair| matches!(pair, [a, b] if a.topic < b.topic));
        ensure(ascending, Code::WireMalformed, || "heads not ascending by topic".into())
    }
}
