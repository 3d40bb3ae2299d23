//! The keys of the state store. Every one begins with the version of its key space; numbers are big-endian, so that order of
//! bytes is order of numbers.

use cybermesh_proto::{Digest, Height};

/// The version of every key space.
pub(crate) const V: u8 = 1;
/// Below every key of another version.
pub(crate) const END: &[u8] = &[V + 1];
/// In front of all keys.
pub(crate) const START: &[u8] = &[V];

/// Singletons, by name.
pub(crate) const OWNER: &[u8] = &[V, 0, b'o'];
pub(crate) const HEAD: &[u8] = &[V, 0, b'h'];
pub(crate) const MIRROR: &[u8] = &[V, 0, b'm'];
pub(crate) const AFTER: &[u8] = &[V, 0, b'a'];
pub(crate) const FLOOR_STATE: &[u8] = &[V, 0, b's'];
pub(crate) const FLOOR_JOURNAL: &[u8] = &[V, 0, b'j'];
/// Positions of sources, by source.
pub(crate) const POSITIONS: &[u8] = &[V, 1];
/// Cursors of sinks, by sink, topic and partition.
pub(crate) const PUBLISHED: &[u8] = &[V, 2];

/// Some parts in a row, behind the version.
pub(crate) fn key(parts: &[&[u8]]) -> Vec<u8> {
    let mut key = Vec::with_capacity(1 + parts.iter().map(|part| part.len()).sum::<usize>());
    key.push(V);
    parts.iter().for_each(|part| key.extend_from_slice(part));
    key
}

/// A height.
pub(crate) fn at(height: Height) -> Vec<u8> {
    key(&[&height.get().to_be_bytes()])
}

/// A number.
pub(crate) fn number(number: u64) -> Vec<u8> {
    key(&[&number.to_be_bytes()])
}

/// A version of a value: the newest one first.
pub(crate) fn value(hashed: &Digest, since: Height) -> Vec<u8> {
    key(&[hashed.as_bytes(), &(!since.get()).to_be_bytes()])
}

/// Below which all versions of a value stand.
pub(crate) fn value_end(hashed: &Digest) -> Vec<u8> {
    // Longer than any version's key, so that the oldest possible one stands below it too.
    key(&[hashed.as_bytes(), &[0xff; 9]])
}

/// The height since which the value of such a key stands.
pub(crate) fn value_since(key: &[u8]) -> Option<Height> {
    let since = key.get(33..)?.try_into().ok()?;
    Some(Height::new(!u64::from_be_bytes(since)))
}

/// A part of the list of what a height made stale.
pub(crate) fn stale(height: Height, part: u32) -> Vec<u8> {
    key(&[&height.get().to_be_bytes(), &part.to_be_bytes()])
}

/// Hashes of one level of a log from an index on.
pub(crate) fn tile(log: u8, level: u8, first: u64) -> Vec<u8> {
    key(&[&[log, level], &first.to_be_bytes()])
}

/// A text that others follow: its length comes first, or one text would run into the next.
pub(crate) fn text(text: &str) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    [length.to_be_bytes().as_slice(), text.as_bytes()].concat()
}

/// A partition of an outbound topic.
pub(crate) fn partition(topic: u16, partition: u32) -> Vec<u8> {
    key(&[&topic.to_be_bytes(), &partition.to_be_bytes()])
}

/// The bytes right behind all keys that begin with these.
pub(crate) fn behind(start: &[u8]) -> Vec<u8> {
    let mut end = start.to_vec();
    while let Some(last) = end.pop() {
        if last < 0xff {
            end.push(last + 1);
            break;
        }
    }
    end
}
