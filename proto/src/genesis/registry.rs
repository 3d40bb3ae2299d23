//! A registered key: who holds it, for whom it speaks, and of what.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::event::Demand;
use crate::event_type::{is_covered, is_type_pattern};
use crate::keys::KeyBundle;
use crate::limits::{EVENT_TEXT_MAX, KEY_TYPES_MAX, NAME_BYTES_MAX};
use crate::refusal::ensure;
use crate::wire::{List, Text};
use crate::{Code, Refusal};

/// What a registered key is for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum Role {
    /// Signs events.
    Producer = 1,
    /// Signs operator transactions.
    Service = 2,
    /// Signs acknowledgements of enforcement.
    Agent = 3,
}

/// How far the word of a key goes.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "u8", into = "u8")]
#[repr(u8)]
pub enum Reach {
    /// Its findings need those of others to lead to a rule; its requested rules bind its own tenant.
    Together = 1,
    /// Its findings alone may lead to a rule; its requested rules may bind all tenants.
    Alone = 2,
}

/// A key of the first registry.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct RegisteredKey {
    /// What it is for.
    pub role: Role,
    /// The public keys.
    pub bundle: KeyBundle,
    /// The tenant it speaks for.
    pub tenant: Text<NAME_BYTES_MAX>,
    /// Who holds it.
    pub subject: Text<NAME_BYTES_MAX>,
    /// The event types it may sign, ascending: exact, `Entity.*`, or `*`.
    pub types: List<Text<EVENT_TEXT_MAX>, KEY_TYPES_MAX>,
    /// Which halves it owes.
    pub demand: Demand,
    /// How much its findings weigh, in basis points.
    pub standing_bp: u16,
    /// How far its word goes.
    pub reach: Reach,
}

/// 10,000 basis points are the whole.
pub const STANDING_MAX: u16 = 10_000;

impl RegisteredKey {
    /// Whether the key may sign events of this type.
    #[must_use]
    pub fn allows(&self, event_type: &str) -> bool {
        is_covered(self.types.iter().map(Text::as_str), event_type)
    }

    pub(super) fn check(&self) -> Result<(), Refusal> {
        let named = !self.tenant.as_str().is_empty() && !self.subject.as_str().is_empty();
        ensure(named, Code::GenesisRegistry, || "a key without tenant or subject".into())?;
        let sound = self.types.iter().all(|pattern| is_type_pattern(pattern.as_str()));
        ensure(sound, Code::GenesisRegistry, || "an event type that is no type".into())?;
        let ascending = self.types.windows(2).all(|pair| matches!(pair, [a, b] if a < b));
        ensure(ascending, Code::GenesisRegistry, || "event types not ascending, or one twice".into())?;
        let possible = self.standing_bp <= STANDING_MAX;
        ensure(possible, Code::GenesisRegistry, || "a standing above 10,000 basis points".into())?;
        let speaks = self.role != Role::Producer || !self.types.is_empty();
        ensure(speaks, Code::GenesisRegistry, || "a producer that may sign nothing".into())
    }
}

impl From<Role> for u8 {
    fn from(role: Role) -> Self {
        role as Self
    }
}

impl TryFrom<u8> for Role {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::Producer),
            2 => Ok(Self::Service),
            3 => Ok(Self::Agent),
            _ => Err("unknown role"),
        }
    }
}

impl From<Reach> for u8 {
    fn from(reach: Reach) -> Self {
        reach as Self
    }
}

impl TryFrom<u8> for Reach {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Self, Self::Error> {
        match number {
            1 => Ok(Self::Together),
            2 => Ok(Self::Alone),
            _ => Err("unknown reach"),
        }
    }
}
