//! A proof of what one key of the state held after one height, or that it held nothing.
//!
//! The state is a sparse Merkle tree over the bits of hashed keys, the first bit at the root. A subtree without a
//! key is [`EMPTY_STATE`], one with a single key is that key's leaf however deep it stands, every other one is
//! [`inner_hash`] of its halves. The three hashes are of domains of their own, and the key is in the leaf: no part
//! of the tree passes for another.
//!
//! This module is the format and the hashing. `cybermesh-verify` compares with a decision, the executor makes proofs.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::hash::sha256;
use crate::limits::{STATE_KEY_BYTES_MAX, STATE_PROOF_STEPS_MAX, STATE_VALUE_BYTES_MAX};
use crate::refusal::ensure;
use crate::wire::{Blob, List, Wire};
use crate::{Code, Digest, Height, Refusal};

/// Stands for a subtree without a key, and for the whole tree of no keys.
pub const EMPTY_STATE: Digest = Digest::new(*b"SPARSE_MERKLE_PLACEHOLDER_HASH__");

/// In front of what the hash of a leaf is taken over.
const LEAF: &[u8] = b"JMT::LeafNode";

/// In front of what the hash of two halves is taken over; sixteen bytes, one vowel short.
const INNER: &[u8] = b"JMT::IntrnalNode";

/// A key of the state.
pub type StateKey = Blob<STATE_KEY_BYTES_MAX>;

/// A value of the state.
pub type StateValue = Blob<STATE_VALUE_BYTES_MAX>;

/// Where a key stands in the tree: each bit of this hash chooses a half.
#[must_use]
pub fn key_hash(key: &[u8]) -> Digest {
    sha256(&[key])
}

/// What a leaf holds of its value.
#[must_use]
pub fn value_hash(value: &[u8]) -> Digest {
    sha256(&[value])
}

/// Hash of two halves.
#[must_use]
pub fn inner_hash(left: &Digest, right: &Digest) -> Digest {
    sha256(&[INNER, left.as_bytes(), right.as_bytes()])
}

/// One key with its value, as the tree holds them.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct StateLeaf {
    /// Hash of the key.
    pub key: Digest,
    /// Hash of its value.
    pub value: Digest,
}

impl StateLeaf {
    /// The leaf of this key with this value.
    #[must_use]
    pub fn of(key: &[u8], value: &[u8]) -> Self {
        Self { key: key_hash(key), value: value_hash(value) }
    }

    /// Its hash.
    #[must_use]
    pub fn hash(&self) -> Digest {
        sha256(&[LEAF, self.key.as_bytes(), self.value.as_bytes()])
    }
}

/// What one key held after one height.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct StateProof {
    /// Format of the proof; 1.
    pub version: u16,
    /// The height after which this was so.
    pub height: Height,
    /// The key.
    pub key: StateKey,
    /// Its value; nothing if the state did not hold the key.
    pub value: Option<StateValue>,
    /// Of an absent key: the only leaf where the key would have stood, if there is one.
    pub neighbour: Option<StateLeaf>,
    /// The other halves on the way to the root, the nearest to the leaf first.
    pub siblings: List<Digest, STATE_PROOF_STEPS_MAX>,
}

impl StateProof {
    /// The format this code writes and reads.
    pub const VERSION: u16 = 1;

    /// The root of the state of which the proof says something true. Whoever trusts a root compares.
    pub fn root(&self) -> Result<Digest, Refusal> {
        self.check_shape()?;
        let key = key_hash(self.key.as_slice());
        let depth = self.siblings.len();
        let end = match (&self.value, &self.neighbour) {
            (Some(value), _) => StateLeaf { key, value: value_hash(value.as_slice()) }.hash(),
            (None, Some(leaf)) => {
                // A leaf elsewhere says nothing of this key's place, and the key's own leaf proves that it is there.
                let shared = shared_bits(&leaf.key, &key);
                ensure(shared >= depth && leaf.key != key, Code::StateProofNeighbour, || {
                    format!("{shared} bits shared at depth {depth}").into()
                })?;
                leaf.hash()
            }
            (None, None) => EMPTY_STATE,
        };
        let turns = bits(&key).rev().skip(KEY_BITS.saturating_sub(depth));
        Ok(self.siblings.iter().zip(turns).fold(end, |own, (sibling, right)| {
            if right { inner_hash(sibling, &own) } else { inner_hash(&own, sibling) }
        }))
    }
}

/// The bits of a digest.
const KEY_BITS: usize = 256;

/// The choices between halves on the way to a hashed key, from the root on: `true` is right.
fn bits(key: &Digest) -> impl DoubleEndedIterator<Item = bool> + '_ {
    key.as_bytes().iter().flat_map(|byte| [7_u8, 6, 5, 4, 3, 2, 1, 0].map(|place| (byte >> place) & 1 == 1))
}

fn shared_bits(one: &Digest, other: &Digest) -> usize {
    bits(one).zip(bits(other)).take_while(|(a, b)| a == b).count()
}

impl Wire for StateProof {
    const NAME: &'static str = "state proof";
    /// Key, value, one leaf, all steps with two bytes of framing each, and 256 bytes around them.
    const BYTES_MAX: usize =
        STATE_KEY_BYTES_MAX + STATE_VALUE_BYTES_MAX + 64 + STATE_PROOF_STEPS_MAX * 34 + 256;

    fn check_shape(&self) -> Result<(), Refusal> {
        let known = self.version == Self::VERSION;
        ensure(known, Code::WireVersion, || format!("state proof version {}", self.version).into())?;
        ensure(!self.key.as_slice().is_empty(), Code::StateProofForm, || "no key".into())?;
        let one = self.value.is_none() || self.neighbour.is_none();
        ensure(one, Code::StateProofForm, || "a neighbour beside a value".into())
    }
}
