//! The story most tests tell: events decided, the validators changed a number of times, more events decided.

use cybermesh_keys::Signer as _;
use cybermesh_proto::Code;
use cybermesh_proto::agree::{Item, ItemKind};
use cybermesh_proto::keys::{Algorithm, Scheme};

use crate::chain::Chain;
use crate::cluster::{genesis, members, producer};
use crate::events::{anomaly, signed};
use crate::keys::Named;

/// A chain with its producer.
#[derive(Clone)]
pub struct Story {
    /// The chain.
    pub chain: Chain,
    /// Who signed its events.
    pub producer: Named,
}

impl Story {
    /// n validators; height 1 decides two events and a copy of the first; then `handovers` times a change of all
    /// validators and an event; then one more event.
    #[must_use]
    pub fn new(scheme: Scheme, n: usize, handovers: usize) -> Self {
        let producer = producer("det-1", Algorithm::MlDsa44);
        let first = members("node", n);
        let mut chain = Chain::new(genesis(&first, scheme, &[(producer.bundle(), "det-1")]), first);
        let event = |seq| item(ItemKind::Event, signed(&anomaly(&producer, seq), &producer));
        chain.decide(vec![
            (event(1), Code::EventApplied),
            (event(2), Code::EventApplied),
            (event(1), Code::EventSeqUsed),
        ]);
        for epoch in 1..=handovers {
            chain.hand_over(members(&format!("epoch-{epoch}"), n));
            chain.decide(vec![(event(2 + u64::try_from(epoch).unwrap()), Code::EventApplied)]);
        }
        chain.decide(vec![(event(100), Code::EventDatedAhead)]);
        Self { chain, producer }
    }

    /// The last height, which decides one event.
    #[must_use]
    pub fn last(&self) -> u64 {
        self.chain.height().get()
    }
}

/// An item of these bytes.
#[must_use]
pub fn item(kind: ItemKind, bytes: Vec<u8>) -> Item {
    kind.item(bytes).expect("an item within its limit")
}
