//! What stays the same for the life of a chain: what the executor knows from the genesis.

use cybermesh_proto::genesis::{Bus, Genesis, Limits, TrustedGenesis};
use cybermesh_proto::keys::Scheme;
use cybermesh_proto::{ChainId, DecisionHash, TimeUs};

use crate::protected::Protected;

/// The topics of outbound records, in the order of the genesis.
pub const TOPICS: [&str; 8] = [
    "control.audit.v1",
    "control.commits.v1",
    "control.dlq.v1",
    "control.epochs.v1",
    "control.events.v1",
    "control.evidence.v1",
    "control.policy.v1",
    "control.reputation.v1",
];

/// The constants of a chain.
#[derive(Clone, Debug)]
pub struct Chain {
    /// Its name.
    pub id: ChainId,
    /// The network that events must name.
    pub network: String,
    /// How validators sign.
    pub scheme: Scheme,
    /// Where records go.
    pub bus: Bus,
    /// The limits.
    pub limits: Limits,
    /// The rules that blocks are executed by.
    pub protocol_version: u32,
    /// The time of the genesis.
    pub time_us: TimeUs,
    partitions: [u32; TOPICS.len()],
    pub(crate) protected: Protected,
}

impl Chain {
    /// The constants of the chain of a genesis.
    #[must_use]
    pub fn new(trusted: &TrustedGenesis) -> Self {
        let genesis = trusted.genesis();
        Self {
            id: trusted.chain(),
            network: genesis.network.as_str().to_owned(),
            scheme: genesis.scheme,
            bus: genesis.bus,
            limits: genesis.limits,
            protocol_version: genesis.protocol_version,
            time_us: genesis.time_us,
            partitions: TOPICS.map(|topic| partitions(genesis, topic)),
            protected: Protected::new(&genesis.protected),
        }
    }

    /// How many partitions a topic has.
    #[must_use]
    pub fn partitions(&self, topic: u16) -> u32 {
        self.partitions.get(usize::from(topic)).copied().unwrap_or(1)
    }

    /// What stands in the place of the decision of height 0: nothing was executed, the genesis stands for it.
    #[must_use]
    pub const fn root_decision(&self) -> DecisionHash {
        DecisionHash(self.id.0)
    }
}

/// As the genesis says; without a bus, records still have numbers and proofs, in one partition each.
fn partitions(genesis: &Genesis, topic: &str) -> u32 {
    let found = genesis.topics.iter().find(|one| one.topic.as_str() == topic);
    found.map_or(1, |one| one.partitions.max(1))
}
