//! Outbound records: a leaf, and its proof under the outbox root of a decision.

use prost::Message as _;

use super::pb::control::v1::{ControlRecord, Leaf};
use super::{StrictCodes, decode_strict, number_is_sound, text_is_clean};
use crate::agree::Decision;
use crate::limits::{NAME_BYTES_MAX, PROOF_STEPS_MAX};
use crate::merkle::{leaf_hash, verify_inclusion};
use crate::refusal::ensure;
use crate::{Code, Digest, Refusal};

/// 256 KiB: the largest value (128 KiB), key, path and room.
const RECORD_BYTES_MAX: usize = 256 * 1024;
/// 128 KiB: a signed event at its limit and what is said about it.
const VALUE_MAX: usize = 128 * 1024;
/// 512 bytes: tenant, separator, entity.
const KEY_MAX: usize = 512;

const CODES: StrictCodes = StrictCodes {
    name: "a control record",
    too_large: Code::RecordTooLarge,
    malformed: Code::RecordMalformed,
};

/// The bytes of a leaf: what the outbox root covers.
#[must_use]
pub fn leaf_bytes(leaf: &Leaf) -> Vec<u8> {
    leaf.encode_to_vec()
}

/// Decodes a record and checks its shape.
pub fn record_from_bytes(bytes: &[u8]) -> Result<ControlRecord, Refusal> {
    let record: ControlRecord = decode_strict(bytes, RECORD_BYTES_MAX, &CODES)?;
    let field = |sound: bool, name: &'static str| ensure(sound, Code::RecordField, || name.into());
    let leaf = record.leaf.as_ref().ok_or_else(|| Refusal::new(Code::RecordField, "leaf"))?;
    field(text_is_clean(&leaf.topic, 1, NAME_BYTES_MAX), "topic")?;
    field(leaf.seq > 0 && number_is_sound(leaf.seq), "seq")?;
    field(number_is_sound(record.height) && number_is_sound(record.index), "height or index")?;
    field(leaf.key.len() <= KEY_MAX, "key")?;
    field(leaf.value.len() <= VALUE_MAX, "value")?;
    field(record.path.len() <= PROOF_STEPS_MAX, "path")?;
    Ok(record)
}

/// Checks that a decision sends this record out. The decision itself must be certified.
pub fn check_record(record: &ControlRecord, decision: &Decision) -> Result<(), Refusal> {
    let here = record.height == decision.height.get();
    ensure(here, Code::RecordHeight, || format!("a record of height {}", record.height).into())?;
    let leaf = record.leaf.as_ref().ok_or_else(|| Refusal::new(Code::RecordField, "leaf"))?;
    let path: Option<Vec<_>> = record.path.iter().map(|step| Digest::from_slice(step)).collect();
    let path = path.ok_or_else(|| Refusal::new(Code::RecordField, "path"))?;
    let outbox = &decision.outbox;
    verify_inclusion(&leaf_hash(&leaf_bytes(leaf)), record.index, outbox.count.get(), &path, &outbox.root)
}
