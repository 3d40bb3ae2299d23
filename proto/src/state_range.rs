//! A proof of every leaf of the state between two hashed keys: that these are there, and no other.
//!
//! It is the tree from the root on, with everything outside the range cut off and replaced by its hash. It needs
//! no earlier part: whoever has a certified root checks any range by itself. The order is that of hashed keys, so a
//! range says nothing of keys that begin alike.

use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use crate::limits::{STATE_PROOF_STEPS_MAX, STATE_RANGE_LEAVES_MAX, STATE_RANGE_SHAPE_MAX};
use crate::refusal::ensure;
use crate::state_proof::{EMPTY_STATE, StateLeaf, inner_hash};
use crate::wire::{Blob, List, Wire};
use crate::{Code, Digest, Height, Refusal};

/// All leaves with `from <= key <= to`, and what else it takes to come to the root.
#[derive(Clone, PartialEq, Eq, Hash, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct StateRange {
    /// Format of the proof; 1.
    pub version: u16,
    /// The height after which this was so.
    pub height: Height,
    /// The lowest hashed key of the range.
    pub from: Digest,
    /// The highest one.
    pub to: Digest,
    /// One byte for each subtree that reaches into the range, from the root on, left before right: nothing in it
    /// ([`Self::EMPTY`]), one leaf ([`Self::LEAF`]), or two halves ([`Self::INNER`]).
    pub shape: Blob<STATE_RANGE_SHAPE_MAX>,
    /// The leaves of that shape in order. At most two are outside the range: alone in a subtree that reaches into it.
    pub leaves: List<StateLeaf, STATE_RANGE_LEAVES_MAX>,
    /// Hashes of the subtrees outside the range, in order.
    pub outside: List<Digest, { 2 * STATE_PROOF_STEPS_MAX }>,
}

impl StateRange {
    /// The format this code writes and reads.
    pub const VERSION: u16 = 1;
    /// A subtree of nothing.
    pub const EMPTY: u8 = 0;
    /// A subtree of one leaf.
    pub const LEAF: u8 = 1;
    /// A subtree of two halves.
    pub const INNER: u8 = 2;

    /// The root of the state that has these leaves and no other ones in the range, and the leaves.
    pub fn root(&self) -> Result<(Digest, Vec<StateLeaf>), Refusal> {
        self.check_shape()?;
        let mut reader = Reader {
            range: self,
            shape: self.shape.as_slice().iter(),
            leaves: self.leaves.iter(),
            outside: self.outside.iter(),
            found: Vec::new(),
        };
        let root = reader.subtree(Span::ALL)?;
        let rest = reader.shape.len().max(reader.leaves.len()).max(reader.outside.len());
        ensure(rest == 0, Code::StateProofForm, || format!("{rest} parts too many").into())?;
        Ok((root, reader.found))
    }
}

impl Wire for StateRange {
    const NAME: &'static str = "state range";
    /// Shape, leaves with 69 bytes each, hashes with 34 each, and 256 bytes around them.
    const BYTES_MAX: usize =
        STATE_RANGE_SHAPE_MAX + STATE_RANGE_LEAVES_MAX * 69 + 2 * STATE_PROOF_STEPS_MAX * 34 + 256;

    fn check_shape(&self) -> Result<(), Refusal> {
        let known = self.version == Self::VERSION;
        ensure(known, Code::WireVersion, || format!("state range version {}", self.version).into())?;
        ensure(self.from <= self.to, Code::StateProofForm, || "the range ends before it begins".into())
    }
}

/// The hashed keys that belong to a subtree.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Span {
    low: [u8; 32],
    high: [u8; 32],
    depth: usize,
}

impl Span {
    /// That of the root.
    pub const ALL: Self = Self { low: [0; 32], high: [0xff; 32], depth: 0 };

    /// Whether any of its keys is in a range.
    #[must_use]
    pub fn reaches_into(&self, from: &Digest, to: &Digest) -> bool {
        self.high >= *from.as_bytes() && self.low <= *to.as_bytes()
    }

    /// Whether a key is one of them.
    #[must_use]
    pub fn holds(&self, key: &Digest) -> bool {
        (self.low..=self.high).contains(key.as_bytes())
    }

    /// Its halves; nothing for a single key.
    #[must_use]
    pub fn halves(&self) -> Option<(Self, Self)> {
        let (mut left, mut right) = (*self, *self);
        let (byte, bit) = (self.depth / 8, 0x80_u8 >> (self.depth % 8));
        *left.high.get_mut(byte)? &= !bit;
        *right.low.get_mut(byte)? |= bit;
        left.depth = self.depth.saturating_add(1);
        right.depth = left.depth;
        Some((left, right))
    }
}

struct Reader<'a> {
    range: &'a StateRange,
    shape: core::slice::Iter<'a, u8>,
    leaves: core::slice::Iter<'a, StateLeaf>,
    outside: core::slice::Iter<'a, Digest>,
    found: Vec<StateLeaf>,
}

impl Reader<'_> {
    /// At most 256 deep, and as many calls as there are parts: each one takes a part.
    fn subtree(&mut self, span: Span) -> Result<Digest, Refusal> {
        let short = || Refusal::new(Code::StateProofForm, "a part is missing or misplaced");
        let (from, to) = (&self.range.from, &self.range.to);
        if !span.reaches_into(from, to) {
            return self.outside.next().copied().ok_or_else(short);
        }
        match self.shape.next().copied().ok_or_else(short)? {
            StateRange::EMPTY => Ok(EMPTY_STATE),
            StateRange::LEAF => {
                let leaf = self.leaves.next().filter(|leaf| span.holds(&leaf.key)).ok_or_else(short)?;
                if (from..=to).contains(&&leaf.key) {
                    self.found.push(*leaf);
                }
                Ok(leaf.hash())
            }
            StateRange::INNER => {
                let (left, right) = span.halves().ok_or_else(short)?;
                let left = self.subtree(left)?;
                Ok(inner_hash(&left, &self.subtree(right)?))
            }
            _ => Err(short()),
        }
    }
}
