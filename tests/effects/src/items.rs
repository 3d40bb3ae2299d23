//! Items of batches: events and transactions, with signatures of the right shape.

use cybermesh_proto::agree::{Item, ItemKind};
use cybermesh_proto::event::SignedEvent;
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::Algorithm;
use cybermesh_proto::message::pb::control::v1 as control;
use cybermesh_proto::message::pb::control::v1::governance_transaction::Action;
use cybermesh_proto::message::pb::event::v1 as pb;
use cybermesh_proto::message::{RULE_REQUEST_TYPE, signature_list};
use cybermesh_proto::{ChainId, ItemId};
use prost::Message as _;

use crate::people::{Person, bundle};

/// The network of all worlds.
pub const NETWORK: &str = "effects";

/// An event, with everything but its signatures.
#[must_use]
pub fn event(person: &Person, stream: u32, seq: u64, now_ms: u64, kind: &str, value: &str) -> pb::Event {
    pb::Event {
        r#type: "Anomaly.Found.v1".into(),
        schema_version: 1,
        network: NETWORK.into(),
        tenant: person.tenant().into(),
        producer: person.kid().0.as_bytes().to_vec(),
        stream,
        seq,
        created_at_ms: now_ms,
        entity_kind: kind.into(),
        entity_value: value.into(),
        severity_id: 4,
        confidence_bp: 10_000,
        content_sha256: sha256(&[b""]).as_bytes().to_vec(),
        ..pb::Event::default()
    }
}

/// Sets the payload and what hangs on it.
#[must_use]
pub fn with_payload(mut event: pb::Event, content_type: &str, payload: Vec<u8>) -> pb::Event {
    event.content_type = content_type.into();
    event.content_sha256 = sha256(&[&payload]).as_bytes().to_vec();
    event.payload = payload;
    event
}

/// Makes an event ask for a rule.
#[must_use]
pub fn asking(mut event: pb::Event, event_type: &str, request: &pb::RuleRequest) -> pb::Event {
    event.r#type = event_type.into();
    with_payload(event, RULE_REQUEST_TYPE, request.encode_to_vec())
}

/// Makes an event a verdict on another.
#[must_use]
pub fn judging(mut event: pb::Event, event_type: &str, about: ItemId) -> pb::Event {
    event.r#type = event_type.into();
    event.resource = format!("urn:cybermesh:event:{}", about.0);
    event
}

/// Signs an event with halves of these algorithms, all zeros.
#[must_use]
pub fn signed_with(person: &Person, event: &pb::Event, algorithms: &[Algorithm]) -> Item {
    let halves = algorithms.iter().map(|one| (*one, vec![0; one.signature_bytes()])).collect();
    let bytes = SignedEvent::assemble(event.encode_to_vec(), signature_list(person.kid(), halves));
    ItemKind::Event.item(bytes).unwrap()
}

/// Signs an event with every key of its producer.
#[must_use]
pub fn signed(person: &Person, event: &pb::Event) -> Item {
    let algorithms: Vec<_> = person.key.bundle.keys().iter().map(|key| key.algorithm).collect();
    signed_with(person, event, &algorithms)
}

/// The identity of an event.
#[must_use]
pub fn id(event: &pb::Event) -> ItemId {
    ItemId(cybermesh_proto::hash::tagged(cybermesh_proto::domain::Domain::EVENT_ID, &event.encode_to_vec()))
}

/// A governance transaction by these administrators.
#[must_use]
pub fn governance(chain: ChainId, until: u64, nonce: u64, action: Action, signers: &[&str]) -> Item {
    let mut sixteen = [0; 16];
    sixteen[..8].copy_from_slice(&nonce.to_be_bytes());
    let transaction = control::GovernanceTransaction {
        chain: chain.0.as_bytes().to_vec(),
        valid_until_height: until,
        nonce: sixteen.to_vec(),
        reason: "because".into(),
        action: Some(action),
    };
    let halves = |name: &&str| {
        let bundle = bundle(name);
        let halves =
            bundle.keys().iter().map(|key| (key.algorithm, vec![0; key.algorithm.signature_bytes()]));
        signature_list(bundle.kid(), halves.collect())
    };
    let mut signatures: Vec<_> = signers.iter().flat_map(halves).collect();
    signatures.sort_by(|a, b| (&a.kid, a.alg).cmp(&(&b.kid, b.alg)));
    let signed = control::SignedGovernance { transaction: transaction.encode_to_vec(), signatures };
    ItemKind::Governance.item(signed.encode_to_vec()).unwrap()
}
