//! Numbers of one kind each, at most 2^63 − 1.
//!
//! The bound leaves room to add to a number that came from outside without overflow, and lets every language
//! and database hold it in a signed integer.

/// The largest number that is ever decoded.
pub(crate) const NUMBER_MAX: u64 = i64::MAX as u64;

/// Declares a number newtype: its value, its successor, its encoding with the bound.
macro_rules! number_newtype {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(
            Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize,
        )]
        #[serde(try_from = "u64", into = "u64")]
        pub struct $name(u64);

        impl $name {
            /// Nought.
            pub const ZERO: Self = Self(0);

            /// The number, cut off at 2^63 − 1.
            #[must_use]
            pub const fn new(value: u64) -> Self {
                if value > $crate::wire::NUMBER_MAX { Self($crate::wire::NUMBER_MAX) } else { Self(value) }
            }

            /// The bare value.
            #[must_use]
            pub const fn get(self) -> u64 {
                self.0
            }

            /// The next number. The bound is out of reach of anything that counts by one.
            #[must_use]
            pub const fn next(self) -> Self {
                Self::new(self.0.saturating_add(1))
            }
        }

        impl TryFrom<u64> for $name {
            type Error = &'static str;

            fn try_from(value: u64) -> Result<Self, Self::Error> {
                if value > $crate::wire::NUMBER_MAX { Err("number above 2^63 - 1") } else { Ok(Self(value)) }
            }
        }

        impl From<$name> for u64 {
            fn from(number: $name) -> Self {
                number.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, formatter: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                core::fmt::Display::fmt(&self.0, formatter)
            }
        }
    };
}
pub(crate) use number_newtype;
