//! Which geneses are refused: unsafe sets, keys that serve twice, weak keys, limits that contradict each other.

use std::collections::BTreeSet;

use super::{Bus, Genesis, Limits, Role};
use crate::agree::{Decision, ValidatorSet};
use crate::keys::{Algorithm, KeyBundle, SignatureCheck};
use crate::limits::{BATCH_BYTES_MAX, BLOCK_BYTES_MAX, EVENT_BYTES_MAX, PARTITIONS_MAX};
use crate::refusal::ensure;
use crate::wire::Wire;
use crate::{Code, Refusal};

/// 1 KiB: an event with its required fields takes about 250 bytes; less leaves no room for a payload.
const EVENT_BYTES_MIN: u32 = 1024;

impl Genesis {
    /// Checks every rule of a genesis.
    pub fn check(&self, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.check_shape()?;
        let named = !self.network.as_str().is_empty();
        ensure(named, Code::GenesisField, || "a network without a name".into())?;
        ensure(self.protocol_version > 0, Code::GenesisField, || "protocol version 0".into())?;
        self.validators.check(self.scheme, signatures)?;
        self.check_administrators(signatures)?;
        self.check_registry(signatures)?;
        self.check_keys_distinct()?;
        check_limits(&self.limits, &self.validators)?;
        self.check_topics()?;
        let ascending = self.protected.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        ensure(ascending, Code::GenesisField, || "protected subjects not ascending, or one twice".into())?;
        self.continues.as_ref().map_or(Ok(()), |decision| self.check_continuation(decision))
    }

    fn check_administrators(&self, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        let (k, keys) = (usize::from(self.administrators.threshold), &self.administrators.keys);
        ensure((1..=keys.len()).contains(&k), Code::GenesisAdministrators, || {
            format!("{k} of {} administrators", keys.len()).into()
        })?;
        keys.iter().try_for_each(|bundle| {
            bundle.check_shape()?;
            let hybrid = bundle.keys().iter().any(|key| key.algorithm != Algorithm::Ed25519);
            ensure(hybrid, Code::GenesisAdministrators, || {
                "an administrator without a post-quantum key".into()
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
            let owes = key.role == Role::Producer || hybrid;
            ensure(owes, Code::GenesisRegistry, || "a service or agent without a post-quantum key".into())?;
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
        let ascending = self.topics.windows(2).all(|pair| matches!(pair, [a, b] if a.topic < b.topic));
        ensure(ascending, Code::GenesisTopics, || "topics not ascending, or one twice".into())?;
        let sound = self.topics.iter().all(|topic| {
            let name = topic.topic.as_str().strip_prefix("control.").unwrap_or_default();
            !name.is_empty() && (1..=PARTITIONS_MAX).contains(&topic.partitions)
        });
        ensure(sound, Code::GenesisTopics, || "a topic outside control.*, or without partitions".into())?;
        let bus = (self.bus == Bus::Kafka) == !self.topics.is_empty();
        ensure(bus, Code::GenesisTopics, || "topics go with a bus, and a bus with topics".into())
    }

    fn check_continuation(&self, decision: &Decision) -> Result<(), Refusal> {
        decision.check_shape()?;
        let later = decision.time_us < self.time_us;
        ensure(later, Code::GenesisField, || "a recovery older than what it goes on from".into())
    }
}

fn check_limits(limits: &Limits, validators: &ValidatorSet) -> Result<(), Refusal> {
    let fits = |value: u32, most: usize| usize::try_from(value).is_ok_and(|value| value <= most);
    let ceilings = fits(limits.event_bytes, EVENT_BYTES_MAX)
        && fits(limits.batch_bytes, BATCH_BYTES_MAX)
        && fits(limits.block_bytes, BLOCK_BYTES_MAX);
    ensure(ceilings, Code::GenesisLimits, || "a limit above its ceiling".into())?;
    // Four times, so that a signed event, an evidence item or a redrive always fits an otherwise empty batch.
    let room = limits.event_bytes >= EVENT_BYTES_MIN && limits.batch_bytes / 4 >= limits.event_bytes;
    ensure(room, Code::GenesisLimits, || "an event must fit four times into a batch".into())?;
    let share =
        u64::from(limits.batch_bytes).saturating_mul(u64::try_from(validators.n()).unwrap_or(u64::MAX));
    let fair = share <= u64::from(limits.block_bytes);
    ensure(fair, Code::GenesisLimits, || "a batch above 1/n of a block".into())?;
    let lags = limits.anchor_lag > 0 && limits.registry_lag / 4 >= limits.anchor_lag;
    ensure(lags, Code::GenesisLimits, || "the registry lag must be at least four anchor lags".into())
}
