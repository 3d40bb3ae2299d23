//! A store changed behind its back, through RocksDB's own interface: what the tests of damage do.

use std::path::Path;

use cybermesh_proto::Height;
use rocksdb::{DB, IteratorMode, Options};

use crate::error::StateError;
use crate::family::{self, Memory};
use crate::seal;
use crate::store::{DECISIONS, KIND, ROWS, keys};

/// How to take a change back.
pub struct Undo {
    family: &'static str,
    key: Vec<u8>,
    value: Vec<u8>,
}

impl Undo {
    /// Takes it back.
    pub fn undo(&self, place: &Path) -> Result<(), StateError> {
        put(place, self.family, &self.key, &self.value)
    }
}

fn raw(place: &Path) -> Result<DB, StateError> {
    let memory = Memory::new(8 << 20, 8 << 20);
    let families = KIND.families.iter().map(|one| family::descriptor(one, &memory));
    DB::open_cf_descriptors(&family::database(&memory), place, families).map_err(fails)
}

fn fails(cause: impl std::fmt::Display) -> StateError {
    StateError::disk(KIND.name, "be changed", cause)
}

fn put(place: &Path, family: &str, key: &[u8], value: &[u8]) -> Result<(), StateError> {
    let db = raw(place)?;
    let handle = db.cf_handle(family).ok_or_else(|| fails(family))?;
    db.put_cf(handle, key, value).map_err(fails)
}

/// Changes one bit of the value of the n-th row of a family.
pub fn spoil(place: &Path, family: &'static str, nth: usize) -> Result<Undo, StateError> {
    let db = raw(place)?;
    let handle = db.cf_handle(family).ok_or_else(|| fails(family))?;
    let mut rows = db.iterator_cf(handle, IteratorMode::Start);
    let (key, value) = rows.nth(nth).ok_or_else(|| fails("no such row"))?.map_err(fails)?;
    let mut changed = value.to_vec();
    let middle = changed.len() / 2;
    changed[middle] ^= 4;
    db.put_cf(handle, &key, changed).map_err(fails)?;
    Ok(Undo { family, key: key.to_vec(), value: value.to_vec() })
}

/// Changes the value of the n-th row of a family and gives it a sound checksum.
pub fn forge(
    place: &Path,
    family: &'static str,
    nth: usize,
    change: impl FnOnce(&mut Vec<u8>),
) -> Result<(), StateError> {
    let db = raw(place)?;
    let handle = db.cf_handle(family).ok_or_else(|| fails(family))?;
    let mut rows = db.iterator_cf(handle, IteratorMode::Start);
    let (key, sealed) = rows.nth(nth).ok_or_else(|| fails("no such row"))?.map_err(fails)?;
    let mut value = seal::open(family, &key, &sealed).ok_or_else(|| fails("no sound row"))?.to_vec();
    change(&mut value);
    db.put_cf(handle, &key, seal::seal(family, &key, &value)).map_err(fails)
}

/// Writes a row of the flat copy with a sound checksum.
pub fn forge_row(place: &Path, key: &[u8], value: &[u8]) -> Result<(), StateError> {
    let key = keys::key(&[key]);
    put(place, ROWS.name, &key, &seal::seal(ROWS.name, &key, value))
}

/// Writes a row above the newest height with a sound checksum.
pub fn forge_above(place: &Path, height: Height) -> Result<(), StateError> {
    let key = keys::at(height);
    put(place, DECISIONS.name, &key, &seal::seal(DECISIONS.name, &key, b"another"))
}

/// Drops a family.
pub fn drop_family(place: &Path, family: &str) -> Result<(), StateError> {
    let mut db = raw(place)?;
    db.drop_cf(family).map_err(fails)?;
    drop(db);
    // The options of the families that are left, as RocksDB wants to know them.
    DB::list_cf(&Options::default(), place).map(drop).map_err(fails)
}
