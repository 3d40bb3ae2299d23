//! The rows of the state: their keys, their values, and what each is for.
//!
//! A key is `[space, version of the space, …]`, a value the canonical bytes of its type. Numbers in keys are
//! big-endian, so that rows stand in their order. `docs/state.md` lists every space.

pub mod keys;
mod log;
mod publisher;
mod registry;
mod rule;
mod stream;

pub use keys::Key;
pub use log::{Heads, LogRow, Logs, Recent};
pub use publisher::{Confirmed, ConfirmedEnd, Publisher, Reported, Runs};
pub use registry::{
    Administrators, Bundle, Conduct, EpochRow, KeyPart, KeyRow, Misdeed, Redriven, Seen, Terms,
    ValidatorQuarantine,
};
pub use rule::{Due, Origin, RuleRow, Verb};
pub use stream::{CHUNK_PLACES, Chunk, STREAMS_MAX, Stream};

use cybermesh_proto::wire::{Wire, decode_canonical};

use crate::view::{View, ViewError};

/// The kinds of rows. A number is never used for another kind.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Space {
    /// The numbers of the effects.
    Parameters = 1,
    /// Validator sets by epoch.
    Epochs = 2,
    /// Administrators by the height they began.
    Administrators = 3,
    /// Registered keys.
    Keys = 4,
    /// Their public-key bundles.
    Bundles = 5,
    /// Every public key in use or used, by its hash.
    KeyParts = 6,
    /// What became of a key's conduct, and how many streams it has.
    Conduct = 7,
    /// Streams of producers.
    Streams = 8,
    /// Their bitmaps.
    Chunks = 9,
    /// Scores of subjects.
    Subjects = 10,
    /// Rules.
    Rules = 11,
    /// What falls due, in order of time.
    Due = 12,
    /// Validators in quarantine.
    Quarantines = 13,
    /// Misdeeds that were counted.
    Misdeeds = 14,
    /// Governance transactions that came to an end, by their last height.
    Seen = 15,
    /// Places that were redriven.
    Redriven = 16,
    /// Newest numbers of the outbound partitions, by topic.
    Heads = 17,
    /// Frontiers of history, event log and audit log.
    Logs = 18,
    /// Roots of the newest heights.
    Recent = 19,
    /// The publisher's term.
    Publisher = 20,
    /// Number of each validator's newest report.
    Reported = 21,
    /// Ends of runs that a validator reported, by topic.
    Runs = 22,
    /// Confirmed cursor, by topic.
    Confirmed = 23,
}

/// A kind of row.
pub trait Row: Wire + Clone + PartialEq {
    /// Where rows of this kind stand.
    const SPACE: Space;
}

/// Declares a row: its space, its name, its largest size.
macro_rules! row {
    ($type:ty, $space:ident, $name:literal, $bytes:expr) => {
        impl cybermesh_proto::wire::Wire for $type {
            const NAME: &'static str = $name;
            const BYTES_MAX: usize = $bytes;
        }
        impl crate::rows::Row for $type {
            const SPACE: crate::rows::Space = crate::rows::Space::$space;
        }
    };
}
pub(crate) use row;

impl Row for crate::score::Record {
    const SPACE: Space = Space::Subjects;
}

/// Reads a row straight from a view.
pub fn read<R: Row>(view: &dyn View, key: &[u8]) -> Result<Option<R>, ViewError> {
    view.get(key)?.map(|bytes| decode(key, &bytes)).transpose()
}

/// Decodes the value of a row. Our own rows always decode; anything else is damage.
pub fn decode<R: Row>(key: &[u8], bytes: &[u8]) -> Result<R, ViewError> {
    decode_canonical(bytes)
        .map_err(|refusal| ViewError(format!("the row {} is no {}: {}", cut(key), R::NAME, refusal.note)))
}

/// A key for people: the beginning of its hex digits.
fn cut(key: &[u8]) -> String {
    key.iter().take(40).map(|byte| format!("{byte:02x}")).collect()
}
