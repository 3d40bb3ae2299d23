//! Timeouts (`ViewChange`), and the timeout certificate (TC) that q of them make.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::certificate::check_signer_count;
use super::{Committee, IndexSet, Qc, Signed, Slotted, Statement};
use crate::domain::Domain;
use crate::keys::{SignatureCheck, ValidatorSignature};
use crate::limits::{GOSSIP_BYTES_MAX, TC_BYTES_MAX, VALIDATORS_MAX};
use crate::planted::{Fault, planted};
use crate::refusal::ensure;
use crate::wire::{Checked, List, Wire};
use crate::{BlockId, ChainId, Code, Epoch, Refusal, ValidatorIndex, View};

/// What a validator signs when it gives a view up: the view, and the newest QC it knew.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct TimeoutStatement {
    /// The chain.
    pub chain: ChainId,
    /// The epoch.
    pub epoch: Epoch,
    /// The view given up.
    pub view: View,
    /// The view of the newest QC its author knew; its claim.
    pub hqc_view: View,
    /// The block of that QC.
    pub hqc_block: BlockId,
}

/// A timeout as it is sent: what was signed, and the certificates that bring a laggard up to it.
///
/// The certificates are not part of what was signed: they prove themselves, and newer ones may replace them.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct ViewChange {
    /// The signed timeout.
    pub timeout: Signed<TimeoutStatement>,
    /// A QC of at least the claimed view.
    pub high_qc: Qc,
    /// The TC that let its author into the view, unless a QC did.
    pub entry: Option<Tc>,
}

/// One timeout inside a TC.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Claim {
    /// Who gave the view up.
    pub author: ValidatorIndex,
    /// The view of the newest QC it knew.
    pub hqc_view: View,
    /// The block of that QC.
    pub hqc_block: BlockId,
    /// Its signature over its own claim.
    pub signature: ValidatorSignature,
}

/// Proof that q validators gave one view up, each with its own claim, and a QC no older than the highest claim.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Tc {
    /// The epoch.
    pub epoch: Epoch,
    /// The view given up.
    pub view: View,
    /// The claims, ascending by author.
    pub claims: List<Claim, VALIDATORS_MAX>,
    /// A QC of a view at or above every claim.
    pub high_qc: Qc,
}

impl Tc {
    /// The highest QC view that any of its authors claimed.
    #[must_use]
    pub fn highest_claim(&self) -> View {
        self.claims.iter().map(|claim| claim.hqc_view).max().unwrap_or_default()
    }

    /// What the author of a claim signed.
    #[must_use]
    pub fn statement(&self, chain: ChainId, claim: &Claim) -> TimeoutStatement {
        let (hqc_view, hqc_block) = (claim.hqc_view, claim.hqc_block);
        TimeoutStatement { chain, epoch: self.epoch, view: self.view, hqc_view, hqc_block }
    }
}

impl Statement for TimeoutStatement {
    const DOMAIN: Domain = Domain::TIMEOUT;
    const SIGNED_NAME: &'static str = "timeout";

    fn chain(&self) -> ChainId {
        self.chain
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl Slotted for TimeoutStatement {
    fn slot(&self) -> u64 {
        self.view.get()
    }
}

impl Wire for TimeoutStatement {
    const NAME: &'static str = "timeout statement";
    /// 256 bytes: five fields, two of them hashes.
    const BYTES_MAX: usize = 256;

    fn check_shape(&self) -> Result<(), Refusal> {
        let below = self.hqc_view < self.view;
        ensure(below, Code::CertificateClaim, || "a QC of this view or a later one is claimed".into())
    }
}

impl Wire for ViewChange {
    const NAME: &'static str = "view change";
    const BYTES_MAX: usize = GOSSIP_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        let timeout = &self.timeout.statement;
        timeout.check_shape()?;
        self.high_qc.check_shape()?;
        let newest = self.high_qc.view >= timeout.hqc_view || planted(Fault::TcWithoutQc);
        let proves = self.high_qc.epoch == timeout.epoch && newest;
        ensure(proves, Code::CertificateClaim, || "the QC beside a timeout is older than its claim".into())?;
        let Some(entry) = &self.entry else {
            let enters = self.high_qc.view.next() >= timeout.view;
            return ensure(enters, Code::WireView, || "neither QC nor TC lets into the view".into());
        };
        entry.check_shape()?;
        let enters = entry.epoch == timeout.epoch && entry.view.next() == timeout.view;
        ensure(enters, Code::WireView, || "the TC beside a timeout is not of the view before it".into())
    }
}

impl Checked for ViewChange {
    fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        self.timeout.check_form(committee)?;
        self.high_qc.check_form(committee)?;
        self.entry.as_ref().map_or(Ok(()), |entry| entry.check_form(committee))
    }

    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.timeout.check(committee, signatures)?;
        self.high_qc.check(committee, signatures)?;
        self.entry.as_ref().map_or(Ok(()), |entry| entry.check(committee, signatures))
    }
}

impl Wire for Tc {
    const NAME: &'static str = "timeout certificate";
    const BYTES_MAX: usize = TC_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        self.high_qc.check_shape()?;
        let twice = planted(Fault::DuplicateSigner);
        let follows = |a: &Claim, b: &Claim| a.author < b.author || (twice && a.author == b.author);
        let ascending = self.claims.windows(2).all(|pair| matches!(pair, [a, b] if follows(a, b)));
        ensure(ascending, Code::CertificateSigners, || "claims not ascending, or an author twice".into())?;
        let highest = self.highest_claim();
        let below = highest < self.view;
        ensure(below, Code::CertificateClaim, || {
            "a QC of the given-up view or a later one is claimed".into()
        })?;
        let newest = self.high_qc.view >= highest || planted(Fault::TcWithoutQc);
        let proven = self.high_qc.epoch == self.epoch && newest;
        ensure(proven, Code::CertificateClaim, || "the QC is older than the highest claim".into())
    }
}

impl Checked for Tc {
    fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        committee.check_epoch(self.epoch)?;
        let authors: IndexSet = self.claims.iter().map(|claim| claim.author).collect();
        if !planted(Fault::DuplicateSigner) || self.claims.len() != committee.quorum() {
            check_signer_count(committee, authors)?;
        }
        self.claims.iter().try_for_each(|claim| claim.signature.check_length(committee.scheme))?;
        self.high_qc.check_form(committee)
    }

    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.check_form(committee)?;
        for claim in self.claims.iter() {
            let message = self.statement(committee.chain, claim).signing_bytes();
            let validator = committee.set.get(claim.author)?;
            claim.signature.check(committee.scheme, validator, &message, signatures)?;
        }
        self.high_qc.check(committee, signatures)
    }
}
