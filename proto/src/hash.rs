//! SHA-256, and the rule that every hash says what it is a hash of.

use core::fmt;

use sha2::{Digest as _, Sha256};

use crate::domain::Domain;
use crate::wire::Fixed;

/// A SHA-256 value.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
#[serde(transparent)]
pub struct Digest(Fixed<32>);

impl Digest {
    /// Thirty-two zero bytes: stands where nothing precedes.
    pub const ZERO: Self = Self::new([0; 32]);

    /// Wraps a value that was hashed elsewhere.
    #[must_use]
    pub const fn new(bytes: [u8; 32]) -> Self {
        Self(Fixed(bytes))
    }

    /// Takes exactly 32 bytes.
    #[must_use]
    pub fn from_slice(bytes: &[u8]) -> Option<Self> {
        bytes.try_into().ok().map(Self::new)
    }

    /// Reads 64 lower- or upper-case hex digits.
    #[must_use]
    pub fn from_hex(text: &str) -> Option<Self> {
        if text.len() != 64 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return None;
        }
        let mut bytes = [0; 32];
        for (position, byte) in bytes.iter_mut().enumerate() {
            let from = position.checked_mul(2)?;
            *byte = u8::from_str_radix(text.get(from..from.checked_add(2)?)?, 16).ok()?;
        }
        Some(Self::new(bytes))
    }

    /// The value.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 32] {
        &self.0.0
    }
}

/// Plain SHA-256, only for what other standards define that way (content hashes, RFC 6962).
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> Digest {
    let mut hasher = Sha256::new();
    parts.iter().for_each(|part| hasher.update(part));
    Digest::new(hasher.finalize().into())
}

/// `SHA-256(domain ‖ 0x00 ‖ bytes)`. No domain holds a zero byte, so no two of them can be confused.
#[must_use]
pub fn tagged(domain: Domain, bytes: &[u8]) -> Digest {
    sha256(&[domain.as_str().as_bytes(), &[0], bytes])
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, formatter)
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, formatter)
    }
}
