//! Events to sign, and events to refuse.

use cybermesh_keys::Signer;
use cybermesh_proto::event::{SignedEvent, event_signing_bytes};
use cybermesh_proto::hash::sha256;
use cybermesh_proto::message::pb::event::v1::{Event, Tlp, Trace};
use cybermesh_proto::message::signature_list;
use prost::Message as _;

/// A plausible anomaly: somebody scans ports.
#[must_use]
pub fn anomaly(producer: &dyn Signer, seq: u64) -> Event {
    let payload = format!(r#"{{"ports":[22,23,3389],"window_s":60,"count":{}}}"#, 100 + seq).into_bytes();
    Event {
        r#type: "Anomaly.Detected.v1".into(),
        schema_version: 1,
        network: "vectors".into(),
        tenant: "acme".into(),
        producer: producer.bundle().kid().0.as_bytes().to_vec(),
        stream: 0,
        seq,
        created_at_ms: crate::cluster::BEGINNING_US / 1000 + 1000 * seq,
        entity_kind: "ip".into(),
        entity_value: format!("203.0.113.{}", seq % 250),
        resource: "urn:acme:edge:firewall:fw-7".into(),
        severity_id: 4,
        confidence_bp: 8_700,
        trace: Some(Trace { correlation_id: format!("case-{seq}"), ..Trace::default() }),
        layer: 3,
        device_id: "sensor-12".into(),
        clearance: 0,
        tlp: Tlp::Amber.into(),
        content_type: "application/json".into(),
        content_sha256: sha256(&[&payload]).as_bytes().to_vec(),
        payload,
        encryption: None,
        custody: Vec::new(),
    }
}

/// The record of an event, signed by its producer.
#[must_use]
pub fn signed(event: &Event, producer: &dyn Signer) -> Vec<u8> {
    let bytes = event.encode_to_vec();
    let halves = producer.sign(&event_signing_bytes(&bytes)).unwrap();
    SignedEvent::assemble(bytes, signature_list(producer.bundle().kid(), halves))
}
