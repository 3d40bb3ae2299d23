//! The guard of protobuf: one accepted encoding.
//!
//! Protobuf allows any field order, repeated single fields (the last wins), longer varints and unknown fields;
//! decoders drop what they do not know. A signature over such bytes can cover things that one reader sees and
//! another does not. So a message is accepted only in the form that every library writes by default: it is
//! decoded, encoded again and compared. The received bytes stay what is hashed, stored and forwarded.

use prost::Message;

use crate::limits::{NAME_BYTES_MAX, VALUE_BYTES_MAX};
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

/// The value of a subject: printable ASCII, for the same reason. Other scripts are spelled in their ASCII form
/// (punycode, percent encoding), so that a rule about a subject is never evaded by a look-alike.
pub(crate) fn value_is_sound(text: &str) -> bool {
    (1..=VALUE_BYTES_MAX).contains(&text.len()) && text.bytes().all(|byte| (0x20..0x7f).contains(&byte))
}

/// Free text that may stand in a log line or on a screen: bounded, and no character that hides or reorders others.
pub(crate) fn text_is_clean(text: &str, bytes_min: usize, bytes_max: usize) -> bool {
    (bytes_min..=bytes_max).contains(&text.len()) && !text.chars().any(hides)
}

/// Controls, format characters, line and paragraph separators, noncharacters. A list of our own, because every
/// node and every release must agree on it whatever Unicode tables it was built with.
fn hides(character: char) -> bool {
    let code = u32::from(character);
    code & 0xfffe == 0xfffe || HIDING.iter().any(|(first, last)| (*first..=*last).contains(&code))
}

const HIDING: [(u32, u32); 24] = [
    (0x0000, 0x001f),
    (0x007f, 0x009f),
    (0x00ad, 0x00ad),
    (0x0600, 0x0605),
    (0x061c, 0x061c),
    (0x06dd, 0x06dd),
    (0x070f, 0x070f),
    (0x0890, 0x0891),
    (0x08e2, 0x08e2),
    (0x180e, 0x180e),
    (0x200b, 0x200f),
    (0x2028, 0x202e),
    (0x2060, 0x206f),
    (0xfdd0, 0xfdef),
    (0xfeff, 0xfeff),
    (0xfff9, 0xfffb),
    (0x110bd, 0x110bd),
    (0x110cd, 0x110cd),
    (0x13430, 0x1343f),
    (0x1bca0, 0x1bca3),
    (0x1d173, 0x1d17a),
    (0xe0001, 0xe0001),
    (0xe0020, 0xe007f),
    (0xe0100, 0xe01ef),
];

/// A number within the bound that every number on the wire has: it fits a signed integer of any language.
pub(crate) const fn number_is_sound(number: u64) -> bool {
    number <= NUMBER_MAX
}
