//! A sign of life. Advisory: it may start catching up or a clock alarm, never a vote or a change of leader.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{Signed, Statement};
use crate::domain::Domain;
use crate::wire::Wire;
use crate::{ChainId, DecisionHash, Epoch, Height, TimeUs, View};

/// Where a validator stands.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct HeartbeatStatement {
    /// The chain.
    pub chain: ChainId,
    /// The epoch it is in.
    pub epoch: Epoch,
    /// The view it is in.
    pub view: View,
    /// The height of its newest certified decision.
    pub certified_height: Height,
    /// The hash of that decision.
    pub certified_hash: DecisionHash,
    /// Its clock in µs.
    pub time_us: TimeUs,
}

/// A signed heartbeat.
pub type Heartbeat = Signed<HeartbeatStatement>;

impl Statement for HeartbeatStatement {
    const DOMAIN: Domain = Domain::HEARTBEAT;
    const SIGNED_NAME: &'static str = "heartbeat";

    fn chain(&self) -> ChainId {
        self.chain
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl Wire for HeartbeatStatement {
    const NAME: &'static str = "heartbeat statement";
    /// 256 bytes: six fields, two of them hashes.
    const BYTES_MAX: usize = 256;
}
