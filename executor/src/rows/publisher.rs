//! Who publishes, and how far that has been seen to come.

use cybermesh_proto::limits::PARTITIONS_MAX;
use cybermesh_proto::wire::List;
use cybermesh_proto::{Epoch, ValidatorIndex};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::row;

const PARTITIONS: usize = PARTITIONS_MAX as usize;

/// The term of a publisher.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Publisher {
    /// Its number, from 1.
    pub term: u64,
    /// The epoch in which it began.
    pub epoch: Epoch,
    /// Who publishes, by its index in that epoch.
    pub holder: ValidatorIndex,
    /// When it began, in ms.
    pub began_ms: u64,
    /// How long a partition may stand still, in ms; doubles with each fruitless term.
    pub stall_ms: u64,
    /// 1 once some partition advanced in this term.
    pub fruitful: u8,
}

/// The newest report of a validator.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Reported {
    /// Its number.
    pub seq: u64,
}

/// Ends of runs that one validator reported of one topic.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Runs {
    /// By partition.
    pub ends: List<u64, PARTITIONS>,
}

/// How far one partition is confirmed.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct ConfirmedEnd {
    /// What f+1 validators reported at least.
    pub seq: u64,
    /// The latest of: when it last advanced, when the head got ahead of it; in ms.
    pub since_ms: u64,
}

/// The confirmed cursor of one topic.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct Confirmed {
    /// By partition.
    pub ends: List<ConfirmedEnd, PARTITIONS>,
}

row!(Publisher, Publisher, "publisher row", 64);
row!(Reported, Reported, "reported row", 16);
row!(Runs, Runs, "runs row", 64 * 1024);
row!(Confirmed, Confirmed, "confirmed row", 128 * 1024);
