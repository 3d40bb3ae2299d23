//! The guard of protobuf: one accepted encoding.
//!
//! Protobuf allows any field order, repeated single fields (the last wins), longer varints and unknown fields;
//! decoders drop what they do not know. A signature over such bytes can cover things that one reader sees and
//! another does not. So a message is accepted only in the form that every library writes by default: it is
//! decoded, encoded again and compared. The received bytes stay what is hashed, stored and forwarded.

use prost::Message;

use crate::limits::NAME_BYTES_MAX;
use crate::wire::NUMBER_MAX;
use crate::{Code, Refusal};

/// Codes of one message's decoding.
pub(crate) struct StrictCodes {
    pub name: &'static str,
    pub too_large: Code,
    pub malformed: Code,
}

/// Decodes a message from its one encoding, size first.
pub(crate) fn decode_strict<M: Message + Default>(
    bytes: &[u8],
    bytes_max: usize,
    codes: &StrictCodes,
) -> Result<M, Refusal> {
    if bytes.len() > bytes_max {
        let note = format!("{} bytes, {} takes at most {bytes_max}", bytes.len(), codes.name);
        return Err(Refusal::new(codes.too_large, note));
    }
    let malformed = || Refusal::new(codes.malformed, format!("not the one encoding of {}", codes.name));
    let message = M::decode(bytes).map_err(|_| malformed())?;
    // Lengths first: an unknown field or a doubled one almost always changes it, and nothing is allocated.
    if message.encoded_len() == bytes.len() && message.encode_to_vec() == bytes {
        Ok(message)
    } else {
        Err(malformed())
    }
}

/// A name: printable ASCII, because two spellings of one name must not exist.
pub(crate) fn name_is_sound(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// Text that may stand in a log line: no control characters, bounded.
pub(crate) fn text_is_clean(text: &str, bytes_min: usize, bytes_max: usize) -> bool {
    (bytes_min..=bytes_max).contains(&text.len()) && !text.chars().any(char::is_control)
}

/// A number within the bound that every number on the wire has: it fits a signed integer of any language.
pub(crate) const fn number_is_sound(number: u64) -> bool {
    number <= NUMBER_MAX
}
