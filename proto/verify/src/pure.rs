//! The arithmetic of signatures in pure Rust, for every target, over public data only.
//!
//! Producers' Ed25519 by ZIP-215 (ed25519-zebra), everybody else's by the strict rule (ed25519-dalek), ML-DSA by
//! fips204 with the empty context. Shared vectors hold it to the verdicts of the fast implementation.

use curve25519_dalek::edwards::CompressedEdwardsY;
use cybermesh_proto::keys::{MlDsa, SignatureCheck, Zip215Item};
use fips204::traits::{SerDes, Verifier};

/// The pure-Rust checks.
#[derive(Clone, Copy, Debug, Default)]
pub struct PureRust;

impl SignatureCheck for PureRust {
    fn ed25519_zip215(&self, item: Zip215Item<'_>) -> bool {
        let signature = ed25519_zebra::Signature::from_bytes(item.signature);
        ed25519_zebra::VerificationKey::try_from(*item.key)
            .is_ok_and(|key| key.verify(&signature, item.message).is_ok())
    }

    fn ed25519_strict(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let signature = ed25519_dalek::Signature::from_bytes(signature);
        ed25519_dalek::VerifyingKey::from_bytes(key)
            .is_ok_and(|key| key.verify_strict(message, &signature).is_ok())
    }

    fn ml_dsa(&self, level: MlDsa, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        match level {
            MlDsa::L44 => check::<fips204::ml_dsa_44::PublicKey, 1312, 2420>(key, message, signature),
            MlDsa::L65 => check::<fips204::ml_dsa_65::PublicKey, 1952, 3309>(key, message, signature),
            MlDsa::L87 => check::<fips204::ml_dsa_87::PublicKey, 2592, 4627>(key, message, signature),
        }
    }

    fn ed25519_key_is_sound(&self, key: &[u8; 32]) -> bool {
        CompressedEdwardsY(*key).decompress().is_some_and(|point| {
            point.compress().as_bytes() == key && !point.is_small_order() && point.is_torsion_free()
        })
    }
}

fn check<K, const KEY: usize, const SIGNATURE: usize>(key: &[u8], message: &[u8], signature: &[u8]) -> bool
where
    K: SerDes<ByteArray = [u8; KEY]> + Verifier<Signature = [u8; SIGNATURE]>,
{
    let (Ok(key), Ok(signature)) = (<[u8; KEY]>::try_from(key), <[u8; SIGNATURE]>::try_from(signature))
    else {
        return false;
    };
    K::try_from_bytes(key).is_ok_and(|key| key.verify(message, &signature, &[]))
}
