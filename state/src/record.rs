//! The file of the safety record: where the codec of the consensus room says what to write, and this says when it is on disk.
//!
//! ```text
//!   safety.owner     48 bytes: chain, instance; 8 bytes of checksum
//!   safety.first     the marker of a first boot: nothing has left this node yet
//!   safety.record    the two slots
//! ```
//!
//! **Promise**: [`RecordFile::write`] returns after the bytes are on disk. The first write also puts the file's name on disk,
//! then takes the marker away, durably; only then does it return, and only then may a statement leave.
//!
//! **Refuses**: a folder of another owner; everything after a failed write or sync.
//!
//! **Says, and does not judge**: which bytes were found and whether the marker stands. [`remembers`] is the judgement, from
//! the generation that the codec found and the mirror of the state store.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use crate::error::{StateError, within};
use crate::instance::Owner;
use crate::points::{self, Point, Sync};
use crate::{folder, seal};

const NAME: &str = "safety record";
const OWNER_FILE: &str = "safety.owner";
const OWNER_UNFINISHED: &str = "safety.owner.unfinished";
const MARKER_FILE: &str = "safety.first";
const RECORD_FILE: &str = "safety.record";
/// 2 MiB: two slots of 1 MiB.
const RECORD_BYTES_MAX: usize = 2 * 1024 * 1024;
/// 1 KiB: an owner file is far smaller; more is not one of ours.
const OWNER_BYTES_MAX: usize = 1024;

/// What stood in the folder.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct FoundRecord {
    /// The file's bytes; empty when there is no file.
    pub bytes: Vec<u8>,
    /// Whether the marker of a first boot stands: no statement has left this node.
    pub first_boot: bool,
}

/// Whether a node remembers everything that it signed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Remembers {
    /// It signed nothing yet.
    FirstBoot,
    /// The record is the newest one that anything was said upon.
    Whole,
    /// There is no whole record.
    RecordMissing,
    /// The record is older than one that was synced before.
    RecordOlder {
        /// The generation found.
        found: u64,
        /// The generation that the state store knows to have been synced.
        mirror: u64,
    },
}

/// Judges by the generation of the newest whole record and the mirror in the state store (R15).
#[must_use]
pub const fn remembers(generation: Option<u64>, mirror: u64, first_boot: bool) -> Remembers {
    match generation {
        Some(found) if found < mirror => Remembers::RecordOlder { found, mirror },
        Some(_) => Remembers::Whole,
        // A mirror was written, so a record was synced: the marker lies.
        None if first_boot && mirror == 0 => Remembers::FirstBoot,
        None => Remembers::RecordMissing,
    }
}

/// The open file.
pub struct RecordFile {
    folder: PathBuf,
    /// None before the first write.
    file: Option<File>,
    /// Whether name and marker still have to be settled.
    unsettled: bool,
    poison: Option<String>,
}

impl RecordFile {
    /// Makes the marker of a first boot and the owner file, which comes last: without it, nothing was made and this may be
    /// called again. Refuses a folder that has an owner or a record.
    pub fn create(folder: &Path, owner: &Owner) -> Result<(), StateError> {
        for name in [OWNER_FILE, RECORD_FILE] {
            if folder.join(name).exists() {
                return Err(disk("make its folder", format!("{name} is there already")));
            }
        }
        let make = || -> io::Result<()> {
            fs::create_dir_all(folder)?;
            folder::sync_parent(folder)?;
            durable_file(&folder.join(MARKER_FILE), &[])?;
            durable_file(&folder.join(OWNER_UNFINISHED), &seal::seal(NAME, &[], &owner.to_bytes()))?;
            folder::sync(folder)?;
            fs::rename(folder.join(OWNER_UNFINISHED), folder.join(OWNER_FILE))?;
            folder::sync(folder)
        };
        make().map_err(|cause| disk("make its folder", cause))
    }

    /// Opens the folder: the file, and what stood in it.
    pub fn open(folder: &Path, owner: &Owner) -> Result<(Self, FoundRecord), StateError> {
        let Some(sealed) = read(&folder.join(OWNER_FILE), OWNER_BYTES_MAX)? else {
            return Err(StateError::Missing { store: NAME, place: folder.display().to_string() });
        };
        let found = seal::open(NAME, &[], &sealed)
            .ok_or_else(|| StateError::damaged(NAME, OWNER_FILE.as_bytes(), "its checksum is another"))?;
        owner.check("the owner of the safety record", found)?;
        let first_boot = folder.join(MARKER_FILE).exists();
        let bytes = read(&folder.join(RECORD_FILE), RECORD_BYTES_MAX)?;
        let file = match bytes {
            Some(_) => Some(open_record(folder).map_err(|cause| disk("open", cause))?),
            None => None,
        };
        // The name of a file that is found may itself not be durable yet: the first write settles it.
        let record = Self { folder: folder.to_owned(), file, unsettled: true, poison: None };
        Ok((record, FoundRecord { bytes: bytes.unwrap_or_default(), first_boot }))
    }

    /// Writes bytes at an offset and returns when they are on disk. After a failure, never again.
    pub fn write(&mut self, offset: usize, bytes: &[u8]) -> Result<(), StateError> {
        if let Some(cause) = &self.poison {
            return Err(StateError::Poisoned { store: NAME, cause: cause.clone() });
        }
        within("end of a write to the safety record", offset.saturating_add(bytes.len()), RECORD_BYTES_MAX)?;
        self.write_and_sync(offset, bytes).map_err(|cause| {
            let cause = self.poison.get_or_insert_with(|| cause.to_string()).clone();
            StateError::Poisoned { store: NAME, cause }
        })
    }

    fn write_and_sync(&mut self, offset: usize, bytes: &[u8]) -> io::Result<()> {
        points::reach(Point::RecordBefore);
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(open_record(&self.folder)?),
        };
        file.write_all_at(bytes, offset as u64)?;
        points::reach(Point::RecordWritten);
        if points::syncs(Sync::Record) {
            file.sync_data()?;
        }
        points::reach(Point::RecordSynced);
        if self.unsettled {
            self.settle()?;
        }
        Ok(())
    }

    /// The file's name on disk, then the marker gone from disk.
    fn settle(&mut self) -> io::Result<()> {
        folder::sync(&self.folder)?;
        points::reach(Point::FolderSynced);
        let marker = self.folder.join(MARKER_FILE);
        if marker.exists() {
            fs::remove_file(&marker)?;
            points::reach(Point::MarkerRemoved);
            folder::sync(&self.folder)?;
        }
        self.unsettled = false;
        Ok(())
    }
}

fn open_record(folder: &Path) -> io::Result<File> {
    OpenOptions::new().read(true).write(true).create(true).truncate(false).open(folder.join(RECORD_FILE))
}

fn durable_file(place: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = File::create(place)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// A file of at most `limit` bytes; `None` when there is none.
fn read(place: &Path, limit: usize) -> Result<Option<Vec<u8>>, StateError> {
    let fails = |cause: io::Error| disk("read", cause);
    let file = match File::open(place) {
        Ok(file) => file,
        Err(cause) if cause.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(cause) => return Err(fails(cause)),
    };
    let mut bytes = Vec::new();
    file.take(limit as u64 + 1).read_to_end(&mut bytes).map_err(fails)?;
    within("a file of the safety record", bytes.len(), limit)?;
    Ok(Some(bytes))
}

fn disk(doing: &'static str, cause: impl std::fmt::Display) -> StateError {
    StateError::disk(NAME, doing, cause)
}
