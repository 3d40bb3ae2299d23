//! Files from outside: bounded before they are read. Files of ours: whole or not at all.

use std::fs;
use std::io::{Read as _, Write as _};
use std::path::Path;

use cybermesh_proto::{Code, Refusal};

use super::failure::Failure;

/// Reads a file of at most `bytes_max` bytes; `-` is standard input.
pub(super) fn read(path: &Path, bytes_max: usize) -> Result<Vec<u8>, Failure> {
    let limit = u64::try_from(bytes_max).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Vec::new();
    let read = if path == Path::new("-") {
        std::io::stdin().lock().take(limit).read_to_end(&mut bytes)
    } else {
        fs::File::open(path).and_then(|file| file.take(limit).read_to_end(&mut bytes))
    };
    read.map_err(|error| Failure::file(path, &error))?;
    if bytes.len() > bytes_max {
        let note = format!("more than {bytes_max} bytes");
        return Err(Failure::refused(path.display().to_string(), Refusal::new(Code::WireTooLarge, note)));
    }
    Ok(bytes)
}

/// Writes a new file; one that is there is never overwritten. `-` is standard output.
pub(super) fn create(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let written = if path == Path::new("-") {
        std::io::stdout().lock().write_all(bytes)
    } else {
        fs::File::create_new(path).and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
    };
    written.map_err(|error| Failure::file(path, &error))
}

/// Replaces a file by another content: after a crash it holds the old or the new one.
pub(super) fn replace(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".new");
    let beside = Path::new(&beside);
    let written = fs::File::create(beside)
        .and_then(|mut file| file.write_all(bytes).and_then(|()| file.sync_all()))
        .and_then(|()| fs::rename(beside, path))
        .and_then(|()| fs::File::open(parent(path))?.sync_all());
    written.map_err(|error| Failure::file(path, &error))
}

fn parent(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}
