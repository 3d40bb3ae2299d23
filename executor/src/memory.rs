//! The store in memory: rows, values and nodes of every height it keeps. For simulation and for tests; what it
//! promises, `crate::suite` demands of every store.
//!
//! Heights come one after another from 0. A clone shares everything until one of the two is written to.

use std::collections::BTreeMap;
use std::sync::Arc;

use cybermesh_proto::state_proof::key_hash;
use cybermesh_proto::{Digest, Height};

use crate::applied::Writes;
use crate::tree::{TreeStore, TreeUpdate};
use crate::view::{Row, View, ViewError};

/// Rows, values and nodes of all heights from the horizon on.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    kept: Arc<Kept>,
}

/// The rows after one height.
#[derive(Clone, Copy, Debug)]
pub struct At<'a> {
    kept: &'a Kept,
    height: Height,
}

#[derive(Clone, Debug, Default)]
struct Kept {
    newest: Option<Height>,
    /// The lowest height that can be read.
    horizon: Height,
    rows: BTreeMap<Vec<u8>, Versions>,
    values: BTreeMap<Digest, Versions>,
    nodes: BTreeMap<Vec<u8>, Arc<[u8]>>,
    /// What each height made superfluous, until it is pruned.
    stale: BTreeMap<Height, Stale>,
}

#[derive(Clone, Debug, Default)]
struct Stale {
    nodes: Vec<Vec<u8>>,
    rows: Vec<Vec<u8>>,
}

/// A value from each height that changed it, ascending; `None` where it was deleted.
#[derive(Clone, Debug, Default)]
struct Versions(Vec<(Height, Option<Arc<[u8]>>)>);

impl Versions {
    fn at(&self, height: Height) -> Option<&[u8]> {
        let known = self.0.iter().rev().find(|(since, _)| *since <= height);
        known.and_then(|(_, value)| value.as_deref())
    }

    /// Forgets what only heights below this one see; says whether anything is left.
    fn forget(&mut self, below: Height) -> bool {
        let older = self.0.iter().filter(|(since, _)| *since <= below).count();
        self.0.drain(..older.saturating_sub(1));
        if self.0.first().is_some_and(|(since, value)| *since <= below && value.is_none()) {
            self.0.remove(0);
        }
        !self.0.is_empty()
    }
}

impl MemoryStore {
    /// Takes in the result of the next height.
    pub fn apply(&mut self, height: Height, writes: &Writes, update: &TreeUpdate) -> Result<(), ViewError> {
        let due = self.kept.newest.map_or(Height::ZERO, Height::next);
        if height != due || update.height != height {
            return Err(ViewError(format!("height {due} is due, not {height} (tree {})", update.height)));
        }
        let mut hashed: Vec<_> = writes.iter().map(|(key, value)| (key_hash(key), value)).collect();
        hashed.sort_unstable_by_key(|(key, _)| *key);
        if !hashed.into_iter().eq(update.values.iter().map(|(key, value)| (*key, value))) {
            return Err(ViewError(format!("rows and tree of {height} do not belong together")));
        }
        Arc::make_mut(&mut self.kept).apply(height, writes, update);
        Ok(())
    }

    /// The newest height, if there is any.
    #[must_use]
    pub fn newest(&self) -> Option<Height> {
        self.kept.newest
    }

    /// The rows after a height that is kept.
    pub fn at(&self, height: Height) -> Result<At<'_>, ViewError> {
        self.kept.check_kept(height)?;
        Ok(At { kept: &self.kept, height })
    }

    /// Forgets all heights below this one. The newest always stays.
    pub fn prune(&mut self, below: Height) -> Result<(), ViewError> {
        if self.kept.newest.is_none_or(|newest| below > newest) {
            return Err(ViewError(format!("height {below} cannot be the lowest: it is not there yet")));
        }
        if below > self.kept.horizon {
            Arc::make_mut(&mut self.kept).prune(below);
        }
        Ok(())
    }

    /// How many nodes it keeps.
    #[must_use]
    pub fn nodes(&self) -> usize {
        self.kept.nodes.len()
    }

    /// How many versions of rows it keeps.
    #[must_use]
    pub fn versions(&self) -> usize {
        self.kept.rows.values().map(|versions| versions.0.len()).sum()
    }
}

impl Kept {
    fn check_kept(&self, height: Height) -> Result<(), ViewError> {
        if height < self.horizon {
            return Err(ViewError(format!("height {height} is pruned; the lowest kept is {}", self.horizon)));
        }
        if self.newest.is_none_or(|newest| height > newest) {
            return Err(ViewError(format!("height {height} is not there yet")));
        }
        Ok(())
    }

    fn apply(&mut self, height: Height, writes: &Writes, update: &TreeUpdate) {
        let mut stale = Stale { nodes: update.stale_nodes.clone(), rows: Vec::new() };
        for (key, value) in writes {
            let value: Option<Arc<[u8]>> = value.as_deref().map(Arc::from);
            let versions = self.rows.entry(key.clone()).or_default();
            if !versions.0.is_empty() {
                stale.rows.push(key.clone());
            }
            versions.0.push((height, value.clone()));
            self.values.entry(key_hash(key)).or_default().0.push((height, value));
        }
        let nodes = update.nodes.iter().map(|(key, node)| (key.clone(), Arc::from(node.as_slice())));
        self.nodes.extend(nodes);
        self.stale.insert(height, stale);
        self.newest = Some(height);
    }

    fn prune(&mut self, below: Height) {
        let later = self.stale.split_off(&below.next());
        for stale in std::mem::replace(&mut self.stale, later).into_values() {
            for node in stale.nodes {
                self.nodes.remove(&node);
            }
            for row in stale.rows {
                forget(&mut self.values, &key_hash(&row), below);
                forget(&mut self.rows, &row, below);
            }
        }
        self.horizon = below;
    }

    fn get(&self, key: &[u8], height: Height) -> Option<Vec<u8>> {
        self.rows.get(key)?.at(height).map(<[u8]>::to_vec)
    }

    fn first(&self, from: &[u8], below: &[u8], height: Height) -> Option<Row> {
        // A range that ends before it begins is no range of a map.
        if from >= below {
            return None;
        }
        let mut rows =
            self.rows.range::<[u8], _>((std::ops::Bound::Included(from), std::ops::Bound::Excluded(below)));
        rows.find_map(|(key, versions)| versions.at(height).map(|value| (key.clone(), value.to_vec())))
    }
}

fn forget<K: Ord>(from: &mut BTreeMap<K, Versions>, key: &K, below: Height) {
    if from.get_mut(key).is_some_and(|versions| !versions.forget(below)) {
        from.remove(key);
    }
}

impl View for At<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self.kept.get(key, self.height))
    }

    fn first(&self, from: &[u8], below: &[u8]) -> Result<Option<Row>, ViewError> {
        Ok(self.kept.first(from, below, self.height))
    }
}

/// The rows after the newest height; none before the first.
impl View for MemoryStore {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self.kept.newest.and_then(|newest| self.kept.get(key, newest)))
    }

    fn first(&self, from: &[u8], below: &[u8]) -> Result<Option<Row>, ViewError> {
        Ok(self.kept.newest.and_then(|newest| self.kept.first(from, below, newest)))
    }
}

impl TreeStore for MemoryStore {
    fn node(&self, key: &[u8]) -> Result<Option<Vec<u8>>, ViewError> {
        Ok(self.kept.nodes.get(key).map(|node| node.to_vec()))
    }

    fn value(&self, key: &Digest, at: Height) -> Result<Option<Vec<u8>>, ViewError> {
        self.kept.check_kept(at)?;
        Ok(self.kept.values.get(key).and_then(|versions| versions.at(at)).map(<[u8]>::to_vec))
    }
}
