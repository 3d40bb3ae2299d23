//! Which geneses are refused: unsafe sets, keys that serve twice, weak keys, limits that contradict each other.

use std::collections::BTreeSet;

use super::{Bus, Genesis, Limits, Protected, Role, TopicPartitions};
use crate::agree::{Decision, ValidatorSet};
use crate::event::{Demand, kind_is_sound};
use crate::keys::{Algorithm, KeyBundle, SignatureCheck};
use crate::limits::{
    BATCH_BYTES_MAX, BLOCK_BYTES_MAX, EVENT_BYTES_MAX, GOVERNANCE_BYTES_MAX, PARTITIONS_MAX,
    SIGNED_EVENT_OVERHEAD_MAX,
};
use crate::refusal::ensure;
use crate::wire::Wire;
use crate::{Code, Refusal};

/// 1 KiB: an event with its required fields takes about 250 bytes; less leaves no room for a payload.
const EVENT_BYTES_MIN: u32 = 1024;
/// 2^53 − 1 µs, in the year 2255: header times have to grow from here.
const TIME_US_MAX: u64 = (1 << 53) - 1;
/// 2^48 heights: 8,900 years at a thousand blocks a second; heights have to grow from here.
const HEIGHT_MAX: u64 = 1 << 48;
/// 8 heights: a decision is certified three or four heights late even when nothing is wrong.
const ANCHOR_LAG_MIN: u32 = 8;
/// 1,024 heights: more payload ahead of what is certified would bound nothing.
const ANCHOR_LAG_MAX: u32 = 1024;
/// 16,384 heights: registry entries are kept twice as long after their end.
const REGISTRY_LAG_MAX: u32 = 16 * 1024;
/// The topics of a Kafka bus, ascending, with the most partitions each may have.
const TOPICS: [(&str, u32); 8] = [
    ("control.audit.v1", PARTITIONS_MAX),
    ("control.commits.v1", 1),
    ("control.dlq.v1", PARTITIONS_MAX),
    ("control.epochs.v1", 1),
    ("control.events.v1", PARTITIONS_MAX),
    ("control.evidence.v1", PARTITIONS_MAX),
    ("control.policy.v1", PARTITIONS_MAX),
    ("control.reputation.v1", PARTITIONS_MAX),
];

impl Genesis {
    /// Checks every rule of a genesis.
    pub fn check(&self, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.check_shape()?;
        let named = !self.network.as_str().is_empty();
        ensure(named, Code::GenesisField, || "a network without a name".into())?;
        let dated = self.time_us.get() <= TIME_US_MAX;
        ensure(dated, Code::GenesisField, || "made after the year 2255".into())?;
        ensure(self.protocol_version > 0, Code::GenesisField, || "protocol version 0".into())?;
        self.validators.check(self.scheme, signatures)?;
        self.check_administrators(signatures)?;
        self.check_registry(signatures)?;
        self.check_keys_distinct()?;
        check_limits(&self.limits, &self.validators)?;
        self.check_topics()?;
        let ascending = self.protected.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        ensure(ascending, Code::GenesisField, || "protected subjects not ascending, or one twice".into())?;
        let possible = |one: &Protected| kind_is_sound(one.kind.as_str()) && !one.value.as_str().is_empty();
        let possible = self.protected.iter().all(possible);
        ensure(possible, Code::GenesisField, || "a protected subject that no event can name".into())?;
        self.continues.as_ref().map_or(Ok(()), |decision| self.check_continuation(decision))
    }

    fn check_administrators(&self, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        let (k, keys) = (usize::from(self.administrators.threshold), &self.administrators.keys);
        ensure((1..=keys.len()).contains(&k), Code::GenesisAdministrators, || {
            format!("{k} of {} administrators", keys.len()).into()
        })?;
        keys.iter().try_for_each(|bundle| {
            bundle.check_shape()?;
            // Two keys each, so that the signatures of all of them fit one transaction.
            let hybrid = bundle.keys().len() == 2 && bundle.key(Algorithm::Ed25519).is_some();
            ensure(hybrid, Code::GenesisAdministrators, || {
                "an administrator without exactly one post-quantum key".into()
            })?;
            bundle.check_for_registration(signatures)
        })
    }

    fn check_registry(&self, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        let kids: Vec<_> = self.registry.iter().map(|key| key.bundle.kid()).collect();
        let ascending = kids.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        ensure(ascending, Code::GenesisRegistry, || "keys not ascending by kid, or one twice".into())?;
        self.registry.iter().try_for_each(|key| {
            key.bundle.check_shape()?;
            key.check()?;
            let hybrid = key.bundle.keys().iter().any(|key| key.algorithm != Algorithm::Ed25519);
            let spared = key.role == Role::Producer && key.demand == Demand::Ed25519;
            ensure(hybrid || spared, Code::GenesisRegistry, || {
                "a key that is neither hybrid nor spared it".into()
            })?;
            key.bundle.check_for_registration(signatures)
        })
    }

    /// One key in two places would let one role speak for another.
    fn check_keys_distinct(&self) -> Result<(), Refusal> {
        let bundled =
            |bundle: &'_ KeyBundle| bundle.keys().iter().map(|key| key.key.as_slice().to_vec()).collect();
        let administrators = self.administrators.keys.iter();
        let bundles = administrators.chain(self.registry.iter().map(|key| &key.bundle));
        let others = bundles.flat_map(|bundle| -> Vec<Vec<u8>> { bundled(bundle) });
        let mut seen = BTreeSet::new();
        let distinct =
            self.validators.all_keys().map(<[u8]>::to_vec).chain(others).all(|key| seen.insert(key));
        ensure(distinct, Code::KeyDuplicate, || "one key stands twice in the genesis".into())
    }

    fn check_topics(&self) -> Result<(), Refusal> {
        let names = self.topics.iter().map(|topic| topic.topic.as_str());
        let complete = match self.bus {
            Bus::None => self.topics.is_empty(),
            Bus::Kafka => names.eq(TOPICS.iter().map(|(name, _)| *name)),
        };
        ensure(complete, Code::GenesisTopics, || "not exactly the topics of this bus".into())?;
        let known = |name: &str| TOPICS.iter().find(|(topic, _)| *topic == name).map(|(_, most)| *most);
        let sound = |topic: &TopicPartitions| {
            known(topic.topic.as_str()).is_some_and(|most| (1..=most).contains(&topic.partitions))
        };
        ensure(self.topics.iter().all(sound), Code::GenesisTopics, || "partitions out of range".into())
    }

    fn check_continuation(&self, decision: &Decision) -> Result<(), Refusal> {
        decision.check_shape()?;
        let later = decision.time_us < self.time_us;
        ensure(later, Code::GenesisField, || "a recovery older than what it goes on from".into())?;
        let possible = decision.height.get() <= HEIGHT_MAX;
        ensure(possible, Code::GenesisField, || "a recovery from a height that no chain reaches".into())
    }
}

fn check_limits(limits: &Limits, validators: &ValidatorSet) -> Result<(), Refusal> {
    let fits = |value: u32, most: usize| usize::try_from(value).is_ok_and(|value| value <= most);
    let ceilings = fits(limits.event_bytes, EVENT_BYTES_MAX)
        && fits(limits.batch_bytes, BATCH_BYTES_MAX)
        && fits(limits.block_bytes, BLOCK_BYTES_MAX);
    ensure(ceilings, Code::GenesisLimits, || "a limit above its ceiling".into())?;
    // Whatever can be admitted must fit an otherwise empty batch: a governance transaction, and a redrive, which
    // carries its event twice.
    let redrive =
        u64::from(limits.event_bytes).saturating_add(to_u64(SIGNED_EVENT_OVERHEAD_MAX)).saturating_mul(2);
    let largest = redrive.saturating_add(PROOFS_BYTES).max(to_u64(GOVERNANCE_BYTES_MAX));
    let room = limits.event_bytes >= EVENT_BYTES_MIN && u64::from(limits.batch_bytes) >= largest;
    ensure(room, Code::GenesisLimits, || format!("a batch must hold {largest} bytes at least").into())?;
    let share = u64::from(limits.batch_bytes).saturating_mul(to_u64(validators.n()));
    let fair = share <= u64::from(limits.block_bytes);
    ensure(fair, Code::GenesisLimits, || "a batch above 1/n of a block".into())?;
    let lags = (ANCHOR_LAG_MIN..=ANCHOR_LAG_MAX).contains(&limits.anchor_lag)
        && limits.registry_lag <= REGISTRY_LAG_MAX
        && limits.registry_lag / 4 >= limits.anchor_lag;
    ensure(lags, Code::GenesisLimits, || {
        "8 to 1,024 heights of anchor lag, four times that of registry lag".into()
    })
}

/// 32 KiB: the proofs, the decision and the signatures of a redrive.
const PROOFS_BYTES: u64 = 32 * 1024;

fn to_u64(size: usize) -> u64 {
    u64::try_from(size).unwrap_or(u64::MAX)
}
