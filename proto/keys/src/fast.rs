//! The fast checks: Ed25519 in batches, ML-DSA by aws-lc.
//!
//! A batch is one equation over random coefficients; ZIP-215 makes its verdict that of the single checks. A
//! batch that fails is halved, three times at most, and what still fails is judged one by one: a few bad
//! signatures cost little, and many at most twice what single checks would.

use aws_lc_rs::signature::{ML_DSA_44, ML_DSA_65, ML_DSA_87, UnparsedPublicKey};
use curve25519_dalek::edwards::CompressedEdwardsY;
use cybermesh_proto::keys::{Algorithm, MlDsa, SignatureCheck, Zip215Item};
use ed25519_zebra::{Signature, VerificationKey, VerificationKeyBytes, batch};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// 4: below that, single checks are as fast as an equation.
const BATCH_MIN: usize = 4;

/// 3: each further one would cost an attacker nothing and us another equation over everything.
const HALVINGS_MAX: u32 = 3;

/// The fast checks.
#[derive(Clone, Copy, Debug, Default)]
pub struct Fast;

impl SignatureCheck for Fast {
    fn ed25519_zip215(&self, item: Zip215Item<'_>) -> bool {
        VerificationKey::try_from(*item.key)
            .is_ok_and(|key| key.verify(&Signature::from_bytes(item.signature), item.message).is_ok())
    }

    fn ed25519_zip215_batch(&self, items: &[Zip215Item<'_>]) -> Vec<bool> {
        let mut coins = [0; 32];
        if getrandom::fill(&mut coins).is_err() {
            // Without coins a batch could be fooled; one by one it cannot.
            return items.iter().map(|item| self.ed25519_zip215(*item)).collect();
        }
        let queued: Vec<_> = items.iter().map(queued).collect();
        let mut verdicts = vec![true; items.len()];
        bisect(&queued, &mut verdicts, &mut ChaCha20Rng::from_seed(coins), HALVINGS_MAX);
        verdicts
    }

    fn ed25519_strict(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        ed25519_dalek::VerifyingKey::from_bytes(key)
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }

    fn ml_dsa(&self, level: MlDsa, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        let algorithm = match level {
            MlDsa::L44 => &ML_DSA_44,
            MlDsa::L65 => &ML_DSA_65,
            MlDsa::L87 => &ML_DSA_87,
        };
        let verifies =
            |key: Vec<u8>| UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok();
        encoded_key(level, key).is_some_and(verifies)
    }

    fn ed25519_key_is_sound(&self, key: &[u8; 32]) -> bool {
        CompressedEdwardsY(*key).decompress().is_some_and(|point| {
            point.compress().as_bytes() == key && !point.is_small_order() && point.is_torsion_free()
        })
    }
}

/// The key as SubjectPublicKeyInfo. aws-lc takes a bare key too, but looks for this form first: a bare key whose
/// first bytes look like it would be read as another one, and get another verdict than elsewhere.
fn encoded_key(level: MlDsa, key: &[u8]) -> Option<Vec<u8>> {
    let (algorithm, arc) = match level {
        MlDsa::L44 => (Algorithm::MlDsa44, 0x11),
        MlDsa::L65 => (Algorithm::MlDsa65, 0x12),
        MlDsa::L87 => (Algorithm::MlDsa87, 0x13),
    };
    if key.len() != algorithm.key_bytes() {
        return None;
    }
    let length = |more: usize| u16::try_from(key.len() + more).map(u16::to_be_bytes).ok();
    let (outer, inner) = (length(18)?, length(1)?);
    let mut encoded = vec![0x30, 0x82, outer[0], outer[1], 0x30, 0x0b, 0x06, 0x09];
    encoded.extend_from_slice(&[
        0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x03, arc, 0x03, 0x82, inner[0], inner[1], 0,
    ]);
    encoded.extend_from_slice(key);
    Some(encoded)
}

fn queued(item: &Zip215Item<'_>) -> batch::Item {
    (VerificationKeyBytes::from(*item.key), Signature::from_bytes(item.signature), item.message).into()
}

/// Marks the bad signatures. `verdicts` starts as all true and has the length of `items`.
fn bisect(items: &[batch::Item], verdicts: &mut [bool], coins: &mut ChaCha20Rng, halvings: u32) {
    if items.len() >= BATCH_MIN && all_hold(items, coins) {
        return;
    }
    let Some(halvings) = halvings.checked_sub(1).filter(|_| items.len() >= BATCH_MIN) else {
        for (item, verdict) in items.iter().zip(verdicts) {
            *verdict = item.clone().verify_single().is_ok();
        }
        return;
    };
    let half = items.len() / 2;
    let (left, right) = items.split_at(half);
    let (left_verdicts, right_verdicts) = verdicts.split_at_mut(half);
    bisect(left, left_verdicts, coins, halvings);
    bisect(right, right_verdicts, coins, halvings);
}

fn all_hold(items: &[batch::Item], coins: &mut ChaCha20Rng) -> bool {
    let mut verifier = batch::Verifier::new();
    items.iter().for_each(|item| verifier.queue(item.clone()));
    verifier.verify(coins).is_ok()
}
