//! Redrives: a rejected event, tried again on an operator's word and with proof of its rejection.

use super::pb::control::v1 as pb;
use super::{StrictCodes, check_by_bundle, decode_strict, number_is_sound, signature_halves, text_is_clean};
use crate::agree::Decision;
use crate::domain::Domain;
use crate::event::SignedEvent;
use crate::hash::tagged;
use crate::keys::{KeyBundle, SignatureCheck};
use crate::limits::{DECISION_BYTES_MAX, ITEM_BYTES_MAX, NAME_BYTES_MAX, PROOF_STEPS_MAX, SIGNATURES_MAX};
use crate::message::pb::event::v1::Signature;
use crate::pae::pae;
use crate::receipt::TxLeaf;
use crate::refusal::ensure;
use crate::wire::decode_canonical;
use crate::{ChainId, Code, Digest, ItemId, Refusal};

const CODES: StrictCodes =
    StrictCodes { name: "a redrive", too_large: Code::RedriveTooLarge, malformed: Code::RedriveMalformed };

/// A decoded redrive. Nobody has checked its signatures or its proof.
#[derive(Clone, PartialEq, Debug)]
pub struct SignedRedrive {
    redrive: pb::Redrive,
    bytes: Vec<u8>,
    signatures: Vec<Signature>,
}

impl SignedRedrive {
    /// Decodes a redrive and checks its shape; the event inside must decode too.
    pub fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let signed: pb::SignedRedrive = decode_strict(bytes, ITEM_BYTES_MAX, &CODES)?;
        let redrive = decode_strict(&signed.redrive, ITEM_BYTES_MAX, &CODES)?;
        check_shape(&redrive)?;
        signature_halves(signed.signatures.clone(), SIGNATURES_MAX, Code::AuthnDenySignatureList)?;
        Ok(Self { redrive, bytes: signed.redrive, signatures: signed.signatures })
    }

    /// The identity: over the redrive, whatever the signatures around it.
    #[must_use]
    pub fn id(&self) -> ItemId {
        ItemId(tagged(Domain::REDRIVE_ID, &self.bytes))
    }

    /// What it says, before anybody has checked who said it.
    #[must_use]
    pub const fn redrive(&self) -> &pb::Redrive {
        &self.redrive
    }

    /// The event it tries again.
    pub fn origin(&self) -> Result<SignedEvent, Refusal> {
        SignedEvent::decode(&self.redrive.origin)
    }

    /// The redrive, if it is of this chain and this operator signed it.
    pub fn verify(
        &self,
        chain: ChainId,
        operator: &KeyBundle,
        signatures: &dyn SignatureCheck,
    ) -> Result<&pb::Redrive, Refusal> {
        let same = self.redrive.chain == chain.0.as_bytes();
        ensure(same, Code::ChainOther, || "a redrive for another chain".into())?;
        let named = self.redrive.operator == operator.kid().0.as_bytes();
        ensure(named, Code::AuthnDenyOtherKey, || "the redrive names another operator".into())?;
        let message = pae(Domain::REDRIVE, &self.bytes);
        check_by_bundle(operator, self.signatures.clone(), &message, signatures)?;
        Ok(&self.redrive)
    }
}

fn check_shape(redrive: &pb::Redrive) -> Result<(), Refusal> {
    let field = |sound: bool, name: &'static str| ensure(sound, Code::RedriveField, || name.into());
    field(Digest::from_slice(&redrive.chain).is_some(), "chain")?;
    field(Digest::from_slice(&redrive.operator).is_some(), "operator")?;
    field(SignedEvent::decode(&redrive.origin).is_ok(), "origin")?;
    field(text_is_clean(&redrive.transform, 0, NAME_BYTES_MAX), "transform")?;
    let is_path = |path: &[Vec<u8>]| {
        path.len() <= PROOF_STEPS_MAX && path.iter().all(|step| Digest::from_slice(step).is_some())
    };
    match &redrive.proof {
        Some(pb::redrive::Proof::Rejection(proof)) => {
            field(number_is_sound(proof.history_size), "history_size")?;
            field(decode_canonical::<Decision>(&proof.decision).is_ok(), "decision")?;
            field(decode_canonical::<TxLeaf>(&proof.leaf).is_ok(), "leaf")?;
            field(is_path(&proof.tx_path) && is_path(&proof.history_path), "path")
        }
        Some(pb::redrive::Proof::Gap(proof)) => {
            field(number_is_sound(proof.index) && number_is_sound(proof.height), "index or height")?;
            field(proof.leaf.len() <= DECISION_BYTES_MAX, "leaf")?;
            field(is_path(&proof.path), "path")
        }
        None => field(false, "proof"),
    }
}
