//! An event as a person writes it down: JSON with the field names of `event.proto`.
//!
//! What follows from the rest is filled in: the producer from the key, the content hash from the payload, the time
//! from the clock where it is not given.

use std::time::{SystemTime, UNIX_EPOCH};

use cybermesh_proto::hash::sha256;
use cybermesh_proto::message::pb::event::v1::{Event, Tlp, Trace};
use serde::Deserialize;
use serde_json::Value;

use super::failure::Failure;

/// An event to be signed.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Draft {
    r#type: String,
    #[serde(default = "one")]
    schema_version: u32,
    network: String,
    tenant: String,
    #[serde(default)]
    stream: u32,
    seq: u64,
    created_at_ms: Option<u64>,
    entity_kind: String,
    entity_value: String,
    #[serde(default)]
    resource: String,
    #[serde(default)]
    severity_id: u32,
    #[serde(default)]
    confidence_bp: u32,
    #[serde(default)]
    trace: Option<DraftTrace>,
    #[serde(default)]
    layer: u32,
    #[serde(default)]
    device_id: String,
    #[serde(default)]
    clearance: u32,
    #[serde(default)]
    tlp: Option<String>,
    #[serde(default)]
    content_type: Option<String>,
    /// Text is taken as it is; any other JSON value is written compactly.
    #[serde(default)]
    payload: Option<Value>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct DraftTrace {
    #[serde(default)]
    correlation_id: String,
    #[serde(default)]
    user: String,
    #[serde(default)]
    tenant_user: String,
    #[serde(default)]
    device: String,
    #[serde(default)]
    traceparent: String,
}

fn one() -> u32 {
    1
}

impl Draft {
    pub(super) fn from_json(bytes: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(bytes).map_err(|error| {
            Failure::usage(
                format!("the event is not understood: {error}"),
                "see `cybermesh event sign --help`",
            )
        })
    }

    pub(super) fn into_event(self, producer: &[u8; 32]) -> Result<Event, Failure> {
        let (payload, media_type) = payload(self.payload);
        let tlp = self.tlp.as_deref().map_or(Ok(Tlp::Unspecified), marking)?;
        Ok(Event {
            r#type: self.r#type,
            schema_version: self.schema_version,
            network: self.network,
            tenant: self.tenant,
            producer: producer.to_vec(),
            stream: self.stream,
            seq: self.seq,
            created_at_ms: self.created_at_ms.unwrap_or_else(now_ms),
            entity_kind: self.entity_kind,
            entity_value: self.entity_value,
            resource: self.resource,
            severity_id: self.severity_id,
            confidence_bp: self.confidence_bp,
            trace: self.trace.map(DraftTrace::into_trace),
            layer: self.layer,
            device_id: self.device_id,
            clearance: self.clearance,
            tlp: tlp.into(),
            content_type: self.content_type.unwrap_or_else(|| media_type.to_owned()),
            content_sha256: sha256(&[&payload]).as_bytes().to_vec(),
            payload,
            encryption: None,
            custody: Vec::new(),
        })
    }
}

impl DraftTrace {
    fn into_trace(self) -> Trace {
        Trace {
            correlation_id: self.correlation_id,
            user: self.user,
            tenant_user: self.tenant_user,
            device: self.device,
            traceparent: self.traceparent,
        }
    }
}

fn payload(value: Option<Value>) -> (Vec<u8>, &'static str) {
    match value {
        None => (Vec::new(), ""),
        Some(Value::String(text)) => (text.into_bytes(), "text/plain"),
        Some(value) => (value.to_string().into_bytes(), "application/json"),
    }
}

fn marking(word: &str) -> Result<Tlp, Failure> {
    let name = format!("TLP_{}", word.to_uppercase().replace([' ', '+', '-'], "_"));
    let unknown =
        || Failure::usage(format!("unknown marking {word}"), "clear, green, amber, amber_strict or red");
    Tlp::from_str_name(&name).ok_or_else(unknown)
}

fn now_ms() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_millis()).unwrap_or(u64::MAX)
}
