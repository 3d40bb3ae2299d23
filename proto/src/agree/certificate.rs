//! The signatures of a certificate: exactly q distinct members of the epoch's set over one message.
//!
//! Exactly q, so that the cost of a certificate is known before its first signature is checked, and a
//! certificate cannot be padded. A signer cannot stand twice: the signers are a bitmap.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{Committee, IndexSet};
use crate::keys::{SignatureCheck, ValidatorSignature};
use crate::limits::VALIDATORS_MAX;
use crate::refusal::ensure;
use crate::wire::List;
use crate::{Code, Refusal, ValidatorIndex};

/// Who signed, and the signatures in ascending order of the signers.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Default, Serialize_tuple, Deserialize_tuple)]
pub struct QuorumSignatures {
    /// The signers.
    pub signers: IndexSet,
    /// One signature for each of them.
    pub signatures: List<ValidatorSignature, VALIDATORS_MAX>,
}

impl QuorumSignatures {
    /// Puts signatures in order; `None` when a signer stands twice or there are too many.
    #[must_use]
    pub fn new(mut signatures: Vec<(ValidatorIndex, ValidatorSignature)>) -> Option<Self> {
        signatures.sort_by_key(|(signer, _)| *signer);
        let mut signers = IndexSet::default();
        if !signatures.iter().all(|(signer, _)| signers.insert(*signer)) {
            return None;
        }
        let signatures = List::new(signatures.into_iter().map(|(_, signature)| signature).collect())?;
        Some(Self { signers, signatures })
    }

    pub(crate) fn check_shape(&self) -> Result<(), Refusal> {
        let same = self.signers.len() == self.signatures.len();
        ensure(same, Code::CertificateSigners, || "signers and signatures differ in number".into())
    }

    /// Who and how many, then every length.
    pub(crate) fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        self.check_shape()?;
        check_signer_count(committee, self.signers)?;
        self.signatures.iter().try_for_each(|signature| signature.check_length(committee.scheme))
    }

    /// The form, then every signature.
    pub(crate) fn check(
        &self,
        committee: &Committee,
        message: &[u8],
        signatures: &dyn SignatureCheck,
    ) -> Result<(), Refusal> {
        self.check_form(committee)?;
        for (signer, signature) in self.signers.iter().zip(self.signatures.iter()) {
            signature.check(committee.scheme, committee.set.get(signer)?, message, signatures)?;
        }
        Ok(())
    }
}

/// Strangers and any number of signers but q are refused.
pub(crate) fn check_signer_count(committee: &Committee, signers: IndexSet) -> Result<(), Refusal> {
    signers.iter().try_for_each(|signer| committee.set.get(signer).map(drop))?;
    let (found, expected) = (signers.len(), committee.quorum());
    ensure(found == expected, Code::CertificateQuorum, || {
        format!("{found} signers, the quorum is {expected}").into()
    })
}
