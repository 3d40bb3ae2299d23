//! A cluster of n validators with a genesis.

use std::sync::Arc;

use cybermesh_keys::Signer;
use cybermesh_proto::TimeUs;
use cybermesh_proto::agree::{Validator, ValidatorSet};
use cybermesh_proto::event::Demand;
use cybermesh_proto::genesis::{
    AdministratorSet, Bus, Genesis, Limits, Protected, Reach, RegisteredKey, Role, TopicPartitions,
};
use cybermesh_proto::keys::{Algorithm, KeyBundle, Scheme};
use cybermesh_proto::wire::{Fixed, List, Text};

use crate::keys::Named;

/// 2026-01-01T00:00:00Z in µs: the world's beginning.
pub const BEGINNING_US: u64 = 1_767_225_600_000_000;

/// The topics of a bus, ascending, with their partitions.
const TOPICS: [(&str, u32); 8] = [
    ("control.audit.v1", 12),
    ("control.commits.v1", 1),
    ("control.dlq.v1", 12),
    ("control.epochs.v1", 1),
    ("control.events.v1", 12),
    ("control.evidence.v1", 12),
    ("control.policy.v1", 12),
    ("control.reputation.v1", 12),
];

/// A member: its place in a set and its signer.
#[derive(Clone)]
pub struct Member {
    /// Its public side.
    pub entry: Validator,
    /// Its private side.
    pub signer: Arc<dyn Signer>,
}

/// Members named `<prefix>-1` … `<prefix>-n`, with repeatable signatures.
#[must_use]
pub fn members(prefix: &str, n: usize) -> Vec<Member> {
    let member = |number| {
        let named = Named::validator(&format!("{prefix}-{number}"));
        Member { entry: named.entry(), signer: Arc::new(named) }
    };
    (1..=n).map(member).collect()
}

/// The set of these members.
#[must_use]
pub fn set_of(members: &[Member]) -> ValidatorSet {
    ValidatorSet::new(members.iter().map(|member| member.entry.clone()).collect()).unwrap()
}

/// A genesis with these members, administrators `admin-1` … `admin-3` and these producers.
#[must_use]
pub fn genesis(members: &[Member], scheme: Scheme, producers: &[(&KeyBundle, &str)]) -> Genesis {
    let administrator = |n| Named::validator(&format!("admin-{n}")).bundle().clone();
    let mut registry: Vec<_> =
        producers.iter().map(|(bundle, subject)| registered(bundle, subject)).collect();
    registry.sort_by_key(|key| key.bundle.kid());
    let topic = |name: &str, partitions| TopicPartitions { topic: Text::new(name).unwrap(), partitions };
    let n = u32::try_from(members.len()).unwrap();
    Genesis {
        version: Genesis::VERSION,
        network: Text::new("vectors").unwrap(),
        nonce: Fixed([7; 32]),
        time_us: TimeUs::new(BEGINNING_US),
        scheme,
        bus: Bus::Kafka,
        validators: set_of(members),
        administrators: AdministratorSet {
            threshold: 2,
            keys: List::new((1..=3).map(administrator).collect()).unwrap(),
        },
        limits: Limits {
            event_bytes: if n > 64 { 32 * 1024 } else { 64 * 1024 },
            batch_bytes: 16 * 1024 * 1024 / n.max(4),
            block_bytes: 16 * 1024 * 1024,
            anchor_lag: 32,
            registry_lag: 128,
        },
        topics: List::new(TOPICS.map(|(name, partitions)| topic(name, partitions)).to_vec()).unwrap(),
        registry: List::new(registry).unwrap(),
        protected: List::new(vec![protected("cidr", "10.0.0.0/24"), protected("ip", "192.0.2.1")]).unwrap(),
        protocol_version: 1,
        continues: None,
    }
}

fn registered(bundle: &KeyBundle, subject: &str) -> RegisteredKey {
    RegisteredKey {
        role: Role::Producer,
        bundle: bundle.clone(),
        tenant: Text::new("acme").unwrap(),
        subject: Text::new(subject).unwrap(),
        types: List::new(vec![Text::new("Anomaly.*").unwrap()]).unwrap(),
        demand: Demand::WholeBundle,
        standing_bp: 5000,
        reach: Reach::Together,
    }
}

fn protected(kind: &str, value: &str) -> Protected {
    Protected { kind: Text::new(kind).unwrap(), value: Text::new(value).unwrap() }
}

/// A producer with Ed25519 and one level of ML-DSA.
#[must_use]
pub fn producer(name: &str, post_quantum: Algorithm) -> Named {
    Named::new(name, &[Algorithm::Ed25519, post_quantum])
}
