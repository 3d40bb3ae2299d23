//! Votes, and the quorum certificate (QC) that q of them make.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{Committee, QuorumSignatures, Signed, Slotted, Statement};
use crate::domain::Domain;
use crate::hash::tagged;
use crate::keys::SignatureCheck;
use crate::limits::QC_BYTES_MAX;
use crate::refusal::ensure;
use crate::wire::{Checked, Wire, encode_canonical};
use crate::{BlockId, ChainId, Code, Digest, Epoch, Height, Refusal, View};

/// What a voter signs.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct VoteStatement {
    /// The chain.
    pub chain: ChainId,
    /// The epoch.
    pub epoch: Epoch,
    /// The view voted in.
    pub view: View,
    /// The block's height.
    pub height: Height,
    /// The block.
    pub block: BlockId,
}

/// A vote.
pub type Vote = Signed<VoteStatement>;

/// Proof that q validators voted for one block in one view.
///
/// View 0 is special: the root of an epoch is certified by definition and carries no signature.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Qc {
    /// The epoch.
    pub epoch: Epoch,
    /// The view.
    pub view: View,
    /// The block's height.
    pub height: Height,
    /// The block.
    pub block: BlockId,
    /// The signatures of its voters.
    pub votes: QuorumSignatures,
}

impl Qc {
    /// The QC of an epoch's root.
    #[must_use]
    pub fn of_root(committee: &Committee) -> Self {
        let votes = QuorumSignatures::default();
        let root = committee.root;
        Self { epoch: committee.epoch, view: View::ZERO, height: root.height, block: root.block, votes }
    }

    /// What each of its voters signed.
    #[must_use]
    pub fn statement(&self, chain: ChainId) -> VoteStatement {
        VoteStatement { chain, epoch: self.epoch, view: self.view, height: self.height, block: self.block }
    }

    /// The hash of what it certifies: the same for every quorum that voted, since one is as good as another.
    #[must_use]
    pub fn hash(&self, chain: ChainId) -> Digest {
        tagged(Domain::QC, &encode_canonical(&self.statement(chain)))
    }
}

impl Statement for VoteStatement {
    const DOMAIN: Domain = Domain::VOTE;
    const SIGNED_NAME: &'static str = "vote";

    fn chain(&self) -> ChainId {
        self.chain
    }

    fn epoch(&self) -> Epoch {
        self.epoch
    }
}

impl Slotted for VoteStatement {
    fn slot(&self) -> u64 {
        self.view.get()
    }
}

impl Wire for VoteStatement {
    const NAME: &'static str = "vote statement";
    /// 256 bytes: five fields, two of them hashes.
    const BYTES_MAX: usize = 256;

    fn check_shape(&self) -> Result<(), Refusal> {
        ensure(self.view > View::ZERO, Code::WireView, || "nobody votes in view 0".into())
    }
}

impl Wire for Qc {
    const NAME: &'static str = "quorum certificate";
    const BYTES_MAX: usize = QC_BYTES_MAX;

    fn check_shape(&self) -> Result<(), Refusal> {
        self.votes.check_shape()?;
        let bare = self.view > View::ZERO || self.votes.signers.is_empty();
        ensure(bare, Code::CertificateSigners, || "the root of an epoch has no voters".into())
    }
}

impl Checked for Qc {
    fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        committee.check_epoch(self.epoch)?;
        if self.view > View::ZERO {
            return self.votes.check_form(committee);
        }
        let is_root = self.height == committee.root.height && self.block == committee.root.block;
        ensure(is_root, Code::CertificateRoot, || "view 0, but another block than the root".into())
    }

    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.check_form(committee)?;
        if self.view == View::ZERO {
            return Ok(());
        }
        self.votes.check(committee, &self.statement(committee.chain).signing_bytes(), signatures)
    }
}
