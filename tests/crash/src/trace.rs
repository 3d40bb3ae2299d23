//! The trace of a process: what it did to files, in order (`tests/powerloss/powerloss.c` writes it).

use std::path::PathBuf;

/// One thing done.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Step {
    /// A descriptor stands for a path from now on.
    Open {
        /// The descriptor.
        fd: i32,
        /// The path.
        path: PathBuf,
        /// Whether the content was thrown away.
        truncate: bool,
        /// Whether the file is made if there is none.
        create: bool,
    },
    /// Bytes were written.
    Write {
        /// The descriptor.
        fd: i32,
        /// Where.
        offset: usize,
        /// What.
        bytes: Vec<u8>,
    },
    /// A file got another length.
    Truncate {
        /// The descriptor.
        fd: i32,
        /// The length.
        length: usize,
    },
    /// A file or folder was synced.
    Sync {
        /// The descriptor.
        fd: i32,
    },
    /// A name was moved.
    Rename {
        /// The old name.
        from: PathBuf,
        /// The new one.
        to: PathBuf,
    },
    /// A file's name was taken away.
    Unlink(PathBuf),
    /// A folder was made.
    MakeFolder(PathBuf),
    /// A folder was removed.
    RemoveFolder(PathBuf),
}

/// The whole records of a trace; a torn last one is of a call that never returned.
#[must_use]
pub fn read(mut trace: &[u8]) -> Vec<Step> {
    let mut steps = Vec::new();
    while let Some((step, rest)) = one(trace) {
        steps.push(step);
        trace = rest;
    }
    steps
}

fn one(trace: &[u8]) -> Option<(Step, &[u8])> {
    let (operation, rest) = trace.split_first()?;
    let (fd, rest) = rest.split_first_chunk::<4>()?;
    let (offset, rest) = rest.split_first_chunk::<8>()?;
    let (length, rest) = rest.split_first_chunk::<4>()?;
    let (bytes, rest) = rest.split_at_checked(u32::from_le_bytes(*length) as usize)?;
    let fd = i32::from_le_bytes(*fd);
    let number = u64::from_le_bytes(*offset);
    let offset = usize::try_from(number).ok()?;
    let path = || Some(PathBuf::from(std::str::from_utf8(bytes).ok()?));
    let step = match operation {
        1 => Step::Open { fd, path: path()?, truncate: number & 1 != 0, create: number & 2 != 0 },
        2 => Step::Write { fd, offset, bytes: bytes.to_vec() },
        3 => Step::Truncate { fd, length: offset },
        4 => Step::Sync { fd },
        5 => {
            let (from, to) = std::str::from_utf8(bytes).ok()?.split_once('\0')?;
            Step::Rename { from: from.into(), to: to.into() }
        }
        6 => Step::Unlink(path()?),
        7 => Step::MakeFolder(path()?),
        8 => Step::RemoveFolder(path()?),
        _ => return None,
    };
    Some((step, rest))
}
