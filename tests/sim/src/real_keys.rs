//! Real signatures: Ed25519 and ML-DSA-65, checked by the verifier that ships.
//!
//! **Promises**: what the keyed hash shows about the rules holds with the bytes of a real chain: its lengths, its two
//! halves, its strict check. Keys follow from names and hedging from the salt, so a plan and a seed still name one run.
//!
//! **Costs**: a run takes about a hundred times as long (4 s on average), so they are for few seeds.
//! Keys are expanded once for each thread.

use std::rc::Rc;

use cybermesh_proto::agree::Validator;
use cybermesh_proto::keys::{Algorithm, KeyBundle, Scheme, SignatureCheck, ValidatorSignature};
use cybermesh_proto::wire::{Fixed, Text};
use cybermesh_verify::PureRust;
use ed25519_dalek::Signer as _;
use fips204::traits::{KeyGen as _, SerDes as _, Signer as _};
use fips204::{ml_dsa_44, ml_dsa_65};
use sha2::{Digest as _, Sha256};

use crate::keys::{SignScheme, Signer};

/// The hybrid scheme.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealKeys;

struct HybridSigner {
    ed25519: ed25519_dalek::SigningKey,
    ml_dsa_65: ml_dsa_65::PrivateKey,
}

impl Signer for HybridSigner {
    fn sign(&self, message: &[u8], salt: u64) -> ValidatorSignature {
        let mut hedge = [0; 32];
        hedge[..8].copy_from_slice(&salt.to_le_bytes());
        let post_quantum = self.ml_dsa_65.try_sign_with_seed(&hedge, message, &[]).expect("no context");
        let classical = self.ed25519.sign(message).to_bytes();
        ValidatorSignature::new([&classical[..], &post_quantum].concat()).expect("the length of the scheme")
    }
}

impl SignScheme for RealKeys {
    fn scheme(&self) -> Scheme {
        Scheme::Hybrid
    }

    fn validator(&self, name: &str) -> (Validator, Rc<dyn Signer>) {
        let ed25519 = ed25519(name, "agreement");
        let (public, ml_dsa_65) = ml_dsa_65::KG::keygen_from_seed(&seed(name, "ML-DSA-65"));
        let (cosigner, _) = ml_dsa_44::KG::keygen_from_seed(&seed(name, "ML-DSA-44"));
        let entry = Validator {
            name: Text::new(name).expect("a short name"),
            ed25519: Fixed(ed25519.verifying_key().to_bytes()),
            ml_dsa_65: Fixed(public.into_bytes()),
            ml_dsa_44: Fixed(cosigner.into_bytes()),
            libp2p: Fixed(self::ed25519(name, "network").verifying_key().to_bytes()),
        };
        (entry, Rc::new(HybridSigner { ed25519, ml_dsa_65 }))
    }

    fn administrator(&self) -> KeyBundle {
        let name = "administrator";
        let classical = ed25519(name, "governance").verifying_key().to_bytes();
        let (post_quantum, _) = ml_dsa_65::KG::keygen_from_seed(&seed(name, "ML-DSA-65"));
        let keys = [
            (Algorithm::Ed25519, classical.to_vec()),
            (Algorithm::MlDsa65, post_quantum.into_bytes().to_vec()),
        ];
        KeyBundle::new(keys.into()).expect("two keys of the right lengths")
    }

    fn check(&self) -> &dyn SignatureCheck {
        &PureRust
    }
}

fn ed25519(name: &str, purpose: &str) -> ed25519_dalek::SigningKey {
    ed25519_dalek::SigningKey::from_bytes(&seed(name, purpose))
}

fn seed(name: &str, purpose: &str) -> [u8; 32] {
    Sha256::digest(format!("simulator, worthless key of {name} for {purpose}")).into()
}
