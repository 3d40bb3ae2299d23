//! What a starting node asks the others about itself, and the signed reports that let one back that forgot.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{Committee, Handover, ProposalStatement, Qc, Signed, Statement, Tc};
use super::{TimeoutStatement, VoteStatement};
use crate::domain::Domain;
use crate::keys::SignatureCheck;
use crate::limits::{GOSSIP_BYTES_MAX, HANDOVER_BYTES_MAX};
use crate::refusal::ensure;
use crate::wire::{Checked, Fixed, Wire, union};
use crate::{BlockId, ChainId, Code, Epoch, Refusal, ValidatorIndex, View};

/// A starting node asks for the newest statements that carry its own key.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct OwnStatementsAsk {
    /// The chain.
    pub chain: ChainId,
    /// The newest epoch the asker knows.
    pub epoch: Epoch,
    /// The asker's index in that epoch.
    pub asker: ValidatorIndex,
}

/// The answer: the newest of each kind that this peer holds, and its newest certificates.
///
/// The statements prove themselves by the asker's own signature.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct OwnStatements {
    /// The newest proposal.
    pub proposal: Option<Signed<ProposalStatement>>,
    /// The newest vote.
    pub vote: Option<Signed<VoteStatement>>,
    /// The newest timeout.
    pub timeout: Option<Signed<TimeoutStatement>>,
    /// The newest QC of the peer.
    pub high_qc: Qc,
    /// Its newest TC of a view above that.
    pub high_tc: Option<Tc>,
    /// The handover out of the asked epoch, when there was one.
    pub handover: Option<Handover>,
}

/// A node that forgot asks how far the views of an epoch have come.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct AmnesiaAsk {
    /// The chain.
    pub chain: ChainId,
    /// The newest epoch the asker knows.
    pub epoch: Epoch,
    /// The asker's index in that epoch.
    pub asker: ValidatorIndex,
    /// Fresh randomness: an older report cannot answer it.
    pub nonce: Fixed<32>,
}

/// What the report of a validator signs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct AmnesiaReportStatement {
    /// The chain.
    pub chain: ChainId,
    /// The epoch asked about.
    pub epoch: Epoch,
    /// Who asked.
    pub asker: ValidatorIndex,
    /// The nonce of the question.
    pub nonce: Fixed<32>,
    /// The highest view of that epoch that its author entered; 0 if none.
    pub entered: View,
    /// The view of its newest QC of that epoch.
    pub hqc_view: View,
    /// The block of that QC.
    pub hqc_block: BlockId,
}

/// The certificate that let a node into a view.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Entry {
    /// A QC of the view before.
    Qc(Qc),
    /// A TC of the view before.
    Tc(Tc),
}

union!(Entry {
    1 => Qc(Qc),
    2 => Tc(Tc),
});

/// A report with the certificates that back it.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct AmnesiaReport {
    /// The signed report.
    pub report: Signed<AmnesiaReportStatement>,
    /// What let its author into the highest view; none for views 0 and 1.
    pub entry: Option<Entry>,
    /// Its newest QC.
    pub high_qc: Qc,
    /// The handover out of the asked epoch, when there was one.
    pub handover: Option<Handover>,
}

impl Entry {
    fn view(&self) -> View {
        match self {
            Self::Qc(qc) => qc.view,
            Self::Tc(tc) => tc.view,
        }
    }
}

impl Statement for AmnesiaReportStatement {
    const DOMAIN: Domain = Domain::AMNESIA_REPORT;
    const SIGNED_NAME: &'static str = "signed amnesia report statement";

    fn chain(&self) -> ChainId {
        self.chain
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl Wire for AmnesiaReportStatement {
    const NAME: &'static str = "amnesia report statement";
    /// 256 bytes: seven fields, three of them hashes.
    const BYTES_MAX: usize = 256;
}

impl Wire for OwnStatementsAsk {
    const NAME: &'static str = "ask for own statements";
    /// 128 bytes: three fields.
    const BYTES_MAX: usize = 128;
}

impl Wire for OwnStatements {
    const NAME: &'static str = "own statements";
    /// Three signed statements, two certificates, a handover.
    const BYTES_MAX: usize = GOSSIP_BYTES_MAX + HANDOVER_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        self.proposal.as_ref().map_or(Ok(()), Wire::check_shape)?;
        self.vote.as_ref().map_or(Ok(()), Wire::check_shape)?;
        self.timeout.as_ref().map_or(Ok(()), Wire::check_shape)?;
        self.high_qc.check_shape()?;
        self.high_tc.as_ref().map_or(Ok(()), Wire::check_shape)?;
        self.handover.as_ref().map_or(Ok(()), Wire::check_shape)
    }
}

impl Checked for OwnStatements {
    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.proposal.as_ref().map_or(Ok(()), |said| said.check(committee, signatures))?;
        self.vote.as_ref().map_or(Ok(()), |said| said.check(committee, signatures))?;
        self.timeout.as_ref().map_or(Ok(()), |said| said.check(committee, signatures))?;
        self.high_qc.check(committee, signatures)?;
        self.high_tc.as_ref().map_or(Ok(()), |tc| tc.check(committee, signatures))?;
        self.handover.as_ref().map_or(Ok(()), |handover| handover.check(committee, signatures))
    }
}

impl Wire for AmnesiaAsk {
    const NAME: &'static str = "amnesia ask";
    /// 128 bytes: four fields, two of them of 32 bytes.
    const BYTES_MAX: usize = 128;
}

impl Wire for AmnesiaReport {
    const NAME: &'static str = "amnesia report";
    /// A signed statement, two certificates, a handover.
    const BYTES_MAX: usize = GOSSIP_BYTES_MAX + HANDOVER_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        let said = &self.report.statement;
        said.check_shape()?;
        self.high_qc.check_shape()?;
        match &self.entry {
            Some(Entry::Qc(qc)) => qc.check_shape()?,
            Some(Entry::Tc(tc)) => tc.check_shape()?,
            None => {}
        }
        self.handover.as_ref().map_or(Ok(()), Wire::check_shape)?;
        let backed = match &self.entry {
            None => said.entered <= View::new(1),
            Some(entry) => entry.view() > View::ZERO && entry.view().next() == said.entered,
        };
        ensure(backed, Code::AmnesiaReport, || "no certificate lets into the reported view".into())?;
        let newest = self.high_qc.view == said.hqc_view && self.high_qc.block == said.hqc_block;
        ensure(newest, Code::AmnesiaReport, || "the QC is not the reported one".into())
    }
}

impl Checked for AmnesiaReport {
    fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        self.report.check_form(committee)?;
        match &self.entry {
            Some(Entry::Qc(qc)) => qc.check_form(committee)?,
            Some(Entry::Tc(tc)) => tc.check_form(committee)?,
            None => {}
        }
        self.high_qc.check_form(committee)?;
        self.handover.as_ref().map_or(Ok(()), |handover| handover.check_form(committee))
    }

    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.report.check(committee, signatures)?;
        match &self.entry {
            Some(Entry::Qc(qc)) => qc.check(committee, signatures)?,
            Some(Entry::Tc(tc)) => tc.check(committee, signatures)?,
            None => {}
        }
        self.high_qc.check(committee, signatures)?;
        self.handover.as_ref().map_or(Ok(()), |handover| handover.check(committee, signatures))
    }
}
