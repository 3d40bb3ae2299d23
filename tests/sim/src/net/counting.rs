//! A check that counts what it is asked: what a message costs whoever has not seen any of it before.

use std::sync::atomic::{AtomicU64, Ordering};

use cybermesh_proto::keys::{MlDsa, SignatureCheck, Zip215Item};

/// Another check, and how many signatures of validators it was asked about. Both halves of a hybrid one count once:
/// the Ed25519 half comes first in every scheme.
pub(super) struct Counting<'a> {
    inner: &'a dyn SignatureCheck,
    asked: AtomicU64,
}

impl<'a> Counting<'a> {
    pub(super) fn new(inner: &'a dyn SignatureCheck) -> Self {
        Self { inner, asked: AtomicU64::new(0) }
    }

    pub(super) fn asked(&self) -> u64 {
        self.asked.load(Ordering::Relaxed)
    }
}

impl SignatureCheck for Counting<'_> {
    fn ed25519_zip215(&self, item: Zip215Item<'_>) -> bool {
        self.inner.ed25519_zip215(item)
    }

    fn ed25519_zip215_batch(&self, items: &[Zip215Item<'_>]) -> Vec<bool> {
        self.inner.ed25519_zip215_batch(items)
    }

    fn ed25519_strict(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        self.asked.fetch_add(1, Ordering::Relaxed);
        self.inner.ed25519_strict(key, message, signature)
    }

    fn ml_dsa(&self, level: MlDsa, key: &[u8], message: &[u8], signature: &[u8]) -> bool {
        self.inner.ml_dsa(level, key, message, signature)
    }

    fn ed25519_key_is_sound(&self, key: &[u8; 32]) -> bool {
        self.inner.ed25519_key_is_sound(key)
    }
}
