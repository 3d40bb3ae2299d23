//! One database, opened with care: every row sealed, every write synced, nothing done after a failure.
//!
//! **Promise**: [`Db::write`] returns after the batch is on disk, all of it. There is no other way to write. After the first
//! write or removal of files that fails, the handle answers [`StateError::Poisoned`] to everything: the kernel may have
//! dropped the pages that it failed to write, so a second try could succeed and lie.
//!
//! **Making and opening are two things.** A database is made beside its place and moved there when it is whole. So what is
//! missing at its place was lost, and is never made anew in silence.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use rocksdb::{
    BottommostLevelCompaction, ColumnFamily, CompactOptions, DB, Direction, IteratorMode, ReadOptions,
    WaitForCompactOptions, WriteBatch, WriteOptions,
};

use crate::error::StateError;
use crate::family::{self, Family, Memory, Shape};
use crate::points::{self, Point, Sync};
use crate::{folder, seal};

/// What tells two databases apart.
#[derive(Clone, Copy)]
pub(crate) struct Kind {
    pub(crate) name: &'static str,
    pub(crate) families: &'static [Family],
    pub(crate) sync: Sync,
    pub(crate) before: Point,
    pub(crate) after: Point,
}

/// An open database.
pub(crate) struct Db {
    kind: Kind,
    inner: DB,
    poison: OnceLock<String>,
}

/// A row with its seal taken off.
pub(crate) type Row = (Vec<u8>, Vec<u8>);

/// Rows to be written at once.
pub(crate) struct Batch<'a> {
    db: &'a Db,
    inner: WriteBatch,
    /// The first family that is missing; told when the batch is written.
    missing: Option<&'static str>,
}

impl Db {
    /// Makes a database with its first rows. What an attempt before left unfinished is removed.
    pub(crate) fn create(
        kind: Kind,
        place: &Path,
        memory: &Memory,
        first: impl FnOnce(&mut Batch<'_>),
    ) -> Result<(), StateError> {
        let fails = |cause: std::io::Error| StateError::disk(kind.name, "make the database", cause);
        let making = unfinished(place);
        if place.exists() {
            return Err(StateError::disk(kind.name, "make the database", "something is at its place"));
        }
        if making.exists() {
            fs::remove_dir_all(&making).map_err(fails)?;
        }
        fs::create_dir_all(&making).map_err(fails)?;
        let db = Self::start(kind, &making, memory, true)?;
        let mut batch = db.batch();
        first(&mut batch);
        db.write(batch)?;
        db.inner.cancel_all_background_work(true);
        drop(db);
        fs::rename(&making, place).map_err(fails)?;
        folder::sync_parent(place).map_err(fails)
    }

    /// Opens a database that was made.
    pub(crate) fn open(kind: Kind, place: &Path, memory: &Memory) -> Result<Self, StateError> {
        if !place.join("CURRENT").exists() {
            return Err(StateError::Missing { store: kind.name, place: place.display().to_string() });
        }
        Self::start(kind, place, memory, false)
    }

    fn start(kind: Kind, place: &Path, memory: &Memory, make: bool) -> Result<Self, StateError> {
        let mut options = family::database(memory);
        options.create_if_missing(make);
        options.create_missing_column_families(make);
        let families = kind.families.iter().map(|one| family::descriptor(one, memory));
        let inner = DB::open_cf_descriptors(&options, place, families)
            .map_err(|cause| StateError::disk(kind.name, "open the database", cause))?;
        Ok(Self { kind, inner, poison: OnceLock::new() })
    }

    /// Refuses everything after a failure.
    pub(crate) fn sound(&self) -> Result<(), StateError> {
        match self.poison.get() {
            None => Ok(()),
            Some(cause) => Err(StateError::Poisoned { store: self.kind.name, cause: cause.clone() }),
        }
    }

    fn poisoned(&self, cause: impl ToString) -> StateError {
        let cause = self.poison.get_or_init(|| cause.to_string()).clone();
        StateError::Poisoned { store: self.kind.name, cause }
    }

    fn handle(&self, name: &'static str) -> Result<&ColumnFamily, StateError> {
        let missing = || StateError::disk(self.kind.name, "find a column family", name);
        self.inner.cf_handle(name).ok_or_else(missing)
    }

    fn reading(&self, cause: rocksdb::Error) -> StateError {
        StateError::disk(self.kind.name, "read", cause)
    }

    pub(crate) fn batch(&self) -> Batch<'_> {
        Batch { db: self, inner: WriteBatch::default(), missing: None }
    }

    /// The one commit path: returns after the batch is on disk.
    pub(crate) fn write(&self, batch: Batch<'_>) -> Result<(), StateError> {
        self.sound()?;
        if let Some(name) = batch.missing {
            return Err(StateError::disk(self.kind.name, "find a column family", name));
        }
        points::reach(self.kind.before);
        let mut options = WriteOptions::default();
        options.set_sync(points::syncs(self.kind.sync));
        self.inner.write_opt(batch.inner, &options).map_err(|cause| self.poisoned(cause))?;
        points::reach(self.kind.after);
        Ok(())
    }

    /// The value of a key.
    pub(crate) fn get(&self, family: &Family, key: &[u8]) -> Result<Option<Vec<u8>>, StateError> {
        self.sound()?;
        let handle = self.handle(family.name)?;
        let found = self.inner.get_pinned_cf(handle, key).map_err(|cause| self.reading(cause))?;
        found.map(|sealed| opened(family, key, &sealed).map(<[u8]>::to_vec)).transpose()
    }

    /// The value of a key that must be there.
    pub(crate) fn must(&self, family: &Family, key: &[u8]) -> Result<Vec<u8>, StateError> {
        self.get(family, key)?.ok_or_else(|| StateError::damaged(family.name, key, "it is missing"))
    }

    /// The rows with `from <= key < below`, in order.
    pub(crate) fn scan(
        &self,
        family: &Family,
        from: &[u8],
        below: &[u8],
    ) -> Result<impl Iterator<Item = Result<Row, StateError>> + '_, StateError> {
        self.walk(family, from, below, Walk::Upwards)
    }

    /// The last row with `from <= key < below`.
    pub(crate) fn last(&self, family: &Family, from: &[u8], below: &[u8]) -> Result<Option<Row>, StateError> {
        self.walk(family, from, below, Walk::Downwards)?.next().transpose()
    }

    /// The first row with `from <= key < below`.
    pub(crate) fn first(
        &self,
        family: &Family,
        from: &[u8],
        below: &[u8],
    ) -> Result<Option<Row>, StateError> {
        self.walk(family, from, below, Walk::Upwards)?.next().transpose()
    }

    fn walk(
        &self,
        family: &Family,
        from: &[u8],
        below: &[u8],
        walk: Walk,
    ) -> Result<impl Iterator<Item = Result<Row, StateError>> + '_, StateError> {
        self.sound()?;
        let handle = self.handle(family.name)?;
        let below = below.max(from);
        let mut options = ReadOptions::default();
        options.set_iterate_lower_bound(from);
        options.set_iterate_upper_bound(below);
        match family.shape {
            // Inside one group the filter spares the read; across groups only the order of all keys is right.
            Shape::Grouped(shared) if walk == Walk::Upwards && same_start(from, below, shared) => {
                options.set_prefix_same_as_start(true);
            }
            _ => options.set_total_order_seek(true),
        }
        let mode = match walk {
            Walk::Upwards => IteratorMode::From(from, Direction::Forward),
            Walk::Downwards => IteratorMode::End,
        };
        let family = *family;
        let rows = self.inner.iterator_cf_opt(handle, options, mode);
        Ok(rows.map(move |row| {
            let (key, sealed) = row.map_err(|cause| self.reading(cause))?;
            let value = opened(&family, &key, &sealed)?.to_vec();
            Ok((key.into_vec(), value))
        }))
    }

    /// Drops the rows with `from <= key < below`, and the files that hold nothing else.
    pub(crate) fn drop_range(&self, family: &Family, from: &[u8], below: &[u8]) -> Result<(), StateError> {
        if from >= below {
            return Ok(());
        }
        let mut batch = self.batch();
        batch.delete_range(family, from, below);
        // First the tombstone, durably: a file must not go while older rows below it would come back.
        self.write(batch)?;
        points::reach(Point::RangeDropped);
        let handle = self.handle(family.name)?;
        let dropped = self.inner.delete_file_in_range_cf(handle, from, below);
        dropped.map_err(|cause| self.poisoned(cause))
    }

    /// Gives the space of deleted rows back to the disk. Takes long; for quiet times and tests.
    pub(crate) fn compact(&self) -> Result<(), StateError> {
        self.sound()?;
        let mut options = CompactOptions::default();
        options.set_bottommost_level_compaction(BottommostLevelCompaction::ForceOptimized);
        for family in self.kind.families {
            let handle = self.handle(family.name)?;
            self.inner.flush_cf(handle).map_err(|cause| self.poisoned(cause))?;
            self.inner.compact_range_cf_opt(handle, None::<&[u8]>, None::<&[u8]>, &options);
        }
        let waited = self.inner.wait_for_compact(&WaitForCompactOptions::default());
        waited.map_err(|cause| self.poisoned(cause))
    }

    /// The bytes of table files, by family.
    pub(crate) fn table_bytes(&self) -> Result<Vec<(&'static str, u64)>, StateError> {
        self.sound()?;
        self.kind
            .families
            .iter()
            .map(|family| {
                let metadata = self.inner.get_column_family_metadata_cf(self.handle(family.name)?);
                Ok((family.name, metadata.size))
            })
            .collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Walk {
    Upwards,
    Downwards,
}

impl Batch<'_> {
    fn with(&mut self, family: &Family, act: impl FnOnce(&mut WriteBatch, &ColumnFamily)) {
        match self.db.inner.cf_handle(family.name) {
            Some(handle) => act(&mut self.inner, handle),
            None => self.missing = Some(family.name),
        }
    }

    pub(crate) fn put(&mut self, family: &Family, key: &[u8], value: &[u8]) {
        let sealed = seal::seal(family.name, key, value);
        self.with(family, |batch, handle| batch.put_cf(handle, key, sealed));
    }

    pub(crate) fn delete(&mut self, family: &Family, key: &[u8]) {
        self.with(family, |batch, handle| batch.delete_cf(handle, key));
    }

    pub(crate) fn delete_range(&mut self, family: &Family, from: &[u8], below: &[u8]) {
        self.with(family, |batch, handle| batch.delete_range_cf(handle, from, below));
    }

    pub(crate) fn size_in_bytes(&self) -> usize {
        self.inner.size_in_bytes()
    }
}

fn opened<'a>(family: &Family, key: &[u8], sealed: &'a [u8]) -> Result<&'a [u8], StateError> {
    seal::open(family.name, key, sealed)
        .ok_or_else(|| StateError::damaged(family.name, key, "its checksum is another"))
}

fn same_start(from: &[u8], below: &[u8], shared: usize) -> bool {
    from.get(..shared).is_some_and(|start| below.get(..shared) == Some(start))
}

fn unfinished(place: &Path) -> PathBuf {
    let mut name = place.as_os_str().to_owned();
    name.push(".unfinished");
    PathBuf::from(name)
}
