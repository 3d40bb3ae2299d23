//! Places of a producer's streams.

use cybermesh_proto::wire::Fixed;
use serde_tuple::{Deserialize_tuple, Serialize_tuple};

use super::row;

/// 1,024 places in one bitmap: 128 bytes, one row.
pub const CHUNK_PLACES: u64 = 1024;

/// 64 streams of one producer: one for each partition it writes to.
pub const STREAMS_MAX: u16 = 64;

/// A stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Stream {
    /// Everything below is used or closed; from 1.
    pub low: u64,
    /// The highest place used.
    pub top: u64,
    /// When the first copy beyond the span came, since `low` last changed.
    pub beyond_since_ms: Option<u64>,
    /// Chunks below this one are reported, or have nothing to report.
    pub unreported: u64,
}

impl Default for Stream {
    fn default() -> Self {
        Self { low: 1, top: 0, beyond_since_ms: None, unreported: 0 }
    }
}

/// The bitmap of one chunk.
#[derive(Clone, PartialEq, Eq, Debug, Serialize_tuple, Deserialize_tuple)]
pub struct Chunk {
    /// Bit i of byte j is place `1024 c + 8 j + i + 1`.
    pub bits: Fixed<128>,
    /// Since when there is this bitmap, in ms: that is how old its holes are.
    pub begun_ms: u64,
}

impl Chunk {
    /// A bitmap that begins now, with the first places used.
    #[must_use]
    pub fn begun(now_ms: u64, used: u64) -> Self {
        let mut chunk = Self { bits: Fixed([0; 128]), begun_ms: now_ms };
        chunk.fill(used);
        chunk
    }

    /// Uses the first places.
    pub fn fill(&mut self, used: u64) {
        (0..used.min(CHUNK_PLACES)).for_each(|place| self.set(place));
    }

    /// Whether a place of this chunk (0–1,023) is used.
    #[must_use]
    pub fn holds(&self, place: u64) -> bool {
        self.byte(place).is_some_and(|byte| byte & bit(place) != 0)
    }

    /// Uses a place.
    pub fn set(&mut self, place: u64) {
        let Some(byte) = usize::try_from(place >> 3).ok().and_then(|at| self.bits.0.get_mut(at)) else {
            return;
        };
        *byte |= bit(place);
    }

    /// How many places are used.
    #[must_use]
    pub fn used(&self) -> u64 {
        self.bits.0.iter().map(|byte| u64::from(byte.count_ones())).sum()
    }

    /// Whether every place is used.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.used() >= CHUNK_PLACES
    }

    /// The first unused place at or above one, if any.
    #[must_use]
    pub fn first_hole(&self, from: u64) -> Option<u64> {
        (from..CHUNK_PLACES).find(|place| !self.holds(*place))
    }

    fn byte(&self, place: u64) -> Option<u8> {
        self.bits.0.get(usize::try_from(place >> 3).ok()?).copied()
    }
}

const fn bit(place: u64) -> u8 {
    1 << (place & 7)
}

row!(Stream, Streams, "stream row", 64);
row!(Chunk, Chunks, "chunk row", 160);
