//! A producer's signatures against the registry: every demanded half, over the event bytes as received.

use super::{SignedEvent, event_signing_bytes};
use crate::keys::{Algorithm, KeyBundle, SignatureCheck, Zip215Item};
use crate::refusal::ensure;
use crate::wire::Verified;
use crate::{Code, Refusal};

/// Which halves a producer's registry entry demands.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum Demand {
    /// A signature with every key of the bundle.
    WholeBundle = 1,
    /// The Ed25519 half is enough; whatever else is there must still hold.
    Ed25519 = 2,
}

/// What the registry says of a signer.
#[derive(Clone, Copy, Debug)]
pub struct Signer<'a> {
    /// Its public keys.
    pub bundle: &'a KeyBundle,
    /// Which halves it owes.
    pub demand: Demand,
}

impl SignedEvent {
    /// Checks one event's signatures.
    pub fn verify(
        self,
        signer: Signer<'_>,
        signatures: &dyn SignatureCheck,
    ) -> Result<Verified<Self>, Refusal> {
        let mut verdicts = verify_batch(vec![(self, signer)], signatures);
        let nothing = || Err(Refusal::new(Code::AuthnDenySignature, "no verdict"));
        verdicts.pop().unwrap_or_else(nothing)
    }

    fn check_halves(&self, signer: Signer<'_>) -> Result<(), Refusal> {
        let known = self.producer() == signer.bundle.kid();
        ensure(known, Code::AuthnDenyUnknownKey, || "the event's producer has other keys".into())?;
        let has = |algorithm| self.halves.iter().any(|half| half.algorithm == algorithm);
        let owed = |algorithm| signer.demand == Demand::WholeBundle || algorithm == Algorithm::Ed25519;
        let complete = signer.bundle.keys().iter().all(|key| has(key.algorithm) || !owed(key.algorithm));
        ensure(complete, Code::AuthnDenyHalfMissing, || "a demanded half is missing".into())?;
        let registered = self.halves.iter().all(|half| signer.bundle.key(half.algorithm).is_some());
        ensure(registered, Code::AuthnDenyAlgorithm, || {
            "signed with an algorithm without registered key".into()
        })
    }

    fn zip215_item<'a>(&'a self, signer: Signer<'a>, message: &'a [u8]) -> Option<Zip215Item<'a>> {
        let half = self.halves.iter().find(|half| half.algorithm == Algorithm::Ed25519)?;
        let key = signer.bundle.key(Algorithm::Ed25519)?.try_into().ok()?;
        Some(Zip215Item { key, message, signature: half.bytes.as_slice().try_into().ok()? })
    }

    fn check_post_quantum(
        &self,
        signer: Signer<'_>,
        message: &[u8],
        signatures: &dyn SignatureCheck,
    ) -> Result<(), Refusal> {
        self.halves.iter().try_for_each(|half| {
            let (Some(level), Some(key)) = (half.algorithm.ml_dsa(), signer.bundle.key(half.algorithm))
            else {
                return Ok(());
            };
            let holds = signatures.ml_dsa(level, key, message, &half.bytes);
            ensure(holds, Code::AuthnDenySignature, || format!("the {} half", half.algorithm.name()).into())
        })
    }
}

/// Checks many events: the Ed25519 halves together, the post-quantum halves only of those whose first half held.
///
/// Each verdict is the one the event would get alone.
pub fn verify_batch(
    events: Vec<(SignedEvent, Signer<'_>)>,
    signatures: &dyn SignatureCheck,
) -> Vec<Result<Verified<SignedEvent>, Refusal>> {
    let messages: Vec<_> = events.iter().map(|(event, _)| event_signing_bytes(event.event_bytes())).collect();
    let shapes: Vec<_> = events.iter().map(|(event, signer)| event.check_halves(*signer)).collect();
    let mut items = Vec::with_capacity(events.len());
    for (((event, signer), message), shape) in events.iter().zip(&messages).zip(&shapes) {
        if shape.is_ok() {
            items.extend(event.zip215_item(*signer, message));
        }
    }
    let mut verdicts = signatures.ed25519_zip215_batch(&items).into_iter();
    let mut results = Vec::with_capacity(events.len());
    for (((event, signer), message), shape) in events.iter().zip(&messages).zip(shapes) {
        results.push(shape.and_then(|()| {
            let item = event.zip215_item(*signer, message);
            let holds = item.is_some() && verdicts.next() == Some(true);
            ensure(holds, Code::AuthnDenySignature, || "the Ed25519 half".into())?;
            event.check_post_quantum(*signer, message, signatures)
        }));
    }
    let vouch = |(event, result): (SignedEvent, Result<(), Refusal>)| {
        result.map(|()| {
            let bytes = event.received().to_vec();
            Verified::vouched(event, bytes)
        })
    };
    events.into_iter().map(|(event, _)| event).zip(results).map(vouch).collect()
}

impl From<Demand> for u8 {
    fn from(demand: Demand) -> Self {
        demand as Self
    }
}

impl TryFrom<u8> for Demand {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::WholeBundle),
            2 => Ok(Self::Ed25519),
            _ => Err("unknown demand"),
        }
    }
}
