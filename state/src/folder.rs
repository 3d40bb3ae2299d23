//! Folders: a new name is durable only after the folder that holds it was synced.

use std::fs::File;
use std::io;
use std::path::Path;

use crate::points::{self, Sync};

/// Syncs a folder.
pub(crate) fn sync(folder: &Path) -> io::Result<()> {
    if points::syncs(Sync::Folder) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// Syncs the folder that holds a name.
pub(crate) fn sync_parent(place: &Path) -> io::Result<()> {
    match place.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => sync(parent),
        _ => sync(Path::new(".")),
    }
}
