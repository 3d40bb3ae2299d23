//! What can go wrong with a store, told apart by what the caller must do.

use std::fmt::Display;

use cybermesh_executor::view::ViewError;
use cybermesh_proto::Height;
use thiserror::Error;

/// A call to a store that could not do its work.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum StateError {
    /// A write or a sync failed once: nobody knows what is on disk, and asking again would hide it. The process ends.
    #[error("{store} takes nothing any more after a failed write; end the process: {cause}")]
    Poisoned {
        /// Which store.
        store: &'static str,
        /// What failed.
        cause: String,
    },
    /// The disk or the database did not answer.
    #[error("{store}: cannot {doing}: {cause}")]
    Disk {
        /// Which store.
        store: &'static str,
        /// What was tried.
        doing: &'static str,
        /// What failed.
        cause: String,
    },
    /// A row is not as it was written, or one that must be there is not.
    #[error("{family}: the row {key} is damaged: {cause}")]
    Damaged {
        /// The column family.
        family: &'static str,
        /// The row's key in hexadecimal digits.
        key: String,
        /// How it shows.
        cause: &'static str,
    },
    /// Two things that must be equal are not. Nothing was changed.
    #[error("{what}: expected {expected}, found {found}")]
    Differs {
        /// What was compared.
        what: &'static str,
        /// What it had to be.
        expected: String,
        /// What it is.
        found: String,
    },
    /// There is no store where one was to be opened.
    #[error("{store}: nothing to open at {place}")]
    Missing {
        /// Which store.
        store: &'static str,
        /// Where it was looked for.
        place: String,
    },
    /// The height was pruned.
    #[error("height {} was pruned; the oldest kept one is {}", .height, .oldest)]
    Pruned {
        /// The height asked for.
        height: Height,
        /// The oldest one that can be answered.
        oldest: Height,
    },
    /// The height is not reached yet.
    #[error("height {} is above the newest one, {}", .height, .newest)]
    Ahead {
        /// The height asked for.
        height: Height,
        /// The newest one.
        newest: Height,
    },
    /// Something is larger than its declared limit.
    #[error("{what}: {size} is above the limit of {limit}")]
    TooLarge {
        /// What.
        what: &'static str,
        /// Its size.
        size: usize,
        /// The limit.
        limit: usize,
    },
    /// The executor's tree refused.
    #[error("the tree of the state: {0}")]
    Tree(String),
}

impl StateError {
    /// Whether a promise is in danger: the node stops at once ([`end_process`]) or refuses to start.
    #[must_use]
    pub const fn is_fatal(&self) -> bool {
        match self {
            Self::Poisoned { .. } | Self::Disk { .. } | Self::Damaged { .. } | Self::Tree(_) => true,
            Self::Differs { .. }
            | Self::Missing { .. }
            | Self::Pruned { .. }
            | Self::Ahead { .. }
            | Self::TooLarge { .. } => false,
        }
    }

    pub(crate) fn damaged(family: &'static str, key: &[u8], cause: &'static str) -> Self {
        let key = key.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
        Self::Damaged { family, key, cause }
    }

    pub(crate) fn disk(store: &'static str, doing: &'static str, cause: impl Display) -> Self {
        Self::Disk { store, doing, cause: cause.to_string() }
    }
}

impl From<StateError> for ViewError {
    fn from(error: StateError) -> Self {
        Self(error.to_string())
    }
}

impl From<ViewError> for StateError {
    fn from(error: ViewError) -> Self {
        Self::Tree(error.0)
    }
}

/// Equal, or the error that says what differs.
pub(crate) fn same<T: PartialEq + std::fmt::Debug>(
    what: &'static str,
    expected: &T,
    found: &T,
) -> Result<(), StateError> {
    if expected == found {
        return Ok(());
    }
    Err(StateError::Differs { what, expected: format!("{expected:?}"), found: format!("{found:?}") })
}

/// Within the limit, or the error that says by how much it is not.
pub(crate) const fn within(what: &'static str, size: usize, limit: usize) -> Result<(), StateError> {
    if size <= limit { Ok(()) } else { Err(StateError::TooLarge { what, size, limit }) }
}

/// Ends the process at once, without another write: no destructor of a database may run after a failed sync, because it
/// would flush what nobody knows to be right. Called by the node for every fatal error of a store.
pub fn end_process(error: &StateError) -> ! {
    eprintln!("fatal: {error}");
    std::process::abort()
}
