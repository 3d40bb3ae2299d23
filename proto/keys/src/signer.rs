//! The seam between what is signed and where the key lives: file today, token or remote service later.

use cybermesh_proto::ValidatorIndex;
use cybermesh_proto::agree::{Signed, Statement};
use cybermesh_proto::keys::{Algorithm, KeyBundle, Scheme, ValidatorSignature};

use crate::KeyError;

/// Why a signature could not be made.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The key failed.
    #[error("signing failed: {0}")]
    Key(#[from] KeyError),
    /// The signer lacks a key that is needed.
    #[error("the signer has no {0} key")]
    Missing(&'static str),
}

/// Signs with every key of one bundle. May block; never called from a core.
pub trait Signer: Send + Sync {
    /// The public keys.
    fn bundle(&self) -> &KeyBundle;

    /// One signature for each key of the bundle, ascending by algorithm.
    fn sign(&self, message: &[u8]) -> Result<Vec<(Algorithm, Vec<u8>)>, SignError>;
}

/// Puts halves together as the scheme of a chain wants them.
pub fn validator_signature(
    halves: &[(Algorithm, Vec<u8>)],
    scheme: Scheme,
) -> Result<ValidatorSignature, SignError> {
    let half = |algorithm: Algorithm| {
        let found = halves.iter().find(|(found, _)| *found == algorithm);
        found.map(|(_, signature)| signature.as_slice()).ok_or(SignError::Missing(algorithm.name()))
    };
    let mut bytes = half(Algorithm::Ed25519)?.to_vec();
    match scheme {
        Scheme::Ed25519 => {}
        Scheme::Hybrid => bytes.extend_from_slice(half(Algorithm::MlDsa65)?),
    }
    ValidatorSignature::new(bytes).ok_or(SignError::Missing("well-formed"))
}

/// Signs a statement as a validator.
pub fn sign_statement<S: Statement>(
    statement: S,
    author: ValidatorIndex,
    scheme: Scheme,
    signer: &dyn Signer,
) -> Result<Signed<S>, SignError> {
    let signature = validator_signature(&signer.sign(&statement.signing_bytes())?, scheme)?;
    Ok(Signed { statement, author, signature })
}
