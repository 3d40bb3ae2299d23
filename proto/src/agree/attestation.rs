//! Attestations of a decision, and the decision certificate that q of them make.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{Committee, Decision, QuorumSignatures, Signed, Slotted, Statement};
use crate::domain::Domain;
use crate::keys::SignatureCheck;
use crate::limits::QC_BYTES_MAX;
use crate::refusal::ensure;
use crate::wire::{Checked, Wire};
use crate::{ChainId, Code, DecisionHash, Epoch, Height, Refusal};

/// What a validator signs once it has applied a block.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct AttestationStatement {
    /// The chain.
    pub chain: ChainId,
    /// The epoch of the decision.
    pub epoch: Epoch,
    /// Its height.
    pub height: Height,
    /// Its hash.
    pub decision: DecisionHash,
}

/// A signed attestation.
pub type Attestation = Signed<AttestationStatement>;

/// Proof that q validators came to one result. Through the history it certifies every decision below.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct DecisionCertificate {
    /// The epoch of the decision.
    pub epoch: Epoch,
    /// Its height.
    pub height: Height,
    /// Its hash.
    pub decision: DecisionHash,
    /// The signatures of those who attest it.
    pub attestations: QuorumSignatures,
}

impl AttestationStatement {
    /// The statement about one decision.
    #[must_use]
    pub fn of(decision: &Decision) -> Self {
        let (chain, epoch, height) = (decision.chain, decision.epoch, decision.height);
        Self { chain, epoch, height, decision: decision.hash() }
    }
}

impl DecisionCertificate {
    /// What each of its signers signed.
    #[must_use]
    pub fn statement(&self, chain: ChainId) -> AttestationStatement {
        AttestationStatement { chain, epoch: self.epoch, height: self.height, decision: self.decision }
    }

    /// Checks that this certificate certifies this decision.
    pub fn check_decision(
        &self,
        decision: &Decision,
        committee: &Committee,
        signatures: &dyn SignatureCheck,
    ) -> Result<(), Refusal> {
        committee.check_place(decision.chain, decision.epoch)?;
        let same = self.statement(decision.chain) == AttestationStatement::of(decision);
        ensure(same, Code::CertificateDecision, || "the certificate is of another decision".into())?;
        let set = decision.validator_set_hash == committee.set_hash();
        ensure(set, Code::DecisionValidatorSet, || "the decision names another validator set".into())?;
        self.check(committee, signatures)
    }
}

impl Statement for AttestationStatement {
    const DOMAIN: Domain = Domain::ATTESTATION;
    const SIGNED_NAME: &'static str = "attestation";

    fn chain(&self) -> ChainId {
        self.chain
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl Slotted for AttestationStatement {
    fn slot(&self) -> u64 {
        self.height.get()
    }
}

impl Wire for AttestationStatement {
    const NAME: &'static str = "attestation statement";
    /// 256 bytes: four fields, two of them hashes.
    const BYTES_MAX: usize = 256;
}

impl Wire for DecisionCertificate {
    const NAME: &'static str = "decision certificate";
    const BYTES_MAX: usize = QC_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        self.attestations.check_shape()
    }
}

impl Checked for DecisionCertificate {
    fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        committee.check_epoch(self.epoch)?;
        self.attestations.check_form(committee)
    }

    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        committee.check_epoch(self.epoch)?;
        self.attestations.check(committee, &self.statement(committee.chain).signing_bytes(), signatures)
    }
}
