//! Rules, and what falls due.

use cybermesh_proto::limits::{NAME_BYTES_MAX, VALUE_BYTES_MAX};
use cybermesh_proto::wire::{Blob, List, Text};
use cybermesh_proto::{ItemId, Kid};
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::row;
use crate::subject::Subject;

/// 16 events that a rule names: one for each of the producers that matter.
pub const RESTS_ON_MAX: usize = 16;

/// Declares an enum that travels as a small number.
macro_rules! numbered {
    ($(#[$doc:meta])* $name:ident { $($(#[$one:meta])* $variant:ident = $number:literal,)+ }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug, serde::Serialize, serde::Deserialize)]
        #[serde(try_from = "u8", into = "u8")]
        #[repr(u8)]
        pub enum $name { $($(#[$one])* $variant = $number,)+ }

        impl From<$name> for u8 {
            fn from(one: $name) -> Self {
                one as Self
            }
        }

        impl TryFrom<u8> for $name {
            type Error = &'static str;

            fn try_from(number: u8) -> Result<Self, Self::Error> {
                match number {
                    $($number => Ok(Self::$variant),)+
                    _ => Err("unknown number"),
                }
            }
        }
    };
}

numbered! {
    /// What a rule says.
    Verb {
        /// Refuse.
        Deny = 1,
        /// Let through.
        Allow = 2,
        /// Cut off until somebody has looked.
        Quarantine = 3,
    }
}

numbered! {
    /// What made a rule.
    Origin {
        /// The score.
        Automatic = 1,
        /// An operator.
        Requested = 2,
    }
}

impl Verb {
    /// The word for people.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Deny => "deny",
            Self::Allow => "allow",
            Self::Quarantine => "quarantine",
        }
    }
}

/// A rule that stands.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct RuleRow {
    /// About whom.
    pub subject: Subject,
    /// What made it.
    pub origin: Origin,
    /// What it says.
    pub verb: Verb,
    /// Whom it binds: a tenant, or `*`.
    pub scope: Text<NAME_BYTES_MAX>,
    /// The larger wins.
    pub priority: u16,
    /// When it was made, in ms.
    pub made_ms: u64,
    /// When it ends by itself, in ms.
    pub expires_ms: u64,
    /// Why, for people (UTF-8).
    pub reason: Blob<VALUE_BYTES_MAX>,
    /// The events it rests on, heaviest first.
    pub rests_on: List<ItemId, RESTS_ON_MAX>,
    /// Who asked for it.
    pub by: Option<Kid>,
}

/// Something that falls due.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Due {
    /// When, in ms.
    pub at_ms: u64,
    /// The key of the rule that ends.
    pub rule: Blob<512>,
}

row!(RuleRow, Rules, "rule row", 2048);
row!(Due, Due, "due row", 600);
