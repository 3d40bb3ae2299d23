//! The places at which a crash hurts most, by number.
//!
//! What ships knows them as nothing: the functions are constants. With the feature `write-points`, which only the crash rig
//! asks for, two variables of the environment choose what happens, once for a process:
//!
//! - `CYBERMESH_WRITE_POINT=<point>:<times>` ends the process the n-th time it comes to a point;
//! - `CYBERMESH_LEAVE_OUT=<sync>` leaves one kind of sync out, to show that the rig finds it.

/// A place right before or after something becomes durable.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Point {
    /// Before a batch of the payload store.
    PayloadBefore = 0,
    /// After it.
    PayloadAfter = 1,
    /// Before a batch of the state store.
    StateBefore = 2,
    /// After it.
    StateAfter = 3,
    /// Before a write of the safety record.
    RecordBefore = 4,
    /// Between that write and its sync.
    RecordWritten = 5,
    /// After the sync.
    RecordSynced = 6,
    /// After the sync of the record's folder, before the marker of the first boot goes.
    FolderSynced = 7,
    /// Between the removal of the marker and the sync of the folder.
    MarkerRemoved = 8,
    /// Between two batches of pruning.
    Pruning = 9,
    /// Between the batch that drops a range and the removal of its files.
    RangeDropped = 10,
}

impl Point {
    /// All of them, by number.
    pub const ALL: [Self; 11] = [
        Self::PayloadBefore,
        Self::PayloadAfter,
        Self::StateBefore,
        Self::StateAfter,
        Self::RecordBefore,
        Self::RecordWritten,
        Self::RecordSynced,
        Self::FolderSynced,
        Self::MarkerRemoved,
        Self::Pruning,
        Self::RangeDropped,
    ];
}

/// A kind of sync.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sync {
    /// Of a batch of the payload store.
    Payload,
    /// Of a batch of the state store.
    State,
    /// Of the safety record.
    Record,
    /// Of a folder.
    Folder,
}

#[cfg(not(feature = "write-points"))]
mod chosen {
    use super::{Point, Sync};

    pub(crate) const fn reach(_: Point) {}

    pub(crate) const fn syncs(_: Sync) -> bool {
        true
    }
}

#[cfg(feature = "write-points")]
mod chosen {
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::{Point, Sync};

    static CRASH: OnceLock<Option<(u8, u64)>> = OnceLock::new();
    static LEFT_OUT: OnceLock<Option<String>> = OnceLock::new();
    static TIMES: AtomicU64 = AtomicU64::new(0);

    fn crash() -> Option<(u8, u64)> {
        let text = std::env::var("CYBERMESH_WRITE_POINT").ok()?;
        let (point, times) = text.split_once(':')?;
        Some((point.parse().ok()?, times.parse().ok()?))
    }

    pub(crate) fn reach(point: Point) {
        let Some((number, times)) = *CRASH.get_or_init(crash) else {
            return;
        };
        if number == point as u8 && TIMES.fetch_add(1, Ordering::Relaxed) + 1 == times {
            std::process::abort();
        }
    }

    pub(crate) fn syncs(sync: Sync) -> bool {
        let left_out = LEFT_OUT.get_or_init(|| std::env::var("CYBERMESH_LEAVE_OUT").ok());
        left_out.as_deref() != Some(&format!("{sync:?}").to_lowercase())
    }
}

pub(crate) use chosen::{reach, syncs};
