//! Signatures that cost one hash, and the seam for [real ones](crate::real_keys).
//!
//! A signature is `SHA-256(secret ‖ salt ‖ message) ‖ salt`, 32 bytes each.
//!
//! **Promises**: whoever does not hold a [`Signer`] makes no signature that holds, because the only code that a lying
//! node runs is given its own signer and nothing else. Every signature covers all bytes of its message.
//!
//! **Is no cryptography**: the public key is the secret, so that the check can make the signature again.

use std::fmt;
use std::rc::Rc;

use cybermesh_proto::agree::Validator;
use cybermesh_proto::keys::{
    Algorithm, KeyBundle, MlDsa, Scheme, SignatureCheck, ValidatorSignature, Zip215Item,
};
use cybermesh_proto::wire::{Fixed, Text};
use sha2::{Digest as _, Sha256};

use crate::real_keys::RealKeys;
use crate::rng::Rng;

/// Signs with the key of one validator.
pub trait Signer {
    /// The signature over these bytes. Another salt gives other signature bytes, as hedged signatures have them.
    fn sign(&self, message: &[u8], salt: u64) -> ValidatorSignature;
}

/// How validators get keys, sign and are checked.
pub trait SignScheme: fmt::Debug {
    /// What the genesis says of it.
    fn scheme(&self) -> Scheme;

    /// A validator of this name with its signer.
    fn validator(&self, name: &str) -> (Validator, Rc<dyn Signer>);

    /// The keys of the administrator; nothing is signed with them.
    fn administrator(&self) -> KeyBundle;

    /// The check of its signatures.
    fn check(&self) -> &dyn SignatureCheck;
}

/// Which keys a run has.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, Default)]
pub enum Keys {
    /// Those of the keyed hash.
    #[default]
    Hashed,
    /// Ed25519 and ML-DSA-65.
    Real,
}

impl Keys {
    /// The scheme of these keys.
    #[must_use]
    pub fn scheme(self) -> Rc<dyn SignScheme> {
        match self {
            Self::Hashed => Rc::new(KeyedHash),
            Self::Real => Rc::new(RealKeys),
        }
    }
}

/// The scheme of a keyed hash.
#[derive(Clone, Copy, Debug, Default)]
pub struct KeyedHash;

struct KeyedSigner([u8; 32]);

impl Signer for KeyedSigner {
    fn sign(&self, message: &[u8], salt: u64) -> ValidatorSignature {
        let mut bytes = vec![0; 64];
        bytes[32..40].copy_from_slice(&salt.to_le_bytes());
        let hash = keyed(&self.0, &bytes[32..], message);
        bytes[..32].copy_from_slice(&hash);
        ValidatorSignature::new(bytes).expect("64 bytes fit")
    }
}

impl SignScheme for KeyedHash {
    fn scheme(&self) -> Scheme {
        Scheme::Ed25519
    }

    fn validator(&self, name: &str) -> (Validator, Rc<dyn Signer>) {
        let secret: [u8; 32] = Sha256::digest(format!("simulated validator {name}")).into();
        // Bytes that pass for post-quantum keys; nothing is ever signed with them.
        let mut filler = Rng::new(u64::from_le_bytes(secret[..8].try_into().expect("8 bytes")));
        let (mut ml_dsa_65, mut ml_dsa_44) = ([0; 1952], [0; 1312]);
        filler.fill(&mut ml_dsa_65);
        filler.fill(&mut ml_dsa_44);
        let entry = Validator {
            name: Text::new(name).expect("a short name"),
            ed25519: Fixed(secret),
            ml_dsa_65: Fixed(ml_dsa_65),
            ml_dsa_44: Fixed(ml_dsa_44),
            libp2p: Fixed(filler.bytes()),
        };
        (entry, Rc::new(KeyedSigner(secret)))
    }

    fn administrator(&self) -> KeyBundle {
        let mut rng = Rng::new(1);
        let mut post_quantum = vec![0; Algorithm::MlDsa65.key_bytes()];
        rng.fill(&mut post_quantum);
        let keys = vec![(Algorithm::Ed25519, rng.bytes().to_vec()), (Algorithm::MlDsa65, post_quantum)];
        KeyBundle::new(keys).expect("two keys of the right lengths")
    }

    fn check(&self) -> &dyn SignatureCheck {
        self
    }
}

impl SignatureCheck for KeyedHash {
    fn ed25519_zip215(&self, item: Zip215Item<'_>) -> bool {
        self.ed25519_strict(item.key, item.message, item.signature)
    }

    fn ed25519_strict(&self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let (hash, salt) = signature.split_at(32);
        hash == keyed(key, salt, message)
    }

    fn ml_dsa(&self, _: MlDsa, _: &[u8], _: &[u8], _: &[u8]) -> bool {
        false
    }

    fn ed25519_key_is_sound(&self, _: &[u8; 32]) -> bool {
        true
    }
}

fn keyed(secret: &[u8; 32], salt: &[u8], message: &[u8]) -> [u8; 32] {
    Sha256::new().chain_update(secret).chain_update(salt).chain_update(message).finalize().into()
}
