//! A public-key bundle: all keys that one signer signs with, and the one name (kid) they share.
//!
//! `[[algorithm, key], …]`, algorithms in the order of their numbers, each at most once. The kid is the tagged
//! hash of these bytes, so a signature's kid names every half of a hybrid and none can be swapped.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::Algorithm;
use crate::domain::Domain;
use crate::hash::tagged;
use crate::limits::SIGNATURES_MAX;
use crate::refusal::ensure;
use crate::wire::{Blob, List, Wire, encode_canonical};
use crate::{Code, Kid, Refusal};

/// The longest public key there is (ML-DSA-87).
const KEY_BYTES_MAX: usize = 2592;

/// One public key of a bundle.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct BundleKey {
    /// Its algorithm.
    pub algorithm: Algorithm,
    /// Its bytes; the length is that of the algorithm.
    pub key: Blob<KEY_BYTES_MAX>,
}

/// The public keys of one signer.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct KeyBundle(List<BundleKey, SIGNATURES_MAX>);

impl KeyBundle {
    /// A bundle of these keys, or why it is none.
    pub fn new(keys: Vec<(Algorithm, Vec<u8>)>) -> Result<Self, Refusal> {
        let shape = || Refusal::new(Code::KeyBundle, "too many or too long keys");
        let keys =
            keys.into_iter().map(|(algorithm, key)| Some(BundleKey { algorithm, key: Blob::new(key)? }));
        let keys = keys.collect::<Option<Vec<_>>>().and_then(List::new).ok_or_else(shape)?;
        let bundle = Self(keys);
        bundle.check_shape()?;
        Ok(bundle)
    }

    /// The name of this bundle.
    #[must_use]
    pub fn kid(&self) -> Kid {
        Kid(tagged(Domain::KID, &encode_canonical(self)))
    }

    /// The keys, in the order of their algorithms.
    #[must_use]
    pub fn keys(&self) -> &[BundleKey] {
        &self.0
    }

    /// The key of one algorithm.
    #[must_use]
    pub fn key(&self, algorithm: Algorithm) -> Option<&[u8]> {
        self.0.iter().find(|key| key.algorithm == algorithm).map(|key| key.key.as_slice())
    }
}

impl Wire for KeyBundle {
    const NAME: &'static str = "key bundle";
    /// 16 KiB: all four keys take 5,900 bytes.
    const BYTES_MAX: usize = 16 * 1024;

    fn check_shape(&self) -> Result<(), Refusal> {
        let (keys, code) = (&self.0, Code::KeyBundle);
        ensure(!keys.is_empty(), code, || "a bundle without keys".into())?;
        let ascending = keys.windows(2).all(|pair| matches!(pair, [a, b] if a.algorithm < b.algorithm));
        ensure(ascending, code, || "algorithms not ascending, or one twice".into())?;
        let length_is_right = |key: &BundleKey| key.key.as_slice().len() == key.algorithm.key_bytes();
        ensure(keys.iter().all(length_is_right), Code::KeyLength, || "a key of the wrong length".into())
    }
}
