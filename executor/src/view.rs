//! What the executor may read: the rows of the state as they were after the block before.
//!
//! The trait is stated here and filled by whoever keeps rows: the store in memory beside it, and RocksDB in the
//! state room. A read that fails is our own fault, never that of a transaction: it ends the block, and the
//! node halts.

use thiserror::Error;

/// The store could not answer; whoever asked cannot go on.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
#[error("the state cannot be read: {0}")]
pub struct ViewError(pub String);

/// A key with its value.
pub type Row = (Vec<u8>, Vec<u8>);

/// The rows after one block.
pub trait View {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError>;

    /// The first row, in order of the keys' bytes, with `from <= key < below`.
    fn first(&self, from: &[u8], below: &[u8]) -> Result<Option<Row>, ViewError>;
}

impl<V: View + ?Sized> View for &V {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        (**self).get(key)
    }

    fn first(&self, from: &[u8], below: &[u8]) -> Result<Option<Row>, ViewError> {
        (**self).first(from, below)
    }
}
