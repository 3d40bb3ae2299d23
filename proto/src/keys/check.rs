//! What a library must answer about signatures, and what follows for whole keys.

use super::{Algorithm, KeyBundle, MlDsa};
use crate::refusal::ensure;
use crate::{Code, Refusal};

/// One Ed25519 signature of a producer, to be judged by ZIP-215.
#[derive(Clone, Copy, Debug)]
pub struct Zip215Item<'a> {
    /// The public key.
    pub key: &'a [u8; 32],
    /// What was signed.
    pub message: &'a [u8],
    /// The signature.
    pub signature: &'a [u8; 64],
}

/// The verdicts on bare signatures. Every implementation must give the same ones, held by shared vectors.
pub trait SignatureCheck: Send + Sync {
    /// Ed25519 as producers sign: ZIP-215, whose verdict is the same alone and in a batch.
    fn ed25519_zip215(&self, item: Zip215Item<'_>) -> bool;

    /// The same verdicts for many; an implementation may be faster than one by one, never different.
    fn ed25519_zip215_batch(&self, items: &[Zip215Item<'_>]) -> Vec<bool> {
        items.iter().map(|item| self.ed25519_zip215(*item)).collect()
    }

    /// Ed25519 as validators and administrators sign: the strict rule, one by one.
    fn ed25519_strict(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool;

    /// ML-DSA with the empty context. Wrong lengths are a refusal, not a panic.
    fn ml_dsa(&self, level: MlDsa, key: &[u8], message: &[u8], signature: &[u8]) -> bool;

    /// A public key that may be registered: canonical, on the curve, of prime order (not small, not mixed).
    fn ed25519_key_is_sound(&self, key: &[u8; 32]) -> bool;
}

/// A weak key signs every message at once; a mixed-order one splits verifiers. Neither is ever registered.
pub(crate) fn check_sound_ed25519(key: &[u8; 32], signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
    let sound = signatures.ed25519_key_is_sound(key);
    ensure(sound, Code::KeyWeak, || "an Ed25519 key that is weak, non-canonical or of mixed order".into())
}

impl KeyBundle {
    /// The checks of a registration: an Ed25519 half, and no weak, non-canonical or mixed-order key.
    pub fn check_for_registration(&self, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        let Some(key) = self.key(Algorithm::Ed25519) else {
            return Err(Refusal::new(Code::KeyBundle, "a bundle without an Ed25519 key"));
        };
        let length = || Refusal::new(Code::KeyLength, "an Ed25519 key of the wrong length");
        check_sound_ed25519(key.try_into().map_err(|_| length())?, signatures)?;
        let post_quantum = self.keys().iter().filter(|key| key.algorithm != Algorithm::Ed25519);
        post_quantum.map(|key| key.key.as_slice()).try_for_each(check_sound_ml_dsa)
    }
}

/// 320 bytes: 256 coefficients of 10 bits.
const ROW_BYTES: usize = 320;
/// 128 of 1,024: an honest row of 256 coefficients has 226 different values on average, and never so few.
const VALUES_MIN: u32 = 128;

/// Under an ML-DSA key whose `t1` is nought anybody signs anything, without a secret; so it is with other constants
/// near nought modulo q. Rows of too few values are refused. No check can see everything: whoever makes a key can
/// also give it away.
///
/// `t1` follows 32 bytes of seed, in rows of 256 coefficients.
pub(crate) fn check_sound_ml_dsa(key: &[u8]) -> Result<(), Refusal> {
    let rows = key.get(32..).unwrap_or_default();
    let sound = !rows.is_empty() && rows.chunks(ROW_BYTES).all(|row| different_values(row) >= VALUES_MIN);
    ensure(sound, Code::KeyWeak, || "an ML-DSA key with a row of too few values".into())
}

fn different_values(row: &[u8]) -> u32 {
    let mut seen = [0_u64; 16];
    for five in row.chunks(5) {
        let mut word = [0; 8];
        word.iter_mut().zip(five).for_each(|(to, from)| *to = *from);
        let bits = u64::from_le_bytes(word);
        for value in [0, 10, 20, 30].map(|shift| (bits >> shift) & 0x3ff) {
            let place = usize::try_from(value / 64).ok().and_then(|word| seen.get_mut(word));
            place.into_iter().for_each(|word| *word |= 1 << (value % 64));
        }
    }
    seen.iter().map(|word| word.count_ones()).sum()
}
