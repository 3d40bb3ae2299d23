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
    /// How many of them are set.
    pub used: u16,
    /// When the first was set, in ms.
    pub first_use_ms: u64,
}

impl Chunk {
    /// A bitmap without use, of a chunk first used now.
    #[must_use]
    pub const fn begun(now_ms: u64) -> Self {
        Self { bits: Fixed([0; 128]), used: 0, first_use_ms: now_ms }
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
        if *byte & bit(place) == 0 {
            *byte |= bit(place);
            self.used = self.used.saturating_add(1);
        }
    }

    /// Whether every place is used.
    #[must_use]
    pub fn is_full(&self) -> bool {
        u64::from(self.used) >= CHUNK_PLACES
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
