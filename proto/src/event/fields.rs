//! The rules of an event's fields. They need nothing but the event.

use crate::event_type::is_event_type;
use crate::limits::{CUSTODY_HOPS_MAX, EVENT_TEXT_MAX, SIGNATURES_MAX};
use crate::message::pb::event::v1::{Event, Tlp};
use crate::message::{name_is_sound, signature_halves, text_is_clean, value_is_sound};
use crate::refusal::ensure;
use crate::{Code, Digest, Refusal};

/// 2^63 − 1: the largest place in a stream, so that every language holds it in a signed integer.
const SEQ_MAX: u64 = i64::MAX as u64;
/// 2^53 − 1 ms: the largest time that JavaScript and JSON numbers hold exactly; the year 287,396.
const TIME_MS_MAX: u64 = (1 << 53) - 1;
/// 10,000 basis points are certainty.
const CONFIDENCE_MAX: u32 = 10_000;
/// 128 bytes hold every registered media type with its parameters.
const MEDIA_TYPE_MAX: usize = 128;
/// 55 bytes: version, trace id, parent id, flags.
const TRACEPARENT_BYTES: usize = 55;
/// 2,048 bytes: X25519 public key, ML-KEM-768 ciphertext (1,088) and the wrapped key.
const WRAPPED_KEY_MAX: usize = 2048;

pub(super) fn check_fields(event: &Event) -> Result<(), Refusal> {
    let field = |sound: bool, name: &'static str| ensure(sound, Code::EventField, || name.into());
    field(is_event_type(&event.r#type), "type")?;
    field(event.schema_version > 0, "schema_version")?;
    field(name_is_sound(&event.network), "network")?;
    field(name_is_sound(&event.tenant), "tenant")?;
    field(Digest::from_slice(&event.producer).is_some(), "producer")?;
    field((1..=SEQ_MAX).contains(&event.seq), "seq")?;
    field(event.created_at_ms <= TIME_MS_MAX, "created_at_ms")?;
    field(kind_is_sound(&event.entity_kind), "entity_kind")?;
    field(value_is_sound(&event.entity_value), "entity_value")?;
    let resource = &event.resource;
    field(
        resource.is_empty() || resource.starts_with("urn:") && text_is_clean(resource, 5, EVENT_TEXT_MAX),
        "resource",
    )?;
    field(event.severity_id <= 6 || event.severity_id == 99, "severity_id")?;
    field(event.confidence_bp <= CONFIDENCE_MAX, "confidence_bp")?;
    field(text_is_clean(&event.device_id, 0, EVENT_TEXT_MAX), "device_id")?;
    field(Tlp::try_from(event.tlp).is_ok(), "tlp")?;
    let least = usize::from(!event.payload.is_empty());
    field(text_is_clean(&event.content_type, least, MEDIA_TYPE_MAX), "content_type")?;
    field(event.content_sha256.len() == 32, "content_sha256")?;
    check_parts(event)
}

fn check_parts(event: &Event) -> Result<(), Refusal> {
    let field = |sound: bool, name: &'static str| ensure(sound, Code::EventField, || name.into());
    if let Some(trace) = &event.trace {
        let texts = [&trace.correlation_id, &trace.user, &trace.tenant_user, &trace.device];
        field(texts.iter().all(|text| text_is_clean(text, 0, EVENT_TEXT_MAX)), "trace")?;
        let parent = &trace.traceparent;
        field(
            parent.is_empty() || parent.len() == TRACEPARENT_BYTES && parent.is_ascii(),
            "trace.traceparent",
        )?;
        field(text_is_clean(parent, 0, TRACEPARENT_BYTES), "trace.traceparent")?;
    }
    if let Some(encryption) = &event.encryption {
        field(encryption.scheme == 1, "encryption.scheme")?;
        field(encryption.recipient.len() == 32, "encryption.recipient")?;
        field((1..=WRAPPED_KEY_MAX).contains(&encryption.wrapped_key.len()), "encryption.wrapped_key")?;
        field(encryption.nonce.len() == 12, "encryption.nonce")?;
    }
    field(event.custody.len() <= CUSTODY_HOPS_MAX, "custody")?;
    event.custody.iter().try_for_each(|hop| {
        field(hop.kid.len() == 32, "custody.kid")?;
        field(hop.at_ms <= TIME_MS_MAX, "custody.at_ms")?;
        field(text_is_clean(&hop.note, 0, EVENT_TEXT_MAX), "custody.note")?;
        let halves = signature_halves(hop.signatures.clone(), SIGNATURES_MAX, Code::EventField);
        field(
            halves.is_ok_and(|halves| halves.iter().all(|half| half.kid.0.as_bytes() == hop.kid.as_slice())),
            "custody.signatures",
        )
    })
}

/// Whether a text is the kind of a subject: `[a-z0-9_]`, 1 to 32 of them.
pub(crate) fn kind_is_sound(kind: &str) -> bool {
    (1..=32).contains(&kind.len())
        && kind.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
}
