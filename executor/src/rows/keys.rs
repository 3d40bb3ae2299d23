//! Keys of rows.

use cybermesh_proto::agree::Validator;
use cybermesh_proto::hash::sha256;
use cybermesh_proto::keys::Algorithm;
use cybermesh_proto::{Epoch, Height, ItemId, Kid};

use super::Space;
use crate::subject::Subject;

/// A key.
pub type Key = Vec<u8>;

/// Version of every space so far.
const VERSION: u8 = 1;

/// The bounds of a range of keys: from, and below.
pub type Bounds = (Key, Key);

/// A key of these parts.
#[must_use]
pub fn key_of(space: Space, parts: &[&[u8]]) -> Key {
    let mut key = Vec::with_capacity(80);
    key.extend([space as u8, VERSION]);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// All keys of a space that begin with a number below `end` (or all, without one).
#[must_use]
pub fn below(space: Space, end: Option<u64>) -> Bounds {
    let from = key_of(space, &[]);
    let until = match end {
        Some(end) => key_of(space, &[&end.to_be_bytes()]),
        None => vec![space as u8, VERSION.saturating_add(1)],
    };
    (from, until)
}

/// Keys of rows of which there is one.
#[must_use]
pub fn single(space: Space) -> Key {
    key_of(space, &[])
}

/// A validator set.
#[must_use]
pub fn epoch(epoch: Epoch) -> Key {
    key_of(Space::Epochs, &[&epoch.get().to_be_bytes()])
}

/// Administrators from a height on.
#[must_use]
pub fn administrators(from: Height) -> Key {
    key_of(Space::Administrators, &[&from.get().to_be_bytes()])
}

/// What is kept by key id.
#[must_use]
pub fn by_kid(space: Space, kid: &Kid) -> Key {
    key_of(space, &[kid.0.as_bytes()])
}

/// One public key of a bundle or validator.
#[must_use]
pub fn key_part(algorithm: Algorithm, key: &[u8]) -> Key {
    let name = sha256(&[&[u8::from(algorithm)], key]);
    key_of(Space::KeyParts, &[name.as_bytes()])
}

/// A stream.
#[must_use]
pub fn stream(kid: &Kid, stream: u32) -> Key {
    key_of(Space::Streams, &[kid.0.as_bytes(), &stream.to_be_bytes()])
}

/// A bitmap of a stream.
#[must_use]
pub fn chunk(kid: &Kid, stream: u32, chunk: u64) -> Key {
    key_of(Space::Chunks, &[kid.0.as_bytes(), &stream.to_be_bytes(), &chunk.to_be_bytes()])
}

/// The score of a subject.
#[must_use]
pub fn subject(subject: &Subject) -> Key {
    key_of(Space::Subjects, &[&named(subject)])
}

/// A rule: the automatic one of a subject, or a requested one by scope and action.
#[must_use]
pub fn rule(subject: &Subject, requested: Option<(&str, u8)>) -> Key {
    match requested {
        None => key_of(Space::Rules, &[&named(subject), &[0, 1]]),
        Some((scope, action)) => key_of(Space::Rules, &[&named(subject), &[0, 2, action], scope.as_bytes()]),
    }
}

/// Something that falls due: by time, then by the key of the row it is about.
#[must_use]
pub fn due(at_ms: u64, about: &[u8]) -> Key {
    key_of(Space::Due, &[&at_ms.to_be_bytes(), sha256(&[about]).as_bytes()])
}

/// What is kept by validator; its Ed25519 key outlives its index.
#[must_use]
pub fn by_validator(space: Space, validator: &Validator) -> Key {
    key_of(space, &[&validator.ed25519.0])
}

/// A quarantine of a validator, by its end: an older one stays until no set of leaders depends on it.
#[must_use]
pub fn quarantine(ed25519: &[u8; 32], end: Height) -> Key {
    key_of(Space::Quarantines, &[ed25519, &end.get().to_be_bytes()])
}

/// The quarantines of a validator that end after a height.
#[must_use]
pub fn quarantines_after(ed25519: &[u8; 32], height: Height) -> Bounds {
    let below = key_of(Space::Quarantines, &[ed25519, &u64::MAX.to_be_bytes()]);
    (quarantine(ed25519, height.next()), below)
}

/// The ends of runs that a validator reported of a topic.
#[must_use]
pub fn runs(validator: &Validator, topic: u16) -> Key {
    key_of(Space::Runs, &[&validator.ed25519.0, &topic.to_be_bytes()])
}

/// What is kept by topic.
#[must_use]
pub fn by_topic(space: Space, topic: u16) -> Key {
    key_of(space, &[&topic.to_be_bytes()])
}

/// A misdeed, by the epoch in which it was done: older ones are forgotten together.
#[must_use]
pub fn misdeed(epoch: Epoch, id: &ItemId) -> Key {
    key_of(Space::Misdeeds, &[&epoch.get().to_be_bytes(), id.0.as_bytes()])
}

/// A governance transaction that came to an end.
#[must_use]
pub fn seen(valid_until: u64, id: &ItemId) -> Key {
    key_of(Space::Seen, &[&valid_until.to_be_bytes(), id.0.as_bytes()])
}

/// A place that was redriven.
#[must_use]
pub fn redriven(kid: &Kid, stream: u32, seq: u64) -> Key {
    key_of(Space::Redriven, &[kid.0.as_bytes(), &stream.to_be_bytes(), &seq.to_be_bytes()])
}

/// The roots of a height; the rows of older heights are written over.
#[must_use]
pub fn recent(height: Height) -> Key {
    let slot = height.get().checked_rem(super::Recent::KEPT).unwrap_or_default();
    key_of(Space::Recent, &[&slot.to_be_bytes()])
}

/// Kind, a zero byte, value: neither holds a zero byte.
fn named(subject: &Subject) -> Vec<u8> {
    [subject.kind.as_str().as_bytes(), &[0], subject.value.as_str().as_bytes()].concat()
}
