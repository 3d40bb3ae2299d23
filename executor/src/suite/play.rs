//! Playing heights into a store, and what each of them must hold.

use std::collections::BTreeMap;

use cybermesh_proto::{Digest, Height};
use thiserror::Error;

use super::SuiteStore;
use crate::applied::Writes;
use crate::tree::{TreeUpdate, genesis, grow, prove, root};
use crate::view::{View, ViewError};

/// What a store did wrong.
#[derive(Clone, PartialEq, Eq, Debug, Error)]
pub enum Fault {
    /// It does other than it must.
    #[error("{0}")]
    Wrong(String),
    /// It fails where it must answer.
    #[error(transparent)]
    Failed(#[from] ViewError),
}

pub(super) fn demand(holds: bool, what: impl FnOnce() -> String) -> Result<(), Fault> {
    if holds { Ok(()) } else { Err(Fault::Wrong(what())) }
}

/// Demands that an answer is an error, and gives it.
pub(super) fn refused<T>(answer: Result<T, ViewError>, what: &str) -> Result<ViewError, Fault> {
    match answer {
        Ok(_) => Err(Fault::Wrong(format!("accepted: {what}"))),
        Err(error) => Ok(error),
    }
}

pub(super) type Rows = BTreeMap<Vec<u8>, Vec<u8>>;

/// A store, and what it must hold.
pub(super) struct Play<S> {
    pub store: S,
    /// What each height must hold; with its root.
    pub heights: Vec<(Rows, Digest)>,
}

impl<S: SuiteStore> Play<S> {
    /// A fresh store after a first height with these rows.
    pub(super) fn begin(rows: &[(&str, &str)]) -> Result<Self, Fault> {
        let mut play = Self { store: S::open()?, heights: Vec::new() };
        let changes: Vec<_> = rows.iter().map(|(key, value)| (*key, Some(*value))).collect();
        play.step(&changes)?;
        Ok(play)
    }

    pub(super) fn newest(&self) -> Height {
        Height::new(u64::try_from(self.heights.len()).unwrap_or_default().saturating_sub(1))
    }

    pub(super) fn root(&self) -> Digest {
        self.heights.last().map_or(Digest::ZERO, |(_, root)| *root)
    }

    /// The next height, made but not taken in. What changes nothing is left out.
    pub(super) fn next(&self, changes: &[(&str, Option<&str>)]) -> Result<(Writes, TreeUpdate), Fault> {
        let rows = self.heights.last().map(|(rows, _)| rows.clone()).unwrap_or_default();
        let mut wanted = BTreeMap::new();
        for (key, value) in changes {
            wanted.insert(key.as_bytes().to_vec(), value.map(|value| value.as_bytes().to_vec()));
        }
        wanted.retain(|key, value| rows.get(key) != value.as_ref());
        let writes: Writes = wanted.into_iter().collect();
        let update = if self.heights.is_empty() {
            genesis(&writes)?
        } else {
            grow(self.store.tree(), self.newest().next(), &self.root(), &writes)?
        };
        Ok((writes, update))
    }

    /// Plays the next height.
    pub(super) fn step(&mut self, changes: &[(&str, Option<&str>)]) -> Result<(), Fault> {
        let (writes, update) = self.next(changes)?;
        self.store.apply(update.height, &writes, &update)?;
        let mut rows = self.heights.last().map(|(rows, _)| rows.clone()).unwrap_or_default();
        for (key, value) in writes {
            match value {
                Some(value) => rows.insert(key, value),
                None => rows.remove(&key),
            };
        }
        self.heights.push((rows, update.root));
        Ok(())
    }

    /// Demands that every height from this one on is there as it was: rows, order, root and proofs.
    pub(super) fn demand_from(&self, lowest: u64) -> Result<(), Fault> {
        let keys: Vec<_> = self.heights.iter().flat_map(|(rows, _)| rows.keys().cloned()).collect();
        for (height, (rows, expected)) in (0..).zip(&self.heights) {
            if height >= lowest {
                self.demand_height(Height::new(height), rows, expected, &keys)?;
            }
        }
        let Some((rows, _)) = self.heights.last() else { return Ok(()) };
        demand_rows(self.store.view()?.as_ref(), rows, &keys, "the newest view")
    }

    fn demand_height(
        &self,
        height: Height,
        rows: &Rows,
        expected: &Digest,
        keys: &[Vec<u8>],
    ) -> Result<(), Fault> {
        let found = root(self.store.tree(), height)?;
        demand(found == *expected, || format!("root {found} of {height}, not {expected}"))?;
        demand_rows(self.store.view_at(height)?.as_ref(), rows, keys, &format!("the view at {height}"))?;
        for key in keys.iter().map(Vec::as_slice).chain([b"never written".as_slice()]) {
            let proof = prove(self.store.tree(), height, key)?;
            let value = proof.value.as_ref().map(|value| value.as_slice().to_vec());
            demand(value.as_ref() == rows.get(key), || {
                format!("the proof of {key:x?} at {height} has {value:x?}")
            })?;
            let proven = proof.root().map_err(|refusal| Fault::Wrong(refusal.to_string()))?;
            demand(proven == *expected, || format!("the proof of {key:x?} at {height} ends in {proven}"))?;
        }
        Ok(())
    }
}

/// Demands these rows: one by one, and all of them in order.
fn demand_rows(view: &dyn View, rows: &Rows, keys: &[Vec<u8>], name: &str) -> Result<(), Fault> {
    for key in keys {
        let found = view.get(key)?;
        demand(found.as_ref() == rows.get(key), || format!("{name}: {key:x?} has {found:x?}"))?;
    }
    let mut from = Vec::new();
    for (key, value) in rows {
        let found = view.first(&from, &[0xff; 8])?;
        let is_next = found.as_ref().is_some_and(|(k, v)| k == key && v == value);
        demand(is_next, || format!("{name}: first from {from:x?} is {found:x?}, not {key:x?}"))?;
        from.clone_from(key);
        from.push(0);
    }
    let rest = view.first(&from, &[0xff; 8])?;
    demand(rest.is_none(), || format!("{name}: {rest:x?} behind the last row"))
}
