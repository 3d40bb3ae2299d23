//! The fast checks: Ed25519 in batches, ML-DSA by aws-lc.
//!
//! A batch is one equation over random coefficients; ZIP-215 makes its verdict that of the single checks. A
//! batch that fails is halved until the bad signatures stand alone, so one forger costs a few equations, not a
//! return to one by one.

use aws_lc_rs::signature::{ML_DSA_44, ML_DSA_65, ML_DSA_87, UnparsedPublicKey};
use curve25519_dalek::edwards::CompressedEdwardsY;
use cybermesh_proto::keys::{MlDsa, SignatureCheck, Zip215Item};
use ed25519_zebra::{Signature, VerificationKey, VerificationKeyBytes, batch};
use rand_chacha::ChaCha20Rng;
use rand_core::SeedableRng as _;

/// 4: below that, single checks are as fast as an equation.
const BATCH_MIN: usize = 4;

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
        bisect(&queued, &mut verdicts, &mut ChaCha20Rng::from_seed(coins));
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
        UnparsedPublicKey::new(algorithm, key).verify(message, signature).is_ok()
    }

    fn ed25519_key_is_sound(&self, key: &[u8; 32]) -> bool {
        CompressedEdwardsY(*key).decompress().is_some_and(|point| {
            point.compress().as_bytes() == key && !point.is_small_order() && point.is_torsion_free()
        })
    }
}

fn queued(item: &Zip215Item<'_>) -> batch::Item {
    (VerificationKeyBytes::from(*item.key), Signature::from_bytes(item.signature), item.message).into()
}

/// Marks the bad signatures. `verdicts` starts as all true and has the length of `items`.
fn bisect(items: &[batch::Item], verdicts: &mut [bool], coins: &mut ChaCha20Rng) {
    if items.len() < BATCH_MIN {
        for (item, verdict) in items.iter().zip(verdicts) {
            *verdict = item.clone().verify_single().is_ok();
        }
        return;
    }
    let mut verifier = batch::Verifier::new();
    items.iter().for_each(|item| verifier.queue(item.clone()));
    if verifier.verify(&mut *coins).is_ok() {
        return;
    }
    let half = items.len() / 2;
    let (left, right) = items.split_at(half);
    let (left_verdicts, right_verdicts) = verdicts.split_at_mut(half);
    bisect(left, left_verdicts, coins);
    bisect(right, right_verdicts, coins);
}
