//! The guard: `limit → decode → encode again → compare`.
//!
//! CBOR decoders accept many spellings of one value: longer integers, indefinite lengths, tags, surplus
//! elements, trailing bytes. Two nodes that accept different spellings of one message hash different bytes.
//! So a message is accepted only in the spelling that our own encoder gives it.
//!
//! Refuses, with a code: more bytes than the message's declared limit (`wire.too_large`, before anything is
//! parsed) and everything that is not the canonical encoding of a message of this type (`wire.malformed`).

use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::{Code, Refusal};

/// 16: the deepest messages (a TC inside an answer) nest less than half as deep.
const DEPTH_MAX: usize = 16;

/// A message with one canonical encoding.
pub trait Wire: Serialize + DeserializeOwned {
    /// The name used in vectors, logs and documents.
    const NAME: &'static str;
    /// The largest encoding that is ever parsed, in bytes.
    const BYTES_MAX: usize;

    /// What the bytes alone can tell: orders, ranges, agreement of fields with each other.
    fn check_shape(&self) -> Result<(), Refusal> {
        Ok(())
    }
}

/// The canonical bytes of a message.
///
/// Encoding to memory has no way to fail for the types of this crate: they hold no map, float or foreign type.
#[must_use]
pub fn encode_canonical<T: Serialize + ?Sized>(value: &T) -> Vec<u8> {
    // 256 bytes: most statements fit, and none grows byte by byte.
    let mut bytes = Vec::with_capacity(256);
    let written = ciborium::into_writer(value, &mut bytes);
    debug_assert!(written.is_ok(), "a consensus type must always encode");
    bytes
}

/// Decodes a message from exactly its canonical bytes.
pub fn decode_canonical<T: Wire>(bytes: &[u8]) -> Result<T, Refusal> {
    if bytes.len() > T::BYTES_MAX {
        let note = format!("{} bytes, {} takes at most {}", bytes.len(), T::NAME, T::BYTES_MAX);
        return Err(Refusal::new(Code::WireTooLarge, note));
    }
    let value: T = decode_guarded(bytes)?;
    value.check_shape()?;
    Ok(value)
}

#[allow(clippy::disallowed_methods)] // This is the guard that everybody else has to use.
fn decode_guarded<T: Wire>(bytes: &[u8]) -> Result<T, Refusal> {
    let malformed = || Refusal::new(Code::WireMalformed, format!("not the canonical bytes of a {}", T::NAME));
    let value: T =
        ciborium::de::from_reader_with_recursion_limit(bytes, DEPTH_MAX).map_err(|_| malformed())?;
    if encode_canonical(&value) == bytes { Ok(value) } else { Err(malformed()) }
}
