//! The validators of one epoch, and which sets are refused.

use std::collections::BTreeSet;

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::{faults, quorum};
use crate::domain::Domain;
use crate::hash::tagged;
use crate::keys::{Scheme, SignatureCheck, check_sound_ed25519, check_sound_ml_dsa};
use crate::limits::{HYBRID_VALIDATORS_MAX, NAME_BYTES_MAX, VALIDATORS_MAX, VALIDATORS_MIN};
use crate::refusal::ensure;
use crate::wire::{Fixed, List, Text, Wire, encode_canonical};
use crate::{Code, Digest, Refusal, ValidatorIndex};

/// One validator: its name for people and its four public keys.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Validator {
    /// Unique in its set; a label, never a proof.
    pub name: Text<NAME_BYTES_MAX>,
    /// Classical half of its statements.
    pub ed25519: Fixed<32>,
    /// Post-quantum half of its statements.
    pub ml_dsa_65: Fixed<1952>,
    /// Key of its checkpoint cosignatures.
    pub ml_dsa_44: Fixed<1312>,
    /// Identity (Ed25519) of its network peer.
    pub libp2p: Fixed<32>,
}

/// The validators of one epoch; a validator's index is its place here.
#[derive(Clone, PartialEq, Eq, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct ValidatorSet(List<Validator, VALIDATORS_MAX>);

impl ValidatorSet {
    /// A set of these validators; `None` when they are too many. Whether it is safe, [`Self::check`] says.
    #[must_use]
    pub fn new(validators: Vec<Validator>) -> Option<Self> {
        List::new(validators).map(Self)
    }

    /// How many there are.
    #[must_use]
    pub fn n(&self) -> usize {
        self.0.len()
    }

    /// How many of them may lie.
    #[must_use]
    pub fn f(&self) -> usize {
        faults(self.n())
    }

    /// How many of them decide.
    #[must_use]
    pub fn q(&self) -> usize {
        quorum(self.n())
    }

    /// The validator at an index, or a refusal: a stranger.
    pub fn get(&self, index: ValidatorIndex) -> Result<&Validator, Refusal> {
        let stranger =
            || Refusal::new(Code::ValidatorUnknown, format!("no validator {index} in a set of {}", self.n()));
        self.0.get(index.as_usize()).ok_or_else(stranger)
    }

    /// The validators in their order.
    pub fn iter(&self) -> impl Iterator<Item = &Validator> {
        self.0.iter()
    }

    /// The hash that decisions commit to: over all keys and names.
    #[must_use]
    pub fn hash(&self) -> Digest {
        tagged(Domain::VALIDATOR_SET, &encode_canonical(self))
    }

    /// Refuses unsafe sets: too small, too large for the scheme, a name or key twice, a key that is not sound.
    pub fn check(&self, scheme: Scheme, signatures: &dyn SignatureCheck) -> Result<(), Refusal> {
        self.check_size(scheme)?;
        self.check_distinct()?;
        for validator in self.iter() {
            check_sound_ed25519(&validator.ed25519.0, signatures)?;
            check_sound_ed25519(&validator.libp2p.0, signatures)?;
            check_sound_ml_dsa(&validator.ml_dsa_65.0)?;
            check_sound_ml_dsa(&validator.ml_dsa_44.0)?;
        }
        Ok(())
    }

    /// All keys of all members: none may serve twice, neither here nor elsewhere in a genesis.
    pub(crate) fn all_keys(&self) -> impl Iterator<Item = &[u8]> {
        self.iter().flat_map(|validator| {
            let post_quantum: [&[u8]; 2] = [&validator.ml_dsa_65.0, &validator.ml_dsa_44.0];
            let classical: [&[u8]; 2] = [&validator.ed25519.0, &validator.libp2p.0];
            classical.into_iter().chain(post_quantum)
        })
    }

    fn check_size(&self, scheme: Scheme) -> Result<(), Refusal> {
        let n = self.n();
        let most = match scheme {
            Scheme::Ed25519 => VALIDATORS_MAX,
            Scheme::Hybrid => HYBRID_VALIDATORS_MAX,
        };
        ensure((VALIDATORS_MIN..=most).contains(&n), Code::ValidatorSetSize, || {
            format!("{n} validators, this scheme takes {VALIDATORS_MIN} to {most}").into()
        })
    }

    fn check_distinct(&self) -> Result<(), Refusal> {
        let mut names = BTreeSet::new();
        let named =
            self.iter().all(|one| label_is_sound(one.name.as_str()) && names.insert(one.name.as_str()));
        ensure(named, Code::ValidatorSetName, || {
            "a name that is no label of a-z, 0-9, `.`, `_`, `-`, or a name twice".into()
        })?;
        let mut keys = BTreeSet::new();
        let distinct = self.all_keys().all(|key| keys.insert(key));
        ensure(distinct, Code::KeyDuplicate, || "one key stands twice in the validator set".into())
    }
}

/// A label that reads alike everywhere: in tables, metrics and the cosigner lines of checkpoints.
fn label_is_sound(name: &str) -> bool {
    let sound = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"._-".contains(&byte);
    !name.is_empty() && name.bytes().all(sound)
}

impl Wire for ValidatorSet {
    const NAME: &'static str = "validator set";
    /// 512 KiB: 128 validators of 3.4 KB.
    const BYTES_MAX: usize = 512 * 1024;
}
