//! How far a message is trusted, in its type: `Received → Decoded → Verified`.
//!
//! Bytes from outside are [`Received`]. Decoding checks size, encoding and shape and gives [`Decoded`], which
//! keeps the bytes as they came. Verifying checks every signature inside and gives [`Verified`], the only form
//! that a core accepts. There is no other way to make either.

use core::marker::PhantomData;

use super::{Wire, decode_canonical, encode_canonical};
use crate::Refusal;
use crate::agree::Committee;
use crate::keys::SignatureCheck;

/// Bytes that claim to be a `T`.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Received<T> {
    bytes: Vec<u8>,
    kind: PhantomData<T>,
}

/// A `T` in its one encoding and of sound shape. Nobody has checked its signatures.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Decoded<T> {
    value: T,
    bytes: Vec<u8>,
}

/// A `T` whose signatures all hold under the keys of its epoch.
#[derive(Clone, PartialEq, Eq, Hash, Debug)]
pub struct Verified<T> {
    value: T,
    bytes: Vec<u8>,
}

/// A message that can be verified with the keys of its epoch.
pub trait Checked: Wire {
    /// Who signed, how many, how long: everything that costs no arithmetic, in all nested certificates.
    fn check_form(&self, _committee: &Committee) -> Result<(), Refusal> {
        Ok(())
    }

    /// Checks every signature.
    fn check(&self, committee: &Committee, signatures: &dyn SignatureCheck) -> Result<(), Refusal>;
}

impl<T: Wire> Received<T> {
    /// Bytes as they came from outside.
    #[must_use]
    pub fn new(bytes: Vec<u8>) -> Self {
        Self { bytes, kind: PhantomData }
    }

    /// Size, encoding, shape.
    pub fn decode(self) -> Result<Decoded<T>, Refusal> {
        Ok(Decoded { value: decode_canonical(&self.bytes)?, bytes: self.bytes })
    }
}

impl<T: Wire> Decoded<T> {
    /// A message made here: it passes the same checks as one received.
    pub fn own(value: &T) -> Result<Self, Refusal> {
        Received::new(encode_canonical(value)).decode()
    }

    /// The message, still to be distrusted.
    #[must_use]
    pub fn untrusted(&self) -> &T {
        &self.value
    }

    /// The bytes as received.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }
}

impl<T: Checked> Decoded<T> {
    /// Every count and length first, then every signature.
    pub fn verify(
        self,
        committee: &Committee,
        signatures: &dyn SignatureCheck,
    ) -> Result<Verified<T>, Refusal> {
        self.value.check_form(committee)?;
        self.value.check(committee, signatures)?;
        Ok(Verified { value: self.value, bytes: self.bytes })
    }
}

impl<T> Verified<T> {
    /// The message.
    #[must_use]
    pub fn get(&self) -> &T {
        &self.value
    }

    /// The bytes as received.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// The message without its proof of having been verified.
    #[must_use]
    pub fn into_inner(self) -> T {
        self.value
    }

    /// For the checks of this crate that are no [`Checked`] (an event against its registry entry).
    pub(crate) fn vouched(value: T, bytes: Vec<u8>) -> Self {
        Self { value, bytes }
    }
}
