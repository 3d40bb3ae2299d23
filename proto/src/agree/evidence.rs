//! Proof that a validator said two different things where it may say one.

use serde::{Deserialize, Serialize};

use super::{AttestationStatement, BatchHeader, Committee, ProposalStatement, Signed, Slotted};
use super::{TimeoutStatement, VoteStatement};
use crate::domain::Domain;
use crate::hash::tagged;
use crate::keys::SignatureCheck;
use crate::refusal::ensure;
use crate::wire::{Checked, Wire, encode_canonical, union};
use crate::{Code, Epoch, ItemId, Refusal, ValidatorIndex};

/// Two signed statements of one author and one slot, the smaller content first. Signatures may differ between two
/// reports of one misdeed; its identity does not.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Pair<S> {
    /// The statement with the smaller content.
    pub first: Signed<S>,
    /// The other one.
    pub second: Signed<S>,
}

/// Evidence of equivocation.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub enum Evidence {
    /// Two blocks proposed in one view.
    Proposals(Pair<ProposalStatement>),
    /// Two votes in one view.
    Votes(Pair<VoteStatement>),
    /// Two timeouts of one view.
    Timeouts(Pair<TimeoutStatement>),
    /// Two results attested for one height.
    Attestations(Pair<AttestationStatement>),
    /// Two batches of one number.
    Batches(Pair<BatchHeader>),
}

union!(Evidence {
    1 => Proposals(Pair<ProposalStatement>),
    2 => Votes(Pair<VoteStatement>),
    3 => Timeouts(Pair<TimeoutStatement>),
    4 => Attestations(Pair<AttestationStatement>),
    5 => Batches(Pair<BatchHeader>),
});

impl<S: Serialize> Serialize for Pair<S> {
    fn serialize<R: serde::Serializer>(&self, serializer: R) -> Result<R::Ok, R::Error> {
        (&self.first, &self.second).serialize(serializer)
    }
}

impl<'de, S: serde::de::DeserializeOwned> Deserialize<'de> for Pair<S> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (first, second) = Deserialize::deserialize(deserializer)?;
        Ok(Self { first, second })
    }
}

impl<S: Slotted> Pair<S> {
    /// A pair in its one order.
    #[must_use]
    pub fn new(one: Signed<S>, other: Signed<S>) -> Self {
        let in_order = one.statement.content() <= other.statement.content();
        let (first, second) = if in_order { (one, other) } else { (other, one) };
        Self { first, second }
    }

    fn check_shape(&self) -> Result<(), Refusal> {
        self.first.check_shape()?;
        self.second.check_shape()?;
        let (a, b) = (&self.first.statement, &self.second.statement);
        let place = |signed: &Signed<S>| {
            let said = &signed.statement;
            (signed.author, said.chain(), said.epoch(), said.slot())
        };
        let one_slot = place(&self.first) == place(&self.second);
        ensure(one_slot, Code::EvidenceSlot, || "two slots are no equivocation".into())?;
        let differ = a.content() < b.content();
        ensure(differ, Code::EvidenceContent, || "equal content, or the larger one first".into())
    }

    fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        self.first.check_form(committee)?;
        self.second.check_form(committee)
    }

    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.first.check(committee, signatures)?;
        self.second.check(committee, signatures)
    }

    /// Over the slot, not over the pair: k statements in one slot are one misdeed, not k (k − 1) / 2.
    fn identity(&self, kind: u8) -> ItemId {
        let said = &self.first.statement;
        let slot = (kind, said.chain(), said.epoch(), self.first.author, said.slot());
        ItemId(tagged(Domain::EVIDENCE, &encode_canonical(&slot)))
    }
}

impl Evidence {
    /// Who did it, and in which epoch.
    #[must_use]
    pub fn offender(&self) -> (ValidatorIndex, Epoch) {
        match self {
            Self::Proposals(pair) => (pair.first.author, pair.first.statement.epoch),
            Self::Votes(pair) => (pair.first.author, pair.first.statement.epoch),
            Self::Timeouts(pair) => (pair.first.author, pair.first.statement.epoch),
            Self::Attestations(pair) => (pair.first.author, pair.first.statement.epoch),
            Self::Batches(pair) => (pair.first.author, pair.first.statement.epoch),
        }
    }

    /// The identity of the misdeed: kind, chain, epoch, author and slot, however often and with what it was done.
    #[must_use]
    pub fn identity(&self) -> ItemId {
        match self {
            Self::Proposals(pair) => pair.identity(1),
            Self::Votes(pair) => pair.identity(2),
            Self::Timeouts(pair) => pair.identity(3),
            Self::Attestations(pair) => pair.identity(4),
            Self::Batches(pair) => pair.identity(5),
        }
    }
}

impl Wire for Evidence {
    const NAME: &'static str = "evidence";
    /// 16 KiB: two statements with hybrid signatures take 8 KB.
    const BYTES_MAX: usize = 16 * 1024;

    fn check_shape(&self) -> Result<(), Refusal> {
        match self {
            Self::Proposals(pair) => pair.check_shape(),
            Self::Votes(pair) => pair.check_shape(),
            Self::Timeouts(pair) => pair.check_shape(),
            Self::Attestations(pair) => pair.check_shape(),
            Self::Batches(pair) => pair.check_shape(),
        }
    }
}

impl Checked for Evidence {
    fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        match self {
            Self::Proposals(pair) => pair.check_form(committee),
            Self::Votes(pair) => pair.check_form(committee),
            Self::Timeouts(pair) => pair.check_form(committee),
            Self::Attestations(pair) => pair.check_form(committee),
            Self::Batches(pair) => pair.check_form(committee),
        }
    }

    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        match self {
            Self::Proposals(pair) => pair.check(committee, signatures),
            Self::Votes(pair) => pair.check(committee, signatures),
            Self::Timeouts(pair) => pair.check(committee, signatures),
            Self::Attestations(pair) => pair.check(committee, signatures),
            Self::Batches(pair) => pair.check(committee, signatures),
        }
    }
}
