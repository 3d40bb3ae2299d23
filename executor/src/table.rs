//! Rows of one kind as a block changes them: read once, kept decoded, encoded once at the end.
//!
//! Every change can be taken back until the next [`Table::begin`]: that is what a transaction that fails costs.

use std::collections::BTreeMap;

use cybermesh_proto::wire::encode_canonical;

use crate::applied::Writes;
use crate::rows::{Key, Row, decode};
use crate::view::{View, ViewError};

struct Slot<R> {
    now: Option<R>,
    /// Its bytes before the block: what it is compared with at the end.
    stored: Option<Vec<u8>>,
    changed: bool,
}

/// Rows of one kind.
pub(crate) struct Table<R> {
    slots: BTreeMap<Key, Slot<R>>,
    undo: Vec<(Key, Option<R>)>,
}

impl<R> Default for Table<R> {
    fn default() -> Self {
        Self { slots: BTreeMap::new(), undo: Vec::new() }
    }
}

impl<R: Row> Table<R> {
    /// The row as it is now.
    pub(crate) fn get(&mut self, view: &dyn View, key: &[u8]) -> Result<Option<&R>, ViewError> {
        Ok(self.slot(view, key)?.now.as_ref())
    }

    /// Writes or deletes a row.
    pub(crate) fn put(&mut self, view: &dyn View, key: Key, row: Option<R>) -> Result<(), ViewError> {
        let slot = self.slot(view, &key)?;
        let before = std::mem::replace(&mut slot.now, row);
        slot.changed = true;
        self.undo.push((key, before));
        Ok(())
    }

    /// The first row of a range, as it is now.
    pub(crate) fn first(
        &mut self,
        view: &dyn View,
        from: &[u8],
        below: &[u8],
    ) -> Result<Option<Key>, ViewError> {
        let mut from = from.to_vec();
        loop {
            let stored = view.first(&from, below)?.map(|(key, _)| key);
            let added = self.slots.range(from.clone()..below.to_vec()).find(|(_, slot)| slot.now.is_some());
            let added = added.map(|(key, _)| key.clone());
            match stored {
                Some(stored) if added.as_ref().is_none_or(|added| stored <= *added) => {
                    if self.get(view, &stored)?.is_some() {
                        return Ok(Some(stored));
                    }
                    // Deleted in this block: go on behind it.
                    from = stored;
                    from.push(0);
                }
                _ => return Ok(added),
            }
        }
    }

    /// From here on changes can be taken back.
    pub(crate) fn begin(&mut self) {
        self.undo.clear();
    }

    /// Takes back all changes since [`Self::begin`].
    pub(crate) fn roll_back(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            if let Some(slot) = self.slots.get_mut(&key) {
                slot.now = before;
            }
        }
    }

    /// What has to be written; nothing that came out as it was.
    pub(crate) fn writes(self, out: &mut Writes) {
        for (key, slot) in self.slots.into_iter().filter(|(_, slot)| slot.changed) {
            let bytes = slot.now.as_ref().map(encode_canonical);
            if bytes != slot.stored {
                out.push((key, bytes));
            }
        }
    }

    fn slot(&mut self, view: &dyn View, key: &[u8]) -> Result<&mut Slot<R>, ViewError> {
        if !self.slots.contains_key(key) {
            let stored = view.get(key)?;
            let now = stored.as_deref().map(|bytes| decode(key, bytes)).transpose()?;
            self.slots.insert(key.to_vec(), Slot { now, stored, changed: false });
        }
        let lost = || ViewError("a row that was just read is gone".into());
        self.slots.get_mut(key).ok_or_else(lost)
    }
}
