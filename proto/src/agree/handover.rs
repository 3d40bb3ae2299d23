//! The handover from one epoch to the next: the last decision of the old one, certified by the old set, and the
//! validators it names.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{Committee, Decision, DecisionCertificate, ValidatorSet};
use crate::keys::SignatureCheck;
use crate::limits::HANDOVER_BYTES_MAX;
use crate::refusal::ensure;
use crate::wire::{Checked, Wire};
use crate::{Code, Refusal};

/// A handover.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Handover {
    /// The last decision of the epoch.
    pub decision: Decision,
    /// Its certificate, by the validators of the epoch that ends.
    pub certificate: DecisionCertificate,
    /// The validators of the next epoch.
    pub next: ValidatorSet,
}

impl Handover {
    /// Checks the handover with the keys of the epoch that ends, and gives the committee of the next.
    pub fn follow(&self, old: &Committee, signatures: &dyn SignatureCheck) -> Result<Committee, Refusal> {
        self.check(old, signatures)?;
        Ok(old.after(&self.decision, self.next.clone()))
    }
}

impl Wire for Handover {
    const NAME: &'static str = "handover";
    const BYTES_MAX: usize = HANDOVER_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        self.decision.check_shape()?;
        self.certificate.check_shape()?;
        ensure(self.decision.ends_epoch(), Code::HandoverDecision, || "this decision ends no epoch".into())?;
        let named = self.decision.next_validator_set_hash == self.next.hash();
        ensure(named, Code::HandoverSet, || "the next set is not the one the decision names".into())
    }
}

impl Checked for Handover {
    fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        committee.check_place(self.decision.chain, self.decision.epoch)?;
        let above = self.decision.height > committee.root.height;
        ensure(above, Code::HandoverDecision, || "an epoch that ends before it begins".into())?;
        self.certificate.check_form(committee)
    }

    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.check_form(committee)?;
        self.certificate.check_decision(&self.decision, committee, signatures)?;
        // The quorum may be trusted to name a safe set; a verifier still never works with an unsafe one.
        self.next.check(committee.scheme, signatures)
    }
}
