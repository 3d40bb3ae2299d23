//! What a validator signs, and the signature beside it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Committee;
use crate::domain::Domain;
use crate::keys::{SignatureCheck, ValidatorSignature};
use crate::pae::pae;
use crate::refusal::ensure;
use crate::wire::{Checked, Wire, encode_canonical};
use crate::{ChainId, Code, Epoch, Refusal, ValidatorIndex};

/// Signed content without its signature. It names its chain and epoch; its domain names its kind.
pub trait Statement: Wire {
    /// The domain it is signed in.
    const DOMAIN: Domain;

    /// The name of a signed statement of this kind.
    const SIGNED_NAME: &'static str;

    /// Its chain.
    fn chain(&self) -> ChainId;

    /// Its epoch.
    fn epoch(&self) -> Epoch;

    /// The author, where the statement names one itself.
    fn named_author(&self) -> Option<ValidatorIndex> {
        None
    }

    /// The bytes that are signed.
    fn signing_bytes(&self) -> Vec<u8> {
        pae(Self::DOMAIN, &encode_canonical(self))
    }
}

/// A statement of which an author may make one for each slot; two that differ are evidence.
pub trait Slotted: Statement {
    /// Its slot beside (chain, epoch, kind, author): the view, height or batch number.
    fn slot(&self) -> u64;

    /// What must not differ within the slot.
    fn content(&self) -> Vec<u8> {
        encode_canonical(self)
    }
}

/// A statement with its author and signature.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Signed<S> {
    /// What is said.
    pub statement: S,
    /// Who says it.
    pub author: ValidatorIndex,
    /// The proof.
    pub signature: ValidatorSignature,
}

// By hand, because derived tuples do not carry the bounds of a generic part.
impl<S: Serialize> Serialize for Signed<S> {
    fn serialize<R: serde::Serializer>(&self, serializer: R) -> Result<R::Ok, R::Error> {
        (&self.statement, self.author, &self.signature).serialize(serializer)
    }
}

impl<'de, S: DeserializeOwned> Deserialize<'de> for Signed<S> {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let (statement, author, signature) = Deserialize::deserialize(deserializer)?;
        Ok(Self { statement, author, signature })
    }
}

impl<S: Statement> Wire for Signed<S> {
    const NAME: &'static str = S::SIGNED_NAME;
    /// The statement, and 4 KiB for author and signature.
    const BYTES_MAX: usize = S::BYTES_MAX + 4096;

    fn check_shape(&self) -> Result<(), Refusal> {
        self.statement.check_shape()?;
        let same = self.statement.named_author().is_none_or(|named| named == self.author);
        ensure(same, Code::StatementAuthor, || "the statement names another author".into())
    }
}

impl<S: Statement> Checked for Signed<S> {
    fn check_form(&self, committee: &Committee) -> Result<(), Refusal> {
        committee.check_place(self.statement.chain(), self.statement.epoch())?;
        committee.set.get(self.author)?;
        self.signature.check_length(committee.scheme)
    }

    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.check_form(committee)?;
        let validator = committee.set.get(self.author)?;
        self.signature.check(committee.scheme, validator, &self.statement.signing_bytes(), signatures)
    }
}
