//! The signed event: what a record on `ai.*` holds.
//!
//! Decoding checks, in this order: size, the one encoding of the wrapper, that it is signed at all, size and
//! encoding of the event, every field, the payload's hash, the signatures' shape. No arithmetic is done on any
//! key before all of that held.

use prost::Message as _;

use super::fields::check_fields;
use crate::domain::Domain;
use crate::hash::{sha256, tagged};
use crate::keys::Algorithm;
use crate::limits::{EVENT_BYTES_MAX, SIGNATURES_MAX, SIGNED_EVENT_OVERHEAD_MAX};
use crate::message::pb::event::v1 as pb;
use crate::message::{Half, StrictCodes, decode_strict, signature_halves};
use crate::pae::pae;
use crate::refusal::ensure;
use crate::{Code, Digest, ItemId, Kid, Refusal};

const WRAPPER: StrictCodes =
    StrictCodes { name: "a signed event", too_large: Code::EventTooLarge, malformed: Code::EventMalformed };
const EVENT: StrictCodes =
    StrictCodes { name: "an event", too_large: Code::EventTooLarge, malformed: Code::EventMalformed };

/// A decoded signed event. Nobody has checked its signatures.
#[derive(Clone, PartialEq, Debug)]
pub struct SignedEvent {
    event: pb::Event,
    event_bytes: Vec<u8>,
    received: Vec<u8>,
    pub(super) halves: Vec<Half>,
}

impl SignedEvent {
    /// Decodes a signed event and checks all that its bytes alone can tell.
    pub fn decode(bytes: &[u8]) -> Result<Self, Refusal> {
        let signed: pb::SignedEvent =
            decode_strict(bytes, EVENT_BYTES_MAX + SIGNED_EVENT_OVERHEAD_MAX, &WRAPPER)?;
        ensure(!signed.signatures.is_empty(), Code::EventUnsigned, || "no signature at all".into())?;
        let event: pb::Event = decode_strict(&signed.event, EVENT_BYTES_MAX, &EVENT)?;
        check_fields(&event)?;
        let content = sha256(&[&event.payload]);
        let same = event.content_sha256 == content.as_bytes();
        ensure(same, Code::EventContentHash, || "the payload has another SHA-256".into())?;
        let halves = signature_halves(signed.signatures, SIGNATURES_MAX, Code::AuthnDenySignatureList)?;
        let by_producer = halves.iter().all(|half| half.kid.0.as_bytes() == event.producer.as_slice());
        ensure(by_producer, Code::AuthnDenyOtherKey, || "signed by another key than its producer".into())?;
        Ok(Self { event, event_bytes: signed.event, received: bytes.to_vec(), halves })
    }

    /// The event, to be believed only as far as its signatures were checked.
    #[must_use]
    pub fn event(&self) -> &pb::Event {
        &self.event
    }

    /// The signed bytes of the event, as received.
    #[must_use]
    pub fn event_bytes(&self) -> &[u8] {
        &self.event_bytes
    }

    /// The whole record, as received.
    #[must_use]
    pub fn received(&self) -> &[u8] {
        &self.received
    }

    /// The identity: over the event bytes alone, never over the signatures around them.
    #[must_use]
    pub fn id(&self) -> ItemId {
        ItemId(tagged(Domain::EVENT_ID, &self.event_bytes))
    }

    /// The key id that its producer claims.
    #[must_use]
    pub fn producer(&self) -> Kid {
        Kid(Digest::from_slice(&self.event.producer).unwrap_or(Digest::ZERO))
    }

    /// The algorithms it is signed with, ascending.
    pub fn algorithms(&self) -> impl Iterator<Item = Algorithm> {
        self.halves.iter().map(|half| half.algorithm)
    }

    /// The event inside, decoded from bare event bytes, with every field checked: for those who sign.
    pub fn decode_unsigned(event_bytes: &[u8]) -> Result<pb::Event, Refusal> {
        let event: pb::Event = decode_strict(event_bytes, EVENT_BYTES_MAX, &EVENT)?;
        check_fields(&event)?;
        let same = event.content_sha256 == sha256(&[&event.payload]).as_bytes();
        ensure(same, Code::EventContentHash, || "the payload has another SHA-256".into())?;
        Ok(event)
    }

    /// Puts event bytes and signatures together, as a producer does.
    #[must_use]
    pub fn assemble(event_bytes: Vec<u8>, signatures: Vec<pb::Signature>) -> Vec<u8> {
        pb::SignedEvent { event: event_bytes, signatures }.encode_to_vec()
    }
}

/// What a producer signs.
#[must_use]
pub fn event_signing_bytes(event_bytes: &[u8]) -> Vec<u8> {
    pae(Domain::EVENT, event_bytes)
}
