//! Keys from names, and signatures that repeat: vectors must not change when nothing changed.

use cybermesh_keys::{SignError, Signer};
use cybermesh_proto::agree::Validator;
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::{Algorithm, KeyBundle};
use cybermesh_proto::wire::{Fixed, Text};
use ed25519_dalek::Signer as _;
use fips204::traits::{KeyGen as _, SerDes as _, Signer as _};
use fips204::{ml_dsa_44, ml_dsa_65, ml_dsa_87};

/// The seed of one key of one holder.
#[must_use]
pub fn seed(name: &str, algorithm: Algorithm) -> [u8; 32] {
    *sha256(&[b"cybermesh vectors, worthless key of ", name.as_bytes(), b" ", algorithm.name().as_bytes()])
        .as_bytes()
}

/// The public key of one holder.
#[must_use]
pub fn public_key(name: &str, algorithm: Algorithm) -> Vec<u8> {
    let seed = seed(name, algorithm);
    match algorithm {
        Algorithm::Ed25519 => {
            ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes().to_vec()
        }
        Algorithm::MlDsa44 => ml_dsa_44::KG::keygen_from_seed(&seed).0.into_bytes().to_vec(),
        Algorithm::MlDsa65 => ml_dsa_65::KG::keygen_from_seed(&seed).0.into_bytes().to_vec(),
        Algorithm::MlDsa87 => ml_dsa_87::KG::keygen_from_seed(&seed).0.into_bytes().to_vec(),
    }
}

/// Signs without hedging, so that the bytes repeat; `context` is empty in everything that must hold.
#[must_use]
pub fn sign(name: &str, algorithm: Algorithm, message: &[u8], context: &[u8]) -> Vec<u8> {
    let (seed, rnd) = (seed(name, algorithm), [0; 32]);
    match algorithm {
        Algorithm::Ed25519 => ed25519_dalek::SigningKey::from_bytes(&seed).sign(message).to_bytes().to_vec(),
        Algorithm::MlDsa44 => ml_dsa_44::KG::keygen_from_seed(&seed)
            .1
            .try_sign_with_seed(&rnd, message, context)
            .unwrap()
            .to_vec(),
        Algorithm::MlDsa65 => ml_dsa_65::KG::keygen_from_seed(&seed)
            .1
            .try_sign_with_seed(&rnd, message, context)
            .unwrap()
            .to_vec(),
        Algorithm::MlDsa87 => ml_dsa_87::KG::keygen_from_seed(&seed)
            .1
            .try_sign_with_seed(&rnd, message, context)
            .unwrap()
            .to_vec(),
    }
}

/// A signer whose keys follow from its name.
#[derive(Clone, Debug)]
pub struct Named {
    name: String,
    bundle: KeyBundle,
}

impl Named {
    /// The holder of this name with these algorithms.
    #[must_use]
    pub fn new(name: &str, algorithms: &[Algorithm]) -> Self {
        let keys = algorithms.iter().map(|algorithm| (*algorithm, public_key(name, *algorithm))).collect();
        Self { name: name.to_owned(), bundle: KeyBundle::new(keys).unwrap() }
    }

    /// A validator.
    #[must_use]
    pub fn validator(name: &str) -> Self {
        Self::new(name, &[Algorithm::Ed25519, Algorithm::MlDsa65])
    }

    /// The holder's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its entry in a validator set.
    #[must_use]
    pub fn entry(&self) -> Validator {
        Validator {
            name: Text::new(&self.name).unwrap(),
            ed25519: Fixed(self.bundle.key(Algorithm::Ed25519).unwrap().try_into().unwrap()),
            ml_dsa_65: Fixed(self.bundle.key(Algorithm::MlDsa65).unwrap().try_into().unwrap()),
            ml_dsa_44: Fixed(public_key(&self.name, Algorithm::MlDsa44).try_into().unwrap()),
            libp2p: Fixed(
                public_key(&format!("{} network", self.name), Algorithm::Ed25519).try_into().unwrap(),
            ),
        }
    }
}

impl Signer for Named {
    fn bundle(&self) -> &KeyBundle {
        &self.bundle
    }

    fn sign(&self, message: &[u8]) -> Result<Vec<(Algorithm, Vec<u8>)>, SignError> {
        let keys = self.bundle.keys().iter();
        Ok(keys.map(|key| (key.algorithm, sign(&self.name, key.algorithm, message, &[]))).collect())
    }
}

/// An ML-DSA-65 key whose `t1` is nought, with a seed that begins as told, and its signature over any message:
/// made without any secret, and sound by the letter of the standard. No such key is ever registered.
#[must_use]
pub fn null_pair(seed: &[u8], message: &[u8]) -> (Vec<u8>, Vec<u8>) {
    use sha3::digest::{ExtendableOutput as _, Update as _, XofReader as _};
    let shake = |parts: &[&[u8]], length: usize| {
        let mut hasher = sha3::Shake256::default();
        parts.iter().for_each(|part| hasher.update(part));
        let mut out = vec![0; length];
        hasher.finalize_xof().read(&mut out);
        out
    };
    let mut key = vec![0; Algorithm::MlDsa65.key_bytes()];
    key[..seed.len()].copy_from_slice(seed);
    let mu = shake(&[&shake(&[&key], 64), &[0, 0], message], 64);
    // With z = 0, t1 = 0 and no hints, the commitment w1 is nought too: 6 rows of 128 bytes.
    let challenge = shake(&[&mu, &[0; 6 * 128]], 48);
    // z is packed as γ1 − z, in 20 bits each, γ1 = 2^19: five rows of 256 coefficients.
    let z = [0x00, 0x00, 0x08, 0x00, 0x80].repeat(5 * 128);
    let signature = [challenge, z, vec![0; 55 + 6]].concat();
    (key, signature)
}
