//! The crash rig: a process runs the three places under load and says what it was promised; it is killed, or its power is cut;
//! then everything it was promised must still be there.
//!
//! - [`child`]: the process that is killed. It prints one line for each promise, after the call that gave it returned.
//! - [`check`]: opens what is left and holds it against the promises.
//! - [`rounds`]: kills at random moments and at every numbered write point.
//! - [`disk`] and [`cut`]: what a disk may keep when the power goes, from a trace of all writes and syncs that a preloaded
//!   library (`tests/powerloss`) writes; and the proof that the rig finds every sync that is left out.

pub mod check;
pub mod child;
pub mod cut;
pub mod disk;
pub mod places;
pub mod promises;
pub mod rounds;
pub mod run;
pub mod trace;

use thiserror::Error;

/// Why a run ended.
#[derive(Debug, Error)]
pub enum Fault {
    /// A promise was broken.
    #[error("broken: {0}")]
    Broken(String),
    /// A store failed where it must answer.
    #[error("a store failed: {0}")]
    Store(#[from] cybermesh_state::StateError),
    /// The rig itself failed.
    #[error("the rig failed: {0}")]
    Rig(#[from] std::io::Error),
}

/// Demands something that was promised.
pub(crate) fn demand(holds: bool, what: impl FnOnce() -> String) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::Broken(what())) }
}
