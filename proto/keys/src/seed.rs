//! One private key: the 32-byte seed that Ed25519 and every level of ML-DSA are derived from.

use aws_lc_rs::signature::KeyPair as _;
use aws_lc_rs::signature::{
    ML_DSA_44_SIGNING, ML_DSA_65_SIGNING, ML_DSA_87_SIGNING, PqdsaKeyPair, PqdsaSigningAlgorithm,
};
use cybermesh_proto::keys::{Algorithm, MlDsa};
use cybermesh_proto::{Code, Refusal};
use ed25519_dalek::Signer as _;
use zeroize::{Zeroize, ZeroizeOnDrop};

/// Why a key could not be made, opened or used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The file or its content is not accepted.
    #[error("{0}")]
    Refused(#[from] Refusal),
    /// The operating system would not read or write a file.
    #[error("{path}: {source}")]
    Io {
        /// Which file.
        path: std::path::PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// The operating system gave no randomness.
    #[error("the operating system gives no randomness: {0}")]
    Randomness(String),
    /// The library would not make or use the key.
    #[error("the {algorithm} key cannot be used")]
    Library {
        /// Of which algorithm.
        algorithm: &'static str,
    },
}

impl KeyError {
    pub(crate) fn format(note: impl Into<std::borrow::Cow<'static, str>>) -> Self {
        Self::Refused(Refusal::new(Code::KeyFileFormat, note))
    }
}

/// The seed of one key of one algorithm; cleared when it is dropped.
#[derive(Clone, Zeroize, ZeroizeOnDrop)]
pub struct Seed {
    #[zeroize(skip)]
    algorithm: Algorithm,
    bytes: [u8; 32],
}

impl Seed {
    /// A fresh seed from the operating system.
    pub fn generate(algorithm: Algorithm) -> Result<Self, KeyError> {
        let mut bytes = [0; 32];
        getrandom::fill(&mut bytes).map_err(|error| KeyError::Randomness(error.to_string()))?;
        Ok(Self { algorithm, bytes })
    }

    /// A known seed: for files and for deterministic vectors.
    #[must_use]
    pub fn from_bytes(algorithm: Algorithm, bytes: [u8; 32]) -> Self {
        Self { algorithm, bytes }
    }

    /// Its algorithm.
    #[must_use]
    pub fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(crate) fn expose(&self) -> &[u8; 32] {
        &self.bytes
    }

    /// The public key.
    pub fn public_key(&self) -> Result<Vec<u8>, KeyError> {
        Ok(match self.algorithm.ml_dsa() {
            None => ed25519_dalek::SigningKey::from_bytes(&self.bytes).verifying_key().to_bytes().to_vec(),
            Some(level) => self.pair(level)?.public_key().as_ref().to_vec(),
        })
    }

    /// Makes the key ready to sign: ML-DSA keys are expanded once, not for each signature.
    pub(crate) fn expand(&self) -> Result<SigningKey, KeyError> {
        Ok(match self.algorithm.ml_dsa() {
            None => SigningKey::Ed25519(Box::new(ed25519_dalek::SigningKey::from_bytes(&self.bytes))),
            Some(level) => SigningKey::MlDsa(self.algorithm, self.pair(level)?),
        })
    }

    fn pair(&self, level: MlDsa) -> Result<PqdsaKeyPair, KeyError> {
        let library = |_| KeyError::Library { algorithm: self.algorithm.name() };
        PqdsaKeyPair::from_seed(signing_algorithm(level), &self.bytes).map_err(library)
    }
}

impl std::fmt::Debug for Seed {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(formatter, "Seed({}, hidden)", self.algorithm.name())
    }
}

fn signing_algorithm(level: MlDsa) -> &'static PqdsaSigningAlgorithm {
    match level {
        MlDsa::L44 => &ML_DSA_44_SIGNING,
        MlDsa::L65 => &ML_DSA_65_SIGNING,
        MlDsa::L87 => &ML_DSA_87_SIGNING,
    }
}

/// A key ready to sign. ed25519-dalek clears its key on drop, aws-lc its own.
pub(crate) enum SigningKey {
    Ed25519(Box<ed25519_dalek::SigningKey>),
    MlDsa(Algorithm, PqdsaKeyPair),
}

impl SigningKey {
    pub(crate) fn algorithm(&self) -> Algorithm {
        match self {
            Self::Ed25519(_) => Algorithm::Ed25519,
            Self::MlDsa(algorithm, _) => *algorithm,
        }
    }

    /// ML-DSA signing is hedged: the same message gives other bytes each time. Whoever must repeat a signature
    /// stores it.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        match self {
            Self::Ed25519(key) => Ok(key.sign(message).to_bytes().to_vec()),
            Self::MlDsa(algorithm, pair) => {
                let library = |_| KeyError::Library { algorithm: algorithm.name() };
                let mut signature = vec![0; algorithm.signature_bytes()];
                let length = pair.sign(message, &mut signature).map_err(library)?;
                signature.truncate(length);
                Ok(signature)
            }
        }
    }
}
