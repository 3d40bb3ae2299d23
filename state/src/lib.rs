//! The state room: durability.
//!
//! **Three places, three syncs**, so that a vote never waits behind a large commit: the [safety record](record)'s file, the
//! [payload store](payload) (batches, blocks, certificates, as they arrive) and the [state store](store) (one batch for each
//! decided block). All three carry one [owner](instance::Owner).
//!
//! **Promises**: what a call returned for is on disk; after a crash or a loss of power at any moment the stores open to a
//! state they had promised, or refuse and say what differs; what was changed behind their back is found when it is read;
//! after the first failed write nothing is taken any more ([`StateError::Poisoned`]).
//!
//! **Refuses**: to repair, to make anew what is missing, to serve what does not fit.
//!
//! **May know**: `cybermesh-proto` and the executor's shapes. The only crate that links RocksDB.
//!
//! `docs/storage.md` says what is assumed of the disk, and lists every family and key.

mod bytes;
mod db;
mod edge;
pub mod error;
mod family;
mod folder;
pub mod instance;
#[cfg(feature = "made")]
pub mod made;
pub mod payload;
pub mod points;
pub mod record;
mod seal;
pub mod store;

pub use error::{StateError, end_process};
pub use family::Memory;
pub use instance::{InstanceId, Owner};
pub use payload::{Payload, PayloadStore, Period};
pub use record::{FoundRecord, RecordFile, Remembers, remembers};
pub use store::{
    Commit, Cursor, First, Horizon, Newest, Page, Place, Published, SourcePosition, StateReader, StateStore,
};
