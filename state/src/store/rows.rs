//! Rows of the state: as they are now, as they were at a height, and what the tree is made of.
//!
//! Three families hold one thing from three sides. `rows` is the flat copy of the newest rows, for the executor. `values`
//! holds the versions of every value by its hashed key, for proofs and past heights. `gone` names the keys that are no
//! longer rows but still have versions, so that a walk in order at a past height meets them.

use cybermesh_executor::tree::{self, TreeStore};
use cybermesh_executor::view::{Row, View, ViewError};
use cybermesh_proto::state_proof::{StateProof, key_hash};
use cybermesh_proto::{Digest, Height};

use super::{GONE, NODES, ROWS, StateReader, VALUES, keys};
use crate::error::{StateError, same};

/// The rows after a height.
pub struct AtHeight<'a> {
    reader: &'a StateReader,
    height: Height,
}

impl StateReader {
    /// The rows after a height that is kept.
    pub fn at(&self, height: Height) -> Result<AtHeight<'_>, StateError> {
        self.check_kept(height)?;
        Ok(AtHeight { reader: self, height })
    }

    /// A row with its proof after a height, compared with the root of that height's decision before it is given out.
    pub fn proof(&self, height: Height, key: &[u8]) -> Result<StateProof, StateError> {
        self.check_kept(height)?;
        let proof = tree::prove(self, height, key).map_err(|cause| self.or_pruned(height, cause.into()))?;
        let root = proof.root().map_err(|refusal| StateError::Tree(refusal.to_string()))?;
        let decided = self.state_root(height).map_err(|cause| self.or_pruned(height, cause))?;
        same("root of a proof", &decided, &root)?;
        Ok(proof)
    }

    /// A height may be pruned while it is read: then a row that is missing is not a lost one.
    pub(super) fn or_pruned(&self, height: Height, cause: StateError) -> StateError {
        self.check_kept(height).err().unwrap_or(cause)
    }

    /// Compares rows of the flat copy with the tree of the newest height.
    pub fn compare(&self, wanted: &[&[u8]]) -> Result<(), StateError> {
        let height = self.head().height;
        for key in wanted {
            let proven = self.proof(height, key)?.value;
            let flat = self.row(key)?;
            same(
                "a row and its leaf in the tree",
                &proven.as_ref().map(|value| value.as_slice()),
                &flat.as_deref(),
            )?;
        }
        Ok(())
    }

    fn row(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.db.get(&ROWS, &keys::key(&[key]))
    }

    /// The newest version of a value at or below a height; a version may say that there is none.
    fn version(&self, hashed: &Digest, at: Height) -> Result<Option<Vec<u8>>, StateError> {
        let (from, below) = (keys::value(hashed, at), keys::value_end(hashed));
        let Some((key, version)) = self.db.first(&VALUES, &from, &below)? else {
            return Ok(None);
        };
        match version.split_first() {
            Some((1, value)) => Ok(Some(value.to_vec())),
            Some((0, [])) => Ok(None),
            _ => Err(StateError::damaged(VALUES.name, &key, "neither a value nor its end")),
        }
    }

    /// The first key with a row or a past in `from <= key < below`.
    fn candidate(&self, from: &[u8], below: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        let (from, below) = (keys::key(&[from]), keys::key(&[below]));
        let row = self.db.first(&ROWS, &from, &below)?.map(|(key, _)| key);
        let gone = self.db.first(&GONE, &from, &below)?.map(|(key, _)| key);
        let first = match (row, gone) {
            (Some(row), Some(gone)) => Some(row.min(gone)),
            (row, gone) => row.or(gone),
        };
        Ok(first.map(|key| key.get(1..).unwrap_or_default().to_vec()))
    }
}

/// The rows after the newest height.
impl View for StateReader {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self.row(key)?)
    }

    fn first(&self, from: &[u8], below: &[u8]) -> Result<Option<Row>, ViewError> {
        let found = self.db.first(&ROWS, &keys::key(&[from]), &keys::key(&[below]))?;
        Ok(found.map(|(key, value)| (key.get(1..).unwrap_or_default().to_vec(), value)))
    }
}

impl View for AtHeight<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        let found = self.reader.version(&key_hash(key), self.height)?;
        self.reader.check_kept(self.height)?;
        Ok(found)
    }

    fn first(&self, from: &[u8], below: &[u8]) -> Result<Option<Row>, ViewError> {
        let mut from = from.to_vec();
        while let Some(key) = self.reader.candidate(&from, below)? {
            if let Some(value) = self.get(&key)? {
                return Ok(Some((key, value)));
            }
            // The key right behind this one.
            from = key;
            from.push(0);
        }
        self.reader.check_kept(self.height)?;
        Ok(None)
    }
}

impl TreeStore for StateReader {
    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        self.db.sound()?;
        if let Some(node) = self.nodes.get(key) {
            return Ok(Some(node.to_vec()));
        }
        let found = self.db.get(&NODES, &keys::key(&[key]))?;
        self.nodes.keep(found.iter().map(|node| (key, node.as_slice())));
        Ok(found)
    }

    fn value(&self, key: &Digest, at: Height) -> Result<Option<Vec<u8>>, ViewError> {
        self.check_kept(at)?;
        let found = self.version(key, at)?;
        self.check_kept(at)?;
        Ok(found)
    }
}
