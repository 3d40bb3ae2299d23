//! Governance transactions: what k of n administrators change.

use std::collections::BTreeSet;

use super::pb::control::v1 as pb;
use super::pb::control::v1::governance_transaction::Action;
use super::{
    Half, StrictCodes, check_all_of_bundle, decode_strict, name_is_sound, number_is_sound, signature_halves,
    text_is_clean,
};
use crate::domain::Domain;
use crate::event_type::is_type_pattern;
use crate::genesis::STANDING_MAX;
use crate::hash::tagged;
use crate::keys::{KeyBundle, SignatureCheck};
use crate::limits::{
    ADMINISTRATORS_MAX, GOVERNANCE_BYTES_MAX, KEY_TYPES_MAX, PARAMETERS_MAX, VALUE_BYTES_MAX,
};
use crate::pae::pae;
use crate::refusal::ensure;
use crate::wire::decode_canonical;
use crate::{ChainId, Code, Digest, ItemId, Kid, Refusal};

const CODES: StrictCodes = StrictCodes {
    name: "a governance transaction",
    too_large: Code::GovernanceTooLarge,
    malformed: Code::GovernanceMalformed,
};

/// Who may change what: `threshold` of these must agree.
#[derive(Clone, Copy, Debug)]
pub struct Administrators<'a> {
    /// How many must agree.
    pub threshold: usize,
    /// Their keys.
    pub keys: &'a [KeyBundle],
}

/// A decoded governance transaction. Nobody has checked its signatures.
#[derive(Clone, PartialEq, Debug)]
pub struct SignedGovernance {
    transaction: pb::GovernanceTransaction,
    bytes: Vec<u8>,
    halves: Vec<Half>,
}

impl SignedGovernance {
    /// Decodes a transaction and checks its shape.
    pub fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let signed: pb::SignedGovernance = decode_strict(bytes, GOVERNANCE_BYTES_MAX, &CODES)?;
        let transaction = decode_strict(&signed.transaction, GOVERNANCE_BYTES_MAX, &CODES)?;
        check_shape(&transaction)?;
        let halves =
            signature_halves(signed.signatures, 2 * ADMINISTRATORS_MAX, Code::AuthnDenySignatureList)?;
        Ok(Self { transaction, bytes: signed.transaction, halves })
    }

    /// The identity: over the transaction, whoever signed it.
    #[must_use]
    pub fn id(&self) -> ItemId {
        ItemId(tagged(Domain::GOVERNANCE_ID, &self.bytes))
    }

    /// What it says, before anybody has checked who said it.
    #[must_use]
    pub const fn transaction(&self) -> &pb::GovernanceTransaction {
        &self.transaction
    }

    /// Who signed, ascending, each once.
    #[must_use]
    pub fn signers(&self) -> BTreeSet<Kid> {
        self.halves.iter().map(|half| half.kid).collect()
    }

    /// The transaction, if this chain's administrators agreed to it.
    pub fn verify(
        &self,
        chain: ChainId,
        administrators: Administrators<'_>,
        signatures: &dyn SignatureCheck,
    ) -> Result<&pb::GovernanceTransaction, Refusal> {
        let same = self.transaction.chain == chain.0.as_bytes();
        ensure(same, Code::ChainOther, || "a transaction for another chain".into())?;
        let signers = self.signers();
        let enough = signers.len() >= administrators.threshold;
        ensure(enough, Code::GovernanceQuorum, || {
            format!("{} administrators, it takes {}", signers.len(), administrators.threshold).into()
        })?;
        let message = pae(Domain::GOVERNANCE, &self.bytes);
        for kid in signers {
            let bundle = administrators.keys.iter().find(|bundle| bundle.kid() == kid);
            let unknown = || Refusal::new(Code::AuthnDenyUnknownKey, format!("{kid} is no administrator"));
            let halves: Vec<_> = self.halves.iter().filter(|half| half.kid == kid).collect();
            check_all_of_bundle(bundle.ok_or_else(unknown)?, &halves, &message, signatures)?;
        }
        Ok(&self.transaction)
    }
}

fn check_shape(transaction: &pb::GovernanceTransaction) -> Result<(), Refusal> {
    let field = |sound: bool, name: &'static str| ensure(sound, Code::GovernanceField, || name.into());
    field(Digest::from_slice(&transaction.chain).is_some(), "chain")?;
    field(number_is_sound(transaction.valid_until_height), "valid_until_height")?;
    field(transaction.nonce.len() == 16, "nonce")?;
    field(text_is_clean(&transaction.reason, 1, VALUE_BYTES_MAX), "reason")?;
    let is_bundle = |bytes: &[u8]| decode_canonical::<KeyBundle>(bytes).is_ok();
    let is_kid = |bytes: &[u8]| Digest::from_slice(bytes).is_some();
    match &transaction.action {
        Some(Action::RegisterKey(key)) => {
            field(pb::Role::try_from(key.role).is_ok_and(|role| role != pb::Role::Unspecified), "role")?;
            field(is_bundle(&key.bundle), "bundle")?;
            field(name_is_sound(&key.tenant), "tenant")?;
            field(name_is_sound(&key.subject), "subject")?;
            field(key.role != i32::from(pb::Role::Producer) || !key.types.is_empty(), "types")?;
            field(types_are_sound(&key.types), "types")?;
            field(standing_is_sound(key.standing_bp), "standing_bp")
        }
        Some(Action::RenewKey(key)) => {
            field(is_kid(&key.kid), "kid")?;
            field(number_is_sound(key.overlap_heights), "overlap_heights")?;
            field(is_bundle(&key.bundle), "bundle")
        }
        Some(Action::RevokeKey(key)) => field(is_kid(&key.kid), "kid"),
        Some(Action::ChangeValidators(change)) => {
            let some = !change.add.is_empty() || !change.remove.is_empty();
            field(some && change.add.len() <= 16 && change.remove.len() <= 128, "add and remove")?;
            field(change.remove.iter().all(|name| name_is_sound(name)), "remove")?;
            let is_validator = |bytes: &Vec<u8>| decode_canonical::<crate::agree::Validator>(bytes).is_ok();
            field(change.add.iter().all(is_validator), "add")
        }
        Some(Action::AmendKey(key)) => {
            field(is_kid(&key.kid), "kid")?;
            field(types_are_sound(&key.types), "types")?;
            field(standing_is_sound(key.standing_bp), "standing_bp")
        }
        Some(Action::ChangeAdministrators(change)) => {
            let kids =
                change.bundles.iter().map(|bytes| decode_canonical(bytes).map(|one: KeyBundle| one.kid()));
            let kids = kids.collect::<Result<Vec<_>, _>>().unwrap_or_default();
            field((1..=ADMINISTRATORS_MAX).contains(&kids.len()), "bundles")?;
            field(ascends(&kids), "bundles")?;
            let most = u32::try_from(kids.len()).unwrap_or(0);
            field((1..=most).contains(&change.threshold), "threshold")
        }
        Some(Action::ChangeParameters(change)) => {
            let names: Vec<_> = change.parameters.iter().map(|one| one.name.as_str()).collect();
            field((1..=PARAMETERS_MAX).contains(&names.len()) && ascends(&names), "parameters")?;
            field(names.iter().all(|name| name_is_sound(name)), "name")?;
            field(change.parameters.iter().all(|one| number_is_sound(one.value)), "value")
        }
        None => field(false, "action"),
    }
}

fn types_are_sound(types: &[String]) -> bool {
    types.len() <= KEY_TYPES_MAX && ascends(types) && types.iter().all(|pattern| is_type_pattern(pattern))
}

fn standing_is_sound(standing: u32) -> bool {
    standing <= u32::from(STANDING_MAX)
}

fn ascends<T: PartialOrd>(list: &[T]) -> bool {
    list.windows(2).all(|pair| matches!(pair, [a, b] if a < b))
}
