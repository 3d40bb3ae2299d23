//! A leader's proposal: a header, the certificates that justify it, and the batches it orders.
//!
//! The leader signs the block's name *and* a hash of everything that travels beside the header. Whoever
//! forwards a proposal can therefore neither swap its certificates nor cut it short without being the one who
//! sent something invalid.

use std::collections::BTreeSet;

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{BatchRef, Committee, Header, Qc, Signed, Slotted, Statement, Tc};
use crate::domain::Domain;
use crate::hash::tagged;
use crate::keys::{SignatureCheck, ValidatorSignature};
use crate::limits::{BLOCK_BATCHES_MAX, GOSSIP_BYTES_MAX};
use crate::merkle::BlockTree;
use crate::planted::{Fault, planted};
use crate::refusal::ensure;
use crate::wire::{Checked, List, Wire, encode_canonical};
use crate::{BlockId, ChainId, Code, Count, Digest, Epoch, Height, Refusal, View};

/// What a leader signs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct ProposalStatement {
    /// The chain.
    pub chain: ChainId,
    /// The epoch.
    pub epoch: Epoch,
    /// The view led.
    pub view: View,
    /// The block's height.
    pub height: Height,
    /// The block's name.
    pub block: BlockId,
    /// The hash of QC, TC and batch references.
    pub carried: Digest,
}

/// A proposal as it is sent.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Proposal {
    /// The header; its proposer is the author.
    pub header: Header,
    /// The certificate of the parent.
    pub qc: Qc,
    /// The certificate of the view before, where the QC is not of that view.
    pub tc: Option<Tc>,
    /// The batches ordered, in this order.
    pub batches: List<BatchRef, BLOCK_BATCHES_MAX>,
    /// The leader's signature.
    pub signature: ValidatorSignature,
}

impl Proposal {
    /// The hash of what travels beside a header.
    #[must_use]
    pub fn carried(qc: &Qc, tc: Option<&Tc>, batches: &[BatchRef]) -> Digest {
        tagged(Domain::CARRIED, &encode_canonical(&(qc, tc, batches)))
    }

    /// The root that a header gives for these references.
    #[must_use]
    pub fn payload_root(batches: &[BatchRef]) -> Digest {
        let encoded: Vec<_> = batches.iter().map(encode_canonical).collect();
        BlockTree::new(encoded.iter().map(Vec::as_slice)).root()
    }

    /// The signed statement, without the certificates: what evidence needs.
    #[must_use]
    pub fn signed(&self) -> Signed<ProposalStatement> {
        let header = &self.header;
        let statement = ProposalStatement {
            chain: header.chain,
            epoch: header.epoch,
            view: header.view,
            height: header.height,
            block: header.id(),
            carried: Self::carried(&self.qc, self.tc.as_ref(), &self.batches),
        };
        Signed { statement, author: header.proposer, signature: self.signature.clone() }
    }
}

impl Statement for ProposalStatement {
    const DOMAIN: Domain = Domain::PROPOSAL;
    const SIGNED_NAME: &'static str = "signed proposal statement";

    fn chain(&self) -> ChainId {
        self.chain
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl Slotted for ProposalStatement {
    fn slot(&self) -> u64 {
        self.view.get()
    }

    /// Two envelopes around one block are no equivocation.
    fn content(&self) -> Vec<u8> {
        self.block.0.as_bytes().to_vec()
    }
}

impl Wire for ProposalStatement {
    const NAME: &'static str = "proposal statement";
    /// 256 bytes: six fields, three of them hashes.
    const BYTES_MAX: usize = 256;

    fn check_shape(&self) -> Result<(), Refusal> {
        ensure(self.view > View::ZERO, Code::WireView, || "nobody leads view 0".into())
    }
}

impl Wire for Proposal {
    const NAME: &'static str = "proposal";
    const BYTES_MAX: usize = GOSSIP_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        let header = &self.header;
        header.check_shape()?;
        self.qc.check_shape()?;
        self.tc.as_ref().map_or(Ok(()), Wire::check_shape)?;
        check_block(header, &self.qc, &self.batches)?;
        self.check_entry()
    }
}

impl Proposal {
    /// A TC goes with a proposal exactly when the QC is not of the view before.
    fn check_entry(&self) -> Result<(), Refusal> {
        let (header, follows) = (&self.header, self.qc.view.next() == self.header.view);
        let enters = match &self.tc {
            None => follows,
            Some(tc) => !follows && tc.epoch == header.epoch && tc.view.next() == header.view,
        };
        ensure(enters, Code::WireView, || "the certificates do not let into this view".into())
    }
}

/// What binds a block to its parent's certificate and to its batches; no batch stands in it twice.
pub(super) fn check_block(header: &Header, qc: &Qc, batches: &[BatchRef]) -> Result<(), Refusal> {
    ensure(header.view > View::ZERO, Code::WireView, || "nobody leads view 0".into())?;
    let certified = qc.epoch == header.epoch
        && qc.view < header.view
        && ((qc.block == header.parent && qc.height.next() == header.height) || planted(Fault::ParentUntied))
        && qc.hash(header.chain) == header.qc_hash;
    ensure(certified, Code::ProposalParent, || "the QC does not certify the parent".into())?;
    let count = u64::try_from(batches.len()).ok().map(Count::new);
    let payload = count == Some(header.batch_count) && Proposal::payload_root(batches) == header.payload_root;
    ensure(payload, Code::ProposalPayload, || "the batches are not those of the header".into())?;
    let mut seen = BTreeSet::new();
    let once = batches.iter().all(|batch| seen.insert(batch.id));
    ensure(once, Code::ProposalPayload, || "a batch stands twice in the block".into())
}

impl Checked for Proposal {
    fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        self.signed().check_form(committee)?;
        self.qc.check_form(committee)?;
        self.tc.as_ref().map_or(Ok(()), |tc| tc.check_form(committee))
    }

    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.signed().check(committee, signatures)?;
        self.qc.check(committee, signatures)?;
        self.tc.as_ref().map_or(Ok(()), |tc| tc.check(committee, signatures))
    }
}
