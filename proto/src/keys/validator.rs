//! The signature of a validator: Ed25519 alone or Ed25519 AND ML-DSA-65, as the genesis says.

use super::{Algorithm, MlDsa, SignatureCheck};
use crate::agree::Validator;
use crate::wire::Blob;
use crate::{Code, Refusal};

const ED25519_BYTES: usize = Algorithm::Ed25519.signature_bytes();
const HYBRID_BYTES: usize = ED25519_BYTES + Algorithm::MlDsa65.signature_bytes();

/// How the validators of a chain sign. It comes from the genesis, never from a message.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum Scheme {
    /// Ed25519 alone; for large sets.
    Ed25519 = 1,
    /// Ed25519 AND ML-DSA-65 over the same bytes; the default.
    Hybrid = 2,
}

impl Scheme {
    /// The exact length of a signature in bytes.
    #[must_use]
    pub const fn signature_bytes(self) -> usize {
        match self {
            Self::Ed25519 => ED25519_BYTES,
            Self::Hybrid => HYBRID_BYTES,
        }
    }
}

impl From<Scheme> for u8 {
    fn from(scheme: Scheme) -> Self {
        scheme as Self
    }
}

impl TryFrom<u8> for Scheme {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::Ed25519),
            2 => Ok(Self::Hybrid),
            _ => Err("unknown signature scheme"),
        }
    }
}

/// A validator's signature: the Ed25519 half, then the ML-DSA-65 half where the scheme is hybrid.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ValidatorSignature(pub Blob<HYBRID_BYTES>);

impl ValidatorSignature {
    /// Takes the halves as one byte string; `None` when it is longer than a hybrid signature.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Option<Self> {
        Blob::new(bytes).map(Self)
    }

    /// Refuses a signature with a half too few or too many, before any arithmetic.
    pub(crate) fn check_length(&self, scheme: Scheme) -> Result<(), Refusal> {
        let (found, expected) = (self.0.as_slice().len(), scheme.signature_bytes());
        if found == expected {
            return Ok(());
        }
        let note = format!("a signature of {found} bytes, this chain's have {expected}");
        Err(Refusal::new(Code::SignatureLength, note))
    }

    /// Checks every half over the same message.
    pub(crate) fn check(
        &self,
        scheme: Scheme,
        validator: &Validator,
        message: &[u8],
        signatures: &dyn SignatureCheck,
    ) -> Result<(), Refusal> {
        self.check_length(scheme)?;
        let invalid =
            |half: &str| Refusal::new(Code::SignatureInvalid, format!("{half} of {}", validator.name));
        let Some((ed25519, ml_dsa)) = self.0.as_slice().split_first_chunk::<ED25519_BYTES>() else {
            return Err(invalid("the Ed25519 half"));
        };
        if !signatures.ed25519_strict(&validator.ed25519.0, message, ed25519) {
            return Err(invalid("the Ed25519 half"));
        }
        let needed = match scheme {
            Scheme::Ed25519 => return Ok(()),
            Scheme::Hybrid => signatures.ml_dsa(MlDsa::L65, &validator.ml_dsa_65.0, message, ml_dsa),
        };
        if needed { Ok(()) } else { Err(invalid("the ML-DSA-65 half")) }
    }
}
